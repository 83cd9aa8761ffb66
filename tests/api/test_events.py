# SPDX-License-Identifier: EUPL-1.2
# Events: written by editors, read one by one, in lists, by years, and by the calendars of phones.
import datetime
import uuid
import zoneinfo

import icalendar
import pytest
from dateutil.rrule import rruleset, rrulestr

from support import Desk, answer, at_once, content_key, eventually, faults, imported, problem

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
TODAY = datetime.datetime.now(BERLIN).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)


def wall(at):
    return at.strftime("%Y-%m-%dT%H:%M")


def utc(at):
    return at.replace(tzinfo=BERLIN).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class EventDesk(Desk):
    def form(self, starts=None, lasts=2 * HOUR, **changes):
        starts = starts or TODAY + 3 * DAY + 18 * HOUR
        return {"key": content_key(), "city": self.city, "starts": wall(starts), "ends": wall(starts + lasts)} | changes

    def event(self, *arguments, publish=("de",), **changes):
        """The id of an event with published texts."""
        event = self.made(self.author.post("/v1/events", self.form(*arguments, **changes)))
        for language in publish:
            self.publish(event, language)
        return event

    def change(self, event, body, etag=None):
        etag = etag or self.author.get(f"/v1/contents/{event}").headers["ETag"]
        return self.author.patch(f"/v1/events/{event}", body, headers={"If-Match": etag})

    def read(self, event, language="de"):
        return answer(self.http.get(f"/v1/events/{event}?city={self.city}&lang={language}"))

    def times(self, event, query=""):
        """The local beginnings in the list, all its pages."""
        path, found = f"/v1/events?city={self.city}&limit=100&{query}", []
        while path:
            page = self.http.get(path)
            found += [item["starts"] for item in answer(page)["items"] if item["id"] == event]
            path = page.links["next"]["url"] if answer(page)["next"] else None
        return found


@pytest.fixture
def desk(people, place):
    return EventDesk(people, place.city)


@pytest.fixture
def venue(daemon, place):
    """A published place of the city."""
    slug = f"venue-{uuid.uuid4().hex[:8]}"
    return imported(daemon, "place", place.city, {"de": (slug, "Treffpunkt"), "en": (slug + "-en", "Meeting place")},
                    {"category": "advice", "street": "Musterstraße 1", "postcode": "45127", "town": "Essen", "latitude": 51.5, "longitude": 7.0})


def refused(desk, **changes):
    return faults(desk.author.post("/v1/events", desk.form(**changes)))


def test_readers_get_an_event_with_its_publication(desk, venue):
    starts = TODAY + 3 * DAY + 18 * HOUR
    form = desk.form(starts, rrule="FREQ=WEEKLY;COUNT=4", exdates=[wall(starts + 7 * DAY)], place=venue, topics=["language"],
                     meeting_url="https://meet.example.org/cafe", audiences=["student"])
    event = desk.made(desk.author.post("/v1/events", form))
    problem(desk.http.get(f"/v1/events/{event}"), 404, "not_found")
    assert desk.times(event) == []
    desk.publish(event, "de", title="Sprachcafé", summary="Kommt vorbei")
    page = desk.read(event)
    assert (page["title"], page["starts"], page["ends"], page["starts_at"], page["ends_at"]) == (
        "Sprachcafé", form["starts"], form["ends"], utc(starts), utc(starts + 2 * HOUR))
    assert (page["rrule"], page["exdates"], page["all_day"]) == (form["rrule"], form["exdates"], False)
    expected = [starts + n * 7 * DAY for n in (0, 2, 3)]
    assert page["occurrences"] == [{"starts": wall(at), "ends": wall(at + 2 * HOUR), "starts_at": utc(at), "ends_at": utc(at + 2 * HOUR)}
                                   for at in expected]
    assert (page["place"]["id"], page["place"]["title"], page["place"]["address"]["street"]) == (venue, "Treffpunkt", "Musterstraße 1")
    assert page["meeting_url"] == form["meeting_url"] and page["provenance"]["method"] == "human"
    assert desk.times(event) == list(map(wall, expected))
    item = [one for one in answer(desk.http.get(f"/v1/events?city={desk.city}&lang=de"))["items"] if one["id"] == event][0]
    assert item["recurring"] and item["place"] == page["place"] and item["topics"] == ["language"]


def test_a_rule_without_an_end_stands_two_years_ahead(desk):
    event = desk.event(rrule="FREQ=WEEKLY")
    found = desk.times(event)
    assert 103 <= len(found) <= 105 and len(desk.read(event)["occurrences"]) == 20
    last = datetime.datetime.fromisoformat(found[-1])
    assert TODAY + 720 * DAY < last <= TODAY + 732 * DAY


def test_the_clocks_time_stays_when_summer_begins_and_ends(desk):
    sunday = datetime.datetime(2027, 3, 27, 2, 30)
    event = desk.event(sunday, HOUR, rrule="FREQ=DAILY;COUNT=3")
    assert [(one["starts_at"], one["starts"], one["ends_at"]) for one in desk.read(event)["occurrences"]] == [
        ("2027-03-27T01:30:00Z", "2027-03-27T02:30", "2027-03-27T02:30:00Z"),
        ("2027-03-28T01:30:00Z", "2027-03-28T03:30", "2027-03-28T02:30:00Z"),  # 02:30 is left out that night, 03:30 too soon for its end
        ("2027-03-29T00:30:00Z", "2027-03-29T02:30", "2027-03-29T01:30:00Z")]
    autumn = desk.event(datetime.datetime(2027, 10, 30, 2, 30), HOUR, rrule="FREQ=DAILY;COUNT=3")
    assert [one["starts_at"] for one in desk.read(autumn)["occurrences"]] == [
        "2027-10-30T00:30:00Z", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]
    days = desk.event(datetime.datetime(2027, 3, 27), DAY, all_day=True, rrule="FREQ=DAILY;COUNT=2")
    assert [(one["starts_at"], one["ends_at"]) for one in desk.read(days)["occurrences"]] == [
        ("2027-03-26T23:00:00Z", "2027-03-27T23:00:00Z"), ("2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z")]


def test_two_that_fall_together_in_the_hour_left_out_are_one(desk):
    event = desk.event(datetime.datetime(2027, 3, 28, 2, 30), HOUR / 2, rrule="FREQ=DAILY;BYHOUR=2,3;COUNT=4")
    assert [one["starts"] for one in desk.read(event)["occurrences"]] == ["2027-03-28T03:30", "2027-03-29T02:30", "2027-03-29T03:30"]


def test_times_that_cannot_be_are_told_one_by_one(desk):
    starts = TODAY + DAY
    assert refused(desk, rrule="FREQ=HOURLY") == {("/rrule", "rule_unsupported")}
    assert refused(desk, rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30") == {("/rrule", "rule_never")}
    assert refused(desk, rrule="FREQ=DAILY;COUNT=3;UNTIL=20300101T000000Z") == {("/rrule", "count_and_until")}
    assert refused(desk, rrule="FREQ=DAILY;UNTIL=20200101T000000Z") == {("/rrule", "until_before_start")}
    assert refused(desk, rrule="FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24)))) == {("/rrule", "rule_too_often")}
    assert refused(desk, rrule="jeden Dienstag") == {("/rrule", "rule_malformed")}
    assert refused(desk, rrule="FREQ=DAILY;" * 60) == {("/rrule", "too_long")}
    assert refused(desk, rrule="FREQ=WEEKLY", exdates=[wall(starts)]) == {("/exdates/0", "not_an_occurrence")}
    assert refused(desk, ends=wall(TODAY)) == {("/ends", "ends_before_start")}
    assert refused(desk, lasts=400 * DAY) == {("/ends", "lasts_too_long")}
    assert refused(desk, all_day=True) == {("/starts", "not_midnight"), ("/ends", "not_midnight")}
    assert refused(desk, starts=datetime.datetime(1999, 1, 1)) == {("/starts", "too_small"), ("/ends", "too_small")}
    assert faults(desk.author.post("/v1/events", desk.form() | {"starts": "2027-02-30T10:00", "ends": "morgen"})) == {("/ends", "pattern")}
    told = problem(desk.author.post("/v1/events?lang=de", desk.form(datetime.datetime(2027, 1, 1, 18), rrule="FREQ=WEEKLY;BYDAY=MO")), 422, "validation_failed")
    assert told["errors"] == [{"pointer": "/starts", "code": "not_by_rule", "limit": "2027-01-04T18:00",
                               "detail": "Der Beginn muss der erste nach der Regel sein: 2027-01-04T18:00."}]


def test_times_change_together_and_the_old_ones_are_gone_at_once(desk):
    starts = TODAY + 3 * DAY + 18 * HOUR
    event = desk.event(starts, rrule="FREQ=DAILY;COUNT=5", exdates=[wall(starts)])
    assert faults(desk.change(event, {"rrule": "FREQ=WEEKLY"})) == {("/starts", "required"), ("/ends", "required")}
    assert faults(desk.change(event, {"exdates": []})) == {("/starts", "required"), ("/ends", "required")}
    assert faults(desk.change(event, {"starts": wall(starts)})) == {("/ends", "required")}
    later = starts + HOUR
    assert answer(desk.change(event, {"starts": wall(later), "ends": wall(later + HOUR)}))["version"] > 1
    page = desk.read(event)
    assert (page["rrule"], page["exdates"], desk.times(event)) == (None, [], [wall(later)])
    answer(desk.change(event, {"starts": wall(later), "ends": wall(later + HOUR), "rrule": "FREQ=DAILY;COUNT=2"}))
    assert desk.times(event) == [wall(later), wall(later + DAY)]
    answer(desk.change(event, {"topics": ["work"], "meeting_url": "https://meet.example.org/x"}))
    page = desk.read(event)
    assert (page["topics"], page["meeting_url"], len(page["occurrences"])) == (["work"], "https://meet.example.org/x", 2)


def test_editors_see_what_they_sent(desk, venue):
    form = desk.form(rrule="FREQ=DAILY;COUNT=3", place=venue, meeting_url="https://meet.example.org/x")
    event = desk.made(desk.author.post("/v1/events", form))
    sent = {name: form[name] for name in ("starts", "ends", "rrule", "place", "meeting_url")} | {"all_day": False, "exdates": []}
    assert answer(desk.author.get(f"/v1/contents/{event}"))["part"] == sent
    assert answer(desk.change(event, {"meeting_url": None}))["part"] == sent | {"meeting_url": None}


def test_only_the_desk_writes_and_from_the_version_it_read(desk, people, place):
    event = desk.event()
    stranger = people.editor(place.far)
    problem(stranger.post("/v1/events", desk.form()), 403, "forbidden")
    problem(stranger.patch(f"/v1/events/{event}", {"topics": []}, headers={"If-Match": "*"}), 404, "not_found")
    problem(people.coordinator(desk.city).post("/v1/events", desk.form()), 403, "forbidden")
    problem(desk.http.post("/v1/events", json=desk.form()), 401, "unauthenticated")
    problem(desk.http.patch(f"/v1/events/{event}", json={}), 401, "unauthenticated")
    problem(people.coordinator(desk.city).patch(f"/v1/events/{event}", {}, headers={"If-Match": "*"}), 403, "forbidden")
    problem(desk.author.patch(f"/v1/events/{event}", {"topics": []}), 428, "precondition_required")
    etag = desk.author.get(f"/v1/contents/{event}").headers["ETag"]
    answer(desk.change(event, {"topics": ["work"]}, etag))
    problem(desk.change(event, {"topics": []}, etag), 412, "precondition_failed")
    problem(desk.author.patch(f"/v1/events/{desk.article()}", {"topics": []}, headers={"If-Match": "*"}), 404, "not_found")
    form = desk.form()
    desk.made(desk.author.post("/v1/events", form))
    assert problem(desk.author.post("/v1/events", form), 409, "duplicate")["errors"][0]["code"] == "key_taken"


def test_places_and_offices_are_places(desk, venue):
    assert refused(desk, place=str(uuid.uuid4()), office=desk.article()) == {("/place", "unknown_place"), ("/office", "unknown_place")}
    event = desk.event(place=venue, office=venue)
    assert faults(desk.change(event, {"place": event})) == {("/place", "unknown_place")}
    answer(desk.change(event, {"place": None}))
    assert desk.read(event)["place"] is None


def test_moving_to_a_city_where_the_slug_is_taken_is_refused(people, place):
    everywhere = people.editor()
    here, there = EventDesk(people, place.city), EventDesk(people, place.far)
    slug = f"fest-{uuid.uuid4().hex[:8]}"
    first, second = here.event(publish=()), there.event(publish=())
    here.publish(first, slug=slug)
    there.publish(second, slug=slug)
    refusal = everywhere.patch(f"/v1/events/{second}", {"city": place.city}, headers={"If-Match": "*"})
    assert problem(refusal, 409, "duplicate")["errors"][0]["code"] == "slug_taken"


def test_two_who_change_the_times_at_once_do_not_mix_them(desk):
    event = desk.event()
    starts = [TODAY + (5 + n) * DAY + n * HOUR for n in range(6)]
    etag = desk.author.get(f"/v1/contents/{event}").headers["ETag"]
    statuses = at_once(lambda n: desk.change(event, {"starts": wall(starts[n]), "ends": wall(starts[n] + HOUR), "rrule": "FREQ=DAILY;COUNT=3"}, etag), 6)
    assert sorted(statuses) == [200] + [412] * 5
    first = datetime.datetime.fromisoformat(desk.read(event)["starts"])
    assert desk.times(event) == [wall(first + n * DAY) for n in range(3)]


def test_the_list_shows_what_goes_on_and_what_comes_page_by_page(desk):
    now = datetime.datetime.now(BERLIN).replace(second=0, microsecond=0, tzinfo=None)
    running, long = desk.event(now - HOUR, 3 * HOUR), desk.event(now - 40 * DAY, 80 * DAY)
    over, coming = desk.event(now - 3 * HOUR, HOUR), desk.event(now + HOUR, 0 * HOUR)
    path, seen = f"/v1/events?city={desk.city}&limit=1&count=true", []
    while path:
        page = desk.http.get(path)
        seen += [item["id"] for item in answer(page)["items"] if item["id"] in (running, long, over, coming)]
        assert answer(page)["total"] >= 3
        path = page.links["next"]["url"] if answer(page)["next"] else None
    assert seen == [long, running, coming]
    assert desk.read(over)["occurrences"] == []


def test_days_and_years_keep_what_takes_place_then(desk):
    at = datetime.datetime(2024, 12, 31, 23, 30)
    event = desk.event(at, HOUR, rrule="FREQ=DAILY;COUNT=3")
    every = ["2024-12-31T23:30", "2025-01-01T23:30", "2025-01-02T23:30"]
    assert desk.times(event) == []
    assert desk.times(event, "year=2024") == every[:1] and desk.times(event, "year=2025") == every[1:]
    assert desk.times(event, "from=2025-01-01&to=2025-01-01") == every[:2], "what runs into the day takes place on it"
    assert desk.times(event, "from=2024-12-31&to=2024-12-31") == every[:1]
    assert desk.times(event, "from=2025-01-02") == every[1:] and desk.times(event, "to=2024-12-31") == []
    counts = {item["year"]: item["count"] for item in answer(desk.http.get(f"/v1/events/years?city={desk.city}"))["items"]}
    assert counts[2024] >= 1 and counts[2025] >= 2 and list(counts) == sorted(counts, reverse=True)
    total = answer(desk.http.get(f"/v1/events?city={desk.city}&year=2025&count=true"))["total"]
    assert total == counts[2025]
    assert faults(desk.http.get("/v1/events?year=2025&from=2025-01-01")) == {("year", "contradiction")}
    assert faults(desk.http.get("/v1/events?from=2025-01-02&to=2025-01-01")) == {("to", "too_small")}
    assert faults(desk.http.get("/v1/events?from=1999-01-01")) == {("from", "format")} and faults(desk.http.get("/v1/events/years?city=nowhere"))
    assert faults(desk.http.get("/v1/events.ics?year=1999")) == {("year", "too_small")}


def test_all_cities_events_come_unless_one_is_named(people, place):
    desks = {name: EventDesk(people, city) for name, city in (("own", place.city), ("far", place.far))}
    own, far = (desk.event(topics=["work"], audiences=["student"]) for desk in desks.values())
    region = EventDesk(people, "all")
    region.city = None
    everywhere = region.event()

    def shown(query):
        path, found = f"/v1/events?limit=100&to={(TODAY + 10 * DAY).date()}&{query}", set()
        while path:
            page = people.daemon.http.get(path)
            found |= {item["id"] for item in answer(page)["items"]}
            path = page.links["next"]["url"] if answer(page)["next"] else None
        return found & {own, far, everywhere}
    assert shown("") == {own, far, everywhere}
    assert shown(f"city={place.city}") == {own, everywhere}
    assert shown("topic=work&audience=student") == {own, far} and shown(f"topic=housing&city={place.city}") == set()


def test_an_event_is_found_by_any_slug_and_an_old_one_leads_on(desk):
    event = desk.event(publish=())
    old, new = f"alt-{uuid.uuid4().hex[:8]}", f"neu-{uuid.uuid4().hex[:8]}"
    desk.publish(event, "de", slug=old)
    desk.publish(event, "en", source_language="de")
    page = answer(desk.http.get(f"/v1/events/{old}?lang=uk"))
    assert page["id"] == event and page["language"] == {"requested": "uk", "served": "en", "fallback": True}
    assert {one["language"] for one in page["translations"]} == {"de", "en"}
    desk.publish(event, "de", slug=new)
    for form in ("", "/calendar.ics"):
        moved = desk.http.get(f"/v1/events/{old}{form}?lang=de&city={desk.city}")
        assert (moved.status_code, moved.headers["Location"]) == (308, f"/v1/events/{new}{form}?city={desk.city}&lang=de")
        problem(desk.http.get(f"/v1/events/nothing-at-all{form}"), 404, "not_found")
        assert faults(desk.http.get(f"/v1/events/{old}{form}?city=nowhere")) == {("city", "unknown_city")}


def calendar(response):
    assert response.status_code == 200 and response.headers["Content-Type"] == "text/calendar; charset=utf-8", response.text
    assert all(len(line) <= 75 for line in response.content.split(b"\r\n")) and response.headers["ETag"]
    return icalendar.Calendar.from_ical(response.content)


def expanded(entry):
    """The beginnings by dateutil of an entry as icalendar reads it."""
    starts = entry.decoded("DTSTART")
    naive = starts.replace(tzinfo=None) if isinstance(starts, datetime.datetime) else datetime.datetime.combine(starts, datetime.time())
    found = rruleset()
    if "RRULE" in entry:
        rule = entry["RRULE"].to_ical().decode().split(";")
        for part in list(rule):
            if part.startswith("UNTIL=") and part.endswith("Z"):
                until = datetime.datetime.strptime(part, "UNTIL=%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).astimezone(BERLIN)
                rule[rule.index(part)] = f"UNTIL={until:%Y%m%dT%H%M%S}"
        found.rrule(rrulestr(";".join(rule), dtstart=naive))
    else:
        found.rdate(naive)
    left_out = entry.get("EXDATE", [])
    for dates in left_out if isinstance(left_out, list) else [left_out]:
        for one in dates.dts:
            day = one.dt
            found.exdate(day.replace(tzinfo=None) if isinstance(day, datetime.datetime) else datetime.datetime.combine(day, datetime.time()))
    return found


@pytest.mark.parametrize("shape", [
    {"rrule": "FREQ=MONTHLY;BYDAY=1TH", "starts": datetime.datetime(2027, 1, 7, 18)},
    {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,SA;WKST=SU", "starts": datetime.datetime(2027, 1, 7, 18), "exdates": ["2027-01-21T18:00", "2027-01-23T18:00"]},
    {"rrule": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "starts": datetime.datetime(2027, 1, 29, 8)},
    {"rrule": "FREQ=DAILY;UNTIL=20270401T160000Z", "starts": datetime.datetime(2027, 3, 1, 18)},
    {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "starts": datetime.datetime(2028, 2, 29), "lasts": DAY, "all_day": True},
    {"rrule": "FREQ=DAILY;UNTIL=20270110", "starts": datetime.datetime(2027, 1, 1), "lasts": 2 * DAY, "all_day": True, "exdates": ["2027-01-03T00:00"]},
    {"starts": datetime.datetime(2027, 7, 7, 18)}])
def test_phones_get_the_same_times(desk, venue, shape):
    event = desk.event(place=venue, topics=["language", "work"], **shape)
    read = calendar(desk.http.get(f"/v1/events/{event}/calendar.ics?lang=de"))
    [entry], [zone] = read.walk("VEVENT"), read.walk("VTIMEZONE")
    page = desk.read(event)
    horizon = TODAY + 700 * DAY
    expected = [wall(at) for at in expanded(entry).between(datetime.datetime(2000, 1, 1), horizon)]
    assert [at for at in desk.times(event, "from=2026-01-01") if at <= wall(horizon)] == expected and (expected or shape["starts"] > horizon)
    assert zone["TZID"] == "Europe/Berlin" and entry["UID"] == f"welcomed-event-{event}" and entry["SUMMARY"] == page["title"]
    assert entry["LOCATION"] == "Treffpunkt, Musterstraße 1, 45127 Essen" and (entry["GEO"].latitude, entry["GEO"].longitude) == (51.5, 7.0)
    assert entry["URL"].endswith(f"/events/{page['slug']}") and entry["LAST-MODIFIED"] and entry["CREATED"]
    if shape.get("all_day"):
        assert entry["DTSTART"].params["VALUE"] == "DATE" and entry.decoded("DTEND") - entry.decoded("DTSTART") == shape["lasts"]
    else:
        assert entry["DTSTART"].params["TZID"] == "Europe/Berlin" and entry.decoded("DTEND") - entry.decoded("DTSTART") == 2 * HOUR
    if not shape.get("all_day"):
        zoned = zone.to_tz()
        for moment in (datetime.datetime(2027, 3, 28, 1, 59), datetime.datetime(2027, 3, 28, 3), datetime.datetime(2027, 12, 1)):
            assert zoned.utcoffset(moment) == BERLIN.utcoffset(moment)


def test_a_calendar_to_subscribe_to_has_each_event_once(desk):
    weekly, once = desk.event(rrule="FREQ=WEEKLY", topics=["work"]), desk.event(TODAY + 4 * DAY + 9 * HOUR, meeting_url="https://meet.example.org/a")
    over = desk.event(TODAY - 30 * DAY)
    entries = {str(entry["UID"]): entry for entry in calendar(desk.http.get(f"/v1/events.ics?city={desk.city}&lang=de")).walk("VEVENT")}
    assert {f"welcomed-event-{weekly}", f"welcomed-event-{once}"} <= set(entries) and f"welcomed-event-{over}" not in entries
    before = entries[f"welcomed-event-{once}"]
    assert before["LOCATION"] == "https://meet.example.org/a" and "https://meet.example.org/a" in before["DESCRIPTION"]
    answer(desk.change(once, {"topics": ["housing"]}))
    after = calendar(desk.http.get(f"/v1/events/{once}/calendar.ics?lang=de")).walk("VEVENT")[0]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"]) and after["UID"] == before["UID"]
    assert "CATEGORIES" in after
    empty = calendar(desk.http.get(f"/v1/events.ics?city={desk.city}&year=2199"))
    assert empty.walk("VEVENT") == [] and len(empty.walk("VTIMEZONE")) == 1


def test_the_horizon_moves_on_and_the_far_past_goes(start_daemon):
    daemon = start_daemon()
    with daemon.connect("welcome_worker") as db:
        old = imported(daemon, "event", "essen", {"de": ("alte-reihe", "Alte Reihe")},
                       {"starts": "2010-01-04 18:00", "ends": "2010-01-04 20:00", "rrule": "FREQ=WEEKLY", "expanded_to": "-infinity"})
        once = imported(daemon, "event", "essen", {"de": ("einmal", "Einmal")},
                        {"starts": "2010-01-04 18:00", "ends": "2010-01-04 20:00", "expanded_to": "-infinity"})

        def stands():
            rows = db.execute("SELECT extract(year FROM min(starts_at))::int, max(starts_at) FROM occurrence WHERE event = %s", (old,)).fetchone()
            return rows if rows[0] else None
        eventually(lambda: db.execute("SELECT count(*) = 2 FROM event WHERE expanded_to > '-infinity'").fetchone()[0])  # the job may come between the two
        first, last = stands()
        version = db.execute("SELECT c.version, x.xid::text FROM content c JOIN change x ON x.content = c.id WHERE c.id = %s", (old,)).fetchone()
        assert first == TODAY.year - 5 and last.replace(tzinfo=None) > TODAY + 715 * DAY
        years = {item["year"] for item in answer(daemon.http.get("/v1/events/years?city=essen"))["items"]}
        assert {2010, TODAY.year, TODAY.year - 5} <= years and TODAY.year - 6 not in years
        archive = answer(daemon.http.get("/v1/events?city=essen&year=2010"))["items"]
        assert [item["id"] for item in archive] == [once]
        daemon.shift_clock(days=400)

        def moved():
            year, latest = stands()
            return year >= first + 1 and latest > last + datetime.timedelta(days=380)
        eventually(moved)
        assert db.execute("SELECT c.version, x.xid::text FROM content c JOIN change x ON x.content = c.id WHERE c.id = %s",
                          (old,)).fetchone() == version, "time that passes is no change"
        assert db.execute("SELECT count(*) FROM occurrence WHERE event = %s", (once,)).fetchone() == (1,)


def test_what_cannot_be_expanded_is_said_and_holds_up_nothing(start_daemon):
    daemon = start_daemon()
    daemon.tolerated.add("event_not_expanded")
    columns = {"starts": "2030-01-01 18:00", "ends": "2030-01-01 20:00", "expanded_to": "-infinity"}
    broken = imported(daemon, "event", "essen", {"de": ("kaputt", "Kaputt")}, columns | {"rrule": "NONSENSE"})
    sound = imported(daemon, "event", "essen", {"de": ("heil", "Heil")}, columns | {"rrule": "FREQ=DAILY;COUNT=2"})
    with daemon.connect() as db:
        eventually(lambda: db.execute("SELECT count(*) = 2 FROM event WHERE expanded_to > '-infinity'").fetchone()[0])
        assert db.execute("SELECT count(*) FROM occurrence WHERE event = %s", (broken,)).fetchone() == (0,)
    assert answer(daemon.http.get(f"/v1/events/{sound}"))["id"] == sound


def test_the_feed_gives_what_reading_gives_and_tells_of_the_place(desk, daemon, venue):
    query = f"/v1/changes?city={desk.city}&kind=event&lang=de"
    cursor = answer(desk.http.get(query))["cursor"]
    event = desk.event(rrule="FREQ=WEEKLY;COUNT=3", place=venue)

    def news():
        nonlocal cursor
        page = answer(desk.http.get(f"{query}&after={cursor}&limit=100"))
        cursor = page["cursor"]
        return [item["object"] for item in page["items"] if item["id"] == event]
    found = eventually(news)[-1]
    page = desk.read(event)
    same = ("starts", "ends", "starts_at", "ends_at", "all_day", "rrule", "exdates", "occurrences", "place", "meeting_url")
    assert {name: found[name] for name in same} == {name: page[name] for name in same}
    with daemon.connect("welcome_worker") as db:
        db.execute("UPDATE place SET street = 'Neue Straße 2' WHERE content = %s", (venue,))
    assert eventually(news)[-1]["place"]["address"]["street"] == "Neue Straße 2"


def test_search_finds_an_event_until_its_last_time(desk):
    word = "wummelfest" + uuid.uuid4().hex[:6].translate(str.maketrans("0123456789", "ghijklmnop"))
    event = desk.event(TODAY - 30 * DAY, rrule="FREQ=DAILY;COUNT=3", publish=())
    desk.publish(event, "de", title=word)

    def found():
        return [item["id"] for item in answer(desk.http.get("/v1/search", params={"q": word, "city": desk.city}))["items"]]
    assert found() == []
    answer(desk.change(event, {"starts": wall(TODAY - 30 * DAY), "ends": wall(TODAY - 30 * DAY + HOUR), "rrule": "FREQ=WEEKLY"}))
    assert found() == [event]
