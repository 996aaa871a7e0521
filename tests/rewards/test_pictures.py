"""Pictures come out small, upright and without metadata; what is no picture, or a trap, is refused."""

import io
import struct
import zlib
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rewards.pictures import MOST_BYTES_IN, small_picture
from rewards.refusals import Refusal
from tests.laws import examples

RED, BLUE = (200, 30, 30), (30, 30, 200)
ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825


def packed(picture: Image.Image, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data), formats=("JPEG",))
    picture.load()
    return picture


def refusal(data: bytes) -> str:
    with pytest.raises(Refusal) as refused:
        small_picture(data)
    return refused.value.code


def like(seen: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(one - two) < 40 for one, two in zip(seen, wanted, strict=True))


def halves(width: int = 80, height: int = 40) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture


@given(
    st.sampled_from(["JPEG", "PNG", "WEBP"]),
    st.sampled_from(["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"]),
    st.integers(1, 700),
    st.integers(1, 700),
    st.integers(16, 500),
    st.booleans(),
)
@examples(40)
def test_whatever_its_mode_it_comes_out_small(
    kind: str, mode: str, width: int, height: int, side: int, square: bool
) -> None:
    if (kind == "JPEG" and mode in ("RGBA", "LA", "P")) or (kind != "JPEG" and mode == "CMYK"):
        mode = "RGB"
    made = opened(small_picture(packed(Image.new(mode, (width, height)), kind), side=side, square=square))
    assert made.mode == "RGB"
    longer = min(side, max(width, height))
    if square:
        assert made.size == (min(side, width, height),) * 2
    else:
        assert max(made.size) == longer
        assert abs(min(made.size) - max(1, longer * min(width, height) / max(width, height))) <= 1


@given(st.integers(2_000, 60_000), st.integers(0, 2**32))
@examples(10)
def test_even_noise_fits(most_bytes: int, seed: int) -> None:
    noise = Image.frombytes("RGB", (600, 400), Random(seed).randbytes(600 * 400 * 3))
    assert len(small_picture(packed(noise, "PNG"), most_bytes=most_bytes)) <= most_bytes


def test_a_picture_that_can_never_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="fits"):
        small_picture(packed(halves(), "PNG"), most_bytes=100)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        (1, "left top"),
        (2, "right top"),
        (3, "right bottom"),
        (4, "left bottom"),
        (5, "left top"),
        (6, "right top"),
        (7, "right bottom"),
        (8, "left bottom"),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_stands_upright(kind: str, orientation: int, corner: str) -> None:
    picture = Image.new("RGB", (80, 40), BLUE)
    picture.paste(RED, (0, 0, 20, 10))  # red in the corner where the first pixel is
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    made = opened(small_picture(packed(picture, kind, exif=exif)))
    assert made.size == ((80, 40) if orientation < 5 else (40, 80))
    across, along = corner.split()
    x = 3 if across == "left" else made.width - 4
    y = 3 if along == "top" else made.height - 4
    assert like(made.getpixel((x, y)), RED)
    assert like(made.getpixel((made.width - 1 - x, made.height - 1 - y)), BLUE)


def test_nothing_of_the_photograph_is_told() -> None:
    exif = Image.Exif()
    exif[MAKE] = "Camera of Li Na"
    exif.get_ifd(GPS)[2] = (31.0, 14.0, 5.0)
    brought = packed(halves(), "JPEG", exif=exif, comment=b"secret remark", icc_profile=b"profile of Li Na")
    assert b"Li Na" in brought
    assert b"secret remark" in brought
    made = small_picture(brought)
    assert not any(word in made for word in (b"Li Na", b"secret", b"Exif", b"ICC_PROFILE", b"http"))
    assert not opened(made).getexif()
    assert set(opened(made).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (20, 20), (*RED, 0))
    for kind in ("PNG", "WEBP"):
        assert like(opened(small_picture(packed(clear, kind))).getpixel((10, 10)), (255, 255, 255))
    pale = packed(clear.convert("P"), "PNG", transparency=0)
    assert opened(small_picture(pale)).mode == "RGB"


def test_sixteen_bits_of_grey_keep_their_shade() -> None:
    grey = Image.new("I;16", (20, 20), 128 * 256)
    assert like(opened(small_picture(packed(grey, "PNG"))).getpixel((10, 10)), (128, 128, 128))


def test_a_square_is_cut_from_the_middle() -> None:
    made = opened(small_picture(packed(halves(90, 30), "PNG"), square=True))
    assert made.size == (30, 30)
    assert like(made.getpixel((2, 15)), RED)
    assert like(made.getpixel((27, 15)), BLUE)


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (20, 20), color) for color in (RED, BLUE)]
    for kind in ("WEBP", "PNG"):
        moving = packed(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert like(opened(small_picture(moving)).getpixel((10, 10)), RED)


@pytest.mark.parametrize("data", [b"", b"<svg xmlns='x'/>", b"%PDF-1.7", b"GIF89a" + bytes(40), b"BM" + bytes(60)])
def test_another_kind_of_file_is_refused(data: bytes) -> None:
    assert refusal(data) == "picture.kind"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM"])
def test_other_pictures_are_refused(kind: str) -> None:
    assert refusal(packed(halves(), kind)) == "picture.kind"


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is so large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "size", [(40_000_001, 1), (8_000, 5_001), (10_000, 10_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_picture_that_would_burst_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    assert refusal(claiming(*size)) == "picture.size"


def test_a_heavy_file_is_refused() -> None:
    assert refusal(packed(halves(), "JPEG") + bytes(MOST_BYTES_IN)) == "picture.size"


def test_a_large_photograph_is_taken() -> None:
    made = opened(small_picture(packed(Image.new("RGB", (8_000, 5_000), RED), "JPEG")))
    assert made.size == (480, 300)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_picture_is_broken(kind: str) -> None:
    whole = packed(halves(400, 300), kind)
    assert refusal(whole[: len(whole) // 2]) == "picture.broken"


@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
@examples(150)
def test_damaged_files_are_pictures_or_refused(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(packed(halves(60, 40), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = small_picture(bytes(damaged))
    except Refusal as refused:
        assert refused.code in ("picture.kind", "picture.size", "picture.broken")  # noqa: PT017
    else:
        assert opened(made).format == "JPEG"
