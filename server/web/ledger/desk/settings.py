"""Settings: what this Laurel was told, and how facts earn."""

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.ledger import actions, queries
from server.runtime import clock
from server.runtime.settings import describe
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_page


@get("/desk/settings", guards=[guards.may("settings.read")])
async def show_settings(request: Asked) -> Response[bytes]:
    """Earning rules to change, the process's settings to read."""
    return desk_page(
        request,
        "ledger/desk/settings.html",
        rules=await queries.earning_rules(),
        settings=describe(pages.process(request).resources.settings),
    )


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


HANDLERS = [show_settings, set_rule]
