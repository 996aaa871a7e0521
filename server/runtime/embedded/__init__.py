"""The private servers that Laurel brings along: PostgreSQL and Valkey, their programs only, under our supervisor."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.runtime import confine
from server.runtime.embedded import locate
from server.runtime.embedded.postgres import Postgres
from server.runtime.embedded.valkey import Valkey
from server.runtime.settings import Settings, load, prepare
from server.runtime.supervisor import Child, Progress, Supervisor, lasting, silent

__all__ = ["available", "children", "start_pair", "tools"]


def children(settings: Settings) -> list[Child]:
    """What the supervisor has to start, in this order; a server whose address the settings give is left out.

    Refusals: see locate, confine.choose. The data folder must exist (settings.prepare).
    """
    wanted: list[Child] = []
    outside = settings.external_database_url, settings.external_redis_url
    if outside[1] is None:
        valkey = locate.valkey(settings.valkey_bin)
    if outside[0] is None:
        postgres = locate.postgres(settings.postgres_bin)
    if outside[0] is None or outside[1] is None:
        probe = postgres.path if outside[0] is None else valkey.path
        identity = confine.choose(settings.data, [probe, "--version"])
    if outside[1] is None:
        wanted.append(Valkey(settings, valkey, identity).child())
    if outside[0] is None:
        wanted.append(Postgres(settings, postgres, identity).child())
    return wanted


def tools(settings: Settings) -> Path:
    """The folder of pg_dump, pg_restore and psql that fit the embedded database. Refusal `postgres.missing`, ..."""
    return locate.postgres(settings.postgres_bin).path.parent


@contextmanager
def available(settings: Settings, progress: Progress = silent) -> Iterator[None]:
    """The embedded servers for the length of a command: those of a running `laurel serve` over this data folder,
    else started now and stopped at the end. Nothing to do when both are external.

    Call it in the main thread. They are not restarted when they die. Refusal `data.held` while another command has
    started them for itself.
    """
    outside = settings.external_redis_url, settings.external_database_url
    names = [name for name, url in zip(("redis", "database"), outside, strict=True) if url is None]
    if not names or lasting(settings.data, names):
        yield
        return
    with Supervisor(settings.data, progress=progress, signals=False) as supervisor:
        for child in children(settings):
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
