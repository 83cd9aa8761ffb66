# SPDX-License-Identifier: EUPL-1.2
# `welcomed import` and `welcomed export` with databases of their own (fixture empty_database) and folders to spoil.
import os
import pathlib
import subprocess

import psycopg

CONTENT = pathlib.Path("content")


def environment(database, **settings):
    url = f"host={os.environ['PGHOST']} dbname={database} user=welcome"
    return {**os.environ, "WELCOME_DATABASE_URL": url, **settings}


def run(database, *arguments, **settings):
    """The finished process of a command of the program."""
    return subprocess.run([os.environ["WELCOMED"], *map(str, arguments)], env=environment(database, **settings),
                          capture_output=True, text=True, timeout=120)


def ask(database, sql):
    with psycopg.connect(dbname=database, options="-c search_path=welcome") as db:
        return db.execute(sql).fetchall()


def value(database, sql):
    return ask(database, sql)[0][0]


def change(database, sql):
    with psycopg.connect(dbname=database, options="-c search_path=welcome") as db:
        db.execute(sql)


def imported(database, folder, *arguments):
    """What was said of each part: {"articles": "3 new or changed"}."""
    process = run(database, "import", folder, *arguments)
    assert process.returncode == 0, process.stderr
    return dict(line.split(maxsplit=1) for line in process.stdout.splitlines())


def refused(database, folder, *arguments):
    """What was said of a folder that is not taken, without the folder's name."""
    process = run(database, "import", folder, *arguments)
    assert process.returncode == 1, process.stdout
    lines = process.stderr.splitlines()
    assert lines[-1] == "Nothing was imported."
    return [line.replace(f"{folder}/", "") for line in lines[:-1]]


def exported(database, folder, *arguments):
    process = run(database, "export", folder, *arguments)
    assert process.returncode == 0, process.stderr
    return folder


def files(folder):
    """{path: bytes} of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
