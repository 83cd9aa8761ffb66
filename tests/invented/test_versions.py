# SPDX-License-Identifier: EUPL-1.2
# Versions: a column _revision is the ETag of what is not public, If-Match says from which version a change starts.
import pytest

from support import answer, faults, problem


def test_a_personal_answer_carries_its_version_as_etag(http, signed_in):
    response = http.get("/v1/notes/7", headers=signed_in)
    assert answer(response) == {"id": 7, "text": "as it was"}
    assert (response.headers["ETag"], response.headers["Cache-Control"]) == ('"v1"', "no-store")


@pytest.mark.parametrize("known, status", [('"v1"', 304), ('W/"v1"', 304), ('"v0", "v1"', 304), ("*", 304), ('"v0"', 200), ('"v"', 200),
                                           ('v1', 200), ('"x"v1"', 200)])
def test_a_personal_answer_known_already_is_not_repeated(http, signed_in, known, status):
    response = http.get("/v1/notes/7", headers=signed_in | {"If-None-Match": known})
    assert response.status_code == status and response.headers["ETag"] == '"v1"'


def test_a_note_that_is_not_there_has_no_version(http, signed_in):
    response = http.get("/v1/notes/8", headers=signed_in | {"If-None-Match": "*"})
    problem(response, 404, "not_found")
    assert "ETag" not in response.headers


@pytest.mark.parametrize("start", ['"v1"', '"v0", "v1"', '"v0","v1" , "v2"', "*", ', "v1",', '"a,b", "v1"'])
def test_a_change_from_the_current_version_gives_the_next_one(http, start):
    response = http.patch("/v1/notes/7", json={"text": "changed"}, headers={"If-Match": start})
    assert answer(response) == {"id": 7, "text": "changed"}
    assert (response.headers["ETag"], response.headers["Cache-Control"]) == ('"v2"', "no-store")


@pytest.mark.parametrize("start", ['"v2"', 'W/"v1"', "v1", '"v1', '"v0" "v1"', '"v1" x', '*, "v1"', '"V1"', '"v0,v1"', '""', ","])
def test_a_change_from_another_version_is_refused(http, start):
    response = http.patch("/v1/notes/7", json={"text": "changed"}, headers={"If-Match": start})
    problem(response, 412, "precondition_failed")
    assert "ETag" not in response.headers


def test_a_change_that_names_no_version_is_refused(http):
    refused = problem(http.patch("/v1/notes/7", json={"text": "changed"}), 428, "precondition_required")
    assert [(fault["parameter"], fault["code"]) for fault in refused["errors"]] == [("If-Match", "required")]


def test_the_version_is_asked_for_after_validity_and_existence(http):
    assert faults(http.patch("/v1/notes/7", json={}, headers={"If-Match": "x" * 201})) == {("/text", "required"), ("If-Match", "too_long")}
    problem(http.patch("/v1/notes/8", json={"text": "changed"}), 404, "not_found")
