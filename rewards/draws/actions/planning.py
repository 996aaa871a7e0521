"""Planning a draw: create, change."""

import json
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards import ticks
from rewards.audit.actions import note
from rewards.draws import queries
from rewards.draws.actions.locking import NewId, locked
from rewards.draws.eligibility import rule_json
from rewards.draws.terms import CustodianTerms, Terms, flaw, in_rounds, rounds_json, stages
from rewards.funds import queries as funds
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

FREEZE: Final = "freeze_draw"
"""Kind of the intent to freeze; its subject is DRAW@MOMENT."""

MOST_PICTURE: Final = 500_000
"""Bytes of the picture of a prize."""


async def create_draw(redis: Redis, terms: Terms, *, actor: UUID, now: datetime, today: date, new_id: NewId) -> UUID:
    """Plan a draw and return its id; its public name is draw-YEAR-NUMBER.

    Refusals: what `terms.flaw` finds, draw.unit_unknown, draw.freeze_past, draw.beacon_past, draw.fund_unknown,
    draw.custodian_unknown, draw.exclusion_unknown, draw.earning_unknown (earning), ledger.unknown_season.
    """
    draw_id = new_id()
    async with db.transaction() as connection:
        await _check(terms, now=now, before=None)
        number = await connection.fetchval("SELECT nextval(pg_get_serial_sequence('draw', 'number'))")
        slug = f"draw-{today.year}-{number:03d}"
        await connection.execute(
            "INSERT INTO draw (id, number, slug, created_by, created_at, title, season, rule, rounds, unit_cap,"
            " one_win, presence, call_seconds, dispute_hours, claim_days, shown_names, witnesses, freeze_at,"
            " beacon_at, venue)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
            draw_id,
            number,
            slug,
            actor,
            now,
            *_columns(terms),
        )
        await _put_prizes(draw_id, terms, new_id)
        await _put_custodians(draw_id, terms.custodians, actor=actor, now=now, new_id=new_id)
        await _put_exclusions(draw_id, terms, actor=actor, new_id=new_id)
        await _plan_freeze(draw_id, terms.freeze_at, now=now, new_id=new_id)
        await note("draw.created", at=now, actor=actor, subject=str(draw_id), slug=slug, title=terms.title.strip())
    await ticks.announce(redis, f"draw:{draw_id}")
    return draw_id


async def edit_draw(
    redis: Redis, draw_id: UUID, terms: Terms, *, expected: int, actor: UUID, now: datetime, new_id: NewId
) -> None:
    """Change a draft: every term, prizes by their codes (a picture stays with its code), custodians by their labels.

    A custodian who becomes another person loses his commitment, which is noted. `expected`: the version that was read.
    Refusals besides those of create_draw: draw.unknown, draw.move (not a draft), draw.changed (another version).
    """
    async with db.transaction() as connection:
        found = await locked(draw_id, "edit")
        if found["version"] != expected:
            raise Refusal("draw.changed")
        await _check(terms, now=now, before=found)
        await connection.execute(
            "UPDATE draw SET version = version + 1, title = $2, season = $3, rule = $4, rounds = $5, unit_cap = $6,"
            " one_win = $7, presence = $8, call_seconds = $9, dispute_hours = $10, claim_days = $11, shown_names = $12,"
            " witnesses = $13, freeze_at = $14, beacon_at = $15, venue = $16 WHERE id = $1",
            draw_id,
            *_columns(terms),
        )
        await connection.execute(
            "DELETE FROM prize WHERE draw = $1 AND code <> ALL($2)", draw_id, [prize.code for prize in terms.prizes]
        )
        await _put_prizes(draw_id, terms, new_id)
        await _put_custodians(draw_id, terms.custodians, actor=actor, now=now, new_id=new_id)
        await _put_exclusions(draw_id, terms, actor=actor, new_id=new_id)
        if terms.freeze_at != found["freeze_at"]:
            await _plan_freeze(draw_id, terms.freeze_at, now=now, new_id=new_id)
        await note("draw.edited", at=now, actor=actor, subject=str(draw_id))
    await ticks.announce(redis, f"draw:{draw_id}")


async def set_prize_picture(
    redis: Redis, draw_id: UUID, code: str, picture: bytes | None, *, actor: UUID, now: datetime
) -> None:
    """Give a prize of a draft its picture (a JPEG made small by rewards.pictures), or none.

    Refusals: draw.unknown, draw.move (not a draft), draw.prize_unknown, draw.picture_invalid (no JPEG, or too large).
    """
    if picture is not None and not (picture.startswith(b"\xff\xd8\xff") and len(picture) <= MOST_PICTURE):
        raise Refusal("draw.picture_invalid")
    async with db.transaction() as connection:
        await locked(draw_id, "edit")
        changed = await connection.fetchval(
            "UPDATE prize SET picture = $3 WHERE draw = $1 AND code = $2 RETURNING true", draw_id, code, picture
        )
        if not changed:
            raise Refusal("draw.prize_unknown")
        done = "draw.picture_removed" if picture is None else "draw.picture_set"
        await note(done, at=now, actor=actor, subject=str(draw_id), prize=code)
    await ticks.announce(redis, f"draw:{draw_id}")


async def _check(terms: Terms, *, now: datetime, before: db.Row | None) -> None:
    """Join the caller's transaction: refuse terms that cannot be. `before`: the draw as it stood."""
    if (wrong := flaw(terms)) is not None:
        raise Refusal(wrong)
    for name, moment in (("freeze", terms.freeze_at), ("beacon", terms.beacon_at)):
        if moment is not None and moment <= now and (before is None or moment != before[f"{name}_at"]):
            raise Refusal(f"draw.{name}_past")
    await queries.refuse_undeclared(terms.rule)
    if await db.value("SELECT id FROM season WHERE id = $1", terms.season) is None:
        raise Refusal("ledger.unknown_season")
    units = terms.rule.units.union(*(prize.units for prize in terms.prizes))
    if len(await queries.unit_names(units)) != len(units):
        raise Refusal("draw.unit_unknown")
    budgets = {prize.budget for prize in terms.prizes} - {None}
    stocks = {prize.stock for prize in terms.prizes} - {None}
    known = await funds.kinds([one for one in budgets | stocks if one is not None])
    kinds = {one: known[one][0] if one in known else "" for one in budgets | stocks if one is not None}
    if any(kind != ("money" if one in budgets else "item") for one, kind in kinds.items()) or budgets & stocks:
        raise Refusal("draw.fund_unknown")
    for what, people in (
        ("custodian", [one.member for one in terms.custodians if one.member is not None]),
        ("exclusion", [one.member for one in terms.exclusions]),
    ):
        if await db.value("SELECT count(*) FROM member WHERE id = ANY($1)", people) != len(people):
            raise Refusal(f"draw.{what}_unknown")


def _columns(terms: Terms) -> tuple[Any, ...]:
    """The terms in the order of the statements."""
    return (
        terms.title.strip(),
        terms.season,
        json.dumps(rule_json(terms.rule)),
        json.dumps(rounds_json(stages(terms.rounds))),
        terms.unit_cap,
        terms.one_win,
        terms.presence,
        terms.call_seconds,
        terms.dispute_hours,
        terms.claim_days,
        terms.shown_names,
        [one.strip() for one in terms.witnesses],
        terms.freeze_at,
        terms.beacon_at,
        terms.venue,
    )


async def _put_prizes(draw_id: UUID, terms: Terms, new_id: NewId) -> None:
    """Join the caller's transaction: the prizes by code; what is there keeps its id and picture."""
    for position, prize in enumerate(in_rounds(terms)):
        await db.rows(
            "INSERT INTO prize (id, draw, position, code, name, quantity, round, value, sponsor, batch, class, units,"
            " present, redraw, alternates, budget, stock)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
            " ON CONFLICT (draw, code) DO UPDATE SET (position, name, quantity, round, value, sponsor, batch, class,"
            " units, present, redraw, alternates, budget, stock) = (EXCLUDED.position, EXCLUDED.name,"
            " EXCLUDED.quantity, EXCLUDED.round, EXCLUDED.value, EXCLUDED.sponsor, EXCLUDED.batch, EXCLUDED.class,"
            " EXCLUDED.units, EXCLUDED.present, EXCLUDED.redraw, EXCLUDED.alternates, EXCLUDED.budget, EXCLUDED.stock)",
            new_id(),
            draw_id,
            position,
            prize.code,
            prize.name.strip(),
            prize.quantity,
            prize.round,
            prize.value,
            prize.sponsor.strip(),
            prize.batch,
            prize.group,
            sorted(prize.units),
            prize.present,
            prize.redraw,
            prize.alternates,
            prize.budget,
            prize.stock,
        )


async def _put_custodians(
    draw_id: UUID, custodians: tuple[CustodianTerms, ...], *, actor: UUID, now: datetime, new_id: NewId
) -> None:
    """Join the caller's transaction: the custodians by label. Who stays the same person keeps his commitment."""
    wanted = {one.label: one for one in custodians}
    for one in await db.rows("SELECT id, label, name, member, commitment FROM custodian WHERE draw = $1", draw_id):
        again = wanted.get(one["label"])
        if again is not None and again.member == one["member"] and (again.member or again.name.strip() == one["name"]):
            continue
        await db.rows("DELETE FROM custodian WHERE id = $1", one["id"])
        if one["commitment"] is not None:
            await note("draw.custodian_reset", at=now, actor=actor, subject=str(draw_id), label=one["label"])
    for position, keeper in enumerate(custodians):
        await db.rows(
            "INSERT INTO custodian (id, draw, position, label, name, member) VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (draw, label) DO UPDATE SET position = EXCLUDED.position, name = EXCLUDED.name",
            new_id(),
            draw_id,
            position,
            keeper.label,
            keeper.name.strip(),
            keeper.member,
        )


async def _put_exclusions(draw_id: UUID, terms: Terms, *, actor: UUID, new_id: NewId) -> None:
    await db.rows(
        "DELETE FROM draw_exclusion WHERE draw = $1 AND member <> ALL($2)",
        draw_id,
        [one.member for one in terms.exclusions],
    )
    for one in terms.exclusions:
        await db.rows(
            "INSERT INTO draw_exclusion (id, draw, member, why, added_by) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (draw, member) DO UPDATE SET why = EXCLUDED.why",
            new_id(),
            draw_id,
            one.member,
            one.why.strip(),
            actor,
        )


async def _plan_freeze(draw_id: UUID, freeze_at: datetime | None, *, now: datetime, new_id: NewId) -> None:
    """The moment is part of the subject: a freeze that was put off finds itself out of date and does nothing."""
    if freeze_at is not None:
        await intend(FREEZE, f"{draw_id}@{freeze_at.isoformat()}", due_at=freeze_at, now=now, new_id=new_id())
