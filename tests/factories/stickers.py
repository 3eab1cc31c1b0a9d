"""Stickers of invented merchants, written without the code under test: parts by hand, the check code bit by
bit.
"""


def part(tag: str, value: str) -> str:
    return f"{tag}{len(value):02}{value}"


def check_code(text: str) -> str:
    """CRC-16/CCITT-FALSE by its definition, one bit at a time."""
    register = 0xFFFF
    for byte in text.encode():
        register ^= byte << 8
        for _ in range(8):
            register = ((register << 1) ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    return f"{register:04X}"


def sealed(body: str) -> str:
    """The payload of everything before part 63."""
    return f"{body}6304{check_code(body + '6304')}"


ACCOUNT = (
    part("00", "ID.CO.PADI.WWW")
    + part("01", "936009110012345678")
    + part("02", "PADI00001")
    + part("03", "UMI")
)
NATIONAL = part("00", "ID.CO.QRIS.WWW") + part("02", "ID1020304050607") + part("03", "UMI")
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


def sticker(**changed: str | None) -> str:
    """A payload; ``t59="…"`` changes a part, ``t59=None`` leaves it out, all in the order of their tags."""
    parts = dict(PARTS)
    for name, value in changed.items():
        if value is None:
            parts.pop(name[1:])
        else:
            parts[name[1:]] = value
    return sealed("".join(part(tag, value) for tag, value in sorted(parts.items())))
