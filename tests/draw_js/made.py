"""Draws made up by a seeded generator: every rule of the protocol appears, many of them together."""

import hashlib
import json
import random
from dataclasses import dataclass, replace
from typing import Any

from rewards.draws import rules
from rewards.draws.rules import events

UNITS = ("A", "B", "C", "north gate")
CLASSES = ("", "day", "night")
CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"


@dataclass(frozen=True)
class Made:
    """The files of a draw, one character a byte, and its log on paper. `present` None: there is no such file."""

    manifest: str
    snapshot: str
    voids: str
    present: str | None
    inputs: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "inputs": list(self.inputs)}


@dataclass
class _World:
    chance: random.Random
    manifest: rules.Manifest
    data: bytes
    lines: tuple[rules.Line, ...]
    voids: bytes
    present: bytes | None
    secrets: list[bytes]
    labels: list[str]

    def composed(self, inputs: list[str]) -> rules.Composed:
        sheet = rules.read_inputs(inputs, self.manifest)
        voided = rules.parse_voids(self.voids, self.manifest.n)
        present = None if self.present is None else rules.parse_present(self.present, self.manifest.n)
        return rules.compose(self.manifest, rules.manifest_hash(self.data), self.lines, sheet, voided, present)


def digits(chance: random.Random, dice: str) -> str:
    """As many throws as `d10x4` and the like ask for, with or without `redraw-` or `round-`."""
    die, count = dice.rpartition("-")[2].split("x")
    return "".join(chance.choice("123456" if die == "d6" else "0123456789") for _ in range(int(count)))


def dice(chance: random.Random, most: int = 6) -> str:
    return f"d{chance.choice((6, 10))}x{chance.randint(1, most)}"


def _list(chance: random.Random, draw_id: str) -> tuple[rules.Line, ...]:
    size = chance.choice((0, 1, 2, 3, 5, 8, 13, 24, 40))
    heavy = chance.random() < 0.1 and size
    units = UNITS[: chance.randint(1, len(UNITS))]
    lines = [
        rules.Line(
            hashlib.sha256(f"{draw_id}:{place}".encode()).hexdigest(),
            chance.randint(2**27, 2**32 // size - 1) if heavy and size <= 24 else chance.choice((1, 1, 2, 3, 20)),
            chance.choice(units),
            chance.choice(CLASSES),
        )
        for place in range(size)
    ]
    return tuple(sorted(lines))


def _prize(chance: random.Random, place: int, stage: str) -> rules.Prize:
    redraw = dice(chance) if chance.random() < 0.25 else ""
    return rules.Prize(
        f"p-{place}",
        chance.choice((1, 1, 2, 3, 5)),
        group=chance.choice(("", "", "", "day", "night", "evening")),
        batch=chance.choice((1, 1, 10, 150)),
        redraw=redraw,
        round=stage,
        units=tuple(chance.sample((*UNITS, "Z"), chance.randint(1, 2))) if chance.random() < 0.2 else (),
        present=chance.random() < 0.75,
        alternates=chance.choice((0, 0, 1, 4)) if not redraw else 0,
    )


def _rounds(chance: random.Random) -> tuple[rules.Round, ...]:
    if chance.random() < 0.6:
        return ()
    return tuple(
        rules.Round(f"r-{n}", dice(chance) if chance.random() < 0.4 else "") for n in range(chance.randint(1, 3))
    )


def _world(chance: random.Random) -> _World:
    draw_id = f"made-{chance.randrange(10**6)}"
    lines = _list(chance, draw_id)
    labels = [f"custodian-{n}" for n in range(chance.choice((1, 2, 2, 3)))]
    secrets = [chance.randbytes(32) for _ in labels]
    commit = tuple(rules.commitment(draw_id, *pair).hex() for pair in zip(labels, secrets, strict=True))
    short = chance.random() < 0.15
    rounds = () if short else _rounds(chance)
    prizes = [
        _prize(chance, 10 * at + n, stage)
        for at, stage in enumerate([one.id for one in rounds] or [""])
        for n in range(chance.randint(1, 3))
    ]
    if short:
        prizes = [rules.Prize(prize.id, prize.count, redraw=None) for prize in prizes]
    manifest = rules.Manifest(
        draw_id=draw_id,
        n=len(lines),
        tickets=sum(line.tickets for line in lines),
        root=rules.Tree(line.leaf for line in lines).root.hex(),
        commit=commit,
        venue=dice(chance, 25),
        prizes=tuple(prizes),
        labels=tuple(labels) if chance.random() < 0.8 else (),
        rehearsal=chance.random() < 0.2,
        rounds=rounds,
        round=chance.choice(("r1", "main")) if not rounds else "r1",
        one_win=chance.random() < 0.75,
        unit_cap=chance.choice((None, None, 1, 2, 3)),
        presence=chance.random() < 0.4,
        call_seconds=chance.choice((0, 0, 60)),
        beacon=rules.Beacon(CHAIN, chance.randint(1, 2**53 - 1)) if chance.random() < 0.25 else None,
        file=rules.digest(rules.format_snapshot(lines)).hex() if chance.random() < 0.5 else "",
    )
    data = rules.write_manifest(manifest)
    if short:
        # the compact form of the first vectors: keys in any order, only those that are not the default
        default = {"rehearsal": False, "round": "r1", "one_win": True, "unit_cap": None, "excluded": []}
        given = {
            key: value
            for key, value in json.loads(data).items()
            if default.get(key, value) != value or key not in default
        }
        data = json.dumps(
            dict(chance.sample(sorted(given.items()), len(given))), indent=chance.choice((None, 1))
        ).encode()
    some = [index for index in range(len(lines)) if chance.random() < 0.15]
    voids = (
        rules.format_voids({index: chance.choice(("left", "too-late.2")) for index in some})
        if chance.random() < 0.5
        else b""
    )
    here = [index for index in range(len(lines)) if chance.random() < 0.7]
    present = rules.format_present(here) if manifest.presence else None
    return _World(chance, rules.parse_manifest(data), data, lines, voids, present, secrets, labels)


def _after(world: _World, inputs: list[str]) -> list[str]:
    """The inputs that somebody at the venue might put in next; none after the end."""
    chance, manifest = world.chance, world.manifest
    composed = world.composed(inputs)
    may = rules.next_events(manifest, composed)
    if not may.kinds or chance.random() < 0.01:
        return [events.abort_line("power-cut")] if may.kinds else []
    if may.redraw is not None:
        redraw = may.redraw
        throw = digits(chance, redraw.label)
        return [events.redraw_line(redraw.prize, redraw.slot, redraw.attempt, redraw.label, throw)]
    standing = [outcome for outcome in composed.outcomes if outcome.pick is not None]
    if "absent" in may.kinds and standing and chance.random() < 0.55:
        return _absence(world, chance.choice(standing))
    if may.round is not None:
        if not may.round.dice:
            return [events.round_line(may.round.id)]
        label = rules.round_label(may.round.dice)
        return [events.round_line(may.round.id, label, digits(chance, label))]
    return [events.CLOSE_LINE] if "close" in may.kinds else []


def _absence(world: _World, outcome: rules.Outcome) -> list[str]:
    chance, manifest = world.chance, world.manifest
    prize = next(prize for prize in manifest.prizes if prize.id == outcome.prize)
    place = (outcome.prize, outcome.slot, outcome.attempt)
    lines = [events.call_line(*place)] if manifest.call_seconds or chance.random() < 0.2 else []
    reason = (
        chance.choice(("", "", "declined", "ineligible"))
        if prize.present
        else chance.choice(("declined", "ineligible"))
    )
    lines.append(events.absent_line(*place, reason))
    if prize.redraw is None and chance.random() < 0.4:
        label = rules.redraw_label(dice(chance))
        lines.append(events.redraw_line(outcome.prize, outcome.slot, outcome.attempt + 1, label, digits(chance, label)))
    return lines


def made(seed: int) -> tuple[Made, rules.Composed, rules.Published]:
    """Draw number `seed`, with what the first implementation makes of it."""
    chance = random.Random(seed)
    world = _world(chance)
    manifest = world.manifest
    m = rules.manifest_hash(world.data)
    inputs = [events.arm_line(m.hex(), rules.voids_hash(world.voids), rules.present_hash(world.present))]
    inputs.append(events.venue_line(manifest.venue, digits(chance, manifest.venue)))
    if manifest.beacon is not None:
        inputs.append(events.beacon_line(manifest.beacon.round, chance.randbytes(48).hex()))
    inputs += [events.reveal_line(rules.Reveal(*pair)) for pair in zip(world.labels, world.secrets, strict=True)]
    while len(inputs) < 24 and (after := _after(world, inputs)):
        inputs += after
    if chance.random() < 0.25:
        del inputs[chance.randint(1, len(inputs)) :]
    composed = world.composed(inputs)
    published = rules.publish(manifest, m, world.lines, composed)
    files = Made(
        world.data.decode("latin-1"),
        rules.format_snapshot(world.lines).decode("latin-1"),
        world.voids.decode("latin-1"),
        None if world.present is None else world.present.decode("latin-1"),
        tuple(inputs),
    )
    return files, composed, published


def changed(chance: random.Random, inputs: tuple[str, ...]) -> tuple[str, ...]:
    """The inputs with one thing wrong: a letter, a line lost, twice, elsewhere or made up."""
    lines = list(inputs)
    at = chance.randrange(len(lines))
    way = chance.randrange(6)
    if way == 0:
        line = lines[at]
        letter = chance.randrange(len(line))
        lines[at] = line[:letter] + chance.choice("0123456789abcdefx -" if letter else "rxa0 ") + line[letter + 1 :]
    elif way == 1:
        del lines[at]
    elif way == 2:
        lines.insert(at, chance.choice(lines))
    elif way == 3:
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 4:
        invented = (
            "close",
            "abort power-cut",
            "absent p-0 0 0",
            "call p-1 0 0",
            "round r-1",
            "redraw p-0 0 1 redraw-d6x2 11",
        )
        lines.insert(at, chance.choice(invented))
    else:
        lines.append(chance.choice(lines))
    return tuple(lines)


def altered(files: Made, inputs: tuple[str, ...]) -> Made:
    return replace(files, inputs=inputs)
