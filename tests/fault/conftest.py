# SPDX-License-Identifier: EUPL-1.2
# A PostgreSQL that a test may kill and freeze, with daemons on it.
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

from support import PATIENCE, ROOT, Daemons, eventually


class Cluster:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="welcomed-fault.")
        os.chmod(self.folder, 0o711)  # the server's user passes through
        self.start()
        self.host = self.manage("where")

    def manage(self, command):
        environment = os.environ | {"LOCAL": self.folder}
        return subprocess.run([ROOT / "src/operation/cluster.sh", command], env=environment, check=True, text=True,
                              stdout=subprocess.PIPE, timeout=4 * PATIENCE).stdout.strip()

    def start(self):
        self.manage("start")

    def remove(self):
        self.signal(signal.SIGCONT)
        self.manage("remove")
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self):
        data = str(pathlib.Path(self.host).parent / "data")
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(folder / "cwd") == data:
                    found.append(int(folder.name))
            except OSError:
                pass  # gone, or not ours
        return found

    def signal(self, number):
        for process in self.processes():
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """As if its machine had lost power."""
        self.signal(signal.SIGKILL)

        def gone():
            """no process of the server is left"""
            return not self.processes()
        eventually(gone)


@pytest.fixture(scope="module")
def own_cluster():
    """Stands in for the cluster of the test run while the tests of one file run."""
    before = {name: os.environ.get(name) for name in ("PGHOST", "PGUSER")}
    cluster = Cluster()
    os.environ |= {"PGHOST": cluster.host, "PGUSER": "postgres"}
    yield cluster
    cluster.remove()
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="module")
def own_daemons(own_cluster, tmp_path_factory):
    return Daemons(os.environ["WELCOMED"], tmp_path_factory.mktemp("daemons"))


@pytest.fixture
def fragile(own_daemons):
    """A daemon on that cluster."""
    with own_daemons.running() as daemon:
        yield daemon
