"""Pages of the division: an officer drafts a year and opens every figure down to the books."""

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

import ledger.queries as books
from governance.queries import bylaws_on
from kernel import clock
from kernel.database import Reader
from kernel.errors import LocalizedText
from kernel.timeouts import EXPORT, SHU_RUN
from shu import errors, member_pages, queries
from shu.drafting import EARLIEST_YEAR
from shu.drafting import draft as make_draft
from shu.queries import DraftView
from shu.sheet import write_csv
from shu.slips import labels_of, slip_of
from ui import AnyRequest, Db, Ro, TheBrand, TheViewer, officer, page, read_form, see_other, visit_of

HOME = "/pengurus/shu"
PAGE = 50
LARGEST_NUMBER = 32_767  # what years and versions are stored in


class YearForm(msgspec.Struct, forbid_unknown_fields=True):
    """Which year to draft."""

    year: Annotated[int, msgspec.Meta(ge=1950, le=9999)]


@get(HOME, guards=[officer])
async def shu_home(
    request: AnyRequest, ro: Ro, brand: TheBrand, tahun: FromQuery[str] = ""
) -> Response[bytes]:
    """The newest draft of a year: the one asked for, else the last whole year that the books know."""
    today = clock.today(brand.timezone)
    known = await books.years(ro)
    if tahun.isdecimal() and len(tahun) == 4 and int(tahun) >= EARLIEST_YEAR:
        year = min(int(tahun), today.year + 1)
    else:
        year = max((each for each in known if each < today.year), default=today.year)
    return await _show(request, ro, today, year, await queries.newest(ro, year))


@get(HOME + "/{year:int}/{version:int}", guards=[officer])
async def shu_version(
    request: AnyRequest, ro: Ro, brand: TheBrand, year: FromPath[int], version: FromPath[int]
) -> Response[bytes]:
    """One draft as it was computed."""
    return await _show(request, ro, clock.today(brand.timezone), year, await _draft(ro, year, version))


@post(HOME + "/rancangan", guards=[officer], opt={"timeouts": SHU_RUN})
async def take_draft(request: AnyRequest, db: Db, viewer: TheViewer) -> Response[Any]:
    """Compute the draft of a year."""
    form = await read_form(request, YearForm)
    if form.errors:
        raise errors.YEAR_TOO_OLD(year=form.values.get("year", "")[:10])
    result = await make_draft(db, viewer.as_officer(), form.data.year)
    said = (
        LocalizedText(f"Rancangan {result.version} sudah dihitung.", f"Draft {result.version} is computed.")
        if result.fresh
        else LocalizedText(
            "Buku belum berubah: rancangan ini tetap sama.",
            "The books have not changed: the draft stays the same.",
        )
    )
    return see_other(f"{HOME}/{result.year}/{result.version}", flash=said.localize(visit_of(request).lang))


@get(HOME + "/{year:int}/{version:int}/bagian/{code:str}", guards=[officer])
async def pool_page(
    request: AnyRequest,
    ro: Ro,
    year: FromPath[int],
    version: FromPath[int],
    code: FromPath[str],
    cari: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """A pool, and every member's share of it."""
    draft = await _draft(ro, year, version)
    pool = next(
        (each for each in await queries.pools(ro, draft.id) if each.code == code and each.basis), None
    )
    if pool is None:
        raise errors.NO_SUCH_DRAFT(year=str(year))
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    count = await queries.count_pool_shares(ro, draft.id, search, pool.position)
    rows = await queries.pool_shares(
        ro, draft.id, search, pool.position, offset=(current - 1) * PAGE, limit=PAGE
    )
    return page(
        request,
        "shu/pool.html",
        block="found",
        place="shu",
        draft=draft,
        pool=pool,
        percent=Decimal(pool.percent),
        label=(await labels_of(ro, draft))[pool.code],
        rows=rows,
        **_listing(f"{HOME}/{year}/{version}/bagian/{code}", search, current, count),
    )


@get(HOME + "/{year:int}/{version:int}/anggota", guards=[officer])
async def members_page(
    request: AnyRequest,
    ro: Ro,
    year: FromPath[int],
    version: FromPath[int],
    cari: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """Every member with their whole part."""
    draft = await _draft(ro, year, version)
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    count = await queries.count_members(ro, draft.id, search)
    rows = await queries.totals(ro, draft.id, search, offset=(current - 1) * PAGE, limit=PAGE)
    return page(
        request,
        "shu/members.html",
        block="found",
        place="shu",
        draft=draft,
        rows=rows,
        pools=await _divided(ro, draft),
        **_listing(f"{HOME}/{year}/{version}/anggota", search, current, count),
    )


@get(HOME + "/{year:int}/{version:int}/anggota/{member_id:uuid}", guards=[officer])
async def member_slip(
    request: AnyRequest, ro: Ro, year: FromPath[int], version: FromPath[int], member_id: FromPath[UUID]
) -> Response[bytes]:
    """One member's slip, down to the rows of the books."""
    draft = await _draft(ro, year, version)
    whose = await queries.member_of(ro, member_id)
    slip = await slip_of(ro, draft, member_id) if whose else None
    if whose is None or slip is None:
        raise errors.NO_SUCH_SHARE()
    return page(request, "shu/member.html", place="shu", draft=draft, slip=slip, whose=whose)


@get(HOME + "/{year:int}/{version:int}/cetak", guards=[officer], opt={"timeouts": EXPORT})
async def print_page(
    request: AnyRequest, ro: Ro, year: FromPath[int], version: FromPath[int]
) -> Response[bytes]:
    """The whole division on paper, for the meeting."""
    draft = await _draft(ro, year, version)
    labels = await labels_of(ro, draft)
    return page(
        request,
        "shu/print.html",
        place="shu",
        draft=draft,
        all_pools=[
            (labels[pool.code], Decimal(pool.percent), pool) for pool in await queries.pools(ro, draft.id)
        ],
        pools=await _divided(ro, draft),
        rows=await queries.totals(ro, draft.id),
    )


@get(HOME + "/{year:int}/{version:int}/bagian.csv", guards=[officer], opt={"timeouts": EXPORT})
async def csv_file(ro: Ro, year: FromPath[int], version: FromPath[int]) -> Response[bytes]:
    """Every member's shares as a file for spreadsheets."""
    draft = await _draft(ro, year, version)
    pools = [pool for pool in await queries.pools(ro, draft.id) if pool.basis]
    content = await asyncio.to_thread(write_csv, pools, await queries.totals(ro, draft.id))
    return Response(
        content,
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="shu-{year}-rancangan-{version}.csv"'},
    )


async def _show(
    request: AnyRequest, ro: Reader, today: date, year: int, draft: DraftView | None
) -> Response[bytes]:
    known = await books.years(ro)
    drafted = [each.year for each in await queries.newest_of_each_year(ro)]
    context: dict[str, Any] = {
        "year": year,
        "years": sorted({*known, *drafted, today.year}, reverse=True),
        "draft": draft,
        "ahead": year > today.year,
        "running": year == today.year,
        "has_books": year in known,
    }
    if draft is None:
        context["surplus"] = await books.surplus(ro, year)
    else:
        context |= await _figures(ro, draft)
    return page(request, "shu/draft.html", place="shu", **context)


async def _figures(ro: Reader, draft: DraftView) -> dict[str, Any]:
    """All that the page of a draft shows, as of the journal that the draft saw last."""
    year_end = date(draft.year, 12, 31)
    labels = await labels_of(ro, draft)
    pools = await queries.pools(ro, draft.id)
    results = await books.results(ro, draft.year, through=draft.last_journal)
    versions = await queries.versions(ro, draft.year)
    rules_now = await bylaws_on(ro, year_end)
    return {
        "pools": [(labels[pool.code], Decimal(pool.percent), pool) for pool in pools],
        "for_members": sum(pool.amount - pool.unallocated for pool in pools if pool.basis),
        "unallocated": [(labels[pool.code], pool) for pool in pools if pool.unallocated],
        "receivers": await queries.count_receivers(ro, draft.id),
        "income": [line for line in results if line.kind == "income"],
        "costs": [line for line in results if line.kind == "expense"],
        "versions": versions,
        "newest": versions[0].version,
        "outdated": draft.version == versions[0].version
        and (
            await books.last_journal(ro, year_end) != draft.last_journal
            or rules_now.version != draft.bylaws_version
        ),
    }


async def _draft(ro: Reader, year: int, version: int) -> DraftView:
    draft = await queries.of_version(ro, year, version) if max(year, version) <= LARGEST_NUMBER else None
    if draft is None:
        raise errors.NO_SUCH_DRAFT(year=str(year))
    return draft


async def _divided(ro: Reader, draft: DraftView) -> list[tuple[LocalizedText, queries.PoolView]]:
    labels = await labels_of(ro, draft)
    return [(labels[pool.code], pool) for pool in await queries.pools(ro, draft.id) if pool.basis]


def _listing(path: str, search: str, current: int, count: int) -> dict[str, Any]:
    return {
        "action": path,
        "search": search,
        "count": count,
        "current": current,
        "pages": -(-count // PAGE),
        "next_page": f"{path}?{urlencode({'cari': search})}&halaman=",
    }


routes: list[Any] = [
    shu_home,
    shu_version,
    take_draft,
    pool_page,
    members_page,
    member_slip,
    print_page,
    csv_file,
    *member_pages.routes,
]
