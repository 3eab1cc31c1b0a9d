"""Pages of savings: at the counter an officer takes and pays back; a member reads the own passbook."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from sqlalchemy.ext.asyncio import AsyncSession

from governance.queries import bylaws_on
from governance.rules import SavingsKind
from kernel import clock
from kernel.database import Reader
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from savings import queries
from savings.deposit import deposit, plan_deposit
from savings.forms import DepositForm, WithdrawalForm
from savings.passbook import dues_of, passbook
from savings.queries import Saver
from savings.rules import ACCOUNTS, KIND_NAMES, KIND_OF_SLUG, SLUGS, WAY_NAMES
from savings.withdraw import plan_withdrawal, withdraw
from ui import (
    AnyRequest,
    Db,
    Ro,
    TheBrand,
    TheViewer,
    TheVisit,
    Visit,
    member,
    officer,
    page,
    read_form,
    see_other,
)
from ui.errors import NOT_FOUND
from ui.words import words


async def _saver(source: AsyncSession | Reader, member_id: UUID) -> Saver:
    saver = await queries.saver(source, member_id)
    if saver is None or saver.number is None:
        raise NOT_FOUND()
    return saver


@get("/pengurus/anggota/{member_id:uuid}/setor", guards=[officer])
async def deposit_form(
    request: AnyRequest,
    ro: Ro,
    brand: TheBrand,
    member_id: UUID,
    jenis: str = "",
    jumlah: str = "",
    cara: str = "cash",
    tanggal: str = "",
) -> Response[bytes]:
    """Ask what is paid in; the address may already say it."""
    today = clock.today(brand.timezone)
    context = await _deposit_context(ro, member_id, today)
    kind = KIND_OF_SLUG.get(jenis, "mandatory")
    start = {"kind": kind, "amount": jumlah, "way": cara, "on": tanggal or today.isoformat(), "key": new_id()}
    return page(request, "savings/deposit.html", place="anggota", form=None, start=start, **context)


@post("/pengurus/anggota/{member_id:uuid}/setor/periksa", guards=[officer])
async def check_deposit(
    request: AnyRequest, db: Db, brand: TheBrand, visit: TheVisit, member_id: UUID
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
        kind_name=KIND_NAMES[sent.kind].worded(visit.lang),
        way_name=WAY_NAMES[sent.way].worded(visit.lang),
        action=f"/pengurus/anggota/{member_id}/setor",
        back=f"/pengurus/anggota/{member_id}/setor?{back}",
    )


@post("/pengurus/anggota/{member_id:uuid}/setor", guards=[officer])
async def take_deposit(
    request: AnyRequest, db: Db, brand: TheBrand, viewer: TheViewer, visit: TheVisit, member_id: UUID
) -> Response[Any]:
    """Take it, and show the receipt."""
    today = clock.today(brand.timezone)
    form = await read_form(request, DepositForm)
    context = await _deposit_context(db, member_id, today)
    async with form.or_again("savings/deposit.html", place="anggota", start=_start(today), **context):
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
    member_id: UUID,
    jumlah: str = "",
    cara: str = "cash",
    tanggal: str = "",
) -> Response[bytes]:
    """Ask what is paid back."""
    today = clock.today(brand.timezone)
    start = {"amount": jumlah, "way": cara, "on": tanggal or today.isoformat(), "key": new_id()}
    context = await _withdrawal_context(ro, member_id)
    return page(request, "savings/withdrawal.html", place="anggota", form=None, start=start, **context)


@post("/pengurus/anggota/{member_id:uuid}/tarik/periksa", guards=[officer])
async def check_withdrawal(
    request: AnyRequest, db: Db, brand: TheBrand, visit: TheVisit, member_id: UUID
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
        kind_name=KIND_NAMES["voluntary"].worded(visit.lang),
        way_name=WAY_NAMES[sent.way].worded(visit.lang),
        action=f"/pengurus/anggota/{member_id}/tarik",
        back=f"/pengurus/anggota/{member_id}/tarik?{back}",
    )


@post("/pengurus/anggota/{member_id:uuid}/tarik", guards=[officer])
async def pay_back(
    request: AnyRequest, db: Db, brand: TheBrand, viewer: TheViewer, visit: TheVisit, member_id: UUID
) -> Response[Any]:
    """Pay it back, and show the receipt."""
    today = clock.today(brand.timezone)
    form = await read_form(request, WithdrawalForm)
    context = await _withdrawal_context(db, member_id)
    async with form.or_again("savings/withdrawal.html", place="anggota", start=_start(today), **context):
        sent = form.data
        posted = await withdraw(
            db, viewer.as_officer(), member_id, sent.amount, sent.way, on=sent.on, today=today, key=str(sent.key)
        )
    return see_other(
        f"/pengurus/anggota/{member_id}/bukti/{posted.number}",
        flash=words(visit.lang).gettext("Penarikan sudah dicatat."),
    )


@get("/pengurus/anggota/{member_id:uuid}/bukti/{number:int}", guards=[officer])
async def officer_receipt(
    request: AnyRequest, ro: Ro, visit: TheVisit, member_id: UUID, number: int
) -> Response[bytes]:
    """Show the receipt of one movement, to print or to keep."""
    saver = await _saver(ro, member_id)
    home = f"/pengurus/anggota/{member_id}"
    return await _receipt(request, ro, visit, saver, number, place="anggota", home=home, base=f"{home}/simpanan")


@get("/pengurus/anggota/{member_id:uuid}/simpanan/{slug:str}", guards=[officer])
async def officer_statement(
    request: AnyRequest, ro: Ro, visit: TheVisit, member_id: UUID, slug: str
) -> Response[bytes]:
    """Show every movement of one kind of a member's savings."""
    saver = await _saver(ro, member_id)
    home = f"/pengurus/anggota/{member_id}"
    return await _statement(request, ro, visit, saver, slug, place="anggota", home=home, receipts=f"{home}/bukti")


@get("/anggota/simpanan", guards=[member])
async def own_savings(request: AnyRequest, ro: Ro, brand: TheBrand, viewer: TheViewer, visit: Visit) -> Response[bytes]:
    """Show the member's passbook."""
    assert viewer.member_id is not None
    today = clock.today(brand.timezone)
    saver = await _saver(ro, viewer.member_id)
    savings = await queries.balances(ro, saver.id)
    in_force = (await bylaws_on(ro, today)).bylaws
    return page(
        request,
        "savings/passbook.html",
        place="simpanan",
        saver=saver,
        kinds=passbook(visit.lang, savings, "/anggota/simpanan"),
        savings=savings,
        dues=await dues_of(ro, saver, today),
        deposits=in_force.deposits,
        today=today,
    )


@get("/anggota/simpanan/{slug:str}", guards=[member])
async def own_statement(request: AnyRequest, ro: Ro, viewer: TheViewer, visit: TheVisit, slug: str) -> Response[bytes]:
    """Show the member every movement of one kind of savings."""
    assert viewer.member_id is not None
    saver = await _saver(ro, viewer.member_id)
    return await _statement(
        request, ro, visit, saver, slug, place="simpanan", home="/anggota/simpanan", receipts="/anggota/simpanan/bukti"
    )


@get("/anggota/simpanan/bukti/{number:int}", guards=[member])
async def own_receipt(request: AnyRequest, ro: Ro, viewer: TheViewer, visit: TheVisit, number: int) -> Response[bytes]:
    """Show the member the receipt of one movement."""
    assert viewer.member_id is not None
    saver = await _saver(ro, viewer.member_id)
    home = base = "/anggota/simpanan"
    return await _receipt(request, ro, visit, saver, number, place="simpanan", home=home, base=base)


async def _receipt(
    request: AnyRequest, ro: Reader, visit: Visit, saver: Saver, number: int, *, place: str, home: str, base: str
) -> Response[bytes]:
    found = await queries.receipt(ro, saver.id, number)
    if found is None:
        raise NOT_FOUND()
    lines = [(KIND_NAMES[kind].worded(visit.lang), abs(amount)) for kind, amount in found.amounts]
    way = WAY_NAMES[found.way].worded(visit.lang) if found.way else None
    statement = f"{base}/{SLUGS[found.amounts[0][0]]}"
    return page(
        request,
        "savings/receipt.html",
        place=place,
        saver=saver,
        receipt=found,
        lines=lines,
        way=way,
        home=home,
        statement=statement,
    )


async def _statement(
    request: AnyRequest, ro: Reader, visit: Visit, saver: Saver, slug: str, *, place: str, home: str, receipts: str
) -> Response[bytes]:
    kind: SavingsKind | None = KIND_OF_SLUG.get(slug)
    if kind is None:
        raise NOT_FOUND()
    lines = await ledger_queries.statement(ro, ACCOUNTS[kind], saver.id, limit=500)
    return page(
        request,
        "savings/statement.html",
        place=place,
        saver=saver,
        kind=kind,
        kind_id=KIND_NAMES[kind].id,
        kind_name=KIND_NAMES[kind].worded(visit.lang),
        lines=lines,
        balance=lines[0].balance if lines else 0,
        home=home,
        receipts=receipts,
        own=place == "simpanan",
    )


async def _deposit_context(source: AsyncSession | Reader, member_id: UUID, today: date) -> dict[str, Any]:
    """What the page of a deposit tells beside its fields."""
    saver = await _saver(source, member_id)
    deposits = (await bylaws_on(source, today)).bylaws.deposits
    savings = await queries.balances(source, member_id)
    return {
        "saver": saver,
        "savings": savings,
        "deposits": deposits,
        "principal_left": max(deposits.principal - savings.principal, Rupiah(0)),
        "dues": await dues_of(source, saver, today),
    }


async def _withdrawal_context(source: AsyncSession | Reader, member_id: UUID) -> dict[str, Any]:
    return {"saver": await _saver(source, member_id), "balance": await queries.voluntary_balance(source, member_id)}


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
    own_savings,
    own_statement,
    own_receipt,
]
