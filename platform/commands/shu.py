"""`lumbung shu`: draft the division of a year's surplus from the books, or divide by the rules alone."""

import asyncio
from typing import Any

import click

from commands.allocate import allocate
from commands.connect import open_database, require_cooperative
from commands.output import json_option, lang, print_line, print_result, print_table
from kernel import formats
from kernel.actor import SYSTEM
from shu.create_draft import ShuDraftResult
from shu.create_draft import create_draft as make_draft
from tenants.session import coop_session


@click.group()
def command() -> None:
    """Compute the year's surplus and its division."""


@command.command()
@click.argument("slug")
@click.option("--year", type=int, required=True, help="The book year.")
@json_option
def draft(slug: str, year: int, *, as_json: bool) -> None:
    """Divide a year's surplus by the bylaws in force at its end, and store it as a draft.

    The same books and bylaws return the draft that is already stored.
    """
    result = asyncio.run(_draft(slug, year))
    print_result(to_json(result), as_json=as_json, print_text=lambda: _print_draft(result))


async def _draft(slug: str, year: int) -> ShuDraftResult:
    async with open_database() as database:
        tenant = await require_cooperative(database, slug)
        async with coop_session(database, tenant) as db:
            return await make_draft(db, SYSTEM, year)


def to_json(result: ShuDraftResult) -> dict[str, Any]:
    """Return the draft as plain JSON values, amounts in rupiah."""
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


def _print_draft(result: ShuDraftResult) -> None:
    allocation, language = result.allocation, lang()
    state = "new" if result.created else "unchanged, already stored"
    print_line(
        f"Draft {result.version} of the surplus of {result.year} ({state}), by version "
        f"{result.bylaws_version} of the bylaws."
    )
    print_line(f"Surplus: {formats.rupiah(allocation.surplus, language)}")
    print_table(
        ["Pool", "Percent", "Rupiah", "Divided by", "Left over"],
        [
            (
                pool.code,
                formats.percent(pool.percent, language),
                formats.rupiah(pool.amount, language),
                pool.basis or "",
                formats.rupiah(pool.unallocated, language) if pool.unallocated else "",
            )
            for pool in allocation.pools
        ],
        numeric_columns=["Percent", "Rupiah", "Left over"],
    )
    receiving = sum(member.total > 0 for member in allocation.members)
    print_line(f"{receiving} of {len(allocation.members)} members receive something; --json lists them all.")


command.add_command(allocate)
