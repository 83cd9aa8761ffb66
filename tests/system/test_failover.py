# SPDX-License-Identifier: EUPL-1.2
# docs/high-availability.md as it stands there: three machines with etcd and Patroni, of which one loses its power under load. Nothing that was
# acknowledged is lost, nothing is there twice, and public reads go on.
import collections
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid

import httpx
import psycopg
import pytest
import yaml

from support import ROOT, Daemon, answer, eventually, free_port

UNPACKED = ROOT / "build/cluster"
EXAMPLES = ROOT / "docs/high-availability"
NAMES = ("db1", "db2", "db3")
PASSWORD = "a-test's password"
SLOW = 120  # seconds: for a cluster to be made, on machines however slow

pytestmark = pytest.mark.skipif(not (UNPACKED / "usr/bin/patroni").exists(), reason="the packages patroni and etcd-server cannot be had here")


class Machine:
    """What runs on one of the three: etcd, Patroni and PostgreSQL, here on ports of its own."""

    def __init__(self, name, ports, root):
        self.name, self.ports, self.folder = name, ports, root / name
        self.started = {}
        owner = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self.as_server = ["setpriv", "--reuid", owner.pw_name, "--regid", str(owner.pw_gid), "--init-groups", "--"] if os.getuid() == 0 else []
        self.folder.mkdir(mode=0o700)
        self.write("etcd.yml", self.etcd())
        self.write("patroni.yml", self.patroni())
        for path in (self.folder, *self.folder.iterdir()):
            shutil.chown(path, owner.pw_uid, owner.pw_gid)

    def address(self, what, name=None):
        return f"127.0.0.1:{self.ports[name or self.name, what]}"

    def write(self, name, content):
        (self.folder / name).write_text(yaml.safe_dump(content))

    def etcd(self):
        client, peer = "http://" + self.address("client"), "http://" + self.address("peer")
        return yaml.safe_load((EXAMPLES / "etcd.yml").read_text()) | {
            "name": self.name, "data-dir": str(self.folder / "etcd"), "listen-peer-urls": peer, "initial-advertise-peer-urls": peer,
            "listen-client-urls": client, "advertise-client-urls": client,
            "initial-cluster": ",".join(f"{name}=http://{self.address('peer', name)}" for name in NAMES)}

    def patroni(self):
        settings = yaml.safe_load((EXAMPLES / "patroni.yml").read_text())
        settings["name"] = self.name
        settings["restapi"] |= {"listen": self.address("rest"), "connect_address": self.address("rest")}
        settings["etcd3"]["hosts"] = [self.address("client", name) for name in NAMES]
        local = settings["postgresql"]
        version = max(int(path.parent.parent.name) for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        local |= {"listen": self.address("sql"), "connect_address": self.address("sql"), "data_dir": str(self.folder / "data"),
                  "bin_dir": f"/usr/lib/postgresql/{version}/bin", "pgpass": str(self.folder / "pgpass"),
                  "parameters": {"unix_socket_directories": str(self.folder)}}
        for role in local["authentication"].values():
            role["password"] = PASSWORD
        # No certificates here, and one address for all.
        local["pg_hba"] = [line.replace("hostssl", "host").replace("10.0.0.0/24", "127.0.0.1/32") for line in local["pg_hba"]]
        settings["watchdog"] = {"mode": "off"}
        return settings

    def run(self, program):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(UNPACKED / "usr/lib/python3/dist-packages"), "LC_ALL": "C.UTF-8",
                       "HOME": str(self.folder)}
        arguments = {"etcd": ["--config-file", self.folder / "etcd.yml"], "patroni": [self.folder / "patroni.yml"]}[program]
        command = ([] if program == "etcd" else ["/usr/bin/python3"]) + [UNPACKED / "usr/bin" / program, *arguments]
        with open(self.folder / f"{program}.log", "ab") as log:
            self.started[program] = subprocess.Popen([*self.as_server, *command], env=environment, cwd="/", stdin=subprocess.DEVNULL,
                                                     stdout=log, stderr=log, start_new_session=True)

    def processes(self):
        """All that runs in its data, beside what was started here."""
        found = {process.pid for process in self.started.values() if process.poll() is None}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(folder / "cwd") == str(self.folder / "data"):
                    found.add(int(folder.name))
        return found

    def lose_power(self):
        while left := self.processes():
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for process in self.started.values():
                process.wait()
            time.sleep(0.01)

    def state(self):
        """What its Patroni says of itself; {} while it says nothing."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://{self.address('rest')}/patroni", timeout=5).json()
        return {}

    def leads_etcd(self):
        status = httpx.post(f"http://{self.address('client')}/v3/maintenance/status", json={}, timeout=5).json()
        return status["leader"] == status["header"]["member_id"]


class Machines:
    def __init__(self, root):
        ports = {(name, what): free_port() for name in NAMES for what in ("client", "peer", "rest", "sql")}
        self.all = [Machine(name, ports, root) for name in NAMES]
        for machine in self.all:
            machine.run("etcd")
        self.all[0].run("patroni")
        eventually(self.primary, SLOW)
        for machine in self.all[1:]:
            machine.run("patroni")
        eventually(self.whole, SLOW)

    def primary(self):
        """one of them is the primary"""
        found = [machine for machine in self.all if machine.state().get("role") in ("master", "primary") and machine.state()["state"] == "running"]
        return found[0] if len(found) == 1 else None

    def whole(self):
        """a primary, two standbys that stream from it, one of them synchronously"""
        primary = self.primary()
        if not primary:
            return False
        streaming = primary.state().get("replication", [])
        return (sorted(one["sync_state"] for one in streaming if one["state"] == "streaming") == ["async", "sync"]
                and all(machine.state().get("state") == "running" for machine in self.all))

    def url(self, **settings):
        return " ".join(f"{name}='{str(value).translate({39: chr(92) + chr(39)})}'" for name, value in {
            "host": ",".join("127.0.0.1" for _ in self.all), "port": ",".join(str(machine.ports[machine.name, "sql"]) for machine in self.all),
            "password": PASSWORD, **settings}.items())

    def connect(self, machine, database="welcome"):
        return psycopg.connect(host="127.0.0.1", port=machine.ports[machine.name, "sql"], user="postgres", password=PASSWORD, dbname=database,
                               autocommit=True, options="-c search_path=welcome")

    def remove(self):
        for machine in self.all:
            machine.lose_power()


@pytest.fixture(scope="module")
def machines(cluster):
    root = pathlib.Path(tempfile.mkdtemp(prefix="welcomed-failover."))
    root.chmod(0o711)
    machines = None
    try:
        machines = Machines(root)
        yield machines
    except BaseException:
        print("\n".join(path.read_text(errors="replace")[-3000:] for path in root.glob("*/*.log")))
        raise
    finally:
        if machines:
            machines.remove()
        else:  # what was started before it failed
            for name in NAMES:
                for folder in pathlib.Path("/proc").glob("[0-9]*"):
                    with contextlib.suppress(OSError):
                        if str(root / name) in (folder / "cmdline").read_bytes().decode(errors="replace"):
                            os.kill(int(folder.name), signal.SIGKILL)
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def portal(machines, tmp_path_factory):
    """A daemon on them, set up as docs/high-availability.md says."""
    primary = machines.primary()
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", f"host=127.0.0.1 port={primary.ports[primary.name, 'sql']} user=postgres dbname=postgres"]
    subprocess.run([*psql, "-f", ROOT / "migrations/roles.sql"], env=os.environ | {"PGPASSWORD": PASSWORD}, check=True, stdout=subprocess.DEVNULL)
    with machines.connect(primary) as db:
        for role in ("welcome", "welcome_worker", "welcome_owner"):
            db.execute(psycopg.sql.SQL("ALTER ROLE {} PASSWORD {}").format(psycopg.sql.Identifier(role), PASSWORD))
    daemon = Daemon(os.environ["WELCOMED"], "welcome", tmp_path_factory.mktemp("portal"), {
        "WELCOME_DATABASE_URL": machines.url(dbname="welcome", user="welcome", target_session_attrs="read-write"),
        "WELCOME_DATABASE_READ_URL": machines.url(dbname="welcome", user="welcome", target_session_attrs="prefer-standby"),
        "WELCOME_CHECK_ANSWERS": "false"})
    for command in ("migrate", "import"):
        status, out, errors = daemon.command(command)
        assert status == 0, f"welcomed {command}: {out}{errors}"
    daemon.start()
    yield daemon
    daemon.stop()


Tried = collections.namedtuple("Tried", "sent answered status key id")


class Load(threading.Thread):
    """A client as the contract wants it: what got no answer, or 503, is sent again with the same key."""

    def __init__(self, daemon, who):
        super().__init__(daemon=True)
        self.port, self.who, self.tried, self.stopping = daemon.port, who, [], threading.Event()

    def run(self):
        while not self.stopping.is_set():
            key = uuid.uuid4().hex
            while not self.once(key) and self.who and not self.stopping.is_set():
                time.sleep(0.2)
            time.sleep(0.01)

    def once(self, key):
        form = json.dumps({"display_name": self.who, "email": f"{key}@failover.example.org", "languages": [{"tag": "en", "level": "C1"}],
                           "city": "essen", "audience": "skilled-worker", "share_contact": "on_acceptance", "consent": True})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = time.monotonic()
        if not self.who:
            connection.request("GET", "/v1/cities/essen")
        else:
            connection.request("POST", "/v1/guide-requests", form, {"Content-Type": "application/json", "Idempotency-Key": key})
        got = connection.getresponse()
        body = got.read()
        if got.status == 503:
            assert got.headers["Retry-After"] and json.loads(body)["code"] in ("unavailable", "overloaded"), body
        made = json.loads(body)["id"] if got.status == 202 else None
        self.tried.append(Tried(sent, time.monotonic(), got.status, key, made))
        connection.close()
        return got.status in (200, 202)


@contextlib.contextmanager
def load(daemon, count, who=None):
    """So many clients that ask for guides under this name, or that read."""
    clients = [Load(daemon, who) for _ in range(count)]
    for client in clients:
        client.start()
    yield lambda: [tried for client in clients for tried in list(client.tried)]
    for client in clients:
        client.stopping.set()
    for client in clients:
        client.join(90)
        assert not client.is_alive()


def pause_around(tried, moment):
    """The longest time around a moment in which nothing new was acknowledged, in seconds. What had been sent before and got no answer may have
    happened, and is then answered again as soon as there is a primary, without waiting for a standby."""
    before = {one.key for one in tried if one.sent < moment and one.status != 202}
    times = sorted(one.answered for one in tried if one.status == 202 and one.key not in before)
    return max((later - earlier for earlier, later in itertools.pairwise(times) if later > moment - 1), default=None)




def check(machines, writes, who):
    """Each acknowledged request is there, once; and there is none that nobody sent."""
    acknowledged = {one.key: one.id for one in writes if one.status == 202}
    with machines.connect(eventually(machines.primary, SLOW)) as db:
        there = [row[0] for row in db.execute("SELECT id::text FROM guide_request WHERE display_name = %s", (who,))]
    assert len(set(acknowledged.values())) == len(acknowledged)
    assert not set(acknowledged.values()) - set(there)
    assert len(there) <= len({one.key for one in writes})
    return len(acknowledged)


def test_a_primary_that_loses_its_power_costs_nothing_that_was_acknowledged(machines, portal, capsys):
    lost = machines.primary()
    with_etcd, steps = lost.leads_etcd(), {}

    def watch(machine, since):
        """Notes when that machine becomes the primary and when it has a synchronous standby."""
        with machines.connect(machine) as db:
            while "a synchronous standby" not in steps and time.monotonic() < since + SLOW:
                standby, synchronous = db.execute(
                    "SELECT pg_is_in_recovery(), EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')").fetchone()
                if not standby:
                    steps.setdefault("a primary", time.monotonic() - since)
                    if synchronous:
                        steps.setdefault("a synchronous standby", time.monotonic() - since)
                time.sleep(0.05)
    with load(portal, 6, "Noor") as writes, load(portal, 3) as reads:
        eventually(lambda: len([one for one in writes() if one.status == 202]) > 200)
        killed = time.monotonic()
        lost.lose_power()
        watchers = [threading.Thread(target=watch, args=(machine, killed), daemon=True) for machine in machines.all if machine is not lost]
        for watcher in watchers:
            watcher.start()

        def goes_on():
            """writes are acknowledged again"""
            return len([one for one in writes() if one.status == 202 and one.sent > killed + 1]) > 100
        eventually(goes_on, SLOW)
        new = machines.primary()
        time.sleep(2)
    assert new is not lost
    assert {one.status for one in writes()} <= {202, 503}
    assert {one.status for one in reads()} == {200}
    acknowledged = check(machines, writes(), "Noor")
    without, late = pause_around(writes(), killed), max(one.answered - one.sent for one in reads())
    lost.run("etcd")
    lost.run("patroni")
    returned = time.monotonic()
    eventually(machines.whole, SLOW)
    rewound = "running pg_rewind" in (lost.folder / "patroni.log").read_text()
    with machines.connect(lost) as db:
        assert db.execute("SELECT pg_is_in_recovery()").fetchone()[0]
        eventually(lambda: db.execute("SELECT count(*) FROM guide_request").fetchone()[0] >= acknowledged)  # what it has got it is still replaying
    with capsys.disabled():
        told = ", ".join(f"{step} after {seconds:.1f} s" for step, seconds in steps.items())
        print(f"\nfailover: {acknowledged} writes acknowledged, none lost; {without:.1f} s without a write (ttl 20; {told}; the lost machine"
              f" {'led' if with_etcd else 'did not lead'} etcd); slowest of {len(reads())} reads {late:.2f} s; the old primary was back after"
              f" {time.monotonic() - returned:.1f} s, {'' if rewound else 'not '}by pg_rewind")
    assert without < 60  # ttl, loop_wait and an election; machines may be slow


def test_a_planned_switchover_takes_seconds(machines, portal, capsys):
    old = machines.primary()

    def reads_standbys():
        """the daemon reads from standbys: after a failover some connections lead to the new primary for a while"""
        there = 0
        for machine in machines.all:
            with machines.connect(machine) as db:
                there += machine is not old and db.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'welcome'").fetchone()[0]
        up = sum(int(up) for up in re.findall(r"^welcome_replica_links_up.* (\d+)$", portal.admin.get("/metrics").text, re.M))
        return there == up > 0
    eventually(reads_standbys)
    with load(portal, 6, "Samir") as writes, load(portal, 3) as reads:
        eventually(lambda: len([one for one in writes() if one.status == 202]) > 100)
        began = time.monotonic()
        answer_of = httpx.post(f"http://{old.address('rest')}/switchover", json={"leader": old.name}, auth=("patroni", "change-me"), timeout=60)
        assert answer_of.status_code == 200 or "status unknown" in answer_of.text, answer_of.text  # Patroni looks for twenty seconds only
        eventually(lambda: len([one for one in writes() if one.status == 202 and one.sent > began + 1]) > 100, SLOW)
        eventually(machines.whole, SLOW)
    assert machines.primary() is not old
    assert {one.status for one in writes()} <= {202, 503}
    assert {one.status for one in reads()} == {200}
    check(machines, writes(), "Samir")
    with capsys.disabled():
        print(f"\nswitchover: {pause_around(writes(), began):.1f} s without a write, slowest read"
              f" {max(one.answered - one.sent for one in reads()):.2f} s")
    answer(portal.http.get("/v1/cities"))
