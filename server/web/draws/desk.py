"""Draws at the desk: the list, one draw as a line of steps, and why somebody stands as he does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from rewards.draws import queries, states
from rewards.draws.eligibility import rule_facts
from rewards.draws.queries import DrawRow, HistoryLine, PrizeRow, Slot, Venue
from rewards.draws.states import grouped
from rewards.funds import queries as funds
from rewards.members import queries as members
from rewards.refusals import Refusal
from server.runtime import clock
from server.web.draws import steps as draw_steps
from server.web.draws.plan.form import dice_words
from server.web.draws.screen import stage
from server.web.frame import guards, i18n, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_fragment, desk_page
from server.web.frame.i18n import mark as _

PAGE: Final = 50
HEAD: Final = (
    _("Draw"),
    _("Public name"),
    _("Season"),
    _("State"),
    _("People"),
    _("Tickets"),
    _("Prizes"),
    _("Handed over"),
)

LEAST_SHOWN: Final = 10
"""Winners on a page of the desk, where a prize is shown fewer at a time in the hall."""

TOP: Final = frozenset({"draw.move", "draw.own_ticket", "draw.files_unsound", "web.not_allowed"})
"""Refusals that are about no field: they stand above the steps."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What went wrong with a step: the sentence, and what was typed (by name of its field)."""

    field: str
    words: str
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Batch:
    """Winners of one prize as the desk shows them: page `number` (from 1) of `pages`. `prize` None: there is none."""

    prize: PrizeRow | None
    places: Sequence[Slot]
    number: int
    pages: int


@get("/desk/draws", guards=[guards.may("draws.read")])
async def list_draws(request: Asked) -> Response[bytes]:
    """Draws that fit the search, the newest first. Rehearsals stand on the page of what they rehearse."""
    form = asked_for(request)
    text, before = form.text("text", most=100), form.maybe_number("before", least=1, most=2**31 - 1)
    found = await queries.draws(text, before, PAGE + 1)
    shown, here = found[:PAGE], {"text": text}
    values: dict[str, object] = {
        "draws": shown,
        "claims": await queries.claims_of([one.id for one in shown]),
        "count": await queries.draw_count(text),
        "text": text,
        "first": "" if before is None else records.address("/desk/draws", here),
        "next": records.address("/desk/draws", {**here, "before": str(shown[-1].number)}) if len(found) > PAGE else "",
        "xlsx": records.address("/desk/draws/export/xlsx", here),
        "csv": records.address("/desk/draws/export/csv", here),
    }
    return records.answer(request, "draws/desk/draws.html", values)


@get("/desk/draws/export/{kind:str}", guards=[guards.may("draws.read")])
async def export_draws(request: Asked, kind: FromPath[str]) -> Response[bytes]:
    """The draws as they are listed, on all pages."""
    words, say = i18n.translator(pages.locale(request)), pages.speaker(request)
    found = await queries.draws(asked_for(request).text("text", most=100))
    claims = await queries.claims_of([one.id for one in found])
    rows = [
        (
            one.title,
            one.slug,
            one.season_name,
            say(f"draw.state.{one.state}"),
            one.promise.people if one.promise else "",
            one.promise.tickets if one.promise else "",
            one.places,
            claims.get(one.id, (0, 0))[0],
        )
        for one in found
    ]
    head = [words.text(heading) for heading in HEAD]
    return await records.table(kind, f"draws-{pages.process(request).today().isoformat()}", [head, *rows])


@get("/desk/draws/{draw_id:uuid}", guards=[guards.may("draws.read")])
async def show_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The line of steps: what each needs, who did it and when, and what can no longer change."""
    return await draw_page(request, draw_id)


@get("/desk/draws/{draw_id:uuid}/why", guards=[guards.may("draws.read")])
async def ask_why(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """How one member stands in the draw, and why."""
    return await draw_page(request, draw_id, asked=request.query_params.get("staff_number", "")[:64])


@get("/desk/draws/{draw_id:uuid}/now", guards=[guards.may("draws.read")])
async def look_at_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """For a page that stays open: nothing while it shows what is, else that the draw has moved on. A freeze that runs
    says how far it is, and shows the page anew when it ends."""
    draw = await find_draw(draw_id)
    seen = request.query_params.get("seen", "")
    progress = await _progress(request, draw)
    if progress is None and seen == _version(draw):
        return Response(b"", status_code=204)
    if request.query_params.get("watch") == "freeze" and draw.state != "freezing":
        return Response(b"", status_code=204, headers={"HX-Redirect": f"/desk/draws/{draw_id}"})
    return desk_fragment(request, "draws/desk/draw.html", "now", draw=draw, progress=progress, seen=seen)


async def find_draw(draw_id: UUID) -> DrawRow:
    """The draw of this id. Refusal draw.unknown."""
    found = await queries.draw(draw_id)
    if found is None:
        raise Refusal("draw.unknown")
    return found


def slip_of(request: Asked, refusal: Refusal, field: str, **typed: str) -> Slip:
    """A refusal of a step, to be shown beside its field."""
    words = pages.said(request, refusal)
    if refusal.code == "draw.transcript":
        check = "draw.check." + str(refusal.details["check"])
        known = next((code for code in (check, check.rpartition(".")[0]) if code in pages.listing(request).texts), None)
        words = words if known is None else f"{pages.sentence(request, known)} {words}"
    return Slip("" if refusal.code in TOP else field, words, typed)


async def draw_page(
    request: Asked,
    draw_id: UUID,
    *,
    slip: Slip | None = None,
    asked: str = "",
    values: Mapping[str, object] | None = None,
) -> Response[bytes]:
    """The page of a draw. With a slip it is a 422 that has what was typed and what is wrong with it."""
    draw = await find_draw(draw_id)
    process = pages.process(request)
    venue = await queries.venue(draw_id)
    custodians = await queries.custodians(draw_id)
    prizes = await queries.prizes(draw_id)
    winners = await queries.winners(draw_id) if draw.drawn_at is not None else []
    history = await queries.history(draw_id)
    waiting = sum(1 for win in winners if win.state in ("drawn", "called"))
    wanted = draw_steps.dice_wanted(venue)
    typed = await stage.kept_dice(process.redis, draw_id) if wanted is not None else ""
    answer, unknown = await _answer(draw, asked)
    say = pages.speaker(request)
    shown: dict[str, object] = {
        "draw": draw,
        "venue": venue,
        "marks": draw_steps.marks(draw, venue, custodians, clock.now(), prizes=len(prizes), waiting=waiting),
        "custodians": custodians,
        "sealed": draw_steps.is_sealed(custodians),
        "prizes": prizes,
        "rule": rule_facts(draw.rule, await queries.unit_names(draw.rule.units)),
        "history": history,
        "done": {line.code: line for line in history},
        "missed": _missed(draw, history),
        "units": await queries.unit_preview(draw_id) if draw.promise is None else await queries.unit_totals(draw_id),
        "fund_names": {one.id: one.name for one in await funds.funds()},
        "fingerprint": [] if draw.promise is None else grouped(draw.promise.fingerprint, 8),
        "files": await queries.published_names(draw_id),
        "voids": await queries.voids(draw_id),
        "void_options": [(reason, say(f"draw.void.{reason}")) for reason in states.VOID_REASONS],
        "doubts": {(one.prize, one.slot, one.attempt): one for one in (venue.doubts if venue is not None else ())},
        "call_ends": _call_ends(draw, venue),
        "prize_names": {prize.code: prize.name for prize in prizes},
        "round_names": {one.code: one.name for one in draw.rounds},
        "dice": wanted,
        "dice_words": lambda label: dice_words(say, label),
        "typed_dice": typed,
        "batch": _batch(request, venue, prizes),
        "request_batch": "prize" in request.query_params,
        "winners": winners,
        "waiting": waiting,
        "transcripts": await queries.transcripts(draw_id),
        "witnesses": await queries.witnesses(draw_id),
        "alone": draw.state in ("draft", "frozen", "armed") and await queries.is_alone(draw.created_by, draw_id),
        "waiting_logs": await queries.waiting_logs(draw_id),
        "calling_off": await queries.calling_off(draw_id),
        "rehearsals": await queries.rehearsals(draw_id) if draw.rehearses is None else [],
        "progress": await _progress(request, draw),
        "seen": _version(draw),
        "slip": slip,
        "asked": asked,
        "answer": answer,
        "unknown": unknown,
        "on_stage": await stage.on_stage(process.redis) == draw_id,
        "public_url": process.resources.settings.public_url,
        "grouped": grouped,
        **(values or {}),
    }
    return desk_page(request, "draws/desk/draw.html", 200 if slip is None else 422, shown)


def _call_ends(draw: DrawRow, venue: Venue | None) -> dict[tuple[str, int, int], datetime]:
    """(prize, slot, attempt) -> when the countdown of a call ends."""
    seconds = timedelta(seconds=draw.call_seconds)
    places = () if venue is None else venue.places
    return {
        (place.prize, place.slot, place.attempt): place.called_at + seconds
        for place in places
        if place.called_at is not None
    }


def _version(draw: DrawRow) -> str:
    return f"{draw.state}-{draw.version}"


async def _progress(request: Asked, draw: DrawRow) -> int | None:
    """How far a freeze is that runs, in hundredths; None: none runs."""
    if draw.state != "freezing":
        return None
    found = await pages.process(request).redis.get(f"draw:{draw.id}:progress")
    return min(100, int(found)) if found is not None and found.isdigit() else 0


def _batch(request: Asked, venue: Venue | None, prizes: Sequence[PrizeRow]) -> Batch:
    """The winners that the address asks for (?prize=CODE&batch=N); else the first prize with somebody still to call."""
    places = () if venue is None else venue.places
    drawn = {place.prize for place in places}
    shown = [prize for prize in prizes if prize.code in drawn]
    if not shown:
        return Batch(None, (), 1, 1)
    busy = {place.prize for place in places if place.state == "drawn"}
    first = next((prize for prize in shown if prize.code in busy and prize.present), shown[-1])
    wanted = request.query_params.get("prize", "")
    prize = next((one for one in shown if one.code == wanted), first)
    own = [place for place in places if place.prize == prize.code]
    size = max(LEAST_SHOWN, prize.batch)
    number = request.query_params.get("batch", "1")
    count = -(-len(own) // size)
    page = min(int(number), count) if number.isascii() and number.isdigit() and len(number) < 6 and int(number) else 1
    return Batch(prize, own[(page - 1) * size : page * size], page, count)


async def _answer(draw: DrawRow, number: str) -> tuple[Mapping[str, Any] | None, bool]:
    """How the member of this staff number stands, with everything that keeps him out; and whether nobody has it."""
    if not number:
        return None, False
    person = await members.member_by_staff_number(number)
    if person is None:
        return None, True
    chances, line = await queries.chances(draw, person.id)
    reasons = [] if chances.tickets else await queries.reasons(draw, person.id)
    return {"person": person, "chances": chances, "line": line, "reasons": reasons}, False


def _missed(draw: DrawRow, history: Sequence[HistoryLine]) -> HistoryLine | None:
    """The freeze that could not be done, unless something was changed after it."""
    if draw.state != "draft":
        return None
    told = [line for line in history if line.code in ("draw.not_frozen", "draw.edited", "draw.sealed_by")]
    return told[-1] if told and told[-1].code == "draw.not_frozen" else None


HANDLERS = [
    list_draws,
    export_draws,
    show_draw,
    ask_why,
    look_at_draw,
]
