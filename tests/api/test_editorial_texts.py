# SPDX-License-Identifier: EUPL-1.2
# What becomes of Markdown: safe HTML whatever is tried, in bounded time; places, contacts, pictures and articles put in when it is read.
import html.parser
import json
import pathlib
import uuid

import psycopg
import pytest

from support import Desk, answer, content_key, new_place, problem, processor_seconds, save

PICTURE = "0" * 64
ATTEMPTS = (pathlib.Path(__file__).parent / "xss_attempts.txt").read_text().split("\n%%\n")
TAGS = {"p": set(), "h2": set(), "h3": set(), "h4": set(), "h5": set(), "h6": set(), "ul": set(), "ol": {"start"}, "li": set(),
        "blockquote": set(), "em": set(), "strong": {"lang"}, "code": set(), "pre": set(), "br": set(), "hr": set(),
        "a": {"href", "data-article"}, "img": {"src", "alt", "loading"}, "div": {"data-embed", "data-place"}}
SCHEMES = ("https:", "tel:", "mailto:", "/articles/")


class Reader(html.parser.HTMLParser):
    """What is in a text that may not be there."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.faults, self.links, self.words = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        if tag not in TAGS or not set(names) <= TAGS[tag] or len(names) != len(set(names)):
            self.faults.append((tag, names))
        for name, value in attributes:
            if name == "href":
                self.links.append(value)
                if not value.startswith(SCHEMES):
                    self.faults.append((tag, value))
            if name == "src" and value != f"/v1/media/{PICTURE}":
                self.faults.append((tag, value))

    def handle_data(self, data):
        self.words += data

    def handle_comment(self, data):
        self.faults.append(("comment", data))

    handle_decl = handle_pi = unknown_decl = handle_comment


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


@pytest.fixture(scope="module")
def writer(people, daemon):
    """A desk with a draft to try texts in, and a picture that is there."""
    desk = Desk(people, new_place().city)
    desk.revision = desk.draft(desk.article())
    with daemon.connect("welcome_worker") as db:
        db.execute("INSERT INTO media (hash, type, bytes, desk) VALUES (%s, 'image/png', '', '*') ON CONFLICT DO NOTHING", (PICTURE,))
    return desk


def written(desk, text):
    """What a draft with this text shows, or None where it was refused."""
    response = save(desk.author, desk.revision, {"body_markdown": text}, "*")
    if response.status_code == 422:
        assert {fault["pointer"] for fault in problem(response, 422, "validation_failed")["errors"]} == {"/body_markdown"}
        return None
    return answer(response)


def refused(desk, text):
    """[(code, what it names)] of a text that was refused."""
    response = save(desk.author, desk.revision, {"body_markdown": text}, "*")
    return [(fault["code"], fault["limit"]) for fault in problem(response, 422, "validation_failed")["errors"]]


def test_the_attempts_are_many():
    assert len(ATTEMPTS) == len(set(ATTEMPTS)) >= 60


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_whatever_is_tried_html_stays_safe(writer, attempt):
    shown = written(writer, attempt)
    if shown:
        assert Reader(shown["body_html"]).faults == [], shown["body_html"]


def test_what_may_be_written_is_written(writer):
    shown = written(writer, f"""## Eins

Ein *kurzer* und **wichtiger** Satz mit `Wort`,  \nzwei Zeilen & einem [Link](https://example.org/?a=1&b=2), [anrufen](tel:+49201123),
[schreiben](mailto:info@example.org), <https://example.org/>.

### Zwei
- a
- b

4. vier

> Zitat

```sql
SELECT 1
```

***

![Ein "Haus" \\<rot\\>](media:{PICTURE})
""")
    reader = Reader(shown["body_html"])
    assert reader.faults == []
    assert reader.links == ["https://example.org/?a=1&b=2", "tel:+49201123", "mailto:info@example.org", "https://example.org/"]
    assert f'<img src="/v1/media/{PICTURE}" alt="Ein &quot;Haus&quot; &lt;rot&gt;" loading="lazy">' in shown["body_html"]
    assert '<ol start="4">' in shown["body_html"] and "<pre><code>SELECT 1\n</code></pre>" in shown["body_html"]
    assert shown["body_text"].startswith("Eins\nEin kurzer und wichtiger Satz mit Wort,\nzwei Zeilen & einem Link,")
    assert 'Ein "Haus" <rot>' in shown["body_text"]


@pytest.mark.parametrize("text, code, line", [
    ("a\n\n<b>", "markdown_html", "3"), ("# a", "markdown_heading", "1"), ("a\n===", "markdown_heading", "1"),
    ("[a](http://example.org)", "markdown_link", "1"), ("[a](/b)", "markdown_link", "1"), ("[a](#b)", "markdown_link", "1"),
    ("[](https://example.org)", "markdown_link_words", "1"), ("[ ](tel:1)", "markdown_link_words", "1"),
    ("![](media:" + PICTURE + ")", "markdown_alternative", "1"), ("![a](media:abc)", "markdown_picture", "1"),
    ("![a ![b](media:" + PICTURE + ")](media:" + PICTURE + ")", "markdown_picture", "1"),
    ("a\n\nsee [](place:b)", "markdown_embed", "3"), ("[a](place:b) [c](place:d)", "markdown_embed", "1"), ("## [a](contact:b)", "markdown_embed", "1"),
    ("[a](place:)", "markdown_embed", "1"), ("[a](place:B)", "markdown_embed", "1"), ("[a](article:B)", "markdown_link", "1"),
    ("[a](article:a--b)", "markdown_link", "1"), ("[a](article:" + "a" * 101 + ")", "markdown_link", "1")])
def test_what_may_not_stand_there_is_refused_with_its_line(writer, text, code, line):
    assert (code, line) in refused(writer, text)


def test_all_faults_are_told_at_once(writer):
    assert refused(writer, "# a\n\n<b>\n\n[c](d)") == [("markdown_heading", "1"), ("markdown_html", "3"), ("markdown_link", "5")]
    assert len(refused(writer, "# a\n" * 50)) == 20


def test_what_is_not_there_cannot_be_embedded(writer):
    assert refused(writer, "[](place:nowhere)\n\n[](contact:nobody)\n\n[a](article:nothing)\n\n![a](media:" + "1" * 64 + ")") == [
        ("unknown_embed", "place:nowhere"), ("unknown_embed", "contact:nobody"), ("unknown_embed", "article:nothing"),
        ("unknown_embed", "media:" + "1" * 64)]


def test_characters_that_no_reader_can_show_are_left_out(writer):
    shown = written(writer, "a&#1;b&#xFFFC;c &#0; [d](https://example.org \"e\") `f&#1;`")
    assert shown["body_text"] == "abc \ufffd d f&#1;\n"
    assert shown["body_html"] == '<p>abc \ufffd <a href="https://example.org">d</a> <code>f&amp;#1;</code></p>\n'
    assert json.dumps(shown, ensure_ascii=False).isprintable()


BOMBS = {
    "quotations": ">" * 100_000, "lists": "- " * 49_000 + "a", "numbers": "1. " * 33_000, "both": "> - " * 25_000,
    "lists and blank lines": "- " * 25_000 + "a\n" + "\n" * 49_000, "deep by and by": "".join("  " * n + "* a\n" for n in range(300)),
    "brackets": "[" * 100_000, "pictures": "![[]()" * 16_000, "links": "[a](https://b)" * 7_000, "half a link": "[a](<b" * 16_000,
    "references": "[a]: https://" + "u" * 50_000 + "\n\n" + "[a]" * 16_000}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_at_once(daemon, writer, bomb):
    begin = processor_seconds(daemon.process.pid)
    assert {code for code, _ in refused(writer, BOMBS[bomb])} == {"markdown_too_complex"}
    assert processor_seconds(daemon.process.pid) - begin < 5


@pytest.mark.parametrize("text", ["*a **a " * 12_000, "`a``" * 25_000, "<" * 100_000, "&" * 100_000, "_a " * 33_000, "a\n" * 50_000,
                                  "**a" * 33_000, "\\" * 100_000, "- a\n" * 25_000, "[a" * 1_000 + "]" * 1_000, "* * " * 25_000,
                                  "a](" * 33_000, "![a](media:b)" * 900])
def test_strange_texts_take_no_longer(daemon, writer, text):
    begin = processor_seconds(daemon.process.pid)
    written(writer, text)
    assert processor_seconds(daemon.process.pid) - begin < 5


@pytest.fixture
def office(daemon, place):
    """A place of the city with a contact, both in German and English; its title tries to be more than a title."""
    key, thing = content_key(), str(uuid.uuid4())
    with daemon.connect("welcome_worker") as db:
        db.execute("INSERT INTO content (id, kind, key, city) VALUES (%s, 'place', %s, %s)", (thing, key, place.city))
        db.execute("INSERT INTO place_category (code, position, title, icon, color)"
                   " VALUES ('test', 1, '{\"en\": \"Test\"}', 'test', '#000000') ON CONFLICT DO NOTHING")
        db.execute("INSERT INTO place (content, category, street, postcode, town, phone, email, website)"
                   " VALUES (%s, 'test', 'Am Markt 1', '45127', 'Essen', '+49 201 88-0', 'a&b@example.org', 'https://example.org/?a=b&c=d')", (thing,))
        db.execute("INSERT INTO contact (key, place, position, role, phone, website) VALUES (%s, %s, 1, %s, '0201 1', NULL)",
                   (key, thing, json.dumps({"de": "Meldestelle", "en": "Registration"})))
        for language, title in (("de", "Bürgeramt <b>"), ("en", "Citizens' \"office\"")):
            db.execute("SELECT publish_translation(%s, %s, %s, %s, '', '', '', '', '{}', 'human', NULL, false, '{}', '[]', NULL)",
                       (thing, language, f"{key}-{language}", title))
    return key, thing


def test_a_place_is_shown_as_it_is_when_it_is_read(desk, daemon, office):
    key, thing = office
    article = desk.article()
    revision = desk.publish(article, "de", body_markdown=f"Hier:\n\n[unser Amt](place:{key})\n\nOder:\n\n[](contact:{key})\n")
    page = desk.read(article)
    assert Reader(page["body_html"]).faults == []
    assert Reader(page["body_html"]).links == ["tel:+49201880", "mailto:a%26b%40example.org", 'https://example.org/?a=b&c=d', "tel:02011"]
    assert f'<div data-embed="place:{key}" data-place="{thing}"><p><strong lang="de">Bürgeramt &lt;b&gt;</strong><br />Am Markt 1, 45127 Essen' \
        in page["body_html"]
    assert page["body_text"] == ("Hier:\nBürgeramt <b>\nAm Markt 1, 45127 Essen\n+49 201 88-0\na&b@example.org\nhttps://example.org/?a=b&c=d\n"
                                 "Oder:\nMeldestelle\nBürgeramt <b>\nAm Markt 1, 45127 Essen\n0201 1\n")
    english = desk.read(article, "en")
    assert "Citizens&#39; &quot;office&quot;" in english["body_html"] and "Registration" in english["body_html"]
    before = desk.author.get(f"/v1/revisions/{revision['id']}")
    assert answer(before)["body_html"] == page["body_html"]
    with daemon.connect("welcome_worker") as db:
        db.execute("UPDATE place SET street = 'Neue Straße 2' WHERE content = %s", (thing,))
    assert "Neue Straße 2" in desk.read(article)["body_html"]
    assert desk.author.get(f"/v1/revisions/{revision['id']}", headers={"If-None-Match": before.headers["ETag"]}).status_code == 200
    with daemon.connect("welcome_worker") as db:
        db.execute("UPDATE content SET archived_at = now() WHERE id = %s", (thing,))
    assert (desk.read(article)["body_html"], desk.read(article)["body_text"]) == ("<p>Hier:</p>\n\n<p>Oder:</p>\n\n", "Hier:\nOder:\n")


def test_a_place_never_leads_to_a_script(daemon, office):
    key, _ = office
    for address in ("javascript:alert(1)", "https://example.org/\"onclick=\"alert(1)", "https://example.org/ <b>", "//example.org", "http://"):
        with daemon.connect("welcome_worker") as db, pytest.raises(psycopg.errors.CheckViolation):
            db.execute("UPDATE contact SET website = %s WHERE key = %s", (address, key))


def test_a_link_to_an_article_follows_its_slug(desk):
    target, key = None, content_key()
    target = desk.article(key=key)
    desk.publish(target, "de", slug=f"{key}-eins", title="Ziel")
    article = desk.article()
    desk.publish(article, "de", body_markdown=f"Siehe [**dort**](article:{key}).")

    def link():
        return desk.read(article)["body_html"]
    assert link() == f'<p>Siehe <a href="/articles/{key}-eins" data-article="{target}"><strong>dort</strong></a>.</p>\n'
    assert desk.read(article)["body_text"] == "Siehe dort.\n"
    desk.publish(target, "de", slug=f"{key}-zwei", title="Ziel")
    assert f'href="/articles/{key}-zwei"' in link()
    answer(desk.author.post(f"/v1/contents/{target}/archive", {}))
    assert link() == "<p>Siehe <a><strong>dort</strong></a>.</p>\n"


def test_an_article_names_its_office_and_its_sources(desk, office):
    sources = [{"basis": "BMG § 17", "source": "https://www.gesetze-im-internet.de/bmg/__17.html"}]
    article = desk.article(office=office[1])
    desk.publish(article, "de", sources=sources)
    page = desk.read(article)
    assert page["office"] == {"id": office[1], "slug": f"{office[0]}-de", "title": "Bürgeramt <b>", "language": "de"}
    assert page["sources"] == sources and page["reviewed_on"] is None
    answer(desk.author.post(f"/v1/contents/{article}/confirm"))
    assert desk.read(article)["reviewed_on"]
