# SPDX-License-Identifier: EUPL-1.2
# Readers report what is wrong or keeps them out; the editors of the thing answer, and the address is gone.
import datetime
import threading
import zoneinfo

import pytest

from support import Desk, People, answer, at_once, eventually, faults, problem


@pytest.fixture
def desk(people, place):
    return Desk(people, place.city)


def report(http, kind="error", text="Hier stimmt etwas nicht.", lang="de", **members):
    return answer(http.post(f"/v1/feedback?lang={lang}", json={"kind": kind, "text": text} | members), 202)["id"]


def inbox(editor, query=""):
    return answer(editor.get(f"/v1/feedback?limit=100&{query}"))["items"]


def about(thing, **members):
    return {"kind": "article", "id": thing} | members


def addresses(daemon, address):
    """Where an address stands in the database."""
    with daemon.connect() as db:
        tables = [name for name, in db.execute("SELECT relname FROM pg_class WHERE relnamespace = 'welcome'::regnamespace AND relkind = 'r'")]
        return {name for name in tables if db.execute(f"SELECT count(*) FROM {name} t WHERE t::text LIKE %s", (f"%{address}%",)).fetchone()[0]}


def test_a_report_reaches_the_desk_of_what_it_is_about(people, desk):
    article = desk.article()
    title = desk.publish(article)["title"]
    made = report(desk.http, object=about(article, language="de"))
    item, = [one for one in inbox(desk.author) if one["id"] == made]
    assert item["object"] == {"kind": "article", "id": article, "language": "de", "title": title}
    assert (item["kind"], item["state"], item["city"], item["due_on"], item["reply_wanted"]) == ("error", "open", desk.city, None, False)
    assert answer(desk.reviewer.get(f"/v1/feedback/{made}")) == item
    assert made in {one["id"] for one in inbox(people.editor(), f"city={desk.city}")}


def test_other_desks_learn_nothing_of_it(people, place, desk):
    article = desk.article()
    desk.publish(article)
    made, other = report(desk.http, object=about(article)), people.editor(place.far)
    assert inbox(other, "count=true") == [] and answer(other.get("/v1/feedback?count=true"))["total"] == 0
    problem(other.get(f"/v1/feedback/{made}"), 404, "not_found")
    problem(other.post(f"/v1/feedback/{made}/resolve", {"reply": "Nein."}), 404, "not_found")
    region = report(desk.http, text="Im Allgemeinen.")
    problem(desk.author.get(f"/v1/feedback/{region}"), 404, "not_found")
    assert answer(people.editor().get(f"/v1/feedback/{region}"))["city"] is None


def test_a_barrier_is_to_be_answered_within_a_month(desk):
    made = answer(desk.http.post("/v1/feedback", json={"kind": "barrier", "text": "Ohne Maus geht es nicht."}), 202)
    today = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Berlin")).date()
    assert made["state"] == "open"
    assert 27 <= (datetime.date.fromisoformat(made["due_on"]) - today).days <= 31


def test_what_is_due_comes_first_and_what_is_resolved_last(desk):
    article = desk.article()
    desk.publish(article)
    first, done, barrier, last = (report(desk.http, kind, object=about(article)) for kind in ("praise", "barrier", "barrier", "error"))
    answer(desk.author.post(f"/v1/feedback/{done}/resolve", {}))
    assert [one["id"] for one in inbox(desk.author)] == [barrier, first, last, done]
    assert [one["id"] for one in inbox(desk.author, "state=open&kind=barrier")] == [barrier]
    assert answer(desk.author.get("/v1/feedback?state=open&count=true"))["total"] == 3
    walked, after = [], ""
    while after is not None:
        got = answer(desk.author.get(f"/v1/feedback?limit=1{after}"))
        walked += [one["id"] for one in got["items"]]
        after = got["next"] and f"&after={got['next']}"
    assert walked == [barrier, first, last, done]


@pytest.mark.parametrize("language, served", [("de", "de"), ("en", "en"), ("tr", "tr"), ("ar", "ar"), ("uk", "uk"), ("de-simple", "de"), ("fr", "en")])
def test_a_reply_is_mailed_in_the_reporters_language_and_the_address_is_gone(daemon, people, desk, language, served):
    article, address = desk.article(), people.address("reader")
    title = desk.publish(article)["title"]
    made = report(desk.http, lang=language, object=about(article), email=address)
    assert addresses(daemon, address) == {"feedback_address"}
    assert answer(desk.author.get(f"/v1/feedback/{made}"))["reply_wanted"]
    assert address not in desk.author.get("/v1/feedback").text
    resolved = answer(desk.author.post(f"/v1/feedback/{made}/resolve", {"reply": "Danke!\nEs ist <berichtigt>."}))
    assert (resolved["state"], resolved["reply"], resolved["resolved_by"]["id"]) == ("resolved", "Danke!\nEs ist <berichtigt>.", desk.author.id)
    mail = daemon.mails.next(address, "feedback_reply")
    assert mail.language == served and mail.path is None
    assert title in mail.text and "Danke!\r\nEs ist <berichtigt>." in mail.text and "&lt;berichtigt&gt;" in mail.html

    def gone():
        """the address is nowhere any more"""
        return not addresses(daemon, address)
    eventually(gone)


def test_without_a_reply_nobody_is_written_to(daemon, people, desk):
    article, address = desk.article(), people.address("reader")
    desk.publish(article)
    made = report(desk.http, object=about(article), email=address)
    answer(desk.author.post(f"/v1/feedback/{made}/resolve", {}))
    daemon.mails_sent()
    assert not daemon.mails.take(address) and not addresses(daemon, address)


def test_the_outbox_holds_no_reply(start_daemon):
    daemon = start_daemon(WELCOME_SMTP_URL="smtp://127.0.0.1:1", WELCOME_MAIL_DIRECTORY="", WELCOME_SMTP_TLS="false", start=False)
    daemon.start()
    with daemon.connect("postgres") as db:
        db.execute("INSERT INTO feedback (id, kind, text, language) VALUES ('00000000-0000-7000-8000-000000000001', 'error', 'Falsch', 'de')")
        db.execute("INSERT INTO feedback_address SELECT id, 'reader@example.org' FROM feedback")
        daemon.tolerated.add("job_failed")
        db.execute("UPDATE feedback SET state = 'resolved', reply = 'Eine geheime Antwort'")
        assert db.execute("SELECT count(*), bool_or(o::text LIKE '%geheime%') FROM outbox o").fetchone() == (1, False)


def test_saying_it_twice_is_saying_it_once(desk):
    article = desk.article()
    desk.publish(article)
    made = report(desk.http, object=about(article))
    first, second = (answer(desk.author.post(f"/v1/feedback/{made}/resolve", {"reply": "Erledigt."})) for _ in range(2))
    assert first == second
    for editor, reply in ((desk.author, {"reply": "Anders."}), (desk.author, {}), (desk.reviewer, {"reply": "Erledigt."})):
        problem(editor.post(f"/v1/feedback/{made}/resolve", reply), 409, "conflict_state")


def test_of_ten_who_resolve_at_once_one_answers(daemon, people, desk):
    article, address = desk.article(), people.address("reader")
    desk.publish(article)
    made = report(desk.http, object=about(article), email=address)
    statuses = at_once(lambda n: desk.author.post(f"/v1/feedback/{made}/resolve", {"reply": f"Antwort {n}"}), 10)
    assert sorted(statuses) == [200] + [409] * 9
    said = answer(desk.author.get(f"/v1/feedback/{made}"))["reply"]
    assert said in daemon.mails.next(address, "feedback_reply").text
    daemon.mails_sent()
    assert not daemon.mails.take(address)


def test_what_moves_takes_its_reports_along(people, place, desk):
    article, both = desk.article(), people.editor()
    desk.publish(article)
    made = report(desk.http, object=about(article))
    etag = both.get(f"/v1/contents/{article}").headers["ETag"]
    answer(both.patch(f"/v1/articles/{article}", {"city": place.far}, headers={"If-Match": etag}))
    problem(desk.author.get(f"/v1/feedback/{made}"), 404, "not_found")
    assert answer(people.editor(place.far).get(f"/v1/feedback/{made}"))["city"] == place.far


def test_reports_sent_while_a_thing_moves_all_reach_its_desk(people, place, desk):
    article, both = desk.article(), people.editor()
    desk.publish(article)
    done, made = threading.Event(), []

    def move():
        for turn in range(10):
            etag = both.get(f"/v1/contents/{article}").headers["ETag"]
            both.patch(f"/v1/articles/{article}", {"city": (place.far, place.city)[turn % 2]}, headers={"If-Match": etag})
        done.set()
    moving = threading.Thread(target=move)
    moving.start()
    while (not done.is_set() or len(made) < 6) and len(made) < 100:  # what a page of the inbox shows
        made.append(report(desk.http, object=about(article)))
    moving.join()
    assert len(made) > 5 and set(made) == {one["id"] for one in inbox(desk.author)}


def test_what_nobody_could_read_is_not_known(people, desk):
    draft, shown = desk.article(), desk.article()
    revision = desk.publish(shown)["id"]
    form = {"kind": "error", "text": "Falsch"}
    nobody = "01935f1e-5b00-7c3a-9f10-6d1c2b3a4e99"
    for thing in (about(draft), about(nobody), about(shown) | {"kind": "place"}):
        assert faults(desk.http.post("/v1/feedback", json=form | {"object": thing})) == {("/object/id", "unknown_object")}
    answer(desk.author.post(f"/v1/revisions/{revision}/retract", {}))
    made = report(desk.http, object=about(shown))  # read before it was taken back
    assert answer(desk.author.get(f"/v1/feedback/{made}"))["object"]["title"] is None


def test_reports_have_a_form(http):
    assert faults(http.post("/v1/feedback", json={"kind": "wish", "text": " \n", "email": "nobody", "object": {"kind": "page"}})) == {
        ("/kind", "enum"), ("/text", "pattern"), ("/email", "format"), ("/object/kind", "enum"), ("/object/id", "required")}
    assert faults(http.post("/v1/feedback", json={"kind": "praise", "text": "x" * 4001})) == {("/text", "too_long")}
    answer(http.post("/v1/feedback", json={"kind": "praise", "text": "x\ny", "object": None, "email": None}), 202)


def test_only_editors_read_reports(people, place):
    for person in (people.somebody_of_staff("coordinator", "all"), people.somebody_of_staff("advisor", "all"), people.admin()):
        problem(person.get("/v1/feedback"), 403, "forbidden")
    problem(people.daemon.http.get("/v1/feedback"), 401, "unauthenticated")


def test_resolved_reports_are_deleted_after_a_year(start_daemon):
    daemon = start_daemon()
    editor = People(daemon).editor()
    kept, gone = report(daemon.http, text="Bleibt offen."), report(daemon.http)
    answer(editor.post(f"/v1/feedback/{gone}/resolve", {}))

    def left():
        with daemon.connect() as db:
            return [str(thing) for thing, in db.execute("SELECT id FROM feedback ORDER BY id")]
    daemon.shift_clock(days=360)
    with daemon.connect("welcome_worker") as db:
        assert db.execute("SELECT expire_feedback()").fetchone() == (0,)
    assert left() == [kept, gone]
    daemon.shift_clock(days=367)

    def deleted():
        """what was resolved a year ago is gone"""
        return left() == [kept]
    eventually(deleted)
