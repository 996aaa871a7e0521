"""A draw for the tests of the kit: small, whole, made by the Python rules, with everything that a ceremony can need."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from rewards.draws import rules
from server.runtime import kit_program

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "芳伟娜敏静丽强磊军洋勇艳杰涛明超霞平刚桂"


def _bytes(label: str, size: int) -> bytes:
    return hashlib.sha256(label.encode()).digest()[:size]


def photo(colour: tuple[int, int, int], size: int = 240) -> bytes:
    """A JPEG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (size, size * 3 // 4), colour).save(out, "JPEG", quality=80)
    return out.getvalue()


@dataclass(frozen=True)
class Draw:
    """A frozen draw: exact bytes, who stands behind the lines, and the custodians' secrets."""

    manifest: rules.Manifest
    data: bytes
    snapshot: bytes
    entrants: tuple[kit_program.KitEntrant, ...]
    secrets: tuple[bytes, ...]
    prizes: tuple[kit_program.KitPrize, ...]

    @property
    def lines(self) -> tuple[rules.Line, ...]:
        return rules.parse_snapshot(self.snapshot)

    @property
    def m(self) -> str:
        return rules.manifest_hash(self.data).hex()


PRIZES = (
    rules.Prize("third", 12, batch=6, round="small", alternates=2, present=False),
    rules.Prize("second", 3, round="small"),
    rules.Prize("first", 1, round="gold", redraw="d10x4"),
)
ROUNDS = (rules.Round("small"), rules.Round("gold", "d10x6"))
ROUND_NAMES = {
    "en": {"small": "Small prizes", "gold": "The first prize"},
    "zh-Hans": {"small": "小奖", "gold": "大奖"},
}


@dataclass(frozen=True)
class Shown:
    """What people are told of a prize, by the place of the language in kit_program.LANGUAGES."""

    names: tuple[str, str]
    value: int
    sponsor: str = ""
    colour: tuple[int, int, int] | None = None


NAMES = {
    "third": Shown(("Thermos flask", "保温杯"), 8900),
    "second": Shown(("Bicycle", "自行车"), 89900, "Workshop 2", (40, 120, 160)),
    "first": Shown(("A week at the sea, for two", "海边双人一周游"), 600000, "", (210, 150, 40)),
}


def make(
    people: int = 40,
    *,
    draw_id: str = "spring-2026-001",
    prizes: tuple[rules.Prize, ...] = PRIZES,
    rounds: tuple[rules.Round, ...] = ROUNDS,
    presence: bool = True,
    call_seconds: int = 1,
    rehearsal: bool = False,
    language: str = "en",
    **more: object,
) -> Draw:
    """A frozen draw of `people` entrants with one to three tickets each, in four units."""
    units = ("workshop-1", "workshop-2", "office", "canteen")
    found = []
    for number in range(people):
        staff = f"E{1000 + number}"
        salt = _bytes(f"salt:{draw_id}:{staff}", 16)
        name = SURNAMES[number % 20] + GIVEN[number * 7 % 20] + (GIVEN[number * 3 % 20] if number % 3 else "")
        unit = units[number % 4]
        line = rules.Line(rules.id_commit(draw_id, salt, staff).hex(), number % 3 + 1, unit)
        found.append((line, kit_program.KitEntrant(salt, staff, name, staff, unit.replace("-", " ").title())))
    found.sort(key=lambda one: one[0].id_commit)
    lines = [line for line, _ in found]
    snapshot = rules.format_snapshot(lines)
    secrets = (_bytes(f"organiser:{draw_id}", 32), _bytes(f"union:{draw_id}", 32))
    labels = ("organiser", "union")
    manifest = rules.Manifest(
        draw_id=draw_id,
        n=people,
        tickets=sum(line.tickets for line in lines),
        root=rules.Tree(line.leaf for line in lines).root.hex(),
        commit=tuple(
            rules.commitment(draw_id, label, secret).hex() for label, secret in zip(labels, secrets, strict=True)
        ),
        venue="d10x20",
        prizes=prizes,
        labels=labels,
        names=("Zhao Min", "周强"),
        witnesses=("Wu Hao", "孙丽"),
        rehearsal=rehearsal,
        frozen_at="2026-05-01T08:00:00Z",
        arm_after="2026-05-02T08:00:00Z",
        file=hashlib.sha256(snapshot).hexdigest(),
        rounds=rounds,
        presence=presence,
        call_seconds=call_seconds,
        kit=kit_program.kit_hash(kit_program.empty_kit()),
    )
    manifest = replace(manifest, **more)  # type: ignore[arg-type]
    place = kit_program.LANGUAGES.index(language)
    named = tuple(
        kit_program.KitPrize(
            prize.id,
            NAMES[prize.id].names[place],
            NAMES[prize.id].value,
            NAMES[prize.id].sponsor,
            photo(NAMES[prize.id].colour or (0, 0, 0), 640) if NAMES[prize.id].colour else b"",
        )
        for prize in prizes
    )
    return Draw(
        manifest, rules.write_manifest(manifest), snapshot, tuple(entrant for _, entrant in found), secrets, named
    )


def kit(
    draw: Draw,
    *,
    language: str = "en",
    title: str = "Spring draw",
    shown: str = "masked",
    voids: bytes = b"",
    present: Sequence[int] = (),
) -> bytes:
    """The filled kit of a draw; that of a rehearsal knows its secrets."""
    data = kit_program.kit_data(
        title=title,
        organisation="Union of the Harbour Works",
        manifest=draw.data,
        snapshot=draw.snapshot,
        entrants=draw.entrants,
        prizes=draw.prizes,
        rounds=ROUND_NAMES[language],
        shown_names=shown,
        language=language,
        voids=voids,
        present=present,
        secrets=draw.secrets if draw.manifest.rehearsal else (),
    )
    return kit_program.fill_kit(kit_program.empty_kit(), data)
