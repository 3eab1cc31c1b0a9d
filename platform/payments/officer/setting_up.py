"""Setting up ways of paying: settings, secrets, fees and limits, on and off, their order, and a trial of
each.

One change at a time in a cooperative: every use case here first takes the lock of all ways. Secrets are
sealed before they are written, and the trail names them without their content.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from governance.queries import get_bylaws_on
from kernel import audit, clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from payments import errors, events, queries, vault, ways
from payments.models import Payment, PaymentWayRow
from payments.officer import way_errors, way_rules
from payments.opening import Ask, open_unoffered
from payments.own_purposes import TRIAL
from payments.provider import Setting, known_ways
from payments.providers import qris_provider
from payments.ways import Way
from tenants.entitlements import has_entitlement
from tenants.session import get_tenant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.settings import Settings

_LOCK: Final = "ways of paying"
ENDPOINT_BYTES: Final = 32


class WayChange(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer sets.

    ``secrets`` are new ones in clear; ``removed`` names those to forget; all others stay as they are.

    ``mark`` is what ``way_rules.mark_of`` said when the officer began. Amounts in rupiah.
    """

    mark: str
    settings: Mapping[str, str] = {}
    secrets: Mapping[str, str] = {}
    removed: frozenset[str] = frozenset()
    fee_percent: Decimal = Decimal(0)
    fee_fixed: Rupiah = Rupiah(0)
    least: Rupiah | None = None
    most: Rupiah | None = None

    def __repr__(self) -> str:
        return f"WayChange(settings={dict(self.settings)!r}, secrets={sorted(self.secrets)!r})"


async def change_way(
    db: AsyncSession, actor: Actor, name: str, change: WayChange, *, settings: Settings
) -> Way:
    """Set a way up. One that is switched on must stay complete, and in production must move real money.

    Raises DomainError: payments.no_such_way, .way_changed_meanwhile, .setting_unknown, .beginning_wrong,
    .account_not_connected, .fee_out_of_range, .limits_crossed, .setting_missing, .stand_in_refused, and those
    of the vault.
    """
    way, row = await _to_change(db, name, mark=change.mark)
    known = {each.name: each for each in way.capabilities.settings}
    _check_names(known, change)
    _check_beginnings(known, change)
    way_rules.check_costs(change.fee_percent, change.fee_fixed, change.least, change.most)
    row.settings = {key: text for key, text in {**way.settings, **change.settings}.items() if text}
    schema = get_tenant(db).schema_name
    fresh = {
        key: vault.seal(settings.encryption_keys, schema, ways.label_of(name, key), clear)
        for key, clear in change.secrets.items()
        if clear
    }
    row.secrets = {key: text for key, text in way.sealed.items() if key not in change.removed} | fresh
    row.fee_percent, row.fee_fixed = str(change.fee_percent), int(change.fee_fixed)
    row.least = None if change.least is None else int(change.least)
    row.most = None if change.most is None else int(change.most)
    if way.capabilities.calls_back and row.endpoint is None:
        row.endpoint = secrets.token_urlsafe(ENDPOINT_BYTES)
    if way_rules.is_connected(name, row.settings):
        account = settings.stripe_account(get_tenant(db).slug)
        if account is None or row.settings.get("account") not in (None, account):
            raise way_errors.ACCOUNT_NOT_CONNECTED(field="account")
    row.live = way_rules.moves_real_money(
        name,
        row.settings,
        _key(settings, schema, row, change),
        stood_in=settings.fake_gateway_url(name) is not None,
    )
    changed = sorted(key for key, text in change.settings.items() if text != way.settings.get(key, ""))
    facts = {
        "what": "settings",
        "settings": changed,
        "secrets": sorted(fresh),
        "removed": sorted((change.removed - fresh.keys()) & way.sealed.keys()),
        "fee_percent": row.fee_percent,
        "fee_fixed": row.fee_fixed,
        "least": row.least,
        "most": row.most,
        "live": row.live,
    }
    return await _keep(db, actor, row, facts, settings=settings)


async def keep_sticker(db: AsyncSession, actor: Actor, payload: str, mark: str, *, settings: Settings) -> Way:
    """Keep the text of the cooperative's QRIS sticker, which the officer has recognised.

    Raises DomainError as ``qris.read`` and ``change_way`` do.
    """
    told = qris_provider.check_settings({"payload": payload})
    way, row = await _to_change(db, "qris", mark=mark)
    row.settings = {**way.settings, "payload": told["payload"]}
    facts = {"what": "sticker", "merchant": told["merchant"], "nmid": told["nmid"]}
    return await _keep(db, actor, row, facts, settings=settings)


async def switch_on(db: AsyncSession, actor: Actor, name: str, *, settings: Settings, on: date) -> Way:
    """Offer a way to buyers.

    Raises DomainError: payments.no_such_way, .way_not_in_bylaws, .way_not_in_plan, .way_incomplete,
    .stand_in_refused.
    """
    way, row = await _to_change(db, name)
    if name not in (await get_bylaws_on(db, on)).bylaws.payment_ways:
        raise way_errors.WAY_NOT_IN_BYLAWS()
    entitlement = way.capabilities.entitlement
    if entitlement is not None and not has_entitlement(get_tenant(db), entitlement):
        raise way_errors.WAY_NOT_IN_PLAN()
    if not way.complete:
        raise way_errors.WAY_INCOMPLETE(missing=[each.label for each in way.lacking])
    row.enabled = True
    return await _keep(db, actor, row, {"what": "on"}, settings=settings)


async def switch_off(db: AsyncSession, actor: Actor, name: str, *, settings: Settings) -> Way:
    """Offer a way no longer. What waits by it can still be paid. Raises DomainError payments.no_such_way."""
    _, row = await _to_change(db, name)
    row.enabled = False
    return await _keep(db, actor, row, {"what": "off"}, settings=settings)


async def move_up(db: AsyncSession, actor: Actor, name: str) -> None:
    """Show a way before the one that stands before it; the first stays.

    Raises DomainError payments.no_such_way.
    """
    await _move(db, actor, name, -1)


async def move_down(db: AsyncSession, actor: Actor, name: str) -> None:
    """Show a way after the one that stands after it; the last stays.

    Raises DomainError payments.no_such_way.
    """
    await _move(db, actor, name, 1)


async def renew_endpoint(db: AsyncSession, actor: Actor, name: str, *, settings: Settings) -> Way:
    """Give the way another address for its provider's messages; what still comes to the old one is nobody's.

    Raises DomainError payments.no_such_way.
    """
    way, row = await _to_change(db, name)
    if not way.capabilities.calls_back:
        raise errors.NO_SUCH_WAY()
    row.endpoint = secrets.token_urlsafe(ENDPOINT_BYTES)
    return await _keep(db, actor, row, {"what": "address"}, settings=settings)


async def open_trial(db: AsyncSession, actor: Actor, name: str, *, key: str, on: date) -> Payment:
    """Open a small payment by which an officer tries the way, switched on or not; the same key again returns
    the same.

    Raises DomainError: payments.no_such_way, .way_not_tried, .way_incomplete, .provider_declined.
    """
    way = await ways.way_of(db, name)
    if way.capabilities.settles not in ("provider", "officer"):
        raise way_errors.WAY_NOT_TRIED()
    if not way.complete:
        raise way_errors.WAY_INCOMPLETE(missing=[each.label for each in way.lacking])
    ask = Ask(
        purpose=TRIAL,
        subject_id=new_id(),
        label=f"Percobaan {way.label.id}",
        amount=way_rules.trial_amount(way),
        way=name,
        payer_name=actor.name,
        key=f"trial:{name}:{key}",
    )
    return await open_unoffered(db, actor, ask, on=on)


async def _to_change(db: AsyncSession, name: str, *, mark: str | None = None) -> tuple[Way, PaymentWayRow]:
    """A way as it is now, and its row, made if it was never touched; nobody else changes a way until this
    transaction ends.
    """
    await advisory_lock(db, _LOCK)
    way = await ways.way_of(db, name)
    if mark is not None and mark != way_rules.mark_of(way):
        raise way_errors.WAY_CHANGED_MEANWHILE()
    return way, await _row(db, name)


async def _row(db: AsyncSession, name: str) -> PaymentWayRow:
    row = await queries.way_to_change(db, name)
    if row is None:
        row = PaymentWayRow(
            way=name,
            enabled=name in ways.ON_FROM_THE_START,
            position=100 + known_ways().index(name),  # where ways.ways_of shows it anyway
            settings={},
            secrets={},
            fee_percent="0",
            fee_fixed=0,
            live=True,
            changed_at=clock.now(),
        )
        db.add(row)
    return row


async def _keep(
    db: AsyncSession, actor: Actor, row: PaymentWayRow, facts: Mapping[str, object], *, settings: Settings
) -> Way:
    """Write the row and the trail, unless what is switched on would not serve buyers any more."""
    row.changed_at = clock.now()
    await db.flush()
    way = await ways.way_of(db, row.way)
    if way.enabled:
        if not way.complete:
            raise errors.SETTING_MISSING(field=way.lacking[0].name)
        if settings.is_production and not way.live:
            raise errors.STAND_IN_REFUSED()
    _record(db, actor, way, facts)
    return way


async def _move(db: AsyncSession, actor: Actor, name: str, step: int) -> None:
    way, _ = await _to_change(db, name)
    await db.flush()
    order: list[str] = [each.way for each in await ways.ways_of(db)]
    at = order.index(name)
    to = at + step
    if not 0 <= to < len(order):
        return
    order[at], order[to] = order[to], order[at]
    for position, each in enumerate(order):
        (await _row(db, each)).position = position
    _record(db, actor, way, {"what": "order", "position": to + 1})


def _key(settings: Settings, schema: str, row: PaymentWayRow, change: WayChange) -> str:
    """The key by which the provider is asked, as far as it tells whether money is real; opened only where no
    new one was given.
    """
    if way_rules.is_connected(row.way, row.settings):
        return settings.billing_stripe_key
    name = "secret_key"
    if change.secrets.get(name):
        return change.secrets[name]
    sealed = row.secrets.get(name)
    return (
        vault.open_sealed(settings.encryption_keys, schema, ways.label_of(row.way, name), sealed)
        if sealed
        else ""
    )


def _check_names(known: Mapping[str, Setting], change: WayChange) -> None:
    """Only what the provider asks for is kept, each where it belongs: a secret never among the plain
    settings.
    """
    plain = {name for name, each in known.items() if not each.secret}
    for name in change.settings:
        if name not in plain or name == "payload":  # the sticker is looked at before it is kept
            raise way_errors.SETTING_UNKNOWN(name=name)
    for name in (*change.secrets, *change.removed):
        if name not in known.keys() - plain:
            raise way_errors.SETTING_UNKNOWN(name=name)
    for name, text in change.settings.items():
        choices = [value for value, _ in known[name].choices]
        if choices and text not in choices:
            raise way_errors.SETTING_UNKNOWN(name=text)


def _check_beginnings(known: Mapping[str, Setting], change: WayChange) -> None:
    for name, text in (*change.settings.items(), *change.secrets.items()):
        begins = known[name].begins
        if text and begins and not text.startswith(begins):
            raise way_errors.BEGINNING_WRONG(beginning=" / ".join(begins), field=name)


def _record(db: AsyncSession, actor: Actor, way: Way, facts: Mapping[str, object]) -> None:
    told = {"name": way.label.id, **facts}
    audit.record(db, actor, events.WAY_CHANGED, subject=f"payment_way:{way.way}", facts=told)
