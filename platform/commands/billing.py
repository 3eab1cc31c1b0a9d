"""`lumbung billing`: run what is due for cooperatives' plans."""

import asyncio
from datetime import date, datetime
from typing import Final

import click

from billing.billing_run import BillingRunReport
from commands.connect import open_database
from commands.output import json_option, print_line, print_result, print_table

# The labels of ``billing.dunning.Step`` kinds.
_STEP_LABELS: Final = {
    "notify_trial_end": "notified that the trial ends",
    "end_period": "trial or period ended",
    "remind": "reminded to pay",
    "make_read_only": "made read-only",
}


@click.group("billing")
def command() -> None:
    """Run what is due for plans: renewals, reminders, read-only mode."""


@command.command("run")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The last day to work on, as 2026-12-31.",
)
@json_option
def run_until(until: datetime, *, as_json: bool) -> None:
    """Run what is due from today up to a date, day by day: ends of trials, renewals, reminders, read-only
    mode.

    A date in the past runs that day alone. Safe to run twice, or during the daily job: nothing is done twice.
    The exit status is 1 when something failed for a cooperative.
    """
    report = asyncio.run(_run(until.date()))
    print_result(report, as_json=as_json, print_text=lambda: _print_report(report))
    if report.failed:
        raise click.exceptions.Exit(1)


async def _run(until: date) -> BillingRunReport:
    from billing.billing_run import run_billing

    async with open_database() as database:
        return await run_billing(database, until)


def _print_report(report: BillingRunReport) -> None:
    if report.done:
        print_table(
            ("Day", "Cooperative", "What", "Invoice"),
            [
                (each.on.isoformat(), each.cooperative, _STEP_LABELS.get(each.kind, each.kind), each.invoice)
                for each in report.done
            ],
        )
    print_line(
        f"{len(report.done)} steps done from {report.since} to {report.until}; {report.trials_started} "
        f"trials begun;"
        f" {len(report.failed)} cooperatives failed."
    )
    for slug, reason in report.failed.items():
        print_line(f"{slug}: {reason}")
