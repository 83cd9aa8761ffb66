# SPDX-License-Identifier: EUPL-1.2
# Allocations fail at random, ours and those of every library but SPARED: answers are whole, 503 or missing, and afterwards all is well.
import json
import os
import signal
import subprocess
import time

import psycopg
import pytest

from load import ask_for_a_guide, load
from support import ROOT, eventually

RIGHT = {"/v1/cities": 200, "/v1/languages?lang=de": 200, "/v1/articles?limit=2": 200, "/v1/guides?city=essen&count=true": 200,
         "/v1/openapi.json": 200, "/problems/not_found": 200, "/v1/nothing": 404, "/v1/cities?%ff": 400, "/v1/me": 401,
         "/v1/guide-requests": 202}
# What a want of memory may be told of as.
EVENTS = {"database_link_lost", "header_lost", "http", "http_failed", "job_failed", "listener_lost", "cache_listener_lost", "vocabulary_unreadable",
          "mail_failed", "mail_text_faulty", "mail_texts_missing", "reference_not_read", "step_failed"}


@pytest.fixture(scope="module")
def failing_malloc(tmp_path_factory):
    library = tmp_path_factory.mktemp("malloc") / "failing_malloc.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests/fault/failing_malloc.c"], check=True)
    return library


# Libraries that do not survive it themselves: ICU from release 76 on (ures_getByKeyWithFallback), libpq of release 16.
SPARED = "libicu,libpq" if psycopg.pq.version() // 10000 == 16 else "libicu"


@pytest.fixture
def forgetful(start_daemon, failing_malloc):
    """Starts a daemon one in so many allocations of which fails between SIGUSR1 and SIGUSR2."""
    def start(one_in):
        daemon = start_daemon(start=False, WELCOME_CHECK_ANSWERS="false")
        daemon.environment |= {"LD_PRELOAD": str(failing_malloc), "FAIL_ONE_IN": str(one_in), "FAIL_SPARING": SPARED,
                               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        daemon.tolerated |= EVENTS
        daemon.start()
        return daemon
    return start


def everything(turn=iter(range(10**9))):
    n = next(turn)
    paths = list(RIGHT)
    return ask_for_a_guide() if n % 4 == 0 else ("GET", paths[n % (len(paths) - 1)], None, {"Accept-Language": "uk, de;q=0.5"})


@pytest.mark.parametrize("one_in", [1000, 100, 10])
def test_short_memory_costs_answers_never_the_daemon(forgetful, one_in):
    daemon = forgetful(one_in)
    process = daemon.process.pid
    with load(daemon, 8, everything) as results:
        eventually(lambda: len(results()) > 50)
        daemon.process.send_signal(signal.SIGUSR1)
        time.sleep(4)
        daemon.process.send_signal(signal.SIGUSR2)
        short = len(results())
        eventually(lambda: len(results()) > short + 50)
    assert daemon.process.pid == process and daemon.process.poll() is None
    wrong = [(r.status, r.asked[:3], r.body) for r in results() if r.status not in (RIGHT[r.asked[1]], 503, None)]
    assert not wrong
    eventually(lambda: daemon.http.get("/v1/cities").status_code == 200)
    with daemon.connect() as db:
        made = {str(row[0]) for row in db.execute("SELECT id FROM guide_request")}
    assert made >= {json.loads(r.body)["id"] for r in results() if r.status == 202}
