"""What leaves a draw on paper or as a file: the hand-over list, the payroll file, tickets for a drum."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final, Literal
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from rewards.draws import queries
from rewards.draws.queries import DoorRow, Tickets, WinRow
from rewards.draws.states import shown_name
from rewards.refusals import Refusal
from server.web.frame import guards, html, i18n, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.i18n import mark as _
from server.web.frame.pages import Form

TICKETS_A_PAGE: Final = 24
_PIECES: Final = 2000
"""Pieces of a page of tickets that are sent at a time; a ticket is about ten."""

HAND_OVER_HEAD: Final = (
    _("No."),
    _("Prize"),
    _("Winner"),
    _("Staff number"),
    _("Unit"),
    _("Fetched by"),
    _("Date"),
    _("Signature"),
)
PAYROLL_HEAD: Final = (
    _("Staff number"),
    _("Winner"),
    _("Unit"),
    _("Prize"),
    _("Value"),
    _("Handed over on"),
    _("Tax note"),
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket of the drum. `who` is the name as the draw has it set."""

    number: int
    who: str
    unit: str


@dataclass(frozen=True, slots=True)
class Found:
    """Whose a ticket number is; `own` None: the draw has no such ticket."""

    number: int
    own: Tickets | None


@get("/desk/draws/{draw_id:uuid}/hand-over", guards=[guards.may("claims.read")])
async def print_hand_over(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """A list for signatures on A4, in one language or both, by prize or by unit."""
    door, form = await _door(draw_id), asked_for(request)
    languages, order = _languages(request, form), _order(form)
    found = await queries.to_hand_over(draw_id, order)
    return desk_page(
        request,
        "draws/desk/hand_over.html",
        draw=door,
        wins=found,
        head=_head(HAND_OVER_HEAD, languages),
        title=_both(_("Hand-over list"), languages),
        languages=languages,
        language="both" if len(languages) > 1 else languages[0],
        order=order,
    )


@get("/desk/draws/{draw_id:uuid}/hand-over/{kind:str}", guards=[guards.either("claims.hand_over", "audit.read")])
async def export_hand_over(request: Asked, draw_id: FromPath[UUID], kind: FromPath[str]) -> Response[bytes]:
    """The same as a file."""
    door, form = await _door(draw_id), asked_for(request)
    found = await queries.to_hand_over(draw_id, _order(form))
    rows = [_hand_over_row(request, number, win) for number, win in enumerate(found, start=1)]
    table = [_head(HAND_OVER_HEAD, _languages(request, form)), *rows]
    return await records.people(request, kind, f"{door.slug}-hand-over", table, what="hand_over", subject=str(draw_id))


@get("/desk/draws/{draw_id:uuid}/payroll/{kind:str}", guards=[guards.either("claims.hand_over", "audit.read")])
async def export_payroll(request: Asked, draw_id: FromPath[UUID], kind: FromPath[str]) -> Response[bytes]:
    """What was handed over, for the payroll: values in units with two decimals, the tax note left to its reader."""
    door = await _door(draw_id)
    rows: list[Sequence[str | int | Decimal]] = [
        (
            win.staff_number,
            win.name,
            win.unit_path,
            win.prize_name,
            Decimal(win.value).scaleb(-2),
            _day(request, win),
            "",
        )
        for win in await queries.handed_over(draw_id)
    ]
    head = _head(PAYROLL_HEAD, _languages(request, asked_for(request)))
    table = [head, *rows]
    return await records.people(request, kind, f"{door.slug}-payroll", table, what="payroll", subject=str(draw_id))


@get("/desk/draws/{draw_id:uuid}/tickets", guards=[guards.may("draws.read")])
async def show_tickets(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Which tickets to print for a drum, and whose a number is that was drawn from it."""
    door, form = await _door(draw_id), asked_for(request)
    return desk_page(
        request,
        "draws/desk/barrel_tickets.html",
        draw=door,
        most=queries.MOST_TICKETS,
        a_page=TICKETS_A_PAGE,
        starts=range(0, door.tickets, queries.MOST_TICKETS),
        found=await _looked_up(door, form),
        asked=form.text("number", most=20),
        who=_who,
    )


@get("/desk/draws/{draw_id:uuid}/tickets/print", guards=[guards.may("draws.read")])
async def print_tickets(request: Asked, draw_id: FromPath[UUID]) -> Stream:
    """At most 2,000 tickets from a number on, 24 to a page with lines to cut along; sent page by page."""
    door, form = await _door(draw_id), asked_for(request)
    if not door.tickets:
        raise Refusal("draw.not_frozen_yet")
    start = form.number("from", least=0, most=2**31 - 1, default=0)
    lines = await queries.tickets_of(draw_id, start, queries.MOST_TICKETS)
    sheets = _sheets(door, lines, start)
    shown = pages.context(request, draw=door, start=start, last=_last(door, start), struck=_struck(lines, start))
    return Stream(_pages(pages.locale(request), shown, sheets), media_type="text/html")


async def _door(draw_id: UUID) -> DoorRow:
    found = await queries.door(draw_id)
    if found is None:
        raise Refusal("draw.unknown")
    return found


def _languages(request: Asked, form: Form) -> tuple[str, ...]:
    """The reader's own language unless the address names another, or both."""
    wanted = form.text("language", most=10)
    if wanted == "both":
        return i18n.LOCALES
    return (wanted if wanted in i18n.LOCALES else pages.locale(request),)


def _order(form: Form) -> Literal["prize", "unit"]:
    return "unit" if form.text("order", most=10) == "unit" else "prize"


def _both(msgid: str, languages: Sequence[str]) -> str:
    return " / ".join(dict.fromkeys(i18n.translator(language).text(msgid) for language in languages))


def _head(head: Sequence[str], languages: Sequence[str]) -> list[str]:
    return [_both(msgid, languages) for msgid in head]


def _day(request: Asked, win: WinRow) -> str:
    """The organisation's day of the hand-over; "" before it."""
    return "" if win.claimed_at is None else pages.process(request).resources.day_of(win.claimed_at).isoformat()


def _hand_over_row(request: Asked, number: int, win: WinRow) -> Sequence[str | int | Decimal]:
    fetched_by = win.proxy_name or (win.name if win.claimed_at else "")
    return number, win.prize_name, win.name, win.staff_number, win.unit_path, fetched_by, _day(request, win), ""


async def _looked_up(door: DoorRow, form: Form) -> Found | None:
    """Whose the ticket in the address is; None: none was asked for."""
    number = form.maybe_number("number", least=0, most=2**31 - 2)
    if number is None:
        return None
    return Found(number, next(iter(await queries.tickets_of(door.id, number, 1)), None))


def _last(door: DoorRow, start: int) -> int:
    """The last ticket of the print that begins at `start`."""
    return min(door.tickets, start + queries.MOST_TICKETS) - 1


def _struck(lines: Sequence[Tickets], start: int) -> list[tuple[int, int]]:
    """(first, last) of tickets in a print that do not go into the drum, because their line is on the void list."""
    end = start + queries.MOST_TICKETS - 1
    return [(max(one.first, start), min(one.last, end)) for one in lines if one.struck]


def _who(door: DoorRow, one: Tickets) -> str:
    return shown_name(one.name, one.staff_number, door.shown_names)


def _sheets(door: DoorRow, lines: Sequence[Tickets], start: int) -> Iterator[list[Ticket]]:
    """The tickets of a print, a page at a time."""
    sheet: list[Ticket] = []
    for one in lines:
        if one.struck:
            continue
        who = _who(door, one)
        for number in range(max(one.first, start), min(one.last, start + queries.MOST_TICKETS - 1) + 1):
            sheet.append(Ticket(number, who, one.unit))
            if len(sheet) == TICKETS_A_PAGE:
                yield sheet
                sheet = []
    if sheet:
        yield sheet


def _pages(locale: str, shown: dict[str, object], sheets: Iterator[list[Ticket]]) -> Iterator[bytes]:
    """The page as it is made, some pieces at a time."""
    made = html.environment(locale).get_template("draws/desk/barrel_print.html")
    pieces = made.generate({**shown, "locale": locale, "sheets": sheets})
    while piece := "".join(islice(pieces, _PIECES)):
        yield piece.encode()


HANDLERS = [print_hand_over, export_hand_over, export_payroll, show_tickets, print_tickets]
