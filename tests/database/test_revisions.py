# SPDX-License-Identifier: EUPL-1.2
"""The way of a text from the draft to the readers and back, as the tables keep it, whatever statement an editor's session sends."""
import itertools
import uuid

import psycopg
import pytest

from test_states import refused

STATES = ("draft", "in_review", "published", "superseded", "archived")
STEPS = {("draft", "in_review"), ("draft", "published"), ("draft", "archived"), ("in_review", "draft"), ("in_review", "published"),
         ("in_review", "archived"), ("published", "archived")}  # what staff may do; superseded is a consequence


class Desk:
    def __init__(self, world, city="essen", four_eyes=True):
        self.world, self.city = world, city
        world.god.execute("INSERT INTO desk (desk, four_eyes) VALUES (%s, %s) ON CONFLICT (desk) DO UPDATE SET four_eyes = EXCLUDED.four_eyes",
                          (city, four_eyes))
        self.author, self.reviewer = world.staff("editor", city), world.staff("editor", city)

    def content(self, **columns):
        thing = str(uuid.uuid4())
        row = {"id": thing, "kind": "article", "key": f"thing-{thing}", "city": self.city} | columns
        self.author.run((f"INSERT INTO content ({', '.join(row)}) VALUES ({', '.join(f'%({name})s' for name in row)})", row))
        return thing

    def draft(self, content, language="de", **columns):
        revision = str(uuid.uuid4())
        number = self.world.value("SELECT count(*) + 1 FROM revision WHERE content = %s AND language = %s", content, language)
        row = {"id": revision, "content": content, "desk": self.city, "language": language, "number": number, "state": "draft",
               "slug": f"slug-{revision}", "title": "Titel", "body_markdown": "", "body_html": "", "body_text": "",
               "author": self.author.account} | columns
        self.author.run((f"INSERT INTO revision ({', '.join(row)}) VALUES ({', '.join(f'%({name})s' for name in row)})", row))
        return revision

    def step(self, revision, state, editor=None):
        (editor or self.reviewer).run(("SELECT lock_for_revision(%s)", (revision,)),
                                      ("UPDATE revision SET state = %s WHERE id = %s", (state, revision)))

    def publish(self, content, language="de", **columns):
        revision = self.draft(content, language, **columns)
        self.step(revision, "in_review", self.author)
        self.step(revision, "published")
        return revision

    def read(self, content):
        """{language: (revision, state)} of what readers get."""
        return {row["language"]: (str(row["revision"]), row["state"]) for row in self.world.all(
            "SELECT language, revision, state FROM published_translation WHERE content = %s", content)}

    def slugs(self, content):
        return {(row["slug"], row["current"]) for row in self.world.all("SELECT slug, current FROM content_slug WHERE content = %s", content)}


@pytest.fixture
def desk(world):
    return Desk(world)


@pytest.mark.parametrize("before, after", [(a, b) for a, b in itertools.product(STATES, STATES) if a != b])
def test_a_text_takes_the_steps_there_are_and_no_other(world, before, after):
    desk = Desk(world, four_eyes=False)
    revision = desk.draft(desk.content())
    world.god.execute("UPDATE revision SET published_at = clock() WHERE id = %s", (revision,))
    world.force("revision", revision, before)
    if (before, after) in STEPS:
        desk.step(revision, after)
        assert world.state("revision", revision) == after
        return
    with refused("conflict_state"):
        desk.step(revision, after)
    assert world.state("revision", revision) == before


def test_four_eyes_see_a_text_before_readers_do(desk):
    revision = desk.draft(desk.content())
    with refused("conflict_state") as told:
        desk.step(revision, "published")
    assert told.faults == [{"code": "not_in_review"}]
    desk.step(revision, "in_review", desk.author)
    with refused("conflict_state") as told:
        desk.step(revision, "published", desk.author)
    assert told.faults == [{"code": "four_eyes"}]
    desk.step(revision, "published")


def test_the_regions_rule_holds_for_cities_without_one(world):
    desk = Desk(world, "hagen")
    world.god.execute("DELETE FROM desk WHERE desk = 'hagen'")
    revision = desk.draft(desk.content())
    with refused("conflict_state"):
        desk.step(revision, "published", desk.author)
    world.god.execute("UPDATE desk SET four_eyes = false WHERE desk = '*'")
    desk.step(revision, "published", desk.author)
    world.god.execute("UPDATE desk SET four_eyes = true WHERE desk = '*'")


def test_a_new_text_takes_the_place_of_the_one_before(desk, world):
    content = desk.content()
    first = desk.publish(content, slug="erst")
    second = desk.publish(content, slug="dann")
    assert desk.read(content) == {"de": (second, "current")}
    assert (world.state("revision", first), world.state("revision", second)) == ("superseded", "published")
    assert desk.slugs(content) == {("erst", False), ("dann", True)}
    third = desk.publish(content, slug="erst")
    assert desk.slugs(content) == {("erst", True), ("dann", False)}
    desk.step(third, "archived")
    assert desk.read(content) == {} and desk.slugs(content) == {("erst", False), ("dann", False)}
    assert world.value("SELECT languages FROM content WHERE id = %s", content) == []


def test_a_text_that_left_the_draft_is_not_rewritten(desk):
    revision = desk.draft(desk.content())
    desk.step(revision, "in_review", desk.author)
    for state in ("in_review", "published", "archived"):
        for change in ("title = 'Anders'", "body_markdown = 'Anders'", "slug = 'anders'", "method = 'machine'"):
            with refused("conflict_state"):
                desk.author.run((f"UPDATE revision SET {change} WHERE id = %s", (revision,)))
        if state != "archived":
            desk.step(revision, {"in_review": "published", "published": "archived"}[state])


def test_only_the_source_makes_a_translation_outdated(desk, world):
    content = desk.content()
    german = desk.publish(content)
    english = desk.publish(content, "en", source_language="de", source_revision=german)
    turkish = desk.publish(content, "tr", source_language="de", source_revision=german, method="machine")
    ukrainian = desk.publish(content, "uk", source_language="en", source_revision=english)
    own = desk.publish(content, "ar")
    draft = desk.draft(content)
    world.shift("1000 days")
    assert {state for _, state in desk.read(content).values()} == {"current", "machine"}, "neither a draft nor time"
    world.shift("0")
    desk.step(draft, "archived")
    newer = desk.publish(content)
    assert desk.read(content) == {"de": (newer, "current"), "en": (english, "outdated"), "tr": (turkish, "machine"),
                                  "uk": (ukrainian, "current"), "ar": (own, "current")}


def test_there_is_one_open_text_in_each_language(desk):
    content = desk.content()
    desk.draft(content)
    desk.draft(content, "en")
    with pytest.raises(psycopg.errors.UniqueViolation):
        desk.draft(content)


def test_a_slug_leads_a_reader_to_one_thing(desk, world):
    hagen, region = Desk(world, "hagen"), Desk(world, "*")
    region.city = None

    def published(owner, slug, kind="article", language="de", **columns):
        thing = owner.content(kind=kind, **columns)
        revision = owner.draft(thing, language, slug=slug, desk=owner.city or "*")
        owner.step(revision, "in_review", owner.author)
        owner.step(revision, "published")
        return thing
    first = published(desk, "amt")
    for owner, columns in ((desk, {}), (region, {})):
        with refused("duplicate") as told:
            published(owner, "amt", **columns)
        assert told.faults == [{"pointer": "/slug", "code": "slug_taken", "limit": "amt"}]
    published(hagen, "amt")
    published(desk, "amt", language="en")
    published(desk, "amt", kind="story")
    everybodys = published(region, "alle")
    published(desk, "alle", replaces=everybodys)
    world.god.execute("UPDATE content SET archived_at = clock() WHERE id = %s", (first,))
    published(desk, "amt")


def test_what_is_above_hides_what_is_below(desk, world):
    top = desk.content()
    middle = desk.content(parent=top)
    bottom = desk.content(parent=middle)
    for content in (top, middle, bottom):
        desk.publish(content)

    def shown():
        return [world.value("SELECT shown FROM content WHERE id = %s", content) for content in (top, middle, bottom)]
    assert shown() == [True, True, True]
    desk.author.run(("UPDATE content SET archived_at = clock() WHERE id = %s", (top,)))
    assert shown() == [False, False, False]
    desk.author.run(("UPDATE content SET parent = NULL WHERE id = %s", (middle,)))
    assert shown() == [False, True, True]
    desk.author.run(("UPDATE content SET parent = %s WHERE id = %s", (top, middle)))
    assert shown() == [False, False, False]
    desk.author.run(("UPDATE content SET archived_at = NULL WHERE id = %s", (top,)))
    assert shown() == [True, True, True]


def test_an_editor_who_is_gone_leaves_the_texts(desk, world):
    content = desk.content()
    revision = desk.publish(content)
    world.god.execute("DELETE FROM account WHERE id = ANY (%s)", ([desk.author.account, desk.reviewer.account],))
    assert desk.read(content) == {"de": (revision, "current")}
    assert world.all("SELECT author, reviewer FROM revision WHERE id = %s", revision) == [{"author": None, "reviewer": None}]
