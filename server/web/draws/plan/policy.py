"""The prize policy: what draws may give away, and whether a draw that gives more is warned of or stopped."""

from collections.abc import Mapping
from typing import Final

from litestar import Response, get, post

from rewards.draws import policy as rules
from rewards.draws.actions.policing import set_policy
from rewards.draws.policy import Policy
from rewards.draws.queries.policy import policy
from rewards.funds.rules import read_amount, units
from rewards.refusals import Refusal
from server.runtime import clock
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_page
from server.web.frame.forms import Typed

_FIELDS: Final[Mapping[str, str]] = {"policy.why_missing": "why"}


@get("/desk/draws/policy", guards=[guards.may("draws.read")])
async def show_policy(request: Asked) -> Response[bytes]:
    """What holds now, as a form for who may change it."""
    return await _show(request)


async def _show(request: Asked, typed: Typed | None = None) -> Response[bytes]:
    now = await policy()
    kept = {
        "mode": now.mode,
        "share": rules.percent(now.share) if now.share else "",
        "value_event": units(now.value_event) if now.value_event else "",
        "value_year": units(now.value_year) if now.value_year else "",
        "why": "",
    }
    return desk_page(
        request,
        "draws/desk/policy.html",
        400 if typed else 200,
        policy=now,
        percent=rules.percent,
        units=units,
        given=typed.values if typed else kept,
        problems=typed.problems if typed else {},
    )


@post("/desk/draws/policy", guards=[guards.may("settings.change")])
async def change_policy(request: Asked) -> Response[bytes]:
    """Another policy from now on; an empty limit is none."""
    form = await pages.form(request)
    typed = Typed(request, form, "mode", "share", "value_event", "value_year", "why")
    asked = Policy(
        next((mode for mode in rules.MODES if mode == typed.values["mode"]), "off"),
        typed.read("share", lambda text: rules.read_percent(text or "0")),
        typed.read("value_event", lambda text: read_amount("money", text or "0")),
        typed.read("value_year", lambda text: read_amount("money", text or "0")),
    )
    if not typed.problems:
        try:
            await set_policy(asked, actor=pages.signed_in(request).id, now=clock.now(), why=typed.values["why"])
        except Refusal as refusal:
            typed.said_beside(refusal, _FIELDS)
        else:
            return pages.go(request, "/desk/draws/policy", said="policy.said_set")
    return await _show(request, typed)


HANDLERS = [show_policy, change_policy]
