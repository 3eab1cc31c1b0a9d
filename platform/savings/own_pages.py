"""A member's own passbook, statements and receipts."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from governance.queries import bylaws_on
from kernel import clock
from kernel.batching import read_batch
from savings import queries
from savings.papers import receipt_page, require_saver_row, saver_and_dues, statement_page
from savings.passbook import passbook
from ui import AnyRequest, Ro, TheBrand, TheViewer, TheVisit, member, page


@get("/anggota/simpanan", guards=[member])
async def own_savings(
    request: AnyRequest, ro: Ro, brand: TheBrand, viewer: TheViewer, visit: TheVisit
) -> Response[bytes]:
    """Show the member's passbook."""
    assert viewer.member_id is not None
    member_id, today = viewer.member_id, clock.today(brand.timezone)
    (saver, dues), savings, held = await read_batch(
        ro,
        lambda ro: saver_and_dues(ro, member_id, today),
        lambda ro: queries.balances(ro, member_id),
        lambda ro: bylaws_on(ro, today),
    )
    return page(
        request,
        "savings/passbook.html",
        place="simpanan",
        saver=saver,
        kinds=passbook(visit.lang, savings, "/anggota/simpanan"),
        savings=savings,
        dues=dues,
        deposits=held.bylaws.deposits,
        today=today,
    )


@get("/anggota/simpanan/{slug:str}", guards=[member])
async def own_statement(
    request: AnyRequest, ro: Ro, viewer: TheViewer, visit: TheVisit, slug: FromPath[str]
) -> Response[bytes]:
    """Show the member every movement of one kind of savings."""
    assert viewer.member_id is not None
    saver = await require_saver_row(ro, viewer.member_id)
    return await statement_page(
        request,
        ro,
        visit,
        saver,
        slug,
        place="simpanan",
        home="/anggota/simpanan",
        receipts="/anggota/simpanan/bukti",
    )


@get("/anggota/simpanan/bukti/{number:int}", guards=[member])
async def own_receipt(
    request: AnyRequest, ro: Ro, viewer: TheViewer, visit: TheVisit, number: FromPath[int]
) -> Response[bytes]:
    """Show the member the receipt of one movement."""
    assert viewer.member_id is not None
    saver = await require_saver_row(ro, viewer.member_id)
    home = base = "/anggota/simpanan"
    return await receipt_page(request, ro, visit, saver, number, place="simpanan", home=home, base=base)


routes: list[Any] = [own_savings, own_statement, own_receipt]
