# SPDX-License-Identifier: EUPL-1.2
# `welcomed import` of services and offices: what it makes of files, what it spares, and where it says that a file is wrong.
import json
import shutil

import pytest

from filing import ask, change, imported, refused, value

OFFICES, SERVICES = "services/offices.json", "services/services.json"


@pytest.fixture
def folder(tmp_path):
    """A copy of what the catalogue needs, to spoil."""
    for name in ("reference", "services"):
        shutil.copytree(f"content/{name}", tmp_path / name)
    return tmp_path


def entries(folder, file):
    return json.loads((folder / file).read_text())[file.split("/")[1].removesuffix(".json")]


def rewrite(folder, file, spoil):
    """Lets spoil(entries by name) change a file."""
    whole = json.loads((folder / file).read_text())
    spoil({entry.get("code") or entry["slug"]: entry for entry in next(value for value in whole.values() if isinstance(value, list))})
    (folder / file).write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n")


def line_of(folder, file, code, member):
    """The number of the first line with that member in an entry."""
    lines = (folder / file).read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if f'"{code}"' in line)
    return next(n for n in range(start, len(lines)) if f'"{member}"' in lines[n]) + 1


def offers(database, service):
    return dict(ask(database, f"SELECT city, office_city || '/' || office FROM service_offer WHERE service = '{service}'"))


def cities(database):
    return {city for city, in ask(database, "SELECT slug FROM city")}


def test_every_city_gets_its_offices_and_services(empty_database, folder):
    told = imported(empty_database, folder)
    assert told["services"] == f"{len(entries(folder, OFFICES)) + len(entries(folder, SERVICES))} new or changed"
    here = cities(empty_database)
    assert offers(empty_database, "founding") == {city: f"{city}/business-office" for city in here} | {"*": "*/region"}
    assert offers(empty_database, "first-orientation") == {city: f"{city}/welcome-office" for city in here} | {"*": "*/region"}
    assert offers(empty_database, "fast-track") == dict.fromkeys(here | {"*"}, "*/central-immigration-office")
    assert value(empty_database, "SELECT name ->> 'de' FROM office WHERE city = 'essen' AND slug = 'welcome-office'") == "Welcome-Büro Essen"
    assert value(empty_database, "SELECT count(*) FROM office WHERE email IS NOT NULL OR phone IS NOT NULL") == 0
    housing = value(empty_database, "SELECT jsonb_path_query(questions, '$[*] ? (@.code == \"city\").values') FROM service_version WHERE service = 'staff-housing'")
    assert {choice["key"] for choice in housing} == here
    assert imported(empty_database, folder)["services"] == "unchanged"
    assert value(empty_database, "SELECT max(version) FROM service_version") == 1


def test_what_changes_in_a_file_changes_here(empty_database, folder):
    imported(empty_database, folder)

    def other(services):
        services["founding"]["resolve_hours"] = 99
        services["onboarding"]["questions"].pop()
        services["relocation"]["office"] = "welcome-office"
        services["recruiting-abroad"].pop("office")
        services["staff-housing"].pop("region_office")
    rewrite(folder, SERVICES, other)
    assert imported(empty_database, folder)["services"] == "5 new or changed"
    assert ask(empty_database, "SELECT code, version, resolve_hours FROM service WHERE code IN ('founding', 'onboarding') ORDER BY code") == [
        ("founding", 1, 99), ("onboarding", 2, 80)]
    assert offers(empty_database, "relocation")["essen"] == "essen/welcome-office"
    assert set(offers(empty_database, "recruiting-abroad").values()) == {"*/region"}, "where no office of the city answers, the region's does"
    assert set(offers(empty_database, "staff-housing")) == cities(empty_database)
    assert imported(empty_database, folder)["services"] == "unchanged"


def test_a_city_that_is_new_gets_everything_although_no_entry_changed(empty_database, folder):
    imported(empty_database, folder)
    rewrite(folder, "reference/cities.json", lambda known: known["essen"].update(slug="neustadt", name="Neustadt", ags="05999000"))
    imported(empty_database, folder)
    assert offers(empty_database, "founding")["neustadt"] == "neustadt/business-office"
    assert offers(empty_database, "fast-track")["neustadt"] == "*/central-immigration-office"
    assert ask(empty_database, "SELECT service, version FROM service_version WHERE version > 1") == [("staff-housing", 2)], "its question names the cities"


@pytest.mark.parametrize("changed", [
    "UPDATE service SET imported = NULL, resolve_hours = 33 WHERE code = 'founding'",
    "UPDATE service SET imported = NULL WHERE code = 'founding'; DELETE FROM service_offer WHERE service = 'founding' AND city = 'essen'",
    "UPDATE office SET imported = NULL, phone = '+49 201 88' WHERE city = 'essen' AND slug = 'welcome-office'",
])
def test_what_was_changed_here_stays(empty_database, folder, changed):
    imported(empty_database, folder)
    change(empty_database, changed)
    everything = "SELECT to_jsonb(s) FROM service s WHERE code = 'founding' UNION ALL SELECT to_jsonb(f) FROM service_offer f WHERE service = 'founding'" \
                 " UNION ALL SELECT to_jsonb(o) FROM office o WHERE (city, slug) = ('essen', 'welcome-office') ORDER BY 1"
    before = ask(empty_database, everything)
    rewrite(folder, SERVICES, lambda services: services["founding"].update(resolve_hours=99, office="welcome-office") if "service" in changed else None)
    rewrite(folder, OFFICES, lambda offices: offices["welcome-office"].update(phone="+49 201 99") if "office SET" in changed else None)
    imported(empty_database, folder)
    assert ask(empty_database, everything) == before


def wrong_type(services):
    services["founding"]["questions"][0]["type"] = "singlevaluelist"


def wrong_values(services):
    services["founding"]["questions"][1]["values"] = [{"key": "a", "label": {"en": "A"}}]


def wrong_language(services):
    services["founding"]["name"]["xx"] = "Gründung"


def wrong_times(services):
    services["founding"]["acknowledge_hours"] = 81


def wrong_label(services):
    services["founding"]["questions"][0]["label"] = {"tr": "Aşama"}


def no_office(services):
    services["founding"].pop("office")
    services["founding"].pop("region_office")


def unknown_office(services):
    services["founding"]["office"] = "busines-office"


def stranger(services):
    services["founding"]["colour"] = "red"


@pytest.mark.parametrize("spoil, member, complaint", [
    (wrong_type, "type", "/questions/0/type: Possible values: string, text, number, date, boolean, single_choice, multiple_choice."),
    (wrong_values, "values", "/questions/1/values: At most this many entries: 0."),
    (wrong_language, "xx", "/name/xx: This language is not known here. Tags are spelled as /v1/languages lists them."),
    (wrong_times, "resolve_hours", "/resolve_hours: Too small; the limit is 81."),
    (wrong_label, "label", "/questions/0/label: This has to be said in German or English at least."),
    (no_office, None, "This matches none of the possible forms."),
    (unknown_office, "office", "/office: There is no such office, or it does not have this request."),
    (stranger, "colour", "/colour: There is no member of this name."),
], ids=lambda thing: getattr(thing, "__name__", ""))
def test_a_wrong_service_is_refused_with_its_line(empty_database, folder, spoil, member, complaint):
    rewrite(folder, SERVICES, spoil)
    said = refused(empty_database, folder)
    start = line_of(folder, SERVICES, "founding", "code") - 1
    if spoil in (wrong_values, wrong_label):  # not the first of the entry
        line = int(said[0].split(":")[1])
        assert f'"{member}"' in (folder / SERVICES).read_text().splitlines()[line - 1] and line > start
    else:
        line = line_of(folder, SERVICES, "founding", member) if member else start
    assert said == [f"{SERVICES}:{line}: {complaint}"]
    assert value(empty_database, "SELECT count(*) FROM city") == 0, "nothing was imported"


def test_all_that_is_wrong_in_a_file_is_said_at_once(empty_database, folder):
    def spoil(services):
        wrong_language(services)
        services["onboarding"].pop("category")
        services["relocation"]["resolve_hours"] = "soon"
    rewrite(folder, SERVICES, spoil)
    rewrite(folder, OFFICES, lambda offices: (offices["region"].update({"in": "atlantis"}), offices["welcome-office"].update(languages=["de", "xx"])))
    assert [line.split(":", 2)[::2] for line in refused(empty_database, folder)] == [
        [OFFICES, " /languages/1: This language is not known here. Tags are spelled as /v1/languages lists them."],
        [OFFICES, " /in: There is no such city in this region."]]
    shutil.copy(f"content/{OFFICES}", folder / OFFICES)
    assert [line.split(":", 2)[::2] for line in refused(empty_database, folder)] == [
        [SERVICES, " /resolve_hours: The type must be: integer."],
        [SERVICES, " /category: This is missing."],
        [SERVICES, " /name/xx: This language is not known here. Tags are spelled as /v1/languages lists them."]]


@pytest.mark.parametrize("file, old, new, complaint", [
    (SERVICES, '"services": [', '"servises": [', "there is no list `services`"),
    (OFFICES, '"offices": [', '"offices": [,', None),
])
def test_a_file_that_is_no_list_is_refused(empty_database, folder, file, old, new, complaint):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    said = refused(empty_database, folder)
    assert said[0].startswith(f"{file}:") and (complaint is None or said[0].endswith(complaint))


def test_an_office_whose_hours_contradict_is_refused_with_its_line(empty_database, folder):
    rewrite(folder, OFFICES, lambda offices: offices["region"]["opening_hours"][5].update(all_day=True))
    said, = refused(empty_database, folder)
    assert said.startswith(f"{OFFICES}:") and "/opening_hours/5: A day is closed, open all day" in said
