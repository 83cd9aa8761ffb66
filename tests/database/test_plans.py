# SPDX-License-Identifier: EUPL-1.2
"""No operation reads through all people: what EXPLAIN says to each operation file under the wall, with a few thousand of them."""
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
FILES = sorted(ROOT.glob("src/*/*.sql"))
AMBIENT = {"ctx_id": "uuid", "ctx_languages": "text[]", "ctx_request_id": "text", "ctx_cursor": "jsonb", "ctx_if_match": "text",
           "access_token": "text", "access_token_hash": "bytea", "body_html": "text", "body_text": "text", "embeds": "text[]",
           "type": "text", "bytes": "bytea", "width": "integer", "height": "integer", "hash": "text", "round": "jsonb", "round_id": "uuid",
           "occurrences": "text[]", "expanded_to": "date", "attachment": "uuid", "size": "integer",
           "secret": "text", "sealed": "bytea", "issuer": "text", "step": "bigint", "recovery": "bytea", "recovery_codes": "text[]", "recovery_hashes": "text[]",
           "email": "text", "verified": "boolean", "state": "text", "state_hash": "bytea", "authorization_url": "text"}

# What may read a whole table all the same, since it wants most of it or nothing narrower is asked.
ALL_STAFF = {"account", "staff_role"}  # there are hundreds
EXCEPTIONS = {
    "list_accounts": ALL_STAFF, "list_accounts.total": ALL_STAFF, "create_account": ALL_STAFF,
    "list_candidates": {"guide", "guide_language", "guide_price"}, "list_candidates.total": {"guide", "guide_language", "guide_price"},  # scores every guide
    "list_staff_guides": {"guide"},  # by a language or in two cities: walking the ids is cheaper in every other case
    "list_editorial_tasks": {"demand"}, "list_editorial_tasks.total": {"demand"},  # counts of words and things, most of which it wants
    "list_staff_guides.total": {"guide"}, "list_guide_requests.total": {"guide_request"}, "list_matches.total": {"match"},
    "list_reports.total": {"report"}, "list_appointments.total": {"appointment"}, "list_consultation_slots.total": {"consultation_slot"}, "list_audit.total": {"audit"},  # only with count=true
}

# Half of the people are guides, half have a request; each request had two proposals; each city has thirty articles with a published
# text and a draft. Tables as their triggers would leave them.
PEOPLE = """
SET session_replication_role = replica;
CREATE FUNCTION pg_temp.id(kind integer, n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(kind::text, 8, '0') || '-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
INSERT INTO city (slug, name, ags) SELECT 'town-' || n, 'Town ' || n, '9' || n FROM generate_series(0, 99) AS n;
INSERT INTO account (id, email, language) SELECT pg_temp.id(1, n), 'person-' || n || '@example.org', 'en' FROM generate_series(1, 6000) AS n;
INSERT INTO session (id, token_hash, account, expires_at)
SELECT pg_temp.id(2, n), sha256(convert_to('token-' || n, 'UTF8')), pg_temp.id(1, n), now() + interval '1 day' FROM generate_series(1, 6000) AS n;
INSERT INTO login_token (token_hash, kind, address, account)
SELECT sha256(convert_to('mail-' || n, 'UTF8')), 'sign_in', 'person-' || n || '@example.org', pg_temp.id(1, n) FROM generate_series(1, 6000) AS n;
INSERT INTO confirmation (subject_kind, subject_id, address, language, expires_at)
SELECT 'guide', pg_temp.id(3, n), 'new-' || n || '@example.org', 'en', now() + interval '1 day' FROM generate_series(10001, 13000) AS n;
INSERT INTO staff_role (account, role, city)
SELECT pg_temp.id(1, n), 'coordinator', 'town-' || n % 100 FROM generate_series(1, 3000, 10) AS n;
INSERT INTO guide (id, account, state, display_name, languages, cities, serves, audiences, topics, capacity, listed)
SELECT pg_temp.id(3, n), pg_temp.id(1, n), CASE n % 10 WHEN 0 THEN 'applied' WHEN 1 THEN 'paused' ELSE 'active' END, 'Guide ' || n,
       '[{"tag": "en", "level": "C1"}]', ARRAY['town-' || n % 100], ARRAY['town-' || n % 100], '{student}', '{housing}', 3, n % 2 = 0
  FROM generate_series(1, 3000) AS n;
INSERT INTO guide_city (guide, city, position, approved) SELECT id, home_city, 1, state <> 'applied' FROM guide;
INSERT INTO guide_language (guide, language, rank) SELECT id, 'en', 5 FROM guide;
INSERT INTO guide_verification (id, guide, kind, seen_on) SELECT id, id, 'id_card', now() FROM guide;
INSERT INTO guide_request (id, account, state, closed_as, display_name, languages, city, audience, waiting_since, renewed_at)
SELECT pg_temp.id(4, n), pg_temp.id(1, n), (ARRAY['open', 'proposed', 'matched', 'closed'])[1 + n % 4],
       CASE n % 4 WHEN 3 THEN 'withdrawn' END, 'Newcomer ' || n, '[{"tag": "en", "level": "C1"}]', 'town-' || n % 100, 'student', now(), now()
  FROM generate_series(3001, 6000) AS n;
INSERT INTO guide_request_language (request, position, language, rank) SELECT id, 1, 'en', 5 FROM guide_request;
INSERT INTO proposal (id, request, request_account, request_city, guide, guide_account, guide_city, seat, state, terms, score, weights, expires_at)
SELECT pg_temp.id(4 + seat, n), pg_temp.id(4, n), pg_temp.id(1, n), 'town-' || n % 100, pg_temp.id(3, n - 3000), pg_temp.id(1, n - 3000),
       'town-' || n % 100, seat, CASE WHEN seat = 1 THEN 'declined' ELSE (ARRAY['expired', 'open', 'accepted', 'cancelled'])[1 + n % 4] END,
       '[]', 1, 1, now() + interval '1 day'
  FROM generate_series(3001, 6000) AS n, generate_series(1, 2) AS seat;
INSERT INTO match (id, proposal, request, request_account, request_city, guide, guide_account, guide_city)
SELECT pg_temp.id(7, n), pg_temp.id(6, n), pg_temp.id(4, n), pg_temp.id(1, n), 'town-' || n % 100, pg_temp.id(3, n - 3000), pg_temp.id(1, n - 3000),
       'town-' || n % 100
  FROM generate_series(3001, 6000) AS n WHERE n % 4 = 2;
INSERT INTO report (id, proposal, match, request_city, guide_city, reported_by, reporter, reported, reason, text, state, outcome, resolved_at)
SELECT pg_temp.id(12, n), pg_temp.id(6, n), pg_temp.id(7, n), 'town-' || n % 100, 'town-' || n % 100, 'guide', pg_temp.id(1, n - 3000), pg_temp.id(1, n), 'other', '',
       CASE WHEN n % 80 = 2 THEN 'open' ELSE 'resolved' END, CASE WHEN n % 80 <> 2 THEN 'ended' END, CASE WHEN n % 80 <> 2 THEN now() END
  FROM generate_series(3001, 6000) AS n WHERE n % 4 = 2;
INSERT INTO report_note (id, report, text) SELECT pg_temp.id(27, n), pg_temp.id(12, n), 'Called' FROM generate_series(3001, 6000) AS n WHERE n % 4 = 2;
INSERT INTO own_block (id, blocker, blocked, name)
SELECT pg_temp.id(28, n), pg_temp.id(1, n), pg_temp.id(1, n - 3000), 'Guide' FROM generate_series(3001, 6000) AS n;
INSERT INTO bar (id, key, account, city, reason)
SELECT pg_temp.id(29, n), sha256(n::text::bytea), pg_temp.id(1, n), 'town-' || n % 100, 'because' FROM generate_series(1, 3000) AS n;
INSERT INTO kept_apart (key, other) SELECT sha256(n::text::bytea), pg_temp.id(1, n) FROM generate_series(1, 3000) AS n;
INSERT INTO check_in (match, week, party, answer)
SELECT pg_temp.id(7, n), week, 'guide', 'well' FROM generate_series(3001, 6000) AS n, unnest('{2,8}'::int[]) AS week WHERE n % 4 = 2;
INSERT INTO price_table (version, method, requests, samples) SELECT n, 'bootstrap', 100, 20 FROM generate_series(1, 2000) AS n;
INSERT INTO guide_price (version, guide, price) SELECT 1999 + n, id, 100 FROM guide, generate_series(0, 1) AS n;
INSERT INTO matching_round (id, seed, second, digest, weights, started_at, requests, guides, pairs, placed, proposed, certificate)
SELECT pg_temp.id(13, n), n, false, n::text, 1, now(), 9, 9, 9, 9, 9, '{}' FROM generate_series(1, 3000) AS n;
INSERT INTO matching_unplaced (round, request, speakers, reasons)
SELECT pg_temp.id(13, n), pg_temp.id(4, n + 3000), 1, '{}' FROM generate_series(1, 3000) AS n;
INSERT INTO matching_override (request, guide, kind, reason)
SELECT pg_temp.id(4, n + 3000), pg_temp.id(3, n), 'pin', 'because' FROM generate_series(1, 3000) AS n;
INSERT INTO block (newcomer, guide, rule) SELECT pg_temp.id(1, n), pg_temp.id(1, n - 3000), 'H4' FROM generate_series(3001, 6000) AS n;
INSERT INTO outbox (id, template, account, language, state, sent_at)
SELECT pg_temp.id(8, n), 'sign_in', pg_temp.id(1, n), 'en', 'sent', now() FROM generate_series(1, 6000) AS n;
INSERT INTO audit (actor, action, subject_kind, subject_id, city)
SELECT pg_temp.id(1, n), 'approved', 'guide', pg_temp.id(3, n), 'town-' || n % 100 FROM generate_series(1, 6000) AS n;
INSERT INTO content (id, kind, key, position, city, languages)
SELECT pg_temp.id(9, n), 'article', 'article-' || n, n, 'town-' || n % 100, '{de}' FROM generate_series(1, 3000) AS n;
INSERT INTO revision (id, content, desk, language, number, state, slug, title, body_markdown, body_html, body_text, author, published_at)
SELECT pg_temp.id(9 + number, n), pg_temp.id(9, n), 'town-' || n % 100, 'de', number, CASE number WHEN 1 THEN 'published' ELSE 'draft' END,
       'article-' || n, 'Article ' || n, '', '', '', pg_temp.id(1, n), CASE number WHEN 1 THEN now() END
  FROM generate_series(1, 3000) AS n, generate_series(1, 2) AS number;
INSERT INTO translation (content, language, revision, slug, title, summary, body_markdown, body_html, body_text, embeds, method, legal_basis,
                         sources, published_at)
SELECT content, language, id, slug, title, summary, body_markdown, body_html, body_text, embeds, method, legal_basis, sources, published_at
  FROM revision WHERE state = 'published';
INSERT INTO content_slug (content, language, slug) SELECT content, language, slug FROM translation;
INSERT INTO feedback (id, kind, desk, content, text, language) SELECT pg_temp.id(12, n), 'error', 'town-' || n % 100, pg_temp.id(9, n), '', 'de'
  FROM generate_series(1, 3000) AS n;
INSERT INTO staff_role (account, role, city)
SELECT pg_temp.id(1, n), 'advisor', 'town-' || n % 100 FROM generate_series(1, 3000, 10) AS n;
INSERT INTO office (city, slug, name, opening_hours)
SELECT 'town-' || n, 'desk', '{"en": "Desk"}', '[{}, {}, {}, {}, {}, {}, {}]' FROM generate_series(0, 99) AS n;
INSERT INTO service (code, clientele, category, appointments) VALUES ('consulting', 'newcomer', 'help', true);
INSERT INTO service_version (service, version, name) VALUES ('consulting', 1, '{"en": "Help"}');
INSERT INTO service_request (id, account, reference, state, service, version, city, handled_by, contact_name, language)
SELECT pg_temp.id(14, n), pg_temp.id(1, n), 'WR-0000' || n || '0', 'in_progress', 'consulting', 1, 'town-' || n % 100, ARRAY['town-' || n % 100], 'Somebody', 'en'
  FROM generate_series(3001, 6000) AS n;
INSERT INTO service_request_office (id, request, requester_account, service, request_state, city, office, state, assigned_at, acknowledge_due_at, resolve_due_at)
SELECT pg_temp.id(15, n), pg_temp.id(14, n), pg_temp.id(1, n), 'consulting', 'in_progress', 'town-' || n % 100, 'desk', 'in_progress', now(), now(), now()
  FROM generate_series(3001, 6000) AS n;
INSERT INTO service_event (id, request, office_row, kind, public, by)
SELECT pg_temp.id(16, n), pg_temp.id(14, n), pg_temp.id(15, n), 'submitted', true, 'system' FROM generate_series(3001, 6000) AS n;
INSERT INTO consultation_slot (id, city, office, advisor, during)
SELECT pg_temp.id(17, n), 'town-' || n % 100, 'desk', pg_temp.id(1, n), tstzrange(now() + n * interval '1 hour', now() + n * interval '1 hour' + interval '30 minutes')
  FROM generate_series(1, 6000) AS n;
INSERT INTO appointment (id, request, requester_account, office_row, city, office, slot, starts_at, ends_at)
SELECT pg_temp.id(18, n), pg_temp.id(14, n), pg_temp.id(1, n), pg_temp.id(15, n), s.city, 'desk', s.id, s.starts_at, s.ends_at
  FROM generate_series(3001, 6000) AS n JOIN consultation_slot s ON s.id = pg_temp.id(17, n);
INSERT INTO service (code, clientele, category) SELECT 'service-' || n, 'newcomer', 'help' FROM generate_series(1, 20) AS n;
INSERT INTO service_version (service, version, name) SELECT code, 1, '{"en": "Help"}' FROM service WHERE code <> 'consulting';
INSERT INTO service_request (id, account, reference, state, service, version, city, handled_by, contact_name, language)
SELECT pg_temp.id(20, n), pg_temp.id(1, n), 'WR-' || lpad(n::text, 9, '0'), 'in_progress', 'service-' || 1 + n % 20, 1, 'town-' || n % 100,
       ARRAY['town-' || n % 100], 'Somebody', 'en'
  FROM generate_series(1, 6000) AS n;
INSERT INTO service_request_office (id, request, requester_account, service, request_state, city, office, state, assigned_at, acknowledge_due_at, resolve_due_at)
SELECT pg_temp.id(21, n), pg_temp.id(20, n), pg_temp.id(1, n), 'service-' || 1 + n % 20, 'in_progress', 'town-' || n % 100, 'desk', 'in_progress', now(), now(), now()
  FROM generate_series(1, 6000) AS n;
INSERT INTO service_event (id, request, office_row, kind, public, by, actor)
SELECT pg_temp.id(21 + k, n), pg_temp.id(20, n), pg_temp.id(21, n), 'message', true, 'staff', pg_temp.id(1, 1 + n % 100)
  FROM generate_series(1, 6000) AS n, generate_series(1, 3) AS k;
INSERT INTO service_attachment (id, request, public, by, actor, name, type, size, kept_in)
SELECT pg_temp.id(25, n), pg_temp.id(20, n), true, 'requester', pg_temp.id(1, n), 'a.txt', 'text/plain', 1, 'directory' FROM generate_series(1, 6000) AS n;
INSERT INTO staff_absence (account, first_on, last_on, deputy) SELECT pg_temp.id(1, n), today(), today(), pg_temp.id(1, n + 1) FROM generate_series(1, 3000) AS n;
INSERT INTO saved_export (id, account, name, filter) SELECT pg_temp.id(26, n), pg_temp.id(1, n), 'mine', '{}' FROM generate_series(1, 3000) AS n;
RESET session_replication_role;
ANALYZE;
"""
VALUES = {"city": "'town-7'", "language": "'en'", "audience": "'student'", "topic": "'housing'", "limit": "20", "ctx_languages": "'{en}'",
          "id": "'00000004-0000-7000-8000-000000003007'"}


def resolved(thing):
    while "$ref" in thing:
        found = CONTRACT
        for name in thing["$ref"].split("/")[1:]:
            found = found[name]
        thing = found
    return thing


def sql_type(schema):
    """As src/core/sql_type.c has it."""
    schema = resolved(schema)
    for part in schema.get("allOf", []):
        schema = resolved(part) | schema
    alternatives = [one for one in schema.get("oneOf", []) if one != {"type": "null"}]
    if len(alternatives) == 1:
        return sql_type(alternatives[0])
    types = schema.get("type", "object")
    kind = types if isinstance(types, str) else next(one for one in types if one != "null")
    if kind == "array" and resolved(schema["items"]).get("type") == "string":
        return "uuid[]" if resolved(schema["items"]).get("format") == "uuid" else "text[]"
    named = {"uuid": "uuid", "date": "date", "date-time": "timestamptz", "int64": "int8"}
    return named.get(schema.get("format")) or {"string": "text", "integer": "int4", "number": "float8", "boolean": "bool"}.get(kind, "jsonb")


def operation(name):
    return next((item, declared) for item in CONTRACT["paths"].values() for declared in item.values()
                if isinstance(declared, dict) and declared.get("operationId") == name)


def types_of(name):
    """The SQL type of everything a statement of the operation may name."""
    item, declared = operation(name)
    parameters = [resolved(one) for one in item.get("parameters", []) + declared.get("parameters", [])]
    body = resolved(declared.get("requestBody", {})).get("content", {})
    members = resolved(next(iter(body.values()))["schema"]).get("properties", {}) if body else {}
    return (AMBIENT | {"body": "jsonb"} | {member: sql_type(schema) for member, schema in members.items()}
            | {one["name"]: sql_type(one["schema"]) for one in parameters})


def statements(file):
    """(text with $1, $2 ..., names of the parameters) of each statement that can be explained."""
    for statement in re.split(r";\s*$", re.sub(r"--.*", "", file.read_text()), flags=re.M):
        names = []

        def number(match):
            if match[1] not in names:
                names.append(match[1])
            return f"${names.index(match[1]) + 1}"
        text = re.sub(r"(?<![:\w)\]'\"]):([a-z_]\w*)", number, statement).strip()
        if text:
            yield text, names


def scans(plan):
    """The tables a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for below in plan.get("Plans", []):
        yield from scans(below)


@pytest.fixture(scope="module")
def crowd(world):
    world.god.execute(PEOPLE)
    world.god.execute("VACUUM ANALYZE")  # as in service; else autovacuum would change plans in between
    yield world
    world.clear()


@pytest.fixture(scope="module")
def walled(crowd):
    return {row["relname"] for row in crowd.all("SELECT relname FROM pg_class WHERE relnamespace = 'welcome'::regnamespace AND relrowsecurity")}


@pytest.mark.parametrize("person", ["coordinator", "guide", "newcomer"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_table_of_people_is_read_from_end_to_end(crowd, walled, file, person):
    name = file.stem.partition(".")[0]
    types = types_of(name)
    slow = operation(name)[1].get("x-lane") == "slow"
    token = {"coordinator": "token-11", "guide": "token-7", "newcomer": "token-3007"}[person]
    read = set()
    with crowd.session(token).transaction() as cursor:
        cursor.execute(f"SET LOCAL plan_cache_mode = {'force_custom_plan' if slow else 'force_generic_plan'}")
        for text, names in statements(file):
            declared = f" ({', '.join(types[one] for one in names)})" if names else ""
            values = f" ({', '.join(VALUES.get(one, 'NULL') if slow else 'NULL' for one in names)})" if names else ""
            cursor.execute(f"PREPARE looked_at{declared} AS {text}".replace("%", "%%"), ())
            plan = cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at{values}").fetchone()["QUERY PLAN"]
            cursor.execute("DEALLOCATE looked_at")
            read |= set(scans(plan[0]["Plan"]))
    assert read & walled <= EXCEPTIONS.get(file.stem, set())
