# SPDX-License-Identifier: EUPL-1.2
# Snapshots for tests, `welcomed match` on them, and what others say is their best matching.
import datetime
import json
import os
import random
import subprocess

import numpy
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

NOW = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.timezone.utc)
BANDS = (0, 14, 30, 60)


def match(snapshot, *options):
    """The finished process; snapshot is JSON or text."""
    text = snapshot if isinstance(snapshot, str) else json.dumps(snapshot)
    return subprocess.run([os.environ["WELCOMED"], "match", "--dry-run", "-", *options], input=text, capture_output=True, text=True,
                          timeout=120)


def solved(snapshot, *options):
    process = match(snapshot, *options)
    assert process.returncode == 0, process.stderr
    result = json.loads(process.stdout)
    assert result["certificate"] == {"clean": True, "primal": True, "dual": True, "slackness": True, "parts": result["parts"],
                                     "edges": result["certificate"]["edges"], "fault": None}
    return result


def waiting_since(days):
    return (NOW - datetime.timedelta(days=days)).isoformat()


def snapshot_of(places, days, edges, seed=0):
    """Guides g0..., requests r0... that have waited so many days; edges {(request, guide): score}."""
    return {"at": NOW.isoformat(), "seed": seed,
            "guides": [{"id": f"g{g}", "places": count} for g, count in enumerate(places)],
            "requests": [{"id": f"r{r}", "waiting_since": waiting_since(count)} for r, count in enumerate(days)],
            "edges": [{"request": f"r{r}", "guide": f"g{g}", "score": score} for (r, g), score in edges.items()]}


def drawn(seed, guides, requests, share, scores=1000):
    """(places, days, edges) of a seed."""
    chance = random.Random(seed)
    places = [chance.choice((1, 1, 2, 3)) for _ in range(guides)]
    days = [chance.randrange(80) for _ in range(requests)]
    edges = {(r, g): chance.randrange(-scores // 3, scores) for r in range(requests) for g in range(guides) if chance.random() < share}
    return places, days, edges


def band(days):
    return sum(days >= least for least in BANDS) - 1


def aims(result, days):
    """What a result is worth, most important first."""
    placed = [int(p["request"][1:]) for p in result["proposals"]]
    return (len(placed), *(sum(band(days[r]) == b for r in placed) for b in (3, 2, 1, 0)), sum(p["score"] for p in result["proposals"]))


def lexicographic(days, edges):
    """Costs that say all aims in one number: of each edge and of each request left out."""
    highest, lowest = max(edges.values(), default=0), min(edges.values(), default=0)
    weight = len(days) * (highest - lowest) + 1
    return {pair: highest - score for pair, score in edges.items()}, [weight * (band(d) + 1) for d in days]


def total_cost(result, days, edges):
    costs, leave = lexicographic(days, edges)
    taken = {int(p["request"][1:]): int(p["guide"][1:]) for p in result["proposals"]}
    return sum(costs[r, taken[r]] if r in taken else leave[r] for r in range(len(days)))


def least_cost(places, days, edges):
    """By scipy's assignment: a column for each place, and one of its own for each request to be left out."""
    costs, leave = lexicographic(days, edges)
    never = float(sum(leave)) + 1
    columns = [g for g, count in enumerate(places) for _ in range(count)]
    table = numpy.full((len(days), len(columns) + len(days)), never)
    for r in range(len(days)):
        for c, g in enumerate(columns):
            table[r, c] = costs.get((r, g), never)
        table[r, len(columns) + r] = leave[r]
    rows, chosen = linear_sum_assignment(table)
    return int(table[rows, chosen].sum())


def most_placed(places, days, edges):
    """By scipy's Hopcroft-Karp."""
    columns = [g for g, count in enumerate(places) for _ in range(count)]
    table = csr_matrix([[(r, g) in edges for g in columns] for r in range(len(days))], dtype=int)
    return int((maximum_bipartite_matching(table, perm_type="column") >= 0).sum())


def best_aims(places, days, edges):
    """By integer programming, one aim after the other, each kept while the next is sought."""
    pairs = list(edges)
    if not pairs:
        return (0,) * 6
    rows = [[float(pair[0] == r) for pair in pairs] for r in range(len(days))] + \
           [[float(pair[1] == g) for pair in pairs] for g in range(len(places))]
    limits = [LinearConstraint(rows, 0, [1] * len(days) + list(places))]
    found = []
    for weigh in (lambda pair: 1, *(lambda pair, b=b: band(days[pair[0]]) == b for b in (3, 2, 1, 0)), edges.get):
        weights = numpy.array([float(weigh(pair)) for pair in pairs])
        answer = milp(-weights, integrality=1, bounds=Bounds(0, 1), constraints=limits)
        assert answer.success
        found.append(round(weights @ answer.x))
        limits.append(LinearConstraint(weights, found[-1] - 0.5, numpy.inf))
    return tuple(found)


def brute_force(places, days, edges):
    """The best aims among all matchings."""
    def follow(r, left):
        if r == len(days):
            yield (0,) * 6
            return
        yield from follow(r + 1, left)
        for g, count in enumerate(left):
            if count and (r, g) in edges:
                own = (1, *(int(band(days[r]) == b) for b in (3, 2, 1, 0)), edges[r, g])
                for rest in follow(r + 1, [n - (i == g) for i, n in enumerate(left)]):
                    yield tuple(a + b for a, b in zip(own, rest))
    return max(follow(0, list(places)))
