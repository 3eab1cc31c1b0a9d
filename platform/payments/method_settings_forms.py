"""Forms of payment method settings.

A method's form accepts the settings that its provider defines, and nothing else.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from gateways.protocol import get_provider
from kernel.money import Rupiah
from payments.configure_method import MethodChange

REMOVE_PREFIX: Final = "remove_"
MAX_SETTING_LENGTH: Final = 300

Version = Annotated[str, Meta(max_length=40)]
Text = Annotated[str, Meta(max_length=MAX_SETTING_LENGTH)]


class StickerForm(msgspec.Struct, forbid_unknown_fields=True):
    """The cooperative's QRIS, pasted or on a photo."""

    mark: Version
    payload: Annotated[str, Meta(max_length=1_000)] = ""
    photo: UploadFile | None = None


class SaveStickerForm(msgspec.Struct, forbid_unknown_fields=True):
    """The QRIS text that the officer has confirmed."""

    mark: Version
    payload: Annotated[str, Meta(max_length=1_000)]


class TestPaymentForm(msgspec.Struct, forbid_unknown_fields=True):
    """A test payment; ``key`` is the form's own, so that two submissions open one payment."""

    key: Annotated[str, Meta(min_length=8, max_length=60)]


@functools.cache
def method_form(name: str) -> type[msgspec.Struct]:
    """Return the form of a method: its provider's settings and secrets, fees and limits."""
    fields: list[tuple[str, Any, Any]] = [("mark", Version, "")]
    for each in editable_settings(name):
        if each.secret:
            fields += [(each.name, Text, ""), (REMOVE_PREFIX + each.name, bool, False)]
        elif each.choices:
            fields.append((each.name, Literal[tuple(value for value, _ in each.choices)], each.default))
        else:
            fields.append((each.name, Text, ""))
    fields += [
        ("fee_percent", Decimal, Decimal(0)),
        ("fee_fixed", Rupiah, Rupiah(0)),
        ("min_amount", Rupiah | None, None),
        ("max_amount", Rupiah | None, None),
    ]
    return msgspec.defstruct(f"MethodForm_{name}", fields, forbid_unknown_fields=True, module=__name__)


def editable_settings(name: str) -> tuple[Any, ...]:
    """Return the settings in a method's own form; a QRIS sticker has a page of its own."""
    return tuple(
        each
        for each in get_provider(name).capabilities().settings
        if (name, each.name) != ("qris", "payload")
    )


def to_method_change(name: str, sent: msgspec.Struct) -> MethodChange:
    """Return a submitted form as the use case's ``MethodChange``."""
    values = msgspec.structs.asdict(sent)
    secrets = [each.name for each in editable_settings(name) if each.secret]
    return MethodChange(
        expected_version=values["mark"],
        settings={
            each.name: " ".join(values[each.name].split())
            for each in editable_settings(name)
            if not each.secret
        },
        secrets={each: "".join(values[each].split()) for each in secrets if values[each].strip()},
        removed_secrets=frozenset(each for each in secrets if values[REMOVE_PREFIX + each]),
        fee_percent=values["fee_percent"],
        fee_fixed=values["fee_fixed"],
        min_amount=values["min_amount"],
        max_amount=values["max_amount"],
    )
