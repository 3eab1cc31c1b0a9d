"""`lumbung operator`: add operators of the platform. No page can add one."""

import asyncio

import click

from commands.connect import open_database
from commands.output import json_option, print_line, print_result
from commands.prompts import prompt_password


@click.group("operator")
def command() -> None:
    """Add operators of the platform."""


@command.command("add")
@click.argument("name")
@click.option("--phone", required=True, help="Mobile number, used to sign in.")
@json_option
def add_one(name: str, phone: str, *, as_json: bool) -> None:
    """Add NAME as an operator. The password comes from LUMBUNG_PASSWORD or a prompt."""
    asyncio.run(_add(name, phone, as_json=as_json))


async def _add(name: str, phone_number: str, *, as_json: bool) -> None:
    from kernel import phone
    from operators.add_operator import add_operator
    from tenants.session import owner_session

    phone.parse_mobile(phone_number)
    async with open_database() as database:
        _ = database.owner_url  # raises without the owner's login, before the password prompt
        password = prompt_password(name)
        async with owner_session(database) as db:
            operator = await add_operator(db, name=name, phone_number=phone_number, password=password)
        settings = database.settings
    address = f"{settings.scheme}://operator.{settings.base_domain}/masuk"
    print_result(
        {"id": str(operator.id), "name": operator.name, "phone": operator.phone, "address": address},
        as_json=as_json,
        print_text=lambda: print_line(f"{operator.name} is an operator and signs in at {address}"),
    )
