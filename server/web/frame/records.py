"""A list and its records, the same for every noun: found, exported, added, corrected, and what was done last, undone.

Templates draw them with templates/frame/desk/records.html. What a record is, and what may be done with it, is its
noun's own: handlers call these functions, nothing here calls a noun.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from litestar import Response

from rewards.audit import queries as audit
from rewards.audit.actions import note_export
from rewards.audit.queries import AuditLine
from rewards.members import queries as members
from rewards.refusals import Refusal
from rewards.sheets import write_csv, write_xlsx
from server.runtime import clock
from server.web.frame import pages
from server.web.frame.asked import Asked
from server.web.frame.desk import desk_fragment, desk_page

_TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def address(path: str, said: Mapping[str, str]) -> str:
    """A page with what was chosen in its address; what was not chosen, "", is left out."""
    values = urlencode({name: value for name, value in said.items() if value})
    return f"{path}?{values}" if values else path


def answer(request: Asked, template: str, values: Mapping[str, object]) -> Response[bytes]:
    """A page with a list: whole, or its block `list` alone where a search changes it in place."""
    if pages.is_htmx(request) and "hx-history-restore-request" not in request.headers:
        return desk_fragment(request, template, "list", values)
    return desk_page(request, template, values=values)


async def table(kind: str, name: str, rows: Sequence[Sequence[str | int | Decimal]]) -> Response[bytes]:
    """Rows, headings first, as a file that is called `name` and of this kind: csv or xlsx, else web.not_found."""
    return sent(kind, name, await asyncio.to_thread(content, kind, name, rows))


def content(kind: str, name: str, rows: Sequence[Sequence[str | int | Decimal]]) -> bytes:
    """The file that `table` sends."""
    if kind not in _TYPES:
        raise Refusal("web.not_found")
    return write_xlsx(rows, name) if kind == "xlsx" else write_csv(rows)


def sent(kind: str, name: str, content: bytes) -> Response[bytes]:
    """A file of this kind, as something to keep."""
    disposition = f'attachment; filename="{name}.{kind}"'
    return Response(content, media_type=_TYPES[kind], headers={"Content-Disposition": disposition})


async def people(
    request: Asked, kind: str, name: str, rows: Sequence[Sequence[str | int | Decimal]], *, what: str, subject: str = ""
) -> Response[bytes]:
    """As `table`, with people in it: who took it stands in the audit trail (`export.WHAT`) before it leaves."""
    answer = await table(kind, name, rows)
    await taken(request, len(rows) - 1, what=what, subject=subject)
    return answer


async def taken(request: Asked, rows: int, *, what: str, subject: str = "") -> None:
    """Note that whoever asks takes so many rows with people in them along."""
    await note_export(what, at=clock.now(), actor=pages.signed_in(request).id, subject=subject or what, rows=rows)


@dataclass(frozen=True, slots=True)
class Undo:
    """The form that takes a change back: where it is posted, and what it says; of several values of a name each."""

    address: str
    fields: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Foot:
    """What stands below a record: its last line in the audit trail, and who it was, "" for Laurel itself."""

    line: AuditLine
    who: str


async def foot(
    request: Asked, subject: object, undoes: Callable[[AuditLine], Undo | None] | None = None
) -> dict[str, object]:
    """For the page of a record: its `foot` (None: nothing was ever noted of it), and `undo`, the form in the notice of
    what has just been done.

    `undoes` gives what takes a line back, None for what nothing does. It is offered to whoever wrote the last line,
    in the notice alone; it comes from the trail, never from the address, so that no link can bring one along. It names
    the line: `pages.form` refuses it when something else was done since.
    """
    line = next(iter(await audit.latest(1, subject=str(subject))), None)
    if line is None:
        return {"foot": None, "undo": None}
    named = await members.labels([] if line.actor is None else [line.actor])
    mine = "said" in request.query_params and line.actor == pages.signed_in(request).id
    undo = undoes(line) if undoes is not None and mine else None
    return {
        "foot": Foot(line, "".join(label.name for label in named.values())),
        "undo": undo and replace(undo, fields={**undo.fields, "undoes": str(line.id)}),
    }
