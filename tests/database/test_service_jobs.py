# SPDX-License-Identifier: EUPL-1.2
"""What time does to service requests: reminders, escalation, what who asked is told, and the end; once each, whoever works beside."""
import datetime
import threading

import pytest

from world import Refused

JOBS = ("remind_offices", "escalate_offices", "confess_breaches", "ask_waiting_requesters", "tell_waiting_offices", "close_resolved_requests",
        "ask_satisfaction", "expire_service_requests", "expire_unconfirmed")


class Desk:
    """An office of Essen that is always open, its advisor, and a clock in hours since the test began."""

    def __init__(self, world):
        self.world = world
        self.advisor = world.staff("advisor", "essen")

    def pass_hours(self, hours):
        """The clock so far from now; then every job until it has nothing to do. What each did."""
        self.world.shift(f"{hours * 3600} seconds")
        done = {job: 0 for job in JOBS}
        for job in JOBS:
            for _ in range(20):
                handled = self.world.worker.one(f"SELECT {job}() AS n")["n"]
                done[job] += handled
                if not handled:
                    break
            else:
                raise AssertionError(f"{job} finds no end")
        return {job: n for job, n in done.items() if n}

    def step(self, asker, state, **columns):
        """A step of the advisor, whose session the clock may have ended."""
        self.world.sign_in(self.advisor.account).step(asker.request, state, **columns)

    def take(self, asker):
        self.step(asker, "acknowledged", note=None)
        self.step(asker, "in_progress", advisor=self.advisor.account)

    def row(self, asker):
        return self.world.all("SELECT * FROM service_request_office WHERE request = %s ORDER BY id DESC", asker.request)[0]

    def waiting(self, *templates):
        """(template, to) of what waits to be sent, of these templates only; sent then."""
        rows = self.world.all("SELECT o.template, coalesce(o.address, a.email) AS target FROM outbox o LEFT JOIN account a ON a.id = o.account"
                              " WHERE o.state = 'waiting' AND o.template = ANY (%s) ORDER BY o.id", list(templates))
        self.world.mails()
        return [(row["template"], row["target"]) for row in rows]

    def email(self, account):
        return self.world.value("SELECT email FROM account WHERE id = %s", account)

    def events(self, asker):
        return [(row["kind"], row["public"]) for row in
                self.world.all("SELECT kind, public FROM service_event WHERE request = %s ORDER BY id", asker.request)]


@pytest.fixture
def desk(world):
    """Everything anew: nobody else's requests, offices or staff."""
    world.clear()
    world.god.execute("TRUNCATE office, service, service_version, service_offer, holiday CASCADE")
    world.office("essen")
    world.sent.clear()
    return Desk(world)


@pytest.fixture
def asker(desk):
    made = desk.world.requester("essen")
    desk.waiting("service_request_new")
    return made


def test_an_office_is_reminded_once_when_three_quarters_of_the_time_are_over(desk, asker):
    assert desk.pass_hours(11.9) == {}
    assert desk.pass_hours(12.1) == {"remind_offices": 1}
    assert desk.waiting("service_reminder") == [("service_reminder", desk.email(desk.advisor.account))]
    assert desk.pass_hours(15.9) == {} and desk.waiting("service_reminder") == []


def test_each_step_has_a_reminder_of_its_own(desk, asker):
    desk.world.shift("8 hours")
    desk.take(asker)  # 72 of the 80 hours are left
    assert desk.pass_hours(8 + 53.9) == {}
    assert desk.pass_hours(8 + 54.1) == {"remind_offices": 1}


def test_the_reminder_keeps_business_hours(desk, asker):
    """Of an office that works from nine to five on working days, two days at the least."""
    desk.world.god.execute("UPDATE office SET opening_hours = usual_hours()")
    late = desk.world.requester("essen")
    row = desk.row(late)
    assert desk.world.value("SELECT business_minutes_between('essen', 'desk', %s, %s)", row["submitted_at"], row["acknowledge_due_at"]) == 960
    assert desk.world.value("SELECT business_minutes_between('essen', 'desk', %s, %s)", row["submitted_at"], row["remind_at"]) == 720
    assert desk.world.value("SELECT business_minutes_between('essen', 'desk', %s, %s)", row["submitted_at"], row["resolve_due_at"]) == 4800


def test_who_is_away_is_stood_in_for(desk, asker):
    world, advisor = desk.world, desk.advisor.account
    deputy, stranger = world.staff("advisor", "essen").account, world.staff("advisor", "dortmund").account
    everybody = {desk.email(advisor), desk.email(deputy)}

    def recipients():
        return {row["email"] or row["address"] for row in world.all(
            "SELECT a.email, w.address FROM service_request_office o CROSS JOIN service_recipients(o) w LEFT JOIN account a ON a.id = w.account"
            " WHERE o.request = %s", asker.request)}
    assert recipients() == everybody  # nobody has it yet
    desk.take(asker)
    assert recipients() == {desk.email(advisor)}
    world.god.execute("INSERT INTO staff_absence VALUES (%s, today(), today() + 3, %s)", (advisor, deputy))
    assert recipients() == {desk.email(deputy)}
    world.god.execute("UPDATE staff_absence SET deputy = %s", (stranger,))
    assert recipients() == {desk.email(deputy)}  # the deputy advises elsewhere: whoever is there
    world.god.execute("INSERT INTO staff_absence VALUES (%s, today(), today() + 3)", (deputy,))
    assert recipients() == everybody  # nobody is there: better all than nobody
    world.god.execute("UPDATE office SET email = 'desk@example.org'")
    assert recipients() == {"desk@example.org"}
    world.god.execute("DELETE FROM staff_absence")
    world.god.execute("DELETE FROM staff_role WHERE account = %s", (advisor,))
    assert recipients() == {"desk@example.org"}  # who has left gets no mail any more


def test_who_asks_is_not_told_as_staff(desk):
    world, other = desk.world, desk.world.staff("advisor", "essen").account
    asker = world.requester("essen")
    world.god.execute("INSERT INTO staff_role (account, role, city) VALUES (%s, 'advisor', '*'), (%s, 'advisor', 'essen'), (%s, 'coordinator', 'essen')",
                      (asker.account,) * 3)
    desk.pass_hours(17)
    told = {target for _, target in desk.waiting("service_reminder", "service_escalated")}
    assert told == {desk.email(desk.advisor.account), desk.email(other)}


def test_a_mailbox_gets_a_link_that_opens_nothing_by_itself(desk):
    desk.world.god.execute("UPDATE office SET email = 'Desk@example.org', name = '{\"de\": \"Amt\", \"en\": \"Desk\"}'")
    asker = desk.world.requester("essen")
    mail, token = desk.world.mail_to("Desk@example.org", "service_request_new")
    assert (mail["language"], mail["path"], mail["token_kind"]) == ("de", f"/service-requests/{asker.request}", None)
    reference = desk.world.value("SELECT reference FROM service_request WHERE id = %s", asker.request)
    assert mail["data"] == {"reference": reference, "service": "Help", "city": "Essen", "asker": "newcomer", "office": "Amt",
                            "due_at": mail["data"]["due_at"]}  # no person
    with pytest.raises(Refused) as refused:
        desk.world.open(token)
    assert refused.value.code == "token_unknown"


def test_a_broken_promise_is_told_upwards_and_to_who_asked(desk, asker):
    world = desk.world
    coordinator, everywhere, elsewhere = (world.staff(*role).account for role in
                                          (("coordinator", "essen"), ("advisor", "*"), ("coordinator", "dortmund")))
    assert desk.pass_hours(16.1) == {"remind_offices": 1, "escalate_offices": 1, "confess_breaches": 1}
    told = desk.waiting("service_reminder", "service_escalated", "service_late")
    assert sorted(told) == sorted([("service_escalated", desk.email(coordinator)), ("service_escalated", desk.email(everywhere)),
                                   ("service_late", asker.email)])
    assert desk.events(asker) == [("submitted", True), ("escalated", False), ("late", True)]
    row = desk.row(asker)
    late = world.all("SELECT detail FROM service_event WHERE kind = 'late'")[0]["detail"]
    assert late == {"promised": "answer", "due_at": f"{row['acknowledge_due_at'].astimezone(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}"}
    mail, token = world.mail_to(asker.email, "service_late")
    assert (mail["data"]["answer_due_at"], mail["data"]["office"], mail["language"]) == (late["due_at"], "Desk", "de")
    assert "result_due_at" not in mail["data"]
    session, opened = world.open(token)
    assert (opened["subject_kind"], str(opened["subject_id"])) == ("service_request", asker.request)
    assert desk.pass_hours(300) == {}  # never again for the same promise
    assert elsewhere and desk.waiting("service_late", "service_escalated") == []


def test_where_nobody_oversees_the_office_hears_that_it_is_late(desk, asker):
    desk.pass_hours(17)
    assert desk.waiting("service_escalated") == [("service_escalated", desk.email(desk.advisor.account))]


def test_each_promise_is_confessed_once_whatever_steps_follow(desk, asker):
    desk.pass_hours(17)
    desk.take(asker)
    assert desk.waiting("service_late") == [("service_late", asker.email)]
    assert desk.pass_hours(79) == {"remind_offices": 1}
    assert desk.pass_hours(81) == {"escalate_offices": 1, "confess_breaches": 1}  # the other promise
    assert desk.waiting("service_late") == [("service_late", asker.email)]
    desk.step(asker, "waiting_for_requester", note="Which one?")
    desk.pass_hours(90)
    desk.step(asker, "in_progress", note=None)
    row = desk.row(asker)
    assert row["breached_at"] is None and row["due_at"] < row["submitted_at"] + datetime.timedelta(hours=81)  # what was late stays late
    desk.pass_hours(100)
    assert desk.waiting("service_late", "service_escalated") == []
    assert [kind for kind, _ in desk.events(asker)].count("late") == 2
    desk.step(asker, "resolved", outcome="helped", note="Done.")
    world_clock = 110
    desk.world.shift(f"{world_clock} hours")
    desk.world.sign_in(asker.account).run(("SELECT lock_for_service_request(%s)", (asker.request,)),
                                          ("SELECT reopen_service_request(%s, NULL, 'Again.')", (asker.request,)))
    desk.pass_hours(world_clock + 79)
    assert desk.waiting("service_late") == []
    desk.pass_hours(world_clock + 81)
    assert desk.waiting("service_late") == [("service_late", asker.email)]  # a fresh promise, broken too


def test_nothing_is_late_while_who_asked_is_waited_for(desk, asker):
    desk.take(asker)
    desk.world.shift("40 hours")
    desk.step(asker, "waiting_for_requester", note="Which one?")
    assert desk.pass_hours(24 * 6.9 + 40) == {}
    assert desk.pass_hours(24 * 7.1 + 40) == {"ask_waiting_requesters": 1}
    assert desk.waiting("service_waiting_reminder") == [("service_waiting_reminder", asker.email)]
    mail, token = desk.world.mail_to(asker.email, "service_waiting_reminder")
    assert (mail["data"]["message"], mail["path"]) == ("Which one?", f"/service-requests/{asker.request}")
    assert desk.world.open(token)[1]["subject_state"] == "waiting_for_requester"
    assert desk.pass_hours(24 * 13.9 + 40) == {}
    assert desk.pass_hours(24 * 14.1 + 40) == {"ask_waiting_requesters": 1}
    assert desk.pass_hours(24 * 20.9 + 40) == {} and desk.waiting("service_still_waiting") == []
    assert desk.pass_hours(24 * 21.1 + 40) == {"tell_waiting_offices": 1}
    assert desk.waiting("service_still_waiting") == [("service_still_waiting", desk.email(desk.advisor.account))]
    assert desk.pass_hours(24 * 100 + 40) == {}
    desk.step(asker, "in_progress", note=None)
    assert desk.pass_hours(24 * 100 + 40 + 39) == {"remind_offices": 1}
    assert desk.pass_hours(24 * 100 + 40 + 41) == {"escalate_offices": 1, "confess_breaches": 1}  # forty hours were left


def test_a_long_silence_of_the_daemon_asks_only_once_more(desk, asker):
    desk.take(asker)
    desk.step(asker, "waiting_for_requester", note="Which one?")
    assert desk.pass_hours(24 * 30) == {"ask_waiting_requesters": 1, "tell_waiting_offices": 1}
    assert desk.waiting("service_waiting_reminder") == [("service_waiting_reminder", asker.email)]


def test_what_is_done_is_closed_rated_and_forgotten(desk, asker):
    desk.take(asker)
    desk.step(asker, "resolved", outcome="helped", note="Done.")
    desk.waiting()
    day = 24
    assert desk.pass_hours(9.9 * day) == {}
    assert desk.pass_hours(10.1 * day) == {"close_resolved_requests": 1}
    request = desk.world.all("SELECT state, outcome, closed_at FROM service_request WHERE id = %s", asker.request)[0]
    assert (request["state"], request["outcome"]) == ("closed", "helped") and request["closed_at"]
    assert desk.events(asker)[-1] == ("closed", True)
    assert desk.pass_hours(20 * day) == {}
    assert desk.pass_hours(20.2 * day) == {"ask_satisfaction": 1}
    assert desk.waiting("service_rating") == [("service_rating", asker.email)]
    token = desk.world.mail_to(asker.email, "service_rating")[1]
    assert desk.world.open(token)[1]["subject_state"] == "closed"
    assert desk.pass_hours(700 * day) == {}
    assert desk.pass_hours((10.1 + 732) * day) == {"expire_service_requests": 1}
    for table in ("service_request_office", "service_event"):
        assert desk.world.value(f"SELECT count(*) FROM {table} WHERE request = %s", asker.request) == 0
    assert desk.pass_hours(800 * day) == {}


def test_who_has_rated_is_not_asked(desk, asker):
    desk.take(asker)
    desk.step(asker, "resolved", outcome="helped", note="Done.")
    desk.world.god.execute("UPDATE service_request SET rating = 5, rated_at = clock() WHERE id = %s", (asker.request,))
    desk.pass_hours(11 * 24)
    assert "ask_satisfaction" not in desk.pass_hours(30 * 24)


def test_what_one_of_two_offices_has_done_waits_for_the_other(desk, asker):
    world = desk.world
    world.office("bochum")
    other = world.staff("advisor", "bochum")
    desk.advisor.run(("SELECT lock_for_service_request(%s, 'staff')", (asker.request,)),
                     ("SELECT add_service_office(%s, 'bochum', 'desk')", (asker.request,)))
    desk.take(asker)
    desk.step(asker, "resolved", outcome="helped", note="Done here.")
    assert "close_resolved_requests" not in desk.pass_hours(24 * 11)
    for state, columns in (("acknowledged", {"note": None}), ("in_progress", {"advisor": other.account}), ("resolved", {"outcome": "referred", "note": "Done there."})):
        world.sign_in(other.account).step(asker.request, state, **columns)
    mail, _ = world.mail_to(asker.email, "service_resolved")
    assert mail["data"]["message"] == "Desk: Done here.\n\nDesk: Done there." and mail["data"]["outcome"] == "partly"
    assert "close_resolved_requests" not in desk.pass_hours(24 * 20.9)
    assert desk.pass_hours(24 * 21.1)["close_resolved_requests"] == 2
    assert world.state("service_request", asker.request) == "closed"


def test_what_nobody_confirms_is_deleted(desk):
    world, request = desk.world, "00000000-0000-4000-8000-000000000001"
    world.insert("service_request", {"id": request, "service": "help", "city": "essen", "contact_name": "Somebody", "language": "de"}, world.address())
    world.mails()
    assert desk.pass_hours(24 * 6.9) == {}
    assert desk.pass_hours(24 * 7.1) == {"expire_unconfirmed": 1}
    assert world.value("SELECT count(*) FROM service_request") == 0


@pytest.mark.parametrize("template, happens", [
    ("service_reminder", lambda desk, asker: desk.take(asker)),
    ("service_late", lambda desk, asker: desk.take(asker)),
    ("service_escalated", lambda desk, asker: desk.take(asker)),
    ("service_request_new", lambda desk, asker: desk.take(asker)),
])
def test_a_mail_that_is_no_longer_true_is_not_sent(desk, template, happens):
    asker = desk.world.requester("essen")
    if template != "service_request_new":
        desk.pass_hours(12.5)
        if template != "service_reminder":
            desk.pass_hours(17)
    assert desk.world.value("SELECT count(*) FROM outbox WHERE template = %s AND state = 'waiting'", template) == 1
    happens(desk, asker)
    if template == "service_reminder":
        desk.step(asker, "resolved", outcome="helped", note="Done.")
    assert template not in {mail["template"] for mail, _ in desk.world.mails()}


def test_staff_who_lost_the_role_get_no_mail_that_waits(desk):
    asker = desk.world.requester("essen")
    desk.world.god.execute("DELETE FROM staff_role WHERE account = %s", (desk.advisor.account,))
    assert {mail["template"] for mail, _ in desk.world.mails()} == {"confirm_service_request", "service_request_submitted"}
    assert asker.request


def test_two_daemons_say_it_once(desk):
    askers = [desk.world.requester("essen") for _ in range(12)]
    desk.world.staff("coordinator", "essen")
    workers = [desk.world.database.connect("welcome_worker") for _ in range(4)]
    wrong = []

    def work(connection):
        try:
            connection.execute("SELECT set_config('test.shift', '17 hours', false)")
            for job in JOBS[:3] * 2:
                connection.execute(f"SELECT {job}()")
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()
    threads = [threading.Thread(target=work, args=(connection,)) for connection in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    for template in ("service_late", "service_escalated"):
        assert desk.world.value("SELECT count(*) FROM outbox WHERE template = %s", template) == len(askers)
    assert desk.world.value("SELECT count(*) FROM service_event WHERE kind IN ('late', 'escalated')") == 2 * len(askers)


def test_an_answer_at_the_last_moment_is_no_breach(desk, asker):
    """The office answers while the job looks: whoever has the request first decides, and the other sees it."""
    world = desk.world
    world.shift("15 hours")
    session = world.sign_in(desk.advisor.account)
    done = threading.Event()
    found = {}

    def work():
        worker = world.database.connect("welcome_worker")
        worker.execute("SELECT set_config('test.shift', '17 hours', false)")
        found["confessed"] = worker.execute("SELECT confess_breaches()").fetchone()[0]
        worker.close()
        done.set()
    with session.transaction() as cursor:
        cursor.execute("SELECT lock_for_service_request(%s, 'staff')", (asker.request,))
        cursor.execute("UPDATE service_request_office SET state = 'acknowledged', note = NULL WHERE request = %s AND city = ANY (my_advised())", (asker.request,))
        thread = threading.Thread(target=work)
        thread.start()
        assert not done.wait(1)  # it waits for the lock of the request
    thread.join()
    assert found["confessed"] == 0 and desk.events(asker)[-1] == ("acknowledged", True)


def test_a_request_nobody_wants_is_told_upwards(desk, asker):
    world = desk.world
    everywhere = world.staff("advisor", "*")
    for city in ("bochum", "dortmund", "hagen"):
        world.office(city)
        everywhere.run(("SELECT lock_for_service_request(%s, 'staff')", (asker.request,)),
                       ("SELECT forward_service_request(%s, NULL, %s, 'desk', 'Not ours.')", (asker.request, city)))
    assert desk.waiting("service_passed_around") == [("service_passed_around", desk.email(everywhere.account))]
    mail, _ = world.mail_to(desk.email(everywhere.account), "service_passed_around")
    assert mail["data"]["reference"] and "display_name" not in mail["data"]
    forwarded = [mail for mail, _ in world.sent if mail["template"] == "service_forwarded"]
    assert forwarded and {"office", "new_office", "message", "answer_due_at"} <= set(forwarded[-1]["data"])


def test_promises_stand_when_a_closure_is_entered_later(desk, asker):
    before = desk.row(asker)
    desk.world.god.execute("INSERT INTO office_closure VALUES ('essen', 'desk', today(), today() + 30)")
    assert desk.row(asker)["due_at"] == before["due_at"] and desk.pass_hours(12.1) == {"remind_offices": 1}
    other = desk.row(desk.world.requester("essen"))
    assert other["due_at"] > before["due_at"] + datetime.timedelta(days=25)


def test_each_message_is_mailed_with_its_own_words(desk, asker):
    world = desk.world
    for text in ("First.", "Second."):
        world.value("INSERT INTO service_event (id, request, office_row, kind, public, by, actor, text)"
                    " SELECT uuid_v7(), o.request, o.id, 'message', true, 'staff', %s, %s FROM service_request_office o WHERE o.request = %s RETURNING id",
                    desk.advisor.account, text, asker.request)
    mails = [(mail, token) for mail, token in world.mails() if mail["template"] == "service_message"]
    assert [mail["data"]["message"] for mail, _ in mails][-2:] == ["First.", "Second."]
    assert str(world.open(mails[-1][1])[1]["subject_id"]) == asker.request
