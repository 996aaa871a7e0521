"""Boards: the season, a week of it, and the units, as members see them."""

from datetime import date
from uuid import UUID

from litestar import Response, get, post

from rewards.boards import actions, queries, rules
from rewards.ledger import queries as ledger
from rewards.ledger.queries import SeasonRow
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.pages import Form

PAGE = 50
SHOWS = ("season", "week", "units")


@get("/desk/boards", guards=[guards.may("boards.read")])
async def show_boards(request: Asked) -> Response[bytes]:
    """One board of one season; which, stands in the address."""
    form, today = asked_for(request), pages.process(request).today()
    seasons = await ledger.seasons()
    season = _season(form, seasons, today)
    shows = next((known for known in SHOWS if known == form.text("shows", most=10)), "season")
    if season is None:
        return desk_page(request, "boards/desk/boards.html", season=None)
    weeks = list(reversed(rules.weeks_kept(season.starts_on, season.ends_on, today)))
    week = _week(form, weeks)
    values: dict[str, object] = {"seasons": seasons, "season": season, "shows": shows, "weeks": weeks, "week": week}
    redis = pages.process(request).redis
    values["whole"] = await queries.are_whole(redis)
    if shows == "units":
        parent = form.text("unit", most=40)
        unit: UUID | None = pages.uuid_of(parent) if parent else None
        values |= {"units": await queries.unit_rows(redis, season.id, unit), "unit": unit}
        return desk_page(request, "boards/desk/boards.html", values=values)
    board = rules.season_board(season.id)
    if shows == "week":
        board = rules.week_board(season.id, week or today)
    first = form.number("from", least=0, most=10_000_000, default=0)
    places = await queries.page(redis, board, first, PAGE)
    values |= {
        "places": places,
        "names": await queries.names([place.member for place in places]),
        "first": first,
        "size": await queries.size(redis, board),
        "page": PAGE,
    }
    return desk_page(request, "boards/desk/boards.html", values=values)


def _season(form: Form, seasons: list[SeasonRow], today: date) -> SeasonRow | None:
    """The one in the address, else today's, else the latest that has begun, else the latest."""
    wanted = form.text("season", most=40)
    for season in seasons:
        if str(season.id) == wanted:
            return season
    begun = [season for season in seasons if season.starts_on <= today]
    return next(iter(begun or seasons), None)


def _week(form: Form, weeks: list[date]) -> date | None:
    wanted = form.text("week", most=10)
    return next((monday for monday in weeks if monday.isoformat() == wanted), weeks[0] if weeks else None)


@post("/desk/boards/rebuild", guards=[guards.may("boards.rebuild")])
async def rebuild_boards(request: Asked) -> Response[bytes]:
    """Those that differ, as the page of health names them, are made again by the worker."""
    await pages.form(request)
    await actions.ask_to_rebuild(
        pages.process(request).redis, at=clock.now(), actor=pages.signed_in(request).id, new_id=new_id
    )
    return pages.go(request, "/desk/health", said="desk.boards_rebuilding")


@post("/desk/boards/loss", guards=[guards.may("boards.rebuild")])
async def read_of_loss(request: Asked) -> Response[bytes]:
    """Somebody has read that Redis had lost what it held; again: nothing."""
    await pages.form(request)
    await actions.read_of_loss(at=clock.now(), actor=pages.signed_in(request).id)
    return pages.go(request, "/desk/health")


HANDLERS = [show_boards, rebuild_boards, read_of_loss]
