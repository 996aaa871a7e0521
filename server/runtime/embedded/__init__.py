"""The private servers that Laurel brings along: PostgreSQL and Valkey, their programs only, under our supervisor."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from server.runtime import confine
from server.runtime.embedded import locate
from server.runtime.embedded.postgres import Postgres
from server.runtime.embedded.valkey import Valkey
from server.runtime.settings import Settings, load, prepare
from server.runtime.supervisor import Child, Progress, Supervisor, lasting, silent

__all__ = ["available", "children", "start_pair", "tools"]

SERVERS: Final = ("redis", "database")
"""Their names, in the order in which they are started."""


def ours(settings: Settings, names: Sequence[str] = SERVERS) -> list[str]:
    """Those of these servers whose address the settings do not give."""
    urls = {"redis": settings.external_redis_url, "database": settings.external_database_url}
    return [name for name in names if urls[name] is None]


def children(settings: Settings, names: Sequence[str] = SERVERS) -> list[Child]:
    """What the supervisor has to start of these servers, in this order; those of `ours`.

    Refusals: see locate, confine.choose. The data folder must exist (settings.prepare).
    """
    wanted: list[Child] = []
    inside = ours(settings, names)
    if "redis" in inside:
        valkey = locate.valkey(settings.valkey_bin)
    if "database" in inside:
        postgres = locate.postgres(settings.postgres_bin)
    if inside:
        probe = postgres.path if "database" in inside else valkey.path
        identity = confine.choose(settings.data, [probe, "--version"])
    if "redis" in inside:
        wanted.append(Valkey(settings, valkey, identity).child())
    if "database" in inside:
        wanted.append(Postgres(settings, postgres, identity).child())
    return wanted


def tools(settings: Settings) -> Path:
    """The folder of pg_dump, pg_restore and psql that fit the embedded database. Refusal `postgres.missing`, ..."""
    return locate.postgres(settings.postgres_bin).path.parent


@contextmanager
def available(settings: Settings, progress: Progress = silent, names: Sequence[str] = SERVERS) -> Iterator[None]:
    """The embedded servers of these names for the length of a command: those of a running `laurel serve` over this data
    folder, else started now and stopped at the end. Nothing to do where they are external.

    Call it in the main thread. They are not restarted when they die. Refusal `data.held` while another command has
    started them for itself.
    """
    inside = ours(settings, names)
    if not inside or lasting(settings.data, inside):
        yield
        return
    with Supervisor(settings.data, progress=progress, signals=False) as supervisor:
        for child in children(settings, inside):
            supervisor.start(child)
        yield


@contextmanager
def start_pair(data: Path) -> Iterator[tuple[str, str]]:
    """A pair of servers over a data folder, for tests and measurements: (database URL, Redis URL)."""
    programs = ("LAUREL_POSTGRES_BIN", "LAUREL_VALKEY_BIN")
    kept = {name: value for name, value in os.environ.items() if name in programs}
    settings = prepare(load(kept | {"LAUREL_DATA": str(data)}, data))
    with available(settings):
        yield settings.database_url, settings.redis_url
