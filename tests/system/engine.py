# SPDX-License-Identifier: EUPL-1.2
# Containers without a daemon of an engine: podman with a store of its own, in a mount namespace of its own in which control groups are what it
# expects. Where containers cannot be run, buildah builds and runs by chroot.
import contextlib
import json
import os
import subprocess

import bare
from support import ROOT

STORE = bare.CACHE / "containers"
# The rights to limit processes may be missing, and so may systemd, which would run health checks.
SETTINGS = """[containers]
cgroups = "disabled"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
# What the names of services mean stands below /run/containers, for all stores of a machine: what another left there would be believed.
PLACE = """mount --make-rprivate /
mkdir -p /run/containers
mount -t tmpfs none /run/containers
umount -R /sys/fs/cgroup 2> /dev/null || true
mount -t cgroup2 none /sys/fs/cgroup || true
echo ready
exec sleep infinity"""


class Engine:
    def __init__(self):
        STORE.mkdir(parents=True, exist_ok=True)
        (STORE / "containers.conf").write_text(SETTINGS)
        wrapper = STORE / "podman"  # for podman-compose
        wrapper.write_text(f"#!/bin/sh\nexec podman --root {STORE}/store --runroot {STORE}/run --network-config-dir {STORE}/networks \"$@\"\n")
        wrapper.chmod(0o755)
        self.environment = os.environ | {"CONTAINERS_CONF": str(STORE / "containers.conf")}
        self.place = subprocess.Popen(["unshare", "--mount", "sh", "-c", PLACE], stdout=subprocess.PIPE, text=True)
        assert self.place.stdout.readline() == "ready\n"
        self.clear()

    def enter(self, *command, **options):
        options["env"] = self.environment | options.pop("env", {})
        return bare.run("nsenter", "--target", self.place.pid, "--mount", *command, **options)

    def podman(self, *arguments, **options):
        return self.enter(STORE / "podman", *arguments, **options)

    def compose(self, folder, *arguments, **options):
        return self.enter("podman-compose", "--podman-path", STORE / "podman", "-p", "welcomed", "-f", folder / "compose.yaml", *arguments, cwd=folder,
                          **options)

    def inspect(self, name):
        return json.loads(self.podman("inspect", name, stderr=subprocess.DEVNULL))[0]

    def build(self, name, file, context, base="localhost/base"):
        """Builds by chroot, which takes fewer rights than containers do."""
        self.podman("build", "--isolation", "chroot", "--format", "docker", "--build-arg", f"BASE={base}", "-f", file, "-t", f"localhost/{name}", context)

    def base(self):
        """The bare system of this distribution as an image."""
        with contextlib.suppress(AssertionError):
            self.podman("image", "exists", "localhost/base")
            return
        archive = STORE / "base.tar"
        bare.run("tar", "--create", "--file", archive, "--directory", bare.base(), ".")
        self.podman("import", archive, "localhost/base")
        archive.unlink()

    def runs(self):
        """Why containers cannot be run here; None when they can."""
        try:
            self.podman("run", "--rm", "--read-only", "--cap-drop=all", "localhost/base", "true")
        except AssertionError as fault:
            return str(fault).strip().splitlines()[-1]
        return None

    def clear(self):
        """Nothing of an earlier run but its images: a database kept would have that run's passwords."""
        for leftovers in (("rm", "--all", "--force", "--time", "0"), ("volume", "rm", "--all", "--force"), ("network", "prune", "--force")):
            with contextlib.suppress(AssertionError):
                self.podman(*leftovers)

    def close(self):
        self.clear()
        self.place.kill()
        self.place.wait()


def documented(folder):
    """A copy of docker/ and what its compose file reads beside it, with nothing of the checkout's docker/local."""
    bare.run("cp", "-r", "--parents", "docker", "migrations/roles.sql", folder, cwd=ROOT)
    bare.run("rm", "-rf", folder / "docker/local")
    return folder / "docker"
