"""Quizzes: the bank, a quiz from a file, how it scores, and a room for it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from games.quizzes import actions, queries, rules
from games.quizzes.formats import Format, QuestionDraft, read_questions
from games.quizzes.queries import QuizRow
from rewards.refusals import Refusal
from rewards.sheets import Problem
from server.runtime import clock
from server.runtime.chance import new_id
from server.runtime.resources import Resources
from server.web.frame import guards, i18n, imports, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.forms import Typed
from server.web.frame.i18n import mark as _
from server.web.frame.pages import Form
from server.web.frame.uploads import Upload

HEAD = (_("Title"), _("Questions"), _("Scoring"), _("Played"), _("Imported"))
SCORINGS: Mapping[str, str] = {
    "none": _("Speed does not count"),
    "kahoot": _("Kahoot's formula"),
    "linear": _("Linear, at least %(percent)s%%"),
}


@get("/desk/quizzes", guards=[guards.may("quizzes.read")])
async def list_quizzes(request: Asked) -> Response[bytes]:
    """The bank, or what of it fits the search; the newest first."""
    text = asked_for(request).text("text", most=100)
    values: dict[str, object] = {
        "quizzes": await queries.quizzes(text),
        "text": text,
        "xlsx": records.address("/desk/quizzes/export/xlsx", {"text": text}),
        "csv": records.address("/desk/quizzes/export/csv", {"text": text}),
    }
    return records.answer(request, "quizzes/desk/quizzes.html", values)


@get("/desk/quizzes/export/{kind:str}", guards=[guards.may("quizzes.read")])
async def export_quizzes(request: Asked, kind: FromPath[str]) -> Response[bytes]:
    """The quizzes as they are listed, without their questions."""
    words, day_of = i18n.translator(pages.locale(request)), pages.process(request).resources.day_of
    rows = [
        (
            one.title,
            one.questions,
            words.text(SCORINGS[one.scoring]) % {"percent": one.floor_percent},
            one.played,
            day_of(one.created_at).isoformat(),
        )
        for one in await queries.quizzes(asked_for(request).text("text", most=100))
    ]
    head = [words.text(heading) for heading in HEAD]
    return await records.table(kind, f"quizzes-{pages.process(request).today().isoformat()}", [head, *rows])


async def _quiz(quiz_id: UUID) -> QuizRow:
    found = await queries.quiz(quiz_id)
    if found is None:
        raise Refusal("quiz.unknown")
    return found


@get("/desk/quizzes/{quiz_id:uuid}", guards=[guards.may("quizzes.read")])
async def show_quiz(request: Asked, quiz_id: FromPath[UUID]) -> Response[bytes]:
    """A quiz, its scoring, and the form that opens a room; its questions with their solutions for who has decided to
    see them."""
    return await _show(request, await _quiz(quiz_id))


async def _show(request: Asked, quiz: QuizRow, typed: Typed | None = None) -> Response[bytes]:
    rooms, me = [*await queries.rooms(live=True), *await queries.rooms(live=False)], pages.signed_in(request).id
    since = await queries.insider_since(quiz.id, me)
    return desk_page(
        request,
        "quizzes/desk/quiz.html",
        400 if typed else 200,
        quiz=quiz,
        since=since,
        questions=await queries.questions(quiz.id) if since else [],
        playing=since is None and await queries.is_playing(quiz.id, me),
        rooms=[room for room in rooms if room.quiz == quiz.id],
        asked=await queries.was_asked(quiz.id),
        given=typed.values if typed else {"scoring": quiz.scoring, "floor": str(quiz.floor_percent)},
        problems=typed.problems if typed else {},
        indexes=rules.indexes_of,
        room_id=new_id(),
    )


@post("/desk/quizzes/{quiz_id:uuid}/answers", guards=[guards.may("quizzes.read")])
async def show_answers(request: Asked, quiz_id: FromPath[UUID]) -> Response[bytes]:
    """Decide to see the solutions, and to play this quiz for nothing but fun from now on."""
    redis, me = pages.process(request).redis, pages.signed_in(request)
    await actions.see(redis, quiz_id, me.id, now=clock.now(), new_id=new_id)
    return pages.go(request, f"/desk/quizzes/{quiz_id}")


@dataclass(frozen=True, slots=True)
class Scoring:
    """How speed counts, as the form says it."""

    kind: rules.Scoring
    floor: int


def _scoring(form: Form) -> Scoring:
    chosen = form.text("scoring", most=10)
    kind = next((known for known in rules.SCORINGS if known == chosen), None)
    if kind is None:
        raise Refusal("quiz.scoring_unknown")
    return Scoring(kind, form.number("floor", least=0, most=100, default=50))


@post("/desk/quizzes/{quiz_id:uuid}/scoring", guards=[guards.may("quizzes.change")])
async def set_scoring(request: Asked, quiz_id: FromPath[UUID]) -> Response[bytes]:
    """How speed counts, until the quiz is first played."""
    form, me = await pages.form(request), pages.signed_in(request)
    typed = Typed(request, form, "scoring", "floor")
    try:
        scoring = _scoring(form)
    except Refusal as refusal:
        typed.wrong("floor", refusal)
        return await _show(request, await _quiz(quiz_id), typed)
    await actions.set_scoring(quiz_id, scoring.kind, scoring.floor, actor=me.id, now=clock.now())
    return pages.go(request, f"/desk/quizzes/{quiz_id}", said="desk.scoring_set")


IMPORT = imports.Import("quiz", "/desk/quizzes/import", "quizzes/desk/quiz_import.html")


@get(IMPORT.address, guards=[guards.may("quizzes.change")])
async def choose_quiz(request: Asked) -> Response[bytes]:
    """Where the file is dropped."""
    return imports.choose(request, IMPORT)


@post(IMPORT.address, guards=[guards.may("quizzes.change")])
async def bring_quiz(request: Asked) -> Response[bytes]:
    """Keep the file and go on to its preview."""
    return await imports.bring(request, IMPORT)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a preview shows of a file above its questions. `errors`: what is wrong with it."""

    title: str
    format: Format | None
    importable: bool
    errors: int
    notes: tuple[Problem, ...]


async def look(_: Resources, brought: Upload) -> imports.Found[Looked, QuestionDraft]:
    """What is in a file."""
    draft = await asyncio.to_thread(read_questions, brought.data, brought.name)
    errors = sum(problem.severity == "error" for problem in draft.problems)
    looked = Looked(draft.title, draft.format, draft.importable, errors, draft.notes)
    return imports.Found(looked, draft.questions, draft.left_out)


async def taken(_: Resources, brought: Upload, told: imports.Told) -> tuple[Sequence[QuestionDraft], bytes]:
    """The questions that are taken, and the .xlsx of the others, b"" for none. Refusal quiz.has_problems."""

    def read() -> tuple[Sequence[QuestionDraft], bytes]:
        draft = read_questions(brought.data, brought.name)
        if not draft.importable:
            raise Refusal("quiz.has_problems")
        rest = told.file("xlsx", IMPORT.kind, draft.headings, draft.left_out) if draft.left_out else b""
        return draft.questions, rest

    return await asyncio.to_thread(read)


async def left_over(_: Resources, brought: Upload, told: imports.Told, kind: str) -> bytes:
    """The questions that are not taken, as a file of this kind."""

    def made() -> bytes:
        draft = read_questions(brought.data, brought.name)
        return told.file(kind, IMPORT.rest, draft.headings, draft.left_out)

    return await asyncio.to_thread(made)


def _large(brought: Upload) -> bool:
    return len(brought.data) > imports.LARGE


@get(IMPORT.address + "/{given:str}", guards=[guards.may("quizzes.change")])
async def preview_quiz(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """The questions as people will see them, with the right answers, and what is wrong by row."""
    return await _preview(request, given, await imports.brought(request, IMPORT, given))


async def _preview(request: Asked, given: str, brought: Upload, problem: str = "", **typed: str) -> Response[bytes]:
    looked, page = await imports.looked(
        request, IMPORT, given, look, brought, large=_large(brought), plain=(Looked, QuestionDraft)
    )
    return desk_page(
        request,
        "quizzes/desk/quiz_preview.html",
        400 if problem else 200,
        token=given,
        file=brought.name,
        looked=looked,
        preview=imports.preview(request, page),
        seconds=actions.DEFAULT_SECONDS,
        problem=problem,
        given=typed or {"title": looked.title, "scoring": "kahoot", "floor": "50"},
    )


@get(IMPORT.address + "/{given:str}/rest/{kind:str}", guards=[guards.may("quizzes.change")])
async def export_quiz_rest(request: Asked, given: FromPath[str], kind: FromPath[str]) -> Response[bytes]:
    """The questions that were not taken, as rows of a sheet, with what is wrong with each."""
    brought, told = await imports.brought(request, IMPORT, given), imports.told(request)
    return records.sent(kind, IMPORT.rest, await pages.away(request, _large(brought), left_over, brought, told, kind))


@post(IMPORT.address + "/{given:str}", guards=[guards.may("quizzes.change")])
async def apply_quiz(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """All good questions at once; the others wait as a file of their own. A wrong title or scoring is said beside the
    form.
    """
    form = await pages.form(request)
    brought = await imports.brought(request, IMPORT, given)
    try:
        scoring = _scoring(form)
        title = form.text("title", most=1000)
        if not 0 < len(title) <= 200:
            raise Refusal("quiz.title_missing")
    except Refusal as refusal:
        return await _preview(
            request,
            given,
            brought,
            pages.said(request, refusal),
            title=form.text("title", most=1000),
            scoring=form.text("scoring", most=10),
            floor=form.text("floor", most=20),
        )
    me = pages.signed_in(request)
    questions, left = await pages.away(request, _large(brought), taken, brought, imports.told(request))
    rest = await imports.done(request, IMPORT, given, brought.name, left)
    quiz_id = await actions.add_quiz(
        title,
        questions,
        scoring=scoring.kind,
        floor_percent=scoring.floor,
        actor=me.id,
        now=clock.now(),
        new_id=new_id,
    )
    return pages.go(request, rest or f"/desk/quizzes/{quiz_id}", said="desk.quiz_added", count=len(questions))


HANDLERS = [
    list_quizzes,
    export_quizzes,
    choose_quiz,
    bring_quiz,
    preview_quiz,
    export_quiz_rest,
    apply_quiz,
    show_quiz,
    show_answers,
    set_scoring,
]
