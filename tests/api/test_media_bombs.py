# SPDX-License-Identifier: EUPL-1.2
# Files that are small as they are sent and huge once unpacked: each is refused or taken, and costs no more than its share of memory and time.
import concurrent.futures
import pathlib
import re
import time
import zlib

import pytest

from media_files import JPEG, PDF, PNG, WEBP, saved, send
from PIL import Image

from support import Desk, People, answer, faults, problem

MEGABYTE = 1 << 20
MOST = 600 * MEGABYTE  # with what sanitizers need themselves


def peak(daemon):
    """The most memory the daemon has ever used, in bytes."""
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text())[1]) * 1024


def packed(size, times=1):
    """So many blanks, packed so often."""
    made, packer = [], zlib.compressobj(9)
    block = b" " * (1 << 20)
    for _ in range(size >> 20):
        made.append(packer.compress(block))
    data = b"".join(made) + packer.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def pdf(stream, filters="/FlateDecode"):
    """A document whose only page has an annotation that lies in an object stream of this content."""
    bodies = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
              3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots 5 0 R >>",
              4: b"<< /Type /ObjStm /N 1 /First 4 /Filter %s /Length %d >>\nstream\n%s\nendstream" % (filters.encode(), len(stream), stream)}
    out, places = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n", {}
    for number, body in bodies.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    rows = bytes([0, 0, 0, 0, 0, 0]) + b"".join(bytes([1]) + places[n].to_bytes(4, "big") + b"\0" for n in bodies)
    rows += bytes([2]) + (4).to_bytes(4, "big") + b"\0"
    rows += bytes([1]) + start.to_bytes(4, "big") + b"\0"
    return out + b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
        len(rows), rows, start)


@pytest.fixture(scope="module")
def own(daemons):
    with daemons.running(WELCOME_LOOPS=1) as daemon:
        yield Desk(People(daemon), "test-0")


BOMBS = {"once": (packed(768 * MEGABYTE), "/FlateDecode"), "twice": (packed(1024 * MEGABYTE, 2), "[/FlateDecode /FlateDecode]")}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_document_that_unpacks_to_gigabytes_is_refused_and_holds_up_nobody(own, bomb):
    daemon, data = own.author.daemon, pdf(*BOMBS[bomb])
    assert len(data) < 5 * MEGABYTE
    before, began = peak(daemon), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send, own.author, data, PDF)
        reads = 0
        while not sent.done():
            assert daemon.http.get("/v1/cities/essen").status_code == 200
            reads += 1
            time.sleep(0.05)
    assert faults(sent.result()) & {("", "media_unpacks"), ("", "media_damaged")}
    assert time.monotonic() - began < 30 and reads > 3
    assert peak(daemon) - before < MOST


def test_a_document_packed_as_usual_is_taken(own):
    annotation = b"5 0 [<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (%s) >>]" % (b"Guten Tag " * 1000)
    answer(send(own.author, pdf(zlib.compress(annotation)), PDF), 201)


@pytest.mark.parametrize("kind, data", [(PNG, saved(Image.new("1", (6000, 6600)), "PNG", optimize=True)),
                                        (JPEG, saved(Image.new("L", (6000, 6600)), "JPEG", quality=1)),
                                        (WEBP, saved(Image.new("RGB", (6000, 6600)), "WEBP"))], ids=["png", "jpeg", "webp"])
def test_the_largest_pictures_that_pack_best_cost_no_more_than_their_share(own, kind, data):
    """Just below the pixels a picture may have, in some kilobytes."""
    daemon = own.author.daemon
    assert len(data) < MEGABYTE
    before, began = peak(daemon), time.monotonic()
    answer(send(own.author, data, kind), 201)
    assert peak(daemon) - before < MOST and time.monotonic() - began < 60


def test_bodies_are_never_unpacked(http):
    """What is packed is refused as a type that is not read."""
    bomb = packed(64 * MEGABYTE, 2)
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
        refused = http.post("/v1/sign-in", content=bomb, headers={"Content-Type": "application/json", "Content-Encoding": coding})
        problem(refused, 415, "unsupported_media_type")
