"""What can be done with a draw: one transaction each, then the announcement. states.py holds the table of moves.

Lock order: the draw's row, then its wins. `redis` only carries the tick; nothing is kept there.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import queries, rules, states
from rewards.draws.eligibility import Rule, Selection, person_ref, select, storable, unit_code
from rewards.draws.states import Move, State, Terms
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

NewId = Callable[[], UUID]

RandomBytes = Callable[[int], bytes]
"""`n` -> n unguessable bytes (secrets.token_bytes)."""

FREEZE: Final = "freeze_draw"
PUBLISH: Final = "publish_draw"
"""Kinds of intents; the subject of FREEZE is DRAW@MOMENT, that of PUBLISH the draw."""

_TRIES: Final = 3
_CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen list. `fingerprint` is M in hex; `known`: it was frozen before this call."""

    fingerprint: str
    people: int
    tickets: int
    known: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A draw that is held. `code` is the result code, `winners` how many; `known`: it was held before this call."""

    code: str
    winners: int
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


async def create_draw(redis: Redis, terms: Terms, *, actor: UUID, now: datetime, today: date, new_id: NewId) -> UUID:
    """Plan a draw and return its id; its public name is draw-YEAR-NUMBER.

    Refusals: draw.title_invalid, draw.points_out_of_range, draw.quizzes_out_of_range, draw.cap_out_of_range,
    draw.unit_cap_out_of_range, draw.prizes_many, draw.prize_*_invalid, draw.prize_code_twice, draw.unit_unknown,
    draw.freeze_past, ledger.unknown_season.
    """
    draw_id = new_id()
    async with db.transaction() as connection:
        await _check(terms, now=now, before=None)
        number = await connection.fetchval("SELECT nextval(pg_get_serial_sequence('draw', 'number'))")
        slug = f"draw-{today.year}-{number:03d}"
        await connection.execute(
            "INSERT INTO draw (id, number, slug, title, season, min_points, min_quizzes, units, points_per_ticket,"
            " ticket_cap, unit_cap, venue, freeze_at, created_by, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            draw_id,
            number,
            slug,
            *_columns(terms),
            states.VENUE,
            terms.freeze_at,
            actor,
            now,
        )
        await _put_prizes(draw_id, terms, new_id)
        await _plan_freeze(draw_id, terms.freeze_at, now=now, new_id=new_id)
        await note("draw.created", at=now, actor=actor, subject=str(draw_id), slug=slug, title=terms.title.strip())
    await ticks.announce(redis, f"draw:{draw_id}")
    return draw_id


async def edit_draw(
    redis: Redis, draw_id: UUID, terms: Terms, *, expected: int, actor: UUID, now: datetime, new_id: NewId
) -> None:
    """Change a draft: every term, and all prizes anew. `expected` is the version that was read.

    Refusals besides those of create_draw: draw.unknown, draw.move (not a draft), draw.changed (another version).
    """
    async with db.transaction() as connection:
        found = await _locked(draw_id, "edit")
        if found["version"] != expected:
            raise Refusal("draw.changed")
        await _check(terms, now=now, before=found["freeze_at"])
        await connection.execute(
            "UPDATE draw SET title = $2, season = $3, min_points = $4, min_quizzes = $5, units = $6,"
            " points_per_ticket = $7, ticket_cap = $8, unit_cap = $9, freeze_at = $10, version = version + 1"
            " WHERE id = $1",
            draw_id,
            *_columns(terms),
            terms.freeze_at,
        )
        await connection.execute("DELETE FROM prize WHERE draw = $1", draw_id)
        await _put_prizes(draw_id, terms, new_id)
        if terms.freeze_at != found["freeze_at"]:
            await _plan_freeze(draw_id, terms.freeze_at, now=now, new_id=new_id)
        await note("draw.edited", at=now, actor=actor, subject=str(draw_id))
    await ticks.announce(redis, f"draw:{draw_id}")


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
        state = _moved(found["state"], "freeze")
        prizes = await queries.prizes(draw_id)
        if not prizes:
            raise Refusal("draw.prizes_none")
        rule = _rule(found)
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


async def hold(
    redis: Redis,
    draw_id: UUID,
    digits: str,
    *,
    actor: UUID,
    now: datetime,
    new_id: NewId,
    new_code: Callable[[], str],
) -> Held:
    """Open the secrets, draw by the dice that were thrown, and store log, result and winners with their claim codes.

    Spaces in `digits` do not matter. The same digits again bring the same result. Refusals: draw.unknown, draw.move
    (not frozen), draw.already_drawn (other digits), draw.own_ticket (the actor is on the list), draw.dice.digits
    (wanted, found), draw.files_unsound (the stored files do not fit each other).
    """
    thrown = states.clean_digits(digits)
    async with db.transaction() as connection:
        found = await _found(draw_id)
        if found["state"] == "drawn":
            if read_digits(found["manifest"], found["log"]) != thrown:
                raise Refusal("draw.already_drawn")
            won = await connection.fetchval("SELECT count(*) FROM win WHERE draw = $1", draw_id)
            return Held(_code(found["result"]), won, known=True)
        state = _moved(found["state"], "hold")
        if await queries.entrant(draw_id, actor) is not None:
            raise Refusal("draw.own_ticket")
        check_dice(found["venue"], thrown)
        secrets_open = [
            one["secret"]
            for one in await connection.fetch(
                "SELECT secret FROM commitment WHERE draw = $1 ORDER BY position", draw_id
            )
        ]
        result = await _result(found["manifest"], found["snapshot"], thrown, secrets_open)
        prizes = {prize.code: prize.id for prize in await queries.prizes(draw_id)}
        members = await connection.fetch(
            "SELECT line, member FROM entrant WHERE draw = $1 AND line = ANY($2)",
            draw_id,
            [winner.line for winner in result.winners],
        )
        member_of = {one["line"]: one["member"] for one in members}
        codes = await _fresh_codes(len(result.winners), new_code)
        await connection.executemany(
            "INSERT INTO win (id, draw, prize, slot, attempt, line, member, claim_code)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                (
                    new_id(),
                    draw_id,
                    prizes[winner.prize],
                    winner.slot,
                    winner.attempt,
                    winner.line,
                    member_of[winner.line],
                    code,
                )
                for winner, code in zip(result.winners, codes, strict=True)
            ],
        )
        await connection.execute(
            "UPDATE draw SET state = $2, log = $3, result = $4, drawn_at = $5, version = version + 1 WHERE id = $1",
            draw_id,
            state,
            result.log,
            result.result,
            now,
        )
        await intend(PUBLISH, str(draw_id), due_at=now, now=now, new_id=new_id())
        await note(
            "draw.held",
            at=now,
            actor=actor,
            subject=str(draw_id),
            result=result.code,
            winners=len(result.winners),
        )
    await ticks.announce(redis, f"draw:{draw_id}")
    return Held(result.code, len(result.winners), known=False)


async def cancel(redis: Redis, draw_id: UUID, *, actor: UUID, why: str, now: datetime, new_id: NewId) -> None:
    """Call a draw off for ever. A frozen one publishes that it was aborted; its name is never used again.

    Refusals: draw.unknown, draw.move (drawn or cancelled already), draw.why_missing.
    """
    if not why.strip():
        raise Refusal("draw.why_missing")
    async with db.transaction() as connection:
        found = await _locked(draw_id, "cancel")
        aborted = None
        if found["manifest"] is not None:
            aborted = await _result(found["manifest"], found["snapshot"], "", [], abort=_CANCELLED)
            await intend(PUBLISH, str(draw_id), due_at=now, now=now, new_id=new_id())
        await connection.execute(
            "UPDATE draw SET state = $2, log = $3, result = $4, version = version + 1 WHERE id = $1",
            draw_id,
            _moved(found["state"], "cancel"),
            None if aborted is None else aborted.log,
            None if aborted is None else aborted.result,
        )
        await note("draw.cancelled", at=now, actor=actor, subject=str(draw_id), why=why.strip())
    await ticks.announce(redis, f"draw:{draw_id}")


async def claim(redis: Redis, code: str, *, by: UUID, now: datetime) -> queries.WinRow:
    """Hand a prize over: once, and never to oneself. `code` as typed; wrong ones are counted by the caller.

    Refusals: claim.unknown, claim.own, claim.already (who: the name of who handed it over; when: ISO, UTC).
    """
    clean = states.clean_claim_code(code)
    async with db.transaction() as connection:
        if await connection.fetchval("SELECT id FROM win WHERE claim_code = $1 FOR UPDATE", clean) is None:
            raise Refusal("claim.unknown")
        win = await queries.win_by_code(clean)
        if win is None:
            raise Refusal("claim.unknown")
        if win.member == by:
            raise Refusal("claim.own")
        claimed = await connection.fetchval(
            "UPDATE win SET claimed_at = $2, handed_over_by = $3 WHERE id = $1 AND claimed_at IS NULL RETURNING true",
            win.id,
            now,
            by,
        )
        if not claimed:
            when = "" if win.claimed_at is None else win.claimed_at.isoformat(timespec="seconds")
            raise Refusal("claim.already", who=win.handed_over_by, when=when)
        await note(
            "claim.handed_over",
            at=now,
            actor=by,
            subject=str(win.draw),
            prize=win.prize,
            slot=win.slot,
            member=str(win.member),
        )
    await ticks.announce(redis, f"draw:{win.draw}")
    await ticks.announce(redis, f"member:{win.member}")
    found = await queries.win_by_code(clean)
    return win if found is None else found


async def publish(draw_id: UUID, folder: Path) -> Path | None:
    """Write what is published of a draw to FOLDER/SLUG, each file whole or not at all; return that folder.

    The bytes are those of the database; a file that has them already is left alone, one that differs is put right.
    None: nothing is published yet. The folder may be given to anybody; `verify.verify_folder` reads it.
    """
    found = await queries.published(draw_id)
    if found is None or not found[1]:
        return None
    slug, files = found
    await asyncio.to_thread(_write_files, folder / slug, files)
    return folder / slug


def check_dice(venue: str, digits: str) -> None:
    """Refusal draw.dice.digits (wanted, found) unless these clean digits are what the venue's dice can show."""
    try:
        rules.check_dice(venue, digits)
    except rules.Refused as refused:
        raise Refusal(refused.code, **refused.facts) from None


def read_digits(manifest: bytes, log: str | None) -> str:
    """The venue's dice in a log of ours; "" when none were thrown."""
    if not log:
        return ""
    return rules.read_sheet(rules.split_log(log.encode("ascii")), rules.parse_manifest(manifest)).digits


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == content:
            continue
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(descriptor, 0o644)
                os.fsync(descriptor)
            os.replace(draft, path)
        finally:
            Path(draft).unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _found(draw_id: UUID) -> db.Row:
    """Join the caller's transaction: the draw, locked. Refusal draw.unknown."""
    found = await db.row("SELECT * FROM draw WHERE id = $1 FOR UPDATE", draw_id)
    if found is None:
        raise Refusal("draw.unknown")
    return found


async def _locked(draw_id: UUID, move: Move) -> db.Row:
    found = await _found(draw_id)
    _moved(found["state"], move)
    return found


def _moved(state: str, move: Move) -> State:
    """The state after the move; Refusal draw.move when it is out of order."""
    reached = states.after(state, move)
    if reached is None:
        raise Refusal("draw.move", state=state, move=move)
    return reached


async def _check(terms: Terms, *, now: datetime, before: datetime | None) -> None:
    """Join the caller's transaction: refuse terms that cannot be. `before`: the freeze time as it stood."""
    if (wrong := states.flaw(terms)) is not None:
        raise Refusal(wrong)
    if terms.freeze_at is not None and terms.freeze_at <= now and terms.freeze_at != before:
        raise Refusal("draw.freeze_past")
    if await db.value("SELECT id FROM season WHERE id = $1", terms.season) is None:
        raise Refusal("ledger.unknown_season")
    if len(await queries.unit_names(terms.rule.units)) != len(terms.rule.units):
        raise Refusal("draw.unit_unknown")


def _columns(terms: Terms) -> tuple[Any, ...]:
    """Title, season, rule and unit cap in the order of the statements."""
    rule = terms.rule
    return (
        terms.title.strip(),
        terms.season,
        rule.min_points,
        rule.min_quizzes,
        sorted(rule.units),
        rule.points_per_ticket,
        rule.ticket_cap,
        terms.unit_cap,
    )


def _rule(found: db.Row) -> Rule:
    return Rule(
        found["min_points"],
        found["min_quizzes"],
        frozenset(found["units"]),
        found["points_per_ticket"],
        found["ticket_cap"],
    )


async def _put_prizes(draw_id: UUID, terms: Terms, new_id: NewId) -> None:
    for position, prize in enumerate(terms.prizes):
        await db.rows(
            "INSERT INTO prize (id, draw, position, code, name, quantity) VALUES ($1, $2, $3, $4, $5, $6)",
            new_id(),
            draw_id,
            position,
            prize.code,
            prize.name.strip(),
            prize.quantity,
        )


async def _plan_freeze(draw_id: UUID, freeze_at: datetime | None, *, now: datetime, new_id: NewId) -> None:
    """The moment is part of the subject: a freeze that was put off finds itself out of date and does nothing."""
    if freeze_at is not None:
        await intend(FREEZE, f"{draw_id}@{freeze_at.isoformat()}", due_at=freeze_at, now=now, new_id=new_id())


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


async def _result(
    manifest: bytes, snapshot: bytes, thrown: str, opened: list[bytes], abort: str = ""
) -> rules.Published:
    """The protocol's word on it, worked out beside the event loop."""
    try:
        return await asyncio.to_thread(rules.publish_result, manifest, snapshot, thrown, opened, abort=abort)
    except rules.Refused as refused:
        raise Refusal("draw.files_unsound") from refused


def _code(result: bytes) -> str:
    read = rules.read_json(result)
    return str(read["code"]) if isinstance(read, dict) else ""


async def _fresh_codes(count: int, new_code: Callable[[], str]) -> list[str]:
    """Join the caller's transaction: `count` claim codes that nobody has."""
    codes: set[str] = set()
    while len(codes) < count:
        while len(codes) < count:
            codes.add(new_code())
        taken = await db.rows("SELECT claim_code FROM win WHERE claim_code = ANY($1)", list(codes))
        codes -= {one["claim_code"] for one in taken}
    return list(codes)
