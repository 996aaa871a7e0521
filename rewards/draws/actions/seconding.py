"""The second word: what one person has begun, another has to say too.

Who gives it holds the draw with the first, and neither gains by it: nobody on the list takes part in holding a draw.
Two accounts are two people unless somebody may stand behind both, by links that he made (`members.queries.hands`).
"""

from datetime import datetime
from uuid import UUID

from rewards.draws import queries
from rewards.members import queries as members
from rewards.refusals import Refusal


async def check_second(draw_id: UUID, first: UUID, second: UUID, *, now: datetime) -> None:
    """Join the caller's transaction: whether `second` may say what `first` has said; see `queries.may_second`.

    Refusals: draw.second.same (it is the same person), draw.second.may, draw.second.hand (one person may stand behind
    both).
    """
    if first == second:
        raise Refusal("draw.second.same")
    if not await queries.may_second(draw_id, second):
        raise Refusal("draw.second.may")
    if not await are_apart(first, second, now=now):
        raise Refusal("draw.second.hand")


async def are_apart(one: UUID, other: UUID, *, now: datetime) -> bool:
    """Whether nobody can have spoken with the codes of both."""
    return not await members.hands(one, now) & await members.hands(other, now)
