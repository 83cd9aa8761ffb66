# SPDX-License-Identifier: EUPL-1.2
# `welcomed import` into databases of its own: everything or nothing, and nothing twice.
import json
import os
import re
import shutil
import subprocess

import psycopg
import pytest

from filing import CONTENT, ask, edit, environment, imported, refused, run, value
from support import People, answer

ARTICLE = "articles/residence-registration"
RULE = "checklist/residence-title"
PLACE = "places/essen-city-administration"
EVENT = "events/series"


@pytest.fixture
def database(empty_database):
    return empty_database


@pytest.fixture
def content(tmp_path):
    """A copy of the content to spoil."""
    folder = shutil.copytree(CONTENT, tmp_path / "content")
    shutil.copytree(CONTENT / "demo/news/demo-summer-party", folder / "news/fair")
    (folder / "news/fair/news.yaml").write_text('publishes_at: "2026-11-01T10:00:00Z"\nexpires_at: "2026-12-01T10:00:00Z"\n')
    shutil.copytree(CONTENT / "demo/events/demo-online-evening", folder / "events/series")
    (folder / "events/series/event.yaml").write_text('starts: "2026-12-02T18:00"\nends: "2026-12-02T20:00"\n'
                                                     'rrule: "FREQ=WEEKLY"\nexdates:\n  - "2026-12-09T18:00"\nplace: essen-city-administration\n')
    return folder


def refused_at_first(database, folder):
    """What was said of a folder that must not leave anything behind."""
    said = refused(database, folder)
    assert value(database, "SELECT count(*) FROM city") == 0
    return said


def test_everything_arrives_once(database):
    assert all("new or changed" in said for said in imported(database, CONTENT).values())
    before = ask(database, "SELECT id, number, state FROM revision ORDER BY id")
    assert set(imported(database, CONTENT).values()) == {"unchanged"}
    assert ask(database, "SELECT id, number, state FROM revision ORDER BY id") == before
    cities = json.loads((CONTENT / "reference/cities.json").read_text())["cities"]
    assert value(database, "SELECT count(*) FROM city") == len(cities)
    languages = (CONTENT / "reference/languages.csv").read_text().splitlines()
    assert value(database, "SELECT count(*) FROM language") == len(languages) - 1
    translations = [path for kind in ("articles", "places", "stories") for path in CONTENT.glob(f"{kind}/*/*.md")]
    assert value(database, "SELECT count(*) FROM revision WHERE state = 'published'") == len(translations) >= 16


def test_related_languages_are_related_both_ways(database):
    imported(database, CONTENT)
    assert value(database, "SELECT count(*) FROM related_language r WHERE NOT EXISTS"
                           " (SELECT FROM related_language o WHERE o.a = r.b AND o.b = r.a)") == 0
    assert ("prs",) in ask(database, "SELECT b FROM related_language WHERE a = 'fa'")


def test_a_changed_text_is_a_new_revision_and_the_old_slug_stays(database, content):
    imported(database, content)
    edit(content / ARTICLE / "en.md", "slug: \"", "slug: \"newer-")
    edit(content / ARTICLE / "en.md", "title: \"", "title: \"Newer: ")
    assert imported(database, content)["articles"].split()[0] == "1"
    article = "content = (SELECT id FROM content WHERE key = 'residence-registration') AND language = 'en'"
    assert ask(database, f"SELECT number, state FROM revision WHERE {article} ORDER BY number") == [
        (1, "superseded"), (2, "published")]
    slugs = ask(database, f"SELECT slug, current FROM content_slug WHERE {article} ORDER BY current")
    assert [current for _, current in slugs] == [False, True]
    assert slugs[1][0] == "newer-" + slugs[0][0]


def test_what_editors_changed_stays_while_the_files_say_the_same(database, content):
    imported(database, content)
    article = "(SELECT id FROM content WHERE key = 'residence-registration')"
    place = "(SELECT id FROM content WHERE key = 'essen-city-administration')"
    with psycopg.connect(dbname=database, autocommit=True) as db:
        db.execute("SET search_path = welcome")
        db.execute(f"SELECT publish_translation({article}, 'en', 'ours', 'Ours', '', 'x', '<p>x</p>', 'x', '{{}}', 'human', 'de', false, '{{}}', '[]', NULL)")
        db.execute(f"UPDATE content SET topics = '{{housing}}', related = '{{}}' WHERE id = {article}")
        db.execute(f"UPDATE place SET phone = '+49 201 1' WHERE content = {place}")
    told = imported(database, content)
    assert told["articles"] == told["places"] == "unchanged"

    def there():
        return (value(database, f"SELECT title FROM translation WHERE content = {article} AND language = 'en'"),
                value(database, f"SELECT topics FROM content WHERE id = {article}"), value(database, f"SELECT cardinality(related) FROM content WHERE id = {article}"),
                value(database, f"SELECT phone FROM place WHERE content = {place}"))
    assert there() == ("Ours", ["housing"], 0, "+49 201 1")
    edit(content / ARTICLE / "en.md", "title: \"", "title: \"Newer: ")  # what the files say anew counts, and nothing beside it
    imported(database, content)
    assert there()[0].startswith("Newer: ") and there()[1:] == (["housing"], 0, "+49 201 1")


def test_a_changed_row_is_changed(database, content):
    imported(database, content)
    edit(content / "reference/languages.csv", "German,Deutsch,Deutsch,Deutsch", "German,Deutsch,Deutsch,DEUTSCH")
    assert imported(database, content)["reference"].split()[0] == "1"
    assert value(database, "SELECT autonym FROM language WHERE tag = 'de'") == "DEUTSCH"


def test_bodies_are_safe_html_and_plain_text(database):
    imported(database, CONTENT)
    assert value(database, "SELECT count(*) FROM revision WHERE body_html ~* '<(script|img|iframe)|javascript:'") == 0
    assert value(database, "SELECT count(*) FROM revision WHERE body_text ~ '\\*\\*|^#|\\]\\('") == 0
    assert value(database, "SELECT count(*) FROM revision WHERE body_text = ''") == 0
    assert value(database, "SELECT count(*) FROM revision r JOIN content c ON c.id = r.content WHERE kind = 'article' AND body_html !~ '<h2>'") == 0


@pytest.mark.parametrize("file, old, new, place, words", [
    ("reference/cities.json", '"slug": "bochum"', '"slug": "Bochum !"', "reference/cities.json:", "check constraint"),
    ("reference/cities.json", '"cities"', '"towns"', "reference/cities.json:1:", "no list `cities`"),
    ("reference/cities.json", '"bochum",', '"bochum"', "reference/cities.json:6:", ""),
    ("reference/languages.csv", "de,de,deu", "de,deu", "reference/languages.csv:2:", "fields of the first line"),
    ("reference/languages.csv", "de,de,deu", '"de"x,de,deu', "reference/languages.csv:2:", "fields of the first line"),
    (f"{ARTICLE}/article.yaml", "topics:\n", "topics:\n  - nonsense\n", f"{ARTICLE}/article.yaml:3:", "/topics/0: There is no such topic."),
    (f"{ARTICLE}/article.yaml", "position: ", "posture: 1\nposition: ", f"{ARTICLE}/article.yaml:1:", "/posture: There is no member of this name."),
    (f"{ARTICLE}/article.yaml", "position: ", "parent: nobody\nposition: ", f"{ARTICLE}/article.yaml:1:", "/parent: There is no such article."),
    (f"{ARTICLE}/article.yaml", "position: ", "position: yes\n#", f"{ARTICLE}/article.yaml:1:", ""),
    (f"{ARTICLE}/de.md", "---\n", "", f"{ARTICLE}/de.md:1:", "front matter"),
    (f"{ARTICLE}/de.md", "title: ", "titel: ", f"{ARTICLE}/de.md:2:", "/title: This is missing."),
    (f"{ARTICLE}/de.md", "method: ", "method: magic #", f"{ARTICLE}/de.md:6:", "/provenance/method: Possible values: human, machine, machine_reviewed."),
    (f"{ARTICLE}/de.md", "\n---\n\n", "\n---\n\n<script>alert(1)</script>\n\n", f"{ARTICLE}/de.md:11:", "raw HTML"),
    (f"{ARTICLE}/de.md", "\n---\n\n", "\n---\n\nA ![picture](https://x)\n\n", f"{ARTICLE}/de.md:11:", "pictures"),
    (f"{ARTICLE}/de.md", "\n---\n\n", "\n---\n\nA [link](javascript:x)\n\n", f"{ARTICLE}/de.md:11:", "links lead"),
    (f"{ARTICLE}/de.md", "\n---\n\n", "\n---\n\n# Title\n\n", f"{ARTICLE}/de.md:11:", "headings begin"),
    (f"{ARTICLE}/de.md", "\n---\n\n", "\n---\n\n\0", f"{ARTICLE}/de.md:", "no text"),
    (f"{PLACE}/place.yaml", "category: ", "category: nonsense\n#", f"{PLACE}/place.yaml:7:", "/category: There is no such category."),
    (f"{PLACE}/place.yaml", "category: ", "kind: ", f"{PLACE}/place.yaml:1:", "/category: This is missing."),
    (f"{PLACE}/place.yaml", "contacts:\n", "latitude: 51.5\ncontacts:\n", f"{PLACE}/place.yaml:1:", "/longitude: This is missing."),
    (f"{PLACE}/place.yaml", "contacts:\n", "opening_hours:\n  - closed: true\ncontacts:\n", f"{PLACE}/place.yaml:9:", "/opening_hours: "),
    (f"{PLACE}/place.yaml", "contacts:\n", "opening_hours:\n  - closed: true\n    all_day: true\n" + "  - closed: true\n" * 6 + "contacts:\n",
     f"{PLACE}/place.yaml:10:", "/opening_hours/0: A day is closed"),
    (f"{PLACE}/place.yaml", "  - key: essen-immigration-office\n", "  - key: essen-registration\n", f"{PLACE}/place.yaml:15:",
     "/contacts/1/key: "),
    (f"{PLACE}/place.yaml", "  - key: essen-registration\n", "  - key: bochum-registration\n", f"{PLACE}/place.yaml:10:",
     "/contacts/0/key: Another page has this key."),
    ("stories/the-gym-bag/story.yaml", "teller: ", "teller: \"\"\n#", "stories/the-gym-bag/story.yaml:8:", "/teller: "),
    ("stories/the-gym-bag/story.yaml", "speaks:\n", "speaks:\n  - \"xx\"\n", "stories/the-gym-bag/story.yaml:10:", "/speaks/0: "),
    ("stories/the-gym-bag/story.yaml", "position: 5\ncity: gelsenkirchen", "position: 1\ncity: dortmund", "stories/", "has the same position"),
    ("news/fair/news.yaml", "expires_at: \"2026-12", "expires_at: \"2026-10", "news/fair/news.yaml:2:", "/expires_at: This must be later than publishes_at."),
    (f"{EVENT}/event.yaml", "starts: ", "begins: ", f"{EVENT}/event.yaml:1:", "/starts: This is missing."),
    (f"{EVENT}/event.yaml", "12-02T20:00", "12-01T20:00", f"{EVENT}/event.yaml:2:", "/ends: The end must come after the beginning."),
    (f"{EVENT}/event.yaml", "starts: \"2026-12", "starts: \"2026-02-30T18:00\"\n#", f"{EVENT}/event.yaml:1:", "/starts: This is not a valid date."),
    (f"{EVENT}/event.yaml", "=WEEKLY", "=HOURLY", f"{EVENT}/event.yaml:3:", "/rrule: Events happen by days, weeks, months or years"),
    (f"{EVENT}/event.yaml", "=WEEKLY", "=WEEKLY;BYDAY=FR", f"{EVENT}/event.yaml:1:", "/starts: The beginning must be the first by the rule: 2026-12-04T18:00."),
    (f"{EVENT}/event.yaml", "  - \"2026-12-09", "  - \"2026-12-10", f"{EVENT}/event.yaml:5:", "/exdates/0: The event does not begin then"),
    (f"{EVENT}/event.yaml", "place: essen", "place: nowhere", f"{EVENT}/event.yaml:6:", "/place: There is no such place."),
    ("reference/holidays.yaml", "month: 1\n", "month: 13\n", "reference/holidays.yaml:2:", ""),
    ("reference/holidays.yaml", "day: 1\n", "day: 1\n    easter_offset: 1\n", "reference/holidays.yaml:2:", "check constraint"),
    (f"{RULE}/rule.yaml", "position: ", "posture: 1\nposition: ", f"{RULE}/rule.yaml:1:", "no member `posture`"),
    (f"{RULE}/rule.yaml", "position: 160", "position: first", f"{RULE}/rule.yaml:1:", "`position` must be a whole number"),
    (f"{RULE}/rule.yaml", "article: ", "article: nothing-like-this\nreplaced: ", f"{RULE}/rule.yaml:3:", "no member `replaced`"),
    (f"{RULE}/rule.yaml", "article: residence-permit-appointment", "article: nothing-like-this", f"{RULE}/rule.yaml:2:", "no article `nothing-like-this`"),
    (f"{RULE}/rule.yaml", "audiences:\n", "audiences:\n  - nobody\n", f"{RULE}/rule.yaml:4:", "unknown in `audiences`: nobody"),
    (f"{RULE}/rule.yaml", "stages:\n", "cities:\n  - atlantis\nstages:\n", f"{RULE}/rule.yaml:9:", "unknown in `cities`: atlantis"),
    (f"{RULE}/rule.yaml", "citizenship:\n", "citizenship:\n  - martian\n", f"{RULE}/rule.yaml:11:", "unknown in `citizenship`: martian"),
    (f"{RULE}/rule.yaml", "citizenship:\n", "children: welcome\ncitizenship:\n", f"{RULE}/rule.yaml:10:", "`children` is `required`"),
    (f"{RULE}/rule.yaml", "sources:\n", "sources: []\nlaws:\n", f"{RULE}/rule.yaml:", ""),
    (f"{RULE}/rule.yaml", "    source: ", "    website: ", f"{RULE}/rule.yaml:15:", "no member `website`"),
    (f"{RULE}/rule.yaml", "sources:\n", "deadline:\n  amount: 2\n  unit: weeks\nsources:\n", f"{RULE}/rule.yaml:1:", "check constraint"),
    (f"{RULE}/rule.yaml", "sources:\n", "deadline:\n  amount: two\nsources:\n", f"{RULE}/rule.yaml:14:", "`amount` must be a whole number"),
    (f"{RULE}/rule.yaml", "sources:\n", "deadline:\n  amount: 2\n  unit: moons\n  counted: after-arrival\n  last_day: stays\nsources:\n",
     f"{RULE}/rule.yaml:1:", "deadline_unit"),
    (f"{RULE}/rule.yaml", "sources:\n", "deadline:\n  amount: 2\n  unit: days\n  counted: before-arrival\n  last_day: moves\nsources:\n",
     f"{RULE}/rule.yaml:1:", "check constraint"),
    (f"{RULE}/de.yaml", "why: ", "because: ", f"{RULE}/de.yaml:2:", "no member `because`"),
    (f"{RULE}/de.yaml", "title: ", 'title: ""\nwhy: ', f"{RULE}/de.yaml:", ""),
    (f"{RULE}/de.yaml", "  method: ", "  method: magic #", f"{RULE}/de.yaml:5:", "`method` must be"),
])
def test_a_fault_is_named_with_its_line_and_nothing_is_imported(database, content, file, old, new, place, words):
    edit(content / file, old, new)
    said = refused_at_first(database, content)
    assert said[0].startswith(place) and words in said[0], said


def test_a_language_is_spelled_as_it_is_listed(database, content):
    (content / ARTICLE / "en.md").rename(content / ARTICLE / "EN.md")
    assert refused_at_first(database, content) == [f"{ARTICLE}/EN.md: there is no language `EN`"]


def test_a_step_whose_files_are_gone_is_gone(database, content):
    imported(database, content)
    before = value(database, "SELECT count(*) FROM checklist_rule")
    shutil.rmtree(content / RULE)
    (content / "checklist/bank-account/uk.yaml").write_text((content / "checklist/bank-account/en.yaml").read_text())
    assert imported(database, content)["checklist"].split()[0] == "2"
    assert value(database, "SELECT count(*) FROM checklist_rule") == before - 1
    assert value(database, "SELECT count(*) FROM checklist_text WHERE rule = 'residence-title'") == 0
    (content / "checklist/bank-account/uk.yaml").unlink()
    assert imported(database, content)["checklist"].split()[0] == "1"
    assert imported(database, content)["checklist"] == "unchanged"
    assert ask(database, "SELECT language FROM checklist_text WHERE rule = 'bank-account' ORDER BY 1") == [("de",), ("en",)]


def test_a_changed_step_says_when_it_changed(database, content):
    imported(database, content)
    changed = "SELECT changed_at FROM checklist_rule WHERE code = 'child-benefit'"
    before = value(database, changed)
    edit(content / "checklist/child-benefit/rule.yaml", "amount: 6", "amount: 5")
    edit(content / "checklist/child-benefit/en.yaml", "title: \"", "title: \"Really: ")
    assert imported(database, content)["checklist"].split()[0] == "2"
    assert value(database, changed) > before
    assert value(database, "SELECT changed_at FROM checklist_text WHERE rule = 'child-benefit' AND language = 'en'") > before
    assert value(database, "SELECT changed_at FROM checklist_text WHERE rule = 'child-benefit' AND language = 'de'") == before


def test_an_archived_article_keeps_its_step(database):
    imported(database, CONTENT)
    with psycopg.connect(dbname=database, options="-c search_path=welcome") as db:
        db.execute("UPDATE content SET archived_at = now(), visible = false WHERE key = 'child-benefit'")
    assert imported(database, CONTENT)["checklist"] == "unchanged"
    assert value(database, "SELECT article_link('child-benefit', NULL, '{en}') IS NULL AND article_link('bank-account', NULL, '{en}') IS NULL"
                           " AND article_link('tax-return', NULL, '{en}')->>'slug' = 'tax-return'")


def test_a_deadline_needs_words(database, content):
    path = content / "checklist/child-benefit/en.yaml"
    path.write_text(re.sub("due: .*\n", "", path.read_text()))
    assert refused_at_first(database, content) == ["checklist/child-benefit/en.yaml:1: `due` must be a text of 1 to 200 characters"]


def test_holidays_become_those_of_the_file(database, content):
    imported(database, content)
    assert value(database, "SELECT is_holiday('2027-05-27')") and not value(database, "SELECT is_holiday('2027-01-06')")
    edit(content / "reference/holidays.yaml", "  - code: corpus-christi\n    easter_offset: 60\n", "  - code: epiphany\n    month: 1\n    day: 6\n")
    assert imported(database, content)["reference"].split()[0] == "2"
    assert not value(database, "SELECT is_holiday('2027-05-27')") and value(database, "SELECT is_holiday('2027-01-06')")


def test_faults_of_several_files_are_told_at_once(database, content):
    edit(content / ARTICLE / "article.yaml", "position: ", "posture: 1\nposition: ")
    edit(content / "articles/eu-blue-card/article.yaml", "position: ", "posture: 1\nposition: ")
    assert len(refused_at_first(database, content)) == 2


def test_two_articles_cannot_have_one_slug(database, content):
    for key in ("eu-blue-card", "residence-registration"):
        path = content / "articles" / key / "en.md"
        path.write_text(re.sub(r'^slug: ".*"$', 'slug: "same"', path.read_text(), count=1, flags=re.MULTILINE))
    assert refused_at_first(database, content)[0] == "articles/eu-blue-card/en.md:3: `residence-registration` has the same slug: same"


def test_a_missing_folder_is_told(database, tmp_path):
    assert refused_at_first(database, tmp_path) == [f"{tmp_path}: holds nothing to import"]


def test_two_at_once_import_once(database):
    processes = [subprocess.Popen([os.environ["WELCOMED"], "import"], env=environment(database), text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    results = [process.communicate(timeout=120) for process in processes]
    assert [err for _, err in results] == ["", ""]
    assert sorted("unchanged" in out for out, _ in results) == [False, True]


def test_invented_people_arrive_once_and_get_no_mail(database):
    assert "new or changed" in imported(database, CONTENT, "--demo")["demo"]
    again = imported(database, CONTENT, "--demo")
    assert again["demo"] == again["requests"] == "unchanged"
    assert value(database, "SELECT count(*) FROM outbox") == 0
    states = dict(ask(database, "SELECT display_name, state FROM guide"))
    assert states["Grace Dummyfield"] == "paused" and states["Mehmet Denekoğlu"] == "active"
    personas = json.loads((CONTENT / "demo/personas.json").read_text())["personas"]
    guides = [p["display_name"] for p in personas if p["role"] == "guide"]
    assert sorted(states) == sorted(guides)
    matches = ask(database, "SELECT a.email, b.email, m.state FROM match m JOIN account a ON a.id = m.guide_account"
                            " JOIN account b ON b.id = m.request_account")
    assert matches == [("mehmet@guide.example.org", "deniz@newcomer.example.org", "active")]
    waiting = [name for name, in ask(database, "SELECT display_name FROM guide_request WHERE state = 'open'"
                                               " ORDER BY waiting_since")]
    newcomers = [p["display_name"] for p in personas if p["role"] == "newcomer"]
    assert waiting == [name for name in newcomers if name != "Deniz Denemeli"]
    roles = ask(database, "SELECT a.email, r.role, r.city FROM staff_role r JOIN account a ON a.id = r.account")
    assert sorted(roles) == sorted((p["email"], p["role"], p["city"] or "*") for p in personas
                                   if p["role"] in ("admin", "coordinator", "editor", "advisor"))


def test_what_invented_people_ask_of_the_offices_is_there_for_both_sides(start_daemon):
    daemon = start_daemon()
    for said in ("new or changed", "unchanged"):
        status, out, errors = daemon.command("import", "--demo")
        assert (status, errors) == (0, "") and re.search(f"^requests +.*{said}$", out, re.M)
    wanted = json.loads((CONTENT / "demo/service_requests.json").read_text())["service_requests"]
    people = People(daemon)
    advisor = people.sign_in("service@dortmund.example.org")
    shown = answer(advisor.get("/v1/service-requests"))["items"]
    assert sorted((one["service"]["code"], one["state"]) for one in shown) == sorted((one["service"], one["state"]) for one in wanted)
    for one in wanted:
        asker = people.sign_in(one["email"])
        mine = answer(asker.get("/v1/service-requests"))["items"]
        assert len(mine) == sum(other["email"] == one["email"] for other in wanted)
        path = next(f"/v1/service-requests/{other['id']}" for other in mine if other["service"]["code"] == one["service"])
        request = answer(asker.get(path))
        assert request["state"] == one["state"] and not any(office["overdue"] for office in request["offices"])
        for reader in (asker, advisor):
            events = answer(reader.get(f"{path}/events"))["items"]
            assert [event["kind"] for event in events] == ["submitted", *(step["kind"] for step in one["steps"])]
    waiting = next(one for one in shown if one["state"] == "waiting_for_requester")
    answer(people.sign_in("hr@pflegequelle.example.org").post(f"/v1/service-requests/{waiting['id']}/messages", {"text": "Mittwochs."}), 201)
    assert answer(advisor.get(f"/v1/service-requests/{waiting['id']}"))["state"] == "in_progress"  # it goes on from there


def test_invented_people_are_refused_while_mails_leave_the_house(database):
    process = run(database, "import", "--demo", WELCOME_SMTP_URL="smtp://127.0.0.1:25")
    assert process.returncode == 1 and "invented people are refused" in process.stderr
    assert value(database, "SELECT count(*) FROM city") == 0


def test_an_account_gets_a_role_from_the_command_line(database):
    imported(database, CONTENT)
    create = ("account", "create", "--email", "Ada@example.org")
    assert run(database, *create, "--role", "admin", "--language", "tr").returncode == 0
    assert run(database, *create, "--role", "coordinator", "--city", "essen").returncode == 0
    assert run(database, *create, "--role", "coordinator", "--city", "essen").returncode == 0
    assert ask(database, "SELECT role, city, a.language FROM staff_role r JOIN account a ON a.id = r.account ORDER BY role") == [
        ("admin", "*", "tr"), ("coordinator", "essen", "tr")]


@pytest.mark.parametrize("arguments, status, words", [
    (("--role", "boss", "--email", "a@example.org"), 1, "The role must be"),
    (("--role", "admin", "--email", "nobody"), 1, "no e-mail address"),
    (("--role", "admin", "--email", "a@example.org", "--city", "essen"), 1, "for all cities"),
    (("--role", "editor", "--email", "a@example.org", "--city", "atlantis"), 1, "no such city"),
    (("--role", "editor"), 2, "usage:"),
    (("--role",), 2, "usage:"),
    (("--rule", "editor", "--email", "a@example.org"), 2, "usage:"),
])
def test_wrong_roles_are_refused(database, arguments, status, words):
    process = run(database, "account", "create", *arguments)
    assert process.returncode == status and words in process.stderr
    assert value(database, "SELECT count(*) FROM account") == 0
