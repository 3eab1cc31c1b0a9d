"""Reconciliation for the treasurer: each way with its balance and its days, each day with its lines, and
asking the provider now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from cooperative.queries import get_today
from kernel import formats
from kernel.database import Reader
from kernel.errors import DomainError
from kernel.parsing import parse_date
from payments import calling, errors, ways
from payments.reconciliation import comparing, reconciling
from payments.reconciliation.arriving import reaches_bank_later
from payments.reconciliation.comparing import Reconciliation
from payments.reconciliation.reconciling import Fetched
from payments.reconciliation.rules import Day, Finding
from payments.reconciliation.words import HINTS, ROLES, WHYS
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    EmptyForm,
    RequestContext,
    Ro,
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.translations import get_translations

HOME: Final = "/pengurus/pembayaran/rekonsiliasi"
WAY: Final = HOME + "/{way:str}"
PLACE: Final = "penjualan"
BOOKS: Final = "/pengurus/buku"
SHOWN_DAYS: Final = 31


@get(HOME, guards=[require_officer])
async def overview(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[bytes]:
    """Show how every way stands that somebody outside tells of."""
    since = await get_today(ro) - comparing.SHOWN
    found = [way for way in await ways.ways_of(ro) if comparing.can_be_compared(way)]
    states = [await comparing.reconcile(ro, way, since=since) for way in found]
    states.sort(key=lambda state: state.all_explained)
    return render_page(
        request, "payments/reconcile.html", active_menu=PLACE, states=[_state(each, ctx) for each in states]
    )


@get(WAY, guards=[require_officer])
async def one_way(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, way: FromPath[str], hari: FromQuery[str] = ""
) -> Response[bytes]:
    """Show a way's days, those with differences first; or the lines of one day."""
    day = _day(hari)
    state = await _of(ro, way, day)
    if day is not None:
        shown = next((each for each in state.days if each.on == day), None)
        return render_page(
            request,
            "payments/reconcile_day.html",
            active_menu=PLACE,
            state=_state(state, ctx),
            day=day,
            theirs=shown.theirs if shown else 0,
            ours=shown.ours if shown else 0,
            difference=shown.difference if shown else 0,
            findings=[_finding(each, state, ctx) for each in shown.findings] if shown else [],
        )
    uneven = [each for each in state.days if not each.is_equal]
    even = [each for each in state.days if each.is_equal]
    return render_page(
        request,
        "payments/reconcile_way.html",
        active_menu=PLACE,
        state=_state(state, ctx),
        uneven=[_told_day(each, state) for each in _worst_first(uneven)],
        even=[_told_day(each, state) for each in even[:SHOWN_DAYS]],
        more=max(0, len(even) - SHOWN_DAYS),
    )


@post(WAY + "/pengambilan", guards=[require_officer])
async def fetch_now(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    way: FromPath[str],
) -> Response[Any]:
    """Ask the provider now."""
    form = await read_form(request, EmptyForm)
    if form.errors:
        raise errors.NO_SUCH_WAY()
    with calling.as_refusal():
        fetched = await reconciling.fetch(database, tenant, way)
    return see_other(f"{HOME}/{way}", flash=_brought(fetched, ctx))


async def _of(ro: Reader, name: str, day: date | None) -> Reconciliation:
    way = await ways.way_of(ro, name)
    if not comparing.can_be_compared(way):
        raise errors.NO_SUCH_WAY()
    since = await get_today(ro) - comparing.SHOWN
    return await comparing.reconcile(ro, way, since=min(since, day) if day else since)


def _day(typed: str) -> date | None:
    try:
        return parse_date(typed) if typed else None
    except DomainError:
        return None


def _worst_first(days: Sequence[Day]) -> list[Day]:
    """Days with something that nobody can explain come first, then the newest."""
    return sorted(days, key=lambda day: (not day.unexplained, -day.on.toordinal()))


def _state(state: Reconciliation, ctx: RequestContext) -> dict[str, Any]:
    uneven = [day for day in state.days if not day.is_equal]
    return {
        "way": state.way.way,
        "name": state.way.label.localize(ctx.lang),
        "path": f"{HOME}/{state.way.way}",
        "account": state.account,
        "account_path": f"{BOOKS}/akun/{state.account}",
        "checked": state.checked,
        "told_at": state.told_at,
        "told_on": state.told_on,
        "balance": state.balance,
        "clearing": state.clearing,
        "difference": state.difference,
        "unexplained": state.unexplained,
        "uneven": len(uneven),
        "can_ask": reconciling.can_be_asked(state.way),
        "arrival_path": f"{HOME}/{state.way.way}/pemasukan"
        if reaches_bank_later(state.way) and state.clearing > 0
        else None,
        "by_statement": state.way.capabilities.settles == "officer",
        "rest": _finding(state.rest, state, ctx) if state.rest else None,
        "open": [
            {**_finding(each, state, ctx), "day": day.on}
            for day in state.days
            for each in day.findings
            if not each.explained
        ][:SHOWN_DAYS],
    }


def _told_day(day: Day, state: Reconciliation) -> dict[str, Any]:
    return {
        "on": day.on,
        "path": f"{HOME}/{state.way.way}?hari={day.on.isoformat()}",
        "theirs": day.theirs,
        "ours": day.ours,
        "difference": day.difference,
        "unexplained": day.unexplained,
        "equal": day.is_equal,
    }


def _finding(each: Finding, state: Reconciliation, ctx: RequestContext) -> dict[str, Any]:
    piece = each.theirs or each.ours
    payment = state.payments.get(piece.reference or "") if piece else None
    role = (
        each.ours.role if each.theirs is None and each.ours else each.theirs.role if each.theirs else "other"
    )
    texts = [each.ours.text] if each.ours and each.ours.text else []
    if each.theirs and each.theirs.text:
        by_provider = state.way.capabilities.settles == "provider"
        say = get_translations(ctx.lang).gettext
        texts.append(
            say("kata penyedia: %(words)s") % {"words": each.theirs.text} if by_provider else each.theirs.text
        )
    hint = HINTS.get(each.why)
    return {
        "why": WHYS[each.why].localize(ctx.lang),
        "hint": hint.localize(ctx.lang) if hint else None,
        "explained": each.explained,
        "equal": each.why == "equal",
        "difference": each.difference,
        "role": ROLES[role].localize(ctx.lang),
        "text": f"{payment.label}, {payment.payer_name}" if payment else texts[0] if texts else "",
        "theirs": each.theirs.amount if each.theirs else None,
        "theirs_on": each.theirs.on if each.theirs else None,
        "ours": each.ours.amount if each.ours else None,
        "ours_on": each.ours.on if each.ours else None,
        "movement": each.theirs.id if each.theirs else None,
        "statement_path": f"/pengurus/pembayaran/mutasi/{each.theirs.id}"
        if each.theirs and state.way.capabilities.settles == "officer"
        else None,
        "journal": each.ours.journal if each.ours else None,
        "journal_path": f"{BOOKS}/jurnal/{each.ours.journal}" if each.ours else None,
        "payment": payment.reference if payment else None,
        "payment_path": f"/pengurus/pembayaran/{payment.reference}" if payment else None,
    }


def _brought(fetched: Fetched, ctx: RequestContext) -> str:
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


routes: Final[list[Any]] = [overview, one_way, fetch_now]
