# SPDX-License-Identifier: EUPL-1.2
# The tree of articles: what may stand where, and what readers find when something above moves or goes.
import pytest

from support import Desk, People, answer, at_once, content_key, faults, problem


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


def change(editor, article, **members):
    return editor.patch(f"/v1/articles/{article}", members, headers={"If-Match": "*"})


def chain(desk, length, parent=None):
    """Articles each below the one before."""
    ids = []
    for _ in range(length):
        ids.append(desk.article(parent=parent))
        parent = ids[-1]
    return ids


def test_articles_stand_in_the_order_they_were_made_unless_said(desk):
    above = desk.article()
    first, second, third = (desk.article(parent=above, **position) for position in ({}, {}, {"position": 1}))
    for article in (above, first, second, third):
        desk.publish(article)
    assert [link["id"] for link in desk.read(above)["children"]] == sorted([first, third]) + [second]
    answer(change(desk.author, first, position=9))
    assert [link["id"] for link in desk.read(above)["children"]] == [third, second, first]
    assert [link["id"] for link in desk.read(second)["breadcrumb"]] == [above]


def test_a_page_does_not_stand_below_itself(desk):
    top, middle, bottom = chain(desk, 3)
    for parent in (top, middle, bottom):
        assert faults(change(desk.author, top, parent=parent)) == {("/parent", "cycle")}


def test_two_moves_at_once_make_no_cycle(desk, daemon):
    before = daemon.figure("welcome_lane_retries_total")
    for _ in range(5):
        pages = [desk.article() for _ in range(4)]
        statuses = at_once(lambda n: change(desk.author, pages[n], parent=pages[(n + 1) % 4]), 4)
        assert sorted(statuses) == [200, 200, 200, 422]
    assert daemon.figure("welcome_lane_retries_total") == before  # they wait for each other without a deadlock


def test_moving_and_archiving_at_once_wait_for_each_other(desk, daemon):
    before = daemon.figure("welcome_lane_retries_total")
    for _ in range(5):
        above, page = desk.article(), desk.article()
        below = [desk.article(parent=above) for _ in range(3)]
        calls = [lambda: change(desk.author, page, parent=above)]
        calls += [lambda one=one: desk.reviewer.post(f"/v1/contents/{one}/archive", {}) for one in (above, page, *below)]
        assert at_once(lambda n: calls[n](), 6) == [200] * 6
    assert daemon.figure("welcome_lane_retries_total") == before


def test_the_tree_has_ten_levels(desk):
    deep = chain(desk, 10)
    assert faults(desk.author.post("/v1/articles", {"key": content_key(), "city": desk.city, "parent": deep[-1]})) == {("/parent", "too_deep")}
    pair = chain(desk, 2)
    assert faults(change(desk.author, pair[0], parent=deep[8])) == {("/parent", "too_deep")}, "the lower page would be the eleventh"
    answer(change(desk.author, pair[0], parent=deep[7]))


def test_pages_stand_below_their_city_or_the_region(desk, people, place):
    everywhere, other = people.somebody_of_staff("editor"), Desk(people, place.far)
    region = desk.made(everywhere.post("/v1/articles", {"key": content_key()}))
    foreign = other.article()
    answer(change(desk.author, desk.article(), parent=region))
    assert faults(desk.author.post("/v1/articles", {"key": content_key(), "city": desk.city, "parent": foreign})) == {("/parent", "wrong_parent")}
    assert faults(everywhere.post("/v1/articles", {"key": content_key(), "parent": foreign})) == {("/parent", "wrong_parent")}
    other.article(parent=region)
    assert faults(change(everywhere, region, city=desk.city)) == {("/city", "others_below")}


def test_a_city_replaces_what_the_region_says(start_daemon, place):
    people = People(start_daemon())
    desk, everywhere = Desk(people, place.city), people.somebody_of_staff("editor")
    region = desk.made(everywhere.post("/v1/articles", {"key": content_key()}))
    own = desk.article(replaces=region)
    slug = content_key()
    for article, editor, language in ((region, everywhere, "de"), (own, desk.author, "de")):
        form = {"language": language, "title": f"Von {article}", "slug": slug}
        revision = desk.made(editor.post(f"/v1/contents/{article}/revisions", form))
        answer(editor.post(f"/v1/revisions/{revision}/submit", {}))
        answer((people.editor() if article == region else desk.reviewer).post(f"/v1/revisions/{revision}/publish"))
    assert desk.read(slug)["id"] == desk.read(region)["id"] == own
    assert answer(desk.http.get(f"/v1/articles/{slug}?city={place.far}"))["id"] == region
    assert answer(desk.http.get(f"/v1/articles/{slug}"))["id"] == region
    again = desk.author.post("/v1/articles", {"key": content_key(), "city": desk.city, "replaces": region})
    assert [fault["code"] for fault in problem(again, 409, "duplicate")["errors"]] == ["replaced_already"]
    assert faults(desk.author.post("/v1/articles", {"key": content_key(), "city": desk.city, "replaces": own})) == {("/replaces", "wrong_replaced")}
    assert faults(everywhere.post("/v1/articles", {"key": content_key(), "replaces": region})) == {("/city", "required")}
    assert faults(change(everywhere, region, city=place.far)) == {("/city", "replaced_elsewhere")}
    taken = change(desk.author, own, replaces=None)  # then both would answer to one slug
    assert [fault["code"] for fault in problem(taken, 409, "duplicate")["errors"]] == ["slug_taken"]


def test_an_article_moves_to_another_desk_with_all_its_texts(desk, people, place):
    everywhere, other = people.somebody_of_staff("editor"), Desk(people, place.far)
    article = desk.article()
    desk.publish(article)
    draft = desk.draft(article)
    answer(change(everywhere, article, city=place.far))
    assert answer(other.author.get(f"/v1/revisions/{draft}"))["content"]["city"] == place.far
    problem(desk.author.get(f"/v1/revisions/{draft}"), 404, "not_found")
    assert other.read(article)["city"] == place.far


def test_lists_that_are_sent_replace_those_that_were_there(desk):
    other = desk.article()
    article = desk.article(topics=["arriving"], audiences=["student"], stages=["settled"], related=[other], review_due_on="2027-01-01")
    changed = answer(change(desk.author, article, topics=[], related=[], review_due_on=None))
    assert (changed["topics"], changed["related"], changed["review_due_on"]) == ([], [], None)
    assert (changed["audiences"], changed["stages"]) == (["student"], ["settled"])
