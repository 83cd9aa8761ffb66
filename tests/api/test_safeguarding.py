# SPDX-License-Identifier: EUPL-1.2
# When somebody is not good to somebody else: reports, blocks, bars and what coordinators do, as stories of those concerned.
import json

import pytest

from support import Newcomer, People, answer, at_once, eventually, faults, new_place, problem

REPORTS, BLOCKS, BARS = "/v1/reports", "/v1/me/blocks", "/v1/bars"


@pytest.fixture
def later(start_daemon):
    """People whose clock a test moves."""
    return People(start_daemon())


@pytest.fixture
def manual(start_daemon):
    """People nobody is proposed to but by hand."""
    return People(start_daemon(WELCOME_MATCHING="manual"))


def ask(coordinator, newcomer, guide, status=201):
    return answer(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": guide.guide}), status)


def rules_against(coordinator, newcomer, guide):
    refused = problem(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": guide.guide}), 409, "not_eligible")
    return [fault["code"] for fault in refused["errors"]]


def report(person, path, **body):
    return answer(person.post(f"{path}/report", {"reason": "harassment", "text": "He does not stop."} | body), 201)


def mailed(people, person, template):
    people.daemon.mails_sent()
    return people.daemon.mails.take(person.email, template)


# A newcomer who is harassed by a guide

def test_a_report_can_end_contact_at_once_and_the_other_does_not_learn_of_it(people, place):
    guide, newcomer, match = people.match(place.city)
    made = report(newcomer, f"/v1/matches/{match}", end=True)
    assert made["match"] == {"id": match} and made["proposal"]["id"]
    seen = answer(guide.get(f"/v1/matches/{match}"))
    assert (seen["state"], seen["ended_by"], seen["ended_reason"], seen["paused_at"]) == ("ended", "newcomer", "other", None)
    assert seen["newcomer"]["email"] is None
    text = guide.mail("match_ended_guide").text
    assert "report" not in text.lower()
    told = json.dumps([answer(guide.get(path)) for path in (f"/v1/matches/{match}", "/v1/matches", "/v1/proposals", "/v1/me", "/v1/me/export")])
    assert made["id"] not in told and "does not stop" not in told and "harassment" not in told
    coordinator = people.coordinator(place.city)
    one = answer(coordinator.get(f"{REPORTS}/{made['id']}"))
    assert (one["urgency"], one["match"]["state"], one["guide_request"]["id"]) == ("urgent", "ended", newcomer.request)
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
    assert rules_against(coordinator, newcomer, guide) == ["H5"]


def test_who_was_reported_meets_nobody_new_until_somebody_has_looked(people, place):
    guide, newcomer, match = people.match(place.city, guide_gender=None)
    other = people.newcomer(place.city)
    asked = guide.proposal()["id"]
    made = report(newcomer, f"/v1/matches/{match}")
    problem(guide.post(f"/v1/proposals/{asked}/accept"), 409, "already_answered")
    assert other.look()["state"] == "open"
    coordinator = people.coordinator(place.city)
    assert rules_against(coordinator, other, guide) == ["H5"]
    assert answer(coordinator.get(f"/v1/guide-requests/{other.request}/candidates"))["items"] == []
    answer(coordinator.post(f"{REPORTS}/{made['id']}/resolve", {"outcome": "continued"}))
    assert guide.proposal()["guide_request"]["id"] == other.request
    assert "looked into" in newcomer.mail("report_resolved").text
    assert mailed(people, guide, "report_resolved") is None


def test_a_report_about_less_leaves_the_other_asks_and_brings_nobody_new(people, place):
    guide, newcomer, match = people.match(place.city, share_contact="on_acceptance")
    other = people.newcomer(place.city)
    asked = guide.proposal()["id"]
    report(newcomer, f"/v1/matches/{match}", reason="other")
    assert answer(guide.get(f"/v1/proposals/{asked}"))["state"] == "open"
    assert other.look()["state"] == "proposed"


def test_a_proposal_can_be_reported_by_both_sides_once_they_see_it(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city, share_contact="ask_me", message="Send me your picture.")
    proposal = guide.proposal()["id"]
    problem(newcomer.post(f"/v1/proposals/{proposal}/report", {"reason": "other"}), 404, "not_found")  # not shown yet
    made = report(people.open(guide.mail("proposal").token), f"/v1/proposals/{proposal}")
    assert made == {"id": made["id"], "state": "open", "proposal": {"id": proposal}, "match": None}
    assert answer(guide.get(f"/v1/proposals/{proposal}"))["state"] == "cancelled"
    coordinator = people.coordinator(place.city)
    problem(coordinator.post(f"/v1/proposals/{proposal}/report", {"reason": "other"}), 403, "forbidden")
    problem(guide.post(f"/v1/proposals/{proposal}/report", {"reason": "other"}), 409, "duplicate")
    one = answer(coordinator.get(f"{REPORTS}/{made['id']}"))
    assert one["match"] is None and one["reported_by"] == "guide"
    problem(coordinator.post(f"{REPORTS}/{made['id']}/resolve", {"outcome": "continued"}), 409, "conflict_state")
    other = people.guide(place.city)
    assert newcomer.look()["state"] == "open", "who was reported gets nobody new"
    answer(coordinator.post(f"{REPORTS}/{made['id']}/resolve", {"outcome": "no_action"}))
    accepting = eventually(lambda: next((one for one in (guide, other) if answer(one.get("/v1/proposals?state=open"))["items"]), None))
    accepted = accepting.accept()["id"]
    assert report(newcomer, f"/v1/proposals/{accepted}", reason="money")["match"] is None
    problem(newcomer.post(f"/v1/proposals/{accepted}/confirm"), 409, "already_answered")


def test_the_mailed_link_is_enough_also_when_it_is_over(people, http, place):
    guide, newcomer, match = people.match(place.city)
    token, other = newcomer.mail("match_newcomer").token, guide.mail("match_guide").token
    answer(guide.post(f"/v1/matches/{match}/end", {"reason": "completed"}))
    problem(http.post("/v1/sessions", json={"token": token}), 410, "token_expired")
    form = {"token": token, "reason": "unsafe", "text": "He waits before my house.", "end": True}
    made = answer(http.post(REPORTS, json=form), 201)
    assert made["match"] == {"id": match}
    problem(http.post(REPORTS, json=form), 409, "duplicate")
    problem(http.post(REPORTS, json=form | {"token": "A" * 43}), 404, "token_unknown")
    coordinator = people.coordinator(place.city)
    one = answer(coordinator.get(f"{REPORTS}/{made['id']}"))
    assert (one["reported_by"], one["text"]) == ("newcomer", "He waits before my house.")
    with people.daemon.connect() as db:
        db.execute("UPDATE login_token SET created_at = created_at - interval '40 days' WHERE subject_id = %s", (match,))
        db.execute("SELECT expire_tokens()")
        assert db.execute("SELECT count(*) FROM login_token WHERE subject_id = %s AND kind = 'task'", (match,)).fetchone()[0] >= 2
        db.execute("UPDATE match SET ended_at = ended_at - interval '61 days' WHERE id = %s", (match,))
        db.execute("SELECT expire_tokens()")
    problem(http.post(REPORTS, json=form | {"token": other}), 404, "token_unknown")


def test_a_link_that_ends_a_match_with_a_report_speaks_for_nothing_else(people, http, place):
    guide, newcomer, match = people.match(place.city)
    token = guide.mail("match_guide").token
    answer(http.post(REPORTS, json={"token": token, "reason": "discrimination", "end": True}), 201)
    assert answer(newcomer.get(f"/v1/matches/{match}"))["ended_by"] == "guide"
    problem(http.post(REPORTS, json={"token": "B" * 43, "reason": "other"}), 404, "token_unknown")
    sign_in = people.sign_in(guide.email)
    assert answer(sign_in.get("/v1/me"))["guide"]["state"] == "active"


# Blocks

@pytest.mark.parametrize("by", ["guide", "newcomer"])
def test_whom_one_blocks_one_never_meets_again(people, place, by):
    guide, newcomer, match = people.match(place.city)
    one, other = (guide, newcomer) if by == "guide" else (newcomer, guide)
    made = answer(one.post(BLOCKS, {"match": match}), 201)
    assert made["name"] == other.name
    seen = answer(other.get(f"/v1/matches/{match}"))
    assert (seen["state"], seen["ended_by"], seen["ended_reason"]) == ("ended", by, "personal")
    problem(one.post(BLOCKS, {"match": match}), 409, "duplicate")
    assert answer(one.get(BLOCKS)) == {"items": [made], "next": None}
    assert answer(other.get(BLOCKS))["items"] == []
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
    coordinator = people.coordinator(place.city)
    assert "H5" in rules_against(coordinator, newcomer, guide)
    assert answer(coordinator.get(f"/v1/guide-requests/{newcomer.request}/candidates"))["items"] == []
    problem(other.delete(f"{BLOCKS}/{made['id']}"), 404, "not_found")
    assert one.delete(f"{BLOCKS}/{made['id']}").status_code == 204
    problem(one.delete(f"{BLOCKS}/{made['id']}"), 404, "not_found")
    assert rules_against(coordinator, newcomer, guide) == ["H4"]  # a match that ended as personal


def test_a_block_from_a_proposal_cancels_it_and_holds_in_both_parts(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    proposal = guide.proposal()["id"]
    problem(newcomer.post(BLOCKS, {"proposal": proposal}), 404, "not_found")
    answer(guide.post(BLOCKS, {"proposal": proposal}), 201)
    assert answer(guide.get(f"/v1/proposals/{proposal}"))["state"] == "cancelled"
    coordinator = people.coordinator(place.city)
    assert rules_against(coordinator, newcomer, guide) == ["H5"]
    problem(coordinator.post(BLOCKS, {"proposal": proposal}), 403, "forbidden")
    problem(people.newcomer(place.far).post(BLOCKS, {"proposal": proposal}), 404, "not_found")
    assert faults(guide.post(BLOCKS, {})) == {("/proposal", "required")}
    assert faults(guide.post(BLOCKS, {"proposal": proposal, "match": proposal})) == {("/proposal", "contradiction")}
    # the other way round: who blocked asks for a guide, and the blocked one is a guide now
    turned = people.guide(place.far, email=newcomer.email)
    asking = Newcomer(people.daemon, people.confirm(people.apply("/v1/guide-requests", people.request_form(place.far, email=guide.email))[1]))
    assert rules_against(people.coordinator(place.far), asking, turned) == ["H5"]


def test_what_matching_says_of_a_blocked_pair_agrees_everywhere(people, place):
    """The rules are stated three times: for one pair, for all pairs and for people."""
    guide, newcomer, match = people.match(place.city)
    answer(newcomer.post(BLOCKS, {"match": match}), 201)
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
    with people.daemon.connect() as db:
        db.execute("DELETE FROM block WHERE newcomer = %s", (newcomer.id,))  # what the end of the match says beside it
        assert db.execute("SELECT broken_rules(%s, %s)", (newcomer.request, guide.guide)).fetchone() == (["H5"],)
        assert db.execute("SELECT count(*) FROM eligible WHERE request = %s", (newcomer.request,)).fetchone() == (0,)
        assert db.execute("SELECT reason FROM stops_of(ARRAY[%s::uuid], NULL) WHERE guide = %s", (newcomer.request, guide.guide)).fetchone() == ("blocked",)


# A coordinator on Monday morning

def test_the_queue_shows_what_to_do_next(people, place):
    coordinator, stranger = people.coordinator(place.city), people.coordinator(place.far)
    made = {}
    for reason in ("other", "money", "unsafe", "harassment"):
        _, newcomer, match = people.match(place.city)
        made[reason] = report(newcomer, f"/v1/matches/{match}", reason=reason)["id"]
    order = [made[reason] for reason in ("unsafe", "harassment", "money", "other")]
    listed = answer(coordinator.get(f"{REPORTS}?count=true"))
    assert [one["id"] for one in listed["items"]] == order and listed["total"] == 4
    assert [one["urgency"] for one in listed["items"]] == ["urgent", "urgent", "soon", "normal"]
    pages, after = [], ""
    while after is not None:
        page = answer(coordinator.get(f"{REPORTS}?limit=1{after and '&after=' + after}"))
        pages += [one["id"] for one in page["items"]]
        after = page["next"]
    assert pages == order
    answer(coordinator.post(f"{REPORTS}/{made['unsafe']}/resolve", {"outcome": "ended"}))
    answer(coordinator.post(f"{REPORTS}/{made['money']}/claim"))
    assert [one["id"] for one in answer(coordinator.get(REPORTS))["items"]] == [made["harassment"], made["money"], made["other"], made["unsafe"]]
    assert [one["id"] for one in answer(coordinator.get(f"{REPORTS}?state=open&claimed=false&count=true"))["items"]] == [made["harassment"], made["other"]]
    assert answer(stranger.get(f"{REPORTS}?claimed=true&count=true")) == {"items": [], "next": None, "total": 0}


def test_two_coordinators_do_not_do_the_same_work(people, place):
    _, newcomer, match = people.match(place.city)
    made = f"{REPORTS}/{report(newcomer, f'/v1/matches/{match}')['id']}"
    one, two, stranger = people.coordinator(place.city), people.coordinator("all"), people.coordinator(place.far)
    for _ in range(2):
        claimed = answer(one.post(f"{made}/claim"))
        assert claimed["claimed_by_me"] and claimed["claimed_at"]
    problem(two.post(f"{made}/claim", {}), 409, "conflict_state")
    assert answer(two.post(f"{made}/claim", {"take_over": True}))["claimed_by_me"]
    assert not answer(one.get(made))["claimed_by_me"]
    note = answer(one.post(f"{made}/notes", {"text": "She wants another guide."}), 201)
    assert note["mine"] and note["text"] == "She wants another guide."
    assert [(n["text"], n["mine"]) for n in answer(two.get(made))["notes"]] == [("She wants another guide.", False)]
    for verb, body in (("claim", {}), ("notes", {"text": "Mine."})):
        problem(stranger.post(f"{made}/{verb}", body), 404, "not_found")
        problem(newcomer.post(f"{made}/{verb}", body), 403, "forbidden")
    answer(two.post(f"{made}/resolve", {"outcome": "ended"}))
    problem(two.post(f"{made}/claim", {"take_over": True}), 409, "conflict_state")
    answer(one.post(f"{made}/notes", {"text": "Called once more."}), 201)
    with people.daemon.connect() as db:
        actions = [row[0] for row in db.execute("SELECT action FROM audit WHERE subject_id = %s AND action NOT IN ('saw', 'listed') ORDER BY id",
                                                (made.rpartition("/")[2],))]
    assert actions == ["claim_report", "claim_report", "note_report", "resolve_report", "note_report"]


def test_a_report_nobody_looks_at_does_not_stay_quiet(later, place):
    local, everywhere, admin = later.coordinator(place.city), later.coordinator("all"), later.admin()
    _, newcomer, match = later.match(place.city)
    made = report(newcomer, f"/v1/matches/{match}")["id"]
    local.mail("match_reported")
    daemon = later.daemon
    daemon.shift_clock(hours=5)
    for person in (local, everywhere):
        person.mail("report_waits")
    assert mailed(later, admin, "report_escalated") is None
    daemon.shift_clock(hours=25)
    for person in (everywhere, admin):
        text = person.mail("report_escalated").text
        assert "does not stop" not in text and newcomer.name not in text
    assert mailed(later, local, "report_escalated") is None
    daemon.shift_clock(days=5)
    admin.mail("report_escalated")
    later.staff.clear()
    local = later.sign_in(local.email)
    answer(local.post(f"{REPORTS}/{made}/claim"))
    daemon.shift_clock(days=8, hours=1)
    local.mail("report_waits")
    assert mailed(later, everywhere, "report_waits") is None, "whoever has it is reminded"
    local = later.sign_in(local.email)
    answer(local.post(f"{REPORTS}/{made}/resolve", {"outcome": "ended"}))
    daemon.mails_sent()
    daemon.mails.take(admin.email)
    daemon.shift_clock(days=60)
    assert mailed(later, admin, "report_escalated") is None


def test_where_there_is_no_coordinator_the_admins_are_told_at_once(start_daemon):
    people, city = People(start_daemon()), new_place().city
    _, newcomer, match = people.match(city)
    with people.daemon.connect() as db:
        db.execute("DELETE FROM staff_role")
    admin = people.admin()
    report(newcomer, f"/v1/matches/{match}")
    admin.mail("report_escalated")


def test_a_warning_is_mailed_and_tells_nobody_of_whom(people, place):
    guide, newcomer, match = people.match(place.city)
    made = f"{REPORTS}/{report(newcomer, f'/v1/matches/{match}', reason='other')['id']}/resolve"
    coordinator = people.coordinator(place.city)
    assert faults(coordinator.post(made, {"outcome": "continued", "measure": "warned"})) == {("/message", "required")}
    assert faults(coordinator.post(made, {"outcome": "continued", "measure": "suspended", "message": "x"})) == {("/measure", "contradiction")}
    body = {"outcome": "continued", "measure": "warned", "message": "Please meet in public places."}
    for _ in range(2):
        resolved = answer(coordinator.post(made, body))
        assert (resolved["measure"], resolved["message"], resolved["match"]["paused_at"]) == ("warned", body["message"], None)
    problem(coordinator.post(made, body | {"message": "Otherwise."}), 409, "conflict_state")
    text = guide.mail("report_warning").text
    assert body["message"] in text and newcomer.name not in text and newcomer.email not in text
    assert mailed(people, newcomer, "report_warning") is None


# Suspension reaches everything at once

def test_suspending_a_guide_ends_sessions_links_and_mails_too(people, http, place):
    guide, newcomer, match = people.match(place.city)
    token = guide.mail("match_guide").token
    link = people.open(token)
    coordinator = people.coordinator(place.city)
    answer(coordinator.post(f"/v1/guides/{guide.guide}/suspend", {"reason": "A complaint"}))
    for person in (guide, link):
        problem(person.get(f"/v1/matches/{match}"), 401, "unauthenticated")
    problem(http.post("/v1/sessions", json={"token": token}), 404, "token_unknown")
    assert newcomer.wait_for("open") and newcomer.mail("request_reopened")
    session = people.sign_in(guide.email)
    assert answer(session.get("/v1/me/guide"))["state"] == "suspended"
    answer(coordinator.post(f"/v1/guides/{guide.guide}/reinstate"))
    assert answer(session.get(f"/v1/matches/{match}"))["state"] == "ended", "reinstatement revives nothing"


def test_suspended_by_a_report_somebody_is_out_in_either_part(people, place):
    """A guide who is a newcomer elsewhere, with asks and matches in both parts."""
    guide, newcomer, match = people.match(place.city)
    there = people.guide(place.far)
    both = Newcomer(people.daemon, people.confirm(people.apply("/v1/guide-requests", people.request_form(place.far, email=guide.email))[1]))
    as_newcomer = there.accept()["match"]["id"]
    waiting = people.newcomer(place.city)
    guide.proposal()
    made = report(newcomer, f"/v1/matches/{match}", reason="money")["id"]
    coordinator = people.coordinator(place.city)
    body = {"outcome": "ended", "measure": "suspended", "message": "We have to talk.", "note": "Threats"}
    answer(coordinator.post(f"{REPORTS}/{made}/resolve", body))
    assert "We have to talk." in guide.mail("guide_suspended").text
    for session in (guide, both):
        problem(session.get("/v1/me"), 401, "unauthenticated")
    person = people.sign_in(guide.email)
    me = answer(person.get("/v1/me"))
    assert me["guide"]["state"] == "suspended" and [one["state"] for one in me["guide_requests"]] == ["closed"]
    assert {one["state"] for one in answer(person.get("/v1/matches"))["items"]} == {"ended"}
    assert answer(there.get(f"/v1/matches/{as_newcomer}"))["newcomer"]["email"] is None
    assert there.mail("match_ended_guide") and answer(there.get("/v1/me/guide"))["load"] == 0
    assert waiting.look()["state"] == "open"
    problem(coordinator.post(f"/v1/guides/{guide.guide}/reinstate"), 409, "suspended")
    bar = answer(coordinator.get(BARS))["items"][0]
    assert (bar["account"]["id"], bar["reason"], bar["city"]) == (guide.id, "Threats", place.city)
    assert answer(people.coordinator(place.far).get(BARS))["items"] == [], "each city sees its own"
    assert answer(person.get("/v1/me/export"))["bars"][0]["message"] == "We have to talk."
    assert coordinator.delete(f"{BARS}/{bar['id']}").status_code == 204
    guide.mail("account_reinstated")
    answer(coordinator.post(f"/v1/guides/{guide.guide}/reinstate"))
    assert {one["state"] for one in answer(person.get("/v1/matches"))["items"]} == {"ended"}


def test_only_their_own_city_suspends_a_guide(people, place):
    guide, newcomer = people.guide(place.neighbour, neighbours=True), people.newcomer(place.city)
    match = guide.accept()["match"]["id"]
    made = f"{REPORTS}/{report(newcomer, f'/v1/matches/{match}')['id']}/resolve"
    body = {"outcome": "ended", "measure": "suspended", "message": "Not like this."}
    problem(people.coordinator(place.city).post(made, body), 403, "forbidden")
    assert answer(people.coordinator(place.neighbour).post(made, body))["measure"] == "suspended"


# A newcomer who comes back, and who writes from another address

def test_a_suspended_newcomer_cannot_come_back_however_the_address_is_spelled(people, http, place):
    guide, newcomer, match = people.match(place.city)
    coordinator = people.coordinator(place.city)
    bar = answer(coordinator.post(BARS, {"guide_request": newcomer.request, "reason": "Threatened a guide.", "message": "Please call us."}), 201)
    assert (bar["name"], bar["city"], bar["account"]["id"]) == (newcomer.name, place.city, newcomer.id)
    problem(coordinator.post(BARS, {"guide_request": newcomer.request, "reason": "Again."}), 409, "duplicate")
    assert "Please call us." in newcomer.mail("account_suspended").text
    problem(newcomer.get("/v1/me"), 401, "unauthenticated")
    assert answer(guide.get(f"/v1/matches/{match}"))["state"] == "ended" and guide.mail("match_ended_guide")
    person = people.sign_in(newcomer.email)
    problem(person.post(f"/v1/guide-requests/{newcomer.request}/reopen"), 409, "suspended")
    name, domain = newcomer.email.split("@")
    for email in (newcomer.email, f"{name}+other@{domain}", newcomer.email.upper()):
        for path, form in (("/v1/guide-requests", people.request_form(place.far, email=email)), ("/v1/guides", people.guide_form(place.far, email=email))):
            _, token = people.apply(path, form)
            problem(http.post("/v1/confirmations", json={"token": token}), 409, "suspended")
    other = people.address("other")
    answer(person.patch("/v1/me", {"email": other}))
    people.confirm(people.daemon.mails.next(other, "confirm_address").token)
    _, token = people.apply("/v1/guide-requests", people.request_form(place.city, email=other))
    problem(http.post("/v1/confirmations", json={"token": token}), 409, "suspended")
    assert people.sign_in(other).id == person.id, "what is one's own stays open"
    assert len(answer(coordinator.get(BARS))["items"]) == 2
    assert coordinator.delete(f"{BARS}/{bar['id']}").status_code == 204
    problem(coordinator.delete(f"{BARS}/{bar['id']}"), 404, "not_found")
    people.confirm(token)


def test_services_of_the_cities_stay_open_to_everybody(people, place):
    newcomer = people.newcomer(place.city)
    answer(people.coordinator(place.city).post(BARS, {"guide_request": newcomer.request, "reason": "Insults."}), 201)
    requester = people.requester(place.city, contact={"email": newcomer.email})
    assert requester.look()["state"] == "submitted"


def test_an_address_nobody_has_yet_can_be_barred(people, http, place):
    coordinator, email = people.coordinator(place.city), people.address("threats")
    problem(coordinator.post(BARS, {"email": email, "reason": "Threats by mail."}), 403, "forbidden")  # the region's
    problem(coordinator.post(BARS, {"email": email, "reason": "Threats by mail.", "city": place.far}), 403, "forbidden")
    assert faults(coordinator.post(BARS, {"reason": "Whom?"})) == {("/email", "required")}
    bar = answer(coordinator.post(BARS, {"email": email, "city": place.city, "reason": "Threats by mail."}), 201)
    assert bar["account"] is None and bar["name"] is None and bar["until"] > bar["since"]
    _, token = people.apply("/v1/guide-requests", people.request_form(place.far, email=email))
    problem(http.post("/v1/confirmations", json={"token": token}), 409, "suspended")
    with people.daemon.connect() as db:
        kept = db.execute("SELECT b::text FROM bar b WHERE id = %s", (bar["id"],)).fetchone()[0]
    assert email not in kept
    problem(people.coordinator(place.far).delete(f"{BARS}/{bar['id']}"), 404, "not_found")
    assert people.coordinator("all").delete(f"{BARS}/{bar['id']}").status_code == 204


def test_a_bar_by_address_does_not_reach_into_other_cities(people, place):
    newcomer = people.newcomer(place.far)
    bar = answer(people.coordinator(place.city).post(BARS, {"email": newcomer.email, "city": place.city, "reason": "Threats."}), 201)
    assert bar["account"] is None, "that somebody is there is not told"
    assert newcomer.look()["state"] == "open"


def test_nobody_suspends_themselves_or_what_they_do_not_see(people, place):
    coordinator = people.coordinator(place.city)
    newcomer = people.newcomer(place.far)
    problem(coordinator.post(BARS, {"guide_request": newcomer.request, "reason": "x"}), 404, "not_found")
    mine = people.newcomer(place.city, email=coordinator.email)
    problem(coordinator.post(BARS, {"guide_request": mine.request, "reason": "x"}), 403, "forbidden")


def test_who_leaves_while_suspended_does_not_come_back_unseen(people, http, place):
    guide, coordinator = people.guide(place.city), people.coordinator(place.city)
    answer(coordinator.post(f"/v1/guides/{guide.guide}/suspend", {"reason": "A complaint"}))
    answer(people.sign_in(guide.email).post("/v1/me/guide/leave"))
    _, token = people.apply("/v1/guides", people.guide_form(place.city, email=guide.email))
    problem(http.post("/v1/confirmations", json={"token": token}), 409, "suspended")
    assert [one["reason"] for one in answer(coordinator.get(BARS))["items"]] == ["left_while_suspended"]


def test_erasing_the_account_does_not_shake_off_a_report_or_a_block(people, http, place):
    guide, newcomer, match = people.match(place.city)
    report(guide, f"/v1/matches/{match}")
    answer(people.sign_in(newcomer.email).delete("/v1/me"))
    _, token = people.apply("/v1/guide-requests", people.request_form(place.city, email=newcomer.email))
    problem(http.post("/v1/confirmations", json={"token": token}), 409, "suspended")
    coordinator = people.coordinator(place.city)
    bar = answer(coordinator.get(BARS))["items"][0]
    assert (bar["reason"], bar["name"], bar["account"]) == ("erased_while_reported", None, None)
    assert coordinator.delete(f"{BARS}/{bar['id']}").status_code == 204
    back = Newcomer(people.daemon, people.confirm(token))
    assert back.id != newcomer.id and rules_against(coordinator, back, guide) == ["H5"], "the two stay apart"


# Races

def both(*calls):
    told = {}

    def run(n):
        told[n] = calls[n]()
        return told[n]
    at_once(run, len(calls))
    return [told[n] for n in range(len(calls))]


def nothing_goes_on(daemon, account):
    """No open ask, no active match, no open request, whatever the order was."""
    with daemon.connect() as db:
        return db.execute("""SELECT (SELECT count(*) FROM proposal WHERE %(a)s IN (guide_account, request_account) AND state IN ('open', 'awaiting_newcomer'))
                                  + (SELECT count(*) FROM match WHERE %(a)s IN (guide_account, request_account) AND state = 'active')
                                  + (SELECT count(*) FROM guide_request WHERE account = %(a)s AND state <> 'closed')""", {"a": account}).fetchone() == (0,)


def test_suspension_and_acceptance_at_once_leave_no_match(manual):
    for _ in range(6):
        city = new_place().city
        coordinator, guide, newcomer = manual.coordinator(city), manual.guide(city), manual.newcomer(city)
        proposal = ask(coordinator, newcomer, guide)["id"]
        suspended, accepted = both(lambda: coordinator.post(f"/v1/guides/{guide.guide}/suspend", {"reason": "x"}),
                                   lambda: guide.post(f"/v1/proposals/{proposal}/accept"))
        assert suspended.status_code == 200 and accepted.status_code in (200, 401, 409)
        assert nothing_goes_on(manual.daemon, guide.id)
        assert newcomer.wait_for("open")


def test_a_bar_and_acceptance_at_once_leave_no_match(manual):
    for _ in range(6):
        city = new_place().city
        coordinator, guide, newcomer = manual.coordinator(city), manual.guide(city), manual.newcomer(city)
        proposal = ask(coordinator, newcomer, guide)["id"]
        barred, accepted = both(lambda: coordinator.post(BARS, {"guide_request": newcomer.request, "reason": "x"}),
                                lambda: guide.post(f"/v1/proposals/{proposal}/accept"))
        assert barred.status_code == 201 and accepted.status_code in (200, 409)
        assert nothing_goes_on(manual.daemon, newcomer.id) and answer(guide.get("/v1/me/guide"))["load"] == 0


def test_a_bar_and_a_new_request_at_once_leave_no_request(manual):
    for _ in range(6):
        city = new_place().city
        coordinator, email = manual.coordinator(city), manual.address("again")
        _, token = manual.apply("/v1/guide-requests", manual.request_form(city, email=email))
        barred, confirmed = both(lambda: coordinator.post(BARS, {"email": email, "city": city, "reason": "x"}),
                                 lambda: manual.daemon.http.post("/v1/confirmations", json={"token": token}))
        assert barred.status_code == 201
        if confirmed.status_code == 200:  # first: then it was there to be suspended
            assert nothing_goes_on(manual.daemon, confirmed.json()["account"]["id"])
        else:
            problem(confirmed, 409, "suspended")


def test_a_round_never_brings_together_who_blocks_or_is_suspended_meanwhile(manual):
    """The round was solved before and is written at the same moment."""
    everywhere = manual.coordinator("all")
    for kind in ("block", "bar", "suspend", "report") * 2:
        city = new_place().city
        guide, newcomer, match = manual_match(manual, city)
        answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": "schedule"}))
        answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
        coordinator = manual.coordinator(city)
        act = {"block": lambda: guide.post(BLOCKS, {"match": match}),
               "bar": lambda: coordinator.post(BARS, {"guide_request": newcomer.request, "reason": "x"}),
               "suspend": lambda: coordinator.post(f"/v1/guides/{guide.guide}/suspend", {"reason": "x"}),
               "report": lambda: newcomer.post(f"/v1/matches/{match}/report", {"reason": "unsafe"})}[kind]
        acted, placed = both(act, lambda: everywhere.post("/v1/matching/rounds", {"dry_run": False}))
        assert acted.status_code in (200, 201) and placed.status_code == 200, (kind, acted.text, placed.text)
        with manual.daemon.connect() as db:
            assert db.execute("SELECT count(*) FROM proposal WHERE guide = %s AND request = %s AND state IN ('open', 'awaiting_newcomer')",
                              (guide.guide, newcomer.request)).fetchone() == (0,), kind


def manual_match(people, city):
    guide, newcomer = people.guide(city), people.newcomer(city)
    proposal = ask(people.coordinator(city), newcomer, guide)["id"]
    return guide, newcomer, guide.accept(proposal)["match"]["id"]


def test_a_report_and_an_end_at_once_both_count(manual):
    for _ in range(6):
        guide, newcomer, match = manual_match(manual, new_place().city)
        ended, reported = both(lambda: guide.post(f"/v1/matches/{match}/end", {"reason": "completed"}),
                               lambda: newcomer.post(f"/v1/matches/{match}/report", {"reason": "unsafe", "end": True}))
        assert reported.status_code == 201 and ended.status_code in (200, 409)
        seen = answer(newcomer.get(f"/v1/matches/{match}"))
        assert seen["state"] == "ended" and seen["guide"]["email"] is None


def test_two_reports_of_one_person_at_once_are_one(manual):
    guide, newcomer, match = manual_match(manual, new_place().city)
    answers = both(*[lambda: newcomer.post(f"/v1/matches/{match}/report", {"reason": "other"})] * 4)
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]


def test_two_claims_at_once_give_it_to_one(manual):
    city = new_place().city
    _, newcomer, match = manual_match(manual, city)
    made = report(newcomer, f"/v1/matches/{match}")["id"]
    claims = both(lambda: manual.coordinator(city).post(f"{REPORTS}/{made}/claim"), lambda: manual.coordinator("all").post(f"{REPORTS}/{made}/claim"))
    assert sorted(one.status_code for one in claims) == [200, 409]
