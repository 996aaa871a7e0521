"""The boards on a phone: the season, this week, the units; I stand in the middle."""

from collections.abc import Callable
from uuid import UUID

from litestar import Response, get

from rewards.boards import queries
from rewards.boards.queries import Shown
from rewards.boards.rules import Placing, season_board, week_board
from rewards.ledger import queries as ledger
from rewards.members import queries as members
from server.web.frame import guards, pages
from server.web.frame.asked import Asked

TOP = 10
NEIGHBOURS = 2


@get("/boards", guards=[guards.signed_in])
async def show_season(request: Asked) -> Response[bytes]:
    """The season's board."""
    return await _people(request, season_board)


@get("/boards/week", guards=[guards.signed_in])
async def show_week(request: Asked) -> Response[bytes]:
    """This week's board, Monday to Sunday."""
    return await _people(request, lambda season: week_board(season, pages.process(request).today()))


async def _people(request: Asked, board_of: Callable[[UUID], str]) -> Response[bytes]:
    process, me = pages.process(request), pages.signed_in(request)
    today = process.today()
    season = await ledger.season_of(today)
    top: list[Placing] = []
    near: list[Placing] = []
    size = 0
    if season is not None:
        board = board_of(season.id)
        top = await queries.top(process.redis, board, TOP)
        near = await queries.around(process.redis, board, me.id, NEIGHBOURS)
        size = await queries.size(process.redis, board)
    seen = {place.member for place in top}
    near = [place for place in near if place.member not in seen]
    names: dict[UUID, Shown] = await queries.names([place.member for place in (*top, *near)])
    return pages.page(
        request,
        "boards/phone/boards.html",
        season=season,
        top=[place for place in top if place.member in names],
        near=[place for place in near if place.member in names],
        names=names,
        whole=await queries.are_whole(process.redis),
        size=size,
        placed=any(place.member == me.id for place in (*top, *near)),
        rules=await ledger.earning_rules(),
        say=pages.speaker(request),
    )


@get("/boards/units", guards=[guards.signed_in])
async def show_units(request: Asked) -> Response[bytes]:
    """The mean of each unit over its whole roster, with how many took part; mine is marked."""
    process, me = pages.process(request), pages.signed_in(request)
    today = process.today()
    season = await ledger.season_of(today)
    return pages.page(
        request,
        "boards/phone/boards.html",
        season=season,
        whole=await queries.are_whole(process.redis),
        units=[] if season is None else await queries.unit_rows(process.redis, season.id, None),
        mine=await members.units_over(await members.unit_of(me.id, today)),
    )


HANDLERS = [show_season, show_week, show_units]
