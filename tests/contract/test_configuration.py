# SPDX-License-Identifier: EUPL-1.2
# The configuration table: documented word for word, and strict about what it is given.
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WELCOMED = os.environ.get("WELCOMED", ROOT / "build" / "release" / "welcomed")


def welcomed(tmp_path, *arguments, **environment):
    """Runs the program in an empty folder with nothing but the given environment."""
    return subprocess.run([WELCOMED, *arguments], cwd=tmp_path, env={"LANG": "C.UTF-8", **environment},
                          capture_output=True, text=True, timeout=60)


def complaints(tmp_path, **environment):
    run = welcomed(tmp_path, "migrate", **environment)
    assert run.returncode == 2
    return run.stderr.splitlines()


def test_every_key_is_documented(tmp_path):
    run = welcomed(tmp_path, "config")
    assert run.returncode == 0
    assert run.stdout == (ROOT / "docs" / "configuration.md").read_text(), "call make docs"


def test_the_table_is_printed_even_when_the_configuration_is_faulty(tmp_path):
    assert welcomed(tmp_path, "config", WELCOME_PORT="x").returncode == 0


def test_all_faults_are_told_at_once(tmp_path):
    (tmp_path / "own.conf").write_text("# comment\nWELCOME_LOOPS=5\n  nonsense\nWELCOME_MATCHING = often\n")
    assert complaints(tmp_path, WELCOME_CONFIG="own.conf", WELCOME_PROT="1", WELCOME_PORT="80x") == [
        "own.conf:3: a line is KEY=value or a comment behind #",
        "WELCOME_PROT in the environment is no key and is passed over; the nearest is WELCOME_PORT",
        "WELCOME_PORT in the environment is 80x; it must be a whole number from 0 to 65535",
        "WELCOME_LOOPS in own.conf:2 is 5; it must be a whole number from 0 to 4",
        "WELCOME_MATCHING in own.conf:4 is often; it must be one of auto|manual",
    ]


def test_the_environment_wins_over_the_file_of_local(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "welcomed.conf").write_text("WELCOME_PORT=abc\nWELCOME_LOOPS=abc\n")
    assert complaints(tmp_path, LOCAL="here", WELCOME_PORT="8081") == [
        "WELCOME_LOOPS in here/welcomed.conf:2 is abc; it must be a whole number from 0 to 4"]


def test_a_named_file_must_be_there(tmp_path):
    assert complaints(tmp_path, WELCOME_CONFIG="nowhere.conf") == ["nowhere.conf: No such file or directory"]


@pytest.mark.parametrize("proxies", ["10.0.0.0/33", "proxy.example.org", "10.0.0.1;10.0.0.2"])
def test_proxies_are_networks(tmp_path, proxies):
    assert complaints(tmp_path, WELCOME_TRUSTED_PROXIES=proxies) == [
        f"WELCOME_TRUSTED_PROXIES is {proxies}; it must be addresses and networks like 10.0.0.0/8, separated by commas"]


@pytest.mark.parametrize("content", [b"WELCOME_PORT=1\0", b"#" * 70000])
def test_a_file_that_is_no_text_is_refused(tmp_path, content):
    (tmp_path / "own.conf").write_bytes(content)
    assert complaints(tmp_path, WELCOME_CONFIG="own.conf") == ["own.conf: is no text of less than 64 KiB"]


def test_an_unknown_command_shows_the_usage(tmp_path):
    run = welcomed(tmp_path, "sevre")
    assert run.returncode == 2
    assert "there is no command sevre" in run.stderr and "  serve " in run.stderr


def test_help_and_version(tmp_path):
    assert "usage: welcomed COMMAND" in welcomed(tmp_path, "--help").stdout
    assert welcomed(tmp_path, "--version").stdout.startswith("welcomed ")
