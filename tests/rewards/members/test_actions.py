"""Roles, leaving and aliases; links, first codes and codes: once, in time, and only by whoever may."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import pytest
from argon2 import PasswordHasher, extract_parameters

from rewards import database as db
from rewards.members import actions, queries
from rewards.members.queries import Person
from rewards.refusals import Refusal
from server.runtime.chance import human_code, new_id
from server.runtime.chance import token as new_token
from tests.rewards.members.people import DAY, NOW, TODAY, person

WEEK = timedelta(days=7)


async def refused(asked: Awaitable[object]) -> str:
    """The code of the refusal; fails when it is not refused."""
    with pytest.raises(Refusal) as refusal:
        await asked
    return refusal.value.code


async def link(member: UUID, *, actor: UUID | None = None) -> str:
    [(_, token)] = await actions.issue_links([member], actor=actor, now=NOW, valid=WEEK, new_token=new_token)
    return token


async def slip(member: UUID) -> actions.Slip:
    [made] = await actions.issue_slips(
        [member], actor=None, now=NOW, valid=WEEK, new_token=new_token, new_code=lambda: human_code(12)
    )
    return made


async def by_code(number: str, code: str, tries_left: int = 3) -> Person:
    return await actions.check_code(number, code, now=NOW, tries_left=tries_left)


async def audited() -> list[tuple[str, UUID | None]]:
    return [(row["code"], row["actor"]) for row in await db.rows("SELECT code, actor FROM audit_entry ORDER BY id")]


class TestRoles:
    async def test_an_admin_gives_and_takes(self, database: str) -> None:
        admin, member = await person("1", "Li Na", "admin"), await person("2", "Zhou")
        await actions.set_roles(
            member, ["reviewer", "organiser"], actor=admin, now=NOW, new_id=new_id, why="new season"
        )
        found = await queries.member(member)
        assert found is not None
        assert found.roles == ("organiser", "reviewer")
        assert (await audited())[-1] == ("roles.changed", admin)
        lines = len(await audited())
        await actions.set_roles(member, ["organiser", "reviewer"], actor=admin, now=NOW, new_id=new_id)
        assert len(await audited()) == lines

    async def test_never_his_own_nor_by_others_nor_unknown(self, database: str) -> None:
        admin, organiser = await person("1", "Li Na", "admin"), await person("2", "Zhou", "organiser")
        assert (
            await refused(actions.set_roles(admin, ["auditor"], actor=admin, now=NOW, new_id=new_id))
            == "members.own_roles"
        )
        assert (
            await refused(actions.set_roles(admin, [], actor=organiser, now=NOW, new_id=new_id)) == "members.need_admin"
        )
        assert (
            await refused(actions.set_roles(organiser, ["king"], actor=admin, now=NOW, new_id=new_id))
            == "members.unknown_role"
        )
        assert await refused(actions.set_roles(new_id(), [], actor=admin, now=NOW, new_id=new_id)) == "members.unknown"

    async def test_the_last_admin_stays(self, database: str) -> None:
        admin = await person("1", "Li Na", "admin")
        assert await refused(actions.set_roles(admin, [], actor=None, now=NOW, new_id=new_id)) == "members.last_admin"
        assert (
            await refused(actions.mark_left(admin, on=TODAY, actor=None, now=NOW, new_id=new_id))
            == "members.last_admin"
        )
        assert await queries.has_admin()

    async def test_two_admins_who_demote_each_other_leave_one(self, database: str) -> None:
        one, other = await person("1", "Li Na", "admin"), await person("2", "Zhou", "admin")
        outcomes = await asyncio.gather(
            actions.set_roles(one, [], actor=other, now=NOW, new_id=new_id),
            actions.set_roles(other, [], actor=one, now=NOW, new_id=new_id),
            return_exceptions=True,
        )
        assert [str(outcome) for outcome in outcomes if isinstance(outcome, Refusal)] == ["members.need_admin"]
        assert await queries.has_admin()


class TestLeaving:
    async def test_leaving_and_coming_back(self, database: str) -> None:
        admin, member = (
            await person("1", "Li Na", "admin"),
            await person("2", "Zhou", "organiser", unit=("Plant", "Hall")),
        )
        token = await link(member)
        await actions.mark_left(member, on=TODAY, actor=admin, now=NOW, new_id=new_id, why="retired")
        left = await queries.member(member)
        assert left is not None
        assert (left.left_on, left.roles, left.unit) == (TODAY, (), None)
        assert await refused(actions.use_link(token, NOW)) == "sign_in.left"
        assert (
            await refused(actions.mark_left(member, on=TODAY, actor=admin, now=NOW, new_id=new_id))
            == "members.already_left"
        )
        assert (
            await refused(actions.set_roles(member, ["auditor"], actor=admin, now=NOW, new_id=new_id)) == "members.left"
        )
        await actions.restore(member, actor=admin, now=NOW, today=TODAY + DAY, new_id=new_id)
        back = await queries.member(member)
        assert back is not None
        assert (back.left_on, back.roles, back.unit_path) == (None, (), ("Plant", "Hall"))
        assert await queries.unit_of(member, TODAY) is None
        assert await refused(actions.use_link(token, NOW)) == "sign_in.link_expired"
        again = actions.restore(member, actor=admin, now=NOW, today=TODAY, new_id=new_id)
        assert await refused(again) == "members.already_here"

    async def test_an_organiser_sends_no_role_holder_away_and_nobody_himself(self, database: str) -> None:
        organiser, auditor = await person("1", "Li Na", "organiser"), await person("2", "Zhou", "auditor")
        assert (
            await refused(actions.mark_left(auditor, on=TODAY, actor=organiser, now=NOW, new_id=new_id))
            == "members.need_admin"
        )
        assert (
            await refused(actions.mark_left(organiser, on=TODAY, actor=organiser, now=NOW, new_id=new_id))
            == "members.own_leaving"
        )


class TestAlias:
    async def test_shown_on_boards_and_taken_away(self, database: str) -> None:
        member = await person("1", "Li Na")
        await actions.set_alias(member, " 快 狐 ", True, now=NOW)
        assert (await queries.labels([member]))[member].shown == "快 狐"
        await actions.set_alias(member, "", False, now=NOW)
        assert (await queries.labels([member]))[member].shown == "Li Na"

    async def test_nobody_passes_for_another(self, database: str) -> None:
        one, other = await person("1", "Li Na"), await person("2", "Zhou")
        await actions.set_alias(one, "Fox", True, now=NOW)
        for alias in ("fox", "F o x", "Fox", "li na", "LINA"):
            assert await refused(actions.set_alias(other, alias, True, now=NOW)) == "alias.taken"
        await actions.set_alias(one, "FOX", False, now=NOW)
        assert await refused(actions.set_alias(one, "", True, now=NOW)) == "alias.too_short"

    async def test_two_at_once_do_not_share_one(self, database: str) -> None:
        one, other = await person("1", "Li Na"), await person("2", "Zhou")
        outcomes = await asyncio.gather(
            *(actions.set_alias(member, "Fox", True, now=NOW) for member in (one, other)), return_exceptions=True
        )
        assert sorted(str(outcome) for outcome in outcomes) == ["None", "alias.taken"]


async def test_languages(database: str) -> None:
    member = await person("1")
    await actions.set_language(member, "zh-Hans", now=NOW, new_id=new_id)
    found = await queries.member(member)
    assert found is not None
    assert found.language == "zh-Hans"
    assert await refused(actions.set_language(member, "tlh", now=NOW, new_id=new_id)) == "members.unknown_language"


class TestLinks:
    async def test_looking_does_not_use_it_up(self, database: str) -> None:
        member = await person("1", "Li Na", unit=("Plant", "Workshop 2"))
        token = await link(member)
        for _ in range(2):
            seen = await actions.look_at_link(token, NOW)
            assert (seen.member, seen.name, seen.unit) == (member, "Li Na", "Workshop 2")
        assert (await actions.use_link(token, NOW)).id == member

    async def test_used_once(self, database: str) -> None:
        token = await link(await person("1"))
        await actions.use_link(token, NOW)
        assert await refused(actions.use_link(token, NOW)) == "sign_in.link_used"
        assert await refused(actions.look_at_link(token, NOW)) == "sign_in.link_used"

    async def test_two_phones_at_once_sign_in_one(self, database: str) -> None:
        token = await link(await person("1"))
        outcomes = await asyncio.gather(*(actions.use_link(token, NOW) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(outcome, Person) for outcome in outcomes) == 1
        assert sum(str(outcome) == "sign_in.link_used" for outcome in outcomes) == 4

    async def test_unknown_expired_and_replaced(self, database: str) -> None:
        member = await person("1")
        first = await link(member)
        second = await link(member)
        assert await refused(actions.use_link(first, NOW)) == "sign_in.link_expired"
        assert await refused(actions.use_link(second, NOW + WEEK)) == "sign_in.link_expired"
        assert await refused(actions.use_link(new_token(), NOW)) == "sign_in.link_unknown"
        assert await refused(actions.use_link("\udc80\x00", NOW)) == "sign_in.link_unknown"
        assert (await actions.use_link(second, NOW + WEEK - DAY)).id == member

    async def test_only_hashes_are_kept(self, database: str) -> None:
        made = await slip(await person("1"))
        kept = b"".join([row["token_hash"] for row in await db.rows("SELECT token_hash FROM sign_in_link")])
        assert len(kept) == 64
        assert made.token.encode() not in kept
        assert made.first_code.encode() not in kept

    async def test_a_link_is_the_account_so_an_organiser_makes_none_for_a_role_holder(self, database: str) -> None:
        admin, organiser = await person("1", "Li Na", "admin"), await person("2", "Zhou", "organiser")
        member = await person("3", "Wang")
        assert await refused(link(admin, actor=organiser)) == "links.need_admin"
        assert await db.value("SELECT count(*) FROM sign_in_link") == 0
        for actor, whose in ((organiser, member), (organiser, organiser), (admin, organiser), (None, admin)):
            assert (await actions.use_link(await link(whose, actor=actor), NOW)).id == whose

    async def test_none_for_leavers_or_strangers(self, database: str) -> None:
        member = await person("1")
        await actions.mark_left(member, on=TODAY, actor=None, now=NOW, new_id=new_id)
        assert await refused(link(member)) == "links.unknown_member"
        assert await refused(link(new_id())) == "links.unknown_member"

    async def test_a_unit_at_once_in_its_order(self, database: str) -> None:
        members = [await person(str(number)) for number in range(5)][::-1]
        issued = await actions.issue_links(members, actor=None, now=NOW, valid=WEEK, new_token=new_token)
        assert [member for member, _ in issued] == members
        assert len({token for _, token in issued}) == 5


class TestFirstAdmin:
    async def test_once_and_only_while_there_is_none(self, database: str) -> None:
        old = await actions.first_admin_link(NOW, new_token)
        token = await actions.first_admin_link(NOW, new_token)
        assert (await actions.look_at_link(token, NOW)).member is None
        assert await refused(actions.use_link(token, NOW)) == "sign_in.link_unknown"

        async def become(token: str, number: str) -> Person:
            asked = actions.become_first_admin(token, number, "Li Na", "tulip-42-street", now=NOW, new_id=new_id)
            return (await asked)[0]

        assert await refused(become(old, "1")) == "sign_in.link_expired"
        assert await refused(become(token, " ")) == "members.bad_staff_number"
        outcomes = await asyncio.gather(become(token, "001"), become(token, "002"), return_exceptions=True)
        made = [outcome for outcome in outcomes if isinstance(outcome, Person)]
        assert [outcome.roles for outcome in made] == [("admin",)]
        assert [str(outcome) for outcome in outcomes if isinstance(outcome, Refusal)] == ["sign_in.link_used"]
        assert await refused(actions.first_admin_link(NOW, new_token)) == "members.admin_exists"
        assert await queries.member_count() == 1

    async def test_somebody_on_the_roster_keeps_his_account(self, database: str) -> None:
        member = await person("001", "Li Na", "organiser")
        token = await actions.first_admin_link(NOW, new_token)
        made, _ = await actions.become_first_admin(token, "001", "Somebody", "tulip-42-street", now=NOW, new_id=new_id)
        assert (made.id, made.name, made.roles) == (member, "Li Na", ("organiser", "admin"))

    async def test_a_members_link_makes_no_admin(self, database: str) -> None:
        token = await link(await person("001"))
        asked = actions.become_first_admin(token, "001", "Li Na", "tulip-42-street", now=NOW, new_id=new_id)
        assert await refused(asked) == "sign_in.link_unknown"


class TestCodes:
    async def test_set_and_sign_in(self, database: str) -> None:
        member = await person("A-001")
        await actions.set_code(member, "kestrel 7", now=NOW, new_id=new_id)
        for number in ("A-001", " a-001 ", "Ａ-００１"):
            assert (await by_code(number, "kestrel 7")).id == member
        for wrong in (None, "", "kestrel 8"):
            asked = actions.set_code(member, "heron 94", old=wrong, now=NOW, new_id=new_id)
            assert await refused(asked) == "code.old_wrong"
        await actions.set_code(member, "heron 94", old="kestrel 7", now=NOW, new_id=new_id)
        assert (await by_code("A-001", "heron 94")).has_code
        assert await refused(by_code("A-001", "kestrel 7")) == "sign_in.wrong"

    async def test_weak_codes_are_refused(self, database: str) -> None:
        member = await person("A00123")
        for code, problem in (("12345", "too_short"), ("a00123", "is_staff_number"), ("123456", "too_obvious")):
            assert await refused(actions.set_code(member, code, now=NOW, new_id=new_id)) == f"code.{problem}"

    async def test_wrong_unknown_left_and_without_a_code_sound_the_same(self, database: str) -> None:
        right, none, left = await person("1"), await person("2"), await person("3")
        for member in (right, left):
            await actions.set_code(member, "kestrel 7", now=NOW, new_id=new_id)
        await actions.mark_left(left, on=TODAY, actor=None, now=NOW, new_id=new_id)
        assert none
        for number, code in (
            ("1", "kestrel 8"),
            ("2", ""),
            ("2", "kestrel 7"),
            ("3", "kestrel 7"),
            ("4\x00", "\udc80"),
        ):
            with pytest.raises(Refusal) as refusal:
                await by_code(number, code, tries_left=2)
            assert (refusal.value.code, refusal.value.details) == ("sign_in.wrong", {"left": 2})

    async def test_a_slip_signs_in_once_by_link_or_by_first_code(self, database: str) -> None:
        member = await person("001")
        typed = await slip(member)
        grouped = f"{typed.first_code[:4].upper()}-{typed.first_code[4:8]} {typed.first_code[8:]}"
        assert await refused(by_code("002", grouped)) == "sign_in.wrong"
        signed_in = await by_code("001", grouped)
        assert (signed_in.id, signed_in.has_code) == (member, False)
        assert await refused(by_code("001", grouped)) == "sign_in.wrong"
        assert await refused(actions.use_link(typed.token, NOW)) == "sign_in.link_expired"
        scanned = await slip(member)
        await actions.use_link(scanned.token, NOW)
        assert await refused(by_code("001", scanned.first_code)) == "sign_in.wrong"
        replaced = await slip(member)
        await link(member)
        assert await refused(by_code("001", replaced.first_code)) == "sign_in.wrong"

    async def test_both_halves_of_a_slip_at_once_sign_in_one(self, database: str) -> None:
        member = await person("001")
        for _ in range(3):
            made = await slip(member)
            outcomes = await asyncio.gather(
                actions.use_link(made.token, NOW), by_code("001", made.first_code), return_exceptions=True
            )
            assert sum(isinstance(outcome, Person) for outcome in outcomes) == 1

    async def test_an_older_hash_is_renewed_at_sign_in(self, database: str) -> None:
        member = await person("001")
        older = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("kestrel 7")
        await db.rows("UPDATE member SET code_hash = $2 WHERE id = $1", member, older)
        await by_code("001", "kestrel 7")
        renewed = extract_parameters(await db.value("SELECT code_hash FROM member WHERE id = $1", member))
        assert (renewed.time_cost, renewed.memory_cost, renewed.parallelism) == (2, 19 * 1024, 1)
        assert (await by_code("001", "kestrel 7")).id == member

    async def test_many_at_once_are_all_answered(self, database: str) -> None:
        member = await person("001")
        await actions.set_code(member, "kestrel 7", now=NOW, new_id=new_id)
        outcomes = await asyncio.gather(
            *(by_code("001", code) for code in ["kestrel 7", "kestrel 8"] * 6), return_exceptions=True
        )
        assert sum(isinstance(outcome, Person) for outcome in outcomes) == 6
