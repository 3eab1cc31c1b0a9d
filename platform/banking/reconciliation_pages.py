"""The treasurer's reconciliation pages: methods with balances, days, entries, and a sync button."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from banking import reconcile_method, sync_movements
from banking.reconcile_method import Reconciliation
from banking.reconciliation_labels import REASON_HINTS, REASON_LABELS, ROLE_LABELS
from banking.reconciliation_rules import ReconciliationDay, ReconciliationItem
from banking.record_manual_payout import has_manual_payouts
from banking.sync_movements import SyncResult
from cooperative.queries import get_today
from kernel import formats
from kernel.database import Reader
from kernel.errors import DomainError
from kernel.parsing import parse_date
from kernel.translations import get_translations
from payments import errors, methods, provider_calls
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    EmptyForm,
    RequestContext,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY

RECONCILIATION_URL: Final = "/pengurus/pembayaran/rekonsiliasi"
METHOD_URL: Final = RECONCILIATION_URL + "/{method:str}"
ACTIVE_MENU: Final = "penjualan"
LEDGER_URL: Final = "/pengurus/buku"
SHOWN_DAYS: Final = 31


@get(RECONCILIATION_URL, guards=[may("banking.view")])
async def show_reconciliation(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[bytes]:
    """Show the reconciliation of every method that has an external report."""
    since = await get_today(ro) - reconcile_method.DEFAULT_WINDOW
    found = [method for method in await methods.list_methods(ro) if reconcile_method.can_reconcile(method)]
    states = [await reconcile_method.reconcile_method(ro, method, since=since) for method in found]
    states.sort(key=lambda state: state.all_explained)
    return render_page(
        request,
        "payments/reconcile.html",
        active_menu=ACTIVE_MENU,
        states=[_reconciliation_view(each, ctx) for each in states],
    )


@get(METHOD_URL, guards=[may("banking.view")])
async def show_method(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, method: FromPath[str], hari: FromQuery[str] = ""
) -> Response[bytes]:
    """Show a method's days, those with differences first; or the entries of one day."""
    day = _parse_day(hari)
    state = await _reconcile(ro, method, day)
    if day is not None:
        shown = next((each for each in state.days if each.on == day), None)
        return render_page(
            request,
            "payments/reconcile_day.html",
            active_menu=ACTIVE_MENU,
            state=_reconciliation_view(state, ctx),
            day=day,
            external=shown.external if shown else 0,
            local=shown.local if shown else 0,
            difference=shown.difference if shown else 0,
            findings=[_item_view(each, state, ctx) for each in shown.items] if shown else [],
        )
    uneven = [each for each in state.days if not each.is_equal]
    even = [each for each in state.days if each.is_equal]
    return render_page(
        request,
        "payments/reconcile_method.html",
        active_menu=ACTIVE_MENU,
        state=_reconciliation_view(state, ctx),
        uneven=[_day_view(each, state) for each in _worst_first(uneven)],
        even=[_day_view(each, state) for each in even[:SHOWN_DAYS]],
        more=max(0, len(even) - SHOWN_DAYS),
    )


@post(METHOD_URL + "/pengambilan", guards=[may("banking.reconcile")], opt=WHEN_READ_ONLY)
async def submit_sync(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    method: FromPath[str],
) -> Response[Any]:
    """Fetch the provider's movements now."""
    form = await read_form(request, EmptyForm)
    if form.errors:
        raise errors.NO_SUCH_METHOD()
    with provider_calls.translate_provider_errors():
        fetched = await sync_movements.sync_provider(database, tenant, method)
    return see_other(f"{RECONCILIATION_URL}/{method}", flash=_sync_message(fetched, ctx))


async def _reconcile(ro: Reader, name: str, day: date | None) -> Reconciliation:
    """Reconcile a method for its page. Raises DomainError payments.no_such_way."""
    method = await methods.get_method(ro, name)
    if not reconcile_method.can_reconcile(method):
        raise errors.NO_SUCH_METHOD()
    since = await get_today(ro) - reconcile_method.DEFAULT_WINDOW
    return await reconcile_method.reconcile_method(ro, method, since=min(since, day) if day else since)


def _parse_day(typed: str) -> date | None:
    try:
        return parse_date(typed) if typed else None
    except DomainError:
        return None


def _worst_first(days: Sequence[ReconciliationDay]) -> list[ReconciliationDay]:
    """Sort days with unexplained items first, then the newest."""
    return sorted(days, key=lambda day: (not day.unexplained, -day.on.toordinal()))


def _reconciliation_view(state: Reconciliation, ctx: RequestContext) -> dict[str, Any]:
    uneven = [day for day in state.days if not day.is_equal]
    return {
        "method": state.method.method,
        "name": state.method.label.localize(ctx.lang),
        "path": f"{RECONCILIATION_URL}/{state.method.method}",
        "account": state.account,
        "account_path": f"{LEDGER_URL}/akun/{state.account}",
        "checked": state.comparable,
        "reported_at": state.reported_at,
        "reported_on": state.reported_on,
        "balance": state.balance,
        "clearing": state.clearing,
        "difference": state.difference,
        "unexplained": state.unexplained,
        "uneven": len(uneven),
        "can_ask": sync_movements.can_sync(state.method),
        "manual_payout_path": f"{RECONCILIATION_URL}/{state.method.method}/pemasukan"
        if has_manual_payouts(state.method) and state.clearing > 0
        else None,
        "by_statement": state.method.capabilities.confirmed_by == "officer",
        "remainder": _item_view(state.remainder, state, ctx) if state.remainder else None,
        "open": [
            {**_item_view(each, state, ctx), "day": day.on}
            for day in state.days
            for each in day.items
            if not each.explained
        ][:SHOWN_DAYS],
    }


def _day_view(day: ReconciliationDay, state: Reconciliation) -> dict[str, Any]:
    return {
        "on": day.on,
        "path": f"{RECONCILIATION_URL}/{state.method.method}?hari={day.on.isoformat()}",
        "external": day.external,
        "local": day.local,
        "difference": day.difference,
        "unexplained": day.unexplained,
        "equal": day.is_equal,
    }


def _item_view(each: ReconciliationItem, state: Reconciliation, ctx: RequestContext) -> dict[str, Any]:
    piece = each.external or each.local
    payment = state.payments.get(piece.reference or "") if piece else None
    role = (
        each.local.role
        if each.external is None and each.local
        else each.external.role
        if each.external
        else "other"
    )
    described = each.local.description if each.local else None
    texts = [described.localize(ctx.lang)] if described is not None else []
    if each.external and each.external.text:
        by_provider = state.method.capabilities.confirmed_by == "provider"
        say = get_translations(ctx.lang).gettext
        texts.append(
            say("kata penyedia: %(words)s") % {"words": each.external.text}
            if by_provider
            else each.external.text
        )
    hint = REASON_HINTS.get(each.reason)
    return {
        "why": REASON_LABELS[each.reason].localize(ctx.lang),
        "hint": hint.localize(ctx.lang) if hint else None,
        "explained": each.explained,
        "equal": each.reason == "equal",
        "difference": each.difference,
        "role": ROLE_LABELS[role].localize(ctx.lang),
        "text": f"{payment.label.localize(ctx.lang)}, {payment.payer_name}"
        if payment
        else texts[0]
        if texts
        else "",
        "external": each.external.amount if each.external else None,
        "external_on": each.external.on if each.external else None,
        "local": each.local.amount if each.local else None,
        "local_on": each.local.on if each.local else None,
        "movement": each.external.id if each.external else None,
        "statement_path": f"/pengurus/pembayaran/mutasi/{each.external.id}"
        if each.external and state.method.capabilities.confirmed_by == "officer"
        else None,
        "journal": each.local.journal if each.local else None,
        "journal_path": f"{LEDGER_URL}/jurnal/{each.local.journal}" if each.local else None,
        "payment": payment.reference if payment else None,
        "payment_path": f"/pengurus/pembayaran/{payment.reference}" if payment else None,
    }


def _sync_message(fetched: SyncResult, ctx: RequestContext) -> str:
    say = get_translations(ctx.lang).gettext
    if not fetched.movements and not fetched.settled and not fetched.journals:
        return say("Tidak ada yang baru dari penyedia.")
    number = {
        "movements": formats.number(fetched.movements, ctx.lang),
        "booked": formats.number(
            fetched.settled + fetched.refunds + fetched.fees + fetched.journals, ctx.lang
        ),
    }
    return say("%(movements)s catatan baru diambil, %(booked)s hal dicatat ke buku.") % number


routes: Final[list[Any]] = [show_reconciliation, show_method, submit_sync]
