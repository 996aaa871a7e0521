"""Draws at the desk: planned, frozen, held by the dice, shown on the screens."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import actions, queries, states
from rewards.draws.eligibility import MOST_POINTS, MOST_TIMES, MOST_TICKETS, Rule, Selection, rule_facts, why
from rewards.draws.queries import DrawRow, HistoryLine
from rewards.draws.rules import MAX_SLOTS
from rewards.draws.states import grouped
from rewards.draws.terms import PrizeTerms, Terms, prizes_flaw
from rewards.ledger import queries as ledger
from rewards.members import queries as members
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import human_code, new_id
from server.web import guards, pages
from server.web.desk.navigation import desk_fragment, desk_page
from server.web.pages import Asked, Form
from server.web.screen import stage

CLAIM_CODE: Final = 8
"""Characters of a claim code: 38 bits."""

SPARE_ROWS: Final = 3
LEAST_ROWS: Final = 5
"""Rows for prizes: some empty ones below those that are there."""

_PRIZE_CODE: Final = "prize-{}"


@dataclass(slots=True)
class Draft:
    """A form as it was filled in: kept as text, so that a mistake loses nothing. `errors`: field -> sentence."""

    values: dict[str, str]
    units: list[str]
    prizes: list[tuple[str, str, str]]
    errors: dict[str, str] = field(default_factory=dict)
    draw: DrawRow | None = None


@get("/desk/draws", guards=[guards.may("draws.read")])
async def list_draws(request: Asked) -> Response[bytes]:
    """All draws, the newest first."""
    found = await queries.draws()
    claims = await queries.claims_of([one.id for one in found])
    return desk_page(request, "desk/draws.html", draws=found, claims=claims)


@get("/desk/draws/new", guards=[guards.may("draws.change")])
async def new_draw(request: Asked) -> Response[bytes]:
    """An empty form for a draw."""
    season = await ledger.season_of(pages.house(request).today())
    values = {"season": "" if season is None else str(season.id), "points_per_ticket": "50", "ticket_cap": "20"}
    return await _form_page(request, Draft(values, [], []))


@get("/desk/draws/{draw_id:uuid}/edit", guards=[guards.may("draws.change")])
async def edit_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The form of a draw that is not frozen."""
    draw = await _draw(draw_id)
    if "edit" not in states.moves_from(draw.state):
        raise Refusal("draw.move")
    return await _form_page(request, await _draft_of(request, draw))


@post("/desk/draws", guards=[guards.may("draws.change")])
async def create_draw(request: Asked) -> Response[bytes]:
    """Plan a draw; mistakes bring the form back as it was filled in."""
    draft, terms = await _read(request)
    if terms is None:
        return await _form_page(request, draft, status=422)
    house, me = pages.house(request), pages.signed_in(request)
    try:
        draw_id = await actions.create_draw(
            house.redis, terms, actor=me.id, now=clock.now(), today=house.today(), new_id=new_id
        )
    except Refusal as refusal:
        return await _form_page(request, _blamed(request, draft, refusal), status=422)
    return pages.go(request, f"/desk/draws/{draw_id}", said="draw.created")


@post("/desk/draws/{draw_id:uuid}/edit", guards=[guards.may("draws.change")])
async def change_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Change a draw that is not frozen."""
    draw = await _draw(draw_id)
    draft, terms = await _read(request, draw)
    if terms is None:
        return await _form_page(request, draft, status=422)
    form = await pages.form(request)
    try:
        await actions.edit_draw(
            pages.house(request).redis,
            draw_id,
            terms,
            expected=form.number("version", least=1, most=2**31 - 1),
            actor=pages.signed_in(request).id,
            now=clock.now(),
            new_id=new_id,
        )
    except Refusal as refusal:
        return await _form_page(request, _blamed(request, draft, refusal), status=422)
    return pages.go(request, f"/desk/draws/{draw_id}", said="draw.edited")


@post("/desk/draws/preview", guards=[guards.may("draws.change")])
async def preview_draw(request: Asked) -> Response[bytes]:
    """Who would be in by what the form says now: a fragment for htmx, the whole form without."""
    form = await pages.form(request)
    draw = await queries.draw(form.uuid("draw")) if form.text("draw", most=40) else None
    draft, terms = await _read(request, draw)
    selection = None
    if terms is not None:
        creator = pages.signed_in(request).id if draw is None else draw.created_by
        selection = await queries.preview(terms.rule, terms.season, creator)
    if pages.is_htmx(request):
        return desk_fragment(request, "desk/draw_new.html", "preview", selection=selection, draft=draft)
    return await _form_page(request, draft, selection=selection)


@get("/desk/draws/{draw_id:uuid}", guards=[guards.may("draws.read")])
async def show_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The line of steps: what each needs, who did it and when, and what can no longer change."""
    return await _draw_page(request, draw_id)


@get("/desk/draws/{draw_id:uuid}/why", guards=[guards.may("draws.read")])
async def ask_why(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """How one member stands in the draw, and why."""
    return await _draw_page(request, draw_id, asked=request.query_params.get("staff_number", "")[:64])


@post("/desk/draws/{draw_id:uuid}/freeze", guards=[guards.may("draws.draw")])
async def freeze_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Freeze the list now and publish what it promises."""
    await actions.freeze(
        pages.house(request).redis,
        draw_id,
        now=clock.now(),
        actor=pages.signed_in(request).id,
        new_id=new_id,
        random_bytes=secrets.token_bytes,
    )
    return pages.go(request, f"/desk/draws/{draw_id}", said="draw.frozen")


@post("/desk/draws/{draw_id:uuid}/dice", guards=[guards.may("draws.draw")])
async def type_dice(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The dice as typed, to be read back before they count; the stage shows them meanwhile."""
    form = await pages.form(request)
    draw = await _draw(draw_id)
    if "hold" not in states.moves_from(draw.state):
        raise Refusal("draw.move")
    redis = pages.house(request).redis
    if form.text("again", most=1):
        await stage.drop_dice(redis, draw_id)
        return pages.go(request, f"/desk/draws/{draw_id}#dice")
    digits = states.clean_digits(form.text("digits", most=400))
    try:
        actions.check_dice(draw.venue, digits)
    except Refusal as refusal:
        words = pages.sentence(refusal.code, refusal.details, pages.locale(request))
        return await _draw_page(request, draw_id, status=422, typed=digits, dice_error=words)
    await stage.keep_dice(redis, draw_id, digits)
    return pages.go(request, f"/desk/draws/{draw_id}#dice")


@post("/desk/draws/{draw_id:uuid}/hold", guards=[guards.may("draws.draw")])
async def hold_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The dice were read back and count: the secrets are opened and the winners are known."""
    form = await pages.form(request)
    redis = pages.house(request).redis
    await actions.hold(
        redis,
        draw_id,
        form.text("digits", most=400),
        actor=pages.signed_in(request).id,
        now=clock.now(),
        new_id=new_id,
        new_code=lambda: human_code(CLAIM_CODE),
    )
    await stage.drop_dice(redis, draw_id)
    return pages.go(request, f"/desk/draws/{draw_id}", said="draw.held")


@post("/desk/draws/{draw_id:uuid}/cancel", guards=[guards.may("draws.draw")])
async def cancel_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Call the draw off, for a reason that is published to the desk."""
    form = await pages.form(request)
    await actions.cancel(
        pages.house(request).redis,
        draw_id,
        actor=pages.signed_in(request).id,
        why=form.text("why", most=500),
        now=clock.now(),
        new_id=new_id,
    )
    return pages.go(request, f"/desk/draws/{draw_id}", said="draw.cancelled")


@post("/desk/draws/{draw_id:uuid}/stage", guards=[guards.may("draws.draw")])
async def put_on_stage(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Show the draw on the screens, or (off=1) no longer."""
    form = await pages.form(request)
    await _draw(draw_id)
    redis = pages.house(request).redis
    if form.text("off", most=1):
        await stage.take_off_screens(redis, draw_id)
        return pages.go(request, f"/desk/draws/{draw_id}", said="draw.off_screens")
    await stage.show_on_screens(redis, draw_id)
    return pages.go(request, f"/desk/draws/{draw_id}", said="draw.on_screens")


@get("/desk/draws/{draw_id:uuid}/stage", guards=[guards.may("draws.read")])
async def open_stage(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The stage in a window of its own, for a projector that hangs on this very computer."""
    return pages.page(request, "screen/stage.html", stage=await _stage(request, draw_id))


@get("/desk/draws/{draw_id:uuid}/stage/now", guards=[guards.may("draws.read")])
async def look_at_stage(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """For that window: nothing as long as it shows what is, else the word to load itself again."""
    shown = await _stage(request, draw_id)
    headers = {} if request.query_params.get("seen") == shown.seen else {"HX-Refresh": "true"}
    return Response(b"", status_code=204, headers=headers)


async def _stage(request: Asked, draw_id: UUID) -> stage.Stage:
    house = pages.house(request)
    return await stage.stage_facts(house.redis, draw_id, public_url=house.resources.settings.public_url)


async def _draw(draw_id: UUID) -> DrawRow:
    found = await queries.draw(draw_id)
    if found is None:
        raise Refusal("draw.unknown")
    return found


async def _draw_page(
    request: Asked, draw_id: UUID, *, status: int = 200, asked: str = "", typed: str = "", dice_error: str = ""
) -> Response[bytes]:
    draw = await _draw(draw_id)
    redis = pages.house(request).redis
    done = {line.code: line for line in await queries.history(draw_id)}
    draft = draw.state == "draft"
    answer, refusal = await _answer(draw, asked)
    waiting = await stage.kept_dice(redis, draw_id) if draw.state == "frozen" else ""
    return desk_page(
        request,
        "desk/draw.html",
        status,
        draw=draw,
        done=done,
        missed=_missed(done),
        prizes=await queries.prizes(draw_id),
        winners=await queries.winners(draw_id),
        selection=await queries.preview(draw.rule, draw.season, draw.created_by) if draft else None,
        rule=rule_facts(draw.rule, await queries.unit_names(draw.rule.units)),
        fingerprint=[] if draw.promise is None else grouped(draw.promise.fingerprint, 8),
        files=queries.FILES[:2] if draw.state == "frozen" else queries.FILES,
        digits=grouped(draw.digits or waiting, 4),
        waiting=waiting,
        throws=int(draw.venue.partition("x")[2]),
        typed=typed,
        dice_error=dice_error,
        asked=asked,
        answer=answer,
        answer_error=refusal,
        on_stage=await stage.on_stage(redis) == draw_id,
        grouped=grouped,
    )


async def _answer(draw: DrawRow, number: str) -> tuple[Mapping[str, object] | None, str]:
    """How the member of this staff number stands; and for one not on a frozen list, how he would stand today."""
    if not number:
        return None, ""
    person = await members.member_by_staff_number(number)
    if person is None:
        return None, "draw.why_unknown_member"
    standing, line = await queries.standing(draw, person.id)
    today = None
    if standing.code == queries.NOT_LISTED:
        (known,) = await queries.candidates(draw.season, [person.id])
        today = why(draw.rule, known, draw.created_by)
    return {"person": person, "standing": standing, "line": line, "today": today}, ""


def _missed(done: Mapping[str, HistoryLine]) -> HistoryLine | None:
    """The freeze that could not be done, unless the draw was changed after it."""
    missed, edited = done.get("draw.not_frozen"), done.get("draw.edited")
    if missed is None or "draw.frozen" in done or (edited is not None and edited.at > missed.at):
        return None
    return missed


async def _form_page(
    request: Asked, draft: Draft, *, status: int = 200, selection: Selection | None = None
) -> Response[bytes]:
    return desk_page(
        request,
        "desk/draw_new.html",
        status,
        draft=draft,
        seasons=[(one.id, one.name) for one in await ledger.seasons()],
        tree=[(str(one.id), " / ".join(one.path), one.within) for one in await members.unit_tree()],
        rows=[*draft.prizes, *([("", "", "")] * max(SPARE_ROWS, LEAST_ROWS - len(draft.prizes)))],
        selection=selection,
    )


async def _draft_of(request: Asked, draw: DrawRow) -> Draft:
    zone = pages.house(request).resources.zone
    rule = draw.rule
    numbers = {
        "min_points": rule.min_points,
        "min_quizzes": rule.min_quizzes,
        "points_per_ticket": rule.points_per_ticket,
        "ticket_cap": rule.ticket_cap,
        "unit_cap": "" if draw.unit_cap is None else draw.unit_cap,
    }
    at = "" if draw.freeze_at is None else draw.freeze_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
    return Draft(
        {"title": draw.title, "season": str(draw.season), "freeze_at": at, "version": str(draw.version)}
        | {name: str(number) for name, number in numbers.items()},
        [str(unit) for unit in rule.units],
        [(prize.code, prize.name, str(prize.quantity)) for prize in await queries.prizes(draw.id)],
        draw=draw,
    )


_FIELDS: Final = ("title", "season", "freeze_at", "version")
_NUMBERS: Final[Mapping[str, tuple[int, int, int]]] = {
    "min_points": (0, MOST_POINTS, 0),
    "min_quizzes": (0, MOST_TIMES, 0),
    "points_per_ticket": (0, MOST_POINTS, 0),
    "ticket_cap": (1, MOST_TICKETS, 20),
}
_BLAMED: Final = {
    "draw.title_invalid": "title",
    "draw.freeze_past": "freeze_at",
    "ledger.unknown_season": "season",
    "draw.unit_unknown": "units",
}
"""Refusals that belong beside a field; the others stand above the prizes, where they come from, or on top."""


async def _read(request: Asked, draw: DrawRow | None = None) -> tuple[Draft, Terms | None]:
    """The form as filled in, and the terms it makes; None with the errors beside their fields."""
    form = await pages.form(request)
    names = (*_FIELDS, *_NUMBERS, "unit_cap")
    draft = Draft({name: _raw(form, name) for name in names}, form.all("units"), _prize_rows(form), draw=draw)

    def wrong(name: str, code: str, **details: int) -> None:
        draft.errors.setdefault(name, pages.sentence(code, details, pages.locale(request)))

    def number(name: str, least: int, most: int, default: int | None) -> int | None:
        try:
            return form.number(name, least=least, most=most) if draft.values[name] else default
        except Refusal:
            wrong(name, "draw.whole_number", least=least, most=most)
            return default

    numbers = {name: number(name, *bounds) or 0 for name, bounds in _NUMBERS.items()}
    unit_cap = number("unit_cap", 1, MAX_SLOTS, None)
    prizes = _prizes(draft.prizes)
    if (flaw := "draw.prize_quantity_invalid" if prizes is None else prizes_flaw(prizes)) is not None:
        wrong("prizes", flaw)
    season = _uuids([draft.values["season"]])
    if not season:
        wrong("season", "draw.season_missing")
    units = _uuids(draft.units)
    if len(units) != len(draft.units):
        wrong("units", "draw.unit_unknown")
    freeze_at = None
    try:
        freeze_at = form.moment("freeze_at", request)
    except (Refusal, OverflowError):
        wrong("freeze_at", "draw.moment_unclear")
    preview = request.url.path.endswith("/preview")
    title = draft.values["title"] or ("-" if preview else "")
    if draft.errors or prizes is None or not season:
        return draft, None
    rule = Rule(units=frozenset(units), **numbers)
    if draw is not None and draw.freeze_at is not None and freeze_at is not None:
        # the field shows whole minutes; a time that was not touched stays exactly as it was
        same = freeze_at == draw.freeze_at.replace(second=0, microsecond=0)
        freeze_at = draw.freeze_at if same else freeze_at
    return draft, Terms(title, season[0], rule, tuple(prizes), unit_cap, freeze_at)


def _raw(form: Form, name: str) -> str:
    return (form.all(name) or [""])[0].strip()[:500]


def _prize_rows(form: Form) -> list[tuple[str, str, str]]:
    """(code, name, quantity) as typed, rows without a name and quantity left out."""
    rows = zip(form.all("prize_code"), form.all("prize_name"), form.all("prize_quantity"), strict=False)
    typed = [(code.strip(), name.strip()[:500], quantity.strip()[:20]) for code, name, quantity in rows]
    return [row for row in typed if row[1] or row[2]]


def _prizes(rows: Sequence[tuple[str, str, str]]) -> list[PrizeTerms] | None:
    """The prizes of the rows, codes made for new ones; None when a quantity is no whole number."""
    taken = {code for code, _, _ in rows}
    fresh = iter(code for n in range(1, 10**6) if (code := _PRIZE_CODE.format(n)) not in taken)
    try:
        return [PrizeTerms(code or next(fresh), name, int(quantity or 1)) for code, name, quantity in rows]
    except ValueError:
        return None


def _uuids(texts: Sequence[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        return []


def _blamed(request: Asked, draft: Draft, refusal: Refusal) -> Draft:
    """The draft with the refusal beside the field that it is about."""
    words = pages.sentence(refusal.code, refusal.details, pages.locale(request))
    where = _BLAMED.get(refusal.code, "prizes" if "prize" in refusal.code else "form")
    return replace(draft, errors={where: words})


HANDLERS = [
    list_draws,
    new_draw,
    edit_draw,
    create_draw,
    change_draw,
    preview_draw,
    show_draw,
    ask_why,
    freeze_draw,
    type_dice,
    hold_draw,
    cancel_draw,
    put_on_stage,
    open_stage,
    look_at_stage,
]
