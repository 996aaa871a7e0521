"""At the door: who has come. By list, by a member's badge under any phone's camera, and by a page that works on without
a network for as long as it stays open and sends what it kept when the line is back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from rewards.draws import actions, queries
from rewards.draws.actions import MOST_ARRIVALS, Arrival, Seen
from rewards.draws.badges import Badge, find_badge, is_genuine
from rewards.draws.queries import DoorRow, GuestRow
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page

MAY: Final = "claims.hand_over"
ON_DUTY: Final = "laurel_door"
"""A cookie with the draw for which this device checks in at a glance: set by the first badge that is confirmed."""

DUTY: Final = timedelta(hours=12)
FILE: Final = "laurel check-in 1"
"""What the file of a waiting list says of itself."""

_OVERLAP: Final = timedelta(minutes=1)
"""Arrivals of this long before the last look are sent again: two commits may become visible in another order."""

_MOST_FILE: Final = 2 * 1024 * 1024

Text = Annotated[str, msgspec.Meta(max_length=300)]
Line = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class Item(msgspec.Struct):
    """One sighting as a device keeps it: a `line` of the list, or the text of a `badge`."""

    nonce: Annotated[str, msgspec.Meta(max_length=64)]
    at: datetime
    way: Literal["scan", "list", "offline"] = "offline"
    line: Line | None = None
    badge: Text = ""


Items = Annotated[list[Item], msgspec.Meta(max_length=MOST_ARRIVALS)]


class Sent(msgspec.Struct):
    """What a device sends: what it has kept, and the `cursor` of the last answer (0: everything, please)."""

    items: Items
    cursor: Annotated[int, msgspec.Meta(ge=0, le=10**14)] = 0


class WaitingList(msgspec.Struct):
    """The file of a device that never came back to the network."""

    laurel: Literal["laurel check-in 1"]  # FILE
    draw: Text
    items: Items


@get("/desk/draws/{draw_id:uuid}/check-in", guards=[guards.may(MAY)])
async def show_check_in(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The list to search and tap, and who came last. Without scripts each tap is a form."""
    return await _page(request, await _door(draw_id))


@post("/desk/draws/{draw_id:uuid}/check-in", guards=[guards.may(MAY)])
async def check_in(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """One person by list, or by a badge that was typed or scanned into the search."""
    form, door = await pages.form(request), await _door(draw_id)
    typed = form.text("badge", most=300)
    line = _line_of(request, door, typed) if typed else form.number("line", least=0, most=10**9)
    guest = await queries.guest(draw_id, line)
    seen = await _check_in(request, door, [Arrival(line, clock.now(), "scan" if typed else "list")])
    name = "" if guest is None else guest.name
    return pages.go(request, _address(draw_id), said=f"presence.{_once(seen).verdict}", name=name)


@post("/desk/draws/{draw_id:uuid}/check-in/undo", guards=[guards.may(MAY)])
async def undo(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """A mistake is taken back, as long as the draw is not armed."""
    form = await pages.form(request)
    await actions.undo_check_in(
        pages.process(request).redis,
        draw_id,
        form.number("line", least=0, most=10**9),
        by=pages.signed_in(request).id,
        now=clock.now(),
    )
    return pages.go(request, _address(draw_id), said="presence.out")


@get("/desk/draws/{draw_id:uuid}/check-in/list", guards=[guards.may(MAY)])
async def send_list(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Everybody on the list, for a page that must know them without a network.

    {"units": [path], "people": [[line, name, staff number, unit's place or -1]], "present": [[line, ms]], "cursor": ms}
    """
    await _door(draw_id)
    cursor = _ms(clock.now())
    everybody = await queries.guests(draw_id)
    units = {path: place for place, path in enumerate(sorted({one.unit for one in everybody if one.unit}))}
    return _json(
        {
            "units": list(units),
            "people": [(one.line, one.name, one.staff_number, units.get(one.unit, -1)) for one in everybody],
            "present": [(one.line, _ms(one.since)) for one in everybody if one.since is not None],
            "cursor": cursor,
        }
    )


@post("/desk/draws/{draw_id:uuid}/check-in/sync", guards=[guards.may(MAY)])
async def sync(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """What a device has kept, each once however often it is sent; and who came elsewhere since its last look.

    {"done": [{"nonce", "line", "verdict": "in", "again" or "refused", "since": ms or null, "words"}],
     "arrivals": [[line, ms]], "count": how many are in, "cursor": ms for the next look, "state": of the draw}
    """
    sent = _decoded(await request.body(), Sent)
    door, cursor = await _door(draw_id), _ms(clock.now())
    done = await _take(request, door, sent.items)
    since = None if sent.cursor == 0 else datetime.fromtimestamp(sent.cursor / 1000, clock.now().tzinfo) - _OVERLAP
    arrivals = await queries.arrived(draw_id, since)
    say = pages.speaker(request)
    state, count = await queries.presence_now(draw_id)
    return _json(
        {
            "done": [
                {
                    "nonce": one.nonce,
                    "line": one.line,
                    "verdict": one.verdict,
                    "since": None if one.since is None else _ms(one.since),
                    "words": say(one.code) if one.code else "",
                }
                for one in done
            ],
            "arrivals": [(line, _ms(at)) for line, at, _ in arrivals],
            "count": count,
            "cursor": cursor,
            "state": state,
        }
    )


@post("/desk/draws/{draw_id:uuid}/check-in/file", guards=[guards.may(MAY)])
async def bring_file(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The waiting list that another device has saved, as its file or as its text."""
    form, door = await pages.form(request), await _door(draw_id)
    text = form.text("text", most=_MOST_FILE)
    data = await _brought(form.files.get("file"), text)
    try:
        brought = _decoded(data, WaitingList)
        if brought.draw != door.slug:
            raise Refusal("presence.file")
    except Refusal as refusal:
        return await _page(request, door, pages.said(request, refusal), text)
    late = [Item(one.nonce, one.at, "offline", one.line, one.badge) for one in brought.items]
    counts = {"in": 0, "again": 0, "refused": 0}
    for one in await _take(request, door, late):
        counts[one.verdict] += 1
    return pages.go(request, _address(draw_id), said="presence.brought_now", **counts)


@get("/desk/draws/{draw_id:uuid}/check-in/present", guards=[guards.may(MAY)])
async def send_present(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Who is in, as the offline kit reads it: {"draw_id": the draw's public name, "present": [lines, ascending]}."""
    door = await _door(draw_id)
    content = {"draw_id": door.slug, "present": await queries.present_lines(draw_id)}
    answer = _json(content)
    answer.headers["Content-Disposition"] = f'attachment; filename="{door.slug}-present.json"'
    return answer


@get("/here/{badge:str}", guards=[guards.signed_in])
async def show_badge(request: Asked, badge: FromPath[str]) -> Response[bytes]:
    """What the QR on a member's phone opens. On a helper's device that is on duty, the member is in at a glance; the
    first badge is confirmed by a tap. Whoever is no helper sees his own badge."""
    door, guest = await _shown(request, badge)
    if MAY not in pages.signed_in(request).may:
        return pages.go(request, f"/draws/{door.slug}/badge")
    if request.cookies.get(ON_DUTY) == str(door.id):
        return await _scan(request, door, guest)
    return pages.page(
        request, "draws/desk/check_in_badge.html", draw=door, guest=guest, seen=None, badge=badge, words=""
    )


@post("/here/{badge:str}", guards=[guards.may(MAY)])
async def confirm_badge(request: Asked, badge: FromPath[str]) -> Response[bytes]:
    """The first badge on this device: its member is in, and from now on a scan is enough."""
    await pages.form(request)
    door, guest = await _shown(request, badge)
    answer = await _scan(request, door, guest)
    cookie = pages.process(request).gate.cookie(ON_DUTY, str(door.id), int(DUTY.total_seconds()))
    answer.headers["Set-Cookie"] = cookie
    return answer


def _key(request: Asked) -> bytes:
    return pages.process(request).resources.settings.key("badge")


def _address(draw_id: UUID) -> str:
    return f"/desk/draws/{draw_id}/check-in"


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _json(content: dict[str, Any]) -> Response[bytes]:
    return Response(msgspec.json.encode(content), status_code=200, media_type="application/json")


Shape = TypeVar("Shape", Sent, WaitingList)


def _decoded(data: bytes, shape: type[Shape]) -> Shape:
    """What the bytes say; Refusal presence.file when they say something else."""
    try:
        found = msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise Refusal("presence.file") from None
    if any(one.at.tzinfo is None for one in found.items):
        raise Refusal("presence.file")
    return found


async def _brought(file: UploadFile | None, text: str) -> bytes:
    """The bytes of a chosen file, else the text that was pasted."""
    data = b"" if file is None else await file.read(_MOST_FILE + 1)
    if len(data) > _MOST_FILE:
        raise Refusal("web.too_large")
    return data.removeprefix(b"\xef\xbb\xbf") or text.encode()


async def _door(draw_id: UUID) -> DoorRow:
    found = await queries.door(draw_id)
    if found is None:
        raise Refusal("draw.unknown")
    return found


async def _shown(request: Asked, text: str) -> tuple[DoorRow, GuestRow]:
    """Whose badge this is, and of which draw. Refusal presence.badge: nobody's."""
    badge = find_badge(text)
    door = None if badge is None else await queries.door_by_number(badge.number)
    if badge is None or door is None or not is_genuine(_key(request), badge):
        raise Refusal("presence.badge")
    guest = await queries.guest(door.id, badge.line)
    if guest is None:
        raise Refusal("presence.badge")
    return door, guest


def _line_of(request: Asked, door: DoorRow, text: str) -> int:
    """The line of a badge of this draw; Refusal presence.badge for any other."""
    badge = find_badge(text)
    if badge is None or not _ours(request, door, badge):
        raise Refusal("presence.badge")
    return badge.line


def _ours(request: Asked, door: DoorRow, badge: Badge) -> bool:
    return badge.number == door.number and is_genuine(_key(request), badge)


async def _check_in(request: Asked, door: DoorRow, arrivals: Sequence[Arrival]) -> list[Seen]:
    return await actions.check_in(
        pages.process(request).redis,
        door.id,
        arrivals,
        by=pages.signed_in(request).id,
        now=clock.now(),
        new_id=new_id,
    )


def _once(seen: Sequence[Seen]) -> Seen:
    """The answer to a single arrival; what is wrong with it as a Refusal."""
    if seen[0].verdict == "refused":
        raise Refusal(seen[0].code)
    return seen[0]


async def _take(request: Asked, door: DoorRow, items: Sequence[Item]) -> list[Seen]:
    """What becomes of each item, in their order; a badge that is not ours is refused by itself."""
    arrivals: list[Arrival] = []
    forged: dict[str, Seen] = {}
    for one in items:
        badge = find_badge(one.badge) if one.badge else None
        if one.badge and (badge is None or not _ours(request, door, badge)):
            forged[one.nonce] = Seen(one.nonce, -1, "refused", None, "presence.badge")
            continue
        line = badge.line if badge is not None else one.line
        if line is None:
            raise Refusal("presence.file")
        arrivals.append(Arrival(line, one.at, one.way, one.nonce))
    seen = {one.nonce: one for one in (await _check_in(request, door, arrivals) if arrivals else [])} | forged
    return [seen[one.nonce] for one in items]


async def _scan(request: Asked, door: DoorRow, guest: GuestRow) -> Response[bytes]:
    """The big word after a scan; "in already" is as good as "in"."""
    (seen,) = await _check_in(request, door, [Arrival(guest.line, clock.now(), "scan")])
    words = pages.sentence(request, seen.code, {}) if seen.code else ""
    status = 409 if seen.verdict == "refused" else 200
    return pages.page(
        request, "draws/desk/check_in_badge.html", status, draw=door, guest=guest, seen=seen, badge="", words=words
    )


async def _page(request: Asked, door: DoorRow, problem: str = "", brought: str = "") -> Response[bytes]:
    """`problem`: what is wrong with the list that was `brought` as text."""
    text = asked_for(request).text("text", most=300)
    return desk_page(
        request,
        "draws/desk/check_in.html",
        409 if problem else 200,
        problem=problem,
        brought=brought,
        draw=door,
        shut=_shut(door),
        text=text,
        found=await queries.guests_found(door.id, text),
        last=await queries.arrived_last(door.id),
        file_mark=FILE,
    )


def _shut(door: DoorRow) -> str:
    """Why nobody is checked in here now, as a code; "" when the door is open."""
    if door.rehearsal:
        return "presence.rehearsal"
    if door.state == "frozen":
        return ""
    return "presence.not_open" if door.state in ("draft", "freezing") else "presence.closed"


HANDLERS = [
    show_check_in,
    check_in,
    undo,
    send_list,
    sync,
    bring_file,
    send_present,
    show_badge,
    confirm_badge,
]
