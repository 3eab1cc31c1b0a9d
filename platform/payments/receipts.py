"""The receipt of a payment: the same lines on the page and in the PDF.

typst renders the PDF; the content is passed as data, never as source.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import typst

from governance.rules import PAYMENT_METHOD_NAMES
from kernel import formats
from kernel.formats import Lang
from kernel.translations import get_translations
from payments.member_funds import CREDIT_METHODS
from payments.payer_status import SETTLED_STATUSES, payer_status

if TYPE_CHECKING:
    from datetime import datetime

    from payments.payer_queries import PayerPaymentView, PayerRefundView
    from ui.context import Brand

_TEMPLATE: Final = Path(__file__).with_name("receipt.typ")


class PaymentReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a receipt, in the reader's language.

    Amounts are in rupiah. `lines` sum to `total`, the amount paid, or the amount owed if `on_credit`.
    """

    title: str
    reference: str
    when: str
    settled_at: datetime
    lines: list[tuple[str, int]]
    total: int
    refunds: list[tuple[str, int]]
    net_total: int
    method: str
    payer: str | None
    on_credit: bool
    notes: list[str]


def build_receipt(
    payment: PayerPaymentView,
    refunds: Sequence[PayerRefundView],
    brand: Brand,
    lang: Lang,
    now: datetime,
    *,
    with_payer_name: bool,
) -> PaymentReceipt | None:
    """Return the receipt, or None for a payment that was not paid.

    ``with_payer_name`` prints the payer's name.
    """
    if payment.settled_at is None or payer_status(payment, now) not in SETTLED_STATUSES:
        return None
    say = get_translations(lang).gettext
    lines = [(payment.label.localize(lang), payment.amount - payment.unique_suffix)]
    if payment.unique_suffix:
        lines.append((say("Angka pengenal transfer"), payment.unique_suffix))
    done = [each for each in refunds if each.status == "done"]
    notes = []
    if payment.method == "kasbon":
        notes.append(say("Dicatat sebagai kasbon. Bukti ini bukan tanda lunas."))
    if payment.method == "payroll":
        notes.append(say("Dicatat untuk dipotong dari gaji. Bukti ini bukan tanda lunas."))
    if payment.applied_to == "wallet":
        notes.append(say("Uangnya masuk dompet anggota."))
    if payment.applied_to == "owed":
        notes.append(say("Uangnya disimpan koperasi untuk dikembalikan kepada pembayar."))
    if not payment.live:
        notes.append(say("Uji coba: tidak ada uang yang berpindah."))
    return PaymentReceipt(
        title={"kasbon": say("Bukti kasbon"), "payroll": say("Bukti potong gaji")}.get(
            payment.method, say("Bukti pembayaran")
        ),
        reference=payment.reference,
        when=formats.date_time(payment.settled_at, lang, brand.timezone),
        settled_at=payment.settled_at,
        lines=lines,
        total=payment.amount,
        refunds=[
            (
                say("Dikembalikan %(when)s")
                % {"when": formats.date_time(each.ended_at or each.requested_at, lang, brand.timezone)},
                each.amount,
            )
            for each in done
        ],
        net_total=payment.amount - sum(each.amount for each in done),
        method=PAYMENT_METHOD_NAMES[payment.method].localize(lang),
        payer=payment.payer_name if with_payer_name else None,
        on_credit=payment.method in CREDIT_METHODS,
        notes=notes,
    )


async def render_receipt_pdf(receipt: PaymentReceipt, brand: Brand, lang: Lang) -> bytes:
    """Return the receipt as a PDF of one narrow page; the same receipt gives the same bytes."""
    return await asyncio.to_thread(_compile, receipt, brand, lang)


def _compile(receipt: PaymentReceipt, brand: Brand, lang: Lang) -> bytes:
    made = typst.compile(
        str(_TEMPLATE),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_template_data(receipt, brand, lang), ensure_ascii=False)},
        timestamp=int(receipt.settled_at.timestamp()),
    )
    assert isinstance(made, bytes)
    return made


def _template_data(receipt: PaymentReceipt, brand: Brand, lang: Lang) -> dict[str, object]:
    say = get_translations(lang).gettext

    def written(lines: Sequence[tuple[str, int]]) -> list[list[str]]:
        return [[label, formats.rupiah(amount, lang)] for label, amount in lines]

    params = [
        [say("Nomor rujukan"), receipt.reference],
        [say("Dicatat") if receipt.on_credit else say("Diterima"), receipt.when],
    ]
    params.append([say("Cara membayar"), receipt.method])
    if receipt.payer:
        params.append([say("Dari"), receipt.payer])
    return {
        "lang": lang,
        "title": receipt.title,
        "shop": brand.name,
        "address": brand.address,
        "phone": brand.phone,
        "facts": params,
        "lines": written(receipt.lines),
        "total": [say("Jumlah"), formats.rupiah(receipt.total, lang)],
        "back": written([(label, -amount) for label, amount in receipt.refunds]),
        "kept": [say("Sisa sesudah pengembalian"), formats.rupiah(receipt.net_total, lang)],
        "notes": receipt.notes,
    }
