# SPDX-License-Identifier: EUPL-1.2
# The page /docs: with swagger-ui's files and without them, and nothing but the files it names.
import http.client

import html5lib
import pytest

from support import problem

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'")


def page(http):
    got = http.get("/docs", headers={"Accept": "text/html", "Accept-Language": "de"})
    assert got.status_code == 200 and got.headers["Content-Type"] == "text/html; charset=utf-8"
    assert got.headers["Content-Language"] == "en" and got.headers.get_list("Content-Security-Policy") == [POLICY]
    html5lib.HTMLParser(strict=True).parse(got.text)
    return html5lib.parse(got.text, namespaceHTMLElements=False)


def loaded(tree):
    return [element.get("src") or element.get("href") for element in tree.iter() if element.tag in ("script", "link")
            and element.get("href") != "data:,"]


@pytest.fixture
def swagger_ui(tmp_path):
    """A folder as `make swagger-ui` leaves it, and more beside and in it that is nobody's business."""
    folder = tmp_path / "swagger-ui"
    folder.mkdir()
    (folder / "swagger-ui.css").write_text(".swagger-ui {}")
    (folder / "swagger-ui-bundle.js").write_text("window.SwaggerUIBundle = () => {}")
    (folder / "LICENSE").write_text("Apache")
    (tmp_path / "secret").write_text("secret")
    return folder


def test_without_swagger_ui_the_page_says_how_to_bring_it(http):
    tree = page(http)
    text = " ".join(tree.itertext())
    assert "make swagger-ui" in text and "WELCOME_SWAGGER_UI" in text
    links = [a.get("href") for a in tree.iter("a")]
    assert links == ["v1/openapi.yaml", "v1/openapi.json"] and all(answer_of(http, link) for link in links)
    assert loaded(tree) == ["docs/explorer.css"] and answer_of(http, "docs/explorer.css")
    problem(http.get("/docs/swagger-ui.css"), 404, "not_found")


def answer_of(http, path):
    got = http.get(f"/{path}")
    assert got.status_code == 200, got.text
    return got


def test_with_swagger_ui_the_page_loads_what_is_there(start_daemon, swagger_ui):
    http = start_daemon(WELCOME_SWAGGER_UI=swagger_ui).http
    types = {name: answer_of(http, name).headers["Content-Type"] for name in loaded(page(http))}
    assert types == {"docs/swagger-ui.css": "text/css; charset=utf-8", "docs/explorer.css": "text/css; charset=utf-8",
                     "docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8", "docs/explorer.js": "text/javascript; charset=utf-8"}
    assert http.get("/docs/swagger-ui.css", headers={"Accept": "text/css,*/*;q=0.1"}).text == ".swagger-ui {}"
    etag = http.get("/docs/swagger-ui-bundle.js").headers["ETag"]
    assert http.get("/docs/swagger-ui-bundle.js", headers={"If-None-Match": etag}).status_code == 304


def test_nothing_but_the_named_files_is_there(start_daemon, swagger_ui):
    connection = http.client.HTTPConnection("127.0.0.1", start_daemon(WELCOME_SWAGGER_UI=swagger_ui).port, timeout=30)  # leaves dots to the server
    for name in ("LICENSE", "../secret", "..%2fsecret", "%2e%2e%2fsecret", ".%2e/secret", "swagger-ui.css%00", "%2fetc%2fpasswd",
                 "explorer.html", "explorer.c", "swagger-ui.css/", ".", "..", ""):
        connection.request("GET", f"/docs/{name}")
        response = connection.getresponse()
        assert response.status in (400, 404) and b'"code":' in response.read(), name
    connection.close()


def test_files_are_read_once_when_the_daemon_starts(start_daemon, swagger_ui):
    http = start_daemon(WELCOME_SWAGGER_UI=swagger_ui).http
    (swagger_ui / "swagger-ui.css").write_text("changed")
    assert http.get("/docs/swagger-ui.css").text == ".swagger-ui {}"


@pytest.mark.parametrize("size", [0, 8 * 1024 * 1024])
def test_files_that_cannot_be_are_as_if_there_were_none(start_daemon, swagger_ui, size):
    (swagger_ui / "swagger-ui.css").write_bytes(b" " * size)
    daemon = start_daemon(start=False, WELCOME_SWAGGER_UI=swagger_ui)
    daemon.tolerated.add("swagger_ui_missing")
    daemon.start()
    assert "make swagger-ui" in " ".join(page(daemon.http).itertext())
    daemon.read_log()
    assert [line["file"] for line in daemon.lines if line["event"] == "swagger_ui_missing"] == ["swagger-ui.css"]


def test_a_folder_that_is_not_there_does_not_keep_the_daemon_from_starting(start_daemon, tmp_path):
    daemon = start_daemon(start=False, WELCOME_SWAGGER_UI=tmp_path / "nowhere")
    daemon.tolerated.add("swagger_ui_missing")
    daemon.start()
    assert "make swagger-ui" in " ".join(page(daemon.http).itertext())
