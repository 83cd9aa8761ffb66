# SPDX-License-Identifier: EUPL-1.2
# The database killed, restarted, frozen, its connections cut: what was acknowledged is there, nobody waits for ever, and all is
# well again without a restart of the daemon.
import contextlib
import json
import os
import pathlib
import signal
import socket
import threading
import time

from load import Wire, ask_for_a_guide, backends, counts, get, load, read_a_city, refused_well
from support import answer, eventually

# What jobs tell of it; none of it may come from a request.
LOST = {"database_link_lost", "job_failed", "step_failed", "placing_failed", "mail_failed", "listener_lost", "cache_listener_lost", "database_unreachable",
        "vocabulary_unreadable", "reference_not_read"}


def connecting_takes(daemon, seconds):
    """Has every new connection to the cluster take so long."""
    with daemon.connect() as db:
        db.execute(f"ALTER SYSTEM SET post_auth_delay = {seconds}")
        db.execute("SELECT pg_reload_conf()")

    def done():
        """new connections take so long"""
        with daemon.connect() as db:
            return db.execute("SELECT setting FROM pg_settings WHERE name = 'post_auth_delay'").fetchone() == (str(seconds),)
    eventually(done)


def test_who_comes_with_the_start_waits_for_the_first_connection(own_daemons):
    with own_daemons.running(start=False, WELCOME_QUEUE_SECONDS=30) as daemon:
        daemon.tolerated |= LOST
        connecting_takes(daemon, 2)
        try:
            daemon.start(wait=False)

            def come():
                """the daemon listens"""
                with contextlib.suppress(ConnectionError):
                    return Wire(daemon, timeout=60)
            with eventually(come) as wire:
                wire.send(get("/v1/cities/essen"))
                assert wire.answer().status == 200
        finally:
            connecting_takes(daemon, 0)


def serves(daemon):
    """requests are answered again"""
    return daemon.http.get("/v1/cities").status_code == 200


def test_a_killed_server_loses_nothing_acknowledged_and_is_found_again(fragile, own_cluster):
    fragile.tolerated |= LOST
    with load(fragile, 4, ask_for_a_guide) as writes, load(fragile, 4, read_a_city) as reads:
        for _ in range(2):
            time.sleep(0.7)
            own_cluster.kill()
            eventually(lambda: any(r.status == 503 for r in reads()[-4:]) and any(r.status == 503 for r in writes()[-4:]))
            time.sleep(0.7)
            own_cluster.start()
            before = counts(writes())[202]
            eventually(lambda: serves(fragile) and counts(writes())[202] > before)
    assert set(counts(reads())) == {200, 503} and set(counts(writes())) == {202, 503}
    assert all(refused_well(r, "unavailable", "overloaded") for r in reads() + writes() if r.status == 503)
    assert max(r.seconds for r in reads() + writes()) < 20
    with fragile.connect() as db:
        kept = {str(row[0]) for row in db.execute("SELECT id FROM guide_request")}
    acknowledged = [json.loads(r.body)["id"] for r in writes() if r.status == 202]
    assert acknowledged and set(acknowledged) <= kept


def test_reads_survive_their_connections(fragile):
    fragile.tolerated |= LOST
    with load(fragile, 6, read_a_city) as reads, fragile.connect() as db:
        for _ in range(30):
            for pid in backends(fragile)[:3]:
                db.execute("SELECT pg_terminate_backend(%s)", (pid,))
            time.sleep(0.05)
    assert len(reads()) > 20
    assert set(counts(reads())) == {200}


def test_a_write_cut_off_is_answered_with_what_may_have_happened(fragile):
    fragile.tolerated |= LOST
    method, path, body, _ = ask_for_a_guide()
    answers = []
    with fragile.connect() as db, fragile.connect() as killer:
        with db.transaction():
            db.execute("LOCK TABLE guide_request IN ACCESS EXCLUSIVE MODE")
            thread = threading.Thread(target=lambda: answers.append(fragile.http.request(method, path, json=body)))
            thread.start()

            def waits():
                """the write waits for the lock"""
                return killer.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
                                      " AND usename = 'welcome'", (fragile.database,)).fetchone()
            killer.execute("SELECT pg_terminate_backend(%s)", eventually(waits))
            thread.join()
        assert db.execute("SELECT count(*) FROM guide_request").fetchone() == (0,)
    problem = answer(answers[0], 503)
    assert problem["code"] == "unavailable"
    assert answers[0].headers["Retry-After"]
    assert "may" in problem["detail"]


def test_a_frozen_server_is_given_up_in_bounded_time(fragile, own_cluster):
    fragile.tolerated |= LOST
    with load(fragile, 3, ask_for_a_guide) as writes, load(fragile, 3, read_a_city) as reads:
        time.sleep(0.5)
        own_cluster.signal(signal.SIGSTOP)
        frozen = time.monotonic()
        try:
            eventually(lambda: any(r.status == 503 for r in reads()) and any(r.status == 503 for r in writes()))
            time.sleep(2)
        finally:
            own_cluster.signal(signal.SIGCONT)
        thawed = time.monotonic()
        eventually(lambda: serves(fragile) and any(r.sent > thawed and r.status == 202 for r in writes()))
    late = [r for r in reads() + writes() if r.sent > frozen - 0.1]
    assert set(counts(late)) <= {200, 202, 503}
    assert all(refused_well(r, "unavailable", "overloaded") for r in late if r.status == 503)
    assert max(r.seconds for r in late) < 20  # five tries of 6 s would be 30


def test_a_daemon_waits_for_a_server_that_comes_later(fragile, own_cluster):
    fragile.tolerated |= LOST
    fragile.kill()
    own_cluster.kill()
    fragile.start(wait=False)
    time.sleep(1.5)
    own_cluster.start()
    eventually(fragile.ready)
    assert serves(fragile)


def test_a_server_that_cannot_write_any_more_is_left_for_the_primary(fragile):
    """Behind a pooler a connection may lead to a standby from one statement to the next; here those there are when it begins do."""
    fragile.tolerated |= {"database_link_lost"}
    with fragile.connect() as db, load(fragile, 8, ask_for_a_guide) as writes:
        eventually(lambda: counts(writes())[202] > 20)
        db.execute("CREATE FUNCTION refuse_to_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                   " IF (SELECT backend_start FROM pg_stat_get_activity(pg_backend_pid())) < TG_ARGV[0]::timestamptz"
                   " THEN RAISE 'cannot execute INSERT in a read-only transaction' USING ERRCODE = '25006'; END IF; RETURN NEW; END $$")
        now = db.execute("SELECT clock_timestamp()::text").fetchone()[0]
        db.execute(f"CREATE TRIGGER a_demotion BEFORE INSERT ON guide_request FOR EACH ROW EXECUTE FUNCTION refuse_to_write('{now}')")
        demoted = time.monotonic()
        eventually(lambda: len([r for r in writes() if r.sent > demoted and r.status == 202]) > 100)
    assert set(counts(writes())) <= {202, 503}
    assert all(refused_well(r, "unavailable") for r in writes() if r.status == 503)
    with fragile.connect() as db:
        kept = [str(row[0]) for row in db.execute("SELECT id FROM guide_request")]
    assert sorted(kept) == sorted(json.loads(r.body)["id"] for r in writes() if r.status == 202)


def test_a_server_that_takes_connections_and_never_answers_holds_up_nobody(own_daemons):
    with socket.create_server(("127.0.0.1", 0)) as silent, own_daemons.running() as daemon:
        daemon.tolerated |= LOST
        daemon.kill()
        daemon.environment["WELCOME_DATABASE_URL"] = (
            f"host=127.0.0.1,{os.environ['PGHOST']} port={silent.getsockname()[1]},5432 target_session_attrs=read-write"
            f" dbname={daemon.database} user=welcome")
        daemon.start()
        assert serves(daemon)


def test_the_second_address_is_tried_when_nobody_listens_at_the_first(own_daemons):
    with own_daemons.running() as daemon:
        daemon.kill()
        daemon.environment["WELCOME_DATABASE_URL"] = (f"host=127.0.0.1,{os.environ['PGHOST']} port=1,5432"
                                                      f" dbname={daemon.database} user=welcome")
        daemon.start()
        assert serves(daemon)


def test_a_wrong_password_is_told_and_a_missing_one_not_waited_for(fragile, own_cluster):
    rules = pathlib.Path(own_cluster.host).parent / "data" / "pg_hba.conf"
    kept = rules.read_text()
    fragile.tolerated |= LOST
    url = fragile.environment["WELCOME_DATABASE_URL"]
    with fragile.connect() as db:
        db.execute("ALTER ROLE welcome PASSWORD 'right'")
        try:
            rules.write_text("local all welcome scram-sha-256\n" + kept)
            db.execute("SELECT pg_reload_conf()")
            eventually(lambda: "no password supplied" in fragile.command("check")[2])
            begun = time.monotonic()
            for password, seconds, reason in (("", "60", "no password supplied"), (" password=wrong", "0", "password authentication failed")):
                fragile.environment |= {"WELCOME_DATABASE_URL": url + password, "WELCOME_START_SECONDS": seconds}
                status, _, errors = fragile.command("serve")
                assert status == 1 and reason in errors.splitlines()[-1] and "WELCOME_DATABASE_URL" in errors.splitlines()[-1]
            assert time.monotonic() - begun < 30
        finally:
            fragile.environment["WELCOME_DATABASE_URL"] = url
            rules.write_text(kept)
            db.execute("SELECT pg_reload_conf()")
            db.execute("ALTER ROLE welcome PASSWORD NULL")
