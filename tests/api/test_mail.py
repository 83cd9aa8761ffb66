# SPDX-License-Identifier: EUPL-1.2
# Mails from the outbox to a real SMTP server or the Maildir: whole, once, and none lost while the server is away.
import email
import email.policy
import hashlib
import os
import re
import signal
import socket
import ssl
import subprocess
import time
import uuid

import psycopg
import pytest
from aiosmtpd.controller import Controller

WELCOMED = os.environ["WELCOMED"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return result


def environment(database, **changes):
    return {**os.environ, "WELCOME_DATABASE_URL": f"host={os.environ['PGHOST']} dbname={database} user=welcome",
            "WELCOME_SMTP_TLS": "false", "WELCOME_JOB_PAUSE": "1", **changes}


@pytest.fixture(scope="module")
def template():
    """A migrated database with reference data, to copy."""
    name = "mail_" + uuid.uuid4().hex
    with psycopg.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER welcome_owner TEMPLATE template0")
        for command in ("migrate", "import"):
            subprocess.run([WELCOMED, command], env=environment(name), check=True, capture_output=True, timeout=120)
        yield name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(template):
    name = "mail_" + uuid.uuid4().hex
    with psycopg.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER welcome_owner TEMPLATE {template}")
        yield name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sql(database):
    """Asks the database as its superuser."""
    with psycopg.connect(dbname=database, autocommit=True, options="-c search_path=welcome") as db:
        yield lambda *query: db.execute(*query)


@pytest.fixture
def daemon(database):
    """Starts daemons; all are stopped by SIGTERM at the end and must leave with status 0."""
    started = []

    def start(**changes):
        ports = {"WELCOME_PORT": str(free_port()), "WELCOME_ADMIN_PORT": str(free_port())}
        process = subprocess.Popen([WELCOMED, "serve"], env=environment(database, **ports, **changes),
                                   stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0, log


class Inbox:
    """What an SMTP server does with what it gets."""

    def __init__(self):
        self.mails, self.encrypted = [], []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 there is nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert envelope.rcpt_tos == [mail["To"]]
        self.mails.append(mail)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def to(self, address):
        return [mail for mail in self.mails if mail["To"] == address]


@pytest.fixture
def smtp():
    """Starts SMTP servers: smtp(port, **options) gives the inbox."""
    servers = []

    def start(port, **options):
        inbox = Inbox()
        server = Controller(inbox, hostname="127.0.0.1", port=port, **options)
        server.start()
        servers.append(server)
        return inbox

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Key and certificate of localhost."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return str(certificate), context


def person(sql, address, language="en"):
    sql("SELECT grant_role(%s, 'editor', 'essen', %s)", (address, language))


def ask_for_link(sql, address, language="en"):
    sql("SELECT request_sign_in(%s, %s)", (address, language))


def token_in(text):
    return re.search(r"#token=([A-Za-z0-9_-]{43})\b", text)[1]


def test_a_mail_is_whole(sql, daemon, smtp):
    port = free_port()
    inbox = smtp(port)
    person(sql, "edda@example.org", "de")
    daemon(WELCOME_SMTP_URL=f"smtp://localhost:{port}", WELCOME_PORTAL_URL="https://portal.example.org/",
           WELCOME_MAIL_FROM="Grüße aus dem Ruhrgebiet <welcome@example.org>")
    ask_for_link(sql, "edda@example.org", "de")
    mail, = wait_until(lambda: inbox.mails)
    assert mail["From"].addresses[0].display_name == "Grüße aus dem Ruhrgebiet"
    assert mail["From"].addresses[0].addr_spec == "welcome@example.org"
    assert mail["Content-Language"] == "de" and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.org>") and mail["Date"].datetime
    assert mail.get_content_type() == "multipart/alternative"
    text, html = [part.get_content() for part in mail.iter_parts()]
    token = token_in(text)
    assert f"https://portal.example.org/sign-in#token={token}" in text
    assert f'href="https://portal.example.org/sign-in#token={token}"' in html and '<html lang="de" dir="ltr">' in html
    session = sql("SELECT email FROM open_session(%s, %s)",
                  (hashlib.sha256(token.encode()).digest(), hashlib.sha256(b"session").digest())).fetchone()
    assert session == ("edda@example.org",)
    assert wait_until(lambda: sql("SELECT state, last_error FROM outbox").fetchall() == [("sent", None)])


def test_arabic_mails_run_from_right_to_left(sql, daemon, smtp):
    port = free_port()
    inbox = smtp(port)
    person(sql, "amal@example.org", "ar")
    daemon(WELCOME_SMTP_URL=f"smtp://localhost:{port}")
    ask_for_link(sql, "amal@example.org", "ar")
    mail, = wait_until(lambda: inbox.mails)
    assert mail["Content-Language"] == "ar" and mail["Subject"] == "رابط تسجيل الدخول"
    _, html = [part.get_content() for part in mail.iter_parts()]
    assert '<html lang="ar" dir="rtl">' in html


def test_unknown_addresses_get_no_mail(sql, daemon, smtp):
    port = free_port()
    inbox = smtp(port)
    person(sql, "known@example.org")
    daemon(WELCOME_SMTP_URL=f"smtp://localhost:{port}")
    ask_for_link(sql, "unknown@example.org")
    ask_for_link(sql, "known@example.org")
    wait_until(lambda: inbox.to("known@example.org"))
    wait_until(lambda: sql("SELECT count(*) FROM outbox WHERE state = 'waiting'").fetchone() == (0,))
    assert not inbox.to("unknown@example.org")


def test_no_token_is_stored(sql, daemon, smtp):
    port = free_port()
    inbox = smtp(port)
    person(sql, "edda@example.org")
    daemon(WELCOME_SMTP_URL=f"smtp://localhost:{port}")
    ask_for_link(sql, "edda@example.org")
    mail, = wait_until(lambda: inbox.mails)
    token = token_in(mail.get_body(("plain",)).get_content())
    wait_until(lambda: sql("SELECT state FROM outbox").fetchone() == ("sent",))
    for table in ("outbox", "login_token", "session", "audit"):
        rows = sql(f"SELECT t::text FROM {table} t").fetchall()
        assert not [row for row in rows if token in row[0]]


def test_mails_wait_while_the_server_is_away_and_arrive_once(sql, daemon, smtp):
    port = free_port()
    addresses = [f"person{n}@example.org" for n in range(5)]
    daemon(WELCOME_SMTP_URL=f"smtp://localhost:{port}")
    for address in addresses:
        person(sql, address)
        ask_for_link(sql, address)
    time.sleep(2)
    assert sql("SELECT DISTINCT state, attempts FROM outbox").fetchall() == [("waiting", 0)]
    assert sql("SELECT count(*) FROM login_token").fetchone() == (0,)
    inbox = smtp(port)
    wait_until(lambda: len(inbox.mails) >= len(addresses))
    time.sleep(1)
    assert sorted(mail["To"] for mail in inbox.mails) == addresses
    assert sql("SELECT DISTINCT state FROM outbox").fetchall() == [("sent",)]


def test_two_daemons_send_each_mail_once(sql, daemon, smtp):
    port = free_port()
    inbox = smtp(port)
    addresses = sorted(f"person{n}@example.org" for n in range(30))
    for address in addresses:
        person(sql, address)
        ask_for_link(sql, address)
    for _ in range(2):
        daemon(WELCOME_SMTP_URL=f"smtp://localhost:{port}")
    wait_until(lambda: len(inbox.mails) >= len(addresses))
    time.sleep(1)
    assert sorted(mail["To"] for mail in inbox.mails) == addresses


def test_a_refused_address_does_not_hold_up_the_others(sql, daemon, smtp):
    port = free_port()
    inbox = smtp(port)
    for address in ("refused@example.org", "welcome@example.org"):
        person(sql, address)
        ask_for_link(sql, address)
    daemon(WELCOME_SMTP_URL=f"smtp://localhost:{port}")
    wait_until(lambda: inbox.to("welcome@example.org"))
    row = wait_until(lambda: sql("SELECT attempts, next_attempt_at > clock(), last_error FROM outbox"
                                 " WHERE state = 'waiting' AND attempts > 0").fetchone())
    assert row[:2] == (1, True) and "550" in row[2]
    assert sql("SELECT count(*) FROM login_token WHERE address = 'refused@example.org'").fetchone() == (0,)


def test_without_tls_nothing_is_sent_unless_told_so(sql, daemon, smtp):
    port = free_port()
    inbox = smtp(port)
    person(sql, "edda@example.org")
    process = daemon(WELCOME_SMTP_URL=f"smtp://localhost:{port}", WELCOME_SMTP_TLS="true")
    ask_for_link(sql, "edda@example.org")
    for line in process.stderr:
        if "STARTTLS" in line:
            break
    assert inbox.mails == []
    assert sql("SELECT state, attempts FROM outbox").fetchall() == [("waiting", 0)]


def test_mails_go_through_tls_to_a_server_whose_certificate_is_trusted(sql, daemon, smtp, certificate):
    port = free_port()
    inbox = smtp(port, tls_context=certificate[1], require_starttls=True)
    person(sql, "edda@example.org")
    daemon(WELCOME_SMTP_URL=f"smtp://localhost:{port}", WELCOME_SMTP_TLS="true", WELCOME_SMTP_CA=certificate[0])
    ask_for_link(sql, "edda@example.org")
    wait_until(lambda: inbox.mails)
    assert inbox.encrypted == [True]


def last(database, folder, *arguments):
    return subprocess.run([WELCOMED, "mail", "last", *arguments], capture_output=True, text=True, timeout=60,
                          env=environment(database, WELCOME_MAIL_DIRECTORY=str(folder)))


def test_without_a_server_mails_go_to_the_maildir(database, sql, daemon, tmp_path):
    folder = tmp_path / "mail"
    person(sql, "edda@example.org")
    missing = last(database, folder, "edda@example.org")
    assert missing.returncode == 1 and missing.stderr.startswith("There is no mail to edda@example.org")
    daemon(WELCOME_MAIL_DIRECTORY=str(folder))
    ask_for_link(sql, "edda@example.org")
    found = last(database, folder, "Edda@Example.org", "--wait", "20")
    assert found.returncode == 0
    token = last(database, folder, "edda@example.org", "--token")
    assert token.stdout.strip() == token_in(found.stdout)
    path, = (folder / "new").iterdir()
    assert re.fullmatch(r"\d{10}\.M\d{6}P\d+\.[0-9a-f-]{36}\.eml", path.name) and path.stat().st_mode & 0o077 == 0
    assert not list((folder / "tmp").iterdir())
    assert b"\r" not in path.read_bytes()


def test_the_newest_mail_counts(database, sql, daemon, tmp_path):
    person(sql, "edda@example.org")
    daemon(WELCOME_MAIL_DIRECTORY=str(tmp_path))
    tokens = []
    for count in (1, 2):
        ask_for_link(sql, "edda@example.org")
        wait_until(lambda: len(list((tmp_path / "new").glob("*"))) == count)
        tokens.append(last(database, tmp_path, "edda@example.org", "--token").stdout)
    assert tokens[0] != tokens[1]


@pytest.mark.parametrize("arguments", [(), ("edda@example.org", "--tokens"), ("edda@example.org", "--wait"),
                                       ("edda@example.org", "--wait", "soon")])
def test_wrong_arguments_show_the_usage(database, tmp_path, arguments):
    run = last(database, tmp_path, *arguments)
    assert run.returncode == 2 and run.stderr.startswith("usage: welcomed mail last ADDRESS")
