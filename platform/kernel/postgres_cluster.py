"""Make the cluster of the embedded PostgreSQL and the database in it."""

import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Final

from kernel.postgres_errors import OLDEST_MAJOR, OTHER_VERSION, SERVER_TOO_OLD, explained
from kernel.postgres_place import Place, version_of

NAME: Final = "lumbung"  # the owner's role and the database
FIRST_WITH_BUILTIN_LOCALES: Final = 17


def ensure_cluster(place: Place, binaries: Path, *, fast: bool) -> None:
    """Make the cluster where there is none; `fast` leaves it to the system when the files reach the disk.

    Raises a Refusal when the programs are too old, when the cluster there was made by another major version,
    or when making it fails.
    """
    found = version_of(binaries)
    if _major(found) < OLDEST_MAJOR:
        raise SERVER_TOO_OLD(found=found, oldest=OLDEST_MAJOR)
    if not (place.data / "PG_VERSION").exists():
        _make_cluster(place, binaries, fast=fast)
    made_by = (place.data / "PG_VERSION").read_text(encoding="ascii").strip()
    if _major(found) != int(made_by.partition(".")[0]):
        raise OTHER_VERSION(data=str(place.data), made_by=made_by, found=found)


def _make_cluster(place: Place, binaries: Path, *, fast: bool) -> None:
    """Make it beside, then move it into place: a kill half-way leaves nothing that looks whole."""
    new, password_file = place.home / "data.new", place.home / "password.new"
    shutil.rmtree(new, ignore_errors=True)
    password_file.unlink(missing_ok=True)
    place.make_folder(new)
    password = secrets.token_urlsafe(24)
    password_file.touch(mode=0o600)
    password_file.write_text(password, encoding="ascii")
    place.hand_over(password_file)
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    locale = builtin if _major(version_of(binaries)) >= FIRST_WITH_BUILTIN_LOCALES else ["--locale=C.UTF-8"]
    _run(
        place,
        [
            str(binaries / "initdb"),
            f"--pgdata={new}",
            f"--username={NAME}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *locale,
            *(["--no-sync"] if fast else []),
        ],
    )
    single = [str(binaries / "postgres"), "--single", "-D", str(new), "-c", "log_min_messages=error"]
    _run(place, [*single, *(["-F"] if fast else []), "postgres"], f"CREATE DATABASE {NAME};\n")
    password_file.unlink()
    kept = place.home / "password"
    kept.unlink(missing_ok=True)
    kept.touch(mode=0o600)
    kept.write_text(password, encoding="ascii")
    new.replace(place.data)


def _run(place: Place, command: list[str], text: str = "") -> None:
    done = subprocess.run(
        command,
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **place.process(),
    )
    said = done.stdout.decode(errors="replace")
    if done.returncode != 0 or "FATAL:" in said or "ERROR:" in said:
        place.log.write_text(said, encoding="utf-8")
        raise explained(said, place.log)


def _major(version: str) -> int:
    return int(version.partition(".")[0])
