# SPDX-License-Identifier: EUPL-1.2
# A request that is sent again with its Idempotency-Key makes nothing again, and is answered as the first.
import concurrent.futures
import uuid

import pytest

from media_files import picture, png
from support import CONTRACT, Desk, answer, content_key, eventually, faults, problem

MANY = 50


def key():
    return uuid.uuid4().hex


def keyed(name):
    return {"headers": {"Idempotency-Key": name}}


def count(daemon, statement, *values):
    with daemon.connect() as db:
        return db.execute(statement, values).fetchone()[0]


def test_a_form_sent_again_makes_one_thing_and_one_mail(daemon, people, http, place):
    form, name = people.request_form(place.city), key()
    first = http.post("/v1/guide-requests", json=form, **keyed(name))
    again = http.post("/v1/guide-requests", json=form, **keyed(name))
    assert answer(first, 202) == answer(again, 202)
    assert count(daemon, "SELECT count(*) FROM guide_request WHERE city = %s", place.city) == 1
    assert count(daemon, "SELECT count(*) FROM confirmation WHERE address = %s", form["email"]) == 1
    daemon.mails_sent()
    assert daemon.mails.take(form["email"]) and not daemon.mails.take(form["email"])


def test_without_a_key_each_request_makes_something(daemon, people, http, place):
    form = people.request_form(place.city)
    assert len({answer(http.post("/v1/guide-requests", json=form), 202)["id"] for _ in range(2)}) == 2


def test_fifty_at_once_make_one_thing(daemon, people, http, place):
    form, name = people.request_form(place.city), key()
    with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(lambda _: http.post("/v1/guide-requests", json=form, **keyed(name)), range(MANY)))
    made = {one.json()["id"] for one in answers if one.status_code == 202}
    assert len(made) == 1
    for one in answers:
        if one.status_code != 202:
            problem(one, 409, "idempotency_in_flight")
    assert count(daemon, "SELECT count(*) FROM guide_request WHERE city = %s", place.city) == 1
    assert answer(http.post("/v1/guide-requests", json=form, **keyed(name)), 202)["id"] in made


def test_who_comes_while_the_first_is_at_work_waits_for_nobody(daemon, people, http, place):
    """The first request is held up by a lock; the second neither waits for it nor makes anything."""
    form, name = people.request_form(place.city), key()
    with daemon.connect() as db, concurrent.futures.ThreadPoolExecutor(1) as pool:
        with db.transaction():
            db.execute("LOCK TABLE confirmation IN ACCESS EXCLUSIVE MODE")
            first = pool.submit(http.post, "/v1/guide-requests", json=form, **keyed(name))

            def held_up():
                """the first request waits for the lock"""
                return db.execute("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid AND a.usename = 'welcome'"
                                  " WHERE l.relation = 'confirmation'::regclass AND NOT l.granted").fetchone()[0]
            eventually(held_up)
            problem(http.post("/v1/guide-requests", json=form, **keyed(name)), 409, "idempotency_in_flight")
        made = answer(first.result(), 202)
    assert answer(http.post("/v1/guide-requests", json=form, **keyed(name)), 202) == made


def test_another_body_with_the_same_key_is_told_so(people, http, place):
    form, name = people.guide_form(place.city), key()
    answer(http.post("/v1/guides", json=form, **keyed(name)), 202)
    problem(http.post("/v1/guides", json=form | {"capacity": 3}, **keyed(name)), 422, "idempotency_mismatch")
    problem(http.post("/v1/guides?lang=de", json=form, **keyed(name)), 422, "idempotency_mismatch")


def test_what_was_refused_is_tried_again_with_the_same_key(people):
    """Nothing of a refused request stays, its key neither."""
    admin, name = people.admin(), key()
    body = {"email": people.address("staff"), "language": "de", "roles": [{"role": "editor", "city": "essen"}]}
    made = answer(admin.post("/v1/accounts", body), 201)
    problem(admin.post("/v1/accounts", body, **keyed(name)), 409, "duplicate")
    answer(admin.patch(f"/v1/accounts/{made['id']}", {"roles": []}))
    assert answer(admin.post("/v1/accounts", body, **keyed(name)), 201) == made


def test_the_answer_names_the_first_with_its_location(people, place):
    desk, name = Desk(people, place.city), key()
    body = {"key": content_key(), "city": place.city}
    first = desk.author.post("/v1/articles", body, **keyed(name))
    again = desk.author.post("/v1/articles", body, **keyed(name))
    assert answer(first, 201) == answer(again, 201)
    for header in ("Location", "ETag", "Cache-Control"):
        assert first.headers[header] == again.headers[header]


def test_a_key_belongs_to_one_account_and_one_operation(people, place):
    desk, name = Desk(people, place.city), key()
    forms = [{"key": content_key(), "city": place.city} for _ in range(2)]
    assert len({answer(editor.post("/v1/articles", form, **keyed(name)), 201)["id"]
                for editor, form in zip((desk.author, desk.reviewer), forms)}) == 2
    body = {"key": content_key(), "city": place.city, "teller": "Somebody", "speaks": ["de"], "fictional": True}
    answer(desk.author.post("/v1/stories", body, **keyed(name)), 201)


def test_a_key_of_one_address_says_nothing_of_another(people, http, place):
    """Who knows the key learns nothing, and takes nothing away: their own form is carried out."""
    name, forms = key(), [people.guide_form(place.city) for _ in range(2)]
    assert len({answer(http.post("/v1/guides", json=form, **keyed(name)), 202)["id"] for form in forms}) == 2


def test_a_confirmed_thing_is_still_answered_as_when_it_was_made(people, http, place):
    form, name = people.guide_form(place.city), key()
    first = answer(http.post("/v1/guides", json=form, **keyed(name)), 202)
    people.confirm(people.daemon.mails.next(form["email"], "confirm_guide").token)
    assert answer(http.post("/v1/guides", json=form, **keyed(name)), 202) == first


def test_points_made_twice_are_one_version(people):
    coordinator, name = people.coordinator(), key()
    form = CONTRACT["components"]["schemas"]["WeightsForm"]["examples"][0]
    first = answer(coordinator.post("/v1/matching/weights", form, **keyed(name)), 201)
    other = answer(coordinator.post("/v1/matching/weights", form), 201)
    assert other["version"] == first["version"] + 1
    assert answer(coordinator.post("/v1/matching/weights", form, **keyed(name)), 201) == first


def test_a_picture_sent_again_is_still_created(people, place):
    editor, name = people.editor(place.city), key()
    data = png(picture())

    def upload(**options):
        return editor.daemon.http.post(f"/v1/media?city={place.city}", content=data,
                                       headers={"Authorization": f"Bearer {editor.token}", "Content-Type": "image/png"} | options)
    first, again, other = upload(**keyed(name)["headers"]), upload(**keyed(name)["headers"]), upload()
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 200)
    assert first.headers["Location"] == again.headers["Location"] == other.headers["Location"]


def test_a_report_and_a_staff_account_are_made_once(daemon, people, http):
    name, text = key(), f"Thank you {uuid.uuid4()}"
    body = {"kind": "praise", "text": text}
    made = [answer(http.post("/v1/feedback", json=body, **keyed(name)), 202)["id"] for _ in range(2)]
    assert made[0] == made[1]
    assert count(daemon, "SELECT count(*) FROM feedback WHERE text = %s", text) == 1
    admin, body = people.admin(), {"email": people.address("staff"), "language": "de", "roles": [{"role": "editor", "city": "essen"}]}
    made = [answer(admin.post("/v1/accounts", body, **keyed(name)), 201) for _ in range(2)]
    assert made[0] == made[1]
    problem(admin.post("/v1/accounts", body), 409, "duplicate")


def test_a_message_sent_again_stands_once_in_the_timeline(people, place):
    company, name = people.requester(place.city), key()
    first = answer(company.post(f"{company.path}/messages", {"text": "Hello"}, **keyed(name)), 201)
    other = answer(company.post(f"{company.path}/messages", {"text": "Hello"}), 201)
    assert answer(company.post(f"{company.path}/messages", {"text": "Hello"}, **keyed(name)), 201) == first != other


@pytest.mark.parametrize("given, code", [("short", "too_short"), ("x" * 65, "too_long"), ("x" * 15 + "!", "pattern"), ("é" * 20, "not_utf8")])
def test_a_key_has_its_form(people, http, place, given, code):
    response = http.post("/v1/guides", json=people.guide_form(place.city), headers={"Idempotency-Key": given.encode("latin-1")})
    assert faults(response) == {("Idempotency-Key", code)}


def test_a_key_is_kept_for_a_day_and_tells_nothing(start_daemon):
    daemon = start_daemon()
    http = daemon.http
    form = {"kind": "praise", "text": "Good", "email": "reader@example.org"}
    name = key()
    first = answer(http.post("/v1/feedback", json=form, **keyed(name)), 202)["id"]
    with daemon.connect() as db:
        row = db.execute("SELECT name, body, thing::text FROM claim").fetchone()
        assert row[2] == first and name.encode() not in row[0] + row[1]
    daemon.shift_clock(hours=23)
    assert answer(http.post("/v1/feedback", json=form, **keyed(name)), 202)["id"] == first
    daemon.shift_clock(hours=25)

    def gone():
        """the job has cleaned the key away"""
        return count(daemon, "SELECT count(*) FROM claim") == 0
    eventually(gone)
    assert answer(http.post("/v1/feedback", json=form, **keyed(name)), 202)["id"] != first


def test_a_key_survives_a_daemon_that_is_killed(start_daemon, people, place):
    """The claim commits with the thing: there is never one without the other."""
    daemon = start_daemon()
    form, name = people.guide_form("essen"), key()
    first = answer(daemon.http.post("/v1/guides", json=form, **keyed(name)), 202)
    daemon.kill()
    daemon.start()
    assert answer(daemon.http.post("/v1/guides", json=form, **keyed(name)), 202) == first
    assert count(daemon, "SELECT count(*) FROM claim") == count(daemon, "SELECT count(*) FROM guide WHERE id = %s", first["id"]) == 1


def test_what_creates_takes_a_key_and_sessions_do_not():
    """The contract says so of each operation; what is no creation, or made by a token that works once, needs none."""
    posts = [item["post"] for item in CONTRACT["paths"].values() if "post" in item]
    without = {one["operationId"] for one in posts if one["operationId"].startswith(("create_", "upload_", "add_")) and not one.get("x-idempotent")}
    assert without == {"create_sign_in", "create_session", "create_confirmation", "create_matching_round", "create_slots", "create_second_factor",
                       "create_oidc_sign_in", "create_oidc_session",
                       "add_service_request_office"}  # which is there once, however often it is added
