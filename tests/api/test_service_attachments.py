# SPDX-License-Identifier: EUPL-1.2
# Files of the conversation: what is taken, what is refused and why, who gets them, and where they lie.
import concurrent.futures
import os
import socket
import stat
import time
import urllib.parse
import uuid
import zipfile

import media_files
import pytest
from attachment_files import (DOCX, ENDINGS, MAIN, MAKERS, ODT, TEXT, XLSX, Streamed, archive, bring, brought, ooxml, opendocument,
                              patched)
from media_files import JPEG, PDF, PNG, WEBP

from support import Advisor, People, Requester, answer, at_once, eventually, faults, problem

HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"


@pytest.fixture(scope="module")
def shared(people):
    """One request and its advisor, for files that are refused."""
    from support import new_place
    place = new_place()
    return people.requester(place.city), people.advisor(place.city)


@pytest.mark.parametrize("kind", ENDINGS)
def test_each_kind_arrives_as_it_was_sent_and_is_never_shown(people, place, kind):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    data, name = MAKERS[kind](), f"Zeugnis Öztürk 100%.{ENDINGS[kind]}"
    made = brought(company, company, data, kind, name=name)
    assert (made["name"], made["type"], made["size"], made["public"], made["by"], made["event"]) == (name, kind, len(data), True, "requester", None)
    assert made["url"] == f"{company.path}/attachments/{made['id']}"
    for reader in (company, advisor):
        got = reader.get(made["url"])
        assert got.status_code == 200 and got.content == data
        assert got.headers["Content-Type"] == kind + ("; charset=utf-8" if kind == TEXT else "")
        assert got.headers["Content-Disposition"] == (f"attachment; filename=\"attachment.{ENDINGS[kind]}\"; "
                                                      f"filename*=UTF-8''{urllib.parse.quote(name)}")
        assert got.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert (got.headers["X-Content-Type-Options"], got.headers["Cache-Control"]) == ("nosniff", "no-store")
        assert answer(reader.get(company.path))["attachments"] == [made]
    assert company.get(made["url"], headers={"Accept": "*/*"}).content == data
    problem(company.get(made["url"], headers={"Accept": "application/json"}), 406, "not_acceptable")
    assert company.call("HEAD", made["url"]).content == b""


@pytest.mark.parametrize("data, kind", [
    (HTML, PNG), (HTML, TEXT), (HTML, DOCX), (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", TEXT), (b"MZ" + bytes(200), PDF),
    (b"a\0b", TEXT), ("Größe".encode("latin-1"), TEXT), (b"\x1b]0;title\x07", TEXT), (b"%PDF-1.4\n%text\n", TEXT), (b"{\\rtf1\\ansi x}", TEXT),
    (media_files.png(), JPEG), (media_files.webp(), PNG), (ooxml(), XLSX), (ooxml(XLSX), DOCX), (opendocument(), DOCX), (ooxml(), ODT),
    (archive([("a.txt", b"x")]), DOCX), (archive([("a.txt", b"x")]), ODT), (ooxml(types="application/xml"), DOCX), (b"PDF", DOCX),
    (archive([("content.xml", b"x"), ("mimetype", ODT.encode())]), ODT), (HTML + ooxml(), DOCX),
])
def test_what_it_is_counts_and_not_what_is_said(shared, data, kind):
    company, _ = shared
    refused = problem(bring(company, company, data, kind), 422, "validation_failed")
    assert [(fault["pointer"], fault["code"], fault["limit"]) for fault in refused["errors"]] == [("", "media_type", kind)]


def linked(name):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


BOMB = archive([("[Content_Types].xml", b"x"), ("word/document.xml", bytes(99 << 20))])
TRAPS = {
    "bomb": (BOMB, "archive_ratio"),
    "bombs": (archive([(f"word/{n}.xml", bytes(11 << 20)) for n in range(10)]), "archive_too_large"),
    "claims-to-be-huge": (patched(patched(ooxml(), CENTRAL, 24, b"\xf0\xff\xff\xff"), LOCAL, 22, b"\xf0\xff\xff\xff"), "archive_too_large"),
    "many": (archive([(f"word/{n}", b"") for n in range(2001)], method=zipfile.ZIP_STORED), "archive_too_many"),
    "encrypted": (patched(patched(ooxml(), CENTRAL, 8, b"\x01\x00"), LOCAL, 6, b"\x01\x00"), "media_encrypted"),
    "climbs": (ooxml(more=[("word/../../etc/passwd", b"x")]), "archive_names"),
    "climbs-first": (ooxml(more=[("../x", b"x")]), "archive_names"),
    "absolute": (ooxml(more=[("/etc/passwd", b"x")]), "archive_names"),
    "drive": (ooxml(more=[("C:/x", b"x")]), "archive_names"),
    "backslash": (patched(ooxml(more=[("word/x", b"x")]), b"word/x", 0, b"word\\x"), "archive_names"),
    "link": (ooxml(more=[(linked("word/link"), b"/etc/passwd")]), "archive_names"),
    "twice": (ooxml(more=[("WORD/document.xml", b"x")]), "archive_names"),
    "macros": (ooxml(more=[("word/vbaProject.bin", b"x")]), "archive_macros"),
    "macros-elsewhere": (ooxml(types=MAIN[DOCX][1] + '"/><Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject'), "archive_macros"),
    "docm": (ooxml(types="application/vnd.ms-word.document.macroEnabled.main+xml"), "archive_macros"),
    "cut": (ooxml()[:-30], "media_damaged"),
    "two-truths": (patched(ooxml(), LOCAL, 22, b"\x01\x00\x00\x00"), "media_damaged"),
    "packed-strangely": (archive([("[Content_Types].xml", b"x" * 99)], method=zipfile.ZIP_LZMA), "media_damaged"),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_archives_that_are_traps_are_refused(shared, trap):
    company, _ = shared
    data, code = TRAPS[trap]
    assert faults(bring(company, company, data, DOCX)) == {("", code)}


def test_macros_of_the_other_family_are_refused(shared):
    company, _ = shared
    assert faults(bring(company, company, opendocument(more=[("Basic/Standard/Module1.xml", b"x")]), ODT)) == {("", "archive_macros")}


def test_documents_written_in_one_go_are_taken(shared):
    company, _ = shared
    brought(company, company, ooxml(out=Streamed()), DOCX)


@pytest.mark.parametrize("name, kind, wrong", [
    ("", PDF, "too_short"), ("x" * 117 + ".pdf", PDF, "too_long"), ("a/b.pdf", PDF, "pattern"), ("..\\b.pdf", PDF, "pattern"), (".pdf", PDF, "pattern"),
    ("a\x85b.pdf", PDF, "pattern"), ("fdp\u202egpj.pdf", PDF, "pattern"), ("seite.html", TEXT, "name_ending"), ("bild.exe", PNG, "name_ending"),
    ("bild.png.exe", PNG, "name_ending"), ("png", PNG, "name_ending"),
])
def test_names_are_names_of_such_files(shared, name, kind, wrong):
    company, _ = shared
    told = faults(company.call("POST", f"{company.path}/attachments", content=MAKERS[kind](), headers={"Content-Type": kind}, params={"name": name}))
    assert ("name", wrong) in told


def test_a_name_may_say_what_it_likes_else(people, place):
    company = people.requester(place.city)
    for name in ("FOTO.JPEG", "Lebenslauf \"neu\" (2).jpg", "نامه\u200cها.jpg", "x" * 116 + ".jpg"):
        made = brought(company, company, media_files.jpeg(), JPEG, name=name)
        assert made["name"] == name and urllib.parse.quote(name, safe="!#$&+-.^_`|~") in company.get(made["url"]).headers["Content-Disposition"]


def announced(company, path, length):
    """The answer to the headers of so large a body."""
    head = (f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {company.token}\r\nContent-Type: {TEXT}\r\nContent-Length: {length}\r\n"
            "Connection: close\r\n\r\n")
    with socket.create_connection(("127.0.0.1", company.daemon.port), timeout=30) as connection:
        connection.sendall(head.encode())
        told = b""
        while part := connection.recv(65536):
            told += part
    return int(told.split()[1]), told


def test_size_type_and_body_are_looked_at_first(shared):
    company, _ = shared
    path = f"{company.path}/attachments?name=a.txt"
    problem(company.call("POST", path, content=b"x" * 10_485_761, headers={"Content-Type": TEXT}), 413, "payload_too_large")
    status, told = announced(company, path, 50_000_000)
    assert status == 413 and b'"code":"payload_too_large"' in told
    for kind in ("text/html", "application/zip", "application/msword", "application/vnd.ms-word.document.macroEnabled.12", "image/svg+xml", "image/gif"):
        problem(company.call("POST", path, content=b"x", headers={"Content-Type": kind}), 415, "unsupported_media_type")
    assert company.call("POST", path, content=b"", headers={"Content-Type": TEXT}).status_code == 422


def insist(*arguments):
    """They wait for each other, perhaps longer than a statement may; then 503 says to try again."""
    for _ in range(20):
        if (response := bring(*arguments)).status_code != 503:
            break
    return response


def test_the_largest_file_is_taken_and_five_of_them_are_enough(people, place):
    company = people.requester(place.city)
    largest = b"x" * 10_485_760
    first = brought(company, company, largest)
    assert company.get(first["url"]).content == largest

    statuses = at_once(lambda _: insist(company, company, largest), 6)
    assert sorted(statuses) == [201] * 4 + [409] * 2
    refused = problem(bring(company, company), 409, "conflict_state")
    assert [(fault["code"], fault["limit"]) for fault in refused["errors"]] == [("attachments_too_large", "50 MB")]


def test_a_request_has_twenty_files(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    assert at_once(lambda n: insist(advisor if n % 2 else company, company), 22).count(201) == 20
    refused = problem(bring(company, company), 409, "conflict_state")
    assert [(fault["code"], fault["limit"]) for fault in refused["errors"]] == [("too_many_attachments", "20")]


def test_files_belong_to_messages(people, place):
    company, advisor, colleague = people.requester(place.city), people.advisor(place.city), people.advisor(place.city)
    word = answer(company.post(f"{company.path}/messages", {"text": "Two files."}), 201)["id"]
    made = [brought(company, company, event=word) for _ in range(2)]
    shown = answer(advisor.get(f"{company.path}/events"))["items"][-1]
    assert shown["id"] == word and shown["attachments"] == made and made[0]["event"] == word
    note = answer(advisor.post(f"{company.path}/messages", {"text": "A note", "public": False}), 201)["id"]
    inside = brought(advisor, company, event=note)
    assert inside["public"] is False
    assert faults(bring(advisor, company, event=note, public="true")) == {("public", "const")}
    for event in (word, str(uuid.uuid4()), answer(company.get(f"{company.path}/events"))["items"][0]["id"]):
        assert faults(bring(colleague, company, event=event)) == {("event", "unknown_message")}
    assert faults(bring(company, company, public="false")) == {("public", "const")}
    problem(company.get(inside["url"]), 404, "not_found")
    assert company.look()["attachments"] == made
    assert brought(advisor, company, public="false")["public"] is False
    assert brought(advisor, company)["public"] is True


def test_a_file_ends_waiting(people, place):
    company, advisor = people.requester(place.city), people.advisor(place.city)
    advisor.steps(company, "acknowledge", "assign", "wait")
    link = people.open(company.mail("service_waiting").token, Requester)
    brought(link, company, MAKERS[PDF](), PDF)
    assert company.look()["state"] == "in_progress"
    advisor.mail("service_message_staff")


def test_who_speaks_for_several_offices_names_a_message(people, place):
    company, everywhere = people.requester(place.city), people.advisor()
    office = {"city": place.neighbour, "office": people.office_in(place.neighbour)}
    everywhere.step(company, "offices", office)
    assert faults(bring(everywhere, company)) == {("event", "required")}
    word = answer(everywhere.post(f"{company.path}/messages", {"text": "Here", "for_office": office}), 201)["id"]
    assert brought(everywhere, company, event=word)["event"] == word


def test_an_office_that_gave_it_away_gets_what_was_there(people, place):
    company, here, there = people.requester(place.city), people.advisor(place.city), people.advisor(place.neighbour)
    word = answer(here.post(f"{company.path}/messages", {"text": "Ours?"}), 201)["id"]
    before = brought(company, company)
    here.step(company, "forward", {"city": place.neighbour, "office": people.office_in(place.neighbour), "reason": "Yours."})
    after = brought(company, company)
    assert here.get(before["url"]).status_code == 200
    problem(here.get(after["url"]), 404, "not_found")
    assert answer(here.get(company.path))["attachments"] == [before]
    assert answer(there.get(company.path))["attachments"] == [before, after]
    problem(bring(here, company), 409, "conflict_state")
    problem(bring(here, company, event=word), 409, "conflict_state")


def test_nobody_else_gets_or_sends_a_file(people, place):
    company, other, far = people.requester(place.city), people.requester(place.city), people.advisor(place.far)
    made = brought(company, company)
    own = f"{other.path}/attachments/{made['id']}"
    for stranger in (other, far):
        problem(stranger.get(made["url"]), 404, "not_found")
        problem(stranger.get(own), 404, "not_found")
        problem(bring(stranger, company), 404, "not_found")
    problem(people.daemon.http.get(made["url"]), 401, "unauthenticated")
    problem(people.daemon.http.post(f"{company.path}/attachments?name=a.txt", content=b"x", headers={"Content-Type": TEXT}), 401, "unauthenticated")
    assert faults(company.get(f"{company.path}/attachments/7")) == {("attachment", "format")}
    guide = people.guide(place.city)
    people.newcomer(place.city)
    guide.proposal()
    task = people.open(guide.mail("proposal").token)
    problem(task.get(made["url"]), 403, "forbidden")
    problem(bring(task, company), 403, "forbidden")


def test_a_withdrawn_request_takes_no_files(people, place):
    company = people.requester(place.city)
    company.say("withdraw")
    problem(bring(company, company), 409, "conflict_state")


# Where they lie -------------------------------------------------------------------------------------------------------------------

def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def stored(start_daemon, tmp_path):
    """People of a daemon that keeps files in a folder."""
    return People(start_daemon(WELCOME_ATTACHMENTS=tmp_path))


def test_files_lie_in_the_directory_and_go_with_their_request(stored, place, tmp_path):
    company, advisor = stored.requester(place.city), stored.advisor(place.city)
    for kind in ENDINGS:
        made = brought(company, company, data := MAKERS[kind](), kind)
        path = tmp_path / made["id"][-4:-2] / made["id"][-2:] / made["id"]
        assert path.read_bytes() == data and stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        got = advisor.get(made["url"].replace(made["id"], made["id"].upper()))
        assert got.content == data and got.headers["Content-Disposition"].startswith("attachment; ")
    assert len(files(tmp_path)) == len(ENDINGS)
    with stored.daemon.connect() as db:
        assert db.execute("SELECT count(*) FROM service_attachment WHERE bytes IS NULL AND kept_in = 'directory'").fetchone() == (len(ENDINGS),)
        db.execute("DELETE FROM service_request WHERE id = %s", (company.request,))

    def gone():
        """the files of a request that is deleted are removed"""
        return not files(tmp_path)
    eventually(gone)

    def forgotten():
        """what is removed is not remembered"""
        with stored.daemon.connect() as db:
            return db.execute("SELECT count(*) FROM service_attachment_gone").fetchone() == (0,)
    eventually(forgotten)


def test_what_the_database_refuses_leaves_no_file(stored, place, tmp_path):
    company, other = stored.requester(place.city), stored.requester(place.city)
    problem(bring(other, company), 404, "not_found")
    problem(bring(company, company, event=str(uuid.uuid4())), 422, "validation_failed")
    problem(bring(company, company, HTML, PNG), 422, "validation_failed")
    company.say("withdraw")
    problem(bring(company, company), 409, "conflict_state")
    assert files(tmp_path) == []


def test_a_file_sent_again_lies_there_once(stored, place, tmp_path):
    company, key = stored.requester(place.city), uuid.uuid4().hex
    first, again = (bring(company, company, key=key) for _ in range(2))
    made = answer(first, 201)
    assert answer(again, 201) == made and first.headers["Location"] == again.headers["Location"]
    problem(bring(company, company, b"Other text", key=key), 422, "idempotency_mismatch")
    problem(bring(company, company, name="other.txt", key=key), 422, "idempotency_mismatch")
    assert company.look()["attachments"] == [made] and [path.name for path in files(tmp_path)] == [made["id"]]
    assert company.get(made["url"]).content == b"Text"
    assert brought(company, company, key=uuid.uuid4().hex)["id"] != made["id"]


def test_a_file_sent_many_times_at_once_lies_there_once(stored, place, tmp_path):
    company, key = stored.requester(place.city), uuid.uuid4().hex
    with concurrent.futures.ThreadPoolExecutor(16) as pool:  # as many as may wait for one thread of the daemon
        answers = list(pool.map(lambda _: bring(company, company, key=key), range(20)))
    made = {one.json()["id"] for one in answers if one.status_code == 201}
    assert len(made) == 1
    for one in answers:
        if one.status_code != 201:
            problem(one, 409, "idempotency_in_flight")
    assert [path.name for path in files(tmp_path)] == list(made)
    assert answer(bring(company, company, key=key), 201)["id"] in made


def test_a_file_that_was_refused_is_sent_again_with_the_same_key(people, place):
    company, key = people.requester(place.city), uuid.uuid4().hex
    problem(bring(company, company, event=str(uuid.uuid4()), key=key), 422, "validation_failed")
    made = brought(company, company, key=key)
    assert brought(company, company, key=key) == made  # in the database, too
    assert company.look()["attachments"] == [made]


def test_a_row_without_its_file_is_told(stored, place, tmp_path):
    company = stored.requester(place.city)
    stored.daemon.tolerated.add("attachment_missing")
    made, cut = brought(company, company), brought(company, company)
    files(tmp_path)[[path.name for path in files(tmp_path)].index(made["id"])].unlink()
    problem(company.get(made["url"]), 503, "unavailable")
    files(tmp_path)[0].write_bytes(b"T")
    problem(company.get(cut["url"]), 503, "unavailable")
    assert [line["event"] for line in stored.daemon.read_log() if line["level"] == "error"] == ["attachment_missing"] * 2


def test_a_folder_that_cannot_be_written_refuses_and_tells(start_daemon, place, tmp_path):
    (tmp_path / "file").write_text("no folder")
    people = People(start_daemon(WELCOME_ATTACHMENTS=tmp_path / "file"))
    people.daemon.tolerated |= {"attachment_not_written", "job_failed"}
    company = people.requester(place.city)
    problem(bring(company, company), 503, "unavailable")
    assert company.look()["attachments"] == []


def test_rows_say_where_files_are_when_the_setting_changes(start_daemon, place, tmp_path):
    daemon = start_daemon()
    people = People(daemon)
    company = people.requester(place.city)
    inside = brought(company, company, b"inside")
    daemon.kill()
    daemon.environment["WELCOME_ATTACHMENTS"] = str(tmp_path)
    daemon.start()
    outside = brought(company, company, b"outside")
    assert [company.get(made["url"]).content for made in (inside, outside)] == [b"inside", b"outside"]
    daemon.kill()
    (tmp_path / "moved").mkdir()
    for folder in tmp_path.iterdir():
        if folder.name != "moved":
            folder.rename(tmp_path / "moved" / folder.name)
    daemon.environment["WELCOME_ATTACHMENTS"] = str(tmp_path / "moved")
    daemon.start()
    assert company.get(outside["url"]).content == b"outside"  # rows name no folder
    daemon.kill()
    del daemon.environment["WELCOME_ATTACHMENTS"]
    daemon.start()
    daemon.tolerated.add("attachment_missing")
    assert company.get(inside["url"]).content == b"inside"
    problem(company.get(outside["url"]), 503, "unavailable")


def test_files_nobody_knows_go_after_a_day(start_daemon, place, tmp_path):
    daemon = start_daemon(WELCOME_ATTACHMENTS=tmp_path)
    people = People(daemon)
    company = people.requester(place.city)
    kept = brought(company, company)["id"]
    daemon.kill()
    names = {name: str(uuid.uuid4()) for name in ("old", "new", "unfinished")}
    made = {}
    for name, prefix in (("old", ""), ("new", ""), ("unfinished", ".")):
        folder = tmp_path / names[name][-4:-2] / names[name][-2:]
        folder.mkdir(parents=True, exist_ok=True)
        made[name] = folder / (prefix + names[name])
        made[name].write_bytes(b"x")
    foreign = made["old"].parent / "lost+found"
    foreign.write_bytes(b"x")
    yesterday = time.time() - 25 * 3600
    for path in (*files(tmp_path), foreign):
        if path != made["new"]:
            os.utime(path, (yesterday, yesterday))
    daemon.start()

    def gone():
        """files without a row are removed"""
        return not made["old"].exists() and not made["unfinished"].exists()
    eventually(gone)
    assert made["new"].exists() and foreign.exists() and any(path.name == kept for path in files(tmp_path))


def test_an_erased_advisors_file_stays(people, place):
    company, advisor, colleague = people.requester(place.city), people.advisor(place.city), people.advisor(place.city)
    made = brought(advisor, company)
    with people.daemon.connect() as db:
        db.execute("DELETE FROM account WHERE id = %s", (advisor.id,))
    assert colleague.get(made["url"]).content == company.get(made["url"]).content == b"Text"
    assert isinstance(colleague, Advisor) and WEBP in ENDINGS
