# SPDX-License-Identifier: EUPL-1.2
"""Full-text search in service requests: by what, by whom, and never over the wall."""
import uuid

import pytest

from support import answer


def found(person, q, **filters):
    return [item["id"] for item in answer(person.get("/v1/service-requests", params={"q": q} | filters))["items"]]


def said(people, requester, text, public):
    """A message of the office that has it now."""
    with people.daemon.connect() as db:
        row = db.execute("SELECT id FROM service_request_office WHERE request = %s AND left_at IS NULL", (requester.request,)).fetchone()[0]
        db.execute("INSERT INTO service_event (id, request, office_row, kind, public, by, text) VALUES (uuid_v7(), %s, %s, 'message', %s, 'staff', %s)",
                   (requester.request, row, public, text))


@pytest.fixture
def clinic(people, place):
    return people.requester(place.city, company={"name": "Städtische Kliniken Grünau", "legal_status": "registered"},
                            contact={"name": "Amélie Großmann", "language": "de"}, message="Wir suchen Pflegekräfte für die Geriatrie.")


@pytest.mark.parametrize("q", [
    "Kliniken", "KLINIKEN grünau", "gruenau", "Grunau", "grün", "amelie grossmann", "Großmann Amé", "Pflegekräfte", "pflegekraft", "Geriatr",
    "städtische geriatrie", "nurse", "vocational"])
def test_words_are_found_in_other_forms_beginnings_and_spellings(people, place, clinic, q):
    other = people.requester(place.city, company={"name": "Stahlwerk", "legal_status": "founding"}, answers={
        "positions": 1, "occupation": "welder", "qualification": "degree", "german_level": "b1"} if q in ("nurse", "vocational") else {
        "positions": 1, "occupation": "nurse", "qualification": "vocational", "german_level": "b1"})
    advisor = people.advisor(place.city)
    assert found(advisor, q) == [clinic.request]
    assert found(clinic, q) == [clinic.request]
    assert other.request not in found(advisor, q) and found(other, q) == []


@pytest.mark.parametrize("q", ["Klinikum Essen", "kliniken stahlwerk", "xyzzy", "iniken", "@essen", "'a' | 'b'", "& ! (", "Kliniken & !Grünau"])
def test_what_is_not_there_is_not_found_and_nothing_typed_is_an_operator(people, place, clinic, q):
    response = people.advisor(place.city).get("/v1/service-requests", params={"q": q})
    assert response.status_code == 422 if not any(letter.isalnum() for letter in q) else answer(response)["items"] == [] or "Grünau" in q


def test_a_reference_is_found_as_people_write_it(people, place):
    companies = [people.requester(place.city) for _ in range(6)]
    advisor = people.advisor(place.city)
    for company in companies:
        reference = company.look()["reference"]
        code = reference[3:]
        for typed in (reference, reference.lower(), code, code[:8], code[:8].lower(), f"WR - {code}", f"wr-{code[:4]} {code[4:]}", f"wr{code}",
                      code.replace("0", "O").replace("1", "l"), code.replace("0", "o").replace("1", "I"), f"  {reference} ", f"{code[:4]}-{code[4:8]}"):
            assert found(advisor, typed) == found(company, typed) == [company.request], typed
        assert company.request in found(advisor, reference[:6])
    assert found(advisor, companies[0].look()["reference"][:-1] + ("0" if companies[0].look()["reference"][-1] != "0" else "1")) == []


def test_internal_words_are_for_advisors_and_public_ones_for_both(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    said(people, company, "Bitte reichen Sie die Approbationsurkunde nach.", public=True)
    said(people, company, "Vorsicht, Zahlungsrückstand beim Finanzamt.", public=False)
    assert found(advisor, "Approbationsurkunde") == found(company, "approbationsurk") == [company.request]
    assert found(advisor, "zahlungsrückstand") == [company.request] and found(company, "Zahlungsrückstand") == []
    both = people.advisor(place.city)  # who asks in a city they advise
    own = people.requester(place.city, contact={"email": both.email})
    said(people, own, "Geheimnis", public=False)
    assert found(both, "Geheimnis") == [] and found(advisor, "Geheimnis") == [own.request]


def test_an_office_that_forwarded_it_does_not_find_it_any_more(people, place):
    here, there, everywhere = people.advisor(place.city), people.advisor(place.neighbour), people.advisor()
    office, name = people.office_in(place.neighbour), "Firma" + uuid.uuid4().hex
    company = people.requester(place.city, company={"name": name, "legal_status": "registered"})
    assert found(here, name) == found(everywhere, name) == [company.request] and found(there, name) == []
    here.step(company, "offices", {"city": place.neighbour, "office": office})
    assert found(here, name) == found(there, name) == found(everywhere, name) == [company.request]
    said_name = "Wort" + uuid.uuid4().hex
    here.step(company, "forward", {"city": place.far, "office": people.office_in(place.far), "reason": said_name})
    assert found(here, name) == [] and found(there, said_name) == found(people.advisor(place.far), said_name) == [company.request]
    assert found(here, company.look()["reference"]) == []


def test_what_a_step_said_is_found(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    advisor.steps(company, "acknowledge", "assign", "wait")
    assert found(advisor, "certificate") == [company.request]
    assert found(advisor, "certificate", state="waiting_for_requester") == [company.request] and found(advisor, "certificate", state="closed") == []
