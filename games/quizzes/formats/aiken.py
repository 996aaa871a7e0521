"""Aiken: a stem, lettered choices, `ANSWER: X`. After Moodle's question/format/aiken/format.php, and more lenient:
a missing blank after the letter, small letters, stems and choices over several lines, Chinese punctuation.
"""

import re
from dataclasses import dataclass, field

from games.quizzes.formats.draft import Drafts, draft_question, lines_of
from rewards.sheets import Problem

_CHOICE = re.compile(r"([A-Za-z]) ?[)）．、]\s*(\S.*)|([A-Z])\.\s*(\S.*)|([a-z])\.\s+(\S.*)")
_ANSWER = re.compile(r"(?:ANSWER|答案|正确答案)\s*[:：]\s*(.*)", re.IGNORECASE)


def choice_in(line: str) -> tuple[str, str] | None:
    """The letter, as a capital, and the text of a choice; None for any other line."""
    if found := _CHOICE.fullmatch(line):
        letter, text = (part for part in found.groups() if part is not None)
        return letter.upper(), text
    return None


def answer_in(line: str) -> str | None:
    """What stands after `ANSWER:`; None for any other line."""
    found = _ANSWER.fullmatch(line)
    return found[1] if found else None


@dataclass(slots=True)
class _Open:
    """A question being read."""

    line: int
    stem: list[str] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)
    twice: str = ""

    def expected(self) -> str:
        return chr(ord(self.letters[-1]) + 1) if self.letters else "A"


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = lines_of(text)
        self.drafts = Drafts()
        self._open: _Open | None = None
        # For each line: the next line that is not empty, and whether choices start before an answer comes.
        count = len(self.lines)
        self._next = [count] * (count + 1)
        self._starts_anew = [False] * (count + 1)
        for place in range(count - 1, -1, -1):
            line = self.lines[place]
            choice = choice_in(line)
            self._next[place] = place if len(line) > 1 else self._next[place + 1]
            self._starts_anew[place] = self._starts_anew[place + 1]
            if choice is not None and choice[0] == "A":
                self._starts_anew[place] = True
            elif answer_in(line) is not None:
                self._starts_anew[place] = False

    def read(self) -> None:
        for place, line in enumerate(self.lines):
            if not line:
                self._blank(place)
            elif len(line) == 1:
                continue
            elif (answer := answer_in(line)) is not None:
                self._answer(place, answer)
            elif (choice := choice_in(line)) is not None:
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
        choice = choice_in(self.lines[then])
        return ("words",) if choice is None else ("choice", choice[0])

    def _blank(self, place: int) -> None:
        """An empty line ends a question, unless what follows can only belong to it."""
        if self._open is None:
            return
        following = self._following(place)
        if following == ("choice", self._open.expected()) and (not self._open.letters or following[1] != "A"):
            return
        if following == ("answer",) and self._open.letters:
            return
        self._close()

    def _answer(self, place: int, answer: str) -> None:
        if self._open is None:
            self.drafts.take(None, [Problem(place + 1, None, "aiken.answer_alone")])
            return
        self._close(place + 1, answer)

    def _choice(self, place: int, line: str, letter: str, text: str) -> None:
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
        question.letters.append(letter)
        question.options.append([text])

    def _words(self, place: int, line: str) -> None:
        if self._open is not None and self._open.letters:
            if not self._starts_anew[place]:
                self._open.options[-1].append(line)
                return
            self._close()
        if self._open is None:
            self._open = _Open(place + 1)
        self._open.stem.append(line)

    def _close(self, answer_line: int | None = None, answer: str | None = None) -> None:
        question, self._open = self._open, None
        if question is None:
            return
        problems: list[Problem] = []
        right: list[int] = []
        if question.twice:
            problems.append(Problem(question.line, None, "aiken.letter_twice", {"letter": question.twice}))
        if answer is None:
            problems.append(Problem(question.line, None, "aiken.no_answer_line"))
        elif not re.match("[A-Za-z]", answer):
            problems.append(Problem(answer_line, None, "aiken.no_answer_letter"))
        elif answer[0].upper() not in question.letters:
            problems.append(Problem(answer_line, None, "quiz.right_answer_outside", {"value": answer[0].upper()}))
        else:
            right = [question.letters.index(answer[0].upper())]
            if re.fullmatch(r"[A-Za-z]([\s,;、，]*[A-Z])+", answer):
                problems.append(Problem(answer_line, None, "aiken.first_letter_only", {"letter": answer[0]}, "warning"))
        options = [" ".join(lines) for lines in question.options]
        draft, wrong = draft_question(question.line, " ".join(question.stem), options, right)
        if any(problem.severity == "error" for problem in problems):
            draft = None
            wrong = [problem for problem in wrong if problem.code != "quiz.no_right_answer"]
        self.drafts.take(draft, problems + wrong)


def read_aiken(text: str) -> Drafts:
    """The questions and what is wrong, each by the line where its question (or its answer line) stands."""
    reader = _Reader(text)
    reader.read()
    return reader.drafts
