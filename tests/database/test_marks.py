# SPDX-License-Identifier: EUPL-1.2
"""Each column says what of people is in it, in the grammar of docs/privacy.md."""
import re

BASES = ("consent", "contract", "task", "interest")
MARK = re.compile(r"not personal|technical(: [^;]+)?|personal: (?P<what>[^;]+); (?P<basis>\w+); (?P<kept>\w+)(; not exported: [^;]+)?")
TABLE = re.compile(r"purpose: .+; people: .+; recipients: .+")


def columns(world):
    """[(table, column, mark)]"""
    rows = world.all("""SELECT c.relname AS t, a.attname AS c, col_description(c.oid, a.attnum) AS mark
                          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                         WHERE c.relnamespace = 'welcome'::regnamespace AND c.relkind = 'r' ORDER BY 1, a.attnum""")
    return [(row["t"], row["c"], row["mark"]) for row in rows]


def test_every_column_is_marked(world):
    unmarked = [f"{table}.{column}" for table, column, mark in columns(world) if mark is None]
    assert not unmarked, f"mark them in the migration that adds them (docs/privacy.md): {', '.join(unmarked)}"


def test_every_mark_follows_the_grammar(world):
    kinds = {row["kind"] for row in world.all("SELECT kind FROM retention")} | {"expiry"}
    for table, column, mark in columns(world):
        found = MARK.fullmatch(mark or "technical")
        assert found, f"{table}.{column}: {mark}"
        if found["what"]:
            assert found["basis"] in BASES and found["kept"] in kinds, f"{table}.{column}: {mark}"


def test_every_table_with_people_says_why_who_and_for_whom(world):
    about = {row["t"]: row["d"] for row in world.all("SELECT relname AS t, obj_description(oid) AS d FROM pg_class"
                                                     " WHERE relnamespace = 'welcome'::regnamespace AND relkind = 'r'")}
    for table, _, mark in columns(world):
        if (mark or "").startswith("personal"):
            assert TABLE.fullmatch(about[table] or ""), f"COMMENT ON TABLE {table}: {about[table]}"


def test_what_looks_like_a_person_is_marked_as_one(world):
    """Names under which people are usually found, and keys to accounts; but for offices and what is said of texts."""
    keys = {(row["t"], row["c"]) for row in world.all(
        """SELECT k.conrelid::regclass::text AS t, a.attname AS c
             FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
            WHERE k.contype = 'f' AND k.confrelid = 'account'::regclass""")}
    names = re.compile(r".*(email|phone|address|display_name|contact_name|message|story|note|account)$")
    others = {("revision", "note"), ("place", "phone"), ("place", "email"), ("contact", "phone"), ("contact", "email"), ("office", "phone"), ("office", "email"),
              ("office", "address")}
    for table, column, mark in columns(world):
        if ((table, column) in keys or names.fullmatch(column)) and (table, column) not in others:
            assert mark.startswith("personal") or "copies" in mark or column.endswith("_account") and mark == "technical", f"{table}.{column}: {mark}"
