# SPDX-License-Identifier: EUPL-1.2
# News: shown from one moment to another, in the cities they are meant for; archived by year; as a feed for every reader.
import datetime
import uuid
import xml.etree.ElementTree as ElementTree

import feedparser
import pytest

from support import answer, faults, imported, problem

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
ATOM = "{http://www.w3.org/2005/Atom}"


def slug():
    return f"news-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make(daemon, place):
    """Makes news of this test's city and tells their id."""
    def make(city=place.city, texts=None, daemon=daemon, topics=(), audiences=(), publishes_at=NOW - DAY, **side):
        texts = texts or {"de": (slug(), "Neues"), "en": (slug(), "News")}
        return imported(daemon, "news", city, texts, {"publishes_at": publishes_at} | side, topics=list(topics), audiences=list(audiences))
    return make


@pytest.fixture
def ids(http, place):
    """The ids of this test's cities in a list, in its order."""
    def ids(query="", city=place.city):
        items = answer(http.get("/v1/news", params=f"city={city}&limit=100&{query}"))["items"]
        return [item["id"] for item in items if item["city"] in place]
    return ids


def test_the_newest_stands_first_page_by_page(http, place, make, ids):
    made = [make(publishes_at=NOW - hours * DAY / 24) for hours in (5, 1, 3)]
    assert ids() == [made[1], made[2], made[0]]
    seen, path = [], f"/v1/news?city={place.city}&limit=1&count=true"
    while path:
        page = http.get(path)
        assert answer(page)["total"] >= 3
        seen += [item["id"] for item in answer(page)["items"] if item["city"] == place.city]
        path = page.links["next"]["url"] if answer(page)["next"] else None
    assert seen == [made[1], made[2], made[0]]


def test_news_are_shown_in_their_window_only(http, make, ids):
    current, coming = make(expires_at=NOW + DAY), make(publishes_at=NOW + DAY)
    over = make(publishes_at=NOW - 3 * DAY, expires_at=NOW - DAY)
    assert ids() == [current]
    assert answer(http.get(f"/v1/news/{current}"))["expired"] is False
    assert answer(http.get(f"/v1/news/{over}"))["expired"] is True
    problem(http.get(f"/v1/news/{coming}"), 404, "not_found")


def test_the_window_opens_and_closes_by_itself(start_daemon):
    daemon = start_daemon()
    item = imported(daemon, "news", "essen", {"en": ("soon", "Soon")}, {"publishes_at": NOW + DAY, "expires_at": NOW + 3 * DAY})

    def shown():
        return item in [one["id"] for one in answer(daemon.http.get("/v1/news?city=essen"))["items"]]
    assert not shown()
    daemon.shift_clock(days=2)
    assert shown() and item in daemon.http.get("/v1/news.atom?city=essen").text
    daemon.shift_clock(days=4)
    assert not shown() and item not in daemon.http.get("/v1/news.atom?city=essen").text


def test_the_archive_goes_by_year_and_keeps_what_has_expired(http, place, make, ids):
    def at(text):
        return datetime.datetime.fromisoformat(text)
    last, first = make(publishes_at=at("2024-12-31T22:59:59+00:00")), make(publishes_at=at("2024-12-31T23:00:00+00:00"), expires_at=at("2025-02-01T00:00:00+00:00"))
    make(publishes_at=NOW + DAY)
    assert ids("year=2024") == [last] and ids("year=2025") == [first], "years turn at midnight in Germany"
    assert ids() == [last]
    years = answer(http.get(f"/v1/news/years?city={place.city}"))
    assert years["next"] is None
    counts = {item["year"]: item["count"] for item in years["items"]}
    regions = {item["year"]: item["count"] for item in answer(http.get("/v1/news/years"))["items"]}
    assert {year: counts[year] - regions.get(year, 0) for year in (2024, 2025)} == {2024: 1, 2025: 1}
    assert list(counts) == sorted(counts, reverse=True) and NOW.year + 1 not in counts
    assert ids("year=2023") == [] and answer(http.get(f"/v1/news?year=2025&count=true&city={place.city}"))["total"] == counts[2025]
    assert faults(http.get("/v1/news?year=1999")) == {("year", "too_small")}


def test_news_are_shown_in_the_cities_they_are_meant_for(http, place, make, ids):
    own, shared = make(), make(cities=[place.neighbour])
    region, some = make(None), make(None, cities=[place.far])

    def shown(query):
        return {item["id"] for item in answer(http.get(f"/v1/news?limit=100&{query}"))["items"]} & {own, shared, region, some}
    assert shown("") == {region}
    assert shown(f"city={place.city}") == {own, shared, region}
    assert shown(f"city={place.neighbour}") == {shared, region}
    assert shown(f"city={place.far}") == {region, some}
    assert shared in http.get(f"/v1/news.atom?city={place.neighbour}").text


def test_news_are_found_by_topic_and_audience(make, ids):
    one, other = make(topics=["work"], audiences=["student"]), make(topics=["health", "housing"])
    assert ids("topic=work") == ids("audience=student") == [one] and ids("topic=housing") == [other]
    assert ids("topic=housing&audience=student") == []


def test_a_piece_of_news_is_found_by_any_slug_and_an_old_one_leads_on(daemon, http, place, make):
    old, new = slug(), slug()
    item = make(texts={"de": (old, "Alt"), "en": (slug(), "Old")}, cities=[place.far])
    page = answer(http.get(f"/v1/news/{old}?city={place.far}&lang=uk"))
    assert page["id"] == item and page["language"] == {"requested": "uk", "served": "en", "fallback": True} and page["cities"] == [place.far]
    assert {one["language"] for one in page["translations"]} == {"de", "en"}
    with daemon.connect("welcome_worker") as db:
        db.execute("SELECT publish_translation(%s, 'de', %s, 'Neu', '', '', '', '', '{}', 'human', 'de', false, '{}', '[]', NULL)", (item, new))
    moved = http.get(f"/v1/news/{old}?lang=de")
    assert (moved.status_code, moved.headers["Location"]) == (308, f"/v1/news/{new}?lang=de")
    problem(http.get("/v1/news/nothing"), 404, "not_found")


def feed(http, query):
    response = http.get(f"/v1/news.atom?{query}")
    answer_type = response.headers["Content-Type"]
    assert response.status_code == 200 and answer_type == "application/atom+xml; charset=utf-8", response.text
    return response


def refuse_invalid_feed(text):
    """What RFC 4287 says must be (§4.1.1, §4.1.2), beside what an outside parser finds."""
    parsed = feedparser.parse(text, response_headers={"content-type": "application/atom+xml; charset=utf-8"})
    assert not parsed.bozo and parsed.version == "atom10", parsed.get("bozo_exception")
    root = ElementTree.fromstring(text)
    assert root.tag == f"{ATOM}feed"
    for thing in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(thing.findall(f"{ATOM}{name}")) == 1 and thing.find(f"{ATOM}{name}").text, name
        for name in ("updated", "published"):
            assert all(datetime.datetime.fromisoformat(when.text).tzinfo for when in thing.findall(f"{ATOM}{name}"))
    assert root.find(f"{ATOM}author/{ATOM}name").text
    assert [link.get("rel") for link in root.findall(f"{ATOM}link")].count("self") == 1
    kinds = [(link.get("rel"), link.get("type"), link.get("hreflang")) for link in root.findall(f"{ATOM}link")]
    assert len(kinds) == len(set(kinds))
    ids = [thing.find(f"{ATOM}id").text for thing in (root, *root.iter(f"{ATOM}entry"))]
    assert len(ids) == len(set(ids))
    return parsed


def test_the_feed_is_valid_and_tells_what_the_list_tells(http, place, make):
    item = make(texts={"de": ("straße-" + slug(), "Fragen & <Antworten>"), "en": (slug(), "Questions \"&\" 'answers'")}, topics=["work", "housing"])
    later = make(texts={"ar": (slug(), "أخبار")}, publishes_at=NOW - DAY / 2)
    response = feed(http, f"city={place.city}&lang=en")
    parsed = refuse_invalid_feed(response.content)
    entries = {entry.id: entry for entry in parsed.entries}
    entry, arabic = entries[f"urn:uuid:{item}"], entries[f"urn:uuid:{later}"]
    assert entry.title == "Questions \"&\" 'answers'" and entry.title_detail.language == "en" and arabic.title_detail.language == "ar"
    assert entry.content[0].value == "<p><strong>Text</strong></p>" and entry.content[0].type == "text/html"
    assert [tag.term for tag in entry.tags] == ["work", "housing"]
    assert entry.link.startswith("http://localhost:3000/news/news-")
    assert parsed.entries[0].id == f"urn:uuid:{later}" and parsed.feed.title.endswith("News for people who are new here")
    assert parsed.feed.updated == max(each.updated for each in parsed.entries)
    german = feedparser.parse(feed(http, f"city={place.city}&lang=de").content)
    assert {one.title for one in german.entries} >= {"Fragen & <Antworten>"}
    assert "http://localhost:3000/news/stra%C3%9Fe-news-" in {one.link.rpartition("news-")[0] + "news-" for one in german.entries}


def test_an_empty_feed_is_a_feed(start_daemon):
    http = start_daemon(WELCOME_PORTAL_URL="https://portal.example.org/").http
    parsed = refuse_invalid_feed(feed(http, "city=essen&topic=health&audience=student&lang=de").content)
    assert parsed.entries == [] and parsed.feed.title == "Essen: Neuigkeiten für alle, die neu sind"
    assert parsed.feed.id == "https://portal.example.org/news?city=essen"
    assert [link.href for link in parsed.feed.links if link.rel == "self"] == ["/v1/news.atom?city=essen&topic=health&audience=student&lang=de"]
    assert refuse_invalid_feed(feed(http, "").content).feed.author == "Ruhr"


def test_a_feed_holds_what_xml_cannot(daemon, http, place, make):
    item = make()
    with daemon.connect("welcome_worker") as db:
        db.execute("SELECT publish_translation(%s, 'en', %s, %s, %s, '', %s, '', '{}', 'human', 'de', false, '{}', '[]', NULL)",
                   (item, slug(), "a\x01b\x1f", "]]> \uffff&amp;", "<p>\x0c]]><!-- --></p>"))
    entry = next(one for one in refuse_invalid_feed(feed(http, f"city={place.city}&lang=en").content).entries if one.id.endswith(item))
    assert entry.title == "ab" and entry.summary == "]]> &amp;"


def test_the_feed_has_the_fifty_newest(daemon, http, place):
    with daemon.connect("welcome_worker") as db:
        db.execute("WITH c AS (INSERT INTO content (id, kind, key, city) SELECT uuid_v7(), 'news', %s || n, %s FROM generate_series(1, 60) n RETURNING id)"
                   " INSERT INTO news (content, publishes_at) SELECT id, now() - interval '1 day' FROM c", (slug(), place.city))
        db.execute("SELECT publish_translation(n.content, 'en', n.content::text, 'Item', '', '', '', '', '{}', 'human', 'en', false, '{}', '[]', NULL)"
                   " FROM news n JOIN content c ON c.id = n.content WHERE c.city = %s", (place.city,))
    assert len(refuse_invalid_feed(feed(http, f"city={place.city}").content).entries) == 50


def test_a_feed_is_revalidated_until_something_changes(http, place, make):
    make()
    first = feed(http, f"city={place.city}")
    assert first.headers["Cache-Control"] == "public, no-cache" and first.headers["Access-Control-Allow-Origin"] == "*"
    path, headers = f"/v1/news.atom?city={place.city}", {"If-None-Match": first.headers["ETag"]}
    again = http.get(path, headers=headers)
    assert again.status_code == 304 and not again.content and again.headers["ETag"] == first.headers["ETag"]
    make()
    assert http.get(path, headers=headers).status_code == 200
    problem(http.get(path, headers={"Accept": "text/html"}), 406, "not_acceptable")
