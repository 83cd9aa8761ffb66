# SPDX-License-Identifier: EUPL-1.2
# Editors make and change what is no article: places, news and stories, with all they have beside their texts.
import uuid

import pytest

from support import Desk, answer, at_once, content_key, faults, problem

CLOSED = {"closed": True, "all_day": False, "appointment_only": False, "slots": []}
MORNING = {"slots": [{"opens": "09:00", "closes": "12:30"}]}
FORMS = {
    "places": {"category": "advice"},
    "news": {"publishes_at": "2026-11-22T10:00:00Z"},
    "stories": {"teller": "Amira Erfunden", "speaks": ["ar", "de"], "fictional": True},
}
UPDATES = {"places": {"town": "Essen"}, "news": {"expires_at": "2099-01-01T00:00:00Z"}, "stories": {"teller": "Amira Ausgedacht"}}


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


@pytest.fixture
def make(desk):
    """Makes a thing of the desk and tells its id."""
    def make(path, editor=desk.author, **changes):
        return desk.made(editor.post(f"/v1/{path}", {"key": content_key(), "city": desk.city} | FORMS[path] | changes))
    return make


def part(editor, thing):
    return answer(editor.get(f"/v1/contents/{thing}"))["part"]


def change(editor, path, thing, body, etag=None):
    etag = etag or editor.get(f"/v1/contents/{thing}").headers["ETag"]
    return editor.patch(f"/v1/{path}/{thing}", body, headers={"If-Match": etag})


def test_a_place_is_made_with_all_it_has_and_shown_once_a_text_is_published(desk, make, http):
    key = content_key()
    place = make("places", topics=["arriving"], audiences=["student"], street="Musterstraße 1", postcode="45127", town="Essen",
                 latitude=51.45661234, longitude=7.0123, phone="+49 30 23125001", email="advice@place.example.org",
                 website="https://place.example.org/", appointment="recommended", appointment_url="https://place.example.org/dates",
                 spoken_languages=["de", "ar"], wheelchair="limited", accessibility={"de": "Aufzug hinten", "en": "Lift at the back"},
                 opening_hours=[MORNING, {"appointment_only": True}, {"closed": True}, {}, {"all_day": True}, {}, {}],
                 contacts=[{"key": key, "role": {"de": "Familien", "en": "Families"}, "phone": "+49 30 23125002"}])
    assert http.get(f"/v1/places/{place}").status_code == 404
    desk.publish(place, "de", title="Beratung")
    shown = answer(http.get(f"/v1/places/{place}?lang=en"))
    assert (shown["category"]["code"], shown["address"]) == ("advice", {"street": "Musterstraße 1", "postcode": "45127", "town": "Essen"})
    assert (shown["latitude"], shown["longitude"], shown["wheelchair"]) == (51.456612, 7.0123, "limited")
    assert shown["accessibility"] == "Lift at the back" and shown["contacts"][0]["role"] == "Families"
    assert shown["opening_hours"][0]["slots"] == MORNING["slots"] and shown["opening_hours"][3] == CLOSED
    assert [day["all_day"] for day in shown["opening_hours"]].index(True) == 4
    assert part(desk.author, place)["contacts"] == [{"key": key, "role": {"de": "Familien", "en": "Families"}, "phone": "+49 30 23125002",
                                                     "email": None, "website": None, "spoken_languages": []}]


def test_only_what_is_sent_of_a_place_changes(desk, make):
    place = make("places", phone="+49 30 23125001", latitude=51.1, longitude=7.1, accessibility={"de": "Rampe", "en": "Ramp"},
                 contacts=[{"key": content_key(), "role": {"de": "Familien"}}], opening_hours=[MORNING] * 5 + [{}, {}])
    before = part(desk.author, place)
    changed = answer(change(desk.author, "places", place, {"accessibility": {"en": None, "tr": "Rampa"}, "phone": None,
                                                           "temporarily_closed": True, "topics": ["family"]}))
    assert changed["topics"] == ["family"] and changed["version"] > 1
    assert changed["part"] == before | {"accessibility": {"de": "Rampe", "tr": "Rampa"}, "phone": None, "temporarily_closed": True}
    assert answer(change(desk.author, "places", place, {"contacts": [], "opening_hours": None}))["part"] == changed["part"] | {
        "contacts": [], "opening_hours": None}
    etag = desk.author.get(f"/v1/contents/{place}").headers["ETag"]
    assert change(desk.author, "places", place, {"temporarily_closed": True}, etag).headers["ETag"] == etag, "nothing changed"


def test_contacts_change_places_in_their_list(desk, make):
    contacts = [{"key": content_key(), "role": {"de": role}} for role in ("Eins", "Zwei", "Drei")]
    place = make("places", contacts=contacts)
    changed = answer(change(desk.author, "places", place, {"contacts": contacts[::-1]}))
    assert [contact["key"] for contact in changed["part"]["contacts"]] == [contact["key"] for contact in contacts[::-1]]


@pytest.mark.parametrize("body, pointer, code", [
    ({"category": "nonsense"}, "/category", "unknown_category"),
    ({"latitude": 51.4}, "/longitude", "required"),
    ({"latitude": 91, "longitude": 7}, "/latitude", "too_large"),
    ({"accessibility": {"xx-klingon": "?"}}, "/accessibility/xx-klingon", "unknown_language"),
    ({"contacts": [{"key": "a", "role": {"de": "A"}}, {"key": "a", "role": {"de": "B"}}]}, "/contacts/1/key", "not_unique"),
    ({"contacts": [{"key": "a", "role": {"xx": "A"}}]}, "/contacts/0/role/xx", "unknown_language"),
    ({"contacts": [{"key": "a", "role": {}}]}, "/contacts/0/role", "too_few_members"),
    ({"opening_hours": [{"closed": True, "all_day": True}] + [{}] * 6}, "/opening_hours/0", "contradictory_hours"),
    ({"opening_hours": [{"slots": [{"opens": "09:00", "closes": "13:00"}, {"opens": "12:00", "closes": "14:00"}]}] + [{}] * 6},
     "/opening_hours/0/slots/1", "overlapping_hours"),
    ({"opening_hours": [{}] * 6}, "/opening_hours", "too_few_items"),
    ({"opening_hours": [{"slots": [{"opens": "9:00", "closes": "25:00"}]}] + [{}] * 6}, "/opening_hours/0/slots/0/closes", "pattern"),
    ({"website": "javascript:alert(1)"}, "/website", "format"),
    ({"phone": "call me"}, "/phone", "pattern"),
    ({"thumbnail": "f" * 64}, "/thumbnail", "unknown_media"),
    ({"attachments": ["f" * 64]}, "/attachments/0", "unknown_media"),
    ({"spoken_languages": ["tlh-x"]}, "/spoken_languages/0", "unknown_language"),
])
def test_faults_of_a_place_are_named(desk, make, body, pointer, code):
    place = make("places")
    before = part(desk.author, place)
    assert (pointer, code) in faults(desk.author.post("/v1/places", {"key": content_key(), "city": desk.city} | FORMS["places"] | body))
    assert (pointer, code) in faults(change(desk.author, "places", place, body))
    assert part(desk.author, place) == before


def test_a_contact_has_one_place(desk, make):
    contact = {"key": content_key(), "role": {"de": "Familien"}}
    make("places", contacts=[contact])
    assert faults(change(desk.author, "places", make("places"), {"contacts": [contact]})) == {("/contacts/0/key", "key_taken")}


def test_of_two_who_take_one_contact_at_once_one_gets_it(desk, make):
    contact = {"key": content_key(), "role": {"de": "Familien"}}
    places = [make("places") for _ in range(4)]
    etags = [desk.author.get(f"/v1/contents/{place}").headers["ETag"] for place in places]
    assert sorted(at_once(lambda n: change(desk.author, "places", places[n], {"contacts": [contact]}, etags[n]), 4)) == [200, 422, 422, 422]


def test_news_are_out_from_their_time_on(desk, make, http):
    past, future = make("news", expires_at="2099-01-01T00:00:00Z"), make("news", publishes_at="2098-12-01T00:00:00Z")
    for news in (past, future):
        desk.publish(news, "de")
    assert [item["id"] for item in answer(http.get(f"/v1/news?city={desk.city}"))["items"] if item["city"]] == [past]
    answer(change(desk.author, "news", future, {"publishes_at": "2026-11-23T10:00:00.7Z", "expires_at": None}))
    shown = answer(http.get(f"/v1/news?city={desk.city}"))["items"]
    assert [item["id"] for item in shown if item["city"]] == [future, past] and shown[0]["publishes_at"] == "2026-11-23T10:00:00Z"


def test_news_do_not_expire_before_they_are_out(desk, make):
    assert faults(change(desk.author, "news", make("news"), {"expires_at": "2026-11-22T10:00:00Z"})) == {("/expires_at", "not_after")}


def test_editors_show_news_in_the_cities_they_look_after(desk, make, people, place, http):
    news = make("news")
    desk.publish(news, "de")
    assert faults(change(desk.author, "news", news, {"cities": [place.neighbour]})) == {("/cities/0", "other_desk")}
    everywhere = people.editor()
    assert answer(change(everywhere, "news", news, {"cities": [place.neighbour]}))["part"]["cities"] == [place.neighbour]
    assert news in {item["id"] for item in answer(http.get(f"/v1/news?city={place.neighbour}"))["items"]}
    assert answer(change(desk.author, "news", news, {"expires_at": "2099-01-01T00:00:00Z"}))["part"]["cities"] == [place.neighbour]
    assert answer(change(desk.author, "news", news, {"cities": []}))["part"]["cities"] == []


def test_a_story_is_told_and_says_that_it_is_invented(desk, make, http):
    story = make("stories", topics=["housing"])
    desk.publish(story, "de", title="Mein erstes Jahr")
    shown = answer(http.get(f"/v1/stories/{story}?lang=de"))
    assert (shown["teller"], shown["speaks"], shown["fictional"]) == ("Amira Erfunden", ["ar", "de"], True)
    assert answer(change(desk.author, "stories", story, {"position": 4}))["position"] == 4


@pytest.mark.parametrize("path", FORMS)
def test_things_come_last_unless_said_and_keys_are_given_once(desk, make, path):
    key = content_key()
    first, second = make(path, key=key), make(path)
    assert answer(desk.author.get(f"/v1/contents/{first}"))["position"] < answer(desk.author.get(f"/v1/contents/{second}"))["position"]
    again = problem(desk.author.post(f"/v1/{path}", {"key": key, "city": desk.city} | FORMS[path]), 409, "duplicate")
    assert again["errors"][0]["code"] == "key_taken"
    statuses = at_once(lambda n: desk.author.post(f"/v1/{path}", {"key": key + "-x", "city": desk.city} | FORMS[path]), 4)
    assert sorted(statuses) == [201, 409, 409, 409]


@pytest.mark.parametrize("path", FORMS)
def test_other_desks_things_are_out_of_reach(desk, make, people, place, path):
    thing, stranger = make(path), Desk(people, place.far).author
    problem(stranger.post(f"/v1/{path}", {"key": content_key(), "city": desk.city} | FORMS[path]), 403, "forbidden")
    problem(stranger.post(f"/v1/{path}", {"key": content_key()} | FORMS[path]), 403, "forbidden")
    for person in (stranger, desk.author):
        unknown = thing if person is stranger else str(uuid.uuid4())
        problem(person.patch(f"/v1/{path}/{unknown}", UPDATES[path], headers={"If-Match": '"1"'}), 404, "not_found")
    article = desk.article()
    problem(desk.author.patch(f"/v1/{path}/{article}", UPDATES[path], headers={"If-Match": '"1"'}), 404, "not_found")
    problem(change(desk.author, path, thing, {"city": place.far}), 403, "forbidden")
    assert answer(desk.author.get(f"/v1/contents/{thing}"))["city"] == desk.city


@pytest.mark.parametrize("path", FORMS)
def test_a_change_names_the_version_it_starts_from(desk, make, path):
    thing = make(path)
    etag = desk.author.get(f"/v1/contents/{thing}").headers["ETag"]
    problem(desk.author.patch(f"/v1/{path}/{thing}", UPDATES[path]), 428, "precondition_required")
    answer(change(desk.author, path, thing, UPDATES[path], etag))
    problem(change(desk.author, path, thing, UPDATES[path], etag), 412, "precondition_failed")
    etag = desk.author.get(f"/v1/contents/{thing}").headers["ETag"]
    assert sorted(at_once(lambda n: change(desk.author, path, thing, {"topics": [["family"], ["work"], ["housing"]][n]}, etag), 3)) == [200, 412, 412]


@pytest.mark.parametrize("path", FORMS)
def test_a_thing_does_not_move_where_its_slug_is_taken(desk, make, people, place, path):
    there, everywhere = Desk(people, place.far), people.editor()
    slug = f"slug-{uuid.uuid4().hex[:12]}"
    desk.publish(make(path), "de", slug=slug)
    moving = make(path, editor=there.author, city=place.far)
    there.publish(moving, "de", slug=slug)
    found = problem(change(everywhere, path, moving, {"city": desk.city}), 409, "duplicate")
    assert {error["code"] for error in found["errors"]} == {"slug_taken"}
