"""A hall in which a draw is held: people who run it, custodians with their secrets, and a clock that goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.actions import Arrival, Brought, Confirmed, Logged
from rewards.draws.eligibility import Points, Rule
from rewards.draws.terms import CustodianTerms, PrizeTerms, RoundTerms
from server.runtime.chance import claim_code, new_id
from tests.rewards.draws.world import DICE, NOW, Plant, frozen, member, plant, seal_all, secret_of, terms

MINUTE = timedelta(minutes=1)
TOP_DICE, AGAIN_DICE = "1618", "2718"

PRIZES = (
    PrizeTerms("mug", "Mug", 3, round="small", batch=3, alternates=2),
    PrizeTerms("card", "Gift card", 2, round="small", present=False),
    PrizeTerms("trip", "Trip", 1, round="top", redraw="d10x4"),
)
ROUNDS = (RoundTerms("small", "Small prizes"), RoundTerms("top", "The trip", "d10x4"))
FULL: dict[str, object] = {"prizes": PRIZES, "rounds": ROUNDS, "presence": True}
"""Everything that a ceremony knows: rounds, one with dice, presence, alternates, a redraw with dice, a countdown."""


@dataclass
class Venue:
    """A frozen draw. `organiser` and `cashier` may draw, `witness` looks on; none of them is on the list.

    `secrets` by label in the order of the manifest. Every event takes a minute.
    """

    redis: Redis
    draw: UUID
    plant: Plant
    secrets: dict[str, bytes]
    keepers: tuple[UUID, UUID]
    witness: UUID
    now: datetime
    new_code: Callable[[], str] = claim_code

    @property
    def organiser(self) -> UUID:
        return self.plant.organiser

    @property
    def cashier(self) -> UUID:
        return self.plant.cashier

    def later(self, passes: timedelta = MINUTE) -> datetime:
        """The clock goes on."""
        self.now += passes
        return self.now

    async def look(self) -> queries.Venue:
        """The draw as pages see it."""
        found = await queries.venue(self.draw)
        assert found is not None
        return found

    async def row(self) -> db.Row:
        found = await db.row("SELECT * FROM draw WHERE id = $1", self.draw)
        assert found is not None
        return found

    async def size(self) -> int:
        """How many lines the list has."""
        return rules.parse_manifest((await self.row())["manifest"]).n

    async def log(self) -> list[str]:
        return ((await self.row())["log"] or "").splitlines()

    async def arrive(self, lines: list[int]) -> None:
        """These lines' people are checked in."""
        arrivals = [Arrival(line, self.now, "list") for line in lines]
        await actions.check_in(self.redis, self.draw, arrivals, by=self.cashier, now=self.later(), new_id=new_id)

    async def void(self, line: int) -> bool:
        return await actions.void(
            self.redis, self.draw, line, "left", "has left", actor=self.organiser, now=self.later(), new_id=new_id
        )

    async def arm(self, actor: UUID | None = None, *, hall: bool = False) -> Logged:
        return await actions.arm(
            self.redis, self.draw, actor=actor or self.organiser, now=self.later(), new_id=new_id, hall=hall
        )

    async def roll(self, digits: str = DICE, actor: UUID | None = None) -> Logged:
        return await actions.roll(
            self.redis, self.draw, digits, actor=actor or self.organiser, now=self.later(), new_id=new_id
        )

    async def beacon(self, signature: str) -> Logged:
        return await actions.beacon(
            self.redis, self.draw, signature, actor=self.organiser, now=self.later(), new_id=new_id
        )

    async def reveal(self, secret: str, actor: UUID | None = None) -> Logged:
        return await actions.reveal(
            self.redis,
            self.draw,
            secret,
            actor=actor or self.organiser,
            now=self.later(),
            new_id=new_id,
            new_code=self.new_code,
        )

    async def open_secrets(self) -> Logged:
        """Both envelopes, in their order; the first round is drawn when it has no dice."""
        for secret in self.secrets.values():
            logged = await self.reveal(secret.hex())
        return logged

    async def round(self, code: str = "top", digits: str = TOP_DICE) -> Logged:
        return await actions.open_round(
            self.redis,
            self.draw,
            code,
            digits,
            actor=self.organiser,
            now=self.later(),
            new_id=new_id,
            new_code=self.new_code,
        )

    async def call(self, prize: str, slot: int = 0, attempt: int = 0) -> Logged:
        return await actions.call(
            self.redis, self.draw, prize, slot, attempt, actor=self.organiser, now=self.later(), new_id=new_id
        )

    async def doubt(
        self, prize: str, slot: int = 0, attempt: int = 0, reason: str = "", actor: UUID | None = None
    ) -> Confirmed:
        return await actions.confirm_absence(
            self.redis,
            self.draw,
            prize,
            slot,
            attempt,
            reason,
            actor=actor or self.organiser,
            now=self.later(),
            new_id=new_id,
            new_code=self.new_code,
        )

    async def withdraw(self, prize: str, slot: int = 0, attempt: int = 0) -> bool:
        return await actions.withdraw_absence(
            self.redis, self.draw, prize, slot, attempt, actor=self.organiser, now=self.later()
        )

    async def absent(self, prize: str, slot: int = 0, attempt: int = 0, reason: str = "") -> Logged:
        """Called, waited for, and confirmed by two people."""
        if not reason:
            await self.call(prize, slot, attempt)
            self.later()
        await self.doubt(prize, slot, attempt, reason)
        confirmed = await self.doubt(prize, slot, attempt, reason, actor=self.witness)
        assert confirmed.logged is not None
        return confirmed.logged

    async def redraw(self, prize: str, slot: int = 0, attempt: int = 1, digits: str = AGAIN_DICE) -> Logged:
        return await actions.redraw(
            self.redis,
            self.draw,
            prize,
            slot,
            attempt,
            digits,
            actor=self.organiser,
            now=self.later(),
            new_id=new_id,
            new_code=self.new_code,
        )

    async def close(self, actor: UUID | None = None) -> Logged:
        return await actions.close(
            self.redis, self.draw, actor=actor or self.organiser, now=self.later(), new_id=new_id
        )

    async def cancel(self, why: str = "the hall burnt") -> None:
        """By the organiser, and by the witness where it takes two."""
        if not await actions.cancel(
            self.redis, self.draw, actor=self.organiser, why=why, now=self.later(), new_id=new_id
        ):
            await actions.confirm_cancel(self.redis, self.draw, actor=self.witness, now=self.later(), new_id=new_id)

    async def bring(
        self, log: bytes, voids: bytes | None = None, present: bytes | None = None, witnesses: tuple[str, ...] = ()
    ) -> Brought:
        """By the organiser; the witness gives the second word where it waits for one."""
        brought = await actions.bring(
            self.redis,
            self.draw,
            log,
            voids,
            present,
            witnesses,
            actor=self.organiser,
            now=self.later(),
            new_id=new_id,
            new_code=self.new_code,
        )
        if brought.verdict != "waits":
            return brought
        return await actions.confirm_log(
            self.redis,
            self.draw,
            brought.code,
            actor=self.witness,
            now=self.later(),
            new_id=new_id,
            new_code=self.new_code,
        )


async def venue(redis: Redis, *, workers: int = 20, at: datetime = NOW, **changed: object) -> Venue:
    """A frozen draw over the workers with points; it can be armed at once unless told otherwise."""
    there = await plant(workers)
    keepers = await member("K1", "Keeper One"), await member("K2", "Keeper Two")
    custodians = (
        CustodianTerms("organiser", "The organiser", keepers[0]),
        CustodianTerms("union", "工会", keepers[1]),
    )
    given: dict[str, object] = {
        "rule": Rule((Points(1),), per=50, cap=4),
        "custodians": custodians,
        "call_seconds": 60,
        **changed,
    }
    draw = await actions.create_draw(
        redis, terms(there, **given), actor=there.organiser, now=at, today=at.date(), new_id=new_id
    )
    await seal_all(redis, draw, now=at)
    await frozen(redis, draw, there.organiser, now=at)
    witness = await member("W1", "Witness", "auditor")
    secrets = {one.label: secret_of(one.label) for one in custodians}
    return Venue(redis, draw, there, secrets, keepers, witness, at)


async def offline(there: Venue, inputs: list[str], voids: bytes = b"", present: bytes | None = None) -> bytes:
    """The log that an honest kit without network makes of these inputs, after the arm line that it writes itself."""
    row = await there.row()
    manifest, lines = rules.parse_manifest(row["manifest"]), rules.parse_snapshot(row["snapshot"])
    m = rules.manifest_hash(row["manifest"])
    arm = f"arm {m.hex()}"
    arm += f" void {rules.voids_hash(voids)}" if voids else ""
    arm += "" if present is None else f" present {rules.present_hash(present)}"
    sheet = rules.read_inputs([arm, *inputs], manifest)
    here = None if present is None else rules.parse_present(present, manifest.n)
    composed = rules.compose(manifest, m, lines, sheet, rules.parse_voids(voids, manifest.n), here)
    return rules.log_text(composed.lines).encode("ascii")


def thrown(there: Venue, dice: str = DICE) -> list[str]:
    """Dice and both secrets, as inputs."""
    opened = [f"reveal {label} {secret.hex()}" for label, secret in there.secrets.items()]
    return [f"venue d10x20 {''.join(dice.split())}", *opened]
