"""`lumbung coop`: found, list, suspend and resume cooperatives."""

import asyncio
import getpass
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from commands.asking import password_for
from commands.connect import open_database
from commands.output import json_option, say, show, table

BY = "command line"
PLATFORM_ZONE = ZoneInfo("Asia/Jakarta")


@click.group("coop")
def command() -> None:
    """Found, list, suspend and resume cooperatives."""


@command.command("found")
@click.argument("slug")
@click.option("--name", required=True, help="Name of the cooperative.")
@click.option("--officer-name", required=True, help="Name of its first officer.")
@click.option("--officer-phone", required=True, help="The officer's mobile number, used to sign in.")
@click.option(
    "--bylaws",
    default="konsumen",
    show_default=True,
    help="Bylaws to start from: konsumen or desa-merah-putih.",
)
@json_option
def found_one(
    slug: str, name: str, officer_name: str, officer_phone: str, bylaws: str, *, as_json: bool
) -> None:
    """Found a cooperative at SLUG. The officer's password comes from LUMBUNG_PASSWORD, or is asked for."""
    asyncio.run(_found(slug, name, officer_name, officer_phone, bylaws, as_json=as_json))


async def _found(
    slug: str, name: str, officer_name: str, officer_phone: str, bylaws: str, *, as_json: bool
) -> None:
    from governance import errors as governance_errors
    from governance.templates import TEMPLATES
    from kernel import phone
    from kernel.ids import new_id
    from kernel.passwords import check_password
    from onboarding import errors
    from onboarding.founding import Founding, found
    from onboarding.rules import check_slug

    check_slug(slug)
    if bylaws not in TEMPLATES:
        raise governance_errors.NO_SUCH_TEMPLATE(template=bylaws, known=sorted(TEMPLATES))
    number = phone.parse_mobile(officer_phone)
    names = [" ".join(text.split()) for text in (name, officer_name)]
    if not all(names):
        raise errors.NAME_NEEDED()
    password = password_for(officer_name)
    check_password(password, phone_number=number)
    async with open_database() as database:
        founded = await found(
            database,
            Founding(
                name=names[0],
                slug=slug,
                officer_name=names[1],
                phone=number,
                password=password,
                bylaws_template=bylaws,
                key=f"command:{new_id()}",  # a second call is a second founding, and finds the address taken
            ),
        )
        tenant, settings = founded.tenant, database.settings
    address = f"{settings.scheme}://{tenant.slug}.{settings.base_domain}/"
    told = {
        "id": str(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "schema": tenant.schema_name,
        "address": address,
    }
    show(told, as_json=as_json, people=lambda: say(f"{tenant.name} is founded: {address}"))


@command.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List all cooperatives."""
    asyncio.run(_list(as_json=as_json))


async def _list(*, as_json: bool) -> None:
    from operators.queries import cooperatives
    from tenants.session import shared_reader

    async with open_database() as database, shared_reader(database) as ro:
        rows, _ = await cooperatives(ro, limit=1_000_000)

    def people() -> None:
        if not rows:
            say(
                "No cooperative yet. Found one: lumbung coop found SLUG --name … --officer-name … "
                "--officer-phone …"
            )
            return
        table(
            ("Address", "Name", "Status", "Founded"),
            [(row.slug, row.name, row.status, _day(row.founded_at)) for row in rows],
        )

    show(rows, as_json=as_json, people=people)


@command.command("suspend")
@click.argument("slug")
@click.option("--reason", required=True, help="Why; the cooperative's officers will read it.")
def suspend_one(slug: str, reason: str) -> None:
    """Close the doors of SLUG: its shop is closed, its books stay readable."""
    asyncio.run(_suspend(slug, reason))


async def _suspend(slug: str, reason: str) -> None:
    from operators.suspension import suspend
    from tenants.session import shared_session

    async with open_database() as database, shared_session(database) as db:
        await suspend(db, slug, reason=reason, by=_by())
    say(f"{slug} is suspended.")


@command.command("resume")
@click.argument("slug")
def resume_one(slug: str) -> None:
    """Open the doors of SLUG again."""
    asyncio.run(_resume(slug))


async def _resume(slug: str) -> None:
    from operators.suspension import resume
    from tenants.session import shared_session

    async with open_database() as database, shared_session(database) as db:
        await resume(db, slug, by=_by())
    say(f"{slug} is open again.")


def _day(moment: datetime) -> str:
    """The day in the platform's own zone, whatever the machine's: pages of a cooperative show days in its
    zone.
    """
    return f"{moment.astimezone(PLATFORM_ZONE):%Y-%m-%d} WIB"


def _by() -> str:
    """Who the trail names: the person at the keyboard, as the system knows them."""
    try:
        return f"{getpass.getuser()} ({BY})"
    except (KeyError, OSError):  # a container may run under a number without a name
        return BY
