# SPDX-License-Identifier: EUPL-1.2
# Standing negative cases of every operation, made from the contract: what is wrong in each place where something can be wrong.
import itertools
import urllib.parse

import pytest

from support import CONTRACT, answer, faults, new_place, problem

NOBODY = "01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01"
METHODS = ("get", "post", "put", "patch", "delete")


def resolved(thing):
    """A schema with its $ref followed."""
    while "$ref" in thing:
        found = CONTRACT
        for name in thing["$ref"].split("/")[1:]:
            found = found[name]
        thing = found | {name: value for name, value in thing.items() if name != "$ref"}
    return thing


class Operation:
    def __init__(self, path, method, declared):
        self.path, self.method, self.id = path, method.upper(), declared["operationId"]
        self.parameters = [resolved(parameter) for parameter in declared.get("parameters", [])]
        self.answers = {int(status) for status in declared["responses"] if status != "default"}
        self.security = {name: roles for alternative in declared.get("security", []) for name, roles in alternative.items()}
        body = resolved(declared.get("requestBody", {}))
        self.body_required = body.get("required", False)
        kinds = body.get("content", {})
        self.body = resolved(kinds["application/json"]["schema"]) if "application/json" in kinds else None
        self.example = self.body["examples"][0] if self.body else None
        self.bytes_type = next(iter(kinds)) if kinds and not self.body else None

    def target(self, **values):
        """The path and what has to stand behind it, with their parameters filled in: examples of the contract unless said."""
        for parameter in self.parameters:
            if parameter["in"] == "path":
                example = NOBODY if parameter["name"] == "id" else parameter["example"]
                values.setdefault(parameter["name"], example)
        asked = {parameter["name"]: parameter["example"] for parameter in self.parameters if parameter["in"] == "query" and parameter.get("required")}
        return self.path.format_map(values) + ("?" + urllib.parse.urlencode(asked) if asked else "")

    def __repr__(self):
        return self.id


OPERATIONS = [Operation(path, method, item[method]) for path, item in CONTRACT["paths"].items() for method in METHODS if method in item]
WITH_BODY = [operation for operation in OPERATIONS if operation.body]


def is_named(operation):
    return operation.id


@pytest.fixture(scope="module")
def sessions(people):
    """One person for each role, and sessions of links about one thing."""
    city, _, other = new_place()
    guide, newcomer, match = people.match(city)
    asked = people.guide(other)
    people.newcomer(other)
    asked.proposal()
    answer(guide.post(f"/v1/matches/{match}/end", {"reason": "schedule"}))
    again = people.open(newcomer.mail("match_ended_newcomer").token)
    matched = people.match(new_place().city)[1]
    asker = people.requester(city)
    return {"newcomer": newcomer, "guide": guide, "coordinator": people.coordinator(city), "admin": people.admin(), "advisor": people.advisor(city), "service_request": people.open(asker.mail("service_request_submitted").token),
            "editor": people.somebody_of_staff("editor"), "proposal": people.open(asked.mail("proposal").token),
            "guide_request": again, "match": people.open(matched.mail("match_newcomer").token)}


def caller(operation, sessions):
    """Somebody who may call the operation, or nobody where everybody may."""
    if not operation.security:
        return None
    roles = operation.security.get("session", [])
    return sessions[roles[0]] if roles else sessions["newcomer"]


def send(operation, sessions, http, **options):
    person = caller(operation, sessions)
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    if operation.bytes_type and "content" not in options:
        headers["Content-Type"], options["content"] = operation.bytes_type, b"%"
    target = options.pop("target", None) or operation.target()
    return http.request(operation.method, target, headers=headers | options.pop("headers", {}), **options)


@pytest.mark.parametrize("operation", OPERATIONS, ids=is_named)
def test_an_unknown_query_parameter_is_refused(operation, sessions, http):
    options = {"json": operation.example} if operation.body else {}
    told = faults(send(operation, sessions, http, params={"nonsense": "1", "Lang": "de"}, **options))
    assert {("nonsense", "unknown_parameter"), ("Lang", "unknown_parameter")} <= told


@pytest.mark.parametrize("operation", OPERATIONS, ids=is_named)
def test_every_parameter_refuses_what_it_cannot_be(operation, sessions, http):
    for parameter in operation.parameters:
        schema, name = resolved(parameter["schema"]), parameter["name"]
        if parameter["in"] != "query":
            continue
        wrong = {"integer": "x", "boolean": "x"}.get(schema["type"], "x" * (schema.get("maxLength", 36) + 1))
        options = {"json": operation.example} if operation.body else {}
        response = send(operation, sessions, http, params={name: wrong}, **options)
        assert name in {place for place, _ in faults(response)}, f"{name}={wrong}"


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "{id}" in one.path], ids=is_named)
def test_an_id_that_is_none_is_invalid_and_one_of_nothing_is_not_found(operation, sessions, http):
    options = {"json": operation.example} if operation.body else {}
    for wrong in ("7", NOBODY[:-1], NOBODY + "0", NOBODY.replace("-", ""), "{" + NOBODY + "}", "ä"):
        response = send(operation, sessions, http, target=operation.target(id=wrong), **options)
        assert ("id", "format") in faults(response), wrong
    problem(send(operation, sessions, http, **options), 404, "not_found")


def cases(schema, value, pointer=""):
    """(body, pointer, fault code) for each way in which one place of a valid body can be wrong."""
    schema = resolved(schema)
    if "oneOf" in schema and isinstance(value, dict):  # "X or null"
        schema = resolved(schema["oneOf"][0])
    if isinstance(value, dict) and not {"properties", "additionalProperties"} & set(schema):
        return  # answers, whose questions are data
    if isinstance(value, dict) and "properties" not in schema:  # names are free, what they mean is not
        for name, one in value.items():
            for wrong, place, code in cases(schema["additionalProperties"], one, f"{pointer}/{name}"):
                yield value | {name: wrong}, place, code
        return
    if isinstance(value, dict):
        yield value | {"surprise": 1}, f"{pointer}/surprise", "unknown_member"
        for name in schema.get("required", []):
            if name in value:
                yield {key: one for key, one in value.items() if key != name}, f"{pointer}/{name}", "required"
        for name, one in value.items():
            for wrong, place, code in cases(schema["properties"][name], one, f"{pointer}/{name}"):
                yield value | {name: wrong}, place, code
        return
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and "oneOf" not in schema:
        wrong = 7 if "string" in types else "wrong"
        yield wrong, pointer, "type"
        if "null" not in types:
            yield None, pointer, "type"
    if "maxLength" in schema and "enum" not in schema:
        yield "x" * (schema["maxLength"] + 1), pointer, "too_long"
    if schema.get("minLength"):
        yield "", pointer, "too_short"
    if "enum" in schema:
        yield "nonsense", pointer, "enum"
    if "minimum" in schema:
        yield schema["minimum"] - 1, pointer, "too_small"
    if "maximum" in schema:
        yield schema["maximum"] + 1, pointer, "too_large"
    if schema.get("format") in ("city", "language", "topic", "audience", "stage", "country"):
        yield "nonsense", pointer, f"unknown_{schema['format']}"
    elif schema.get("format") in ("uuid", "date", "date-time", "email"):
        yield "nonsense", pointer, "format"
    if isinstance(value, list):
        if schema.get("minItems"):
            yield [], pointer, "too_few_items"
        if "maxItems" in schema:
            yield list(itertools.islice(itertools.cycle(value), schema["maxItems"] + 1)), pointer, "too_many_items"
        if schema.get("uniqueItems") and value:
            yield [value[0], value[0]], pointer, "not_unique"
        for wrong, place, code in cases(schema["items"], value[0], f"{pointer}/0") if value else ():
            yield [wrong, *value[1:]], place, code


@pytest.mark.parametrize("operation", WITH_BODY, ids=is_named)
def test_every_member_of_a_body_is_checked(operation, sessions, http):
    for body, pointer, code in cases(operation.body, operation.example):
        told = faults(send(operation, sessions, http, json=body))
        assert any(place == pointer and (one == code or one == "not_unique") or (code == "not_unique" and place.startswith(pointer))
                   for place, one in told), f"{pointer}: {code} expected, told {told}"


@pytest.mark.parametrize("operation", WITH_BODY, ids=is_named)
def test_a_body_is_an_object_in_json(operation, sessions, http):
    as_json = {"Content-Type": "application/json"}
    assert faults(send(operation, sessions, http, json=[])) == {("", "type")}
    for wrong in (b'"text"', b"7", b"null", b"true", b"{"):
        problem(send(operation, sessions, http, content=wrong, headers=as_json), 400, "malformed_request")
    if operation.body_required:
        assert faults(send(operation, sessions, http)) == {("", "required")}
    problem(send(operation, sessions, http, content=b"{}", headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    problem(send(operation, sessions, http, content=b" " * 1_000_000, headers=as_json), 413, "payload_too_large")


def with_points(value):
    """The same to JSON Schema: 4.0 for 4."""
    if isinstance(value, dict):
        return {name: with_points(one) for name, one in value.items()}
    return [with_points(one) for one in value] if isinstance(value, list) else float(value) if type(value) is int else value


@pytest.mark.parametrize("operation", [one for one in WITH_BODY if repr(with_points(one.example)) != repr(one.example)], ids=is_named)
def test_whole_numbers_are_whole_however_they_are_written(operation, sessions, http):
    assert send(operation, sessions, http, json=with_points(operation.example)).status_code < 500


@pytest.mark.parametrize("operation", OPERATIONS, ids=is_named)
def test_a_media_type_that_is_not_there_is_refused(operation, sessions, http):
    if operation.answers & {204}:
        return  # has no body to be of any type
    options = {"json": operation.example} if operation.body else {}
    problem(send(operation, sessions, http, headers={"Accept": "image/x-unknown"}, **options), 406, "not_acceptable")


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.security], ids=is_named)
def test_without_a_session_nothing_is_told(operation, http):
    options = {"json": operation.example} if operation.body else {"content": b"%"} if operation.bytes_type else {}
    kind = {"Content-Type": operation.bytes_type} if operation.bytes_type else {}
    for headers in ({}, {"Authorization": "Bearer " + "A" * 43}):
        response = http.request(operation.method, operation.target(), headers=headers | kind, **options)
        problem(response, 401, "unauthenticated")
        assert response.headers.get("WWW-Authenticate", "").startswith("Bearer")


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if 403 in one.answers and one.security], ids=is_named)
def test_a_role_that_may_never_call_it_is_forbidden(operation, sessions, http):
    options = {"json": operation.example} if operation.body else {}
    if operation.bytes_type:
        options = {"content": b"%", "headers": {"Content-Type": operation.bytes_type}}
    roles, tasks = operation.security.get("session", []), operation.security.get("task", [])
    wrong = [name for name in ("proposal", "guide_request", "match", "service_request") if name not in tasks]
    if roles:
        wrong += [name for name in ("newcomer", "guide", "editor", "coordinator", "advisor", "admin") if name not in roles]
    for name in wrong:
        problem(sessions[name].call(operation.method, operation.target(), **options), 403, "forbidden")


@pytest.mark.parametrize("operation", OPERATIONS, ids=is_named)
def test_head_and_options_answer_everywhere(operation, sessions, http):
    options = http.options(operation.target())
    assert options.status_code == 204 and operation.method in options.headers["Allow"].split(", ")
    if operation.method == "GET":
        got, head = send(operation, sessions, http), None
        person = caller(operation, sessions)
        head = http.head(operation.target(), headers={"Authorization": f"Bearer {person.token}"} if person else {})
        assert head.status_code == got.status_code and head.content == b""
        assert head.headers["Content-Type"] == got.headers["Content-Type"]
    else:
        assert http.head(operation.target()).status_code in (401, 404, 405, 200)
