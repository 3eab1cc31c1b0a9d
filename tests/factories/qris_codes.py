"""QRIS payloads of invented merchants, built without the code under test."""


def tlv(tag: str, value: str) -> str:
    return f"{tag}{len(value):02}{value}"


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE by its definition, one bit at a time."""
    register = 0xFFFF
    for byte in text.encode():
        register ^= byte << 8
        for _ in range(8):
            register = ((register << 1) ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    return f"{register:04X}"


def with_checksum(body: str) -> str:
    """Return the payload of everything before part 63."""
    return f"{body}6304{crc16(body + '6304')}"


ACCOUNT = (
    tlv("00", "ID.CO.PADI.WWW") + tlv("01", "936009110012345678") + tlv("02", "PADI00001") + tlv("03", "UMI")
)
NATIONAL = tlv("00", "ID.CO.QRIS.WWW") + tlv("02", "ID1020304050607") + tlv("03", "UMI")
PARTS = {
    "00": "01",
    "01": "11",
    "26": ACCOUNT,
    "51": NATIONAL,
    "52": "5411",
    "53": "360",
    "58": "ID",
    "59": "KOPERASI MELATI",
    "60": "BANTUL",
    "61": "55711",
}


def static_qris(**changed: str | None) -> str:
    """Return a payload; ``t59="…"`` replaces a part, ``t59=None`` omits it; parts are in the order of their
    tags.
    """
    parts = dict(PARTS)
    for name, value in changed.items():
        if value is None:
            parts.pop(name[1:])
        else:
            parts[name[1:]] = value
    return with_checksum("".join(tlv(tag, value) for tag, value in sorted(parts.items())))
