"""Payment methods of a cooperative: which are enabled, who may use which, and their provider accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

import gateways.registry  # noqa: F401 - providers register themselves
from cooperative.queries import get_profile
from gateways import stripe_provider
from gateways.protocol import (
    LIVE_BASE_URLS,
    Capabilities,
    MethodSetting,
    ProviderAccount,
    get_provider,
    known_methods,
)
from governance.rules import PAYMENT_METHOD_NAMES, Bylaws, PaymentMethodCode
from kernel.batching import read_batch
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from payments import errors, member_funds, queries, rules, vault
from payments.member_funds import CREDIT_METHODS
from tenants.entitlements import has_entitlement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database, Reader
    from kernel.settings import Settings
    from tenants.registry import TenantRef

# Methods that need no settings are enabled from the start; an officer enables all others.
ENABLED_BY_DEFAULT: Final = frozenset({"cash", "bank_transfer", "savings", "wallet"})


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A payment method as a cooperative has configured it.

    ``missing_settings`` must be set before it can be offered. ``live``: its keys move real money.

    ``profile_defaults`` are values of the cooperative's profile that fill empty settings.
    """

    method: PaymentMethodCode
    enabled: bool
    missing_settings: tuple[MethodSetting, ...]
    live: bool
    settings: dict[str, str]
    profile_defaults: dict[str, str]
    sealed_secrets: dict[str, str]
    endpoint: str | None
    fee_percent: Decimal
    fee_fixed: Rupiah
    min_amount: Rupiah
    max_amount: Rupiah | None

    @property
    def capabilities(self) -> Capabilities:
        """Return what the method's provider can do."""
        return get_provider(self.method).capabilities()

    @property
    def clearing_account(self) -> str:
        """Return the ledger account that holds the method's money until it reaches cash or the bank."""
        return rules.CLEARING_ACCOUNTS[self.method]

    @property
    def is_complete(self) -> bool:
        """Return whether all required settings are set."""
        return not self.missing_settings

    @property
    def label(self) -> LocalizedText:
        """Return the method's name."""
        return PAYMENT_METHOD_NAMES[self.method]


class AvailableMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A payment method that a buyer may choose.

    ``balance`` is what they can spend by it, in rupiah; None for methods without a balance.
    """

    method: PaymentMethod
    balance: Rupiah | None = None
    sufficient: bool = True


async def list_methods(source: AsyncSession | Reader) -> list[PaymentMethod]:
    """Return every payment method as this cooperative has configured it, in its own order.

    Methods that officers never configured follow in the order of registration.
    """
    rows, account = await read_batch(source, queries.load_method_configs, _profile_bank_account)
    found = [
        (rows[name].position if name in rows else 100 + at, name) for at, name in enumerate(known_methods())
    ]
    return [_build_method(name, rows.get(name), account) for _, name in sorted(found)]


async def get_method(source: AsyncSession | Reader, name: str) -> PaymentMethod:
    """Return one payment method as configured. Raises DomainError payments.no_such_way."""
    if name not in known_methods():
        raise errors.NO_SUCH_METHOD()
    row, account = await read_batch(
        source, lambda ro: queries.find_method_config(ro, name), _profile_bank_account
    )
    return _build_method(name, row, account)


async def _profile_bank_account(source: AsyncSession | Reader) -> str:
    shown = await get_profile(source)
    return shown.bank_account.strip() if shown else ""


def _build_method(name: str, row: queries.MethodConfig | None, account_of_profile: str) -> PaymentMethod:
    """Combine a provider's capabilities with the cooperative's configuration into a `PaymentMethod`."""
    capabilities = get_provider(name).capabilities()
    settings = {each.name: each.default for each in capabilities.settings if not each.secret and each.default}
    settings |= row.settings if row else {}
    sealed = row.secrets if row else {}
    of_profile = {
        each.name: account_of_profile
        for each in capabilities.settings
        if each.falls_back_to_profile and account_of_profile
    }
    values = of_profile | settings
    min_amount = (
        max(capabilities.min_amount, Rupiah(row.min_amount))
        if row and row.min_amount is not None
        else capabilities.min_amount
    )
    limits = [
        limit for limit in (capabilities.max_amount, row.max_amount if row else None) if limit is not None
    ]
    return PaymentMethod(
        method=name,  # type: ignore[arg-type]  # registered methods are PaymentMethodCodes
        enabled=row.enabled if row else name in ENABLED_BY_DEFAULT,
        missing_settings=tuple(
            each
            for each in capabilities.settings
            if _is_required(each, settings) and not (sealed if each.secret else values).get(each.name)
        ),
        live=row.live if row else True,
        settings=settings,
        profile_defaults=of_profile,
        sealed_secrets=sealed,
        endpoint=row.endpoint if row else None,
        fee_percent=Decimal(row.fee_percent) if row else Decimal(0),
        fee_fixed=Rupiah(row.fee_fixed if row else 0),
        min_amount=min_amount,
        max_amount=Rupiah(min(limits)) if limits else None,
    )


def _is_required(setting: MethodSetting, settings: Mapping[str, str]) -> bool:
    """Return whether a setting is required, given the other settings."""
    if setting.required_with is None:
        return setting.required
    name, value = setting.required_with
    return settings.get(name) == value


def may_be_offered(method: PaymentMethod, bylaws: Bylaws, tenant: TenantRef) -> bool:
    """Return whether bylaws, plan and officers allow this method, and its settings are complete.

    A read-only cooperative grants no new credit.
    """
    entitlement = method.capabilities.entitlement
    return (
        method.enabled
        and method.is_complete
        and method.method in bylaws.payment_methods
        and (entitlement is None or has_entitlement(tenant, entitlement))
        and not (tenant.read_only and method.method in CREDIT_METHODS)
    )


class PayerMethods(msgspec.Struct, frozen=True):
    """Input of ``select_available_methods``: every configured method, and the payer's balances.

    ``balances`` is None for a payer who is not a member.
    """

    methods: list[PaymentMethod]
    balances: dict[str, Rupiah] | None


async def load_payer_methods(source: AsyncSession | Reader, member_id: UUID | None) -> PayerMethods:
    """Load the methods and, for a member, their balances."""
    if member_id is None:
        return PayerMethods(await list_methods(source), None)
    return PayerMethods(
        *await read_batch(source, list_methods, lambda ro: member_funds.list_available_amounts(ro, member_id))
    )


async def list_available_methods(
    source: AsyncSession | Reader,
    tenant: TenantRef,
    bylaws: Bylaws,
    *,
    member_id: UUID | None,
    amount: Rupiah,
) -> list[AvailableMethod]:
    """Return the methods that this buyer may choose for this amount, in rupiah.

    A balance that does not cover the amount is listed with ``sufficient`` False.
    """
    return select_available_methods(await load_payer_methods(source, member_id), tenant, bylaws, amount)


def select_available_methods(
    payer: PayerMethods, tenant: TenantRef, bylaws: Bylaws, amount: Rupiah
) -> list[AvailableMethod]:
    """Return what ``list_available_methods`` does, from data that was loaded before."""
    found = []
    for method in payer.methods:
        capabilities = method.capabilities
        if (
            not may_be_offered(method, bylaws, tenant)
            or amount < method.min_amount
            or amount > (method.max_amount or amount)
        ):
            continue
        if capabilities.members_only and payer.balances is None:
            continue
        if payer.balances is None or capabilities.confirmed_by != "books":
            found.append(AvailableMethod(method=method))
        elif (has := payer.balances.get(method.method)) is not None:
            found.append(AvailableMethod(method=method, balance=has, sufficient=has >= amount))
    return found


def pick_method(available: Iterable[AvailableMethod], name: str) -> AvailableMethod:
    """Return the chosen one of the available methods. Raises DomainError payments.way_not_offered."""
    offer = next((each for each in available if each.method.method == name), None)
    if offer is None:
        raise errors.METHOD_NOT_AVAILABLE(field="payment_method")
    return offer


async def get_available_method(
    db: AsyncSession, tenant: TenantRef, bylaws: Bylaws, name: str, amount: Rupiah, *, member: bool
) -> PaymentMethod:
    """Return a method that may be used for this amount.

    Raises DomainError payments.no_such_way, .way_not_offered, .amount_below_least, .amount_above_most.
    """
    method = await get_method(db, name)
    check_method_available(method, tenant, bylaws, amount, member=member)
    return method


def check_method_available(
    method: PaymentMethod, tenant: TenantRef, bylaws: Bylaws, amount: Rupiah, *, member: bool
) -> None:
    """Raise DomainError as ``get_available_method`` does, for a method that was loaded before."""
    if not may_be_offered(method, bylaws, tenant) or (method.capabilities.members_only and not member):
        raise errors.METHOD_NOT_AVAILABLE(field="payment_method")
    check_amount_limits(method, amount)


def check_amount_limits(method: PaymentMethod, amount: Rupiah) -> None:
    """Raise DomainError payments.amount_below_least or .amount_above_most outside the method's limits."""
    if amount < method.min_amount:
        raise errors.AMOUNT_BELOW_MINIMUM(min_amount=method.min_amount, field="payment_method")
    if method.max_amount is not None and amount > method.max_amount:
        raise errors.AMOUNT_ABOVE_MAXIMUM(max_amount=method.max_amount, field="payment_method")


def api_base_url(settings: Settings, method: str) -> str:
    """Return the provider's API address: the live one, or the fake gateway's where one is configured."""
    return settings.fake_gateway_url(method) or LIVE_BASE_URLS.get(method, "")


def build_provider_account(database: Database, tenant: TenantRef, method: PaymentMethod) -> ProviderAccount:
    """Return the credentials and client to call a provider for this cooperative, with secrets decrypted.

    Raises DomainError as ``vault.unseal`` does.
    """
    keys = database.settings.encryption_keys
    secrets = {
        name: vault.unseal(keys, tenant.schema_name, secret_label(method.method, name), sealed)
        for name, sealed in method.sealed_secrets.items()
    }
    settings = {
        name: text for name, text in method.settings.items() if name != stripe_provider.PLATFORM_FEE_PERCENT
    }
    account = database.settings.stripe_account(tenant.slug)
    if account is not None and method.method == "stripe" and method.settings.get("account") == account:
        # the platform's key can access every connected account: use it for this cooperative's own only
        secrets[stripe_provider.PLATFORM_KEY] = database.settings.billing_stripe_key or ""
        settings[stripe_provider.PLATFORM_FEE_PERCENT] = str(database.settings.stripe_fee_percent)
    return ProviderAccount(
        settings=settings,
        secrets=secrets,
        client=database.services.http_client,
        base_url=api_base_url(database.settings, method.method),
        live=method.live,
    )


def build_local_account(method: PaymentMethod) -> ProviderAccount:
    """Return the account of a method that needs no provider call; the profile fills empty settings."""
    return ProviderAccount(
        settings=method.profile_defaults | method.settings,
        secrets={},
        client=None,
        base_url="",
        live=method.live,
    )


def secret_label(method: str, name: str) -> str:
    """Return the label under which a secret is sealed."""
    return f"{method}/{name}"
