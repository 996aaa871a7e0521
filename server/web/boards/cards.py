"""What boards bring to the phone's Today."""

from rewards.boards import queries
from rewards.boards.rules import season_board, week_board
from rewards.ledger import queries as ledger
from server.web.frame import pages
from server.web.frame.asked import Asked
from server.web.frame.noun import Card, Part


async def _mine(request: Asked) -> dict[str, object]:
    """`points` are the ledger's; `place` 0: on no board yet, or boards are being made again; `week` are the points on
    this week's board."""
    process, me = pages.process(request), pages.signed_in(request)
    today = process.today()
    season = await ledger.season_of(today)
    if season is None:
        return {"season": None}
    board, place, week = season_board(season.id), None, None
    if await queries.are_whole(process.redis):
        place = await queries.place_of(process.redis, board, me.id)
        week = await queries.place_of(process.redis, week_board(season.id, today), me.id)
    return {
        "season": season,
        "points": await ledger.season_points(season.id, me.id),
        "place": place.rank if place else 0,
        "of": await queries.size(process.redis, board),
        "week": week.points if week else 0,
    }


CARDS = (Card("phone.today", _mine, (Part(30, "boards/phone/today.html"),)),)
