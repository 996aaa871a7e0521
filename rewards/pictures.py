"""Pictures that people bring, made small, upright and silent: no place, device or date of the photograph is kept."""

import io
import math
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from rewards.refusals import Refusal

MOST_BYTES_IN: Final = 10 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000
KINDS: Final = ("JPEG", "PNG", "WEBP")

_QUALITIES: Final = (85, 75, 65, 55, 45)
_SMALLEST: Final = 16
_PAPER: Final = (255, 255, 255)


def small_picture(data: bytes, *, side: int = 480, most_bytes: int = 60_000, square: bool = False) -> bytes:
    """A JPEG of at most `side` pixels each way and at most `most_bytes` bytes (at least 2,000), without metadata.

    Of JPEG, PNG or WebP (the first frame), turned as its EXIF orientation says; what is transparent becomes white.
    `square`: the middle of it, as wide as high. Never larger than it came. Takes up to a second and some hundred
    megabytes for the largest pictures: call it in a thread. Refusals: picture.kind (another kind of file),
    picture.size (megabytes, megapixels: the most that is taken; told by the header, before anything is unpacked),
    picture.broken (it cannot be read to its end).
    """
    if len(data) > MOST_BYTES_IN:
        raise _too_large()
    try:
        picture = Image.open(io.BytesIO(data), formats=KINDS)
    except UnidentifiedImageError:
        raise Refusal("picture.kind") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except Exception:  # whatever a decoder stumbles over
        raise Refusal("picture.broken") from None
    with picture:
        if math.prod(picture.size) > MOST_PIXELS:
            raise _too_large()
        try:
            # A photograph need not be unpacked larger than it is wanted.
            picture.draft("RGB", (2 * side, 2 * side))
            plain = _plain(ImageOps.exif_transpose(picture))
        except Exception:
            raise Refusal("picture.broken") from None
    if square:
        edge = min(side, *plain.size)
        plain = ImageOps.fit(plain, (edge, edge), Image.Resampling.LANCZOS)
    return _packed(plain, side, most_bytes)


def _too_large() -> Refusal:
    return Refusal("picture.size", megabytes=MOST_BYTES_IN // 1024**2, megapixels=MOST_PIXELS // 10**6)


def _plain(picture: Image.Image) -> Image.Image:
    """The pixels alone, on white."""
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.convert("I").point(lambda level: level / 256).convert("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        plain = Image.new("RGB", picture.size, _PAPER)
        plain.paste(picture, mask=picture.getchannel("A"))
        return plain
    plain = Image.new("RGB", picture.size)
    plain.paste(picture.convert("RGB"))
    return plain


def _packed(plain: Image.Image, side: int, most_bytes: int) -> bytes:
    """The best JPEG that fits: first of less quality, then smaller."""
    while side >= _SMALLEST:
        plain.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            packed = io.BytesIO()
            plain.save(packed, "JPEG", quality=quality, optimize=True, progressive=True)
            if packed.tell() <= most_bytes:
                return packed.getvalue()
        side = max(plain.size) * 3 // 4
    raise ValueError(f"no picture fits into {most_bytes} bytes")
