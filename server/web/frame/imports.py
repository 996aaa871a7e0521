"""An import, the same for every noun: a file is brought, looked at, applied, and its rest comes back in a file.

Templates draw it with templates/frame/desk/imports.html. What a file means is its noun's own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from litestar import Response
from redis.asyncio import Redis

from rewards.refusals import Refusal
from rewards.sheets import LeftOut, Problem, rest_table
from server.web.frame import i18n, pages, records, uploads
from server.web.frame.asked import Asked
from server.web.frame.desk import asked_for, desk_page
from server.web.frame.i18n import mark as _
from server.web.frame.listing import Sentences

SHOWN: Final = 100
"""Rows of a preview on one page."""

WRONG: Final = "wrong"
"""Kind of the rows of a preview that cannot be taken."""

LARGE: Final = 100_000
"""Bytes from which a file is read beside this process."""

_WHY: Final = _("What is wrong")


@dataclass(frozen=True, slots=True)
class Import:
    """Where files of a `kind` are brought: `address`, with its `template`. Each is looked at below, under its token."""

    kind: uploads.Kind
    address: str
    template: str

    @property
    def rest(self) -> str:
        """What the file of the rows that were not taken is called."""
        return f"{self.kind}-rest"


class Row(Protocol):
    """A row of a preview, of one of the kinds that its noun knows."""

    @property
    def kind(self) -> str:
        """What would happen by it."""


@dataclass(frozen=True, slots=True)
class Paged:
    """One page of the rows of one `kind` ("": of all), with how many there are of each.

    `rows` are the noun's own, but `LeftOut` where the kind is WRONG. `first` counts from 0.
    """

    kind: str
    counts: Mapping[str, int]
    rows: Sequence[Row | LeftOut]
    first: int
    total: int


def paged(rows: Sequence[Row], left_out: Sequence[LeftOut], kind: str = "", first: int = 0) -> Paged:
    """The page that begins with this one of the rows of a kind; "": of all, or of those left out where no other is."""
    kind = kind or ("" if rows or not left_out else WRONG)
    counts = {"": len(rows), **Counter(row.kind for row in rows), WRONG: len(left_out)}
    chosen: Sequence[Row | LeftOut] = [row for row in rows if kind in ("", row.kind)]
    if kind == WRONG:
        chosen = left_out
    return Paged(kind, counts, chosen[first : first + SHOWN], first, len(chosen))


@dataclass(frozen=True, slots=True)
class Preview(Paged):
    """A page as it is shown. `here` is its address, `kept` what else that says."""

    here: str
    kept: Mapping[str, str]

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


async def brought(request: Asked, how: Import, given: str) -> uploads.Upload:
    """The file of this token. Refusal upload.gone."""
    return await uploads.kept(_redis(request), how.kind, pages.signed_in(request).id, given)


def page_asked(request: Asked) -> tuple[str, int]:
    """(kind, first) of the rows that the address asks for, as `paged` takes them."""
    form = asked_for(request)
    return form.text("kind", most=20), form.number("from", least=0, most=1_000_000, default=0)


def preview(request: Asked, page: Paged, **kept: str) -> Preview:
    """The page of rows that the address asks for. `kept` is what else it says, "" for nothing."""
    return Preview(page.kind, page.counts, page.rows, page.first, page.total, request.url.path, kept)


@dataclass(frozen=True, slots=True)
class Told:
    """In what words rows that are not taken go back."""

    sentences: Sentences
    language: str

    def file(self, kind: str, name: str, head: Sequence[str], left_out: Sequence[LeftOut]) -> bytes:
        """The rows that were not taken, as a file of this kind. Refusal web.not_found: no such kind, no such rows."""
        if not left_out:
            raise Refusal("web.not_found")

        def say(problem: Problem) -> str:
            return self.sentences.of(problem.code, problem.details, self.language)

        whys = {i18n.translator(one).text(_WHY) for one in i18n.LOCALES}
        why = i18n.translator(self.language).text(_WHY)
        return records.content(kind, name, rest_table(head, left_out, why=why, whys=whys, say=say))


def told(request: Asked) -> Told:
    """In the language of the answer."""
    return Told(pages.listing(request).sentences, pages.locale(request))


async def done(request: Asked, how: Import, given: str, name: str = "", rest: bytes = b"") -> str:
    """Let go of the file once it is applied. The .xlsx of what is left of it waits in its place; where that is looked
    at, or ""."""
    me = pages.signed_in(request).id
    await uploads.take(_redis(request), how.kind, me, given)
    if not rest:
        return ""
    left = uploads.Upload(f"{name.rpartition('.')[0] or name}.xlsx", rest)
    return f"{how.address}/{await uploads.put(_redis(request), how.kind, me, left)}"


def _redis(request: Asked) -> Redis:
    return pages.process(request).redis
