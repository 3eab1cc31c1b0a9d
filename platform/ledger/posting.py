"""Post journals: the only way to write to the ledger.

The database function ``post_journals`` does the writing; no role of the application can bypass it.
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
from ledger.descriptions import JournalDescription, describe
from ledger.posting_dates import EARLIEST_POSTING_DATE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


_POST: Final = text(
    "SELECT source_key, number, fresh FROM post_journals(CAST(:value_dates AS date[]), "
    "CAST(:descriptions AS text[]), CAST(:description_codes AS text[]), "
    "CAST(:description_params AS jsonb[]),"
    " CAST(:source_keys AS text[]), CAST(:reversals AS bigint[]), CAST(:line_journals AS integer[]), "
    "CAST(:line_accounts AS text[]),"
    " CAST(:line_parties AS uuid[]), CAST(:line_debits AS bigint[]), CAST(:line_credits AS bigint[]), "
    ":posted_by)"
)
_ZERO: Final = Rupiah(0)
_LOCK: Final = text(
    "SELECT number FROM post_journals('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '')"
)


class JournalLine(msgspec.Struct, frozen=True):
    """A debit or a credit of a journal, in rupiah.

    ``party`` is the member whose balance changes, for accounts that have parties.
    """

    account: str
    debit: Rupiah
    credit: Rupiah
    party: UUID | None = None

    @classmethod
    def to_debit(cls, account: str, amount: Rupiah, party: UUID | None = None) -> JournalLine:
        """Return a line that debits ``amount``."""
        return cls(account, amount, _ZERO, party)

    @classmethod
    def to_credit(cls, account: str, amount: Rupiah, party: UUID | None = None) -> JournalLine:
        """Return a line that credits ``amount``."""
        return cls(account, _ZERO, amount, party)


class Journal(msgspec.Struct, frozen=True):
    """A journal to post.

    ``description`` is a code with parameters (``describe``), or what somebody typed.
    ``source_key`` identifies its cause: a key is posted once, however often it is sent.
    """

    value_date: date
    description: str | JournalDescription
    source_key: str
    lines: Sequence[JournalLine]
    reverses: int | None = None


class PostedJournal(msgspec.Struct, frozen=True):
    """The number of a posted journal; ``created`` is False when an earlier call had posted it."""

    source_key: str
    number: int
    created: bool


async def post_journal(db: AsyncSession, journal: Journal, *, by: str) -> PostedJournal:
    """Post one journal in the session's transaction; ``by`` is the name that the ledger shows.

    Raises DomainError: ledger.unbalanced, .not_a_journal, .day_too_early, .below_floor, .year_closed,
    .unknown_account, .key_reused, .not_a_mirror.
    """
    return (await post_journals(db, [journal], by=by))[0]


async def post_journals(db: AsyncSession, journals: Sequence[Journal], *, by: str) -> list[PostedJournal]:
    """Post journals in one round trip and in the given order, all or none. Raises as ``post_journal``."""
    return await post_journal_batch(db, prepare_journal_batch(journals, by=by))


class JournalBatch(msgspec.Struct, frozen=True):
    """Journals as the arguments of ``post_journals``, one array for each column."""

    columns: dict[str, object]
    size: int


def prepare_journal_batch(journals: Sequence[Journal], *, by: str) -> JournalBatch:
    """Check journals and convert them to columns, without the database.

    Raises DomainError: ledger.unbalanced, .not_a_journal, .day_too_early.
    """
    for journal in journals:
        _validate_journal(journal)
    lines = [(at, line) for at, journal in enumerate(journals, 1) for line in journal.lines]
    described = [
        journal.description
        if isinstance(journal.description, JournalDescription)
        else JournalDescription(text=journal.description)
        for journal in journals
    ]
    columns = {
        "value_dates": [journal.value_date for journal in journals],
        "descriptions": [each.text if each.code is None else None for each in described],
        "description_codes": [each.code for each in described],
        "description_params": [None if each.code is None else dict(each.params) for each in described],
        "source_keys": [journal.source_key for journal in journals],
        "reversals": [journal.reverses for journal in journals],
        "line_journals": [at for at, _ in lines],
        "line_accounts": [line.account for _, line in lines],
        "line_parties": [line.party for _, line in lines],
        "line_debits": [line.debit for _, line in lines],
        "line_credits": [line.credit for _, line in lines],
        "posted_by": by,
    }
    return JournalBatch(columns, len(journals))


async def post_journal_batch(db: AsyncSession, posting: JournalBatch) -> list[PostedJournal]:
    """Post a prepared batch in the session's transaction. Raises what ``post_journal`` raises."""
    if not posting.size:
        return []
    await db.flush()
    try:
        rows = await db.execute(_POST, posting.columns)
    except DBAPIError as error:
        _raise_domain_error(error)
    return [PostedJournal(row.source_key, row.number, row.fresh) for row in rows]


async def lock_ledger(db: AsyncSession) -> None:
    """Lock the ledger until this transaction ends, after waiting for postings that are running."""
    await db.flush()
    await db.execute(_LOCK)


async def reverse_journal(db: AsyncSession, number: int, *, on: date, reason: str, by: str) -> PostedJournal:
    """Post the reversal of journal ``number`` on the date ``on``.

    The original stays unchanged. Raises DomainError: ledger.no_such_journal, .already_reversed, and what
    ``post_journal`` raises.
    """
    original = await queries.find_journal(db, number)
    if original is None:
        raise errors.NO_SUCH_JOURNAL(number=number)
    if original.reversed_by is not None:
        raise errors.ALREADY_REVERSED(number=number)
    lines = [
        JournalLine(line.account, Rupiah(line.credit), Rupiah(line.debit), line.party)
        for line in await queries.list_journal_lines(db, number)
    ]
    words = describe("ledger.reversal", original=original.description, reason=reason)
    reversal = Journal(on, words, f"reversal:{number}", lines, reverses=number)
    return await post_journal(db, reversal, by=by)


def _validate_journal(journal: Journal) -> None:
    """Raise a DomainError for an early date, an unbalanced journal, or a line that is not one-sided."""
    if journal.value_date < EARLIEST_POSTING_DATE:
        raise errors.DAY_TOO_EARLY(first=EARLIEST_POSTING_DATE)
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


def _raise_domain_error(error: DBAPIError) -> NoReturn:
    """Raise the DomainError for an SQLSTATE of ``post_journals``; re-raise any other error."""
    cause = getattr(error.orig, "__cause__", None) or error.orig
    state = getattr(cause, "sqlstate", None) or getattr(error.orig, "sqlstate", None)
    detail = str(getattr(cause, "message", None) or cause).split(": ", 1)[-1]
    errors_by_state: dict[str, DomainError] = {
        "LB001": errors.UNBALANCED(key=detail, debit="?", credit="?"),
        "LB002": errors.BELOW_FLOOR(account=detail.split(" ")[0]),
        "LB003": errors.YEAR_CLOSED(year=detail[:4]),
        "LB004": errors.UNKNOWN_ACCOUNT(account=detail),
        "LB005": errors.KEY_REUSED(key=detail),
        "LB007": errors.NOT_A_REVERSAL(key=detail),
    }
    if state in errors_by_state:
        raise errors_by_state[state] from error
    raise error
