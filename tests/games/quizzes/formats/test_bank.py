"""Question banks as organisations keep them: every kind of column and answer, in any dress; and damage is told."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from games.quizzes.formats import QuizDraft, read_questions
from games.quizzes.formats.answers import TRUE_FALSE, read_right, split_options
from games.quizzes.formats.headings import kind_in
from rewards.sheets import Problem, Sheet, read_rows, rest_table, write_csv, write_xlsx
from tests.games.quizzes.formats.test_formats import sound
from tests.laws import examples

Cell = str | int | float | bool | None
Asked = tuple[str, tuple[str, ...], tuple[int, ...]]

KAHOOT = ["Question", "Answer 1", "Answer 2", "Answer 3", "Answer 4", "Time limit (sec)", "Correct answer(s)"]
TEMPLATE = ["题型", "题干", "选项A", "选项B", "选项C", "选项D", "正确答案", "解析", "分值"]
LETTERS = ["题型", "题目", "A选项", "B选项", "C选项", "D选项", "答案"]
FOUR = ["甲", "乙", "丙", "丁"]


def book(*rows: Sequence[Cell], formats: dict[str, str] | None = None) -> bytes:
    """An .xlsx as a person saves it; `formats`: the number format of a cell."""
    made = Workbook()
    for row in rows:
        made.active.append(list(row))
    for place, code in (formats or {}).items():
        made.active[place].number_format = code
    packed = BytesIO()
    made.save(packed)
    return packed.getvalue()


def bank(*rows: Sequence[Cell], head: Sequence[Cell] = LETTERS) -> QuizDraft:
    return read_questions(book(head, *rows), "bank.xlsx")


def asked(quiz: QuizDraft) -> list[Asked]:
    return [(question.kind, question.options, question.right) for question in quiz.questions]


def told(quiz: QuizDraft) -> list[tuple[int | None, str | None, str, str]]:
    return [(problem.line, problem.column, problem.code, problem.severity) for problem in quiz.problems]


YEARS = ("1921", "1925", "1949", "1978")
THINGS = ("安全帽", "手套", "拖鞋", "护目镜")
FOUNDED: Asked = ("single", YEARS, (1,))
WORN: Asked = ("multiple", THINGS, (0, 1, 3))
TRUE: Asked = ("true_false", TRUE_FALSE, (0,))
FALSE: Asked = ("true_false", TRUE_FALSE, (1,))


@dataclass(frozen=True)
class Case:
    """A file on which Laurel once fell short, and what is right."""

    rows: list[list[Cell]] | str
    right: list[Asked]
    formats: dict[str, str] | None = None

    @property
    def data(self) -> bytes:
        return self.rows.encode() if isinstance(self.rows, str) else book(*self.rows, formats=self.formats)


NUMBERS: list[list[Cell]] = [
    KAHOOT,
    ["Share?", 0.25, 0.5, 0.75, 1, 20, 2],
    ["Lunch?", 3.5, 4, 12, 1200, 20, 1],
    ["Version?", 3.1, 3.11, 3.2, 3.9, 20, 1],
    ["People?", 1200000, 1300000, None, None, 20, 1],
    ["Half?", 0.5, 0.25, None, None, 20, 1],
    ["Light?", 300000000, 30000, None, None, 20, 1],
    ["Day?", 45413, 45414, None, None, 20, 2],
    ["Time?", 17 / 48, 0.5, None, None, 20, "8:30"],
]
FORMATS = {
    **{f"{column}2": "0%" for column in "BCDE"},
    **{f"{column}3": '"¥"#,##0.00' for column in "BCDE"},
    **{f"{column}4": "0.00" for column in "BCDE"},
    **{f"{column}5": "#,##0" for column in "BC"},
    **{f"{column}6": "# ?/?" for column in "BC"},
    **{f"{column}7": "0.00E+00" for column in "BC"},
    **{f"{column}8": 'm"月"d"日"' for column in "BC"},
    **{f"{column}9": "h:mm" for column in "BC"},
}

CASES = {
    "chinese_bank_template": Case(
        [
            TEMPLATE,
            ["单选题", "成立于哪一年？", *YEARS, "B", "1925年5月1日", 2],
            ["多选题", "哪些属于劳动防护用品？", *THINGS, "ABD", None, 4],
            ["判断题", "会员必须缴纳会费。", None, None, None, None, "对", None, 1],
            ["判断题", "女职工不享受产假。", "正确", "错误", None, None, "B", None, 1],
        ],
        [FOUNDED, WORN, TRUE, FALSE],
    ),
    "letters_as_headings": Case([["序号", "题目", "A", "B", "C", "D", "答案"], [1, "哪年？", *YEARS, "B"]], [FOUNDED]),
    "answer_head": Case(
        [["Question", "Option A", "Option B", "Option C", "Option D", "Answer"], ["When?", *YEARS, "B"]], [FOUNDED]
    ),
    "options_in_one_cell": Case(
        [["题型", "题目", "选项", "答案"], ["单选题", "哪年？", "A.1921|B.1925|C.1949|D.1978", "B"]], [FOUNDED]
    ),
    "answer_as_text": Case([KAHOOT, ["Capital?", "Paris", "Rome", "Bonn", "Bern", 20, "Paris"]],
        [("single", ("Paris", "Rome", "Bonn", "Bern"), (0,))]),
    "no_headings": Case(
        [[1, "哪年？", *YEARS, "B"], [2, "哪些？", *THINGS, "ABD"], [3, "对吗？", "对", "错", None, None, "A"]],
        [FOUNDED, WORN, TRUE],
    ),
    "numbers_as_drawn": Case(
        NUMBERS,
        [
            ("single", ("25%", "50%", "75%", "100%"), (1,)),
            ("single", ("¥3.50", "¥4.00", "¥12.00", "¥1,200.00"), (0,)),
            ("single", ("3.10", "3.11", "3.20", "3.90"), (0,)),
            ("single", ("1,200,000", "1,300,000"), (0,)),
            ("single", ("1/2", "1/4"), (0,)),
            ("single", ("3.00E+08", "3.00E+04"), (0,)),
            ("single", ("5月1日", "5月2日"), (1,)),
            ("single", ("8:30", "12:00"), (0,)),
        ],
        FORMATS,
    ),
    "aiken_several": Case(
        "1、哪些是劳动防护用品？\nA、安全帽\nB、手套\nC、拖鞋\nD、护目镜\n答案：ABD\n\n2、须缴纳会费。\nA、对\nB、错\n答案：A\n",
        [WORN, TRUE],
    ),
    "aiken_in_brackets": Case(
        "1. 成立于（ B ）年。\nA. 1921\nB. 1925\nC. 1949\nD. 1978\n\n2. 国庆节是（A）\nA. 10月1日\nB. 5月1日\n",
        [FOUNDED, ("single", ("10月1日", "5月1日"), (0,))],
    ),
    "aiken_variants": Case(
        "1. Capital?\n(A) Paris\n(B) Rome\nAnswer: A\n\n2. River?\nA - Nile\nB - Rhine\nAnswer: A\n\n"
        "3. Sky?\nA: Red\nB: Blue\nAnswer: B\n",
        [("single", ("Paris", "Rome"), (0,)), ("single", ("Nile", "Rhine"), (0,)), ("single", ("Red", "Blue"), (1,))],
    ),
    "gift_answer_first": Case(
        "{ ~Africa =Asia ~Europe } is the largest.\n\n::Q2:: { ~Nile =Amazon } carries most.\n",
        [("single", ("Africa", "Asia", "Europe"), (1,)), ("single", ("Nile", "Amazon"), (1,))],
    ),
    "gift_latex": Case(
        "::Q1:: Solve \\\\( \\\\frac\\{1\\}\\{2\\} \\= x \\\\) {=0.5 ~1}\n\n"
        "::Q2:: [moodle]<p>Two</p> {=a<br>b ~c &amp; d}\n",
        [("single", ("0.5", "1"), (0,)), ("single", ("a / b", "c & d"), (0,))],
    ),
    "wall": Case([KAHOOT, ["长" * 500, *(f"{'字' * 199}{one}" for one in "ABCD"), 240, 2]],
        [("single", tuple(f"{'字' * 199}{one}" for one in "ABCD"), (1,))]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_files_that_were_brought_give_what_their_authors_meant(name: str) -> None:
    case = CASES[name]
    quiz = read_questions(case.data, "any")
    assert asked(quiz) == case.right
    assert quiz.importable
    assert all(problem.severity == "warning" for problem in quiz.problems)


# A bank in any dress


@dataclass(frozen=True)
class Item:
    """What an author means: a statement (no options) that is true or false, or a choice."""

    text: str
    options: tuple[str, ...]
    right: tuple[int, ...]


WORDS = [
    "安全帽",
    "手套",
    "消防栓",
    "1921",
    "3.5",
    "20-100",
    "the red one",
    "A型",
    "不对称",
    "yes, it is",
    "对讲机",
    "5月1日",
]


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    made = []
    for number in range(draw(st.integers(1, 5))):
        if draw(st.booleans()):
            made.append(Item(f"题{number}", (), (draw(st.integers(0, 1)),)))
            continue
        options = tuple(draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=6, unique=True)))
        right = draw(st.sets(st.integers(0, len(options) - 1), min_size=1))
        made.append(Item(f"题{number}", options, tuple(sorted(right))))
    return made


TRUTHS = [
    ("对", "错"),
    ("正确", "错误"),
    ("√", "×"),
    ("T", "F"),
    ("True", "False"),
    ("是", "否"),
    ("Y", "N"),
    ("（√）", "（×）"),
]
RUN = ["", "、", ",", "，", " ", ";", "/", "和", ", "]
HEADS = [
    "选项{}",
    "{}选项",
    "{}",
    "选项{}（必填）",
    "Option {}",
    "答案{}",
    "{}项",
    "备选答案{}",
    "选项 {}",
    "选项-{}",
    "选项（{}）",
    "{}.",
]
TEXTS = ["题干", "题目", "试题", "问题", "试题内容", "题目内容*", "Question", "*题干（必填）"]
RIGHTS = [
    "答案",
    "正确答案",
    "标准答案",
    "参考答案",
    "答案（多选如A,B）",
    "Answer",
    "Correct answer(s)",
    "正确选项",
    "答 案",
]
TOGETHER = ["\n", "|", " ", ";", "$;$", ""]


@dataclass(frozen=True)
class Dress:
    """How one organisation keeps its bank."""

    data: bytes
    kinds: bool


@st.composite
def dressed(draw: st.DrawFn, of: list[Item]) -> Dress:
    together, kinds = draw(st.booleans()), draw(st.booleans())
    width = max([2, *(len(item.options) for item in of)])
    option_head = draw(st.sampled_from(HEADS))
    names = ["选项"] if together else [option_head.format(chr(65 + place)) for place in range(width)]
    heads = [draw(st.sampled_from(TEXTS)), *names, draw(st.sampled_from(RIGHTS))]
    rows = []
    for item in of:
        letters = [chr(65 + place) for place in item.right]
        if item.options:
            way = draw(
                st.sampled_from(["letters", "text", "labelled", "wide"] if len(letters) == 1 else ["letters", "wide"])
            )
            right = draw(st.sampled_from(RUN)).join(letters)
            if way == "text":
                right = item.options[item.right[0]]
            elif way == "labelled":
                right = f"{letters[0]}. {item.options[item.right[0]]}"
            elif way == "wide":
                right = "".join(chr(ord(letter) + 0xFEE0) for letter in letters)
        else:
            right = draw(st.sampled_from(TRUTHS))[item.right[0]]
        shown = list(item.options)
        if item.options and (together or draw(st.booleans())):
            point = draw(st.sampled_from([".", "、", "．", ") ", ". "]))
            shown = [f"{chr(65 + place)}{point}{option}" for place, option in enumerate(shown)]
        # Letters that follow a Latin word without anything between cannot be told from it.
        between = draw(st.sampled_from(TOGETHER[: 5 if any(one[-1].isascii() for one in item.options) else 6]))
        cells = [between.join(shown)] if together else shown + [""] * (width - len(shown))
        rows.append([item.text, *cells, right])
    if kinds:
        heads.insert(0, draw(st.sampled_from(["题型", "类型", "试题类型"])))
        for row, item in zip(rows, of, strict=True):
            name = "判断" if not item.options else "多选" if len(item.right) > 1 else "单选"
            row.insert(0, name + draw(st.sampled_from(["", "题"])))
    for extra in draw(st.lists(st.sampled_from(["序号", "分值", "难度", "章节", "解析"]), unique=True)):
        place = draw(st.integers(0, len(heads)))
        heads.insert(place, extra)
        for number, row in enumerate(rows, start=1):
            row.insert(place, str(number))
    order = draw(st.permutations(range(len(heads)))) if draw(st.booleans()) else range(len(heads))
    table = [[line[place] for place in order] for line in (heads, *rows)]
    if draw(st.booleans()):
        table.insert(2, table[0])
    for _ in range(draw(st.integers(0, 2))):
        table.insert(draw(st.sampled_from([0, len(table)])), [])
    if draw(st.booleans()):
        table.insert(0, ["2026 年安全知识题库"])
    data = (
        write_csv(table)
        if draw(st.booleans())
        else "\r\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in table).encode(
            draw(st.sampled_from(["gb18030", "utf-16", "utf-8"]))
        )
    )
    return Dress(data, kinds)


@examples(250)
@given(st.data())
def test_a_bank_in_any_dress_gives_the_same_questions(data: st.DataObject) -> None:
    of = data.draw(items())
    dress = data.draw(dressed(of))
    quiz = read_questions(dress.data, "bank.csv")
    assert [problem for problem in quiz.problems if problem.severity == "error"] == []
    assert [(one.text, one.right) for one in quiz.questions] == [(item.text, item.right) for item in of]
    for question, item in zip(quiz.questions, of, strict=True):
        assert question.options == (item.options or TRUE_FALSE)
        assert question.kind == ("true_false" if not item.options else "multiple" if len(item.right) > 1 else "single")


# Damage

JUNK = list("?？!。…*#+-=~x漏 \t(）{}\\")


def rows_of(data: bytes) -> list[list[str]]:
    read = read_rows(data, "x.xlsx")
    assert isinstance(read, Sheet)
    return [list(row) for row in read.rows]


def damaged_sheet(rows: list[list[str]], right: int, chance: random.Random) -> list[list[str]]:
    """A copy with one to three faults, none of which writes another answer that can be read."""
    rows = [list(row) for row in rows]
    for _ in range(chance.randint(1, 3)):
        line = chance.randrange(len(rows))
        place = chance.randrange(len(rows[line])) if rows[line] else 0
        match chance.randrange(8):
            case 0 if rows[line]:
                rows[line][place] = ""
            case 1 if rows[line]:
                cell = rows[line][place]
                at = chance.randint(0, len(cell))
                rows[line][place] = cell[:at] + chance.choice(JUNK) + cell[at:]
            case 2 if rows[line]:
                cell = rows[line][place]
                at = chance.randint(0, max(0, len(cell) - 1))
                if place != right or len(cell) == 1 or line == 0:
                    rows[line][place] = cell[:at] + cell[at + 1 :]
            case 3:
                rows.insert(line, list(chance.choice(rows)))
            case 4:
                rows.insert(line, [])
            case 5:
                del rows[line]
            case 6 if rows[line] and line > 0:
                # Everything behind moves to the left, so that another cell stands under the answer's heading.
                del rows[line][place]
            case 7:
                width = max(map(len, rows))
                wider = chance.randint(0, width)
                rows = [[*row[:wider], *([""] if len(row) >= wider else []), *row[wider:]] for row in rows]
        rows = rows or [[""]]
    return rows


def damaged_text(text: str, chance: random.Random) -> str:
    """As `damaged_sheet`; the lines of answers lose no letter, but may go."""
    lines = text.split("\n")
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        line = lines[at]
        place = chance.randint(0, max(0, len(line) - 1))
        match chance.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, "")
            case 2:
                lines[at] = line[:place] + chance.choice(JUNK) + line[place:]
            case 3 if "答案" not in line:
                lines[at] = line[:place] + line[place + 1 :]
            case 4 if at + 1 < len(lines):
                lines[at : at + 2] = [line + lines[at + 1]]
            case 5:
                lines.insert(at, chance.choice(lines))
        lines = lines or [""]
    return "\n".join(lines)


def meanings(quiz: QuizDraft) -> dict[str, set[str]]:
    return {one.text: {one.options[place] for place in one.right} for one in quiz.questions}


@pytest.mark.parametrize("name", CASES)
def test_of_three_hundred_damaged_copies_none_gives_another_right_answer_in_silence(name: str) -> None:
    case = CASES[name]
    whole = read_questions(case.data, "any")
    before = meanings(whole)
    chance = random.Random(name)
    rows = [] if isinstance(case.rows, str) else rows_of(case.data)
    right = max(
        (max((place for place, cell in enumerate(row) if cell in RIGHT_HEADS), default=-1) for row in rows), default=-1
    )
    right = right if right >= 0 else 6
    compared = 0
    for _ in range(300):
        if isinstance(case.rows, str):
            data = damaged_text(case.rows, chance).encode()
        else:
            data = write_csv(damaged_sheet(rows, right, chance))
        quiz = read_questions(data, "any")
        sound(quiz)
        noted = [problem.line for problem in quiz.problems if not problem.code.startswith(OF_ALL)]
        ends = [*(one.line for one in quiz.questions[1:]), 10**6]
        for one, end in zip(quiz.questions, ends, strict=False):
            doubted = any(line is None or one.line <= line < end for line in noted)
            here = {one.options[place] for place in one.right}
            # What is compared has its text and its right options still.
            if doubted or one.text not in before or not before[one.text] <= set(one.options):
                continue
            compared += 1
            assert here == before[one.text], data.decode()
    assert compared > 50


OF_ALL = ("kahoot.long_", "bank.without_headings", "bank.columns_not_read")
RIGHT_HEADS = ("正确答案", "答案", "Answer", "Correct answer(s)")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not isinstance(case.rows, str)])
def test_no_damaged_workbook_stops_the_reader(name: str) -> None:
    data, chance = CASES[name].data, random.Random(name)
    for _ in range(40):
        broken = bytearray(data[: chance.choice([len(data), chance.randrange(len(data))])])
        for _ in range(chance.randint(1, 4)):
            if broken:
                broken[chance.randrange(len(broken))] = chance.randrange(256)
        sound(read_questions(bytes(broken), "x.xlsx"))


# Answers, one by one

UNCLEAR = ("AA", "11", "A或B", "A-D", "不选A", "无", "略", "B.甲", "对", "甲丙", "2024-01-02")


@pytest.mark.parametrize(
    ("cell", "right"),
    [
        *((cell, (1,)) for cell in ("B", "b", "Ｂ", "（B）", "【B】", "B.", "选B", "B项", "选项B")),
        *((cell, (1,)) for cell in ("B选项", "答案：B", "②", 2, 2.0)),
        *((cell, (1,)) for cell in ("乙", "B.乙", "B 乙")),
        *((cell, (0, 1, 3)) for cell in ("ABD", "abd", "DBA", "A,B,D", "A、B、D", "A B D", "A;B;D")),
        *((cell, (0, 1)) for cell in ("A和B", "12")),
        *((cell, (0, 2)) for cell in ("1,3", "甲、丙", "（A）（C）")),
        ("甲;丁", (0, 3)),
    ],
)  # fmt: skip
def test_what_is_right_as_people_write_it(cell: Cell, right: tuple[int, ...]) -> None:
    quiz = bank(["", "哪个？", *FOUR, cell])
    assert quiz.problems == ()
    assert [one.right for one in quiz.questions] == [right]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        *((cell, "quiz.right_answer_outside") for cell in ("E", "AE", 7)),
        *((cell, "kahoot.right_answer_unclear") for cell in UNCLEAR),
        *((cell, "quiz.no_right_answer") for cell in (None, "、")),
    ],
)  # fmt: skip
def test_what_cannot_be_read_for_certain_leaves_its_row_out(cell: Cell, code: str) -> None:
    quiz = bank(["", "哪个？", *FOUR, cell], ["", "好的", *FOUR, "A"])
    assert told(quiz) == [(2, "答案", code, "error")]
    assert [one.text for one in quiz.questions] == ["好的"]
    assert quiz.importable


def test_a_number_is_the_option_of_its_value_however_it_is_written() -> None:
    quiz = bank(
        ["", "一", "1.20", "1.30", "1.40", "1.50", 1.3],
        ["", "二", "25%", "50%", "75%", "100%", 0.5],
        ["", "三", "¥1,200.00", "¥2.00", "¥3.00", "¥4.00", 1200],
        ["", "四", "1.20", "1.30", "1.40", "1.50", 1.2],
        ["", "五", "0.5", "0.25", "0.75", "1", "1/2"],
    )
    assert [(one.text, one.right) for one in quiz.questions] == [("二", (1,)), ("三", (0,))]
    assert told(quiz) == [(line, "答案", "quiz.right_answer_two_ways", "error") for line in (2, 5, 6)]


def test_a_sign_that_is_also_the_text_of_another_option_is_never_decided_in_silence() -> None:
    kahoot = bank(["How many?", 2, 3, 1, 4, 20, 2], head=KAHOOT)
    assert (kahoot.questions[0].right, told(kahoot)) == (
        (1,), [(2, "Correct answer(s)", "quiz.right_answer_by_sign", "warning")],
    )  # fmt: skip
    letters = bank(["", "Which?", "B", "A", "C", "D", "A"])
    assert (letters.questions[0].right, told(letters)) == ((0,), [(2, "答案", "quiz.right_answer_by_sign", "warning")])
    for quiz in (bank(["", "几个？", 2, 3, 1, 4, 2]), bank(["Months?", 12, 1, 2, 3, 20, 12], head=KAHOOT)):
        assert [code for _, _, code, _ in told(quiz)] == ["quiz.right_answer_two_ways"]
        assert quiz.questions == ()
    assert bank(["几个？", 1, 2, 3, 4, 20, 2], head=KAHOOT).problems == ()


@given(
    st.lists(st.text(alphabet="AB12甲乙 、.", min_size=1, max_size=3), min_size=2, max_size=5),
    st.text("ABC123甲、. ", max_size=4),
)
def test_a_certain_answer_means_one_thing_only(options: list[str], cell: str) -> None:
    numbered = dict(enumerate(options, start=1))
    for lettered in (True, False):
        right = read_right(cell, numbered, lettered=lettered)
        assert set(right.numbers) <= set(numbered)
        same = [number for number, text in numbered.items() if text.strip() == cell.strip() != ""]
        if right.numbers and not right.code and len(same) == 1:
            assert right.numbers == tuple(same)


@pytest.mark.parametrize(("words", "right"), [(pair[place], place) for pair in TRUTHS for place in (0, 1)])
def test_statements_without_options(words: str, right: int) -> None:
    for options in ([None] * 4, ["-", "-", None, None], ["对", "错", None, None], ["错误", "正确", None, None]):
        quiz = bank(["判断题", "会员须缴纳会费。", *options, words])
        assert (asked(quiz), quiz.problems) == ([TRUE, FALSE][right : right + 1], ())


@pytest.mark.parametrize(("cell", "right"), [("A", 0), ("B", 1), (1, 0), (0, 1), (2, 1)])
def test_a_letter_for_a_statement_is_taken_with_a_doubt(cell: Cell, right: int) -> None:
    quiz = bank(["判断题", "会员须缴纳会费。", None, None, None, None, cell])
    assert asked(quiz) == [TRUE, FALSE][right : right + 1]
    assert told(quiz) == [(2, "答案", "bank.truth_by_sign", "warning")]
    assert not bank([None, "会员须缴纳会费。", None, None, None, None, cell]).questions


def test_the_kind_that_a_row_names_has_to_fit() -> None:
    quiz = bank(
        ["单选题", "一", *FOUR, "AB"],
        ["多选题", "二", *FOUR, "B"],
        ["填空题", "三（）", None, None, None, None, "北京"],
        ["判断题", "四", *FOUR, "B"],
        ["安全", "五", *FOUR, "B"],
        ["安全", "六", *FOUR, "B"],
        ["不定项选择题", "七", *FOUR, "B"],
        ["单选题", "八", "甲", "甲", "丙", "丁", "C"],
    )
    assert told(quiz) == [
        (2, "题型", "bank.kind_differs", "error"),
        (3, "题型", "bank.kind_differs", "warning"),
        (4, "题型", "bank.kind_not_played", "error"),
        (4, "A选项", "quiz.too_few_options", "error"),
        (5, "题型", "bank.kind_not_two", "warning"),
        (6, "题型", "bank.kind_unknown", "warning"),
        (9, "B选项", "quiz.option_twice", "error"),
    ]
    assert [(one.text, one.kind) for one in quiz.questions] == [
        ("二", "multiple"), ("四", "single"), ("五", "single"), ("六", "single"), ("七", "single"),
    ]  # fmt: skip
    assert [row.line for row in quiz.left_out] == [2, 4, 9]


def test_kinds_by_their_names() -> None:
    named = {
        cell: kind_in(cell)
        for cell in ("单选题", "1、多项选择题", "判断", "一、是非题", "选择题", "不定项", "", "名词解释", "消防")
    }
    assert list(named.values()) == ["single", "multiple", "true_false", "true_false", "", "", "", "other", None]


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("A.1921|B.1925", ["1921", "1925"]),
        ("A、甲\nB、乙\nC、丙", ["甲", "乙", "丙"]),
        ("(A)甲 (B)乙", ["甲", "乙"]),
        ("A．甲；B．乙", ["甲", "乙"]),
        ("A:甲$;$B:乙", ["甲", "乙"]),
        ("A.1921B.1925C.1949", ["1921", "1925", "1949"]),
        ("A.one\ntwo\nB.three", ["one two", "three"]),
        ('["甲", "A \\"b\\""]', ["甲", 'A "b"']),
        ("['A. 甲', 'B. 乙']", ["甲", "乙"]),
        ('{"A": "甲", "B": "\\u4e59"}', ["甲", "乙"]),
        ("甲|乙|丙", ["甲", "乙", "丙"]),
        ("甲\r\n乙", ["甲", "乙"]),
        ("A.甲<br>B.乙", ["甲", "乙"]),
        ("A.甲\\nB.乙", ["甲", "乙"]),
        ("对/错", ["对", "错"]),
        ("A.维生素A B.维生素B", ["维生素A", "维生素B"]),
    ],
)
def test_options_in_one_cell(cell: str, options: list[str]) -> None:
    found, certain = split_options(cell)
    assert found is not None
    assert (
        ["".join(text.split("\n")) if "\n" not in cell else " ".join(text.split()) for text in found.values()],
        certain,
    ) == (options, True)


@pytest.mark.parametrize(
    "cell", ["A1921B1925", "甲 乙 丙", "A. x B. y B. z C", "C.x B.y", "A.x\nB.y C.z", "甲", "A.x\nC.y\nD.z", "x" * 5000]
)
def test_options_that_cannot_be_told_apart_are_not_guessed(cell: str) -> None:
    found, _ = split_options(cell)
    assert found is None or (len(found) == 3 and cell == "A.x\nB.y C.z")


def test_options_split_at_commas_are_a_guess_that_is_told() -> None:
    quiz = bank(["哪个？", "甲、乙，丙", "B"], ["分不开", "甲 乙", "B"], head=["题目", "选项", "答案"])
    assert asked(quiz) == [("single", ("甲", "乙", "丙"), (1,))]
    assert told(quiz) == [(2, "选项", "bank.options_guessed", "warning"), (3, "选项", "bank.options_unclear", "error")]


def test_letters_repeated_in_front_of_options() -> None:
    quiz = bank(
        ["", "一", "A.甲", "B.乙", "C.  20-100", "Ｄ．丁", "C"],
        ["", "二", "B.甲", "A.乙", "C.丙", "D.丁", "A"],
        ["", "三", "1.5", "2.5", "3.5", "4.5", "A"],
        ["", "四", "A、B", "B、C", "C、D", "A、D", "A"],
        ["", "五", "A. x", "乙", "丙", "丁", "A"],
    )
    assert [one.options for one in quiz.questions] == [
        ("甲", "乙", "20-100", "丁"), ("1.5", "2.5", "3.5", "4.5"), ("A、B", "B、C", "C、D", "A、D"),
        ("A. x", "乙", "丙", "丁"),
    ]  # fmt: skip
    assert told(quiz) == [(3, "A选项", "bank.labels_differ", "error")]


def test_an_answer_in_the_brackets_of_the_question_is_not_shown() -> None:
    quiz = bank(
        ["", "成立于（B）年", *FOUR, "B"],
        ["", "成立于（ B ）年", *FOUR, None],
        ["", "成立于（C）年", *FOUR, "B"],
        ["", "须缴纳会费（√）", None, None, None, None, None],
    )
    assert [(one.text, one.right) for one in quiz.questions] == [
        ("成立于（  ）年", (1,)), ("成立于（  ）年", (1,)), ("成立于（C）年", (1,)), ("须缴纳会费", (0,)),
    ]  # fmt: skip
    assert [code for _, _, code, _ in told(quiz)] == [
        "bank.answer_hidden", "bank.answer_in_question", "bank.answer_differs", "bank.answer_in_question",
    ]  # fmt: skip


# Columns


@pytest.mark.parametrize(
    "head",
    [
        ["序号", "题干", "A", "B", "答案"],
        ["No.", "Stem", "(A)", "(B)", "Key"],
        ["No.", "Question", "Option (A)", "Option (B)", "Correct Option"],
        ["题号", "试题（必填）", "备选答案A*", "备选答案B*", "标准答案（多选如AB）"],
        ["题号", "题目内容", "选项A", "选项B", "正确答案序号"],
        ["编号", "题目内容", "选项一", "选项二", "正 确 答 案"],
        ["#", "Question Text", "1st Answer", "2nd Answer", "Correct Answers"],
    ],
)
def test_headings_by_their_meaning(head: list[str]) -> None:
    quiz = bank([1, "哪个？", "甲", "乙", "B"], head=head)
    assert (asked(quiz), quiz.problems) == ([("single", ("甲", "乙"), (1,))], ())


def test_what_of_the_columns_is_doubtful_is_told() -> None:
    two = bank(["q", "a", "b", "A", "B", "z"], head=["题目", "选项A", "选项B", "答案", "正确答案", "我的"])
    assert asked(two) == [("single", ("a", "b"), (1,))]
    assert two.problems == (Problem(1, None, "bank.columns_not_read", {"columns": "答案, 我的"}, "warning"),)
    twice = bank(["q", "a", "b", "A", "B"], head=["题目", "选项A", "选项B", "答案", "答案"])
    assert told(twice) == [(None, "答案", "bank.column_twice", "error")]
    assert not twice.importable
    unnamed = bank(["q", "a", "b", "c", "A"], head=["题目", "选项A", None, "选项C", "答案"])
    assert unnamed.problems == (Problem(1, None, "bank.columns_not_read", {"columns": "C"}, "warning"),)


def test_without_headings_the_columns_are_told_as_they_are_taken() -> None:
    quiz = read_questions(book(*CASES["no_headings"].rows), "x.xlsx")  # type: ignore[arg-type]
    details = {"text": "B", "first": "C", "last": "F", "right": "G"}
    assert quiz.problems == (Problem(None, None, "bank.without_headings", details, "warning"),)
    data = "哪年？,1921,1925,B\n哪个？,甲,乙,A\n坏的,甲,乙,Z\n好的,甲,乙,B\n又是,甲,乙,B\n".encode("gb18030")
    text = read_questions(data, "x.csv")
    assert [one.right for one in text.questions] == [(1,), (0,), (1,), (1,)]
    assert [(row.line, row.cells) for row in text.left_out] == [(3, ("坏的", "甲", "乙", "Z"))]
    assert text.headings == ("题目", "选项A", "选项B", "正确答案")
    for rows in ([["q", "a", "b", 1]] * 3, [["张三", "男", "北京", "A组"]] * 3, [["a", "B"]] * 3):
        assert not read_questions(book(*rows), "x.xlsx").questions


def test_headings_once_more_and_lines_that_are_no_question() -> None:
    quiz = bank(
        ["", "一", *FOUR, "A"], LETTERS, ["", "二", *FOUR, "B"], ["合计：2题"], ["", None, None, None, None, None, "A"]
    )
    assert [one.text for one in quiz.questions] == ["一", "二"]
    assert told(quiz) == [(6, "题目", "quiz.text_empty", "error")]


def test_what_cannot_be_drawn_for_certain_is_told_at_its_cell() -> None:
    data = book(
        KAHOOT,
        ["Third?", 1 / 3, 0.5, None, None, 20, 1],
        ["Day?", 45413, "b", None, None, 20, 1],
        formats={"B3": "mm-dd-yy"},
    )
    quiz = read_questions(data, "x.xlsx")
    assert told(quiz) == [(line, "Answer 1", "file.shown_unclear", "warning") for line in (2, 3)]
    assert [one.options[0] for one in quiz.questions] == ["0.333333333333333", "2024-05-01"]


def test_formulas_and_hidden_rows_are_told_where_they_are_read_and_nowhere_else() -> None:
    made = Workbook()
    for row in (
        ["序号", "题目", "选项A", "选项B", "答案"],
        ["=ROW()-1", "一", "甲", "乙", "A"],
        ["=1", "二", "甲", "=1+1", "A"],
    ):
        made.active.append(row)
    made.active.append(["x", "三", "甲", "乙", "=A1"])
    made.active.append(["x", "四", "甲", "乙", "B"])
    made.active.row_dimensions[5].hidden = True
    packed = BytesIO()
    made.save(packed)
    quiz = read_questions(packed.getvalue(), "x.xlsx")
    assert told(quiz) == [
        (3, "选项B", "file.formula", "error"),
        (4, "答案", "file.formula", "error"),
        (5, None, "bank.row_hidden", "warning"),
    ]
    assert [(one.text, one.right) for one in quiz.questions] == [("一", (0,)), ("四", (1,))]


# What is left out, mended and brought again


@pytest.mark.parametrize("why", ["What is wrong", "问题"])
def test_rows_that_are_left_out_come_back_and_are_read_once_they_are_mended(why: str) -> None:
    for quiz, at in (
        (
            bank(
                ["qq", "甲", "甲", "B", "z"],
                ["rr", "甲", "乙", "A", "z"],
                head=["问题", "选项A", "选项B", "答案", "解析"],
            ),
            2,
        ),
        (read_questions("qq\nA. 甲\nB. 甲\n答案：B\n解析：z\n\nrr\nA. 甲\nB. 乙\n答案：A\n".encode(), "x.txt"), 4),
        (read_questions("qq {~甲 =甲 ####z}\n\nrr {=甲 ~乙}".encode(), "x.gift"), 4),
    ):
        assert [one.text for one in quiz.questions] == ["rr"]
        rest = rest_table(
            quiz.headings, quiz.left_out, why=why, whys={"What is wrong", "问题"}, say=lambda one: one.code
        )
        again = read_questions(write_xlsx(rest, "rest"), "rest.xlsx")
        assert [problem.code for problem in again.problems if problem.severity == "error"] == ["quiz.option_twice"]
        rest[1][at] = "乙"
        mended = read_questions(write_xlsx(rest, "rest"), "rest.xlsx")
        assert mended.problems == ()
        assert [(one.text, one.options, one.right, one.explanation) for one in mended.questions] == [
            ("qq", ("甲", "乙"), (1,), "z")
        ]


def test_two_rows_of_headings_are_one() -> None:
    quiz = bank(
        [None, "A", "B", "C", None], ["哪个？", "甲", "乙", "丙", "B"], head=["题干", "选项", None, None, "答案"]
    )
    assert (asked(quiz), quiz.problems) == ([("single", ("甲", "乙", "丙"), (1,))], ())
    one = bank(["Which?", "A. x\nB. y", "B"], head=["Question", "Options", "Answer"])
    assert (asked(one), one.problems) == ([("single", ("x", "y"), (1,))], ())


# Several sheets


def test_a_sheet_for_each_kind_is_one_bank() -> None:
    made = Workbook()
    made.active.title = "说明"
    made.active.append(["请按题型填写"])
    for name, rows in {
        "单选题": [["题目", "A", "B", "答案"], ["一", "甲", "乙", "A"], ["二", "甲", "甲", "A"]],
        "多选题": [
            ["序号", "题目", "A", "B", "C", "答案"],
            [1, "三", "甲", "乙", "丙", "AC"],
            [2, "四", "甲", "乙", "丙", "Z"],
        ],
        "判断题": [["题目", "答案"], ["五", "对"], ["六", "B"]],
        "题型": [["代码", "名称"], [1, "单选"]],
    }.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    packed = BytesIO()
    made.save(packed)
    quiz = read_questions(packed.getvalue(), "x.xlsx")
    assert [(one.text, one.kind, one.right) for one in quiz.questions] == [
        ("一", "single", (0,)), ("三", "multiple", (0, 2)), ("五", "true_false", (0,)), ("六", "true_false", (1,)),
    ]  # fmt: skip
    assert [problem.details["sheet"] for problem in quiz.problems if problem.code == "file.other_sheet_ignored"] == [
        "说明", "题型",
    ]  # fmt: skip
    assert [one for one in told(quiz) if one[0]] == [
        (3, "单选题 · B", "quiz.option_twice", "error"),
        (3, "多选题 · 答案", "quiz.right_answer_outside", "error"),
        (3, "判断题 · 答案", "bank.truth_by_sign", "warning"),
    ]
    assert [one.code for one in quiz.notes if one.line] == ["bank.truth_by_sign"]
    assert quiz.headings == ("题目", "A", "B", "答案", "题型", "序号", "C")
    assert [row.cells for row in quiz.left_out] == [
        ("二", "甲", "甲", "A", "单选题"), ("四", "甲", "乙", "Z", "多选题", "2", "丙"),
    ]  # fmt: skip
    rest = rest_table(quiz.headings, quiz.left_out, why="问题", whys={"问题"}, say=lambda one: one.code)
    rest[1][2], rest[2][3] = "乙", "BC"
    mended = read_questions(write_xlsx(rest, "rest"), "rest.xlsx")
    assert ([(one.text, one.kind, one.right) for one in mended.questions], mended.problems) == (
        [("二", "single", (0,)), ("四", "multiple", (1, 2))], (),
    )  # fmt: skip
