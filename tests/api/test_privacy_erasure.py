# SPDX-License-Identifier: EUPL-1.2
# Erasure: real, complete when it answers, and nothing of others but what was between them.
import hashlib
import json
import re

import pytest

from support import Guide, People, answer, at_once, new_place, problem
from traces import Life, scan

# What may name the things of somebody erased: the record of what staff did keeps the id of what it was about, never who it was.
KEPT = {("audit", "subject_id"), ("audit", "detail")}


@pytest.fixture(scope="module")
def life(people):
    return Life(people)


def hits(daemon, words):
    """{(table, column)} in which one of the words stands, but for what may."""
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    return {(table, column) for table, row in scan(daemon, words) for column, value in row.items()
            if pattern.search(json.dumps(value, ensure_ascii=False))} - KEPT


def snapshot(daemon, person):
    """What somebody gets when asking for everything about them."""
    return answer(person.get("/v1/me/export"))


def erased_by(person):
    """The answer to an erasure that took place."""
    told = answer(person.delete("/v1/me"))
    assert re.fullmatch(r"ER-[0-9A-F]{32}", told["receipt"])
    return told


def test_nothing_is_left_of_whoever_goes(life, people, daemon):
    daemon.mails_sent()
    words = life.ids() | {life.email, life.new_email, life.name}
    assert len(words) > 20 and hits(daemon, words), "the scan finds somebody who is there"
    others = {other.id: (other, snapshot(daemon, other)) for other in life.others()}
    daemon.mails.look()
    written = set(daemon.mails.known)
    told = erased_by(life.person)
    assert hits(daemon, words) == set(), "complete when it answers"
    erased = told["erased"]
    assert {"accounts": 1, "guides": 1, "guide_requests": 1, "matches": 2, "service_requests": 1, "appointments": 1, "attachments": 1,
            "absences": 1, "saved_exports": 1, "unconfirmed": 3, "feedback_addresses": 1, "roles": 3}.items() <= erased.items()
    daemon.mails_sent()
    assert hits(daemon, words) == set(), "what is sent afterwards brings nothing back"
    for file in daemon.mails.folder.glob("new/*"):
        if file.name not in written:
            assert not re.search(f"{life.name}|{re.escape(life.email)}", file.read_text(), re.IGNORECASE), "no mail names who has gone"
    assert not re.search("|".join(map(re.escape, words)), daemon.log.read_text(), re.IGNORECASE), "the log has never known them"
    for other, before in others.values():
        compare(other, before, snapshot(daemon, other), words)
    with daemon.connect() as db:
        found = db.execute("SELECT erased FROM erasure WHERE receipt = %s", (hashlib.sha256(told["receipt"].encode()).digest(),)).fetchone()
    assert found == (erased,)
    assert scan(daemon, [told["receipt"]]) == [], "the receipt stands nowhere"
    assert told["receipt"] not in daemon.log.read_text()


# What moves on for others when somebody goes, by the state machines.
MOVES = {"sessions", "links", "mails", "matches", "proposals", "blocks", "record", "work"}


def compare(other, before, after, words):
    """What others have is untouched but for what was between them and who has gone."""
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    for kind in set(before) - MOVES - {"exported_at", "guide_requests", "guides", "saved_exports", "service_requests"}:
        assert before[kind] == after[kind], f"{kind} of {other.email}"
    assert [one["id"] for one in before["guides"] + before["guide_requests"] + before["service_requests"]] == \
           [one["id"] for one in after["guides"] + after["guide_requests"] + after["service_requests"]]
    for kind in ("matches", "proposals"):
        kept = [one["id"] for one in before[kind] if not pattern.search(one["id"])]
        assert [one["id"] for one in after[kind] if one["id"] in kept] == kept
    assert not pattern.search(json.dumps({kind: value for kind, value in after.items() if kind != "record"}))


def test_others_are_told_and_places_are_free_again(people, daemon, place):
    guide, newcomer, _ = people.match(place.city)
    erased_by(newcomer)
    mail = guide.mail("counterpart_erased")
    assert newcomer.name not in mail.text and newcomer.email not in mail.text
    assert answer(guide.get("/v1/me/guide"))["load"] == 0
    assert answer(guide.get("/v1/matches"))["items"] == []
    other = people.newcomer(place.city)
    assert guide.accept()["match"] and other.wait_for("matched")
    erased_by(guide)
    assert other.wait_for("open") and other.mail("request_reopened")


def test_an_open_ask_is_taken_back_when_the_newcomer_goes(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    proposal = guide.proposal()["id"]
    erased_by(newcomer)
    problem(guide.post(f"/v1/proposals/{proposal}/accept", {}), 404, "not_found")
    assert guide.mail("counterpart_erased")
    assert answer(guide.get("/v1/proposals"))["items"] == []


def test_an_office_is_told_that_its_request_and_appointment_are_gone(people, daemon):
    life = Life(people)
    daemon.mails.take(life.advisor.email)
    erased_by(life.person)
    assert life.advisor.mail("service_erased_staff")
    freed = life.advisor.mail("appointment_erased_staff")
    assert life.name not in freed.text and freed.invitation is None
    slots = answer(life.advisor.get(f"/v1/consultation-slots?city={life.place.city}"))["items"]
    assert [slot["id"] for slot in slots] == [life.slot]
    handed_over = life.client.look()["offices"][0]
    assert handed_over["advisor"] is None and handed_over["state"] == "in_progress"


def test_links_and_sessions_of_whoever_has_gone_open_nothing(people, daemon, place):
    guide = people.guide(place.city)
    newcomer = people.newcomer(place.city)
    link = daemon.mails.next(guide.email, "proposal").token
    task = people.open(link)
    answer(daemon.http.post("/v1/sign-in", json={"email": guide.email}), 202)
    sign_in = daemon.mails.next(guide.email, "sign_in").token
    problem(task.delete("/v1/me"), 403, "forbidden")
    erased_by(guide)
    for person in (guide, task):
        problem(person.get("/v1/me"), 401, "unauthenticated")
    for token in (link, sign_in):
        problem(daemon.http.post("/v1/sessions", json={"token": token}), 404, "token_unknown")
    answer(daemon.http.post("/v1/sign-in", json={"email": guide.email}), 202)
    daemon.mails_sent()
    assert daemon.mails.take(guide.email, "sign_in") is None
    problem(guide.delete("/v1/me"), 401, "unauthenticated")
    assert newcomer.wait_for("open")


def test_the_same_address_begins_anew(people, place):
    form = people.guide_form(place.city)
    first = Guide(people.daemon, people.confirm(people.apply("/v1/guides", form)[1]))
    erased_by(first)
    second = Guide(people.daemon, people.confirm(people.apply("/v1/guides", form)[1]))
    assert second.id != first.id and answer(second.get("/v1/me"))["guide"]["state"] == "applied"


def test_the_last_admin_stays(start_daemon):
    daemon = start_daemon()
    people = People(daemon)
    admin = people.admin()
    refused = problem(admin.delete("/v1/me"), 409, "conflict_state")
    assert [fault["code"] for fault in refused["errors"]] == ["last_admin"]
    status, _, errors = daemon.command("account", "create", "--role", "admin", "--email", "second@people.example.org")
    assert status == 0, errors
    second = people.sign_in("second@people.example.org")
    statuses = both(lambda: admin.delete("/v1/me"), lambda: second.delete("/v1/me"))
    assert sorted(statuses) == [200, 409], "two at once: one stays"
    with daemon.connect() as db:
        assert db.execute("SELECT count(*) FROM staff_role WHERE role = 'admin'").fetchone() == (1,)


def both(*calls):
    """The statuses of calls made at the same moment, in their order."""
    told = {}

    def run(n):
        told[n] = calls[n]()
        return told[n]
    at_once(run, len(calls))
    return [told[n].status_code for n in range(len(calls))]


def test_two_admins_who_demote_each_other_leave_one(start_daemon):
    daemon = start_daemon()
    people = People(daemon)
    first = people.admin()
    status, _, errors = daemon.command("account", "create", "--role", "admin", "--email", "second@people.example.org")
    assert status == 0, errors
    second = people.sign_in("second@people.example.org")
    statuses = both(lambda: first.patch(f"/v1/accounts/{second.id}", {"roles": []}), lambda: second.patch(f"/v1/accounts/{first.id}", {"roles": []}))
    assert 200 in statuses
    with daemon.connect() as db:
        assert db.execute("SELECT count(*) FROM staff_role WHERE role = 'admin'").fetchone() == (1,)


@pytest.mark.parametrize("share", ["on_acceptance", "ask_me"])
def test_erasure_and_acceptance_at_the_same_moment(people, daemon, share):
    for n in range(6):
        city = new_place().city
        guide, newcomer = people.guide(city), people.newcomer(city, share_contact=share)
        path = f"/v1/proposals/{guide.proposal()['id']}/accept"
        goes, stays = (newcomer, guide) if n % 2 else (guide, newcomer)
        statuses = both(lambda: goes.delete("/v1/me"), lambda: guide.post(path, {}))
        assert statuses[0] == 200 and statuses[1] in (200, 401, 404, 409), statuses
        words = {goes.id, goes.email, guide.guide if goes is guide else newcomer.request}
        daemon.mails_sent()
        assert hits(daemon, words) == set()
        if stays is guide:
            assert answer(guide.get("/v1/me/guide"))["load"] == 0
        else:
            assert newcomer.wait_for("open")


def test_erasure_while_a_round_a_confirmation_and_a_sign_in_come(people, daemon):
    for _ in range(4):
        city = new_place().city
        guide, newcomer = people.guide(city), people.newcomer(city)
        form = people.service_form(city, contact={"email": newcomer.email})
        people.office_in(city)
        answer(daemon.http.post("/v1/sign-in", json={"email": newcomer.email}), 202)
        sign_in = daemon.mails.next(newcomer.email, "sign_in").token
        token = people.unconfirmed(form)[1]
        confirm = lambda: daemon.http.post("/v1/confirmations", json={"token": token})  # noqa: E731
        statuses = both(lambda: newcomer.delete("/v1/me"), confirm, lambda: daemon.http.post("/v1/sessions", json={"token": sign_in}),
                        lambda: guide.post("/v1/me/guide/leave", {}))
        assert statuses[0] == 200 and statuses[1] in (200, 404, 410) and statuses[2] in (201, 404), statuses
        assert statuses[3] == 200
        daemon.mails_sent()
        left = hits(daemon, {newcomer.id, newcomer.request})
        assert left == set()


def test_two_who_are_matched_go_at_the_same_moment(people, daemon):
    for _ in range(5):
        guide, newcomer, match = people.match(new_place().city)
        assert both(lambda: guide.delete("/v1/me"), lambda: newcomer.delete("/v1/me")) == [200, 200]
        daemon.mails_sent()
        assert hits(daemon, {guide.id, newcomer.id, guide.email, newcomer.email, match}) == set()


def test_what_was_counted_stays_counted(people, daemon, place):
    def count(kind):
        with daemon.connect() as db:
            return db.execute("SELECT coalesce(sum(count), 0) FROM tally WHERE kind = %s AND city = %s", (kind, place.city)).fetchone()[0]
    guide, newcomer, _ = people.match(place.city)
    erased_by(newcomer)
    assert (count("guide_request"), count("match"), count("guide")) == (1, 1, 0)
    erased_by(guide)
    assert (count("guide_request"), count("match"), count("guide")) == (1, 1, 1)
    requester = people.requester(place.city)
    erased_by(requester)
    assert count("service_request") == 1


def test_many_who_share_two_guides_go_at_once(people, daemon):
    city = new_place().city
    newcomers = [people.newcomer(city) for _ in range(8)]
    people.guide(city, capacity=5)
    people.guide(city, capacity=5)
    statuses = at_once(lambda n: newcomers[n].delete("/v1/me"), 8)
    assert statuses == [200] * 8
    daemon.mails_sent()
    assert hits(daemon, {newcomer.request for newcomer in newcomers}) == set()
