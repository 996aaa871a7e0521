"""One of everything that has a page: people, a season, quizzes, rooms, draws in each state, screens, links."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from games.quizzes import actions as quizzes
from games.quizzes.formats import QuestionDraft
from rewards import database as db
from rewards.draws import actions as draws
from rewards.draws.badges import badge_text
from rewards.draws.eligibility import Rule
from rewards.draws.terms import CustodianTerms, PrizeTerms, RoundTerms, Terms
from rewards.funds import actions as funds
from rewards.ledger import actions as ledger
from rewards.members import actions as members
from rewards.ticks import STREAM
from server.runtime.chance import new_id, token
from server.runtime.clock import now
from server.runtime.kit_program import empty_kit
from server.runtime.sessions import CODE as BY_CODE
from server.web.screens import actions as screen_actions
from server.web.screens import links as screen_links
from tests.rewards.draws.hall import png
from tests.rewards.draws.world import frozen, held, seal_all
from tests.server.web.conftest import Browser, add_member

CODE = "Blue-valve-7"
DICE = "31415926535897932384"
LAST = RoundTerms("last", "Last")
DIGEST = (
    "SELECT string_agg(name || md5(whole), ' ' ORDER BY name) FROM ({}) AS one"  # filled in from the tables there are
)
QUESTIONS = (
    QuestionDraft(1, "single", "Which valve first?", ("Red", "Blue", "Green"), (1,), 60, "Blue is upstream."),
    QuestionDraft(2, "true_false", "Helmets are needed here.", ("true", "false"), (0,), 60),
)


@dataclass
class World:
    """`people` have earned points; `subject` is one of them with the code CODE, `gone` has left, `head` plans draws.
    `empty_unit` and `retired_unit` are below `unit`. `spare_season` is to come; nothing hangs on it or `spare_screen`.

    `quiz` is played in `lobby` (not begun) and `asked` (its first question, `round`, is open); `fresh` was never
    played. Draws by state: draft, to_freeze, to_cancel, frozen (`badge` is of its first line), to_hold, drawn (`win`
    with `claim_code` is its prize's, `log` its log), unsealed, armed, rolled, to_close (its last round is to come);
    `versions` of all.
    """

    client: Browser
    season: UUID
    spare_season: UUID
    unit: UUID
    empty_unit: UUID
    retired_unit: UUID
    people: list[UUID]
    subject: UUID
    gone: UUID
    head: UUID
    quiz: UUID
    fresh: UUID
    lobby: UUID
    asked: UUID
    round: UUID
    draws: dict[str, UUID]
    versions: dict[str, str]
    log: str
    slug: str
    claim_code: str
    win: UUID
    winner: UUID
    badge: str
    screen: UUID
    spare_screen: UUID
    screen_key: str
    fund: UUID
    link: str
    welcome: str
    seen: tuple[str, str] = field(default=("", ""), repr=False)
    """(how far the server's log had come, the hash of all rows then)"""

    @property
    def process(self):
        """What the application holds open."""
        return self.client.app.state.process

    async def enter(self, member: UUID, roles: tuple[str, ...], language: str = "en") -> dict[str, str]:
        """The headers of a new session of a member, token included."""
        version = await db.value("SELECT access_version FROM member WHERE id = $1", member)
        session = await self.process.sessions.start(
            member,
            name="Somebody",
            roles=roles,
            language=language,
            unit="",
            device="test",
            version=version,
            way=BY_CODE,
        )
        return {"cookie": f"laurel_session={session}", "x-csrftoken": self.process.gate.token_for(session)}

    def stranger(self, language: str = "en") -> dict[str, str]:
        """The headers of a browser that has seen a page and is not signed in, token included."""
        visit = "v" * 43
        cookie = f"laurel_visit={visit}; laurel_language={language}"
        return {"cookie": cookie, "x-csrftoken": self.process.gate.token_for(visit)}

    async def join(self, member: UUID) -> None:
        """Into both rooms."""
        for room in (self.lobby, self.asked):
            await quizzes.join(self.process.redis, room, member, now=now(), new_id=new_id())

    async def digest(self, ticks: bool = True) -> str:
        """Every row of every table, and everything in Redis but sessions, limits and (unless wanted) ticks."""
        redis = self.process.redis
        keys = sorted([key async for key in redis.scan_iter(count=1000)])
        left_out = (b"session", b"limit:", *(() if ticks else (STREAM.encode(),)))
        kept = [key for key in keys if not key.startswith(left_out)]
        async with redis.pipeline(transaction=False) as asked:
            for key in kept:
                asked.dump(key)
            values = await asked.execute()
        return f"{await self._rows()} {list(zip(kept, values, strict=True))}"

    async def _rows(self) -> str:
        """Of every row of every table but that of time; not asked again while the server has written nothing at all."""
        written = await db.value("SELECT pg_current_wal_insert_lsn()::text")
        if self.seen[0] != written:
            found = await db.rows(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'clock' ORDER BY 1"
            )
            one = "SELECT '{0}' AS name, coalesce(string_agg(t::text, '|' ORDER BY t::text), '') AS whole FROM {0} AS t"
            every = " UNION ALL ".join(one.format(row["tablename"]) for row in found)
            self.seen = written, await db.value(DIGEST.format(every))
        return self.seen[1]


async def _draw(
    world_season: UUID, head: UUID, redis, title: str, upto: str = "draft", rounds: tuple[RoundTerms, ...] = ()
) -> UUID:
    """`upto`: unsealed, draft, frozen, armed, rolled or drawn."""
    prizes = tuple(PrizeTerms(f"of-{one.code}", "Mug", 1, round=one.code) for one in rounds[1:])
    terms = Terms(
        title,
        world_season,
        Rule(per=50, cap=4),
        (PrizeTerms("one", "Thermos flask, 0.75 l, with a cup", 1, round=rounds[0].code if rounds else "r1"), *prizes),
        rounds=rounds,
        custodians=(CustodianTerms("organiser", "Wang Fang", head), CustodianTerms("notary", "Notary Li")),
        dispute_hours=0,
        call_seconds=0,
    )
    draw = await draws.create_draw(redis, terms, actor=head, now=now(), today=now().date(), new_id=new_id)
    if upto == "unsealed":
        return draw
    await seal_all(redis, draw, now())
    if upto != "draft":
        await frozen(redis, draw, head, now(), empty_kit())
    if upto in ("armed", "rolled"):
        await draws.arm(redis, draw, actor=head, now=now(), new_id=new_id)
    if upto == "rolled":
        await draws.roll(redis, draw, DICE, actor=head, now=now(), new_id=new_id)
    if upto == "drawn":
        await held(redis, draw, head, DICE, now())
    return draw


async def build(client: Browser) -> World:
    """The whole of it, in the database and Redis of this test."""
    redis, today = client.app.state.process.redis, client.app.state.process.today()
    season, spare_season = [
        (
            await ledger.open_season(
                name, today + timedelta(days=first), today + timedelta(days=last), at=now(), actor=None, new_id=new_id()
            )
        ).id
        for name, first, last in (("Autumn", -30, 60), ("Spare", 200, 230))
    ]
    unit = uuid4()
    await db.rows("INSERT INTO unit (id, parent, name, path) VALUES ($1, NULL, 'Plant', 'Plant')", unit)
    welcome = await members.first_admin_link(now(), token)
    head = await add_member("Wang Fang", "H-1", ["organiser"])
    people = [await add_member(f"Li Na {n}", f"P-{n}") for n in range(4)]
    for person in people:
        await db.rows(
            "INSERT INTO membership (id, member, unit, since) VALUES ($1, $2, $3, $4)", uuid4(), person, unit, today
        )
    async with db.transaction():
        await ledger.award(
            [ledger.Award(f"quiz:{uuid4()}", person, 60 * (n + 1)) for n, person in enumerate(people)],
            rule="quiz",
            season=season,
            day=today,
            at=now(),
            new_id=new_id,
        )
    empty, retired = [
        await members.add_unit(name, unit, actor=head, now=now(), new_id=new_id) for name in ("Empty", "Retired")
    ]
    await members.retire_unit(retired, actor=head, now=now(), today=today)
    gone = await add_member("Zhao Min", "G-1", left=today - timedelta(days=1))
    await members.set_code(people[0], CODE, now=now(), new_id=new_id)
    quiz, fresh = [
        await quizzes.add_quiz(title, QUESTIONS, scoring="kahoot", actor=head, now=now(), new_id=new_id)
        for title in ("Safety", "Never played")
    ]
    rooms = [
        await quizzes.open_room(quiz, host=head, season=season, code=code, now=now(), new_id=new_id)
        for code in ("bcdfg", "hjkmn")
    ]
    await quizzes.join(redis, rooms[1], people[0], now=now(), new_id=new_id())
    await quizzes.advance(redis, rooms[1], expected=1, now=now, new_id=new_id)
    asked = await db.value("SELECT id FROM round WHERE room = $1", rooms[1])
    drawn = await _draw(season, head, redis, "Held", "drawn")
    states = {"drawn": drawn}
    for name in ("draft", "to_freeze", "to_cancel"):
        states[name] = await _draw(season, head, redis, name)
    for name in ("frozen", "to_hold"):
        states[name] = await _draw(season, head, redis, name, "frozen")
    for name in ("unsealed", "armed", "rolled"):
        states[name] = await _draw(season, head, redis, name, name)
    states["to_close"] = await _draw(season, head, redis, "to_close", "drawn", (RoundTerms("r1", "First"), LAST))
    versions = {name: await db.value("SELECT version FROM draw WHERE id = $1", draw) for name, draw in states.items()}
    won = await db.row("SELECT id, claim_code, member FROM win WHERE draw = $1", drawn)
    await db.rows("UPDATE prize SET picture = $2 WHERE draw = $1", drawn, b"\xff\xd8")
    await db.rows("UPDATE win SET signature = $2 WHERE draw = $1", drawn, png())
    number = await db.value("SELECT number FROM draw WHERE id = $1", states["frozen"])
    screen, spare_screen = [
        await screen_actions.add_screen(name, actor=head, now=now(), new_id=new_id) for name in ("Canteen", "Spare")
    ]
    issued = await members.issue_links([people[1]], actor=head, now=now(), valid=timedelta(days=1), new_token=token)
    settings = client.app.state.process.resources.settings
    return World(
        client=client,
        season=season,
        spare_season=spare_season,
        unit=unit,
        empty_unit=empty,
        retired_unit=retired,
        people=people,
        subject=people[0],
        gone=gone,
        head=head,
        quiz=quiz,
        fresh=fresh,
        lobby=rooms[0],
        asked=rooms[1],
        round=asked,
        draws=states,
        versions={name: str(version) for name, version in versions.items()},
        log=await db.value("SELECT log FROM draw WHERE id = $1", drawn),
        slug=await db.value("SELECT slug FROM draw WHERE id = $1", drawn),
        claim_code=won["claim_code"],
        win=won["id"],
        winner=won["member"],
        badge=badge_text(settings.key("badge"), number, 0),
        screen=screen,
        spare_screen=spare_screen,
        screen_key=screen_links.key_of(settings, screen),
        fund=await funds.open_fund("Budget", "money", 100_000, actor=head, now=now(), new_id=new_id),
        link=issued[0][1],
        welcome=welcome,
    )
