# SPDX-License-Identifier: EUPL-1.2
# Mails from the outbox to a real SMTP server or the Maildir: whole, once, and none lost while the server is away.
import contextlib
import email
import email.policy
import hashlib
import re
import ssl
import subprocess
import time

import httpx
import pytest
from aiosmtpd.controller import Controller
from support import PATIENCE, eventually, free_port


APPLICATION = {"display_name": "Anybody", "languages": [{"tag": "de", "level": "native"}], "cities": ["essen"],
               "audiences": ["student"], "topics": [], "story": "", "capacity": 1, "consent": True}


def reachable(url):
    """it answers"""
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url).status_code == 200


@contextlib.contextmanager
def beside(daemon):
    """A second daemon on the same database, ready; gives its address."""
    port, admin = free_port(), free_port()
    other = subprocess.Popen([daemon.program, "serve"], stderr=subprocess.DEVNULL,
                             env=daemon.environment | {"WELCOME_PORT": str(port), "WELCOME_ADMIN_PORT": str(admin)})
    try:
        eventually(lambda: reachable(f"http://127.0.0.1:{admin}/health/ready"))
        yield f"http://127.0.0.1:{port}"
    finally:
        other.terminate()
        ended = other.wait(60)
    assert ended == 0


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
        self.encrypted.append(session.ssl is not None)
        self.mails.append(mail)
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


@pytest.fixture
def mailing(start_daemon):
    """Gives daemons that are not started yet, with the port they send to: mailing(**settings)."""
    port = free_port()

    def prepare(tolerated=(), **settings):
        settings = {"WELCOME_SMTP_URL": f"smtp://localhost:{port}", "WELCOME_SMTP_TLS": "false", **settings}
        daemon = start_daemon(start=False, **settings)
        daemon.tolerated |= set(tolerated)
        return daemon, port

    return prepare


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The certificate of localhost, and a server's side of TLS with it."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return str(certificate), context


def ask(daemon, sql, *values):
    with daemon.connect() as db:
        rows = db.execute(sql, values)
        return rows.fetchall() if rows.description else None


def person(daemon, address, language="en"):
    """Somebody of staff who asks for a link to sign in."""
    ask(daemon, "SELECT grant_role(%s, 'editor', 'essen', %s)", address, language)
    ask(daemon, "SELECT request_sign_in(%s, %s)", address, language)


def token_in(text):
    return re.search(r"#token=([A-Za-z0-9_-]{43})\b", text)[1]


def outbox(daemon, columns):
    return sorted(ask(daemon, f"SELECT DISTINCT {columns} FROM outbox"))


def test_a_mail_is_whole(mailing, smtp):
    daemon, port = mailing(WELCOME_PORTAL_URL="https://portal.example.org/",
                           WELCOME_MAIL_FROM="Grüße aus dem Ruhrgebiet <welcome@example.org>")
    inbox = smtp(port)
    daemon.start()
    person(daemon, "edda@example.org", "de")
    mail, = eventually(lambda: inbox.mails)
    assert mail["From"].addresses[0].display_name == "Grüße aus dem Ruhrgebiet"
    assert mail["From"].addresses[0].addr_spec == "welcome@example.org"
    assert mail["Content-Language"] == "de" and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.org>") and mail["Date"].datetime
    assert mail.get_content_type() == "multipart/alternative"
    text, html = [part.get_content() for part in mail.iter_parts()]
    token = token_in(text)
    assert f"https://portal.example.org/sign-in#token={token}" in text
    assert f'href="https://portal.example.org/sign-in#token={token}"' in html and '<html lang="de" dir="ltr">' in html
    digests = [hashlib.sha256(text).digest() for text in (token.encode(), b"session")]
    assert ask(daemon, "SELECT email FROM open_session(%s, %s)", *digests) == [("edda@example.org",)]
    eventually(lambda: outbox(daemon, "state, last_error") == [("sent", None)])


def test_arabic_mails_run_from_right_to_left(mailing, smtp):
    daemon, port = mailing()
    inbox = smtp(port)
    daemon.start()
    person(daemon, "amal@example.org", "ar")
    mail, = eventually(lambda: inbox.mails)
    assert mail["Content-Language"] == "ar" and mail["Subject"] == "رابط تسجيل الدخول"
    assert '<html lang="ar" dir="rtl">' in mail.get_body(("html",)).get_content()


def test_unknown_addresses_get_no_mail(mailing, smtp):
    daemon, port = mailing()
    inbox = smtp(port)
    daemon.start()
    ask(daemon, "SELECT request_sign_in('unknown@example.org', 'en')")
    person(daemon, "known@example.org")
    eventually(lambda: inbox.to("known@example.org"))
    daemon.mails_sent()
    assert not inbox.to("unknown@example.org")


def test_no_token_is_stored(mailing, smtp):
    daemon, port = mailing()
    inbox = smtp(port)
    daemon.start()
    person(daemon, "edda@example.org")
    mail, = eventually(lambda: inbox.mails)
    daemon.mails_sent()
    token = token_in(mail.get_body(("plain",)).get_content())
    for table in ("outbox", "login_token", "session", "audit"):
        assert not [row for row, in ask(daemon, f"SELECT t::text FROM {table} t") if token in row]
    assert token not in daemon.log.read_text()


def test_mails_wait_while_the_server_is_away_and_arrive_once(mailing, smtp):
    daemon, port = mailing(tolerated=["job_failed"])
    addresses = [f"person{n}@example.org" for n in range(5)]
    daemon.start()
    for address in addresses:
        person(daemon, address)
    eventually(lambda: "SMTP: " in daemon.log.read_text())
    assert outbox(daemon, "state, attempts") == [("waiting", 0)]
    eventually(lambda: ask(daemon, "SELECT count(*) FROM login_token") == [(0,)])  # there is one for as long as a try takes
    inbox = smtp(port)
    eventually(lambda: len(inbox.mails) >= len(addresses))
    daemon.mails_sent()
    assert sorted(mail["To"] for mail in inbox.mails) == addresses


def test_two_daemons_send_each_mail_once(mailing, smtp):
    daemon, port = mailing()
    inbox = smtp(port)
    addresses = sorted(f"person{n}@example.org" for n in range(30))
    for address in addresses:
        person(daemon, address)
    daemon.start()
    with beside(daemon):
        eventually(lambda: len(inbox.mails) >= len(addresses))
        daemon.mails_sent()
    assert sorted(mail["To"] for mail in inbox.mails) == addresses


def test_mail_goes_out_at_once_whichever_of_two_daemons_wrote_it(mailing, smtp):
    daemon, port = mailing(WELCOME_JOB_PAUSE="3600")  # nobody looks by the clock alone
    inbox = smtp(port)
    daemon.start()
    with beside(daemon) as other:
        for n, url in enumerate([daemon.url, other] * 2):
            address = f"anybody{n}@example.org"
            assert httpx.post(f"{url}/v1/guides", json=APPLICATION | {"email": address}, timeout=PATIENCE).status_code == 202
            eventually(lambda: inbox.to(address))


def test_a_daemon_killed_while_sending_loses_no_mail(mailing, smtp):
    daemon, port = mailing()
    inbox = smtp(port)
    addresses = {f"person{n}@example.org" for n in range(30)}
    for address in addresses:
        person(daemon, address)
    daemon.start(wait=False)
    eventually(lambda: inbox.mails)
    daemon.kill()
    daemon.start()
    eventually(lambda: {mail["To"] for mail in inbox.mails} == addresses)
    daemon.mails_sent()
    assert len(inbox.mails) <= len(addresses) + 1  # the one in flight may go twice, under one Message-ID
    assert len({mail["Message-ID"] for mail in inbox.mails}) == len(addresses)


def test_a_refused_address_does_not_hold_up_the_others(mailing, smtp):
    daemon, port = mailing(tolerated=["mail_failed"])
    inbox = smtp(port)
    for address in ("refused@example.org", "welcome@example.org"):
        person(daemon, address)
    daemon.start()
    eventually(lambda: inbox.to("welcome@example.org"))
    (attempts, later, error), = eventually(lambda: ask(
        daemon, "SELECT attempts, next_attempt_at > clock(), last_error FROM outbox WHERE state = 'waiting' AND attempts > 0"))
    assert (attempts, later) == (1, True) and "550" in error
    assert ask(daemon, "SELECT count(*) FROM login_token WHERE address = 'refused@example.org'") == [(0,)]


def test_without_tls_nothing_is_sent_unless_told_so(mailing, smtp):
    daemon, port = mailing(tolerated=["job_failed"], WELCOME_SMTP_TLS="true")
    inbox = smtp(port)
    daemon.start()
    person(daemon, "edda@example.org")
    eventually(lambda: "STARTTLS" in daemon.log.read_text())
    assert inbox.mails == []
    assert outbox(daemon, "state, attempts") == [("waiting", 0)]


def test_mails_go_through_tls_to_a_server_whose_certificate_is_trusted(mailing, smtp, certificate):
    daemon, port = mailing(WELCOME_SMTP_TLS="true", WELCOME_SMTP_CA=certificate[0])
    inbox = smtp(port, tls_context=certificate[1], require_starttls=True)
    daemon.start()
    person(daemon, "edda@example.org")
    eventually(lambda: inbox.mails)
    assert inbox.encrypted == [True]


def test_a_certificate_nobody_trusts_is_refused(mailing, smtp, certificate):
    daemon, port = mailing(tolerated=["job_failed"], WELCOME_SMTP_TLS="true")
    inbox = smtp(port, tls_context=certificate[1], require_starttls=True)
    daemon.start()
    person(daemon, "edda@example.org")
    eventually(lambda: "certificate" in daemon.log.read_text())
    assert inbox.mails == []


def test_without_a_server_mails_go_to_the_maildir(start_daemon):
    daemon = start_daemon(start=False)
    status, _, errors = daemon.command("mail", "last", "edda@example.org")
    assert status == 1 and errors.startswith("There is no mail to edda@example.org")
    daemon.start()
    person(daemon, "edda@example.org")
    status, text, _ = daemon.command("mail", "last", "Edda@Example.org", "--wait", "30")
    assert status == 0
    assert daemon.command("mail", "last", "edda@example.org", "--token") == (0, token_in(text) + "\n", "")
    path, = (daemon.folder / "mail" / "new").iterdir()
    assert re.fullmatch(r"\d{10}\.M\d{6}P\d+\.[0-9a-f-]{36}\.eml", path.name)
    assert path.stat().st_mode & 0o077 == 0 and b"\r" not in path.read_bytes()
    assert not list((daemon.folder / "mail" / "tmp").iterdir())


def test_the_newest_mail_counts(start_daemon):
    daemon = start_daemon()
    tokens = []
    for count in (1, 2):
        person(daemon, "edda@example.org")
        eventually(lambda: len(list((daemon.folder / "mail").glob("new/*"))) == count)
        tokens.append(daemon.command("mail", "last", "edda@example.org", "--token")[1])
        time.sleep(0.001)  # names sort by microseconds
    assert tokens[0] != tokens[1]


@pytest.mark.parametrize("arguments", [(), ("edda@example.org", "--tokens"), ("edda@example.org", "--wait"),
                                       ("edda@example.org", "--wait", "soon")])
def test_wrong_arguments_show_the_usage(daemon, arguments):
    status, _, errors = daemon.command("mail", "last", *arguments)
    assert status == 2 and errors.startswith("usage: welcomed mail last ADDRESS")
