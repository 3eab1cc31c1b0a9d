"""What a payment is for.

A room above registers its purpose here, so that the state machine can tell it what became of the money.

Its pages are told apart from that (``payments.subject_pages``).
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
    """An account of the books, and whose part of it."""

    account: str
    party: UUID | None = None


class Purpose(Protocol):
    """Something that is paid for.

    Every method runs in the payment's transaction, with the payment locked, before anything is posted.
    """

    name: str
    # whether it pays goods: the officers' list of orders tells of those, and what they wait for
    for_goods: bool

    async def lock(self, db: AsyncSession, payments: Sequence[Payment]) -> None:
        """Lock all that taking the money of these payments may change, where several are taken in one
        transaction.

        Whoever has posted may lock nothing more but the books.
        """
        ...

    async def on_paid(self, db: AsyncSession, payment: Payment, *, on: date) -> bool:
        """Take the money.

        False: what it was for is gone, and the money goes to the payer's wallet (or is owed to them).
        """
        ...

    async def on_closed(self, db: AsyncSession, payment: Payment) -> None:
        """Learn that the payment failed, expired or was called off."""
        ...

    async def on_refunded(self, db: AsyncSession, payment: Payment, *, on: date, reason: str) -> None:
        """Learn that all of it went back at the provider's side, without anybody of ours having asked."""
        ...

    async def credit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        """Return where the money is credited when it comes."""
        ...

    async def debit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        """Return where it is taken from when some of it goes back: as things stand now."""
        ...

    async def is_unfulfilled(self, db: AsyncSession, payment: Payment) -> bool:
        """Whether what was paid for is still kept for the payer: then the money goes back by calling that
        off, never by itself.
        """
        ...


_purposes: dict[str, Purpose] = {}


def register_purpose(purpose: Purpose) -> Purpose:
    """Make a purpose known by its name; a second one of the same name is a mistake (ValueError)."""
    if purpose.name in _purposes:
        msg = f"two purposes are called {purpose.name!r}"
        raise ValueError(msg)
    _purposes[purpose.name] = purpose
    return purpose


def purposes_for_goods() -> tuple[str, ...]:
    """Return the names of the purposes that pay goods."""
    return tuple(name for name, purpose in _purposes.items() if purpose.for_goods)


def get_purpose(name: str) -> Purpose:
    """Return a purpose by its name. Raises LookupError for one that no room registered."""
    try:
        return _purposes[name]
    except KeyError:
        msg = f"no room registered the purpose {name!r}"
        raise LookupError(msg) from None
