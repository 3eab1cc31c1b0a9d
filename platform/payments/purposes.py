"""Purposes of payments: the interface between the state machine and what is paid for.

Rooms above register their purposes here, so that the state machine can notify them. Their pages are
registered separately (`payments.subject_pages`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.models import Payment


class LedgerAccountRef(msgspec.Struct, frozen=True):
    """A ledger account, and the party if the account is kept by party."""

    account: str
    party: UUID | None = None


class Purpose(Protocol):
    """The interface of a kind of thing that is paid for, such as an order.

    Every method runs in the payment's transaction, with the payment locked, before anything is posted.
    """

    name: str
    # whether it pays for goods: those appear in the officers' list of orders
    for_goods: bool

    async def lock(self, db: AsyncSession, payments: Sequence[Payment]) -> None:
        """Lock everything that settling these payments may change, if several are settled in one transaction.

        After its first posting a transaction may lock nothing but the ledger.
        """
        ...

    async def on_paid(self, db: AsyncSession, payment: Payment, *, on: date) -> bool:
        """Accept the money, and return whether it was accepted.

        False means that the subject no longer takes it; the money is then credited to the payer's wallet, or
        owed to a payer who has none.
        """
        ...

    async def on_closed(self, db: AsyncSession, payment: Payment) -> None:
        """Handle a payment that failed, expired or was cancelled."""
        ...

    async def on_refunded(self, db: AsyncSession, payment: Payment, *, on: date, reason: str) -> None:
        """Handle a payment that was refunded completely at the provider, without a request of ours."""
        ...

    async def credit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        """Return the account that is credited when the money arrives."""
        ...

    async def debit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        """Return the account that a refund made now debits."""
        ...

    async def is_unfulfilled(self, db: AsyncSession, payment: Payment) -> bool:
        """Return whether the subject is paid and still reserved for the payer.

        Such a payment is refunded by cancelling its subject, never by a refund alone.
        """
        ...


_purposes: dict[str, Purpose] = {}


def register_purpose(purpose: Purpose) -> Purpose:
    """Register a purpose by its name. Raises ValueError for a second one of the same name."""
    if purpose.name in _purposes:
        msg = f"two purposes are called {purpose.name!r}"
        raise ValueError(msg)
    _purposes[purpose.name] = purpose
    return purpose


def purposes_for_goods() -> tuple[str, ...]:
    """Return the names of the purposes that pay for goods."""
    return tuple(name for name, purpose in _purposes.items() if purpose.for_goods)


def get_purpose(name: str) -> Purpose:
    """Return a purpose by its name. Raises LookupError for one that no room registered."""
    try:
        return _purposes[name]
    except KeyError:
        msg = f"no room registered the purpose {name!r}"
        raise LookupError(msg) from None
