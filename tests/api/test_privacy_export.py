# SPDX-License-Identifier: EUPL-1.2
# Everything about me: held against a scan of all tables for the person's ids and addresses, and against the marks of the columns.
import json

import pytest

from support import answer, problem
from traces import Life, scan

# Rows that are the person's own, by the column that says so; of these every column marked personal is exported.
OWN = {"account": "id", "staff_role": "account", "session": "account", "login_token": "account address", "outbox": "account address",
       "confirmation": "subject_id address", "guide": "account", "guide_city": "guide", "guide_verification": "guide", "guide_price": "guide",
       "guide_request": "account", "matching_unplaced": "request", "service_request": "account", "service_request_office": "requester_account",
       "service_attachment": "request", "appointment": "requester_account", "staff_absence": "account", "saved_export": "account",
       "feedback_address": "address", "own_block": "blocker", "bar": "account"}


def is_own(table, row, mine):
    return any(str(row[column]).lower() in mine for column in OWN.get(table, "").split())


# Where else the person's ids stand, and why that is not theirs to take along.
OTHERS = {
    ("guide_request", "preferred_guide"): "what another wishes",
    ("block", "guide"): "it would tell what the other said", ("block", "newcomer"): "it would tell what the other said",
    ("guide_language", "guide"): "a copy of the profile for joins", ("guide_request_language", "request"): "a copy of the request for joins",
    ("service_request_words", "request"): "an index of the request", ("claim", "thing"): "the id of what was made, for 24 hours",
    ("saved_export", "filter"): "what a colleague lists", ("session", "thing"): "another's way to what is between both",
    ("session", "request"): "another's way to what is between both", ("login_token", "subject_id"): "another's way to what is between both",
    ("outbox", "subject_id"): "a mail to another", ("check_in", "match"): "what the other said", ("report", "match"): "what the other reported",
    ("report", "reported"): "what the other reported", ("report", "id"): "the same", ("report", "proposal"): "the same", ("own_block", "blocked"): "it would tell what the other said",
    ("service_event", "request"): "an event of the request, told with it", ("service_event", "office_row"): "the same",
    ("service_request_office", "forwarded_to"): "another row of the request, told with it", ("service_attachment", "office_row"): "the same",
}


@pytest.fixture(scope="module")
def life(people):
    return Life(people)


@pytest.fixture(scope="module")
def document(life):
    life.daemon.mails_sent()
    response = life.person.get("/v1/me/export")
    assert response.headers["Content-Disposition"].startswith('attachment; filename="my-data-20')
    assert response.headers["Cache-Control"] == "no-store"
    return answer(response)


def leaves(value):
    if isinstance(value, dict):
        return [leaf for member in value.values() for leaf in leaves(member)]
    if isinstance(value, list):
        return [leaf for member in value for leaf in leaves(member)]
    return [value]


def told(document):
    """All values of the document, and the texts they are."""
    return {json.dumps(leaf) for leaf in leaves(document)}


def marks(daemon):
    """{(table, column): mark}"""
    with daemon.connect() as db:
        rows = db.execute("SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c"
                          "  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                          " WHERE c.relnamespace = 'welcome'::regnamespace AND c.relkind = 'r'").fetchall()
    return {(table, column): mark for table, column, mark in rows}


def test_every_personal_column_of_every_own_row_is_exported(life, document, daemon):
    known, mark = told(document), marks(daemon)
    mine = {word.lower() for word in life.ids() | {life.email, life.new_email}}
    checked = set()
    for table, row in scan(daemon, mine):
        if not is_own(table, row, mine):
            continue
        checked.add(table)
        for column, value in row.items():
            if mark[table, column].startswith("personal") and "not exported" not in mark[table, column]:
                missing = [leaf for leaf in leaves(value) if json.dumps(leaf) not in known]
                assert not missing, f"{table}.{column} of {row} is not exported: {missing}"
    assert checked >= set(OWN) - {"guide_verification", "guide_price", "matching_unplaced"}, "each kind of row was there to be looked for"


def test_wherever_else_one_stands_it_is_told_or_for_a_reason_not(life, document, daemon):
    known = told(document)
    mine = {word.lower() for word in life.ids() | {life.email, life.new_email}}
    for table, row in scan(daemon, mine):
        own = is_own(table, row, mine)
        named = {column for column, value in row.items() if any(str(leaf).lower() in mine for leaf in leaves(value))}
        exported = own or any(json.dumps(row[key]) in known for key in ("id", "hash") if row.get(key) is not None) \
            or table == "weights" and json.dumps(str(row["version"])) in known
        assert exported or all((table, column) in OTHERS for column in named), f"{table}: {named} of {row}"


def test_nothing_of_others_goes_along(life, document):
    text = json.dumps(document)
    for other in life.others():
        assert other.email not in text, "addresses are shown inside a match, and not taken along"
    names = {match["other_name"] for match in document["matches"]}
    assert names == {"Matched Other", "Other Guide"}
    assert "Waiting Other" not in text, "who is asked about is not named"
    assert "A note about" not in text, "the words of internal notes are looked through first"
    assert any(not event["public"] for event in document["service_requests"][0]["events"]), "that there is one is told"
    for secret in ("token_hash", "topic_bits"):
        assert secret not in text


def test_the_document_tells_what_was_written(life, document):
    assert document["account"]["email"] == life.email
    assert {role["role"] for role in document["roles"]} == {"coordinator", "advisor", "editor"}
    assert [guide["story"] for guide in document["guides"]] == [f"Story of {life.name}"]
    assert [request["message"] for request in document["guide_requests"]] == [f"Message of {life.name}"]
    assert {match["as"] for match in document["matches"]} == {"guide", "newcomer"}
    asked = document["service_requests"][0]
    assert asked["message"] == f"Please help {life.name}." and f"It is me, {life.name}." in [event.get("text") for event in asked["events"]]
    assert life.person.get(asked["attachments"][0]["url"]).content == b"Text"
    assert {one["as"] for one in document["work"]} >= {"author", "advisor", "actor"}
    assert {one["kind"] for one in document["consents"]} == {"consent-guide", "consent-guide-request", "consent-service-request"}
    assert len(document["unconfirmed"]) == 3 and len(document["feedback"]) == 1
    assert any(one["by_me"] for one in document["record"]) and any(not one["by_me"] for one in document["record"])


def test_a_newcomer_does_not_learn_by_the_export_whom_the_program_asked(people, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    guide.proposal()
    proposals = answer(newcomer.get("/v1/me/export"))["proposals"]
    assert [(one["as"], one["state"], one["guide"]) for one in proposals] == [("newcomer", "open", None)]
    guide.accept()
    assert answer(newcomer.get("/v1/me/export"))["proposals"][0]["guide"] == guide.guide


def test_who_was_reported_does_not_learn_it_by_the_export(people, place):
    guide, newcomer, match = people.match(place.city)
    report = answer(newcomer.post(f"/v1/matches/{match}/report", {"reason": "money", "text": "They asked for money."}), 201)["id"]
    answer(people.coordinator(place.city).post(f"/v1/reports/{report}/resolve", {"outcome": "continued", "note": "A misunderstanding."}))
    told = json.dumps(answer(guide.get("/v1/me/export")))
    assert report not in told and "money" not in told and "misunderstanding" not in told
    own = answer(newcomer.get("/v1/me/export"))["reports"]
    assert [(one["id"], one["text"]) for one in own] == [(report, "They asked for money.")]
    assert "misunderstanding" not in json.dumps(own) and "measure" not in own[0], "what coordinators wrote is about the other"


def test_a_link_for_one_thing_does_not_open_everything(people, daemon, place):
    guide = people.guide(place.city)
    people.newcomer(place.city)
    task = people.open(daemon.mails.next(guide.email, "proposal").token)
    for path in ("/v1/me/export", "/v1/me/consents"):
        problem(task.get(path), 403, "forbidden")
        problem(daemon.http.get(path), 401, "unauthenticated")
