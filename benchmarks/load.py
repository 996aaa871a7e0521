"""The load process: phones, sign-ins and readers against a served Laurel; prints one JSON object.

`python -m benchmarks.load WORK SIZE` with LAUREL_DATA naming the folder of a running `laurel serve`. Members are put
into the database directly; everything measured goes over HTTP.
"""

import asyncio
import gc
import json
import os
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import uvloop
from redis.asyncio import Redis

from benchmarks import door_scale, draw_scale, import_scale, ledger_scale
from benchmarks.phones import Address, Client, Phone
from games.quizzes import queries as quizzes
from games.quizzes.actions import add_quiz
from games.quizzes.formats.draft import QuestionDraft
from rewards import database as db
from rewards.boards import actions as boards
from rewards.boards import queries as board_queries
from rewards.boards.rules import BoardScore, room_board
from rewards.members.actions import issue_links, set_code
from rewards.presses import APART
from server.runtime import clock, settings, supervisor
from server.runtime.chance import new_id, token
from server.runtime.sessions import Sessions

QUESTIONS = 4
SECONDS = 60
READ_SIZE = 200
"""In a room of this size one more question is asked, beside which boards are read; its CPU is not counted."""
_VERSION = re.compile(rb'data-version="(\d+)"')


def centile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of the values do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Server:
    """The served Laurel: its address, its processes, its storage for setting the scene."""

    def __init__(self, chosen: settings.Settings) -> None:
        self.chosen = chosen
        self.pids = supervisor.running(chosen.data)
        run = json.loads((chosen.data / "run.json").read_text())
        self.address = Address("127.0.0.1", int(str(run["url"]).rsplit(":", 1)[1].strip("/")))
        self.redis = Redis.from_url(chosen.redis_url)

    def processes(self) -> list[psutil.Process]:
        """Supervisor, web, worker, PostgreSQL with its backends, Valkey."""
        some = psutil.Process(next(iter(self.pids.values())))
        parent = some.parent()
        assert parent is not None
        return [parent, *parent.children(recursive=True)]

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU so far, by kind of process."""
        spent: dict[str, float] = {}
        for process in self.processes():
            try:
                times = process.cpu_times()
                kind = self._kind(process)
            except psutil.Error:
                continue
            spent[kind] = spent.get(kind, 0.0) + times.user + times.system
        return spent

    def web_memory(self) -> list[int]:
        """Resident bytes of each web process."""
        return [psutil.Process(pid).memory_info().rss for name, pid in self.pids.items() if name.startswith("web")]

    def memory(self) -> int:
        """Bytes of all processes together: their own, and of what several share each its part (PSS)."""
        return sum(process.memory_full_info().pss for process in self.processes())

    @staticmethod
    def _kind(process: psutil.Process) -> str:
        words = " ".join(process.cmdline())
        for mark, kind in (
            ("server.serving", "web"),
            ("workers", "worker"),
            ("valkey", "valkey"),
            ("postgres", "postgres"),
        ):
            if mark in words:
                return kind
        return "supervisor"


async def members(count: int, prefix: str) -> list[UUID]:
    """Make `count` members."""
    made = [new_id() for _ in range(count)]
    await db.rows(
        "INSERT INTO member (id, staff_number, name, created_at)"
        " SELECT id, $2 || n, 'Member ' || n, now() FROM unnest($1::uuid[]) WITH ORDINALITY AS m (id, n)",
        made,
        prefix,
    )
    return made


async def season() -> None:
    """A season that covers today, if there is none."""
    today = date.today()
    await db.rows(
        "INSERT INTO season (id, name, starts_on, ends_on) SELECT $1, 'Bench', $2, $3"
        " WHERE NOT EXISTS (SELECT FROM season)",
        new_id(),
        today - timedelta(days=30),
        today + timedelta(days=30),
    )


async def sessions_for(server: Server, people: Sequence[UUID], roles: tuple[str, ...] = ()) -> list[Client]:
    """A signed-in client for each."""
    sessions = Sessions(server.redis)
    clients = []
    for person in people:
        identity = await sessions.start(
            person, name="Member", roles=roles, language="en", unit="", device="bench", version=0
        )
        clients.append(Client(server.address, {"laurel_session": identity}))
    return clients


class Host:
    """The organiser at the desk."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.room = ""
        self.pressed = 0.0

    async def open(self, quiz: UUID) -> str:
        """Open a room; its code."""
        await self.client.request("GET", "/desk/rooms")
        status, head, _ = await self.client.request("POST", "/desk/rooms", {"quiz": str(quiz)})
        found = re.search(rb"location: (/desk/rooms/[0-9a-f-]{36})", head, re.IGNORECASE)
        if status != 303 or found is None:
            raise RuntimeError(f"the desk opened no room: {status}")
        self.room = found.group(1).decode()
        self.pressed = time.monotonic()
        code: str = await db.value("SELECT code FROM room WHERE id = $1", UUID(self.room.rsplit("/", 1)[1]))
        return code

    async def version(self) -> str:
        """The version that the desk shows."""
        _, _, page = await self.client.request("GET", self.room + "/state")
        found = _VERSION.search(page)
        if found is None:
            raise RuntimeError("the desk shows no version")
        return found.group(1).decode()

    async def next(self) -> float:
        """Click Next, when the last click is long enough ago to count; the moment of the click."""
        await asyncio.sleep(self.pressed + APART.total_seconds() + 0.1 - time.monotonic())
        form = {"move": "next", "version": await self.version()}
        at = time.monotonic()
        status, head, _ = await self.client.request("POST", self.room + "/moves", form)
        if status not in (200, 204, 303) or b"pressed_twice" in head:
            raise RuntimeError(f"next was refused: {status}")
        self.pressed = time.monotonic()
        return at


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something, a minute at most."""
    deadline = time.monotonic() + 60
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited in vain for {what}")
        await asyncio.sleep(0.01)


async def opened(server: Server, questions: int) -> tuple[Host, str]:
    """A host with a room of a quiz of so many questions, and the room's code."""
    await season()
    host = Host((await sessions_for(server, await members(1, f"H{time.time_ns()}-"), ("organiser",)))[0])
    quiz = await add_quiz(
        "Bench",
        [
            QuestionDraft(
                line=n,
                kind="single",
                text=f"Question {n}: which of these four is the one?",
                options=("the first", "the second", "the third", "the fourth"),
                right=(n % 4,),
                seconds=SECONDS,
                explanation="",
                category="",
                name="",
            )
            for n in range(questions)
        ],
        scoring="kahoot",
        actor=None,
        now=clock.now(),
        new_id=new_id,
    )
    return host, await host.open(quiz)


async def room(server: Server, size: int, took: list[float] | None = None) -> dict[str, Any]:
    """A live room: `size` phones with a session and an open stream each; all answers within one second. What each took
    is added to `took`."""
    host, code = await opened(server, QUESTIONS + (size == READ_SIZE))
    people = await members(size, f"P{time.time_ns()}-")
    phones = [Phone(client, n) for n, client in enumerate(await sessions_for(server, people))]
    before = server.web_memory()
    gate = asyncio.Semaphore(40)

    async def enter(phone: Phone) -> None:
        async with gate:
            await phone.enter(code)

    await asyncio.gather(*map(enter, phones))
    readers = await sessions_for(server, people[:4])
    streaming, memory = server.web_memory(), server.memory()
    gc.collect()
    gc.disable()
    acknowledged: list[tuple[UUID, str, float]] = []
    refused, clicks, reveals, reads = 0, [], [], []
    start = server.cpu()
    for asking in range(QUESTIONS + (size == READ_SIZE)):
        if asking == QUESTIONS:
            spent = {kind: value - start.get(kind, 0.0) for kind, value in server.cpu().items()}
            counted = len(acknowledged)
        clicked = await host.next()
        await until(lambda: all(any(k.endswith(b":question") for k in [*p.states][-1:]) for p in phones), "questions")
        asked = phones[0].round
        clicks.append(max(p.states[asked.encode() + b":question"] for p in phones) - clicked)

        async def answer(phone: Phone, person: UUID) -> tuple[UUID, int, float]:
            await asyncio.sleep(random.random())
            status, seconds = await phone.answer(random.randrange(4))
            return person, status, seconds

        async def read(client: Client) -> None:
            for _ in range(8):
                at = time.monotonic()
                status, _, _ = await client.request("GET", "/boards")
                if status != 200:
                    raise RuntimeError(f"boards answered {status}")
                reads.append(time.monotonic() - at)
                await asyncio.sleep(0.1)

        burst: list[Awaitable[Any]] = [answer(p, who) for p, who in zip(phones, people, strict=True)]
        if asking == QUESTIONS:
            burst += [read(client) for client in readers]
        for done in await asyncio.gather(*burst):
            if done is None:
                continue
            person, status, seconds = done
            if status == 200:
                acknowledged.append((person, asked, seconds))
            else:
                refused += 1
        clicked = await host.next()
        shown = asked.encode() + b":reveal"
        await until(lambda key=shown: all(key in p.states for p in phones), "the reveal")
        reveals.append(max(p.states[shown] for p in phones) - clicked)
    if size != READ_SIZE:
        spent = {kind: value - start.get(kind, 0.0) for kind, value in server.cpu().items()}
        counted = len(acknowledged)
    gc.enable()
    await host.next()
    room_id = UUID(host.room.rsplit("/", 1)[1])
    dropped = sum(p.stream is None or p.stream.dropped for p in phones)
    mine = sum(p.mine for p in phones)
    for phone in phones:
        phone.leave()
    report = await reconcile(server, room_id, acknowledged)
    answers = len(acknowledged)
    seconds = [s for _, _, s in acknowledged]
    if took is not None:
        took += seconds
    return {
        "phones": size,
        "acknowledged": answers,
        "refused": refused,
        **report,
        "streams_dropped": dropped,
        "personal_lines": mine,
        "ack_p50_s": round(centile(seconds, 0.5), 4),
        "ack_p99_s": round(centile(seconds, 0.99), 4),
        "click_to_last_phone_s": round(max(clicks), 4),
        "reveal_to_last_phone_s": round(max(reveals), 4),
        "cpu_ms_per_answer": round(sum(spent.values()) * 1000 / counted, 3),
        "cpu_ms_by_process": {kind: round(value * 1000 / counted, 3) for kind, value in sorted(spent.items())},
        "memory_mb": round(memory / 2**20, 1),
        "web_memory_mb": round(max(streaming) / 2**20, 1),
        "kb_per_phone": round((sum(streaming) - sum(before)) / 1024 / size, 1),
        "board_read_p99_s": round(centile(reads, 0.99), 4) if reads else None,
    }


async def reconcile(server: Server, room_id: UUID, acknowledged: list[tuple[UUID, str, float]]) -> dict[str, Any]:
    """Client log against table, score, board and ledger."""
    rows = await db.rows(
        "SELECT member, round FROM answer JOIN round ON round.id = answer.round WHERE round.room = $1", room_id
    )
    stored = [(row["member"], str(row["round"])) for row in rows]
    logged = [(member, asked) for member, asked, _ in acknowledged]
    wanted = {s.member: s.points for s in await quizzes.standings(room_id)}
    places = await board_queries.points_and_places(server.redis, room_board(room_id), list(wanted))

    posted: dict[UUID, int] = {}
    for _ in range(600):
        found = await db.rows(
            "SELECT split_part(key, ':', 3)::uuid AS member, requested FROM posting WHERE key LIKE $1",
            f"quiz:{room_id}:%",
        )
        posted = {row["member"]: row["requested"] for row in found}
        if len(posted) >= len(wanted):
            break
        await asyncio.sleep(0.1)
    return {
        "lost": len(set(logged) - set(stored)),
        "doubled": len(stored) - len(set(stored)) + len(logged) - len(set(logged)),
        "not_acknowledged_but_stored": len(set(stored) - set(logged)),
        "board_differs": sum(places[member].points != points for member, points in wanted.items()),
        "ledger_differs": sum(posted.get(member) != points for member, points in wanted.items()),
    }


async def sign_in(server: Server, size: int) -> dict[str, Any]:
    """`size` members sign in by personal link, spread over a minute, and a tenth as many by code beside them."""
    await season()
    people = await members(size, f"L{time.time_ns()}-")
    coded = await members(size // 10, f"C{time.time_ns()}-")
    now = clock.now()
    links = await issue_links(people, actor=None, now=now, valid=timedelta(hours=1), new_token=token)
    await set_code(coded[0], "bench-4711-code", now=now)
    await db.rows(
        "UPDATE member SET code_hash = (SELECT code_hash FROM member WHERE id = $1) WHERE id = ANY($2)", coded[0], coded
    )
    numbers = [
        row["staff_number"] for row in await db.rows("SELECT staff_number FROM member WHERE id = ANY($1)", coded)
    ]
    took: dict[str, list[float]] = {"link": [], "code": []}
    failed: list[int] = []
    span = 60.0

    async def by_link(secret: str) -> None:
        await asyncio.sleep(random.random() * span)
        client = Client(server.address)
        at = time.monotonic()
        await client.request("GET", f"/in/{secret}")
        status, _, _ = await client.request("POST", f"/in/{secret}", {})
        took["link"].append(time.monotonic() - at)
        if status != 303 or "laurel_session" not in client.cookies:
            failed.append(status)
        client.close()

    async def by_code(number: str) -> None:
        await asyncio.sleep(random.random() * span)
        client = Client(server.address)
        at = time.monotonic()
        await client.request("GET", "/sign-in")
        status, _, _ = await client.request("POST", "/sign-in", {"staff_number": number, "code": "bench-4711-code"})
        took["code"].append(time.monotonic() - at)
        if status != 303 or "laurel_session" not in client.cookies:
            failed.append(status)
        client.close()

    start = server.cpu()
    await asyncio.gather(*(by_link(secret) for _, secret in links), *map(by_code, numbers))
    spent = sum(server.cpu().values()) - sum(start.values())
    return {
        "by_link": len(took["link"]),
        "by_code": len(took["code"]),
        "failed": len(failed),
        "link_p50_s": round(centile(took["link"], 0.5), 4),
        "link_p99_s": round(centile(took["link"], 0.99), 4),
        "code_p50_s": round(centile(took["code"], 0.5), 4),
        "code_p99_s": round(centile(took["code"], 0.99), 4),
        "cpu_ms_per_sign_in": round(spent * 1000 / (len(took["link"]) + len(took["code"])), 2),
    }


async def board(server: Server, size: int) -> dict[str, Any]:
    """One board of `size` members in Valkey: filling it, then single reads beside writes."""
    name = room_board(new_id())
    people = [new_id() for _ in range(size)]
    at = time.monotonic()
    await boards.replace(
        server.redis, name, [BoardScore(who, n % 50_000, n % 86_400, 1) for n, who in enumerate(people)]
    )
    filled = time.monotonic() - at
    took: dict[str, list[float]] = {"rank": [], "top_10": [], "page": [], "place": []}

    async def timed(kind: str, work: Awaitable[Any]) -> None:
        begun = time.monotonic()
        await work
        took[kind].append(time.monotonic() - begun)

    for n in range(1000):
        who = random.choice(people)
        await timed("rank", board_queries.place_of(server.redis, name, who))
        await timed("top_10", board_queries.top(server.redis, name, 10))
        await timed("page", board_queries.page(server.redis, name, random.randrange(size), 50))
        await timed("place", boards.place(server.redis, name, [BoardScore(who, 60_000 + n, 1, 2 + n)]))
    memory = await server.redis.memory_usage(f"board:{{{name}}}", samples=0) or 0
    await server.redis.delete(*[key async for key in server.redis.scan_iter(match=f"*{name}*", count=10_000)])
    return {
        "members": size,
        "fill_s": round(filled, 2),
        **{f"{kind}_p50_ms": round(centile(v, 0.5) * 1000, 3) for kind, v in took.items()},
        **{f"{kind}_p99_ms": round(centile(v, 0.99) * 1000, 3) for kind, v in took.items()},
        "zset_mb": round(memory / 2**20, 1),
    }


async def draw(server: Server, size: int) -> dict[str, Any]:
    """A draw of `size` people."""
    return await draw_scale.measure(server.redis, server.chosen.data, size)


async def ledger(server: Server, size: int) -> dict[str, Any]:
    """A ledger of `size` postings."""
    return await ledger_scale.measure(server, partial(sessions_for, server), size)


async def door(server: Server, size: int) -> dict[str, Any]:
    """A hall of `size` members, and a stranger."""

    async def lobby() -> str:
        return (await opened(server, 1))[1]

    return await door_scale.measure(server, members, sessions_for, room, lobby, size)


async def bring(server: Server, size: int) -> dict[str, Any]:
    """A roster of `size` rows."""
    [desk] = await sessions_for(server, await members(1, f"D{time.time_ns()}-"), ("organiser",))
    [other] = await sessions_for(server, await members(1, f"O{time.time_ns()}-"))
    return await import_scale.measure(server, desk, other, size)


WORKS: dict[str, Callable[[Server, int], Awaitable[dict[str, Any]]]] = {
    "room": room,
    "sign-in": sign_in,
    "board": board,
    "draw": draw,
    "ledger": ledger,
    "door": door,
    "import": bring,
}


async def main(work: str, size: int) -> None:
    """Do one piece of work and print its report."""
    chosen = settings.prepare(settings.load(os.environ, Path.cwd()))
    server = Server(chosen)
    await db.open_pool(chosen.database_url, 4)
    try:
        print(json.dumps(await WORKS[work](server, size)))
    finally:
        await server.redis.aclose()
        await db.close_pool()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2])))
