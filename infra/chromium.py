"""Print the path of a Chromium for the browser tests: the one that is there, else one that can be had.

`/usr/bin/chromium` if it is there; else Debian's package where we are root; else Playwright's own download.
When none can be had the path is empty and the reason goes to standard error: the browser tests then say they
were skipped, and under `CI=true` that is a failure. As root, more packages of Debian's are fetched where they
are missing: Caddy, Redis and RabbitMQ, which tests run and kill, and the Liberation fonts, whose letters are
as wide as those that phones and offices have; widths of pages are measured with them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SYSTEM_PATHS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


# Servers that tests kill: a program that shows that it is there, and Debian's package.
BROKERS = {"redis-server": "redis-server", "/usr/lib/rabbitmq/bin/rabbitmq-server": "rabbitmq-server"}
LIBERATION = Path("/usr/share/fonts/truetype/liberation")


def main() -> int:
    if can_install_packages() and not any(
        folder.is_dir() for folder in (LIBERATION, LIBERATION.with_name("liberation2"))
    ):
        install_package("fonts-liberation")
    if shutil.which("caddy") is None and can_install_packages():
        install_package("caddy")  # its test names the reason where this did not help
    for program, package in BROKERS.items():
        if shutil.which(program) is None and not Path(program).exists() and can_install_packages():
            install_package(package)  # same
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
    """The Chromium that is there already: the one that was asked for, the system's, or Playwright's."""
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
    """Install one: Debian's as root, else Playwright's."""
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
    """Install a Debian package; what went wrong, empty when nothing did."""
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
    """Path of the Chromium that Playwright downloaded before, where it still is."""
    program = (
        "from playwright.sync_api import sync_playwright as p\nwith p() as w: "
        "print(w.chromium.executable_path)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    path = done.stdout.strip()
    return path if done.returncode == 0 and Path(path).is_file() else None


def error_line(text: str) -> str:
    """The line of a program's output that tells what went wrong: the first that speaks of an error, else the
    last.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"error|unable|failed", line, re.IGNORECASE)]
    return (errors or lines[-1:] or ["no message"])[0]


if __name__ == "__main__":
    sys.exit(main())
