"""The offline kit of a draw, filled with its private names, for those who may draw."""

import asyncio
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from rewards.draws import actions, queries, rules
from rewards.draws.eligibility import person_ref
from rewards.draws.queries import DrawRow
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.kit_program import KitEntrant, KitPrize, fill_kit, kit_data, kit_hash
from server.web.draws.desk import draw_page, find_draw
from server.web.frame import guards, pages
from server.web.frame.asked import Asked


@get("/desk/draws/{draw_id:uuid}/kit.html", guards=[guards.may("draws.draw")])
async def download_kit(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The kit with this draw in it: private names, so only for who may draw, and the trail says who took it.
    Its SHA-256 stands in a header too."""
    draw = await find_draw(draw_id)
    kit = await filled_kit(request, draw)
    digest = kit_hash(kit)
    await actions.take_kit(draw.id, actor=pages.signed_in(request).id, digest=digest, now=clock.now())
    return Response(
        kit,
        media_type="text/html",
        headers={
            "content-disposition": f'attachment; filename="{draw.slug}-kit.html"',
            "x-laurel-sha256": digest,
            "cache-control": "no-store",
        },
    )


@get("/desk/draws/{draw_id:uuid}/kit-hash", guards=[guards.may("draws.draw")])
async def show_kit_hash(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The draw's page with the SHA-256 of the kit as it would be downloaded now, for the people who compare."""
    kit = await filled_kit(request, await find_draw(draw_id))
    return await draw_page(request, draw_id, values={"kit_hash": kit_hash(kit), "kit_size": len(kit)})


async def filled_kit(request: Asked, draw: DrawRow) -> bytes:
    """The published empty kit with list, names, void list and check-ins of this moment in its place.

    Refusal draw.kit_early when there is none yet.
    """
    files = await queries.published(draw.id)
    if files is None or "kit.html" not in files[1]:
        raise Refusal("draw.kit_early")
    published = files[1]
    data = kit_data(
        title=draw.title,
        organisation=pages.process(request).resources.settings.organisation,
        manifest=published["manifest.json"],
        snapshot=published["snapshot.tsv"],
        entrants=[
            KitEntrant(one.salt, person_ref(one.staff_number), one.name, one.staff_number, one.unit)
            for one in await queries.listed(draw.id)
        ],
        prizes=[
            KitPrize(
                prize.code,
                prize.name,
                prize.value,
                prize.sponsor,
                (await queries.prize_picture(draw.id, prize.code) or b"") if prize.has_picture else b"",
            )
            for prize in await queries.prizes(draw.id)
        ],
        rounds={stage.code: stage.name for stage in draw.rounds},
        shown_names=draw.shown_names,
        language=pages.locale(request),
        voids=rules.format_voids({one.line: one.reason for one in await queries.voids(draw.id)}),
        present=await queries.present_lines(draw.id),
        secrets=list((await queries.kept_secrets(draw.id)).values()),
    )
    return await asyncio.to_thread(fill_kit, published["kit.html"], data)


HANDLERS = [download_kit, show_kit_hash]
