# SPDX-License-Identifier: EUPL-1.2
# The daemon is exchanged while people use it: whoever started it keeps the sockets, as systemd does, and hands them to the next.
import os
import signal
import socket
import subprocess
import time

import pytest

from load import Wire, counts, get, load
from support import Daemon, eventually

WITH_NAMES = "public:admin"


class Keeper:
    """Starts daemons and hands them the sockets it keeps; hears what they tell their service manager."""

    def __init__(self, daemon, names=WITH_NAMES, kinds=(socket.SOCK_STREAM, socket.SOCK_STREAM)):
        self.daemon, self.names = daemon, names
        self.sockets = [self.open(port, kind) for port, kind in zip((daemon.port, daemon.admin_port), kinds)]
        self.notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.notes.bind(str(daemon.folder / "notify"))
        self.told = []

    @staticmethod
    def open(port, kind):
        kept = socket.socket(socket.AF_INET, kind)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            kept.listen(1024)
        return kept

    def launch(self, **settings):
        """A daemon that was handed the sockets; the descriptors are the numbers 3 and 4, as the protocol wants it."""
        script = "exec 3<&$1 4<&$2; shift 2; export LISTEN_PID=$$; exec \"$@\""  # bash: numbers above 9
        files = [str(kept.fileno()) for kept in self.sockets]
        environment = self.daemon.environment | {"LISTEN_FDS": str(len(files)), "LISTEN_FDNAMES": self.names,
                                                 "NOTIFY_SOCKET": str(self.daemon.folder / "notify"), **settings}
        with open(self.daemon.log, "ab") as log:
            return subprocess.Popen(["bash", "-c", script, "bash", *files, self.daemon.program, "serve"], env=environment, stdout=log, stderr=log,
                                    pass_fds=[kept.fileno() for kept in self.sockets])

    def heard(self, *notes):
        """Waits until a daemon has told these since the last call."""
        def told():
            try:
                while True:
                    self.told += self.notes.recv(4096).decode().splitlines()
            except BlockingIOError:
                pass
            return {line.split("=")[0] for line in self.told}.issuperset(notes)
        told.__doc__ = f"a daemon tells {notes}"
        eventually(told)
        self.told = []

    def start(self, **settings):
        process = self.launch(**settings)
        self.heard("READY")
        return process

    @staticmethod
    def stop(process):
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    def close(self):
        for kept in (*self.sockets, self.notes):
            kept.close()
        (self.daemon.folder / "notify").unlink()


@pytest.fixture
def keeper(start_daemon):
    daemon = start_daemon(start=False, WELCOME_RATE_READ="0", WELCOME_RATE_FORM="0", WELCOME_CHALLENGE_EFFORT="0")
    keeper = Keeper(daemon)
    yield keeper
    keeper.close()


def reads_and_reports():
    """Every other request writes."""
    number = iter(range(1 << 30))

    def make():
        if next(number) % 2:
            return "GET", "/v1/cities/essen", None, {}
        return "POST", "/v1/feedback", {"kind": "praise", "text": "It was answered."}, {}
    return make


def reports(daemon):
    with daemon.connect() as db:
        return db.execute("SELECT count(*) FROM feedback").fetchone()[0]


def test_no_request_is_lost_while_the_daemon_is_stopped_and_started_again(keeper):
    process = keeper.start()
    with load(keeper.daemon, 16, reads_and_reports()) as results:
        for _ in range(3):
            time.sleep(1)
            keeper.stop(process)
            process = keeper.start()
        time.sleep(1)
    found = counts(results())
    assert set(found) == {200, 202} and found[200] > 100, found
    assert reports(keeper.daemon) == found[202]
    assert max(result.seconds for result in results()) < 30
    keeper.stop(process)


def test_no_request_is_lost_or_waits_while_two_daemons_change_places(keeper):
    old = keeper.start()
    with load(keeper.daemon, 16, reads_and_reports()) as results:
        for _ in range(2):
            new = keeper.start()
            time.sleep(0.5)
            keeper.stop(old)
            old = new
        time.sleep(0.5)
    found = counts(results())
    assert set(found) == {200, 202}, found
    assert reports(keeper.daemon) == found[202]
    keeper.stop(old)


def test_clients_that_come_while_no_daemon_runs_wait_for_the_next(keeper):
    keeper.stop(keeper.start())
    with Wire(keeper.daemon) as early:
        early.send(get("/v1/cities/essen"))
        process = keeper.start()
        assert early.answer().status == 200
    assert keeper.daemon.admin.get("/health/ready").status_code in (200, 503)
    eventually(lambda: keeper.daemon.admin.get("/health/ready").status_code == 200)
    keeper.stop(process)


def test_a_form_of_which_half_is_sent_when_the_daemon_is_stopped_is_answered(keeper):
    process = keeper.start()
    body = '{"kind": "praise", "text": "Slowly."}'
    head = f"POST /v1/feedback HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with Wire(keeper.daemon) as slow:
        slow.send(head + body[:10])
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        keeper.heard("STOPPING")
        time.sleep(1)
        slow.send(body[10:])
        answered = slow.answer()
        assert answered.status == 202 and answered.headers["connection"].lower() == "close"
    assert process.wait(60) == 0


@pytest.mark.parametrize("names, kinds, said", [
    ("public:else", (socket.SOCK_STREAM, socket.SOCK_STREAM), "a socket named else was handed over"),
    ("public:public", (socket.SOCK_STREAM, socket.SOCK_STREAM), "a socket named public was handed over"),
    ("public:admin", (socket.SOCK_DGRAM, socket.SOCK_STREAM), "handed over as public is no listening TCP socket"),
], ids=["unknown-name", "one-name-twice", "datagrams"])
def test_sockets_that_cannot_be_served_stop_the_start_with_a_sentence(start_daemon, names, kinds, said):
    keeper = Keeper(start_daemon(start=False), names, kinds)
    process = keeper.launch()
    assert process.wait(60) == 1
    lines = keeper.daemon.read_log()
    assert any(said in line["event"] for line in lines), lines
    keeper.close()


def test_the_service_manager_hears_of_start_reload_watchdog_and_stop(keeper):
    process = keeper.start(WATCHDOG_USEC="300000")
    keeper.heard("WATCHDOG")
    process.send_signal(signal.SIGHUP)
    keeper.heard("RELOADING", "READY")
    process.send_signal(signal.SIGTERM)
    keeper.heard("STOPPING")
    assert process.wait(60) == 0


def test_health_tells_by_its_exit_status_whether_the_daemon_is_ready(start_daemon):
    daemon = start_daemon()
    assert daemon.command("health") == (0, "ready\n", "")
    other = Daemon(daemon.program, daemon.database, daemon.folder, {})  # nobody listens on its ports
    status, out, errors = other.command("health")
    assert (status, out) == (1, "") and f"nobody answers on 127.0.0.1 port {other.admin_port}: " in errors
    assert daemon.command("health", "please")[0] == 2
    daemon.tolerated.add("cache_listener_lost")  # it may be asking whether it is heard
    os.kill(daemon.process.pid, signal.SIGSTOP)  # it accepts and does not answer
    try:
        assert daemon.command("health")[0] == 1
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)
