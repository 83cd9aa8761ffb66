# SPDX-License-Identifier: EUPL-1.2
"""Answers to typed questions: every fault is pointed at, nothing that is right is refused."""
import json

import pytest

QUESTIONS = [{"code": "name", "type": "string", "required": True}, {"code": "why", "type": "text", "required": False},
             {"code": "people", "type": "number", "required": False}, {"code": "start", "type": "date"}, {"code": "remote", "type": "boolean"},
             {"code": "size", "type": "single_choice", "values": [{"key": "s"}, {"key": "l"}]},
             {"code": "needs", "type": "multiple_choice", "required": False, "values": [{"key": "flat"}, {"key": "school"}]}]


def faults(world, answers, questions=QUESTIONS):
    found = world.value("SELECT bad_answers(%s, %s)", json.dumps(questions), json.dumps(answers))
    return {(fault["pointer"], fault["code"], fault.get("limit")) for fault in found}


@pytest.mark.parametrize("answers", [
    {"name": "x"}, {"name": "x", "why": "", "needs": [], "start": None}, {"name": "x" * 500, "why": "y" * 5000},
    {"name": "x", "people": -0.5, "start": "2028-02-29", "remote": False, "size": "l", "needs": ["school", "flat"]},
    {"name": "名前", "people": 1e12},
])
def test_what_fits_is_taken(world, answers):
    assert faults(world, answers) == set()


@pytest.mark.parametrize("answers, wrong", [
    ({}, {("/answers/name", "required", None)}),
    ({"name": None}, {("/answers/name", "required", None)}),
    ({"name": "  "}, {("/answers/name", "required", None)}),
    ({"name": 4, "why": [], "people": "4", "start": 20270101, "remote": "true", "size": ["s"], "needs": "flat"},
     {("/answers/name", "type", "string"), ("/answers/people", "type", "number"), ("/answers/start", "type", "string"), ("/answers/remote", "type", "boolean"),
      ("/answers/size", "type", "string"), ("/answers/needs", "type", "array")}),
    ({"name": "x" * 501, "why": "y" * 5001}, {("/answers/name", "too_long", "500"), ("/answers/why", "too_long", "5000")}),
    ({"name": "x", "people": 1e13}, {("/answers/people", "too_large", "1000000000000")}),
    ({"name": "x", "people": -1e300}, {("/answers/people", "too_small", "-1000000000000")}),
    *[({"name": "x", "start": day}, {("/answers/start", "format", "date")})
      for day in ("2027-02-29", "2027-13-01", "27-01-01", "2027-1-1", "2027-01-01T00:00:00Z", "0000-01-01", "now", "infinity", " 2027-01-01")],
    ({"name": "x", "size": "m"}, {("/answers/size", "enum", "s, l")}),
    ({"name": "x", "needs": ["flat", "flat", "boat", 7, None]},
     {("/answers/needs/1", "not_unique", None), ("/answers/needs/2", "enum", "flat, school"), ("/answers/needs/3", "type", "string"),
      ("/answers/needs/4", "type", "string")}),
    ({"name": "x", "a/b~c": 1, "size": None}, {("/answers/a~1b~0c", "unknown_member", None)}),
])
def test_every_fault_is_pointed_at(world, answers, wrong):
    assert faults(world, answers) == wrong


def test_no_questions_want_no_answers(world):
    assert faults(world, {}, []) == set()
    assert faults(world, {"name": "x"}, []) == {("/answers/name", "unknown_member", None)}
    many = {f"q{n}": n for n in range(500)}
    assert len(faults(world, many, [])) == 100  # a problem tells no more


def test_questions_are_told_in_the_reader_s_words(world):
    questions = [{"code": "size", "type": "single_choice", "required": True, "label": {"de": "Größe", "en": "Size"}, "help": {"de": "ungefähr"},
                  "values": [{"key": "s", "label": {"de": "klein", "en": "small"}}]}]
    told = world.value("SELECT questions_in(%s, '{tr,de,en}')", json.dumps(questions))
    assert told == [{"code": "size", "type": "single_choice", "label": "Größe", "help": "ungefähr", "required": True,
                     "values": [{"key": "s", "label": "klein"}]}]
