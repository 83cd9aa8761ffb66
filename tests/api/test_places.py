# SPDX-License-Identifier: EUPL-1.2
# Places: found by city, kind, language, distance and whether they are open; shown in the best language there is.
import datetime
import uuid
import zoneinfo

import pytest

from support import answer, faults, imported, problem

WEEKDAYS = [{"slots": [{"opens": "09:00", "closes": "17:00"}]}] * 5 + [{}, {}]
ALWAYS = [{"all_day": True}] * 7
NEVER = [{}] * 7


def slug():
    return f"place-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make(daemon, place):
    """Makes a place in this test's city and tells its id."""
    def make(city=place.city, texts=None, topics=(), position=0, **side):
        texts = texts or {"de": (slug(), "Ort"), "en": (slug(), "Place")}
        return imported(daemon, "place", city, texts, {"category": "advice"} | side, topics=list(topics), position=position)
    return make


@pytest.fixture
def ids(http, place):
    """The ids a list of this test's city shows, in its order."""
    return lambda query="", city=place.city: [item["id"] for item in answer(http.get(f"/v1/places?city={city}&limit=100&{query}"))["items"]
                                              if item["city"] is not None]


def test_places_come_in_the_order_their_editors_gave_page_by_page(http, place, make, ids):
    third, first, second = make(position=3), make(position=1), make(position=2)
    assert ids() == [first, second, third]
    seen, path = [], f"/v1/places?city={place.city}&limit=2&count=true"
    while path:
        page = http.get(path)
        seen += answer(page)["items"]
        assert answer(page)["total"] >= 3
        path = page.links["next"]["url"] if answer(page)["next"] else None
    assert [item["id"] for item in seen if item["city"]] == [first, second, third] and len({item["id"] for item in seen}) == len(seen)


def test_filters_keep_what_fits(make, ids):
    arabic = make(spoken_languages=["de", "ar"], category="health", topics=["health"], wheelchair="yes")
    other = make(spoken_languages=["de"], wheelchair="limited")
    assert set(ids()) == {arabic, other} == set(ids("language=de"))
    for query in ("language=ar", "category=health", "topic=health", "wheelchair=yes", "language=ar&category=health&topic=health&wheelchair=yes"):
        assert ids(query) == [arabic], query
    assert ids("wheelchair=limited") == [other] and ids("category=nothing") == ids("wheelchair=no") == []


def test_without_a_city_all_are_shown_and_with_it_none_of_another(daemon, http, place, make, ids):
    here, there, region = make(), make(place.neighbour), make(None)
    assert ids() == [here] and ids(city=place.neighbour) == [there]
    everywhere, path = set(), "/v1/places?limit=100"
    while path:
        page = http.get(path)
        everywhere |= {item["id"] for item in answer(page)["items"]}
        path = page.links["next"]["url"] if answer(page)["next"] else None
    assert {here, there, region} <= everywhere
    assert region in {item["id"] for item in answer(http.get(f"/v1/places?city={place.far}&limit=100"))["items"]}


TOWER, HALL, BRIDGE = (51.4566, 7.0123), (51.4600, 7.0200), (51.5000, 7.1000)


def test_the_nearest_comes_first(http, place, make):
    made = {make(latitude=latitude, longitude=longitude): (latitude, longitude) for latitude, longitude in (BRIDGE, TOWER, HALL)}
    unknown = make()
    path, seen = f"/v1/places?city={place.city}&near=51.4566,7.0123&limit=2&count=true", []
    while path:
        page = http.get(path)
        assert answer(page)["total"] == 3
        seen += answer(page)["items"]
        path = page.links["next"]["url"] if answer(page)["next"] else None
    assert [made[item["id"]] for item in seen] == [TOWER, HALL, BRIDGE] and unknown not in {item["id"] for item in seen}
    # on the ellipsoid, by the formulae of T. Vincenty (1975)
    assert [item["distance_m"] for item in seen] == pytest.approx([0, 655, 7774], rel=.005)
    near = answer(http.get(f"/v1/places?city={place.city}&near=51.4566,7.0123&radius=1000&count=true"))
    assert [made[item["id"]] for item in near["items"]] == [TOWER, HALL] and near["total"] == 2
    assert all(item["distance_m"] is None for item in answer(http.get(f"/v1/places?city={place.city}"))["items"])


def test_the_nearest_may_be_in_another_city(http, place, make):
    neighbour = make(place.neighbour, latitude=-80.00001, longitude=-170.5)
    assert answer(http.get("/v1/places?near=-80.00001,-170.5&radius=10"))["items"][0]["id"] == neighbour


@pytest.mark.parametrize("query, fault", [
    ("near=51.4", ("near", "pattern")), ("near=91,7", ("near", "pattern")), ("near=51,181", ("near", "pattern")),
    ("near=51.4566 ,7", ("near", "pattern")), ("near=NaN,7", ("near", "pattern")), ("near=51.123456789,7", ("near", "pattern")),
    ("radius=100", ("near", "required")), ("near=51,7&radius=0", ("radius", "too_small")), ("open_now=maybe", ("open_now", "type")),
    ("language=xx-unknown", ("language", "unknown_language")), ("topic=nothing", ("topic", "unknown_topic")), ("wheelchair=perhaps", ("wheelchair", "enum")),
])
def test_a_query_nobody_understands_is_refused(http, query, fault):
    assert fault in faults(http.get(f"/v1/places?{query}"))


def test_open_now_finds_what_is_open_to_visitors(make, ids, http, place):
    is_open, shut, unknown, visits = make(opening_hours=ALWAYS, open_on_holidays=True), make(opening_hours=NEVER), make(), make(opening_hours=[{"appointment_only": True}] * 7)
    closed = make(opening_hours=ALWAYS, temporarily_closed=True)
    assert ids("open_now=true") == [is_open] and set(ids("open_now=false")) == {shut, closed}
    assert set(ids()) == {is_open, shut, unknown, visits, closed}
    states = {item["id"]: (item["opening_state"], item["open_now"]) for item in answer(http.get(f"/v1/places?city={place.city}"))["items"]}
    assert {id: states[id] for id in (is_open, shut, unknown, visits, closed)} == {
        is_open: ("open", True), shut: ("closed", False), unknown: ("unknown", None), visits: ("by_appointment", None),
        closed: ("temporarily_closed", False)}


def test_opening_follows_the_clock_and_the_holidays(start_daemon):
    daemon = start_daemon()
    office = imported(daemon, "place", "essen", {"en": ("office", "Office")}, {"category": "advice", "opening_hours": WEEKDAYS})
    now = datetime.datetime.now(datetime.timezone.utc)

    def at(wall):
        moment = datetime.datetime.fromisoformat(wall).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
        daemon.shift_clock(seconds=(moment - now).total_seconds() + 1)
        page = answer(daemon.http.get(f"/v1/places/{office}"))
        return page["opening_state"], page["opens_at"], page["closes_at"]
    assert at("2027-03-25T12:00") == ("open", None, "2027-03-25T16:00:00Z")  # Maundy Thursday
    assert at("2027-03-25T18:00") == ("closed", "2027-03-30T07:00:00Z", None)  # Good Friday, Easter Monday, summer time between
    assert at("2027-03-29T10:00") == ("closed", "2027-03-30T07:00:00Z", None)
    assert at("2027-03-30T09:00") == ("open", None, "2027-03-30T15:00:00Z")


def test_a_page_shows_all_that_it_needs_of_a_place(daemon, http, place):
    texts = {"de": (slug(), "Beratung"), "en": (slug(), "Advice")}
    office = imported(daemon, "place", place.city, texts, {
        "category": "advice", "street": "Musterstraße 1", "postcode": "45127", "town": "Essen", "latitude": 51.4566, "longitude": 7.0123,
        "phone": "+49 201 0000000", "email": "advice@place.example.org", "website": "https://place.example.org/", "opening_hours": WEEKDAYS,
        "appointment": "required", "appointment_url": "https://place.example.org/a", "spoken_languages": ["de", "ar"], "wheelchair": "limited",
        "accessibility": {"de": "Rampe am Hof.", "fr": "Rampe dans la cour."}})
    with daemon.connect("welcome_worker") as db:
        for position, role in ((2, '{"de": "Familien", "en": "Families"}'), (1, '{"tr": "Vize"}')):
            db.execute("INSERT INTO contact (key, place, position, role, phone) VALUES (%s, %s, %s, %s, '+49 201 0000001')",
                       (slug(), office, position, role))
    page = answer(http.get(f"/v1/places/{office}?lang=en"))
    assert page["title"] == "Advice" and page["body_html"] == "<p><strong>Text</strong></p>" and page["body_text"] == "Text"
    assert page["category"] == {"code": "advice", "title": "Advice centre", "icon": "advice", "color": "#00796B"}
    assert page["address"] == {"street": "Musterstraße 1", "postcode": "45127", "town": "Essen"}
    assert page["opening_hours"][0] == {"closed": False, "all_day": False, "appointment_only": False, "slots": WEEKDAYS[0]["slots"]}
    assert page["opening_hours"][6]["closed"] and page["appointment"] == "required" and page["wheelchair"] == "limited"
    assert page["accessibility"] == "Rampe am Hof.", "a language somebody may read is better than nothing"
    assert [contact["role"] for contact in page["contacts"]] == ["Vize", "Families"]
    assert {one["language"] for one in page["translations"]} == {"de", "en"} and page["provenance"]["source_language"] == "de"
    assert answer(http.get(f"/v1/places/{office}?lang=fr"))["accessibility"] == "Rampe dans la cour."


def test_a_place_is_found_by_any_slug_and_an_old_one_leads_on(daemon, http, place, make):
    old, new, english = slug(), slug(), slug()
    office = make(texts={"de": (old, "Alt"), "en": (english, "Office")})
    for name in (old, old.upper(), english, office):
        for city in ("", f"&city={place.city}", f"&city={place.far}"):
            page = answer(http.get(f"/v1/places/{name}?lang=uk{city}"))
            assert page["id"] == office and page["language"] == {"requested": "uk", "served": "en", "fallback": True}
    with daemon.connect("welcome_worker") as db:
        db.execute("SELECT publish_translation(%s, 'de', %s, 'Neu', '', '', '', '', '{}', 'human', 'de', false, '{}', '[]', NULL)", (office, new))
    moved = http.get(f"/v1/places/{old}?city={place.city}&lang=de")
    assert (moved.status_code, moved.headers["Location"]) == (308, f"/v1/places/{new}?city={place.city}&lang=de")
    assert answer(http.get(f"/v1/places/{old}", follow_redirects=True))["id"] == office
    with daemon.connect("welcome_worker") as db:
        db.execute("UPDATE content SET archived_at = now() WHERE id = %s", (office,))
    for name in (old, new, english, office, "nothing", str(uuid.uuid4())):
        problem(http.get(f"/v1/places/{name}"), 404, "not_found")


def test_one_slug_of_two_cities_means_the_readers_own(http, place, make):
    shared = slug()
    here, there = (make(city, texts={"de": (shared, "Bürgeramt")}) for city in (place.city, place.neighbour))
    assert answer(http.get(f"/v1/places/{shared}?city={place.city}"))["id"] == here
    assert answer(http.get(f"/v1/places/{shared}?city={place.neighbour}"))["id"] == there


def test_categories_are_told_in_the_readers_language(http):
    for language, title in (("de", "Beratungsstelle"), ("en", "Advice centre"), ("uk", "Advice centre")):
        categories = answer(http.get(f"/v1/place-categories?lang={language}"))
        assert categories["next"] is None and {item["code"]: item["title"] for item in categories["items"]}["advice"] == title


def test_places_are_revalidated(http, make):
    office = make()
    for path in (f"/v1/places/{office}", "/v1/place-categories", "/v1/places?near=51,7"):
        response = http.get(path)
        assert response.headers["Cache-Control"] == "public, no-cache" and response.headers["ETag"].startswith('"')
        again = http.get(path, headers={"If-None-Match": response.headers["ETag"]})
        assert again.status_code == 304 and not again.content
