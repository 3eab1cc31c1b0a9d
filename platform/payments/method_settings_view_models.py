"""View models of officers' payment method pages: status, settings, what is missing.

No secret leaves the vault for a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from gateways import qris_provider
from gateways.stripe_probe import PROBED_METHODS
from governance.queries import get_bylaws_on
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.errors import DomainError, LocalizedText
from kernel.ids import new_id
from payments import method_settings_rules, methods, officer_queries, queries
from payments.method_settings_forms import REMOVE_PREFIX, editable_settings
from payments.methods import PaymentMethod
from tenants.entitlements import has_entitlement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from governance.rules import Bylaws
    from ui.context import RequestContext

_KINDS: Final[dict[method_settings_rules.MethodStatus, str]] = {
    "on": "done",
    "off": "off",
    "incomplete": "wait",
    "not_in_bylaws": "off",
    "not_in_plan": "off",
}
_METHOD_NAMES: Final[dict[str, LocalizedText]] = {
    "card": LocalizedText("Kartu"),
    "qris": LocalizedText("QRIS"),
    "gopay": LocalizedText("GoPay"),
    "id_bank_transfer": LocalizedText("Transfer bank"),
}


class MethodSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A payment method as the list shows it.

    ``kind`` is the colour of its status; ``lacking`` names the settings that must be filled in first.
    """

    method: str
    label: str
    status_label: str
    kind: str
    enabled: bool
    status: method_settings_rules.MethodStatus
    test_mode: bool
    lacking: list[str]


async def build_list_context(ro: Reader, ctx: RequestContext) -> dict[str, Any]:
    """Return the template context of the method list."""
    bylaws = await _bylaws(ro, ctx)
    return {"methods": [_summarize(method, bylaws, ctx) for method in await methods.list_methods(ro)]}


async def build_method_context(
    source: AsyncSession | Reader, ctx: RequestContext, name: str, host: str
) -> dict[str, Any]:
    """Return the template context of one method's page.

    ``host`` is the cooperative's own, for the webhook URL. Raises DomainError payments.no_such_way.
    """
    ro = as_reader(source)
    method = await methods.get_method(ro, name)
    row = await queries.find_method_config(ro, name)
    capabilities = method.capabilities
    outside = capabilities.confirmed_by in ("provider", "officer")
    scheme = ctx.database.settings.scheme
    return {
        "method": name,
        "standing": _summarize(method, await _bylaws(ro, ctx), ctx),
        "sends_webhooks": capabilities.has_webhooks,
        "mark": method_settings_rules.version_of(method),
        "fields": _fields(method, ctx),
        "changed_at": await officer_queries.get_method_changed_at(ro, name),
        "fee_percent": str(method.fee_percent).replace(".", ",") if method.fee_percent else "",
        "fee_fixed": int(method.fee_fixed) or "",
        "min_amount": row.min_amount if row and row.min_amount is not None else "",
        "max_amount": row.max_amount if row and row.max_amount is not None else "",
        "own_limits": (capabilities.min_amount, capabilities.max_amount),
        "tells_fees": capabilities.reports_fees,
        "has_fees": outside and not capabilities.reports_fees,
        "webhook": f"{scheme}://{host}/webhooks/{method.endpoint}" if method.endpoint else None,
        "messages": capabilities.webhook_events,
        "can_test": outside and method.is_complete,
        "test_amount": method_settings_rules.test_amount(method),
        "test_key": str(new_id()),
        "sticker": _sticker(method),
        "asks_sticker": name == "qris",
        "can_probe": name == "stripe" and method.is_complete,
        "method_names": [(each, _METHOD_NAMES[each].localize(ctx.lang)) for each in PROBED_METHODS],
        "methods": None,
    }


def _fields(method: PaymentMethod, ctx: RequestContext) -> list[dict[str, Any]]:
    """Return each setting as its form field; for a secret only whether one is set."""
    return [
        {
            "name": each.name,
            "remove": REMOVE_PREFIX + each.name,
            "label": each.label.localize(ctx.lang),
            "hint": each.hint.localize(ctx.lang) or None,
            "secret": each.secret,
            "required": each.required and not each.falls_back_to_profile and each.required_with is None,
            "long": each.multiline,
            "choices": [(value, label.localize(ctx.lang)) for value, label in each.choices],
            "value": "" if each.secret else method.settings.get(each.name, each.default),
            "is_set": bool(method.sealed_secrets.get(each.name)) if each.secret else False,
        }
        for each in editable_settings(method.method)
    ]


def _summarize(method: PaymentMethod, bylaws: Bylaws, ctx: RequestContext) -> MethodSummary:
    assert ctx.tenant is not None  # these pages exist in cooperatives only
    entitlement = method.capabilities.entitlement
    in_plan = entitlement is None or has_entitlement(ctx.tenant, entitlement)
    state = method_settings_rules.method_status(method, bylaws, in_plan=in_plan)
    return MethodSummary(
        method=method.method,
        label=method.label.localize(ctx.lang),
        status_label=method_settings_rules.METHOD_STATUS_NAMES[state].localize(ctx.lang),
        kind=_KINDS[state],
        enabled=method.enabled,
        status=state,
        test_mode=not method.live,
        lacking=[each.label.localize(ctx.lang) for each in method.missing_settings],
    )


def _sticker(method: PaymentMethod) -> dict[str, str] | None:
    """Return the stored QRIS sticker; None where there is none or it cannot be read any more."""
    if method.method != "qris" or not method.settings.get("payload"):
        return None
    try:
        return qris_provider.describe_sticker(method.settings)
    except DomainError:
        return None


async def _bylaws(ro: Reader, ctx: RequestContext) -> Bylaws:
    return (await get_bylaws_on(ro, clock.today(ctx.brand.timezone))).bylaws
