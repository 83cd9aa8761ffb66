# SPDX-License-Identifier: EUPL-1.2
# The catalogue: what can be asked for where and of whom, in whose words; how admins change it, and what running requests keep.
import json
import uuid

import pytest

from support import ROOT, People, answer, at_once, faults, problem

SERVICES = json.loads((ROOT / "content/services/services.json").read_text())["services"]
WEEK = [{"slots": [{"opens": "09:00", "closes": "16:00"}]}] * 5 + [{"closed": True}] * 2


def new_code():
    return f"test-{uuid.uuid4().hex[:10]}"


def service_form(**changes):
    return {"code": new_code(), "clientele": "newcomer", "category": "housing", "name": {"en": "House hunting", "de": "Wohnungssuche"},
            "acknowledge_hours": 8, "resolve_hours": 40,
            "questions": [{"code": "rooms", "type": "number", "label": {"en": "How many rooms?"}, "required": True},
                          {"code": "kind", "type": "single_choice", "label": {"de": "Was?"}, "values": [{"key": "flat", "label": {"en": "Flat"}}]}]} | changes


def change(admin, path, body, method="PATCH"):
    return admin.call(method, path, body, headers={"If-Match": admin.get(path.split("/offers/")[0]).headers["ETag"]})


def test_the_catalogue_lists_what_is_offered(http, people, place):
    listed = answer(http.get("/v1/services?lang=de"))["items"]
    codes = [service["code"] for service in listed]
    assert set(codes) >= {service["code"] for service in SERVICES}
    companies = answer(http.get("/v1/services?clientele=company&city=essen&lang=de"))["items"]
    assert [service["code"] for service in companies] == [s["code"] for s in SERVICES if s["clientele"] == "company"]
    assert companies[0]["name"] == "Personalgewinnung im Ausland" and companies[0]["language"] == {"requested": "de", "served": "de", "fallback": False}
    assert answer(http.get(f"/v1/services?city={place.city}"))["items"] == []
    newcomer = answer(http.get("/v1/services?clientele=newcomer&city=bochum&lang=uk"))["items"]
    assert {"first-orientation", "recognition-advice", "study-advice", "founding-advice", "family-advice", "language-mediator"} <= {s["code"] for s in newcomer}
    assert newcomer[0]["name"] == "Перша орієнтація"
    assert [s["code"] for s in answer(http.get("/v1/services?clientele=partner"))["items"]] == ["join-initiative"]
    assert faults(http.get("/v1/services?clientele=robots&city=atlantis")) == {("clientele", "enum"), ("city", "unknown_city")}


def test_a_service_tells_its_questions_and_who_answers(http):
    service = answer(http.get("/v1/services/recruiting-abroad?city=essen&lang=tr"))
    assert service["language"] == {"requested": "tr", "served": "en", "fallback": True}
    assert [(q["code"], q["type"], q["required"]) for q in service["questions"]] == [
        ("positions", "number", True), ("occupation", "string", True), ("qualification", "single_choice", True),
        ("target_regions", "multiple_choice", False), ("german_level", "single_choice", True), ("start", "date", False)]
    assert service["questions"][2]["values"][0] == {"key": "vocational", "label": "Vocational training"}
    offer, = service["offers"]
    assert (offer["city"], offer["office"]["slug"], offer["office"]["name"]) == ("essen", "business-office", "Essen Ekonomik Kalkınma")
    assert len(offer["office"]["opening_hours"]) == 7 and offer["acknowledge_hours"] <= offer["resolve_hours"]
    everywhere = answer(http.get("/v1/services/fast-track"))["offers"]
    assert everywhere[-1]["city"] is None and {o["office"]["slug"] for o in everywhere if "test-" not in (o["city"] or "")} == {"central-immigration-office"}
    # Questions that only repeat the request's own city are not asked; topics are those of the portal.
    employee = answer(http.get("/v1/services/guide-for-employee"))["questions"]
    topics = {topic["slug"] for topic in answer(http.get("/v1/topics"))["items"]}
    assert "city" not in {q["code"] for q in employee} and {v["key"] for q in employee if q["code"] == "topics" for v in q["values"]} <= topics
    housing = next(q for q in answer(http.get("/v1/services/staff-housing"))["questions"] if q["code"] == "city")
    assert {"essen", "dortmund"} <= {v["key"] for v in housing["values"]}
    problem(http.get("/v1/services/moving-the-moon"), 404, "not_found")
    assert http.get("/v1/services/recruiting-abroad").headers["ETag"]


def test_offices_are_known_but_not_their_mailboxes(http, people):
    offices = answer(http.get("/v1/offices?city=essen&lang=de"))["items"]
    named = [(o["city"], o["slug"]) for o in offices]
    assert named[:3] == [("essen", "business-office"), ("essen", "welcome-office"), (None, "central-immigration-office")]
    assert (None, "region") in named and all(city is None for city, _ in named[2:])  # other tests make offices for the whole region
    assert offices[1]["name"] == "Welcome-Büro Essen" and "email" not in offices[1]
    assert len(answer(http.get("/v1/offices"))["items"]) > len(offices)


def test_an_admin_makes_a_service_offers_it_and_changes_its_questions(people, http, place):
    admin = people.admin()
    office = people.office_in(place.city)
    form = service_form()
    made = admin.post("/v1/staff/services", form)
    assert answer(made, 201) == {"code": form["code"]}
    path = made.headers["Location"]
    problem(admin.post("/v1/staff/services", form), 409, "duplicate")
    public = f"/v1/services/{form['code']}"
    assert form["code"] not in {s["code"] for s in answer(http.get("/v1/services"))["items"]}  # nobody offers it
    told = answer(change(admin, f"{path}/offers/{place.city}", {"office": {"city": place.city, "office": office}, "resolve_hours": 20}, "PUT"))
    assert told["offers"] == [{"city": place.city, "office": {"city": place.city, "office": office}, "acknowledge_hours": None, "resolve_hours": 20}]
    assert answer(http.get(f"{public}?city={place.city}"))["offers"][0]["resolve_hours"] == 20
    asked = people.service_form(place.city, service=form["code"], company=None, answers={"rooms": 3})
    running = people.confirm(people.unconfirmed(asked)[1])
    more = form["questions"] + [{"code": "garden", "type": "boolean", "label": {"en": "A garden?"}, "required": True}]
    told = answer(change(admin, path, {"questions": more, "name": {"tr": "Ev arama"}, "resolve_hours": 60}))
    assert (told["version"], told["name"]["tr"], told["name"]["de"], told["resolve_hours"]) == (2, "Ev arama", "Wohnungssuche", 60)
    assert faults(http.post("/v1/service-requests", json=asked)) == {("/answers/garden", "required")}
    kept = answer(http.get(f"/v1/service-requests/{running['subject']['id']}", headers={"Authorization": f"Bearer {running['access_token']}"}))
    assert (kept["service"]["version"], [q["code"] for q in kept["questions"]]) == (1, ["rooms", "kind"])
    answer(change(admin, path, {"active": False}))
    problem(http.get(public), 404, "not_found")
    assert faults(http.post("/v1/service-requests", json=asked)) == {("/service", "unknown_service")}
    told = answer(change(admin, f"{path}/offers/{place.city}", None, "DELETE"))
    assert told["offers"] == []
    problem(change(admin, f"{path}/offers/{place.city}", None, "DELETE"), 404, "not_found")
    assert faults(change(admin, f"{path}/offers/atlantis", {"office": {"city": place.city, "office": office}}, "PUT")) == {("city", "unknown_city")}
    assert faults(change(admin, f"{path}/offers/region", {"office": {"city": None, "office": "moon"}}, "PUT")) == {("/office", "unknown_office")}
    assert faults(change(admin, f"{path}/offers/region", {"office": {"city": None, "office": "region"}, "acknowledge_hours": 9, "resolve_hours": 8}, "PUT")) == {
        ("/resolve_hours", "too_small")}


def test_a_whole_number_may_be_written_with_a_point_or_an_exponent(people):
    admin, form = people.admin(), service_form()
    written = json.dumps(form | {"position": "@", "acknowledge_hours": 8.0}).replace('"@"', "93e1")
    path = answer(admin.post("/v1/staff/services", content=written, headers={"Content-Type": "application/json"}), 201)["code"]
    told = answer(admin.get(f"/v1/staff/services/{path}"))
    assert (told["position"], told["acknowledge_hours"]) == (930, 8)


@pytest.mark.parametrize("changes, wrong", [
    ({"name": {"tr": "Ev"}}, {("/name", "german_or_english")}),
    ({"name": {"en": "House", "klingon": "juH"}}, {("/name/klingon", "unknown_language")}),
    ({"acknowledge_hours": 50}, {("/resolve_hours", "too_small")}),
    ({"questions": [{"code": "a", "type": "number", "label": {"en": "A"}}, {"code": "a", "type": "date", "label": {"en": "B"}}]}, {("/questions/1/code", "not_unique")}),
    ({"questions": [{"code": "a", "type": "single_choice", "label": {"en": "A"}}]}, {("/questions/0/values", "too_few_items")}),
    ({"questions": [{"code": "a", "type": "number", "label": {"uk": "A"}, "values": [{"key": "x", "label": {"en": "X"}}]}]},
     {("/questions/0/values", "too_many_items"), ("/questions/0/label", "german_or_english")}),
    ({"questions": [{"code": "a", "type": "multiple_choice", "label": {"en": "A"},
                     "values": [{"key": "x", "label": {"en": "X"}}, {"key": "x", "label": {"xx": "Y"}}]}]},
     {("/questions/0/values/1/key", "not_unique"), ("/questions/0/values/1/label", "german_or_english"), ("/questions/0/values/1/label/xx", "unknown_language")}),
])
def test_a_service_that_cannot_be_asked_for_is_refused(people, changes, wrong):
    assert faults(people.admin().post("/v1/staff/services", service_form(**changes))) == wrong


def test_nobody_overwrites_what_they_have_not_seen(people):
    admin = people.admin()
    path = admin.post("/v1/staff/services", service_form()).headers["Location"]
    tag = admin.get(path).headers["ETag"]
    problem(admin.patch(path, {"position": 3}), 428, "precondition_required")
    statuses = at_once(lambda n: admin.patch(path, {"position": n + 1}, headers={"If-Match": tag}), 8)
    assert sorted(statuses) == [200] + [412] * 7


def test_of_those_who_make_one_name_at_once_one_wins(people, place):
    admin, form = people.admin(), service_form()
    office = {"city": place.city, "slug": "same-office", "name": {"en": "Same"}, "opening_hours": WEEK}
    for path, body in (("/v1/staff/services", form), ("/v1/staff/offices", office)):
        assert sorted(at_once(lambda n: admin.post(path, body), 8)) == [201] + [409] * 7
    told = problem(admin.post("/v1/staff/services", form), 409, "duplicate")
    assert [(fault["pointer"], fault["code"]) for fault in told["errors"]] == [("/code", "name_taken")]
    assert answer(admin.get(f"/v1/staff/services/{form['code']}"))["version"] == 1


def test_no_office_is_closed_that_is_given_a_service_at_that_moment(people, http, place):
    admin = people.admin()
    service = admin.post("/v1/staff/services", service_form(questions=[])).headers["Location"]
    for round in range(6):
        office = {"city": place.city, "slug": f"office-{round}", "name": {"en": "Office"}, "opening_hours": WEEK}
        path = admin.post("/v1/staff/offices", office).headers["Location"]
        offer = {"office": {"city": place.city, "office": office["slug"]}}
        statuses = at_once(lambda n: change(admin, path, {"active": False}) if n else change(admin, f"{service}/offers/{place.city}", offer, "PUT"), 2)
        assert sorted(statuses) in ([200, 409], [200, 422])
        offers = answer(admin.get(service))["offers"]
        assert answer(admin.get(path))["active"] == (offer["office"] in [there["office"] for there in offers])


def test_staff_find_what_readers_no_longer_see(people, http, place):
    admin, form = people.admin(), service_form()
    path = admin.post("/v1/staff/services", form).headers["Location"]
    answer(change(admin, path, {"active": False}))
    assert form["code"] not in {service["code"] for service in answer(http.get("/v1/services"))["items"]}
    services = {service["code"]: service for service in answer(admin.get("/v1/staff/services?clientele=newcomer&active=false&lang=de"))["items"]}
    assert {services[form["code"]][member] for member in ("name", "active", "changed_here")} == {"Wohnungssuche", False, True}
    assert services[form["code"]]["offered_in"] == [] and not any(service["active"] for service in services.values())
    fast_track = next(service for service in answer(admin.get("/v1/staff/services?clientele=company"))["items"] if service["code"] == "fast-track")
    assert "essen" in fast_track["offered_in"] and fast_track["offered_in"][-1] is None
    people.office_in(place.city)
    answer(admin.post("/v1/staff/offices", {"city": place.city, "slug": "old-office", "name": {"en": "Old"}, "opening_hours": WEEK, "active": False}), 201)
    assert "old-office" not in {office["slug"] for office in answer(http.get(f"/v1/offices?city={place.city}"))["items"]}
    offices = {office["slug"]: office for office in answer(admin.get(f"/v1/staff/offices?city={place.city}"))["items"]}
    assert set(offices) == {"old-office", "test-office"} and offices["old-office"]["services"] == [] and "fast-track" in offices["test-office"]["services"]
    assert [office["slug"] for office in answer(admin.get(f"/v1/staff/offices?city={place.city}&active=false"))["items"]] == ["old-office"]
    everywhere, local = people.advisor(), people.advisor(place.city)
    partner = {"name": new_code(), "kind": "association", "city": place.city, "joined_on": "2026-01-01", "left_on": "2026-02-01"}
    answer(everywhere.post("/v1/staff/partners", partner), 201)
    assert answer(http.get(f"/v1/partners?city={place.city}"))["items"] == []
    listed, = answer(everywhere.get(f"/v1/staff/partners?city={place.city}&kind=association"))["items"]
    assert {member: listed[member] for member in partner} == partner
    problem(local.get("/v1/staff/partners"), 403, "forbidden")
    for path in ("/v1/staff/services", "/v1/staff/offices"):
        problem(everywhere.get(path), 403, "forbidden")


def test_times_that_an_offer_leaves_open_fit_the_service(people, place):
    admin = people.admin()
    people.office_in(place.city)
    path = admin.post("/v1/staff/services", service_form(acknowledge_hours=8, resolve_hours=40)).headers["Location"]
    there, offer = {"office": {"city": place.city, "office": "test-office"}}, f"{path}/offers/{place.city}"
    assert faults(change(admin, offer, there | {"resolve_hours": 7}, "PUT")) == {("/resolve_hours", "too_small")}
    assert faults(change(admin, offer, there | {"acknowledge_hours": 41}, "PUT")) == {("/acknowledge_hours", "too_large")}
    answer(change(admin, offer, there | {"resolve_hours": 20}, "PUT"))
    assert faults(change(admin, path, {"acknowledge_hours": 21})) == {("/acknowledge_hours", "too_large")}
    answer(change(admin, offer, there | {"acknowledge_hours": 20}, "PUT"))
    assert faults(change(admin, path, {"resolve_hours": 19})) == {("/resolve_hours", "too_small")}
    answer(change(admin, path, {"acknowledge_hours": 20, "resolve_hours": 20}))


def test_what_is_said_in_german_alone_is_shown_to_everybody(start_daemon):
    people = People(start_daemon(WELCOME_LANGUAGES="en"))
    admin, http = people.admin(), people.daemon.http
    form = service_form(name={"de": "Hilfe"}, description={}, questions=[{"code": "what", "type": "string", "label": {"de": "Was?", "ar": "ماذا؟"}}])
    path = admin.post("/v1/staff/services", form).headers["Location"]
    answer(change(admin, f"{path}/offers/region", {"office": {"city": None, "office": "region"}}, "PUT"))
    told = answer(http.get(f"/v1/services/{form['code']}?lang=tr"))
    assert (told["name"], told["description"], told["questions"][0]["label"]) == ("Hilfe", None, "Was?")
    assert told["language"] == {"requested": "tr", "served": "de", "fallback": True}
    assert form["code"] in {service["code"] for service in answer(http.get("/v1/services?lang=tr"))["items"]}


def test_an_office_has_hours_closures_and_a_mailbox(people, http, place):
    admin = people.admin()
    mailbox = people.address("office")
    form = {"city": place.city, "slug": "school-office", "name": {"en": "School office"}, "opening_hours": WEEK, "languages": ["de"], "email": mailbox}
    made = admin.post("/v1/staff/offices", form)
    assert answer(made, 201) == {"city": place.city, "slug": "school-office"}
    path = made.headers["Location"]
    problem(admin.post("/v1/staff/offices", form), 409, "duplicate")
    closed = {"first_on": "2036-12-24", "last_on": "2036-12-31", "reason": "Christmas"}
    told = answer(change(admin, path, {"closures": [closed], "phone": "+49 201 1234", "name": {"de": "Schulamt"}}))
    assert (told["closures"], told["email"], told["name"]) == ([closed], mailbox, {"en": "School office", "de": "Schulamt"})
    assert [o["name"] for o in answer(http.get(f"/v1/offices?city={place.city}&lang=de"))["items"] if o["city"]] == ["Schulamt"]
    assert faults(change(admin, path, {"closures": [closed, closed | {"first_on": "2036-12-31", "last_on": "2036-12-31"},
                                                    {"first_on": "2037-02-02", "last_on": "2037-02-01"}], "languages": ["de", "xx"]})) == {
        ("/closures/1/last_on", "overlapping_days"), ("/closures/2/last_on", "not_before"), ("/languages/1", "unknown_language")}
    assert ("/opening_hours/0/slots/1", "overlapping_hours") in faults(
        change(admin, path, {"opening_hours": [{"slots": [{"opens": "09:00", "closes": "12:00"}, {"opens": "11:00", "closes": "13:00"}]}] + WEEK[1:]}))
    service = admin.post("/v1/staff/services", service_form(questions=[])).headers["Location"]
    answer(change(admin, f"{service}/offers/{place.city}", {"office": {"city": place.city, "office": "school-office"}}, "PUT"))
    problem(change(admin, path, {"active": False}), 409, "conflict_state")
    # New requests are told to the mailbox.
    form = people.service_form(place.city, service=service.rsplit("/", 1)[1], company=None, answers={})
    people.confirm(people.unconfirmed(form)[1])
    assert people.daemon.mails.next(mailbox, "service_request_new").language == "de"
    problem(admin.get(f"/v1/staff/offices/{place.city}/moon-office"), 404, "not_found")
    answer(admin.post("/v1/staff/offices", {"city": None, "slug": new_code(), "name": {"de": "Stelle"}, "opening_hours": WEEK}), 201)


def test_partners_who_joined_are_listed(people, http, place):
    everywhere, local = people.advisor(), people.advisor(place.city)
    asked = people.requester(place.city, service="join-initiative", company={"name": "Test University", "legal_status": "registered"},
                             answers={"kind": "university", "contribution": "Language courses"})
    name = f"Test University {new_code()}"
    form = {"name": name, "kind": "university", "city": place.city, "website": "https://www.university.example.org/", "request": asked.request,
            "description": {"en": "Language courses"}}
    problem(local.post("/v1/staff/partners", form), 403, "forbidden")
    made = everywhere.post("/v1/staff/partners", form)
    partner = answer(made, 201)["id"]
    problem(everywhere.post("/v1/staff/partners", form), 409, "duplicate")
    listed, = answer(http.get(f"/v1/partners?city={place.city}&kind=university"))["items"]
    assert (listed["id"], listed["name"], listed["description"]) == (partner, name, "Language courses") and "request" not in listed
    company = people.requester(place.city)
    assert faults(everywhere.post("/v1/staff/partners", form | {"name": "Other", "request": company.request, "left_on": "2001-01-01", "joined_on": "2002-01-01"})) == {
        ("/request", "unknown_service_request"), ("/left_on", "not_before")}
    assert faults(everywhere.post("/v1/staff/partners", form | {"name": "Other", "left_on": "2001-01-01"})) == {("/left_on", "not_before")}  # joined today
    path = made.headers["Location"]
    told = answer(change(everywhere, path, {"description": {"de": "Sprachkurse"}, "website": None}))
    assert (told["description"], told["website"], told["request"]) == ({"en": "Language courses", "de": "Sprachkurse"}, None, asked.request)
    other = everywhere.post("/v1/staff/partners", {"name": new_code(), "kind": "company"}).headers["Location"]
    problem(change(everywhere, other, {"name": name}), 409, "duplicate")
    answer(change(everywhere, path, {"left_on": told["joined_on"]}))
    assert answer(http.get(f"/v1/partners?city={place.city}"))["items"] == []
    problem(everywhere.get(f"/v1/staff/partners/{uuid.uuid4()}"), 404, "not_found")
    problem(local.get(path), 404, "not_found")


def test_only_admins_write_the_catalogue(people, place):
    for person in (people.advisor(), people.coordinator(), people.editor()):
        for method, path, body in (("POST", "/v1/staff/services", service_form()), ("GET", "/v1/staff/services/fast-track", None),
                                   ("PATCH", "/v1/staff/services/fast-track", {}), ("DELETE", "/v1/staff/services/fast-track/offers/essen", None),
                                   ("PUT", "/v1/staff/services/fast-track/offers/essen", {"office": {"city": None, "office": "region"}}),
                                   ("POST", "/v1/staff/offices", {"city": None, "slug": "x", "name": {"en": "X"}, "opening_hours": WEEK}),
                                   ("GET", "/v1/staff/offices/essen/welcome-office", None), ("PATCH", "/v1/staff/offices/essen/welcome-office", {})):
            problem(person.call(method, path, body, headers={"If-Match": "*"}), 403, "forbidden")


def test_every_change_names_the_version_of_something_that_is_there(people, place):
    admin = people.admin()
    office = {"office": {"city": None, "office": "region"}}
    service = admin.post("/v1/staff/services", service_form()).headers["Location"]
    desk = admin.post("/v1/staff/offices", {"city": place.city, "slug": "desk", "name": {"en": "Desk"}, "opening_hours": WEEK}).headers["Location"]
    partner = admin.post("/v1/staff/partners", {"name": new_code(), "kind": "company"}).headers["Location"]
    for method, path, body in (("PATCH", service, {"position": 1}), ("PUT", f"{service}/offers/region", office), ("DELETE", f"{service}/offers/region", None),
                               ("PATCH", desk, {"phone": None}), ("PATCH", partner, {"website": None})):
        problem(admin.call(method, path, body), 428, "precondition_required")
        problem(admin.call(method, path, body, headers={"If-Match": '"old"'}), 412, "precondition_failed")
    nothing = "/v1/staff/services/moving-the-moon"
    problem(admin.get(nothing), 404, "not_found")
    for method, path, body in (("PATCH", nothing, {"position": 1}), ("PUT", f"{nothing}/offers/region", office), ("DELETE", f"{nothing}/offers/region", None),
                               ("PATCH", f"/v1/staff/offices/{place.city}/moon-office", {"phone": None}),
                               ("PATCH", f"/v1/staff/partners/{uuid.uuid4()}", {"website": None})):
        problem(admin.call(method, path, body, headers={"If-Match": "*"}), 404, "not_found")
