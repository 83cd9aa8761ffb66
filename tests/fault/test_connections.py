# SPDX-License-Identifier: EUPL-1.2
# Clients that are slow, gone, mistaken or hostile, as bytes on a socket.
import concurrent.futures
import contextlib
import json
import re
import resource
import signal
import socket
import time

import hypothesis
import pytest
from hypothesis import strategies

from load import Wire, ask_for_a_guide, counts, get, load, post, read_a_city
from support import eventually

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def daemon(daemons):
    with daemons.running(WELCOME_PATIENCE_SECONDS=120) as daemon:
        yield daemon


def figure(daemon, name):
    """The sum of a figure over its labels."""
    return sum(float(line.split()[-1]) for line in daemon.admin.get("/metrics").text.splitlines()
               if line.split("{")[0].split()[0] == name)


def nothing_in_flight(daemon):
    """no request is in flight"""
    return figure(daemon, "welcome_requests_in_flight") == 0


def problem(answer, status, code):
    assert answer is not None, "the connection was closed without an answer"
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json


# HTTP as it is meant

def test_pipelined_requests_are_answered_in_their_order(daemon):
    method, path, body, _ = ask_for_a_guide()
    with Wire(daemon) as wire:
        wire.send(get("/v1/cities/essen", "X-Request-Id: a") + post(path, body, "X-Request-Id: b") + get("/nowhere", "X-Request-Id: c")
                  + "HEAD /v1/cities HTTP/1.1\r\nHost: test\r\nX-Request-Id: d\r\n\r\n")
        answers = [wire.answer(), wire.answer(), wire.answer(), wire.answer(head=True)]
    assert [(a.status, a.headers["x-request-id"]) for a in answers] == [(200, "a"), (202, "b"), (404, "c"), (200, "d")]


def test_what_one_kept_answer_gives_to_many_bears_each_ones_own_id_and_count(start_daemon):
    """All get one response of libmicrohttpd, whose headers the daemon writes over: every release must have taken them before the next request."""
    daemon = start_daemon(WELCOME_LOOPS="1", WELCOME_RATE_READ="1200")
    eventually(lambda: figure(daemon, "welcome_cache_listening") and figure(daemon, "welcome_cache_invalidations_total") >= 4)
    with Wire(daemon) as wire:
        wire.send(get("/v1/cities/essen") * 2)
        etag, before = [wire.answer().headers["etag"] for _ in range(2)][0], figure(daemon, "welcome_cache_hits_total")
    kinds = {"GET": ("GET", "", 200), "HEAD": ("HEAD", "", 200), "304": ("GET", f"If-None-Match: {etag}\r\n", 304)}

    def read(number):
        """Twenty-one requests in one piece, ids of all lengths among them; what is not right, and how many the answers say are left."""
        asked = [(kind, f"{number}-{n}-" + "x" * (n * number % 50)) for n in range(7) for kind in kinds]
        with Wire(daemon) as wire:
            wire.send("".join(f"{kinds[kind][0]} /v1/cities/essen HTTP/1.1\r\nHost: test\r\nX-Request-Id: {name}\r\n{kinds[kind][1]}\r\n"
                              for kind, name in asked))
            answers = [wire.answer(head=kind == "HEAD") for kind, _ in asked]
        for (kind, name), answer in zip(asked, answers):
            assert (answer.status, answer.headers["x-request-id"]) == (kinds[kind][2], name)
            assert answer.headers["etag"] == etag and answer.headers["date"].endswith(" GMT")
        return [int(re.fullmatch(r'"read";r=(\d+);t=\d+', answer.headers["ratelimit"])[1]) for answer in answers]

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        left = [one for found in pool.map(read, range(24)) for one in found]
    assert figure(daemon, "welcome_cache_hits_total") == before + len(left), "all were kept answers"
    assert len(set(left)) >= len(left) - 20 * (time.monotonic() - began) - 1, "twenty a second come back; else each number is told once"
    assert min(left) < 1000 <= max(left), "so that shorter numbers are written over longer ones"


def test_requests_byte_by_byte_are_understood(daemon):
    method, path, body, _ = ask_for_a_guide()
    with Wire(daemon) as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in post(path, body).encode():
            wire.send(bytes([byte]))
        assert wire.answer().status == 202


def test_chunked_bodies_are_bodies(daemon):
    method, path, body, _ = ask_for_a_guide()
    text = json.dumps(body).encode()
    with Wire(daemon) as wire:
        wire.send(f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(text), 7):
            wire.send(b"%x\r\n%s\r\n" % (len(text[at:at + 7]), text[at:at + 7]))
        wire.send("0\r\n\r\n")
        assert wire.answer().status == 202


def test_who_expects_to_be_told_to_continue_is_told(daemon):
    method, path, body, _ = ask_for_a_guide()
    head, _, text = post(path, body, "Expect: 100-continue").partition("\r\n\r\n")
    with Wire(daemon) as wire:
        wire.send(head + "\r\n\r\n")
        assert wire.answer().status == 100
        wire.send(text)
        assert wire.answer().status == 202


# Bodies that are too large

def test_ten_megabytes_are_refused_with_an_answer_that_can_be_read(daemon):
    with Wire(daemon) as wire:
        wire.send(post("/v1/guide-requests", '"' + "x" * 10 * MEGABYTE + '"'))
        problem(wire.answer(), 413, "payload_too_large")
        wire.send(get("/v1/cities"))
        assert wire.answer().status == 200  # on the same connection


def test_more_than_is_ever_read_is_refused_before_it_comes(daemon):
    for length in ("17000000", "999999999999"):
        with Wire(daemon) as wire:
            wire.send(f"POST /v1/guide-requests HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n")
            problem(wire.answer(), 413, "payload_too_large")
            assert wire.ended()
    with Wire(daemon) as wire:  # newer releases of libmicrohttpd answer this one themselves
        wire.send(f"POST /v1/guide-requests HTTP/1.1\r\nHost: test\r\nContent-Length: {2**64 - 1}\r\n\r\n")
        assert wire.answer().status == 413


def test_endless_chunks_are_cut_off(daemon):
    with Wire(daemon) as wire:
        wire.send("POST /v1/guide-requests HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 64 * MEGABYTE:
                wire.send(chunk)
                sent += len(chunk)
        assert sent < 32 * MEGABYTE


# Mistakes and mischief

@pytest.mark.parametrize("headers", [
    ("Content-Length: 5", "Transfer-Encoding: chunked"), ("Transfer-Encoding: chunked", "Content-Length: 0")])
def test_two_lengths_of_a_body_are_refused(daemon, headers):
    with Wire(daemon) as wire:
        wire.send("\r\n".join(("POST /v1/guide-requests HTTP/1.1", "Host: test", *headers, "", "0", "", "")))
        wire.send(get("/v1/cities"))
        assert wire.answer().status == 400
        following = wire.answer()
        assert following is None or following.status != 404  # never read out of the body


MALFORMED = [
    "POST /v1/guide-requests HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}   ",
    "POST /v1/guide-requests HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
    "POST /v1/guide-requests HTTP/1.1\r\nHost: t\r\nContent-Length: 5x\r\n\r\n{}   ",
    "POST /v1/guide-requests HTTP/1.1\r\nHost: t\r\nContent-Length : 5\r\n\r\n{}   ",
    "POST /v1/guide-requests HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
    "GET /v1/cities\r\n\r\n", "GET\r\n\r\n", "\0\0\0\0\r\n\r\n", "GET /v1/cities HTTP/9.9\r\nHost: t\r\n\r\n",
    "GET http://evil.example/v1/cities HTTP/1.1\r\nHost: t\r\n\r\n", "GET * HTTP/1.1\r\nHost: t\r\n\r\n",
    "GET /v1/cities HTTP/1.1\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: t\r\n\r\n", "GET /%ff HTTP/1.1\r\nHost: t\r\n\r\n",
    "GET /v1/cities?" + "a" * 5000 + " HTTP/1.1\r\nHost: t\r\n\r\n",
    "GET /v1/cities HTTP/1.1\r\nHost: t\r\nX: " + "a" * 9000 + "\r\n\r\n",
    "GET /v1/cities HTTP/1.1\r\nHost: t\r\nX: " + "a" * 100000 + "\r\n\r\n"]


@pytest.mark.parametrize("shape", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_requests_are_refused_or_cut_off(daemon, shape):
    with Wire(daemon) as wire:
        answer = None
        with contextlib.suppress(OSError):
            wire.send(shape)
            wire.socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            answer = wire.answer()
    assert answer is None or 400 <= answer.status < 500 or answer.status == 505
    assert daemon.http.get("/v1/cities").status_code == 200


def test_methods_we_do_not_know_are_refused(daemon):
    for method in ("TRACE", "CONNECT", "BREW", "get", "PROPFIND"):
        with Wire(daemon) as wire:
            wire.send(f"{method} /v1/cities HTTP/1.1\r\nHost: test\r\n\r\n")
            problem(wire.answer(), 405, "method_not_allowed")


@hypothesis.settings(max_examples=300, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(pieces=strategies.lists(strategies.one_of(
    strategies.binary(max_size=200),
    strategies.sampled_from([b"GET ", b"POST ", b"/v1/guide-requests", b"/v1/cities?limit=", b" HTTP/1.1\r\n", b"\r\n", b"\r\n\r\n",
                             b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n", b"Authorization: Bearer ",
                             b"Content-Type: application/json\r\n", b"Accept-Language: ", b"{\"a\":[", b"5\r\n", b"0\r\n\r\n",
                             b"Cookie: a=b; c", b"%", b"%f", b"?&=&", b"17", b"Expect: 100-continue\r\n"])), max_size=12))
def test_random_bytes_harm_nobody(daemon, pieces):
    with Wire(daemon) as wire, contextlib.suppress(OSError):
        wire.socket.settimeout(0.02)
        wire.send(b"".join(pieces))
        wire.socket.shutdown(socket.SHUT_WR)
        wire.file.read()
    assert daemon.process.poll() is None


# Clients that are slow or gone

def test_vanished_clients_leave_nothing_behind(daemon):
    before = figure(daemon, "welcome_requests_total")
    shapes = [get("/v1/cities"), get("/v1/guides"), post(*ask_for_a_guide()[1:3]), get("/v1/cities")[:20],
              post("/v1/guide-requests", "{" * 4000)[:3000]]
    for n in range(2000):
        wire = Wire(daemon)
        wire.send(shapes[n % len(shapes)])
        if n % 2:  # a reset instead of an end
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wire.close()
    eventually(lambda: nothing_in_flight(daemon))
    eventually(lambda: figure(daemon, "welcome_requests_total") > before)
    eventually(lambda: figure(daemon, "welcome_lane_queued") == figure(daemon, "welcome_lane_in_flight") == 0)  # counted each tick
    assert daemon.http.get("/v1/cities").status_code == 200


def test_those_who_left_while_waiting_are_not_served(daemon):
    with daemon.connect() as db:
        before = db.execute("SELECT count(*) FROM guide_request").fetchone()[0]
        asked = [post(*ask_for_a_guide()[1:3]) for _ in range(200)]
        wires = [Wire(daemon) for _ in asked]
        with db.transaction():
            db.execute("LOCK TABLE guide_request IN EXCLUSIVE MODE")
            for wire, request in zip(wires, asked):
                wire.send(request)
            eventually(lambda: figure(daemon, "welcome_requests_in_flight") >= 200)
            for wire in wires:
                wire.close()
        eventually(lambda: nothing_in_flight(daemon))
        made = db.execute("SELECT count(*) FROM guide_request").fetchone()[0] - before
    assert made <= 32  # what had been sent to the database already


def test_slow_clients_hold_up_nobody(daemon):
    method, path, body, _ = ask_for_a_guide()
    whole = post(path, body)
    with contextlib.ExitStack() as stack, load(daemon, 3, read_a_city) as reads:
        slow = [stack.enter_context(Wire(daemon)) for _ in range(300)]
        cut = len(whole) - len(json.dumps(body)) // 2
        for n, wire in enumerate(slow):
            wire.send(get("/v1/cities")[:-2] if n % 2 else whole[:cut])
        for _ in range(10):
            for n, wire in enumerate(slow):
                if n % 2:
                    wire.send("X-Slow: 1\r\n")
            time.sleep(0.1)
        during = reads()
        slow[0].send(whole[cut:])
        slow[1].send("\r\n")
        assert (slow[0].answer().status, slow[1].answer().status) == (202, 200)
    assert len(during) > 20 and set(counts(during)) == {200}
    assert max(r.seconds for r in during) < 10


def test_two_thousand_idle_connections_are_fine(daemon):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4000:
        pytest.skip("this machine allows too few files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with contextlib.ExitStack() as stack:
            idle = [stack.enter_context(Wire(daemon)) for _ in range(2000)]
            for wire in (idle[0], idle[999], idle[1999]):
                wire.send(get("/v1/cities"))
                assert wire.answer().status == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_more_connections_than_allowed_wait_or_are_refused_and_then_served(start_daemon):
    daemon = start_daemon(WELCOME_LOOPS=1, WELCOME_CONNECTIONS_MAX=20)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(Wire(daemon))
        time.sleep(0.2)
    assert eventually(lambda: serves(daemon))


def serves(daemon):
    with contextlib.suppress(ConnectionError, OSError), Wire(daemon, 2) as wire:
        wire.send(get("/v1/cities"))
        answer = wire.answer()
        return answer and answer.status == 200


# The end

def test_sigterm_finishes_what_was_accepted(start_daemon):
    daemon = start_daemon()

    def mixed(turn=iter(range(10**9))):
        return ask_for_a_guide() if next(turn) % 3 == 0 else read_a_city()
    with load(daemon, 12, mixed) as results:
        eventually(lambda: len(results()) > 50)
        told = time.monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(40)
    before = [r for r in results() if r.handed < told]
    assert len(before) > 20
    assert set(counts(before)) == {200, 202}
    assert daemon.process.returncode == 0
    with daemon.connect() as db:
        kept = {str(row[0]) for row in db.execute("SELECT id FROM guide_request")}
    assert {json.loads(r.body)["id"] for r in results() if r.status == 202} <= kept


def test_sigterm_waits_for_a_request_the_database_holds_up(start_daemon):
    daemon = start_daemon()
    with daemon.connect() as db, Wire(daemon) as wire, Wire(daemon) as idle:
        with db.transaction():
            db.execute("LOCK TABLE guide_request IN EXCLUSIVE MODE")
            wire.send(post(*ask_for_a_guide()[1:3]))
            eventually(lambda: figure(daemon, "welcome_requests_in_flight") == 1)
            daemon.process.send_signal(signal.SIGTERM)
            eventually(lambda: daemon.admin.get("/health/ready").status_code == 503)
            time.sleep(0.5)
            assert daemon.process.poll() is None
        answer = wire.answer()
        assert answer.status == 202
        assert answer.headers["connection"].lower() == "close"
        assert idle.ended()
    assert daemon.process.wait(60) == 0
