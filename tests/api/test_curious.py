# SPDX-License-Identifier: EUPL-1.2
# Who can look into the database without being let in by the API: somebody at the prompt of the daemon's role, and somebody with a stolen backup.
import base64
import os
import pathlib
import shutil
import subprocess

import psycopg
import pytest

from support import answer
from traces import Life


@pytest.fixture(scope="module")
def life(people):
    return Life(people)


def readable(db):
    """{relation: [column]} of all that this role may select, with rows that it sees."""
    found = {}
    columns = db.execute("SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                         " WHERE c.relnamespace = 'welcome'::regnamespace AND c.relkind IN ('r', 'v', 'm')"
                         "   AND has_column_privilege(c.oid, a.attnum, 'SELECT') ORDER BY 1, a.attnum").fetchall()
    for relation, column in columns:
        try:
            if db.execute(f'SELECT EXISTS (SELECT FROM "{relation}" WHERE "{column}" IS NOT NULL)').fetchone()[0]:
                found.setdefault(relation, []).append(column)
        except psycopg.errors.InsufficientPrivilege:
            pass  # a view over what this role may not see
    return found


def test_the_daemons_role_reads_no_column_about_people_without_a_session(life, daemon):
    """Every column of every table and view; what is public about guides is what they agreed to show."""
    with daemon.connect("welcome") as db:
        seen = readable(db)
    with daemon.connect() as db:
        personal = set(db.execute("SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
                                  " WHERE c.relnamespace = 'welcome'::regnamespace AND col_description(c.oid, a.attnum) LIKE 'personal%'"))
        views = {name for name, in db.execute("SELECT relname FROM pg_class WHERE relnamespace = 'welcome'::regnamespace AND relkind <> 'r'")}
    assert len(personal) > 100 and "city" in seen
    assert [(table, column) for table, columns in seen.items() for column in columns if (table, column) in personal] == []
    assert views & set(seen) <= {"public_guide", "office_public", "published_translation", "content_work"}


def test_functions_tell_the_daemons_role_nothing_of_people_whose_ids_it_knows(life, daemon):
    """All that takes one id and runs with the owner's rights, for every id of somebody who has done everything."""
    with daemon.connect() as db:
        functions = [name for name, in db.execute(
            "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'welcome'::regnamespace AND p.prosecdef AND p.proargtypes = ARRAY['uuid'::regtype]::oidvector"
            "   AND has_function_privilege('welcome', p.oid, 'EXECUTE') AND p.prorettype NOT IN ('void'::regtype, 'trigger'::regtype)")]
    told, ids = [], life.ids()
    assert len(functions) > 10 and len(ids) > 10
    with daemon.connect("welcome") as db:
        for function in functions:
            for thing in ids:
                try:
                    with db.transaction(force_rollback=True):
                        rows = db.execute(f"SELECT to_jsonb(x)::text FROM {function}(%s) AS x", (thing,)).fetchall()
                except psycopg.Error:
                    continue
                told += [(function, row) for row, in rows if row and (life.name in row or life.email in row)]
    assert told == []


def test_a_backup_holds_words_and_addresses_and_nothing_that_opens_a_door(life, people, daemon):
    """What SECURITY.md says of stolen backups, in both directions."""
    dump = shutil.which("pg_dump") or max(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    staff = people.sign_in(life.email)
    secret = answer(staff.post("/v1/me/second-factor"), 201)["secret"]
    key = "of-this-test-alone-0001"
    again = {"kind": "praise", "text": "Good", "email": people.address("again")}
    answer(daemon.http.post("/v1/feedback", json=again, headers={"Idempotency-Key": key}), 202)
    answer(daemon.http.post("/v1/sign-in", json={"email": life.email}), 202)
    unused = staff.mail("sign_in").token
    text = subprocess.run([dump, "--dbname", daemon.database, "--username", os.environ["PGUSER"]], capture_output=True, text=True, check=True).stdout
    doors = {"access token": staff.token, "mailed token": unused, "secret of a second factor": secret, "Idempotency-Key": key,
             "the daemon's key": daemon.environment["WELCOME_SECRET_KEY"]}
    raw = {name: base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex() for name, value in doors.items() if name.endswith("token")}
    raw["secret of a second factor"] = base64.b32decode(secret).hex()
    assert [name for name, value in [*doors.items(), *raw.items()] if value in text] == []
    for word in (life.email, f"Message of {life.name}", f"Story of {life.name}", f"A note about {life.name}"):
        assert word in text, "a limit that SECURITY.md states"
