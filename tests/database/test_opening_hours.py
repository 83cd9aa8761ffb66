# SPDX-License-Identifier: EUPL-1.2
"""When a place is open: told case by case, and compared with looking at the clock every minute."""
import datetime
import json
import random
import zoneinfo

import pytest

from world import Refused, problems

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
DAY = datetime.timedelta(days=1)
CLOSED, ALL_DAY, VISITS = {}, {"all_day": True}, {"appointment_only": True}


def hours(*times):
    """A day open at "09:00-12:30", ..."""
    return {"slots": [dict(zip(("opens", "closes"), each.split("-"))) for each in times]}


def week(**days):
    """Seven days, Monday first, closed unless said."""
    return [days.get(name, CLOSED) for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]


def moment(wall, fold=0):
    return None if wall is None else datetime.datetime.fromisoformat(wall).replace(tzinfo=BERLIN, fold=fold).astimezone(datetime.timezone.utc)


def ask(world, at, opening_hours, holidays=(), **place):
    with problems():
        place["opening_hours"] = opening_hours and world.value("SELECT opening_hours_of(%s)", json.dumps(opening_hours))
        if opening_hours:
            world.god.execute("SELECT refuse_bad_hours(%s)", (json.dumps(opening_hours),))
        return world.all("SELECT o.*, open_at(p, %s, %s) AS filter FROM jsonb_populate_record(NULL::place, %s) p, opening_at(p, %s, %s) o",
                         at, list(holidays), json.dumps({"open_on_holidays": False, "temporarily_closed": False} | place), at, list(holidays))[0]


OFFICE = week(mon=hours("08:00-12:30", "14:00-16:00"), thu=hours("08:00-18:00"), fri=VISITS)
BAR = week(thu=hours("20:00-02:00"), fri=hours("20:00-00:00"), sun=hours("18:00-03:00"))
HOLIDAY = (datetime.date(2026, 12, 25), datetime.date(2026, 12, 26), datetime.date(2027, 1, 1))
FRIDAYS = week(fri=hours("09:00-12:00"))
CASES = {  # hours, the moment, whether open, state, next opening, closing; 2026-11-23 is a Monday
    "before it opens": (OFFICE, "2026-11-23T07:59", False, "closed", "2026-11-23T08:00", None),
    "at the minute it opens": (OFFICE, "2026-11-23T08:00", True, "open", None, "2026-11-23T12:30"),
    "at the minute it closes": (OFFICE, "2026-11-23T12:30", False, "closed", "2026-11-23T14:00", None),
    "in the afternoon": (OFFICE, "2026-11-23T15:59:59", True, "open", None, "2026-11-23T16:00"),
    "on a day without hours": (OFFICE, "2026-11-24T10:00", False, "closed", "2026-11-26T08:00", None),
    "on a day of visits by appointment": (OFFICE, "2026-11-27T10:00", None, "by_appointment", "2026-11-30T08:00", None),
    "in the night of that day": (OFFICE, "2026-11-27T23:00", None, "by_appointment", "2026-11-30T08:00", None),
    "on the day after it": (OFFICE, "2026-11-28T10:00", False, "closed", "2026-11-30T08:00", None),
    "after midnight": (BAR, "2026-11-27T01:59", True, "open", None, "2026-11-27T02:00"),
    "after midnight, too late": (BAR, "2026-11-27T02:00", False, "closed", "2026-11-27T20:00", None),
    "until midnight": (BAR, "2026-11-27T23:59", True, "open", None, "2026-11-28T00:00"),
    "from Sunday into Monday": (BAR, "2026-11-30T02:30", True, "open", None, "2026-11-30T03:00"),
    "across days without a pause": (week(mon=ALL_DAY, tue=hours("00:00-06:00")), "2026-11-23T12:00", True, "open", None, "2026-11-24T06:00"),
    "always": ([ALL_DAY] * 7, "2026-11-23T12:00", True, "open", None, None),
    "never": ([CLOSED] * 7, "2026-11-23T12:00", False, "closed", None, None),
    "nobody knows": (None, "2026-11-23T12:00", None, "unknown", None, None),
    # on 2027-03-28 it is 03:00 right after 02:00, on 2026-10-25 02:00 comes twice
    "before the hour that is left out": (week(sat=hours("20:00-02:30")), "2027-03-28T01:59", True, "open", None, "2027-03-28T03:30"),
    "a day one hour short": (week(sun=ALL_DAY), "2027-03-28T00:00", True, "open", None, "2027-03-29T00:00"),
    "only in the hour that is left out": (week(sun=hours("02:30-03:00", "10:00-11:00")), "2027-03-28T01:00", False, "closed", "2027-03-28T10:00", None),
    "the morning after": (week(sun=hours("10:00-12:00")), "2027-03-28T09:59", False, "closed", "2027-03-28T10:00", None),
    "a day one hour longer": (week(sun=ALL_DAY), "2026-10-25T23:59", True, "open", None, "2026-10-26T00:00"),
    "until the hour that comes twice": (week(sat=hours("20:00-02:30")), "2026-10-25T02:29", True, "open", None, "2026-10-25T02:30"),
    # holidays
    "on Christmas Day": (FRIDAYS, "2026-12-25T10:00", False, "closed", "2027-01-08T09:00", None),
    "by appointment, on Christmas Day": (week(fri=VISITS), "2026-12-25T10:00", None, "by_appointment", None, None),
    "on Christmas Day, after midnight of the day before": (BAR, "2026-12-25T01:00", True, "open", None, "2026-12-25T02:00"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_place_is_open_when_its_hours_say_so(world, case):
    times, at, open_now, state, opens, closes = CASES[case]
    found = ask(world, moment(at), times, HOLIDAY)
    assert (found["open_now"], found["state"], found["opens_at"], found["closes_at"]) == (open_now, state, moment(opens), moment(closes))
    assert found["filter"] == found["open_now"]


def test_the_hour_that_comes_twice_lasts_two_hours(world):
    times = week(sun=hours("02:00-03:00"))
    first, second = moment("2026-10-25T02:30"), moment("2026-10-25T02:30", fold=1)
    assert first != second
    for at in (first, second):
        assert ask(world, at, times)["closes_at"] == moment("2026-10-25T03:00")
    assert ask(world, moment("2026-10-25T01:00"), times)["opens_at"] == moment("2026-10-25T02:00")


def test_a_place_may_open_on_holidays(world):
    found = ask(world, moment("2026-12-25T10:00"), FRIDAYS, HOLIDAY, open_on_holidays=True)
    assert found["open_now"] and found["closes_at"] == moment("2026-12-25T12:00")


def test_a_temporarily_closed_place_is_closed_whatever_its_hours(world):
    for times in (None, [ALL_DAY] * 7, [VISITS] * 7):
        found = ask(world, moment("2026-11-23T12:00"), times, temporarily_closed=True)
        assert (found["open_now"], found["state"], found["opens_at"], found["filter"]) == (False, "temporarily_closed", None, False)


def test_without_hours_an_appointment_that_is_required_is_told(world):
    assert ask(world, moment("2026-11-23T12:00"), None, appointment="required")["state"] == "by_appointment"
    assert ask(world, moment("2026-11-23T12:00"), None, appointment="recommended")["state"] == "unknown"
    assert ask(world, moment("2026-11-23T09:00"), OFFICE, appointment="required")["state"] == "open"


def open_by_the_clock(times, at):
    """As somebody would find out who looks at the clock and at the sign on the door, today's and yesterday's."""
    today = at.astimezone(BERLIN).replace(tzinfo=None)
    for date in (today.date(), today.date() - DAY):
        sign = times[date.weekday()]
        for slot in [{"opens": "00:00", "closes": "00:00"}] if sign.get("all_day") else sign.get("slots", []):
            opens, closes = (datetime.datetime.combine(date, datetime.time.fromisoformat(slot[end])) for end in ("opens", "closes"))
            if opens <= today < closes + (DAY if closes <= opens else 0 * DAY):
                return True
    return False


def test_looking_at_the_clock_every_quarter_of_an_hour_finds_the_same(world):
    dice = random.Random(5)
    checked = 0
    while checked < 40:
        times = []
        for _ in range(7):
            ticks = sorted(dice.sample(range(96), 2 * dice.randint(0, 2)))
            clock = [f"{tick // 4:02}:{tick % 4 * 15:02}" for tick in ticks]
            times.append(ALL_DAY if dice.random() < .2 else hours(*map("-".join, zip(clock[::2], clock[1::2]))))
        night = dice.randrange(7)
        if times[night].get("slots"):
            times[night]["slots"][-1]["closes"] = "00:30"
        start = moment("2026-11-02T00:00") + DAY * dice.randrange(60)
        try:
            ask(world, start, times)
        except Refused:
            continue
        checked += 1
        moments = [start + datetime.timedelta(minutes=15 * tick) for tick in range(0, 96 * 8)]
        truth = [open_by_the_clock(times, at) for at in moments]
        for tick in dice.sample(range(96), 6):
            found = ask(world, moments[tick], times)
            assert found["open_now"] == truth[tick] == found["filter"]
            change = next((at for at, is_open in zip(moments[tick:], truth[tick:]) if is_open != truth[tick]), None)
            if change:
                assert found["closes_at" if truth[tick] else "opens_at"] == change


@pytest.mark.parametrize("times, faults", [
    (week(tue={"closed": True, "all_day": True}), {("/1", "contradictory_hours")}),
    (week(tue={"closed": True} | hours("09:00-10:00")), {("/1", "contradictory_hours")}),
    (week(wed={"all_day": True} | hours("09:00-10:00")), {("/2", "contradictory_hours")}),
    (week(mon=hours("09:00-12:00", "11:59-13:00")), {("/0/slots/1", "overlapping_hours")}),
    (week(mon=hours("14:00-16:00", "09:00-12:00")), {("/0/slots/1", "overlapping_hours")}),
    (week(mon=hours("22:00-02:00"), tue=hours("01:00-03:00")), {("/1/slots/0", "overlapping_hours")}),
    (week(mon=hours("22:00-02:00"), tue=ALL_DAY), {("/1", "overlapping_hours")}),
    (week(sun=hours("22:00-02:00"), mon=hours("01:30-03:00")), {("/0/slots/0", "overlapping_hours")}),
    (week(mon=hours("22:00-02:00", "03:00-04:00"), fri={"closed": True, "appointment_only": True}),
     {("/0/slots/1", "overlapping_hours"), ("/4", "contradictory_hours")}),
])
def test_hours_that_contradict_themselves_are_refused(world, times, faults):
    with pytest.raises(Refused) as refused:
        ask(world, moment("2026-11-23T12:00"), times)
    assert {(fault["pointer"].removeprefix("/opening_hours"), fault["code"]) for fault in refused.value.faults} == faults


def test_hours_are_stored_whole(world):
    stored = world.value("SELECT opening_hours_of(%s)", json.dumps(week(mon=hours("09:00-12:00"), tue=VISITS | hours("10:00-11:00"), wed=ALL_DAY)))
    assert [set(day) for day in stored] == [{"closed", "all_day", "appointment_only", "slots"}] * 7
    assert [day["closed"] for day in stored] == [False] * 3 + [True] * 4
    assert stored[1]["slots"] == [{"opens": "10:00", "closes": "11:00"}] and stored[1]["appointment_only"]
