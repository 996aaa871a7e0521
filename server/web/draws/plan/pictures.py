"""Pictures of prizes between being chosen and the form being saved: they wait in Redis for the one who brought them.

picture:{member}:{token}   the picture as it will be stored, for two hours
pictures:{member}          tokens, the newest first; the oldest ones go when there are too many
"""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from litestar.datastructures import UploadFile
from redis.asyncio import Redis

from rewards import pictures
from rewards.refusals import Refusal
from rewards.sheets import MAX_BYTES
from server.runtime.chance import token

KEPT: Final = timedelta(hours=2)
MOST: Final = 120
"""Pictures of one person; a draw has at most a hundred prizes."""


async def keep(redis: Redis, member: UUID, file: UploadFile | None) -> str:
    """Keep a picture; return the token that names it. Refusals: upload.missing, file.too_large, picture.*."""
    if file is None or not file.filename:
        raise Refusal("upload.missing")
    data = await file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refusal("file.too_large", megabytes=MAX_BYTES // 1024**2)
    picture = await asyncio.to_thread(pictures.small_picture, data)
    made, own = token(), f"pictures:{member}"
    async with redis.pipeline(transaction=True) as pipe:
        pipe.set(f"picture:{member}:{made}", picture, ex=KEPT)
        pipe.lpush(own, made)
        pipe.lrange(own, MOST, -1)
        pipe.ltrim(own, 0, MOST - 1)
        pipe.expire(own, KEPT)
        _, _, old, _, _ = await pipe.execute()
    if old:
        await redis.delete(*(f"picture:{member}:{one.decode()}" for one in old))
    return made


async def kept(redis: Redis, member: UUID, given: str) -> bytes | None:
    """The picture of this token; None: too late, or never there."""
    found: bytes | None = await redis.get(f"picture:{member}:{given[:64]}")
    return found
