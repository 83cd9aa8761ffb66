# SPDX-License-Identifier: EUPL-1.2
# For what follows the contract's links: what schemathesis cannot know of values that lead on, so that calls succeed and there is something to
# follow. Words of the reference data, addresses that mail can reach, bodies near the contract's own examples.
import csv
import json
import pathlib

import schemathesis
import yaml
from hypothesis import strategies

ROOT = pathlib.Path(__file__).parents[2]
CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
REFERENCE = ROOT / "content/reference"
TOPICS = json.loads((REFERENCE / "topics.json").read_text())


def column(file, name):
    with open(REFERENCE / file, newline="") as rows:
        return [row[name] for row in csv.DictReader(rows)]


WORDS = {
    "city": [city["slug"] for city in json.loads((REFERENCE / "cities.json").read_text())["cities"]],
    "language": column("languages.csv", "tag"),
    "country": column("countries.csv", "alpha2"),
    "topic": [topic["slug"] for topic in TOPICS["topics"]],
    "audience": [audience["code"] for audience in TOPICS["audiences"]],
    "stage": [stage["code"] for stage in TOPICS["stages"]],
}
for name, words in WORDS.items():
    schemathesis.openapi.format(name, strategies.sampled_from(words))
schemathesis.openapi.format("email", strategies.from_regex(r"[a-z]{1,12}@(newcomer|guide)\.example\.org", fullmatch=True))


def resolved(thing):
    while "$ref" in thing:
        found = CONTRACT
        for name in thing["$ref"].split("/")[1:]:
            found = found[name]
        thing = found
    return thing


def examples_of(operation):
    content = resolved(operation.get("requestBody", {})).get("content", {})
    return [example for media in content.values() for example in resolved(media["schema"]).get("examples", [])]


def required_of(operation, place):
    parameters = [resolved(parameter) for parameter in operation.get("parameters", [])]
    return {parameter["name"]: parameter["example"] for parameter in parameters if parameter["in"] == place and parameter.get("required")}


OPERATIONS = {operation["operationId"]: operation for path in CONTRACT["paths"].values() for operation in path.values() if "operationId" in operation}


def operation_of(context):
    return OPERATIONS[context.operation.definition.raw["operationId"]]


@strategies.composite
def near(draw, examples, generated):
    """An example with some of its members as they were made up."""
    example, other = draw(strategies.sampled_from(examples)), draw(generated)
    if not isinstance(other, dict):
        return other
    return {name: other[name] if name in other and draw(strategies.integers(0, 3)) == 0 else value for name, value in example.items()}


@strategies.composite
def few(draw, required, generated):
    """What has to be there, and seldom what may be. Nobody makes up a place in a list."""
    other = draw(generated)
    chosen = {name: value for name, value in other.items() if draw(strategies.integers(0, 7)) == 0} if isinstance(other, dict) else {}
    return {name: value for name, value in (required | chosen).items() if name != "after"}


@schemathesis.hook
def before_generate_body(context, strategy):
    examples = examples_of(operation_of(context))
    return strategies.one_of(near(examples, strategy), strategy) if examples else strategy


@schemathesis.hook
def before_generate_query(context, strategy):
    return few(required_of(operation_of(context), "query"), strategy)


@schemathesis.hook
def before_generate_headers(context, strategy):
    return few({}, strategy)
