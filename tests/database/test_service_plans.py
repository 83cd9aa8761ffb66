# SPDX-License-Identifier: EUPL-1.2
"""A page of a list of service requests costs the same whatever the number of requests and wherever the page is; what is said at once is
found all the same."""
import threading
import uuid

import psycopg.sql
import pytest

from test_plans import ROOT, statements, types_of

CASES = {
    "": {}, "by_state": {"state": "submitted"}, "by_office": {"office": "desk"}, "by_service": {"service": "help"},
    "by_service of a clientele": {"clientele": "newcomer", "state": "closed"}, "by_due": {"overdue": True}, "by_due in order": {"sort": "due"},
    "by_due before": {"due_before": "2020-01-01T00:00:00Z"}, "by_advisor": {"advisor": "me"}, "unassigned": {"advisor": "none"},
}
# One in ten is open, half of these late; one in three has the advisor.
MORE = """
SET session_replication_role = replica;
INSERT INTO service_request (id, account, reference, state, service, version, city, handled_by, contact_name, language)
SELECT ('00000030-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, %(asker)s, 'WR-' || lpad(n::text, 9, '0'), s.state, 'help', 1, 'essen', '{essen}', 'Crowd', 'de'
  FROM generate_series(%(first)s::integer, %(last)s::integer) AS n, LATERAL (SELECT CASE WHEN n %% 10 > 0 THEN 'closed' ELSE 'submitted' END AS state) s;
INSERT INTO service_request_office (id, request, requester_account, service, request_state, city, office, state, advisor, acknowledge_due_at, resolve_due_at)
SELECT ('00000031-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, r.id, r.account, 'help', r.state, 'essen', 'desk', r.state,
       CASE WHEN n %% 3 = 0 AND r.state = 'closed' THEN %(advisor)s::uuid END, d.due, d.due
  FROM service_request r, LATERAL (SELECT right(r.id::text, 12)::integer AS n) k,
       LATERAL (SELECT now() + (k.n %% 1000 - 500) * interval '1 hour' AS due) d
 WHERE r.contact_name = 'Crowd' AND k.n BETWEEN %(first)s AND %(last)s;
RESET session_replication_role;
ANALYZE service_request, service_request_office;
"""


@pytest.fixture(scope="module")
def desk(world):
    world.office("essen")
    asker, advisor = world.requester("essen"), world.staff("advisor", "essen")
    return world, asker, advisor


def grow(desk, first, last):
    world, asker, advisor = desk
    for statement in MORE.split(";\n"):
        if statement.strip():
            world.god.execute(statement, {"asker": asker.account, "advisor": advisor.account, "first": first, "last": last}
                              if "%(" in statement else None)


def page(desk, case, **values):
    """(rows, buffers) of one page under the wall, by the plan that serves everybody."""
    _, _, advisor = desk
    variant = case.partition(" ")[0]
    (text, names), = statements(ROOT / "src" / "services" / f"list_service_requests{variant and '.' + variant}.sql")
    types = types_of("list_service_requests")
    given = {"limit": 20, "ctx_languages": "{en,de}"} | CASES[case] | values
    literals = ", ".join(psycopg.sql.quote(given.get(name)) for name in names)
    with advisor.transaction() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE looked_at ({', '.join(types[name] for name in names)}) AS {text}".replace("%", "%%"), ())
        for _ in range(2):  # the first fills caches
            plan = cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE looked_at ({literals})").fetchone()["QUERY PLAN"][0]["Plan"]
        cursor.execute("DEALLOCATE looked_at")
    return plan["Actual Rows"], plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def test_a_page_costs_the_same_among_ten_times_as_many(desk):
    grow(desk, 1, 3000)
    few = {case: page(desk, case) for case in CASES}
    grow(desk, 3001, 30000)
    for case, (rows, buffers) in few.items():
        more_rows, more_buffers = page(desk, case)
        assert rows == more_rows == (0 if "before" in case else 21), case
        assert more_buffers <= 1.35 * buffers + 30, f"{case}: {buffers} buffers among 3,000 requests, {more_buffers} among 30,000"
    middle = '["00000031-0000-7000-8000-000000010000"]'
    for case in ("", "by_state", "unassigned", "by_advisor"):  # deep in the list as at its beginning
        assert page(desk, case, ctx_cursor=middle)[1] <= 1.35 * page(desk, case)[1] + 30, case
    late = '["2100-01-01 00:00:00+00","00000031-0000-7000-8000-000000010000"]'
    assert page(desk, "by_due in order", ctx_cursor=late)[0] == 0 and page(desk, "by_due in order", ctx_cursor=late)[1] < 30


def test_of_words_said_at_once_all_are_found(desk):
    world, asker, advisor = desk
    words = [f"wort{uuid.uuid4().hex}" for _ in range(8)]
    barrier = threading.Barrier(len(words))

    def say(word):
        with world.database.connect("postgres") as connection:
            barrier.wait()
            connection.execute("INSERT INTO service_event (id, request, kind, public, by, text) VALUES (gen_random_uuid(), %s, 'message', true, 'system', %s)",
                               (asker.request, word))
    threads = [threading.Thread(target=say, args=(word,)) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for word in words:
        assert advisor.one("SELECT f.request FROM service_requests_found(%s, '{de}') f", word) == {"request": uuid.UUID(asker.request)}
