"""The manifest (section 3): what a draw promises before any die is thrown. M is the hash of its exact bytes."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rewards.draws.rules.hashing import DICE, HEX256, MAX_BEACON_ROUND, PROTOCOL, digest
from rewards.draws.rules.refused import Refused
from rewards.draws.rules.snapshot import MAX_TICKETS, REASON_RULE, Line, valid_text
from rewards.draws.rules.tree import Tree

MAX_SLOTS = 100_000
"""Places of all prizes and of their alternates, together."""
MAX_CUSTODIANS = 16
MAX_WITNESSES = 50
MAX_ROUNDS = 100
MAX_BATCH = 150
MAX_ALTERNATES = 1000
MAX_CALL_SECONDS = 3600
MAX_DEPTH = 64
ID_RULE = "[a-z0-9-]{1,32}"
DRAW_ID_RULE = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

_ROUND = "r1"
_ID = re.compile(ID_RULE)
_DRAW_ID = re.compile(DRAW_ID_RULE)
_REASON = re.compile(REASON_RULE)
_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BRACKETS = re.compile(r'[\[\]{}]|"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_MOMENT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True)
class Prize:
    """A prize of `count` equal slots (0..count-1).

    `group`: only lines of this class may win it; empty = all. `batch`: how many names are shown at a time, 1..150.
    `redraw`: dice that must be thrown before the slot of an absent winner is drawn again, e.g. `d10x4`;
    empty = the key of the round is used again; None = left open, which only the pair form `[id, count]` says.
    `round`: id of its round; empty exactly when the manifest has no `rounds`. `units`: only lines of these units;
    empty = all. `present`: whoever wins it must be there. `alternates`: how many are drawn at the close, 0..1000.
    """

    id: str
    count: int
    group: str = ""
    batch: int = 1
    redraw: str | None = ""
    round: str = ""
    units: tuple[str, ...] = ()
    present: bool = True
    alternates: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """Prizes drawn at one go. `dice`: a dice label of its own, `d10x6`, thrown when the round starts; empty = none."""

    id: str
    dice: str = ""


@dataclass(frozen=True, slots=True)
class Beacon:
    """A round of a drand network: the `chain` hash in hex, and the `round` number, 1..2^53-1."""

    chain: str
    round: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The promises of a draw.

    `n` lines and `tickets` in total; `root`, `file` (SHA-256 of the snapshot file), `kit` (SHA-256 of kit.html),
    `signer` (Ed25519 public key) and `commit` are lower-case hex. `labels` are the custodians, parallel to `commit`,
    and `names` what people call them. `venue` is a dice label (`d10x20`). `rounds` in order; empty = one round named
    `round` without dice. `unit_cap`: at most so many standing winners a unit; None = no cap. `presence`: a list of
    who is there is locked before the dice. `call_seconds`: above 0, nobody is absent who was not called before.
    `arm_after`: end of the time for objections, for people. `excluded`: (reason code, people) pairs. `rule` says how
    tickets were earned and is opaque here. Empty `frozen_at`, `arm_after`, `file`, `kit`, `signer`, `labels`, `names`
    and None for `beacon` and `rule`: not stated.
    """

    draw_id: str
    n: int
    tickets: int
    root: str
    commit: tuple[str, ...]
    venue: str
    prizes: tuple[Prize, ...]
    labels: tuple[str, ...] = ()
    rehearsal: bool = False
    frozen_at: str = ""
    file: str = ""
    round: str = _ROUND
    one_win: bool = True
    unit_cap: int | None = None
    excluded: tuple[tuple[str, int], ...] = ()
    rule: Mapping[str, object] | None = None
    names: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    presence: bool = False
    call_seconds: int = 0
    arm_after: str = ""
    beacon: Beacon | None = None
    kit: str = ""
    signer: str = ""

    @property
    def slots(self) -> int:
        """How many winners are wanted, over all prizes."""
        return sum(prize.count for prize in self.prizes)

    @property
    def stages(self) -> tuple[Round, ...]:
        """The rounds in their order, at least one: `rounds`, or the single one that `round` names."""
        return self.rounds or (Round(self.round),)

    def prizes_of(self, stage: Round) -> tuple[Prize, ...]:
        """The prizes of a round, in their order."""
        return tuple(prize for prize in self.prizes if not self.rounds or prize.round == stage.id)


def manifest_hash(data: bytes) -> bytes:
    """M, 32 bytes."""
    return digest(data)


def utc_moment(at: datetime) -> str:
    """`frozen_at` text of an aware moment, whole seconds, cut not rounded: 2026-05-01T08:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bad(key: str) -> Refused:
    return Refused("draw.manifest.value", key=key)


def _text(key: str, value: object, valid: Callable[[str], object]) -> str:
    if not isinstance(value, str) or not valid(value):
        raise _bad(key)
    return value


def _number(key: str, value: object, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise _bad(key)
    return value


def _truth(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _bad(key)
    return value


def _list(key: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise _bad(key)
    return value


def _object(key: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _bad(key)
    return value


def _known(where: str, given: Mapping[str, object], needed: frozenset[str], optional: frozenset[str]) -> None:
    for name in given:
        if name not in needed and name not in optional:
            raise Refused("draw.manifest.unknown", key=where + name)
    for name in sorted(needed):
        if name not in given:
            raise Refused("draw.manifest.missing", key=where + name)


def _moment(text: str) -> bool:
    if _MOMENT.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _name(text: str) -> bool:
    """1 to 200 characters (code points), no control character and no half of a surrogate pair."""
    return 1 <= len(text) <= 200 and _UNNAMEABLE.search(text) is None


def _names(key: str, value: object, most: int) -> tuple[str, ...]:
    names = tuple(_text(key, name, _name) for name in _list(key, value))
    if len(names) > most:
        raise _bad(key)
    return names


_PRIZE_OPTIONAL = frozenset({"class", "batch", "redraw", "round", "units", "present", "alternates"})


def _prize(value: object) -> Prize:
    if isinstance(value, list):
        if len(value) != 2:
            raise _bad("prizes")
        return Prize(
            _text("prizes.id", value[0], _ID.fullmatch),
            _number("prizes.count", value[1], 1, MAX_SLOTS),
            redraw=None,
        )
    given = _object("prizes", value)
    _known("prizes.", given, frozenset({"id", "count"}), _PRIZE_OPTIONAL)
    units = tuple(_text("prizes.units", unit, valid_text) for unit in _list("prizes.units", given.get("units", [])))
    if ("units" in given and not units) or len(set(units)) != len(units):
        raise _bad("prizes.units")
    prize = Prize(
        _text("prizes.id", given["id"], _ID.fullmatch),
        _number("prizes.count", given["count"], 1, MAX_SLOTS),
        _text("prizes.class", given["class"], valid_text) if "class" in given else "",
        _number("prizes.batch", given.get("batch", 1), 1, MAX_BATCH),
        _text("prizes.redraw", given["redraw"], DICE.fullmatch) if "redraw" in given else "",
        _text("prizes.round", given["round"], _ID.fullmatch) if "round" in given else "",
        units,
        _truth("prizes.present", given.get("present", True)),
        _number("prizes.alternates", given["alternates"], 1, MAX_ALTERNATES) if "alternates" in given else 0,
    )
    if prize.alternates and prize.redraw:
        raise _bad("prizes.alternates")
    return prize


def _prizes(value: object, rounds: tuple[Round, ...]) -> tuple[Prize, ...]:
    prizes = tuple(_prize(entry) for entry in _list("prizes", value))
    if not prizes or len({prize.id for prize in prizes}) != len(prizes):
        raise _bad("prizes")
    if sum(prize.count + prize.alternates for prize in prizes) > MAX_SLOTS:
        raise _bad("prizes.count")
    named = [prize.round for prize in prizes]
    wanted = [stage.id for stage in rounds] or [""]
    if [name for name, before in zip(named, [None, *named], strict=False) if name != before] != wanted:
        raise _bad("prizes.round")
    return prizes


def _rounds(value: object) -> tuple[Round, ...]:
    rounds = []
    for entry in _list("rounds", value):
        given = _object("rounds", entry)
        _known("rounds.", given, frozenset({"id"}), frozenset({"dice"}))
        dice = _text("rounds.dice", given["dice"], DICE.fullmatch) if "dice" in given else ""
        rounds.append(Round(_text("rounds.id", given["id"], _ID.fullmatch), dice))
    if not 1 <= len(rounds) <= MAX_ROUNDS or len({stage.id for stage in rounds}) != len(rounds):
        raise _bad("rounds")
    return tuple(rounds)


def _beacon(value: object) -> Beacon:
    given = _object("beacon", value)
    _known("beacon.", given, frozenset({"chain", "round"}), frozenset())
    return Beacon(
        _text("beacon.chain", given["chain"], HEX256.fullmatch),
        _number("beacon.round", given["round"], 1, MAX_BEACON_ROUND),
    )


def _excluded(value: object) -> tuple[tuple[str, int], ...]:
    pairs = []
    for entry in _list("excluded", value):
        given = _object("excluded", entry)
        _known("excluded.", given, frozenset({"reason", "count"}), frozenset())
        pairs.append(
            (
                _text("excluded.reason", given["reason"], _REASON.fullmatch),
                _number("excluded.count", given["count"], 1, MAX_TICKETS),
            )
        )
    return tuple(pairs)


def _labels(value: object, commitments: int) -> tuple[str, ...]:
    labels = tuple(_text("labels", label, _ID.fullmatch) for label in _list("labels", value))
    if len(labels) != commitments or len(set(labels)) != len(labels):
        raise _bad("labels")
    return labels


_NEEDED = frozenset({"proto", "draw_id", "n", "tickets", "root", "commit", "venue", "prizes"})
_OPTIONAL = frozenset(
    {
        *("labels", "rehearsal", "frozen_at", "file", "round"),
        *("one_win", "unit_cap", "no_reroll", "excluded", "rule"),
        *("names", "witnesses", "rounds", "presence", "call_seconds", "arm_after", "beacon", "kit", "signer"),
    }
)


def _no_constant(name: str) -> object:
    raise Refused("draw.manifest.json")


def _too_deep(text: str) -> bool:
    """Whether lists and objects stand in each other more than `MAX_DEPTH` deep; in one pass, whatever the text.

    Looked at before parsing: how deep the parser of the standard library may go is up to the process, and a library
    that raises the limit turns hostile brackets into a crash.
    """
    depth = 0
    for found in _BRACKETS.finditer(text):
        sign = found[0][0]
        if sign != '"':
            depth += 1 if sign in "[{" else -1
            if depth > MAX_DEPTH:
                return True
    return False


def read_json(data: bytes) -> object:
    """JSON of ASCII bytes, strictly: no key twice, no NaN or Infinity, at most `MAX_DEPTH` deep.

    Refused `draw.manifest.json` for anything that is no such JSON, `draw.manifest.twice` for what else is fine.
    """
    twice: list[str] = []

    def keyed(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                twice.append(key)
            found[key] = value
        return found

    try:
        text = data.decode("ascii")
        if _too_deep(text):
            raise Refused("draw.manifest.json")
        found = json.loads(text, object_pairs_hook=keyed, parse_constant=_no_constant)
    except ValueError:
        raise Refused("draw.manifest.json") from None
    if twice:
        raise Refused("draw.manifest.twice", key=twice[0])
    return found


def parse_manifest(data: bytes) -> Manifest:
    """The manifest in exact bytes, compact or full form. A key that is not known is refused, because it might
    change what the draw means. Refused `draw.manifest.json|twice|proto|unknown|missing|value`."""
    given = read_json(data)
    if not isinstance(given, dict):
        raise Refused("draw.manifest.json")
    if given.get("proto") != PROTOCOL:
        raise Refused("draw.manifest.proto")
    _known("", given, _NEEDED, _OPTIONAL)
    if "no_reroll" in given and given["no_reroll"] is not True:
        raise _bad("no_reroll")
    commit = tuple(_text("commit", entry, HEX256.fullmatch) for entry in _list("commit", given["commit"]))
    if not 1 <= len(commit) <= MAX_CUSTODIANS:
        raise _bad("commit")
    n = _number("n", given["n"], 0, MAX_TICKETS)
    cap = given.get("unit_cap")
    labels = _labels(given["labels"], len(commit)) if "labels" in given else ()
    names = _names("names", given["names"], MAX_CUSTODIANS) if "names" in given else ()
    if "names" in given and len(names) != len(labels):
        raise _bad("names")
    rounds = _rounds(given["rounds"]) if "rounds" in given else ()
    if rounds and "round" in given:
        raise _bad("round")
    return Manifest(
        draw_id=_text("draw_id", given["draw_id"], _DRAW_ID.fullmatch),
        n=n,
        tickets=_number("tickets", given["tickets"], n, MAX_TICKETS),
        root=_text("root", given["root"], HEX256.fullmatch),
        commit=commit,
        venue=_text("venue", given["venue"], DICE.fullmatch),
        prizes=_prizes(given["prizes"], rounds),
        labels=labels,
        rehearsal=_truth("rehearsal", given.get("rehearsal", False)),
        frozen_at=_text("frozen_at", given["frozen_at"], _moment) if "frozen_at" in given else "",
        file=_text("file", given["file"], HEX256.fullmatch) if "file" in given else "",
        round=_text("round", given.get("round", _ROUND), _ID.fullmatch),
        one_win=_truth("one_win", given.get("one_win", True)),
        unit_cap=None if cap is None else _number("unit_cap", cap, 1, MAX_TICKETS),
        excluded=_excluded(given.get("excluded", [])),
        rule=_object("rule", given["rule"]) if "rule" in given else None,
        names=names,
        witnesses=_names("witnesses", given.get("witnesses", []), MAX_WITNESSES),
        rounds=rounds,
        presence=_truth("presence", given.get("presence", False)),
        call_seconds=_number("call_seconds", given.get("call_seconds", 0), 0, MAX_CALL_SECONDS),
        arm_after=_text("arm_after", given["arm_after"], _moment) if "arm_after" in given else "",
        beacon=_beacon(given["beacon"]) if "beacon" in given else None,
        kit=_text("kit", given["kit"], HEX256.fullmatch) if "kit" in given else "",
        signer=_text("signer", given["signer"], HEX256.fullmatch) if "signer" in given else "",
    )


def _prize_json(prize: Prize) -> object:
    if prize.redraw is None:
        if prize != Prize(prize.id, prize.count, redraw=None):
            raise _bad("prizes.redraw")
        return [prize.id, prize.count]
    entry: dict[str, object] = {"id": prize.id, "count": prize.count}
    for key, value in (("round", prize.round), ("class", prize.group), ("units", list(prize.units))):
        if value:
            entry[key] = value
    if prize.batch != 1:
        entry["batch"] = prize.batch
    if prize.redraw:
        entry["redraw"] = prize.redraw
    if not prize.present:
        entry["present"] = False
    if prize.alternates:
        entry["alternates"] = prize.alternates
    return entry


def write_manifest(manifest: Manifest) -> bytes:
    """The full form: one ASCII line of compact JSON, no LF, keys always in this order (those of `rule` sorted).

    `parse_manifest` of the bytes gives an equal manifest. Raises what it raises when a value is not allowed.
    """
    if manifest.rounds and manifest.round != _ROUND:
        raise _bad("round")
    rounds = [{"id": one.id, **({"dice": one.dice} if one.dice else {})} for one in manifest.rounds]
    given: dict[str, object] = {
        "proto": PROTOCOL,
        "draw_id": manifest.draw_id,
        "rehearsal": manifest.rehearsal,
        "n": manifest.n,
        "tickets": manifest.tickets,
        "root": manifest.root,
        "commit": list(manifest.commit),
        "venue": manifest.venue,
        **({"rounds": rounds} if rounds else {"round": manifest.round}),
        "one_win": manifest.one_win,
        "unit_cap": manifest.unit_cap,
        "no_reroll": True,
        "prizes": [_prize_json(prize) for prize in manifest.prizes],
        "excluded": [{"reason": reason, "count": count} for reason, count in manifest.excluded],
    }
    where_stated: dict[str, object] = {
        "labels": list(manifest.labels),
        "names": list(manifest.names),
        "witnesses": list(manifest.witnesses),
        "presence": manifest.presence,
        "call_seconds": manifest.call_seconds,
        "frozen_at": manifest.frozen_at,
        "arm_after": manifest.arm_after,
        "beacon": manifest.beacon and {"chain": manifest.beacon.chain, "round": manifest.beacon.round},
        "file": manifest.file,
        "kit": manifest.kit,
        "signer": manifest.signer,
    }
    given.update((key, value) for key, value in where_stated.items() if value)
    if manifest.rule is not None:
        given["rule"] = json.loads(json.dumps(manifest.rule, sort_keys=True, allow_nan=False))
    data = json.dumps(given, separators=(",", ":"), allow_nan=False).encode("ascii")
    parse_manifest(data)
    return data


def check_counts(manifest: Manifest, lines: tuple[Line, ...]) -> None:
    """Refused `draw.snapshot.count|tickets` when the snapshot is not as long or heavy as promised."""
    if len(lines) != manifest.n:
        raise Refused("draw.snapshot.count", stated=manifest.n, found=len(lines))
    total = sum(line.tickets for line in lines)
    if total != manifest.tickets:
        raise Refused("draw.snapshot.tickets", stated=manifest.tickets, found=total)


def check_root(manifest: Manifest, lines: tuple[Line, ...]) -> None:
    """Refused `draw.snapshot.root` when the tree of the snapshot has another root than promised."""
    found = Tree(line.leaf for line in lines).root.hex()
    if found != manifest.root:
        raise Refused("draw.snapshot.root", stated=manifest.root, found=found)


def check_file(manifest: Manifest, snapshot: bytes) -> None:
    """Refused `draw.snapshot.file` when the manifest states the hash of another file."""
    found = digest(snapshot).hex()
    if manifest.file and manifest.file != found:
        raise Refused("draw.snapshot.file", stated=manifest.file, found=found)
