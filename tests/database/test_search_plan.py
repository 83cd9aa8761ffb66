# SPDX-License-Identifier: EUPL-1.2
"""A typing error costs a search little, among many texts too: none of them is read to learn that no text has the word."""
import psycopg.sql
import pytest

from test_plans import ROOT, statements, types_of

TEXTS = 3000
MANY = f"""
SET session_replication_role = replica;
INSERT INTO content (id, kind, key, position, languages) SELECT uuid_v7(), 'article', 'article-' || n, n, '{{en}}' FROM generate_series(1, {TEXTS}) AS n;
INSERT INTO translation (content, language, revision, slug, title, summary, body_markdown, body_html, body_text, embeds, method, legal_basis,
                         sources, published_at)
SELECT c.id, 'en', uuid_v7(), c.key, 'Page ' || c.position, '', '', '',
       (SELECT string_agg(md5((c.position * 1000 + i)::text), ' ') FROM generate_series(1, 200) AS i)
         || CASE WHEN c.position % 100 = 0 THEN ' registration' ELSE '' END, '{{}}', 'human', '{{}}', '[]', now()
  FROM content c;
INSERT INTO searchable (content, language, title, titles, texts)
SELECT t.content, t.language, lower(t.title), to_tsvector('english', t.title), to_tsvector('english', t.body_text) FROM translation t;
INSERT INTO known_word (word, language) VALUES ('registration', 'en');
RESET session_replication_role;
ANALYZE content, translation, searchable;
"""


@pytest.fixture(scope="module")
def many(world):
    world.god.execute(MANY)
    yield world
    world.clear()


def test_a_typing_error_reads_no_text_in_vain(many):
    (text, names), = statements(ROOT / "src" / "information" / "search.sql")
    types = types_of("search")
    values = {"q": "regsitration", "limit": 20, "ctx_languages": "{en,de}"}
    literals = ", ".join(psycopg.sql.quote(values.get(one)) for one in names)
    with many.god.transaction():
        for setting in ("plan_cache_mode = force_custom_plan", "track_functions = 'pl'"):
            many.god.execute(f"SET LOCAL {setting}")
        many.god.execute("SET LOCAL ROLE welcome")
        many.god.execute(f"PREPARE looked_at ({', '.join(types[one] for one in names)}) AS {text}".replace("%", "%%"), ())
        plan = many.god.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE looked_at ({literals})").fetchone()[0][0]["Plan"]
        calls = dict(many.god.execute("SELECT funcname, calls FROM pg_stat_xact_user_functions").fetchall())
        many.god.execute("DEALLOCATE looked_at")
    assert plan["Actual Rows"] == 21
    # Once to find, once to know what to mark, however many rows there are.
    assert (calls["search_found"], calls["search_marks"], calls["words_meant"]) == (1, 1, 2)
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < TEXTS, "as many blocks as there are texts"
