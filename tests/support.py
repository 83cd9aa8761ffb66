# SPDX-License-Identifier: EUPL-1.2
# What tests work with: a daemon with a database of its own, its mails and its log, and people who act through the API alone.
import collections
import contextlib
import dataclasses
import datetime
import email
import email.policy
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import uuid

import aiosmtpd.controller
import httpx
import psycopg
import psycopg.types.json
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
PATIENCE = 30  # seconds; for what has to happen, on machines however slow
SANITIZER = re.compile(r"runtime error:|ERROR: \w+Sanitizer|SUMMARY: \w+Sanitizer")
CITY_COUNT = 4000  # invented ones, in pairs of neighbours: enough for four a test

SECRET_KEY = "d2hhdCBhIGRhZW1vbiBpbiBhIHRlc3Qga25vd3MuLi4="  # of daemons in tests

Place = collections.namedtuple("Place", "city neighbour far")  # far is no neighbour of either
_place_numbers = itertools.count(step=4)


def new_place():
    """Cities nobody else uses: matching never crosses from one test into another."""
    n = next(_place_numbers)
    assert n + 2 < CITY_COUNT, "there are not enough invented cities"
    return Place(f"test-{n}", f"test-{n + 1}", f"test-{n + 2}")


def eventually(check, patience=PATIENCE):
    """What check() returns as soon as that is true."""
    end = time.monotonic() + patience
    while not (found := check()):
        assert time.monotonic() < end, f"in {patience} s this did not happen: {check.__doc__ or check}"
        time.sleep(0.02)
    return found


def transactions_ended():
    """Waits for the end of every transaction of the cluster that has begun: the feed of changes shows nothing behind one that is open."""
    with psycopg.connect(dbname="postgres", autocommit=True) as db:
        last = db.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()[0]

        def passed():
            """what had begun has ended"""
            return db.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s", (last,)).fetchone()[0]
        eventually(passed)


def processor_seconds(process):
    """Seconds of processors that a process has used so far: while the machine stands still it uses none."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answer(response, status=200):
    """The body of an answer that has this status."""
    assert response.status_code == status, f"{response.request.method} {response.url}: {response.status_code} {response.text}"
    return response.json() if response.content else None


def problem(response, status, code):
    """The problem document of an answer that was refused so."""
    body = answer(response, status)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (body["code"], body["status"], body["type"]) == (code, status, f"/problems/{code}")
    assert body["request_id"] == response.headers["X-Request-Id"]
    for fault in body.get("errors", ()):
        assert "limit" in fault or "{limit}" not in FAULTS.get(fault["code"], ""), f"{fault} does not say the limit"
    return body


def faults(response):
    """{(pointer or parameter, code)} of an answer that refused the input."""
    return {(fault.get("pointer", fault.get("parameter")), fault["code"])
            for fault in problem(response, 422, "validation_failed")["errors"]}


@dataclasses.dataclass
class Mail:
    to: str
    template: str  # found by the subject: the only thing that tells in every language
    language: str
    subject: str
    text: str
    html: str
    path: str | None  # where the link leads in the portal
    token: str | None
    invitation: tuple | None  # (charset, method, calendar) of the entry for the reader's calendar


FAULTS = {code: text["en"] for code, text in json.loads((ROOT / "content/texts/problems.json").read_text())["faults"].items()}


def _subjects():
    texts = [json.loads(file.read_text()) for file in (ROOT / "content" / "mail").glob("*.json")]
    return {(text["language"], template["subject"]): name for text in texts for name, template in text["templates"].items()}


SUBJECTS = _subjects()


def _invitation(message):
    """The entry for a calendar, which stands in the mail as a form of it and as a file."""
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    files = [part for part in message.iter_attachments() if part.get_filename() == "invite.ics"]
    assert len(parts) == len(files) <= 1
    if not parts:
        return None
    assert message.get_content_type() == "multipart/mixed" and files[0].get_payload(decode=True) == parts[0].get_payload(decode=True)
    return parts[0].get_content_charset(), parts[0].get_param("method"), parts[0].get_payload(decode=True)


def mail_read(data):
    message = email.message_from_bytes(data, policy=email.policy.default)
    text = message.get_body(("plain",)).get_content()
    link = re.search(r"https?://[^/\s]+(/\S+)#token=([\w-]{43})", text)
    language, subject = message["Content-Language"], message["Subject"]
    # Matches end for both sides under one subject; who gets a link is the newcomer.
    template = SUBJECTS[language, subject]
    if template.startswith("match_ended"):
        template = "match_ended_newcomer" if link else "match_ended_guide"
    return Mail(message["To"], template, language, subject, text, message.get_body(("html",)).get_content(),
                *(link.groups() if link else (None, None)), _invitation(message))


class Mailbox:
    """The mails that were sent, from a Maildir; each is handed out once."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.known = set()
        self.unread = []

    def look(self):
        for file in sorted(self.folder.glob("new/*")):
            if file.name not in self.known:
                self.known.add(file.name)
                self.unread.append(mail_read(file.read_bytes()))

    def take(self, address, template=None):
        """The newest unread mail to that address, and all older ones with it; None when there is none."""
        self.look()
        found = [mail for mail in self.unread if mail.to == address and template in (None, mail.template)]
        self.unread = [mail for mail in self.unread if mail not in found]
        return found[-1] if found else None

    def next(self, address, template=None):
        def arrived():
            return self.take(address, template)
        arrived.__doc__ = f"a mail {template or ''} to {address}"
        return eventually(arrived)


class SmtpServer:
    """A mail server on a free port; what it took is in mails, a reply in refuse_with is given to every recipient instead."""

    def __init__(self):
        self.mails, self.refuse_with = [], None
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.controller = None

    def start(self):
        self.controller = aiosmtpd.controller.Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self):
        if self.controller:
            self.controller.stop()
        self.controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse_with:
            return self.refuse_with
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(mail_read(envelope.content))
        return "250 OK"


def free_port(given=set()):
    """A port that nobody listens on and that nobody was given before, who may only be about to listen."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        if port not in given:
            given.add(port)
            return port


def when_unused(statement):
    """Creates or drops a database. The server waits for five seconds until those it sends away have gone, which a busy machine may not keep."""
    def done():
        """nobody uses the database any more"""
        with contextlib.suppress(psycopg.errors.ObjectInUse), psycopg.connect(dbname="postgres", autocommit=True) as db:
            db.execute(statement)
            return True
    eventually(done)


def database_create(name, template):
    when_unused(f"CREATE DATABASE {name} OWNER welcome_owner TEMPLATE {template}")


def database_drop(name):
    when_unused(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class Behind(psycopg.Connection):
    """A connection behind the daemon's back, which hears some milliseconds later what was changed: whoever leaves it has waited for that."""
    forget = None

    def __exit__(self, *error):
        super().__exit__(*error)
        if self.forget:
            self.forget()


class Daemon:
    """`welcomed serve` with its own database, mails and log."""

    def __init__(self, program, database, folder, settings):
        self.program, self.database, self.folder = program, database, folder
        self.port, self.admin_port = free_port(), free_port()
        self.url, self.admin_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.admin_port}"
        self.mails = Mailbox(folder / "mail")
        self.log = folder / "log"
        self.read = 0  # bytes of the log
        self.lines = []  # of the log as objects
        self.tolerated = set()  # events above the level info that this test provokes
        self.process = None
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE)
        self.admin = httpx.Client(base_url=self.admin_url, timeout=PATIENCE)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WELCOME_")}
        self.environment = inherited | {
            "LOCAL": str(folder),  # no configuration file of this checkout
            "WELCOME_DATABASE_URL": f"host={os.environ['PGHOST']} dbname={database} user=welcome",
            "WELCOME_PORT": str(self.port), "WELCOME_ADMIN_PORT": str(self.admin_port),
            "WELCOME_PORTAL_ORIGINS": "http://localhost:*,https://portal.example.org",
            "WELCOME_MAIL_DIRECTORY": str(folder / "mail"), "WELCOME_CONTENT_DIRECTORY": str(ROOT / "content"),
            "WELCOME_RATE_READ": "1000000", "WELCOME_RATE_SEARCH": "1000000", "WELCOME_RATE_FORM": "1000000",
            "WELCOME_RATE_FORM_PER_ADDRESS": "1000", "WELCOME_RATE_SIGN_IN": "1000000", "WELCOME_RATE_SIGN_IN_PER_ADDRESS": "1000",
            "WELCOME_SECRET_KEY": SECRET_KEY, "WELCOME_QUEUE_SECONDS": "10",  # the machine may be busy with more than this
            "WELCOME_MATCHING_PAUSE": "0", "WELCOME_JOB_PAUSE": "1", "WELCOME_CHECK_ANSWERS": "true",
        } | {name: str(value) for name, value in settings.items()}

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program, "serve"], env=self.environment, stdout=log, stderr=log)
        if wait:
            eventually(self.ready)

    def ready(self):
        """the daemon is ready"""
        assert self.process.poll() is None, f"the daemon ended: {self.log.read_text()[-2000:]}"
        with contextlib.suppress(httpx.TransportError):
            return self.admin.get("/health/ready").status_code == 200

    def stop(self):
        """Ends it as an operator would; it must end well."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.http.close()
        self.admin.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def died(self):
        """Whether it ended by itself; then it is started again, so that only the test that caused it fails."""
        if not self.process or self.process.poll() in (None, 0):
            return False
        self.start()
        return True

    def command(self, *arguments, **settings):
        """Runs another command of the program beside the daemon, with other settings: (exit status, standard output, standard error)."""
        run = subprocess.run([self.program, *arguments], env=self.environment | settings, capture_output=True, text=True, timeout=120)
        self.forget_answers()
        return run.returncode, run.stdout, run.stderr

    def connect(self, user="postgres"):
        """A look behind the curtain, as the superuser unless said."""
        db = Behind.connect(dbname=self.database, user=user, autocommit=True, options="-c search_path=welcome")
        db.forget = self.forget_answers
        return db

    def shift_clock(self, **distance):
        """Moves the database's clock so far from the real one: shift_clock(hours=72)."""
        seconds = int(datetime.timedelta(**distance).total_seconds())
        with self.connect() as db:
            db.execute(f"CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE"
                       f" AS 'SELECT now() + interval ''{seconds} s'''")
        self.forget_answers()

    def figure(self, name):
        """A number among the metrics: the sum of all lines of that name."""
        lines = self.admin.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{name}[ {{]", line))

    def forget_answers(self):
        """Has everything that is kept ready dropped: for what changes behind the database's back."""
        try:
            before = self.figure("welcome_cache_invalidations_total")
        except (httpx.TransportError, RuntimeError):
            return  # it does not run, or was stopped for good, so nothing is kept
        if not self.figure("welcome_cache_answers"):
            return

        def told():
            """the daemon has heard that its answers are void: both topics, and all once more behind the words of the reference data"""
            return not self.figure("welcome_cache_listening") or self.figure("welcome_cache_invalidations_total") >= before + 4
        with psycopg.connect(dbname=self.database, autocommit=True) as db:
            db.execute("SELECT pg_notify('welcome', 'content'), pg_notify('welcome', 'reference')")
        eventually(told)

    def mails_sent(self):
        """Waits until nothing waits to be sent: for proofs that somebody got no mail."""
        def nothing_waits():
            """no mail waits to be sent"""
            with self.connect() as db:
                return db.execute("SELECT count(*) FROM outbox WHERE state = 'waiting'").fetchone() == (0,)
        eventually(nothing_waits)

    def read_log(self):
        """The lines since the last call. Whole lines only: the daemon writes on."""
        with open(self.log, "rb") as log:
            log.seek(self.read)
            fresh = log.read()
        fresh = fresh[:fresh.rfind(b"\n") + 1]
        self.read += len(fresh)
        lines = [json.loads(line) if line.startswith("{") else {"level": "text", "event": line}
                 for line in fresh.decode(errors="replace").splitlines()]
        self.lines += lines
        return lines

    def complaints(self):
        """What the log tells since the last call that should not have happened."""
        return [line for line in self.read_log()
                if line["level"] in ("warning", "error") and line["event"] not in self.tolerated
                or line["level"] == "text" and (SANITIZER.search(line["event"]) or "welcomed:" in line["event"])]

    def seen(self):
        """{(operation, status)} of all its answers."""
        self.read_log()
        return {(line["operation"], line["status"]) for line in self.lines if line["event"] == "request"}


class Daemons:
    """All daemons of a test run, and the database they are made from."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.numbers = itertools.count(1)
        self.run = uuid.uuid4().hex[:8]
        self.running_now = []
        self.answers = set()
        self.template = self._make_template()

    def _make_template(self):
        name = f"template_{self.run}"
        with psycopg.connect(dbname="postgres", autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name} OWNER welcome_owner TEMPLATE template0")
        daemon = Daemon(self.program, name, self.folder, {})
        for command in ("migrate", "import"):
            status, out, errors = daemon.command(command)
            assert status == 0, f"welcomed {command}: {out}{errors}"
        with daemon.connect("welcome_worker") as db:  # in pairs of neighbours
            db.execute("INSERT INTO city (slug, name, ags, neighbours)"
                       " SELECT format('test-%%s', n), format('Test %%s', n), format('9%%s', lpad(n::text, 7, '0')),"
                       "        ARRAY[format('test-%%s', CASE n %% 2 WHEN 0 THEN n + 1 ELSE n - 1 END)]"
                       "   FROM generate_series(0, %s - 1) AS n", (CITY_COUNT,))
        return name

    def create_database(self):
        name = f"test_{self.run}_{next(self.numbers)}"
        database_create(name, self.template)
        return name

    @contextlib.contextmanager
    def running(self, start=True, program=None, **settings):
        """A daemon with a fresh database and these settings; start=False leaves the starting to the test."""
        name = self.create_database()
        folder = self.folder / name
        folder.mkdir()
        daemon = Daemon(program or self.program, name, folder, settings)
        self.running_now.append(daemon)
        try:
            if start:
                daemon.start()
            yield daemon
            daemon.stop()
            complaints = daemon.complaints()
            assert not complaints, "\n".join(map(str, complaints))
            assert daemon.process is None or daemon.process.returncode == 0, f"the daemon ended with {daemon.process.returncode}"
        finally:
            daemon.stop()
            self.running_now.remove(daemon)
            if daemon.log.exists():
                self.answers |= daemon.seen()
            database_drop(name)

    def complaints(self):
        told = [complaint for daemon in self.running_now if daemon.log.exists() for complaint in daemon.complaints()]
        return told + ["a daemon died" for daemon in self.running_now if daemon.died()]

    def seen(self):
        return self.answers.union(*(daemon.seen() for daemon in self.running_now if daemon.log.exists()))


class Person:
    """Somebody with a session: get, post, patch and delete are theirs."""

    def __init__(self, daemon, session, name=None):
        self.daemon, self.session, self.name = daemon, session, name
        self.id, self.email = session["account"]["id"], session["account"]["email"]
        self.token = session["access_token"]
        self.subject = session["subject"]

    def call(self, method, path, body=None, **options):
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        if body is not None:
            options["json"] = body
        return self.daemon.http.request(method, path, headers=headers, **options)

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def patch(self, path, body, **options):
        return self.call("PATCH", path, body, **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    def mail(self, template=None):
        return self.daemon.mails.next(self.email, template)


class Guide(Person):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.guide = self.subject["id"]

    def proposal(self):
        """The proposal the guide is asked about now."""
        def asked():
            return answer(self.get("/v1/proposals?state=open"))["items"]
        asked.__doc__ = f"{self.name} is asked"
        return eventually(asked)[0]

    def accept(self, proposal=None):
        return answer(self.post(f"/v1/proposals/{proposal or self.proposal()['id']}/accept", {}))


class Newcomer(Person):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.request = self.subject["id"]

    def look(self):
        """The guide request as the newcomer sees it."""
        return answer(self.get(f"/v1/guide-requests/{self.request}"))

    def wait_for(self, *states):
        """The guide request once it is in one of these states."""
        def there():
            request = self.look()
            return request if request["state"] in states else None
        there.__doc__ = f"the request of {self.name} is {' or '.join(states)}"
        return eventually(there)


class Requester(Person):
    """Somebody whose service request is confirmed."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.request = self.subject["id"]
        self.path = f"/v1/service-requests/{self.request}"

    def look(self):
        return answer(self.get(self.path))

    def say(self, verb, body=None):
        return answer(self.post(f"{self.path}/{verb}", body))


class Advisor(Person):
    def step(self, requester, verb, body=None):
        """The request after a step."""
        return answer(self.post(f"{requester.path}/{verb}", body))

    def steps(self, requester, *verbs):
        """The request after these steps with bodies that say little."""
        told = None
        for verb in verbs:
            told = self.step(requester, verb, self.BODIES.get(verb, lambda advisor: None)(self))
        return told

    BODIES = {"assign": lambda advisor: {"account": advisor.id}, "wait": lambda _: {"text": "Please send the certificate."},
              "resolve": lambda _: {"outcome": "helped", "text": "It is done."}, "reject": lambda _: {"reason": "Not ours."}}


ENGLISH = [{"tag": "en", "level": "C1"}]


class People:
    """Makes people the way they come to be: by forms and mailed links, staff by the command line."""
    numbers = itertools.count(1)

    def __init__(self, daemon):
        self.daemon = daemon
        self.staff = {}

    def address(self, kind="somebody"):
        return f"{kind}-{next(self.numbers)}@people.example.org"

    def guide_form(self, city, **changes):
        return {"display_name": "Gülay Guide", "email": self.address("guide"), "languages": ENGLISH, "cities": [city],
                "audiences": ["skilled-worker"], "capacity": 2, "consent": True} | changes

    def request_form(self, city, **changes):
        return {"display_name": "Noor Newcomer", "email": self.address("newcomer"), "languages": ENGLISH, "city": city,
                "audience": "skilled-worker", "share_contact": "on_acceptance", "consent": True} | changes

    def apply(self, path, form):
        """Sends a form; (id, token of the mail that asks to confirm)."""
        made = answer(self.daemon.http.post(path, json=form), 202)
        assert made["state"] == "unverified"
        return made["id"], self.daemon.mails.next(form["email"], "confirm_" + path[4:-1].replace("-", "_")).token

    def confirm(self, token):
        return answer(self.daemon.http.post("/v1/confirmations", json={"token": token}))

    def sign_in(self, address, kind=Person):
        answer(self.daemon.http.post("/v1/sign-in", json={"email": address}), 202)
        return self.open(self.daemon.mails.next(address, "sign_in").token, kind)

    def open(self, token, kind=Person):
        """The session behind a link of the kinds sign_in and task."""
        return kind(self.daemon, answer(self.daemon.http.post("/v1/sessions", json={"token": token}), 201))

    def applicant(self, city, **changes):
        """Somebody who applied as a guide, confirmed and waits."""
        form = self.guide_form(city, **changes)
        return Guide(self.daemon, self.confirm(self.apply("/v1/guides", form)[1]), form["display_name"])

    def guide(self, city, **changes):
        """A guide approved by the coordinator of that city."""
        guide = self.applicant(city, **changes)
        answer(self.coordinator(city).post(f"/v1/guides/{guide.guide}/approve", {}))
        return guide

    def newcomer(self, city, **changes):
        """Somebody whose guide request is confirmed."""
        form = self.request_form(city, **changes)
        return Newcomer(self.daemon, self.confirm(self.apply("/v1/guide-requests", form)[1]), form["display_name"])

    def office_in(self, city):
        """The slug of the office there that answers all services, always open; the region's own has its hours."""
        if city is None:
            return "region"
        with self.daemon.connect() as db:
            db.execute("INSERT INTO office (city, slug, name, opening_hours) VALUES (%s, 'test-office', '{\"en\": \"Test office\"}',"
                       " (SELECT opening_hours_of(jsonb_agg('{\"all_day\": true}'::jsonb)) FROM generate_series(1, 7)))"
                       " ON CONFLICT DO NOTHING", (city,))
            db.execute("INSERT INTO service_offer (service, city, office_city, office) SELECT s.code, %s, %s, 'test-office' FROM service s"
                       " ON CONFLICT DO NOTHING", (city, city))
        return "test-office"

    def service_form(self, city, **changes):
        """A hospital that looks for nurses."""
        contact = {"name": "Petra Beispiel", "email": self.address("company"), "language": "en"} | changes.pop("contact", {})
        return {"service": "recruiting-abroad", "city": city, "company": {"name": "Testklinik", "legal_status": "registered"},
                "contact": contact, "answers": {"positions": 4, "occupation": "nurse", "qualification": "vocational", "german_level": "b1"},
                "consent": True} | changes

    def unconfirmed(self, form):
        """(what the form was answered with, token of the mail that asks to confirm)"""
        made = answer(self.daemon.http.post("/v1/service-requests", json=form), 202)
        return made, self.daemon.mails.next(form["contact"]["email"], "confirm_service_request").token

    def requester(self, city, **changes):
        """Somebody whose request is at the office of that city."""
        self.office_in(city)
        form = self.service_form(city, **changes)
        return Requester(self.daemon, self.confirm(self.unconfirmed(form)[1]), form["contact"]["name"])

    def advisor(self, *cities):
        """Another advisor each time, of all cities unless some are named."""
        address = self.address("advisor")
        for city in cities or ("all",):
            status, _, errors = self.daemon.command("account", "create", "--role", "advisor", "--email", address, "--city", city)
            assert status == 0, errors
        return self.sign_in(address, Advisor)

    def match(self, city, **changes):
        """(guide, newcomer, id of their match)"""
        guide, newcomer = self.guide(city), self.newcomer(city, **changes)
        return guide, newcomer, guide.accept()["match"]["id"]

    def somebody_of_staff(self, role, city="all"):
        """One person for each role and city."""
        if (role, city) not in self.staff:
            address = self.address(role)
            status, _, errors = self.daemon.command("account", "create", "--role", role, "--email", address, "--city", city)
            assert status == 0, errors
            self.staff[role, city] = self.sign_in(address)
        return self.staff[role, city]

    def editor(self, city="all"):
        """Another editor each time."""
        address = self.address("editor")
        status, _, errors = self.daemon.command("account", "create", "--role", "editor", "--email", address, "--city", city)
        assert status == 0, errors
        return self.sign_in(address)

    def coordinator(self, city="all"):
        return self.somebody_of_staff("coordinator", city)

    def admin(self):
        return self.somebody_of_staff("admin")


class Desk:
    """Two editors of one city, and its articles."""

    def __init__(self, people, city):
        self.people, self.city, self.http = people, city, people.daemon.http
        self.author, self.reviewer = people.editor(city), people.editor(city)

    def article(self, **changes):
        """The id of a new article of the city."""
        return self.made(self.author.post("/v1/articles", {"key": content_key(), "city": self.city} | changes))

    @staticmethod
    def made(response):
        made = answer(response, 201)
        assert response.headers["Location"].endswith(made["id"])
        return made["id"]

    def draft(self, article, language="de", **changes):
        form = {"language": language, "title": f"Titel {uuid.uuid4().hex[:8]}", "body_markdown": "Ein Absatz."} | changes
        return self.made(self.author.post(f"/v1/contents/{article}/revisions", form))

    def publish(self, article, language="de", **changes):
        """A published revision: one writes and submits, the other publishes."""
        revision = self.draft(article, language, **changes)
        answer(self.author.post(f"/v1/revisions/{revision}/submit", {}))
        return answer(self.reviewer.post(f"/v1/revisions/{revision}/publish"))

    def read(self, article, language="de"):
        return answer(self.http.get(f"/v1/articles/{article}?city={self.city}&lang={language}"))

    def states(self, article):
        """{language: (what readers get, what is worked on)} as the staff see it."""
        return {one["language"]: (one["state"], one["draft"] and one["draft"]["state"])
                for one in answer(self.author.get(f"/v1/contents/{article}"))["translations"]}


def imported(daemon, kind, city, texts, side, **columns):
    """The id of a published thing as the import makes it; texts: {language: (slug, title)}, side: the columns of its own table."""
    thing = str(uuid.uuid4())
    columns = {"id": thing, "kind": kind, "key": content_key(), "city": city} | columns
    with daemon.connect("welcome_worker") as db:
        for table, row in (("content", columns), (kind, {"content": thing} | side)):
            row = {name: psycopg.types.json.Json(value) if isinstance(value, dict) or name == "opening_hours" and value else value
                   for name, value in row.items()}
            db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values()))
        for language, (slug, title) in texts.items():
            db.execute("SELECT publish_translation(%s, %s, %s, %s, 'Summary', '**Text**', '<p><strong>Text</strong></p>', 'Text', '{}', 'human',"
                       " %s, false, '{}', '[]', NULL)", (thing, language, slug, title, next(iter(texts))))
    return thing


def content_key():
    return f"test-{uuid.uuid4().hex[:12]}"


def save(editor, revision, body, etag=None):
    """A saved draft, from the version there is unless said."""
    etag = etag or editor.get(f"/v1/revisions/{revision}").headers["ETag"]
    return editor.patch(f"/v1/revisions/{revision}", body, headers={"If-Match": etag})


def at_once(call, times):
    """The statuses of what call(0), call(1) ... answer at the same moment."""
    barrier, statuses = threading.Barrier(times), []

    def run(n):
        barrier.wait()
        statuses.append(call(n).status_code)
    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses
