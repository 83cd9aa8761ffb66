# SPDX-License-Identifier: EUPL-1.2
# Editors bring pictures and documents; everybody gets them without what they hide, and never anything else under their name.
import hashlib
import io
import re

import media_files
import pytest
from media_files import JPEG, PDF, PNG, SECRET, WEBP, describe, send, upload
from PIL import Image, ImageCms, ImageOps

from support import Desk, answer, at_once, faults, problem

NOTHING = "f" * 64


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


def fetch(http, made):
    """What everybody gets, by its hash."""
    response = http.get(made["url"])
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == made["type"] and len(response.content) == made["size"]
    assert hashlib.sha256(response.content).hexdigest() == made["hash"]
    return response.content


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def pixels(image):
    return list(image.convert("RGBA").getdata())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_keeps_its_pixels_upright_and_nothing_else(desk, http, orientation):
    sent = media_files.jpeg(orientation)
    made = upload(desk.author, sent, JPEG)
    served = fetch(http, made)
    assert SECRET in sent and SECRET not in served and b"Exif" not in served and b"xmpmeta" not in served
    seen, meant = opened(served), ImageOps.exif_transpose(opened(sent))
    assert (made["width"], made["height"]) == seen.size == meant.size and not seen.getexif()
    worst = max(abs(a - b) for one, other in zip(pixels(seen), pixels(meant)) for a, b in zip(one, other))
    assert worst <= 4  # the coefficients are the same, decoders round
    assert seen.size == ((48, 64) if orientation > 4 else (64, 48))


def test_an_upright_photo_is_not_encoded_anew(desk, http):
    sent = media_files.jpeg()
    served = fetch(http, upload(desk.author, sent, JPEG))
    assert pixels(opened(served)) == pixels(opened(sent))
    assert opened(served).quantization == opened(sent).quantization


def test_colours_keep_their_profile(desk, http):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind, sent in ((JPEG, media_files.jpeg(icc_profile=profile)), (PNG, media_files.png(icc_profile=profile)),
                       (WEBP, media_files.webp(icc_profile=profile))):
        assert opened(fetch(http, upload(desk.author, sent, kind))).info["icc_profile"] == profile


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "I;16", "1"])
def test_a_png_keeps_its_pixels_and_loses_its_texts(desk, http, mode):
    image = media_files.picture(mode="RGBA") if mode == "RGBA" else media_files.picture()
    image = Image.new("I;16", (40, 30), 4711) if mode == "I;16" else image.convert(mode)
    sent = media_files.png(image)
    response = send(desk.author, sent)
    assert response.status_code in (200, 201)  # one colour is the same picture each time
    served = fetch(http, response.json())
    assert list(opened(served).getdata()) == list(opened(sent).getdata())
    assert SECRET in sent and SECRET not in served and not re.search(rb"tEXt|zTXt|iTXt|eXIf|tIME", served)


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_keeps_its_pixels_and_loses_its_metadata(desk, http, lossless):
    sent = media_files.webp(media_files.picture(mode="RGBA"), lossless=lossless)
    served = fetch(http, upload(desk.author, sent, WEBP))
    assert pixels(opened(served)) == pixels(opened(sent))
    assert SECRET in sent and SECRET not in served and b"EXIF" not in served and b"XMP " not in served


def test_a_document_loses_author_scripts_and_files(desk, http):
    sent = media_files.pdf()
    made = upload(desk.author, sent, PDF)
    assert (made["width"], made["height"]) == (None, None)
    response = http.get(made["url"])
    served = fetch(http, made)
    assert response.headers["Content-Disposition"] == f'attachment; filename="{made["hash"][:12]}.pdf"'
    for hidden in (SECRET, b"app.alert", b"geheim", b"/Author", b"/Metadata", b"/OpenAction", b"/EmbeddedFile", b"/PieceInfo",
                   b"/JavaScript <<", b"/CreationDate", b"/AA"):
        assert hidden in sent.replace(b"/JavaScript", b"/JavaScript <<") and hidden not in served, hidden
    assert re.search(rb"\(Seite \d+\) Tj", served) and b"/Helvetica" in served and b"(de)" in served
    assert b"/EF" in served  # a font may be called so


@pytest.mark.parametrize("options, code", [
    ({"catalogue": b"/AcroForm << /Fields [] /XFA (<xdp/>) >>"}, "media_dynamic_form"),
    ({"trailer": b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (" + b"o" * 32 + b") /U (" + b"u" * 32 + b") /P -4 >> /ID [(a) (b)]"},
     "media_encrypted"),
    ({"catalogue": b"/Pages 5 0 R"}, "media_damaged"),
], ids=["form", "protected", "no-pages"])
def test_documents_that_would_not_open_are_refused(desk, options, code):
    assert faults(send(desk.author, media_files.pdf(**options), PDF)) == {("", code)}


def test_what_is_brought_again_is_the_same_thing(desk, people):
    data = media_files.png()
    made = upload(desk.author, data)
    again = send(desk.reviewer, data)
    assert answer(again, 200) == made and again.headers["ETag"] == '"1"'
    elsewhere = send(people.somebody_of_staff("editor"), data)
    assert answer(elsewhere, 200)["city"] == desk.city


def test_brought_by_many_at_once_it_is_one_thing(desk):
    data = media_files.jpeg(image=media_files.picture(640, 480))
    statuses = at_once(lambda n: send(desk.author, data, JPEG), 8)
    assert sorted(statuses) == [200] * 7 + [201]


HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


@pytest.mark.parametrize("data, kind", [
    (HTML, PNG), (HTML, PDF), (b"GIF89a" + HTML, PNG), (b"\x7fELF" + bytes(60), JPEG), (b"PK\x03\x04" + bytes(60), PDF),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", WEBP), (b"\0", PNG),
], ids=["html-png", "html-pdf", "gif-png", "program-jpeg", "zip-pdf", "svg-webp", "nothing-png"])
def test_what_it_is_counts_and_not_what_is_said(desk, data, kind):
    refused = problem(send(desk.author, data, kind), 422, "validation_failed")
    assert [(fault["pointer"], fault["code"]) for fault in refused["errors"]] == [("", "media_type")]
    assert kind in refused["errors"][0]["detail"]


def test_a_picture_of_another_kind_is_told(desk):
    kinds = {JPEG: media_files.jpeg(), PNG: media_files.png(), WEBP: media_files.webp(), PDF: media_files.pdf()}
    for said in kinds:
        for real, data in kinds.items():
            if said != real:
                assert faults(send(desk.author, data, said)) == {("", "media_type")}


@pytest.mark.parametrize("kind, make", [(JPEG, media_files.jpeg), (PNG, media_files.png), (WEBP, media_files.webp), (PDF, media_files.pdf)])
def test_what_ends_too_early_is_refused(desk, kind, make):
    data = make()
    whole = len(data) - len(SECRET)
    for length in (whole * 9 // 10, whole // 2, 60):
        assert faults(send(desk.author, data[:length], kind)) <= {("", "media_damaged"), ("", "media_type")}
    assert faults(send(desk.author, data[:whole // 2], kind)) == {("", "media_damaged")}


def test_damage_inside_is_found(desk):
    data = bytearray(media_files.png())
    data[data.index(b"IDAT") + 12] ^= 0xFF
    assert faults(send(desk.author, bytes(data))) == {("", "media_damaged")}
    webp = bytearray(media_files.webp(media_files.picture(640, 480), lossless=True))
    at = webp.index(b"VP8L") + 40
    webp[at:at + 200] = bytes(200)
    assert faults(send(desk.author, bytes(webp), WEBP)) == {("", "media_damaged")}


@pytest.mark.parametrize("kind, data", [
    (PNG, media_files.png_claiming(30000, 30000)), (PNG, media_files.png_claiming(12001, 1)), (PNG, media_files.png_claiming(8000, 8000)),
    (PNG, media_files.png_claiming(2**31 - 1, 2**31 - 1)), (JPEG, media_files.jpeg_claiming(65000, 65000)),
    (JPEG, media_files.jpeg_claiming(10000, 5000)), (WEBP, media_files.webp(Image.new("RGB", (12100, 2)))),
], ids=["png-900m", "png-wide", "png-64m", "png-most", "jpeg-4000m", "jpeg-50m", "webp-wide"])
def test_more_pixels_than_a_picture_may_have_are_not_even_looked_at(desk, kind, data):
    assert faults(send(desk.author, data, kind)) == {("", "media_pixels")}


def test_a_picture_without_its_pixels_is_damaged(desk):
    for data in (media_files.png_claiming(6000, 6000), media_files.png_claiming(0, 5)):
        assert faults(send(desk.author, data)) == {("", "media_damaged")}
    assert faults(send(desk.author, media_files.jpeg_claiming(5000, 8000), JPEG)) == {("", "media_damaged")}


def test_moving_pictures_are_refused(desk):
    frames = [media_files.picture() for _ in range(3)]
    data = media_files.saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    assert faults(send(desk.author, data, WEBP)) == {("", "media_animated")}


def test_a_large_photo_passes_and_a_larger_file_does_not(desk, http):
    noise = Image.effect_noise((2000, 1500), 120).convert("RGB")
    data = media_files.jpeg(image=noise)
    assert 2_000_000 < len(data) < 10_485_760
    assert SECRET not in fetch(http, upload(desk.author, data, JPEG))
    refused = problem(send(desk.author, data + bytes(10_485_761 - len(data)), JPEG), 413, "payload_too_large")
    assert refused["errors"][0]["limit"] == "10485760 bytes"


def test_nothing_is_no_picture(desk):
    assert faults(send(desk.author, b"")) == {("", "required")}
    assert faults(desk.author.post("/v1/media")) == {("", "required")}
    for kind in ("image/gif", "text/html", "image/svg+xml"):
        problem(send(desk.author, b"GIF89a", kind), 415, "unsupported_media_type")


def test_only_editors_bring_things_and_to_their_own_desks(desk, people, place, http):
    data = media_files.png()
    problem(http.post("/v1/media", content=data, headers={"Content-Type": PNG}), 401, "unauthenticated")
    problem(http.post("/v1/media", content=data, headers={"Content-Type": PNG, "Authorization": "Bearer none"}), 401, "unauthenticated")
    problem(send(people.coordinator(place.city), data), 403, "forbidden")
    problem(send(desk.author, data, city=place.far), 403, "forbidden")
    assert answer(send(desk.author, data, city=desk.city), 201)["city"] == desk.city
    everywhere = people.somebody_of_staff("editor")
    assert answer(send(everywhere, media_files.png()), 201)["city"] is None
    assert answer(send(everywhere, media_files.png(), city=place.far), 201)["city"] == place.far


def test_an_editor_of_two_cities_says_whose_it_is(people, place, daemon):
    editor = people.editor(place.city)
    assert daemon.command("account", "create", "--role", "editor", "--email", editor.email, "--city", place.far)[0] == 0
    refused = problem(send(editor, media_files.png()), 422, "validation_failed")
    assert [(fault["parameter"], fault["code"]) for fault in refused["errors"]] == [("city", "required")]
    assert answer(send(editor, media_files.png(), city=place.far), 201)["city"] == place.far


def test_whoever_may_not_upload_is_refused_before_anything_is_looked_at(http, people, place):
    """Neither a made-up token nor another role makes the daemon open a file: it would be told damaged."""
    damaged = media_files.jpeg()[:300]
    problem(http.post("/v1/media", content=damaged, headers={"Content-Type": JPEG, "Authorization": "Bearer none"}), 401, "unauthenticated")
    problem(send(people.coordinator(place.city), damaged, JPEG), 403, "forbidden")


def test_what_is_served_never_changes_and_runs_nowhere(desk, http):
    made = upload(desk.author, media_files.jpeg(), JPEG)
    response = http.get(made["url"], headers={"Origin": "https://elsewhere.example.net", "Accept": "image/avif,image/webp,*/*;q=0.8"})
    headers = response.headers
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable" and headers["Access-Control-Allow-Origin"] == "*"
    assert (headers["Content-Type"], headers["X-Content-Type-Options"]) == (JPEG, "nosniff")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Disposition"] == f'inline; filename="{made["hash"][:12]}.jpeg"'
    unchanged = http.get(made["url"], headers={"If-None-Match": headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    head = http.head(made["url"])
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(made["size"]))


def test_what_is_not_there_is_not_found(desk, http):
    problem(http.get(f"/v1/media/{NOTHING}"), 404, "not_found")
    problem(desk.author.get(f"/v1/media/{NOTHING}/record"), 404, "not_found")
    problem(desk.author.delete(f"/v1/media/{NOTHING}"), 404, "not_found")
    assert faults(http.get("/v1/media/ABC")) == {("hash", "too_short"), ("hash", "pattern")}


def test_texts_are_said_language_by_language(desk):
    made = upload(desk.author, media_files.png())
    assert (made["alternative_texts"], made["credit"], made["version"]) == ({}, None, 1)
    said = answer(describe(desk.author, made, {"alternative_texts": {"de": "Ein Rathaus", "en": "A town hall"}, "credit": "Stadt"}))
    assert said["alternative_texts"] == {"de": "Ein Rathaus", "en": "A town hall"} and said["version"] == 2
    said = answer(describe(desk.reviewer, made, {"alternative_texts": {"en": None, "uk": "Ратуша"}}))
    assert said["alternative_texts"] == {"de": "Ein Rathaus", "uk": "Ратуша"} and said["credit"] == "Stadt"
    assert answer(describe(desk.reviewer, made, {"credit": None}))["credit"] is None
    for tag, text, code in (("klingon", "x", "unknown_language"), ("de", "", "too_short"), ("de", "a\nb", "pattern"), ("de", " ", "pattern")):
        assert (f"/alternative_texts/{tag}", code) in faults(describe(desk.author, made, {"alternative_texts": {tag: text}}))


def test_texts_need_the_version_they_change(desk):
    made = upload(desk.author, media_files.png())
    path, change = f"/v1/media/{made['hash']}", {"alternative_texts": {"de": "Ein Rathaus"}}
    problem(desk.author.patch(path, change), 428, "precondition_required")
    answer(desk.author.patch(path, change, headers={"If-Match": '"1"'}))
    problem(desk.author.patch(path, change, headers={"If-Match": '"1"'}), 412, "precondition_failed")


def test_other_desks_may_look_but_not_touch(desk, people, place):
    made = upload(desk.author, media_files.png())
    stranger = people.editor(place.far)
    assert answer(stranger.get(f"/v1/media/{made['hash']}/record")) == made
    problem(describe(stranger, made, {"credit": "Ich"}), 404, "not_found")
    problem(stranger.delete(made["url"]), 404, "not_found")
    assert made["hash"] not in {one["hash"] for one in answer(stranger.get("/v1/media?limit=100"))["items"]}


def test_editors_find_what_there_is(desk, people, place):
    hashes = [upload(desk.author, media_files.png())["hash"] for _ in range(3)][::-1]
    page = answer(desk.author.get(f"/v1/media?city={desk.city}&limit=2&count=true"))
    assert [one["hash"] for one in page["items"]] == hashes[:2] and page["total"] == 3
    rest = answer(desk.author.get(f"/v1/media?city={desk.city}&limit=2&after={page['next']}"))
    assert [one["hash"] for one in rest["items"]] == hashes[2:] and rest["next"] is None
    everywhere = upload(people.somebody_of_staff("editor"), media_files.png())["hash"]
    assert everywhere in {one["hash"] for one in answer(desk.author.get("/v1/media"))["items"]}
    assert answer(desk.author.get(f"/v1/media?city={place.far}"))["items"] == []


def test_what_nobody_shows_can_be_removed(desk, http):
    made = upload(desk.author, media_files.png())
    answer(desk.author.delete(made["url"]), 204)
    problem(http.get(made["url"]), 404, "not_found")
    problem(desk.author.delete(made["url"]), 404, "not_found")
