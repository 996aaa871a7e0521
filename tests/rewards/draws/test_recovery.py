"""kill -9 around every single event of a ceremony: nothing is lost, nothing is done twice, and the code is the same."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.verify import verify_folder
from rewards.outbox.queries import overdue
from tests.rewards.draws.venue import AGAIN_DICE, FULL, MINUTE, TOP_DICE, Venue, offline, thrown, venue
from tests.rewards.draws.world import DICE

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.faults]

ROOT = Path(__file__).resolve().parents[3]


Killed = Callable[..., Awaitable[None]]
"""(there, when, action, *arguments, actor=None): a process of its own does this, and dies of SIGKILL before or after
its commit."""


@pytest.fixture
async def killed(database: str) -> AsyncIterator[Killed]:
    forking = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.rewards.draws.dying",
        database,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert forking.stdin is not None
    assert forking.stdout is not None
    ask, answers = forking.stdin, forking.stdout

    async def kill(there: Venue, when: str, action: str, *arguments: object, actor: UUID | None = None) -> None:
        what = {
            "when": when,
            "action": action,
            "draw": str(there.draw),
            "arguments": arguments,
            "actor": str(actor or there.organiser),
            "now": there.now.isoformat(),
        }
        ask.write(json.dumps(what).encode() + b"\n")
        assert int(await answers.readline()) == -signal.SIGKILL

    yield kill
    ask.close()
    await forking.wait()


async def test_killed_before_and_after_every_event(redis: Redis, killed: Killed, tmp_path: Path) -> None:
    there = await venue(redis, **FULL)
    size = await there.size()
    present = rules.format_present(range(size - 1))
    await there.void(2)
    await there.arrive(list(range(size - 1)))
    voids = b"2\tleft\n"
    events: list[tuple[str, tuple[object, ...], UUID | None, list[str]]] = [
        ("arm", (), None, []),
        ("roll", (DICE,), None, thrown(there)[:1]),
        ("reveal", (there.secrets["organiser"].hex(),), None, thrown(there)[1:2]),
        ("reveal", (there.secrets["union"].hex(),), None, thrown(there)[2:]),
        ("call", ("mug", 1, 0), None, ["call mug 1 0"]),
        ("confirm_absence", ("mug", 1, 0), None, []),
        ("confirm_absence", ("mug", 1, 0), there.witness, ["absent mug 1 0"]),
        ("confirm_absence", ("card", 0, 0, "declined"), None, []),
        ("confirm_absence", ("card", 0, 0, "declined"), there.cashier, ["absent card 0 0 declined"]),
        ("open_round", ("top", TOP_DICE), None, [f"round top round-d10x4 {TOP_DICE}"]),
        ("call", ("trip", 0, 0), None, ["call trip 0 0"]),
        ("confirm_absence", ("trip", 0, 0), None, []),
        ("confirm_absence", ("trip", 0, 0), there.witness, ["absent trip 0 0"]),
        ("redraw", ("trip", 0, 1, AGAIN_DICE), None, [f"redraw trip 0 1 redraw-d10x4 {AGAIN_DICE}"]),
        ("close", (), None, ["close"]),
    ]
    inputs: list[str] = []
    for action, arguments, actor, lines in events:
        there.later(2 * MINUTE)
        stood = await there.row()
        await killed(there, "before", action, *arguments, actor=actor)
        assert await there.row() == stood, action
        await killed(there, "after", action, *arguments, actor=actor)
        inputs += lines
        expected = (await offline(there, inputs, voids, present)).decode()
        row = await there.row()
        assert row["log"] == expected, action
        assert row["version"] == stood["version"] + 1
        assert "publish_draw" in [one.kind for one in await overdue(there.now)]
        folder = await actions.publish(there.draw, tmp_path)
        assert folder is not None
        found = await there.look()
        report = verify_folder(folder, manifest=found.fingerprint, code=found.code)
        assert report.ok, [check for check in report.checks if not check.ok]
    assert found.state == "closed"
    assert (await there.bring(expected.encode(), voids, present)).verdict == "known"
    chances = {(one.prize, one.slot, one.attempt, one.line) for one in found.places}
    wins = await db.rows(
        "SELECT prize.code, slot, attempt, line FROM win JOIN prize ON prize.id = win.prize WHERE state = 'drawn'"
    )
    assert {tuple(one.values()) for one in wins} == chances
    assert await db.value("SELECT count(*) FROM alternate") == 2
    codes = [line.code for line in await queries.history(there.draw)]
    assert [codes.count(code) for code in ("draw.armed", "draw.rolled", "draw.drawn", "draw.closed")] == [1, 1, 1, 1]


async def test_killed_while_a_log_is_brought(redis: Redis, killed: Killed) -> None:
    there = await venue(redis, **(FULL | {"presence": False}))
    log = await offline(there, [*thrown(there), f"round top round-d10x4 {TOP_DICE}", "close"])
    stood = await there.row()
    await killed(there, "before", "bring", log.decode(), None, None, [])
    assert await there.row() == stood
    assert await queries.transcripts(there.draw) == []
    await killed(there, "after", "bring", log.decode(), None, None, [])
    (waits,) = await queries.waiting_logs(there.draw)
    for when, counts in (("before", False), ("after", True)):
        await killed(there, when, "confirm_log", waits.code, actor=there.witness)
        assert ((await there.row())["log"] == log.decode()) is counts
        assert len(await queries.waiting_logs(there.draw)) == (not counts)
    assert (await there.bring(log)).verdict == "known"
    assert [one.verdict for one in await queries.transcripts(there.draw)] == ["counts"]
