import io
import struct
import zlib

import pytest
from PIL import Image

from kernel.errors import DomainError
from shop import pictures


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(made: pictures.PictureSize) -> Image.Image:
    return Image.open(io.BytesIO(made.content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_two_sizes_as_webp(kind: str) -> None:
    checksum, made = pictures.render_sizes(encoded(Image.new("RGB", (1600, 1200), "green"), kind))
    assert len(checksum) == 32
    assert [(each.width, opened(each).size, opened(each).format) for each in made] == [
        (320, (320, 240), "WEBP"),
        (800, (800, 600), "WEBP"),
    ]


def test_a_small_picture_is_not_blown_up() -> None:
    _, made = pictures.render_sizes(encoded(Image.new("RGB", (100, 50), "green")))
    assert [opened(each).size for each in made] == [(100, 50), (100, 50)]


def test_a_picture_lying_on_its_side_is_turned_and_tells_nothing_more() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "a telephone"
    _, made = pictures.render_sizes(encoded(Image.new("RGB", (400, 200), "green"), "JPEG", exif=exif))
    assert opened(made[0]).size == (200, 400)
    assert not opened(made[0]).getexif()
    assert b"telephone" not in made[0].content


def test_what_was_see_through_is_white() -> None:
    _, made = pictures.render_sizes(encoded(Image.new("RGBA", (10, 10), (0, 0, 0, 0))))
    assert opened(made[0]).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    "upload",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        encoded(Image.new("RGB", (200, 200), "green"))[:80],
        b"\xff\xd8\xff\xe0" + b"\x00" * 100,
        encoded(Image.new("RGB", (20, 20)), "BMP"),
    ],
)
def test_what_is_no_picture_is_refused(upload: bytes) -> None:
    with pytest.raises(DomainError) as error:
        pictures.render_sizes(upload)
    assert error.value.code == "shop.not_a_picture"


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims huge dimensions."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "size", [(7_000, 7_000), (12_000, 12_000), (60_000, 60_000), (1_000_000, 1), (1, 30_000_000)]
)
def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    with pytest.raises(DomainError) as error:
        pictures.render_sizes(bomb(*size))
    assert error.value.code == "shop.picture_too_large"


def test_a_file_too_large_is_not_even_read() -> None:
    with pytest.raises(DomainError) as error:
        pictures.render_sizes(b"\xff" * (pictures.MAX_MEGABYTES * 1024 * 1024 + 1))
    assert error.value.code == "shop.picture_too_large"


def test_a_long_strip_is_cut() -> None:
    _, made = pictures.render_sizes(encoded(Image.new("RGB", (10, 20_000), "green")))
    assert opened(made[1]).size == (10, 3_200)
