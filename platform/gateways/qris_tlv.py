"""The TLV format of merchant-presented QR payloads: tag, length, value, and the CRC at the end.

Source: EMVCo, QR Code Specification for Payment Systems, Merchant-Presented Mode. Lengths count characters,
not bytes; the CRC is computed over the UTF-8 bytes.
"""

import binascii
from collections.abc import Iterable
from typing import Final

import msgspec

from gateways import qris_errors as errors

MAX_VALUE_LENGTH: Final = 99  # the length has two digits


class DataObject(msgspec.Struct, frozen=True):
    """One tagged value. The value of a template is again TLV, stored as text."""

    tag: str
    value: str


def crc16(text: str) -> str:
    """Return the CRC-16/CCITT-FALSE of a text's UTF-8 as four hexadecimal digits.

    The check value of "123456789" is "29B1".
    """
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def parse_tlv(text: str, *, offset: int = 0) -> tuple[DataObject, ...]:
    """Parse data objects; the text must end exactly where the last one does.

    ``offset`` is the position of the text in the whole payload, for error messages. Empty values are
    accepted: they are harmless in data objects that we do not use. Raises DomainError:
    payments.qris_not_readable, payments.qris_part_twice.
    """
    parts: list[DataObject] = []
    seen: set[str] = set()
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if len(head) < 4 or not (head.isascii() and head.isdigit()):
            raise errors.QRIS_NOT_READABLE(position=offset + at + 1)
        tag, end = head[:2], at + 4 + int(head[2:])
        if end > len(text):
            raise errors.QRIS_NOT_READABLE(position=offset + at + 1)
        if tag in seen:
            raise errors.QRIS_DUPLICATE_TAG(tag=tag)
        seen.add(tag)
        parts.append(DataObject(tag, text[at + 4 : end]))
        at = end
    return tuple(parts)


def serialize_tlv(parts: Iterable[DataObject]) -> str:
    """Return data objects as text.

    Raises DomainError payments.qris_no_room for a value of more than 99 characters.
    """
    written = []
    for part in parts:
        if len(part.value) > MAX_VALUE_LENGTH:
            raise errors.QRIS_PAYLOAD_FULL(tag=part.tag)
        written.append(f"{part.tag}{len(part.value):02}{part.value}")
    return "".join(written)


def with_data_object(parts: Iterable[DataObject], new: DataObject) -> tuple[DataObject, ...]:
    """Return the data objects with ``new`` in place of the one with its tag, or in the order of tags.

    Tag 00 stays first.
    """
    objects = list(parts)
    for position, part in enumerate(objects):
        if part.tag == new.tag:
            objects[position] = new
            return tuple(objects)
    for position, part in enumerate(objects):
        if part.tag > new.tag:
            return (*objects[:position], new, *objects[position:])
    return (*objects, new)
