# SPDX-License-Identifier: EUPL-1.2
# Matches: two people who know each other's address, until one of them or a coordinator ends it.
import pytest

from support import answer, faults, problem


def emails(person, match):
    seen = answer(person.get(f"/v1/matches/{match}"))
    return seen["guide"]["email"], seen["newcomer"]["email"]


def test_addresses_are_given_while_the_match_lasts(people, place):
    guide, newcomer, match = people.match(place.city)
    coordinator = people.coordinator(place.city)
    both = (guide.email, newcomer.email)
    assert emails(guide, match) == emails(newcomer, match) == emails(coordinator, match) == both
    answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": "completed"}))
    for person in (guide, newcomer, coordinator):
        assert emails(person, match) == (None, None)


@pytest.mark.parametrize("reason, closed_as", [("completed", "fulfilled"), ("schedule", "withdrawn")])
def test_the_reason_says_how_the_request_is_closed(people, place, reason, closed_as):
    guide, newcomer, match = people.match(place.city)
    for _ in range(2):
        ended = answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": reason}))
        assert (ended["state"], ended["ended_reason"], ended["ended_by"]) == ("ended", reason, "newcomer")
    request = newcomer.look()
    assert (request["state"], request["closed_as"], request["match"]) == ("closed", closed_as, None)
    assert answer(guide.get("/v1/me/guide"))["load"] == 0
    assert guide.mail("match_ended_guide").token is None
    problem(guide.post(f"/v1/matches/{match}/end", {"reason": "other"}), 409, "conflict_state")


def test_a_guide_may_end_it_and_the_newcomer_is_told(people, place):
    guide, newcomer, match = people.match(place.city)
    answer(guide.post(f"/v1/matches/{match}/end", {"reason": "no_contact", "note": "three mails unanswered"}))
    mail = newcomer.mail("match_ended_newcomer")
    assert mail.path == f"/guide-requests/{newcomer.request}"
    assert "three mails" not in mail.text and "three mails" not in newcomer.get(f"/v1/matches/{match}").text
    assert newcomer.look()["closed_as"] == "withdrawn"


def test_a_coordinator_may_end_it_and_both_are_told(people, place):
    guide, newcomer, match = people.match(place.city)
    ended = answer(people.coordinator(place.city).post(f"/v1/matches/{match}/end", {"reason": "personal"}))
    assert ended["ended_by"] == "coordinator"
    guide.mail("match_ended_guide")
    newcomer.mail("match_ended_newcomer")


def test_ending_needs_a_reason_that_is_known(people, place):
    guide, _, match = people.match(place.city)
    assert faults(guide.post(f"/v1/matches/{match}/end", {})) == {("/reason", "required")}
    assert faults(guide.post(f"/v1/matches/{match}/end", {"reason": "boring"})) == {("/reason", "enum")}
    assert faults(guide.post(f"/v1/matches/{match}/end")) == {("", "required")}
    assert answer(guide.get(f"/v1/matches/{match}"))["state"] == "active"


def test_strangers_know_nothing_of_a_match(people, place):
    _, _, match = people.match(place.city)
    for stranger in (people.guide(place.far), people.newcomer(place.far), people.coordinator(place.far)):
        problem(stranger.get(f"/v1/matches/{match}"), 404, "not_found")
        problem(stranger.post(f"/v1/matches/{match}/end", {"reason": "other"}), 404, "not_found")
        assert match not in stranger.get("/v1/matches").text


def test_matches_are_listed_newest_first_and_by_state(people, place):
    guide = people.guide(place.city)
    matches = []
    for _ in range(2):
        newcomer = people.newcomer(place.city)
        matches.insert(0, guide.accept()["match"]["id"])
    answer(newcomer.post(f"/v1/matches/{matches[0]}/end", {"reason": "moved"}))

    def ids(person, query=""):
        return [match["id"] for match in answer(person.get(f"/v1/matches?{query}"))["items"]]
    for person in (guide, people.coordinator(place.city)):
        assert ids(person) == matches
        assert ids(person, "state=ended") == matches[:1]
        assert ids(person, "state=active") == matches[1:]
    assert ids(newcomer) == matches[:1]
    assert answer(guide.get("/v1/matches?count=true&state=active"))["total"] == 1


def test_the_place_is_free_for_the_next_newcomer(people, place):
    guide, first = people.guide(place.city, capacity=1), people.newcomer(place.city)
    match = guide.accept()["match"]["id"]
    second = people.newcomer(place.city)
    assert second.look()["state"] == "open"
    answer(first.post(f"/v1/matches/{match}/end", {"reason": "completed"}))
    assert guide.proposal()["guide_request"]["id"] == second.request
