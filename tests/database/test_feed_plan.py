# SPDX-License-Identifier: EUPL-1.2
"""What changed since yesterday costs what changed since yesterday, among 100,000 articles too."""
import json

import psycopg.sql
import pytest

from test_plans import ROOT, statements, types_of

ARTICLES, SINCE_YESTERDAY = 100_000, 500
MANY = f"""
SET session_replication_role = replica;
INSERT INTO content (id, kind, key, position, languages)
SELECT uuid_v7(), 'article', 'article-' || n, n, '{{de,en}}' FROM generate_series(1, {ARTICLES}) AS n;
INSERT INTO translation (content, language, revision, slug, title, summary, body_markdown, body_html, body_text, embeds, method, legal_basis,
                         sources, published_at)
SELECT c.id, l, uuid_v7(), c.key, c.key, '', '', '', '', '{{}}', 'human', '{{}}', '[]', now() FROM content c, unnest(c.languages) AS l;
INSERT INTO change (content, language, kind, scopes, xid, at)
SELECT t.content, t.language, 'article', '{{*}}', (3 + substr(t.slug, 9)::integer / {SINCE_YESTERDAY})::text::xid8, now() FROM translation t;
RESET session_replication_role;
ANALYZE content, translation, change;
"""


@pytest.fixture(scope="module")
def many(world):
    world.god.execute(MANY)
    yield world
    world.clear()


def walked(plan):
    """(index, rows it gave, rows it threw away) of every scan."""
    if "Index Name" in plan:
        yield plan["Index Name"], plan["Actual Rows"] * plan["Actual Loops"], plan.get("Rows Removed by Filter", 0)
    assert plan["Node Type"] != "Seq Scan" or plan["Relation Name"] != "change", json.dumps(plan)
    for below in plan.get("Plans", []):
        yield from walked(below)


@pytest.mark.parametrize("filters", [{}, {"city": "essen"}, {"city": "essen", "lang": "de", "kind": "article"}])
def test_what_changed_since_yesterday_is_found_by_its_index(many, filters):
    _, (text, names) = statements(ROOT / "src" / "information" / "list_changes.sql")
    types = types_of("list_changes")
    place = json.dumps([str(1 + ARTICLES // SINCE_YESTERDAY), "ffffffff-ffff-ffff-ffff-ffffffffffff", "zz", "", None, "3"])
    values = {"limit": 100, "ctx_cursor": place, **filters}
    with many.anonymous.transaction() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE looked_at ({', '.join(types[one] for one in names)}) AS {text}".replace("%", "%%"), ())
        literals = ", ".join(psycopg.sql.quote(values.get(one)) for one in names)
        plan = cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE looked_at ({literals})").fetchone()["QUERY PLAN"][0]["Plan"]
        cursor.execute("DEALLOCATE looked_at")
    scans = {index: (given, thrown) for index, given, thrown in walked(plan)}
    given, thrown = scans["change_order"]
    assert given == 101 and thrown <= 2 * given, scans
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 5000, plan
