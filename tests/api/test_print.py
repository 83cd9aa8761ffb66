# SPDX-License-Identifier: EUPL-1.2
# The print form of articles: one well-formed file that loads nothing and tells what a reader has to know.
import base64
import hashlib
import json
import re
import uuid
import xml.etree.ElementTree as ElementTree

import html5lib
import pytest

from support import ROOT, Desk, answer, content_key, problem

SENTENCES = json.loads((ROOT / "content" / "texts" / "print.json").read_text())["print"]
SLUG = "residence-registration"


class Page:
    def __init__(self, response):
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        self.text, self.headers = response.text, response.headers
        html5lib.HTMLParser(strict=True).parse(self.text)  # raises at the first fault
        self.html = ElementTree.fromstring(self.text)

    @property
    def language(self):
        return self.html.get("lang"), self.html.get("dir")

    @property
    def notices(self):
        """[(language, direction, sentence)] above the text."""
        return [(p.get("lang"), p.get("dir"), p.text) for p in self.html.iterfind(".//div[@class='notice']/p")]

    @property
    def dates(self):
        return [p.text for p in self.html.iterfind(".//footer/p")]

    @property
    def sources(self):
        return [(li.find("bdi").text, li.find("a").get("href")) for li in self.html.iterfind(".//section[@class='sources']//li")]


def printed(http, query="", slug=SLUG, **headers):
    return Page(http.get(f"/v1/articles/{slug}/print?{query}", headers=headers))


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


def test_every_article_prints_in_every_language(http):
    for item in answer(http.get("/v1/articles?lang=de&limit=100"))["items"]:
        article = answer(http.get(f"/v1/articles/{item['id']}?lang=de"))
        for one in article["translations"]:
            page = printed(http, f"lang={one['language']}", item["id"])
            assert page.language == (one["language"], "rtl" if one["language"] == "ar" else "ltr")
            assert page.html.find(".//h1").text == page.html.find("head/title").text == one["title"]
            assert page.headers["Content-Language"] == one["language"]


def test_the_text_is_the_articles_own(http):
    article, page = answer(http.get(f"/v1/articles/{SLUG}?lang=en")), printed(http, "lang=en")
    assert article["body_html"] in page.text and article["summary"] == page.html.find(".//p[@class='summary']").text
    assert page.sources and all(address.startswith("https://") for _, address in page.sources)
    assert any("BMG" in basis for basis, _ in page.sources)
    assert re.fullmatch(r"As of: \w+ \d+, \d{4}", page.dates[0])
    assert [sentence for _, _, sentence in page.notices] == [SENTENCES["machine_reviewed"]["en"]]
    assert page.html.find(".//footer/p").attrib == {"lang": "en", "dir": "ltr"}


def test_a_machines_text_is_told_to_be_one_in_the_readers_language(http):
    page = printed(http, "lang=ar")
    assert page.language == ("ar", "rtl")
    assert page.notices == [("ar", "rtl", SENTENCES["machine"]["ar"])]
    assert page.html.find(".//section/h2").attrib == {"lang": "ar", "dir": "rtl"}


def test_a_fallback_is_told_in_the_readers_language_or_in_english(desk):
    article = desk.article()
    desk.publish(article, "de")
    page = printed(desk.http, f"city={desk.city}&lang=uk", article)
    assert page.language == ("de", "ltr") and page.headers["Content-Language"] == "de"
    assert page.notices == [("uk", "ltr", SENTENCES["fallback"]["uk"].format(value="німецька"))]
    page = printed(desk.http, f"city={desk.city}&lang=fa", article)
    assert page.notices == [("en", "ltr", SENTENCES["fallback"]["en"].format(value="German"))]
    assert printed(desk.http, f"city={desk.city}&lang=de", article).notices == []


def test_simple_german_is_told_in_german(desk):
    article = desk.article()
    desk.publish(article, "de")
    notice, = printed(desk.http, f"city={desk.city}&lang=de-simple", article).notices
    assert notice == ("de", "ltr", SENTENCES["fallback"]["de"].format(value="Deutsch"))


def test_a_translation_behind_its_original_is_told(desk):
    article = desk.article()
    desk.publish(article, "de")
    desk.publish(article, "tr", source_language="de", method="machine_reviewed")
    desk.publish(article, "de")
    page = printed(desk.http, f"city={desk.city}&lang=tr", article)
    assert [sentence for _, _, sentence in page.notices] == [SENTENCES["machine_reviewed"]["tr"], SENTENCES["outdated"]["tr"]]


def test_places_and_links_in_a_text_print_too(daemon, desk):
    linked = desk.article()
    desk.publish(linked, slug=f"ziel-{linked}")
    key = answer(desk.author.get(f"/v1/contents/{linked}"))["key"]
    place, office = content_key(), str(uuid.uuid4())
    with daemon.connect("welcome_worker") as db:
        db.execute("INSERT INTO content (id, kind, key, city) VALUES (%s, 'place', %s, %s)", (office, place, desk.city))
        db.execute("INSERT INTO place (content, category, street, phone) SELECT %s, code, 'Am Markt 1', '+49 201 0' FROM place_category LIMIT 1",
                   (office,))
        db.execute("SELECT publish_translation(%s, 'de', %s, 'Amt', '', '', '', '', '{}', 'human', 'de', false, '{}', '[]', NULL)",
                   (office, place))
    article = desk.article()
    desk.publish(article, body_markdown=f"[](place:{place})\n\nSiehe [dort](article:{key}).")
    page = printed(desk.http, f"city={desk.city}&lang=de", article)
    assert page.html.find(f".//div[@data-embed='place:{place}']//strong").text == "Amt"
    assert page.html.find(".//div[@data-embed]//a").get("href") == "tel:+492010"
    assert page.html.find(".//a[@data-article]").attrib == {"href": f"/articles/ziel-{linked}", "data-article": linked}


def test_whatever_stands_in_a_text_stays_text(desk):
    article = desk.article()
    title = """</title><script>alert("1")</script> & 'more'"""
    desk.publish(article, title=title, summary="<b>&amp;", slug="eigene-seite", body_markdown="a < b & c",
                 sources=[{"basis": "<i>§ 1</i>", "source": "https://example.org/?a=1&b=%22%3E"}])
    page = printed(desk.http, f"city={desk.city}&lang=de", article)
    assert page.html.find(".//h1").text == title and page.html.find(".//script") is None
    assert page.html.find(".//p[@class='summary']").text == "<b>&amp;"
    assert page.sources == [("<i>§ 1</i>", "https://example.org/?a=1&b=%22%3E")]


def test_the_page_may_load_nothing_but_its_own_style_and_pictures(http):
    page = printed(http)
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    digest = base64.b64encode(hashlib.sha256(page.html.find("head/style").text.encode()).digest()).decode()
    assert policy == {"default-src": "'none'", "style-src": f"'sha256-{digest}'", "img-src": "'self'", "base-uri": "'none'",
                      "form-action": "'none'", "frame-ancestors": "'none'"}
    assert not re.search(r"<(script|link|iframe|object)\b|\sstyle=|@import|url\(", page.text)


def test_an_old_link_leads_to_the_print_form_too(desk):
    article = desk.article()
    desk.publish(article, slug=f"alt-{article}")
    desk.publish(article, slug=f"neu-{article}")
    response = desk.http.get(f"/v1/articles/alt-{article}/print?city={desk.city}&lang=de")
    assert (response.status_code, response.headers["Location"]) == (308, f"/v1/articles/neu-{article}/print?city={desk.city}&lang=de")
    assert printed(desk.http, f"city={desk.city}", f"neu-{article}").language == ("de", "ltr")
    problem(desk.http.get(f"/v1/articles/neu-{article}/print"), 404, "not_found")  # of another city
    problem(desk.http.get("/v1/articles/nothing/print", headers={"Accept": "text/plain"}), 406, "not_acceptable")


def test_a_printed_page_is_validated_like_any_public_answer(http):
    page = printed(http, "lang=de")
    assert page.headers["Cache-Control"] == "public, no-cache" and page.headers["Access-Control-Allow-Origin"] == "*"
    again = http.get(f"/v1/articles/{SLUG}/print?lang=de", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 304 and not again.content
