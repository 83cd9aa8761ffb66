# SPDX-License-Identifier: EUPL-1.2
# What an editor sees of the work: lists, history, the inbox; archiving, confirming, and what a desk decides.
import datetime
import uuid

import pytest

from support import Desk, answer, at_once, content_key, faults, problem, save


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


def items(person, path):
    """All items of a list, page by page."""
    found, after = [], ""
    while True:
        page = answer(person.get(f"{path}{after}"))
        found += page["items"]
        if not page["next"]:
            return found
        after = f"{'&' if '?' in path else '?'}after={page['next']}"


def contents(person, query=""):
    return {item["id"]: item for item in items(person, f"/v1/contents?limit=3&{query}")}


def tasks(person, query=""):
    return [(item["kind"], item["content"]["id"], item["language"]) for item in items(person, f"/v1/editorial-tasks?limit=3&{query}")
            if item["content"]]


def set_desk(people, city, **decision):
    admin = people.admin()
    etag = admin.get(f"/v1/desks/{city}").headers["ETag"]
    return answer(admin.patch(f"/v1/desks/{city}", decision, headers={"If-Match": etag}))


def test_editors_list_what_their_desks_look_after(desk, people, place):
    published, drafted, bare, archived = (desk.article() for _ in range(4))
    other = Desk(people, place.far)
    foreign = other.article()
    desk.publish(published, "de", title="Müllabfuhr")
    desk.publish(published, "tr", source_language="de", method="machine")
    desk.publish(archived, "de")
    answer(desk.author.post(f"/v1/contents/{archived}/archive", {}))
    desk.draft(drafted, "uk", title="Переїзд")
    mine = contents(desk.author)
    assert set(mine) == {published, drafted, bare}
    assert {one["language"]: (one["state"], one["draft"]) for one in mine[published]["translations"]} == {
        "de": ("current", None), "en": ("missing", None), "tr": ("machine", None)}
    assert (mine[published]["title"], mine[drafted]["title"], mine[drafted]["language"], mine[bare]["title"]) == (
        "Müllabfuhr", "Переїзд", "uk", None)
    assert set(contents(desk.author, "state=archived")) == {archived}
    assert set(contents(desk.author, "state=missing&language=en")) == {published, drafted, bare}
    assert set(contents(desk.author, "state=machine")) == {published}
    assert set(contents(desk.author, "state=draft")) == set(contents(desk.author, "language=uk")) == {drafted}
    assert set(contents(desk.author, "q=müll")) == {published} and set(contents(desk.author, "q=ПЕРЕЇЗД")) == {drafted}
    assert set(contents(desk.author, f"q={mine[bare]['key']}&kind=article")) == {bare}
    assert contents(desk.author, "kind=story") == contents(desk.author, "region=true") == contents(desk.author, f"city={place.far}") == {}
    assert answer(desk.author.get("/v1/contents?count=true&limit=1"))["total"] == 3
    assert answer(desk.author.get("/v1/contents?count=true&limit=1&state=machine"))["total"] == 1
    everywhere = people.somebody_of_staff("editor")
    assert set(contents(everywhere, f"city={place.far}")) == {foreign} and set(contents(everywhere, f"city={desk.city}")) == set(mine)
    assert {item["city"] for item in contents(everywhere, "region=true").values()} == {None}


def test_the_history_of_texts_is_kept(desk):
    article = desk.article()
    first, second = desk.publish(article, "de")["id"], desk.publish(article, "de")["id"]
    english = desk.draft(article, "en")
    for path in ("contents", "articles"):
        history = items(desk.author, f"/v1/{path}/{article}/revisions?limit=2")
        assert [(one["id"], one["state"], one["number"]) for one in history] == [
            (english, "draft", 1), (second, "published", 2), (first, "superseded", 1)]
    assert [one["mine"] for one in history] == [True, True, True] and history[1]["reviewer"]["id"] == desk.reviewer.id
    assert [one["id"] for one in items(desk.author, f"/v1/contents/{article}/revisions?language=de&state=superseded")] == [first]
    assert answer(desk.author.get(f"/v1/revisions/{first}"))["body_markdown"] == "Ein Absatz."
    for path in ("contents", "articles"):
        problem(desk.author.get(f"/v1/{path}/{uuid.uuid4()}/revisions"), 404, "not_found")


def test_colleagues_are_told_by_the_name_they_gave(desk, people):
    made = answer(people.admin().post("/v1/accounts", {"email": people.address("editor"), "display_name": "Ines Info",
                                                       "roles": [{"role": "editor", "city": desk.city}]}), 201)
    ines = people.sign_in(made["email"])
    revision = desk.draft(desk.article())
    answer(save(ines, revision, {"title": "Von Ines"}))
    assert answer(desk.author.get(f"/v1/revisions/{revision}"))["author"] == {"id": made["id"], "display_name": "Ines Info"}


def test_what_is_archived_takes_everything_below_along_and_brings_it_back(desk):
    top, middle, bottom = desk.article(), None, None
    middle = desk.article(parent=top)
    bottom = desk.article(parent=middle)
    for article in (top, middle, bottom):
        desk.publish(article)

    def found():
        return [desk.http.get(f"/v1/articles/{article}?city={desk.city}").status_code for article in (top, middle, bottom)]
    before = desk.read(bottom)
    assert found() == [200, 200, 200]
    for _ in range(2):
        assert answer(desk.author.post(f"/v1/contents/{top}/archive", {}))["archived_at"]
    assert found() == [404, 404, 404]
    assert not answer(desk.author.get(f"/v1/contents/{bottom}"))["shown"]
    answer(desk.author.post(f"/v1/contents/{middle}/archive", {}))
    for _ in range(2):
        assert answer(desk.author.post(f"/v1/contents/{top}/restore", {}))["archived_at"] is None
    assert found() == [200, 404, 404]
    answer(desk.author.post(f"/v1/contents/{middle}/restore", {}))
    assert found() == [200, 200, 200] and desk.read(bottom) == before
    below = desk.author.patch(f"/v1/articles/{bottom}", {"parent": None}, headers={"If-Match": "*"})
    answer(desk.author.post(f"/v1/contents/{top}/archive", {}))
    assert answer(below)["parent"] is None and found() == [404, 404, 200]


def test_what_moves_below_something_archived_at_that_moment_disappears_too(desk):
    for _ in range(5):
        above, below = desk.article(), desk.article()
        for article in (above, below):
            desk.publish(article)
        calls = (lambda: desk.author.post(f"/v1/contents/{above}/archive", {}),
                 lambda: desk.author.patch(f"/v1/articles/{below}", {"parent": above}, headers={"If-Match": "*"}))
        assert at_once(lambda n: calls[n](), 2) == [200, 200]
        assert [desk.http.get(f"/v1/articles/{article}?city={desk.city}").status_code for article in (above, below)] == [404, 404]


def test_what_is_archived_leaves_its_slug_to_others(desk):
    first, second, slug = desk.article(), desk.article(), content_key()
    desk.publish(first, "de", slug=slug)
    answer(desk.author.post(f"/v1/contents/{first}/archive", {}))
    desk.publish(second, "de", slug=slug)
    assert desk.read(slug)["id"] == second
    refused = problem(desk.author.post(f"/v1/contents/{first}/restore", {}), 409, "duplicate")
    assert [(fault["pointer"], fault["code"]) for fault in refused["errors"]] == [("/slug", "slug_taken")]


def test_one_call_confirms_all_languages(desk):
    article = desk.article()
    desk.publish(article, "de")
    desk.publish(article, "en", source_language="de")
    desk.publish(article, "de")
    desk.publish(article, "fr", source_language="de")
    desk.publish(article, "tr", source_language="de", method="machine")

    def reviewed():
        return {one["language"]: one["provenance"]["reviewed_at"]
                for one in answer(desk.author.get(f"/v1/contents/{article}"))["translations"] if one["provenance"]}
    before = reviewed()
    confirmed = answer(desk.author.post(f"/v1/contents/{article}/confirm"))
    today = datetime.datetime.now(datetime.timezone.utc).date()
    assert abs(datetime.date.fromisoformat(confirmed["reviewed_on"]) - today) <= datetime.timedelta(days=1)
    assert 180 <= (datetime.date.fromisoformat(confirmed["review_due_on"]) - today).days <= 185
    after = reviewed()
    assert {language for language in after if after[language] != before[language]} <= {"de", "fr"}
    assert after["de"] == after["fr"] == desk.read(article)["provenance"]["reviewed_at"] >= before["fr"]
    assert after["en"] == before["en"] and after["tr"] is None
    assert answer(desk.author.post(f"/v1/contents/{article}/confirm", {"review_due_on": "2199-01-01"}))["review_due_on"] == "2199-01-01"
    assert faults(desk.author.post(f"/v1/contents/{article}/confirm", {"review_due_on": "2020-01-01"})) == {("/review_due_on", "too_small")}


def test_the_inbox_tells_what_waits(desk, people):
    set_desk(people, desk.city, languages=["de", "uk"])
    article, due, other = desk.article(), desk.article(review_due_on="2020-01-01"), desk.article()
    assert tasks(desk.author) == [], "nobody reads any of it yet"
    desk.publish(article, "de")
    desk.publish(article, "en", source_language="de")
    desk.publish(article, "de")
    desk.publish(due, "de")
    desk.publish(due, "uk", source_language="de", method="machine")
    review = desk.draft(other)
    answer(desk.author.post(f"/v1/revisions/{review}/submit", {}))
    expected = [("in_review", other, "de"), ("due", due, None), ("outdated", article, "en"), ("machine", due, "uk"), ("missing", article, "uk")]
    assert tasks(desk.author) == tasks(desk.reviewer) == expected
    assert answer(desk.author.get("/v1/editorial-tasks?count=true&kind=missing"))["total"] == 1
    assert tasks(desk.author, "language=uk") == expected[3:] and tasks(desk.author, "kind=due") == expected[1:2]
    assert tasks(desk.author, "region=true") == [] and tasks(desk.author, f"city={desk.city}") == expected
    answer(desk.reviewer.post(f"/v1/revisions/{review}/return", {"note": "Noch nicht"}))
    assert tasks(desk.author, "language=de") == [("returned", other, "de")] and tasks(desk.reviewer, "language=de") == []
    draft = desk.draft(article, "uk", source_language="de")
    assert [item["revision"] for item in items(desk.author, "/v1/editorial-tasks?kind=missing")] == [draft]
    answer(desk.author.post(f"/v1/revisions/{draft}/submit", {}))
    assert tasks(desk.author, "language=uk") == [("in_review", article, "uk"), ("machine", due, "uk")]
    answer(desk.author.post(f"/v1/contents/{due}/confirm"))
    assert tasks(desk.author, "kind=due") == []
    answer(desk.author.post(f"/v1/contents/{due}/archive", {}))
    assert tasks(desk.author, "kind=machine") == []


def test_editors_learn_what_was_asked_for_in_vain(desk, people, place):
    article, foreign = desk.article(), Desk(people, place.far).article()
    desk.publish(article, "de")
    word = "".join(letter for letter in content_key() if letter.isalpha())
    with people.daemon.connect("postgres") as db:
        db.execute("INSERT INTO demand (day, what, key, language, count) VALUES (today(), 'article', %s, 'so', 2), (today() - 3, 'article', %s, 'so', 5),"
                   " (today(), 'article', %s, 'ti', 9), (today(), 'article', %s, 'de', 99), (today() - 31, 'article', %s, 'fa', 9),"
                   " (today(), 'article', %s, 'so', 9), (today(), 'search', %s, 'tr', 4)", (*[article] * 5, foreign, word))
    asked = [(item["content"] and item["content"]["id"], item["language"], item["words"], item["times"])
             for item in items(desk.author, "/v1/editorial-tasks?limit=1&kind=asked_for")]
    assert [one for one in asked if one[0]] == [(article, "ti", None, 9), (article, "so", None, 7)]
    assert (None, "tr", word, 4) in asked
    assert [one[3] for one in asked] == sorted((one[3] for one in asked), reverse=True)
    assert (article, "ti") in [(item["content"]["id"], item["language"]) for item in
                               items(desk.author, f"/v1/editorial-tasks?kind=asked_for&city={desk.city}")]


def test_a_desk_may_do_without_four_eyes(desk, people):
    assert answer(desk.author.get(f"/v1/desks/{desk.city}")) == {"city": desk.city, "four_eyes": True, "languages": ["de", "en"], "own": False}
    assert set_desk(people, desk.city, four_eyes=False) == {"city": desk.city, "four_eyes": False, "languages": ["de", "en"], "own": True}
    article = desk.article()
    revision = desk.draft(article)
    assert answer(desk.author.post(f"/v1/revisions/{revision}/publish"))["state"] == "published"
    set_desk(people, desk.city, four_eyes=True)
    problem(desk.author.post(f"/v1/revisions/{desk.draft(article)}/publish"), 409, "conflict_state")


def test_editors_see_their_desks_and_admins_decide(desk, people, place):
    assert [one["city"] for one in items(desk.author, "/v1/desks")] == [desk.city]
    admin = people.admin()
    assert answer(admin.get("/v1/desks?limit=1"))["items"][0]["city"] is None
    assert place.far in [one["city"] for one in items(admin, "/v1/desks?limit=100")]
    assert answer(admin.get("/v1/desks/region"))["city"] is None
    for city in (place.far, "region", "nowhere"):
        problem(desk.author.get(f"/v1/desks/{city}"), 404, "not_found")
    problem(admin.patch("/v1/desks/nowhere", {}, headers={"If-Match": "*"}), 404, "not_found")
    problem(desk.author.patch(f"/v1/desks/{desk.city}", {"four_eyes": False}, headers={"If-Match": "*"}), 403, "forbidden")
    problem(admin.patch(f"/v1/desks/{desk.city}", {}), 428, "precondition_required")
    problem(admin.patch(f"/v1/desks/{desk.city}", {}, headers={"If-Match": '"0"'}), 412, "precondition_failed")
    etag = admin.get(f"/v1/desks/{desk.city}").headers["ETag"]
    change = {"headers": {"If-Match": etag}}
    statuses = at_once(lambda n: admin.patch(f"/v1/desks/{desk.city}", {"languages": ["de", ("en", "uk", "tr")[n]]}, **change), 3)
    assert sorted(statuses) == [200, 412, 412]


def test_what_editors_do_in_public_is_noted(desk, people):
    article = desk.article()
    revision = desk.publish(article)
    answer(desk.author.post(f"/v1/contents/{article}/confirm"))
    for verb in ("archive", "restore"):
        answer(desk.author.post(f"/v1/contents/{article}/{verb}", {}))
    answer(desk.reviewer.post(f"/v1/revisions/{revision['id']}/retract", {}))
    set_desk(people, desk.city, four_eyes=False)
    with people.daemon.connect() as db:
        noted = db.execute("SELECT action, actor::text, detail ->> 'revision' FROM audit WHERE subject_id = %s AND city = %s ORDER BY id",
                           (article, desk.city)).fetchall()
        decided = db.execute("SELECT actor::text, detail ->> 'four_eyes' FROM audit WHERE action = 'desk_changed' AND city = %s",
                             (desk.city,)).fetchall()
    author, reviewer = desk.author.id, desk.reviewer.id
    assert noted == [("revision_published", reviewer, revision["id"]), ("content_confirmed", author, None), ("content_archived", author, None),
                     ("content_restored", author, None), ("revision_archived", reviewer, revision["id"])]
    assert decided == [(people.admin().id, "false")]


def test_editors_of_other_cities_find_none_of_it(desk, people, place):
    article = desk.article()
    desk.publish(article)
    stranger, advisor = people.somebody_of_staff("editor", place.far), people.somebody_of_staff("advisor", desk.city)
    for verb in ("archive", "restore", "confirm"):
        problem(stranger.post(f"/v1/contents/{article}/{verb}"), 404, "not_found")
        problem(advisor.post(f"/v1/contents/{article}/{verb}"), 403, "forbidden")
    for path in (f"/v1/contents/{article}/revisions", f"/v1/articles/{article}/revisions"):
        problem(stranger.get(path), 404, "not_found")
        problem(advisor.get(path), 403, "forbidden")
    assert article not in contents(stranger) and tasks(stranger, f"city={desk.city}") == []
    for path in ("/v1/contents", "/v1/editorial-tasks", "/v1/desks"):
        problem(advisor.get(path), 403, "forbidden")
