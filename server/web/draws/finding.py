"""Draws and prizes in the find field."""

from collections.abc import Sequence
from typing import Final

from rewards.draws import queries
from rewards.draws.claims import CODE_LENGTH
from rewards.draws.states import clean_claim_code
from server.web.frame import pages, records
from server.web.frame.asked import Asked
from server.web.frame.i18n import mark as _
from server.web.frame.limits import Policy
from server.web.frame.noun import Finder, Found

WRONG_CODES: Final = Policy("claim.found", 20, 1 / 30)
"""What has the form of a claim code and is nobody's, by whoever looks for it: codes are not to be guessed here."""


async def _draws(_request: Asked, text: str, limit: int) -> Sequence[Found]:
    """By title, number or public name; no rehearsals."""
    return [Found(f"/desk/draws/{draw}", title, slug) for draw, title, slug in await queries.draws_called(text, limit)]


async def _prizes(request: Asked, text: str, limit: int) -> Sequence[Found]:
    """The one prize of a whole claim code."""
    code = clean_claim_code(text)
    if len(code) != CODE_LENGTH:
        return []
    limits, who = pages.process(request).limits, str(pages.signed_in(request).id)
    if not (await limits.tried(WRONG_CODES, who)).allowed:
        return []
    win = await queries.win_by_code(code)
    if win is None:
        return []
    await limits.right(WRONG_CODES, who)
    return [Found(f"/desk/claims/{code}", win.prize_name, f"{win.name} · {win.title}")]


FINDERS = (
    Finder(40, _("Draws"), "draws.read", _draws, lambda text: records.address("/desk/draws", {"text": text})),
    Finder(50, _("Prizes"), "claims.read", _prizes),
)
