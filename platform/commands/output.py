"""How commands speak: to people with rich, to machines with one JSON value, and of errors in one sentence on
standard error.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from kernel.errors import DomainError
from kernel.formats import Lang

if TYPE_CHECKING:
    from rich.console import Console

NON_TTY_WIDTH: Final = 160
DOCTOR_HINT: Final = "lumbung doctor tells what is wrong."

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value, for machines.")


def lang() -> Lang:
    """The language of the command's own sentences: English, or Indonesian by LUMBUNG_LANG=id."""
    return "id" if os.environ.get("LUMBUNG_LANG", "").strip() == "id" else "en"


@cache
def console() -> "Console":
    """Where people read results."""
    from rich.console import Console

    # a file or a pipe has no width of its own: room for long names
    is_terminal = sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=not is_terminal, width=None if is_terminal else NON_TTY_WIDTH)


@cache
def progress_console() -> "Console":
    """Where people watch long work: standard error, so that results stay alone on standard output."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """Print one JSON value: structs by their fields, money as whole rupiah, dates as ISO text."""
    encoded = msgspec.json.format(msgspec.json.encode(value, enc_hook=_encode), indent=2)
    click.echo(encoded.decode())


def print_result(value: object, *, as_json: bool, print_text: Callable[[], None]) -> None:
    """Print `value` for machines, or call `people`, which prints the same for a reader."""
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
    """Print rows under headings; the columns named in `numbers` are aligned on the right."""
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
    """Print one line for people, plain where it is not a terminal."""
    console().print(line, markup=False)


@contextmanager
def progress(label: str, *, hidden: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while long work goes on; yields `(done, total)` to be called by the work.

    Nothing is drawn with `hidden` or where standard error is no terminal.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    out = progress_console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=hidden or not out.is_terminal) as bar:
        # work that turns out to be nothing shows nothing
        task = bar.add_task(label, total=None, visible=False)

        def moved(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield moved


def print_error(sentence: str) -> None:
    """Print one sentence on standard error."""
    click.echo(f"lumbung: {sentence}", err=True)


def error_message(error: Exception) -> str:
    """The one sentence that tells a person what went wrong."""
    if isinstance(error, DomainError):
        return error.message(lang())
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
    return f"something unforeseen happened: {first}. LUMBUNG_DEBUG=1 shows where."


def _encode(value: object) -> Any:
    if isinstance(value, int):
        return int(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")
