"""Re-encode uploaded pictures: decode the pixels, apply the EXIF rotation, write WebP.

No bytes of the uploaded file are stored.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from typing import Final

import msgspec
from PIL import Image, ImageOps, UnidentifiedImageError

from kernel.errors import DomainError
from shop import errors

WIDTHS: Final = (320, 800)
MAX_MEGABYTES: Final = 10
MAX_MEGAPIXELS: Final = 40
# larger than any camera's; one row of 40 million pixels takes two gigabytes and twenty seconds
MAX_SIDE: Final = 20_000
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_QUALITY: Final = 80


class PictureSize(msgspec.Struct, frozen=True):
    """One size of a picture.

    `width` is its name (320 or 800); a smaller original is not enlarged. `height` is in pixels.
    """

    width: int
    height: int
    content: bytes


def render_sizes(upload: bytes) -> tuple[str, list[PictureSize]]:
    """Render an uploaded picture in all sizes; return the checksum and the sizes.

    Only files that Pillow reads as JPEG, PNG or WebP are accepted, so SVG and HTML are refused; the
    dimensions are checked before decoding. Raises DomainError: shop.not_a_picture, .picture_too_large.
    """
    if len(upload) > MAX_MEGABYTES * 1024 * 1024:
        raise _too_large()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.open(io.BytesIO(upload), formats=_FORMATS).verify()
            # verify() leaves the file unusable: open it again to read the pixels
            opened = Image.open(io.BytesIO(upload), formats=_FORMATS)
            if opened.width * opened.height > MAX_MEGAPIXELS * 1_000_000 or max(opened.size) > MAX_SIDE:
                raise _too_large()
            opened.draft("RGB", (max(WIDTHS) * 2, max(WIDTHS) * 2))
            image = _to_rgb(ImageOps.exif_transpose(opened))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise errors.NOT_A_PICTURE(field="picture") from error
    made = [_resize(image, width) for width in WIDTHS]
    return hashlib.sha256(made[-1].content).hexdigest()[:32], made


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert a picture to RGB; transparent pixels become white."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        paper = Image.new("RGBA", rgba.size, "white")
        paper.alpha_composite(rgba)
        return paper.convert("RGB")
    return image.convert("RGB")


def _resize(image: Image.Image, width: int) -> PictureSize:
    fitted = image
    if image.width > width:
        fitted = image.resize(
            (width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS
        )
    if fitted.height > 4 * width:  # a long strip: WebP limits the height, and no page can show it
        fitted = fitted.crop((0, 0, fitted.width, 4 * width))
    out = io.BytesIO()
    fitted.save(out, "WEBP", quality=_QUALITY, method=4)
    return PictureSize(width, fitted.height, out.getvalue())


def _too_large() -> DomainError:
    return errors.PICTURE_TOO_LARGE(megabytes=MAX_MEGABYTES, megapixels=MAX_MEGAPIXELS, field="picture")
