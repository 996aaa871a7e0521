"""A file between its preview and its import: it waits in Redis for an hour, for the one who brought it.

    upload:{kind}:{member}   hash: token, name, data

One file a member and kind, so that nobody fills Redis; a newer one takes its place.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from litestar.datastructures import UploadFile
from redis.asyncio import Redis

from rewards.refusals import Refusal
from rewards.sheets import MAX_BYTES, one_line
from server.runtime.chance import token

Kind = Literal["roster", "quiz"]

KEPT = timedelta(hours=1)


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
    found: dict[bytes, bytes] = await redis.hgetall(_key(kind, member))  # type: ignore[misc]
    if not found or not secrets.compare_digest(found[b"token"], given.encode()):
        raise Refusal("upload.gone")
    return Upload(found[b"name"].decode(), found[b"data"])


_TAKE = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


async def take(redis: Redis, kind: Kind, member: UUID, given: str) -> None:
    """Let go of the file, once: whoever comes second gets Refusal upload.gone."""
    if not await redis.register_script(_TAKE)(keys=[_key(kind, member)], args=[given]):
        raise Refusal("upload.gone")
