# SPDX-License-Identifier: EUPL-1.2
# SECURITY.md claims nothing that no test proves: each test it names exists, and each attacker is answered by tests or a stated limit.
import re

import pytest

from support import ROOT

TEXT = (ROOT / "SECURITY.md").read_text()
NAMED = re.findall(r"`([a-z]+/test_\w+\.py)::(\w+)`", TEXT)
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S))


def test_many_tests_are_named():
    assert len(set(NAMED)) > 80
    assert TEXT.count("::") == len(NAMED), "each in the form `folder/test_file.py::test_name`"


@pytest.mark.parametrize("file, test", sorted(set(NAMED)))
def test_every_test_that_is_named_exists(file, test):
    path = ROOT / "tests" / file
    assert path.exists() and re.search(rf"^def {test}\(", path.read_text(), re.M)


@pytest.mark.parametrize("who", ["A stranger with the API", "Mail scanners, and whoever sees addresses", "Newcomers, companies, guides",
                                 "Staff: coordinators, advisors, editors, admins", "A curious reader with the daemon's database role", "A stolen backup",
                                 "The reverse proxy before us", "An operator"])
def test_every_attacker_is_answered(who):
    """By tests, and by saying what is not so."""
    assert "::" in SECTIONS[who] and "tated limit" in SECTIONS[who]


def test_every_claim_of_a_table_is_proved():
    for section in SECTIONS.values():
        for table in re.findall(r"\| claim \| proved by \|\n\| --- \| --- \|\n((?:\|.*\n)+)", section):
            unproved = [row for row in table.splitlines() if "::" not in row]
            assert not unproved, unproved
