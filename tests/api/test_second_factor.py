# SPDX-License-Identifier: EUPL-1.2
# The second factor of staff: set up, asked for, counted, used once, lost.
import base64
import concurrent.futures
import hashlib
import hmac
import struct
import time
import urllib.parse

import pytest

from support import SECRET_KEY, People, Person, answer, faults, problem

VERIFY, MINE = "/v1/sessions/current/second-factor", "/v1/me/second-factor"


def totp(secret, moment=None, drift=0):
    """The code of RFC 6238, computed a second time; one of the past is good for nine seconds yet."""
    if drift < 0 and moment is None and time.time() % 30 > 20:
        time.sleep(30 - time.time() % 30)
    step = int(time.time() if moment is None else moment) // 30 + drift
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 10 ** 6:06}"


def wrong(secret):
    """A code that is none of the five around now."""
    right = {totp(secret, drift=drift) for drift in range(-2, 3)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in right)


def enrol(person):
    """(secret, recovery codes) of somebody whose first code was the one before now: this and the next are free."""
    secret = answer(person.post(MINE), 201)["secret"]
    return secret, answer(person.post(f"{MINE}/confirm", {"code": totp(secret, drift=-1)}))["recovery_codes"]


@pytest.fixture
def coordinator(people, place):
    """Somebody new each time."""
    address = people.address("coordinator")
    assert people.daemon.command("account", "create", "--role", "coordinator", "--email", address, "--city", place.city)[0] == 0
    return people.sign_in(address)


@pytest.fixture
def shifted(start_daemon):
    return start_daemon()


def coordinator_of(daemon):
    people = People(daemon)
    address = people.address("coordinator")
    assert daemon.command("account", "create", "--role", "coordinator", "--email", address)[0] == 0
    return people, people.sign_in(address)


def test_the_codes_are_those_of_the_rfc():
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert [totp(secret, moment) for moment in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


def test_signing_in_takes_a_code_once_there_is_a_second_factor(people, coordinator):
    assert answer(coordinator.get(MINE)) == {"state": "none", "required": False, "added_at": None, "recovery_codes_left": 0}
    assert coordinator.session["second_factor"] is None
    made = answer(coordinator.post(MINE), 201)
    uri = urllib.parse.urlsplit(made["otpauth_uri"])
    query = urllib.parse.parse_qs(uri.query)
    assert (uri.scheme, uri.netloc, urllib.parse.unquote(uri.path)) == ("otpauth", "totp", f"/Welcome Ruhr:{coordinator.email}")
    assert query == {"secret": [made["secret"]], "issuer": ["Welcome Ruhr"], "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"]}
    assert answer(coordinator.get(MINE))["state"] == "pending"
    assert people.sign_in(coordinator.email).session["second_factor"] is None, "no code was given yet"
    confirmed = answer(coordinator.post(f"{MINE}/confirm", {"code": totp(made["secret"], drift=-1)}))
    assert len(set(confirmed["recovery_codes"])) == 10 and confirmed["account"]["roles"] == ["coordinator"]
    assert answer(coordinator.get(MINE))["state"] == "active"
    answer(coordinator.get("/v1/staff/guides"))
    again = people.sign_in(coordinator.email)
    assert again.session["second_factor"] == "code"
    assert (again.session["account"]["roles"], again.session["account"]["cities"]) == ([], [])
    passed = answer(again.post(VERIFY, {"code": totp(made["secret"])}))
    assert passed["account"]["roles"] == ["coordinator"] and passed["recovery_codes_left"] == 10
    answer(again.get("/v1/staff/guides"))
    assert answer(again.get("/v1/me"))["id"] == coordinator.id


def test_before_the_code_a_session_can_do_nothing_else(people, coordinator, place):
    secret, _ = enrol(coordinator)
    again = people.sign_in(coordinator.email)
    for method, path in (("GET", "/v1/me"), ("GET", "/v1/staff/guides"), ("GET", "/v1/guide-requests"), ("GET", "/v1/matches"),
                         ("GET", MINE), ("POST", MINE), ("GET", "/v1/service-requests"), ("PATCH", "/v1/me")):
        problem(again.call(method, path, {} if method != "GET" else None), 403, "forbidden")
    for verb in ("confirm", "remove"):
        problem(again.post(f"{MINE}/{verb}", {"code": totp(secret)}), 403, "forbidden")
    answer(again.delete("/v1/sessions/current"), 204)
    problem(again.post(VERIFY, {"code": totp(secret)}), 401, "unauthenticated")


def test_a_code_is_good_once_and_for_a_minute_and_a_half(people, coordinator):
    secret = answer(coordinator.post(MINE), 201)["secret"]
    confirming = totp(secret, drift=-1)
    answer(coordinator.post(f"{MINE}/confirm", {"code": confirming}))
    first, second = people.sign_in(coordinator.email), people.sign_in(coordinator.email)
    assert faults(first.post(VERIFY, {"code": confirming})) == {("/code", "wrong_code")}, "it has confirmed"
    code = totp(secret)
    answer(first.post(VERIFY, {"code": code}))
    assert faults(second.post(VERIFY, {"code": code})) == {("/code", "wrong_code")}
    assert faults(second.post(VERIFY, {"code": totp(secret, drift=3)})) == {("/code", "wrong_code")}
    answer(second.post(VERIFY, {"code": totp(secret, drift=1)}))


def test_one_code_given_twice_at_once_opens_one_session(people, coordinator):
    secret, _ = enrol(coordinator)
    sessions = [people.sign_in(coordinator.email) for _ in range(4)]
    code = totp(secret)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda session: session.post(VERIFY, {"code": code}).status_code, sessions))
    assert sorted(statuses) == [200, 422, 422, 422]


def test_recovery_codes_are_good_once_each(people, coordinator):
    _, codes = enrol(coordinator)
    first, second = people.sign_in(coordinator.email), people.sign_in(coordinator.email)
    assert answer(first.post(VERIFY, {"code": codes[0].upper().replace("-", " ")}))["recovery_codes_left"] == 9
    assert faults(second.post(VERIFY, {"code": codes[0]})) == {("/code", "wrong_code")}
    assert faults(second.post(VERIFY, {"code": "2222-2222-2222-2222"})) == {("/code", "wrong_code")}
    assert faults(second.post(VERIFY, {"code": "not a code"})) == {("/code", "wrong_code")}
    answer(second.post(VERIFY, {"code": codes[1]}))
    used = answer(people.admin().get(f"/v1/audit?actor={coordinator.id}&action=recovery_code_used"))["items"]
    assert len(used) == 2


def test_five_wrong_codes_and_then_a_rest(shifted):
    people, coordinator = coordinator_of(shifted)
    secret, codes = enrol(coordinator)
    again = people.sign_in(coordinator.email)
    for _ in range(5):
        assert faults(again.post(VERIFY, {"code": wrong(secret)})) == {("/code", "wrong_code")}
    for code in (totp(secret), codes[0]):
        refused = again.post(VERIFY, {"code": code})
        assert problem(refused, 429, "rate_limited")["errors"][0]["code"] == "too_many_codes"
        assert 800 < int(refused.headers["Retry-After"]) <= 900
        problem(coordinator.post(f"{MINE}/remove", {"code": code}), 429, "rate_limited")
    shifted.shift_clock(minutes=14)
    problem(again.post(VERIFY, {"code": totp(secret, time.time() + 14 * 60)}), 429, "rate_limited")
    shifted.shift_clock(minutes=16)
    answer(again.post(VERIFY, {"code": totp(secret, time.time() + 16 * 60)}))


def test_guesses_at_once_are_counted_before_they_are_looked_at(people, coordinator):
    secret, _ = enrol(coordinator)
    sessions = [people.sign_in(coordinator.email) for _ in range(3)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda n: sessions[n % 3].post(VERIFY, {"code": wrong(secret)}).status_code, range(20)))
    assert sorted(statuses) == [422] * 5 + [429] * 15


def test_a_right_code_forgives_the_wrong_ones(people, coordinator):
    secret, codes = enrol(coordinator)
    for code in codes[:2]:
        again = people.sign_in(coordinator.email)
        for _ in range(4):
            faults(again.post(VERIFY, {"code": wrong(secret)}))
        answer(again.post(VERIFY, {"code": code}))


def test_setting_it_up_wrongly_is_counted_too(people, coordinator):
    secret = answer(coordinator.post(MINE), 201)["secret"]
    for _ in range(5):
        assert faults(coordinator.post(f"{MINE}/confirm", {"code": wrong(secret)})) == {("/code", "wrong_code")}
    problem(coordinator.post(f"{MINE}/confirm", {"code": totp(secret)}), 429, "rate_limited")
    again = answer(coordinator.post(MINE), 201)["secret"]
    assert again != secret
    problem(coordinator.post(f"{MINE}/confirm", {"code": totp(again)}), 429, "rate_limited")


def test_setting_it_up_ends_the_other_sessions(people, coordinator):
    elsewhere = people.sign_in(coordinator.email)
    enrol(coordinator)
    problem(elsewhere.get("/v1/me"), 401, "unauthenticated")
    answer(coordinator.get("/v1/me"))


def test_who_has_one_does_not_get_another_and_who_has_none_has_nothing_to_give(people, coordinator):
    for path in (VERIFY, f"{MINE}/confirm", f"{MINE}/remove"):
        problem(coordinator.post(path, {"code": "123456"}), 409, "conflict_state")
    enrol(coordinator)
    problem(coordinator.post(MINE), 409, "conflict_state")
    problem(coordinator.post(f"{MINE}/confirm", {"code": "123456"}), 409, "conflict_state")


def test_removing_it_takes_a_code(people, coordinator):
    secret, codes = enrol(coordinator)
    assert faults(coordinator.post(f"{MINE}/remove", {"code": wrong(secret)})) == {("/code", "wrong_code")}
    assert answer(coordinator.post(f"{MINE}/remove", {"code": codes[3]}))["state"] == "none"
    assert people.sign_in(coordinator.email).session["second_factor"] is None
    actions = {record["action"] for record in answer(people.admin().get(f"/v1/audit?actor={coordinator.id}"))["items"]}
    assert {"second_factor_added", "recovery_code_used", "second_factor_removed"} <= actions


def test_only_staff_have_one(people, http, place):
    newcomer = people.newcomer(place.city)
    problem(newcomer.post(MINE), 403, "forbidden")
    assert answer(newcomer.get(MINE))["state"] == "none"
    link = people.open(people.match(place.far)[1].mail("match_newcomer").token)
    for method, path in (("GET", MINE), ("POST", MINE), ("POST", VERIFY), ("POST", f"{MINE}/confirm"), ("POST", f"{MINE}/remove")):
        problem(link.call(method, path, {"code": "123456"} if path != MINE else None), 403, "forbidden")
        problem(http.request(method, path), 401, "unauthenticated")


def test_admins_reset_what_was_lost(people, http, coordinator, place):
    secret, codes = enrol(coordinator)
    path, admin = f"/v1/accounts/{coordinator.id}/reset-second-factor", people.admin()
    problem(http.post(path), 401, "unauthenticated")
    problem(coordinator.post(path), 403, "forbidden")
    problem(admin.post(f"/v1/accounts/{admin.id}/reset-second-factor"), 409, "conflict_state")
    problem(admin.post(f"/v1/accounts/{people.newcomer(place.city).id}/reset-second-factor"), 404, "not_found")
    assert answer(admin.post(path))["id"] == coordinator.id
    problem(admin.post(path), 409, "conflict_state")
    problem(coordinator.get("/v1/me"), 401, "unauthenticated")
    assert coordinator.mail("second_factor_reset").token is None
    assert people.sign_in(coordinator.email).session["second_factor"] is None
    record, = answer(admin.get(f"/v1/audit?subject={coordinator.id}&action=second_factor_reset"))["items"]
    assert record["actor"]["id"] == admin.id


def test_operators_reset_it_at_the_command_line(people, coordinator):
    enrol(coordinator)
    run = ("account", "reset-second-factor", "--email", coordinator.email)
    assert people.daemon.command(*run)[0] == 0
    status, _, errors = people.daemon.command(*run)
    assert status == 1 and errors == f"welcomed account: {coordinator.email} has no second factor\n"
    coordinator.mail("second_factor_reset")


def test_where_it_is_required_staff_can_only_set_it_up(start_daemon):
    daemon = start_daemon(WELCOME_STAFF_SECOND_FACTOR="required")
    people, coordinator = coordinator_of(daemon)
    assert coordinator.session["second_factor"] == "enrolment" and coordinator.session["account"]["roles"] == []
    for path in ("/v1/me", "/v1/staff/guides", "/v1/guide-requests"):
        problem(coordinator.get(path), 403, "forbidden")
    problem(coordinator.post(VERIFY, {"code": "123456"}), 403, "forbidden")
    assert answer(coordinator.get(MINE)) == {"state": "none", "required": True, "added_at": None, "recovery_codes_left": 0}
    secret, codes = enrol(coordinator)
    answer(coordinator.get("/v1/staff/guides"))
    assert answer(coordinator.post(f"{MINE}/remove", {"code": codes[0]}))["required"] is True
    problem(coordinator.get("/v1/staff/guides"), 403, "forbidden")
    enrol(coordinator)
    answer(coordinator.get("/v1/staff/guides"))


def test_who_becomes_staff_has_no_power_before_the_second_factor(start_daemon):
    daemon = start_daemon(WELCOME_STAFF_SECOND_FACTOR="required")
    people = People(daemon)
    newcomer = people.newcomer("test-0")
    assert newcomer.session["second_factor"] is None
    assert daemon.command("account", "create", "--role", "coordinator", "--email", newcomer.email)[0] == 0
    problem(newcomer.get("/v1/staff/guides"), 403, "forbidden")
    assert answer(newcomer.get("/v1/me"))["guide_requests"] != []
    enrol(newcomer)
    answer(newcomer.get("/v1/staff/guides"))


def test_confirming_something_asks_staff_for_the_code_too(people, coordinator, place):
    secret, _ = enrol(coordinator)
    _, token = people.apply("/v1/guide-requests", people.request_form(place.city, email=coordinator.email))
    session = people.confirm(token)
    assert session["second_factor"] == "code" and session["subject"]["state"] == "open"
    problem(Person(people.daemon, session).get("/v1/staff/guides"), 403, "forbidden")
    answer(Person(people.daemon, session).post(VERIFY, {"code": totp(secret)}))


def test_a_session_without_its_code_ends_soon_and_is_not_extended(shifted):
    people, coordinator = coordinator_of(shifted)
    secret, _ = enrol(coordinator)
    again = people.sign_in(coordinator.email)
    problem(again.get("/v1/me"), 403, "forbidden")
    shifted.shift_clock(minutes=31)
    problem(again.post(VERIFY, {"code": totp(secret, time.time() + 31 * 60)}), 401, "unauthenticated")


def test_nothing_in_the_database_gives_a_code(people, coordinator):
    secret, codes = enrol(coordinator)
    raw = base64.b32decode(secret)
    with people.daemon.connect() as db:
        sealed, = db.execute("SELECT sealed FROM second_factor WHERE account = %s", (coordinator.id,)).fetchone()
        hashes = {bytes(row[0]) for row in db.execute("SELECT hash FROM recovery_code WHERE account = %s", (coordinator.id,))}
        assert raw not in sealed and secret.encode() not in sealed
        assert hashes == {hashlib.sha256(code.replace("-", "").encode()).digest() for code in codes}
        for user in ("welcome", "welcome_worker"):
            with people.daemon.connect(user) as other, pytest.raises(Exception, match="permission denied"):
                other.execute("SELECT FROM second_factor")


def test_a_secret_belongs_to_its_account_and_its_key(daemons):
    with daemons.running() as daemon:
        people, mine = coordinator_of(daemon)
        _, theirs = coordinator_of(daemon)
        secret, _ = enrol(mine)
        enrol(theirs)
        with daemon.connect() as db:
            db.execute("UPDATE second_factor SET sealed = (SELECT sealed FROM second_factor WHERE account = %s) WHERE account = %s", (mine.id, theirs.id))
        daemon.tolerated.add("second_factor_unreadable")
        problem(people.sign_in(theirs.email).post(VERIFY, {"code": totp(secret)}), 503, "unavailable")


def test_without_a_key_there_is_none(start_daemon):
    daemon = start_daemon(WELCOME_SECRET_KEY="")
    _, coordinator = coordinator_of(daemon)
    problem(coordinator.post(MINE), 503, "unavailable")


def test_the_key_may_stand_in_a_file(daemons, tmp_path):
    file = tmp_path / "key"
    file.write_text(base64.b64decode(SECRET_KEY).hex() + "\n")
    with daemons.running(WELCOME_SECRET_KEY="", WELCOME_SECRET_KEY_FILE=file) as daemon:
        enrol(coordinator_of(daemon)[1])


@pytest.mark.parametrize("settings, words", [
    ({"WELCOME_SECRET_KEY": "short"}, "is no key: 32 bytes in base64 or hexadecimal"),
    ({"WELCOME_SECRET_KEY": "", "WELCOME_SECRET_KEY_FILE": "/nowhere"}, "is no key: 32 bytes in base64 or hexadecimal"),
    ({"WELCOME_SECRET_KEY": "", "WELCOME_STAFF_SECOND_FACTOR": "required"}, "needs WELCOME_SECRET_KEY or WELCOME_SECRET_KEY_FILE")])
def test_a_daemon_that_could_let_nobody_in_does_not_start(daemons, settings, words):
    with daemons.running(start=False, **settings) as daemon:
        daemon.log.touch()
        status, _, errors = daemon.command("serve")
        assert status == 1 and words in errors and "short" not in errors
