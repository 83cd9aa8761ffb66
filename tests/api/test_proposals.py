# SPDX-License-Identifier: EUPL-1.2
# Proposals: who sees them, in which order, and whose answer counts.
from support import answer, faults, problem


def ids(person, query=""):
    return [proposal["id"] for proposal in answer(person.get(f"/v1/proposals?{query}"))["items"]]


def test_an_open_proposal_is_seen_by_its_guide_and_the_coordinators_only(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    proposal = guide.proposal()["id"]
    coordinator, stranger, other_guide = people.coordinator(place.city), people.coordinator(place.far), people.guide(place.far)
    assert ids(guide) == ids(coordinator) == [proposal]
    assert answer(coordinator.get(f"/v1/proposals/{proposal}"))["score"] > 0
    for person in (newcomer, stranger, other_guide):
        assert ids(person) == []
        problem(person.get(f"/v1/proposals/{proposal}"), 404, "not_found")


def test_only_the_one_who_is_asked_may_answer(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city, share_contact="ask_me")
    proposal = f"/v1/proposals/{guide.proposal()['id']}"
    coordinator, stranger = people.coordinator(place.city), people.guide(place.far)
    answers = {"accept": {}, "decline": {"reason": "other"}, "confirm": {}, "refuse": {}}
    for verb, body in answers.items():
        problem(coordinator.post(f"{proposal}/{verb}", body), 403, "forbidden")
        problem(stranger.post(f"{proposal}/{verb}", body), 404, "not_found")
        problem(newcomer.post(f"{proposal}/{verb}", body), 404, "not_found")  # not shown yet
    for verb in ("confirm", "refuse"):
        problem(guide.post(f"{proposal}/{verb}", {}), 403, "forbidden")
    answer(guide.post(f"{proposal}/accept"))
    for verb in ("accept", "decline"):
        problem(newcomer.post(f"{proposal}/{verb}", answers[verb]), 403, "forbidden")
    problem(guide.post(f"{proposal}/decline", {"reason": "other"}), 409, "already_answered")
    answer(newcomer.post(f"{proposal}/confirm"))
    problem(newcomer.post(f"{proposal}/refuse", {}), 409, "already_answered")
    problem(guide.post(f"{proposal}/decline", {"reason": "other"}), 409, "already_answered")


def test_a_guide_without_a_free_place_cannot_accept(people, place):
    guide = people.guide(place.city, capacity=2)
    people.newcomer(place.city)
    guide.accept()
    newcomer = people.newcomer(place.city, share_contact="ask_me")
    proposal = guide.proposal()["id"]
    answer(guide.patch("/v1/me/guide", {"capacity": 1}))
    # The open proposal holds its place: lowering the capacity takes nothing from those who were asked already.
    assert guide.accept(proposal)["state"] == "awaiting_newcomer"
    assert answer(newcomer.post(f"/v1/proposals/{proposal}/confirm"))["state"] == "accepted"


def test_open_proposals_come_first_then_the_newest(people, place):
    guide = people.guide(place.city, capacity=3)
    made = []
    for verb in ("accept", "decline", None):
        people.newcomer(place.city)
        made.append(guide.proposal()["id"])
        if verb:
            answer(guide.post(f"/v1/proposals/{made[-1]}/{verb}", {"reason": "language"} if verb == "decline" else {}))
    assert ids(guide) == [made[2], made[1], made[0]]
    assert ids(guide, "state=declined") == [made[1]]
    assert ids(people.coordinator(place.city)) == ids(guide)
    newcomer = people.newcomer(place.far)
    people.guide(place.far, topics=["housing"]).accept()
    assert answer(newcomer.get("/v1/proposals?count=true"))["total"] == 1


def test_a_reason_to_decline_is_one_of_those_known(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    proposal = f"/v1/proposals/{guide.proposal()['id']}"
    assert faults(guide.post(f"{proposal}/decline", {})) == {("/reason", "required")}
    assert faults(guide.post(f"{proposal}/decline", {"reason": "tired", "note": 7})) == {("/reason", "enum"), ("/note", "type")}
    assert newcomer.look()["state"] == "proposed"


def test_coordinators_of_another_city_learn_the_points_but_not_how_busy_the_guide_is(people, place):
    guide = people.guide(place.neighbour, neighbours=True)
    people.newcomer(place.neighbour)
    guide.accept()
    people.newcomer(place.city)
    full = guide.proposal()
    assert {"load", "recent"} <= {term["criterion"] for term in full["explanation"]}
    seen = answer(people.coordinator(place.city).get(f"/v1/proposals/{full['id']}"))
    assert not {"load", "recent"} & {term["criterion"] for term in seen["explanation"]}
    assert "other" in {term["criterion"] for term in seen["explanation"]}
    assert sum(term["points"] for term in seen["explanation"]) == seen["score"] == full["score"]
    own = answer(people.coordinator(place.neighbour).get(f"/v1/proposals/{full['id']}"))
    assert own["explanation"] == full["explanation"]
