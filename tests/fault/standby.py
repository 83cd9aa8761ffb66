# SPDX-License-Identifier: EUPL-1.2
# A hot standby of a test's cluster, by plain streaming replication.
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

import psycopg

from support import eventually


def _binaries():
    version = psycopg.connect(dbname="postgres").execute("SHOW server_version_num").fetchone()[0]
    return pathlib.Path(f"/usr/lib/postgresql/{int(version) // 10000}/bin")


class Standby:
    def __init__(self, cluster, name):
        self.primary = pathlib.Path(cluster.host)
        self.folder = self.primary.parent / name
        self.data, self.host = self.folder / "data", str(self.folder)
        self.bin, self.process = _binaries(), None
        owner = pwd.getpwuid(self.primary.stat().st_uid)
        self.user = [] if os.getuid() else ["setpriv", "--reuid", owner.pw_name, "--regid", str(owner.pw_gid), "--init-groups", "--"]
        self.folder.mkdir(mode=0o700)
        shutil.chown(self.folder, owner.pw_uid, owner.pw_gid)
        allowed = self.primary.parent / "data/pg_hba.conf"
        if "replication" not in allowed.read_text():
            allowed.write_text(allowed.read_text() + "local replication all trust\n")
            with psycopg.connect(dbname="postgres", autocommit=True) as db:
                db.execute("SELECT pg_reload_conf()")
        self.run("pg_basebackup", "-h", str(self.primary), "-U", "postgres", "-D", str(self.data), "-R", "-c", "fast")
        self.start()

    def run(self, program, *arguments):
        subprocess.run([*self.user, self.bin / program, *arguments], check=True, cwd="/", capture_output=True, timeout=120)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.user, self.bin / "postgres", "-D", self.data, "-k", self.folder, "-c", "listen_addresses=", "-c", "hot_standby=on",
                 "-c", "max_standby_streaming_delay=200ms", "-c", "max_connections=200", "-c", "fsync=off"], stdout=log, stderr=log, cwd="/")
        eventually(self.answers)

    def answers(self):
        """the standby takes connections"""
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            return self.ask("SELECT pg_is_in_recovery()")
        except psycopg.OperationalError:
            return None

    def connect(self, database="postgres"):
        return psycopg.connect(host=self.host, dbname=database, user="postgres", autocommit=True, options="-c search_path=welcome,public")

    def ask(self, sql):
        """The value that statement gives; asked again should what is replayed cut it off."""
        for left in (2, 1, 0):
            try:
                with self.connect() as db:
                    return db.execute(sql).fetchone()[0]
            except psycopg.OperationalError:
                if not left:
                    raise
                time.sleep(0.2)

    def caught_up(self):
        """all that the primary has written is replayed"""
        with psycopg.connect(dbname="postgres", autocommit=True) as db:
            written = db.execute("SELECT pg_current_wal_lsn()").fetchone()[0]
        return eventually(lambda: self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{written}'"))

    def signal(self, number):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
                with contextlib.suppress(ProcessLookupError):  # one that ended meanwhile
                    os.kill(int(child), number)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
