"""A ledger of many postings, put into the tables directly: what one more costs, what pages, looks and checks cost then.

100,000 members in 2,000 units of three levels; the postings are spread evenly over members and days of one season.
"""

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from rewards import database as db
from rewards.ledger.actions import TOTALS, Award, add_up, award
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.resources import opened
from server.runtime.settings import Settings
from workers.boards import turn_of_day
from workers.checks import check_drift

MEMBERS, UNITS = 100_000, 2_000
POSTED = 200
"""How many points are given one by one."""
DAYS = 60

_UNITS = """
INSERT INTO unit (id, parent, name, path)
SELECT md5('unit' || n)::uuid,
    CASE WHEN n = 0 THEN NULL WHEN n <= 40 THEN md5('unit0')::uuid ELSE md5('unit' || (n % 40 + 1))::uuid END,
    'Unit ' || n, 'Unit ' || n
FROM generate_series(0, $1 - 1) AS n ON CONFLICT DO NOTHING
"""
_MEMBERS = """
INSERT INTO member (id, staff_number, name, created_at)
SELECT md5('member' || n)::uuid, 'L' || n, 'Member ' || n, now() FROM generate_series(1, $1) AS n ON CONFLICT DO NOTHING
"""
_BELONG = """
INSERT INTO membership (id, member, unit, since)
SELECT gen_random_uuid(), md5('member' || n)::uuid, md5('unit' || (41 + n % ($2 - 41)))::uuid, $3
FROM generate_series(1, $1) AS n ON CONFLICT DO NOTHING
"""
_ACCOUNTS = """
INSERT INTO account (id, purpose, owner, currency)
SELECT md5(currency || n)::uuid AS id, 'member', md5('member' || n)::uuid, currency
FROM generate_series(1, $1) AS n, unnest(ARRAY['honour', 'spend']) AS currency
UNION ALL SELECT md5(currency || 0)::uuid, 'issuance', NULL, currency FROM unnest(ARRAY['honour', 'spend']) AS currency
ON CONFLICT DO NOTHING
"""
_POSTINGS = """
INSERT INTO posting (id, key, digest, rule, season, day, at, requested)
SELECT md5('posting' || n)::uuid, 'bench:' || n, sha256(''), 'quiz', $3, $4::date + (n % $5)::integer,
    $4::date::timestamptz + (n % $5) * interval '1 day' + interval '1 hour', 10
FROM generate_series($1::bigint, $2::bigint) AS n
"""
_ENTRIES = """
INSERT INTO entry (posting, account, amount)
SELECT md5('posting' || n)::uuid, md5(currency || CASE WHEN amount > 0 THEN n % $3 + 1 ELSE 0 END)::uuid, amount
FROM generate_series($1::bigint, $2::bigint) AS n, unnest(ARRAY['honour', 'spend']) AS currency, unnest(ARRAY[10, -10])
    AS amount
"""


class Server(Protocol):
    """The served Laurel, as benchmarks/load.py knows it."""

    chosen: Settings

    def cpu(self) -> dict[str, float]: ...


class Client(Protocol):
    """A signed-in phone."""

    async def request(self, method: str, path: str) -> tuple[int, bytes, bytes]: ...


async def seed(connection: asyncpg.Connection, postings: int) -> UUID:
    """The season of it all. Nothing that follows a posting is done: it is as an earlier version left it."""
    season = new_id()
    first = date.today() - timedelta(days=DAYS - 1)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        "INSERT INTO season (id, name, starts_on, ends_on) VALUES ($1, 'Bench', $2, $3)",
        season,
        first,
        date.today() + timedelta(days=30),
    )
    await connection.execute(_UNITS, UNITS)
    await connection.execute(_MEMBERS, MEMBERS)
    await connection.execute(_BELONG, MEMBERS, UNITS, first)
    await connection.execute(_ACCOUNTS, MEMBERS)
    for begin in range(1, postings + 1, 200_000):
        end = min(begin + 199_999, postings)
        await connection.execute(_POSTINGS, begin, end, season, first, DAYS)
        await connection.execute(_ENTRIES, begin, end, MEMBERS)
    await connection.execute("SET session_replication_role = origin")
    await connection.execute("INSERT INTO checkpoint (name, place) VALUES ($1, '')", TOTALS)
    await connection.execute("VACUUM ANALYZE")
    return season


async def all_done() -> None:
    """Wait until no work is left in the outbox."""
    left = 1
    while left:
        left = await db.value("SELECT count(*) FROM intent WHERE done_at IS NULL AND due_at <= now()")
        await asyncio.sleep(0.02)


async def cpu_of(server: Server, work: Awaitable[object]) -> float:
    """Seconds of CPU of this process and of all of the server's meanwhile."""
    before, mine = sum(server.cpu().values()), time.process_time()
    await work
    return sum(server.cpu().values()) - before + time.process_time() - mine


async def post(season: UUID) -> None:
    """One award at a time, to people here and there, until the boards have them."""
    for n in range(POSTED):
        async with db.transaction() as connection:
            member = await connection.fetchval("SELECT md5('member' || $1::integer)::uuid", n * 487 % MEMBERS + 1)
            one = Award(f"one:{new_id()}", member, 5)
            await award([one], rule="quiz", season=season, day=date.today(), at=now(), new_id=new_id)
    await all_done()


def command(server: Server, *words: str) -> tuple[float, float]:
    """(seconds, MB of its largest process) of a command of `laurel` beside the running server."""
    started = time.perf_counter()
    environ = {**os.environ, "LAUREL_DATA": str(server.chosen.data)}
    subprocess.run(
        [str(Path(sys.executable).parent / "laurel"), *words, "--json"],
        env=environ,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


async def measure(
    server: Server, phones: Callable[[Sequence[UUID]], Awaitable[Sequence[Client]]], postings: int
) -> dict[str, Any]:
    """All figures for a ledger of so many postings."""
    connection = await asyncpg.connect(server.chosen.database_url)
    season = await seed(connection, postings)
    started = time.perf_counter()
    await add_up(connection, lambda done, count: None)
    added_up = time.perf_counter() - started
    await connection.close()
    rebuild, _ = command(server, "board", "rebuild")
    async with opened(server.chosen) as resources:
        await turn_of_day(resources)
        await post(season)  # connections and plans are warm
        posting = await cpu_of(server, post(season)) / POSTED
        await check_drift(resources)
        await post(season)
        drift = await cpu_of(server, check_drift(resources))
        people = [one["id"] for one in await db.rows("SELECT id FROM member ORDER BY id LIMIT 100")]
    pages = []
    for client in await phones(people):
        await client.request("GET", "/")
        started = time.perf_counter()
        status, _, _ = await client.request("GET", "/")
        assert status == 200
        pages.append(time.perf_counter() - started)
    check, memory = command(server, "check")
    return {
        "postings": postings,
        "cpu_ms_per_posting": round(posting * 1000, 2),
        "today_p99_ms": round(sorted(pages)[98] * 1000, 1),
        "drift_cpu_s": round(drift, 2),
        "check_s": round(check, 1),
        "check_mb": round(memory, 1),
        "rebuild_s": round(rebuild, 1),
        "upgrade_s": round(added_up, 1),
    }
