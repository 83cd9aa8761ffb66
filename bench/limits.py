# SPDX-License-Identifier: EUPL-1.2
# The part of `make bench` that holds what a request costs against limits: a web server that sends files, a bare libmicrohttpd, pgbench.
import html
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import time
from pathlib import Path

import articles
import bench

SLUG = "en-page-17"
PATH = f"/v1/articles/{SLUG}?lang=en"
GZIP = {"Accept-Encoding": "gzip"}
CLIENTS = 64
IDLE = (10, 10_000)

# Of what nginx adds by itself or makes anew for each answer.
OWN_HEADERS = ("date", "content-length", "content-type", "etag", "connection", "x-request-id", "content-encoding")
NGINX = """daemon off;
worker_processes {cores};
pid {folder}/pid;
error_log {folder}/errors;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    server_tokens off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=100;
    gzip_static on;
    default_type application/json;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
{headers}
    }}
}}
"""
TEXT = """{measured}
{versions}

One table: each figure beside what it is held against. CPU is microseconds for each request, user and system, of all processes that answer
(for what needs it, daemon and database together), not of those that ask; median of the rounds (least–most), in which both sides took turns
and changed places. The ratio is worked out round by round, and so is its spread.

{table}

![each figure as a share of its limit](limits.svg)

- nginx sends files of the same bytes, the compressed one beside the plain one (`gzip_static`), with the same headers and an id for each
  request; its configuration is Debian's (`sendfile`, `tcp_nopush`) with `open_file_cache` and without a log. welcomed counts each of these
  requests against its client's limit and in its metrics. h2load asks both over {clients} connections (HTTP/1.1, kept alive).
- Database work is measured with `WELCOME_CACHE_MB=0`, beside pgbench with 16 connections, `-M prepared`, the same statements, values and
  settings; BEGIN and COMMIT where there are several. Commits are durable, background jobs are off.
- Memory is the daemon's after all load of this table, cache included. The start is from the process to `/health/ready`, with PostgreSQL
  running, {starts} times.
- Idle connections are open and ask nothing; beside them {clients} others ask for the cached article.
"""


def h2load(port, seconds, path=PATH, headers=None):
    """The number of requests answered; every one must have succeeded."""
    options = [word for name, value in (headers or {}).items() for word in ("-H", f"{name}: {value}")]
    out = bench.run("h2load", "--h1", "-t1", f"-c{CLIENTS}", f"-D{seconds}", *options, f"http://127.0.0.1:{port}{path}")
    done, good = (int(re.search(rf"(\d+) {word}", out)[1]) for word in ("done", "succeeded"))
    if not done or good < done:
        raise SystemExit(f"{path}: some requests failed\n{out}")
    return done


def fetch(port, headers=None):
    """Status, headers and bytes of the article."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", PATH, headers=headers or {})
    answer = connection.getresponse()
    return answer.status, answer.getheaders(), answer.read()


class Nginx:
    """nginx with the article as a file."""

    def __init__(self):
        self.folder, self.port = bench.LOCAL / "nginx", bench.free_ports(1)[0]
        shutil.rmtree(self.folder, ignore_errors=True)
        file = self.folder / "files" / PATH.partition("?")[0].lstrip("/")
        file.parent.mkdir(parents=True)
        _, headers, plain = fetch(bench.PORT)
        file.write_bytes(plain)
        Path(f"{file}.gz").write_bytes(fetch(bench.PORT, GZIP)[2])
        lines = [f"        add_header {name} '{value}';" if "'" not in value else f'        add_header {name} "{value}";'
                 for name, value in headers if name.lower() not in OWN_HEADERS]
        lines.append("        add_header X-Request-Id $request_id;")
        for path in (self.folder, *self.folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        config = self.folder / "nginx.conf"
        config.write_text(NGINX.format(cores=bench.CORES, folder=self.folder, port=self.port, headers="\n".join(lines)))
        self.process = bench.start(os.environ["NGINX"], "-p", self.folder, "-c", config)
        while self.process.poll() is None:
            try:
                if fetch(self.port, GZIP)[2] == fetch(bench.PORT, GZIP)[2] and fetch(self.port)[2] == plain:
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"nginx ended:\n{(bench.LOCAL / 'servers.log').read_text()}")

    def cpu(self):
        pid = self.process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sum(bench.cpu_seconds(one) for one in (pid, *workers))

    def stop(self):
        self.process.terminate()
        self.process.wait()


def cost(cpu, ask):
    """Microseconds a request, where ask() gives how many there were."""
    before = cpu()
    count = ask()
    return (cpu() - before) / count * 1e6


class Figure:
    """A line of the table: two costs that are measured in turns, and what their ratio may be."""

    def __init__(self, title, against, limit, ours, theirs):
        self.title, self.against, self.limit = title, against, limit
        self.sides = (ours, theirs)
        self.rounds = ([], [])

    def measure(self, turn):
        for side in ((0, 1), (1, 0))[turn % 2]:
            self.rounds[side].append(self.sides[side]())
        print(f"{self.title:32} %7.1f   {self.against} %7.1f" % (self.rounds[0][-1], self.rounds[1][-1]), flush=True)

    def line(self):
        digits = 1 if statistics.median(self.rounds[0]) < 100 else 0
        ratios = [one / other for one, other in zip(*self.rounds)]
        met = "" if statistics.median(ratios) <= self.limit else ", not met"
        return [self.title, f"{bench.middle(self.rounds[0], digits)} µs", f"{self.against}: {bench.middle(self.rounds[1], digits)} µs",
                bench.middle(ratios, 2), f"≤ {self.limit}{met}"], statistics.median(ratios) / self.limit


def bare(size):
    process = bench.start(bench.LOCAL / "bare_http", bench.BARE_PORT, bench.CORES, size)
    time.sleep(0.2)
    return process


def cached_figures(daemon, nginx, bare_server, seconds):
    """Of the article that is kept: whole in both encodings, and as it has not changed."""
    def ours(**headers):
        return lambda: cost(lambda: bench.cpu_seconds(daemon.pid), lambda: h2load(bench.PORT, seconds, headers=headers))

    def theirs(**headers):
        return lambda: cost(nginx.cpu, lambda: h2load(nginx.port, seconds, headers=headers))
    tags = [{"If-None-Match": dict(fetch(port)[1])["ETag"]} for port in (bench.PORT, nginx.port)]
    assert [fetch(port, tag)[0] for port, tag in zip((bench.PORT, nginx.port), tags)] == [304, 304]
    return [
        Figure("cached article", "nginx", 0.75, ours(), theirs()),
        Figure("cached article, gzip", "nginx", 0.75, ours(**GZIP), theirs(**GZIP)),
        Figure("cached article, 304", "nginx", 0.95, ours(**tags[0]), theirs(**tags[1])),
        Figure("cached article, gzip", "bare libmicrohttpd", 1.6, ours(**GZIP),
               lambda: cost(lambda: bench.cpu_seconds(bare_server.pid), lambda: h2load(bench.BARE_PORT, seconds))),
    ]


def database_figures(daemon, seconds):
    """Point read, list and write as pgbench does them."""
    point, some = articles.cases(1_000)
    write = next(case for case in bench.cases(20_000, None) if case.lane == "write")
    figures = []
    for title, case in (("point read: an article", point), ("list: 20 articles", some), ("write: a guide request", write)):
        bench.warm(case)

        def ours(case=case):
            server = bench.postmaster()
            return cost(lambda: bench.cpu_seconds(daemon.pid) + bench.server_cpu_seconds(server), lambda: bench.wrk(case, bench.PORT, seconds))

        def theirs(case=case):
            bench.write_script(case)
            count, spent = bench.pgbench(case, "-T", seconds)
            return spent / count * 1e6
        figures.append(Figure(title, "pgbench -c16", 1.5, ours, theirs))
    return figures


def pss_mb(pid):
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) / 1024


def idle_line(daemon, count, seconds):
    """The cost of a request beside so many connections, and what these cost while nobody asks."""
    sockets = [socket.create_connection(("127.0.0.1", bench.PORT)) for _ in range(count)]
    time.sleep(1)
    began = bench.cpu_seconds(daemon.pid)
    time.sleep(3)
    resting = (bench.cpu_seconds(daemon.pid) - began) / 3 * 1000
    memory = bench.memory_mb(daemon.pid)
    spent = cost(lambda: bench.cpu_seconds(daemon.pid), lambda: h2load(bench.PORT, seconds, headers=GZIP))
    for one in sockets:
        one.close()
    return spent, [f"{count:,} idle connections", f"{spent:.1f} µs a cached article", f"{resting:.1f} ms CPU a second at rest, {memory:.0f} MB", "", ""]


def plain_line(title, values, unit, limit):
    median = statistics.median(values)
    return [title, f"{bench.middle(values)} {unit}", "", "", f"≤ {limit} {unit}{'' if median <= limit else ', not met'}"], median / limit


def picture(shares, measured):
    """Bars as long as each figure is of its limit, which is the line."""
    height, line = 70 + 26 * len(shares), 560
    parts = [f"<svg xmlns='http://www.w3.org/2000/svg' width='760' height='{height}' font-family='sans-serif' font-size='13'>",
             "<!-- SPDX-License-Identifier: EUPL-1.2 -->", f"<rect width='760' height='{height}' fill='#fff'/>",
             "<text x='12' y='24' font-size='16'>Each figure as a share of its limit (the line)</text>",
             f"<text x='12' y='42' fill='#555' font-size='11'>{html.escape(measured)}</text>"]
    for i, (title, share) in enumerate(shares):
        y = 56 + 26 * i
        width = min(share, 1.35) * (line - 300)
        parts.append(f"<text x='12' y='{y + 14}'>{html.escape(title)}</text>"
                     f"<rect x='300' y='{y}' width='{width:.1f}' height='18' fill='{'#1b6ca8' if share <= 1 else '#c0392b'}'/>"
                     f"<text x='{300 + width + 6:.1f}' y='{y + 14}'>{share:.0%}</text>")
    parts.append(f"<line x1='{line}' x2='{line}' y1='50' y2='{height - 14}' stroke='#222' stroke-width='2'/></svg>")
    return "\n".join(parts) + "\n"


def part(rounds, seconds):
    articles.fill(*articles.SIZES[0])
    bench.psql("-v", "guides=20000", "-v", f"token={bench.TOKEN}", "-f", bench.ROOT / "bench/data.sql")
    starts = []
    for _ in range(rounds):
        daemon = bench.Daemon()
        starts.append(daemon.started_ms)
        daemon.stop()
    daemon = bench.Daemon(WELCOME_CACHE_MB="0")
    figures = database_figures(daemon, seconds)
    for turn in range(rounds):
        for figure in figures:
            figure.measure(turn)
    uncached = bench.memory_mb(daemon.pid)
    daemon.stop()
    daemon = bench.Daemon()
    daemon.keeps(PATH)
    nginx, bare_server = Nginx(), bare(len(fetch(bench.PORT, GZIP)[2]))
    cached = cached_figures(daemon, nginx, bare_server, seconds)
    for turn in range(rounds):
        for figure in cached:
            figure.measure(turn)
    nginx.stop()
    bare_server.terminate()
    bare_server.wait()
    for figure in database_figures(daemon, 1):  # what memory the daemon has after all kinds of load
        figure.sides[0]()
    memory = max(bench.memory_mb(daemon.pid), uncached)
    pss = pss_mb(daemon.pid)
    daemon.keeps(PATH)
    idle = [idle_line(daemon, count, seconds) for count in IDLE]
    daemon.stop()
    lines = [(*figure.line(), figure.title if figure.against == "nginx" or "pgbench" in figure.against else f"{figure.title} (bare)")
             for figure in (*cached, *figures)]
    lines.append((*plain_line("memory under that load (RSS)", [memory], "MB", 60), "memory"))
    lines[-1][0][2] = f"PSS {pss:.0f} MB"
    lines.append((*plain_line("start to ready", starts, "ms", 150), "start to ready"))
    rows = [cells for cells, _, _ in lines] + [cells for _, cells in idle]
    table = "\n".join(["| figure | welcomed | held against | ratio | expected |", "| --- | --- | --- | --- | --- |",
                       *(f"| {' | '.join(cells)} |" for cells in rows)])
    measured = bench.machine(rounds, seconds)
    (bench.ROOT / "bench/limits.svg").write_text(picture([(name, share) for _, share, name in lines], measured.partition(", Debian")[0]))
    versions = f"{nginx_version()}; {bench.run('h2load', '--version').strip()}."
    return TEXT.format(measured=measured, versions=versions, table=table, clients=CLIENTS, starts=rounds)


def nginx_version():
    out = bench.subprocess.run([os.environ["NGINX"], "-v"], capture_output=True, text=True, check=True).stderr
    return json.dumps(out.strip().rpartition(": ")[2]).strip('"')
