# SPDX-License-Identifier: EUPL-1.2
# `welcomed migrate` on empty databases of its own: once, three at once, again, and where it has to refuse.
import json
import os
import subprocess
import time
import uuid

import psycopg
import pytest

from support import database_create, database_drop

WELCOMED = os.environ["WELCOMED"]
NUMBERED = sorted(name for name in os.listdir("migrations") if name[0].isdigit())


@pytest.fixture
def empty():
    """An empty database that belongs to the owner role; its name."""
    name = "migrate_" + uuid.uuid4().hex
    database_create(name, "template0")
    yield name
    database_drop(name)


def start(database, *arguments, host=os.environ["PGHOST"], **settings):
    environment = {**os.environ, "WELCOME_DATABASE_URL": f"host={host} dbname={database} user=welcome", **settings}
    return subprocess.Popen([WELCOMED, "migrate", *arguments], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def migrate(database, *arguments):
    """Exit status, lines of standard output, lines of standard error."""
    process = start(database, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out.splitlines(), err.splitlines()


EVERYTHING = [f"applied migrations/{name}" for name in NUMBERED] + ["loaded migrations/functions/"]


def test_an_empty_database_gets_everything_and_then_nothing(empty):
    assert migrate(empty) == (0, EVERYTHING, [])
    assert migrate(empty) == (0, ["The database is up to date."], [])
    with psycopg.connect(dbname=empty) as db:
        versions = [row[0] for row in db.execute("SELECT version FROM public.schema_migrations ORDER BY version")]
        owners = db.execute("SELECT DISTINCT proowner::regrole::text FROM pg_proc"
                            " WHERE pronamespace = 'welcome'::regnamespace").fetchall()
    assert versions == [name.split("_")[0] for name in NUMBERED]
    assert owners == [("welcome_owner",)]


def test_three_at_once_are_safe(empty):
    processes = [start(empty) for _ in range(3)]
    results = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(out.splitlines() for out, _ in results) == sorted(
        [EVERYTHING, ["The database is up to date."], ["The database is up to date."]])


def test_status_tells_what_is_pending_and_applies_nothing(empty):
    status, lines, _ = migrate(empty, "--status")
    assert status == 1
    assert lines == [f"pending  migrations/{name}" for name in NUMBERED] + ["pending  migrations/functions/"]
    migrate(empty)
    status, lines, _ = migrate(empty, "--status")
    assert status == 0
    assert all(line.startswith("applied") for line in lines)


def test_a_newer_database_is_refused(empty):
    migrate(empty)
    with psycopg.connect(dbname=empty) as db:
        db.execute("INSERT INTO public.schema_migrations VALUES ('9999')")
    status, _, errors = migrate(empty)
    assert status == 1
    assert errors == ["welcomed migrate: the database has migration 9999, which this program does not know: "
                      "it belongs to a newer program"]


def test_a_failure_names_its_line_and_leaves_nothing(empty):
    with psycopg.connect(dbname=empty) as db:
        db.execute("CREATE SCHEMA welcome")
    status, lines, errors = migrate(empty)
    assert (status, lines) == (1, [])
    with open(f"migrations/{NUMBERED[0]}") as file:
        number = next(n for n, line in enumerate(file, 1) if line.startswith("CREATE SCHEMA"))
    assert errors[0].startswith(f"migrations/{NUMBERED[0]}:") and errors[0].endswith('schema "welcome" already exists')
    assert int(errors[0].split(":")[1]) <= number
    with psycopg.connect(dbname=empty) as db:
        assert db.execute("SELECT count(*) FROM public.schema_migrations").fetchone() == (0,)


def test_functions_come_back_when_asked_for(empty):
    migrate(empty)
    shift = "CREATE OR REPLACE FUNCTION welcome.me() RETURNS uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid'"
    source = "SELECT prosrc FROM pg_proc WHERE proname = 'me' AND pronamespace = 'welcome'::regnamespace"
    with psycopg.connect(dbname=empty) as db:
        original = db.execute(source).fetchone()
        db.execute(shift)
    assert migrate(empty) == (0, ["The database is up to date."], [])
    assert migrate(empty, "--reload") == (0, ["loaded migrations/functions/"], [])
    with psycopg.connect(dbname=empty) as db:
        assert db.execute(source).fetchone() == original


def test_it_waits_for_another_one(empty):
    with psycopg.connect(dbname=empty, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('welcomed migrate', 0))")
        process = start(empty)
        time.sleep(0.5)
        assert process.poll() is None
        waiting = other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted"
                                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").fetchone()
        assert waiting == (0,)  # it sleeps outside of the server
        other.execute("SELECT pg_advisory_unlock_all()")
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and out.splitlines() == EVERYTHING


def test_it_waits_for_the_server_where_it_is_told_to(empty, tmp_path):
    process = start(empty, "--wait", host=tmp_path / "late", WELCOME_START_SECONDS="120")
    line = json.loads(process.stderr.readline())
    assert (line["event"], line["waited_s"]) == ("database_unreachable", 0) and "No such file" in line["error"]
    (tmp_path / "late").symlink_to(os.environ["PGHOST"])
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and out.splitlines() == EVERYTHING


def test_it_does_not_wait_longer_for_the_server_than_it_is_told_to(tmp_path):
    process = start("welcome", "--wait", host=tmp_path / "late", WELCOME_START_SECONDS="1")
    out, errors = process.communicate(timeout=120)
    first, *last = errors.splitlines()
    assert process.returncode == 1 and json.loads(first)["event"] == "database_unreachable"
    assert last[0].startswith("welcomed migrate: connection to server on socket")


def test_no_server_is_told_in_a_sentence():
    environment = {**os.environ, "WELCOME_DATABASE_URL": "host=/nonexistent dbname=welcome"}
    run = subprocess.run([WELCOMED, "migrate"], env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stderr.startswith("welcomed migrate: connection to server on socket")
