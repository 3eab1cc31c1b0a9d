"""Print results of commands: text by rich, or one JSON value; errors as one sentence on standard error."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import click
import msgspec

from kernel.errors import DomainError
from kernel.formats import Lang

if TYPE_CHECKING:
    from rich.console import Console

NON_TTY_WIDTH: Final = 160
DOCTOR_HINT: Final = "Run lumbung doctor to find the cause."

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value, for machines.")


def lang() -> Lang:
    """Return the language of the command's messages: Indonesian if LUMBUNG_LANG is "id", else English."""
    return "id" if os.environ.get("LUMBUNG_LANG", "").strip() == "id" else "en"


@cache
def console() -> "Console":
    """Return the console for results, on standard output."""
    from rich.console import Console

    # a file or a pipe has no width: leave room for long names
    is_terminal = sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=not is_terminal, width=None if is_terminal else NON_TTY_WIDTH)


@cache
def progress_console() -> "Console":
    """Return the console for progress: standard error, so that standard output has only results."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """Print one JSON value: structs by their fields, money as whole rupiah, dates as ISO text."""
    encoded = msgspec.json.format(msgspec.json.encode(value, enc_hook=_encode), indent=2)
    click.echo(encoded.decode())


def print_result(value: object, *, as_json: bool, print_text: Callable[[], None]) -> None:
    """Print `value` as JSON, or call `print_text` to print it for people."""
    if as_json:
        print_json(value)
    else:
        print_text()


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str = "",
    numeric_columns: Iterable[str] = (),
) -> None:
    """Print a table; `numeric_columns` are aligned on the right."""
    from rich import box
    from rich.table import Table

    drawn = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    right = set(numeric_columns)
    for column in columns:
        is_number = column in right
        drawn.add_column(
            column,
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=is_number,
            min_width=None if is_number else 8,
        )
    for row in rows:
        drawn.add_row(*("" if cell is None else str(cell) for cell in row))
    console().print(drawn)


def print_line(line: str) -> None:
    """Print one line without interpreting markup."""
    console().print(line, markup=False)


@contextmanager
def progress(label: str, *, hidden: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar during the block, which reports by calling the yielded `(done, total)`.

    Draws nothing if `hidden`, or if standard error is not a terminal.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    out = progress_console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=hidden or not out.is_terminal) as bar:
        # the bar stays invisible until the first report of progress
        task = bar.add_task(label, total=None, visible=False)

        def moved(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield moved


def print_error(sentence: str) -> None:
    """Print one sentence on standard error."""
    click.echo(f"lumbung: {sentence}", err=True)


def error_message(error: Exception) -> str:
    """Return one sentence that describes an error to a person."""
    if isinstance(error, DomainError):
        return error.localize(lang())
    first = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    if type(error).__module__.partition(".")[0] in {"asyncpg", "sqlalchemy", "psycopg"}:
        reason = re.sub(r"^\([\w.]+\) ", "", first)  # SQLAlchemy begins with the class of the driver's error
        return f"the database refused: {reason}. {DOCTOR_HINT}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {(error.strerror or first).lower()}."
    refused = re.search(r"\('([^']+)', (\d+)", first) if isinstance(error, ConnectionRefusedError) else None
    if refused:
        return f"nothing answers at {refused[1]}, port {refused[2]}. {DOCTOR_HINT}"
    if isinstance(error, OSError):
        return f"{first}. {DOCTOR_HINT}"
    return f"unexpected error: {first}. LUMBUNG_DEBUG=1 shows the traceback."


def _encode(value: object) -> Any:
    if isinstance(value, int):
        return int(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


class CheckResult(msgspec.Struct, frozen=True):
    """The result of one check; `advice` says what to do when the status is not ``good``."""

    subject: str
    status: Literal["good", "notice", "wrong"]
    found: str
    advice: str = ""
