# SPDX-License-Identifier: EUPL-1.2
# docker/Dockerfile is built, and docker/compose.yaml run: PostgreSQL, migration, the daemon as nobody who can write nowhere, and nginx with TLS.
import os
import pathlib
import re
import subprocess

import pytest
import yaml

import bare
from engine import Engine, documented
from support import ROOT, eventually, free_port

NAME = "api.example.org"


@pytest.fixture(scope="module")
def engine():
    if os.geteuid() != 0:
        pytest.skip("only root may build and run containers here")
    engine = Engine()
    engine.base()
    engine.build("welcomed", ROOT / "docker/Dockerfile", ROOT)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def containers(engine):
    reason = engine.runs()
    if reason:
        pytest.skip(f"containers cannot be run here: {reason}")
    return engine


def command(engine, script):
    """What a script in the image says."""
    return engine.podman("run", "--rm", "--read-only", "--cap-drop=all", "--network=none", "--no-healthcheck", "--entrypoint", "sh", "localhost/welcomed",
                         "-c", script)


def test_the_image_says_how_it_is_run(engine):
    image = engine.inspect("localhost/welcomed")
    settings = image["Config"]
    assert (settings["User"], settings["StopSignal"]) == ("65534:65534", "SIGTERM")
    assert (settings["Entrypoint"], settings["Cmd"]) == (["welcomed"], ["serve"])
    assert image["Healthcheck"]["Test"] == ["CMD", "welcomed", "health"]
    assert set(settings["ExposedPorts"]) == {"8080/tcp"}


def test_the_image_holds_no_secret_no_compiler_and_no_lists(containers):
    found = command(containers, "ls -d /etc/welcomed /source /image /var/lib/apt/lists/*Packages* /usr/bin/gcc* /usr/bin/make 2> /dev/null; true")
    assert found == ""
    assert "content/SOURCES.md" in command(containers, "ls /usr/share/welcomed/content/SOURCES.md /usr/share/welcomed/roles.sql")


def test_the_program_in_the_image_is_nobody_and_can_write_nothing(containers):
    said = command(containers, "id -u; sed -n 's/^CapEff:.//p' /proc/self/status; for f in /x /etc/x /usr/x /var/lib/x; do (> $f) 2>&1 || true; done")
    lines = said.splitlines()
    assert lines[:2] == ["65534", "0000000000000000"]
    assert len(lines) == 6 and all("Read-only" in line or "denied" in line for line in lines[2:]), said
    version = re.search(r"^  version: (.*)", (ROOT / "openapi.yaml").read_text(), re.M)[1]
    assert containers.podman("run", "--rm", "--network=none", "--no-healthcheck", "localhost/welcomed", "--version").splitlines()[-1] == f"welcomed {version}"


READ_ONLY = """
mount --bind "$1" "$2"
mount -o remount,ro,bind "$2"
mount -t tmpfs tmpfs "$2/tmp"
touch "$2/tmp/.s.PGSQL.5432"
mount --bind "$3/.s.PGSQL.5432" "$2/tmp/.s.PGSQL.5432"
exec chroot --userspec=65534:65534 --groups=65534 "$2" /usr/bin/welcomed serve
"""


def test_the_image_serves_without_an_engine_from_a_read_only_file_system(engine, migrated_database, tmp_path):
    """Where containers cannot be run this is what is left of them: the image's files, nobody, and nothing to write to."""
    port, admin = free_port(), free_port()
    environment = {"WELCOME_DATABASE_URL": f"host=/tmp dbname={migrated_database} user=welcome", "WELCOME_PORT": str(port), "WELCOME_ADMIN_PORT": str(admin)}
    files = engine.podman("image", "mount", "localhost/welcomed").strip().splitlines()[-1]
    place = tmp_path / "place"
    place.mkdir()
    with open(tmp_path / "log", "wb") as log:
        daemon = subprocess.Popen(["nsenter", "--target", str(engine.place.pid), "--mount", "unshare", "--mount", "sh", "-euc", READ_ONLY, "sh", files,
                                   str(place), os.environ["PGHOST"]], env=bare.QUIET | environment, stdout=log, stderr=log)
    try:
        def serves():
            """the daemon of the image is ready"""
            assert daemon.poll() is None, (tmp_path / "log").read_text()
            return subprocess.run([os.environ["WELCOMED"], "health"], env=bare.QUIET | environment, capture_output=True).returncode == 0
        eventually(serves)
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{daemon.pid}/status").read_text().splitlines() if ":\t" in line)
        assert (status["Name"], status["Uid"].split()[1], int(status["CapEff"], 16)) == ("welcomed", "65534", 0)
        assert bare.run("curl", "-sS", "--fail", f"http://127.0.0.1:{port}/v1/cities").startswith('{"items":[]')
    finally:
        daemon.terminate()
        assert daemon.wait(60) == 0
        engine.podman("image", "unmount", "localhost/welcomed")


class Compose:
    """The services of compose.yaml, started in the order it asks for."""

    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder
        self.https, self.http = free_port(), free_port()
        self.settings = {"POSTGRES_IMAGE": "localhost/postgres", "NGINX_IMAGE": "localhost/nginx", "HTTP_PORT": str(self.http),
                         "HTTPS_PORT": str(self.https), "BASE": "localhost/base"}

    def call(self, *arguments):
        return self.engine.compose(self.folder, *arguments, env=self.settings)

    def up(self, service):
        self.call("up", "--detach", "--no-deps", service)

    def container(self, service):
        return f"welcomed_{service}_1"

    def healthy(self, service):
        def well():
            try:
                self.engine.podman("healthcheck", "run", self.container(service))
            except AssertionError as fault:
                well.__doc__ = f"{service} is healthy; {fault}; {self.engine.podman('logs', '--tail', '20', self.container(service), stderr=subprocess.STDOUT)}"
                return False
            return True
        eventually(well, 60)

    def curl(self, *arguments):
        return bare.run("curl", "-sS", "--max-time", "60", "--cacert", self.folder / "local/tls.pem", "--resolve", f"{NAME}:{self.https}:127.0.0.1", *arguments)


@pytest.fixture(scope="module")
def compose(containers, tmp_path_factory):
    folder = documented(tmp_path_factory.mktemp("compose"))
    bare.run(folder / "prepare.sh", NAME)
    for name in ("postgres", "nginx"):
        containers.build(name, ROOT / f"tests/system/images/{name}.Dockerfile", ROOT / "tests/system/images")
    compose = Compose(containers, folder)
    compose.up("postgres")
    compose.healthy("postgres")
    compose.up("migrate")
    assert containers.podman("wait", compose.container("migrate")).strip().splitlines()[-1] == "0", containers.podman("logs", compose.container("migrate"))
    compose.up("daemon")
    compose.healthy("daemon")
    compose.up("nginx")
    yield compose
    compose.call("down", "--volumes")


def test_the_composed_services_answer_through_tls(compose):
    def answers():
        """nginx answers"""
        try:
            return compose.curl("--fail", f"https://{NAME}:{compose.https}/v1/cities/essen")
        except AssertionError:
            return None
    assert '"slug":"essen"' in eventually(answers)
    head = compose.curl("-i", f"https://{NAME}:{compose.https}/v1/nothing", "-H", "Accept-Language: de")
    assert re.match(r"HTTP/\S+ 404", head) and "application/problem+json" in head
    moved = bare.run("curl", "-sSi", f"http://127.0.0.1:{compose.http}/v1/cities", "-H", f"Host: {NAME}")
    assert " 301 " in moved.splitlines()[0] and f"https://{NAME}/v1/cities" in moved
    report = compose.curl("-o", "/dev/null", "-w", "%{http_code}", f"https://{NAME}:{compose.https}/v1/feedback", "-H", "Content-Type: application/json",
                          "-d", '{"kind": "praise", "text": "From outside."}')
    assert report == "202"


def test_services_have_no_rights_they_do_not_need(compose):
    for service in ("daemon", "migrate", "nginx"):
        found = compose.engine.inspect(compose.container(service))
        assert found["HostConfig"]["ReadonlyRootfs"], service
        assert "no-new-privileges" in str(found["HostConfig"]["SecurityOpt"]), service
        allowed = {"CAP_CHOWN", "CAP_NET_BIND_SERVICE", "CAP_SETGID", "CAP_SETUID"} if service == "nginx" else set()
        assert set(found["EffectiveCaps"] or ()) <= allowed, (service, found["EffectiveCaps"])
    for service in ("daemon", "postgres"):  # reached through nginx alone
        assert not any((compose.engine.inspect(compose.container(service))["HostConfig"]["PortBindings"] or {}).values()), service


def test_the_daemon_counts_the_clients_behind_the_proxy_apart(compose):
    """nginx's network is believed, so the limit of one client is not that of all."""
    left = [int(re.search(r"ratelimit:.*?r=(\d+)", compose.curl("-i", f"https://{NAME}:{compose.https}/v1/languages").lower())[1]) for _ in range(2)]
    other = subprocess.run(["nsenter", "--target", str(compose.engine.inspect(compose.container("nginx"))["State"]["Pid"]), "--net", "curl", "-sSi",
                            "http://daemon.example:8080/v1/languages", "--resolve", "daemon.example:8080:" + address(compose, "daemon"),
                            "-H", "X-Forwarded-For: 203.0.113.77"], capture_output=True, text=True).stdout.lower()
    assert left[1] <= left[0] < int(re.search(r"ratelimit:.*?r=(\d+)", other)[1]) + 1, (left, other)


def address(compose, service):
    networks = compose.engine.inspect(compose.container(service))["NetworkSettings"]["Networks"]
    return next(network["IPAddress"] for name, network in networks.items() if name.endswith("outside"))


def test_the_daemon_ends_well_when_its_container_is_stopped(compose):
    compose.engine.podman("stop", "--time", "30", compose.container("daemon"))
    assert compose.engine.inspect(compose.container("daemon"))["State"]["ExitCode"] == 0
    assert '"event":"stopping"' in compose.engine.podman("logs", compose.container("daemon"))
    compose.engine.podman("start", compose.container("daemon"))
    compose.healthy("daemon")


def test_the_compose_file_waits_for_what_each_service_needs():
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    conditions = {name: {other: wanted["condition"] for other, wanted in service.get("depends_on", {}).items()} for name, service in services.items()}
    assert conditions == {"postgres": {}, "migrate": {"postgres": "service_healthy"},
                          "daemon": {"postgres": "service_healthy", "migrate": "service_completed_successfully"}, "nginx": {"daemon": "service_healthy"}}
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
