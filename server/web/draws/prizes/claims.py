"""Prizes handed over at the desk: a code typed or scanned, once, by somebody else than the winner; the list of all.

A code that was used before is a page in red from edge to edge, whoever comes with it.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import actions, queries
from rewards.draws.badges import find_badge, is_genuine
from rewards.draws.claims import MOST_NAME, MOST_SIGNATURE, MOST_WHY, OPEN, WIN_STATES, is_over, read_proxy
from rewards.draws.queries import WinFilter, WinRow
from rewards.draws.states import clean_claim_code, grouped
from rewards.funds.rules import units
from rewards.presses import is_repeat
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.limits import Policy
from server.web.frame.pages import Form

WRONG_CODES: Final = Policy("claim.code", 20, 1 / 30)
"""Codes that are nobody's, by whoever tries them."""

PAGE: Final = 50
CODE_GROUPS: Final = 4
OPEN_ONES: Final = "open"
"""What the list shows unless it is asked for something else: every prize that still waits."""

JUST_GIVEN: Final = timedelta(minutes=1)
"""How long the page behind a hand-over is that of a success."""

_PICTURE: Final = "data:image/png;base64,"
_MOST_PICTURE: Final = len(_PICTURE) + (MOST_SIGNATURE + 2) // 3 * 4 + 4
_AT_THE_FORM: Final = ("claim.proxy_", "claim.signature_")
"""Refusals that bring the form back as it was filled in."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list shows; every part stands in the address. `state` "": all of them. `page` from 1."""

    draw: str
    prize: str
    state: str
    text: str
    page: int

    def wanted(self) -> WinFilter:
        """The same for the query."""
        states = OPEN if self.state == OPEN_ONES else frozenset({self.state} if self.state else ())
        return WinFilter(UUID(self.draw) if self.draw else None, self.prize, states, self.text)

    def address(self, page: int) -> str:
        """Another page of the same list."""
        said = {"draw": self.draw, "prize": self.prize, "state": self.state or "all", "text": self.text}
        return "/desk/claims?" + urlencode({**{name: one for name, one in said.items() if one}, "page": page})


@dataclass(frozen=True, slots=True)
class HandOver:
    """The form as it was filled in: who comes instead and why, the drawn signature as a data address."""

    proxy: bool = False
    name: str = ""
    why: str = ""
    signature: str = ""
    on_paper: bool = False
    error: str = ""


@get("/desk/claims", guards=[guards.may("claims.read")])
async def show_claims(request: Asked) -> Response[bytes]:
    """Where a code is typed, and the list of what waits and what became of the rest."""
    return await _claims_page(request)


@post("/desk/claims", guards=[guards.may("claims.read")])
async def find_claim(request: Asked) -> Response[bytes]:
    """A typed or scanned code leads to its prize; a member's badge to what he has won in that draw."""
    form = await pages.form(request)
    typed = form.text("code", most=300)
    try:
        if (to := await _by_badge(request, typed)) is None:
            to = f"/desk/claims/{(await _win(request, _last_part(typed))).claim_code}"
    except Refusal as refusal:
        if refusal.code not in ("claim.unknown", "presence.badge"):
            raise
        return await _claims_page(request, status=422, typed=typed[:60], wrong=refusal.code)
    return pages.go(request, to)


@get("/desk/claims/{code:str}", guards=[guards.may("claims.read")])
async def show_claim(request: Asked, code: FromPath[str]) -> Response[bytes]:
    """What a scanned code opens: the winner, the prize, and what became of it."""
    win = await _win(request, code)
    if win.state == "claimed" and _id(code) is None and not _just_given(request, win):
        return _used_page(request, code, win)
    return _claim_page(request, code, win)


@post("/desk/claims/{code:str}/hand-over", guards=[guards.may("claims.hand_over")])
async def hand_over(request: Asked, code: FromPath[str]) -> Response[bytes]:
    """The prize changes hands. A second time is refused with who and when, but for the same press come twice."""
    form = await pages.form(request)
    win, given = await _win(request, code), _filled_in(form)
    try:
        await actions.claim(
            pages.process(request).redis,
            win.claim_code if _id(code) is None else win.id,
            by=pages.signed_in(request).id,
            now=clock.now(),
            new_id=new_id,
            proxy=read_proxy(given.name, given.why) if given.proxy else None,
            signature=_picture(given.signature),
            on_paper=given.on_paper,
        )
    except Refusal as refusal:
        return await _refused(request, code, refusal, given)
    return pages.go(request, _address(code, win), said="claim.said_handed_over")


@post("/desk/claims/{code:str}/undo", guards=[guards.may("claims.hand_over"), guards.own_code])
async def undo_hand_over(request: Asked, code: FromPath[str]) -> Response[bytes]:
    """A hand-over that was a mistake is taken back, for a reason, by somebody else than who gave."""
    form = await pages.form(request)
    win, why = await _win(request, code), form.text("why", most=2 * MOST_WHY)
    me, now = pages.signed_in(request).id, clock.now()
    try:
        await actions.undo_claim(pages.process(request).redis, win.id, why, by=me, now=now, new_id=new_id)
    except Refusal as refusal:
        if refusal.code == "claim.unknown":
            raise
        return _used_page(request, code, await _win(request, code), 422, pages.said(request, refusal), why)
    return pages.go(request, _address(code, win), said="claim.said_undone")


@get("/desk/wins/{win_id:uuid}/signature", guards=[guards.may("claims.read")])
async def send_signature(win_id: FromPath[UUID]) -> Response[bytes]:
    """How the hand-over was signed."""
    return _file(await queries.win_signature(win_id), "image/png")


@get("/desk/wins/{win_id:uuid}/picture", guards=[guards.may("claims.read")])
async def send_picture(win_id: FromPath[UUID]) -> Response[bytes]:
    """What was won."""
    return _file(await queries.picture_of_prize(win_id), "image/jpeg")


def _file(content: bytes | None, kind: str) -> Response[bytes]:
    if content is None:
        raise Refusal("web.not_found")
    return Response(content, media_type=kind, headers={"Cache-Control": "private, max-age=600"})


def _id(code: str) -> UUID | None:
    """The win that a code names by itself, as the list at the desk does for winners without their phone."""
    try:
        return UUID(code) if len(code) == 36 else None
    except ValueError:
        return None


def _address(code: str, win: WinRow) -> str:
    """The page of a win as it was opened: by its code, or from the list."""
    return f"/desk/claims/{win.claim_code if _id(code) is None else win.id}"


def _last_part(typed: str) -> str:
    """A code, also out of the address that its QR code holds."""
    return typed.rstrip("/").rpartition("/")[2]


async def _by_badge(request: Asked, typed: str) -> str | None:
    """Where a member's badge leads: to his one open prize of that draw, else to the list of what he has won.

    None: this is no badge. Refusal presence.badge: not one of ours.
    """
    badge = find_badge(typed)
    if badge is None:
        return None
    door = await queries.door_by_number(badge.number)
    guest = None if door is None else await queries.guest(door.id, badge.line)
    key = pages.process(request).resources.settings.key("badge")
    if door is None or guest is None or not is_genuine(key, badge):
        raise Refusal("presence.badge")
    waiting = [win for win in await queries.wins_of(guest.member, door.id) if win.is_open]
    if len(waiting) == 1:
        return f"/desk/claims/{waiting[0].id}"
    said = {"draw": str(door.id), "state": "all", "text": guest.staff_number}
    return f"/desk/claims?{urlencode(said)}"


async def _win(request: Asked, code: str) -> WinRow:
    """The win of a code or id; wrong ones are counted and, when there are too many, no longer looked at."""
    limits, who = pages.process(request).limits, str(pages.signed_in(request).id)
    taken = await limits.tried(WRONG_CODES, who)
    if not taken.allowed:
        raise Refusal("web.too_many", seconds=taken.retry_after_seconds)
    win_id = _id(code)
    found = await queries.win_by_code(clean_claim_code(code)) if win_id is None else await queries.win(win_id)
    if found is None:
        raise Refusal("claim.unknown")
    await limits.right(WRONG_CODES, who)
    return found


def _filled_in(form: Form) -> HandOver:
    return HandOver(
        form.text("who", most=10) == "proxy",
        form.text("proxy_name", most=2 * MOST_NAME),
        form.text("proxy_why", most=2 * MOST_WHY),
        form.text("signature", most=2 * _MOST_PICTURE),
        form.text("on_paper", most=1) == "1",
    )


def _picture(address: str) -> bytes | None:
    """The drawn signature; None for an empty pad. Refusal claim.signature_form: it is no such picture."""
    if not address:
        return None
    try:
        if not address.startswith(_PICTURE):
            raise ValueError
        return base64.b64decode(address[len(_PICTURE) :], validate=True)
    except (ValueError, binascii.Error):
        raise Refusal("claim.signature_form") from None


async def _refused(request: Asked, code: str, refusal: Refusal, given: HandOver) -> Response[bytes]:
    """The page again: with the form where it was filled in wrongly, with what has happened where it came too late."""
    words = pages.said(request, refusal)
    if refusal.code.startswith(_AT_THE_FORM):
        kept = "" if refusal.code.startswith("claim.signature_") else given.signature
        again = HandOver(given.proxy, given.name, given.why, kept, given.on_paper, words)
        return _claim_page(request, code, await _win(request, code), again, status=422)
    if refusal.code == "claim.already":
        win = await _win(request, code)
        if win.giver == pages.signed_in(request).id and is_repeat(win.claimed_at, clock.now()):
            return pages.go(request, _address(code, win), said="claim.pressed_twice")
        return _used_page(request, code, win, 409)
    raise refusal


def _just_given(request: Asked, win: WinRow) -> bool:
    """Whether the page follows the hand-over itself: a reload, which asks without its sentence, is a used code."""
    said = request.query_params.get("said", "") in ("claim.said_handed_over", "claim.pressed_twice")
    fresh = win.claimed_at is not None and abs(clock.now() - win.claimed_at) < JUST_GIVEN
    return said and fresh and win.giver == pages.signed_in(request).id


def _used_page(
    request: Asked, code: str, win: WinRow, status: int = 200, problem: str = "", why: str = ""
) -> Response[bytes]:
    """Who handed what to whom, and when, in red from edge to edge; below it a second person may take it back."""
    if win.claimed_at is None:  # it was taken back, or never handed over
        return _claim_page(request, code, win, HandOver(error=problem), status)
    me = pages.signed_in(request)
    return desk_page(
        request,
        "draws/desk/claim_used.html",
        status,
        win=win,
        address=_address(code, win),
        problem=problem,
        why=why,
        mine=me.id in (win.giver, win.member),
        most_why=MOST_WHY,
    )


async def _claims_page(request: Asked, *, status: int = 200, typed: str = "", wrong: str = "") -> Response[bytes]:
    chosen, draws = await _filter(request)
    wanted = chosen.wanted()
    count = await queries.wins_count(wanted)
    return desk_page(
        request,
        "draws/desk/claims.html",
        status,
        filter=chosen,
        draws=draws,
        draw=next((one for one in draws if str(one.id) == chosen.draw), None),
        prizes=await queries.prize_names(UUID(chosen.draw)) if chosen.draw else [],
        states=[OPEN_ONES, *(state for state in WIN_STATES if state not in OPEN)],
        wins=await queries.wins_found(wanted, limit=PAGE, offset=PAGE * (chosen.page - 1)),
        count=count,
        first=PAGE * (chosen.page - 1) + 1,
        last=min(count, PAGE * chosen.page),
        typed=typed,
        wrong=wrong,
    )


async def _filter(request: Asked) -> tuple[Filter, list[queries.Claiming]]:
    form, draws = asked_for(request), await queries.claimable_draws()
    draw, state = form.text("draw", most=40), form.text("state", most=10) or OPEN_ONES
    known = {str(one.id) for one in draws}
    return (
        Filter(
            draw if draw in known else "",
            form.text("prize", most=32) if draw in known else "",
            state if state in (OPEN_ONES, *WIN_STATES) else "",
            form.text("text", most=100),
            form.number("page", least=1, most=100_000, default=1),
        ),
        draws,
    )


def _claim_page(
    request: Asked, code: str, win: WinRow, given: HandOver | None = None, status: int = 200
) -> Response[bytes]:
    by_code = _id(code) is None
    return desk_page(
        request,
        "draws/desk/claim.html",
        status,
        win=win,
        given=given or HandOver(),
        own=win.member == pages.signed_in(request).id,
        over=win.is_open and is_over(win.expires_at, clock.now()),
        address=_address(code, win),
        code="-".join(grouped(win.claim_code, CODE_GROUPS)) if by_code else "",
        value=units(win.value) if win.value else "",
        mine=win.giver == pages.signed_in(request).id,
        fresh=_just_given(request, win),
        most_name=MOST_NAME,
        most_why=MOST_WHY,
    )


HANDLERS = [show_claims, find_claim, show_claim, hand_over, undo_hand_over, send_signature, send_picture]
