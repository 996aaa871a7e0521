"""Boards on screens: rows with what decides a tie, and the slides of season, week and units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from rewards.boards import queries
from rewards.boards.queries import Shown
from rewards.boards.rules import Placing, season_board, week_board
from rewards.ledger import queries as ledger
from server.runtime.resources import Resources

PLACES: Final = 10


@dataclass(frozen=True, slots=True)
class Gain:
    """What the last question brought a player: his place before (0: none) and the points."""

    was: int
    points: int


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a board. `was`: the place before (0: none), `gained`: points of the last question; None on boards that
    do not tell. `tie`: "ahead" or "behind" of one with equal points, "" otherwise; `reached` decides it: milliseconds
    on right answers in a room, seconds since the start of the season elsewhere."""

    place: int
    member: UUID
    name: str
    unit: str
    points: int
    reached: int
    tie: str
    was: int | None = None
    gained: int | None = None


def lines_of(
    places: Sequence[Placing], names: Mapping[UUID, Shown], gains: Mapping[UUID, Gain] | None = None
) -> list[Line]:
    """Rows with what stands beside the points. Members who are no longer known are left out."""
    shown = [place for place in places if place.member in names]
    made = []
    for index, place in enumerate(shown):
        tie = ""
        if index + 1 < len(shown) and shown[index + 1].points == place.points:
            tie = "ahead"
        if index and shown[index - 1].points == place.points:
            tie = "behind"
        gain = None if gains is None else gains.get(place.member)
        made.append(
            Line(
                place=place.rank,
                member=place.member,
                name=names[place.member].name,
                unit=names[place.member].unit,
                points=place.points,
                reached=place.reached,
                tie=tie,
                was=None if gains is None else 0 if gain is None else gain.was,
                gained=None if gain is None else gain.points,
            )
        )
    return made


async def slides(resources: Resources, now: datetime) -> dict[str, object] | None:
    """The boards of the season that runs; None: no season runs, nobody has points yet, or boards are being made
    again."""
    today = resources.day_of(now)
    season = await ledger.season_of(today)
    if season is None or not await queries.are_whole(resources.redis):
        return None
    whole = await queries.top(resources.redis, season_board(season.id), PLACES)
    week = await queries.top(resources.redis, week_board(season.id, today), PLACES)
    names = await queries.names({place.member for place in (*whole, *week)})
    units = await queries.unit_rows(resources.redis, season.id, None)
    shown = {
        "season": season,
        "season_lines": lines_of(whole, names),
        "week_lines": lines_of(week, names),
        "units": [unit for unit in units if unit.participants][:PLACES],
    }
    return shown if shown["season_lines"] or shown["week_lines"] or shown["units"] else None
