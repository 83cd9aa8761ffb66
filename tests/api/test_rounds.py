# SPDX-License-Identifier: EUPL-1.2
# Rounds through the API: tried, run, proved and explained; points, pins and forbids; what is told about all of them.
import concurrent.futures
import signal
import time
import uuid

import pytest

from support import CONTRACT, ENGLISH, People, answer, eventually, faults, problem

TURKISH = [{"tag": "tr", "level": "native"}]
GEORGIAN = [{"tag": "ka", "level": "native"}]
WEIGHTS = CONTRACT["components"]["schemas"]["WeightsForm"]["examples"][0]
ROUNDS = "/v1/matching/rounds"


@pytest.fixture
def manual(start_daemon):
    """People of their own region in which nobody is proposed but by hand or by a round somebody asks for."""
    return People(start_daemon(WELCOME_MATCHING="manual"))


def tables(daemon):
    """Everything there is, as text, but what signing in and the jobs' own clock write."""
    with daemon.connect() as db:
        names = [name for name, in db.execute("SELECT relname FROM pg_class WHERE relnamespace = 'welcome'::regnamespace AND relkind = 'r'"
                                              " AND relname NOT IN ('session', 'login_token', 'job_note') ORDER BY 1")]
        return {name: db.execute(f"SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {name} t").fetchone()[0]
                for name in names}


def chosen(body):
    return {(one["guide_request"]["id"], one["guide"]["id"]) for one in body["proposals"]}


def test_a_round_places_more_than_taking_the_best_one_after_the_other_would(manual, place):
    """The first who waits likes the guide best whom alone the second can have."""
    both = manual.guide(place.city, languages=TURKISH + ENGLISH, capacity=1, topics=["housing"])
    english = manual.guide(place.city, languages=ENGLISH, capacity=1)
    first = manual.newcomer(place.city, languages=ENGLISH, topics=["housing"])
    second = manual.newcomer(place.city, languages=TURKISH)
    body = answer(manual.coordinator().post(ROUNDS, {"dry_run": False}))
    assert chosen(body) == {(first.request, english.guide), (second.request, both.guide)}
    assert body["certificate"] | {"pairs": 0} == {"clean": True, "primal": True, "dual": True, "slackness": True, "parts": 1, "pairs": 0,
                                                  "fault": None}
    assert (body["requests"], body["placed"], body["proposed"], body["unplaced"]) == (2, 2, 2, [])
    for person in (both, english):
        asked = person.proposal()
        told = next(one for one in body["proposals"] if one["id"] == asked["id"])
        assert told["explanation"] == asked["explanation"] and sum(term["points"] for term in told["explanation"]) == told["score"]
    assert answer(manual.coordinator().get(f"{ROUNDS}/{body['id']}")) == body
    listed = answer(manual.coordinator().get(ROUNDS))["items"]
    assert [one["id"] for one in listed] == [body["id"]]


def test_a_dry_run_writes_nothing_and_tells_the_same_each_time(manual, place):
    manual.guide(place.city)
    for _ in range(3):
        manual.newcomer(place.city)
    manual.newcomer(place.city, languages=GEORGIAN)
    coordinator = manual.coordinator()
    manual.daemon.mails_sent()
    before = tables(manual.daemon)
    bodies = [answer(coordinator.post(ROUNDS, {"dry_run": True, "seed": 7, "weights": WEIGHTS | {"topic": 77}})) for _ in range(2)]
    assert tables(manual.daemon) == before
    assert bodies[0] | {"started_at": "", "finished_at": ""} == bodies[1] | {"started_at": "", "finished_at": ""}
    assert (bodies[0]["id"], bodies[0]["weights"], bodies[0]["placed"], bodies[0]["proposed"], bodies[0]["seed"]) == (None, None, 2, 0, 7)
    assert len(bodies[0]["unplaced"]) == 2 and bodies[0]["certificate"]["clean"]


def test_other_points_pins_and_forbids_are_tried_and_the_difference_told(manual, place):
    near = manual.guide(place.neighbour, languages=TURKISH, neighbours=True)
    here = manual.guide(place.city, languages=ENGLISH)
    newcomer = manual.newcomer(place.city, languages=ENGLISH + TURKISH)
    coordinator = manual.coordinator()
    pair = {"guide_request": newcomer.request, "guide": near.guide}
    moved = [{"guide_request": {"id": newcomer.request}, "from": {"id": here.guide}, "to": {"id": near.guide}}]
    plain = answer(coordinator.post(ROUNDS, {"dry_run": True}))
    assert chosen(plain) == {(newcomer.request, here.guide)}
    assert plain["difference"] == {"placed": 0, "gained": [], "lost": [], "moved": []} and plain["weights"] == 1
    for trial in ({"weights": WEIGHTS | {"language": [0, 1000, 0, 0], "city_near": 300}}, {"pins": [pair]}, {"pins": [{name: id.upper() for name, id in pair.items()}]},
                  {"forbids": [{"guide_request": newcomer.request, "guide": here.guide}]}):
        tried = answer(coordinator.post(ROUNDS, {"dry_run": True} | trial))
        assert chosen(tried) == {(newcomer.request, near.guide)}, trial
        assert tried["difference"] == {"placed": 0, "gained": [], "lost": [], "moved": moved}
        assert sum(term["points"] for term in tried["proposals"][0]["explanation"]) == tried["proposals"][0]["score"]
    both = [{"guide_request": newcomer.request, "guide": guide.guide} for guide in (near, here)]
    alone = answer(coordinator.post(ROUNDS, {"dry_run": True, "forbids": both}))
    assert alone["difference"]["placed"] == -1 and alone["difference"]["lost"] and alone["proposals"] == []
    far = {"guide_request": newcomer.request, "guide": manual.guide(place.far).guide}
    assert answer(coordinator.post(ROUNDS, {"dry_run": True, "pins": [far]}))["pins_ignored"] == [
        {"guide_request": {"id": newcomer.request}, "guide": {"id": far["guide"]}}]
    assert newcomer.look()["state"] == "open"


def test_what_is_tried_needs_a_dry_run(manual):
    pair = [{"guide_request": str(uuid.uuid4()), "guide": str(uuid.uuid4())}]
    told = faults(manual.coordinator().post(ROUNDS, {"dry_run": False, "weights": WEIGHTS, "pins": pair, "forbids": pair, "seed": 1}))
    assert told == {(f"/{name}", "only_in_dry_run") for name in ("weights", "pins", "forbids", "seed")}


@pytest.mark.parametrize("member, value, code", [("topic", -1, "too_small"), ("preferred", 5001, "too_large"), ("price_percent", 101, "too_large"),
                                                 ("language", [1, 2, 3], "too_few_items"), ("least_level", "B3", "enum"), ("topic", 1.5, "type"),
                                                 ("colour", 1, "unknown_member")])
def test_points_that_cannot_be_are_refused(people, member, value, code):
    for form, pointer in ((WEIGHTS | {member: value}, f"/{member}"), ({"dry_run": True, "weights": WEIGHTS | {member: value}}, f"/weights/{member}")):
        path = ROUNDS if "dry_run" in form else "/v1/matching/weights"
        assert (pointer, code) in faults(people.admin().post(path, form))


def test_new_points_count_from_the_next_round_on(manual, place):
    near = manual.guide(place.neighbour, neighbours=True)
    manual.guide(place.city)
    newcomer, coordinator = manual.newcomer(place.city), manual.coordinator()
    made = answer(coordinator.post("/v1/matching/weights", WEIGHTS | {"city_near": 900}), 201)
    assert made["version"] == 2 and {name: made[name] for name in WEIGHTS} == WEIGHTS | {"city_near": 900}
    listed = answer(manual.admin().get("/v1/matching/weights?limit=1"))
    assert [one["version"] for one in listed["items"]] == [2] and listed["next"]
    body = answer(coordinator.post(ROUNDS, {"dry_run": False}))
    assert chosen(body) == {(newcomer.request, near.guide)} and body["weights"] == 2
    with manual.daemon.connect() as db:
        assert db.execute("SELECT action FROM audit WHERE action IN ('create_weights', 'matching_round') ORDER BY id").fetchall() == [
            ("create_weights",), ("matching_round",)]


def test_who_gets_nobody_learns_why_in_figures(manual, place):
    full = manual.guide(place.city, languages=TURKISH, capacity=1)
    paused = manual.guide(place.city, languages=TURKISH)
    answer(paused.post("/v1/me/guide/pause"))
    manual.guide(place.far, languages=TURKISH)
    declined = manual.guide(place.city, languages=TURKISH)
    coordinator = manual.coordinator(place.city)
    newcomer, other = manual.newcomer(place.city, languages=TURKISH), manual.newcomer(place.city, languages=TURKISH)
    answer(coordinator.post(f"/v1/guide-requests/{other.request}/proposals", {"guide": full.guide}), 201)
    made = answer(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": declined.guide}), 201)
    answer(declined.post(f"/v1/proposals/{made['id']}/decline", {"reason": "no_time"}))
    rest = [{"reason": "paused", "rule": "H1", "guides": 1}, {"reason": "full", "rule": "H1", "guides": 1}]
    told = [*rest, {"reason": "far", "rule": "H3", "guides": 1}, {"reason": "declined", "rule": "H4", "guides": 1}]
    body = answer(manual.coordinator().post(ROUNDS, {"dry_run": False}))
    assert body["unplaced"] == [{"guide_request": {"id": newcomer.request}, "speakers": 4, "reasons": told}]
    others = answer(coordinator.get(f"/v1/guide-requests/{newcomer.request}/candidates"))
    assert others["items"] == [] and others["others"] == [*rest, told[3]]  # nothing of the other city
    assert answer(manual.coordinator().get(f"/v1/guide-requests/{newcomer.request}/candidates"))["others"] == told


def test_pins_and_forbids_with_a_reason_count_in_rounds_and_by_hand(manual, place):
    liked, pinned = manual.guide(place.city, topics=["housing"]), manual.guide(place.city)
    newcomer, coordinator = manual.newcomer(place.city, topics=["housing"]), manual.coordinator(place.city)
    path = f"/v1/guide-requests/{newcomer.request}/overrides"
    assert answer(coordinator.get(path)) == {"items": [], "next": None}
    for guide in (liked, pinned):  # the second pin takes the place of the first
        made = answer(coordinator.post(path, {"guide": guide.guide, "kind": "pin", "reason": "old friends"}), 201)
    assert answer(coordinator.get(path))["items"] == [made] and made["guide"] == {"id": pinned.guide}
    dry = answer(manual.coordinator().post(ROUNDS, {"dry_run": True}))
    assert chosen(dry) == {(newcomer.request, pinned.guide)}
    proposal = answer(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": pinned.guide}), 201)["id"]
    answer(coordinator.post(path, {"guide": pinned.guide, "kind": "forbid", "reason": "cousins"}), 201)
    assert answer(coordinator.get(f"/v1/proposals/{proposal}"))["state"] == "cancelled"
    refused = problem(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": pinned.guide}), 409, "not_eligible")
    assert [fault["code"] for fault in refused["errors"]] == ["H5"]
    assert chosen(answer(manual.coordinator().post(ROUNDS, {"dry_run": True}))) == {(newcomer.request, liked.guide)}
    assert coordinator.delete(f"{path}/{pinned.guide}").status_code == 204
    problem(coordinator.delete(f"{path}/{pinned.guide}"), 404, "not_found")
    problem(manual.coordinator(place.far).get(path), 404, "not_found")
    problem(manual.coordinator(place.far).post(path, {"guide": liked.guide, "kind": "pin", "reason": "mine"}), 404, "not_found")
    problem(coordinator.post(path, {"guide": str(uuid.uuid4()), "kind": "pin", "reason": "who"}), 404, "not_found")
    answer(newcomer.post(f"/v1/guide-requests/{newcomer.request}/withdraw"))
    problem(coordinator.post(path, {"guide": liked.guide, "kind": "pin", "reason": "late"}), 409, "conflict_state")
    with manual.daemon.connect() as db:
        trail = db.execute("SELECT action, detail FROM audit WHERE subject_id = %s AND action LIKE 'matching%%' ORDER BY id",
                           (newcomer.request,)).fetchall()
    assert [action for action, _ in trail] == ["matching_pin", "matching_pin", "matching_forbid", "matching_lift"]
    assert all(set(detail) == {"guide"} for _, detail in trail), "what was said of people is not kept with it"


def test_rounds_are_for_who_answers_for_all_cities(people, place):
    of_city = people.coordinator(place.city)
    for path in (ROUNDS, f"{ROUNDS}/{uuid.uuid4()}", "/v1/matching/weights", "/v1/matching/scarcity", "/v1/matching/metrics"):
        problem(of_city.get(path), 403, "forbidden")
    problem(of_city.post(ROUNDS, {"dry_run": True}), 403, "forbidden")
    problem(of_city.post("/v1/matching/weights", WEIGHTS), 403, "forbidden")
    for person in (people.admin(), people.coordinator()):
        problem(person.get(f"{ROUNDS}/{uuid.uuid4()}"), 404, "not_found")
        assert answer(person.post(ROUNDS, {"dry_run": True}))["id"] is None


def test_scarcity_tells_where_guides_are_missing_and_hides_the_few(manual, place):
    for _ in range(5):
        manual.newcomer(place.city, languages=GEORGIAN)
    manual.newcomer(place.city, languages=TURKISH)
    manual.guide(place.city, languages=TURKISH, capacity=3)
    items = answer(manual.admin().get("/v1/matching/scarcity"))["items"]
    rows = {one["language"]: one for one in items}
    assert items[0]["language"] == "ka"
    assert rows["ka"] | {"price": 0} == {"language": "ka", "city": place.city, "requests": 5, "waiting": 5, "guides": 0, "places": 0, "price": 0}
    assert (rows["tr"]["requests"], rows["tr"]["waiting"], rows["tr"]["guides"], rows["tr"]["places"]) == (None, None, 1, 3)


def test_figures_tell_how_the_matching_does(manual, place):
    coordinator = manual.coordinator()
    empty = answer(coordinator.get("/v1/matching/metrics?days=1"))
    assert (empty["requests"], empty["matched_share"], empty["last_round_at"]) == (0, None, None)
    guides = [manual.guide(place.city, capacity=1) for _ in range(5)]
    for _ in range(6):
        manual.newcomer(place.city)
    answer(coordinator.post(ROUNDS, {"dry_run": False}))
    for guide in guides:
        guide.accept()
    told = answer(coordinator.get("/v1/matching/metrics"))
    assert (told["days"], told["requests"], told["matched"], told["rounds"], told["asked"], told["changed_meanwhile"]) == (90, 6, 5, 1, 5, 0)
    assert told["matched_share"] == told["within_7_days_share"] == pytest.approx(5 / 6)
    assert (told["asks_per_match"], told["guides"], told["guides_asked_4_times"], told["load_gini"], told["idle_share"]) == (1, 5, 0, 0, 0)
    assert told["median_wait_days"] < 1 and told["last_round_at"]


def test_who_comes_while_a_round_is_read_is_matched_by_it(start_daemon, place):
    """Between the two statements that ask when it is and who waits."""
    people = People(start_daemon())
    with people.daemon.connect() as db:
        versions = db.execute("SELECT pg_get_functiondef('matching_versions()'::regprocedure)").fetchone()[0]
        assert "extract(epoch FROM clock())" in versions
        db.execute(versions.replace("extract(epoch FROM clock())", "extract(epoch FROM clock() - interval '1 hour')"))
    guide = people.guide(place.city)
    newcomer = people.newcomer(place.city)
    assert guide.proposal()["guide_request"]["id"] == newcomer.request


def test_silence_is_answered_by_a_second_ask_that_takes_no_place_from_others(start_daemon, place):
    people = People(start_daemon(WELCOME_MATCHING_SECOND_ASK=36))
    first, newcomer = people.guide(place.city, topics=["housing"]), people.newcomer(place.city, topics=["housing"])
    asked = first.proposal()["id"]
    second = people.guide(place.city, capacity=1)
    people.daemon.shift_clock(hours=35)
    time.sleep(1)
    assert answer(second.get("/v1/proposals"))["items"] == []
    people.daemon.shift_clock(hours=37)
    again = second.proposal()
    assert again["guide_request"]["id"] == newcomer.request
    assert answer(first.get(f"/v1/proposals/{asked}"))["state"] == "open"
    second.accept(again["id"])
    problem(first.post(f"/v1/proposals/{asked}/accept", {}), 409, "already_answered")
    people.staff.clear()
    assert [one["second"] for one in answer(people.coordinator().get(ROUNDS))["items"]].count(True) >= 1


def test_without_the_setting_silence_waits_for_its_end(start_daemon, place):
    people = People(start_daemon(WELCOME_MATCHING_SECOND_ASK=0))
    first, newcomer = people.guide(place.city), people.newcomer(place.city)
    first.proposal()
    second = people.guide(place.city)
    people.daemon.shift_clock(hours=71)
    time.sleep(2)
    assert answer(second.get("/v1/proposals"))["items"] == []
    people.daemon.shift_clock(hours=73)
    assert second.proposal()["guide_request"]["id"] == newcomer.request


def test_a_round_killed_at_any_moment_leaves_all_or_nothing(start_daemon, place):
    daemon = start_daemon(WELCOME_MATCHING="manual")
    people = People(daemon)
    for _ in range(4):
        people.guide(place.city, capacity=1)
        people.newcomer(place.city)
    with daemon.connect() as db:  # the third ask of a round waits for a lock that the test holds
        db.execute("CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                   " IF (SELECT count(*) FROM proposal) = 3 THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NULL; END $$")
        db.execute("CREATE TRIGGER z_stumble AFTER INSERT ON proposal FOR EACH ROW EXECUTE FUNCTION stumble()")
        db.execute("SELECT pg_advisory_lock(4711)")
        daemon.stop()
        daemon.environment["WELCOME_MATCHING"] = "auto"
        restart(daemon)
        eventually(lambda: db.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted").fetchone() == (1,))
        seen = db.execute("SELECT (SELECT count(*) FROM proposal), (SELECT count(*) FROM matching_round), (SELECT count(*) FROM guide WHERE load > 0)")
        assert seen.fetchone() == (0, 0, 0)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        db.execute("SELECT pg_advisory_unlock(4711)")

        def settled():
            """the killed round's transaction has ended"""
            return db.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'welcome_worker' AND datname = current_database()"
                              " AND state <> 'idle'").fetchone() == (0,)
        eventually(settled)
        proposals, rounds, loads = db.execute("SELECT (SELECT count(*) FROM proposal), (SELECT count(*) FROM matching_round),"
                                              " (SELECT count(*) FROM guide WHERE load > 0)").fetchone()
        assert (proposals, rounds, loads) in ((0, 0, 0), (4, 1, 4))
        restart(daemon)
        eventually(lambda: db.execute("SELECT count(*) FROM proposal WHERE state = 'open'").fetchone() == (4,))
        assert db.execute("SELECT sum(proposed) FROM matching_round").fetchone() == (4,)


def restart(daemon):
    import httpx
    daemon.http, daemon.admin = httpx.Client(base_url=daemon.url, timeout=30), httpx.Client(base_url=daemon.admin_url, timeout=30)
    daemon.start()


def test_rounds_and_people_at_the_same_time_break_no_rule(start_daemon, place):
    """Accepts, withdrawals, proposals by hand and rounds all at once, against the real daemon with its job running."""
    people = People(start_daemon())
    coordinator, region = people.coordinator(place.city), people.coordinator()
    guides = [people.guide(place.city, capacity=2) for _ in range(6)]
    newcomers = [people.newcomer(place.city) for _ in range(15)]

    def answer_all(guide):
        for proposal in guide.get("/v1/proposals?state=open&limit=100").json()["items"]:
            guide.post(f"/v1/proposals/{proposal['id']}/{'accept' if proposal['id'][-1] in '0123456789' else 'decline'}",
                       {} if proposal["id"][-1] in "0123456789" else {"reason": "no_time"})
    calls = [lambda: region.post(ROUNDS, {"dry_run": False})] * 6 + [lambda: region.post(ROUNDS, {"dry_run": True})] * 3
    calls += [lambda guide=guide: answer_all(guide) for guide in guides] * 3
    calls += [lambda newcomer=newcomer: newcomer.post(f"/v1/guide-requests/{newcomer.request}/withdraw") for newcomer in newcomers[::5]]
    calls += [lambda guide=guide, newcomer=newcomer: coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": guide.guide})
              for guide, newcomer in zip(guides, newcomers)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = [future.result() for future in [pool.submit(call) for call in calls]]
    assert all(one.status_code < 500 for one in answers if one is not None)
    with people.daemon.connect() as db:
        broken = {
            "capacity": "SELECT id FROM guide WHERE load > capacity",
            "load": "SELECT g.id FROM guide g WHERE g.load <> (SELECT count(*) FROM match m WHERE m.guide = g.id AND m.state = 'active')"
                    " + (SELECT count(*) FROM proposal p WHERE p.guide = g.id AND p.state IN ('open', 'awaiting_newcomer'))",
            "two": "SELECT request FROM proposal WHERE state IN ('open', 'awaiting_newcomer') GROUP BY 1 HAVING count(*) > 2",
            "one match": "SELECT request FROM match WHERE state = 'active' GROUP BY 1 HAVING count(*) > 1",
            "H4": "SELECT p.id FROM proposal p JOIN proposal q ON q.request = p.request AND q.guide = p.guide"
                  " WHERE p.state IN ('declined', 'refused') AND q.asked_at > p.answered_at",
            "H7": "SELECT guide FROM proposal GROUP BY guide HAVING count(*) > 3",
            "sums": "SELECT id FROM proposal WHERE score <> (SELECT sum((t ->> 'points')::integer) FROM jsonb_array_elements(terms) AS t)",
            "proofs": "SELECT id FROM matching_round WHERE NOT (certificate ->> 'clean')::boolean"}
        assert {name: db.execute(sql).fetchall() for name, sql in broken.items()} == dict.fromkeys(broken, [])


def test_nobody_with_a_free_guide_waits_longer_than_a_round(people, place):
    guides = [people.guide(place.city, capacity=3) for _ in range(2)]
    newcomers = [people.newcomer(place.city) for _ in range(6)]
    for newcomer in newcomers:
        newcomer.wait_for("proposed")
    assert [answer(guide.get("/v1/me/guide"))["load"] for guide in guides] == [3, 3]
    for proposal in answer(guides[0].get("/v1/proposals?state=open"))["items"]:
        answer(guides[0].post(f"/v1/proposals/{proposal['id']}/decline", {"reason": "no_time"}))
    assert all(newcomer.look()["state"] in ("open", "proposed") for newcomer in newcomers)


def test_prices_are_learned_by_night_and_go_into_the_points(start_daemon, place):
    daemon = start_daemon(WELCOME_MATCHING="manual")
    people = People(daemon)

    def versions():
        with daemon.connect() as db:
            return db.execute("SELECT version, method, requests, samples FROM price_table ORDER BY 1").fetchall()
    assert eventually(versions) == [(1, "cold_start", 0, 0)]
    scarce, plenty = people.guide(place.city, languages=GEORGIAN + ENGLISH, capacity=1), people.guide(place.city, capacity=9)
    newcomers = [people.newcomer(place.city, languages=GEORGIAN) for _ in range(4)] + [people.newcomer(place.city)]
    for wake in ("1 day", "2 days"):
        daemon.shift_clock(days=int(wake[0]))
        with daemon.connect() as db:
            db.execute("NOTIFY welcome, 'prices'")
        eventually(lambda: len(versions()) == 1 + int(wake[0]))
        if wake == "1 day":  # a past long enough to learn from
            assert versions()[1][1:] == ("cold_start", 5, 0)
            with daemon.connect() as db:
                prices = dict(db.execute("SELECT guide::text, price FROM guide_price WHERE version = 2"))
                assert prices.get(scarce.guide, 0) > prices.get(plenty.guide, 0) == 0
                db.execute("SET session_replication_role = replica")
                db.execute("WITH made AS (INSERT INTO guide_request (id, account, state, closed_as, display_name, languages, city, audience, waiting_since)"
                           " SELECT uuid_v7(), r.account, 'closed', 'withdrawn', 'past', r.languages, r.city, r.audience, clock()"
                           " FROM guide_request r, generate_series(1, 40) WHERE r.state = 'open' RETURNING id, languages)"
                           " INSERT INTO guide_request_language SELECT id, 1, languages -> 0 ->> 'tag', 7 FROM made")
    assert versions()[2][1] == "bootstrap" and versions()[2][2] == 205 and versions()[2][3] == 20
    with daemon.connect() as db:
        prices = dict(db.execute("SELECT guide::text, price FROM guide_price WHERE version = 3"))
    assert prices[scarce.guide] > 0 and prices[scarce.guide] > prices.get(plenty.guide, 0)
    people.staff.clear()
    body = answer(people.coordinator().post(ROUNDS, {"dry_run": True}))
    assert body["prices"] == 3 and body["placed"] == 2
    told = {one["guide"]["id"]: {term["criterion"]: term["points"] for term in one["explanation"]} for one in body["proposals"]}
    assert told[scarce.guide]["price"] == -(prices[scarce.guide] // 2) and newcomers
