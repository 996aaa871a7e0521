"""Handing prizes over, giving them up, and what happens to those that nobody fetched.

Lock order: the draw's row (shared for a hand-over, so that many desks work at once; alone for whatever asks who comes
next), then the win, then the accounts of the funds.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import claims, queries, states
from rewards.draws.actions.locking import NewId, found_draw
from rewards.draws.actions.seconding import are_apart
from rewards.draws.claims import Proxy
from rewards.funds import actions as funds
from rewards.members import queries as members
from rewards.members.rules import OWN_AFTER
from rewards.outbox.actions import intend
from rewards.refusals import Refusal
from rewards.sheets import one_line

EXPIRE: Final = "expire_claims"
"""Kind of the intent to look at prizes that nobody fetched; its subject is DRAW@MOMENT."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A prize that its winner did not take. `to`: the alternate who has it now, with a code of his own; None: nobody is
    left, and what was held for it went back to its funds."""

    win: UUID
    to: UUID | None


async def plan_expiry(draw_id: UUID, expires_at: datetime | None, *, now: datetime, new_id: NewId) -> None:
    """Join the caller's transaction: look at the unclaimed prizes of a draw at this moment; None: never."""
    if expires_at is not None:
        subject = f"{draw_id}@{expires_at.isoformat()}"
        await intend(EXPIRE, subject, due_at=expires_at, now=now, new_id=new_id())


async def claim(
    redis: Redis,
    code: str | UUID,
    *,
    by: UUID,
    now: datetime,
    new_id: NewId,
    proxy: Proxy | None = None,
    signature: bytes | None = None,
    on_paper: bool = False,
) -> queries.WinRow:
    """Hand a prize over: once, and never to oneself. What is held for it in its funds is paid.

    `code` as typed (wrong ones are counted by the caller), or the win itself, for who shows a staff card instead.
    `signature`: a PNG; `on_paper`: the hand-over list was signed instead.
    Refusals: claim.unknown, those of claims.claim_flaw (claim.already with who: the name of who handed it over, and
    when: ISO, UTC), claims.proxy_flaw and claims.signature_flaw, funds.not_held.
    """
    if signature is not None and (flaw := claims.signature_flaw(signature)) is not None:
        raise Refusal(flaw, kilobytes=claims.MOST_SIGNATURE // 1024)
    by_code = isinstance(code, str)
    async with db.transaction() as connection:
        win = await _locked_win(code if isinstance(code, UUID) else states.clean_claim_code(code), shared=True)
        _passes(win, claims.claim_flaw(win.facts, by=by, now=now))
        if proxy is not None:
            own_name = await connection.fetchval("SELECT name FROM member WHERE id = $1", by)
            if (flaw := claims.proxy_flaw(proxy, own_name=own_name or "")) is not None:
                raise Refusal(flaw, name=claims.MOST_NAME, why=claims.MOST_WHY)
        await connection.execute(
            "UPDATE win SET state = 'claimed', state_at = $2, claimed_at = $2, handed_over_by = $3, proxy_name = $4,"
            " proxy_why = $5, signature = $6, signed_on_paper = $7 WHERE id = $1",
            win.id,
            now,
            by,
            "" if proxy is None else proxy.name,
            "" if proxy is None else proxy.why,
            None if signature is None else claims.plain_signature(signature),
            on_paper,
        )
        await _settle(
            win,
            funds.pay,
            "paid",
            "claim.handed_over",
            by=by,
            now=now,
            new_id=new_id,
            proxy=0 if proxy is None else 1,
            shown="code" if by_code else "card",
            signed="pad" if signature is not None else "paper" if on_paper else "no",
        )
    return await _told(redis, win)


async def undo_claim(redis: Redis, win_id: UUID, why: str, *, by: UUID, now: datetime, new_id: NewId) -> queries.WinRow:
    """Take a hand-over back, by somebody else than who gave: the win is as it was before, what was paid for it is held
    again, and the reason stands in the trail. Where its time has run out meanwhile it has a new one.

    Refusals: claim.unknown, those of claims.undo_flaw, claim.undo_own (also an alternate, who would come next),
    claim.undo_hand (one person may stand behind both accounts).
    """
    why = one_line(why)
    async with db.transaction() as connection:
        win = await _locked_win(win_id, shared=True)
        if (flaw := claims.undo_flaw(win.facts, by=by, why=why)) is not None:
            raise Refusal(flaw, who=win.handed_over_by, why=claims.MOST_WHY)
        if await connection.fetchval("SELECT true FROM alternate WHERE draw = $1 AND member = $2", win.draw, by):
            raise Refusal("claim.undo_own")
        if win.giver is None or not await are_apart(win.giver, by, now=now):
            raise Refusal("claim.undo_hand", who=win.handed_over_by)
        expires_at = win.expires_at
        if claims.is_over(expires_at, now):
            days: int = await connection.fetchval("SELECT claim_days FROM draw WHERE id = $1", win.draw)
            expires_at = claims.window(now, days)
            await plan_expiry(win.draw, expires_at, now=now, new_id=new_id)
        await connection.execute(
            "UPDATE win SET state = $2, state_at = $3, expires_at = $4, undone = undone + 1, undone_by = $5,"
            " claimed_at = NULL, handed_over_by = NULL, proxy_name = '', proxy_why = '', signature = NULL,"
            " signed_on_paper = false WHERE id = $1",
            win.id,
            claims.before_claim(win.called_at),
            now,
            expires_at,
            by,
        )
        await _settle(
            win,
            funds.take_back,
            "unpaid",
            "claim.undone",
            by=by,
            now=now,
            new_id=new_id,
            why=why,
            first=str(win.giver),
        )
    return await _told(redis, win)


async def decline(
    redis: Redis, win_id: UUID, *, by: UUID, now: datetime, new_id: NewId, new_code: Callable[[], str]
) -> Passed:
    """The winner gives his prize up, for good; the next alternate has it, or it goes back. After the close only: on the
    stage the ceremony asks, and draws again.

    Refusals: claim.unknown, those of claims.decline_flaw (claim.already with who, when), claim.decline_hand (somebody
    else may stand behind his code).
    """
    async with db.transaction():
        win = await _locked_win(win_id, shared=False)
        _passes(win, claims.decline_flaw(win.facts, by=by, now=now))
        if await members.hands(by, now) != {by}:
            raise Refusal("claim.decline_hand", hours=OWN_AFTER // timedelta(hours=1))
        await _end(win, "declined", now)
        await _note_of(win, "claim.given_up", at=now, actor=by)
        passed = await _pass_on(win, now=now, new_id=new_id, new_code=new_code)
    await _announce(redis, win.draw, win.member, passed.to)
    return passed


async def expire(
    redis: Redis, win_id: UUID, *, now: datetime, new_id: NewId, new_code: Callable[[], str]
) -> Passed | None:
    """End the time of a prize that nobody fetched; the next alternate has it, or it goes back. None: nothing to do (it
    was fetched, has ended, or still has time). Safe to repeat and to kill. Refusal claim.unknown."""
    async with db.transaction():
        win = await _locked_win(win_id, shared=False)
        if not claims.may_expire(win.facts, now):
            return None
        await _end(win, "expired", now)
        await _note_of(win, "claim.lapsed", at=now, actor=None)
        passed = await _pass_on(win, now=now, new_id=new_id, new_code=new_code)
    await _announce(redis, win.draw, win.member, passed.to)
    return passed


async def _locked_win(code: str | UUID, *, shared: bool) -> queries.WinRow:
    """Join the caller's transaction: a win with its draw locked, then itself. Refusal claim.unknown."""
    column = "id" if isinstance(code, UUID) else "claim_code"
    found = await db.row(f"SELECT id, draw FROM win WHERE {column} = $1", code)  # noqa: S608 - one of two names above
    if found is None:
        raise Refusal("claim.unknown")
    if shared:
        await db.rows("SELECT FROM draw WHERE id = $1 FOR SHARE", found["draw"])
    else:
        await found_draw(found["draw"])
    await db.rows("SELECT FROM win WHERE id = $1 FOR UPDATE", found["id"])
    win = await queries.win(found["id"])
    if win is None:
        raise Refusal("claim.unknown")
    return win


async def _settle(
    win: queries.WinRow,
    move: Callable[..., Awaitable[bool]],
    what: str,
    code: str,
    *,
    by: UUID,
    now: datetime,
    new_id: NewId,
    **more: Any,
) -> None:
    """Join the caller's transaction: what a hand-over, or its undo, moves in the funds, once for each; and its line of
    the trail."""
    key = f"win:{win.id}:{what}" + (f":{win.undone}" if win.undone else "")
    await move(_holder(win.draw), await _piece_of(win.id), key, actor=by, now=now, new_id=new_id)
    await _note_of(win, code, at=now, actor=by, **more)


async def _told(redis: Redis, win: queries.WinRow) -> queries.WinRow:
    """After the commit: the win as it is now."""
    await _announce(redis, win.draw, win.member)
    found = await queries.win(win.id)
    return win if found is None else found


def _passes(win: queries.WinRow, flaw: str | None) -> None:
    """Refuse what is wrong, in the words that it needs."""
    if flaw == "claim.already":
        when = "" if win.claimed_at is None else win.claimed_at.isoformat(timespec="seconds")
        raise Refusal(flaw, who=win.handed_over_by, when=when)
    if flaw is not None:
        raise Refusal(flaw)


async def _end(win: queries.WinRow, state: claims.WinState, now: datetime) -> None:
    await db.rows("UPDATE win SET state = $2, state_at = $3 WHERE id = $1", win.id, state, now)


async def _pass_on(win: queries.WinRow, *, now: datetime, new_id: NewId, new_code: Callable[[], str]) -> Passed:
    """Join the caller's transaction, which holds the draw: to the first alternate who has not had his turn."""
    next_up = await db.row(
        "UPDATE alternate SET used_at = $2 WHERE id = (SELECT alternate.id FROM alternate JOIN win"
        " ON win.draw = alternate.draw AND win.prize = alternate.prize WHERE win.id = $1 AND used_at IS NULL"
        " ORDER BY place LIMIT 1) RETURNING prize, place, line, member",
        win.id,
        now,
    )
    if next_up is None:
        await _give_back(win, now=now, new_id=new_id)
        return Passed(win.id, None)
    days: int = await db.value("SELECT claim_days FROM draw WHERE id = $1", win.draw)
    expires_at = claims.window(now, days)
    await db.rows(
        "INSERT INTO win (id, draw, prize, slot, attempt, line, member, claim_code, state_at, expires_at,"
        " alternate_place) SELECT $1, $2, $3, $4, max(attempt) + 1, $5, $6, $7, $8, $9, $10 FROM win"
        " WHERE draw = $2 AND prize = $3 AND slot = $4",
        new_id(),
        win.draw,
        next_up["prize"],
        win.slot,
        next_up["line"],
        next_up["member"],
        await _fresh_code(new_code),
        now,
        expires_at,
        next_up["place"],
    )
    await plan_expiry(win.draw, expires_at, now=now, new_id=new_id)
    await note(
        "claim.passed_on",
        at=now,
        actor=None,
        subject=str(win.draw),
        prize=win.prize,
        slot=win.slot,
        place=next_up["place"],
        member=str(next_up["member"]),
    )
    return Passed(win.id, next_up["member"])


async def _give_back(win: queries.WinRow, *, now: datetime, new_id: NewId) -> None:
    """Join the caller's transaction: what was held for one piece returns to its funds."""
    piece = await _piece_of(win.id)
    if piece:
        await funds.give_back(
            _holder(win.draw), f"win:{win.id}:back", only=piece, note=win.title, actor=None, now=now, new_id=new_id
        )
    await _note_of(win, "claim.given_back", at=now, actor=None)


async def _piece_of(win_id: UUID) -> Mapping[UUID, int]:
    """What one piece of the prize takes of each fund."""
    found = await db.row(
        "SELECT value, budget, stock FROM prize JOIN win ON win.prize = prize.id WHERE win.id = $1", win_id
    )
    return {} if found is None else claims.each_piece(found["value"], found["budget"], found["stock"])


def _holder(draw_id: UUID) -> str:
    return f"draw:{draw_id}"


async def _fresh_code(new_code: Callable[[], str]) -> str:
    """A claim code that nobody has."""
    while True:
        code = new_code()
        if await db.value("SELECT id FROM win WHERE claim_code = $1", code) is None:
            return code


async def _note_of(win: queries.WinRow, code: str, *, at: datetime, actor: UUID | None, **more: Any) -> None:
    about = {"prize": win.prize, "slot": win.slot, "member": str(win.member), **more}
    await note(code, at=at, actor=actor, subject=str(win.draw), **about)


async def _announce(redis: Redis, draw_id: UUID, *members: UUID | None) -> None:
    await ticks.announce(redis, f"draw:{draw_id}")
    for member in members:
        if member is not None:
            await ticks.announce(redis, f"member:{member}")
