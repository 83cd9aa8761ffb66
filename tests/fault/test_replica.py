# SPDX-License-Identifier: EUPL-1.2
# Public reads go to a hot standby, everything else to the primary; while the standby is late, away, stuck or in conflict, nobody notices.
import contextlib
import re
import signal
import time

import pytest

from load import counts, load, read_a_city, standstills
from standby import Standby
from support import CONTRACT, ROOT, Person, answer, eventually

OUT = {"replica_out_of_use", "replica_unreachable", "database_link_lost"}


@pytest.fixture(scope="module")
def standby(own_cluster):
    standby = Standby(own_cluster, "standby")
    yield standby
    standby.remove()


@pytest.fixture
def start_reader(own_daemons, standby):
    """Starts a daemon that reads from the standby."""
    with contextlib.ExitStack() as running:
        def start(**settings):
            daemon = running.enter_context(own_daemons.running(start=False, WELCOME_DATABASE_READ_LAG=2, **settings))
            eventually(lambda: standby.ask(f"SELECT count(*) FROM pg_database WHERE datname = '{daemon.database}'"))
            daemon.environment["WELCOME_DATABASE_READ_URL"] = f"host={standby.host} dbname={daemon.database} user=welcome"
            daemon.tolerated |= OUT  # a busy machine may stand still for longer than a replica may be late
            daemon.start()
            eventually(lambda: fresh(daemon))
            return daemon
        yield start


@pytest.fixture
def reader(start_reader):
    """One that asks the database each time."""
    return start_reader(WELCOME_CACHE_MB=0)


def figures(daemon):
    """{name of a figure: its sum over both lanes}"""
    found = {}
    for name, value in re.findall(r'^welcome_replica_(\w+)\{lane="\w+"\} ([\d.]+)$', daemon.admin.get("/metrics").text, re.M):
        found[name] = found.get(name, 0) + float(value)
    return found


def fresh(daemon):
    """every connection to the replica may be used"""
    now = figures(daemon)
    return now["links_fresh"] == now["links_up"] > 0


def unused(daemon):
    """the replica is out of use"""
    return figures(daemon)["links_fresh"] == 0


def from_replica(daemon, ask):
    """(segments that the replica answered, segments that the primary answered in its place) while that is asked"""
    before = figures(daemon)
    ask()
    now = figures(daemon)
    return now["answered_total"] - before["answered_total"], now["handed_over_total"] - before["handed_over_total"]


def public_reads(daemon):
    """{operation: an address that answers 200} of all that the contract lets a replica answer."""
    found = {}
    for path, item in CONTRACT["paths"].items():
        operation = item.get("get")
        asks = operation and list(ROOT.glob(f"src/*/{operation['operationId']}.sql"))  # others are answered without a database
        if asks and not operation.get("security") and operation.get("x-replica") is not False and "{" not in path:
            found[operation["operationId"]] = path
    found |= {"search": "/v1/search?q=wohnung", "list_search_suggestions": "/v1/search/suggestions?q=woh",
              "list_guides": "/v1/guides?city=essen&count=true",
              "get_checklist": "/v1/checklist?audience=skilled-worker", "get_city": "/v1/cities/essen",
              "get_checklist_calendar": "/v1/checklist.ics?audience=skilled-worker&arrival=2027-01-15",
              "get_legal_text": "/v1/legal-texts/privacy", "list_articles": "/v1/articles?limit=2&count=true",
              "list_places": "/v1/places?near=51.45,7.01&limit=2"}
    for operation, lists, address in (("get_article", "/v1/articles", "/v1/articles/{slug}"), ("get_place", "/v1/places", "/v1/places/{slug}"),
                                      ("get_article_print", "/v1/articles", "/v1/articles/{slug}/print"),
                                      ("get_news_item", "/v1/news", "/v1/news/{slug}"), ("get_event", "/v1/events", "/v1/events/{slug}"),
                                      ("get_event_entry", "/v1/events", "/v1/events/{slug}/calendar.ics"),
                                      ("get_story", "/v1/stories", "/v1/stories/{slug}"), ("get_service", "/v1/services", "/v1/services/{code}")):
        items = answer(daemon.http.get(lists))["items"]
        if items:
            found[operation] = address.format(**items[0])
    return found


def test_public_reads_are_answered_by_the_standby_as_the_primary_would(reader):
    reads = public_reads(reader)
    assert len(reads) > 25, sorted(reads)
    for operation, path in reads.items():
        replica = reader.http.get(path)
        primary = reader.http.get(path, headers={"Authorization": "Bearer nobody"})
        assert replica.status_code == primary.status_code == 200, (operation, replica.text, primary.text)
        assert replica.headers.get("ETag") == primary.headers.get("ETag"), operation
    for operation, path in reads.items():
        def by_replica(path=path):
            return from_replica(reader, lambda: reader.http.get(path)) == (1, 0)
        by_replica.__doc__ = f"the replica, in use, answers {operation}"
        eventually(by_replica)


def test_what_is_not_a_public_read_goes_to_the_primary(reader):
    status, _, errors = reader.command("account", "create", "--role", "admin", "--email", "admin@replica.example.org")
    assert status == 0, errors
    answer(reader.http.post("/v1/sign-in", json={"email": "admin@replica.example.org"}), 202)
    token = reader.mails.next("admin@replica.example.org").token
    admin = Person(reader, answer(reader.http.post("/v1/sessions", json={"token": token}), 201))

    def ask():
        answer(admin.get("/v1/me"))
        answer(admin.get("/v1/cities/essen"))  # whoever is signed in reads what they wrote
        answer(reader.http.get("/v1/changes?lang=de&limit=2"))  # its places are the primary's
        answer(reader.http.post("/v1/feedback", json={"kind": "praise", "text": "Thank you!"}), 202)
    assert from_replica(reader, ask) == (0, 0)


def test_a_late_standby_is_not_asked_and_an_idle_primary_makes_none_late(reader, standby):
    time.sleep(3)  # longer than it may be late; nobody writes meanwhile
    eventually(lambda: fresh(reader))
    with standby.connect() as db, reader.connect() as primary:
        db.execute("SELECT pg_wal_replay_pause()")
        try:
            eventually(lambda: db.execute("SELECT pg_get_wal_replay_pause_state()").fetchone()[0] == "paused")
            eventually(lambda: from_replica(reader, lambda: answer(reader.http.get("/v1/cities/essen"))) == (1, 0))
            primary.execute("UPDATE city SET name = 'Essen (new)' WHERE slug = 'essen'")
            asked = changed = time.monotonic()
            seen = {}
            while asked < changed + 5:
                asked = time.monotonic()
                seen[answer(reader.http.get("/v1/cities/essen"))["name"]] = asked - changed
            assert seen.get("Essen", 0) < 2  # WELCOME_DATABASE_READ_LAG
            assert seen["Essen (new)"] > 3
            assert unused(reader)
            reader.tolerated |= OUT
        finally:
            db.execute("SELECT pg_wal_replay_resume()")
    eventually(lambda: fresh(reader))
    eventually(lambda: from_replica(reader, lambda: answer(reader.http.get("/v1/cities/essen"))) == (1, 0))
    assert answer(reader.http.get("/v1/cities/essen"))["name"] == "Essen (new)"


def test_what_will_be_kept_is_read_from_the_primary(start_reader):
    daemon = start_reader()
    eventually(lambda: "welcome_cache_listening 1" in daemon.admin.get("/metrics").text)

    def reads():
        for path in ("/v1/cities/essen", "/v1/topics", "/v1/cities/essen", "/v1/topics"):
            answer(daemon.http.get(path))
    assert from_replica(daemon, reads) == (0, 0)
    eventually(lambda: from_replica(daemon, lambda: answer(daemon.http.get("/v1/search?q=wohnung"))) == (1, 0))


def test_what_is_kept_for_all_who_come_later_is_no_older_than_the_primary(start_reader, standby):
    """The standby may be late by two seconds, an answer that is kept may not."""
    daemon = start_reader()
    eventually(lambda: daemon.figure("welcome_cache_listening"))
    with standby.connect() as db, daemon.connect() as primary:
        db.execute("SELECT pg_wal_replay_pause()")
        try:
            for n in range(20):
                primary.execute("UPDATE city SET name = %s WHERE slug = 'essen'", (f"Essen {n}",))
                time.sleep(0.02)  # until it is told of
                assert from_replica(daemon, lambda: eventually(lambda: answer(daemon.http.get("/v1/cities/essen"))["name"] == f"Essen {n}")) == (0, 0)
        finally:
            db.execute("SELECT pg_wal_replay_resume()")
    daemon.tolerated |= OUT


def test_reads_survive_the_standby(reader, standby):
    reader.tolerated |= OUT
    with standstills() as longest, load(reader, 4, read_a_city) as reads:
        eventually(lambda: figures(reader)["answered_total"] > 25)
        standby.stop()
        eventually(lambda: unused(reader))
        there = len(reads())
        eventually(lambda: len(reads()) > there + 50)
        standby.start()
        eventually(lambda: fresh(reader))
        there = figures(reader)["answered_total"]
        eventually(lambda: figures(reader)["answered_total"] > there + 25)
        standby.signal(signal.SIGSTOP)
        try:
            eventually(lambda: unused(reader))
            there = len(reads())
            eventually(lambda: len(reads()) > there + 50)
        finally:
            standby.signal(signal.SIGCONT)
        eventually(lambda: fresh(reader))
    assert set(counts(reads())) == {200}
    assert max(r.seconds for r in reads()) < 4 + longest()  # a frozen one is given up after two seconds


def test_a_conflict_with_what_is_replayed_costs_no_answer(reader, standby):
    reader.tolerated |= OUT
    with reader.connect() as primary, load(reader, 6, lambda: ("GET", "/v1/places?limit=20&count=true", None, {})) as reads:
        for _ in range(15):  # the standby has to cut off whoever looks at the table meanwhile
            with primary.transaction():
                primary.execute("LOCK TABLE place IN ACCESS EXCLUSIVE MODE")
                primary.execute("ALTER TABLE place ADD column_nobody_reads int")
            with primary.transaction():
                primary.execute("ALTER TABLE place DROP column_nobody_reads")
            time.sleep(0.1)
    assert len(reads()) > 20 and set(counts(reads())) == {200}


def test_a_statement_that_the_standby_cuts_off_is_answered_by_the_primary(reader, standby):
    """What the standby refuses, with whatever state, the primary decides."""
    with reader.connect() as primary, primary.transaction():
        primary.execute("CREATE FUNCTION cut_off() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF pg_is_in_recovery() THEN"
                        " RAISE 'canceling statement due to conflict with recovery' USING ERRCODE = '40001'; END IF; RETURN true; END $$")
        primary.execute("ALTER TABLE city RENAME TO city_kept")
        primary.execute("CREATE VIEW city AS SELECT * FROM city_kept WHERE cut_off()")
        primary.execute("GRANT SELECT ON city TO PUBLIC")
    standby.caught_up()

    def ask():
        answer(reader.http.get("/v1/cities/essen"))
    eventually(lambda: from_replica(reader, ask) == (0, 1))


def test_without_its_synchronous_standby_nothing_is_acknowledged_and_reads_go_on(reader, standby):
    reader.tolerated |= OUT
    form = {"display_name": "Noor", "email": "noor@replica.example.org", "languages": [{"tag": "en", "level": "C1"}], "city": "essen",
            "audience": "skilled-worker", "share_contact": "on_acceptance", "consent": True}

    def send():
        return reader.http.post("/v1/guide-requests", json=form, headers={"Idempotency-Key": "one-and-the-same"})
    with reader.connect() as primary:
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.execute("SELECT pg_reload_conf()")
        try:
            eventually(lambda: primary.execute("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone()[0])
            standby.stop()
            lost = send()
            assert answer(lost, 503)["code"] == "unavailable" and "may" in lost.json()["detail"]
            assert answer(reader.http.get("/v1/cities/essen"))["slug"] == "essen"
            assert primary.execute("SELECT count(*) FROM guide_request").fetchone() == (0,)  # it waits, and nobody sees it
            standby.start()
            eventually(lambda: primary.execute("SELECT count(*) FROM guide_request").fetchone() == (1,))
            assert answer(send(), 202)["id"] == str(primary.execute("SELECT id FROM guide_request").fetchone()[0])
        finally:
            primary.execute("ALTER SYSTEM RESET synchronous_standby_names")
            primary.execute("SELECT pg_reload_conf()")
    eventually(lambda: fresh(reader))


def test_a_standby_that_comes_later_is_found(own_daemons, standby):
    with own_daemons.running(start=False) as daemon:
        daemon.tolerated |= OUT
        standby.stop()
        daemon.environment["WELCOME_DATABASE_READ_URL"] = f"host={standby.host} dbname={daemon.database} user=welcome"
        daemon.start()
        assert daemon.http.get("/v1/cities").status_code == 200
        standby.start()
        eventually(lambda: fresh(daemon))


def test_a_replica_that_is_none_of_this_database_stops_the_start(own_daemons, standby):
    with own_daemons.running() as daemon:
        eventually(lambda: standby.ask(f"SELECT count(*) FROM pg_database WHERE datname = '{daemon.database}'"))
        for url, sentence in (
                ("host=/nowhere dbname", "is no connection string or URI: "),
                (f"host={standby.host} dbname=postgres user=welcome", "leads to another database than WELCOME_DATABASE_URL: "),
                (f"host={standby.host} dbname={daemon.database} user=welcome_worker",
                 "names another user than WELCOME_DATABASE_URL: welcome_worker")):
            status, _, errors = daemon.command("serve", WELCOME_DATABASE_READ_URL=url)
            assert status == 1
            assert "welcomed: WELCOME_DATABASE_READ_URL " + sentence in errors


def told_by_doctor(daemon):
    """what it says of the replica: by the daemon that runs, and by the replica itself"""
    _, out, _ = daemon.command("doctor")
    lines = [line for line in out.splitlines() if line[11:36].strip() in ("WELCOME_DATABASE_READ_URL", "read replica") and line[2:9].strip()]
    return {line[11:36].strip(): (line[2:9].strip(), line[38:]) for line in lines}


def test_doctor_sees_whether_the_standby_keeps_up(reader, standby):
    def told(kind, by_replica, by_daemon):
        for subject, words in (("WELCOME_DATABASE_READ_URL", by_replica), ("read replica", by_daemon)):
            said = told_by_doctor(reader)[subject]
            assert said[0] == kind and words in said[1], said
    told("ok", "of a standby that has replayed all after", "uses it")
    reader.tolerated |= OUT
    for late, again, words in (("SELECT pg_wal_replay_pause()", "SELECT pg_wal_replay_resume()", "replay is paused"),
                               ("ALTER SYSTEM SET recovery_min_apply_delay = '1h'", "ALTER SYSTEM RESET recovery_min_apply_delay", "is behind: after 2 s it lacks")):
        with standby.connect() as db, reader.connect() as primary:
            try:
                db.execute(late)
                db.execute("SELECT pg_reload_conf()")
                time.sleep(0.5)
                primary.execute("UPDATE city SET name = name || '' WHERE slug = 'essen'")
                eventually(lambda: unused(reader))
                told("warning", words, "does not use it")
            finally:
                db.execute(again)
                db.execute("SELECT pg_reload_conf()")
        eventually(lambda: fresh(reader))
    told("ok", "of a standby that has replayed all after", "uses it")
