# SPDX-License-Identifier: EUPL-1.2
"""All steps of service requests at random on many connections at once; afterwards every request stands where its offices stand, and nothing
has deadlocked. WELCOME_MIX_SECONDS and WELCOME_MIX_CONNECTIONS make it longer."""
import collections
import os
import random
import threading
import time

import pytest

from world import Refused, Session

SECONDS = float(os.environ.get("WELCOME_MIX_SECONDS", "5"))
CONNECTIONS = int(os.environ.get("WELCOME_MIX_CONNECTIONS", "12"))
CITIES = ["bochum", "essen", "*"]
ACTIVE = ("submitted", "acknowledged", "in_progress", "waiting_for_requester")


JOBS = ["remind_offices", "escalate_offices", "confess_breaches", "ask_waiting_requesters", "tell_waiting_offices", "close_resolved_requests"]


class Player:
    """One connection of the daemon, one of a job, and one of the owner, who chooses what to try."""

    def __init__(self, world, tokens, seed):
        self.daemon = world.database.connect("welcome")
        self.owner, self.worker = world.database.connect("welcome_owner"), world.database.connect("welcome_worker")
        self.tokens, self.dice = tokens, random.Random(seed)
        self.done, self.wrong = collections.Counter(), []

    def speak(self, who):
        session = Session(self.daemon, self.tokens[who])
        session.account = who
        return session

    def row(self):
        return self.owner.execute("SELECT request, city, requester_account FROM service_request_office WHERE left_at IS NULL ORDER BY random() LIMIT 1").fetchone()

    def step(self):
        request, city, _ = self.row()
        state = self.dice.choice(["acknowledged", "in_progress", "waiting_for_requester", "resolved", "rejected"])
        columns = {"acknowledged": {"note": None}, "waiting_for_requester": {"note": "Please."}, "resolved": {"outcome": "helped", "note": "Done."},
                   "rejected": {"rejected_as": "other", "note": "No."}}.get(state, {})
        self.speak(city).step(request, state, **columns)

    def claim(self):
        request, city, _ = self.row()
        account = self.owner.execute("SELECT account FROM staff_role WHERE role = 'advisor' AND city = %s", (city,)).fetchone()[0]
        self.speak(city).step(request, "in_progress", advisor=account)

    def forward(self):
        request, city, _ = self.row()
        self.speak(city).run(("SELECT lock_for_service_request(%s, 'staff')", (request,)),
                             ("SELECT forward_service_request(%s, NULL, %s, 'desk', 'Yours.')", (request, self.dice.choice(CITIES))))

    def add(self):
        request, city, _ = self.row()
        self.speak(city).run(("SELECT lock_for_service_request(%s, 'staff')", (request,)),
                             ("SELECT add_service_office(%s, %s, 'desk')", (request, self.dice.choice(CITIES))))

    def withdraw(self):
        request, _, account = self.row()
        if self.dice.random() < .2:
            self.speak(account).run(("SELECT lock_for_service_request(%s, 'requester')", (request,)),
                                    ("UPDATE service_request_office SET state = 'withdrawn', note = NULL WHERE request = %s AND requester_account = me() "
                                     "AND state = ANY (%s)", (request, list(ACTIVE))))

    def reopen(self):
        request, city, account = self.row()
        self.speak(self.dice.choice([city, account])).run(("SELECT lock_for_service_request(%s)", (request,)),
                                                          ("SELECT reopen_service_request(%s, NULL, NULL)", (request,)))

    def tick(self):
        """A job whose clock is anywhere in the next weeks."""
        self.worker.execute("SELECT set_config('test.shift', %s, false)", (f"{self.dice.choice([0, 13, 17, 90, 400])} hours",))
        self.worker.execute(f"SELECT {self.dice.choice(JOBS)}()")

    def play(self, until):
        deeds = [self.step, self.step, self.step, self.step, self.claim, self.claim, self.forward, self.add, self.withdraw, self.reopen, self.reopen, self.tick]
        while time.monotonic() < until or sum(self.done.values()) < 60:  # enough of all on slow machines, too
            deed = self.dice.choice(deeds)
            try:
                deed()
                self.done[deed.__name__] += 1
            except Refused as refused:
                self.done[refused.code] += 1
            except Exception as error:  # a thread that dies in silence would prove nothing
                self.wrong.append(f"{deed.__name__}: {getattr(error, 'sqlstate', '')} {error!r}")


INVARIANTS = {
    "a request stands where the least advanced of its offices stands":
        """SELECT r.id FROM service_request r WHERE r.state <> coalesce(
             (SELECT o.state FROM service_request_office o WHERE o.request = r.id AND o.left_at IS NULL AND o.state <> 'rejected'
               ORDER BY CASE o.state WHEN 'submitted' THEN 1 WHEN 'acknowledged' THEN 2 WHEN 'in_progress' THEN 3 WHEN 'waiting_for_requester' THEN 4
                                     WHEN 'withdrawn' THEN 5 WHEN 'resolved' THEN 6 ELSE 7 END LIMIT 1), 'rejected')""",
    "every office knows where the request stands":
        "SELECT o.id FROM service_request_office o JOIN service_request r ON r.id = o.request WHERE o.request_state <> r.state",
    "no request is at the same office twice":
        "SELECT request FROM service_request_office WHERE left_at IS NULL GROUP BY request, city, office HAVING count(*) > 1",
    "no request is nowhere": "SELECT id FROM service_request r WHERE NOT EXISTS (SELECT FROM service_request_office o WHERE o.request = r.id AND o.left_at IS NULL)",
    "who forwarded says where it went": "SELECT id FROM service_request_office WHERE (state = 'forwarded') <> (forwarded_to IS NOT NULL)",
    "every city that has or had it is among those that may see it":
        "SELECT o.id FROM service_request_office o JOIN service_request r ON r.id = o.request WHERE o.city <> ALL (r.handled_by)",
    "what somebody owes has a day, and nothing else has":
        """SELECT id FROM service_request_office WHERE (state IN ('submitted', 'acknowledged', 'in_progress')) <> (due_at IS NOT NULL)""",
    "a result is told of what has one": "SELECT id FROM service_request WHERE (state IN ('resolved', 'closed')) <> (outcome IS NOT NULL)",
    "no promise is confessed twice": "SELECT office_row FROM service_event WHERE kind IN ('late', 'escalated') AND detail ? 'due_at' GROUP BY office_row, kind, detail HAVING count(*) > 1",
    "the timeline tells every step": """SELECT o.id FROM service_request_office o WHERE NOT EXISTS (SELECT FROM service_event e WHERE e.office_row = o.id
             AND e.kind = CASE o.state WHEN 'submitted' THEN e.kind WHEN 'in_progress' THEN e.kind WHEN 'waiting_for_requester' THEN 'waiting' ELSE o.state END)
             AND o.state <> 'submitted'""",
}


@pytest.fixture(scope="module")
def tokens(world):
    for city in CITIES:
        world.office(city)
    made = {}
    for city in CITIES:
        session = world.staff("advisor", city)
        made[city] = session.token
    for n in range(12):
        session = world.requester(CITIES[n % 2])
        made[session.account] = session.token
    return made


def test_any_mix_of_steps_leaves_every_request_where_its_offices_are(world, tokens):
    players = [Player(world, tokens, seed) for seed in range(CONNECTIONS)]
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=player.play, args=(until,)) for player in players]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = sum((player.done for player in players), collections.Counter())
    assert sum((player.wrong for player in players), []) == []
    for deed in ("step", "claim", "forward", "add", "withdraw", "reopen", "tick", "conflict_state"):
        assert done[deed] > 0, done
    broken = {name: rows for name, statement in INVARIANTS.items() if (rows := world.all(statement))}
    assert broken == {}
    assert world.value("SELECT count(*) FROM service_event") > 100
