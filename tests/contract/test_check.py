# SPDX-License-Identifier: EUPL-1.2
# `welcomed check FOLDER` on trees with one thing broken: every part of the proof refuses, naming the place.
import pathlib

import pytest

from support import ROOT, Daemon, database_create, database_drop


class Tree:
    """A copy of openapi.yaml and the operation files to be broken."""

    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        for file in [ROOT / "openapi.yaml", *ROOT.glob("src/*/*.sql")]:
            self.write(file.relative_to(ROOT), file.read_text())

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def change(self, path, old, new):
        """Replaces the only place where old stands; returns its line."""
        text = (self.folder / path).read_text()
        assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
        self.write(path, text.replace(old, new))
        return text[:text.index(old)].count("\n") + 1

    def append(self, path, text):
        self.write(path, (self.folder / path).read_text() + text)

    def check(self):
        status, out, errors = self.program.command("check", str(self.folder))
        assert (status == 0) == (not errors), (status, out, errors)
        return errors.splitlines()

    def refused(self, *lines):
        assert [line for line in self.check() if line] == list(lines)


@pytest.fixture(scope="module")
def program(daemons, tmp_path_factory):
    """The program beside a migrated database, never started as a daemon."""
    name = daemons.create_database()
    yield Daemon(daemons.program, name, tmp_path_factory.mktemp("check"), {})
    database_drop(name)


@pytest.fixture
def tree(tmp_path, program):
    return Tree(tmp_path, program)


GUIDE_PARAMETERS = """      tags: [Welcome-Guides]
      x-cache: public
      parameters:
        - $ref: '#/components/parameters/id'
"""
TOTAL = "src/information/list_articles.total.sql"
GUIDE, ACCEPT, ARTICLES = "src/guides/get_guide.sql", "src/matching/accept_proposal.sql", "src/information/list_articles.sql"


def test_the_program_proves_itself(program):
    status, out, errors = program.command("check")
    assert (status, errors) == (0, "")
    assert "agree with the contract and the database" in out


def test_the_untouched_tree_is_accepted(tree):
    tree.refused()


# Operations, statements, names

def test_an_operation_without_a_statement(tree):
    (tree.folder / GUIDE).unlink()
    assert tree.check()[0] == "get_guide: the operation has neither a statement nor a C function"


def test_a_statement_without_an_operation(tree):
    tree.write("src/guides/get_guid.sql", "SELECT 1;\n")
    tree.refused("src/guides/get_guid.sql: no operation has this name")


def test_two_files_for_one_operation(tree):
    tree.write("src/accounts/get_guide.sql", (tree.folder / GUIDE).read_text())
    assert any(line.endswith("get_guide.sql: another file has this name") for line in tree.check())


def test_an_operation_that_only_c_has(tree):
    tree.change("openapi.yaml", "operationId: get_openapi_yaml", "operationId: get_openapi_yml")
    lines = tree.check()
    assert "get_openapi_yaml: C is registered for an operation the contract does not have" in lines
    assert "get_openapi_yml: the operation has neither a statement nor a C function" in lines


def test_a_media_type_nobody_writes(tree):
    tree.change("openapi.yaml", "'200': {description: all cities by name, content: {application/json:",
                "'200': {description: all cities by name, content: {text/csv: {}, application/json:")
    tree.refused("list_cities: no C writes text/csv")


def test_rows_for_c_that_is_not_there(tree):
    tree.write("src/guides/get_guide.write.sql", "SELECT 1 AS one WHERE :id IS NOT NULL;\n")
    tree.refused("get_guide: there is a file .write.sql, but no C to write its rows")


def test_a_name_nothing_has(tree):
    tree.change(GUIDE, ":id", ":guide")
    lines = tree.check()
    assert f"{GUIDE}: nothing is called guide" in lines
    assert "get_guide: no statement uses the parameter id" in lines


def test_an_input_nobody_uses(tree):
    tree.change(GUIDE, "WHERE g.id = :id", "LIMIT 1")
    tree.refused("get_guide: no statement uses the parameter id")


def test_a_name_with_two_meanings(tree):
    tree.change("openapi.yaml", GUIDE_PARAMETERS, GUIDE_PARAMETERS + "        - {name: ctx_request_id, in: query, schema: {type: string}}\n")
    tree.change(GUIDE, "g.id = :id", "g.id = :id AND :ctx_request_id <> ''")
    tree.refused(f"{GUIDE}: more than one thing is called ctx_request_id")


def test_a_version_asked_for_but_not_told_of(tree):
    tree.change(ACCEPT, "SELECT lock_for_proposal(:id, 'guide');", "SELECT lock_for_proposal(:id, 'guide');\nSELECT precondition(:ctx_if_match, '1');")
    tree.refused("accept_proposal: a statement uses ctx_if_match, but there is no parameter If-Match",
                 "accept_proposal: a statement uses ctx_if_match, but 412 and 428 are not both documented")


def test_a_version_told_of_but_not_asked_for(tree):
    tree.change("openapi.yaml", GUIDE_PARAMETERS, GUIDE_PARAMETERS + "        - $ref: '#/components/parameters/If-Match'\n")
    tree.refused("get_guide: no statement uses the parameter If-Match")


def test_a_count_without_a_statement_for_it(tree):
    (tree.folder / "src/information/list_articles.total.sql").unlink()
    tree.refused("list_articles: the parameter count and a file .total.sql belong together")


def test_a_total_nobody_can_ask_for(tree):
    tree.write("src/guides/get_guide.total.sql", "SELECT count(*) FROM public_guide WHERE id = :id;\n")
    assert "get_guide: the parameter count and a file .total.sql belong together" in tree.check()


# What an operation file may say

@pytest.mark.parametrize("statement, word", [
    ("BEGIN", "begin"), ("COMMIT", "commit"), ("SET search_path = public", "set"), ("reset all", "reset"),
    ("CREATE TABLE t (i int)", "create"), ("ALTER TABLE guide ADD c int", "alter"), ("DROP TABLE guide", "drop"),
    ("LOCK guide", "lock"), ("/* x */ truncate guide", "truncate"), ("DO $$ BEGIN END $$", "do"), ("EXECUTE x", "execute"),
    ("REFRESH MATERIALIZED VIEW v", "refresh")])
def test_statements_that_are_not_for_operation_files(tree, statement, word):
    text = (tree.folder / GUIDE).read_text()
    tree.write(GUIDE, f"-- why\n{statement};\n{text}")
    assert f"{GUIDE}:2: {word} is not for operation files" in tree.check()


@pytest.mark.parametrize("query", ["SELECT * FROM public_guide WHERE id = :id", "SELECT\n\tg.*\n  FROM public_guide g WHERE id = :id",
                                   "SELECT DISTINCT * FROM public_guide WHERE id = :id", "SELECT 1, * FROM public_guide WHERE id = :id"])
def test_stars_that_stand_for_columns(tree, query):
    tree.write(GUIDE, f"-- why\n{query};\n")
    assert f"{GUIDE}:2: * breaks when a table changes: name the columns" in tree.check()


def test_stars_that_multiply_or_count_are_fine(tree):
    tree.change(GUIDE, "WHERE g.id = :id", "WHERE g.id = :id AND (SELECT count(*) * 2 FROM city) > 0 AND '*' <> 'SELECT *'")
    tree.refused()


def test_a_quote_that_is_not_closed(tree):
    tree.write(GUIDE, "-- why\nSELECT 1,\n'a;\n")
    assert f"{GUIDE}:4: a quote is not closed" in tree.check()


def test_writing_on_the_read_lane(tree):
    tree.change(GUIDE, "SELECT g.id", "WITH gone AS (DELETE\nFROM city WHERE false RETURNING 1)\nSELECT g.id")
    lines = tree.check()
    assert f"{GUIDE}: only the write lane writes: what is lost on the others is sent again" in lines


def test_a_write_whose_404_nobody_raises(tree):
    tree.change(ACCEPT, "SELECT lock_for_proposal(:id, 'guide');", "SELECT 1;")
    tree.refused(f"{ACCEPT}: it writes and documents 404, but nothing raises it: without require(), problem() or lock_for_...() "
                 "the transaction would commit")


def test_more_statements_than_one_transaction_takes(tree):
    tree.append(GUIDE, "SELECT 1;\n" * 20)
    assert f"{GUIDE}: more statements than a segment takes" in tree.check()


# What the database says

def test_a_statement_that_does_not_prepare(tree):
    tree.change(GUIDE, "g.story", "g.storey")
    tree.refused(f"{GUIDE}:3: PostgreSQL: column g.storey does not exist")


def test_a_table_the_daemon_may_not_see_at_all(tree):
    tree.change(GUIDE, "public_guide", "no_such_table")
    tree.refused(f'{GUIDE}:3: PostgreSQL: relation "no_such_table" does not exist')


def test_the_line_is_that_of_the_statement(tree):
    tree.append(ACCEPT, "\n\nSELECT now() AS\n nothing, 1/0, nowhere;\n")
    count = len((tree.folder / ACCEPT).read_text().splitlines())
    tree.refused(f'{ACCEPT}:{count - 1}: PostgreSQL: column "nowhere" does not exist')


def test_a_version_that_is_no_tag(tree):
    tree.change(GUIDE, "g.id,", "g.id, now() AS _revision,")
    tree.refused(f"{GUIDE}: column _revision of type timestamptz is no version: text, int4, int8 or uuid is one")


def test_a_missing_column(tree):
    tree.change(GUIDE, "       g.story,\n", "")
    tree.refused(f"{GUIDE}: no column for property story")


def test_a_column_too_many(tree):
    tree.change(GUIDE, "g.id,", "g.id, now() AS extra,")
    tree.refused(f"{GUIDE}: column extra is no property of the answer")


def test_a_column_of_a_wrong_type(tree):
    tree.change(GUIDE, "g.id,", "g.id::text AS id,")
    tree.refused(f"{GUIDE}: column id of type text does not fit its property")


def test_a_column_of_an_enum(tree):
    with tree.program.connect() as db:
        db.execute("CREATE TYPE colour AS ENUM ('red'); GRANT USAGE ON TYPE colour TO welcome")
    tree.change(GUIDE, "g.display_name", "'red'::colour AS display_name")
    tree.refused(f"{GUIDE}: column display_name of type another type does not fit its property")


def test_a_list_whose_pages_cannot_be_followed(tree):
    text = (tree.folder / ARTICLES).read_text()
    column = next(line for line in text.splitlines() if line.endswith(" AS _cursor"))
    tree.write(ARTICLES, text.replace(",\n" + column, ""))
    tree.refused(f"{ARTICLES}: there is a parameter after or a member cursor, but no column _cursor")


@pytest.mark.parametrize("old, new", [("count(*)", "count(*), 1"), (";\n", ";\nSELECT count(*) FROM city;\n")])
def test_a_total_of_two_things(tree, old, new):
    tree.change(TOTAL, old, new)
    tree.refused(f"{TOTAL}: a list's member is one statement with one column")


def test_a_total_of_a_wrong_type(tree):
    tree.change(TOTAL, "count(*)", "count(*)::text")
    tree.refused(f"{TOTAL}: a column of type text does not fit the list's member")


def test_a_list_with_a_member_no_file_answers(tree):
    text = (tree.folder / "openapi.yaml").read_text()
    at = text.index("properties:", text.index("    CityList:")) + len("properties:\n")
    tree.write("openapi.yaml", text[:at] + "        facets: {type: object}\n" + text[at:])
    tree.refused("list_cities: no file .facets.sql answers the list's member facets")
    tree.write("src/reference/list_cities.facets.sql", "SELECT '{}'::jsonb;\n")
    tree.refused()


def test_a_list_whose_cursor_has_no_place(tree):
    text = (tree.folder / "openapi.yaml").read_text()
    at = text.index("properties:", text.index("    CityList:")) + len("properties:\n")
    tree.write("openapi.yaml", text[:at] + "        cursor: {type: string}\n" + text[at:])
    tree.write("src/reference/list_cities.cursor.sql", "SELECT 1;\n")
    tree.refused("src/reference/list_cities.sql: there is a parameter after or a member cursor, but no column _cursor",
                 "src/reference/list_cities.cursor.sql: a column of type int4 does not fit the list's member")


def test_a_file_nothing_runs(tree):
    tree.write("src/guides/get_guide.by_city.sql", "SELECT 1 AS one WHERE :id IS NOT NULL;\n")
    assert "src/guides/get_guide.by_city.sql: nothing runs this file" in tree.check()


# What is sent again

PLACE = "src/places/create_place.sql"


def test_a_creation_that_ends_with_a_write(tree):
    tree.append(PLACE, "DELETE FROM place WHERE content = :ctx_id RETURNING content AS id;\n")
    assert f"{PLACE}:9: what is idempotent ends with a statement that only reads" in tree.check()


def test_a_creation_that_answers_with_the_newest(tree):
    tree.change(PLACE, " WHERE c.id = :ctx_id;", " ORDER BY c.id DESC\n LIMIT 1;")
    tree.refused(f"{PLACE}:4: what is idempotent is found again by :ctx_id or by what the request names")


def test_a_creation_with_a_choice_of_files(tree):
    tree.write("src/places/create_place.other.sql", (tree.folder / PLACE).read_text())
    assert "src/places/create_place.other.sql: an operation that is idempotent has one file" in tree.check()


@pytest.mark.parametrize("line", ["      x-idempotent: true\n", "        - $ref: '#/components/parameters/Idempotency-Key'\n"])
def test_a_key_that_only_one_side_knows(tree, line):
    text = (tree.folder / "openapi.yaml").read_text()
    before, operation = text.split("      operationId: create_place\n")
    tree.write("openapi.yaml", before + "      operationId: create_place\n" + operation.replace(line, "", 1))
    tree.refused("create_place: x-idempotent and the parameter Idempotency-Key belong together")


def test_a_form_without_a_place_for_its_solution(tree):
    text = (tree.folder / "openapi.yaml").read_text()
    before, operation = text.split("      operationId: create_guide\n")
    line = "        - $ref: '#/components/parameters/X-Challenge-Solution'\n"
    tree.write("openapi.yaml", before + "      operationId: create_guide\n" + operation.replace(line, "", 1))
    tree.refused("create_guide: x-rate: form without a session and the parameter X-Challenge-Solution belong together")


# What the contract may say

def refused_in_contract(tree, old, new, message):
    line = tree.change("openapi.yaml", old, new)
    lines = [text for text in tree.check() if text]
    assert len(lines) == 1
    place, told = lines[0].split(": ", 1)
    file, at = place.split(":")
    assert file == "openapi.yaml"
    assert message in told
    return int(at) - line


@pytest.mark.parametrize("addition, message", [
    ("x-fast: true", "x-fast"), ("callbacks: {}", "callbacks"), ("x-lane: fast", "x-lane is read, write or slow"),
    ("x-idempotent: true", "x-idempotent is true, on POST only"), ("x-replica: true", "x-replica is false, on GET that anybody may call")])
def test_words_the_contract_does_not_know(tree, addition, message):
    old = "operationId: get_guide\n"
    assert refused_in_contract(tree, old, f"{old}      {addition}\n", message) == 1


def test_a_schema_keyword_nobody_knows(tree):
    text = (ROOT / "openapi.yaml").read_text()
    at = text.index("  schemas:\n") + len("  schemas:\n")
    tree.write("openapi.yaml", text[:at] + "    Broken: {type: string, maxlength: 3}\n" + text[at:])
    lines = tree.check()
    assert lines[0].startswith(f"openapi.yaml:{text[:at].count(chr(10)) + 1}: ") and "maxlength" in lines[0]


def test_an_operation_id_used_twice(tree):
    refused_in_contract(tree, "operationId: get_guide\n", "operationId: get_article\n", "is used twice")


def test_a_path_parameter_that_is_not_declared(tree):
    refused_in_contract(tree, "  /v1/matches/{id}/end:\n", "  /v1/matches/{match}/end:\n", "")


@pytest.mark.parametrize("new, message", [
    ("get_partner: {operationId: get_partner, parameters: {id: $response.body#/id}}", "not to get_partner"),
    ("get_service_request: {operationId: get_service_request, parameters: {id: $response.body#/report}}", "$response.body#/report is nothing that create_service_request has"),
    ("get_service_request: {operationId: get_service_request, parameters: {id: $response.body#/state}}", "$response.body#/state is no value for id of get_service_request"),
    ("get_service_request: {operationId: get_service_request}", "a link to get_service_request gives no id")])
def test_a_link_that_does_not_lead_on(tree, new, message):
    old = "get_service_request: {operationId: get_service_request, parameters: {id: $response.body#/id}}"
    assert refused_in_contract(tree, old, new, message) == 0


def test_a_contract_that_is_no_yaml(tree):
    tree.write("openapi.yaml", "openapi: [\n")
    assert tree.check()[0].startswith("openapi.yaml:")


def test_a_folder_without_a_contract(tree):
    (tree.folder / "openapi.yaml").unlink()
    assert "openapi.yaml cannot be read" in tree.check()[0]


# The way in

def test_too_many_folders_are_a_mistake(program):
    status, _, errors = program.command("check", "a", "b")
    assert (status, errors) == (2, "usage: welcomed check [FOLDER]\n")


def test_a_database_that_is_not_there(program, tmp_path):
    elsewhere = Daemon(program.program, "no_such_database", pathlib.Path(tmp_path), {})
    status, _, errors = elsewhere.command("check")
    assert status == 1
    assert errors.startswith("welcomed: the database cannot be reached: ")


def test_a_database_that_is_not_migrated(daemons, program, tmp_path):
    database_create("unmigrated_check", "template0")
    status, _, errors = Daemon(program.program, "unmigrated_check", pathlib.Path(tmp_path), {}).command("check")
    database_drop("unmigrated_check")
    assert status == 1
    assert "authenticate:1: PostgreSQL: " in errors
