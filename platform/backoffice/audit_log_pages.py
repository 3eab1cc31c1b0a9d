"""The officers' page of the cooperative's audit log."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromQuery

from backoffice import audit_log_queries
from backoffice.audit_log_labels import ACTION_LABELS, describe_subject, find_codes, get_action_label
from kernel.formats import Lang
from payments.rules import CLOSING_CAUSES
from ui import AnyRequest, CurrentContext, Ro, may, render_page, see_other

AUDIT_LOG_URL = "/pengurus/jejak"


@get(AUDIT_LOG_URL, guards=[may("audit_log.view")])
async def show_audit_log(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, cari: FromQuery[str] = "", halaman: FromQuery[int] = 1
) -> Response[Any]:
    """Show the audit log, newest first.

    Search covers people, subjects and the labels of actions.
    """
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    rows, total = await audit_log_queries.list_entries(
        ro,
        search=search,
        actions=find_codes(ACTION_LABELS, search, ctx.lang),
        causes=find_codes(CLOSING_CAUSES, search, ctx.lang),
        page=current,
    )
    pages = -(-total // audit_log_queries.PAGE_SIZE)
    url = f"{AUDIT_LOG_URL}?{urlencode({'cari': search})}&halaman="
    if pages and current > pages:
        return see_other(f"{url}{pages}")
    return render_page(
        request,
        "backoffice/audit_log.html",
        block="list",
        active_menu="pengaturan",
        rows=[
            (
                get_action_label(row.action, ctx.lang),
                describe_subject(row.subject, row.about or _label_cause(row.cause, ctx.lang)),
                row.actor,
                row.at,
            )
            for row in rows
        ],
        total=total,
        search=search,
        current=current,
        pages=pages,
        next_page=url,
    )


def _label_cause(cause: str, lang: Lang) -> str:
    known = CLOSING_CAUSES.get(cause)
    return known.localize(lang) if known else cause


routes: list[Any] = [show_audit_log]
