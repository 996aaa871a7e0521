"""Planning a draw: create, change."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import queries, states
from rewards.draws.actions.locking import NewId, locked
from rewards.draws.terms import Terms, flaw
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

FREEZE: Final = "freeze_draw"
"""Kind of the intent to freeze; its subject is DRAW@MOMENT."""


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
        found = await locked(draw_id, "edit")
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


async def _check(terms: Terms, *, now: datetime, before: datetime | None) -> None:
    """Join the caller's transaction: refuse terms that cannot be. `before`: the freeze time as it stood."""
    if (wrong := flaw(terms)) is not None:
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
