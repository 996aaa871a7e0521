"""Draws on the phone: my tickets and why, the published files, who has won, and my prize."""

from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from rewards.draws import queries
from rewards.draws.eligibility import person_ref, rule_facts
from rewards.draws.queries import DrawRow, UnitTotal, WinRow
from rewards.draws.rules import id_commit
from rewards.draws.states import grouped
from rewards.members import queries as members
from rewards.refusals import Refusal
from server.web import guards, pages
from server.web.pages import Asked

CODE_GROUPS: Final = 4
MOST_COUNTED: Final = 16
"""Lists whose units are kept counted in this process."""

_TYPES: Final = {"json": "application/json", "tsv": "text/plain", "txt": "text/plain"}


@get("/draws", guards=[guards.signed_in])
async def list_draws(request: Asked) -> Response[bytes]:
    """My tickets in each draw that is coming, and the results of those that were held."""
    me = pages.signed_in(request)
    return pages.page(
        request,
        "phone/draws.html",
        coming=await queries.my_tickets(me.id),
        past=await queries.past(),
        wins=await queries.wins_of(me.id),
        say=_speaker(request),
    )


@get("/draws/{slug:str}", guards=[guards.signed_in])
async def show_draw(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """One draw: its rule, prizes, my tickets and why, my line, the winners, and what I have won."""
    me = pages.signed_in(request)
    draw = await _draw(slug)
    standing, line = await queries.standing(draw, me.id)
    facts = await queries.draw_facts(draw.id)
    return pages.page(
        request,
        "phone/draw.html",
        draw=draw,
        standing=standing,
        line=line,
        rule=rule_facts(draw.rule, await queries.unit_names(draw.rule.units)),
        prizes=() if facts is None else facts.prizes,
        winners={} if facts is None else facts.winners,
        fingerprint=[] if draw.promise is None else grouped(draw.promise.fingerprint, 8),
        wins=await _my_wins(request, draw),
        claim_address=_claim_address(request),
        say=_speaker(request),
    )


@get("/draws/{slug:str}/mine", guards=[guards.signed_in])
async def show_my_wins(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """My prizes in a draw alone, for the page to see when one was handed over."""
    draw = await _draw(slug)
    wins = await _my_wins(request, draw)
    address = _claim_address(request)
    return pages.fragment(request, "phone/draw.html", "mine", draw=draw, wins=wins, claim_address=address)


@get("/draws/{slug:str}/verify", opt={"open": True})
async def show_check(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """For anybody: what was published, and how to check it."""
    draw = await _draw(slug)
    return pages.page(
        request,
        "phone/draw_check.html",
        draw=draw,
        fingerprint=[] if draw.promise is None else grouped(draw.promise.fingerprint, 8),
        files=_files(draw),
        totals=await _totals(draw),
        receipt=await _receipt(request, draw),
    )


@get("/draws/{slug:str}/files/{name:str}", opt={"open": True})
async def send_file(request: Asked, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """One published file, byte for byte, for anybody."""
    content = await queries.published_file(slug, name)
    if content is None:
        raise Refusal("web.not_found")
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "public, max-age=3600"}
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)


async def _draw(slug: str) -> DrawRow:
    """The draw of this name; a draft without prizes is nobody's business yet."""
    found = await queries.draw_by_slug(slug)
    if found is None or not found.places:
        raise Refusal("draw.unknown")
    return found


def _files(draw: DrawRow) -> tuple[str, ...]:
    if draw.promise is None:
        return ()
    return queries.FILES[:2] if draw.state == "frozen" else queries.FILES


_counted: dict[str, list[UnitTotal]] = {}


async def _totals(draw: DrawRow) -> list[UnitTotal]:
    """The list by unit, counted once: a whole hall opens this page at the same moment, and a list never changes."""
    if draw.promise is None:
        return []
    found = _counted.get(draw.promise.fingerprint)
    if found is None:
        found = await queries.unit_totals(draw.id)
        while len(_counted) >= MOST_COUNTED:
            _counted.pop(next(iter(_counted)))
        _counted[draw.promise.fingerprint] = found
    return found


async def _my_wins(request: Asked, draw: DrawRow) -> list[tuple[WinRow, str]]:
    """What the member has won, each with its claim code as people read it."""
    wins = await queries.wins_of(pages.signed_in(request).id, draw.id)
    return [(win, "-".join(grouped(win.claim_code, CODE_GROUPS))) for win in wins]


def _claim_address(request: Asked) -> str:
    """What the QR of a prize opens, without its code."""
    return f"{pages.house(request).resources.settings.public_url}/desk/claims/"


async def _receipt(request: Asked, draw: DrawRow) -> dict[str, object] | None:
    """What proves a member's own line to himself; None for strangers and those not on the list."""
    me = pages.me(request)
    own = None if me is None else await queries.entrant(draw.id, me.id)
    person = None if me is None else await members.member(me.id)
    if own is None or person is None:
        return None
    named = person_ref(person.staff_number)
    return {
        "line": own.line,
        "tickets": own.tickets,
        "person": named,
        "salt": own.salt.hex(),
        "commit": id_commit(draw.slug, own.salt, named).hex(),
    }


def _speaker(request: Asked) -> object:
    language = pages.locale(request)
    return lambda code, details=None: pages.sentence(code, details or {}, language)


HANDLERS = [list_draws, show_draw, show_my_wins, show_check, send_file]
