"""A member's own SHU: the stored line of the newest draft of each year, and how it came about."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from kernel.database import Reader
from shu import errors, queries
from shu.slips import slip_of
from ui import AnyRequest, Ro, TheViewer, Viewer, member, page


@get("/anggota/shu", guards=[member])
async def own_shu(request: AnyRequest, ro: Ro, viewer: TheViewer) -> Response[bytes]:
    """The newest year's slip, and the way to the earlier ones."""
    return await _show(request, ro, viewer, None)


@get("/anggota/shu/{year:int}", guards=[member])
async def own_shu_of_year(
    request: AnyRequest, ro: Ro, viewer: TheViewer, year: FromPath[int]
) -> Response[bytes]:
    """The slip of one year."""
    return await _show(request, ro, viewer, year)


async def _show(request: AnyRequest, ro: Reader, viewer: Viewer, year: int | None) -> Response[bytes]:
    assert viewer.member_id is not None, "the guard lets members pass"
    drafts = await queries.newest_of_each_year(ro)
    chosen = next((draft for draft in drafts if year in (None, draft.year)), None)
    if year is not None and chosen is None:
        raise errors.NO_SUCH_DRAFT(year=str(year))
    slip = await slip_of(ro, chosen, viewer.member_id) if chosen else None
    return page(
        request,
        "shu/own.html",
        place="shu",
        drafts=drafts,
        draft=chosen,
        slip=slip,
        number=viewer.member_number,
    )


routes: list[Any] = [own_shu, own_shu_of_year]
