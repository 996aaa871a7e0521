"""The roster from a file: brought, looked at, applied."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final, Literal

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.members import actions, queries, rules
from rewards.members.days import Order
from rewards.members.roster_file import Answers, Roster, read_roster
from rewards.members.rules import RosterChanges
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.runtime.following import follow_now
from server.web.frame import guards, imports, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.pages import Form
from server.web.members.previewed import preview_rows

IMPORT = imports.Import("roster", "/desk/members/import", "members/desk/roster_import.html")


@get(IMPORT.address, guards=[guards.may("members.import")])
async def choose_roster(request: Asked) -> Response[bytes]:
    """Where the file is dropped."""
    return imports.choose(request, IMPORT)


@post(IMPORT.address, guards=[guards.may("members.import")])
async def bring_roster(request: Asked) -> Response[bytes]:
    """Keep the file and go on to its preview."""
    return await imports.bring(request, IMPORT)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the good rows of a file would change; those of `roster` that are not certain are left out. `too_many`:
    (leaving, limit) where the guard would stop it.
    """

    roster: Roster
    full: bool
    changes: RosterChanges
    staying: int
    too_many: tuple[int, int] | None
    needs_admin: bool


_ORDERS: Final[Mapping[str, Order]] = {"dmy": "dmy", "mdy": "mdy", "ymd": "ymd"}
_NUMBERS: Final[Mapping[str, Literal["same", "other"]]] = {"same": "same", "other": "other"}


def _answers(form: Form) -> Answers:
    """What has been said of the file; what is no answer counts as none."""
    return Answers(
        form.text("encoding", most=20),
        _ORDERS.get(form.text("days", most=5), ""),
        _NUMBERS.get(form.text("numbers", most=5), ""),
        "new" if form.text("names", most=5) == "new" else "",
    )


async def _brought(request: Asked, given: str, answers: Answers) -> tuple[str, Roster]:
    return await imports.brought(request, IMPORT, given, partial(read_roster, answers=answers))


async def _weighed(request: Asked, roster: Roster, answers: Answers, full: bool) -> Weighed:
    current = await queries.roster_current()
    roster = await asyncio.to_thread(rules.settled, current, roster, answers)
    full = full and not roster.left_out
    changes = rules.compare(
        current, roster.rows, full=full, today=pages.process(request).today(), said=rules.said_by(roster)
    )
    staying = sum(member.left is None for member in current)
    too_many = None
    if full:
        try:
            rules.guard_leaving(changes, staying=staying, allow_many=False)
        except Refusal as refusal:
            too_many = int(refusal.details["count"]), int(refusal.details["limit"])
    governs = "roles.change" in pages.signed_in(request).may
    return Weighed(roster, full, changes, staying, too_many, bool(changes.touches_roles) and not governs)


@get(IMPORT.address + "/{given:str}", guards=[guards.may("members.import")])
async def preview_roster(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """What the file would change, and what is wrong with it, by row and column."""
    form = asked_for(request)
    answers = _answers(form)
    name, roster = await _brought(request, given, answers)
    weighed = await _weighed(request, roster, answers, bool(form.text("full", most=5)))
    roster, full = weighed.roster, weighed.full
    left_out = {row.line for row in roster.left_out}
    said = {one: answer for one, answer in asdict(answers).items() if answer}
    return desk_page(
        request,
        "members/desk/roster_preview.html",
        file=name,
        full=full,
        roster=roster,
        weighed=weighed,
        changes=weighed.changes,
        answered=said,
        fields={**said, **({"full": "1"} if full else {})},
        again=partial(records.address, request.url.path),
        preview=imports.preview(
            request, preview_rows(weighed.changes), roster.left_out, **said, full="1" if full else ""
        ),
        notes=[one for one in (*roster.problems, *weighed.changes.problems) if one.line not in left_out],
    )


@get(IMPORT.address + "/{given:str}/rest/{kind:str}", guards=[guards.may("members.import")])
async def export_rest(request: Asked, given: FromPath[str], kind: FromPath[str]) -> Response[bytes]:
    """The rows that were not taken, with what is wrong with each."""
    answers = _answers(asked_for(request))
    _name, roster = await _brought(request, given, answers)
    roster = (await _weighed(request, roster, answers, False)).roster
    return await imports.rest(request, IMPORT, kind, roster.headings, roster.left_out)


@post(IMPORT.address + "/{given:str}", guards=[guards.may("members.import")])
async def apply_roster(request: Asked, given: FromPath[str]) -> Response[bytes]:
    """All good rows at once, or nothing; the others wait as a file of their own."""
    process, me = pages.process(request), pages.signed_in(request)
    form = await pages.form(request)
    answers = _answers(form)
    name, roster = await _brought(request, given, answers)
    roster = (await _weighed(request, roster, answers, False)).roster
    if not roster.rows:
        raise Refusal("roster.nobody", count=len(roster.left_out))
    changes, follows = await actions.import_roster(
        roster,
        answers=answers,
        full=bool(form.text("full", most=5)),
        allow_many=bool(form.text("allow_many", most=5)),
        actor=me.id,
        now=clock.now(),
        today=process.today(),
        new_id=new_id,
    )
    await follow_now(process.resources, follows)
    return pages.go(
        request,
        await imports.done(request, IMPORT, given, name, roster.headings, roster.left_out) or "/desk/members",
        said="desk.roster_applied",
        added=len(changes.added),
        changed=len({change.member.id for change in (*changes.changed, *changes.moved)}),
        returned=len(changes.returned),
        left=len(changes.left),
        unchanged=changes.unchanged,
    )


HANDLERS = [choose_roster, bring_roster, preview_roster, export_rest, apply_roster]
