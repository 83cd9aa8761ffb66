# SPDX-License-Identifier: EUPL-1.2
# Fixtures of all tests. tests/run.sh brings a PostgreSQL and a sanitized build; pytest called by hand starts what is missing.
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import uuid

import pytest

pytest.register_assert_rewrite("support", "filing", "providers")
import filing  # noqa: E402
from support import ROOT, Daemons, People, SmtpServer, database_create, database_drop, new_place  # noqa: E402 (only what is imported from here on is rewritten)

TEST_SECONDS = 600


def pytest_configure():
    builds = (ROOT / "build" / variant / "welcomed" for variant in ("sanitized", "release"))
    os.environ.setdefault("WELCOMED", str(next((build for build in builds if build.exists()), "welcomed")))
    os.environ.setdefault("AIOSMTPD_CONTROLLER_TIMEOUT", "30")  # that mail servers have to start
    os.chdir(ROOT)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A test that hangs fails instead of holding up all others."""
    def late(*_):
        raise TimeoutError(f"{item.name} did not end within {TEST_SECONDS} seconds")
    signal.signal(signal.SIGALRM, late)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session", autouse=True)
def cluster():
    """PostgreSQL, reached by PGHOST and PGUSER; its own for this run unless there is one."""
    if "PGHOST" in os.environ:
        yield
        return
    local = tempfile.mkdtemp(prefix="welcomed-test.")
    os.chmod(local, 0o711)  # the server's user passes through
    manager, environment = ROOT / "src/operation/cluster.sh", os.environ | {"LOCAL": local, "PRELOAD": "pg_stat_statements"}
    subprocess.run([manager, "start"], env=environment, check=True)
    os.environ["PGHOST"] = subprocess.check_output([manager, "where"], env=environment, text=True).strip()
    os.environ["PGUSER"] = "postgres"
    yield
    subprocess.run([manager, "remove"], env=environment, check=True)
    shutil.rmtree(local, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_database(cluster):
    """Migrated and empty, to copy."""
    name = "template_" + uuid.uuid4().hex
    database_create(name, "template0")
    process = filing.run(name, "migrate")
    assert process.returncode == 0, process.stderr
    yield name
    database_drop(name)


@pytest.fixture
def new_database(migrated_database):
    """Makes databases that are migrated and empty; they go with the test."""
    with contextlib.ExitStack() as made:
        def make():
            name = "own_" + uuid.uuid4().hex
            database_create(name, migrated_database)
            made.callback(database_drop, name)
            return name
        yield make


@pytest.fixture
def empty_database(new_database):
    return new_database()


@pytest.fixture(scope="session")
def daemons(cluster):
    """Starts daemons: `with daemons.running(WELCOME_MATCHING="manual") as daemon`."""
    with tempfile.TemporaryDirectory(prefix="welcomed-daemons.") as folder:
        yield Daemons(os.environ["WELCOMED"], pathlib.Path(folder))


@pytest.fixture(scope="session")
def daemon(daemons):
    """The daemon that most tests share; each keeps to its own place and people."""
    with daemons.running() as daemon:
        yield daemon


@pytest.fixture
def start_daemon(daemons):
    """Starts a daemon with other settings for one test; start=False gives it unstarted."""
    with contextlib.ExitStack() as running:
        yield lambda **settings: running.enter_context(daemons.running(**settings))


@pytest.fixture(autouse=True)
def log_is_clean(request):
    """No test may leave a warning, an error, an undocumented answer or a sanitizer's report in a daemon's log."""
    yield
    if "daemons" in request.fixturenames:
        complaints = request.getfixturevalue("daemons").complaints()
        assert not complaints, "\n".join(map(str, complaints))


@pytest.fixture(scope="session")
def people(daemon):
    return People(daemon)


@pytest.fixture(scope="session")
def http(daemon):
    """A client without a session."""
    return daemon.http


@pytest.fixture
def place():
    """The cities of this test."""
    return new_place()


@pytest.fixture
def smtp_server():
    server = SmtpServer()
    server.start()
    yield server
    server.stop()
