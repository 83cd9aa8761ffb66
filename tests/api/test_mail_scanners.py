# SPDX-License-Identifier: EUPL-1.2
# Programs that open every link of a mail before its reader does: nothing comes of it, and the reader's own click still works.
import email
import email.policy
import itertools
import json
import re
import urllib.parse

import pytest
import yaml

from support import ROOT, People, answer, problem

TEMPLATES = json.loads((ROOT / "content/mail/en.json").read_text())["templates"]
CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
# Paths of the portal that mails lead to; <id> stands for any.
PATHS = {"/sign-in", "/confirm", "/proposals/<id>", "/matches/<id>", "/guide-requests/<id>", "/service-requests/<id>"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def own(daemons):
    """A daemon in which nothing happens but what these tests do."""
    with daemons.running(WELCOME_MATCHING="manual", WELCOME_JOB_PAUSE=3600) as daemon:
        yield People(daemon)


def links(daemon):
    """Every address in every mail that was sent, texts and pages."""
    found = set()
    for file in (daemon.folder / "mail").glob("*/*"):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for part in mail.walk():
            if part.get_content_maintype() == "text":
                found |= set(re.findall(r"https?://[^\s\"'<>)]+", part.get_content().replace("&amp;", "&")))
    return found


def everything(daemon):
    """The content of all tables, but the jobs' own clock."""
    with daemon.connect() as db:
        tables = [name for name, in db.execute("SELECT relname FROM pg_class WHERE relnamespace = 'welcome'::regnamespace AND relkind = 'r'"
                                               " AND relname <> 'job_note'")]
        return {table: db.execute(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t").fetchone() for table in tables}


def scan(daemon, link):
    """What scanners do with a link: they ask for it, with what they make of its fragment, at the portal and, should they guess it, here."""
    address = urllib.parse.urlsplit(link)
    token = address.fragment.partition("=")[2]
    for path, prefix in itertools.product((address.path, f"{address.path}/accept", f"{address.path}/confirm", "/sessions", "/confirmations"), ("", "/v1")):
        for query in {address.query, f"token={token}", address.fragment}:
            for method in ("GET", "HEAD", "OPTIONS"):
                status = daemon.http.request(method, f"{prefix}{path}" + (f"?{query}" if query else ""), follow_redirects=True).status_code
                assert status in (204, 401, 404, 405, 422), (method, path)


def test_whoever_opens_every_link_of_every_mail_changes_nothing(own):
    daemon, city = own.daemon, "test-0"
    _, guide = own.apply("/v1/guides", own.guide_form(city))
    _, request = own.apply("/v1/guide-requests", own.request_form(city))
    own.office_in(city)
    _, service = own.unconfirmed(own.service_form(city))
    own.requester(city)  # mails about what an office does
    helper, newcomer = own.guide(city), own.newcomer(city)
    coordinator = own.coordinator(city)
    answer(coordinator.post(f"/v1/guide-requests/{newcomer.request}/proposals", {"guide": helper.guide}), 201)
    proposal = helper.mail("proposal").token
    answer(daemon.http.post("/v1/sign-in", json={"email": newcomer.email}), 202)
    sign_in = newcomer.mail("sign_in").token
    match_guide, matched = own.guide("test-2"), own.newcomer("test-2")
    answer(own.coordinator("test-2").post(f"/v1/guide-requests/{matched.request}/proposals", {"guide": match_guide.guide}), 201)
    match_guide.accept()
    match = matched.mail("match_newcomer").token
    daemon.mails_sent()

    found = links(daemon)
    paths = {UUID.sub("<id>", urllib.parse.urlsplit(link).path) for link in found}
    assert {"/sign-in", "/confirm", "/proposals/<id>", "/matches/<id>", "/service-requests/<id>"} <= paths <= PATHS
    assert not [link for link in found if "token" in urllib.parse.urlsplit(link).query], "a token that servers would log"
    before = everything(daemon)
    for link in found:
        scan(daemon, link)
    after = everything(daemon)
    assert {table for table in before if before[table] != after[table]} == set()

    for token in (guide, request, service):
        own.confirm(token)
    for token in (sign_in, proposal, match):
        own.open(token)


def test_no_template_leads_elsewhere(own):
    """The one function that makes links, for every template and everything a mail can be about."""
    with own.daemon.connect() as db:
        kinds = ["account", "appointment", "feedback", "guide", "guide_request", "match", "proposal", "report", "service_event", "service_request",
                 "service_request_office"]
        ids = {kind: [row[0] for row in db.execute(f"SELECT id FROM {kind} LIMIT 3")] or ["01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01"] for kind in kinds}
        made = {(template, UUID.sub("<id>", path)) for template in TEMPLATES for kind in kinds for thing in ids[kind]
                for path, in db.execute("SELECT path FROM mail_link(%s, %s, %s)", (template, kind, thing))}
    assert {path for _, path in made} <= PATHS
    assert len({template for template, _ in made}) > 30


def test_tokens_are_taken_in_bodies_of_posts_alone():
    """No address has a place for a token, and what GET runs cannot write: `welcomed check` proves that of every statement."""
    for path, operations in CONTRACT["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []):
                if "token" in parameter.get("name", ""):
                    raise AssertionError(f"{method} {path}: {parameter['name']}")
    for path in ("/v1/sessions", "/v1/confirmations"):
        assert set(CONTRACT["paths"][path]) & {"get", "head"} == set()


def test_a_link_is_good_for_one_post(own):
    _, token = own.apply("/v1/guide-requests", own.request_form("test-4"))
    own.confirm(token)
    problem(own.daemon.http.post("/v1/confirmations", json={"token": token}), 410, "token_used")
