"""The form of a draw as somebody fills it in: kept as text, so that a mistake loses nothing; read into terms."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Final
from uuid import UUID

from rewards.draws.eligibility import PARTS, TAKING_PART, Counted
from rewards.draws.queries import DrawRow, PrizeRow
from rewards.ledger.earnings import Earning, Tally
from server.web.frame.pages import Form

Words = dict[str, str]

MOST_ROWS: Final = 200
"""Rows of one kind that are read from a form; what comes behind them is left out."""

LONGEST: Final = 500
LONGEST_LIST: Final = 12_000
"""Characters that are kept of a field, and of the field with a name a line."""

SEVERAL: Final = {"units": "units", "roles": "roles"}
"""Kind of condition -> the field that takes several values."""

TEXTS: Final = (
    "title", "season", "per", "cap", "unit_cap", "call_seconds", "dispute_hours", "claim_days", "shown_names",
    "freeze_at", "beacon_at", "venue", "fresh_from", "fresh_dice", "one_win", "presence", "version",
)  # fmt: skip
ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "part": ("kind", "in", "used", "least", "since", "until", "about", "day"),
    "class": ("code", "name"),
    "prize": (
        "code", "name", "quantity", "value", "sponsor", "picture", "round", "batch", "group", "units", "each",
        "present", "redraw", "alternates", "budget", "stock",
    ),
    "round": ("code", "name", "dice"),
    "custodian": ("label", "who"),
    "out": ("who", "why"),
}  # fmt: skip
"""Group of rows -> its fields. In the form: a hidden `prize` with the row's key, then `prize-KEY-name` and so on."""

FRESH: Final[Mapping[str, Words]] = {
    "part": {"least": ""},
    "class": {},
    "prize": {"quantity": "1", "batch": "1", "present": "1", "alternates": "0"},
    "round": {},
    "custodian": {},
    "out": {},
}
"""What a new row begins with."""

BEGIN: Final[Words] = {
    "per": "50",
    "cap": "20",
    "one_win": "1",
    "call_seconds": "60",
    "dispute_hours": "24",
    "claim_days": "30",
    "shown_names": "masked",
    "venue": "d10x20",
    "fresh_dice": "d10x6",
}
"""What a new draw begins with."""

ROLES: Final = TAKING_PART
"""Roles that a condition can ask for."""

SPARE: Final = 2
"""Empty rows for custodians; a draw needs two."""


@dataclass(slots=True)
class Row:
    """One of several alike in the form. `key` tells it from the others; `several` are fields of many values."""

    key: str
    values: Words
    several: dict[str, list[str]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass(slots=True)
class Draft:
    """A form as it was filled in. `errors`: name of a field -> sentence; "form": of no field."""

    values: Words
    rows: dict[str, list[Row]]
    witnesses: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    draw: DrawRow | None = None
    known: dict[str, str] = field(default_factory=dict)
    """Name of a field that holds a staff number -> the person found there, in words."""

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def wrong_in(self, *starts: str) -> bool:
        """Whether a field is wrong whose name is one of these or begins so."""
        return any(name.startswith(starts) for name in self.errors)

    def parts(self, within: str = "") -> list[Row]:
        """The conditions of the draw, or of the class with this key."""
        return [row for row in self.rows["part"] if row["in"] == within]

    def used(self, within: str = "") -> list[Row]:
        """Those of them that are ticked."""
        return [row for row in self.parts(within) if row["used"]]

    def fresh_key(self, group: str) -> str:
        """A key that no row of the group has."""
        taken = {row.key for row in self.rows[group]}
        return next(key for n in range(1, 10**6) if (key := str(n)) not in taken)

    def add(self, group: str, /, **values: str) -> Row:
        """A new row behind the others."""
        row = Row(self.fresh_key(group), {**FRESH[group], **values})
        self.rows[group].append(row)
        return row


def counted_kind(earning: str, tally: str) -> str:
    """The kind of a condition that counts an earning: "quiz-best"."""
    return f"{earning}-{tally}"


def counted(earnings: Iterable[Earning]) -> dict[str, tuple[Earning, Tally]]:
    """The kinds of conditions that count an earning, each with what it counts."""
    return {counted_kind(one.code, tally): (one, tally) for one in earnings for tally in one.tallies}


def kinds(earnings: Iterable[Earning]) -> tuple[str, ...]:
    """All kinds of conditions, in the order in which the form offers them."""
    known = counted(earnings)
    return tuple(kind for part in PARTS for kind in (known if part == Counted.kind else (part,)))


def is_kind(kind: str) -> bool:
    """Whether a row of the form may be of this kind; one that counts what is no longer declared is kept, and blamed."""
    return kind in kinds(()) or re.fullmatch("[a-z0-9_]{1,40}-[a-z]{1,10}", kind) is not None


def empty_rows() -> dict[str, list[Row]]:
    """No row of any group."""
    return {group: [] for group in ROWS}


def new_draft(season: str) -> Draft:
    """The form of a draw that nobody has begun: one prize and two custodians to fill in."""
    draft = Draft({**BEGIN, "season": season}, empty_rows())
    draft.add("prize")
    for _ in range(SPARE):
        draft.add("custodian")
    return draft


def read_draft(form: Form, draw: DrawRow | None) -> Draft:
    """The form as it was sent, whatever is in it."""
    draft = Draft({name: _first(form, name) for name in TEXTS}, empty_rows(), draw=draw)
    draft.witnesses = (form.all("witnesses") or [""])[0][:LONGEST_LIST].strip()
    for group, names in ROWS.items():
        seen: set[str] = set()
        for key in form.all(group)[:MOST_ROWS]:
            if re.fullmatch("[0-9]{1,6}", key) is None or key in seen:
                continue
            seen.add(key)
            row = Row(key, {name: _first(form, f"{group}-{key}-{name}") for name in names})
            row.several = {name: form.all(f"{group}-{key}-{name}")[:2000] for name in _several(group, row)}
            if group != "part" or is_kind(row["kind"]):
                draft.rows[group].append(row)
    return draft


def change_rows(draft: Draft, wish: str) -> None:
    """What the form's buttons do where no script does it: "add:prize", "add:part:points:CLASS", "drop:prize:3",
    "up:prize:3", "down:prize:3". What cannot be done is left."""
    verb, _, rest = wish.partition(":")
    group, _, rest = rest.partition(":")
    rows = draft.rows.get(group)
    if rows is None:
        return
    if verb == "add":
        kind, _, within = rest.partition(":")
        if len(rows) < MOST_ROWS and (group == "part") == is_kind(kind):
            draft.add(group, **({"kind": kind, "in": within, "used": "1"} if kind else {}))
        return
    at = next((n for n, row in enumerate(rows) if row.key == rest), None)
    if at is None:
        return
    if verb == "drop":
        row = rows.pop(at)
        if group == "class":
            draft.rows["part"] = [one for one in draft.rows["part"] if one["in"] != row.key]
    to = {"up": at - 1, "down": at + 1}.get(verb, -1)
    if 0 <= to < len(rows):
        rows[at], rows[to] = rows[to], rows[at]


def _several(group: str, row: Row) -> tuple[str, ...]:
    return (SEVERAL[row["kind"]],) if group == "part" and row["kind"] in SEVERAL else ()


def _first(form: Form, name: str) -> str:
    return (form.all(name) or [""])[0].strip()[:LONGEST]


# What is typed, read. None: it is not what it should be.


def plain(text: str) -> str:
    """Full-width digits and points, as Chinese keyboards type them, made plain; outer spaces gone."""
    return unicodedata.normalize("NFKC", text).strip()


def whole(text: str, least: int, most: int) -> int | None:
    """A whole number from `least` to `most`; thousands may be parted by commas."""
    typed = plain(text).replace(",", "")
    if re.fullmatch("[0-9]{1,12}", typed) is None:
        return None
    return int(typed) if least <= int(typed) <= most else None


def parts_of_hundred(text: str, most: int) -> int | None:
    """An amount with at most two decimals, in hundredths (fen of a yuan), from 0 to `most` hundredths."""
    typed = plain(text).replace(",", "").removeprefix("¥")
    found = re.fullmatch("([0-9]{1,10})(?:\\.([0-9]{1,2}))?", typed)
    if found is None:
        return None
    amount = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
    return amount if amount <= most else None


def amount_text(hundredths: int) -> str:
    """29900 -> "299", 29950 -> "299.50", 0 -> ""."""
    if not hundredths:
        return ""
    whole_part, rest = divmod(hundredths, 100)
    return f"{whole_part}.{rest:02}" if rest else str(whole_part)


def day_of(text: str) -> date | None:
    """A date as the browser's field sends it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """A `datetime-local` value in the organisation's zone."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment_text(moment: datetime | None, zone: tzinfo) -> str:
    """The same the other way round."""
    return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def untouched(typed: datetime | None, stored: datetime | None) -> datetime | None:
    """A time as typed; as stored when it is the same minute, because the field shows whole minutes only."""
    if typed is not None and stored is not None and typed == stored.replace(second=0, microsecond=0):
        return stored
    return typed


def names_of(text: str) -> list[str]:
    """Names, one a line; empty lines are left out."""
    return [name for line in text.splitlines() if (name := " ".join(line.split()))]


def label_of(name: str, number: int, taken: Collection[str]) -> str:
    """A label for the manifest ([a-z0-9-], at most 32) made of a name: "li-na", else "custodian-1"; none of `taken`."""
    plain_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    found = re.sub("[^a-z0-9]+", "-", plain_name).strip("-")[:24].strip("-")
    first = found if len(found) > 1 else f"custodian-{number}"
    return next(label for n in range(1, 10**6) if (label := first if n == 1 else f"{first}-{n}") not in taken)


def code_of(name: str, prefix: str, taken: Collection[str]) -> str:
    """A code for a prize, round or class, made from its name where that has letters, else counted."""
    found = label_of(name, 0, ())
    if found == "custodian-0" or found in taken:
        return next(code for n in range(1, 10**6) if (code := f"{prefix}{n}") not in taken)
    return found


def units_named(text: str, tree: Sequence[tuple[UUID, str]]) -> tuple[list[UUID], list[str]]:
    """(units, what names none) of names parted by ";": a whole path, or the last name where only one unit has it."""
    paths = {path.casefold(): unit for unit, path in tree}
    last: dict[str, list[UUID]] = {}
    for one, path in tree:
        last.setdefault(path.rpartition(" / ")[2].casefold(), []).append(one)
    found: list[UUID] = []
    unknown: list[str] = []
    for piece in text.replace("；", ";").split(";"):
        if not (name := " ".join(piece.split())):
            continue
        only = last.get(name.casefold(), [])
        unit = paths.get(name.casefold(), only[0] if len(only) == 1 else None)
        if unit is None:
            unknown.append(name)
        elif unit not in found:
            found.append(unit)
    return found, unknown


def units_text(units: Iterable[UUID], tree: Sequence[tuple[UUID, str]]) -> str:
    """The same the other way round."""
    wanted = set(units)
    return "; ".join(path for unit, path in tree if unit in wanted)


def fresh_from(prizes: Sequence[PrizeRow]) -> tuple[int, str]:
    """(least value, dice) such that exactly the prizes worth so much are redrawn with these dice; (0, ""): no such."""
    with_dice = [prize for prize in prizes if prize.redraw]
    labels = {prize.redraw for prize in with_dice}
    if len(labels) != 1:
        return 0, ""
    least = min(prize.value for prize in with_dice)
    others = [prize for prize in prizes if not prize.redraw and prize.value >= least]
    return (0, "") if others or not least else (least, labels.pop())
