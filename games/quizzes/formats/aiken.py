"""Aiken: a stem, lettered choices, `ANSWER: X`. After Moodle's question/format/aiken/format.php, and more lenient:
choices as `A)`, `A.`, `A、`, `(A)`, `A -` and `A:`, several in a line, small letters, stems and choices over several
lines, several right answers (`答案：ABD`), the answer in the brackets of the stem, statements that are true or false,
an explanation.
"""

import re
from dataclasses import dataclass, field

from games.quizzes.formats.answers import (
    HALVES,
    TRUE_FALSE,
    Right,
    emptied,
    held_answers,
    letters_of,
    read_right,
    read_signs,
    truth_told,
)
from games.quizzes.formats.draft import Drafts, cells_of, draft_question, lines_of
from rewards.sheets import Problem

_CHOICE = re.compile(
    r"([A-Za-z]) ?[)）．、]\s*(\S.*)|([A-Z])\.\s*(\S.*)|([a-z])\.\s+(\S.*)|[(（【]([A-Za-z])[)）】]\s*(\S.*)"
)
# Lines of a talk begin so too: only where none of the others stand between two answer lines.
_LOOSE_CHOICE = re.compile(r"([A-Za-z]) ?[:：]\s*(\S.*)|([A-Za-z]) [-–—] (\S.*)|([A-Z])[-–—](\S.*)")
_NEXT_CHOICE = r"(?:\s|(?<=[^\sA-Za-z(（【]))[(（【]?{letter}(?:[)）】]|\s?[.．、:：])\s*(?=\S)"
_WORD = r"(?:ANSWERS?|CORRECT(?: ANSWERS?)?|RIGHT ANSWERS?|KEY|(?:正确|参考|标准)?答案|正确选项)"
_ANSWER = re.compile(
    rf"(?:{_WORD}\s*[:：]|[【\[（(]{_WORD}[】\]）)]\s*[:：]?|(?:正确|参考|标准)?答案(?:为|是)?(?=\s*[A-HＡ-Ｈ√×对错正]))\s*(.*)",
    re.IGNORECASE,
)
_EXPLANATION = re.compile(
    r"[【\[]?(?:(?:答案|试题|题目)?(?:解析|详解|解释)|EXPLANATION|FEEDBACK)(?:[】\]]\s*[:：]?|\s*[:：])\s*(.*)",
    re.IGNORECASE,
)
_PART = re.compile(
    r"[(（]?[一二三四五六七八九十]+[)）]?\s*[、.．]?\s*(?:单|多|不定|判断|是非|选择)[^？?。]{0,40}题[^？?。]{0,40}"
)


def choice_in(line: str, *, loose: bool = False) -> tuple[str, str] | None:
    """The letter, as a capital, and the text of a choice; None for any other line. `loose`: also `A:` and `A -`."""
    # Full-width letters and signs in front, as Chinese input methods write them.
    line = line[:4].translate(HALVES) + line[4:]
    found = _CHOICE.fullmatch(line) or (_LOOSE_CHOICE.fullmatch(line) if loose else None)
    if found:
        letter, text = (part for part in found.groups() if part is not None)
        return letter.upper(), text
    return None


def answer_in(line: str) -> str | None:
    """What stands after `ANSWER:`; None for any other line."""
    found = _ANSWER.fullmatch(line)
    return found[1] if found else None


def statement_in(line: str) -> bool:
    """Whether it ends with brackets that say true or false: `会员须缴纳会费。（√）`."""
    held = held_answers(line[-12:])
    return bool(held) and truth_told(held[-1]) is not None and line[-1] in ")）]】"


def _choices_in(lines: list[str]) -> list[tuple[str, str] | None]:
    """The choice of each line. The looser forms count where no usual one begins between two answer lines."""
    choices: list[tuple[str, str] | None] = []
    start = 0
    for place in range(len(lines) + 1):
        if place < len(lines) and answer_in(lines[place]) is None:
            continue
        piece = lines[start : place + 1]
        usual = [choice_in(line) for line in piece]
        if not any(choice is not None and choice[0] == "A" for choice in usual):
            usual = [choice_in(line, loose=True) for line in piece]
        choices += usual
        start = place + 1
    return choices


@dataclass(slots=True)
class _Open:
    """A question being read. `answer` None: no answer line yet."""

    line: int
    stem: list[str] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)
    twice: str = ""
    answer: str | None = None
    answer_line: int | None = None
    answers_differ: bool = False
    explanation: list[str] = field(default_factory=list)

    def expected(self) -> str:
        return chr(ord(self.letters[-1]) + 1) if self.letters else "A"

    def add(self, letter: str, text: str) -> None:
        """A choice, and those behind it in its line."""
        while True:
            self.letters.append(letter)
            letter = chr(ord(letter) + 1)
            then = re.search(_NEXT_CHOICE.format(letter=letter), text) if letter <= "Z" else None
            self.options.append([text[: then.start()].strip() if then else text])
            if then is None:
                return
            text = text[then.end() :]


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = lines_of(text)
        self.drafts = Drafts()
        self._open: _Open | None = None
        self._choices = _choices_in(self.lines)
        # For each line: the next line that is not empty, and whether choices start before an answer comes.
        count = len(self.lines)
        self._next = [count] * (count + 1)
        self._starts_anew = [False] * (count + 1)
        for place in range(count - 1, -1, -1):
            line = self.lines[place]
            choice = self._choices[place]
            self._next[place] = place if len(line) > 1 else self._next[place + 1]
            self._starts_anew[place] = self._starts_anew[place + 1]
            if choice is not None and choice[0] == "A":
                self._starts_anew[place] = True
            elif answer_in(line) is not None:
                self._starts_anew[place] = False

    def read(self) -> None:
        for place, line in enumerate(self.lines):
            question = self._open
            if not line:
                self._blank(place)
            elif len(line) == 1:
                continue
            elif (answer := answer_in(line)) is not None:
                self._answer(place, line, answer)
            elif question is not None and (found := _EXPLANATION.fullmatch(line)):
                question.explanation.append(found[1])
            elif _PART.fullmatch(line) and (question is None or question.answer is not None or question.letters):
                self._close()
            elif (choice := self._choices[place]) is not None:
                self._choice(place, line, *choice)
            else:
                self._words(place, line)
        self._close()

    def _following(self, place: int) -> tuple[str, ...]:
        """The next line that is not empty: ("answer",), ("choice", letter) or ("words",); () at the end."""
        then = self._next[place + 1]
        if then >= len(self.lines):
            return ()
        if answer_in(self.lines[then]) is not None:
            return ("answer",)
        choice = self._choices[then]
        return ("words",) if choice is None else ("choice", choice[0])

    def _blank(self, place: int) -> None:
        """An empty line ends a question, unless what follows can only belong to it."""
        if self._open is None:
            return
        following = self._following(place)
        if self._open.answer is not None:
            then = self._next[place + 1]
            if not (then < len(self.lines) and _EXPLANATION.fullmatch(self.lines[then])):
                self._close()
            return
        if following == ("choice", self._open.expected()) and (not self._open.letters or following[1] != "A"):
            return
        if following == ("answer",) and self._open.letters:
            return
        self._close()

    def _answer(self, place: int, line: str, answer: str) -> None:
        if self._open is None or self._open.answer is not None:
            if self._open is not None and self._open.answer != answer:
                self._open.answers_differ = True
            self._close()
            self.drafts.take(None, [Problem(place + 1, None, "aiken.answer_alone")], place + 1, cells_of(line))
            return
        self._open.answer, self._open.answer_line = answer, place + 1

    def _choice(self, place: int, line: str, letter: str, text: str) -> None:
        if self._open is not None and self._open.answer is not None:
            self._close()
        question = self._open
        if question is None or not question.letters:
            # A stem may begin "A. Einstein ...": it is one if the choices only start on the next line.
            if letter != "A" or self._following(place) == ("choice", "A"):
                self._words(place, line)
                return
            if question is None:
                question = self._open = _Open(place + 1)
        elif letter == "A":
            self._close()
            self._choice(place, line, letter, text)
            return
        elif letter in question.letters:
            question.twice = question.twice or letter
        elif letter < question.letters[-1]:
            self._words(place, line)
            return
        question.add(letter, text)

    def _words(self, place: int, line: str) -> None:
        question = self._open
        if question is not None and question.answer is not None:
            # An explanation may run on, until an empty line or what begins a question.
            numbered = re.match(r"\d+\s*[.、．)）]", line) is not None
            runs_on = question.explanation and self.lines[place - 1] and not numbered
            if runs_on and self._following(place) != ("choice", "A"):
                question.explanation.append(line)
                return
            self._close()
        elif question is not None and question.letters:
            if not self._starts_anew[place]:
                question.options[-1].append(line)
                return
            self._close()
        if self._open is None:
            self._open = _Open(place + 1)
        self._open.stem.append(line)
        if statement_in(line) and self._following(place)[:1] not in (("choice",), ("answer",)):
            self._close()

    def _close(self) -> None:
        question, self._open = self._open, None
        if question is None:
            return
        stem = " ".join(question.stem)
        options = [" ".join(lines) for lines in question.options]
        explanation = " ".join(question.explanation)
        problems: list[Problem] = []

        def tell(code: str, *, warning: bool = False, line: int = question.line, **details: str | int) -> None:
            problems.append(Problem(line, None, code, details, "warning" if warning else "error"))

        answer, answer_line = question.answer, question.answer_line
        held = held_answers(stem)
        if answer is None and len(held) == 1 and (truth_told(held[0]) is None) == bool(options):
            answer, answer_line, stem = held[0], question.line, emptied(stem)
        elif answer is not None and len(held) == 1 and (truth_told(held[0]) is None) == bool(options):
            if read_signs(held[0]) == read_signs(answer) and truth_told(held[0]) == truth_told(answer):
                tell("bank.answer_hidden", warning=True, value=held[0])
                stem = emptied(stem)
            else:
                tell("bank.answer_differs", warning=True, value=answer[:40], held=held[0])
        if question.twice:
            tell("aiken.letter_twice", letter=question.twice)
        elif missing := next((one for place, one in enumerate(question.letters) if one != chr(65 + place)), None):
            tell("aiken.letter_missing", warning=True, letter=chr(65 + question.letters.index(missing)))
        right = Right(())
        if question.answers_differ:
            tell("aiken.answers_differ")
        if answer is None and len(held) > 1:
            tell("aiken.several_brackets", count=len(held))
        elif answer is None:
            tell("aiken.no_answer_line")
        elif not options and (said := truth_told(answer)) is not None:
            options, right = list(TRUE_FALSE), Right((said + 1,))
        else:
            right = self._right(question, answer, options)
            if right.code:
                code = "aiken.no_answer_letter" if right.code in _NO_LETTER else right.code
                details = {} if right.code in _NO_LETTER else right.details
                line = answer_line or question.line
                tell(code, warning=bool(right.numbers), line=line, **details)
        places = [number - 1 for number in right.numbers]
        draft, wrong = draft_question(question.line, stem, options, places, explanation=explanation)
        if any(problem.severity == "error" for problem in problems):
            wrong = [problem for problem in wrong if problem.code != "quiz.no_right_answer"]
            draft = None
        told = letters_of(right.numbers) or question.answer or ""
        self.drafts.take(draft, problems + wrong, question.line, cells_of(stem, options, told, explanation))

    def _right(self, question: _Open, answer: str, options: list[str]) -> Right:
        """As `read_right`; numbers are places among the choices, as letters may be missing."""
        lettered = {ord(letter) - 64: text for letter, text in zip(question.letters, options, strict=True)}
        right = read_right(answer, lettered, lettered=True)
        if re.search("[0-9０-９]", answer) and right.numbers and not re.search("[A-Za-z]", answer):
            # Numbers are no letters, unless they are the text of a choice.
            by_text = [number for number, text in lettered.items() if text == answer]
            right = Right(tuple(by_text)) if by_text else Right((), "kahoot.right_answer_unclear")
        order = list(lettered)
        return Right(tuple(sorted(order.index(number) + 1 for number in right.numbers)), right.code, right.details)


_NO_LETTER = ("quiz.no_right_answer", "kahoot.right_answer_unclear")


def read_aiken(text: str) -> Drafts:
    """The questions and what is wrong, each by the line where its question (or its answer line) stands."""
    reader = _Reader(text)
    reader.read()
    return reader.drafts
