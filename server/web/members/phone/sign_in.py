"""Signing in by personal link, or by staff number and code; the code itself; the language; signing out."""

import re
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from rewards.members import actions, queries
from rewards.members.queries import Person
from rewards.refusals import Refusal
from server.runtime import clock
from server.runtime.chance import new_id
from server.runtime.following import follow_now
from server.runtime.sessions import CODE, LINK, ref_of
from server.web.frame import guards, i18n, pages
from server.web.frame.asked import Asked
from server.web.frame.limits import SignInLimits
from server.web.frame.pages import Form, Process
from server.web.members.phone import devices

LONGEST_WAY = 500
LONGEST_PROOF = 100
WORTH_TELLING = 3
"""Wrong codes of unknown devices: fewer were his own."""
YEAR = 365 * 86400

# The first sign that occurs counts: a browser names those whose pages it wants to be given.
_APPS = (
    ("wxwork", "WeCom"),
    ("MicroMessenger", "WeChat"),
    ("DingTalk", "DingTalk"),
    ("Lark", "Feishu"),
    ("Feishu", "Feishu"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("SamsungBrowser", "Samsung Internet"),
    ("HuaweiBrowser", "Huawei"),
    ("MiuiBrowser", "Xiaomi"),
    ("QQBrowser", "QQ"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_MACHINES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """A device in few words, as "WeChat, iPhone"; "" when nothing is recognised. Names of makers are not translated."""
    app = next((name for sign, name in _APPS if sign in user_agent), "")
    machine = next((name for sign, name in _MACHINES if sign in user_agent), "")
    return ", ".join(word for word in (app, machine) if word)


def own_path(way: str, otherwise: str = "/") -> str:
    """`way` when it is a path of this site and nothing else; `otherwise` when it could lead anywhere else."""
    if len(way) <= LONGEST_WAY and re.fullmatch(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", way):
        return way
    return otherwise


def _address(request: Asked) -> str:
    return request.client.host if request.client is not None else ""


def sign_in_limits(request: Asked) -> SignInLimits:
    """How often codes may be tried."""
    process = pages.process(request)
    return SignInLimits(process.limits, process.resources.settings.key("proof"))


def _landing(request: Asked, person: Person, way: str) -> str:
    """Where a member goes after signing in: where he was going, else the desk for those who have one."""
    start = "/desk" if "desk.open" in pages.listing(request).may(person.roles) else "/"
    return own_path(way, start)


async def _signed_in(request: Asked, person: Person, to: str, at: datetime) -> Response[bytes]:
    """On to `to` with a new session, for whoever has used his link, slip or code at this moment. He is told when
    others tried codes for him."""
    by_link, link_by = await queries.link_used(person.id, at)
    if not person.has_code:
        to = "/set-code?" + urlencode({"next": to})
    tried = await sign_in_limits(request).strange(person.staff_number)
    answer = pages.go(request, to, said="phone.strange_tries" if tried >= WORTH_TELLING else "")
    if not by_link:
        await devices.remember(request, person.staff_number)
    answer.headers["set-cookie"] = await _new_session(request, person, LINK if by_link else CODE, link_by, at)
    return answer


async def _new_session(
    request: Asked, person: Person, way: str, link_by: UUID | None, at: datetime | None = None
) -> str:
    """The cookie of a new session; whatever session this device had before ends. `at`: when the link was used.

    Refuses `web.sign_in_first`: meanwhile he has left, or his sessions were ended.
    """
    process, known = pages.process(request), person.access_version
    await process.sessions.end(request.scope["state"]["session_id"])
    device = device_of(request.headers.get("user-agent", ""))
    while (session_id := await _started(process, person, device, way, link_by)) is None:
        before, person = person.access_version, await _person(person.id)
        if person.left_on is not None or person.access_floor > known or person.access_version <= before:
            raise Refusal("web.sign_in_first")
    await actions.note_sign_in(
        person.id,
        way=way,
        ref=ref_of(session_id),
        device=device,
        issued_by=link_by,
        now=at or clock.now(),
        new_id=new_id,
    )
    return process.gate.session_cookie(session_id)


async def _started(process: Process, person: Person, device: str, way: str, link_by: UUID | None) -> str | None:
    """The id of a new session; None: the roster has changed since this person was read."""
    return await process.sessions.start(
        person.id,
        name=person.name,
        roles=person.roles,
        language=person.language,
        unit=person.unit_name,
        device=device,
        version=person.access_version,
        way=way,
        link_by=link_by,
    )


def _words(request: Asked, refusal: Refusal) -> str:
    return pages.said(request, refusal)


# By personal link


@get("/in/{token:str}", opt={"open": True})
async def show_link(request: Asked, token: FromPath[str]) -> Response[bytes]:
    """Whom the link is for. Looking does not use it up: a preview of a message opens links too. Nobody guesses 256
    bits, so nothing is counted: a hall opens its links at once."""
    way = own_path(request.query_params.get("next", ""), "")
    try:
        found = await actions.look_at_link(token, clock.now())
    except Refusal as refusal:
        return _link_problem(request, refusal)
    if found.member is None:
        return pages.go(request, f"/welcome/{token}")
    return pages.page(request, "members/phone/link.html", found=found, token=token, next=way, problem="")


def _link_problem(request: Asked, refusal: Refusal) -> Response[bytes]:
    status = 404 if refusal.code == "sign_in.link_unknown" else 410
    words = _words(request, refusal)
    return pages.page(request, "members/phone/link.html", status, found=None, token="", next="", problem=words)


@post("/in/{token:str}", opt={"open": True})
async def use_link(request: Asked, token: FromPath[str]) -> Response[bytes]:
    """Yes, that is me."""
    form, now = await pages.form(request), clock.now()
    try:
        person = await actions.use_link(token, now)
    except Refusal as refusal:
        return _link_problem(request, refusal)
    return await _signed_in(request, person, _landing(request, person, form.text("next", most=LONGEST_WAY)), now)


# By staff number and code


@get("/sign-in", opt={"open": True})
async def show_sign_in(request: Asked) -> Response[bytes]:
    """Staff number and code; whoever is signed in goes on, unless he is to sign in `again`, with his code."""
    way = own_path(request.query_params.get("next", ""), "")
    if pages.me(request) is not None and not request.query_params.get("again"):
        return pages.go(request, way or "/")
    return await _sign_in_page(request, way)


async def _sign_in_page(
    request: Asked, way: str, *, status: int = 200, problem: str = "", staff_number: str = "", bits: int = 0
) -> Response[bytes]:
    """`bits` that the next try has to prove; where many went wrong, all who ask for the page are given some."""
    limits = sign_in_limits(request)
    bits = bits or await limits.wanted(_address(request))
    own = {"next": way, "staff_number": staff_number, "challenge": await limits.challenge() if bits else ""}
    return pages.kept_page(request, "members/phone/sign_in.html", status, own=own, problem=problem, bits=bits)


@post("/sign-in", opt={"open": True})
async def sign_in(request: Asked) -> Response[bytes]:
    """A wrong code says how many tries are left; tries are counted before the code is looked at."""
    form = await pages.form(request)
    way = own_path(form.text("next", most=LONGEST_WAY), "")
    staff_number = form.text("staff_number", most=100)
    code = form.text("code", most=200)
    proof = form.text("proof", most=LONGEST_PROOF)
    limits, now = sign_in_limits(request), clock.now()
    device = await devices.knows(request, staff_number)
    try:
        tried = await limits.by_code(staff_number, code, _address(request), device=device, proof=proof)
        person = await actions.check_code(staff_number, code, now=now, tries_left=tried.left)
    except Refusal as refusal:
        status = 401 if refusal.code == "sign_in.wrong" else 429
        words, bits = _words(request, refusal), int(str(refusal.details.get("bits", 0)))
        return await _sign_in_page(request, way, status=status, problem=words, staff_number=staff_number, bits=bits)
    await limits.right(tried)
    return await _signed_in(request, person, _landing(request, person, way), now)


# The first admin


@get("/welcome/{token:str}", opt={"open": True})
async def show_welcome(request: Asked, token: FromPath[str]) -> Response[bytes]:
    """For whoever holds the link that the start printed."""
    found = None
    problem = ""
    try:
        found = await actions.look_at_link(token, clock.now())
    except Refusal as refusal:
        problem = _words(request, refusal)
    if found is not None and found.member is not None:
        return pages.go(request, f"/in/{token}")
    return pages.page(
        request,
        "members/phone/welcome.html",
        200 if found else 410,
        open=found is not None,
        token=token,
        problem=problem,
        name="",
        staff_number="",
    )


@post("/welcome/{token:str}", opt={"open": True})
async def become_first_admin(request: Asked, token: FromPath[str]) -> Response[bytes]:
    """Name, staff number and code in one form; nothing is made unless all three will do."""
    form = await pages.form(request)
    name, staff_number = form.text("name", most=300), form.text("staff_number", most=100)
    code, now = form.text("code", most=200), clock.now()
    try:
        person, follows = await actions.become_first_admin(token, staff_number, name, code, now=now, new_id=new_id)
    except Refusal as refusal:
        return pages.page(
            request,
            "members/phone/welcome.html",
            409,
            open=not refusal.code.startswith("sign_in.link") and refusal.code != "members.admin_exists",
            token=token,
            problem=_words(request, refusal),
            name=name,
            staff_number=staff_number,
        )
    await follow_now(pages.process(request).resources, follows)
    return await _signed_in(request, person, "/desk", now)


async def _person(member: UUID) -> Person:
    found = await queries.member(member)
    if found is None:
        raise Refusal("members.unknown")
    return found


# The code


@get("/set-code", guards=[guards.signed_in])
async def show_set_code(request: Asked) -> Response[bytes]:
    """Offered after the first sign-in, and whenever somebody wants another code."""
    return await _set_code_page(request, own_path(request.query_params.get("next", "")))


async def _set_code_page(
    request: Asked, way: str, status: int = 200, problem: str = "", code: str = ""
) -> Response[bytes]:
    person = await _person(pages.signed_in(request).id)
    of_old = code == "code.old_wrong" or code.startswith("sign_in.")
    shown = {"old": problem, "new": ""} if of_old else {"old": "", "new": problem}
    return pages.page(request, "members/phone/set_code.html", status, person=person, next=way, problems=shown)


@post("/set-code", guards=[guards.signed_in])
async def set_code(request: Asked) -> Response[bytes]:
    """The new code, typed once: it is shown while it is typed, so a second time would only be work. One that stands is
    asked first, within the same limits as when signing in; a session that began by it knows it."""
    form, me = await pages.form(request), pages.signed_in(request)
    way = own_path(form.text("next", most=LONGEST_WAY))
    current, limits, person = pages.session(request), sign_in_limits(request), await _person(me.id)
    begun, link_by = (CODE, None) if current is None else (current.way, current.link_by)
    now, old, tried = clock.now(), form.text("old", most=200), None
    here = ref_of(request.scope["state"]["session_id"])
    try:
        if person.has_code:
            device = here if begun == CODE else await devices.knows(request, person.staff_number)
            tried = await limits.by_code(person.staff_number, old, None, device=device)
        follows = await actions.set_code(
            me.id, form.text("code", most=200), old=old, issued_by=link_by, now=now, new_id=new_id
        )
    except Refusal as refusal:
        if tried is not None and refusal.code != "code.old_wrong":
            await limits.right(tried)
        status = 429 if refusal.code.startswith("sign_in.") else 409
        return await _set_code_page(request, way, status, _words(request, refusal), refusal.code)
    if tried is not None:
        await limits.right(tried)
    await devices.remember(request, person.staff_number)
    said = "phone.code_changed" if person.has_code else "phone.code_set"
    if not follows:
        return pages.go(request, way, said=said)
    await follow_now(pages.process(request).resources, follows)
    answer = pages.go(request, way, said=said)
    answer.headers["set-cookie"] = await _new_session(request, await _person(me.id), begun, link_by)
    return answer


# Language, signing out


@post("/language", opt={"open": True})
async def set_language(request: Asked) -> Response[bytes]:
    """For this device, and for the member when signed in: all his devices follow."""
    form = await pages.form(request)
    language = form.text("language", most=16)
    if language not in i18n.LOCALES:
        raise Refusal("members.unknown_language")
    process, me = pages.process(request), pages.me(request)
    if me is not None:
        follows = await actions.set_language(me.id, language, now=clock.now(), new_id=new_id)
        await follow_now(process.resources, follows)
    answer = pages.go(request, back(form))
    answer.headers["set-cookie"] = process.gate.cookie(pages.LANGUAGE, language, YEAR)
    return answer


def back(form: Form, otherwise: str = "/") -> str:
    """The page of ours that a form was on, as it says itself."""
    return own_path(form.text("back", most=LONGEST_WAY), otherwise)


@post("/sign-out", opt={"open": True})
async def sign_out(request: Asked) -> Response[bytes]:
    """This device only."""
    await pages.form(request)
    process = pages.process(request)
    await process.sessions.end(request.scope["state"]["session_id"])
    answer = pages.go(request, "/", said="phone.signed_out")
    answer.headers["set-cookie"] = process.gate.session_cookie("")
    return answer


HANDLERS = [
    show_link,
    use_link,
    show_sign_in,
    sign_in,
    show_welcome,
    become_first_admin,
    show_set_code,
    set_code,
    set_language,
    sign_out,
]
