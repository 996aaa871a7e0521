"""The stage: which draw is on the screens, what may be seen when, the deck of the operator's window, and what fits."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from rewards.draws import actions, queries, rules
from rewards.draws.terms import PrizeTerms
from rewards.refusals import Refusal
from rewards.ticks import STREAM
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.draws.hold import stage as desk
from server.web.draws.screen import stage
from server.web.draws.screen.deck import Facts, Words, deck, dice_groups, samples
from server.web.draws.screen.pool import Remaining, crowd, sieve_of
from server.web.frame import html, i18n
from server.web.nouns import LISTING
from tests.laws import examples
from tests.rewards.draws.venue import FULL, Venue, venue
from tests.rewards.draws.world import DICE, HOUR, NOW, frozen, plan_draw, plant, seal_all
from tests.server.web.conftest import Browser, SignIn

URL = "https://laurel.example"
SEAT = stage.Seat("李*", "一车间")


async def test_one_draw_is_on_the_screens(redis: Redis) -> None:
    first, second = uuid4(), uuid4()
    assert await stage.on_stage(redis) is None
    await stage.show_on_screens(redis, first, now=clock.now())
    await stage.show_on_screens(redis, second, now=clock.now())
    assert await stage.on_stage(redis) == second
    assert 0 < await redis.ttl(stage.STAGE) <= 6 * 3600
    await stage.take_off_screens(redis, first)
    assert await stage.on_stage(redis) == second
    await stage.take_off_screens(redis, second)
    assert await stage.on_stage(redis) is None
    topics = [fields[b"topic"].decode() for _, fields in await redis.xrange(STREAM)]
    assert topics == [f"draw:{first}", f"draw:{second}", f"draw:{second}"]


async def test_what_was_shown_is_never_taken_back(redis: Redis) -> None:
    draw, other = uuid4(), uuid4()
    assert await stage.shown_up_to(redis, draw) == 0
    for line in (4, 9, 7, 9):
        await stage.show_up_to(redis, draw, line)
    assert await stage.shown_up_to(redis, draw) == 9
    assert await stage.shown_up_to(redis, other) == 0
    assert len(await redis.xrange(STREAM)) == 2


class Watch:
    """Somebody who looks at a draw's picture after every event."""

    def __init__(self, there: Venue) -> None:
        self.there = there
        self.seen: list[str] = []

    async def __call__(self) -> stage.Stage:
        there = self.there
        found = await stage.stage_facts(there.redis, there.draw, public_url=URL, now=there.now)
        assert found.seen == await stage.stage_version(there.redis, there.draw, there.now)
        self.seen.append(found.seen)
        for locale in ("en", "zh-Hans"):
            self.text = html.render_block(
                "draws/screen/stage.html", "state", locale, stage=found, remaining=0, build="b"
            )
            assert f'data-state="{found.scene}"' in self.text
        return found


def names(found: stage.Stage) -> dict[str, list[str]]:
    return {one.prize.code: [seat.shown for seat in one.winners] for one in found.won}


@pytest.mark.usefixtures("database")
async def test_a_draw_from_its_plan_to_the_freeze(redis: Redis) -> None:
    with pytest.raises(Refusal, match=r"draw\.unknown"):
        await stage.stage_facts(redis, uuid4(), public_url=URL, now=NOW)
    there = await plant()
    draw = await plan_draw(redis, there, dispute_hours=2)

    async def look(at: timedelta) -> stage.Stage:
        return await stage.stage_facts(redis, draw, public_url=URL, now=NOW + at)

    before = await look(HOUR)
    assert (before.scene, before.fingerprint, before.address) == ("before", [], f"{URL}/draws/draw-2026-001/verify")
    assert [prize.code for prize in before.prizes] == ["first", "third"]
    await seal_all(redis, draw)
    done = await frozen(redis, draw)
    fixed = await look(HOUR)
    assert (fixed.scene, "".join(fixed.fingerprint), fixed.objections) == ("frozen", done.fingerprint, True)
    over = await look(4 * HOUR)
    assert not over.objections
    assert over.seen != fixed.seen
    await actions.cancel(redis, draw, actor=there.organiser, why="the hall burnt", now=NOW + HOUR, new_id=new_id)
    off = await look(HOUR)
    assert (off.scene, off.why) == ("off", "the hall burnt")
    assert "the hall burnt" in html.render_block(
        "draws/screen/stage.html", "state", "en", stage=off, remaining=0, build="b"
    )


@pytest.mark.usefixtures("database")
async def test_the_ceremony_and_nothing_runs_ahead_of_the_hall(redis: Redis) -> None:
    there = await venue(redis, **{**FULL, "presence": False})
    look = Watch(there)
    assert (await look()).scene == "frozen"
    armed = await there.arm()
    shown = await look()
    assert (shown.scene, shown.code, shown.wanted and shown.wanted.label) == ("armed", armed.code, "d10x20")
    await stage.keep_dice(redis, there.draw, "".join(DICE.split()))
    typed = await look()
    assert (typed.scene, " ".join(typed.digits)) == ("dice", DICE)
    await stage.drop_dice(redis, there.draw)
    assert (await look()).scene == "armed"
    await there.roll()
    thrown = await look()
    assert (thrown.scene, " ".join(thrown.digits)) == ("secrets", DICE)
    assert [one.revealed for one in thrown.custodians] == [False, False]
    first, second = there.secrets.values()
    await there.reveal(first.hex())
    assert [one.revealed for one in (await look()).custodians] == [True, False]
    assert there.keepers
    logged = await there.reveal(second.hex())
    held = await look()
    assert (held.scene, held.hidden, held.won, held.code) == ("held", 5, [], logged.code)
    winners = (await there.look()).places
    assert not any(place.shown in look.text for place in winners)

    lines = len(await there.log())
    await stage.show_up_to(redis, there.draw, lines - 2)
    some = await look()
    assert (some.scene, some.hidden, list(names(some))) == ("winners", 2, ["mug"])
    assert names(some)["mug"] == [place.shown for place in winners if place.prize == "mug"]
    await there.call("card")
    called = await look()
    assert called.scene == "called"
    assert called.called is not None
    assert (called.called.left(there.now), called.called.whole) == (60_000, 60_000)
    assert "data-remaining-ms" in look.text
    there.later(timedelta(minutes=3))
    assert (await look()).hidden == 1
    await stage.show_up_to(redis, there.draw, lines)
    both = await look()
    assert (both.hidden, list(names(both)), both.rounds) == (
        0,
        ["card", "mug"],
        [("Small prizes", True), ("The trip", False)],
    )
    assert both.wanted_for == "The trip"
    await there.call("mug")
    assert (await look()).scene == "called"
    await there.round()
    assert (await look()).scene == "winners", "whoever was called before a new round has come"
    await stage.show_up_to(redis, there.draw, len(await there.log()))
    await there.absent("trip")
    again = await look()
    assert (again.scene, again.wanted_for, again.wanted and again.wanted.throws) == ("redraw", "Trip", 4)
    await there.redraw("trip")
    assert (await look()).hidden == 1
    await there.close()
    closed = await look()
    assert (closed.scene, closed.hidden, list(names(closed))) == ("result", 0, ["trip", "card", "mug"])
    assert len(set(look.seen)) == len(look.seen) - 1, "only the dropped dice bring an old picture back"


# The deck


def spoken(locale: str = "en") -> Words:
    def say(key: str, /, **details: object) -> str:
        return LISTING.sentence(key, details, locale)

    return Words(say, lambda value: i18n.format_number(value, locale))


async def facts_of(there: Venue) -> Facts:
    draw = await queries.draw(there.draw)
    assert draw is not None
    look = await queries.venue(there.draw)
    row = await there.row()
    made = crowd(rules.parse_snapshot(row["snapshot"]))
    listed = {line: f"N{line}" for line in range(rules.parse_manifest(row["manifest"]).n)}
    return Facts(draw, "Plant A", URL, await queries.prizes(there.draw), look, made, listed, {"trip": "/p"})


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
async def test_the_deck_of_a_longer_log_goes_on_where_the_shorter_ended(redis: Redis, locale: str) -> None:
    there = await venue(redis, **{**FULL, "presence": False})
    decks = []

    async def look() -> None:
        decks.append(deck(await facts_of(there), spoken(locale)))

    await look()
    for event in (there.arm, there.roll, there.open_secrets):
        await event()
        await look()
    await there.absent("mug", 1)
    await look()
    await there.round()
    await look()
    await there.absent("trip")
    await look()
    await there.redraw("trip")
    await look()
    await there.close()
    await look()
    ids = [[scene["id"] for scene in one["scenes"]] for one in decks]
    for shorter, longer in pairwise(ids):
        assert longer[: len(shorter)] == shorter
    assert ids[-1] == [
        "title", "list", "arm", "dice", "secret:organiser", "secret:union",
        "round:small", "win:mug:0:0", "win:card:0:0", "win:card:1:0", "code:small",
        "win:mug:1:1", "round:top", "win:trip:0:0", "code:top", "win:trip:0:1", "close",
    ]  # fmt: skip
    upto = [scene["upto"] for scene in decks[-1]["scenes"]]
    assert upto == sorted(upto)
    assert upto[-1] == len(await there.log())
    for one in decks:
        for earlier, later in zip(one["scenes"], decks[-1]["scenes"], strict=False):
            changed = {key for key in earlier if earlier[key] != later[key]}
            assert changed <= {"winners"}
    mugs = next(scene for scene in decks[-1]["scenes"] if scene["id"] == "win:mug:0:0")
    assert [bool(one["out"]) for one in mugs["winners"]] == [False, True, False]
    assert "%" not in str([scene for scene in decks[-1]["scenes"] if "picture" not in scene])


@pytest.mark.usefixtures("database")
async def test_the_pool_is_what_the_rules_say(redis: Redis) -> None:
    """Counted against the pick's own pool, which knows nothing of the stage."""
    there = await venue(redis, **{**FULL, "presence": False, "unit_cap": 3})
    for event in (there.arm, there.roll, there.open_secrets):
        await event()
    await there.absent("mug")
    facts = await facts_of(there)
    row, look = await there.row(), facts.venue
    assert look is not None
    lines = rules.parse_snapshot(row["snapshot"])
    pool = rules.Pool(look.manifest, lines)
    prizes = {prize.id: prize for prize in look.manifest.prizes}
    scenes = {scene["upto"]: scene for scene in deck(facts, spoken())["scenes"] if scene["kind"] == "prize"}
    firsts = {scene["pool"]["at"]: scene for scene in scenes.values()}
    chances: dict[tuple[str, str], int] = {}
    for event in look.events:
        fields = event.text.split(" ")
        if event.kind == "absent":
            pool.absent(chances[fields[1], fields[2]])
        if event.kind != "win":
            continue
        if event.number in firsts:
            assert firsts[event.number]["pool"]["size"] == left_in(pool, prizes[fields[1]])
        chances[fields[1], fields[2]] = int(fields[4])
        pool.win(int(fields[4]))
        if event.number in scenes:
            assert scenes[event.number]["pool"]["left"] == left_in(pool, prizes[fields[1]])


def left_in(pool: rules.Pool, prize: rules.Prize) -> int:
    """How many lines the pool can still pick for a prize, one after the other."""
    spent = deepcopy(pool)
    count = 0
    while (picked := spent.pick(bytes(32), prize, count, 0)) is not None:
        spent.leave(picked.line)
        count += 1
    return count


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "x"])), min_size=1, max_size=60),
    st.data(),
)
@examples(60)
def test_counting_is_as_looking_at_every_line(kinds: list[tuple[str, str]], data: st.DataObject) -> None:
    lines = [rules.Line("00" * 32, 1, unit, group) for unit, group in kinds]
    some = st.sets(st.integers(0, len(lines) - 1))
    voided, present = data.draw(some), data.draw(some)
    manifest = replace(
        MANIFEST,
        prizes=(
            rules.Prize("all", 1, present=False),
            rules.Prize("here", 1),
            rules.Prize("own", 1, group="x", units=("a", "b"), present=False),
        ),
        one_win=data.draw(st.booleans()),
        unit_cap=data.draw(st.sampled_from([None, 1, 2])),
    )
    made = crowd(lines, voided, present)
    counted = Remaining(manifest, made)
    gone: set[int] = set()
    wins: list[int] = []
    for _ in range(data.draw(st.integers(0, 12))):
        if wins and data.draw(st.booleans()):
            lost = wins.pop(data.draw(st.integers(0, len(wins) - 1)))
            gone.add(lost)
            counted.absent(lost)
        elif free := [n for n in range(len(lines)) if n not in voided and n not in gone]:
            won = data.draw(st.sampled_from(free))
            wins.append(won)
            gone |= {won} if manifest.one_win else set()
            counted.win(won)
        for prize in manifest.prizes:
            left = [
                n
                for n, line in enumerate(lines)
                if n not in voided
                and n not in gone
                and (not prize.group or line.group == prize.group)
                and (not prize.units or line.unit in prize.units)
                and (not prize.present or n in present)
                and (manifest.unit_cap is None or sum(lines[one].unit == line.unit for one in wins) < manifest.unit_cap)
            ]
            sieve = sieve_of(manifest, prize)
            assert counted.count(sieve) == len(left)
            assert set(made.sample(sieve, 5)) <= {n for n in range(len(lines)) if n not in voided}
            assert bool(made.sample(sieve, 5)) == bool(made.sizes(sieve))


MANIFEST = rules.Manifest("d", 1, 1, "00" * 32, ("00" * 32,), "d10x20", (), presence=True)


def test_a_crowd_is_sampled_evenly() -> None:
    lines = [rules.Line("00" * 32, 1, f"u{n % 7}") for n in range(50_000)]
    manifest = replace(MANIFEST, presence=False, prizes=(rules.Prize("p", 1),))
    found = crowd(lines).sample(sieve_of(manifest, manifest.prizes[0]), 300)
    assert 250 <= len(found) <= 600
    assert max(b - a for a, b in zip([0, *found], [*found, 50_000], strict=True)) < 2000


@pytest.mark.parametrize(
    ("digits", "groups"),
    [("", []), ("1618", ["1618"]), ("161803", ["161", "803"]), ("1" * 10, ["11111"] * 2), ("1" * 25, ["11111"] * 5)],
)
def test_dice_are_grouped_evenly(digits: str, groups: list[str]) -> None:
    assert dice_groups(digits) == groups


# The operator's window over HTTP


async def test_the_operators_window(client: Browser, sign_in: SignIn) -> None:
    redis = client.app.state.process.redis
    there = await venue(redis, **{**FULL, "presence": False, "shown_names": "number"})
    organiser, auditor = await sign_in("organiser"), await sign_in("auditor")
    address = f"/desk/draws/{there.draw}/stage"
    page = await client.get(address, headers=organiser.headers)
    assert page.status_code == 200
    assert "draw/stage_live.js" in page.text
    assert "/stage/shown" in page.text
    assert "/stage/shown" not in (await client.get(address, headers=auditor.headers)).text
    assert (await client.get(f"/desk/draws/{uuid4()}/stage", headers=organiser.headers)).status_code == 404
    for event in (there.arm, there.roll, there.open_secrets):
        await event()
    now = await client.get(f"{address}/now?seen=", headers=organiser.headers)
    assert (now.status_code, now.headers["x-laurel-hidden"]) == (200, "5")
    seen = now.headers["x-laurel-seen"]
    assert (await client.get(f"{address}/now", params={"seen": seen}, headers=organiser.headers)).status_code == 204
    sent = (await client.get(f"{address}/deck", headers=organiser.headers)).json()
    assert sent["shown"] == 0
    assert all(name.startswith("E") for name, _ in sent["names"])
    assert len(sent["names"]) == sent["scenes"][7]["pool"]["size"] == await there.size()
    upto = sent["scenes"][-1]["upto"]
    for given_, kept in (("3", 3), (str(upto + 50), upto), ("1", upto)):
        answer = await client.post(f"{address}/shown", data={"upto": given_}, headers=organiser.headers)
        assert answer.status_code == 303
        assert (await client.get(f"{address}/deck", headers=organiser.headers)).json()["shown"] == kept
    refused = await client.post(f"{address}/shown", data={"upto": "1"}, headers=auditor.headers)
    assert refused.status_code == 403


async def test_lists_are_counted_once_from_the_arm_on(client: Browser, sign_in: SignIn) -> None:
    there = await venue(client.app.state.process.redis)
    organiser = await sign_in("organiser")
    await client.get(f"/desk/draws/{there.draw}/stage/deck", headers=organiser.headers)
    before = set(desk._crowds)
    await there.arm()
    for _ in range(2):
        await client.get(f"/desk/draws/{there.draw}/stage/deck", headers=organiser.headers)
    assert set(desk._crowds) - before == {(await there.log())[0]}
    found = await queries.venue(there.draw)
    assert found is not None
    assert set(samples(found, desk._crowds[found.events[0].text]).values().__iter__().__next__()) == set(
        range(await there.size())
    )


# What fits


@given(st.lists(st.integers(1, 60), min_size=1, max_size=14))
def test_everything_fits_or_is_counted(sizes: list[int]) -> None:
    terms = [PrizeTerms(f"p{n}", f"Prize {n}", size) for n, size in enumerate(sizes)]
    prizes = [row(n, one) for n, one in enumerate(terms)]
    winners = {prize.id: (SEAT,) * prize.quantity for prize in prizes}
    won = stage._fitting(prizes, winners)
    assert [one.prize for one in won] == prizes[::-1][: stage.MOST_PRIZES]
    assert sum(len(one.winners) for one in won) <= stage.MOST_NAMES
    assert all(len(one.winners) + one.more == one.prize.quantity for one in won)
    assert all(one.winners for one in won)
    assert stage._density(won) in stage.NAMES_ABREAST


def row(position: int, terms: PrizeTerms) -> queries.PrizeRow:
    return queries.PrizeRow(
        id=uuid4(),
        position=position,
        code=terms.code,
        name=terms.name,
        quantity=terms.quantity,
        round=terms.round,
        value=terms.value,
        sponsor=terms.sponsor,
        batch=terms.batch,
        group=terms.group,
        units=(),
        present=terms.present,
        redraw=terms.redraw,
        alternates=terms.alternates,
        budget=None,
        stock=None,
        has_picture=False,
    )
