# SPDX-License-Identifier: EUPL-1.2
# What the machine denies: databases, ports, files, disks. Each is a clear line with the right exit status at the start; later the daemon
# goes on, says so once, and recovers by itself.
import contextlib
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

import psycopg
import pytest

from attachment_files import bring, brought
from load import Wire, ask_for_a_guide, get
from support import People, answer, database_create, database_drop, eventually, problem, processor_seconds
from test_connections import figure


@pytest.fixture(scope="module")
def denied(daemons):
    """A database for daemons that do not come to serve."""
    with daemons.running(start=False, WELCOME_START_SECONDS="0") as daemon:
        daemon.log.touch()
        yield daemon


def refused(daemon, command="serve", **settings):
    """What the program said last when it ended by itself; with exit status 1."""
    kept = daemon.environment
    daemon.environment = kept | settings
    try:
        status, out, errors = daemon.command(command)
    finally:
        daemon.environment = kept
    assert status == 1, out + errors
    return [line for line in errors.splitlines() if not line.startswith("{")][0]


# The start

@pytest.mark.parametrize("part, instead, reason", [
    (None, "host=/nonexistent", "No such file or directory"), ("user=welcome", "user=nobody_here", 'role "nobody_here" does not exist'),
    ("dbname=", "dbname=not_", "does not exist"), (None, "host=127.0.0.1 port=1", "Connection refused"), (None, "nonsense=1", "invalid connection option"),
])
def test_a_database_that_cannot_be_reached_is_told_with_the_reason(denied, part, instead, reason):
    url = denied.environment["WELCOME_DATABASE_URL"]
    line = refused(denied, WELCOME_DATABASE_URL=url.replace(part, instead) if part else instead)
    assert line.startswith("welcomed: the database cannot be reached (WELCOME_DATABASE_URL): ") and reason in line


def test_a_start_waits_for_the_database(start_daemon):
    daemon = start_daemon(start=False, WELCOME_START_SECONDS="60")
    daemon.tolerated.add("database_unreachable")
    with tempfile.TemporaryDirectory() as folder:
        late = pathlib.Path(folder) / "late"
        daemon.environment["WELCOME_DATABASE_URL"] = f"host={late} dbname={daemon.database} user=welcome"
        daemon.start(wait=False)

        def waits():
            """the daemon says that it waits, and for what"""
            return [line for line in daemon.read_log() if line["event"] == "database_unreachable" and "No such file" in line["error"]]
        eventually(waits)
        late.symlink_to(os.environ["PGHOST"])
        eventually(daemon.ready)
        daemon.stop()


@pytest.mark.parametrize("change, line", [
    ("DELETE FROM public.schema_migrations WHERE version = '0036'",
     "welcomed: the database's schema is older than this program, it lacks 1 of its migrations, from 0036_watching on: run `welcomed migrate`"),
    ("INSERT INTO public.schema_migrations VALUES ('9999'); ALTER TABLE city RENAME COLUMN name TO title",
     "welcomed: the database's schema is newer than this program, which does not know its migration 9999: install the program that made it"),
    ("ALTER TABLE city RENAME COLUMN name TO title", "welcomed: contract, program and database do not agree (does `welcomed migrate` help?):"),
    ("DROP SCHEMA welcome CASCADE", "welcomed: the database has no schema yet, or one that is older than this program: run `welcomed migrate`"),
], ids=["older", "newer", "changed", "none"])
def test_a_schema_that_does_not_fit_is_told(denied, change, line):
    name = "copy_" + uuid.uuid4().hex
    with contextlib.ExitStack() as stack:
        url = copy_of(denied, name, stack, change)
        assert refused(denied, WELCOME_DATABASE_URL=url) == line
        assert line.startswith("welcomed: contract") or any(word in refused(denied, "check", WELCOME_DATABASE_URL=url) for word in ("older", "newer"))
        if "9999" in change:
            assert "belongs to a newer program" in refused(denied, "migrate", WELCOME_DATABASE_URL=url)


def copy_of(daemon, name, stack, change):
    """The address of a copy of the daemon's database, changed; it goes with the stack."""
    database_create(name, daemon.database)
    stack.callback(database_drop, name)
    with psycopg.connect(dbname=name, autocommit=True, options="-c search_path=welcome") as db:
        db.execute(change)
    return daemon.environment["WELCOME_DATABASE_URL"].replace(daemon.database, name)


def test_a_newer_schema_that_fits_is_served_and_told(start_daemon):
    daemon = start_daemon(start=False)
    daemon.tolerated.add("schema_newer")
    with daemon.connect() as db:
        db.execute("INSERT INTO public.schema_migrations VALUES ('9999')")
    daemon.start()
    assert [line["migration"] for line in daemon.read_log() if line["event"] == "schema_newer"] == ["9999"]


@pytest.mark.parametrize("key", ["WELCOME_PORT", "WELCOME_ADMIN_PORT"])
def test_a_port_that_is_taken_is_told(denied, key):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refused(denied, **{key: str(port)}) == f"welcomed: cannot listen on 127.0.0.1 port {port}: Address already in use"


def test_an_address_that_is_not_ours_is_told(denied):
    assert "cannot listen on 192.0.2.1 port" in refused(denied, WELCOME_LISTEN="192.0.2.1")
    assert "is no address to listen on" in refused(denied, WELCOME_LISTEN="not an address")


def limited(daemon, tmp_path, files):
    """The program under a limit of open files."""
    program = tmp_path / "limited"
    program.write_text(f'#!/bin/sh\nexec prlimit --nofile={files}:{files} {daemon.program} "$@"\n')
    program.chmod(0o755)
    return program


def test_too_few_files_to_work_with_are_told(denied, tmp_path):
    kept, denied.program = denied.program, limited(denied, tmp_path, 100)
    try:
        assert refused(denied) == "welcomed: this process may open 100 files (RLIMIT_NOFILE), and needs more than 128"
    finally:
        denied.program = kept


def test_a_faulty_configuration_read_again_keeps_the_old_one(start_daemon, tmp_path):
    daemon = start_daemon(start=False, WELCOME_CONFIG=tmp_path / "own.conf")
    daemon.tolerated.add("configuration_kept")
    (tmp_path / "own.conf").write_text("WELCOME_REGION_NAME=Ruhr\n")
    daemon.start()

    def reread(text, event):
        (tmp_path / "own.conf").write_text(text)
        daemon.process.send_signal(signal.SIGHUP)

        def told():
            """the log tells what came of SIGHUP"""
            return [line for line in daemon.read_log() if line["event"] == event]
        eventually(told)
    reread("WELCOME_LOG_LEVEL=warning\nWELCOME_PROT=1\n", "configuration_kept")
    assert f"WELCOME_PROT in {tmp_path}/own.conf:2 is no key; the nearest is WELCOME_PORT\n" in daemon.log.read_text()
    answer(daemon.http.get("/v1/cities"))

    def asked():
        """the log tells of the request: the level is the old one"""
        return [line for line in daemon.read_log() if line["event"] == "request"]
    eventually(asked)
    reread("WELCOME_SLOW_MS=0\n", "configuration_reread")
    answer(daemon.http.get("/v1/cities"))


# Files

@pytest.mark.parametrize("before", [0, 3], ids=["nobody", "somebody"])
def test_without_files_the_daemon_says_so_once_and_recovers(start_daemon, before):
    daemon = start_daemon(WELCOME_LOOPS="1")
    daemon.tolerated |= {"files_exhausted", "job_failed", "database_link_lost", "listener_lost", "reference_not_read"}
    pid = daemon.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(daemon)) for _ in range(before)]
        for wire in wires:
            wire.send(get("/v1/cities"))
            assert wire.answer().status == 200
        time.sleep(0.3)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (8, limits[1]))  # all above are open already
        late = stack.enter_context(Wire(daemon))
        late.send(get("/v1/cities"))

        def told():
            """the log tells that there are no files"""
            return [line for line in daemon.read_log() if line["event"] == "files_exhausted"]
        first = eventually(told)
        for wire in wires:  # who is there already is served
            wire.send(get("/v1/cities"))
            assert wire.answer().status == 200
        used, begun = processor_seconds(daemon.process.pid), time.monotonic()
        time.sleep(1)
        assert (processor_seconds(daemon.process.pid) - used) / (time.monotonic() - begun) < 0.5, "it spins"
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        for wire in wires:
            wire.close()
        assert late.answer().status == 200
        assert len(first) == 1 and not told()
    assert figure(daemon, "welcome_connections_starved_total") >= 1


# Disks

def asked(daemon):
    """Who gets a mail for a form that was sent."""
    _, path, body, _ = ask_for_a_guide()
    answer(daemon.http.post(path, json=body), 202)
    return body["email"]


def test_beyond_a_limit_of_file_sizes_mails_wait_and_nothing_dies(start_daemon):
    daemon = start_daemon()
    daemon.tolerated.add("job_failed")
    pid, limits = daemon.process.pid, resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    address = asked(daemon)
    eventually(lambda: figure_of(daemon, 'welcome_job_runs_total{name="mailer",result="failed"}') > 0)
    assert answer(daemon.http.get("/v1/cities"))
    assert figure(daemon, "welcome_log_lines_lost_total") > 0  # the log is a file too
    assert daemon.mails.take(address) is None
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    assert daemon.mails.next(address).token


def figure_of(daemon, sample):
    lines = [line for line in daemon.admin.get("/metrics").text.splitlines() if line.startswith(sample + " ")]
    return float(lines[0].split()[-1]) if lines else 0


def test_a_log_that_cannot_be_written_keeps_nobody_from_being_served(start_daemon):
    daemon = start_daemon(start=False)
    daemon.log.touch()
    with open("/dev/full", "ab") as full:
        daemon.process = subprocess.Popen([daemon.program, "serve"], env=daemon.environment, stdout=full, stderr=full)
    eventually(daemon.ready)
    for _ in range(10):
        answer(daemon.http.get("/v1/cities"))
    assert figure(daemon, "welcome_log_lines_lost_total") >= 10


@pytest.fixture
def small_disk():
    """A file system of its own that is nearly full."""
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", folder], capture_output=True).returncode != 0:
            pytest.skip("no file system can be mounted here")
        try:
            yield pathlib.Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_and_a_read_only_disk_refuse_files_until_they_do_not(start_daemon, place, small_disk):
    people = People(start_daemon(WELCOME_ATTACHMENTS=small_disk))
    people.daemon.tolerated.add("attachment_not_written")
    company = people.requester(place.city)
    made = [brought(company, company)]
    large = b"x" * 65000
    problem(bring(company, company, large, "text/plain"), 503, "unavailable")
    made.append(brought(company, company))  # what has room is taken
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    problem(bring(company, company), 503, "unavailable")
    assert company.get(made[0]["url"]).status_code == 200
    subprocess.run(["mount", "-o", "remount,rw,size=1m", small_disk], check=True)
    made.append(brought(company, company, large, "text/plain"))
    assert sorted(one["id"] for one in company.look()["attachments"]) == sorted(one["id"] for one in made)
    errors = [line["error"] for line in people.daemon.read_log() if line["event"] == "attachment_not_written"]
    assert errors == [os.strerror(28), os.strerror(30)]
    assert len([path for path in small_disk.rglob("*") if path.is_file()]) == 3


def test_a_full_and_a_read_only_maildir_keep_mails_waiting(start_daemon, small_disk):
    daemon = start_daemon(start=False, WELCOME_MAIL_DIRECTORY=small_disk / "mail")
    daemon.mails.folder = small_disk / "mail"
    daemon.tolerated.add("job_failed")
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), open(filler, "wb") as file:
        file.write(bytes(100000))
    daemon.start()
    for reason, cure in ((os.strerror(28), filler.unlink),
                         (os.strerror(30), lambda: subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True))):
        address = asked(daemon)

        def told():
            """the log tells why mails wait"""
            return [line for line in daemon.read_log() if line["event"] == "job_failed" and line["error"] == f"{small_disk}/mail: {reason}"]
        eventually(told)
        cure()
        assert daemon.mails.next(address).token
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    shutil.rmtree(small_disk / "mail", ignore_errors=True)
