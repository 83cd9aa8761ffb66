# SPDX-License-Identifier: EUPL-1.2
# CPU per request of welcomed and its database, beside pgbench running the same statements and a bare libmicrohttpd answering as many
# bytes. Started by run.sh; writes RESULTS.md. Throughput is not judged: it says more about the machine.
"""usage: bench.py [ROUNDS [SECONDS]]"""
import base64
import datetime
import hashlib
import json
import os
import platform
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = Path(os.environ["LOCAL"])
WELCOMED = os.environ["WELCOMED"]
PGBENCH = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), key=lambda path: int(path.parts[4]))[-1]
CORES = min(os.cpu_count(), 4)
TICK = os.sysconf("SC_CLK_TCK")
TOKEN = base64.urlsafe_b64encode(hashlib.sha256(b"bench").digest()).decode().rstrip("=")
FORM = {
    "display_name": "Amara", "email": "EMAIL", "languages": [{"tag": "ar", "level": "native"}, {"tag": "en", "level": "B2"}],
    "city": "bochum", "audience": "skilled-worker", "topics": ["housing", "work"], "arrival_on": "2027-01-15",
    "message": "I start as a nurse in January and look for a flat.", "share_contact": "on_acceptance", "consent": True,
}

# What the contract gives the parameters of the statements measured here.
TYPES = {
    "ctx_id": "uuid", "ctx_languages": "text[]", "ctx_cursor": "jsonb", "limit": "integer", "id": "uuid", "slug": "text", "city": "text",
    "language": "text", "audience": "text", "topic": "text", "stage": "text", "parent": "uuid", "display_name": "text", "email": "text",
    "languages": "jsonb", "remote": "boolean", "neighbours": "boolean", "topics": "text[]", "arrival_on": "date", "message": "text",
    "preferred_guide": "uuid", "share_contact": "text", "guide_gender": "jsonb", "consent": "jsonb", "token_hash": "bytea",
    "tasks": "text[]", "roles": "text[]", "lang": "text",
}

# What the daemon sets on the connections of a lane.
LANES = {"read": "-c plan_cache_mode=force_generic_plan -c statement_timeout=3000 -c lock_timeout=3000 -c default_transaction_read_only=on",
         "write": "-c plan_cache_mode=force_generic_plan -c statement_timeout=5000 -c lock_timeout=5000",
         "slow": "-c plan_cache_mode=force_custom_plan -c statement_timeout=10000 -c lock_timeout=10000"}
AUTHENTICATE = ["SELECT a.session, a.extend FROM authenticate(:token_hash, :tasks, NULL) a", "SELECT need(:roles)"]


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports


PORT, ADMIN_PORT, BARE_PORT = free_ports(3)


class Case:
    """One kind of request: how the daemon is asked, and the same statements for pgbench."""

    def __init__(self, title, limit, path, statement, values, *, lane="read", before=(), body=None, headers=None):
        self.title, self.limit, self.path, self.values, self.lane = title, limit, path, values, lane
        self.clients, self.connections = (2, 8) if lane == "slow" else (16, 64)
        self.body, self.headers = body, headers or {}
        self.statements = [*before, *read_statements(statement)]
        self.script = LOCAL / "pgbench.sql"
        self.rounds = {"welcomed": [], "pgbench": [], "bare": []}


def read_statements(path):
    text = re.sub(r"--.*", "", (ROOT / path).read_text())
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def cpu_ticks(pid):
    """utime, stime, and those of the children that ended."""
    return [int(field) for field in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]]


def cpu_seconds(pid):
    return sum(cpu_ticks(pid)[:2]) / TICK


def server_cpu_seconds(pid):
    """Of PostgreSQL's first process and all its children; looked at again when one of them ended meanwhile."""
    while True:
        own = cpu_ticks(pid)
        try:
            children = sum(cpu_seconds(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except OSError:
            continue
        if cpu_ticks(pid)[2:] == own[2:]:
            return sum(own) / TICK + children


def memory_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def psql(*arguments):
    return run("psql", "-X", "-q", "-At", *arguments).strip()


def postmaster():
    return int(psql("-c", "SELECT pg_read_file('postmaster.pid')").split()[0])


def start(*command, **environment):
    """A server that ends when this program does, however that ends."""
    with open(LOCAL / "servers.log", "a") as log:
        return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *map(str, command)], stdout=log, stderr=log,
                                env={**os.environ, **environment})


class Daemon:
    """A running welcomed. Background jobs find no database: their work is not a request's, and would be counted with it."""

    def __init__(self):
        started = time.monotonic()
        self.process = start(WELCOMED, "serve", WELCOME_PORT=str(PORT), WELCOME_ADMIN_PORT=str(ADMIN_PORT),
                             WELCOME_DATABASE_WORKER_URL="host=/nonexistent")
        while not self.ready():
            if self.process.poll() is not None:
                sys.exit(f"welcomed ended:\n{(LOCAL / 'servers.log').read_text()}")
            time.sleep(0.002)
        self.started_ms = (time.monotonic() - started) * 1000
        self.pid = self.process.pid

    def ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{ADMIN_PORT}/health/ready", timeout=5).status == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()


def request_once(case):
    body = json.dumps(case.body).replace("EMAIL", "first@example.org").encode() if case.body else None
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{case.path}", data=body, headers=request_headers(case))
    return len(urllib.request.urlopen(request).read())


def request_headers(case):
    return {**case.headers, **({"Content-Type": "application/json"} if case.body else {})}


def wrk(case, port, seconds):
    """The number of requests answered; every one must have succeeded. Addresses in bodies are all different."""
    lua = LOCAL / "wrk.lua"
    lines = ["local n = 0"]
    lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in request_headers(case).items()]
    if case.body:
        before, after = json.dumps(case.body).split("EMAIL")
        address = f"n .. '-{time.time_ns()}@example.org'"
        lines += ["wrk.method = 'POST'",
                  "function request() n = n + 1",
                  f"  return wrk.format(nil, nil, nil, {json.dumps(before)} .. {address} .. {json.dumps(after)}) end"]
    lua.write_text("\n".join(lines))
    out = run("wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s", "-s", lua, f"http://127.0.0.1:{port}{case.path}")
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"{case.title}: some requests failed\n{out}")
    return int(re.search(r"(\d+) requests in", out)[1])


def write_script(case):
    """A parameter becomes a pgbench variable with a cast; one that has no value is bound as null, as the daemon binds it."""
    lines = ["\\set n :n + 1", "\\set email random(1, 1000000000)"]
    several = len(case.statements) > 1
    lines += ["BEGIN;"] * several
    for statement in case.statements:
        lines.append(re.sub(r"(?<![:\w]):([a-z_]+)", lambda name: f"(:{name[1]}::{TYPES[name[1]]})", statement).replace("\n", " ") + ";")
    lines += ["COMMIT;"] * several
    # An id of each transaction's own, ascending for each client: 13 digits and 19.
    number = "(1000000000000000000 + :client_id * 1000000000000 + :n)::bigint"
    text = "\n".join(lines).replace("(:ctx_id::uuid)", f"('0190000000000' || {number})::uuid")
    case.script.write_text(text + "\n")


def pgbench(case, seconds):
    """Transactions, and the CPU seconds they cost the server; what connecting and planning cost is measured apart and taken off."""
    server = postmaster()
    values = [word for name, value in case.values.items() for word in ("-D", f"{name}={value}")]
    options = "-c search_path=welcome -c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 " + LANES[case.lane]
    costs = []
    for length in (("-t", 1), ("-T", seconds)):
        before = server_cpu_seconds(server)
        out = run(PGBENCH, "-n", "-M", "prepared", "-U", "welcome", "-c", case.clients, "-j", 1, *length, "-f", case.script,
                  "-D", f"n={time.time_ns() // 1000000 % 100000000 * 1000}", *values, env={**os.environ, "PGOPTIONS": options})
        costs.append((int(re.search(r"actually processed: (\d+)", out)[1]), server_cpu_seconds(server) - before))
    return costs[1][0] - costs[0][0], costs[1][1] - costs[0][1]


def measure(case, daemon, seconds):
    server = postmaster()
    size = request_once(case)
    write_script(case)
    if not case.rounds["welcomed"]:
        wrk(case, PORT, 1)
    before = cpu_seconds(daemon.pid), server_cpu_seconds(server)
    count = wrk(case, PORT, seconds)
    after = cpu_seconds(daemon.pid), server_cpu_seconds(server)
    case.rounds["welcomed"].append(tuple((late - early) / count * 1e6 for early, late in zip(before, after)))
    count, cost = pgbench(case, seconds)
    case.rounds["pgbench"].append(cost / count * 1e6)
    bare = start(LOCAL / "bare_http", BARE_PORT, CORES, size)
    time.sleep(0.1)
    count = wrk(case, BARE_PORT, 1)
    case.rounds["bare"].append(cpu_seconds(bare.pid) / count * 1e6)
    bare.terminate()
    bare.wait()
    print(f"{case.title:40} daemon %6.0f + database %6.0f   pgbench %6.0f   bare %6.0f" %
          (*case.rounds["welcomed"][-1], case.rounds["pgbench"][-1], case.rounds["bare"][-1]), flush=True)


def measure_starts():
    """Five times: milliseconds until ready, those of CPU among them, and MB."""
    starts = []
    for _ in range(5):
        daemon = Daemon()
        starts.append((daemon.started_ms, cpu_seconds(daemon.pid) * 1000, memory_mb(daemon.pid)))
        daemon.stop()
    return [middle(column) for column in zip(*starts)]


def measure_idle(case, daemon, count):
    """With so many connections that ask nothing: CPU milliseconds a second, memory, and the daemon's share of a request beside them."""
    sockets = [socket.create_connection(("127.0.0.1", PORT)) for _ in range(count)]
    time.sleep(1)
    before = cpu_seconds(daemon.pid)
    time.sleep(5)
    resting = (cpu_seconds(daemon.pid) - before) / 5 * 1000
    memory = memory_mb(daemon.pid)
    before = cpu_seconds(daemon.pid)
    requests = wrk(case, PORT, 2)
    cost = (cpu_seconds(daemon.pid) - before) / requests * 1e6
    for connection in sockets:
        connection.close()
    return f"{resting:.0f} ms, {memory:.0f} MB, {cost:.0f} µs"


def cases(guides, request):
    identity = {"token_hash": r"\x" + hashlib.sha256(TOKEN.encode()).hexdigest(), "roles": "{coordinator}", "tasks": "{}"}
    languages = {"ctx_languages": "{en,de}"}
    candidates = Case(f"candidates among {guides:,} guides", 1.3 if guides == 20000 else None, f"/v1/guide-requests/{request}/candidates",
                      "src/matching/list_candidates.sql", {"id": request, "limit": 20, **identity, **languages}, lane="slow",
                      before=AUTHENTICATE, headers={"Authorization": f"Bearer {TOKEN}"})
    if guides < 20000:
        return [candidates]
    form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in FORM.items() if name != "email"}
    form |= {"topics": "{housing,work}", "remote": "false", "neighbours": "true"}
    return [
        Case("slow list: 20 guides of a city", None, "/v1/guides?city=bochum&lang=en", "src/guides/list_guides.sql",
             {"city": "bochum", "limit": 20, **languages}, lane="slow"),
        Case("write: a guide request", 1.5, "/v1/guide-requests?lang=en", "src/matching/create_guide_request.sql", {**form, **languages},
             lane="write", before=["SELECT subject(:ctx_id)"], body=FORM),
        candidates,
    ]


def middle(values, digits=0):
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def table(measured):
    lines = ["| request | welcomed: daemon + database | pgbench, same statements | ratio | expected | bare libmicrohttpd |",
             "| --- | --- | --- | --- | --- | --- |"]
    for case in measured:
        totals = [sum(parts) for parts in case.rounds["welcomed"]]
        parts = " + ".join(f"{statistics.median(part):,.0f}" for part in zip(*case.rounds["welcomed"]))
        ratio = middle([total / other for total, other in zip(totals, case.rounds["pgbench"])], 2)
        lines.append(f"| {case.title} | {middle(totals)} = {parts} | {middle(case.rounds['pgbench'])} | {ratio} | "
                     f"{f'≤ {case.limit}' if case.limit else ''} | {middle(case.rounds['bare'])} |")
    return "\n".join(lines)


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())[1]
    libraries = ", ".join(f"{name} {run('pkg-config', '--modversion', name).strip()}" for name in ("libmicrohttpd", "libpq"))
    return (f"{datetime.date.today()}, commit {run('git', '-C', ROOT, 'describe', '--always', '--dirty').strip()}, {system}, "
            f"{os.cpu_count()} × {model[1].strip() if model else platform.machine()}, "
            f"PostgreSQL {psql('-c', 'SHOW server_version').split()[0]}, {libraries}")


RESULTS = """# What a request costs

Written by `make bench`: {machine}; load average at the start {load:.1f}.

CPU microseconds for each request: median of {rounds} rounds (least–most) in which welcomed, pgbench and the bare server took turns,
{seconds} s each. Counted are user and system time of the daemon and of all of PostgreSQL's processes, not those of the load generators.
pgbench runs the same statements with the same values and settings, `-M prepared`, over 16 connections, 2 where the slow lane answers,
with BEGIN and COMMIT around several; what connecting and first planning cost is measured apart and taken off. The bare libmicrohttpd
answers as many bytes from memory. wrk asks over 64 connections, 8 where the slow lane answers. The ratio is welcomed to pgbench, round
by round. Background jobs are off, so mails are queued and not sent; commits are durable.

{table}

Unless said, there are 1,000 articles and 20,000 guides in the database, of whom {eligible} can be proposed for the request measured.
Articles are in five languages, but from the 10,001st on in German alone.

What growth costs, round by round:

{growth}

- Start to ready, five times: {starts[0]} ms, of them {starts[1]} ms CPU of the daemon.
- Memory (VmRSS): {starts[2]} MB at rest after the start, {loaded:.0f} MB after all of this load.
- Idle connections, CPU a second they cost, memory with them, the daemon's share of a point read beside them: 10: {idle[0]}; 1,000:
  {idle[1]}.
"""


def main():
    rounds, seconds = (int(word) for word in [*sys.argv[1:], *(5, 3)[len(sys.argv) - 1:]])
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    measured, starts, load = [], [], os.getloadavg()[0]
    articles.fill(*articles.SIZES[0])
    for guides in (1000, 20000):
        request = psql("-v", f"guides={guides}", "-v", f"token={TOKEN}", "-f", ROOT / "bench/data.sql").split()[-1]
        if not starts:
            starts = measure_starts()
        daemon = Daemon()
        group = cases(guides, request)
        for _ in range(rounds):
            for case in group:
                measure(case, daemon, seconds)
        measured = group + measured
        if guides < 20000:
            daemon.stop()
    loaded = memory_mb(daemon.pid)
    idle = [measure_idle(articles.cases(1_000)[0], daemon, count) for count in (10, 1000)]
    daemon.stop()
    by_size = articles.measure(rounds, seconds)
    eligible = int(psql("-c", f"SELECT count(*) FROM welcome.eligible WHERE request = '{request}'"))
    text = RESULTS.format(machine=machine(), load=load, rounds=rounds, seconds=seconds, table=table([*measured, *sum(by_size.values(), [])]),
                          growth=articles.growth(by_size), starts=starts, loaded=loaded, idle=idle, eligible=f"{eligible:,}")
    (ROOT / "bench/RESULTS.md").write_text(text)
    print(text)


if __name__ == "__main__":
    sys.modules["bench"] = sys.modules["__main__"]  # one and the same for articles.py
    import articles
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} failed with status {error.returncode}")
