# SPDX-License-Identifier: EUPL-1.2
# `make install` and `make deb`: what is installed is whole and sound, without an operator's files being touched.
import os
import re
import shutil
import subprocess

import pytest

import bare
from support import ROOT, eventually, free_port

EXPOSURE = 1.5  # of systemd-analyze security; 10 is a service without a sandbox
VERSION = re.search(r"^  version: (.*)", (ROOT / "openapi.yaml").read_text(), re.M)[1]


def make(*arguments):
    return bare.run("make", "-s", *arguments, cwd=ROOT)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """What make install puts below DESTDIR."""
    folder = tmp_path_factory.mktemp("installed")
    make("install", f"DESTDIR={folder}", "prefix=/usr")
    return folder


@pytest.fixture(scope="module")
def units(tree):
    return tree / "usr/lib/systemd/system"


def services(units):
    return sorted(file.name for file in units.glob("*.service"))


def test_everything_is_installed_and_uninstalled(tree):
    assert bare.run(tree / "usr/bin/welcomed", "--version") == f"welcomed {VERSION}\n"
    for file in ("share/welcomed/roles.sql", "share/welcomed/content/SOURCES.md", "share/welcomed/content/licences/CC-BY-4.0.txt", "share/doc/welcomed/LICENSE",
                 "share/doc/welcomed/install.md", "share/man/man8/welcomed.8", "share/man/man5/welcomed.conf.5", "lib/sysusers.d/welcomed.conf",
                 *(f"share/doc/welcomed/{file.relative_to(ROOT / 'docs')}" for file in (ROOT / "docs").glob("*/*"))):
        assert (tree / "usr" / file).stat().st_size > 0, file
    assert (tree / "etc/welcomed/welcomed.conf").stat().st_mode & 0o777 == 0o640
    placed = [file for file in tree.rglob("*") if file.is_file() and re.search(rb"@(bin|data|doc)dir@", file.read_bytes())]
    assert not placed

    other = tree.parent / "other"
    make("install", f"DESTDIR={other}")
    own = other / "etc/welcomed/welcomed.conf"
    own.write_text("WELCOME_PORT=8081\n")
    make("install", f"DESTDIR={other}")
    assert own.read_text() == "WELCOME_PORT=8081\n"
    assert "/usr/local/bin/welcomed serve" in (other / "usr/local/lib/systemd/system/welcomed.service").read_text()
    make("uninstall", f"DESTDIR={other}")
    assert [file for file in other.rglob("*") if not file.is_dir()] == [own]


def test_the_example_configuration_is_one(tree, tmp_path):
    text = (tree / "etc/welcomed/welcomed.conf").read_text()
    file = tmp_path / "example.conf"
    file.write_text(re.sub(r"^#(WELCOME_\w+=.+)$", r"\1", text, flags=re.M))  # what is commented out is right, too
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WELCOME_")} | {"WELCOME_CONFIG": str(file)}
    run = subprocess.run([tree / "usr/bin/welcomed", "health"], env=environment, capture_output=True, text=True)
    assert run.returncode == 1, run.stderr  # understood; nobody answers
    assert "/usr/share/welcomed/content" in text


def test_manual_pages_are_sound_and_know_every_command(tree):
    pages = [tree / "usr/share/man/man8/welcomed.8", tree / "usr/share/man/man5/welcomed.conf.5"]
    assert bare.run("mandoc", "-Tlint", "-Wwarning", *pages) == ""
    for page in pages:
        said = subprocess.run(["man", "--warnings", "-l", "-Tutf8", page], env=os.environ | {"MANROFFSEQ": ""}, capture_output=True, text=True)
        assert (said.returncode, said.stderr) == (0, "")
    help_text = bare.run(tree / "usr/bin/welcomed", "--help")
    commands = re.findall(r"^  (\w+)  ", help_text, re.M)
    assert len(commands) > 10
    missing = [command for command in commands if not re.search(rf"^\.It Cm {command}\b", pages[0].read_text(), re.M)]
    assert not missing, f"packaging/welcomed.8 does not tell of {missing}"
    keys = re.findall(r"^\| `(WELCOME_\w+)`", (ROOT / "docs/configuration.md").read_text(), re.M)
    assert re.findall(r"^\.It Ev (WELCOME_\w+)", pages[1].read_text(), re.M) == keys


def test_units_are_valid(tree, units, tmp_path):
    for unit in units.iterdir():  # with programs that are there
        (tmp_path / unit.name).write_text(unit.read_text().replace("/usr/bin/welcomed", str(tree / "usr/bin/welcomed"))
                                          .replace("/usr/share/welcomed/backup.sh", str(tree / "usr/share/welcomed/backup.sh")))
    said = bare.run("systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir()), env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"})
    assert not [line for line in said.splitlines() if "welcomed" in line], said


def test_services_are_shut_in(tree, units):
    assert services(units) == ["welcomed-audit.service", "welcomed-backup.service", "welcomed-migrate.service", "welcomed.service"]
    for service in services(units):
        said = bare.run("systemd-analyze", "security", "--offline=true", f"--root={tree}", f"--threshold={int(EXPOSURE * 10)}", service)
        assert float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1]) <= EXPOSURE, service


@pytest.fixture(scope="module")
def package():
    return bare.program_package()


def test_the_package_is_what_the_distribution_wants(package):
    said = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", package], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout
    facts = bare.run("dpkg-deb", "--field", package, "Version", "Depends")
    assert f"Version: {VERSION}\n" in facts and "libmicrohttpd" in facts and "libsystemd0" in facts
    files = set(re.findall(r"\./usr/share/doc/welcomed/(\S+/\S+)$", bare.run("dpkg-deb", "--contents", package), re.M))
    assert files == {str(file.relative_to(ROOT / "docs")) for file in (ROOT / "docs").glob("*/*")}, "documents name these files as they are"
    changelog = (ROOT / "packaging/debian/changelog").read_text()
    assert changelog.startswith(f"welcomed ({VERSION}) "), "packaging/debian/changelog tells of another version than openapi.yaml"


def test_the_package_is_built_with_what_the_program_is_built_with():
    wanted = re.search(r'^build="(.*?)"', (ROOT / "src/operation/packages.sh").read_text(), re.M | re.S)[1].split()
    told = re.search(r"^Build-Depends: (.*?)\n\n", (ROOT / "packaging/debian/control").read_text(), re.M | re.S)[1]
    told = [name.strip().replace(" | ", "|") for name in told.split(",")]
    assert set(told) - {"debhelper-compat (= 13)"} == set(wanted) - {"libc6-dev", "make"}  # these every build has


@pytest.fixture(scope="module")
def system(package):
    """A bare system without systemd in which the package is installed."""
    if os.geteuid() != 0:
        pytest.skip("only root may install packages")
    system = bare.Bare("package")
    shutil.copy(package, system.folder / "root")
    with system.mounted():
        system.install(f"/root/{package.name}")
        yield system
    system.remove()


def test_the_package_makes_its_user_and_key_and_keeps_secrets_to_itself(system):
    assert system.run("stat -c '%U:%G %a' /etc/welcomed /etc/welcomed/welcomed.conf /etc/welcomed/secret.key /var/lib/welcomed").splitlines() == [
        "root:welcomed 750", "root:welcomed 640", "root:root 600", "welcomed:welcomed 750"]
    assert len(system.run("cat /etc/welcomed/secret.key").strip()) == 44
    assert system.run("dpkg --verify welcomed") == ""


def test_the_installed_program_serves(system, empty_database):
    (system.folder / "postgres").mkdir(exist_ok=True)
    bare.run("mount", "--bind", os.environ["PGHOST"], system.folder / "postgres")
    port, admin = free_port(), free_port()
    environment = {"WELCOME_DATABASE_URL": f"host=/postgres dbname={empty_database} user=welcome", "WELCOME_PORT": str(port), "WELCOME_ADMIN_PORT": str(admin),
                   "WELCOME_CONTENT_DIRECTORY": "/usr/share/welcomed/content"}
    daemon = None
    try:
        assert system.run("welcomed --version") == f"welcomed {VERSION}\n"
        system.run("welcomed migrate && welcomed import && welcomed check", env=environment)
        daemon = subprocess.Popen(["chroot", system.folder, "welcomed", "serve"], env=bare.QUIET | environment, stderr=subprocess.DEVNULL)

        def serves():
            """the installed daemon is ready"""
            assert daemon.poll() is None
            return subprocess.run(["chroot", system.folder, "welcomed", "health"], env=bare.QUIET | environment, capture_output=True).returncode == 0
        eventually(serves)
        assert '"slug":"essen"' in bare.run("curl", "-sS", "--fail", f"http://127.0.0.1:{port}/v1/cities/essen")
    finally:
        if daemon:
            daemon.terminate()
            daemon.wait(60)
        bare.run("umount", system.folder / "postgres")


def test_installing_again_keeps_the_configuration_and_purging_the_key(system, package):
    own = system.folder / "etc/welcomed/welcomed.conf"
    own.write_text(own.read_text() + "WELCOME_LOG_LEVEL=warning\n")
    own.chmod(0o600)
    system.run(f"apt-get -qq install --reinstall /root/{package.name}")
    assert own.read_text().endswith("WELCOME_LOG_LEVEL=warning\n") and own.stat().st_mode & 0o777 == 0o600
    said = system.run("apt-get -qq purge -y welcomed")
    assert "secret.key is kept" in said
    assert system.run("find /etc/welcomed /usr/share/welcomed /usr/bin/welcomed /usr/share/man/man8/welcomed.8.gz 2> /dev/null || true").split() == [
        "/etc/welcomed", "/etc/welcomed/secret.key"]
