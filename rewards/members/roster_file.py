"""A roster from a file: what HR keeps, with headings in English or Chinese, from bytes to rows and problems. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal

from rewards.members.days import HYPHENS, Order, clean_date, orders, shared_orders
from rewards.members.headings import SIMPLIFIED, Column, Field, Header, find_header
from rewards.members.nobody import is_count, is_usual_example, nobody
from rewards.sheets import (
    Findings,
    LeftOut,
    Mark,
    Problem,
    Sheet,
    is_error,
    one_line,
    read_table,
    readings,
)

__all__ = (
    "Answers",
    "Choice",
    "Doubt",
    "Field",
    "Roster",
    "RosterRow",
    "clean_date",
    "read_person",
    "read_roster",
)

Role = Literal["organiser", "reviewer", "auditor", "admin"]
Language = Literal["en", "zh-Hans"]

MAX_STAFF_NUMBER = 64
MAX_NAME = 200
MAX_UNIT_NAME = 200
MAX_UNIT_PATH = 2000
MAX_UNIT_DEPTH = 10
MAX_EMAIL = 320
SHOWN_NAMES: Final = 6
"""Names by which somebody sees whether a text is read right."""


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person as the file has them. `line` is the file's row, from 1.

    `unit` is the names from the root down, () where the file says none. `roles` are those beyond member, which
    everyone is, in the order of `Role`; () where the file says none. Optional texts are "" and dates None where
    the file says nothing, which changes nothing: what is to be emptied stands in `cleared`. Of what stands in `partial`
    some cells were empty: the rest is not the whole. `left` is the first day on which the person is no longer there.
    `cells` are the row as it was read.
    """

    line: int
    staff_number: str
    name: str
    unit: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    joined: date | None = None
    left: date | None = None
    email: str = ""
    phone: str = ""
    language: Language | None = None
    cleared: frozenset[Field] = field(default=frozenset(), compare=False)
    partial: frozenset[Field] = field(default=frozenset(), compare=False)
    cells: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Answers:
    """What whoever brings a file says where it is not certain; "" where he has not.

    `encoding` is one of sheets.ENCODINGS. `days`: in which order the file writes day, month and year. `numbers`: of
    staff numbers that are another spelling of a known one, `same` person or `other`. `names`: where a known number
    stands beside an altogether other name, `new` takes it.
    """

    encoding: str = ""
    days: Order = ""
    numbers: Literal["", "same", "other"] = ""
    names: Literal["", "new"] = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that may be given, and what of the file it would make, in the file's own words; "" for nothing."""

    value: str
    example: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that is not certain, and what of `Answers` would settle it. Until then `rows` rows are left out, of an
    encoding all."""

    name: Literal["encoding", "days", "numbers", "names"]
    choices: tuple[Choice, ...]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Roster:
    """`rows` are the good ones and `left_out` the others, both in the order of the file. `problems` tell of all of it
    in the order of lines, of many the first.

    `columns` maps every heading of the file, left to right, to what it was read as; None: not read. `header_line` is
    the row of the headings, 0 where none was found. `doubts` are still to be answered.
    """

    rows: tuple[RosterRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    columns: tuple[tuple[str, Field | None], ...] = ()
    header_line: int = 0
    left_out: tuple[LeftOut, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """Of all columns, left to right."""
        return tuple(heading for heading, _ in self.columns)

    def says(self, name: Field) -> bool:
        """Whether the file has a column for it: an absent column leaves what is known of a member as it is."""
        return any(read == name for _, read in self.columns)


_ROLE_ORDER: tuple[Role, ...] = ("organiser", "reviewer", "auditor", "admin")
_ROLE_WORDS: dict[Role | None, str] = {
    None: "member employee staff user 会员 员工 职工 成员 普通会员 普通员工",
    "organiser": "organiser organizer host 组织者 组织员 活动组织者 主持人",
    "reviewer": "reviewer approver 审核 审核员 审核人 评审 评审员 审批 审批人",
    "auditor": "auditor 审计 审计员 监督 监督员 监察",
    "admin": "admin administrator 管理员 系统管理员 超级管理员",
}
_ROLES = {word: role for role, words in _ROLE_WORDS.items() for word in words.split()}

_LANGUAGE_WORDS: dict[Language, str] = {
    "en": "en eng english engb enus 英文 英语",
    "zh-Hans": "zh zhcn zhhans zhhanscn cn chinese simplifiedchinese 中文 汉语 简体 简体中文",
}
_LANGUAGES = {word: language for language, words in _LANGUAGE_WORDS.items() for word in words.split()}

# What people write in a cell to say that there is nothing to say.
_NOTHING: Final = frozenset(
    ("", "-", "--", "---", "—", "——", "–", "/", "\\", "n/a", "na", "none", "nil", "null", "无", "暂无", "没有", "在职")
)
CLEAR: Final = frozenset(("clear", "(clear)", "[clear]", "清空", "清除", "【清空】", "(清空)"))
"""What empties a field. An empty cell does not: a damaged file would clear what is known."""

_STILL_HERE: Final = frozenset(
    ("至今", "现在", "目前", "在岗", "未离职", "present", "current", "now", "active", "to date")
)
_HERE_WORDS: Final = """
    在职 在岗 正式 在编 在册 现职 试用 试用期 实习 正常 转正 在会 有效 是 active employed current working
    present permanent probation regular onboard yes y true 1 休假 产假 病假 长病假 停薪留职 借调 外派 onleave
    leave suspended
"""
_GONE_WORDS: Final = """
    离职 已离职 离岗 辞职 已辞职 辞退 解聘 开除 退休 已退休 退会 已退会 除名 死亡 去世 调出 调离 终止 合同终止
    解除合同 注销 停用 无效 否 left leaver resigned terminated retired inactive departed deceased dismissed
    former exited separated no n false 0
"""
_HERE, _GONE = frozenset(_HERE_WORDS.split()), frozenset(_GONE_WORDS.split())


def read_roster(data: bytes, filename: str, answers: Answers | None = None) -> Roster:
    """The roster in a .csv or .xlsx. Never raises; what is wrong is in `problems`, each with its line and column.

    Of a workbook the first sheet with people is read. The headings are looked for in the first ten lines. Several unit
    columns (unit, workshop, team) make one path from left to right. Cells that cannot be read matter only in columns
    that are read. What the file leaves open without an answer stands in `doubts`. Cost: linear in the file.
    """
    answers = answers or Answers()
    sheet = read_table(data, filename, encoding=answers.encoding, wanted=_has_people)
    if not isinstance(sheet, Sheet):
        if sheet[0].code == "file.encoding_unclear":
            return Roster(problems=Findings(sheet).told(), doubts=(_asked_encoding(data, filename),))
        return Roster(problems=Findings(sheet).told())
    header = find_header(sheet.rows)
    if isinstance(header, Problem):
        return Roster(problems=Findings((*sheet.problems, header)).told())
    findings = Findings((*sheet.problems, *header.problems))
    if findings.blocked:
        return Roster((), findings.told(), header.columns, header.line)

    lines = [
        _Line(line, cells, header, sheet)
        for line, cells in enumerate(sheet.rows[header.line :], start=header.line + 1)
        if any(cells) or sheet.mark(line, 0).code
    ]
    lines = [line for line in lines if not line.is_blank()]
    somebody = [line for line in lines if not _told_as_nobody(line, header, findings)]
    order, doubt = _order_of_days(somebody, answers.days)
    read = [(line, line.row(order)) for line in somebody]
    _name_twice(read)
    for line, _ in read:
        findings.add(*line.problems)
    if doubt is None and order and not answers.days:
        text = next(text for line in somebody for text in line.unclear_days())
        findings.add(Problem(header.line, None, _READ_AS[order], {"value": text}, "warning"))
    findings.add(*_told_once(somebody, header))
    if not read:
        findings.add(Problem(header.line, None, "roster.no_rows"))
    return Roster(
        tuple(row for line, row in read if line.is_good()),
        findings.told(),
        header.columns,
        header.line,
        tuple(LeftOut(line.line, line.cells, tuple(line.problems)) for line, _ in read if not line.is_good()),
        () if doubt is None else (doubt,),
    )


def _has_people(rows: Sequence[tuple[str, ...]]) -> bool:
    """Whether a sheet has headings for numbers and names, and a line below them that is not certainly nobody."""
    header = find_header(rows)
    if isinstance(header, Problem) or not header.is_whole:
        return False
    below = (_Line(line, cells, header) for line, cells in enumerate(rows[header.line :], start=header.line + 1))
    return any(not line.is_blank() and not line.is_nobody() for line in below)


def _asked_encoding(data: bytes, filename: str) -> Doubt:
    """Each likely encoding, with names that it would give."""
    choices = []
    for reading in readings(data)[:SHOWN_NAMES]:
        roster = read_roster(data, filename, Answers(encoding=reading.encoding))
        names = [row.name for row in roster.rows] or [one_line(line) for line in reading.text.splitlines()]
        foreign = list(dict.fromkeys(name[:40] for name in names if not name.isascii()))[:SHOWN_NAMES]
        choices.append(Choice(reading.encoding, ", ".join(foreign)))
    return Doubt("encoding", tuple(choices))


def _told_as_nobody(line: "_Line", header: Header, findings: Findings) -> bool:
    code = line.is_nobody()
    if code == "roster.headings_again" and not line.repeats(header):
        line.problems.append(Problem(line.line, None, "roster.other_headings"))
        return False
    if code:
        findings.add(Problem(line.line, None, code, {}, "warning"))
    return bool(code)


def _order_of_days(lines: Sequence["_Line"], said: Order) -> tuple[Order, Doubt | None]:
    """In which order the file writes days: as somebody said, else as all of them together allow; else the doubt."""
    texts = Counter(text for line in lines for text in line.unclear_days())
    if said or not texts:
        return said, None
    shared = shared_orders(texts)
    if len(shared) == 1:
        return next(iter(shared)), None
    some = next((text for text in texts if len(orders(text)) > 1), next(iter(texts)))
    every: tuple[Order, ...] = ("ymd", "dmy", "mdy")
    choices = [
        Choice(order, f"{some} = {day.isoformat()}")
        for order in every
        if order in (shared or orders(some)) and (day := clean_date(some, order))
    ]
    return "", Doubt("days", tuple(choices), texts.total())


def _told_once(lines: Sequence["_Line"], header: Header) -> list[Problem]:
    """Words of a status that are not known: each at the first line that has it."""
    heading, known = header.heading("status"), set[str]()
    told = []
    for line in lines:
        word = line.unknown_status()
        if word and word not in known:
            known.add(word)
            told.append(Problem(line.line, heading, "roster.status_unclear", {"value": word[:60]}, "warning"))
    return told


def _name_twice(read: Sequence[tuple["_Line", RosterRow]]) -> None:
    """Of several rows with one staff number none can be told to be right: all are wrong."""
    first_of: dict[str, tuple[_Line, RosterRow]] = {}
    told: set[str] = set()
    for line, row in read:
        key = row.staff_number.casefold()
        first, one = first_of.setdefault(key, (line, row))
        if not key or first is line:
            continue
        line.wrong("staff_number", "roster.staff_number_twice", number=row.staff_number, first=first.line)
        if key not in told:
            first.wrong("staff_number", "roster.staff_number_again", number=one.staff_number, again=line.line)
            told.add(key)


def read_person(said: Mapping[Field, str]) -> tuple[RosterRow, tuple[Problem, ...]]:
    """One person as a row with these cells would be read. The column of a problem is its field. What is typed by hand
    was spoiled by no spreadsheet."""
    header = Header(1, tuple((name, name) for name in said), {name: (at,) for at, name in enumerate(said)})
    line = _Line(1, tuple(said.values()), header, by_hand=True)
    return line.row(), tuple(line.problems)


_NO_MARK: Final = Mark()
_EMPTY: Final = ("file.formula", "file.error_cell")
"""Marks of cells that hold something which is not known."""


@dataclass(slots=True)
class _Line:
    """One line being read; collects what is wrong with it."""

    line: int
    cells: tuple[str, ...]
    header: Header
    sheet: Sheet | None = None
    by_hand: bool = False
    problems: list[Problem] = field(default_factory=list)
    cleared: set[Field] = field(default_factory=set)
    partial: set[Field] = field(default_factory=set)
    plain: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.plain = tuple(map(one_line, self.cells))

    def wrong(self, name: Column, code: str, **details: str | int) -> None:
        self.problems.append(Problem(self.line, self.header.heading(name), code, details))

    def doubtful(self, name: Column, code: str, **details: str | int) -> None:
        self.problems.append(Problem(self.line, self.header.heading(name), code, details, "warning"))

    def is_good(self) -> bool:
        return all(problem.severity != "error" for problem in self.problems)

    def mark(self, place: int) -> Mark:
        return self.sheet.mark(self.line, place) if self.sheet and self.sheet.marks else _NO_MARK

    def texts(self, name: Column) -> list[str]:
        plain = self.plain
        return [plain[place] if place < len(plain) else "" for place in self.header.places.get(name, ())]

    def text(self, name: Column) -> str:
        places = self.header.places.get(name)
        return self.plain[places[0]] if places and places[0] < len(self.plain) else ""

    def full_name(self) -> str:
        """The name, put together of its parts where they stand in columns of their own."""
        columns = self.header.name_columns
        parts = {column: self.text(column) for column in columns}
        if columns != ("name",) and all(_is_chinese(part) for part in parts.values() if part):
            return parts.get("last_name", "") + parts.get("middle_name", "") + parts.get("first_name", "")
        return " ".join(part for part in parts.values() if part)

    def is_blank(self) -> bool:
        return not any(
            text or self.mark(place).code
            for name, places in self.header.places.items()
            for text, place in zip(self.texts(name), places, strict=True)
        )

    def is_nobody(self) -> str:
        line = self
        if self.sheet and self.sheet.marks:
            cells = tuple("=1" if self.mark(place).code in _EMPTY else cell for place, cell in enumerate(self.cells))
            line = self if cells == self.cells else replace(self, cells=cells)
        return nobody(line.plain, line.text("staff_number"), line.full_name(), line.texts("unit"))

    def repeats(self, header: Header) -> bool:
        """Whether it says the headings again, where they stand."""
        found = find_header([self.cells])
        if isinstance(found, Problem):
            return True
        return all(found.places.get(name, places) == places for name, places in header.places.items())

    def _readable(self, name: Column, *, hard: bool) -> bool:
        """Whether no cell of a column holds back its value; what does is told, as an error where it must be known."""
        if not (self.sheet and self.sheet.marks) and not any(text.startswith("#") for text in self.texts(name)):
            return True
        readable = True
        for text, place in zip(self.texts(name), self.header.places.get(name, ()), strict=True):
            code = self.mark(place).code
            if is_error(text):
                code = "file.error_cell"
            if code in _EMPTY or (code == "file.digits_lost" and name in ("staff_number", "phone")):
                readable = False
                (self.wrong if hard else self.doubtful)(name, code)
            elif name not in _DAYS and (code == "file.shown_unclear" or self._is_day(name, place)):
                self.doubtful(name, "file.shown_unclear")
        return readable

    def _is_day(self, name: Column, place: int) -> bool:
        """Whether a unit is a day that shows by a format: a spreadsheet has taken its name for one."""
        return name == "unit" and re.match(r"\d{4}-\d\d-\d\d", self.mark(place).value) is not None

    def _optional(self, name: Field, *, hard: bool = True) -> str:
        """What the file says of it; "" for nothing. The word that empties a field stands in `cleared`."""
        if not self._readable(name, hard=hard):
            return ""
        text = self.text(name)
        if self._clears(text):
            self.cleared.add(name)
            return ""
        return "" if text.casefold() in _NOTHING else text

    def _clears(self, text: str) -> bool:
        return 2 <= len(text) <= 7 and not self.by_hand and unicodedata.normalize("NFKC", text).casefold() in CLEAR

    def row(self, order: Order = "") -> RosterRow:
        """The person; where a part is wrong its problem is noted and the part is empty."""
        joined, left = self._date("joined", order), self._left(order)
        if joined and left and left < joined:
            self.wrong("left", "roster.left_before_joined")
        row = RosterRow(
            self.line,
            self._staff_number(),
            self._name(),
            self._unit(),
            self._roles(),
            joined,
            left,
            self._email(),
            self._phone(),
            self._language(),
            cells=self.cells,
        )
        if self.sheet is not None and self.line in self.sheet.hidden:
            self.problems.append(Problem(self.line, None, "roster.row_hidden", {}, "warning"))
        return replace(row, cleared=frozenset(self.cleared), partial=frozenset(self.partial))

    def _staff_number(self) -> str:
        if not self._readable("staff_number", hard=True):
            return ""
        places = self.header.places.get("staff_number", ())
        value = self.mark(places[0]).value if places else ""
        shown = self.text("staff_number")
        if value.isdigit() and re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", shown):
            shown = value
        text = clean_staff_number(shown)
        if not text:
            self.wrong("staff_number", "roster.staff_number_empty")
        elif len(text) > MAX_STAFF_NUMBER:
            self.wrong("staff_number", "roster.too_long", limit=MAX_STAFF_NUMBER)
        elif not self.by_hand and (spoiled := spoiled_number(text) or (value and spoiled_number(value))):
            self.wrong("staff_number", spoiled, value=text)
        elif not re.fullmatch(r"\w([\w./-]*\w)?", text):
            self.wrong("staff_number", "roster.staff_number_signs", value=text)
        else:
            return text
        return ""

    def _name(self) -> str:
        columns = self.header.name_columns
        readable = [self._readable(column, hard=True) for column in columns]
        if not all(readable):
            return ""
        text = re.sub("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", self.full_name())
        told: Column = columns[0] if columns else "name"
        if columns != ("name",) and not all(self.text(column) for column in columns if column != "middle_name"):
            self.partial.add("name")
        if not text:
            self.wrong(told, "roster.name_empty")
        elif len(text) > MAX_NAME:
            self.wrong(told, "roster.too_long", limit=MAX_NAME)
        elif not self.by_hand and (
            is_count(text) or spoiled_number(text) or self._clears(text) or not any(map(str.isalpha, text))
        ):
            self.wrong(told, "roster.name_is_none", value=text[:60])
        else:
            if not self.by_hand and is_usual_example(text):
                self.doubtful(told, "roster.usual_example", value=text)
            return text
        return ""

    def _unit(self) -> tuple[str, ...]:
        if not self._readable("unit", hard=True):
            return ()
        if self._clears(self.text("unit")):
            self.cleared.add("unit")
            return ()
        path: tuple[str, ...] = ()
        places = self.header.places.get("unit", ())
        blanks: list[bool] = []
        many = False
        for place in places:
            cell = self.cells[place] if place < len(self.cells) else ""
            if self._clears(one_line(cell)):
                continue
            first, more = main_unit(cell)
            many = many or (more == 0 and len(cell.split()) > 1 and "\n" in cell.strip())
            if more:
                self.doubtful("unit", "roster.unit_first", value=first[:60], others=more)
            parts = unit_parts(first)
            blanks.append(not parts)
            # A lower level that says the upper ones again, or stands for a level that is not there.
            path = parts if parts[: len(path)] == path else (*path, *parts)
        if any(blanks) and path:
            self.partial.add("unit")
            if blanks[0] and not self.by_hand:
                self.doubtful("unit", "roster.unit_level_empty")
        if any(len(part) > MAX_UNIT_NAME for part in path) or len("/".join(path)) > MAX_UNIT_PATH:
            self.wrong("unit", "roster.too_long", limit=MAX_UNIT_NAME)
        elif len(path) > MAX_UNIT_DEPTH:
            self.wrong("unit", "roster.unit_too_deep", limit=MAX_UNIT_DEPTH)
        else:
            if not self.by_hand and (many or any(re.search("[,，、]", part) for part in path)):
                self.doubtful("unit", "roster.unit_comma", value="/".join(path)[:60])
            return path
        return ()

    def _roles(self) -> tuple[Role, ...]:
        found: set[Role] = set()
        for written in re.split(r"[,;/|+、，；／]", self._optional("roles")):
            key = re.sub(r"[\s_-]+", "", written).casefold()
            if not key:
                continue
            if key not in _ROLES:
                self.wrong("roles", "roster.unknown_role", value=written.strip()[:60])
            elif role := _ROLES[key]:
                found.add(role)
            else:
                self.cleared.add("roles")
        if "admin" in found:
            self.doubtful("roles", "roster.makes_admin")
        if found:
            self.cleared.discard("roles")
        return tuple(role for role in _ROLE_ORDER if role in found)

    def unclear_days(self) -> list[str]:
        """The texts in columns of days that need an order."""
        texts = [
            text
            for name in _DAYS
            for text, place in zip(self.texts(name), self.header.places.get(name, ()), strict=True)
            if text and not self.mark(place).value
        ]
        return [text for text in texts if orders(text)]

    def _date(self, name: Field, order: Order) -> date | None:
        text = self._optional(name)
        if not text:
            return None
        place = self.header.places[name][0]
        day = clean_date(self.mark(place).value or text, order)
        if day is None:
            self.wrong(name, "roster.date_unclear", value=text[:60])
        return day

    def _left(self, order: Order) -> date | None:
        if "left" not in self.header.places and "status" not in self.header.places:
            return None
        text = self.text("left")
        plain = unicodedata.normalize("NFKC", text).casefold().translate(SIMPLIFIED)
        far = plain in _STILL_HERE or plain in _NOTHING or re.match(r"9999|2999", plain) is not None
        left = None if far else self._date("left", order)
        if left is None and self._readable("status", hard=True) and self._status() == "gone":
            self.wrong("status", "roster.left_without_day", value=self.text("status")[:60])
        return left

    def _status(self) -> str:
        """What the column of states says: `here`, `gone`, `unknown`, or "" for nothing."""
        heading, text = self.header.heading("status"), self.text("status")
        key = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold().translate(SIMPLIFIED)
        if not key:
            return ""
        turned = "是否离" in heading or "是否離" in heading
        if key in _HERE:
            return "gone" if turned and key in ("是", "yes", "y", "true", "1") else "here"
        if key in _GONE or re.match("已?(离职|辞职|退休|退会)", key):
            return "here" if turned and key in ("否", "no", "n", "false", "0") else "gone"
        return "unknown"

    def unknown_status(self) -> str:
        return self.text("status") if self._status() == "unknown" else ""

    def _checked(self, name: Field, code: str, clean: Callable[[str], str]) -> str:
        text = self._optional(name, hard=False)
        if not text:
            return ""
        cleaned = clean(text)
        if not cleaned:
            self.doubtful(name, code, value=text[:60])
        return cleaned

    def _email(self) -> str:
        return self._checked("email", "roster.email_unclear", clean_email)

    def _phone(self) -> str:
        return self._checked("phone", "roster.phone_unclear", clean_phone)

    def _language(self) -> Language | None:
        text = self._optional("language", hard=False)
        if not text:
            return None
        language = _LANGUAGES.get(re.sub(r"[\W_]+", "", text).casefold())
        if language is None:
            self.doubtful("language", "roster.unknown_language", value=text[:60])
        return language


_READ_AS: Final[dict[Order, str]] = {
    "dmy": "roster.days_dmy",
    "mdy": "roster.days_mdy",
    "ymd": "roster.days_ymd",
}
_DAYS: Final[tuple[Field, ...]] = ("joined", "left")


def _is_chinese(text: str) -> bool:
    return all("\u3400" <= sign <= "\u9fff" or sign == "·" for sign in text)


def clean_staff_number(text: str) -> str:
    """A staff number as it is stored and as sign-in must compare it: full-width signs made plain, one kind of
    hyphen, and `123.0`, which a spreadsheet makes of a number, as `123`. Zeros in front stay. "" for nothing.
    """
    text = one_line(unicodedata.normalize("NFKC", text)).translate(HYPHENS)
    whole = re.fullmatch(r"([0-9]+)\.0+", text)
    return whole[1] if whole else text


_ROUNDED = re.compile(r"[0-9]+(\.[0-9]+)?E[+-]?[0-9]{1,3}", re.IGNORECASE)
_MONTH_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DAY_SHAPES = re.compile(
    r"(19|20|99)\d\d([-/.])\d{1,2}\2\d{1,2}([T ].*)?|\d{1,2}([-/.])\d{1,2}\4(19|20)\d\d([T ].*)?"
    r"|(\d{2,4}年)?\d{1,2}月(\d{1,2}[日号])?|\d{2,4}年|\d{1,2}:\d\d(:\d\d)?"
    rf"|\d{{1,2}}[- ](?i:{_MONTH_NAMES})([- ]\d{{2,4}})?|({_MONTH_NAMES.title()})-\d{{2,4}}"
)


def spoiled_number(text: str) -> str:
    """What a spreadsheet has made of a cleaned staff number that it took for a number or a day: a code; "" for
    nothing that shows."""
    if _ROUNDED.fullmatch(text):
        return "roster.staff_number_rounded"
    if re.fullmatch(r"[0-9]{16,}", text) and not int(text[15:]):
        return "roster.staff_number_rounded"
    if _DAY_SHAPES.fullmatch(text):
        return "roster.staff_number_day"
    if re.fullmatch(r"[0-9]*\.[0-9]*[1-9][0-9]*|TRUE|FALSE|[0-9.,]+%", text):
        return "roster.staff_number_spoiled"
    return ""


_CHINESE = re.compile("[\u3400-\u9fff]")
_MAIN = re.compile(r"[(（\[【](?:主|主部门|main|primary)[)）\]】]", re.IGNORECASE)


def main_unit(cell: str) -> tuple[str, int]:
    """Of a cell with several units the main one, else the first, and how many others there are.

    A semicolon or an upright line parts them, a line break between whole paths, and a comma between whole paths or
    Chinese names.
    """
    parts = [part for part in (one_line(part) for part in re.split(r"[;；|｜]", cell)) if part]
    if len(parts) == 1:
        lines = [part for part in map(one_line, cell.splitlines()) if part]
        commas = [part for part in map(one_line, re.split("[,，]", cell)) if part]
        paths = [some for some in (lines, commas) if len(some) > 1 and all(len(unit_parts(part)) > 1 for part in some)]
        names = [commas] if len(commas) > 1 and all(map(_CHINESE.search, commas)) else []
        parts = next(iter(paths + names), parts)
    if not parts:
        return "", 0
    main = next((part for part in parts if _MAIN.search(part)), parts[0])
    return one_line(_MAIN.sub("", main)), len(parts) - 1


def unit_parts(text: str) -> tuple[str, ...]:
    """The names that a cell puts into one path, from the root; () where it says nothing."""
    if one_line(text).casefold() in _NOTHING:
        return ()
    parts = (one_line(part) for part in re.split(r"[/\\>／＼＞›»→]", text))
    return tuple(part for part in parts if part)


def clean_email(text: str) -> str:
    """The address where it has the shape of one, else "". Whether it receives mail is not asked."""
    text = unicodedata.normalize("NFKC", text)
    shape = r"[^\s@<>(),;:\"\[\]\\]{1,64}@([a-z0-9\w-]{1,63}\.)+[a-z\w-]{2,63}"
    return text if len(text) <= MAX_EMAIL and re.fullmatch(shape, text, re.IGNORECASE) else ""


def clean_phone(text: str) -> str:
    """The digits, with a plus in front where there was one; "" unless 5 to 20 of them."""
    text = unicodedata.normalize("NFKC", text).translate(HYPHENS)
    text = re.sub(r"\.0+$", "", text)
    digits = re.sub(r"[\s()./-]", "", text)
    return digits if re.fullmatch(r"\+?[0-9]{5,20}", digits) else ""
