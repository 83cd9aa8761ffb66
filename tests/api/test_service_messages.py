# SPDX-License-Identifier: EUPL-1.2
# What askers and offices say to each other, who reads it, what it sets going, and how it was.
import pytest

from support import Advisor, People, Requester, answer, at_once, eventually, faults, problem


@pytest.fixture
def later(start_daemon):
    """People whose clock a test moves."""
    return People(start_daemon())


def say(person, requester, text, status=201, **more):
    return answer(person.post(f"{requester.path}/messages", {"text": text, **more}), status)


def events(person, requester):
    return answer(person.get(f"{requester.path}/events?limit=100"))["items"]


def said(person, requester):
    return [event["text"] for event in events(person, requester) if event["kind"] == "message"]


def test_both_sides_talk_and_are_told(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    advisor.steps(company, "acknowledge", "assign")
    told = say(company, company, "Is the certificate enough?")
    assert (told["kind"], told["public"], told["by"], told["office"], told["attachments"]) == ("message", True, "requester", None, [])
    assert told["author"] == {"id": company.id, "display_name": "Petra Beispiel"}
    advisor.mail("service_message_staff")
    told = say(advisor, company, "Yes, with a translation.")
    assert told["office"] == {"city": place.city, "office": "test-office", "name": "Test office"} and told["author"]["id"] == advisor.id
    mail = company.mail("service_message")
    assert "Yes, with a translation." in mail.text
    link = people.open(mail.token, Requester)
    assert say(link, company, "Thank you.")["by"] == "requester"  # the link alone is enough
    for reader, author in ((link, None), (advisor, advisor.id)):
        shown = events(reader, company)
        assert [event["kind"] for event in shown] == ["submitted", "acknowledged", "assigned", "message", "message", "message"]
        assert shown == answer(reader.get(company.path))["events"]
        assert shown[4]["author"]["id"] == author
    assert events(advisor, company)[3]["author"] == {"id": None, "display_name": "Petra Beispiel"}


def test_what_an_office_notes_stays_inside(people, place):
    company, advisor, colleague = people.requester(place.city), people.advisor(place.city), people.advisor(place.city)
    assert say(advisor, company, "Rang twice.", public=False)["public"] is False
    say(advisor, company, "We tried to call you.")
    company.mail("service_message")
    assert said(company, company) == ["We tried to call you."]
    assert said(colleague, company) == ["Rang twice.", "We tried to call you."]
    assert [event["text"] for event in company.look()["events"] if event["kind"] == "message"] == ["We tried to call you."]
    people.daemon.mails_sent()
    assert people.daemon.mails.take(company.email, "service_message") is None
    refused = problem(company.post(f"{company.path}/messages", {"text": "A secret", "public": False}), 422, "validation_failed")
    assert [(fault["pointer"], fault["code"], fault["limit"]) for fault in refused["errors"]] == [("/public", "const", "true")]


@pytest.mark.parametrize("body, wrong", [({}, ("/text", "required")), ({"text": ""}, ("/text", "too_short")), ({"text": "   "}, ("/text", "pattern")),
                                         ({"text": "x" * 4001}, ("/text", "too_long")), ({"text": "x", "public": "no"}, ("/public", "type"))])
def test_a_message_has_words(people, place, body, wrong):
    company = people.requester(place.city)
    assert wrong in faults(company.post(f"{company.path}/messages", body))


def test_the_askers_word_ends_waiting(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    advisor.steps(company, "acknowledge", "assign", "wait")
    say(advisor, company, "Still waiting.")
    assert company.look()["state"] == "waiting_for_requester"  # not by what the office says
    say(company, company, "Here it is.")
    told = company.look()
    assert told["state"] == "in_progress" and told["due_at"]
    assert [(event["kind"], event["by"], event["text"]) for event in told["events"]][-2:] == [
        ("message", "requester", "Here it is."), ("resumed", "system", None)]
    assert told["events"][-1]["author"] is None
    advisor.mail("service_message_staff")


def test_of_words_said_at_once_each_is_kept_and_waiting_ends_once(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    advisor.steps(company, "acknowledge", "assign", "wait")
    statuses = at_once(lambda n: company.post(f"{company.path}/messages", {"text": f"Word {n}"}), 6)
    assert statuses == [201] * 6
    shown = events(company, company)
    assert [event["kind"] for event in shown].count("resumed") == 1
    assert sorted(said(company, company)) == [f"Word {n}" for n in range(6)]
    assert [event["id"] for event in shown] == sorted(event["id"] for event in shown)


def test_a_word_and_a_step_at_once_leave_no_mixture(people, place):
    for _ in range(4):
        company, advisor = people.requester(place.city), people.advisor(place.city)
        advisor.steps(company, "acknowledge", "assign")
        calls = [lambda: company.post(f"{company.path}/messages", {"text": "Here"}),
                 lambda: advisor.post(f"{company.path}/wait", {"text": "Please send it."})]
        assert sorted(at_once(lambda n: calls[n](), 2)) == [200, 201]
        kinds = [event["kind"] for event in events(company, company)][3:]
        assert (kinds, company.look()["state"]) in ((["message", "waiting"], "waiting_for_requester"),
                                                    (["waiting", "message", "resumed"], "in_progress"))


def test_the_timeline_comes_in_pages(people, place):
    company = people.requester(place.city)
    people.advisor(place.city)  # who alone is mailed each word; where there is none, all who advise the whole region are
    for n in range(60):
        say(company, company, f"Word {n}")
    found, path = [], f"{company.path}/events?limit=25"
    while path:
        page = answer(company.get(path))
        found += page["items"]
        path = page["next"] and f"{company.path}/events?limit=25&after={page['next']}"
    assert [event["text"] for event in found] == [None] + [f"Word {n}" for n in range(60)]
    assert [event["at"] for event in found] == sorted(event["at"] for event in found)
    assert company.look()["events"] == found[-50:]
    assert faults(company.get(f"{company.path}/events?limit=101")) == {("limit", "too_large")}


def test_an_office_that_gave_it_away_hears_nothing_new(people, place):
    company, here, there = people.requester(place.city), people.advisor(place.city), people.advisor(place.neighbour)
    say(here, company, "Not ours, I think.", public=False)
    here.step(company, "forward", {"city": place.neighbour, "office": people.office_in(place.neighbour), "reason": "Yours."})
    say(there, company, "Indeed.", public=False)
    say(company, company, "Who is it now?")
    assert said(here, company) == ["Not ours, I think."]
    assert said(there, company) == ["Not ours, I think.", "Indeed.", "Who is it now?"]
    first = next(event for event in events(there, company) if event["text"] == "Not ours, I think.")
    assert first["author"] == {"id": None, "display_name": None}  # of another city
    assert [event["text"] for event in answer(here.get(company.path))["events"]][-1] == "Yours."
    problem(here.post(f"{company.path}/messages", {"text": "One more thing"}), 409, "conflict_state")
    there.mail("service_message_staff")
    people.daemon.mails_sent()
    assert people.daemon.mails.take(here.email, "service_message_staff") is None


def test_who_speaks_for_several_offices_says_for_which(people, place):
    company, everywhere = people.requester(place.city), people.advisor(place.city, place.neighbour)
    office = people.office_in(place.neighbour)
    everywhere.step(company, "offices", {"city": place.neighbour, "office": office})
    assert faults(everywhere.post(f"{company.path}/messages", {"text": "Hello"})) == {("/for_office", "required")}
    told = say(everywhere, company, "Hello", for_office={"city": place.neighbour, "office": office})
    assert told["office"]["city"] == place.neighbour
    say(company, company, "Hello both")
    for city in (place.city, place.neighbour):
        assert "Hello both" in said(people.advisor(city), company)


def test_nobody_else_listens_or_speaks(people, place):
    company, other, far = people.requester(place.city), people.requester(place.city), people.advisor(place.far)
    made, token = people.unconfirmed(people.service_form(place.city))
    link = people.open(other.mail("service_request_submitted").token, Requester)
    for stranger in (other, far, link):
        problem(stranger.get(f"{company.path}/events"), 404, "not_found")
        problem(stranger.post(f"{company.path}/messages", {"text": "Hello"}), 404, "not_found")
        problem(stranger.post(f"{company.path}/rate", {"rating": 1}), 404, "not_found")
    advisor = people.advisor(place.city)
    problem(advisor.post(f"/v1/service-requests/{made['id']}/messages", {"text": "Hello"}), 404, "not_found")
    problem(advisor.get(f"/v1/service-requests/{made['id']}/events"), 404, "not_found")
    problem(advisor.post(f"{company.path}/rate", {"rating": 5}), 403, "forbidden")
    for path in ("messages", "rate"):
        problem(people.daemon.http.post(f"{company.path}/{path}", json={"text": "x", "rating": 1}), 401, "unauthenticated")
    problem(people.daemon.http.get(f"{company.path}/events"), 401, "unauthenticated")
    for method, path, body in (("GET", "events", None), ("POST", "messages", {"text": "x"}), ("POST", "rate", {"rating": 1})):
        task = people.open(people_task(people, place), Requester)
        problem(task.call(method, f"{company.path}/{path}", body), 403, "forbidden")


def people_task(people, place):
    """A link that is about something else: a guide's ask."""
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    guide.proposal()
    assert newcomer
    return guide.mail("proposal").token


def test_an_ended_request_is_talked_about_for_thirty_days(later, place):
    company, advisor = later.requester(place.city), later.advisor(place.city)
    gone = later.requester(place.city)
    advisor.steps(company, "acknowledge", "assign", "resolve")
    say(company, company, "Thank you.")
    advisor.step(later.requester(place.city), "reject", {"reason": "Advertising.", "rejected_as": "spam"})
    gone.say("withdraw")
    problem(gone.post(f"{gone.path}/messages", {"text": "After all"}), 409, "conflict_state")
    problem(advisor.post(f"{gone.path}/messages", {"text": "Sure?"}), 409, "conflict_state")
    say(advisor, gone, "Pity.", public=False)
    later.daemon.shift_clock(days=29)
    company, advisor = later.open(company.mail("service_resolved").token, Requester), later.sign_in(advisor.email, Advisor)
    say(company, company, "One more thing.")
    eventually(lambda: company.look()["state"] == "closed")  # thirty days from then
    later.daemon.shift_clock(days=65)
    company, advisor = later.sign_in(company.email), later.sign_in(advisor.email, Advisor)
    company.path = f"/v1/service-requests/{gone.path and answer(company.get('/v1/me'))['service_requests'][0]['id']}"
    problem(company.post(f"{company.path}/messages", {"text": "Too late"}), 409, "conflict_state")
    problem(advisor.post(f"{company.path}/messages", {"text": "Too late"}), 409, "conflict_state")
    say(advisor, company, "For the record.", public=False)


def test_of_spam_nobody_hears_more(people, place):
    spammer, advisor = people.requester(place.city), people.advisor(place.city)
    advisor.step(spammer, "reject", {"reason": "Advertising.", "rejected_as": "spam"})
    say(spammer, spammer, "Buy now!")
    people.daemon.mails_sent()
    assert people.daemon.mails.take(advisor.email, "service_message_staff") is None
    refused = people.requester(place.city)
    advisor.step(refused, "reject", {"reason": "Not ours."})
    say(refused, refused, "Whose then?")
    advisor.mail("service_message_staff")


def test_who_asked_rates_what_came_of_it(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    problem(company.post(f"{company.path}/rate", {"rating": 4}), 409, "conflict_state")
    advisor.steps(company, "acknowledge", "assign", "resolve")
    for body, wrong in (({}, ("/rating", "required")), ({"rating": 0}, ("/rating", "too_small")), ({"rating": 6}, ("/rating", "too_large")),
                        ({"rating": 4.5}, ("/rating", "type")), ({"rating": 4, "text": " "}, ("/text", "pattern"))):
        assert wrong in faults(company.post(f"{company.path}/rate", body))
    told = company.say("rate", {"rating": 4, "text": "Fast."})
    assert (told["rating"], told["rating_text"]) == (4, "Fast.")
    assert company.say("rate", {"rating": 4, "text": "Fast."}) == told  # said twice
    link = people.open(company.mail("service_resolved").token, Requester)
    told = link.say("rate", {"rating": 5})
    assert (told["rating"], told["rating_text"]) == (5, None)
    rated = [event for event in events(advisor, company) if event["kind"] == "rated"]
    assert [(event["detail"], event["text"], event["by"]) for event in rated] == [({"rating": 4}, "Fast.", "requester"), ({"rating": 5}, None, "requester")]
    assert answer(advisor.get(company.path))["rating"] == 5


def test_what_an_erased_advisor_said_stays(people, place):
    company, advisor, colleague = people.requester(place.city), people.advisor(place.city), people.advisor(place.city)
    say(advisor, company, "Hello")
    with people.daemon.connect() as db:
        db.execute("DELETE FROM account WHERE id = %s", (advisor.id,))
    event = events(colleague, company)[-1]
    assert (event["text"], event["author"]) == ("Hello", {"id": None, "display_name": None})
