"""What `products import`, `members import` and `sales import` have in common: one transaction, one report, one file of bad lines."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from commands.connect import cooperative_named, open_database
from commands.output import complain, json_option, lang, progress, say, show, table
from kernel import clock
from kernel.csv_files import CsvFile, rejected_csv
from kernel.errors import Kind, Refusal
from kernel.importing import Moved, Report
from kernel.parsing import parse_date

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# (session, content, progress) -> the file as it was understood, and the report.
Import = Callable[["AsyncSession", bytes, Moved], Awaitable[tuple[CsvFile, Report]]]

SHOWN_LINES: Final = 20

NOTHING_IMPORTED: Final = Kind(
    "commands.nothing_imported",
    422,
    id="{rejected} baris tidak bisa dipakai, jadi tidak ada yang diimpor. Betulkan barisnya, atau lewati dengan --skip-bad.",
    en="Nothing was imported, because of bad lines: {rejected}. Mend them, or leave them out with --skip-bad.",
)

NOTHING_WRITTEN: Final = {"en": "Interrupted. Nothing was written.", "id": "Dihentikan. Tidak ada yang ditulis."}

slug_argument = click.argument("slug", metavar="SLUG")
file_argument = click.argument("path", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
skip_bad_option = click.option(
    "--skip-bad", is_flag=True, help="Take the good lines and write the others to FILE.rejected.csv."
)


class Day(click.ParamType[date]):
    """A day, as ISO or as people write it: 2026-01-01, 01/01/2026."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return parse_date(value)
        except Refusal as refusal:
            self.fail(refusal.sentence(lang()), param, ctx)


as_of_option = click.option(
    "--as-of",
    type=Day(),
    default=lambda: date(clock.today().year, 1, 1),
    show_default="1 January of this year",
    help="The date of the opening balances.",
)


def run_import(slug: str, path: Path, work: Import, *, what: str, skip_bad: bool, as_json: bool) -> int:
    """Import a file into a cooperative and print the report. Returns the exit status: 1 when bad lines kept everything out."""
    taken = asyncio.Event()
    try:
        return asyncio.run(_run(slug, path, work, taken, what=what, skip_bad=skip_bad, as_json=as_json))
    except KeyboardInterrupt:
        raise click.Abort("" if taken.is_set() else NOTHING_WRITTEN[lang()]) from None


async def _run(
    slug: str, path: Path, work: Import, taken: asyncio.Event, *, what: str, skip_bad: bool, as_json: bool
) -> int:
    from tenants.session import coop_session

    content = path.read_bytes()
    kept: Path | None = None
    async with open_database() as database:
        tenant = await cooperative_named(database, slug)
        with progress(what, hidden=as_json) as moved:
            async with coop_session(database, tenant) as db:
                file, report = await work(db, content, moved)
                if skip_bad and report.rejected:
                    # before the commit: lines are never taken while those left out cannot be kept
                    kept = rejected_path(path)
                    reasons = {bad.line: bad.reason.sentence(lang()) for bad in report.rejected}
                    kept.write_text(rejected_csv(file, reasons), encoding="utf-8", newline="")
            taken.set()
    show(report.as_json(lang()), as_json=as_json, people=lambda: _tell(report, what, kept))
    if report.rejected and not skip_bad:
        complain(NOTHING_IMPORTED(rejected=len(report.rejected)).sentence(lang()))
        return 1
    return 0


def rejected_path(path: Path) -> Path:
    """Where the bad lines of a file go: goods.csv -> goods.rejected.csv, beside it."""
    stem = path.name[:-4] if path.suffix.lower() == ".csv" else path.name
    return path.with_name(f"{stem}.rejected.csv")


def _tell(report: Report, what: str, kept: Path | None) -> None:
    if report.rejected:
        shown = report.rejected[:SHOWN_LINES] if kept else report.rejected
        rows = [(bad.line, bad.reason.sentence(lang())) for bad in shown]
        table(("Line", "Reason"), rows, numbers=("Line",))
        if len(shown) < len(report.rejected):
            say(f"… and {len(report.rejected) - len(shown)} more.")
    say(f"{what}: {report.imported} imported, {report.unchanged} unchanged, {len(report.rejected)} rejected.")
    if kept:
        say(f"The rejected lines are in {kept}: mend them there and import that file.")


__all__ = ["as_of_option", "file_argument", "json_option", "run_import", "skip_bad_option", "slug_argument"]
