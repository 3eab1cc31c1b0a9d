"""Advisory locks by name for a cooperative or the platform, and a record of the rows a session locked."""

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
    """Acquire the lock ``name`` of this cooperative and hold it until the transaction ends.

    Outside a cooperative, the lock belongs to the platform. Raises DBAPIError (55P03) after the session's
    lock timeout.
    """
    await db.execute(_LOCK, {"name": name})


async def try_advisory_lock(db: AsyncSession, name: str) -> bool:
    """Acquire the lock ``name`` without waiting; return False when another transaction holds it."""
    return bool((await db.execute(_TRY, {"name": name})).scalar_one())


def remember_locked_row(db: AsyncSession, row: Any, *, inserted: bool = False) -> None:
    """Record that this transaction has locked a row, or (``inserted``) inserted it.

    No other transaction can change the row before this one ends. So it need not be read again, as long as it
    is changed as an object of this session.
    """
    db.sync_session.info.setdefault("locked_rows", {})[type(row), row.id] = (row, inserted)


def get_locked_row(db: AsyncSession, model: type[Model], row_id: object) -> Model | None:
    """Return the session's object of a row that this transaction has locked, or None."""
    found: Model | None = db.sync_session.info.get("locked_rows", {}).get((model, row_id), (None, False))[0]
    return found


def is_inserted_row(db: AsyncSession, model: type[Model], row_id: object) -> bool:
    """Return whether ``remember_locked_row`` recorded that this transaction inserted the row.

    No other transaction sees such a row yet.
    """
    inserted: bool = db.sync_session.info.get("locked_rows", {}).get((model, row_id), (None, False))[1]
    return inserted


@event.listens_for(Session, "after_transaction_end")
def _forget_locked_rows(session: Session, transaction: SessionTransaction) -> None:
    """Clear the record at the end of a transaction or savepoint, which may release the locks."""
    if transaction.nested or transaction.parent is None:  # SQLAlchemy also calls this for a flush
        session.info.pop("locked_rows", None)
