"""`lumbung migrate`: migrate the shared tables and every cooperative to the newest revisions."""

import asyncio

import click

from commands.connect import open_database
from commands.output import json_option, print_error, print_line, print_result, progress


@click.command("migrate")
@click.option("--check", is_flag=True, help="Only compare the models with the revisions; needs no database.")
@click.option(
    "--allow-failures",
    is_flag=True,
    help="Exit with 0 even when a cooperative failed: the others are served.",
)
@json_option
def command(*, check: bool, allow_failures: bool, as_json: bool) -> int:
    """Migrate the database to the newest revisions; safe to run again at any time.

    A cooperative that cannot be migrated is listed with its reason and does not stop the others. The exit
    status is then 1, or 0 with --allow-failures.
    """
    return (
        _check(as_json=as_json)
        if check
        else asyncio.run(_migrate(allow_failures=allow_failures, as_json=as_json))
    )


async def _migrate(*, allow_failures: bool, as_json: bool) -> int:
    from tenants.login_checks import require_limited_logins
    from tenants.migrator import migrate

    async with open_database(migrated=False) as database:
        await require_limited_logins(database)
        with progress("Cooperatives", hidden=as_json) as moved:
            report = await migrate(database, on_progress=moved)

    def print_text() -> None:
        print_line(
            f"Shared tables are at revision {report.shared_revision}, cooperatives at "
            f"{report.cooperative_revision}: "
            f"{report.upgraded} upgraded, {report.already_current} already current, "
            f"{report.pool_schemas_created} pool schemas created."
        )
        if report.privileges_repaired:
            print_line(f"Schemas whose privileges were repaired: {report.privileges_repaired}.")

    print_result(report, as_json=as_json, print_text=print_text)
    for name, reason in report.failed.items():
        print_error(f"{name} was not upgraded: {reason}")
    return 1 if report.failed and not allow_failures else 0


def _check(*, as_json: bool) -> int:
    from tenants.makemigrations import detect_drift

    found = detect_drift()

    def print_text() -> None:
        for line, differences in found.items():
            print_line(
                f"{line}: the models and the revisions agree"
                if not differences
                else f"{line}: no revision yet for"
            )
            for difference in differences:
                print_line(f"  {difference[:200]}")

    print_result(found, as_json=as_json, print_text=print_text)
    return 1 if any(found.values()) else 0
