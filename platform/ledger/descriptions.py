"""What journals and payments say they are for: stored as a code with parameters, worded when shown.

A code and the placeholders of its sentence never change: rows that name them stay. Some parameters have a
meaning of their own: ``day`` is a date, ``method`` the code of a payment method; ``original``, ``label`` and
``reason`` are other descriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from string import Formatter
from typing import Any, Final

import msgspec

from kernel.errors import LocalizedText
from kernel.formats import Lang

PAYMENT_METHOD_NAMES: Final[Mapping[str, LocalizedText]] = {
    "cash": LocalizedText("Tunai saat barang diterima"),
    "bank_transfer": LocalizedText("Transfer bank"),
    "qris": LocalizedText("QRIS"),
    "stripe": LocalizedText("Kartu (Stripe)", context="governance.rules"),
    "midtrans": LocalizedText("Bank, dompet digital, kartu (Midtrans)"),
    "xendit": LocalizedText("Bank, dompet digital, QRIS (Xendit)"),
    "savings": LocalizedText("Simpanan sukarela", context="governance.rules"),
    "wallet": LocalizedText("Dompet anggota"),
    "kasbon": LocalizedText("Kasbon"),
    "payroll": LocalizedText("Potong gaji"),
}
DESCRIPTIONS: Final[Mapping[str, LocalizedText]] = {
    "banking.fee": LocalizedText("Biaya {method} {movement}"),
    "banking.payout": LocalizedText("Pencairan dana dari {method} ke bank"),
    "banking.payout_arrived": LocalizedText("Uang {method} masuk rekening"),
    "banking.payout_returned": LocalizedText("Pencairan dana dari {method} kembali"),
    "credit.payroll": LocalizedText("Potong gaji, {batch}"),
    "credit.payroll_excess": LocalizedText("Potong gaji yang lebih, {name}"),
    "credit.payroll_shortfall": LocalizedText("Potong gaji yang kurang menjadi kasbon, {name}"),
    "credit.repayment": LocalizedText("Pelunasan kasbon {name} ({number})"),
    "credit.top_up": LocalizedText("Isi dompet {name} ({number})"),
    "ledger.reversal": LocalizedText("Pembalikan: {original} ({reason})"),
    "members.opening": LocalizedText("Saldo awal simpanan anggota {number}"),
    "payments.fee": LocalizedText("Biaya {method}, {label}"),
    "payments.paid": LocalizedText("{label} dibayar, {method}"),
    "payments.refund": LocalizedText("Pengembalian uang, {label} ({reason})"),
    "payments.refunded_at_provider": LocalizedText("Dikembalikan di {method}"),
    "payments.repayment": LocalizedText("Pelunasan kasbon"),
    "payments.top_up": LocalizedText("Isi dompet", context="payments.label"),
    "payments.trial": LocalizedText("Percobaan {method}"),
    "savings.deposit_mandatory": LocalizedText("Setoran simpanan wajib {name} ({number})"),
    "savings.deposit_principal": LocalizedText("Setoran simpanan pokok {name} ({number})"),
    "savings.deposit_voluntary": LocalizedText("Setoran simpanan sukarela {name} ({number})"),
    "savings.withdrawal": LocalizedText("Penarikan simpanan sukarela {name} ({number})"),
    "shop.goods_received": LocalizedText("Barang masuk: {quantity} {product}"),
    "shop.imported_purchase": LocalizedText("Pembelian barang terjual {day}, anggota {number} (impor)"),
    "shop.imported_sale": LocalizedText("Penjualan tunai {day}, anggota {number} (impor)"),
    "shop.opening_stock": LocalizedText("Stok awal {product}"),
    "shop.opening_stocks": LocalizedText("Saldo awal persediaan, {count} macam barang", counted="count"),
    "shop.order": LocalizedText("Pesanan {number}"),
    "shop.rebate": LocalizedText("Retur, pesanan {number}"),
    "shop.sale": LocalizedText("Penjualan, pesanan {number}"),
    "shop.stock_counted": LocalizedText("Hitung stok {product}: {difference}"),
}
# Selects the column `description` of a view that inherits DescribedRow; the journal is `j`.
DESCRIPTION_COLUMN: Final = (
    "coalesce(to_jsonb(j.description), jsonb_build_object('code', j.description_code, 'params', "
    "j.description_params)) AS description"
)
_DESCRIBED_COLUMNS: Final = {"description", "label", "reason"}
_NESTED_PARAMS: Final = {"original", "label", "reason"}


class JournalDescription(msgspec.Struct, frozen=True):
    """What a journal or a payment is for: a code with its parameters, or the text that somebody typed."""

    code: str | None = None
    params: Mapping[str, Any] = {}
    text: str = ""

    def localize(self, lang: Lang) -> str:
        """Return the description in words.

        A code that this version does not know, or whose parameters do not fit, stands for itself: a page of
        the books opens whatever a row holds.
        """
        if self.code is None:
            return self.text
        known = DESCRIPTIONS.get(self.code)
        if known is None:
            return self.code
        try:
            params = {name: _read_param(name, value) for name, value in self.params.items()}
            return known.format(**params).localize(lang)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError, RecursionError):
            return self.code

    def to_json(self) -> str | dict[str, Any]:
        """Return what ``parse_description`` reads."""
        return self.text if self.code is None else {"code": self.code, "params": dict(self.params)}

    def __str__(self) -> str:
        return self.localize("id")


def describe(code: str, **params: object) -> JournalDescription:
    """Return the description with this code.

    Raises KeyError for an unknown code, TypeError when a parameter of its sentence is missing.
    """
    wanted = {name for _, name, _, _ in Formatter().parse(DESCRIPTIONS[code].text) if name}
    if wanted != params.keys():
        raise TypeError(f"{code} takes {', '.join(sorted(wanted))}, not {', '.join(sorted(params))}")
    return JournalDescription(code, {name: _store_param(value) for name, value in params.items()})


def parse_description(stored: str | Mapping[str, Any]) -> JournalDescription:
    """Return a description from what ``DESCRIPTION_COLUMN`` selects."""
    if isinstance(stored, str):
        return JournalDescription(text=stored)
    return JournalDescription(stored["code"], stored["params"])


class DescribedRow(msgspec.Struct, frozen=True):
    """A view whose columns ``description``, ``label`` and ``reason`` are read into a JournalDescription."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            stored = getattr(self, name) if name in _DESCRIBED_COLUMNS else None
            if stored is not None and not isinstance(stored, JournalDescription):
                msgspec.structs.force_setattr(self, name, parse_description(stored))


def _store_param(value: object) -> object:
    if isinstance(value, JournalDescription):
        return value.to_json()
    if isinstance(value, date):
        return value.isoformat()
    return value


def _read_param(name: str, value: Any) -> object:
    if name in _NESTED_PARAMS:
        return parse_description(value)
    if name == "day":
        return date.fromisoformat(value)
    if name == "method":
        return PAYMENT_METHOD_NAMES.get(value, value)
    return value
