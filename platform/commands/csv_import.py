"""Run an import of `products import`, `members import` or `sales import`, and print its report.

Products are imported in one transaction. Members and sales are checked in one transaction and then recorded
in batches, one transaction each, so that tills can sell meanwhile. After an interruption the same command
continues.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from commands.connect import open_database, require_cooperative
from commands.output import (
    error_message,
    json_option,
    lang,
    print_error,
    print_line,
    print_result,
    print_table,
    progress,
)
from kernel import clock
from kernel.csv_files import CsvFile, render_rejected_csv
from kernel.database import Database
from kernel.errors import DomainError, ErrorType, LocalizedText
from kernel.file_import import BatchedImport, ImportReport, ProgressCallback, lock_import
from kernel.parsing import parse_date
from tenants.registry import TenantRef
from tenants.session import bind_current_transaction, coop_session

# (session, content, progress) -> the parsed file and the report.
ImportFunction = Callable[[AsyncSession, bytes, ProgressCallback], Awaitable[tuple[CsvFile, ImportReport]]]

F = TypeVar("F", bound=Callable[..., Any])

MAX_SHOWN_LINES: Final = 20

NOTHING_IMPORTED: Final = ErrorType(
    "commands.nothing_imported",
    422,
    "{rejected} baris tidak bisa dipakai, jadi tidak ada yang diimpor. Betulkan barisnya, atau lewati "
    "dengan --skip-bad.",
)

IMPORT_STOPPED: Final = ErrorType(
    "commands.import_stopped",
    500,
    "{reason} {done} dari {total} baris sudah tercatat. Jalankan perintah yang sama sekali lagi untuk "
    "melanjutkan.",
)
INTERRUPTED: Final = LocalizedText("Dihentikan.")
NOTHING_WRITTEN: Final = LocalizedText("Dihentikan. Tidak ada yang ditulis.")

_slug_argument = click.argument("slug", metavar="SLUG")
_file_argument = click.argument(
    "path", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
_skip_bad_option = click.option(
    "--skip-bad", is_flag=True, help="Import the valid lines and write the others to FILE.rejected.csv."
)


def import_options(command: F) -> F:
    """Add the arguments and options of every import: SLUG, FILE.csv, --skip-bad and --json."""
    return _slug_argument(_file_argument(_skip_bad_option(json_option(command))))


class DateParam(click.ParamType[date]):
    """A click parameter for a date, such as 2026-01-01 or 01/01/2026."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return parse_date(value)
        except DomainError as error:
            self.fail(error.localize(lang()), param, ctx)


as_of_option = click.option(
    "--as-of",
    type=DateParam(),
    default=lambda: date(clock.today().year, 1, 1),
    show_default="1 January of this year",
    help="The date of the opening balances.",
)


class ImportProgress(msgspec.Struct):
    """The progress of an import: whether it is complete, and the recorded lines of the total."""

    committed: bool = False
    done: int = 0
    total: int = 0

    def stopped_error(self, reason: object) -> DomainError:
        """Return the error for an import that stopped after its first batch."""
        return IMPORT_STOPPED(reason=reason, done=self.done, total=self.total)


def run_import(
    slug: str, path: Path, work: ImportFunction, *, what: str, skip_bad: bool, as_json: bool
) -> int:
    """Import a file in one transaction and print the report.

    Returns the exit status: 1 when rejected lines prevented the import.
    """

    async def go(
        database: Database, tenant: TenantRef, run: ImportProgress, moved: ProgressCallback
    ) -> tuple[ImportReport, Path | None]:
        content = path.read_bytes()
        async with coop_session(database, tenant) as db:
            file, report = await work(db, content, moved)
            # before the commit: lines must not be imported if the rejected ones cannot be saved
            rejected_file = _write_rejected(path, file, report) if skip_bad else None
        run.committed = True
        return report, rejected_file

    return _run_and_report(slug, go, what=what, skip_bad=skip_bad, as_json=as_json)


def run_batched_import(
    slug: str, path: Path, work: BatchedImport, *, what: str, skip_bad: bool, as_json: bool
) -> int:
    """Check a file in one transaction, record it in batches, and print the report.

    Returns the same exit status as ``run_import``.
    """

    async def go(
        database: Database, tenant: TenantRef, run: ImportProgress, moved: ProgressCallback
    ) -> tuple[ImportReport, Path | None]:
        # this transaction only holds the import lock; its connection is outside the pool, whose only
        # connection may be needed below
        async with AsyncSession(database.app_engine) as turn, turn.begin():
            await bind_current_transaction(turn, tenant)
            await lock_import(turn, work)
            async with coop_session(database, tenant) as db:
                file, report = await work.check(db, path.read_bytes())
                refused = bool(report.rejected) and not skip_bad
                await (work.discard(db) if refused else work.begin(db))
                rejected_file = _write_rejected(path, file, report) if skip_bad else None
            del file
            while not refused:
                # fails if the lock is lost, so that no other import stages lines meanwhile
                await turn.execute(text("SELECT 1"))
                async with coop_session(database, tenant) as db:
                    # do not wait for the disk: after a crash of the server, the next run records the batch
                    # again; the final transaction below does wait
                    await db.execute(text("SELECT set_config('synchronous_commit', 'off', true)"))
                    progress = await work.record_batch(db)
                if progress is None:
                    break
                run.done, run.total = progress
                moved(*progress)
            if not refused:
                async with coop_session(database, tenant) as db:
                    await work.finish(db)
            run.committed = True
        return (ImportReport(0, report.unchanged, report.rejected) if refused else report), rejected_file

    return _run_and_report(slug, go, what=what, skip_bad=skip_bad, as_json=as_json)


ImportRunner = Callable[
    [Database, TenantRef, ImportProgress, ProgressCallback], Awaitable[tuple[ImportReport, Path | None]]
]


def _run_and_report(slug: str, go: ImportRunner, *, what: str, skip_bad: bool, as_json: bool) -> int:
    run = ImportProgress()
    try:
        report, rejected_file = asyncio.run(_in_database(slug, go, run, what=what, hidden=as_json))
    except KeyboardInterrupt:
        if run.done and not run.committed:
            raise click.Abort(run.stopped_error(INTERRUPTED).localize(lang())) from None
        raise click.Abort("" if run.committed else NOTHING_WRITTEN.localize(lang())) from None
    except Exception as error:
        if run.done and not run.committed:
            raise run.stopped_error(error_message(error)) from error
        raise
    print_result(
        report.as_json(lang()), as_json=as_json, print_text=lambda: _print_report(report, what, rejected_file)
    )
    if report.rejected and not skip_bad:
        print_error(NOTHING_IMPORTED(rejected=len(report.rejected)).localize(lang()))
        return 1
    return 0


async def _in_database(
    slug: str, go: ImportRunner, run: ImportProgress, *, what: str, hidden: bool
) -> tuple[ImportReport, Path | None]:
    async with open_database() as database:
        tenant = await require_cooperative(database, slug)
        with progress(what, hidden=hidden) as moved:
            return await go(database, tenant, run, moved)


def _write_rejected(path: Path, file: CsvFile, report: ImportReport) -> Path | None:
    """Write the rejected lines to a file next to the original, if there are any; return its path."""
    if not report.rejected:
        return None
    rejected_file = rejected_path(path)
    reasons = {bad.line: bad.reason.localize(lang()) for bad in report.rejected}
    rejected_file.write_text(render_rejected_csv(file, reasons), encoding="utf-8", newline="")
    return rejected_file


def rejected_path(path: Path) -> Path:
    """Return the path for a file's rejected lines: goods.csv -> goods.rejected.csv, same folder."""
    stem = path.name[:-4] if path.suffix.lower() == ".csv" else path.name
    return path.with_name(f"{stem}.rejected.csv")


def _print_report(report: ImportReport, what: str, rejected_file: Path | None) -> None:
    if report.rejected:
        shown = report.rejected[:MAX_SHOWN_LINES] if rejected_file else report.rejected
        rows = [(bad.line, bad.reason.localize(lang())) for bad in shown]
        print_table(("Line", "Reason"), rows, numeric_columns=("Line",))
        if len(shown) < len(report.rejected):
            print_line(f"… and {len(report.rejected) - len(shown)} more.")
    print_line(
        f"{what}: {report.imported} imported, {report.unchanged} unchanged, {len(report.rejected)} rejected."
    )
    if rejected_file:
        print_line(f"The rejected lines are in {rejected_file}: correct them there and import that file.")
