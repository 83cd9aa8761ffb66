# SPDX-License-Identifier: EUPL-1.2
# Fifty at once: what only one can have is given to one, and the others are told why.
import concurrent.futures

import pytest

from support import People, answer

MANY = 50


@pytest.fixture(scope="module")
def manual(daemons):
    with daemons.running(WELCOME_MATCHING="manual") as daemon:
        yield People(daemon)


def at_once(calls):
    """The answers of calls that are made at the same time."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def tally(answers):
    """{(status, code): how many}"""
    counts = {}
    for one in answers:
        key = (one.status_code, one.json().get("code"))
        counts[key] = counts.get(key, 0) + 1
    return counts


def test_fifty_manual_proposals_of_one_place_give_one_proposal(manual, place):
    coordinator, guide = manual.coordinator(place.city), manual.guide(place.city, capacity=1)
    requests = [manual.newcomer(place.city).request for _ in range(MANY)]
    answers = at_once([lambda request=request: coordinator.post(f"/v1/guide-requests/{request}/proposals", {"guide": guide.guide})
                       for request in requests])
    assert tally(answers) == {(201, None): 1, (409, "guide_at_capacity"): MANY - 1}
    assert answer(guide.get("/v1/me/guide"))["load"] == 1
    assert len(answer(guide.get("/v1/proposals?limit=100"))["items"]) == 1


def test_two_guides_accepting_one_request_give_one_match(manual, place):
    coordinator = manual.coordinator(place.city)
    for _ in range(5):
        guides, newcomer = [manual.guide(place.city) for _ in range(2)], manual.newcomer(place.city)
        proposals = [answer(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": guide.guide}), 201)["id"]
                     for guide in guides]
        answers = at_once([lambda guide=guide, proposal=proposal: guide.post(f"/v1/proposals/{proposal}/accept", {})
                           for guide, proposal in zip(guides, proposals)])
        assert tally(answers) == {(200, None): 1, (409, "already_answered"): 1}
        assert sorted(answer(guide.get("/v1/me/guide"))["load"] for guide in guides) == [0, 1]
        assert len(answer(newcomer.get("/v1/matches"))["items"]) == 1


def test_fifty_accepts_of_one_proposal_give_one_match(manual, place):
    coordinator, guide, newcomer = manual.coordinator(place.city), manual.guide(place.city), manual.newcomer(place.city)
    proposal = answer(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": guide.guide}), 201)["id"]
    answers = at_once([lambda: guide.post(f"/v1/proposals/{proposal}/accept", {})] * MANY)
    assert tally(answers) == {(200, None): MANY}
    assert len({one.text for one in answers}) == 1
    assert len(answer(newcomer.get("/v1/matches"))["items"]) == 1
    assert answer(guide.get("/v1/me/guide"))["load"] == 1
    guide.mail("match_guide")
    manual.daemon.mails_sent()
    assert guide.daemon.mails.take(guide.email, "match_guide") is None


def test_one_link_confirmed_fifty_times_counts_once(manual, place):
    _, token = manual.apply("/v1/guide-requests", manual.request_form(place.city))
    answers = at_once([lambda: manual.daemon.http.post("/v1/confirmations", json={"token": token})] * MANY)
    assert tally(answers) == {(200, None): 1, (410, "token_used"): MANY - 1}


def test_fifty_confirmations_of_one_person_give_one_request(manual, place):
    email = manual.address("everywhere")
    tokens = [manual.apply("/v1/guide-requests", manual.request_form(place.city, email=email))[1] for _ in range(10)]
    answers = at_once([lambda token=token: manual.daemon.http.post("/v1/confirmations", json={"token": token}) for token in tokens])
    assert tally(answers) == {(200, None): 1, (409, "duplicate"): 9}
