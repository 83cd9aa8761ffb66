# SPDX-License-Identifier: EUPL-1.2
# Two daemons on one database are one service: what one knows the other knows, jobs run once, and only clients' limits are each one's own.
import collections
import contextlib
import threading
import time
import uuid

import httpx
import pytest

from support import PATIENCE, Daemon, People, answer, eventually, new_place, problem


@pytest.fixture
def pair(daemons, tmp_path):
    """Starts two daemons on a fresh database: one, two = pair(WELCOME_MATCHING="manual")."""
    with contextlib.ExitStack() as running:
        def start(**settings):
            one = running.enter_context(daemons.running(start=False, **settings))
            two = Daemon(one.program, one.database, tmp_path, settings)
            running.callback(two.stop)
            one.start()
            two.start()
            return one, two
        yield start


def at_both(one, two, call):
    """What call(daemon, n) gives at each at the same moment, ten times each."""
    barrier, results = threading.Barrier(20), []

    def run(daemon, n):
        barrier.wait()
        results.append(call(daemon, n))
    threads = [threading.Thread(target=run, args=(daemon, n)) for n in range(10) for daemon in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_session_a_key_and_a_cursor_count_at_both(pair):
    one, two = pair(WELCOME_MATCHING="manual")
    people, place = People(one), new_place()
    guide = people.guide(place.city)
    assert answer(two.http.get("/v1/me", headers={"Authorization": f"Bearer {guide.token}"}))["id"] == guide.id
    form, key = people.request_form(place.city), uuid.uuid4().hex

    def send(daemon, _):
        with httpx.Client(base_url=daemon.url, timeout=PATIENCE) as http:
            return http.post("/v1/guide-requests", json=form, headers={"Idempotency-Key": key})
    sent = at_both(one, two, send)
    assert collections.Counter(response.status_code for response in sent).keys() <= {202, 409}
    assert all(problem(response, 409, "idempotency_in_flight") for response in sent if response.status_code == 409)
    assert answer(send(one, 0), 202) == answer(send(two, 0), 202)
    with one.connect() as db:
        assert db.execute("SELECT count(*) FROM guide_request WHERE city = %s", (place.city,)).fetchone() == (1,)
    page = answer(one.http.get("/v1/articles?lang=de&limit=1"))
    following = answer(two.http.get("/v1/articles", params={"after": page["next"], "lang": "de", "limit": 1}))
    assert following["items"] and following["items"] != page["items"]
    answer(guide.delete("/v1/sessions/current"), 204)
    problem(two.http.get("/v1/me", headers={"Authorization": f"Bearer {guide.token}"}), 401, "unauthenticated")


def test_each_mail_is_sent_once_and_by_the_other_when_one_dies(pair, smtp_server):
    one, two = pair(WELCOME_SMTP_URL=smtp_server.url, WELCOME_SMTP_TLS="false", WELCOME_MATCHING="manual")
    place, numbers = new_place(), iter(range(1000))

    def write(daemons, count):
        addresses = []
        for n in range(count):
            addresses.append(f"noor-{next(numbers)}@several.example.org")
            form = People(one).request_form(place.city, email=addresses[-1])
            answer(httpx.post(daemons[n % len(daemons)].url + "/v1/guide-requests", json=form, timeout=PATIENCE), 202)
        return addresses
    written = write([one, two], 20)
    eventually(lambda: len(smtp_server.mails) >= 20)
    one.mails_sent()  # who dies between handing one over and noting it has it sent twice rather than never
    one.kill()
    written += write([two], 5)
    eventually(lambda: len(smtp_server.mails) >= 25)
    one.start()
    written += write([one, two], 10)
    eventually(lambda: len(smtp_server.mails) >= 35)
    time.sleep(2)  # for one too many
    assert sorted(mail.to for mail in smtp_server.mails) == sorted(written)


def test_rounds_at_both_ask_nobody_twice(pair):
    one, two = pair()  # by themselves, as fast as they can
    people, place = People(one), new_place()
    guides = [people.guide(place.city, capacity=1) for _ in range(6)]
    token = people.coordinator().token
    newcomers = [people.newcomer(place.city) for _ in range(6)]

    def round_at(daemon, _):
        return httpx.post(daemon.url + "/v1/matching/rounds", json={"dry_run": False}, timeout=PATIENCE, headers={"Authorization": f"Bearer {token}"})
    rounds = at_both(one, two, round_at)
    assert {response.status_code for response in rounds} == {200}
    for newcomer in newcomers:
        newcomer.wait_for("proposed")
    with one.connect() as db:
        asked = db.execute("SELECT request::text, guide::text FROM proposal").fetchall()
    assert sorted(request for request, _ in asked) == sorted(newcomer.request for newcomer in newcomers)
    assert sorted(guide for _, guide in asked) == sorted(guide.guide for guide in guides)


def test_new_words_reach_both(pair):
    one, two = pair()
    for daemon in (one, two):
        problem(daemon.http.get("/v1/articles?city=test-new"), 422, "validation_failed")
    with one.connect("welcome_worker") as db:
        db.execute("INSERT INTO city (slug, name, ags, neighbours) VALUES ('test-new', 'Test', '99999999', '{}')")
    for daemon in (one, two):
        eventually(lambda: daemon.http.get("/v1/articles?city=test-new").status_code == 200)


def test_a_mail_address_has_one_limit_and_a_client_one_at_each(pair):
    one, two = pair(WELCOME_RATE_FORM_PER_ADDRESS="3", WELCOME_RATE_FORM="4", WELCOME_CHALLENGE_EFFORT="0")
    people, place = People(one), new_place()
    form = people.request_form(place.city)
    for daemon in (one, two, one):
        answer(daemon.http.post("/v1/guide-requests", json=form), 202)
    problem(two.http.post("/v1/guide-requests", json=form), 429, "rate_limited")

    def more(daemon):
        """How many more forms a client gets rid of there."""
        return [daemon.http.post("/v1/guide-requests", json=people.request_form(place.city)).status_code for _ in range(6)].count(202)
    assert (more(one), more(two)) == (4 - 2, 4 - 2)


def test_migrating_disturbs_neither(pair):
    one, two = pair()
    one.tolerated |= {"job_failed", "step_failed", "mail_failed"}  # who loses a deadlock begins anew
    place, stop, answered, lasted = new_place(), threading.Event(), collections.Counter(), []

    def ask(daemon):
        people = People(daemon)
        with httpx.Client(base_url=daemon.url, timeout=PATIENCE) as http:
            while not stop.is_set():
                answered[http.get("/v1/articles?lang=de&limit=5").status_code] += 1
                answered[http.post("/v1/guide-requests", json=people.request_form(place.city)).status_code] += 1
    threads = [threading.Thread(target=ask, args=(daemon,)) for daemon in (one, one, two, two)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            began = time.monotonic()
            status, out, errors = two.command("migrate", "--reload")
            lasted.append(time.monotonic() - began)
            assert status == 0, out + errors
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    refused = answered.pop(503, 0) if max(lasted) > 3 else 0  # no read waits for a lock for more than three seconds, no write for five
    assert set(answered) == {200, 202} and refused <= len(threads) * sum(lasted) / 3, answered
    assert sum(answered.values()) > 20
