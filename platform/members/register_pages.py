"""The register, for officers: find, admit, answer applications, give codes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from governance.queries import bylaws_on
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from members import queries, rules
from members.activation import GivenCode, give_activation_code
from members.admission import Admitted, Person, admit_member, approve_application, decline_application
from members.forms import ApprovalForm, DeclineForm, NewMemberForm
from members.purchases import list_purchases, purchases_in
from savings import queries as savings_queries
from savings.deposit import deposit
from savings.passbook import dues_of, passbook
from ui import (
    AnyRequest,
    Brand,
    Db,
    Form,
    Nothing,
    Ro,
    TheBrand,
    TheViewer,
    TheVisit,
    Viewer,
    Visit,
    officer,
    page,
    read_form,
    see_other,
)
from ui.errors import NOT_FOUND
from ui.words import words


@get("/pengurus/anggota", guards=[officer])
async def show_register(
    request: AnyRequest,
    ro: Ro,
    cari: FromQuery[str] = "",
    status: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[Any]:
    """List and search."""
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    chosen = status if status in queries.STATUSES else ""
    rows, total = await queries.register(ro, search=search, status=chosen, page=current)
    pages = -(-total // queries.PAGE_SIZE)
    if current > pages > 0:  # the last page has become shorter, or an address was typed
        return see_other(
            "/pengurus/anggota?" + urlencode({"cari": search, "status": chosen, "halaman": pages})
        )
    return page(
        request,
        "members/register.html",
        block="list",
        place="anggota",
        rows=rows,
        savings=await savings_queries.balances_of(ro, [row.id for row in rows]),
        total=total,
        counts=await queries.counts(ro),
        search=search,
        chosen=chosen,
        current=current,
        pages=pages,
        search_part="&" + urlencode({"cari": search}) if search else "",
        next_page="/pengurus/anggota?" + urlencode({"cari": search, "status": chosen}) + "&halaman=",
    )


@get("/pengurus/anggota/baru", guards=[officer])
async def new_member_page(request: AnyRequest, ro: Ro, brand: TheBrand) -> Response[bytes]:
    """Ask who joins."""
    return page(request, "members/new.html", form=None, **await _new_context(ro, brand))


@post("/pengurus/anggota/baru", guards=[officer])
async def take_new_member(
    request: AnyRequest, db: Db, brand: TheBrand, visit: TheVisit, viewer: TheViewer
) -> Response[Any]:
    """Admit them, and show the code to pass on."""
    form = await read_form(request, NewMemberForm)
    today = clock.today(brand.timezone)
    async with form.or_again("members/new.html", **await _new_context(db, brand)):
        sent = form.data
        admitted = await admit_member(
            db,
            viewer.as_officer(),
            Person(sent.name, sent.sex or "", sent.phone, sent.address),
            number=sent.number,
            joined_on=sent.joined_on,
            today=today,
            key=f"counter:{sent.key}",
        )
        if sent.principal_paid:
            await _take_principal(db, viewer, brand, admitted)
    return _admitted(request, visit, admitted, words(visit.lang).gettext("Anggota sudah dicatat."))


@get("/pengurus/anggota/{member_id:uuid}", guards=[officer])
async def show_member(
    request: AnyRequest, ro: Ro, brand: TheBrand, visit: TheVisit, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Show one row of the register with all that belongs to it."""
    return page(
        request, "members/member.html", form=None, **await _member_context(ro, brand, visit, member_id)
    )


@post("/pengurus/anggota/{member_id:uuid}/persetujuan", guards=[officer])
async def approve(
    request: AnyRequest,
    db: Db,
    brand: TheBrand,
    visit: TheVisit,
    viewer: TheViewer,
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Say yes to an application, and show the code to pass on."""
    form = await read_form(request, ApprovalForm)
    context = await _member_context(as_reader(db), brand, visit, member_id)
    async with form.or_again("members/member.html", **context):
        sent = form.data
        admitted = await approve_application(
            db,
            viewer.as_officer(),
            member_id,
            number=sent.number,
            joined_on=sent.joined_on,
            today=clock.today(brand.timezone),
        )
        if sent.principal_paid:
            await _take_principal(db, viewer, brand, admitted)
    return _admitted(request, visit, admitted, words(visit.lang).gettext("Permohonan disetujui."))


@post("/pengurus/anggota/{member_id:uuid}/penolakan", guards=[officer])
async def decline(
    request: AnyRequest,
    db: Db,
    brand: TheBrand,
    visit: TheVisit,
    viewer: TheViewer,
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Say no to an application."""
    form: Form[DeclineForm] = await read_form(request, DeclineForm)
    context = await _member_context(as_reader(db), brand, visit, member_id)
    async with form.or_again("members/member.html", **context):
        await decline_application(db, viewer.as_officer(), member_id, form.data.reason)
    return see_other(
        "/pengurus/anggota?status=applied", flash=words(visit.lang).gettext("Permohonan ditolak dan dicatat.")
    )


@post("/pengurus/anggota/{member_id:uuid}/kode", guards=[officer])
async def give_code(
    request: AnyRequest, db: Db, viewer: TheViewer, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Give a new code, and show it once."""
    await read_form(request, Nothing)
    return _show_code(request, await give_activation_code(db, viewer.as_officer(), member_id), fresh=False)


@get("/pengurus/anggota/{member_id:uuid}/belanja", guards=[officer])
async def show_purchases(
    request: AnyRequest, ro: Ro, brand: TheBrand, member_id: FromPath[UUID], tahun: FromQuery[int] = 0
) -> Response[bytes]:
    """Show what a member bought in a year, from the books."""
    person = await queries.member(ro, member_id)
    if person is None:
        raise NOT_FOUND()
    running = clock.today(brand.timezone).year
    year = tahun if 2000 <= tahun <= running else running
    return page(
        request,
        "members/purchases.html",
        place="anggota",
        person=person,
        year=year,
        running=running,
        purchases=await list_purchases(ro, member_id, year),
        total=await purchases_in(ro, member_id, year),
        own=False,
        here=f"/pengurus/anggota/{member_id}/belanja",
    )


async def _take_principal(db: AsyncSession, viewer: Viewer, brand: Brand, admitted: Admitted) -> None:
    """Take what the bylaws ask on joining, in cash, today; the same form sent twice takes it once."""
    today = clock.today(brand.timezone)
    principal = (await bylaws_on(db, today)).bylaws.deposits.principal
    if principal > Rupiah(0):
        await deposit(
            db,
            viewer.as_officer(),
            admitted.member_id,
            "principal",
            principal,
            "cash",
            on=today,
            today=today,
            key="joining",
        )


def _admitted(request: AnyRequest, visit: Visit, admitted: Admitted, done: str) -> Response[Any]:
    if admitted.code is None:
        return see_other(f"/pengurus/anggota/{admitted.member_id}", flash=done)
    return _show_code(request, admitted.code, fresh=True)


def _show_code(request: AnyRequest, given: GivenCode, *, fresh: bool) -> Response[bytes]:
    """The only time that the code is shown: it is not kept, so this page cannot be asked for again."""
    return page(
        request,
        "members/code.html",
        place="anggota",
        given=given,
        fresh=fresh,
        days=rules.CODE_LASTS.days,
        host=request.headers.get("host", ""),
    )


async def _new_context(source: AsyncSession | Reader, brand: Brand) -> dict[str, Any]:
    today = clock.today(brand.timezone)
    return {
        "place": "anggota",
        "key": new_id(),
        "today": today,
        "principal": (await bylaws_on(source, today)).bylaws.deposits.principal,
        "next_number": rules.number_after(await queries.largest_number(source)),
    }


async def _member_context(ro: Reader, brand: Brand, visit: Visit, member_id: UUID) -> dict[str, Any]:
    person = await queries.member(ro, member_id)
    saver = await savings_queries.saver(ro, member_id)
    if person is None or saver is None:
        raise NOT_FOUND()
    today = clock.today(brand.timezone)
    bylaws = (await bylaws_on(ro, today)).bylaws
    savings = await savings_queries.balances(ro, member_id)
    return {
        "place": "anggota",
        "person": person,
        "account": await queries.account(ro, member_id, clock.now()),
        "same_phone": await queries.others_with_phone(ro, member_id, person.phone)
        if person.status == "applied"
        else [],
        "kinds": passbook(visit.lang, savings, f"/pengurus/anggota/{member_id}/simpanan"),
        "savings": savings,
        "dues": await dues_of(ro, saver, today),
        "deposits": bylaws.deposits,
        "answer_days": bylaws.membership.answer_days,
        "bought": await purchases_in(ro, member_id, today.year),
        "today": today,
        "next_number": rules.number_after(await queries.largest_number(ro)),
    }


routes: list[Any] = [
    show_register,
    new_member_page,
    take_new_member,
    show_member,
    approve,
    decline,
    give_code,
    show_purchases,
]
