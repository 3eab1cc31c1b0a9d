"""Connect the demo cooperatives to the fake gateways: set up once, and registered again at each start.

Fake gateways forget everything when they stop. So each start registers the webhooks again and cancels
payments that waited at the former fakes: their buyers choose again. A plan that was paid by card there
continues by invoice (``demo.subscriptions``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx

from billing.stripe_webhook import PATH as BILLING_WEBHOOK_PATH
from demo import queries
from demo.cooperatives import DemoCooperative
from demo.enable_payments import set_up_method
from kernel import clock
from kernel.actor import Actor
from payments import methods, state_machine
from tenants.session import coop_reader, coop_session

if TYPE_CHECKING:
    from kernel.database import Database
    from tenants.registry import TenantRef

# The keys that the fake gateways accept; a test compares them.
MIDTRANS_KEY: Final = "SB-Mid-server-tiruan"
XENDIT_KEY: Final = "xnd_development_tiruan"
XENDIT_TOKEN: Final = "token-tiruan"  # noqa: S105 - of a fake gateway
# The platform's own account at the fake Stripe, for plans paid by card, and an invented bank account.
PLATFORM_KEY: Final = "sk_test_standin_platform"
PLATFORM_SECRET: Final = "whsec_tiruan_langganan"  # noqa: S105 - of a fake gateway
PLATFORM_ACCOUNT: Final = "Bank Contoh 000-555-666 atas nama Lumbung (uji coba)"
GATEWAYS: Final = ("stripe", "midtrans", "xendit")


def get_stripe_key(demo: DemoCooperative) -> str:
    """Return the key of the cooperative's own account at the fake Stripe."""
    return f"sk_test_standin_{demo.slug}"


def get_stripe_secret(demo: DemoCooperative) -> str:
    """Return the secret with which the fake Stripe signs this cooperative's webhooks."""
    return f"whsec_tiruan_{demo.slug}"


async def connect_gateways(database: Database, tenant: TenantRef, demo: DemoCooperative) -> None:
    """Connect the cooperative to the configured fake gateways.

    Raises DomainError when its bylaws or plan no longer allow it, httpx.HTTPError when a fake gateway does
    not answer.
    """
    await _set_up_once(database, tenant, demo)
    await _cancel_waiting_payments(database, tenant)
    await _register_webhooks(database, tenant, demo)


async def connect_platform_gateway(database: Database) -> None:
    """Register the platform's billing webhook at the fake Stripe, if the platform uses the demo's account.

    Raises httpx.HTTPError when the fake does not answer.
    """
    settings = database.settings
    if settings.billing_stripe_key == PLATFORM_KEY:
        origin = f"{settings.scheme}://{settings.base_domain}"
        hook = {"url": f"{origin}{BILLING_WEBHOOK_PATH}", "secret": settings.billing_stripe_webhook_secret}
        await _post_control(
            database.services.http_client, settings.fake_gateway_url("stripe"), "webhooks", hook
        )


async def _set_up_once(database: Database, tenant: TenantRef, demo: DemoCooperative) -> None:
    settings = database.settings
    async with coop_session(database, tenant) as db:
        chair, today = (
            Actor("officer", demo.chair, await queries.get_chair_id(db)),
            clock.today(demo.timezone),
        )
        known = {each.method for each in await methods.list_methods(db) if each.endpoint is not None}
        if "stripe" not in known:
            secret = {"secret_key": get_stripe_key(demo), "webhook_secret": get_stripe_secret(demo)}
            await set_up_method(db, chair, "stripe", settings, secret=secret, on=today)
        if "midtrans" not in known:
            secret = {"server_key": MIDTRANS_KEY}
            await set_up_method(db, chair, "midtrans", settings, secret=secret, percent="0.7", on=today)
        if "xendit" not in known:
            secret = {"secret_key": XENDIT_KEY, "callback_token": XENDIT_TOKEN}
            await set_up_method(db, chair, "xendit", settings, secret=secret, on=today)


async def _cancel_waiting_payments(database: Database, tenant: TenantRef) -> None:
    async with coop_reader(database, tenant) as ro:
        waiting = await queries.list_waiting_references(ro, list(GATEWAYS))
    for reference in waiting:
        async with coop_session(database, tenant) as db:
            await state_machine.close_unpaid(
                db, await state_machine.lock_payment(db, reference), "cancelled", cause="demo_restarted"
            )


async def _register_webhooks(database: Database, tenant: TenantRef, demo: DemoCooperative) -> None:
    """Register the webhook URLs at the fake Stripe and Xendit; Midtrans gets its URL with every payment."""
    settings = database.settings
    async with coop_reader(database, tenant) as ro:
        endpoints = {each.method: each.endpoint for each in await methods.list_methods(ro)}
    origin = f"{settings.scheme}://{tenant.slug}.{settings.base_domain}/webhooks"
    client = database.services.http_client
    account = f"acct_standin_{demo.slug}"
    hook = {"url": f"{origin}/{endpoints['stripe']}", "account": account, "secret": get_stripe_secret(demo)}
    await _post_control(client, settings.fake_gateway_url("stripe"), "webhooks", hook)
    await _post_control(
        client, settings.fake_gateway_url("xendit"), "callback", {"url": f"{origin}/{endpoints['xendit']}"}
    )


async def _post_control(
    client: httpx.AsyncClient, address: str | None, what: str, payload: dict[str, Any]
) -> None:
    if address is not None:
        (await client.post(f"{address}/_control/{what}", json=payload)).raise_for_status()
