"""One member: details, units, points, and what can be done for him."""

from datetime import timedelta
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.audit.queries import AuditLine
from rewards.ledger import queries as ledger
from rewards.ledger.rules import HONOUR, SPEND
from rewards.members import actions, queries, rules
from rewards.members.queries import Person
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id, token
from server.runtime.following import follow_now
from server.runtime.settings import Settings
from server.web.frame import guards, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.limits import MOST_STRANGE
from server.web.frame.records import Undo
from server.web.members.phone.sign_in import sign_in_limits

STATEMENT = 20
LINK_VALID = timedelta(days=3)


def personal_link(settings: Settings, made: str) -> str:
    return f"{settings.public_url}/in/{made}"


async def find_person(member_id: UUID) -> Person:
    """A member, also one who has left. Refusal members.unknown."""
    found = await queries.member(member_id)
    if found is None:
        raise Refusal("members.unknown")
    return found


@get("/desk/members/{member_id:uuid}", guards=[guards.may("members.read")])
async def show_member(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """A member: details, units, points, and what can be done for him."""
    person = await find_person(member_id)
    before = asked_for(request).maybe_number("before", least=1, most=2**62)
    lines = await ledger.statement(member_id, STATEMENT + 1, before)
    season = await ledger.season_of(pages.process(request).today())
    return desk_page(
        request,
        "members/desk/member.html",
        person=person,
        units=await queries.unit_history(member_id),
        honour=await ledger.balance(member_id, HONOUR),
        spend=await ledger.balance(member_id, SPEND),
        season=season,
        season_points=await ledger.season_points(season.id, member_id) if season else 0,
        lines=lines[:STATEMENT],
        older=lines[STATEMENT - 1].sequence if len(lines) > STATEMENT else None,
        sessions=await pages.process(request).sessions.list(member_id),
        strange=await sign_in_limits(request).strange(person.staff_number),
        most_strange=MOST_STRANGE,
        roles=rules.ROLES,
        today=pages.process(request).today(),
        values=await records.foot(request, member_id, undoes),
    )


def undoes(line: AuditLine) -> Undo | None:
    """What takes the last change of a member back."""
    here = f"/desk/members/{line.subject}"
    if line.code == "member.corrected" and "was" in line.details:
        was = zip(("staff_number", "name", "joined", "unit"), line.details["was"], strict=True)
        return Undo(f"{here}/edit", dict(was))
    if line.code == "roles.changed":
        return Undo(f"{here}/roles", {"role": line.details["before"]})
    inverse = {"member.left": "restore", "member.restored": "leave"}
    return Undo(f"{here}/{inverse[line.code]}") if line.code in inverse else None


@post("/desk/members/{member_id:uuid}/link", guards=[guards.may("members.invite")])
async def issue_link(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """A personal link, shown this once; only its hash is kept."""
    await pages.form(request)
    person, now = await find_person(member_id), clock.now()
    issued = await actions.issue_links(
        [member_id], actor=pages.signed_in(request).id, now=now, valid=LINK_VALID, new_token=token
    )
    return desk_page(
        request,
        "members/desk/member_link.html",
        person=person,
        link=personal_link(pages.process(request).resources.settings, issued[0][1]),
        until=now + LINK_VALID,
    )


@post("/desk/members/{member_id:uuid}/code", guards=[guards.may("members.invite")])
async def forget_code(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """Take a forgotten code away; a new link lets the member set another."""
    await pages.form(request)
    follows = await actions.forget_code(member_id, actor=pages.signed_in(request).id, now=clock.now(), new_id=new_id)
    await follow_now(pages.process(request).resources, follows)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.code_forgotten")


@post("/desk/members/{member_id:uuid}/tries", guards=[guards.may("members.invite")])
async def lift_tries(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """New devices may try codes of this member again, though ten were wrong today."""
    await pages.form(request)
    person = await find_person(member_id)
    await actions.allow_tries(member_id, actor=pages.signed_in(request).id, now=clock.now())
    await sign_in_limits(request).lift(person.staff_number)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.tries_lifted")


@post("/desk/members/{member_id:uuid}/roles", guards=[guards.may("roles.change")])
async def set_roles(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """Exactly the roles that are ticked; what a signed-in member may do changes at once."""
    form = await pages.form(request)
    roles = form.all("role")
    follows = await actions.set_roles(
        member_id,
        roles,
        actor=pages.signed_in(request).id,
        now=clock.now(),
        new_id=new_id,
        why=form.text("why", most=500),
    )
    await follow_now(pages.process(request).resources, follows)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.roles_changed")


@post("/desk/members/{member_id:uuid}/leave", guards=[guards.may("members.change")])
async def mark_left(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """The member has left today: no sign-in any more, off the boards; the history stays."""
    form = await pages.form(request)
    today = pages.process(request).today()
    follows = await actions.mark_left(
        member_id,
        on=today,
        actor=pages.signed_in(request).id,
        now=clock.now(),
        new_id=new_id,
        why=form.text("why", most=500),
    )
    await follow_now(pages.process(request).resources, follows)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.marked_left")


@post("/desk/members/{member_id:uuid}/restore", guards=[guards.may("members.change")])
async def restore(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """The member is back, with the old account."""
    form = await pages.form(request)
    follows = await actions.restore(
        member_id,
        actor=pages.signed_in(request).id,
        now=clock.now(),
        today=pages.process(request).today(),
        new_id=new_id,
        why=form.text("why", most=500),
    )
    await follow_now(pages.process(request).resources, follows)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.restored")


@post("/desk/members/{member_id:uuid}/sessions", guards=[guards.may("sessions.end")])
async def end_sessions(request: Asked, member_id: FromPath[UUID]) -> Response[bytes]:
    """Sign one device out (`ref`), or all of them."""
    form = await pages.form(request)
    await find_person(member_id)
    ref, process = form.text("ref", most=40), pages.process(request)
    count = sum(ref in ("", device.ref) for device in await process.sessions.list(member_id))
    if count:
        follows = await actions.end_sessions(
            member_id, ref=ref, count=count, actor=pages.signed_in(request).id, now=clock.now(), new_id=new_id
        )
        await follow_now(process.resources, follows)
    return pages.go(request, f"/desk/members/{member_id}", said="desk.sessions_ended", count=count)


HANDLERS = [show_member, issue_link, forget_code, lift_tries, set_roles, mark_left, restore, end_sessions]
