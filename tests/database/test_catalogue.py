# SPDX-License-Identifier: EUPL-1.2
"""What the catalogue must say about every function, table and role, whoever adds the next one."""
PUBLIC_TABLES = {"attachment", "audience", "change", "checklist_rule", "checklist_text", "city", "contact", "content", "content_slug", "country", "desk", "event", "holiday", "known_word", "language",
                 "legal_text", "mail_language", "media", "news", "occurrence", "office", "office_closure", "partner", "place", "place_category", "related_language", "searchable",
                 "service", "service_offer", "service_version", "stage", "story", "topic", "transition", "translation", "weights"}


def names(world, statement):
    return [row["name"] for row in world.all(statement)]


def test_every_definer_function_has_its_search_path(world):
    assert names(world, """SELECT p.oid::regprocedure::text AS name FROM pg_proc p
                            WHERE p.pronamespace = 'welcome'::regnamespace AND p.prosecdef
                              AND NOT 'search_path=welcome, pg_temp' = ANY (coalesce(p.proconfig, '{}'))""") == []


def test_public_may_execute_nothing(world):
    assert names(world, """SELECT p.oid::regprocedure::text AS name FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                            WHERE p.pronamespace = 'welcome'::regnamespace AND a.grantee = 0""") == []


def test_public_may_touch_nothing(world):
    assert names(world, """SELECT c.relname AS name FROM pg_class c, aclexplode(c.relacl) a
                            WHERE c.relnamespace = 'welcome'::regnamespace AND a.grantee = 0""") == []
    assert not world.value("SELECT has_database_privilege('welcome', current_database(), 'TEMP')")
    assert not world.value("SELECT has_database_privilege('welcome', current_database(), 'CREATE')")
    assert not world.value("SELECT has_schema_privilege('welcome', 'welcome', 'CREATE')")


def test_every_table_with_people_has_row_level_security(world):
    without = set(names(world, """SELECT relname AS name FROM pg_class
                                   WHERE relnamespace = 'welcome'::regnamespace AND relkind = 'r' AND NOT relrowsecurity"""))
    assert without == PUBLIC_TABLES


def test_public_tables_name_no_person(world):
    assert names(world, f"""SELECT table_name || '.' || column_name AS name FROM information_schema.columns
                             WHERE table_schema = 'welcome' AND table_name = ANY ('{{{','.join(PUBLIC_TABLES)}}}')
                               AND column_name IN ('account', 'email', 'address', 'display_name')
                               AND table_name NOT IN ('place', 'contact', 'office')  -- offices""") == []


def test_roles_own_and_bypass_nothing(world):
    assert names(world, """SELECT rolname AS name FROM pg_roles
                            WHERE starts_with(rolname, 'welcome') AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)""") == []
    assert names(world, """SELECT relname AS name FROM pg_class
                            WHERE relnamespace = 'welcome'::regnamespace AND relowner <> 'welcome_owner'::regrole""") == []


def test_the_daemon_writes_only_what_people_say(world):
    granted = {(row["t"], row["c"]) for row in world.all(
        """SELECT table_name AS t, column_name AS c FROM information_schema.column_privileges
            WHERE grantee = 'welcome' AND privilege_type = 'UPDATE' AND table_schema = 'welcome'""")}
    kept = {("guide", "load"), ("guide", "account"), ("guide", "recent_asks"), ("guide", "serves"), ("guide_request", "account"),
            ("guide_request", "waiting_since"), ("proposal", "expires_at"), ("proposal", "score"), ("match", "ended_by")}
    assert granted and not granted & kept
    assert {table for table, _ in granted} == {"account", "guide", "guide_request", "proposal", "match", "report", "service_request",
                                              "service_request_office", "consultation_slot", "appointment"} | {
        "attachment", "contact", "content", "event", "feedback", "media", "news", "place", "revision", "story"}  # by editors of the desk


def test_foreign_keys_into_people_have_an_index(world):
    """An erasure follows them all."""
    assert names(world, """SELECT k.conrelid::regclass || '.' || k.conname AS name FROM pg_constraint k
                            WHERE k.contype = 'f' AND k.connamespace = 'welcome'::regnamespace AND k.confdeltype IN ('c', 'n')
                              AND k.confrelid IN ('account'::regclass, 'guide'::regclass, 'guide_request'::regclass, 'proposal'::regclass)
                              AND k.conrelid <> 'weights'::regclass
                              AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1])""") == []


def test_functions_load_twice(world):
    before = world.all("SELECT count(*) AS policies FROM pg_policies WHERE schemaname = 'welcome'")
    clock = world.value("SELECT pg_get_functiondef('clock'::regproc)")
    world.database.load_functions()
    assert world.all("SELECT count(*) AS policies FROM pg_policies WHERE schemaname = 'welcome'") == before
    assert world.value("SELECT pg_get_functiondef('clock'::regproc)") == clock, "what the first migration made is not touched"


def test_every_state_is_one_a_machine_knows(world):
    """The CHECK of each state column and the transition table speak of the same states."""
    for machine in ("guide", "guide_request", "proposal", "match", "report", "revision", "service_request_office", "appointment"):
        check = world.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
                            machine, f"{machine}_state_check")
        states = world.all("SELECT from_state AS s FROM transition WHERE machine = %s UNION SELECT to_state FROM transition WHERE machine = %s",
                           machine, machine)
        assert {row["s"] for row in states} == {word for word in check.split("'") if word.replace("_", "").isalpha()} - {"text"}
