"""The demo's QRIS sticker: a valid payload of a merchant that does not exist."""

from typing import Final

from gateways.qris_tlv import DataObject, crc16, serialize_tlv

MERCHANT: Final = "UJI COBA KOPERASI MELATI"
# This acquirer number and NMID are not assigned.
_ACQUIRER: Final = (
    DataObject("00", "ID.CO.CONTOH.WWW"),
    DataObject("01", "936000000000000017"),
    DataObject("02", "CONTOH0017"),
    DataObject("03", "UMI"),
)
_NATIONAL: Final = (
    DataObject("00", "ID.CO.QRIS.WWW"),
    DataObject("02", "ID0000000000017"),
    DataObject("03", "UMI"),
)
_PARTS: Final = (
    DataObject("00", "01"),
    DataObject("01", "11"),
    DataObject("26", serialize_tlv(_ACQUIRER)),
    DataObject("51", serialize_tlv(_NATIONAL)),
    DataObject("52", "5411"),
    DataObject("53", "360"),
    DataObject("58", "ID"),
    DataObject("59", MERCHANT),
    DataObject("60", "KARANGAN"),
    DataObject("61", "99999"),
)
_BODY: Final = serialize_tlv(_PARTS) + "6304"
STICKER: Final = _BODY + crc16(_BODY)
