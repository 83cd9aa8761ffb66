# SPDX-License-Identifier: EUPL-1.2
# CPU per request of welcomed and its database, beside pgbench running the same statements and a bare libmicrohttpd answering as many
# bytes, and beside nginx (limits.py). Started by run.sh; each part writes its section of RESULTS.md. Throughput is not judged: it says more about the machine.
"""usage: bench.py [ROUNDS [SECONDS [PART...]]]"""
import base64
import concurrent.futures
import datetime
import hashlib
import http.client
import itertools
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
LOAD = os.getloadavg()[0]
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
    "tasks": "text[]", "roles": "text[]", "lang": "text", "q": "text", "kind": "text",
}

# What the daemon sets on all its connections, and on those of a lane.
SETTINGS = "-c search_path=welcome -c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c jit=off"
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
    """One kind of request: how the daemon is asked, and the same statements for pgbench. `more` are (path, values) that take turns with
    the first; `few` connections ask where latency is looked at, and no bare server then."""

    def __init__(self, title, limit, path, statements, values, *, lane="read", before=(), body=None, headers=None, more=(), few=False):
        self.title, self.limit, self.path, self.lane = title, limit, path, lane
        self.requests = [(path, values), *more]
        self.few = few
        self.clients, self.connections = (2, 2) if few else (2, 8) if lane == "slow" else (16, 64)
        self.body, self.headers = body, headers or {}
        self.statements = [*before, *(statement for file in statements.split() for statement in read_statements(file))]
        self.script = LOCAL / "pgbench.sql"
        self.rounds = {"welcomed": [], "pgbench": [], "bare": []}
        self.took = []


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

    def __init__(self, **settings):
        started = time.monotonic()
        self.process = start(WELCOMED, "serve", WELCOME_PORT=str(PORT), WELCOME_ADMIN_PORT=str(ADMIN_PORT),
                             WELCOME_DATABASE_WORKER_URL="host=/nonexistent", WELCOME_RATE_READ="10000000",
                             WELCOME_RATE_SEARCH="1000000", WELCOME_RATE_FORM="0", WELCOME_RATE_FORM_PER_ADDRESS="0", **settings)
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

    def keeps(self, path):
        """Waits until what is asked for comes out of the cache."""
        hits, page = -1, ""
        while not re.search(r"^welcome_cache_hits_total (?!0|%d$)" % hits, page, re.M):
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}").read()
            page = urllib.request.urlopen(f"http://127.0.0.1:{ADMIN_PORT}/metrics").read().decode()
            time.sleep(0.05)

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


def take_turns(case, seconds):
    """The same without wrk, which would not wait for the last answers: the requests one after the other over each of few connections,
    all of them at least once. Keeps how many milliseconds each took."""
    end, turns = time.monotonic() + seconds, itertools.count()

    def ask():
        connection, took = http.client.HTTPConnection("127.0.0.1", PORT), []
        while (turn := next(turns)) < len(case.requests) or time.monotonic() < end:
            began = time.monotonic()
            connection.request("GET", case.requests[turn % len(case.requests)][0], headers=case.headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise OSError(f"{case.title}: {answer.status}")
            took.append((time.monotonic() - began) * 1000)
        return took
    with concurrent.futures.ThreadPoolExecutor() as pool:
        took = sum((asking.result() for asking in [pool.submit(ask) for _ in range(case.connections)]), [])
    case.took += took
    return len(took)


def request_load(case, seconds):
    return take_turns(case, seconds) if case.few else wrk(case, PORT, seconds)


def bound(case, turn):
    """The statements of one of the case's requests: a parameter becomes a pgbench variable of that turn with a cast; one that has no value
    is bound as null, as the daemon binds it."""
    lines = ["BEGIN;"] * (len(case.statements) > 1)
    for statement in case.statements:
        lines.append(re.sub(r"(?<![:\w]):([a-z_]+)", lambda name: f"(:{name[1]}_{turn}::{TYPES[name[1]]})", statement).replace("\n", " ") + ";")
    lines += ["COMMIT;"] * (len(case.statements) > 1)
    # An id of each transaction's own, ascending for each client: 13 digits and 19.
    number = "(1000000000000000000 + :client_id * 1000000000000 + :n)::bigint"
    return "\n".join(lines).replace(f"(:ctx_id_{turn}::uuid)", f"('0190000000000' || {number})::uuid").replace(f":email_{turn}::", ":email::")


def write_script(case):
    lines = ["\\set n :n + 1", "\\set email random(1, 1000000000)"]
    for turn in range(len(case.requests)):
        lines += [f"\\if (:n * {case.clients} + :client_id) % {len(case.requests)} = {turn}", bound(case, turn), "\\endif"]
    case.script.write_text("\n".join(lines) + "\n")


def pgbench(case, *length):
    """Transactions, and the CPU seconds they cost the server; what connecting and planning cost is measured apart and taken off."""
    server = postmaster()
    values = [word for turn, (_, given) in enumerate(case.requests) for name, value in given.items()
              for word in ("-D", f"{name}_{turn}={value}")]
    options = f"{SETTINGS} {LANES[case.lane]}"
    costs = []
    for each in (("-t", 1), length):
        before = server_cpu_seconds(server)
        out = run(PGBENCH, "-n", "-M", "prepared", "-U", "welcome", "-c", case.clients, "-j", 1, *each, "-f", case.script,
                  "-D", f"n={time.time_ns() // 1000000 % 100000000 * 1000}", *values, env={**os.environ, "PGOPTIONS": options})
        costs.append((int(re.search(r"actually processed: (\d+)", out)[1]), server_cpu_seconds(server) - before))
    return costs[1][0] - costs[0][0], costs[1][1] - costs[0][1]


def warm(case):
    """What is written gets known as filled: plans made for empty tables scan them whole, and the daemon's connections, unlike pgbench's new
    ones, would keep these until autovacuum comes by. Returns an answer's size."""
    size = request_once(case)
    request_load(case, 1)
    case.took = []
    if case.lane == "write":
        psql("-c", "VACUUM (ANALYZE)")
        request_load(case, 1)
    return size


def measure(case, daemon, seconds):
    server = postmaster()
    size = request_once(case) if case.rounds["welcomed"] else warm(case)
    write_script(case)
    before = cpu_seconds(daemon.pid), server_cpu_seconds(server)
    count = request_load(case, seconds)
    after = cpu_seconds(daemon.pid), server_cpu_seconds(server)
    case.rounds["welcomed"].append(tuple((late - early) / count * 1e6 for early, late in zip(before, after)))
    # Of few as many as the daemon answered, one beside those that are taken off: so their turns are the same.
    count, cost = pgbench(case, "-t", 1 + -(-count // case.clients)) if case.few else pgbench(case, "-T", seconds)
    case.rounds["pgbench"].append(cost / count * 1e6)
    if not case.few:
        case.rounds["bare"].append(measure_bare(case, size))
    print(f"{case.title:40} daemon %6.0f + database %6.0f   pgbench %6.0f" % (*case.rounds["welcomed"][-1], case.rounds["pgbench"][-1]), flush=True)


def measure_bare(case, size):
    bare = start(LOCAL / "bare_http", BARE_PORT, CORES, size)
    time.sleep(0.1)
    count = wrk(case, BARE_PORT, 1)
    cost = cpu_seconds(bare.pid) / count * 1e6
    bare.terminate()
    bare.wait()
    return cost


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
                      "src/matching/list_candidates.sql src/matching/list_candidates.others.sql", {"id": request, "limit": 20, **identity, **languages}, lane="slow",
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
                     f"{f'≤ {case.limit}' if case.limit else ''} | {middle(case.rounds['bare']) if case.rounds['bare'] else ''} |")
    return "\n".join(lines)


def machine(rounds, seconds):
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())[1]
    libraries = ", ".join(f"{name} {run('pkg-config', '--modversion', name).strip()}" for name in ("libmicrohttpd", "libpq"))
    return (f"Measured {datetime.date.today()}, commit {run('git', '-C', ROOT, 'describe', '--always', '--dirty').strip()}, {system}, "
            f"{os.cpu_count()} × {model[1].strip() if model else platform.machine()}, "
            f"PostgreSQL {psql('-c', 'SHOW server_version').split()[0]}, {libraries}; {rounds} rounds of {seconds} s; load average at the "
            f"start {LOAD:.1f}.")


HEAD = """# What a request costs

Written by `make bench`, each section by its part: {parts}. `make bench` alone measures `limits`, 7 rounds of 3 s each;
`make bench ARGS='3 2 content'` another part, 3 rounds of 2 s.
What the matching costs and brings, in a simulated year too, stands in [MATCHING.md](MATCHING.md).

Where CPU of a request is told, it is microseconds for each request: median of several rounds (least–most) in which welcomed, pgbench and
the bare server took turns. Counted are user and system time of the daemon and of all of PostgreSQL's processes, not those of the load
generators. pgbench runs the same statements with the same values and settings, `-M prepared`, over 16 connections, 2 where the slow lane
answers, with BEGIN and COMMIT around several; what connecting and first planning cost is measured apart and taken off. The bare
libmicrohttpd answers as many bytes from memory. wrk asks over 64 connections, 8 where the slow lane answers. The ratio is welcomed to
pgbench, round by round. Background jobs are off, so mails are queued and not sent; commits are durable.
"""

PEOPLE = """{measured}

{table}

Unless said, there are 1,000 articles and 20,000 guides in the database, of whom {eligible} can be proposed for the request measured.

- Start to ready, five times: {starts[0]} ms, of them {starts[1]} ms CPU of the daemon.
- Memory (VmRSS): {starts[2]} MB at rest after the start, {loaded:.0f} MB after all of this load.
- Idle connections, CPU a second they cost, memory with them, the daemon's share of a point read beside them: 10: {idle[0]}; 1,000:
  {idle[1]}.
"""


def people(rounds, seconds):
    measured, starts = [], []
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
    eligible = int(psql("-c", f"SET search_path = welcome; SELECT count(*) FROM eligible WHERE request = '{request}'"))
    return PEOPLE.format(measured=machine(rounds, seconds), table=table(measured), starts=starts, loaded=loaded, idle=idle,
                         eligible=f"{eligible:,}")


def write_section(heading, text):
    """In place of the one that has this heading, or behind all others."""
    path = ROOT / "bench/RESULTS.md"
    sections = dict(section.split("\n", 1) for section in re.split(r"^## ", path.read_text(), flags=re.M)[1:])
    sections[heading] = f"\n{text.strip()}\n\n"
    order = [title for title, _ in PARTS.values()]
    sections = dict(sorted(sections.items(), key=lambda section: order.index(section[0])))
    head = HEAD.format(parts=", ".join(f"`{name}`" for name in PARTS))
    path.write_text("\n".join([head, *(f"## {title}\n{body.rstrip()}\n" for title, body in sections.items())]))


def main():
    rounds, seconds = (int(word) for word in [*sys.argv[1:3], *(7, 3)[len(sys.argv[1:3]):]])
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    for name in sys.argv[3:] or ["limits"]:
        heading, part = PARTS[name]
        text = part(rounds, seconds)
        write_section(heading, text)
        print(text)


if __name__ == "__main__":
    sys.modules["bench"] = sys.modules["__main__"]  # one and the same for the other files
    import articles
    import content
    import limits
    import services
    PARTS = {"limits": ("Against the limits", limits.part), "people": ("People and requests", people), "content": ("Content", content.part),
             "services": ("Service requests", services.part)}
    if not PARTS.keys() >= set(sys.argv[3:]):
        sys.exit(f"{__doc__}\nparts: {', '.join(PARTS)}")
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} failed with status {error.returncode}")
