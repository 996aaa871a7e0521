"""The only place where points and funds change: award, reverse, transfer; and the seasons and rules of points."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from rewards.audit.actions import note as audit
from rewards.database import Connection, engine, transaction
from rewards.ledger import queries, rules
from rewards.ledger.earnings import Earning, misdeclared
from rewards.ledger.queries import Posted, SeasonRow
from rewards.ledger.rules import HONOUR, SPEND, Pocket
from rewards.ledger.tables import Season
from rewards.outbox.actions import intend
from rewards.refusals import Refusal

_Accounts = dict[tuple[UUID | None, str], UUID]
"""(owner, currency) -> account; owner None is the issuance account."""


@dataclass(frozen=True, slots=True)
class Award:
    """A business fact that earns honour points (0 to rules.MOST_POINTS) for a member. `key` names the fact.

    `about`: the thing of its own room that the fact is about, a quiz. `measure` (0 to rules.MOST_MEASURE): how well or
    how long: percent of a quiz, minutes served. None: not stated.
    """

    key: str
    member: UUID
    points: int
    note: str = ""
    about: UUID | None = None
    measure: int | None = None


async def award(
    awards: Sequence[Award],
    *,
    rule: str,
    season: UUID,
    day: date,
    at: datetime,
    actor: UUID | None = None,
    new_id: Callable[[], UUID],
) -> list[Posted]:
    """Join the caller's transaction: post each award once, and return what stands for each, in the order given.

    The same key with the same facts, rule, season and day brings the original back, `known`. Where the
    rule's daily cap leaves less than the points, the rest is given with the reason (0 points when nothing is left);
    the earlier in `awards` takes first. A handful of statements whatever the number of awards. Members are locked in
    one order until the caller's transaction ends, so call it once in a transaction.

    Boards follow by an intent in the same commit. All or nothing. Refusals: ledger.key_reused (key),
    ledger.key_invalid, ledger.points_out_of_range (most), ledger.note_invalid (longest),
    ledger.measure_out_of_range, ledger.unknown_rule (rule: nobody declares it), ledger.unknown_season,
    ledger.unknown_member (member), ledger.own_item (an adjustment by its beneficiary).
    """
    connection = _joined()
    asked = _asked(awards, rule=rule, season=season, day=day, actor=actor)
    if not asked:
        return []
    async with connection.transaction():
        cap, spend_percent = await _terms(connection, rule, season)
        accounts = await _locked_accounts(connection, {one.member for one, _ in asked.values()}, new_id)
        stands = await queries.recorded(asked)
        for key, (known_digest, _) in stands.items():
            if known_digest != asked[key][1]:
                raise Refusal("ledger.key_reused", key=key)
        posted = {key: known for key, (_, known) in stands.items()}
        fresh = [(one, digest) for key, (one, digest) in asked.items() if key not in posted]
        if fresh:
            earned = {} if cap is None else await _earned_today(connection, rule, day, {one.member for one, _ in fresh})
            new: list[tuple[Posted, bytes, Award]] = []
            for one, digest in fresh:
                before = earned.get(one.member, 0)
                points, reason = rules.granted(one.points, cap=cap, earned=before)
                earned[one.member] = before + points
                spend = rules.spend_of(points, spend_percent)
                item = Posted(one.key, new_id(), one.member, points, spend, one.points, reason, at, known=False)
                new.append((item, digest, one))
                posted[one.key] = item
            written = await _write(connection, new, accounts, rule=rule, season=season, day=day, actor=actor)
            await _boards_follow(*written, at=at, new_id=new_id)
    first: set[str] = set()
    answer = []
    for one in awards:
        item = posted[one.key]
        answer.append(item if one.key not in first else replace(item, known=True))
        first.add(one.key)
    return answer


async def reverse(
    key: str, *, by_key: str, at: datetime, actor: UUID | None, why: str, new_id: Callable[[], UUID]
) -> Posted:
    """Join the caller's transaction: undo the posting `key` by its exact negative, in the same season and day.

    A second call with the same `by_key` brings the first reversal back, `known`. The audit trail gets "ledger.reversed"
    with `why`. Refusals, nothing changed: ledger.unknown_key (key), ledger.reversal_of_reversal (key),
    ledger.own_item (the actor is the beneficiary), ledger.already_reversed (key), ledger.key_reused (key),
    ledger.key_invalid, ledger.note_invalid (longest).
    """
    connection = _joined()
    if (flaw := rules.flaw(key=by_key, points=0, note=why)) is not None:
        raise Refusal(flaw, longest=rules.LONGEST_NOTE)
    original = (await queries.recorded([key])).get(key)
    if original is None:
        raise Refusal("ledger.unknown_key", key=key)
    of = original[1]
    if await connection.fetchval("SELECT reverses IS NOT NULL FROM posting WHERE id = $1", of.id):
        raise Refusal("ledger.reversal_of_reversal", key=key)
    if actor is not None and actor == of.member:
        raise Refusal("ledger.own_item")
    await _lock(connection, {of.member})
    undone_by = await connection.fetchval("SELECT key FROM posting WHERE reverses = $1", of.id)
    if undone_by is not None:
        if undone_by != by_key:
            raise Refusal("ledger.already_reversed", key=key)
        return (await queries.recorded([by_key]))[by_key][1]
    undo = Posted(by_key, new_id(), of.member, -of.points, -of.spend, -of.points, "", at, known=False)
    written = await connection.fetchval(
        "INSERT INTO posting (id, key, digest, rule, season, day, at, requested, reason, note, reverses, actor)"
        " SELECT $1, $2, $3, rule, season, day, $4, $5, '', $6, id, $7 FROM posting WHERE id = $8"
        " ON CONFLICT (key) DO NOTHING RETURNING true",
        undo.id,
        by_key,
        rules.reversal_digest(of.id),
        at,
        undo.requested,
        why,
        actor,
        of.id,
    )
    if not written:
        raise Refusal("ledger.key_reused", key=by_key)
    span = await connection.fetchrow(
        "WITH written AS (INSERT INTO entry (posting, account, amount) SELECT $1, account, -amount FROM entry"
        " WHERE posting = $2 ORDER BY id RETURNING id) SELECT min(id) AS first, max(id) AS last FROM written",
        undo.id,
        of.id,
    )
    assert span is not None
    await connection.execute(_REACHED_ANEW, undo.id, of.member)
    await _boards_follow(span["first"], span["last"], at=at, new_id=new_id)
    await audit("ledger.reversed", at=at, actor=actor, subject=key, why=why, by_key=by_key, points=of.points)
    return undo


_REACHED_ANEW = """
UPDATE total SET reached = earned.reached
FROM posting JOIN posting AS original ON original.id = posting.reverses CROSS JOIN LATERAL spans(posting.day) AS span,
    LATERAL (
        SELECT reached FROM earned
        WHERE earned.season = posting.season AND earned.week = span AND earned.member = $2
    ) AS earned
WHERE posting.id = $1 AND total.season = posting.season AND total.week = span AND total.member = $2
    AND total.reached = original.at
"""


async def _boards_follow(first: int, last: int, *, at: datetime, new_id: Callable[[], UUID]) -> None:
    """Intend that boards show these entries. Others in between only have their members looked at once more."""
    await intend("refresh_boards", f"{first}-{last}", due_at=at, now=at, new_id=new_id())


async def lock_pockets(pockets: Collection[Pocket], *, new_id: Callable[[], UUID]) -> dict[Pocket, int]:
    """Join the caller's transaction: what is in each place now, locked until the transaction ends.

    Accounts that are missing are made. All are locked in one order, so ask for all of them at once.
    """
    return {pocket: amount for pocket, (_, amount) in (await _locked_pockets(pockets, new_id)).items()}


async def _locked_pockets(pockets: Collection[Pocket], new_id: Callable[[], UUID]) -> dict[Pocket, tuple[UUID, int]]:
    """(account, its balance) of each place."""
    connection = _joined()
    wanted = sorted(set(pockets))
    columns = (
        [one.fund for one in wanted],
        [one.currency for one in wanted],
        [one.purpose for one in wanted],
        [one.holder for one in wanted],
    )
    await connection.execute(
        "INSERT INTO account (fund, currency, purpose, holder, id) SELECT fund, currency, purpose, holder, id"
        " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[]) WITH ORDINALITY"
        " AS made(fund, currency, purpose, holder, id, place) ORDER BY place ON CONFLICT DO NOTHING",
        *columns,
        [new_id() for _ in wanted],
    )
    accounts = await connection.fetch(
        "SELECT id, fund, currency, purpose, holder, balance FROM account WHERE (fund, currency, purpose, holder)"
        " IN (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])) ORDER BY id FOR UPDATE",
        *columns,
    )
    return {
        Pocket(one["fund"], one["currency"], one["purpose"], one["holder"]): (one["id"], one["balance"])
        for one in accounts
    }


async def is_transferred(key: str, facts: Sequence[str | int]) -> bool:
    """Whether the transfer `key` stands already. Refusal ledger.key_reused (key): it stands for other facts.

    Asked after `lock_pockets` of what it moves, the answer holds until the transaction ends.
    """
    stands = await _joined().fetchval("SELECT digest FROM posting WHERE key = $1", key)
    if stands is not None and stands != rules.transfer_digest(facts):
        raise Refusal("ledger.key_reused", key=key)
    return stands is not None


async def transfer(
    key: str,
    legs: Mapping[Pocket, int],
    facts: Sequence[str | int],
    *,
    at: datetime,
    actor: UUID | None,
    note: str = "",
    new_id: Callable[[], UUID],
) -> bool:
    """Join the caller's transaction: move what `legs` say into (+) and out of (-) places of funds, once.

    `facts` are the input that makes a second call with the same key the same transfer (the note, hour and actor are
    not): it moves nothing and returns False. Members' points, seasons and boards are not touched.
    Raises ValueError when the legs of a fund do not sum to zero or one of them moves nothing.
    Refusals: ledger.short (wanted, there) when a place would be left below zero, ledger.key_reused (key),
    ledger.key_invalid, ledger.note_invalid (longest).
    """
    connection = _joined()
    if (flaw := rules.flaw(key=key, points=0, note=note)) is not None:
        raise Refusal(flaw, longest=rules.LONGEST_NOTE)
    if not rules.is_balanced(legs):
        raise ValueError(f"the legs of {key} do not balance")
    there = await _locked_pockets(legs, new_id)
    if await is_transferred(key, facts):
        return False
    moved = sorted(legs.items())
    for pocket, amount in moved:
        if pocket.purpose != "issuance" and there[pocket][1] + amount < 0:
            raise Refusal("ledger.short", wanted=-amount, there=there[pocket][1])
    posting = new_id()
    written = await connection.fetchval(
        "INSERT INTO posting (id, key, digest, at, note, actor) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (key) DO NOTHING RETURNING true",
        posting,
        key,
        rules.transfer_digest(facts),
        at,
        note,
        actor,
    )
    # The same transfer would have waited for the same places, so a key taken just now is another one's.
    if not written:
        raise Refusal("ledger.key_reused", key=key)
    await connection.execute(
        "INSERT INTO entry (posting, account, amount) SELECT $1, account, amount"
        " FROM unnest($2::uuid[], $3::bigint[]) WITH ORDINALITY AS leg(account, amount, place) ORDER BY place",
        posting,
        [there[pocket][0] for pocket, _ in moved],
        [amount for _, amount in moved],
    )
    return True


async def open_season(
    name: str, starts_on: date, ends_on: date, *, at: datetime, actor: UUID | None, new_id: UUID
) -> SeasonRow:
    """Make a season of the days from `starts_on` to `ends_on`, both included.

    Refusals: season.overlap, season.name_invalid, season.ends_before_start, season.too_long (longest, in days).
    """
    name = name.strip()
    if (flaw := rules.season_flaw(name, starts_on, ends_on)) is not None:
        raise Refusal(flaw, longest=rules.LONGEST_SEASON)
    try:
        async with transaction() as connection:
            await _alone_with_seasons(connection)
            await Season.insert(Season(id=new_id, name=name, starts_on=starts_on, ends_on=ends_on))
            days = {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
            await audit("season.opened", at=at, actor=actor, subject=str(new_id), name=name, **days)
    except asyncpg.ExclusionViolationError:
        raise Refusal("season.overlap") from None
    return SeasonRow(new_id, name, starts_on, ends_on)


async def correct_season(
    season: UUID, name: str, starts_on: date, ends_on: date, *, at: datetime, today: date, actor: UUID | None
) -> None:
    """Give a season this name and these days; the same again changes nothing. What is posted in it stays inside.

    Refusals: season.unknown, season.start_posted, season.end_past, season.end_posted (last), and as `open_season`.
    """
    name = name.strip()
    if (flaw := rules.season_flaw(name, starts_on, ends_on)) is not None:
        raise Refusal(flaw, longest=rules.LONGEST_SEASON)
    try:
        async with transaction() as connection:
            await _alone_with_seasons(connection)
            # Whoever posts holds the season's row for its key, so that nothing is posted between look and change.
            before = await connection.fetchrow(
                "SELECT name, starts_on, ends_on FROM season WHERE id = $1 FOR UPDATE", season
            )
            if before is None:
                raise Refusal("season.unknown")
            if (before["name"], before["starts_on"], before["ends_on"]) == (name, starts_on, ends_on):
                return
            posted = await queries.posted_days(season)
            old = before["starts_on"], before["ends_on"]
            if (flaw := rules.dates_flaw(old, (starts_on, ends_on), posted, today)) is not None:
                raise Refusal(flaw, last="" if posted is None else posted[1].isoformat())
            await Season.update({Season.name: name, Season.starts_on: starts_on, Season.ends_on: ends_on}).where(
                Season.id == season
            )
            await audit(
                "season.corrected",
                at=at,
                actor=actor,
                subject=str(season),
                name=name,
                starts_on=starts_on.isoformat(),
                ends_on=ends_on.isoformat(),
                before=[before["name"], before["starts_on"].isoformat(), before["ends_on"].isoformat()],
            )
    except asyncpg.ExclusionViolationError:
        raise Refusal("season.overlap") from None


async def remove_season(season: UUID, *, at: datetime, actor: UUID | None) -> str:
    """Take a season back that was opened by mistake; its name. Refusals: season.unknown, season.used (something was
    posted, played or planned in it)."""
    try:
        async with transaction() as connection:
            await _alone_with_seasons(connection)
            name: str | None = await connection.fetchval("DELETE FROM season WHERE id = $1 RETURNING name", season)
            if name is None:
                raise Refusal("season.unknown")
            await audit("season.removed", at=at, actor=actor, subject=str(season), name=name)
    except asyncpg.ForeignKeyViolationError:
        raise Refusal("season.used") from None
    return name


async def _alone_with_seasons(connection: Connection) -> None:
    """Nobody else changes seasons until the transaction ends; posting goes on.

    Without it, two who write spans that overlap wait for each other, and PostgreSQL ends one of them.
    """
    await connection.execute("LOCK TABLE season IN SHARE ROW EXCLUSIVE MODE")


_TOTAL_ANEW = f"""
WITH truth AS MATERIALIZED ({queries.TRUTH_OF}), none AS (
    DELETE FROM total WHERE member = ANY($1)
        AND (season, week, member) NOT IN (SELECT season, week, member FROM truth)
)
INSERT INTO total AS kept (season, week, member, points, reached, sequence)
SELECT season, week, member, points, reached, sequence FROM truth
ON CONFLICT (season, week, member) DO UPDATE
SET points = EXCLUDED.points, reached = EXCLUDED.reached, sequence = EXCLUDED.sequence
WHERE (kept.points, kept.reached, kept.sequence) IS DISTINCT FROM (EXCLUDED.points, EXCLUDED.reached, EXCLUDED.sequence)
"""  # noqa: S608 - composed of constants of this noun


async def total_anew(connection: Connection, members: Collection[UUID]) -> None:
    """In the connection's open transaction: the totals of these members and what is in their accounts, made from their
    entries alone.

    Nobody posts for them before it ends.
    """
    locked = await _lock(connection, set(members))
    await connection.execute(_TOTAL_ANEW, list(members))
    await connection.execute(_BALANCE_ANEW, list(locked.values()))


_BALANCE_ANEW = """
UPDATE account SET balance = truth.amount FROM (
    SELECT one.id, coalesce(sum(amount), 0) AS amount FROM unnest($1::uuid[]) AS one (id)
    LEFT JOIN entry ON entry.account = one.id GROUP BY one.id
) AS truth
WHERE truth.id = account.id AND balance <> truth.amount
    AND (truth.amount >= 0 OR purpose NOT IN ('fund', 'escrow', 'paid'))
"""


async def funds_anew(connection: Connection) -> None:
    """In the connection's open transaction: what is in all accounts of funds, made from their entries alone; one that
    cannot be, as below nothing, stays as it is. Nobody moves anything in them before it ends."""
    found = await connection.fetch("SELECT id FROM account WHERE fund IS NOT NULL ORDER BY id FOR UPDATE")
    await connection.execute(_BALANCE_ANEW, [one["id"] for one in found])


TOTALS: Final = "totals"
"""The checkpoint of `add_up`: the last member whose totals were made; there is none when all are."""
_AT_ONCE: Final = 500


async def add_up(connection: Connection, progress: Callable[[int, int], None]) -> bool:
    """Make the totals that an earlier version did not keep; False: there was nothing to make.

    Some members a transaction: what was stopped goes on where it was. Tells (members done, members in all).
    """
    place = await connection.fetchval("SELECT place FROM checkpoint WHERE name = $1", TOTALS)
    if place is None:
        return False
    after = UUID(place or UUID(int=0).hex)
    count = await connection.fetchval("SELECT count(*) FROM member")
    done = await connection.fetchval("SELECT count(*) FROM member WHERE id <= $1", after)
    while True:
        progress(done, count)
        async with connection.transaction():
            found = await connection.fetch("SELECT id FROM member WHERE id > $1 ORDER BY id LIMIT $2", after, _AT_ONCE)
            if not found:
                await connection.execute("DELETE FROM checkpoint WHERE name = $1", TOTALS)
                return True
            after = found[-1]["id"]
            done += len(found)
            await total_anew(connection, [one["id"] for one in found])
            await connection.execute("UPDATE checkpoint SET place = $2 WHERE name = $1", TOTALS, after.hex)


async def bring_up(connection: Connection, earnings: Sequence[Earning]) -> None:
    """Let the ledger know all earnings there are: a new one begins with its declared terms, one that is known keeps the
    terms it has, one that is left out pays no more.

    Raises ValueError when they cannot be (see earnings.misdeclared).
    """
    if (wrong := misdeclared(earnings)) is not None:
        raise ValueError(wrong)
    await connection.execute(
        "WITH given AS (SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[], $4::text[])"
        " AS given(code, daily_cap, spend_percent, measure)), gone AS ("
        "UPDATE earning_rule SET declared = false WHERE declared AND code NOT IN (SELECT code FROM given))"
        " INSERT INTO earning_rule (code, daily_cap, spend_percent, measure, declared)"
        " SELECT code, daily_cap, spend_percent, measure, true FROM given"
        " ON CONFLICT (code) DO UPDATE SET measure = EXCLUDED.measure, declared = true",
        [one.code for one in earnings],
        [one.daily_cap for one in earnings],
        [one.spend_percent for one in earnings],
        [one.measure for one in earnings],
    )


async def set_rule(
    code: str, daily_cap: int | None, spend_percent: int, *, at: datetime, actor: UUID | None, why: str = ""
) -> None:
    """Set how an earning pays from now on; what stands is not changed.

    Refusals: rule.cap_out_of_range, rule.spend_out_of_range, ledger.unknown_rule (rule).
    """
    if (wrong := rules.rule_flaw(code, daily_cap, spend_percent)) is not None:
        raise Refusal(wrong)
    async with transaction() as connection:
        changed = await connection.fetchval(
            "UPDATE earning_rule SET daily_cap = $2, spend_percent = $3 WHERE code = $1 AND declared RETURNING true",
            code,
            daily_cap,
            spend_percent,
        )
        if not changed:
            raise Refusal("ledger.unknown_rule", rule=code)
        cap = "none" if daily_cap is None else daily_cap
        await audit("rule.set", at=at, actor=actor, subject=code, why=why, daily_cap=cap, spend_percent=spend_percent)


def _joined() -> Connection:
    current: Any = engine.current_transaction.get()
    if current is None:
        raise RuntimeError("what changes the ledger joins a transaction: open one first")
    connection: Connection = current.connection
    return connection


def _asked(
    awards: Sequence[Award], *, rule: str, season: UUID, day: date, actor: UUID | None
) -> dict[str, tuple[Award, bytes]]:
    """Each key once, with the digest of its input."""
    asked: dict[str, tuple[Award, bytes]] = {}
    for one in awards:
        if (flaw := rules.flaw(key=one.key, points=one.points, note=one.note, measure=one.measure)) is not None:
            raise Refusal(flaw, most=rules.MOST_POINTS, longest=rules.LONGEST_NOTE)
        if rule == rules.ADJUSTMENT and actor == one.member:
            raise Refusal("ledger.own_item")
        digest = rules.digest(
            member=one.member,
            points=one.points,
            rule=rule,
            season=season,
            day=day,
            note=one.note,
            about=one.about,
            measure=one.measure,
        )
        if asked.setdefault(one.key, (one, digest))[1] != digest:
            raise Refusal("ledger.key_reused", key=one.key)
    return asked


async def _terms(connection: Connection, rule: str, season: UUID) -> tuple[int | None, int]:
    """(daily cap, spend percent), which cannot change before the transaction ends."""
    if not await connection.fetchval("SELECT true FROM season WHERE id = $1", season):
        raise Refusal("ledger.unknown_season")
    terms = await connection.fetchrow(
        "SELECT daily_cap, spend_percent FROM earning_rule WHERE code = $1 AND declared FOR SHARE", rule
    )
    if terms is None:
        raise Refusal("ledger.unknown_rule", rule=rule)
    return terms["daily_cap"], terms["spend_percent"]


async def _locked_accounts(connection: Connection, members: set[UUID], new_id: Callable[[], UUID]) -> _Accounts:
    """Both accounts of each member, made where missing and locked, and the two of issuance, which are never locked.

    Accounts are made in one order and only then locked in one order, so that two batches cannot wait for each other.
    """
    wanted: set[tuple[UUID | None, str]] = {(owner, currency) for owner in members for currency in (HONOUR, SPEND)}
    wanted |= {(None, HONOUR), (None, SPEND)}
    found = await connection.fetch(
        "SELECT id, owner, currency FROM account WHERE purpose = 'member' AND owner = ANY($1)"
        " UNION ALL SELECT id, owner, currency FROM account WHERE purpose = 'issuance' AND fund IS NULL",
        list(members),
    )
    accounts: _Accounts = {(one["owner"], one["currency"]): one["id"] for one in found}
    missing = sorted(wanted - accounts.keys(), key=lambda one: (one[0] is not None, str(one[0]), one[1]))
    if missing:
        owners = {owner for owner, _ in missing if owner is not None}
        known = await connection.fetch("SELECT id FROM member WHERE id = ANY($1)", list(owners))
        for stranger in sorted(owners - {one["id"] for one in known}):
            raise Refusal("ledger.unknown_member", member=str(stranger))
        await connection.execute(
            "INSERT INTO account (id, purpose, owner, currency)"
            " SELECT id, CASE WHEN owner IS NULL THEN 'issuance' ELSE 'member' END, owner, currency"
            " FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS made(id, owner, currency, place)"
            " ORDER BY place ON CONFLICT DO NOTHING",
            [new_id() for _ in missing],
            [owner for owner, _ in missing],
            [currency for _, currency in missing],
        )
        issuance = await connection.fetch(
            "SELECT id, owner, currency FROM account WHERE purpose = 'issuance' AND fund IS NULL"
        )
        accounts |= {(one["owner"], one["currency"]): one["id"] for one in issuance}
    return accounts | await _lock(connection, members)


async def _lock(connection: Connection, members: set[UUID]) -> _Accounts:
    found = await connection.fetch(
        "SELECT id, owner, currency FROM account WHERE purpose = 'member' AND owner = ANY($1) ORDER BY id FOR UPDATE",
        list(members),
    )
    return {(one["owner"], one["currency"]): one["id"] for one in found}


async def _earned_today(connection: Connection, rule: str, day: date, members: set[UUID]) -> dict[UUID, int]:
    """Honour points by this rule on this day, reversals taken off; members without a posting are left out."""
    found = await connection.fetch(
        "SELECT account.owner, sum(entry.amount)::bigint AS points FROM posting"
        " JOIN entry ON entry.posting = posting.id JOIN account ON account.id = entry.account"
        " WHERE posting.rule = $1 AND posting.day = $2 AND account.owner = ANY($3)"
        " AND account.purpose = 'member' AND account.currency = 'honour' GROUP BY account.owner",
        rule,
        day,
        list(members),
    )
    return {one["owner"]: one["points"] for one in found}


async def _write(
    connection: Connection,
    new: Sequence[tuple[Posted, bytes, Award]],
    accounts: _Accounts,
    *,
    rule: str,
    season: UUID,
    day: date,
    actor: UUID | None,
) -> tuple[int, int]:
    """The ids of the first and the last entry written."""
    written = await connection.fetch(
        "INSERT INTO posting (id, key, digest, rule, season, day, at, requested, reason, note, actor, about, measure)"
        " SELECT id, key, digest, $7, $8, $9, $10, requested, reason, note, $11, about, measure"
        " FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::text[], $12::uuid[],"
        " $13::integer[]) AS made(id, key, digest, requested, reason, note, about, measure)"
        " ORDER BY key ON CONFLICT (key) DO NOTHING RETURNING key",
        [one.id for one, _, _ in new],
        [one.key for one, _, _ in new],
        [digest for _, digest, _ in new],
        [one.requested for one, _, _ in new],
        [one.reason for one, _, _ in new],
        [given.note for _, _, given in new],
        rule,
        season,
        day,
        new[0][0].at,
        actor,
        [given.about for _, _, given in new],
        [given.measure for _, _, given in new],
    )
    # Another batch holding the same member would have been waited for, so a key taken just now is another member's.
    for taken in sorted({one.key for one, _, _ in new} - {one["key"] for one in written}):
        raise Refusal("ledger.key_reused", key=taken)
    legs: list[tuple[UUID, UUID, int]] = []
    for one, _, _ in new:
        legs.append((one.id, accounts[one.member, HONOUR], one.points))
        legs.append((one.id, accounts[None, HONOUR], -one.points))
        if one.spend:
            legs.append((one.id, accounts[one.member, SPEND], one.spend))
            legs.append((one.id, accounts[None, SPEND], -one.spend))
    span = await connection.fetchrow(
        "WITH written AS (INSERT INTO entry (posting, account, amount) SELECT posting, account, amount"
        " FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) WITH ORDINALITY AS leg(posting, account, amount, nth)"
        " ORDER BY nth RETURNING id) SELECT min(id) AS first, max(id) AS last FROM written",
        [posting for posting, _, _ in legs],
        [account for _, account, _ in legs],
        [amount for _, _, amount in legs],
    )
    assert span is not None
    return span["first"], span["last"]
