"""The ways of paying of a cooperative: what is switched on, what may be offered to whom, and the means to
speak to a provider.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

import payments.own_purposes
import payments.providers.registered  # noqa: F401 - every way and purpose registers itself
from cooperative.queries import get_profile
from governance.rules import PAYMENT_METHOD_NAMES, Bylaws, PaymentMethodCode
from kernel.batching import read_batch
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from payments import errors, queries, vault
from payments.credit import queries as credit_queries
from payments.credit.terms import ON_CREDIT
from payments.outside import client_of
from payments.provider import REAL_ADDRESSES, Capabilities, Means, Setting, known_ways, provider_of
from payments.providers import stripe_provider
from tenants.entitlements import has_entitlement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database, Reader
    from kernel.settings import Settings
    from tenants.registry import TenantRef

# Ways that need nothing set are there from the first day; all others when an officer switches them on.
ON_FROM_THE_START: Final = frozenset({"cash", "bank_transfer", "savings", "wallet"})


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A way as it stands in a cooperative.

    ``lacking``: what must be set before it can be offered. ``live``: its keys move real money.

    ``of_profile`` is what the cooperative's profile tells in the place of empty settings.
    """

    way: PaymentMethodCode
    enabled: bool
    lacking: tuple[Setting, ...]
    live: bool
    settings: dict[str, str]
    of_profile: dict[str, str]
    sealed: dict[str, str]
    endpoint: str | None
    fee_percent: Decimal
    fee_fixed: Rupiah
    least: Rupiah
    most: Rupiah | None

    @property
    def capabilities(self) -> Capabilities:
        return provider_of(self.way).capabilities()

    @property
    def complete(self) -> bool:
        return not self.lacking

    @property
    def label(self) -> LocalizedText:
        return PAYMENT_METHOD_NAMES[self.way]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A way as a buyer may choose it.

    ``has`` is what they have there to spend, in rupiah (None: nothing of theirs is kept there).
    """

    way: Way
    has: Rupiah | None = None
    enough: bool = True


async def ways_of(source: AsyncSession | Reader) -> list[Way]:
    """Return every way as this cooperative has set it, in its own order;
    those it never touched as they come.
    """
    rows, account = await read_batch(source, queries.way_rows, _account_of_profile)
    found = [
        (rows[name].position if name in rows else 100 + at, name) for at, name in enumerate(known_ways())
    ]
    return [_way(name, rows.get(name), account) for _, name in sorted(found)]


async def way_of(source: AsyncSession | Reader, name: str) -> Way:
    """Return one way as this cooperative has set it. Raises DomainError payments.no_such_way."""
    if name not in known_ways():
        raise errors.NO_SUCH_WAY()
    row, account = await read_batch(source, lambda ro: queries.way_row(ro, name), _account_of_profile)
    return _way(name, row, account)


async def _account_of_profile(source: AsyncSession | Reader) -> str:
    shown = await get_profile(source)
    return shown.bank_account.strip() if shown else ""


def _way(name: str, row: queries.WayView | None, account_of_profile: str) -> Way:
    capabilities = provider_of(name).capabilities()
    settings = {each.name: each.default for each in capabilities.settings if not each.secret and each.default}
    settings |= row.settings if row else {}
    sealed = row.secrets if row else {}
    of_profile = {
        each.name: account_of_profile
        for each in capabilities.settings
        if each.of_profile and account_of_profile
    }
    told = of_profile | settings
    least = (
        max(capabilities.least, Rupiah(row.least)) if row and row.least is not None else capabilities.least
    )
    limits = [limit for limit in (capabilities.most, row.most if row else None) if limit is not None]
    return Way(
        way=name,  # type: ignore[arg-type]  # registered ways are PaymentWays
        enabled=row.enabled if row else name in ON_FROM_THE_START,
        lacking=tuple(
            each
            for each in capabilities.settings
            if _is_needed(each, settings) and not (sealed if each.secret else told).get(each.name)
        ),
        live=row.live if row else True,
        settings=settings,
        of_profile=of_profile,
        sealed=sealed,
        endpoint=row.endpoint if row else None,
        fee_percent=Decimal(row.fee_percent) if row else Decimal(0),
        fee_fixed=Rupiah(row.fee_fixed if row else 0),
        least=least,
        most=Rupiah(min(limits)) if limits else None,
    )


def _is_needed(setting: Setting, settings: Mapping[str, str]) -> bool:
    if setting.required_with is None:
        return setting.required
    name, value = setting.required_with
    return settings.get(name) == value


def may_be_offered(way: Way, bylaws: Bylaws, tenant: TenantRef) -> bool:
    """Whether bylaws, plan and officers allow this way, and it is set up to the end.

    Read-only, a cooperative lends nobody anything new.
    """
    entitlement = way.capabilities.entitlement
    return (
        way.enabled
        and way.complete
        and way.way in bylaws.payment_ways
        and (entitlement is None or has_entitlement(tenant, entitlement))
        and not (tenant.read_only and way.way in ON_CREDIT)
    )


class Payer(msgspec.Struct, frozen=True):
    """What offers are made from: every way as it is set, and what a member has by those of the books.

    ``has`` is None for who is no member.
    """

    ways: list[Way]
    has: dict[str, Rupiah] | None


async def payer_of(source: AsyncSession | Reader, member_id: UUID | None) -> Payer:
    """Read what offers are made from, for a member or for anybody."""
    if member_id is None:
        return Payer(await ways_of(source), None)
    return Payer(*await read_batch(source, ways_of, lambda ro: credit_queries.all_at_disposal(ro, member_id)))


async def offers(
    source: AsyncSession | Reader,
    tenant: TenantRef,
    bylaws: Bylaws,
    *,
    member_id: UUID | None,
    amount: Rupiah,
) -> list[Offer]:
    """Return what this buyer may choose for this amount.

    What is theirs but does not suffice is there with ``enough`` False.
    """
    return offers_to(await payer_of(source, member_id), tenant, bylaws, amount)


def offers_to(payer: Payer, tenant: TenantRef, bylaws: Bylaws, amount: Rupiah) -> list[Offer]:
    """Return ``offers`` by what was read before."""
    found = []
    for way in payer.ways:
        capabilities = way.capabilities
        if not may_be_offered(way, bylaws, tenant) or amount < way.least or amount > (way.most or amount):
            continue
        if capabilities.members_only and payer.has is None:
            continue
        if payer.has is None or capabilities.settles != "books":
            found.append(Offer(way=way))
        elif (has := payer.has.get(way.way)) is not None:
            found.append(Offer(way=way, has=has, enough=has >= amount))
    return found


def chosen(offered: Iterable[Offer], name: str) -> Offer:
    """Return the one of these offers that was chosen. Raises DomainError payments.way_not_offered."""
    offer = next((each for each in offered if each.way.way == name), None)
    if offer is None:
        raise errors.WAY_NOT_OFFERED(field="payment_way")
    return offer


async def require_offered(
    db: AsyncSession, tenant: TenantRef, bylaws: Bylaws, name: str, amount: Rupiah, *, member: bool
) -> Way:
    """Return a way that may be offered for this amount.

    Raises DomainError payments.way_not_offered, .amount_below_least, .amount_above_most.
    """
    way = await way_of(db, name)
    require_offerable(way, tenant, bylaws, amount, member=member)
    return way


def require_offerable(way: Way, tenant: TenantRef, bylaws: Bylaws, amount: Rupiah, *, member: bool) -> None:
    """Raise DomainError as ``require_offered`` does, for a way that was read before."""
    if not may_be_offered(way, bylaws, tenant) or (way.capabilities.members_only and not member):
        raise errors.WAY_NOT_OFFERED(field="payment_way")
    require_within(way, amount)


def require_within(way: Way, amount: Rupiah) -> None:
    """Raise DomainError payments.amount_below_least or .amount_above_most when the way does not take
    this amount.
    """
    if amount < way.least:
        raise errors.AMOUNT_BELOW_LEAST(least=way.least, field="payment_way")
    if way.most is not None and amount > way.most:
        raise errors.AMOUNT_ABOVE_MOST(most=way.most, field="payment_way")


def address_of(settings: Settings, way: str) -> str:
    """Return where the provider is asked: the real address, or the stand-in's."""
    return settings.fake_gateway_url(way) or REAL_ADDRESSES.get(way, "")


def means_of(database: Database, tenant: TenantRef, way: Way) -> Means:
    """Return the means to speak to a provider in the name of this cooperative: its secrets opened.

    Raises DomainError as the vault does.
    """
    keys = database.settings.encryption_keys
    secrets = {
        name: vault.open_sealed(keys, tenant.schema_name, label_of(way.way, name), sealed)
        for name, sealed in way.sealed.items()
    }
    settings = {name: text for name, text in way.settings.items() if name != stripe_provider.PLATFORM_FEE}
    account = database.settings.stripe_account(tenant.slug)
    if account is not None and way.way == "stripe" and way.settings.get("account") == account:
        # the platform's key opens every connected account: it is used for this cooperative's own alone
        secrets[stripe_provider.PLATFORM_KEY] = database.settings.billing_stripe_key or ""
        settings[stripe_provider.PLATFORM_FEE] = str(database.settings.stripe_fee_percent)
    return Means(
        settings=settings,
        secrets=secrets,
        client=client_of(database),
        address=address_of(database.settings, way.way),
        live=way.live,
    )


def local_means(way: Way) -> Means:
    """Return the means of a way that asks nobody outside; what it is not set itself, the profile tells."""
    return Means(settings=way.of_profile | way.settings, secrets={}, client=None, address="", live=way.live)


def label_of(way: str, name: str) -> str:
    """Return what a secret is sealed as."""
    return f"{way}/{name}"
