"""The freeze: who is in, with how many tickets, and what is promised of it.

The desk (or the planned moment) asks for it, a worker does it: `draft -> freezing -> frozen`. The worker writes all of
it in one transaction, so that one which is killed leaves a draw that is still to be frozen.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import beacon, queries, rules, signing
from rewards.draws.actions.locking import NewId, RandomBytes, found_draw, moved
from rewards.draws.actions.planning import FREEZE
from rewards.draws.actions.publishing import PUBLISH
from rewards.draws.eligibility import (
    Entry,
    Rule,
    Selection,
    person_ref,
    rule_json,
    select,
    storable,
    unit_code,
)
from rewards.draws.policy import Breach, judge
from rewards.draws.queries import DrawRow, PrizeRow
from rewards.draws.terms import LEAST_CUSTODIANS
from rewards.funds import actions as funds
from rewards.ledger import queries as ledger
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

Progress = Callable[[int], Awaitable[None]]
"""Told how many percent are done, from 0 to 100, never less than before."""

_TRIES: Final = 3
_SLICE: Final = 2500
"""Lines that are made or written at one go; between two, others have their turn."""

_KEPT: Final = timedelta(hours=1)
"""How long the progress of a freeze that was killed can be read."""

_COLUMNS: Final = (
    *("id", "draw", "line", "member", "salt", "tickets", "points"),
    *("name", "staff_number", "unit", "class"),
)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen list. `fingerprint` is M in hex; `known`: it was frozen before this call."""

    fingerprint: str
    people: int
    tickets: int
    known: bool


class _Listed(NamedTuple):
    """A line of the snapshot, its leaf, and who stands behind it."""

    line: rules.Line
    entry: Entry
    salt: bytes


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The published bytes and the lines in their order."""

    content: bytes
    root: str
    listed: Sequence[_Listed]


@dataclass(frozen=True, slots=True)
class _Sealed:
    """The custodians in the order of the manifest; commitments in hex."""

    labels: tuple[str, ...]
    names: tuple[str, ...]
    commitments: tuple[str, ...]


@dataclass(slots=True)
class _Tale:
    """Tells each percentage once."""

    tell: Progress
    told: int = field(default=-1)

    async def __call__(self, percent: float) -> None:
        if int(percent) > self.told:
            self.told = int(percent)
            await self.tell(self.told)


async def _silent(_: int) -> None:
    """For whoever does not care how far it is."""


async def ask_freeze(
    redis: Redis,
    draw_id: UUID,
    *,
    actor: UUID | None,
    now: datetime,
    new_id: NewId,
    due_at: datetime | None = None,
) -> bool:
    """Ask for the freeze: from now on nothing of the draw changes, and a worker freezes the list at once.

    With `due_at` (the worker's call) only a draft that was planned to be frozen at that moment is; False: there was
    nothing to do. Refusals: draw.unknown, draw.move, draw.prizes_none, draw.custodians_few (wanted, found),
    draw.unsealed (which: their labels), draw.earning_unknown (earning), draw.beacon_early.
    """
    async with db.transaction() as connection:
        if due_at is not None:
            found = await connection.fetchrow("SELECT state, freeze_at FROM draw WHERE id = $1 FOR UPDATE", draw_id)
            if found is None or found["state"] != "draft" or found["freeze_at"] != due_at:
                return False
        await ask_freeze_within(draw_id, actor=actor, now=now, new_id=new_id)
    await ticks.announce(redis, f"draw:{draw_id}")
    return True


async def ask_freeze_within(draw_id: UUID, *, actor: UUID | None, now: datetime, new_id: NewId) -> None:
    """Join the caller's transaction: as `ask_freeze`; the caller announces it."""
    state = moved((await found_draw(draw_id))["state"], "ask_freeze")
    if not await queries.prizes(draw_id):
        raise Refusal("draw.prizes_none")
    await _sealed(draw_id)
    draw = await _planned(draw_id)
    await queries.refuse_undeclared(draw.rule)
    _beacon(draw, now)
    await db.rows(
        "UPDATE draw SET state = $2, freezing_since = $3, frozen_by = $4, version = version + 1 WHERE id = $1",
        draw_id,
        state,
        now,
        actor,
    )
    await intend(FREEZE, f"{draw_id}@{now.isoformat()}", due_at=now, now=now, new_id=new_id())
    if actor is not None:
        await note("draw.freeze_asked", at=now, actor=actor, subject=str(draw_id))


async def freeze(
    redis: Redis,
    draw_id: UUID,
    *,
    now: datetime,
    actor: UUID | None,
    new_id: NewId,
    random_bytes: RandomBytes,
    program: bytes,
    progress: Progress = _silent,
    due_at: datetime | None = None,
) -> Frozen | None:
    """Freeze the list by the ledger of this instant and publish what it promises; the second time nothing changes.

    `program` is the empty kit that is published with it. With `due_at` (the worker's call) only a freeze that was asked
    for at that moment is done; None: there was nothing to do. A draft can be frozen directly. Work for 50,000 people
    takes some seconds, beside the event loop. What the prizes need of budgets and stocks is kept for the draw (holder
    "draw:ID", key "draw:ID:held"), not for a rehearsal.
    Refusals: those of `ask_freeze`, draw.nobody (nobody is in), draw.tickets_many, draw.policy, funds.short.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            frozen = await _freeze(draw_id, now, actor, new_id, random_bytes, program, _Tale(progress), due_at)
        except asyncpg.SerializationError:  # somebody changed the draw or a fund while we waited: look again
            if attempt == _TRIES:
                raise
        else:
            break
    if frozen is not None and not frozen.known:
        await ticks.announce(redis, f"draw:{draw_id}")
    return frozen


async def say_progress(redis: Redis, draw_id: UUID, percent: int) -> None:
    """Let everybody who looks see how far the freeze is; read by queries.progress."""
    await redis.set(queries.progress_key(draw_id), percent, ex=_KEPT)
    await ticks.announce(redis, f"draw:{draw_id}")


async def miss_freeze(
    redis: Redis, draw_id: UUID, why: str, *, due_at: datetime, now: datetime, details: Mapping[str, Any] | None = None
) -> None:
    """Note that the freeze planned or asked for at `due_at` could not be done and leave the draft to people.

    `why` and `details` are those of the refusal.
    """
    async with db.transaction() as connection:
        missed = await connection.fetchval(
            "UPDATE draw SET state = 'draft', freezing_since = NULL, frozen_by = NULL, version = version + 1,"
            " freeze_at = CASE WHEN freeze_at > $3 THEN freeze_at END WHERE id = $1"
            " AND ((state = 'draft' AND freeze_at = $2) OR (state = 'freezing' AND freezing_since = $2))"
            " RETURNING true",
            draw_id,
            due_at,
            now,
        )
        if missed:
            told = {name: value for name, value in (details or {}).items() if isinstance(value, str | int)}
            await note("draw.not_frozen", at=now, actor=None, subject=str(draw_id), why=why, **told)
    if missed:
        await redis.delete(queries.progress_key(draw_id))
        await ticks.announce(redis, f"draw:{draw_id}")


async def _freeze(
    draw_id: UUID,
    now: datetime,
    actor: UUID | None,
    new_id: NewId,
    random_bytes: RandomBytes,
    program: bytes,
    tell: _Tale,
    due_at: datetime | None,
) -> Frozen | None:
    async with db.transaction() as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found = await found_draw(draw_id)
        if due_at is not None and (found["state"] != "freezing" or found["freezing_since"] != due_at):
            return None
        if found["manifest"] is not None:
            stated = rules.parse_manifest(found["manifest"])
            return Frozen(rules.manifest_hash(found["manifest"]).hex(), stated.n, stated.tickets, known=True)
        state = moved(moved("draft", "ask_freeze") if found["state"] == "draft" else found["state"], "freeze")
        by = found["frozen_by"] if actor is None else actor
        draw = await _planned(draw_id)
        prizes = await queries.prizes(draw_id)
        if not prizes:
            raise Refusal("draw.prizes_none")
        sealed = await _sealed(draw_id)
        promised_beacon = _beacon(draw, now)
        await tell(1)
        chosen = await _chosen(draw, now)
        await tell(10)
        await _guard(draw, chosen, prizes, by=by, now=now)
        snapshot = await _list(draw.slug, chosen, random_bytes, tell)
        arm_after = now + timedelta(hours=draw.dispute_hours)
        manifest = rules.write_manifest(
            rules.Manifest(
                draw_id=draw.slug,
                rehearsal=draw.rehearses is not None,
                n=len(snapshot.listed),
                tickets=chosen.tickets,
                root=snapshot.root,
                commit=sealed.commitments,
                labels=sealed.labels,
                names=sealed.names,
                witnesses=draw.witnesses,
                venue=draw.venue,
                rounds=tuple(rules.Round(one.code, one.dice) for one in draw.rounds),
                prizes=await _prizes(prizes),
                one_win=draw.one_win,
                unit_cap=draw.unit_cap,
                presence=draw.presence,
                call_seconds=draw.call_seconds,
                excluded=chosen.conflicts,
                frozen_at=rules.utc_moment(now),
                arm_after=rules.utc_moment(arm_after),
                beacon=promised_beacon,
                file=rules.digest(snapshot.content).hex(),
                kit=rules.digest(program).hex(),
                signer=await signing.make_key(now=now, random_bytes=random_bytes),
                rule=await _promised(draw, prizes),
            )
        )
        await _keep_funds(draw, prizes, by=by, now=now, new_id=new_id)
        await _write_entrants(connection, draw, snapshot, new_id, tell)
        await connection.execute(
            "UPDATE draw SET state = $2, manifest = $3, snapshot = $4, frozen_at = $5, frozen_by = $6, arm_after = $7,"
            " program = $8, manifest_signature = $9, version = version + 1 WHERE id = $1",
            draw_id,
            state,
            manifest,
            snapshot.content,
            now,
            by,
            arm_after,
            program,
            await signing.sign(manifest),
        )
        fingerprint = rules.manifest_hash(manifest).hex()
        await intend(PUBLISH, str(draw_id), due_at=now, now=now, new_id=new_id())
        await note(
            "draw.frozen",
            at=now,
            actor=by,
            subject=str(draw_id),
            people=len(snapshot.listed),
            tickets=chosen.tickets,
            fingerprint=fingerprint,
        )
    await tell(100)
    return Frozen(fingerprint, len(snapshot.listed), chosen.tickets, known=False)


async def _planned(draw_id: UUID) -> DrawRow:
    draw = await queries.draw(draw_id)
    if draw is None:
        raise Refusal("draw.unknown")
    return draw


async def _sealed(draw_id: UUID) -> _Sealed:
    """Join the caller's transaction: the custodians' commitments. Refusals draw.custodians_few, draw.unsealed."""
    keepers = await db.rows(
        "SELECT label, name, commitment FROM custodian WHERE draw = $1 ORDER BY position, label", draw_id
    )
    if len(keepers) < LEAST_CUSTODIANS:
        raise Refusal("draw.custodians_few", wanted=LEAST_CUSTODIANS, found=len(keepers))
    missing = [one["label"] for one in keepers if one["commitment"] is None]
    if missing:
        raise Refusal("draw.unsealed", which=", ".join(missing))
    return _Sealed(
        tuple(one["label"] for one in keepers),
        tuple(one["name"] for one in keepers),
        tuple(one["commitment"].hex() for one in keepers),
    )


def _beacon(draw: DrawRow, now: datetime) -> rules.Beacon | None:
    """The beacon's round that is promised; it must be unknown until the time for objections is over."""
    if draw.beacon_at is None:
        return None
    if draw.beacon_at <= now + timedelta(hours=draw.dispute_hours):
        raise Refusal("draw.beacon_early")
    return rules.Beacon(beacon.QUICKNET, beacon.beacon_round(draw.beacon_at))


async def _chosen(draw: DrawRow, now: datetime) -> Selection:
    """Join the caller's transaction: who is in. Refusals draw.earning_unknown, draw.nobody, draw.tickets_many."""
    await queries.refuse_undeclared(draw.rule)
    everybody = await queries.candidates(draw.rule, draw.season)
    chosen = await asyncio.to_thread(select, draw.rule, everybody, await queries.barred(draw, now))
    if not chosen.entrants:
        raise Refusal("draw.nobody")
    if chosen.tickets > rules.MAX_TICKETS:
        raise Refusal("draw.tickets_many")
    return chosen


async def _guard(
    draw: DrawRow, chosen: Selection, prizes: Sequence[PrizeRow], *, by: UUID | None, now: datetime
) -> None:
    """Join the caller's transaction: what the prize policy says. It blocks (draw.policy) or is noted."""
    policy = await queries.policy()
    breaches: list[Breach] = judge(
        policy,
        len(chosen.entrants),
        sum(prize.quantity for prize in prizes),
        [(prize.name, prize.value, prize.quantity) for prize in prizes],
        draw.one_win,
    )
    if breaches and policy.mode == "block" and draw.rehearses is None:
        raise Refusal("draw.policy")
    if breaches:
        codes = " ".join(dict.fromkeys(breach.code for breach in breaches))
        await note("draw.policy_warned", at=now, actor=by, subject=str(draw.id), breaches=codes)


async def _list(slug: str, chosen: Selection, random_bytes: RandomBytes, tell: _Tale) -> _Snapshot:
    """The lines in the order of their commitments, made in threads."""
    size = rules.SALT_BYTES
    salts = random_bytes(size * len(chosen.entrants))

    def some(start: int) -> list[_Listed]:
        made = []
        for number, entry in enumerate(chosen.entrants[start : start + _SLICE], start):
            salt = salts[size * number : size * (number + 1)]
            commit = rules.id_commit(slug, salt, person_ref(entry.candidate.staff_number)).hex()
            line = rules.Line(commit, entry.tickets, unit_code(entry.candidate.unit), entry.group)
            made.append(_Listed(line, entry, salt))
        return made

    listed: list[_Listed] = []
    for start in range(0, len(chosen.entrants), _SLICE):
        listed += await asyncio.to_thread(some, start)
        await tell(10 + 20 * len(listed) / len(chosen.entrants))
    return await asyncio.to_thread(_in_order, listed)


def _in_order(listed: list[_Listed]) -> _Snapshot:
    listed.sort(key=lambda one: one.line.id_commit)
    lines = [one.line for one in listed]
    return _Snapshot(rules.format_snapshot(lines), rules.Tree(line.leaf for line in lines).root.hex(), listed)


async def _write_entrants(
    connection: db.Connection, draw: DrawRow, snapshot: _Snapshot, new_id: NewId, tell: _Tale
) -> None:
    counting = draw.rule.counting
    everybody = snapshot.listed

    def some(start: int) -> list[tuple[Any, ...]]:
        return [
            (
                new_id(),
                draw.id,
                number,
                one.entry.candidate.member,
                one.salt,
                one.entry.tickets,
                storable(one.entry.candidate.facts.get(counting, 0)),
                one.entry.candidate.name,
                one.entry.candidate.staff_number,
                one.entry.candidate.unit,
                one.entry.group,
            )
            for number, one in enumerate(everybody[start : start + _SLICE], start)
        ]

    for start in range(0, len(everybody), _SLICE):
        records = await asyncio.to_thread(some, start)
        await connection.copy_records_to_table("entrant", records=records, columns=_COLUMNS)
        await tell(40 + 58 * (start + len(records)) / len(everybody))


async def _prizes(prizes: Sequence[PrizeRow]) -> tuple[rules.Prize, ...]:
    """As the manifest has them: units with all below them, by their published codes."""
    below: dict[UUID, list[UUID]] = {}
    for one in await db.rows("SELECT id, parent FROM unit WHERE parent IS NOT NULL"):
        below.setdefault(one["parent"], []).append(one["id"])

    def within(unit: UUID) -> list[UUID]:
        return [unit, *(deeper for child in below.get(unit, ()) for deeper in within(child))]

    return tuple(
        rules.Prize(
            prize.code,
            prize.quantity,
            group=prize.group,
            batch=prize.batch,
            redraw=prize.redraw,
            round=prize.round,
            units=tuple(sorted({unit_code(each) for unit in prize.units for each in within(unit)})),
            present=prize.present,
            alternates=prize.alternates,
        )
        for prize in prizes
    )


async def _keep_funds(
    draw: DrawRow, prizes: Sequence[PrizeRow], *, by: UUID | None, now: datetime, new_id: NewId
) -> None:
    """Join the caller's transaction: what the prizes need is kept for the draw. Refusal funds.short."""
    if draw.rehearses is not None:
        return
    wanted: dict[UUID, int] = {}
    for prize in prizes:
        if prize.budget is not None:
            wanted[prize.budget] = wanted.get(prize.budget, 0) + prize.value * prize.quantity
        if prize.stock is not None:
            wanted[prize.stock] = wanted.get(prize.stock, 0) + prize.quantity
    holder = f"draw:{draw.id}"
    await funds.hold(holder, wanted, f"{holder}:held", note=draw.title, actor=by, now=now, new_id=new_id)


async def _promised(draw: DrawRow, prizes: Sequence[PrizeRow]) -> dict[str, object]:
    """`rule` of the manifest: for people to read. Units stand by their published codes, money in hundredths."""
    season = await ledger.season(draw.season)
    if season is None:
        raise Refusal("ledger.unknown_season")
    return {
        "title": draw.title,
        "season": {
            "name": season.name,
            "starts_on": season.starts_on.isoformat(),
            "ends_on": season.ends_on.isoformat(),
        },
        **_rule_published(draw.rule),
        "prizes": {prize.code: prize.name for prize in prizes},
        "values": {prize.code: prize.value for prize in prizes if prize.value},
        "sponsors": {prize.code: prize.sponsor for prize in prizes if prize.sponsor},
        "rounds": {one.code: one.name for one in draw.rounds if one.name},
        "claim_days": draw.claim_days,
        "shown_names": draw.shown_names,
    }


def _rule_published(rule: Rule) -> dict[str, object]:
    data = rule_json(rule)
    for parts in (data["parts"], *(one["parts"] for one in data["classes"])):
        for part in parts:
            if "units" in part:
                part["units"] = sorted(unit_code(UUID(unit)) for unit in part["units"])
    return data
