# SPDX-License-Identifier: EUPL-1.2
# Ways round what coordinators decide about people, and ways in which it could reach too few or too much.
import pytest

from support import Newcomer, People, answer, at_once, problem

REPORTS, BLOCKS, BARS = "/v1/reports", "/v1/me/blocks", "/v1/bars"


def rules_against(coordinator, newcomer, guide):
    refused = problem(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": guide.guide}), 409, "not_eligible")
    return [fault["code"] for fault in refused["errors"]]


def report(person, match, reason="harassment", **body):
    """The path of what somebody says of a match."""
    return f"{REPORTS}/{answer(person.post(f'/v1/matches/{match}/report', {'reason': reason} | body), 201)['id']}"


def resolve(coordinator, report, outcome, **body):
    return answer(coordinator.post(f"{report}/resolve", {"outcome": outcome} | body))


# Apart for good

@pytest.mark.parametrize("who", ["guide", "newcomer"])
def test_another_report_does_not_lift_that_two_stay_apart(people, place, who):
    guide, newcomer, match = people.match(place.city)
    coordinator = people.coordinator(place.city)
    resolve(coordinator, report(newcomer, match), "ended")
    resolve(coordinator, report({"guide": guide, "newcomer": newcomer}[who], match, reason="other"), "no_action")
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
    assert rules_against(coordinator, newcomer, guide) == ["H5"]


def test_a_block_is_the_blocker_s_whatever_comes_of_a_report(people, place):
    guide, newcomer, match = people.match(place.city)
    coordinator = people.coordinator(place.city)
    made = report(newcomer, match)
    block = answer(newcomer.post(BLOCKS, {"match": match}), 201)["id"]
    resolve(coordinator, made, "no_action")
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
    assert "H5" in rules_against(coordinator, newcomer, guide)
    assert newcomer.delete(f"{BLOCKS}/{block}").status_code == 204
    assert rules_against(coordinator, newcomer, guide) == ["H4"], "of the report nothing is left"


# Bars by an address of somebody whom the coordinator does not see

@pytest.fixture
def unseen(people, place):
    """(somebody of another city, the coordinator who barred the address, the bar)"""
    newcomer, coordinator = people.newcomer(place.far), people.coordinator(place.city)
    form = {"email": alias(newcomer.email), "city": place.city, "reason": "She threatened Ada.", "message": "Please call us."}
    bar = answer(coordinator.post(BARS, form), 201)
    assert bar["account"] is None
    return newcomer, coordinator, bar


def test_an_unseen_bar_is_exported_and_keeps_no_words_after_an_erasure(people, unseen):
    newcomer, coordinator, bar = unseen
    newcomer = people.sign_in(newcomer.email)
    (told,) = answer(newcomer.get("/v1/me/export"))["bars"]
    assert (told["id"], told["message"]) == (bar["id"], bar["message"]) and bar["reason"] not in str(told)
    moved = move(people, newcomer)
    assert len(answer(moved.get("/v1/me/export"))["bars"]) == 2
    answer(moved.delete("/v1/me"))
    left = answer(coordinator.get(BARS))["items"]
    assert [(one["reason"], one["message"], one["name"]) for one in left] == [("account_erased", None, None)] * 2


def move(people, person):
    """The same person under another address."""
    email = people.address("moved")
    answer(person.patch("/v1/me", {"email": email}))
    people.confirm(people.daemon.mails.next(email, "confirm_address").token)
    return people.sign_in(email)


def test_an_unseen_bar_goes_along_to_another_address_and_is_lifted_with_it(people, http, place, unseen):
    newcomer, coordinator, bar = unseen
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/withdraw", {}))
    moved = move(people, move(people, people.sign_in(newcomer.email)))
    _, token = people.apply("/v1/guide-requests", people.request_form(place.far, email=moved.email))
    problem(http.post("/v1/confirmations", json={"token": token}), 409, "suspended")
    listed = answer(coordinator.get(BARS))["items"]
    assert len(listed) == 3 and all(one["account"] is None for one in listed), "that somebody is there is not told"
    assert coordinator.delete(f"{BARS}/{bar['id']}").status_code == 204
    assert answer(coordinator.get(BARS))["items"] == []
    people.confirm(token)


def test_a_barred_coordinator_who_moved_does_not_lift_the_bar_of_the_old_address(people, place):
    coordinator, colleague = people.coordinator(place.city), people.coordinator("all")
    bar = answer(colleague.post(BARS, {"email": coordinator.email, "city": place.city, "reason": "Threats"}), 201)["id"]
    moved = move(people, coordinator)
    assert answer(moved.get(BARS))["items"] == []
    problem(moved.delete(f"{BARS}/{bar}"), 404, "not_found")


# Mails that wait

def test_a_mail_that_waits_tells_no_address_while_a_report_stands(start_daemon, place):
    people = People(start_daemon())
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    proposal = guide.proposal()["id"]
    people.daemon.mails_sent()

    def mails_wait(time):
        with people.daemon.connect() as db:
            db.execute(f"ALTER TABLE outbox ALTER next_attempt_at SET DEFAULT clock() + interval '{time}'")
            db.execute("UPDATE outbox SET next_attempt_at = clock() WHERE state = 'waiting'")
            db.execute("SELECT pg_notify('welcome', 'mail')")
    mails_wait("1 hour")
    match = guide.accept(proposal)["match"]["id"]
    made = report(newcomer, match, reason="other")
    mails_wait("0 hours")
    people.daemon.mails_sent()
    for person, template in ((guide, "match_guide"), (newcomer, "match_newcomer")):
        assert people.daemon.mails.take(person.email, template) is None
    resolve(people.coordinator(place.city), made, "continued")
    assert newcomer.email in guide.mail("match_guide").text and guide.email in newcomer.mail("match_newcomer").text
    resolve(people.coordinator(place.city), report(guide, match, reason="other"), "continued")
    people.daemon.mails_sent()
    assert people.daemon.mails.take(guide.email, "match_guide") is None, "once"


# Two who met more than once

def again(people, guide, newcomer, city):
    """Their first match is over; another one under another request, in that city."""
    newcomer = Newcomer(people.daemon, people.confirm(people.apply("/v1/guide-requests", people.request_form(city, email=newcomer.email))[1]))
    return newcomer, guide.accept()["match"]["id"]


def ended_first(people, city):
    guide, newcomer, match = people.match(city)
    answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": "schedule"}))
    return guide, newcomer, match


@pytest.mark.parametrize("by", ["guide", "newcomer"])
def test_a_report_of_an_older_match_ends_the_newer_one(people, place, by):
    guide, newcomer, older = ended_first(people, place.city)
    newcomer, newer = again(people, guide, newcomer, place.city)
    made = report({"guide": guide, "newcomer": newcomer}[by], older)
    assert answer(guide.get(f"/v1/matches/{newer}"))["paused_at"]
    resolve(people.coordinator(place.city), made, "ended")
    seen = answer(guide.get(f"/v1/matches/{newer}"))
    assert (seen["state"], seen["ended_by"], seen["ended_reason"], seen["newcomer"]["email"]) == ("ended", "coordinator", "other", None)
    assert newcomer.look()["state"] == "closed" and newcomer.mail("match_ended_newcomer") and guide.mail("match_ended_guide")
    assert answer(guide.get("/v1/me/guide"))["load"] == 0


def test_ended_by_a_report_is_also_what_its_coordinator_does_not_see(people, place):
    guide = people.guide(place.neighbour, neighbours=True)
    newcomer = people.newcomer(place.city)
    older = guide.accept()["match"]["id"]
    answer(newcomer.post(f"/v1/matches/{older}/end", {"reason": "schedule"}))
    newcomer, newer = again(people, guide, newcomer, place.neighbour)
    guide.daemon.mails_sent()
    for person in (guide, newcomer):
        people.daemon.mails.take(person.email)
    coordinator = people.coordinator(place.city)
    problem(coordinator.get(f"/v1/matches/{newer}"), 404, "not_found")
    resolve(coordinator, report(newcomer, older), "ended")
    assert answer(guide.get(f"/v1/matches/{newer}"))["state"] == "ended" and newcomer.look()["state"] == "closed"
    assert newcomer.mail("match_ended_newcomer") and guide.mail("match_ended_guide")
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
    assert rules_against(people.coordinator(place.neighbour), newcomer, guide) == ["H5"]


@pytest.mark.parametrize("way", ["match", "proposal", "link"])
def test_who_reports_and_ends_an_older_match_ends_the_newer_one(people, http, place, way):
    guide, newcomer, older = people.match(place.city)
    token = newcomer.mail("match_newcomer").token
    answer(newcomer.post(f"/v1/matches/{older}/end", {"reason": "schedule"}))
    newcomer, newer = again(people, guide, newcomer, place.city)
    with people.daemon.connect() as db:
        proposal = db.execute("SELECT proposal FROM match WHERE id = %s", (older,)).fetchone()[0]
    path = {"match": f"/v1/matches/{older}", "proposal": f"/v1/proposals/{proposal}"}.get(way)
    body = {"reason": "unsafe", "end": True}
    if way == "link":
        answer(http.post(REPORTS, json=body | {"token": token}), 201)
    else:
        answer(newcomer.post(f"{path}/report", body), 201)
    seen = answer(guide.get(f"/v1/matches/{newer}"))
    assert (seen["state"], seen["ended_reason"], seen["paused_at"], seen["newcomer"]["email"]) == ("ended", "other", None, None)
    assert newcomer.look()["state"] == "closed" and guide.mail("match_ended_guide")
    assert answer(guide.get("/v1/me/guide"))["load"] == 0


# Bars of other cities

def test_nobody_barred_becomes_a_guide_by_a_coordinator_who_does_not_know(people, place):
    guide, coordinator, elsewhere = people.applicant(place.city), people.coordinator(place.city), people.coordinator(place.far)
    bar = answer(elsewhere.post(BARS, {"email": guide.email, "city": place.far, "reason": "Threats by mail"}), 201)
    assert bar["account"] is None
    problem(coordinator.post(f"/v1/guides/{guide.guide}/approve", {}), 409, "suspended")
    assert answer(guide.get("/v1/me/guide"))["state"] == "applied"
    assert elsewhere.delete(f"{BARS}/{bar['id']}").status_code == 204
    assert answer(coordinator.post(f"/v1/guides/{guide.guide}/approve", {}))["state"] == "active"


# Bars of one's own

def alias(email, word="other"):
    """The same mailbox under another name."""
    return email.replace("@", f"+{word}@")


def test_a_barred_coordinator_neither_sees_nor_lifts_the_own_bar(people, place):
    coordinator, colleague = people.coordinator(place.city), people.coordinator("all")
    email, mine = coordinator.email, people.newcomer(place.city, email=coordinator.email)
    bars = [answer(colleague.post(BARS, {"guide_request": mine.request, "reason": "Threats"}), 201)["id"],
            answer(colleague.post(BARS, {"email": alias(email), "reason": "From here as well"}), 201)["id"]]
    coordinator = people.sign_in(email)
    other = answer(coordinator.post(BARS, {"email": people.address("threats"), "city": place.city, "reason": "Threats"}), 201)["id"]
    assert [bar["id"] for bar in answer(coordinator.get(BARS))["items"]] == [other]
    for bar in bars:
        problem(coordinator.delete(f"{BARS}/{bar}"), 404, "not_found")
    for address in (email, alias(email), email.upper()):
        problem(coordinator.post(BARS, {"email": address, "city": place.city, "reason": "Mine"}), 403, "forbidden")
    seen = [bar["id"] for bar in answer(colleague.get(BARS))["items"]]
    assert set(bars) <= set(seen)
    for bar in bars:
        assert colleague.delete(f"{BARS}/{bar}").status_code == 204


# A mailbox with several accounts

def test_a_bar_by_another_name_of_the_mailbox_suspends_who_has_it(people, place):
    guide, newcomer, match = people.match(place.city)
    coordinator = people.coordinator(place.city)
    form = {"email": alias(newcomer.email).upper(), "city": place.city, "reason": "Threats", "message": "Please call us."}
    bar = answer(coordinator.post(BARS, form), 201)
    assert (bar["account"]["id"], bar["name"]) == (newcomer.id, newcomer.name)
    problem(newcomer.get("/v1/me"), 401, "unauthenticated")
    assert answer(guide.get(f"/v1/matches/{match}"))["state"] == "ended" and guide.mail("match_ended_guide")
    assert "Please call us." in newcomer.mail("account_suspended").text
    assert answer(people.sign_in(newcomer.email).get(f"/v1/guide-requests/{newcomer.request}"))["state"] == "closed"


def several(people, place):
    """(a guide and a newcomer here, a newcomer elsewhere, all of one mailbox)"""
    guide = people.guide(place.city)
    here, far = (people.newcomer(city, email=alias(guide.email, word)) for city, word in ((place.city, "here"), (place.far, "far")))
    return guide, here, far


def test_a_bar_reaches_all_accounts_of_a_mailbox_that_its_coordinator_sees(people, place):
    guide, here, far = several(people, place)
    bar = answer(people.coordinator(place.city).post(BARS, {"guide_request": here.request, "reason": "Threats", "message": "Call us."}), 201)
    assert bar["account"]["id"] == here.id
    for person in (guide, here):
        problem(person.get("/v1/me"), 401, "unauthenticated")
    assert "Call us." in guide.mail("guide_suspended").text
    assert answer(people.sign_in(guide.email).get("/v1/me/guide"))["state"] == "suspended"
    assert far.look()["state"] == "open", "each city acts on what it sees"


def test_suspended_by_a_report_is_the_whole_mailbox(people, place):
    guide, newcomer, match = people.match(place.city)
    here = people.newcomer(place.city, email=alias(guide.email))
    resolve(people.coordinator(place.city), report(newcomer, match), "ended", measure="suspended", message="Call us.")
    assert guide.mail("guide_suspended")
    problem(here.get("/v1/me"), 401, "unauthenticated")
    assert answer(people.sign_in(here.email).get(f"/v1/guide-requests/{here.request}"))["state"] == "closed"


def test_nobody_bars_the_own_mailbox_by_another_account(people, place):
    coordinator = people.coordinator(place.city)
    mine = people.newcomer(place.city, email=alias(coordinator.email))
    for form in ({"guide_request": mine.request}, {"email": mine.email, "city": place.city}):
        problem(coordinator.post(BARS, form | {"reason": "x"}), 403, "forbidden")
    assert mine.look()["state"] == "open"


def test_a_bar_and_another_account_of_the_mailbox_at_once_leave_no_request(people, place):
    for _ in range(4):
        coordinator, email, told = people.coordinator(place.city), people.address("again"), {}
        _, token = people.apply("/v1/guide-requests", people.request_form(place.city, email=email))
        calls = [lambda: coordinator.post(BARS, {"email": alias(email), "city": place.city, "reason": "x"}),
                 lambda: people.daemon.http.post("/v1/confirmations", json={"token": token})]

        def run(n):
            told[n] = calls[n]()
            return told[n]
        at_once(run, 2)
        assert told[0].status_code == 201
        if told[1].status_code == 200:  # first: then it was there to be suspended
            with people.daemon.connect() as db:
                assert db.execute("SELECT state FROM guide_request WHERE account = %s", (told[1].json()["account"]["id"],)).fetchone() == ("closed",)
        else:
            problem(told[1], 409, "suspended")
