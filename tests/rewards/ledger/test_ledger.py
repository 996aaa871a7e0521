"""Postings on real PostgreSQL: once, balanced, capped, reversible once, never rewritten."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from rewards import database as db
from rewards.audit.queries import latest
from rewards.ledger import checks as ledger_checks
from rewards.ledger import queries, rules
from rewards.ledger.actions import Award, award, correct_season, open_season, reverse, set_rule
from rewards.ledger.queries import Posted, SeasonRow
from rewards.ledger.rules import WHOLE
from rewards.refusals import Refusal
from tests import patience
from tests.rewards.ledger.world import FIRST_DAY, NOON, people, post, season, standings


async def undo(key: str, by_key: str, actor: UUID | None = None) -> Posted:
    async with db.transaction():
        return await reverse(key, by_key=by_key, at=NOON, actor=actor, why="A mistake", new_id=uuid4)


async def count(table: str) -> int:
    return int(await db.value(f"SELECT count(*) FROM {table}"))


async def test_an_award_gives_honour_and_spend_and_sums_to_zero(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    await set_rule("quiz", None, 33, at=NOON, actor=None)
    (posted,) = await post([Award("quiz:1", ann, 100, "Safety")], autumn)
    assert (posted.member, posted.points, posted.spend, posted.requested, posted.reason) == (ann, 100, 33, 100, "")
    assert not posted.known
    assert await queries.balance(ann, "honour") == 100
    assert await queries.balance(ann, "spend") == 33
    assert await queries.season_points(autumn.id, ann) == 100
    assert await db.value("SELECT sum(amount) FROM entry") == 0
    assert await ledger_checks.faults() == []


async def test_the_same_fact_brings_the_original_back(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    (first,) = await post([Award("quiz:1", ann, 100)], autumn)
    (second,) = await post([Award("quiz:1", ann, 100)], autumn, at=NOON + timedelta(hours=1), actor=uuid4())
    assert second.known
    assert (second.id, second.points, second.spend, second.at) == (first.id, 100, 100, NOON)
    both = await post([Award("quiz:2", ann, 1), Award("quiz:2", ann, 1)], autumn)
    assert [one.known for one in both] == [False, True]
    assert both[0].id == both[1].id
    assert await queries.balance(ann, "honour") == 101


@pytest.mark.parametrize("change", ["member", "points", "rule", "season", "day", "note", "in the batch"])
async def test_the_same_key_with_another_input_is_refused_and_nothing_done(database: str, change: str) -> None:
    (ann, bob), autumn, winter = await people(2), await season(), await season(FIRST_DAY + timedelta(days=90))
    await post([Award("k", ann, 5, "n")], autumn)
    given = Award(
        "k", bob if change == "member" else ann, 6 if change == "points" else 5, "m" if change == "note" else "n"
    )
    others = [Award("k2", bob, 1)] + ([Award("k2", bob, 2)] if change == "in the batch" else [])
    with pytest.raises(Refusal) as refused:
        await post(
            [*others, given],
            winter if change == "season" else autumn,
            rule="adjustment" if change == "rule" else "quiz",
            day=FIRST_DAY + timedelta(days=5 if change == "day" else 1),
        )
    assert refused.value.code == "ledger.key_reused"
    assert refused.value.details == {"key": "k2" if change == "in the batch" else "k"}
    assert await count("posting") == 1
    assert await queries.balance(bob, "honour") == 0


async def test_a_refusal_caught_inside_the_transaction_leaves_nothing_half_done(database: str) -> None:
    (ann, bob), autumn = await people(2), await season()
    await post([Award("k", ann, 5)], autumn)
    accounts = await count("account")
    terms = {"rule": "quiz", "season": autumn.id, "day": FIRST_DAY + timedelta(days=1), "at": NOON, "new_id": uuid4}
    async with db.transaction():
        with pytest.raises(Refusal):
            await award([Award("new", bob, 1), Award("k", bob, 5)], **terms)  # type: ignore[arg-type]
        await award([Award("other", ann, 2)], **terms)  # type: ignore[arg-type]
    assert await count("account") == accounts
    assert await count("posting") == 2
    assert await ledger_checks.faults() == []


async def test_two_members_racing_for_one_key(database: str) -> None:
    members, autumn = await people(6), await season()
    done = await asyncio.gather(*(post([Award("k", one, 5)], autumn) for one in members), return_exceptions=True)
    refused = [one for one in done if isinstance(one, BaseException)]
    assert len(refused) == 5
    assert {one.code for one in refused if isinstance(one, Refusal)} == {"ledger.key_reused"}
    assert await count("posting") == 1
    assert await ledger_checks.faults() == []


async def test_one_fact_posted_by_many_at_once_counts_once(database: str) -> None:
    members, autumn = await people(5), await season()
    batch = [Award(f"quiz:{one}", one, 10) for one in members]
    done = await asyncio.gather(*(post(batch[n % 5 :] + batch[: n % 5], autumn) for n in range(12)))
    assert sum(not one.known for postings in done for one in postings) == 5
    assert [await queries.balance(one, "honour") for one in members] == [10] * 5


@pytest.mark.parametrize(
    ("awards", "rule", "code"),
    [
        ([Award("", UUID(int=1), 1)], "quiz", "ledger.key_invalid"),
        ([Award("k", UUID(int=1), -1)], "quiz", "ledger.points_out_of_range"),
        ([Award("k", UUID(int=1), 1, "n" * 301)], "quiz", "ledger.note_invalid"),
        ([Award("k", UUID(int=1), 1)], "quiz", "ledger.unknown_member"),
        ([Award("k", UUID(int=1), 1)], "nothing", "ledger.unknown_rule"),
    ],
)
async def test_refused_awards(database: str, awards: list[Award], rule: str, code: str) -> None:
    autumn = await season()
    with pytest.raises(Refusal) as refused:
        await post(awards, autumn, rule=rule)
    assert refused.value.code == code
    assert await count("posting") == await count("account") == 0


async def test_more_refusals(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    with pytest.raises(Refusal, match=r"ledger\.unknown_season"):
        await post([Award("k", ann, 1)], SeasonRow(uuid4(), "", autumn.starts_on, autumn.ends_on))
    with pytest.raises(Refusal, match=r"ledger\.own_item"):
        await post([Award("k", ann, 1)], autumn, rule=rules.ADJUSTMENT, actor=ann)
    with pytest.raises(RuntimeError, match="transaction"):
        await award([Award("k", ann, 1)], rule="quiz", season=autumn.id, day=FIRST_DAY, at=NOON, new_id=uuid4)
    assert await post([], autumn) == []


async def test_a_cap_leaves_a_row_that_says_why(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    await set_rule("quiz", 100, 50, at=NOON - timedelta(days=1), actor=None)
    first, second, third = await post([Award(f"k{n}", ann, 70) for n in range(3)], autumn)
    assert [(one.points, one.spend, one.reason) for one in (first, second, third)] == [
        (70, 35, ""),
        (30, 15, "daily_cap"),
        (0, 0, "daily_cap"),
    ]
    assert [one.requested for one in (first, second, third)] == [70, 70, 70]
    again = await post([Award("k2", ann, 70)], autumn)
    assert again[0].known
    assert (again[0].points, again[0].reason) == (0, "daily_cap")
    (next_day,) = await post([Award("k3", ann, 70)], autumn, day=FIRST_DAY + timedelta(days=2))
    assert next_day.points == 70
    (other_rule,) = await post([Award("k4", ann, 70)], autumn, rule="adjustment")
    assert other_rule.points == 70
    await undo("k0", "undo:k0")
    (room,) = await post([Award("k5", ann, 90)], autumn)
    assert room.points == 70
    assert await ledger_checks.faults() == []


async def test_a_cap_holds_under_twenty_at_once(database: str) -> None:
    (ann, bob), autumn = await people(2), await season()
    await set_rule("quiz", 100, 100, at=NOON - timedelta(days=1), actor=None)
    batches = [[Award(f"{n}:{who}", who, 7) for who in ((ann, bob) if n % 2 else (bob, ann))] for n in range(20)]
    await asyncio.gather(*(post(batch, autumn) for batch in batches))
    for who in (ann, bob):
        assert await queries.balance(who, "honour") == await queries.balance(who, "spend") == 100
    assert await queries.tallied("quiz", "count", season=autumn.id) == {ann: 20, bob: 20}
    assert await ledger_checks.faults() == []


async def test_a_cap_of_none_is_changed_without_faulting_the_past(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    await post([Award("k1", ann, 70)], autumn)
    await set_rule("quiz", 10, 100, at=NOON + timedelta(seconds=1), actor=None)
    assert await ledger_checks.faults() == []


async def test_a_reversal_is_the_exact_negative_once(database: str) -> None:
    (ann, bob), autumn = await people(2), await season()
    await set_rule("quiz", 100, 33, at=NOON - timedelta(days=1), actor=None)
    await post([Award("k", ann, 170)], autumn)
    first = await undo("k", "undo", actor=bob)
    assert (first.member, first.points, first.spend, first.known) == (ann, -100, -33, False)
    again = await undo("k", "undo", actor=bob)
    assert again.known
    assert (again.id, again.points, again.spend) == (first.id, -100, -33)
    assert await queries.balance(ann, "honour") == await queries.balance(ann, "spend") == 0
    line = (await latest(1))[0]
    assert (line.code, line.subject, line.actor, line.why) == ("ledger.reversed", "k", bob, "A mistake")
    assert len(await latest(9, code_prefix="ledger.")) == 1
    assert await ledger_checks.faults() == []


@pytest.mark.parametrize(
    ("key", "by_key", "own", "code"),
    [
        ("k", "undo2", False, "ledger.already_reversed"),
        ("undo", "undo2", False, "ledger.reversal_of_reversal"),
        ("none", "undo2", False, "ledger.unknown_key"),
        ("other", "k", False, "ledger.key_reused"),
        ("other", "other", False, "ledger.key_reused"),
        ("other", "undo", False, "ledger.key_reused"),
        ("other", "", False, "ledger.key_invalid"),
        ("other", "undo2", True, "ledger.own_item"),
    ],
)
async def test_refused_reversals(database: str, key: str, by_key: str, own: bool, code: str) -> None:
    (ann,), autumn = await people(1), await season()
    await post([Award("k", ann, 5), Award("other", ann, 6)], autumn)
    await undo("k", "undo")
    with pytest.raises(Refusal) as refused:
        await undo(key, by_key, actor=ann if own else None)
    assert refused.value.code == code
    assert await count("posting") == 3
    assert await queries.balance(ann, "honour") == 6


async def test_a_reversals_key_is_not_an_awards(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    await post([Award("k", ann, 5)], autumn)
    await undo("k", "undo")
    with pytest.raises(Refusal, match=r"ledger\.key_reused"):
        await post([Award("undo", ann, 5)], autumn)


async def test_many_reversals_at_once_undo_once(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    await post([Award("k", ann, 5)], autumn)
    done = await asyncio.gather(*(undo("k", f"undo{n % 3}") for n in range(12)), return_exceptions=True)
    good = [one for one in done if isinstance(one, Posted)]
    assert len(good) == 4
    assert sum(not one.known for one in good) == 1
    assert {one.code for one in done if isinstance(one, Refusal)} == {"ledger.already_reversed"}
    assert await queries.balance(ann, "honour") == 0


@pytest.mark.parametrize("table", ["posting", "entry"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_the_database_refuses_rewriting(database: str, table: str, sql: str) -> None:
    (ann,), autumn = await people(1), await season()
    await post([Award("k", ann, 5)], autumn)
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.rows(sql.format(table))
    assert await queries.balance(ann, "honour") == 5


async def test_the_database_refuses_an_imbalance(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    (posted,) = await post([Award("k", ann, 5)], autumn)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.rows(
            "INSERT INTO entry (posting, account, amount) SELECT $1, id, 1 FROM account WHERE currency = 'honour'",
            posted.id,
        )
    with pytest.raises(asyncpg.CheckViolationError):
        await db.rows(
            "INSERT INTO entry (posting, account, amount) SELECT $1, id, CASE currency WHEN 'honour' THEN 1 ELSE -1 END"
            " FROM account WHERE owner = $2",
            posted.id,
            ann,
        )
    assert await count("entry") == 4


async def test_faults_names_what_somebody_planted(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    await set_rule("quiz", 10, 0, at=NOON - timedelta(days=1), actor=None)
    await post([Award("k", ann, 5), Award("k2", ann, 5)], autumn)
    await undo("k", "undo")
    for table in ("posting", "entry"):
        await db.rows(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await db.rows("UPDATE entry SET amount = amount + 7 WHERE id = (SELECT max(id) FROM entry)")
    await db.rows("UPDATE entry SET amount = amount * 6 WHERE posting = (SELECT id FROM posting WHERE key = 'k2')")
    await db.rows(
        "INSERT INTO posting (id, key, digest, rule, season, day, at)"
        " VALUES ($1, 'empty', sha256(''), 'quiz', $2, $3, $4)",
        uuid4(),
        autumn.id,
        FIRST_DAY,
        NOON,
    )
    found: dict[str, list[dict[str, str | int]]] = {}
    for fault in await ledger_checks.faults():
        found.setdefault(fault.code, []).append(fault.details)
    assert found.keys() == {
        "ledger.trigger_missing",
        "ledger.unbalanced",
        "ledger.posting_empty",
        "ledger.bad_reversal",
        "ledger.cap_overrun",
        "ledger.total_differs",
        "ledger.balance_differs",
    }
    assert len(found["ledger.trigger_missing"]) == 5
    assert found["ledger.unbalanced"] == [{"key": "undo", "currency": "honour", "sum": 7}]
    assert found["ledger.posting_empty"] == [{"key": "empty"}]
    assert found["ledger.bad_reversal"] == [{"key": "undo", "original": "k"}]
    assert found["ledger.cap_overrun"] == [
        {"rule": "quiz", "member": str(ann), "day": "2026-09-02", "earned": 30, "cap": 10}
    ]


async def test_two_thousand_awards_are_a_handful_of_statements(database: str) -> None:
    autumn = await season()

    async def statements(size: int) -> int:
        members = await people(size)
        seen: list[object] = []
        async with db.transaction() as connection:
            raw = connection._con  # type: ignore[attr-defined]
            raw.add_query_logger(seen.append)
            await award(
                [Award(f"{size}:{one}", one, 3) for one in members],
                rule="quiz",
                season=autumn.id,
                day=FIRST_DAY,
                at=NOON,
                new_id=uuid4,
            )
            raw.remove_query_logger(seen.append)
        return len(seen)

    await statements(1)
    assert await statements(2000) == await statements(2) <= 15
    assert len(await standings(autumn)) == 2003


async def test_a_statement_adds_up_page_by_page(database: str) -> None:
    (ann, bob), autumn, winter = await people(2), await season(), await season(FIRST_DAY + timedelta(days=90))
    await set_rule("quiz", 30, 33, at=NOON - timedelta(days=1), actor=None)
    for number in range(5):
        await post([Award(f"k{number}", ann, 11, f"Quiz {number}"), Award(f"b{number}", bob, 9)], autumn)
    await post([Award("given", ann, 40)], winter, rule="adjustment")
    await undo("k1", "undo:k1")
    lines, before = [], None
    while page := await queries.statement(ann, 3, before):
        assert len(page) <= 3
        lines += page
        before = page[-1].sequence
    assert [line.key for line in lines] == ["undo:k1", "given", "k4", "k3", "k2", "k1", "k0"]
    assert sum(line.honour for line in lines) == await queries.balance(ann, "honour")
    assert sum(line.spend for line in lines) == await queries.balance(ann, "spend")
    assert (lines[0].reverses, lines[0].honour, lines[0].note, lines[0].day) == ("k1", -11, "A mistake", lines[5].day)
    assert (lines[5].reversed_by, lines[5].note, lines[5].requested) == ("undo:k1", "Quiz 1", 11)
    assert (lines[2].honour, lines[2].reason, lines[2].requested) == (0, "daily_cap", 11)
    sources = await queries.points_by_source(ann, autumn.id)
    assert [(one.rule, one.points, one.postings) for one in sources] == [("quiz", 19, 4)]
    assert await queries.season_points(autumn.id, ann) == 19
    assert await queries.season_points(winter.id, ann) == 40
    assert await queries.balance(ann, "honour") == 59


async def test_a_tally_counts_zero_points_and_not_the_reversed(database: str) -> None:
    (ann, bob, eve), autumn = await people(3), await season()
    await post([Award("1", ann, 0), Award("2", ann, 5), Award("3", ann, 5), Award("4", bob, 0)], autumn)
    await post([Award("5", eve, 10)], autumn, rule="adjustment")
    await undo("3", "undo")
    assert await queries.tallied("quiz", "count", season=autumn.id) == {ann: 2, bob: 1}
    assert await queries.tallied("quiz", "count", season=autumn.id, members=[bob, eve]) == {bob: 1}
    assert await queries.tallied("quiz", "count", season=uuid4()) == {}


async def test_standings_tell_when_the_points_were_reached(database: str) -> None:
    (ann, bob, eve), autumn = await people(3), await season()
    start = NOON - timedelta(days=1, hours=12) - timedelta(hours=14)
    monday = FIRST_DAY + timedelta(days=6)
    await post([Award("a1", ann, 5), Award("b1", bob, 5)], autumn, at=start + timedelta(seconds=10))
    await post([Award("a2", ann, 7)], autumn, at=start + timedelta(seconds=20))
    await post([Award("a3", ann, 0)], autumn, at=start + timedelta(seconds=30))
    await post([Award("b2", bob, 3)], autumn, at=start + timedelta(seconds=40), day=monday)
    await undo("a2", "undo")
    await post([Award("e1", eve, 0)], autumn, at=start - timedelta(seconds=10))
    found = await standings(autumn)
    assert [(one.member, one.points, one.reached) for one in found] == [(ann, 5, 10), (bob, 8, 40), (eve, 0, 0)]
    first_week, second_week = await standings(autumn, monday - timedelta(days=7)), await standings(autumn, monday)
    assert [(one.member, one.points, one.reached) for one in first_week] == [(ann, 5, 10), (bob, 5, 10), (eve, 0, 0)]
    assert [(one.member, one.points, one.reached) for one in second_week] == [(bob, 3, 40)]
    some = await queries.standings(autumn, [WHOLE, monday], [ann, bob], day=FIRST_DAY)
    assert some == {WHOLE: (found[:2], []), monday: (second_week, [])}


async def test_seasons(database: str) -> None:
    autumn = await season()
    winter = await open_season(
        " Winter ",
        autumn.ends_on + timedelta(days=1),
        autumn.ends_on + timedelta(days=1),
        at=NOON,
        actor=None,
        new_id=uuid4(),
    )
    assert winter.name == "Winter"
    assert await queries.seasons() == [winter, autumn]
    assert await queries.season(winter.id) == winter
    assert await queries.season(uuid4()) is None
    for day, right in (
        (autumn.starts_on, autumn),
        (autumn.ends_on, autumn),
        (winter.ends_on, winter),
        (winter.ends_on + timedelta(days=1), None),
        (autumn.starts_on - timedelta(days=1), None),
    ):
        assert await queries.season_of(day) == right
    with pytest.raises(Refusal, match=r"season\.overlap"):
        await season(winter.starts_on)
    with pytest.raises(Refusal, match=r"season\.too_long"):
        await season(winter.ends_on + timedelta(days=1), days=381)
    assert [line.code for line in await latest(9)] == ["season.opened", "season.opened"]


async def test_a_season_is_corrected_while_nothing_posted_contradicts(database: str) -> None:
    (ann,), autumn = await people(1), await season()
    spring = await season(FIRST_DAY + timedelta(days=200))
    today = autumn.starts_on + timedelta(days=10)

    async def correct(starts_on, ends_on, name="Autumn", on=today) -> str:
        try:
            await correct_season(autumn.id, name, starts_on, ends_on, at=NOON, today=on, actor=None)
        except Refusal as refusal:
            return refusal.code
        return ""

    days = autumn.starts_on, autumn.ends_on
    earlier, later = days[0] - timedelta(days=1), days[1] + timedelta(days=1)
    assert await correct(earlier, days[1]) == ""
    assert await correct(*days) == ""
    assert await correct(days[0], spring.starts_on) == "season.overlap"
    assert await correct(days[0], earlier) == "season.ends_before_start"
    assert await correct(*days, name="") == "season.name_invalid"
    await post([Award("k", ann, 5)], autumn)
    posted = await queries.posted_days(autumn.id)
    assert posted is not None
    assert await correct(earlier, days[1]) == "season.start_posted"
    assert await correct(days[0], today - timedelta(days=1)) == "season.end_posted"
    assert await correct(days[0], later) == ""
    assert await correct(days[0], today) == ""
    assert await correct(days[0], days[1], on=today + timedelta(days=1)) == "season.end_past"
    assert await correct(days[0], today, name="Harvest", on=today + timedelta(days=1)) == ""
    found = await queries.season(autumn.id)
    assert found is not None
    assert (found.name, found.ends_on) == ("Harvest", today)
    with pytest.raises(Refusal, match=r"season\.unknown"):
        await correct_season(uuid4(), "X", *days, at=NOON, today=today, actor=None)


async def test_seasons_opened_at_once_never_overlap(database: str) -> None:
    done = await asyncio.gather(*(season(FIRST_DAY + timedelta(days=n)) for n in range(6)), return_exceptions=True)
    assert sum(isinstance(one, SeasonRow) for one in done) == 1
    assert {one.code for one in done if isinstance(one, Refusal)} == {"season.overlap"}


async def test_seasons_that_wait_for_another_never_wait_for_each_other(database: str) -> None:
    """Somebody's season, given up in the end, holds all others back until each of them has begun."""
    other = await asyncpg.connect(database)
    held = other.transaction()
    await held.start()
    await other.execute(
        "INSERT INTO season (id, name, starts_on, ends_on) VALUES ($1, 'Held', $2, $2)", uuid4(), FIRST_DAY
    )
    opening = [asyncio.ensure_future(season()) for _ in range(5)]
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(patience.SECONDS):
        while await db.value(waiting) < 5 and not any(one.done() for one in opening):
            pass
    await held.rollback()
    await other.close()
    done = await asyncio.gather(*opening, return_exceptions=True)
    assert [type(one) for one in done if not isinstance(one, Refusal)] == [SeasonRow]
    assert {one.code for one in done if isinstance(one, Refusal)} == {"season.overlap"}


async def test_rules_are_set_with_a_note(database: str) -> None:
    actor = uuid4()
    await set_rule("quiz", 300, 50, at=NOON, actor=actor, why="Agreed in May")
    await set_rule("adjustment", None, 0, at=NOON, actor=actor)
    assert [(one.code, one.daily_cap, one.spend_percent) for one in await queries.earning_rules()] == [
        ("adjustment", None, 0),
        ("quiz", 300, 50),
    ]
    lines = await latest(2)
    assert [(one.code, one.subject, one.actor, one.why) for one in lines] == [
        ("rule.set", "adjustment", actor, ""),
        ("rule.set", "quiz", actor, "Agreed in May"),
    ]
    with pytest.raises(Refusal, match=r"rule\.cap_out_of_range"):
        await set_rule("quiz", -1, 0, at=NOON, actor=None)
    with pytest.raises(Refusal, match=r"ledger\.unknown_rule"):
        await set_rule("shift", None, 0, at=NOON, actor=None)
