# SPDX-License-Identifier: EUPL-1.2
# The examples of the contract are true: valid by their own schemas, and requests accepted as they stand.
import datetime

import jsonschema
import pytest

from support import CONTRACT, People, answer, new_place

SCHEMAS = CONTRACT["components"]["schemas"]


def validator(schema):
    return jsonschema.Draft202012Validator({"components": CONTRACT["components"], **schema})


@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if "examples" in schema])
def test_an_example_is_valid_by_its_schema(name):
    for example in SCHEMAS[name]["examples"]:
        validator({"$ref": f"#/components/schemas/{name}"}).validate(example)


@pytest.mark.parametrize("code", CONTRACT["components"]["examples"])
def test_an_example_of_a_problem_is_one(code):
    value = CONTRACT["components"]["examples"][code]["value"]
    validator({"$ref": "#/components/schemas/Problem"}).validate(value)
    assert value["code"] == code and value["type"] == f"/problems/{code}"


def test_every_problem_code_has_an_example():
    assert set(CONTRACT["components"]["examples"]) == set(SCHEMAS["Problem"]["properties"]["code"]["enum"])


@pytest.fixture(scope="module")
def people(daemons):
    """People of a daemon of its own: the examples name fixed addresses."""
    with daemons.running() as daemon:
        daemon.shift_clock(days=(datetime.date(2026, 11, 28) - datetime.date.today()).days)  # to a day when all that they plan is yet to come
        yield People(daemon)


def example(name):
    return SCHEMAS[name]["examples"][0]


def test_the_examples_tell_a_journey_that_works(people):
    http, admin = people.daemon.http, people.admin()
    made = answer(admin.post("/v1/accounts", example("AccountForm")), 201)
    coordinator = people.sign_in(made["email"])
    application, request = example("GuideApplication"), example("GuideRequestForm")
    guide_id, token = people.apply("/v1/guides", application)
    people.confirm(token)
    answer(coordinator.post(f"/v1/guides/{guide_id}/screen", example("Nothing")))
    answer(coordinator.post(f"/v1/guides/{guide_id}/approve", example("Nothing")))
    guide = people.sign_in(application["email"])
    for path, body in (("/v1/me/guide", example("GuideChange")), ("/v1/me", example("MeChange"))):
        answer(guide.patch(path, body))
    _, token = people.apply("/v1/guide-requests", request)
    session = people.confirm(token)
    assert session["account"]["email"] == request["email"]
    proposal = people.open(people.daemon.mails.next(application["email"], "proposal").token)
    accepted = answer(proposal.post(f"/v1/proposals/{proposal.subject['id']}/accept", example("Nothing")))
    answer(guide.post(f"/v1/matches/{accepted['match']['id']}/end", example("MatchEnd")))
    answer(guide.post("/v1/me/guide/pause", example("Pause")))
    answer(guide.post("/v1/me/guide/resume", example("Nothing")))
    answer(coordinator.post(f"/v1/guides/{guide_id}/suspend", example("Reason")))
    assert answer(http.post("/v1/sign-in", json=example("SignIn")), 202) == example("Nothing")
    answer(admin.patch(f"/v1/accounts/{made['id']}", example("AccountChange")))


def test_the_examples_of_changes_and_answers_are_accepted_too(people):
    admin = people.admin()
    newcomer = people.newcomer("hagen")
    answer(newcomer.patch(f"/v1/guide-requests/{newcomer.request}", example("GuideRequestChange")))
    guide = people.guide("hagen")
    proposal = guide.proposal()["id"]
    assert answer(guide.post(f"/v1/proposals/{proposal}/decline", example("Decline")))["state"] == "declined"
    assert answer(admin.get("/v1/accounts"))["items"]


OPERATIONS = {operation["operationId"]: (method, path, operation) for path, item in CONTRACT["paths"].items() for method, operation in item.items()}
LEFT_OUT = {"X-Challenge-Solution",  # a server that asks for none takes none
            "year"}  # stands instead of `from` and `to`

def resolved(thing):
    while "$ref" in thing:
        target = CONTRACT
        for name in thing["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        thing = target
    return thing


def example_of(media):
    """What a reader is shown: the media type's own example, its schema's, or a list of one item that has one."""
    schema = resolved(media.get("schema", {}))
    if "example" in media:
        return media["example"]
    if schema.get("examples"):
        return schema["examples"][0]
    items = schema.get("properties", {}).get("items", {}).get("items")
    if items and set(schema["required"]) <= {"items", "next"} and (one := example_of({"schema": items})):
        return {"items": [one]} | ({"next": None} if "next" in schema["required"] else {})
    return None


def readable(kind):
    """Other media types are bytes, which nobody shows."""
    return kind.startswith("text/") or kind.endswith(("json", "yaml", "+xml"))


def documented_media(operation):
    """[(where, media type, media)] of the body and of the successes."""
    bodies = [("body", resolved(operation["requestBody"]))] if "requestBody" in operation else []
    answers = [(status, resolved(response)) for status, response in operation["responses"].items() if status[0] == "2"]
    return [(where, kind, media) for where, one in bodies + answers for kind, media in one.get("content", {}).items()]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_described_and_shown_by_examples(operation):
    _, _, operation = OPERATIONS[operation]
    assert operation["summary"].strip() and len(operation["description"]) > 20 and operation["tags"]
    for parameter in map(resolved, operation.get("parameters", ())):
        assert parameter["description"]
        assert not parameter.get("required") or "example" in parameter, parameter["name"]
        if "example" in parameter:
            validator(parameter["schema"]).validate(parameter["example"])
    for where, kind, media in documented_media(operation):
        if not readable(kind):
            continue
        shown = example_of(media)
        assert shown is not None, (where, kind)
        validator(media.get("schema", {})).validate(shown)


def fitting(people, operation):
    """Somebody who may call it: of the first role that is named, a newcomer where any will do; None where nobody has to sign in."""
    roles = next((scheme["session"] for scheme in operation.get("security", ()) if "session" in scheme), None)
    if roles is None:
        return None
    if not roles and operation["operationId"].endswith("second_factor"):
        return people.advisor()  # staff of any role
    if not roles:
        return people.newcomer(new_place().city)
    return people.guide(new_place().city) if roles[0] == "guide" else people.somebody_of_staff(roles[0])


def call_of(operation):
    """(method, path, options) with its examples as they stand."""
    method, path, documented = OPERATIONS[operation]
    query, headers = {}, {}
    for parameter in map(resolved, documented.get("parameters", ())):
        if "example" not in parameter or parameter["name"] in LEFT_OUT:
            continue
        value = str(parameter["example"]).lower() if isinstance(parameter["example"], bool) else str(parameter["example"])
        if parameter["in"] == "path":
            path = path.replace("{%s}" % parameter["name"], value)
        else:
            (query if parameter["in"] == "query" else headers)[parameter["name"]] = value
    options = {"params": query, "headers": headers}
    bodies = [(kind, media) for where, kind, media in documented_media(documented) if where == "body"]
    if bodies and bodies[0][0].endswith("json"):
        options["json"] = example_of(bodies[0][1])
    elif bodies:
        options["content"], headers["Content-Type"] = b"Which certificate do you need?", "text/plain"
    return method.upper(), path, options


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "upload_media"])  # text is no picture
def test_what_an_operation_shows_as_its_request_is_taken_as_it_stands(people, operation):
    method, path, options = call_of(operation)
    person = fitting(people, OPERATIONS[operation][2])
    if person:
        options["headers"]["Authorization"] = f"Bearer {person.token}"
    response = people.daemon.http.request(method, path, **options)
    documented = {int(status) for status in OPERATIONS[operation][2]["responses"] if status != "default"}
    assert response.status_code in documented - {401, 403, 422}, response.text  # whether the answer fits, the daemon checks itself
    for where, kind, media in documented_media(OPERATIONS[operation][2]):
        if where == str(response.status_code) and kind == response.headers["Content-Type"].split(";")[0] and not kind.endswith("json") and readable(kind):
            assert response.text.lstrip("\ufeff").splitlines()[0] == media["example"].splitlines()[0]
    if response.status_code >= 400:
        assert response.json()["code"] in ("not_found", "precondition_failed", "duplicate", "conflict_state", "token_unknown"), response.text
