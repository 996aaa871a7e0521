"""Who is in a draw and why: the laws of parts, tickets and classes, and every reason to be left out."""

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.draws import eligibility, rules, states
from rewards.draws.eligibility import (
    CONFLICTS,
    MOST_COUNTED,
    PARTS,
    TAKING_PART,
    UNKNOWN,
    Attended,
    Barred,
    Candidate,
    ClassTerms,
    Counted,
    Fact,
    JoinedBefore,
    NotWinner,
    Part,
    Points,
    Roles,
    Rule,
    Units,
    all_reasons,
    class_of,
    person_ref,
    read_rule,
    rule_facts,
    rule_json,
    select,
    tickets_for,
    undeclared,
    unit_code,
    why,
)
from rewards.ledger.earnings import MEASURED, Measure, Tally
from rewards.members.rules import ROLES, duties, is_staff_number
from server.web.frame import i18n
from server.web.nouns import LISTING

TEXTS = LISTING.texts
CREATOR = UUID(int=1)
UNITS = [UUID(int=100 + n) for n in range(6)]
QUIZ = UUID(int=500)
DAY = date(2026, 9, 1)
WINDOW = (DAY, DAY + timedelta(days=30))
QUIZZES = Counted("quiz", "count", 1)
HOURS = Counted("hours", "sum", 90, measure="minutes")
PASSED = Counted("quiz", "best", 80, measure="percent", about=QUIZ, name="Fire drill")
PERSON = Candidate(
    UUID(int=2),
    "E1001",
    UNITS[1],
    frozenset(UNITS[:2]),
    (),
    False,
    {Fact("points"): 120, QUIZZES.fact: 3},
    joined=date(2020, 1, 1),
    name="Li Na",
)

windows = st.sampled_from([(None, None), WINDOW])
tallies: st.SearchStrategy[tuple[Tally, Measure]] = st.sampled_from(
    [("count", ""), *((tally, measure) for measure, some in MEASURED.items() for tally in some)]
)
counted = st.builds(
    lambda earning, tally, least, window, thing: Counted(earning, tally[0], least, *window, tally[1], *thing),
    st.sampled_from(["quiz", "hours", "level"]),
    tallies,
    st.integers(1, 100),
    windows,
    st.sampled_from([(None, ""), (QUIZ, "Fire drill")]),
)
parts = st.one_of(
    counted,
    st.builds(lambda least, window: Points(least, *window), st.integers(1, 200), windows),
    st.builds(Attended, st.integers(1, 5)),
    st.builds(Units, st.frozensets(st.sampled_from(UNITS), min_size=1, max_size=3)),
    st.builds(Roles, st.frozensets(st.sampled_from(TAKING_PART), min_size=1)),
    st.builds(JoinedBefore, st.dates(date(2015, 1, 1), date(2026, 1, 1))),
    st.builds(NotWinner, st.sampled_from([None, DAY])),
)
classes = st.lists(st.lists(parts, max_size=2).map(tuple), max_size=3).map(
    lambda given: tuple(ClassTerms(f"c{n}", f"Class {n}", own) for n, own in enumerate(given))
)
some_rules = st.builds(
    Rule,
    parts=st.lists(parts, max_size=4).map(tuple),
    per=st.integers(0, 60),
    cap=st.integers(1, 30),
    classes=classes,
)
facts = st.dictionaries(
    st.one_of(
        counted.map(lambda part: part.fact),
        windows.map(lambda window: Fact("points", *window)),
        st.sampled_from([Fact("attended"), Fact("not_winner"), Fact("not_winner", DAY)]),
    ),
    st.integers(-50, 300),
    max_size=8,
)
people = st.builds(
    Candidate,
    member=st.integers(1, 40).map(lambda n: UUID(int=n)),
    staff_number=st.just("E1"),
    unit=st.one_of(st.none(), st.sampled_from(UNITS)),
    within=st.frozensets(st.sampled_from(UNITS), max_size=4),
    roles=st.lists(st.sampled_from(ROLES), unique=True, max_size=2).map(tuple),
    left=st.booleans(),
    facts=facts,
    joined=st.one_of(st.none(), st.dates(date(2010, 1, 1), date(2026, 9, 1))),
)
left_out = st.builds(
    Barred,
    created_by=st.just(CREATOR),
    custodians=st.frozensets(st.integers(1, 40).map(lambda n: UUID(int=n)), max_size=3),
    listed=st.dictionaries(st.integers(1, 40).map(lambda n: UUID(int=n)), st.just("Types the dice"), max_size=3),
    full=st.frozensets(st.integers(1, 40).map(lambda n: UUID(int=n)), max_size=3),
)


@given(some_rules, people, left_out)
def test_tickets_are_earned_within_bounds_and_explained(rule: Rule, person: Candidate, barred: Barred) -> None:
    chances = why(rule, person, barred)
    assert TEXTS[chances.code] % chances.details
    assert (chances.tickets > 0) == chances.code.startswith("draw.in.")
    assert 0 <= chances.tickets <= (rule.cap if rule.per else 1)
    reasons = all_reasons(rule, person, barred)
    assert bool(reasons) == (chances.tickets == 0)
    for one in reasons:
        assert TEXTS[one.code] % one.details
        assert i18n.translator("zh-Hans").text(TEXTS[one.code]) % one.details
    if reasons:
        assert (chances.code, chances.details) == (reasons[0].code, reasons[0].details)
        return
    assert not person.left
    assert person.member not in {CREATOR, *barred.custodians, *barred.listed, *barred.full}
    assert "runs" not in duties(person.roles)
    if rule.per:
        assert chances.tickets == max(1, min(rule.cap, person.facts.get(rule.counting, 0) // rule.per))


@given(some_rules, people, left_out)
def test_every_part_must_hold_and_each_is_told(rule: Rule, person: Candidate, barred: Barred) -> None:
    told = [one.code for one in all_reasons(rule, person, barred) if one.code not in (*CONFLICTS, "draw.out.left")]
    alone = [
        one.code
        for part in rule.parts
        for one in all_reasons(Rule((part,)), replace(person, left=False, roles=(), member=UUID(int=99)), Barred())
        if not isinstance(part, Roles)
    ]
    own = [part for part in rule.parts if isinstance(part, Roles) and part.roles.isdisjoint(person.roles)]
    assert sorted(told) == sorted(alone + ["draw.out.role"] * len(own))


@given(some_rules, people, left_out, st.integers(0, 500))
def test_more_never_means_fewer_tickets(rule: Rule, person: Candidate, barred: Barred, more: int) -> None:
    grow = [fact for fact in rule.needed if fact.kind != "not_winner"]
    richer = replace(person, facts=person.facts | {fact: person.facts.get(fact, 0) + more for fact in grow})
    assert why(rule, richer, barred).tickets >= why(rule, person, barred).tickets


@given(some_rules, people)
def test_only_needed_facts_decide(rule: Rule, person: Candidate) -> None:
    known = {fact: count for fact, count in person.facts.items() if fact in rule.needed}
    given, again = why(rule, person, Barred()), why(rule, replace(person, facts=known), Barred())
    assert (given.tickets, given.code, given.group) == (again.tickets, again.code, again.group)


@given(some_rules, people)
def test_the_class_is_the_first_whose_parts_all_hold(rule: Rule, person: Candidate) -> None:
    plain = replace(person, left=False, member=UUID(int=99))
    holds = [
        one.code
        for one in rule.classes
        if not [
            reason for reason in all_reasons(Rule(one.parts), plain, Barred()) if reason.code != "draw.out.operator"
        ]
    ]
    assert class_of(rule, person) == (holds[0] if holds else "")


@given(some_rules, st.lists(people, max_size=30), left_out, st.integers())
def test_everybody_is_in_or_out_whatever_the_order(
    rule: Rule, everybody: list[Candidate], barred: Barred, seed: int
) -> None:
    chosen = select(rule, everybody, barred)
    assert len(chosen.entrants) + sum(chosen.out.values()) == len(everybody)
    assert chosen.tickets == sum(why(rule, one, barred).tickets for one in everybody)
    assert all(entry.group == class_of(rule, entry.candidate) for entry in chosen.entrants)
    assert set(dict(chosen.conflicts)) <= set(CONFLICTS)
    shuffled = random.Random(seed).sample(everybody, len(everybody))
    again = select(rule, shuffled, barred)
    assert again.out == chosen.out
    assert sorted(again.entrants, key=repr) == sorted(chosen.entrants, key=repr)


@given(some_rules)
def test_a_rule_survives_json_and_can_be_said(rule: Rule) -> None:
    assert eligibility.flaw(rule) is None
    assert read_rule(json.loads(json.dumps(rule_json(rule)))) == rule
    for code, details in rule_facts(rule, {unit: f"Workshop {unit.int}" for unit in UNITS}):
        assert TEXTS[code] % details
        assert i18n.translator("zh-Hans").text(TEXTS[code]) % details


def test_a_rule_that_says_nothing_is_for_everybody() -> None:
    assert read_rule({}) == Rule()
    assert rule_facts(Rule(), {})[0] == ("draw.rule.all", {})
    assert Rule().needed == frozenset()


def test_the_published_reasons_can_stand_in_a_manifest() -> None:
    given = rules.Manifest(
        "draw-2026-001",
        0,
        0,
        "0" * 64,
        ("0" * 64,),
        "d10x20",
        (rules.Prize("cup", 1),),
        excluded=tuple((code, 1) for code in CONFLICTS),
    )
    assert rules.parse_manifest(rules.write_manifest(given)).excluded == given.excluded


BARRED = Barred(CREATOR, frozenset({UUID(int=3)}), {UUID(int=4): "Types the dice"}, frozenset({UUID(int=5)}))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"left": True}, "draw.out.left"),
        ({"member": CREATOR}, "draw.out.creator"),
        ({"roles": ("organiser",)}, "draw.out.operator"),
        ({"roles": ("admin",)}, "draw.out.operator"),
        ({"member": UUID(int=3)}, "draw.out.custodian"),
        ({"member": UUID(int=4)}, "draw.out.excluded"),
        ({"member": UUID(int=5)}, "draw.out.year"),
    ],
)
def test_people_who_are_barred(change: dict[str, object], code: str) -> None:
    assert why(Rule(), replace(PERSON, **change), BARRED).code == code  # type: ignore[arg-type]
    assert why(Rule(), PERSON, BARRED).tickets == 1
    for role in TAKING_PART:
        assert why(Rule(), replace(PERSON, roles=(role,)), BARRED).tickets == 1


@pytest.mark.parametrize(
    ("part", "enough", "short", "code"),
    [
        (Points(100), {Fact("points"): 100}, {Fact("points"): 99}, "draw.out.points"),
        (Points(1, *WINDOW), {Fact("points", *WINDOW): 1}, {Fact("points"): 500}, "draw.out.points_window"),
        (replace(QUIZZES, least=2), {QUIZZES.fact: 2}, {QUIZZES.fact: 1}, "draw.out.counted"),
        (HOURS, {HOURS.fact: 90}, {HOURS.fact: 89, QUIZZES.fact: 90}, "draw.out.counted"),
        (PASSED, {PASSED.fact: 80}, {PASSED.fact: 79}, "draw.out.counted_about"),
        (PASSED, {PASSED.fact: 80}, {PASSED.fact._replace(about=None): 100}, "draw.out.counted_about"),
        (
            Counted("quiz", "count", 1, *WINDOW),
            {QUIZZES.fact._replace(since=WINDOW[0], until=WINDOW[1]): 1},
            {QUIZZES.fact: 9},
            "draw.out.counted_window",
        ),
        (
            replace(PASSED, since=WINDOW[0], until=WINDOW[1]),
            {PASSED.fact._replace(since=WINDOW[0], until=WINDOW[1]): 80},
            {PASSED.fact: 80},
            "draw.out.counted_about_window",
        ),
        (Attended(1), {Fact("attended"): 1}, {}, "draw.out.attended"),
        (NotWinner(), {}, {Fact("not_winner"): 1}, "draw.out.winner"),
        (NotWinner(DAY), {Fact("not_winner"): 1}, {Fact("not_winner", DAY): 1}, "draw.out.winner_since"),
    ],
)
def test_what_a_part_asks(part: Part, enough: dict[Fact, int], short: dict[Fact, int], code: str) -> None:
    rule = Rule((part,))
    assert why(rule, replace(PERSON, facts=enough), Barred()).tickets == 1
    chances = why(rule, replace(PERSON, facts=short), Barred())
    assert (chances.tickets, chances.code) == (0, code)


def test_what_the_roster_decides() -> None:
    def stands(part: Part, **change: object) -> str:
        return why(Rule((part,)), replace(PERSON, **change), Barred()).code  # type: ignore[arg-type]

    inside = Units(frozenset({UNITS[0]}))
    assert stands(inside) == "draw.in.each"
    assert stands(inside, within=frozenset({UNITS[1]})) == "draw.out.unit"
    assert stands(inside, within=frozenset(), unit=None) == "draw.out.unit"
    checker = Roles(frozenset({"reviewer"}))
    assert stands(checker, roles=("reviewer",)) == "draw.in.each"
    assert stands(checker, roles=("auditor",)) == "draw.out.role"
    old = JoinedBefore(date(2020, 1, 2))
    assert stands(old) == "draw.in.each"
    assert stands(old, joined=date(2020, 1, 2)) == "draw.out.joined"
    assert stands(old, joined=None) == "draw.out.joined_unknown"


def test_how_tickets_come_about() -> None:
    rule = Rule(per=50, cap=3)
    said = {points: tickets_for(rule, points) for points in (0, 49, 50, 199, 200)}
    assert [one.tickets for one in said.values()] == [1, 1, 1, 3, 3]
    assert [one.code.removeprefix("draw.in.") for one in said.values()] == ["least", "least", "points", "points", "cap"]
    assert tickets_for(Rule(), 5000).code == "draw.in.each"
    windowed = Rule((QUIZZES, Points(1, *WINDOW)), per=10)
    earned = replace(PERSON, facts={QUIZZES.fact: 1, Fact("points"): 900, Fact("points", *WINDOW): 40})
    assert why(windowed, earned, Barred()).tickets == 4


@given(st.text(min_size=1, max_size=64))
def test_a_person_is_named_in_ascii_and_apart_from_all_others(number: str) -> None:
    if is_staff_number(number):
        named = person_ref(number)
        assert named.isascii()
        assert rules.id_commit("draw-2026-001", bytes(16), named)
        if number.isascii():
            assert named == number


def test_units_have_codes_that_a_snapshot_takes() -> None:
    codes = {unit_code(uuid4()) for _ in range(100)} | {unit_code(None)}
    assert len(codes) == 101
    assert all(rules.valid_text(code) for code in codes)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (Rule((Points(0),)), "draw.points_out_of_range"),
        (Rule((Points(10_000_001),)), "draw.points_out_of_range"),
        (Rule(per=-1), "draw.points_out_of_range"),
        (Rule((replace(QUIZZES, least=0),)), "draw.times_out_of_range"),
        (Rule((replace(QUIZZES, least=10_001),)), "draw.times_out_of_range"),
        (Rule((replace(HOURS, least=1_000_001),)), "draw.minutes_out_of_range"),
        (Rule((replace(PASSED, least=0),)), "draw.percent_out_of_range"),
        (Rule((replace(PASSED, least=101),)), "draw.percent_out_of_range"),
        (Rule((replace(PASSED, name=" "),)), "draw.about_name_invalid"),
        (Rule((replace(PASSED, tally="sum"),)), UNKNOWN),
        (Rule((replace(PASSED, tally="count"),)), UNKNOWN),
        (Rule((replace(HOURS, measure=""),)), UNKNOWN),
        (Rule((replace(HOURS, measure="miles"),)), UNKNOWN),
        (Rule((replace(QUIZZES, tally="worst"),)), UNKNOWN),
        (Rule((replace(QUIZZES, since=DAY),)), "draw.window_open"),
        (Rule((Attended(0),)), "draw.attended_out_of_range"),
        (Rule((Points(1, DAY),)), "draw.window_open"),
        (Rule((Points(1, DAY, DAY - timedelta(days=1)),)), "draw.window_ends_before_start"),
        (Rule((Units(frozenset()),)), "draw.units_out_of_range"),
        (Rule((Roles(frozenset()),)), "draw.roles_invalid"),
        (Rule((Roles(frozenset({"organiser"})),)), "draw.roles_invalid"),
        (Rule(cap=0), "draw.cap_out_of_range"),
        (Rule(cap=1001), "draw.cap_out_of_range"),
        (Rule((QUIZZES,) * 21), "draw.parts_many"),
        (Rule(classes=(ClassTerms("A", "A"),)), "draw.class_code_invalid"),
        (Rule(classes=(ClassTerms("a", "A"),) * 2), "draw.class_code_twice"),
        (Rule(classes=(ClassTerms("a", ""),)), "draw.class_name_invalid"),
        (Rule(classes=(ClassTerms("a", "A", (Points(0),)),)), "draw.points_out_of_range"),
        (Rule(classes=tuple(ClassTerms(f"c{n}", "C") for n in range(21))), "draw.classes_many"),
    ],
)
def test_rules_that_cannot_be(wrong: Rule, code: str) -> None:
    assert eligibility.flaw(wrong) == code
    assert code in TEXTS


def test_every_kind_of_part_is_known_by_its_name() -> None:
    assert {kind: one.kind for kind, one in PARTS.items()} == {kind: kind for kind in PARTS}
    assert len(PARTS) == 7


@given(some_rules, st.dictionaries(st.sampled_from(["quiz", "hours", "level"]), st.sampled_from(list(MEASURED))))
def test_a_rule_counts_only_what_is_declared_and_so_measured(rule: Rule, declared: dict[str, Measure]) -> None:
    every = [*rule.parts, *(part for one in rule.classes for part in one.parts)]
    strange = [
        part.earning
        for part in every
        if isinstance(part, Counted) and not (part.earning in declared and part.measure in ("", declared[part.earning]))
    ]
    assert undeclared(rule, declared) == (strange[0] if strange else None)


@given(people)
def test_what_is_not_known_of_a_member_counts_nothing(person: Candidate) -> None:
    strange = Rule((Counted("unheard_of", "count", 1),))
    assert not why(strange, person, Barred()).tickets
    assert class_of(Rule(classes=(ClassTerms("a", "A", strange.parts),)), person) == ""


def test_numbers_are_said_in_their_measure() -> None:
    assert [eligibility.spoken(90, measure) for measure in MOST_COUNTED] == ["90", "1:30", "90%"]
    assert MOST_COUNTED.keys() == MEASURED.keys()


def test_what_is_typed_is_read_kindly() -> None:
    assert states.clean_digits(" 3141 5926\t５３５８ 9793 2384 ") == "31415926535897932384"
    assert states.clean_claim_code(" BCDF-2345 ") == "bcdf2345"
    assert states.grouped("314159", 4) == ["3141", "59"]
    assert states.grouped("", 4) == []


def test_names_are_masked_to_the_family_name() -> None:
    assert states.masked("李娜") == "李*"
    assert states.masked("欧阳娜娜") == "欧阳*"
    assert states.masked("欧阳") == "欧*"
    assert states.masked("Li Na") == "Li *"
    assert states.masked("买买提·艾力") == "买买提 *"
    assert states.masked("Anna") == "A*"
    assert states.masked("") == "*"
