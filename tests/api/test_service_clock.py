# SPDX-License-Identifier: EUPL-1.2
"""The clock of service requests as people meet it: in their mails and in what they read, while a real daemon's jobs run."""
import re

import pytest

from support import People, Requester, eventually, problem


@pytest.fixture
def later(start_daemon):
    """People whose clock a test moves."""
    return People(start_daemon())


def hours_until(later, column, requester):
    """Hours from the real time until that moment of the office that has the request."""
    with later.daemon.connect() as db:
        return db.execute(f"SELECT (extract(epoch FROM {column} - now()) / 3600)::float8 FROM service_request_office WHERE request = %s AND left_at IS NULL",
                          (requester.request,)).fetchone()[0]


def test_the_asker_is_told_the_truth_in_their_language(later, place):
    advisor, coordinator = later.advisor(place.city), later.coordinator(place.city)
    company = later.requester(place.city, contact={"language": "de", "name": "Petra Beispiel"}, company={"name": "Testklinik Nord", "legal_status": "abroad"})
    told = company.look()
    promise = company.mail("service_request_submitted").text
    assert "(Zeit in Deutschland)" in promise and told["reference"] in promise and "Test office" in promise
    new = advisor.mail("service_request_new")
    assert told["reference"] in new.text and "Testklinik Nord" in new.text
    assert "Petra" not in new.text and company.email not in new.text  # no more of people than it takes
    assert new.token is None and re.search(rf"https?://\S+{company.path.removeprefix('/v1')}\r?\n", new.text)
    later.daemon.shift_clock(hours=hours_until(later, "remind_at", company) + 0.1)
    assert "Testklinik Nord" in advisor.mail("service_reminder").text
    assert later.daemon.mails.take(company.email, "service_late") is None
    later.daemon.shift_clock(hours=hours_until(later, "due_at", company) + 0.1)
    confession = company.mail("service_late")
    assert confession.language == "de" and "erste Antwort versprochen" in confession.text and "Ergebnis" not in confession.text
    assert re.search(r"Bis \w+, \d+\. \w+ \d{4}.*(Zeit in Deutschland)", confession.text) and "Test office" in confession.text
    assert coordinator.mail("service_escalated").token is None
    link = later.open(confession.token, Requester)
    assert (link.look()["offices"][0]["overdue"], link.look()["due_at"]) == (True, told["due_at"])
    advisor = later.sign_in(advisor.email, type(advisor))
    assert advisor.steps(company, "acknowledge", "assign")["offices"][0]["overdue"] is False
    later.daemon.shift_clock(hours=hours_until(later, "due_at", company) + 0.1)
    again = company.mail("service_late")
    assert "Ergebnis versprochen" in again.text and "erste Antwort" not in again.text


def test_who_asked_is_reminded_while_waited_for_and_nothing_is_late(later, place):
    advisor = later.advisor(place.city)
    company = later.requester(place.city)
    advisor.steps(company, "acknowledge", "assign", "wait")
    company.mail("service_waiting")
    later.daemon.shift_clock(days=8)
    reminder = company.mail("service_waiting_reminder")
    assert "Please send the certificate." in reminder.text
    later.daemon.shift_clock(days=15)
    reminder = company.mail("service_waiting_reminder")
    later.daemon.shift_clock(days=60)
    later.daemon.mails_sent()
    for template in ("service_waiting_reminder", "service_late"):
        assert later.daemon.mails.take(company.email, template) is None
    told = later.open(reminder.token, Requester).look()
    assert (told["state"], told["due_at"], told["offices"][0]["overdue"]) == ("waiting_for_requester", None, False)


@pytest.mark.parametrize("language", ["de", "en", "tr", "ar", "uk"])
def test_the_end_is_told_and_asked_about_in_five_languages(later, place, language):
    advisor = later.advisor(place.city)
    company = later.requester(place.city, contact={"language": language})
    advisor.steps(company, "acknowledge", "assign", "resolve")
    result = company.mail("service_resolved")
    assert result.language == language and "It is done." in result.text and "helped" not in result.text.split("#token=")[0].replace("We could help", "")
    later.daemon.shift_clock(days=10, hours=1)

    def closed():
        """the request is closed"""
        with later.daemon.connect() as db:
            return db.execute("SELECT state FROM service_request WHERE id = %s", (company.request,)).fetchone() == ("closed",)
    eventually(closed)
    later.daemon.shift_clock(days=20, hours=3)
    question = company.mail("service_rating")
    assert question.language == language
    link = later.open(question.token, Requester)
    assert link.look()["state"] == "closed"
    with later.daemon.connect() as db, db.transaction():
        db.execute("LOCK TABLE oidc_sign_in IN SHARE MODE")  # the job waits: its next turn makes an unknown link of the expired one
        later.daemon.shift_clock(days=71)
        problem(later.daemon.http.post("/v1/sessions", json={"token": question.token}), 410, "token_expired")
    later.daemon.shift_clock(days=750)

    def forgotten():
        """the request is deleted"""
        with later.daemon.connect() as db:
            return db.execute("SELECT count(*) FROM service_request WHERE id = %s", (company.request,)).fetchone() == (0,)
    eventually(forgotten)
