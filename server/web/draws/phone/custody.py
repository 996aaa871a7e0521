"""A custodian's own page: he seals a secret that his browser made, and opens it after the dice."""

import re

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.draws import actions, queries
from rewards.draws.queries import CustodianRow, DrawRow
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import claim_code, new_id
from server.web.frame import guards, pages
from server.web.frame.asked import Asked

_COMMITMENT = re.compile("[0-9a-f]{64}")


@get("/draws/{slug:str}/custody", guards=[guards.signed_in])
async def show_custody(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """What I have to do as a custodian of this draw, and when."""
    return await _page(request, slug)


@get("/draws/{slug:str}/custody/{label:str}", opt={"open": True})
async def show_envelope(request: Asked, slug: FromPath[str], label: FromPath[str]) -> Response[bytes]:
    """For a custodian who is not on the roster: the same envelope, whose commitment he reads to the organiser."""
    draw = await queries.draw_by_slug(slug)
    if draw is None or draw.rehearses is not None:
        raise Refusal("draw.unknown")
    for custodian in await queries.custodians(draw.id):
        if custodian.label == label and custodian.member is None:
            return pages.page(
                request, "draws/phone/draw_custody.html", draw=draw, custodian=custodian, error="", by_word=True
            )
    raise Refusal("draw.no_custodian")


@post("/draws/{slug:str}/custody", guards=[guards.own_code])
async def seal(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """Keep the commitment of a secret that stays on paper."""
    draw, custodian = await _custody(request, slug)
    form = await pages.form(request)
    commitment = form.text("commitment", most=64)
    if _COMMITMENT.fullmatch(commitment) is None:
        raise Refusal("draw.commitment_missing")
    await actions.seal(
        pages.process(request).redis,
        draw.id,
        custodian.label,
        bytes.fromhex(commitment),
        member=pages.signed_in(request).id,
        now=clock.now(),
    )
    return pages.go(request, f"/draws/{slug}/custody", said="draw.sealed_now")


@post("/draws/{slug:str}/custody/open", guards=[guards.signed_in])
async def open_secret(request: Asked, slug: FromPath[str]) -> Response[bytes]:
    """After the dice: the secret from the envelope, typed by whoever kept it."""
    draw, _custodian = await _custody(request, slug)
    form = await pages.form(request)
    try:
        await actions.reveal(
            pages.process(request).redis,
            draw.id,
            form.text("secret", most=1000),
            actor=pages.signed_in(request).id,
            now=clock.now(),
            new_id=new_id,
            new_code=claim_code,
        )
    except Refusal as refusal:
        words = pages.said(request, refusal)
        return await _page(request, slug, status=422, error=words)
    return pages.go(request, f"/draws/{slug}/custody", said="draw.revealed_now")


async def _page(request: Asked, slug: str, *, status: int = 200, error: str = "") -> Response[bytes]:
    draw, custodian = await _custody(request, slug)
    return pages.page(
        request, "draws/phone/draw_custody.html", status, draw=draw, custodian=custodian, error=error, by_word=False
    )


async def _custody(request: Asked, slug: str) -> tuple[DrawRow, CustodianRow]:
    """The draw, and me as one of its custodians; Refusal draw.no_custodian to anybody else."""
    draw = await queries.draw_by_slug(slug)
    if draw is None:
        raise Refusal("draw.unknown")
    me = pages.signed_in(request).id
    for custodian in await queries.custodians(draw.id):
        if custodian.member == me:
            return draw, custodian
    raise Refusal("draw.no_custodian")


HANDLERS = [show_custody, show_envelope, seal, open_secret]
