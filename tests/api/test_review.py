# SPDX-License-Identifier: EUPL-1.2
# What a fresh pair of eyes found: each sentence of the API that was not yet true when somebody read it aloud.
import base64

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


def test_a_guide_learns_when_the_newcomer_arrives(people, place):
    guide = people.guide(place.city)
    people.newcomer(place.city, arrival_on="2027-01-15")
    assert guide.proposal()["guide_request"]["arrival_on"] == "2027-01-15"


def test_why_a_guide_declined_is_for_the_coordinators_of_the_guides_cities(people, place):
    guide = people.guide(place.neighbour, neighbours=True)
    people.newcomer(place.city)
    path = f"/v1/proposals/{guide.proposal()['id']}"
    answer(guide.post(f"{path}/decline", {"reason": "no_time", "note": "Exams until March."}))

    def why(proposal):
        return proposal["decline_reason"], proposal["decline_note"]
    for reader, expected in ((guide, ("no_time", "Exams until March.")),
                             (people.coordinator(place.neighbour), ("no_time", "Exams until March.")),
                             (people.coordinator(place.city), (None, None))):
        assert why(answer(reader.get(path))) == expected
        assert [why(item) for item in answer(reader.get("/v1/proposals?state=declined"))["items"]] == [expected]


def test_the_note_at_the_end_of_a_match_is_for_coordinators(people, place):
    guide, newcomer, match = people.match(place.city)
    answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": "personal", "note": "We did not get along."}))
    for reader, expected in ((guide, None), (newcomer, None), (people.coordinator(place.city), "We did not get along.")):
        assert answer(reader.get(f"/v1/matches/{match}"))["ended_note"] == expected
        assert [item["ended_note"] for item in answer(reader.get("/v1/matches?state=ended"))["items"]] == [expected]


def test_an_old_slug_in_another_script_leads_to_the_new_one(daemon, http):
    old = "стара-реєстрація"
    with daemon.connect() as db:
        db.execute("INSERT INTO content_slug (content, language, slug, current) SELECT content, language, %s, false"
                   " FROM content_slug WHERE current AND language = 'uk'"
                   " AND content = (SELECT id FROM content WHERE key = 'residence-registration')", (old,))
    moved = http.get(f"/v1/articles/{old}")
    assert moved.status_code == 308 and moved.headers["Location"].isascii()
    assert answer(http.get(f"/v1/articles/{old}?lang=uk", follow_redirects=True))["language"]["served"] == "uk"
    problem(http.get("/v1/articles/never-was"), 404, "not_found")


def test_a_new_address_gets_its_link_again_but_keeps_nobody_from_signing_in(people, http, place):
    newcomer, owner, new = people.newcomer(place.city), people.newcomer(place.city), people.address("moved")
    answer(newcomer.patch("/v1/me", {"email": new}))
    people.daemon.mails.next(new, "confirm_address")
    answer(http.post("/v1/sign-in", json={"email": new}), 202)
    again = people.daemon.mails.next(new, "confirm_address")
    answer(newcomer.patch("/v1/me", {"email": owner.email}))
    owner.mail("confirm_address")
    assert answer(people.sign_in(owner.email).get("/v1/me"))["id"] == owner.id
    problem(http.post("/v1/confirmations", json={"token": again.token}), 410, "token_used")  # the wish was changed meanwhile


def test_no_address_stands_in_a_cursor(people):
    for _ in range(2):
        answer(people.admin().post("/v1/accounts", {"email": people.address("staff"), "roles": [{"role": "editor", "city": None}]}), 201)
    found, after = [], ""
    while after is not None:
        page = answer(people.admin().get(f"/v1/accounts?limit=1{after and '&after=' + after}"))
        found += [item["email"] for item in page["items"]]
        after = page["next"]
        assert not after or b"example.org" not in base64.urlsafe_b64decode(after + "==")
    assert found == sorted(found) and len(found) == answer(people.admin().get("/v1/accounts?count=true"))["total"]


@pytest.mark.parametrize("lang, expected", [("de", "Englisch, C1 (Wahl Nr. 1): 600 + 60"), ("tr", "English, C1 (choice no. 1): 600 + 60")])
def test_an_explanation_speaks_one_language(people, place, lang, expected):
    guide = people.guide(place.city)
    people.newcomer(place.city)
    proposal = guide.proposal()["id"]
    terms = answer(guide.get(f"/v1/proposals/{proposal}?lang={lang}"))["explanation"]
    assert [term["detail"] for term in terms if term["criterion"] == "language"] == [expected]


def test_a_newcomer_is_told_when_the_guide_they_were_to_answer_leaves(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city, share_contact="ask_me")
    guide.accept()
    newcomer.mail("please_confirm")
    answer(guide.post("/v1/me/guide/leave"))
    mail = newcomer.mail("request_reopened")
    assert answer(people.open(mail.token).get(f"/v1{mail.path}"))["state"] == "open"


def test_nobody_closes_a_request_for_which_a_guide_has_been_found(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city, share_contact="ask_me")
    guide.accept()
    newcomer.wait_for("awaiting_newcomer")
    problem(people.coordinator(place.city).post(f"/v1/guide-requests/{newcomer.request}/close"), 409, "conflict_state")
