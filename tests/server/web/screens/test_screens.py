"""Screens as the desk keeps them: links, names, what they show, when they were seen; every change in the trail."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.runtime.clock import now
from server.runtime.settings import load, prepare
from server.web.screens import actions as screen_actions
from server.web.screens import links as screen_links
from server.web.screens import queries as screen_queries
from tests.server.web.screens.world import SCENES, people, play, screen, season

ACTOR = UUID(int=7)


async def trail(screen_id: UUID) -> list[str]:
    found = await db.rows("SELECT code FROM audit_entry WHERE subject = $1 ORDER BY id", str(screen_id))
    return [one["code"] for one in found]


def test_a_link_is_made_of_the_id_and_our_secret(tmp_path: Path) -> None:
    told = {"LAUREL_PUBLIC_URL": "https://laurel.example"}
    ours = prepare(load({**told, "LAUREL_DATA": str(tmp_path / "a")}, tmp_path))
    theirs = prepare(load({**told, "LAUREL_DATA": str(tmp_path / "b")}, tmp_path))
    one, other = uuid4(), uuid4()
    link = screen_links.screen_link(ours, one)
    assert link.startswith(f"https://laurel.example/screen/{one.hex}.")
    key = link.rpartition("/")[2]
    assert len(key.partition(".")[2]) == 32
    assert screen_links.screen_of(ours, key) == one
    forged = [
        screen_links.key_of(theirs, one),
        f"{other.hex}.{key.partition('.')[2]}",
        key[:-1],
        key + "0",
        key.upper(),
        one.hex,
        f"{one.hex}.",
        ".",
        "",
        "\x00" * 40,
        "é.é",
    ]
    assert [screen_links.screen_of(ours, text) for text in forged] == [None] * len(forged)


@pytest.mark.usefixtures("database")
async def test_a_screen_is_set_up_renamed_and_withdrawn(redis: Redis) -> None:
    made = await screen("  Main   hall ")
    (row,) = await screen_queries.screens()
    assert (row.id, row.name, row.shows, row.seen_at, row.revoked_at) == (made, "Main hall", "auto", None, None)
    await screen_actions.rename(made, "Canteen", actor=ACTOR, now=now())
    await screen_actions.rename(made, "Canteen", actor=ACTOR, now=now())
    await screen_actions.revoke(redis, made, actor=ACTOR, now=now())
    for change in (
        screen_actions.rename(made, "Gate", actor=ACTOR, now=now()),
        screen_actions.point(redis, made, "auto", SCENES, actor=ACTOR, now=now()),
        screen_actions.revoke(redis, made, actor=ACTOR, now=now()),
    ):
        with pytest.raises(Refusal, match=r"screen\.revoked_already"):
            await change
    (row,) = await screen_queries.screens()
    assert row.name == "Canteen"
    assert row.revoked_at is not None
    assert await trail(made) == ["screen.added", "screen.renamed", "screen.revoked"]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("name", "code"), [("  ", "screen.name_missing"), ("x" * 101, "screen.name_long")])
async def test_a_screen_needs_a_name(name: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        await screen(name)
    assert await screen_queries.screens() == []


@pytest.mark.usefixtures("database")
async def test_a_screen_is_pointed_only_at_what_exists(redis: Redis) -> None:
    made, today = await screen(), now().date()
    (host,) = await people({"Host": "Office"}, today)
    room = (await play(redis, await season(today), host)).room_id
    for shows in ("boards", f"room:{str(room).upper()}", f"room:{room}"):
        await screen_actions.point(redis, made, shows, SCENES, actor=ACTOR, now=now())
    for wrong in ("", "all", "room:", f"room:{uuid4()}", f"draw:{room}", f"quiz:{room}", "room:x", "rooms"):
        with pytest.raises(Refusal, match=r"screen\.shows_unknown"):
            await screen_actions.point(redis, made, wrong, SCENES, actor=ACTOR, now=now())
    found = await screen_queries.screen(made)
    assert found is not None
    assert found.shows == f"room:{room}"
    assert await trail(made) == ["screen.added", "screen.pointed", "screen.pointed"]
    ticks = [fields[b"topic"] for _, fields in await redis.xrange(STREAM)]
    assert ticks.count(f"screen:{made}".encode()) == 3


@pytest.mark.usefixtures("database")
async def test_what_is_not_there_is_not_changed(redis: Redis) -> None:
    for change in (
        screen_actions.rename(uuid4(), "Gate", actor=ACTOR, now=now()),
        screen_actions.point(redis, uuid4(), "auto", SCENES, actor=ACTOR, now=now()),
        screen_actions.revoke(redis, uuid4(), actor=ACTOR, now=now()),
    ):
        with pytest.raises(Refusal, match=r"screen\.unknown"):
            await change


@pytest.mark.usefixtures("database")
async def test_being_seen_is_written_once_a_minute(redis: Redis) -> None:
    made, gone, start = await screen(), await screen("Gate"), now()
    await screen_actions.revoke(redis, gone, actor=None, now=start)
    for seconds, written in ((0, 0), (59, 0), (60, 60), (61, 60)):
        await screen_actions.note_seen([made, gone], start + timedelta(seconds=seconds))
        found = {row.id: row.seen_at for row in await screen_queries.some_screens([made, gone, uuid4()])}
        assert found == {made: start + timedelta(seconds=written), gone: None}
