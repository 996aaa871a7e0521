"""A roster of many rows brought at the desk, and how long somebody else's page has to wait meanwhile."""

import asyncio
import re
import time
from typing import Any

from benchmarks.phones import Client
from rewards.sheets import write_csv, write_xlsx

PAUSE = 0.01
"""Seconds between two pages of somebody else."""
FAMILY, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"


def rows(count: int, moved: bool = False) -> list[list[str]]:
    """A roster as a factory keeps it; in the second year a tenth have moved."""
    head = ["工号", "姓名", "部门", "手机", "邮箱", "入职日期"]
    return [head] + [
        [
            f"G{n:06}",
            FAMILY[n % 20] + GIVEN[n // 20 % 20] + GIVEN[n // 400 % 20],
            f"工厂/车间{(n + (moved and n % 10 == 0)) % 40}/班组{n % 7}",
            f"139{n:08}",
            f"g{n}@example.org",
            f"20{10 + n % 15}-0{1 + n % 9}-1{n % 9}",
        ]
        for n in range(count)
    ]


async def measure(server: Any, desk: Client, other: Client, count: int) -> dict[str, Any]:
    """The file is brought, looked at, looked at further on, and applied; then the next year's; then the list is taken
    home. Meanwhile somebody else opens one page after the other."""
    waits: dict[str, list[float]] = {}
    took: dict[str, float] = {}
    doing = "nothing"
    most = 0

    async def read() -> None:
        while True:
            at = time.monotonic()
            status, _, _ = await other.request("GET", "/me")
            if status != 200:
                raise RuntimeError(f"the other page answered {status}")
            waits.setdefault(doing, []).append(time.monotonic() - at)
            await asyncio.sleep(PAUSE)

    async def look() -> None:
        nonlocal most
        while True:
            most = max(most, *server.web_memory())
            await asyncio.sleep(0.2)

    async def step(name: str, method: str, path: str, **more: Any) -> tuple[bytes, bytes]:
        nonlocal doing
        doing, at = name, time.monotonic()
        status, head, body = await desk.request(method, path, **more)
        took[name], doing = time.monotonic() - at, "nothing"
        if status not in (200, 303):
            raise RuntimeError(f"{name} answered {status}")
        return head, body

    await desk.request("GET", "/desk/members/import")
    files = [
        ("xlsx", write_xlsx(rows(count), "roster")),
        ("csv", write_csv(rows(count, moved=True))),
    ]
    reading, looking = asyncio.create_task(read()), asyncio.create_task(look())
    await asyncio.sleep(3)
    for kind, data in files:
        head, _ = await step(f"bring_{kind}", "POST", "/desk/members/import", file=(f"roster.{kind}", data))
        found = re.search(rb"location: (\S+)", head, re.IGNORECASE)
        assert found is not None
        here = found.group(1).decode()
        _, page = await step(f"preview_{kind}", "GET", here)
        changed = rb"\b%s\b" % f"{count:,}".encode()
        if not re.search(changed, page):
            raise RuntimeError("the preview does not show all rows")
        await step(f"further_{kind}", "GET", f"{here}?from={count // 2}")
        await step(f"apply_{kind}", "POST", here, form={})
    await step("export_xlsx", "GET", "/desk/members/export/xlsx")
    await step("export_csv", "GET", "/desk/members/export/csv")
    await asyncio.sleep(0)
    if reading.done():
        reading.result()
    reading.cancel()
    looking.cancel()
    quiet = waits.pop("nothing")
    return {
        "rows": count,
        **{f"{name}_s": round(seconds, 2) for name, seconds in took.items()},
        "longest_wait_quiet_s": round(max(quiet), 4),
        **{f"longest_wait_{name}_s": round(max(some), 4) for name, some in waits.items()},
        "longest_wait_s": round(max(max(some) for some in waits.values()), 4),
        "web_memory_mb": round(most / 2**20, 1),
    }
