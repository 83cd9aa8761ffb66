# SPDX-License-Identifier: EUPL-1.2
# `welcomed match`: what it refuses and how it says so, what it prints, how it ends.
import json
import os
import subprocess

import pytest

from snapshots import drawn, match, snapshot_of, solved, waiting_since
from support import ROOT

CYCLE = snapshot_of([1, 1, 1], [0, 0, 0], {(0, 0): 2, (0, 1): 1, (1, 1): 2, (1, 2): 1, (2, 2): 2, (2, 0): 1})


def refused(snapshot):
    """The lines of complaint."""
    process = match(snapshot)
    assert process.returncode == 1 and not process.stdout
    return [line.removeprefix("-: ") for line in process.stderr.splitlines()]


def changed(path, value, base=CYCLE):
    """The snapshot with another value at ("edges", 0, "score"); ... to drop it."""
    copy = json.loads(json.dumps(base))
    *way, last = path
    place = copy
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copy


@pytest.mark.parametrize("path, value, pointer, words", [
    (("at",), ..., "/at", "missing"),
    (("at",), "yesterday", "/at", "date"),
    (("seed",), -1, "/seed", "small"),
    (("seed",), "1", "/seed", "integer"),
    (("guides",), ..., "/guides", "missing"),
    (("guides",), [], "/guides", "no guide"),
    (("guides",), {}, "/guides", "array"),
    (("requests",), [], "/requests", "no request"),
    (("edges",), ..., "/edges", "missing"),
    (("notes",), "", "/notes", "no member"),
    (("guides", 1, "id"), "g0", "/guides/1/id", "before"),
    (("guides", 0, "id"), "", "/guides/0/id", "1 to 64"),
    (("guides", 0, "id"), "ü" * 33, "/guides/0/id", "1 to 64"),
    (("guides", 0, "places"), 0, "/guides/0/places", "1 to 1000"),
    (("guides", 0, "places"), -1, "/guides/0/places", "1 to 1000"),
    (("guides", 0, "places"), 1.5, "/guides/0/places", "integer"),
    (("guides", 0, "price"), -1, "/guides/0/price", "0 to 100000"),
    (("guides", 0, "capacity"), 1, "/guides/0/capacity", "no member"),
    (("requests", 2, "id"), "r0", "/requests/2/id", "before"),
    (("requests", 0, "waiting_since"), waiting_since(-1), "/requests/0/waiting_since", "after"),
    (("requests", 0, "waiting_since"), "2026-02-30T00:00:00Z", "/requests/0/waiting_since", ""),
    (("requests", 0, "reasons"), {"full": 1}, "/requests/0/reasons", "more reasons"),
    (("requests", 0, "reasons"), {"shy": 1}, "/requests/0/reasons/shy", "no member"),
    (("requests", 0, "reasons"), {"full": -1}, "/requests/0/reasons/full", "small"),
    (("edges", 3, "guide"), "nobody", "/edges/3/guide", "no guide or request"),
    (("edges", 3, "request"), "nobody", "/edges/3/request", "no guide or request"),
    (("edges", 0, "score"), 100001, "/edges/0/score", "-100000 to 100000"),
    (("edges", 0, "score"), -100001, "/edges/0/score", "-100000 to 100000"),
    (("edges", 0, "score"), 1e300, "/edges/0/score", ""),
    (("edges", 0, "score"), None, "/edges/0/score", "integer"),
    (("edges", 0, "terms"), {"language": 1}, "/edges/0/terms", "add up"),
    (("edges", 0, "terms"), {"charm": 2}, "/edges/0/terms/charm", "no member"),
    (("edges", 0, "hold"), "maybe", "/edges/0/hold", "pin, forbid"),
    (("edges", 1), {"request": "r0", "guide": "g0", "score": 1}, "/edges/1", "before"),
])
def test_a_faulty_snapshot_is_refused_with_place_and_rule(path, value, pointer, words):
    lines = refused(changed(path, value))
    assert len(lines) == 1 and lines[0].startswith(f"{pointer}: "), lines
    assert words in lines[0], lines


def test_pins_that_cannot_be_kept_are_refused():
    twice = changed(("edges", 1, "hold"), "pin", changed(("edges", 0, "hold"), "pin"))
    assert refused(twice) == ["/edges/1: The request is pinned to two guides."]
    full = changed(("edges", 5, "hold"), "pin", changed(("edges", 0, "hold"), "pin"))
    assert refused(full) == ["/edges/5: More requests are pinned to the guide than it has places."]


def test_all_faults_of_a_list_are_told_at_once():
    snapshot = changed(("guides",), [{"id": 1, "places": 1}, {"places": 1}, {"id": "g2", "places": 1, "x": 1}])
    assert [line.split(": ")[0] for line in refused(snapshot)] == ["/guides/0/id", "/guides/1/id", "/guides/2/x"]
    assert len(refused(changed(("guides",), [{}] * 500))) == 100


@pytest.mark.parametrize("text", ["", "{", "[1,", "nul", '{"at": 1, "at": 2}', "[" * 10000, '"\\ud800"', '{"at": "\x00"}', "\xff"])
def test_what_is_no_json_is_refused(text):
    assert refused(text)[0].startswith("This is no JSON (line 1, column ")


def test_a_number_that_fits_nowhere_is_told_of():
    assert refused(changed(("seed",), 2**63))[0].startswith("A number is larger than any that fits (line 1, column ")


@pytest.mark.parametrize("value", [[], 1, "x", None])
def test_json_that_is_no_snapshot_is_refused(value):
    assert len(refused(json.dumps(value))) == 1


def test_a_cycle_of_preferences_is_resolved():
    result = solved(CYCLE, "--greedy")
    assert [(p["request"], p["guide"], p["score"], p["second_best"]) for p in result["proposals"]] == [
        ("r0", "g0", 2, 1), ("r1", "g1", 2, 1), ("r2", "g2", 2, 1)]


def test_huge_and_negative_scores_are_taken():
    result = solved(snapshot_of([1, 1], [0, 90], {(0, 0): 100000, (0, 1): -100000, (1, 0): -100000}))
    assert {p["request"]: p["guide"] for p in result["proposals"]} == {"r0": "g1", "r1": "g0"}


def test_reasons_are_told_of_who_got_no_guide():
    snapshot = changed(("requests", 0), {"id": "r0", "waiting_since": waiting_since(0), "language": "ti",
                                         "speakers": 14, "reasons": {"full": 9, "paused": 3, "declined": 2}},
                       snapshot_of([1], [0, 9, 70], {(0, 0): 9, (2, 0): 1}))
    result = solved(snapshot)
    assert [p["request"] for p in result["proposals"]] == ["r2"]
    assert result["unplaced"] == [
        {"request": "r0", "language": "ti", "speakers": 14, "reasons": {"paused": 3, "full": 9, "declined": 2}, "taken": 1,
         "forbidden": 0},
        {"request": "r1", "language": None, "speakers": 0, "reasons": {}, "taken": 0, "forbidden": 0}]


def test_the_difference_to_greedy_is_told_when_asked_for():
    snapshot = snapshot_of([1, 1], [0, 0], {(0, 0): 10, (0, 1): 9, (1, 0): 5})
    assert "greedy" not in solved(snapshot)
    result = solved(snapshot, "--greedy")
    assert result["placed"] == 2 and result["greedy"]["placed"] == 1
    assert result["greedy"]["more_placed"] == 1 and result["greedy"]["more_score"] == 14 - result["greedy"]["score"]


def test_large_snapshots_are_solved_city_by_city_unless_told_otherwise():
    cities = ["essen", "bochum", "herne"]
    snapshot = snapshot_of([1] * 300, [0] * 5001, {(r, r % 300): r % 7 for r in range(5001)})
    for r, request in enumerate(snapshot["requests"]):
        request["city"] = cities[r % 3]
    assert solved(snapshot)["parts"] == 3
    assert solved(snapshot, "--whole")["parts"] == 1


def test_a_moment_is_the_same_in_every_time_zone():
    edges = {(0, 0): 1, (1, 0): 2}
    snapshot = snapshot_of([1], [0, 0], edges)
    snapshot["at"] = "2026-11-28T13:00:00+01:00"
    snapshot["requests"][0]["waiting_since"] = "2026-11-14T07:00:00-05:00"  # 14 days
    snapshot["requests"][1]["waiting_since"] = "2026-11-14t12:00:00.5z"     # half a second less would do, but only whole ones count
    assert [b["waiting"] for b in solved(snapshot)["bands"]] == [0, 2, 0, 0]
    snapshot["requests"][1]["waiting_since"] = "2026-11-14T12:00:01Z"
    result = solved(snapshot)
    assert [p["request"] for p in result["proposals"]] == ["r0"]


def run(*arguments, **options):
    return subprocess.run([os.environ["WELCOMED"], "match", *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def test_a_snapshot_may_come_from_a_file(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(CYCLE))
    assert run("--dry-run", tmp_path / "a.json").stdout == match(CYCLE).stdout
    missing = run("--dry-run", tmp_path / "b.json")
    assert missing.returncode == 1 and "b.json cannot be read" in missing.stderr
    assert run("--dry-run", tmp_path).returncode == 1


@pytest.mark.parametrize("arguments", [(), ("-",), ("--dry-run",), ("--dry-run", "-", "-"), ("--dry-run", "-", "--fast"), ("--greedy", "-")])
def test_what_it_does_not_understand_is_answered_with_its_usage(arguments):
    process = run(*arguments, stdin=subprocess.DEVNULL)
    assert process.returncode == 2 and process.stderr.startswith("usage: welcomed match --dry-run") and not process.stdout


def test_an_answer_that_cannot_be_written_is_no_success():
    with open("/dev/full", "w") as full:
        process = subprocess.run([os.environ["WELCOMED"], "match", "--dry-run", "-"], input=json.dumps(CYCLE), stdout=full,
                                 stderr=subprocess.PIPE, text=True, timeout=60)
    assert process.returncode == 1 and "cannot be written" in process.stderr


def test_each_allocation_may_fail(tmp_path):
    library = tmp_path / "failing_malloc.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests/fault/failing_malloc.c"], check=True)
    snapshot = snapshot_of(*drawn(1, 70, 70, 0.3))
    right, ended = match(snapshot, "--greedy").stdout, set()
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    for one in [*range(1, 60), *range(60, 8000, 61)]:
        process = run("--dry-run", "-", "--greedy", input=json.dumps(snapshot), env=os.environ | {
            "LD_PRELOAD": str(library), "FAIL_AT": str(one), "FAIL_SPARING": "libicu,libc,libgcc,ld-linux,libasan,libubsan",
            "ASAN_OPTIONS": sanitizer})
        ended.add(process.returncode)
        assert process.returncode == 1 and process.stderr and not process.stdout or \
            process.returncode == 0 and process.stdout == right, (one, process.returncode, process.stderr)
    assert ended == {0, 1}
