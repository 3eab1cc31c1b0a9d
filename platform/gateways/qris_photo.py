"""Read a QRIS payload from a photo of a sticker. The photo itself is not stored."""

import io
import warnings
from typing import Final

import zxingcpp
from PIL import Image, UnidentifiedImageError

from gateways import qris_errors as errors
from gateways.qris import parse_qris
from kernel.errors import DomainError

MAX_MEGABYTES: Final = 10
MAX_MEGAPIXELS: Final = 40
MAX_SIDE_PIXELS: Final = 20_000
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
# Scan resolutions, as pixels of the longer side: most stickers fill the photo; a distant one needs more.
_SCAN_SIZES: Final = (1_600, 4_000)
_BARCODE_FORMATS: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_PREFIX: Final = "000201"


def read_photo(content: bytes) -> str:
    """Return the payload of the one QRIS on a photo, checked as by ``qris.parse_qris``.

    Takes up to some seconds of one core: call it in a thread. Other QR codes on the photo are ignored. Raises
    DomainError: payments.photo_not_a_picture, .photo_too_large, .photo_without_qr, .photo_without_qris,
    .photo_with_several, and those of ``qris.parse_qris``.
    """
    picture = _open_image(content)
    texts: set[str] = set()
    for side in _SCAN_SIZES:
        texts = _scan(picture, side)
        if any(text.startswith(_PREFIX) for text in texts) or max(picture.size) <= side:
            break
    if not texts:
        raise errors.PHOTO_WITHOUT_QR(field="photo")
    payloads = [text for text in texts if text.startswith(_PREFIX)]
    if not payloads:
        raise errors.PHOTO_WITHOUT_QRIS(field="photo")
    if len(payloads) > 1:
        raise errors.PHOTO_WITH_SEVERAL_QRIS(field="photo")
    return parse_qris(payloads[0]).payload


def _open_image(content: bytes) -> Image.Image:
    """Return the photo in grey on white. Its size is checked before it is decoded."""
    if len(content) > MAX_MEGABYTES * 1024 * 1024:
        raise _too_large()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content), formats=_FORMATS)
            if (
                opened.width * opened.height > MAX_MEGAPIXELS * 1_000_000
                or max(opened.size) > MAX_SIDE_PIXELS
            ):
                raise _too_large()
            opened.draft("L", (_SCAN_SIZES[-1], _SCAN_SIZES[-1]))
            # checked before anything is copied
            opened.thumbnail((_SCAN_SIZES[-1], _SCAN_SIZES[-1]))
            return _flatten(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise errors.PHOTO_NOT_AN_IMAGE(field="photo") from error


def _flatten(image: Image.Image) -> Image.Image:
    """Return the image in grey; transparent areas become white, otherwise they would be black."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        rgba = image.convert("RGBA")
        paper = Image.new("RGBA", rgba.size, "white")
        paper.alpha_composite(rgba)
        image = paper
    return image.convert("L")


def _scan(picture: Image.Image, side: int) -> set[str]:
    """Return the texts of the QR codes, with the longer side scaled to at most ``side`` pixels."""
    processed_at = picture
    if max(picture.size) > side:
        processed_at = picture.copy()
        processed_at.thumbnail((side, side))
    found = zxingcpp.read_barcodes(processed_at, formats=_BARCODE_FORMATS)
    return {_barcode_text(barcode).strip() for barcode in found}


def _barcode_text(barcode: zxingcpp.Barcode) -> str:
    # Stickers contain UTF-8 without declaring it; the scanner would guess another encoding.
    try:
        return barcode.bytes.decode()
    except UnicodeDecodeError:
        return barcode.text


def _too_large() -> DomainError:
    return errors.PHOTO_TOO_LARGE(megabytes=MAX_MEGABYTES, megapixels=MAX_MEGAPIXELS, field="photo")
