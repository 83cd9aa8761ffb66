# SPDX-License-Identifier: EUPL-1.2
# What holds for every operation: problems, their order and language, bodies, URLs, lists, caching, CORS, request ids.
import json
import re
import socket

import pytest

from support import CONTRACT, ENGLISH, answer, content_key, eventually, faults, problem

JSON = {"Content-Type": "application/json"}
PORTAL, STRANGER = "https://portal.example.org", "https://evil.example.net"


def exchange(daemon, data, patience=30):
    """What comes back for these bytes until the connection closes: (status, headers, body)."""
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=patience) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:]), body


def get_raw(daemon, target):
    return exchange(daemon, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


BROKEN = {
    "no such path": (dict(method="GET", url="/v1/nothing"), 404, "not_found"),
    "trailing slash": (dict(method="GET", url="/v1/cities/"), 404, "not_found"),
    "wrong method": (dict(method="DELETE", url="/v1/cities"), 405, "method_not_allowed"),
    "nothing acceptable": (dict(method="GET", url="/v1/cities", headers={"Accept": "image/png"}), 406, "not_acceptable"),
    "too large": (dict(method="POST", url="/v1/sign-in", headers=JSON, content=b"x" * 70_000), 413, "payload_too_large"),
    "packed": (dict(method="POST", url="/v1/sign-in", headers=JSON | {"Content-Encoding": "gzip"}, content=b"{}"), 415, "unsupported_media_type"),
    "address too long": (dict(method="GET", url="/v1/cities?lang=" + "x" * 4096), 414, "url_too_long"),
    "headers too long": (dict(method="GET", url="/v1/cities", headers={"X-Long": "x" * 8192}), 431, "headers_too_long"),
    "not JSON": (dict(method="POST", url="/v1/sign-in", headers={"Content-Type": "text/plain"}, content=b"{}"), 415, "unsupported_media_type"),
    "broken JSON": (dict(method="POST", url="/v1/sign-in", headers=JSON, content=b'{"email":'), 400, "malformed_request"),
    "invalid": (dict(method="POST", url="/v1/sign-in", json={}), 422, "validation_failed"),
    "no token": (dict(method="GET", url="/v1/me"), 401, "unauthenticated"),
    "no such thing": (dict(method="GET", url="/v1/guides/01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01"), 404, "not_found"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_error_is_a_problem_in_german_and_english(http, name):
    request, status, code = BROKEN[name]
    told = {}
    for language in ("de", "en"):
        headers = {"Accept-Language": language} | request.get("headers", {})
        response = http.request(**request | {"headers": headers})
        told[language] = problem(response, status, code)
        assert response.headers["Cache-Control"] == "no-store" and response.headers["Content-Language"] == language
        assert "Accept-Language" in response.headers.get("Vary", "")
        page = http.get(told[language]["type"], headers={"Accept-Language": language})
        assert page.status_code == 200 and told[language]["title"] in page.text
    assert told["de"]["title"] != told["en"]["title"] and told["de"]["detail"] != told["en"]["detail"]


def test_a_problem_for_a_reader_of_neither_language_is_in_english(http):
    response = http.get("/v1/nothing", headers={"Accept-Language": "uk"})
    assert problem(response, 404, "not_found")["title"] == "Not found"
    assert response.headers["Content-Language"] == "en"


def test_lang_is_stronger_than_accept_language(http):
    assert problem(http.get("/v1/nothing?lang=de", headers={"Accept-Language": "en"}), 404, "not_found")["title"] == "Nicht gefunden"


@pytest.mark.parametrize("accept, language", [
    ("uk, en;q=0.5", "uk"), ("en;q=0.4, tr;q=0.9", "tr"), ("de-AT-1996", "de"), ("xx, *;q=0.1", "en"), ("tr;q=0, de", "de"),
    ("zz", "en"), ("", "en"), (",,;q=,de;q=0.9", "de"), ("DE", "de"), ("de-Simple", "de-simple"), ("en;q=0.000", "en"),
    (",".join(f"x{n};q=0.9" for n in range(500)), "en")])
def test_the_language_is_negotiated(http, accept, language):
    article = answer(http.get("/v1/articles/residence-registration", headers={"Accept-Language": accept}))
    assert article["language"]["requested"] == language


def test_a_language_nobody_knows_is_no_fault_but_a_broken_tag_is(http):
    assert answer(http.get("/v1/cities?lang=tlh"))["items"]
    assert faults(http.get("/v1/cities?lang=not_a_tag!")) == {("lang", "format")}


# Order ----------------------------------------------------------------------------------------------------------------------------

def test_checks_come_in_their_order(people, http, place):
    guide, newcomer = people.guide(place.city), people.newcomer(place.city)
    stranger = "01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01"
    large, text, broken = b"x" * 70_000, {"Content-Type": "text/plain"}, b"{"
    picky, bearer = {"Accept": "image/png"}, {"Authorization": f"Bearer {newcomer.token}"}
    invalid = {"Authorization": "Bearer " + "A" * 43}
    staff = f"/v1/guides/{stranger}/screen"
    problem(http.get("/v1/me/"), 404, "not_found")
    problem(http.put("/v1/me"), 405, "method_not_allowed")
    problem(http.post(staff, content=large, headers=text), 401, "unauthenticated")
    problem(http.post(staff, content=large, headers=text | invalid), 413, "payload_too_large")
    problem(http.post(staff, content=broken, headers=text | invalid), 415, "unsupported_media_type")
    problem(http.post(staff, content=broken, headers=JSON | picky | invalid), 400, "malformed_request")
    problem(http.post(staff, content=b'{"x":1}', headers=JSON | picky | invalid), 406, "not_acceptable")
    problem(http.post(staff, content=b'{"x":1}', headers=JSON | invalid), 422, "validation_failed")
    problem(http.post(staff, content=b"{}", headers=JSON | invalid), 401, "unauthenticated")
    problem(http.post(staff, content=b"{}", headers=JSON | bearer), 403, "forbidden")
    coordinator = people.coordinator(place.city)
    problem(coordinator.post(staff, {}), 404, "not_found")
    problem(coordinator.post(f"/v1/guides/{guide.guide}/screen", {}), 409, "conflict_state")


# Bodies ---------------------------------------------------------------------------------------------------------------------------

def test_all_faults_are_told_at_once_and_point_at_their_place(people, http, place):
    form = people.guide_form(place.city)
    del form["capacity"]
    form |= {"display_name": "x" * 81, "languages": [{"tag": "tlh", "level": "C1"}, {"tag": "en", "level": "D1"}, {"tag": "de"}],
             "cities": ["atlantis", 7], "audiences": [], "consent": False, "surprise": 1, "a/b~c": 2, "email": "nobody", "story": None}
    expected = {("/display_name", "too_long"), ("/languages/0/tag", "unknown_language"), ("/languages/1/level", "enum"),
                ("/languages/2/level", "required"), ("/cities/0", "unknown_city"), ("/cities/1", "type"), ("/audiences", "too_few_items"),
                ("/capacity", "required"), ("/surprise", "unknown_member"), ("/a~1b~0c", "unknown_member"), ("/email", "format"),
                ("/story", "type"), ("nonsense", "unknown_parameter"), ("lang", "format")}
    told = faults(http.post("/v1/guides?nonsense=1&lang=no_tag!", json=form))
    assert expected <= told
    assert {place for place, _ in told - expected} == {"/consent"}


def test_language_tags_are_spelled_as_they_are_listed(people, http, place):
    for path in ("/v1/guides?language=UK", "/v1/places?language=AR"):
        assert faults(http.get(path)) == {("language", "unknown_language")}
    assert faults(http.get("/v1/changes?lang=DE")) == {("lang", "unknown_language")}
    form = people.guide_form(place.city) | {"languages": [{"tag": "VI", "level": "native"}]}
    assert faults(http.post("/v1/guides", json=form)) == {("/languages/0/tag", "unknown_language")}
    editor = people.somebody_of_staff("editor")
    article = answer(editor.post("/v1/articles", {"key": content_key()}), 201)["id"]
    assert faults(editor.post(f"/v1/contents/{article}/revisions", {"language": "EN", "title": "X"})) == {("/language", "unknown_language")}
    # What a reader asks for is negotiated, and that is blind to case.
    assert http.get("/v1/articles?lang=DE").headers["Content-Language"] == "de"


def test_a_fault_tells_the_limit(http):
    fault = problem(http.get("/v1/articles?limit=101"), 422, "validation_failed")["errors"][0]
    assert fault["parameter"] == "limit" and fault["code"] == "too_large" and "100" in fault["detail"]
    assert fault["limit"] == "100"


@pytest.mark.parametrize("content, fault", [
    (b'{"email":"a@example.org","email":"b@example.org"}', "duplicate_member"), (b'{"email":"\xff@example.org"}', "utf8"),
    (b'{"email":"\xc0\xaf"}', "utf8"), (b'{"email":"\\ud800"}', "json"), (b'{"email":"a\\u0000@example.org"}', "json"), (b"nonsense", "json"),
    (b'{"email":"a@example.org"} more', "json"), (b'{"email":1e999}', "json"), (b"[" * 60_000, "json"), (b"\xef\xbb\xbf{}", None),
    (b'"text"', None), (b"[]", None), (b"7", None), (b"null", None)])
def test_a_body_that_is_no_json_object_is_refused(http, content, fault):
    response = http.post("/v1/sign-in", content=content, headers=JSON)
    assert response.status_code in ((400,) if fault else (400, 422)), response.text
    body = problem(response, response.status_code, "malformed_request" if response.status_code == 400 else "validation_failed")
    assert fault in (None, *(one["code"] for one in body["errors"])), body


def test_ten_megabytes_are_refused_and_the_connection_survives_or_closes_cleanly(daemon, http):
    response = http.post("/v1/guides", content=b'{"story":"' + b"x" * 10_000_000 + b'"}', headers=JSON)
    problem(response, 413, "payload_too_large")
    status, _, body = exchange(daemon, b"POST /v1/guides HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                       b"Content-Length: 99999999999\r\nConnection: close\r\n\r\n")
    assert status == 413 and json.loads(body)["code"] == "payload_too_large"
    assert http.get("/v1/cities").status_code == 200


def test_a_body_may_be_as_large_as_allowed_and_not_a_byte_larger(http):
    for length, status in ((65_536, 422), (65_537, 413)):
        content = b'{"email":"' + b"x" * (length - 12) + b'"}'
        assert http.post("/v1/sign-in", content=content, headers=JSON).status_code == status


@pytest.mark.parametrize("media_type, status", [("application/json", 202), ("application/json; charset=utf-8", 202), ("APPLICATION/JSON", 202),
                                                ("text/json", 415), ("application/jsonx", 415), ("application/xml", 415),
                                                ("application/merge-patch+json", 415), ("multipart/form-data", 415), ("", 415)])
def test_bodies_are_json_by_name_too(people, http, media_type, status):
    content = json.dumps({"email": people.address("typed")}).encode()
    assert http.post("/v1/sign-in", content=content, headers={"Content-Type": media_type}).status_code == status


def test_a_body_is_required_where_there_is_something_to_say(http, people, place):
    assert faults(http.post("/v1/sign-in")) == {("", "required")}
    guide = people.guide(place.city)
    assert answer(guide.post("/v1/me/guide/resume"))["state"] == "active"
    assert faults(guide.post("/v1/me/guide/resume", {"really": True})) == {("/really", "unknown_member")}


def test_text_that_could_deceive_is_refused(people, http, place):
    for name in ("", " Amara", "Amara ", "A\nB", "A\u202eB", "A\u2066B", "A\u0007B"):
        told = faults(http.post("/v1/guide-requests", json=people.request_form(place.city, display_name=name)))
        assert told and {place for place, _ in told} == {"/display_name"}, repr(name)
    made = people.newcomer(place.city, display_name="Ümüt 王 😀 O'Neil", languages=ENGLISH, message="line\r\nline\ttab <b>&")
    assert (made.look()["display_name"], made.look()["message"]) == ("Ümüt 王 😀 O'Neil", "line\r\nline\ttab <b>&")


@pytest.mark.parametrize("address", ["a@b", "a b@example.org", "@example.org", "a@", "a@example.org\n", "a@exa mple.org", "a@example.org,b@example.org",
                                     "<a@example.org>", "a@-example.org", "x" * 65 + "@example.org", "a@" + "x" * 260 + ".org", "a\u0000@example.org"])
def test_what_is_no_address_is_refused(http, address):
    response = http.post("/v1/sign-in", json={"email": address})
    assert response.status_code in (400, 422) and response.json()["code"] in ("malformed_request", "validation_failed")


# URLs -----------------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("target", [b"/v1/cities/%zz", b"/v1/cities/%f", b"/v1/cities/%", b"/v1/cities/%ff", b"/v1/cities/%c0%af",
                                    b"/v1/cities/%ed%a0%80", b"/v1/cities/%00", b"/v1/cities/a%0ab", b"/v1/cities?lang=%zz", b"/v1/cities?%ff=1",
                                    b"/v1/cities?lang=%00", b"/v1/articles?topic=\xff", b"/v1/cities/\xff", b"/v1/cities?" + b"a=1&" * 100,
                                    b"/v1/cities/" + b"x" * 4097], ids=lambda target: target[:24].decode("latin-1"))
def test_a_target_that_cannot_be_read_is_malformed(daemon, target):
    status, headers, body = get_raw(daemon, target)
    assert headers["content-type"] == "application/problem+json"
    assert (status, json.loads(body)["code"]) == ((414, "url_too_long") if len(target) > 4096 else (400, "malformed_request"))


@pytest.mark.parametrize("target, status", [(b"/v1/cities/es%73en", 200), (b"/v1/%63ities", 200), (b"/v1/cities/essen%2F", 404), (b"/v1//cities", 404),
                                            (b"//v1/cities", 404), (b"/v1/cities/../cities", 404), (b"/v1/cities%3Flang=de", 404), (b"/", 404),
                                            (b"/v1/cities?", 200), (b"/v1/cities?&&", 200), (b"/v1/Cities", 404),
                                            (b"/v1/articles?topic=housing&topic=housing", 422), (b"/v1/cities?lang", 422), (b"/v1/cities?lang=", 422)])
def test_targets_mean_what_they_say(daemon, target, status):
    assert get_raw(daemon, target)[0] == status


@pytest.mark.parametrize("request_line", [b"GET /v1/cities", b"GET  HTTP/1.1", b"\x00\x01\x02", b"GET /v1/cities HTTP/9.9", b"BREW /v1/cities HTTP/1.1",
                                          b"G\xffT /v1/cities HTTP/1.1", b"GET /v1/cities?" + b"a=1&" * 2000 + b" HTTP/1.1"],
                         ids=lambda line: line[:24].decode("latin-1"))
def test_no_request_line_breaks_the_daemon(daemon, http, request_line):
    try:
        exchange(daemon, request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n", patience=2)
    except (ConnectionError, TimeoutError, IndexError, ValueError):
        pass  # closed without a word, or left to the idle timeout
    assert http.get("/v1/cities").status_code == 200


def test_a_length_beside_chunks_is_refused(daemon):
    status, _, _ = exchange(daemon, b"POST /v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
                                    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n")
    assert status == 400


@pytest.mark.parametrize("longer, status", [(0, 422), (1, 414)])
def test_a_target_may_have_4096_bytes(daemon, longer, status):
    """Beside headers that have as many as they may."""
    target = b"/v1/cities/".ljust(4096 + longer, b"x")
    answered, headers, body = exchange(daemon, b"GET " + target + b" HTTP/1.1\r\n" + filled(8192))
    assert answered == status and headers["content-type"] == "application/problem+json"
    assert json.loads(body)["code"] == ("url_too_long" if longer else "validation_failed")


def filled(size):
    """Headers of so many bytes."""
    head = b"Host: x\r\nConnection: close\r\nX-Filler: "
    return head + b"x" * (size - len(head) - 2) + b"\r\n\r\n"


@pytest.mark.parametrize("longer, status", [(0, 200), (1, 431)])
def test_headers_may_have_8192_bytes(daemon, longer, status):
    answered, headers, body = exchange(daemon, b"GET /v1/cities/essen HTTP/1.1\r\n" + filled(8192 + longer))
    assert answered == status
    assert status == 200 or headers["content-type"] == "application/problem+json" and json.loads(body)["code"] == "headers_too_long"


@pytest.mark.parametrize("head", [b"GET /v1/cities?" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                                  b"GET /v1/cities HTTP/1.1\r\nHost: x\r\nX-Filler: " + b"x" * 100_000 + b"\r\n\r\n",
                                  b"GET /v1/cities HTTP/1.1\r\nHost: x\r\n" + b"a:b\r\n" * 20_000 + b"\r\n"])
def test_a_head_beyond_what_is_ever_kept_is_refused_without_reading_it(daemon, http, head):
    try:
        assert exchange(daemon, head)[0] in (414, 431)
    except ConnectionError:
        pass  # closed while we were still sending
    assert http.get("/v1/cities").status_code == 200


# Methods --------------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, allowed", [("/v1/cities", {"GET", "HEAD", "OPTIONS"}), ("/v1/guides", {"GET", "HEAD", "POST", "OPTIONS"}),
                                           ("/v1/me", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}), ("/v1/sign-in", {"POST", "OPTIONS"})])
def test_a_wrong_method_is_told_the_right_ones(http, path, allowed):
    response = http.put(path)
    problem(response, 405, "method_not_allowed")
    assert set(re.split(", *", response.headers["Allow"])) == allowed
    problem(http.request("BREW", path), 405, "method_not_allowed")
    options = http.options(path)
    assert options.status_code == 204 and set(re.split(", *", options.headers["Allow"])) == allowed


def test_head_is_get_without_the_body(http, people, place):
    for path in ("/v1/cities", "/v1/articles/residence-registration", "/v1/openapi.yaml", "/problems/not_found"):
        got, head = http.get(path), http.head(path)
        assert head.status_code == 200 and head.content == b""
        for name in ("Content-Type", "Content-Length", "ETag", "Content-Language"):
            assert head.headers[name] == got.headers[name]
    assert http.head("/v1/nothing").status_code == 404
    assert http.head("/v1/me").status_code == 401
    assert people.newcomer(place.city).call("HEAD", "/v1/me").status_code == 200


# Caching --------------------------------------------------------------------------------------------------------------------------

def test_public_reads_are_validated_by_a_strong_etag(http):
    first = http.get("/v1/cities")
    tag = first.headers["ETag"]
    assert re.fullmatch(r'"[^"]+"', tag) and first.headers["Cache-Control"] == "public, no-cache"
    for known in (tag, f'"other", {tag}', "*", f"W/{tag}"):
        for method in ("GET", "HEAD"):
            unchanged = http.request(method, "/v1/cities", headers={"If-None-Match": known})
            assert unchanged.status_code == 304 and unchanged.content == b""
            assert unchanged.headers["Content-Length"] == first.headers["Content-Length"]  # or none: RFC 9110 §8.6
            assert (unchanged.headers["ETag"], unchanged.headers["Cache-Control"]) == (tag, "public, no-cache")
            assert "Accept-Language" in unchanged.headers["Vary"]
    assert http.get("/v1/cities", headers={"If-None-Match": '"other"'}).status_code == 200
    assert http.get("/v1/languages?lang=de").headers["ETag"] != http.get("/v1/languages?lang=en").headers["ETag"]


def test_a_change_is_visible_to_the_next_read(http, people, place):
    path = f"/v1/guides?city={place.city}"
    before = http.get(path).headers["ETag"]
    people.guide(place.city, listed=True)
    after = http.get(path, headers={"If-None-Match": before})
    assert after.status_code == 200 and after.headers["ETag"] != before


def test_personal_answers_are_stored_nowhere(people, place):
    newcomer = people.newcomer(place.city)
    response = newcomer.get("/v1/me")
    assert response.headers["Cache-Control"] == "no-store" and "ETag" not in response.headers


# CORS -----------------------------------------------------------------------------------------------------------------------------

def test_public_reads_may_be_read_from_everywhere(http):
    for path in ("/v1/cities", "/v1/cities/atlantis", "/v1/nothing", "/v1/cities?nonsense=1"):
        response = http.get(path, headers={"Origin": STRANGER})
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "ETag" in response.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("origin, allowed", [(PORTAL, True), ("http://localhost:5173", True), ("http://localhost", False), (STRANGER, False),
                                             ("https://portal.example.org.evil.net", False), ("http://localhost:5173.evil.net", False), ("null", False)])
def test_the_rest_is_for_the_portals_origins_on_errors_too(http, people, place, origin, allowed):
    newcomer = people.newcomer(place.city)
    for response in (newcomer.get("/v1/me", headers={"Origin": origin}), http.get("/v1/me", headers={"Origin": origin}),
                     http.post("/v1/sign-in", json={}, headers={"Origin": origin})):
        assert response.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert "Origin" in ", ".join(response.headers.get_list("Vary"))


def test_a_preflight_tells_what_may_be_sent(http):
    def preflight(path, method, origin):
        return http.options(path, headers={"Origin": origin, "Access-Control-Request-Method": method,
                                           "Access-Control-Request-Headers": "authorization, content-type"})
    allowed = preflight("/v1/me", "PATCH", PORTAL)
    assert allowed.status_code == 204 and allowed.content == b""
    assert allowed.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "PATCH" in allowed.headers["Access-Control-Allow-Methods"]
    for name in ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Challenge-Solution"):
        assert name in allowed.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in preflight("/v1/me", "PATCH", STRANGER).headers
    assert preflight("/v1/guides", "GET", STRANGER).headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in preflight("/v1/guides", "POST", STRANGER).headers


def test_what_a_browser_may_see_of_an_answer_is_all_there_is(http):
    exposed = http.get("/v1/cities", headers={"Origin": STRANGER}).headers["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Location", "Link", "Retry-After", "RateLimit", "RateLimit-Policy", "Content-Language", "X-Request-Id",
            "API-Version"} <= set(exposed)


# What browsers may make of an answer ----------------------------------------------------------------------------------------------

def test_every_answer_can_only_be_read(http, people, place):
    newcomer = people.newcomer(place.city)
    for response in (http.get("/v1/cities"), http.get("/v1/nothing"), newcomer.get("/v1/me"), http.get("/v1/me"), http.options("/v1/me"),
                     http.get("/problems/not_found"), http.post("/v1/sign-in", content="{"), http.delete("/v1/cities")):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers.get_list("Content-Security-Policy") == ["default-src 'none'; frame-ancestors 'none'"]
        assert "Strict-Transport-Security" not in response.headers


def test_only_what_is_public_may_be_shown_by_other_sites(http, people, place):
    assert http.get("/v1/cities").headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert people.newcomer(place.city).get("/v1/me").headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert http.post("/v1/sign-in", json={}).headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_browsers_are_held_to_tls_where_that_is_configured(start_daemon):
    response = start_daemon(WELCOME_HSTS_SECONDS=31536000).http.get("/v1/nothing")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


# Request ids ----------------------------------------------------------------------------------------------------------------------

def test_a_sane_request_id_is_taken_over_and_logged(daemon, http):
    response = http.get("/v1/cities", headers={"X-Request-Id": "my-id_1.2", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
    assert response.headers["X-Request-Id"] == "my-id_1.2"
    line = eventually(lambda: next((line for line in daemon.read_log() if line.get("request_id") == "my-id_1.2"), None))
    assert (line["operation"], line["status"], line["traceparent"]) == ("list_cities", 200, "00-" + "a" * 32 + "-" + "b" * 16 + "-01")


@pytest.mark.parametrize("given", ["x" * 200, "a b", "<script>", "a\tb", ""])
def test_any_other_request_id_is_replaced(http, given):
    response = http.get("/v1/nothing", headers={"X-Request-Id": given})
    assert response.headers["X-Request-Id"] not in ("", given)
    assert response.json()["request_id"] == response.headers["X-Request-Id"]


def test_every_answer_names_the_version(http):
    for path in ("/v1/cities", "/v1/nothing"):
        assert http.get(path).headers["API-Version"] == answer(http.get("/v1/openapi.json"))["info"]["version"]


# Lists ----------------------------------------------------------------------------------------------------------------------------

def test_pages_lead_to_the_end_without_repeats(people, http, place):
    guides = [people.guide(place.city, listed=True).guide for _ in range(5)]
    path, seen = f"/v1/guides?city={place.city}&limit=2&count=true&lang=de", []
    while path:
        response = http.get(path)
        page = answer(response)
        assert page["total"] == 5 and len(page["items"]) <= 2
        seen += [guide["id"] for guide in page["items"]]
        link = response.headers.get("Link")
        assert bool(link) == bool(page["next"])
        path = link and re.fullmatch(r'<([^>]+)>; rel="next"', link)[1]
    assert seen == guides[::-1]
    assert "total" not in answer(http.get(f"/v1/guides?city={place.city}"))


def test_a_link_leads_on_however_the_query_was_written(http):
    cursor = answer(http.get("/v1/articles?limit=1"))["next"]
    link = http.get(f"/%761/articles?&lang=%64e&l%69mit=1&%61fter={cursor}").headers["Link"]
    following = re.fullmatch(r'<([^<>"]+)>; rel="next"', link)[1]
    assert following.startswith("/v1/articles?lang=de&limit=1&after=") and following.count("after=") == 1
    answer(http.get(following))


def test_a_page_that_ends_exactly_has_no_next(people, http, place):
    for _ in range(2):
        people.guide(place.city, listed=True)
    assert answer(http.get(f"/v1/guides?city={place.city}&limit=2"))["next"] is None


def test_articles_are_paged_without_repeats(http):
    seen, after = [], {}
    while after is not None:
        page = answer(http.get("/v1/articles", params={"limit": 1, **after}))
        seen += [article["id"] for article in page["items"]]
        after = {"after": page["next"]} if page["next"] else None
    everything = answer(http.get("/v1/articles?limit=100&count=true"))
    assert seen == [article["id"] for article in everything["items"]] and everything["total"] == len(seen) >= 8


def test_a_cursor_is_good_for_its_own_list_only(people, http, place):
    for _ in range(3):
        people.guide(place.city, listed=True)
    cursor = answer(http.get(f"/v1/guides?city={place.city}&limit=1"))["next"]
    assert answer(http.get("/v1/guides", params={"city": place.city, "limit": 2, "after": cursor}))["items"]
    middle = len(cursor) // 2
    other = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1:]
    for wrong in (other, cursor[:-1], cursor + "A", "AAAA", "x", "[]", "%00", "=" * 10):
        if wrong != "%00":
            assert faults(http.get("/v1/guides", params={"city": place.city, "after": wrong})) == {("after", "invalid_cursor")}
    assert faults(http.get("/v1/guides", params={"city": place.neighbour, "after": cursor})) == {("after", "invalid_cursor")}
    assert faults(http.get("/v1/guides", params={"after": cursor})) == {("after", "invalid_cursor")}
    assert faults(http.get("/v1/articles", params={"after": cursor})) == {("after", "invalid_cursor")}
    assert ("after", "too_long") in faults(http.get("/v1/articles", params={"after": "A" * 1025}))


@pytest.mark.parametrize("query, code", [("limit=0", "too_small"), ("limit=-1", "too_small"), ("limit=101", "too_large"), ("limit=ten", "type"),
                                         ("limit=1.5", "type"), ("limit=", "type"), ("limit=99999999999999999999", None), ("count=maybe", "type"),
                                         ("count=1", "type"), ("parent=7", "format"), ("topic=nothing", "unknown_topic"), ("city=atlantis", "unknown_city"),
                                         ("stage=never", "unknown_stage"), ("audience=nobody", "unknown_audience")])
def test_parameters_are_checked(http, query, code):
    told = faults(http.get(f"/v1/articles?{query}"))
    assert len(told) == 1 and told.pop()[0] == query.partition("=")[0]
    if code:
        assert faults(http.get(f"/v1/articles?{query}")) == {(query.partition("=")[0], code)}


def taken(schema, path):
    """(where, schema) of every number in what is sent to us."""
    if "$ref" in schema:
        schema = CONTRACT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("type", [])
    if {"integer", "number"} & ({kinds} if isinstance(kinds, str) else set(kinds)):
        yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from taken(inner, f"{path}/{name}")
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from taken(schema[part], f"{path}/{part}")
    for inner in (inner for part in ("oneOf", "anyOf", "allOf") for inner in schema.get(part, [])):
        yield from taken(inner, path)


def test_every_number_that_is_taken_has_bounds():
    """The database's are no wider: what is out of range is the sender's fault and must be told as one."""
    numbers = []
    for operation in (operation for item in CONTRACT["paths"].values() for operation in item.values() if "requestBody" in operation):
        body = operation["requestBody"]
        body = CONTRACT["components"]["requestBodies"][body["$ref"].rpartition("/")[2]] if "$ref" in body else body
        for kind, media in body["content"].items():
            if "json" in kind:
                numbers += taken(media["schema"], operation["operationId"])
    assert len(numbers) > 20
    assert [path for path, schema in numbers if "enum" not in schema and not {"minimum", "maximum"} <= set(schema)] == []
