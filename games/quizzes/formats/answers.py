"""Which options are right, and which options a cell or line holds, as people write it. What can be read in two ways is
never decided in silence.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from rewards.sheets import one_line

TRUE_FALSE: Final = ("true", "false")
MAX_CELL: Final = 4_000
"""Characters of a cell with options; what is longer cannot be told."""

_TRUE_WORDS = frozenset(("true", "t", "对", "正确", "√", "✓", "✔", "☑"))
_FALSE_WORDS = frozenset(("false", "f", "错", "错误", "×", "✗", "✘", "✕", "❌", "不对", "不正确"))
# Said of a statement, but as options they are words of their own, which stay as they are.
_TRUE_ANSWERS = _TRUE_WORDS | {"yes", "y", "right", "是", "真", "对的", "正确的", "勾"}
_FALSE_ANSWERS = _FALSE_WORDS | {"no", "n", "wrong", "x", "否", "假", "错的", "错误的", "叉", "不是", "误"}

_BRACKETS = {"(": ")", "[": "]", "【": "】", "〔": "〕", "<": ">", "《": "》", "「": "」", '"': '"', "“": "”", "'": "'"}
_BEFORE = re.compile(
    r"(?:(?:正确|标准|参考)?答案|answers?|options?|choices?|选项|应选|选择|选|为|是)+ ?[:.]? ?(?=.)", re.IGNORECASE
)
_AFTER = re.compile(r"(?<=[a-z0-9]) ?(?:选项|项|[.;,、]+)$", re.IGNORECASE)
_SEPARATOR = r"[\s,;.、/&+|和与及]+"
_LABEL = re.compile(r"[(\[【]?([A-Za-z])[)\]】]? ?[.、:)\s,-] ?(.+)", re.DOTALL)


def plain(text: str) -> str:
    """The text for comparison: full-width signs as usual ones, small letters, one blank between words."""
    return one_line(unicodedata.normalize("NFKC", text)).casefold()


def truth(option: str) -> int | None:
    """0 for an option that says true, 1 for false: the place in TRUE_FALSE; None for any other text."""
    word = plain(option).rstrip(".。")
    return 0 if word in _TRUE_WORDS else 1 if word in _FALSE_WORDS else None


def truth_told(answer: str) -> int | None:
    """As `truth`, of what is said to be right: more words say it, and they may stand in brackets."""
    word = _bare(plain(answer))
    return 0 if word in _TRUE_ANSWERS else 1 if word in _FALSE_ANSWERS else None


def _bare(text: str) -> str:
    """Without brackets round all of it, and without the point at its end."""
    text = text.strip().rstrip(".。;,")
    while len(text) > 2 and _BRACKETS.get(text[0]) == text[-1]:
        text = text[1:-1].strip().rstrip(".。;,")
    return text


@dataclass(frozen=True, slots=True)
class Right:
    """`numbers`: the right options, ascending, from 1. `code`: why there are none, or a doubt to be told, or ""."""

    numbers: tuple[int, ...]
    code: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)


def read_right(told: str, options: Mapping[int, str], *, lettered: bool, known: int = 0) -> Right:
    """Which of `options` (number from 1 -> text, not empty) `told` says are right: by letters or numbers, alone, run
    together or separated; by the text of one or of several; by a word for true or false where the options say that.

    `lettered`: the file calls its options by letters. Numbers up to `known` are those of options, perhaps empty.
    What is both the sign of one option and the text of another is the sign where it is the kind that the file uses,
    with a doubt, else unclear.
    """
    told = one_line(told)
    if not _bare(told).strip(".,;、|/ "):
        return Right((), "quiz.no_right_answer")
    by_text = _by_text(told, options)
    signs = read_signs(told)
    if signs is None:
        signs = _label_with_text(told, options)
    if signs is None:
        return Right(by_text) if by_text else Right((), "kahoot.right_answer_unclear", {"value": told[:40]})
    absent = [number for number in signs if number not in options]
    if absent:
        if by_text:
            return Right(by_text)
        if absent[0] <= known:
            return Right((), "quiz.right_answer_empty", {"number": absent[0]})
        sign = chr(64 + absent[0]) if re.search("[A-Za-z]", unicodedata.normalize("NFKC", told)) else str(absent[0])
        return Right((), "quiz.right_answer_outside", {"value": sign[:20]})
    by_sign = tuple(sorted(signs))
    if by_text and by_text != by_sign:
        value = {"value": told[:40]}
        plainly = lettered != told.isdecimal() and len(_bare(told)) == 1
        return (
            Right(by_sign, "quiz.right_answer_by_sign", value)
            if plainly
            else Right((), "quiz.right_answer_two_ways", value)
        )
    return Right(by_sign)


def _by_text(told: str, options: Mapping[int, str]) -> tuple[int, ...]:
    texts = {number: plain(text) for number, text in options.items()}
    whole = plain(told)

    def called(text: str) -> list[int]:
        exact = [number for number, option in texts.items() if option == text]
        bare = exact or [number for number, option in texts.items() if _bare(option) == _bare(text)]
        if bare or (value := _value(text)) is None:
            return bare
        return [number for number, option in texts.items() if _value(option) == value]

    found = called(whole)
    if len(found) == 1:
        return (found[0],)
    truths = {number: truth(text) for number, text in options.items()}
    if not found and set(truths.values()) == {0, 1} and len(truths) == 2 and (said := truth_told(told)) is not None:
        return tuple(number for number, one in truths.items() if one == said)
    for separators in (r"[;|\n]", "、", ","):
        parts = [part.strip() for part in re.split(separators, whole) if part.strip()]
        of_parts = [called(part) for part in parts]
        if (
            len(parts) > 1
            and all(len(one) == 1 for one in of_parts)
            and len({one[0] for one in of_parts}) == len(parts)
        ):
            return tuple(sorted(one[0] for one in of_parts))
    return ()


def _value(text: str) -> Fraction | None:
    """The number that a text is, however it is written: `0.25`, `25%`, `1/4`, `¥1,200.00`; None for any other."""
    found = re.fullmatch(r"[¥$€£]? ?(-?[0-9,]{1,20}(?:\.[0-9]{1,20})?|[0-9]{1,9}/[1-9][0-9]{0,8}) ?(%?)(?: ?元)?", text)
    digits = found[1].replace(",", "").lstrip("-") if found else ""
    if found is None or not digits or digits[0] == ".":
        return None
    value = Fraction(found[1].replace(",", ""))
    return value / 100 if found[2] else value


def _label_with_text(told: str, options: Mapping[int, str]) -> list[int] | None:
    """`B. 1925`: the option of that letter, if that is its text."""
    found = _LABEL.fullmatch(unicodedata.normalize("NFKC", told))
    if found is None:
        return None
    number = ord(found[1].upper()) - 64
    return [number] if plain(options.get(number, "")) == plain(found[2]) else None


def read_signs(text: str) -> list[int] | None:
    """The options meant by `B`, `ABD`, `A、B`, `（Ｂ）`, `选B`, `2`, `2.0`, `1,2`, `1.2` (what a decimal-comma country
    makes of 1,2), `12`, `①③`; numbers from 1, none twice; [] for nothing; None where it is unclear, as in a date that
    a spreadsheet made of `1,2`, or in `AA`.
    """
    text = one_line(unicodedata.normalize("NFKC", text))
    text = _bare(re.sub(r"[)\]】] ?[(\[【]", ",", text))
    if len(text) > 1:
        if before := _BEFORE.match(text):
            text = _bare(text[before.end() :])
        text = _AFTER.sub("", text)
    if whole := re.fullmatch(r"([0-9]+)\.0+", text):
        text = whole[1]
    parts = [part for part in re.split(_SEPARATOR, text) if part]
    run = parts[0] if len(parts) == 1 else ""
    # Small letters in another order are a word: "bad", "cafe".
    if re.fullmatch("[A-H]{2,8}|[1-8]{2,8}", run) or (re.fullmatch("[a-h]{2,8}", run) and sorted(run) == list(run)):
        parts = list(run)
    if all(re.fullmatch("[A-Za-z]", part) for part in parts):
        numbers = [ord(part.upper()) - 64 for part in parts]
    elif all(re.fullmatch("[0-9]{1,9}", part) for part in parts):
        numbers = [int(part) for part in parts]
    else:
        return None
    return numbers if len(set(numbers)) == len(numbers) else None


# Options


def unlabelled(options: Mapping[int, str]) -> dict[int, str] | None:
    """Options without the letter (or number) that each repeats in front ("C.  20-100" as the third); as they are where
    not all do; None where all have letters, but others than their own."""
    labels = [_OWN_LABEL.match(_half(text)) for text in options.values()]
    if not options or not all(labels):
        return dict(options)
    called = [label[1] or label[2] for label in labels if label]
    for own in ([chr(64 + number) for number in options], [str(number) for number in options]):
        if called == own:
            return {number: _after_label(text) for number, text in options.items()}
    letters = sorted(called) == sorted(chr(64 + number) for number in options) or called == sorted(set(called))
    return None if letters and all(sign.isalpha() for sign in called) and len(called) > 1 else dict(options)


# `1.5` is no option 1, and `A、B` no option A.
_OWN_LABEL = re.compile(
    r"[(\[]?(?:([A-Z])(?:[)\]] ?[.、:]?|(?: ?[.、:)]))|([1-9])[)\]]?[.、)](?!\d)) ?(?![A-H、,. ]+$)(?=.)"
)


def _half(text: str) -> str:
    """Full-width letters and signs as usual ones, one for one."""
    return one_line(text).translate(HALVES)


HALVES: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Full-width letters and signs -> usual ones, for `str.translate`."""


def _after_label(text: str) -> str:
    text = one_line(text)
    label = _OWN_LABEL.match(_half(text))
    return text[label.end() :] if label else text


def split_options(cell: str) -> tuple[dict[int, str] | None, bool]:
    """(options by number, whether that is certain) of a cell that holds all of them: under letters, in lines, or as a
    list that a program printed; ({}, True) for nothing; (None, _) where it cannot be told."""
    lines = re.split(r"\r\n?|\n|<br ?/?>|\\n(?=[(（]?[A-H])", cell)
    text = "\n".join(line for line in map(one_line, lines) if line)
    if len(text) > MAX_CELL:
        return None, False
    if not text or _half(text) in ("-", "--", "/", "\\", "—", "——", "无", "[]", "{}"):
        return {}, True
    listed = _printed(text)
    if listed is not None:
        return unlabelled(listed), True
    words = re.split(r"[\s/、,，;；|]+", text)
    if len(words) == 2 and {truth(word) for word in words} == {0, 1}:
        return {1: words[0], 2: words[1]}, True
    # The clearer separators first: letters after a line end or a bar, after a blank, then anywhere.
    for before in (r"(?:^|(?<=[\n|;；$])) ?", r"(?:^|(?<=[\s|;；,，、$]))", r"(?<![A-Za-z])"):
        found = _by_letters(text, before)
        if found is not None:
            return found, True
    if re.match(r"[(\[]?A ?[.、:)\]]", _half(text)) or re.search(r"\sB ?[.、:)]", text.translate(HALVES)):
        return None, False
    for separator, certain in (("\n", True), (r"\|", True), ("[;；]", True), (r"[、，]|,(?!\d{3})", False)):
        parts = [part.strip() for part in re.split(separator, text) if part.strip()]
        if len(parts) > 1:
            return unlabelled(dict(enumerate(parts, start=1))), certain
    return None, False


def _by_letters(text: str, before: str) -> dict[int, str] | None:
    """Options under A, B, C ... in this order, each letter once after such a `before`; None where it is not so."""
    half = text.translate(HALVES)
    found = list(re.finditer(before + r"[(\[【]?([A-H])(?:[)\]】]\s?[.、:]?|\s?[.、:])\s*", half))
    letters = [one[1] for one in found]
    if len(letters) < 2 or letters != [chr(65 + place) for place in range(len(letters))] or found[0].start() != 0:
        return None
    ends = [one.start() for one in found[1:]] + [len(text)]
    parts = [text[one.end() : end].strip(" \t\r\n|;；$,，、") for one, end in zip(found, ends, strict=True)]
    # A letter that should come next inside the last one: the options are kept apart in some other way too.
    further = re.search(rf"{chr(65 + len(parts))}\s?[.、:)\]】]", parts[-1].translate(HALVES)) if parts else None
    return dict(enumerate(parts, start=1)) if all(parts) and further is None else None


_QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""


def _printed(text: str) -> dict[int, str] | None:
    """`["a", 'b']` and `{"A": "a", "B": "b"}`."""
    if re.fullmatch(rf"\[\s*{_QUOTED}(?:\s*,\s*{_QUOTED})*\s*,?\s*\]", text):
        return dict(enumerate(map(_unquoted, re.findall(_QUOTED, text)), start=1))
    pair = rf"{_QUOTED}\s*:\s*{_QUOTED}"
    if re.fullmatch(rf"\{{\s*{pair}(?:\s*,\s*{pair})*\s*,?\s*\}}", text):
        pieces = [_unquoted(piece) for piece in re.findall(_QUOTED, text)]
        if pieces[::2] == [chr(65 + place) for place in range(len(pieces) // 2)]:
            return dict(enumerate(pieces[1::2], start=1))
    return None


def _unquoted(text: str) -> str:
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda sign: chr(int(sign[1], 16)), text[1:-1])
    return re.sub(r"\\(.)", lambda sign: escapes.get(sign[1], sign[1]), text, flags=re.DOTALL)


_BLANK_HELD = re.compile(
    r"(?P<open>[(（【\[])\s*(?P<answer>[A-HＡ-Ｈ](?:[\s,，、]*[A-HＡ-Ｈ])*|[√×✓✔✗✘]|对|错|正确|错误)\s*(?P<close>[)）】\]])"
)


def held_answers(stem: str) -> list[str]:
    """What stands in the brackets of a stem as an answer: `（ B ）` -> `B`."""
    return [found["answer"] for found in _BLANK_HELD.finditer(stem)]


def emptied(stem: str) -> str:
    """The stem with those brackets empty, so that it does not tell its answer; one at its end goes."""
    found = list(_BLANK_HELD.finditer(stem))
    if found and found[-1].end() == len(stem.rstrip()) and truth_told(found[-1]["answer"]) is not None:
        stem = stem[: found[-1].start()].rstrip()
    return _BLANK_HELD.sub(lambda one: f"{one['open']}  {one['close']}", stem)


def letters_of(numbers: Sequence[int]) -> str:
    """`ABD` for 1, 2, 4."""
    return "".join(chr(64 + number) for number in numbers)
