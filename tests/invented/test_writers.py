# SPDX-License-Identifier: EUPL-1.2
# Answers that C writes from rows, in the media type that was asked for.
import pytest

from support import answer, problem

JSON, ATOM, HTML = "application/json", "application/atom+xml", "text/html"


@pytest.mark.parametrize("accept, chosen", [
    (None, JSON), ("*/*", JSON), (ATOM, ATOM), ("text/*", HTML), (f"{HTML};q=0.4, {ATOM};q=0.5", ATOM), ("application/*", JSON),
    (f"application/*, {JSON};q=0.5", ATOM), (f"{JSON};q=0.5, */*;q=0.1", JSON), (f"{JSON};q=0, {ATOM};q=0, */*", HTML),
    (f"{HTML}, {ATOM}, {JSON}", JSON), ("image/png, text/html;level=1;q=0.2", HTML),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML)])
def test_the_media_type_wanted_most_is_answered(http, accept, chosen):
    headers = {"Accept": accept} if accept else {}
    if accept is None:
        del http.headers["Accept"]
    response = http.get("/v1/days?limit=2", headers=headers)
    http.headers["Accept"] = "*/*"
    assert response.status_code == 200
    assert response.headers["Content-Type"].split(";")[0] == chosen
    assert "Accept" in response.headers.get_list("Vary", split_commas=True)


@pytest.mark.parametrize("accept", ["image/png", "*/*;q=0", f"{JSON};q=0", "application/atom", "text/plain, application/xml"])
def test_a_media_type_nobody_writes_is_not_acceptable(http, accept):
    response = http.get("/v1/days", headers={"Accept": accept})
    problem(response, 406, "not_acceptable")
    assert "Accept" in response.headers.get_list("Vary", split_commas=True)


def test_an_answer_of_one_media_type_does_not_vary_by_it(http):
    assert "Accept" not in http.get("/v1/visits").headers.get_list("Vary", split_commas=True)


def test_a_list_goes_on_in_every_media_type(http):
    seen, target = [], "/v1/days?limit=3&month=may"
    while target:
        data, page = http.get(target), http.get(target, headers={"Accept": HTML})
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.text.count("<p>") == len(answer(data)["items"])
        seen += [item["name"] for item in answer(data)["items"]]
        assert data.headers.get("Link") == page.headers.get("Link")
        target = data.links["next"]["url"] if "next" in data.links else None
        assert (data.json()["next"] is None) == (target is None)
        assert ('rel="next"' in page.text) == (target is not None)
        assert not target or target.replace("&", "&amp;") in page.text
    assert seen == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def test_a_list_of_nothing_is_a_valid_feed(http):
    assert http.get("/v1/days?month=june", headers={"Accept": ATOM}).text == "<feed></feed>"
    assert answer(http.get("/v1/days?month=june")) == {"items": [], "next": None}


def test_media_types_have_etags_of_their_own(http):
    tags = {kind: http.get("/v1/days", headers={"Accept": kind}).headers["ETag"] for kind in (JSON, ATOM, HTML)}
    assert len(set(tags.values())) == 3
    for kind in tags:
        statuses = [http.get("/v1/days", headers={"Accept": kind, "If-None-Match": tag}).status_code for tag in tags.values()]
        assert sorted(statuses) == [200, 200, 304] and statuses[list(tags).index(kind)] == 304


def test_what_c_writes_has_the_documented_type_and_the_rows_language(http):
    response = http.get("/v1/days/today")
    assert response.content == b"BEGIN:today,\x00\xffA"
    assert (response.headers["Content-Type"], response.headers["Content-Language"]) == ("text/calendar", "de")
    assert response.headers["Cache-Control"] == "public, no-cache"
    head = http.head("/v1/days/today")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", response.headers["Content-Length"])


def test_no_row_is_not_found_where_that_is_documented(http):
    problem(http.get("/v1/days/none"), 404, "not_found")
    assert http.get("/v1/visits").text.startswith("0 rows")


def test_c_may_still_refuse_what_it_was_to_write(http):
    problem(http.get("/v1/days/secret"), 404, "not_found")


def test_an_undocumented_media_type_is_found_out(http, invented):
    invented.tolerated.add("answer_undocumented")
    problem(http.get("/v1/days/wrong"), 500, "internal")
    invented.read_log()
    assert [line["fault"] for line in invented.lines if line["event"] == "answer_undocumented"] == ["the media type is not documented"]
    invented.tolerated.clear()


def test_answers_are_counted_when_they_were_given(http):
    def visits():
        return int(http.get("/v1/visits").text.split()[2])
    before = visits()
    tag = http.get("/v1/days/today").headers["ETag"]
    assert http.get("/v1/days/today", headers={"If-None-Match": tag}).status_code == 304
    for refused in ("none", "secret"):
        http.get(f"/v1/days/{refused}")
    assert visits() == before + 2
