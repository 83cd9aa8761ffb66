# SPDX-License-Identifier: EUPL-1.2
# The examples of the contract are true: valid by their own schemas, and requests accepted as they stand.
import jsonschema
import pytest

from support import CONTRACT, People, answer

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
