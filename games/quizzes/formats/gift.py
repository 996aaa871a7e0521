"""Moodle's GIFT. The grammar is that of Moodle's own reader (question/format/gift/format.php) and its documentation.

Kinds of question that Laurel does not play are told by line and left out, so that nothing is lost in silence.
"""

import re
from dataclasses import dataclass
from html import unescape

from games.quizzes.formats.answers import TRUE_FALSE, letters_of
from games.quizzes.formats.draft import Drafts, QuestionDraft, cells_of, draft_question, lines_of
from rewards.sheets import Problem

MAX_BLOCK = 20_000

# Escaped signs while a block is taken apart: noncharacters, which cleaning has removed from every file.
_HELD = {sign: chr(0xFDD0 + number) for number, sign in enumerate(":#={}~\\n")}
_FREED = str.maketrans({held: "\n" if sign == "n" else sign for sign, held in _HELD.items()})


@dataclass(frozen=True, slots=True)
class _Block:
    line: int
    text: str


def read_gift(text: str) -> Drafts:
    """The questions and what is wrong or left out, by the line where a question starts."""
    drafts = Drafts()
    category = ""
    for block in _blocks(text):
        if block.text.startswith("$CATEGORY:"):
            category = _category(block.text.removeprefix("$CATEGORY:"))
            continue
        if len(block.text) > MAX_BLOCK:
            long = Problem(block.line, None, "gift.too_long", {"limit": MAX_BLOCK})
            drafts.take(None, [long], block.line, cells_of(block.text[:MAX_BLOCK]))
            continue
        reading = _Reading(block.line, category)
        question = reading.question(block.text)
        drafts.take(question, reading.problems, block.line, reading.cells or cells_of(block.text))
    return drafts


def _blocks(text: str) -> list[_Block]:
    """What stands between blank lines, without comment lines; a category line is a block of its own."""
    blocks: list[_Block] = []
    start, lines = 0, list[str]()

    def close() -> None:
        if lines:
            blocks.append(_Block(start, "\n".join(lines)))
            lines.clear()

    for number, line in enumerate(lines_of(text), start=1):
        if line.startswith("//"):
            continue
        if not line:
            close()
        elif line.startswith("$CATEGORY:"):
            close()
            blocks.append(_Block(number, line))
        else:
            if not lines:
                start = number
            lines.append(line)
    close()
    return blocks


def _category(written: str) -> str:
    """`$course$/top/Safety/Fire` -> `Safety/Fire`. Moodle writes a slash inside a name as `//`."""
    held = written.replace("//", "\ufdd0")
    parts = [part.strip() for part in held.split("/")]
    named = [part for part in parts if part and not re.fullmatch(r"\$.*\$", part)]
    if named[:1] == ["top"]:
        named = named[1:]
    return "/".join(named).replace("\ufdd0", "//")


@dataclass(frozen=True, slots=True)
class _Choice:
    marked: bool
    weight: float | None
    text: str
    feedback: str


class _Reading:
    def __init__(self, line: int, category: str) -> None:
        self.line, self.category = line, category
        self.problems: list[Problem] = []
        self.cells: tuple[str, ...] = ()
        self._format = ""
        self._picture = False

    def _wrong(self, code: str) -> None:
        self.problems.append(Problem(self.line, None, code))

    def _doubtful(self, code: str) -> None:
        self.problems.append(Problem(self.line, None, code, severity="warning"))

    def question(self, block: str) -> QuestionDraft | None:
        text = re.sub(r"\\([:#={}~\\n])", lambda match: _HELD[match[1]], block)
        name = ""
        if text.startswith("::") and (end := text.find("::", 2)) > 0:
            name, text = self._plain(text[2:end]), text[end + 2 :].lstrip()
        opening, closing = text.find("{"), text.find("}")
        if opening < 0 and closing < 0:
            self._doubtful("gift.description_left_out")
            return None
        if opening < 0 or closing < opening:
            self._wrong("gift.brace_alone")
            return None
        before, answers, after = text[:opening], text[opening + 1 : closing], text[closing + 1 :]
        if "{" in after or "}" in after or "{" in answers:
            self._wrong("gift.two_blocks")
            return None
        if not re.fullmatch(r'(?:[";,\s]|</[a-z]{1,10}>)*', after):
            before = f"{before}_____{after}"
        self._format, before = self._format_of(before)
        stem = self._words(before)
        answers, _, general = answers.partition("####")
        return self._answers(answers.strip(), self._words(general), stem, name)

    def _answers(self, answers: str, general: str, stem: str, name: str) -> QuestionDraft | None:
        head, _, rest = answers.partition("#")
        if not answers:
            self._doubtful("gift.essay_left_out")
            return None
        if answers.startswith("#"):
            self._doubtful("gift.numerical_left_out")
            return None
        if "~" in answers:
            return self._choices(answers, general, stem, name)
        if "=" in answers and "->" in answers:
            self._doubtful("gift.matching_left_out")
            return None
        if head.strip().upper() in ("T", "TRUE", "F", "FALSE"):
            if_wrong, _, if_right = (self._words(part) for part in rest.partition("#"))
            right = 0 if head.strip().upper().startswith("T") else 1
            explanation = general or if_right or if_wrong
            return self._drafted(stem, TRUE_FALSE, [right], explanation, name)
        self._doubtful("gift.short_answer_left_out")
        return None

    def _choices(self, answers: str, general: str, stem: str, name: str) -> QuestionDraft | None:
        first, *pieces = re.split("(?=[~=])", answers)
        if first.strip():
            self._wrong("gift.text_before_answers")
            return None
        choices = [self._choice(piece) for piece in pieces if piece[1:].strip()]
        if any(choice.marked for choice in choices):
            right = [place for place, choice in enumerate(choices) if choice.marked or choice.weight == 100]
            if any(not choice.marked and 0 < (choice.weight or 0) < 100 for choice in choices):
                self._doubtful("gift.part_marks_not_kept")
            if len(right) > 1:
                self._doubtful("gift.several_right")
            several = len(right) > 1
        else:
            right = [place for place, choice in enumerate(choices) if (choice.weight or 0) > 0]
            several = True
        of_right = " ".join(choices[place].feedback for place in right if choices[place].feedback)
        explanation = general or of_right
        if any(choice.feedback and choice.feedback not in explanation for choice in choices):
            self._doubtful("gift.feedback_not_kept")
        return self._drafted(stem, [choice.text for choice in choices], right, explanation, name, several=several)

    def _choice(self, piece: str) -> _Choice:
        body = piece[1:].strip()
        weight: float | None = None
        if found := re.match(r"%(-?[0-9]{1,3}(?:\.[0-9]{1,6})?)%", body):
            weight, body = float(found[1]), body[found.end() :]
        text, _, feedback = body.partition("#")
        return _Choice(piece[0] == "=", weight, self._words(text).replace("\n", " / "), self._words(feedback))

    def _drafted(
        self,
        stem: str,
        options: list[str] | tuple[str, ...],
        right: list[int],
        explanation: str,
        name: str,
        *,
        several: bool = False,
    ) -> QuestionDraft | None:
        if self._picture:
            self._doubtful("quiz.picture_left_out")
        question, wrong = draft_question(
            self.line,
            stem,
            options,
            right,
            several=several,
            explanation=explanation,
            category=self.category,
            name=name,
        )
        self.problems.extend(wrong)
        told = letters_of([place + 1 for place in right])
        self.cells = cells_of(stem, options, told, explanation)
        return question

    def _format_of(self, text: str) -> tuple[str, str]:
        """The format that a part names in front, else the question's own; and the part without it."""
        if found := re.match(r"\s*\[(html|moodle|plain|markdown)\]", text):
            return found[1], text[found.end() :]
        return self._format, text

    def _words(self, text: str) -> str:
        kind, text = self._format_of(text)
        if kind not in ("html", "moodle"):
            return self._plain(text)
        words, picture = words_of_html(_unwrapped(text).translate(_FREED))
        self._picture = self._picture or picture
        return words

    def _plain(self, text: str) -> str:
        return _unwrapped(text).translate(_FREED).strip()


def _unwrapped(text: str) -> str:
    """Lines that an author wrapped, joined; Chinese without a blank. Breaks that are meant are written `\\n`."""
    text = re.sub("(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u3000-\u9fff\uff00-\uffef])", "", text.strip())
    return text.replace("\n", " ")


_HIDDEN = (
    (re.compile("<!--"), re.compile("-->")),
    (re.compile("<(?:script|style)(?=[\\s/>])", re.IGNORECASE), re.compile("</(?:script|style)[^<>]*>", re.IGNORECASE)),
)
_TAG = re.compile("<(?:/?([a-zA-Z][a-zA-Z0-9]*)|[!?])[^<>]*>")
_BREAKS = frozenset(("br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote"))
_PICTURES = frozenset(("img", "picture", "video", "audio", "object", "embed", "iframe", "svg"))


_RAISED = re.compile(r"<(sup|sub)>([^<>]{1,40})</\1>", re.IGNORECASE)
_SIGNS = {"sup": str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ"), "sub": str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")}


def _raised(found: re.Match[str]) -> str:
    """`10²` and `x^(th)`: 10<sup>2</sup> is not 102."""
    kind = found[1].lower()
    drawn = found[2].translate(_SIGNS[kind])
    return f"{'^' if kind == 'sup' else '_'}({found[2]})" if re.search("[0-9A-Za-z]", drawn) else drawn


def words_of_html(text: str) -> tuple[str, bool]:
    """The words of a piece of HTML, lines where its blocks break, without comments, scripts and styles; and whether it
    shows a picture or plays something.

    Linear whatever the text: the library's HTML parser takes quadratic time on tags that are never closed.
    """
    for start, end in _HIDDEN:
        shown, place = list[str](), 0
        while opened := start.search(text, place):
            shown.append(text[place : opened.start()])
            closed = end.search(text, opened.end())
            place = closed.end() if closed else len(text)
        text = "".join(shown) + text[place:]
    text = _RAISED.sub(_raised, text)
    names = {(tag[1] or "").lower() for tag in _TAG.finditer(text)}
    text = _TAG.sub(lambda tag: "\n" if (tag[1] or "").lower() in _BREAKS else "", text.replace("\n", " "))
    lines = (" ".join(line.split()) for line in unescape(text).split("\n"))
    return "\n".join(line for line in lines if line), not names.isdisjoint(_PICTURES)
