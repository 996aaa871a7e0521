"""Funds: what there is to give away, put in and taken out by hand, and every movement of it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import queries as draws
from rewards.funds import actions, queries, rules
from rewards.funds.queries import FundRow
from rewards.funds.rules import Kind
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.frame import guards, i18n, pages, records
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.forms import Typed
from server.web.frame.i18n import mark as _

PAGE: Final = 50
HEAD: Final = (
    _("Fund"),
    _("Kind"),
    _("Free"),
    _("Kept for draws"),
    _("Given out"),
    _("Put in"),
    _("Worth of one piece"),
)
_FIELDS: Final[Mapping[str, str]] = {
    "funds.name_invalid": "name",
    "funds.name_taken": "name",
    "funds.short": "amount",
    "funds.sent_before": "amount",
    "funds.why_missing": "why",
    "ledger.note_invalid": "why",
}
"""Refusal -> the field beside which it is said."""


@get("/desk/funds", guards=[guards.may("funds.read")])
async def list_funds(request: Asked) -> Response[bytes]:
    """Every fund with what is free, held and paid."""
    return await _list(request)


@get("/desk/funds/export/{kind:str}", guards=[guards.may("funds.read")])
async def export_funds(request: Asked, kind: FromPath[str]) -> Response[bytes]:
    """Every fund as a file: money in its unit, goods in pieces."""
    words = i18n.translator(pages.locale(request))
    kinds = {"money": words.text("Budget", "fund"), "item": words.text("Goods", "fund")}
    rows: list[Sequence[str | int | Decimal]] = []
    for one in await queries.funds():
        amounts = (one.free, one.held, one.paid, one.given)
        shown = [Decimal(amount).scaleb(-2) if one.kind == "money" else amount for amount in amounts]
        rows.append((one.name, kinds[one.kind], *shown, Decimal(one.value).scaleb(-2) if one.value else ""))
    head = [words.text(heading) for heading in HEAD]
    return await records.table(kind, f"funds-{pages.process(request).today().isoformat()}", [head, *rows])


async def _list(request: Asked, kind: str = "", typed: Typed | None = None) -> Response[bytes]:
    return desk_page(
        request,
        "funds/desk/funds.html",
        400 if typed else 200,
        funds=await queries.funds(),
        kind=kind,
        given=typed.values if typed else {},
        problems=typed.problems if typed else {},
        units=rules.units,
    )


@post("/desk/funds", guards=[guards.may("funds.change")])
async def open_fund(request: Asked) -> Response[bytes]:
    """A new budget or stock; what is wrong is said beside its field."""
    form = await pages.form(request)
    typed = Typed(request, form, "name", "amount", "value")
    kind = _kind(form)
    amount = typed.read("amount", lambda text: rules.read_amount(kind, text))
    value = typed.read("value", lambda text: rules.read_amount("money", text or "0")) if kind == "item" else 0
    if not typed.problems:
        actor, name = pages.signed_in(request).id, typed.values["name"]
        try:
            made = await actions.open_fund(name, kind, amount, value, actor=actor, now=clock.now(), new_id=new_id)
        except Refusal as refusal:
            typed.said_beside(refusal, _FIELDS)
        else:
            return pages.go(request, f"/desk/funds/{made}", said="funds.said_opened", name=name)
    return await _list(request, kind, typed)


def _kind(form: pages.Form) -> Kind:
    for kind in rules.KINDS:
        if form.text("kind", most=10) == kind:
            return kind
    raise Refusal("web.bad_input")


@get("/desk/funds/{fund_id:uuid}", guards=[guards.may("funds.read")])
async def show_fund(request: Asked, fund_id: FromPath[UUID]) -> Response[bytes]:
    """One fund: its figures and its movements, newest first."""
    before = asked_for(request).maybe_number("before", least=1, most=2**62)
    return await _show(request, await _found(fund_id), before=before)


async def _found(fund_id: UUID) -> FundRow:
    found = await queries.fund(fund_id)
    if found is None:
        raise Refusal("funds.unknown")
    return found


async def _show(
    request: Asked, fund: FundRow, typed: Typed | None = None, before: int | None = None
) -> Response[bytes]:
    lines = await queries.movements(fund.id, PAGE + 1, before)
    shown = lines[:PAGE]
    holders = [line.holder.removeprefix("draw:") for line in shown if line.holder.startswith("draw:")]
    here = f"/desk/funds/{fund.id}"
    return desk_page(
        request,
        "funds/desk/fund.html",
        400 if typed else 200,
        fund=fund,
        lines=shown,
        titles=await draws.titles(holders),
        units=rules.units,
        first=here if before is not None else "",
        next=f"{here}?before={shown[-1].sequence}" if len(lines) > PAGE else "",
        given=typed.values if typed else {},
        problems=typed.problems if typed else {},
        once=new_id(),
    )


@post("/desk/funds/{fund_id:uuid}", guards=[guards.may("funds.change")])
async def change_fund(request: Asked, fund_id: FromPath[UUID]) -> Response[bytes]:
    """Put more in, or take out of what is free, with a reason; a form that is sent twice counts once."""
    form, fund = await pages.form(request), await _found(fund_id)
    typed = Typed(request, form, "way", "amount", "why")
    amount = typed.read("amount", lambda text: rules.read_amount(fund.kind, text, least=1))
    if not typed.problems:
        key, actor = f"top_up:{form.uuid('once')}", pages.signed_in(request).id
        out, why = typed.values["way"] == "out", typed.values["why"]
        signed = -amount if out else amount
        try:
            await actions.top_up(fund_id, signed, why, key=key, actor=actor, now=clock.now(), new_id=new_id)
        except Refusal as refusal:
            again = refusal.code == "ledger.key_reused"
            typed.said_beside(Refusal("funds.sent_before") if again else refusal, _FIELDS)
        else:
            said = "funds.said_removed" if out else "funds.said_added"
            return pages.go(request, f"/desk/funds/{fund_id}", said=said, amount=fund.shown(amount))
    return await _show(request, fund, typed)


HANDLERS = [list_funds, export_funds, open_fund, show_fund, change_fund]
