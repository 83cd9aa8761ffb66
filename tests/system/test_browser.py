# SPDX-License-Identifier: EUPL-1.2
# /docs and the sample portal in a browser: they work, break no policy, ask no foreign host and have no barriers.
import contextlib
import re
import subprocess
import urllib.parse

import pytest

from browsers import browsing, brought, portal_for, serving
from support import CONTRACT, ROOT, People, eventually

# Rules of axe-core that swagger-ui's own markup breaks: badges of white on grey, links inside buttons, examples that scroll without taking
# the focus, choosers without a label. Our pages break none.
SWAGGER_UI_BARRIERS = ("color-contrast", "nested-interactive", "scrollable-region-focusable", "select-name")
# It warns of a habit of its own as soon as a tag's name has a blank.
SWAGGER_UI_COMPLAINTS = ("escaping deep link whitespace",)


@pytest.fixture(scope="module")
def chromium():
    with browsing() as browser:
        yield browser


@pytest.fixture
def browser(chromium):
    chromium.open("about:blank")
    chromium.forget()
    return chromium


@pytest.fixture
def explorer(start_daemon):
    brought("make", "-s", "swagger-ui")
    return start_daemon(WELCOME_SWAGGER_UI=ROOT / "build/swagger-ui")


def host(url):
    return urllib.parse.urlsplit(url).netloc


def test_docs_show_the_contract_and_try_it_out(browser, explorer):
    browser.open(f"{explorer.url}/docs#/Reference%20data/get_city")
    browser.shows(".info .title", "Welcome Ruhr")
    assert len(browser.all(".opblock-tag-section")) == len(CONTRACT["tags"])
    browser.shows(".opblock-description", "The same object as in the list.")
    browser.click(".try-out__btn")
    browser.driver.execute_script("arguments[0].click()", browser.find(".execute"))  # the page still scrolls to the operation
    browser.shows(".live-responses-table tbody .response-col_status", "200")
    browser.shows(".live-responses-table", '"name": "Essen"')  # the example of its parameter
    assert not browser.barriers(*SWAGGER_UI_BARRIERS)
    browser.clean(host(explorer.url), provoked=SWAGGER_UI_COMPLAINTS)


def test_a_package_of_another_hash_is_not_taken(tmp_path):
    brought("make", "-s", "swagger-ui")  # or skipped, where npm brings nothing
    run = subprocess.run(["src/operation/npm-package.sh", "axe-core", "4.14.1", "A" * 86 + "==", tmp_path / "axe", "axe.min.js"], cwd=ROOT,
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 1 and "has another hash than expected" in run.stderr
    assert not list(tmp_path.iterdir())


def test_docs_without_swagger_ui_say_how_to_bring_it(browser, start_daemon):
    daemon = start_daemon()
    browser.open(f"{daemon.url}/docs")
    assert "make swagger-ui" in browser.text("main") and not browser.barriers()
    browser.clean(host(daemon.url))
    browser.click("a[href$='openapi.json']")
    browser.shows("body", '"openapi":"3.1.0"')


def test_the_first_page_of_the_guide_for_developers_works(browser, start_daemon, tmp_path):
    daemon = start_daemon()
    page = re.search(r"<!-- page -->\n```html\n(.*?)```", (ROOT / "docs/frontend.md").read_text(), re.DOTALL).group(1)
    (tmp_path / "index.html").write_text(page.replace("http://127.0.0.1:8080", daemon.url).replace("<title>", '<link rel="icon" href="data:,">\n<title>'))
    with serving(tmp_path) as url:
        browser.open(url)
        browser.shows("#articles li", "Visa for work")
        assert len(browser.all("#articles li")) > 10 and not browser.barriers()
        browser.click("button")
        browser.shows("#fault", "Too short")
        browser.type("#text", "The bus to the airport.")
        browser.click("button")
        browser.shows("#feedback", "Thank you.")
        browser.clean(host(url), host(daemon.url), provoked=["status of 422"])


class Portal:
    """The sample portal of one daemon, and what a person does with it."""

    def __init__(self, browser, daemon, url):
        self.browser, self.daemon, self.url = browser, daemon, url
        self.people = People(daemon)

    def open(self, path="/"):
        self.browser.open(f"{self.url}/?{path}")
        self.browser.shows("h1")

    def speak(self, tag):
        self.browser.click(f".languages [lang={tag}]")
        self.browser.shows(f".languages [lang={tag}][aria-pressed=true]")
        assert self.browser.find("html").get_attribute("lang") == tag

    def fill(self, email, **choices):
        browser = self.browser
        browser.type("[name=display_name]", "نور")
        browser.type("[name=email]", email)
        browser.choose("[name=tag]", choices.get("language", "ar"))
        browser.choose("[name=level]", "native")
        browser.choose("[name=city]", "essen")
        browser.click("[name=audience][value=skilled-worker]")
        browser.click("[name=topics][value=housing]")
        browser.type("[name=message]", "أبحث عن شقة.")
        browser.click(f"[name=share_contact][value={choices.get('share', 'on_acceptance')}]")
        browser.click("[name=consent]")

    def mailed(self, email, template):
        mail = self.daemon.mails.next(email, template)
        return f"{self.url}{mail.path}#token={mail.token}"

    def clean(self, *provoked):
        """But for answers of these statuses and other complaints of these words."""
        words = [f"status of {one}" if isinstance(one, int) else one for one in provoked]
        self.browser.clean(host(self.url), host(self.daemon.url), provoked=words)

    def at_ease(self):
        """Nothing on this page keeps anybody out, and it is no wider than the phone."""
        barriers = self.browser.barriers()
        assert not barriers, barriers
        assert self.browser.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


@contextlib.contextmanager
def portal_served(daemons, folder, **settings):
    """(daemon, address of the portal that asks it)"""
    with serving(folder / "portal") as url, daemons.running(start=False, WELCOME_PORTAL_URL=f"{url}/?", **settings) as daemon:
        with daemon.connect() as db:
            db.execute("DELETE FROM city WHERE slug LIKE 'test-%'")  # a chooser of the real ones
        daemon.start()
        portal_for(daemon.url, folder)
        yield daemon, url


@pytest.fixture(scope="module")
def served(daemons, tmp_path_factory):
    with portal_served(daemons, tmp_path_factory.mktemp("portal")) as served:
        yield served


def opened(browser, daemon, url):
    """The portal as for somebody who was never there."""
    portal = Portal(browser, daemon, url)
    portal.open()
    browser.driver.execute_script("localStorage.clear(); sessionStorage.clear()")
    return portal


@pytest.fixture
def portal(browser, served):
    return opened(browser, *served)


@pytest.fixture
def guarded_portal(browser, daemons, tmp_path):
    """Of a server that asks for a proof of work from the third form on."""
    with portal_served(daemons, tmp_path, WELCOME_RATE_FORM=4, WELCOME_CHALLENGE_EFFORT=3000) as served:
        yield opened(browser, *served)


def test_a_reader_finds_an_article_by_audience_by_city_and_by_words(portal):
    browser = portal.browser
    portal.open()
    browser.shows(".found .note", "45 articles")
    portal.at_ease()
    browser.dark(True)
    portal.at_ease()
    browser.dark(False)
    browser.choose("#audience", "student")
    browser.shows(".status", " articles")
    fewer = int(browser.text(".found .note").split()[0])
    assert 0 < fewer < 45
    browser.choose("#city", "essen")
    portal.speak("de")
    assert "audience=student" in browser.driver.current_url and "city=essen" in browser.driver.current_url
    browser.shows(".found .note", f"{fewer} Artikel")
    shown = len(browser.all(".cards li"))
    if browser.find(".found button").is_displayed():
        browser.click(".found button")
        browser.shows(f".cards li:nth-child({shown + 1})")
    browser.type("#q", "Wohnsitz anmelden")
    browser.click("[role=search] button")
    browser.shows("main .note", "Treffer für „Wohnsitz anmelden“")
    portal.at_ease()
    browser.driver.find_element("link text", "Wohnsitz anmelden").click()
    browser.shows("article h1", "Wohnsitz anmelden")
    assert browser.driver.title.startswith("Wohnsitz anmelden")
    portal.at_ease()
    browser.click("article .text a[href^='?/articles/']")  # from text to text
    eventually(lambda: not browser.driver.title.startswith("Wohnsitz anmelden"))
    browser.driver.back()
    browser.shows("article h1", "Wohnsitz anmelden")
    portal.clean()


def test_a_reader_from_right_to_left_is_told_of_other_languages(portal):
    browser = portal.browser
    portal.speak("ar")
    assert browser.find("html").get_attribute("dir") == "rtl"
    browser.shows(".card h3[lang=en][dir=ltr]")  # not translated yet
    portal.at_ease()
    portal.open("/articles/residence-registration")
    browser.shows("article h1", "تسجيل عنوان السكن")
    browser.shows(".notice")
    portal.at_ease()
    browser.click(".translations [lang=uk]")
    browser.shows("article h1[lang=uk][dir=ltr]", "Реєстрація адреси")
    assert browser.find("html").get_attribute("dir") == "rtl"
    portal.open("/articles/there-is-none")
    browser.shows("h1", "لا يوجد شيء هنا")
    portal.at_ease()
    portal.clean(404)


def test_a_newcomer_asks_confirms_by_mail_and_meets_a_guide(guarded_portal):
    portal, browser, people = guarded_portal, guarded_portal.browser, guarded_portal.people
    guide = people.guide("essen", languages=[{"tag": "ar", "level": "native"}], display_name="Samir")  # the first form
    email = people.address("newcomer")
    portal.open("/ask")
    portal.speak("de")
    browser.click("form button.big")
    browser.shows(".faults h2", "Bitte sehen Sie sich das noch einmal an")
    assert browser.focused() == browser.find(".faults")
    faults = {one.find_element("xpath", "..").get_attribute("data-pointer") for one in browser.all(".field > .fault")}
    assert faults == {"/display_name", "/email", "/languages/0/tag", "/languages/0/level", "/city", "/audience", "/consent"}
    assert browser.find("[name=email]").get_attribute("aria-invalid") == "true"
    portal.at_ease()
    browser.dark(True)
    portal.at_ease()
    browser.dark(False)
    browser.driver.find_element("link text", "E-Mail-Adresse").click()
    assert browser.focused() == browser.find("[name=email]")

    portal.fill(email, share="ask_me")
    browser.click(".rows + button")
    browser.click(".row:nth-child(2) .remove")
    browser.offline(True)
    browser.click("form button.big")
    browser.shows(".faults h2", "Das hat nicht geklappt")
    browser.offline(False)
    people.apply("/v1/guides", people.guide_form("essen"))  # the second form, so the next has to work for it
    browser.click("form button.big")
    browser.shows("h1", "Fast geschafft")
    assert email in browser.text("main")
    portal.at_ease()
    browser.look()
    sent = [one["headers"] for one in browser.requests if one["url"].endswith("/v1/guide-requests?lang=de") and one["method"] == "POST"]
    assert len(sent) == 4 and len({one["Idempotency-Key"] for one in sent[1:]}) == 1, sent
    assert [bool(one.get("X-Challenge-Solution")) for one in sent] == [False, False, False, True]
    portal.clean(422, 429, "ERR_INTERNET_DISCONNECTED")

    browser.open(portal.mailed(email, "confirm_guide_request"))
    browser.shows("h1", "Sind Sie das?")
    assert "token" not in browser.driver.current_url
    portal.at_ease()
    browser.click(".step button")
    browser.shows("h1", "Ihre Anfrage")
    browser.shows(".state")
    portal.at_ease()
    guide.accept()
    browser.driver.refresh()
    browser.shows(".person h2", "Samir")
    portal.at_ease()
    browser.click(".person button")
    browser.shows(".state", "Sie haben sich gefunden.")
    browser.shows(".person", guide.email)
    portal.at_ease()
    portal.clean()


def test_a_newcomer_comes_back_by_a_link_and_withdraws(portal):
    browser, people = portal.browser, portal.people
    newcomer = people.newcomer("bochum", languages=[{"tag": "vi", "level": "native"}])
    portal.open("/me")
    browser.shows("h1", "See your request")
    portal.at_ease()
    browser.type("#email", newcomer.email)
    browser.click("form button.big")
    browser.shows(".notice", "a mail is on its way")
    browser.open(portal.mailed(newcomer.email, "sign_in"))
    browser.click(".step button")
    browser.shows("h1", "Your requests")
    portal.at_ease()
    browser.click(".cards a")
    browser.shows(".state", "We are looking for somebody who suits you.")
    browser.shows(".figures dd", "1")
    browser.click(".request > button")
    browser.shows("dialog", "Withdraw your request?")
    portal.at_ease()
    browser.click("dialog .danger")
    browser.shows(".state", "You have withdrawn it.")
    assert newcomer.look()["closed_as"] == "withdrawn"
    portal.open("/me")
    browser.click("main > button")
    browser.shows("h1", "New in the Ruhr?")
    portal.open("/me")
    browser.shows("h1", "See your request")
    portal.clean()


def test_the_portal_has_all_its_words_in_each_language(portal):
    words = portal.browser.driver.execute_async_script("""
        const done = arguments[0], shape = (value) => typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([name, one]) =>
            [name, shape(one)])) : (String(value).match(/\\{\\w+\\}/g) ?? []).sort().join();
        Promise.all(["en", "de", "ar"].map((tag) => import(new URL(`words/${tag}.js`, location.href)))).then((all) => done(all.map((one) => shape(one.default))))""")
    english, german, arabic = words
    assert english == german and english.items() <= arabic.items()
    assert set(arabic) - set(english) == {"audiences", "topics"}  # the server has no Arabic names of these


def test_a_used_link_says_so_in_words(portal):
    browser, people = portal.browser, portal.people
    form = people.request_form("essen")
    token = people.apply("/v1/guide-requests", form)[1]
    people.confirm(token)
    browser.open(f"{portal.url}/?/confirm#token={token}")
    browser.click(".step button")
    browser.shows(".faults", "Reference for questions: ")
    portal.at_ease()
    portal.clean(410)


def test_the_portal_is_whole_without_its_server(portal):
    """The reader is told what is wrong, and the page comes when it is right again."""
    browser = portal.browser
    browser.offline(True)
    browser.click(".brand")
    browser.shows("h1", "That did not work")
    portal.at_ease()
    browser.offline(False)
    browser.click("main button")
    browser.shows("h1", "New in the Ruhr?")
    portal.clean("ERR_INTERNET_DISCONNECTED")
