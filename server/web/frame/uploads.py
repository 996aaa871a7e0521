"""A file between its preview and its import: it waits in Redis for an hour, for the one who brought it.

    upload:{kind}:{member}   hash: token, name, data, and parts of what was found in it, each under a name with a colon

One file a member and kind, so that nobody fills Redis; a newer one takes its place. What was found goes with it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from litestar.datastructures import UploadFile
from redis.asyncio import Redis

from rewards.refusals import Refusal
from rewards.sheets import MAX_BYTES, one_line
from server.runtime.chance import token

Kind = Literal["roster", "quiz"]

KEPT = timedelta(hours=1)

MOST_FOUND: Final = 16 * 1024**2
"""Bytes of what was found in one file; more is not kept."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was brought. `name` is what the browser called it, at most 200 characters."""

    name: str
    data: bytes


def _key(kind: Kind, member: UUID) -> str:
    return f"upload:{kind}:{member}"


async def keep(redis: Redis, kind: Kind, member: UUID, file: UploadFile | None) -> str:
    """Keep a file for an hour; return the token that names it. Refusals: upload.missing, file.empty, file.too_large."""
    if file is None or not file.filename:
        raise Refusal("upload.missing")
    data = await file.read(MAX_BYTES + 1)
    if not data:
        raise Refusal("file.empty")
    if len(data) > MAX_BYTES:
        raise Refusal("file.too_large", megabytes=MAX_BYTES // 1024**2)
    return await put(redis, kind, member, Upload(one_line(file.filename)[:200], data))


async def put(redis: Redis, kind: Kind, member: UUID, upload: Upload) -> str:
    """As `keep`, of a file that we have made ourselves."""
    made = token()
    async with redis.pipeline(transaction=True) as pipe:
        pipe.delete(_key(kind, member))
        pipe.hset(
            _key(kind, member),
            mapping={"token": made, "name": upload.name.encode("utf-8", "replace"), "data": upload.data},
        )
        pipe.expire(_key(kind, member), KEPT)
        await pipe.execute()
    return made


async def kept(redis: Redis, kind: Kind, member: UUID, given: str) -> Upload:
    """The file of this token. Refusal upload.gone: too late, applied already, or another file took its place."""
    _, name, data = await _parts(redis, kind, member, given, "name", "data")
    if name is None or data is None:
        raise Refusal("upload.gone")
    return Upload(name.decode(), data)


async def _parts(redis: Redis, kind: Kind, member: UUID, given: str, *names: str) -> list[bytes | None]:
    """The token and these fields; all None where the token is another or the file has gone."""
    found: list[bytes | None] = await redis.hmget(_key(kind, member), ["token", *names])  # type: ignore[misc]
    fits = secrets.compare_digest(found[0] or b"", given.encode())
    return found if found[0] and fits else [None] * len(found)


_FOUND = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return end
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.find(field, ':', 1, true) then redis.call('HDEL', KEYS[1], field) end
end
for n = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[n], ARGV[n + 1]) end
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in the file of this token, under a `mark` of all else that it depends on."""

    kind: Kind
    member: UUID
    given: str
    mark: str

    async def keep(self, redis: Redis, parts: Mapping[str, bytes]) -> None:
        """Keep these parts in place of those of another mark, unless the file has gone or they are too large."""
        if sum(map(len, parts.values())) <= MOST_FOUND:
            named = (item for name, part in parts.items() for item in (f"{self.mark}:{name}", part))
            await redis.register_script(_FOUND)(keys=[_key(self.kind, self.member)], args=[self.given, *named])

    async def kept(self, redis: Redis, *names: str) -> list[bytes | None]:
        """These parts, None for each that is not kept."""
        marked = (f"{self.mark}:{name}" for name in names)
        return (await _parts(redis, self.kind, self.member, self.given, *marked))[1:]


_TAKE = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


async def take(redis: Redis, kind: Kind, member: UUID, given: str) -> None:
    """Let go of the file, once: whoever comes second gets Refusal upload.gone."""
    if not await redis.register_script(_TAKE)(keys=[_key(kind, member)], args=[given]):
        raise Refusal("upload.gone")
