# SPDX-License-Identifier: EUPL-1.2
# The feed of changes: copies that work offline follow what readers get, and no commit is ever skipped.
import random
import threading
import uuid

import pytest

from support import Desk, People, answer, eventually, faults, transactions_ended


def page(http, query="", after=None):
    return answer(http.get(f"/v1/changes?limit=100&{query}" + (f"&after={after}" if after else "")))


def walk(http, query="", after=None):
    """(all items, cursor) from there to the end."""
    items = []
    while True:
        got = page(http, query, after)
        items += got["items"]
        if got["next"] is None:
            return items, got["cursor"]
        after = got["next"]


class Copy:
    """What a client keeps: {(id, language): object}."""

    def __init__(self, http, query=""):
        self.http, self.query, self.cursor, self.things, self.heard = http, query, None, {}, []
        self.update()

    def update(self):
        transactions_ended()
        items, self.cursor = walk(self.http, self.query, self.cursor)
        self.heard = items
        for item in items:
            if item["change"] == "put":
                self.things[item["id"], item["language"]] = item["object"]
            else:
                self.things.pop((item["id"], item["language"]), None)
        return {(item["id"], item["language"], item["change"]) for item in items}


@pytest.fixture
def own(start_daemon):
    """A daemon of this test's own, whose region, clock and transactions it may change."""
    return start_daemon()


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


def about(changes, thing):
    return {(language, change) for id, language, change in changes if id == thing}


def test_whoever_begins_gets_all_there_is_and_nothing_that_is_gone(http):
    items, cursor = walk(http, "kind=article&lang=de")
    assert cursor and all((item["change"], item["language"], item["kind"]) == ("put", "de", "article") for item in items)
    told = {item["id"] for item in items}
    listed, after = set(), ""
    while after is not None:
        got = answer(http.get(f"/v1/articles?lang=de&limit=100{after}"))
        listed |= {item["id"] for item in got["items"] if not item["language"]["fallback"]}
        after = got["next"] and f"&after={got['next']}"
    assert listed and listed == told and len(items) == len(told)


def test_the_object_is_the_page_without_its_surroundings(http):
    for item in page(http, "kind=article")["items"][:20]:
        read = answer(http.get(f"/v1/articles/{item['id']}?lang={item['language']}"))
        same = set(read) & set(item["object"]) - {"related", "office"}
        assert {"title", "body_html", "body_text", "provenance", "translations", "topics", "updated_at"} <= same
        assert {name: item["object"][name] for name in same} == {name: read[name] for name in same}
        assert (read["office"] and read["office"]["id"]) == item["object"]["office"]
        assert [link["id"] for link in read["related"]] == item["object"]["related"]


def test_what_is_published_and_taken_back_is_told_and_drafts_are_not(desk):
    copy = Copy(desk.http, f"city={desk.city}")
    article = desk.article()
    draft = desk.draft(article)
    assert not about(copy.update(), article)
    answer(desk.author.post(f"/v1/revisions/{draft}/submit", {}))
    published = answer(desk.reviewer.post(f"/v1/revisions/{draft}/publish"))
    assert about(copy.update(), article) == {("de", "put")}
    assert copy.things[article, "de"]["title"] == published["title"]
    assert not about(copy.update(), article)
    answer(desk.reviewer.post(f"/v1/revisions/{draft}/retract", {}))
    assert about(copy.update(), article) == {("de", "delete")}
    assert (article, "de") not in copy.things
    items, _ = walk(desk.http, f"city={desk.city}")
    assert article not in {item["id"] for item in items}


def test_a_translation_that_is_outdated_by_now_is_told(desk):
    article = desk.article()
    desk.publish(article, "de")
    desk.publish(article, "en", source_language="de")
    copy = Copy(desk.http, f"city={desk.city}&lang=en")
    desk.publish(article, "de")
    assert about(copy.update(), article) == {("en", "put")}
    states = {one["language"]: one["state"] for one in copy.things[article, "en"]["translations"]}
    assert states == {"de": "current", "en": "outdated"}


def test_a_city_hears_nothing_of_another(desk, place):
    others, region = Copy(desk.http, f"city={place.far}"), Copy(desk.http)
    article = desk.article()
    desk.publish(article)
    assert not about(others.update(), article) and not about(region.update(), article)


def test_what_moves_to_another_city_is_taken_back_where_it_was(own, place):
    desk = Desk(People(own), "all")
    article = desk.article(city=place.city)
    desk.publish(article)
    here, there = Copy(desk.http, f"city={place.city}"), Copy(desk.http, f"city={place.far}")

    def move(city):
        etag = desk.author.get(f"/v1/contents/{article}").headers["ETag"]
        answer(desk.author.patch(f"/v1/articles/{article}", {"city": city}, headers={"If-Match": etag}))
    move(place.far)
    assert about(here.update(), article) == {("de", "delete")} and about(there.update(), article) == {("de", "put")}
    move(None)
    assert about(here.update(), article) == {("de", "put")} and about(there.update(), article) == {("de", "put")}


def test_what_a_city_replaces_goes_and_comes_back(own, place):
    people = People(own)
    region, city = Desk(people, "all"), Desk(people, place.city)
    general = region.article(city=None)
    region.publish(general)
    here, elsewhere = Copy(region.http, f"city={place.city}"), Copy(region.http, f"city={place.far}")
    own = city.article(replaces=general)
    revision = city.publish(own)["id"]
    changes = here.update()
    assert about(changes, general) == {("de", "delete")} and about(changes, own) == {("de", "put")}
    assert here.things[own, "de"]["replaces"] == general
    assert about(elsewhere.update(), general) <= {("de", "put")} and (general, "de") in elsewhere.things
    answer(city.reviewer.post(f"/v1/revisions/{revision}/retract", {}))
    changes = here.update()
    assert about(changes, general) == {("de", "put")} and about(changes, own) == {("de", "delete")}


def test_an_archived_branch_is_gone_with_all_below(daemon, desk):
    top = desk.article()
    below = desk.article(parent=top)
    for article in (top, below):
        desk.publish(article)
    copy = Copy(desk.http, f"city={desk.city}")
    with daemon.connect("welcome_worker") as db:
        db.execute("UPDATE content SET archived_at = now() WHERE id = %s", (top,))
    changes = copy.update()
    assert about(changes, top) == about(changes, below) == {("de", "delete")}


def test_a_place_in_the_feed_is_good_for_its_selection_only(http):
    cursor = page(http, "lang=de")["cursor"]
    for query in ("lang=en", "", "lang=de&kind=article", "lang=de&city=essen"):
        assert faults(http.get(f"/v1/changes?after={cursor}&{query}")) == {("after", "invalid_cursor")}
    assert page(http, "lang=de", cursor)["items"] != page(http, "lang=de")["items"]
    assert faults(http.get("/v1/changes?lang=tlh&kind=page")) == {("lang", "unknown_language"), ("kind", "enum")}


def test_who_begins_where_there_is_nothing_misses_nothing(desk):
    query = f"city={desk.city}&kind=event&lang=uk"
    first = page(desk.http, query)
    assert first["items"] == [] and first["next"] is None and first["cursor"]
    assert page(desk.http, query, first["cursor"])["cursor"] == first["cursor"]
    with desk.people.daemon.connect("welcome_worker") as db:
        event = make(db, "event", desk.city, "uk")
        db.execute("INSERT INTO event (content, starts, ends, expanded_to) VALUES (%s, '2027-03-01 18:00', '2027-03-01 20:00', '2027-12-31')",
                   (event,))
    transactions_ended()
    items, _ = walk(desk.http, query, first["cursor"])
    assert [(item["id"], item["object"]["starts"]) for item in items] == [(event, "2027-03-01T18:00")]


def make(db, kind, city, language, title="Titel"):
    """The id of a thing with a published text, as the import makes it."""
    thing = str(uuid.uuid4())
    db.execute("INSERT INTO content (id, kind, key, city) VALUES (%s, %s, %s, %s)", (thing, kind, f"made-{thing}", city))
    publish(db, thing, language, title)
    return thing


def publish(db, thing, language, title="Titel"):
    db.execute("SELECT publish_translation(%s, %s, %s, %s, '', '', '', '', '{}', 'human', %s, false, '{}', '[]', NULL)",
               (thing, language, f"made-{thing}", title, language))


def test_news_come_and_go_by_the_clock(own):
    with own.connect("welcome_worker") as db:
        news = str(uuid.uuid4())
        db.execute("INSERT INTO content (id, kind, key) VALUES (%s, 'news', 'made-news')", (news,))
        db.execute("INSERT INTO news (content, cities, publishes_at, expires_at)"
                   " VALUES (%s, '{essen}', clock() + interval '1 hour', clock() + interval '3 hours')", (news,))
        publish(db, news, "de")
    essen, bochum = Copy(own.http, "city=essen&kind=news"), Copy(own.http, "city=bochum&kind=news")
    assert news not in {item["id"] for item in essen.heard}

    def heard(change):
        def told():
            return about(essen.update(), news) == {("de", change)}
        told.__doc__ = f"the news' {change} is told"
        return told
    own.shift_clock(hours=2)
    eventually(heard("put"))
    assert essen.things[news, "de"]["cities"] == ["essen"]
    own.shift_clock(hours=4)
    eventually(heard("delete"))
    assert not about(bochum.update(), news)


def test_rows_of_a_restored_dump_are_numbered_anew(own):
    copy = Copy(own.http)
    everything = len(copy.things)
    assert everything
    with own.connect() as db:
        db.execute("UPDATE change SET xid = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8")

    def told_again():
        """rows that would come in a million transactions come now"""
        return len(copy.update()) == everything
    eventually(told_again)
    with own.connect() as db:
        assert db.execute("SELECT count(*) FROM change WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())").fetchone() == (0,)


def test_places_of_another_history_are_refused(own):
    copy = Copy(own.http)
    with own.connect() as db:  # what a dump in another cluster, another database or another timeline looks like
        db.execute("CREATE OR REPLACE FUNCTION change_history() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'restored' $$")
    assert faults(own.http.get(f"/v1/changes?after={copy.cursor}")) == {("after", "invalid_cursor")}
    fresh = Copy(own.http)
    assert fresh.things == copy.things and page(own.http, after=fresh.cursor)["items"] == []


def test_without_a_city_come_the_places_events_and_stories_of_all(own):
    essen, bochum, all_cities = (Copy(own.http, query) for query in ("city=essen", "city=bochum", ""))
    with own.connect("welcome_worker") as db:
        story, news = make(db, "story", "essen", "de"), str(uuid.uuid4())
        db.execute("INSERT INTO story (content, teller, speaks, fictional) VALUES (%s, 'Erfundene Erna', '{de}', true)", (story,))
        db.execute("INSERT INTO content (id, kind, key, city) VALUES (%s, 'news', 'made-news', 'essen')", (news,))
        db.execute("INSERT INTO news (content, publishes_at) VALUES (%s, clock() - interval '1 hour')", (news,))
        publish(db, news, "de")
    listed = {item["id"] for item in answer(own.http.get("/v1/stories?lang=de&limit=100"))["items"]}
    assert story in listed and about(all_cities.update(), story) == about(essen.update(), story) == {("de", "put")}
    assert not about(bochum.update(), story)
    for copy, told in ((essen, True), (bochum, False), (all_cities, False)):
        assert (news in {thing for thing, _ in copy.things}) == told
    for path, thing in (("stories", story), ("news", news)):
        read, kept = answer(own.http.get(f"/v1/{path}/{thing}?city=essen&lang=de")), essen.things[thing, "de"]
        assert set(read) - set(kept) <= {"language", "expired"} and {name: read[name] for name in read if name in kept}.items() <= kept.items()


def test_a_text_changes_with_what_it_shows(own):
    with own.connect("welcome_worker") as db:
        office = make(db, "place", None, "de", "Bürgerbüro")
        db.execute("INSERT INTO place (content, category) SELECT %s, code FROM place_category LIMIT 1", (office,))
        db.execute("""INSERT INTO contact (key, place, position, role) VALUES ('desk-one', %s, 1, '{"de": "Anmeldung"}')""", (office,))
        article = make(db, "article", None, "de")
        other = make(db, "article", None, "de")
        db.execute("""UPDATE translation SET embeds = '{contact:desk-one}', body_html = '<div data-embed="contact:desk-one"></div>'"""
                   " WHERE content = %s", (article,))
    copy = Copy(own.http)
    with own.connect("welcome_worker") as db:
        db.execute("UPDATE contact SET phone = '+49 201 000' WHERE key = 'desk-one'")
    changes = copy.update()
    assert about(changes, office) == about(changes, article) == {("de", "put")} and not about(changes, other)
    assert copy.things[office, "de"]["contacts"][0]["phone"] == "+49 201 000"
    assert "tel:+49201000" in copy.things[article, "de"]["body_html"]
    read = answer(own.http.get(f"/v1/places/{office}?lang=de"))
    assert set(read) - set(copy.things[office, "de"]) == {"language", "opening_state", "open_now", "opens_at", "closes_at"}
    assert {name: read[name] for name in read if name in copy.things[office, "de"]}.items() <= copy.things[office, "de"].items()


def test_a_deleted_thing_leaves_a_tombstone(own):
    copy = Copy(own.http)
    with own.connect("welcome_worker") as db:
        thing = make(db, "story", None, "de")
        db.execute("INSERT INTO story (content, teller, speaks, fictional) VALUES (%s, 'Erfundene Erna', '{de}', true)", (thing,))
        assert about(copy.update(), thing) == {("de", "put")}
        db.execute("DELETE FROM content WHERE id = %s", (thing,))
    assert about(copy.update(), thing) == {("de", "delete")}


WRITERS, ROUNDS = 8, 80
MAKE_MANY = """
WITH made AS (INSERT INTO content (id, kind, key) SELECT uuid_v7(), 'article', 'many-' || n FROM generate_series(1, %s) AS n RETURNING id, key)
SELECT id::text, publish_translation(id, 'de', key, 'old or new', '', '', '', '', '{}', 'human', 'de', false, '{}', '[]', NULL) FROM made"""


def test_no_commit_is_skipped_however_they_end(own):
    """Writers have two transactions under way at once and end the younger first, some by rolling back, while a reader pages on. Each
    thing is written once, so what the reader passes by it never learns. The title is a word that search knows: two that bring a new word
    wait for each other, and here one hand holds both."""
    with own.connect("welcome_worker") as db:
        things = [thing for thing, _ in db.execute(MAKE_MANY, (WRITERS * ROUNDS * 2,)).fetchall()]
    reader, done, errors, pages, committed = Copy(own.http), threading.Event(), [], [], []

    def write(n):
        chance = random.Random(n)
        with own.connect("welcome_worker") as one, own.connect("welcome_worker") as two:
            for turn in range(ROUNDS):
                for k, db in enumerate((one, two)):
                    db.execute("BEGIN")
                    db.execute("UPDATE translation SET title = 'new' WHERE content = %s", (things[(n * ROUNDS + turn) * 2 + k],))
                for db in (two, one):
                    if chance.random() < 0.3:
                        db.execute("SELECT pg_sleep(%s)", (chance.random() / 50,))
                    end = "ROLLBACK" if chance.random() < 0.1 else "COMMIT"
                    db.execute(end)
                    committed.append(end == "COMMIT")

    def read():
        while not done.is_set():
            got = answer(own.http.get(f"/v1/changes?limit=20&after={reader.cursor}"))  # one page at a time, wherever it ends
            reader.things.update(((item["id"], item["language"]), item["object"]) for item in got["items"])
            reader.cursor = got["cursor"]
            pages.append(len(got["items"]))

    def run(call, *arguments):
        def caught():
            try:
                call(*arguments)
            except Exception as error:  # a thread's own would pass unseen
                errors.append(error)
        thread = threading.Thread(target=caught)
        thread.start()
        return thread
    reading, writing = run(read), [run(write, n) for n in range(WRITERS)]
    for thread in writing:
        thread.join()
    done.set()
    reading.join()
    assert not errors
    reader.update()
    with own.connect() as db:
        titles = dict(db.execute("SELECT content::text, title FROM translation WHERE content = ANY (%s::uuid[])", (things,)).fetchall())
    assert {key[0]: thing["title"] for key, thing in reader.things.items() if key[0] in titles} == titles
    assert sum(committed) >= 1000 and len([n for n in pages if n]) > 10, "both were at work all the while"
