"""`lumbung shu`: draft the division of a year from the books, or divide by the rule alone."""

import asyncio
from typing import Any

import click

from commands.allocate import allocate
from commands.connect import cooperative_named, open_database
from commands.output import json_option, lang, say, show, table
from kernel import formats
from kernel.actor import SYSTEM
from shu.drafting import ShuDraftResult
from shu.drafting import draft as make_draft
from tenants.session import coop_session


@click.group()
def command() -> None:
    """Compute the year's surplus and its division."""


@command.command()
@click.argument("slug")
@click.option("--year", type=int, required=True, help="The book year.")
@json_option
def draft(slug: str, year: int, *, as_json: bool) -> None:
    """Divide the surplus of a year by the bylaws in force at its end and keep it as a draft.

    The same books and bylaws give the draft that is kept already.
    """
    result = asyncio.run(_draft(slug, year))
    show(as_document(result), as_json=as_json, people=lambda: _tell(result))


async def _draft(slug: str, year: int) -> ShuDraftResult:
    async with open_database() as database:
        tenant = await cooperative_named(database, slug)
        async with coop_session(database, tenant) as db:
            return await make_draft(db, SYSTEM, year)


def as_document(result: ShuDraftResult) -> dict[str, Any]:
    """The draft as plain JSON values, amounts in rupiah."""
    allocation = result.allocation
    return {
        "year": result.year,
        "surplus": int(allocation.surplus),
        "bylaws_version": result.bylaws_version,
        "pools": {pool.code: int(pool.amount) for pool in allocation.pools},
        "members": [
            {
                "number": member.number,
                "basis": {"savings": int(member.basis.savings), "purchases": int(member.basis.purchases)},
                "shares": {code: int(amount) for code, amount in member.shares.items()},
                "total": int(member.total),
            }
            for member in allocation.members
        ],
        "unallocated": {code: int(amount) for code, amount in allocation.unallocated.items()},
    }


def _tell(result: ShuDraftResult) -> None:
    allocation, speak = result.allocation, lang()
    state = "new" if result.fresh else "as kept before, nothing has changed"
    say(
        f"Draft {result.version} of the surplus of {result.year} ({state}), by version "
        f"{result.bylaws_version} of the bylaws."
    )
    say(f"Surplus: {formats.rupiah(allocation.surplus, speak)}")
    table(
        ["Pool", "Percent", "Rupiah", "Divided by", "Left over"],
        [
            (
                pool.code,
                formats.percent(pool.percent, speak),
                formats.rupiah(pool.amount, speak),
                pool.basis or "",
                formats.rupiah(pool.unallocated, speak) if pool.unallocated else "",
            )
            for pool in allocation.pools
        ],
        numbers=["Percent", "Rupiah", "Left over"],
    )
    receiving = sum(member.total > 0 for member in allocation.members)
    say(f"{receiving} of {len(allocation.members)} members receive something; --json lists them all.")


command.add_command(allocate)
