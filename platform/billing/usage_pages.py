"""The officers' page of usage: each figure with its limit, and the query that counts it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from litestar import Response, get

from billing import meter_queries, presenters, usage_queries
from billing.measure_usage import count_usage, first_of_month, month_bounds
from billing.plans import Catalogue, catalogue
from billing.rules import add_months
from kernel import clock
from tenants.session import shared_reader
from ui import AnyRequest, CurrentContext, CurrentDatabase, CurrentTenant, may, render_page
from ui.guards import WHEN_SUSPENDED

if TYPE_CHECKING:
    from billing.plans import Plan
    from billing.usage_queries import UsageFigureRow
    from kernel.formats import Lang

MONTHS: Final = 6


@get("/pengurus/langganan/pakai", guards=[may("subscription.view")], opt=WHEN_SUSPENDED)
async def show_usage(
    request: AnyRequest, ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[bytes]:
    """Show this month's usage, counted now, and the stored figures of past months."""
    today = clock.today(ctx.brand.timezone)
    month = first_of_month(today)
    counted = await count_usage(database, tenant, month)
    async with shared_reader(database) as ro:
        stored = await usage_queries.list_figures(ro, tenant.id, add_months(month, -MONTHS))
    plan = _find_plan(catalogue(), tenant.plan)
    start, end = month_bounds(month, ctx.brand.timezone)
    return render_page(
        request,
        "billing/usage.html",
        active_menu="pengaturan",
        month=month,
        meters=[
            presenters.build_usage_view(meter, counted[meter], plan, ctx.lang)
            for meter in meter_queries.METERS
        ],
        statements=[
            (presenters.METER_LABELS[meter].localize(ctx.lang), meter_queries.METER_QUERIES[meter])
            for meter in meter_queries.METERS
        ],
        start=start.isoformat(),
        end=end.isoformat(),
        history=_history_rows(stored, month, ctx.lang),
    )


def _find_plan(found: Catalogue, code: str) -> Plan:
    """Return a plan by its code, or the free plan if it is missing."""
    try:
        return found.get_plan(code)
    except LookupError:
        return found.get_plan(found.trial.plan_after)


def _history_rows(stored: list[UsageFigureRow], month: date, lang: Lang) -> list[tuple[date, list[str]]]:
    """Return the past months, newest first, with one figure per meter ("–" where none is stored)."""
    by = {(row.month, row.meter): row.value for row in stored}
    months = sorted({row.month for row in stored if row.month < month}, reverse=True)
    return [
        (
            each,
            [
                presenters.format_usage(meter, by[each, meter], lang) if (each, meter) in by else "–"
                for meter in meter_queries.METERS
            ],
        )
        for each in months
    ]


routes: list[Any] = [show_usage]
