"""Prizes handed over at the desk: a code typed or scanned, once, by somebody else than the winner."""

from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import actions, queries
from rewards.draws.queries import WinRow
from rewards.draws.states import clean_claim_code
from rewards.refusals import Refusal
from server.runtime import clock
from server.web import guards, pages
from server.web.desk.navigation import desk_page
from server.web.limits import Policy
from server.web.pages import Asked

WRONG_CODES: Final = Policy("claim.code", 20, 1 / 30)
"""Codes that are nobody's, by whoever tries them."""


@get("/desk/claims", guards=[guards.may("claims.read")])
async def show_claims(request: Asked) -> Response[bytes]:
    """Where a code is typed, and what was handed over last."""
    return await _claims_page(request)


@post("/desk/claims", guards=[guards.may("claims.read")])
async def find_claim(request: Asked) -> Response[bytes]:
    """A typed code leads to its prize."""
    form = await pages.form(request)
    typed = form.text("code", most=60)
    try:
        win = await _win(request, typed)
    except Refusal as refusal:
        if refusal.code != "claim.unknown":
            raise
        return await _claims_page(request, status=422, typed=typed, wrong=True)
    return pages.go(request, f"/desk/claims/{win.claim_code}")


@get("/desk/claims/{code:str}", guards=[guards.may("claims.read")])
async def show_claim(request: Asked, code: FromPath[str]) -> Response[bytes]:
    """What a scanned code opens: the winner, the prize, and whether it was handed over."""
    return _claim_page(request, await _win(request, code))


@post("/desk/claims/{code:str}/hand-over", guards=[guards.may("claims.hand_over")])
async def hand_over(request: Asked, code: FromPath[str]) -> Response[bytes]:
    """The prize changes hands, for good. A second time is refused with who and when."""
    win = await _win(request, code)
    try:
        await actions.claim(pages.house(request).redis, win.claim_code, by=pages.signed_in(request).id, now=clock.now())
    except Refusal as refusal:
        if refusal.code != "claim.already":
            raise
        return _claim_page(request, await _win(request, code), status=409)
    return pages.go(request, f"/desk/claims/{win.claim_code}", said="claim.handed_over")


async def _win(request: Asked, code: str) -> WinRow:
    """The win of a code; wrong ones are counted and, when there are too many, no longer looked at."""
    limits, who = pages.house(request).limits, str(pages.signed_in(request).id)
    name, capacity, refill = WRONG_CODES.name, WRONG_CODES.capacity, WRONG_CODES.refill_per_second
    taken = await limits.take(name, key=who, capacity=capacity, refill_per_second=refill)
    if not taken.allowed:
        raise Refusal("web.too_many", seconds=taken.retry_after_seconds)
    found = await queries.win_by_code(clean_claim_code(code))
    if found is None:
        raise Refusal("claim.unknown")
    await limits.give_back(name, key=who, capacity=capacity, refill_per_second=refill)
    return found


async def _claims_page(request: Asked, *, status: int = 200, typed: str = "", wrong: bool = False) -> Response[bytes]:
    last = await queries.last_claims()
    return desk_page(request, "desk/claims.html", status, last=last, typed=typed, wrong=wrong)


def _claim_page(request: Asked, win: WinRow, status: int = 200) -> Response[bytes]:
    own = win.member == pages.signed_in(request).id
    return desk_page(request, "desk/claim.html", status, win=win, own=own, refused=status == 409)


HANDLERS = [show_claims, find_claim, show_claim, hand_over]
