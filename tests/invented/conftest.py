# SPDX-License-Identifier: EUPL-1.2
# A daemon of this folder's contract: what the core can do, shown by operations that do nothing else.
import pathlib

import pytest

TOKEN = "A" * 43


@pytest.fixture(scope="package")
def invented(daemons):
    """The daemon, with one account that has the session TOKEN."""
    with daemons.running(program=pathlib.Path(daemons.program).parent / "invented" / "welcomed") as daemon:
        with daemon.connect() as db:
            db.execute("WITH one AS (INSERT INTO account (id, email, language) VALUES (uuid_v7(), 'somebody@people.example.org', 'en')"
                       "             RETURNING id)"
                       " INSERT INTO session (id, token_hash, account, expires_at)"
                       " SELECT uuid_v7(), sha256(convert_to(%s, 'UTF8')), one.id, now() + interval '1 day' FROM one", (TOKEN,))
        yield daemon


@pytest.fixture
def http(invented):
    return invented.http


@pytest.fixture
def signed_in():
    """The headers of somebody signed in."""
    return {"Authorization": f"Bearer {TOKEN}"}
