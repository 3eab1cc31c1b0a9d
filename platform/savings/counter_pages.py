"""Officers' pages for deposits and withdrawals at the counter: form, confirmation, receipt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from governance.queries import get_bylaws_on
from governance.rules import SavingsKind
from kernel import clock
from kernel.batching import read_batch
from kernel.database import Reader
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.translations import get_translations
from ledger import PostedJournal
from savings import queries
from savings.forms import DepositForm, WithdrawalForm
from savings.receipt_pages import load_saver_and_dues, render_receipt, render_statement, require_saver
from savings.record_deposit import record_deposit, validate_deposit
from savings.record_withdrawal import record_withdrawal, validate_withdrawal
from savings.rules import KIND_NAMES, KIND_OF_SLUG, SETTLEMENT_METHOD_NAMES, SLUGS
from tenants.session import coop_reader
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentUser,
    Db,
    RequestContext,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY


@get("/pengurus/anggota/{member_id:uuid}/setor", guards=[may("savings.deposit")])
async def show_deposit_form(
    request: AnyRequest,
    ro: Ro,
    brand: CurrentBrand,
    member_id: FromPath[UUID],
    jenis: FromQuery[str] = "",
    jumlah: FromQuery[str] = "",
    cara: FromQuery[str] = "cash",
    tanggal: FromQuery[str] = "",
) -> Response[bytes]:
    """Show the form for a deposit; query parameters may fill it in."""
    today = clock.today(brand.timezone)
    context = await _deposit_context(ro, member_id, today)
    kind = KIND_OF_SLUG.get(jenis, "mandatory")
    initial = {
        "kind": kind,
        "amount": jumlah,
        "method": cara,
        "on": tanggal or today.isoformat(),
        "key": new_id(),
    }
    return render_page(
        request, "savings/deposit.html", active_menu="anggota", form=None, initial=initial, **context
    )


@post("/pengurus/anggota/{member_id:uuid}/setor/periksa", guards=[may("savings.deposit")])
async def preview_deposit(
    request: AnyRequest, db: Db, brand: CurrentBrand, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Show one sentence that describes the deposit, before it is recorded."""
    today = clock.today(brand.timezone)
    form = await read_form(request, DepositForm)
    context = await _deposit_context(db, member_id, today)
    async with form.rerender_on_error(
        "savings/deposit.html", active_menu="anggota", initial=_initial_values(today), **context
    ):
        sent = form.data
        plan = await validate_deposit(db, member_id, sent.kind, sent.amount, on=sent.on, today=today)
    action = f"/pengurus/anggota/{member_id}/setor"
    return _render_confirmation(request, ctx, sent, plan, sent.kind, action, f"jenis={SLUGS[sent.kind]}&")


@post("/pengurus/anggota/{member_id:uuid}/setor", guards=[may("savings.deposit")])
async def submit_deposit(
    request: AnyRequest,
    db: Db,
    brand: CurrentBrand,
    viewer: CurrentUser,
    ctx: CurrentContext,
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Record a deposit and redirect to its receipt."""
    today = clock.today(brand.timezone)
    form = await read_form(request, DepositForm)
    load_context = partial(_reload_context, ctx, partial(_deposit_context, member_id=member_id, today=today))
    async with form.rerender_on_error(
        "savings/deposit.html",
        load_context=load_context,
        active_menu="anggota",
        initial=_initial_values(today),
    ):
        sent = form.data
        posted = await record_deposit(
            db,
            viewer.as_officer(),
            member_id,
            sent.kind,
            sent.amount,
            sent.method,
            on=sent.on,
            today=today,
            key=str(sent.key),
        )
    return _redirect_to_receipt(ctx, member_id, posted, "Setoran sudah dicatat.")


@get("/pengurus/anggota/{member_id:uuid}/tarik", guards=[may("savings.withdraw")])
async def show_withdrawal_form(
    request: AnyRequest,
    ro: Ro,
    brand: CurrentBrand,
    member_id: FromPath[UUID],
    jumlah: FromQuery[str] = "",
    cara: FromQuery[str] = "cash",
    tanggal: FromQuery[str] = "",
) -> Response[bytes]:
    """Show the form for a withdrawal of voluntary savings; query parameters may fill it in."""
    today = clock.today(brand.timezone)
    initial = {"amount": jumlah, "method": cara, "on": tanggal or today.isoformat(), "key": new_id()}
    context = await _withdrawal_context(ro, member_id)
    return render_page(
        request, "savings/withdrawal.html", active_menu="anggota", form=None, initial=initial, **context
    )


@post(
    "/pengurus/anggota/{member_id:uuid}/tarik/periksa",
    guards=[may("savings.withdraw")],
    opt=WHEN_READ_ONLY,
)
async def preview_withdrawal(
    request: AnyRequest, db: Db, brand: CurrentBrand, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Show one sentence that describes the withdrawal, before it is recorded."""
    today = clock.today(brand.timezone)
    form = await read_form(request, WithdrawalForm)
    context = await _withdrawal_context(db, member_id)
    async with form.rerender_on_error(
        "savings/withdrawal.html", active_menu="anggota", initial=_initial_values(today), **context
    ):
        sent = form.data
        plan = await validate_withdrawal(db, member_id, sent.amount, on=sent.on, today=today)
    action = f"/pengurus/anggota/{member_id}/tarik"
    return _render_confirmation(request, ctx, sent, plan, "voluntary", action)


@post(
    "/pengurus/anggota/{member_id:uuid}/tarik",
    guards=[may("savings.withdraw")],
    opt=WHEN_READ_ONLY,
)
async def submit_withdrawal(
    request: AnyRequest,
    db: Db,
    brand: CurrentBrand,
    viewer: CurrentUser,
    ctx: CurrentContext,
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Record a withdrawal and redirect to its receipt."""
    today = clock.today(brand.timezone)
    form = await read_form(request, WithdrawalForm)
    load_context = partial(_reload_context, ctx, partial(_withdrawal_context, member_id=member_id))
    async with form.rerender_on_error(
        "savings/withdrawal.html",
        load_context=load_context,
        active_menu="anggota",
        initial=_initial_values(today),
    ):
        sent = form.data
        posted = await record_withdrawal(
            db,
            viewer.as_officer(),
            member_id,
            sent.amount,
            sent.method,
            on=sent.on,
            today=today,
            key=str(sent.key),
        )
    return _redirect_to_receipt(ctx, member_id, posted, "Penarikan sudah dicatat.")


@get("/pengurus/anggota/{member_id:uuid}/bukti/{number:int}", guards=[may("savings.view")])
async def show_receipt(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, member_id: FromPath[UUID], number: FromPath[int]
) -> Response[bytes]:
    """Show an officer the receipt of a member's deposit or withdrawal."""
    saver = await require_saver(ro, member_id)
    home = f"/pengurus/anggota/{member_id}"
    return await render_receipt(
        request, ro, ctx, saver, number, active_menu="anggota", home=home, base=f"{home}/simpanan"
    )


@get("/pengurus/anggota/{member_id:uuid}/simpanan/{slug:str}", guards=[may("savings.view")])
async def show_statement(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, member_id: FromPath[UUID], slug: FromPath[str]
) -> Response[bytes]:
    """Show an officer every movement of one kind of a member's savings."""
    saver = await require_saver(ro, member_id)
    home = f"/pengurus/anggota/{member_id}"
    return await render_statement(
        request, ro, ctx, saver, slug, active_menu="anggota", home=home, receipts=f"{home}/bukti"
    )


def _render_confirmation(
    request: AnyRequest,
    ctx: RequestContext,
    sent: DepositForm | WithdrawalForm,
    plan: object,
    kind: SavingsKind,
    action: str,
    query: str = "",
) -> Response[bytes]:
    """Render the page that confirms a deposit or a withdrawal; ``query`` begins the query of its way back."""
    query += f"jumlah={int(sent.amount)}&cara={sent.method}&tanggal={sent.on.isoformat()}"
    return render_page(
        request,
        "savings/confirm.html",
        active_menu="anggota",
        plan=plan,
        sent=sent,
        taking=isinstance(sent, DepositForm),
        kind_name=KIND_NAMES[kind].localize(ctx.lang),
        method_name=SETTLEMENT_METHOD_NAMES[sent.method].localize(ctx.lang),
        action=action,
        back=f"{action}?{query}",
    )


def _redirect_to_receipt(
    ctx: RequestContext, member_id: UUID, posted: PostedJournal, message: str
) -> Response[Any]:
    return see_other(
        f"/pengurus/anggota/{member_id}/bukti/{posted.number}",
        flash=get_translations(ctx.lang).gettext(message),
    )


async def _deposit_context(source: AsyncSession | Reader, member_id: UUID, today: date) -> dict[str, Any]:
    """Return the template values of the deposit page, without the form's own values."""
    (saver, dues), savings, version = await read_batch(
        source,
        lambda ro: load_saver_and_dues(ro, member_id, today),
        lambda ro: queries.get_balances(ro, member_id),
        lambda ro: get_bylaws_on(ro, today),
    )
    deposits = version.bylaws.deposits
    return {
        "saver": saver,
        "savings": savings,
        "deposits": deposits,
        "principal_left": max(deposits.principal - savings.principal, Rupiah(0)),
        "dues": dues,
    }


async def _withdrawal_context(source: AsyncSession | Reader, member_id: UUID) -> dict[str, Any]:
    saver, balance = await read_batch(
        source,
        lambda ro: require_saver(ro, member_id),
        lambda ro: queries.get_voluntary_balance(ro, member_id),
    )
    return {"saver": saver, "balance": balance}


async def _reload_context(
    ctx: RequestContext, load_context: Callable[[Reader], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    """Load a page's template values in a new read transaction, for a form that is shown again."""
    assert ctx.tenant is not None  # these pages exist only on a cooperative's host
    async with coop_reader(ctx.database, ctx.tenant) as ro:
        return await load_context(ro)


def _initial_values(today: date) -> dict[str, object]:
    return {"kind": "mandatory", "amount": "", "method": "cash", "on": today.isoformat(), "key": new_id()}


routes: list[Any] = [
    show_deposit_form,
    preview_deposit,
    submit_deposit,
    show_withdrawal_form,
    preview_withdrawal,
    submit_withdrawal,
    show_receipt,
    show_statement,
]
