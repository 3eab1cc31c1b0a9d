"""The receipt of a payment: a page to print, and a PDF.

Anybody with the payment's URL may open it; only the payer and officers see the payer's name.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath

from kernel import clock
from kernel.database import Reader
from payments import payer_queries
from payments.errors import NO_SUCH_PAYMENT
from payments.payer_queries import PayerPaymentView
from payments.receipts import PaymentReceipt, build_receipt, render_receipt_pdf
from payments.subject_pages import get_subject_pages
from tenants.session import coop_reader
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    RequestContext,
    Ro,
    render_page,
    see_other,
)
from ui.guards import PUBLIC


@get("/bayar/{reference:str}/bukti", opt=PUBLIC)
async def show_receipt(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, reference: FromPath[str]
) -> Response[Any]:
    """Show the receipt; a payment that is not paid has none."""
    payment, receipt = await _load_receipt(ro, ctx, reference)
    if receipt is None:
        return see_other(f"/bayar/{reference}")
    pages = get_subject_pages(payment.purpose)
    subject = await pages.page_url(ro, payment.subject_id, ctx, of_member=payment.member_id is not None)
    return render_page(request, "payments/receipt.html", payment=payment, receipt=receipt, subject=subject)


@get("/bayar/{reference:str}/bukti.pdf", opt=PUBLIC)
async def download_receipt(
    database: CurrentDatabase, tenant: CurrentTenant, ctx: CurrentContext, reference: FromPath[str]
) -> Response[Any]:
    """Return the receipt as a PDF."""
    async with coop_reader(database, tenant) as ro:
        _, receipt = await _load_receipt(ro, ctx, reference)
    if receipt is None:
        return see_other(f"/bayar/{reference}")
    content = await render_receipt_pdf(receipt, ctx.brand, ctx.lang)
    name = f"bukti-{receipt.reference}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, media_type="application/pdf", headers=headers)


async def _load_receipt(
    ro: Reader, ctx: RequestContext, reference: str
) -> tuple[PayerPaymentView, PaymentReceipt | None]:
    payment = await payer_queries.find_payment(ro, reference)
    if payment is None:
        raise NO_SUCH_PAYMENT()
    refunds = await payer_queries.list_refunds(ro, payment.id)
    viewer = ctx.viewer
    named = viewer is not None and (
        viewer.is_officer or (viewer.member_id is not None and viewer.member_id == payment.member_id)
    )
    return payment, build_receipt(payment, refunds, ctx.brand, ctx.lang, clock.now(), with_payer_name=named)


routes: Final[list[Any]] = [show_receipt, download_receipt]
