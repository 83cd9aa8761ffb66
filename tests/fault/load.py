# SPDX-License-Identifier: EUPL-1.2
# What fault tests do to a daemon: bytes on a socket, and clients that keep asking until told to stop.
import collections
import contextlib
import dataclasses
import http.client
import itertools
import json
import math
import select
import socket
import threading
import time

import psycopg

numbers = itertools.count(1)


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Wire:
    """A connection on which a test writes what it likes and reads answers one by one."""

    def __init__(self, daemon, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), timeout)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def answer(self, head=False):
        """The next answer; None when the connection was closed instead."""
        line = self.file.readline()
        if not line:
            return None
        status = int(line.split()[1])
        headers = {}
        while (line := self.file.readline().strip()):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if head or status in (204, 304) or status < 200 else int(headers.get("content-length", 0))
        return Answer(status, headers, self.file.read(length))

    def ended(self):
        """Whether the other side closed and sent nothing more."""
        with contextlib.suppress(ConnectionError):
            return self.file.read(1) == b""
        return True


def get(path, *headers):
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: test", *headers, "", ""))


def post(path, body, *headers):
    body = body if isinstance(body, str) else json.dumps(body)
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: test", "Content-Type: application/json",
                        f"Content-Length: {len(body.encode())}", *headers, "", body))


@dataclasses.dataclass
class Result:
    sent: float  # seconds of the monotonic clock
    handed: float  # to the kernel as a whole; never: inf
    seconds: float
    status: int | None  # None: no answer
    headers: dict
    body: bytes
    asked: object  # what the request was made of


def closed(connection):
    """Whether the server has closed it meanwhile, which every client looks for before it asks again."""
    look = select.poll()
    look.register(connection.sock, select.POLLIN)
    return bool(look.poll(0))


class Client(threading.Thread):
    """One client with one connection, asking what make() gives: (method, path, body or None, headers)."""

    def __init__(self, daemon, make):
        super().__init__(daemon=True)
        self.port, self.make, self.results, self.stopping = daemon.port, make, [], threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopping.is_set():
            method, path, body, headers = asked = self.make()
            data = None if body is None else json.dumps(body)
            if connection.sock and closed(connection):
                connection.close()
            sent, handed = time.monotonic(), math.inf
            try:
                connection.request(method, path, data, {"Content-Type": "application/json"} | headers)
                handed = time.monotonic()
                answer = connection.getresponse()
                content, status, found = answer.read(), answer.status, dict(answer.headers)
            except (OSError, http.client.HTTPException) as fault:
                content, status, found = repr(fault).encode(), None, {}
                connection.close()
                time.sleep(0.01)
            self.results.append(Result(sent, handed, time.monotonic() - sent, status, found, content, asked))
        connection.close()


@contextlib.contextmanager
def load(daemon, clients, make):
    """So many clients asking as long as the block runs; gives a function that tells all results so far."""
    threads = [Client(daemon, make) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield lambda: [result for thread in threads for result in list(thread.results)]
    finally:
        for thread in threads:
            thread.stopping.set()
        for thread in threads:
            thread.join(90)


@contextlib.contextmanager
def standstills():
    """Gives a function that tells the longest standstill of the machine in seconds, as a thread sees it that only sleeps."""
    ended, longest = threading.Event(), [0]

    def watch():
        before = time.monotonic()
        while not ended.wait(0.02):
            now = time.monotonic()
            longest[0], before = max(longest[0], now - before), now
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: longest[0]
    finally:
        ended.set()
        thread.join()


def refused_well(result, *codes):
    """Whether an answer is a complete 503 of one of these codes."""
    return (result.status == 503 and result.headers.get("Content-Type") == "application/problem+json"
            and result.headers.get("Retry-After", "").isdigit() and json.loads(result.body)["code"] in codes)


def backends(daemon):
    """The process ids in the server of a daemon's connections for requests."""
    with psycopg.connect(dbname="postgres", autocommit=True) as db:
        return [row[0] for row in db.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = 'welcome'"
                                             " AND application_name = 'welcomed'", (daemon.database,))]


def counts(results):
    """{status: how many}"""
    return collections.Counter(result.status for result in results)


def read_a_city():
    return "GET", "/v1/cities/essen", None, {}


def ask_for_a_guide():
    return "POST", "/v1/guide-requests", {
        "display_name": "Noor", "email": f"noor-{next(numbers)}@fault.example.org", "languages": [{"tag": "en", "level": "C1"}],
        "city": "essen", "audience": "skilled-worker", "share_contact": "on_acceptance", "consent": True}, {}
