"""What a page costs follows what it shows, never how much there is: with everything there many times over, and 2,000
units, no page says one statement more to the database, and goes to Redis not once more.
"""

import re
from collections.abc import Collection
from operator import gt

import pytest

from rewards import database as db
from tests.server.web.conftest import Browser, add_member
from tests.server.web.counting import counting
from tests.server.web.test_matrix import ADMIN, WHO_MAY, Visitor
from tests.server.web.world import build

TIMES = 30
"""More than a page of a list shows of anything."""
UNITS = 2_000
ONCE = {"migration", "earning_rule", "draw_policy", "signing_key", "season"}
"""Tables of which no installation has many rows, or of which one is in force."""

_TABLES = """
SELECT relname AS name,
    array_agg(attname::text) AS columns,
    array_agg(format_type(atttypid, NULL)) AS types,
    ARRAY(
        SELECT substring(pg_get_indexdef(indexrelid) FROM ' USING (.*)')
        FROM pg_index WHERE indrelid = pg_class.oid AND indisunique
    ) AS keys
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
GROUP BY pg_class.oid, relname ORDER BY relname
"""
_OTHER = {
    "uuid": "md5({0}::text || n)::uuid",
    "text": "{0} || '-' || n",
    "character varying": "{0} || '-' || n",
    "bytea": "sha256({0} || n::text::bytea)",
    "integer": "{0} + 1000 * n",
    "bigint": "{0} + 1000 * n",
}
"""Type -> another value of a key's column for each n, the same wherever the value stands."""


def copied(column: str, kind: str, keys: Collection[Collection[str]]) -> str:
    """What stands in the column of a copy: references lead to copies too, but to the season there is."""
    if column == "season" or (kind != "uuid" and not any(column in key for key in keys)):
        return column
    return _OTHER.get(kind, "{0}").format(column)


async def multiply() -> set[str]:
    """Everything in the database again, TIMES over; the names of the tables that have grown."""
    grown = set()
    for name, columns, kinds, keys in await db.rows(_TABLES):
        if name in ONCE:
            continue
        types = dict(zip(columns, kinds, strict=True))
        unique = [types.keys() & set(re.findall(r"\w+", key)) for key in keys]
        alone = [key for key in unique if all(types[column] != "uuid" or column == "season" for column in key)]
        values = ", ".join(copied(column, kind, alone) for column, kind in types.items())
        async with db.transaction() as connection:
            await connection.execute("SET LOCAL session_replication_role = replica")
            done = await connection.execute(
                f"INSERT INTO {name} ({', '.join(columns)})"
                f" SELECT {values} FROM {name}, generate_series(1, {TIMES}) AS n ON CONFLICT DO NOTHING"
            )
        if not done.endswith(" 0"):
            grown.add(name)
    return grown


async def many_units() -> None:
    """UNITS below the first unit there is, each with somebody in it who has points."""
    await db.rows(
        "INSERT INTO unit (id, parent, name, path) SELECT md5('many' || n)::uuid,"
        " (SELECT id FROM unit WHERE parent IS NULL ORDER BY path LIMIT 1), 'Many ' || n, 'Many ' || n"
        " FROM generate_series(1, $1) AS n",
        UNITS,
    )


async def test_no_page_says_more_when_there_is_more(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await build(client)
    member = await add_member("Visitor", "V-1", [ADMIN])
    await world.join(member)
    visitor = Visitor(world, ADMIN, member)
    pages = sorted(path for method, path in WHO_MAY if method == "GET" and not path.endswith("/live"))

    async def counted() -> dict[str, tuple[int, int]]:
        found = {}
        for path in pages:
            address = await visitor.address("GET", path)
            await visitor.ask("GET", path, address=address)  # what is asked once a process has been asked
            with counting(monkeypatch) as asked:
                answer = await visitor.ask("GET", path, address=address)
            assert answer.status < 500, path
            found[path] = len(asked.statements), len(asked.trips)
        return found

    before = await counted()
    grown = await multiply()
    assert {"member", "unit", "quiz", "room", "draw", "win", "posting", "fund", "screen"} <= grown
    await many_units()
    after = await counted()
    print("\n".join(f"{path}: {said} statements, {trips} trips" for path, (said, trips) in after.items()))
    more = {path: (before[path], now) for path, now in after.items() if any(map(gt, now, before[path]))}
    assert more == {}
