"""A draw held from the desk, step by step: sealed, frozen, struck off, armed, dice, secrets, rounds, absences, the end.

Every step is one action; what it refuses stands beside its field on the draw's page, with what was typed.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from litestar import Response, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from rewards.audit import queries as audit
from rewards.draws import actions, queries, states
from rewards.members import queries as members
from rewards.presses import is_repeat
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import claim_code, new_id
from server.web.draws import steps as draw_steps
from server.web.draws.desk import draw_page, slip_of
from server.web.draws.hold.kit_file import is_kit_file, read_kit_file
from server.web.draws.screen import stage
from server.web.frame import guards, pages
from server.web.frame.asked import Asked
from server.web.frame.pages import Form

MOST_LOG: Final = 4 * 1024 * 1024
MOST_LIST: Final = 8 * 1024 * 1024
"""Bytes of an uploaded log and of an uploaded void or presence list; far more than the largest draw has."""

Step = Callable[[Form, Any, UUID], Awaitable[str]]
"""(form, redis, who asks) -> the code of what is said when it is done."""


PRESSED: Final = frozenset(
    {
        "draw.revealed",
        "draw.drawn",
        "draw.round_drawn",
        "draw.called",
        "draw.absence_confirmed",
        "draw.absence_withdrawn",
        "draw.absence_written",
        "draw.redrawn",
    }
)
"""Lines of the trail after which the same finger may lie on a button that means something else by then."""


async def _do(
    request: Asked,
    draw_id: UUID,
    field: str,
    step: Step,
    *,
    to: str = "",
    keep: Sequence[str] = (),
    pressed: bool = False,
) -> Response[bytes]:
    """Run a step. `field`: where its refusal stands; `keep`: the fields whose texts come back with it; `to`: the part
    of the page to go on at; `pressed`: one press makes it, so that it is not made when the same press came twice."""
    form = await pages.form(request)
    process, me = pages.process(request), pages.signed_in(request)
    try:
        again = pressed and await _is_repeat(draw_id, me.id)
        said = "draw.pressed_twice" if again else await step(form, process.redis, me.id)
    except Refusal as refusal:
        if refusal.code in ("draw.unknown", "web.forged"):
            raise
        typed = {name: form.text(name, most=4000) for name in keep}
        return await draw_page(request, draw_id, slip=slip_of(request, refusal, field, **typed))
    return pages.go(request, f"/desk/draws/{draw_id}?said={said}{f'#step-{to}' if to else ''}")


async def _is_repeat(draw_id: UUID, me: UUID) -> bool:
    """Whether a press comes so soon after what was last done to a draw that it belongs to it. What another has
    confirmed waits for just this press."""
    line = next(iter(await audit.latest(1, subject=str(draw_id))), None)
    if line is None or line.code not in PRESSED:
        return False
    return is_repeat(line.at, clock.now()) and (line.actor == me or line.code != "draw.absence_confirmed")


@post("/desk/draws/{draw_id:uuid}/seal", guards=[guards.may("draws.draw"), guards.own_code])
async def seal_for_guest(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Put in the commitment of a custodian who is not on the roster; the secret stays with him."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        try:
            commitment = bytes.fromhex("".join(form.text("commitment", most=200).split()))
        except ValueError:
            raise Refusal("draw.seal.form") from None
        await actions.seal(redis, draw_id, form.text("label", most=32), commitment, member=me, now=clock.now())
        return "draw.said_sealed_by"

    return await _do(request, draw_id, "commitment", step, keep=["label", "commitment"])


@post("/desk/draws/{draw_id:uuid}/witnesses", guards=[guards.may("draws.change")])
async def change_witnesses(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Name a member who gives the second word in this draw, or (drop=1) take one off again."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        number = form.text("witness", most=64)
        person = await members.member_by_staff_number(number)
        if person is None:
            raise Refusal("draw.why_unknown_member", staff_number=number)
        if form.text("drop", most=1):
            await actions.dismiss_witness(redis, draw_id, person.id, actor=me, now=clock.now())
            return "draw.said_witness_dismissed"
        await actions.name_witness(redis, draw_id, person.id, actor=me, now=clock.now(), new_id=new_id)
        return "draw.said_witness_named"

    return await _do(request, draw_id, "witness", step, to="custodians", keep=["witness"])


@post("/desk/draws/{draw_id:uuid}/freeze", guards=[guards.may("draws.draw")])
async def freeze_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Have the list frozen and published; a worker does it, and the page shows how far it is."""

    async def step(_: Form, redis: Any, me: UUID) -> str:
        await actions.ask_freeze(redis, draw_id, actor=me, now=clock.now(), new_id=new_id)
        return "draw.said_freeze_asked"

    return await _do(request, draw_id, "freeze", step, to="freeze")


@post("/desk/draws/{draw_id:uuid}/voids", guards=[guards.may("draws.draw")])
async def strike_off(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Strike somebody's line off before the dice, with the published reason and the desk's own."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        number = form.text("staff_number", most=64)
        person = await members.member_by_staff_number(number)
        own = None if person is None else await queries.entrant(draw_id, person.id)
        if own is None:
            raise Refusal("draw.void.not_listed", staff_number=number)
        reason, why = form.text("reason", most=64), form.text("why", most=300)
        await actions.void(redis, draw_id, own.line, reason, why, actor=me, now=clock.now(), new_id=new_id)
        return "draw.said_voided"

    return await _do(request, draw_id, "staff_number", step, to="voids", keep=["staff_number", "reason", "why"])


@post("/desk/draws/{draw_id:uuid}/unvoid", guards=[guards.may("draws.draw")])
async def put_back(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Take a striking off back."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        await actions.unvoid(redis, draw_id, form.number("line", least=0, most=2**31), actor=me, now=clock.now())
        return "draw.said_unvoided"

    return await _do(request, draw_id, "staff_number", step, to="voids")


@post("/desk/draws/{draw_id:uuid}/arm", guards=[guards.may("draws.draw")])
async def arm_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Lock list, void list and presence list; from here the code is photographed and the dice are thrown."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        hall = bool(form.text("hall", most=1))
        await actions.arm(redis, draw_id, actor=me, now=clock.now(), new_id=new_id, hall=hall)
        return "draw.said_armed_hall" if hall else "draw.said_armed"

    return await _do(request, draw_id, "arm", step, to="dice")


@post("/desk/draws/{draw_id:uuid}/dice", guards=[guards.may("draws.draw")])
async def type_dice(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The dice as first typed, shown in the hall to be compared with the table; they do not count yet."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        wanted = await _wanted(draw_id)
        if form.text("again", most=1):
            await stage.drop_dice(redis, draw_id)
            return "draw.dice_dropped"
        digits = states.clean_digits(form.text("digits", most=4000))
        actions.check_dice(wanted.label, digits)
        await stage.keep_dice(redis, draw_id, digits)
        return "draw.dice_typed"

    return await _do(request, draw_id, "digits", step, to=await _dice_step(draw_id), keep=["digits"])


@post("/desk/draws/{draw_id:uuid}/roll", guards=[guards.may("draws.draw")])
async def read_dice_back(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The dice typed a second time, from the table: when both are the same they count."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        wanted = await _wanted(draw_id)
        digits = states.clean_digits(form.text("digits", most=4000))
        first = await stage.kept_dice(redis, draw_id)
        if not first:
            raise Refusal("draw.dice_first")
        if digits != first:
            raise Refusal("draw.dice_differ")
        said = await _roll(redis, draw_id, wanted, digits, me)
        await stage.drop_dice(redis, draw_id)
        return said

    return await _do(request, draw_id, "digits", step, to=await _after_dice(draw_id), keep=["digits"])


async def _wanted(draw_id: UUID) -> draw_steps.Dice:
    found = draw_steps.dice_wanted(await queries.venue(draw_id))
    if found is None:
        raise Refusal("draw.move")
    return found


async def _dice_step(draw_id: UUID) -> str:
    venue = await queries.venue(draw_id)
    return "dice" if venue is not None and venue.state == "armed" else "winners"


async def _after_dice(draw_id: UUID) -> str:
    venue = await queries.venue(draw_id)
    if venue is None or venue.state != "armed":
        return "winners"
    return "secrets" if venue.manifest.beacon is None else "beacon"


async def _roll(redis: Any, draw_id: UUID, wanted: draw_steps.Dice, digits: str, me: UUID) -> str:
    """Write dice that were read back, for what they were thrown for."""
    now = clock.now()
    if wanted.event == "venue":
        await actions.roll(redis, draw_id, digits, actor=me, now=now, new_id=new_id)
        return "draw.said_rolled"
    if wanted.event == "round":
        await actions.open_round(
            redis, draw_id, wanted.round, digits, actor=me, now=now, new_id=new_id, new_code=claim_code
        )
        return "draw.said_round_drawn"
    await actions.redraw(
        redis,
        draw_id,
        wanted.prize,
        wanted.slot,
        wanted.attempt,
        digits,
        actor=me,
        now=now,
        new_id=new_id,
        new_code=claim_code,
    )
    return "draw.said_redrawn"


@post("/desk/draws/{draw_id:uuid}/beacon", guards=[guards.may("draws.draw")])
async def take_beacon(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The public beacon's value, copied from any of its servers; the signature is checked."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        signature = form.text("signature", most=400)
        await actions.beacon(redis, draw_id, signature, actor=me, now=clock.now(), new_id=new_id)
        return "draw.said_beacon_taken"

    return await _do(request, draw_id, "signature", step, to="secrets", keep=["signature"])


@post("/desk/draws/{draw_id:uuid}/reveal", guards=[guards.may("draws.draw")])
async def open_secret(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Open the next custodian's secret, scanned or typed from paper row by row."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        rows = [row.strip() for row in form.all("row")]
        typed = form.text("secret", most=4000) or "\n".join(f"{n}: {row}" for n, row in enumerate(rows, 1) if row)
        done = await actions.reveal(
            redis, draw_id, typed, actor=me, now=clock.now(), new_id=new_id, new_code=claim_code
        )
        return "draw.said_drawn" if done.state == "drawn" else "draw.said_revealed"

    return await _do(request, draw_id, "secret", step, to="secrets", keep=["secret"], pressed=True)


@post("/desk/draws/{draw_id:uuid}/rounds", guards=[guards.may("draws.draw")])
async def draw_round(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Draw the next round that has no dice of its own."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        code = form.text("round", most=32)
        await actions.open_round(redis, draw_id, code, actor=me, now=clock.now(), new_id=new_id, new_code=claim_code)
        return "draw.said_round_drawn"

    return await _do(request, draw_id, "round", step, to="winners", pressed=True)


@post("/desk/draws/{draw_id:uuid}/places", guards=[guards.may("draws.draw"), guards.own_code])
async def decide_place(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """One winner: called, not there, declined, not eligible; or a first confirmation taken back."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        at, wish = _place(form), form.text("do", most=12)
        if wish == "call":
            await actions.call(redis, draw_id, *at, actor=me, now=clock.now(), new_id=new_id)
            return "draw.said_called"
        if wish == "undo":
            await actions.withdraw_absence(redis, draw_id, *at, actor=me, now=clock.now())
            return "draw.said_absence_withdrawn"
        return await _confirm(redis, draw_id, form, me)

    return await _do(request, draw_id, await _place_field(request), step, to="winners", pressed=True)


@post("/desk/draws/{draw_id:uuid}/confirmations", guards=[guards.may("draws.read"), guards.own_code])
async def confirm_place(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """The second word that a winner goes; a witness may give it who cannot hold draws. The first needs one who can."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        return await _confirm(redis, draw_id, form, me)

    return await _do(request, draw_id, await _place_field(request), step, to="winners", pressed=True)


def _place(form: Form) -> tuple[str, int, int]:
    """Prize, slot and attempt that a button belongs to."""
    return (
        form.text("prize", most=32),
        form.number("slot", least=0, most=2**31),
        form.number("attempt", least=0, most=2**31),
    )


async def _place_field(request: Asked) -> str:
    """Where on the page a refusal of this place is shown."""
    form = await pages.form(request)
    return f"place-{form.text('prize', most=32)}-{form.text('slot', most=10)}"


async def _confirm(redis: Any, draw_id: UUID, form: Form, me: UUID) -> str:
    wish = form.text("do", most=12)
    reason = "" if wish == "absent" else wish
    at = _place(form)
    done = await actions.confirm_absence(
        redis, draw_id, *at, reason, actor=me, now=clock.now(), new_id=new_id, new_code=claim_code
    )
    return "draw.said_absence_confirmed" if done.logged is None else "draw.said_absence_written"


@post("/desk/draws/{draw_id:uuid}/close", guards=[guards.may("draws.draw")])
async def close_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """End the ceremony: alternates are drawn and the time to fetch prizes begins."""

    async def step(_: Form, redis: Any, me: UUID) -> str:
        await actions.close(redis, draw_id, actor=me, now=clock.now(), new_id=new_id)
        return "draw.said_closed"

    return await _do(request, draw_id, "close", step, to="claims")


@post("/desk/draws/{draw_id:uuid}/cancel", guards=[guards.may("draws.draw"), guards.own_code])
async def cancel_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Call the draw off, for a reason that is published; once winners may be known, the first of two says so here."""

    async def step(form: Form, redis: Any, me: UUID) -> str:
        why = form.text("why", most=500)
        off = await actions.cancel(redis, draw_id, actor=me, why=why, now=clock.now(), new_id=new_id)
        return "draw.said_cancelled" if off else "draw.said_cancel_asked"

    return await _do(request, draw_id, "why", step, keep=["why"])


@post("/desk/draws/{draw_id:uuid}/rehearsals", guards=[guards.may("draws.draw")])
async def rehearse_draw(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """Make a rehearsal: a draw of its own with the same rule and list, whose secrets Laurel keeps."""
    process, me = pages.process(request), pages.signed_in(request)
    await pages.form(request)
    try:
        made = await actions.rehearse(
            process.redis,
            draw_id,
            actor=me.id,
            now=clock.now(),
            today=process.today(),
            new_id=new_id,
            random_bytes=secrets.token_bytes,
        )
    except Refusal as refusal:
        if refusal.code == "draw.unknown":
            raise
        return await draw_page(request, draw_id, slip=slip_of(request, refusal, "rehearse"))
    return pages.go(request, f"/desk/draws/{made}", said="draw.said_rehearsed")


@post("/desk/draws/{draw_id:uuid}/transcripts", guards=[guards.may("draws.draw"), guards.own_code])
async def bring_result(request: Asked, draw_id: FromPath[UUID]) -> Response[bytes]:
    """A log from an offline kit: first weighed, then (take=1) taken in by the very same bytes."""
    form = await pages.form(request)
    process, me = pages.process(request), pages.signed_in(request)
    witnesses = form.text("witnesses", most=12_000)
    try:
        log = await _file(form, "log", MOST_LOG)
        voids, present = await _file(form, "void", MOST_LIST), await _file(form, "present", MOST_LIST)
        if log is None:
            raise Refusal("draw.transcript_missing")
        if is_kit_file(log):
            carried = read_kit_file(log)
            log, voids, present = carried.log, carried.voids, carried.present
            witnesses = witnesses or "\n".join(carried.witnesses)
        files = {"log": log.decode("ascii", "replace"), "void": _text(voids), "present": _text(present)}
        if form.text("take", most=1):
            done = await actions.bring(
                process.redis,
                draw_id,
                log,
                voids,
                present,
                witnesses.splitlines(),
                actor=me.id,
                now=clock.now(),
                new_id=new_id,
                new_code=claim_code,
            )
            said = "" if done.verdict == "conflict" else f"draw.transcript.{done.verdict}"  # the page says that in red
            return pages.go(request, f"/desk/draws/{draw_id}", said=said, code=done.code)
        weighed = await actions.weigh(
            draw_id, log, voids, present, witnesses.splitlines(), actor=me.id, now=clock.now()
        )
    except Refusal as refusal:
        if refusal.code == "draw.unknown":
            raise
        typed = {"witnesses": witnesses, "log_text": form.text("log_text", most=MOST_LOG)}
        return await draw_page(request, draw_id, slip=slip_of(request, refusal, "log", **typed))
    return await draw_page(request, draw_id, values={"weighed": weighed, "brought": {**files, "witnesses": witnesses}})


async def _file(form: Form, name: str, most: int) -> bytes | None:
    """A file that was uploaded, or its text as pasted or carried from the preview; None: neither."""
    given: UploadFile | None = form.files.get(name)
    if given is not None and given.filename:
        data = await given.read(most + 1)
        if len(data) > most:
            raise Refusal("file.too_large", megabytes=most // 1024**2)
        return data
    text = form.text(f"{name}_text", most=most).replace("\r\n", "\n").strip("\n")
    return f"{text}\n".encode() if text else b"" if form.text(f"{name}_empty", most=1) else None


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("ascii", "replace")


HANDLERS = [
    seal_for_guest,
    change_witnesses,
    freeze_draw,
    strike_off,
    put_back,
    arm_draw,
    type_dice,
    read_dice_back,
    take_beacon,
    open_secret,
    draw_round,
    decide_place,
    confirm_place,
    close_draw,
    cancel_draw,
    rehearse_draw,
    bring_result,
]
