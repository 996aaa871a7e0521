"""Whether what the phones were told, the tables, the boards, the ledger and the published draw say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rewards import database as db
from rewards.boards import queries as boards
from rewards.boards.rules import room_board
from rewards.draws import queries as draws
from rewards.draws.verify import verify_folder
from rewards.ledger import queries as ledger
from server.commands.checking import differences
from server.demo.phone import Acknowledged
from server.runtime.resources import Resources


@dataclass(frozen=True, slots=True)
class Played:
    """What there is to compare: a room with everybody who played in it, and perhaps a draw."""

    room: UUID
    members: Sequence[UUID]
    log: Acknowledged
    draw: UUID | None
    claimed: int


async def agreement(resources: Resources, played: Played) -> dict[str, Any]:
    """The facts, each counted at its own place, and `agrees`: whether they all fit."""
    rows = await db.rows(
        "SELECT round.id AS round, answer.member, picked, answer.points FROM answer"
        " JOIN round ON round.id = answer.round WHERE round.room = $1 AND round.state = 'closed'",
        played.room,
    )
    stored = {(one["round"], one["member"]): one["picked"] for one in rows}
    acknowledged = played.log.answers
    lost = sum(stored.get(key) != picked for key, picked in acknowledged.items())
    unasked = sum(key not in acknowledged for key in stored)
    totals = dict.fromkeys(played.members, 0)
    for one in rows:
        totals[one["member"]] = totals.get(one["member"], 0) + one["points"]
    answered = {member for _, member in stored}
    places = await boards.points_and_places(resources.redis, room_board(played.room), answered)
    on_board = {member: place.points for member, place in places.items()}
    keys = {f"quiz:{played.room}:{member}": member for member in answered}
    postings = {keys[key]: posted.points for key, (_, posted) in (await ledger.recorded(keys)).items()}
    wanted = {member: totals[member] for member in answered}
    found = await differences(resources)
    drawn = 0 if played.draw is None else len(await draws.winners(played.draw))
    verified = played.draw is not None and await _verified(resources, played.draw)
    agrees = (
        not lost
        and not unasked
        and not played.log.refused
        and bool(stored)
        and on_board == wanted
        and postings == wanted
        and drawn > 0
        and verified
        and played.claimed == 1
        and not found
    )
    return {
        "agrees": agrees,
        "players": len(played.members),
        "answered": len(acknowledged),
        "refused": played.log.refused,
        "stored": len(stored),
        "lost": lost,
        "unacknowledged": unasked,
        "points": {"answers": sum(wanted.values()), "board": sum(on_board.values()), "ledger": sum(postings.values())},
        "posted": len(postings),
        "drawn": drawn,
        "verified": verified,
        "claimed": played.claimed,
        "check": [{"code": one.code, **one.details} for one in found],
    }


async def _verified(resources: Resources, draw_id: UUID) -> bool:
    """Whether a stranger who has only the published folder comes to the same winners."""
    row = await draws.draw(draw_id)
    if row is None or row.promise is None:
        return False
    report = verify_folder(
        resources.settings.data / "draws" / row.slug, manifest=row.promise.fingerprint, code=row.code
    )
    winners = [(one.prize, one.slot, one.line) for one in await draws.winners(draw_id)]
    return report.ok and report.state == "closed" and winners == [(w.prize, w.slot, w.line) for w in report.winners]
