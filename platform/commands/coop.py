"""`lumbung coop`: found, list, suspend and resume cooperatives."""

import asyncio
import getpass
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from commands.connect import open_database
from commands.output import json_option, print_line, print_result, print_table
from commands.prompts import prompt_password

ACTOR = "command line"
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
    """Found a cooperative at SLUG. The officer's password comes from LUMBUNG_PASSWORD or a prompt."""
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
    from onboarding.create_cooperative import NewCooperative, create_cooperative
    from onboarding.rules import check_slug

    check_slug(slug)
    if bylaws not in TEMPLATES:
        raise governance_errors.NO_SUCH_TEMPLATE(template=bylaws, known=sorted(TEMPLATES))
    number = phone.parse_mobile(officer_phone)
    names = [" ".join(text.split()) for text in (name, officer_name)]
    if not all(names):
        raise errors.NAME_NEEDED()
    password = prompt_password(officer_name)
    check_password(password, phone_number=number)
    async with open_database() as database:
        founded = await create_cooperative(
            database,
            NewCooperative(
                name=names[0],
                slug=slug,
                officer_name=names[1],
                phone=number,
                password=password,
                bylaws_template=bylaws,
                # a new key: a second call does not return the first cooperative, but fails on the address
                key=f"command:{new_id()}",
            ),
        )
        tenant, settings = founded.tenant, database.settings
    address = f"{settings.scheme}://{tenant.slug}.{settings.base_domain}/"
    result = {
        "id": str(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "schema": tenant.schema_name,
        "address": address,
    }
    print_result(
        result, as_json=as_json, print_text=lambda: print_line(f"{tenant.name} is founded: {address}")
    )


@command.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List all cooperatives."""
    asyncio.run(_list(as_json=as_json))


async def _list(*, as_json: bool) -> None:
    from operators.queries import list_cooperatives
    from tenants.session import shared_reader

    async with open_database() as database, shared_reader(database) as ro:
        rows, _ = await list_cooperatives(ro, limit=1_000_000)

    def print_text() -> None:
        if not rows:
            print_line(
                "No cooperative yet. Found one: lumbung coop found SLUG --name … --officer-name … "
                "--officer-phone …"
            )
            return
        print_table(
            ("Address", "Name", "Status", "Founded"),
            [(row.slug, row.name, row.status, _day(row.founded_at)) for row in rows],
        )

    print_result(rows, as_json=as_json, print_text=print_text)


@command.command("suspend")
@click.argument("slug")
@click.option("--reason", required=True, help="Why; the cooperative's officers will read it.")
def suspend_one(slug: str, reason: str) -> None:
    """Suspend SLUG: its shop closes, its books stay readable."""
    asyncio.run(_suspend(slug, reason))


async def _suspend(slug: str, reason: str) -> None:
    from operators.suspend_cooperative import suspend_cooperative
    from tenants.session import shared_session

    async with open_database() as database, shared_session(database) as db:
        await suspend_cooperative(db, slug, reason=reason, by=_actor_name())
    print_line(f"{slug} is suspended.")


@command.command("resume")
@click.argument("slug")
def resume_one(slug: str) -> None:
    """Resume SLUG after a suspension."""
    asyncio.run(_resume(slug))


async def _resume(slug: str) -> None:
    from operators.suspend_cooperative import resume_cooperative
    from tenants.session import shared_session

    async with open_database() as database, shared_session(database) as db:
        await resume_cooperative(db, slug, by=_actor_name())
    print_line(f"{slug} is open again.")


def _day(moment: datetime) -> str:
    """Format the day in the platform's time zone, whatever the machine's zone is."""
    return f"{moment.astimezone(PLATFORM_ZONE):%Y-%m-%d} WIB"


def _actor_name() -> str:
    """Return the name for the audit log: the operating system's user."""
    try:
        return f"{getpass.getuser()} ({ACTOR})"
    except (KeyError, OSError):  # a container's user may have no name
        return ACTOR
