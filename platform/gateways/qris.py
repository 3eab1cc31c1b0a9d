"""Parse and check QRIS payloads, and make a dynamic payload from a static sticker. Pure functions.

A payload is a sequence of tag, length and value (``qris_tlv``). The rules follow EMVCo's Merchant-Presented
Mode and the additions of QRIS: the national merchant id (NMID) in tag 51, rupiah (360), Indonesia (ID).
Unknown data objects are preserved.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from gateways import qris_errors as errors
from gateways.qris_tlv import DataObject, crc16, parse_tlv, serialize_tlv, with_data_object
from kernel.errors import LocalizedText
from kernel.money import Rupiah

__all__ = ["DataObject", "MerchantAccount", "Qris", "crc16", "make_dynamic", "parse_qris", "require_static"]

MIN_AMOUNT: Final = Rupiah(1)
MAX_AMOUNT: Final = Rupiah(10_000_000)  # Bank Indonesia's limit of one QRIS payment
MAX_PAYLOAD_LENGTH: Final = 512  # characters, by EMVCo
MAX_REFERENCE_LENGTH: Final = 25
NATIONAL_DOMAIN: Final = "ID.CO.QRIS.WWW"

_PREFIX: Final = "000201"
_CRC_HEAD: Final = "6304"
# What copying may add around a text: spaces, the byte order mark, zero-width characters.
_SURROUNDING_BLANKS: Final = " \t\r\n\f\v\u00a0\u200b\u200c\u200d\u2060\ufeff"
_NMID: Final = re.compile(r"ID[0-9A-Z]{1,13}")
_AMOUNT: Final = re.compile(r"(?P<whole>[0-9]{1,13})(?:\.0{0,2})?")
_REFERENCE: Final = re.compile(r"[!-~](?:[ -~]{0,23}[!-~])?")
_PROMPT_PLACEHOLDER: Final = "***"  # inside tag 62: the buyer types the value in

# The data objects that every QRIS has: name and form.
_REQUIRED_OBJECTS: Final[Mapping[str, tuple[LocalizedText, re.Pattern[str]]]] = {
    "01": (LocalizedText("statis atau dinamis"), re.compile(r"11|12")),
    "52": (LocalizedText("golongan usaha"), re.compile(r"[0-9]{4}")),
    "59": (LocalizedText("nama pedagang"), re.compile(r".{1,25}")),
    "60": (LocalizedText("kota"), re.compile(r".{1,15}")),
}
_POSTCODE: Final = LocalizedText("kode pos")
_AMOUNT_NAME: Final = LocalizedText("jumlah", context="gateways.qris")
# 54 is the amount; 55 to 57 would let the buyer pay more: a tip, or a fee that buyers must not be charged.
_PAYMENT_SPECIFIC_TAGS: Final = frozenset({"54", "55", "56", "57"})


class MerchantAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant account that receives the money (tags 26 to 51), with its data objects."""

    tag: str
    data_objects: tuple[DataObject, ...]

    def value(self, tag: str) -> str:
        return _value(self.data_objects, tag)

    @property
    def domain(self) -> str:
        """Return the reverse domain name of its operator: ``ID.CO.QRIS.WWW``."""
        return self.value("00")


class Qris(msgspec.Struct, frozen=True, kw_only=True):
    """A payload that passed every check. ``data_objects`` are all but the CRC, in their order."""

    data_objects: tuple[DataObject, ...]
    accounts: tuple[MerchantAccount, ...]
    additional_data: tuple[DataObject, ...]
    crc: str
    amount: Rupiah | None

    def value(self, tag: str) -> str:
        """Return the value of a tag, empty if missing."""
        return _value(self.data_objects, tag)

    @property
    def payload(self) -> str:
        """Return the text that was parsed."""
        return serialize_tlv(self.data_objects) + _CRC_HEAD + self.crc

    @property
    def kind(self) -> Literal["static", "dynamic"]:
        """Return "static" for a sticker, "dynamic" for a payload of one payment."""
        return "static" if self.value("01") == "11" else "dynamic"

    @property
    def national_account(self) -> MerchantAccount:
        return next(account for account in self.accounts if account.tag == "51")

    @property
    def nmid(self) -> str:
        """Return the national merchant id."""
        return self.national_account.value("02")

    @property
    def criteria(self) -> str:
        """Return the merchant's size class of Bank Indonesia: UMI, UKE, UME, UBE or URE; empty if missing."""
        return self.national_account.value("03")

    @property
    def merchant_name(self) -> str:
        return self.value("59")

    @property
    def city(self) -> str:
        return self.value("60")

    @property
    def postcode(self) -> str:
        return self.value("61")

    @property
    def category(self) -> str:
        """Return the merchant category code of four digits; 5411 for groceries."""
        return self.value("52")

    @property
    def reference(self) -> str:
        """Return the reference in tag 62.05, empty if missing."""
        return _value(self.additional_data, "05")

    @property
    def has_tip_or_fee(self) -> bool:
        """Return whether the payload asks the buyer for a tip or a fee; ours never do."""
        return any(part.tag in _PAYMENT_SPECIFIC_TAGS - {"54"} for part in self.data_objects)


def parse_qris(payload: str) -> Qris:
    """Parse a payload as pasted or scanned; surrounding blanks are ignored.

    The CRC is checked before the structure, so that a changed payload is reported as such. Raises DomainError
    (422): payments.qris_empty, .qris_not_emv, .qris_too_long, .qris_cut_off, .qris_crc_mismatch,
    .qris_not_readable, .qris_part_twice, .qris_not_rupiah, .qris_not_indonesian, .qris_no_nmid,
    .qris_part_wrong.
    """
    text = payload.strip(_SURROUNDING_BLANKS)
    if not text:
        raise errors.QRIS_EMPTY()
    if not text.startswith(_PREFIX):
        raise errors.QRIS_NOT_EMV()
    if len(text) > MAX_PAYLOAD_LENGTH:
        raise errors.QRIS_TOO_LONG(length=len(text), max_amount=MAX_PAYLOAD_LENGTH)
    for position, letter in enumerate(text, start=1):
        # control characters and surrogates, which UTF-8 cannot encode
        if unicodedata.category(letter) in {"Cc", "Cs"}:
            raise errors.QRIS_NOT_READABLE(position=position)
    if text[-8:-4] != _CRC_HEAD:
        raise errors.QRIS_TRUNCATED()
    if crc16(text[:-4]) != text[-4:].upper():
        raise errors.QRIS_CRC_MISMATCH()
    *parts, last = parse_tlv(text)
    if last.tag != "63":
        raise errors.QRIS_TRUNCATED()
    return _validate(tuple(parts), last.value)


def make_dynamic(payload: str, amount: Rupiah, reference: str | None = None) -> str:
    """Return the payload for one payment of ``amount`` (Rp1 to Rp10.000.000).

    Our reference is put into tag 62.05 if given. An amount, tip or fee in the old payload is removed: the
    buyer pays ``amount`` and never more. Raises DomainError as ``parse_qris`` does, and
    payments.qris_amount_out_of_range, .qris_reference_malformed, .qris_no_room; TypeError for an amount that
    is no whole number.
    """
    old = parse_qris(payload)
    money = Rupiah(amount)
    if not MIN_AMOUNT <= money <= MAX_AMOUNT:
        raise errors.QRIS_AMOUNT_OUT_OF_RANGE(min_amount=MIN_AMOUNT, max_amount=MAX_AMOUNT, amount=money)
    parts = tuple(part for part in old.data_objects if part.tag not in _PAYMENT_SPECIFIC_TAGS)
    parts = with_data_object(parts, DataObject("01", "12"))
    parts = with_data_object(parts, DataObject("54", str(money)))
    if reference is not None:
        if not _REFERENCE.fullmatch(reference) or reference == _PROMPT_PLACEHOLDER:
            raise errors.QRIS_REFERENCE_MALFORMED(max_amount=MAX_REFERENCE_LENGTH)
        parts = with_data_object(
            parts,
            DataObject(
                "62", serialize_tlv(with_data_object(old.additional_data, DataObject("05", reference)))
            ),
        )
    body = serialize_tlv(parts) + _CRC_HEAD
    if len(body) + 4 > MAX_PAYLOAD_LENGTH:
        raise errors.QRIS_PAYLOAD_FULL()
    return body + crc16(body)


def require_static(qris: Qris) -> None:
    """Raise DomainError payments.qris_not_static for a payload that was made for one payment.

    A sticker is used for all payments, so it must be static.
    """
    if qris.kind != "static" or qris.amount is not None:
        raise errors.QRIS_NOT_STATIC()


def _validate(parts: tuple[DataObject, ...], crc: str) -> Qris:
    """Check the data objects of a payload and return it as a Qris. Raises DomainError."""
    if _value(parts, "53") != "360":
        raise errors.QRIS_NOT_RUPIAH()
    if _value(parts, "58") != "ID":
        raise errors.QRIS_NOT_INDONESIAN()
    starts = _value_offsets(parts)
    accounts = tuple(
        MerchantAccount(tag=part.tag, data_objects=parse_tlv(part.value, offset=starts[part.tag]))
        for part in parts
        if "26" <= part.tag <= "51"
    )
    extra = parse_tlv(_value(parts, "62"), offset=starts.get("62", 0))
    national = next((account for account in accounts if account.tag == "51"), None)
    if (
        national is None
        or national.domain.upper() != NATIONAL_DOMAIN
        or not _NMID.fullmatch(national.value("02"))
    ):
        raise errors.QRIS_NO_NMID()
    for tag, (name, form) in _REQUIRED_OBJECTS.items():
        if not form.fullmatch(_value(parts, tag)) or not _value(parts, tag).strip():
            raise errors.QRIS_INVALID_FIELD(tag=tag, name=name)
    if len(_value(parts, "61")) > 10:
        raise errors.QRIS_INVALID_FIELD(tag="61", name=_POSTCODE)
    return Qris(data_objects=parts, accounts=accounts, additional_data=extra, crc=crc, amount=_amount(parts))


def _amount(parts: tuple[DataObject, ...]) -> Rupiah | None:
    """Return the whole rupiah of tag 54; None if it is missing.

    Zero, an empty value and nonzero cents are errors.
    """
    written = next((part.value for part in parts if part.tag == "54"), None)
    if written is None:
        return None
    form = _AMOUNT.fullmatch(written)
    if form is None or len(written) > 13 or not int(form["whole"]):
        raise errors.QRIS_INVALID_FIELD(tag="54", name=_AMOUNT_NAME)
    return Rupiah(int(form["whole"]))


def _value(parts: tuple[DataObject, ...], tag: str) -> str:
    return next((part.value for part in parts if part.tag == tag), "")


def _value_offsets(parts: tuple[DataObject, ...]) -> dict[str, int]:
    """Return where the value of each data object begins in the payload."""
    found, at = {}, 0
    for part in parts:
        found[part.tag] = at + 4
        at += 4 + len(part.value)
    return found
