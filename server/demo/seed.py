"""What the demo begins with: people, a season, two quizzes, a screen and a draw. Each once, at the first start."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from games.quizzes import actions as quizzes
from games.quizzes import queries as quiz_queries
from games.quizzes.earnings import QUIZ
from rewards import database as db
from rewards.audit.actions import note
from rewards.draws import actions as draws
from rewards.draws import queries as draw_queries
from rewards.draws import rules
from rewards.draws.eligibility import Counted, Rule
from rewards.draws.queries import DrawRow
from rewards.draws.terms import LEAST_CUSTODIANS, CustodianTerms, PrizeTerms, Terms
from rewards.ledger import actions as ledger
from rewards.ledger import queries as ledger_queries
from rewards.members import actions as members
from rewards.members import queries as member_queries
from rewards.members.roster_file import Field, Language, Roster
from server.demo import quizzes as texts
from server.demo import roster
from server.runtime.chance import new_id, token
from server.runtime.clock import now
from server.runtime.refusals import Refusal
from server.runtime.resources import Resources
from server.web.screens.actions import add_screen
from server.web.screens.links import screen_link
from server.web.screens.queries import screens

LINK_LIFE: Final = timedelta(days=1)
_FIELDS: Final[tuple[Field, ...]] = ("staff_number", "name", "unit", "roles", "joined")
_SEEDED: Final = "demo.seeded"


@dataclass(frozen=True, slots=True)
class Links:
    """Paths of fresh one-time links, good for a day: for a phone, for the desk."""

    phone: str
    organiser: str
    admin: str


async def seed(resources: Resources) -> bool:
    """Bring what is missing; True at the very first start. Refusal demo.real_data where real members are.

    What people have changed since stays as they left it.
    """
    language = resources.settings.language
    begun = await db.value("SELECT EXISTS (SELECT FROM audit_entry WHERE code = $1)", _SEEDED)
    if not begun:
        if await db.value("SELECT EXISTS (SELECT FROM member)"):
            raise Refusal("demo.real_data", folder=resources.settings.data)
        async with db.transaction():
            await note(_SEEDED, at=now(), actor=None, subject="demo")
    await _people(resources, language)
    season = await _season(resources, language)
    organiser = await person(roster.ORGANISER)
    known = {quiz.title for quiz in await quiz_queries.quizzes()}
    for quiz in reversed(texts.quizzes(language)):
        if quiz.title not in known and not begun:
            await quizzes.add_quiz(
                quiz.title, quiz.questions, scoring="kahoot", actor=organiser, now=now(), new_id=new_id
            )
    if not await draw_queries.draws(limit=1):
        await plan_draw(resources, season, organiser)
    return not begun


async def _people(resources: Resources, language: Language) -> None:
    if await member_queries.member_by_staff_number(roster.ORGANISER) is not None:
        return
    moment = now()
    await members.import_roster(
        Roster(tuple(roster.members(language)), columns=tuple((name, name) for name in _FIELDS)),
        full=False,
        allow_many=False,
        actor=None,
        now=moment,
        today=resources.day_of(moment),
        new_id=new_id,
    )


async def _season(resources: Resources, language: Language) -> UUID:
    """The season of today, opened for the calendar year when there is none."""
    moment = now()
    today = resources.day_of(moment)
    found = await ledger_queries.season_of(today)
    if found is None:
        name = f"{today.year} 赛季" if language == "zh-Hans" else f"Season {today.year}"
        found = await ledger.open_season(
            name, date(today.year, 1, 1), date(today.year, 12, 31), at=moment, actor=None, new_id=new_id()
        )
    return found.id


async def plan_draw(resources: Resources, season: UUID, creator: UUID) -> UUID:
    """A draw for everybody who has played: a ticket for every thousand points, ten at most.

    Organiser and administrator keep a secret each, and nobody waits for objections.
    """
    chinese = resources.settings.language == "zh-Hans"
    moment = now()
    prizes = (
        ("third", "保温杯" if chinese else "Vacuum flask", 5),
        ("second", "电饭煲" if chinese else "Rice cooker", 2),
        ("first", "双人周末游" if chinese else "Weekend for two", 1),
    )
    terms = Terms(
        title="答题抽奖" if chinese else "Quiz draw",
        season=season,
        rule=Rule((Counted(QUIZ.code, "count", 1),), per=1000, cap=10),
        prizes=tuple(PrizeTerms(*prize) for prize in prizes),
        custodians=(
            CustodianTerms("organiser", "组织者" if chinese else "Organiser", await person(roster.ORGANISER)),
            CustodianTerms("union", "管理员" if chinese else "Administrator", await person(roster.ADMIN)),
        ),
        dispute_hours=0,
    )
    return await draws.create_draw(
        resources.redis, terms, actor=creator, now=moment, today=resources.day_of(moment), new_id=new_id
    )


async def seal(resources: Resources, draw: DrawRow) -> list[bytes] | None:
    """Let the demo's custodians make and seal their secrets, and return those; None: people have begun to, or must."""
    keepers = await draw_queries.custodians(draw.id)
    known = [(one.label, one.member) for one in keepers if one.member is not None and not one.commitment]
    if len(keepers) < LEAST_CUSTODIANS or len(known) < len(keepers):
        return None
    made = []
    for label, member in known:
        secret = secrets.token_bytes(rules.SECRET_BYTES)
        commitment = rules.commitment(draw.slug, label, secret)
        await draws.seal(resources.redis, draw.id, label, commitment, member=member, now=now())
        made.append(secret)
    return made


async def person(staff_number: str) -> UUID:
    """A member of the demo by his number. Refusal members.unknown when he is gone."""
    found = await member_queries.member_by_staff_number(staff_number)
    if found is None or found.left_on is not None:
        raise Refusal("members.unknown")
    return found.id


async def link(staff_number: str) -> str:
    """The path of a fresh one-time link; the member's older ones end."""
    issued = await members.issue_links(
        [await person(staff_number)], actor=None, now=now(), valid=LINK_LIFE, new_token=token
    )
    return f"/in/{issued[0][1]}"


async def links() -> Links:
    """Fresh links for the newcomer: as a member on a phone, as organiser and as administrator at the desk."""
    return Links(await link(roster.GUEST), await link(roster.ORGANISER), await link(roster.ADMIN))


async def ensure_draw(resources: Resources) -> None:
    """There is a planned draw whose secrets nobody has made yet."""
    for row in await draw_queries.draws():
        keepers = await draw_queries.custodians(row.id) if row.state == "draft" else []
        if keepers and not any(one.commitment for one in keepers):
            return
    await plan_draw(resources, await _season(resources, resources.settings.language), await person(roster.HOST))


async def screen(resources: Resources) -> str:
    """The whole address of the demo's screen, which is made when there is none."""
    known = [one.id for one in await screens() if one.revoked_at is None]
    name = "大厅" if resources.settings.language == "zh-Hans" else "Main hall"
    chosen = known[0] if known else await add_screen(name, actor=None, now=now(), new_id=new_id)
    return screen_link(resources.settings, chosen)
