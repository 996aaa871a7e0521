"""A draw that has its winners, and the people who come for their prizes: rows as the ceremony leaves them."""

import secrets
import struct
import zlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

from rewards import database as db
from rewards.draws.claims import window
from rewards.ledger.actions import open_season
from server.runtime.chance import new_id

FROZEN = datetime(2026, 9, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 9, 2, 12, tzinfo=UTC)
"""The hour in which the draw was closed."""
DAY = timedelta(days=1)

_numbers = count(1)


@dataclass
class Hall:
    """Workers 0, 1, 2 ... stand on lines 0, 1, 2 ... of the draw; `wins` and `codes` are those of the places in order.

    `organiser` runs the draw, `cashier` hands over; neither is on the list.
    """

    draw: UUID
    number: int
    slug: str
    season: UUID
    units: tuple[UUID, UUID]
    workers: list[UUID]
    organiser: UUID
    cashier: UUID
    prizes: dict[str, UUID]
    wins: list[UUID] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    rehearsal: UUID | None = None


async def person(name: str, number: str, *roles: str, unit: UUID | None = None) -> UUID:
    """Somebody on the roster."""
    made = uuid4()
    await db.rows(
        "INSERT INTO member (id, staff_number, name, roles, created_at) VALUES ($1, $2, $3, $4, $5)",
        made,
        number,
        name,
        list(roles),
        FROZEN,
    )
    if unit is not None:
        await db.rows(
            "INSERT INTO membership (id, member, unit, since) VALUES ($1, $2, $3, $4)",
            uuid4(),
            made,
            unit,
            date(2026, 9, 1),
        )
    return made


async def hall(
    *,
    workers: int = 6,
    winners: int = 2,
    alternates: int = 0,
    state: str = "closed",
    days: int = 30,
    value: int = 0,
    budget: UUID | None = None,
    stock: UUID | None = None,
    names: tuple[str, ...] = ("李娜", "Wang Fang", "赵敏"),
    tickets: int = 1,
    closed_at: datetime = NOW,
    rehearses: UUID | None = None,
    title: str = "Autumn draw",
    shown: str = "masked",
) -> Hall:
    """A draw in this state with one prize of `winners` places (the cup) and another that nobody has (the mug)."""
    tag = next(_numbers)
    season = await db.value("SELECT id FROM season LIMIT 1")
    if season is None:
        season = (
            await open_season("Autumn", date(2026, 9, 1), date(2026, 11, 30), at=FROZEN, actor=None, new_id=new_id())
        ).id
    top, below = uuid4(), uuid4()
    path = f"工厂{tag}"
    await db.rows("INSERT INTO unit (id, parent, name, path) VALUES ($1, NULL, $2, $2)", top, path)
    await db.rows(
        "INSERT INTO unit (id, parent, name, path) VALUES ($1, $2, '二车间', $3)", below, top, f"{path}/二车间"
    )
    organiser = await person("Organiser", f"O{tag}-1", "organiser")
    cashier = await person("Zhao Min", f"O{tag}-2", "organiser")
    people = [
        await person(names[n % len(names)], f"E{tag}-{n:03}", unit=(top, below, None)[n % 3]) for n in range(workers)
    ]
    draw, frozen = uuid4(), state not in ("draft", "freezing")
    drawn = state in ("drawn", "closed")
    row = await db.row(
        "INSERT INTO draw (id, slug, title, state, season, created_by, created_at, frozen_at, manifest, snapshot,"
        " claim_days, closed_at, rehearses, drawn_at, shown_names)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13, $14) RETURNING number, slug",
        draw,
        f"draw-2026-{tag:03}",
        title,
        state,
        season,
        organiser,
        FROZEN,
        FROZEN if frozen else None,
        b"" if frozen else None,
        days,
        closed_at if state == "closed" else None,
        rehearses,
        closed_at if drawn else None,
        shown,
    )
    assert row is not None
    prizes = {}
    for position, (code, name, quantity) in enumerate((("cup", "Cup", max(winners, 1)), ("mug", "Mug", 1))):
        prizes[code] = uuid4()
        await db.rows(
            "INSERT INTO prize (id, draw, position, code, name, quantity, value, budget, stock)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            prizes[code],
            draw,
            position,
            code,
            name,
            quantity,
            value,
            budget,
            stock,
        )
    if frozen:
        for line, member in enumerate(people):
            await db.rows(
                "INSERT INTO entrant (id, draw, line, member, salt, tickets, points, name, staff_number, unit)"
                " SELECT $1, $2, $3, $4, $5, $6, 0, member.name, member.staff_number, $7 FROM member WHERE id = $4",
                uuid4(),
                draw,
                line,
                member,
                secrets.token_bytes(16),
                tickets + line,
                (top, below, None)[line % 3],
            )
    made = Hall(
        draw, row["number"], row["slug"], season, (top, below), people, organiser, cashier, prizes, rehearsal=rehearses
    )
    if drawn:
        expires_at = window(closed_at, days) if state == "closed" else None
        for slot in range(winners):
            made.wins.append(uuid4())
            made.codes.append(f"{tag:02}bcdf{slot:02}")
            await db.rows(
                "INSERT INTO win (id, draw, prize, slot, attempt, line, member, claim_code, state_at, expires_at)"
                " VALUES ($1, $2, $3, $4, 0, $4, $5, $6, $7, $8)",
                made.wins[-1],
                draw,
                prizes["cup"],
                slot,
                people[slot],
                made.codes[-1],
                closed_at,
                expires_at,
            )
        for place in range(alternates):
            await db.rows(
                "INSERT INTO alternate (id, draw, prize, place, line, member) VALUES ($1, $2, $3, $4, $5, $6)",
                uuid4(),
                draw,
                prizes["cup"],
                place,
                winners + place,
                people[winners + place],
            )
    return made


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int = 300, height: int = 100, *, extra: bytes = b"") -> bytes:
    """A white picture of one bit a pixel; `extra` goes in front of its end."""
    rows = (b"\0" + b"\xff" * ((width + 7) // 8)) * height
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + extra + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
