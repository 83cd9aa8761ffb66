# SPDX-License-Identifier: EUPL-1.2
"""People made the way the portal makes them: anonymous statements, mailed tokens, sessions, each in transactions of its own."""
import contextlib
import hashlib
import itertools
import json
import random
import secrets
import uuid

import psycopg
from psycopg.rows import dict_row

CITIES = {"bochum": ["dortmund", "essen"], "dortmund": ["bochum", "hagen"], "essen": ["bochum"], "hagen": ["dortmund"]}
LANGUAGES = ["de", "en", "tr", "ar", "uk", "fa", "prs", "ti"]
TOPICS = ["housing", "work", "health", "family", "study"]
LEVELS = ["A1", "A2", "B1", "B2", "C1", "C2", "native"]
GUIDE = {"story": "", "audiences": ["student"], "topics": ["housing"], "capacity": 2, "asks_per_month": 3, "neighbours": False,
         "remote": False, "gender": None, "listed": True}
REQUEST = {"remote": False, "neighbours": False, "audience": "student", "topics": [], "message": "", "preferred_guide": None,
           "share_contact": "on_acceptance", "guide_gender": None, "guide_gender_must": False}


class Refused(Exception):
    """A problem() of the database: its code and its faults."""

    def __init__(self, error):
        super().__init__(error.diag.message_primary)
        self.code = error.diag.message_primary
        self.faults = json.loads(error.diag.message_detail or "[]")


@contextlib.contextmanager
def problems():
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate == "WR000":
            raise Refused(error) from error
        raise


def digest(token):
    return hashlib.sha256(token.encode()).digest()


def languages(**levels):
    return json.dumps([{"tag": tag, "level": level} for tag, level in levels.items()])


def round_of(reader, writer, request, second=False):
    """A round about one request, as the job would write it: the best guide, if there is one."""
    best = reader.execute("SELECT e.guide, e.score FROM eligible e WHERE e.request = %s ORDER BY e.score DESC, e.tie DESC, e.guide LIMIT 2",
                          (request,)).fetchall()
    figures = {"id": str(uuid.uuid4()), "seed": 1, "second": second, "digest": secrets.token_hex(8), "weights": 1, "started_at": "2026-01-01T00:00:00Z",
               "requests": 1, "guides": len(best), "pairs": len(best), "placed": len(best[:1]), "certificate": {"clean": True}}
    pairs = [{"request": str(request), "guide": str(guide), "second_best": best[1][1] if best[1:] else None} for guide, _ in best[:1]]
    return writer.execute("SELECT write_round(%s, %s, %s)", (json.dumps(figures), json.dumps(pairs), "[]")).fetchone()[0]


class Session:
    """One way to speak as somebody: each call is one transaction on the connection, authenticated first like the core does."""

    def __init__(self, connection, token=None, tasks=(), thing=None):
        self.connection, self.token, self.tasks, self.thing = connection, token, list(tasks), thing

    @contextlib.contextmanager
    def transaction(self, subject=None):
        with problems(), self.connection.transaction(), self.connection.cursor(row_factory=dict_row) as cursor:
            if self.token:
                cursor.execute("SELECT * FROM authenticate(%s, %s, %s)", (digest(self.token), self.tasks, self.thing))
            if subject:
                cursor.execute("SELECT subject(%s)", (subject,))
            yield cursor

    def run(self, *statements, subject=None):
        """Each statement (text, parameters); the rows of the last."""
        with self.transaction(subject) as cursor:
            for statement, parameters in statements:
                cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def one(self, statement, *parameters):
        rows = self.run((statement, parameters))
        return rows[0] if rows else None

    # transitions as the operation files do them
    def answer(self, proposal, state):
        party = "guide_account" if state in ("accepted", "declined") else "request_account"
        wanted = "accepted" if state == "confirmed" else state
        return self.run(("SELECT lock_for_proposal(%s, %s)", (proposal, party.removesuffix("_account").replace("request", "newcomer"))),
                        (f"UPDATE proposal SET state = %s WHERE id = %s AND {party} = me()", (wanted, proposal)),
                        (f"SELECT p.state, m.id AS match FROM proposal p LEFT JOIN match m ON m.proposal = p.id "
                         f"WHERE p.id = %s AND p.{party} = me()", (proposal,)))[0]

    def set_guide(self, guide, state, until=None):
        return self.run(("SELECT lock_for_guide(%s)", (guide,)),
                        ("UPDATE guide SET state = %s, paused_until = %s WHERE id = %s", (state, until, guide)),
                        ("SELECT state FROM guide WHERE id = %s", (guide,)))

    def step(self, request, state, **columns):
        """A step of the office this session speaks for."""
        sets = ", ".join(f"{name} = %({name})s" for name in ("state", *columns))
        return self.run(("SELECT lock_for_service_request(%s, 'staff')", (request,)),
                        (f"UPDATE service_request_office SET {sets} WHERE id = my_office_row(%(id)s, NULL)", {**columns, "state": state, "id": request}))

    def withdraw(self, request):
        return self.run(("SELECT lock_for_request(%s)", (request,)),
                        ("UPDATE guide_request SET state = 'closed', closed_as = 'withdrawn' WHERE id = %s AND account = me()", (request,)),
                        ("SELECT state, closed_as FROM guide_request WHERE id = %s", (request,)))

    def change(self, request, **columns):
        sets = ", ".join(f"{name} = %({name})s" for name in columns)
        return self.run(("SELECT lock_for_request(%s)", (request,)),
                        (f"UPDATE guide_request SET {sets} WHERE id = %(id)s AND account = me()", {**columns, "id": request}))

    def propose(self, request, guide):
        proposal = str(uuid.uuid4())
        self.run(("SELECT propose(%s, %s, %s)", (proposal, request, guide)))
        return proposal

    def end(self, match, reason):
        return self.run(("SELECT lock_for_match(%s)", (match,)),
                        ("UPDATE match SET state = 'ended', ended_reason = %s WHERE id = %s", (reason, match)),
                        ("SELECT state, ended_by FROM match WHERE id = %s", (match,)))[0]


class World:
    def __init__(self, database):
        self.database = database
        self.god = database.connect("postgres")
        self.worker = Session(database.connect("welcome_worker"))
        self.daemon = database.connect("welcome")
        self.anonymous = Session(self.daemon)
        self.numbers = itertools.count(1)
        self.sent = []
        self.random = random.Random(7)

    def close(self):
        for connection in (self.god, self.worker.connection, self.daemon):
            connection.close()

    def clear(self):
        self.god.execute("SET session_replication_role = replica; TRUNCATE account, city, language, audience, topic, stage, country, audit, audit_seal, service, "
                         "outbox, confirmation RESTART IDENTITY CASCADE; RESET session_replication_role")
        self.god.execute("INSERT INTO weights SELECT (w).* FROM (VALUES (ROW(1,1000,'{600,400,250,150}'::int[],30,3::smallint,300,150,100,"
                         "120,40,3,60,150,30,50,now(),NULL::uuid,NULL::uuid)::weights)) AS x(w) ON CONFLICT DO NOTHING")
        for slug, neighbours in CITIES.items():
            self.god.execute("INSERT INTO city (slug, name, ags, neighbours) VALUES (%s, initcap(%s), '0', %s)", (slug, slug, neighbours))
        for position, tag in enumerate(LANGUAGES):
            self.god.execute("INSERT INTO language (tag, position, name_en, name_de, autonym, dir) VALUES (%s, %s, %s, %s, %s, 'ltr')",
                             (tag, position, tag, tag, tag))
        self.god.execute("INSERT INTO related_language (a, b) VALUES ('fa', 'prs'), ('prs', 'fa')")
        self.god.execute("INSERT INTO topic (slug, position, title) SELECT x, 1, '{}' FROM unnest(%s::text[]) AS x", (TOPICS,))
        self.god.execute("""INSERT INTO audience VALUES ('student', 1, '{"en": "Students"}'), ('scientist', 2, '{"en": "Scientists"}')""")

    def shift(self, interval):
        """Moves the clock of all our connections."""
        for connection in (self.god, self.worker.connection, self.daemon):
            connection.execute("SELECT set_config('test.shift', %s, false)", (interval,))

    def all(self, statement, *parameters):
        with self.god.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, parameters).fetchall()

    def value(self, statement, *parameters):
        return self.god.execute(statement, parameters).fetchone()[0]

    def address(self, name="person"):
        return f"{name}{next(self.numbers)}@example.org"

    def session(self, token, **task):
        return Session(self.daemon, token, **task)

    # mail -----------------------------------------------------------------------------------------------------------------------
    def mails(self):
        """Sends what waits; all [(mail, token)] ever sent."""
        for row in self.worker.run(("SELECT id FROM outbox WHERE state = 'waiting' AND next_attempt_at <= clock() ORDER BY id", ())):
            token = secrets.token_urlsafe(32)
            mail = self.worker.one("SELECT mail_prepare(%s, %s) AS mail", row["id"], digest(token))["mail"]
            if mail:
                self.worker.one("SELECT mail_sent(%s)", row["id"])
                self.sent.append((mail, token))
        return self.sent

    def mail_to(self, address, template):
        """The newest mail of that template to the address, and its token."""
        return [(mail, token) for mail, token in self.mails() if mail["to"] == address and mail["template"] == template][-1]

    def confirm(self, token):
        access = secrets.token_urlsafe(32)
        row = self.anonymous.one("SELECT * FROM confirm_token(%s, %s)", digest(token), digest(access))
        return self.session(access), row

    def open(self, token):
        access = secrets.token_urlsafe(32)
        row = self.anonymous.one("SELECT * FROM open_session(%s, %s)", digest(token), digest(access))
        task = row["subject_kind"]
        return self.session(access, **({"tasks": [task], "thing": row["subject_id"]} if task else {})), row

    # people ---------------------------------------------------------------------------------------------------------------------
    def staff(self, role, city):
        """A signed-in member of staff."""
        address = self.address(role)
        account = self.worker.one("SELECT grant_role(%s, %s, %s) AS id", address, role, city)["id"]
        return self.sign_in(account)

    def sign_in(self, account):
        token = secrets.token_urlsafe(32)
        self.god.execute("INSERT INTO session (id, token_hash, account, expires_at) VALUES (%s, %s, %s, clock() + session_lifetime(%s))",
                         (uuid.uuid4(), digest(token), account, account))
        session = self.session(token)
        session.account = account
        return session

    def apply(self, address, spoken, cities, **others):
        """An anonymous application; its id."""
        guide = str(uuid.uuid4())
        row = {**GUIDE, **others, "id": guide, "display_name": address.split("@")[0].title(), "languages": spoken, "cities": cities}
        self.insert("guide", row, address)
        return guide

    def ask(self, address, spoken, city, form="de", **others):
        """An anonymous guide request on a form in that language; its id."""
        request = str(uuid.uuid4())
        row = {**REQUEST, **others, "id": request, "display_name": address.split("@")[0].title(), "languages": spoken, "city": city}
        self.insert("guide_request", row, address, form)
        return request

    def insert(self, kind, row, address, form="de"):
        names = ", ".join(row)
        values = ", ".join(f"%({name})s" for name in row)
        self.anonymous.run((f"INSERT INTO {kind} ({names}) VALUES ({values})", row),
                           ("SELECT await_confirmation(%s, %s, %s, %s)", (kind, row["id"], address, form)), subject=row["id"])

    def guide(self, spoken, cities, state="active", **others):
        """A confirmed guide and its session; active with all cities approved unless said."""
        address = self.address("guide")
        guide = self.apply(address, spoken, cities, **others)
        session, row = self.confirm(self.mail_to(address, "confirm_guide")[1])
        session.account, session.guide, session.email = row["account"], guide, address
        if state != "applied":
            self.god.execute("UPDATE guide_city SET approved = true WHERE guide = %s", (guide,))
            self.force("guide", guide, state)
        return session

    def newcomer(self, spoken, city, **others):
        """A confirmed newcomer with an open request, and the session."""
        address = self.address("newcomer")
        request = self.ask(address, spoken, city, **others)
        session, row = self.confirm(self.mail_to(address, "confirm_guide_request")[1])
        session.account, session.request, session.email = row["account"], request, address
        return session

    def office(self, city):
        """An office that is always open and answers the one service there is."""
        self.god.execute("INSERT INTO office (city, slug, name, opening_hours) VALUES (%s, 'desk', '{\"en\": \"Desk\"}', (SELECT jsonb_agg("
                         "'{\"all_day\": true, \"slots\": []}'::jsonb) FROM generate_series(1, 7)))", (city,))
        with self.god.transaction():
            self.god.execute("INSERT INTO service (code, clientele, category) VALUES ('help', 'newcomer', 'help') ON CONFLICT DO NOTHING")
            self.god.execute("INSERT INTO service_version (service, version, name) VALUES ('help', 1, '{\"en\": \"Help\"}') ON CONFLICT DO NOTHING")
        self.god.execute("INSERT INTO service_offer (service, city, office_city, office) VALUES ('help', %s, %s, 'desk')", (city, city))

    def requester(self, city):
        """Somebody whose service request is at the office there, and the session."""
        address, request = self.address("requester"), str(uuid.uuid4())
        self.insert("service_request", {"id": request, "service": "help", "city": city, "contact_name": "Somebody", "language": "de"}, address)
        session, row = self.confirm(self.mail_to(address, "confirm_service_request")[1])
        session.account, session.request, session.email = row["account"], request, address
        return session

    def force(self, table, key, state):
        """A state without a story."""
        with self.god.transaction():
            self.god.execute("SET LOCAL session_replication_role = replica")
            self.god.execute(f"UPDATE {table} SET state = %s WHERE id = %s", (state, key))

    def place(self, request):
        """The matching's own proposal for a request; its id or None."""
        with problems():
            round_of(self.god, self.worker.connection, request)
        rows = self.all("SELECT id FROM proposal WHERE request = %s AND state = 'open' ORDER BY id DESC", request)
        return str(rows[0]["id"]) if rows else None

    def state(self, table, key):
        return self.value(f"SELECT state FROM {table} WHERE id = %s", key)
