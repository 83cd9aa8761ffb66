# SPDX-License-Identifier: EUPL-1.2
"""The way of a request from the form to the match, and each refusal on it."""
import pytest

from world import Refused, languages


def refused(code):
    class Expected:
        def __enter__(self):
            return self

        def __exit__(self, kind, error, trace):
            assert kind is Refused, f"{code} was expected, not {error!r}"
            assert error.code == code
            self.faults = error.faults
            return True
    return Expected()


def pair(world, language="ti", **request):
    """A guide, a newcomer and the open proposal between them."""
    guide = world.guide(languages(de="native", **{language: "C1"}), ["essen"], capacity=1)
    newcomer = world.newcomer(languages(**{language: "native"}), "essen", **request)
    proposal = world.propose_to(guide, newcomer)
    return guide, newcomer, proposal


@pytest.fixture(autouse=True)
def helpers(world):
    coordinator = world.staff("coordinator", "*")
    world.propose_to = lambda guide, newcomer: coordinator.propose(newcomer.request, guide.guide)
    world.coordinator = coordinator


def test_a_confirmed_application_and_request_become_a_match(world):
    guide, newcomer, proposal = pair(world)
    mail, token = world.mail_to(guide.email, "proposal")
    assert mail["path"] == f"/proposals/{proposal}" and mail["data"]["other_name"].startswith("Newcomer")
    task, row = world.open(token)
    assert row["subject_state"] == "open" and row["roles"] == []
    answer = task.answer(proposal, "accepted")
    assert answer["state"] == "accepted" and answer["match"]
    assert world.state("guide_request", newcomer.request) == "matched"
    mails = {mail["template"]: mail for mail, _ in world.mails() if mail["to"] in (guide.email, newcomer.email)}
    assert mails["match_guide"]["data"]["other_email"] == newcomer.email
    assert mails["match_newcomer"]["data"]["other_email"] == guide.email
    contact = newcomer.one("SELECT * FROM match_contact")
    assert contact["guide_email"] == guide.email and contact["newcomer_email"] == newcomer.email
    assert task.answer(proposal, "accepted") == answer, "a repeat answers as before"


def test_the_newcomer_who_wants_to_be_asked_decides(world):
    guide, newcomer, proposal = pair(world, share_contact="ask_me")
    assert newcomer.run(("SELECT id FROM proposal", ())) == []
    with refused("not_found"):
        newcomer.answer(proposal, "confirmed")
    assert guide.answer(proposal, "accepted") == {"state": "awaiting_newcomer", "match": None}
    assert guide.answer(proposal, "accepted")["state"] == "awaiting_newcomer"
    with refused("already_answered"):
        guide.answer(proposal, "declined")
    _, token = world.mail_to(newcomer.email, "please_confirm")
    task, _ = world.open(token)
    assert task.one("SELECT guide_name FROM proposal_detail")["guide_name"].startswith("Guide")
    assert task.one("SELECT explanation_of(p) AS e, score_of(p) AS s FROM proposal p") == {"e": [], "s": None}
    assert task.answer(proposal, "confirmed")["match"]


def test_a_refusal_forbids_the_pair_for_ever(world):
    guide, newcomer, proposal = pair(world, share_contact="ask_me")
    guide.answer(proposal, "accepted")
    assert newcomer.answer(proposal, "refused")["state"] == "refused"
    assert world.state("guide_request", newcomer.request) == "open"
    assert world.value("SELECT load FROM guide WHERE id = %s", guide.guide) == 0
    with refused("not_eligible") as refusal:
        world.propose_to(guide, newcomer)
    assert [fault["code"] for fault in refusal.faults] == ["H4"]


def test_a_decline_frees_the_place_and_is_final(world):
    guide, newcomer, proposal = pair(world)
    assert guide.answer(proposal, "declined")["state"] == "declined"
    assert guide.answer(proposal, "declined")["state"] == "declined"
    with refused("already_answered"):
        guide.answer(proposal, "accepted")
    assert world.value("SELECT load FROM guide WHERE id = %s", guide.guide) == 0


def test_the_second_guide_to_accept_is_too_late(world):
    guide, newcomer, proposal = pair(world)
    other = world.guide(languages(ti="C1"), ["essen"])
    second = world.propose_to(other, newcomer)
    guide.answer(proposal, "accepted")
    assert world.state("proposal", second) == "cancelled"
    with refused("already_answered"):
        other.answer(second, "accepted")
    assert world.value("SELECT load FROM guide WHERE id = %s", other.guide) == 0


def test_while_one_waits_for_the_newcomer_the_other_may_not_be_accepted(world):
    guide, newcomer, proposal = pair(world, share_contact="ask_me")
    other = world.guide(languages(ti="C1"), ["essen"])
    second = world.propose_to(other, newcomer)
    guide.answer(proposal, "accepted")
    with refused("already_answered"):
        other.answer(second, "accepted")


def test_silence_expires_and_the_next_guide_is_asked(world):
    guide, newcomer, proposal = pair(world, "tr")
    other = world.guide(languages(de="native", tr="B2"), ["essen"])
    assert world.worker.one("SELECT expire_proposals() AS n")["n"] == 0
    world.shift("25 hours")
    world.worker.one("SELECT remind()")
    assert "proposal_reminder" in [mail["template"] for mail, _ in world.mails() if mail["to"] == guide.email]
    assert world.worker.one("SELECT remind() AS n")["n"] == 0
    world.shift("73 hours")
    with refused("proposal_expired"):
        guide.answer(proposal, "accepted")
    while world.worker.one("SELECT expire_proposals() AS n")["n"]:
        pass
    with refused("proposal_expired"):
        guide.answer(proposal, "accepted")
    assert world.state("guide_request", newcomer.request) == "open"
    asked = world.place(newcomer.request)
    assert str(world.value("SELECT guide FROM proposal WHERE id = %s", asked)) == other.guide


def test_a_full_guide_and_an_unfit_one_are_told_apart(world):
    guide, _, _ = pair(world)
    late = world.newcomer(languages(ti="native"), "essen")
    with refused("guide_at_capacity"):
        world.propose_to(guide, late)
    far = world.newcomer(languages(uk="native"), "hagen")
    with refused("not_eligible") as refusal:
        world.propose_to(guide, far)
    assert [fault["code"] for fault in refusal.faults] == ["H1", "H2", "H3"]


def test_a_place_is_checked_only_when_the_load_grows(world):
    guide, _, proposal = pair(world)
    guide.run(("UPDATE guide SET capacity = 3 WHERE id = my_guide()", ()))
    second = world.propose_to(guide, world.newcomer(languages(ti="native"), "essen"))
    guide.run(("UPDATE guide SET capacity = 1 WHERE id = my_guide()", ()))
    assert guide.answer(proposal, "accepted")["match"] and guide.answer(second, "accepted")["match"]


@pytest.mark.parametrize("by, reason, closed_as", [("guide", "completed", "fulfilled"), ("newcomer", "schedule", "withdrawn")])
def test_an_ended_match_closes_its_request(world, by, reason, closed_as):
    guide, newcomer, proposal = pair(world)
    match = guide.answer(proposal, "accepted")["match"]
    session = {"guide": guide, "newcomer": newcomer}[by]
    assert session.end(match, reason) == {"state": "ended", "ended_by": by}
    assert session.end(match, reason)["ended_by"] == by
    with refused("conflict_state"):
        session.end(match, "other")
    assert world.value("SELECT closed_as FROM guide_request WHERE id = %s", newcomer.request) == closed_as
    assert newcomer.one("SELECT guide_email FROM match_contact WHERE match = %s", match)["guide_email"] is None
    reopen = [("SELECT lock_for_request(%s)", (newcomer.request,)),
              ("UPDATE guide_request SET state = 'open', closed_as = NULL WHERE id = %s AND account = me()", (newcomer.request,))]
    if closed_as == "withdrawn":
        newcomer.run(*reopen)
        assert world.state("guide_request", newcomer.request) == "open"
    else:
        with refused("conflict_state"):
            newcomer.run(*reopen)


@pytest.mark.parametrize("state, proposal_is, request_is", [("paused", "cancelled", "open"), ("left", "cancelled", "open")])
def test_a_guide_who_stops_gives_the_proposal_back(world, state, proposal_is, request_is):
    guide, newcomer, proposal = pair(world)
    guide.set_guide(guide.guide, state)
    assert world.state("proposal", proposal) == proposal_is and world.state("guide_request", newcomer.request) == request_is
    assert world.value("SELECT load FROM guide WHERE id = %s", guide.guide) == 0


def test_a_suspended_guide_loses_matches_and_the_newcomer_is_told(world):
    guide, newcomer, proposal = pair(world)
    match = guide.answer(proposal, "accepted")["match"]
    waited = world.value("SELECT waiting_since FROM guide_request WHERE id = %s", newcomer.request)
    world.coordinator.set_guide(guide.guide, "suspended")
    assert world.all("SELECT ended_reason, ended_by FROM match WHERE id = %s", match) == [{"ended_reason": "guide_left", "ended_by": "system"}]
    assert world.state("guide_request", newcomer.request) == "open"
    assert world.value("SELECT waiting_since FROM guide_request WHERE id = %s", newcomer.request) == waited
    assert "request_reopened" in [mail["template"] for mail, _ in world.mails() if mail["to"] == newcomer.email]
    with refused("unauthenticated"):
        guide.set_guide(guide.guide, "active")
    with refused("forbidden"):
        world.sign_in(guide.account).set_guide(guide.guide, "active")
    world.coordinator.set_guide(guide.guide, "active")


def test_withdrawing_cancels_and_repeats(world):
    guide, newcomer, proposal = pair(world)
    assert newcomer.withdraw(newcomer.request) == newcomer.withdraw(newcomer.request) == [{"state": "closed", "closed_as": "withdrawn"}]
    assert world.state("proposal", proposal) == "cancelled"
    with refused("conflict_state"):
        newcomer.change(newcomer.request, message="too late")


def test_a_matched_request_is_not_withdrawn(world):
    guide, newcomer, proposal = pair(world)
    guide.answer(proposal, "accepted")
    with refused("conflict_state"):
        newcomer.withdraw(newcomer.request)


def test_a_move_cancels_what_may_no_longer_fit(world):
    guide, newcomer, proposal = pair(world)
    newcomer.change(newcomer.request, message="hello")
    assert world.state("proposal", proposal) == "open"
    newcomer.change(newcomer.request, city="hagen")
    assert world.state("proposal", proposal) == "cancelled" and world.state("guide_request", newcomer.request) == "open"
    assert world.value("SELECT request_city FROM proposal WHERE id = %s", proposal) == "hagen"


def test_a_link_confirms_once_and_a_second_profile_is_refused(world):
    address = world.address("twice")
    first = world.ask(address, languages(ar="native"), "essen")
    second = world.ask(address, languages(ar="native"), "hagen")
    tokens = [token for mail, token in world.mails() if mail["to"] == address]
    _, row = world.confirm(tokens[0])
    assert str(row["subject_id"]) == first and row["subject_state"] == "open"
    with refused("token_used"):
        world.confirm(tokens[0])
    with refused("duplicate"):
        world.confirm(tokens[1])
    with refused("token_unknown"):
        world.confirm("nonsense")
    assert world.state("guide_request", second) == "unverified"


def test_unconfirmed_things_go_after_seven_days(world):
    address = world.address("late")
    request = world.ask(address, languages(ar="native"), "essen")
    _, token = world.mail_to(address, "confirm_guide_request")
    world.shift("8 days")
    with refused("token_expired"):
        world.confirm(token)
    while world.worker.one("SELECT expire_unconfirmed() AS n")["n"]:
        pass
    assert world.all("SELECT id FROM guide_request WHERE id = %s", request) == []


def test_sign_in_says_the_same_and_mails_only_whom_it_knows(world):
    guide = world.guide(languages(de="native"), ["hagen"])
    unconfirmed = world.address("pending")
    world.ask(unconfirmed, languages(tr="native"), "hagen")
    before = len(world.mails())
    for address in (guide.email, unconfirmed, "nobody@example.org"):
        world.anonymous.run(("SELECT request_sign_in(%s, 'de')", (address,)))
    mails = {mail["to"]: (mail["template"], mail["language"], token) for mail, token in world.mails()[before:]}
    assert set(mails) == {guide.email, unconfirmed}
    assert mails[unconfirmed][:2] == ("confirm_guide_request", "de")
    template, _, token = mails[guide.email]
    assert template == "sign_in"
    session, row = world.open(token)
    assert row["roles"] == ["guide"] and session.one("SELECT my_guide() AS id")["id"]
    with refused("token_used"):
        world.open(token)


def test_a_task_session_reaches_its_thing_and_no_other(world):
    guide, newcomer, proposal = pair(world)
    _, token = world.mail_to(guide.email, "proposal")
    task, _ = world.open(token)
    task.tasks = ["match"]
    with refused("forbidden"):
        task.one("SELECT 1")
    task.tasks, task.thing = ["proposal"], newcomer.request
    with refused("not_found"):
        task.one("SELECT 1")
    world.shift("73 hours")
    with refused("token_expired"):
        world.open(token)


def test_mail_speaks_the_language_of_the_form_where_it_can(world):
    for form, expected in (("uk", "uk"), ("de-simple", "de"), ("ti", "en")):
        address = world.address("speaks")
        world.ask(address, languages(ar="native"), "essen", form)
        assert world.mail_to(address, "confirm_guide_request")[0]["language"] == expected


def test_a_failed_mail_is_tried_again_and_given_up_at_last(world):
    world.mails()
    world.guide(languages(de="native"), ["essen"])
    world.anonymous.run(("SELECT request_sign_in(%s, 'de')", ("somebody@example.org",)))
    outbox = world.value("SELECT id FROM outbox WHERE state = 'waiting' AND address = 'somebody@example.org'")
    waits = []
    for _ in range(12):
        waits.append(world.worker.run(("SELECT mail_failed(%s, 'refused')", (outbox,)),
                                      ("SELECT extract(epoch FROM next_attempt_at - clock())::integer AS n FROM outbox WHERE id = %s", (outbox,)))[0]["n"])
    assert waits[:4] == [60, 120, 240, 480] and max(waits) == 6 * 3600
    assert world.state("outbox", outbox) == "dead"


def test_each_city_approves_for_itself(world):
    guide = world.guide(languages(de="native"), ["essen", "hagen"], state="applied")
    essen, hagen = world.staff("coordinator", "essen"), world.staff("coordinator", "hagen")
    with refused("forbidden"):
        hagen.set_guide(guide.guide, "active")
    essen.set_guide(guide.guide, "in_screening")
    essen.set_guide(guide.guide, "active")
    assert world.value("SELECT serves FROM guide WHERE id = %s", guide.guide) == ["essen"]
    hagen.run(("SELECT lock_for_guide(%s, true)", (guide.guide,)), ("SELECT approve_cities(%s)", (guide.guide,)))
    assert world.value("SELECT serves FROM guide WHERE id = %s", guide.guide) == ["essen", "hagen"]
    actions = [row["action"] for row in world.all("SELECT action FROM audit WHERE subject_id = %s ORDER BY id", guide.guide)]
    assert actions == ["guide_in_screening", "guide_active", "approve_cities"]


def test_a_pause_ends_on_its_day(world):
    guide = world.guide(languages(de="native"), ["essen"])
    guide.run(("SELECT lock_for_guide(my_guide())", ()),
              ("UPDATE guide SET state = 'paused', paused_until = (clock() + interval '3 days')::date WHERE id = my_guide()", ()))
    world.worker.one("SELECT resume_guides()")
    assert world.state("guide", guide.guide) == "paused"
    world.shift("4 days")
    world.worker.one("SELECT resume_guides()")
    assert world.state("guide", guide.guide) == "active"


def test_nobody_waits_longer_than_ninety_days_unasked(world):
    newcomer = world.newcomer(languages(uk="native"), "hagen")
    def run(step):
        while world.worker.one(f"SELECT {step} AS n")["n"]:
            pass
    world.shift("91 days")
    run("close_stale_requests()")
    assert world.value("SELECT state FROM guide_request WHERE id = %s", newcomer.request) == "open"
    run("ask_still_looking()")
    world.shift("106 days")
    run("close_stale_requests()")
    assert world.value("SELECT closed_as FROM guide_request WHERE id = %s", newcomer.request) == "expired"


def test_a_new_address_counts_when_it_is_confirmed(world):
    guide = world.guide(languages(de="native"), ["essen"])
    address = world.address("new")
    guide.run(("SELECT await_confirmation('account', me(), %s, 'de')", (address,)))
    assert guide.one("SELECT email FROM account WHERE id = me()")["email"] == guide.email
    world.confirm(world.mail_to(address, "confirm_address")[1])
    assert guide.one("SELECT email FROM account WHERE id = me()")["email"] == address


def test_position_counts_those_before(world):
    city = "dortmund"
    first, second = (world.newcomer(languages(uk="native"), city) for _ in range(2))
    assert [s.one("SELECT queue_position(%s) AS n", s.request)["n"] for s in (first, second)] == [1, 2]


def test_settings_do_not_outlive_their_transaction(world):
    guide = world.guide(languages(de="native"), ["essen"])
    assert guide.one("SELECT count(*) AS n FROM guide")["n"] == 1
    assert world.anonymous.one("SELECT count(*) AS n FROM guide")["n"] == 0
    with refused("unauthenticated"):
        world.session("stale").one("SELECT 1")


def test_erasing_an_account_takes_everything_personal(world):
    guide, newcomer, proposal = pair(world)
    guide.answer(proposal, "accepted")
    world.god.execute("DELETE FROM account WHERE id = %s", (newcomer.account,))
    assert world.all("SELECT id FROM match WHERE proposal = %s", proposal) == []
    assert world.all("SELECT id FROM guide_request WHERE id = %s", newcomer.request) == []
