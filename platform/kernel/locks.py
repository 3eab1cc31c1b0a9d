"""Locks: by name, for work of which a cooperative, or the platform, does one at a time; and which rows a
transaction holds already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import event, text
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import DeclarativeBase, SessionTransaction

Model = TypeVar("Model", bound="DeclarativeBase")

_LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(coalesce(current_schema(), '') || ':' || :name, 0))"
)

_TRY = text(
    "SELECT pg_try_advisory_xact_lock(hashtextextended(coalesce(current_schema(), '') || ':' || :name, 0))"
)


async def advisory_lock(db: AsyncSession, name: str) -> None:
    """Wait for every other transaction of this cooperative (of the platform, outside any) that holds
    ``name``; hold it until this one ends.

    Raises DBAPIError (55P03) after the session's lock timeout.
    """
    await db.execute(_LOCK, {"name": name})


async def try_advisory_lock(db: AsyncSession, name: str) -> bool:
    """Whether nobody holds ``name``; it is then held until this transaction ends."""
    return bool((await db.execute(_TRY, {"name": name})).scalar_one())


def remember_locked_row(db: AsyncSession, row: Any, *, written: bool = False) -> None:
    """Remember that this transaction has locked a row, or (``written``) written it: nobody else can change it
    before the end.

    So it need not be read again, as long as it is changed as an object of this session.
    """
    db.sync_session.info.setdefault("locked_rows", {})[type(row), row.id] = (row, written)


def get_locked_row(db: AsyncSession, model: type[Model], row_id: object) -> Model | None:
    """Return a row that this transaction holds, as the session has it; None for one that must be locked
    first.
    """
    found: Model | None = db.sync_session.info.get("locked_rows", {}).get((model, row_id), (None, False))[0]
    return found


def is_written_row(db: AsyncSession, model: type[Model], row_id: object) -> bool:
    """Whether this transaction has written a row, so that nobody else knows of it yet."""
    written: bool = db.sync_session.info.get("locked_rows", {}).get((model, row_id), (None, False))[1]
    return written


@event.listens_for(Session, "after_transaction_end")
def _forget_locked_rows(session: Session, transaction: SessionTransaction) -> None:
    """Forget what was held: with the transaction, and with a savepoint, whose locks may end with it."""
    if transaction.nested or transaction.parent is None:  # a flush is a transaction within one, to SQLAlchemy
        session.info.pop("locked_rows", None)
