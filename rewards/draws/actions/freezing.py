"""The freeze: who is in, with how many tickets, and what is promised of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import queries, rules, states
from rewards.draws.actions.locking import NewId, RandomBytes, moved
from rewards.draws.actions.publishing import PUBLISH
from rewards.draws.eligibility import Rule, Selection, person_ref, select, storable, unit_code
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen list. `fingerprint` is M in hex; `known`: it was frozen before this call."""

    fingerprint: str
    people: int
    tickets: int
    known: bool


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Made of a selection: the exact bytes, and the entrants' columns in line order."""

    content: bytes
    root: str
    tickets: int
    members: list[UUID]
    salts: list[bytes]
    counts: list[int]
    points: list[int]


async def freeze(
    redis: Redis,
    draw_id: UUID,
    *,
    now: datetime,
    actor: UUID | None,
    new_id: NewId,
    random_bytes: RandomBytes,
    due_at: datetime | None = None,
) -> Frozen | None:
    """Freeze the list by the ledger of this instant and publish what it promises; the second time nothing changes.

    With `due_at` (the worker's call) only a draft that is still to be frozen at that moment is; None: there was nothing
    to do. Work for 50,000 people takes a few seconds, beside the event loop.
    Refusals: draw.unknown, draw.move (cancelled), draw.prizes_none, draw.nobody (nobody is in), draw.tickets_many.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            frozen = await _freeze(draw_id, now, actor, new_id, random_bytes, due_at)
        except asyncpg.SerializationError:  # somebody changed the draw while we waited for it: look again
            if attempt == _TRIES:
                raise
        else:
            break
    if frozen is not None and not frozen.known:
        await ticks.announce(redis, f"draw:{draw_id}")
    return frozen


async def _freeze(
    draw_id: UUID,
    now: datetime,
    actor: UUID | None,
    new_id: NewId,
    random_bytes: RandomBytes,
    due_at: datetime | None,
) -> Frozen | None:
    async with db.transaction() as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found = await connection.fetchrow("SELECT * FROM draw WHERE id = $1 FOR UPDATE", draw_id)
        if found is None:
            raise Refusal("draw.unknown")
        if due_at is not None and (found["state"] != "draft" or found["freeze_at"] != due_at):
            return None
        if found["manifest"] is not None:
            stated = rules.parse_manifest(found["manifest"])
            return Frozen(rules.manifest_hash(found["manifest"]).hex(), stated.n, stated.tickets, known=True)
        state = moved(found["state"], "freeze")
        prizes = await queries.prizes(draw_id)
        if not prizes:
            raise Refusal("draw.prizes_none")
        rule = rule_of(found)
        everybody = await queries.candidates(found["season"])
        chosen = await asyncio.to_thread(select, rule, everybody, found["created_by"])
        if not chosen.entrants:
            raise Refusal("draw.nobody")
        if chosen.tickets > rules.MAX_TICKETS:
            raise Refusal("draw.tickets_many")
        listed = await asyncio.to_thread(_snapshot, found["slug"], chosen, random_bytes)
        sealed = {label: random_bytes(rules.SECRET_BYTES) for label in states.CUSTODIANS}
        manifest = rules.write_manifest(
            rules.Manifest(
                draw_id=found["slug"],
                n=len(listed.members),
                tickets=listed.tickets,
                root=listed.root,
                commit=tuple(rules.commitment(found["slug"], *pair).hex() for pair in sealed.items()),
                venue=found["venue"],
                prizes=tuple(rules.Prize(prize.code, prize.quantity) for prize in prizes),
                labels=tuple(sealed),
                frozen_at=rules.utc_moment(now),
                file=rules.digest(listed.content).hex(),
                unit_cap=found["unit_cap"],
                excluded=chosen.conflicts,
                rule=await _promised(found, rule, {prize.code: prize.name for prize in prizes}),
            )
        )
        await connection.execute(
            "INSERT INTO entrant (id, draw, line, member, salt, tickets, points)"
            " SELECT id, $1, place - 1, member, salt, tickets, points FROM unnest($2::uuid[], $3::uuid[], $4::bytea[],"
            " $5::integer[], $6::integer[]) WITH ORDINALITY AS listed(id, member, salt, tickets, points, place)",
            draw_id,
            [new_id() for _ in listed.members],
            listed.members,
            listed.salts,
            listed.counts,
            listed.points,
        )
        for position, (label, secret) in enumerate(sealed.items()):
            await connection.execute(
                "INSERT INTO commitment (id, draw, position, label, secret) VALUES ($1, $2, $3, $4, $5)",
                new_id(),
                draw_id,
                position,
                label,
                secret,
            )
        await connection.execute(
            "UPDATE draw SET state = $2, manifest = $3, snapshot = $4, frozen_at = $5, version = version + 1"
            " WHERE id = $1",
            draw_id,
            state,
            manifest,
            listed.content,
            now,
        )
        fingerprint = rules.manifest_hash(manifest).hex()
        await intend(PUBLISH, str(draw_id), due_at=now, now=now, new_id=new_id())
        await note(
            "draw.frozen",
            at=now,
            actor=actor,
            subject=str(draw_id),
            people=len(listed.members),
            tickets=listed.tickets,
            fingerprint=fingerprint,
        )
    return Frozen(fingerprint, len(listed.members), listed.tickets, known=False)


async def miss_freeze(redis: Redis, draw_id: UUID, why: str, *, due_at: datetime, now: datetime) -> None:
    """Note that the freeze of `due_at` could not be done (`why`: the code of the refusal) and leave it to people."""
    async with db.transaction() as connection:
        missed = await connection.fetchval(
            "UPDATE draw SET freeze_at = NULL, version = version + 1"
            " WHERE id = $1 AND state = 'draft' AND freeze_at = $2 RETURNING true",
            draw_id,
            due_at,
        )
        if missed:
            await note("draw.not_frozen", at=now, actor=None, subject=str(draw_id), why=why)
    if missed:
        await ticks.announce(redis, f"draw:{draw_id}")


def rule_of(found: db.Row) -> Rule:
    return Rule(
        found["min_points"],
        found["min_quizzes"],
        frozenset(found["units"]),
        found["points_per_ticket"],
        found["ticket_cap"],
    )


async def _promised(found: db.Row, rule: Rule, names: Mapping[str, str]) -> dict[str, object]:
    """`rule` of the manifest: for people to read."""
    season = await db.row("SELECT name, starts_on, ends_on FROM season WHERE id = $1", found["season"])
    if season is None:
        raise Refusal("ledger.unknown_season")
    return {
        "title": found["title"],
        "season": {
            "name": season["name"],
            "starts_on": season["starts_on"].isoformat(),
            "ends_on": season["ends_on"].isoformat(),
        },
        "min_points": rule.min_points,
        "min_quizzes": rule.min_quizzes,
        "units": [unit_code(unit) for unit in sorted(rule.units)],
        "points_per_ticket": rule.points_per_ticket,
        "ticket_cap": rule.ticket_cap,
        "prizes": dict(names),
    }


def _snapshot(slug: str, chosen: Selection, random_bytes: RandomBytes) -> _Snapshot:
    """Pure but for the salts: CPU work for a thread."""
    size = rules.SALT_BYTES
    salts = random_bytes(size * len(chosen.entrants))
    listed = []
    for number, (candidate, tickets) in enumerate(chosen.entrants):
        salt = salts[size * number : size * (number + 1)]
        commit = rules.id_commit(slug, salt, person_ref(candidate.staff_number)).hex()
        listed.append((rules.Line(commit, tickets, unit_code(candidate.unit)), candidate, salt))
    listed.sort(key=lambda one: one[0].id_commit)
    lines = [line for line, _, _ in listed]
    return _Snapshot(
        content=rules.format_snapshot(lines),
        root=rules.Tree(line.leaf for line in lines).root.hex(),
        tickets=chosen.tickets,
        members=[candidate.member for _, candidate, _ in listed],
        salts=[salt for _, _, salt in listed],
        counts=[line.tickets for line in lines],
        points=[storable(candidate.points) for _, candidate, _ in listed],
    )
