# SPDX-License-Identifier: EUPL-1.2
# Consultations: times offered, booked, moved and cancelled, by people near and abroad, one by one and all at once.
import collections
import datetime
import threading
import uuid
import zoneinfo

import icalendar
import pytest

from support import Advisor, People, Requester, answer, at_once, eventually, faults, problem

BERLIN, UTC = zoneinfo.ZoneInfo("Europe/Berlin"), datetime.timezone.utc
NOW = datetime.datetime.now(UTC).replace(second=0, microsecond=0)
MINUTE, HOUR, DAY = datetime.timedelta(minutes=1), datetime.timedelta(hours=1), datetime.timedelta(days=1)
MANY = 50


def stamp(at):
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def consulting(people):
    """These people's services have appointments."""
    with people.daemon.connect() as db:
        db.execute("UPDATE service SET appointments = code = 'recruiting-abroad'")
    return people


@pytest.fixture(scope="module", autouse=True)
def appointments(people):
    consulting(people)


@pytest.fixture
def later(start_daemon):
    """People whose clock a test moves."""
    return consulting(People(start_daemon()))


class Office:
    """An office of a city, an advisor of it, and somebody who asked there."""

    def __init__(self, people, city, **changes):
        self.people, self.city, self.slug = people, city, people.office_in(city)
        self.company, self.advisor = people.requester(city, **changes), people.advisor(city)

    def form(self, *starts, **changes):
        return {"office": {"city": self.city, "office": self.slug}, "minutes": 30, "starts_at": [stamp(at) for at in starts]} | changes

    def offer(self, *starts, by=None, **changes):
        """The ids of new slots."""
        return [slot["id"] for slot in answer((by or self.advisor).post("/v1/consultation-slots", self.form(*starts, **changes)), 201)["items"]]

    def rule(self, **changes):
        """A form with a rule: every day of a week from next month on, from nine to twelve."""
        first = (datetime.datetime.now(BERLIN) + 30 * DAY).date()
        rule = {"first_day": str(first), "last_day": str(first + 6 * DAY), "weekdays": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "to": "12:00"} | changes
        return {"office": {"city": self.city, "office": self.slug}, "minutes": 30, "rule": rule}

    def book(self, slot, by=None, status=201, **changes):
        return answer((by or self.company).post(f"{self.company.path}/appointments", {"slot": slot} | changes), status)

    def path(self, appointment):
        return f"{self.company.path}/appointments/{appointment['id']}"

    def do(self, appointment, verb, body=None, by=None):
        return answer((by or self.company).post(f"{self.path(appointment)}/{verb}", body))

    def free(self, by=None, query=""):
        return [slot["id"] for slot in answer((by or self.company).get(f"{self.company.path}/slots{query}"))["items"]]


@pytest.fixture
def office(people, place):
    return Office(people, place.city)


def entry(mail, method):
    """The entry for calendars a mail brings, read by another program."""
    charset, said, data = mail.invitation
    assert (charset, said) == ("utf-8", method)
    return entry_of(data, method)


def entry_of(data, method):
    calendar = icalendar.Calendar.from_ical(data)
    assert calendar["METHOD"] == method and calendar["VERSION"] == "2.0" and b"\r\n" in data
    [event] = calendar.walk("VEVENT")
    return event


# Offering -------------------------------------------------------------------------------------------------------------------------

def test_an_advisor_offers_times_and_sees_who_has_them(office):
    starts = NOW + 3 * DAY
    form = office.form(starts, starts + HOUR, place="Room 7, Rathaus", video_link="https://meet.example.org/essen", languages=["de", "uk"])
    made = answer(office.advisor.post("/v1/consultation-slots", form), 201)["items"]
    first = made[0]
    assert [slot["starts_at"] for slot in made] == form["starts_at"]
    assert first | {"id": ""} == {
        "id": "", "office": {"city": office.city, "office": office.slug, "name": "Test office"},
        "advisor": {"id": office.advisor.id, "display_name": None}, "starts_at": stamp(starts), "ends_at": stamp(starts + 30 * MINUTE),
        "time_zone": "Europe/Berlin", "place": "Room 7, Rathaus", "video_link": "https://meet.example.org/essen", "languages": ["de", "uk"],
        "appointment": None}
    booked = office.book(first["id"])
    path = f"/v1/consultation-slots?city={office.city}&count=true"
    page = answer(office.advisor.get(path))
    assert page["total"] == 2 and page["items"][1] == made[1]
    reference = office.company.look()["reference"]
    assert page["items"][0]["appointment"] == {"id": booked["id"], "state": "booked", "service_request": {"id": office.company.request, "reference": reference}}
    assert [slot["id"] for slot in answer(office.advisor.get(path + "&free=true"))["items"]] == [made[1]["id"]]
    assert answer(office.advisor.get(path + f"&office={office.slug}&advisor={office.advisor.id}"))["total"] == 2
    assert answer(office.advisor.get(path + "&office=elsewhere"))["total"] == 0
    on = starts.astimezone(BERLIN).date()
    assert answer(office.advisor.get(path + f"&from={on + DAY}"))["total"] == sum(moment(slot["starts_at"]).astimezone(BERLIN).date() > on for slot in made)
    assert answer(office.advisor.get(path + f"&to={on - DAY}"))["total"] == 0
    assert faults(office.advisor.get(f"/v1/consultation-slots?from={on}&to={on - DAY}")) == {("to", "too_small")}


def test_pages_of_slots_and_appointments_lead_to_the_end(office):
    slots = office.offer(*(NOW + 2 * DAY + n * HOUR for n in range(5)))
    for path, person in ((f"/v1/consultation-slots?city={office.city}&limit=2", office.advisor), (f"{office.company.path}/slots?limit=2", office.company)):
        seen = []
        while path:
            page = person.get(path)
            seen += [slot["id"] for slot in answer(page)["items"]]
            path = page.links["next"]["url"] if answer(page)["next"] else None
        assert seen == slots


@pytest.mark.parametrize("changes, wrong", [
    ({"starts_at": []}, {("/starts_at", "too_few_items")}),
    ({"starts_at": None}, {("/starts_at", "required")}),
    ({"starts_at": [stamp(NOW - HOUR), stamp(NOW + 200 * DAY), "2027-01-11T09:00:30Z", "tomorrow"]},
     {("/starts_at/2", "pattern"), ("/starts_at/3", "format"), ("/starts_at/3", "pattern")}),
    ({"starts_at": [stamp(NOW - HOUR), stamp(NOW + 200 * DAY)]}, {("/starts_at/0", "too_small"), ("/starts_at/1", "too_large")}),
    ({"starts_at": [stamp(NOW + DAY + n * HOUR) for n in range(201)]}, {("/starts_at", "too_many_items")}),
    ({"minutes": 9}, {("/minutes", "too_small")}),
    ({"minutes": 241}, {("/minutes", "too_large")}),
    ({"video_link": "http://meet.example.org"}, {("/video_link", "pattern")}),
    ({"video_link": "javascript:alert(1)"}, {("/video_link", "format"), ("/video_link", "pattern")}),
    ({"place": "Two\nlines"}, {("/place", "pattern")}),
    ({"languages": ["xx"]}, {("/languages/0", "unknown_language")}),
    ({"advisor": str(uuid.uuid4())}, {("/advisor", "unknown_advisor")}),
    ({"rule": {"first_day": "2027-01-11", "last_day": "2027-01-29", "weekdays": [0, 8], "from": "9:00", "to": "24:00"}},
     {("/rule/weekdays/0", "too_small"), ("/rule/weekdays/1", "too_large"), ("/rule/from", "pattern"), ("/rule/to", "pattern")}),
])
def test_a_slot_that_cannot_be_is_refused_with_every_fault(office, changes, wrong):
    form = office.form(NOW + 3 * DAY) | changes
    assert wrong <= faults(office.advisor.post("/v1/consultation-slots", form))


def test_a_rule_that_cannot_be_is_refused_with_every_fault(office):
    today = datetime.datetime.now(BERLIN).date()
    form = office.rule(first_day=str(today - DAY), last_day=str(today + 300 * DAY), **{"from": "12:00", "to": "12:00"})
    assert faults(office.advisor.post("/v1/consultation-slots", form)) == {("/rule/first_day", "too_small"), ("/rule/last_day", "too_large"), ("/rule/to", "not_after")}
    assert faults(office.advisor.post("/v1/consultation-slots", office.rule() | {"starts_at": [stamp(NOW + DAY)]})) == {("/rule", "contradiction")}
    backward = office.rule(last_day=str(today + 20 * DAY))
    assert faults(office.advisor.post("/v1/consultation-slots", backward)) == {("/rule/last_day", "too_small")}
    crowded = office.rule(last_day=str(today + 60 * DAY), **{"from": "00:00", "to": "23:59"}) | {"minutes": 10}
    assert faults(office.advisor.post("/v1/consultation-slots", crowded)) == {("/rule", "too_many_items")}
    short = office.rule(**{"from": "09:00", "to": "09:20"})
    assert faults(office.advisor.post("/v1/consultation-slots", short)) == {("/rule", "no_slots")}


def test_a_colleague_is_offered_and_strangers_offer_nothing(people, place, office):
    colleague, stranger = people.advisor(place.city), people.advisor(place.far)
    [slot] = office.offer(NOW + 3 * DAY, advisor=colleague.id)
    assert answer(office.advisor.get(f"/v1/consultation-slots?advisor={colleague.id}"))["items"][0]["id"] == slot
    assert ("/office/city", "other_city") in faults(stranger.post("/v1/consultation-slots", office.form(NOW + 3 * DAY)))
    nowhere = office.form(NOW + 3 * DAY, office={"city": office.city, "office": "nowhere"})
    assert faults(office.advisor.post("/v1/consultation-slots", nowhere)) == {("/office/office", "unknown_office")}
    assert faults(office.advisor.post("/v1/consultation-slots", office.form(NOW + 3 * DAY, advisor=stranger.id))) == {("/advisor", "unknown_advisor")}
    problem(office.company.post("/v1/consultation-slots", office.form(NOW + 3 * DAY)), 403, "forbidden")
    problem(office.company.get("/v1/consultation-slots"), 403, "forbidden")
    problem(stranger.delete(f"/v1/consultation-slots/{slot}"), 404, "not_found")
    assert answer(stranger.get(f"/v1/consultation-slots?city={office.city}&count=true"))["total"] == 0


def test_nobody_is_in_two_conversations_at_once(people, place, office):
    starts = NOW + 3 * DAY
    office.offer(starts)
    for at in (starts, starts - 20 * MINUTE, starts + 29 * MINUTE):
        told = problem(office.advisor.post("/v1/consultation-slots", office.form(starts + 5 * HOUR, at)), 409, "slot_overlaps")
        assert [(fault["pointer"], fault["limit"]) for fault in told["errors"]] == [("/starts_at/1", stamp(at))]
    told = problem(office.advisor.post("/v1/consultation-slots", office.form(starts + 5 * HOUR, starts + 5 * HOUR + 10 * MINUTE)), 409, "slot_overlaps")
    assert [fault["pointer"] for fault in told["errors"]] == ["/starts_at/1"]
    office.offer(starts - 30 * MINUTE, starts + 30 * MINUTE)  # side by side
    office.offer(starts, by=people.advisor(place.city))  # somebody else
    assert answer(office.advisor.get(f"/v1/consultation-slots?city={office.city}&count=true"))["total"] == 4


def test_of_offers_of_one_time_at_once_one_is_made(office):
    statuses = at_once(lambda _: office.advisor.post("/v1/consultation-slots", office.form(NOW + 4 * DAY)), 20)
    assert collections.Counter(statuses) == {201: 1, 409: 19}


def test_a_withdrawn_time_is_free_for_another_offer(office):
    [slot] = office.offer(NOW + 3 * DAY)
    for _ in range(2):
        assert office.advisor.delete(f"/v1/consultation-slots/{slot}").status_code == 204
    assert office.free() == []
    assert faults(office.company.post(f"{office.company.path}/appointments", {"slot": slot})) == {("/slot", "unknown_slot")}
    [again] = office.offer(NOW + 3 * DAY)
    office.book(again)
    problem(office.advisor.delete(f"/v1/consultation-slots/{again}"), 409, "slot_taken")
    problem(office.company.delete(f"/v1/consultation-slots/{again}"), 403, "forbidden")


def test_a_rule_leaves_out_holidays_closures_and_absences(later, place):
    later.daemon.shift_clock(days=(datetime.date(2027, 3, 1) - datetime.datetime.now(BERLIN).date()).days)
    office = Office(later, place.city)
    with later.daemon.connect() as db:
        db.execute("INSERT INTO office_closure (city, office, first_on, last_on) VALUES (%s, %s, '2027-04-01', '2027-04-02')", (office.city, office.slug))
        db.execute("INSERT INTO staff_absence (account, first_on, last_on) VALUES (%s, '2027-03-23', '2027-03-24')", (office.advisor.id,))
    form = office.rule(first_day="2027-03-22", last_day="2027-04-04", weekdays=[1, 2, 3, 4, 5], **{"from": "09:00", "to": "10:30", "break": 10})
    made = answer(office.advisor.post("/v1/consultation-slots", form), 201)["items"]
    walls = [moment(slot["starts_at"]).astimezone(BERLIN).strftime("%m-%d %H:%M") for slot in made]
    # Easter is on 28 March, when the clocks go forward too.
    assert walls == [f"{day} {time}" for day in ("03-22", "03-25", "03-30", "03-31") for time in ("09:00", "09:40")]
    assert [slot["starts_at"][11:16] for slot in made] == ["08:00", "08:40"] * 2 + ["07:00", "07:40"] * 2
    told = problem(office.advisor.post("/v1/consultation-slots", form), 409, "slot_overlaps")
    assert [fault["pointer"] for fault in told["errors"]] == ["/rule"] * 8


@pytest.mark.parametrize("change, walls", [
    (datetime.date(2027, 3, 28), ["01:00", "01:30", "03:00", "03:30"]),
    (datetime.date(2027, 10, 31), ["01:00", "01:30", "02:00", "03:00", "03:30"]),
])
def test_no_slot_lies_in_an_hour_that_the_clocks_skip_or_repeat(later, place, change, walls):
    later.daemon.shift_clock(days=(change - datetime.datetime.now(BERLIN).date()).days - 20)
    office = Office(later, place.city)
    with later.daemon.connect() as db:
        db.execute("DELETE FROM holiday")
    form = office.rule(first_day=str(change), last_day=str(change), **{"from": "01:00", "to": "04:00"})
    made = answer(office.advisor.post("/v1/consultation-slots", form), 201)["items"]
    assert [moment(slot["starts_at"]).astimezone(BERLIN).strftime("%H:%M") for slot in made] == walls
    assert all(moment(slot["ends_at"]) - moment(slot["starts_at"]) == 30 * MINUTE for slot in made)
    assert all(moment(one["ends_at"]) <= moment(next["starts_at"]) for one, next in zip(made, made[1:]))


# Booking --------------------------------------------------------------------------------------------------------------------------

def test_somebody_abroad_books_and_both_get_it_into_their_calendars(people, place):
    office = Office(people, place.city, contact={"name": 'Nguyễn "Hoa"\u00a0Thị', "language": "en"})
    starts = datetime.datetime.combine((NOW + 20 * DAY).date(), datetime.time(8, 30), UTC)
    [slot] = office.offer(starts, video_link="https://meet.example.org/a?b=c", languages=["en"])
    [offered] = answer(office.company.get(f"{office.company.path}/slots"))["items"]
    assert (offered["id"], offered["starts_at"], offered["time_zone"], offered["video"]) == (slot, stamp(starts), "Europe/Berlin", True)
    assert "video_link" not in offered and offered["advisor"] == {"display_name": None}
    link = people.open(office.company.mail("service_request_submitted").token, Requester)
    booked = office.book(slot, by=link, time_zone="Asia/Kolkata")
    assert (booked["state"], booked["starts_at"], booked["time_zone"], booked["requester_time_zone"]) == (
        "booked", stamp(starts), "Europe/Berlin", "Asia/Kolkata")
    assert booked["video_link"] == "https://meet.example.org/a?b=c" and booked["advisor"]["id"] is None
    assert office.company.look()["appointments"] == [booked] == [answer(link.get(office.path(booked)))]
    assert office.free() == []
    told, staff = office.company.mail("appointment_booked"), office.advisor.mail("appointment_booked_staff")
    here, there = starts.astimezone(BERLIN), starts.astimezone(zoneinfo.ZoneInfo("Asia/Kolkata"))
    for mail in (told, staff):
        assert f"{here:%H:%M}" in mail.text and f"{there:%H:%M}" in mail.text and "Asia/Kolkata" in mail.text
        assert "https://meet.example.org/a?b=c" in mail.text and office.company.look()["reference"] in mail.text
    assert told.path == office.company.path.removeprefix("/v1") and people.open(told.token, Requester).look()["id"] == office.company.request
    assert staff.token is None
    for mail in (told, staff):
        event = entry(mail, "REQUEST")
        assert event["UID"] == f"welcomed-appointment-{booked['id']}" and event["SEQUENCE"] == 0 and event["STATUS"] == "CONFIRMED"
        assert (event["DTSTART"].dt, event["DTEND"].dt) == (starts, starts + 30 * MINUTE)
        assert event["ATTENDEE"] == f"mailto:{mail.to}" and event["ORGANIZER"].startswith("mailto:")
        assert event["LOCATION"] == "https://meet.example.org/a?b=c" and mail.token not in (event.to_ical().decode(),)
    assert answer(office.advisor.get(f"/v1/appointments?city={office.city}"))["items"][0]["advisor"]["id"] == office.advisor.id


@pytest.mark.parametrize("zone", ["Mars/Olympus", "EST5EDT4", "europe/berlin", "posix/Europe/Berlin", "+02:00", "", "Europe/Berlin\u0000", "../etc/passwd"])
def test_a_zone_nobody_knows_is_refused(office, zone):
    [slot] = office.offer(NOW + 3 * DAY)
    response = office.company.post(f"{office.company.path}/appointments", {"slot": slot, "time_zone": zone})
    assert response.status_code in (400, 422), response.text
    if response.status_code == 422:
        assert {fault["pointer"] for fault in response.json()["errors"]} == {"/time_zone"}
    assert office.free() == [slot]


@pytest.mark.parametrize("language, words", [("de", "Uhrzeit bei Ihnen"), ("ar", "الوقت عندك"), ("tr", "Sizin bulunduğunuz"), ("uk", "Час у Вас")])
def test_mails_speak_the_language_of_the_asker(people, place, language, words):
    office = Office(people, place.city, contact={"language": language})
    [slot] = office.offer(NOW + 3 * DAY, place="Rathaus, Zimmer 7")
    office.book(slot, time_zone="America/Sao_Paulo")
    mail = office.company.mail("appointment_booked")
    assert mail.language == language and words in mail.text and "Rathaus, Zimmer 7" in mail.text and "{" not in mail.text
    here = entry(mail, "REQUEST")
    assert here["LOCATION"] == "Rathaus, Zimmer 7"


def test_near_by_one_time_is_enough(office):
    [slot] = office.offer(NOW + 3 * DAY)
    office.book(slot)
    mail = office.company.mail("appointment_booked")
    assert "Time in Germany" in mail.text and "Time where you are" not in mail.text


def test_what_is_not_offered_cannot_be_booked(people, place, office):
    soon, fine = office.offer(NOW + HOUR, NOW + 3 * DAY)
    assert office.free() == [fine]
    elsewhere = Office(people, place.far)
    [foreign] = elsewhere.offer(NOW + 3 * DAY)
    path = f"{office.company.path}/appointments"
    assert faults(office.company.post(path, {"slot": soon})) == {("/slot", "too_soon")}
    assert faults(office.company.post(path, {"slot": foreign})) == {("/slot", "unknown_slot")}
    assert faults(office.company.post(path, {"slot": str(uuid.uuid4())})) == {("/slot", "unknown_slot")}
    plain = people.requester(place.city, service="first-orientation", company=None, answers={})
    told = problem(plain.post(f"{plain.path}/appointments", {"slot": fine}), 409, "conflict_state")
    assert [fault["code"] for fault in told["errors"]] == ["no_appointments"]
    assert answer(plain.get(f"{plain.path}/slots"))["items"] == []
    office.book(fine)
    problem(office.company.post(path, {"slot": fine}), 409, "already_booked")


def test_slots_are_chosen_by_language(office):
    german, = office.offer(NOW + 3 * DAY, languages=["de"])
    both, = office.offer(NOW + 4 * DAY, languages=["de", "en"])
    assert office.free(query="?language=en") == [both] and office.free() == [german, both]
    assert office.free(by=office.advisor) == [german, both]


def test_who_leaves_or_is_away_offers_nothing(people, place, office):
    colleague = people.advisor(place.city)
    [slot] = office.offer(NOW + 3 * DAY, advisor=colleague.id)
    on = (NOW + 3 * DAY).astimezone(BERLIN).date()
    with people.daemon.connect() as db:
        db.execute("INSERT INTO staff_absence (account, first_on, last_on) VALUES (%s, %s, %s)", (colleague.id, on, on))
        assert office.free() == []
        db.execute("DELETE FROM staff_absence WHERE account = %s", (colleague.id,))
        assert office.free() == [slot]
        db.execute("DELETE FROM staff_role WHERE account = %s", (colleague.id,))
    assert office.free() == []
    assert faults(office.company.post(f"{office.company.path}/appointments", {"slot": slot})) == {("/slot", "unknown_slot")}


def test_fifty_bookings_of_one_slot_at_once_give_one(people, place, office):
    companies = [office.company, *(people.requester(place.city) for _ in range(4))]
    [slot] = office.offer(NOW + 3 * DAY)
    answers = []

    def book(n):
        company = companies[n % len(companies)]
        response = company.post(f"{company.path}/appointments", {"slot": slot})
        answers.append((response.status_code, response.json().get("code")))
        return response
    at_once(book, MANY)
    tally = collections.Counter(status for status, _ in answers)
    assert tally == {201: 1, 409: MANY - 1}, answers
    assert {code for status, code in answers if status == 409} <= {"slot_taken", "already_booked"}
    people.daemon.mails_sent()
    assert sum(company.daemon.mails.take(company.email, "appointment_booked") is not None for company in companies) == 1


def test_fifty_strangers_at_once_are_told_that_it_is_taken(people, place, office):
    companies = [people.requester(place.city) for _ in range(MANY)]
    [slot] = office.offer(NOW + 3 * DAY)
    answers = []

    def book(n):
        response = companies[n].post(f"{companies[n].path}/appointments", {"slot": slot})
        answers.append((response.status_code, response.json().get("code")))
        return response
    at_once(book, MANY)
    assert collections.Counter(answers) == {(201, None): 1, (409, "slot_taken"): MANY - 1}


def test_fifty_bookings_of_one_request_at_once_give_one(office):
    slots = office.offer(*(NOW + 3 * DAY + n * HOUR for n in range(MANY)))
    statuses = at_once(lambda n: office.company.post(f"{office.company.path}/appointments", {"slot": slots[n]}), MANY)
    assert collections.Counter(statuses) == {201: 1, 409: MANY - 1}
    assert len(office.free(query="?limit=100")) == MANY - 1


def test_two_who_swap_their_times_at_once_never_wait_for_each_other(people, place, office):
    other = people.requester(place.city)
    a, b, c = office.offer(*(NOW + 3 * DAY + n * HOUR for n in range(3)))
    mine = office.book(a)
    theirs = answer(other.post(f"{other.path}/appointments", {"slot": b}), 201)
    for n in range(10):
        at_once(lambda k: (office.company.post(f"{office.path(mine)}/move", {"slot": (a, b, c)[n % 3]}) if k % 2 else
                           other.post(f"{other.path}/appointments/{theirs['id']}/move", {"slot": (b, c, a)[n % 3]})), 8)
    held = {office.company.look()["appointments"][0]["slot"], other.look()["appointments"][0]["slot"]}
    assert len(held) == 2 and set(office.free()) == {a, b, c} - held


def test_a_slot_that_is_booked_and_withdrawn_at_once_is_one_of_both(office):
    for n in range(8):
        [slot] = office.offer(NOW + 3 * DAY + n * HOUR)
        statuses = {}

        def run(name, call):
            statuses[name] = call().status_code
        threads = [threading.Thread(target=run, args=(name, call)) for name, call in {
            "book": lambda: office.company.post(f"{office.company.path}/appointments", {"slot": slot}),
            "withdraw": lambda: office.advisor.delete(f"/v1/consultation-slots/{slot}")}.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses in ({"book": 201, "withdraw": 409}, {"book": 422, "withdraw": 204})
        if statuses["book"] == 201:
            office.do(office.company.look()["appointments"][-1], "cancel")


# Moving and cancelling ------------------------------------------------------------------------------------------------------------

def test_an_appointment_moves_and_takes_its_entry_along(people, place, office):
    first, second = office.offer(NOW + 3 * DAY, NOW + 4 * DAY)
    booked = office.book(first)
    for _ in range(2):  # said twice
        moved = office.do(booked, "move", {"slot": second})
        assert (moved["id"], moved["slot"], moved["starts_at"], moved["state"]) == (booked["id"], second, stamp(NOW + 4 * DAY), "booked")
    assert moved["moved_at"] and office.free() == [first]
    for mail in (office.company.mail("appointment_moved"), office.advisor.mail("appointment_moved_staff")):
        event = entry(mail, "REQUEST")
        assert (event["UID"], event["SEQUENCE"], event["DTSTART"].dt) == (f"welcomed-appointment-{booked['id']}", 1, NOW + 4 * DAY)
    colleague = people.advisor(place.city)
    [third] = office.offer(NOW + 5 * DAY, advisor=colleague.id)
    assert office.do(booked, "move", {"slot": third}, by=office.advisor)["slot"] == third
    gone = entry(office.advisor.mail("appointment_cancelled_staff"), "CANCEL")
    assert (gone["UID"], gone["SEQUENCE"]) == (f"welcomed-appointment-{booked['id']}", 2) and "STATUS" not in gone
    assert entry(colleague.mail("appointment_booked_staff"), "REQUEST")["SEQUENCE"] == 2
    with people.daemon.connect() as db:
        kinds = db.execute("SELECT kind, by, public FROM service_event WHERE request = %s AND kind IN ('booked', 'moved', 'cancelled') ORDER BY id",
                           (office.company.request,)).fetchall()
        audited = db.execute("SELECT action FROM audit WHERE subject_id = %s AND action LIKE 'appointment%%'", (office.company.request,)).fetchall()
    assert kinds == [("booked", "requester", True), ("moved", "requester", True), ("moved", "staff", True)] and audited == [("appointment_moved",)]


def test_an_appointment_stays_at_its_office(people, place, office):
    office.people.office_in(place.neighbour)
    there = people.advisor(place.neighbour)
    [slot], [foreign] = office.offer(NOW + 3 * DAY), answer(there.post("/v1/consultation-slots", office.form(
        NOW + 4 * DAY, office={"city": place.neighbour, "office": "test-office"})), 201)["items"]
    booked = office.book(slot)
    path = f"{office.path(booked)}/move"
    assert faults(office.company.post(path, {"slot": foreign["id"]})) == {("/slot", "unknown_slot")}
    office.advisor.step(office.company, "offices", {"city": place.neighbour, "office": "test-office"})
    assert faults(office.company.post(path, {"slot": foreign["id"]})) == {("/slot", "other_office")}
    second = office.book(foreign["id"])  # one at each office
    assert [a["id"] for a in office.company.look()["appointments"]] == [booked["id"], second["id"]]
    # Each city sees its own.
    assert [a["id"] for a in answer(there.get(office.company.path))["appointments"]] == [second["id"]]
    problem(there.get(office.path(booked)), 404, "not_found")
    problem(there.post(f"{office.path(booked)}/cancel"), 404, "not_found")
    assert [a["id"] for a in answer(there.get("/v1/appointments"))["items"]] == [second["id"]]


def test_a_taken_time_is_no_place_to_move_to(people, place, office):
    other = people.requester(place.city)
    first, second = office.offer(NOW + 3 * DAY, NOW + 4 * DAY)
    booked = office.book(first)
    answer(other.post(f"{other.path}/appointments", {"slot": second}), 201)
    problem(office.company.post(f"{office.path(booked)}/move", {"slot": second}), 409, "slot_taken")
    assert office.company.look()["appointments"][0]["slot"] == first


def test_either_side_calls_it_off_and_the_time_is_free_again(people, place, office):
    [slot] = office.offer(NOW + 3 * DAY)
    booked = office.book(slot)
    for _ in range(2):
        gone = office.do(booked, "cancel", {"reason": "I have to travel."})
        assert (gone["state"], gone["cancelled_by"], gone["reason"]) == ("cancelled", "requester", "I have to travel.")
    problem(office.company.post(f"{office.path(booked)}/cancel", {"reason": "Or not."}), 409, "conflict_state")
    problem(office.company.post(f"{office.path(booked)}/move", {"slot": slot}), 409, "conflict_state")
    for mail in (office.company.mail("appointment_cancelled"), office.advisor.mail("appointment_cancelled_staff")):
        event = entry(mail, "CANCEL")
        assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (f"welcomed-appointment-{booked['id']}", 1, "CANCELLED")
        assert "I have to travel." in mail.text
    assert office.free() == [slot]
    again = office.book(slot)
    problem(office.company.post(f"{office.path(again)}/cancel", {"withdraw_slot": True}), 403, "forbidden")
    gone = office.do(again, "cancel", {"reason": "I am ill.", "withdraw_slot": True}, by=office.advisor)
    assert (gone["cancelled_by"], office.free()) == ("staff", [])
    assert answer(office.advisor.get(f"/v1/consultation-slots?city={office.city}&count=true"))["total"] == 0


def test_a_slot_that_somebody_else_has_meanwhile_is_not_withdrawn(people, place, office):
    [slot] = office.offer(NOW + 3 * DAY)
    booked = office.book(slot)
    office.do(booked, "cancel", {})
    other = people.requester(place.city)
    answer(other.post(f"{other.path}/appointments", {"slot": slot}), 201)
    problem(office.advisor.post(f"{office.path(booked)}/cancel", {"withdraw_slot": True}), 409, "slot_taken")


def test_a_calendar_gets_the_entry_by_its_address(office):
    first, second = office.offer(NOW + 3 * DAY, NOW + 4 * DAY, video_link="https://meet.example.org/x")
    booked = office.book(first)
    path = f"{office.path(booked)}/calendar"

    def fetched(method, by=office.company):
        response = by.get(path)
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"] == f"text/calendar; method={method}; charset=utf-8"
        assert response.headers["Content-Disposition"] == 'attachment; filename="appointment.ics"' and response.headers["Cache-Control"] == "no-store"
        return entry_of(response.content, method)
    event = fetched("PUBLISH")
    assert (event["SEQUENCE"], event["DTSTART"].dt, event["STATUS"]) == (0, NOW + 3 * DAY, "CONFIRMED") and "ATTENDEE" not in event
    assert event["ORGANIZER"].startswith("mailto:") and event["URL"].endswith(office.company.path.removeprefix("/v1"))
    assert event["DTSTAMP"].dt >= NOW and event["UID"] == f"welcomed-appointment-{booked['id']}"
    office.do(booked, "move", {"slot": second})
    event = fetched("PUBLISH", office.advisor)
    assert (event["SEQUENCE"], event["DTSTART"].dt) == (1, NOW + 4 * DAY)
    office.do(booked, "cancel")
    event = fetched("CANCEL")
    assert (event["SEQUENCE"], event["STATUS"], event["UID"]) == (2, "CANCELLED", f"welcomed-appointment-{booked['id']}")


@pytest.mark.parametrize("verb", ["withdraw", "reject", "resolve", "forward"])
def test_a_request_that_ends_at_an_office_frees_the_time(people, place, office, verb):
    [slot] = office.offer(NOW + 3 * DAY)
    booked = office.book(slot)
    office.company.mail("appointment_booked")
    if verb == "withdraw":
        office.company.say("withdraw")
    elif verb == "forward":
        office.advisor.step(office.company, "forward", {"city": place.neighbour, "office": people.office_in(place.neighbour), "reason": "Theirs."})
    else:
        office.advisor.steps(office.company, *{"reject": ["reject"], "resolve": ["acknowledge", "assign", "resolve"]}[verb])
    [told] = office.company.look()["appointments"]
    assert (told["id"], told["state"], told["cancelled_by"]) == (booked["id"], "cancelled", "system")
    assert entry(office.company.mail("appointment_cancelled"), "CANCEL")["SEQUENCE"] == 1
    office.advisor.mail("appointment_cancelled_staff")
    assert answer(office.advisor.get(f"/v1/consultation-slots?city={office.city}&free=true"))["items"][0]["id"] == slot
    assert office.free() == []
    response = office.company.post(f"{office.company.path}/appointments", {"slot": slot})
    if verb == "forward":
        assert faults(response) == {("/slot", "unknown_slot")}
    else:
        problem(response, 409, "conflict_state")


def test_spam_is_told_nothing_of_its_appointment(people, office):
    [slot] = office.offer(NOW + 3 * DAY)
    office.book(slot)
    office.company.mail("appointment_booked")
    office.advisor.step(office.company, "reject", {"reason": "Advertising.", "rejected_as": "spam"})
    office.advisor.mail("appointment_cancelled_staff")
    people.daemon.mails_sent()
    assert people.daemon.mails.take(office.company.email, "appointment_cancelled") is None


def test_a_former_office_sees_nothing_of_later(people, place, office):
    slug = people.office_in(place.neighbour)
    there = people.advisor(place.neighbour)
    office.advisor.step(office.company, "forward", {"city": place.neighbour, "office": slug, "reason": "Theirs."})
    [slot] = answer(there.post("/v1/consultation-slots", office.form(NOW + 3 * DAY, office={"city": place.neighbour, "office": slug})), 201)["items"]
    booked = office.book(slot["id"])
    assert answer(office.advisor.get(office.company.path))["appointments"] == []
    assert answer(office.advisor.get(f"{office.company.path}/slots"))["items"] == []
    for suffix in ("", "/calendar"):
        problem(office.advisor.get(office.path(booked) + suffix), 404, "not_found")
    for verb, body in {"move": {"slot": slot["id"]}, "cancel": {}, "close": {"outcome": "held"}}.items():
        problem(office.advisor.post(f"{office.path(booked)}/{verb}", body), 404, "not_found")
    assert faults(office.advisor.post(f"{office.company.path}/appointments", {"slot": slot["id"]})) == {("/slot", "unknown_slot")}
    assert answer(office.advisor.get("/v1/appointments?count=true"))["total"] == 0


def test_another_company_and_another_city_see_nothing(people, place, office):
    [slot] = office.offer(NOW + 3 * DAY)
    booked = office.book(slot)
    other, far = people.requester(place.city), people.advisor(place.far)
    for stranger in (other, far):
        for suffix in ("", "/calendar"):
            problem(stranger.get(office.path(booked) + suffix), 404, "not_found")
        problem(stranger.get(f"{office.company.path}/slots"), 404, "not_found")
        problem(stranger.post(f"{office.company.path}/appointments", {"slot": slot}), 404, "not_found")
        for verb, body in {"move": {"slot": slot}, "cancel": {}}.items():
            problem(stranger.post(f"{office.path(booked)}/{verb}", body), 404, "not_found")
    problem(far.post(f"{office.path(booked)}/close", {"outcome": "held"}), 404, "not_found")
    problem(office.company.post(f"{office.path(booked)}/close", {"outcome": "held"}), 403, "forbidden")
    # One's own request does not open another's appointment.
    for suffix in ("", "/calendar"):
        problem(other.get(f"{other.path}/appointments/{booked['id']}{suffix}"), 404, "not_found")
    problem(other.post(f"{other.path}/appointments/{booked['id']}/cancel"), 404, "not_found")
    for path in ("/v1/appointments?count=true", f"/v1/appointments?city={office.city}&count=true", f"/v1/appointments?advisor={office.advisor.id}&count=true"):
        assert answer(far.get(path)) == {"items": [], "next": None, "total": 0}
    problem(office.company.get("/v1/appointments"), 403, "forbidden")
    link = people.open(other.mail("service_request_submitted").token, Requester)
    for path in (f"{office.company.path}/slots", office.path(booked), f"{office.path(booked)}/calendar"):
        problem(link.get(path), 404, "not_found")
    problem(link.get("/v1/appointments"), 403, "forbidden")


def test_the_region_advises_who_has_no_city(people, office):
    everywhere = people.advisor()
    with people.daemon.connect() as db:
        db.execute("INSERT INTO office (city, slug, name, address, opening_hours) SELECT '*', 'region-desk', name, 'Burgplatz 1, Essen', opening_hours"
                   " FROM office WHERE city = %s ON CONFLICT DO NOTHING", (office.city,))
    everywhere.step(office.company, "offices", {"city": None, "office": "region-desk"})
    form = office.form(NOW + 3 * DAY, office={"city": None, "office": "region-desk"})
    assert ("/office/city", "other_city") in faults(office.advisor.post("/v1/consultation-slots", form))
    [slot] = answer(everywhere.post("/v1/consultation-slots", form), 201)["items"]
    assert slot["office"] == {"city": None, "office": "region-desk", "name": "Test office"}
    booked = office.book(slot["id"])
    assert booked["office"]["city"] is None
    assert "Burgplatz 1, Essen" in office.company.mail("appointment_booked").text
    problem(office.advisor.get(office.path(booked)), 404, "not_found")


def test_advisors_list_what_comes(office):
    slots = office.offer(NOW + 3 * DAY, NOW + 4 * DAY)
    first = office.book(slots[0], by=office.advisor, time_zone="America/New_York")
    office.do(first, "cancel", by=office.advisor)
    second = office.book(slots[1])
    path = f"/v1/appointments?city={office.city}"
    assert [a["id"] for a in answer(office.advisor.get(path))["items"]] == [first["id"], second["id"]]
    page = answer(office.advisor.get(path + "&limit=1&count=true"))
    assert page["total"] == 2 and [a["id"] for a in answer(office.advisor.get(path + f"&limit=1&after={page['next']}"))["items"]] == [second["id"]]
    on = (NOW + 4 * DAY).astimezone(BERLIN).date()
    for query, found in {"&state=cancelled": [first], f"&from={on}": [second], f"&from={on}&to={on}": [second], f"&to={on - DAY}": [first],
                         f"&advisor={uuid.uuid4()}": []}.items():
        assert [a["id"] for a in answer(office.advisor.get(path + query))["items"]] == [a["id"] for a in found], query
    assert faults(office.advisor.get(f"/v1/appointments?from={on}&to={on - DAY}")) == {("to", "too_small")}


# Time -----------------------------------------------------------------------------------------------------------------------------

def test_a_day_before_the_asker_is_reminded_once(later, place):
    office = Office(later, place.city)
    [slot] = office.offer(NOW + 3 * DAY, video_link="https://meet.example.org/x")
    office.book(slot, time_zone="Asia/Kathmandu")
    office.company.mail("appointment_booked")
    later.daemon.shift_clock(days=2, hours=1)
    mail = office.company.mail("appointment_reminder")
    there = (NOW + 3 * DAY).astimezone(zoneinfo.ZoneInfo("Asia/Kathmandu"))
    assert f"{there:%H:%M}" in mail.text and "https://meet.example.org/x" in mail.text
    assert entry(mail, "REQUEST")["SEQUENCE"] == 0
    other = later.requester(place.city)
    [late] = office.offer(NOW + 3 * DAY + HOUR, by=later.advisor(place.city))
    answer(other.post(f"{other.path}/appointments", {"slot": late}), 201)
    other.mail("appointment_booked")
    later.daemon.shift_clock(days=2, hours=5)
    later.daemon.mails_sent()
    assert later.daemon.mails.take(office.company.email, "appointment_reminder") is None
    assert later.daemon.mails.take(other.email, "appointment_reminder") is None  # booked less than a day ahead


def test_what_has_begun_is_neither_moved_nor_cancelled_and_what_is_over_was_held_or_missed(later, place):
    office = Office(later, place.city)
    [slot, other] = office.offer(NOW + 3 * DAY, NOW + 6 * DAY)
    booked = office.book(slot)
    problem(office.advisor.post(f"{office.path(booked)}/close", {"outcome": "held"}), 409, "conflict_state")
    later.daemon.shift_clock(days=3, minutes=10)
    office.advisor, office.company = (later.sign_in(office.advisor.email, Advisor),
                                      later.open(office.company.mail("appointment_booked").token, Requester))
    problem(office.company.post(f"{office.path(booked)}/cancel"), 409, "conflict_state")
    problem(office.company.post(f"{office.path(booked)}/move", {"slot": other}), 409, "conflict_state")
    problem(office.advisor.post(f"{office.path(booked)}/close", {"outcome": "held"}), 409, "conflict_state")
    problem(office.company.post(f"{office.company.path}/appointments", {"slot": other}), 409, "already_booked")
    later.daemon.shift_clock(days=3, minutes=40)
    again = office.book(other)
    assert [a["state"] for a in office.company.look()["appointments"]] == ["past", "booked"]
    for _ in range(2):
        assert office.do(booked, "close", {"outcome": "missed"}, by=office.advisor)["state"] == "missed"
    problem(office.advisor.post(f"{office.path(booked)}/close", {"outcome": "held"}), 409, "conflict_state")
    later.daemon.shift_clock(days=6, hours=2)
    with later.daemon.connect() as db:
        eventually(lambda: db.execute("SELECT state FROM appointment WHERE id = %s", (again["id"],)).fetchone() == ("past",))
    office.advisor = later.sign_in(office.advisor.email, Advisor)
    assert office.do(again, "close", {"outcome": "held"}, by=office.advisor)["state"] == "held"


def test_an_appointment_over_the_change_of_the_clocks_keeps_its_moment(later, place):
    autumn = datetime.date(2027, 10, 31)
    later.daemon.shift_clock(days=(autumn - datetime.datetime.now(BERLIN).date()).days - 5)
    office = Office(later, place.city)
    form = office.rule(first_day="2027-10-29", last_day="2027-11-02", weekdays=[2, 5], **{"from": "10:00", "to": "10:30"})
    friday, tuesday = answer(office.advisor.post("/v1/consultation-slots", form), 201)["items"]
    assert (friday["starts_at"], tuesday["starts_at"]) == ("2027-10-29T08:00:00Z", "2027-11-02T09:00:00Z")
    booked = office.book(friday["id"], time_zone="America/New_York")
    assert "04:00" in office.company.mail("appointment_booked").text
    office.do(booked, "move", {"slot": tuesday["id"]})
    mail = office.company.mail("appointment_moved")
    assert "10:00" in mail.text and "05:00" in mail.text  # there the clocks change a week later
    assert entry(mail, "REQUEST")["DTSTART"].dt == datetime.datetime(2027, 11, 2, 9, tzinfo=UTC)


def test_what_a_mail_tells_is_true_when_it_is_sent(start_daemon, place):
    people = People(start_daemon())
    consulting(people)
    office = Office(people, place.city)
    first, second = office.offer(NOW + 3 * DAY, NOW + 4 * DAY)
    people.daemon.mails_sent()  # a mail is there before it is noted as sent
    with people.daemon.connect() as db:
        db.execute("CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.next_attempt_at := clock() + interval '1 day'; RETURN NEW; END $$")
        db.execute("CREATE TRIGGER hold BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION hold()")
        booked = office.book(first)
        office.do(booked, "move", {"slot": second})
        office.do(booked, "cancel")
        db.execute("DROP TRIGGER hold ON outbox")
        waiting = db.execute("SELECT template FROM outbox WHERE state = 'waiting'").fetchall()
        assert sorted(template for template, in waiting) == [f"appointment_{kind}{side}" for kind in ("booked", "cancelled", "moved") for side in ("", "_staff")]
        stored = [name for name, in db.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'outbox'").fetchall()]
        assert not {"body", "calendar", "token"} & set(stored)
        db.execute("UPDATE outbox SET next_attempt_at = clock() WHERE state = 'waiting'")
        people.daemon.mails_sent()
    assert entry(office.company.mail("appointment_cancelled"), "CANCEL")["SEQUENCE"] == 2
    for kind in ("booked", "moved"):
        assert people.daemon.mails.take(office.company.email, f"appointment_{kind}") is None
        assert people.daemon.mails.take(office.advisor.email, f"appointment_{kind}_staff") is None


def test_times_nobody_came_to_are_forgotten_after_a_year(later, place):
    office = Office(later, place.city)
    taken, empty = office.offer(NOW + 3 * DAY, NOW + 4 * DAY)
    office.book(taken)
    with later.daemon.connect() as db:
        later.daemon.shift_clock(days=390)
        eventually(lambda: db.execute("SELECT id::text FROM consultation_slot").fetchall() == [(taken,)])


def test_an_office_that_is_renamed_keeps_its_appointments_and_an_advisor_who_goes_leaves_none(people, place, office):
    colleague = people.advisor(place.city)
    [slot], [other] = office.offer(NOW + 3 * DAY), office.offer(NOW + 3 * DAY, advisor=colleague.id)
    booked = office.book(slot)
    with people.daemon.connect() as db:
        db.execute("UPDATE office SET slug = 'renamed' WHERE city = %s", (office.city,))
        assert office.company.look()["appointments"][0]["office"]["office"] == "renamed"
        db.execute("DELETE FROM account WHERE id = %s", (office.advisor.id,))
    [gone] = office.company.look()["appointments"]
    assert (gone["id"], gone["state"], gone["cancelled_by"]) == (booked["id"], "cancelled", "system")
    office.company.mail("appointment_cancelled")
    assert office.free() == [other]
