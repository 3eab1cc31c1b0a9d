"""Journals of payments: settlement, fee and refund, each posted through the ledger."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from gateways.protocol import Capabilities
from governance.queries import get_bylaws_on
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import BANK, GATEWAY_FEES, OTHER_INCOME, OWED_TO_PAYERS, VOLUNTARY_SAVINGS, WALLETS
from ledger.descriptions import describe
from payments import rules
from payments.builtin_purposes import TRIAL
from payments.purposes import LedgerAccountRef

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.models import Payment, PaymentRefund


def is_posted_to_ledger(payment: Payment) -> bool:
    """Return whether a payment is posted to the ledger.

    An officer's test payment with keys that move no real money is not.
    """
    return payment.live or payment.purpose != TRIAL


def clearing_account(payment: Payment, capabilities: Capabilities) -> LedgerAccountRef:
    """Return the account that holds this method's money until it reaches cash or the bank."""
    return LedgerAccountRef(
        rules.CLEARING_ACCOUNTS[payment.method], payment.member_id if capabilities.per_member else None
    )


def suspense_account(payment: Payment) -> LedgerAccountRef:
    """Return the account of money that no purpose accepts: the payer's wallet, or owed to payers."""
    if payment.applied_to == "wallet":
        return LedgerAccountRef(WALLETS, payment.member_id)
    return LedgerAccountRef(OWED_TO_PAYERS)


async def book_settlement(
    db: AsyncSession,
    payment: Payment,
    capabilities: Capabilities,
    credited: LedgerAccountRef,
    *,
    on: date,
) -> int:
    """Post a received payment, and return the journal's number.

    The unique suffix of a transfer goes where the bylaws of ``on`` say.
    """
    amount = Rupiah(payment.amount)
    base = amount - payment.unique_suffix
    clearing = clearing_account(payment, capabilities)
    lines = [
        JournalLine.to_debit(clearing.account, amount, clearing.party),
        JournalLine.to_credit(credited.account, base, credited.party),
    ]
    if payment.unique_suffix:
        policy = (await get_bylaws_on(db, on)).bylaws.transfer_suffix
        to_savings = policy == "savings" and payment.member_id is not None
        lines.append(
            JournalLine.to_credit(VOLUNTARY_SAVINGS, Rupiah(payment.unique_suffix), payment.member_id)
            if to_savings
            else JournalLine.to_credit(OTHER_INCOME, Rupiah(payment.unique_suffix))
        )
    words = describe("payments.paid", label=payment.label, method=payment.method)
    journal = Journal(on, words, f"payment:{payment.id}", lines)
    return (await post_journal(db, journal, by=str(payment.settled_by))).number


async def book_fee(
    db: AsyncSession, payment: Payment, capabilities: Capabilities, fee: Rupiah, *, on: date, by: str
) -> None:
    """Post the fee that the payment method withheld: an expense of the cooperative, never of the buyer."""
    journal = Journal(
        on,
        describe("payments.fee", method=payment.method, label=payment.label),
        f"payment:{payment.id}:fee",
        [
            JournalLine.to_debit(GATEWAY_FEES, fee),
            JournalLine.to_credit(rules.CLEARING_ACCOUNTS[payment.method], fee),
        ],
    )
    await post_journal(db, journal, by=by)


async def book_refund(
    db: AsyncSession,
    payment: Payment,
    refund: PaymentRefund,
    capabilities: Capabilities,
    debited: LedgerAccountRef,
    *,
    on: date,
    by: str,
) -> int:
    """Post that money was refunded; return the journal's number.

    The unique suffix is debited from the income account that it was credited to.
    """
    amount = Rupiah(refund.amount)
    unique_suffix = rules.suffix_in_refund(
        Rupiah(payment.amount), payment.unique_suffix, Rupiah(payment.refunded), amount
    )
    if refund.destination == "wallet":
        credited = LedgerAccountRef(WALLETS, payment.member_id)
    elif refund.destination == "by_hand" and capabilities.confirmed_by in ("provider", "officer"):
        credited = LedgerAccountRef(BANK)
    else:
        credited = clearing_account(payment, capabilities)
    journal = Journal(
        on,
        describe("payments.refund", label=payment.label, reason=refund.reason),
        f"refund:{refund.id}",
        [
            *(
                [JournalLine.to_debit(debited.account, amount - unique_suffix, debited.party)]
                if amount > unique_suffix
                else []
            ),
            *([JournalLine.to_debit(OTHER_INCOME, unique_suffix)] if unique_suffix else []),
            JournalLine.to_credit(credited.account, amount, credited.party),
        ],
    )
    return (await post_journal(db, journal, by=by)).number
