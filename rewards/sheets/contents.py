"""What a file is, by its bytes alone, and the text in it whatever its encoding."""

import re
from typing import Literal

from rewards.sheets.encodings import ENCODINGS, certain, decoded, readings
from rewards.sheets.limits import MAX_BYTES
from rewards.sheets.problems import Problem

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "file.is_pdf"),
    (b"\x89PNG", "file.is_picture"),
    (b"\xff\xd8\xff", "file.is_picture"),
    (b"GIF87a", "file.is_picture"),
    (b"GIF89a", "file.is_picture"),
    (b"BM", "file.is_picture"),
    (b"RIFF", "file.is_picture"),
    (b"II*\x00", "file.is_picture"),
    (b"MM\x00*", "file.is_picture"),
    (b"MZ", "file.is_program"),
    (b"\x7fELF", "file.is_program"),
    (b"\xcf\xfa\xed\xfe", "file.is_program"),
    (b"\xfe\xed\xfa", "file.is_program"),
    (b"\xca\xfe\xba\xbe", "file.is_program"),
    (b"#!", "file.is_program"),
    (b"Rar!\x1a\x07", "file.is_archive"),
    (b"7z\xbc\xaf\x27\x1c", "file.is_archive"),
    (b"\x1f\x8b", "file.is_archive"),
    (b"BZh", "file.is_archive"),
    (b"\xfd7zXZ", "file.is_archive"),
    (b"PK\x05\x06", "file.is_archive"),
    (b"{\\rtf", "file.is_document"),
)
# Two letters begin honest text too ("BM, ..."); these count only where the bytes go on as a binary file does.
_SHORT_STARTS = (b"BM", b"MZ", b"RIFF")
_MARKUP = re.compile(r"\s*<(!doctype|html|head|body|table|script|style|meta|svg|\?xml|\?mso)\b", re.IGNORECASE)


def recognise(data: bytes) -> Literal["zip", "text"] | Problem:
    """What the bytes are: a zip (perhaps .xlsx), or text by elimination; else the problem that names it.

    Empty and oversized files are problems too.
    """
    if not data:
        return Problem(None, None, "file.empty")
    if len(data) > MAX_BYTES:
        return Problem(None, None, "file.too_large", {"megabytes": MAX_BYTES // 1024**2})
    if data.startswith(b"PK\x03\x04"):
        return "zip"
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        locked = "EncryptedPackage".encode("utf-16-le") in data
        return Problem(None, None, "file.has_password" if locked else "file.is_old_excel")
    for start, code in _STARTS:
        if data.startswith(start) and (start not in _SHORT_STARTS or b"\x00" in data[:512]):
            return Problem(None, None, code)
    return "text"


def decode(data: bytes, encoding: str = "") -> str | Problem:
    """Text from bytes: by its byte order mark, else strict UTF-8, else by what it looks like; else what is wrong.

    `encoding`, one of ENCODINGS, is what somebody says of a text without a mark; "" to find it. Where several are
    likely: file.encoding_unclear (`readings` gives them).
    """
    known = recognise(data)
    if isinstance(known, Problem):
        return known
    if known == "zip":
        return Problem(None, None, "file.is_archive")
    try:
        if data.startswith(b"\xef\xbb\xbf"):
            text = data[3:].decode("utf-8")
        elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = data.decode("utf-16")
        else:
            found = _without_mark(data, encoding)
            if isinstance(found, Problem):
                return found
            text = found
    except UnicodeDecodeError:
        return Problem(None, None, "file.unknown_encoding")
    zero = text.find("\x00")
    if zero >= 0:
        return Problem(text.count("\n", 0, zero) + 1, None, "file.nul_character")
    if _MARKUP.match(text):
        return Problem(None, None, "file.is_web_page")
    if not text.strip():
        return Problem(None, None, "file.empty")
    return text


def _without_mark(data: bytes, encoding: str) -> str | Problem:
    if encoding:
        text = decoded(data, encoding) if encoding in ENCODINGS else None
        return Problem(None, None, "file.unknown_encoding") if text is None else text
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        found = readings(data)
    if certain(found):
        return found[0].text
    return Problem(None, None, "file.encoding_unclear" if found else "file.unknown_encoding")
