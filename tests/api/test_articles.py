# SPDX-License-Identifier: EUPL-1.2
# Articles: found by slug or id, in the best language there is, which is told when it is not the one asked for.
import re
import uuid

import pytest

from support import answer, faults, problem

SLUG = "residence-registration"


def article(http, query="", slug=SLUG, **headers):
    return answer(http.get(f"/v1/articles/{slug}?{query}", headers=headers))


def test_there_are_articles_in_german_and_english(http):
    for language in ("de", "en"):
        items = answer(http.get(f"/v1/articles?lang={language}&limit=100"))["items"]
        assert len(items) >= 8
        assert all(item["language"] == {"requested": language, "served": language, "fallback": False} for item in items)


def test_a_page_shows_all_that_it_needs(http):
    page = article(http, "lang=en")
    assert page["slug"] == SLUG and page["city"] is None
    assert page["body_html"].startswith("<") and "<h2" in page["body_html"] and "<h1" not in page["body_html"]
    assert "<" not in page["body_text"] and "Wohnungsgeberbestätigung" in page["body_text"]
    translations = {one["language"]: one for one in page["translations"]}
    assert {"de", "en"} <= set(translations) and translations["en"]["title"] == page["title"]
    assert page["provenance"]["method"] in ("human", "machine", "machine_reviewed")
    assert page["related"] and all(set(link) == {"id", "slug", "title", "language"} for link in page["related"])


@pytest.mark.parametrize("path, query, page", [
    ("articles", "", "articles"), ("places", "", "places"), ("stories", "", "stories"), ("search", "q=Anmeldung&kind=article", "articles"),
])
@pytest.mark.parametrize("language", ["de", "tr"])
def test_lists_too_tell_how_a_text_came_to_be(http, path, query, page, language):
    items = answer(http.get(f"/v1/{path}?lang={language}&limit=5&{query}"))["items"]
    assert items
    for item in items:
        assert item["provenance"] == answer(http.get(f"/v1/{page}/{item['id']}?lang={language}"))["provenance"]
    if language == "tr" and path == "articles":
        assert {item["provenance"]["method"] for item in items if item["language"]["served"] == "tr"} == {"machine"}


def test_html_is_safe_to_insert(http):
    for item in answer(http.get("/v1/articles?limit=100&lang=de"))["items"]:
        html = article(http, "lang=de", item["slug"])["body_html"]
        assert not re.search(r"<(script|style|iframe|object|form)|\son\w+=|javascript:", html, re.IGNORECASE), item["slug"]


def test_a_slug_of_any_language_or_the_id_finds_it_in_the_readers_language(http):
    english = article(http, "lang=en")
    for one in english["translations"]:
        assert article(http, "lang=en", one["slug"]) == english
    assert article(http, "lang=en", english["id"]) == english
    german = article(http, "lang=de", english["id"])
    assert german["language"]["served"] == "de" and german["title"] != english["title"]


def test_a_fallback_is_told(http):
    response = http.get(f"/v1/articles/{SLUG}?lang=yo")
    page = answer(response)
    assert page["language"] == {"requested": "yo", "served": "en", "fallback": True}
    assert response.headers["Content-Language"] == "en"
    response = http.get(f"/v1/articles/{SLUG}", headers={"Accept-Language": "yo, de;q=0.5"})
    assert answer(response)["language"] == {"requested": "yo", "served": "de", "fallback": True}
    assert response.headers["Content-Language"] == "de"


def test_a_machines_translation_is_marked(http):
    page = article(http, "lang=tr")
    assert page["language"]["served"] == "tr" and page["provenance"]["method"] == "machine"
    assert {one["language"]: one["state"] for one in page["translations"]}["tr"] == "machine"
    assert page["provenance"]["source_language"] in ("de", "en")


def test_articles_are_found_by_topic_audience_and_stage(http):
    def slugs(query):
        return {item["slug"] for item in answer(http.get(f"/v1/articles?lang=en&limit=100&{query}"))["items"]}
    everything = slugs("")
    for query in ("topic=arriving", "audience=student", "stage=first-weeks"):
        assert SLUG in slugs(query) and slugs(query) < everything or query == "topic=arriving"
    assert SLUG not in slugs("stage=before-arrival")
    assert slugs("topic=arriving&stage=before-arrival") <= slugs("topic=arriving")


def test_what_is_not_there_is_not_found(http):
    for slug in ("nothing", "01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01", "..", "%2e%2e", "residence-registration%2F", "a" * 200):
        problem(http.get(f"/v1/articles/{slug}"), 404, "not_found")
    assert faults(http.get("/v1/articles/" + "a" * 201)) == {("slug", "too_long")}


@pytest.fixture(scope="module")
def tree(daemons):
    """A daemon in whose region Essen replaces the article on registration and has one of its own below it."""
    with daemons.running() as daemon:
        region = answer(daemon.http.get(f"/v1/articles/{SLUG}"))["id"]
        own, child = str(uuid.uuid4()), str(uuid.uuid4())
        with daemon.connect("welcome_worker") as db:
            db.execute("INSERT INTO content (id, kind, key, position, city, replaces, topics, audiences, stages)"
                       " SELECT %s, 'article', 'essen-registration', position, 'essen', id, topics, audiences, stages FROM content WHERE id = %s", (own, region))
            db.execute("INSERT INTO content (id, kind, key, parent, position, city) VALUES (%s, 'article', 'essen-office', %s, 7, 'essen')", (child, own))
            for thing, slug, title in ((own, "registering-in-essen", "Registering in Essen"), (child, "office-in-essen", "The office")):
                db.execute("SELECT publish_translation(%s, 'en', %s, %s, 'Summary', 'Text', '<p>Text</p>', 'Text', '{}', 'human', 'en', false, '{}', '[]', NULL)",
                           (thing, slug, title))
        yield daemon.http, region, own, child


def test_a_city_shows_its_own_article_instead_of_the_regions(tree):
    http, region, own, child = tree

    def ids(query=""):
        return {item["id"] for item in answer(http.get(f"/v1/articles?limit=100&{query}"))["items"]}
    assert region in ids() and own not in ids()
    assert own in ids("city=essen") and region not in ids("city=essen") and region in ids("city=bochum")
    assert answer(http.get("/v1/articles?limit=100&count=true&city=essen"))["total"] == len(ids("city=essen"))
    for name in (SLUG, region, own, "registering-in-essen"):
        assert article(http, "city=essen", name)["id"] == own
    assert article(http, "city=bochum")["id"] == region
    problem(http.get("/v1/articles/registering-in-essen"), 404, "not_found")
    problem(http.get("/v1/articles/registering-in-essen?city=bochum"), 404, "not_found")


def test_a_page_knows_where_it_stands(tree):
    http, _, own, child = tree
    assert [link["id"] for link in article(http, "city=essen")["children"]] == [child]
    below = article(http, "city=essen", "office-in-essen")
    assert below["parent"] == own and [link["slug"] for link in below["breadcrumb"]] == ["registering-in-essen"]
    assert [item["id"] for item in answer(http.get(f"/v1/articles?city=essen&parent={own}"))["items"]] == [child]


def test_what_an_editor_publishes_is_there_with_the_next_read(start_daemon):
    daemon = start_daemon()
    before = daemon.http.get(f"/v1/articles/{SLUG}?lang=en")
    with daemon.connect("welcome_worker") as db:
        db.execute("SELECT publish_translation(%s, 'en', %s, 'Anew', 'Summary', 'Text', '<p>Text</p>', 'Text', '{}', 'human', 'de', false, '{}', '[]', NULL)",
                   (answer(before)["id"], "registering-anew"))
    after = daemon.http.get(f"/v1/articles/{answer(before)['id']}?lang=en", headers={"If-None-Match": before.headers["ETag"]})
    assert (answer(after)["title"], answer(after)["slug"]) == ("Anew", "registering-anew")
    moved = daemon.http.get(f"/v1/articles/{SLUG}?city=essen&lang=en")
    assert (moved.status_code, moved.headers["Location"]) == (308, "/v1/articles/registering-anew?city=essen&lang=en")
    assert answer(daemon.http.get(f"/v1/articles/{SLUG}", follow_redirects=True))["title"] == "Anew"


def test_a_translation_is_outdated_when_its_source_was_published_anew(start_daemon):
    daemon = start_daemon()
    page = answer(daemon.http.get("/v1/articles/emergency-numbers?lang=en"))
    source = page["provenance"]["source_language"] or "de"

    def states():
        return {one["language"]: one["state"] for one in answer(daemon.http.get(f"/v1/articles/{page['id']}"))["translations"]}
    assert states()["en"] == "current"
    with daemon.connect("welcome_worker") as db:
        db.execute("SELECT publish_translation(%s, %s, 'new-text', 'Neu', 'Summary', 'Text', '<p>Text</p>', 'Text', '{}', 'human', NULL, false, '{}', '[]', NULL)",
                   (page["id"], source))
    assert states()["en"] == "outdated"
    assert states()[source] == "current" and states()["tr"] == "machine"
