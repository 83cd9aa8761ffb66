# SPDX-License-Identifier: EUPL-1.2
"""The wall: every relation of the catalogue × every kind of reader, compared with the same rules written a second time in Python."""
import itertools
import json
import uuid

import psycopg
import pytest

from test_catalogue import PUBLIC_TABLES
from world import Refused, languages

CITIES = ("bochum", "dortmund", "essen", "hagen")


class Reader:
    """Who they are, as the rules below see it; what speaks for them to the database."""

    def __init__(self, session, account=None, cities=(), admin=False, task=None, desks=(), advised=()):
        self.session, self.account, self.cities, self.admin, self.task = session, account and str(account), set(cities), admin, task
        self.desks, self.advised = set(desks), set(advised)


def write_texts(world, desk, author):
    """Something of every kind at that desk, each with a published text, a draft and one in review."""
    city = None if desk == "*" else desk
    for kind in ("article", "place", "news", "event", "story"):
        thing = world.value("INSERT INTO content (id, kind, key, city) VALUES (uuid_v7(), %s, %s, %s) RETURNING id",
                            kind, f"{kind}-{city or 'region'}", city)
        for language, state in (("de", "published"), ("en", "draft"), ("tr", "in_review")):
            world.god.execute("INSERT INTO revision (id, content, desk, language, number, state, slug, title, body_markdown, body_html, body_text, author)"
                              " VALUES (uuid_v7(), %s, %s, %s, 1, %s, %s, 'Title', '', '', '', %s)",
                              (thing, desk, language, state, f"{kind}-{city or 'region'}", author))
        world.anonymous.run(("INSERT INTO feedback (id, kind, content, text, language) VALUES (%s, 'error', %s, 'Wrong', 'de')",
                             (report := uuid.uuid4(), thing)), ("SELECT keep_feedback_address(%s, 'reader@example.org')", (report,)),
                            subject=report)
        for statement in PARTS.get(kind, ()):
            world.god.execute(statement, {"thing": thing, "key": f"{kind}-{city or 'region'}"})


PARTS = {
    "article": ["INSERT INTO media (hash, type, bytes, desk) VALUES (repeat('0', 64), 'image/png', '', '*') ON CONFLICT DO NOTHING",
                "INSERT INTO attachment (content, position, media) VALUES (%(thing)s, 1, repeat('0', 64))"],
    "place": ["INSERT INTO place_category (code, position, title, icon, color) VALUES ('office', 1, '{}', '', '#000000') ON CONFLICT DO NOTHING",
              "INSERT INTO place (content, category) VALUES (%(thing)s, 'office')",
              "INSERT INTO contact (key, place, position, role) VALUES (%(key)s, %(thing)s, 1, '{}')"],
    "news": ["INSERT INTO news (content, publishes_at) VALUES (%(thing)s, '2026-01-01')"],
    "event": ["INSERT INTO event (content, starts, ends, expanded_to) VALUES (%(thing)s, '2026-01-01', '2026-01-02', '2026-01-02')",
              "INSERT INTO occurrence (event, starts_at, ends_at) VALUES (%(thing)s, '2026-01-01', '2026-01-02')"],
    "story": ["INSERT INTO story (content, teller, speaks, fictional) VALUES (%(thing)s, 'Somebody', '{de}', true)"]}
PART_KEYS = {"attachment": "content", "place": "content", "contact": "place", "news": "content", "event": "content",
             "story": "content"}


def ask_for_services(world):
    """Requests at one office, at two, forwarded, ended, of nobody's city and unconfirmed, with what was said before and after; who reads."""
    for city in ("essen", "hagen", "*"):
        world.office(city)
    advisors = {city: world.staff("advisor", city) for city in ("essen", "hagen", "*")}
    askers = {name: world.requester(city) for name, city in {"one": "essen", "two": "essen", "moved": "hagen", "rejected": "hagen", "nowhere": None}.items()}
    world.insert("service_request", {"id": str(uuid.uuid4()), "service": "help", "city": "essen", "contact_name": "Nobody", "language": "de"}, world.address())
    say = ("INSERT INTO service_event (id, request, office_row, kind, public, by, actor, text) VALUES (%s, %s, my_office_row(%s, NULL), 'message', %s,"
           " 'staff', me(), 'Words')")
    bring = ("INSERT INTO service_attachment (id, request, event, office_row, public, by, actor, name, type, size, kept_in, bytes)"
             " VALUES (%s, %s, %s, my_office_row(%s, NULL), %s, 'staff', me(), 'a.txt', 'text/plain', 4, 'database', 'Text')")

    def said(city, request, public):
        event = uuid.uuid4()
        advisors[city].run((say, (event, request, request, public)), (bring, (uuid.uuid4(), request, event, request, public)))
    for name, city in {"one": "essen", "two": "essen", "moved": "hagen"}.items():
        for public in (True, False):
            said(city, askers[name].request, public)
    advisors["essen"].run(("SELECT lock_for_service_request(%s, 'staff')", (askers["two"].request,)),
                          ("SELECT add_service_office(%s, 'hagen', 'desk')", (askers["two"].request,)))
    said("hagen", askers["two"].request, False)
    world.god.execute("UPDATE service SET appointments = true")
    offer = ("INSERT INTO consultation_slot (id, city, office, advisor, during) SELECT %s, %s, 'desk', me(), tstzrange(t, t + interval '1 hour')"
             " FROM (SELECT clock() + %s * interval '1 day') AS x(t)")
    slots = {(city, day): str(uuid.uuid4()) for city in ("essen", "hagen", "*") for day in range(1, 5)}
    for (city, day), slot in slots.items():
        advisors[city].run((offer, (slot, city, day)))
    for day, (name, city) in enumerate((("one", "essen"), ("two", "essen"), ("two", "hagen"), ("moved", "hagen")), 1):
        askers[name].run(("SELECT lock_for_service_request(%s)", (askers[name].request,)),
                         ("INSERT INTO appointment (id, request, slot) VALUES (%s, %s, %s)", (uuid.uuid4(), askers[name].request, slots[city, day])))
    advisors["hagen"].run(("SELECT lock_for_service_request(%s, 'staff')", (askers["moved"].request,)),
                          ("SELECT forward_service_request(%s, NULL, 'essen', 'desk', 'Yours')", (askers["moved"].request,)))
    said("essen", askers["moved"].request, False)
    advisors["hagen"].step(askers["rejected"].request, "rejected", rejected_as="spam")
    world.god.execute("INSERT INTO staff_absence (account, first_on, last_on, deputy) VALUES (%s, today(), today() + 1, %s)",
                      (advisors["essen"].account, advisors["*"].account))
    for session in advisors.values():
        world.god.execute("INSERT INTO saved_export (id, account, name, filter) VALUES (uuid_v7(), %s, 'mine', '{}')", (session.account,))
    everywhere = {*CITIES, "*"}
    made = {f"advisor {city}": Reader(session, session.account, advised=everywhere if city == "*" else {city}) for city, session in advisors.items()}
    made |= {f"asker {name}": Reader(session, session.account) for name, session in askers.items()}
    link, _ = world.open(world.mail_to(askers["moved"].email, "service_request_submitted")[1])
    made["task service request"] = Reader(link, askers["moved"].account, task=askers["moved"].request)
    return made


@pytest.fixture(scope="module")
def readers(world):
    """Guides and requests in every state and city, cross-city pairs, and one reader of every kind."""
    both = languages(de="native", ti="C1")
    guides = {city: world.guide(both, [city], neighbours=True, remote=True, capacity=9) for city in CITIES}
    guides["two"] = world.guide(both, ["essen", "hagen"], listed=False, remote=True)
    for state in ("applied", "in_screening", "rejected", "paused", "suspended", "left"):
        world.guide(both, ["dortmund", "bochum"], state=state, listed=state == "paused")
    world.apply(world.address(), both, ["essen"])
    world.ask(world.address(), both, "essen")
    everywhere = world.staff("coordinator", "*")

    def pair(guide, city, answer=None, **request):
        newcomer = world.newcomer(languages(ti="native"), city, **{"neighbours": True, "remote": True, **request})
        newcomer.proposal = everywhere.propose(newcomer.request, guides[guide].guide)
        for party, state in (answer or ()):
            {"guide": guides[guide], "newcomer": newcomer}[party].answer(newcomer.proposal, state)
        return newcomer

    accepted = [("guide", "accepted")]
    newcomers = {
        "asked": pair("essen", "essen"), "awaiting": pair("essen", "bochum", accepted, share_contact="ask_me"),
        "matched": pair("bochum", "dortmund", accepted), "refused": pair("two", "hagen", [*accepted, ("newcomer", "refused")], share_contact="ask_me"),
        "declined": pair("hagen", "hagen", [("guide", "declined")]), "cityless": pair("hagen", None),
        "cityless matched": pair("two", None, accepted), "waiting": world.newcomer(both, "essen"),
        "reported": pair("two", "essen", accepted), "withdrawn": pair("dortmund", "dortmund"), "ended": pair("bochum", "bochum", accepted)}
    newcomers["withdrawn"].withdraw(newcomers["withdrawn"].request)
    newcomers["ended"].end(newcomers["ended"].one("SELECT id FROM match")["id"], "schedule")
    world.place(newcomers["waiting"].request)
    for kind, newcomer in (("forbid", "waiting"), ("pin", "matched")):
        world.god.execute("INSERT INTO matching_override (request, guide, kind, reason) VALUES (%s, %s, %s, 'because')",
                          (newcomers[newcomer].request, guides["hagen"].guide, kind))
    world.god.execute("INSERT INTO matching_unplaced SELECT r.id, %s, 3, '{\"full\": 3}' FROM matching_round r", (newcomers["waiting"].request,))
    report = str(uuid.uuid4())
    newcomers["reported"].run(("SELECT file_report(%s, NULL, id, 'money', '') FROM match", (report,)), subject=report)
    world.god.execute("INSERT INTO report_note (id, report, text) VALUES (uuid_v7(), %s, 'Called them')", (report,))
    newcomers["ended"].run(("SELECT block_other(%s, NULL, id) FROM match", (uuid.uuid4(),)))
    for city in ("essen", "hagen", "*"):
        world.god.execute("INSERT INTO bar (id, key, account, city, reason) VALUES (uuid_v7(), sha256('x'), %s, %s, 'because')",
                          (newcomers["withdrawn"].account, city))
    for city in ("essen", "*"):  # a coordinator's own, by the account and by the mailbox; whose it is stands in the name here
        world.god.execute("INSERT INTO bar (id, key, account, city, reason) VALUES (uuid_v7(), sha256('z'), %s, %s, 'because')", (everywhere.account, city))
        world.god.execute("INSERT INTO bar (id, key, name, city, reason) SELECT uuid_v7(), mailbox_key(email), id, %s, 'because' FROM account WHERE id = %s",
                          (city, everywhere.account))
    world.god.execute("INSERT INTO kept_apart (key, other) VALUES (sha256('y'), %s)", (guides["essen"].account,))
    world.god.execute("INSERT INTO guide_verification (id, guide, kind, seen_on) SELECT uuid_v7(), id, 'id_card', '2026-01-01' FROM guide")
    mails = {(mail["to"], mail["path"]): token for mail, token in world.mails()}

    def task(kind, thing, guide, request):
        path = f"/{kind.replace('_', '-')}{'es' if kind == 'match' else 's'}/{thing}"
        session = world.open(mails[guides[guide].email, path])[0]
        session.tasks, session.thing = [kind], thing
        return Reader(session, guides[guide].account, task=request)

    matched = world.value("SELECT id FROM match WHERE request = %s", newcomers["matched"].request)
    for_all = {*CITIES, "*"}
    made = {"anonymous": Reader(world.anonymous), "worker": Reader(world.worker), "coordinator *": Reader(everywhere, everywhere.account, for_all)}
    for name, session in (*guides.items(), *newcomers.items()):
        made[name] = Reader(session, session.account)
    for city in CITIES:
        session = world.staff("coordinator", city)
        made[f"coordinator {city}"] = Reader(session, session.account, {city})
    made |= ask_for_services(world)
    for desk in ("essen", "hagen", "*"):
        session = world.staff("editor", desk)
        made[f"editor {desk}"] = Reader(session, session.account, desks=for_all if desk == "*" else {desk})
        write_texts(world, desk, session.account)
    world.god.execute("INSERT INTO demand (day, what, key, language, count) VALUES ('2026-01-01', 'search', 'anmeldung', 'de', 3)")
    session = world.staff("admin", "*")
    made["admin"] = Reader(session, session.account, admin=True)
    asked = newcomers["asked"]
    made["task proposal"] = task("proposal", asked.proposal, "essen", asked.request)
    made["task match"] = task("match", matched, "bochum", newcomers["matched"].request)
    return made


class Rules:
    """What each reader may see, computed from the rows of all tables without a word of SQL."""

    def __init__(self, world):
        def rows(table):
            return [row["r"] for row in world.all(f"SELECT to_jsonb(t) AS r FROM {table} t")]
        self.tables = {name: rows(name) for name in ("account", "audit", "revision", "feedback", "guide", "guide_city", "guide_verification", "guide_request", "proposal",
                                                     "match", "report", "own_block", "bar", "matching_round", "matching_unplaced", "matching_override", "staff_role",
                                                     "service_request", "service_request_office", "service_event", "service_attachment", "staff_absence",
                                                     "consultation_slot", "appointment", "saved_export")}
        self.guides = {row["id"]: row for row in self.tables["guide"]}
        self.requests = {row["id"]: row for row in self.tables["guide_request"]}

    @staticmethod
    def within(reader, request):
        return reader.task in (None, request)

    def account(self, reader, row):
        return row["id"] == reader.account or reader.admin

    def guide(self, reader, row):
        if row["state"] == "unverified":
            return False
        return row["account"] == reader.account or any(city in reader.cities for city in row["cities"])

    def guide_city(self, reader, row):
        return self.guides[row["guide"]]["account"] == reader.account or row["city"] in reader.cities

    def guide_verification(self, reader, row):
        return self.guide(reader, self.guides[row["guide"]])

    def guide_request(self, reader, row):
        if row["state"] == "unverified" or not self.within(reader, row["id"]):
            return False
        if row["account"] == reader.account or (row["city"] or "*") in reader.cities:
            return True
        homes = {self.guides[p["guide"]]["cities"][0] for p in self.tables["proposal"] if p["request"] == row["id"]}
        return row["city"] is None and bool(homes & reader.cities)

    def sides(self, row):
        guide, request = self.guides[row["guide"]], self.requests[row["request"]]
        return guide["account"], guide["cities"][0], request["account"], request["city"] or "*"

    def proposal(self, reader, row):
        guide, guide_city, newcomer, request_city = self.sides(row)
        shown = row["state"] in ("awaiting_newcomer", "accepted", "refused")
        return self.within(reader, row["request"]) and bool(guide == reader.account or (newcomer == reader.account and shown)
                                                            or {guide_city, request_city} & reader.cities)

    def match(self, reader, row):
        guide, guide_city, newcomer, request_city = self.sides(row)
        return self.within(reader, row["request"]) and bool(reader.account in (guide, newcomer) or {guide_city, request_city} & reader.cities)

    def report(self, reader, row):
        proposal = next(p for p in self.tables["proposal"] if p["id"] == row["proposal"])
        guide, guide_city, newcomer, request_city = self.sides(proposal)
        return reader.account not in (guide, newcomer) and bool({guide_city, request_city} & reader.cities)

    def own_block(self, reader, row):
        return row["blocker"] == reader.account

    def matching_round(self, reader, row):
        return "*" in reader.cities or reader.admin

    matching_unplaced = matching_round

    def matching_override(self, reader, row):
        return (self.requests[row["request"]]["city"] or "*") in reader.cities

    # windows: the keys of the rows, and for match_contact the addresses
    def bar(self, reader):
        return {(b["id"],) for b in self.tables["bar"] if b["city"] in reader.cities and b["account"] != reader.account and b["name"] != reader.account}

    def public_guide(self, reader):
        return {(g["id"],) for g in self.tables["guide"] if g["listed"] and g["state"] in ("active", "paused")}

    def guide_contact(self, reader):
        return {(g["id"],) for g in self.tables["guide"] if self.guide(reader, g)}

    def request_contact(self, reader):
        return {(r["id"],) for r in self.tables["guide_request"] if self.guide_request(reader, r)}

    def proposal_detail(self, reader):
        return {(p["id"],) for p in self.tables["proposal"] if self.proposal(reader, p)}

    def match_contact(self, reader):
        keys, emails = set(), {a["id"]: a["email"] for a in self.tables["account"]}
        for m in filter(lambda row: self.match(reader, row), self.tables["match"]):
            guide, guide_city, newcomer, request_city = self.sides(m)
            active = m["state"] == "active"
            party = reader.account in (guide, newcomer) and m["paused_at"] is None
            keys.add((m["id"], emails[guide] if active and (party or guide_city in reader.cities) else None,
                      emails[newcomer] if active and (party or request_city in reader.cities) else None))
        return keys

    def rows_of(self, request, reader):
        return [o for o in self.tables["service_request_office"] if o["request"] == request and o["city"] in reader.advised]

    def service_request(self, reader, row):
        return (row["state"] != "unverified" and self.within(reader, row["id"])
                and bool(row["account"] == reader.account or self.rows_of(row["id"], reader)))

    def service_request_office(self, reader, row):
        return self.within(reader, row["request"]) and (row["requester_account"] == reader.account or row["city"] in reader.advised)

    def service_event(self, reader, row):
        asker = next(r["account"] for r in self.tables["service_request"] if r["id"] == row["request"])
        return (self.within(reader, row["request"])
                and (row["public"] if asker == reader.account
                     else any(o["left_at"] is None or row["at"] <= o["left_at"] for o in self.rows_of(row["request"], reader))))

    def appointment(self, reader, row):
        return self.within(reader, row["request"]) and (row["requester_account"] == reader.account or row["city"] in reader.advised)

    def consultation_slot(self, reader, row):
        mine = any(a["slot"] == row["id"] and a["requester_account"] == reader.account and self.appointment(reader, a) for a in self.tables["appointment"])
        return row["city"] in reader.advised or mine

    service_attachment = service_event  # and nobody gets a file whose message they do not see

    def service_attachment_record(self, reader):
        return {(row["id"],) for row in self.tables["service_attachment"] if self.service_attachment(reader, row)}

    def saved_export(self, reader, row):
        return row["account"] == reader.account

    def my_deputy(self, reader):
        return {(a["deputy"],) for a in self.tables["staff_absence"] if a["account"] == reader.account}

    def staff_absence(self, reader, row):
        return reader.account in (row["account"], row["deputy"])

    def service_request_contact(self, reader):
        return {(r["id"],) for r in self.tables["service_request"] if self.service_request(reader, r)}

    def revision(self, reader, row):
        return row["desk"] in reader.desks

    def feedback(self, reader, row):
        return row["desk"] in reader.desks

    def audit_record(self, reader):
        return {(str(r["id"]),) for r in self.tables["audit"]} if reader.admin else set()

    def staff_account(self, reader):
        return {(r["account"],) for r in self.tables["staff_role"]} if reader.admin else set()


FLAT = ("account", "revision", "feedback", "guide", "guide_city", "guide_verification", "guide_request", "proposal", "match", "report", "own_block", "matching_round", "matching_unplaced", "matching_override",
        "service_request", "service_request_office", "service_event", "service_attachment", "staff_absence", "consultation_slot", "appointment", "saved_export")
WINDOWS = {"public_guide": "id", "guide_contact": "guide", "request_contact": "request", "proposal_detail": "proposal",
           "match_contact": "match, guide_email, newcomer_email", "staff_account": "id", "audit_record": "id", "service_request_contact": "request", "service_attachment_record": "id",
           "my_deputy": "id", "bar": "id"}  # of bar not every column
OWN_TESTS = {"candidate", "eligible", "published_translation", "content_work", "editorial_task", "demand",
             "media_record", "office_public"}  # test_rules.py; content


def seen(reader, statement):
    """The rows, or None when the reader may not even ask."""
    try:
        return reader.session.run((statement, ()))
    except psycopg.errors.InsufficientPrivilege:
        return None


def text(rows):
    return {json.dumps(row, sort_keys=True, default=str) for row in rows}


def test_every_reader_sees_exactly_what_the_rules_say(world, readers):
    rules = Rules(world)
    relations = [row["name"] for row in world.all("SELECT relname AS name FROM pg_class WHERE relnamespace = 'welcome'::regnamespace "
                                                  "AND relkind IN ('r', 'v') ORDER BY 1")]
    differences = []
    for relation, (name, reader) in itertools.product(relations, readers.items()):
        rows = seen(reader, f"SELECT to_jsonb(t) AS r FROM {relation} t" if relation not in WINDOWS
                    else f"SELECT {WINDOWS[relation]} FROM {relation}")
        if relation in ("office", "partner", "weights"):  # public but for a mailbox, the request it came from, and who set them
            good = (rows is None) == (name != "worker" or relation == "partner")
        elif relation in PUBLIC_TABLES:
            good = rows is not None and len(rows) == world.value(f"SELECT count(*) FROM {relation}")
        elif relation == "outbox":
            good = (rows is None) == (name != "worker")
        elif name == "worker":
            good = rows is None or relation in {"published_translation", "exported_thing", "exported_text", "exported_media", "undescribed", "slug_clash"}
        elif relation in WINDOWS:
            expected = getattr(rules, relation)(reader)
            got = {tuple(str(v) if v is not None else None for v in row.values()) for row in rows}
            good = got == expected and len(rows) == len(got)
        elif relation in FLAT:
            expected = [row for row in rules.tables[relation] if getattr(rules, relation)(reader, row)]
            good = rows is not None and text(row["r"] for row in rows) == text(expected)
        else:
            good = relation in OWN_TESTS or rows is None
        if not good:
            differences.append((relation, name))
    assert len(relations) * len(readers) > 700
    assert differences == []


def probe(reader, statement, parameters):
    """How many rows a statement changes that is then undone; refused is none."""
    count = 0
    try:
        with reader.session.transaction() as cursor:
            cursor.execute(statement, parameters)
            count = cursor.rowcount
            raise psycopg.Rollback
    except Exception:  # noqa: BLE001 - refused by privilege, policy or problem: nothing written
        pass
    return count


def test_nobody_writes_what_they_do_not_see(world, readers):
    rules = Rules(world)
    columns = {}
    for row in world.all("""SELECT table_name AS t, array_agg(column_name::text) AS c FROM information_schema.column_privileges
                             WHERE grantee = 'welcome' AND privilege_type = 'UPDATE' GROUP BY 1"""):
        columns[row["t"]] = row["c"][0]
    probes, beyond = 0, []
    for (name, reader), table in itertools.product(readers.items(), FLAT):
        for row in rules.tables[table]:
            key = next(name for name in ("id", "guide", "round", "account") if name in row)
            statements = [f"DELETE FROM {table} WHERE {key} = %s"]
            if table in columns:
                statements.append(f"UPDATE {table} SET {columns[table]} = {columns[table]} WHERE {key} = %s")
            for statement in statements:
                probes += 1
                if probe(reader, statement, (row[key],)) and not getattr(rules, table)(reader, row):
                    beyond.append((name, statement, row[key]))
    assert probes > 2000 and beyond == []


def test_rows_are_made_by_few_statements(world):
    granted = {(row["t"], row["p"]) for row in world.all(
        """SELECT table_name AS t, privilege_type AS p FROM information_schema.column_privileges
            WHERE grantee = 'welcome' AND privilege_type = 'INSERT' AND table_schema = 'welcome'
           UNION SELECT table_name, privilege_type FROM information_schema.table_privileges
            WHERE grantee = 'welcome' AND privilege_type IN ('INSERT', 'DELETE', 'TRUNCATE') AND table_schema = 'welcome'""")}
    parts = {"attachment", "contact", "event", "media", "news", "place", "story"}  # of content: by its editors, says a trigger
    assert granted == {("guide", "INSERT"), ("guide_request", "INSERT"), ("guide_verification", "INSERT"), ("guide_verification", "DELETE"),
                       ("content", "INSERT"), ("revision", "INSERT"), ("service_request", "INSERT"), ("service_event", "INSERT"), ("consultation_slot", "INSERT"),
                       ("appointment", "INSERT"), ("service_attachment", "INSERT"), ("feedback", "INSERT"), *itertools.product(parts, ("INSERT", "DELETE")),
                       *itertools.product(("staff_absence", "saved_export"), ("INSERT", "DELETE")), ("own_block", "DELETE")}


def test_only_the_guides_cities_note_what_they_saw(world, readers):
    rules = Rules(world)
    for name, reader in readers.items():
        for guide in rules.tables["guide"]:
            noted = probe(reader, "INSERT INTO guide_verification (id, guide, kind, seen_on) VALUES (uuid_v7(), %s, 'id_card', '2026-01-01')",
                          (guide["id"],))
            assert noted == bool(set(guide["cities"]) & reader.cities and guide["state"] != "unverified"), name


def test_staff_cannot_rewrite_a_profile_or_a_request(world, readers):
    """A coordinator decides about people, and does not speak for them."""
    coordinator = readers["coordinator *"]
    for table in ("guide", "guide_request"):
        count = probe(coordinator, f"UPDATE {table} SET display_name = 'somebody else'", ())
        assert count == 0


def test_a_city_cannot_infer_another_citys_people(world, readers):
    """Functions that look across the wall tell nothing about ids of others."""
    stranger = readers["coordinator hagen"].session
    request = readers["waiting"].session.request
    assert stranger.one("SELECT queue_position(%s) AS x", request)["x"] is None
    assert stranger.one("SELECT estimated_wait_days(%s) AS x", request)["x"] is None
    assert stranger.run(("SELECT guide FROM candidate WHERE request = %s", (request,))) == []
    assert stranger.one("SELECT roles_of(%s) AS x", readers["admin"].account)["x"] == []


def test_drafts_are_seen_by_their_desks_alone(world, readers):
    """The views over drafts, and what readers asked for in vain."""
    for name, reader in readers.items():
        if name == "worker":
            continue
        drafts = reader.session.run(("SELECT c.desk, w.draft FROM content_work w JOIN content c ON c.id = w.content WHERE w.draft IS NOT NULL", ()))
        tasks = reader.session.run(("SELECT c.desk FROM editorial_task t JOIN content c ON c.id = t.content", ()))
        words = reader.session.run(("SELECT words FROM editorial_task WHERE words IS NOT NULL", ()))
        assert {row["desk"] for row in drafts} == {row["desk"] for row in tasks} == reader.desks & {"essen", "hagen", "*"}, name
        assert len(drafts) == 10 * len(reader.desks & {"essen", "hagen", "*"}), name
        assert bool(reader.session.run(("SELECT what FROM demand", ()))) == bool(reader.desks), name
        assert not words or reader.desks, name


def test_content_is_written_by_its_desk_alone(world, readers):
    """Everybody may read it, so triggers are the wall."""
    things = world.all("SELECT id, desk, kind FROM content WHERE desk IN ('essen', 'hagen', '*')")
    probes, wrong = 0, []

    def tried(reader, name, desk, statement, *parameters):
        nonlocal probes
        probes += 1
        if bool(probe(reader, statement, parameters)) != (desk in reader.desks):
            wrong.append((name, desk, statement))
    for name, reader in readers.items():
        if name == "worker":
            continue
        for thing in things:
            tried(reader, name, thing["desk"], "UPDATE content SET position = position + 1 WHERE id = %s", thing["id"])
            tried(reader, name, thing["desk"], "UPDATE content SET archived_at = clock() WHERE id = %s", thing["id"])
            tried(reader, name, thing["desk"], "INSERT INTO revision (id, content, desk, language, number, state, slug, title, body_markdown,"
                  " body_html, body_text) VALUES (uuid_v7(), %s, %s, 'uk', 1, 'draft', 'x', 'x', '', '', '')", thing["id"], thing["desk"])
        for desk in ("essen", "hagen", "*"):
            tried(reader, name, desk, "INSERT INTO content (id, kind, key, city) VALUES (uuid_v7(), 'article', 'another', nullif(%s, '*'))", desk)
            for table, key in PART_KEYS.items():
                tried(reader, name, desk, f"DELETE FROM {table} x USING content c WHERE c.id = x.{key} AND c.desk = %s", desk)
    assert probes > 1500 and wrong == []


def test_nobody_reaches_into_another_desk_from_the_own(world, readers):
    essen, article = readers["editor essen"], world.value("SELECT id FROM content WHERE desk = 'essen' AND kind = 'article'")
    foreign = world.value("SELECT id FROM content WHERE desk = 'hagen' AND kind = 'article'")
    own_event, foreign_event = (world.value("SELECT id FROM content WHERE desk = %s AND kind = 'event'", desk) for desk in ("essen", "hagen"))
    assert probe(essen, "UPDATE content SET position = 2 WHERE id = %s", (article,)) == 1
    assert probe(essen, "SELECT set_occurrences(%s, '{2027-01-01}', 'infinity')", (own_event,)) == 1
    for statement, thing in (("UPDATE content SET city = 'hagen' WHERE id = %s", article), ("UPDATE content SET city = NULL WHERE id = %s", article),
                             ("UPDATE content SET city = 'essen' WHERE id = %s", foreign), ("UPDATE place SET content = %s", foreign),
                             ("INSERT INTO revision (id, content, desk, language, number, state, slug, title, body_markdown, body_html, body_text)"
                              " VALUES (uuid_v7(), %s, 'essen', 'uk', 1, 'draft', 'x', 'x', '', '', '')", foreign),
                             ("INSERT INTO revision (id, content, desk, language, number, state, slug, title, body_markdown, body_html, body_text)"
                              " VALUES (uuid_v7(), %s, 'essen', 'uk', 1, 'published', 'x', 'x', '', '', '')", article),
                             ("INSERT INTO occurrence (event, starts_at, ends_at) VALUES (%s, now(), now())", own_event),
                             ("SELECT set_occurrences(%s, '{}', 'infinity')", foreign_event),
                             ("UPDATE translation SET title = 'x' WHERE content = %s", article), ("SELECT confirm_translations(%s)", foreign),
                             ("SELECT set_desk('essen', false, NULL) WHERE %s IS NOT NULL", article)):
        assert probe(essen, statement, (thing,)) == 0, statement


def test_reports_reach_the_desk_of_what_they_are_about(world, readers):
    """Nobody reads an address, or writes a report but the one just made."""
    for name, reader in readers.items():
        for statement in ("SELECT * FROM feedback_address", "SELECT address FROM feedback_address"):
            assert seen(reader, statement) is None, name
        report = uuid.uuid4()
        for statement in (f"SELECT keep_feedback_address('{report}', 'other@example.org')",
                          "SELECT keep_feedback_address(id, 'other@example.org') FROM feedback",
                          f"INSERT INTO feedback (id, kind, text, language) VALUES ('{report}', 'praise', 'Good', 'de')"):
            assert not probe(reader, statement, ()), (name, statement)
    assert world.value("SELECT count(DISTINCT desk) FROM feedback") == 3
    assert world.value("SELECT bool_and(f.desk = c.desk AND f.reply_wanted) FROM feedback f JOIN content c ON c.id = f.content")
    hidden = world.value("INSERT INTO content (id, kind, key, city) VALUES (uuid_v7(), 'article', 'hidden', 'essen') RETURNING id")
    with pytest.raises(Refused):
        world.anonymous.run(("SELECT refuse_unknown_object('article', %s)", (hidden,)))
