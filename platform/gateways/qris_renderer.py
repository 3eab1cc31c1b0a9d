"""Render the QR code of a payload as SVG for a page (no style, no script) or as PNG."""

import io
from typing import Final

import segno

from gateways.qris import parse_qris
from kernel import formats
from kernel.formats import Lang

QUIET_ZONE: Final = 4  # modules of quiet zone, by ISO/IEC 18004


def render_svg(payload: str, lang: Lang = "id") -> str:
    """Return an ``<svg>`` of the payload, black on white, as wide as its container.

    Its accessible title is like "QRIS Koperasi Melati, Rp25.000". Error correction is at least M (15 %), as
    on stickers. Raises DomainError as ``qris.parse_qris`` does: no invalid payload is rendered.
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
    """Return the same code as a PNG to download, eight pixels a module.

    Raises DomainError as ``qris.parse_qris`` does.
    """
    out = io.BytesIO()
    segno.make(parse_qris(payload).payload, error="m", micro=False, encoding="utf-8").save(
        out, kind="png", scale=8, border=QUIET_ZONE
    )
    return out.getvalue()
