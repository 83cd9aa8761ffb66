# SPDX-License-Identifier: EUPL-1.2
# Thumbnails and attachments: what editors say stands beside their texts, readers get with words in their language, or it is not published.
import threading
import uuid
import xml.etree.ElementTree as ElementTree

import feedparser
import media_files
import pytest
from media_files import JPEG, PDF, describe, upload

from support import Desk, People, answer, at_once, eventually, faults, imported, problem, transactions_ended

NOTHING = "f" * 64
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


def brought(desk, *languages, data=None, kind=media_files.PNG, credit=None):
    """The record of something described in these languages."""
    made = upload(desk.author, data or media_files.png(), kind)
    return answer(describe(desk.author, made, {"alternative_texts": {tag: f"Words in {tag} of {made['hash'][:8]}" for tag in languages},
                                               "credit": credit}))


def document(desk, *languages):
    return brought(desk, *languages, data=media_files.pdf(), kind=PDF)


def change(desk, article, body, editor=None):
    editor = editor or desk.author
    return editor.patch(f"/v1/articles/{article}", body, headers={"If-Match": editor.get(f"/v1/contents/{article}").headers["ETag"]})


def conflicts(response):
    """[(pointer, code, limit)] of an answer that says what stands in the way."""
    return [(fault.get("pointer"), fault["code"], fault.get("limit")) for fault in problem(response, 409, "conflict_state")["errors"]]


def shown(made, language):
    """What readers get of it who get its words in that language."""
    return {name: made[name] for name in ("hash", "url", "type", "size", "width", "height", "credit")} | {
        "alternative_text": made["alternative_texts"][language], "language": language}


def listed(desk, article, language="de"):
    return next(item for item in answer(desk.http.get(f"/v1/articles?city={desk.city}&lang={language}&limit=100"))["items"]
                if item["id"] == article)


def blocked(daemon):
    """Whether somebody waits for a lock of that daemon's database."""
    with daemon.connect() as db:
        return db.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").fetchone()[0]


def at_last(daemon, held, call):
    """The answer of a call that waits for what `held` holds, once that has committed."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    eventually(lambda: blocked(daemon))
    held.commit()
    thread.join()
    return answers[0]


def test_readers_get_picture_and_attachments_described_in_their_language(desk):
    picture, form, photo = brought(desk, "de", "en", "uk", credit="Stadt"), document(desk, "de"), brought(desk, "de", data=media_files.jpeg(), kind=JPEG)
    article = desk.article(thumbnail=picture["hash"], attachments=[form["hash"], photo["hash"]])
    desk.publish(article)
    read = desk.read(article)
    assert read["thumbnail"] == shown(picture, "de") == listed(desk, article)["thumbnail"]
    assert read["attachments"] == [shown(form, "de"), shown(photo, "de")]
    read = desk.read(article, "uk")
    assert read["language"]["served"] == "de" and read["thumbnail"] == shown(picture, "uk") == listed(desk, article, "uk")["thumbnail"]
    assert read["attachments"][0] == shown(form, "de"), "in the best language there is"
    assert desk.read(article, "pl")["thumbnail"] == shown(picture, "en")


def test_most_things_have_neither(desk):
    article = desk.article()
    desk.publish(article)
    read = desk.read(article)
    assert (read["thumbnail"], read["attachments"], listed(desk, article)["thumbnail"]) == (None, [], None)


def test_editors_say_what_is_shown_and_in_which_order(desk):
    picture, one, other = brought(desk, "de"), document(desk, "de"), document(desk, "de")
    article = desk.article()
    content = answer(desk.author.get(f"/v1/contents/{article}"))
    assert (content["thumbnail"], content["attachments"]) == (None, [])
    for body in ({"thumbnail": picture["hash"], "attachments": [one["hash"], other["hash"]]}, {"attachments": [other["hash"], one["hash"]]},
                 {"thumbnail": None}, {"attachments": [other["hash"]]}, {"position": 3}, {"attachments": []}):
        before, content = content, answer(change(desk, article, body))
        assert {name: content[name] for name in ("thumbnail", "attachments")} == {
            name: body.get(name, before[name]) for name in ("thumbnail", "attachments")}
        assert content["version"] > before["version"]
    assert answer(change(desk, article, {"attachments": [], "thumbnail": None}))["version"] == content["version"]


def test_what_is_not_there_or_no_picture_is_told_one_by_one(desk):
    form = document(desk, "de")
    article = desk.article()
    for response in (desk.author.post("/v1/articles", {"key": f"test-{uuid.uuid4().hex}", "city": desk.city, "thumbnail": form["hash"],
                                                       "attachments": [form["hash"], NOTHING]}),
                     change(desk, article, {"thumbnail": form["hash"], "attachments": [form["hash"], NOTHING]})):
        assert faults(response) == {("/thumbnail", "not_a_picture"), ("/attachments/1", "unknown_media")}
    assert faults(change(desk, article, {"thumbnail": NOTHING})) == {("/thumbnail", "unknown_media")}
    assert faults(change(desk, article, {"thumbnail": "ABC"})) >= {("/thumbnail", "pattern")}
    assert faults(change(desk, article, {"attachments": [form["hash"]] * 2})) == {("/attachments/1", "not_unique")}
    assert faults(change(desk, article, {"attachments": [f"{n:064x}" for n in range(21)]})) == {("/attachments", "too_many_items")}
    assert answer(desk.author.get(f"/v1/contents/{article}"))["attachments"] == []


def test_a_text_is_published_only_where_what_it_shows_is_described(desk):
    picture, form = brought(desk, "de"), document(desk, "de", "en")
    article = desk.article(thumbnail=picture["hash"], attachments=[form["hash"]])
    drafts = {language: desk.draft(article, language) for language in ("de", "en", "uk")}
    for draft in drafts.values():
        answer(desk.author.post(f"/v1/revisions/{draft}/submit", {}))
    answer(desk.reviewer.post(f"/v1/revisions/{drafts['de']}/publish"))
    for language, pointers in (("en", ["/thumbnail"]), ("uk", ["/attachments/0", "/thumbnail"])):
        refused = desk.reviewer.post(f"/v1/revisions/{drafts[language]}/publish")
        assert conflicts(refused) == [(pointer, "alternative_text_missing", language) for pointer in pointers]
    answer(describe(desk.author, picture, {"alternative_texts": {"en": "A town hall"}}))
    answer(desk.reviewer.post(f"/v1/revisions/{drafts['en']}/publish"))
    assert desk.read(article, "en")["thumbnail"]["alternative_text"] == "A town hall"


def test_what_is_published_shows_nothing_that_is_not_described(desk):
    article = desk.article()
    for language in ("de", "en"):
        desk.publish(article, language)
    picture, form = brought(desk, "de"), document(desk, "en")
    for body, pointer, language in (({"thumbnail": picture["hash"]}, "/thumbnail", "en"), ({"attachments": [form["hash"]]}, "/attachments/0", "de")):
        assert conflicts(change(desk, article, body)) == [(pointer, "alternative_text_missing", language)]
    answer(describe(desk.author, picture, {"alternative_texts": {"en": "A town hall"}}))
    answer(change(desk, article, {"thumbnail": picture["hash"]}))


def test_words_that_are_needed_stay(desk):
    picture = brought(desk, "de", "en", "uk")
    article = desk.article(thumbnail=picture["hash"])
    desk.publish(article)
    refused = describe(desk.author, picture, {"alternative_texts": {"de": None, "en": None}})
    assert conflicts(refused) == [("/alternative_texts/de", "alternative_text_missing", "de")]
    answer(describe(desk.author, picture, {"alternative_texts": {"de": "Anders", "en": None}}))
    assert desk.read(article)["thumbnail"]["alternative_text"] == "Anders"
    answer(change(desk, article, {"thumbnail": None}))
    answer(describe(desk.author, picture, {"alternative_texts": {"de": None}}))


def test_what_is_shown_cannot_be_removed(desk):
    picture, form = brought(desk, "de"), document(desk, "de")
    article = desk.article(thumbnail=picture["hash"], attachments=[form["hash"]])
    for made in (picture, form):
        record = answer(desk.author.get(f"/v1/media/{made['hash']}/record"))
        assert record["used"] and [use["id"] for use in record["used_by"]] == [article]
        assert conflicts(desk.author.delete(made["url"])) == [(None, "media_used", None)]
    answer(change(desk, article, {"thumbnail": None, "attachments": []}))
    for made in (picture, form):
        answer(desk.author.delete(made["url"]), 204)


def test_every_desk_may_show_what_another_brought(desk, people, place):
    picture = brought(desk, "de")
    other = Desk(people, place.far)
    article = other.article(thumbnail=picture["hash"])
    other.publish(article)
    assert other.read(article)["thumbnail"] == shown(picture, "de")
    problem(other.author.delete(picture["url"]), 404, "not_found")
    problem(desk.author.delete(picture["url"]), 409, "conflict_state")
    own = desk.article()
    etag = desk.author.get(f"/v1/contents/{own}").headers["ETag"]
    problem(other.author.patch(f"/v1/articles/{own}", {"thumbnail": picture["hash"]}, headers={"If-Match": etag}), 404, "not_found")


def test_it_is_removed_or_shown_but_never_both(desk):
    """Whoever comes second finds what the first did."""
    outcomes = set()
    for turn in range(12):
        article, picture, form = desk.article(), brought(desk, "de"), document(desk, "de")
        made = (picture, form)[turn % 2]
        body = {"thumbnail": made["hash"]} if made is picture else {"attachments": [made["hash"]]}
        etag = desk.author.get(f"/v1/contents/{article}").headers["ETag"]
        calls = [lambda: desk.reviewer.delete(made["url"]),
                 lambda: desk.author.patch(f"/v1/articles/{article}", body, headers={"If-Match": etag})]
        outcome = tuple(sorted(at_once(lambda n: calls[n](), 2)))
        there = desk.http.get(made["url"]).status_code
        assert (outcome, there) in {((200, 409), 200), ((204, 422), 404)}
        outcomes.add(outcome)
    assert outcomes


def test_whoever_removes_first_is_told_to_the_one_who_shows(daemon, desk):
    article, picture = desk.article(), brought(desk, "de")
    with daemon.connect("welcome_worker") as held:
        held.autocommit = False
        held.execute("DELETE FROM media WHERE hash = %s", (picture["hash"],))
        response = at_last(daemon, held, lambda: change(desk, article, {"thumbnail": picture["hash"], "attachments": [picture["hash"]]}))
    assert faults(response) == {("/thumbnail", "unknown_media"), ("/attachments/0", "unknown_media")}


def test_words_taken_away_meanwhile_are_missed_by_whoever_publishes(daemon, desk):
    picture = brought(desk, "de")
    article = desk.article(thumbnail=picture["hash"])
    draft = desk.draft(article)
    answer(desk.author.post(f"/v1/revisions/{draft}/submit", {}))
    with daemon.connect("welcome_worker") as held:
        held.autocommit = False
        held.execute("SELECT FROM media WHERE hash = %s FOR UPDATE", (picture["hash"],))  # as lock_for_media does
        held.execute("UPDATE media SET alternative_texts = '{}' WHERE hash = %s", (picture["hash"],))
        response = at_last(daemon, held, lambda: desk.reviewer.post(f"/v1/revisions/{draft}/publish"))
    assert conflicts(response) == [("/thumbnail", "alternative_text_missing", "de")]


def test_words_go_or_the_text_is_published_but_never_both(desk):
    for _ in range(8):
        picture = brought(desk, "de")
        article = desk.article(thumbnail=picture["hash"])
        draft = desk.draft(article)
        answer(desk.author.post(f"/v1/revisions/{draft}/submit", {}))
        calls = [lambda: describe(desk.author, picture, {"alternative_texts": {"de": None}}),
                 lambda: desk.reviewer.post(f"/v1/revisions/{draft}/publish")]
        assert sorted(at_once(lambda n: calls[n](), 2)) == [200, 409]


def test_describing_and_publishing_the_same_do_not_stand_in_each_others_way(desk):
    """Both touch the article in the feed of changes."""
    picture = brought(desk, "de")
    article = desk.article(thumbnail=picture["hash"])
    desk.publish(article)
    for turn in range(6):
        draft = desk.draft(article)
        answer(desk.author.post(f"/v1/revisions/{draft}/submit", {}))
        calls = [lambda: describe(desk.author, picture, {"alternative_texts": {"de": f"Bild {turn}"}}),
                 lambda: desk.reviewer.post(f"/v1/revisions/{draft}/publish")]
        assert at_once(lambda n: calls[n](), 2) == [200, 200]


@pytest.fixture
def things(daemon, desk):
    """Makes a thing of each kind but articles, as the import does, and tells (kind, path, id)."""
    def make(picture=None, attachments=(), city=desk.city):
        for kind, path, side in (("place", "places", {"category": "advice"}), ("news", "news", {"publishes_at": "2026-01-01T00:00:00Z"}),
                                 ("story", "stories", {"teller": "Amira", "speaks": ["de"], "fictional": True})):
            thing = imported(daemon, kind, city, {"de": (f"{kind}-{uuid.uuid4().hex}", "Titel")}, side, thumbnail=picture)
            with daemon.connect("welcome_worker") as db:
                for position, media in enumerate(attachments, 1):
                    db.execute("INSERT INTO attachment (content, position, media) VALUES (%s, %s, %s)", (thing, position, media))
            yield kind, path, thing
    return make


def test_places_news_and_stories_show_them_too(desk, things):
    picture, form = brought(desk, "de", "en"), document(desk, "de")
    for _, path, thing in things(picture["hash"], [form["hash"]]):
        read = answer(desk.http.get(f"/v1/{path}/{thing}?city={desk.city}&lang=en"))
        assert (read["thumbnail"], read["attachments"]) == (shown(picture, "en"), [shown(form, "de")])
        lists = [f"/v1/{path}?city={desk.city}&lang=en&limit=100"]
        items = {item["id"]: item for item in answer(desk.http.get(lists[0]))["items"]}
        assert items[thing]["thumbnail"] == shown(picture, "en")
    place = imported(desk.people.daemon, "place", desk.city, {"de": (f"place-{uuid.uuid4().hex}", "Ort")},
                     {"category": "advice", "latitude": 51.4, "longitude": 7.0}, thumbnail=picture["hash"])
    near = answer(desk.http.get(f"/v1/places?city={desk.city}&near=51.4,7.0&lang=de"))["items"]
    assert next(item for item in near if item["id"] == place)["thumbnail"] == shown(picture, "de")
    for _, path, thing in things():
        read = answer(desk.http.get(f"/v1/{path}/{thing}?city={desk.city}"))
        assert (read["thumbnail"], read["attachments"]) == (None, [])


def embedding(daemon, desk, thing):
    """Lets a thing's text show a picture, a place and a contact and lead to an article; what readers should then see."""
    picture, article = brought(desk, "de"), desk.article()
    desk.publish(article, slug=f"ziel-{article}", title="Ziel")
    key = answer(desk.author.get(f"/v1/contents/{article}"))["key"]
    office = imported(daemon, "place", desk.city, {"de": (f"amt-{uuid.uuid4().hex}", "Amt <1>")}, {"category": "advice", "street": "Am Markt 1"})
    with daemon.connect("welcome_worker") as db:
        place = db.execute("SELECT key FROM content WHERE id = %s", (office,)).fetchone()[0]
        db.execute("SELECT publish_translation(%s, 'de', slug, title, '', 'x', %s, %s, %s, 'human', 'de', false, '{}', '[]', NULL)"
                   "  FROM translation WHERE content = %s",
                   (thing, f'<div data-embed="place:{place}"></div>\n<p><a href="article:{key}">da</a>'
                           f' &quot; href=&quot;/articles/&quot; <img src="/v1/media/{picture["hash"]}" alt="Rathaus" loading="lazy"></p>',
                    f"\ufffcplace:{place}\ufffc\nda Rathaus\n", [f"place:{place}", f"article:{key}", f"media:{picture['hash']}"], thing))
    return place, article, picture


def test_what_texts_show_of_others_is_put_in_for_every_kind(daemon, desk, things):
    for kind, path, thing in things():
        place, article, picture = embedding(daemon, desk, thing)
        read = answer(desk.http.get(f"/v1/{path}/{thing}?city={desk.city}&lang=de"))
        assert "<strong lang=\"de\">Amt &lt;1&gt;</strong><br />Am Markt 1" in read["body_html"]
        assert f'<a href="/articles/ziel-{article}" data-article="{article}">' in read["body_html"]
        assert f'src="/v1/media/{picture["hash"]}"' in read["body_html"]
        assert read["body_text"] == "Amt <1>\nAm Markt 1\nda Rathaus\n"
        if kind == "news":
            root = ElementTree.fromstring(desk.http.get(f"/v1/news.atom?city={desk.city}&lang=de").content)
            entry = next(one for one in root.iter(f"{ATOM}entry") if one.find(f"{ATOM}id").text.endswith(thing))
            html = entry.find(f"{ATOM}content").text
            assert "Amt &lt;1&gt;" in html and "data-embed" in html and "article:" not in html
            assert f'href="http://localhost:3000/articles/ziel-{article}"' in html, "a feed is read elsewhere"
            assert "&quot; href=&quot;/articles/&quot;" in html


def test_feed_readers_get_attachments(desk, things):
    picture, form = brought(desk, "de"), document(desk, "de", "en")
    thing = next(id for kind, _, id in things(picture["hash"], [form["hash"], picture["hash"]]) if kind == "news")
    text = desk.http.get(f"/v1/news.atom?city={desk.city}&lang=en").content
    entry = next(one for one in feedparser.parse(text).entries if one.id.endswith(thing))
    assert [(link.href, link.type, link.length, link.title) for link in entry.enclosures] == [
        (made["url"], made["type"], str(made["size"]), shown(made, language)["alternative_text"]) for made, language in ((form, "en"), (picture, "de"))]


def test_attachments_are_printed_as_links_that_tell_what_to_expect(desk):
    form, photo = document(desk, "de", "uk"), brought(desk, "de", data=media_files.jpeg(), kind=JPEG)
    article = desk.article(attachments=[form["hash"], photo["hash"]])
    desk.publish(article)

    def printed(language):
        html = ElementTree.fromstring(desk.http.get(f"/v1/articles/{article}/print?city={desk.city}&lang={language}").text)
        section = html.find(".//section[@class='attachments']")
        return section.find("h2").text, [(li.find("a").text, li.find("a").get("href"), li.find("a").get("lang"), li.find("bdi").text.replace("\u00a0", " "))
                                         for li in section.iter("li")]
    size = f"{form['size'] / 1000:.1f}"
    assert printed("de")[0] == "Anhänge"
    assert printed("de")[1][0] == (shown(form, "de")["alternative_text"], form["url"], "de", f"(PDF, {size.replace('.', ',')} kB)")
    heading, (first, second) = printed("uk")
    assert heading == "Додатки" and first[:3] == (shown(form, "uk")["alternative_text"], form["url"], "uk") and "кБ" in first[3]
    assert second[:3] == (shown(photo, "de")["alternative_text"], photo["url"], "de") and second[3].startswith("(JPEG, ")
    plain = desk.article()
    desk.publish(plain)
    assert "attachments\"" not in desk.http.get(f"/v1/articles/{plain}/print?city={desk.city}").text


def test_copies_that_work_offline_follow_what_is_shown(start_daemon, place):
    own = start_daemon()
    desk = Desk(People(own), place.city)
    picture, form = brought(desk, "de", "en"), document(desk, "de")
    article, bystander = desk.article(), desk.article()
    for one in (article, bystander):
        desk.publish(one)
    place = {"cursor": answer(desk.http.get(f"/v1/changes?city={desk.city}&limit=100"))["cursor"]}

    def heard():
        """{id: object} of what changed since it was last asked."""
        transactions_ended()
        page = answer(desk.http.get(f"/v1/changes?city={desk.city}&limit=100&after={place['cursor']}"))
        place["cursor"] = page["cursor"]
        return {item["id"]: item["object"] for item in page["items"]}
    while heard():
        pass
    answer(change(desk, article, {"thumbnail": picture["hash"]}))
    assert {id: (thing["thumbnail"], thing["attachments"]) for id, thing in heard().items()} == {article: (shown(picture, "de"), [])}
    answer(change(desk, article, {"attachments": [form["hash"], picture["hash"]]}))
    assert [thing["attachments"] for thing in heard().values()] == [[shown(form, "de"), shown(picture, "de")]]
    for made, body in ((form, {"alternative_texts": {"de": "Antrag"}}), (picture, {"credit": "Ich"})):
        answer(describe(desk.author, made, body))
        assert set(heard()) == {article}
    answer(change(desk, article, {"thumbnail": None, "attachments": []}))
    assert {id: (thing["thumbnail"], thing["attachments"]) for id, thing in heard().items()} == {article: (None, [])}
    answer(describe(desk.author, form, {"credit": "Niemand"}))
    assert heard() == {}
