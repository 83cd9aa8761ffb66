# SPDX-License-Identifier: EUPL-1.2
"""All transitions at random on many connections at once; afterwards nothing is out of joint and nothing has deadlocked.
WELCOME_MIX_SECONDS and WELCOME_MIX_CONNECTIONS make it longer."""
import collections
import os
import random
import threading
import time
import uuid

import psycopg
import pytest

from world import Refused, Session, languages, round_of

SECONDS = float(os.environ.get("WELCOME_MIX_SECONDS", "8"))
CONNECTIONS = int(os.environ.get("WELCOME_MIX_CONNECTIONS", "16"))
CITIES = ["bochum", "essen", None]


class Player:
    """One connection of the daemon and one of a job, doing anything anybody may do."""

    def __init__(self, world, people, seed):
        self.daemon = world.database.connect("welcome")
        self.worker = world.database.connect("welcome_worker")
        self.owner = world.database.connect("welcome_owner")  # chooses what to try, and looks through the wall for it
        self.dice = random.Random(seed)
        self.people = people
        self.done, self.wrong = collections.Counter(), []

    def pick(self, statement):
        row = self.owner.execute(f"SELECT x.* FROM ({statement}) x ORDER BY random() LIMIT 1").fetchone()
        return row or (None,) * 4

    def speak(self, account):
        return Session(self.daemon, self.people[account])

    def propose(self):
        request, guide = self.pick("SELECT r.id, g.id FROM guide_request r, guide g WHERE r.state IN ('open', 'proposed')")
        self.speak("coordinator").propose(request, guide)

    def place(self):
        request, state = self.pick("SELECT r.id, r.state FROM guide_request r WHERE r.state IN ('open', 'proposed')")[:2]
        if request:
            round_of(self.owner, self.worker, request, second=state == "proposed")

    def answer(self):
        proposal, account = self.pick("SELECT id, guide_account FROM proposal WHERE state IN ('open', 'awaiting_newcomer') "
                                      "OR state = 'cancelled' AND random() < .02")[:2]
        if proposal:
            self.speak(account).answer(proposal, self.dice.choice(["accepted", "accepted", "declined"]))

    def confirm(self):
        proposal, account = self.pick("SELECT id, request_account FROM proposal WHERE shown_at IS NOT NULL AND state <> 'accepted'")[:2]
        if proposal:
            self.speak(account).answer(proposal, self.dice.choice(["confirmed", "refused"]))

    def change_guide(self):
        guide, account, state = self.pick("SELECT id, account, state FROM guide WHERE state <> 'left'")[:3]
        wanted = self.dice.choice({"active": ["paused", "paused", "suspended", "left"], "paused": ["active", "active", "active", "suspended"],
                                   "suspended": ["active"]}[state])
        if wanted == "left" and self.dice.random() < .95:
            return  # for ever: seldom, or nobody is left to play with
        self.speak("coordinator" if "suspended" in (state, wanted) else account).set_guide(guide, wanted)

    def raise_capacity(self):
        account = self.pick("SELECT account FROM guide WHERE state = 'active' AND capacity < 4")[0]
        if account:
            self.speak(account).run(("UPDATE guide SET capacity = capacity + 1 WHERE id = my_guide() AND capacity < 4", ()))

    def withdraw(self):
        request, account = self.pick("SELECT id, account FROM guide_request WHERE state NOT IN ('unverified', 'closed')")[:2]
        if request and self.dice.random() < .3:
            self.speak(account).withdraw(request)

    def ask_again(self):
        account, = self.pick("SELECT account FROM guide_request GROUP BY 1 HAVING bool_and(state = 'closed')")[:1]
        if account:
            request, city = uuid.uuid4(), self.dice.choice(CITIES)
            Session(self.daemon).run(
                ("INSERT INTO guide_request (id, display_name, languages, city, remote, audience, share_contact) VALUES (%s, 'again', %s, %s, true, "
                 "'student', %s)", (request, languages(ti="native"), city, self.dice.choice(["ask_me", "on_acceptance"]))), subject=request)
            self.owner.execute("SELECT do_confirmed('guide_request', %s, %s, 'x')", (request, account))

    def reopen(self):
        request, account = self.pick("SELECT id, account FROM guide_request WHERE may_reopen(id)")[:2]
        if request:
            self.speak(account).run(("SELECT lock_for_request(%s)", (request,)),
                                    ("UPDATE guide_request SET state = 'open' WHERE id = %s AND account = me()", (request,)))

    def move(self):
        request, account = self.pick("SELECT id, account FROM guide_request WHERE state IN ('open', 'proposed')")[:2]
        if request:
            self.speak(account).change(request, city=self.dice.choice(CITIES), remote=True)

    def end(self):
        match, guide, newcomer = self.pick("SELECT id, guide_account, request_account FROM match WHERE state = 'active'")[:3]
        if match:
            self.speak(self.dice.choice([guide, newcomer, "coordinator"])).end(match, self.dice.choice(["completed", "schedule"]))

    def let_time_pass(self):
        """A proposal runs out, the ban after it too, and old asks are forgotten, so that the mix goes on."""
        self.owner.execute("UPDATE proposal SET expires_at = clock() - interval '15 days' WHERE id = %s",
                           self.pick("SELECT id FROM proposal WHERE state IN ('open', 'awaiting_newcomer')")[:1])
        for job in ("expire_proposals()", "remind()", "resume_guides()", "close_stale_requests()", "expire_unconfirmed()", "clean_outbox()"):
            self.worker.execute(f"SELECT {job}")

    def play(self, until):
        deeds = [self.propose, self.place, self.place, self.place, self.answer, self.answer, self.answer, self.confirm, self.confirm,
                 self.change_guide, self.raise_capacity, self.withdraw, self.ask_again, self.ask_again, self.reopen, self.move, self.end,
                 self.end, self.let_time_pass]
        while time.monotonic() < until or sum(self.done.values()) < 60:  # enough of all on slow machines, too
            deed = self.dice.choice(deeds)
            try:
                deed()
                self.done[deed.__name__] += 1
            except Refused as refused:
                self.done[refused.code] += 1
            except psycopg.errors.SerializationFailure:
                self.done["again"] += 1
            except psycopg.Error as error:
                if error.sqlstate == "WR000":  # said to a job
                    self.done[error.diag.message_primary] += 1
                elif error.diag.constraint_name == "duplicate":
                    self.done["duplicate"] += 1
                else:
                    self.wrong.append(f"{deed.__name__}: {error.sqlstate} {error}")
            except Exception as error:  # a thread that dies in silence would prove nothing
                self.wrong.append(f"{deed.__name__}: {error!r}")


INVARIANTS = {
    "the load is what is open, awaited and active":
        """SELECT g.id FROM guide g WHERE g.load <> (SELECT count(*) FROM match m WHERE m.guide = g.id AND m.state = 'active')
             + (SELECT count(*) FROM proposal p WHERE p.guide = g.id AND p.state IN ('open', 'awaiting_newcomer'))""",
    "nobody carries more than they offered": "SELECT id FROM guide WHERE load > capacity",
    "one active match, at most two proposals, one of them awaiting, for a request":
        """SELECT r.id FROM guide_request r WHERE (SELECT count(*) FROM match m WHERE m.request = r.id AND m.state = 'active') > 1
              OR (SELECT count(*) > 2 OR count(*) FILTER (WHERE p.state = 'awaiting_newcomer') > 1
                    FROM proposal p WHERE p.request = r.id AND p.state IN ('open', 'awaiting_newcomer'))""",
    "a request stands where its proposals and match are":
        """SELECT r.id FROM guide_request r WHERE r.state NOT IN ('unverified', 'closed') AND r.state <> CASE
              WHEN EXISTS (SELECT FROM match m WHERE m.request = r.id AND m.state = 'active') THEN 'matched'
              WHEN EXISTS (SELECT FROM proposal p WHERE p.request = r.id AND p.state = 'awaiting_newcomer') THEN 'awaiting_newcomer'
              WHEN EXISTS (SELECT FROM proposal p WHERE p.request = r.id AND p.state = 'open') THEN 'proposed' ELSE 'open' END""",
    "a matched request asks nobody else":
        """SELECT r.id FROM guide_request r JOIN proposal p ON p.request = r.id
            WHERE r.state IN ('matched', 'closed') AND p.state IN ('open', 'awaiting_newcomer')""",
    "a closed request has no active match":
        "SELECT r.id FROM guide_request r JOIN match m ON m.request = r.id AND m.state = 'active' WHERE r.state = 'closed'",
    "a guide who stopped is asked nothing":
        """SELECT g.id FROM guide g JOIN proposal p ON p.guide = g.id WHERE g.state IN ('paused', 'suspended', 'left') AND p.state = 'open'""",
    "a guide who is gone accompanies nobody":
        "SELECT g.id FROM guide g JOIN match m ON m.guide = g.id WHERE g.state IN ('suspended', 'left') AND m.state = 'active'",
    "an accepted proposal has its match and no other has":
        "SELECT p.id FROM proposal p LEFT JOIN match m ON m.proposal = p.id WHERE (p.state = 'accepted') <> (m.id IS NOT NULL)",
    "who wants to be asked was asked":
        """SELECT p.id FROM proposal p JOIN guide_request r ON r.id = p.request
            WHERE p.state = 'accepted' AND r.share_contact = 'ask_me'
              AND NOT EXISTS (SELECT FROM outbox o WHERE o.subject_id = p.id AND o.template = 'please_confirm')""",
    "no is no for ever":
        """SELECT p.id FROM proposal p JOIN proposal q ON q.request_account = p.request_account AND q.guide_account = p.guide_account
            WHERE p.state IN ('declined', 'refused') AND q.asked_at > p.answered_at""",
    "nobody is asked too often":
        """SELECT g.id FROM guide g WHERE (SELECT count(*) FROM proposal p WHERE p.guide = g.id
              AND p.asked_at > clock() - interval '30 days') > g.asks_per_month""",
    "the last asks are kept":
        """SELECT g.id FROM guide g WHERE g.recent_asks <> ARRAY(SELECT p.asked_at FROM proposal p WHERE p.guide = g.id
              ORDER BY p.asked_at DESC LIMIT 3)""",
    "copies are true":
        """SELECT p.id FROM proposal p JOIN guide g ON g.id = p.guide JOIN guide_request r ON r.id = p.request
            WHERE (p.guide_account, p.guide_city, p.request_account, p.request_city) <> (g.account, g.home_city, r.account, r.handled_by)""",
    "one request of a person is not closed": "SELECT account FROM guide_request WHERE state NOT IN ('unverified', 'closed') GROUP BY 1 HAVING count(*) > 1",
    "every proposal tells its points":
        """SELECT p.id FROM proposal p
            WHERE p.score <> (SELECT sum((t ->> 'points')::integer) FROM jsonb_array_elements(p.terms) AS t)""",
    "an ended match says why and by whom": "SELECT id FROM match WHERE state = 'ended' AND (ended_by IS NULL OR ended_reason IS NULL)",
}


@pytest.fixture(scope="module")
def played(world):
    people = {"coordinator": world.staff("coordinator", "*").token}
    for number in range(30):
        guide = world.guide(languages(de="native", ti="C1"), [["bochum", "essen"][number % 2]], neighbours=True, remote=True, capacity=1)
        people[guide.account] = guide.token
        newcomer = world.newcomer(languages(ti="native"), CITIES[number % 3], remote=True, neighbours=True,
                                  share_contact=["ask_me", "on_acceptance"][number // 3 % 2])
        people[newcomer.account] = newcomer.token
    # three asks in 30 days would end the mix too soon
    world.god.execute("ALTER TABLE guide DROP CONSTRAINT guide_asks_per_month_check")
    world.god.execute("UPDATE guide SET asks_per_month = 1000")
    players = [Player(world, people, seed) for seed in range(CONNECTIONS)]
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=player.play, args=(until,)) for player in players]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for player in players:
        for connection in (player.daemon, player.worker, player.owner):
            connection.close()
    yield players
    world.god.execute("TRUNCATE guide, guide_request CASCADE")
    world.god.execute("ALTER TABLE guide ADD CONSTRAINT guide_asks_per_month_check CHECK (asks_per_month BETWEEN 1 AND 3)")


def test_nothing_but_refusals_goes_wrong(played):
    wrong = [message for player in played for message in player.wrong]
    done = sum((player.done for player in played), collections.Counter())
    print(dict(done))
    assert wrong == [], f"{len(wrong)} of {sum(done.values())}"
    assert min(done[deed] for deed in ("propose", "place", "answer", "confirm", "change_guide", "move", "end", "ask_again", "reopen")) > 0


@pytest.mark.parametrize("invariant", INVARIANTS)
def test_afterwards(world, played, invariant):
    assert world.all(INVARIANTS[invariant]) == []


def test_the_mix_was_one(world, played):
    states = {row["state"] for row in world.all("SELECT DISTINCT state FROM proposal")}
    assert states >= {"accepted", "declined", "refused", "expired", "cancelled"}
    assert world.value("SELECT count(*) FROM match") > 20
