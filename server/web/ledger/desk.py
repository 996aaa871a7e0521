"""Settings: what this Laurel was told, the seasons, and how facts earn."""

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.ledger import actions, queries
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.runtime.settings import describe
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_page


@get("/desk/settings", guards=[guards.may("settings.read")])
async def show_settings(request: Asked) -> Response[bytes]:
    """Seasons and earning rules to change, the process's settings to read."""
    return await _page(request)


async def _page(request: Asked, status: int = 200, problem: str = "", **values: str) -> Response[bytes]:
    return desk_page(
        request,
        "ledger/desk/settings.html",
        status,
        seasons=await queries.seasons(),
        rules=await queries.earning_rules(),
        settings=describe(pages.house(request).resources.settings),
        today=pages.house(request).today(),
        problem=problem,
        given={"name": "", "starts_on": "", "ends_on": "", **values},
    )


@post("/desk/seasons", opt={"page": "/desk/settings"}, guards=[guards.may("settings.change")])
async def open_season(request: Asked) -> Response[bytes]:
    """A new season; what is wrong with it is said beside the form, which keeps what was typed."""
    form = await pages.form(request)
    given = {name: form.text(name, most=200) for name in ("name", "starts_on", "ends_on")}
    try:
        starts_on, ends_on = form.day("starts_on"), form.day("ends_on")
        if starts_on is None or ends_on is None:
            raise Refusal("season.days_missing")
        await actions.open_season(
            given["name"],
            starts_on,
            ends_on,
            at=clock.now(),
            actor=pages.signed_in(request).id,
            new_id=new_id(),
        )
    except Refusal as refusal:
        words = pages.said(request, refusal)
        return await _page(request, 400, words, **given)
    return pages.go(request, "/desk/settings", said="desk.season_opened", name=given["name"])


@post("/desk/rules/{code:str}", opt={"page": "/desk/settings"}, guards=[guards.may("settings.change")])
async def set_rule(request: Asked, code: FromPath[str]) -> Response[bytes]:
    """How an earning pays from now on."""
    form = await pages.form(request)
    await actions.set_rule(
        code[:40],
        form.maybe_number("daily_cap", least=0, most=2**31 - 1),
        form.number("spend_percent", least=0, most=1000),
        at=clock.now(),
        actor=pages.signed_in(request).id,
        why=form.text("why", most=500),
    )
    return pages.go(request, "/desk/settings", said="desk.rule_set")


HANDLERS = [show_settings, open_season, set_rule]
