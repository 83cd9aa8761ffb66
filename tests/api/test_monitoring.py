# SPDX-License-Identifier: EUPL-1.2
# What is counted and logged: figures that are true, names that documents, rules and the dashboard agree on, and a log that tells of nobody.
import json
import re
import threading
import time
import uuid

import pytest
import yaml

from attachment_files import brought
from support import ROOT, People, answer, eventually, faults, new_place, problem

DOCUMENT = (ROOT / "docs/monitoring.md").read_text()
RULES = (ROOT / "docs/monitoring/welcomed.rules.yaml").read_text()
RULES_TEST = (ROOT / "docs/monitoring/welcomed.rules.test.yaml").read_text()
DASHBOARD = (ROOT / "docs/monitoring/dashboard.json").read_text()
NAME = re.compile(r"\b(?:welcome|process)_[a-z_]+\b")

# Whatever people write, send or are; none of it may be in a log.
SECRETS = ("Unmistakable", "Geheimtext", "unmistakable@", "203.0.113.77", "2001:db8:77", "Suchbegriff", "secret-key-0123456789", "Pfadgeheimnis")


@pytest.fixture(scope="module")
def watched(daemons):
    """A daemon that logs all it can, and takes every statement for a slow one."""
    with daemons.running(WELCOME_LOG_LEVEL="debug", WELCOME_SLOW_MS="1", WELCOME_TRUSTED_PROXIES="127.0.0.1") as daemon:
        yield daemon


def samples(daemon):
    """{(name, labels): value} of /metrics."""
    found = {}
    for line in daemon.admin.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            sample, _, value = line.rpartition(" ")
            name, _, labels = sample.partition("{")
            found[name, tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels)))] = float(value)
    return found


def figure(daemon, name, **labels):
    return samples(daemon).get((name, tuple(sorted(labels.items()))), 0)


def types(daemon):
    return dict(line.split(" ")[2:4] for line in daemon.admin.get("/metrics").text.splitlines() if line.startswith("# TYPE "))


@pytest.fixture(scope="module")
def metrics_of_a_replica(daemons):
    """{name: type} of what a daemon tells that has a read replica; the primary will do for one."""
    with daemons.running(start=False) as daemon:
        daemon.environment["WELCOME_DATABASE_READ_URL"] = daemon.environment["WELCOME_DATABASE_URL"]
        daemon.tolerated |= {"replica_out_of_use"}  # a machine that stands still makes it late
        daemon.start()
        assert eventually(lambda: figure(daemon, "welcome_replica_links_fresh", lane="read"))
        return {name: kind for name, kind in types(daemon).items() if name.startswith("welcome_replica_")}


@pytest.fixture(scope="module")
def metrics(watched, metrics_of_a_replica):
    """{name: type} of all metrics there can be: what a round of the matching tells is there once there was one."""
    answer(watched.http.get("/v1/cities"))
    with watched.connect() as db:
        db.execute("INSERT INTO matching_round (id, seed, second, digest, weights, started_at, requests, guides, pairs, placed, proposed, certificate)"
                   " SELECT gen_random_uuid(), 1, false, 'x', max(version), clock(), 3, 2, 4, 2, 1, '{}' FROM weights")

    def told():
        """the figures of a round are told"""
        return "welcome_round_seconds" in types(watched) and types(watched) | metrics_of_a_replica
    return eventually(told)


def series(name, kinds):
    """The metric that a name in a query stands for."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if kinds.get(base) == "histogram" else name


def test_every_metric_is_described(metrics):
    described = set(re.findall(r"^\| `((?:welcome|process)_\w+)` \|", DOCUMENT, re.M))
    assert described == set(metrics)


@pytest.mark.parametrize("text", [RULES, RULES_TEST, DASHBOARD], ids=["rules", "rules_test", "dashboard"])
def test_rules_and_dashboard_ask_for_what_there_is(metrics, text):
    names = {series(name, metrics) for name in NAME.findall(text)}
    assert names and names <= set(metrics)


def test_panels_of_the_dashboard_have_ids_of_their_own():
    panels = json.loads(DASHBOARD)["panels"]
    assert panels and len({panel["id"] for panel in panels}) == len(panels)


def test_every_alert_is_explained_and_tried():
    alerts = [rule["alert"] for group in yaml.safe_load(RULES)["groups"] for rule in group["rules"]]
    assert len(alerts) == len(set(alerts)) and re.findall(r"^\| `(Welcomed\w+)` \|", DOCUMENT, re.M) == alerts
    tried = yaml.safe_load(RULES_TEST)["tests"]
    for alert in alerts:
        cases = [case for test in tried for case in test["alert_rule_test"] if case["alertname"] == alert]
        assert [case for case in cases if case["exp_alerts"]] and [case for case in cases if not case["exp_alerts"]], alert


def test_labels_are_few(watched):
    """What a client writes never becomes a label."""
    for path in ("/Pfadgeheimnis", "/v1/guides/Pfadgeheimnis", f"/v1/guides/{uuid.uuid4()}", "/v1/cities?lang=Pfadgeheimnis"):
        watched.http.get(path)
    allowed = {"operation", "status", "code", "le", "lane", "name", "result", "state", "what", "clock", "reason", "version", "contract"}
    assert {label for _, labels in samples(watched) for label, _ in labels} <= allowed
    assert "Pfadgeheimnis" not in watched.admin.get("/metrics").text


def test_problems_are_counted_by_their_code(watched):
    before = figure(watched, "welcome_problems_total", code="not_found"), figure(watched, "welcome_problems_total", code="validation_failed")
    problem(watched.http.get("/nowhere"), 404, "not_found")
    problem(watched.http.get(f"/v1/guides/{uuid.uuid4()}"), 404, "not_found")
    faults(watched.http.post("/v1/sign-in", json={"email": 7}))
    eventually(lambda: figure(watched, "welcome_problems_total", code="validation_failed") > before[1])  # one is counted when it has ended
    assert figure(watched, "welcome_problems_total", code="not_found") == before[0] + 2
    assert figure(watched, "welcome_problems_total", code="validation_failed") == before[1] + 1


def test_lanes_count_what_they_wait_and_run(watched):
    before = samples(watched)
    for _ in range(5):  # what is nowhere is in no cache
        problem(watched.http.get(f"/v1/guides/{uuid.uuid4()}"), 404, "not_found")
    after = samples(watched)

    def grown(name):
        return after[name, (("lane", "read"),)] - before[name, (("lane", "read"),)]
    assert grown("welcome_lane_run_seconds_count") == grown("welcome_lane_wait_seconds_count") == grown("welcome_lane_statements_total") == 5
    assert grown("welcome_lane_run_seconds_sum") > 0


def test_waiting_for_a_connection_is_measured(start_daemon):
    daemon = start_daemon(WELCOME_LOOPS="1", WELCOME_CACHE_MB="0")
    with daemon.connect() as db, db.transaction():
        db.execute("LOCK TABLE city IN ACCESS EXCLUSIVE MODE")
        threads = [threading.Thread(target=lambda: daemon.http.get("/v1/cities")) for _ in range(90)]  # more than 8 links x 8
        for thread in threads:
            thread.start()
        eventually(lambda: figure(daemon, "welcome_lane_queued", lane="read") > 0)
    for thread in threads:
        thread.join()
    assert figure(daemon, "welcome_lane_wait_seconds_sum", lane="read") > 0
    assert figure(daemon, "welcome_lane_queued", lane="read") == 0 or eventually(lambda: figure(daemon, "welcome_lane_queued", lane="read") == 0)


def test_jobs_tell_that_they_were_done(watched):
    def done():
        """every job was done once and told so"""
        told, now = samples(watched), time.time()
        names = {dict(labels)["name"] for name, labels in told if name == "welcome_job_runs_total"}
        age = now - told["process_start_time_seconds", ()]
        return all(told["welcome_job_runs_total", (("name", name), ("result", "done"))] > 0
                   and told.get(("welcome_job_done_age_seconds", (("name", name),)), now) < age for name in names) and names
    assert eventually(done) >= {"mailer", "matching", "times", "audit", "figures"}


def test_the_service_s_figures_are_those_of_the_database(watched):
    with watched.connect() as db:
        db.execute("INSERT INTO outbox (id, template, address, language, created_at, next_attempt_at)"
                   " SELECT gen_random_uuid(), 'sign_in', 'unmistakable@example.org', 'de', clock() - interval '1 hour', clock() + interval '1 day'"
                   "   FROM generate_series(1, 3)")
        eventually(lambda: figure(watched, "welcome_outbox_mails", state="waiting") == 3)
        assert 3600 <= figure(watched, "welcome_outbox_oldest_seconds") < 3700
        db.execute("UPDATE outbox SET state = 'dead'")
        eventually(lambda: figure(watched, "welcome_outbox_mails", state="dead") == 3)
        db.execute("DELETE FROM outbox")
    assert abs(figure(watched, "welcome_database_clock_ahead_seconds")) < 5
    assert 0 < figure(watched, "welcome_database_connections") <= figure(watched, "welcome_database_connections_max")


def test_scraping_asks_the_database_nothing(start_daemon):
    daemon = start_daemon(WELCOME_JOB_PAUSE="3600")
    with daemon.connect() as db, db.transaction():
        def done():
            """every job was done once"""
            told = [value for (name, _), value in samples(daemon).items() if name == "welcome_job_last_done_timestamp_seconds"]
            return told and all(told)
        eventually(done)
        db.execute("LOCK TABLE outbox, job_note, guide_request, service_request_office, audit IN ACCESS EXCLUSIVE MODE")
        assert daemon.admin.get("/metrics").status_code == 200


# The log

def personal_walk(daemon):
    """What people do, with words that are found again."""
    people, place = People(daemon), new_place()
    proxied = {"X-Forwarded-For": "203.0.113.77, 2001:db8:77::1"}
    newcomer = people.newcomer(place.city, display_name="Rosalind Unmistakable", message="Geheimtext")
    newcomer.get("/v1/me?lang=de", headers=proxied)
    newcomer.patch("/v1/me", {"display_name": "Unmistakable Geheimtext"}, headers=proxied)
    guide = people.guide(place.city)
    company, advisor = people.requester(place.city), people.advisor(place.city)
    made = brought(company, company, b"Geheimtext", "text/plain", name="Unmistakable.txt")
    advisor.get(made["url"], headers=proxied)
    advisor.post(f"{company.path}/messages", {"text": "Geheimtext", "public": True})
    advisor.get("/v1/service-requests?q=Suchbegriff")
    http = daemon.http
    http.get("/v1/search?q=Suchbegriff", headers=proxied)
    http.get("/Pfadgeheimnis?token=Suchbegriff")
    http.get("/v1/%ff/Pfadgeheimnis")
    http.post("/v1/sign-in", json={"email": "unmistakable@example.org"}, headers=proxied)
    http.post("/v1/sign-in", json={"email": "unmistakable@", "Geheimtext": 1})
    http.post("/v1/sign-in", content=b'{"email": "unmistakable@example.org', headers={"Content-Type": "application/json"})
    http.post("/v1/feedback", json={"kind": "praise", "message": "Geheimtext", "email": "unmistakable@example.org"},
              headers={"Idempotency-Key": "secret-key-0123456789", **proxied})
    http.get("/v1/me", headers={"Authorization": "Bearer Geheimtext", "If-None-Match": '"Geheimtext"'})
    return [person for person in (newcomer, guide, company, advisor)]


def test_the_log_tells_of_nobody(watched):
    people = personal_walk(watched)
    watched.mails_sent()
    watched.read_log()
    text = watched.log.read_text()
    assert [line for line in watched.lines if line["event"] == "slow_statements"]
    for secret in SECRETS + tuple(x for person in people for x in (person.email, person.token)):
        assert secret not in text, f"{secret} is in the log: {[line for line in text.splitlines() if secret in line][0][:300]}"
    assert "127.0.0.1" not in "".join(json.dumps(line) for line in watched.lines if line["event"] != "serving")


def test_slow_statements_are_named_without_what_was_asked(start_daemon):
    daemon = start_daemon(WELCOME_CACHE_MB="0", WELCOME_SLOW_MS="100")
    with daemon.connect() as db, db.transaction():
        db.execute("LOCK TABLE city IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=lambda: daemon.http.get("/v1/cities", headers={"X-Request-Id": "slow-one"}))
        thread.start()
        eventually(lambda: figure(daemon, "welcome_lane_in_flight", lane="read") == 1)
        time.sleep(0.2)
    thread.join()

    def told():
        """the slow statement is in the log"""
        daemon.read_log()
        return [line for line in daemon.lines if line["event"] == "slow_statements" and line["request_id"] == "slow-one"]
    line = eventually(told)[0]
    assert set(line) == {"time", "level", "event", "operation", "file", "statements", "lane", "ms", "waited_ms", "rows", "attempts", "request_id"}
    assert (line["operation"], line["file"], line["lane"], line["attempts"]) == ("list_cities", "src/reference/list_cities.sql", "read", 1)
    assert line["ms"] >= 200 and line["rows"] > 0 and "list_cities" in line["statements"]

    def ended():
        """the request has its own line"""
        daemon.read_log()
        return [line for line in daemon.lines if line["event"] == "request" and line["request_id"] == "slow-one"]
    request = eventually(ended)[0]
    assert request["lane_ms"] >= 200 and request["ms"] >= request["lane_ms"]


def test_no_statement_is_slow_where_none_is_wanted(start_daemon):
    daemon = start_daemon(WELCOME_CACHE_MB="0", WELCOME_SLOW_MS="0")
    with daemon.connect() as db, db.transaction():
        db.execute("LOCK TABLE city IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=lambda: daemon.http.get("/v1/cities"))
        thread.start()
        time.sleep(1.2)
    thread.join()
    assert not [line for line in daemon.read_log() if line["event"] == "slow_statements"]
