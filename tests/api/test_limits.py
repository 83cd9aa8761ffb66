# SPDX-License-Identifier: EUPL-1.2
# Nobody gets more than their share: clients by address or /64, mail addresses by mailbox, known or not.
import concurrent.futures
import re
import time

import httpx
import pytest

from support import People, answer, eventually, faults, problem

PROXIES = "127.0.0.0/8, 10.0.0.0/8"
HOUR, DAY = 3600, 86400


def limited(response):
    """The seconds to wait that a refused answer tells."""
    problem(response, 429, "rate_limited")
    wait = int(response.headers["Retry-After"])
    assert wait > 0
    return wait


def told(response):
    """{policy: (quota, window)} and {policy: (remaining, seconds)} of an answer's headers."""
    policies = {name: (int(q), int(w)) for name, q, w in re.findall(r'"(\w+)";q=(\d+);w=(\d+)', response.headers.get("RateLimit-Policy", ""))}
    left = {name: (int(r), int(t)) for name, r, t in re.findall(r'"(\w+)";r=(\d+);t=(\d+)', response.headers.get("RateLimit", ""))}
    return policies, left


def sign_in(daemon, address, client=None):
    return daemon.http.post("/v1/sign-in", json={"email": address}, headers={"X-Forwarded-For": client} if client else {})


# Clients --------------------------------------------------------------------------------------------------------------------------

def test_a_client_reads_so_often_a_minute_and_is_told(start_daemon):
    daemon = start_daemon(WELCOME_RATE_READ=30)
    began = time.monotonic()

    def came_back():
        """How many tokens may have come back meanwhile."""
        return 1 + (time.monotonic() - began) / 2
    for left in reversed(range(30)):
        policies, remaining = told(daemon.http.get("/v1/cities"))
        assert policies == {"read": (30, 60)}
        assert left <= remaining["read"][0] <= left + came_back()
    answers = [daemon.http.get("/v1/cities") for _ in range(30)]
    refused = [one for one in answers if one.status_code == 429]
    assert len(refused) >= 30 - came_back()
    assert limited(refused[-1]) <= 2
    assert told(refused[-1])[1]["read"][0] == 0
    assert refused[-1].headers["Access-Control-Allow-Origin"] == "*"


def test_a_refused_client_costs_the_database_nothing(start_daemon):
    """While the table is locked who is admitted has to wait; who is refused is answered at once."""
    daemon = start_daemon(WELCOME_RATE_SEARCH=1)
    answer(daemon.http.get("/v1/search?q=x"))
    with daemon.connect() as db, db.transaction():
        db.execute("LOCK TABLE searchable IN ACCESS EXCLUSIVE MODE")
        before = daemon.figure("welcome_lane_statements_total")
        for _ in range(50):
            limited(daemon.http.get("/v1/search?q=x"))
        assert daemon.figure("welcome_lane_statements_total") == before


def test_searches_have_a_limit_of_their_own(start_daemon):
    daemon = start_daemon(WELCOME_RATE_SEARCH=3)
    answers = [daemon.http.get("/v1/search?q=wohnung") for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert told(answers[0]) == ({"search": (3, 60)}, {"search": (2, 20)})
    assert limited(answers[-1]) <= 20
    answer(daemon.http.get("/v1/cities"))


def test_what_is_not_valid_does_not_count(start_daemon):
    daemon = start_daemon(WELCOME_RATE_FORM=6)
    for _ in range(10):
        assert ("/text", "required") in faults(daemon.http.post("/v1/feedback", json={"kind": "praise"}))
        problem(daemon.http.get("/v1/nothing"), 404, "not_found")
    answer(daemon.http.post("/v1/feedback", json={"kind": "praise", "text": "Good"}), 202)


def test_head_counts_like_get_and_options_not_at_all(start_daemon):
    daemon = start_daemon(WELCOME_RATE_SEARCH=2)
    for _ in range(5):
        assert daemon.http.options("/v1/search").status_code == 204
    assert [daemon.http.head("/v1/search?q=x").status_code for _ in range(3)] == [200, 200, 429]


def test_without_limits_nothing_is_told(start_daemon):
    daemon = start_daemon(WELCOME_RATE_READ=0)
    response = daemon.http.get("/v1/cities")
    assert "RateLimit" not in response.headers and "RateLimit-Policy" not in response.headers


def test_many_at_once_over_all_loops_get_no_more_than_the_limit(start_daemon):
    daemon = start_daemon(WELCOME_RATE_SIGN_IN=20, WELCOME_LOOPS=4)

    def ask(n):
        with httpx.Client(base_url=daemon.url, timeout=30, verify=False) as http:  # to load all certificates takes longer than to ask
            return http.post("/v1/sign-in", json={"email": f"many-{n}@people.example.org"}).status_code
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        statuses = list(pool.map(ask, range(100)))
    came_back = int((time.monotonic() - began) / 3)
    assert 20 <= statuses.count(202) <= 20 + came_back and set(statuses) == {202, 429}


# Accounts -------------------------------------------------------------------------------------------------------------------------

def test_an_account_has_no_more_than_one_client_from_however_many_it_comes(daemons):
    with daemons.running(WELCOME_RATE_READ=12, WELCOME_TRUSTED_PROXIES=PROXIES) as daemon:
        people = People(daemon)
        person, other = people.newcomer("essen"), people.newcomer("essen")
        again = people.sign_in(person.email)

        began = time.monotonic()
        answers = [who.get("/v1/me", headers={"X-Forwarded-For": f"203.0.113.{n}"}) for who in (person, again) for n in range(1, 60)]
        # The database tells with its answer who it was, so each session gets one more; meanwhile some come back.
        right = [one for one in answers if one.status_code == 200]
        assert 13 <= len(right) <= 12 + 2 * (1 + (time.monotonic() - began) / 5)
        refused = next(one for one in answers if one.status_code != 200)
        assert limited(refused) <= 5 and told(refused)[1]["read"][0] == 0
        answer(other.get("/v1/me", headers={"X-Forwarded-For": "203.0.113.201"}))
        answer(daemon.http.get("/v1/cities", headers={"X-Forwarded-For": "203.0.113.1"}))


# Who the client is ----------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def behind_proxy(daemons):
    with daemons.running(WELCOME_RATE_SEARCH=2, WELCOME_TRUSTED_PROXIES=PROXIES) as daemon:
        yield daemon


def searches(daemon, *forwarded, times=3):
    """The statuses of so many searches of a client that proxies tell of."""
    headers = [("X-Forwarded-For", value) for value in forwarded]
    return [daemon.http.get("/v1/search?q=x", headers=headers).status_code for _ in range(times)]


SPENT = [200, 200, 429]


def test_a_trusted_proxy_tells_who_the_client_is(behind_proxy):
    assert searches(behind_proxy, "203.0.113.1") == SPENT
    assert searches(behind_proxy, "203.0.113.2, 10.1.2.3") == SPENT
    assert searches(behind_proxy, "203.0.113.2:4711", times=1) == [429]


def test_what_the_client_claims_is_not_believed(behind_proxy):
    """Whatever stands left of the rightmost stranger was said by that stranger."""
    assert searches(behind_proxy, "203.0.113.3") == SPENT
    assert searches(behind_proxy, "198.51.100.1, 203.0.113.3", times=1) == [429]
    assert searches(behind_proxy, "10.0.0.1, 203.0.113.3", times=1) == [429]
    assert searches(behind_proxy, "198.51.100.2", "203.0.113.3", times=1) == [429]  # a proxy that adds a header of its own


def test_a_network_of_64_bits_is_one_client(behind_proxy):
    assert [searches(behind_proxy, f"2001:db8:1:2::{n}", times=1)[0] for n in range(3)] == SPENT
    assert searches(behind_proxy, "2001:db8:1:3::1", times=1) == [200]


def test_strangers_cannot_say_who_they_are(start_daemon):
    daemon = start_daemon(WELCOME_RATE_SEARCH=2)
    assert [searches(daemon, f"203.0.113.{n}", times=1)[0] for n in range(3)] == SPENT


# Addresses ------------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def strict(start_daemon):
    """A daemon with the limits of a fresh installation for addresses."""
    return start_daemon(WELCOME_RATE_FORM_PER_ADDRESS=3, WELCOME_RATE_SIGN_IN_PER_ADDRESS=10)


def test_an_address_is_mailed_so_often_an_hour_known_or_not(strict):
    status, _, errors = strict.command("account", "create", "--role", "admin", "--email", "known@people.example.org")
    assert status == 0, errors
    for address in ("known@people.example.org", "unknown@people.example.org"):
        assert [sign_in(strict, address).status_code for _ in range(10)] == [202] * 10
        refused = sign_in(strict, address)
        assert limited(refused) in range(HOUR - 60, HOUR + 1)
        body = refused.json()
        assert [(fault["pointer"], fault["code"], fault["limit"]) for fault in body["errors"]] == [("/email", "address_limit", "10")]
        policies, left = told(refused)
        assert policies["sign_in_per_address"] == (10, HOUR) and left["sign_in_per_address"][0] == 0
    strict.mails_sent()
    assert len(list((strict.folder / "mail").glob("new/*"))) == 10
    strict.shift_clock(minutes=61)
    assert sign_in(strict, "known@people.example.org").status_code == 202


@pytest.mark.parametrize("other", ["VICTIM@people.example.org", "victim+1@people.example.org", "Victim+x+y@People.Example.Org"])
def test_other_spellings_reach_the_same_limit(strict, other):
    for _ in range(10):
        sign_in(strict, "victim@people.example.org")
    limited(sign_in(strict, other))


def test_dots_count_where_the_provider_counts_them(strict):
    for n in range(10):
        assert sign_in(strict, ["vi.ctim@gmail.com", "v.ictim@googlemail.com"][n % 2]).status_code == 202
    limited(sign_in(strict, "victim@gmail.com"))
    assert sign_in(strict, "vi.ctim@people.example.org").status_code == sign_in(strict, "victim@people.example.org").status_code == 202


def test_forms_of_all_kinds_together_name_an_address_three_times_a_day(strict):
    people = People(strict)
    forms = [("/v1/guides", people.guide_form("essen")), ("/v1/guide-requests", people.request_form("essen")),
             ("/v1/feedback", {"kind": "praise", "text": "Good"})]
    for path, form in forms:
        answer(strict.http.post(path, json=form | {"email": "victim@people.example.org"}), 202)
    for path, form in forms:
        wait = limited(strict.http.post(path, json=form | {"email": "victim@people.example.org"}))
        assert wait in range(DAY - 60, DAY + 1)
    answer(strict.http.post("/v1/feedback", json=forms[2][1]), 202)  # without an address
    strict.mails_sent()
    assert len(list((strict.folder / "mail").glob("new/*"))) == 2


def test_an_address_in_an_inner_object_is_pointed_at(strict):
    people = People(strict)
    people.office_in("essen")
    form = people.service_form("essen")
    for _ in range(3):
        answer(strict.http.post("/v1/service-requests", json=form), 202)
    refused = strict.http.post("/v1/service-requests", json=form)
    limited(refused)
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/contact/email"]


def test_a_new_address_of_an_account_is_no_way_to_bomb_it(strict):
    people = People(strict)
    person = people.newcomer("essen")
    for _ in range(3):
        answer(person.patch("/v1/me", {"email": "victim@people.example.org"}))
    limited(person.patch("/v1/me", {"email": "victim@people.example.org"}))
    answer(person.patch("/v1/me", {"language": "de"}))
    assert answer(person.get("/v1/me"))["language"] == "de"


def test_what_is_sent_again_with_its_key_costs_the_address_nothing(strict):
    form = {"kind": "praise", "text": "Good", "email": "again@people.example.org"}
    for n in range(3):
        key = {"Idempotency-Key": f"{n:016}"}
        assert len({answer(strict.http.post("/v1/feedback", json=form, headers=key), 202)["id"] for _ in range(3)}) == 1
    limited(strict.http.post("/v1/feedback", json=form, headers={"Idempotency-Key": f"{3:016}"}))
    answer(strict.http.post("/v1/feedback", json=form, headers=key), 202)


def test_what_the_database_refuses_costs_the_address_nothing(strict):
    form = {"kind": "praise", "text": "Good", "email": "refused@people.example.org",
            "object": {"kind": "article", "id": "01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01"}}
    for _ in range(5):
        assert faults(strict.http.post("/v1/feedback", json=form)) == {("/object/id", "unknown_object")}
    answer(strict.http.post("/v1/feedback", json=form | {"object": None}), 202)


def test_fifty_at_once_for_one_address_get_no_more_than_the_limit(strict):
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: sign_in(strict, "victim@people.example.org"), range(50)))
    for one in answers:
        if one.status_code != 202:
            limited(one)
    assert sum(one.status_code == 202 for one in answers) == 10


def test_daemons_on_one_database_count_addresses_together(strict, daemons):
    other = strict.environment | {"WELCOME_RATE_SIGN_IN_PER_ADDRESS": "10"}
    for _ in range(10):
        sign_in(strict, "victim@people.example.org")
    strict.kill()
    strict.environment = other
    strict.start()
    limited(sign_in(strict, "victim@people.example.org"))


def test_nothing_that_is_kept_tells_an_address_and_it_is_cleaned(strict):
    sign_in(strict, "victim@people.example.org")
    with strict.connect() as db:
        name, = db.execute("SELECT name FROM address_use").fetchone()
        assert len(name) == 32 and b"victim" not in name
        assert db.execute("SELECT name = sha256('sign_in victim@people.example.org') FROM address_use").fetchone() == (False,)
        strict.shift_clock(minutes=61)

        def gone():
            """the job has cleaned it away"""
            return db.execute("SELECT count(*) FROM address_use").fetchone() == (0,)
        eventually(gone)
