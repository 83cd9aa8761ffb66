# SPDX-License-Identifier: EUPL-1.2
"""Service requests as files: what is in them, for whom, safe to open; and exports that are kept."""
import csv
import io

import pytest

from support import answer, faults, problem

PATH, SAVED = "/v1/service-requests/export", "/v1/saved-exports"


def read(response):
    """The rows by the names in the first; a fault of form is one."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.content.startswith(b"\xef\xbb\xbf") and response.content.endswith(b"\r\n")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def references(person, path=PATH, **filters):
    return [row["Reference"] for row in read(person.get(path, params=filters))]


def test_an_export_has_what_the_list_has(people, place):
    advisor = people.advisor(place.city)
    made = [people.requester(place.city) for _ in range(4)]
    advisor.steps(made[1], "acknowledge", "assign")
    advisor.steps(made[2], "acknowledge", "assign", "resolve")
    with people.daemon.connect() as db:  # as when all clocks wait for the end of a holiday
        db.execute("UPDATE service_request_office SET acknowledge_due_at = '2099-01-01', resolve_due_at = '2099-01-01' WHERE city = %s", (place.city,))
        assert db.execute("SELECT count(*) FROM service_request_office WHERE due_at = '2099-01-01' AND city = %s", (place.city,)).fetchone() == (3,)
    for filters in ({}, {"state": "submitted"}, {"advisor": "me"}, {"advisor": "none"}, {"advisor": advisor.id}, {"sort": "due"}, {"overdue": "true"},
                    {"due_before": "2100-01-01T00:00:00Z"}, {"service": "recruiting-abroad"}, {"service": "first-orientation"}, {"clientele": "company"},
                    {"clientele": "newcomer"}, {"office": "test-office"}, {"city": place.city}, {"city": place.far}, {"q": "Testklinik"}, {"q": "nothing"}):
        listed = [item["reference"] for item in answer(advisor.get("/v1/service-requests", params=filters))["items"]]
        assert references(advisor, **filters) == listed, filters
    row = read(advisor.get(PATH, params={"state": "resolved"}))[0]
    told = answer(advisor.get(made[2].path))
    assert (row["State"], row["Outcome"], row["Company"], row["E-mail"], row["Overdue"]) == ("resolved", "helped", "Testklinik", made[2].email, "false")
    assert row["Service"] == told["service"]["name"] and row["Due"] == "" and row["Resolved"][14:] == told["resolved_at"][14:16]


def test_a_file_speaks_german_or_english_and_names_itself(people, place):
    advisor = people.advisor(place.city)
    people.requester(place.city)
    response = advisor.get(PATH, params={"lang": "de"})
    assert "Überfällig" in read(response)[0] and "X-Truncated" not in response.headers
    assert response.headers["Content-Disposition"].startswith('attachment; filename="service-requests-')
    assert "Reference" in read(advisor.get(PATH, params={"lang": "uk"}))[0]
    problem(advisor.get(PATH, headers={"Accept": "application/json"}), 406, "not_acceptable")


@pytest.mark.parametrize("name", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", 'say "hi", please', "two\nlines", "=\"a\",b", "Äöü ß ひらがな"])
def test_a_cell_is_text_whatever_it_says(people, place, name):
    company = people.requester(place.city, contact={"name": "Petra", "phone": "+49 201 1"}, message=name)
    row = read(people.advisor(place.city).get(PATH))[0]
    assert row["Message"] == ("'" if name[0] in "=+-@\t\r" else "") + name
    assert row["Telephone"] == "'+49 201 1" and row["Reference"] == company.look()["reference"]


def test_an_export_ends_at_the_wall_and_leaves_a_trace(people, place):
    people.office_in(place.city)
    here, far = people.advisor(place.city), people.advisor(place.far)
    company = people.requester(place.city)
    own = people.requester(place.city, contact={"email": here.email})
    reference = company.look()["reference"]
    assert references(here) == [reference]  # not what one asked for oneself
    assert references(far) == references(far, q=reference) == references(far, city=place.city) == []
    for person in (company, people.coordinator(place.city)):
        problem(person.get(PATH), 403, "forbidden")
    problem(people.daemon.http.get(PATH), 401, "unauthenticated")
    assert faults(here.get(PATH, params={"state": "lost"})) == {("state", "enum")}
    read(here.get(PATH, params={"q": "Petra", "city": place.city}))
    with people.daemon.connect() as db:
        trace = db.execute("SELECT action, city, detail FROM audit WHERE actor = %s AND action = 'service_requests_exported' ORDER BY at DESC LIMIT 1",
                           (here.id,)).fetchone()
    assert trace == ("service_requests_exported", place.city, {"city": place.city, "searched": True})  # never whom one looked for
    assert own.look()["state"] == "submitted"


def test_what_two_offices_have_is_one_row(people, place):
    here, everywhere = people.advisor(place.city), people.advisor()
    company = people.requester(place.city)
    here.step(company, "offices", {"city": place.neighbour, "office": people.office_in(place.neighbour)})
    assert references(everywhere).count(company.look()["reference"]) == 1
    assert references(everywhere, sort="due").count(company.look()["reference"]) == 1


def test_a_saved_export_is_run_by_who_saved_it(people, place):
    advisor, colleague = people.advisor(place.city), people.advisor(place.city)
    company = people.requester(place.city)
    form = {"name": "Open in our city", "filter": {"city": place.city, "state": "submitted", "q": "Testklinik", "due_before": "2100-01-01T00:00:00Z"}}
    response = advisor.post(SAVED, form)
    made = answer(response, 201)
    assert made["filter"] == form["filter"] and response.headers["Location"] == f"{SAVED}/{made['id']}/csv"
    assert answer(advisor.get(SAVED))["items"] == [made] and answer(colleague.get(SAVED))["items"] == []
    run = f"{SAVED}/{made['id']}/csv"
    assert references(advisor, run) == [company.look()["reference"]]
    problem(colleague.get(run), 404, "not_found")
    problem(colleague.delete(f"{SAVED}/{made['id']}"), 404, "not_found")
    problem(advisor.post(SAVED, form), 409, "duplicate")
    advisor.steps(company, "acknowledge")
    assert references(advisor, run) == []  # an empty file is a file
    answer(advisor.delete(f"{SAVED}/{made['id']}"), 204)
    problem(advisor.get(run), 404, "not_found")


def test_a_saved_export_runs_under_the_wall_of_today(people, place):
    advisor = people.advisor(place.city)
    company = people.requester(place.city)
    run = f"{SAVED}/{answer(advisor.post(SAVED, {'name': 'All', 'filter': {}}), 201)['id']}/csv"
    assert references(advisor, run) == [company.look()["reference"]]
    answer(people.admin().patch(f"/v1/accounts/{advisor.id}", {"roles": [{"role": "advisor", "city": place.far}]}))
    assert references(people.sign_in(advisor.email), run) == []
    answer(people.admin().patch(f"/v1/accounts/{advisor.id}", {"roles": [{"role": "editor", "city": place.far}]}))
    problem(people.sign_in(advisor.email).get(run), 403, "forbidden")


@pytest.mark.parametrize("changes, wrong", [
    ({"name": " "}, {("/name", "pattern")}), ({"filter": {"city": "atlantis"}}, {("/filter/city", "unknown_city")}),
    ({"filter": {"q": "?"}}, {("/filter/q", "no_words")}), ({"filter": {"limit": 3}}, {("/filter/limit", "unknown_member")}),
    ({"filter": {"overdue": False}}, {("/filter/overdue", "const")}), ({"filter": None}, {("/filter", "type")})])
def test_what_cannot_run_is_not_saved(people, place, changes, wrong):
    assert faults(people.advisor(place.city).post(SAVED, {"name": "Mine", "filter": {}} | changes)) == wrong


def test_fifty_are_kept_and_no_more(people, place):
    advisor = people.advisor(place.city)
    for n in range(50):
        answer(advisor.post(SAVED, {"name": f"{n:02}", "filter": {}}), 201)
    problem(advisor.post(SAVED, {"name": "one too many", "filter": {}}), 409, "conflict_state")
    page = answer(advisor.get(SAVED, params={"limit": 40}))
    assert len(page["items"]) == 40 and page["next"]


def test_a_file_ends_at_ten_thousand_rows_and_says_so(people, place):
    advisor, company = people.advisor(place.city), people.requester(place.city)
    with people.daemon.connect("postgres") as db:
        db.execute("SET session_replication_role = replica")
        db.execute("INSERT INTO service_request (id, account, reference, state, service, version, city, handled_by, contact_name, language, submitted_at)"
                   " SELECT gen_random_uuid(), account, 'WR-' || lpad(n::text, 9, '0'), 'closed', service, version,"
                   " city, handled_by, 'Crowd', 'de', now() FROM service_request, generate_series(1, 10000) AS n WHERE id = %s", (company.request,))
        db.execute("INSERT INTO service_request_office (id, request, requester_account, service, city, office, state, request_state, acknowledge_due_at, resolve_due_at)"
                   " SELECT gen_random_uuid(), id, account, service, city, 'test-office', state, state, now(), now() FROM service_request WHERE city = %s AND contact_name = 'Crowd'",
                   (place.city,))
    response = advisor.get(PATH)
    assert len(read(response)) == 10000 and response.headers["X-Truncated"] == "10000"
