"""Post a journal once for each form or file; the same key again returns the journal posted before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from kernel import audit
from kernel.batching import read_batch
from kernel.database import Reader
from kernel.errors import DomainError
from ledger import queries
from ledger.descriptions import JournalDescription
from ledger.errors import BELOW_FLOOR
from ledger.posting import Journal, JournalLine, PostedJournal, post_journal

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

T = TypeVar("T")


class JournalDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A checked journal without its key, and its audit entry.

    ``subject`` is the audit entry's subject; None means the journal itself. ``below_floor`` replaces the
    error ledger.below_floor with one that fits the use case.
    """

    on: date
    description: str | JournalDescription
    lines: Sequence[JournalLine]
    action: str
    subject: str | None
    params: Mapping[str, object]
    below_floor: DomainError | None = None


async def post_once(
    db: AsyncSession,
    actor: Actor,
    source_key: str,
    *,
    read: Callable[[Reader], Coroutine[Any, Any, T]],
    draft: Callable[[T], Awaitable[JournalDraft]],
) -> PostedJournal:
    """Post a journal and its audit entry, unless ``source_key`` was posted before.

    ``read`` fetches what the checks need, in the same round trip that looks up the key; it must not raise
    errors that depend on data which changes between two calls. ``draft`` checks the result and returns the
    journal; it runs only for a new key. The caller takes the locks beforehand, so that the data checked
    cannot change until the transaction ends. For a key that was posted before, nothing is checked or written,
    and the same journal is returned with ``created`` False.

    Raises what ``read``, ``draft`` and ``post_journal`` raise.
    """
    number, found = await read_batch(db, lambda ro: queries.find_journal_number(ro, source_key), read)
    if number is not None:
        return PostedJournal(source_key, number, created=False)
    entry = await draft(found)
    try:
        posted = await post_journal(
            db, Journal(entry.on, entry.description, source_key, entry.lines), by=actor.name
        )
    except DomainError as error:
        if entry.below_floor is None or error.error_type is not BELOW_FLOOR:
            raise
        raise entry.below_floor from error
    if posted.created:  # otherwise a concurrent request posted this key and recorded the entry
        subject = entry.subject or f"journal:{posted.number}"
        params = {**entry.params, "journal": posted.number}
        audit.record(db, actor, entry.action, subject=subject, params=params)
    return posted
