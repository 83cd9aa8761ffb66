# SPDX-License-Identifier: EUPL-1.2
# The story of one article, told once from end to end: written, checked, read as a fallback, translated, heard of, mistyped, moved.
import re

import pytest

from support import Desk, answer, content_key, eventually, problem, save, transactions_ended


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


def news_of(http, article, query, cursor):
    """What a copy that stands at this place hears about the article: ({(language, change): object}, the place after it)."""
    transactions_ended()
    heard, after = {}, cursor
    while after:
        page = answer(http.get(f"/v1/changes?limit=100&{query}&after={after}"))
        heard |= {(item["language"], item["change"]): item["object"] for item in page["items"] if item["id"] == article}
        cursor, after = page["cursor"] or cursor, page["next"]
    return heard, cursor


def tasks(editor, article, kind, language):
    waiting = answer(editor.get(f"/v1/editorial-tasks?kind={kind}&language={language}&limit=100"))["items"]
    return [task for task in waiting if task["content"] and task["content"]["id"] == article]


def test_an_article_finds_its_readers(desk, people):
    """An editor drafts, a second publishes, a Ukrainian reads German, a translator delivers, the copy hears, a typo finds, an old link leads."""
    http, city = desk.http, desk.city
    copy = f"city={city}&kind=article"
    cursor = answer(http.get(f"/v1/changes?{copy}&limit=100"))
    while cursor["next"]:
        cursor = answer(http.get(f"/v1/changes?{copy}&limit=100&after={cursor['next']}"))
    cursor = cursor["cursor"]

    # An editor drafts; nobody else sees it.
    article = desk.article(key=content_key(), topics=["arriving"], stages=["first-weeks"], audiences=["student"])
    form = {"language": "de", "title": "Quellwasserschein beantragen", "summary": "Wer ihn braucht.", "slug": f"quellwasserschein-{article[-8:]}",
            "body_markdown": "## Wann\n\nInnerhalb von *zwei* Wochen.\n\n- Ausweis\n- Formular",
            "sources": [{"basis": "WHG § 25", "source": "https://www.gesetze-im-internet.de/whg_2009/__25.html"}]}
    written = desk.author.post(f"/v1/contents/{article}/revisions", form)
    german = desk.made(written)
    problem(http.get(f"/v1/articles/{article}?city={city}&lang=uk"), 404, "not_found")
    assert news_of(http, article, copy, cursor)[0] == {}
    answer(save(desk.author, german, {"summary": "Wer ihn braucht und wo es ihn gibt."}, written.headers["ETag"]))
    answer(desk.author.post(f"/v1/revisions/{german}/submit", {}))

    # The author may not publish it, a second editor finds it in the inbox and does.
    assert [fault["code"] for fault in problem(desk.author.post(f"/v1/revisions/{german}/publish"), 409, "conflict_state")["errors"]] == ["four_eyes"]
    assert [task["revision"] for task in tasks(desk.reviewer, article, "in_review", "de")] == [german]
    answer(desk.reviewer.post(f"/v1/revisions/{german}/publish"))

    # The Ukrainian reader gets German, and is told so, in the next read.
    read = http.get(f"/v1/articles/{article}?city={city}", headers={"Accept-Language": "uk, de;q=0.5"})
    page = answer(read)
    assert page["language"] == {"requested": "uk", "served": "de", "fallback": True}
    assert read.headers["Content-Language"] == "de" and "Accept-Language" in read.headers["Vary"]
    assert page["provenance"] == {"method": "human", "source_language": None, "source_revision": None,
                                  "reviewed_at": page["provenance"]["reviewed_at"]}
    assert [(one["language"], one["state"]) for one in page["translations"]] == [("de", "current")]
    listed = answer(http.get(f"/v1/articles?city={city}&lang=uk&stage=first-weeks&limit=100"))["items"]
    assert next(item for item in listed if item["id"] == article)["language"]["fallback"] is True
    heard, cursor = news_of(http, article, copy, cursor)
    assert set(heard) == {("de", "put")} and heard["de", "put"]["body_text"] == page["body_text"]

    # A translator learns what was asked for in vain, and delivers.
    translator = people.editor(city)

    def asked_for():
        """the reader's wish reaches the inbox"""
        return tasks(translator, article, "asked_for", "uk")
    assert eventually(asked_for)[0]["times"] == 1
    form = {"language": "uk", "title": "Оформити джерельну посвідку", "summary": "Кому вона потрібна.", "source_language": "de",
            "body_markdown": "## Коли\n\nПротягом двох тижнів.", "method": "human"}
    ukrainian = desk.made(translator.post(f"/v1/contents/{article}/revisions", form))
    answer(translator.post(f"/v1/revisions/{ukrainian}/submit", {}))
    old_slug = answer(desk.reviewer.post(f"/v1/revisions/{ukrainian}/publish"))["slug"]
    assert not asked_for()
    again = http.get(f"/v1/articles/{article}?city={city}", headers={"Accept-Language": "uk, de;q=0.5", "If-None-Match": read.headers["ETag"]})
    page = answer(again)
    assert page["language"] == {"requested": "uk", "served": "uk", "fallback": False}
    assert (page["provenance"]["source_language"], page["provenance"]["source_revision"]) == ("de", german)

    # The copy hears of it: the new text, and German again, since its page can now be switched to Ukrainian.
    heard, cursor = news_of(http, article, copy, cursor)
    assert set(heard) == {("de", "put"), ("uk", "put")} and heard["uk", "put"]["title"] == page["title"]
    assert news_of(http, article, copy, cursor) == ({}, cursor)

    # A typing error finds it.
    found = answer(http.get("/v1/search", params={"q": "джерельну посвидку", "lang": "uk", "city": city}))["items"]
    assert (found[0]["id"], found[0]["matched"], found[0]["language"]["fallback"]) == (article, "similar", False)
    assert re.search("<mark>посвідку</mark>", found[0]["highlight"] + found[0]["title"]) or found[0]["title"] == page["title"]

    # The German text gets another address and is newer than its translation; the old link still leads there.
    second = desk.publish(article, "de", slug=f"quellwasser-{article[-8:]}", title="Quellwasserschein")
    for path in ("", "/print"):
        moved = http.get(f"/v1/articles/quellwasserschein-{article[-8:]}{path}?city={city}&lang=de")
        assert (moved.status_code, moved.headers["Location"]) == (308, f"/v1/articles/{second['slug']}{path}?city={city}&lang=de")
    assert answer(http.get(f"/v1/articles/quellwasserschein-{article[-8:]}?city={city}&lang=de", follow_redirects=True))["id"] == article
    assert answer(http.get(f"/v1/articles/{old_slug}?city={city}&lang=uk"))["id"] == article
    assert {one["language"]: one["state"] for one in desk.read(article, "uk")["translations"]} == {"de": "current", "uk": "outdated"}
    assert tasks(translator, article, "outdated", "uk")
    assert ("uk", "put") in news_of(http, article, copy, cursor)[0]
