"""View models of officers' payment pages: days with totals, one payment with history and actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from gateways.protocol import get_provider
from kernel import clock
from kernel.money import Rupiah
from payments import exception_queries, officer_labels, officer_queries, rules
from payments.builtin_purposes import TRIAL
from payments.member_funds import CREDIT_METHODS
from payments.officer_queries import DayTotal, OfficerPaymentView, PaymentListRow
from payments.resolve_pending_refund import can_confirm_manually
from payments.subject_pages import get_subject_pages

if TYPE_CHECKING:
    from kernel.database import Reader
    from ui.context import RequestContext


def group_by_day(
    rows: Sequence[PaymentListRow], totals: Mapping[date, DayTotal], ctx: RequestContext
) -> list[dict[str, Any]]:
    """Return list rows grouped by day; a day's total covers all its payments, also on other pages."""
    days: list[dict[str, Any]] = []
    for row in rows:
        if not days or days[-1]["day"] != row.day:
            days.append(
                {"day": row.day, "count": totals[row.day].count, "total": totals[row.day].total, "rows": []}
            )
        days[-1]["rows"].append(_row(row, ctx))
    return days


async def build_unknown_events(ro: Reader, ctx: RequestContext) -> list[dict[str, Any]]:
    """Return the unresolved webhook events about no payment of ours."""
    return [
        {
            "id": each.id,
            "method": officer_labels.method_name(each.method, ctx),
            "kind": each.kind,
            "named": each.reference or each.provider_reference or "",
            "at": each.received_at,
        }
        for each in await officer_queries.list_unmatched_webhook_events(ro)
    ]


async def build_payment_context(
    ro: Reader, ctx: RequestContext, payment: OfficerPaymentView
) -> dict[str, Any]:
    """Return the template context of the page of one payment."""
    refunds = await officer_queries.list_refunds(ro, payment.id)
    audit_log = await officer_queries.list_audit_log(ro, payment.reference)
    webhook_events = await officer_queries.list_webhook_events(ro, payment)
    pending = sum(each.amount for each in refunds if each.status == "pending")
    capabilities = get_provider(payment.method).capabilities()
    can_be_paid = rules.can_transition(payment.status, "paid")
    return {
        "payment": payment,
        "state": officer_labels.payment_status_badge(payment.status, payment.method, ctx),
        "method_label": officer_labels.method_name(payment.method, ctx),
        "exceptions": [
            {
                "id": each.id,
                "sentence": officer_labels.exception_label(each.reason, ctx),
                "detail": officer_labels.exception_detail(each, ctx.lang),
                "raised_at": each.raised_at,
            }
            for each in await exception_queries.list_payment_exceptions(ro, payment.id)
        ],
        "settling": None,
        "applied_to": officer_labels.applied_to(payment, ctx),
        "is_trial": payment.purpose == TRIAL,
        "on_credit": payment.method in CREDIT_METHODS,
        "payer_claimed_at": payment.payer_claimed_at if can_be_paid else None,
        "subject_href": await get_subject_pages(payment.purpose).backoffice_url(ro, payment.subject_id),
        "history": officer_labels.build_history(audit_log, webhook_events, refunds, ctx),
        "journals": await officer_queries.list_journals(ro, payment, [each.id for each in refunds]),
        "line": await officer_queries.find_matched_line(ro, payment.id),
        "refunds": [
            {
                "amount": each.amount,
                "status": officer_labels.refund_status_badge(each.status, ctx),
                "destination": officer_labels.refund_destination_label(each.destination, payment.method, ctx)[
                    0
                ],
                "reason": each.reason.localize(ctx.lang),
                "detail": each.detail,
                "journal": each.journal,
                "requested_by": each.requested_by,
                "requested_at": each.requested_at,
                "failed": each.status == "failed",
                "id": each.id,
                "pending": each.status == "pending",
                "can_confirm_manually": can_confirm_manually(each.status, each.requested_at, clock.now()),
            }
            for each in refunds
        ],
        "left": _left_to_refund(payment, pending),
        "can_confirm": capabilities.confirmed_by == "officer" and can_be_paid,
        "can_ask": capabilities.confirmed_by == "provider" and payment.provider_reference is not None,
        "can_pay": payment.status == "awaiting" and payment.method != "cash",
    }


def _left_to_refund(payment: OfficerPaymentView, pending: int) -> Rupiah:
    if payment.status not in rules.SETTLED:
        return Rupiah(0)
    nonrefundable = rules.nonrefundable_suffix(payment.unique_suffix, of_member=payment.member_id is not None)
    return rules.refundable_amount(
        Rupiah(payment.amount), nonrefundable, Rupiah(payment.refunded), Rupiah(pending)
    )


def _row(row: PaymentListRow, ctx: RequestContext) -> dict[str, Any]:
    label, kind = officer_labels.payment_status_badge(row.status, row.method, ctx)
    return {
        "href": f"/pengurus/pembayaran/{row.reference}",
        "label": row.label.localize(ctx.lang),
        "payer": row.payer_name,
        "method": officer_labels.method_name(row.method, ctx),
        "amount": row.amount,
        "refunded": row.refunded,
        "moment": row.moment,
        "status": label,
        "kind": kind,
        "exceptions": [officer_labels.exception_label(each, ctx) for each in dict.fromkeys(row.reasons)],
        "late": row.late,
        "test_mode": not row.live,
        "payer_claimed_at": row.payer_claimed_at if row.status in ("awaiting", "expired") else None,
    }
