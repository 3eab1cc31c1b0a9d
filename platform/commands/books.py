"""`lumbung books trial-balance`: print the trial balance of a year."""

import asyncio
from typing import TYPE_CHECKING

import click

from commands.connect import open_database, require_cooperative
from commands.output import json_option, lang, print_line, print_result, print_table
from kernel.errors import StoredText
from kernel.formats import number

if TYPE_CHECKING:
    from ledger.year_queries import TrialBalanceLine


@click.group()
def command() -> None:
    """Print the books of a cooperative."""


@command.command("trial-balance")
@click.argument("slug")
@click.option("--year", type=click.IntRange(1900, 9998), help="The book year; this year when left out.")
@json_option
def trial_balance(slug: str, year: int | None, *, as_json: bool) -> int:
    """Print the trial balance of a year: each account's opening, debit, credit and closing.

    Opening and closing are debit minus credit: a credit balance is negative, and all of them sum to zero. The
    exit status is 1 when the books do not balance.
    """
    return asyncio.run(_trial_balance(slug, year, as_json=as_json))


async def _trial_balance(slug: str, year: int | None, *, as_json: bool) -> int:
    from cooperative.queries import get_today
    from ledger.year_queries import get_trial_balance as list_totals
    from tenants.session import coop_reader

    async with open_database() as database:
        tenant = await require_cooperative(database, slug)
        async with coop_reader(database, tenant) as ro:
            year = year or (await get_today(ro)).year
            totals = await list_totals(ro, year)
    debit, credit = sum(each.debit for each in totals), sum(each.credit for each in totals)
    balanced = (
        debit == credit
        and sum(each.opening for each in totals) == 0
        and sum(each.closing for each in totals) == 0
    )
    result = {
        "year": year,
        "accounts": [
            {
                "code": each.code,
                "name": _name(each),
                "opening": each.opening,
                "debit": each.debit,
                "credit": each.credit,
                "closing": each.closing,
            }
            for each in totals
        ],
        "total_debit": debit,
        "total_credit": credit,
        "balanced": balanced,
    }

    def print_text() -> None:
        columns = ("Account", "Name", "Opening", "Debit", "Credit", "Closing")
        rows: list[tuple[str, ...]] = [
            (
                each.code,
                _name(each),
                *(number(figure, lang()) for figure in (each.opening, each.debit, each.credit, each.closing)),
            )
            for each in totals
        ]
        rows.append(("", "Total", "", number(debit, lang()), number(credit, lang()), ""))
        print_table(columns, rows, title=f"{tenant.name}, {year}", numeric_columns=columns[2:])
        print_line("The books balance." if balanced else "THE BOOKS DO NOT BALANCE.")

    print_result(result, as_json=as_json, print_text=print_text)
    return 0 if balanced else 1


def _name(each: "TrialBalanceLine") -> str:
    return StoredText(each.name_id, each.name_en).localize(lang())
