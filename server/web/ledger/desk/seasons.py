"""Seasons: the list, and one of them: opened, corrected, the next like it."""

from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.audit.queries import AuditLine
from rewards.ledger import actions, queries
from rewards.ledger.queries import SeasonRow
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.frame import guards, i18n, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.i18n import mark as _
from server.web.frame.pages import Form
from server.web.frame.records import Undo

HEAD = (_("Season"), _("First day"), _("Last day"))
FIELDS = ("name", "starts_on", "ends_on")


async def _season(season_id: UUID) -> SeasonRow:
    found = await queries.season(season_id)
    if found is None:
        raise Refusal("season.unknown")
    return found


def _following(season: SeasonRow) -> dict[str, str]:
    """What the form for the season after this one says: as long, from the day after; nothing at the end of days."""
    try:
        starts_on = season.ends_on + timedelta(days=1)
        ends_on = starts_on + (season.ends_on - season.starts_on)
    except OverflowError:
        return dict.fromkeys(FIELDS, "")
    return {"name": "", "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}


def _days(form: Form) -> tuple[date, date]:
    starts_on, ends_on = form.day("starts_on"), form.day("ends_on")
    if starts_on is None or ends_on is None:
        raise Refusal("season.days_missing")
    return starts_on, ends_on


async def _list(request: Asked, given: Mapping[str, str], status: int = 200, problem: str = "") -> Response[bytes]:
    return desk_page(
        request,
        "ledger/desk/seasons.html",
        status,
        seasons=await queries.seasons(),
        today=pages.process(request).today(),
        given=given,
        problem=problem,
    )


@get("/desk/seasons", guards=[guards.may("settings.read")])
async def list_seasons(request: Asked) -> Response[bytes]:
    """All seasons, and the form for a new one: empty, or like the season that the address names as `after`."""
    after = asked_for(request).text("after", most=40)
    return await _list(request, _following(await _season(pages.uuid_of(after))) if after else dict.fromkeys(FIELDS, ""))


@get("/desk/seasons/export/{kind:str}", guards=[guards.may("settings.read")])
async def export_seasons(request: Asked, kind: FromPath[str]) -> Response[bytes]:
    """All seasons as a file."""
    head = [i18n.translator(pages.locale(request)).text(heading) for heading in HEAD]
    rows = [(one.name, one.starts_on.isoformat(), one.ends_on.isoformat()) for one in await queries.seasons()]
    return await records.table(kind, "seasons", [head, *rows])


@post("/desk/seasons", guards=[guards.may("settings.change")])
async def open_season(request: Asked) -> Response[bytes]:
    """A new season; what is wrong with it is said beside the form, which keeps what was typed."""
    form, made = await pages.form(request), new_id()
    given = {name: form.text(name, most=200) for name in FIELDS}
    try:
        starts_on, ends_on = _days(form)
        me = pages.signed_in(request).id
        await actions.open_season(given["name"], starts_on, ends_on, at=clock.now(), actor=me, new_id=made)
    except Refusal as refusal:
        return await _list(request, given, 400, pages.said(request, refusal))
    return pages.go(request, f"/desk/seasons/{made}", said="desk.season_opened", name=given["name"])


def undoes(line: AuditLine) -> Undo | None:
    """What takes the last change of a season back."""
    if line.code == "season.opened":
        return Undo(f"/desk/seasons/{line.subject}/remove")
    if line.code != "season.corrected":
        return None
    return Undo(f"/desk/seasons/{line.subject}", dict(zip(FIELDS, line.details["before"], strict=True)))


async def _page(
    request: Asked, season: SeasonRow, given: Mapping[str, str], status: int = 200, problem: str = ""
) -> Response[bytes]:
    return desk_page(
        request,
        "ledger/desk/season.html",
        status,
        values=await records.foot(request, season.id, undoes),
        season=season,
        posted=await queries.posted_days(season.id),
        today=pages.process(request).today(),
        given=given,
        problem=problem,
    )


@get("/desk/seasons/{season_id:uuid}", guards=[guards.may("settings.read")])
async def show_season(request: Asked, season_id: FromPath[UUID]) -> Response[bytes]:
    """One season, to correct while nothing that is posted contradicts."""
    season = await _season(season_id)
    given = {"name": season.name, "starts_on": season.starts_on.isoformat(), "ends_on": season.ends_on.isoformat()}
    return await _page(request, season, given)


@post("/desk/seasons/{season_id:uuid}", guards=[guards.may("settings.change")])
async def correct_season(request: Asked, season_id: FromPath[UUID]) -> Response[bytes]:
    """Another name or other days; what is wrong with them is said beside the form."""
    form, season = await pages.form(request), await _season(season_id)
    given = {name: form.text(name, most=200) for name in FIELDS}
    try:
        starts_on, ends_on = _days(form)
        await actions.correct_season(
            season_id,
            given["name"],
            starts_on,
            ends_on,
            at=clock.now(),
            today=pages.process(request).today(),
            actor=pages.signed_in(request).id,
        )
    except Refusal as refusal:
        return await _page(request, season, given, 400, pages.said(request, refusal))
    return pages.go(request, f"/desk/seasons/{season_id}", said="desk.season_corrected")


@post("/desk/seasons/{season_id:uuid}/remove", guards=[guards.may("settings.change")])
async def remove_season(request: Asked, season_id: FromPath[UUID]) -> Response[bytes]:
    """Take back a season in which nothing was done yet."""
    await pages.form(request)
    name = await actions.remove_season(season_id, at=clock.now(), actor=pages.signed_in(request).id)
    return pages.go(request, "/desk/seasons", said="desk.season_removed", name=name)


HANDLERS = [list_seasons, export_seasons, open_season, show_season, correct_season, remove_season]
