# SPDX-License-Identifier: EUPL-1.2
# What a list says beside its items: members with statements of their own, and a cursor for who comes back for what is new.
from support import answer, faults

FACETS = {"any": 3}


def changes(http, query=""):
    return answer(http.get(f"/v1/changes?{query}"))


def test_each_member_of_a_list_is_answered_by_its_statement(http):
    assert changes(http) | {"cursor": None} == {"items": [{"number": 1}, {"number": 2}, {"number": 3}], "next": None, "cursor": None, "facets": FACETS,
                                                "note": None}
    assert changes(http, "kind=any")["note"] == 'kind "any"'
    assert changes(http, "kind=future&count=true&limit=1") | {"cursor": None} == {
        "items": [], "next": None, "cursor": None, "total": 0, "facets": FACETS, "note": 'kind "future"'}
    assert changes(http, "count=true&limit=1")["total"] == 3


def test_a_cursor_follows_the_last_item_shown(http):
    first = changes(http, "limit=2")
    assert first["cursor"] == first["next"] is not None
    last = changes(http, f"limit=2&after={first['cursor']}")
    assert last["items"] == [{"number": 3}] and last["next"] is None and last["cursor"] != first["cursor"]
    nothing = changes(http, f"after={last['cursor']}")
    assert nothing["items"] == [] and nothing["cursor"] == last["cursor"]
    assert changes(http)["cursor"] == last["cursor"]


def test_a_list_that_is_still_empty_says_where_it_will_begin(http):
    empty = changes(http, "kind=future")
    assert empty["items"] == [] and empty["cursor"]
    assert changes(http, f"kind=future&after={empty['cursor']}")["cursor"] == empty["cursor"]
    assert faults(http.get(f"/v1/changes?after={empty['cursor']}")) == {("after", "invalid_cursor")}  # of another selection


def test_without_any_place_there_is_no_cursor(http):
    assert changes(http, "kind=unheard")["cursor"] is None
