# SPDX-License-Identifier: EUPL-1.2
# What a fresh pair of eyes found: each sentence of the API that was not yet true when somebody read it aloud.
import httpx
import pytest

from support import People, SmtpServer, answer, problem

ARABIC = [{"tag": "ar", "level": "native"}]


class HastyReader(SmtpServer):
    """Follows the link of a mail before the server has even said that it took it."""

    def __init__(self):
        super().__init__()
        self.url_of_api, self.answers = None, []

    async def handle_DATA(self, server, session, envelope):
        reply = await super().handle_DATA(server, session, envelope)
        async with httpx.AsyncClient(base_url=self.url_of_api, timeout=30) as client:
            self.answers.append((await client.post("/v1/confirmations", json={"token": self.mails[-1].token})).status_code)
        return reply


@pytest.fixture
def hasty():
    server = HastyReader()
    server.start()
    yield server
    server.stop()


def test_a_link_works_at_the_moment_its_mail_arrives(start_daemon, hasty):
    daemon = start_daemon(WELCOME_SMTP_URL=hasty.url, WELCOME_SMTP_TLS="false")
    hasty.url_of_api = daemon.url
    people = People(daemon)
    for _ in range(3):
        answer(daemon.http.post("/v1/guide-requests", json=people.request_form("essen")), 202)
    daemon.mails_sent()
    assert hasty.answers == [200, 200, 200]


def test_mails_come_in_the_language_of_the_form_and_then_of_the_account(people, http, place):
    form = people.request_form(place.city, languages=ARABIC)
    answer(http.post("/v1/guide-requests", json=form, headers={"Accept-Language": "tr"}), 202)
    mail = people.daemon.mails.next(form["email"])
    assert mail.language == "tr"
    newcomer = people.confirm(mail.token)
    assert newcomer["account"]["language"] == "tr"
    people.guide(place.city, languages=ARABIC).accept()
    assert people.daemon.mails.next(form["email"], "match_newcomer").language == "tr"

    answer(http.patch("/v1/me", json={"language": "uk"}, headers={"Authorization": f"Bearer {newcomer['access_token']}"}))
    answer(http.post("/v1/sign-in", json={"email": form["email"]}, headers={"Accept-Language": "de-simple"}), 202)
    assert people.daemon.mails.next(form["email"], "sign_in").language == "de"


def test_who_changes_the_language_gets_the_next_mail_in_it(people, place):
    newcomer = people.newcomer(place.city, languages=ARABIC)
    answer(newcomer.patch("/v1/me", {"language": "uk"}))
    people.guide(place.city, languages=ARABIC).accept()
    assert newcomer.mail("match_newcomer").language == "uk"


def test_who_applies_again_too_early_can_still_sign_in(people, http, place):
    applicant = people.applicant(place.city)
    answer(people.coordinator(place.city).post(f"/v1/guides/{applicant.guide}/reject"))
    _, token = people.apply("/v1/guides", people.guide_form(place.city, email=applicant.email))
    problem(http.post("/v1/confirmations", json={"token": token}), 409, "conflict_state")
    assert answer(people.sign_in(applicant.email).get("/v1/me"))["guide"]["state"] == "rejected"


def test_the_place_in_the_queue_is_told_as_long_as_somebody_waits(people, place):
    guide = people.guide(place.city, capacity=1)
    newcomer = people.newcomer(place.city, share_contact="ask_me")
    assert newcomer.wait_for("proposed")["position"] == 1
    guide.accept()
    assert newcomer.wait_for("awaiting_newcomer")["position"] == 1
    second = people.newcomer(place.city)
    assert second.look()["position"] == 1  # the first is no longer among the open ones
    answer(newcomer.post(f"/v1/proposals/{newcomer.look()['proposal']['id']}/confirm"))
    assert newcomer.look()["position"] is None
