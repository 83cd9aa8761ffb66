# SPDX-License-Identifier: EUPL-1.2
# `welcomed export`: what readers get as files, the same bytes again after every way through a database.
import os
import shutil
import signal
import subprocess
import time

import psycopg
import pytest

from filing import CONTENT, ask, change, edit, environment, exported, files, imported, run
from support import database_create, database_drop

KEYS = ("residence-registration", "eu-blue-card", "child-benefit")

PLACE = """\
position: 3
city: essen
topics:
  - arriving
audiences:
  - student
category: health
street: "Weg \\"1\\""
postcode: "00000"
town: "Essen"
latitude: -51.000001
longitude: 7
phone: "115"
email: "office@place.example.org"
website: "https://place.example.org/"
appointment: none
appointment_url: "https://place.example.org/dates"
spoken_languages:
  - "de"
wheelchair: "no"
accessibility:
  de: "Rampe"
  de-simple: "Rampe"
open_on_holidays: true
temporarily_closed: true
opening_hours:
  - all_day: true
  - appointment_only: true
    slots:
      - opens: "09:00"
        closes: "12:30"
  - closed: true
  - slots:
      - opens: "22:00"
        closes: "02:00"
  - closed: true
  - closed: true
  - closed: true
contacts:
  - key: full-families
    role:
      de: "Familien"
      en: "Families"
    phone: "112"
    spoken_languages:
      - "ar"
  - key: full-work
    role:
      de: "Arbeit"
sources:
  - basis: "BMG § 17(1)"
    source: "https://www.gesetze-im-internet.de/bmg/__17.html"
reviewed_on: "2026-11-24"
review_due_on: "2027-05-24"
"""
EVENT = """\
city: essen
topics:
  - language
audiences:
  - student
starts: "2026-12-02T18:00"
ends: "2026-12-02T20:00"
rrule: "FREQ=WEEKLY;COUNT=3"
exdates:
  - "2026-12-09T18:00"
place: full
meeting_url: "https://meet.example.org/series"
sources:
  - basis: "BMG § 17(1)"
    source: "https://www.gesetze-im-internet.de/bmg/__17.html"
reviewed_on: "2026-11-24"
review_due_on: "2027-05-24"
office: full
"""
TEXT = """\
---
title: "Ort"
slug: "ort"
provenance:
  method: human
  source_language: "de"
  reviewed_on: "2026-11-24"
---

Text.
"""


@pytest.fixture(scope="module")
def filled(migrated_database):
    """Every test that only reads may have it: the content as it is delivered."""
    name = migrated_database + "_filled"
    database_create(name, migrated_database)
    imported(name, CONTENT)
    yield name
    database_drop(name)


@pytest.fixture
def database(empty_database, tmp_path):
    """Reference data, and a few articles that may be changed; their files are in tmp_path / "start"."""
    start = tmp_path / "start"
    shutil.copytree(CONTENT / "reference", start / "reference")
    for key in KEYS:
        shutil.copytree(CONTENT / "articles" / key, start / "articles" / key)
        edit(start / "articles" / key / "article.yaml", "related:\n", "related:\n" + "".join(f"  - {k}\n" for k in KEYS if k != key) + "#")
        text = (start / "articles" / key / "article.yaml").read_text()
        head, _, rest = text.partition("#")
        rest = rest[rest.index("sources:"):].partition("parent: ")[0]
        (start / "articles" / key / "article.yaml").write_text(head + rest)
    imported(empty_database, start)
    return empty_database


def things_of(folder, inside=""):
    """The files that an export writes, of those in the folder."""
    kinds = tuple(f"{inside}{kind}/" for kind in ("places", "articles", "news", "events", "stories"))
    return {name[len(inside):]: content for name, content in files(folder).items() if name.startswith(kinds)}


def travels(database, other, folder, alike=True):
    """What an export holds, after it went into another database, came out of it alike, and (alike) changed nothing in its own."""
    first = files(exported(database, folder / "first"))
    shutil.copytree(CONTENT / "reference", folder / "first" / "reference")
    imported(other, folder / "first")
    assert files(exported(other, folder / "second")) == first
    assert (set(imported(database, folder / "first").values()) == {"unchanged"}) == alike
    assert set(imported(other, folder / "first").values()) == {"unchanged"}
    return first


def test_what_was_imported_comes_out_byte_for_byte(filled, tmp_path):
    assert things_of(exported(filled, tmp_path / "out")) == things_of(CONTENT)


def test_invented_things_come_out_as_they_were_imported(filled, new_database, tmp_path):
    demo = new_database()
    imported(demo, CONTENT, "--demo")
    assert things_of(exported(demo, tmp_path / "out")) == things_of(CONTENT) | things_of(CONTENT, "demo/")


def place_imported(database, folder):
    place = folder / "places/full"
    place.mkdir(parents=True)
    (place / "place.yaml").write_text(PLACE)
    (place / "de.md").write_text(TEXT)
    imported(database, folder)


def test_everything_a_place_can_have_travels(database, new_database, tmp_path):
    place_imported(database, tmp_path / "start")
    assert travels(database, new_database(), tmp_path)["places/full/place.yaml"].decode() == PLACE
    assert ask(database, "SELECT latitude, longitude, accessibility FROM place") == [(-51.000001, 7.0, {"de": "Rampe", "de-simple": "Rampe"})]


def test_everything_an_event_can_have_travels(database, new_database, tmp_path):
    place_imported(database, tmp_path / "start")
    event = tmp_path / "start/events/series"
    event.mkdir(parents=True)
    (event / "event.yaml").write_text(EVENT)
    (event / "de.md").write_text(TEXT)
    assert imported(database, tmp_path / "start")["events"] == "3 new or changed"  # itself, where it is, its text
    assert imported(database, tmp_path / "start")["events"] == "unchanged"
    assert travels(database, new_database(), tmp_path)["events/series/event.yaml"].decode() == EVENT
    begins = ask(database, "SELECT (starts_at AT TIME ZONE 'Europe/Berlin')::text FROM occurrence ORDER BY 1")
    assert [at for at, in begins] == ["2026-12-02 18:00:00", "2026-12-16 18:00:00"]
    edit(event / "event.yaml", "COUNT=3", "COUNT=4")
    assert imported(database, tmp_path / "start")["events"] == "1 new or changed"
    assert ask(database, "SELECT count(*), min(expanded_to::text) FROM occurrence JOIN event ON event = content") == [(3, "infinity")]


def test_an_export_over_an_export_is_the_same(filled, tmp_path):
    first = files(exported(filled, tmp_path / "out"))
    assert files(exported(filled, tmp_path / "out")) == first


def test_what_is_gone_from_the_database_is_gone_from_the_folder(database, tmp_path):
    out = exported(database, tmp_path / "out")
    (out / "README.md").write_text("Our own notes stay.")
    change(database, "UPDATE content SET archived_at = clock() WHERE key = 'child-benefit'")
    exported(database, out)
    assert {path.name for path in (out / "articles").iterdir()} == {"residence-registration", "eu-blue-card"}
    assert "child-benefit" not in "".join(path.read_text() for path in out.rglob("*.yaml")), "nothing points at it"
    assert {path.name for path in out.iterdir()} == {"articles", "README.md"}


def test_an_outdated_translation_stays_outdated(database, new_database, tmp_path):
    start = tmp_path / "start"
    edit(start / "articles/eu-blue-card/de.md", "\n---\n\n", "\n---\n\nNeu.\n\n")
    imported(database, start)
    states = "SELECT language, state FROM published_translation p JOIN content c ON c.id = p.content WHERE key = 'eu-blue-card' ORDER BY 1"
    before = ask(database, states)
    assert ("en", "outdated") in before and ("de", "current") in before
    other = new_database()
    assert b"  outdated: true\n" in travels(database, other, tmp_path)["articles/eu-blue-card/en.md"]
    assert ask(other, states) == before


def test_a_translation_of_a_translation_knows_its_source(database, tmp_path):
    """Whatever the order of their names."""
    for language, source in (("de", "en"), ("en", "pl"), ("pl", "pl")):
        edit(tmp_path / f"start/articles/residence-registration/{language}.md", 'source_language: "de"', f'source_language: "{source}"')
    imported(database, tmp_path / "start")
    outdated = [language for language, in ask(database, "SELECT language FROM published_translation WHERE state = 'outdated'")]
    assert not {"de", "en", "pl"} & set(outdated)


def test_a_text_said_to_be_behind_is_behind_at_once(database, tmp_path):
    edit(tmp_path / "start/articles/eu-blue-card/en.md", "\n---\n\n", "\n  outdated: true\n---\n\n")
    assert imported(database, tmp_path / "start")["articles"].split()[0] == "1"
    assert imported(database, tmp_path / "start")["articles"] == "unchanged"
    assert ask(database, "SELECT language FROM published_translation WHERE state = 'outdated'") == [("en",)]


def test_old_addresses_travel(database, new_database, tmp_path):
    for slug in ("newer-card", "newest-card"):
        path = tmp_path / "start/articles/eu-blue-card/en.md"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(f'slug: "{slug}"\n' if line.startswith("slug:") else line for line in lines))
        imported(database, tmp_path / "start")
    other = new_database()
    assert b'slug: "newest-card"\nformer_slugs:\n  - "eu-blue-card"\n  - "newer-card"\n' in travels(
        database, other, tmp_path)["articles/eu-blue-card/en.md"]
    slugs = "SELECT slug, current FROM content_slug s JOIN content c ON c.id = s.content WHERE key = 'eu-blue-card' AND language = 'en' ORDER BY 1"
    assert ask(other, slugs) == [("eu-blue-card", False), ("newer-card", False), ("newest-card", True)]


def test_siblings_at_one_position_come_out_in_their_order(database, new_database, tmp_path):
    change(database, "UPDATE content SET position = 7")
    order = [key for key, in ask(database, "SELECT key FROM content ORDER BY position, id")]
    other = new_database()
    travelled = travels(database, other, tmp_path, alike=False)
    assert [key for key, in ask(other, "SELECT key FROM content ORDER BY position, id")] == order
    assert sorted(content.split()[1] for name, content in travelled.items() if name.endswith(".yaml")) == [b"7", b"8", b"9"]


def test_a_folder_of_other_things_is_left_alone(database, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter.txt").write_text("Dear")
    process = run(database, "export", home)
    assert process.returncode == 1 and "holds letter.txt but no content" in process.stderr
    assert files(home) == {"letter.txt": b"Dear"}
    exported(database, home, "--force")
    assert (home / "letter.txt").read_text() == "Dear" and (home / "articles/eu-blue-card/de.md").exists()


@pytest.mark.parametrize("foreign", ["articles/eu-blue-card/notes.txt", "articles/notes.md", "articles/eu-blue-card/more/de.md"])
def test_what_an_export_would_not_write_it_does_not_remove(database, tmp_path, foreign):
    out = exported(database, tmp_path / "out")
    (out / foreign).parent.mkdir(exist_ok=True)
    (out / foreign).write_text("Mine")
    before = files(out)
    process = run(database, "export", out)
    assert process.returncode == 1 and "is nothing that an export writes" in process.stderr
    assert process.stderr.endswith("Nothing was exported.\n") and files(out) == before
    exported(database, out, "--force")
    assert not (out / foreign).exists()


def test_an_empty_database_empties_no_folder(database, empty_database, new_database, tmp_path):
    out = exported(database, tmp_path / "out")
    before = files(out)
    process = run(new_database(), "export", out)
    assert process.returncode == 1 and "there is no content" in process.stderr and files(out) == before


def test_a_folder_that_cannot_be_made_is_told(filled, tmp_path):
    process = run(filled, "export", tmp_path / "missing" / "out")
    assert process.returncode == 1 and "No such file" in process.stderr
    (tmp_path / "file").write_text("")
    assert run(filled, "export", tmp_path / "file").returncode == 1
    assert run(filled, "export").returncode == 2 and run(filled, "export", "a", "b").returncode == 2


def test_a_failed_export_leaves_the_folder_as_it_was(database, tmp_path):
    out = exported(database, tmp_path / "out")
    before = files(out)
    with psycopg.connect(dbname=database, options="-c search_path=welcome") as db:
        db.execute("ALTER TABLE translation RENAME COLUMN body_markdown TO body_lost")
    change(database, "UPDATE content SET position = position + 1")
    change(database, "CREATE OR REPLACE VIEW exported_text AS SELECT c.kind, c.key, t.language, jsonb_build_object('title', 1 / (t.language <> 'pl')::int) AS front,"
                     " t.body_lost AS body FROM translation t JOIN content c ON c.id = t.content")
    process = run(database, "export", out)
    assert process.returncode == 1 and "division by zero" in process.stderr and files(out) == before
    assert run(database, "export", tmp_path / "new").returncode == 1 and not (tmp_path / "new").exists()


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_export_leaves_whole_files_only(database, tmp_path, ends):
    place_imported(database, tmp_path / "start")
    out = exported(database, tmp_path / "out")
    before = files(out)
    change(database, "UPDATE content SET position = position + 1")
    with psycopg.connect(dbname=database, options="-c search_path=welcome") as db:
        db.execute("LOCK TABLE content_slug IN ACCESS EXCLUSIVE MODE")  # the texts wait, the other files are written by then
        process = subprocess.Popen([os.environ["WELCOMED"], "export", str(out)], env=environment(database), stderr=subprocess.PIPE, text=True)
        while not list(out.glob(".welcomed-export/places/*/place.yaml")):
            assert process.poll() is None
            time.sleep(0.01)
        again = run(database, "export", out)
        assert again.returncode == 1 and "another export is writing" in again.stderr
        process.send_signal(ends)
        if ends == signal.SIGKILL:
            process.wait(30)
    process.communicate(timeout=30)
    assert process.returncode == (1 if ends == signal.SIGTERM else -ends)
    assert {name: content for name, content in files(out).items() if name[0] != "."} == before
    after = files(exported(database, out))
    assert after != before and not [name for name in after if name[0] == "."]
