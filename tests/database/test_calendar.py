# SPDX-License-Identifier: EUPL-1.2
"""Holidays, working days and the ends of periods, against lists from elsewhere and against counting day by day."""
import datetime

import psycopg
import pytest
from dateutil.easter import easter

# Public holidays in North Rhine-Westphalia as calendars print them.
NRW = {
    2024: "01-01 03-29 04-01 05-01 05-09 05-20 05-30 10-03 11-01 12-25 12-26",
    2025: "01-01 04-18 04-21 05-01 05-29 06-09 06-19 10-03 11-01 12-25 12-26",
    2026: "01-01 04-03 04-06 05-01 05-14 05-25 06-04 10-03 11-01 12-25 12-26",
    2027: "01-01 03-26 03-29 05-01 05-06 05-17 05-27 10-03 11-01 12-25 12-26",
    2028: "01-01 04-14 04-17 05-01 05-25 06-05 06-15 10-03 11-01 12-25 12-26",
    2038: "01-01 04-23 04-26 05-01 06-03 06-14 06-24 10-03 11-01 12-25 12-26",
}


def day(text):
    return datetime.date.fromisoformat(text)


def test_easter_is_when_others_have_it(world):
    years = world.all("SELECT year, easter_sunday(year) AS day FROM generate_series(1900, 2299) AS year")
    assert [row["day"] for row in years] == [easter(year) for year in range(1900, 2300)]


@pytest.mark.parametrize("year", NRW)
def test_holidays_are_those_calendars_print(region, year):
    found = region.all("SELECT d::date AS day FROM generate_series(%s::date, %s::date, '1 day') AS d WHERE is_holiday(d::date)",
                       f"{year}-01-01", f"{year}-12-31")
    assert " ".join(f"{row['day']:%m-%d}" for row in found) == NRW[year]


def test_a_holiday_is_one_only_in_its_years(region):
    assert not region.value("SELECT is_holiday('1989-10-03')") and region.value("SELECT is_holiday('1990-10-03')")
    with region.god.transaction(force_rollback=True):
        region.god.execute("INSERT INTO holiday (code, position, month, day, first_year, last_year, name_en, name_de, legal_basis, source)"
                           " VALUES ('once', 1, 10, 31, 2017, 2017, 'Once', 'Einmal', 'law', 'https://example.org')")
        assert [region.value("SELECT is_holiday(make_date(%s, 10, 31))", year) for year in (2016, 2017, 2018)] == [False, True, False]


@pytest.mark.parametrize("month, on, offset", [(2, 30, None), (13, 1, None), (1, None, None), (None, None, None), (1, 1, 1), (None, None, 999)])
def test_a_holiday_that_no_calendar_has_is_refused(region, month, on, offset):
    with pytest.raises(psycopg.Error), region.god.transaction():
        region.god.execute("INSERT INTO holiday (code, position, month, day, easter_offset, name_en, name_de, legal_basis, source)"
                           " VALUES ('odd', 1, %s, %s, %s, 'Odd', 'Seltsam', 'law', 'https://example.org')", (month, on, offset))


def test_working_days_are_those_counted_one_by_one(region):
    holidays = {day(f"{year}-{one}") for year, list_ in NRW.items() for one in list_.split()}

    def works(one):
        return one.isoweekday() < 6 and one not in holidays
    for row in region.all("SELECT d::date AS day, is_working_day(d::date) AS works, working_day_on_or_after(d::date) AS next,"
                          " add_working_days(d::date, 3) AS later, add_working_days(d::date, -3) AS earlier, add_working_days(d::date, 0) AS same"
                          " FROM generate_series('2024-02-01'::date, '2028-11-30', '1 day') AS d"):
        assert row["works"] == works(row["day"]) and row["same"] == row["day"]
        ahead = [row["day"] + datetime.timedelta(n) for n in range(30)]
        behind = [row["day"] - datetime.timedelta(n) for n in range(30)]
        assert row["next"] == next(filter(works, ahead))
        assert row["later"] == list(filter(works, ahead[1:]))[2] and row["earlier"] == list(filter(works, behind[1:]))[2]


def test_a_leap_day_is_a_holiday_in_leap_years_only(region):
    with region.god.transaction(force_rollback=True):
        region.god.execute("INSERT INTO holiday (code, position, month, day, name_en, name_de, legal_basis, source)"
                           " VALUES ('leap', 1, 2, 29, 'Leap', 'Schalttag', 'law', 'https://example.org')")
        found = region.value("SELECT holidays_between('2027-02-20', '2028-03-01')")
        assert day("2028-02-29") in found and day("2027-03-01") not in found


def test_without_a_working_day_there_is_no_answer_and_no_end_of_looking(region):
    with region.god.transaction(force_rollback=True):
        region.god.execute("INSERT INTO holiday (code, position, month, day, name_en, name_de, legal_basis, source)"
                           " SELECT 'day-' || n, n, extract(month FROM d), extract(day FROM d), 'x', 'x', 'x', 'x'"
                           "   FROM generate_series('2024-01-01'::date, '2024-12-31', '1 day') WITH ORDINALITY AS g(d, n)")
        assert region.value("SELECT working_day_on_or_after('2027-01-04')") is None
        assert region.value("SELECT add_working_days('2027-01-04', 2)") is None


@pytest.mark.parametrize("given, amount, unit, counted, last_day, ends", [
    # BGB § 187(1): the day itself does not count; § 188(2): weeks end on the day of the same name
    ("2027-01-15", 2, "weeks", "after-arrival", "stays", "2027-01-29"),
    ("2027-01-15", 14, "days", "after-arrival", "stays", "2027-01-29"),
    ("2027-01-15", 0, "days", "after-arrival", "stays", "2027-01-15"),
    ("2026-12-24", 2, "weeks", "after-arrival", "stays", "2027-01-07"),
    ("2027-01-01", 1, "days", "before-arrival", "stays", "2026-12-31"),
    # § 188(3): a month that lacks the day ends the period on its last
    ("2027-01-31", 1, "months", "after-arrival", "stays", "2027-02-28"),
    ("2028-01-31", 1, "months", "after-arrival", "stays", "2028-02-29"),
    ("2027-08-31", 6, "months", "after-arrival", "stays", "2028-02-29"),
    ("2028-02-29", 12, "months", "after-arrival", "stays", "2029-02-28"),
    ("2027-05-31", 3, "months", "before-arrival", "stays", "2027-02-28"),
    ("2027-02-28", 1, "months", "after-arrival", "stays", "2027-03-28"),
    # § 193: off Saturdays, Sundays and holidays
    ("2027-01-15", 90, "days", "after-arrival", "moves", "2027-04-15"),
    ("2027-01-17", 90, "days", "after-arrival", "moves", "2027-04-19"),  # 17 April is a Saturday
    ("2026-12-26", 90, "days", "after-arrival", "moves", "2027-03-30"),  # Good Friday, and Easter behind it
    ("2026-12-26", 90, "days", "after-arrival", "stays", "2027-03-26"),
    ("2027-10-02", 3, "months", "after-arrival", "moves", "2028-01-03"),  # 2 January is a Sunday
    ("2027-12-11", 2, "weeks", "after-arrival", "moves", "2027-12-27"),  # both days of Christmas on a weekend
    ("2028-12-11", 2, "weeks", "after-arrival", "moves", "2028-12-27"),  # and on a Monday and a Tuesday
    ("2027-05-04", 2, "working-days", "after-arrival", "stays", "2027-05-07"),  # Ascension Day between
    ("2027-05-10", 5, "working-days", "before-arrival", "stays", "2027-04-30"),
    ("2027-12-31", 1, "working-days", "after-arrival", "stays", "2028-01-03"),
])
def test_a_period_ends_when_the_law_says(region, given, amount, unit, counted, last_day, ends):
    assert region.value("SELECT last_day_of_period(%s, %s, %s, %s, %s)", day(given), amount, unit, counted, last_day) == day(ends)


def test_without_a_start_or_a_period_there_is_no_end(region):
    assert region.value("SELECT last_day_of_period(NULL, 2, 'weeks', 'after-arrival', 'stays')") is None
    assert region.value("SELECT last_day_of_period('2027-01-15', NULL, NULL, NULL, NULL)") is None
