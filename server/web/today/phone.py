"""The phone's start: what is mine, what is on, what comes; and the page to join a room from."""

from datetime import date
from uuid import UUID

from litestar import Response, get
from redis.asyncio import Redis

from games.quizzes import queries as quizzes
from games.quizzes.queries import RoomRow
from rewards.boards import queries as boards
from rewards.boards.rules import season_board, week_board
from rewards.draws import queries as draws
from rewards.ledger import queries as ledger
from rewards.ledger.queries import SeasonRow
from server.web.frame import guards, pages
from server.web.frame.asked import Asked

LATEST = 3
UNDER_WAY = ("lobby", "question", "reveal")


@get("/", opt={"open": True})
async def show_today(request: Asked) -> Response[bytes]:
    """Mine at a glance; for whoever is not signed in, the door."""
    me = pages.me(request)
    if me is None:
        return pages.page(request, "today/phone/today.html", code="", problem="")
    house = pages.house(request)
    today = house.today()
    season = await ledger.season_of(today)
    live, scheduled = await _rooms()
    return pages.page(
        request,
        "today/phone/today.html",
        season=season,
        mine=None if season is None else await _mine(house.redis, season, me.id, today),
        live=live,
        scheduled=scheduled,
        tickets=await draws.my_tickets(me.id),
        wins=[win for win in await draws.wins_of(me.id) if win.claimed_at is None],
        latest=await ledger.statement(me.id, LATEST),
        say=pages.speaker(request),
    )


async def _mine(redis: Redis, season: SeasonRow, member: UUID, today: date) -> dict[str, int]:
    """Points are the ledger's; `place` 0: on no board yet; `week` are the points on this week's board."""
    board = season_board(season.id)
    place = await boards.place_of(redis, board, member)
    week = await boards.place_of(redis, week_board(season.id, today), member)
    return {
        "points": await ledger.season_points(season.id, member),
        "place": place.rank if place else 0,
        "of": await boards.size(redis, board),
        "week": week.points if week else 0,
    }


async def _rooms() -> tuple[list[RoomRow], list[RoomRow]]:
    """(under way, scheduled by time)."""
    found = await quizzes.rooms(live=True)
    coming = [room for room in found if room.state == "scheduled" and room.opens_at is not None]
    coming.sort(key=lambda room: (room.opens_at, room.id))
    return [room for room in found if room.state in UNDER_WAY], coming


@get("/play", guards=[guards.signed_in])
async def show_play(request: Asked) -> Response[bytes]:
    """Type the room's code, or tap a room that is open."""
    live, scheduled = await _rooms()
    return pages.page(request, "quizzes/phone/play.html", live=live, scheduled=scheduled, code="", problem="")


async def no_such_room(request: Asked, code: str) -> Response[bytes]:
    """The same, with what was typed and what is wrong with it."""
    problem = pages.sentence(request, "room.unknown", {})
    if pages.me(request) is None:
        return pages.page(request, "today/phone/today.html", 404, code=code, problem=problem)
    live, scheduled = await _rooms()
    return pages.page(
        request, "quizzes/phone/play.html", 404, live=live, scheduled=scheduled, code=code, problem=problem
    )


HANDLERS = [show_today, show_play]
