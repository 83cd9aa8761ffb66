# SPDX-License-Identifier: EUPL-1.2
# `welcomed doctor`: what it finds in a set-up that is made wrong on purpose, one thing at a time.
import contextlib
import http.server
import itertools
import os
import subprocess
import tempfile
import threading
import uuid

import pytest

from support import CONTRACT, SECRET_KEY, database_create, database_drop, eventually

VERSION = CONTRACT["info"]["version"]


class Report:
    """What the command printed: its findings as (kind, subject, sentence)."""

    def __init__(self, run):
        self.status, self.out, errors = run
        assert errors == "" or "WELCOME_" in errors
        self.findings = [(line[2:9].strip(), line[11:36].strip(), line[38:]) for line in self.out.splitlines()
                         if line.startswith("  ") and line[2:9].strip()]

    def find(self, kind, subject, words):
        found = [sentence for k, s, sentence in self.findings if (k, s) == (kind, subject) and words in sentence]
        assert found, f"no {kind} about {subject} says {words!r}:\n{self.out}"
        return found[0]

    def of(self, kind):
        return [(subject, sentence) for k, subject, sentence in self.findings if k == kind]


SOUND = {"WELCOME_PORTAL_URL": "https://portal.example.org", "WELCOME_TRUSTED_PROXIES": "127.0.0.1", "WELCOME_HSTS_SECONDS": "31536000",
         "WELCOME_MAIL_FROM": "Welcome <welcome@example.net>", "WELCOME_OPERATOR": "City of Essen", "WELCOME_PRIVACY_CONTACT": "dpo@example.net",
         "WELCOME_CHECK_ANSWERS": "false", "WELCOME_STAFF_SECOND_FACTOR": "required"}


@pytest.fixture(scope="module")
def stopped(daemons):
    """A database and a configuration; no daemon runs."""
    with daemons.running(start=False, **SOUND) as daemon:
        daemon.log.touch()
        yield daemon


def doctor(daemon, *arguments, **settings):
    kept = daemon.environment
    daemon.environment = kept | settings
    try:
        return Report(daemon.command("doctor", *arguments))
    finally:
        daemon.environment = kept


def test_a_sound_set_up_has_no_failure(start_daemon, smtp_server):
    daemon = start_daemon(**SOUND, WELCOME_SMTP_URL=smtp_server.url, WELCOME_SMTP_TLS="false")
    assert daemon.command("account", "create", "--role", "admin", "--email", f"{uuid.uuid4()}@example.org")[0] == 0

    def at_work():
        """each job has been done once"""
        report = doctor(daemon)
        return "was never done" not in report.out and report
    report = eventually(at_work)
    assert (report.status, report.of("FAILURE")) == (0, []), report.out
    assert {subject for subject, _ in report.of("warning")} <= {"legal texts", "WELCOME_SMTP_TLS", "files", "user"}, report.out
    report.find("ok", "schema", "this program's")
    report.find("ok", "roles", "none of them may more")
    report.find("ok", "daemon", "its version is this program's")
    report.find("ok", "mail server", "takes us")
    report.find("ok", "admins", "1 of 1")
    report.find("ok", "jobs", "were done lately")
    assert report.out.rstrip().splitlines()[-1].startswith("0 failures, ")


def test_quietly_only_what_is_not_well_is_told(stopped):
    report = doctor(stopped, "--quiet")
    assert report.findings and report.of("ok") == []


def test_other_arguments_are_refused(stopped):
    status, out, errors = stopped.command("doctor", "--loud")
    assert (status, out) == (2, "") and "usage: welcomed doctor" in errors


@pytest.mark.parametrize("settings, findings", [
    ({"WELCOME_PROT": "1", "WELCOME_PORTAL_URL": "http://portal.example.org", "WELCOME_TRUSTED_PROXIES": "0.0.0.0/0",
      "WELCOME_ADMIN_LISTEN": "0.0.0.0", "WELCOME_SECRET_KEY": "short",
      "WELCOME_SECRET_KEY_FILE": "/nonexistent", "WELCOME_STAFF_SECOND_FACTOR": "optional",
      "WELCOME_OIDC_ISSUER": "https://sso.example.org", "WELCOME_SMTP_URL": "mail.example.org", "WELCOME_SMTP_CA": "/nonexistent",
      "WELCOME_CHECK_ANSWERS": "true", "WELCOME_LOG_LEVEL": "debug", "WELCOME_RATE_FORM": "0", "WELCOME_OPERATOR": "",
      "WELCOME_ATTACHMENTS": "/nonexistent", "WELCOME_CONTENT_DIRECTORY": "/nonexistent", "WELCOME_DATABASE_URL": "host=/nonexistent",
      "WELCOME_DATABASE_OWNER_URL": "host=/nonexistent"},
     [("warning", "key", "the nearest is WELCOME_PORT"),
      ("FAILURE", "WELCOME_PORTAL_URL", "not https"),
      ("FAILURE", "WELCOME_TRUSTED_PROXIES", "everybody is trusted"),
      ("warning", "WELCOME_ADMIN_LISTEN", "may be reached"),
      ("FAILURE", "WELCOME_SECRET_KEY", "is no key"),
      ("FAILURE", "secret key", "cannot be read: No such file"),
      ("warning", "second factor", "may work without one"),
      ("FAILURE", "WELCOME_OIDC_ISSUER", "needs WELCOME_OIDC_CLIENT_ID"),
      ("FAILURE", "WELCOME_SMTP_URL", "is no mail server"),
      ("FAILURE", "WELCOME_SMTP_CA", "cannot be read"),
      ("warning", "WELCOME_CHECK_ANSWERS", "for tests"),
      ("warning", "WELCOME_LOG_LEVEL", "not for every day"),
      ("warning", "WELCOME_RATE_...", "there is none"),
      ("warning", "WELCOME_OPERATOR", "names nobody"),
      ("FAILURE", "WELCOME_ATTACHMENTS", "No such file or directory"),
      ("warning", "WELCOME_CONTENT_DIRECTORY", "cannot be read"),
      ("FAILURE", "WELCOME_DATABASE_URL", "cannot be reached"),
      ("FAILURE", "..._OWNER_URL", "`migrate`: the database cannot be reached")]),
    ({"WELCOME_PORT": "x", "WELCOME_PORTAL_URL": "http://localhost:3000", "WELCOME_TRUSTED_PROXIES": "::/0", "WELCOME_SECRET_KEY": "",
      "WELCOME_SMTP_URL": "smtp://127.0.0.1:1", "WELCOME_SMTP_USER": "x", "WELCOME_ATTACHMENTS": "/dev/null",
      "WELCOME_DATABASE_WORKER_URL": "host=/nonexistent"},
     [("FAILURE", "key", "a whole number from 0 to 65535"),
      ("warning", "WELCOME_PORTAL_URL", "nobody but you"),
      ("FAILURE", "WELCOME_TRUSTED_PROXIES", "everybody is trusted"),
      ("FAILURE", "WELCOME_SECRET_KEY", "required needs it"),
      ("FAILURE", "mail server", "does not take us"),
      ("warning", "WELCOME_SMTP_PASSWORD", "no password"),
      ("FAILURE", "WELCOME_ATTACHMENTS", "is no folder"),
      ("warning", "skipped", "without the jobs' connection")]),
    ({"WELCOME_PORTAL_URL": "https://other.example.org", "WELCOME_TRUSTED_PROXIES": "", "WELCOME_LISTEN": "0.0.0.0",
      "WELCOME_HSTS_SECONDS": "0"},
     [("warning", "WELCOME_PORTAL_ORIGINS", "https://other.example.org is not among them"),
      ("warning", "WELCOME_HSTS_SECONDS", "not told to keep to TLS"),
      ("warning", "WELCOME_LISTEN", "speaks no TLS")]),
    ({"WELCOME_PORT": "9", "WELCOME_ADMIN_PORT": "9", "WELCOME_TRUSTED_PROXIES": ""},
     [("warning", "WELCOME_TRUSTED_PROXIES", "share one client's limits"),
      ("FAILURE", "WELCOME_ADMIN_PORT", "both listeners want port 9"),
      ("warning", "admins", "nobody is one"),
      ("warning", "legal texts", "are drafts still"),
      ("warning", "daemon", "none answers on 127.0.0.1")]),
], ids=itertools.count(1))
def test_what_is_wrong_is_named_with_what_to_do(stopped, settings, findings):
    report = doctor(stopped, **settings)
    for finding in findings:
        report.find(*finding)
    assert report.status == (1 if report.of("FAILURE") else 0)
    last = report.out.splitlines()[-1]
    assert last.startswith(f"{len(report.of('FAILURE'))} failure") and f" {len(report.of('warning'))} warning" in last


def test_the_same_role_for_all_is_a_failure(stopped):
    report = doctor(stopped, WELCOME_DATABASE_WORKER_URL=stopped.environment["WELCOME_DATABASE_URL"])
    report.find("FAILURE", "roles", "use the same role welcome")


def test_a_superuser_is_no_role_for_a_daemon(stopped):
    url = stopped.environment["WELCOME_DATABASE_URL"].replace("user=welcome", "user=postgres")
    assert "is a superuser" in doctor(stopped, WELCOME_DATABASE_URL=url).find("FAILURE", "role", "postgres")


@pytest.mark.parametrize("kind, words, url", [
    ("FAILURE", "is no connection string or URI", "{} dbname"),
    ("warning", "cannot be reached", "{} host=/nonexistent"),
    ("FAILURE", "leads to another database than WELCOME_DATABASE_URL: the database postgres", "{} dbname=postgres"),
    ("FAILURE", "names another user than WELCOME_DATABASE_URL", "{} user=welcome_worker"),
    ("warning", "leads to a primary", "{}"),
])
def test_a_read_replica_that_is_none_is_named(stopped, kind, words, url):
    doctor(stopped, WELCOME_DATABASE_READ_URL=url.format(stopped.environment["WELCOME_DATABASE_URL"])).find(kind, "WELCOME_DATABASE_READ_URL", words)


def test_a_read_replica_without_its_primary_is_looked_at_alone(stopped):
    report = doctor(stopped, WELCOME_DATABASE_READ_URL=stopped.environment["WELCOME_DATABASE_URL"], WELCOME_DATABASE_URL="host=/nonexistent")
    report.find("warning", "WELCOME_DATABASE_READ_URL", "cannot be seen without that")


@contextlib.contextmanager
def changed(daemon, change, back):
    with daemon.connect() as db:
        db.execute(change)
        try:
            yield
        finally:
            db.execute(back)


@pytest.mark.parametrize("change, back, subject, words", [
    ("DELETE FROM public.schema_migrations WHERE version >= '0033'",
     "INSERT INTO public.schema_migrations SELECT v FROM unnest(ARRAY['0033', '0036']) AS v ON CONFLICT DO NOTHING", "schema", "from 0033_marks on"),
    ("INSERT INTO public.schema_migrations VALUES ('9999')", "DELETE FROM public.schema_migrations WHERE version = '9999'", "schema", "does not know its migration 9999"),
    ("UPDATE public.schema_functions SET hash = 'x' || hash", "UPDATE public.schema_functions SET hash = substr(hash, 2)", "schema", "functions are not those"),
    ("ALTER TABLE guide DISABLE ROW LEVEL SECURITY", "ALTER TABLE guide ENABLE ROW LEVEL SECURITY", "walls", "does not hold"),
    ("DELETE FROM job_note; INSERT INTO job_note VALUES ('times', clock() - interval '2 hours', 1, '0')", "DELETE FROM job_note",
     "job", "times was not done for 2 hours"),
    ("INSERT INTO outbox (id, template, address, language, created_at, next_attempt_at)"
     " VALUES (gen_random_uuid(), 'sign_in', 'a@example.org', 'de', clock() - interval '1 hour', clock() + interval '1 hour')",
     "DELETE FROM outbox", "outbox", "1 mails wait, the oldest for 60 minutes"),
])
def test_what_is_wrong_in_the_database_is_named(stopped, change, back, subject, words):
    with stopped.connect() as db:
        versions = [row[0] for row in db.execute("SELECT version FROM public.schema_migrations WHERE version >= '0033'")]
    with changed(stopped, change, back):
        doctor(stopped).find("FAILURE", subject, words)
    with stopped.connect() as db:
        for version in versions:
            db.execute("INSERT INTO public.schema_migrations VALUES (%s) ON CONFLICT DO NOTHING", (version,))


def test_a_daemon_of_another_version_works_still(stopped):
    with changed(stopped, "INSERT INTO job_note VALUES ('times', clock(), 1, '0.0.1')", "DELETE FROM job_note"):
        doctor(stopped).find("warning", "jobs", "a daemon of version 0.0.1 works")


def test_a_database_without_a_schema_is_told_to_be_migrated(stopped):
    name = "bare_" + uuid.uuid4().hex
    database_create(name, "template0")
    try:
        url = stopped.environment["WELCOME_DATABASE_URL"].replace(f"dbname={stopped.database}", f"dbname={name}")
        report = doctor(stopped, WELCOME_DATABASE_URL=url)
        report.find("FAILURE", "schema", "there is none yet")
        report.find("warning", "skipped", "in this schema")
    finally:
        database_drop(name)


def test_secrets_that_others_may_read_are_a_warning(stopped, tmp_path):
    (tmp_path / "secret.key").write_text(SECRET_KEY)
    (tmp_path / "own.conf").write_text("WELCOME_REGION_NAME=Ruhr\n")
    for mode, kind in ((0o644, "warning"), (0o660, "warning"), (0o600, "ok"), (0o640, "ok")):
        (tmp_path / "secret.key").chmod(mode)
        (tmp_path / "own.conf").chmod(mode)
        report = doctor(stopped, WELCOME_SECRET_KEY="", WELCOME_SECRET_KEY_FILE=str(tmp_path / "secret.key"), WELCOME_CONFIG=str(tmp_path / "own.conf"))
        report.find(kind, "secret key", "secret.key")
        report.find(kind, "configuration", "own.conf")


def test_a_full_or_read_only_disk_is_a_failure(stopped):
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", folder], capture_output=True).returncode != 0:
            pytest.skip("no file system can be mounted here")
        try:
            doctor(stopped, WELCOME_ATTACHMENTS=folder).find("FAILURE", "WELCOME_ATTACHMENTS", "is full")
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
            doctor(stopped, WELCOME_ATTACHMENTS=folder).find("FAILURE", "WELCOME_ATTACHMENTS", "is read-only")
        finally:
            subprocess.run(["umount", folder], check=True)


class Stranger(http.server.BaseHTTPRequestHandler):
    page = b""

    def do_GET(self):
        self.send_response(200 if self.path == "/metrics" else 503)
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("page, kind, subject, words", [
    (b"hello\n", "FAILURE", "daemon", "is no welcomed"),
    (b'welcome_build_info{version="0.0.1",contract="0"} 1\n', "FAILURE", "daemon", "its version is 0.0.1"),
    (b'welcome_build_info{version="%s",contract="0"} 1\n' % VERSION.encode(), "FAILURE", "daemon", "it is not ready"),
    (b'# HELP\nprocess_max_fds 1024\nwelcome_connections_max 832\n', "warning", "files", "it may open 1024 files, which is enough for 832 connections"),
    (b"welcome_log_lines_lost_total 7\n", "warning", "log", "7 lines could not be written"),
    (b'welcome_build_info{version="0.0.1",contract="0"} 1\n', "warning", "read replica", "knows of none"),
    (b'welcome_build_info{version="0.0.1",contract="0"} 1\nwelcome_replica_links_fresh{lane="read"} 0\n', "warning", "read replica", "does not use it"),
])
def test_what_the_running_daemon_says_of_itself_is_looked_at(stopped, page, kind, subject, words):
    server = http.server.HTTPServer(("127.0.0.1", 0), type("Own", (Stranger,), {"page": page}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        doctor(stopped, WELCOME_ADMIN_PORT=str(server.server_port), WELCOME_DATABASE_READ_URL="host=/nonexistent").find(kind, subject, words)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_nothing_is_changed_or_sent(stopped, smtp_server):
    with stopped.connect() as db:
        before = db.execute("SELECT pg_current_xact_id_if_assigned(), (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables)").fetchone()
        doctor(stopped, WELCOME_SMTP_URL=smtp_server.url, WELCOME_SMTP_TLS="false").find("ok", "mail server", "takes us")
        after = db.execute("SELECT pg_current_xact_id_if_assigned(), (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables)").fetchone()
    assert before == after and smtp_server.mails == []
    assert not os.path.exists(stopped.environment["WELCOME_MAIL_DIRECTORY"])
