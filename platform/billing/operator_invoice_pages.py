"""Operators' pages of invoices: what is open, confirming that the money is there, closing what will not be
paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from billing import operator_queries, queries, showing
from billing.errors import NO_SUCH_INVOICE, NOT_OPEN, WRONG_AMOUNT
from billing.forms import ClosingForm, PaymentForm, StatementForm
from billing.matching import match_statement
from billing.papers import invoice_paper
from billing.settling import confirm_payment, give_up, void
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.money import Rupiah
from tenants.file_threads import compute_in_thread
from tenants.session import shared_reader
from ui import AnyRequest, Db, Ro, TheDatabase, TheVisit, operator, page, read_form, see_other
from ui.bodies import LARGEST_UPLOAD
from ui.imports import FILE_TOO_LARGE, LARGEST_FILE

if TYPE_CHECKING:
    from kernel.formats import Lang

HOME: Final = "/langganan/tagihan"
PLACE: Final = "langganan"
ONE: Final = "billing/operator_invoice.html"


@get(HOME, guards=[operator])
async def list_open(request: AnyRequest, ro: Ro, visit: TheVisit) -> Response[bytes]:
    """List what is open, the oldest first."""
    rows = await operator_queries.open_invoices(ro)
    return page(
        request,
        "billing/operator_open.html",
        place=PLACE,
        rows=rows,
        states=showing.in_words(showing.STATUS, visit.lang),
        today=clock.today(),
        total=sum(row.to_pay for row in rows),
    )


@get("/langganan/mutasi", guards=[operator], sync_to_thread=False)
def ask_for_statement(request: AnyRequest) -> Response[bytes]:
    """Ask for a statement of the platform's account."""
    return page(request, "billing/operator_statement.html", place=PLACE, form=None, matches=None)


@post("/langganan/mutasi", guards=[operator], status_code=200, request_max_body_size=LARGEST_UPLOAD)
async def read_statement_of_bank(request: AnyRequest, database: TheDatabase) -> Response[Any]:
    """Show which open invoices its lines pay; each is confirmed like any other payment."""
    form = await read_form(request, StatementForm)
    async with form.or_again("billing/operator_statement.html", field="file", place=PLACE, matches=None):
        raw = await form.data.file.read(LARGEST_FILE + 1)
        if len(raw) > LARGEST_FILE:
            raise FILE_TOO_LARGE(megabytes=LARGEST_FILE // 1_000_000)
        async with shared_reader(database) as ro:
            rows = await operator_queries.open_invoices(ro, 10_000)
            used = await operator_queries.references_used(ro)
        today = clock.today()
        matches = await compute_in_thread(
            database, "platform", lambda: match_statement(raw, rows, used, today)
        )
    return page(request, "billing/operator_statement.html", place=PLACE, form=None, matches=matches)


@get(f"{HOME}/{{number:str}}", guards=[operator])
async def show_invoice(
    request: AnyRequest, ro: Ro, visit: TheVisit, number: FromPath[str]
) -> Response[bytes]:
    """Show one, and what can be done with it."""
    return page(request, ONE, place=PLACE, form=None, **await _invoice(ro, visit.lang, number))


@get(f"{HOME}/{{number:str}}/pdf", guards=[operator])
async def download_invoice(ro: Ro, visit: TheVisit, number: FromPath[str]) -> Response[bytes]:
    """Give it as PDF."""
    found = (await _invoice(ro, visit.lang, number))["invoice"]
    return await invoice_paper(visit.database.settings, found, await queries.lines(ro, found.id), visit.lang)


@post(f"{HOME}/{{number:str}}/pelunasan", guards=[operator])
async def take_payment(request: AnyRequest, db: Db, visit: TheVisit, number: FromPath[str]) -> Response[Any]:
    """Ask once more in a sentence, then take down that the money is there."""
    form = await read_form(request, PaymentForm)
    context = await _invoice(as_reader(db), visit.lang, number)
    found = context["invoice"]
    async with form.or_again(ONE, field="amount", place=PLACE, **context):
        if found.state != "open":
            raise NOT_OPEN(number=number)
        if form.data.amount != found.to_pay:
            raise WRONG_AMOUNT(
                number=number, due=Rupiah(found.to_pay), given=form.data.amount, field="amount"
            )
        if not form.data.confirmed:
            way = showing.WAYS[form.data.way].localize(visit.lang)
            return page(
                request, "billing/operator_payment.html", place=PLACE, paid=form.data, way=way, **context
            )
        await confirm_payment(
            db,
            visit.database.settings,
            number,
            amount=form.data.amount,
            way=form.data.way,
            reference=form.data.reference,
            by=visit.operator.name,
            on=clock.today(),
        )
    return see_other(f"/langganan/koperasi/{context['slug']}")


@post(f"{HOME}/{{number:str}}/penutupan", guards=[operator])
async def take_closing(request: AnyRequest, db: Db, visit: TheVisit, number: FromPath[str]) -> Response[Any]:
    """Ask once more in a sentence, then call it off or give it up."""
    form = await read_form(request, ClosingForm)
    context = await _invoice(as_reader(db), visit.lang, number)
    async with form.or_again(ONE, field="reason", place=PLACE, **context):
        if context["invoice"].state != "open":
            raise NOT_OPEN(number=number)
        if not form.data.confirmed:
            return page(request, "billing/operator_closing.html", place=PLACE, closing=form.data, **context)
        close = void if form.data.what == "void" else give_up
        await close(
            db,
            visit.database.settings,
            number,
            reason=form.data.reason,
            by=visit.operator.name,
            on=clock.today(),
        )
    return see_other(f"/langganan/koperasi/{context['slug']}")


async def _invoice(ro: Reader, lang: Lang, number: str) -> dict[str, Any]:
    slug = await operator_queries.owner_slug(ro, number)
    owner = await operator_queries.cooperative_id(ro, slug) if slug else None
    found = await queries.invoice(ro, owner, number) if owner else None
    if found is None or slug is None:
        raise NO_SUCH_INVOICE(number=number[:40])
    return showing.invoice_facts(found, await queries.lines(ro, found.id), lang) | {
        "slug": slug,
        "note": showing.note_of(found.number),
        "ways": [(way, showing.WAYS[way].localize(lang)) for way in ("bank_transfer", "qris")],
    }


routes: list[Any] = [
    list_open,
    ask_for_statement,
    read_statement_of_bank,
    show_invoice,
    download_invoice,
    take_payment,
    take_closing,
]
