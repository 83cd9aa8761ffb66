# SPDX-License-Identifier: EUPL-1.2
# What companies and newcomers ask of offices: the form, the steps of an office, several offices, forwarding, and who sees what.
import json
import re
import uuid
from types import SimpleNamespace

import pytest

from support import Advisor, Requester, answer, at_once, eventually, faults, problem

REFERENCE = re.compile(r"WR-[0-9A-HJKMNP-TV-Z]{8}[0-9A-HJKMNP-TV-Z*~$=U]")
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"


def test_a_company_asks_confirms_and_follows_its_request(people, place):
    people.office_in(place.city)
    advisor = people.advisor(place.city)
    form = people.service_form(place.city, message="From January on.", contact={"language": "de"})
    made, token = people.unconfirmed(form)
    assert made["state"] == "unverified" and REFERENCE.fullmatch(made["reference"])
    number = 0
    for symbol in made["reference"][3:11]:
        number = number * 32 + SYMBOLS.index(symbol)
    assert SYMBOLS[number % 37] == made["reference"][11]
    problem(advisor.get(f"/v1/service-requests/{made['id']}"), 404, "not_found")  # not yet anybody's
    session = people.confirm(token)
    assert session["subject"] == {"kind": "service_request", "id": made["id"], "state": "submitted"}
    company = Requester(people.daemon, session, "Petra Beispiel")
    mail = company.mail("service_request_submitted")
    assert mail.language == "de" and made["reference"] in mail.text
    told = company.look()
    assert (told["state"], told["reference"], told["service"]["code"], told["company"]["name"]) == ("submitted", made["reference"], form["service"], "Testklinik")
    assert told["answers"] == form["answers"] and [q["code"] for q in told["questions"]][:2] == ["positions", "occupation"]
    assert [(o["city"], o["state"], o["advisor"]) for o in told["offices"]] == [(place.city, "submitted", None)]
    assert told["due_at"] == told["offices"][0]["due_at"] is not None
    assert answer(company.get("/v1/me"))["service_requests"] == [{"id": made["id"], "reference": made["reference"], "state": "submitted"}]
    assert made["reference"] in advisor.mail("service_request_new").text
    assert answer(advisor.get(company.path))["contact"] == {**form["contact"], "phone": None}
    link = people.open(mail.token, Requester)  # the link alone is enough, without a set-up account
    assert link.look()["reference"] == made["reference"]
    problem(link.get("/v1/me"), 403, "forbidden")


@pytest.mark.parametrize("changes, wrong", [
    ({"answers": {}}, {("/answers/positions", "required"), ("/answers/occupation", "required"), ("/answers/qualification", "required"),
                       ("/answers/german_level", "required")}),
    ({"answers": {"positions": "four", "occupation": 4, "qualification": "doctor", "german_level": ["b1"], "target_regions": ["eu", "eu", "mars"],
                  "start": "2027-02-30", "colour": "red"}},
     {("/answers/positions", "type"), ("/answers/occupation", "type"), ("/answers/qualification", "enum"), ("/answers/german_level", "type"),
      ("/answers/target_regions/1", "not_unique"), ("/answers/target_regions/2", "enum"), ("/answers/start", "format"), ("/answers/colour", "unknown_member")}),
    ({"service": "moving-the-moon"}, {("/service", "unknown_service")}),
    ({"company": None}, {("/company", "required")}),
    ({"company": {"name": " ", "legal_status": "imagined"}}, {("/company/name", "pattern"), ("/company/legal_status", "enum")}),
    ({"contact": {"email": "nobody", "language": "xx"}}, {("/contact/email", "format"), ("/contact/language", "unknown_language")}),
    ({"consent": False}, {("/consent", "const")}),
])
def test_a_form_that_does_not_fit_is_told_every_fault(people, place, changes, wrong):
    people.office_in(place.city)
    assert wrong <= faults(people.daemon.http.post("/v1/service-requests", json=people.service_form(place.city, **changes)))


def test_a_service_is_asked_for_where_it_is_offered(people, place):
    assert faults(people.daemon.http.post("/v1/service-requests", json=people.service_form(place.far))) == {("/city", "not_offered")}


def test_newcomers_have_no_company(people, place):
    people.office_in(place.city)
    form = people.service_form(place.city, service="first-orientation", answers={})
    assert ("/company", "unknown_member") in faults(people.daemon.http.post("/v1/service-requests", json=form))


def test_an_office_takes_a_request_from_the_first_word_to_the_result(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    assert advisor.steps(company, "acknowledge")["state"] == "acknowledged"
    assert advisor.steps(company, "acknowledge")["state"] == "acknowledged"  # said twice
    company.mail("service_acknowledged")
    told = advisor.steps(company, "assign")
    assert (told["state"], told["offices"][0]["advisor"]["id"]) == ("in_progress", advisor.id)
    assert company.look()["offices"][0]["advisor"]["id"] is None
    promised = told["due_at"]
    told = advisor.steps(company, "wait", "wait")
    assert (told["state"], told["due_at"]) == ("waiting_for_requester", None)
    assert "Please send the certificate." in company.mail("service_waiting").text
    told = advisor.steps(company, "resume")
    assert told["state"] == "in_progress" and told["due_at"] >= promised
    told = advisor.steps(company, "resolve", "resolve")
    assert (told["state"], told["outcome"], told["due_at"]) == ("resolved", "helped", None)
    assert "It is done." in company.mail("service_resolved").text
    problem(advisor.post(f"{company.path}/resolve", {"outcome": "partly", "text": "Or not."}), 409, "conflict_state")
    told = company.say("reopen", {"text": "One more paper is wanted."})
    assert (told["state"], told["outcome"]) == ("in_progress", None) and told["due_at"]
    assert company.say("reopen", {"text": "One more paper is wanted."})["state"] == "in_progress"
    advisor.mail("service_reopened_staff")


STEPS = ["acknowledge", "assign", "wait", "resume", "resolve", "reject", "reopen"]
REACHED = {"submitted": [], "acknowledged": ["acknowledge"], "in_progress": ["acknowledge", "assign"],
           "waiting_for_requester": ["acknowledge", "assign", "wait"], "resolved": ["acknowledge", "assign", "resolve"], "rejected": ["reject"]}
ALLOWED = {"submitted": {"acknowledge", "reject"}, "acknowledged": {"acknowledge", "assign", "reject"},
           "in_progress": {"assign", "wait", "resume", "resolve", "reject"}, "waiting_for_requester": {"assign", "wait", "resume", "resolve", "reject"},
           "resolved": {"resolve", "reopen"}, "rejected": {"reject", "reopen"}}


@pytest.mark.parametrize("state", REACHED)
def test_no_step_is_taken_out_of_order(people, place, state):
    advisor = people.advisor(place.city)
    for verb in STEPS:
        company = people.requester(place.city)
        advisor.steps(company, *REACHED[state])
        response = advisor.post(f"{company.path}/{verb}", Advisor.BODIES.get(verb, lambda _: {})(advisor))
        if verb in ALLOWED[state]:
            assert response.status_code == 200, f"{verb} in {state}: {response.text}"
        else:
            problem(response, 409, "conflict_state")


def test_an_asker_withdraws_and_nobody_goes_on(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    advisor.steps(company, "acknowledge", "assign")
    assert company.say("withdraw")["state"] == company.say("withdraw", {})["state"] == "withdrawn"
    for verb in ("acknowledge", "resolve", "reopen"):
        problem(advisor.post(f"{company.path}/{verb}", Advisor.BODIES.get(verb, lambda _: {})(advisor)), 409, "conflict_state")
    problem(company.post(f"{company.path}/reopen"), 409, "conflict_state")
    advisor.mail("service_withdrawn_staff")
    done = people.requester(place.city)
    advisor.steps(done, "acknowledge", "assign", "resolve")
    office = {"city": place.neighbour, "office": people.office_in(place.neighbour)}
    problem(advisor.post(f"{done.path}/offices", office), 409, "conflict_state")  # there is a result
    problem(done.post(f"{done.path}/withdraw"), 409, "conflict_state")


def test_of_advisors_who_take_it_at_once_one_wins(people, place):
    company = people.requester(place.city)
    advisors = [people.advisor(place.city) for _ in range(6)]
    advisors[0].steps(company, "acknowledge")
    statuses = at_once(lambda n: advisors[n].post(f"{company.path}/assign", {"account": advisors[n].id}), 6)
    assert sorted(statuses) == [200] + [409] * 5
    winner = company.look()["offices"][0]["advisor"]
    assert winner is not None


def test_who_has_it_hands_it_over_and_nobody_takes_it_unseen(people, place):
    company = people.requester(place.city)
    first, second, third = (people.advisor(place.city) for _ in range(3))
    first.steps(company, "acknowledge", "assign")
    problem(second.post(f"{company.path}/assign", {"account": second.id}), 409, "conflict_state")
    assert first.step(company, "assign", {"account": second.id})["offices"][0]["advisor"]["id"] == second.id
    second.mail("service_handed_over")
    second.steps(company, "wait")
    told = third.step(company, "assign", {"account": third.id, "from": second.id})
    assert (told["state"], told["offices"][0]["advisor"]["id"]) == ("waiting_for_requester", third.id)
    stranger = people.advisor(place.far)
    for account in (stranger.id, company.id, str(uuid.uuid4())):
        assert faults(third.post(f"{company.path}/assign", {"account": account})) == {("/account", "unknown_advisor")}


def test_a_request_that_is_not_ours_goes_on_and_names_who_said_so(people, place):
    company, here, there = people.requester(place.city), people.advisor(place.city), people.advisor(place.neighbour)
    office = people.office_in(place.neighbour)
    problem(there.get(company.path), 404, "not_found")
    wrong = {"city": place.neighbour, "office": "nowhere", "reason": "Yours."}
    assert faults(here.post(f"{company.path}/forward", wrong)) == {("/office", "unknown_office")}
    assert faults(here.post(f"{company.path}/forward", wrong | {"city": place.city, "office": office})) == {("/office", "same_office")}
    there_now = wrong | {"office": office, "reason": "The company has its seat next door."}
    for _ in range(2):
        told = here.step(company, "forward", there_now)
        assert [(o["city"], o["state"], o["reason"]) for o in told["offices"]] == [
            (place.city, "forwarded", "The company has its seat next door."), (place.neighbour, "submitted", None)]
    assert "The company has its seat next door." in company.mail("service_forwarded").text
    there.mail("service_request_new")
    assert there.steps(company, "acknowledge", "assign")["state"] == "in_progress"
    told = company.look()
    assert [o["state"] for o in told["offices"]] == ["forwarded", "in_progress"]
    bodies = {"forward": there_now | {"reason": "Again."}, "offices": {"city": place.city, "office": people.office_in(place.city)}}
    for verb in ("acknowledge", "reject", "forward", "offices"):
        problem(here.post(f"{company.path}/{verb}", bodies.get(verb) or Advisor.BODIES.get(verb, lambda _: {})(here)), 409, "conflict_state")
    assert answer(here.get(company.path))["offices"][1]["advisor"] is None  # a person of another city
    back = {"city": place.city, "office": people.office_in(place.city), "reason": "No, yours."}
    assert [o["state"] for o in there.step(company, "forward", back)["offices"]] == ["forwarded", "forwarded", "submitted"]


def test_the_third_office_to_refuse_reaches_who_answers_for_all(people, place):
    everywhere = people.advisor()
    company = people.requester(place.city)
    offices = {city: people.office_in(city) for city in place}
    for _ in range(3):
        city = next(o["city"] for o in company.look()["offices"] if o["state"] != "forwarded")
        following = place[(place.index(city) + 1) % 3]
        people.advisor(city).step(company, "forward", {"city": following, "office": offices[following], "reason": "Not ours."})
    everywhere.mail("service_passed_around")


def test_two_offices_work_on_it_at_once_and_the_slower_one_counts(people, place):
    company, here, there = people.requester(place.city), people.advisor(place.city), people.advisor(place.neighbour)
    office = people.office_in(place.neighbour)
    here.steps(company, "acknowledge", "assign")
    for _ in range(2):
        told = here.step(company, "offices", {"city": place.neighbour, "office": office})
        assert (told["state"], len(told["offices"])) == ("submitted", 2)
    assert there.steps(company, "acknowledge")["state"] == "acknowledged"
    there.steps(company, "assign")
    assert here.step(company, "resolve", {"outcome": "not_helped", "text": "Nothing we can do."})["state"] == "in_progress"
    told = there.steps(company, "resolve")
    assert (told["state"], told["outcome"]) == ("resolved", "partly")
    everywhere = people.advisor()
    again = people.requester(place.city)
    everywhere.step(again, "offices", {"city": place.neighbour, "office": office})
    assert faults(everywhere.post(f"{again.path}/acknowledge")) == {("/for_office", "required")}
    named = {"for_office": {"city": place.neighbour, "office": office}}
    assert everywhere.step(again, "acknowledge", named)["state"] == "submitted"
    assert faults(everywhere.post(f"{again.path}/acknowledge", {"for_office": {"city": None, "office": "region"}})) == {("/for_office", "unknown_office")}
    assert here.step(again, "reject", {"reason": "The other office does it."})["state"] == "acknowledged"
    assert there.step(again, "reject", {"reason": "Not ours either."})["state"] == "rejected"


def test_spam_and_repetitions_are_rejected_and_nothing_is_lost(people, place):
    company, spammer, advisor = people.requester(place.city), people.requester(place.city), people.advisor(place.city)
    told = advisor.step(spammer, "reject", {"reason": "Advertising.", "rejected_as": "spam"})
    assert (told["state"], told["rejected_reason"]) == ("rejected", "Advertising.")
    repeated = people.requester(place.city, contact={"email": company.email})
    assert faults(advisor.post(f"{repeated.path}/reject", {"reason": "Again.", "duplicate_of": str(uuid.uuid4())})) == {
        ("/duplicate_of", "unknown_service_request")}
    advisor.step(repeated, "reject", {"reason": "Asked twice.", "duplicate_of": company.request})
    assert company.mail("service_rejected")
    people.daemon.mails_sent()
    assert people.daemon.mails.take(spammer.email, "service_rejected") is None
    told = spammer.look()
    assert told["rejected_reason"] is None and "Advertising" not in json.dumps(told)
    assert "Advertising" not in json.dumps(answer(spammer.get("/v1/me/export")))
    assert advisor.steps(spammer, "reopen")["state"] == "in_progress"
    problem(repeated.post(f"{repeated.path}/reopen"), 409, "conflict_state")


def test_another_company_and_another_city_see_nothing(people, place):
    company, other, far = people.requester(place.city), people.requester(place.city), people.advisor(place.far)
    for stranger in (other, far):
        problem(stranger.get(company.path), 404, "not_found")
        problem(stranger.post(f"{company.path}/reopen"), 404, "not_found")
    problem(other.post(f"{company.path}/withdraw"), 404, "not_found")
    for verb, body in {"acknowledge": {}, "assign": {"account": far.id}, "wait": {"text": "?"}, "resume": {}, "reject": {"reason": "No"},
                       "resolve": {"outcome": "helped", "text": "!"}, "offices": {"city": place.city, "office": "x"},
                       "forward": {"city": place.city, "office": "x", "reason": "y"}}.items():
        problem(far.post(f"{company.path}/{verb}", body), 404, "not_found")
        problem(company.post(f"{company.path}/{verb}", body), 403, "forbidden")
    near = people.advisor(place.city)
    problem(near.post(f"{company.path}/withdraw"), 403, "forbidden")
    reference = company.look()["reference"]
    problem(other.get(f"/v1/service-requests/{reference}"), 422, "validation_failed")  # no key for reading


def test_an_advisor_who_asks_is_no_judge_in_their_own_case(people, place):
    advisor = people.advisor(place.city)
    people.office_in(place.city)
    form = people.service_form(place.city, contact={"email": advisor.email})
    task = Advisor(people.daemon, people.confirm(people.unconfirmed(form)[1]))
    own = SimpleNamespace(request=task.subject["id"], path=f"/v1/service-requests/{task.subject['id']}")
    colleague = people.advisor(place.city)
    answer(colleague.post(f"{own.path}/messages", {"text": "Knows us too well.", "public": False}), 201)
    colleague.steps(own, "acknowledge")
    assert faults(colleague.post(f"{own.path}/assign", {"account": advisor.id})) == {("/account", "unknown_advisor")}
    colleague.steps(own, "assign")
    office = {"city": place.neighbour, "office": people.office_in(place.neighbour)}
    for session in (task, advisor):
        for verb, body in {"acknowledge": {}, "assign": {"account": advisor.id, "from": colleague.id}, "offices": office}.items():
            problem(session.post(f"{own.path}/{verb}", body), 403, "forbidden")
        told = answer(session.get(own.path))
        assert "Knows us too well." not in json.dumps(told) and told["offices"][0]["advisor"]
    assert "Knows us too well." in json.dumps(answer(colleague.get(own.path)))


def test_an_unconfirmed_request_goes_after_a_week(start_daemon, place):
    from support import People
    people = People(start_daemon())
    people.office_in(place.city)
    made, token = people.unconfirmed(people.service_form(place.city))
    people.daemon.shift_clock(days=7, hours=1)
    with people.daemon.connect() as db:
        eventually(lambda: db.execute("SELECT count(*) FROM service_request").fetchone() == (0,))
    problem(people.daemon.http.post("/v1/confirmations", json={"token": token}), 410, "token_expired")
