# SPDX-License-Identifier: EUPL-1.2
# Somebody who has done everything there is to do, and where in all tables they can be found.
import datetime
import itertools
import re

from attachment_files import bring
from support import Advisor, Newcomer, Requester, answer, new_place

_names = itertools.count(1)


class Life:
    """Guide, newcomer, asker and staff in one person; others who had to do with them."""

    def __init__(self, people):
        self.people, self.daemon = people, people.daemon
        self.name = f"Xanthippe{next(_names)}x"  # nobody else is called so
        self.place, self.there = new_place(), new_place()
        self.email = people.address("everything")
        self.words = {"display_name": f"{self.name} Guide", "email": self.email}
        self.be_guide()
        self.be_newcomer()
        self.ask()
        self.leave_traces()
        self.be_staff()
        self.person = people.sign_in(self.email)

    def be_guide(self):
        people, city = self.people, self.place.city
        self.guide = people.guide(city, **self.words, story=f"Story of {self.name}", listed=True)
        self.matched = people.newcomer(city, display_name="Matched Other")
        self.match = self.guide.accept()["match"]["id"]
        self.waiting = people.newcomer(city, display_name="Waiting Other", preferred_guide=self.guide.guide)
        self.open_proposal = self.guide.proposal()["id"]

    def be_newcomer(self):
        people, city = self.people, self.there.city
        self.other_guide = people.guide(city, display_name="Other Guide")
        form = people.request_form(city, email=self.email, display_name=f"{self.name} Newcomer", message=f"Message of {self.name}")
        self.newcomer = Newcomer(self.daemon, people.confirm(people.apply("/v1/guide-requests", form)[1]), form["display_name"])
        self.other_match = self.other_guide.accept()["match"]["id"]

    def ask(self):
        people, city = self.people, self.place.city
        people.office_in(city)
        self.advisor = people.advisor(city)
        form = people.service_form(city, contact={"name": f"{self.name} Asker", "email": self.email, "language": "en"}, message=f"Please help {self.name}.")
        self.asker = Requester(self.daemon, people.confirm(people.unconfirmed(form)[1]), form["contact"]["name"])
        self.advisor.steps(self.asker, "acknowledge", "assign")
        answer(self.asker.post(f"{self.asker.path}/messages", {"text": f"It is me, {self.name}."}), 201)
        answer(self.advisor.post(f"{self.asker.path}/messages", {"text": f"A note about {self.name}", "public": False}), 201)
        bring(self.asker, self.asker)
        with self.daemon.connect() as db:
            db.execute("UPDATE service SET appointments = true WHERE code = %s", (form["service"],))
        day = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0) + datetime.timedelta(days=9)
        self.slot = answer(self.advisor.post("/v1/consultation-slots", {"office": {"city": city, "office": "test-office"}, "minutes": 30,
                                                                      "starts_at": [day.strftime("%Y-%m-%dT%H:%M:%SZ")]}), 201)["items"][0]["id"]
        self.appointment = answer(self.asker.post(f"{self.asker.path}/appointments", {"slot": self.slot}), 201)["id"]

    def leave_traces(self):
        """A new address that waits, forms nobody confirmed, feedback that wants an answer, links."""
        people = self.people
        self.new_email = people.address("everything-new")
        answer(self.guide.patch("/v1/me", {"email": self.new_email}))
        self.daemon.mails.next(self.new_email, "confirm_address")
        self.unconfirmed = [people.apply("/v1/guides", people.guide_form(self.place.far, **self.words))[0],
                            people.apply("/v1/guide-requests", people.request_form(self.place.far, **self.words))[0]]
        with self.daemon.connect() as db:  # as if: these would end what others here have to find
            db.execute("INSERT INTO own_block (id, blocker, blocked, name) SELECT uuid_v7(), x.one, x.other, 'Matched Other'"
                       "  FROM (VALUES (%(me)s::uuid, %(other)s::uuid), (%(other)s::uuid, %(me)s::uuid)) AS x(one, other)",
                       {"me": self.guide.id, "other": self.matched.id})
            db.execute("INSERT INTO bar (id, key, account, name, city, reason, message) VALUES (uuid_v7(), mailbox_key(%s), %s, %s, %s, 'because', 'Told')",
                       (self.email, self.guide.id, f"{self.name} Guide", self.place.city))
            db.execute("INSERT INTO report (id, proposal, match, request_city, guide_city, reported_by, reporter, reported, reason, text)"
                       " SELECT uuid_v7(), m.proposal, m.id, m.request_city, m.guide_city, 'newcomer', m.request_account, m.guide_account, 'other', 'Said'"
                       "  FROM match m WHERE m.id = %s", (self.match,))
        answer(self.daemon.http.post("/v1/feedback", json={"kind": "praise", "text": "Very good!", "email": self.email}), 202)

    def be_staff(self):
        """What staff write, decide and keep, by this person's account."""
        people, city = self.people, self.place.city
        for role in ("coordinator", "advisor", "editor"):
            status, _, errors = self.daemon.command("account", "create", "--role", role, "--email", self.email, "--city", city)
            assert status == 0, errors
        me = people.sign_in(self.email, Advisor)
        self.screened = people.applicant(city, display_name="Screened Other")
        answer(me.post(f"/v1/guides/{self.screened.guide}/approve", {}))
        self.client = people.requester(city, contact={"name": "Client Other"})
        me.steps(self.client, "acknowledge", "assign")
        answer(me.post("/v1/saved-exports", {"name": f"Work of {self.name}", "filter": {"state": "submitted"}}), 201)
        answer(self.advisor.post("/v1/saved-exports", {"name": "Work of a colleague", "filter": {"advisor": me.id}}), 201)
        answer(self.advisor.post("/v1/saved-exports", {"name": "Work of mine", "filter": {"state": "submitted"}}), 201)
        away = [str(datetime.date.today() + datetime.timedelta(days=days)) for days in (60, 64)]
        answer(me.post("/v1/me/absences", {"first_on": away[0], "last_on": away[1]}), 201)
        article = answer(me.post("/v1/articles", {"key": f"by-{self.place.city}", "city": city}), 201)["id"]
        draft = {"language": "de", "title": "Ein Titel", "body_markdown": "Ein Absatz."}
        self.text = answer(me.post(f"/v1/contents/{article}/revisions", draft), 201)["id"]

    def others(self):
        return [self.matched, self.waiting, self.other_guide, self.advisor, self.screened, self.client]

    def ids(self):
        """The ids of the account and of all that is this person's or between them and others."""
        with self.daemon.connect() as db:
            found = db.execute("SELECT unnest(things_of(%s))::text", (self.person.id,)).fetchall()
        return {row[0] for row in found} | set(self.unconfirmed)


def tables(db):
    return [row[0] for row in db.execute("SELECT relname FROM pg_class WHERE relnamespace = 'welcome'::regnamespace AND relkind = 'r' ORDER BY 1")]


def scan(daemon, words):
    """[(table, row as JSON has it)] of every row in which one of these words stands, bytes looked through, too."""
    pattern, found = "|".join(re.escape(word) for word in sorted(words)), []
    with daemon.connect() as db:
        for table in tables(db):
            rows = db.execute(f"SELECT to_jsonb(t) FROM {table} t WHERE to_jsonb(t)::text ~* %s", (pattern,)).fetchall()
            found += [(table, row[0]) for row in rows]
        bytes_of = db.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'welcome'"
                              " AND data_type = 'bytea' AND column_name = 'bytes'").fetchall()
        for table, column in bytes_of:
            for word in words:
                rows = db.execute(f"SELECT to_jsonb(t) - %s FROM {table} t WHERE position(convert_to(%s, 'UTF8') IN {column}) > 0",
                                  (column, word)).fetchall()
                found += [(table, row[0]) for row in rows]
    return found

