"""Pure rules of configuring a payment method: status, version, fees, whether keys move real money."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from gateways.protocol import get_provider
from gateways.stripe_provider import CONNECTED
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from payments import errors
from payments.methods import PaymentMethod

if TYPE_CHECKING:
    from decimal import Decimal

    from governance.rules import Bylaws

MethodStatus = Literal["on", "off", "incomplete", "not_in_bylaws", "not_in_plan"]

METHOD_STATUS_NAMES: Final[dict[MethodStatus, LocalizedText]] = {
    "on": LocalizedText("aktif"),
    "off": LocalizedText("mati"),
    "incomplete": LocalizedText("belum lengkap"),
    "not_in_bylaws": LocalizedText("tidak diizinkan anggaran dasar"),
    "not_in_plan": LocalizedText("tidak termasuk paket"),
}
MAX_FEE_PERCENT: Final = 20
TEST_AMOUNT: Final = Rupiah(10_000)


def moves_real_money(method: str, settings: Mapping[str, str], key: str, *, is_faked: bool) -> bool:
    """Return whether payments by this method move real money.

    Never with a fake gateway; otherwise the prefix of ``key`` or of a setting tells live from test.
    """
    marks = [each for each in get_provider(method).capabilities().settings if each.live_prefixes]
    return not is_faked and all(
        (key if each.secret else settings.get(each.name, "")).startswith(each.live_prefixes) for each in marks
    )


def uses_connected_account(method: str, settings: Mapping[str, str]) -> bool:
    """Return whether calls use the platform's key on behalf of the cooperative's connected account."""
    return method == "stripe" and settings.get("mode") == CONNECTED


def method_status(method: PaymentMethod, bylaws: Bylaws, *, in_plan: bool) -> MethodStatus:
    """Return a method's status; of several obstacles, the one that must be removed first."""
    if method.method not in bylaws.payment_methods:
        return "not_in_bylaws"
    if not in_plan:
        return "not_in_plan"
    if not method.is_complete:
        return "incomplete"
    return "on" if method.enabled else "off"


def test_amount(method: PaymentMethod) -> Rupiah:
    """Return the amount of a test payment in rupiah: Rp10.000, moved into the method's limits."""
    amount = max(TEST_AMOUNT, method.min_amount)
    return amount if method.max_amount is None else min(amount, method.max_amount)


def version_of(method: PaymentMethod) -> str:
    """Return a short hash of a method's configuration, for optimistic locking of its form."""
    max_amount = None if method.max_amount is None else int(method.max_amount)
    content = (
        method.settings,
        method.sealed_secrets,
        str(method.fee_percent),
        int(method.fee_fixed),
        int(method.min_amount),
        max_amount,
    )
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:20]


def check_fees_and_limits(
    percent: Decimal, fixed: Rupiah, min_amount: Rupiah | None, max_amount: Rupiah | None
) -> None:
    """Raise DomainError payments.fee_out_of_range or .limits_crossed for invalid values."""
    if not 0 <= percent <= MAX_FEE_PERCENT:
        raise errors.FEE_OUT_OF_RANGE(field="fee_percent")
    if fixed < 0:
        raise errors.FEE_OUT_OF_RANGE(field="fee_fixed")
    if min_amount is not None and max_amount is not None and min_amount > max_amount:
        raise errors.LIMITS_INVERTED(field="max_amount")
