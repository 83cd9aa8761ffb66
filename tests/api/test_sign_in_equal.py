# SPDX-License-Identifier: EUPL-1.2
# Nobody learns from an answer, or from how long it takes, whether an address is known: the database does the same for both. And what it keeps of
# tokens opens nothing.
import base64
import time

import pytest

from support import People, answer, eventually

ROUNDS = 5


@pytest.fixture(scope="module")
def watched(daemons):
    """People of a daemon whose statements are counted, and whose jobs rest."""
    with daemons.running(start=False, WELCOME_JOB_PAUSE=3600, WELCOME_CACHE_MB=0) as daemon, daemon.connect() as db:
        db.execute("CREATE EXTENSION pg_stat_statements SCHEMA public")
        db.execute(f"ALTER DATABASE {daemon.database} SET pg_stat_statements.track = 'all'")  # what functions do, too
        daemon.start()
        people = People(daemon)
        people.known = {"guide": people.guide("test-0").email, "newcomer": people.newcomer("test-4").email,
                        "staff": people.coordinator("test-0").email}
        yield people


def counted(db):
    """{(id of a statement, at top level): (calls, rows)} of the daemon's requests since the last reset, and {id: its words}, which are with constants or
    without, as it happened to be parsed anew since or not."""
    rows = db.execute("SELECT queryid, toplevel, sum(calls)::int, sum(rows)::int, min(query) FROM public.pg_stat_statements s"
                      " WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
                      "   AND (s.userid = 'welcome'::regrole OR s.userid = 'welcome_owner'::regrole)"
                      " GROUP BY 1, 2").fetchall()
    return {row[:2]: row[2:4] for row in rows}, {row[0]: row[4] for row in rows}


def statements_of(people, path, forms):
    """What the database did for these requests, one after another."""
    daemon = people.daemon
    with daemon.connect() as db:
        def rests():
            """no job is at work"""
            before = counted(db)[0]
            time.sleep(0.3)
            return counted(db)[0] == before
        eventually(rests)
        db.execute("DELETE FROM address_use")  # how often an address came is counted for all addresses
        db.execute("SELECT public.pg_stat_statements_reset()")
        for form in forms:
            answer(daemon.http.post(path, json=form), 202)
        return counted(db)


def test_the_database_does_the_same_for_known_and_unknown_addresses(watched):
    people = watched
    people.daemon.mails_sent()
    with people.daemon.connect() as db:
        db.execute("REVOKE SELECT ON outbox FROM welcome_worker")  # what differs is the mailer's work, and later
    people.daemon.tolerated.add("job_failed")
    ways = {"/v1/sign-in": lambda address: {"email": address},
            "/v1/guide-requests": lambda address: people.request_form("test-0", email=address),
            "/v1/guides": lambda address: people.guide_form("test-0", email=address)}
    for path, form in ways.items():
        statements_of(people, path, [form(people.address())])  # what is prepared once
        unknown, words = statements_of(people, path, [form(people.address())] * ROUNDS)
        for kind, address in people.known.items():
            known, others = statements_of(people, path, [form(address)] * ROUNDS)
            assert known == unknown, f"{path}, address of a {kind}: {words | others}"
        inserted = [figures for (statement, _), figures in unknown.items() if "INSERT INTO outbox" in words[statement]]
        assert inserted == [(ROUNDS, ROUNDS)], f"{path}: functions are looked into"


def test_no_table_holds_what_opens_something(people, place):
    """Tokens, access tokens, recovery codes, secrets: neither as they are nor as their bytes."""
    address = people.address("coordinator")
    assert people.daemon.command("account", "create", "--role", "coordinator", "--email", address, "--city", place.city)[0] == 0
    coordinator = people.sign_in(address)
    secret = answer(coordinator.post("/v1/me/second-factor"), 201)["secret"]
    answer(people.daemon.http.post("/v1/sign-in", json={"email": address}), 202)
    unused = coordinator.mail("sign_in").token
    _, confirm = people.apply("/v1/guide-requests", people.request_form(place.city))
    guide, newcomer, _ = people.match(place.far)
    task = newcomer.mail("match_newcomer").token
    opened = people.open(task)
    tokens = [coordinator.token, unused, confirm, task, opened.token, guide.token]
    forms = {form for token in tokens for form in (token, base64.urlsafe_b64decode(token + "=").hex())} | {secret, base64.b32decode(secret).hex()}
    with people.daemon.connect() as db:
        tables = [name for name, in db.execute("SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'welcome'::regnamespace AND relkind = 'r'")]
        assert {"session", "login_token", "outbox", "second_factor", "recovery_code", "oidc_sign_in", "audit"} <= set(tables)
        held = [(table, form) for table in tables for form in forms
                if db.execute(f"SELECT EXISTS (SELECT FROM {table} t WHERE strpos(t::text, %s) > 0)", (form,)).fetchone()[0]]
    assert held == []
