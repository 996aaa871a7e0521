"""Quiz files that people already have, from bytes to drafts and problems. Pure; what a file is, its content says."""

import re
from collections.abc import Sequence

from games.quizzes.formats.aiken import answer_in, choice_in, read_aiken, statement_in
from games.quizzes.formats.bank import read_bank
from games.quizzes.formats.draft import MAX_TITLE, Drafts, Format, QuestionDraft, QuizDraft, lines_of, title_of
from games.quizzes.formats.gift import read_gift
from games.quizzes.formats.headings import HEADER_WITHIN, find_header, guess_header
from games.quizzes.formats.kahoot import title_in
from rewards.sheets import Findings, Problem, Sheet, decode, read_all_sheets, read_table, recognise

__all__ = ["Format", "QuestionDraft", "QuizDraft", "read_questions"]

MAX_TEXT_BYTES = 2 * 1024 * 1024


def read_questions(data: bytes, filename: str) -> QuizDraft:
    """The quiz in a sheet (.xlsx, .csv; Kahoot's or a bank of another shape), a GIFT or an Aiken file. Never raises.

    `filename` gives the title where the content does not. Cost: linear in the file; run it off the event loop.
    """
    title = title_of(filename)
    known = recognise(data)
    if isinstance(known, Problem):
        return QuizDraft(title, None, (), (known,))
    if known == "zip":
        return _from_sheets(read_all_sheets(data, filename, _wanted), title)
    encoding, text = _decoded(data)
    if isinstance(text, Problem):
        return QuizDraft(title, None, (), (text,))
    sheet = _sheet_in(text, data, filename, encoding)
    if sheet is not None:
        return _from_sheets(sheet, title)
    if len(data) > MAX_TEXT_BYTES:
        large = Problem(None, None, "file.too_large", {"megabytes": MAX_TEXT_BYTES // 1024**2})
        return QuizDraft(title, None, (), (large,))
    kind = _text_format(text)
    if kind is None:
        sheet = read_table(data, filename, encoding=encoding)
        if isinstance(sheet, Sheet) and guess_header(sheet.rows) is not None:
            return _from_sheets(sheet, title)
        return QuizDraft(title, None, (), (Problem(None, None, "quiz.unknown_format"),))
    drafts = read_aiken(text) if kind == "aiken" else read_gift(text)
    return drafts.quiz(title, kind)


def _decoded(data: bytes) -> tuple[str, str | Problem]:
    """(encoding, "" for the one that is found; text or what is wrong with it). A few lines of GBK may be other things
    too, but none of these speaks of questions and answers."""
    text = decode(data)
    if isinstance(text, Problem) and text.code == "file.encoding_unclear":
        chinese = decode(data, "gb18030")
        if isinstance(chinese, str) and re.search("答案|选项|题|正确|[哪什]么|哪[个些年一]", chinese):
            return "gb18030", chinese
    return "", text


def _wanted(rows: Sequence[tuple[str, ...]]) -> bool:
    return find_header(rows) is not None


def _from_sheets(sheets: list[Sheet] | Sheet | tuple[Problem, ...], title: str) -> QuizDraft:
    """The questions of all sheets that have some; people keep a sheet for each kind."""
    if isinstance(sheets, tuple):
        return QuizDraft(title, "kahoot", (), Findings(sheets).told())
    drafts = Drafts()
    of_kahoot = True
    sheets = sheets if isinstance(sheets, list) else [sheets]
    for sheet in sheets:
        header = find_header(sheet.rows) or guess_header(sheet.rows)
        if header is None:
            missing = Problem(None, None, "kahoot.no_header", {"lines": HEADER_WITHIN})
            return QuizDraft(title, "kahoot", (), Findings((*sheet.problems, missing)).told())
        if sheet is sheets[0]:
            title = title_in(sheet.rows, header)[:MAX_TITLE] or title
        of_kahoot = of_kahoot and header.of_kahoot
        read_bank(sheet, header, drafts, named=len(sheets) > 1)
    return drafts.quiz(title, "kahoot" if of_kahoot else "bank")


_HEADER_WORDS = (
    re.compile("question|题|问题|stem"),
    re.compile("answer|correct|key|答案|正确"),
)


def _sheet_in(text: str, data: bytes, filename: str, encoding: str) -> Sheet | tuple[Problem, ...] | None:
    """The text as a table, or what is wrong with it, where it has the header of one; None where it has not."""
    start = re.sub("[ \u3000]", "", text[:20_000]).casefold()
    if not all(words.search(start) for words in _HEADER_WORDS):
        return None
    sheet = read_table(data, filename, encoding=encoding)
    if isinstance(sheet, Sheet):
        return sheet if find_header(sheet.rows) is not None else None
    # No table as it stands (a formula, an open quote): the header line alone says whether it was to be one.
    for line in start.splitlines()[:HEADER_WITHIN]:
        if all(words.search(line) for words in _HEADER_WORDS) and re.search(r"[,;\t].*[,;\t].*[,;\t]", line):
            return sheet
    return None


def _text_format(text: str) -> Format | None:
    if re.match(r'\s*[\[{]\s*["{\[]', text):
        return None
    lines = lines_of(text)
    choices = sum(choice_in(line) is not None for line in lines)
    answers = any(answer_in(line) is not None for line in lines)
    if choices and answers:
        return "aiken"
    if "{" in text or "}" in text or any(line.startswith(("::", "$CATEGORY:")) for line in lines):
        return "gift"
    return "aiken" if choices >= 2 or answers or any(map(statement_in, lines)) else None
