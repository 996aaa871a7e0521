"""Begin to keep time on a machine, go on with it, and let people say that the machine's clock is right."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from rewards import database as db
from rewards.audit.actions import note
from rewards.clocks import rules
from rewards.clocks.rules import Kept
from rewards.outbox import actions as outbox
from rewards.refusals import Refusal

EXACT: Final = timedelta(seconds=10)
"""How far the latest time that is known stays behind, so that keeping time costs a write in ten seconds."""

REMEMBERED: Final = timedelta(days=30)
"""How long it is known that a machine ran."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FOUND: Final = "SELECT base, apart, behind, latest FROM clock WHERE boot = $1"


async def keep(boot: str, machine: str, *, wall: int, steady: int) -> Kept:
    """Which time the processes of this run of a machine keep, after a look at its clocks (as of rules).

    The first of them says it, for all. What the wall did is noted once. A statement, and another in ten seconds.
    """
    found = await db.row(_FOUND, boot)
    if found is None:
        kept = await _begin(boot, machine, rules.begun(wall, steady, await _latest()), steady)
    else:
        kept = _kept(found)
    now, then = _moment(steady + kept.base), rules.seen(kept, wall - steady)
    if then != kept:
        return then if await _change(boot, machine, kept, then, now) else kept
    if found is not None and now - found["latest"] >= EXACT:
        await db.rows("UPDATE clock SET latest = $2 WHERE boot = $1 AND latest < $2", boot, now)
    return kept


async def _latest() -> int | None:
    """The latest time that any machine has kept."""
    latest = await db.value("SELECT max(latest) FROM clock")
    return None if latest is None else (latest - _EPOCH) // _MICROSECOND


async def _begin(boot: str, machine: str, kept: Kept, steady: int) -> Kept:
    now = _moment(steady + kept.base)
    await db.rows("DELETE FROM clock WHERE latest < $1", now - REMEMBERED)
    (found,) = await db.rows(
        "INSERT INTO clock (boot, machine, base, behind, latest) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (boot) DO UPDATE SET machine = EXCLUDED.machine RETURNING base, apart, behind",
        boot,
        machine,
        kept.base,
        kept.behind,
        now,
    )
    return _kept(found)


def _kept(found: db.Row) -> Kept:
    return Kept(found["base"], found["apart"], found["behind"])


async def _change(boot: str, machine: str, kept: Kept, then: Kept, now: datetime) -> bool:
    """Once, whoever of the processes comes first; False: another has changed it meanwhile."""
    async with db.transaction() as connection:
        changed = await connection.fetchval(
            "UPDATE clock SET base = $4, apart = $5, behind = $6, stepped_at = $7"
            " WHERE boot = $1 AND base = $2 AND apart = $3 RETURNING true",
            boot,
            kept.base,
            kept.apart,
            then.base,
            then.apart,
            then.behind,
            now if then.apart else None,
        )
        if changed and then.apart != kept.apart:
            code = "clock.stepped" if then.apart else "clock.agreed"
            await note(code, at=now, actor=None, subject=machine, minutes=round(then.apart / rules.MINUTE))
    return bool(changed)


async def take_over(boot: str, seconds: int, *, actor: UUID, now: datetime) -> None:
    """The clock of this machine is right: Laurel's time there becomes what it shows, `seconds` ahead (below 0: behind).

    Backward, nothing waits behind a time that was: see outbox.actions.set_back. Refusal clock.changed when the clock
    is not so far apart (any more).
    """
    async with db.transaction() as connection:
        found = await connection.fetchrow("SELECT machine, base, apart FROM clock WHERE boot = $1 FOR UPDATE", boot)
        if found is None or not found["apart"] or round(found["apart"] / rules.SECOND) != seconds:
            raise Refusal("clock.changed")
        kept = Kept(found["base"], found["apart"])
        then = now + timedelta(microseconds=kept.apart)
        await connection.execute(
            "UPDATE clock SET base = $2, apart = 0, behind = false, stepped_at = NULL, latest = $3 WHERE boot = $1",
            boot,
            rules.taken(kept).base,
            then,
        )
        if then < now:
            await connection.execute("UPDATE clock SET latest = $1 WHERE latest > $1", then)
            await outbox.set_back(now, then)
        await note("clock.taken_over", at=then, actor=actor, subject=found["machine"], minutes=round(seconds / 60))


def _moment(since_1970: int) -> datetime:
    return _EPOCH + since_1970 * _MICROSECOND
