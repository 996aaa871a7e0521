"""Logs from offline kits: recomputed, taken once, and every trick with them caught by a check that has a name."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from rewards import database as db
from rewards.draws import actions, queries, rules
from rewards.draws.beacon import beacon_moment
from rewards.draws.verify import verify_folder
from rewards.refusals import Refusal
from server.runtime.chance import claim_code, new_id
from server.web.nouns import LISTING
from tests.rewards.draws.test_beacon import SIGNED
from tests.rewards.draws.venue import AGAIN_DICE, FULL, PRIZES, ROUNDS, TOP_DICE, Venue, offline, thrown, venue
from tests.rewards.draws.world import HOUR, TODAY, frozen

pytestmark = pytest.mark.usefixtures("database")

ROUND = f"round top round-d10x4 {TOP_DICE}"
SHORT: dict[str, object] = {"prizes": PRIZES, "rounds": ROUNDS}
"""No presence list, so that a log needs no other file."""
COURSE = [
    "call mug 1 0",
    "absent mug 1 0",
    "absent card 0 0 declined",
    ROUND,
    "call trip 0 0",
    "absent trip 0 0",
    f"redraw trip 0 1 redraw-d10x4 {AGAIN_DICE}",
    "close",
]
OTHER_DICE = "0" * 20


def refused(code: str) -> pytest.RaisesExc[Refusal]:
    assert code in LISTING.texts
    return pytest.raises(Refusal, match=f"^{code}$")


async def caught(
    there: Venue, check: str, log: bytes, voids: bytes | None = None, present: bytes | None = None
) -> None:
    """The log fails this check; nothing is changed, and the trail says so."""
    assert f"draw.check.{check.partition('.')[0] if check.startswith('commitment') else check}" in LISTING.texts
    stood = await there.row()
    for attempt in (
        lambda: there.bring(log, voids, present),
        lambda: actions.weigh(there.draw, log, voids, present, (), actor=there.organiser, now=there.now),
    ):
        with refused("draw.transcript") as told:
            await attempt()
        assert told.value.details["check"] == check
    assert await there.row() == stood
    assert await queries.transcripts(there.draw) == []
    last = (await queries.history(there.draw))[-1]
    assert (last.code, last.details["check"]) == ("draw.transcript_refused", check)


async def test_a_ceremony_without_network_counts(redis: Redis, tmp_path: Path) -> None:
    there = await venue(redis, **FULL)
    voids, present = b"0\tleft\n", b"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n"
    log = await offline(there, [*thrown(there), *COURSE], voids, present)
    weighed = await actions.weigh(there.draw, log, voids, present, (), actor=there.organiser, now=there.now)
    assert (weighed.verdict, weighed.state) == ("counts", "frozen")
    brought = await there.bring(log, voids, present, ("Li Na", " 王芳 ", ""))
    assert (brought.verdict, brought.state, brought.code) == ("counts", "closed", weighed.code)
    found = await there.look()
    assert (found.code, found.state, found.conflicts) == (brought.code, "closed", 0)
    assert (found.voids, found.checked_in) == (1, 11)
    row = await there.row()
    assert (row["log"].encode(), row["voids"], row["present"]) == (log, voids, present)
    assert (row["armed_at"], row["drawn_at"], row["closed_at"]) == (there.now, there.now, there.now)
    folder = await actions.publish(there.draw, tmp_path)
    assert folder is not None
    report = verify_folder(folder, manifest=found.fingerprint, code=brought.code)
    assert report.ok, [check for check in report.checks if not check.ok]
    (kept,) = await queries.transcripts(there.draw)
    assert (kept.verdict, kept.code, kept.witnesses, kept.by) == (
        "counts",
        brought.code,
        ("Li Na", "王芳"),
        "Wang Fang",
    )
    wins = await db.rows(
        "SELECT prize.code, slot, attempt, state, expires_at IS NULL AS never FROM win"
        " JOIN prize ON prize.id = win.prize ORDER BY prize.position, slot, attempt"
    )
    assert [tuple(one.values()) for one in wins] == [
        ("mug", 0, 0, "drawn", False),
        ("mug", 1, 0, "absent", True),
        ("mug", 1, 1, "drawn", False),
        ("mug", 2, 0, "drawn", False),
        ("card", 0, 0, "declined", True),
        ("card", 0, 1, "drawn", False),
        ("card", 1, 0, "drawn", False),
        ("trip", 0, 0, "absent", True),
        ("trip", 0, 1, "drawn", False),
    ]
    assert await db.value("SELECT count(*) FROM alternate") == len(found.alternates) == 2


async def test_the_same_log_twice_is_known(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    log = await offline(there, [*thrown(there), *COURSE])
    done = await asyncio.gather(*(there.bring(log) for _ in range(4)))
    assert sorted(one.verdict for one in done) == ["counts", "known", "known", "known"]
    stood = await there.row()
    assert (await there.bring(log)).verdict == "known"
    assert (await there.bring(await offline(there, [*thrown(there), *COURSE[:3]]))).verdict == "known"
    assert await there.row() == stood
    assert len(await queries.transcripts(there.draw)) == 1


async def test_a_second_transcript_is_a_conflict_and_never_replaces(redis: Redis, tmp_path: Path) -> None:
    there = await venue(redis, **SHORT)
    first = await offline(there, [*thrown(there), *COURSE])
    second = await offline(there, [*thrown(there, OTHER_DICE), ROUND, "close"])
    third = await offline(there, [*thrown(there), ROUND, "close"])
    counted = await there.bring(first)
    for number, other in enumerate((second, third, second), 1):
        brought = await there.bring(other, witnesses=("Somebody",))
        assert (brought.verdict, brought.state) == ("conflict", "closed")
        assert brought.code != counted.code
        assert (await there.look()).conflicts == min(number, 2)
    assert (await there.row())["log"].encode() == first
    folder = await actions.publish(there.draw, tmp_path)
    assert folder is not None
    assert verify_folder(folder, code=counted.code).ok
    conflicts = await queries.conflicts(there.draw)
    assert [(folder / one.file).read_bytes() for one in conflicts] == [second, third]
    assert [line.code for line in await queries.history(there.draw)].count("draw.transcript_conflict") == 2


async def test_of_two_transcripts_at_once_one_counts(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    logs = [await offline(there, [*thrown(there, dice), ROUND, "close"]) for dice in (OTHER_DICE, "1" * 20, "2" * 20)]
    brought = await asyncio.gather(*map(there.bring, logs))
    assert sorted(one.verdict for one in brought) == ["conflict", "conflict", "counts"]
    (counted,) = [one.code for one in brought if one.verdict == "counts"]
    assert (await there.look()).code == counted
    assert (await there.look()).conflicts == 2


async def test_conflicts_keep_the_lists_they_lock(redis: Redis, tmp_path: Path) -> None:
    there = await venue(redis, **FULL)
    await there.bring(await offline(there, [*thrown(there), ROUND, "close"], b"", b"1\n2\n3\n"), None, b"1\n2\n3\n")
    other = await offline(there, [*thrown(there), ROUND, "close"], b"2\tleft\n", b"1\n3\n")
    brought = await there.bring(other, b"2\tleft\n", b"1\n3\n")
    assert brought.verdict == "conflict"
    folder = await actions.publish(there.draw, tmp_path)
    assert folder is not None
    kept = {path.name: path.read_bytes() for path in (folder / queries.CONFLICTS).iterdir()}
    assert kept == {
        f"{brought.code}.log.txt": other,
        f"{brought.code}.void.tsv": b"2\tleft\n",
        f"{brought.code}.present.tsv": b"1\n3\n",
    }


async def test_what_the_servers_own_log_holds_is_continued(redis: Redis) -> None:
    """Begun on the server, the network fails, and the kit goes on."""
    there = await venue(redis, **SHORT)
    await there.arm(hall=True)
    await there.roll()
    await there.open_secrets()
    await there.call("mug", 1)
    before = await there.log()
    log = await offline(there, [*thrown(there), *COURSE])
    assert log.decode().splitlines()[: len(before)] == before
    brought = await there.bring(log)
    assert (brought.verdict, brought.state) == ("counts", "closed")
    assert await db.value("SELECT count(*) FROM win WHERE state IN ('absent', 'declined')") == 3
    assert (await there.row())["armed_at"] < there.now


async def test_an_open_log_is_gone_on_with_on_the_server(redis: Redis) -> None:
    """Drawn by the kit, and the rest by the server."""
    there = await venue(redis, **SHORT)
    brought = await there.bring(await offline(there, [*thrown(there), "call mug 1 0"]))
    assert (brought.verdict, brought.state) == ("counts", "drawn")
    there.later()
    await there.doubt("mug", 1)
    confirmed = await there.doubt("mug", 1, actor=there.witness)
    assert confirmed.logged is not None
    await there.round()
    closed = await there.close()
    log = await offline(there, [*thrown(there), "call mug 1 0", "absent mug 1 0", ROUND, "close"])
    assert (await there.bring(log)).verdict == "known"
    assert (await there.look()).code == closed.code


@pytest.mark.parametrize(
    "happened",
    [
        ["roll"],
        ["roll", "open_secrets"],
        ["roll", "open_secrets", "round", "close"],
        ["cancel"],
    ],
)
async def test_what_contradicts_the_servers_own_log_is_a_conflict(redis: Redis, happened: list[str]) -> None:
    there = await venue(redis, **SHORT)
    if happened != ["cancel"]:
        await there.arm()
    for event in happened:
        await getattr(there, event)()
    stood = (await there.row())["log"]
    brought = await there.bring(await offline(there, [*thrown(there, OTHER_DICE), ROUND, "close"]))
    assert brought.verdict == "conflict"
    found = await there.row()
    assert found["log"] == stood
    assert (await there.look()).conflicts == 1


async def test_a_log_with_lists_other_than_those_locked_here_is_a_conflict(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    await there.arm()
    voids = b"0\tleft\n"
    brought = await there.bring(await offline(there, [*thrown(there), ROUND, "close"], voids), voids)
    assert (brought.verdict, brought.state) == ("conflict", "armed")


async def test_an_aborted_ceremony_is_an_end(redis: Redis, tmp_path: Path) -> None:
    there = await venue(redis, **SHORT)
    brought = await there.bring(await offline(there, [thrown(there)[0], "abort power.failed"]))
    assert (brought.verdict, brought.state) == ("counts", "cancelled")
    folder = await actions.publish(there.draw, tmp_path)
    assert folder is not None
    assert verify_folder(folder).state == "aborted"
    assert (await there.bring(await offline(there, [*thrown(there), ROUND, "close"]))).verdict == "conflict"


# Tricks, each with the name of the check that catches it


async def test_a_secret_chosen_last(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    honest = (await offline(there, [*thrown(there), ROUND, "close"])).decode()
    for label, secret in there.secrets.items():
        forged = honest.replace(secret.hex(), "ab" * 32).encode()
        await caught(there, f"commitment.{label}", forged)


async def test_presence_edited_after_the_dice(redis: Redis) -> None:
    there = await venue(redis, **FULL)
    log = await offline(there, [*thrown(there), ROUND, "close"], b"4\tleft\n", b"1\n2\n3\n")
    await caught(there, "present.locked", log, b"4\tleft\n", b"1\n2\n3\n5\n")
    await caught(there, "present.locked", log, b"4\tleft\n", None)
    await caught(there, "present.list", log, b"4\tleft\n", b"3\n2\n1\n")
    await caught(there, "voids.locked", log, b"5\tleft\n", b"1\n2\n3\n")
    await caught(there, "voids.locked", log, None, b"1\n2\n3\n")
    await caught(there, "voids.list", log, b"5 left", b"1\n2\n3\n")


async def test_a_presence_list_that_was_not_promised_or_is_missing(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    plain = (await offline(there, [*thrown(there), ROUND, "close"])).decode()
    here = b"1\n2\n"
    listed = plain.replace("\n", f" present {rules.present_hash(here)}\n", 1)
    await caught(there, "present.locked", listed.encode(), None, here)
    other = await frozen_twin(there, presence=True)
    bare = plain.replace((await there.look()).fingerprint, (await other.look()).fingerprint)
    with refused("draw.transcript") as told:
        await other.bring(bare.encode())
    assert told.value.details["check"] in ("present.locked", "commitment.organiser")


async def frozen_twin(there: Venue, **changed: object) -> Venue:
    """Another draw of the same people."""
    terms = await queries.terms_of(there.draw)
    assert terms is not None
    draw = await actions.create_draw(
        there.redis,
        type(terms)(**{name: getattr(terms, name) for name in terms.__slots__} | changed),  # type: ignore[arg-type]
        actor=there.organiser,
        now=there.now,
        today=TODAY,
        new_id=new_id,
    )
    slug = await db.value("SELECT slug FROM draw WHERE id = $1", draw)
    for (label, secret), keeper in zip(there.secrets.items(), there.keepers, strict=True):
        made = rules.commitment(slug, label, secret)
        await actions.seal(there.redis, draw, label, made, member=keeper, now=there.now)
    await frozen(there.redis, draw, there.organiser, now=there.now)
    return Venue(there.redis, draw, there.plant, there.secrets, there.keepers, there.witness, there.now)


async def test_a_log_of_another_draw(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    other = await frozen_twin(there)
    log = await offline(other, [*thrown(other), ROUND, "close"])
    await caught(there, "log.manifest", log)
    fingerprints = (await there.look()).fingerprint, (await other.look()).fingerprint
    assert fingerprints[0] != fingerprints[1]
    await caught(there, "commitment.organiser", forged(log, fingerprints[1], fingerprints[0], there))
    assert (await other.bring(log)).verdict == "counts"


def forged(log: bytes, old: str, new: str, there: Venue) -> bytes:
    """Another fingerprint, and a secret that is not the draw's own."""
    text = log.decode().replace(old, new)
    return text.replace(there.secrets["organiser"].hex(), "cd" * 32).encode()


async def test_one_byte_edited(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    log = await offline(there, [*thrown(there), *COURSE])
    digits = log.index(b"venue d10x20 ") + len(b"venue d10x20 ")
    winner = log.index(b"win mug 0 0 ") + len(b"win mug 0 0 ")
    edits: list[tuple[int, Callable[[int], int], str]] = [
        (digits, lambda old: ord("0") + (old - ord("0") + 1) % 10, "winners"),
        (winner, lambda old: ord("0") + (old - ord("0") + 1) % 10, "winners"),
        (0, lambda _: ord("A"), "log.order"),
        (4, lambda old: ord("0") if old != ord("0") else ord("1"), "log.manifest"),
        (len(log) - 1, lambda _: ord(" "), "log.order"),
        (log.index(b"reveal union ") + 13, lambda old: ord("0") if old != ord("0") else ord("1"), "commitment.union"),
        (log.index(b"round top"), lambda _: ord("R"), "log.order"),
        (log.index(b"alternate mug 0") + 14, lambda _: ord("5"), "winners"),
    ]
    for place, changed, check in edits:
        wrong = bytearray(log)
        wrong[place] = changed(log[place])
        await caught(there, check, bytes(wrong))
    assert (await there.bring(log)).verdict == "counts"


async def test_every_byte_of_a_log_matters(redis: Redis) -> None:
    """Whatever single bit is turned, in a secret, a hash, the dice or a word.

    The dice of a single place are left out: others may by chance lead to the same person, and are no less a log that
    holds. That they are not those which were thrown shows in the code that was photographed.
    """
    there = await venue(redis, **SHORT)
    log = await offline(there, [*thrown(there), *COURSE])
    single = [log.index(dice) + len(dice) for dice in (b"round-d10x4 ", b"redraw-d10x4 ")]
    for place in range(0, len(log), 7):
        if any(start <= place < start + 4 for start in single):
            continue
        wrong = log[:place] + bytes([log[place] ^ 1]) + log[place + 1 :]
        with refused("draw.transcript"):
            await there.bring(wrong)
    assert (await there.look()).state == "frozen"


async def test_what_is_cut_out_of_order_or_unfinished(redis: Redis) -> None:
    there = await venue(redis, **SHORT)
    lines = (await offline(there, [*thrown(there), *COURSE])).decode().splitlines()

    def text(some: list[str]) -> bytes:
        return "".join(f"{line}\n" for line in some).encode()

    await caught(there, "log.order", b"")
    await caught(there, "log.order", b"\n")
    await caught(there, "log.order", text(lines)[:-1])
    await caught(there, "log.order", text(lines[1:]))
    await caught(there, "log.order", text([lines[0], lines[2], lines[1], *lines[3:]]))
    await caught(there, "log.order", text([*lines, "close"]))
    await caught(there, "log.order", text(lines[:5]))
    await caught(there, "log.unfinished", text(lines[:1]))
    await caught(there, "log.unfinished", text(lines[:2]))
    await caught(there, "log.unfinished", text(lines[:3]))
    await caught(there, "log.order", "arm é\n".encode())
    uncalled = [line for line in lines if line != "call mug 1 0"]
    await caught(there, "winners", text(uncalled))


async def test_a_beacon_that_the_network_never_gave(redis: Redis) -> None:
    there = await venue(redis, at=beacon_moment(1000) - HOUR, beacon_at=beacon_moment(1000))
    for signature, check in (("ab" * 48, "beacon"), (SIGNED[1000].hex(), "")):
        dice, *secrets = thrown(there)
        log = await offline(there, [dice, f"beacon 1000 {signature}", *secrets, "close"])
        if check:
            await caught(there, check, log)
        else:
            assert (await there.bring(log)).verdict == "counts"


async def test_objections_are_waited_for_and_entrants_bring_nothing(redis: Redis) -> None:
    there = await venue(redis, dispute_hours=24, **SHORT)
    log = await offline(there, [*thrown(there), ROUND, "close"])
    with refused("draw.dispute_open"):
        await there.bring(log)
    with refused("draw.dispute_open"):
        await actions.weigh(there.draw, log, None, None, (), actor=there.organiser, now=there.now)
    there.later(24 * HOUR)
    with refused("draw.own_ticket"):
        await actions.bring(
            redis,
            there.draw,
            log,
            None,
            None,
            (),
            actor=there.plant.workers[4],
            now=there.now,
            new_id=new_id,
            new_code=claim_code,
        )
    with refused("draw.witnesses_many"):
        await there.bring(log, witnesses=("Li Na",) * 51)
    with refused("draw.witness_invalid"):
        await there.bring(log, witnesses=("x" * 201,))
    assert (await there.bring(log)).verdict == "counts"
