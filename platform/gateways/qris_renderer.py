"""The QR code of a payload as SVG that stands in a page: shapes and a title, no style and no script."""

import io
from typing import Final

import segno

from gateways.qris import parse_qris
from kernel import formats
from kernel.formats import Lang

QUIET_ZONE: Final = 4  # modules of white around the code, by ISO/IEC 18004


def render_svg(payload: str, lang: Lang = "id") -> str:
    """Return an ``<svg>`` of the payload, black on white whatever the page's colours, as wide as its place.

    It is named for those who hear the page: "QRIS Koperasi Melati, Rp25.000". Error correction is at least M
    (15 %), as stickers have it. Raises DomainError as ``qris.read`` does: nothing is drawn that would not
    pass when it is read.
    """
    qris = parse_qris(payload)
    name = f"QRIS {qris.merchant_name}"
    if qris.amount is not None:
        name += f", {formats.rupiah(qris.amount, lang)}"
    code = segno.make(qris.payload, error="m", micro=False, encoding="utf-8")
    out = io.BytesIO()
    code.save(
        out,
        kind="svg",
        xmldecl=False,
        nl=False,
        omitsize=True,
        border=QUIET_ZONE,
        dark="#000",
        light="#fff",
        title=name,
        svgclass="qr",
        lineclass=None,
    )
    return out.getvalue().decode().replace("<svg ", '<svg role="img" ', 1)


def render_png(payload: str) -> bytes:
    """Return the same code as a picture to keep on a phone, eight dots a module.

    Raises DomainError as ``qris.read`` does.
    """
    out = io.BytesIO()
    segno.make(parse_qris(payload).payload, error="m", micro=False, encoding="utf-8").save(
        out, kind="png", scale=8, border=QUIET_ZONE
    )
    return out.getvalue()
