"""Who is in a draw and why: the laws of tickets, and every reason to be left out."""

import random
from dataclasses import replace
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from rewards.draws import eligibility, rules, states
from rewards.draws.eligibility import Candidate, Rule, person_ref, rule_facts, select, tickets_for, unit_code, why
from rewards.members.rules import ROLES, is_staff_number, permissions
from server.web.texts.draws import TEXTS

CREATOR = UUID(int=1)
UNITS = [UUID(int=100 + n) for n in range(6)]
PERSON = Candidate(UUID(int=2), "E1001", UNITS[1], frozenset(UNITS[:2]), (), False, 120, 3)

some_rules = st.builds(
    Rule,
    min_points=st.integers(0, 200),
    min_quizzes=st.integers(0, 5),
    units=st.frozensets(st.sampled_from(UNITS), max_size=3),
    points_per_ticket=st.integers(0, 60),
    ticket_cap=st.integers(1, 30),
)
people = st.builds(
    Candidate,
    member=st.integers(1, 40).map(lambda n: UUID(int=n)),
    staff_number=st.just("E1"),
    unit=st.one_of(st.none(), st.sampled_from(UNITS)),
    within=st.frozensets(st.sampled_from(UNITS), max_size=4),
    roles=st.lists(st.sampled_from(ROLES), unique=True, max_size=2).map(tuple),
    left=st.booleans(),
    points=st.integers(-50, 2000),
    quizzes=st.integers(0, 9),
)


@given(some_rules, people)
def test_tickets_are_earned_within_bounds_and_explained(rule: Rule, person: Candidate) -> None:
    standing = why(rule, person, CREATOR)
    assert standing.code in TEXTS
    assert TEXTS[standing.code] % standing.details
    assert (standing.tickets > 0) == standing.code.startswith("draw.in.")
    assert 0 <= standing.tickets <= (rule.ticket_cap if rule.points_per_ticket else 1)
    if standing.tickets:
        assert not person.left
        assert person.member != CREATOR
        assert "draws.draw" not in permissions(person.roles)
        assert person.points >= rule.min_points
        assert person.quizzes >= rule.min_quizzes
        assert not rule.units or rule.units & person.within
        if rule.points_per_ticket:
            assert standing.tickets == max(1, min(rule.ticket_cap, person.points // rule.points_per_ticket))


@given(some_rules, people, st.integers(0, 500))
def test_more_points_never_mean_fewer_tickets(rule: Rule, person: Candidate, more: int) -> None:
    richer = replace(person, points=person.points + more)
    assert why(rule, richer, CREATOR).tickets >= why(rule, person, CREATOR).tickets


@given(some_rules, st.lists(people, max_size=30), st.integers())
def test_everybody_is_in_or_out_whatever_the_order(rule: Rule, everybody: list[Candidate], seed: int) -> None:
    chosen = select(rule, everybody, CREATOR)
    assert len(chosen.entrants) + sum(chosen.out.values()) == len(everybody)
    assert chosen.tickets == sum(why(rule, one, CREATOR).tickets for one in everybody)
    assert set(dict(chosen.conflicts)) <= set(eligibility.CONFLICTS)
    shuffled = random.Random(seed).sample(everybody, len(everybody))
    again = select(rule, shuffled, CREATOR)
    assert again.out == chosen.out
    assert sorted(again.entrants, key=repr) == sorted(chosen.entrants, key=repr)


def test_every_reason_to_be_out() -> None:
    rule = Rule(min_points=100, min_quizzes=2, units=frozenset({UNITS[0]}), points_per_ticket=50)
    assert why(rule, PERSON, CREATOR).tickets == 2
    for change, code in [
        ({"left": True}, "draw.out.left"),
        ({"member": CREATOR}, "draw.out.creator"),
        ({"roles": ("organiser",)}, "draw.out.operator"),
        ({"roles": ("admin",)}, "draw.out.operator"),
        ({"within": frozenset({UNITS[1]})}, "draw.out.unit"),
        ({"within": frozenset(), "unit": None}, "draw.out.unit"),
        ({"points": 99}, "draw.out.points"),
        ({"quizzes": 1}, "draw.out.quizzes"),
    ]:
        assert why(rule, replace(PERSON, **change), CREATOR).code == code
    for role in ("reviewer", "auditor"):
        assert why(rule, replace(PERSON, roles=(role,)), CREATOR).tickets == 2


def test_how_tickets_come_about() -> None:
    rule = Rule(points_per_ticket=50, ticket_cap=3)
    said = {points: tickets_for(rule, points) for points in (0, 49, 50, 199, 200)}
    assert [one.tickets for one in said.values()] == [1, 1, 1, 3, 3]
    assert [one.code.removeprefix("draw.in.") for one in said.values()] == ["least", "least", "points", "points", "cap"]
    assert tickets_for(Rule(), 5000).code == "draw.in.each"


@given(some_rules)
def test_the_rule_can_be_said(rule: Rule) -> None:
    for code, details in rule_facts(rule, ["Workshop 2"]):
        assert TEXTS[code] % details


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


def test_rules_out_of_range_are_refused() -> None:
    assert eligibility.flaw(Rule()) is None
    for wrong in (
        Rule(min_points=-1),
        Rule(min_points=10_000_001),
        Rule(points_per_ticket=-1),
        Rule(min_quizzes=-1),
        Rule(ticket_cap=0),
        Rule(ticket_cap=1001),
    ):
        assert eligibility.flaw(wrong) in TEXTS


def test_the_table_of_moves() -> None:
    assert states.moves_from("draft") == {"edit", "freeze", "cancel"}
    assert states.moves_from("frozen") == {"hold", "cancel"}
    assert not states.moves_from("drawn")
    assert not states.moves_from("cancelled")


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
