# SPDX-License-Identifier: EUPL-1.2
"""H1-H7 and the points: told twice in SQL, compared over random people; and a third time here, for the points."""
import json
import random
import uuid

import pytest

from test_wall import CITIES
from world import LANGUAGES, LEVELS, TOPICS, languages

NEAR = {("bochum", "dortmund"), ("bochum", "essen"), ("dortmund", "hagen")}


def test_a_manual_proposal_and_the_matching_ask_by_the_same_terms(world):
    guide = world.guide(languages(uk="C1", de="native"), ["essen"], topics=["housing"], capacity=3)
    newcomer = world.newcomer(languages(uk="native"), "essen", topics=["housing", "work"])
    proposal = world.all("SELECT * FROM proposal WHERE id = %s", world.place(newcomer.request))[0]
    assert str(proposal["guide"]) == guide.guide
    assert proposal["score"] == 600 + 60 + 300 + 120 + 40 == sum(term["points"] for term in proposal["terms"])
    assert guide.one("SELECT explanation_of(p) AS e FROM proposal p")["e"] == proposal["terms"]


@pytest.fixture(scope="module")
def region(world):
    """100 guides, 40 requests, with histories: proposals in all states, matches, asks, blocks, verifications, pauses."""
    dice, ids = random.Random(3), random.Random(4)
    some = lambda items, most: dice.sample(items, dice.randint(0, most))  # noqa: E731
    speak = lambda: json.dumps([{"tag": tag, "level": dice.choice(LEVELS)} for tag in dice.sample(LANGUAGES, dice.randint(1, 4))])  # noqa: E731
    world.god.execute("UPDATE city SET required_verifications = '{police_check}' WHERE slug = 'hagen'")
    people = iter(range(10**6))

    def made():
        """An id, in each run the same: it decides between equals."""
        return str(uuid.UUID(int=ids.getrandbits(128), version=4))

    def account():
        return world.value("INSERT INTO account (id, email) VALUES (uuid_v7(), %s) RETURNING id", f"p{next(people)}@example.org")

    guides, requests = [], []
    for _ in range(100):
        person, cities = account(), dice.sample(CITIES, dice.randint(1, 2))
        guides.append(world.value(
            """INSERT INTO guide (id, account, state, display_name, languages, cities, audiences, topics, capacity, asks_per_month,
                                  neighbours, remote, gender)
               VALUES (%s, %s, %s, 'g', %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id""",
            made(), person, dice.choice(["active"] * 9 + ["paused", "suspended"]), speak(), cities, some(["student", "scientist"], 2), some(TOPICS, 4),
            dice.randint(1, 3), dice.randint(1, 3), dice.random() < .6, dice.random() < .5, dice.choice([None, "female", "male"])))
        world.god.execute("UPDATE guide_city SET approved = true WHERE guide = %s AND (position = 1 OR %s)", (guides[-1], dice.random() < .7))
        if dice.random() < .5:
            world.god.execute("INSERT INTO guide_verification (id, guide, kind, seen_on, valid_until) VALUES (uuid_v7(), %s, 'police_check', "
                              "'2020-01-01', %s)", (guides[-1], dice.choice([None, "2021-01-01", "2999-01-01"])))
    for _ in range(40):
        city = dice.choice([*CITIES, None])
        requests.append(world.value(
            """INSERT INTO guide_request (id, account, state, display_name, languages, city, remote, neighbours, audience, topics,
                                          preferred_guide, share_contact, guide_gender, guide_gender_must, waiting_since, renewed_at)
               VALUES (%s, %s, 'open', 'r', %s, %s, %s, %s, 'student', %s, %s, %s, %s, %s, clock(), clock()) RETURNING id""",
            made(), account(), speak(), city, city is None or dice.random() < .4, dice.random() < .6, some(TOPICS, 5),
            dice.choice([None, dice.choice(guides)]), dice.choice(["ask_me", "on_acceptance"]), dice.choice([None, "female"]), dice.random() < .3))
    for shift in ("-40 days", "-20 days", "-10 days", "0"):  # a past in which things were asked and answered
        world.shift(shift)
        for request in dice.sample(requests, 25):
            proposal = world.place(request)
            state = dice.choice(["accepted", "declined", "expired", "open"] if shift != "0" else ["open", "awaiting_newcomer", "accepted"])
            if proposal and state != "open":
                with world.god.transaction():  # whoever answers; the consequences are the same
                    world.god.execute("ALTER TABLE proposal DISABLE TRIGGER b_guard")
                    world.god.execute("UPDATE proposal SET state = %s WHERE id = %s", (state, proposal))
                    world.god.execute("ALTER TABLE proposal ENABLE TRIGGER b_guard")
    world.shift("0")
    blocked = dice.sample([(r, g) for r in requests for g in guides], 100)
    for request, guide in blocked:
        world.god.execute("INSERT INTO block (newcomer, guide, rule) SELECT r.account, g.account, %s FROM guide_request r, guide g "
                          "WHERE r.id = %s AND g.id = %s ON CONFLICT DO NOTHING", (dice.choice(["H4", "H5"]), request, guide))
    return guides, requests


def test_candidates_are_exactly_the_pairs_that_break_no_rule(world, region):
    pairs = world.all("SELECT r.id AS request, g.id AS guide, broken_rules(r.id, g.id) AS rules FROM guide_request r, guide g")
    eligible = {(row["request"], row["guide"]) for row in world.all("SELECT request, guide FROM eligible")}
    assert {(row["request"], row["guide"]) for row in pairs if not row["rules"]} == eligible
    assert len(eligible) > 50
    assert {rule for row in pairs for rule in row["rules"]} == {f"H{n}" for n in range(1, 8)}


def test_terms_add_up_to_the_score(world, region):
    rows = world.all("SELECT e.score, terms_of(e) AS terms FROM eligible e")
    assert all(sum(term["points"] for term in row["terms"]) == row["score"] for row in rows)
    assert all(term["points"] for row in rows for term in row["terms"])
    for row in rows:
        language = next(term for term in row["terms"] if term["criterion"] == "language")
        assert language["base"] + language["bonus"] == language["points"]
        hidden = world.value("SELECT terms_for(%s, false, false)", json.dumps(row["terms"]))
        assert sum(term["points"] for term in hidden) == row["score"]
        assert not {"load", "recent", "price"} & {term["criterion"] for term in hidden}


def reach(request, guide):
    if request["city"] in guide["serves"]:
        return 300
    if guide["neighbours"] and request["neighbours"] and any((a, request["city"]) in NEAR or (request["city"], a) in NEAR for a in guide["serves"]):
        return 150
    return 100


def score(request, guide):
    """matching.md §3, once more."""
    rank = {level: n + 1 for n, level in enumerate(LEVELS)}
    speaks = {entry["tag"]: rank[entry["level"]] for entry in guide["languages"]}
    best = 0
    for position, wanted in enumerate(request["languages"]):
        for tag, points in ((wanted["tag"], (600, 400, 250, 150)[min(position, 3)]), ({"fa": "prs", "prs": "fa"}.get(wanted["tag"]), 150)):
            weaker = min(rank[wanted["level"]], speaks.get(tag, 0))
            if weaker >= 3:
                best = max(best, points + 30 * (min(weaker, 6) - 3))
    return (best + reach(request, guide)
            + 1000 * (request["preferred_guide"] == guide["id"])
            + 120 * (request["audience"] in guide["audiences"])
            + 40 * min(3, len(set(request["topics"]) & set(guide["topics"])))
            + 60 * (request["guide_gender"] is not None and request["guide_gender"] == guide["gender"])
            - (150 * guide["load"] // guide["capacity"])
            - 30 * guide["asks"])


def test_the_points_are_those_of_the_table(world, region):
    guides = {row["g"]["id"]: {**row["g"], "asks": row["asks"]} for row in world.all(
        "SELECT to_jsonb(g) AS g, (SELECT count(*) FROM proposal p WHERE p.guide = g.id AND p.asked_at > clock() - interval '30 days') AS asks "
        "FROM guide g")}
    requests = {row["r"]["id"]: row["r"] for row in world.all("SELECT to_jsonb(r) AS r FROM guide_request r")}
    for row in world.all("SELECT request::text, guide::text, score FROM eligible"):
        assert row["score"] == score(requests[row["request"]], guides[row["guide"]])


def test_prices_are_learned_from_the_same_points(world, region):
    """Where nothing passing counts, the past is scored as the present; and who is a candidate is a pair of the past."""
    past = {(row["request"], row["guide"]): row["score"] for row in world.all("SELECT * FROM price_pairs()")}
    rows = world.all("SELECT request, guide, score, load_points + recent_points + preferred_points + price_points AS passing FROM eligible")
    assert all(past[row["request"], row["guide"]] == row["score"] - row["passing"] for row in rows)


def test_a_price_is_a_term_of_its_own_and_no_veto(world, region):
    before = {(row["request"], row["guide"]): row["score"] for row in world.all("SELECT request, guide, score FROM eligible")}
    guide = str(next(iter(before))[1])
    world.worker.one("SELECT write_prices('cold_start', 5, 0, %s)", json.dumps({guide: 333}))
    after = {(row["request"], row["guide"]): row["score"] for row in world.all("SELECT request, guide, score FROM eligible")}
    assert after == {pair: score - 166 * (str(pair[1]) == guide) for pair, score in before.items()}
    for row in world.all("SELECT terms_of(e) AS terms FROM eligible e WHERE guide = %s", guide):
        assert [term for term in row["terms"] if term["criterion"] == "price"] == [{"criterion": "price", "points": -166, "price": 333}]
    world.worker.one("SELECT write_prices('cold_start', 5, 0, '{}')")


def test_what_stops_a_guide_is_what_the_rules_say(world, region):
    """The third telling names a reason of the first rule that fails, as far as both look at the guides who share a language."""
    rules = {"inactive": "H1", "paused": "H1", "full": "H1", "far": "H3", "declined": "H4", "silent": "H4", "blocked": "H5", "asked": "H6",
             "resting": "H7"}
    rows = world.all("SELECT s.*, broken_rules(s.request, s.guide) AS rules FROM stops_of(ARRAY(SELECT id FROM guide_request WHERE state = 'open'), NULL) s")
    assert len(rows) > 200 and {row["reason"] for row in rows} >= set(rules) - {"asked"}
    for row in rows:
        assert row["rules"] == [] if row["reason"] == "taken" else row["rules"][0] == rules[row["reason"]], row
