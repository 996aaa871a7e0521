"""Where a sheet keeps the parts of a question: by the meaning of its headings, or, where it has none, by what its
columns hold.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from games.quizzes.formats.answers import read_signs, truth_told
from games.quizzes.formats.draft import Columns
from games.quizzes.rules import Kind
from rewards.sheets import Problem, one_line

HEADER_WITHIN: Final = 20

Part = Literal["text", "options", "right", "kind", "explanation", "seconds"]

# Each with the better headings first; spelt as `_key` leaves them.
_PARTS: dict[Part, tuple[str, ...]] = {
    "text": (
        r"(?:试题|题目|考题|问题|习题)?题干(?:内容|描述)?|question(?:text|stem|content)",
        r"(?:试题|题目|考题|习题|问题|题)(?:内容|描述|正文|文本)",
        r"(?:试题|题目|考题|习题)(?:名称|标题)?|questions?|quizquestion|stem",
        r"问题(?:名称)?",
    ),
    "options": (
        r"(?:试题|题目|备选|可选|所有|全部|答案)?选项(?:内容|列表)?|备选(?:答案|项)|(?:answer)?options|(?:answer)?choices",
    ),
    "right": (
        r"(?:正确|标准)(?:的)?(?:答案|选项|项|答项)?(?:序号|编号|字母)?|(?:the)?(?:correct|right)(?:answers?|options?|choices?)?",
        r"参考答案|(?:试题|题目)答案|answerkey|key",
        r"答案(?:序号|字母)?|answers?",
    ),
    "kind": (r"(?:试题|题目|问题)?题型|(?:试题|题目|问题)(?:类型|种类)|类型|题类|(?:question)?type|kind",),
    "explanation": (
        r"(?:答案|试题|题目|参考)?(?:解析|详解|解释)(?:说明)?",
        r"(?:答案|试题|题目)?(?:分析|说明)|explanations?|rationale|feedback",
    ),
    "seconds": (r"(?:答题|作答)?(?:限时|时限|时间)(?:限制)?|timelimit|time|seconds",),
}
_RANKS = [(part, rank, re.compile(pattern)) for part, ranks in _PARTS.items() for rank, pattern in enumerate(ranks)]
_KNOWN_ASIDE = re.compile(
    r"|(?:试题|题目|题|question)?(?:序号|编号|编码|号|number|no|id)|#|question#|行号|页码|页|来源|出处|难度(?:系数|等级)?"
    r"|分值|分数|得分|题分|章节?|节|知识点|考点|分类|类别|科目|标签|备注|whatiswrong|points?|score|category|difficulty"
    r"|source|page|tags?|remarks?|notes?|chapter|topic"
)
_OPTION = re.compile(
    r"(?:answer|option|choice|备选答案|备选项|答案|选项)(?:[\s_.:-]*([1-9]|[a-j]|[一二三四五六七八九])(?![a-z0-9/、,])"
    r"|\s?[(\[【]([1-9a-z])[)\]】])|([1-9])(?:st|nd|rd|th) answer\b"
    r"|([a-z1-9])[\s_.:-]*(?:选项|答案|项|option|choice)(?![a-z])|[(\[【]?([a-z])[)\]】]?[.、]?"
)
_CHINESE_NUMBERS = "一二三四五六七八九"

KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        ("单选", "单项选择", "单选择", "single", "singlechoice", "radio", "选择", "multiplechoice"), "single"
    ),
    **dict.fromkeys(
        ("多选", "多项选择", "multiple", "multipleanswer", "multipleanswers", "checkbox", "multiselect"), "multiple"
    ),
    **dict.fromkeys(("判断", "是非", "对错", "判断正误", "truefalse", "judge", "judgement", "judgment"), "true_false"),
}
_SEVERAL_OR_ONE = ("选择", "multiplechoice", "不定项", "不定项选择")
_NOT_PLAYED = re.compile(
    "填空|简答|问答|论述|案例|计算|名词解释|排序|连线|匹配|完形|完型|阅读|主观|操作|写作|作文|essay|shortanswer|fillin|cloze|matching"
)


def kind_in(cell: str) -> Kind | Literal["", "other"] | None:
    """The kind that a cell names, also with a number before or 题 behind; "": it leaves it open; "other": one that is
    not played; None: it names none."""
    key = re.sub(
        r"^[第\d一二三四五六七八九十]*[、.]|试?题目?$|[\s_/()-]+",
        "",
        unicodedata.normalize("NFKC", one_line(cell)).casefold(),
    )
    key = re.sub("试?题目?$", "", key)
    if not key or key in _SEVERAL_OR_ONE:
        return ""
    return KINDS.get(key) or ("other" if _NOT_PLAYED.search(key) else None)


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are (places from 0) and the row of the headings, from 1; 0: there is none. `options` by their
    number, from 1; or `together`, all in one cell. `lettered`: it calls its options by letters.
    """

    line: int
    text: int
    right: int
    options: dict[int, int]
    together: int | None = None
    kind: int | None = None
    seconds: int | None = None
    explanation: int | None = None
    lettered: bool = True
    headings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    def columns(self) -> Columns:
        """The headings of this sheet's parts, short: "Answer 1" for "Answer 1 - max 75 characters"."""
        return Columns(
            self.name(self.text),
            tuple(self.name(place) for place in self.options.values()),
            self.name(self.right),
            None if self.explanation is None else self.name(self.explanation),
        )

    def name(self, place: int) -> str:
        heading = self.headings[place] if place < len(self.headings) else ""
        short = re.split(r" [-–—] | \(|（", heading)[0].strip()[:60]
        return short or _letter(place)

    @property
    def of_kahoot(self) -> bool:
        return self.line > 0 and not self.lettered and self.together is None and self.kind is None

    def is_again(self, cells: Sequence[str]) -> bool:
        """Whether a row is the headings once more, as a printed table has them on each page."""
        return self.line > 0 and all(
            place < len(cells) and _key(cells[place]) == _key(self.headings[place]) for place in (self.text, self.right)
        )


def _letter(place: int) -> str:
    return chr(65 + place) if place < 26 else str(place + 1)


def _half(heading: str) -> str:
    text = unicodedata.normalize("NFKC", one_line(heading)[:200]).casefold().lstrip("* ")
    return re.sub("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", text)


def _key(heading: str) -> str:
    """The heading without advice ("(sec)", "- max 120 characters"), blanks and signs."""
    text = re.sub(r"\([^)]*\)?|\[[^\]]*\]?|【[^】]*】?", " ", _half(heading))
    text = re.split(r" ?[–—]|\s-|-\s|-(?=max)|[:,;/|]", text.strip())[0]
    return re.sub(r"[\s_*?.、-]+", "", text)


def find_header(rows: Sequence[tuple[str, ...]]) -> Header | None:
    """The first of the first 20 rows that names a question, its options and which are right; where none names options,
    the first that names the other two, as a list of statements that are true or false has them.
    """
    heads = [_header(line, cells) for line, cells in enumerate(rows[:HEADER_WITHIN], start=1)]
    found = [header for header in heads if header is not None]
    header = next((one for one in found if one.options or one.together is not None), next(iter(found), None))
    if header is None or header.together is None or header.line == len(rows):
        return header
    # "选项" over A, B, C in the next row: two rows of headings are one.
    below = rows[header.line]
    width = max(len(header.headings), len(below))
    cells = [*below, *[""] * (width - len(below))]
    above = [*header.headings, *[""] * (width - len(header.headings))]
    both = _header(header.line + 1, tuple(cell.strip() or heading for cell, heading in zip(cells, above, strict=True)))
    return both if both is not None and both.options else header


def _header(line: int, cells: tuple[str, ...]) -> Header | None:
    headings = tuple(one_line(cell)[:200] for cell in cells)
    if sum(bool(heading) for heading in headings) < 2:
        return None
    options: dict[int, int] = {}
    twice: list[int] = []
    signs = set[bool]()
    bare = [
        place for place, heading in enumerate(headings) if re.fullmatch(r"[(\[【]?[a-z][)\]】]?[.、]?", _half(heading))
    ]
    for place, heading in enumerate(headings):
        found = _OPTION.match(_half(heading))
        if found is None or (found[5] and (len(bare) < 2 or found.end() != len(_half(heading)))):
            continue
        sign = next(part for part in found.groups() if part)
        number = _CHINESE_NUMBERS.find(sign) + 1 or (int(sign) if sign.isdigit() else ord(sign) - 96)
        signs.add(sign.isalpha() and sign not in _CHINESE_NUMBERS)
        if number in options:
            twice.append(place)
        options.setdefault(number, place)
    places: dict[Part, tuple[int, int]] = {}
    for place, heading in enumerate(headings):
        key = _key(heading)
        known = next(((part, rank) for part, rank, pattern in _RANKS if pattern.fullmatch(key)), None)
        if known is None or place in options.values() or place in twice:
            continue
        part, rank = known
        if part not in places or rank < places[part][0]:
            places[part] = (rank, place)
        elif rank == places[part][0] and part in ("text", "options", "right"):
            twice.append(place)
    if "text" not in places or "right" not in places or (options and 1 not in options):
        return None
    together = places["options"][1] if "options" in places and not options else None
    problems = [Problem(None, headings[place][:60], "bank.column_twice", {"line": line}) for place in twice[:1]]
    read = {*options.values(), *(place for _, place in places.values()), *twice}
    if headings[-1] == "问题":
        # The last column of rows that came back: it says what is wrong with each.
        read.add(len(headings) - 1)
    if together is None and "options" in places:
        read.remove(places["options"][1])
    aside = [
        heading
        for place, heading in enumerate(headings)
        if heading and place not in read and not _KNOWN_ASIDE.fullmatch(_key(heading))
    ]
    if aside:
        shown = ", ".join(aside)
        problems.append(Problem(line, None, "bank.columns_not_read", {"columns": shown[:200]}, "warning"))

    def place_of(part: Part) -> int | None:
        return places[part][1] if part in places else None

    return Header(
        line,
        places["text"][1],
        places["right"][1],
        dict(sorted(options.items())),
        together,
        place_of("kind"),
        place_of("seconds"),
        place_of("explanation"),
        signs != {False},
        headings,
        tuple(problems),
    )


def guess_header(rows: Sequence[tuple[str, ...]]) -> Header | None:
    """The columns of a sheet without headings: a question, two to eight options, and the letters of those that are
    right, perhaps after running numbers and kinds, and before an explanation. None where less than four in five rows
    are so.
    """
    full = [cells for cells in rows if sum(bool(cell.strip()) for cell in cells) > 1]
    if not full:
        return None
    width = min(max(map(len, full)), 20)
    columns = [[cells[place].strip() if place < len(cells) else "" for cells in full] for place in range(width)]

    def mostly(cells: Sequence[bool]) -> bool:
        return sum(cells) * 5 >= len(cells) * 4

    right = next(
        (
            place
            for place in range(2, width)
            if mostly([_is_answer(cell) for cell in columns[place]])
            and any(re.search("[A-Za-zＡ-Ｚ]", cell) for cell in columns[place])
        ),
        None,
    )
    if right is None:
        return None
    start, kind = 0, None
    while start < right and mostly(
        [bool(re.fullmatch(r"\d*[.、]?", cell)) or bool(kind_in(cell)) for cell in columns[start]]
    ):
        if any(kind_in(cell) for cell in columns[start]):
            kind = start
        start += 1
    held = [place for place in range(start + 1, right) if any(columns[place])]
    if not 2 <= len(held) <= 8:
        return None
    options = dict(enumerate(held, start=1))
    # The letters have to be those of options that are there, or it was something else.
    fits = [_fits(cells, right, options) for cells in full]
    if not mostly(fits):
        return None
    after = right + 1 if right + 1 < width and mostly([len(cell) != 1 for cell in columns[right + 1]]) else None
    details = {"text": _letter(start), "first": _letter(start + 1), "last": _letter(right - 1), "right": _letter(right)}
    told = Problem(None, None, "bank.without_headings", details, "warning")
    return Header(0, start, right, options, kind=kind, explanation=after, problems=(told,))


def _is_answer(cell: str) -> bool:
    return bool(re.fullmatch(r"[A-HＡ-Ｈ](?:[\s,;，；、.]*[A-HＡ-Ｈ])*", cell)) or (
        bool(cell) and len(cell) <= 5 and truth_told(cell) is not None
    )


def _fits(cells: Sequence[str], right: int, options: dict[int, int]) -> bool:
    told = cells[right] if right < len(cells) else ""
    if truth_told(told) is not None and len(told.strip()) != 1:
        return True
    there = {number for number, place in options.items() if place < len(cells) and cells[place].strip()}
    return not there or (bool(signs := read_signs(told)) and set(signs or ()) <= there)
