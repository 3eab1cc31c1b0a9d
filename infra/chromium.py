"""Print the path of a Chromium for the browser tests; install one if there is none.

`/usr/bin/chromium` if it exists; else Debian's package as root; else Playwright's own download. If none can
be installed, the path is empty and the reason goes to standard error: the browser tests are then skipped with
a message, and fail under `CI=true`. As root, missing Debian packages are also installed: Caddy, Redis and
RabbitMQ, which tests start and kill, and the Liberation fonts, whose letters are as wide as those of phones
and offices; tests measure widths of pages with them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SYSTEM_PATHS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


# Servers that tests kill: a program that shows whether it is installed, and its Debian package.
BROKERS = {"redis-server": "redis-server", "/usr/lib/rabbitmq/bin/rabbitmq-server": "rabbitmq-server"}
LIBERATION = Path("/usr/share/fonts/truetype/liberation")


def main() -> int:
    if can_install_packages() and not any(
        folder.is_dir() for folder in (LIBERATION, LIBERATION.with_name("liberation2"))
    ):
        install_package("fonts-liberation")
    if shutil.which("caddy") is None and can_install_packages():
        install_package("caddy")  # on failure, its test reports the reason
    for program, package in BROKERS.items():
        if shutil.which(program) is None and not Path(program).exists() and can_install_packages():
            install_package(package)  # on failure, its test reports the reason
    path, reason = find_chromium()
    if path is None:
        path, reason = install_chromium()
    if path is not None:
        print(path)
        return 0
    is_ci = os.environ.get("CI") == "true"
    follows = "a failure, since CI=true" if is_ci else "the browser tests are skipped"
    print(f"chromium: none to be had ({reason}): {follows}. sudo apt-get install chromium", file=sys.stderr)
    return 1 if is_ci else 0


def find_chromium() -> tuple[str | None, str]:
    """Return the path of an installed Chromium (configured, the system's, or Playwright's) or the reason."""
    asked = os.environ.get("LUMBUNG_CHROMIUM")
    if asked:
        return (
            (asked, "") if os.access(asked, os.X_OK) else (None, f"LUMBUNG_CHROMIUM={asked} is not a program")
        )
    for path in SYSTEM_PATHS:
        if os.access(path, os.X_OK):
            return path, ""
    return find_playwright_chromium(), "none is installed"


def install_chromium() -> tuple[str | None, str]:
    """Install Debian's Chromium as root, else Playwright's; return its path or the reason of the failure."""
    reasons = []
    if can_install_packages():
        error = install_package("chromium")
        if os.access(SYSTEM_PATHS[0], os.X_OK):
            return SYSTEM_PATHS[0], ""
        reasons.append(f"apt-get: {error or 'the package brought no program'}")
    done = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"],
        capture_output=True,
        text=True,
        check=False,
    )
    path = find_playwright_chromium() if done.returncode == 0 else None
    reasons.append(f"playwright install: {error_line(done.stderr or done.stdout)}")
    return path, "; ".join(reasons)


def can_install_packages() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_package(package: str) -> str:
    """Install a Debian package and return the error, or an empty string."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    print(f"chromium: installing Debian's {package} …", file=sys.stderr)
    for command in (
        ["apt-get", "-qq", "update"],
        ["apt-get", "-qq", "install", "--no-install-recommends", "--yes", package],
    ):
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            return error_line(done.stderr or done.stdout)
    return ""


def find_playwright_chromium() -> str | None:
    """Return the path of the Chromium that Playwright downloaded earlier, or None."""
    program = (
        "from playwright.sync_api import sync_playwright as p\nwith p() as w: "
        "print(w.chromium.executable_path)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    path = done.stdout.strip()
    return path if done.returncode == 0 and Path(path).is_file() else None


def error_line(text: str) -> str:
    """Return the first line of a program's output that mentions an error, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"error|unable|failed", line, re.IGNORECASE)]
    return (errors or lines[-1:] or ["no message"])[0]


if __name__ == "__main__":
    sys.exit(main())
