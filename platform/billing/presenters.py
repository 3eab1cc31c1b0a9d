"""How pages show billing: labels, usage figures, plan features and payment instructions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec
from markupsafe import Markup

from billing.plans import Limit, Plan, catalogue
from billing.rules import percent_used
from gateways.qris import make_dynamic
from gateways.qris_renderer import render_svg
from kernel import formats
from kernel.errors import DomainError, LocalizedText, StoredText
from kernel.formats import Lang
from kernel.money import Rupiah
from tenants.entitlements import NOT_YET_AVAILABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from billing.queries import HistoryRow, InvoiceDetails, InvoiceLineRow
    from kernel.settings import Settings

SUBSCRIPTION_STATUS_LABELS: Final = {
    "trialing": (LocalizedText("Percobaan"), "go"),
    "active": (LocalizedText("Berjalan"), "done"),
    "past_due": (LocalizedText("Jatuh tempo", context="billing.presenters"), "wrong"),
    "read_only": (LocalizedText("Hanya bisa dilihat", context="billing.presenters"), "wrong"),
}
INVOICE_STATUS_LABELS: Final = {
    "open": (LocalizedText("Belum dibayar"), "wait"),
    "paid": (LocalizedText("Lunas"), "done"),
    "void": (LocalizedText("Dibatalkan", context="billing.presenters"), "off"),
    "uncollectible": (LocalizedText("Dihapus buku"), "off"),
}
METHOD_LABELS: Final = {
    "bank_transfer": LocalizedText("Transfer bank"),
    "qris": LocalizedText("QRIS"),
    "card": LocalizedText("Kartu"),
    "credit": LocalizedText("Saldo di Lumbung"),
}
EVENT_LABELS: Final = {
    "billing.trial_begun": LocalizedText("Percobaan dimulai"),
    "billing.trial_end_told": LocalizedText("Diingatkan bahwa percobaan akan berakhir"),
    "billing.trial_ended": LocalizedText("Percobaan berakhir"),
    "billing.period_ended": LocalizedText("Masa paket berakhir"),
    "billing.invoiced": LocalizedText("Tagihan terbit"),
    "billing.reminded": LocalizedText("Diingatkan untuk membayar"),
    "billing.made_read_only": LocalizedText("Hanya bisa dilihat"),
    "billing.opened_again": LocalizedText("Dibuka lagi"),
    "billing.paid": LocalizedText("Tagihan lunas"),
    "billing.void": LocalizedText("Tagihan dibatalkan"),
    "billing.uncollectible": LocalizedText("Tagihan dihapus buku"),
    "billing.plan_chosen": LocalizedText("Paket dipilih"),
    "billing.cancelled": LocalizedText("Dihentikan pada akhir masa"),
    "billing.resumed": LocalizedText("Dilanjutkan"),
    "billing.contact_changed": LocalizedText("Kontak tagihan diganti"),
    "billing.credit_given": LocalizedText("Saldo diberikan"),
    "billing.coupon_entered": LocalizedText("Kupon dimasukkan"),
    "billing.card_begun": LocalizedText("Kartu dipasang"),
    "billing.card_read": LocalizedText("Keadaan dibaca dari Stripe"),
}
METER_LABELS: Final[Mapping[str, LocalizedText]] = {
    "members": LocalizedText("Anggota aktif"),
    "orders": LocalizedText("Pesanan"),
    "messages": LocalizedText("Pesan terkirim"),
    "storage": LocalizedText("Gambar"),
}
ENTITLEMENT_LABELS: Final[Mapping[str, LocalizedText]] = {
    "gateways": LocalizedText("Kartu, QRIS, dan VA lewat Stripe, Midtrans, Xendit"),
    "payroll": LocalizedText("Potong gaji"),
    "custom_domain": LocalizedText("Alamat web sendiri"),
}
# Messages are limited too, but nothing sends any yet, so plans do not advertise them.
LIMIT_LABELS: Final[Mapping[Limit, LocalizedText]] = {
    "members": LocalizedText("{n} anggota", counted="n"),
    "storage": LocalizedText("{n} gambar"),
}
UNLIMITED_LABELS: Final[Mapping[Limit, LocalizedText]] = {
    "members": LocalizedText("Anggota tanpa batas"),
    "storage": LocalizedText("Gambar tanpa batas"),
}
NEVER_LIMITED_LABEL: Final = LocalizedText("Kasir, pesanan, dan buku tanpa batas")


class UsageView(msgspec.Struct, frozen=True):
    """One meter on a page. ``percent`` of the limit is capped at 100 for the bar."""

    meter: str
    name: str
    value_label: str
    limit: str | None
    percent: int | None
    is_over: bool
    is_near: bool


class PaymentInstructions(msgspec.Struct, frozen=True):
    """How to pay an invoice without a card: account, QRIS code, and the transfer note we match it by."""

    amount: Rupiah
    account: str
    note: str
    qr: Markup | None


def localize_labels(
    states: Mapping[str, tuple[LocalizedText, str]], lang: Lang
) -> dict[str, tuple[str, str]]:
    """Return status labels in a language, each with its badge kind."""
    return {state: (words.localize(lang), kind) for state, (words, kind) in states.items()}


def build_invoice_context(
    invoice: InvoiceDetails, lines: Sequence[InvoiceLineRow], lang: Lang
) -> dict[str, Any]:
    """Return what the invoice pages of officers and of operators both show."""
    return {
        "invoice": invoice,
        "lines": [(StoredText(line.text_id, line.text_en).localize(lang), line.amount) for line in lines],
        "tax_label": StoredText(invoice.tax_label_id, invoice.tax_label_en).localize(lang),
        "state": localize_labels(INVOICE_STATUS_LABELS, lang)[invoice.status],
        "paid_method": METHOD_LABELS[invoice.paid_method].localize(lang) if invoice.paid_method else None,
    }


def format_usage(meter: str, value: int, lang: Lang) -> str:
    """Format a usage figure: bytes in MB or GB, rounded up to one decimal; other figures with separators."""
    if meter != "storage":
        return formats.number(value, lang)
    unit, name = (100_000_000, "GB") if value >= 1_000_000_000 else (100_000, "MB")
    return f"{formats.number(Decimal(-(-value // unit)) / 10, lang)} {name}"


def list_plan_features(plan: Plan, lang: Lang) -> list[str]:
    """Return what a plan allows, one line per feature."""
    limited = [
        words.localize(lang).format(n=format_usage(name, plan.limits[name], lang))
        if name in plan.limits
        else UNLIMITED_LABELS[name].localize(lang)
        for name, words in LIMIT_LABELS.items()
    ]
    return [*limited, NEVER_LIMITED_LABEL.localize(lang), *_feature_labels(plan.entitlements, lang)]


def list_lost_features(old: Plan, new: Plan, lang: Lang) -> list[str]:
    """Return the features of ``old`` that ``new`` lacks, one line each."""
    return _feature_labels([name for name in old.entitlements if name not in new.entitlements], lang)


def _feature_labels(entitlements: Sequence[str], lang: Lang) -> list[str]:
    return [ENTITLEMENT_LABELS[name].localize(lang) for name in entitlements if name not in NOT_YET_AVAILABLE]


def build_usage_view(
    meter: Limit,
    value: int,
    plan: Plan,
    lang: Lang,
) -> UsageView:
    """Build the view of one usage figure and its limit."""
    limit = plan.limits.get(meter)
    share = percent_used(value, limit)
    return UsageView(
        meter,
        METER_LABELS[meter].localize(lang),
        format_usage(meter, value, lang),
        None if limit is None else format_usage(meter, limit, lang),
        None if share is None else min(share, 100),
        is_over=limit is not None and value > limit,
        is_near=share is not None and share >= catalogue().warning.percent,
    )


def build_transfer_note(number: str) -> str:
    """Return the note for a transfer, short enough for every bank: "LUMBUNG 2026000123"."""
    return "LUMBUNG " + number.replace("-", "")


def build_payment_instructions(
    settings: Settings, invoice: InvoiceDetails, lang: Lang
) -> PaymentInstructions | None:
    """Return how to pay an open invoice, or None when it is not open."""
    if invoice.status != "open":
        return None
    amount, note, qr_code = Rupiah(invoice.amount_due), build_transfer_note(invoice.number), None
    if settings.billing_qris:
        try:
            qr_code = Markup(  # noqa: S704 - our own SVG
                render_svg(make_dynamic(settings.billing_qris, amount, note.replace(" ", "")), lang)
            )
        except DomainError:  # QRIS cannot carry this amount; the bank account remains
            qr_code = None
    return PaymentInstructions(amount, settings.billing_bank_account, note, qr_code)


def describe_event(entry: HistoryRow, lang: Lang) -> str:
    """Return one line of the history: the event, its invoice or plan, and the reason."""
    words = EVENT_LABELS.get(entry.action)
    label = words.localize(lang) if words else entry.action
    about = entry.params.get("number") or entry.params.get("code")
    if about is None and (plan := entry.params.get("plan")):
        try:
            about = catalogue().get_plan(str(plan)).name.localize(lang)
        except LookupError:
            about = plan
    reason = entry.params.get("reason")
    return " · ".join(str(part) for part in (label, about, reason) if part)
