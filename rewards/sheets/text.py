"""Text as people mean it, without signs that hide, reorder or control."""

import re
import unicodedata

_INVISIBLE = re.compile(
    # Controls but tab and newline; soft hyphen, Arabic mark, zero width and bidi marks, embeddings, overrides and
    # isolates; invisible operators; byte order mark, annotations; surrogates, noncharacters; tag characters.
    # The two joiners (U+200C, U+200D) stay: scripts and pictures need them.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)


def plain_text(text: str) -> str:
    """The text without characters that hide, reorder or control; newlines as `\\n`; NFC; trimmed.

    Letters, accents, symbols and pictures stay. Never raises.
    """
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return text.strip()
    text = re.sub("\r\n?|\u2028|\u2029|\x0b|\x0c|\x85", "\n", text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).strip()


def one_line(text: str) -> str:
    """`plain_text` with every run of blanks, line breaks included, as one space."""
    return " ".join(plain_text(text).split())
