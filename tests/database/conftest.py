# SPDX-License-Identifier: EUPL-1.2
"""A database of its own for these tests, migrated with psql."""
import os
import pathlib
import subprocess
import sys

import psycopg
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "migrations"
DATABASE = "welcome_walls"
HOLIDAYS = yaml.safe_load((ROOT / "content/reference/holidays.yaml").read_text())["holidays"]
HOLIDAY_COLUMNS = ("code", "month", "day", "easter_offset", "first_year", "last_year", "name_en", "name_de", "basis", "source")
OPTIONS = "-c search_path=welcome -c timezone=UTC -c client_min_messages=warning"

sys.path.insert(0, str(pathlib.Path(__file__).parent))


class Database:
    """Connections to the database as one of its roles."""

    def __init__(self, host):
        self.host = host

    def connect(self, role, autocommit=True, options=OPTIONS):
        return psycopg.connect(host=self.host, user=role, dbname=DATABASE, autocommit=autocommit, options=options)

    def psql(self, role, database, *arguments):
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-U", role, "-d", database, *arguments],
                       check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PGOPTIONS": OPTIONS})

    def load_functions(self):
        files = [argument for path in sorted((MIGRATIONS / "functions").glob("*.sql")) for argument in ("-f", str(path))]
        self.psql("welcome_owner", DATABASE, "-1", *files)

    def create(self):
        self.psql("postgres", "postgres", "-c", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        self.psql("postgres", "postgres", "-v", f"database={DATABASE}", "-f", str(MIGRATIONS / "roles.sql"))
        for path in sorted(MIGRATIONS.glob("0*.sql")):
            self.psql("welcome_owner", DATABASE, "-1", "-f", str(path))
        self.load_functions()
        with self.connect("welcome_owner") as owner:  # a clock that a connection shifts for itself
            owner.execute("CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE AS "
                          "$$ SELECT now() + coalesce(nullif(current_setting('test.shift', true), ''), '0')::interval $$")


@pytest.fixture(scope="session")
def database(cluster):
    made = Database(os.environ["PGHOST"])
    made.create()
    yield made
    made.psql("postgres", "postgres", "-c", f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="module")
def world(database):
    """An empty region for each file: reference data only."""
    from world import World
    made = World(database)
    made.clear()
    yield made
    made.close()


@pytest.fixture(scope="module")
def region(world):
    """The region's holidays and nobody else's."""
    world.god.execute("TRUNCATE holiday")
    for position, row in enumerate(HOLIDAYS):
        world.god.execute("INSERT INTO holiday (position, code, month, day, easter_offset, first_year, last_year, name_en, name_de, legal_basis, source)"
                          " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", (position, *(row.get(name) for name in HOLIDAY_COLUMNS)))
    yield world
    world.god.execute("TRUNCATE holiday")


@pytest.fixture(autouse=True)
def right_now(request):
    """A test that shifts the clock puts it back."""
    yield
    if "world" in request.fixturenames:
        request.getfixturevalue("world").shift("0")
