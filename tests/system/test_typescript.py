# SPDX-License-Identifier: EUPL-1.2
# Types made from the contract hold a client to it, and the client of examples/typescript works.
import json
import shutil
import subprocess

import pytest

from support import ROOT

SAMPLE = ROOT / "examples/typescript"


def npm(folder, *arguments):
    return subprocess.run(["npm", "--loglevel=error", *arguments], cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The folder with the contract where the sample expects it, its tools as locked, and the types made."""
    if not shutil.which("npm"):
        pytest.skip("npm is not here")
    root = tmp_path_factory.mktemp("typescript")
    folder = root / "examples/typescript"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("node_modules", "built", "api.d.ts"))
    shutil.copy(ROOT / "openapi.yaml", root)
    installed = npm(folder, "ci")
    if installed.returncode and any(word in installed.stderr for word in ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "ERR_SOCKET_TIMEOUT", "EAI_AGAIN", "E404")):
        pytest.skip("npm cannot bring the compiler here")
    assert installed.returncode == 0, installed.stderr
    made = npm(folder, "run", "types")
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


def test_the_tools_are_locked_by_hash_and_not_by_host():
    packages = json.loads((SAMPLE / "package-lock.json").read_text())["packages"]
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for name, one in packages.items() if name)


def test_a_client_compiles_against_the_types_and_works(sample, start_daemon):
    compiled = npm(sample, "run", "check")  # lines of its function mistakes() that were none would fail here
    assert compiled.returncode == 0, compiled.stdout
    daemon = start_daemon()
    run = subprocess.run(["node", "built/sample.js", daemon.url, "amara@newcomer.example.org"], cwd=sample, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].split(" articles for students")[0].isdigit() and lines[1].startswith("Registering your address (en)")
    assert lines[2].startswith("asked: ") and lines[2].endswith(", unverified")
    assert daemon.mails.next("amara@newcomer.example.org", "confirm_guide_request")
    refused = subprocess.run(["node", "built/sample.js", daemon.url, "nobody"], cwd=sample, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1 and "/email: format" in refused.stdout
