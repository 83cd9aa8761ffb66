# SPDX-License-Identifier: EUPL-1.2
# What holds of every matching, on small worlds that hypothesis makes up and on larger ones of fixed seeds.
import collections
import copy
import json
import random
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from snapshots import (aims, best_aims, brute_force, drawn, least_cost, lexicographic, match, most_placed, snapshot_of, solved,
                       total_cost)
from support import ROOT

SEEDS = (1, 2, 3, 5, 8, 13, 21, 34)
calm = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@strategies.composite
def worlds(draw, most=7):
    places = draw(strategies.lists(strategies.integers(1, 3), min_size=1, max_size=most))
    days = draw(strategies.lists(strategies.sampled_from((0, 13, 14, 29, 30, 59, 60, 1000)), min_size=1, max_size=most))
    pairs = strategies.tuples(strategies.integers(0, len(days) - 1), strategies.integers(0, len(places) - 1))
    scores = draw(strategies.sampled_from((strategies.integers(-3, 3), strategies.integers(-100000, 100000), strategies.just(7))))
    return places, days, draw(strategies.dictionaries(pairs, scores, max_size=24))


def check(places, days, edges, result):
    """No place given twice, nobody left out beside a free place, nobody envied with reason."""
    taken = {int(p["request"][1:]): int(p["guide"][1:]) for p in result["proposals"]}
    assert len(taken) == len(result["proposals"]) == result["placed"] == len(days) - len(result["unplaced"])
    used = collections.Counter(taken.values())
    assert all(used[g] <= places[g] for g in used)
    assert all(p["score"] == edges[int(p["request"][1:]), int(p["guide"][1:])] for p in result["proposals"])
    assert result["score"] == sum(p["score"] for p in result["proposals"])
    worth = lexicographic(days, edges)[1]
    for (r, g), score in edges.items():
        if r not in taken:
            assert used[g] == places[g], "left out beside a free place"
            for other in (o for o, at in taken.items() if at == g):
                assert (worth[r], score) <= (worth[other], edges[other, g]), "envied with reason"
        elif used[g] < places[g]:
            assert score <= edges[r, taken[r]], "a better guide has a place left"
    for left in result["unplaced"]:
        r = int(left["request"][1:])
        assert left["taken"] == sum(pair[0] == r for pair in edges)
    for proposal in result["proposals"]:
        r, g = int(proposal["request"][1:]), int(proposal["guide"][1:])
        assert proposal["second_best"] == max((s for (o, at), s in edges.items() if o == r and at != g), default=None)


@calm
@given(world=worlds(5))
def test_small_worlds_are_solved_as_well_as_any_matching_of_them(world):
    result = solved(snapshot_of(*world))
    check(*world, result)
    assert aims(result, world[1]) == brute_force(*world)


@calm
@given(world=worlds(), seed=strategies.integers(0, 2**63 - 1))
def test_the_optimum_is_that_of_scipy_and_its_cardinality_that_of_hopcroft_and_karp(world, seed):
    result = solved(snapshot_of(*world, seed=seed))
    check(*world, result)
    assert total_cost(result, *world[1:]) == least_cost(*world)
    assert result["placed"] == most_placed(*world)


@pytest.mark.parametrize("seed", SEEDS)
def test_larger_worlds_are_solved_as_well_as_by_scipy(seed):
    world = drawn(seed, 30 + seed, 70, 0.02 + seed % 5 / 40, scores=1 + 50 * (seed % 4))
    result = solved(snapshot_of(*world, seed=seed))
    check(*world, result)
    assert total_cost(result, *world[1:]) == least_cost(*world)
    assert result["placed"] == most_placed(*world)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_one_aim_after_the_other_by_integer_programming_finds_the_same(seed):
    world = drawn(seed, 15, 30, 0.1, scores=300)
    assert aims(solved(snapshot_of(*world)), world[1]) == best_aims(*world)


@pytest.fixture(scope="module")
def lemon(tmp_path_factory):
    program = tmp_path_factory.mktemp("lemon") / "lemon_oracle"
    subprocess.run(["g++", "-O1", "-w", "-o", program, ROOT / "tests/matching/lemon_oracle.cc"], check=True)

    def solve(places, days, edges):
        costs, leave = lexicographic(days, edges)
        lines = [f"{len(places)} {len(days)} {len(edges)}", " ".join(map(str, places)), " ".join(map(str, leave)),
                 *(f"{r} {g} {cost}" for (r, g), cost in costs.items())]
        run = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, check=True, timeout=120)
        return int(run.stdout.split()[0])
    return solve


@pytest.mark.parametrize("seed", SEEDS)
def test_large_worlds_are_solved_as_well_as_by_lemon(lemon, seed):
    world = drawn(seed, 150, 300, 0.005 * seed % 0.08 + 0.005, scores=2000)
    result = solved(snapshot_of(*world, seed=seed))
    check(*world, result)
    assert total_cost(result, *world[1:]) == lemon(*world)


@calm
@given(world=worlds(), seed=strategies.integers(0, 9), chance=strategies.randoms(use_true_random=False))
def test_a_shuffled_snapshot_gives_the_same_bytes(world, seed, chance):
    snapshot = snapshot_of(*world, seed=seed)
    other = copy.deepcopy(snapshot)
    for name in ("guides", "requests", "edges"):
        chance.shuffle(other[name])
    first = match(snapshot, "--greedy").stdout
    assert first == match(snapshot, "--greedy").stdout == match(other, "--greedy").stdout
    assert json.loads(first)["placed"] >= json.loads(first)["greedy"]["placed"]


@calm
@given(world=worlds())
def test_bands_never_cost_a_placement(world):
    places, days, edges = world
    assert solved(snapshot_of(*world))["placed"] == solved(snapshot_of(places, [0] * len(days), edges))["placed"]


@calm
@given(world=worlds(), data=strategies.data())
def test_one_more_guide_or_place_never_lowers_the_number_placed(world, data):
    places, days, edges = world
    before = solved(snapshot_of(*world))["placed"]
    more = list(places)
    more[data.draw(strategies.integers(0, len(places) - 1))] += 1
    assert solved(snapshot_of(more, days, edges))["placed"] >= before
    fits = data.draw(strategies.sets(strategies.integers(0, len(days) - 1)))
    other = dict(edges) | {(r, len(places)): data.draw(strategies.integers(-5, 5)) for r in fits}
    assert before <= solved(snapshot_of([*places, 1], days, other))["placed"] <= before + 1


@calm
@given(world=worlds(), data=strategies.data())
def test_pins_and_forbids_are_kept_and_the_rest_is_the_best_around_them(world, data):
    places, days, edges = world
    snapshot, pinned, left = snapshot_of(*world), {}, list(places)
    open_edges = dict(edges)
    for edge, ((r, g), score) in zip(snapshot["edges"], edges.items()):
        held = data.draw(strategies.sampled_from((None, None, "pin", "forbid")))
        if held == "forbid":
            edge["hold"] = held
            del open_edges[r, g]
        elif held == "pin" and r not in pinned and left[g]:
            edge["hold"] = held
            pinned[r] = g
            left[g] -= 1
    result = solved(snapshot)
    assert result["pinned"] == len(pinned)
    for proposal in result["proposals"]:
        pair = int(proposal["request"][1:]), int(proposal["guide"][1:])
        assert pair in open_edges and pinned.get(pair[0], pair[1]) == pair[1]
        assert proposal["pinned"] == (pair[0] in pinned)
    rest = {pair: score for pair, score in open_edges.items() if pair[0] not in pinned}
    assert result["placed"] == len(pinned) + most_placed([n or 0 for n in left], days, rest)
    for why in result["unplaced"]:
        r = int(why["request"][1:])
        assert why["forbidden"] == sum(pair[0] == r and pair not in open_edges for pair in edges)


def test_terms_that_were_given_are_told_and_add_up():
    chance = random.Random(4)
    places, days, edges = drawn(4, 20, 30, 0.3)
    snapshot = snapshot_of(places, days, edges)
    for edge in snapshot["edges"]:
        names = ["preferred", "language", "city", "audience", "topics", "gender", "load", "recent", "price"]
        terms = {name: chance.randrange(-100, 700) for name in names}
        edge |= {"terms": terms, "score": sum(terms.values())}
    given_terms = {(e["request"], e["guide"]): e["terms"] for e in snapshot["edges"]}
    result = solved(snapshot)
    assert result["placed"] > 10
    for proposal in result["proposals"]:
        assert sum(proposal["terms"].values()) == proposal["score"]
        told = {name: points for name, points in given_terms[proposal["request"], proposal["guide"]].items() if points}
        assert proposal["terms"] == told


def test_equal_scores_are_drawn_anew_by_every_seed():
    world = [1] * 20, [0] * 5, {(r, g): 100 for r in range(5) for g in range(20)}
    chosen = {tuple(p["guide"] for p in solved(snapshot_of(*world, seed=seed))["proposals"]) for seed in range(10)}
    assert len(chosen) == 10
