"""Rehearsing a draw: the same terms under another name, with secrets of the server's own, and nothing to be won."""

from datetime import date, datetime
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import rules, states
from rewards.draws.actions.freezing import ask_freeze_within
from rewards.draws.actions.locking import NewId, RandomBytes, locked
from rewards.refusals import Refusal


async def rehearse(
    redis: Redis, draw_id: UUID, *, actor: UUID, now: datetime, today: date, new_id: NewId, random_bytes: RandomBytes
) -> UUID:
    """Begin a rehearsal and return its id; a worker freezes its list, as of a draw, by the ledger of that instant.

    It is a draw of its own named rehearsal-YEAR-NUMBER: another manifest, marked as a rehearsal, other commitments,
    so that nothing of it fits the draw itself. No objections are awaited, no beacon, no funds are kept, and its winners
    cannot claim. Refusals: draw.unknown, draw.move (neither draft nor frozen), draw.rehearsal (of a rehearsal), and
    those of asking for a freeze.
    """
    made = new_id()
    async with db.transaction() as connection:
        found = await locked(draw_id, "rehearse")
        if found["rehearses"] is not None:
            raise Refusal("draw.rehearsal")
        number = await connection.fetchval("SELECT nextval(pg_get_serial_sequence('draw', 'number'))")
        slug = f"rehearsal-{today.year}-{number:03d}"
        await connection.execute(
            "INSERT INTO draw (id, number, slug, title, season, unit_cap, venue, created_by, created_at, rule, rounds,"
            " rehearses, one_win, presence, call_seconds, dispute_hours, claim_days, shown_names, witnesses)"
            " SELECT $2, $3, $4, title, season, unit_cap, venue, created_by, $5, rule, rounds, id, one_win, presence,"
            " call_seconds, 0, claim_days, shown_names, witnesses FROM draw WHERE id = $1",
            draw_id,
            made,
            number,
            slug,
            now,
        )
        await _copy_terms(connection, draw_id, made, new_id=new_id)
        await _seal_anew(connection, draw_id, made, slug, now=now, new_id=new_id, random_bytes=random_bytes)
        await note("draw.rehearsed", at=now, actor=actor, subject=str(draw_id), slug=slug)
        await ask_freeze_within(made, actor=actor, now=now, new_id=new_id)
    await ticks.announce(redis, f"draw:{draw_id}")
    return made


async def _copy_terms(connection: db.Connection, draw_id: UUID, made: UUID, *, new_id: NewId) -> None:
    """Prizes, without the funds that pay for them, and who is left out."""
    for one in await connection.fetch("SELECT id FROM prize WHERE draw = $1 ORDER BY position", draw_id):
        await connection.execute(
            "INSERT INTO prize (id, draw, position, code, name, quantity, round, value, sponsor, picture, batch,"
            " class, units, present, redraw, alternates) SELECT $2, $3, position, code, name, quantity, round,"
            " value, sponsor, picture, batch, class, units, present, redraw, alternates FROM prize WHERE id = $1",
            one["id"],
            new_id(),
            made,
        )
    for one in await connection.fetch("SELECT member, why, added_by FROM draw_exclusion WHERE draw = $1", draw_id):
        await connection.execute(
            "INSERT INTO draw_exclusion (id, draw, member, why, added_by) VALUES ($1, $2, $3, $4, $5)",
            new_id(),
            made,
            *one.values(),
        )


async def _seal_anew(
    connection: db.Connection,
    draw_id: UUID,
    made: UUID,
    slug: str,
    *,
    now: datetime,
    new_id: NewId,
    random_bytes: RandomBytes,
) -> None:
    """The custodians, each with a secret of the rehearsal alone that the server keeps."""
    keepers = await connection.fetch(
        "SELECT label, name, member FROM custodian WHERE draw = $1 ORDER BY position", draw_id
    )
    named = [tuple(one.values()) for one in keepers] or [(label, label, None) for label in states.CUSTODIANS]
    for position, (label, name, member) in enumerate(named):
        secret = random_bytes(rules.SECRET_BYTES)
        await connection.execute(
            "INSERT INTO custodian (id, draw, position, label, name, member, commitment, sealed_at, kept)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            new_id(),
            made,
            position,
            label,
            name,
            member,
            rules.commitment(slug, label, secret),
            now,
            secret,
        )
