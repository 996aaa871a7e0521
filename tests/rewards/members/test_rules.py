"""What a file changes, who may do what, and what a code must be."""

from dataclasses import replace
from datetime import date
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.members.roster_file import RosterRow
from rewards.members.rules import (
    FIELDS,
    ROLES,
    Duty,
    OnRoster,
    alias_problem,
    clean_alias,
    clean_code,
    clean_first_code,
    code_problem,
    compare,
    conflict,
    duties,
    guard_leaving,
    is_staff_number,
    may_approve,
    staff_key,
    unit_after,
)
from rewards.refusals import Refusal

TODAY = date(2026, 11, 22)
ALL = frozenset(FIELDS)
LI, WANG, ZHOU = UUID(int=1), UUID(int=2), UUID(int=3)


def on_roster(number: str = "001", **said: object) -> OnRoster:
    plain: dict[str, object] = {
        "id": UUID(int=int(number)),
        "staff_number": number,
        "name": "Li Na",
        "unit": ("Plant", "Workshop 2"),
        "roles": (),
        "joined": None,
        "left": None,
        "email": "",
        "phone": "",
        "language": None,
    }
    return OnRoster(**(plain | said))  # type: ignore[arg-type]


def row(number: str = "001", **said: object) -> RosterRow:
    plain: dict[str, object] = {
        "line": 2,
        "staff_number": number,
        "name": "Li Na",
        "unit": ("Plant", "Workshop 2"),
    }
    return RosterRow(**(plain | said))  # type: ignore[arg-type]


class TestCompare:
    def test_the_same_again_changes_nothing(self) -> None:
        changes = compare([on_roster()], [row()], full=True, today=TODAY, said=ALL)
        assert changes.is_empty
        assert changes.unchanged == 1

    def test_a_new_number_is_added(self) -> None:
        new = row("002")
        assert compare([on_roster()], [row(), new], full=True, today=TODAY, said=ALL).added == (new,)

    def test_a_number_is_known_whatever_its_capitals(self) -> None:
        changes = compare([on_roster(id=LI, staff_number="A01")], [row("a01")], full=True, today=TODAY, said=ALL)
        assert changes.is_empty

    def test_details_and_unit_are_told_apart(self) -> None:
        changes = compare(
            [on_roster()],
            [row(name="Li Na-Zhou", unit=("Plant", "Stores"), email="li@example.org")],
            full=False,
            today=TODAY,
            said=ALL,
        )
        assert [change.fields for change in changes.changed] == [("name", "email")]
        assert [change.fields for change in changes.moved] == [("unit",)]
        assert changes.unchanged == 0

    def test_an_absent_column_leaves_what_is_known(self) -> None:
        known = on_roster(roles=("organiser",), email="li@example.org", phone="13800000000", joined=date(2020, 1, 1))
        changes = compare([known], [row(unit=())], full=True, today=TODAY, said={"staff_number", "name"})
        assert changes.is_empty

    def test_an_empty_cell_changes_nothing_and_a_word_empties(self) -> None:
        known = on_roster(roles=("organiser",), joined=date(2020, 1, 1), email="li@example.org", phone="13800000000")
        assert compare([known], [row(unit=())], full=True, today=TODAY, said=ALL).is_empty
        emptied = row(unit=(), cleared=frozenset({"roles", "email", "unit"}))
        changes = compare([known], [emptied], full=True, today=TODAY, said=ALL)
        assert changes.changed[0].fields == ("roles", "email")
        assert unit_after(changes.moved[0], ALL) == ()
        without = compare([known], [emptied], full=True, today=TODAY, said={"staff_number", "name"})
        assert without.is_empty

    def test_a_part_of_what_is_known_beside_empty_cells_changes_nothing(self) -> None:
        known = on_roster(unit=("Plant", "Workshop 1", "Shift A"), name="Mary Ann Smith")
        for unit in (("Plant",), ("Plant", "Shift A"), ("Workshop 1",)):
            part = row(unit=unit, name="Mary Smith", partial=frozenset({"unit", "name"}))
            assert compare([known], [part], full=False, today=TODAY, said=ALL).is_empty
            moved = compare([known], [replace(part, partial=frozenset())], full=False, today=TODAY, said=ALL)
            assert unit_after(moved.moved[0], ALL) == unit
        away = row(unit=("Office",), name="Mary Jones", partial=frozenset({"unit", "name"}))
        changes = compare([known], [away], full=False, today=TODAY, said=ALL)
        assert (changes.changed[0].fields, changes.moved[0].fields) == (("name",), ("unit",))

    def test_a_chosen_language_stays(self) -> None:
        chosen = compare([on_roster(language="en")], [row(language="zh-Hans")], full=True, today=TODAY, said=ALL)
        assert chosen.is_empty
        open_ = compare([on_roster()], [row(language="zh-Hans")], full=True, today=TODAY, said=ALL)
        assert open_.changed[0].fields == ("language",)

    def test_the_missing_leave_only_in_a_full_file(self) -> None:
        current = [on_roster("001"), on_roster("002")]
        full = compare(current, [row("001")], full=True, today=TODAY, said=ALL)
        assert [(gone.member.staff_number, gone.on, gone.row) for gone in full.left] == [("002", TODAY, None)]
        assert compare(current, [row("001")], full=False, today=TODAY, said=ALL).is_empty

    def test_a_leaving_date_counts_from_its_day(self) -> None:
        past = compare([on_roster()], [row(left=date(2026, 11, 1))], full=False, today=TODAY, said=ALL)
        assert [gone.on for gone in past.left] == [date(2026, 11, 1)]
        assert compare([on_roster()], [row(left=TODAY)], full=False, today=TODAY, said=ALL).left
        assert compare([on_roster()], [row(left=date(2026, 11, 23))], full=False, today=TODAY, said=ALL).is_empty

    def test_who_had_left_before_we_knew_him_is_not_added(self) -> None:
        assert compare([], [row(left=date(2020, 1, 1))], full=True, today=TODAY, said=ALL).is_empty

    def test_a_leaver_comes_back_as_himself(self) -> None:
        known = on_roster(left=date(2025, 1, 1))
        changes = compare([known], [row(phone="13800000000")], full=True, today=TODAY, said=ALL)
        assert [(change.member.id, change.fields) for change in changes.returned] == [(known.id, ("phone",))]
        assert compare([known], [row(left=date(2025, 1, 1))], full=True, today=TODAY, said=ALL).is_empty
        assert compare([known], [], full=True, today=TODAY, said=ALL).is_empty

    def test_one_number_twice_stops_everything(self) -> None:
        changes = compare([], [row("a1", line=2), row("A1", line=5), row("2")], full=True, today=TODAY, said=ALL)
        assert [(problem.line, problem.details) for problem in changes.problems] == [(5, {"number": "A1", "first": 2})]
        assert changes.is_empty

    def test_roles_touched_are_counted_with_leavers(self) -> None:
        changes = compare(
            [on_roster("001"), on_roster("002", roles=("auditor",)), on_roster("003", roles=("organiser",))],
            [row("001", roles=("organiser",)), row("003", roles=("organiser",)), row("004", roles=("reviewer",))],
            full=True,
            today=TODAY,
            said=ALL,
        )
        assert changes.touches_roles == 3


class TestGuard:
    @pytest.mark.parametrize(
        ("staying", "leaving", "refused"), [(10, 5, False), (10, 6, True), (200, 20, False), (200, 21, True)]
    )
    def test_more_than_five_and_a_tenth_are_refused(self, staying: int, leaving: int, refused: bool) -> None:
        current = [on_roster(str(number)) for number in range(1, staying + 1)]
        rows = [row(str(number)) for number in range(leaving + 1, staying + 1)]
        changes = compare(current, rows, full=True, today=TODAY, said=ALL)
        guard_leaving(changes, staying=staying, allow_many=True)
        if not refused:
            guard_leaving(changes, staying=staying, allow_many=False)
            return
        with pytest.raises(Refusal) as refusal:
            guard_leaving(changes, staying=staying, allow_many=False)
        assert refusal.value.code == "roster.too_many_leave"
        assert refusal.value.details == {"count": leaving, "limit": leaving - 1}


class TestRoles:
    def test_the_auditor_looks_at_all_and_changes_nothing(self) -> None:
        assert duties(["auditor"]) == {"reads", "oversees"}

    def test_the_admin_has_every_duty(self) -> None:
        assert duties(["admin"]) == set(get_args(Duty))

    def test_a_plain_member_stays_off_the_desk(self) -> None:
        assert duties([]) == set()
        assert duties(["someone"]) == set()

    def test_the_organiser_runs_and_governs_nothing(self) -> None:
        assert duties(["organiser"]) == {"reads", "runs"}

    def test_the_reviewer_decides_and_runs_nothing(self) -> None:
        assert duties(["reviewer"]) == {"reads", "decides"}

    @given(st.sets(st.sampled_from(ROLES)), st.sets(st.sampled_from(ROLES)))
    def test_more_roles_never_take_away(self, some: set[str], more: set[str]) -> None:
        assert duties(some) | duties(more) == duties(some | more)

    @given(
        st.sampled_from([LI, WANG, ZHOU]),
        st.sampled_from([LI, WANG, ZHOU, None]),
        st.sets(st.sampled_from([LI, WANG, ZHOU])),
        st.sets(st.sampled_from([LI, WANG, ZHOU])),
    )
    def test_nobody_rewards_himself(
        self, actor: UUID, author: UUID | None, beneficiaries: set[UUID], only_head_of: set[UUID]
    ) -> None:
        against = actor == author or actor in beneficiaries or bool(beneficiaries & only_head_of)
        assert may_approve(actor, author=author, beneficiaries=beneficiaries, only_head_of=only_head_of) is not against

    def test_the_reason_is_told(self) -> None:
        assert conflict(LI, author=LI, beneficiaries=[LI], only_head_of=[]) == "approval.own_item"
        assert conflict(LI, author=WANG, beneficiaries=[LI], only_head_of=[]) == "approval.own_benefit"
        assert conflict(LI, author=WANG, beneficiaries=[ZHOU], only_head_of=[ZHOU]) == "approval.only_head"
        assert conflict(LI, author=None, beneficiaries=[ZHOU], only_head_of=[WANG]) is None


class TestCodes:
    @pytest.mark.parametrize(
        ("code", "problem"),
        [
            ("12345", "code.too_short"),
            ("x7" * 32, "code.too_obvious"),
            ("kestrel-" * 8, None),
            ("kestrel-" * 8 + "s", "code.too_long"),
            ("A00123", "code.is_staff_number"),
            ("a00123", "code.is_staff_number"),
            ("111111", "code.too_obvious"),
            ("123456", "code.too_obvious"),
            ("890123", "code.too_obvious"),
            ("fedcba", "code.too_obvious"),
            ("abcabc", "code.too_obvious"),
            ("Password", "code.too_obvious"),
            ("woaini1314", "code.too_obvious"),
            ("493817", None),
            ("四海之内皆兄", None),
        ],
    )
    def test_what_is_good_enough(self, code: str, problem: str | None) -> None:
        assert code_problem(code, "A00123") == problem

    def test_full_width_signs_are_the_same_code(self) -> None:
        assert clean_code(" 493817 ") == "493817"

    def test_a_first_code_may_be_typed_with_groups_and_capitals(self) -> None:
        assert clean_first_code(" 7K2M-xw4c – 9pq3\u3000") == "7k2mxw4c9pq3"

    def test_a_staff_number_is_one_however_typed(self) -> None:
        assert staff_key("00123") == staff_key(" 00123 ") == "00123"
        assert staff_key("a-7") == staff_key("A-7")
        assert is_staff_number("A-7/3")
        assert not is_staff_number("")
        assert not is_staff_number("a b")
        assert not is_staff_number("1" * 65)


class TestAliases:
    @pytest.mark.parametrize(
        ("alias", "problem"),
        [
            ("小", "alias.too_short"),
            ("小李", None),
            ("x" * 20, None),
            ("x" * 21, "alias.too_long"),
            ("!!!", "alias.no_letters"),
        ],
    )
    def test_what_an_alias_must_be(self, alias: str, problem: str | None) -> None:
        assert alias_problem(alias) == problem

    def test_nothing_invisible_stays(self) -> None:
        assert clean_alias("  quick\u202e\nfox\u200b ") == "quick fox"
