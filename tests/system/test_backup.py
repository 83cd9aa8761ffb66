# SPDX-License-Identifier: EUPL-1.2
# What backup.sh dumps and docs/backup.md restores is, in a fresh cluster, what was there: catalogue, rows, rights, answers and the audit.
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import psycopg
import pytest

from support import ROOT, Daemon, People, answer, eventually

BACKUP = ROOT / "packaging" / "backup.sh"
RESTORE = re.search(r"pg_restore .*?(?= <)", (ROOT / "docs" / "backup.md").read_text())[0].split()
ASKED = ["/v1/cities", "/v1/articles?lang=en", "/v1/services?lang=en", "/v1/guides?city=essen&language=ar", "/v1/offices", "/v1/events",
         "/v1/news", "/v1/stories", "/v1/search?q=wohnung&lang=de", "/v1/checklist?audience=skilled-worker&nationality=VN&children=true&arrival=2027-01-15"]


@pytest.fixture(scope="module")
def fresh():
    """The environment in which programs find another cluster, made as docs/operators.md says and with nothing but roles.sql in it."""
    folder = tempfile.mkdtemp(prefix="welcomed-restore.")
    os.chmod(folder, 0o711)
    environment = os.environ | {"LOCAL": folder}
    cluster = ROOT / "src/operation/cluster.sh"
    subprocess.run([cluster, "start"], env=environment, check=True)
    yield environment | {"PGHOST": subprocess.check_output([cluster, "where"], env=environment, text=True).strip(), "PGUSER": "postgres"}
    subprocess.run([cluster, "remove"], env=environment, check=True)
    shutil.rmtree(folder, ignore_errors=True)


def connect(environment, database):
    return psycopg.connect(host=environment["PGHOST"], user="postgres", dbname=database, autocommit=True, options="-c search_path=welcome")


def tables(db):
    """{table: (rows, hash of all that stands in them)}"""
    names = [row[0] for row in db.execute("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                                          " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1")]
    return {name: db.execute(f"SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {name} AS t").fetchone() for name in names}


def sequences(db):
    return dict(db.execute("SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences").fetchall())


def rights(db, database):
    return db.execute("SELECT d.datdba::regrole::text, d.datacl::text, d.datcollate, (SELECT array_agg(s.setconfig::text) FROM pg_db_role_setting s"
                      " WHERE s.setdatabase = d.oid) FROM pg_database d WHERE d.datname = %s", (database,)).fetchone()


def roles(db):
    return db.execute("SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolcanlogin FROM pg_roles"
                      " WHERE rolname LIKE 'welcome%' ORDER BY 1").fetchall()


# What the database guarantees, but for the wording of expressions: "a AND (b AND c)" comes back as "a AND b AND c".
OURS = "(SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')"
GRANTS = "ARRAY(SELECT unnest({})::text ORDER BY 1)"
FACTS = {
    "relations": "SELECT oid::regclass::text, relkind, relowner::regrole::text, relrowsecurity, relforcerowsecurity, reloptions,"
                 f" {GRANTS.format('relacl')} FROM pg_class WHERE relnamespace IN {OURS} AND relkind NOT IN ('t', 'i')",
    "columns": f"SELECT attrelid::regclass::text, attname, attnum > 0, format_type(atttypid, atttypmod), attnotnull, {GRANTS.format('attacl')},"
               " (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = attrelid AND d.adnum = attnum), col_description(attrelid, attnum)"
               f" FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace IN {OURS} AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped",
    "functions": f"SELECT oid::regprocedure::text, proowner::regrole::text, {GRANTS.format('proacl')}, prosrc, proconfig, prosecdef, provolatile"
                 f" FROM pg_proc WHERE pronamespace IN {OURS}",
    "policies": "SELECT polrelid::regclass::text, polname, polcmd, polpermissive, ARRAY(SELECT unnest(polroles)::regrole::text ORDER BY 1) FROM pg_policy",
    "triggers": "SELECT tgrelid::regclass::text, tgname, tgenabled, tgdeferrable, tgtype, tgfoid::regproc::text FROM pg_trigger WHERE NOT tgisinternal",
    "constraints": f"SELECT conrelid::regclass::text, conname, contype, convalidated, condeferrable, condeferred FROM pg_constraint WHERE connamespace IN {OURS}",
    "indexes": f"SELECT indexrelid::regclass::text, indisvalid, indisunique, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid"
               f" WHERE relnamespace IN {OURS}",
    "types": f"SELECT t.oid::regtype::text, typtype, ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder) FROM pg_type t"
             f" WHERE typnamespace IN {OURS}",
    "schemas and extensions": "SELECT nspname, nspowner::regrole::text FROM pg_namespace WHERE nspname !~ '^pg_' UNION ALL SELECT extname, extversion FROM pg_extension",
}


def facts(db, name):
    return sorted(map(str, db.execute(FACTS[name]).fetchall()))


def answers(daemon):
    return {path: answer(daemon.http.get(path)) for path in ASKED}


@pytest.fixture(scope="module")
def lived_in(daemons):
    """A database in which people were: guides and newcomers, a match, a request to an office, an admin who looked; sealed."""
    with daemons.running(WELCOME_RATE_READ="0") as daemon:
        status, out, errors = daemon.command("import", "--demo")
        assert status == 0, errors
        people = People(daemon)
        people.match("test-0")
        requester = people.requester("test-4")
        assert answer(people.admin().get("/v1/accounts"))["items"] and requester.look()
        assert daemon.http.post("/v1/feedback", json={"kind": "barrier", "text": "I cannot read it."}).status_code == 202
        daemon.mails_sent()

        def sealed():
            """what the admin saw is sealed"""
            daemon.read_log()
            return [line for line in daemon.lines if line["event"] == "audit_sealed"]
        daemon.seal = eventually(sealed, 150)[-1]
        yield daemon


def test_a_restored_dump_is_what_was_there(lived_in, fresh, tmp_path):
    here = os.environ | {}
    before_answers = answers(lived_in)
    lived_in.process.terminate()  # else its jobs write between the dump and the comparison
    lived_in.process.wait(60)
    told = subprocess.run([BACKUP, tmp_path, lived_in.database], env=here, check=True, capture_output=True, text=True).stdout.strip()
    dump = pathlib.Path(told)
    assert dump.parent == tmp_path and dump.stat().st_mode & 0o077 == 0
    with open(dump, "rb") as file:
        subprocess.run(RESTORE, env=fresh, stdin=file, check=True, timeout=300)

    with connect(here, lived_in.database) as old, connect(fresh, "welcome") as new:
        assert tables(old) == tables(new) and sequences(old) == sequences(new) and roles(old) == roles(new)
        for name in FACTS:
            before, after = facts(old, name), facts(new, name)
            assert len(before) > 1 and not set(before) ^ set(after), name
        assert sum(rows for rows, _ in tables(new).values()) > 1000
        owner, allowed, collation, settings = rights(new, "welcome")
        assert (owner, collation) == ("welcome_owner", "C.UTF-8")
        assert allowed and "=Tc/" not in allowed.replace("welcome_owner=CTc/", "").replace("welcome=c/", "") and "log_error_verbosity=terse" in settings[0]

    (tmp_path / "restored").mkdir()
    settings = {"WELCOME_RATE_READ": "0", "WELCOME_CACHE_MB": "0", "WELCOME_DATABASE_URL": f"host={fresh['PGHOST']} dbname=welcome user=welcome"}
    restored = Daemon(lived_in.program, "welcome", tmp_path / "restored", settings)
    for command in (("check",), ("audit", "verify", "--anchor", f"{lived_in.seal['number']}:{lived_in.seal['hash']}")):
        status, out, errors = restored.command(*command)
        assert status == 0, (command, out, errors)
    assert restored.command("migrate", "--status")[0] == 0
    restored.start()
    try:
        assert answers(restored) == before_answers
        people = People(restored)
        people.numbers = iter(range(900000, 900100))
        people.match("test-8")  # it lives on: rows are added, sessions opened, mails sent
    finally:
        restored.stop()
    assert not [line for line in restored.read_log() if line["level"] == "error"]


def test_only_the_newest_dumps_are_kept_and_what_else_lies_there(lived_in, tmp_path):
    kept = [tmp_path / f"{lived_in.database}-2020010{day}T000000Z.dump" for day in (1, 2, 3)]
    others = [tmp_path / "notes.txt", tmp_path / f"{lived_in.database}-extra-20200101T000000Z.dump"]
    for file in kept + others:
        file.write_text("x")
    subprocess.run([BACKUP, tmp_path, lived_in.database], env=os.environ | {"KEEP": "2"}, check=True, capture_output=True)
    left = sorted(tmp_path.iterdir())
    assert [file for file in kept if file in left] == kept[2:]
    assert set(others) <= set(left) and len(left) == 4


def test_a_backup_that_fails_says_so_and_leaves_nothing(lived_in, tmp_path):
    failed = subprocess.run([BACKUP, tmp_path, "no_such_database"], capture_output=True, text=True)
    assert failed.returncode != 0 and "no_such_database" in failed.stderr
    assert not list(tmp_path.iterdir())
    assert subprocess.run([BACKUP], capture_output=True, text=True).returncode == 2
