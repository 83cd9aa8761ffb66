# SPDX-License-Identifier: EUPL-1.2
# What Prometheus' own tool says of metrics and rules, and a host whose clock jumps under the release build.
import json
import os
import pathlib
import subprocess
import threading
import time

import pytest

from attachment_files import brought
from support import ROOT, People, answer, eventually, new_place, problem

PROMTOOL = ROOT / "build/promtool/usr/bin/promtool"
RULES = ROOT / "docs/monitoring"
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

needs_promtool = pytest.mark.skipif(not PROMTOOL.exists(), reason="the package prometheus could not be had")
needs_faketime = pytest.mark.skipif(FAKETIME is None, reason="the package libfaketime could not be had")


def promtool(*arguments, page=None):
    return subprocess.run([PROMTOOL, *arguments], input=page, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def busy(daemons):
    """A daemon that has been asked many things."""
    with daemons.running() as daemon:
        people, place = People(daemon), new_place()
        company, _ = people.requester(place.city), people.advisor(place.city)
        brought(company, company)
        people.guide(place.city)
        people.newcomer(place.city)
        problem(daemon.http.get("/nowhere"), 404, "not_found")
        with daemon.connect() as db:
            db.execute("INSERT INTO matching_round (id, seed, second, digest, weights, started_at, requests, guides, pairs, placed, proposed, certificate)"
                       " SELECT gen_random_uuid(), 1, false, 'x', max(version), clock(), 3, 2, 4, 2, 1, '{}' FROM weights")
        eventually(lambda: "welcome_round_seconds" in daemon.admin.get("/metrics").text)
        yield daemon


@needs_promtool
def test_prometheus_accepts_the_metrics(busy):
    """Neither as faulty nor as named against its customs."""
    page = busy.admin.get("/metrics").text
    assert page.count("\n") > 300 and "welcome_problems_total" in page
    run = promtool("check", "metrics", page=page)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@needs_promtool
def test_promtool_can_refuse():
    assert promtool("check", "metrics", page="welcome_x{a=1} 1\n").returncode != 0


@needs_promtool
def test_the_alert_rules_are_rules_and_each_fires_when_it_should():
    run = promtool("check", "rules", RULES / "welcomed.rules.yaml")
    assert run.returncode == 0, run.stdout + run.stderr
    run = promtool("test", "rules", RULES / "welcomed.rules.test.yaml")
    assert run.returncode == 0, run.stdout + run.stderr


@needs_promtool
def test_the_dashboard_s_queries_are_queries(tmp_path):
    """As rules, since promtool checks those without a server."""
    panels = json.loads((RULES / "dashboard.json").read_text())["panels"]
    queries = [target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*") for panel in panels for target in panel.get("targets", ())]
    rules = "".join(f"      - record: query:{number}\n        expr: {json.dumps(query)}\n" for number, query in enumerate(queries))
    (tmp_path / "queries.yaml").write_text(f"groups:\n  - name: dashboard\n    rules:\n{rules}")
    run = promtool("check", "rules", tmp_path / "queries.yaml")
    assert queries and run.returncode == 0, run.stdout + run.stderr


@pytest.fixture
def moved(start_daemon, tmp_path):
    """A daemon whose host's clock a test sets: moved.clock("+1d")."""
    daemon = start_daemon(start=False, WELCOME_RATE_SIGN_IN="3", WELCOME_CACHE_MB="0", WELCOME_TRUSTED_PROXIES="127.0.0.1")
    daemon.environment |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(tmp_path / "offset"), "FAKETIME_NO_CACHE": "1",
                           "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

    def clock(offset):
        (tmp_path / "new").write_text(offset + "\n")
        os.rename(tmp_path / "new", tmp_path / "offset")
    daemon.clock = clock
    clock("+0")
    daemon.start()
    return daemon


def ahead(daemon):
    lines = daemon.admin.get("/metrics").text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith("welcome_database_clock_ahead_seconds ")), None)


@needs_faketime
@pytest.mark.parametrize("jump, seconds", [("+2d", 172800), ("-2d", -172800), ("+400d", 34560000)])
def test_a_host_s_clock_that_jumps_ends_no_session_and_stops_nothing(moved, jump, seconds):
    people, place = People(moved), new_place()
    newcomer = people.newcomer(place.city)
    company = people.requester(place.city)
    made = brought(company, company)
    moved.clock(jump)
    eventually(lambda: abs((ahead(moved) or 0) + seconds) < 60)  # it is noticed, and told
    for _ in range(3):
        assert answer(newcomer.get("/v1/me"))["email"] == newcomer.email
    assert company.get(made["url"]).status_code == 200
    later = brought(company, company)  # ids are made of the host's time
    assert sorted(one["id"] for one in company.look()["attachments"]) == sorted((made["id"], later["id"]))
    other = people.newcomer(place.city)  # mails go out, links work: the database's clock counts
    assert answer(other.get("/v1/me"))["email"] == other.email
    moved.clock("+0")
    assert answer(newcomer.get("/v1/me"))["email"] == newcomer.email


@needs_faketime
def test_limits_of_clients_do_not_follow_a_clock_that_jumps(moved):
    """Neither does a jump ahead give back what was spent, nor does one back keep anybody out for longer."""
    def ask():
        return moved.http.post("/v1/sign-in", json={"email": "nobody@example.org"}, headers={"X-Forwarded-For": "203.0.113.1"})
    while ask().status_code == 202:
        pass
    moved.clock("+30d")
    time.sleep(0.1)
    refused = ask()
    problem(refused, 429, "rate_limited")
    moved.clock("-30d")
    again = ask()
    problem(again, 429, "rate_limited")
    assert int(again.headers["Retry-After"]) <= int(refused.headers["Retry-After"]) <= 3600


@needs_faketime
def test_what_waits_is_not_given_up_by_a_clock_that_jumps(moved):
    """Time limits in lanes and loops are of the monotonic clock."""
    answers = []
    with moved.connect() as db, db.transaction():
        db.execute("LOCK TABLE city IN ACCESS EXCLUSIVE MODE")
        threads = [threading.Thread(target=lambda: answers.append(moved.http.get("/v1/cities").status_code)) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        moved.clock("+1d")
        time.sleep(0.3)
        moved.clock("-1d")
        time.sleep(0.3)
    for thread in threads:
        thread.join()
    assert answers == [200] * 5
