# SPDX-License-Identifier: EUPL-1.2
"""Three stories told whole: a hospital that is helped, a founder abroad without a number, and a request that nobody answers."""
import pytest

from support import People, Requester, answer, eventually, problem
from test_service_clock import hours_until


@pytest.fixture
def later(start_daemon):
    """People whose clock a test moves."""
    return People(start_daemon())


def kinds(person, requester):
    return [event["kind"] for event in answer(person.get(f"{requester.path}/events"))["items"]]


def test_a_hospital_asks_for_recognition_help_and_rates_it(later, place):
    daemon = later.daemon
    office = later.office_in(place.neighbour)
    wrong, right = later.advisor(place.city), later.advisor(place.neighbour)
    hospital = later.requester(place.city, service="recognition-partnership", company={"name": "Testklinikum", "legal_status": "registered", "size": "xl"},
                               contact={"language": "de"}, message="Zwei Pflegekräfte aus Tunesien sind schon da.",
                               answers={"occupation_origin": "infirmière", "regulated": "yes", "in_country": "yes", "german_level": "b1"})
    mail = hospital.mail("service_request_submitted")
    reference = hospital.look()["reference"]
    assert mail.language == "de" and reference in mail.text
    # Routed: the first office is not responsible, and says who is.
    wrong.mail("service_request_new")
    wrong.steps(hospital, "acknowledge")
    wrong.step(hospital, "forward", {"city": place.neighbour, "office": office, "reason": "Das Haus liegt in der Nachbarstadt."})
    assert "Das Haus liegt in der Nachbarstadt." in hospital.mail("service_forwarded").text
    right.mail("service_request_new")
    right.steps(hospital, "acknowledge", "assign")
    # Waiting: the clock stands still until the hospital answers through the link of the mail.
    right.step(hospital, "wait", {"text": "Bitte senden Sie uns die Lehrpläne."})
    mail = hospital.mail("service_waiting")
    assert "Bitte senden Sie uns die Lehrpläne." in mail.text
    link = later.open(mail.token, Requester)
    waiting = link.look()
    assert (waiting["state"], waiting["due_at"]) == ("waiting_for_requester", None)
    daemon.shift_clock(days=3)
    link = later.open(mail.token, Requester)
    answer(link.post(f"{link.path}/messages", {"text": "Anbei die Lehrpläne."}), 201)
    added = answer(daemon.http.post(f"{link.path}/attachments?name=lehrplan.txt", content="Anatomie, Physiologie".encode(),
                                    headers={"Authorization": f"Bearer {link.token}", "Content-Type": "text/plain"}), 201)
    right = later.sign_in(right.email, type(right))
    right.mail("service_message_staff")
    told = answer(right.get(hospital.path))
    assert told["state"] == "in_progress" and told["due_at"]
    file = right.get(f"{hospital.path}/attachments/{added['id']}")
    assert file.content == "Anatomie, Physiologie".encode() and file.headers["Content-Disposition"].startswith("attachment")
    answer(right.post(f"{hospital.path}/messages", {"text": "Antrag liegt der Bezirksregierung vor.", "public": False}), 201)
    # Resolved, closed by itself, and rated when asked for it.
    right.step(hospital, "resolve", {"outcome": "helped", "text": "Der Bescheid ist da."})
    mail = hospital.mail("service_resolved")
    assert "Der Bescheid ist da." in mail.text
    daemon.shift_clock(days=14)
    eventually(lambda: later.open(mail.token, Requester).look()["state"] == "closed")
    daemon.shift_clock(days=25)
    mail = hospital.mail("service_rating")
    link = later.open(mail.token, Requester)
    assert link.look()["state"] == "closed"
    assert answer(link.post(f"{link.path}/rate", {"rating": 5, "text": "Schnell und freundlich."}))["rating"] == 5
    public = kinds(link, link)
    assert public == ["submitted", "acknowledged", "forwarded", "acknowledged", "assigned", "waiting", "message", "resumed", "resolved", "closed", "rated"]
    assert all("Bezirksregierung" not in (event["text"] or "") for event in answer(link.get(f"{link.path}/events"))["items"])
    # The office that gave it away keeps what it had seen, and no more.
    wrong = later.sign_in(wrong.email, type(wrong))
    assert kinds(wrong, hospital) == ["submitted", "acknowledged", "forwarded"]


def test_a_founder_abroad_needs_no_number_and_no_city(later, place):
    everywhere = later.advisor()
    founder = later.requester(None, service="founding", company={"name": "Kapok Studio", "legal_status": "abroad"},
                              contact={"name": "Nguyễn Thị Hoa", "language": "en"},
                              answers={"stage": "plan", "sector": "software", "residence_status": "abroad", "question": "Which permit do I need?"})
    told = founder.look()
    assert (told["city"], told["company"]["register_number"], told["state"]) == (None, None, "submitted")
    assert told["offices"][0]["city"] is None and told["due_at"]
    local = later.advisor(place.city)
    problem(local.get(founder.path), 404, "not_found")
    everywhere.steps(founder, "acknowledge", "assign")
    # She decides for a city, whose office goes on with her.
    office = later.office_in(place.city)
    answer(founder.post(f"{founder.path}/messages", {"text": f"I have decided for {place.city}."}), 201)
    everywhere.step(founder, "forward", {"city": place.city, "office": office, "reason": "She will settle there."})
    local.steps(founder, "acknowledge", "assign")
    told = local.step(founder, "resolve", {"outcome": "referred", "text": "Apply at the embassy, section 21 AufenthG."})
    assert (told["state"], told["outcome"]) == ("resolved", "referred")
    assert "section 21" in founder.mail("service_resolved").text


def test_a_request_nobody_answers_is_confessed_and_still_answered(later, place):
    daemon = later.daemon
    advisor, coordinator, everywhere = later.advisor(place.city), later.coordinator(place.city), later.advisor()
    company = later.requester(place.city)
    promised = company.look()["due_at"]
    advisor.mail("service_request_new")
    daemon.shift_clock(hours=hours_until(later, "remind_at", company) + 0.1)  # holidays are no hours of business
    advisor.mail("service_reminder")
    daemon.shift_clock(hours=hours_until(later, "due_at", company) + 0.1)
    coordinator.mail("service_escalated")
    everywhere.mail("service_escalated")
    confession = company.mail("service_late")
    link = later.open(confession.token, Requester)
    told = link.look()
    assert told["state"] == "submitted" and told["due_at"] == promised and told["offices"][0]["overdue"] and told["offices"][0]["late_since"]
    advisor = later.sign_in(advisor.email, type(advisor))
    assert [item["id"] for item in answer(advisor.get("/v1/service-requests?overdue=true"))["items"]] == [company.request]
    daemon.shift_clock(hours=90)
    daemon.mails_sent()
    assert daemon.mails.take(company.email, "service_late") is None  # once for each promise
    advisor = later.sign_in(advisor.email, type(advisor))
    told = advisor.steps(company, "acknowledge", "assign", "resolve")
    assert told["state"] == "resolved"
    assert "late" in kinds(advisor, company)
