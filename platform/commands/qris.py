"""`lumbung qris`: read QRIS payloads and make them dynamic, without a database."""

from collections.abc import Iterable
from typing import Any

import click

from commands.output import json_option, lang, print_result, print_table
from gateways.qris import DataObject, Qris, make_dynamic
from gateways.qris import parse_qris as read_qris
from kernel import formats
from kernel.money import Rupiah


@click.group()
def command() -> None:
    """Read a QRIS, or make the QRIS of one payment from a sticker's."""


@command.command()
@click.option("--payload", required=True, help="The sticker's text, beginning with 000201.")
@click.option("--amount", required=True, metavar="RUPIAH", help="What is to be paid, from 1 to 10000000.")
@click.option("--reference", help="At most 25 letters and digits that tell this payment.")
def dynamic(payload: str, amount: str, reference: str | None) -> None:
    """Print the payload of one payment, and nothing else.

    A tip or fee in the sticker's payload is left out.
    """
    click.echo(make_dynamic(payload, Rupiah.parse(amount), reference))


@command.command()
@click.argument("payload")
@json_option
def read(payload: str, *, as_json: bool) -> None:
    """Validate a payload and print its contents."""
    qris = read_qris(payload)
    print_result(to_json(qris), as_json=as_json, print_text=lambda: _print_qris(qris))


def to_json(qris: Qris) -> dict[str, Any]:
    """Return the payload's contents as plain JSON values; ``parts`` holds all of them, also unknown ones."""
    return {
        "kind": qris.kind,
        "merchant": qris.merchant_name,
        "city": qris.city,
        "postcode": qris.postcode or None,
        "nmid": qris.nmid,
        "criteria": qris.criteria or None,
        "category": qris.category,
        "currency": qris.value("53"),
        "country": qris.value("58"),
        "amount": qris.amount,
        "reference": qris.reference or None,
        "asks_tip_or_fee": qris.has_tip_or_fee,
        "accounts": [
            {"tag": account.tag, "domain": account.domain, "parts": _plain(account.data_objects)}
            for account in qris.accounts
        ],
        "extra": _plain(qris.additional_data),
        "parts": _plain(qris.data_objects) | {"63": qris.crc},
        "crc": qris.crc,
    }


def _plain(parts: Iterable[DataObject]) -> dict[str, str]:
    return {part.tag: part.value for part in parts}


def _print_qris(qris: Qris) -> None:
    from rich.markup import escape

    amount = "" if qris.amount is None else formats.rupiah(qris.amount, lang())
    known = [
        ("Kind", qris.kind),
        ("Merchant", qris.merchant_name),
        ("City", qris.city),
        ("Postcode", qris.postcode),
        ("NMID", qris.nmid),
        ("Criteria", qris.criteria),
        ("Category", qris.category),
        ("Amount", amount),
        ("Reference", qris.reference),
        ("Tip or fee", "asked of the buyer" if qris.has_tip_or_fee else ""),
        *((f"Account {account.tag}", account.domain) for account in qris.accounts),
        ("Check code", f"{qris.crc}, right"),
    ]
    print_table(("What", "Value"), [(name, escape(value)) for name, value in known if value])
