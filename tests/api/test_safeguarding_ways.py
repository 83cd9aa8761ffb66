# SPDX-License-Identifier: EUPL-1.2
# Ways round what coordinators decide about people, and ways in which it could reach too few or too much.
import pytest

from support import Newcomer, answer, problem

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
