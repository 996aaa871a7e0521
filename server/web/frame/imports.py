"""An import, the same for every noun: a file is brought, looked at, applied, and its rest comes back in a file.

Templates draw it with templates/frame/desk/imports.html. What a file means is its noun's own.
"""

import hashlib
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec
from litestar import Response
from redis.asyncio import Redis

from rewards.refusals import Refusal
from rewards.sheets import LeftOut, Problem, rest_table
from server.runtime import beside
from server.runtime.resources import Resources
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


Head = TypeVar("Head")
AnyRow = TypeVar("AnyRow")
OfNoun = TypeVar("OfNoun", bound=Row)


@dataclass(frozen=True, slots=True)
class Paged(Generic[AnyRow]):
    """One page of the rows of one `kind` ("": of all), with how many there are of each.

    `rows` are the noun's own, but `LeftOut` where the kind is WRONG. `first` counts from 0.
    """

    kind: str
    counts: Mapping[str, int]
    rows: Sequence[AnyRow]
    first: int
    total: int

    def cut(self, first: int) -> "Paged[AnyRow]":
        """Of all rows, the page that begins with this one."""
        return replace(self, rows=self.rows[first : first + SHOWN], first=first)


@dataclass(frozen=True, slots=True)
class Found(Generic[Head, OfNoun]):
    """All that a file would do: what is said above the rows of its preview, those that are taken and the others."""

    head: Head
    rows: Sequence[OfNoun]
    left_out: Sequence[LeftOut]

    def all_of(self, kind: str) -> Paged[OfNoun | LeftOut]:
        """The rows of a kind; "": all, or those left out where there is no other."""
        kind = kind or ("" if self.rows or not self.left_out else WRONG)
        counts = {"": len(self.rows), **Counter(row.kind for row in self.rows), WRONG: len(self.left_out)}
        chosen: Sequence[OfNoun | LeftOut] = [row for row in self.rows if kind in ("", row.kind)]
        if kind == WRONG:
            chosen = self.left_out
        return Paged(kind, counts, chosen, 0, len(chosen))

    def page(self, kind: str, first: int) -> Paged[OfNoun | LeftOut]:
        """The page of a kind that begins with this row; where there is none, the first of all."""
        asked = self.all_of(kind).cut(first)
        return asked if asked.rows else self.all_of("").cut(0)


@dataclass(frozen=True, slots=True)
class Preview(Paged[Any]):
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


async def looked(
    request: Asked,
    how: Import,
    given: str,
    read: Callable[..., Awaitable[Found[Head, OfNoun]]],
    *args: object,
    large: bool,
    mark: object = "",
    plain: tuple[type[Head], type[OfNoun]],
) -> tuple[Head, Paged[OfNoun | LeftOut]]:
    """What `read` finds in a file, at the page that the address asks for.

    A large file is read beside this process, once: every page stays with the file, as `plain` data, until another
    `mark` says that something has changed on which it depends.
    """
    form = asked_for(request)
    kind, first = form.text("kind", most=20), form.number("from", least=0, most=1_000_000, default=0)
    first -= first % SHOWN
    resources = pages.process(request).resources
    if not large:
        found = await read(resources, *args)
        return found.head, found.page(kind, first)
    sign = hashlib.sha256(repr(mark).encode()).hexdigest()
    finding = uploads.Finding(how.kind, pages.signed_in(request).id, given, sign)
    kept, page, first_page = await finding.kept(resources.redis, _HEAD, _page(kind, first), _page("", 0))
    if kept is None or first_page is None:
        return await beside.run(resources, _keep, finding, kind, first, read, args)
    head, page = zlib.decompress(kept), zlib.decompress(page or first_page)
    of_noun, row = plain
    is_wrong = msgspec.msgpack.decode(page, type=_Kind).kind == WRONG
    of_page: type[Any] = Paged[LeftOut] if is_wrong else Paged[row]  # type: ignore[valid-type]
    return msgspec.msgpack.decode(head, type=of_noun), msgspec.msgpack.decode(page, type=of_page)


_HEAD: Final = "head"


class _Kind(msgspec.Struct):
    kind: str


def _page(kind: str, first: int) -> str:
    return f"{kind}:{first}"


async def _keep(
    resources: Resources,
    finding: uploads.Finding,
    kind: str,
    first: int,
    read: Callable[..., Awaitable[Found[Head, OfNoun]]],
    args: Sequence[object],
) -> tuple[Head, Paged[OfNoun | LeftOut]]:
    found = await read(resources, *args)

    def parts() -> Iterator[tuple[str, object]]:
        yield _HEAD, found.head
        for one in found.all_of("").counts:
            rows = found.all_of(one)
            yield from ((_page(one, at), rows.cut(at)) for at in range(0, rows.total or 1, SHOWN))

    packed = {name: zlib.compress(msgspec.msgpack.encode(part), 1) for name, part in parts()}
    await finding.keep(resources.redis, packed)
    return found.head, found.page(kind, first)


def preview(request: Asked, page: Paged[Any], **kept: str) -> Preview:
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
