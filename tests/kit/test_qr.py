"""The kit's QR codes against those of segno, and read back as a camera does."""

import json
import random
from collections.abc import Callable

import pytest
import segno
from playwright.sync_api import Browser

from server.runtime.kit_program import STATIC

CORRECTION = (
    *(None, (10, [16]), (16, [28]), (26, [44]), (18, [32] * 2), (24, [43] * 2), (16, [27] * 4), (18, [31] * 4)),
    *((22, [38, 38, 39, 39]), (22, [36, 36, 36, 37, 37]), (26, [43, 43, 43, 43, 44])),
)
MASKS: tuple[Callable[[int, int], int], ...] = (
    *(lambda x, y: (x + y) % 2, lambda x, y: y % 2, lambda x, y: x % 3, lambda x, y: (x + y) % 3),
    *(lambda x, y: (y // 2 + x // 3) % 2, lambda x, y: x * y % 2 + x * y % 3),
    *(lambda x, y: (x * y % 2 + x * y % 3) % 2, lambda x, y: ((x + y) % 2 + x * y % 3) % 2),
)
ALIGNED = (
    *((), (), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34)),
    *((6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50)),
)
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


@pytest.fixture(scope="module")
def encode(chromium: Browser):  # type: ignore[no-untyped-def]
    """`encode(texts)`: what the browser makes of them."""
    page = chromium.new_page()
    page.add_script_tag(content=(STATIC / "draw" / "qr.js").read_text())
    script = """texts => JSON.stringify(texts.map(text => {
        const code = vqr.encode(text);
        return { version: code.version, mask: code.mask, size: code.size, dark: Array.from(code.dark).join("") };
    }))"""
    yield lambda texts: json.loads(page.evaluate(script, texts))
    page.close()


def segment_bits(text: str, version: int) -> int:
    """Length of the data segment, as segno chooses modes."""
    if all(letter in LETTERS for letter in text):
        return 4 + (9 if version < 10 else 11) + len(text) // 2 * 11 + len(text) % 2 * 6
    return 4 + (8 if version < 10 else 16) + 8 * len(text)


def free_modules(version: int) -> list[tuple[int, int]]:
    """The places of data in a code, in the order in which they are filled."""
    size = 17 + 4 * version
    centres = [(x, y) for x in ALIGNED[version] for y in ALIGNED[version]]
    centres = [(x, y) for x, y in centres if not {(x, y)} & {(6, 6), (6, size - 7), (size - 7, 6)}]

    def taken(x: int, y: int) -> bool:
        corner = (x < 9 and y < 9) or (x >= size - 8 and y < 9) or (x < 9 and y >= size - 8)
        stated = version >= 7 and ((x < 6 and y >= size - 11) or (y < 6 and x >= size - 11))
        near = any(abs(x - cx) < 3 and abs(y - cy) < 3 for cx, cy in centres)
        return corner or stated or near or 6 in (x, y)

    places, up, right = [], True, size - 1
    while right > 0:
        right -= right == 6
        for i in range(size):
            y = size - 1 - i if up else i
            places += [(x, y) for x in (right, right - 1) if not taken(x, y)]
        up, right = not up, right - 2
    return places


def read_back(code: dict[str, object]) -> str:
    """The text in a code without errors: unmasked, unwoven, its segment decoded."""
    version, size, dark = int(str(code["version"])), int(str(code["size"])), str(code["dark"])
    mask = MASKS[int(str(code["mask"]))]
    bits = [int(dark[y * size + x]) ^ (not mask(x, y)) for x, y in free_modules(version)]
    words = [int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits) - 7, 8)]
    known = CORRECTION[version]
    assert known is not None
    blocks: list[list[int]] = [[] for _ in known[1]]
    at = 0
    for place in range(max(known[1])):
        for block, count in zip(blocks, known[1], strict=True):
            if place < count:
                block.append(words[at])
                at += 1
    stream = "".join(f"{word:08b}" for block in blocks for word in block)
    width = {"0010": (9, 11), "0100": (8, 16)}[stream[:4]][version >= 10]
    count, rest = int(stream[4 : 4 + width], 2), stream[4 + width :]
    if stream[:4] == "0100":
        return "".join(chr(int(rest[8 * i : 8 * i + 8], 2)) for i in range(count))
    text = ""
    while len(text) + 1 < count:
        pair, rest = int(rest[:11], 2), rest[11:]
        text += LETTERS[pair // 45] + LETTERS[pair % 45]
    return text + (LETTERS[int(rest[:6], 2)] if count % 2 else "")


def test_codes_are_those_of_segno(encode) -> None:  # type: ignore[no-untyped-def]
    """segno pads a segment that ends on a byte with one byte of zeros too many, so those are read back instead."""
    chance = random.Random(1)
    texts = ["".join(chance.choice("0123456789ABCDEF:/") for _ in range(size)) + "A" for size in range(310)]
    texts += ["".join(chance.choice("0123456789abcdef|-_") for _ in range(size)) + "a" for size in range(213)]
    compared = set()
    for text, code in zip(texts, encode(texts), strict=True):
        version = code["version"]
        made = segno.make_qr(text, version=version, mask=code["mask"], error="m", boost_error=False)
        assert segno.make_qr(text, error="m", boost_error=False).version == version
        assert read_back(code) == text
        room = 8 * sum(CORRECTION[version][1])  # type: ignore[index]
        bits = segment_bits(text, version)
        if (bits + 4) % 8 or bits + 4 > room:
            assert "".join(str(bit) for row in made.matrix for bit in row) == code["dark"], text
            compared.add((version, code["mask"]))
    assert {version for version, _ in compared} == set(range(1, 11))
    assert {mask for _, mask in compared} == set(range(8))


def test_what_is_too_long_is_refused(encode) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Exception, match="too long"):
        encode(["a" * 214])
