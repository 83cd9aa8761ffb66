# SPDX-License-Identifier: EUPL-1.2
# Guide requests: what may be asked, changed, withdrawn, closed and reopened; candidates and proposals by hand.
import pytest

from support import ENGLISH, People, answer, faults, problem

GEORGIAN = [{"tag": "ka", "level": "native"}]


@pytest.fixture(scope="module")
def manual(daemons):
    """People among whom nobody is proposed but by hand."""
    with daemons.running(WELCOME_MATCHING="manual") as daemon:
        yield People(daemon)


def test_who_has_not_decided_on_a_city_needs_a_guide_far_away(people, http, place):
    assert faults(http.post("/v1/guide-requests", json=people.request_form(None))) == {("/city", "required")}
    newcomer = people.newcomer(None, remote=True, languages=GEORGIAN)
    assert newcomer.look()["city"] is None
    assert faults(newcomer.patch(f"/v1/guide-requests/{newcomer.request}", {"remote": False})) == {("/city", "required")}
    moved = answer(newcomer.patch(f"/v1/guide-requests/{newcomer.request}", {"remote": False, "city": place.city}))
    assert (moved["city"], moved["remote"]) == (place.city, False)


def test_a_preferred_guide_must_be_public_and_is_asked_first(people, http, place):
    hidden = people.guide(place.city)
    for unknown in (hidden.guide, "01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01"):
        form = people.request_form(place.city, preferred_guide=unknown)
        assert faults(http.post("/v1/guide-requests", json=form)) == {("/preferred_guide", "unknown_guide")}
    people.guide(place.city, topics=["housing"])
    preferred = people.guide(place.city, listed=True)
    newcomer = people.newcomer(place.city, topics=["housing"], preferred_guide=preferred.guide)
    assert newcomer.look()["preferred_guide"] == preferred.guide
    assert preferred.proposal()["explanation"][0] | {"detail": ""} == {"criterion": "preferred", "detail": "", "points": 1000}


def test_languages_named_twice_are_refused(people, http, place):
    twice = [{"tag": "en", "level": "B1"}, {"tag": "en", "level": "C1"}]
    assert {code for _, code in faults(http.post("/v1/guide-requests", json=people.request_form(place.city, languages=twice)))} == {"not_unique"}
    newcomer = people.newcomer(place.city)
    assert {code for _, code in faults(newcomer.patch(f"/v1/guide-requests/{newcomer.request}", {"languages": twice}))} == {"not_unique"}


def test_a_gender_that_must_be_is_a_rule_and_else_a_wish(people, place):
    man = people.guide(place.city, gender="male")
    must = people.newcomer(place.city, guide_gender={"value": "female", "must": True})
    wish = people.newcomer(place.city, guide_gender={"value": "female", "must": False})
    assert man.proposal()["guide_request"]["id"] == wish.request
    assert must.look()["state"] == "open" and must.look()["guide_gender"] == {"value": "female", "must": True}
    assert people.guide(place.city, gender="female").proposal()["guide_request"]["id"] == must.request


def test_a_change_keeps_the_place_in_the_queue_and_cancels_proposals_that_may_not_fit(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    mine = f"/v1/guide-requests/{newcomer.request}"
    proposal = guide.proposal()["id"]
    since = newcomer.look()["waiting_since"]
    assert answer(newcomer.patch(mine, {"message": "I have moved"}))["state"] == "proposed"
    assert answer(guide.get(f"/v1/proposals/{proposal}"))["guide_request"]["message"] == "I have moved"
    changed = answer(newcomer.patch(mine, {"city": place.far}))
    assert (changed["state"], changed["city"], changed["waiting_since"]) == ("open", place.far, since)
    assert answer(guide.get(f"/v1/proposals/{proposal}"))["state"] == "cancelled"
    guide.mail("proposal_cancelled")
    problem(guide.post(f"/v1/proposals/{proposal}/accept", {}), 409, "already_answered")


def test_null_clears_and_what_is_absent_stays(people, place):
    newcomer = people.newcomer(place.city, languages=GEORGIAN, arrival_on="2027-01-15", topics=["housing"],
                               guide_gender={"value": "female", "must": True})
    mine = f"/v1/guide-requests/{newcomer.request}"
    before = newcomer.look()
    assert before["arrival_on"] == "2027-01-15"
    after = answer(newcomer.patch(mine, {"arrival_on": None, "guide_gender": None, "topics": []}))
    assert after == before | {"arrival_on": None, "guide_gender": None, "topics": []}
    assert faults(newcomer.patch(mine, {"message": None, "languages": None, "audience": None})) == {
        ("/message", "type"), ("/languages", "type"), ("/audience", "type")}


def test_withdrawing_closes_for_good_and_cancels_what_is_open(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    guide.proposal()
    mine = f"/v1/guide-requests/{newcomer.request}"
    for body in ({}, None):
        assert answer(newcomer.post(f"{mine}/withdraw", body)) == {"id": newcomer.request, "state": "closed", "closed_as": "withdrawn"}
    guide.mail("proposal_cancelled")
    assert answer(guide.get("/v1/me/guide"))["load"] == 0
    problem(newcomer.patch(mine, {"message": "after all"}), 409, "conflict_state")
    problem(newcomer.post(f"{mine}/reopen", {}), 409, "conflict_state")  # there was no match
    problem(people.coordinator(place.city).post(f"{mine}/close", {}), 409, "conflict_state")
    assert people.newcomer(place.city, email=newcomer.email).id == newcomer.id  # a new request is possible


def test_a_matched_request_is_neither_changed_nor_withdrawn(people, place):
    _, newcomer, _ = people.match(place.city)
    mine = f"/v1/guide-requests/{newcomer.request}"
    problem(newcomer.post(f"{mine}/withdraw", {}), 409, "conflict_state")
    problem(newcomer.patch(mine, {"message": "thanks"}), 409, "conflict_state")
    problem(people.coordinator(place.city).post(f"{mine}/close", {}), 409, "conflict_state")


def test_a_coordinator_closes_a_request_for_which_there_is_no_guide(people, place):
    newcomer, coordinator = people.newcomer(place.city, languages=GEORGIAN), people.coordinator(place.city)
    mine = f"/v1/guide-requests/{newcomer.request}"
    for verb in ("withdraw", "reopen"):  # the newcomer's to say
        problem(coordinator.post(f"{mine}/{verb}", {}), 403, "forbidden")
    problem(coordinator.patch(mine, {"message": "mine"}), 403, "forbidden")
    for _ in range(2):
        assert answer(coordinator.post(f"{mine}/close", {})) == {"id": newcomer.request, "state": "closed", "closed_as": "no_guide"}
    newcomer.mail("request_expired")
    problem(newcomer.post(f"{mine}/withdraw", {}), 409, "conflict_state")


def test_a_request_may_be_reopened_within_14_days_after_the_match_ended(people, place):
    guide, newcomer, match = people.match(place.city)
    mine = f"/v1/guide-requests/{newcomer.request}"
    problem(newcomer.post(f"{mine}/reopen", {}), 409, "conflict_state")
    answer(guide.post(f"/v1/matches/{match}/end", {"reason": "schedule"}))
    link = people.open(newcomer.mail("match_ended_newcomer").token)
    assert link.subject == {"kind": "guide_request", "id": newcomer.request, "state": "closed"}
    for body in ({}, None):
        assert answer(link.post(f"{mine}/reopen", body))["state"] in ("open", "proposed")
    assert newcomer.look()["closed_as"] is None
    assert guide.proposal()["guide_request"]["id"] == newcomer.request


def test_a_request_is_not_reopened_beside_another_one(people, place):
    guide, newcomer, match = people.match(place.city)
    answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": "schedule"}))
    people.newcomer(place.city, email=newcomer.email)
    problem(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen", {}), 409, "duplicate")


def test_the_queue_of_a_city_is_told_in_order(people, place):
    first, second, third = (people.newcomer(place.city, languages=GEORGIAN) for _ in range(3))
    people.newcomer(place.neighbour, languages=GEORGIAN)
    assert [newcomer.look()["position"] for newcomer in (first, second, third)] == [1, 2, 3]
    answer(first.post(f"/v1/guide-requests/{first.request}/withdraw"))
    assert [newcomer.look()["position"] for newcomer in (first, second, third)] == [None, 1, 2]
    waiting = answer(people.coordinator(place.city).get("/v1/guide-requests?state=open"))["items"]
    assert [item["id"] for item in waiting] == [second.request, third.request]


def test_the_wait_is_estimated_once_five_were_matched(people, place):
    far_away = people.newcomer(place.far, languages=GEORGIAN)
    for number in (3, 2):
        guide = people.guide(place.city, capacity=3, languages=GEORGIAN)
        for _ in range(number):
            assert people.newcomer(place.city, languages=GEORGIAN).look()["estimated_wait_days"] is None
            guide.accept()
    assert people.newcomer(place.city, languages=GEORGIAN, neighbours=False).look()["estimated_wait_days"] == 0
    assert far_away.look()["estimated_wait_days"] is None


def test_lists_show_own_requests_and_those_of_the_coordinators_cities(people, place):
    georgian, english = people.newcomer(place.city, languages=GEORGIAN), people.newcomer(place.city)
    coordinator = people.coordinator(place.city)

    def ids(person, query=""):
        return [item["id"] for item in answer(person.get(f"/v1/guide-requests?{query}"))["items"]]
    assert ids(georgian) == [georgian.request]
    assert ids(coordinator) == [georgian.request, english.request]
    assert ids(coordinator, "language=ka") == [georgian.request]
    assert ids(coordinator, "language=ka&state=closed") == []
    assert ids(coordinator, f"city={place.city}&limit=1") == [georgian.request]
    assert answer(coordinator.get("/v1/guide-requests?count=true&language=en"))["total"] == 1


def test_candidates_come_best_first_with_points_that_add_up(manual, place):
    turkish = [{"tag": "tr", "level": "native"}]
    newcomer = manual.newcomer(place.city, languages=turkish + ENGLISH, topics=["housing"])
    best = manual.guide(place.city, languages=turkish, topics=["housing"]).guide
    good = manual.guide(place.city, languages=turkish).guide
    fair = manual.guide(place.neighbour, languages=ENGLISH, neighbours=True).guide
    manual.guide(place.far, languages=turkish)
    manual.guide(place.city, languages=GEORGIAN)
    coordinator = manual.coordinator(place.city)
    candidates = answer(coordinator.get(f"/v1/guide-requests/{newcomer.request}/candidates?count=true"))
    assert [candidate["guide"]["id"] for candidate in candidates["items"]] == [best, good, fair]
    assert candidates["total"] == 3
    for candidate in candidates["items"]:
        assert sum(term["points"] for term in candidate["explanation"]) == candidate["score"]
    own, foreign = candidates["items"][0], candidates["items"][2]
    assert (own["load"], own["capacity"]) == (0, 2) and (foreign["load"], foreign["capacity"]) == (None, None)
    german = answer(coordinator.get(f"/v1/guide-requests/{newcomer.request}/candidates?lang=de"))["items"][0]["explanation"]
    assert "Türkisch" in german[0]["detail"] and "Turkish" in own["explanation"][0]["detail"]


def test_a_coordinator_proposes_a_guide_by_hand(manual, place):
    newcomer, guide = manual.newcomer(place.city), manual.guide(place.city)
    coordinator = manual.coordinator(place.city)
    made = coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": guide.guide})
    proposal = answer(made, 201)
    assert made.headers["Location"] == f"/v1/proposals/{proposal['id']}"
    assert (proposal["state"], proposal["guide_request"]["id"], proposal["guide"]["id"]) == ("open", newcomer.request, guide.guide)
    assert answer(coordinator.get(made.headers["Location"]))["id"] == proposal["id"]
    assert guide.mail("proposal").path == f"/proposals/{proposal['id']}"
    assert answer(coordinator.get(f"/v1/guide-requests/{newcomer.request}"))["proposal"]["id"] == proposal["id"]
    assert newcomer.look()["proposal"] is None


def test_hard_rules_are_not_overridden_by_hand(manual, place):
    newcomer, coordinator = manual.newcomer(place.city), manual.coordinator(place.city)
    path = f"/v1/guide-requests/{newcomer.request}/proposals"

    def refused(guide, status=409, code="not_eligible"):
        return {fault["code"] for fault in problem(coordinator.post(path, {"guide": guide.guide}), status, code).get("errors", [])}
    assert refused(manual.guide(place.city, languages=GEORGIAN)) == {"H2"}
    paused = manual.guide(place.city)
    answer(paused.post("/v1/me/guide/pause"))
    assert refused(paused) == {"H1"}
    busy = manual.guide(place.city, capacity=1)
    other = manual.newcomer(place.city)
    answer(coordinator.post(f"/v1/guide-requests/{other.request}/proposals", {"guide": busy.guide}), 201)
    refused(busy, 409, "guide_at_capacity")
    free = manual.guide(place.city)
    answer(coordinator.post(path, {"guide": free.guide}), 201)
    assert refused(free) == {"H6"}
    answer(free.post(f"/v1/proposals/{free.proposal()['id']}/decline", {"reason": "distance"}))
    assert refused(free) == {"H4"}
    problem(coordinator.post(path, {"guide": "01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01"}), 404, "not_found")
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/withdraw"))
    refused(manual.guide(place.city), 409, "conflict_state")
