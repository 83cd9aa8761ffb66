# SPDX-License-Identifier: EUPL-1.2
# The part of `make bench` about content: reading and searching (articles.py), copying it all as files and through the feed of changes.
import base64
import http.client
import json
import os
import resource
import shutil
import time

import articles
import bench

TEXT = """{measured}

Articles are in five languages, but from the 10,001st on in German alone; their words are those of the imported articles, as frequent as
a k-th word is in texts, and some of their own. Searches and the feed are asked over 2 connections and 2 of pgbench, different questions
in turn, {few} rounds; a search also counts what it finds (`facets`).

{table}

What growth costs, round by round:

{growth}

Milliseconds within which so many of the answers were there, over 2 connections; not judged, since that says more about the machine:

{latencies}

Copying {articles:,} articles in {languages} languages, with the imported ones:

| what | seconds | CPU seconds: program + database | yardstick: CPU seconds | ratio |
| --- | --- | --- | --- | --- |
{copies}

{notes}
"""
FEED = "src/information/list_changes.sql"


def spent(server, work):
    """Seconds, CPU seconds of the programs it started, CPU seconds of the database, and what it gave back."""
    def children():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime
    before = time.monotonic(), children(), bench.server_cpu_seconds(server)
    answer = work()
    return (*(late - early for early, late in zip(before, (time.monotonic(), children(), bench.server_cpu_seconds(server)))), answer)


def line(what, cost, yardstick, than):
    seconds, program, database = cost
    own = sum(than[1:3])
    return (f"| {what} | {seconds:.2f} | {program + database:.2f} = {program:.2f} + {database:.2f} | {yardstick}: {own:.2f} "
            f"| {(program + database) / own:.2f} |")


def measure_files(server):
    """The export, its rows and its files copied by PostgreSQL and cp, the unchanged import, and files read by tar."""
    folder, copy = bench.LOCAL / "exported", bench.LOCAL / "copied"
    *export, _ = spent(server, lambda: bench.run(bench.WELCOMED, "export", folder))
    files = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    *copied, _ = spent(server, lambda: (
        bench.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "welcome_worker", "-o", "/dev/null",
                  "-c", "COPY (SELECT * FROM exported_thing) TO STDOUT", "-c", "COPY (SELECT * FROM exported_text) TO STDOUT",
                  env={**os.environ, "PGOPTIONS": bench.SETTINGS}),
        bench.run("cp", "-r", folder, copy)))
    *imported, said = spent(server, lambda: bench.run(bench.WELCOMED, "import", folder))
    shutil.rmtree(copy)
    shutil.rmtree(folder)
    cpu = export[1] + export[2]
    lines = [line(f"export: {len(files):,} files, {sum(files) / 1e6:.0f} MB", export, "`COPY` of the rows and `cp -r` of the files", copied),
             line("import of these files, all unchanged", imported, "the export", export)]
    written = " ".join(said.split())
    return lines, f"- Exported are {len(files) / cpu:,.0f} files for each second of CPU. The import said: {written or 'nothing'}."


def place(cursor):
    """What the database gets of a cursor: it stands behind the signature."""
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[16:].decode()


def walk(after):
    """All pages: [(path, values)] of the requests, how many changes and bytes, the last cursor."""
    connection = http.client.HTTPConnection("127.0.0.1", bench.PORT)
    requests, changes, size = [], 0, 0
    while True:
        path = "/v1/changes?limit=100" + (f"&after={after}" if after else "")
        requests.append((path, {"limit": 100, "ctx_languages": "{en,de}", **({"ctx_cursor": place(after)} if after else {})}))
        connection.request("GET", path)
        body = connection.getresponse().read()
        page = json.loads(body)
        changes, size = changes + len(page["items"]), size + len(body)
        if not page["next"]:
            return requests, changes, size, page["cursor"]
        after = page["next"]


def measure_fetch(server, daemon, after, times):
    """What fetching all there is from that place on costs, on average: (seconds, CPU of daemon, of database), what walk() found."""
    before = bench.cpu_seconds(daemon.pid)
    seconds, _, database, found = spent(server, lambda: [walk(after) for _ in range(times)])
    return [cost / times for cost in (seconds, bench.cpu_seconds(daemon.pid) - before, database)], found[0]


def fetched(what, cost, requests, case):
    """A line beside as many pages as pgbench read them."""
    other = sum(case.rounds["pgbench"]) / len(case.rounds["pgbench"]) * len(requests) / 1e6
    return line(what, cost, f"pgbench, {len(requests)} times that page", (0, other, 0))


def measure_feed(server, daemon, rounds, seconds, count):
    """Cases of the feed, and lines about all its pages: of everything, and of what changed since yesterday, one article in a hundred."""
    all_cost, (all_pages, all_changes, all_size, yesterday) = measure_fetch(server, daemon, None, 1)
    changed = bench.psql("-c", f"SELECT format('SELECT change_touch(ARRAY[%L]::uuid[]);', id) FROM welcome.content WHERE key LIKE 'bench-%00' "
                         f"AND substr(key, 7)::integer <= {count}")
    bench.run("psql", "-X", "-q", "-o", "/dev/null", input="SET search_path = welcome;\n" + changed)
    new_cost, (new_pages, new_changes, _, _) = measure_fetch(server, daemon, yesterday, 20)
    every = all_pages[::max(1, len(all_pages) // 20)]
    feeds = [bench.Case("feed: 100 of all changes there are", 1.7, every[1][0], FEED, every[1][1], more=every[2:], few=True),
             bench.Case("feed: 100 of what changed since yesterday", 1.7, new_pages[0][0], FEED, new_pages[0][1], more=new_pages[1:], few=True)]
    for _ in range(rounds):
        for case in feeds:
            bench.measure(case, daemon, seconds)
    return feeds, [
        fetched(f"first fetch of the feed: {all_changes:,} changes, {len(all_pages):,} pages, {all_size / 1e6:.0f} MB", all_cost, all_pages, feeds[0]),
        fetched(f"changes since yesterday: {new_changes:,} on {len(new_pages)} pages", new_cost, new_pages, feeds[1])]


def part(rounds, seconds):
    server, few = bench.postmaster(), (rounds + 1) // 2
    by_size, found, feeds, copies, notes = {}, {}, [], [], ""
    for count, languages in articles.SIZES:
        articles.fill(count, languages)
        daemon = bench.Daemon()
        by_size[count] = articles.cases(count)
        found[count] = articles.searches(count) if count > articles.SIZES[0][0] else []
        for _ in range(rounds):
            for case in by_size[count]:
                bench.measure(case, daemon, seconds)
        for _ in range(few):
            for case in found[count]:
                bench.measure(case, daemon, max(1, seconds - 1))
        if count == articles.SIZES[1][0]:
            feeds, lines = measure_feed(server, daemon, few, seconds, count)
            files, notes = measure_files(server)
            copies = [*files, *lines]
        daemon.stop()
    searches = sum(found.values(), [])
    return TEXT.format(measured=bench.machine(rounds, seconds), few=few, table=bench.table([*sum(by_size.values(), []), *searches, *feeds]),
                       growth=articles.growth(by_size, found), latencies=articles.latencies(searches), articles=articles.SIZES[1][0],
                       languages=articles.SIZES[1][1].count(",") + 1, copies="\n".join(copies), notes=notes)
