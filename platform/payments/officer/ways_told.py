"""What the officers' pages of ways tell: how each stands, what is set, what is lacking.

No secret leaves the vault for a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from governance.queries import get_bylaws_on
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.errors import DomainError, LocalizedText
from kernel.ids import new_id
from payments import queries, ways
from payments.officer import payment_queries as office_queries
from payments.officer import way_rules
from payments.officer.way_forms import REMOVE, shown_settings
from payments.providers import qris_provider
from payments.providers.stripe_probe import METHODS
from payments.ways import Way
from tenants.entitlements import has_entitlement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from governance.rules import Bylaws
    from ui.context import RequestContext

_KINDS: Final[dict[way_rules.State, str]] = {
    "on": "done",
    "off": "off",
    "incomplete": "wait",
    "not_in_bylaws": "off",
    "not_in_plan": "off",
}
_METHOD_NAMES: Final[dict[str, LocalizedText]] = {
    "card": LocalizedText("Kartu", "Card"),
    "qris": LocalizedText("QRIS", "QRIS"),
    "gopay": LocalizedText("GoPay", "GoPay"),
    "id_bank_transfer": LocalizedText("Transfer bank", "Bank transfer"),
}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A way as the list shows it.

    ``kind`` is the colour of its state; ``lacking`` what must be filled in first.
    """

    way: str
    label: str
    state: str
    kind: str
    enabled: bool
    state_key: way_rules.State
    trial_only: bool
    lacking: list[str]


async def list_context(ro: Reader, ctx: RequestContext) -> dict[str, Any]:
    """Return what the list of all ways shows."""
    bylaws = await _bylaws(ro, ctx)
    return {"ways": [_standing(way, bylaws, ctx) for way in await ways.ways_of(ro)]}


async def way_context(
    source: AsyncSession | Reader, ctx: RequestContext, name: str, host: str
) -> dict[str, Any]:
    """Return what the page of one way shows.

    ``host`` is the cooperative's own, for the address of messages. Raises DomainError payments.no_such_way.
    """
    ro = as_reader(source)
    way = await ways.way_of(ro, name)
    row = await queries.way_row(ro, name)
    capabilities = way.capabilities
    outside = capabilities.settles in ("provider", "officer")
    scheme = ctx.database.settings.scheme
    return {
        "way": name,
        "standing": _standing(way, await _bylaws(ro, ctx), ctx),
        "calls_back": capabilities.calls_back,
        "mark": way_rules.mark_of(way),
        "fields": _fields(way, ctx),
        "changed_at": await office_queries.way_changed_at(ro, name),
        "fee_percent": str(way.fee_percent).replace(".", ",") if way.fee_percent else "",
        "fee_fixed": int(way.fee_fixed) or "",
        "least": row.least if row and row.least is not None else "",
        "most": row.most if row and row.most is not None else "",
        "own_limits": (capabilities.least, capabilities.most),
        "tells_fees": capabilities.tells_fees,
        "has_fees": outside and not capabilities.tells_fees,
        "webhook": f"{scheme}://{host}/kait/{way.endpoint}" if way.endpoint else None,
        "messages": capabilities.messages,
        "can_try": outside and way.complete,
        "trial_amount": way_rules.trial_amount(way),
        "trial_key": str(new_id()),
        "sticker": _sticker(way),
        "asks_sticker": name == "qris",
        "can_probe": name == "stripe" and way.complete,
        "method_names": [(each, _METHOD_NAMES[each].localize(ctx.lang)) for each in METHODS],
        "methods": None,
    }


def _fields(way: Way, ctx: RequestContext) -> list[dict[str, Any]]:
    """Each setting as its field shows it; of a secret only whether there is one."""
    return [
        {
            "name": each.name,
            "remove": REMOVE + each.name,
            "label": each.label.localize(ctx.lang),
            "hint": each.hint.localize(ctx.lang) or None,
            "secret": each.secret,
            "required": each.required and not each.of_profile and each.required_with is None,
            "long": each.long,
            "choices": [(value, told.localize(ctx.lang)) for value, told in each.choices],
            "value": "" if each.secret else way.settings.get(each.name, each.default),
            "is_set": bool(way.sealed.get(each.name)) if each.secret else False,
        }
        for each in shown_settings(way.way)
    ]


def _standing(way: Way, bylaws: Bylaws, ctx: RequestContext) -> Standing:
    assert ctx.tenant is not None  # pages of a cooperative alone
    entitlement = way.capabilities.entitlement
    in_plan = entitlement is None or has_entitlement(ctx.tenant, entitlement)
    state = way_rules.state_of(way, bylaws, in_plan=in_plan)
    return Standing(
        way=way.way,
        label=way.label.localize(ctx.lang),
        state=way_rules.STATE_NAMES[state].localize(ctx.lang),
        kind=_KINDS[state],
        enabled=way.enabled,
        state_key=state,
        trial_only=not way.live,
        lacking=[each.label.localize(ctx.lang) for each in way.lacking],
    )


def _sticker(way: Way) -> dict[str, str] | None:
    """What is kept of the QRIS sticker; None where there is none, or what is kept is no sticker any more."""
    if way.way != "qris" or not way.settings.get("payload"):
        return None
    try:
        return qris_provider.check_settings(way.settings)
    except DomainError:
        return None


async def _bylaws(ro: Reader, ctx: RequestContext) -> Bylaws:
    return (await get_bylaws_on(ro, clock.today(ctx.brand.timezone))).bylaws
