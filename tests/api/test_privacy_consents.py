# SPDX-License-Identifier: EUPL-1.2
# Consents: to a text in a version, as easily taken back as given; legal texts from files, older versions kept.
import shutil

import pytest

import filing
from support import answer, eventually, faults, new_place, problem

VERSIONS = {"consent-guide": "2026-11-22", "consent-guide-request": "2026-11-22", "consent-service-request": "2026-11-28"}


def given(person):
    return answer(person.get("/v1/me/consents"))["items"]


@pytest.mark.parametrize("kind", [*VERSIONS, "privacy", "imprint", "accessibility"])
def test_each_legal_text_is_shown_in_the_readers_language(http, kind):
    english = http.get(f"/v1/legal-texts/{kind}?lang=en")
    text = answer(english)
    assert english.headers["Content-Language"] == "en" and english.headers["Cache-Control"] == "public, no-cache"
    assert text["version"] == VERSIONS.get(kind, "2026-11-28") and text["draft"] == (kind not in VERSIONS)
    assert text["body_html"].startswith("<p>") and "<h2>" in text["body_html"] and text["city"] is None
    german = answer(http.get(f"/v1/legal-texts/{kind}?lang=de"))
    assert german["title"] != text["title"] and german["language"] == {"requested": "de", "served": "de", "fallback": False}
    assert answer(http.get(f"/v1/legal-texts/{kind}?lang=tr"))["language"] == {"requested": "tr", "served": "en", "fallback": True}
    assert http.get(f"/v1/legal-texts/{kind}?lang=en", headers={"If-None-Match": english.headers["ETag"]}).status_code == 304


def test_there_are_no_other_legal_texts(http):
    assert faults(http.get("/v1/legal-texts/terms")) == {("kind", "enum")}
    assert faults(http.get("/v1/legal-texts/imprint?city=atlantis")) == {("city", "unknown_city")}


def test_a_text_that_was_not_imported_is_not_there(start_daemon):
    daemon = start_daemon()
    with daemon.connect() as db:
        db.execute("DELETE FROM legal_text WHERE kind = 'imprint'")
    problem(daemon.http.get("/v1/legal-texts/imprint"), 404, "not_found")


def test_consent_is_to_the_version_shown(people, http, place):
    def applied(language, consent):
        form = people.guide_form(place.city, consent=consent)
        made = answer(http.post("/v1/guides", json=form, headers={"Accept-Language": language}), 202)
        assert made["state"] == "unverified"
        return given(people_session(people, form["email"]))[0]
    for language, consent, stored in (("de", True, "de"), ("en", VERSIONS["consent-guide"], "en"), ("tr", True, "en")):
        one = applied(language, consent)
        assert (one["kind"], one["version"], one["language"], one["withdrawn_at"]) == ("consent-guide", "2026-11-22", stored, None)
        assert one["given_at"]


def people_session(people, address):
    from support import Guide
    return Guide(people.daemon, people.confirm(people.daemon.mails.next(address, "confirm_guide").token))


def test_a_version_that_never_was_is_refused(people, http, place):
    for path, form in (("/v1/guides", people.guide_form(place.city)), ("/v1/guide-requests", people.request_form(place.city)),
                       ("/v1/service-requests", people.service_form(place.city))):
        people.office_in(place.city)
        assert faults(http.post(path, json=form | {"consent": "1999-01-01"})) == {("/consent", "unknown_version")}


def test_taking_back_a_consent_as_a_guide_is_leaving(people, place):
    guide, newcomer, _ = people.match(place.city)
    consent = given(guide)[0]["id"]
    assert consent == guide.guide
    withdrawn = answer(guide.post(f"/v1/me/consents/{consent}/withdraw", {}))
    assert withdrawn["withdrawn_at"] and answer(guide.get("/v1/me"))["guide"]["state"] == "left"
    assert newcomer.wait_for("open") and newcomer.mail("request_reopened")
    assert answer(guide.post(f"/v1/me/consents/{consent}/withdraw", {})) == withdrawn, "the first time counts"
    assert given(guide) == [withdrawn]


def test_taking_back_a_consent_as_a_newcomer_ends_the_match_and_closes_the_request(people, place):
    guide, newcomer, match = people.match(place.city)
    answer(newcomer.post(f"/v1/me/consents/{newcomer.request}/withdraw", {}))
    assert newcomer.look()["state"] == "closed" and newcomer.look()["closed_as"] == "withdrawn"
    assert guide.mail("match_ended_guide") and answer(guide.get("/v1/me/guide"))["load"] == 0
    problem(newcomer.post(f"/v1/guide-requests/{newcomer.request}/reopen", {}), 409, "conflict_state")


def test_taking_back_a_consent_to_a_service_withdraws_the_request(people, place):
    requester, advisor = people.requester(place.city), people.advisor(place.city)
    advisor.steps(requester, "acknowledge", "assign")
    answer(requester.post(f"/v1/me/consents/{requester.request}/withdraw", {}))
    assert requester.look()["state"] == "withdrawn" and advisor.mail("service_withdrawn_staff")
    resolved = people.requester(place.city)
    advisor.steps(resolved, "acknowledge", "assign", "resolve")
    answer(resolved.post(f"/v1/me/consents/{resolved.request}/withdraw", {}))
    assert resolved.look()["state"] == "resolved", "what has ended stays"
    problem(resolved.post(f"{resolved.path}/reopen", {"text": "Again"}), 409, "conflict_state")
    problem(advisor.post(f"{resolved.path}/reopen", {"text": "Again"}), 409, "conflict_state")


def test_nobody_takes_back_what_another_gave(people, daemon, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    problem(newcomer.post(f"/v1/me/consents/{guide.guide}/withdraw", {}), 404, "not_found")
    problem(people.coordinator(place.city).post(f"/v1/me/consents/{guide.guide}/withdraw", {}), 404, "not_found")
    problem(daemon.http.post(f"/v1/me/consents/{guide.guide}/withdraw", json={}), 401, "unauthenticated")
    task = people.open(daemon.mails.next(guide.email, "proposal").token)
    problem(task.post(f"/v1/me/consents/{guide.guide}/withdraw", {}), 403, "forbidden")
    assert newcomer.look()["state"] == "proposed"


def test_consents_come_page_by_page(people, place):
    """Three requests, one after the other."""
    city = new_place().city
    form = people.service_form(city)
    people.office_in(city)
    from support import Requester
    for _ in range(3):
        person = Requester(people.daemon, people.confirm(people.unconfirmed(form)[1]))
    whole = [one["id"] for one in given(person)]
    seen, page = [], answer(person.get("/v1/me/consents?limit=2"))
    while True:
        seen += [one["id"] for one in page["items"]]
        if not page["next"]:
            break
        page = answer(person.get(f"/v1/me/consents?limit=2&after={page['next']}"))
    assert seen == whole and len(seen) == 3


@pytest.fixture
def folder(tmp_path):
    """Content whose legal texts a test changes."""
    for part in ("reference", "legal"):
        shutil.copytree(filing.CONTENT / part, tmp_path / part)
    return tmp_path


def test_a_new_text_is_a_new_version_and_the_old_one_is_kept(empty_database, folder):
    assert filing.imported(empty_database, folder)["legal"] == "12 new or changed"
    assert filing.imported(empty_database, folder)["legal"] == "unchanged"
    path = folder / "legal/consent-guide.en.md"
    filing.edit(path, "You would like to become", "You wish to become")
    assert filing.refused(empty_database, folder) == [
        "legal/consent-guide.en.md:3: /version: This version has been shown with another text: give the new text a new version."]
    filing.edit(path, 'version: "2026-11-22"', 'version: "2026-12-01"')
    assert filing.imported(empty_database, folder)["legal"] == "1 new or changed"
    assert filing.ask(empty_database, "SELECT version, current FROM legal_text WHERE kind = 'consent-guide' AND language = 'en' ORDER BY 1") == [
        ("2026-11-22", False), ("2026-12-01", True)]
    shutil.copy(filing.CONTENT / "legal/consent-guide.en.md", path)
    assert filing.imported(empty_database, folder)["legal"] == "1 new or changed", "going back shows the old one again"
    filing.edit(folder / "legal/imprint.en.md", "[Name and legal form]", "Region")
    assert filing.imported(empty_database, folder)["legal"] == "1 new or changed", "a draft may change"


def test_a_city_may_have_a_text_of_its_own(start_daemon, folder):
    daemon = start_daemon()
    city = folder / "legal/consent-guide.en.essen.md"
    city.write_text('---\ntitle: "Consent in Essen"\nversion: "essen-1"\n---\n\nAs Essen wants it.\n')
    status, _, errors = daemon.command("import", str(folder))
    assert status == 0, errors

    def shown():
        """the city's text is shown"""
        return answer(daemon.http.get("/v1/legal-texts/consent-guide?city=essen&lang=en"))["version"] == "essen-1"
    eventually(shown)
    text = answer(daemon.http.get("/v1/legal-texts/consent-guide?city=essen&lang=en"))
    assert (text["city"], text["title"], text["body_html"]) == ("essen", "Consent in Essen", "<p>As Essen wants it.</p>\n")
    assert answer(daemon.http.get("/v1/legal-texts/consent-guide?city=dortmund&lang=en"))["city"] is None


@pytest.mark.parametrize("name, text, complaint", [
    ("terms.en.md", None, "is named after no legal text: <kind>.<language>.md or <kind>.<language>.<city>.md"),
    ("imprint.xx-none.md", '---\ntitle: "T"\nversion: "1"\n---\n\nText.\n', "This language is not known here. Tags are spelled as /v1/languages lists them."),
    ("imprint.en.md", '---\ntitle: "T"\nversion: "1"\n---\n\n# Too high\n', ":6: "),
    ("imprint.en.md", '---\ntitle: "T"\nversion: "1"\ndraft: maybe\n---\n\nText.\n', "`draft` must be true or false"),
    ("imprint.en.md", '---\ntitle: "T"\nversion: "1"\nkind: "x"\n---\n\nText.\n', "there is no member `kind`"),
    ("imprint.en.md", '---\ntitle: "T"\nversion: "1"\n---\n\n[](place:essen-city-administration)\n', "shows nothing of others"),
])
def test_files_that_are_no_legal_texts_are_refused(empty_database, folder, name, text, complaint):
    (folder / "legal" / name).write_text(text or "---\n---\n\n")
    said = filing.refused(empty_database, folder)
    assert any(complaint in line and f"legal/{name}" in line for line in said), said
