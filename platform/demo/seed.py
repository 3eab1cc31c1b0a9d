"""Create the demo, each cooperative in separate transactions, so that a later start completes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import msgspec

from demo import gateways, queries
from demo.bank_statement import get_bank_statement_path
from demo.cooperatives import COOPERATIVES, PASSWORD, PIN, DemoCooperative
from demo.enable_payments import enable_payments
from demo.populate_demo import populate_demo
from demo.subscriptions import ensure_open_invoice, ensure_plan, switch_to_invoice
from kernel import clock
from kernel.errors import DomainError, ErrorType
from onboarding.create_cooperative import NewCooperative, create_cooperative
from operators.add_operator import add_operator
from tenants.registry import find_tenant_by_slug
from tenants.session import coop_reader, coop_session, owner_session, shared_reader

if TYPE_CHECKING:
    from kernel.database import Database
    from kernel.settings import Settings
    from tenants.registry import TenantRef

OPERATOR = ("Wira Adiguna", "0899-0000-0001")

NOT_IN_PRODUCTION = ErrorType(
    "demo.not_in_production",
    403,
    "Koperasi contoh tidak dibuat di produksi: kata sandinya diketahui semua orang.",
)


class DemoLogin(msgspec.Struct, frozen=True):
    """A login of the demo: address, role, name, and what to type."""

    address: str
    role: str
    name: str
    identity: str
    password: str
    pin: str = ""

    def format_line(self) -> str:
        """Return the line that the terminal shows."""
        pin = f", PIN {self.pin}" if self.pin else ""
        return f"{self.address:<42} {self.role}: {self.name}, {self.identity}, password {self.password}{pin}"


async def seed_demo(
    database: Database,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> list[DemoLogin]:
    """Create the missing parts of the demo and return its logins; safe to repeat.

    A cooperative that somebody else founded under the same slug is not changed. ``on_note`` gets a sentence
    for each part that could not be created. Raises DomainError demo.not_in_production.
    """
    if database.settings.is_production:
        raise NOT_IN_PRODUCTION()
    existing = await _list_demo_slugs(database)
    for at, demo in enumerate(COOPERATIVES, start=1):
        if demo.slug not in existing and await find_tenant_by_slug(database, demo.slug) is None:
            await _create_cooperative(database, demo)
            existing.add(demo.slug)
        if demo.slug in existing:
            tenant = await _populate_once(database, demo)
            if demo.accepts_payments:
                await _enable_payments(database, tenant, demo, on_note or _ignore_note)
            else:
                await ensure_open_invoice(database, tenant, demo)
            if database.settings.fake_gateways:
                await switch_to_invoice(database, tenant, demo)
        if on_progress is not None:
            on_progress(at, len(COOPERATIVES))
    await _connect_platform_gateway(database, on_note or _ignore_note)
    await _add_operator_once(database)
    return _list_logins(database, [demo for demo in COOPERATIVES if demo.slug in existing])


async def _list_demo_slugs(database: Database) -> set[str]:
    async with shared_reader(database) as ro:
        return await queries.list_demo_slugs(ro, [demo.founding_key for demo in COOPERATIVES])


async def _create_cooperative(database: Database, demo: DemoCooperative) -> None:
    # found it before its year of sales, so that its bylaws are in force then
    with clock.freeze_at(datetime(demo.sales_year() - 1, 12, 20, 3, tzinfo=UTC)):
        await create_cooperative(
            database,
            NewCooperative(
                name=demo.name,
                slug=demo.slug,
                officer_name=demo.chair,
                phone=demo.chair_phone,
                password=PASSWORD,
                bylaws_template=demo.bylaws,
                key=demo.founding_key,
            ),
        )


async def _populate_once(database: Database, demo: DemoCooperative) -> TenantRef:
    tenant = await find_tenant_by_slug(database, demo.slug)
    assert tenant is not None
    async with coop_reader(database, tenant) as ro:
        if await queries.is_populated(ro):
            return tenant
    async with coop_session(database, tenant) as db:
        await populate_demo(db, demo)
    return tenant


async def _enable_payments(
    database: Database, tenant: TenantRef, demo: DemoCooperative, note: Callable[[str], None]
) -> None:
    """Enable payments and the plan; on an error, leave the demo as it is and pass a sentence to ``note``."""
    try:
        await enable_payments(database, tenant, demo)
        if database.settings.fake_gateways:
            await ensure_plan(database, tenant, demo)
            await gateways.connect_gateways(database, tenant, demo)
    except DomainError as refused:
        note(f"{demo.slug}: payments were left as they are. {refused.localize('en')}")
    except httpx.HTTPError as error:
        note(f"{demo.slug}: a fake gateway does not answer ({type(error).__name__}).")


async def _connect_platform_gateway(database: Database, note: Callable[[str], None]) -> None:
    try:
        await gateways.connect_platform_gateway(database)
    except httpx.HTTPError as error:
        note(f"the fake Stripe does not answer ({type(error).__name__}): plans are not paid by card.")


def _ignore_note(_: str) -> None:
    """Ignore a note."""


async def _add_operator_once(database: Database) -> None:
    name, phone = OPERATOR
    async with shared_reader(database) as ro:
        if await queries.has_operator(ro, phone):
            return
    try:
        async with owner_session(database) as db:
            await add_operator(db, name=name, phone_number=phone, password=PASSWORD)
    except DomainError as error:
        if error.code != "operators.phone_taken":  # a concurrent start may have added the operator
            raise


def _list_logins(database: Database, demos: list[DemoCooperative]) -> list[DemoLogin]:
    settings = database.settings

    def address(label: str) -> str:
        return f"{settings.scheme}://{label}.{settings.base_domain}/"

    lines = []
    for demo in demos:
        pin = PIN if demo.accepts_payments else ""
        lines.append(DemoLogin(address(demo.slug), "officer", demo.chair, demo.chair_phone_display, PASSWORD))
        lines.append(
            DemoLogin(
                address(demo.slug), "member", demo.member_name, demo.member_phone_display, PASSWORD, pin
            )
        )
    lines.append(DemoLogin(address("operator"), "operator", *OPERATOR, PASSWORD))
    return lines


def list_demo_hints(settings: Settings) -> list[str]:
    """Return sentences about what else there is to try: fake gateways and sample files."""
    lines = []
    if settings.fake_gateways:
        addresses = ", ".join(f"{service} {address}" for service, address in settings.fake_gateways)
        lines.append(f"Payment services are fakes, no money moves: {addresses}")
        setting = ",".join(f"{service}={address}" for service, address in settings.fake_gateways)
        lines.append(
            f"Commands in another terminal find them by themselves; with another database, set "
            f"LUMBUNG_FAKE_GATEWAYS={setting}"
        )
    files = [get_bank_statement_path(settings, demo) for demo in COOPERATIVES if demo.accepts_payments]
    lines += [
        f"A bank's statement to bring in at /pengurus/pembayaran/mutasi: {file}"
        for file in files
        if file.exists()
    ]
    return lines
