"""What is printed of a draw: the programme before it, the protocol for signatures after it; A4, in both languages."""

from decimal import Decimal
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath
from markupsafe import Markup

from rewards.draws import queries
from rewards.draws.eligibility import rule_facts
from rewards.draws.queries import DrawRow
from rewards.draws.rules import digest, inputs_of
from rewards.draws.states import grouped
from rewards.refusals import Refusal
from server.web.frame import guards, html, i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_page


@get("/desk/draws/{draw_id:uuid}/programme", guards=[guards.may("draws.read")])
async def print_programme(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """What is promised, for the printed programme: fingerprint, root, prizes, custodians, how to check."""
    draw = await _frozen(draw_id)
    venue = await queries.venue(draw_id)
    if venue is None:
        raise Refusal("draw.not_frozen_yet")
    address = f"{pages.process(request).resources.settings.public_url}/draws/{draw.slug}"
    program = await queries.published_file(draw.slug, "kit.html")
    facts = {
        "draw": draw,
        "venue": venue,
        "prizes": await queries.prizes(draw_id),
        "rule": rule_facts(draw.rule, await queries.unit_names(draw.rule.units)),
        "fingerprint": grouped(venue.fingerprint, 8),
        "root": grouped(venue.manifest.root, 8),
        "program": "" if program is None else digest(program).hex(),
        "totals": await queries.unit_totals(draw_id),
        "address": address,
        "money": _money,
    }
    return _sheets(request, "draws/desk/programme.html", draw, facts)


@get("/desk/draws/{draw_id:uuid}/protocol", guards=[guards.may("draws.read")])
async def print_protocol(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """What happened, for the signatures of the witnesses; from it alone another computer rebuilds the draw."""
    draw = await _frozen(draw_id)
    venue = await queries.venue(draw_id)
    if venue is None or not venue.events:
        raise Refusal("draw.protocol_early")
    facts = {
        "draw": draw,
        "venue": venue,
        "prizes": {prize.code: prize for prize in await queries.prizes(draw_id)},
        "inputs": inputs_of([event.text for event in venue.events]),
        "fingerprint": grouped(venue.fingerprint, 8),
        "conflicts": await queries.conflicts(draw_id),
        "seen": await queries.codes_seen(draw_id),
        "money": _money,
    }
    return _sheets(request, "draws/desk/protocol.html", draw, facts)


async def _frozen(draw_id: UUID) -> DrawRow:
    draw = await queries.draw(draw_id)
    if draw is None:
        raise Refusal("draw.unknown")
    if draw.promise is None:
        raise Refusal("draw.not_frozen_yet")
    return draw


def _money(fen: int) -> Decimal:
    return Decimal(fen) / 100


def _sheets(request: Asked, template: str, draw: DrawRow, facts: dict[str, object]) -> Response[bytes]:
    """The page with one sheet a language, the reader's first; `?lang=` asks for one alone."""
    mine = pages.locale(request)
    order = [mine, *(name for name in i18n.LOCALES if name != mine)]
    only = request.query_params.get("lang", "")
    chosen = [only] if only in order else order
    drawn = [
        (name, Markup(_sheet(request, template, name, facts)))  # noqa: S704 - made by our own template, escaped
        for name in chosen
    ]
    return desk_page(request, template, draw=draw, sheets=drawn, languages=order)


def _sheet(request: Asked, template: str, locale: str, facts: dict[str, object]) -> str:
    organisation = pages.process(request).resources.settings.organisation
    say = pages.listing(request).speaker(locale)
    return html.render_block(template, "sheet", locale, organisation=organisation, say=say, **facts)


HANDLERS = [print_programme, print_protocol]
