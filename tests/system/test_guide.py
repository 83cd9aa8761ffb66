# SPDX-License-Identifier: EUPL-1.2
# docs/install.md and docs/backup.md, word for word, on a system fresh out of the installer that boots under systemd.
import json
import re
import subprocess

import pytest

import bare
from support import ROOT, eventually

GUIDE = (ROOT / "docs" / "install.md").read_text()
BACKUP = (ROOT / "docs" / "backup.md").read_text()


def blocks():
    """[(part, commands)] of the parts of the guide that have numbers."""
    parts = re.findall(r"^## (\d)\.(.*?)(?=^## |\Z)", GUIDE, re.M | re.S)
    return [(number, block) for number, text in parts for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)]


def sections(document):
    """{heading: commands} of a document's parts that have commands."""
    parts = re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", document, re.M | re.S)
    return {heading: "".join(found) for heading, text in parts if (found := re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))}


@pytest.fixture(scope="module")
def machine():
    reason = bare.bootable()
    if reason:
        pytest.skip(f"no system can boot here: {reason}")
    system = bare.Bare("guide")
    package = bare.program_package()
    (system.folder / "root" / package.name).write_bytes(package.read_bytes())
    system.install("systemd-sysv", "dbus")
    system.download(f"/root/{package.name}", "postgresql", "nginx", "curl", "openssl")
    with system.booted():
        yield system
    system.remove()


@pytest.fixture(scope="module")
def installed(machine):
    """The system after the guide; {part: [output of its blocks]}."""
    told = {}
    for number, block in blocks():
        told.setdefault(number, []).append(machine.run(f"cd /root\n{block}"))
    machine.told = told
    return machine


def ask_meanwhile(machine, seconds, script):
    """What eight clients got while a script ran."""
    clients = subprocess.Popen(["nsenter", "--target", str(machine.leader), "--net", "/usr/bin/python3", ROOT / "tests/system/ask.py",
                                str(seconds), "8080"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        machine.run("sleep 1\n" + script)
        out, errors = clients.communicate(timeout=120)
    finally:
        clients.kill()
    return json.loads(out), errors


def test_every_command_of_the_guide_does_what_it_says(installed):
    assert list(installed.told) == ["1", "2", "3", "4", "5", "7", "8", "9"]
    assert "ready\n" in installed.told["4"][0] and '"slug":"essen"' in installed.told["4"][0]
    assert '"slug":"essen"' in installed.told["5"][0]
    assert re.search(r"https://portal\.example\.org/\S+#token=", installed.told["7"][1])
    assert re.search(r"welcome-\d{8}T\d{6}Z\.dump", installed.told["8"][0])
    assert "ready\n" in installed.told["9"][0]


def test_the_system_finds_no_fault_with_its_units(installed):
    failed = installed.run("systemctl list-units --failed --plain --no-legend 'welcomed*' postgresql* nginx*; systemctl is-enabled welcomed welcomed.socket")
    assert failed.split() == ["enabled", "enabled"]
    assert not [line for line in installed.run("journalctl -u 'welcomed*' -o cat").splitlines() if '"level":"error"' in line]


def test_the_daemon_runs_as_nobody_who_can_do_nothing(installed):
    status = installed.run("cat /proc/$(systemctl show -P MainPID welcomed)/status")
    found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(found["CapEff"], 16) == int(found["CapBnd"], 16) == 0
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    assert found["Uid"].split()[0] != "0"
    root = installed.run("nsenter -t $(systemctl show -P MainPID welcomed) -m sh -c 'touch /etc/x /usr/x /var/x /root/x; true' 2>&1")
    assert root.count("Read-only file system") + root.count("Permission denied") == 4, root


def test_in_the_sandbox_processes_can_still_bound_themselves(installed):
    """The process that cleans documents does; a filter that refused it would let bombs go off."""
    unit = installed.run("cat /lib/systemd/system/welcomed.service")
    sandbox = unit[unit.index("User=welcomed"):unit.index("[Install]")]
    trial = f"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'ulimit -v 800000 && ulimit -t 20 && ulimit -f 100000 && readlink /proc/self/exe'\n{sandbox}"
    installed.run(f"cat > /run/systemd/system/welcomed-trial.service << 'END'\n{trial}\nEND\nsystemctl daemon-reload; systemctl start welcomed-trial")


def test_nobody_is_refused_while_the_package_is_upgraded_and_the_daemon_restarted(installed):
    installed.run("printf 'WELCOME_RATE_READ=0\\nWELCOME_RATE_FORM=0\\nWELCOME_CHALLENGE_EFFORT=0\\n' >> /etc/welcomed/welcomed.conf")
    installed.run("systemctl restart welcomed")
    for script in ("systemctl restart welcomed; sleep 1; systemctl restart welcomed", "cd /root; apt-get install -y --reinstall ./welcomed_*.deb",
                   "systemctl reload welcomed", "systemctl kill -s KILL welcomed"):
        found, errors = ask_meanwhile(installed, 8, script)
        lost = found["statuses"].pop("0", 0)
        assert set(found["statuses"]) == {"200", "202"}, (script, found, errors)
        assert lost == 0 or "KILL" in script and lost <= 8, (script, found, errors)


def test_with_a_faulty_configuration_the_daemon_is_not_started_again_and_again(installed):
    """The unit alone, since what is to run before it would fail as well."""
    unit = installed.run("cat /lib/systemd/system/welcomed.service")
    alone = re.sub("^Sockets=.*", "Environment=WELCOME_PORT=x", unit[unit.index("[Service]"):unit.index("[Install]")], flags=re.M)
    installed.run(f"cat > /run/systemd/system/welcomed-faulty.service << 'END'\n{alone}\nEND\nsystemctl daemon-reload; systemctl start welcomed-faulty || true")
    found = installed.run("sleep 7; systemctl show -p ActiveState,ExecMainStatus,NRestarts welcomed-faulty; rm /run/systemd/system/welcomed-faulty.service;"
                          "systemctl reset-failed welcomed-faulty; systemctl daemon-reload")  # RestartSec=5
    assert set(found.split()) == {"ActiveState=failed", "ExecMainStatus=2", "NRestarts=0"}


def test_a_start_while_the_database_is_away_waits_and_is_tried_anew_for_who_asks(installed):
    installed.run("printf 'WELCOME_START_SECONDS=3\\n' >> /etc/welcomed/welcomed.conf; systemctl stop welcomed postgresql@*")
    client = subprocess.Popen(["nsenter", "--target", str(installed.leader), "--net", "curl", "-sS", "--fail", "--max-time", "120",
                               "http://127.0.0.1:8080/v1/cities/essen"], stdout=subprocess.PIPE)
    installed.run("for second in $(seq 60); do [ $(journalctl -u welcomed-migrate -o cat | grep -c 'welcomed migrate: connection to server') -ge 3 ] && exit;"
                  " sleep 1; done; exit 1")  # so often it has given up
    installed.run("systemctl start postgresql; sed -i '/^WELCOME_START_SECONDS/d' /etc/welcomed/welcomed.conf")
    assert b'"slug":"essen"' in client.communicate(timeout=120)[0]
    # It answers a moment before systemd knows.
    eventually(lambda: installed.run("systemctl is-active welcomed welcomed.socket || true").split() == ["active", "active"])


def report(machine, text):
    """Somebody writes something that a restore may bring back."""
    machine.run("curl -sS --fail -o /dev/null http://127.0.0.1:8080/v1/feedback -H 'Content-Type: application/json'"
                f" -d '{{\"kind\": \"praise\", \"text\": \"{text}\"}}'")


def reports(machine):
    found = machine.run("cd /tmp; runuser -u postgres -- psql -Atc \"SELECT text FROM welcome.feedback WHERE text LIKE 'restore:%' ORDER BY text\" welcome")
    return [line.removeprefix("restore:") for line in found.splitlines()]


def test_a_dump_and_a_moment_are_restored_as_the_document_says(installed):
    backup = sections(BACKUP)
    report(installed, "restore:1 before the dump")
    installed.run("systemctl start welcomed-backup")
    report(installed, "restore:2 after the dump")
    installed.run(backup["Restoring a dump"])
    assert reports(installed) == ["1 before the dump"]

    installed.run(backup["Every minute instead of every night"])
    report(installed, "restore:3 before the moment")
    moment = installed.run("sleep 1; date --iso-8601=ns; sleep 1").strip().replace(",", ".")
    report(installed, "restore:4 after the moment")
    script, replaced = re.subn(r"^until=.*", f"until='{moment}'", backup["Going back to a moment"], flags=re.M)
    assert replaced == 1
    installed.run(script)
    assert reports(installed) == ["1 before the dump", "3 before the moment"]
    report(installed, "restore:5 life goes on")
    assert len(reports(installed)) == 3


def test_the_proxy_is_believed_and_limits_what_it_should(installed):
    curl = "curl -sS --cacert /etc/ssl/certs/api.example.org.pem --resolve api.example.org:443:127.0.0.1"
    answer = installed.run(f"{curl} -i --http2 https://api.example.org/v1/cities/essen -H 'X-Forwarded-For: 203.0.113.9'")
    assert answer.startswith("HTTP/2 200") and "x-request-id" in answer
    assert " 301 " in installed.run("curl -sSi http://127.0.0.1/v1/cities -H 'Host: api.example.org'").splitlines()[0]
    large = installed.run(f"head -c 17000000 /dev/zero | {curl} -o /dev/null -w '%{{http_code}}' https://api.example.org/v1/feedback --data-binary @-"
                          " -H 'Content-Type: application/json'")
    assert large == "413"


def test_removing_the_package_ends_the_daemon_and_leaves_what_is_the_operators(installed):
    installed.run("apt-get -qq remove -y welcomed")
    assert installed.run("systemctl is-active welcomed welcomed.socket || true").split() == ["inactive", "inactive"]
    installed.run("apt-get -qq purge -y welcomed")
    left = installed.run("ls /etc/welcomed; ls -d /var/lib/welcomed /var/backups/welcomed; command -v welcomed || true; id -u welcomed")
    assert left.split()[:3] == ["secret.key", "/var/backups/welcomed", "/var/lib/welcomed"]
