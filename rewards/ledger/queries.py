"""What the entries add up to, and the totals of members that are kept beside them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
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
    """Where a member stands in a season or a week of it. `points` are honour points.

    `reached` is whole seconds from the start of the season to the latest posting not reversed that brought points: the
    moment when the member came to his points (0 when he has none). The season starts when its first day starts anywhere
    on earth: 10:00 UTC of the day before. `sequence` is the highest of the member's entry ids there; it grows with each
    of his postings, in the order in which they were committed.
    """

    member: UUID
    points: int
    reached: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Earners:
    """Whose honour points of a season some entries moved, and in which of its weeks (Mondays)."""

    season: UUID
    members: list[UUID]
    weeks: list[date]


TRUTH_OF: Final = """
SELECT truth.* FROM unnest($1::uuid[]) AS one (member)
CROSS JOIN LATERAL (SELECT * FROM earned WHERE member = one.member OFFSET 0) AS truth
"""
"""What the entries of these members come to, one member after the other (OFFSET sees to it): of many at once PostgreSQL
expects so much that it reads the whole ledger."""

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


async def earners(spans: Collection[tuple[int, int]]) -> list[Earners]:
    """Whose honour points moved by the entries with ids from the first to the last of each span, season by season."""
    found = await rows(
        "SELECT posting.season, array_agg(DISTINCT account.owner) AS members,"
        " array_agg(DISTINCT week) FILTER (WHERE isfinite(week)) AS weeks"
        " FROM entry JOIN posting ON posting.id = entry.posting JOIN account ON account.id = entry.account"
        " CROSS JOIN LATERAL spans(posting.day) AS week"
        " WHERE entry.id = ANY($1) AND account.purpose = 'member' AND account.currency = 'honour'"
        " GROUP BY posting.season",
        # Of spans PostgreSQL would expect a good part of the ledger, and read all of it.
        [entry for first, last in spans for entry in range(first, last + 1)],
    )
    return [Earners(**dict(one)) for one in found]


_BALANCE = compiled(Account.select(Account.balance).where(Account.owner == given(1), Account.currency == given(2)))


async def balance(member: UUID, currency: str) -> int:
    """The sum of the member's entries in a currency, over all seasons; 0 for one who has none."""
    return int(await value(_BALANCE, member, currency) or 0)


async def season_points(season: UUID, member: UUID) -> int:
    """The member's honour points of a season."""
    points = await value(
        "SELECT points FROM total WHERE season = $1 AND week = '-infinity' AND member = $2", season, member
    )
    return int(points or 0)


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


NEWEST: Final = (
    "SELECT DISTINCT recent.posting FROM account CROSS JOIN LATERAL (SELECT posting FROM entry"
    " WHERE entry.account = account.id AND entry.id < coalesce($3::bigint, 9223372036854775807)"
    " ORDER BY entry.id DESC LIMIT $2::bigint + 1) AS recent WHERE"
)
"""The postings of some accounts (what follows) that may be among the $2 newest before entry $3 (null: of all).

The entries of a posting stand side by side: no more than one can have begun before that entry and end behind it.
"""


_STATEMENT = f"""
WITH newest AS ({NEWEST} account.owner = $1)
SELECT max(entry.id) AS sequence, posting.key, posting.rule, posting.note, posting.day, posting.at,
coalesce(sum(entry.amount) FILTER (WHERE account.currency = 'honour'), 0)::bigint AS honour,
coalesce(sum(entry.amount) FILTER (WHERE account.currency = 'spend'), 0)::bigint AS spend,
posting.reason, posting.requested, original.key AS reverses, undo.key AS reversed_by
FROM newest JOIN posting ON posting.id = newest.posting JOIN entry ON entry.posting = posting.id
JOIN account ON account.id = entry.account AND account.owner = $1
LEFT JOIN posting AS original ON original.id = posting.reverses
LEFT JOIN posting AS undo ON undo.reverses = posting.id
GROUP BY posting.id, original.key, undo.key HAVING $3::bigint IS NULL OR max(entry.id) < $3
ORDER BY max(entry.id) DESC LIMIT $2
"""  # noqa: S608 - composed of constants


async def statement(member: UUID, limit: int, before: int | None = None) -> list[StatementLine]:
    """At most `limit` lines, newest first; all lines together add up to the balances.

    The next page is `before` = the sequence of the last line of this one.
    """
    found = await rows(
        _STATEMENT,
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


_STANDINGS = (
    "SELECT total.week, total.member, total.points, total.reached, total.sequence,"
    " coalesce(member.left_on <= $3, false) AS gone FROM total JOIN member ON member.id = total.member"
    " WHERE total.season = $1 AND total.week = ANY($2)"
)


async def standings(
    season: SeasonRow, weeks: Collection[date], members: Collection[UUID], *, day: date
) -> dict[date, tuple[list[Earned], list[UUID]]]:
    """Where these members stand in each of the weeks (Mondays, or WHOLE), and who of them had left by `day`.

    Both by member id; every week is there; who has no posting in it is left out.
    """
    found: dict[date, tuple[list[Earned], list[UUID]]] = {week: ([], []) for week in weeks}
    for one in await rows(
        _STANDINGS + " AND total.member = ANY($4) ORDER BY total.member", season.id, list(weeks), day, list(members)
    ):
        standing, gone = found[one["week"]]
        if one["gone"]:
            gone.append(one["member"])
        else:
            standing.append(_earned(one, season))
    return found


async def page_of_standings(season: SeasonRow, week: date, *, day: date, after: UUID, limit: int) -> list[Earned]:
    """At most `limit` of the standings in one week (or WHOLE), by member id, behind `after`; who had left by `day` is
    left out."""
    page = _STANDINGS + " AND (left_on IS NULL OR left_on > $3) AND total.member > $4 ORDER BY total.member LIMIT $5"
    return [_earned(one, season) for one in await rows(page, season.id, [week], day, after, limit)]


async def count_of_standings(season: SeasonRow, week: date, *, day: date) -> int:
    """How many `page_of_standings` gives in all."""
    everyone = f"SELECT count(*) FROM ({_STANDINGS}) AS standing WHERE NOT gone"  # noqa: S608 - constants
    return int(await value(everyone, season.id, [week], day))


def _earned(one: Row, season: SeasonRow) -> Earned:
    start = datetime.combine(season.starts_on, time(), UTC) - timedelta(hours=14)
    reached = 0 if one["reached"] is None else max(0, (one["reached"] - start) // timedelta(seconds=1))
    return Earned(one["member"], one["points"], reached, one["sequence"])
