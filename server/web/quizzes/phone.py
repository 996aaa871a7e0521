"""The room on a phone: join, follow, answer."""

from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from games.quizzes import actions, queries
from games.quizzes.actions import Written
from games.quizzes.queries import RoomRow
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.web.frame import guards, html, pages
from server.web.frame.asked import Asked
from server.web.frame.limits import Policy, network_of
from server.web.frame.live import Channel, EventStream, json_event
from server.web.quizzes.answering import Answering
from server.web.quizzes.live import letters, live, remaining, room_or_refuse

WRONG_ROOMS: Final = Policy("room.code", 30, 1 / 20)
"""Codes that are no room's, by the member who tries them, in a form or an address: nobody uses up another's tries."""

WRONG_ROOMS_OUTSIDE: Final = Policy("room.outside", 300, 1.0)
"""The same by address, for whoever is not signed in. After them he is led on without a word about the code."""


@get("/rooms/{code:str}")
async def show_room(request: Asked, code: FromPath[str]) -> Response[bytes]:
    """The room's page for whoever has joined it, the way in for others: looking joins nobody. Not signed in: sign in,
    then back here."""
    me = pages.me(request)
    if me is None:
        return pages.go(request, "/sign-in?" + urlencode({"next": f"/rooms/{code}"}))
    room = await queries.room_by_code(code)
    known = None if room is None else await queries.mine(room.id, me.id)
    if room is None or known is None or not known.joined:
        room = await _found(request, code)
        if room.state in ("scheduled", "cancelled"):
            raise Refusal("room.closed")
        return pages.page(request, "quizzes/phone/way_in.html", room=room)
    if known.removed:
        raise Refusal("room.removed")
    rooms = live(request).rooms
    facts = await rooms.facts(room, "phone", pages.locale(request), remaining(room))
    mine = await rooms.own(room, me.id) | {"name": me.name}
    return pages.page(request, "quizzes/phone/room.html", values=facts | {"mine": mine})


@post("/rooms", opt={"page": "/play"})
async def find_room(request: Asked) -> Response[bytes]:
    """Whoever is signed in joins the room whose code he typed or tapped; others are led to its page."""
    form, me = await pages.form(request), pages.me(request)
    code = form.text("code", most=20).lower()
    try:
        room = await _found(request, code)
    except Refusal as refusal:
        if refusal.code == "room.unknown":
            return pages.go(request, f"{'/' if me is None else '/play'}?{urlencode({'code': code})}")
        if me is not None:
            raise
    else:
        if me is not None:
            joined = await actions.join(pages.process(request).redis, room.id, me.id, now=clock.now(), new_id=new_id())
            if joined in ("closed", "removed"):
                raise Refusal(f"room.{joined}")
    return pages.go(request, f"/rooms/{quote(code, safe='')}")


async def _found(request: Asked, code: str) -> RoomRow:
    """The room of a code that may be a guess. Refusals: room.unknown, which counts; web.too_many after too many."""
    me, limits = pages.me(request), pages.process(request).limits
    policy = WRONG_ROOMS_OUTSIDE if me is None else WRONG_ROOMS
    key = network_of(request.client.host if request.client else "") if me is None else str(me.id)
    taken = await limits.tried(policy, key)
    if not taken.allowed:
        raise Refusal("web.too_many", seconds=taken.retry_after_seconds)
    room = await queries.room_by_code(code)
    if room is None:
        raise Refusal("room.unknown")
    await limits.right(policy, key)
    return room


@get("/rooms/{room_id:uuid}/state", guards=[guards.signed_in])
async def poll_room(request: Asked, room_id: FromPath[UUID]) -> Response[bytes]:
    """For a phone whose stream is cut: the present fragment, or 304; its own lines travel in a header."""
    me = pages.signed_in(request)
    room = await _playing(room_id, me.id)
    language = pages.locale(request)
    picture = await pages.process(request).hub.picture(Channel(f"room:{room_id}", "phone", language))
    mine = await live(request).rooms.own(room, me.id)
    headers = {"X-Laurel-Mine": msgspec.json.encode(mine).decode()}
    if room.state == "lobby":
        headers["X-Laurel-Count"] = msgspec.json.encode({"players": await queries.players(room_id)}).decode()
    return pages.unless_known(request, f"{picture.version}-{language}", picture.text(), headers)


async def _playing(room_id: UUID, member: UUID) -> RoomRow:
    room = await room_or_refuse(room_id)
    mine = await queries.mine(room_id, member)
    if not mine.joined:
        raise Refusal("room.not_joined")
    if mine.removed:
        raise Refusal("room.removed")
    return room


@get("/rooms/{room_id:uuid}/live", guards=[guards.signed_in])
async def follow_room(request: Asked, room_id: FromPath[UUID]) -> EventStream:
    """The phone's one event stream: the room's state for all, and its own lines."""
    me, whose = pages.signed_in(request), pages.stream_of(request)
    room = await _playing(room_id, me.id)
    hub = pages.process(request).hub
    rooms = live(request).rooms
    channel = Channel(f"room:{room_id}", "phone", pages.locale(request))

    async def first() -> bytes:
        picture = await hub.picture(channel)
        now = room if str(room.version) == picture.version else await room_or_refuse(room_id)
        own = json_event("mine", await rooms.own(now, me.id))
        if now.state == "lobby":
            own += json_event("count", {"players": await queries.players(room_id)})
        return picture.frame() + own

    return EventStream(hub, channel, me.id, first, pages.hold(request), whose)


_REFUSED = {
    "late": "round.late",
    "paused": "round.paused",
    "not_in_room": "room.not_joined",
    "unknown": "round.unknown",
    "stale_key": "web.resting",
}
_got_it: dict[tuple[str, int, bool], bytes] = {}


async def recorded(
    answering: Answering, round_id: UUID, member: UUID, form: pages.Form, received_at: datetime
) -> Written:
    """A member's answer in the table: this one or, for a repeat, his first. Refusals: round.*, room.*, web.resting."""
    try:
        chosen = sorted({int(value) for value in form.all("picked")[:8]})
    except ValueError:
        raise Refusal("round.malformed") from None
    written = await answering.answer(round_id, member, chosen, received_at)
    if written.outcome in _REFUSED:
        raise Refusal(_REFUSED[written.outcome])
    return written


def got_it(locale: str, written: Written) -> bytes:
    """What the page shows once the answer is in the table; rendered once for each that there can be."""
    key = (locale, written.picked, written.outcome == "duplicate")
    body = _got_it.get(key)
    if body is None:
        shown = {"picked": letters(written.picked), "again": key[2]}
        body = html.render_block("quizzes/phone/room.html", "got_it", locale, **shown).encode()
        _got_it[key] = body
    return body


@post("/rounds/{round_id:uuid}/answers", opt={"page": "/play"}, guards=[guards.signed_in])
async def answer(request: Asked, round_id: FromPath[UUID]) -> Response[bytes]:
    """One answer a member a question. The page says "got it" only after the commit.

    Most come the short way (shortcut.py); what was refused there is told here.
    """
    received_at = clock.now()
    me = pages.signed_in(request)
    refused: Exception | None = request.scope["state"].get("refused")
    if refused is not None:
        raise refused
    written = await recorded(live(request).answering, round_id, me.id, await pages.form(request), received_at)
    if not pages.is_htmx(request):
        return await _back_to_room(request, round_id)
    body = got_it(pages.locale(request), written)
    return Response(body, status_code=200, media_type="text/html")


async def _back_to_room(request: Asked, round_id: UUID) -> Response[bytes]:
    found = await queries.answer_key(round_id)
    if found is None:
        raise Refusal("round.unknown")
    return pages.go(request, f"/rooms/{(await room_or_refuse(found.room)).code}")


HANDLERS = [show_room, find_room, poll_room, follow_room, answer]
