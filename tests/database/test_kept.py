# SPDX-License-Identifier: EUPL-1.2
"""What answers are kept for as long as: whatever they are made from tells of its changes, and what the clock changes has a bound."""
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
KEPT = {methods["get"]["operationId"]: methods["get"] for methods in CONTRACT["paths"].values() if "x-cache-until" in methods.get("get", {})}

# Words that are also names of tables, but mean a column wherever public answers are made.
COLUMNS = {"appointment", "revision"}
CLOCK = re.compile(r"\b(?:clock|now|today|clock_timestamp)\s*\(|\b(?:current_date|current_timestamp|localtimestamp)\b")


@pytest.fixture(scope="module")
def catalogue(database):
    """{name: text} of functions and views, and {table: topics its triggers tell}."""
    with database.connect("postgres") as db:
        texts = {}
        for name, text in db.execute("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'welcome'::regnamespace"
                                     "   AND oid <> 'welcome.thing_of(text, uuid)'::regprocedure"  # of what is private; another of that name is not
                                     " UNION ALL SELECT relname, pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'v' AND relnamespace = 'welcome'::regnamespace"):
            texts[name] = texts.get(name, "") + text
        tables = {name: set() for name, in db.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'welcome'::regnamespace")}
        for table, trigger, topic in db.execute(
                "SELECT c.relname, t.tgname, encode(t.tgargs, 'escape') FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE t.tgfoid = 'welcome.notify'::regproc AND t.tgname LIKE 'tell%'"):
            tables[table].add((trigger, topic.removesuffix("\\000")))
    return texts, tables


def bare(text):
    """Without comments and the insides of strings."""
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'", " ", text.lower())


def words_of(text):
    return set(re.findall(r"[a-z_][a-z0-9_]*", bare(text)))


def closure(operation, texts, tables):
    """All words of its statements, of the functions and views they name, and so on; and whether one of them asks for the time."""
    files = [path for path in ROOT.glob("src/*/*.sql") if path.name.split(".")[0] == operation]
    assert files, operation
    words, fresh = set(), [path.read_text() for path in files]
    timed = False
    while fresh:
        timed = timed or any(CLOCK.search(bare(text)) for text in fresh)
        more = set().union(*map(words_of, fresh)) - words
        words |= more
        fresh = [texts[name] for name in more if name in texts and name not in tables]
    return words, timed


@pytest.mark.parametrize("operation", KEPT)
def test_what_a_kept_answer_is_made_from_tells_of_its_changes(catalogue, operation):
    texts, tables = catalogue
    topics = set(KEPT[operation]["x-cache-until"])
    made_from = (closure(operation, texts, tables)[0] & tables.keys()) - COLUMNS
    assert made_from
    for table in made_from:
        told = {topic for _, topic in tables[table]} & topics
        assert told and {name for name, topic in tables[table] if topic in told} == {"tell", "tell_all"}, f"{table} does not tell of {topics}"


@pytest.mark.parametrize("operation", KEPT)
def test_what_the_clock_changes_has_a_bound(catalogue, operation):
    assert not closure(operation, *catalogue)[1] or KEPT[operation].get("x-cache-seconds", 3600) <= 60
