# SPDX-License-Identifier: EUPL-1.2
# Guides: application, public profile, the own profile, breaks, leaving; and what their coordinators decide.
import datetime

import pytest

from support import Guide, People, answer, eventually, faults, problem

NATIVE = "native"


@pytest.fixture(scope="module")
def shiftable(daemons):
    with daemons.running() as daemon:
        yield daemon


@pytest.fixture
def later(shiftable):
    """People whose clock a test may move."""
    yield People(shiftable)
    shiftable.shift_clock()


def listed_in(http, city, **filters):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return [guide["id"] for guide in answer(http.get(f"/v1/guides?city={city}&{query}"))["items"]]


def test_an_application_is_invisible_until_it_is_confirmed_and_approved(people, http, place):
    coordinator = people.coordinator(place.city)
    made, token = people.apply("/v1/guides", people.guide_form(place.city, listed=True))
    assert answer(coordinator.get("/v1/staff/guides"))["items"] == []
    problem(coordinator.get(f"/v1/staff/guides/{made}"), 404, "not_found")
    problem(coordinator.post(f"/v1/guides/{made}/approve", {}), 404, "not_found")
    people.confirm(token)
    assert answer(coordinator.get(f"/v1/staff/guides/{made}"))["state"] == "applied"
    problem(http.get(f"/v1/guides/{made}"), 404, "not_found")
    answer(coordinator.post(f"/v1/guides/{made}/approve", {}))
    assert answer(http.get(f"/v1/guides/{made}"))["taking"] is True


def test_a_public_profile_shows_what_the_guide_offers_and_no_way_to_reach_them(people, http, place):
    guide = people.guide(place.city, listed=True, display_name="Samir", story="Gern!", gender="male", audiences=["student"],
                         topics=["housing"], languages=[{"tag": "ar", "level": NATIVE}, {"tag": "de", "level": "B2"}])
    profile = answer(http.get(f"/v1/guides/{guide.guide}"))
    assert profile == {"id": guide.guide, "display_name": "Samir", "story": "Gern!", "cities": [place.city], "audiences": ["student"],
                       "topics": ["housing"], "languages": [{"tag": "ar", "level": NATIVE}, {"tag": "de", "level": "B2"}], "taking": True}
    assert answer(http.get(f"/v1/guides?city={place.city}"))["items"] == [profile]


def test_public_profiles_are_found_by_city_language_audience_and_topic(people, http, place):
    one = people.guide(place.city, listed=True, languages=[{"tag": "tr", "level": NATIVE}], topics=["housing"]).guide
    two = people.guide(place.city, listed=True, audiences=["student", "scientist"]).guide
    people.guide(place.city)  # does not wish to be listed
    assert listed_in(http, place.city) == [two, one]
    assert listed_in(http, place.city, language="tr") == [one]
    assert listed_in(http, place.city, audience="scientist") == [two]
    assert listed_in(http, place.city, topic="housing") == [one]
    assert listed_in(http, place.city, topic="housing", audience="scientist") == []
    assert listed_in(http, place.neighbour) == []


def test_a_guide_can_stop_being_listed_at_once(people, http, place):
    guide = people.guide(place.city, listed=True)
    tag = http.get(f"/v1/guides/{guide.guide}").headers["ETag"]
    answer(guide.patch("/v1/me/guide", {"listed": False}))
    problem(http.get(f"/v1/guides/{guide.guide}", headers={"If-None-Match": tag}), 404, "not_found")
    assert listed_in(http, place.city) == []


def test_a_guide_changes_only_what_they_send(people, place):
    guide = people.guide(place.city, topics=["housing"], gender="female", remote=True)
    before = answer(guide.get("/v1/me/guide"))
    changed = answer(guide.patch("/v1/me/guide", {"capacity": 5, "gender": None, "story": "New here"},
                                 headers={"Content-Type": "application/merge-patch+json"}))
    assert changed == before | {"capacity": 5, "gender": None, "story": "New here"}
    assert answer(guide.get("/v1/me/guide")) == changed
    assert answer(guide.patch("/v1/me/guide", {})) == changed


def test_languages_named_twice_are_refused(people, http, place):
    twice = [{"tag": "en", "level": "B1"}, {"tag": "en", "level": "C1"}]
    assert {code for _, code in faults(http.post("/v1/guides", json=people.guide_form(place.city, languages=twice)))} == {"not_unique"}
    guide = people.applicant(place.city)
    assert {code for _, code in faults(guide.patch("/v1/me/guide", {"languages": twice}))} == {"not_unique"}


def test_who_has_no_guide_profile_has_none(people, place):
    newcomer = people.newcomer(place.city)
    problem(newcomer.get("/v1/me/guide"), 404, "not_found")
    problem(newcomer.patch("/v1/me/guide", {"capacity": 1}), 404, "not_found")
    for verb in ("pause", "resume", "leave"):
        problem(newcomer.post(f"/v1/me/guide/{verb}", {}), 404, "not_found")


def test_a_break_sends_open_proposals_on_and_keeps_matches(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    match = guide.accept()["match"]["id"]
    waiting = people.newcomer(place.city)
    guide.proposal()
    paused = answer(guide.post("/v1/me/guide/pause", {}))
    assert paused == {"id": guide.guide, "state": "paused", "paused_until": None}
    assert waiting.wait_for("open")
    assert answer(newcomer.get(f"/v1/matches/{match}"))["state"] == "active"
    until = str(datetime.date.today() + datetime.timedelta(days=30))
    assert answer(guide.post("/v1/me/guide/pause", {"until": until}))["paused_until"] == until
    for _ in range(2):
        assert answer(guide.post("/v1/me/guide/resume")) == {"id": guide.guide, "state": "active", "paused_until": None}
    assert guide.proposal()["guide_request"]["id"] == waiting.request


def test_a_break_ends_by_itself_on_its_day(later, place):
    guide = later.guide(place.city)
    answer(guide.post("/v1/me/guide/pause", {"until": str(datetime.date.today() + datetime.timedelta(days=10))}))
    later.daemon.shift_clock(days=8)
    assert answer(guide.get("/v1/me/guide"))["state"] == "paused"
    later.daemon.shift_clock(days=12)

    def back():
        """the guide is back"""
        return answer(guide.get("/v1/me/guide"))["state"] == "active"
    eventually(back)


def test_a_guide_who_leaves_ends_matches_and_their_newcomers_wait_for_the_next(people, http, place):
    guide, newcomer, match = people.match(place.city)
    answer(guide.patch("/v1/me/guide", {"listed": True}))
    waiting = people.newcomer(place.city)
    guide.proposal()
    for _ in range(2):
        assert answer(guide.post("/v1/me/guide/leave", {}))["state"] == "left"
    newcomer.mail("request_reopened")
    ended = answer(newcomer.get(f"/v1/matches/{match}"))
    assert (ended["state"], ended["ended_reason"], ended["ended_by"], ended["guide"]["email"]) == ("ended", "guide_left", "system", None)
    problem(http.get(f"/v1/guides/{guide.guide}"), 404, "not_found")
    assert answer(guide.get("/v1/me"))["roles"] == []
    assert answer(guide.get("/v1/me/guide"))["state"] == "left"
    problem(guide.patch("/v1/me/guide", {"capacity": 3}), 409, "conflict_state")
    problem(guide.post("/v1/me/guide/pause", {}), 409, "conflict_state")
    problem(guide.post("/v1/me/guide/resume", {}), 409, "conflict_state")
    successor = people.guide(place.city)
    assert {person.wait_for("proposed")["state"] for person in (newcomer, waiting)} == {"proposed"}
    asked = answer(successor.get("/v1/proposals?state=open"))["items"]
    assert {one["guide_request"]["id"] for one in asked} == {newcomer.request, waiting.request}


def test_who_left_may_apply_again(people, place):
    guide = people.guide(place.city)
    answer(guide.post("/v1/me/guide/leave"))
    _, token = people.apply("/v1/guides", people.guide_form(place.city, email=guide.email))
    assert people.confirm(token)["subject"]["state"] == "applied"
    assert answer(guide.get("/v1/me/guide"))["state"] == "applied"


def test_a_rejected_applicant_is_told_why_and_may_apply_again_after_six_months(later, place):
    applicant, coordinator = later.applicant(place.city), later.coordinator(place.city)
    why = {"reason": "We could not reach you by telephone."}
    for _ in range(2):
        assert answer(coordinator.post(f"/v1/guides/{applicant.guide}/reject", why))["state"] == "rejected"
    assert why["reason"] in applicant.mail("guide_rejected").text
    mine = answer(applicant.get("/v1/me/guide"))
    assert (mine["state"], mine["decision_reason"]) == ("rejected", why["reason"])
    assert answer(coordinator.get(f"/v1/staff/guides/{applicant.guide}"))["decision_reason"] == why["reason"]
    problem(applicant.patch("/v1/me/guide", {"story": "please"}), 409, "conflict_state")
    problem(applicant.post("/v1/me/guide/leave", {}), 409, "conflict_state")
    problem(coordinator.post(f"/v1/guides/{applicant.guide}/approve", {}), 409, "conflict_state")
    for verb in ("screen", "suspend", "reinstate"):
        problem(coordinator.post(f"/v1/guides/{applicant.guide}/{verb}", {}), 409, "conflict_state")

    again = later.guide_form(place.city, email=applicant.email)
    _, token = later.apply("/v1/guides", again)
    problem(later.daemon.http.post("/v1/confirmations", json={"token": token}), 409, "conflict_state")
    later.daemon.shift_clock(days=184)
    _, token = later.apply("/v1/guides", again)
    assert later.confirm(token)["subject"]["state"] == "applied"


def test_a_suspended_guide_loses_proposals_and_matches_until_reinstated(people, http, place):
    guide, newcomer, match = people.match(place.city)
    answer(guide.patch("/v1/me/guide", {"listed": True}))
    coordinator = people.coordinator(place.city)
    for _ in range(2):
        assert answer(coordinator.post(f"/v1/guides/{guide.guide}/suspend", {"reason": "A complaint"}))["state"] == "suspended"
    assert "A complaint" in guide.mail("guide_suspended").text
    assert answer(newcomer.get(f"/v1/matches/{match}"))["state"] == "ended"
    assert newcomer.look()["state"] == "open"
    assert listed_in(http, place.city) == []
    problem(guide.get("/v1/me"), 401, "unauthenticated")  # signed out of everything
    guide = people.sign_in(guide.email, lambda daemon, session: Guide(daemon, session | {"subject": {"id": guide.guide}}))
    problem(guide.post("/v1/me/guide/pause", {}), 409, "conflict_state")
    problem(guide.post("/v1/me/guide/resume", {}), 409, "conflict_state")
    problem(coordinator.post(f"/v1/guides/{guide.guide}/approve", {}), 409, "conflict_state")
    problem(coordinator.post(f"/v1/guides/{guide.guide}/reject", {}), 409, "conflict_state")
    for _ in range(2):
        assert answer(coordinator.post(f"/v1/guides/{guide.guide}/reinstate"))["state"] == "active"
    guide.mail("guide_reinstated")
    assert answer(guide.get("/v1/me/guide"))["decision_reason"] is None
    assert guide.proposal()["guide_request"]["id"] == newcomer.request


def test_approving_and_screening_again_changes_nothing(people, place):
    applicant, coordinator = people.applicant(place.city), people.coordinator(place.city)
    for verb, state in (("screen", "in_screening"), ("approve", "active")):
        for _ in range(2):
            assert answer(coordinator.post(f"/v1/guides/{applicant.guide}/{verb}", {}))["state"] == state
    applicant.mail("guide_approved")
    people.daemon.mails_sent()
    assert people.daemon.mails.take(applicant.email) is None
    problem(coordinator.post(f"/v1/guides/{applicant.guide}/screen", {}), 409, "conflict_state")


def test_a_city_that_is_added_counts_once_its_own_coordinator_approved(people, http, place):
    guide = people.guide(place.city, listed=True)
    changed = answer(guide.patch("/v1/me/guide", {"cities": [place.city, place.far]}))
    assert (changed["cities"], changed["cities_awaiting_approval"]) == ([place.city, place.far], [place.far])
    assert listed_in(http, place.far) == []
    newcomer = people.newcomer(place.far)
    first, second = people.coordinator(place.city), people.coordinator(place.far)
    assert answer(first.get(f"/v1/staff/guides/{guide.guide}"))["cities_awaiting_approval"] == [place.far]
    assert answer(first.post(f"/v1/guides/{guide.guide}/approve", {}))["state"] == "active"
    assert listed_in(http, place.far) == []
    for verb in ("screen", "reject", "suspend", "reinstate"):  # the first city's to decide
        problem(second.post(f"/v1/guides/{guide.guide}/{verb}", {}), 403, "forbidden")
    assert answer(second.post(f"/v1/guides/{guide.guide}/approve", {}))["state"] == "active"
    assert listed_in(http, place.far) == [guide.guide]
    assert guide.proposal()["guide_request"]["id"] == newcomer.request


def test_a_guide_of_several_of_a_coordinators_cities_is_approved_for_all(people, place):
    guide = people.applicant(place.city, cities=[place.city, place.far])
    answer(people.coordinator("all").post(f"/v1/guides/{guide.guide}/approve", {}))
    assert answer(guide.get("/v1/me/guide"))["cities_awaiting_approval"] == []


def test_capacity_is_never_exceeded_and_may_fall_below_the_load(people, place):
    guide = people.guide(place.city, capacity=2, listed=True)
    newcomers = [people.newcomer(place.city) for _ in range(3)]
    guide.accept()
    guide.accept()
    one, two, three = sorted(newcomers, key=lambda newcomer: newcomer.look()["state"] == "open")  # whoever a round took first
    assert [newcomer.look()["state"] for newcomer in (one, two, three)] == ["matched", "matched", "open"]
    assert answer(guide.get("/v1/me/guide"))["taking"] is False
    lowered = answer(guide.patch("/v1/me/guide", {"capacity": 1}))
    assert (lowered["capacity"], lowered["load"]) == (1, 2)
    answer(one.post(f"/v1/matches/{one.look()['match']['id']}/end", {"reason": "completed"}))
    assert three.look()["state"] == "open" and two.look()["state"] == "matched"
    answer(guide.patch("/v1/me/guide", {"capacity": 2}))
    assert guide.proposal()["guide_request"]["id"] == three.request


def test_a_guide_is_asked_no_more_often_than_they_wish(people, place):
    guide = people.guide(place.city, capacity=5, asks_per_month=1)
    first = people.newcomer(place.city)
    answer(guide.post(f"/v1/proposals/{guide.proposal()['id']}/decline", {"reason": "other"}))
    second = people.newcomer(place.city)
    first.wait_for("open")
    mine = answer(guide.get("/v1/me/guide"))
    assert (mine["asks_last_30_days"], mine["taking"]) == (1, False)
    assert second.look()["state"] == "open"
    answer(guide.patch("/v1/me/guide", {"asks_per_month": 2}))
    people.guide(place.far)  # an event that starts a round
    assert guide.proposal()["guide_request"]["id"] == second.request


def test_coordinators_list_their_guides_by_state_and_language(people, place):
    coordinator = people.coordinator(place.city)
    waiting = people.applicant(place.city, languages=[{"tag": "uk", "level": NATIVE}]).guide
    active = people.guide(place.city).guide

    def ids(query=""):
        return [guide["id"] for guide in answer(coordinator.get(f"/v1/staff/guides?{query}"))["items"]]
    assert ids() == [waiting, active]  # longest known first
    assert ids("state=applied") == [waiting]
    assert ids("state=active&language=uk") == []
    assert ids("language=uk") == [waiting]
    assert ids(f"city={place.city}") == [waiting, active]
    assert answer(coordinator.get("/v1/staff/guides?count=true&limit=1"))["total"] == 2


def test_a_coordinator_sees_how_to_reach_a_guide_but_not_the_gender(people, place):
    guide = people.applicant(place.city, gender="diverse")
    seen = answer(people.coordinator(place.city).get(f"/v1/staff/guides/{guide.guide}"))
    assert seen["email"] == guide.email and "gender" not in seen


def test_what_coordinators_decide_is_recorded_with_who_did_it(people, place):
    guide, coordinator = people.applicant(place.city), people.coordinator(place.city)
    for verb in ("screen", "approve", "suspend", "reinstate"):
        answer(coordinator.post(f"/v1/guides/{guide.guide}/{verb}", {}))
    with people.daemon.connect() as db:
        rows = db.execute("SELECT actor::text, action FROM audit WHERE subject_id = %s ORDER BY id", (guide.guide,)).fetchall()
    assert {actor for actor, _ in rows} == {coordinator.id}
    assert [action for _, action in rows if action != "approve_cities"] == ["guide_in_screening", "guide_active", "guide_suspended", "guide_active"]
