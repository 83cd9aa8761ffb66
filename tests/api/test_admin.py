# SPDX-License-Identifier: EUPL-1.2
# What operators see: health, metrics, logs, the contract and the pages that explain problems.
import json
import re

import pytest
import yaml

from support import CONTRACT, ROOT, answer, eventually, problem


def test_health_says_alive_and_ready(daemon):
    assert daemon.admin.get("/health/live").json() == {"status": "live"}
    assert daemon.admin.get("/health/ready").json() == {"status": "ready"}
    assert daemon.admin.head("/health/ready").status_code == 200
    assert daemon.admin.get("/nothing").status_code == 404


def test_health_and_metrics_are_not_public(http):
    for path in ("/health/live", "/health/ready", "/metrics"):
        problem(http.get(path), 404, "not_found")


def test_metrics_are_in_the_form_prometheus_reads(daemon, http):
    answer(http.get("/v1/cities"))
    response = daemon.admin.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines, kinds = response.text.splitlines(), {}
    assert response.text.endswith("\n")
    for line in lines:
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            sample = re.fullmatch(r'([a-z_]+)(?:\{(?:[a-z_]+="[^"\\\n]*",?)+\})? ([0-9.e+-]+|\+Inf|NaN)', line)
            assert sample, line
            assert any(sample[1] in (name, name + "_bucket", name + "_sum", name + "_count") for name in kinds), line
    assert len(lines) == len(set(lines))
    assert all(name.endswith("_total") for name, kind in kinds.items() if kind == "counter")


def test_metrics_count_answers_by_operation_and_status(daemon, http):
    def count():
        return sum(float(line.rsplit(" ", 1)[1]) for line in daemon.admin.get("/metrics").text.splitlines()
                   if '"list_stages"' in line and '"200"' in line and "bucket" not in line and "_total" in line)
    before = count()
    for _ in range(3):
        answer(http.get("/v1/stages"))
    eventually(lambda: count() >= before + 3)  # one is counted when it has ended
    assert count() == before + 3


def test_histograms_grow_and_end_with_all(daemon, http):
    answer(http.get("/v1/cities"))
    buckets = {}
    for line in daemon.admin.get("/metrics").text.splitlines():
        if found := re.match(r'(\w+)_bucket\{(.*?),?le="([^"]+)"\} (\d+)', line):
            buckets.setdefault((found[1], found[2]), []).append((float(found[3].replace("+Inf", "inf")), int(found[4])))
    assert buckets
    for series in buckets.values():
        assert series == sorted(series) and [count for _, count in series] == sorted(count for _, count in series)
        assert series[-1][0] == float("inf")


def test_every_request_is_one_line_of_json_without_personal_data(daemon, people, place):
    newcomer = people.newcomer(place.city, display_name="Rosalind Unmistakable")
    asked = newcomer.get("/v1/me?lang=de").headers["X-Request-Id"]

    def told():
        """the request has ended and has its line"""
        daemon.read_log()
        return next((line for line in daemon.lines if line.get("request_id") == asked), None)
    line = eventually(told)
    assert line["operation"] == "get_me"
    assert set(line) == {"time", "level", "event", "operation", "method", "status", "code", "ms", "lane", "lane_ms", "bytes", "request_id",
                         "traceparent"}
    assert line["lane"] == "read" and 0 < line["lane_ms"] < line["ms"]
    text = daemon.log.read_text()
    for secret in ("Unmistakable", newcomer.email, newcomer.token, newcomer.id):
        assert secret not in text


def test_the_contract_is_served_as_it_is_written(http):
    written = (ROOT / "openapi.yaml").read_text()
    served = http.get("/v1/openapi.yaml")
    assert served.text == written and served.headers["Content-Type"].startswith("application/yaml")
    assert answer(http.get("/v1/openapi.json")) == json.loads(json.dumps(yaml.safe_load(written)))


@pytest.mark.parametrize("code", CONTRACT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
def test_every_problem_has_its_page(http, code):
    for lang in ("de", "en"):
        page = http.get(f"/problems/{code}?lang={lang}")
        assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html") and f'lang="{lang}"' in page.text
    problem(http.get(f"/problems/{code}x"), 404, "not_found")


def test_a_host_header_nobody_expects_changes_nothing(http):
    assert answer(http.get("/v1/cities", headers={"Host": "evil.example.net"}))["items"]


def test_no_statement_is_compiled_before_it_runs(start_daemon):
    """PostgreSQL would take half a second to compile what takes it some milliseconds to do."""
    daemon = start_daemon()
    with daemon.connect() as db:
        db.execute("CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$"
                   " BEGIN IF current_setting('jit') <> 'off' THEN RAISE 'jit'; END IF; RETURN now(); END $$")
    answer(daemon.http.get("/v1/news"))
    answer(daemon.http.get("/v1/search?q=visa"))
    answer(daemon.http.post("/v1/sign-in", json={"email": "somebody@example.org"}), 202)
