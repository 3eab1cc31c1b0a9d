"""Labels of payments for officers: status, exceptions, history in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from governance.rules import PAYMENT_METHOD_NAMES
from kernel import audit, formats
from kernel.formats import Lang
from payments import events, rules
from payments.member_funds import CREDIT_METHODS

if TYPE_CHECKING:
    from payments.exception_queries import ExceptionView
    from payments.officer_queries import (
        OfficerPaymentView,
        OfficerRefundView,
        PaymentAuditEntry,
        WebhookEventView,
    )
    from ui.context import RequestContext

from kernel.translations import get_translations

REFUND_KINDS: Final[dict[str, str]] = {"pending": "wait", "done": "done", "failed": "wrong"}


class HistoryEntry(msgspec.Struct, frozen=True):
    """One entry of a payment's history."""

    at: datetime
    label: str
    by: str
    note: str


def payment_status_badge(status: str, method: str, ctx: RequestContext) -> tuple[str, str]:
    """Return a payment status as text and badge colour; a purchase on credit is not called paid."""
    shown = rules.CREDIT_STATUSES.get(method, status) if status == "paid" else status
    return rules.STATUS_LABELS[shown].localize(ctx.lang), rules.STATUS_COLOURS[shown]


def refund_status_badge(state_name: str, ctx: RequestContext) -> tuple[str, str]:
    """Return a refund status as text and badge colour."""
    say = get_translations(ctx.lang).gettext
    labels = {"pending": say("sedang berjalan"), "done": say("selesai"), "failed": say("gagal")}
    return labels[state_name], REFUND_KINDS[state_name]


def method_name(method: str, ctx: RequestContext) -> str:
    """Return the name of a payment method."""
    return PAYMENT_METHOD_NAMES[method].localize(ctx.lang)


def exception_label(name: str, ctx: RequestContext) -> str:
    """Return the sentence for an exception's reason."""
    return rules.EXCEPTION_LABELS[name].localize(ctx.lang)


def exception_detail(exception: ExceptionView, lang: Lang) -> str:
    """Return the parameters of an exception as one line; empty where there are none."""
    say = get_translations(lang).gettext
    params = exception.params
    reported, recorded = params.get("theirs"), params.get("ours")
    amounts = {
        "amount": formats.rupiah(exception.amount, lang),
        "theirs": formats.rupiah(reported, lang) if isinstance(reported, int) else str(reported),
        "ours": formats.rupiah(recorded, lang) if isinstance(recorded, int) else "",
        "refund": formats.rupiah(exception.refund, lang) if exception.refund is not None else "",
    }
    line = ""
    if exception.reason == "amount" and reported is not None:
        line = say("Ditagih %(amount)s, menurut penyedia dibayar %(theirs)s.") % amounts
    elif recorded is not None:
        line = say("Menurut catatan kita sudah kembali %(ours)s, menurut penyedia %(theirs)s.") % amounts
    elif exception.reason == "unheard_refund" and reported is not None:
        line = say("Menurut penyedia sudah kembali %(theirs)s.") % amounts
    elif reported is not None:
        line = say("Menurut penyedia: %(theirs)s.") % amounts
    elif exception.refund is not None:
        line = say("Pengembalian %(refund)s.") % amounts
    return " · ".join(
        each for each in (line, str(params.get("said") or ""), str(params.get("dispute") or "")) if each
    )


def refund_destination_label(name: str, method: str, ctx: RequestContext) -> tuple[str, str | None]:
    """Return the label of a refund destination, and a hint for officers."""
    say = get_translations(ctx.lang).gettext
    if name == "wallet":
        return say("Ke dompet anggota"), say("Langsung, dan bisa dipakai berbelanja lagi.")
    if name == "by_hand":
        if method == "cash":
            return say("Tunai dari kas"), say("Serahkan uangnya, lalu catat di sini.")
        return say("Ditransfer sendiri oleh pengurus"), say(
            "Transfer dulu dari rekening koperasi, lalu catat di sini."
        )
    return say("Lewat %(method)s") % {"method": method_name(method, ctx)}, say(
        "Kembali ke tempat uangnya berasal."
    )


def applied_to(payment: OfficerPaymentView, ctx: RequestContext) -> str | None:
    """Return where the money of a paid payment was credited, or None if to its purpose."""
    say = get_translations(ctx.lang).gettext
    if payment.applied_to == "wallet":
        return say("masuk dompet pembayarnya, karena yang dibayar sudah tidak ada")
    if payment.applied_to == "owed":
        return say(
            "dicatat sebagai utang kepada pembayarnya (akun 2105), karena yang dibayar sudah tidak ada"
        )
    return None


def sync_outcome_message(outcome: str, ctx: RequestContext) -> str:
    """Return the outcome of a status check as one sentence."""
    say = get_translations(ctx.lang).gettext
    return {
        "settled": say("Sudah dibayar menurut penyedianya, dan sekarang tercatat."),
        "known": say("Penyedianya tidak mengatakan hal baru."),
        "awaiting": say("Menurut penyedianya belum dibayar."),
        "expired": say("Batas waktunya sudah lewat; penyedianya belum menerima uang."),
        "failed": say("Menurut penyedianya pembayaran ini gagal."),
        "cancelled": say("Menurut penyedianya pembayaran ini dibatalkan."),
        "exception": say("Jawaban penyedianya tidak cocok dengan catatan kita. Periksa peringatannya."),
    }.get(outcome, say("Penyedianya tidak mengatakan hal baru."))


def build_history(
    audit_log: Sequence[PaymentAuditEntry],
    webhook_events: Sequence[WebhookEventView],
    refunds: Sequence[OfficerRefundView],
    ctx: RequestContext,
) -> list[HistoryEntry]:
    """Return a payment's history, oldest first."""
    say = get_translations(ctx.lang).gettext
    found = [_from_audit_entry(entry, ctx) for entry in audit_log]
    found += [
        HistoryEntry(each.received_at, say("Pesan dari penyedia"), "", each.kind) for each in webhook_events
    ]
    found += [
        HistoryEntry(each.ended_at, say("Pengembalian gagal"), "", each.detail)
        for each in refunds
        if each.status == "failed" and each.ended_at is not None
    ]
    return sorted(found, key=lambda each: each.at)


def _from_audit_entry(entry: PaymentAuditEntry, ctx: RequestContext) -> HistoryEntry:
    say = get_translations(ctx.lang).gettext
    params = audit.current_params(entry.params)
    amount = formats.rupiah(int(params["amount"]), ctx.lang) if "amount" in params else ""
    label = {
        events.OPENED: say("Dibuka"),
        events.PAYER_CLAIMED_PAID: say("Pembayar bilang sudah bayar"),
        events.SETTLED: _settled_label(params, say),
        events.CLOSED: rules.STATUS_LABELS.get(str(params.get("ending")), rules.STATUS_LABELS["cancelled"])
        .localize(ctx.lang)
        .capitalize(),
        events.EXCEPTION_RAISED: say("Perlu diperiksa"),
        events.EXCEPTION_RESOLVED: say("Sudah diperiksa"),
        events.REFUND_REQUESTED: say("Pengembalian diminta"),
        events.REFUNDED: say("Uang dikembalikan"),
    }.get(entry.action, entry.action)
    about = (
        exception_label(str(params["exception"]), ctx)
        if params.get("exception") in rules.EXCEPTION_LABELS
        else ""
    )
    cause = rules.CLOSING_CAUSES.get(str(params.get("cause")))
    notes = {
        events.OPENED: amount,
        events.SETTLED: amount,
        events.CLOSED: cause.localize(ctx.lang) if cause else str(params.get("why") or ""),
        events.EXCEPTION_RAISED: about,
        events.EXCEPTION_RESOLVED: " · ".join(
            each for each in (about, str(params.get("note") or "")) if each
        ),
        events.REFUND_REQUESTED: f"{amount} · {params.get('reason', '')}",
        events.REFUNDED: amount,
    }
    by = str(params.get("by") or entry.actor) if entry.action == events.SETTLED else entry.actor
    return HistoryEntry(entry.at, label, by, notes.get(entry.action, ""))


def _settled_label(params: Mapping[str, Any], say: Callable[[str], str]) -> str:
    if params.get("method") in CREDIT_METHODS:
        return say("Dicatat sebagai utang pembayarnya")
    return say("Dibayar sesudah batas waktunya") if params.get("late") else say("Dibayar")
