# SPDX-License-Identifier: EUPL-1.2
# Request smuggling: whatever a head says about where its request ends, nothing in its body is ever carried out, with or without nginx before us.
# What is smuggled is a canary: a whole request whose X-Request-Id must never stand in the daemon's log.
import contextlib
import ctypes
import itertools
import shutil
import socket
import subprocess

import pytest

from load import Wire, get
from support import eventually, free_port

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
numbers = itertools.count(1)

NGINX_CONF = """daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream welcomed {{
        server 127.0.0.1:{upstream};
        keepalive 1;
    }}
    server {{
        listen 127.0.0.1:{port};
        client_header_timeout 2s;
        client_body_timeout 2s;
        location / {{
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_request_buffering {buffering};
            proxy_pass http://welcomed;
        }}
    }}
}}
"""


class Nginx:
    """The distribution's nginx as a reverse proxy that keeps one connection to the daemon, so that whoever comes next gets the same."""

    def __init__(self, folder, daemon, buffering):
        self.port = free_port()
        folder.mkdir()
        (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, port=self.port, upstream=daemon.port, buffering=buffering))
        self.process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
        eventually(self.ready)

    def ready(self):
        """nginx answers"""
        assert self.process.poll() is None
        with contextlib.suppress(OSError), Wire(self, 5) as wire:
            wire.send(get("/v1/cities/essen"))
            return wire.answer().status == 200

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def daemon(daemons):
    with daemons.running(WELCOME_TRUSTED_PROXIES="127.0.0.1", WELCOME_PATIENCE_SECONDS=2, WELCOME_LOOPS=1) as daemon:
        yield daemon


@pytest.fixture(scope="module", params=["direct", "on", "off"], ids=["directly", "through_nginx", "through_nginx_unbuffered"])
def entrance(request, daemon, tmp_path_factory):
    """Where the requests are sent: at the daemon itself or at an nginx before it that buffers bodies or does not."""
    if request.param == "direct":
        yield daemon
        return
    if not shutil.which(NGINX):
        pytest.skip("there is no nginx here (src/operation/packages.sh test installs it)")
    nginx = Nginx(tmp_path_factory.mktemp("nginx") / "run", daemon, request.param)
    yield nginx
    nginx.stop()


def canary():
    name = f"canary-{next(numbers)}"
    return name, f"GET /v1/cities/essen HTTP/1.1\r\nHost: test\r\nX-Request-Id: {name}\r\n\r\n"


def everything(entrance, data, least=1):
    """What comes back until the other side closes, or is silent after so many answers, as their statuses."""
    received = b""
    with Wire(entrance) as wire, contextlib.suppress(OSError):
        wire.send(data)
        while (chunk := wire.socket.recv(65536)):
            received += chunk
            if received.count(b"HTTP/1.1 ") - received.count(b"HTTP/1.1 100") >= least:
                wire.socket.settimeout(1)
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]


def logged(daemon, name):
    """How many requests of this id the log tells of. Lines are looked at as text: the last may not be written to its end."""
    return sum(b'"event":"request"' in line and f'"request_id":"{name}"'.encode() in line for line in daemon.log.read_bytes().splitlines())


def never_carried_out(daemon, entrance, name, data):
    statuses = everything(entrance, data)
    with Wire(entrance) as wire:  # whoever comes next gets the own answer
        wire.send(get("/v1/cities/nowhere", f"X-Request-Id: after-{name}"))
        answer = wire.answer()
        assert (answer.status, answer.headers["x-request-id"]) == (404, f"after-{name}")
    eventually(lambda: logged(daemon, f"after-{name}") == 1)
    assert logged(daemon, name) == 0, "what was smuggled has been carried out"
    return statuses


POST = "POST /v1/sign-in HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"

ENCODINGS = {
    "beside a length": "Content-Length: {length}\r\nTransfer-Encoding: chunked",
    "before a length": "Transfer-Encoding: chunked\r\nContent-Length: {length}",
    "beside a short length": "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "unknown": "Transfer-Encoding: xchunked",
    "identity": "Transfer-Encoding: identity",
    "identity and a length": "Transfer-Encoding: identity\r\nContent-Length: 5",
    "two in one": "Transfer-Encoding: chunked, identity",
    "gzip first": "Transfer-Encoding: gzip, chunked",
    "twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "twice, then not": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "first not": "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "quoted": 'Transfer-Encoding: "chunked"',
    "with a parameter": "Transfer-Encoding: chunked;q=1",
    "empty": "Transfer-Encoding:",
    "vertical tab": "Transfer-Encoding: \x0bchunked",
    "blank before the colon": "Transfer-Encoding : chunked\r\nContent-Length: 5",
    "tab before the colon": "Transfer-Encoding\t: chunked\r\nContent-Length: 5",
    "blank before the name": " Transfer-Encoding: chunked\r\nContent-Length: 5",
    "continued from another": "X-Other: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 5",
    "continued": "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5",
    "behind a carriage return": "X-Other: a\rTransfer-Encoding: chunked\r\nContent-Length: 5",
    "behind a line feed": "X-Other: a\nTransfer-Encoding: chunked\r\nContent-Length: 5",
    "NUL in the name": "Transfer-Encoding\0: chunked\r\nContent-Length: 5",
    "NUL in the value": "Transfer-Encoding: chunked\0x\r\nContent-Length: 5",
    "NUL before the name": "\0Transfer-Encoding: chunked\r\nContent-Length: 5",
}


@pytest.mark.parametrize("form", ENCODINGS)
def test_what_lies_behind_a_doubtful_transfer_encoding_is_never_carried_out(daemon, entrance, form):
    """To those who see chunks the request ends at once, to those who see a length the canary is its body."""
    name, smuggled = canary()
    body = "0\r\n\r\n" + smuggled
    statuses = never_carried_out(daemon, entrance, name, POST + ENCODINGS[form].format(length=len(body)) + "\r\n\r\n" + body)
    if entrance is daemon:
        assert statuses == [400]
    else:
        assert all(status >= 400 for status in statuses)


LENGTHS = {
    "two": "Content-Length: 0\r\nContent-Length: {length}",
    "two the other way": "Content-Length: {length}\r\nContent-Length: 0",
    "the same twice": "Content-Length: {length}\r\nContent-Length: {length}",
    "list": "Content-Length: 0, {length}",
    "sign": "Content-Length: +{length}",
    "negative": "Content-Length: -1",
    "hexadecimal": "Content-Length: 0x0",
    "blank inside": "Content-Length: 0 {length}",
    "empty": "Content-Length:",
    "letters behind": "Content-Length: 0x",
    "too large for 64 bits": "Content-Length: 18446744073709551616",
    "blank before the colon": "Content-Length : {length}",
    "blank before the name": " Content-Length: {length}",
    "continued": "Content-Length: 0\r\n {length}",
    "continued from another": "X-Other: a\r\n Content-Length: {length}",
    "NUL": "Content-Length: 0\0{length}",
    "behind a carriage return": "X-Other: a\rContent-Length: {length}",
}


@pytest.mark.parametrize("form", LENGTHS)
def test_what_lies_behind_a_doubtful_length_is_never_carried_out(daemon, entrance, form):
    name, smuggled = canary()
    statuses = never_carried_out(daemon, entrance, name, POST + LENGTHS[form].format(length=len(smuggled)) + "\r\n\r\n" + smuggled)
    if entrance is daemon:  # releases of libmicrohttpd before 1.0 begin their own answer to these twice
        assert set(statuses) in ({400}, {413})
    else:
        assert all(status >= 400 for status in statuses)


CHUNKS = {
    "bad size": "g\r\n{smuggled}\r\n0\r\n\r\n",
    "prefix": "0x0\r\n\r\n{smuggled}",
    "sign": "+0\r\n\r\n{smuggled}",
    "negative": "-1\r\n\r\n{smuggled}",
    "blank before": " 0\r\n\r\n{smuggled}",
    "blank behind": "1 0\r\nx\r\n{smuggled}",
    "too large": "fffffffffffffffff\r\n{smuggled}",
    "no size": "\r\n{smuggled}",
    "more than its size": "1\r\nxx\r\n0\r\n\r\n{smuggled}",
    "less than its size": "{size}\r\n{smuggled}",
}


@pytest.mark.parametrize("form", CHUNKS)
def test_what_lies_behind_a_broken_chunk_is_never_carried_out(daemon, entrance, form):
    name, smuggled = canary()
    body = CHUNKS[form].format(smuggled=smuggled, size=f"{len(smuggled) + 9:x}")
    statuses = never_carried_out(daemon, entrance, name, POST + "Transfer-Encoding: chunked\r\n\r\n" + body)
    assert all(status >= 400 for status in statuses)


def test_what_stands_in_a_chunk_or_its_extension_is_content(daemon, entrance):
    for body in ("{size}\r\n{smuggled}\r\n0\r\n\r\n", "{size};a=b\r\n{smuggled}\r\n0\r\n\r\n", '{size};a="GET / HTTP/1.1"\r\n{smuggled}\r\n0;x\r\n\r\n'):
        name, smuggled = canary()
        body = body.format(size=f"{len(smuggled):x}", smuggled=smuggled)
        assert never_carried_out(daemon, entrance, name, POST + "Transfer-Encoding: chunked\r\n\r\n" + body) == [400]


def test_a_body_belongs_to_its_request_whatever_the_method(daemon, entrance):
    for method in ("GET", "HEAD", "OPTIONS", "DELETE", "BREW"):
        name, smuggled = canary()
        head = f"{method} /v1/cities/essen HTTP/1.1\r\nHost: test\r\nContent-Length: {len(smuggled)}\r\n\r\n"
        assert len(never_carried_out(daemon, entrance, name, head + smuggled)) == 1


def test_a_refused_body_is_not_read_as_a_request(daemon, entrance):
    name, smuggled = canary()
    head = POST.replace("application/json", "text/plain") + f"Content-Length: {len(smuggled)}\r\nExpect: 100-continue\r\n\r\n"
    statuses = never_carried_out(daemon, entrance, name, head + smuggled)
    assert [status for status in statuses if status != 100] == [415]


def test_http_1_0_has_no_chunks(daemon, entrance):
    name, smuggled = canary()
    head = POST.replace("HTTP/1.1", "HTTP/1.0") + "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert all(status >= 400 for status in never_carried_out(daemon, entrance, name, head + smuggled))


HEADS = {
    "absolute": "GET http://evil.example/v1/cities/essen HTTP/1.1\r\nHost: test\r\n",
    "authority": "CONNECT evil.example:80 HTTP/1.1\r\nHost: test\r\n",
    "two hosts": "GET /v1/cities/essen HTTP/1.1\r\nHost: test\r\nHost: evil.example\r\n",
    "two tokens": "GET /v1/cities/essen HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n",
    "NUL in the target": "GET /v1/cities/essen\0/x HTTP/1.1\r\nHost: test\r\n",
    "no colon": "GET /v1/cities/essen HTTP/1.1\r\nHost: test\r\nnonsense\r\n",
    "no name": "GET /v1/cities/essen HTTP/1.1\r\nHost: test\r\n: x\r\n",
    "brackets in a name": "GET /v1/cities/essen HTTP/1.1\r\nHost: test\r\n[x]: x\r\n",
    "bell in a value": "GET /v1/cities/essen HTTP/1.1\r\nHost: test\r\nX-Other: \7\r\n",
    "line feeds only": "GET /v1/cities/essen HTTP/1.1\nHost: test\n",
}


@pytest.mark.parametrize("form", HEADS)
def test_heads_that_others_read_otherwise_are_refused(daemon, form):
    with Wire(daemon) as wire:
        wire.send(HEADS[form] + "\r\n")
        answer = wire.answer()
        assert answer is None or answer.status in (400, 405)


def strict_library():
    """Whether libmicrohttpd is of 1.0 or later: then it refuses more by itself, in HTML (ARCHITECTURE.md, "Deliberate limits")."""
    version = ctypes.CDLL("libmicrohttpd.so.12").MHD_get_version
    version.restype = ctypes.c_char_p
    return int(version().split(b".")[0]) >= 1


@pytest.mark.parametrize("header, fault, ours", [
    ("X : a", "header_name", False), ("[x]: a", "header_name", True), ("X: a\7", "header_value", True), ("Host: b", "duplicate_header", True),
    ("X: a\nY: b", "header_line", False), ("X: a\r\n b", "header_line", False), ("X: a\0b", "header_line", False),
    ("Transfer-Encoding: gzip", "transfer_encoding", False), ("Transfer-Encoding: chunked\r\nContent-Length: 1", "length_and_encoding", False),
])
def test_refused_heads_are_problems_and_the_end_of_the_connection(daemon, header, fault, ours):
    with Wire(daemon) as wire:
        wire.send(f"GET /v1/cities/essen HTTP/1.1\r\nHost: test\r\n{header}\r\n\r\n")
        answer = wire.answer()
        assert answer.status == 400 and answer.headers["connection"].lower() == "close"
        if ours or not strict_library():
            assert (answer.json["code"], answer.json["errors"][0]["code"]) == ("malformed_request", fault)
        else:
            assert answer.body.startswith(b"<html>") and "x-request-id" not in answer.headers
        assert wire.ended()


def test_pipelined_requests_are_as_many_as_were_sent(daemon, entrance):
    names = [f"pipelined-{next(numbers)}" for _ in range(20)]
    statuses = everything(entrance, "".join(get("/v1/cities/essen", f"X-Request-Id: {name}") for name in names), len(names))
    assert statuses == [200] * 20
    eventually(lambda: [logged(daemon, name) for name in names] == [1] * 20)


def test_empty_lines_before_a_request_are_no_request(daemon):
    with Wire(daemon) as wire:
        wire.send("\r\n" + get("/v1/cities/essen"))
        assert wire.answer().status == 200


def test_the_rest_of_a_head_may_come_in_any_pieces(start_daemon):
    """The check of where lines lie must not mistake how they arrived."""
    daemon = start_daemon(WELCOME_LOOPS=1)  # with the usual patience
    head = get("/v1/cities/essen?lang=de", *(f"X-Filler-{n}: {'x' * 150}" for n in range(40)), "X-Request-Id: pieces", "Accept-Language:de",
               "X-Blank:     a", "X-Empty:").encode()
    for size in (1, 7, 100, 1460, 5000, len(head)):
        with Wire(daemon) as wire:
            wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(2):  # and again on the same connection
                for at in range(0, len(head), size):
                    wire.send(head[at:at + size])
                answer = wire.answer()
                assert (answer.status, answer.headers["x-request-id"]) == (200, "pieces")
