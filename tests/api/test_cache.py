# SPDX-License-Identifier: EUPL-1.2
# What is kept ready: a hit is what a miss would have been, no change is overtaken, nothing private or mixed comes out, memory is bounded.
import concurrent.futures
import gzip
import itertools
import os
import signal
import threading
import time

import httpx
import media_files
import pytest
from media_files import describe, upload

from support import CONTRACT, Desk, People, answer, content_key, eventually, problem

KEPT = [(path, methods["get"]) for path, methods in CONTRACT["paths"].items() if "x-cache-until" in methods.get("get", {})]
THINGS = {"places": {"category": "advice"}, "news": {"publishes_at": "2026-11-22T10:00:00Z"},
          "events": {"starts": "2030-05-01T10:00", "ends": "2030-05-01T12:00"}, "stories": {"teller": "Amira Erfunden", "speaks": ["ar"], "fictional": True}}
OWN = ("x-request-id", "date", "ratelimit")  # of each answer
ARTICLE = "/v1/articles/emergency-numbers?lang=en"


def listens(daemon):
    """Waits until changes are heard, and all is void that is with the first words of the reference data."""
    def quiet():
        """answers are kept"""
        return daemon.figure("welcome_cache_listening") and daemon.figure("welcome_cache_invalidations_total") >= 4
    eventually(quiet)


@pytest.fixture
def kept(start_daemon):
    """A daemon whose one loop has all that is kept."""
    daemon = start_daemon(WELCOME_LOOPS="1")
    listens(daemon)
    return daemon


def hits(daemon):
    return daemon.figure("welcome_cache_hits_total")


def common(response):
    return {name: value for name, value in response.headers.multi_items() if name not in OWN}


def read_twice(daemon, path, **headers):
    """The answer of the database and the one that was kept; once more where they were a second apart: some are kept no longer."""
    while True:
        before, began = hits(daemon), time.monotonic()
        missed, hit = (daemon.http.get(path, headers=headers) for _ in range(2))
        if hits(daemon) > before or time.monotonic() - began < 1:
            break
        daemon.forget_answers()
    assert missed.status_code == hit.status_code == 200 and hits(daemon) == before + 1, path
    return missed, hit


def pages(daemon):
    """An address for each operation whose answers are kept."""
    desk = Desk(People(daemon), "bochum")
    things = {kind: desk.made(desk.author.post(f"/v1/{kind}", {"key": content_key(), "city": "bochum"} | form)) for kind, form in THINGS.items()}
    for thing in things.values():
        desk.publish(thing, "de")
    found = {"slug": {"articles": "emergency-numbers"} | things,
             "city": "bochum", "code": "recruiting-abroad", "kind": "privacy"}
    for path, operation in KEPT:
        kind = path.split("/")[2]
        for name, value in found.items():
            path = path.replace(f"{{{name}}}", value[kind] if isinstance(value, dict) and kind in value else str(value))
        yield operation["operationId"], path + "?lang=de"


def test_a_hit_is_what_a_miss_was(kept):
    found = list(pages(kept))
    answer(kept.http.get(ARTICLE))  # where nothing is kept forget_answers() waits for nothing, not even for what was published last
    for operation, path in found:
        kept.forget_answers()
        missed, hit = read_twice(kept, path)
        assert hit.content == missed.content and common(hit) == common(missed), operation
        assert hit.headers["X-Request-Id"] != missed.headers["X-Request-Id"] and hit.headers["Date"]
        given = kept.http.get(path, headers={"X-Request-Id": f"mine-{operation}"})
        assert given.headers["X-Request-Id"] == f"mine-{operation}" and common(given) == common(missed)
        assert kept.http.get(path).headers["X-Request-Id"] != f"mine-{operation}"


def test_parameters_may_come_in_any_order(kept):
    kept.http.get("/v1/articles?lang=en&limit=3&city=bochum")
    before = hits(kept)
    kept.http.get("/v1/articles?city=bochum&lang=en&limit=3")
    assert hits(kept) == before + 1
    answer(kept.http.get("/v1/articles?city=bochum&city=bochum"), 422)


def test_what_stands_in_the_path_is_no_parameter(kept):
    read_twice(kept, "/v1/articles?lang=en")
    for path in ("/v1/articles&lang=en", "/v1/articles&lang=en?"):
        problem(kept.http.get(path), 404, "not_found")


def test_the_encoding_is_the_one_that_was_asked_for(kept):
    plain = {"Accept-Encoding": "identity"}
    whole = read_twice(kept, ARTICLE, **plain)[1]
    assert "Content-Encoding" not in whole.headers and "Accept-Encoding" in whole.headers.get_list("Vary", True)
    for header in ("gzip", "br, gzip;q=0.5", "*", "x-gzip", "gzip, identity;q=0.5"):
        packed = kept.http.get(ARTICLE, headers={"Accept-Encoding": header})
        assert packed.headers["Content-Encoding"] == "gzip" and packed.content == whole.content, header
        assert packed.headers["ETag"] != whole.headers["ETag"] and int(packed.headers["Content-Length"]) < len(whole.content)
    for header in ("br", "gzip;q=0", "gzip;q=0, *", "gzip;q=0.1, identity;q=0.5", ""):
        assert "Content-Encoding" not in kept.http.get(ARTICLE, headers={"Accept-Encoding": header}).headers, header
    with kept.http.stream("GET", ARTICLE, headers={"Accept-Encoding": "gzip"}) as packed:
        assert gzip.decompress(b"".join(packed.iter_raw())) == whole.content


def test_what_has_not_changed_is_not_sent_again(kept):
    for encoding in ("gzip", "identity"):
        headers = {"Accept-Encoding": encoding}
        etag = kept.http.get(ARTICLE, headers=headers).headers["ETag"]
        before = hits(kept)
        for condition in (etag, f'"other", W/{etag}', "*"):
            same = kept.http.get(ARTICLE, headers=headers | {"If-None-Match": condition})
            assert same.status_code == 304 and same.content == b"" and same.headers["ETag"] == etag
        assert kept.http.get(ARTICLE, headers=headers | {"If-None-Match": '"other"'}).status_code == 200
        head = kept.http.head(ARTICLE, headers=headers)
        assert head.status_code == 200 and head.content == b"" and head.headers["ETag"] == etag
        assert hits(kept) == before + 5
    first = kept.http.get("/v1/stages?lang=de")
    kept.forget_answers()
    assert kept.http.get("/v1/stages?lang=de", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    before = hits(kept)
    assert kept.http.get("/v1/stages?lang=de").content == first.content and hits(kept) == before + 1


def test_languages_are_never_mixed(kept):
    path, asked = ARTICLE.partition("?")[0], ("de", "en", "tr", "de-DE, en;q=0.5", "en;q=0.1, de", "xx, uk", None)
    fresh = {}
    for header in asked:
        kept.forget_answers()
        fresh[header] = kept.http.get(path, headers={"Accept-Language": header} if header else {})
    for header in asked * 2:
        again = kept.http.get(path, headers={"Accept-Language": header} if header else {})
        assert again.content == fresh[header].content and again.headers["Content-Language"] == fresh[header].headers["Content-Language"]
    assert len({response.content for response in fresh.values()}) > 2


def test_who_shows_a_token_is_served_by_the_database(kept):
    for _ in range(3):
        answer(kept.http.get(ARTICLE, headers={"Authorization": "Bearer nonsense"}))
    assert hits(kept) == 0 and kept.figure("welcome_cache_answers") == 0
    read_twice(kept, ARTICLE)
    before = hits(kept)
    answer(kept.http.get(ARTICLE, headers={"Authorization": "Bearer nonsense"}))
    assert hits(kept) == before


def test_problems_are_not_kept(kept):
    for path in ("/v1/articles/nothing-here", "/v1/articles?limit=0", "/v1/articles?city=atlantis"):
        for _ in range(2):
            assert kept.http.get(path).status_code in (404, 422)
    assert kept.figure("welcome_cache_answers") == 0


def test_a_reader_served_in_another_language_is_counted_each_time(kept):
    page = answer(kept.http.get("/v1/articles/emergency-numbers?lang=en"))
    known = [language["tag"] for language in answer(kept.http.get("/v1/languages"))["items"]]
    missing = next(tag for tag in known if "-" not in tag and tag not in {one["language"] for one in page["translations"]})
    before = hits(kept)
    for _ in range(4):
        assert answer(kept.http.get(f"/v1/articles/{page['slug']}?lang={missing}"))["language"]["fallback"]
    assert hits(kept) == before

    def counted():
        """the readers are counted"""
        with kept.connect() as db:
            return db.execute("SELECT sum(count) FROM demand WHERE language = %s", (missing,)).fetchone()[0] == 4
    eventually(counted)


def test_limits_count_what_is_kept(start_daemon):
    daemon = start_daemon(WELCOME_LOOPS="1", WELCOME_RATE_READ="6")
    listens(daemon)
    left = [int(daemon.http.get("/v1/stages").headers["RateLimit"].split("r=")[1].split(";")[0]) for _ in range(6)]
    assert left == [5, 4, 3, 2, 1, 0] and hits(daemon) == 5
    assert problem(daemon.http.get("/v1/stages"), 429, "rate_limited")
    eventually(lambda: daemon.seen() >= {("list_stages", 200), ("list_stages", 429)})  # they are logged, when they have ended


def test_memory_is_bounded_and_what_all_read_stays(start_daemon):
    daemon = start_daemon(WELCOME_LOOPS="1", WELCOME_CACHE_MB="1")
    listens(daemon)
    for n in range(1200):
        answer(daemon.http.get(f"/v1/articles?limit={n % 100 + 1}&lang={('en', 'de', 'tr', 'uk')[n // 100 % 4]}&city={('bochum', 'essen', 'dortmund')[n // 400]}"))
        if n % 4 == 0:
            answer(daemon.http.get("/v1/stages"))  # which no time ends
        if n % 100 == 0:
            assert daemon.figure("welcome_cache_bytes") <= 1 << 20
    assert daemon.figure("welcome_cache_evictions_total") > 100
    before = hits(daemon)
    answer(daemon.http.get("/v1/stages"))
    assert hits(daemon) == before + 1


def test_nothing_is_kept_where_that_is_not_wanted(start_daemon):
    daemon = start_daemon(WELCOME_CACHE_MB="0")
    assert daemon.http.get(ARTICLE).content == daemon.http.get(ARTICLE).content
    assert "welcome_cache" not in daemon.admin.get("/metrics").text


def test_a_change_of_the_configuration_is_seen(kept):
    assert "Strict-Transport-Security" not in read_twice(kept, ARTICLE)[1].headers
    (kept.folder / "welcomed.conf").write_text("WELCOME_HSTS_SECONDS=600\n")
    kept.environment["WELCOME_HSTS_SECONDS"] = "600"
    before = kept.figure("welcome_cache_invalidations_total")
    kept.process.send_signal(signal.SIGHUP)
    eventually(lambda: kept.figure("welcome_cache_invalidations_total") > before)
    stale = kept.figure("welcome_cache_stale_total")
    answer(kept.http.get(ARTICLE))
    assert kept.figure("welcome_cache_stale_total") == stale + 1


# Readers on several connections, so on all loops.

class Readers:
    def __init__(self, daemon):
        self.clients = [httpx.Client(base_url=daemon.url, timeout=30) for _ in range(8)]

    def all(self, path, status=200):
        """What each of them reads, twice: at least once it could have been kept."""
        return [answer(client.get(path), status) for client in self.clients * 2]

    def close(self):
        for client in self.clients:
            client.close()


def listener(daemon):
    """The server's process behind the connection that hears of changes."""
    with daemon.connect() as db:
        db.forget = None  # what is kept is what the tests are about
        return db.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'welcome' AND query IN ('SELECT', 'LISTEN welcome')"
                          " ORDER BY backend_start DESC LIMIT 1").fetchone()[0]


@pytest.fixture
def several(start_daemon):
    """A daemon with as many loops as it likes."""
    daemon = start_daemon()
    listens(daemon)
    return daemon


def change(editor, path, thing, body):
    return answer(editor.patch(f"/v1/{path}/{thing}", body, headers={"If-Match": editor.get(f"/v1/contents/{thing}").headers["ETag"]}))


def changes(daemon, people, city):
    """(what, path, status before, what is read before, the change, status and what is read after) of all kinds of things."""
    desk, admin = Desk(people, city), people.admin()
    article = desk.article()
    desk.publish(article, "de", title="Eins")
    yield "a new text", f"/v1/articles/{article}", lambda page: page["title"], "Eins", lambda: desk.publish(article, "de", title="Zwei"), "Zwei"
    place = desk.made(desk.author.post("/v1/places", {"key": content_key(), "city": city, "category": "advice", "phone": "+49 30 23125001"}))
    desk.publish(place, "de")
    yield ("a place", f"/v1/places/{place}", lambda page: page["phone"], "+49 30 23125001",
           lambda: change(desk.author, "places", place, {"phone": "+49 30 23125002"}), "+49 30 23125002")
    yield ("a list", f"/v1/places?city={city}", lambda page: [item["address"] and item["address"]["town"] for item in page["items"] if item["id"] == place], [None],
           lambda: change(desk.author, "places", place, {"town": "Essen"}), ["Essen"])
    news = desk.made(desk.author.post("/v1/news", {"key": content_key(), "city": city, "publishes_at": "2026-11-22T10:00:00Z"}))
    desk.publish(news, "de")
    yield ("news", f"/v1/news/{news}", lambda page: page["expires_at"], None,
           lambda: change(desk.author, "news", news, {"expires_at": "2099-01-01T00:00:00Z"}), "2099-01-01T00:00:00Z")
    event = desk.made(desk.author.post("/v1/events", {"key": content_key(), "city": city, "starts": "2030-05-01T10:00", "ends": "2030-05-01T12:00"}))
    desk.publish(event, "de")
    yield ("an event", f"/v1/events/{event}", lambda page: page["starts"], "2030-05-01T10:00",
           lambda: change(desk.author, "events", event, {"starts": "2030-05-01T11:00", "ends": "2030-05-01T12:00"}), "2030-05-01T11:00")
    picture = upload(desk.author, media_files.png(), media_files.PNG)
    answer(describe(desk.author, picture, {"alternative_texts": {"de": "Ein Bild"}, "credit": None}))
    yield ("a picture", f"/v1/articles/{article}", lambda page: page["thumbnail"] and page["thumbnail"]["alternative_text"], None,
           lambda: change(desk.author, "articles", article, {"thumbnail": picture["hash"]}), "Ein Bild")
    service = admin.get("/v1/staff/services/recruiting-abroad")
    yield ("a service", "/v1/services/recruiting-abroad?lang=en", lambda page: page["name"], answer(service)["name"]["en"],
           lambda: answer(admin.patch("/v1/staff/services/recruiting-abroad", {"name": answer(service)["name"] | {"en": "New name"}},
                                      headers={"If-Match": service.headers["ETag"]})), "New name")


def test_who_has_changed_something_reads_nothing_older(several, place):
    several.tolerated |= {"cache_listener_lost"}  # a busy machine may need longer than a listener is waited for
    readers = Readers(several)
    for what, path, look, before, change_it, after in changes(several, People(several), place.city):
        assert {str(look(page)) for page in readers.all(path)} == {str(before)}, what
        pid = listener(several)
        os.kill(pid, signal.SIGSTOP)
        try:
            change_it()
            assert {str(look(page)) for page in readers.all(path)} == {str(after)}, what
        finally:
            os.kill(pid, signal.SIGCONT)
        eventually(lambda: several.figure("welcome_cache_listening"))
    readers.close()


def test_what_is_archived_is_gone_at_once(several, place):
    desk, readers = Desk(People(several), place.city), Readers(several)
    article = desk.article()
    desk.publish(article, "de", title="Weg")
    readers.all(f"/v1/articles/{article}")
    with_etag = {"If-Match": desk.reviewer.get(f"/v1/contents/{article}").headers["ETag"]}
    answer(desk.reviewer.post(f"/v1/contents/{article}/archive", {}, headers=with_etag))
    readers.all(f"/v1/articles/{article}", 404)
    readers.close()


def test_others_hear_of_a_change(daemons, kept):
    """Two daemons on one database: what one writes the other no longer has in memory, some milliseconds later."""
    with kept.connect("welcome_worker") as db:
        db.forget = None
        read_twice(kept, "/v1/cities/bochum")
        db.execute("UPDATE city SET population = population + 1 WHERE slug = 'bochum'")
        fresh = db.execute("SELECT population FROM city WHERE slug = 'bochum'").fetchone()[0]
    eventually(lambda: answer(kept.http.get("/v1/cities/bochum"))["population"] == fresh)  # nothing else ends what is kept of it


def test_without_a_listener_nothing_is_answered_from_memory(kept):
    kept.tolerated |= {"cache_listener_lost"}
    read_twice(kept, ARTICLE)
    lost = kept.figure("welcome_cache_listener_lost_total")
    pid = listener(kept)
    with kept.connect() as db:
        db.forget = None
        db.execute("SELECT pg_terminate_backend(%s)", (pid,))
    eventually(lambda: kept.figure("welcome_cache_listener_lost_total") == lost + 1)
    eventually(lambda: kept.figure("welcome_cache_listening"))
    stale = kept.figure("welcome_cache_stale_total")
    answer(kept.http.get(ARTICLE))
    assert kept.figure("welcome_cache_stale_total") == stale + 1, "what was kept before may be old"


def test_a_listener_that_no_longer_answers_is_not_trusted(kept):
    kept.tolerated |= {"cache_listener_lost"}
    read_twice(kept, ARTICLE)
    lost = kept.figure("welcome_cache_listener_lost_total")
    pid = listener(kept)
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: not kept.figure("welcome_cache_listening"))
        before = hits(kept)
        for _ in range(3):
            answer(kept.http.get(ARTICLE))
        assert hits(kept) == before or kept.figure("welcome_cache_listener_lost_total") > lost, "unless another listens already"
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: kept.figure("welcome_cache_listening"))


def test_no_reader_overtakes_a_writer(start_daemon, place):
    """Whoever begins to read after a change was answered reads it or a later one, on every loop, whoever else fills the cache meanwhile."""
    daemon = start_daemon()
    desk, done, numbers, failures = Desk(People(daemon), place.city), threading.Event(), itertools.count(1), []
    thing = desk.made(desk.author.post("/v1/places", {"key": content_key(), "city": place.city, "category": "advice", "phone": "+49 30 10000"}))
    desk.publish(thing, "de")
    path, last = f"/v1/places/{thing}", [10000]

    def read():
        with httpx.Client(base_url=daemon.url, timeout=30) as client:
            while not done.is_set():
                least = last[0]
                seen = int(answer(client.get(path))["phone"].split()[-1])
                if seen < least:
                    failures.append((seen, least))
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(6)]
        for _ in range(60):
            number = 10000 + next(numbers)
            change(desk.author, "places", thing, {"phone": f"+49 30 {number}"})
            last[0] = number
        done.set()
        for reader in readers:
            reader.result()
    assert not failures and daemon.figure("welcome_cache_hits_total") > 0


def test_only_what_answers_get_is_compressed(kept):
    """What answers a change may hold a token beside what was sent; its length must tell nothing of it."""
    person = People(kept).coordinator()
    long = kept.http.get("/v1/openapi.yaml", headers={"Accept-Encoding": "gzip"})
    assert long.headers["Content-Encoding"] == "gzip"
    assert person.get("/v1/guides/me").headers.get("Content-Encoding") is None
    refused = kept.http.post("/v1/guide-requests", json={name * 40: 1 for name in "abcdefghijklmnopqrstuvwxyz"})
    assert refused.status_code == 422 and len(refused.content) > 1024 and "Content-Encoding" not in refused.headers
