"""Rooms: open one, run it from a laptop or a phone, and see who is in it."""

import hashlib
import itertools
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from games.quizzes import actions, queries, rules
from games.quizzes.actions import Moved, Stale
from rewards.ledger import queries as ledger
from rewards.members import queries as members
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import human_code, new_id
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.live import Channel, EventStream
from server.web.quizzes.live import live, remaining, room_or_refuse

CODE_LENGTH = 5
CODE_TRIES = 8
MOST_PLAYERS = 2000
"""Players that one list shows, the latest first."""

CONFIRMED: tuple[rules.Move, ...] = ("skip", "end", "cancel")
"""Moves that ask once, on a page of their own: the live page may change under the host's finger."""

ANY_TIME = ("end", "cancel")
"""Moves that need no version: they cannot be done twice."""


@get("/desk/rooms", guards=[guards.may("rooms.read")])
async def list_rooms(request: Asked) -> Response[bytes]:
    """What is under way or waits for its time, and what is over."""
    return await _list(request, {})


async def _list(request: Asked, given: Mapping[str, str], status: int = 200, problem: str = "") -> Response[bytes]:
    return desk_page(
        request,
        "quizzes/desk/rooms.html",
        status,
        given=given,
        problem=problem,
        live=await queries.rooms(live=True),
        over=await queries.rooms(live=False),
        quizzes=await queries.quizzes(),
        room_id=new_id(),
    )


@post("/desk/rooms", guards=[guards.may("rooms.host")])
async def open_room(request: Asked) -> Response[bytes]:
    """A room for a quiz, now or at a set time. `id` comes with the form: a second tap finds the first room. What is
    wrong is said in the form."""
    form, now = await pages.form(request), clock.now()
    given = {name: form.text(name, most=40) for name in ("id", "quiz", "opens_at", "ends_at")}
    room_id, quiz = pages.uuid_of(given["id"]) if given["id"] else new_id(), pages.uuid_of(given["quiz"])
    season = await ledger.season_of(pages.process(request).today())
    try:
        await _opened(
            room_id,
            quiz,
            host=pages.signed_in(request).id,
            season=season.id if season else None,
            now=now,
            opens_at=form.moment("opens_at", request),
            ends_at=form.moment("ends_at", request),
        )
    except Refusal as refusal:
        status = pages.listing(request).status_of(refusal.code)
        return await _list(request, given, status, pages.said(request, refusal))
    return pages.go(request, f"/desk/rooms/{room_id}")


async def _opened(
    room_id: UUID,
    quiz: UUID,
    *,
    host: UUID,
    season: UUID | None,
    now: datetime,
    opens_at: datetime | None,
    ends_at: datetime | None,
) -> None:
    for _ in range(CODE_TRIES):
        ids = itertools.chain((room_id,), iter(new_id, None))
        try:
            await actions.open_room(
                quiz,
                host=host,
                season=season,
                code=human_code(CODE_LENGTH),
                now=now,
                new_id=lambda ids=ids: next(ids),  # type: ignore[misc]
                opens_at=opens_at,
                ends_at=ends_at,
            )
        except asyncpg.UniqueViolationError:
            if await queries.room(room_id) is not None:
                return
        else:
            return
    raise Refusal("room.no_code")


@get("/desk/rooms/{room_id:uuid}", guards=[guards.may("rooms.read")])
async def show_room(request: Asked, room_id: FromPath[UUID]) -> Response[bytes]:
    """The host's page; for who may only read, the same picture without anything to press."""
    room = await room_or_refuse(room_id)
    hosts = "rooms.host" in pages.signed_in(request).may
    address = pages.process(request).resources.settings.public_url
    return desk_page(
        request,
        "quizzes/desk/room.html",
        hosts=hosts,
        join_link=f"{address}/rooms/{room.code}",
        values=await live(request).rooms.facts(room, "desk", pages.locale(request), remaining(room)),
    )


@get("/desk/rooms/{room_id:uuid}/state", guards=[guards.may("rooms.host")])
async def poll_room(request: Asked, room_id: FromPath[UUID]) -> Response[bytes]:
    """For a desk whose stream is cut: the present fragment, or 304 when it has not changed."""
    language = pages.locale(request)
    picture = await pages.process(request).hub.picture(Channel(f"room:{room_id}", "desk", language))
    mark = hashlib.sha256(picture.html.encode()).hexdigest()[:16]
    counts = {"answers": await queries.answered(room_id), "players": await queries.players(room_id)}
    headers = {"X-Laurel-Count": msgspec.json.encode(counts).decode()}
    return pages.unless_known(request, f"{mark}-{language}", picture.text(), headers)


@get("/desk/rooms/{room_id:uuid}/live", guards=[guards.may("rooms.host")])
async def follow_room(request: Asked, room_id: FromPath[UUID]) -> EventStream:
    """The host's one event stream: the room's state and its counters."""
    await room_or_refuse(room_id)
    hub, rooms = pages.process(request).hub, live(request).rooms
    channel = Channel(f"room:{room_id}", "desk", pages.locale(request))

    async def first() -> bytes:
        return (await hub.picture(channel)).frame() + await rooms.count(str(room_id))

    return EventStream(hub, channel, pages.signed_in(request).id, first, pages.hold(request))


# Moves


@post("/desk/rooms/{room_id:uuid}/moves", guards=[guards.may("rooms.host")])
async def move_room(request: Asked, room_id: FromPath[UUID]) -> Response[bytes]:
    """The host's moves. `version` is what the host saw: where the room has gone on meanwhile, nothing is done. Nor
    is it where the same press came twice, which is said."""
    form = await pages.form(request)
    move = form.text("move", most=10, needed=True)
    expected = form.maybe_number("version", least=0, most=2**31 - 1)
    if expected is not None:
        if await _moved(request, room_id, move, expected) is None:
            return pages.told(request, f"/desk/rooms/{room_id}", "room.pressed_twice")
    elif move in ANY_TIME:
        await _moved_now(request, room_id, move)
    else:
        raise Refusal("web.field_missing", field="version")
    if pages.is_htmx(request):
        return Response(b"", status_code=204)
    return pages.go(request, f"/desk/rooms/{room_id}")


async def _moved_now(request: Asked, room_id: UUID, move: str) -> None:
    """A move that means the same whatever the room is showing; a question that closes meanwhile does not stop it."""
    for _ in range(5):
        version = (await room_or_refuse(room_id)).version
        if not isinstance(await _moved(request, room_id, move, version), Stale):
            return


async def _moved(request: Asked, room: UUID, move: str, expected: int) -> Moved | Stale | None:
    """None: the press does not count, as it came too soon after the move before it."""
    redis, now = pages.process(request).redis, clock.now()
    if move in rules.PRESSED:
        version, moved_at = await queries.last_move(room) or (0, now)
        # The room's last move belongs to its version, and every action is for this version alone.
        if version == expected and not rules.counts(move, moved_at, now):
            return None
    match move:
        case "open":
            return await actions.open_lobby(redis, (await room_or_refuse(room)).id, now=now) or Stale(expected)
        case "next":
            return await actions.advance(redis, room, expected=expected, now=clock.now, new_id=new_id)
        case "pause":
            return await actions.pause(redis, room, expected=expected, now=now)
        case "resume":
            return await actions.resume(redis, room, expected=expected, now=now, new_id=new_id)
        case "skip":
            return await actions.skip(redis, room, expected=expected, now=now, new_id=new_id)
        case "end":
            return await actions.end_room(redis, room, expected=expected, now=now, new_id=new_id)
        case "cancel":
            me = pages.signed_in(request)
            return await actions.cancel_room(redis, room, expected=expected, actor=me.id, now=now)
        case _:
            raise Refusal("room.move_unknown")


@get("/desk/rooms/{room_id:uuid}/confirm", guards=[guards.may("rooms.host")])
async def confirm_move(request: Asked, room_id: FromPath[UUID]) -> Response[bytes]:
    """Danger asks once: skip the question, end the quiz, call the room off."""
    room = await room_or_refuse(room_id)
    move = next((known for known in CONFIRMED if known == asked_for(request).text("move", most=10)), None)
    if move not in rules.moves_from(room.state):
        return pages.go(request, f"/desk/rooms/{room_id}")
    players = await queries.players(room_id)
    return desk_page(request, "quizzes/desk/room_confirm.html", room=room, move=move, players=players)


# Players


@get("/desk/rooms/{room_id:uuid}/players", guards=[guards.may("rooms.read")])
async def list_players(request: Asked, room_id: FromPath[UUID]) -> Response[bytes]:
    """Who is in the room, who was sent out."""
    room = await room_or_refuse(room_id)
    inside, outside = await queries.player_ids(room_id, MOST_PLAYERS), await queries.removed_players(room_id)
    people = await members.labels([*inside, *outside])
    return desk_page(
        request,
        "quizzes/desk/room_players.html",
        room=room,
        inside=[(member, people[member]) for member in inside],
        outside=[(member, people[member]) for member in outside],
        players=await queries.players(room_id),
    )


@post("/desk/rooms/{room_id:uuid}/players", guards=[guards.may("rooms.host")])
async def change_player(request: Asked, room_id: FromPath[UUID]) -> Response[bytes]:
    """Send a player out, or let him back in (`back`); his answers stay either way."""
    form = await pages.form(request)
    await room_or_refuse(room_id)
    back = bool(form.text("back", most=5))
    changed = await actions.remove_player(
        pages.process(request).redis,
        room_id,
        form.uuid("member"),
        actor=pages.signed_in(request).id,
        now=clock.now(),
        back=back,
    )
    said = ("desk.player_back" if back else "desk.player_out") if changed else ""
    return pages.go(request, f"/desk/rooms/{room_id}/players", said=said)


HANDLERS = [
    list_rooms,
    open_room,
    show_room,
    poll_room,
    follow_room,
    move_room,
    confirm_move,
    list_players,
    change_player,
]
