# SPDX-License-Identifier: EUPL-1.2
"""How much of an office's time has passed: told case by case, and compared with adding up its hours one by one."""
import datetime
import itertools
import json
import time
import uuid
import zoneinfo

import pytest
from dateutil.easter import easter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import processor_seconds

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
UTC = datetime.timezone.utc
DAY, MINUTE = datetime.timedelta(days=1), datetime.timedelta(minutes=1)
CLOSED, ALL_DAY, VISITS = {}, {"all_day": True}, {"appointment_only": True}
FIXED = ((1, 1), (5, 1), (10, 3), (11, 1), (12, 25), (12, 26))
MOVING = (-2, 1, 39, 50, 60)


def hours(*times):
    """A day open at "09:00-12:30", ..."""
    return {"slots": [dict(zip(("opens", "closes"), each.split("-"))) for each in times]}


def week(**days):
    """Seven days, Monday first, closed unless said."""
    return [days.get(name, CLOSED) for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]


def working_days(*times):
    return [hours(*times)] * 5 + [CLOSED] * 2


USUAL = working_days("09:00-17:00")
OFFICE = week(mon=hours("08:00-12:30", "14:00-16:00"), thu=hours("08:00-18:00"), fri=VISITS)
NIGHTS = [hours("22:00-06:00")] * 7


def moment(wall, fold=0):
    return datetime.datetime.fromisoformat(wall).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


class Office:
    """An office of the database and what it does by the calendar on its wall."""

    numbers = itertools.count(1)

    def __init__(self, world, times, closures=()):
        self.world, self.slug, self.times = world, f"office-{next(self.numbers)}", times
        self.closures = [tuple(map(datetime.date.fromisoformat, closure)) for closure in closures]
        world.god.execute("INSERT INTO office (city, slug, name, opening_hours) VALUES ('essen', %s, '{\"en\": \"Office\"}', opening_hours_of(%s))",
                          (self.slug, json.dumps(times)))
        for first, last in self.closures:
            world.god.execute("INSERT INTO office_closure (city, office, first_on, last_on) VALUES ('essen', %s, %s, %s)", (self.slug, first, last))

    def after(self, start, minutes):
        return self.world.value("SELECT business_time_after('essen', %s, %s, %s)", self.slug, start, minutes)

    def between(self, first, last):
        return self.world.value("SELECT business_minutes_between('essen', %s, %s, %s)", self.slug, first, last)

    def works_on(self, day):
        return ((day.month, day.day) not in FIXED and (day - easter(day.year)).days not in MOVING
                and not any(first <= day <= last for first, last in self.closures))

    def slots(self, first, last):
        """Every time it is open on days between two dates, one after the other."""
        found = []
        for number in range((last - first).days + 1):
            day = first + number * DAY
            sign = self.times[day.weekday()]
            for slot in [{"opens": "00:00", "closes": "00:00"}] if sign.get("all_day") else sign.get("slots", []):
                opens, closes = (datetime.datetime.combine(day, datetime.time.fromisoformat(slot[end])) for end in ("opens", "closes"))
                closes += DAY if closes <= opens else 0 * DAY
                opens, closes = opens.replace(tzinfo=BERLIN).astimezone(UTC), closes.replace(tzinfo=BERLIN).astimezone(UTC)
                if self.works_on(day) and opens < closes:
                    found.append((opens, closes))
        joined = []
        for opens, closes in sorted(found):
            if joined and opens <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
            else:
                joined.append((opens, closes))
        return joined

    def counted(self, first, last):
        return sum((max(min(closes, last) - max(opens, first), 0 * DAY)
                    for opens, closes in self.slots(first.date() - 2 * DAY, last.date() + 2 * DAY)), 0 * DAY) // MINUTE

    def reached(self, start, minutes):
        """Minute after minute, forwards or backwards; only whole slots are taken at once."""
        left, forward = abs(minutes) * MINUTE, minutes > 0
        days = (70 + abs(minutes) // 60) * DAY  # far enough for a day of work a week, closures apart
        slots = self.slots(start.date() - (2 * DAY if forward else days), start.date() + (days if forward else 2 * DAY))
        for opens, closes in slots if forward else reversed(slots):
            opens, closes = (max(opens, start), closes) if forward else (opens, min(closes, start))
            if closes - opens >= left:
                return opens + left if forward else closes - left
            left -= max(closes - opens, 0 * DAY)
        raise AssertionError("looked too near")


# hours, closures, start, minutes, end; 2026-11-27 is a Friday
CASES = {
    "within a day": (USUAL, (), "2026-11-25T09:30", 120, "2026-11-25T11:30"),
    "before it opens": (USUAL, (), "2026-11-25T03:00", 60, "2026-11-25T10:00"),
    "to the minute it closes, not to the next morning": (USUAL, (), "2026-11-25T09:00", 480, "2026-11-25T17:00"),
    "on Friday evening": (USUAL, (), "2026-11-27T16:30", 60, "2026-11-30T09:30"),
    "in the night of Friday": (USUAL, (), "2026-11-27T23:00", 1, "2026-11-30T09:01"),
    "at the weekend": (USUAL, (), "2026-11-28T12:00", 960, "2026-12-01T17:00"),
    "a lunch break": (OFFICE, (), "2026-11-23T12:00", 60, "2026-11-23T14:30"),
    "visits by appointment are no hours": (OFFICE, (), "2026-11-26T17:00", 120, "2026-11-30T09:00"),
    "Easter": (USUAL, (), "2027-03-25T16:00", 120, "2027-03-30T10:00"),  # Thursday to Tuesday
    "Ascension Day and the Friday after": (USUAL, (), "2027-05-05T16:00", 61, "2027-05-07T09:01"),
    "All Saints' Day": (USUAL, (), "2027-10-29T16:00", 61, "2027-11-02T09:01"),  # a Monday
    "Christmas to New Year": (USUAL, (("2026-12-27", "2026-12-31"),), "2026-12-24T16:00", 120, "2027-01-04T10:00"),
    "a year's end": (USUAL, (), "2026-12-31T16:00", 120, "2027-01-04T10:00"),
    "a year's end, New Year's Day left out": ([ALL_DAY] * 7, (), "2026-12-30T12:00", 2880, "2027-01-02T12:00"),
    "a night of work into the new year": (NIGHTS, (), "2026-12-31T23:00", 420, "2027-01-01T06:00"),
    "a leap day": (USUAL, (), "2028-02-28T16:00", 540, "2028-02-29T17:00"),  # Monday and Tuesday
    "no leap day": (USUAL, (), "2027-02-26T16:00", 120, "2027-03-01T10:00"),
    "the day the office is closed": (USUAL, (("2026-11-25", "2026-11-25"),), "2026-11-24T16:00", 120, "2026-11-26T10:00"),
    "closures that overlap": (USUAL, (("2026-11-23", "2026-11-25"), ("2026-11-24", "2026-11-27")), "2026-11-20T16:00", 120, "2026-11-30T10:00"),
    "a closed day does not end the night before": (NIGHTS, (("2026-11-25", "2026-11-25"),), "2026-11-24T22:00", 540, "2026-11-26T23:00"),
    "slots of two days that overlap count once": (week(mon=hours("20:00-10:00"), tue=hours("09:00-17:00")), (), "2026-11-23T20:00", 1260, "2026-11-24T17:00"),
    "open all day": ([ALL_DAY] * 7, (), "2026-11-23T12:00", 2880, "2026-11-25T12:00"),
    # on 2027-03-28 it is 03:00 right after 02:00, on 2026-10-25 02:00 comes twice
    "a night one hour short": (NIGHTS, (), "2027-03-27T22:00", 420, "2027-03-28T06:00"),
    "a night one hour longer": (NIGHTS, (), "2026-10-24T22:00", 540, "2026-10-25T06:00"),
    "from the hour that is left out": (week(sun=hours("02:30-04:00"), mon=hours("09:00-17:00")), (), "2027-03-27T12:00", 30, "2027-03-28T04:00"),
    "a day one hour short": ([ALL_DAY] * 7, (), "2027-03-27T12:00", 1440, "2027-03-28T13:00"),
    "over both changes": (USUAL, (), "2026-10-23T16:00", 120, "2026-10-26T10:00"),
}


@pytest.fixture(scope="module")
def offices(region):
    """Offices made one by one."""
    return lambda *said: Office(region, *said)


@pytest.mark.parametrize("case", CASES)
def test_business_hours_pass_as_the_office_works(offices, case):
    times, closures, start, minutes, end = CASES[case]
    office, start, end = offices(times, closures), moment(start), moment(end)
    assert office.after(start, minutes) == end == office.reached(start, minutes)
    assert office.between(start, end) == minutes
    assert office.between(end, start) == -minutes
    assert office.between(office.after(end, -minutes), end) == minutes


def test_the_hour_that_comes_twice_is_worked_twice(offices):
    office = offices(week(sun=hours("02:00-03:00"), mon=hours("09:00-17:00")))
    assert office.after(moment("2026-10-24T12:00"), 90) == moment("2026-10-25T02:30", fold=1)
    assert office.between(moment("2026-10-24T12:00"), moment("2026-10-25T12:00")) == 120


def test_the_hour_that_is_left_out_is_not_worked(offices):
    office = offices(week(sun=hours("02:00-03:00"), tue=hours("09:00-17:00")))
    assert office.between(moment("2027-03-28T00:00"), moment("2027-03-28T12:00")) == 0
    assert office.after(moment("2027-03-27T12:00"), 30) == moment("2027-03-30T09:30")


def test_going_back_ends_where_the_time_began_to_run(offices):
    office = offices(USUAL)
    assert office.after(moment("2026-11-30T09:30"), -60) == moment("2026-11-27T16:30")
    assert office.after(moment("2026-11-30T03:00"), -480) == moment("2026-11-27T09:00")
    assert office.after(moment("2026-11-28T12:00"), 0) == moment("2026-11-28T12:00")


def test_seconds_are_kept_and_only_whole_minutes_are_told(offices):
    office = offices(USUAL)
    start = moment("2026-11-27T16:59:30.25")
    assert office.after(start, 1) == moment("2026-11-30T09:00:30.25")
    assert office.between(start, moment("2026-11-30T09:00:30.20")) == 0
    assert office.between(start, moment("2026-11-30T09:00:30.25")) == 1
    assert office.between(moment("2026-11-30T09:00:30.20"), start) == 0


@pytest.mark.parametrize("times", [[CLOSED] * 7, [VISITS] * 7])
def test_an_office_without_hours_has_the_usual_ones(offices, times):
    office = offices(times, [("2026-11-30", "2026-11-30")])
    assert office.after(moment("2026-11-27T16:00"), 120) == moment("2026-12-01T10:00")
    assert office.between(moment("2026-11-27T16:00"), moment("2026-12-01T10:00")) == 120


def test_an_office_nobody_knows_has_the_usual_hours(region):
    assert region.value("SELECT business_time_after('essen', 'nowhere', %s, 60)", moment("2026-11-27T16:30")) == moment("2026-11-30T09:30")


def test_an_office_closed_for_years_keeps_nobody_waiting_for_years(offices):
    office = offices(USUAL, [(f"{year}-01-01", f"{year}-12-31") for year in range(2027, 2032)])
    start = moment("2026-12-31T16:00")
    end = office.after(start, 120)
    assert start + 400 * DAY < end < start + 404 * DAY
    assert office.between(start, end) == 120
    back = offices(USUAL, [(f"{year}-01-01", f"{year}-12-31") for year in range(2022, 2027)])
    assert back.after(moment("2027-01-04T10:00"), -61) > moment("2027-01-04T10:00") - 404 * DAY


def test_the_clock_always_answers(offices, region):
    office = offices(week(mon=hours("09:00-09:15")))
    for minutes in (300000, 600000, 2**31 - 1, -600000, -2**31):
        begun = processor_seconds(region.god.info.backend_pid)
        end = office.after(moment("2026-11-27T16:00"), minutes)
        assert abs(end - moment("2026-11-27T16:00")) < 3650 * DAY + 401 * DAY
        assert abs(office.between(moment("2026-11-27T16:00"), end)) == min(abs(minutes), 600000)
        assert processor_seconds(region.god.info.backend_pid) - begun < 5
    assert office.between(moment("1970-01-01T00:00"), moment("2500-01-01T00:00")) > 0
    with region.god.transaction(force_rollback=True):  # every day a holiday
        region.god.execute("TRUNCATE holiday")
        region.god.execute("INSERT INTO holiday (code, position, month, day, name_en, name_de, legal_basis, source)"
                           " SELECT 'day-' || n, n, extract(month FROM d), extract(day FROM d), 'x', 'x', 'x', 'x'"
                           "   FROM generate_series('2024-01-01'::date, '2024-12-31', '1 day') WITH ORDINALITY AS g(d, n)")
        assert office.after(moment("2026-11-27T16:00"), 60) > moment("2036-11-01T00:00")
        assert office.between(moment("2026-11-27T16:00"), moment("2030-11-27T16:00")) == 0


TICKS = st.lists(st.integers(0, 95), min_size=0, max_size=4, unique=True).map(sorted)


@st.composite
def weeks(draw):
    """Any week with an hour a day on most days; days may run into each other."""
    times = []
    for _ in range(7):
        ticks = draw(TICKS)
        clock = [f"{tick // 4:02}:{tick % 4 * 15:02}" for tick in ticks[:len(ticks) // 2 * 2]]
        slots = ["-".join(pair) for pair in zip(clock[::2], clock[1::2])]
        if slots and draw(st.booleans()):
            slots.append(f"{clock[-1]}-{draw(st.integers(0, 12)):02}:30")
        times.append(ALL_DAY if draw(st.integers(0, 6)) == 0 else hours(*slots))
    times[draw(st.integers(0, 4))] = hours("08:00-16:00")
    return times


# Around Easter, both changes of the clock, Christmas and New Year, a leap day; and any time.
STARTS = st.one_of(
    st.sampled_from(["2027-03-20", "2026-10-20", "2026-12-20", "2028-02-25", "2027-10-28", "2027-05-03"]).map(moment),
    st.datetimes(datetime.datetime(2024, 1, 1), datetime.datetime(2039, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC)))
CLOSURES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=3, unique_by=lambda one: one[0])


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(times=weeks(), start=STARTS, seconds=st.integers(0, 20 * 86400), closed=CLOSURES, minutes=st.integers(1, 6000), back=st.booleans())
def test_any_office_is_counted_as_by_hand(offices, times, start, seconds, closed, minutes, back):
    start += datetime.timedelta(seconds=seconds)
    closures = [(str(start.date() + first * DAY), str(start.date() + (first + length) * DAY)) for first, length in closed]
    office = offices(times, closures)
    minutes = -minutes if back else minutes
    end = office.after(start, minutes)
    assert end == office.reached(start, minutes)
    assert office.between(start, end) == minutes and office.between(end, start) == -minutes
    for other in (end + 1234567 * MINUTE / 1000, end - 98765 * MINUTE / 1000, start + 37 * DAY):
        passed = office.counted(min(start, other), max(start, other))
        assert office.between(start, other) == passed * (1 if other >= start else -1)


def test_the_clock_costs_next_to_nothing_when_a_request_is_made(offices, region):
    office = offices(working_days("08:00-12:30", "13:00-16:00"))

    def milliseconds(minutes):
        region.all("SELECT business_time_after('essen', %s, now(), %s)", office.slug, minutes)
        begun = time.monotonic()
        region.all("SELECT business_time_after('essen', %s, now() + n * interval '1 hour', %s) FROM generate_series(1, 200) AS n", office.slug, minutes)
        return (time.monotonic() - begun) * 1000 / 200
    costs = {minutes: min(milliseconds(minutes) for _ in range(10)) for minutes in (60 * 16, 60 * 80)}
    assert max(costs.values()) < 5, costs  # about a third of one where nothing else runs


# who stands in for whom ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(region):
    """Five advisors, nobody away."""
    people = [region.worker.one("SELECT grant_role(%s, 'advisor', 'essen') AS id", region.address("advisor"))["id"] for _ in range(5)]
    yield people
    region.god.execute("DELETE FROM staff_absence")


def away(world, account, deputy=None, first="2026-12-21", last="2027-01-08"):
    """A row of any day and deputy, past its guard: what was right once stays when the deputy goes away, too."""
    with world.god.transaction():
        world.god.execute("SET LOCAL session_replication_role = replica")
        world.god.execute("INSERT INTO staff_absence (account, first_on, last_on, deputy) VALUES (%s, %s, %s, %s)", (account, first, last, deputy))


def deputy(world, account, day="2026-12-24"):
    return world.value("SELECT deputy_of(%s, %s)", account, day)


def test_away_on_the_first_and_the_last_day_and_not_around(region, staff):
    away(region, staff[0])
    days = ("2026-12-20", "2026-12-21", "2027-01-08", "2027-01-09")
    assert [region.value("SELECT is_away(%s, %s)", staff[0], day) for day in days] == [False, True, True, False]
    assert not region.value("SELECT is_away(%s, '2026-12-24')", uuid.uuid4())


def test_a_deputy_who_is_away_too_has_one(region, staff):
    a, b, c, d, _ = staff
    assert deputy(region, a) is None
    away(region, a, b)
    assert deputy(region, a) == b and deputy(region, a, "2027-01-09") is None
    away(region, b, c)
    assert deputy(region, a) == c
    away(region, c)
    assert deputy(region, a) is None
    away(region, c, d, first="2026-12-23", last="2026-12-24")
    assert deputy(region, a) == d and deputy(region, a, "2026-12-25") is None


def test_deputies_in_a_circle_are_nobody(region, staff):
    for one, other in zip(staff, staff[1:] + staff[:1]):
        away(region, one, other)
    assert deputy(region, staff[0]) is None


def test_the_day_is_the_one_of_the_region(region, staff):
    away(region, staff[0], staff[1], first="1970-01-01", last="1970-01-02")
    assert not region.value("SELECT is_away(%s)", staff[0]) and region.value("SELECT deputy_of(%s)", staff[0]) is None
    region.god.execute("UPDATE staff_absence SET first_on = today(), last_on = today() WHERE account = %s", (staff[0],))
    assert region.value("SELECT is_away(%s)", staff[0]) and region.value("SELECT deputy_of(%s)", staff[0]) == staff[1]
