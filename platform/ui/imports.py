"""The two pages of every import: choose a file, look at what it would do, then confirm.

Nothing is kept on the server between the two: the file's text travels in the confirming form, and is read and checked again there. So
it works without JavaScript, in any process, and an abandoned import leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from litestar import Response
from litestar.datastructures import UploadFile

from kernel import clock
from kernel.csv_files import CsvFile, decoded, rejected_csv
from kernel.errors import Kind, Words
from kernel.importing import BadLine
from kernel.parsing import parse_date
from ui.errors import UNREADABLE_FORM
from ui.forms import Form, read_form
from ui.needs import AnyRequest
from ui.rendering import page
from ui.viewer import visit_of
from ui.words import words

LARGEST_FILE: Final = 2_000_000
SHOWN_BAD_LINES: Final = 200
SHOWN_GOOD_LINES: Final = 10

FILE_TOO_LARGE = Kind(
    "ui.import_too_large",
    422,
    id="Berkas ini terlalu besar. Paling besar {megabytes} MB; bagilah menjadi beberapa berkas, masing-masing dengan baris judulnya.",
    en="This file is too large. At most {megabytes} MB; divide it into several files, each with its header line.",
)


class UploadForm(msgspec.Struct, forbid_unknown_fields=True):
    """A file, and the date of the opening balances in it."""

    file: UploadFile
    as_of: date


class SentBack(msgspec.Struct, frozen=True):
    """A previewed file that came back to be taken; ``skip_bad``: only its good lines."""

    content: str
    as_of: date
    skip_bad: bool


class Kindred(msgspec.Struct, frozen=True):
    """How the pages of one import are named: its address, its words, its columns with what each takes, and an example."""

    place: str
    path: str
    title: Words
    lead: Words
    back: tuple[Words, str]
    balances: Words
    columns: Sequence[tuple[str, Words]]
    example: str


def upload_page(request: AnyRequest, kindred: Kindred, form: Form[UploadForm] | None = None) -> Response[bytes]:
    """Ask for a file."""
    return page(request, "imports/upload.html", place=kindred.place, **upload_context(request, kindred), form=form)


def upload_context(request: AnyRequest, kindred: Kindred) -> dict[str, Any]:
    """What the page that asks for a file shows."""
    today = clock.today(visit_of(request).brand.timezone)
    return {"kindred": kindred, "as_of": date(today.year, 1, 1), "today": today}


async def read_upload(request: AnyRequest) -> Form[UploadForm]:
    """Read the form with the file."""
    return await read_form(request, UploadForm)


async def text_of(upload: UploadFile) -> str:
    """The text of an uploaded file as a browser will send it back. Raises Refusal: ui.import_too_large, kernel.csv_…."""
    content = await upload.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise FILE_TOO_LARGE(megabytes=LARGEST_FILE // 1_000_000)
    return _plain_line_ends(decoded(content))


async def sent_back(request: AnyRequest) -> SentBack:
    """Read the confirming form. Raises Refusal: ui.unreadable_form, ui.import_too_large, kernel.not_a_date."""
    try:
        form = await request.form()
    except Exception as error:  # whatever a broken body raises
        raise UNREADABLE_FORM() from error
    content, as_of = form.get("content"), form.get("as_of")
    if not isinstance(content, str) or not isinstance(as_of, str):
        raise UNREADABLE_FORM()
    if len(content) > LARGEST_FILE:
        raise FILE_TOO_LARGE(megabytes=LARGEST_FILE // 1_000_000)
    return SentBack(_plain_line_ends(content), parse_date(as_of), form.get("skip_bad") == "1")


def preview_page(
    request: AnyRequest,
    kindred: Kindred,
    file: CsvFile,
    sent: SentBack,
    *,
    counts: Mapping[str, int],
    rejected: Sequence[BadLine],
    heads: Sequence[object],
    rows: Sequence[Sequence[str]],
    status: int = 200,
) -> Response[bytes]:
    """Show what a file would do. ``counts`` has new, changed and unchanged; ``rows`` are the first good lines under ``heads``."""
    lang = visit_of(request).lang
    shown = rejected[:SHOWN_BAD_LINES]
    raws = {
        row.line: " · ".join(cell for cell in row.raw if cell)[:120]
        for row in _lines(file, {bad.line for bad in shown})
    }
    return page(
        request,
        "imports/preview.html",
        status=status,
        place=kindred.place,
        kindred=kindred,
        sent=sent,
        counts=counts,
        good=counts["new"] + counts["changed"],
        rejected=len(rejected),
        bad=[(bad.line, bad.reason.sentence(lang), raws.get(bad.line, "")) for bad in shown],
        heads=heads,
        rows=rows[:SHOWN_GOOD_LINES],
    )


def rejected_file(request: AnyRequest, file: CsvFile, rejected: Sequence[BadLine], name: str) -> Response[bytes]:
    """Give the bad lines as a file to mend, each with its reason."""
    lang = visit_of(request).lang
    text = rejected_csv(file, {bad.line: bad.reason.sentence(lang) for bad in rejected})
    mark = "" if text.startswith("\ufeff") else "\ufeff"  # without it Excel takes UTF-8 for something else
    return csv_response(mark + text, f"{name}.rejected.csv")


def csv_response(text: str, name: str) -> Response[bytes]:
    """Answer with a CSV file to keep."""
    return Response(
        text.encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def done_sentence(request: AnyRequest, imported: int, unchanged: int, skipped: int) -> str:
    """What an import did, in the viewer's language."""
    say = words(visit_of(request).lang).gettext
    parts = [say("%(n)s baris dimasukkan.") % {"n": imported}]
    if unchanged:
        parts.append(say("%(n)s baris sudah ada.") % {"n": unchanged})
    if skipped:
        parts.append(say("%(n)s baris dilewati.") % {"n": skipped})
    return " ".join(parts)


def _lines(file: CsvFile, numbers: set[int]) -> list[Any]:
    return [row for row in file.rows() if row.line in numbers] if numbers else []


def _plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
