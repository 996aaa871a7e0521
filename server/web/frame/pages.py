"""What every handler of a page needs: who asks, in which language, the form, and the answer."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from hmac import compare_digest
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from litestar import Response
from litestar.datastructures import UploadFile
from markupsafe import Markup, escape
from redis.asyncio import Redis

from rewards.audit import queries as audit
from rewards.refusals import Refusal
from server import VERSION
from server.runtime import beside, clock
from server.runtime.chance import token
from server.runtime.resources import Resources
from server.runtime.sessions import Session, Sessions
from server.runtime.watch import Watch
from server.web.frame import conditional, html, i18n
from server.web.frame.asked import Asked
from server.web.frame.gate import Gate
from server.web.frame.limits import Limits, network_of
from server.web.frame.listing import Lenient, Listing, May
from server.web.frame.live import MOST_OF_SCREEN, Hub, Whose
from server.web.frame.noun import Opened, Page

Given = ParamSpec("Given")
Found = TypeVar("Found")

LANGUAGE = "laurel_language"
TEXT_SIZE = "laurel_text"
TEXT_SIZES = ("normal", "large", "larger")
_HTML = "text/html"
MOST_SAID = 100
"""Signs of a detail of what is said after a form."""


@dataclass(frozen=True, slots=True)
class Process:
    """What this web process holds open, found by handlers through `process(request)`."""

    resources: Resources
    sessions: Sessions
    limits: Limits
    hub: Hub
    gate: Gate
    opened: Mapping[str, Opened]
    watch: Watch

    @property
    def redis(self) -> Redis:
        """The process's Redis client."""
        return self.resources.redis

    def today(self) -> date:
        """The organisation's day now."""
        return self.resources.day_of(clock.now())


@dataclass(frozen=True, slots=True)
class Me:
    """Who is signed in, as pages see it."""

    id: UUID
    name: str
    unit: str
    roles: tuple[str, ...]
    may: May


def process(request: Asked) -> Process:
    """What the process that serves this request holds open."""
    found: Process = request.app.state.process
    return found


def listing(request: Asked) -> Listing:
    """What all nouns declare."""
    found: Listing = request.app.state.listing
    return found


def opened(request: Asked, noun: str) -> Any:
    """What a noun holds open in the process that serves this request."""
    return process(request).opened[noun].own


async def away(
    request: Asked,
    large: bool,
    work: Callable[Concatenate[Resources, Given], Awaitable[Found]],
    *args: Given.args,
    **kwargs: Given.kwargs,
) -> Found:
    """What `work` returns: beside this process when it is `large` (see `beside.run`), else here, which is sooner."""
    resources = process(request).resources
    if large:
        return await beside.run(resources, work, *args, **kwargs)
    return await work(resources, *args, **kwargs)


def session(request: Asked) -> Session | None:
    """The session of the request, or None."""
    found: Session | None = request.scope["state"]["session"]
    return found


def form_token(request: Asked) -> str:
    """The token of all forms of this answer, made when the first asks for it."""
    state: dict[str, Any] = request.scope["state"]
    if "csrf" not in state:
        state["csrf"] = process(request).gate.token_for(state["anchor"])
    return str(state["csrf"])


def set_cookie(request: Asked, name: str, value: str, seconds: int) -> None:
    """A cookie beside the one that an answer may set itself, as Gate.cookie makes it."""
    cookies: dict[str, str] = request.scope["state"].setdefault("cookies", {})
    cookies[name] = process(request).gate.cookie(name, value, seconds)


def hold(request: Asked) -> Callable[[Callable[[], None]], AbstractContextManager[None]]:
    """For an event stream of this request: its session stays at hand, and its end ends the stream."""
    current = session(request)
    if current is None:
        raise Refusal("web.sign_in_first")
    return partial(process(request).sessions.holding, request.scope["state"]["session_id"], current)


def stream_of(request: Asked, screen: UUID | None = None) -> Whose:
    """For an event stream of this request, before anything is looked up for it: whose it is, the session's or a
    screen's. Refusal web.too_many when that one opens streams all the time."""
    address = network_of(request.client.host if request.client is not None else "")
    session_id = request.scope["state"]["session_id"]
    whose = Whose(session_id, address) if screen is None else Whose(f"screen:{screen}", address, MOST_OF_SCREEN)
    if not process(request).hub.may_open(whose):
        raise Refusal("web.too_many", seconds=1)
    return whose


def me(request: Asked) -> Me | None:
    """Who is signed in, or None."""
    current = session(request)
    if current is None:
        return None
    return Me(current.member, current.name, current.unit, current.roles, listing(request).may(current.roles))


def signed_in(request: Asked) -> Me:
    """Who is signed in; Refusal web.sign_in_first when nobody is."""
    current = me(request)
    if current is None:
        raise Refusal("web.sign_in_first")
    return current


def locale(request: Asked) -> str:
    """The language of the answer: of the member, else of the device, else of the browser, else of the organisation."""
    current = session(request)
    wanted = current.language if current is not None and current.language else request.cookies.get(LANGUAGE)
    default = request.app.state.process.resources.settings.language
    return i18n.negotiate(request.headers.get("accept-language"), wanted, default)


def text_size(request: Asked) -> str:
    """The size of text that this device asked for: large, larger, or "" for the usual one."""
    wanted = request.cookies.get(TEXT_SIZE, "")
    return wanted if wanted in TEXT_SIZES[1:] else ""


def sentence(request: Asked, code: str, details: Mapping[str, object] | None = None) -> str:
    """The words of a code in the language of the answer."""
    return listing(request).sentence(code, details or {}, locale(request))


def said(request: Asked, refusal: Refusal) -> str:
    """A refusal in the language of the answer."""
    return sentence(request, refusal.code, refusal.details)


def speaker(request: Asked) -> Callable[..., str]:
    """For templates: `say(code, details)` in the language of the answer, as in Listing.speaker."""
    return listing(request).speaker(locale(request))


def context(request: Asked, **own: object) -> dict[str, object]:
    """What every page gets beside its own values. `?said=CODE` after a redirect shows one of our sentences; its details
    only where they are sealed as `go` seals them, so that no link puts words on a page.

    ValueError when a value of its own would hide one that every page gets: what the frame shows would be wrong there.
    """
    language = locale(request)
    every: dict[str, object] = {
        "csrf": form_token(request),
        "me": me(request),
        "organisation": process(request).resources.settings.organisation,
        "path": request.url.path,
        "form_page": listing(request).page_of_form(request.url.path) if request.method == "POST" else "",
        "tab": listing(request).tab(request.url.path),
        "version": VERSION,
        "now": clock.now(),
        "text_size": text_size(request),
        "said": _said(request, language),
    }
    if hidden := every.keys() & own.keys():
        raise ValueError(f"a page may not have {sorted(hidden)} of its own")
    return every | own


def _said(request: Asked, language: str) -> str:
    """The sentence that the address names, if it is ours; "" for none."""
    values = parse_qsl(request.url.query, keep_blank_values=True)
    names = [name for name, _ in values]
    if "said" not in names or (said := values[names.index("said")][1]) not in listing(request).texts:
        return ""
    after = values[names.index("said") + 1 :]
    end = next((at for at, (name, _) in enumerate(after) if name == "seal"), 0)
    sealed = compare_digest(after[end][1].encode(), _seal(request, said, after[:end]).encode()) if end else False
    if not sealed and "%(" in listing(request).texts[said]:
        return ""
    return listing(request).sentence(said, Lenient(after[:end] if sealed else ()), language)


def _seal(request: Asked, said: str, details: Sequence[tuple[str, str]]) -> str:
    return process(request).gate.seal(urlencode([("said", said), *details]), request.scope["state"]["anchor"])


def page(
    request: Asked, template: str, /, status: int = 200, values: Mapping[str, object] | None = None, **own: object
) -> Response[bytes]:
    """A whole page, given `values` and `own`."""
    return _html(html.render(template, locale(request), **context(request, **{**(values or {}), **own})), status)


def kept_page(
    request: Asked, template: str, /, status: int = 200, *, own: Mapping[str, str], **values: str | int
) -> Response[bytes]:
    """As `page`, for one that anybody may ask for without end: rendered once for all with the same `values`; what
    each has of its `own` is put in its place, which costs a tenth.

    An own text is only shown, or asked whether it is there; it is never part of a script. `now` is not for such a page.
    """
    every = context(request, **values)
    if every["me"] is not None:
        return page(request, template, status, own, **values)
    texts = {**own, "csrf": str(every.pop("csrf"))}
    del every["now"]
    filled = tuple((name, text != "") for name, text in texts.items())
    text = _rendered(template, locale(request), tuple(every.items()), filled)
    return _html(_OWN.sub(lambda mark: escape(texts[mark[1]]), text), status)


_MARK: Final = token()
_OWN: Final = re.compile(f"{re.escape(_MARK)}_([a-z_]+)_{re.escape(_MARK)}")


@lru_cache(maxsize=64)
def _rendered(
    template: str, language: str, every: tuple[tuple[str, object], ...], own: tuple[tuple[str, bool], ...]
) -> str:
    """A page with a mark in place of each text of an answer's own that is not empty."""
    marks = {name: f"{_MARK}_{name}_{_MARK}" if there else "" for name, there in own}
    return html.render(template, language, **dict(every), **marks)


async def brought(request: Asked, page: Page) -> dict[str, list[Markup]]:
    """What nouns bring to a page: section -> what each part shows, in its order; a part that shows nothing is left out.

    Every card is asked for its facts, one after the other.
    """
    found: list[tuple[int, str, str]] = []
    for card in listing(request).cards(page):
        shown = context(request, say=speaker(request), **await card.facts(request))
        found += [(one.order, one.section, html.render(one.template, locale(request), **shown)) for one in card.parts]
    sections: dict[str, list[Markup]] = {}
    for _order, section, text in sorted(found):
        if text.strip():
            sections.setdefault(section, []).append(Markup(text))  # noqa: S704 - our own templates, escaped there
    return sections


def fragment(
    request: Asked,
    template: str,
    block: str,
    /,
    status: int = 200,
    values: Mapping[str, object] | None = None,
    **own: object,
) -> Response[bytes]:
    """One block of a page, for htmx to swap in."""
    shown = context(request, **{**(values or {}), **own})
    return _html(html.render_block(template, block, locale(request), **shown), status)


def _html(text: str, status: int) -> Response[bytes]:
    return Response(text.encode(), status_code=status, media_type=_HTML)


def unless_known(request: Asked, tag: str, text: str, headers: Mapping[str, str]) -> Response[bytes]:
    """HTML that a page asks for again and again; 304 where it has it already. `tag` as in conditional.answer."""
    return conditional.answer(request, tag, text.encode(), _HTML, headers)


def is_htmx(request: Asked) -> bool:
    """Whether htmx asked for a fragment."""
    return request.headers.get("hx-request") == "true"


def go(request: Asked, to: str, said: str = "", **details: object) -> Response[bytes]:
    """After a form: on to another page (303; for htmx its own header), with a sentence to show there. Its details are
    sealed for whoever asks."""
    if said:
        given = [(name, str(value)[:MOST_SAID]) for name, value in details.items()]
        seal = [("seal", _seal(request, said, given))] if given else []
        to += ("&" if "?" in to else "?") + urlencode([("said", said), *given, *seal])
    if is_htmx(request):
        return Response(b"", status_code=204, headers={"HX-Redirect": to})
    return Response(b"", status_code=303, headers={"Location": to})


def told(request: Asked, to: str, code: str) -> Response[bytes]:
    """Nothing was done, and one sentence says why: on the page `to`, for htmx as a notice on the page as it stands."""
    if not is_htmx(request):
        return go(request, to, said=code)
    # What was pressed may have gone from the page meanwhile, and from there no HX-Retarget is found: the form names
    # #notices as its target.
    return fragment(request, "kit/signs.html", "beside", told=sentence(request, code))


class Form:
    """The values of a posted form, with refusals that name the field."""

    def __init__(self, values: Mapping[str, list[str]], files: Mapping[str, UploadFile] | None = None) -> None:
        self._values = values
        self.files = files or {}

    def text(self, name: str, *, most: int = 500, needed: bool = False) -> str:
        """A trimmed text of at most `most` characters; "" when absent unless `needed`."""
        value = (self._values.get(name) or [""])[0].strip()
        if "\x00" in value:
            raise Refusal("web.bad_input")
        if needed and not value:
            raise Refusal("web.field_missing", field=name)
        if len(value) > most:
            raise Refusal("web.field_long", field=name)
        return value

    def number(self, name: str, *, least: int, most: int, default: int | None = None) -> int:
        """A whole number between `least` and `most`; `default` when left empty."""
        value = self.text(name, most=20)
        if not value and default is not None:
            return default
        try:
            number = int(value)
        except ValueError:
            raise Refusal("web.field_number", field=name) from None
        if not least <= number <= most:
            raise Refusal("web.field_number", field=name)
        return number

    def maybe_number(self, name: str, *, least: int, most: int) -> int | None:
        """As `number`; None when left empty."""
        return self.number(name, least=least, most=most) if self.text(name, most=20) else None

    def uuid(self, name: str) -> UUID:
        """An id."""
        return uuid_of(self.text(name, most=40))

    def all(self, name: str) -> list[str]:
        """Every value of a name (checkboxes)."""
        return [value for value in self._values.get(name, []) if "\x00" not in value]

    def moment(self, name: str, request: Asked) -> datetime | None:
        """A `datetime-local` value in the organisation's time zone; None when left empty."""
        value = self.text(name, most=30)
        if not value:
            return None
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise Refusal("web.field_date", field=name) from None
        return found if found.tzinfo else found.replace(tzinfo=process(request).resources.zone)

    def day(self, name: str) -> date | None:
        """A date; None when left empty."""
        value = self.text(name, most=30)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            raise Refusal("web.field_date", field=name) from None


def uuid_of(text: str) -> UUID:
    """The id that a text spells; Refusal web.not_found when it spells none."""
    try:
        return UUID(text)
    except ValueError:
        raise Refusal("web.not_found") from None


async def form(request: Asked) -> Form:
    """The posted form. Refusals: web.forged (its token is wrong), web.changed_since (it undoes a change that is not the
    last any more)."""
    if request.scope["state"]["forged"]:
        raise Refusal("web.forged")
    found = await _read(request)
    undone = found.maybe_number("undoes", least=1, most=2**62)
    if undone is not None and not await audit.is_last(undone):
        raise Refusal("web.changed_since")
    return found


async def _read(request: Asked) -> Form:
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        data = await request.form()
        values: dict[str, list[str]] = {}
        files: dict[str, UploadFile] = {}
        for key, value in data.multi_items():
            if isinstance(value, UploadFile):
                files[key] = value
            else:
                values.setdefault(key, []).append(str(value))
        return Form(values, files)
    return parsed(await request.body())


def parsed(body: bytes) -> Form:
    """The form that a body spells, as a browser without files sends it; Refusal web.bad_input when it spells none."""
    values: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=2000)
    except (UnicodeDecodeError, ValueError):
        raise Refusal("web.bad_input") from None
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return Form(values)
