# SPDX-License-Identifier: EUPL-1.2
# Who did and saw whose data: what is recorded, who may read it, and that nobody changes it unnoticed.
import itertools
import json
import re
import uuid

import psycopg
import pytest

from support import CONTRACT, People, answer, eventually, faults, problem


def records(people, **filters):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return answer(people.admin().get(f"/v1/audit?{query}"))["items"]


def noted(people, actor, action, subject):
    """The record of that, once the daemon has handed it over."""
    def there():
        return records(people, actor=actor.id, action=action, subject=subject)
    there.__doc__ = f"{action} of {subject} is recorded"
    return eventually(there)


def seal(daemon):
    """All there is now; (number, hash) of the last seal."""
    with daemon.connect("welcome_worker") as db:
        while db.execute("SELECT sealed FROM seal_audit()").fetchone():
            pass
        return db.execute("SELECT number, hash FROM audit_seals(0) ORDER BY number DESC LIMIT 1").fetchone()


def verify(daemon, *arguments):
    status, out, errors = daemon.command("audit", "verify", *arguments)
    assert errors == ""
    return status, out


@pytest.fixture
def own(start_daemon):
    """People with an audit that a test may spoil: the job has sealed once, and does so again in a minute."""
    people = People(start_daemon())

    def sealed():
        """the job of the audit had its first turn"""
        with people.daemon.connect() as db:
            return db.execute("SELECT count(*) FROM job_note WHERE job = 'audit'").fetchone()[0]
    eventually(sealed)
    return people


def test_what_staff_open_is_recorded_without_what_they_read(people, place):
    coordinator, newcomer = people.coordinator(place.city), people.newcomer(place.city)
    for _ in range(3):
        answer(coordinator.get(f"/v1/guide-requests/{newcomer.request}"))
    record, = noted(people, coordinator, "saw", newcomer.request)
    assert record["subject"] == {"kind": "guide_request", "id": newcomer.request}
    assert (record["city"], record["detail"], record["actor"]["id"]) == (place.city, {}, coordinator.id)
    assert newcomer.email not in json.dumps(record)
    answer(coordinator.get(f"/v1/guide-requests/{newcomer.request}"))
    guide = people.applicant(place.city)
    answer(coordinator.get(f"/v1/staff/guides/{guide.guide}"))
    noted(people, coordinator, "saw", guide.guide)
    assert len(records(people, actor=coordinator.id, action="saw", subject=newcomer.request)) == 1, "once a day"


def test_lists_name_everybody_on_the_page(people, place):
    coordinator, newcomers = people.coordinator(place.city), [people.newcomer(place.city) for _ in range(3)]
    page = answer(coordinator.get("/v1/guide-requests?limit=2"))
    shown = {item["id"] for item in page["items"]}
    for request in shown:
        noted(people, coordinator, "listed", request)
    unseen, = {newcomer.request for newcomer in newcomers} - shown
    assert records(people, actor=coordinator.id, subject=unseen) == []


def test_advisors_are_recorded_as_well(people, place):
    requester, advisor = people.requester(place.city), people.advisor(place.city)
    answer(advisor.get(requester.path))
    assert noted(people, advisor, "saw", requester.request)[0]["subject"]["kind"] == "service_request"


def test_nobody_is_recorded_for_looking_at_their_own(people, place):
    guide, newcomer, match = people.match(place.city)
    for person, path in ((newcomer, f"/v1/guide-requests/{newcomer.request}"), (guide, f"/v1/matches/{match}"), (newcomer, "/v1/matches")):
        answer(person.get(path))
    made = answer(people.admin().post("/v1/accounts", {"email": newcomer.email, "roles": [{"role": "coordinator", "city": place.city}]}), 201)
    assert made["id"] == newcomer.id
    answer(newcomer.get(f"/v1/guide-requests/{newcomer.request}"))
    answer(newcomer.get(f"/v1/staff/guides/{guide.guide}"))
    noted(people, newcomer, "saw", guide.guide)
    assert records(people, actor=newcomer.id, subject=newcomer.request) == []
    assert records(people, actor=guide.id) == []


def test_every_read_of_staff_is_recorded_or_shows_nobody():
    """Whoever adds one has to say which it is."""
    nobody = {"get_my_guide", "get_me", "export_me", "get_my_consents", "get_second_factor", "get_my_absences", "list_my_blocks", "list_audit",  # one's own, and this
              "list_article_revisions", "list_contents", "get_content", "list_revisions", "get_revision", "list_editorial_tasks", "list_desks",
              "get_desk", "list_media", "get_media_record", "list_feedback", "get_feedback",  # texts; reporters have no name
              "list_overrides", "list_matching_rounds", "get_matching_round", "list_weights", "list_scarcity", "get_matching_metrics",  # ids, figures
              "get_staff_service", "get_staff_office", "get_staff_partner", "list_staff_services", "list_staff_offices", "list_staff_partners",
              "list_advisors", "list_saved_exports",  # offices and colleagues
              "list_consultation_slots", "list_service_request_slots",  # times
              "export_service_requests", "run_saved_export"}  # recorded with their filter, in the database
    table = set(re.findall(r'^    {"(\w+)", "(?:saw|listed)"', open("src/accounts/seen.c").read(), re.M))
    reads = {operation["operationId"] for path in CONTRACT["paths"].values() for method, operation in path.items()
             if method == "get" and any("session" in way for way in operation.get("security", []))}
    assert table <= reads and not table & nobody
    assert reads - table == nobody


def test_only_admins_read_the_audit(people, http, place):
    for person in (people.coordinator("all"), people.guide(place.city), people.newcomer(place.city), people.advisor(place.city)):
        problem(person.get("/v1/audit"), 403, "forbidden")
    problem(http.get("/v1/audit"), 401, "unauthenticated")


def test_the_audit_is_filtered_and_walked_page_by_page(people, place):
    coordinator, guides = people.coordinator(place.city), [people.applicant(place.city) for _ in range(3)]
    for guide in guides:
        answer(coordinator.post(f"/v1/guides/{guide.guide}/approve", {}))
    path, seen, admin = f"/v1/audit?actor={coordinator.id}&action=guide_active&limit=2", [], people.admin()
    first = answer(admin.get(path + "&count=true"))
    assert first["total"] == 3 and len(first["items"]) == 2
    for after in itertools.takewhile(bool, iter([first["next"]])):
        seen = first["items"] + answer(admin.get(f"{path}&after={after}"))["items"]
    assert [record["subject"]["id"] for record in seen] == [guide.guide for guide in reversed(guides)]
    assert len(records(people, subject=guides[0].guide, action="guide_active", **{"from": seen[-1]["at"]})) == 1
    assert records(people, subject=guides[0].guide, action="guide_active", to=seen[-1]["at"]) == []
    assert records(people, subject=guides[0].guide, action="guide_active", **{"from": "2999-01-01T00:00:00Z"}) == []
    assert faults(admin.get("/v1/audit?actor=me&from=yesterday")) == {("actor", "format"), ("from", "format")}


def test_the_chain_fits_and_grows(own):
    place = "test-0"
    coordinator, newcomer = own.coordinator(place), own.newcomer(place)
    answer(coordinator.get(f"/v1/guide-requests/{newcomer.request}"))
    noted(own, coordinator, "saw", newcomer.request)
    number, hash_ = seal(own.daemon)
    status, out = verify(own.daemon)
    assert status == 0 and out.endswith(f"The last is {number}:{hash_}.\n")
    own.guide(place)
    later = seal(own.daemon)
    assert later[0] > number and later[1] != hash_
    assert verify(own.daemon, "--anchor", f"{number}:{hash_}")[0] == 0
    status, out = verify(own.daemon, "--anchor", f"{number}:{'0' * 64}")
    assert status == 1 and "is not among them" in out
    assert records(own, action="saw")[0]["seal"] is not None


def test_a_record_that_commits_late_gets_a_later_seal(own):
    place = "test-0"
    late, early = own.applicant(place), own.applicant(place)
    with own.daemon.connect() as slow, own.daemon.connect() as db, slow.transaction():
        slow.execute("SELECT record('slow', 'guide', %s, NULL)", (late.guide,))  # takes its number, and commits last
        db.execute("SELECT record('fast', 'guide', %s, NULL)", (early.guide,))
        first, _ = seal(own.daemon)
    assert verify(own.daemon)[0] == 0
    assert seal(own.daemon)[0] == first + 1
    (slow_record,), (fast_record,) = records(own, action="slow"), records(own, action="fast")
    assert slow_record["id"] < fast_record["id"] and slow_record["seal"] == first + 1 and fast_record["seal"] == first
    assert verify(own.daemon)[0] == 0


def test_two_jobs_seal_every_record_once(own):
    subjects = [uuid.uuid4() for _ in range(200)]
    with own.daemon.connect() as db, own.daemon.connect("welcome_worker") as a, own.daemon.connect("welcome_worker") as b:
        for subject in subjects:
            db.execute("SELECT record('twice', 'guide', %s, NULL)", (subject,))
        with a.transaction():
            assert a.execute("SELECT records FROM seal_audit()").fetchone()[0] >= 200
            b.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                b.execute("SELECT records FROM seal_audit()")
    assert verify(own.daemon)[0] == 0


TAMPERINGS = {
    "a changed detail": "UPDATE audit SET detail = '{\"x\": 1}' WHERE id = %(id)s",
    "another moment": "UPDATE audit SET at = at + interval '1 microsecond' WHERE id = %(id)s",
    "another actor": "UPDATE audit SET actor = (SELECT id FROM account WHERE id <> actor LIMIT 1) WHERE id = %(id)s",
    "no mark": "UPDATE audit SET mark = NULL WHERE id = %(id)s",
    "a deleted record": "DELETE FROM audit WHERE id = %(id)s",
    "an added record": "INSERT INTO audit (action, subject_kind, subject_id, seal, salt) SELECT 'x', 'guide', subject_id, seal, NULL FROM audit WHERE id = %(id)s",
    "a record moved to the next seal": "UPDATE audit SET seal = seal + 1 WHERE id = %(id)s",
    "a seal that is gone": "UPDATE audit SET seal = NULL WHERE seal = %(seal)s; DELETE FROM audit_seal WHERE number = %(seal)s",
    "a seal with another hash": "UPDATE audit_seal SET hash = sha256(hash) WHERE number = %(seal)s",
    "a seal with another time": "UPDATE audit_seal SET sealed_at = sealed_at + interval '1 second' WHERE number = %(seal)s",
    "a seal declared over": "UPDATE audit_seal SET expired_at = now() WHERE number = %(seal)s + 1; DELETE FROM audit WHERE seal = %(seal)s + 1",
}


def test_whatever_is_changed_does_not_fit(own):
    own.guide("test-0")
    own.coordinator("test-0")
    first = seal(own.daemon)[0]
    own.guide("test-0")
    seal(own.daemon)
    with own.daemon.connect() as db:
        target = db.execute("SELECT min(id) FROM audit WHERE seal = %s AND actor IS NOT NULL", (first,)).fetchone()[0]
        for name, tampering in TAMPERINGS.items():
            db.execute("DROP TABLE IF EXISTS kept_audit, kept_seal")
            db.execute("CREATE TABLE kept_audit AS TABLE audit; CREATE TABLE kept_seal AS TABLE audit_seal; SET session_replication_role = replica")
            for statement in tampering.split("; "):
                db.execute(statement, {"id": target, "seal": first})
            status, out = verify(own.daemon)
            assert status == 1 and re.match(r"Seal \d+ does not fit: ", out), f"{name}: {out}"
            db.execute("DELETE FROM audit; DELETE FROM audit_seal; INSERT INTO audit_seal TABLE kept_seal;"
                       "INSERT INTO audit OVERRIDING SYSTEM VALUE TABLE kept_audit; SET session_replication_role = origin")
            assert verify(own.daemon)[0] == 0, name


def test_the_database_refuses_to_change_a_record(own):
    own.guide("test-0")
    seal(own.daemon)
    refused = ("UPDATE audit SET action = 'x'", "UPDATE audit SET actor = NULL, salt = NULL, detail = '{}', action = 'y'", "UPDATE audit SET seal = NULL",
               "DELETE FROM audit", "TRUNCATE audit", "DELETE FROM audit_seal", "UPDATE audit_seal SET hash = previous",
               "UPDATE audit_seal SET expired_at = now()", "TRUNCATE audit_seal CASCADE")
    with own.daemon.connect() as db:
        for statement in refused:
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                db.execute(statement)
    for user in ("welcome", "welcome_worker"):
        with own.daemon.connect(user) as db:
            for statement in ("SELECT FROM audit", "INSERT INTO audit (action, subject_kind, subject_id) VALUES ('x', 'y', gen_random_uuid())",
                              "DELETE FROM audit", "SELECT FROM audit_seal"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    db.execute(statement)


def test_who_is_erased_is_forgotten_and_the_chain_still_fits(own):
    coordinator, guide = own.coordinator("test-0"), own.guide("test-0")
    assert records(own, actor=coordinator.id, subject=guide.guide)
    seal(own.daemon)
    with own.daemon.connect() as db:
        db.execute("DELETE FROM account WHERE id = %s", (coordinator.id,))
        assert db.execute("SELECT count(*), count(salt) FROM audit WHERE subject_id = %s AND actor IS NULL AND action = 'guide_active'",
                          (guide.guide,)).fetchone() == (1, 0)
    record, = records(own, subject=guide.guide, action="guide_active")
    assert record["actor"] is None
    assert verify(own.daemon)[0] == 0


def test_after_two_years_records_go_and_a_seal_stays_to_begin_with(own):
    daemon = own.daemon
    own.guide("test-0")
    seal(daemon)
    daemon.shift_clock(days=300)
    with daemon.connect() as db:
        db.execute("SELECT record('later', 'guide', gen_random_uuid(), NULL)")
    second, hash_ = seal(daemon)
    daemon.shift_clock(days=800)

    def expired():
        """the first seal's records are gone"""
        with daemon.connect() as db:
            return db.execute("SELECT count(*) FROM audit WHERE action = 'guide_active'").fetchone() == (0,)
    eventually(expired)
    with daemon.connect() as db:
        assert db.execute("SELECT count(*) FILTER (WHERE expired_at IS NULL), count(*) FROM audit_seal WHERE number <= %s", (second,)).fetchone() == (1, 2)
        assert db.execute("SELECT count(*) FROM audit WHERE action = 'later'").fetchone() == (1,)
    assert verify(daemon, "--anchor", f"{second}:{hash_}")[0] == 0


def test_what_was_seen_survives_the_end_of_the_daemon(daemons):
    with daemons.running(WELCOME_JOB_PAUSE=3600) as daemon:
        people = People(daemon)
        coordinator, newcomer = people.coordinator("test-0"), people.newcomer("test-0")
        eventually(lambda: daemon.http.get("/v1/cities").status_code == 200)
        answer(coordinator.get(f"/v1/guide-requests/{newcomer.request}"))
        daemon.stop()
        with daemon.connect() as db:
            assert db.execute("SELECT count(*) FROM audit WHERE action = 'saw' AND actor = %s", (coordinator.id,)).fetchone() == (1,)


def test_operators_list_records_at_the_command_line(own):
    guide = own.guide("test-0")
    status, out, _ = own.daemon.command("audit", "list", "--subject", guide.guide, "--action", "guide_active", "--limit", "5")
    assert status == 0
    assert [json.loads(line)["action"] for line in out.splitlines()] == ["guide_active"]
    for arguments in ((), ("list", "--actor", "me"), ("list", "--limit", "0"), ("verify", "--anchor"), ("burn",)):
        status, out, errors = own.daemon.command("audit", *arguments)
        assert status == 2 and out == "" and errors.startswith("usage: welcomed audit verify")
