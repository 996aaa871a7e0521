"""What the ledger must never hold, looked for piece by piece: any size in bounded memory, stopped anywhere."""

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar
from uuid import UUID

from rewards.checkpoints import queries as checkpoints
from rewards.checkpoints.actions import keep
from rewards.database import row, rows, value
from rewards.ledger.queries import TRUTH_OF
from rewards.ledger.tables import Account, Posting
from rewards.members.queries import page_of_ids

ENTRIES: Final = 20_000
POSTINGS: Final = 10_000
MEMBERS: Final = 1_000
ACCOUNTS: Final = 2_000
"""How many a piece looks at."""

MOST: Final = 1_000
"""Faults of one kind that a piece names."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must never be; `details` are the ids and figures that the sentence for people names."""

    code: str
    details: dict[str, str | int]


Step = Callable[[str], Awaitable[tuple[list[Fault], str]]]
"""(where to go on, "" at the beginning) -> the faults of the next piece, and where to go on ("": that was all)."""


_GUARDS = {
    ("posting", "append_only"),
    ("entry", "append_only"),
    ("entry", "balanced"),
    ("entry", "added_up"),
    ("account", "account_covered"),
    ("entry", "totalled"),
}


async def guards(_after: str) -> tuple[list[Fault], str]:
    """ledger.trigger_missing (table, trigger): what the database itself refuses or keeps up to date is switched off."""
    there = await rows(
        "SELECT relname, tgname AS name FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND pg_class.relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT relname, conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
        " WHERE convalidated AND pg_class.relnamespace = 'public'::regnamespace"
    )
    missing = _GUARDS - {(one["relname"], one["name"]) for one in there}
    return [Fault("ledger.trigger_missing", {"table": table, "trigger": name}) for table, name in sorted(missing)], ""


_UNBALANCED = """
WITH doubtful AS (
    SELECT DISTINCT entry.posting FROM entry JOIN account ON account.id = entry.account
    WHERE entry.id > $1 AND entry.id <= $2
    GROUP BY entry.posting, account.currency, account.fund HAVING sum(entry.amount) <> 0
)
SELECT json_build_object('key', posting.key, 'currency', account.currency, 'sum', sum(entry.amount)::bigint) AS details
FROM doubtful JOIN posting ON posting.id = doubtful.posting JOIN entry ON entry.posting = posting.id
JOIN account ON account.id = entry.account
GROUP BY posting.id, account.currency, account.fund HAVING sum(entry.amount) <> 0 ORDER BY posting.key LIMIT $3
"""


async def entries(after: str) -> tuple[list[Fault], str]:
    """ledger.unbalanced (key, currency, sum): a posting whose entries do not sum to zero."""
    first = int(after or 0)
    found = await _faults("ledger.unbalanced", _UNBALANCED, first, first + ENTRIES, MOST)
    following = await value("SELECT min(id) FROM entry WHERE id > $1", first + ENTRIES)
    return found, "" if following is None else str(following - 1)


_EMPTY = """
SELECT json_build_object('key', key) AS details FROM posting
WHERE id = ANY($1) AND NOT EXISTS (SELECT FROM entry WHERE entry.posting = posting.id) ORDER BY key LIMIT $2
"""
_BAD_REVERSAL = """
SELECT json_build_object('key', undo.key, 'original', original.key) AS details
FROM posting AS undo JOIN posting AS original ON original.id = undo.reverses
WHERE undo.id = ANY($1) AND (original.reverses IS NOT NULL
    OR (undo.season, undo.day, undo.rule) IS DISTINCT FROM (original.season, original.day, original.rule) OR EXISTS (
        SELECT FROM entry WHERE entry.posting IN (undo.id, original.id)
        GROUP BY entry.account HAVING sum(entry.amount) <> 0
    )) ORDER BY undo.key LIMIT $2
"""


async def postings(after: str) -> tuple[list[Fault], str]:
    """ledger.posting_empty (key): no entry; ledger.bad_reversal (key, original): not the exact negative."""
    asked = Posting.select(Posting.id).order_by(Posting.id).limit(POSTINGS)
    page = [one["id"] for one in await (asked.where(Posting.id > UUID(after)) if after else asked)]
    found = await _faults("ledger.posting_empty", _EMPTY, page, MOST)
    return found + await _faults("ledger.bad_reversal", _BAD_REVERSAL, page, MOST), _on(page, POSTINGS)


_BALANCES = """
SELECT json_build_object('whose', coalesce(owner, fund), 'purpose', purpose, 'currency', currency,
    'wanted', truth.amount, 'found', balance) AS details
FROM account CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount), 0)::bigint AS amount FROM entry WHERE entry.account = account.id
) AS truth
WHERE account.id = ANY($1) AND balance <> truth.amount ORDER BY account.id LIMIT $2
"""


async def balances(after: str) -> tuple[list[Fault], str]:
    """ledger.balance_differs (whose: member or fund, purpose, currency, wanted, found): what stands beside the entries
    of an account is not their sum."""
    kept = Account.owner.is_not_null() | Account.fund.is_not_null()
    asked = Account.select(Account.id).where(kept).order_by(Account.id).limit(ACCOUNTS)
    page = [one["id"] for one in await (asked.where(Account.id > UUID(after)) if after else asked)]
    return await _faults("ledger.balance_differs", _BALANCES, page, MOST), _on(page, ACCOUNTS)


_CAP_OVERRUN = """
WITH changed AS (SELECT subject, max(at) AS at FROM audit_entry WHERE code = 'rule.set' GROUP BY subject)
SELECT json_build_object('rule', posting.rule, 'member', account.owner, 'day', posting.day,
    'earned', sum(entry.amount)::bigint, 'cap', earning_rule.daily_cap) AS details
FROM posting JOIN entry ON entry.posting = posting.id JOIN account ON account.id = entry.account
JOIN earning_rule ON earning_rule.code = posting.rule LEFT JOIN changed ON changed.subject = posting.rule
WHERE posting.day = $1 AND earning_rule.daily_cap IS NOT NULL
    AND account.purpose = 'member' AND account.currency = 'honour'
GROUP BY posting.rule, account.owner, posting.day, earning_rule.daily_cap, changed.at
HAVING sum(entry.amount) > earning_rule.daily_cap AND (changed.at IS NULL OR min(posting.at) > changed.at)
ORDER BY posting.rule, account.owner LIMIT $2
"""


async def caps(after: str) -> tuple[list[Fault], str]:
    """ledger.cap_overrun (rule, member, day, earned, cap), on days whose postings all came after the last change of
    their rule. A piece is a day."""
    day = await value(
        "SELECT min(day) FROM posting WHERE day > $1 AND EXISTS (SELECT FROM earning_rule WHERE daily_cap IS NOT NULL)",
        date.fromisoformat(after) if after else date.min,
    )
    return ([], "") if day is None else (await _faults("ledger.cap_overrun", _CAP_OVERRUN, day, MOST), day.isoformat())


_TOTALS = f"""
SELECT json_build_object('season', season, 'week', CASE WHEN isfinite(week) THEN week::text ELSE '' END,
    'member', member, 'wanted', coalesce(concat_ws(' ', truth.points, truth.reached, truth.sequence), ''),
    'found', coalesce(concat_ws(' ', total.points, total.reached, total.sequence), '')) AS details
FROM ({TRUTH_OF}) AS truth
FULL JOIN (SELECT total.* FROM unnest($1::uuid[]) AS one (member) JOIN total USING (member)) AS total
    USING (season, week, member)
WHERE (truth.points, truth.reached, truth.sequence) IS DISTINCT FROM (total.points, total.reached, total.sequence)
ORDER BY season, week, member LIMIT $2
"""  # noqa: S608 - composed of constants of this noun


async def totals_of(members: Collection[UUID]) -> list[Fault]:
    """ledger.total_differs (season, week: its Monday or "", member, wanted, found) of these members."""
    return await _faults("ledger.total_differs", _TOTALS, list(members), MOST)


async def totals(after: str) -> tuple[list[Fault], str]:
    """The same, of all members."""
    page = await page_of_ids(UUID(after) if after else None, MEMBERS)
    return await totals_of(page), _on(page, MEMBERS)


STEPS: Final[Sequence[Step]] = (guards, balances, entries, postings, caps, totals)
"""All that is looked for."""


async def piece(after: str) -> tuple[list[Fault], str]:
    """A piece of all that, one step after the other, as a Step."""
    number, _, place = after.partition(" ")
    step = int(number or 0)
    found, on = await STEPS[step](place)
    if on:
        return found, f"{step} {on}"
    return found, f"{step + 1} " if step + 1 < len(STEPS) else ""


async def faults() -> list[Fault]:
    """All of it at once; empty: the ledger is sound."""
    return await whole(piece)


Found = TypeVar("Found")


async def whole(step: Callable[[str], Awaitable[tuple[list[Found], str]]]) -> list[Found]:
    """All pieces of a step, one after the other."""
    found, after = await step("")
    while after:
        more, after = await step(after)
        found += more
    return found


NEWS: Final = "look:entries"
"""The checkpoint of `news`: the entry up to which all were looked at; the last one seen by the look after that; and the
first transaction that had not begun then. Ids are given out before they are committed: what was seen counts as looked
at only when every transaction of that moment has ended."""


async def news(limit: int) -> list[UUID]:
    """Members whose honour points moved by entries that no earlier call looked at, at most `limit` of them; some of the
    last call's come again. The first call begins at the newest entry."""
    place = await checkpoints.place(NEWS)
    alive = await row(
        "SELECT pg_snapshot_xmin(s)::text AS first, pg_snapshot_xmax(s)::text AS next FROM pg_current_snapshot() AS s"
    )
    assert alive is not None
    members: list[UUID] = []
    if place is None:
        looked = seen = await value("SELECT coalesce(max(id), 0) FROM entry")
    else:
        looked, seen, until = (int(number) for number in place.split())
        if int(alive["first"]) >= until:
            looked = seen
        found = await row(
            "SELECT max(entry.id) AS last, array_agg(DISTINCT account.owner) FILTER (WHERE account.purpose = 'member'"
            " AND account.currency = 'honour') AS members FROM (SELECT id, account FROM entry WHERE id > $1"
            " ORDER BY id LIMIT $2) AS entry JOIN account ON account.id = entry.account",
            looked,
            limit,
        )
        assert found is not None
        seen, members = found["last"] or seen, found["members"] or []
    await keep(NEWS, f"{looked} {seen} {alive['next']}")
    return members


async def _faults(code: str, sql: str, *values: object) -> list[Fault]:
    return [Fault(code, json.loads(one["details"])) for one in await rows(sql, *values)]


def _on(page: Sequence[UUID], limit: int) -> str:
    """Where to go on behind a page that held at most so many."""
    return page[-1].hex if len(page) == limit else ""
