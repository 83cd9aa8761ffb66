# SPDX-License-Identifier: EUPL-1.2
# Background jobs: one worker at a time where it matters, back after every fault, and no obstacle to stopping.
import subprocess
import time

from support import eventually, free_port


def ask(daemon, sql, *values):
    with daemon.connect() as db:
        rows = db.execute(sql, values)
        return rows.fetchall() if rows.description else None


def person(daemon, address):
    """Somebody of staff who asks for a link to sign in."""
    ask(daemon, "SELECT grant_role(%s, 'editor', 'essen', 'en')", address)
    ask(daemon, "SELECT request_sign_in(%s, 'en')", address)


def matchmakers(daemon):
    """Server processes that hold the lock of the matching job."""
    return {pid for pid, in ask(daemon, "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
                                        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                                        " AND (classid::bigint << 32) | objid::bigint"
                                        "     = hashtextextended('welcomed job matching', 0)")}


def second(daemon):
    """One more daemon on the same database."""
    ports = {"WELCOME_PORT": str(free_port()), "WELCOME_ADMIN_PORT": str(free_port())}
    return subprocess.Popen([daemon.program, "serve"], env=daemon.environment | ports, stderr=subprocess.DEVNULL)


def test_one_process_matches_and_another_takes_over_when_it_dies(start_daemon):
    daemon = start_daemon()
    holder = eventually(lambda: matchmakers(daemon))
    other = second(daemon)
    time.sleep(1)
    assert matchmakers(daemon) == holder and len(holder) == 1
    daemon.kill()
    successor = eventually(lambda: matchmakers(daemon) - holder)
    assert len(successor) == 1
    other.terminate()
    assert other.wait(60) == 0
    daemon.start()


def test_jobs_come_back_after_their_connections_were_killed(start_daemon):
    daemon = start_daemon()
    daemon.tolerated |= {"job_failed", "step_failed", "listener_lost", "cache_listener_lost"}
    eventually(lambda: matchmakers(daemon))
    ask(daemon, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'welcome_worker'"
                " AND datname = current_database()")
    person(daemon, "edda@example.org")
    assert daemon.mails.next("edda@example.org", "sign_in").token
    eventually(lambda: matchmakers(daemon))


def test_a_statement_that_hangs_does_not_keep_the_daemon_from_stopping(start_daemon):
    daemon = start_daemon()
    with daemon.connect() as db:
        with db.transaction():
            db.execute("LOCK TABLE outbox")
            waiting = "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'outbox'::regclass AND NOT granted"
            eventually(lambda: ask(daemon, waiting) == [(True,)])
            daemon.process.terminate()
            assert daemon.process.wait(40) == 0  # sooner than a statement of jobs may take


def test_invented_people_meet_their_guides(start_daemon):
    daemon = start_daemon()
    assert daemon.command("import", "--demo")[0] == 0
    proposals = eventually(lambda: ask(daemon, "SELECT r.display_name, g.display_name, p.score, p.terms, p.second_best"
                                               "  FROM proposal p JOIN guide_request r ON r.id = p.request JOIN guide g ON g.id = p.guide"
                                               " WHERE p.state = 'open'"))
    for newcomer, guide, score, terms, _ in proposals:
        assert sum(term["points"] for term in terms) == score, (newcomer, guide, terms)
        assert guide not in ("Grace Dummyfield", "Mehmet Denekoğlu")  # paused; has no free place
    eventually(lambda: ("Tigist Misale", "Selam Misalewit") in [  # the only one who speaks Tigrinya, in the neighbouring city
        row[:2] for row in ask(daemon, "SELECT r.display_name, g.display_name FROM proposal p"
                                       "  JOIN guide_request r ON r.id = p.request JOIN guide g ON g.id = p.guide")])
    assert daemon.mails.next("selam@guide.example.org", "proposal").path.startswith("/proposals/")


def test_nothing_is_proposed_where_people_match_by_hand(start_daemon):
    daemon = start_daemon(WELCOME_MATCHING="manual")
    assert daemon.command("import", "--demo")[0] == 0
    time.sleep(2)
    assert ask(daemon, "SELECT count(*) FROM proposal WHERE state = 'open'") == [(0,)]
