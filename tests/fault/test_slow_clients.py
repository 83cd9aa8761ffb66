# SPDX-License-Identifier: EUPL-1.2
# Clients that take their time, or more than their share, with a patience of two seconds: each is cut off, and nobody else waits for it.
import contextlib
import json
import pathlib
import re
import resource
import socket
import threading
import time

import pytest

from load import Wire, counts, get, load, read_a_city
from support import eventually

PATIENCE_SECONDS = 2
LATE = PATIENCE_SECONDS + 5  # the clock looks once a second, and machines of tests are slow
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def daemon(daemons):
    with daemons.running(WELCOME_PATIENCE_SECONDS=PATIENCE_SECONDS, WELCOME_HELD_MAX=32 * MEGABYTE, WELCOME_LOOPS=1,
                         WELCOME_CHECK_ANSWERS="false") as daemon:  # checking large answers costs more than making them
        yield daemon


def cuts(daemon, reason):
    return int(re.search(rf'cut_total{{reason="{reason}"}} (\d+)', daemon.admin.get("/metrics").text)[1])


def held(daemon):
    return int(re.search(r"^welcome_held_bytes (\d+)", daemon.admin.get("/metrics").text, re.M)[1])


def resident(daemon):
    """Bytes of memory the daemon has in use."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text())[1]) * 1024


def trickle(wire, text, pause=0.2):
    """Sends byte by byte until the other side is gone: the seconds on the clock, and those of its pauses, to which a standstill adds nothing; None if the
    text ended first."""
    began = time.monotonic()
    wire.socket.settimeout(pause)
    for n, byte in enumerate(text.encode()):
        try:
            wire.send(bytes([byte]))
            if wire.socket.recv(1, socket.MSG_PEEK) == b"":
                return time.monotonic() - began, n * pause
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - began, n * pause
    return None


def cut_while_others_are_served(daemon, reason, text, first=""):
    before = cuts(daemon, reason)
    with Wire(daemon) as wire, load(daemon, 2, read_a_city) as reads:
        if first:
            wire.send(first)
        seconds = trickle(wire, text)
        during = reads()
    assert seconds and PATIENCE_SECONDS - 1 < seconds[0] and seconds[1] < LATE
    assert cuts(daemon, reason) == before + 1
    assert len(during) > 20 and set(counts(during)) == {200}


def test_a_head_that_comes_byte_by_byte_is_cut_off(daemon):
    cut_while_others_are_served(daemon, "head", get("/v1/cities", *(f"X-Slow-{n}: 1" for n in range(20))))


def test_a_head_that_never_ends_is_cut_off(daemon):
    cut_while_others_are_served(daemon, "head", "X-Slow: 1\r\n" * 20, first=get("/v1/cities")[:-2])


def test_a_second_head_gets_no_more_patience_than_the_first(daemon):
    with Wire(daemon) as wire:
        wire.send(get("/v1/cities"))
        assert wire.answer().status == 200
        wire.send(get("/v1/cities")[:-2])
        seconds = trickle(wire, "X-Slow: 1\r\n" * 20)
    assert seconds and PATIENCE_SECONDS - 1 < seconds[0] and seconds[1] < LATE


def test_who_says_nothing_is_cut_off(daemon):
    before = cuts(daemon, "head")
    with Wire(daemon) as wire:
        assert wire.ended()
    eventually(lambda: cuts(daemon, "head") > before)


HEAD = "POST /v1/sign-in HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"


def test_a_body_that_comes_byte_by_byte_is_cut_off(daemon):
    cut_while_others_are_served(daemon, "body", "x" * 100, first=HEAD + "Content-Length: 4000\r\n\r\n")


def test_a_body_in_chunks_of_one_byte_is_cut_off(daemon):
    cut_while_others_are_served(daemon, "body", "1\r\nx\r\n" * 100, first=HEAD + "Transfer-Encoding: chunked\r\n\r\n")


def test_a_body_nobody_asked_for_gets_no_more_time(daemon):
    cut_while_others_are_served(daemon, "body", "x" * 100, first="GET /v1/cities HTTP/1.1\r\nHost: test\r\nContent-Length: 4000\r\n\r\n")


def test_a_long_body_has_the_time_that_its_length_needs(daemon):
    """Twice the patience, but faster than the least rate."""
    body = json.dumps({"email": "patient@people.example.org"}).encode().ljust(48_000)
    with Wire(daemon) as wire:
        wire.send(HEAD + f"Content-Length: {len(body)}\r\n\r\n")
        for at in range(0, len(body), 6000):
            wire.send(body[at:at + 6000])
            time.sleep(2 * PATIENCE_SECONDS / 8)
        assert wire.answer().status == 202


def never_read(daemon, path, times):
    """A client that asks so often and reads nothing; it has the smallest window there is."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    wire.connect(("127.0.0.1", daemon.port))

    def ask():
        with contextlib.suppress(OSError):
            for _ in range(times):
                wire.sendall(get(path).encode())
    threading.Thread(target=ask, daemon=True).start()
    return wire


def test_who_never_reads_an_answer_is_cut_off(daemon):
    before = cuts(daemon, "answer")
    with load(daemon, 2, read_a_city) as reads:
        wires = [never_read(daemon, "/v1/cities?limit=100", 5000) for _ in range(3)]

        def gone():
            """those who do not read are gone"""
            return cuts(daemon, "answer") >= before + 3
        eventually(gone)
        during = reads()
    for wire in wires:
        wire.close()
    assert len(during) > 20 and set(counts(during)) == {200}


def test_answers_that_nobody_reads_take_no_more_than_their_share_of_memory(daemon):
    """The contract itself, again and again; all that wait for their reader hold 32 MB together."""
    size = len(daemon.http.get("/v1/openapi.json").content)
    for _ in range(3):
        daemon.http.get("/v1/openapi.json")
    cut, most = cuts(daemon, "memory"), 0
    wires = [never_read(daemon, "/v1/openapi.json", 12) for _ in range(2 * 32 * MEGABYTE // size)]

    def gone():
        """some had to go"""
        nonlocal most
        enough = cuts(daemon, "memory") > cut + 5
        most = max(most, held(daemon))
        return enough
    eventually(gone)
    assert 16 * MEGABYTE < most <= 32 * MEGABYTE + size  # with the one for whom another has to go at this moment
    eventually(lambda: daemon.http.get("/v1/cities").status_code == 200)
    for wire in wires:
        wire.close()

    def given_back():
        """nothing is kept for anybody"""
        return held(daemon) == 0
    eventually(given_back)


def test_bodies_that_nobody_ends_take_no_more_than_their_share_of_memory(daemon):
    """Uploads of ten megabytes without the last byte: who has been at it longest has to go, and who comes last is heard."""
    cut = cuts(daemon, "memory")
    head = "POST /v1/media HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer x\r\nContent-Type: image/png\r\nContent-Length: 10000000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        wires = []
        for _ in range(8):
            wires.append(stack.enter_context(Wire(daemon)))
            with contextlib.suppress(OSError):
                wires[-1].send(head.encode() + b"x" * 9_999_999)
        eventually(lambda: cuts(daemon, "memory") >= cut + 5)
        assert daemon.http.get("/v1/cities").status_code == 200
        wires[-1].send("x")
        assert wires[-1].answer().status == 401


def test_when_there_are_too_many_connections_those_that_wait_longest_make_room(start_daemon):
    daemon = start_daemon(WELCOME_LOOPS=1, WELCOME_CONNECTIONS_MAX=20)
    with contextlib.ExitStack() as stack:
        for n in range(100):
            wire = stack.enter_context(Wire(daemon))
            wire.send(["", get("/v1/cities")[:-2], HEAD + "Content-Length: 4000\r\n\r\n{"][n % 3])
        for _ in range(20):
            with Wire(daemon, timeout=15) as wire:  # less than the patience with those before
                wire.send(get("/v1/cities/essen"))
                assert wire.answer().status == 200
    assert cuts(daemon, "crowded") >= 80


def test_ten_thousand_idle_connections_cost_little_and_slow_nobody_down(start_daemon):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(10_000, hard - 1000)
    if count < 1000:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    daemon = start_daemon(WELCOME_LOOPS=1, WELCOME_PATIENCE_SECONDS=600)
    try:
        with contextlib.ExitStack() as stack:
            with Wire(daemon) as first:
                first.send(get("/v1/cities/essen"))
                assert first.answer().status == 200
            before = resident(daemon)
            for n in range(count):
                idle = stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port)))
                if n % 2:  # in the middle of a head
                    idle.sendall(get("/v1/cities")[:-2].encode())
            eventually(lambda: f"\nwelcome_connections {count}\n" in daemon.admin.get("/metrics").text)
            began = time.monotonic()
            for _ in range(100):
                assert daemon.http.get("/v1/cities/essen").status_code == 200
            seconds = time.monotonic() - began
            assert (resident(daemon) - before) / count < 40_000
            assert seconds < 10
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_fewer_files_than_connections_need_are_told_of_and_are_enough(start_daemon):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    daemon = start_daemon(start=False, WELCOME_LOOPS=1)
    daemon.environment |= {"WELCOME_PORT": str(daemon.port)}
    program = daemon.folder / "few-files"
    program.write_text(f'#!/bin/sh\nulimit -n 356\nexec {daemon.program} "$@"\n')
    program.chmod(0o755)
    daemon.program = str(program)
    daemon.start()

    def told():
        """the log tells that fewer connections are allowed"""
        return [line for line in daemon.read_log() if line["event"] == "connections_limited"]
    assert [(line["connections_max"], line["allowed"]) for line in eventually(told)] == [(10240, 100)]
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(Wire(daemon))
        assert daemon.http.get("/v1/cities/essen").status_code == 200
