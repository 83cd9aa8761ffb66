# SPDX-License-Identifier: EUPL-1.2
# The wall between cities: a coordinator can neither see, count nor infer people of another city.
import pytest

from support import answer, new_place, problem

YORUBA = [{"tag": "yo", "level": "native"}]


@pytest.fixture(scope="module")
def elsewhere(people):
    """A city with a guide, an applicant, a waiting newcomer, an open proposal and a match, and the coordinator of another one."""
    city, _, other = new_place()
    match = people.match(city)
    open_proposal = people.newcomer(city), match[0].proposal()["id"]
    return {"city": city, "coordinator": people.coordinator(other), "own": people.coordinator(city), "guide": match[0].guide,
            "applicant": people.applicant(city).guide, "matched": match[1].request, "match": match[2],
            "request": open_proposal[0].request, "proposal": open_proposal[1], "waiting": people.newcomer(city, languages=YORUBA).request}


@pytest.mark.parametrize("path", ["/v1/staff/guides/{guide}", "/v1/staff/guides/{applicant}", "/v1/guide-requests/{request}",
                                  "/v1/guide-requests/{waiting}", "/v1/guide-requests/{matched}", "/v1/guide-requests/{waiting}/candidates",
                                  "/v1/proposals/{proposal}", "/v1/matches/{match}"])
def test_a_thing_of_another_city_is_not_there(elsewhere, path):
    answer(elsewhere["own"].get(path.format_map(elsewhere)))
    there = problem(elsewhere["coordinator"].get(path.format_map(elsewhere)), 404, "not_found")
    absent = problem(elsewhere["coordinator"].get(path.format_map(dict.fromkeys(elsewhere, "01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01"))),
                     404, "not_found")
    assert there | {"request_id": ""} == absent | {"request_id": ""}


@pytest.mark.parametrize("path, body", [("/v1/guides/{applicant}/screen", {}), ("/v1/guides/{applicant}/approve", {}),
                                        ("/v1/guides/{applicant}/reject", {}), ("/v1/guides/{guide}/suspend", {}),
                                        ("/v1/guides/{guide}/reinstate", {}), ("/v1/guide-requests/{waiting}/close", {}),
                                        ("/v1/guide-requests/{waiting}/withdraw", {}), ("/v1/guide-requests/{matched}/reopen", {}),
                                        ("/v1/guide-requests/{waiting}/proposals", {"guide": "{guide}"}),
                                        ("/v1/proposals/{proposal}/accept", {}), ("/v1/proposals/{proposal}/decline", {"reason": "other"}),
                                        ("/v1/proposals/{proposal}/confirm", {}), ("/v1/proposals/{proposal}/refuse", {}),
                                        ("/v1/matches/{match}/end", {"reason": "other"}),
                                        ("/v1/guide-requests/{waiting}/widen", {"remote": True}), ("/v1/guide-requests/{waiting}/renew", {}),
                                        ("/v1/matches/{match}/check-in", {"answer": "well"}),
                                        ("/v1/matches/{match}/report", {"reason": "other"})])
def test_a_thing_of_another_city_cannot_be_touched(elsewhere, path, body):
    body = {name: value.format_map(elsewhere) if isinstance(value, str) else value for name, value in body.items()}
    problem(elsewhere["coordinator"].post(path.format_map(elsewhere), body), 404, "not_found")


def test_a_request_of_another_city_cannot_be_changed(elsewhere):
    path = "/v1/guide-requests/{waiting}".format_map(elsewhere)
    problem(elsewhere["coordinator"].patch(path, {"message": "mine"}), 404, "not_found")
    assert answer(elsewhere["own"].get(path))["message"] == ""


@pytest.mark.parametrize("path", ["/v1/staff/guides", "/v1/staff/guides?city={city}", "/v1/staff/guides?state=applied",
                                  "/v1/guide-requests", "/v1/guide-requests?city={city}", "/v1/guide-requests?language=yo",
                                  "/v1/guide-requests?city={city}&state=open", "/v1/proposals", "/v1/proposals?state=open",
                                  "/v1/matches", "/v1/matches?state=active"])
def test_lists_filters_and_counts_tell_nothing_of_another_city(elsewhere, path):
    path = path.format_map(elsewhere)
    path += "&count=true" if "?" in path else "?count=true"
    assert answer(elsewhere["own"].get(path))["total"] > 0
    assert answer(elsewhere["coordinator"].get(path)) == {"items": [], "next": None, "total": 0}


def test_a_cursor_of_one_coordinator_shows_another_one_nothing(elsewhere):
    page = answer(elsewhere["own"].get("/v1/guide-requests?limit=1"))
    response = elsewhere["coordinator"].get("/v1/guide-requests", params={"limit": 1, "after": page["next"]})
    assert answer(response)["items"] == []


def test_a_coordinator_for_all_cities_sees_every_city(elsewhere, people):
    everywhere = people.coordinator("all")
    for path in ("/v1/staff/guides/{guide}", "/v1/guide-requests/{waiting}", "/v1/proposals/{proposal}", "/v1/matches/{match}"):
        answer(everywhere.get(path.format_map(elsewhere)))
    assert answer(everywhere.get("/v1/staff/guides?city={city}&count=true".format_map(elsewhere)))["total"] >= 2


def test_a_match_across_cities_is_seen_by_both_with_the_address_of_the_own_person(people, place):
    guide, newcomer = people.guide(place.neighbour, neighbours=True), people.newcomer(place.city)
    match = guide.accept()["match"]["id"]
    seen = [answer(people.coordinator(city).get(f"/v1/matches/{match}")) for city in (place.city, place.neighbour)]
    assert [(one["guide"]["email"], one["newcomer"]["email"]) for one in seen] == [(None, newcomer.email), (guide.email, None)]
    problem(people.coordinator(place.city).get(f"/v1/staff/guides/{guide.guide}"), 404, "not_found")
    problem(people.coordinator(place.neighbour).get(f"/v1/guide-requests/{newcomer.request}"), 404, "not_found")
    problem(people.coordinator(place.far).get(f"/v1/matches/{match}"), 404, "not_found")


def test_a_request_without_a_city_belongs_to_the_region_and_then_to_the_guides_city_too(people, place):
    tongue = [{"tag": "ig", "level": "native"}]
    newcomer = people.newcomer(None, remote=True, languages=tongue)
    path = f"/v1/guide-requests/{newcomer.request}"
    local, regional = people.coordinator(place.city), people.coordinator("all")
    assert answer(regional.get(path))["city"] is None
    assert newcomer.request in regional.get("/v1/guide-requests?language=ig&limit=100").text
    problem(local.get(path), 404, "not_found")
    guide = people.guide(place.city, remote=True, languages=tongue)
    proposal = guide.proposal()["id"]
    assert answer(local.get(path))["id"] == newcomer.request
    assert [item["id"] for item in answer(local.get("/v1/guide-requests"))["items"]] == [newcomer.request]
    assert answer(local.get(f"/v1/proposals/{proposal}"))["guide_request"]["city"] is None
    problem(people.coordinator(place.far).get(path), 404, "not_found")
    problem(local.post(f"{path}/close", {}), 404, "not_found")  # the region's to decide
    assert answer(regional.post(f"{path}/close", {}))["state"] == "closed"


def test_a_guide_is_visible_to_coordinators_of_each_city_and_decided_on_by_the_first(people, place):
    guide = people.applicant(place.city, cities=[place.city, place.far])
    second = people.coordinator(place.far)
    assert answer(second.get(f"/v1/staff/guides/{guide.guide}"))["state"] == "applied"
    for verb in ("screen", "reject", "suspend", "reinstate"):
        problem(second.post(f"/v1/guides/{guide.guide}/{verb}", {}), 403, "forbidden")
    assert answer(second.post(f"/v1/guides/{guide.guide}/approve", {}))["state"] == "applied"  # for the own city only


def test_guides_and_newcomers_do_not_see_each_other(people, place):
    one, two = people.guide(place.city, capacity=1), people.guide(place.city, capacity=1)
    amara, noor = people.newcomer(place.city), people.newcomer(place.city)
    for person in (one, two, noor):
        problem(person.get(f"/v1/guide-requests/{amara.request}"), 404, "not_found")
        problem(person.patch(f"/v1/guide-requests/{amara.request}", {"message": "mine"}), 404, "not_found")
        problem(person.post(f"/v1/guide-requests/{amara.request}/withdraw", {}), 404, "not_found")
        problem(person.get(f"/v1/staff/guides/{one.guide}"), 403, "forbidden")
    mine, theirs = one.proposal()["id"], two.proposal()["id"]
    problem(one.post(f"/v1/proposals/{theirs}/accept", {}), 404, "not_found")
    assert [proposal["id"] for proposal in answer(one.get("/v1/proposals"))["items"]] == [mine]


def test_the_daemons_own_role_sees_nothing_without_a_session(people, place):
    people.match(place.city)
    with people.daemon.connect("welcome") as db:
        for table in ("account", "guide", "guide_request", "proposal", "match", "guide_city"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        owned = db.execute("SELECT count(*) FROM pg_class WHERE relowner = 'welcome'::regrole").fetchone()
        assert owned == (0,)
