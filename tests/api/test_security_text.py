# SPDX-License-Identifier: EUPL-1.2
# Whom to tell of a vulnerability (RFC 9116): said as configured, never stale, and nothing where nobody is named.
import datetime

import pytest

from support import problem


def test_the_contact_and_policy_are_those_of_the_operator(start_daemon):
    daemon = start_daemon(WELCOME_SECURITY_CONTACT="mailto:security@example.org, https://example.org/report",
                          WELCOME_SECURITY_POLICY="https://example.org/security")
    answer = daemon.http.get("/.well-known/security.txt")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.endswith("\r\n")
    lines = [tuple(line.split(": ", 1)) for line in answer.text.splitlines()]
    assert lines[:-1] == [("Contact", "mailto:security@example.org"), ("Contact", "https://example.org/report"),
                          ("Policy", "https://example.org/security"), ("Preferred-Languages", "de, en")]
    field, value = lines[-1]
    left = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
    assert field == "Expires" and datetime.timedelta(days=170) < left < datetime.timedelta(days=365)
    assert daemon.http.get("/.well-known/security.txt", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_without_a_contact_there_is_no_such_file(http):
    problem(http.get("/.well-known/security.txt"), 404, "not_found")


@pytest.mark.parametrize("setting, value", [("CONTACT", "security@example.org"), ("CONTACT", "mailto:a@example.org,http://example.org"),
                                            ("CONTACT", "mailto:"), ("POLICY", "example.org/security"), ("POLICY", "https://example.org/a b")])
def test_what_is_no_address_stops_the_daemon_and_is_named(start_daemon, setting, value):
    daemon = start_daemon(start=False, **{"WELCOME_SECURITY_CONTACT": "mailto:a@example.org"} | {f"WELCOME_SECURITY_{setting}": value})
    daemon.log.touch()  # it never begins one
    status, _, errors = daemon.command("serve")
    assert status == 1 and f"WELCOME_SECURITY_{setting} must be" in errors
