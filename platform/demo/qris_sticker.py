"""The demo's QRIS sticker: valid to every reader, and of a merchant that does not exist."""

from typing import Final

from payments.providers.qris_parts import Part, crc16, put_together

MERCHANT: Final = "UJI COBA KOPERASI MELATI"
# No acquirer has this number, and no merchant this NMID.
_ACQUIRER: Final = (
    Part("00", "ID.CO.CONTOH.WWW"),
    Part("01", "936000000000000017"),
    Part("02", "CONTOH0017"),
    Part("03", "UMI"),
)
_NATIONAL: Final = (Part("00", "ID.CO.QRIS.WWW"), Part("02", "ID0000000000017"), Part("03", "UMI"))
_PARTS: Final = (
    Part("00", "01"),
    Part("01", "11"),
    Part("26", put_together(_ACQUIRER)),
    Part("51", put_together(_NATIONAL)),
    Part("52", "5411"),
    Part("53", "360"),
    Part("58", "ID"),
    Part("59", MERCHANT),
    Part("60", "KARANGAN"),
    Part("61", "99999"),
)
_BODY: Final = put_together(_PARTS) + "6304"
STICKER: Final = _BODY + crc16(_BODY)
