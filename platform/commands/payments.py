"""`lumbung payments`: reconcile, list exceptions, and rotate the master key."""

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from commands.connect import open_database, require_cooperative
from commands.output import json_option, lang, print_error, print_line, print_result, print_table
from kernel.errors import DomainError
from kernel.formats import number

if TYPE_CHECKING:
    from banking.reconcile_method import Reconciliation
    from banking.reconciliation_rules import ReconciliationItem
    from payments.exception_queries import ExceptionView
    from payments.reencrypt_secrets import RotationReport


@click.group("payments")
def command() -> None:
    """Reconcile payments, list payment exceptions, rotate keys."""


@command.command("reconcile")
@click.argument("slug")
@click.option("--method", help="One payment method, such as stripe or bank_transfer (default: all).")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The first day; by default 92 days ago.")
@click.option("--offline", is_flag=True, help="Compare the stored movements; ask no provider.")
@json_option
def reconcile(slug: str, method: str | None, since: datetime | None, *, offline: bool, as_json: bool) -> int:
    """Reconcile a cooperative's clearing accounts with the movements of providers and banks, day by day.

    Providers are asked first, and their movements that are missing in the books are posted, once each. The
    exit status is 0 when all differences are explained, 1 when a person must check.
    """
    return asyncio.run(
        _reconcile(slug, method, since.date() if since else None, offline=offline, as_json=as_json)
    )


async def _reconcile(slug: str, name: str | None, since: date | None, *, offline: bool, as_json: bool) -> int:
    from banking import reconcile_method, sync_movements
    from cooperative.queries import get_today
    from gateways.protocol import ProviderError
    from payments import methods
    from tenants.session import coop_reader

    faults: dict[str, str] = {}
    async with open_database() as database:
        tenant = await require_cooperative(database, slug)
        async with coop_reader(database, tenant) as ro:
            chosen = [await methods.get_method(ro, name)] if name else await methods.list_methods(ro)
            chosen = [method for method in chosen if reconcile_method.can_reconcile(method)]
        for method in chosen:
            if not offline and sync_movements.can_sync(method):
                try:
                    await sync_movements.sync_provider(database, tenant, method.method)
                except (ProviderError, DomainError) as fault:
                    faults[method.method] = (
                        fault.localize(lang()) if isinstance(fault, DomainError) else str(fault)
                    )
        async with coop_reader(database, tenant) as ro:
            first = since or await get_today(ro) - reconcile_method.DEFAULT_WINDOW
            states = [await reconcile_method.reconcile_method(ro, method, since=first) for method in chosen]
    explained = all(state.all_explained for state in states) and not faults
    result = {
        "cooperative": tenant.slug,
        "since": first,
        "explained": explained,
        "methods": [_as_json(state, faults.get(state.method.method)) for state in states],
    }
    print_result(
        result, as_json=as_json, print_text=lambda: _print_report(tenant.name, states, all_asked=not faults)
    )
    for failed, sentence in faults.items():
        print_error(f"{failed}: {sentence}")
    return 0 if explained else 1


def _as_json(state: "Reconciliation", fault: str | None) -> dict[str, Any]:
    return {
        "method": state.method.method,
        "account": state.account,
        "checked": state.comparable,
        "fault": fault,
        "reported_at": state.reported_at,
        "balance": state.balance,
        "clearing": state.clearing,
        "difference": state.difference,
        "unexplained": state.unexplained,
        "days": [
            {
                "day": day.on,
                "theirs": day.external,
                "ours": day.local,
                "difference": day.difference,
                "findings": [_finding(each) for each in day.items if each.reason != "equal"],
            }
            for day in state.days
        ],
        "rest": _finding(state.remainder) if state.remainder else None,
    }


def _finding(each: "ReconciliationItem") -> dict[str, Any]:
    piece = each.external or each.local
    return {
        "why": each.reason,
        "explained": each.explained,
        "difference": each.difference,
        "movement": each.external.id if each.external else None,
        "journal": each.local.journal if each.local else None,
        "payment": piece.reference if piece else None,
    }


def _print_report(name: str, states: "list[Reconciliation]", *, all_asked: bool) -> None:
    from banking.reconciliation_labels import reason_label

    def figure(amount: int | None) -> str:
        return "" if amount is None else number(amount, lang())

    columns = ("Method", "Account", "At provider", "In the books", "Difference", "Unexplained")
    rows = [
        (
            state.method.label.localize(lang()),
            state.account,
            figure(state.balance),
            figure(state.clearing),
            figure(state.difference),
            state.unexplained if state.comparable else "no data",
        )
        for state in states
    ]
    print_table(columns, rows, title=name, numeric_columns=columns[2:5])
    open_rows = [
        (
            str(each.on),
            state.method.label.localize(lang()),
            reason_label(each.reason, lang()),
            _entry_text(each),
            figure(each.difference),
        )
        for state in states
        for each in (
            *(each for day in state.days for each in day.items),
            *([state.remainder] if state.remainder else []),
        )
        if not each.explained
    ]
    if open_rows:
        headings = ("Day", "Method", "Reason", "Reference", "Difference")
        print_table(headings, open_rows, numeric_columns=("Difference",))
    if open_rows:
        print_line("SOME DIFFERENCES ARE NOT EXPLAINED.")
    else:
        print_line(
            "Everything is explained."
            if all_asked and all(state.comparable for state in states)
            else "Every reported movement is explained; some methods have no data."
        )


def _entry_text(item: "ReconciliationItem") -> str:
    """Return the payment's reference of an entry, else what the provider or the journal says."""
    if item.external:
        return item.external.reference or item.external.text
    if item.local is None:
        return ""
    described = item.local.description
    return item.local.reference or (described.localize(lang()) if described is not None else "")


@command.command("exceptions")
@click.argument("slug")
@json_option
def exceptions(slug: str, *, as_json: bool) -> int:
    """List a cooperative's open payment exceptions, oldest first.

    The exit status is 1 when there are any.
    """
    return asyncio.run(_exceptions(slug, as_json=as_json))


async def _exceptions(slug: str, *, as_json: bool) -> int:
    from payments.exception_queries import list_open_exceptions
    from tenants.session import coop_reader

    async with open_database() as database:
        tenant = await require_cooperative(database, slug)
        async with coop_reader(database, tenant) as ro:
            found = await list_open_exceptions(ro)
    rows = [
        {"payment": each.reference, "reason": each.reason, "params": each.params, "raised_at": each.raised_at}
        for each in found
    ]
    print_result(rows, as_json=as_json, print_text=lambda: _print_exceptions(tenant.name, found))
    return 1 if found else 0


def _print_exceptions(name: str, found: "list[ExceptionView]") -> None:
    from payments.officer_labels import exception_detail
    from payments.rules import EXCEPTION_LABELS

    if not found:
        print_line("There are no open exceptions.")
        return
    rows = [
        (
            each.reference,
            EXCEPTION_LABELS[each.reason].localize(lang()),
            exception_detail(each, lang()),
            f"{each.raised_at:%Y-%m-%d}",
        )
        for each in found
    ]
    print_table(("Payment", "What", "Facts", "Since"), rows, title=name)


@command.command("rotate-keys")
@json_option
def rotate_keys(*, as_json: bool) -> int:
    """Encrypt the secrets of every cooperative again, with the first of LUMBUNG_MASTER_KEYS.

    Afterwards the older keys can be removed from the setting. Safe to run twice; prints no secret. The exit
    status is 1 when a cooperative's secrets could not be decrypted: they are unchanged, and the older keys
    are still needed.
    """
    return asyncio.run(_rotate(as_json=as_json))


async def _rotate(*, as_json: bool) -> int:
    from payments.reencrypt_secrets import reencrypt_secrets

    async with open_database() as database:
        report = await reencrypt_secrets(database)
    result = {
        "key": report.key,
        "moved": report.rotated,
        "cooperatives": report.cooperatives,
        "failed": {slug: error.localize(lang()) for slug, error in report.failed.items()},
    }
    print_result(result, as_json=as_json, print_text=lambda: _print_rotation(report))
    return 1 if report.failed else 0


def _print_rotation(report: "RotationReport") -> None:
    rows = [
        (each.cooperative, each.rotated, each.unchanged)
        for each in report.cooperatives
        if each.rotated or each.unchanged
    ]
    if rows:
        print_table(("Cooperative", "Moved", "Were there"), rows, numeric_columns=("Moved", "Were there"))
    print_line(
        f"{report.rotated} secrets moved under the key {report.key}; {len(report.failed)} cooperatives "
        f"failed."
    )
    for slug, error in report.failed.items():
        print_error(f"{slug}: {error.localize(lang())}")
