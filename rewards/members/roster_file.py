"""A roster from a file: what HR keeps, with headings in English or Chinese, from bytes to rows and problems. Pure."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

from rewards.sheets import EPOCH_1900, Findings, LeftOut, Problem, Sheet, one_line, read_rows

Field = Literal["staff_number", "name", "unit", "roles", "joined", "left", "email", "phone", "language"]
Role = Literal["organiser", "reviewer", "auditor", "admin"]
Language = Literal["en", "zh-Hans"]

MAX_STAFF_NUMBER = 64
MAX_NAME = 200
MAX_UNIT_NAME = 200
MAX_UNIT_PATH = 2000
MAX_UNIT_DEPTH = 10
MAX_EMAIL = 320
HEADER_WITHIN = 10
YEARS = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person as the file has them. `line` is the file's row, from 1.

    `unit` is the names from the root down, () where the file says none. `roles` are those beyond member, which
    everyone is, in the order of `Role`; () where the file says none. Optional texts are "" and dates None where
    the file says nothing. `left` is the first day on which the person is no longer there.
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


@dataclass(frozen=True, slots=True)
class Roster:
    """`rows` are the good ones and `left_out` the others, both in the order of the file. `problems` tell of all of it
    in the order of lines, of many the first.

    `columns` maps every heading of the file, left to right, to what it was read as; None: not read. `header_line` is
    the row of the headings, 0 where none was found.
    """

    rows: tuple[RosterRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    columns: tuple[tuple[str, Field | None], ...] = ()
    header_line: int = 0
    left_out: tuple[LeftOut, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """Of all columns, left to right."""
        return tuple(heading for heading, _ in self.columns)

    def says(self, name: Field) -> bool:
        """Whether the file has a column for it: an absent column leaves what is known of a member as it is."""
        return any(read == name for _, read in self.columns)


# Headings, the better name first: where two columns would be the same field, the better one is read.
_HEADINGS: dict[Field, str] = {
    "staff_number": """工号 员工号 员工编号 职工号 职工编号 员工工号 职工工号 人员编号 人员编码 员工编码 会员编号 会员号
        staffnumber staffno staffid staffcode employeenumber employeeno employeeid employeecode personnelnumber
        badgenumber number 编号""",
    "name": "姓名 员工姓名 职工姓名 会员姓名 人员姓名 名字 name fullname staffname employeename membername",
    "unit": """单位 公司 分公司 部门 所属部门 所在部门 所在单位 所属单位 部门名称 单位名称 部门路径 科室 车间 工段 班组
        小组 分会 分工会 工会小组 unit unitpath department dept division workshop team branch company organisation
        organization orgunit""",
    "roles": "角色 权限 系统角色 role roles",
    "joined": """入职日期 入职时间 入职 入会日期 入会时间 加入日期 加入时间 加入 到岗日期 参加工作时间
        joined joinedon joindate joiningdate hiredate datejoined startdate entrydate""",
    "left": """离职日期 离职时间 离职 退会日期 离开日期 离开 退休日期
        left lefton leftdate leavedate leavingdate dateleft enddate exitdate""",
    "email": "邮箱 电子邮箱 电子邮件 邮件 工作邮箱 email emailaddress mail",
    "phone": """手机 手机号 手机号码 移动电话 联系电话 联系方式 电话 电话号码
        mobile mobilephone mobilenumber cell cellphone phone phonenumber telephone tel""",
    "language": "语言 首选语言 界面语言 language lang preferredlanguage",
}
_FIELDS: dict[str, tuple[Field, int]] = {
    heading: (name, rank) for name, headings in _HEADINGS.items() for rank, heading in enumerate(headings.split())
}

_WHY: Final = frozenset(("whatiswrong", "问题"))
"""Headings of the column that says why a row came back (rewards/sheets/rest.py): not read, and rightly so."""

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
_NOTHING = frozenset(
    ("", "-", "--", "---", "—", "——", "–", "/", "\\", "n/a", "na", "none", "nil", "无", "暂无", "没有", "在职")
)


def read_roster(data: bytes, filename: str) -> Roster:
    """The roster in a .csv or .xlsx. Never raises; what is wrong is in `problems`, each with its line and column.

    The header is looked for in the first ten lines. Several unit columns (unit, workshop, team) make one path from
    left to right. Cost: linear in the file, see `read_rows`.
    """
    sheet = read_rows(data, filename)
    if not isinstance(sheet, Sheet):
        return Roster(problems=Findings(sheet).told())
    header = _find_header(sheet.rows)
    if isinstance(header, Problem):
        return Roster(problems=Findings((*sheet.problems, header)).told())
    findings = Findings((*sheet.problems, *header.problems))
    if findings.blocked:
        return Roster((), findings.told(), header.columns, header.line)

    lines = [_Line(line, cells, header) for line, cells in enumerate(sheet.rows[header.line :], start=header.line + 1)]
    read = [(line, line.row()) for line in lines if not line.is_blank()]
    _name_twice(read)
    for line, _ in read:
        findings.add(*line.problems)
    if not read:
        findings.add(Problem(header.line, None, "roster.no_rows"))
    return Roster(
        tuple(row for line, row in read if line.is_good()),
        findings.told(),
        header.columns,
        header.line,
        tuple(LeftOut(line.line, line.cells, tuple(line.problems)) for line, _ in read if not line.is_good()),
    )


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
    """One person as a row with these cells would be read. The column of a problem is its field."""
    header = _Header(1, tuple((name, name) for name in said), {name: (at,) for at, name in enumerate(said)}, ())
    line = _Line(1, tuple(said.values()), header)
    return line.row(), tuple(line.problems)


@dataclass(frozen=True, slots=True)
class _Header:
    line: int
    columns: tuple[tuple[str, Field | None], ...]
    places: dict[Field, tuple[int, ...]]
    problems: tuple[Problem, ...]

    def heading(self, name: Field) -> str:
        places = self.places.get(name, ())
        return self.columns[places[0]][0] if places else ""


def _keys(heading: str) -> list[str]:
    """The spellings to look a heading up by: whole, and its Chinese and its Latin part alone ("工号 Staff No.")."""
    text = unicodedata.normalize("NFKC", one_line(heading)[:100]).casefold()
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]|【[^】]*】", " ", text)
    whole = re.sub(r"[\W_]+", "", text)
    return [whole, re.sub("[^\u4e00-\u9fff]", "", whole), re.sub("[\u4e00-\u9fff]", "", whole)]


def _known(heading: str) -> tuple[Field, int] | None:
    return next((_FIELDS[key] for key in _keys(heading) if key in _FIELDS), None)


def _find_header(rows: Sequence[tuple[str, ...]]) -> _Header | Problem:
    best, best_found = 0, 0
    for line, cells in enumerate(rows[:HEADER_WITHIN], start=1):
        found = len({known[0] for cell in cells if (known := _known(cell))})
        if found > best_found:
            best, best_found = line, found
    if best_found == 0 or (best_found == 1 and len(rows[best - 1]) > 3):
        return Problem(None, None, "roster.no_header", {"lines": HEADER_WITHIN})

    headings = [one_line(cell)[:100] for cell in rows[best - 1]]
    candidates: dict[Field, list[tuple[int, int]]] = {}
    for place, heading in enumerate(headings):
        if known := _known(heading):
            candidates.setdefault(known[0], []).append((known[1], place))
    places: dict[Field, tuple[int, ...]] = {}
    problems: list[Problem] = []
    twice: set[int] = set()
    for name, found_at in candidates.items():
        if name == "unit":
            places[name] = tuple(place for _, place in found_at)
            continue
        found_at.sort()
        if len(found_at) > 1 and found_at[0][0] == found_at[1][0]:
            problems.append(Problem(best, headings[found_at[1][1]], "roster.column_twice"))
            twice.add(found_at[1][1])
        places[name] = (found_at[0][1],)
    problems.extend(
        Problem(best, None, code)
        for name, code in (("staff_number", "roster.no_staff_number_column"), ("name", "roster.no_name_column"))
        if name not in places
    )
    by_place = {place: name for name, at in places.items() for place in at}
    columns = tuple((heading, by_place.get(place)) for place, heading in enumerate(headings))
    ignored = [
        heading
        for place, (heading, name) in enumerate(columns)
        if name is None and heading and place not in twice and not set(_keys(heading)) & _WHY
    ]
    if ignored:
        shown = ", ".join(ignored)
        shown = shown if len(shown) <= 200 else shown[:199] + "…"
        problems.append(Problem(best, None, "roster.columns_not_read", {"columns": shown}, "warning"))
    return _Header(best, columns, places, tuple(problems))


@dataclass(slots=True)
class _Line:
    """One line being read; collects what is wrong with it."""

    line: int
    cells: tuple[str, ...]
    header: _Header
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, name: Field, code: str, **details: str | int) -> None:
        self.problems.append(Problem(self.line, self.header.heading(name), code, details))

    def doubtful(self, name: Field, code: str, **details: str | int) -> None:
        self.problems.append(Problem(self.line, self.header.heading(name), code, details, "warning"))

    def is_good(self) -> bool:
        return all(problem.severity != "error" for problem in self.problems)

    def texts(self, name: Field) -> list[str]:
        places = self.header.places.get(name, ())
        return [one_line(self.cells[place]) for place in places if place < len(self.cells)]

    def is_blank(self) -> bool:
        return not any(text for name in self.header.places for text in self.texts(name))

    def _optional(self, name: Field) -> str:
        text = next(iter(self.texts(name)), "")
        return "" if text.casefold() in _NOTHING else text

    def row(self) -> RosterRow:
        """The person; where a part is wrong its problem is noted and the part is empty."""
        joined, left = self._date("joined"), self._date("left")
        if joined and left and left < joined:
            self.wrong("left", "roster.left_before_joined")
        return RosterRow(
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
        )

    def _staff_number(self) -> str:
        text = clean_staff_number(next(iter(self.texts("staff_number")), ""))
        if not text:
            self.wrong("staff_number", "roster.staff_number_empty")
        elif len(text) > MAX_STAFF_NUMBER:
            self.wrong("staff_number", "roster.too_long", limit=MAX_STAFF_NUMBER)
        elif re.fullmatch(r"[0-9](\.[0-9]+)?E\+[0-9]+", text, re.IGNORECASE):
            self.wrong("staff_number", "roster.staff_number_rounded", value=text)
        elif not re.fullmatch(r"\w([\w./-]*\w)?", text):
            self.wrong("staff_number", "roster.staff_number_signs", value=text)
        else:
            return text
        return ""

    def _name(self) -> str:
        text = re.sub("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", next(iter(self.texts("name")), ""))
        if not text:
            self.wrong("name", "roster.name_empty")
        elif len(text) > MAX_NAME:
            self.wrong("name", "roster.too_long", limit=MAX_NAME)
        else:
            return text
        return ""

    def _unit(self) -> tuple[str, ...]:
        parts = tuple(part for text in self.texts("unit") for part in unit_parts(text))
        if any(len(part) > MAX_UNIT_NAME for part in parts) or len("/".join(parts)) > MAX_UNIT_PATH:
            self.wrong("unit", "roster.too_long", limit=MAX_UNIT_NAME)
        elif len(parts) > MAX_UNIT_DEPTH:
            self.wrong("unit", "roster.unit_too_deep", limit=MAX_UNIT_DEPTH)
        else:
            return parts
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
        if "admin" in found:
            self.doubtful("roles", "roster.makes_admin")
        return tuple(role for role in _ROLE_ORDER if role in found)

    def _date(self, name: Field) -> date | None:
        text = self._optional(name)
        if not text:
            return None
        day = clean_date(text)
        if day is None:
            self.wrong(name, "roster.date_unclear", value=text[:60])
        return day

    def _checked(self, name: Field, code: str, clean: Callable[[str], str]) -> str:
        text = self._optional(name)
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
        text = self._optional("language")
        if not text:
            return None
        language = _LANGUAGES.get(re.sub(r"[\W_]+", "", text).casefold())
        if language is None:
            self.doubtful("language", "roster.unknown_language", value=text[:60])
        return language


_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))


def clean_staff_number(text: str) -> str:
    """A staff number as it is stored and as sign-in must compare it: full-width signs made plain, one kind of
    hyphen, and `123.0`, which a spreadsheet makes of a number, as `123`. Zeros in front stay. "" for nothing.
    """
    text = one_line(unicodedata.normalize("NFKC", text)).translate(_HYPHENS)
    whole = re.fullmatch(r"([0-9]+)\.0+", text)
    return whole[1] if whole else text


def unit_parts(text: str) -> tuple[str, ...]:
    """The names that a cell puts into one path, from the root; () where it says nothing."""
    if one_line(text).casefold() in _NOTHING:
        return ()
    parts = (one_line(part) for part in re.split(r"[/\\>／＼＞›»→]", text))
    return tuple(part for part in parts if part)


_DAY_PATTERNS = (
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
    r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
    r"(?P<year>\d{4})\.(?P<month>\d{1,2})\.(?P<day>\d{1,2})",
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<year>\d{4}) ?年 ?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]",
)
_DAY = tuple(re.compile(pattern + r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?", re.ASCII) for pattern in _DAY_PATTERNS)


def clean_date(text: str) -> date | None:
    """The day meant by `2024-03-01`, `2024/3/1`, `2024.3.1`, `20240301`, `2024年3月1日`, each perhaps with a time of
    day, or by the five digits of a spreadsheet's day number (45352). None where it is unclear, as in `01/03/2024`
    and `2024-03`, or outside 1900-2100.
    """
    text = one_line(unicodedata.normalize("NFKC", text)).translate(_HYPHENS)
    try:
        for pattern in _DAY:
            if found := pattern.fullmatch(text):
                day = date(int(found["year"]), int(found["month"]), int(found["day"]))
                return day if day.year in YEARS else None
        if re.fullmatch(r"[1-7][0-9]{4}(\.[0-9]{1,12})?", text, re.ASCII):
            # The epoch of the files of an old Mac (1904) is known only inside a workbook, where dates are typed.
            return (EPOCH_1900 + timedelta(days=int(text[:5]))).date()
    except ValueError:
        return None
    return None


def clean_email(text: str) -> str:
    """The address where it has the shape of one, else "". Whether it receives mail is not asked."""
    text = unicodedata.normalize("NFKC", text)
    shape = r"[^\s@<>(),;:\"\[\]\\]{1,64}@([a-z0-9\w-]{1,63}\.)+[a-z\w-]{2,63}"
    return text if len(text) <= MAX_EMAIL and re.fullmatch(shape, text, re.IGNORECASE) else ""


def clean_phone(text: str) -> str:
    """The digits, with a plus in front where there was one; "" unless 5 to 20 of them."""
    text = unicodedata.normalize("NFKC", text).translate(_HYPHENS)
    text = re.sub(r"\.0+$", "", text)
    digits = re.sub(r"[\s()./-]", "", text)
    return digits if re.fullmatch(r"\+?[0-9]{5,20}", digits) else ""
