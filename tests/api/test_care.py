# SPDX-License-Identifier: EUPL-1.2
# What people are owed while they wait and afterwards: a wider search, "still looking?", check-ins, and what comes of a report.
import pytest

from support import Newcomer, People, answer, faults, problem

GEORGIAN = [{"tag": "ka", "level": "native"}]


@pytest.fixture
def later(start_daemon):
    """People whose clock a test moves."""
    return People(start_daemon())


def test_after_a_week_the_newcomer_is_asked_to_look_farther(later, place):
    daemon = later.daemon
    guide = later.guide(place.neighbour, languages=GEORGIAN, neighbours=True, remote=True)
    newcomer = later.newcomer(place.city, languages=GEORGIAN, neighbours=False)
    nothing_left = later.newcomer(place.city, languages=GEORGIAN, remote=True, neighbours=True, guide_gender={"value": "female", "must": True})
    daemon.shift_clock(days=6)
    assert newcomer.look()["state"] == "open"
    daemon.shift_clock(days=7, hours=1)
    link = later.open(newcomer.mail("widen_request").token, Newcomer)
    assert link.subject == {"kind": "guide_request", "id": newcomer.request, "state": "open"}
    widened = answer(link.post(f"/v1/guide-requests/{newcomer.request}/widen", {"neighbours": True}))
    assert (widened["neighbours"], widened["remote"]) == (True, False)
    assert guide.proposal()["guide_request"]["id"] == newcomer.request
    daemon.mails_sent()
    for person in (newcomer, nothing_left):
        assert daemon.mails.take(person.email, "widen_request") is None  # once; nobody who has nothing to widen


def test_widening_only_opens_and_cancels_nothing(people, place):
    guide = people.guide(place.city)
    newcomer = people.newcomer(place.city, neighbours=False)
    mine = f"/v1/guide-requests/{newcomer.request}"
    proposal = guide.proposal()["id"]
    assert faults(newcomer.post(f"{mine}/widen", {})) == {("", "nothing_to_widen")}
    assert faults(newcomer.post(f"{mine}/widen", {"neighbours": False})) == {("", "nothing_to_widen")}
    for _ in range(2):
        widened = answer(newcomer.post(f"{mine}/widen", {"remote": True}))
        assert (widened["neighbours"], widened["remote"], widened["state"]) == (False, True, "proposed")
    assert answer(newcomer.post(f"{mine}/widen", {"neighbours": True, "remote": False}))["remote"] is True
    assert answer(guide.get(f"/v1/proposals/{proposal}"))["state"] == "open"
    coordinator = people.coordinator(place.city)
    for verb, body in (("widen", {"remote": True}), ("renew", {})):
        problem(coordinator.post(f"{mine}/{verb}", body), 403, "forbidden")
    guide.accept(proposal)
    for verb, body in (("widen", {"remote": True}), ("renew", {})):
        problem(newcomer.post(f"{mine}/{verb}", body), 409, "conflict_state")


def test_who_still_looks_keeps_the_request_and_the_place_in_the_queue(later, place):
    silent, faithful = (later.newcomer(place.city, languages=GEORGIAN) for _ in range(2))
    later.daemon.shift_clock(days=77)
    mails = {person: person.mail("still_looking") for person in (silent, faithful)}
    link = later.open(mails[faithful].token, Newcomer)
    since = link.look()["waiting_since"]
    assert answer(link.post(f"/v1/guide-requests/{faithful.request}/renew"))["state"] == "open"
    later.daemon.shift_clock(days=91)
    silent.mail("request_expired")
    assert later.sign_in(silent.email).get(f"/v1/guide-requests/{silent.request}").json()["closed_as"] == "expired"
    again = later.sign_in(faithful.email)
    kept = answer(again.get(f"/v1/guide-requests/{faithful.request}"))
    assert (kept["state"], kept["waiting_since"], kept["position"]) == ("open", since, 1)


def test_both_are_asked_after_two_and_eight_weeks_how_it_goes(later, place):
    guide, newcomer, match = later.match(place.city)
    mine = f"/v1/matches/{match}"
    problem(newcomer.post(f"{mine}/check-in", {"answer": "well"}), 409, "conflict_state")
    later.daemon.shift_clock(days=15)
    links = [later.open(person.mail("check_in").token) for person in (guide, newcomer)]
    assert all(link.subject["kind"] == "match" for link in links)
    answered = answer(links[0].post(f"{mine}/check-in", {"answer": "well"}))
    assert [(one["week"], one["party"], one["answer"]) for one in answered["check_ins"]] == [(2, "guide", "well")]
    later.staff.clear()
    coordinator = later.coordinator(place.city)
    problem(coordinator.post(f"{mine}/check-in", {"answer": "well"}), 403, "forbidden")
    for note in ("no answer", "no answer for a week"):
        answer(links[1].post(f"{mine}/check-in", {"answer": "no_contact", "note": note}))
    assert "no answer" not in coordinator.mail("check_in_help").text
    said = {(one["party"], one["answer"], one["note"]) for one in answer(coordinator.get(mine))["check_ins"]}
    assert said == {("guide", "well", None), ("newcomer", "no_contact", "no answer for a week")}
    assert [one["party"] for one in answer(links[0].get(mine))["check_ins"]] == ["guide"]
    later.daemon.shift_clock(weeks=8, hours=1)
    link = later.open(guide.mail("check_in").token)
    assert [one["week"] for one in answer(link.post(f"{mine}/check-in", {"answer": "well"}))["check_ins"]] == [2, 8]
    later.daemon.mails_sent()
    assert later.daemon.mails.take(guide.email, "check_in") is None


def reported(people, place, by="newcomer", **body):
    """(guide, newcomer, match, report) of a match one of the two reported."""
    guide, newcomer, match = people.match(place.city)
    reporter = {"guide": guide, "newcomer": newcomer}[by]
    made = answer(reporter.post(f"/v1/matches/{match}/report", {"reason": "money", "text": "He wants money."} | body), 201)
    assert (made["state"], made["match"]) == ("open", {"id": match})
    return guide, newcomer, match, made["id"]


@pytest.mark.parametrize("by", ["guide", "newcomer"])
def test_a_report_pauses_the_match_and_reaches_a_coordinator(people, place, by):
    coordinator = people.coordinator(place.city)
    guide, newcomer, match, report = reported(people, place, by)
    assert "money" not in coordinator.mail("match_reported").text
    for person in (guide, newcomer):
        seen = answer(person.get(f"/v1/matches/{match}"))
        assert seen["paused_at"] and seen["guide"]["email"] is None and seen["newcomer"]["email"] is None
        problem(person.get("/v1/reports"), 403, "forbidden")
        problem(person.get(f"/v1/reports/{report}"), 403, "forbidden")
    assert answer(coordinator.get(f"/v1/matches/{match}"))["newcomer"]["email"] == newcomer.email
    listed = answer(coordinator.get("/v1/reports?state=open&count=true"))
    assert [one["id"] for one in listed["items"]] == [report] and listed["total"] == 1
    one = answer(coordinator.get(f"/v1/reports/{report}"))
    assert one == listed["items"][0]
    assert (one["reported_by"], one["reason"], one["text"], one["match"]["state"]) == (by, "money", "He wants money.", "active")
    reporter = {"guide": guide, "newcomer": newcomer}[by]
    problem(reporter.post(f"/v1/matches/{match}/report", {"reason": "other"}), 409, "duplicate")
    problem(coordinator.post(f"/v1/matches/{match}/report", {"reason": "other"}), 403, "forbidden")


def test_a_coordinator_neither_sees_nor_decides_a_report_about_themselves(people, place):
    other = people.coordinator(place.city)
    guide, newcomer, match = people.match(place.city)
    answer(people.admin().post("/v1/accounts", {"email": guide.email, "roles": [{"role": "coordinator", "city": place.city}]}), 201)
    both = people.sign_in(guide.email)
    report = answer(newcomer.post(f"/v1/matches/{match}/report", {"reason": "money", "text": "He wants money."}), 201)["id"]
    listed = answer(both.get("/v1/reports?count=true"))
    assert listed["items"] == [] and listed["total"] == 0
    problem(both.get(f"/v1/reports/{report}"), 404, "not_found")
    problem(both.post(f"/v1/reports/{report}/resolve", {"outcome": "continued"}), 404, "not_found")
    other.mail("match_reported")
    people.daemon.mails_sent()
    assert people.daemon.mails.take(guide.email, "match_reported") is None
    assert answer(other.get(f"/v1/reports/{report}"))["state"] == "open"


def test_ended_by_a_report_two_people_stay_apart(people, place):
    guide, newcomer, match, report = reported(people, place)
    coordinator, mine = people.coordinator(place.city), f"/v1/guide-requests/{newcomer.request}"
    for _ in range(2):
        resolved = answer(coordinator.post(f"/v1/reports/{report}/resolve", {"outcome": "ended", "note": "talked to both"}))
        assert (resolved["state"], resolved["outcome"], resolved["match"]["state"]) == ("resolved", "ended", "ended")
    problem(coordinator.post(f"/v1/reports/{report}/resolve", {"outcome": "continued"}), 409, "conflict_state")
    guide.mail("match_ended_guide")
    assert answer(newcomer.get(f"/v1/matches/{match}"))["ended_by"] == "coordinator"
    answer(newcomer.post(f"{mine}/reopen"))
    refused = problem(coordinator.post(f"{mine}/proposals", {"guide": guide.guide}), 409, "not_eligible")
    assert [fault["code"] for fault in refused["errors"]] == ["H5"]
    other = people.guide(place.city)
    assert other.proposal()["guide_request"]["id"] == newcomer.request


def test_a_match_that_continues_is_as_before(people, place):
    guide, newcomer, match, report = reported(people, place)
    coordinator = people.coordinator(place.city)
    theirs = answer(guide.post(f"/v1/matches/{match}/report", {"reason": "other"}), 201)["id"]
    answer(coordinator.post(f"/v1/reports/{report}/resolve", {"outcome": "continued"}))
    assert answer(newcomer.get(f"/v1/matches/{match}"))["paused_at"]  # the other report stands
    answer(coordinator.post(f"/v1/reports/{theirs}/resolve", {"outcome": "continued"}))
    seen = answer(newcomer.get(f"/v1/matches/{match}"))
    assert seen["paused_at"] is None and seen["guide"]["email"] == guide.email
    answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": "schedule"}))
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
    assert guide.proposal()["guide_request"]["id"] == newcomer.request


def test_what_has_ended_can_be_reported_but_not_continued(people, place):
    guide, newcomer, match = people.match(place.city)
    answer(guide.post(f"/v1/matches/{match}/end", {"reason": "moved"}))
    report = answer(newcomer.post(f"/v1/matches/{match}/report", {"reason": "harassment"}), 201)["id"]
    coordinator = people.coordinator(place.city)
    problem(coordinator.post(f"/v1/reports/{report}/resolve", {"outcome": "continued"}), 409, "conflict_state")
    assert answer(coordinator.post(f"/v1/reports/{report}/resolve", {"outcome": "ended"}))["state"] == "resolved"


def test_who_is_reported_afterwards_loses_the_ask_that_is_open(people, place):
    guide, newcomer, match = people.match(place.city)
    answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": "schedule"}))
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
    proposal = guide.proposal()["id"]
    answer(newcomer.post(f"/v1/matches/{match}/report", {"reason": "harassment"}), 201)
    problem(guide.post(f"/v1/proposals/{proposal}/accept"), 409, "already_answered")
    assert newcomer.look()["state"] == "open"


def test_reports_of_other_cities_are_not_there(people, place):
    _, _, match, report = reported(people, place)
    stranger = people.coordinator(place.far)
    assert answer(stranger.get("/v1/reports?count=true")) == {"items": [], "next": None, "total": 0}
    problem(stranger.get(f"/v1/reports/{report}"), 404, "not_found")
    problem(stranger.post(f"/v1/reports/{report}/resolve", {"outcome": "ended"}), 404, "not_found")
    problem(stranger.post(f"/v1/matches/{match}/report", {"reason": "other"}), 404, "not_found")


@pytest.mark.parametrize("reason, again", [("no_contact", False), ("language", False), ("personal", False), ("schedule", True), ("moved", True)])
def test_the_reason_of_an_end_says_whether_the_two_may_meet_again(people, place, reason, again):
    guide, newcomer, match = people.match(place.city)
    answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": reason}))
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen"))
    if again:
        assert guide.proposal()["guide_request"]["id"] == newcomer.request
    else:
        refused = problem(people.coordinator(place.city).post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": guide.guide}),
                          409, "not_eligible")
        assert [fault["code"] for fault in refused["errors"]] == ["H4"]


def test_after_silence_one_more_ask_follows_fourteen_days_later_and_no_third(later, place):
    guide, newcomer = later.guide(place.city), later.newcomer(place.city)
    guide.proposal()
    daemon = later.daemon

    def asked():
        with daemon.connect() as db:
            return db.execute("SELECT count(*) FROM proposal WHERE guide = %s", (guide.guide,)).fetchone()[0]
    daemon.shift_clock(hours=73)
    newcomer.wait_for("open")
    daemon.shift_clock(days=16)
    assert asked() == 1
    daemon.shift_clock(days=17, hours=2)
    assert newcomer.wait_for("proposed") and asked() == 2
    daemon.shift_clock(days=21)
    newcomer.wait_for("open")
    daemon.shift_clock(days=28)
    answer(newcomer.patch(f"/v1/guide-requests/{newcomer.request}", {"message": "hello"}))  # a round has every reason to run
    assert newcomer.look()["state"] == "open" and asked() == 2
