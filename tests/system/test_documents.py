# SPDX-License-Identifier: EUPL-1.2
# What the documents tell people to type works, as it stands, beside `make run`.
import os
import pathlib
import re
import signal
import subprocess

import pytest

from support import CONTRACT, ROOT, eventually, free_port


def block(document, mark):
    """The commands below this mark."""
    return re.search(rf"<!-- {mark} -->\n```sh\n(.*?)```", (ROOT / document).read_text(), re.DOTALL).group(1)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """`make run` in a folder of its own: (its port, its environment)."""
    local = tmp_path_factory.mktemp("local")
    port, log = free_port(), local / "log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WELCOME_", "PG"))}
    environment |= {"LOCAL": str(local), "PORT": str(port), "ADMIN_PORT": str(free_port())}
    with open(log, "wb") as out:
        run = subprocess.Popen(["src/operation/run.sh"], cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True)

    def serving():
        assert run.poll() is None, log.read_text()[-2000:]
        return "Serving http" in log.read_text()
    try:
        eventually(serving, 120)
        yield port, environment
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(60)
        subprocess.run(["src/operation/cluster.sh", "remove"], cwd=ROOT, env=environment, check=False)


def typed(running, text):
    """What the commands print; none of them fails or is answered by a problem."""
    port, environment = running
    assert "http://127.0.0.1:8080" in text
    for mail in pathlib.Path(environment["LOCAL"], "mail/new").glob("*"):
        mail.unlink()  # of what was typed before: `mail last` gives what is there already
    run = subprocess.run(["sh", "-eu", "-c", text.replace("127.0.0.1:8080", f"127.0.0.1:{port}")], cwd=ROOT, env=environment, capture_output=True,
                         text=True, timeout=180)
    assert run.returncode == 0 and "/problems/" not in run.stdout, run.stdout + run.stderr
    return run.stdout


def test_the_first_journey_of_the_readme(running):
    told = typed(running, block("README.md", "journey"))
    assert '"email":"linh@guide.example.org"' in told and "DTSTART" in told


def test_the_editors_session(running):
    told = typed(running, block("docs/editors.md", "session"))
    assert [line for line in told.splitlines() if line in ("draft", "in_review", "published")] == \
        ["in_review", "draft", "draft", "in_review", "published"]
    assert '"title":"By bicycle"' in told.splitlines()[-1]


def test_the_coordinators_session(running):
    told = typed(running, block("docs/coordinators.md", "session"))
    assert '"state":"active"' in told and '"kind":"forbid"' in told
    assert '"closed_as":"no_guide"' in told.splitlines()[-1]


def test_documents_lead_nowhere_that_is_not_there():
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text()):
            if not target.startswith(("place:", "contact:", "article:", "media:")) and "<" not in target:
                assert (document.parent / target).exists(), (document.name, target)


def test_operations_that_documents_name_are_there():
    known = {operation["operationId"] for path in CONTRACT["paths"].values() for operation in path.values()}
    verbs = "list|get|create|update|delete|confirm|publish|submit|return|discard|retract|archive|restore|resolve|screen|approve|reject|suspend|reinstate|" \
        "acknowledge|assign|claim|wait|forward|add|close|upload|verify"
    for name in ("frontend", "editors", "coordinators"):
        named = set(re.findall(rf"`((?:{verbs})_[a-z_]+)`", (ROOT / f"docs/{name}.md").read_text()))
        assert named and named <= known, (name, named - known)
