# SPDX-License-Identifier: EUPL-1.2
# Search: forms of words, typing errors, beginnings, other languages than the reader's, and what cannot be found is counted.
import datetime
import html
import json
import re
import uuid

import pytest

from support import answer, eventually, faults

# What the texts are about, found by its slug in German.
REGISTRATION, TENANCY, INSURANCE = "wohnsitz-anmelden", "mietvertrag-und-kaution", "krankenversicherung-ab-dem-ersten-tag"


def search(http, q, lang="en", **parameters):
    return answer(http.get("/v1/search", params={"q": q, "lang": lang} | parameters))


def slugs(http, q, lang="en", **parameters):
    return [item["slug"] for item in search(http, q, lang, **parameters)["items"]]


def german(http, item):
    """The German slug of an article that was found: a name for it in all tests."""
    page = answer(http.get(f"/v1/articles/{item['id']}?lang=de"))
    return page["slug"]


def best(http, q, lang="en", count=3, **parameters):
    return [german(http, item) for item in search(http, q, lang, limit=count, kind="article", **parameters)["items"]]


def test_titles_come_before_texts(http):
    found = search(http, "visa", "en", limit=100)["items"]
    in_title = ["visa" in item["title"].lower() for item in found]
    assert in_title[0] and not in_title[-1] and in_title == sorted(in_title, reverse=True)


@pytest.mark.parametrize("q, lang, slug", [
    ("Wohnungen", "de", "wohnung-kuendigen"), ("wohnung", "de", "wohnung-kuendigen"), ("Krankenversicherungen", "de", INSURANCE),
    ("registered addresses", "en", REGISTRATION),
    ("sigortaları", "tr", INSURANCE), ("kayıtlar", "tr", REGISTRATION),
    ("الإقامات", "ar", None), ("التسجيلات", "ar", REGISTRATION),
])
def test_other_forms_of_a_word_find_it_where_the_language_has_a_stemmer(http, q, lang, slug):
    found = search(http, q, lang)
    assert found["items"] and all(item["matched"] == "words" for item in found["items"])
    assert slug is None or slug in best(http, q, lang)


@pytest.mark.parametrize("q, lang, slug", [
    ("реєстрац", "uk", REGISTRATION), ("Реєстрація адреси", "uk", REGISTRATION), ("страхуван", "uk", INSURANCE),
    ("zameldow", "pl", REGISTRATION), ("ubezpieczen zdrow", "pl", INSURANCE),
    ("anmeldun", "de", REGISTRATION), ("registrat", "en", REGISTRATION),
])
def test_beginnings_find_the_whole_word(http, q, lang, slug):
    assert slug in best(http, q, lang, 5)


@pytest.mark.parametrize("q, lang, slug", [
    ("regsitration", "en", REGISTRATION), ("residence regsitration", "en", REGISTRATION), ("Anmedlung", "de", REGISTRATION),
    ("страхуваня", "uk", INSURANCE), ("ubezpieczenei", "pl", INSURANCE), ("sigrota", "tr", INSURANCE), ("Krankenversichrung", "de", INSURANCE),
])
def test_typing_errors_are_forgiven_and_told(http, q, lang, slug):
    found = search(http, q, lang)
    assert slug in best(http, q, lang)
    assert all(item["matched"] == "similar" for item in found["items"])


@pytest.mark.parametrize("q, lang, slug", [
    ("Wohnungsgeberbestaetigung", "de", REGISTRATION), ("WOHNUNGSGEBERBESTATIGUNG", "de", REGISTRATION),
    ("KIRA SOZLESMESI", "tr", "mietvertrag-miete-und-kaution"), ("ilk gunden", "tr", INSURANCE), ("İLK GÜNDEN", "tr", INSURANCE),
    ("ILK GÜNDEN", "tr", INSURANCE), ("laczenie rodzin", "pl", "familiennachzug"), ("تَسْجِيل عنوان", "ar", REGISTRATION),
    ("سند اقامه", "ar", None),
])
def test_accents_capitals_and_keyboards_do_not_matter(http, q, lang, slug):
    found = search(http, q, lang)["items"]
    assert found and found[0]["matched"] == "words" and found[0]["language"]["fallback"] is False
    assert slug is None or german(http, found[0]).startswith(slug.split("-")[0])


def test_a_german_term_is_found_by_who_reads_ukrainian(http):
    found = {german(http, item): item for item in search(http, "Wohnungsgeberbestätigung", "uk")["items"]}
    item = found[REGISTRATION]
    assert item["language"] == {"requested": "uk", "served": "uk", "fallback": False}
    assert re.search("[а-я]", item["title"])
    assert "<mark>" in item["highlight"]
    item = next(item for item in search(http, "Anmeldung", "uk", limit=100)["items"] if german(http, item) == REGISTRATION)
    assert item["language"]["served"] == "uk"


def test_where_there_is_no_translation_the_best_other_one_is_found_and_told(http):
    found = search(http, "registering address", "yo")["items"]
    assert found[0]["language"] == {"requested": "yo", "served": "en", "fallback": True}
    assert found[0]["matched_language"] == "en" and german(http, found[0]) == REGISTRATION


def test_long_questions_find_what_has_most_of_the_words(http):
    found = search(http, "how can somebody quickly register zebra address please", "en")["items"]
    assert found and all(item["matched"] == "some_words" for item in found)
    assert REGISTRATION in best(http, "how can I register my zebra address", "en")


@pytest.mark.parametrize("q", ["!!! & |", "()", "'", "\"", ":*", "<->", " ", "\\", "&", "a'b & (", "--", "%", "🙂", "\u0301", "ـ"])
def test_signs_are_no_operators(http, q):
    response = http.get("/v1/search", params={"q": q})
    if any(letter.isascii() and letter.isalnum() for letter in q):
        answer(response)
    else:
        assert faults(response) == {("q", "no_words")}
        assert faults(http.get("/v1/search/suggestions", params={"q": q})) == {("q", "no_words")}


@pytest.mark.parametrize("q", ["visa:*", "!visa", "(visa", "visa | ", "visa <-> ", "'visa", "visa & !work", "visa\\", "visa:ABCD", "the visa"])
def test_words_between_signs_are_found(http, q):
    assert search(http, q)["items"][0]["slug"] in slugs(http, "visa", limit=2) + slugs(http, "visa work", limit=1)


def test_what_is_too_long_or_missing_is_refused(http):
    assert faults(http.get("/v1/search", params={"q": "a " * 500})) == {("q", "too_long")}
    assert faults(http.get("/v1/search", params={"q": "a" * 201})) == {("q", "too_long")}
    assert faults(http.get("/v1/search")) == {("q", "required")}
    assert faults(http.get("/v1/search", params={"q": ""})) == {("q", "too_short")}
    assert faults(http.get("/v1/search/suggestions")) == {("q", "required")}
    assert faults(http.get("/v1/search", params={"q": "x", "kind": "person", "city": "atlantis"})) == {("kind", "enum"), ("city", "unknown_city")}
    answer(http.get("/v1/search", params={"q": "wo " * 66}))
    answer(http.get("/v1/search", params={"q": "q" * 200}))


def test_pages_follow_each_other_without_gaps(http):
    whole = search(http, "address", limit=100, count="true")
    path, seen = "/v1/search?q=address&lang=en&limit=2", []
    while path:
        page = http.get(path)
        seen += [item["id"] for item in answer(page)["items"]]
        path = page.links["next"]["url"] if "next" in page.links else None
    assert seen == [item["id"] for item in whole["items"]] and len(seen) == len(set(seen)) == whole["total"] > 4


def test_facets_count_what_each_filter_would_leave(http):
    whole = search(http, "residence", limit=100, count="true")
    topics = {one["topic"]: one["count"] for one in whole["facets"]["topics"]}
    kinds = {one["kind"]: one["count"] for one in whole["facets"]["kinds"]}
    assert {"article", "place"} == set(kinds) and sum(kinds.values()) == whole["total"]
    assert all(search(http, "residence", kind=kind, count="true")["total"] == count for kind, count in kinds.items())
    for topic, count in topics.items():
        part = search(http, "residence", topic=topic, count="true")
        assert part["total"] == count
        assert part["facets"]["topics"] == whole["facets"]["topics"]
    assert search(http, "residence", kind="story", count="true")["total"] == 0


def test_suggestions_complete_titles_and_ask_what_was_meant(http):
    def suggested(q, lang, **parameters):
        return answer(http.get("/v1/search/suggestions", params={"q": q, "lang": lang} | parameters))["items"]
    for q, lang in (("wohns", "de"), ("adre", "tr"), ("реєстр", "uk"), ("zameld", "pl"), ("تسجيل عن", "ar"), ("registering yo", "en")):
        first = suggested(q, lang)[0]
        assert first["matched"] == "words" and first["language"]["served"] == lang
        assert german(http, first) == REGISTRATION
    assert {"similar"} == {one["matched"] for one in suggested("zameldwoanie", "pl")}
    assert german(http, suggested("zameldwoanie", "pl")[0]) == REGISTRATION
    assert suggested("wohns", "uk")[0]["language"] == {"requested": "uk", "served": "de", "fallback": True}
    assert suggested("zzzzqqqq", "de") == [] and suggested("wohns", "de", kind="event") == []


@pytest.fixture(scope="module")
def shelf(daemons):
    """A daemon with things of all kinds about the invented word "Quorzel"."""
    with daemons.running() as daemon:
        with daemon.connect("welcome_worker") as db:
            yield Shelf(daemon, db)


class Shelf:
    def __init__(self, daemon, db):
        self.daemon, self.http, self.db = daemon, daemon.http, db

    def put(self, kind="article", city=None, replaces=None, topics=(), **texts):
        """The id of a new thing with texts by language: title or (title, text)."""
        made = str(uuid.uuid4())
        self.db.execute("INSERT INTO content (id, kind, key, position, city, replaces, topics) VALUES (%s, %s, %s, 1, %s, %s, %s)",
                        (made, kind, f"shelf-{made[:8]}", city, replaces, list(topics)))
        for language, text in texts.items():
            title, body = (text, "Nothing.") if isinstance(text, str) else text
            self.db.execute("SELECT publish_translation(%s, %s, %s, %s, '', %s, '', %s, '{}', 'human', 'en', false, '{}', '[]', NULL)",
                            (made, language, f"{language}-{made}", title, body, body))
        return made

    def ids(self, q, **parameters):
        return [item["id"] for item in search(self.http, q, **parameters)["items"]]


def test_a_city_finds_its_own_and_not_what_it_replaces(shelf):
    region = shelf.put(en="Quorzel in the region")
    own = shelf.put(en="Quorzel in Essen", city="essen", replaces=region)
    other = shelf.put(en="Quorzel in Hagen", city="hagen")
    place = shelf.put("place", en="Quorzel office", city="essen")
    category = shelf.db.execute("SELECT code FROM place_category LIMIT 1").fetchone()[0]
    shelf.db.execute("INSERT INTO place (content, category) VALUES (%s, %s)", (place, category))
    assert set(shelf.ids("quorzel")) == {region, place}
    assert set(shelf.ids("quorzel", city="essen")) == {own, place}
    assert set(shelf.ids("quorzel", city="hagen")) == {region, other}
    assert shelf.ids("quorzel", city="essen", kind="place") == [place]
    kinds = search(shelf.http, "quorzel", city="essen", kind="place")["facets"]["kinds"]
    assert kinds == [{"kind": "article", "count": 1}, {"kind": "place", "count": 1}]


def test_news_are_found_in_their_time_and_events_until_they_are_over(shelf):
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    news = {}
    for name, begins, ends in (("now", now - hour, None), ("gone", now - 2 * hour, now - hour), ("soon", now + hour, None)):
        news[name] = shelf.put("news", en=f"Brimbax {name}")
        shelf.db.execute("INSERT INTO news (content, publishes_at, expires_at) VALUES (%s, %s, %s)", (news[name], begins, ends))
    events = {}
    for name, ends in (("over", now - hour), ("next", now + hour)):
        events[name] = shelf.put("event", en=f"Brimbax party {name}")
        shelf.db.execute("INSERT INTO event (content, starts, ends, expanded_to) SELECT %s, e.ends - interval '1 hour', e.ends, 'infinity'"
                         " FROM (SELECT %s AT TIME ZONE 'Europe/Berlin' AS ends) e", (events[name], ends))
        shelf.db.execute("SELECT set_occurrences(e.content, ARRAY[e.starts], 'infinity') FROM event e WHERE e.content = %s", (events[name],))
    story = shelf.put("story", en="Brimbax and me")
    assert set(shelf.ids("brimbax")) == {news["now"], events["next"], story}


def test_drafts_archived_and_retracted_texts_are_not_found_and_changes_at_once(shelf):
    made = shelf.put(en="Florkin first")
    assert shelf.ids("florkin") == [made]
    shelf.db.execute("SELECT publish_translation(%s, 'en', 'en-second', 'Wibbelt second', '', 'x', '', 'x', '{}', 'human', 'en', false, '{}', '[]', NULL)", (made,))
    assert shelf.ids("florkin") == [] and shelf.ids("wibbelt") == [made]
    with shelf.daemon.connect() as db:
        db.execute("UPDATE content SET archived_at = now() WHERE id = %s", (made,))
    assert shelf.ids("wibbelt") == []


def test_what_is_highlighted_is_safe_and_shows_the_words(shelf):
    text = "Before. " * 60 + "<script>alert('x')</script> & the Trulliwumps of <b>Herne</b>.\nAfter. " + "Later. " * 60
    shelf.put(en=("Something else", text))
    shown = search(shelf.http, "trulliwump")["items"][0]["highlight"]
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; the <mark>Trulliwumps</mark> of &lt;b&gt;Herne" in shown
    assert not re.search(r"<(?!/?mark>)", shown) and shown.startswith("… ") and shown.endswith(" …")
    assert len(html.unescape(re.sub("</?mark>", "", shown))) <= 260


def test_scripts_without_spaces_and_without_a_stemmer_are_found(shelf):
    chinese = shelf.put(zh="住房登记指南", en="Zh")
    thai = shelf.put(th="การลงทะเบียนที่อยู่", en="Th")
    tigrinya = shelf.put(ti="ምዝገባ መንበሪ", en="Ti")
    hindi = shelf.put(hi="निवास पंजीकरण", en="Hi")
    for q, lang, made in (("登记", "zh", chinese), ("ลงทะเบียน", "th", thai), ("መንበ", "ti", tigrinya), ("पंजीकरण", "hi", hindi)):
        assert shelf.ids(q, lang=lang) == [made]
    assert "登</mark><mark>记" in search(shelf.http, "登记", "zh")["items"][0]["highlight"] or "Nothing" in search(shelf.http, "登记", "zh")["items"][0]["highlight"]


def demand(daemon):
    with daemon.connect() as db:
        return {(what, key, language): count for what, key, language, count
                in db.execute("SELECT what, key, language, sum(count) FROM demand GROUP BY what, key, language")}


def test_what_nobody_finds_is_counted_without_anything_personal(shelf):
    http = shelf.http
    for q in ("Zahnarzt  mit HUND?", "zahnarzt mit hund", "somebody@example.org zz", "zz 0201 4711", "zq" * 40):
        search(http, q, "pl")
    search(http, "hund zahnarzt", "pl", kind="event")
    search(http, "visa", "pl")

    def counted():
        """what is not found is handed over"""
        return {key: count for key, count in demand(shelf.daemon).items() if key[0] == "search" and key[2] == "pl"}
    eventually(lambda: counted().get(("search", "zahnarzt mit hund", "pl")) == 2)
    assert len(counted()) == 1


def test_reads_in_a_language_that_is_missing_are_counted(shelf):
    page = answer(shelf.http.get("/v1/articles/residence-registration?lang=yo"))
    answer(shelf.http.get("/v1/articles/residence-registration?lang=yo"))
    answer(shelf.http.get("/v1/articles/residence-registration?lang=de"))

    def counted():
        """both reads are handed over"""
        return demand(shelf.daemon).get(("article", page["id"], "yo")) == 2
    eventually(counted)
    assert not [key for key in demand(shelf.daemon) if key[:2] == ("article", page["id"]) and key[2] == "de"]


LATE_IN_WINTER = datetime.datetime(2027, 1, 15, 22, 30, tzinfo=datetime.timezone.utc)  # 23:30 in Berlin; ninety times 24 hours before it was past midnight


def test_counts_are_forgotten_after_ninety_days_and_are_for_editors(start_daemon):
    daemon = start_daemon()
    daemon.shift_clock(seconds=(LATE_IN_WINTER - datetime.datetime.now(datetime.timezone.utc)).total_seconds())
    with daemon.connect() as db:
        db.execute("SELECT count_demand(%s)", (json.dumps([{"what": "search", "key": "zoo", "language": "en", "count": 3}]),))
        db.execute("INSERT INTO demand SELECT day - 91, what, 'museum', language, count FROM demand")
        db.execute("INSERT INTO demand SELECT day - 90, what, 'theatre', language, count FROM demand WHERE key = 'zoo'")
    eventually(lambda: {key[1] for key in demand(daemon)} == {"zoo", "theatre"})
    with daemon.connect("welcome") as db:
        assert db.execute("SELECT count(*) FROM demand").fetchone() == (0,)
        assert db.execute("SELECT set_config('welcome.desks', '{essen}', false), set_config('welcome.account', '', false)").fetchone()
        assert db.execute("SELECT count(*) FROM demand").fetchone() == (2,)
