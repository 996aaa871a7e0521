"""A draw of many people against a served Laurel: the freeze in its worker, the ceremony, the check.

Everybody has one to nine tickets, five on the average; 1,000 of them win.
"""

import asyncio
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.eligibility import Points, Rule
from rewards.draws.terms import CustodianTerms, PrizeTerms, Terms
from server.runtime import clock
from server.runtime.chance import claim_code, new_id
from server.runtime.kit_program import empty_kit

WINNERS = 1000
UNITS = 200
LOOK = 0.05
"""Seconds between two looks at how far the freeze is."""
DICE = "31415926535897932384"
ROOT = Path(__file__).resolve().parent.parent


class Heart:
    """Beats every millisecond; `longest` is the longest time without a beat: how long others had to wait."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.longest = max(self.longest, now - before)
            before = now

    def stop(self) -> float:
        self._task.cancel()
        return self.longest


async def people(size: int) -> UUID:
    """`size` members with points in a season; who was there before has left. Returns the season."""
    today = date.today()
    await db.rows(
        "INSERT INTO season (id, name, starts_on, ends_on) SELECT $1, 'Bench', $2, $3"
        " WHERE NOT EXISTS (SELECT FROM season)",
        new_id(),
        today - timedelta(days=30),
        today + timedelta(days=30),
    )
    season: UUID = await db.value("SELECT id FROM season LIMIT 1")
    await db.rows("UPDATE member SET left_on = $1 WHERE left_on IS NULL", today)
    await db.rows(
        "INSERT INTO unit (id, name, path) SELECT id, 'Unit ' || n, 'Unit ' || n"
        " FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) ON CONFLICT (path) DO NOTHING",
        [new_id() for _ in range(UNITS)],
    )
    made = [new_id() for _ in range(size)]
    await db.rows(
        "INSERT INTO member (id, staff_number, name, created_at)"
        " SELECT id, $2 || n, 'Member ' || n, now() FROM unnest($1::uuid[]) WITH ORDINALITY AS m (id, n)",
        made,
        f"S{size}-",
    )
    await db.rows(
        "INSERT INTO membership (id, member, unit, since)"
        " SELECT gen_random_uuid(), m.id, u.id, $2 FROM unnest($1::uuid[]) WITH ORDINALITY AS m (id, n)"
        " JOIN (SELECT id, row_number() OVER (ORDER BY path) AS place, count(*) OVER () AS many FROM unit) AS u"
        " ON u.place = m.n % u.many + 1",
        made,
        today,
    )
    await db.rows(
        "INSERT INTO account (id, purpose, currency) VALUES ($1, 'issuance', 'honour') ON CONFLICT DO NOTHING", new_id()
    )
    await db.rows(
        "INSERT INTO account (id, purpose, owner, currency) SELECT gen_random_uuid(), 'member', id, 'honour'"
        " FROM unnest($1::uuid[]) AS m (id)",
        made,
    )
    postings = [new_id() for _ in range(size)]
    await db.rows(
        "INSERT INTO posting (id, key, digest, rule, season, day, at)"
        " SELECT id, 'bench:' || id, decode(repeat('00', 32), 'hex'), 'quiz', $2, $3, now()"
        " FROM unnest($1::uuid[]) AS p (id)",
        postings,
        season,
        today,
    )
    await db.rows(
        "WITH earned AS (SELECT p.id AS posting, account.id AS account, (1 + p.n % 9) * 10 AS points"
        " FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS p (id, member, n)"
        " JOIN account ON account.owner = p.member AND account.currency = 'honour')"
        " INSERT INTO entry (posting, account, amount) SELECT posting, account, points FROM earned UNION ALL"
        " SELECT posting, (SELECT id FROM account WHERE purpose = 'issuance' AND currency = 'honour' AND fund IS NULL),"
        " -points FROM earned",
        postings,
        made,
    )
    await db.rows("ANALYZE member, membership, account, posting, entry")
    return season


async def sealed(redis: Redis, season: UUID, organiser: UUID) -> tuple[UUID, dict[str, bytes]]:
    """A draw that can be frozen, with its secrets."""
    now = clock.now()
    terms = Terms(
        "Bench",
        season,
        Rule((Points(1),), per=10, cap=20),
        (PrizeTerms("cup", "Cup", WINNERS),),
        dispute_hours=0,
        custodians=(CustodianTerms("organiser", "Organiser", organiser), CustodianTerms("notary", "Notary")),
    )
    draw = await actions.create_draw(redis, terms, actor=organiser, now=now, today=now.date(), new_id=new_id)
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    secrets = {one.label: token_bytes(rules.SECRET_BYTES) for one in terms.custodians}
    for one in terms.custodians:
        commitment = rules.commitment(slug, one.label, secrets[one.label])
        await actions.seal(redis, draw, one.label, commitment, member=one.member or new_id(), now=now)
    return draw, secrets


async def measure(redis: Redis, data: Path, size: int) -> dict[str, Any]:
    """Freeze once in the served worker and once here, beside a heart; draw; publish; check on a bare Python."""
    season = await people(size)
    organiser = new_id()
    await db.rows(
        "INSERT INTO member (id, staff_number, name, roles, created_at) VALUES ($1, $2, 'Organiser', $3, now())",
        organiser,
        f"O{size}",
        ["organiser"],
    )
    draw, secrets = await sealed(redis, season, organiser)
    seen: set[int] = set()
    asked = time.perf_counter()
    await actions.ask_freeze(redis, draw, actor=organiser, now=clock.now(), new_id=new_id)
    while (await db.value("SELECT state FROM draw WHERE id = $1", draw)) == "freezing":
        seen.add(await queries.progress(redis, draw) or 0)
        await asyncio.sleep(LOOK)
    frozen = time.perf_counter()

    beside, _ = await sealed(redis, season, organiser)
    heart, began = Heart(), time.perf_counter()
    done = await actions.freeze(
        redis, beside, now=clock.now(), actor=None, new_id=new_id, random_bytes=token_bytes, program=empty_kit()
    )
    here, longest = time.perf_counter() - began, heart.stop()
    assert done is not None

    now = clock.now()
    began = time.perf_counter()
    await actions.arm(redis, draw, actor=organiser, now=now, new_id=new_id)
    await actions.roll(redis, draw, DICE, actor=organiser, now=now, new_id=new_id)
    for secret in secrets.values():
        await actions.reveal(redis, draw, secret.hex(), actor=organiser, now=now, new_id=new_id, new_code=claim_code)
    drawn = time.perf_counter() - began
    began = time.perf_counter()
    folder = await actions.publish(draw, data / "bench")
    published = time.perf_counter() - began
    began = time.perf_counter()
    checked = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "rewards.draws.verify", str(folder), "--json"],
        cwd=ROOT,
        check=False,
        capture_output=True,
    )
    verified = time.perf_counter() - began
    found = await queries.draw(draw)
    assert found is not None
    assert found.promise is not None
    return {
        "people": found.promise.people,
        "tickets": found.promise.tickets,
        "winners": len(await queries.winners(draw)),
        "freeze_s": round(frozen - asked, 2),
        "progress_seen": len(seen),
        "freeze_here_s": round(here, 2),
        "freeze_us_per_person": round(here / size * 1e6, 1),
        "longest_wait_ms": round(longest * 1000, 1),
        "ceremony_s": round(drawn, 2),
        "publish_s": round(published, 2),
        "verify_s": round(verified, 2),
        "failed": checked.returncode,
        "snapshot_mb": round((await db.value("SELECT octet_length(snapshot) FROM draw WHERE id = $1", draw)) / 1e6, 1),
    }
