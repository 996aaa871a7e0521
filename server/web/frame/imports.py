"""An import, the same for every noun: a file is brought, looked at, applied, and its rest comes back in a file.

Templates draw it with templates/frame/desk/imports.html. What a file means is its noun's own.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from litestar import Response
from redis.asyncio import Redis

from rewards.refusals import Refusal
from rewards.sheets import LeftOut, Problem, rest_table, write_xlsx
from server.web.frame import i18n, pages, records, uploads
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.i18n import mark as _

Content = TypeVar("Content")

SHOWN: Final = 100
"""Rows of a preview on one page."""

WRONG: Final = "wrong"
"""Kind of the rows of a preview that cannot be taken."""

_WHY: Final = _("What is wrong")


@dataclass(frozen=True, slots=True)
class Import:
    """Where files of a `kind` are brought: `address`, with its `template`. Each is looked at below, under its token."""

    kind: uploads.Kind
    address: str
    template: str


class Row(Protocol):
    """A row of a preview, of one of the kinds that its noun knows."""

    @property
    def kind(self) -> str:
        """What would happen by it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One page of the rows of one `kind` ("": of all), with how many there are of each. `here` is its address.

    `rows` are the noun's own, but `LeftOut` where the kind is WRONG. `first` counts from 0.
    """

    here: str
    kept: Mapping[str, str]
    kind: str
    counts: Mapping[str, int]
    rows: Sequence[Row | LeftOut]
    first: int
    total: int

    def of(self, kind: str = "", first: int = 0) -> str:
        """The address of the rows of a kind, from one on; what else was chosen stays."""
        return records.address(self.here, {**self.kept, "kind": kind, "from": str(first or "")})

    def rest(self, kind: str) -> str:
        """The address of the rows that are not taken, as a file of a kind; what else was chosen stays."""
        return records.address(f"{self.here}/rest/{kind}", self.kept)

    @property
    def previous(self) -> str:
        """The page before; "" on the first."""
        return self.of(self.kind, max(0, self.first - SHOWN)) if self.first else ""

    @property
    def next(self) -> str:
        """The page after; "" on the last."""
        return self.of(self.kind, self.first + SHOWN) if self.first + SHOWN < self.total else ""


def choose(request: Asked, how: Import, status: int = 200, problem: str = "") -> Response[bytes]:
    """Where a file is dropped, and why the last one was not taken."""
    return desk_page(request, how.template, status, problem=problem)


async def bring(request: Asked, how: Import) -> Response[bytes]:
    """Keep the file and go on to its preview; one that cannot be kept is refused on the page where it was brought."""
    form = await pages.form(request)
    try:
        made = await uploads.keep(_redis(request), how.kind, pages.signed_in(request).id, form.files.get("file"))
    except Refusal as refusal:
        return choose(request, how, 400, pages.said(request, refusal))
    return pages.go(request, f"{how.address}/{made}")


async def brought(
    request: Asked, how: Import, given: str, read: Callable[[bytes, str], Content]
) -> tuple[str, Content]:
    """(name, content) of the file of this token. Refusal upload.gone."""
    upload = await uploads.kept(_redis(request), how.kind, pages.signed_in(request).id, given)
    return upload.name, await asyncio.to_thread(read, upload.data, upload.name)


def preview(request: Asked, rows: Sequence[Row], left_out: Sequence[LeftOut], **kept: str) -> Preview:
    """The page of rows that the address asks for. `kept` is what else it says, "" for nothing."""
    form = asked_for(request)
    kind = form.text("kind", most=20) or ("" if rows or not left_out else WRONG)
    first = form.number("from", least=0, most=1_000_000, default=0)
    counts = {"": len(rows), **Counter(row.kind for row in rows), WRONG: len(left_out)}
    chosen: Sequence[Row | LeftOut] = [row for row in rows if kind in ("", row.kind)]
    if kind == WRONG:
        chosen = left_out
    return Preview(request.url.path, kept, kind, counts, chosen[first : first + SHOWN], first, len(chosen))


async def rest(
    request: Asked, how: Import, kind: str, head: Sequence[str], left_out: Sequence[LeftOut]
) -> Response[bytes]:
    """The rows that were not taken, as a file of this kind. Refusals: web.not_found (no such kind, no such rows)."""
    if not left_out:
        raise Refusal("web.not_found")
    return await records.table(kind, f"{how.kind}-rest", _rest(request, head, left_out))


async def done(
    request: Asked, how: Import, given: str, name: str = "", head: Sequence[str] = (), left_out: Sequence[LeftOut] = ()
) -> str:
    """Let go of the file once it is applied. What is left of it waits in its place; where that is looked at, or ""."""
    me = pages.signed_in(request).id
    await uploads.take(_redis(request), how.kind, me, given)
    if not left_out:
        return ""
    data = await asyncio.to_thread(write_xlsx, _rest(request, head, left_out), how.kind)
    rest = uploads.Upload(f"{name.rpartition('.')[0] or name}.xlsx", data)
    return f"{how.address}/{await uploads.put(_redis(request), how.kind, me, rest)}"


def _rest(request: Asked, head: Sequence[str], left_out: Sequence[LeftOut]) -> list[list[str]]:
    language = pages.locale(request)

    def say(problem: Problem) -> str:
        return pages.listing(request).sentence(problem.code, problem.details, language)

    whys = {i18n.translator(one).text(_WHY) for one in i18n.LOCALES}
    return rest_table(head, left_out, why=i18n.translator(language).text(_WHY), whys=whys, say=say)


def _redis(request: Asked) -> Redis:
    return pages.process(request).redis
