"""View models of savings: passbook lines and dues."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec

from kernel.database import Reader
from kernel.formats import Lang
from kernel.money import Rupiah
from savings import queries
from savings.queries import Saver
from savings.rules import KIND_NAMES, KINDS, SLUGS, Dues, Savings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class PassbookLine(msgspec.Struct, frozen=True):
    """A kind of savings in a passbook; ``href`` is the address of its statement."""

    label: str
    amount: Rupiah
    href: str


def build_passbook(lang: Lang, savings: Savings, base: str) -> list[PassbookLine]:
    """Return one line for each kind, with a link to its statement under ``base``."""
    return [
        PassbookLine(KIND_NAMES[kind].localize(lang), savings.of(kind), f"{base}/{SLUGS[kind]}")
        for kind in KINDS
    ]


async def get_member_dues(source: AsyncSession | Reader, saver: Saver, today: date) -> Dues | None:
    """Return an active member's unpaid simpanan wajib; None for anybody else."""
    if saver.status != "active" or saver.joined_on is None:
        return None
    return await queries.get_dues(source, saver.id, saver.joined_on, today)
