# SPDX-License-Identifier: EUPL-1.2
# The first journey: from a question to two people who know each other, and the ways around each obstacle.
import pytest

from support import ENGLISH, Guide, Newcomer, People, answer, eventually, problem


@pytest.fixture(scope="module")
def shiftable(daemons):
    with daemons.running() as daemon:
        yield daemon


@pytest.fixture
def later(shiftable):
    """People whose clock a test may move: later.daemon.shift_clock(hours=25)."""
    yield People(shiftable)
    shiftable.shift_clock()


def test_a_newcomer_finds_a_guide_and_both_get_each_others_address(people, http, place):
    coordinator = people.coordinator(place.city)

    guide_id, token = people.apply("/v1/guides", people.guide_form(place.city, display_name="Samir"))
    confirmed = people.confirm(token)
    assert confirmed["subject"] == {"kind": "guide", "id": guide_id, "state": "applied"}
    assert confirmed["account"]["roles"] == ["guide"]
    assert "Samir" in coordinator.mail("guide_application").text
    assert [guide["id"] for guide in answer(coordinator.get("/v1/staff/guides?state=applied"))["items"]] == [guide_id]
    assert answer(coordinator.post(f"/v1/guides/{guide_id}/screen", {}))["state"] == "in_screening"
    assert answer(coordinator.post(f"/v1/guides/{guide_id}/approve", {}))["state"] == "active"
    samir = Guide(people.daemon, confirmed, "Samir")
    assert samir.mail("guide_approved").token is None

    form = people.request_form(place.city, display_name="Amara", message="I start as a nurse in January.")
    request_id, token = people.apply("/v1/guide-requests", form)
    confirmed = people.confirm(token)
    assert confirmed["subject"] == {"kind": "guide_request", "id": request_id, "state": "open"}
    amara = Newcomer(people.daemon, confirmed, "Amara")
    assert amara.wait_for("proposed")["proposal"] is None  # a newcomer learns of a proposal when the guide said yes

    mail = samir.mail("proposal")
    asked = people.open(mail.token)
    assert asked.subject["kind"] == "proposal" and asked.subject["state"] == "open"
    assert mail.path == f"/proposals/{asked.subject['id']}"
    proposal = answer(asked.get(f"/v1{mail.path}"))
    assert proposal["guide_request"]["message"] == form["message"]
    assert proposal["guide_request"]["display_name"] == "Amara" and form["email"] not in str(proposal)
    assert sum(term["points"] for term in proposal["explanation"]) == proposal["score"]

    accepted = answer(asked.post(f"/v1{mail.path}/accept", {}))
    assert accepted["state"] == "accepted"
    match = accepted["match"]["id"]
    for person, other, template in ((samir, amara, "match_guide"), (amara, samir, "match_newcomer")):
        mail = person.mail(template)
        assert other.email in mail.text and other.name in mail.text
        assert mail.path == f"/matches/{match}"
        for session in (person, people.open(mail.token)):
            seen = answer(session.get(f"/v1/matches/{match}"))
            assert (seen["state"], seen["guide"]["email"], seen["newcomer"]["email"]) == ("active", samir.email, amara.email)
    assert amara.look()["match"] == {"id": match}
    assert answer(amara.get("/v1/me"))["guide_requests"] == [{"id": request_id, "state": "matched"}]
    assert answer(samir.get("/v1/me/guide"))["load"] == 1


def test_a_newcomer_who_wants_to_be_asked_decides_after_seeing_the_guide(people, place):
    guide = people.guide(place.city, display_name="Samir", story="I came in 2015.")
    newcomer = people.newcomer(place.city, share_contact="ask_me")
    proposal = guide.proposal()["id"]
    assert guide.accept(proposal) == {"id": proposal, "state": "awaiting_newcomer", "match": None}
    assert guide.accept(proposal) == {"id": proposal, "state": "awaiting_newcomer", "match": None}

    request = newcomer.wait_for("awaiting_newcomer")
    assert request["proposal"]["id"] == proposal
    assert (request["proposal"]["guide"]["display_name"], request["proposal"]["guide"]["story"]) == ("Samir", "I came in 2015.")
    mail = newcomer.mail("please_confirm")
    assert guide.email not in mail.text + mail.html and "Samir" in mail.text
    link = people.open(mail.token)
    seen = answer(link.get(f"/v1{mail.path}"))
    assert (seen["state"], seen["score"], seen["explanation"]) == ("awaiting_newcomer", None, [])
    assert answer(newcomer.get("/v1/proposals"))["items"] == [seen]

    confirmed = answer(link.post(f"/v1/proposals/{proposal}/confirm", {}))
    assert confirmed["state"] == "accepted"
    assert answer(newcomer.post(f"/v1/proposals/{proposal}/confirm", {})) == confirmed
    match = answer(guide.get(f"/v1/matches/{confirmed['match']['id']}"))
    assert (match["guide"]["email"], match["newcomer"]["email"]) == (guide.email, newcomer.email)
    assert newcomer.email in guide.mail("match_guide").text
    assert guide.email in newcomer.mail("match_newcomer").text


def test_a_newcomer_may_refuse_and_is_not_shown_that_guide_again(people, place):
    first = people.guide(place.city, topics=["housing"])
    newcomer = people.newcomer(place.city, share_contact="ask_me", topics=["housing"])
    proposal = first.proposal()["id"]
    first.accept(proposal)
    newcomer.wait_for("awaiting_newcomer")
    refused = {"id": proposal, "state": "refused", "match": None}
    assert answer(newcomer.post(f"/v1/proposals/{proposal}/refuse", {})) == refused
    assert answer(newcomer.post(f"/v1/proposals/{proposal}/refuse", {})) == refused
    problem(newcomer.post(f"/v1/proposals/{proposal}/confirm", {}), 409, "already_answered")
    first.mail("proposal_cancelled")
    assert newcomer.wait_for("open")["proposal"] is None

    second = people.guide(place.city)
    assert second.proposal()["guide_request"]["id"] == newcomer.request
    assert answer(first.get("/v1/proposals?state=open"))["items"] == []


def test_when_a_guide_declines_the_next_one_is_asked(people, place):
    first, second = people.guide(place.city, topics=["housing"]), people.guide(place.city)
    newcomer = people.newcomer(place.city, topics=["housing"])
    proposal = first.proposal()["id"]
    declined = {"id": proposal, "state": "declined", "match": None}
    no = {"reason": "no_time", "note": "exams"}
    assert answer(first.post(f"/v1/proposals/{proposal}/decline", no)) == declined
    assert answer(first.post(f"/v1/proposals/{proposal}/decline", no)) == declined
    problem(first.post(f"/v1/proposals/{proposal}/accept", {}), 409, "already_answered")
    problem(newcomer.get(f"/v1/proposals/{proposal}"), 404, "not_found")
    assert second.accept()["state"] == "accepted"
    newcomer.wait_for("matched")


def test_the_best_guide_is_asked_first_and_nobody_without_a_common_language(people, place):
    turkish, english = [{"tag": "tr", "level": "native"}], [{"tag": "en", "level": "B1"}]
    people.guide(place.city, languages=[{"tag": "fr", "level": "native"}])
    second_choice, best = people.guide(place.city, languages=english), people.guide(place.city, languages=turkish + english)
    people.newcomer(place.city, languages=turkish + english)
    assert best.proposal()["explanation"][0]["criterion"] == "language"
    assert answer(second_choice.get("/v1/proposals"))["items"] == []


def test_a_guide_of_another_city_is_asked_only_where_both_agreed(people, place):
    next_door = people.guide(place.neighbour, neighbours=True)
    stays_home = people.newcomer(place.city, neighbours=False)
    travels = people.newcomer(place.city)
    assert next_door.proposal()["guide_request"]["id"] == travels.request
    assert stays_home.look()["state"] == "open"

    far_away = people.guide(place.far, remote=True, languages=[{"tag": "yo", "level": "native"}])
    undecided = people.newcomer(None, remote=True, languages=[{"tag": "yo", "level": "native"}])
    assert far_away.proposal()["guide_request"]["id"] == undecided.request


def test_whoever_waits_is_asked_about_when_a_guide_is_approved(people, place):
    newcomer = people.newcomer(place.city)
    assert newcomer.look()["state"] == "open" and newcomer.look()["position"] == 1
    assert people.guide(place.city).proposal()["guide_request"]["id"] == newcomer.request


def test_a_guide_is_reminded_once_after_24_hours_and_has_72_to_answer(later, place):
    first, second = later.guide(place.city, topics=["housing"]), later.guide(place.city)
    newcomer = later.newcomer(place.city, topics=["housing"])
    proposal = first.proposal()["id"]
    later.daemon.shift_clock(hours=23)
    assert first.mail("proposal")
    later.daemon.shift_clock(hours=25)
    reminder = first.mail("proposal_reminder")
    assert answer(later.open(reminder.token).get(f"/v1{reminder.path}"))["state"] == "open"
    later.daemon.shift_clock(hours=71)
    assert second.proposal()["guide_request"]["id"] == newcomer.request  # since 36 hours of silence have passed
    assert answer(first.get(f"/v1/proposals/{proposal}"))["state"] == "open"

    def expired():
        """the first ask has expired"""
        return answer(first.get(f"/v1/proposals/{proposal}"))["state"] == "expired"
    later.daemon.shift_clock(hours=73)
    eventually(expired)
    assert newcomer.look()["state"] == "proposed"
    assert first.daemon.mails.take(first.email, "proposal_reminder") is None
    problem(first.post(f"/v1/proposals/{proposal}/accept", {}), 409, "proposal_expired")
    problem(first.post(f"/v1/proposals/{proposal}/decline", {"reason": "other"}), 409, "proposal_expired")
    problem(later.daemon.http.post("/v1/sessions", json={"token": reminder.token}), 410, "token_expired")


def test_a_newcomer_is_reminded_after_24_hours_and_has_7_days_to_confirm(later, place):
    guide, newcomer = later.guide(place.city), later.newcomer(place.city, share_contact="ask_me")
    proposal = guide.proposal()["id"]
    guide.accept(proposal)
    newcomer.mail("please_confirm")
    later.daemon.shift_clock(hours=25)
    newcomer.mail("please_confirm_reminder")
    later.daemon.shift_clock(days=6, hours=23)
    assert newcomer.look()["state"] == "awaiting_newcomer"
    later.daemon.shift_clock(days=7, hours=1)
    guide.mail("proposal_cancelled")
    assert newcomer.wait_for("open")["proposal"] is None
    problem(newcomer.post(f"/v1/proposals/{proposal}/confirm", {}), 409, "proposal_expired")
    problem(newcomer.post(f"/v1/proposals/{proposal}/refuse", {}), 409, "proposal_expired")


def test_a_guide_who_let_two_proposals_expire_is_not_asked_a_third_time(later, place):
    guide, newcomer = later.guide(place.city), later.newcomer(place.city)
    first = guide.proposal()["id"]
    later.daemon.shift_clock(days=4)
    newcomer.wait_for("open")
    later.daemon.shift_clock(days=18)
    later.newcomer(place.far)  # every event starts a round; without one it is a minute
    assert guide.proposal()["id"] != first
    later.daemon.shift_clock(days=22)
    newcomer.wait_for("open")
    later.daemon.shift_clock(days=29)
    someone_else = later.newcomer(place.city)
    assert guide.proposal()["guide_request"]["id"] == someone_else.request


def test_a_request_nobody_answers_for_90_days_is_closed(later, place):
    newcomer = later.newcomer(place.city, languages=[{"tag": "ka", "level": "native"}])
    later.daemon.shift_clock(days=89)  # the daemon slept on the day to ask; whoever is asked late has as long to answer
    newcomer.mail("still_looking")
    newcomer = later.sign_in(newcomer.email)
    mine = f"/v1/guide-requests/{answer(newcomer.get('/v1/me'))['guide_requests'][0]['id']}"
    assert answer(newcomer.get(mine))["state"] == "open"
    later.daemon.shift_clock(days=102)
    with later.daemon.connect("welcome_worker") as db:
        db.execute("SELECT close_stale_requests()")
    newcomer = later.sign_in(newcomer.email)
    assert answer(newcomer.get(mine))["state"] == "open"
    later.daemon.shift_clock(days=104)
    newcomer.mail("request_expired")
    closed = answer(newcomer.get(mine))
    assert (closed["state"], closed["closed_as"]) == ("closed", "expired")


def test_what_is_not_confirmed_within_7_days_is_deleted(later, place):
    form = later.request_form(place.city)
    made, token = later.apply("/v1/guide-requests", form)
    later.daemon.shift_clock(days=7, hours=1)
    problem(later.daemon.http.post("/v1/confirmations", json={"token": token}), 410, "token_expired")

    def deleted():
        """the unconfirmed request is deleted"""
        with later.daemon.connect() as db:
            return db.execute("SELECT count(*) FROM guide_request WHERE id = %s", (made,)).fetchone() == (0,)
    eventually(deleted)
    problem(later.daemon.http.post("/v1/confirmations", json={"token": token}), 410, "token_expired")


def test_mails_of_an_arabic_speaker_read_from_right_to_left(people, place):
    arabic = [{"tag": "ar", "level": "native"}]
    guide = people.guide(place.city, languages=arabic)
    form = people.request_form(place.city, languages=arabic, display_name="أمل")
    answer(people.daemon.http.post("/v1/guide-requests?lang=ar", json=form), 202)
    mail = people.daemon.mails.next(form["email"])
    assert mail.language == "ar" and 'dir="rtl"' in mail.html and 'lang="ar"' in mail.html
    people.confirm(mail.token)
    guide.accept()
    assert people.daemon.mails.next(form["email"], "match_newcomer").language == "ar"


def test_everything_works_in_the_language_of_the_form(people, place):
    form = people.guide_form(place.city, languages=ENGLISH)
    answer(people.daemon.http.post("/v1/guides", json=form, headers={"Accept-Language": "uk, en;q=0.5"}), 202)
    mail = people.daemon.mails.next(form["email"])
    assert mail.language == "uk"
    assert people.confirm(mail.token)["account"]["language"] == "uk"
