# SPDX-License-Identifier: EUPL-1.2
# Media travel as files with the content that shows them: the same bytes again, or the import says which file is wrong and takes nothing.
import hashlib
import shutil

import media_files
import pytest
from media_files import JPEG, PDF, PNG, WEBP, upload
from PIL import Image

from filing import CONTENT, ask, change, edit, exported, files, imported, refused, run, value
from support import Desk

KEY = "residence-registration"
LANGUAGES = ("de", "en", "pl")


def named(data):
    return hashlib.sha256(data).hexdigest()


def clean_png(colour=(1, 2, 3), size=(8, 8)):
    """Bytes that are served as they are."""
    return media_files.saved(Image.new("RGB", size, colour), "PNG")


class Folder:
    """Reference data and one article in three languages."""

    def __init__(self, path):
        self.path, self.article = path, path / "articles" / KEY
        shutil.copytree(CONTENT / "reference", path / "reference")
        self.article.mkdir(parents=True)
        for language in LANGUAGES:
            shutil.copy(CONTENT / "articles" / KEY / f"{language}.md", self.article)
        (self.article / "article.yaml").write_text("position: 1\ntopics:\n  - arriving\n")

    def media(self, data, ending, note='alternative_texts:\n  de: "Bild"\n  en: "Picture"\n  pl: "Obraz"\n'):
        """The hash of bytes put into the folder, with what is said of them."""
        (self.path / "media").mkdir(exist_ok=True)
        (self.path / "media" / f"{named(data)}.{ending}").write_bytes(data)
        if note:
            (self.path / "media" / f"{named(data)}.yaml").write_text(note)
        return named(data)

    def show(self, text):
        with (self.article / "article.yaml").open("a") as file:
            file.write(text)

    def embed(self, hash, language="de"):
        with (self.article / f"{language}.md").open("a") as file:
            file.write(f"\n![Ein Amt](media:{hash})\n")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "start")


def media_of(database):
    return ask(database, "SELECT hash, type, width, height, desk, credit, alternative_texts FROM media ORDER BY hash")


def test_what_was_uploaded_is_imported_elsewhere_byte_for_byte(people, place, http, folder, empty_database, tmp_path):
    """Cleaning what is clean leaves it alone, for all kinds."""
    desk = Desk(people, place.city)
    hashes = []
    for kind, ending, data in ((JPEG, "jpg", media_files.jpeg(6)), (PNG, "png", media_files.png()), (WEBP, "webp", media_files.webp()),
                               (PDF, "pdf", media_files.pdf())):
        made = upload(desk.author, data, kind)
        hashes.append(folder.media(http.get(made["url"]).content, ending))
        assert hashes[-1] == made["hash"]
    folder.show("attachments:\n" + "".join(f'  - "{one}"\n' for one in hashes))
    assert imported(empty_database, folder.path)["media"] == "4 new or changed"
    assert {(type, bool(width)) for _, type, width, *_ in media_of(empty_database)} == {(JPEG, True), (PNG, True), (WEBP, True), (PDF, False)}
    out = files(exported(empty_database, tmp_path / "out"))
    assert {name: data for name, data in out.items() if name.startswith("media/")} == {
        name: data for name, data in files(folder.path).items() if name.startswith("media/")}


def test_media_travel_with_what_shows_them(folder, new_database, tmp_path):
    picture, form, inside = clean_png(), clean_png((9, 9, 9)), clean_png((7, 7, 7))
    note = 'alternative_texts:\n  de: "Bild"\n  de-simple: "Ein Bild"\n  en: "A \\"picture\\""\n  pl: "Obraz"\n  uk: "Образ"\n' \
           'credit: "Stadt Essen, CC BY 4.0"\ncity: essen\n'
    folder.media(picture, "png", note)
    folder.media(form, "png")
    folder.media(inside, "png", None)
    folder.show(f'thumbnail: "{named(picture)}"\nattachments:\n  - "{named(form)}"\n  - "{named(picture)}"\n')
    folder.embed(named(inside))
    first, second = new_database(), new_database()
    imported(first, folder.path)
    assert {row[0]: row[4:] for row in media_of(first)} == {
        named(picture): ("essen", "Stadt Essen, CC BY 4.0", {"de": "Bild", "de-simple": "Ein Bild", "en": 'A "picture"', "pl": "Obraz", "uk": "Образ"}),
        named(form): ("*", None, {"de": "Bild", "en": "Picture", "pl": "Obraz"}), named(inside): ("*", None, {})}
    out = files(exported(first, tmp_path / "first"))
    assert out == {name: data for name, data in files(folder.path).items() if not name.startswith("reference/")}
    shutil.copytree(CONTENT / "reference", tmp_path / "first" / "reference")
    imported(second, tmp_path / "first")
    assert files(exported(second, tmp_path / "second")) == out
    for database in (first, second):
        assert set(imported(database, tmp_path / "first").values()) == {"unchanged"}


@pytest.mark.parametrize("kind", ["places", "news", "stories"])
def test_media_travel_with_every_kind_of_content(folder, new_database, tmp_path, kind):
    source = next(path for root in (CONTENT, CONTENT / "demo") if (root / kind).exists() for path in sorted((root / kind).iterdir()))
    shutil.copytree(source, folder.path / kind / source.name)
    picture, form = clean_png(), clean_png((6, 6, 6))
    texts = "".join(f'  {tag}: "Bild"\n' for tag in sorted({path.stem for path in source.glob("*.md")}))
    for data in (picture, form):
        folder.media(data, "png", f"alternative_texts:\n{texts}")
    shared, = (folder.path / kind / source.name).glob("*.yaml")
    with shared.open("a") as file:
        file.write(f'thumbnail: "{named(picture)}"\nattachments:\n  - "{named(form)}"\n')
    first, second = new_database(), new_database()
    imported(first, folder.path)
    out = files(exported(first, tmp_path / "first"))
    assert out == {name: data for name, data in files(folder.path).items() if not name.startswith("reference/")}
    shutil.copytree(CONTENT / "reference", tmp_path / "first" / "reference")
    imported(second, tmp_path / "first")
    assert files(exported(second, tmp_path / "second")) == out
    assert set(imported(second, tmp_path / "first").values()) == {"unchanged"}


def test_only_what_is_shown_to_readers_is_exported(folder, empty_database, tmp_path):
    shown, unused = clean_png(), clean_png((4, 4, 4))
    folder.media(shown, "png")
    folder.media(unused, "png")
    folder.show(f'thumbnail: "{named(shown)}"\n')
    imported(empty_database, folder.path)
    out = exported(empty_database, tmp_path / "out")
    assert {path.name for path in (out / "media").iterdir()} == {f"{named(shown)}.png", f"{named(shown)}.yaml"}
    change(empty_database, "UPDATE content SET thumbnail = NULL")
    exported(empty_database, out)
    assert not (out / "media").exists()


def test_what_the_files_say_now_counts(folder, empty_database):
    picture = clean_png()
    folder.media(picture, "png")
    folder.show(f'thumbnail: "{named(picture)}"\nattachments:\n  - "{named(picture)}"\n')
    imported(empty_database, folder.path)
    note = folder.path / "media" / f"{named(picture)}.yaml"
    edit(note, "Obraz", "Zdjęcie")
    assert imported(empty_database, folder.path)["media"] == "1 new or changed"
    assert value(empty_database, "SELECT alternative_texts ->> 'pl' FROM media") == "Zdjęcie"
    assert value(empty_database, "SELECT version FROM media") == 2
    (folder.article / "article.yaml").write_text("position: 1\ntopics:\n  - arriving\n")
    assert imported(empty_database, folder.path)["articles"] == "1 new or changed"
    assert ask(empty_database, "SELECT thumbnail, (SELECT count(*) FROM attachment) FROM content WHERE kind = 'article'") == [(None, 0)]
    assert set(imported(empty_database, folder.path).values()) == {"unchanged"}


DIRTY, HTML = media_files.png(), b"<!DOCTYPE html><script>alert(1)</script>"


@pytest.mark.parametrize("data, ending, complaint", [
    (DIRTY, "png", "is not as it would be served: upload it, and take what is served"),
    (HTML, "png", "image/png"),
    (clean_png(), "webp", "image/webp"),
    (clean_png()[:60], "png", None),
    (bytes(10_485_761), "pdf", "has more than 10485760 bytes"),
], ids=["dirty", "html", "other-kind", "damaged", "large"])
def test_bytes_that_uploading_would_not_serve_are_refused(folder, empty_database, data, ending, complaint):
    good, bad = folder.media(clean_png((5, 5, 5)), "png"), folder.media(data, ending)
    folder.show(f'thumbnail: "{good}"\n')
    said = [line for line in refused(empty_database, folder.path) if "media" in line]
    assert len(said) == 1 and said[0].startswith(f"media/{bad}.{ending}: ") and (complaint is None or complaint in said[0])
    assert media_of(empty_database) == [] and value(empty_database, "SELECT count(*) FROM content") == 0


def test_a_name_is_of_its_bytes(folder, empty_database):
    hash = folder.media(clean_png(), "png")
    (folder.path / "media" / f"{hash}.png").write_bytes(clean_png((2, 2, 2)))
    assert refused(empty_database, folder.path) == [
        f"media/{hash}.png: holds other bytes than its name says: their SHA-256 is {named(clean_png((2, 2, 2)))}"]


def test_what_is_known_keeps_its_kind(folder, empty_database):
    hash = folder.media(clean_png(), "png")
    imported(empty_database, folder.path)
    (folder.path / "media" / f"{hash}.png").rename(folder.path / "media" / f"{hash}.jpg")
    assert refused(empty_database, folder.path) == [f"media/{hash}.jpg: is image/png, as its ending must say"]


@pytest.mark.parametrize("note, line, complaint", [
    ('alternative_texts:\n  de: "Bild"\n  tlh: "mIllogh"\n', 3, "there is no language `tlh`"),
    ('alternative_texts:\n  de: ""\n', 2, "/alternative_texts/de: "),
    ('credit: "a"\ncity: nowhere\n', 2, "/city: "),
    ('credit: 7\n', 1, "/credit: "),
    ('alternative_texts:\n  de: "Bild"\nlicence: "CC"\n', 3, "/licence: "),
    ('alternative_texts:\n  de: "Bild\n', None, ""),
])
def test_what_is_said_of_it_is_checked_line_by_line(folder, empty_database, note, line, complaint):
    hash = folder.media(clean_png(), "png", note)
    said = refused(empty_database, folder.path)
    assert said and all(one.startswith(f"media/{hash}.yaml:{line or ''}") for one in said) and complaint in said[0]
    assert media_of(empty_database) == []


def test_files_that_belong_to_nothing_are_told(folder, empty_database):
    hash = folder.media(clean_png(), "png")
    for name in ("notes.txt", "0" * 64 + ".yaml", "0" * 63 + ".png", hash + ".gif"):
        (folder.path / "media" / name).write_text("credit: \"a\"\n")
    said = "\n".join(refused(empty_database, folder.path))
    for name in ("notes.txt", "0" * 63 + ".png", hash + ".gif"):
        assert f"media: {name} does not belong here" in said
    assert f"media/{'0' * 64}.yaml: has no picture or document beside it" in said


def test_content_shows_only_what_is_there(folder, empty_database, people, place, http):
    made = upload(Desk(people, place.city).author, media_files.pdf(), PDF)
    form = folder.media(http.get(made["url"]).content, "pdf")
    folder.show(f'thumbnail: "{form}"\nattachments:\n  - "{form}"\n  - "{"0" * 64}"\n')
    said = refused(empty_database, folder.path)
    assert {line.partition(": ")[0] for line in said} == {f"articles/{KEY}/article.yaml:{n}" for n in (4, 7)}
    assert any("/thumbnail: This has to be a picture." in line for line in said)
    assert any("/attachments/1: There is no such picture or document." in line for line in said)
    (folder.article / "article.yaml").write_text("position: 1\ntopics:\n  - arriving\n")
    folder.embed("f" * 64, "en")
    line = len((folder.article / "en.md").read_text().splitlines())
    assert refused(empty_database, folder.path) == [f"articles/{KEY}/en.md:{line}: There is no such picture or document."]


def test_every_language_says_what_is_to_be_seen(folder, empty_database):
    picture = clean_png()
    folder.media(picture, "png", 'alternative_texts:\n  de: "Bild"\n  en: "Picture"\n')
    folder.show(f'thumbnail: "{named(picture)}"\n')
    assert refused(empty_database, folder.path) == [
        f"articles/{KEY}/article.yaml:4: /thumbnail: The alternative text in this language is missing: pl."]
    (folder.article / "pl.md").unlink()
    imported(empty_database, folder.path)
    shutil.rmtree(folder.path / "articles")
    edit(folder.path / "media" / f"{named(picture)}.yaml", '  en: "Picture"\n', "")
    assert refused(empty_database, folder.path) == [
        f"{folder.path}: media/{named(picture)}.yaml has no alternative text in `en`, and the article `{KEY}` shows it"]
    assert value(empty_database, "SELECT alternative_texts ->> 'en' FROM media") == "Picture"


def test_an_export_removes_no_media_it_would_not_write(folder, empty_database, tmp_path):
    folder.media(clean_png(), "png")
    folder.show(f'thumbnail: "{named(clean_png())}"\n')
    imported(empty_database, folder.path)
    out = exported(empty_database, tmp_path / "out")
    (out / "media" / "original.psd").write_text("Mine")
    process = run(empty_database, "export", out)
    assert process.returncode == 1 and "media/original.psd is nothing that an export writes" in process.stderr
    exported(empty_database, out, "--force")
    assert not (out / "media" / "original.psd").exists()
