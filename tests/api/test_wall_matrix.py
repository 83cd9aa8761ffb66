# SPDX-License-Identifier: EUPL-1.2
# Every operation of the contract × every kind of person × a thing of one city, which is theirs or another's: who gets in, who is told that
# the operation is for others (403), to whom the thing is not there (404, word for word as for one that does not exist). Which roles may
# call an operation at all the contract says (`security`); whose things they reach is said in REACH. No refused request may change a row, no
# answer to a stranger may name anybody of the city.
import collections
import concurrent.futures
import datetime
import time

import media_files
import pytest
from attachment_files import brought
from test_contract_negatives import NOBODY, OPERATIONS
from test_second_factor import enrol

from support import PATIENCE, Desk, Guide, People, answer, new_place

CONTENTS = "editor_here editor_all"
COORDINATORS = "coordinator_here coordinator_all"
ADVISORS = "advisor_here advisor_all"
LEADERS = "coordinator_all admin"  # of matching, which is about everybody
STAFF = " ".join(f"{role}_{where}" for role in ("coordinator", "editor", "advisor") for where in ("here", "there", "all")) + " admin"
OTHERS = "guide other_guide matched newcomer stranger suspended company other_company"

# operation: who gets in at the thing of the world below, which is in the city `here`; with `!` who sees it and is told 403; with `=` another
# status, and why. Everybody else whose role may call it gets 404. `*`: about nothing but oneself, so whoever may call it gets in.
REACH = {
    # texts: editors of the desk
    "update_article get_content archive_content restore_content confirm_content list_revisions create_revision list_article_revisions get_revision"
    " update_revision submit_revision return_revision publish_revision discard_revision retract_revision update_place update_news_item update_event"
    " update_story get_feedback resolve_feedback": CONTENTS,
    "create_article create_place create_news_item create_event create_story": f"{CONTENTS} !editor_there",
    # what anybody may show is to be seen by all editors, and changed by those of its desk
    "get_media_record": "editor_here editor_there editor_all",
    "update_media delete_media": CONTENTS,
    "list_contents list_editorial_tasks list_media upload_media list_feedback list_desks": "*",
    "get_desk": f"{CONTENTS} admin",
    "update_desk": "admin",
    # guides: their coordinators
    "get_my_guide update_my_guide pause_my_guide resume_my_guide leave_my_guide": "guide other_guide suspended",
    "get_staff_guide screen_guide approve_guide reject_guide suspend_guide reinstate_guide": COORDINATORS,
    "list_staff_guides": "*",
    # a newcomer's request, for which a guide is asked at the moment
    "get_guide_request": f"newcomer {COORDINATORS}",
    "update_guide_request withdraw_guide_request widen_guide_request renew_guide_request reopen_guide_request":
        "newcomer !coordinator_here !coordinator_all",
    "close_guide_request list_candidates list_overrides create_override delete_override create_proposal": COORDINATORS,
    "list_guide_requests list_proposals list_matches": "*",
    # the proposal, open: the newcomer does not know of it
    "get_proposal": f"guide {COORDINATORS}",
    "accept_proposal decline_proposal": "guide !coordinator_here !coordinator_all",
    "confirm_proposal refuse_proposal": "!guide !coordinator_here !coordinator_all",
    "report_proposal": "guide !coordinator_here !coordinator_all",
    # a match
    "get_match end_match": f"guide matched {COORDINATORS}",
    "check_in_match report_match create_my_block": "guide matched !coordinator_here !coordinator_all",
    # safeguarding
    "get_report claim_report create_report_note resolve_report delete_bar": COORDINATORS,
    "create_bar": COORDINATORS,
    "list_reports list_bars list_my_blocks": "*",
    "delete_my_block": "guide",
    # matching of everybody
    "list_matching_rounds create_matching_round get_matching_round list_weights create_weights list_scarcity get_matching_metrics": LEADERS,
    # the catalogue
    "list_staff_services create_service get_staff_service update_service set_service_offer delete_service_offer list_staff_offices create_office"
    " get_staff_office update_office": "admin",
    "list_staff_partners create_partner update_partner": "admin advisor_all !advisor_here !advisor_there",
    "get_staff_partner": "admin advisor_all",
    # a company's request
    "get_service_request list_service_request_events create_service_request_message add_service_request_attachment get_service_request_attachment"
    " list_service_request_slots book_appointment get_appointment move_appointment cancel_appointment get_appointment_calendar":
        f"company {ADVISORS}",
    "withdraw_service_request rate_service_request": "company !advisor_here !advisor_all",
    "reopen_service_request": f"company {ADVISORS}",
    "acknowledge_service_request assign_service_request add_service_request_office wait_service_request resume_service_request"
    " forward_service_request resolve_service_request reject_service_request close_appointment withdraw_slot": ADVISORS,
    "list_service_requests export_service_requests list_saved_exports create_saved_export list_consultation_slots list_appointments": "*",
    "delete_saved_export run_saved_export": "advisor_here",
    "list_advisors": "*",
    "create_slots": f"{ADVISORS} advisor_there=422",
    # oneself
    "get_me update_me delete_me export_me get_my_consents delete_current_session get_second_factor get_my_absences"
    " create_my_absence": "*",
    "verify_second_factor confirm_second_factor remove_second_factor": "*",
    "create_second_factor": f"{STAFF} " + " ".join(f"!{name}" for name in OTHERS.split()),
    "withdraw_my_consent": "newcomer",
    "delete_my_absence": "advisor_here",
    # accounts
    "list_accounts create_account update_account reset_second_factor list_audit": "admin",
}
WHO = {name: persons.split() for names, persons in REACH.items() for name in names.split()}

# These end sessions, take the thing away or the caller's own: only the first who may is let in, and after everything else.
LAST = ["delete_media", "delete_override", "delete_saved_export", "delete_my_absence", "delete_my_block", "delete_bar", "withdraw_slot", "withdraw_my_consent",
        "reject_guide", "suspend_guide", "create_bar", "update_account", "reset_second_factor", "leave_my_guide", "delete_current_session", "delete_me"]
SECURED = [operation for operation in OPERATIONS if operation.security]
PUBLIC_READS = [operation for operation in OPERATIONS if not operation.security and operation.method == "GET"]
ABSENT = NOBODY.replace("01935f1e", "01935f1f")


class World:
    """One thing of every kind in the city `here`, everybody who has to do with it, and everybody who has not."""

    def __init__(self, daemon):
        self.daemon, self.people = daemon, People(daemon)
        self.here, _, self.there = new_place()
        self.persons, self.paths, self.bodies, self.forms = {}, {}, {}, {}
        self.make_staff()
        self.make_meetings()
        self.make_others()
        self.make_harm()
        self.make_texts()
        self.make_services()
        self.persons["nobody"] = None
        daemon.mails_sent()

    def make_staff(self):
        for role in ("coordinator", "editor", "advisor"):
            for where, city in (("here", self.here), ("there", self.there), ("all", "all")):
                self.persons[f"{role}_{where}"] = self.people.somebody_of_staff(role, city)
        self.persons["admin"] = self.people.admin()
        address = self.people.address("lacking")
        assert self.daemon.command("account", "create", "--role", "coordinator", "--email", address)[0] == 0
        enrol(self.people.sign_in(address))
        self.persons["lacking"] = self.people.sign_in(address)
        assert self.persons["lacking"].session["second_factor"]

    def make_meetings(self):
        people, coordinator = self.people, self.persons["coordinator_here"]
        self.persons["guide"] = guide = people.guide(self.here, display_name="Secret Guide", capacity=9)
        self.persons["other_guide"] = people.guide(self.here, display_name="Other Guide", languages=[{"tag": "yo", "level": "native"}])

        def ask(newcomer):
            return answer(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": guide.guide}), 201)["id"]
        self.persons["matched"] = matched = people.newcomer(self.here, display_name="Secret Matched")
        match = guide.accept(ask(matched))["match"]["id"]
        self.persons["newcomer"] = newcomer = people.newcomer(self.here, display_name="Secret Newcomer")
        proposal = ask(newcomer)
        forbidden = people.guide(self.here, display_name="Forbidden Guide", languages=[{"tag": "ig", "level": "native"}])
        answer(coordinator.post(f"/v1/guide-requests/{newcomer.request}/overrides", {"guide": forbidden.guide, "kind": "forbid", "reason": "Cousins"}), 201)
        applicant = people.applicant(self.here, display_name="Secret Applicant")
        consent = answer(newcomer.get("/v1/me/consents"))["items"][0]["id"]
        self.paths |= {"/v1/guides/": {"id": applicant.guide}, "/v1/staff/guides": {"id": applicant.guide},
                       "/v1/guide-requests": {"id": newcomer.request, "guide": forbidden.guide}, "/v1/proposals": {"id": proposal},
                       "/v1/matches": {"id": match}, "/v1/me/consents": {"id": consent}}
        self.bodies |= {"create_override": {"guide": self.persons["other_guide"].guide}, "create_proposal": {"guide": self.persons["other_guide"].guide},
                        "create_my_block": {"match": match}, "create_bar": {"guide_request": newcomer.request}, "create_matching_round": {"pins": []}}
        self.applicant = applicant

    def make_others(self):
        people = self.people
        self.persons["stranger"] = people.newcomer(self.there, display_name="Stranger")
        elsewhere, met = people.guide(self.there, display_name="Guide Elsewhere"), people.newcomer(self.there, display_name="Met Elsewhere")
        coordinator = self.persons["coordinator_there"]
        other = answer(coordinator.post(f"/v1/guide-requests/{met.request}/proposals", {"guide": elsewhere.guide}), 201)["id"]
        self.persons["link"] = people.open(elsewhere.mail("proposal").token)  # about the proposal there
        elsewhere.accept(other)
        suspended = people.guide(self.there, display_name="Suspended Guide")
        answer(coordinator.post(f"/v1/guides/{suspended.guide}/suspend", {"reason": "A complaint"}))
        self.persons["suspended"] = people.sign_in(suspended.email, lambda daemon, session: Guide(daemon, session | {"subject": {"id": suspended.guide}}))

    def make_harm(self):
        people, guide = self.people, self.persons["guide"]
        harmed = people.newcomer(self.here, display_name="Secret Harmed")
        coordinator = self.persons["coordinator_here"]
        proposal = answer(coordinator.post(f"/v1/guide-requests/{harmed.request}/proposals", {"guide": guide.guide}), 201)["id"]
        match = guide.accept(proposal)["match"]["id"]
        report = answer(harmed.post(f"/v1/matches/{match}/report", {"reason": "other", "text": "Secret words"}), 201)["id"]
        block = answer(guide.post("/v1/me/blocks", {"match": match}), 201)["id"]
        bar = answer(coordinator.post("/v1/bars", {"email": people.address("barred"), "city": self.here, "reason": "Secret reason"}), 201)["id"]
        rounds = self.persons["admin"].post("/v1/matching/rounds", {"dry_run": False})
        self.paths |= {"/v1/reports": {"id": report}, "/v1/me/blocks": {"id": block}, "/v1/bars": {"id": bar},
                       "/v1/matching/rounds": {"id": answer(rounds)["id"]}}

    def make_texts(self):
        desk = Desk(self.people, self.here)
        desk.author = editor = self.persons["editor_here"]
        article = desk.article()
        draft = desk.draft(article)
        made = media_files.upload(editor, media_files.png(), media_files.PNG)
        with self.daemon.connect() as db:
            assert db.execute("SELECT desk FROM media WHERE hash = %s", (made["hash"],)).fetchone() == (self.here,)
        forms = {operation.id: operation.example for operation in OPERATIONS}
        self.paths |= {"/v1/articles": {"id": article}, "/v1/contents": {"id": article}, "/v1/revisions": {"id": draft}, "/v1/media": {"hash": made["hash"]},
                       "/v1/desks": {"desk": self.here}}
        for name, path in (("place", "/v1/places"), ("news_item", "/v1/news"), ("event", "/v1/events"), ("story", "/v1/stories")):
            form = {member: value for member, value in forms[f"create_{name}"].items() if member != "cities"} | {"city": self.here}
            self.paths[path] = {"id": desk.made(editor.post(path, form | {"key": f"matrix-{name.replace('_', '-')}"}))}
            self.forms[f"create_{name}"] = form
        self.bodies["create_article"] = {"city": self.here}
        self.bodies["update_article"] = {"attachments": []}
        desk.reviewer = self.persons["editor_all"]
        published = desk.article()
        desk.publish(published)
        form = {"kind": "error", "object": {"kind": "article", "id": published, "language": "de"}, "text": "Secret words"}
        self.paths["/v1/feedback"] = {"id": answer(self.daemon.http.post("/v1/feedback", json=form), 202)["id"]}

    def make_services(self):
        people, advisor = self.people, self.persons["advisor_here"]
        self.persons["company"] = company = people.requester(self.here, contact={"name": "Secret Company"}, company={"name": "Secret Works", "legal_status": "registered"})
        self.persons["other_company"] = people.requester(self.there, contact={"name": "Other Company"})
        with self.daemon.connect() as db:
            db.execute("UPDATE service SET appointments = true WHERE code = 'recruiting-abroad'")
        for verb, body in (("acknowledge", None), ("assign", {"account": advisor.id})):
            answer(advisor.post(f"{company.path}/{verb}", body))
        attachment = brought(company, company)["id"]
        day = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0) + datetime.timedelta(days=9)
        office = {"city": self.here, "office": "test-office"}
        times = [(day + datetime.timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ") for hour in range(4)]
        slots = [one["id"] for one in answer(advisor.post("/v1/consultation-slots", {"office": office, "minutes": 30, "starts_at": times}), 201)["items"]]
        appointment = answer(company.post(f"{company.path}/appointments", {"slot": slots[0]}), 201)["id"]
        saved = answer(advisor.post("/v1/saved-exports", {"name": "Matrix", "filter": {"state": "submitted"}}), 201)["id"]
        away = (day + datetime.timedelta(days=30)).date()
        answer(advisor.post("/v1/me/absences", {"first_on": f"{away}", "last_on": f"{away + datetime.timedelta(days=4)}"}), 201)
        partner = answer(self.persons["admin"].post("/v1/staff/partners", {"name": "Matrix University", "kind": "university", "city": self.here}), 201)["id"]
        self.paths |= {"/v1/service-requests": {"id": company.request, "attachment": attachment, "appointment": appointment},
                       "/v1/consultation-slots": {"id": slots[3]}, "/v1/saved-exports": {"id": saved}, "/v1/me/absences": {"first_on": f"{away}"},
                       "/v1/staff/partners": {"id": partner}, "/v1/staff/offices": {"city": self.here, "slug": "test-office"},
                       "/v1/staff/services": {"code": "recruiting-abroad", "city": self.here}, "/v1/accounts": {"id": advisor.id}}
        self.bodies |= {"assign_service_request": {"account": advisor.id}, "forward_service_request": {"city": self.there, "office": "test-office"},
                        "add_service_request_office": {"city": self.there, "office": "test-office"}, "book_appointment": {"slot": slots[1]},
                        "move_appointment": {"slot": slots[2]}, "create_slots": {"office": office, "starts_at": [(day + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")]},
                        "set_service_offer": {"office": office}, "create_saved_export": {"filter": {}},
                        "reject_service_request": {"rejected_as": "other", "duplicate_of": None}, "create_office": {"city": self.here}}

    def send(self, operation, name, absent=False):
        """What somebody is answered who asks this of the thing here, or of one that is nowhere."""
        prefix = max((path for path in self.paths if operation.path.startswith(path)), key=len, default=None)
        values = dict(self.paths.get(prefix, {})) if "{" in operation.path else {}
        if absent:
            values["id"] = ABSENT
        person, options = self.persons[name], {"headers": {"If-Match": '"7"'} if any(p["name"] == "If-Match" for p in operation.parameters) else {}}
        if person:
            options["headers"]["Authorization"] = f"Bearer {person.token}"
        if operation.body:
            options["json"] = self.forms.get(operation.id, operation.example | self.bodies.get(operation.id, {}))
        elif operation.bytes_type:
            options["content"], options["headers"]["Content-Type"] = media_files.png() if operation.bytes_type.startswith("image") else b"Text", operation.bytes_type
        return self.daemon.http.request(operation.method, operation.target(**values), **options)

    # what the tests expect
    def rules(self, operation, name):
        """(status, may): what the contract and REACH say; status None: whatever comes behind the wall."""
        tasks, roles = operation.security.get("task", []), operation.security.get("session")
        if name == "nobody":
            return 401
        if name == "link":
            return 404 if "proposal" in tasks and "{id}" in operation.path else None if "proposal" in tasks else 403
        if name == "lacking":
            return None if "second_factor" in tasks else 403
        if roles and not self.holds(name) & set(roles):
            return 403
        said = WHO[operation.id]
        marked = [one.partition("=")[2] for one in said if one.startswith(f"{name}=")]
        if marked:
            return int(marked[0])
        return 403 if f"!{name}" in said else None if said == ["*"] or name in said else 404

    @staticmethod
    def holds(name):
        """The roles the contract knows, of this kind of person."""
        role = name.partition("_")[0]
        return {role} | ({"coordinator_for_all"} if name == "coordinator_all" else set())

    def secrets(self):
        """What only this city's people are to read: names, words and addresses, and the ids of what is theirs."""
        owners = [self.persons[name] for name in ("guide", "newcomer", "matched", "company")] + [self.applicant]
        ids = [values["id"] for path, values in self.paths.items()
               if path in ("/v1/guide-requests", "/v1/proposals", "/v1/matches", "/v1/reports", "/v1/bars", "/v1/me/blocks", "/v1/service-requests")]
        return {"Secret "} | {owner.email for owner in owners} | set(ids)


STRANGERS = ["nobody", "stranger", "other_company", "suspended", "link", "lacking", "coordinator_there", "editor_there", "advisor_there"]


@pytest.fixture(scope="module")
def world(daemons):
    with daemons.running(WELCOME_MATCHING="manual", WELCOME_JOB_PAUSE=3600) as daemon:
        yield World(daemon)


def fingerprint(daemon):
    """Every row there is, but for what records and counts the requests themselves, and when jobs were done."""
    with daemon.connect() as db:
        names = [name for name, in db.execute("SELECT relname FROM pg_class WHERE relnamespace = 'welcome'::regnamespace AND relkind = 'r'"
                                              " AND relname NOT IN ('audit', 'audit_seal', 'demand', 'job_note') ORDER BY 1")]
        found = {name: db.execute(f"SELECT count(*), coalesce(sum(hashtextextended(t.ctid::text || t.xmin::text, 0)), 0) FROM {name} t").fetchone()
                 for name in names}
        found["audit"] = db.execute("SELECT count(*) FROM audit WHERE action NOT IN ('saw', 'listed', 'service_requests_exported')").fetchone()
        return found


def test_every_operation_with_a_session_says_whom_it_reaches():
    assert {operation.id for operation in SECURED} == set(WHO)
    names = collections.Counter(name for names in REACH for name in names.split())
    assert [name for name, count in names.items() if count > 1] == []


def refusals(world, operation):
    """(how many were asked, what went wrong) of everybody who may not, and of what strangers read."""
    asked, wrong, secrets, absent = 0, [], world.secrets(), None
    for name in world.persons:
        expected = world.rules(operation, name)
        if expected is None and (operation.method != "GET" or name not in STRANGERS):
            continue
        response = world.send(operation, name)
        asked += 1
        if expected and response.status_code != expected:
            wrong.append(f"{operation.id} by {name}: {response.status_code}, not {expected}: {response.text[:160]}")
        elif expected == 404 and "{id}" in operation.path:
            absent = absent or world.send(operation, name, absent=True)
            if absent.status_code != 404 or absent.json() | {"request_id": ""} != response.json() | {"request_id": ""}:
                wrong.append(f"{operation.id} by {name}: what is another's answers otherwise than what is not there")
        if name in STRANGERS:
            wrong += [f"{operation.id} tells {name}: {secret}" for secret in secrets if secret in response.text]
    return asked, wrong


def test_nobody_gets_in_where_the_wall_stands_and_nothing_changes(world):
    before = fingerprint(world.daemon)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda operation: refusals(world, operation), SECURED))
    wrong = [fault for _, faults in told for fault in faults]
    assert sum(asked for asked, _ in told) > 2500 and wrong == [], "\n".join(wrong)
    changed = {table: (before[table], after) for table, after in fingerprint(world.daemon).items() if before[table] != after}
    assert changed == {}


def test_what_is_public_is_the_same_for_everybody(world):
    """What is public may change between two answers (a cursor says how far the feed has come), so that it is asked again: what differs by who asks
    differs each time."""
    def told(operation):
        """what each of them was told"""
        answers = {name: world.send(operation, name) for name in ("nobody", "stranger", "guide", "coordinator_all", "lacking", "link")}
        return {name: (response.status_code, response.text if response.status_code == 200 and operation.id != "get_challenge" else "")
                for name, response in answers.items()}

    for operation in PUBLIC_READS:
        end = time.monotonic() + PATIENCE
        while len(set((by_name := told(operation)).values())) > 1:
            assert time.monotonic() < end, (operation, by_name)


def test_whoever_may_gets_in(world):
    """Behind the wall a thing may be in another state by now (409), or the form want more (412, 422, 428)."""
    wrong, gone = [], set()
    for operation in sorted(SECURED, key=lambda one: (LAST.index(one.id) if one.id in LAST else -1, one.method != "GET")):
        for name in world.persons:
            if world.rules(operation, name) is not None or name in gone or operation.id in LAST and name in ("link", "lacking"):
                continue
            response = world.send(operation, name)
            if response.status_code in (401, 403, 404) or response.status_code >= 500:
                wrong.append(f"{operation.id} by {name}: {response.status_code} {response.text[:160]}")
            if operation.id in LAST:
                gone |= {name} if operation.id in ("leave_my_guide", "delete_current_session") else set()
                break
    assert wrong == [], "\n".join(wrong)
