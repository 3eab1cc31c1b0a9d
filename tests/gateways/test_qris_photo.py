import io
import struct
import time
import zlib

import pytest
import segno
from PIL import Image, ImageDraw, ImageFilter

from factories.qris_codes import static_qris
from gateways import qris_errors, qris_photo
from kernel.errors import DomainError, ErrorType


def code(text: str, scale: int = 8) -> Image.Image:
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=scale)
    return Image.open(out).convert("RGB")


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photographed(*codes: Image.Image, size: tuple[int, int] = (1_600, 1_200)) -> Image.Image:
    """Return a grey image with QR codes side by side."""
    wall = Image.new("RGB", size, (170, 165, 150))
    for place, each in enumerate(codes):
        wall.paste(each, (100 + place * 700, 200))
    return wall


def refused(content: bytes) -> ErrorType:
    with pytest.raises(DomainError) as error:
        qris_photo.read_photo(content)
    assert error.value.localize("id")
    return error.value.error_type


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_sticker_is_read_from_its_photo(kind: str) -> None:
    assert qris_photo.read_photo(encoded(photographed(code(static_qris())), kind)) == static_qris()


def test_a_tilted_and_blurred_photo_is_read() -> None:
    tilted = photographed(code(static_qris())).rotate(17, expand=True, fillcolor="grey")
    blurred = tilted.filter(ImageFilter.GaussianBlur(2))
    assert qris_photo.read_photo(encoded(blurred, "JPEG", quality=60)) == static_qris()


def test_a_sticker_lying_on_its_side_is_read() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert (
        qris_photo.read_photo(encoded(photographed(code(static_qris())), "JPEG", exif=exif)) == static_qris()
    )


def test_a_small_sticker_on_a_large_photo_is_read() -> None:
    assert (
        qris_photo.read_photo(encoded(photographed(code(static_qris(), 3), size=(4_800, 3_600)), "JPEG"))
        == static_qris()
    )


def test_a_code_on_nothing_is_read_as_on_paper() -> None:
    image = code(static_qris()).convert("L")
    seen = Image.new("RGBA", image.size, (0, 0, 0, 0))
    seen.paste((0, 0, 0, 255), mask=image.point(lambda grey: 255 if grey < 128 else 0))
    assert qris_photo.read_photo(encoded(seen)) == static_qris()


def test_letters_beyond_ascii_are_read_as_they_are() -> None:
    payload = static_qris(t59="WARUNG SÉRI")
    assert qris_photo.read_photo(encoded(code(payload))) == payload


def test_another_code_beside_the_sticker_is_left_alone() -> None:
    both = photographed(code("https://example.test/unduh"), code(static_qris(), 6))
    assert qris_photo.read_photo(encoded(both)) == static_qris()


def test_the_same_sticker_twice_is_one() -> None:
    assert (
        qris_photo.read_photo(encoded(photographed(code(static_qris(), 6), code(static_qris(), 6))))
        == static_qris()
    )


def test_two_stickers_are_not_guessed_between() -> None:
    both = photographed(code(static_qris(), 6), code(static_qris(t59="KOPERASI MAWAR"), 6))
    assert refused(encoded(both)) is qris_errors.PHOTO_WITH_SEVERAL_QRIS


def test_a_photo_goes_through_the_same_checks_as_a_pasted_text() -> None:
    assert refused(encoded(code(static_qris().replace("MELATI", "MAWAR!")))) is qris_errors.QRIS_CRC_MISMATCH
    assert refused(encoded(code(static_qris(t58="SG")))) is qris_errors.QRIS_NOT_INDONESIAN
    assert refused(encoded(code(static_qris(t51=None)))) is qris_errors.QRIS_NO_NMID


def test_a_photo_without_a_code_and_one_with_another_code_are_told_apart() -> None:
    assert refused(encoded(photographed())) is qris_errors.PHOTO_WITHOUT_QR
    assert refused(encoded(code("https://example.test/menu"))) is qris_errors.PHOTO_WITHOUT_QRIS


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        static_qris().encode(),
        encoded(code(static_qris()))[:80],
        encoded(code(static_qris()))[:400],
        encoded(photographed(code(static_qris())), "JPEG")[:2_000],
        b"\xff\xd8\xff\xe0" + b"\x00" * 100,
    ],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    assert refused(content) is qris_errors.PHOTO_NOT_AN_IMAGE


def png_of(width: int, height: int) -> bytes:
    """Return the head of a PNG that claims a size, with almost no content."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000), (30_000, 1), (1, 30_000)])
def test_a_picture_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    started = time.perf_counter()
    assert refused(png_of(*size)) is qris_errors.PHOTO_TOO_LARGE
    assert time.perf_counter() - started < 1


def test_a_file_of_too_many_bytes_is_refused() -> None:
    padding = b"\0" * qris_photo.MAX_MEGABYTES * 1024 * 1024
    assert refused(encoded(code(static_qris())) + padding) is qris_errors.PHOTO_TOO_LARGE


def test_a_wall_of_false_corners_does_not_hold_the_reader_up() -> None:
    corner = Image.new("L", (28, 28), 255)
    drawn = ImageDraw.Draw(corner)
    drawn.rectangle((0, 0, 27, 27), fill=0)
    drawn.rectangle((4, 4, 23, 23), fill=255)
    drawn.rectangle((8, 8, 19, 19), fill=0)
    wall = Image.new("L", (4_000, 4_000), 255)
    for x in range(0, 4_000 - 40, 40):
        for y in range(0, 4_000 - 40, 40):
            wall.paste(corner, (x, y))
    started = time.perf_counter()
    assert refused(encoded(wall)) is qris_errors.PHOTO_WITHOUT_QR
    assert time.perf_counter() - started < 20
