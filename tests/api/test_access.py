# SPDX-License-Identifier: EUPL-1.2
# Who gets in: mailed links and what they open, sessions and how they end, the own address.
import re

import pytest

from support import People, Person, answer, eventually, problem

SIGN_IN, SESSIONS, CONFIRMATIONS = "/v1/sign-in", "/v1/sessions", "/v1/confirmations"


@pytest.fixture(scope="module")
def shiftable(daemons):
    with daemons.running() as daemon:
        yield daemon


@pytest.fixture
def later(shiftable):
    """People whose clock a test may move."""
    yield People(shiftable)
    shiftable.shift_clock()


def test_signing_in_answers_known_and_unknown_addresses_alike(people, http, place):
    known, unknown = people.newcomer(place.city).email, people.address("nobody")
    answers = [http.post(SIGN_IN, json={"email": address}) for address in (known, unknown)]
    for one in answers:
        assert answer(one, 202) == {}
    names = [sorted(name.lower() for name in one.headers) for one in answers]
    assert names[0] == names[1]
    people.daemon.mails.next(known, "sign_in")
    people.daemon.mails_sent()
    assert people.daemon.mails.take(unknown) is None


def test_a_sign_in_link_works_once(people, http, place):
    newcomer = people.newcomer(place.city)
    answer(http.post(SIGN_IN, json={"email": newcomer.email.upper()}), 202)
    mail = newcomer.mail("sign_in")
    assert mail.path == "/sign-in"
    session = answer(http.post(SESSIONS, json={"token": mail.token}), 201)
    assert session["subject"] is None and session["account"]["id"] == newcomer.id
    assert re.fullmatch(r"[\w-]{43}", session["access_token"])
    problem(http.post(SESSIONS, json={"token": mail.token}), 410, "token_used")


def test_links_are_good_for_their_own_call_only(people, http, place):
    form = people.request_form(place.city)
    _, confirm = people.apply("/v1/guide-requests", form)
    problem(http.post(SESSIONS, json={"token": confirm}), 404, "token_unknown")
    newcomer = Person(people.daemon, people.confirm(confirm))
    answer(http.post(SIGN_IN, json={"email": newcomer.email}), 202)
    problem(http.post(CONFIRMATIONS, json={"token": newcomer.mail("sign_in").token}), 404, "token_unknown")
    for path in (SESSIONS, CONFIRMATIONS):
        problem(http.post(path, json={"token": "A" * 43}), 404, "token_unknown")
        problem(http.post(path, json={"token": "ü"}), 404, "token_unknown")


def test_the_same_link_confirmed_twice_is_told_so_and_does_nothing(people, http, place):
    form = people.request_form(place.city)
    _, token = people.apply("/v1/guide-requests", form)
    newcomer = Person(people.daemon, people.confirm(token))
    problem(http.post(CONFIRMATIONS, json={"token": token}), 410, "token_used")
    assert len(answer(newcomer.get("/v1/me"))["guide_requests"]) == 1


def test_opening_a_link_changes_nothing(people, http, place):
    _, token = people.apply("/v1/guide-requests", people.request_form(place.city))
    for method in ("GET", "HEAD"):
        assert http.request(method, CONFIRMATIONS).status_code == 405
    assert people.confirm(token)["subject"]["state"] == "open"


def test_signing_in_mails_an_unconfirmed_request_its_link_again(people, http, place):
    form = people.request_form(place.city)
    _, first = people.apply("/v1/guide-requests", form)
    answer(http.post(SIGN_IN, json={"email": form["email"]}), 202)
    second = people.daemon.mails.next(form["email"], "confirm_guide_request").token
    assert second != first
    people.confirm(second)
    problem(http.post(CONFIRMATIONS, json={"token": first}), 410, "token_used")


def test_a_second_open_request_or_profile_of_a_person_is_a_duplicate(people, http, place):
    newcomer = people.newcomer(place.city)
    _, token = people.apply("/v1/guide-requests", people.request_form(place.city, email=newcomer.email))
    problem(http.post(CONFIRMATIONS, json={"token": token}), 409, "duplicate")
    guide = people.applicant(place.city)
    _, token = people.apply("/v1/guides", people.guide_form(place.city, email=guide.email))
    problem(http.post(CONFIRMATIONS, json={"token": token}), 409, "duplicate")
    _, token = people.apply("/v1/guide-requests", people.request_form(place.city, email=guide.email))
    assert people.confirm(token)["account"]["id"] == guide.id  # one person may be both


def test_a_session_of_a_link_reaches_only_its_thing(people, place):
    guide, other_guide = people.guide(place.city, capacity=1), people.guide(place.neighbour, capacity=1)
    newcomer, other = people.newcomer(place.city, neighbours=False), people.newcomer(place.neighbour, neighbours=False)
    mine, foreign = guide.proposal()["id"], other_guide.proposal()["id"]
    link = people.open(guide.mail("proposal").token)
    assert answer(link.get(f"/v1/proposals/{mine}"))["id"] == mine
    problem(link.get(f"/v1/proposals/{foreign}"), 404, "not_found")
    problem(link.post(f"/v1/proposals/{foreign}/accept", {}), 404, "not_found")
    for path in ("/v1/me", "/v1/me/guide", "/v1/proposals", "/v1/matches", "/v1/guide-requests", "/v1/staff/guides", "/v1/accounts",
                 f"/v1/guide-requests/{newcomer.request}", f"/v1/guide-requests/{other.request}"):
        problem(link.get(path), 403, "forbidden")
    problem(link.post("/v1/me/guide/leave", {}), 403, "forbidden")
    match = answer(link.post(f"/v1/proposals/{mine}/accept", {}))["match"]["id"]
    problem(link.get(f"/v1/matches/{match}"), 403, "forbidden")
    match_link = people.open(newcomer.mail("match_newcomer").token)
    assert match_link.subject == {"kind": "match", "id": match, "state": "active"}
    problem(match_link.get(f"/v1/proposals/{mine}"), 403, "forbidden")
    problem(match_link.post(f"/v1/matches/{foreign}/end", {"reason": "other"}), 404, "not_found")


def test_a_link_about_a_thing_works_until_the_thing_is_done(people, http, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    match = guide.accept()["match"]["id"]
    token = newcomer.mail("match_newcomer").token
    first, second = people.open(token), people.open(token)
    answer(first.delete("/v1/sessions/current"), 204)
    problem(first.get(f"/v1/matches/{match}"), 401, "unauthenticated")
    answer(second.post(f"/v1/matches/{match}/end", {"reason": "completed"}))
    assert answer(second.get(f"/v1/matches/{match}"))["state"] == "ended"
    problem(http.post(SESSIONS, json={"token": token}), 410, "token_expired")


def test_signing_out_ends_this_session_at_once_and_no_other(people, place):
    newcomer = people.newcomer(place.city)
    elsewhere = people.sign_in(newcomer.email)
    answer(newcomer.delete("/v1/sessions/current"), 204)
    problem(newcomer.get("/v1/me"), 401, "unauthenticated")
    problem(newcomer.delete("/v1/sessions/current"), 401, "unauthenticated")
    assert answer(elsewhere.get("/v1/me"))["id"] == newcomer.id


@pytest.mark.parametrize("authorization", ["Bearer", "Basic bmF0aGFu", "Bearer x", "Bearer " + "A" * 43, "Bearer " + "A" * 5000,
                                           "Bearer \u00fc"])
def test_what_is_no_session_is_unauthenticated(http, authorization):
    problem(http.get("/v1/me", headers={"Authorization": authorization.encode()}), 401, "unauthenticated")


def test_a_public_operation_ignores_who_asks(http):
    assert answer(http.get("/v1/cities", headers={"Authorization": "Bearer nonsense"}))["items"]


def test_neither_tokens_nor_addresses_of_strangers_are_stored_readable(people, place):
    form = people.request_form(place.city)
    _, token = people.apply("/v1/guide-requests", form)
    session = people.confirm(token)["access_token"]
    with people.daemon.connect() as db:
        for table in ("login_token", "session", "outbox", "confirmation"):
            for (row,) in db.execute(f"SELECT x::text FROM {table} x"):
                assert token not in row and session not in row
    text = people.daemon.log.read_text()
    assert token not in text and session not in text and form["email"] not in text


def test_links_expire_in_their_time(later, place):
    http = later.daemon.http
    newcomer = later.newcomer(place.city)
    _, unconfirmed = later.apply("/v1/guides", later.guide_form(place.city))
    answer(http.post(SIGN_IN, json={"email": newcomer.email}), 202)
    token = newcomer.mail("sign_in").token
    later.daemon.shift_clock(minutes=16)
    problem(http.post(SESSIONS, json={"token": token}), 410, "token_expired")
    later.daemon.shift_clock(days=6)
    assert later.confirm(unconfirmed)["subject"]["state"] == "applied"


def test_a_session_lasts_30_days_after_its_last_use(later, place):
    idle, busy = later.newcomer(place.city), later.newcomer(place.city)

    def extended():
        """the session is extended"""
        with later.daemon.connect() as db:
            return db.execute("SELECT expires_at > clock() + interval '29 days' FROM session WHERE account = %s", (busy.id,)).fetchone()[0]
    later.daemon.shift_clock(days=20)
    answer(busy.get("/v1/me"))
    eventually(extended)
    later.daemon.shift_clock(days=31)
    problem(idle.get("/v1/me"), 401, "unauthenticated")
    answer(busy.get("/v1/me"))


def test_a_session_of_staff_lasts_12_hours_after_its_last_use(later, place):
    coordinator = later.coordinator(place.city)

    def extended():
        """the session is extended"""
        with later.daemon.connect() as db:
            return db.execute("SELECT expires_at > clock() + interval '11 hours' FROM session WHERE account = %s",
                              (coordinator.id,)).fetchone()[0]
    later.daemon.shift_clock(hours=10)
    answer(coordinator.get("/v1/me"))
    eventually(extended)
    later.daemon.shift_clock(hours=20)
    answer(coordinator.get("/v1/me"))
    eventually(extended)
    later.daemon.shift_clock(hours=33)
    problem(coordinator.get("/v1/me"), 401, "unauthenticated")


def test_a_session_of_a_link_lasts_24_hours_and_is_not_extended(later, place):
    guide, newcomer = later.guide(place.city), later.newcomer(place.city)
    proposal = guide.proposal()["id"]
    assert newcomer.look()["state"] == "proposed"
    link = later.open(guide.mail("proposal").token)
    later.daemon.shift_clock(hours=23)
    answer(link.get(f"/v1/proposals/{proposal}"))
    later.daemon.shift_clock(hours=25)
    problem(link.get(f"/v1/proposals/{proposal}"), 401, "unauthenticated")


def test_who_becomes_staff_keeps_no_long_session(people, place):
    newcomer = people.newcomer(place.city)
    account = answer(people.admin().post("/v1/accounts", {"email": newcomer.email, "roles": [{"role": "editor", "city": place.city}]}), 201)
    assert account["id"] == newcomer.id
    with people.daemon.connect() as db:
        assert db.execute("SELECT expires_at <= clock() + interval '12 hours' FROM session WHERE account = %s", (newcomer.id,)).fetchall() == [(True,)]


def test_me_tells_what_somebody_is_and_owns(people, place):
    guide, coordinator = people.guide(place.city), people.coordinator(place.city)
    me = answer(guide.get("/v1/me"))
    assert (me["email"], me["roles"], me["guide"]) == (guide.email, ["guide"], {"id": guide.guide, "state": "active"})
    assert (me["cities"], me["guide_requests"], me["service_requests"]) == ([], [], [])
    me = answer(coordinator.get("/v1/me"))
    assert (me["roles"], me["cities"], me["guide"]) == (["coordinator"], [place.city], None)
    assert len(answer(people.coordinator("all").get("/v1/me"))["cities"]) > 10


def test_the_language_of_mails_can_be_changed(people, http, place):
    newcomer = people.newcomer(place.city)
    assert answer(newcomer.patch("/v1/me", {"language": "tr"}))["language"] == "tr"
    assert answer(newcomer.patch("/v1/me", {}))["language"] == "tr"
    problem(newcomer.patch("/v1/me", {"language": "tlh"}), 422, "validation_failed")


def test_a_new_address_counts_when_it_is_confirmed(people, http, place):
    newcomer = people.newcomer(place.city)
    old, new = newcomer.email, people.address("moved")
    assert answer(newcomer.patch("/v1/me", {"email": new}))["email"] == old
    mail = people.daemon.mails.next(new, "confirm_address")
    assert mail.path == "/confirm"
    confirmed = people.confirm(mail.token)
    assert confirmed["subject"] == {"kind": "account", "id": newcomer.id, "state": None}
    assert confirmed["account"]["email"] == new
    assert answer(newcomer.get("/v1/me"))["email"] == new
    assert people.sign_in(new).id == newcomer.id
    answer(http.post(SIGN_IN, json={"email": old}), 202)
    people.daemon.mails_sent()
    assert people.daemon.mails.take(old, "sign_in") is None


def test_a_new_address_that_belongs_to_somebody_is_told_to_its_owner_only(people, http, place):
    mine, theirs = people.newcomer(place.city), people.newcomer(place.city)
    assert answer(mine.patch("/v1/me", {"email": theirs.email}))["email"] == mine.email
    token = theirs.mail("confirm_address").token
    problem(http.post(CONFIRMATIONS, json={"token": token}), 409, "duplicate")
    assert answer(mine.get("/v1/me"))["email"] == mine.email
