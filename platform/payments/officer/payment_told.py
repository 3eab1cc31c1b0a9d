"""What the officers' pages of payments tell: days with their sums, one payment with its history and the steps
that are possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from kernel import clock
from kernel.money import Rupiah
from payments import rules
from payments.credit.terms import ON_CREDIT
from payments.officer import exception_queries
from payments.officer import payment_queries as office_queries
from payments.officer import payment_words as office_words
from payments.officer.payment_queries import DayTotal, PaymentRow, PaymentView
from payments.officer.pending_refunds import can_be_told
from payments.own_purposes import TRIAL
from payments.provider import provider_of
from payments.subject_pages import pages_of

if TYPE_CHECKING:
    from kernel.database import Reader
    from ui.context import RequestContext


def by_day(
    rows: Sequence[PaymentRow], totals: Mapping[date, DayTotal], ctx: RequestContext
) -> list[dict[str, Any]]:
    """Return the rows of a list under their days; a day's sum is over all its payments, also those on other
    pages.
    """
    days: list[dict[str, Any]] = []
    for row in rows:
        if not days or days[-1]["day"] != row.day:
            days.append(
                {"day": row.day, "count": totals[row.day].count, "total": totals[row.day].total, "rows": []}
            )
        days[-1]["rows"].append(_row(row, ctx))
    return days


async def unknown_messages(ro: Reader, ctx: RequestContext) -> list[dict[str, Any]]:
    """Return the messages about no payment of ours that wait for somebody to look."""
    return [
        {
            "id": each.id,
            "way": office_words.way_name(each.way, ctx),
            "kind": each.kind,
            "named": each.reference or each.provider_reference or "",
            "at": each.received_at,
        }
        for each in await office_queries.unknown_messages(ro)
    ]


async def payment_context(ro: Reader, ctx: RequestContext, payment: PaymentView) -> dict[str, Any]:
    """Return all that the page of one payment shows."""
    refunds = await office_queries.refunds(ro, payment.id)
    trail = await office_queries.trail(ro, payment.reference)
    messages = await office_queries.messages(ro, payment)
    pending = sum(each.amount for each in refunds if each.state == "pending")
    capabilities = provider_of(payment.way).capabilities()
    can_be_paid = rules.can_follow(payment.status, "paid")
    return {
        "payment": payment,
        "state": office_words.state(payment.status, payment.way, ctx),
        "way_label": office_words.way_name(payment.way, ctx),
        "exceptions": [
            {
                "id": each.id,
                "sentence": office_words.alarm(each.reason, ctx),
                "detail": office_words.exception_detail(each, ctx.lang),
                "raised_at": each.raised_at,
            }
            for each in await exception_queries.open_of(ro, payment.id)
        ],
        "settling": None,
        "went_to": office_words.went_to(payment, ctx),
        "is_trial": payment.purpose == TRIAL,
        "on_credit": payment.way in ON_CREDIT,
        "said_paid_at": payment.said_paid_at if can_be_paid else None,
        "subject_href": await pages_of(payment.purpose).office_address(ro, payment.subject_id),
        "history": office_words.history(trail, messages, refunds, ctx),
        "journals": await office_queries.journals(ro, payment, [each.id for each in refunds]),
        "line": await office_queries.matched_line(ro, payment.id),
        "refunds": [
            {
                "amount": each.amount,
                "state": office_words.refund_state(each.state, ctx),
                "back_to": office_words.back_to(each.back_to, payment.way, ctx)[0],
                "reason": each.reason,
                "detail": each.detail,
                "journal": each.journal,
                "asked_by": each.asked_by,
                "asked_at": each.asked_at,
                "failed": each.state == "failed",
                "id": each.id,
                "pending": each.state == "pending",
                "can_be_told": can_be_told(each.state, each.asked_at, clock.now()),
            }
            for each in refunds
        ],
        "left": _left_to_refund(payment, pending),
        "can_confirm": capabilities.settles == "officer" and can_be_paid,
        "can_ask": capabilities.settles == "provider" and payment.provider_reference is not None,
        "can_pay": payment.status == "awaiting" and payment.way != "cash",
    }


def _left_to_refund(payment: PaymentView, pending: int) -> Rupiah:
    if payment.status not in rules.SETTLED:
        return Rupiah(0)
    kept = rules.tail_kept(payment.tail, of_member=payment.member_id is not None)
    return rules.refundable(Rupiah(payment.amount), kept, Rupiah(payment.refunded), Rupiah(pending))


def _row(row: PaymentRow, ctx: RequestContext) -> dict[str, Any]:
    label, kind = office_words.state(row.status, row.way, ctx)
    return {
        "href": f"/pengurus/pembayaran/{row.reference}",
        "label": row.label,
        "payer": row.payer_name,
        "way": office_words.way_name(row.way, ctx),
        "amount": row.amount,
        "refunded": row.refunded,
        "moment": row.moment,
        "state": label,
        "kind": kind,
        "alarms": [office_words.alarm(each, ctx) for each in dict.fromkeys(row.reasons)],
        "late": row.late,
        "trial_only": not row.live,
        "said_paid_at": row.said_paid_at if row.status in ("awaiting", "expired") else None,
    }
