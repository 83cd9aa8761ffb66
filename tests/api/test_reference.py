# SPDX-License-Identifier: EUPL-1.2
# Reference data: complete in one answer, named in the reader's language.
import csv
import json

import pytest

from support import ROOT, answer, eventually, problem

PATHS = ("/v1/cities", "/v1/languages", "/v1/audiences", "/v1/stages", "/v1/topics")


@pytest.mark.parametrize("path", PATHS)
def test_all_of_it_comes_in_one_answer(http, path):
    response = http.get(path)
    body = answer(response)
    assert body["next"] is None and len(body["items"]) >= 3
    assert response.headers["Cache-Control"] == "public, no-cache"
    assert response.headers["Content-Language"] == "en"


@pytest.mark.parametrize("path", PATHS)
def test_names_follow_the_readers_language(http, path):
    assert http.get(path, headers={"Accept-Language": "de"}).headers["Content-Language"] == "de"
    named = {lang: [item["name"] for item in answer(http.get(f"{path}?lang={lang}"))["items"]] for lang in ("de", "en")}
    assert len(named["de"]) == len(named["en"])
    if path != "/v1/cities":
        assert named["de"] != named["en"]


def test_cities_know_their_neighbours(http):
    cities = {city["slug"]: city for city in answer(http.get("/v1/cities"))["items"]}
    essen = cities["essen"]
    assert essen == answer(http.get("/v1/cities/essen"))
    assert (essen["name"], essen["ags"], essen["website"]) == ("Essen", "05113000", "https://www.essen.de/")
    assert all(essen["slug"] in cities[neighbour]["neighbours"] for neighbour in essen["neighbours"])
    problem(http.get("/v1/cities/atlantis"), 404, "not_found")


def test_languages_name_themselves_and_are_named_in_any_language(http):
    languages = {one["tag"]: one for one in answer(http.get("/v1/languages"))["items"]}
    with open(ROOT / "content/reference/languages.csv", encoding="utf-8") as file:
        assert set(languages) == {row["tag"] for row in csv.DictReader(file)}
    assert languages["ar"] == {"tag": "ar", "autonym": "العربية", "name": "Arabic", "dir": "rtl"}
    assert "de-simple" in languages
    for lang, name in (("de", "Arabisch"), ("tr", "Arapça"), ("uk", "арабська")):
        assert {one["tag"]: one["name"] for one in answer(http.get(f"/v1/languages?lang={lang}"))["items"]}["ar"] == name


def test_topics_are_a_tree_with_parents_first(http):
    seen = set()
    for topic in answer(http.get("/v1/topics"))["items"]:
        assert topic["parent"] is None or topic["parent"] in seen
        seen.add(topic["slug"])
    topics = json.loads((ROOT / "content/reference/topics.json").read_text())
    assert "housing" in seen and all(slug in json.dumps(topics) for slug in seen)


def test_new_reference_data_is_known_without_a_restart(start_daemon):
    daemon = start_daemon()
    form = {"display_name": "A", "email": "a@example.org", "languages": [{"tag": "en", "level": "C1"}], "cities": ["neustadt"],
            "audiences": ["student"], "capacity": 1, "consent": True}
    assert daemon.http.post("/v1/guides", json=form).status_code == 422
    with daemon.connect("welcome_worker") as db:
        db.execute("INSERT INTO city (slug, name, ags) VALUES ('neustadt', 'Neustadt', '99999999')")
    assert answer(daemon.http.get("/v1/cities/neustadt"))["neighbours"] == []  # a change is visible to the next read

    def known():
        """the new city is known"""
        return daemon.http.post("/v1/guides", json=form).status_code == 202
    eventually(known)
