"""A draw at its venue: who keeps the secrets, what has happened, what may come next, and what was brought besides.

Everything of the course is read from the log, which the server has composed itself; nothing is drawn again here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from rewards import database as db
from rewards.draws import rules
from rewards.draws.states import masked, shown_name

CONFLICTS: Final = "conflicts"
"""Folder of the logs that contradict the one that counts, beside the published files."""


@dataclass(frozen=True, slots=True)
class CustodianRow:
    """Who keeps a secret, in the order of the manifest. `member` None: somebody who is not on the roster.

    `commitment` is hex, "" before it is sealed; `sealed_by` is a name. `kept`: the server made the secret itself (a
    rehearsal). `revealed`: the secret stands in the log.
    """

    position: int
    label: str
    name: str
    member: UUID | None
    commitment: str
    sealed_at: datetime | None
    sealed_by: str
    kept: bool
    revealed: bool


@dataclass(frozen=True, slots=True)
class Custody:
    """What a custodian has to do with one draw. `slug` is what his commitment is made of, with `label`.

    `commitment` is hex, "" while he has not sealed.
    """

    draw: UUID
    slug: str
    title: str
    state: str
    label: str
    commitment: str
    sealed_at: datetime | None


@dataclass(frozen=True, slots=True)
class VoidRow:
    """A line struck off before the dice. `reason` is one of states.VOID_REASONS, `why` for the desk, `by` a name."""

    line: int
    member: UUID
    name: str
    staff_number: str
    reason: str
    why: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EventLine:
    """A line of the log: its `number` from 1, its first word, the whole of it, and the code after it."""

    number: int
    kind: str
    text: str
    code: str


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round of the ceremony. `dice` is a label, "" for none; `digits` are those that were thrown for it."""

    id: str
    dice: str
    drawn: bool
    digits: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a prize as drawn in one attempt, `line` None: nobody could win it.

    `shown` is the name for everybody's eyes. `win` is the win's id, `state` that of the win ("" when unfilled).
    `called_at` None: not called. `reason` says of a place that was lost whether its winner was absent (""), declined or
    is ineligible.
    """

    prize: str
    slot: int
    attempt: int
    line: int | None
    win: UUID | None
    member: UUID | None
    name: str
    shown: str
    staff_number: str
    unit: str
    state: str
    called_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """The first of two confirmations that a standing winner goes; `by` is who gave it, `by_name` his name.

    `reason`: "" for not there, else declined or ineligible.
    """

    prize: str
    slot: int
    attempt: int
    reason: str
    by: UUID
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Venue:
    """A frozen draw at its venue, for desk, stage and phones.

    `fingerprint` is M in hex. `events`: the whole log. `arm_code` is the code that is photographed before the dice,
    `code` that of the log's end; "" before the arm. `digits` and `beacon` are "" until they stand in the log.
    `next` says which events may come (`arm` and `abort` before the arm). `waiting`: the slot whose dice must be thrown
    before anything else. `places`: what stands now, in the order of the prizes; `gone`: lost places, in the order of
    the log. `alternates`: (prize, place, line) once closed. `voids` and `checked_in` count lines, once armed those that
    are locked; `conflicts` counts logs that contradict this one.
    """

    draw: UUID
    slug: str
    title: str
    state: str
    version: int
    rehearses: UUID | None
    manifest: rules.Manifest
    fingerprint: str
    arm_after: datetime | None
    drawn_at: datetime | None
    closed_at: datetime | None
    custodians: tuple[CustodianRow, ...]
    events: tuple[EventLine, ...]
    arm_code: str
    code: str
    digits: str
    beacon: str
    rounds: tuple[RoundRow, ...]
    next: rules.Next
    waiting: rules.Redraw | None
    places: tuple[Slot, ...]
    gone: tuple[Slot, ...]
    alternates: tuple[tuple[str, int, int], ...]
    doubts: tuple[Doubt, ...]
    checked_in: int
    voids: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """A log that was brought from an offline kit. `verdict`: counts or conflict; `by` is a name."""

    code: str
    verdict: str
    witnesses: tuple[str, ...]
    by: str
    at: datetime

    @property
    def file(self) -> str:
        """Where a conflicting log stands among the published files."""
        return f"{CONFLICTS}/{self.code}.log.txt"


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A log from a hall that waits for a second person. `by_name` brought it; `replaced` counts the winners of its own
    that it draws again."""

    code: str
    by: UUID
    by_name: str
    at: datetime
    witnesses: tuple[str, ...]
    replaced: int


@dataclass(frozen=True, slots=True)
class CallingOff:
    """One person's word that a draw is to be called off: it waits for another's."""

    by: UUID
    by_name: str
    why: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsal of a draw; it is a draw of its own."""

    draw: UUID
    slug: str
    state: str
    at: datetime


class Course(NamedTuple):
    """What a log of ours tells. `composed` is as composing it would give it, without counters, weights and keys, which
    a log does not tell; `gone`: (prize, slot, attempt, line, reason) of the places that were lost, in order; `digits`
    of rounds with dice, by round."""

    composed: rules.Composed
    gone: tuple[tuple[str, int, int, int, str], ...]
    digits: Mapping[str, str]


_UNKNOWN: Final = b"\0"
"""Stands for a key that a log does not tell."""


def course(manifest: rules.Manifest, lines: Sequence[str]) -> Course:
    """Read a log that the server has composed. Pure; linear in the lines."""
    prizes = {prize.id: (number, prize) for number, prize in enumerate(manifest.prizes)}
    standing: dict[tuple[str, int], rules.Outcome] = {}
    gone: list[tuple[str, int, int, int, str]] = []
    digits: dict[str, str] = {}
    alternates: list[rules.Alternate] = []
    waiting: rules.Redraw | None = None
    reveals = rounds = 0
    aborted = False
    for kind, *fields in (line.split(" ") for line in lines):
        if kind == "reveal":
            reveals += 1
        elif kind == "round":
            rounds += 1
            digits[fields[0]] = fields[2] if len(fields) > 2 else ""
        elif kind == "win":
            at = fields[0], int(fields[1])
            standing[at] = rules.Outcome(*at, int(fields[2]), _picked(fields[3]))
        elif kind == "absent":
            lost = standing.pop((fields[0], int(fields[1])))
            line = -1 if lost.pick is None else lost.pick.line
            gone.append((lost.prize, lost.slot, lost.attempt, line, fields[3] if len(fields) > 3 else ""))
            if dice := prizes[lost.prize][1].redraw:
                waiting = rules.Redraw(lost.prize, lost.slot, lost.attempt + 1, rules.redraw_label(dice))
        elif kind == "redraw":
            waiting = None
        elif kind == "alternate":
            alternates.append(rules.Alternate(fields[0], int(fields[1]), _picked(fields[2])))
        elif kind == "abort":
            aborted = True
    drawing = reveals == len(manifest.commit)
    if drawing and not manifest.stages[0].dice:
        rounds += 1
    outcomes = sorted(standing.values(), key=lambda one: (prizes[one.prize][0], one.slot))
    composed = rules.Composed(
        tuple(lines),
        () if aborted else tuple(outcomes),
        tuple(alternates),
        _UNKNOWN if drawing else b"",
        (_UNKNOWN,) * rounds,
        None if aborted else waiting,
    )
    return Course(composed, tuple(gone), digits)


def _picked(field: str) -> rules.Pick | None:
    return None if field == "unfilled" else rules.Pick(0, 0, 0, int(field))


async def venue(draw_id: UUID) -> Venue | None:
    """The draw at its venue; None: no such draw, or not frozen yet."""
    found = await db.row(
        "SELECT slug, title, state, version, rehearses, manifest, log, shown_names, arm_after, drawn_at,"
        " closed_at, draw.voids AS struck, present, (SELECT count(*) FROM void_line WHERE draw = draw.id) AS voids,"
        " (SELECT count(*) FROM check_in JOIN entrant USING (draw, member) WHERE draw = draw.id) AS checked_in,"
        " (SELECT count(*) FROM transcript WHERE draw = draw.id AND verdict = 'conflict') AS conflicts"
        " FROM draw WHERE id = $1",
        draw_id,
    )
    if found is None or found["manifest"] is None:
        return None
    data = bytes(found["manifest"])
    manifest = rules.parse_manifest(data)
    lines = (found["log"] or "").splitlines()
    m = rules.manifest_hash(data)
    codes = [rules.display_code(head) for head in (await asyncio.to_thread(rules.chain, m, lines))[1:]]
    events = tuple(
        EventLine(number, text.partition(" ")[0], text, code)
        for number, (text, code) in enumerate(zip(lines, codes, strict=True), 1)
    )
    told = course(manifest, lines)
    composed = told.composed
    places, gone = await _places(draw_id, told, found["shown_names"])
    revealed = {text.split(" ")[1] for text in lines if text.startswith("reveal ")}
    return Venue(
        draw=draw_id,
        slug=found["slug"],
        title=found["title"],
        state=found["state"],
        version=found["version"],
        rehearses=found["rehearses"],
        manifest=manifest,
        fingerprint=m.hex(),
        arm_after=found["arm_after"],
        drawn_at=found["drawn_at"],
        closed_at=found["closed_at"],
        custodians=tuple(await _custodians(draw_id, revealed)),
        events=events,
        arm_code=codes[0] if codes else "",
        code=codes[-1] if codes else "",
        digits=_field(lines, "venue", 2),
        beacon=_field(lines, "beacon", 2),
        rounds=tuple(
            RoundRow(stage.id, stage.dice, number < len(composed.keys), told.digits.get(stage.id, ""))
            for number, stage in enumerate(manifest.stages)
        ),
        next=rules.next_events(manifest, composed) if lines else rules.Next(frozenset({"arm", "abort"})),
        waiting=composed.waiting,
        places=places,
        gone=gone,
        alternates=tuple((one.prize, one.place, one.pick.line) for one in composed.alternates if one.pick is not None),
        doubts=tuple(await _doubts(draw_id)),
        checked_in=found["checked_in"] if found["present"] is None else found["present"].count(b"\n"),
        voids=(found["struck"] or b"").count(b"\n") if lines else found["voids"],
        conflicts=found["conflicts"],
    )


async def custodians(draw_id: UUID) -> list[CustodianRow]:
    """Who keeps the secrets of a draw, planned or frozen."""
    log = await db.value("SELECT log FROM draw WHERE id = $1", draw_id)
    return await _custodians(
        draw_id, {line.split(" ")[1] for line in (log or "").splitlines() if line.startswith("reveal ")}
    )


async def custodian_of(member: UUID) -> list[Custody]:
    """The draws that a member keeps a secret of, the latest first; rehearsals are left out."""
    found = await db.rows(
        "SELECT draw.id AS draw, slug, title, state, label, coalesce(encode(commitment, 'hex'), '') AS commitment,"
        " sealed_at FROM custodian JOIN draw ON draw.id = custodian.draw"
        " WHERE custodian.member = $1 AND rehearses IS NULL ORDER BY number DESC, position",
        member,
    )
    return [Custody(**dict(one)) for one in found]


async def kept_secrets(draw_id: UUID) -> dict[str, bytes]:
    """Label -> the 32 bytes that the server made itself, for a rehearsal; empty for every other draw."""
    found = await db.rows(
        "SELECT label, kept FROM custodian WHERE draw = $1 AND kept IS NOT NULL ORDER BY position", draw_id
    )
    return {one["label"]: bytes(one["kept"]) for one in found}


async def voids(draw_id: UUID) -> list[VoidRow]:
    """The lines that are struck off, by line."""
    found = await db.rows(
        "SELECT void_line.line, entrant.member, coalesce(nullif(entrant.name, ''), member.name) AS name,"
        " coalesce(nullif(entrant.staff_number, ''), member.staff_number) AS staff_number, reason, why,"
        " coalesce(adder.name, '') AS by, added_at AS at FROM void_line"
        " JOIN entrant ON entrant.draw = void_line.draw AND entrant.line = void_line.line"
        " JOIN member ON member.id = entrant.member LEFT JOIN member AS adder ON adder.id = added_by"
        " WHERE void_line.draw = $1 ORDER BY void_line.line",
        draw_id,
    )
    return [VoidRow(**dict(one)) for one in found]


async def transcripts(draw_id: UUID) -> list[TranscriptRow]:
    """Every log that was brought and stored, the earliest first."""
    found = await db.rows(
        "SELECT code, verdict, witnesses, coalesce(member.name, '') AS by, brought_at AS at FROM transcript"
        " LEFT JOIN member ON member.id = brought_by WHERE draw = $1 ORDER BY brought_at, transcript.id",
        draw_id,
    )
    return [TranscriptRow(one["code"], one["verdict"], tuple(one["witnesses"]), one["by"], one["at"]) for one in found]


async def waiting_logs(draw_id: UUID) -> list[WaitingRow]:
    """The logs from a hall that would count, the earliest first."""
    found = await db.rows(
        "SELECT code, brought_by AS by, coalesce(member.name, '') AS by_name, brought_at AS at, witnesses, log"
        " FROM waiting_log LEFT JOIN member ON member.id = brought_by WHERE draw = $1"
        " ORDER BY brought_at, waiting_log.id",
        draw_id,
    )
    return [
        WaitingRow(
            one["code"], one["by"], one["by_name"], one["at"], tuple(one["witnesses"]), one["log"].count("\nabsent ")
        )
        for one in found
    ]


async def calling_off(draw_id: UUID) -> CallingOff | None:
    """Who wants to call the draw off and waits for a second person; None: nobody."""
    found = await db.row(
        "SELECT off_asked_by AS by, coalesce(member.name, '') AS by_name, off_why AS why FROM draw"
        " LEFT JOIN member ON member.id = off_asked_by"
        " WHERE draw.id = $1 AND off_asked_by IS NOT NULL AND off_at IS NULL",
        draw_id,
    )
    return None if found is None else CallingOff(**dict(found))


async def annulled(draw_id: UUID) -> list[tuple[str, str]]:
    """(prize, masked name) of who had won when the draw was called off, in the order of the prizes."""
    found = await db.rows(
        "SELECT prize.name AS prize, coalesce(nullif(entrant.name, ''), member.name) AS name FROM win"
        " JOIN prize ON prize.id = win.prize JOIN member ON member.id = win.member"
        " LEFT JOIN entrant ON entrant.draw = win.draw AND entrant.line = win.line"
        " WHERE win.draw = $1 AND win.state = 'annulled' ORDER BY prize.position, win.slot, win.attempt",
        draw_id,
    )
    return [(one["prize"], masked(one["name"])) for one in found]


async def conflicts(draw_id: UUID) -> list[TranscriptRow]:
    """The logs that contradict the one that counts, the earliest first."""
    return [one for one in await transcripts(draw_id) if one.verdict == "conflict"]


async def conflict_files(draw_id: UUID) -> dict[str, bytes]:
    """Name below the published folder -> bytes, of each conflicting log with the lists that it locks."""
    found = await db.rows(
        "SELECT code, log, voids, present FROM transcript WHERE draw = $1 AND verdict = 'conflict'"
        " ORDER BY brought_at, id",
        draw_id,
    )
    files: dict[str, bytes] = {}
    for one in found:
        files[f"{CONFLICTS}/{one['code']}.log.txt"] = one["log"].encode("ascii")
        for name, content in (("void", one["voids"]), ("present", one["present"])):
            if content is not None:
                files[f"{CONFLICTS}/{one['code']}.{name}.tsv"] = bytes(content)
    return files


async def rehearsals(draw_id: UUID) -> list[Rehearsal]:
    """The rehearsals of a draw, the latest first."""
    found = await db.rows(
        "SELECT id AS draw, slug, state, created_at AS at FROM draw WHERE rehearses = $1 ORDER BY number DESC", draw_id
    )
    return [Rehearsal(**dict(one)) for one in found]


async def _custodians(draw_id: UUID, revealed: set[str]) -> list[CustodianRow]:
    found = await db.rows(
        "SELECT position, label, custodian.name, custodian.member,"
        " coalesce(encode(commitment, 'hex'), '') AS commitment, sealed_at, coalesce(sealer.name, '') AS sealed_by,"
        " kept IS NOT NULL AS kept FROM custodian LEFT JOIN member AS sealer ON sealer.id = sealed_by"
        " WHERE draw = $1 ORDER BY position",
        draw_id,
    )
    return [CustodianRow(**dict(one), revealed=one["label"] in revealed) for one in found]


async def _doubts(draw_id: UUID) -> list[Doubt]:
    """Confirmations of winners who still stand and wait for a second person."""
    found = await db.rows(
        "SELECT prize.code AS prize, one.slot, one.attempt, one.reason, one.confirmed_by AS by,"
        " coalesce(member.name, '') AS by_name, one.confirmed_at AS at FROM absence_confirmation AS one"
        " JOIN prize ON prize.id = one.prize LEFT JOIN member ON member.id = one.confirmed_by"
        " JOIN win ON (win.draw, win.prize, win.slot, win.attempt) = (one.draw, one.prize, one.slot, one.attempt)"
        " WHERE one.draw = $1 AND win.state IN ('drawn', 'called') ORDER BY one.confirmed_at, one.id",
        draw_id,
    )
    return [Doubt(**dict(one)) for one in found]


async def _places(draw_id: UUID, told: Course, how: str) -> tuple[tuple[Slot, ...], tuple[Slot, ...]]:
    """The standing places and the lost ones, with the people behind their lines."""
    stands = [
        (one.prize, one.slot, one.attempt, None if one.pick is None else one.pick.line, "")
        for one in told.composed.outcomes
    ]
    wanted = {line for *_, line, _ in (*stands, *told.gone) if line is not None}
    people = {
        one["line"]: one
        for one in await db.rows(
            "SELECT line, entrant.member, coalesce(nullif(entrant.name, ''), member.name) AS name,"
            " coalesce(nullif(entrant.staff_number, ''), member.staff_number) AS staff_number,"
            " coalesce(unit.name, '') AS unit FROM entrant JOIN member ON member.id = entrant.member"
            " LEFT JOIN unit ON unit.id = entrant.unit WHERE entrant.draw = $1 AND line = ANY($2)",
            draw_id,
            sorted(wanted),
        )
    }
    wins = {
        (one["prize"], one["slot"], one["attempt"]): one
        for one in await db.rows(
            "SELECT win.id, prize.code AS prize, slot, attempt, state, called_at FROM win"
            " JOIN prize ON prize.id = win.prize WHERE win.draw = $1",
            draw_id,
        )
    }

    def place(prize: str, slot: int, attempt: int, line: int | None, reason: str) -> Slot:
        person = None if line is None else people.get(line)
        win = wins.get((prize, slot, attempt))
        name, number = ("", "") if person is None else (person["name"], person["staff_number"])
        return Slot(
            prize=prize,
            slot=slot,
            attempt=attempt,
            line=line,
            win=None if win is None else win["id"],
            member=None if person is None else person["member"],
            name=name,
            shown=shown_name(name, number, how),
            staff_number=number,
            unit="" if person is None else person["unit"],
            state="" if win is None else win["state"],
            called_at=None if win is None else win["called_at"],
            reason=reason,
        )

    return tuple(place(*one) for one in stands), tuple(place(*one) for one in told.gone)


def _field(lines: Sequence[str], kind: str, number: int) -> str:
    """A field of the first line of a kind; "" when there is none."""
    return next((line.split(" ")[number] for line in lines if line.startswith(f"{kind} ")), "")
