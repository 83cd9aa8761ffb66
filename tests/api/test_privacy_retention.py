# SPDX-License-Identifier: EUPL-1.2
# How long each kind of data is kept: just before its time nothing is due, after it a dry run tells it and enforcement takes it.
import subprocess
import threading

import pytest

from support import People, answer, eventually
from traces import scan

DAYS = {"unconfirmed": 7, "guide_requests": 184, "matches": 366, "guides": 366, "service_requests": 731, "mails": 7, "accounts": 184, "audit": 731,
        "feedback": 366, "reports": 366, "rounds": 366, "slots": 366, "demand": 90, "bars": 731}


@pytest.fixture
def resting(start_daemon):
    """People whose daemon's timed jobs run once, when it starts."""
    daemon = start_daemon(WELCOME_JOB_PAUSE=3600)
    return People(daemon)


def due(daemon, **settings):
    """{kind: (kept, how many, oldest)} of a dry run."""
    run = subprocess.run([daemon.program, "privacy", "retention", "--dry-run"], env=daemon.environment | settings, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].split() == ["kind", "kept", "due", "oldest"]
    words = [line.split() for line in lines[1:]]
    return {word[0]: (" ".join(word[1:3]), int(word[3]), word[4] if len(word) > 4 else None) for word in words}


def enforce(daemon, **settings):
    """{kind: how many were deleted}"""
    run = subprocess.run([daemon.program, "privacy", "retention"], env=daemon.environment | settings, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return {line.split()[0]: int(line.split()[1]) for line in run.stdout.splitlines()}


def make_unconfirmed(people, city):
    return people.apply("/v1/guides", people.guide_form(city))[0]


def make_guide_requests(people, city):
    newcomer = people.newcomer(city)
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/withdraw", {}))
    return newcomer.request


def make_matches(people, city):
    guide, newcomer, match = people.match(city)
    answer(guide.post(f"/v1/matches/{match}/end", {"reason": "completed"}))
    return match


def make_guides(people, city):
    guide = people.guide(city)
    answer(guide.post("/v1/me/guide/leave", {}))
    return guide.guide


def make_service_requests(people, city):
    requester = people.requester(city)
    answer(requester.post(f"{requester.path}/withdraw"))
    return requester.request


def make_mails(people, city):
    guide = people.applicant(city)
    people.daemon.mails_sent()
    with people.daemon.connect() as db:
        return str(db.execute("SELECT id FROM outbox WHERE address = %s", (guide.email,)).fetchone()[0])


def make_accounts(people, city):
    address = people.address("empty")
    people.daemon.command("account", "create", "--role", "editor", "--email", address)
    with people.daemon.connect() as db:
        db.execute("DELETE FROM staff_role")
        return str(db.execute("SELECT id FROM account WHERE email = %s", (address,)).fetchone()[0])


def make_audit(people, city):
    return people.guide(city).guide  # approved by a coordinator


def make_feedback(people, city):
    made = answer(people.daemon.http.post("/v1/feedback", json={"kind": "praise", "text": "Good"}), 202)["id"]
    answer(people.editor().post(f"/v1/feedback/{made}/resolve", {}))
    return made


def make_reports(people, city):
    guide, newcomer, match = people.match(city)
    made = answer(newcomer.post(f"/v1/matches/{match}/report", {"reason": "other", "text": "Not well"}), 201)["id"]
    answer(people.coordinator(city).post(f"/v1/reports/{made}/resolve", {"outcome": "continued", "note": "They talked."}))
    return made


def make_bars(people, city):
    form = {"email": people.address("barred"), "city": city, "reason": "Threats"}
    return answer(people.coordinator(city).post("/v1/bars", form), 201)["id"]


def make_rounds(people, city):
    people.guide(city)
    people.newcomer(city).wait_for("proposed")
    with people.daemon.connect() as db:
        return str(db.execute("SELECT id FROM matching_round").fetchone()[0])


def make_slots(people, city):
    people.office_in(city)
    with people.daemon.connect() as db:
        return str(db.execute("INSERT INTO consultation_slot (id, city, office, during) VALUES (uuid_v7(), %s, 'test-office',"
                              " tstzrange(clock() - interval '1 hour', clock())) RETURNING id", (city,)).fetchone()[0])


def make_demand(people, city):
    words = "words of " + "".join(chr(ord(digit) + 49) for digit in city if digit.isdigit())  # numbers as long are not kept
    with people.daemon.connect() as db:
        db.execute("INSERT INTO demand (day, what, key, language, count) VALUES (today(), 'search', %s, 'en', 1)", (words,))
    return words


MAKERS = {name.removeprefix("make_"): make for name, make in globals().items() if name.startswith("make_")}


@pytest.mark.parametrize("kind", DAYS)
def test_each_kind_goes_when_its_time_is_over_and_not_before(resting, place, kind):
    daemon = resting.daemon
    thing = MAKERS[kind](resting, place.city)
    daemon.mails_sent()
    with daemon.connect() as db:
        db.execute("SELECT seal_audit()")  # what the job does
    daemon.stop()  # or its job takes it first
    daemon.shift_clock(days=DAYS[kind] - 4 if DAYS[kind] > 30 else DAYS[kind] - 1)
    assert due(daemon)[kind][1:] == (0, None)
    daemon.shift_clock(days=DAYS[kind] + 2)
    kept, count, oldest = due(daemon)[kind]
    assert count >= 1 and oldest, kind
    assert {table for table, _ in scan(daemon, [thing])}, "a dry run changes nothing"
    assert due(daemon)[kind] == (kept, count, oldest)
    assert enforce(daemon)[kind] >= 1
    assert due(daemon)[kind][1] == 0
    left = {table for table, _ in scan(daemon, [thing])} - {"claim", "login_token"}  # they go by a time of their own
    assert "audit" not in left if kind == "audit" else left <= {"audit"}


def test_a_shorter_time_for_the_audit_counts(resting, place):
    daemon = resting.daemon
    make_audit(resting, place.city)
    with daemon.connect() as db:
        db.execute("SELECT seal_audit()")
    daemon.stop()
    daemon.shift_clock(days=180)
    assert "audit" not in enforce(daemon, WELCOME_RETENTION_AUDIT_MONTHS="6")
    daemon.shift_clock(days=186)
    assert enforce(daemon, WELCOME_RETENTION_AUDIT_MONTHS="6")["audit"] >= 1


def test_a_request_with_a_match_keeps_no_words_and_goes_with_it(resting, place):
    daemon = resting.daemon
    guide, newcomer, match = resting.match(place.city, message="I look for a flat.", arrival_on="2027-01-15")
    answer(newcomer.post(f"/v1/matches/{match}/end", {"reason": "completed"}))
    daemon.shift_clock(days=186)
    assert enforce(daemon)["guide_requests"] == 1
    with daemon.connect() as db:
        assert db.execute("SELECT message, arrival_on, state FROM guide_request WHERE id = %s", (newcomer.request,)).fetchone() == ("", None, "closed")
        assert db.execute("SELECT count(*) FROM match").fetchone() == (1,)
    assert due(daemon)["guide_requests"][1] == 0, "once"
    daemon.shift_clock(days=368)
    gone = enforce(daemon)
    assert gone["matches"] == 1 and gone["guide_requests"] == 1
    with daemon.connect() as db:
        assert db.execute("SELECT kind, outcome, count FROM tally ORDER BY 1").fetchall() == [("guide_request", "fulfilled", 1), ("match", "completed", 1)]
        assert db.execute("SELECT state FROM guide").fetchone() == ("active",), "the guide stays"


def test_a_guide_of_whom_a_report_is_open_stays_until_it_is_resolved(resting, place):
    daemon = resting.daemon
    guide = resting.guide(place.city)
    resting.newcomer(place.city)
    made = answer(guide.post(f"/v1/proposals/{guide.proposal()['id']}/report", {"reason": "unsafe"}), 201)["id"]
    answer(guide.post("/v1/me/guide/leave", {}))
    daemon.mails_sent()
    daemon.shift_clock(days=368)
    assert due(daemon)["guides"][1] == 0 and "guides" not in enforce(daemon)
    coordinator = resting.sign_in(resting.coordinator(place.city).email)
    answer(coordinator.post(f"/v1/reports/{made}/resolve", {"outcome": "no_action"}))
    assert enforce(daemon)["guides"] == 1


def test_the_configuration_decides(resting, place):
    daemon = resting.daemon
    make_mails(resting, place.city)
    make_guides(resting, place.city)
    daemon.shift_clock(days=2)
    assert due(daemon)["mails"][:2] == ("7 days", 0)
    kept, count, _ = due(daemon, WELCOME_RETENTION_MAILS_DAYS="1")["mails"]
    assert kept == "1 days" and count > 0
    assert due(daemon)["mails"][:2] == ("7 days", 0), "a dry run keeps nothing of what it was asked"
    assert enforce(daemon, WELCOME_RETENTION_MAILS_DAYS="1")["mails"] == count
    daemon.environment["WELCOME_RETENTION_GUIDES_MONTHS"] = "5"
    status, _, errors = daemon.command("privacy", "retention", "--dry-run")
    assert status == 2 and "WELCOME_RETENTION_GUIDES_MONTHS in the environment is 5; it must be a whole number from 6 to 60" in errors


def test_every_configured_period_is_the_database_s_default(daemon):
    """and each kind has one"""
    with daemon.connect() as db:
        kinds = dict(db.execute("SELECT kind, period_told(kept) FROM retention").fetchall())
    assert set(kinds) == set(DAYS) and {kind: row[0] for kind, row in due(daemon).items()} == kinds


def test_the_daemon_does_it_by_itself(start_daemon, place):
    daemon = start_daemon(WELCOME_RETENTION_GUIDE_REQUESTS_MONTHS=1, WELCOME_RETENTION_ACCOUNTS_MONTHS=1)
    people = People(daemon)
    request = make_guide_requests(people, place.city)
    daemon.shift_clock(days=70)

    def gone():
        """request and account are gone"""
        with daemon.connect() as db:
            return not db.execute("SELECT 1 FROM guide_request").fetchone() and not db.execute("SELECT 1 FROM account").fetchone()
    eventually(gone)
    assert {table for table, _ in scan(daemon, [request])} <= {"claim"}


def test_somebody_who_comes_back_while_an_empty_account_goes_is_served(resting, place):
    daemon = resting.daemon
    account = make_accounts(resting, place.city)
    with daemon.connect() as db:
        address = db.execute("SELECT email FROM account WHERE id = %s", (account,)).fetchone()[0]
    form = resting.guide_form(place.city, email=address)
    token = resting.apply("/v1/guides", form)[1]
    daemon.shift_clock(days=186)
    with daemon.connect() as db:
        db.execute("UPDATE confirmation SET expires_at = clock() + interval '1 day'")
        db.execute("UPDATE login_token SET expires_at = clock() + interval '1 day'")
        with db.transaction():
            assert db.execute("SELECT expire_accounts()").fetchone() == (1,)
            told = []
            waits = threading.Thread(target=lambda: told.append(daemon.http.post("/v1/confirmations", json={"token": token})))
            waits.start()
            waits.join(0.3)
            assert not told, "it waits for the deletion"
    waits.join(30)
    assert told[0].status_code in (200, 404), told[0].text


def test_the_record_of_processing_is_written_from_the_marks(daemon):
    daemon.environment["WELCOME_OPERATOR"] = "Region, Example Street 1"
    try:
        status, report, errors = daemon.command("privacy", "report")
    finally:
        del daemon.environment["WELCOME_OPERATOR"]
    assert status == 0, errors
    assert report.startswith("# Record of processing activities\n") and "- Controller: Region, Example Street 1\n" in report
    assert "- Data protection officer: not told (set WELCOME_PRIVACY_CONTACT)" in report
    with daemon.connect() as db:
        personal = db.execute("SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
                              " WHERE c.relnamespace = 'welcome'::regnamespace AND col_description(c.oid, a.attnum) LIKE 'personal%'").fetchall()
    sections = {section.split("`")[1]: section for section in report.split("\n## ")[1:]}
    for table, column in personal:
        rows = [line for line in sections[table].splitlines() if line.startswith("| ") and column in line.split(" | ")[1].strip("`").split(", ")]
        assert len(rows) == 1 and all(cell.strip() for cell in rows[0].strip("|").split("|")), f"{table}.{column}"
    assert "| name and telephone number, to reach whoever asks | `id, account, reference, contact_name, contact_phone, language` |" \
           " consent, art. 6(1)(a) | 24 months: service requests with conversation, files and appointments, from their end |" in report


@pytest.mark.parametrize("arguments", [(), ("retention", "--really"), ("report", "--dry-run"), ("forget",)])
def test_other_arguments_are_refused(daemon, arguments):
    status, out, errors = daemon.command("privacy", *arguments)
    assert status == 2 and not out and errors.startswith("usage: welcomed privacy retention")
