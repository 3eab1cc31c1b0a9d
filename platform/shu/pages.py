"""Officers' pages of SHU: compute a draft, and follow each figure down to the ledger."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

import ledger.queries as ledger_queries
from governance.queries import get_bylaws_on
from kernel import clock
from kernel.database import Reader
from kernel.errors import Localizable, LocalizedText
from kernel.timeouts import EXPORT, SHU_RUN
from ledger import year_queries
from shu import errors, member_pages, queries
from shu.create_draft import EARLIEST_YEAR
from shu.create_draft import create_draft as make_draft
from shu.csv_export import write_csv
from shu.queries import DraftView
from shu.slips import load_pool_labels, load_slip
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentUser,
    Db,
    Ro,
    get_context,
    may,
    read_form,
    render_page,
    see_other,
)

HOME = "/pengurus/shu"
PAGE_SIZE = 50
MAX_NUMBER = 32_767  # the largest smallint


class YearForm(msgspec.Struct, forbid_unknown_fields=True):
    """The year to compute a draft for."""

    year: Annotated[int, msgspec.Meta(ge=1950, le=9999)]


@get(HOME, guards=[may("shu.view")])
async def show_latest_draft(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, tahun: FromQuery[str] = ""
) -> Response[bytes]:
    """Show the newest draft of a year; by default of the last past year that has journals."""
    today = clock.today(brand.timezone)
    known = await year_queries.list_years(ro)
    if tahun.isdecimal() and len(tahun) == 4 and int(tahun) >= EARLIEST_YEAR:
        year = min(int(tahun), today.year + 1)
    else:
        year = max((each for each in known if each < today.year), default=today.year)
    return await _render_draft(request, ro, today, year, await queries.find_latest_draft(ro, year))


@get(HOME + "/{year:int}/{version:int}", guards=[may("shu.view")])
async def show_draft(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, year: FromPath[int], version: FromPath[int]
) -> Response[bytes]:
    """Show one stored draft."""
    return await _render_draft(
        request, ro, clock.today(brand.timezone), year, await _require_draft(ro, year, version)
    )


@post(HOME + "/rancangan", guards=[may("shu.draft")], opt={"timeouts": SHU_RUN})
async def submit_draft(request: AnyRequest, db: Db, viewer: CurrentUser) -> Response[Any]:
    """Compute the draft of a year."""
    form = await read_form(request, YearForm)
    if form.errors:
        raise errors.YEAR_TOO_OLD(year=form.values.get("year", "")[:10])
    result = await make_draft(db, viewer.as_officer(), form.data.year)
    message = (
        LocalizedText("Rancangan {version} sudah dihitung.").format(version=result.version)
        if result.created
        else LocalizedText(
            "Buku belum berubah: rancangan ini tetap sama.",
        )
    )
    return see_other(
        f"{HOME}/{result.year}/{result.version}", flash=message.localize(get_context(request).lang)
    )


@get(HOME + "/{year:int}/{version:int}/bagian/{code:str}", guards=[may("shu.view")])
async def show_pool(
    request: AnyRequest,
    ro: Ro,
    year: FromPath[int],
    version: FromPath[int],
    code: FromPath[str],
    cari: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """Show a pool and the members' shares of it, with search, page by page."""
    draft = await _require_draft(ro, year, version)
    pool = next(
        (each for each in await queries.list_pools(ro, draft.id) if each.code == code and each.basis), None
    )
    if pool is None:
        raise errors.NO_SUCH_DRAFT(year=str(year))
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    count = await queries.count_pool_shares(ro, draft.id, search, pool.position)
    rows = await queries.list_pool_shares(
        ro, draft.id, search, pool.position, offset=(current - 1) * PAGE_SIZE, limit=PAGE_SIZE
    )
    return render_page(
        request,
        "shu/pool.html",
        block="found",
        active_menu="shu",
        draft=draft,
        pool=pool,
        percent=Decimal(pool.percent),
        label=(await load_pool_labels(ro, draft))[pool.code],
        rows=rows,
        **_pagination_context(f"{HOME}/{year}/{version}/bagian/{code}", search, current, count),
    )


@get(HOME + "/{year:int}/{version:int}/anggota", guards=[may("shu.view")])
async def show_members(
    request: AnyRequest,
    ro: Ro,
    year: FromPath[int],
    version: FromPath[int],
    cari: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """Show the members with their shares of every pool, with search, page by page."""
    draft = await _require_draft(ro, year, version)
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    count = await queries.count_members(ro, draft.id, search)
    rows = await queries.list_member_totals(
        ro, draft.id, search, offset=(current - 1) * PAGE_SIZE, limit=PAGE_SIZE
    )
    return render_page(
        request,
        "shu/members.html",
        block="found",
        active_menu="shu",
        draft=draft,
        rows=rows,
        pools=await _list_distributed_pools(ro, draft),
        **_pagination_context(f"{HOME}/{year}/{version}/anggota", search, current, count),
    )


@get(HOME + "/{year:int}/{version:int}/anggota/{member_id:uuid}", guards=[may("shu.view")])
async def show_member_slip(
    request: AnyRequest, ro: Ro, year: FromPath[int], version: FromPath[int], member_id: FromPath[UUID]
) -> Response[bytes]:
    """Show one member's slip with the ledger lines that each basis sums."""
    draft = await _require_draft(ro, year, version)
    member_row = await queries.find_member(ro, member_id)
    slip = await load_slip(ro, draft, member_id) if member_row else None
    if member_row is None or slip is None:
        raise errors.NO_SUCH_SHARE()
    return render_page(
        request, "shu/member.html", active_menu="shu", draft=draft, slip=slip, member_row=member_row
    )


@get(
    HOME + "/{year:int}/{version:int}/cetak",
    guards=[may("shu.view")],
    opt={"timeouts": EXPORT},
)
async def show_print_view(
    request: AnyRequest, ro: Ro, year: FromPath[int], version: FromPath[int]
) -> Response[bytes]:
    """Show the whole division for printing, for the meeting."""
    draft = await _require_draft(ro, year, version)
    labels = await load_pool_labels(ro, draft)
    return render_page(
        request,
        "shu/print.html",
        active_menu="shu",
        draft=draft,
        all_pools=[
            (labels[pool.code], Decimal(pool.percent), pool)
            for pool in await queries.list_pools(ro, draft.id)
        ],
        pools=await _list_distributed_pools(ro, draft),
        rows=await queries.list_member_totals(ro, draft.id),
    )


@get(
    HOME + "/{year:int}/{version:int}/bagian.csv",
    guards=[may("shu.view")],
    opt={"timeouts": EXPORT},
)
async def download_csv(ro: Ro, year: FromPath[int], version: FromPath[int]) -> Response[bytes]:
    """Send every member's shares as a CSV file."""
    draft = await _require_draft(ro, year, version)
    pools = [pool for pool in await queries.list_pools(ro, draft.id) if pool.basis]
    content = await asyncio.to_thread(write_csv, pools, await queries.list_member_totals(ro, draft.id))
    return Response(
        content,
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="shu-{year}-rancangan-{version}.csv"'},
    )


async def _render_draft(
    request: AnyRequest, ro: Reader, today: date, year: int, draft: DraftView | None
) -> Response[bytes]:
    known = await year_queries.list_years(ro)
    drafted = [each.year for each in await queries.list_latest_drafts(ro)]
    context: dict[str, Any] = {
        "year": year,
        "years": sorted({*known, *drafted, today.year}, reverse=True),
        "draft": draft,
        "ahead": year > today.year,
        "running": year == today.year,
        "has_books": year in known,
    }
    if draft is None:
        context["surplus"] = await year_queries.get_surplus(ro, year)
    else:
        context |= await _draft_context(ro, draft)
    return render_page(request, "shu/draft.html", active_menu="shu", **context)


async def _draft_context(ro: Reader, draft: DraftView) -> dict[str, Any]:
    """Return the template values of a draft's page, read up to the draft's last journal."""
    year_end = date(draft.year, 12, 31)
    labels = await load_pool_labels(ro, draft)
    pools = await queries.list_pools(ro, draft.id)
    results = await year_queries.list_income_statement_lines(
        ro, draft.year, through_journal=draft.last_journal
    )
    versions = await queries.list_drafts(ro, draft.year)
    rules_now = await get_bylaws_on(ro, year_end)
    return {
        "pools": [(labels[pool.code], Decimal(pool.percent), pool) for pool in pools],
        "for_members": sum(pool.amount - pool.unallocated for pool in pools if pool.basis),
        "unallocated": [(labels[pool.code], pool) for pool in pools if pool.unallocated],
        "receivers": await queries.count_recipients(ro, draft.id),
        "income": [line for line in results if line.kind == "income"],
        "costs": [line for line in results if line.kind == "expense"],
        "versions": versions,
        "newest": versions[0].version,
        "outdated": draft.version == versions[0].version
        and (
            await ledger_queries.get_last_journal_number(ro, year_end) != draft.last_journal
            or rules_now.version != draft.bylaws_version
        ),
    }


async def _require_draft(ro: Reader, year: int, version: int) -> DraftView:
    draft = await queries.find_draft(ro, year, version) if max(year, version) <= MAX_NUMBER else None
    if draft is None:
        raise errors.NO_SUCH_DRAFT(year=str(year))
    return draft


async def _list_distributed_pools(ro: Reader, draft: DraftView) -> list[tuple[Localizable, queries.PoolView]]:
    """Return the pools that are divided among members, each with its label."""
    labels = await load_pool_labels(ro, draft)
    return [(labels[pool.code], pool) for pool in await queries.list_pools(ro, draft.id) if pool.basis]


def _pagination_context(path: str, search: str, current: int, count: int) -> dict[str, Any]:
    return {
        "action": path,
        "search": search,
        "count": count,
        "current": current,
        "pages": -(-count // PAGE_SIZE),
        "next_page": f"{path}?{urlencode({'cari': search})}&halaman=",
    }


cooperative_routes: list[Any] = [
    show_latest_draft,
    show_draft,
    submit_draft,
    show_pool,
    show_members,
    show_member_slip,
    show_print_view,
    download_csv,
    *member_pages.routes,
]
