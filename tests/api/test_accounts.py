# SPDX-License-Identifier: EUPL-1.2
# Staff: who gives roles to whom, and what a role is good for.
from support import People, answer, faults, problem


def role(name, city=None):
    return {"role": name, "city": city}


def test_the_first_admin_comes_from_the_command_line_and_makes_the_rest(start_daemon, place):
    people = People(start_daemon())
    admin = people.admin()
    assert admin.session["account"]["roles"] == ["admin"]
    address = people.address("ines")
    made = answer(admin.post("/v1/accounts", {"email": address, "display_name": "Ines Info", "language": "de",
                                              "roles": [role("coordinator", place.city)]}), 201)
    assert (made["email"], made["display_name"], made["language"]) == (address, "Ines Info", "de")
    assert made["roles"] == [role("coordinator", place.city)]
    assert [account["email"] for account in answer(admin.get("/v1/accounts"))["items"]] == sorted([admin.email, address])
    ines = people.sign_in(address)
    assert ines.session["account"]["cities"] == [place.city]
    applicant = people.applicant(place.city)
    assert answer(ines.post(f"/v1/guides/{applicant.guide}/approve"))["state"] == "active"

    myself = answer(admin.get("/v1/accounts?role=admin"))["items"]
    assert [account["id"] for account in myself] == [admin.id]
    problem(admin.patch(f"/v1/accounts/{admin.id}", {"roles": []}), 409, "conflict_state")  # the last one
    assert answer(admin.get("/v1/me"))["roles"] == ["admin"]
    answer(admin.patch(f"/v1/accounts/{made['id']}", {"roles": [role("admin")]}))
    assert answer(admin.patch(f"/v1/accounts/{admin.id}", {"roles": []}))["roles"] == []
    problem(admin.get("/v1/accounts"), 403, "forbidden")


def test_roles_count_from_the_next_call_on(people, place):
    admin = people.admin()
    made = answer(admin.post("/v1/accounts", {"email": people.address(), "roles": [role("coordinator", place.city)]}), 201)
    somebody = people.sign_in(made["email"])
    applicant = people.applicant(place.city)
    answer(somebody.get(f"/v1/staff/guides/{applicant.guide}"))
    changed = answer(admin.patch(f"/v1/accounts/{made['id']}", {"roles": [role("coordinator", place.far), role("editor")]}))
    assert sorted(changed["roles"], key=str) == sorted([role("coordinator", place.far), role("editor")], key=str)
    problem(somebody.get(f"/v1/staff/guides/{applicant.guide}"), 404, "not_found")
    answer(admin.patch(f"/v1/accounts/{made['id']}", {"roles": [role("editor")]}))
    problem(somebody.get("/v1/staff/guides"), 403, "forbidden")
    assert answer(admin.patch(f"/v1/accounts/{made['id']}", {"roles": []}))["roles"] == []
    assert made["id"] not in admin.get("/v1/accounts?limit=100").text
    assert answer(somebody.get("/v1/me"))["roles"] == []


def test_an_address_holds_one_staff_account(people, place):
    admin, form = people.admin(), {"email": people.address(), "roles": [role("editor")]}
    answer(admin.post("/v1/accounts", form), 201)
    problem(admin.post("/v1/accounts", form), 409, "duplicate")
    problem(admin.post("/v1/accounts", form | {"email": form["email"].upper()}), 409, "duplicate")


def test_a_guide_may_become_staff_and_stays_a_guide(people, place):
    guide = people.guide(place.city)
    made = answer(people.admin().post("/v1/accounts", {"email": guide.email, "roles": [role("advisor", place.city)]}), 201)
    assert made["id"] == guide.id
    assert sorted(answer(guide.get("/v1/me"))["roles"]) == ["advisor", "guide"]


def test_an_admin_is_one_for_all_cities(people, place):
    form = {"email": people.address(), "roles": [role("editor"), role("admin", place.city)]}
    assert faults(people.admin().post("/v1/accounts", form)) == {("/roles/1/city", "const")}


def test_faults_in_roles_point_at_them(people):
    form = {"email": "no address", "roles": [role("emperor"), role("editor", "atlantis"), {"role": "editor"}, role("editor", 7)]}
    assert faults(people.admin().post("/v1/accounts", form)) == {
        ("/email", "format"), ("/roles/0/role", "enum"), ("/roles/1/city", "unknown_city"), ("/roles/2/city", "required"),
        ("/roles/3/city", "type")}
    assert faults(people.admin().post("/v1/accounts", {"email": people.address(), "roles": []})) == {("/roles", "too_few_items")}


def test_only_admins_manage_accounts(people, place):
    for person in (people.coordinator("all"), people.coordinator(place.city), people.guide(place.city), people.newcomer(place.city)):
        problem(person.get("/v1/accounts"), 403, "forbidden")
        problem(person.post("/v1/accounts", {"email": people.address(), "roles": [role("admin")]}), 403, "forbidden")
        problem(person.patch(f"/v1/accounts/{person.id}", {"roles": [role("admin")]}), 403, "forbidden")


def test_an_admin_is_no_coordinator(people, place):
    applicant, newcomer = people.applicant(place.city), people.newcomer(place.city)
    admin = people.admin()
    problem(admin.get("/v1/staff/guides"), 403, "forbidden")
    problem(admin.get(f"/v1/staff/guides/{applicant.guide}"), 403, "forbidden")
    problem(admin.get(f"/v1/guide-requests/{newcomer.request}"), 404, "not_found")
    assert answer(admin.get("/v1/guide-requests?count=true"))["total"] == 0


def test_people_without_staff_roles_are_not_to_be_changed_as_staff(people, place):
    problem(people.admin().patch("/v1/accounts/01935f1e-5b00-7c3a-9f10-6d1c2b3a4e01", {"roles": []}), 404, "not_found")
    newcomer = people.newcomer(place.city)
    problem(people.admin().patch(f"/v1/accounts/{newcomer.id}", {"roles": [role("editor")]}), 404, "not_found")


def test_the_command_line_tells_what_it_refuses(people):
    for arguments in (("--role", "emperor", "--email", "x@example.org"), ("--role", "editor", "--email", "x@example.org", "--city", "atlantis"),
                      ("--role", "admin", "--email", "x@example.org", "--city", "essen")):
        status, out, errors = people.daemon.command("account", "create", *arguments)
        assert status == 1 and out == "" and errors.startswith("welcomed account: ")
    assert people.daemon.command("account", "create")[0] == 2
