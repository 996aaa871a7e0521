"""Backups of played Laurels: made on any machine and of any tables, proved, refused when damaged, kept before tables
change, and brought back."""

import asyncio
import gzip
import io
import json
import shutil
import signal
import subprocess
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

from server.commands.terminal import Exit
from server.runtime import archive, backup
from server.runtime.chance import new_id
from server.runtime.migrate import applied, files, tables
from server.runtime.refusals import Refusal
from server.runtime.settings import Settings, load
from server.runtime.version import version
from tests.databases import named
from tests.patience import until
from tests.server.laurel import COMMAND, ROOT, Running, answer, environment, laurel
from tests.server.test_upgrade import BEFORE

OLD = "3.1.1"
"""The tables of BEFORE."""


@dataclass
class Earlier:
    """A database with the tables of an earlier version, in which a room was played and a draw held; a data folder."""

    data: Path
    url: str
    more: dict[str, str]

    @property
    def settings(self) -> Settings:
        return load({"LAUREL_DATA": str(self.data), **self.more}, ROOT)

    async def steps(self) -> list[str]:
        connection = await asyncpg.connect(self.url)
        try:
            return await applied(connection)
        finally:
            await connection.close()

    def schema(self) -> str:
        """Every table, and what stands in those of steps and rules."""
        tool = backup.embedded.tools(self.settings) / "pg_dump"
        asked = [tool, f"--dbname={self.url}", "--restrict-key=x"]
        shapes = subprocess.check_output([*asked, "--schema-only"], text=True)
        return shapes + subprocess.check_output([*asked, "--table=migration", "--table=earning_rule"], text=True)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    file = tmp_path / "before.tar"
    file.write_bytes(gzip.decompress(BEFORE.read_bytes()))
    return file


@pytest.fixture
async def earlier(servers: tuple[str, str], before: Path, tmp_path: Path) -> AsyncIterator[Earlier]:
    name = f"test_earlier_{new_id().hex[:12]}"
    admin = await asyncpg.connect(servers[0])
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    url = named(servers[0], name)
    more = {"LAUREL_DATABASE_URL": url, "LAUREL_REDIS_URL": servers[1], "LAUREL_SECRET": "0123456789abcdef" * 3}
    found = Earlier(tmp_path / "data", url, more)
    found.data.mkdir()
    with archive.opened(before) as old:
        await backup.load(found.settings, old)
    yield found
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]


# What is in one


def test_any_machine_has_all_draws_and_what_is_restored_agrees(before: Path, tmp_path: Path) -> None:
    """The folder of draws is another machine's: here it is gone."""
    data, file, again = tmp_path / "data", tmp_path / "file.tar", tmp_path / "again"
    assert answer(data, "restore", str(before))["ok"]
    (folder,) = (data / "draws").iterdir()
    published = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(data / "draws")
    shutil.rmtree(data / "valkey")
    answer(data, "backup", str(file))
    assert not (data / "valkey").exists()  # nothing in it is needed, so it was not started
    found = members(file)
    assert {name: found[f"draws/{folder.name}/{name}"] for name in published} == published
    assert json.loads(found[archive.HEAD])["digests"].keys() == found.keys() - {archive.HEAD}
    said = answer(tmp_path / "nowhere", "backup", "--verify", str(file))
    assert said["digests"]
    assert said["tables"] == tables(name for name, _ in files())
    assert not (tmp_path / "nowhere").exists()
    ended = laurel(again, "restore", str(file), "--json", LAUREL_LANGUAGE="zh-Hans")
    steps = ["正在逐字节检验备份。", "正在载入文件和数据库。", "正在重新生成榜单和已公布的抽奖文件。"]
    assert ended.stderr.splitlines() == [*steps, "正在核对恢复的内容是否一致。"]
    restored = json.loads(ended.stdout)
    assert (restored["ok"], restored["differences"]) == (True, [])
    assert {path.name: path.read_bytes() for path in (again / "draws" / folder.name).iterdir()} == published
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (again / "draws").rglob("*")}
    assert modes == {(True, 0o755), (False, 0o644)}  # anybody may read what is published
    assert answer(again, "check")["ok"]


async def test_every_damage_is_refused_before_anything_is_written(earlier: Earlier, tmp_path: Path) -> None:
    file = tmp_path / "file.tar"
    await asyncio.to_thread(answer, earlier.data, "migrate", "--no-backup", **earlier.more)
    await asyncio.to_thread(answer, earlier.data, "backup", str(file), **earlier.more)
    whole = file.read_bytes()
    with tarfile.open(file) as tar:
        places = {info.name: (info.offset_data, info.size) for info in tar}
    assert len(places) > 7
    for name, (start, size) in places.items():
        middle = start + size // 2
        for damaged in (
            whole[:middle] + bytes([whole[middle] ^ 32]) + whole[middle + 1 :],
            whole[:start] + bytes(min(size, 64)) + whole[start + min(size, 64) :],
            whole[:middle],
            whole[: start - 512] + whole[start + size + -size % 512 :],
        ):
            file.write_bytes(damaged)
            ended = await asyncio.to_thread(laurel, tmp_path / "restored", "restore", str(file))
            assert ended.returncode == Exit.REFUSED, name
            assert len(ended.stderr.splitlines()) == 2
            assert "damaged" in ended.stderr.splitlines()[1]
            assert not (tmp_path / "restored").exists()


@pytest.mark.parametrize("length", [5, 300, 2000, -1])
def test_a_dump_that_cannot_be_read_is_refused_before_anything_is_written(
    length: int, before: Path, tmp_path: Path
) -> None:
    """Of a file of before the digests, and of one whose digests are right."""
    parts = members(before)
    parts[archive.DUMP] = parts[archive.DUMP][:length]
    for file, digests in ((tmp_path / "old.tar", False), (tmp_path / "new.tar", True)):
        with file.open("w+b") as stream:
            if digests:
                head = json.loads(parts[archive.HEAD])
                writer = archive.Writer(stream, head, parts.keys() - {archive.HEAD})
                for name in parts.keys() - {archive.HEAD}:
                    with writer.member(name) as write:
                        write(parts[name])
                writer.finish()
            else:
                with tarfile.open(fileobj=stream, mode="w") as tar:
                    for name, content in parts.items():
                        info = tarfile.TarInfo(name)
                        info.size = len(content)
                        tar.addfile(info, io.BytesIO(content))
        for command in (("restore",), ("backup", "--verify")):
            ended = laurel(tmp_path / "data", *command, str(file))
            assert ended.returncode == Exit.REFUSED
            assert "cannot be read" in ended.stderr
            assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_a_stopped_backup_leaves_no_half_file(stop: signal.Signals, earlier: Earlier, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    place.mkdir()
    holder = await asyncpg.connect(earlier.url)

    async def waits() -> bool:
        dumping = "SELECT count(*) FROM pg_locks WHERE relation = 'member'::regclass AND NOT granted"
        return bool(await holder.fetchval(dumping))

    try:
        await holder.execute("BEGIN; LOCK TABLE member IN ACCESS EXCLUSIVE MODE")
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "backup", str(place), cwd=ROOT, env=environment(earlier.data, **earlier.more)
        )
        await until(waits, "the dump to be on its way")
        assert [path.suffix for path in place.iterdir()] == [".part"]
        process.send_signal(stop)
        assert await process.wait() == Exit.STOPPED
        assert list(place.iterdir()) == []
    finally:
        await holder.close()


# Tables of an earlier version


async def test_earlier_tables_are_backed_up_and_restored(earlier: Earlier, tmp_path: Path) -> None:
    said = await asyncio.to_thread(answer, earlier.data, "backup", str(tmp_path), **earlier.more)
    file = Path(said["file"])
    assert file.parent == tmp_path
    assert file.match(f"laurel-20*-{version()}-tables-{OLD}.tar")
    restored = await asyncio.to_thread(answer, tmp_path / "restored", "restore", str(file))
    assert restored["ok"], restored
    assert await earlier.steps() == [
        name for name, _ in files() if name in json.loads(members(file)["laurel.json"])["migrations"]
    ]


async def test_tables_change_only_after_a_backup_that_leads_back(earlier: Earlier, tmp_path: Path) -> None:
    ended = await asyncio.to_thread(laurel, earlier.data, "migrate", **earlier.more)
    assert ended.returncode == Exit.OK
    (file,) = (earlier.data / "backups").iterdir()
    assert file.match(f"laurel-before-migration-*-tables-{OLD}.tar")
    assert file.stat().st_mode & 0o777 == 0o600
    assert str(file) in ended.stderr
    assert json.loads(members(file)[archive.HEAD])["tables"] == OLD
    assert set(json.loads(members(file)[archive.HEAD])) >= {"format", "version", "made_at", "migrations"}
    assert (await asyncio.to_thread(laurel, earlier.data, "migrate", **earlier.more)).returncode == Exit.OK
    assert list((earlier.data / "backups").iterdir()) == [file], "nothing changes, nothing is kept"
    assert (await asyncio.to_thread(answer, tmp_path / "restored", "restore", str(file)))["ok"]
    assert not (tmp_path / "restored" / "backups").exists(), "what is restored has its backup already"


async def test_serve_keeps_a_backup_before_it_changes_tables(earlier: Earlier) -> None:
    running = await asyncio.to_thread(lambda: Running(earlier.data, "serve", LAUREL_PORT="0", **earlier.more))
    try:
        assert len(running.said["migrated"]) > 3
        (file,) = (earlier.data / "backups").iterdir()
        assert file.match(f"laurel-before-migration-*-tables-{OLD}.tar")
        assert await asyncio.to_thread(running.stop) == Exit.OK
    finally:
        await asyncio.to_thread(running.end)


async def test_a_failed_migration_leaves_everything_as_it_was(earlier: Earlier) -> None:
    """The last of the steps that wait cannot be done, after all others."""
    waiting = [name for name, _ in files() if name not in await earlier.steps()]
    assert len(waiting) > 3
    connection = await asyncpg.connect(earlier.url)
    await connection.execute("CREATE TABLE draw_witness (mine text)")
    await connection.close()
    shape = earlier.schema()
    ended = await asyncio.to_thread(laurel, earlier.data, "migrate", **earlier.more)
    assert ended.returncode == Exit.BLOCKED
    assert "rewards/0012_witnesses" in ended.stderr
    assert "as they were before" in ended.stderr
    (file,) = (earlier.data / "backups").iterdir()
    assert f"restore {file}" in ended.stderr
    assert earlier.schema() == shape


async def test_without_room_for_a_backup_no_table_changes(earlier: Earlier, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk of its own cannot be had here, so what the system says of it is another's."""
    connection = await asyncpg.connect(earlier.url)
    try:
        with monkeypatch.context() as small:
            small.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=100_000))
            with pytest.raises(Refusal, match=r"backup\.no_room"):
                await backup.before_migration(earlier.settings, connection)
        assert list((earlier.data / "backups").iterdir()) == []
        (earlier.data / "backups").rmdir()
        (earlier.data / "backups").write_bytes(b"")
        ended = await asyncio.to_thread(laurel, earlier.data, "migrate", **earlier.more)
        assert ended.returncode != Exit.OK
        assert "--no-backup" in ended.stderr
        assert tables(await earlier.steps()) == OLD
        answer_ = await asyncio.to_thread(answer, earlier.data, "migrate", "--no-backup", **earlier.more)
        assert len(answer_["applied"]) > 3
    finally:
        await connection.close()


async def test_of_those_before_a_migration_three_stay_and_all_made_by_hand(earlier: Earlier) -> None:
    place = earlier.data / "backups"
    place.mkdir()
    days = [f"2026-0{month}-01-000000" for month in range(1, 6)]
    for day in days:
        (place / f"laurel-before-migration-{day}-0.1.0-tables-1.1.1.tar").write_bytes(b"")
        (place / f"laurel-{day}-0.1.0-tables-1.1.1.tar").write_bytes(b"")
    (place / ".laurel-before-migration-2026-01-01-000000.tar.7.part").write_bytes(b"half, by a power cut")
    connection = await asyncpg.connect(earlier.url)
    made = await backup.before_migration(earlier.settings, connection)
    await connection.close()
    left = {path.name for path in place.iterdir()}
    assert {name for name in left if "before" in name} == {
        made.name,
        *(f"laurel-before-migration-{day}-0.1.0-tables-1.1.1.tar" for day in days[-2:]),
    }
    assert len(left) == 3 + len(days)


async def test_a_restore_that_fails_leaves_an_external_database_empty(earlier: Earlier, tmp_path: Path) -> None:
    """The tables in the file are loaded, and cannot be brought to this version."""
    connection = await asyncpg.connect(earlier.url)
    await connection.execute("CREATE TABLE draw_witness (mine text); CREATE FUNCTION mine() RETURNS int RETURN 1")
    said = await asyncio.to_thread(answer, earlier.data, "backup", str(tmp_path), **earlier.more)
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    functions = "SELECT array_agg(proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; SET search_path = public")
    await connection.execute("CREATE FUNCTION theirs() RETURNS int RETURN 1")
    data = tmp_path / "restored"
    ended = await asyncio.to_thread(laurel, data, "restore", said["file"], **earlier.more)
    assert ended.returncode == Exit.BLOCKED, ended.stderr
    assert await connection.fetchval(tables) == 0
    assert await connection.fetchval(functions) == ["theirs"]
    assert list(data.iterdir()) == []
    await connection.close()
