"""Payment methods as form choices for a buyer, each with a one-sentence hint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from kernel import formats
from kernel.translations import get_translations

if TYPE_CHECKING:
    from payments.methods import AvailableMethod
    from ui.context import RequestContext

# Rupiah. A higher limit restricts nobody and would only make the hint longer.
NO_PRACTICAL_LIMIT: Final = 1_000_000_000


def method_choices(
    offers: Sequence[AvailableMethod], ctx: RequestContext
) -> list[tuple[str, str, str | None]]:
    """Return (method, name, hint) of each available method, as radio buttons of a form take them."""
    return [
        (str(offer.method.method), offer.method.label.localize(ctx.lang), method_hint(offer, ctx))
        for offer in offers
    ]


def pay_in_choices(
    offers: Sequence[AvailableMethod], ctx: RequestContext
) -> list[tuple[str, str, str | None]]:
    """Return (method, name, hint) before the amount is known: the hint states the method's limits."""
    say = get_translations(ctx.lang).gettext
    found: list[tuple[str, str, str | None]] = []
    for offer in offers:
        name, hint = offer.method.label.localize(ctx.lang), method_hint(offer, ctx)
        limits = []
        if offer.method.min_amount > 1:
            limits.append(
                say("mulai %(min_amount)s")
                % {"min_amount": formats.rupiah(offer.method.min_amount, ctx.lang)}
            )
        if offer.method.max_amount is not None and offer.method.max_amount < NO_PRACTICAL_LIMIT:
            limits.append(
                say("paling banyak %(max_amount)s")
                % {"max_amount": formats.rupiah(offer.method.max_amount, ctx.lang)}
            )
        found.append((offer.method.method, name, "; ".join((*([hint] if hint else ()), *limits)) or None))
    return found


def method_hint(offer: AvailableMethod, ctx: RequestContext) -> str | None:
    """Return what a buyer should know before choosing, with their balance where they have one."""
    say = get_translations(ctx.lang).gettext
    if offer.balance is not None:
        amount = {"amount": formats.rupiah(offer.balance, ctx.lang)}
        on_credit = offer.method.capabilities.requires_pin
        balance_text = (
            say("Sisa batas Anda %(amount)s") if on_credit else say("Saldo Anda %(amount)s")
        ) % amount
        return balance_text if offer.sufficient else f"{balance_text}. {say('Belum cukup.')}"
    hint = offer.method.capabilities.hint
    return hint.localize(ctx.lang) if hint else None
