# SPDX-License-Identifier: EUPL-1.2
# Bare systems: what the distribution's installer leaves, in a folder under build/, to install into, and where the machine allows it to boot.
# SUITE=trixie tries another release of the same distribution than the machine's: its package is built in it first.
import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess

from support import ROOT, eventually

SUITE = os.environ.get("SUITE")
CACHE = ROOT / "build" / (f"bare-{SUITE}" if SUITE else "bare")
TIMEOUT = 540
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "dumb"}


def run(*command, **options):
    """Runs a command to its end; its output comes with the failure."""
    options = {"timeout": TIMEOUT, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL} | options
    done = subprocess.run([str(word) for word in command], **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))[:300]}: exit status {done.returncode}\n{(done.stdout or '')[-4000:]}"
    return done.stdout


def distribution():
    """(codename, mirror, components) of bare systems: those of this machine, whose packages the program was built with, but for SUITE."""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)', pathlib.Path("/etc/os-release").read_text(), re.M))
    codename = release["VERSION_CODENAME"]

    def sources():
        targets = run("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI) $(COMPONENT)", "Created-By: Packages", stderr=subprocess.DEVNULL)
        return [line.split() for line in targets.splitlines() if line.startswith(codename + " ")]
    if not sources():  # the lists of packages have not been fetched yet
        run("apt-get", "-qq", "update")
    found = sources()
    assert found, f"apt knows no source of {codename}"
    return SUITE or codename, found[0][1], "main,universe" if release["ID"] == "ubuntu" else "main"


def base():
    """The folder of a bare system of the same distribution; made once."""
    codename, mirror, components = distribution()
    folder = CACHE / codename
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        new = CACHE / f"{codename}.new"
        shutil.rmtree(new, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--components={components}", codename, new, mirror)
        settings = run("apt-config", "dump", "Acquire").splitlines()  # the way to the mirror is this machine's
        kept = [line for line in settings if re.match(r"Acquire::(https?::Proxy|Check-|Retries)", line)]
        (new / "etc/apt/apt.conf.d/90way").write_text("\n".join(kept) + "\n")
        (new / "etc/dpkg/dpkg.cfg.d/fast").write_text("force-unsafe-io\n")
        (new / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")  # until it boots, nothing is started
        (new / "usr/sbin/policy-rc.d").chmod(0o755)
        new.rename(folder)
    return folder


def packages():
    """What apt has downloaded for bare systems, for the next."""
    folder = CACHE / "archives"
    (folder / "partial").mkdir(parents=True, exist_ok=True)
    return folder


class Bare:
    """A copy of the base. install() and run() act on it from outside, booted() brings it to life."""

    def __init__(self, name):
        self.folder = CACHE / name
        self.leader = None
        remove(self.folder)
        run("cp", "-a", base(), self.folder)
        for package in packages().glob("*.deb"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy2(package, self.folder / "var/cache/apt/archives")

    def run(self, script, **options):
        """Runs a script of the shell in it: booted as a process of its own, else by chroot."""
        enter = ["nsenter", "--target", str(self.leader), "--mount", "--uts", "--ipc", "--net", "--pid"] if self.leader else ["chroot", self.folder]
        return run(*enter, "bash", "-euo", "pipefail", "-c", script, env=QUIET | options.pop("env", {}), **options)

    def download(self, *names):
        """Makes apt have these packages and what they need, so that installing them takes no network."""
        self.run(f"apt-get -qq update && apt-get -qq install --download-only {' '.join(names)}")
        self.keep()

    def keep(self):
        """Leaves to the next what apt has downloaded."""
        for package in (self.folder / "var/cache/apt/archives").glob("*.deb"):
            if not (packages() / package.name).exists():
                shutil.copy2(package, packages())

    def install(self, *names):
        self.download(*names)
        self.run(f"apt-get -qq install --no-install-recommends {' '.join(names)}")

    @contextlib.contextmanager
    def mounted(self):
        """With /proc and /dev, as chroot alone does not give them."""
        places = [("proc", "/proc"), ("/dev", "/dev")]
        try:
            run("mount", "-t", "proc", "proc", self.folder / "proc")
            run("mount", "--bind", "/dev", self.folder / "dev")
            yield self
        finally:
            for _, place in places:
                subprocess.run(["umount", "-l", str(self.folder) + place], capture_output=True)

    @contextlib.contextmanager
    def booted(self):
        """With systemd as its first process, in a network of its own that nobody else is in."""
        (self.folder / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        console = open(CACHE / f"{self.folder.name}.console", "wb")
        nspawn = subprocess.Popen(["systemd-nspawn", "--quiet", f"--directory={self.folder}", f"--machine={self.folder.name}", "--register=no",
                                   "--keep-unit", "--private-network", "--boot", "--console=read-only"],
                                  stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)

        def up():
            """the system is up"""
            assert nspawn.poll() is None, (CACHE / f"{self.folder.name}.console").read_text(errors="replace")[-2000:]
            children = pathlib.Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children").read_text().split()
            if not children:
                return False
            self.leader = int(children[0])
            state = subprocess.run(["nsenter", "--target", str(self.leader), "--mount", "--pid", "systemctl", "is-system-running"],
                                   capture_output=True, text=True)
            return state.stdout.strip() in ("running", "degraded")
        try:
            eventually(up, 90)
            yield self
        finally:
            if self.leader and nspawn.poll() is None:
                os.kill(self.leader, signal.SIGRTMIN + 4)  # systemd powers off
            try:
                nspawn.wait(60)
            except subprocess.TimeoutExpired:
                nspawn.kill()
                nspawn.wait()
            self.leader = None
            console.close()

    def remove(self):
        remove(self.folder)


def remove(folder):
    if folder.exists():
        mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
        assert not any(place.startswith(f"{folder}/") for place in mounts), f"something is still mounted below {folder}"
        shutil.rmtree(folder)


def bootable():
    """Why no system can boot here; None when one can."""
    if os.geteuid() != 0:
        return "only root may boot a system in a folder"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        return f"no namespaces: {tried.stderr.strip()}"
    own = next((line.split(":")[-1].strip("/") for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0:")), "")
    for root in (pathlib.Path("/sys/fs/cgroup/unified"), pathlib.Path("/sys/fs/cgroup")):
        if (root / "cgroup.procs").exists():
            trial = root / own / f"welcomed-{os.getpid()}"
            try:
                trial.mkdir()
                trial.rmdir()
                return None
            except OSError as fault:
                return f"no control groups: {fault}"
    return "no control groups"


@functools.cache
def program_package():
    """The Debian package of this checkout."""
    version = re.search(r"^  version: (.*)", (ROOT / "openapi.yaml").read_text(), re.M)[1]
    if SUITE:
        return built_there(version)
    run("make", "-s", "deb", cwd=ROOT)
    return next((ROOT / "build").glob(f"welcomed_{version}_*.deb"))


def built_there(version):
    """The package, built in a bare system of SUITE as the guide tells: a checkout, make, and what `make deb` installs by itself."""
    system = Bare("building")
    files = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    (system.folder / "root/welcomed").mkdir()
    run("cp", "--parents", "-t", system.folder / "root/welcomed", *(file for file in files if (ROOT / file).is_file()), cwd=ROOT)
    with system.mounted():
        system.install("make")
        system.run("make -C /root/welcomed -s deb")
    system.keep()
    package = next((system.folder / "root/welcomed/build").glob(f"welcomed_{version}_*.deb"))
    kept = shutil.copy2(package, CACHE)
    system.remove()
    return pathlib.Path(kept)
