# SPDX-License-Identifier: EUPL-1.2
# Whoever has had half of their forms works for each further one: challenges as the ALTCHA widget reads and solves them.
import base64
import concurrent.futures
import hashlib
import json
import time
import uuid

import pytest

from support import answer, problem

FORM = {"kind": "praise", "text": "Good"}
HEADER = "X-Challenge-Solution"


def solve(challenge):
    """What the widget puts into the form: it tries all numbers."""
    assert challenge["algorithm"] == "SHA-256"
    number = next(n for n in range(challenge["maxnumber"] + 1)
                  if hashlib.sha256(f"{challenge['salt']}{n}".encode()).hexdigest() == challenge["challenge"])
    return packed({name: challenge[name] for name in ("algorithm", "challenge", "salt", "signature")} | {"number": number, "took": 3})


def packed(solution):
    return base64.b64encode(json.dumps(solution).encode()).decode()


def send(daemon, solution=None, form=FORM, **headers):
    return daemon.http.post("/v1/feedback", json=form, headers=headers | ({HEADER: solution} if solution else {}))


def asked(response):
    """The challenge of an answer that asks for work."""
    return problem(response, 429, "challenge_required")["challenge"]


@pytest.fixture
def half(start_daemon):
    """A daemon that has had half of the forms it takes of us."""
    daemon = start_daemon(WELCOME_RATE_FORM=40, WELCOME_CHALLENGE_EFFORT=2000)
    for _ in range(20):
        answer(send(daemon), 202)
    return daemon


def stored(daemon):
    with daemon.connect() as db:
        return db.execute("SELECT count(*) FROM feedback").fetchone()[0]


def test_the_first_half_is_free_and_the_rest_costs_work(half):
    challenge = asked(send(half))
    assert stored(half) == 20
    for _ in range(20):
        answer(send(half, solve(challenge)), 202)
        refused = send(half)
        if refused.json()["code"] == "rate_limited":
            break
        challenge = asked(refused)
    assert stored(half) == 40
    response = send(half, solve(half.http.get("/v1/challenge").json()))
    problem(response, 429, "rate_limited")
    assert int(response.headers["Retry-After"]) > 0 and "challenge" not in response.json()


def test_a_challenge_of_its_own_address_serves_as_well(half):
    response = half.http.get("/v1/challenge", headers={"Origin": "https://anywhere.example.org"})
    challenge = answer(response)
    assert response.headers["Cache-Control"] == "no-store" and "ETag" not in response.headers
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert set(challenge) == {"algorithm", "challenge", "maxnumber", "salt", "signature"}
    assert challenge["maxnumber"] == 2000 and challenge != half.http.get("/v1/challenge").json()
    answer(send(half, solve(challenge)), 202)


def test_a_solution_counts_once(half):
    solution = solve(asked(send(half)))
    answer(send(half, solution), 202)
    again = send(half, solution)
    asked(again)
    assert [(fault["parameter"], fault["code"]) for fault in again.json()["errors"]] == [(HEADER, "challenge_spent")]
    assert stored(half) == 21


def test_a_solution_sent_many_times_at_once_counts_once(half):
    solution = solve(asked(send(half)))
    with concurrent.futures.ThreadPoolExecutor(15) as pool:
        statuses = [one.status_code for one in pool.map(lambda _: send(half, solution), range(15))]
    assert (statuses.count(202), statuses.count(429)) == (1, 14)
    assert stored(half) == 21


def test_a_form_that_is_refused_gives_the_solution_back(half):
    solution = solve(asked(send(half)))
    problem(send(half, solution, FORM | {"object": {"kind": "article", "id": str(uuid.uuid4())}}), 422, "validation_failed")
    problem(send(half, solution, {"kind": "praise"}), 422, "validation_failed")
    answer(send(half, solution), 202)


def test_what_is_sent_again_with_its_key_needs_no_second_solution(half):
    solution, key = solve(asked(send(half))), {"Idempotency-Key": uuid.uuid4().hex}
    assert answer(send(half, solution, **key), 202) == answer(send(half, solution, **key), 202)


def changed(solution, **changes):
    return packed(json.loads(base64.b64decode(solution)) | changes)


def test_what_does_not_solve_it_is_told_so(half):
    solution = solve(asked(send(half)))
    read = json.loads(base64.b64decode(solution))
    salt, number = read["salt"], str(read["number"])
    wrong = [changed(solution, number=read["number"] + 1), changed(solution, signature="0" * 64), changed(solution, challenge="0" * 64),
             changed(solution, algorithm="SHA-1"), changed(solution, number=number), changed(solution, salt=None),
             changed(solution, salt=salt[:-1] + number[0], number=int(number[1:] or "0")),  # no time is stretched by the number's digits
             changed(solution, salt=salt[:-1] + number[0] + "&", number=int(number[1:] or "0")),
             packed([]), "AAAA", "not base64", solution[:-4]]
    for one in wrong:
        response = send(half, one)
        asked(response)
        assert [fault["code"] for fault in response.json()["errors"]] == ["challenge_invalid"], one
    answer(send(half, solution), 202)


def test_a_challenge_expires_and_says_when(half):
    salt = asked(send(half))["salt"]
    expires = int(salt.split("?expires=")[1].rstrip("&"))
    assert 0 < expires - time.time() <= 600


def test_who_is_signed_in_works_for_nothing(start_daemon):
    daemon = start_daemon(WELCOME_RATE_FORM=4, WELCOME_CHALLENGE_EFFORT=2000)
    status, _, errors = daemon.command("account", "create", "--role", "admin", "--email", "somebody@people.example.org")
    assert status == 0, errors
    answer(daemon.http.post("/v1/sign-in", json={"email": "somebody@people.example.org"}), 202)
    token = daemon.mails.next("somebody@people.example.org", "sign_in").token
    session = answer(daemon.http.post("/v1/sessions", json={"token": token}), 201)
    for _ in range(4):
        answer(daemon.http.patch("/v1/me", json={"language": "de"}, headers={"Authorization": f"Bearer {session['access_token']}"}))


def test_without_effort_no_work_is_asked_for(start_daemon):
    daemon = start_daemon(WELCOME_RATE_FORM=4, WELCOME_CHALLENGE_EFFORT=0)
    assert [send(daemon).status_code for _ in range(5)] == [202] * 4 + [429]
    assert answer(daemon.http.get("/v1/challenge"))["maxnumber"] == 0


def test_used_challenges_are_forgotten_when_they_have_expired(half):
    answer(send(half, solve(asked(send(half)))), 202)
    with half.connect() as db:
        assert db.execute("SELECT count(*) FROM spent_challenge WHERE expires > now()").fetchone() == (1,)
        db.execute("UPDATE spent_challenge SET expires = now() - interval '2 hours'")
        end = time.monotonic() + 30
        while db.execute("SELECT count(*) FROM spent_challenge").fetchone() != (0,):
            assert time.monotonic() < end
            time.sleep(0.05)
