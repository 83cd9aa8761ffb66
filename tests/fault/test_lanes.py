# SPDX-License-Identifier: EUPL-1.2
# Lanes: what is stuck in one does not hold up the others, queues end, tables may change under load.
import time

import pytest

from load import ask_for_a_guide, counts, load, read_a_city, refused_well
from support import answer, eventually

SLOW = 4  # seconds; whoever waits behind a lock waits 5


@pytest.fixture
def daemon(start_daemon):
    """A daemon of its own for each test: its tables are locked and changed, which no cache is to hide."""
    return start_daemon(WELCOME_QUEUE_SECONDS=1, WELCOME_CACHE_MB=0)


def waiting(db, daemon):
    return db.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = 'welcome' AND wait_event_type = 'Lock'",
                      (daemon.database,)).fetchone()[0]


def test_reads_go_on_while_all_writes_hang(daemon):
    with daemon.connect() as db, daemon.connect() as watcher, load(daemon, 4, read_a_city) as reads:
        with load(daemon, 40, ask_for_a_guide) as writes:
            with db.transaction():
                db.execute("LOCK TABLE guide_request IN EXCLUSIVE MODE")
                eventually(lambda: waiting(watcher, daemon) >= 8)  # all of one loop at least
                began = time.monotonic()
                time.sleep(2)
                eventually(lambda: len([r for r in reads() if r.sent > began]) > 20)
                during = [r for r in reads() if r.sent > began]
            done = counts(writes())[202]
            eventually(lambda: counts(writes())[202] > done + 20)
    assert set(counts(during)) == {200}
    assert max(r.seconds for r in during) < SLOW
    assert set(counts(writes())) <= {202, 503}
    assert all(refused_well(r, "overloaded") for r in writes() if r.status == 503)


def test_searches_that_hang_leave_reads_and_writes_alone(daemon):
    with daemon.connect() as db, daemon.connect() as watcher, load(daemon, 2, read_a_city) as reads:
        def search():
            return "GET", "/v1/guides", None, {}
        with load(daemon, 6, search) as searches, load(daemon, 2, ask_for_a_guide) as writes:
            with db.transaction():
                db.execute("LOCK TABLE guide IN ACCESS EXCLUSIVE MODE")
                eventually(lambda: waiting(watcher, daemon) >= 1)
                began = time.monotonic()
                time.sleep(1.5)
                during = [r for r in reads() + writes() if r.sent > began]
            eventually(lambda: searches() and searches()[-1].status == 200)
    assert during and set(counts(during)) <= {200, 202}
    assert max(r.seconds for r in during) < SLOW


def test_a_full_queue_is_answered_at_once(start_daemon):
    daemon = start_daemon(WELCOME_REQUESTS_MAX=24, WELCOME_LOOPS=1, WELCOME_QUEUE_SECONDS=60)
    eventually(lambda: daemon.figure('welcome_lane_links_up{lane="write"}') == 16)
    with daemon.connect() as db, daemon.connect() as watcher:
        with db.transaction():
            db.execute("LOCK TABLE guide_request IN EXCLUSIVE MODE")
            with load(daemon, 40, ask_for_a_guide) as writes:
                eventually(lambda: len(writes()) > 40)
                assert eventually(lambda: (stuck := waiting(watcher, daemon)) >= 16 and stuck) == 16
                at_once = [r for r in writes() if r.seconds < 1]
                assert at_once and all(refused_well(r, "overloaded") for r in at_once)
    eventually(lambda: daemon.http.get("/v1/cities").status_code == 200)


def test_a_lock_that_stays_is_answered_with_overloaded(daemon):
    method, path, body, _ = ask_for_a_guide()
    with daemon.connect() as db, db.transaction():
        db.execute("LOCK TABLE guide_request IN EXCLUSIVE MODE")
        response = daemon.http.request(method, path, json=body)
    assert answer(response, 503)["code"] == "overloaded"
    assert response.headers["Retry-After"]
    assert answer(daemon.http.request(method, path, json=body), 202)


def test_tables_change_under_load_and_no_answer_has_wrong_columns(daemon):
    daemon.tolerated |= {"columns_changed"}
    whole = daemon.http.get("/v1/cities/essen").content
    with daemon.connect() as db, load(daemon, 6, read_a_city) as reads:
        for n in range(5):  # new and changed columns that the answer does not show
            db.execute(f"ALTER TABLE city ADD column_{n} int DEFAULT {n}")
            db.execute("ALTER TABLE city ALTER population_date TYPE timestamptz")
            time.sleep(0.05)
            db.execute("ALTER TABLE city ALTER population_date TYPE date")
            time.sleep(0.05)
        assert set(counts(reads())) == {200}
        db.execute("ALTER TABLE city ALTER ags TYPE varchar")  # no longer what was proved
        eventually(lambda: reads()[-1].status == 500)
        db.execute("ALTER TABLE city ALTER ags TYPE text")
        right = time.monotonic()
        eventually(lambda: len([r for r in reads() if r.sent > right + 0.1]) > 20)
    assert {r.status for r in reads() if r.sent > right} == {200}
    assert {r.status for r in reads()} == {200, 500}
    assert {r.body for r in reads() if r.status == 200} == {whole}
