"""The second word: what one person has begun, another has to say too.

Who gives it holds the draw with the first, and neither gains by it: nobody on the list takes part in holding a draw.
"""

from uuid import UUID

from rewards.draws import queries
from rewards.refusals import Refusal


async def check_second(draw_id: UUID, first: UUID, second: UUID) -> None:
    """Join the caller's transaction: whether `second` may say what `first` has said; see `queries.may_second`.

    Refusals: draw.second.same (it is the same person), draw.second.may.
    """
    if first == second:
        raise Refusal("draw.second.same")
    if not await queries.may_second(draw_id, second):
        raise Refusal("draw.second.may")
