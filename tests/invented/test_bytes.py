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


def test_what_never_changes_is_kept_for_a_year(http):
    response = http.get("/v1/pictures/sun", headers={"Origin": "https://elsewhere.example.net"})
    assert (response.status_code, response.content, response.headers["Content-Type"]) == (200, b"sun", "image/png")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Disposition"] == 'inline; filename="picture"'
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Disposition" in response.headers["Access-Control-Expose-Headers"].split(", ")
    assert response.headers["Vary"] == "Accept" and "Content-Language" not in response.headers
    unchanged = http.get("/v1/pictures/sun", headers={"If-None-Match": response.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["Cache-Control"] == response.headers["Cache-Control"]
    assert http.get("/v1/pictures/moon").headers["ETag"] != response.headers["ETag"]


def test_what_is_not_there_may_come_and_has_no_headers_of_a_success(http):
    for name in ("none", "secret"):
        response = http.get(f"/v1/pictures/{name}")
        problem(response, 404, "not_found")
        assert response.headers["Cache-Control"] == "no-store" and "Content-Disposition" not in response.headers


def test_a_header_too_many_is_told_of(http, invented):
    invented.tolerated.add("header_lost")
    response = http.get("/v1/pictures/many")
    assert response.headers.get_list("X-Frame") == ["another"] * 3
    invented.read_log()
    assert [line["name"] for line in invented.lines if line["event"] == "header_lost"] == ["X-Frame"]
    invented.tolerated.clear()
