"""A member's own passbook, statements and receipts."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from governance.queries import get_bylaws_on
from kernel import clock
from kernel.batching import read_batch
from savings import queries
from savings.receipt_pages import load_saver_and_dues, render_receipt, render_statement, require_saver
from savings.view_models import build_passbook
from ui import AnyRequest, CurrentBrand, CurrentContext, CurrentUser, Ro, render_page, require_member
from ui.guards import WHEN_SUSPENDED


@get("/anggota/simpanan", guards=[require_member], opt=WHEN_SUSPENDED)
async def show_own_savings(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, viewer: CurrentUser, ctx: CurrentContext
) -> Response[bytes]:
    """Show the signed-in member's passbook."""
    assert viewer.member_id is not None
    member_id, today = viewer.member_id, clock.today(brand.timezone)
    (saver, dues), savings, version = await read_batch(
        ro,
        lambda ro: load_saver_and_dues(ro, member_id, today),
        lambda ro: queries.get_balances(ro, member_id),
        lambda ro: get_bylaws_on(ro, today),
    )
    return render_page(
        request,
        "savings/passbook.html",
        active_menu="simpanan",
        saver=saver,
        kinds=build_passbook(ctx.lang, savings, "/anggota/simpanan"),
        savings=savings,
        dues=dues,
        deposits=version.bylaws.deposits,
        today=today,
    )


@get("/anggota/simpanan/{slug:str}", guards=[require_member], opt=WHEN_SUSPENDED)
async def show_own_statement(
    request: AnyRequest, ro: Ro, viewer: CurrentUser, ctx: CurrentContext, slug: FromPath[str]
) -> Response[bytes]:
    """Show the signed-in member every movement of one kind of savings."""
    assert viewer.member_id is not None
    saver = await require_saver(ro, viewer.member_id)
    return await render_statement(
        request,
        ro,
        ctx,
        saver,
        slug,
        active_menu="simpanan",
        home="/anggota/simpanan",
        receipts="/anggota/simpanan/bukti",
    )


@get("/anggota/simpanan/bukti/{number:int}", guards=[require_member], opt=WHEN_SUSPENDED)
async def show_own_receipt(
    request: AnyRequest, ro: Ro, viewer: CurrentUser, ctx: CurrentContext, number: FromPath[int]
) -> Response[bytes]:
    """Show the signed-in member the receipt of one movement."""
    assert viewer.member_id is not None
    saver = await require_saver(ro, viewer.member_id)
    home = base = "/anggota/simpanan"
    return await render_receipt(request, ro, ctx, saver, number, active_menu="simpanan", home=home, base=base)


routes: list[Any] = [show_own_savings, show_own_statement, show_own_receipt]
