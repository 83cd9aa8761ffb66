# SPDX-License-Identifier: EUPL-1.2
"""Lists of service requests: who sees which, by each filter, in which order, and no request twice."""
import itertools
import uuid

import pytest

from support import answer, faults, problem

PATH = "/v1/service-requests"


def listed(person, limit=2, **filters):
    """The items on all pages, read by twos unless told otherwise; what is counted is what is shown."""
    pages, after = [], {}
    while True:
        page = answer(person.get(PATH, params=filters | after | {"limit": limit, "count": "true"}))
        pages += page["items"]
        if not page["next"]:
            break
        after = {"after": dict(pair.split("=", 1) for pair in page["next"].partition("?")[2].split("&"))["after"]} if "?" in page["next"] else {"after": page["next"]}
    assert page["total"] == len(pages)
    return pages


def ids(person, **filters):
    return [item["id"] for item in listed(person, **filters)]


def due_in(people, requester, hours):
    """Moves what the office owes next to so many hours from now."""
    with people.daemon.connect() as db:
        db.execute("UPDATE service_request_office SET acknowledge_due_at = now() + make_interval(hours => %s),"
                   " resolve_due_at = now() + make_interval(hours => %s) WHERE request = %s AND left_at IS NULL", (hours, hours, requester.request))


def test_who_asked_sees_the_own_requests_newest_first(people, place):
    first = people.requester(place.city)
    second = people.requester(place.city, contact={"email": first.email})
    other = people.requester(place.city)
    assert ids(second) == [second.request, first.request]
    assert ids(other) == [other.request]
    item = listed(other)[0]
    assert (item["reference"], item["state"], item["city"], item["company_name"]) == (other.look()["reference"], "submitted", place.city, "Testklinik")
    assert item["office"]["advisor"] is None and item["due_at"] == other.look()["due_at"] and item["overdue"] is False
    people.advisor(place.city).steps(other, "acknowledge", "assign")
    assert listed(other)[0]["office"]["advisor"] is None  # the office speaks, not a person
    assert ids(other, advisor="me") == ids(other, advisor="none") == []
    assert ids(other, state="in_progress", city=place.city, service="recruiting-abroad", clientele="company", office="test-office") == [other.request]
    assert ids(other, state="in_progress", city=place.far) == ids(other, state="submitted") == []
    assert ids(other, sort="due") == [other.request]
    problem(people.daemon.http.get(PATH), 401, "unauthenticated")


def test_an_advisor_sees_what_offices_of_the_city_have(people, place):
    mine = [people.requester(place.city) for _ in range(5)]
    foreign = people.requester(place.far)
    advisor, everywhere, stranger = people.advisor(place.city), people.advisor(), people.advisor(place.neighbour)
    assert ids(advisor) == [one.request for one in reversed(mine)]
    assert ids(stranger) == []
    for city, own in {place.city: mine, place.far: [foreign]}.items():
        assert ids(everywhere, city=city) == [one.request for one in reversed(own)]
    assert ids(advisor, city=place.far) == []  # neither seen nor counted


def test_each_filter_keeps_what_it_says_and_all_agree(people, place):
    """Every combination is answered by one of several files; what it must show is worked out here."""
    advisor, colleague = people.advisor(place.city), people.advisor(place.city)
    made = [people.requester(place.city) for _ in range(4)] + [people.requester(place.city, service="first-orientation", company=None, answers={})
                                                               for _ in range(2)]
    advisor.steps(made[1], "acknowledge")
    advisor.steps(made[2], "acknowledge", "assign")
    colleague.steps(made[3], "acknowledge", "assign", "wait")
    advisor.steps(made[4], "acknowledge", "assign", "resolve")
    due_in(people, made[0], -3)
    due_in(people, made[2], -5)
    due_in(people, made[1], 7)
    everything = {item["id"]: item for item in listed(advisor)}
    assert len(everything) == 6

    def fits(item, state=None, service=None, clientele=None, office=None, advisor=None, overdue=None):
        who, taken = item["office"]["advisor"], {"me": me, "colleague": colleague.id}
        return ((state is None or item["state"] == state) and (service is None or item["service"]["code"] == service)
                and (clientele is None or item["service"]["clientele"] == clientele) and (office is None or item["office"]["office"] == office)
                and (advisor is None or (who is None and item["state"] in ("submitted", "acknowledged") if advisor == "none"
                                         else who is not None and who["id"] == taken[advisor]))
                and (overdue is None or item["overdue"]))
    me = advisor.id
    choices = {"state": (None, "submitted", "in_progress"), "service": (None, "first-orientation"), "clientele": (None, "company"),
               "office": (None, "test-office"), "advisor": (None, "me", "none", "colleague"), "overdue": (None, "true")}
    seen = set()
    for chosen in itertools.product(*choices.values()):
        asked = {name: value for name, value in zip(choices, chosen) if value is not None}
        expected = [item["id"] for item in everything.values() if fits(item, **asked)]
        if "overdue" in asked:
            expected.sort(key=lambda one: everything[one]["due_at"])
        sent = asked | ({"advisor": colleague.id.upper()} if asked.get("advisor") == "colleague" else {})
        assert ids(advisor, **sent) == expected, asked
        assert set(ids(advisor, q="Petra", **sent)) == set(expected), asked
        seen.add(len(expected))
    assert seen >= {0, 1, 2, 6}


def test_what_is_due_first_stands_on_top(people, place):
    advisor = people.advisor(place.city)
    made = {hours: people.requester(place.city) for hours in (30, -40, 5, -2)}
    for hours, requester in made.items():
        due_in(people, requester, hours)
    waiting = people.requester(place.city)
    advisor.steps(waiting, "acknowledge", "assign", "wait")
    in_order = [made[hours].request for hours in sorted(made)]
    assert ids(advisor, sort="due") == in_order  # of what waits for the asker nothing is due
    assert ids(advisor, overdue="true") == in_order[:2]
    assert [item["overdue"] for item in listed(advisor, sort="due")] == [True, True, False, False]
    moment = listed(advisor, sort="due")[2]["due_at"]
    assert ids(advisor, due_before=moment) == in_order[:2]
    assert ids(advisor, due_before="2100-01-01T00:00:00+01:00", overdue="true") == in_order[:2]
    assert ids(advisor, due_before="2000-01-01T00:00:00Z") == []


def test_a_request_that_two_offices_have_is_listed_once(people, place):
    here, there, both = people.advisor(place.city), people.advisor(place.neighbour), people.advisor(place.city, place.neighbour)
    office = people.office_in(place.neighbour)
    shared, single = people.requester(place.city), people.requester(place.city)
    here.step(shared, "offices", {"city": place.neighbour, "office": office})
    for filters in ({}, {"state": "submitted"}, {"service": "recruiting-abroad"}, {"sort": "due"}, {"advisor": "none"}, {"office": "test-office"}, {"q": "Testklinik"}):
        assert sorted(ids(both, **filters)) == sorted([shared.request, single.request]), filters
    assert {item["office"]["city"] for item in listed(here) if item["id"] == shared.request} == {place.city}
    assert {item["office"]["city"] for item in listed(there)} == {place.neighbour}
    assert [item["office"]["city"] for item in listed(both, city=place.neighbour)] == [place.neighbour]
    assert ids(shared) == [shared.request]


def test_a_forwarded_request_leaves_the_list_and_enters_another(people, place):
    here, there = people.advisor(place.city), people.advisor(place.neighbour)
    office = people.office_in(place.neighbour)
    company = people.requester(place.city)
    assert ids(here) == [company.request] and ids(there) == []
    here.step(company, "forward", {"city": place.neighbour, "office": office, "reason": "Yours."})
    for filters in ({}, {"state": "submitted"}, {"sort": "due"}, {"advisor": "none"}, {"q": "Testklinik"}, {"service": "recruiting-abroad"}):
        assert ids(here, **filters) == [] and ids(there, **filters) == [company.request], filters
    assert ids(company) == [company.request]


def test_an_advisor_who_asks_is_told_as_one_who_asks(people, place):
    people.office_in(place.city)
    advisor, colleague = people.advisor(place.city), people.advisor(place.city)
    own = people.requester(place.city, contact={"email": advisor.email})
    colleague.steps(own, "acknowledge", "assign")
    assert ids(advisor) == ids(advisor, q="Testklinik") == [own.request]
    assert ids(advisor, advisor=colleague.id) == [] and ids(colleague, advisor="me") == [own.request]


@pytest.mark.parametrize("filters, wrong", [
    ({"state": "lost"}, {("state", "enum")}), ({"city": "atlantis"}, {("city", "unknown_city")}), ({"overdue": "false"}, {("overdue", "const")}),
    ({"advisor": "somebody"}, {("advisor", "pattern")}), ({"due_before": "tomorrow"}, {("due_before", "format")}),
    ({"sort": "newest"}, {("sort", "enum")}), ({"q": "Klinik", "sort": "due"}, {("sort", "contradiction")}), ({"q": "?!"}, {("q", "no_words")}),
    ({"office": "No Slug"}, {("office", "pattern")})])
def test_a_filter_nobody_understands_is_refused(people, place, filters, wrong):
    assert faults(people.advisor(place.city).get(PATH, params=filters)) == wrong


def test_a_cursor_belongs_to_its_list(people, place):
    advisor = people.advisor(place.city)
    for _ in range(2):
        people.requester(place.city)
    following = answer(advisor.get(PATH, params={"limit": 1}))["next"]
    after = following.partition("after=")[2].partition("&")[0] or following
    assert ("after", "invalid_cursor") in faults(advisor.get(f"{PATH}?limit=1&sort=due&after={after}"))
    assert ids(advisor, advisor=str(uuid.uuid4())) == []
