"""The pages of every import: choose a file, preview its effect, then confirm.

The server stores nothing between preview and confirmation: the confirming form contains the file's text,
which is parsed and checked again. So an import works without JavaScript and in any process, and an abandoned
import leaves no data.
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
from kernel.translations import get_translations
from tenants.file_thread_pool import read_in_thread, write_in_thread
from ui.context import get_context
from ui.dependencies import AnyRequest, CurrentDatabase, CurrentTenant, CurrentUser
from ui.errors import UNREADABLE_FORM
from ui.form_data import read_form_data
from ui.forms import read_form
from ui.guards import may
from ui.rendering import render_page, see_other
from ui.request_body import MAX_FORM_WITH_FILE_BYTES, MAX_UPLOAD_BYTES

MAX_FILE_BYTES: Final = 2_000_000
MAX_BAD_LINES_SHOWN: Final = 200
MAX_GOOD_LINES_SHOWN: Final = 10
UPLOAD_TEMPLATE: Final = "imports/upload.html"
BYTE_ORDER_MARK: Final = "\ufeff"  # without it, Excel does not detect UTF-8

FILE_TOO_LARGE = ErrorType(
    "ui.import_too_large",
    422,
    "Berkas ini terlalu besar. Paling besar {megabytes} MB; bagilah menjadi beberapa berkas, "
    "masing-masing dengan baris judulnya.",
)


class UploadForm(msgspec.Struct, forbid_unknown_fields=True):
    """A file, and the date of the opening balances in it."""

    file: UploadFile
    as_of: date


class ConfirmedFile(msgspec.Struct, frozen=True):
    """A previewed file that the officer confirmed; ``skip_bad`` imports only its valid lines."""

    content: str
    as_of: date
    skip_bad: bool


RowCells = Sequence[str]


class ImportDefinition(msgspec.Struct, frozen=True):
    """One kind of import: its path, texts, columns, example, and the two use cases behind its pages.

    ``plan_import`` (reader, content, as_of=) computes the effect of a file; ``run_import`` (session, actor,
    content, as_of=, skip_bad=) writes it. ``column_headings`` and ``format_row`` show its first valid lines;
    a heading paired with "num" is a column of numbers.
    """

    active_menu: str
    path: str
    permission: str
    title: LocalizedText
    lead: LocalizedText
    back: tuple[LocalizedText, str]
    balances_hint: LocalizedText
    columns: Sequence[tuple[str, LocalizedText]]
    file_name: str
    example: str
    plan_import: Callable[..., Awaitable[tuple[CsvFile, ImportPlan[Any]]]]
    run_import: Callable[..., Awaitable[tuple[CsvFile, ImportReport]]]
    column_headings: Sequence[LocalizedText | tuple[LocalizedText, str]]
    format_row: Callable[[Any, Lang], RowCells]


def build_import_routes(definition: ImportDefinition) -> list[Any]:
    """Return the handlers of an import: choose a file, preview, confirm, example, and rejected lines."""
    may_import = may(definition.permission)

    @get(definition.path, guards=[may_import], sync_to_thread=False)
    def show_upload_form(request: AnyRequest) -> Response[bytes]:
        return render_page(request, UPLOAD_TEMPLATE, form=None, **_upload_context(request, definition))

    @get(f"{definition.path}/contoh.csv", guards=[may_import], sync_to_thread=False)
    def show_example() -> Response[bytes]:
        return _csv_response(BYTE_ORDER_MARK + definition.example, f"{definition.file_name}.csv")

    @post(definition.path, guards=[may_import], status_code=200, request_max_body_size=MAX_UPLOAD_BYTES)
    async def preview_import(
        request: AnyRequest, database: CurrentDatabase, tenant: CurrentTenant
    ) -> Response[bytes]:
        form = await read_form(request, UploadForm)
        async with form.rerender_on_error(
            UPLOAD_TEMPLATE, field="file", **_upload_context(request, definition)
        ):
            sent = ConfirmedFile(await read_upload_text(form.data.file), form.data.as_of, skip_bad=False)
            preview = await read_in_thread(database, tenant, lambda ro: _load_preview(ro, definition, sent))
        return _preview_page(request, definition, preview, sent)

    @post(
        f"{definition.path}/pencatatan",
        guards=[may_import],
        request_max_body_size=MAX_FORM_WITH_FILE_BYTES,
    )
    async def submit_import(
        request: AnyRequest, database: CurrentDatabase, tenant: CurrentTenant, viewer: CurrentUser
    ) -> Response[Any]:
        sent = await read_confirmed_file(request)

        async def take(db: AsyncSession) -> ImportReport | _Preview:
            _, report = await definition.run_import(
                db, viewer.as_officer(), sent.content, as_of=sent.as_of, skip_bad=sent.skip_bad
            )
            # bad lines that appeared since the preview: nothing was written
            if report.rejected and not sent.skip_bad:
                return await _load_preview(as_reader(db), definition, sent)
            return report

        taken = await write_in_thread(database, tenant, take)
        if isinstance(taken, _Preview):
            return _preview_page(request, definition, taken, sent, status=409)
        return see_other(definition.back[1], flash=_result_message(request, taken))

    @post(
        f"{definition.path}/ditolak",
        guards=[may_import],
        status_code=200,
        request_max_body_size=MAX_FORM_WITH_FILE_BYTES,
    )
    async def submit_rejected_request(
        request: AnyRequest, database: CurrentDatabase, tenant: CurrentTenant
    ) -> Response[bytes]:
        sent, lang = await read_confirmed_file(request), get_context(request).lang

        async def write(ro: Reader) -> str:
            file, plan = await definition.plan_import(ro, sent.content, as_of=sent.as_of)
            return _format_rejected_csv(file, plan.rejected, lang)

        return _csv_response(
            await read_in_thread(database, tenant, write), f"{definition.file_name}.rejected.csv"
        )

    return [show_upload_form, show_example, preview_import, submit_import, submit_rejected_request]


class _Preview(msgspec.Struct, frozen=True):
    """The plan of a file, and the text of the rejected lines that are shown, by line number."""

    plan: ImportPlan[Any]
    bad: dict[int, str]


async def _load_preview(ro: Reader, definition: ImportDefinition, sent: ConfirmedFile) -> _Preview:
    file, plan = await definition.plan_import(ro, sent.content, as_of=sent.as_of)
    shown = {each.line for each in plan.rejected[:MAX_BAD_LINES_SHOWN]}
    bad = {row.line: " · ".join(cell for cell in row.raw if cell)[:120] for row in _select_lines(file, shown)}
    return _Preview(plan, bad)


async def read_upload_text(upload: UploadFile) -> str:
    """Return the text of an uploaded file with newlines normalized to one character.

    Raises DomainError: ui.import_too_large, kernel.csv_….
    """
    return _normalize_newlines(decode_text(await read_upload(upload)))


async def read_upload(upload: UploadFile) -> bytes:
    """Return the content of an uploaded file. Raises DomainError: ui.import_too_large."""
    content = await upload.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise FILE_TOO_LARGE(megabytes=MAX_FILE_BYTES // 1_000_000)
    return content


async def read_confirmed_file(request: AnyRequest) -> ConfirmedFile:
    """Read the confirming form.

    Raises DomainError: ui.unreadable_form, ui.import_too_large, kernel.not_a_date.
    """
    sent = await read_form_data(request)
    content, as_of = await sent.get("content"), await sent.get("as_of")
    if not isinstance(content, str) or not isinstance(as_of, str):
        raise UNREADABLE_FORM()
    content = _normalize_newlines(content)  # browsers send CRLF for each newline
    if len(content) > MAX_FILE_BYTES:
        raise FILE_TOO_LARGE(megabytes=MAX_FILE_BYTES // 1_000_000)
    return ConfirmedFile(content, parse_date(as_of), await sent.get("skip_bad") == "1")


def _upload_context(request: AnyRequest, definition: ImportDefinition) -> dict[str, Any]:
    today = clock.today(get_context(request).brand.timezone)
    return {
        "active_menu": definition.active_menu,
        "definition": definition,
        "as_of": date(today.year, 1, 1),
        "today": today,
    }


def _preview_page(
    request: AnyRequest,
    definition: ImportDefinition,
    preview_import: _Preview,
    sent: ConfirmedFile,
    *,
    status: int = 200,
) -> Response[bytes]:
    """Render the preview: counts of lines, rejected lines with reasons, and the first valid lines."""
    lang, plan = get_context(request).lang, preview_import.plan
    return render_page(
        request,
        "imports/preview.html",
        status=status,
        active_menu=definition.active_menu,
        definition=definition,
        sent=sent,
        counts={"new": len(plan.new), "changed": len(plan.changed), "unchanged": plan.unchanged},
        good=len(plan.accepted),
        rejected=len(plan.rejected),
        bad=[
            (each.line, each.reason.localize(lang), preview_import.bad.get(each.line, ""))
            for each in plan.rejected[:MAX_BAD_LINES_SHOWN]
        ],
        column_headings=[
            head.localize(lang) if isinstance(head, LocalizedText) else (head[0].localize(lang), head[1])
            for head in definition.column_headings
        ],
        rows=[definition.format_row(line, lang) for line in plan.accepted[:MAX_GOOD_LINES_SHOWN]],
    )


def _format_rejected_csv(file: CsvFile, rejected: Sequence[RejectedLine], lang: Lang) -> str:
    text = render_rejected_csv(file, {bad.line: bad.reason.localize(lang) for bad in rejected})
    return BYTE_ORDER_MARK + text.removeprefix(BYTE_ORDER_MARK)


def _csv_response(text: str, name: str) -> Response[bytes]:
    return Response(
        text.encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _result_message(request: AnyRequest, report: ImportReport) -> str:
    counted = get_translations(get_context(request).lang).ngettext
    new, known, rejected = report.imported, report.unchanged, len(report.rejected)
    parts = [counted("%(n)s baris dimasukkan.", "%(n)s baris dimasukkan.", new) % {"n": new}]
    if known:
        parts.append(counted("%(n)s baris sudah ada.", "%(n)s baris sudah ada.", known) % {"n": known})
    if rejected:
        parts.append(counted("%(n)s baris dilewati.", "%(n)s baris dilewati.", rejected) % {"n": rejected})
    return " ".join(parts)


def _select_lines(file: CsvFile, numbers: set[int]) -> list[Any]:
    return [row for row in file.rows() if row.line in numbers] if numbers else []


def _normalize_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
