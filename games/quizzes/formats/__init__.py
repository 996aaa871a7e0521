"""Quiz files that people already have, from bytes to drafts and problems. Pure; what a file is, its content says."""

import re

from games.quizzes.formats.aiken import answer_in, choice_in, read_aiken
from games.quizzes.formats.draft import MAX_TITLE, Format, QuestionDraft, QuizDraft, lines_of, title_of
from games.quizzes.formats.gift import read_gift
from games.quizzes.formats.kahoot import HEADER_WITHIN, find_header, read_kahoot, title_in
from rewards.sheets import Findings, Problem, Sheet, decode, read_rows, recognise

__all__ = ["QuestionDraft", "QuizDraft", "read_questions"]

MAX_TEXT_BYTES = 2 * 1024 * 1024


def read_questions(data: bytes, filename: str) -> QuizDraft:
    """The quiz in a Kahoot-like sheet (.xlsx, .csv), a GIFT or an Aiken file. Never raises.

    `filename` gives the title where the content does not. Cost: linear in the file; run it off the event loop.
    """
    title = title_of(filename)
    known = recognise(data)
    if isinstance(known, Problem):
        return QuizDraft(title, None, (), (known,))
    if known == "zip":
        return _from_sheet(read_rows(data, filename), title)
    text = decode(data)
    if isinstance(text, Problem):
        return QuizDraft(title, None, (), (text,))
    sheet = _sheet_in(text, data, filename)
    if sheet is not None:
        return _from_sheet(sheet, title)
    if len(data) > MAX_TEXT_BYTES:
        large = Problem(None, None, "file.too_large", {"megabytes": MAX_TEXT_BYTES // 1024**2})
        return QuizDraft(title, None, (), (large,))
    kind = _text_format(text)
    if kind is None:
        return QuizDraft(title, None, (), (Problem(None, None, "quiz.unknown_format"),))
    drafts = read_aiken(text) if kind == "aiken" else read_gift(text)
    return drafts.quiz(title, kind)


def _from_sheet(sheet: Sheet | tuple[Problem, ...], title: str) -> QuizDraft:
    if not isinstance(sheet, Sheet):
        return QuizDraft(title, "kahoot", (), Findings(sheet).told())
    header = find_header(sheet.rows)
    if header is None:
        missing = Problem(None, None, "kahoot.no_header", {"lines": HEADER_WITHIN})
        return QuizDraft(title, "kahoot", (), Findings((*sheet.problems, missing)).told())
    drafts = read_kahoot(sheet.rows, header)
    drafts.findings.add(*sheet.problems)
    return drafts.quiz(title_in(sheet.rows, header)[:MAX_TITLE] or title, "kahoot")


_HEADER_WORDS = (
    re.compile("question|题目|题干|问题|试题"),
    re.compile("answer|option|choice|答案|选项"),
    re.compile("correct|right answer|正确|标准答案|答案"),
)


def _sheet_in(text: str, data: bytes, filename: str) -> Sheet | tuple[Problem, ...] | None:
    """The text as a table, or what is wrong with it, where it has the header of one; None where it has not."""
    start = text[:20_000].casefold()
    if not all(words.search(start) for words in _HEADER_WORDS):
        return None
    sheet = read_rows(data, filename)
    if isinstance(sheet, Sheet):
        return sheet if find_header(sheet.rows) is not None else None
    # No table as it stands (a formula, an open quote): the header line alone says whether it was to be one.
    for line in start.splitlines()[:HEADER_WITHIN]:
        if all(words.search(line) for words in _HEADER_WORDS) and re.search(r"[,;\t].*[,;\t].*[,;\t]", line):
            return sheet
    return None


def _text_format(text: str) -> Format | None:
    if text.lstrip().startswith(("{", "[{")):
        return None
    lines = lines_of(text)
    choices = sum(choice_in(line) is not None for line in lines)
    if choices and any(answer_in(line) is not None for line in lines):
        return "aiken"
    if "{" in text or "}" in text or any(line.startswith(("::", "$CATEGORY:")) for line in lines):
        return "gift"
    if choices >= 2 or any(answer_in(line) is not None for line in lines):
        return "aiken"
    return None
