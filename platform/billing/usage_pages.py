"""The officers' page of what the cooperative uses: each figure beside its limit, where it goes, and how to
count it oneself.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from litestar import Response, get

from billing import meter_queries, showing, usage_queries
from billing.metering import bounds, count_now, month_of
from billing.plans import Catalogue, catalogue
from billing.rules import forecast, months_after, months_until
from kernel import clock
from tenants.session import shared_reader
from ui import AnyRequest, CurrentContext, CurrentDatabase, CurrentTenant, render_page, require_officer

if TYPE_CHECKING:
    from billing.meter_queries import Meter
    from billing.plans import Plan
    from billing.usage_queries import FigureRow
    from kernel.formats import Lang

MONTHS: Final = 6
# What adds up over a month, so that its end can be foretold; the others are a state. Messages join with the
# first that is sent.
COUNTED: Final = ("orders",)


@get("/pengurus/langganan/pakai", guards=[require_officer])
async def show_usage(
    request: AnyRequest, ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[bytes]:
    """Show the figures counted this moment by the same statements, beside those that were kept."""
    today = clock.today(ctx.brand.timezone)
    month = month_of(today)
    counted = await count_now(database, tenant, month)
    async with shared_reader(database) as ro:
        kept = await usage_queries.figures(ro, tenant.id, months_after(month, -MONTHS))
    plan = _plan(catalogue(), tenant.plan)
    start, end = bounds(month, ctx.brand.timezone)
    return render_page(
        request,
        "billing/usage.html",
        active_menu="pengaturan",
        month=month,
        meters=[
            _meter(meter, counted[meter], kept, plan, month, today, ctx.lang)
            for meter in meter_queries.METERS
        ],
        statements=[
            (showing.METER_NAMES[meter].localize(ctx.lang), meter_queries.STATEMENTS[meter])
            for meter in meter_queries.METERS
        ],
        start=start.isoformat(),
        end=end.isoformat(),
        history=_history(kept, month, ctx.lang),
    )


def _plan(found: Catalogue, code: str) -> Plan:
    try:
        return found.of(code)
    except LookupError:
        return found.of(found.trial.then)


def _meter(
    meter: Meter, value: int, kept: list[FigureRow], plan: Plan, month: date, today: date, lang: Lang
) -> showing.Usage:
    if meter in COUNTED:
        expected = forecast(value, month, months_after(month, 1), today)
        return showing.usage_of(meter, value, plan, lang, forecast=expected or None)
    limit = plan.limits.get(meter)
    before = [row.value for row in kept if row.meter == meter and row.month < month]
    over_in = months_until([*before, value], limit) if limit is not None else None
    return showing.usage_of(meter, value, plan, lang, over_in=over_in)


def _history(kept: list[FigureRow], month: date, lang: Lang) -> list[tuple[date, list[str]]]:
    """Months before this one, newest first, a figure for each meter ("–" where none was kept)."""
    by = {(row.month, row.meter): row.value for row in kept}
    months = sorted({row.month for row in kept if row.month < month}, reverse=True)
    return [
        (
            each,
            [
                showing.amount_of(meter, by[each, meter], lang) if (each, meter) in by else "–"
                for meter in meter_queries.METERS
            ],
        )
        for each in months
    ]


routes: list[Any] = [show_usage]
