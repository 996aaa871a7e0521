"""The form of a draw: planned from parts, with a preview of who would be in while it is filled in."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import actions, queries, states
from rewards.draws.eligibility import Barred, Reason, Rule, Selection, all_reasons, rule_facts, why
from rewards.draws.policy import judge
from rewards.draws.queries import DrawRow
from rewards.draws.terms import LEAST_CUSTODIANS, PrizeTerms, Terms
from rewards.funds import queries as funds
from rewards.ledger import queries as ledger
from rewards.ledger.earnings import Measure, measure_of
from rewards.members import queries as members
from rewards.members.queries import Person
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.draws.plan import draft as draw_draft
from server.web.draws.plan import pictures as draw_pictures
from server.web.draws.plan import reading as draw_reading
from server.web.draws.plan.draft import FRESH, Draft, Row
from server.web.draws.plan.reading import NO_DICE, Found, Known, Reading
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_fragment, desk_page

FOUND: Final = 8
"""People that a search while typing offers."""

DICE: Final = ("d10x4", "d10x6", "d10x10", "d6x6", "d6x12")
VENUES: Final = ("d10x20", "d10x30", "d6x26", "d6x40")
STORED: Final = "stored"
"""Says in the form that a prize keeps the picture it has."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """A condition that counts an earning: what the number is given in, and the things that it can be about."""

    measure: Measure
    subjects: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Lists:
    """What the form offers to choose from, and what its parts need beside the draft."""

    seasons: Sequence[tuple[UUID, str]]
    tree: Sequence[tuple[str, str, int]]
    counted: Mapping[str, Tallied]
    roles: Sequence[tuple[str, str]]
    rounds: Sequence[tuple[str, str]]
    groups: Sequence[tuple[str, str]]
    dice: Sequence[tuple[str, str]]
    redraws: Sequence[tuple[str, str]]
    venues: Sequence[tuple[str, str]]
    budgets: Sequence[tuple[str, str]]
    stocks: Sequence[tuple[str, str]]
    csrf: str
    ask: str
    opened: str
    pictures: str
    kinds: Sequence[str]
    empty: Draft = field(default_factory=lambda: Draft({}, draw_draft.empty_rows()))

    def fresh(self, group: str, kind: str = "") -> Row:
        """A row as the page's script copies it: NEW stands in place of its key."""
        return Row("NEW", {**FRESH[group], "kind": kind, "used": "1"})

    def picture(self, row: Row) -> str:
        """The address of a prize's picture, "" for none."""
        if row["picture"] == STORED:
            return f"{self.pictures}/prizes/{row['code']}/picture" if self.pictures else ""
        return f"/desk/draws/pictures/{row['picture']}" if row["picture"] else ""


@dataclass(frozen=True, slots=True)
class Asking:
    """How somebody asked about stands. `person` None: nobody has this number. `reasons`: the first one first."""

    number: str
    person: Person | None
    tickets: int
    reasons: Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would be in now. `chances`: (tickets, chance of a prize); `units`: (name, people, tickets)."""

    selection: Selection
    warnings: Sequence[tuple[str, Mapping[str, Any]]]
    chances: Sequence[tuple[int, float]]
    english: Sequence[str]
    chinese: Sequence[str]
    units: Sequence[tuple[str, int, int]]
    asked: Asking | None
    reason: Callable[[Reason], str]

    @property
    def out_count(self) -> int:
        """How many are not in."""
        return sum(self.selection.out.values())


@get("/desk/draws/new", guards=[guards.may("draws.change")])
async def new_draw(request: Asked) -> Response[bytes]:
    """An empty form for a draw."""
    season = await ledger.season_of(pages.process(request).today())
    return await _form_page(request, draw_draft.new_draft("" if season is None else str(season.id)))


@get("/desk/draws/{draw_id:uuid}/edit", guards=[guards.may("draws.change")])
async def edit_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The form of a draw that is not frozen."""
    draw = await _draw(draw_id)
    if "edit" not in states.moves_from(draw.state):
        raise Refusal("draw.move")
    return await _form_page(request, await _draft_of(request, draw))


@post("/desk/draws", opt={"page": "/desk/draws/new"}, guards=[guards.may("draws.change")])
async def create_draw(request: Asked) -> Response[bytes]:
    """Plan a draw; mistakes bring the form back as it was filled in."""
    reading, terms = await _read(request, None)
    if terms is None:
        return await _form_page(request, reading.draft, status=422)
    process, me = pages.process(request), pages.signed_in(request)
    try:
        draw_id = await actions.create_draw(
            process.redis, terms, actor=me.id, now=clock.now(), today=process.today(), new_id=new_id
        )
    except Refusal as refusal:
        reading.blame(refusal.code, refusal.details)
        return await _form_page(request, reading.draft, status=422)
    await _put_pictures(request, draw_id, reading.draft, terms)
    return pages.go(request, f"/desk/draws/{draw_id}", said="draw.said_created")


@post("/desk/draws/{draw_id:uuid}/edit", guards=[guards.may("draws.change")])
async def change_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Change a draw that is not frozen."""
    reading, terms = await _read(request, await _draw(draw_id))
    if terms is None:
        return await _form_page(request, reading.draft, status=422)
    expected = draw_draft.whole(reading.draft["version"], 1, 2**31 - 1) or 0
    process, me = pages.process(request), pages.signed_in(request)
    try:
        await actions.edit_draw(
            process.redis, draw_id, terms, expected=expected, actor=me.id, now=clock.now(), new_id=new_id
        )
    except Refusal as refusal:
        reading.blame(refusal.code, refusal.details)
        return await _form_page(request, reading.draft, status=422)
    await _put_pictures(request, draw_id, reading.draft, terms)
    return pages.go(request, f"/desk/draws/{draw_id}", said="draw.said_edited")


@post("/desk/draws/form", status_code=200, guards=[guards.may("draws.change")])
async def change_rows(request: Asked) -> Response[bytes]:
    """A button inside the form, where no script does it: a row more, fewer or elsewhere, or a picture sent."""
    form = await pages.form(request)
    draft = draw_draft.read_draft(form, await _draw_of(form))
    wish = form.text("do", most=100)
    verb, _, rest = wish.partition(":")
    if verb in ("picture", "bare"):
        await _change_picture(request, form, draft, verb, rest.partition(":")[2])
    else:
        draw_draft.change_rows(draft, wish)
    opened = {"round": "rounds", "class": "people", "out": "people"}.get(rest.partition(":")[0], "")
    return await _form_page(request, draft, ask=form.text("ask", most=200), opened=opened)


@post("/desk/draws/preview", status_code=200, guards=[guards.may("draws.change")])
async def preview_draw(request: Asked) -> Response[bytes]:
    """Who would be in by what the form says now: a fragment for htmx, the whole form without."""
    form = await pages.form(request)
    draw = await _draw_of(form)
    reading, terms = await _read(request, draw, preview=True)
    shown = await _preview(request, reading, terms, draw, form.text("ask", most=200))
    if pages.is_htmx(request):
        return desk_fragment(request, "draws/desk/draw_new.html", "preview", preview=shown, draft=reading.draft)
    return await _form_page(request, reading.draft, preview=shown, ask=form.text("ask", most=200))


@get("/desk/draws/people", guards=[guards.may("draws.change")])
async def find_people(request: Asked) -> Response[bytes]:
    """A few people whose name or staff number holds what is typed, for the list below a field."""
    text = request.query_params.get("text", "").replace("\0", "")[:100].strip()
    found = await members.members(text=text, limit=FOUND) if text else []
    return desk_fragment(request, "draws/desk/draw_new.html", "people", people=found)


@post("/desk/draws/pictures", status_code=200, guards=[guards.may("draws.change")])
async def keep_picture(request: Asked) -> Response[dict[str, str]]:
    """Take a picture that was just chosen; say where it can be seen, or what is wrong with it."""
    form = await pages.form(request)
    try:
        given = await draw_pictures.keep(
            pages.process(request).redis, pages.signed_in(request).id, form.files.get("picture")
        )
    except Refusal as refusal:
        return Response({"error": pages.said(request, refusal)})
    return Response({"kept": given, "address": f"/desk/draws/pictures/{given}"})


@get("/desk/draws/pictures/{given:str}", guards=[guards.may("draws.change")])
async def show_kept_picture(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """A picture that waits for its form to be saved."""
    return _picture(await draw_pictures.kept(pages.process(request).redis, pages.signed_in(request).id, given))


@get("/desk/draws/{draw_id:uuid}/prizes/{code:str}/picture", guards=[guards.may("draws.read")])
async def show_picture(draw_id: FromPath[UUID], code: FromPath[str]) -> Response[bytes]:
    """The picture of a prize."""
    return _picture(await queries.prize_picture(draw_id, code[:32]))


def _picture(found: bytes | None) -> Response[bytes]:
    if found is None:
        raise Refusal("web.not_found")
    return Response(found, media_type="image/jpeg", headers={"cache-control": "private, no-cache"})


async def _draw(draw_id: UUID) -> DrawRow:
    found = await queries.draw(draw_id)
    if found is None:
        raise Refusal("draw.unknown")
    return found


async def _draw_of(form: pages.Form) -> DrawRow | None:
    return await _draw(form.uuid("draw")) if form.text("draw", most=40) else None


async def _read(request: Asked, draw: DrawRow | None, *, preview: bool = False) -> tuple[Reading, Terms | None]:
    """The form as filled in, and the terms it makes; None with the errors beside their fields."""
    draft = draw_draft.read_draft(await pages.form(request), draw)
    reading = await _reading(request, draft)
    title = draft["title"]
    if preview and not title:
        draft.values["title"] = "-"
    terms = reading.terms()
    draft.values["title"] = title
    return reading, terms


async def _reading(request: Asked, draft: Draft) -> Reading:
    process = pages.process(request)
    counted, subjects = draw_draft.counted(pages.listing(request).earnings), await _subjects(request)
    typed = {row["who"] for group in ("custodian", "out") for row in draft.rows[group] if row["who"]}

    def say(code: str, details: Mapping[str, object]) -> str:
        return pages.sentence(request, code, details)

    people = {text: await _meant(text) for text in typed}
    return Reading(draft, Known(process.resources.zone, await _tree(), counted, subjects, people, say))


async def _meant(text: str) -> Found:
    """Who is on the roster with this staff number, or alone with this name."""
    if (found := await members.member_by_staff_number(text)) is not None and found.left_on is None:
        return found
    called = [one for one in await members.members(text=text, limit=members.MOST_AT_ONCE) if one.name == text]
    return called[0] if len(called) == 1 else len(called)


async def _subjects(request: Asked) -> dict[str, Mapping[UUID, str]]:
    """Earning -> what its postings can be about, of those that say it."""
    return {one.code: await one.subjects() for one in pages.listing(request).earnings if one.subjects is not None}


async def _tree() -> list[tuple[UUID, str]]:
    return [(one.id, " / ".join(one.path)) for one in await members.unit_tree()]


async def _draft_of(request: Asked, draw: DrawRow) -> Draft:
    custodians = await queries.custodians(draw.id)
    numbers = {}
    for one in custodians:
        if one.member is not None and (person := await members.member(one.member)) is not None:
            numbers[one.member] = person.staff_number
    return draw_reading.draft_of(
        draw,
        await queries.prizes(draw.id),
        custodians,
        await queries.exclusions(draw.id),
        numbers,
        zone=pages.process(request).resources.zone,
        tree=await _tree(),
    )


async def _form_page(
    request: Asked,
    draft: Draft,
    *,
    status: int = 200,
    preview: Preview | None = None,
    ask: str = "",
    opened: str = "",
) -> Response[bytes]:
    while len(draft.rows["custodian"]) < draw_draft.SPARE:
        draft.add("custodian")
    for within in ("", *(row.key for row in draft.rows["class"])):
        for kind in draw_draft.kinds(pages.listing(request).earnings):
            if not any(row["kind"] == kind for row in draft.parts(within)):
                draft.add("part", kind=kind, **{"in": within})
    return desk_page(
        request,
        "draws/desk/draw_new.html",
        status,
        draft=draft,
        preview=preview,
        people=(),
        alone=await queries.is_alone(pages.signed_in(request).id, None if draft.draw is None else draft.draw.id),
        lists=await _lists(request, draft, ask, opened),
    )


async def _lists(request: Asked, draft: Draft, ask: str, opened: str) -> Lists:
    say = pages.speaker(request)
    stored = await funds.funds()

    def dice(labels: Sequence[str], *chosen: str) -> list[tuple[str, str]]:
        known = [*labels, *(label for label in chosen if label and label not in (*labels, NO_DICE))]
        return [(label, dice_words(say, label)) for label in known]

    prizes, rounds = draft.rows["prize"], draft.rows["round"]
    return Lists(
        seasons=[(one.id, one.name) for one in await ledger.seasons()],
        tree=[(str(one.id), " / ".join(one.path), one.within) for one in await members.unit_tree()],
        kinds=draw_draft.kinds(pages.listing(request).earnings),
        counted=await _counted(request, say("draw.form.about_any")),
        roles=[(role, say(f"draw.role.{role}")) for role in draw_draft.ROLES],
        rounds=[(row.key, row["name"] or say("draw.form.round", {"number": n})) for n, row in enumerate(rounds, 1)],
        groups=[("", say("draw.form.any_class")), *((row.key, row["name"]) for row in draft.rows["class"])],
        dice=[("", say("draw.form.no_dice")), *dice(DICE, *(row["dice"] for row in rounds), draft["fresh_dice"])],
        redraws=[
            ("", say("draw.form.by_value")),
            (NO_DICE, say("draw.form.no_dice")),
            *dice(DICE, *(row["redraw"] for row in prizes)),
        ],
        venues=dice(VENUES, draft["venue"]),
        budgets=[("", say("draw.form.no_fund")), *((str(o.id), _fund(o)) for o in stored if o.kind == "money")],
        stocks=[("", say("draw.form.no_fund")), *((str(o.id), _fund(o)) for o in stored if o.kind == "item")],
        csrf=pages.form_token(request),
        ask=ask,
        opened=opened,
        pictures="" if draft.draw is None else f"/desk/draws/{draft.draw.id}",
    )


async def _counted(request: Asked, any_of_them: str) -> dict[str, Tallied]:
    """What the form offers for each kind of condition that counts an earning."""
    options = {
        code: [("", any_of_them), *((str(id), title) for id, title in titles.items())]
        for code, titles in (await _subjects(request)).items()
    }
    return {
        kind: Tallied(measure_of(earning, tally), options.get(earning.code, ()))
        for kind, (earning, tally) in draw_draft.counted(pages.listing(request).earnings).items()
    }


def dice_words(say: Callable[..., str], label: str) -> str:
    """d10x6 in words."""
    sides, _, throws = label.partition("x")
    return say(f"draw.dice.{sides}", {"throws": throws}) if sides in ("d6", "d10") else label


def _fund(one: funds.FundRow) -> str:
    return f"{one.name} ({one.shown(one.free)})"


async def _preview(
    request: Asked, reading: Reading, terms: Terms | None, draw: DrawRow | None, ask: str
) -> Preview | None:
    """None while what decides who is in is not right yet; mistakes elsewhere do not matter."""
    if terms is None:
        # mistakes are counted while it is read, so it is read on a sheet without the earlier ones
        again = Reading(Draft(reading.draft.values, reading.draft.rows), reading.known)
        season, rule = again.season(), again.rule()
        if season is None or rule is None:
            return None
    else:
        season, rule = terms.season, terms.rule
    creator = pages.signed_in(request).id if draw is None else draw.created_by
    custodians, exclusions = reading.custodians(), reading.exclusions()
    selection = await queries.preview(
        rule,
        season,
        creator,
        exclusions=exclusions,
        custodians=custodians,
        prizes=() if terms is None else terms.prizes,
    )
    prizes = () if terms is None else terms.prizes
    return Preview(
        selection=selection,
        warnings=[] if terms is None else await _warnings(selection, terms),
        chances=_chances(selection, prizes),
        english=await sentences(request, rule, terms, "en"),
        chinese=await sentences(request, rule, terms, "zh-Hans"),
        units=_by_unit(selection, dict(reading.known.tree)),
        asked=await _asking(ask, rule, season, creator, reading) if ask else None,
        reason=lambda reason: pages.speaker(request)(f"{reason.code}.count", {"what": reason.what}),
    )


async def sentences(request: Asked, rule: Rule, terms: Terms | None, language: str) -> list[str]:
    """The rule of a draw as sentences of a language, and what of the other terms decides who can win."""
    say = pages.listing(request).speaker(language)
    found = [say(code, details) for code, details in rule_facts(rule, await queries.unit_names(rule.units))]
    if terms is not None:
        found += [say(code, details) for code, details in _winning(terms)]
    return found


def _winning(terms: Terms) -> list[tuple[str, Mapping[str, object]]]:
    """What besides the rule decides who can win, as codes."""
    found: list[tuple[str, Mapping[str, object]]] = []
    if terms.one_win:
        found.append(("draw.rule.one_win", {}))
    if terms.unit_cap is not None:
        found.append(("draw.rule.unit_cap", {"cap": terms.unit_cap}))
    if terms.presence:
        found.append(("draw.rule.presence", {}))
    return found


async def _warnings(selection: Selection, terms: Terms) -> list[tuple[str, Mapping[str, Any]]]:
    """What the prize policy says of it, and what a freeze would still miss."""
    places = sum(prize.quantity for prize in terms.prizes)
    values = [(prize.name, prize.value, prize.quantity) for prize in terms.prizes]
    policy = await queries.policy()
    found: list[tuple[str, Mapping[str, Any]]] = [
        (breach.code, breach.details)
        for breach in judge(policy, len(selection.entrants), places, values, terms.one_win)
    ]
    if not terms.prizes:
        found.append(("draw.prizes_none", {}))
    if len(terms.custodians) < LEAST_CUSTODIANS:
        found.append(("draw.form.custodians_few", {"wanted": LEAST_CUSTODIANS}))
    return found


def _chances(selection: Selection, prizes: Sequence[PrizeTerms]) -> list[tuple[int, float]]:
    """(tickets, about the chance of at least one prize) for the fewest and the most tickets that somebody has.

    As if every ticket were put back: 1 - (1 - t/W)^k. Prizes that are not for everybody are left out.
    """
    places = sum(prize.quantity for prize in prizes if not prize.group and not prize.units)
    if not places or not selection.entrants:
        return []
    held = {entry.tickets for entry in selection.entrants}
    total = selection.tickets
    return [(tickets, 1 - (1 - tickets / total) ** places) for tickets in sorted({min(held), max(held)})]


def _by_unit(selection: Selection, paths: Mapping[UUID, str]) -> list[tuple[str, int, int]]:
    people: Counter[str] = Counter()
    tickets: Counter[str] = Counter()
    for entry in selection.entrants:
        unit = entry.candidate.unit
        name = "" if unit is None else paths.get(unit, "")
        people[name] += 1
        tickets[name] += entry.tickets
    return [(name, people[name], tickets[name]) for name in sorted(people)]


async def _asking(number: str, rule: Rule, season: UUID, creator: UUID, reading: Reading) -> Asking:
    """How somebody stands by what the form says, with everything that keeps him out."""
    person = await _meant(number)
    if isinstance(person, int):
        return Asking(number, None, 0, ())
    (candidate,) = await queries.candidates(rule, season, [person.id])
    left_out = {one.member: one.why for one in reading.exclusions()}
    barred = Barred(creator, frozenset(reading.custodian_members()), left_out)
    chances = why(rule, candidate, barred)
    told = all_reasons(rule, candidate, barred) or [chances]
    return Asking(number, person, chances.tickets, [(one.code, one.details) for one in told])


async def _change_picture(request: Asked, form: pages.Form, draft: Draft, verb: str, key: str) -> None:
    row = next((one for one in draft.rows["prize"] if one.key == key), None)
    if row is None:
        return
    if verb == "bare":
        row.values["picture"] = ""
        return
    try:
        row.values["picture"] = await draw_pictures.keep(
            pages.process(request).redis, pages.signed_in(request).id, form.files.get(f"prize-{key}-file")
        )
    except Refusal as refusal:
        draft.errors[f"prize-{key}-file"] = pages.said(request, refusal)


async def _put_pictures(request: Asked, draw_id: UUID, draft: Draft, terms: Terms) -> None:
    """Give the prizes the pictures that were chosen for them, and take away those that were taken out."""
    process, me = pages.process(request), pages.signed_in(request)
    stored = {prize.code for prize in await queries.prizes(draw_id) if prize.has_picture}
    for row in draft.rows["prize"]:
        codes = [one.code for one in terms.prizes if one.code == row["code"] or one.code.startswith(f"{row['code']}-")]
        for code in codes:
            picture = None
            if row["picture"] and row["picture"] != STORED:
                picture = await draw_pictures.kept(process.redis, me.id, row["picture"])
            if picture is not None or (not row["picture"] and code in stored):
                await actions.set_prize_picture(process.redis, draw_id, code, picture, actor=me.id, now=clock.now())


HANDLERS = [
    new_draw,
    edit_draw,
    create_draw,
    change_draw,
    change_rows,
    preview_draw,
    find_people,
    keep_picture,
    show_kept_picture,
    show_picture,
]
