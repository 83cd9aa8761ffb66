# SPDX-License-Identifier: EUPL-1.2
# Bodies that are no JSON: C reads the bytes, statements get them as derived parameters, and C may choose the statement.
import pytest

from support import answer, faults, problem

PNG, JPEG = {"Content-Type": "image/png"}, {"Content-Type": "image/jpeg"}


@pytest.mark.parametrize("content_type, kind", [("image/png", "image/png"), ("Image/JPEG", "image/jpeg"), ("image/png; a=b", "image/png")])
def test_bytes_reach_the_statement_unchanged(http, content_type, kind):
    every = bytes(range(255, -1, -1))
    made = answer(http.post("/v1/pictures", content=every, headers={"Content-Type": content_type}), 201)
    assert made == {"kind": kind, "size": 256, "first": 255, "moves": False}


def test_c_chooses_the_statement_by_what_it_reads(http):
    for content, moves in ((b"\x00m", True), (b"m\x00", False)):
        assert answer(http.post("/v1/pictures", content=content, headers=PNG), 201)["moves"] is moves


def test_bytes_c_cannot_read_are_refused_with_all_faults(http):
    assert faults(http.post("/v1/pictures", content=b"?", headers=PNG)) == {("", "format")}


@pytest.mark.parametrize("content_type", ["application/json", "image/gif", "image", "image/pngs", "", None])
def test_bytes_of_another_media_type_are_refused_with_those_there_are(http, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}
    refused = problem(http.post("/v1/pictures", content=b"{}", headers=headers), 415, "unsupported_media_type")
    assert [(fault["parameter"], fault["code"], fault["limit"]) for fault in refused["errors"]] == [
        ("Content-Type", "enum", "image/png, image/jpeg")]


def test_a_picture_without_bytes_is_missing(http):
    assert faults(http.post("/v1/pictures", headers=PNG)) == faults(http.post("/v1/pictures")) == {("", "required")}
    assert answer(http.post("/v1/scraps")) == {"size": -1}
    assert answer(http.post("/v1/scraps", content=b"\x00", headers={"Content-Type": "text/plain"})) == {"size": 1}


def test_bytes_have_the_operations_limit(http):
    assert answer(http.post("/v1/pictures", content=b"x" * 1000, headers=JPEG), 201)["size"] == 1000
    refused = problem(http.post("/v1/pictures", content=b"x" * 1001, headers=JPEG), 413, "payload_too_large")
    assert refused["errors"][0]["limit"] == "1000 bytes"
