"""A member's own SHU: their shares in the newest draft of each year, with the calculation."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from kernel.database import Reader
from shu import errors, queries
from shu.slips import load_slip
from ui import AnyRequest, CurrentUser, Ro, Viewer, render_page, require_member
from ui.guards import WHEN_SUSPENDED


@get("/anggota/shu", guards=[require_member], opt=WHEN_SUSPENDED)
async def show_own_shu(request: AnyRequest, ro: Ro, viewer: CurrentUser) -> Response[bytes]:
    """Show the signed-in member's slip of the newest year, with links to earlier years."""
    return await _render_slip(request, ro, viewer, None)


@get("/anggota/shu/{year:int}", guards=[require_member], opt=WHEN_SUSPENDED)
async def show_own_shu_of_year(
    request: AnyRequest, ro: Ro, viewer: CurrentUser, year: FromPath[int]
) -> Response[bytes]:
    """Show the signed-in member's slip of one year."""
    return await _render_slip(request, ro, viewer, year)


async def _render_slip(request: AnyRequest, ro: Reader, viewer: Viewer, year: int | None) -> Response[bytes]:
    assert viewer.member_id is not None, "the guard lets members pass"
    drafts = await queries.list_latest_drafts(ro)
    chosen = next((draft for draft in drafts if year in (None, draft.year)), None)
    if year is not None and chosen is None:
        raise errors.NO_SUCH_DRAFT(year=str(year))
    slip = await load_slip(ro, chosen, viewer.member_id) if chosen else None
    return render_page(
        request,
        "shu/own.html",
        active_menu="shu",
        drafts=drafts,
        draft=chosen,
        slip=slip,
        number=viewer.member_number,
    )


routes: list[Any] = [show_own_shu, show_own_shu_of_year]
