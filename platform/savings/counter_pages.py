"""Savings at the counter: an officer takes and pays back; one sentence before, a receipt after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from governance.queries import bylaws_on
from kernel import clock
from kernel.batching import read_batch
from kernel.database import Reader
from kernel.ids import new_id
from kernel.money import Rupiah
from savings import queries
from savings.deposit import deposit, plan_deposit
from savings.forms import DepositForm, WithdrawalForm
from savings.papers import receipt_page, require_saver_row, saver_and_dues, statement_page
from savings.rules import KIND_NAMES, KIND_OF_SLUG, SLUGS, WAY_NAMES
from savings.withdraw import plan_withdrawal, withdraw
from tenants.session import coop_reader
from ui import AnyRequest, Db, Ro, TheBrand, TheViewer, TheVisit, Visit, officer, page, read_form, see_other
from ui.words import words


@get("/pengurus/anggota/{member_id:uuid}/setor", guards=[officer])
async def deposit_form(
    request: AnyRequest,
    ro: Ro,
    brand: TheBrand,
    member_id: FromPath[UUID],
    jenis: FromQuery[str] = "",
    jumlah: FromQuery[str] = "",
    cara: FromQuery[str] = "cash",
    tanggal: FromQuery[str] = "",
) -> Response[bytes]:
    """Ask what is paid in; the address may already say it."""
    today = clock.today(brand.timezone)
    context = await _deposit_context(ro, member_id, today)
    kind = KIND_OF_SLUG.get(jenis, "mandatory")
    start = {"kind": kind, "amount": jumlah, "way": cara, "on": tanggal or today.isoformat(), "key": new_id()}
    return page(request, "savings/deposit.html", place="anggota", form=None, start=start, **context)


@post("/pengurus/anggota/{member_id:uuid}/setor/periksa", guards=[officer])
async def check_deposit(
    request: AnyRequest, db: Db, brand: TheBrand, visit: TheVisit, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Say in one sentence what will happen, before it does."""
    today = clock.today(brand.timezone)
    form = await read_form(request, DepositForm)
    context = await _deposit_context(db, member_id, today)
    async with form.or_again("savings/deposit.html", place="anggota", start=_start(today), **context):
        sent = form.data
        plan = await plan_deposit(db, member_id, sent.kind, sent.amount, on=sent.on, today=today)
    back = f"jenis={SLUGS[sent.kind]}&jumlah={int(sent.amount)}&cara={sent.way}&tanggal={sent.on.isoformat()}"
    return page(
        request,
        "savings/confirm.html",
        place="anggota",
        plan=plan,
        sent=sent,
        taking=True,
        kind_name=KIND_NAMES[sent.kind].localize(visit.lang),
        way_name=WAY_NAMES[sent.way].localize(visit.lang),
        action=f"/pengurus/anggota/{member_id}/setor",
        back=f"/pengurus/anggota/{member_id}/setor?{back}",
    )


@post("/pengurus/anggota/{member_id:uuid}/setor", guards=[officer])
async def take_deposit(
    request: AnyRequest,
    db: Db,
    brand: TheBrand,
    viewer: TheViewer,
    visit: TheVisit,
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Take it, and show the receipt."""
    today = clock.today(brand.timezone)
    form = await read_form(request, DepositForm)
    read = partial(_read_anew, visit, partial(_deposit_context, member_id=member_id, today=today))
    async with form.or_again("savings/deposit.html", read=read, place="anggota", start=_start(today)):
        sent = form.data
        posted = await deposit(
            db,
            viewer.as_officer(),
            member_id,
            sent.kind,
            sent.amount,
            sent.way,
            on=sent.on,
            today=today,
            key=str(sent.key),
        )
    return see_other(
        f"/pengurus/anggota/{member_id}/bukti/{posted.number}",
        flash=words(visit.lang).gettext("Setoran sudah dicatat."),
    )


@get("/pengurus/anggota/{member_id:uuid}/tarik", guards=[officer])
async def withdrawal_form(
    request: AnyRequest,
    ro: Ro,
    brand: TheBrand,
    member_id: FromPath[UUID],
    jumlah: FromQuery[str] = "",
    cara: FromQuery[str] = "cash",
    tanggal: FromQuery[str] = "",
) -> Response[bytes]:
    """Ask what is paid back."""
    today = clock.today(brand.timezone)
    start = {"amount": jumlah, "way": cara, "on": tanggal or today.isoformat(), "key": new_id()}
    context = await _withdrawal_context(ro, member_id)
    return page(request, "savings/withdrawal.html", place="anggota", form=None, start=start, **context)


@post("/pengurus/anggota/{member_id:uuid}/tarik/periksa", guards=[officer])
async def check_withdrawal(
    request: AnyRequest, db: Db, brand: TheBrand, visit: TheVisit, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Say in one sentence what will happen, before it does."""
    today = clock.today(brand.timezone)
    form = await read_form(request, WithdrawalForm)
    context = await _withdrawal_context(db, member_id)
    async with form.or_again("savings/withdrawal.html", place="anggota", start=_start(today), **context):
        sent = form.data
        plan = await plan_withdrawal(db, member_id, sent.amount, on=sent.on, today=today)
    back = f"jumlah={int(sent.amount)}&cara={sent.way}&tanggal={sent.on.isoformat()}"
    return page(
        request,
        "savings/confirm.html",
        place="anggota",
        plan=plan,
        sent=sent,
        taking=False,
        kind_name=KIND_NAMES["voluntary"].localize(visit.lang),
        way_name=WAY_NAMES[sent.way].localize(visit.lang),
        action=f"/pengurus/anggota/{member_id}/tarik",
        back=f"/pengurus/anggota/{member_id}/tarik?{back}",
    )


@post("/pengurus/anggota/{member_id:uuid}/tarik", guards=[officer])
async def pay_back(
    request: AnyRequest,
    db: Db,
    brand: TheBrand,
    viewer: TheViewer,
    visit: TheVisit,
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Pay it back, and show the receipt."""
    today = clock.today(brand.timezone)
    form = await read_form(request, WithdrawalForm)
    read = partial(_read_anew, visit, partial(_withdrawal_context, member_id=member_id))
    async with form.or_again("savings/withdrawal.html", read=read, place="anggota", start=_start(today)):
        sent = form.data
        posted = await withdraw(
            db,
            viewer.as_officer(),
            member_id,
            sent.amount,
            sent.way,
            on=sent.on,
            today=today,
            key=str(sent.key),
        )
    return see_other(
        f"/pengurus/anggota/{member_id}/bukti/{posted.number}",
        flash=words(visit.lang).gettext("Penarikan sudah dicatat."),
    )


@get("/pengurus/anggota/{member_id:uuid}/bukti/{number:int}", guards=[officer])
async def officer_receipt(
    request: AnyRequest, ro: Ro, visit: TheVisit, member_id: FromPath[UUID], number: FromPath[int]
) -> Response[bytes]:
    """Show the receipt of one movement, to print or to keep."""
    saver = await require_saver_row(ro, member_id)
    home = f"/pengurus/anggota/{member_id}"
    return await receipt_page(
        request, ro, visit, saver, number, place="anggota", home=home, base=f"{home}/simpanan"
    )


@get("/pengurus/anggota/{member_id:uuid}/simpanan/{slug:str}", guards=[officer])
async def officer_statement(
    request: AnyRequest, ro: Ro, visit: TheVisit, member_id: FromPath[UUID], slug: FromPath[str]
) -> Response[bytes]:
    """Show every movement of one kind of a member's savings."""
    saver = await require_saver_row(ro, member_id)
    home = f"/pengurus/anggota/{member_id}"
    return await statement_page(
        request, ro, visit, saver, slug, place="anggota", home=home, receipts=f"{home}/bukti"
    )


async def _deposit_context(source: AsyncSession | Reader, member_id: UUID, today: date) -> dict[str, Any]:
    """What the page of a deposit tells beside its fields."""
    (saver, dues), savings, held = await read_batch(
        source,
        lambda ro: saver_and_dues(ro, member_id, today),
        lambda ro: queries.balances(ro, member_id),
        lambda ro: bylaws_on(ro, today),
    )
    deposits = held.bylaws.deposits
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
        lambda ro: require_saver_row(ro, member_id),
        lambda ro: queries.voluntary_balance(ro, member_id),
    )
    return {"saver": saver, "balance": balance}


async def _read_anew(visit: Visit, context: Callable[[Reader], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Read a page's context for a form that comes back."""
    assert visit.tenant is not None  # pages of a cooperative alone
    async with coop_reader(visit.database, visit.tenant) as ro:
        return await context(ro)


def _start(today: date) -> dict[str, object]:
    return {"kind": "mandatory", "amount": "", "way": "cash", "on": today.isoformat(), "key": new_id()}


routes: list[Any] = [
    deposit_form,
    check_deposit,
    take_deposit,
    withdrawal_form,
    check_withdrawal,
    pay_back,
    officer_receipt,
    officer_statement,
]
