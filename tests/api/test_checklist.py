# SPDX-License-Identifier: EUPL-1.2
# The checklist: what to do for whom, with the law behind it, and by which day; and the same as a calendar.
import datetime

import icalendar
import pytest

from support import answer, faults, problem

EVERYBODY = "tenancy-agreement health-insurance landlord-confirmation residence-registration tax-identification-number bank-account" \
            " broadcasting-contribution"
EMPLOYED = "working-conditions health-insurance-fund"
CHILDREN = "measles-protection childcare-place school-registration child-benefit family-health-insurance"
TWO_WEEKS = ("landlord-confirmation", "residence-registration")


def checklist(http, query, **headers):
    body = answer(http.get(f"/v1/checklist?{query}", headers=headers))
    assert body["next"] is None
    return body["items"]


def codes(items):
    return {item["code"] for item in items}


def words(*texts):
    return set(" ".join(texts).split())


def due(items):
    """{code: day} of what has one."""
    return {item["code"]: item["due_on"] for item in items if item["due_on"]}


def days(health, weeks, **others):
    """The days of everybody's steps, and others."""
    return {"health-insurance": health} | dict.fromkeys(TWO_WEEKS, weeks) | {code.replace("_", "-"): on for code, on in others.items()}


PEOPLE = [
    ("an EU citizen who comes to study, perhaps with a Swiss licence, which is none of the EEA",
     "audience=student&citizenship=eu&arrival=2027-09-20", words(EVERYBODY, "identity-document driving-licence"),
     days("2027-09-20", "2027-10-04", driving_licence="2028-03-20")),
    ("a student from France", "audience=student&nationality=FR&arrival=2027-09-20",
     words(EVERYBODY, "identity-document"), days("2027-09-20", "2027-10-04")),
    ("a student from Norway", "audience=student&nationality=NO&citizenship=eu&arrival=2027-09-20",
     words(EVERYBODY, "identity-document"), days("2027-09-20", "2027-10-04")),
    ("a student from Switzerland", "audience=student&nationality=CH&arrival=2027-09-20",
     words(EVERYBODY, "driving-licence"), days("2027-09-20", "2027-10-04", driving_licence="2028-03-20")),
    ("a German who returns", "audience=student&nationality=DE&arrival=2027-09-20",
     words(EVERYBODY), days("2027-09-20", "2027-10-04")),
    ("a student from India, on leap day", "audience=student&nationality=IN&arrival=2028-02-29",
     words(EVERYBODY, "visa-for-studies residence-title student-working-days driving-licence"),
     days("2028-02-29", "2028-03-14", visa_for_studies="2028-02-28", driving_licence="2028-08-29")),
    ("a student from Brazil, who needs no visa to study; 90 days end on Easter Monday",
     "audience=student&nationality=BR&arrival=2026-12-29",
     words(EVERYBODY, "study-permit-without-visa residence-title student-working-days driving-licence"),
     days("2026-12-29", "2027-01-12", study_permit_without_visa="2027-03-30", driving_licence="2027-06-29")),
    ("a worker from Brazil, who does", "audience=skilled-worker&nationality=BR&arrival=2027-01-01",
     words(EVERYBODY, EMPLOYED, "visa-for-work recognition family-visa residence-title driving-licence integration-course tax-return"),
     days("2027-01-01", "2027-01-15", visa_for_work="2026-12-31", driving_licence="2027-07-01")),
    ("a worker from Ukraine with children, on the last day of August",
     "audience=skilled-worker&nationality=UA&citizenship=non-eu&children=true&arrival=2027-08-31",
     words(EVERYBODY, EMPLOYED, CHILDREN, "visa-for-work recognition family-visa residence-title driving-licence integration-course tax-return"),
     days("2027-08-31", "2027-09-14", visa_for_work="2027-08-30", child_benefit="2028-02-29", driving_licence="2028-02-29")),
    ("a worker of whom no country is known", "audience=skilled-worker&citizenship=non-eu&arrival=2027-01-15",
     words(EVERYBODY, EMPLOYED, "visa-for-work permit-without-visa recognition family-visa residence-title driving-licence integration-course",
           "tax-return"),
     days("2027-01-15", "2027-01-29", visa_for_work="2027-01-14", permit_without_visa="2027-04-15", driving_licence="2027-07-15")),
    ("a founder from the United States; 90 days end on a Sunday", "audience=entrepreneur&nationality=US&arrival=2027-01-18",
     words(EVERYBODY, "permit-without-visa family-visa trade-registration tax-office-registration driving-licence integration-course tax-return"),
     days("2027-01-18", "2027-02-01", permit_without_visa="2027-04-19", driving_licence="2027-07-18")),
    ("a founder from Italy with children, over the end of the year", "audience=entrepreneur&nationality=IT&children=true&arrival=2026-12-20",
     words(EVERYBODY, CHILDREN, "identity-document trade-registration tax-office-registration tax-return"),
     days("2026-12-20", "2027-01-03", child_benefit="2027-06-20")),  # 3 January is a Sunday: registration is not moved
    ("a scientist from Japan; 90 days end on Good Friday", "audience=scientist&nationality=JP&arrival=2026-12-26",
     words(EVERYBODY, EMPLOYED, "permit-without-visa family-visa driving-licence integration-course tax-return"),
     days("2026-12-26", "2027-01-09", permit_without_visa="2027-03-30", driving_licence="2027-06-26")),
    ("a scientist before the journey", "audience=scientist&citizenship=non-eu&stage=before-arrival&arrival=2027-03-01",
     words("visa-for-research family-visa tenancy-agreement health-insurance"),
     {"visa-for-research": "2027-02-28", "health-insurance": "2027-03-01"}),
    ("a scientist of whom nothing else is known", "audience=scientist",
     words(EVERYBODY, EMPLOYED, "visa-for-research identity-document permit-without-visa family-visa residence-title driving-licence",
           "integration-course tax-return"), {}),
    ("somebody who has settled", "audience=student&citizenship=eu&stage=settled", words("driving-licence"), {}),
]


@pytest.mark.parametrize("query, expected, expected_days", [case[1:] for case in PEOPLE], ids=[case[0] for case in PEOPLE])
def test_everybody_gets_the_own_steps_with_their_days(http, query, expected, expected_days):
    items = checklist(http, query)
    assert codes(items) == expected and due(items) == expected_days


def test_registration_is_due_exactly_two_weeks_after_moving_in(http):
    """Whatever day that is: weekends, holidays, the ends of years and leap days move nothing."""
    for n in range(0, 1500, 7):
        arrival = datetime.date(2026, 12, 1) + datetime.timedelta(n + n // 7 % 7)
        items = checklist(http, f"audience=student&citizenship=eu&stage=first-weeks&arrival={arrival}")
        assert due(items)["residence-registration"] == str(arrival + datetime.timedelta(14))


def test_a_step_tells_what_to_do_why_and_by_which_law(http):
    step = next(item for item in checklist(http, "audience=student&arrival=2027-01-15&lang=en") if item["code"] == "residence-registration")
    assert step["title"] == "Register your address" and step["due_on"] == "2027-01-29"
    assert "two weeks" in step["due_rule"] and step["legal_basis"] == "BMG § 17(1), (3)"
    assert step["sources"] == [{"basis": "BMG § 17(1), (3)", "source": "https://www.gesetze-im-internet.de/bmg/__17.html"}]
    assert step["stages"] == ["first-weeks"] and step["provenance"]["method"] in ("human", "machine_reviewed")
    article = answer(http.get(f"/v1/articles/{step['article']['slug']}?lang=en"))
    assert (article["id"], article["title"]) == (step["article"]["id"], step["article"]["title"])


def test_every_step_leads_to_an_article_and_a_law(http):
    for audience in ("skilled-worker", "entrepreneur", "student", "scientist"):
        for step in checklist(http, f"audience={audience}&children=true&lang=de"):
            assert step["article"] and step["legal_basis"] and all(one["source"].startswith("https://") for one in step["sources"]), step["code"]


def test_steps_come_in_the_order_of_their_days_and_without_any_in_their_own(http):
    query = "audience=skilled-worker&citizenship=non-eu&children=true"
    undated = [item["code"] for item in checklist(http, query)]
    assert undated.index("visa-for-work") < undated.index("recognition") < undated.index("residence-registration") < undated.index("tax-return")
    items = checklist(http, query + "&arrival=2027-01-15")
    assert sorted(undated) == sorted(item["code"] for item in items)
    assert items == sorted(items, key=lambda item: (item["due_on"] or "9999", undated.index(item["code"])))


def test_texts_come_in_the_best_language_there_is(http):
    response = http.get("/v1/checklist?audience=student&lang=yo")
    step = answer(response)["items"][0]
    assert step["language"] == {"requested": "yo", "served": "en", "fallback": True} and step["article"]["language"] == "en"
    german = checklist(http, "audience=student", **{"Accept-Language": "yo, de;q=0.5"})[0]
    assert german["language"] == {"requested": "yo", "served": "de", "fallback": True} and german["title"] != step["title"]


@pytest.mark.parametrize("query, told", [
    ("", {("audience", "required")}),
    ("audience=nobody", {("audience", "unknown_audience")}),
    ("audience=student&stage=never", {("stage", "unknown_stage")}),
    ("audience=student&city=atlantis", {("city", "unknown_city")}),
    ("audience=student&citizenship=mars", {("citizenship", "enum")}),
    ("audience=student&nationality=ZZ", {("nationality", "unknown_country")}),
    ("audience=student&nationality=ua", {("nationality", "unknown_country")}),
    ("audience=student&nationality=UA&citizenship=eu", {("citizenship", "contradiction")}),
    ("audience=student&nationality=CH&citizenship=non-eu", {("citizenship", "contradiction")}),
    ("audience=student&nationality=DE&citizenship=non-eu&stage=settled", {("citizenship", "contradiction")}),
    ("audience=student&children=yes", {("children", "type")}),
    ("audience=student&arrival=2027-02-29", {("arrival", "format")}),
    ("audience=student&arrival=tomorrow", {("arrival", "format")}),
    ("audience=student&arrival=0001-01-01", {("arrival", "too_small")}),
    ("audience=student&arrival=1999-12-31", {("arrival", "too_small")}),
    ("audience=student&arrival=2200-01-01", {("arrival", "too_large")}),
    ("audience=student&arrival=9999-12-31", {("arrival", "too_large")}),
    ("audience=nobody&stage=never&nationality=ZZ", {("audience", "unknown_audience"), ("stage", "unknown_stage"), ("nationality", "unknown_country")}),
])
def test_what_cannot_be_is_refused(http, query, told):
    assert faults(http.get(f"/v1/checklist?{query}")) == told
    missing = set() if "arrival" in query else {("arrival", "required")}
    assert faults(http.get(f"/v1/checklist.ics?{query}")) in (told | missing, missing)


def test_the_first_and_the_last_day_that_can_be_given_have_their_steps(http):
    for arrival in ("2000-01-01", "2199-12-31"):
        on = datetime.date.fromisoformat(arrival) + datetime.timedelta(14)
        assert due(checklist(http, f"audience=student&arrival={arrival}&citizenship=non-eu"))["residence-registration"] == str(on)


def test_anybody_may_keep_the_answer_and_ask_whether_it_changed(http):
    response = http.get("/v1/checklist?audience=student&arrival=2027-01-15")
    assert response.headers["Cache-Control"] == "public, no-cache"
    again = http.get("/v1/checklist?audience=student&arrival=2027-01-15", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


# A region of its own, in which rules are changed

RULE = {"code": "report-to-the-harbour", "position": 1, "audiences": ["student"], "stages": ["first-weeks"], "sources":
        '[{"basis": "Harbour Act § 1", "source": "https://example.org/1"}, {"basis": "Harbour Act § 2", "source": "https://example.org/2"}]',
        "reviewed_on": "2026-11-24", "review_due_on": "2027-05-24"}
TITLES = {
    "ar": ("التسجيل في الميناء، خطوة أولى؛ ثم العنوان, والمزيد", "يجب على كل من يصل أن يسجّل اسمه في الميناء؛ وهذا يسري على الجميع، دون استثناء: " * 3),
    "uk": ("Зареєструйтеся в порту; це перший крок, \"найважливіший\"", "Кожен, хто прибуває, реєструється в порту;\nце стосується всіх \\ без винятку: " * 3),
    "en": ("Report, \"at once\"; to the harbour: C:\\port", "One line,\nanother; and the last \\ one."),
}


def rule_put(db, **values):
    row = RULE | values
    db.execute(f"INSERT INTO checklist_rule ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values()))
    for language, (title, why) in TITLES.items():
        db.execute("INSERT INTO checklist_text (rule, language, title, why, due, method, source_language)"
                   " VALUES (%s, %s, %s, %s, 'Soon', 'machine', 'en')", (row["code"], language, title, why))


@pytest.fixture
def harbour(start_daemon):
    """A daemon with one rule: the function puts others beside it."""
    daemon = start_daemon()
    with daemon.connect("welcome_worker") as db:
        db.execute("DELETE FROM checklist_rule")
    def put(**values):
        with daemon.connect("welcome_worker") as db:
            rule_put(db, **values)
    put(deadline_amount=3, deadline_unit="working-days", deadline_counted="after-arrival", deadline_last_day="stays")
    return daemon, put


def test_a_rule_is_a_row_and_may_be_of_a_city(harbour):
    daemon, put = harbour
    put(code="essen-only", position=2, cities=["essen"], children=True, article="nothing-of-this-name")
    assert codes(checklist(daemon.http, "audience=student&children=true")) == {"report-to-the-harbour"}
    assert codes(checklist(daemon.http, "audience=student&city=essen")) == {"report-to-the-harbour"}
    assert codes(checklist(daemon.http, "audience=student&city=bochum&children=true")) == {"report-to-the-harbour"}
    items = checklist(daemon.http, "audience=student&city=essen&children=true&arrival=2027-05-04")
    assert [(item["code"], item["due_on"], item["article"]) for item in items] == [
        ("report-to-the-harbour", "2027-05-10", None), ("essen-only", None, None)]  # Ascension Day and a weekend between
    assert items[0]["legal_basis"] == "Harbour Act § 1; Harbour Act § 2"
    assert items[0]["provenance"] == {"method": "machine", "source_language": "en", "source_revision": None, "reviewed_at": None}
    assert checklist(daemon.http, "audience=scientist") == []
    assert faults(daemon.http.get("/v1/checklist?audience=scientist&nationality=FR&citizenship=non-eu")) == {("citizenship", "contradiction")}


def test_a_city_shows_its_own_article(start_daemon):
    daemon = start_daemon()
    with daemon.connect("welcome_worker") as db:
        db.execute("INSERT INTO content (id, kind, key, position, city, replaces)"
                   " SELECT uuid_v7(), 'article', 'essen-registration', position, 'essen', id FROM content"
                   " WHERE kind = 'article' AND key = 'residence-registration'")
        db.execute("SELECT publish_translation(id, 'en', 'registering-in-essen', 'Registering in Essen', 'Summary', 'Text', '<p>Text</p>', 'Text',"
                   " '{}', 'human', 'en', false, '{}', '[]', NULL) FROM content WHERE key = 'essen-registration'")
    for city, slug in (("essen", "registering-in-essen"), ("bochum", "residence-registration")):
        step = next(item for item in checklist(daemon.http, f"audience=student&lang=en&city={city}") if item["code"] == "residence-registration")
        assert step["article"]["slug"] == slug


# As a calendar

def calendar(response):
    """Its events by id, read by a program of others; every line is one RFC 5545 allows."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    lines = response.content.split(b"\r\n")
    assert lines[-1] == b"" and not any(b"\n" in line or b"\r" in line for line in lines)
    assert all(len(line) <= 75 and line.decode("utf-8") is not None for line in lines)
    read = icalendar.Calendar.from_ical(response.content)
    assert read["VERSION"] == "2.0" and read["PRODID"]
    return {str(event["UID"]): event for event in read.walk("VEVENT")}


def test_a_calendar_has_an_event_for_each_step_with_a_day(http):
    query = "audience=skilled-worker&citizenship=non-eu&children=true&arrival=2027-08-31&lang=de"
    items = [item for item in checklist(http, query) if item["due_on"]]
    response = http.get(f"/v1/checklist.ics?{query}")
    events = calendar(response)
    assert list(events) == [f"welcomed-checklist-{item['code']}" for item in items]
    for item, event in zip(items, events.values()):
        assert event["DTSTART"].dt == datetime.date.fromisoformat(item["due_on"])  # a date, no time: all day
        assert event["DTEND"].dt == event["DTSTART"].dt + datetime.timedelta(1)
        assert event["SUMMARY"] == item["title"] and event["SUMMARY"].params["LANGUAGE"] == "de"
        assert event["DESCRIPTION"].startswith(f"{item['why']}\n\n{item['due_rule']}\n\n") and item["sources"][0]["source"] in event["DESCRIPTION"]
        assert event["TRANSP"] == "TRANSPARENT" and event["DTSTAMP"].dt.utcoffset() == datetime.timedelta(0)
    assert response.headers["Cache-Control"] == "public, no-cache" and response.headers["Content-Language"] == "de"
    negotiated = http.get(f"/v1/checklist?{query}", headers={"Accept": "text/calendar"})
    assert negotiated.content == response.content and "Accept" in negotiated.headers["Vary"]


def test_an_event_keeps_its_id_when_the_day_moves(http):
    first, later = (calendar(http.get(f"/v1/checklist.ics?audience=student&citizenship=eu&arrival={day}")) for day in ("2027-01-15", "2027-02-15"))
    assert list(first) == list(later)
    assert all(first[uid]["DTSTART"].dt < later[uid]["DTSTART"].dt for uid in first)


@pytest.mark.parametrize("language", TITLES)
def test_words_of_every_script_survive_escaping_and_folding(harbour, language):
    daemon, _ = harbour
    item, = checklist(daemon.http, f"audience=student&arrival=2027-01-15&lang={language}")
    event, = calendar(daemon.http.get(f"/v1/checklist.ics?audience=student&arrival=2027-01-15&lang={language}")).values()
    assert (item["title"], item["why"]) == TITLES[language]
    assert str(event["SUMMARY"]) == item["title"] and event["SUMMARY"].params["LANGUAGE"] == language
    assert str(event["DESCRIPTION"]).startswith(item["why"] + "\n\nSoon\n\nHarbour Act § 1: https://example.org/1\nHarbour Act § 2: ")


def test_a_calendar_needs_days(http, harbour):
    daemon, put = harbour
    assert faults(http.get("/v1/checklist.ics?audience=student")) == {("arrival", "required")}
    assert faults(http.get("/v1/checklist?audience=student", headers={"Accept": "text/calendar"})) == {("arrival", "required")}
    put(code="some-day", position=3, audiences=["scientist"])
    for audience in ("scientist", "entrepreneur"):  # one step without a day; none at all
        problem(daemon.http.get(f"/v1/checklist.ics?audience={audience}&arrival=2027-01-15"), 404, "not_found")
        problem(daemon.http.get(f"/v1/checklist?audience={audience}&arrival=2027-01-15", headers={"Accept": "text/calendar"}), 404, "not_found")
    problem(http.get("/v1/checklist?audience=student", headers={"Accept": "text/html"}), 406, "not_acceptable")
