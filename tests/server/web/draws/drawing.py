"""A draw as the desk's tests need it: people with points, two custodians, forms, and the worker's part of a freeze."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from rewards import database as db
from rewards.draws import actions, rules
from rewards.ledger.actions import Award, award
from server.runtime.chance import new_id
from server.runtime.clock import now
from server.runtime.kit_program import empty_kit
from tests.server.web.conftest import Browser, SignedIn, SignIn, add_member

DICE = "31415926535897932384"


@dataclass(frozen=True, slots=True)
class Hall:
    """`head` plans and draws, `second` may draw too; `keepers` are C1 and C2; `people` have points."""

    client: Browser
    season: UUID
    head: SignedIn
    second: SignedIn
    keepers: tuple[UUID, UUID]
    people: list[UUID]
    unit: UUID

    @property
    def redis(self) -> Any:
        return self.client.app.state.process.redis

    async def get(self, path: str, who: SignedIn | None = None) -> httpx.Response:
        return await self.client.get(path, headers=(who or self.head).headers)

    async def post(
        self, path: str, form: Mapping[str, Any] | None = None, who: SignedIn | None = None, **more: Any
    ) -> httpx.Response:
        return await self.client.post(path, headers=(who or self.head).headers, data=form or {}, **more)


async def hall(client: Browser, sign_in: SignIn, season: UUID, people: int = 8) -> Hall:
    """Two organisers, two custodians, and people of one unit; person n has n * 30 + 30 points."""
    head = await sign_in("organiser", name="Wang Fang", number="O1")
    second = await sign_in("organiser", name="Zhao Min", number="O2")
    keepers = await add_member("Liu Yang", "C1"), await add_member("Chen Jing", "C2")
    unit, today = uuid4(), client.app.state.process.today()
    await db.rows("INSERT INTO unit (id, parent, name, path) VALUES ($1, NULL, 'Workshop 1', 'Workshop 1')", unit)
    workers = [await add_member(f"Li Na {n}", f"E{n}") for n in range(people)]
    for one in workers:
        await db.rows(
            "INSERT INTO membership (id, member, unit, since) VALUES ($1, $2, $3, $4)", uuid4(), one, unit, today
        )
    async with db.transaction():
        await award(
            [Award(f"quiz:{uuid4()}", one, 30 * (n + 1)) for n, one in enumerate(workers)],
            rule="quiz",
            season=season,
            day=today,
            at=now(),
            new_id=uuid4,
        )
    return Hall(client, season, head, second, keepers, workers, unit)


def prize(key: str = "1", name: str = "Thermos", quantity: str = "2", **more: str) -> dict[str, str]:
    """The fields of a prize in the form."""
    values = {"name": name, "quantity": quantity, "present": "1", **more}
    return {f"prize-{key}-{field}": value for field, value in values.items()}


def form(there: Hall, **changed: Any) -> dict[str, Any]:
    """What a beginner fills in: a title, a prize, two custodians. A key that is None is left out."""
    values = {
        "title": "Autumn draw",
        "season": str(there.season),
        "per": "50",
        "cap": "20",
        "one_win": "1",
        "call_seconds": "0",
        "dispute_hours": "0",
        "claim_days": "30",
        "shown_names": "masked",
        "venue": "d10x20",
        "fresh_dice": "d10x6",
        "prize": ["1"],
        **prize(),
        "custodian": ["1", "2"],
        "custodian-1-who": "C1",
        "custodian-2-who": "c2",
        **changed,
    }
    return {name: value for name, value in values.items() if value is not None}


async def planned(there: Hall, **changed: Any) -> UUID:
    """A draw made through the form."""
    answer = await there.post("/desk/draws", form(there, **changed))
    assert answer.status_code == 303, answer.text
    return UUID(answer.headers["location"].partition("?")[0].rpartition("/")[2])


def secret_of(label: str) -> bytes:
    """A custodian's secret, which a test may know."""
    return rules.digest(label.encode())


async def sealed(there: Hall, draw: UUID) -> None:
    """Every custodian seals, each for himself."""
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    for one in await db.rows("SELECT label, member FROM custodian WHERE draw = $1 AND commitment IS NULL", draw):
        commitment = rules.commitment(slug, one["label"], secret_of(one["label"]))
        await actions.seal(there.redis, draw, one["label"], commitment, member=one["member"] or uuid4(), now=now())


async def work(there: Hall, draw: UUID, program: bytes | None = None) -> None:
    """What the worker does with a freeze that was asked for; `program`: the empty kit of another version of Laurel."""
    await actions.freeze(
        there.redis,
        draw,
        now=now(),
        actor=None,
        new_id=new_id,
        random_bytes=secrets.token_bytes,
        program=program or empty_kit(),
    )


async def frozen(there: Hall, **changed: Any) -> UUID:
    """A frozen draw, by the desk's own pages."""
    draw = await planned(there, **changed)
    await sealed(there, draw)
    answer = await there.post(f"/desk/draws/{draw}/freeze")
    assert answer.status_code == 303, answer.text
    await work(there, draw)
    return draw


async def rolled(there: Hall, draw: UUID) -> None:
    """Armed, and the dice typed twice."""
    for path, given in (("arm", {}), ("dice", {"digits": DICE}), ("roll", {"digits": DICE})):
        answer = await there.post(f"/desk/draws/{draw}/{path}", given)
        assert answer.status_code == 303, (path, answer.text)


async def drawn(there: Hall, draw: UUID) -> None:
    """All secrets opened, in the order of the manifest."""
    await rolled(there, draw)
    for one in await db.rows("SELECT label FROM custodian WHERE draw = $1 ORDER BY position", draw):
        answer = await there.post(f"/desk/draws/{draw}/reveal", {"secret": secret_of(one["label"]).hex()})
        assert answer.status_code == 303, answer.text
