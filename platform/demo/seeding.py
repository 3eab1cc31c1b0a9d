"""Found and furnish the demo: each cooperative in two transactions, founding and furnishing, so that a kill
in between loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import msgspec

from demo import errors, gateways, queries
from demo.cooperatives import COOPERATIVES, PASSWORD, PIN, Demo
from demo.furnishing import furnish
from demo.paying import let_pay
from demo.statement import statement_of
from demo.subscribing import forget_card, keep_plan, owe_once
from kernel import clock
from kernel.errors import DomainError
from onboarding.founding import Founding, found
from operators.adding import add_operator
from tenants.registry import tenant_by_slug
from tenants.session import coop_reader, coop_session, owner_session, shared_reader

if TYPE_CHECKING:
    from kernel.database import Database
    from kernel.settings import Settings
    from tenants.registry import TenantRef

OPERATOR = ("Wira Adiguna", "0899-0000-0001")


class SignIn(msgspec.Struct, frozen=True):
    """Somebody to be in the demo: where, as what, and with which words."""

    address: str
    what: str
    name: str
    identity: str
    password: str
    pin: str = ""

    def line(self) -> str:
        """The sentence that a terminal prints."""
        pin = f", PIN {self.pin}" if self.pin else ""
        return f"{self.address:<42} {self.what}: {self.name}, {self.identity}, password {self.password}{pin}"


async def seed(
    database: Database,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> list[SignIn]:
    """Make whatever of the demo is missing, and return how to sign in to it; a second call only looks.

    A slug that somebody else took is left alone. ``on_note`` hears a sentence of what could not be made.
    Raises DomainError demo.not_in_production.
    """
    if database.settings.is_production:
        raise errors.NOT_IN_PRODUCTION()
    ours = await _ours(database)
    for at, demo in enumerate(COOPERATIVES, start=1):
        if demo.slug not in ours and await tenant_by_slug(database, demo.slug) is None:
            await _found(database, demo)
            ours.add(demo.slug)
        if demo.slug in ours:
            tenant = await _furnish_once(database, demo)
            if demo.pays:
                await _let_pay(database, tenant, demo, on_note or _unheard)
            else:
                await owe_once(database, tenant, demo)
            if database.settings.stand_ins:
                await forget_card(database, tenant, demo)
        if on_progress is not None:
            on_progress(at, len(COOPERATIVES))
    await _join_platform(database, on_note or _unheard)
    await _add_operator_once(database)
    return _sign_ins(database, [demo for demo in COOPERATIVES if demo.slug in ours])


async def _ours(database: Database) -> set[str]:
    async with shared_reader(database) as ro:
        return await queries.founded_slugs(ro, [demo.key for demo in COOPERATIVES])


async def _found(database: Database, demo: Demo) -> None:
    # a cooperative with a year of sales was founded before that year, and its bylaws held in it
    with clock.freeze_at(datetime(demo.year() - 1, 12, 20, 3, tzinfo=UTC)):
        await found(
            database,
            Founding(
                name=demo.name,
                slug=demo.slug,
                officer_name=demo.chair,
                phone=demo.chair_phone,
                password=PASSWORD,
                bylaws_template=demo.bylaws,
                key=demo.key,
            ),
        )


async def _furnish_once(database: Database, demo: Demo) -> TenantRef:
    tenant = await tenant_by_slug(database, demo.slug)
    assert tenant is not None
    async with coop_reader(database, tenant) as ro:
        if await queries.is_furnished(ro):
            return tenant
    async with coop_session(database, tenant) as db:
        await furnish(db, demo)
    return tenant


async def _let_pay(database: Database, tenant: TenantRef, demo: Demo, note: Callable[[str], None]) -> None:
    """Ways of paying and payments.

    A demo that people have lived in may stand against it: then it stays as it is, and says so.
    """
    try:
        await let_pay(database, tenant, demo)
        if database.settings.stand_ins:
            await keep_plan(database, tenant, demo)
            await gateways.join(database, tenant, demo)
    except DomainError as refusal:
        note(f"{demo.slug}: payments were left as they are. {refusal.message('en')}")
    except httpx.HTTPError as error:
        note(f"{demo.slug}: a stand-in of a payment service does not answer ({type(error).__name__}).")


async def _join_platform(database: Database, note: Callable[[str], None]) -> None:
    try:
        await gateways.join_platform(database)
    except httpx.HTTPError as error:
        note(f"the stand-in of Stripe does not answer ({type(error).__name__}): plans are not paid by card.")


def _unheard(_: str) -> None:
    """Nobody listens."""


async def _add_operator_once(database: Database) -> None:
    name, phone = OPERATOR
    async with shared_reader(database) as ro:
        if await queries.has_operator(ro, phone):
            return
    try:
        async with owner_session(database) as db:
            await add_operator(db, name=name, phone_number=phone, password=PASSWORD)
    except DomainError as refusal:
        if refusal.code != "operators.phone_taken":  # another start was faster by a moment
            raise


def _sign_ins(database: Database, demos: list[Demo]) -> list[SignIn]:
    settings = database.settings

    def address(label: str) -> str:
        return f"{settings.scheme}://{label}.{settings.base_domain}/"

    told = []
    for demo in demos:
        pin = PIN if demo.pays else ""
        told.append(SignIn(address(demo.slug), "officer", demo.chair, demo.chair_shown, PASSWORD))
        told.append(SignIn(address(demo.slug), "member", demo.member, demo.member_shown, PASSWORD, pin))
    told.append(SignIn(address("operator"), "operator", *OPERATOR, PASSWORD))
    return told


def notes(settings: Settings) -> list[str]:
    """Return sentences of what there is to try beside the pages."""
    told = []
    if settings.stand_ins:
        addresses = ", ".join(f"{service} {address}" for service, address in settings.stand_ins)
        told.append(f"Payment services are stand-ins, no money moves: {addresses}")
        setting = ",".join(f"{service}={address}" for service, address in settings.stand_ins)
        told.append(
            f"Commands in another terminal find them by themselves; with another database, set "
            f"LUMBUNG_STAND_INS={setting}"
        )
    files = [statement_of(settings, demo) for demo in COOPERATIVES if demo.pays]
    told += [
        f"A bank's statement to bring in at /pengurus/pembayaran/mutasi: {file}"
        for file in files
        if file.exists()
    ]
    return told
