"""The trail of a cooperative, for its officers to read: who did what, and when."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromQuery

from backoffice import trail_queries
from backoffice.trail_words import about, actions_like, sentence
from ui import AnyRequest, Ro, TheVisit, officer, page, see_other

TRAIL = "/pengurus/jejak"


@get(TRAIL, guards=[officer])
async def show_trail(
    request: AnyRequest, ro: Ro, visit: TheVisit, cari: FromQuery[str] = "", halaman: FromQuery[int] = 1
) -> Response[Any]:
    """Show the newest first; search looks at people, things and the sentences themselves."""
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    meant = actions_like(search, visit.lang) if search else []
    rows, total = await trail_queries.entries(ro, search=search, actions=meant, page=current)
    pages = -(-total // trail_queries.PAGE)
    url = f"{TRAIL}?{urlencode({'cari': search})}&halaman="
    if pages and current > pages:
        return see_other(f"{url}{pages}")
    return page(
        request,
        "backoffice/trail.html",
        block="list",
        place="pengaturan",
        rows=[
            (sentence(row.action, visit.lang), about(row.subject, row.about), row.actor, row.at)
            for row in rows
        ],
        total=total,
        search=search,
        current=current,
        pages=pages,
        next_page=url,
    )


routes: list[Any] = [show_trail]
