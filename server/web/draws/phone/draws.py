"""Draws on the phone: my tickets and why, the published files, who has won, and my prize."""

import asyncio
from typing import Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import actions, queries
from rewards.draws.eligibility import rule_facts
from rewards.draws.queries import CustodianRow, DrawRow, UnitTotal, WinRow
from rewards.draws.states import grouped
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import claim_code, new_id
from server.web.frame import files, guards, pages
from server.web.frame.asked import Asked

CODE_GROUPS: Final = 4
MOST_COUNTED: Final = 16
"""Lists whose units are kept counted in this process."""

MOST_KEPT_BYTES: Final = 64 * 1024 * 1024
KEPT_SECONDS: Final = 86_400
PICTURE_SECONDS: Final = 3600

_TYPES: Final = {"json": "application/json", "html": "text/html"}
_FIXED: Final = ("manifest.json", "manifest.sig", "snapshot.tsv", "kit.html")
"""Published at the freeze and the same for ever."""


@get("/draws", guards=[guards.signed_in])
async def list_draws(request: Asked) -> Response[bytes]:
    """My tickets in each draw that is coming, and the results of those that were held."""
    me = pages.signed_in(request)
    return pages.page(
        request,
        "draws/phone/draws.html",
        coming=await queries.my_tickets(me.id),
        past=await queries.past(),
        wins=await queries.wins_of(me.id),
        say=pages.speaker(request),
    )


@get("/draws/{slug:str}", opt={"open": True})
async def show_draw(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """One draw, for everybody: its rule, prizes and winners; for a member also his tickets and why, his line and
    what he has won. A draw that is not frozen yet is shown to members only."""
    me = pages.me(request)
    draw = await found_draw(slug)
    if me is None and draw.promise is None:
        raise Refusal("web.sign_in_first")
    chances, line = (None, None) if me is None else await queries.chances(draw, me.id)
    facts = await queries.draw_facts(draw.id)
    return pages.page(
        request,
        "draws/phone/draw.html",
        draw=draw,
        chances=chances,
        line=line,
        rule=rule_facts(draw.rule, await queries.unit_names(draw.rule.units)),
        prizes=() if facts is None else facts.prizes,
        winners={} if facts is None else facts.winners,
        fingerprint=[] if draw.promise is None else grouped(draw.promise.fingerprint, 8),
        wins=[] if me is None else await _my_wins(request, draw),
        claim_address=_claim_address(request),
        custodian=None if me is None else await _custodian(draw.id, me.id),
        conflicts=await queries.conflicts(draw.id),
        annulled=await queries.annulled(draw.id) if draw.state == "cancelled" else [],
        say=pages.speaker(request),
    )


@get("/draws/{slug:str}/mine", guards=[guards.signed_in])
async def show_my_wins(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """My prizes in a draw alone, for the page to see when one was handed over."""
    draw = await found_draw(slug)
    wins = await _my_wins(request, draw)
    address = _claim_address(request)
    return pages.fragment(request, "draws/phone/draw.html", "mine", draw=draw, wins=wins, claim_address=address)


@get("/draws/{slug:str}/verify", opt={"open": True})
async def show_ways(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """For anybody: what was published, and three ways to check it."""
    draw = await found_draw(slug)
    return pages.page(
        request,
        "draws/phone/draw_verify.html",
        draw=draw,
        fingerprint=[] if draw.promise is None else grouped(draw.promise.fingerprint, 8),
        files=await queries.published_names(draw.id),
        conflicts=await queries.conflicts(draw.id),
        totals=await _totals(draw),
    )


@get("/draws/{slug:str}/files/{name:path}", opt={"open": True})
async def send_file(request: Asked, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """One published file, byte for byte, for anybody. What can still grow is asked for again each time."""
    name = name.lstrip("/")
    file = await _file(request, slug, name)
    if file is None:
        raise Refusal("web.not_found")
    way = "attachment" if name.endswith(".html") else "inline"
    named = {"Content-Disposition": f'{way}; filename="{name.rpartition("/")[2]}"'}
    return files.send(request, file, f"public, max-age={KEPT_SECONDS}" if name in _FIXED else "no-cache", named)


@get("/draws/{slug:str}/prizes/{code:str}", opt={"open": True})
async def send_picture(request: Asked, slug: FromPath[str], code: FromPath[str]) -> Response[bytes]:
    """The picture of a prize."""
    draw = await found_draw(slug)
    picture = await queries.prize_picture(draw.id, code)
    if picture is None:
        raise Refusal("web.not_found")
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": f"private, max-age={PICTURE_SECONDS}"})


@post("/draws/{slug:str}/wins/{win_id:uuid}/decline", guards=[guards.own_code])
async def decline(request: Asked, slug: FromPath[str], win_id: FromPath[UUID]) -> Response[bytes]:
    """The winner gives his prize back; the next in line gets it."""
    await actions.decline(
        pages.process(request).redis,
        win_id,
        by=pages.signed_in(request).id,
        now=clock.now(),
        new_id=new_id,
        new_code=claim_code,
    )
    return pages.go(request, f"/draws/{slug}", said="claim.declined_now")


async def found_draw(slug: str) -> DrawRow:
    """The draw of this name; a draft without prizes is nobody's business yet, and a rehearsal only the desk's."""
    found = await queries.draw_by_slug(slug)
    if found is None or not found.places or found.rehearses is not None:
        raise Refusal("draw.unknown")
    return found


async def _custodian(draw_id: UUID, member: UUID) -> CustodianRow | None:
    """The member as a custodian of this draw; None: he is none."""
    return next((one for one in await queries.custodians(draw_id) if one.member == member), None)


_reading = asyncio.Lock()


async def _file(request: Asked, slug: str, name: str) -> files.File | None:
    """A published file; those that never change are kept in this process, because a hall asks for them at once. The
    files of a rehearsal are for the desk."""
    kept: dict[tuple[str, str], files.File] = request.app.state.setdefault("draw_files", {})
    if (slug, name) in kept:
        return kept[slug, name]
    found = await queries.draw_by_slug(slug)
    if found is None:
        return None
    me = pages.me(request)
    if found.rehearses is not None and (me is None or "draws.read" not in me.may):
        return None
    if name in _FIXED and found.rehearses is None:
        async with _reading:
            return await _keep(kept, slug, name)
    if name.startswith(f"{queries.CONFLICTS}/"):
        content = (await queries.conflict_files(found.id)).get(name)
    else:
        content = await queries.published_file(slug, name)
    return None if content is None else files.plain(content, _type_of(name))


async def _keep(kept: dict[tuple[str, str], files.File], slug: str, name: str) -> files.File | None:
    """For one at a time: whoever asks meanwhile finds what the first has compressed."""
    if (slug, name) not in kept:
        content = await queries.published_file(slug, name)
        if content is None:
            return None
        file = await asyncio.to_thread(files.compressed, content, _type_of(name))
        while kept and sum(map(files.File.size, kept.values())) + file.size() > MOST_KEPT_BYTES:
            kept.pop(next(iter(kept)))
        kept[slug, name] = file
    return kept[slug, name]


def _type_of(name: str) -> str:
    return _TYPES.get(name.rpartition(".")[2], "text/plain")


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
    wins = await queries.wins_of(pages.signed_in(request).id, draw.id, ended=True)
    return [(win, "-".join(grouped(win.claim_code, CODE_GROUPS))) for win in wins]


def _claim_address(request: Asked) -> str:
    """What the QR of a prize opens, without its code."""
    return f"{pages.process(request).resources.settings.public_url}/desk/claims/"


HANDLERS = [list_draws, show_draw, show_my_wins, show_ways, send_file, send_picture, decline]
