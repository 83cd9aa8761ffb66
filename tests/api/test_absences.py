# SPDX-License-Identifier: EUPL-1.2
"""Advisors who are away: when, who stands in, and what that means for their work."""
import datetime
import zoneinfo

import pytest

from support import answer, at_once, faults, problem

PATH = "/v1/me/absences"
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def day(offset):
    return (datetime.datetime.now(BERLIN).date() + datetime.timedelta(days=offset)).isoformat()


def absence(first, last, deputy=None):
    return {"first_on": day(first), "last_on": day(last), "deputy": deputy and deputy.id}


def advisors(person, **filters):
    return {item["id"]: item for item in answer(person.get("/v1/advisors", params=filters))["items"]}


def test_an_absence_is_noted_listed_and_taken_back(people, place):
    advisor, deputy = people.advisor(place.city), people.advisor(place.city)
    response = advisor.post(PATH, absence(-1, 5, deputy))
    made = answer(response, 201)
    assert (made["now"], made["deputy"]["id"], response.headers["Location"]) == (True, deputy.id, f"{PATH}/{day(-1)}")
    assert answer(advisor.post(PATH, absence(-1, 5, deputy)), 201) == made  # said twice
    later = answer(advisor.post(PATH, absence(30, 40)), 201)
    assert answer(advisor.get(PATH))["items"] == [made, later] and not later["now"]
    page = answer(advisor.get(PATH, params={"limit": 1}))
    assert page["items"] == [made] and page["next"]
    assert answer(deputy.get(PATH))["items"] == []
    assert advisors(deputy)[advisor.id]["away_until"] == day(5)
    answer(advisor.delete(f"{PATH}/{day(-1)}"), 204)
    problem(advisor.delete(f"{PATH}/{day(-1)}"), 404, "not_found")
    problem(deputy.delete(f"{PATH}/{day(30)}"), 404, "not_found")  # somebody else's
    assert advisors(deputy)[advisor.id]["away_until"] is None


@pytest.mark.parametrize("first, last, wrong", [
    (5, 4, {("/last_on", "too_small")}), (-9, -1, {("/last_on", "too_small")}), (0, 367, {("/last_on", "too_large")}),
    (14, 20, {("/first_on", "away_already")}), (1, 10, {("/first_on", "away_already")}), (10, 15, {("/first_on", "away_already")})])
def test_an_absence_that_cannot_be_is_refused(people, place, first, last, wrong):
    advisor = people.advisor(place.city)
    answer(advisor.post(PATH, absence(10, 14)), 201)
    assert faults(advisor.post(PATH, absence(first, last))) == wrong
    assert len(answer(advisor.get(PATH))["items"]) == 1


def test_of_absences_that_overlap_one_is_noted(people, place):
    advisor = people.advisor(place.city)
    assert sorted(at_once(lambda n: advisor.post(PATH, absence(n, 10 + n)), 6)) == [201] + [422] * 5


def test_a_deputy_is_an_advisor_of_a_common_city_who_is_there(people, place):
    advisor, away = people.advisor(place.city), people.advisor(place.city)
    answer(away.post(PATH, absence(3, 4)), 201)
    for wrong in (people.advisor(place.far), people.coordinator(place.city), people.requester(place.city), advisor):
        deputy = {"id": wrong.id}
        assert faults(advisor.post(PATH, absence(0, 3) | {"deputy": deputy["id"]})) == {("/deputy", "unknown_advisor")}
    assert faults(advisor.post(PATH, absence(0, 3, away))) == {("/deputy", "away")}
    answer(advisor.post(PATH, absence(0, 2, away)), 201)
    answer(people.coordinator(place.city).post(PATH, absence(0, 1, people.advisor())), 201)


def test_who_is_away_gets_nothing_and_the_deputy_is_told(people, place):
    away, deputy, colleague = (people.advisor(place.city) for _ in range(3))
    company, other = people.requester(place.city), people.requester(place.city)
    away.steps(company, "acknowledge", "assign")
    away.steps(other, "acknowledge")
    answer(away.post(PATH, absence(0, 5, deputy)), 201)
    assert faults(colleague.post(f"{other.path}/assign", {"account": away.id})) == {("/account", "away")}
    assert away.step(other, "assign", {"account": away.id})["state"] == "in_progress"  # by themselves
    items = answer(colleague.get("/v1/service-requests", params={"advisor": away.id}))["items"]
    assert {item["id"] for item in items} == {company.request, other.request}
    told = advisors(colleague)[away.id]
    assert (told["away_until"], told["deputy"]["id"], told["in_progress"]) == (day(5), deputy.id, 2)
    company.say("withdraw")
    deputy.mail("service_withdrawn_staff")
    assert people.daemon.mails.take(away.email, "service_withdrawn_staff") is None


def test_advisors_are_listed_for_those_they_share_a_city_with(people, place):
    here, colleague, far, everywhere = people.advisor(place.city), people.advisor(place.city), people.advisor(place.far), people.advisor()
    company = people.requester(place.city)
    colleague.steps(company, "acknowledge", "assign")
    told = advisors(here)
    assert {here.id, colleague.id, everywhere.id} <= set(told) and far.id not in told
    assert (told[colleague.id]["cities"], told[everywhere.id]["cities"], told[colleague.id]["in_progress"]) == ([place.city], None, 1)
    assert told[colleague.id]["email"] == colleague.email
    assert far.id in advisors(everywhere, city=place.far) and here.id not in advisors(everywhere, city=place.far)
    assert set(advisors(here, city=place.far)) <= {one for one, item in told.items() if item["cities"] is None}
    assert advisors(far)[everywhere.id]["in_progress"] == 0  # what is elsewhere is not counted
    status, _, errors = people.daemon.command("account", "create", "--role", "advisor", "--email", colleague.email, "--city", place.far)
    assert status == 0, errors
    assert advisors(far)[colleague.id] | {"display_name": None} == {"id": colleague.id, "display_name": None, "email": colleague.email, "cities": [place.far],
                                                                   "away_until": None, "deputy": None, "in_progress": 0}
    first = answer(here.get("/v1/advisors", params={"limit": 1}))
    assert len(first["items"]) == 1 and first["next"]


def test_only_staff_are_away_and_only_advisors_ask_who_is_there(people, place):
    company = people.requester(place.city)
    for call in (lambda: company.get(PATH), lambda: company.post(PATH, absence(0, 1)), lambda: company.delete(f"{PATH}/{day(0)}"),
                 lambda: company.get("/v1/advisors"), lambda: people.coordinator(place.city).get("/v1/advisors")):
        problem(call(), 403, "forbidden")
    for call in ((lambda http: http.get(PATH)), (lambda http: http.post(PATH, json=absence(0, 1))), (lambda http: http.delete(f"{PATH}/{day(0)}")),
                 (lambda http: http.get("/v1/advisors"))):
        problem(call(people.daemon.http), 401, "unauthenticated")
