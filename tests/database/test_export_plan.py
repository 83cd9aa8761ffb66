# SPDX-License-Identifier: EUPL-1.2
"""What an export reads grows with what there is to export, not with its square."""
import pytest

ARTICLES = 3000
MANY = f"""
SET session_replication_role = replica;
INSERT INTO content (id, kind, key, position, languages)
SELECT uuid_v7(), 'article', 'article-' || n, n, '{{en}}' FROM generate_series(1, {ARTICLES}) AS n;
UPDATE content c SET related = ARRAY(SELECT o.id FROM content o WHERE o.position IN (c.position - 1, c.position + 1) ORDER BY o.position),
                     parent = (SELECT o.id FROM content o WHERE o.position = c.position / 20);
INSERT INTO translation (content, language, revision, slug, title, summary, body_markdown, body_html, body_text, embeds, method, legal_basis,
                         sources, published_at)
SELECT c.id, 'en', uuid_v7(), c.key, c.key, '', '', '', '', '{{}}', 'human', '{{}}', '[]', now() FROM content c;
RESET session_replication_role;
ANALYZE content, translation;
"""


@pytest.fixture(scope="module")
def many(world):
    world.god.execute(MANY)
    yield world
    world.clear()


def rows_read(plan):
    """By all steps in all their rounds."""
    return plan["Actual Rows"] * plan["Actual Loops"] + sum(rows_read(below) for below in plan.get("Plans", []))


@pytest.mark.parametrize("view", ["exported_thing", "exported_text"])
def test_an_export_goes_through_the_content_a_few_times(many, view):
    with many.god.transaction():
        many.god.execute("SET LOCAL ROLE welcome_worker")
        plan = many.god.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM {view} WHERE kind = 'article'").fetchone()[0][0]["Plan"]
    assert plan["Actual Rows"] == ARTICLES
    assert rows_read(plan) < 200 * ARTICLES
