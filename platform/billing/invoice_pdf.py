"""Render an invoice as PDF with typst, from its stored lines.

Values are passed to the template as data, never as typst source.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typst
from litestar import Response

from billing import presenters
from billing.plans import catalogue
from kernel import formats
from kernel.errors import LocalizedText, StoredText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billing.queries import InvoiceDetails, InvoiceLineRow
    from kernel.formats import Lang
    from kernel.settings import Settings

_TEMPLATE: Final = Path(__file__).with_name("invoice.typ")
_LABELS: Final = {
    "title": LocalizedText("Tagihan", context="billing.invoice_pdf"),
    "number": LocalizedText("Nomor"),
    "issued": LocalizedText("Tanggal"),
    "due": LocalizedText("Jatuh tempo"),
    "to": LocalizedText("Kepada"),
    "what": LocalizedText("Uraian", context="billing.invoice_pdf"),
    "amount": LocalizedText("Jumlah", context="billing.invoice_pdf"),
    "subtotal": LocalizedText("Jumlah sebelum pajak"),
    "discount": LocalizedText("Potongan"),
    "total": LocalizedText("Jumlah tagihan"),
    "credit": LocalizedText("Saldo di Lumbung"),
    "amount_due": LocalizedText("Harus dibayar"),
    "pay": LocalizedText("Cara membayar"),
    "note": LocalizedText("Tulis di berita transfer"),
    "tax_number": LocalizedText("NPWP"),
    "no_tax": LocalizedText(
        "Tanpa PPN: penerbit bukan Pengusaha Kena Pajak.",
    ),
}


async def render_invoice_pdf(
    settings: Settings, invoice: InvoiceDetails, lines: Sequence[InvoiceLineRow], lang: Lang
) -> Response[bytes]:
    """Return an invoice as a PDF download named after its number. The same invoice gives the same bytes."""
    return Response(
        await asyncio.to_thread(_compile, settings, invoice, lines, lang),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="lumbung-{invoice.number}.pdf"',
            "Cache-Control": "no-store",
        },
    )


def _compile(
    settings: Settings, invoice: InvoiceDetails, lines: Sequence[InvoiceLineRow], lang: Lang
) -> bytes:
    issued = invoice.issued_on
    made = typst.compile(
        str(_TEMPLATE),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_template_data(settings, invoice, lines, lang), ensure_ascii=False)},
        timestamp=int(datetime(issued.year, issued.month, issued.day, tzinfo=UTC).timestamp()),
    )
    assert isinstance(made, bytes)
    return made


def _template_data(
    settings: Settings, invoice: InvoiceDetails, lines: Sequence[InvoiceLineRow], lang: Lang
) -> dict[str, object]:
    """Return the values that the typst template prints, with labels in the reader's language."""
    words = {name: text.localize(lang) for name, text in _LABELS.items()}
    state, _ = presenters.INVOICE_STATUS_LABELS[invoice.status]
    sums = [("subtotal", invoice.subtotal)]
    if invoice.discount:
        sums.append(("discount", -invoice.discount))
    rows = [[words[name], formats.rupiah(amount, lang)] for name, amount in sums]
    if invoice.tax:
        label = StoredText(invoice.tax_label_id, invoice.tax_label_en).localize(lang)
        rows.append([label, formats.rupiah(invoice.tax, lang)])
    rows.append([words["total"], formats.rupiah(invoice.total, lang)])
    if invoice.credit:
        rows.append([words["credit"], formats.rupiah(-invoice.credit, lang)])
    tax = catalogue().find_tax(invoice.issued_on)
    return {
        "lang": lang,
        "words": words,
        "seller": settings.billing_name,
        "seller_address": settings.billing_address,
        "seller_tax_number": settings.billing_tax_number,
        "buyer": invoice.buyer_name,
        "buyer_address": invoice.buyer_address,
        "buyer_tax_number": invoice.buyer_tax_number,
        "number": invoice.number,
        "issued": formats.date_long(invoice.issued_on, lang),
        "due": formats.date_long(invoice.due_on, lang),
        "state": state.localize(lang),
        "open": invoice.status == "open",
        "lines": [
            [StoredText(line.text_id, line.text_en).localize(lang), formats.rupiah(line.amount, lang)]
            for line in lines
        ],
        "sums": rows,
        "amount_due": formats.rupiah(invoice.amount_due, lang),
        "account": settings.billing_bank_account,
        "note": presenters.build_transfer_note(invoice.number),
        "tax_note": tax.source if invoice.tax and tax else "" if settings.billing_pkp else words["no_tax"],
    }
