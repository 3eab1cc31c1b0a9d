"""Record staged members: their rows in the register, and their savings as opening balances."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from kernel.database import copy_rows
from kernel.file_import import CHANGED_MEANWHILE
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine
from ledger.chart import CASH, MANDATORY_SAVINGS, PRINCIPAL_SAVINGS, VOLUNTARY_SAVINGS
from ledger.descriptions import describe
from ledger.posting import JournalBatch, post_journal_batch, prepare_journal_batch
from members.import_queries import StagedMember

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

# Prefix of the source keys of opening journals, before the member number.
OPENING_KEY: Final = "members-import:"

_UPDATE_MEMBERS = text(
    "UPDATE members AS m SET name = f.name, sex = f.sex, phone = f.phone, joined_on = f.joined_on"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:sexes AS text[]), CAST(:phones "
    "AS text[]),"
    " CAST(:joined AS date[])) AS f(id, name, sex, phone, joined_on) WHERE m.id = f.id"
)


class MemberBatch(msgspec.Struct, frozen=True):
    """Members with everything that is prepared without the database; `new` has the ids of new members."""

    lines: list[StagedMember]
    new: list[tuple[UUID, StagedMember]]
    posting: JournalBatch


def prepare_batch(lines: list[StagedMember], *, as_of: date, by: str) -> MemberBatch:
    """Prepare staged lines to be recorded: generate ids and build the journals. Uses no database."""
    new = [(new_id(), line) for line in lines if line.member_id is None]
    journals = [_build_opening_journal(member_id, line, as_of) for member_id, line in new if line.total]
    return MemberBatch(lines, new, prepare_journal_batch(journals, by=by))


async def record_members(db: AsyncSession, actor: Actor, batch: MemberBatch) -> None:
    """Record staged lines in the caller's transaction.

    Raises DomainError: kernel.import_changed_meanwhile, and as `ledger.post_journal`.
    """
    await copy_rows(
        db,
        "members",
        ("id", "number", "name", "sex", "phone", "status", "joined_on", "decided_by"),
        [
            (member_id, line.number, line.name, line.sex, line.phone, "active", line.joined_on, actor.name)
            for member_id, line in batch.new
        ],
    )
    await _update_members(db, [line for line in batch.lines if line.member_id is not None])
    if not all(posted.created for posted in await post_journal_batch(db, batch.posting)):
        raise CHANGED_MEANWHILE()


def _build_opening_journal(member_id: UUID, line: StagedMember, as_of: date) -> Journal:
    kinds = (
        (PRINCIPAL_SAVINGS, line.principal),
        (MANDATORY_SAVINGS, line.mandatory),
        (VOLUNTARY_SAVINGS, line.voluntary),
    )
    credited = [
        JournalLine.to_credit(account, Rupiah(amount), member_id) for account, amount in kinds if amount
    ]
    lines = [JournalLine.to_debit(CASH, Rupiah(line.total)), *credited]
    words = describe("members.opening", number=line.number)
    return Journal(as_of, words, f"{OPENING_KEY}{line.number}", lines)


async def _update_members(db: AsyncSession, lines: list[StagedMember]) -> None:
    if not lines:
        return
    await db.execute(
        _UPDATE_MEMBERS,
        {
            "ids": [line.member_id for line in lines],
            "names": [line.name for line in lines],
            "sexes": [line.sex for line in lines],
            "phones": [line.phone for line in lines],
            "joined": [line.joined_on for line in lines],
        },
    )
