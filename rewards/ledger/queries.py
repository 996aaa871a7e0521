"""What the entries add up to. Every figure here is a sum over the ledger at the instant of the call."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from piccolo.columns.combination import WhereRaw
from piccolo.custom_types import Combinable
from piccolo.querystring import QueryString

from rewards.database import Row, all_of, any_of, compiled, given, row, rows, value
from rewards.ledger.earnings import Measure, Tally
from rewards.ledger.tables import Account, EarningRule, Posting, Season


@dataclass(frozen=True, slots=True)
class SeasonRow:
    """Both days belong to the season."""

    id: UUID
    name: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class RuleRow:
    """How an earning pays. `daily_cap` None: no cap. `spend_percent`: spend points for every 100 honour points."""

    code: str
    daily_cap: int | None
    spend_percent: int
    measure: Measure


@dataclass(frozen=True, slots=True)
class Posted:
    """A posting as it stands. `points` and `spend` are what the member got (negative in a reversal), `requested` what
    the fact asked for, `reason` why less was given ("" or "daily_cap"). `known`: it stood before the call."""

    key: str
    id: UUID
    member: UUID
    points: int
    spend: int
    requested: int
    reason: str
    at: datetime
    known: bool


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One posting as its member sees it. `reverses` and `reversed_by` are keys of postings, or None.

    `sequence` grows with every posting to the member and is the cursor of the next page.
    """

    sequence: int
    key: str
    rule: str
    note: str
    day: date
    at: datetime
    honour: int
    spend: int
    reason: str
    requested: int
    reverses: str | None
    reversed_by: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """Honour points of one rule, reversals taken off, and how many postings not reversed they come from."""

    rule: str
    points: int
    postings: int


@dataclass(frozen=True, slots=True)
class Earned:
    """Where a member stands by the ledger. `reached`: when he came to these points, see `standings_of_season`."""

    member: UUID
    points: int
    reached: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something the ledger must never hold; `details` are the ids and figures that the sentence for people names."""

    code: str
    details: dict[str, str | int]


_SEASON = compiled(Season.select().where(Season.id == given(1)))
_SEASON_OF = compiled(Season.select().where(Season.starts_on <= given(1), Season.ends_on >= given(1)))
_SEASONS = compiled(Season.select().order_by(Season.starts_on, ascending=False))
_RULES = compiled(
    EarningRule.select(EarningRule.code, EarningRule.daily_cap, EarningRule.spend_percent, EarningRule.measure)
    .where(EarningRule.declared.eq(given(1)))
    .order_by(EarningRule.code)
)


async def season(id: UUID) -> SeasonRow | None:
    """The season of this id."""
    found = await row(_SEASON, id)
    return None if found is None else SeasonRow(**found)


async def season_of(day: date) -> SeasonRow | None:
    """The season that `day` belongs to; None between seasons. There is never more than one."""
    found = await row(_SEASON_OF, day)
    return None if found is None else SeasonRow(**found)


async def posted_days(season: UUID) -> tuple[date, date] | None:
    """The first and the last day of what was posted in a season; None: nothing was. Two steps into an index."""
    found = await row(
        """
        SELECT
            (SELECT day FROM posting WHERE posting.season = season.id AND day >= starts_on ORDER BY day LIMIT 1)
                AS first,
            (SELECT day FROM posting WHERE posting.season = season.id AND day <= ends_on ORDER BY day DESC LIMIT 1)
                AS last
        FROM season WHERE id = $1
        """,
        season,
    )
    return None if found is None or found["first"] is None else (found["first"], found["last"])


async def seasons() -> list[SeasonRow]:
    """All seasons, the latest first."""
    return [SeasonRow(**one) for one in await rows(_SEASONS)]


async def earning_rules() -> list[RuleRow]:
    """Those of all declared earnings, by code."""
    return [RuleRow(**one) for one in await rows(_RULES, True)]


async def earners(first: int, last: int) -> dict[UUID, list[UUID]]:
    """Season -> members whose honour points moved by the entries with these ids, both included."""
    found = await rows(
        "SELECT posting.season, array_agg(DISTINCT account.owner) AS members FROM entry"
        " JOIN posting ON posting.id = entry.posting JOIN account ON account.id = entry.account"
        " WHERE entry.id BETWEEN $1 AND $2 AND account.purpose = 'member' AND account.currency = 'honour'"
        " GROUP BY posting.season",
        first,
        last,
    )
    return {one["season"]: one["members"] for one in found}


async def balance(member: UUID, currency: str) -> int:
    """The sum of the member's entries in a currency, over all seasons; 0 for one who has none."""
    return int(
        await value(
            "SELECT coalesce(sum(entry.amount), 0)::bigint FROM account JOIN entry ON entry.account = account.id"
            " WHERE account.owner = $1 AND account.currency = $2 AND account.purpose = 'member'",
            member,
            currency,
        )
    )


async def season_points(season: UUID, member: UUID) -> int:
    """The member's honour points of a season."""
    return int(
        await value(
            "SELECT coalesce(sum(entry.amount), 0)::bigint FROM account JOIN entry ON entry.account = account.id"
            " JOIN posting ON posting.id = entry.posting WHERE account.owner = $2 AND account.currency = 'honour'"
            " AND account.purpose = 'member' AND posting.season = $1",
            season,
            member,
        )
    )


async def recorded(keys: Collection[str]) -> dict[str, tuple[bytes, Posted]]:
    """The postings that have these keys, each with the digest of its input. Unknown keys are left out."""
    found = await rows(
        "SELECT posting.id, posting.key, posting.digest, posting.requested, posting.reason, posting.at,"
        " account.owner AS member, sum(entry.amount) FILTER (WHERE account.currency = 'honour')::bigint AS points,"
        " coalesce(sum(entry.amount) FILTER (WHERE account.currency = 'spend'), 0)::bigint AS spend"
        " FROM posting JOIN entry ON entry.posting = posting.id JOIN account ON account.id = entry.account"
        " WHERE posting.key = ANY($1) AND account.purpose = 'member' GROUP BY posting.id, account.owner",
        list(keys),
    )
    return {
        one["key"]: (
            one["digest"],
            Posted(
                key=one["key"],
                id=one["id"],
                member=one["member"],
                points=one["points"],
                spend=one["spend"],
                requested=one["requested"],
                reason=one["reason"],
                at=one["at"],
                known=True,
            ),
        )
        for one in found
    }


async def statement(member: UUID, limit: int, before: int | None = None) -> list[StatementLine]:
    """At most `limit` lines, newest first; all lines together add up to the balances.

    The next page is `before` = the sequence of the last line of this one.
    """
    found = await rows(
        "SELECT max(entry.id) AS sequence, posting.key, posting.rule, posting.note, posting.day, posting.at,"
        " coalesce(sum(entry.amount) FILTER (WHERE account.currency = 'honour'), 0)::bigint AS honour,"
        " coalesce(sum(entry.amount) FILTER (WHERE account.currency = 'spend'), 0)::bigint AS spend,"
        " posting.reason, posting.requested, original.key AS reverses, undo.key AS reversed_by"
        " FROM account JOIN entry ON entry.account = account.id JOIN posting ON posting.id = entry.posting"
        " LEFT JOIN posting AS original ON original.id = posting.reverses"
        " LEFT JOIN posting AS undo ON undo.reverses = posting.id"
        " WHERE account.owner = $1 AND account.purpose = 'member'"
        " GROUP BY posting.id, original.key, undo.key HAVING $3::bigint IS NULL OR max(entry.id) < $3"
        " ORDER BY max(entry.id) DESC LIMIT $2",
        member,
        limit,
        before,
    )
    return [StatementLine(**dict(one)) for one in found]


async def points_by_source(member: UUID, season: UUID) -> list[Source]:
    """The member's honour points of a season by rule, most first; they add up to `season_points`."""
    found = await rows(
        "SELECT posting.rule, sum(entry.amount)::bigint AS points,"
        " count(*) FILTER (WHERE posting.reverses IS NULL AND undo.id IS NULL) AS postings"
        " FROM account JOIN entry ON entry.account = account.id JOIN posting ON posting.id = entry.posting"
        " LEFT JOIN posting AS undo ON undo.reverses = posting.id"
        " WHERE account.owner = $1 AND account.currency = 'honour' AND account.purpose = 'member'"
        " AND posting.season = $2 GROUP BY posting.rule ORDER BY points DESC, posting.rule",
        member,
        season,
    )
    return [Source(**dict(one)) for one in found]


_STANDING = WhereRaw(
    "posting.reverses IS NULL AND NOT EXISTS (SELECT FROM posting AS undo WHERE undo.reverses = posting.id)"
)
_TALLIES: Mapping[Tally, QueryString] = {
    "count": QueryString("count(*)"),
    "sum": QueryString("coalesce(sum(posting.measure), 0)"),
    "best": QueryString("coalesce(max(posting.measure), 0)"),
}

Days = tuple[date, date]
"""From the one to the other, both included."""

_TOTALS_OF_MEMBERS = (
    "SELECT account.owner AS member, {}::bigint AS total FROM posting"
    " JOIN entry ON entry.posting = posting.id JOIN account ON account.id = entry.account"
    " WHERE account.purpose = 'member' AND account.currency = 'honour' AND {} GROUP BY account.owner"
)


async def points(
    *, season: UUID | None = None, days: Days | None = None, members: Collection[UUID] | None = None
) -> dict[UUID, int]:
    """Member -> honour points of a season, of the days (None: of any), by all earnings; who has no posting is left out.

    One statement, linear in the postings.
    """
    return await _totals(QueryString("sum(entry.amount)"), season=season, days=days, members=members)


async def tallied(
    earning: str,
    tally: Tally,
    *,
    season: UUID | None = None,
    days: Days | None = None,
    about: UUID | None = None,
    members: Collection[UUID] | None = None,
) -> dict[UUID, int]:
    """Member -> what the postings of one earning come to, of those of a season, of the days, about one thing (None: of
    any); who has none is left out. What was reversed does not count. One statement, linear in the postings.
    """
    return await _totals(
        _TALLIES[tally], _STANDING, rule=earning, season=season, days=days, about=about, members=members
    )


async def _totals(
    sums: QueryString,
    *standing: Combinable,
    season: UUID | None,
    days: Days | None,
    rule: str | None = None,
    about: UUID | None = None,
    members: Collection[UUID] | None,
) -> dict[UUID, int]:
    wanted: list[Combinable] = [*standing]
    if season is not None:
        wanted.append(Posting.season == season)
    if days is not None:
        wanted += Posting.day >= days[0], Posting.day <= days[1]
    if rule is not None:
        wanted.append(Posting.rule == rule)
    if about is not None:
        wanted.append(Posting.about == about)
    if members is not None:
        wanted.append(Account.owner == any_of(members))
    found = await rows(QueryString(_TOTALS_OF_MEMBERS, sums, all_of(*wanted)))
    return {one["member"]: one["total"] for one in found}


async def standings_of_season(season: UUID, members: Collection[UUID] | None = None) -> list[Earned]:
    """Every member (or every one of `members`) with a posting in the season, by member id. Leavers are among them.

    `points` are honour points. `reached` is whole seconds from the start of the season to the latest posting not
    reversed that brought points: the moment when the member came to his points (0 when he has none). The season starts
    when its first day starts anywhere on earth: 10:00 UTC of the day before. `sequence` is the highest of the member's
    entry ids in the season; it grows with each of his postings, in the order in which they were committed.
    """
    if members is None:
        found = await rows(
            "SELECT account.owner AS member, sum(entry.amount)::bigint AS points, max(entry.id) AS sequence,"
            " max(posting.at) FILTER (WHERE entry.amount > 0 AND undo.id IS NULL) AS reached"
            " FROM posting JOIN entry ON entry.posting = posting.id JOIN account ON account.id = entry.account"
            " LEFT JOIN posting AS undo ON undo.reverses = posting.id WHERE posting.season = $1"
            " AND account.purpose = 'member' AND account.currency = 'honour'"
            " GROUP BY account.owner ORDER BY account.owner",
            season,
        )
    else:
        found = await rows(
            "SELECT account.owner AS member, sum(entry.amount)::bigint AS points, max(entry.id) AS sequence,"
            " max(posting.at) FILTER (WHERE entry.amount > 0 AND undo.id IS NULL) AS reached"
            " FROM account JOIN entry ON entry.account = account.id JOIN posting ON posting.id = entry.posting"
            " LEFT JOIN posting AS undo ON undo.reverses = posting.id WHERE account.owner = ANY($2)"
            " AND account.purpose = 'member' AND account.currency = 'honour' AND posting.season = $1"
            " GROUP BY account.owner ORDER BY account.owner",
            season,
            list(members),
        )
    start = await _start(season)
    return [_earned(one, start) for one in found]


async def standings_of_weeks(
    season: UUID, first: date, last: date, members: Collection[UUID] | None = None
) -> dict[date, list[Earned]]:
    """The same for each week by its Monday, of the postings on the days from `first` to `last`, both included.

    Weeks without postings are left out; `reached` counts from the season.
    """
    found = await rows(
        "SELECT date_trunc('week', posting.day)::date AS monday, account.owner AS member,"
        " sum(entry.amount)::bigint AS points, max(entry.id) AS sequence,"
        " max(posting.at) FILTER (WHERE entry.amount > 0 AND undo.id IS NULL) AS reached"
        " FROM posting JOIN entry ON entry.posting = posting.id JOIN account ON account.id = entry.account"
        " LEFT JOIN posting AS undo ON undo.reverses = posting.id"
        " WHERE posting.season = $1 AND posting.day BETWEEN $2 AND $3"
        " AND account.purpose = 'member' AND account.currency = 'honour'"
        " AND ($4::uuid[] IS NULL OR account.owner = ANY($4)) GROUP BY 1, 2 ORDER BY 1, 2",
        season,
        first,
        last,
        None if members is None else list(members),
    )
    start = await _start(season)
    weeks: dict[date, list[Earned]] = {}
    for one in found:
        weeks.setdefault(one["monday"], []).append(_earned(one, start))
    return weeks


async def _start(season: UUID) -> datetime:
    moment: datetime = await value(
        "SELECT (starts_on::timestamp - interval '14 hours') AT TIME ZONE 'UTC' FROM season WHERE id = $1", season
    )
    return moment


def _earned(one: Row, start: datetime) -> Earned:
    reached = 0 if one["reached"] is None else max(0, (one["reached"] - start) // timedelta(seconds=1))
    return Earned(one["member"], one["points"], reached, one["sequence"])


_GUARDS = {("posting", "append_only"), ("entry", "append_only"), ("entry", "balanced"), ("entry", "covered")}


async def faults(limit: int = 1000) -> list[Fault]:
    """Everything in the ledger that cannot be, at most `limit` of each code; empty: the ledger is sound.

    ledger.trigger_missing, ledger.unbalanced, ledger.overdrawn, ledger.posting_empty, ledger.bad_reversal,
    ledger.cap_overrun. Caps are checked for days whose postings all came after the last change of their rule. Reads the
    whole ledger.
    """
    guards = await rows(
        "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND pg_class.relnamespace = 'public'::regnamespace"
    )
    missing = _GUARDS - {(one["relname"], one["tgname"]) for one in guards}
    found = [Fault("ledger.trigger_missing", {"table": table, "trigger": name}) for table, name in sorted(missing)]
    for code, sql in _FAULTS.items():
        found += [Fault(code, json.loads(one["details"])) for one in await rows(sql, limit)]
    return found


_FAULTS = {
    "ledger.unbalanced": (
        "SELECT json_build_object('key', posting.key, 'currency', account.currency, 'sum', sum(entry.amount)::bigint)"
        " AS details FROM entry JOIN posting ON posting.id = entry.posting JOIN account ON account.id = entry.account"
        " GROUP BY posting.id, account.currency, account.fund HAVING sum(entry.amount) <> 0"
        " ORDER BY posting.key LIMIT $1"
    ),
    "ledger.overdrawn": (
        "SELECT json_build_object('fund', account.fund, 'purpose', account.purpose, 'sum', sum(entry.amount)::bigint)"
        " AS details FROM account JOIN entry ON entry.account = account.id"
        " WHERE account.purpose IN ('fund', 'escrow', 'paid')"
        " GROUP BY account.id HAVING sum(entry.amount) < 0 ORDER BY account.id LIMIT $1"
    ),
    "ledger.posting_empty": (
        "SELECT json_build_object('key', key) AS details FROM posting"
        " WHERE NOT EXISTS (SELECT FROM entry WHERE entry.posting = posting.id) ORDER BY key LIMIT $1"
    ),
    "ledger.bad_reversal": (
        "SELECT json_build_object('key', undo.key, 'original', original.key) AS details"
        " FROM posting AS undo JOIN posting AS original ON original.id = undo.reverses"
        " WHERE original.reverses IS NOT NULL OR (undo.season, undo.day, undo.rule)"
        " IS DISTINCT FROM (original.season, original.day, original.rule) OR EXISTS ("
        "SELECT FROM entry WHERE entry.posting IN (undo.id, original.id)"
        " GROUP BY entry.account HAVING sum(entry.amount) <> 0) ORDER BY undo.key LIMIT $1"
    ),
    "ledger.cap_overrun": (
        "WITH changed AS (SELECT subject, max(at) AS at FROM audit_entry WHERE code = 'rule.set' GROUP BY subject)"
        " SELECT json_build_object('rule', posting.rule, 'member', account.owner, 'day', posting.day,"
        " 'earned', sum(entry.amount)::bigint, 'cap', earning_rule.daily_cap) AS details"
        " FROM posting JOIN entry ON entry.posting = posting.id JOIN account ON account.id = entry.account"
        " JOIN earning_rule ON earning_rule.code = posting.rule LEFT JOIN changed ON changed.subject = posting.rule"
        " WHERE earning_rule.daily_cap IS NOT NULL AND account.purpose = 'member' AND account.currency = 'honour'"
        " GROUP BY posting.rule, account.owner, posting.day, earning_rule.daily_cap, changed.at"
        " HAVING sum(entry.amount) > earning_rule.daily_cap AND (changed.at IS NULL OR min(posting.at) > changed.at)"
        " ORDER BY posting.rule, posting.day, account.owner LIMIT $1"
    ),
}
