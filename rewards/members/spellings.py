"""How people type the one they look for: the name, a part of it, its pinyin, its initials, the staff number. Pure.

The keys of a member are the beginnings by which he is found: whatever is typed, folded, is the beginning of one.
Pinyin is pypinyin's table of single characters, read when the first Chinese name is (60 ms; its phrases, which cost
ten times that, are of no use for names). Usual readings of names are chosen by no dictionary, so all are keys.
"""

import importlib
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import Final

MOST_KEY: Final = 64
"""Characters of a key; more of what is typed is not looked at."""

_STARTS: Final = 6
"""Words of a name at which a key begins."""

_SURNAMES: Final = """
单 shan 仇 qiu 解 xie 查 zha 区 ou 朴 piao 盖 ge 曾 zeng 种 chong 乐 yue 翟 zhai 洗 xian 缪 miao 覃 qin 召 shao 郇 xun
能 nai 员 yun 祭 zhai 乜 nie 牟 mu 秘 bi 折 she 隗 wei 繁 po 黑 he 都 du 薄 bo 卜 bu 句 gou 阚 kan 佴 nai 不 fou
炅 gui 粘 nian 参 shen 会 gui 适 kuo 藏 zang 省 xing 尉迟 yu,chi 万俟 mo,qi 单于 chan,yu 澹台 tan,tai 令狐 ling,hu
长孙 zhang,sun 乐正 yue,zheng 鲜于 xian,yu 淳于 chun,yu
"""
"""Surnames whose usual reading is not the first of their characters."""


@cache
def _surnames() -> Mapping[str, Sequence[str]]:
    listed = _SURNAMES.split()
    return {name: read.split(",") for name, read in zip(listed[::2], listed[1::2], strict=True)}


def folded(text: str) -> str:
    """What of a text counts when it is looked for: letters and figures, small, without accents, blanks and hyphens.

    Of a text that has none of these, all but its blanks. At most MOST_KEY characters; "" for nothing.
    """
    plain = unicodedata.normalize("NFKC", text)
    return ("".join(_words(text)) or "".join(_signs(plain)))[:MOST_KEY]


def keys(name: str, staff_number: str) -> frozenset[str]:
    """The keys of a member, each of 1 to MOST_KEY characters: a dozen for most names, some fifty at most for any."""
    words = _words(name)
    number = [part for word in _words(staff_number) for part in re.findall(r"\d+|\D+", word)]
    whole = (folded(name), folded(staff_number))
    turned = (key for spelt in _spelt(words) for key in (*_turned(spelt), *_turned([word[0] for word in spelt])))
    numbers = (key for start in _turned(number) for key in (start, start.lstrip("0")))
    return frozenset(key[:MOST_KEY] for key in (*whole, *_turned(words), *turned, *numbers) if key)


def loose(staff_number: str) -> tuple[str, ...]:
    """What is left of a staff number however it is spelled: its letters and its numbers, without zeros in front."""
    plain = unicodedata.normalize("NFKC", staff_number).casefold()
    return tuple(part.lstrip("0") or "0" for part in re.findall(r"\d+|[^\W\d_]+", plain))


def alike(new: str, old: str) -> bool:
    """Whether two names may be those of one person: the same words in another order, or in Latin letters more of them;
    the same in pinyin; a long name written a little otherwise."""
    words, others = _words(new), _words(old)
    whole, entire = "".join(words), "".join(others)
    if sorted(words) == sorted(others) or whole == entire:
        return True
    if entire.isascii():
        ratio = SequenceMatcher(None, whole, entire).ratio() if len(whole) > 4 else 0.0
        if set(others) <= set(words) or ratio >= 0.8:
            return True
    read, also = ({"".join(spelt) for spelt in _spelt(some)} for some in (words, others))
    turned = {"".join(spelt[1:] + spelt[:1]) for spelt in _spelt(words)}
    return bool((read | turned) & also)


def _signs(text: str) -> Iterator[str]:
    return (sign.casefold() for sign in text if unicodedata.category(sign)[0] not in "CZ")


def _words(text: str) -> list[str]:
    """The words of a text, folded; a Chinese character is a word of its own."""
    words = [""]
    for sign in unicodedata.normalize("NFKC", text).casefold():
        if _is_chinese(sign):
            words += [sign, ""]
        elif unicodedata.category(sign)[0] in "CPZ":
            words.append("")
        else:
            words[-1] += _bare(sign)
    return [word for word in words if word]


def _bare(text: str) -> str:
    """Without accents; they count as no sign where they stand alone."""
    found = unicodedata.normalize("NFKD", text)
    return "".join(sign.casefold() for sign in found if unicodedata.category(sign)[0] not in "MCPZ")


def _is_chinese(sign: str) -> bool:
    return sign == "〇" or "\u3400" <= sign <= "\u9fff" or "\U00020000" <= sign <= "\U0003ffff"


def _turned(words: Sequence[str]) -> Iterator[str]:
    """The words as one, from each of the first on, with what stands before put behind: also the given name first."""
    return ("".join([*words[start:], *words[:start]]) for start in range(min(len(words), _STARTS)))


def _spelt(words: Sequence[str]) -> list[list[str]]:
    """The words in Latin letters: as they are usually read, then each other reading of one word among usual ones."""
    read = [_readings(word) for word in words]
    usual = [one[0] for one in read]
    for length in (2, 1):
        if surname := _surnames().get("".join(words[:length])):
            usual[:length] = surname
            break
    others = [
        [*usual[:place], other, *usual[place + 1 :]]
        for place, one in enumerate(read[:_STARTS])
        for other in one
        if other != usual[place]
    ]
    return [usual, *others]


@cache
def _pinyin() -> Mapping[int, str]:
    """Character -> its readings with tones, the commonest first, by commas."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    found: Mapping[int, str] = importlib.import_module("pypinyin.pinyin_dict").pinyin_dict
    return found


def _readings(word: str) -> Sequence[str]:
    """The readings of a word without tones, the commonest first; a word that has none is its own. ü is v, u or yu."""
    told = _pinyin().get(ord(word), "") if _is_chinese(word[0]) else ""
    found: dict[str, None] = {}
    for read in told.split(",") if told else ():
        plain = unicodedata.normalize("NFD", read)
        spellings = ("v", "u", "yu") if "\u0308" in plain else ("u",)
        bare = _bare(plain)
        found |= dict.fromkeys(bare.replace("u", one) for one in spellings)
    return list(found) or [word]
