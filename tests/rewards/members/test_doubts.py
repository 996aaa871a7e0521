"""What only the present members show to be uncertain; and damaged copies of a roster, which change nobody else and
clear nothing."""

import random
from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from rewards.members.roster_file import Answers, Roster, read_roster, spoiled_number
from rewards.members.rules import OnRoster, RosterChanges, compare, said_by, settled, unit_after
from rewards.members.spellings import alike, loose
from rewards.sheets import Problem, write_csv, write_xlsx
from tests.rewards.sheets.tables import saved

TODAY = date(2026, 11, 22)
Table = list[list[str]]


def of(table: Sequence[Sequence[str]], answers: Answers | None = None) -> Roster:
    return read_roster(write_csv([list(row) for row in table]), "roster.csv", answers)


def members(roster: Roster) -> list[OnRoster]:
    """Those of whom the file is, as an import into an empty house leaves them."""
    return [
        OnRoster(
            UUID(int=at),
            row.staff_number,
            row.name,
            row.unit,
            tuple(row.roles),
            row.joined,
            row.left,
            row.email,
            row.phone,
            row.language,
        )
        for at, row in enumerate(roster.rows)
    ]


def codes(roster: Roster) -> dict[int | None, list[str]]:
    found: dict[int | None, list[str]] = {}
    for problem in roster.problems:
        found.setdefault(problem.line, []).append(problem.code)
    return found


HEAD = ["工号", "姓名", "部门"]
KNOWN = members(of([HEAD, ["00123", "王小明", "一车间"], ["00124", "李建国", "二车间"], ["GH-07", "陈静", "二车间"]]))


@pytest.mark.parametrize("number", ["123", "0123", "０１２３", "000123"])
def test_another_spelling_of_a_known_number_is_asked_about(number: str) -> None:
    file = of([HEAD, [number, "王小明", "一车间"], ["00125", "赵敏", "一车间"]])
    asked = settled(KNOWN, file, Answers())
    assert [row.staff_number for row in asked.rows] == ["00125"]
    assert codes(asked) == {2: ["roster.number_spelled"]}
    assert [(one.name, [choice.value for choice in one.choices], one.rows) for one in asked.doubts] == [
        ("numbers", ["same", "other"], 1)
    ]
    assert asked.left_out[0].cells == (number, "王小明", "一车间")
    same = settled(KNOWN, file, Answers(numbers="same"))
    assert [row.staff_number for row in same.rows] == ["00123", "00125"]
    assert codes(same) == {2: ["roster.number_read_as"]}
    whole = compare(KNOWN, same.rows, full=True, today=TODAY, said=said_by(same))
    assert "00123" not in [gone.member.staff_number for gone in whole.left]
    other = settled(KNOWN, file, Answers(numbers="other"))
    assert len(other.rows) == 2
    assert other.doubts == ()


def test_two_spellings_in_one_file_are_asked_about_and_never_taken_as_one() -> None:
    file = of([HEAD, ["7", "Li", ""], ["007", "Li", ""], ["gh07", "陈静", ""], ["GH-07", "陈静", ""]])
    asked = settled(KNOWN, file, Answers())
    assert [row.staff_number for row in asked.rows] == ["7", "GH-07"]
    same = settled(KNOWN, file, Answers(numbers="same"))
    assert [row.staff_number for row in same.rows] == ["7", "GH-07"]
    assert codes(same) == {3: ["roster.number_twice_spelled"], 4: ["roster.number_twice_spelled"]}
    other = settled(KNOWN, file, Answers(numbers="other"))
    assert [row.staff_number for row in other.rows] == ["7", "007", "gh07", "GH-07"]


def test_a_number_that_stands_as_it_is_known_asks_nothing() -> None:
    known = members(of([HEAD, ["7", "Li", ""], ["8", "Bo", ""]])) + members(of([HEAD, ["007", "Ma", ""]]))
    file = of([HEAD, ["7", "Li", ""], ["007", "Ma", ""], ["8", "Bo", ""]])
    assert settled(known, file, Answers()) == file


@pytest.mark.parametrize(
    ("new", "old", "same"),
    [
        ("王晓明", "王小明", True),
        ("Li Na-Zhou", "Li Na", True),
        ("Smith Mary", "Mary Smith", True),
        ("李娜", "Li Na", True),
        ("Na Li", "李娜", True),
        ("Jürgen Müller", "Juergen Mueller", True),
        ("Catherine Browne", "Catherine Brown", True),
        ("李建国", "王小明", False),
        ("王建国", "王小明", False),
        ("Mary", "Mary Smith", False),
        ("John Brown", "Mary Smith", False),
        ("王", "王小明", False),
    ],
)
def test_an_altogether_other_name_is_asked_about(new: str, old: str, same: bool) -> None:
    assert alike(new, old) is same
    known = members(of([HEAD, ["1", old, ""]]))
    file = of([HEAD, ["1", new, ""]])
    asked = settled(known, file, Answers())
    assert [row.name for row in asked.rows] == ([new] if same else [])
    assert [doubt.name for doubt in asked.doubts] == ([] if same else ["names"])
    assert [row.name for row in settled(known, file, Answers(names="new")).rows] == [new]


def test_somebody_new_of_a_known_name_and_unit_is_told() -> None:
    file = of([HEAD, ["555", "王小明", "一车间"], ["556", "陈静", "三车间"]])
    found = settled(KNOWN, file, Answers())
    assert len(found.rows) == 2
    assert codes(found) == {2: ["roster.same_name"]}
    both = of([HEAD, ["555", "王小明", "一车间"], ["00123", "王小明", "一车间"]])
    assert settled(KNOWN, both, Answers()).problems == ()


@given(st.from_regex(r"[0-9A-Za-z]{1,4}(-[0-9A-Za-z]{1,4})?", fullmatch=True), st.integers(1, 3))
def test_zeros_and_signs_between_are_no_other_number(number: str, zeros: int) -> None:
    assert loose(number) == loose(number.lower()) == loose(number.replace("-", "/"))
    if number[0].isdigit():
        assert loose("0" * zeros + number) == loose(number)
    assert loose(number) != loose("9" + number)


SPOILED = """1E5 1.2E+05 1.10101E+17 110101199001011000 2024-03-01 2024/3/1 01/03/2024 3月1日 2024年3月1日 1-Mar
    1-Mar-24 Mar-24 123.5 0.5 .5 TRUE 50% 8:30 12月"""
WHOLE = "00123 GH-0007 110101199001011234 A1E B-1 20240301 45352 123.0 MAR-24 DEC-01 5/12 1E 沪123 A.B E5"


@pytest.mark.parametrize("number", SPOILED.split())
def test_what_a_spreadsheet_made_of_a_number_is_an_error(number: str) -> None:
    assert spoiled_number(number)
    roster = of([HEAD, [number, "王小明", ""], ["1", "Li", ""]])
    assert [row.staff_number for row in roster.rows] == ["1"]
    assert [row.line for row in roster.left_out] == [2]


@pytest.mark.parametrize("number", WHOLE.split())
def test_other_numbers_are_taken(number: str) -> None:
    assert [row.name for row in of([HEAD, [number, "王小明", ""]]).rows] == ["王小明"]


@pytest.mark.parametrize(
    ("value", "look", "read"),
    [
        (7, '"GH"0000', "GH0007"),
        (7, "[$-804]00000", "00007"),
        (7, "00000_);[Red]\\(0\\)", "00007"),
        (100234, "000-000", "100-234"),
        (12345, "#,##0", "12345"),
        (1234567, '#,##0"."', ""),
        (123, "0.00", "123"),
        (110101199001011234, "0", ""),
        (1.10101199001011e17, "General", ""),
        (100000, "0.00E+00", ""),
        (123.5, "General", ""),
        (0.5, "0%", ""),
        (45352, "yyyy-mm-dd", ""),
        (45352, 'm"月"d"日"', ""),
        (45352, "d-mmm", ""),
        (0.354, "h:mm", ""),
    ],
)
def test_a_number_under_a_format_is_read_as_shown_or_not_at_all(value: float, look: str, read: str) -> None:
    book = Workbook()
    book.active.append(HEAD)
    book.active.append([value, "王小明", "一车间"])
    book.active["A2"].number_format = look
    roster = read_roster(saved(book), "a.xlsx")
    assert [row.staff_number for row in roster.rows] == ([read] if read else [])
    assert len(roster.left_out) == (not read)


def test_a_unit_that_became_a_day_is_told() -> None:
    book = Workbook()
    book.active.append(HEAD)
    book.active.append(["1", "王小明", 45352])
    book.active["C2"].number_format = 'm"月"d"日"'
    roster = read_roster(saved(book), "a.xlsx")
    assert roster.problems == (Problem(2, "部门", "file.shown_unclear", {}, "warning"),)


def test_a_picture_that_is_not_certain_is_told_at_its_cell() -> None:
    book = Workbook()
    book.active.append(HEAD)
    book.active.append([5551234, "王小明", "一车间"])
    book.active["A2"].number_format = "[<=9999999]###-####;(###) ###-####"
    told = read_roster(saved(book), "a.xlsx").problems
    assert told == (Problem(2, "工号", "file.shown_unclear", {}, "warning"),)


# Damaged copies

ROSTERS: list[Table] = [
    [
        ["工号", "姓名", "部门", "角色", "入职日期", "邮箱", "手机", "语言"],
        ["00123", "王小明", "制造部/一车间", "组织者", "2020-03-01", "wang@example.org", "13800138000", "中文"],
        ["00124", "李建国", "制造部/二车间", "", "2019/7/1", "li@example.org", "13800138001", ""],
        ["GH-07", "陈静", "办公室", "会员", "2018年5月1日", "chen@example.org", "", "en"],
        ["00125", "王小红", "制造部/一车间", "", "", "", "13800138003", ""],
    ],
    [
        ["Badge ID", "First name", "Last name", "Division", "Sub-department", "Section", "Joined", "Phone"],
        ["JAW-1018", "Mary", "Smith", "Ops", "Stores", "Night", "25/12/2019", "07700900123"],
        ["JAW-1019", "John", "Brown", "Ops", "Stores", "", "01/03/2024", "07700900124"],
        ["JAW-1020", "Ana", "Lima", "Sales", "", "", "28/02/2022", ""],
    ],
    [
        ["姓名", "员工 ID", "一级部门", "二级部门", "状态", "离职日期", "电子邮箱"],
        ["王小明", "123", "制造部", "一车间", "在职", "", "wang@example.org"],
        ["李建国", "124", "制造部", "二车间", "在职", "9999-12-31", "li@example.org"],
        ["陈静", "125", "工会", "女工委", "在职", "至今", ""],
        ["合计", "", "3人", "", "", "", ""],
    ],
]
JUNK = (
    "",
    " ",
    "-",
    "无",
    "n/a",
    "#N/A",
    "#REF!",
    "####",
    "?",
    "0",
    "1E5",
    "3月1日",
    "2024-13-45",
    "null",
    "\ufeff",
    "x",
)


def _cell(table: Table, chance: random.Random) -> tuple[int, int]:
    line = chance.randrange(1, len(table))
    return line, chance.randrange(len(table[line]))


def _junk(table: Table, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 6)):
        line, place = _cell(table, chance)
        table[line][place] = chance.choice(JUNK)


def _swap(table: Table, chance: random.Random) -> None:
    (line, place), other = _cell(table, chance), chance.randrange(1, len(table))
    table[line][place], table[other][place] = table[other][place], table[line][place]


def _shift(table: Table, chance: random.Random) -> None:
    """A column sorted without the others."""
    place = chance.randrange(len(table[0]))
    cells = [row[place] for row in table[1:]]
    for row, cell in zip(table[1:], cells[1:] + cells[:1], strict=True):
        row[place] = cell


def _column(table: Table, chance: random.Random) -> None:
    place = chance.randrange(len(table[0]))
    for row in table[1:]:
        row[place] = ""


def _cut(table: Table, chance: random.Random) -> None:
    line, place = _cell(table, chance)
    table[line][place] = table[line][place][: chance.randint(0, 4)]


def _insert(table: Table, chance: random.Random) -> None:
    line = chance.choice([table[0], table[-1], ["合计", "3", "", ""], [""]])
    table.insert(chance.randrange(1, len(table) + 1), [*line, *[""] * (len(table[0]) - len(line))])


def _left(table: Table, chance: random.Random) -> None:
    """A cell lost, and the rest of its row moved to the left."""
    line, place = _cell(table, chance)
    table[line] = [*table[line][:place], *table[line][place + 1 :], ""]


def _zeros(table: Table, chance: random.Random) -> None:
    for row in table[1:]:
        row[:] = [cell.lstrip("0") for cell in row]


DAMAGES: tuple[Callable[[Table, random.Random], None], ...] = (
    _junk,
    _swap,
    _shift,
    _column,
    _cut,
    _insert,
    _left,
    _zeros,
)


def emptied(changes: RosterChanges, said: frozenset[str]) -> list[str]:
    """Fields that a member had and would have no more, or of which only a part would be left."""
    found = []
    for change in (*changes.changed, *changes.moved, *changes.returned):
        for name in change.fields:
            before = getattr(change.member, name)
            after = unit_after(change, said) if name == "unit" else getattr(change.row, name)  # type: ignore[arg-type]
            if before and not after and name not in change.row.cleared:
                found.append(name)
            if name == "unit" and after and len(after) < len(before) and "unit" in change.row.partial:
                rest = iter(before)
                found += [name] * all(part in rest for part in after)
    return found


@pytest.mark.parametrize("which", range(len(ROSTERS)))
def test_a_damaged_copy_changes_nobody_else_and_clears_nothing(which: int) -> None:
    """Whatever is done to a copy: no value is emptied, nobody gets another's name, a number or a place unasked."""
    table = ROSTERS[which]
    whole = of(table)
    assert whole.left_out == ()
    current = members(whole)
    by_number = {member.staff_number: member for member in current}
    touched = 0
    for seed in range(300):
        chance = random.Random(f"{which} {seed}")
        copy = [row[:] for row in table]
        for damage in chance.sample(DAMAGES, chance.randint(1, 2)):
            damage(copy, chance)
        data = write_csv(copy) if seed % 10 else write_xlsx(copy, "copy")
        read = settled(current, read_roster(data, "copy"), Answers())
        changes = compare(current, read.rows, full=False, today=TODAY, said=said_by(read))
        assert emptied(changes, said_by(read)) == [], copy
        assert all(row.cleared <= {"roles"} for row in read.rows), "only 会员 is there, which has no role"
        touched += not changes.is_empty
        for change in changes.changed:
            assert "name" not in change.fields or alike(change.row.name, change.member.name), copy
        for change in changes.moved:
            assert unit_after(change, said_by(read)) != change.member.unit, copy
        for row in changes.added:
            assert row.staff_number not in by_number
            twins = [one for one in current if loose(one.staff_number) == loose(row.staff_number)]
            assert not twins, copy
        told = {row.line for row in read.left_out} | {problem.line for problem in read.problems}
        for member in current:
            for line, cells in enumerate(copy[1:], start=2):
                if member.staff_number in cells and "####" in cells:
                    assert line in told, copy
    assert touched


def test_the_word_that_clears_clears_what_it_stands_in() -> None:
    current = members(of(ROSTERS[0]))
    for word in ("clear", "CLEAR", "清空", "（清空）"):
        row = ["00123", "王小明", word, word, word, word, word, word]
        read = settled(current, of([ROSTERS[0][0], row]), Answers())
        assert read.left_out == ()
        changes = compare(current, read.rows, full=False, today=TODAY, said=said_by(read))
        assert changes.changed[0].fields == ("roles", "joined", "email", "phone")
        assert unit_after(changes.moved[0], said_by(read)) == ()


def test_the_word_that_clears_ends_a_path_of_several_columns() -> None:
    table = [["工号", "姓名", "一级部门", "二级部门"], ["1", "Li", "制造部", "一车间"]]
    current = members(of(table))
    for cell, moved in (("清空", [("制造部",)]), ("", [])):
        read = of([table[0], ["1", "Li", "制造部", cell]])
        changes = compare(current, read.rows, full=False, today=TODAY, said=said_by(read))
        assert [unit_after(change, said_by(read)) for change in changes.moved] == moved


def test_a_copy_of_bytes_flipped_or_cut_clears_nothing() -> None:
    for encoding in ("utf-8", "gb18030"):
        text = "\n".join(",".join(row) for row in ROSTERS[0])
        data, current = text.encode(encoding), members(of(ROSTERS[0]))
        for seed in range(300):
            chance = random.Random(f"{encoding} {seed}")
            copy = bytearray(data)
            for _ in range(chance.randint(1, 3)):
                copy[chance.randrange(len(copy))] = chance.randrange(256)
            if seed % 4 == 0:
                del copy[chance.randrange(len(copy)) :]
            read = settled(current, read_roster(bytes(copy), "copy.csv"), Answers())
            changes = compare(current, read.rows, full=False, today=TODAY, said=said_by(read))
            assert emptied(changes, said_by(read)) == []
            renamed = [change for change in changes.changed if "name" in change.fields]
            assert all(alike(change.row.name, change.member.name) for change in renamed)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("staff number,name\n1,Zoë Lefèvre\n", "cp1252"),
        ("staff number,name\n1,김철수\n", "cp949"),
        ("staff number,name\n1,佐藤\n", "euc_jp"),
        ("staff number,name\n1,王芳\n", "gb18030"),
    ],
)
def test_an_encoding_that_is_not_certain_is_asked_about_with_names(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    asked = read_roster(data, "a.csv")
    assert asked.rows == ()
    assert [problem.code for problem in asked.problems] == ["file.encoding_unclear"]
    (doubt,) = asked.doubts
    right = [choice.value for choice in doubt.choices if choice.example == text.split(",")[-1].strip()]
    assert len(right) == 1
    assert len({choice.example for choice in doubt.choices}) == len(doubt.choices) > 1
    assert [row.name for row in read_roster(data, "a.csv", Answers(encoding=right[0])).rows] == [
        text.split(",")[-1].strip()
    ]
