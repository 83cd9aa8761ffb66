# SPDX-License-Identifier: EUPL-1.2
# The part of `make bench` about service requests: the form, lists of an advisor, and what a hundred times as many requests change.
import hashlib
import json
import os
import re

import bench

TEXT = """{measured}

An advisor of one city asks, whose office has all requests, one in ten of them open and half of these late (`bench/services.sql`); there are
{few} requests unless said, then {many}. A search goes over the slow lane, over 2 connections.

{table}

What {many} requests cost beside {few}, by the same statement:

| list | welcomed: daemon + database | ratio | buffers of its page | ratio |
| --- | --- | --- | --- | --- |
{growth}
"""
SIZES = (10_000, 1_000_000)
IDENTITY = {"token_hash": r"\x" + hashlib.sha256(bench.TOKEN.encode()).hexdigest(), "roles": "{advisor}", "tasks": "{}"}
HEADERS = {"Authorization": f"Bearer {bench.TOKEN}"}
FORM = {"service": "recruiting-abroad", "city": "bochum", "company": {"name": "Testklinik", "legal_status": "registered"},
        "contact": {"name": "Petra Beispiel", "email": "EMAIL", "language": "de"},
        "answers": {"positions": 4, "occupation": "nurse", "qualification": "vocational", "german_level": "b1"}, "message": "From January on.", "consent": True}
LISTS = {"newest": ("", {}, 1.5), "what is late": ("by_due", {"overdue": "true"}, 1.5), "by state": ("by_state", {"state": "submitted"}, 1.5),
         "own work": ("by_advisor", {"advisor": "me"}, 1.5), "a rare word": ("search", {"q": "4711"}, None)}
bench.TYPES |= {"service": "text", "company": "jsonb", "contact": "jsonb", "answers": "jsonb", "state": "text", "office": "text", "clientele": "text",
                "advisor": "text", "overdue": "boolean", "due_before": "timestamptz", "sort": "text"}


def file_of(variant):
    return f"src/services/list_service_requests{variant and '.' + variant}.sql"


def lists(count):
    """A list asks who it is first, as the daemon does."""
    return {name: bench.Case(f"list of {count:,}: {name}", limit, "/v1/service-requests?lang=en" + "".join(f"&{key}={value}" for key, value in asked.items()),
                             file_of(variant), {**asked, **IDENTITY, "limit": 20, "ctx_languages": "{en,de}"},
                             lane="slow" if variant == "search" else "read", before=bench.AUTHENTICATE[:1], headers=HEADERS, few=variant == "search")
            for name, (variant, asked, limit) in LISTS.items()}


def create():
    values = {name: json.dumps(value) if isinstance(value, (dict, bool)) else value for name, value in FORM.items()}
    values["contact"] = values["contact"].replace("EMAIL", "asker@services.example.org")
    return bench.Case("write: a service request", 1.5, "/v1/service-requests?lang=en", "src/services/create_service_request.sql",
                      {**values, "ctx_languages": "{en,de}"}, lane="write", before=["SELECT subject(:ctx_id)"], body=FORM)


def buffers(variant, asked):
    """Of one page under the wall, planned for everybody, identity apart."""
    statement, = bench.read_statements(file_of(variant))
    values = {**asked, "limit": "20", "ctx_languages": "{en,de}"}
    bound = re.sub(r"(?<![:\w]):([a-z_]+)", lambda name: f"(%s::{bench.TYPES[name[1]]})" % (f"'{values[name[1]]}'" if name[1] in values else "NULL"), statement)
    plan = "custom" if variant == "search" else "generic"
    out = bench.run("psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-U", "welcome", env={**os.environ, "PGOPTIONS": bench.SETTINGS}, input=f"""
BEGIN;
SELECT FROM authenticate('{IDENTITY["token_hash"]}', '{{}}', NULL);
SET LOCAL plan_cache_mode = force_{plan}_plan;
PREPARE page AS {bound};
EXECUTE page \\g /dev/null
EXPLAIN (ANALYZE, BUFFERS) EXECUTE page;
""")
    return sum(map(int, re.findall(r"(?:hit|read)=(\d+)", re.search(r"Buffers: shared (.*)", out)[1])))


def part(rounds, seconds):
    by_size, read, first = {}, {}, []
    for count in SIZES:
        bench.psql("-v", "ON_ERROR_STOP=1", "-v", f"requests={count}", "-v", f"token={bench.TOKEN}", "-f", bench.ROOT / "bench/services.sql")
        read[count] = {name: buffers(variant, asked) for name, (variant, asked, _) in LISTS.items()}
        daemon = bench.Daemon()
        by_size[count] = lists(count)
        form = [create()] if count == SIZES[0] else []
        for _ in range(rounds):
            for case in [*by_size[count].values(), *form]:
                bench.measure(case, daemon, seconds)
        daemon.stop()
        first = form or first
    few, many = SIZES
    growth = []
    for name in LISTS:
        costs = [[sum(parts) for parts in by_size[count][name].rounds["welcomed"]] for count in SIZES]
        growth.append(f"| {name} | {bench.middle(costs[0])} → {bench.middle(costs[1])} | {bench.middle([late / early for early, late in zip(*costs)], 2)} "
                      f"| {read[few][name]:,} → {read[many][name]:,} | {read[many][name] / read[few][name]:.2f} |")
    return TEXT.format(measured=bench.machine(rounds, seconds), few=f"{few:,}", many=f"{many:,}", growth="\n".join(growth),
                       table=bench.table([*first, *by_size[few].values(), *by_size[many].values()]))
