"""The one door of the books.

The database function ``post_journals`` does the writing; no role of the application can go around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import index
from typing import TYPE_CHECKING, Final, NoReturn
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.errors import DomainError
from kernel.money import Rupiah
from ledger import errors, queries
from ledger.days import EARLIEST_DAY

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


_POST: Final = text(
    "SELECT source_key, number, fresh FROM post_journals(CAST(:value_dates AS date[]), "
    "CAST(:descriptions AS text[]),"
    " CAST(:source_keys AS text[]), CAST(:reversals AS bigint[]), CAST(:line_journals AS integer[]), "
    "CAST(:line_accounts AS text[]),"
    " CAST(:line_parties AS uuid[]), CAST(:line_debits AS bigint[]), CAST(:line_credits AS bigint[]), "
    ":posted_by)"
)
_NOTHING: Final = Rupiah(0)
_HOLD: Final = text(
    "SELECT number FROM post_journals('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '')"
)


class Line(msgspec.Struct, frozen=True):
    """One side of a journal, in rupiah.

    ``party`` is the member whose sub-ledger it moves, where the account has parties.
    """

    account: str
    debit: Rupiah
    credit: Rupiah
    party: UUID | None = None

    @classmethod
    def to_debit(cls, account: str, amount: Rupiah, party: UUID | None = None) -> Line:
        """A debit of ``amount``."""
        return cls(account, amount, _NOTHING, party)

    @classmethod
    def to_credit(cls, account: str, amount: Rupiah, party: UUID | None = None) -> Line:
        """A credit of ``amount``."""
        return cls(account, _NOTHING, amount, party)


class Journal(msgspec.Struct, frozen=True):
    """An entry to post.

    ``source_key`` names its cause once and for all: the same key posts once, however often it is sent.
    """

    value_date: date
    description: str
    source_key: str
    lines: Sequence[Line]
    reverses: int | None = None


class PostedJournal(msgspec.Struct, frozen=True):
    """What the door answered: the journal's number, and whether this call wrote it (else it was there
    already).
    """

    source_key: str
    number: int
    fresh: bool


async def post(db: AsyncSession, journal: Journal, *, by: str) -> PostedJournal:
    """Post one journal in the session's transaction; ``by`` is the name that the books will show.

    Raises DomainError: ledger.unbalanced, .not_a_journal, .day_too_early, .below_floor, .year_closed,
    .unknown_account, .key_reused, .not_a_mirror.
    """
    return (await post_many(db, [journal], by=by))[0]


async def post_many(db: AsyncSession, journals: Sequence[Journal], *, by: str) -> list[PostedJournal]:
    """Post many journals in one round trip, in the order given, all or none. Raises as ``post``."""
    return await post_prepared(db, prepare_posting(journals, by=by))


class Posting(msgspec.Struct, frozen=True):
    """Journals as the door takes them, column by column."""

    columns: dict[str, object]
    size: int


def prepare_posting(journals: Sequence[Journal], *, by: str) -> Posting:
    """Check journals and put them into columns: what of a posting needs no database.

    Raises DomainError: ledger.unbalanced, .not_a_journal.
    """
    for journal in journals:
        _check(journal)
    lines = [(at, line) for at, journal in enumerate(journals, 1) for line in journal.lines]
    columns = {
        "value_dates": [journal.value_date for journal in journals],
        "descriptions": [journal.description for journal in journals],
        "source_keys": [journal.source_key for journal in journals],
        "reversals": [journal.reverses for journal in journals],
        "line_journals": [at for at, _ in lines],
        "line_accounts": [line.account for _, line in lines],
        "line_parties": [line.party for _, line in lines],
        "line_debits": [line.debit for _, line in lines],
        "line_credits": [line.credit for _, line in lines],
        "posted_by": by,
    }
    return Posting(columns, len(journals))


async def post_prepared(db: AsyncSession, posting: Posting) -> list[PostedJournal]:
    """Post what was prepared, in the session's transaction. Raises as ``post``."""
    if not posting.size:
        return []
    await db.flush()
    try:
        rows = await db.execute(_POST, posting.columns)
    except DBAPIError as error:
        _refuse(error)
    return [PostedJournal(row.source_key, row.number, row.fresh) for row in rows]


async def hold_books(db: AsyncSession) -> None:
    """Let nobody else post until this transaction ends, and wait for whoever is posting now."""
    await db.flush()
    await db.execute(_HOLD)


async def reverse(db: AsyncSession, number: int, *, on: date, reason: str, by: str) -> PostedJournal:
    """Post the mirror of journal ``number`` on the date ``on``.

    The original stays as it is; a second reversal is refused.
    """
    original = await queries.journal(db, number)
    if original is None:
        raise errors.NO_SUCH_JOURNAL(number=number)
    if original.reversed_by is not None:
        raise errors.ALREADY_REVERSED(number=number)
    lines = [
        Line(line.account, Rupiah(line.credit), Rupiah(line.debit), line.party)
        for line in await queries.lines(db, number)
    ]
    mirror = Journal(
        on, f"Pembalikan: {original.description} ({reason})", f"reversal:{number}", lines, reverses=number
    )
    return await post(db, mirror, by=by)


def _check(journal: Journal) -> None:
    if journal.value_date < EARLIEST_DAY:
        raise errors.DAY_TOO_EARLY(first=EARLIEST_DAY)
    debit = credit = 0
    one_sided = len(journal.lines) >= 2
    for line in journal.lines:
        left, right = index(line.debit), index(line.credit)  # whole numbers, or a TypeError
        debit += left
        credit += right
        one_sided = one_sided and left >= 0 and right >= 0 and (left == 0) != (right == 0)
    if debit != credit:
        raise errors.UNBALANCED(key=journal.source_key, debit=Rupiah(debit), credit=Rupiah(credit))
    if not one_sided:
        raise errors.NOT_A_JOURNAL(key=journal.source_key)


def _refuse(error: DBAPIError) -> NoReturn:
    """Turn the door's own SQLSTATE into a refusal; anything else goes on as it came."""
    cause = getattr(error.orig, "__cause__", None) or error.orig
    state = getattr(cause, "sqlstate", None) or getattr(error.orig, "sqlstate", None)
    detail = str(getattr(cause, "message", None) or cause).split(": ", 1)[-1]
    refusals: dict[str, DomainError] = {
        "LB001": errors.UNBALANCED(key=detail, debit="?", credit="?"),
        "LB002": errors.BELOW_FLOOR(account=detail.split(" ")[0]),
        "LB003": errors.YEAR_CLOSED(year=detail[:4]),
        "LB004": errors.UNKNOWN_ACCOUNT(account=detail),
        "LB005": errors.KEY_REUSED(key=detail),
        "LB007": errors.NOT_A_MIRROR(key=detail),
    }
    if state in refusals:
        raise refusals[state] from error
    raise error
