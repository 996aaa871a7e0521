"""Texts in a workbook: escaped, and shared between its cells."""

import re

from rewards.sheets.xlsx.elements import Handler

_CONTROLS = "\x00-\x08\x0b-\x1f\ufffe\uffff"
# What XML cannot hold; an underscore that would begin an escape, also one whose end is the escape of the next sign;
# and the start of what writers take for markup that is ready.
_MUST_ESCAPE = re.compile(f"[{_CONTROLS}]|_(?=x[0-9A-Fa-f]{{4}}[_{_CONTROLS}])|\\A<(?=r>)")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def escaped(text: str) -> str:
    """The text as a workbook holds it; `unescaped` gives it back."""
    return _MUST_ESCAPE.sub(lambda sign: f"_x{ord(sign[0]):04X}_", text)


def unescaped(text: str) -> str:
    """ST_Xstring of ECMA-376 part 1, 22.9.2.19: `_x000D_` is a carriage return, `_x005F_` an underscore."""
    if "_x" not in text:
        return text

    def sign(match: re.Match[str]) -> str:
        value = int(match[1], 16)
        return match[0] if 0xD800 <= value <= 0xDFFF else chr(value)

    return _ESCAPED.sub(sign, text)


class SharedStrings(Handler):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._text: list[str] = []
        self._inside = self._phonetic = False

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self._text = []
        elif name == "rPh":
            self._phonetic = True
        elif name == "t":
            self._inside = not self._phonetic

    def characters(self, content: str) -> None:
        if self._inside:
            self._text.append(content)

    def closed(self, name: str) -> None:
        if name == "t":
            self._inside = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            self.found.append(unescaped("".join(self._text)))
