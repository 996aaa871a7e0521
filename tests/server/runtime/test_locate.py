"""Which programs are taken."""

import os
from pathlib import Path

import pytest

from server.runtime.embedded import locate
from server.runtime.refusals import Refusal


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_the_packages_come_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "postgres", 'echo "postgres (PostgreSQL) 99.1"')
    script(tmp_path / "valkey-server", 'echo "Valkey server v=99.1.2"')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    postgres, valkey = locate.postgres(None), locate.valkey(None)
    assert (postgres.origin, postgres.version) == ("package", (18, 6))
    assert (valkey.origin, valkey.version) == ("package", (9, 1))
    for tool in ("initdb", "psql", "pg_dump", "pg_restore"):
        assert os.access(postgres.path.parent / tool, os.X_OK)


def test_a_setting_comes_before_the_packages(tmp_path: Path) -> None:
    for tool in ("initdb", "psql"):
        script(tmp_path / tool, "exit 0")
    script(tmp_path / "postgres", 'echo "postgres (PostgreSQL) 17.2 (Debian 17.2-1)"')
    found = locate.postgres(tmp_path)
    assert (found.path, found.origin, found.version) == (tmp_path / "postgres", "setting", (17, 2))
    redis = script(tmp_path / "redis-server", 'echo "Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc"')
    assert locate.valkey(tmp_path) == locate.valkey(redis) == locate.Program(redis, (7, 2), "setting")


def test_an_old_a_missing_and_a_broken_program_are_refused(tmp_path: Path) -> None:
    for tool in ("initdb", "psql"):
        script(tmp_path / tool, "exit 0")
    with pytest.raises(Refusal, match=r"postgres\.missing"):
        locate.postgres(tmp_path)
    script(tmp_path / "postgres", 'echo "postgres (PostgreSQL) 15.9"')
    with pytest.raises(Refusal, match=r"postgres\.old .*version=15\.9 minimum=16\.0"):
        locate.postgres(tmp_path)
    script(tmp_path / "postgres", "exit 1")
    with pytest.raises(Refusal, match=r"postgres\.broken"):
        locate.postgres(tmp_path)
    (tmp_path / "psql").unlink()
    with pytest.raises(Refusal, match=r"postgres\.missing"):
        locate.postgres(tmp_path)
    with pytest.raises(Refusal, match=r"valkey\.missing"):
        locate.valkey(tmp_path)
    with pytest.raises(Refusal, match=r"valkey\.broken"):
        locate.valkey(script(tmp_path / "valkey-server", "echo hello"))
