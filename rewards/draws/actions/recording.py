"""Writing a draw's log: every event is the log's inputs with one more, composed anew (decision 11).

Nothing here decides who wins; that is rules.compose. What a log says is written where it is looked up: the wins, the
alternates, the result. Everything joins the caller's transaction, which holds the draw's row.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from rewards import database as db
from rewards.draws import claims, queries, rules, signing
from rewards.draws.actions.claiming import plan_expiry
from rewards.draws.actions.locking import NewId, found_draw, moved
from rewards.draws.actions.publishing import PUBLISH
from rewards.draws.queries.ceremony import Course, course
from rewards.draws.states import MOVES, Move, State
from rewards.funds import actions as funds
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

NewCode = Callable[[], str]
"""Makes a claim code; one that is taken is made again."""

_WIN_ENDS: Final[Mapping[str, str]] = {"": "absent", "ineligible": "absent", "declined": "declined"}
"""Reason of an absence -> state of the win."""


SAID: Final = frozenset(
    {
        "draw.absent.present",
        "draw.absent.slot",
        "draw.absent.uncalled",
        "draw.call.slot",
        "draw.close.early",
        "draw.pool.work",
        "draw.redraw.pending",
        "draw.round.order",
    }
)
"""What the rules may refuse of an event that is asked for out of its order."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An event that stands in the log. `line` is it, `code` the display code after everything that follows from it,
    `state` that of the draw. `known`: it stood there before this call, and nothing was changed."""

    line: str
    code: str
    state: str
    known: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """A frozen draw whose row is locked. `lines`: its log so far, none before the arm."""

    draw: UUID
    state: str
    found: db.Row
    manifest: rules.Manifest
    m: bytes
    lines: tuple[str, ...]

    def told(self) -> Course:
        """What the log says happened."""
        return course(self.manifest, self.lines)

    def known(self, line: str) -> Logged:
        """The answer to an event that stands in the log already."""
        return Logged(line, code_of(self.m, self.lines), self.state, known=True)

    def repeats(self, *moves: Move) -> bool:
        """Whether the draw is where one of these moves leads, so that making it again may be the same event."""
        return any(self.state in MOVES[move].values() for move in moves)

    def line_of(self, start: str) -> str:
        """The line that begins with these words; "" when there is none."""
        return next((line for line in self.lines if f"{line} ".startswith(f"{start} ")), "")


@dataclass(frozen=True, slots=True)
class Lists:
    """What is locked at the arm: void list and presence list as exact bytes, None where there is none."""

    voids: bytes | None
    present: bytes | None


async def scene(draw_id: UUID, actor: UUID, move: Move) -> Scene:
    """The draw, locked. Refusals: draw.unknown, draw.own_ticket (the actor is on the list), draw.move (not frozen)."""
    found = await found_draw(draw_id)
    if found["manifest"] is None:
        raise Refusal("draw.move", state=found["state"], move=move)
    if await queries.entrant(draw_id, actor) is not None:
        raise Refusal("draw.own_ticket")
    return scene_of(found)


def scene_of(found: db.Row) -> Scene:
    """A frozen draw's row, read."""
    manifest = bytes(found["manifest"])
    return Scene(
        draw=found["id"],
        state=found["state"],
        found=found,
        manifest=rules.parse_manifest(manifest),
        m=rules.manifest_hash(manifest),
        lines=tuple((found["log"] or "").splitlines()),
    )


def code_of(m: bytes, lines: Iterable[str]) -> str:
    """The display code at the end of a log."""
    return rules.display_code(rules.chain(m, lines)[-1])


def state_of(composed: rules.Composed) -> State:
    """The state of a draw with this log."""
    last = composed.lines[-1].partition(" ")[0]
    if last in ("close", "abort"):
        return "closed" if last == "close" else "cancelled"
    if composed.seed:
        return "drawn"
    return "armed" if last == "arm" else "rolled"


def check_window(at: Scene, now: datetime) -> None:
    """Refusal draw.dispute_open (hours and minutes left, rounded up) while objections to the list may still come."""
    after: datetime | None = at.found["arm_after"]
    if after is not None and now < after:
        hours, minutes = divmod(-(-(after - now) // timedelta(minutes=1)), 60)
        raise Refusal("draw.dispute_open", hours=hours, minutes=minutes)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A composed log with what is published of it, and the lines of the snapshot."""

    composed: rules.Composed
    published: rules.Published
    lines: Sequence[rules.Line]


async def outcome(at: Scene, inputs: Sequence[str], lists: Lists) -> Outcome:
    """The log that follows from these inputs, worked out beside the event loop.

    Refusals: SAID, and draw.files_unsound for whatever else the rules refuse: it was not asked for, so it was stored.
    """
    try:
        return await asyncio.to_thread(compose, at, inputs, lists)
    except rules.Refused as refused:
        if refused.code in SAID:
            raise Refusal(refused.code, **refused.facts) from refused
        raise Refusal("draw.files_unsound") from refused


def compose(at: Scene, inputs: Sequence[str], lists: Lists) -> Outcome:
    """As `outcome`, beside the event loop already. Raises rules.Refused; Refusal draw.files_unsound."""
    snapshot = bytes(at.found["snapshot"])
    try:
        rules.check_file(at.manifest, snapshot)
        lines = rules.parse_snapshot(snapshot)
        rules.check_counts(at.manifest, lines)
        if len(inputs) == 1:
            rules.check_root(at.manifest, lines)
    except rules.Refused as refused:
        raise Refusal("draw.files_unsound") from refused
    sheet = rules.read_inputs(inputs, at.manifest)
    voided = rules.parse_voids(lists.voids or b"", at.manifest.n)
    here = None if lists.present is None else rules.parse_present(lists.present, at.manifest.n)
    composed = rules.compose(at.manifest, at.m, lines, sheet, voided, here)
    if rules.inputs_of(composed.lines) != list(inputs):
        raise rules.Refused("draw.log.inputs")
    return Outcome(composed, rules.publish(at.manifest, at.m, lines, composed), lines)


async def add(
    at: Scene, move: Move, line: str, *, now: datetime, new_id: NewId, new_code: NewCode | None = None
) -> Logged:
    """Write one more input and all that follows from it.

    Refusals: draw.move, draw.files_unsound (also when the stored log is not what its inputs lead to), SAID, and those
    of `write`.
    """
    moved(at.state, move)
    lists = Lists(at.found["voids"], at.found["present"])
    made = await outcome(at, [*rules.inputs_of(at.lines), line], lists)
    return await write(at, made, lists, line, now=now, new_id=new_id, new_code=new_code)


async def write(
    at: Scene,
    made: Outcome,
    lists: Lists,
    line: str,
    *,
    now: datetime,
    new_id: NewId,
    new_code: NewCode | None = None,
) -> Logged:
    """Store a log that continues the one that stands, with wins, alternates, result and signature.

    Refusals: draw.files_unsound (it does not continue it), draw.place_claimed (a winner is gone who has his prize, or
    the whole draw is off).
    """
    before = len(at.lines)
    composed = made.composed
    if composed.lines[:before] != at.lines:
        raise Refusal("draw.files_unsound")
    state = state_of(composed)
    await _write_wins(at, _folded(composed.lines[before:]), now=now, new_id=new_id, new_code=new_code)
    if state == "closed":
        await _close(at, composed, now=now, new_id=new_id)
    elif state == "cancelled":
        await annul(at.draw, now=now, new_id=new_id)
    told = bool(composed.seed) or state == "cancelled"
    result = made.published.result if told else None
    await db.rows(
        "UPDATE draw SET state = $2, log = $3, voids = $4, present = $5, result = $6, result_signature = $7,"
        " armed_at = coalesce(armed_at, $8), drawn_at = coalesce(drawn_at, $9), closed_at = $10, version = version + 1"
        " WHERE id = $1",
        at.draw,
        state,
        made.published.log,
        lists.voids,
        lists.present,
        result,
        await signing.sign(result) if result is not None and at.manifest.signer else "",
        now,
        now if composed.seed else None,
        now if state == "closed" else None,
    )
    await intend(PUBLISH, str(at.draw), due_at=now, now=now, new_id=new_id())
    return Logged(line, made.published.code, state, known=False)


async def annul(draw_id: UUID, *, now: datetime, new_id: NewId) -> None:
    """End every win of a draw that is called off, and give back what was kept for its prizes.

    Refusal draw.place_claimed when a prize was handed over.
    """
    if await db.value("SELECT count(*) FROM win WHERE draw = $1 AND state = 'claimed'", draw_id):
        raise Refusal("draw.place_claimed")
    await db.rows(
        "UPDATE win SET state = 'annulled', state_at = $2 WHERE draw = $1 AND state = ANY($3)",
        draw_id,
        now,
        list(claims.OPEN),
    )
    holder = f"draw:{draw_id}"
    await funds.give_back(holder, f"{holder}:cancelled", actor=None, now=now, new_id=new_id)


Key = tuple[str, int, int]
"""Prize code, slot, attempt."""


@dataclass(slots=True)
class _Changes:
    """What new lines of a log do to the wins: `made`: key -> (line, state, whether called); `ended`: key -> state."""

    made: dict[Key, tuple[int, str, bool]] = field(default_factory=dict)
    ended: dict[Key, str] = field(default_factory=dict)
    called: set[Key] = field(default_factory=set)


def _folded(lines: Iterable[str]) -> _Changes:
    """Pure."""
    changes = _Changes()
    for kind, *fields in (line.split(" ") for line in lines):
        if kind not in ("win", "call", "absent"):
            continue
        key = fields[0], int(fields[1]), int(fields[2])
        if kind == "win":
            if fields[3] != "unfilled":
                changes.made[key] = int(fields[3]), "drawn", False
        elif kind == "call":
            if key in changes.made:
                changes.made[key] = changes.made[key][0], "called", True
            else:
                changes.called.add(key)
        else:
            ended = _WIN_ENDS[fields[3] if len(fields) > 3 else ""]
            if key in changes.made:
                line, _, called = changes.made[key]
                changes.made[key] = line, ended, called
            else:
                changes.ended[key] = ended
    return changes


async def _write_wins(at: Scene, changes: _Changes, *, now: datetime, new_id: NewId, new_code: NewCode | None) -> None:
    prizes = {one["code"]: one["id"] for one in await db.rows("SELECT id, code FROM prize WHERE draw = $1", at.draw)}
    for (prize, slot, attempt), ended in changes.ended.items():
        done = await db.value(
            "UPDATE win SET state = $5, state_at = $6 WHERE draw = $1 AND prize = $2 AND slot = $3 AND attempt = $4"
            " AND state = ANY($7) RETURNING true",
            at.draw,
            prizes[prize],
            slot,
            attempt,
            ended,
            now,
            list(claims.OPEN),
        )
        if not done:
            raise Refusal("draw.place_claimed")
    for prize, slot, attempt in changes.called:
        await db.rows(
            "UPDATE win SET state = 'called', state_at = $5, called_at = $5"
            " WHERE draw = $1 AND prize = $2 AND slot = $3 AND attempt = $4 AND state = ANY($6)",
            at.draw,
            prizes[prize],
            slot,
            attempt,
            now,
            list(claims.OPEN),
        )
    if not changes.made:
        return
    lines = [line for line, _, _ in changes.made.values()]
    members = await _members(at.draw, lines)
    codes = await _fresh_codes(len(lines), new_code)
    await db.rows(
        "INSERT INTO win (id, draw, prize, slot, attempt, line, member, claim_code, state, state_at, called_at)"
        " SELECT id, $1, prize, slot, attempt, line, member, code, state,"
        " CASE WHEN state <> 'drawn' THEN $10::timestamptz END, CASE WHEN called THEN $10::timestamptz END"
        " FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::integer[], $6::integer[], $7::uuid[], $8::text[],"
        " $9::text[], $11::boolean[])"
        " AS made(id, prize, slot, attempt, line, member, code, state, called)",
        at.draw,
        [new_id() for _ in lines],
        [prizes[prize] for prize, _, _ in changes.made],
        [slot for _, slot, _ in changes.made],
        [attempt for _, _, attempt in changes.made],
        lines,
        [members[line] for line in lines],
        codes,
        [state for _, state, _ in changes.made.values()],
        now,
        [called for _, _, called in changes.made.values()],
    )


async def _close(at: Scene, composed: rules.Composed, *, now: datetime, new_id: NewId) -> None:
    """The time to fetch the prizes begins; alternates are noted; what nobody could win returns to its funds."""
    expires_at = claims.window(now, at.found["claim_days"])
    await db.rows(
        "UPDATE win SET expires_at = $2 WHERE draw = $1 AND state = ANY($3)", at.draw, expires_at, list(claims.OPEN)
    )
    drawn = [(one.prize, one.place, one.pick.line) for one in composed.alternates if one.pick is not None]
    prizes = {
        one["code"]: one
        for one in await db.rows("SELECT id, code, value, budget, stock FROM prize WHERE draw = $1", at.draw)
    }
    members = await _members(at.draw, [line for _, _, line in drawn])
    if drawn:
        await db.rows(
            "INSERT INTO alternate (id, draw, prize, place, line, member) SELECT id, $1, prize, place, line, member"
            " FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::integer[], $6::uuid[])"
            " AS made(id, prize, place, line, member)",
            at.draw,
            [new_id() for _ in drawn],
            [prizes[prize]["id"] for prize, _, _ in drawn],
            [place for _, place, _ in drawn],
            [line for _, _, line in drawn],
            [members[line] for _, _, line in drawn],
        )
    unfilled: dict[UUID, int] = {}
    for one in composed.outcomes:
        if one.pick is None and at.found["rehearses"] is None:
            prize = prizes[one.prize]
            for fund, amount in claims.each_piece(prize["value"], prize["budget"], prize["stock"]).items():
                unfilled[fund] = unfilled.get(fund, 0) + amount
    if unfilled:
        holder = f"draw:{at.draw}"
        await funds.give_back(holder, f"{holder}:unfilled", only=unfilled, actor=None, now=now, new_id=new_id)
    if at.found["rehearses"] is None:
        await plan_expiry(at.draw, expires_at, now=now, new_id=new_id)


async def _members(draw_id: UUID, lines: Sequence[int]) -> dict[int, UUID]:
    """Line -> member."""
    found = await db.rows("SELECT line, member FROM entrant WHERE draw = $1 AND line = ANY($2)", draw_id, list(lines))
    return {one["line"]: one["member"] for one in found}


async def _fresh_codes(count: int, new_code: NewCode | None) -> list[str]:
    """`count` claim codes that nobody has. ValueError when winners come where none were expected."""
    if new_code is None:
        raise ValueError("winners without claim codes")
    codes: dict[str, None] = {}
    while len(codes) < count:
        while len(codes) < count:
            codes[new_code()] = None
        for one in await db.rows("SELECT claim_code FROM win WHERE claim_code = ANY($1)", list(codes)):
            del codes[one["claim_code"]]
    return list(codes)
