"""Configure payment methods: settings, secrets, fees, limits, enabling, order, and test payments.

Changes of one cooperative are serialized: every use case here first takes the lock of all methods. Secrets
are sealed before they are written; the audit log names them without their content.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from gateways import qris_provider
from gateways.protocol import MethodSetting, known_methods
from governance.queries import get_bylaws_on
from kernel import audit, clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from ledger.descriptions import describe
from payments import errors, events, method_settings_rules, methods, queries, vault
from payments.builtin_purposes import TRIAL
from payments.methods import PaymentMethod
from payments.models import Payment, PaymentMethodRow
from payments.open_payment import PaymentRequest, create_test_payment
from tenants.entitlements import has_entitlement
from tenants.session import get_tenant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.settings import Settings

_LOCK: Final = "ways of paying"
ENDPOINT_BYTES: Final = 32


class MethodChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a payment method's settings by an officer.

    `secrets` are new ones in clear text; `removed_secrets` names those to delete; all others stay.
    `expected_version` is the result of `method_settings_rules.version_of` when the form was shown. Amounts
    are in rupiah.
    """

    expected_version: str
    settings: Mapping[str, str] = {}
    secrets: Mapping[str, str] = {}
    removed_secrets: frozenset[str] = frozenset()
    fee_percent: Decimal = Decimal(0)
    fee_fixed: Rupiah = Rupiah(0)
    min_amount: Rupiah | None = None
    max_amount: Rupiah | None = None

    def __repr__(self) -> str:
        return f"MethodChange(settings={dict(self.settings)!r}, secrets={sorted(self.secrets)!r})"


async def update_method(
    db: AsyncSession, actor: Actor, name: str, change: MethodChange, *, settings: Settings
) -> PaymentMethod:
    """Configure a payment method. An enabled one must stay complete and, in production, move real money.

    Raises DomainError: payments.no_such_way, .way_changed_meanwhile, .setting_unknown, .beginning_wrong,
    .account_not_connected, .fee_out_of_range, .limits_crossed, .setting_missing, .stand_in_refused, and those
    of the vault.
    """
    method, row = await _lock_method(db, name, expected_version=change.expected_version)
    known = {each.name: each for each in method.capabilities.settings}
    _check_names(known, change)
    _check_prefixes(known, change)
    method_settings_rules.check_fees_and_limits(
        change.fee_percent, change.fee_fixed, change.min_amount, change.max_amount
    )
    row.settings = {key: text for key, text in {**method.settings, **change.settings}.items() if text}
    schema = get_tenant(db).schema_name
    fresh = {
        key: vault.seal(settings.encryption_keys, schema, methods.secret_label(name, key), clear)
        for key, clear in change.secrets.items()
        if clear
    }
    row.secrets = {
        key: text for key, text in method.sealed_secrets.items() if key not in change.removed_secrets
    } | fresh
    row.fee_percent, row.fee_fixed = str(change.fee_percent), int(change.fee_fixed)
    row.min_amount = None if change.min_amount is None else int(change.min_amount)
    row.max_amount = None if change.max_amount is None else int(change.max_amount)
    if method.capabilities.has_webhooks and row.endpoint is None:
        row.endpoint = secrets.token_urlsafe(ENDPOINT_BYTES)
    if method_settings_rules.uses_connected_account(name, row.settings):
        account = settings.stripe_account(get_tenant(db).slug)
        if account is None or row.settings.get("account") not in (None, account):
            raise errors.ACCOUNT_NOT_CONNECTED(field="account")
    row.live = method_settings_rules.moves_real_money(
        name,
        row.settings,
        _secret_key(settings, schema, row, change),
        is_faked=settings.fake_gateway_url(name) is not None,
    )
    changed = sorted(key for key, text in change.settings.items() if text != method.settings.get(key, ""))
    params = {
        "what": "settings",
        "settings": changed,
        "secrets": sorted(fresh),
        "removed": sorted((change.removed_secrets - fresh.keys()) & method.sealed_secrets.keys()),
        "fee_percent": row.fee_percent,
        "fee_fixed": row.fee_fixed,
        "min_amount": row.min_amount,
        "max_amount": row.max_amount,
        "live": row.live,
    }
    return await _save(db, actor, row, params, settings=settings)


async def save_sticker(
    db: AsyncSession, actor: Actor, payload: str, expected_version: str, *, settings: Settings
) -> PaymentMethod:
    """Store the text of the cooperative's QRIS sticker after an officer has confirmed it.

    Raises DomainError as ``qris_provider.describe_sticker`` and ``update_method`` do.
    """
    validated = qris_provider.describe_sticker({"payload": payload})
    method, row = await _lock_method(db, "qris", expected_version=expected_version)
    row.settings = {**method.settings, "payload": validated["payload"]}
    params = {"what": "sticker", "merchant": validated["merchant"], "nmid": validated["nmid"]}
    return await _save(db, actor, row, params, settings=settings)


async def enable_method(
    db: AsyncSession, actor: Actor, name: str, *, settings: Settings, on: date
) -> PaymentMethod:
    """Enable a payment method for buyers.

    Raises DomainError: payments.no_such_way, .way_not_in_bylaws, .way_not_in_plan, .way_incomplete,
    .stand_in_refused.
    """
    method, row = await _lock_method(db, name)
    if name not in (await get_bylaws_on(db, on)).bylaws.payment_methods:
        raise errors.METHOD_NOT_IN_BYLAWS()
    entitlement = method.capabilities.entitlement
    if entitlement is not None and not has_entitlement(get_tenant(db), entitlement):
        raise errors.METHOD_NOT_IN_PLAN()
    if not method.is_complete:
        raise errors.METHOD_INCOMPLETE(missing=[each.label for each in method.missing_settings])
    row.enabled = True
    return await _save(db, actor, row, {"what": "on"}, settings=settings)


async def disable_method(db: AsyncSession, actor: Actor, name: str, *, settings: Settings) -> PaymentMethod:
    """Disable a method. Open payments by it can still be paid. Raises DomainError payments.no_such_way."""
    _, row = await _lock_method(db, name)
    row.enabled = False
    return await _save(db, actor, row, {"what": "off"}, settings=settings)


async def move_up(db: AsyncSession, actor: Actor, name: str) -> None:
    """Move a method one place up in the list; the first stays.

    Raises DomainError payments.no_such_way.
    """
    await _move(db, actor, name, -1)


async def move_down(db: AsyncSession, actor: Actor, name: str) -> None:
    """Move a method one place down in the list; the last stays.

    Raises DomainError payments.no_such_way.
    """
    await _move(db, actor, name, 1)


async def replace_webhook_url(
    db: AsyncSession, actor: Actor, name: str, *, settings: Settings
) -> PaymentMethod:
    """Generate a new webhook URL for a method; the old URL answers 404 from then on.

    Raises DomainError payments.no_such_way.
    """
    method, row = await _lock_method(db, name)
    if not method.capabilities.has_webhooks:
        raise errors.NO_SUCH_METHOD()
    row.endpoint = secrets.token_urlsafe(ENDPOINT_BYTES)
    return await _save(db, actor, row, {"what": "address"}, settings=settings)


async def start_method_test(db: AsyncSession, actor: Actor, name: str, *, key: str, on: date) -> Payment:
    """Open a small payment with which an officer tests a method, enabled or not.

    The same key again returns the same payment.

    Raises DomainError: payments.no_such_way, .way_not_tried, .way_incomplete, .provider_declined.
    """
    method = await methods.get_method(db, name)
    if method.capabilities.confirmed_by not in ("provider", "officer"):
        raise errors.METHOD_NOT_TESTABLE()
    if not method.is_complete:
        raise errors.METHOD_INCOMPLETE(missing=[each.label for each in method.missing_settings])
    ask = PaymentRequest(
        purpose=TRIAL,
        subject_id=new_id(),
        label=describe("payments.trial", method=name),
        amount=method_settings_rules.test_amount(method),
        method=name,
        payer_name=actor.name,
        key=f"trial:{name}:{key}",
    )
    return await create_test_payment(db, actor, ask, on=on)


async def _lock_method(
    db: AsyncSession, name: str, *, expected_version: str | None = None
) -> tuple[PaymentMethod, PaymentMethodRow]:
    """Return a method and its row, created if missing, under the lock of all method changes."""
    await advisory_lock(db, _LOCK)
    method = await methods.get_method(db, name)
    if expected_version is not None and expected_version != method_settings_rules.version_of(method):
        raise errors.METHOD_CHANGED_CONCURRENTLY()
    return method, await _get_or_create_row(db, name)


async def _get_or_create_row(db: AsyncSession, name: str) -> PaymentMethodRow:
    row = await queries.get_method_for_update(db, name)
    if row is None:
        row = PaymentMethodRow(
            method=name,
            enabled=name in methods.ENABLED_BY_DEFAULT,
            # the place that `methods.list_methods` gives a method without a row
            position=100 + known_methods().index(name),
            settings={},
            secrets={},
            fee_percent="0",
            fee_fixed=0,
            live=True,
            changed_at=clock.now(),
        )
        db.add(row)
    return row


async def _save(
    db: AsyncSession, actor: Actor, row: PaymentMethodRow, params: Mapping[str, object], *, settings: Settings
) -> PaymentMethod:
    """Write the row and the audit log entry, unless an enabled method would become unusable."""
    row.changed_at = clock.now()
    await db.flush()
    method = await methods.get_method(db, row.method)
    if method.enabled:
        if not method.is_complete:
            raise errors.SETTING_MISSING(field=method.missing_settings[0].name)
        if settings.is_production and not method.live:
            raise errors.TEST_KEYS_REFUSED()
    _audit(db, actor, method, params)
    return method


async def _move(db: AsyncSession, actor: Actor, name: str, step: int) -> None:
    """Swap a method with its neighbour and store the new order."""
    method, _ = await _lock_method(db, name)
    await db.flush()
    order: list[str] = [each.method for each in await methods.list_methods(db)]
    at = order.index(name)
    to = at + step
    if not 0 <= to < len(order):
        return
    order[at], order[to] = order[to], order[at]
    for position, each in enumerate(order):
        (await _get_or_create_row(db, each)).position = position
    _audit(db, actor, method, {"what": "order", "position": to + 1})


def _secret_key(settings: Settings, schema: str, row: PaymentMethodRow, change: MethodChange) -> str:
    """Return the API key whose prefix tells live from test; decrypted only if no new one was given."""
    if method_settings_rules.uses_connected_account(row.method, row.settings):
        return settings.billing_stripe_key
    name = "secret_key"
    if change.secrets.get(name):
        return change.secrets[name]
    sealed = row.secrets.get(name)
    return (
        vault.unseal(settings.encryption_keys, schema, methods.secret_label(row.method, name), sealed)
        if sealed
        else ""
    )


def _check_names(known: Mapping[str, MethodSetting], change: MethodChange) -> None:
    """Accept only settings that the provider defines; a secret is never accepted as a plain setting."""
    plain = {name for name, each in known.items() if not each.secret}
    for name in change.settings:
        if name not in plain or name == "payload":  # the sticker has a form of its own
            raise errors.UNKNOWN_SETTING(name=name)
    for name in (*change.secrets, *change.removed_secrets):
        if name not in known.keys() - plain:
            raise errors.UNKNOWN_SETTING(name=name)
    for name, text in change.settings.items():
        choices = [value for value, _ in known[name].choices]
        if choices and text not in choices:
            raise errors.UNKNOWN_SETTING(name=text)


def _check_prefixes(known: Mapping[str, MethodSetting], change: MethodChange) -> None:
    """Raise DomainError payments.beginning_wrong for a key or setting with the wrong prefix."""
    for name, text in (*change.settings.items(), *change.secrets.items()):
        begins = known[name].prefixes
        if text and begins and not text.startswith(begins):
            raise errors.WRONG_PREFIX(beginning=" / ".join(begins), field=name)


def _audit(db: AsyncSession, actor: Actor, method: PaymentMethod, params: Mapping[str, object]) -> None:
    facts = {"name": method.label.localize("id"), **params}
    audit.record(db, actor, events.METHOD_CHANGED, subject=f"payment_method:{method.method}", params=facts)
