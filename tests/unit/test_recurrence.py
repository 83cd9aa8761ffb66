# SPDX-License-Identifier: EUPL-1.2
"""Rules expanded exactly as dateutil expands them: a table of what events do, and rules nobody would think of."""
import datetime
import json
import os
import pathlib
import subprocess

import hypothesis
import pytest
from dateutil.rrule import rrulestr
from hypothesis import strategies

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
FORM = "%Y-%m-%dT%H:%M"


class Program:
    """test_recurrence.c, which answers line by line."""

    def __init__(self):
        path = pathlib.Path(os.environ["WELCOMED"]).parent / "tests" / "test_recurrence"
        self.process = subprocess.Popen([path, "expand"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, first="2000-01-01", last="2030-12-31", **event):
        self.process.stdin.write(json.dumps({"event": event, "first": first, "last": last}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def starts(self, rule, starts, **options):
        told = self.ask(starts=starts, ends=starts, rrule=rule, **options)
        assert "starts" in told, (rule, starts, told)
        return told["starts"]


@pytest.fixture(scope="module")
def program():
    program = Program()
    yield program
    program.process.stdin.close()
    assert program.process.wait(30) == 0


def wanted(rule, starts, last):
    """The local starts by dateutil up to the end of that day."""
    first, end = datetime.datetime.fromisoformat(starts), datetime.datetime.fromisoformat(last) + datetime.timedelta(days=1)
    parts = dict(part.split("=") for part in rule.split(";"))
    count = int(parts.pop("COUNT", 1_000_000))  # dateutil would look for the last one until the year 9999
    plain = ";".join(f"{name}={value}" for name, value in parts.items())
    kept = [at for at in rrulestr(f"{plain};UNTIL={end:%Y%m%dT%H%M%S}", dtstart=first) if at < end][:count]
    return [at.strftime(FORM) for at in kept]


TABLE = [
    ("FREQ=WEEKLY;BYDAY=WE", "2026-11-04T18:00"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "2026-11-03T09:00"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "2026-11-03T09:00"),
    ("FREQ=MONTHLY;BYDAY=2TU", "2026-10-13T10:00"),
    ("FREQ=MONTHLY;BYDAY=-1FR", "2027-01-29T10:00"),
    ("FREQ=MONTHLY;BYMONTHDAY=31", "2027-01-31T10:00"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "2027-01-31T10:00"),
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-11-13T13:13"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2027-01-29T10:00"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=3,-2", "2027-01-05T10:00"),
    ("FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10,11,12", "2026-09-10T09:00"),
    ("FREQ=YEARLY", "2024-02-29T10:00"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2024-02-29T10:00"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "2024-02-29T10:00"),
    ("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "2024-11-05T09:00"),
    ("FREQ=YEARLY;BYYEARDAY=1,100,-1", "2027-01-01T09:00"),
    ("FREQ=YEARLY;BYYEARDAY=366", "2024-12-31T09:00"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "2027-05-17T09:00"),
    ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR", "2027-01-01T09:00"),
    ("FREQ=YEARLY;BYWEEKNO=1,-1;BYDAY=TH,SU", "2026-01-01T09:00"),
    ("FREQ=YEARLY;BYDAY=20MO", "2027-05-17T09:00"),
    ("FREQ=YEARLY;BYDAY=1SU,-1SU;BYMONTH=3,10", "2027-03-07T02:30"),
    ("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=100,-100", "2027-04-10T09:00"),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", "2027-01-01T09:00"),
    ("FREQ=DAILY;BYMONTH=1;BYDAY=MO,WE", "2027-01-04T09:00"),
    ("FREQ=DAILY;BYHOUR=10,14;BYMINUTE=0,30", "2027-01-01T10:00"),
    ("FREQ=DAILY;BYHOUR=10,14,16;BYSETPOS=-1", "2027-01-01T16:00"),
    ("FREQ=DAILY;COUNT=1", "2027-01-01T09:00"),
]


@pytest.mark.parametrize("rule, starts", TABLE)
def test_what_events_do_is_expanded_as_dateutil_does(program, rule, starts):
    told = program.starts(rule, starts)
    assert told == wanted(rule, starts, "2030-12-31") and told


def test_an_end_by_until_is_a_moment(program):
    """UNTIL is in UTC while the beginnings follow the clocks: an hour earlier in summer, and each of an hour that comes twice the first."""
    for until, count in (("20270331T160000Z", 90), ("20270331T155959Z", 89), ("20270327T170000Z", 86), ("20270327T165959Z", 85)):
        assert len(program.starts(f"FREQ=DAILY;UNTIL={until}", "2027-01-01T18:00")) == count, until
    night = "FREQ=DAILY;UNTIL=20271031T"
    assert program.starts(night + "003000Z", "2027-10-30T02:30") == ["2027-10-30T02:30", "2027-10-31T02:30"]
    assert program.starts(night + "002959Z", "2027-10-30T02:30") == ["2027-10-30T02:30"]
    for until, last in (("20270328T012959Z", "2027-03-27T02:30"), ("20270328T013000Z", "2027-03-28T02:30")):
        assert program.starts(f"FREQ=DAILY;UNTIL={until}", "2027-03-26T02:30")[-1] == last
    days = program.ask(starts="2027-01-01T00:00", ends="2027-01-02T00:00", all_day=True, rrule="FREQ=DAILY;UNTIL=20270103")
    assert days["starts"] == ["2027-01-01T00:00", "2027-01-02T00:00", "2027-01-03T00:00"]


def test_weeks_are_those_of_the_iso(program):
    """Where dateutil errs: days of a week that belongs to the year before or after."""
    def weeks(number):
        first = datetime.datetime(2004, 1, 1)
        days = (first + datetime.timedelta(days=n) for n in range(27 * 366))
        return [day.strftime(FORM) for day in days if day.isocalendar()[1] == number and day < datetime.datetime(2031, 1, 1)]
    every = ",".join(DAYS)
    for number in (1, 52, 53):
        expected = weeks(number)
        assert program.starts(f"FREQ=YEARLY;BYWEEKNO={number};BYDAY={every}", expected[0]) == expected


def test_what_is_left_out_is_gone_and_still_counts(program):
    told = program.ask(starts="2027-01-01T18:00", ends="2027-01-01T20:00", rrule="FREQ=WEEKLY;COUNT=4", exdates=["2027-01-08T18:00", "2027-01-01T18:00"])
    assert told == {"starts": ["2027-01-15T18:00", "2027-01-22T18:00"], "ended": True}


def test_a_window_shows_its_part_and_says_whether_more_will_come(program):
    weekly = {"starts": "2020-01-01T18:00", "ends": "2020-01-01T20:00"}
    told = program.ask("2027-01-04", "2027-01-13", rrule="FREQ=WEEKLY", **weekly)
    assert told == {"starts": ["2027-01-06T18:00", "2027-01-13T18:00"], "ended": False}
    assert program.ask("2027-01-04", "2027-01-13", rrule="FREQ=WEEKLY;COUNT=3", **weekly) == {"starts": [], "ended": True}
    assert not program.ask("2019-01-01", "2020-01-02", rrule="FREQ=WEEKLY;COUNT=3", **weekly)["ended"]
    far = program.ask("2019-01-01", "2020-01-02", rrule="FREQ=WEEKLY;COUNT=3", exdates=["2020-01-15T18:00"], **weekly)
    assert far == {"starts": ["2020-01-01T18:00"], "ended": False}, "what is beyond the window is not forgotten"
    assert program.ask("2027-01-04", "2027-01-13", **weekly) == {"starts": ["2020-01-01T18:00"], "ended": True}, "once is kept for ever"


def some(values, most=3):
    return strategies.lists(strategies.sampled_from(values), min_size=1, max_size=most, unique=True)


def numbers(largest, most=3):
    return some([n for n in range(-largest, largest + 1) if n], most)


@strategies.composite
def rules(draw):
    """(rule, a day to begin at), of what programs read alike. dateutil takes BYDAY=MO,1TU for both at once, of a first week for
    BYSETPOS only what is left of it, and the first days of 2022 for week 53 of 2021, which had 52."""
    frequency = draw(strategies.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts, maybe = {}, lambda: draw(strategies.integers(0, 2)) == 0
    if maybe():
        parts["INTERVAL"] = [draw(strategies.integers(1, 8))]
    if maybe():
        parts["BYMONTH"] = draw(some(range(1, 13), 4))
    if frequency != "WEEKLY" and maybe():
        parts["BYMONTHDAY"] = draw(numbers(31, 4))
    if frequency == "YEARLY" and maybe():
        parts["BYYEARDAY"] = draw(numbers(366))
    if frequency == "YEARLY" and maybe():
        parts["BYWEEKNO"] = draw(some([*range(-51, -1), *range(2, 52)]))
    if maybe() or "BYWEEKNO" in parts:
        days, numbered = draw(some(DAYS, 4)), frequency in ("MONTHLY", "YEARLY") and "BYWEEKNO" not in parts and maybe()
        most = 5 if frequency == "MONTHLY" or "BYMONTH" in parts else 53
        parts["BYDAY"] = [f"{draw(numbers(most, 1))[0]}{day}" for day in days] if numbered else days
    if maybe():
        parts["BYHOUR"] = sorted(draw(some(range(24), 2)))
    if maybe():
        parts["BYMINUTE"] = sorted(draw(some(range(60), 2)))
    if frequency != "WEEKLY" and any(name.startswith("BY") for name in parts) and maybe():
        parts["BYSETPOS"] = draw(numbers(4, 2))
    if maybe():
        parts["WKST"] = [draw(strategies.sampled_from(DAYS))]
    if maybe():
        parts["COUNT"] = [draw(strategies.integers(1, 40))]
    day = draw(strategies.datetimes(datetime.datetime(2019, 1, 1), datetime.datetime(2029, 1, 1))).replace(second=0, microsecond=0)
    return ";".join([f"FREQ={frequency}", *(f"{name}={','.join(map(str, values))}" for name, values in parts.items())]), day


@hypothesis.settings(max_examples=600, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(rules())
def test_rules_nobody_thinks_of_are_expanded_as_dateutil_does(program, made):
    rule, day = made
    last = (day + datetime.timedelta(days=4 * 366)).date().isoformat()
    plain = ";".join(part for part in rule.split(";") if not part.startswith("COUNT"))
    told = program.ask(starts=day.strftime(FORM), ends=day.strftime(FORM), rrule=plain)
    if "starts" in told:
        starts = day.strftime(FORM)
    else:  # dateutil would look for a rule that never happens until the year 9999
        hypothesis.assume(told["faults"][0][1] == "not_by_rule" and told["faults"][0][2] < last)
        starts = told["faults"][0][2]
    try:
        first = next(iter(rrulestr(plain, dtstart=day)))
        expected = wanted(rule, starts, last)
    except IndexError:  # dateutil falls over some numbers of weekdays
        hypothesis.reject()
    assert first.strftime(FORM) == starts, (rule, day)
    assert program.starts(rule, starts, last=last) == expected, (rule, starts)


TEXTS = strategies.text(strategies.characters(min_codepoint=1, blacklist_categories=("Cs",)), max_size=20)


@hypothesis.settings(max_examples=300, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(strategies.text(alphabet="FREQ=DAILYWKMONTHS;,BY-+0123456789UZ", max_size=80) | rules().map(lambda made: made[0][::-1]),
                  TEXTS, TEXTS)
def test_whatever_comes_in_is_answered(program, rule, starts, ends):
    for event in ({"starts": starts, "ends": ends, "rrule": rule}, {"starts": "2027-01-01T18:00", "ends": "2027-01-01T18:00", "rrule": rule}):
        told = program.ask(**event)
        assert told.get("starts") or told["faults"]
