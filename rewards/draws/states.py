"""The states of a draw and the moves between them; what is typed, as it is kept; names as they are shown. Pure."""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

State = Literal["draft", "freezing", "frozen", "armed", "rolled", "drawn", "closed", "cancelled"]
Move = Literal[
    "edit", "seal", "ask_freeze", "freeze", "miss_freeze", "rehearse", "void", "check_in",
    "arm", "roll", "beacon", "reveal", "draw", "round", "call", "absent", "redraw", "close", "bring", "cancel",
]  # fmt: skip
_ALL_MOVES: Final[tuple[Move, ...]] = get_args(Move)

MOVES: Final[Mapping[str, Mapping[str, State]]] = MappingProxyType(
    {
        "edit": {"draft": "draft"},
        "seal": {"draft": "draft"},
        "ask_freeze": {"draft": "freezing"},
        "freeze": {"freezing": "frozen"},
        "miss_freeze": {"freezing": "draft"},
        "rehearse": {"draft": "draft", "frozen": "frozen"},
        "void": {"frozen": "frozen"},
        "check_in": {"frozen": "frozen"},
        "arm": {"frozen": "armed"},
        "roll": {"armed": "rolled"},
        "beacon": {"rolled": "rolled"},
        "reveal": {"rolled": "rolled"},
        "draw": {"rolled": "drawn"},
        "round": {"drawn": "drawn"},
        "call": {"drawn": "drawn"},
        "absent": {"drawn": "drawn"},
        "redraw": {"drawn": "drawn"},
        "close": {"drawn": "closed"},
        "bring": {"frozen": "drawn", "armed": "drawn", "rolled": "drawn", "drawn": "drawn"},
        "cancel": {
            "draft": "cancelled",
            "frozen": "cancelled",
            "armed": "cancelled",
            "rolled": "cancelled",
            "drawn": "cancelled",
        },
    }
)
"""Move -> state before -> state after. What does not stand here is refused.

`draw` is the reveal of the last secret; `bring` is a transcript from an offline kit, which may close or abort as well.
In `drawn` winners are known and absences, further rounds and redraws may follow; `closed` and `cancelled` are final.
"""

VOID_REASONS: Final = ("left", "ineligible", "duplicate", "withdrawn", "conflict")
"""Why a line may be struck off between the freeze and the arm; the code stands in void.tsv.

left: no longer on the roster; ineligible: should not have been in; duplicate: the same person twice; withdrawn: asked
to be taken off; conflict: turned out to hold or guard the draw.
"""

VENUE: Final = "d10x20"
CUSTODIANS: Final = ("organiser", "union")
"""Labels that the desk offers for the custodians."""

_DOUBLE_NAMES = """
欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容
仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐
段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 梁丘 左丘 东门 西门 第五
"""
DOUBLE_NAMES: Final = frozenset(_DOUBLE_NAMES.split())
"""Chinese family names of two characters."""


def after(state: str, move: Move) -> State | None:
    """The state that a move leads to, or None when it cannot be made now."""
    return MOVES[move].get(state)


def moves_from(state: str) -> frozenset[Move]:
    """What can be done with a draw in this state."""
    return frozenset(move for move in _ALL_MOVES if after(state, move) is not None)


def off_takes_two(state: str, *, kit_left: bool, rehearsal: bool) -> bool:
    """Whether calling a draw off takes two people: the dice may lie already, here or in a hall that a kit went to, so
    that somebody may know who wins."""
    return (state in ("armed", "rolled", "drawn") or kit_left) and not rehearsal


def clean_digits(typed: str) -> str:
    """Dice as typed, without spaces; full-width digits, which Chinese keyboards type, made plain."""
    return "".join(unicodedata.normalize("NFKC", typed).split())


def clean_claim_code(typed: str) -> str:
    """A claim code as it was made, however it was typed: small letters, no spaces or hyphens."""
    plain = unicodedata.normalize("NFKC", typed).lower()
    return "".join(sign for sign in plain if not sign.isspace() and sign != "-")


def grouped(text: str, size: int) -> list[str]:
    """The text cut into pieces of `size`, the last may be shorter; nothing for nothing."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def masked(name: str) -> str:
    """A name for everybody's eyes: the family name and an asterisk (of a name in words, its first word)."""
    name = name.strip()
    first, gap, _ = name.replace("·", " ").partition(" ")
    if gap:
        return f"{first} *"
    if name[:1] and unicodedata.name(name[0], "").startswith("CJK"):
        return (name[:2] if name[:2] in DOUBLE_NAMES and len(name) > 2 else name[0]) + "*"
    return name[:1] + "*"


def shown_name(name: str, staff_number: str, how: str) -> str:
    """A person for everybody's eyes, as the draw sets it (`how`): masked, full, or number."""
    if how == "full":
        return name
    return staff_number if how == "number" else masked(name)
