"""Settings: what this Laurel was told, and how facts earn."""

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.ledger import actions, queries
from server.runtime import clock
from server.runtime.settings import describe
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_page
from server.web.frame.forms import Typed


@get("/desk/settings", guards=[guards.may("settings.read")])
async def show_settings(request: Asked) -> Response[bytes]:
    """Earning rules to change, the process's settings to read."""
    return await _show(request)


async def _show(request: Asked, code: str = "", typed: Typed | None = None) -> Response[bytes]:
    """`typed`: into the form of the rule `code`, which was refused."""
    return desk_page(
        request,
        "ledger/desk/settings.html",
        400 if typed else 200,
        refused=code,
        given=typed.values if typed else {},
        problems=typed.problems if typed else {},
        rules=await queries.earning_rules(),
        settings=describe(pages.process(request).resources.settings),
    )


@post("/desk/rules/{code:str}", opt={"page": "/desk/settings"}, guards=[guards.may("settings.change")])
async def set_rule(request: Asked, code: FromPath[str]) -> Response[bytes]:
    """How an earning pays from now on."""
    form = await pages.form(request)
    typed = Typed(request, form, "daily_cap", "spend_percent", "why")
    most = typed.read("daily_cap", lambda _: form.number("daily_cap", least=0, most=2**31 - 1, default=0))
    spend = typed.read("spend_percent", lambda _: form.number("spend_percent", least=0, most=1000))
    if typed.problems:
        return await _show(request, code, typed)
    cap, why, me = most if typed.values["daily_cap"] else None, typed.values["why"], pages.signed_in(request).id
    await actions.set_rule(code[:40], cap, spend, at=clock.now(), actor=me, why=why)
    return pages.go(request, "/desk/settings", said="desk.rule_set")


HANDLERS = [show_settings, set_rule]
