"""Pure rules of setting up a way of paying: what it still lacks, how it stands, whether its keys move real
money.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from kernel.errors import LocalizedText
from kernel.money import Rupiah
from payments import errors
from payments.provider import provider_of
from payments.providers.stripe_provider import CONNECTED
from payments.ways import Way

if TYPE_CHECKING:
    from decimal import Decimal

    from governance.rules import Bylaws

State = Literal["on", "off", "incomplete", "not_in_bylaws", "not_in_plan"]

STATE_NAMES: Final[dict[State, LocalizedText]] = {
    "on": LocalizedText("menyala", "on"),
    "off": LocalizedText("mati", "off"),
    "incomplete": LocalizedText("belum lengkap", "incomplete"),
    "not_in_bylaws": LocalizedText("tidak diizinkan anggaran dasar", "not allowed by the bylaws"),
    "not_in_plan": LocalizedText("tidak termasuk paket", "not in the plan"),
}
MOST_PERCENT: Final = 20
TRIAL_AMOUNT: Final = Rupiah(10_000)


def moves_real_money(way: str, settings: Mapping[str, str], key: str, *, stood_in: bool) -> bool:
    """Whether money paid this way is real: never where a stand-in answers, else as its key (``key``) or a
    setting says that marks it.
    """
    marks = [each for each in provider_of(way).capabilities().settings if each.real]
    return not stood_in and all(
        (key if each.secret else settings.get(each.name, "")).startswith(each.real) for each in marks
    )


def is_connected(way: str, settings: Mapping[str, str]) -> bool:
    """Whether the way is asked with the platform's key,
    in the name of the cooperative's connected account.
    """
    return way == "stripe" and settings.get("mode") == CONNECTED


def state_of(way: Way, bylaws: Bylaws, *, in_plan: bool) -> State:
    """How a way stands, the first thing that keeps it from buyers before all others."""
    if way.way not in bylaws.payment_ways:
        return "not_in_bylaws"
    if not in_plan:
        return "not_in_plan"
    if not way.complete:
        return "incomplete"
    return "on" if way.enabled else "off"


def trial_amount(way: Way) -> Rupiah:
    """What a trial costs, in rupiah: Rp10.000, or what the way's limits make of it."""
    amount = max(TRIAL_AMOUNT, way.least)
    return amount if way.most is None else min(amount, way.most)


def mark_of(way: Way) -> str:
    """A short mark of how a way is set, for a form to bring back: another mark means that somebody changed it
    meanwhile.
    """
    most = None if way.most is None else int(way.most)
    told = (way.settings, way.sealed, str(way.fee_percent), int(way.fee_fixed), int(way.least), most)
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()[:20]


def check_costs(percent: Decimal, fixed: Rupiah, least: Rupiah | None, most: Rupiah | None) -> None:
    """Raise DomainError payments.fee_out_of_range or .limits_crossed for what cannot be."""
    if not 0 <= percent <= MOST_PERCENT:
        raise errors.FEE_OUT_OF_RANGE(field="fee_percent")
    if fixed < 0:
        raise errors.FEE_OUT_OF_RANGE(field="fee_fixed")
    if least is not None and most is not None and least > most:
        raise errors.LIMITS_CROSSED(field="most")
