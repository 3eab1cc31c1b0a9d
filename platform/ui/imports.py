"""The pages of every import: choose a file, look at what it would do, then confirm.

Nothing is kept on the server between the two: the file's text travels in the confirming form, and is read and
checked again there. So it works without JavaScript, in any process, and an abandoned import leaves nothing
behind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import clock
from kernel.csv_files import CsvFile, decode_text, render_rejected_csv
from kernel.database import Reader, as_reader
from kernel.errors import ErrorType, LocalizedText
from kernel.file_import import ImportPlan, ImportReport, RejectedLine
from kernel.formats import Lang
from kernel.parsing import parse_date
from tenants.file_threads import read_in_thread, write_in_thread
from ui.bodies import LARGEST_UPLOAD, LARGEST_WITH_FILE
from ui.errors import UNREADABLE_FORM
from ui.forms import read_form
from ui.guards import officer
from ui.needs import AnyRequest, TheDatabase, TheTenant, TheViewer
from ui.rendering import page, see_other
from ui.sent_fields import fields_of
from ui.viewer import visit_of
from ui.words import words

LARGEST_FILE: Final = 2_000_000
SHOWN_BAD_LINES: Final = 200
SHOWN_GOOD_LINES: Final = 10
UPLOAD: Final = "imports/upload.html"
BYTE_ORDER_MARK: Final = "\ufeff"  # without it Excel takes UTF-8 for something else

FILE_TOO_LARGE = ErrorType(
    "ui.import_too_large",
    422,
    id="Berkas ini terlalu besar. Paling besar {megabytes} MB; bagilah menjadi beberapa berkas, "
    "masing-masing dengan baris judulnya.",
    en="This file is too large. At most {megabytes} MB; divide it into several files, each with its "
    "header line.",
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


Cells = Sequence[str]


class Subject(msgspec.Struct, frozen=True):
    """What is imported: its address and words, its columns with what each takes, an example, and the two use
    cases behind its pages.

    ``plan`` (reader, content, as_of=) tells what a file would do, ``take`` (session, actor, content, as_of=,
    skip_bad=) does it. ``heads`` and ``cells`` show its first good lines; a head beside "num" is a column of
    figures.
    """

    place: str
    path: str
    title: LocalizedText
    lead: LocalizedText
    back: tuple[LocalizedText, str]
    balances: LocalizedText
    columns: Sequence[tuple[str, LocalizedText]]
    file_name: str
    example: str
    plan: Callable[..., Awaitable[tuple[CsvFile, ImportPlan[Any]]]]
    take: Callable[..., Awaitable[tuple[CsvFile, ImportReport]]]
    heads: Sequence[LocalizedText | tuple[LocalizedText, str]]
    cells: Callable[[Any, Lang], Cells]


def import_routes(subject: Subject) -> list[Any]:
    """Return the pages of an import: choose a file, see its good and bad lines, confirm; an example, and the
    bad lines to mend.
    """

    @get(subject.path, guards=[officer], sync_to_thread=False)
    def choose_file(request: AnyRequest) -> Response[bytes]:
        return page(request, UPLOAD, form=None, **_upload_context(request, subject))

    @get(f"{subject.path}/contoh.csv", guards=[officer], sync_to_thread=False)
    def example() -> Response[bytes]:
        return _csv_file(BYTE_ORDER_MARK + subject.example, f"{subject.file_name}.csv")

    @post(subject.path, guards=[officer], status_code=200, request_max_body_size=LARGEST_UPLOAD)
    async def preview(request: AnyRequest, database: TheDatabase, tenant: TheTenant) -> Response[bytes]:
        form = await read_form(request, UploadForm)
        async with form.or_again(UPLOAD, field="file", **_upload_context(request, subject)):
            sent = SentBack(await text_of(form.data.file), form.data.as_of, skip_bad=False)
            looked = await read_in_thread(database, tenant, lambda ro: _look(ro, subject, sent))
        return _preview(request, subject, looked, sent)

    @post(f"{subject.path}/pencatatan", guards=[officer], request_max_body_size=LARGEST_WITH_FILE)
    async def record(
        request: AnyRequest, database: TheDatabase, tenant: TheTenant, viewer: TheViewer
    ) -> Response[Any]:
        sent = await sent_back(request)

        async def take(db: AsyncSession) -> ImportReport | _Looked:
            _, report = await subject.take(
                db, viewer.as_officer(), sent.content, as_of=sent.as_of, skip_bad=sent.skip_bad
            )
            # bad lines that appeared since the preview: nothing was written
            if report.rejected and not sent.skip_bad:
                return await _look(as_reader(db), subject, sent)
            return report

        taken = await write_in_thread(database, tenant, take)
        if isinstance(taken, _Looked):
            return _preview(request, subject, taken, sent, status=409)
        return see_other(subject.back[1], flash=_done(request, taken))

    @post(
        f"{subject.path}/ditolak", guards=[officer], status_code=200, request_max_body_size=LARGEST_WITH_FILE
    )
    async def give_rejected(request: AnyRequest, database: TheDatabase, tenant: TheTenant) -> Response[bytes]:
        sent, lang = await sent_back(request), visit_of(request).lang

        async def write(ro: Reader) -> str:
            file, plan = await subject.plan(ro, sent.content, as_of=sent.as_of)
            return _rejected_file(file, plan.rejected, lang)

        return _csv_file(await read_in_thread(database, tenant, write), f"{subject.file_name}.rejected.csv")

    return [choose_file, example, preview, record, give_rejected]


class _Looked(msgspec.Struct, frozen=True):
    """What a file would do, and its bad lines that are shown, by their numbers and as they came."""

    plan: ImportPlan[Any]
    bad: dict[int, str]


async def _look(ro: Reader, subject: Subject, sent: SentBack) -> _Looked:
    file, plan = await subject.plan(ro, sent.content, as_of=sent.as_of)
    shown = {each.line for each in plan.rejected[:SHOWN_BAD_LINES]}
    bad = {row.line: " · ".join(cell for cell in row.raw if cell)[:120] for row in _lines(file, shown)}
    return _Looked(plan, bad)


async def text_of(upload: UploadFile) -> str:
    """The text of an uploaded file as a browser will send it back.

    Raises DomainError: ui.import_too_large, kernel.csv_….
    """
    content = await upload.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise FILE_TOO_LARGE(megabytes=LARGEST_FILE // 1_000_000)
    return _plain_line_ends(decode_text(content))


async def sent_back(request: AnyRequest) -> SentBack:
    """Read the confirming form.

    Raises DomainError: ui.unreadable_form, ui.import_too_large, kernel.not_a_date.
    """
    sent = await fields_of(request)
    content, as_of = await sent.get("content"), await sent.get("as_of")
    if not isinstance(content, str) or not isinstance(as_of, str):
        raise UNREADABLE_FORM()
    content = _plain_line_ends(content)  # a browser sends two letters for each, the file may have had one
    if len(content) > LARGEST_FILE:
        raise FILE_TOO_LARGE(megabytes=LARGEST_FILE // 1_000_000)
    return SentBack(content, parse_date(as_of), await sent.get("skip_bad") == "1")


def _upload_context(request: AnyRequest, subject: Subject) -> dict[str, Any]:
    today = clock.today(visit_of(request).brand.timezone)
    return {"place": subject.place, "subject": subject, "as_of": date(today.year, 1, 1), "today": today}


def _preview(
    request: AnyRequest, subject: Subject, looked: _Looked, sent: SentBack, *, status: int = 200
) -> Response[bytes]:
    """Show what a file would do: how many lines of which kind, the bad ones with their reasons, the first
    good ones.
    """
    lang, plan = visit_of(request).lang, looked.plan
    return page(
        request,
        "imports/preview.html",
        status=status,
        place=subject.place,
        subject=subject,
        sent=sent,
        counts={"new": len(plan.new), "changed": len(plan.changed), "unchanged": plan.unchanged},
        good=len(plan.accepted),
        rejected=len(plan.rejected),
        bad=[
            (each.line, each.reason.message(lang), looked.bad.get(each.line, ""))
            for each in plan.rejected[:SHOWN_BAD_LINES]
        ],
        heads=[
            head.localize(lang) if isinstance(head, LocalizedText) else (head[0].localize(lang), head[1])
            for head in subject.heads
        ],
        rows=[subject.cells(line, lang) for line in plan.accepted[:SHOWN_GOOD_LINES]],
    )


def _rejected_file(file: CsvFile, rejected: Sequence[RejectedLine], lang: Lang) -> str:
    text = render_rejected_csv(file, {bad.line: bad.reason.message(lang) for bad in rejected})
    return BYTE_ORDER_MARK + text.removeprefix(BYTE_ORDER_MARK)


def _csv_file(text: str, name: str) -> Response[bytes]:
    return Response(
        text.encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _done(request: AnyRequest, report: ImportReport) -> str:
    say = words(visit_of(request).lang).gettext
    parts = [say("%(n)s baris dimasukkan.") % {"n": report.imported}]
    if report.unchanged:
        parts.append(say("%(n)s baris sudah ada.") % {"n": report.unchanged})
    if report.rejected:
        parts.append(say("%(n)s baris dilewati.") % {"n": len(report.rejected)})
    return " ".join(parts)


def _lines(file: CsvFile, numbers: set[int]) -> list[Any]:
    return [row for row in file.rows() if row.line in numbers] if numbers else []


def _plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
