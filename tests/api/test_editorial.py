# SPDX-License-Identifier: EUPL-1.2
# Editors write, somebody else publishes, readers get it: revisions and their states.
import uuid

import pytest

from support import Desk, answer, at_once, content_key, faults, problem, save


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


def test_one_writes_and_another_publishes(desk):
    article = desk.article(topics=["arriving"])
    problem(desk.http.get(f"/v1/articles/{article}?city={desk.city}"), 404, "not_found")
    revision = desk.draft(article, title="Abmelden", summary="Wer wegzieht", body_markdown="## Wann\nBald *genug*.",
                          sources=[{"basis": "BMG § 17", "source": "https://www.gesetze-im-internet.de/bmg/__17.html"}])
    written = answer(desk.author.get(f"/v1/revisions/{revision}"))
    assert (written["state"], written["number"], written["slug"], written["mine"]) == ("draft", 1, "abmelden", True)
    assert written["body_html"] == "<h2>Wann</h2>\n<p>Bald <em>genug</em>.</p>\n" and written["body_text"] == "Wann\nBald genug.\n"
    submitted = answer(desk.author.post(f"/v1/revisions/{revision}/submit", {}))
    assert submitted["state"] == "in_review"
    seen = answer(desk.reviewer.get(f"/v1/revisions/{revision}"))
    assert not seen["mine"] and seen["author"]["id"] == desk.author.id
    published = answer(desk.reviewer.post(f"/v1/revisions/{revision}/publish", {"version": seen["version"]}))
    assert (published["state"], published["reviewer"]["id"], published["published"]) == ("published", desk.reviewer.id, revision)
    page = desk.read(article)
    assert (page["title"], page["slug"], page["provenance"]["method"]) == ("Abmelden", "abmelden", "human")
    assert page["provenance"]["reviewed_at"] == published["reviewed_at"]
    assert desk.read("abmelden") == page


def test_the_author_may_not_publish(desk):
    revision = desk.draft(desk.article())
    answer(desk.author.post(f"/v1/revisions/{revision}/submit", {}))
    refused = problem(desk.author.post(f"/v1/revisions/{revision}/publish"), 409, "conflict_state")
    assert [fault["code"] for fault in refused["errors"]] == ["four_eyes"]


def test_nobody_publishes_what_was_not_submitted(desk):
    revision = desk.draft(desk.article())
    refused = problem(desk.reviewer.post(f"/v1/revisions/{revision}/publish"), 409, "conflict_state")
    assert [fault["code"] for fault in refused["errors"]] == ["not_in_review"]


def test_whoever_saves_last_is_the_author(desk):
    revision = desk.draft(desk.article())
    assert answer(save(desk.reviewer, revision, {"title": "Anders"}))["author"]["id"] == desk.reviewer.id
    answer(desk.reviewer.post(f"/v1/revisions/{revision}/submit", {}))
    problem(desk.reviewer.post(f"/v1/revisions/{revision}/publish"), 409, "conflict_state")
    assert answer(desk.author.post(f"/v1/revisions/{revision}/publish"))["state"] == "published"


def test_a_text_comes_back_with_a_note_and_goes_out_again(desk):
    revision = desk.draft(desk.article())
    answer(desk.author.post(f"/v1/revisions/{revision}/submit", {}))
    problem(save(desk.author, revision, {"title": "Zu spät"}), 409, "conflict_state")
    for _ in range(2):  # said twice is said once
        returned = answer(desk.reviewer.post(f"/v1/revisions/{revision}/return", {"note": "Quelle fehlt"}))
        assert (returned["state"], returned["note"], returned["reviewer"]["id"]) == ("draft", "Quelle fehlt", desk.reviewer.id)
    problem(desk.reviewer.post(f"/v1/revisions/{revision}/return", {"note": "Etwas anderes"}), 409, "conflict_state")
    assert answer(save(desk.author, revision, {"title": "Mit Quelle"}))["title"] == "Mit Quelle"
    answer(desk.author.post(f"/v1/revisions/{revision}/submit", {}))
    answer(desk.reviewer.post(f"/v1/revisions/{revision}/publish"))


def test_who_read_another_version_publishes_nothing(desk):
    revision = desk.draft(desk.article())
    read = answer(desk.author.post(f"/v1/revisions/{revision}/submit", {}))["version"]
    answer(desk.author.post(f"/v1/revisions/{revision}/return", {"note": "Halt"}))
    answer(save(desk.author, revision, {"title": "Etwas ganz anderes"}))
    answer(desk.author.post(f"/v1/revisions/{revision}/submit", {}))
    refused = problem(desk.reviewer.post(f"/v1/revisions/{revision}/publish", {"version": read}), 409, "conflict_state")
    assert [fault["code"] for fault in refused["errors"]] == ["changed_since"]


def test_transitions_said_twice_answer_alike(desk):
    article = desk.article()
    revision = desk.draft(article)
    for person, verb, state in ((desk.author, "submit", "in_review"), (desk.reviewer, "publish", "published"),
                                (desk.reviewer, "retract", "archived")):
        first, second = (answer(person.post(f"/v1/revisions/{revision}/{verb}", {})) for _ in range(2))
        assert first == second and first["state"] == state
    put_away = desk.draft(article)
    first, second = (answer(desk.author.post(f"/v1/revisions/{put_away}/discard", {})) for _ in range(2))
    assert first == second and first["state"] == "archived"


def test_steps_that_are_none_are_refused(desk):
    article = desk.article()
    published, draft = desk.publish(article)["id"], desk.draft(article)
    for revision, verb in ((published, "submit"), (published, "discard"), (published, "return"), (draft, "retract"), (draft, "return")):
        body = {"note": "Nein"} if verb == "return" else {}
        problem(desk.reviewer.post(f"/v1/revisions/{revision}/{verb}", body), 409, "conflict_state")
    problem(save(desk.author, published, {"title": "Nachträglich"}), 409, "conflict_state")
    answer(desk.author.post(f"/v1/revisions/{draft}/submit", {}))
    answer(desk.reviewer.post(f"/v1/revisions/{draft}/publish"))
    assert answer(desk.author.get(f"/v1/revisions/{published}"))["state"] == "superseded"
    problem(desk.reviewer.post(f"/v1/revisions/{published}/publish"), 409, "conflict_state")


def test_a_draft_changes_nothing_for_readers(desk):
    article = desk.article()
    desk.publish(article, "de", title="Erster Stand")
    desk.publish(article, "en", title="First state", source_language="de")
    before = {language: desk.read(article, language) for language in ("de", "en")}
    draft = desk.draft(article, "de", title="Zweiter Stand")
    for _ in range(3):
        answer(save(desk.author, draft, {"body_markdown": "Noch etwas."}))
    answer(desk.author.post(f"/v1/revisions/{draft}/submit", {}))
    assert {language: desk.read(article, language) for language in ("de", "en")} == before
    assert desk.states(article) == {"de": ("current", "in_review"), "en": ("current", None)}


def test_publishing_the_source_makes_its_translations_outdated(desk):
    article = desk.article()
    first = desk.publish(article, "de")
    desk.publish(article, "en", source_language="de")
    desk.publish(article, "tr", source_language="de", method="machine")
    desk.publish(article, "uk", source_language="en")
    assert desk.read(article, "en")["provenance"]["source_revision"] == first["id"]
    second = desk.publish(article, "de")
    assert {one["language"]: one["state"] for one in desk.read(article)["translations"]} == {
        "de": "current", "en": "outdated", "tr": "machine", "uk": "current"}
    assert desk.publish(article, "en", source_language="de")["source_revision"] == second["id"]
    assert {one["language"]: one["state"] for one in desk.read(article)["translations"]} == {
        "de": "current", "en": "current", "tr": "machine", "uk": "outdated"}
    assert desk.read(article, "tr")["provenance"]["reviewed_at"] is None


def test_a_draft_that_was_translated_meanwhile_is_current_once_it_is_published(desk):
    article = desk.article()
    german = desk.draft(article, "de")
    english = desk.draft(article, "en", source_language="de")
    assert answer(desk.author.get(f"/v1/revisions/{english}"))["source_revision"] == german
    for revision in (english, german):
        answer(desk.author.post(f"/v1/revisions/{revision}/submit", {}))
        answer(desk.reviewer.post(f"/v1/revisions/{revision}/publish"))
    assert {one["state"] for one in desk.read(article)["translations"]} == {"current"}


def test_a_translator_names_what_was_translated(desk):
    article = desk.article()
    old, new = desk.publish(article, "de")["id"], desk.publish(article, "de")["id"]
    form = {"language": "en", "title": "Old", "source_language": "de", "source_revision": old}
    revision = desk.made(desk.author.post(f"/v1/contents/{article}/revisions", form))
    assert answer(desk.author.get(f"/v1/revisions/{revision}"))["source_revision"] == old
    assert answer(save(desk.author, revision, {"source_language": "de"}))["source_revision"] == new
    assert answer(save(desk.author, revision, {"source_revision": old}))["source_revision"] == old
    assert answer(save(desk.author, revision, {"source_language": None}))["source_revision"] is None
    assert faults(save(desk.author, revision, {"source_revision": old})) == {("/source_language", "required")}
    assert faults(save(desk.author, revision, {"source_revision": revision, "source_language": "de"})) == {
        ("/source_revision", "unknown_revision")}
    assert faults(save(desk.author, revision, {"source_language": "en"})) == {("/source_language", "contradiction")}
    form = {"language": "fr", "title": "Ancien", "source_language": "fr"}
    assert faults(desk.author.post(f"/v1/contents/{article}/revisions", form)) == {("/source_language", "contradiction")}


def test_what_is_left_out_stays_as_it_is_published(desk):
    article, sources = desk.article(), [{"basis": "SGB II § 7", "source": "https://example.org/sgb"}]
    desk.publish(article, "de", slug="Eigener-Name", summary="Kurz", sources=sources)
    again = answer(desk.author.get(f"/v1/revisions/{desk.draft(article, 'de', title='Neuer Titel')}"))
    assert (again["slug"], again["summary"], again["sources"], again["number"]) == ("eigener-name", "Kurz", sources, 2)
    english = answer(desk.author.get(f"/v1/revisions/{desk.draft(article, 'en', title='My Title: Ä & Ω!', source_language='de')}"))
    assert (english["slug"], english["sources"]) == ("my-title-ae-ω", sources)
    assert faults(desk.author.post(f"/v1/contents/{article}/revisions", {"language": "fr", "title": "?!"})) == {("/slug", "required")}


def test_a_slug_is_words_of_any_script_joined_by_hyphens(desk):
    article = desk.article()
    for slug in ("реєстрація-місця", "العنوان", "登録", "straße-42", "de_simple"[:2]):
        revision = desk.draft(article, slug=slug)
        assert answer(desk.author.get(f"/v1/revisions/{revision}"))["slug"] == slug
        answer(desk.author.post(f"/v1/revisions/{revision}/discard", {}))
    for slug in ("two words", "a/b", "-a", "a-", "a?b", "a#b", "100%", "a+b", "a&b", "a\u200eb", "a_b", "a.b", "\u00a0", "a\u3000b", "\\", "a:b"):
        form = {"language": "de", "title": "Titel", "slug": slug}
        assert faults(desk.author.post(f"/v1/contents/{article}/revisions", form)) == {("/slug", "pattern")}, slug


def test_one_text_is_written_at_a_time_in_each_language(desk):
    article = desk.article()
    desk.draft(article, "de")
    refused = problem(desk.reviewer.post(f"/v1/contents/{article}/revisions", {"language": "de", "title": "Auch"}), 409, "duplicate")
    assert [fault["code"] for fault in refused["errors"]] == ["draft_exists"]
    desk.draft(article, "en")


def test_two_who_begin_a_draft_at_once_make_one(desk):
    article = desk.article()
    form = {"language": "de", "title": "Zugleich"}
    statuses = at_once(lambda n: (desk.author, desk.reviewer)[n % 2].post(f"/v1/contents/{article}/revisions", form), 8)
    assert sorted(statuses) == [201] + [409] * 7


def test_two_who_save_at_once_do_not_overwrite_each_other(desk):
    revision = desk.draft(desk.article())
    etag = desk.author.get(f"/v1/revisions/{revision}").headers["ETag"]
    statuses = at_once(lambda n: save((desk.author, desk.reviewer)[n % 2], revision, {"title": f"Stand {n}"}, etag), 6)
    assert sorted(statuses) == [200] + [412] * 5


def test_a_save_names_the_version_it_starts_from(desk):
    article = desk.article()
    revision = desk.draft(article)
    for path in (f"/v1/revisions/{revision}", f"/v1/articles/{article}"):
        problem(desk.author.patch(path, {}), 428, "precondition_required")
        problem(desk.author.patch(path, {}, headers={"If-Match": '"0"'}), 412, "precondition_failed")
    read = desk.author.get(f"/v1/revisions/{revision}")
    changed = save(desk.author, revision, {"title": "Neu"}, f'"{answer(read)["version"]}"')
    assert answer(changed)["version"] == answer(read)["version"] + 1
    problem(save(desk.author, revision, {"title": "Neuer"}, read.headers["ETag"]), 412, "precondition_failed")
    answer(save(desk.author, revision, {"title": "Neuer"}, changed.headers["ETag"]))


def test_a_draft_elsewhere_does_not_hold_up_who_changes_the_article(desk):
    article = desk.article()
    read = desk.author.get(f"/v1/contents/{article}")
    desk.draft(article)
    assert desk.author.get(f"/v1/contents/{article}", headers={"If-None-Match": read.headers["ETag"]}).status_code == 200
    changed = desk.author.patch(f"/v1/articles/{article}", {"topics": ["arriving"]}, headers={"If-Match": read.headers["ETag"]})
    assert answer(changed)["topics"] == ["arriving"]
    same = desk.author.get(f"/v1/contents/{article}", headers={"If-None-Match": changed.headers["ETag"]})
    assert same.status_code == 304


def test_a_retracted_language_disappears_and_its_links_lead_on(desk):
    article = desk.article()
    german, english = desk.publish(article, "de"), desk.publish(article, "en")
    answer(desk.reviewer.post(f"/v1/revisions/{english['id']}/retract", {}))
    page = desk.read(article, "en")
    assert page["language"] == {"requested": "en", "served": "de", "fallback": True}
    assert [one["language"] for one in page["translations"]] == ["de"]
    moved = desk.http.get(f"/v1/articles/{english['slug']}?city={desk.city}")
    assert (moved.status_code, moved.headers["Location"]) == (308, f"/v1/articles/{german['slug']}?city={desk.city}")
    answer(desk.reviewer.post(f"/v1/revisions/{german['id']}/retract", {}))
    problem(desk.http.get(f"/v1/articles/{article}?city={desk.city}"), 404, "not_found")


def test_old_slugs_lead_there_for_ever(desk):
    article = desk.article()
    slugs = [desk.publish(article, "de", slug=f"{content_key()}-{n}")["slug"] for n in range(3)]
    for old in slugs[:2]:
        moved = desk.http.get(f"/v1/articles/{old}?city={desk.city}&lang=de")
        assert (moved.status_code, moved.headers["Location"]) == (308, f"/v1/articles/{slugs[2]}?city={desk.city}&lang=de")
    desk.publish(article, "de", slug=slugs[0])
    assert desk.read(slugs[0])["id"] == article
    assert desk.http.get(f"/v1/articles/{slugs[2]}?city={desk.city}").headers["Location"].endswith(f"{slugs[0]}?city={desk.city}")


def test_a_slug_belongs_to_one_article_that_a_reader_can_reach(desk, people):
    slug = content_key()
    desk.publish(desk.article(), "de", slug=slug)
    second = desk.article()
    revision = desk.draft(second, "de", slug=slug)
    answer(desk.author.post(f"/v1/revisions/{revision}/submit", {}))
    refused = problem(desk.reviewer.post(f"/v1/revisions/{revision}/publish"), 409, "duplicate")
    assert [(fault["pointer"], fault["code"]) for fault in refused["errors"]] == [("/slug", "slug_taken")]
    desk.publish(second, "en", slug=slug)  # another language is another address


def test_a_slug_of_the_form_of_an_id_hides_nothing(desk):
    article = desk.article()
    title = desk.publish(article, "de")["title"]
    desk.publish(desk.article(), "de", slug=article)
    assert desk.read(article)["title"] == title


def test_of_two_who_publish_one_slug_at_once_one_gets_it(desk):
    slug, revisions = content_key(), []
    for _ in range(4):
        revisions.append(desk.draft(desk.article(), "de", slug=slug))
        answer(desk.author.post(f"/v1/revisions/{revisions[-1]}/submit", {}))
    statuses = at_once(lambda n: desk.reviewer.post(f"/v1/revisions/{revisions[n]}/publish"), 4)
    assert sorted(statuses) == [200, 409, 409, 409]


def test_what_is_published_is_there_with_the_next_read(desk):
    article = desk.article()
    for n in range(5):
        before = desk.http.get(f"/v1/articles/{article}?city={desk.city}")
        title = desk.publish(article, "de")["title"]
        after = desk.http.get(f"/v1/articles/{article}?city={desk.city}", headers={"If-None-Match": before.headers.get("ETag", '"none"')})
        assert answer(after)["title"] == title


def test_editors_of_other_cities_find_nothing_and_others_may_nothing(desk, people, place):
    article = desk.article()
    revision = desk.draft(article)
    stranger, advisor = people.somebody_of_staff("editor", place.far), people.somebody_of_staff("advisor", desk.city)
    calls = [("GET", f"/v1/contents/{article}", None), ("PATCH", f"/v1/articles/{article}", {}), ("GET", f"/v1/revisions/{revision}", None),
             ("POST", f"/v1/contents/{article}/revisions", {"language": "en", "title": "Fremd"}), ("PATCH", f"/v1/revisions/{revision}", {})]
    calls += [("POST", f"/v1/revisions/{revision}/{verb}", {}) for verb in ("submit", "publish", "discard", "retract")]
    calls.append(("POST", f"/v1/revisions/{revision}/return", {"note": "Fremd"}))
    for method, path, body in calls:
        problem(stranger.call(method, path, body, headers={"If-Match": "*"}), 404, "not_found")
        problem(advisor.call(method, path, body), 403, "forbidden")
    problem(stranger.post("/v1/articles", {"key": content_key(), "city": desk.city}), 403, "forbidden")
    problem(stranger.post("/v1/articles", {"key": content_key()}), 403, "forbidden")
    everywhere = people.somebody_of_staff("editor")
    assert answer(everywhere.get(f"/v1/revisions/{revision}"))["id"] == revision
    problem(desk.author.patch(f"/v1/articles/{article}", {"city": None}, headers={"If-Match": "*"}), 403, "forbidden")


def test_a_key_is_given_once(desk):
    taken = content_key()
    desk.article(key=taken)
    refused = problem(desk.author.post("/v1/articles", {"key": taken, "city": desk.city}), 409, "duplicate")
    assert [(fault["pointer"], fault["code"]) for fault in refused["errors"]] == [("/key", "key_taken")]


def test_what_an_article_names_has_to_be_there(desk):
    nothing = str(uuid.uuid4())
    assert faults(desk.author.post("/v1/articles", {"key": content_key(), "city": desk.city, "parent": nothing, "replaces": nothing,
                                                    "office": nothing, "related": [nothing]})) == {
        ("/parent", "unknown_article"), ("/replaces", "unknown_article"), ("/office", "unknown_place"), ("/related/0", "unknown_article")}


def test_an_editor_may_write_much_but_not_everything(desk):
    article = desk.article()
    long = desk.draft(article, body_markdown="Ein Satz. " * 10_000)
    assert len(answer(desk.author.get(f"/v1/revisions/{long}"))["body_text"]) > 90_000
    problem(save(desk.author, long, {"body_markdown": "x" * 1_000_000}), 413, "payload_too_large")
    assert faults(save(desk.author, long, {"body_markdown": "x" * 100_001})) == {("/body_markdown", "too_long")}


def test_faults_of_markdown_name_the_line(desk):
    article = desk.article()
    for text, code, line in (("Ein\n\n<b>", "markdown_html", "3"), ("# Titel", "markdown_heading", "1"),
                             ("Ein\n\n\n[Link](javascript:alert(1))", "markdown_link", "4")):
        refused = problem(desk.author.post(f"/v1/contents/{article}/revisions", {"language": "de", "title": "T", "body_markdown": text}),
                          422, "validation_failed")
        assert [(fault["pointer"], fault["code"], fault["limit"]) for fault in refused["errors"]] == [("/body_markdown", code, line)]
        assert line in refused["errors"][0]["detail"]
