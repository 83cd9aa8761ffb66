# SPDX-License-Identifier: EUPL-1.2
"""The import of services beside admins who write at the same moment."""
import json
import threading
import time

import pytest

HOURS = [{"slots": [{"opens": "09:00", "closes": "16:00"}]}] * 5 + [{}] * 2
ENTRY = {"code": "advice", "clientele": "newcomer", "category": "arrival", "name": {"en": "Advice"}, "acknowledge_hours": 8, "resolve_hours": 40,
         "region_office": "region", "questions": []}


@pytest.fixture
def catalogue(world):
    world.god.execute("DELETE FROM service")
    world.god.execute("SELECT import_office(%s)", (json.dumps({"slug": "region", "in": "region", "name": {"en": "Region"}, "languages": [],
                                                               "opening_hours": HOURS}),))
    yield world
    world.god.execute("DELETE FROM service")


def test_the_import_waits_for_an_admin_and_spares_the_change(catalogue):
    first, second = json.dumps(ENTRY), json.dumps(ENTRY | {"resolve_hours": 50})
    assert catalogue.value("SELECT written FROM import_service(%s, 1)", first)
    with catalogue.database.connect("postgres", autocommit=False) as admin, catalogue.database.connect("welcome_worker") as worker:
        admin.execute("UPDATE service SET resolve_hours = 33, imported = NULL")
        written = []
        importing = threading.Thread(target=lambda: written.extend(worker.execute("SELECT written, faults FROM import_service(%s, 1)", (second,))))
        importing.start()
        end = time.monotonic() + 30
        while not catalogue.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s", worker.info.backend_pid):
            assert time.monotonic() < end and importing.is_alive(), "the import did not wait"
            time.sleep(0.01)
        admin.commit()
        importing.join(30)
    assert written == [(False, None)]
    assert catalogue.value("SELECT resolve_hours FROM service") == 33
