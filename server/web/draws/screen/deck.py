"""What the operator's stage shows, scene by scene, made from the log alone. Pure.

The deck of a log that has grown begins with the scenes of the log before: scenes are added at its end, and nothing but
marks on winners who were lost changes in those that were there. server/static/draw/stage.js tells what a scene holds.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import segno

from rewards.draws.queries import DrawRow, EventLine, PrizeRow, Slot, Venue
from rewards.draws.rules import Prize
from rewards.draws.states import grouped
from server.web.draws.screen.pool import Crowd, Remaining, Sieve, sieve_of

Scene = dict[str, Any]

MOST_NAMES: Final = 300
LEAST_NAMES: Final = 6
"""Names that roll by before a reveal: about so many in all, and for each kind of prize at least."""

BUTTONS: Final = ("bright", "sound", "back", "draw", "next", "out")
FINGERPRINT_GROUPS: Final = 8


@dataclass(frozen=True, slots=True)
class Words:
    """One language: `say(code, **details)` is a sentence, `number` writes a whole number."""

    say: Callable[..., str]
    number: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a deck is made of. `venue` and `crowd` None: not frozen. `address`: of the draw's public page, "" when it
    has none (a rehearsal). `names`: line -> name as the draw shows it, of the lines in `samples`. `why`: in words why
    the draw was called off. `pictures`: code of a prize -> address of its picture."""

    draw: DrawRow
    organisation: str
    address: str
    prizes: Sequence[PrizeRow]
    venue: Venue | None
    crowd: Crowd | None
    names: Mapping[int, str]
    pictures: Mapping[str, str]
    why: str = ""


def samples(venue: Venue, made: Crowd) -> dict[Sieve, list[int]]:
    """For each kind of prize the lines whose names may roll by; they do not depend on the log."""
    sieves = dict.fromkeys(sieve_of(venue.manifest, prize) for prize in venue.manifest.prizes)
    each = max(LEAST_NAMES, MOST_NAMES // len(sieves))
    return {sieve: made.sample(sieve, each) for sieve in sieves}


def deck(facts: Facts, words: Words) -> dict[str, Any]:
    """`scenes`: in the order of the log, each with an `id` that stays, and `upto`, the number of the last line of the
    log that it tells. `names`: those that roll by, as [name, number of the line that takes it out of the pool or 0];
    `pools`: indices into them by kind of prize; `words`: of the controls, with {count} left open."""
    venue, say = facts.venue, words.say
    told = [*_opening(facts, words)]
    names: list[list[object]] = []
    pools: list[list[int]] = []
    if facts.draw.state == "cancelled":
        told.append(_scene("off", 0, "title", say("stage.off"), facts.draw.title, lines=_some(facts.why)))
    elif venue is not None and facts.crowd is not None:
        found = samples(venue, facts.crowd)
        spots = {line: spot for spot, line in enumerate(sorted({line for some in found.values() for line in some}))}
        gone = _taken(venue)
        names = [[facts.names.get(line, ""), gone.get(line, 0)] for line in spots]
        pools = [[spots[line] for line in some] for some in found.values()]
        told += _course(facts, venue, facts.crowd, {sieve: at for at, sieve in enumerate(found)}, words)
    controls = {f"stage.{key}": say(f"stage.{key}") for key in BUTTONS}
    return {
        "scenes": told,
        "names": names,
        "pools": pools,
        "words": {**controls, "stage.pool": say("stage.pool", count="{count}")},
    }


def dice_groups(digits: str) -> list[str]:
    """Digits as people read them out: in groups of equal length where that is possible. Nothing for nothing."""
    return grouped(digits, next((size for size in (4, 5, 3) if len(digits) % size == 0), 4))


def qr_path(text: str) -> tuple[str, int]:
    """(path data with one unit a module, modules on a side) of a QR code without its quiet zone."""
    code = segno.make(text, error="m", micro=False)
    rows = enumerate(code.matrix)
    return "".join(f"M{x} {y}h1v1h-1z" for y, row in rows for x, dark in enumerate(row) if dark), len(code.matrix)


def _scene(id: str, upto: int, kind: str, eyebrow: str, title: str, **more: object) -> Scene:
    return {"id": id, "upto": upto, "kind": kind, "eyebrow": eyebrow, "title": title, **more}


def _some(*lines: str) -> list[str]:
    return [line for line in lines if line]


def _eyebrow(facts: Facts, words: Words) -> str:
    return facts.organisation if facts.draw.rehearses is None else words.say("stage.rehearsal")


def _opening(facts: Facts, words: Words) -> Iterator[Scene]:
    """What can be shown from the freeze on."""
    draw, say = facts.draw, words.say
    promise = draw.promise
    size = "" if promise is None else _size(promise.people, promise.tickets, words)
    yield _scene("title", 0, "title", _eyebrow(facts, words), draw.title, lines=_some(size or say("stage.draft")))
    if promise is not None:
        first, *rest = grouped(promise.fingerprint, FINGERPRINT_GROUPS)
        lines = [" ".join(rest[:4]), " ".join(rest[4:])]
        yield _code(facts, "list", 0, say("stage.list"), say("stage.fingerprint"), first, *lines)


def _size(people: int, tickets: int, words: Words) -> str:
    return words.say("stage.size", people=words.number(people), tickets=words.number(tickets))


def _code(facts: Facts, id: str, upto: int, eyebrow: str, title: str, code: str, *lines: str) -> Scene:
    """A scene with something to photograph; the QR leads to the check."""
    path, size = qr_path(f"{facts.address}/check" if facts.address else code)
    return _scene(id, upto, "code", eyebrow, title, code=code, picture=path, size=size, lines=_some(*lines))


def _taken(venue: Venue) -> dict[int, int]:
    """Line of the list -> number of the line of the log that takes it out of the pool; only those it does take out."""
    taken: dict[int, int] = {}
    stands: dict[tuple[str, str], int] = {}
    for event in venue.events:
        fields = event.text.split(" ")
        if event.kind == "win" and fields[4].isdigit():
            stands[fields[1], fields[2]] = int(fields[4])
            if venue.manifest.one_win:
                taken.setdefault(int(fields[4]), event.number)
        elif event.kind == "absent" and (fields[1], fields[2]) in stands:
            taken.setdefault(stands[fields[1], fields[2]], event.number)
    return taken


def _course(facts: Facts, venue: Venue, made: Crowd, sieves: Mapping[Sieve, int], words: Words) -> Iterator[Scene]:
    """The scenes of the log, in its order."""
    say = words.say
    prizes = {prize.id: prize for prize in venue.manifest.prizes}
    places = {(one.prize, one.slot, one.attempt): one for one in (*venue.places, *venue.gone)}
    lost = {(one.prize, one.slot, one.attempt) for one in venue.gone}
    show = _Show(facts, venue, prizes, places, lost, sieves, Remaining(venue.manifest, made), words)
    opened: set[str] = set()
    ends = _round_ends(venue, prizes)
    for (kind, prize, again), group in groupby(venue.events, _kind):
        events = list(group)
        if kind != "win":
            for event in events:
                show.lose(event)
                yield from _told(facts, venue, event, words)
            continue
        stage = _round_of(venue, prizes[prize])
        if stage not in opened and not again:
            opened.add(stage)
            yield show.round(stage, events[0].number - 1, ends[stage])
        yield from show.wins(prizes[prize], events, again=again)
        if (last := events[-1]) == ends.get(stage):
            why = say("stage.code.why")
            yield _code(facts, f"code:{stage}", last.number, say("stage.written"), say("stage.code"), last.code, why)


def _kind(event: EventLine) -> tuple[str, str, bool]:
    """What is shown together: the first winners of a prize; everything else by itself."""
    if event.kind != "win":
        return event.kind, "", False
    _, prize, _slot, attempt, _line = event.text.split(" ")
    return "win", prize, attempt != "0"


def _round_of(venue: Venue, prize: Prize) -> str:
    return prize.round or venue.manifest.stages[0].id


def _round_ends(venue: Venue, prizes: Mapping[str, Prize]) -> dict[str, EventLine]:
    """Round -> the last line of its first winners."""
    ends: dict[str, EventLine] = {}
    for event in venue.events:
        if event.kind == "win" and event.text.split(" ")[3] == "0":
            ends[_round_of(venue, prizes[event.text.split(" ")[1]])] = event
    return ends


def _told(facts: Facts, venue: Venue, event: EventLine, words: Words) -> Iterator[Scene]:
    """The scene of a line that is no win; none for those that the live picture shows better."""
    say, fields = words.say, event.text.split(" ")
    upto = event.number
    if event.kind == "arm":
        why = say("stage.arm.why")
        yield _code(facts, "arm", upto, say("stage.arm"), say("stage.arm.photograph"), event.code, why)
    elif event.kind == "venue":
        digits = say("stage.dice", digits=" ".join(dice_groups(fields[2])))
        yield _code(facts, "dice", upto, say("stage.thrown"), say("stage.thrown.code"), event.code, digits)
    elif event.kind == "reveal":
        number = sum(1 for one in venue.events[:upto] if one.kind == "reveal")
        name = next((one.name for one in venue.custodians if one.label == fields[1]), fields[1])
        which = say("stage.secret", number=number, count=len(venue.manifest.commit))
        yield _scene(f"secret:{fields[1]}", upto, "title", which, name, lines=[])
    elif event.kind == "close":
        why = say("stage.closed.why")
        yield _code(facts, "close", upto, say("stage.closed"), say("stage.result_code"), event.code, why)


@dataclass
class _Show:
    """Tells wins one after the other and keeps count of who is left."""

    facts: Facts
    venue: Venue
    prizes: Mapping[str, Prize]
    places: Mapping[tuple[str, int, int], Slot]
    lost: Collection[tuple[str, int, int]]
    sieves: Mapping[Sieve, int]
    left: Remaining
    words: Words

    def lose(self, event: EventLine) -> None:
        """Somebody's place is lost, if that is what the line says."""
        if event.kind == "absent":
            place = self._place(event)
            if place.line is not None:
                self.left.absent(place.line)

    def round(self, stage: str, upto: int, end: EventLine) -> Scene:
        """The beginning of a round; `end`: the last line of its winners."""
        draw, say = self.facts.draw, self.words.say
        row = next(one for one in self.venue.rounds if one.id == stage)
        several = len(self.venue.rounds) > 1
        name = next((one.name for one in draw.rounds if one.code == stage), "") if several else draw.title
        own = [prize for prize in self.prizes.values() if _round_of(self.venue, prize) == stage]
        count = sum(prize.count for prize in own)
        dice = say("stage.dice", digits=" ".join(dice_groups(row.digits))) if row.digits else ""
        lines = _some(dice, say("stage.places", count=self.words.number(count)), say("stage.coded", code=end.code))
        eyebrow = draw.title if several and draw.rehearses is None else _eyebrow(self.facts, self.words)
        return _scene(f"round:{stage}", upto, "title", eyebrow, name or draw.title, lines=lines)

    def wins(self, prize: Prize, events: Sequence[EventLine], *, again: bool) -> Iterator[Scene]:
        """Pages of winners of one prize."""
        size = 1 if again else prize.batch
        for start in range(0, len(events), size):
            page = events[start : start + size]
            yield self._page(prize, page, start, len(events), again=again)

    def _page(self, prize: Prize, page: Sequence[EventLine], start: int, count: int, *, again: bool) -> Scene:
        say, number = self.words.say, self.words.number
        own = [one for one in self.prizes.values() if _round_of(self.venue, one) == _round_of(self.venue, prize)]
        places = [self._place(event) for event in page]
        first = places[0]
        row = next(one for one in self.facts.prizes if one.code == prize.id)
        eyebrow = say("stage.prize", number=own.index(prize) + 1, count=len(own))
        range_ = ""
        if again:
            eyebrow = say("stage.redrawn", place=number(first.slot + 1))
        elif count > 1 and len(page) == 1:
            range_ = say("stage.number", place=number(start + 1), count=number(count))
        elif count > 1:
            range_ = say("stage.range", first=number(start + 1), last=number(start + len(page)), count=number(count))
        sieve = sieve_of(self.venue.manifest, prize)
        size = self.left.count(sieve)
        for place in places:
            if place.line is not None:
                self.left.win(place.line)
        return _scene(
            f"win:{prize.id}:{first.slot}:{first.attempt}",
            page[-1].number,
            "prize",
            eyebrow,
            row.name,
            note=self._note(row),
            picture=self.facts.pictures.get(prize.id, ""),
            intro=again or start == 0,
            range=range_,
            count="" if again else say("stage.count", count=number(count)),
            winners=[self._winner(place) for place in places],
            pool={
                "size": size,
                "left": self.left.count(sieve),
                "kind": self.sieves[sieve],
                "at": page[0].number,
            },
        )

    def _note(self, prize: PrizeRow) -> str:
        say = self.words.say
        worth = say("stage.worth", amount=self.words.number(prize.value // 100)) if prize.value else ""
        return " · ".join(_some(worth, say("stage.sponsor", name=prize.sponsor) if prize.sponsor else ""))

    def _winner(self, place: Slot) -> Scene:
        say = self.words.say
        if place.line is None:
            return {"name": say("stage.unfilled"), "note": "", "out": ""}
        lost = (place.prize, place.slot, place.attempt) in self.lost
        return {
            "name": place.shown,
            "note": place.unit,
            "out": say(f"stage.out.{place.reason or 'absent'}") if lost else "",
        }

    def _place(self, event: EventLine) -> Slot:
        _, prize, slot, attempt, *_ = event.text.split(" ")
        return self.places[prize, int(slot), int(attempt)]
