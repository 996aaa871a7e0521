"""The headings of a roster: which row they are, and what each column holds. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from rewards.sheets import Problem, one_line

Field = Literal["staff_number", "name", "unit", "roles", "joined", "left", "email", "phone", "language"]
Column = Literal[Field, "first_name", "middle_name", "last_name", "main_unit", "status"]
"""What a column holds: a field, or what tells of one."""

HEADER_WITHIN: Final = 10

FIELD_OF: Final[dict[Column, Field]] = {
    "first_name": "name",
    "middle_name": "name",
    "last_name": "name",
    "main_unit": "unit",
    "status": "left",
}
"""The field that a column tells of, where it is no field itself."""

# Headings, the better name first: where two columns would be the same, the better one is read.
_HEADINGS: Final[dict[Column, str]] = {
    "staff_number": """工号 员工号 员工编号 职工号 职工编号 员工工号 职工工号 人员编号 人员编码 员工编码 会员编号
        会员号 职员编号 职员代码 员工代码 人员工号 员工id 职工id 人员id 工号id staffnumber staffno staffid
        staffcode employeenumber employeeno employeeid employeecode empnumber empno empid empcode
        personnelnumber personnelno personnelid badgenumber badgeno badgeid workernumber workerno workerid
        payrollnumber payrollno payrollid membernumber memberno memberid membershipnumber number 编号""",
    "name": "姓名 员工姓名 职工姓名 会员姓名 人员姓名 中文姓名 名字 name fullname staffname employeename membername",
    "first_name": "名 firstname givenname givennames forename forenames",
    "middle_name": "middlename middlenames middleinitial",
    "last_name": "姓 姓氏 lastname surname familyname",
    "main_unit": "主部门 主要部门 主单位 maindepartment primarydepartment mainunit",
    "unit": """单位 公司 分公司 部门 所属部门 所在部门 所在单位 所属单位 部门名称 单位名称 部门路径 科室
        车间 工段 班组 分厂 事业部 小组 分会 分工会 工会小组 子部门 unit unitpath department dept division
        subdivision subdepartment subdept subunit section workshop team branch company organisation organization
        orgunit""",
    "roles": "角色 权限 系统角色 role roles",
    "joined": """入职日期 入职时间 入职 入会日期 入会时间 加入日期 加入时间 加入 到岗日期 到职日期 到职日
        参加工作时间 joined joinedon joindate joiningdate hiredate hiredon datehired datejoined datejoining
        dateofjoining startdate entrydate""",
    "left": """离职日期 离职时间 离职日 离职 退会日期 离开日期 离开 退休日期 left lefton leftdate leavedate
        leavingdate dateleft dateleaving dateofleaving terminationdate enddate exitdate""",
    "status": """状态 员工状态 在职状态 人员状态 用工状态 任职状态 会员状态 工作状态 是否在职 是否离职 status
        employmentstatus employeestatus staffstatus workstatus memberstatus""",
    "email": "邮箱 电子邮箱 电子邮件 邮件 工作邮箱 email emailaddress mail",
    "phone": """手机 手机号 手机号码 移动电话 行动电话 联系电话 联系方式 电话 电话号码 mobile mobilephone
        mobilenumber mobileno cell cellphone phone phonenumber phoneno telephone telephonenumber tel""",
    "language": "语言 首选语言 界面语言 language lang preferredlanguage",
}
_COLUMNS: Final[dict[str, tuple[Column, int]]] = {
    heading: (name, rank) for name, headings in _HEADINGS.items() for rank, heading in enumerate(headings.split())
}

_WHY: Final = frozenset(("whatiswrong", "问题"))
"""Headings of the column that says why a row came back (rewards/sheets/rest.py): not read, and rightly so."""

SIMPLIFIED: Final = str.maketrans(
    "號員職編碼會單門屬稱徑車間組級總離開時參崗郵電話機聯繫絡語選態狀權統處廠業團體動務區將隊層長",
    "号员职编码会单门属称径车间组级总离开时参岗邮电话机联系络语选态状权统处厂业团体动务区将队层长",
)
"""Of the signs in headings, those that are written otherwise in Taiwan and Hong Kong."""

_DIGITS: Final = {sign: at for at, sign in enumerate("一二三四五六七八九", start=1)} | {
    str(at): at for at in range(1, 10)
}
_UNITS: Final = "部门|单位|机构|组织|科室|公司|部"
_LEVELS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"第?([一二三四五六七八九1-9])级(?:{_UNITS})(?:名称)?",
        rf"(?:{_UNITS})(?:名称|层级)?第?([一二三四五六七八九1-9])级?",
        r"(?:department|dept|unit|org|organi[sz]ation|division)(?:level|name)?([1-9])",
        r"(?:level|lvl)([1-9])(?:department|dept|unit|org|organi[sz]ation|division)?(?:name)?",
    )
)


def _keys(heading: str) -> list[str]:
    """The spellings to look a heading up by: whole, and its Chinese and its Latin part alone ("工号 Staff No.")."""
    text = unicodedata.normalize("NFKC", one_line(heading)[:100]).casefold().translate(SIMPLIFIED)
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]|【[^】]*】", " ", text)
    whole = re.sub(r"[\W_]+", "", re.sub(r"#\s*$", "number", text))
    return [whole, re.sub("[^\u4e00-\u9fff]", "", whole), re.sub("[\u4e00-\u9fff]", "", whole)]


def _level(keys: Sequence[str]) -> int:
    """Which level of units a heading names, from 1; 0: none."""
    found = next((match for key in keys for level in _LEVELS if (match := level.fullmatch(key))), None)
    return _DIGITS[found[1]] if found else 0


def known(heading: str) -> tuple[Column, int] | None:
    """What a heading names, and how well: 0 is the best name of a column."""
    keys = _keys(heading)
    found = next((_COLUMNS[key] for key in keys if key in _COLUMNS), None)
    return found or (("unit", 0) if _level(keys) else None)


def _is_heading(text: str) -> bool:
    """Whether all of a text is a heading."""
    whole = _keys(text)[:1]
    return whole[0] in _COLUMNS or _level(whole) > 0


@dataclass(frozen=True, slots=True)
class Header:
    """`line` is the last row of the headings, from 1. `columns`: each heading, left to right, and the field that it
    tells of. `places` from 0; those of units from the root down."""

    line: int
    columns: tuple[tuple[str, Field | None], ...]
    places: dict[Column, tuple[int, ...]]
    problems: tuple[Problem, ...] = ()

    def heading(self, name: Column) -> str:
        places = self.places.get(name, ())
        return self.columns[places[0]][0] if places else ""

    @property
    def name_columns(self) -> tuple[Column, ...]:
        """Of which columns a name is made, the first one first."""
        parts: tuple[Column, ...] = ("first_name", "middle_name", "last_name")
        return ("name",) if "name" in self.places else tuple(part for part in parts if part in self.places)

    @property
    def is_whole(self) -> bool:
        """Whether there are numbers and names."""
        return not self.problems or all(problem.severity != "error" for problem in self.problems)


def find_header(rows: Sequence[tuple[str, ...]]) -> Header | Problem:
    """The headings among the first ten rows: one row, or two where the first groups columns or is merged."""
    best: tuple[bool, int] = (False, 0)
    at = 0
    headings: tuple[str, ...] = ()
    for line in range(1, min(len(rows), HEADER_WITHIN) + 1):
        for shown, last in ((_of_two(rows, line), line + 1), (rows[line - 1], line)):
            found = {named[0] for cell in shown if (named := known(cell))}
            whole = "staff_number" in found and ("name" in found or {"first_name", "last_name"} <= found)
            if (whole, len(found)) > best:
                best, at, headings = (whole, len(found)), last, shown
    if best[1] == 0 or (best[1] == 1 and len(headings) > 3):
        return Problem(None, None, "roster.no_header", {"lines": HEADER_WITHIN})
    while second := _repeats(rows, headings, at):
        at = second
    return _header(at, [one_line(cell)[:100] for cell in headings])


def _of_two(rows: Sequence[tuple[str, ...]], line: int) -> tuple[str, ...]:
    """The headings that this row and the next make together; () where the next is no second row of headings."""
    upper, lower = rows[line - 1], rows[line] if line < len(rows) else ()
    if not lower or len([cell for cell in upper if cell.strip()]) < 2:
        return ()
    width = max(len(upper), len(lower))
    above = [*upper, *[""] * (width - len(upper))]
    below = [*lower, *[""] * (width - len(lower))]
    made: list[str] = []
    group = ""
    proven = 0
    for top, low in zip(above, below, strict=True):
        group = top if top.strip() else group
        if not low.strip() or one_line(low) == one_line(top):
            made.append(top)
            continue
        both = [f"{group} {low}", re.sub("信息|情况|资料", "", group) + low]
        choice = low if known(low) else next((one for one in both if _is_heading(one)), None)
        if choice is None and top.strip() and known(top):
            # A value of somebody under a heading, not a heading below a group.
            return ()
        proven += choice is not None
        made.append(choice or low)
    return tuple(made) if proven else ()


def _repeats(rows: Sequence[tuple[str, ...]], headings: Sequence[str], line: int) -> int:
    """The row after the headings where merged cells say them again, with parts of others; 0 where it is not so."""
    below = rows[line] if line < len(rows) else ()
    again = [place for place, cell in enumerate(below) if cell.strip() and place < len(headings)]
    same = [place for place in again if one_line(below[place]) == one_line(headings[place])]
    named = {found[0] for place in same if (found := known(headings[place]))}
    return line + 1 if {"staff_number", "name"} <= named else 0


def _header(line: int, headings: Sequence[str]) -> Header:
    candidates: dict[Column, list[tuple[int, int]]] = {}
    for place, heading in enumerate(headings):
        if named := known(heading):
            candidates.setdefault(named[0], []).append((named[1], place))
    places: dict[Column, tuple[int, ...]] = {}
    problems: list[Problem] = []
    twice: set[int] = set()
    for name, found_at in candidates.items():
        if name == "unit":
            places[name] = _down(headings, [place for _, place in found_at])
            continue
        found_at.sort()
        if len(found_at) > 1 and found_at[0][0] == found_at[1][0]:
            problems.append(Problem(line, headings[found_at[1][1]], "roster.column_twice"))
            twice.add(found_at[1][1])
        places[name] = (found_at[0][1],)
    if "name" in places or not {"first_name", "last_name"} <= places.keys():
        for part in ("first_name", "middle_name", "last_name"):
            places.pop(part, None)
    if main := places.pop("main_unit", None):
        places["unit"] = main
    if "staff_number" not in places:
        problems.append(Problem(line, None, "roster.no_staff_number_column"))
    if "name" not in places and "last_name" not in places:
        problems.append(Problem(line, None, "roster.no_name_column"))
    by_place = {place: FIELD_OF.get(name, name) for name, at in places.items() for place in at}
    columns: tuple[tuple[str, Field | None], ...] = tuple(
        (heading, by_place.get(place))  # type: ignore[misc]
        for place, heading in enumerate(headings)
    )
    ignored = [
        heading
        for place, (heading, name) in enumerate(columns)
        if name is None and heading and place not in twice and not set(_keys(heading)) & _WHY
    ]
    if ignored:
        shown = ", ".join(ignored)
        shown = shown if len(shown) <= 200 else shown[:199] + "…"
        problems.append(Problem(line, None, "roster.columns_not_read", {"columns": shown}, "warning"))
    return Header(line, columns, places, tuple(problems))


def _down(headings: Sequence[str], places: Sequence[int]) -> tuple[int, ...]:
    """The columns of units from the root down: by their levels where all name one, else from left to right."""
    levels = [_level(_keys(headings[place])) for place in places]
    if all(levels) and any(after < before for before, after in pairwise(levels)):
        return tuple(place for _, place in sorted(zip(levels, places, strict=True)))
    return tuple(places)
