# SPDX-License-Identifier: EUPL-1.2
# The last of these tests: the ones before have met every operation and every answer the contract documents.
import pathlib

import pytest

from support import CONTRACT


def documented():
    return {(operation["operationId"], int(status)) for path in CONTRACT["paths"].values() for operation in path.values()
            for status in operation["responses"] if status != "default"}


def test_every_documented_answer_was_seen(request, daemons):
    files = {item.path for item in request.session.items}
    everything = set(pathlib.Path(__file__).parent.glob("test_*.py"))
    if not everything <= files or request.config.option.keyword or request.config.option.markexpr:
        pytest.skip("only after all tests of this folder")
    missing = documented() - daemons.seen()
    assert not missing, f"never seen: {sorted(missing)}"
