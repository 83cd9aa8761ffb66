# SPDX-License-Identifier: EUPL-1.2
# Stories: in the tellers' own voices, found by the languages they speak, their city, topic and audience.
import uuid

import pytest

from support import answer, imported, problem


def slug():
    return f"story-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make(daemon, place):
    """Makes a story of this test's city and tells its id."""
    def make(city=place.city, texts=None, position=0, topics=(), audiences=(), speaks=("de",), fictional=True):
        return imported(daemon, "story", city, texts or {"de": (slug(), "Geschichte"), "en": (slug(), "Story")},
                        {"teller": "Amira Erfunden", "speaks": list(speaks), "fictional": fictional},
                        position=position, topics=list(topics), audiences=list(audiences))
    return make


def test_stories_are_found_by_the_tellers_language_city_topic_and_audience(http, place, make):
    def ids(query=""):
        return [item["id"] for item in answer(http.get(f"/v1/stories?city={place.city}&limit=100&count=true&{query}"))["items"]]
    second, first = make(position=2, speaks=["ar", "de"], topics=["housing"]), make(position=1, audiences=["student"])
    elsewhere = make(place.neighbour, speaks=["ar"])
    assert ids() == [first, second] and ids("language=ar") == ids("topic=housing") == [second] and ids("audience=student") == [first]
    assert ids("language=uk") == []
    assert answer(http.get(f"/v1/stories?city={place.city}&count=true&limit=1"))["total"] == 2
    everywhere, path = set(), "/v1/stories?language=ar&limit=100"
    while path:
        page = http.get(path)
        everywhere |= {item["id"] for item in answer(page)["items"]}
        path = page.links["next"]["url"] if answer(page)["next"] else None
    assert {second, elsewhere} <= everywhere and first not in everywhere


def test_readers_are_told_who_tells_and_whether_they_exist(http, place, make):
    invented, real = make(speaks=["ti", "de"]), make(fictional=False)
    page = answer(http.get(f"/v1/stories/{invented}?lang=de"))
    assert (page["teller"], page["speaks"], page["fictional"], page["city"]) == ("Amira Erfunden", ["ti", "de"], True, place.city)
    assert page["body_html"] and page["body_text"] and page["provenance"]["method"] == "human"
    assert answer(http.get(f"/v1/stories/{real}"))["fictional"] is False
    assert {item["id"]: item["fictional"] for item in answer(http.get(f"/v1/stories?city={place.city}"))["items"]} == {invented: True, real: False}


def test_a_story_is_found_by_any_slug_and_an_old_one_leads_on(daemon, http, place, make):
    old, new = slug(), slug()
    story = make(texts={"de": (old, "Alt"), "tr": (slug(), "Hikâye")})
    assert answer(http.get(f"/v1/stories/{old}?lang=tr"))["title"] == "Hikâye"
    assert answer(http.get(f"/v1/stories/{old}?lang=pl"))["language"] == {"requested": "pl", "served": "de", "fallback": True}
    with daemon.connect("welcome_worker") as db:
        db.execute("SELECT publish_translation(%s, 'de', %s, 'Neu', '', '', '', '', '{}', 'human', 'de', false, '{}', '[]', NULL)", (story, new))
    moved = http.get(f"/v1/stories/{old}?city={place.city}")
    assert (moved.status_code, moved.headers["Location"]) == (308, f"/v1/stories/{new}?city={place.city}")
    problem(http.get(f"/v1/stories/{uuid.uuid4()}"), 404, "not_found")
