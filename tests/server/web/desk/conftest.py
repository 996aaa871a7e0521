"""What the desk's tests begin with: a season, a quiz, a room, people."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from games.quizzes import actions
from games.quizzes.formats import QuestionDraft
from rewards.ledger import actions as ledger
from server.runtime.chance import new_id
from server.runtime.clock import now
from tests.server.web.conftest import Browser, SignIn

QUESTIONS: Sequence[QuestionDraft] = (
    QuestionDraft(1, "single", "Which valve first?", ("Red", "Blue", "Green"), (1,), 20, "Blue is upstream."),
    QuestionDraft(2, "true_false", "Helmets are needed here.", ("true", "false"), (0,), 10),
)


@pytest.fixture
async def season(client: Browser) -> UUID:
    """A season that covers today."""
    today = client.app.state.process.today()
    made = await ledger.open_season(
        "Autumn", today - timedelta(days=30), today + timedelta(days=60), at=now(), actor=None, new_id=new_id()
    )
    return made.id


@pytest.fixture
async def quiz(client: Browser) -> UUID:
    """A quiz of two questions."""
    return await actions.add_quiz("Safety", QUESTIONS, scoring="kahoot", actor=None, now=now(), new_id=new_id)


@pytest.fixture
async def room(client: Browser, season: UUID, quiz: UUID, host: UUID) -> UUID:
    """A room of that quiz with its lobby open."""
    return await actions.open_room(quiz, host=host, season=season, code="bcdfg", now=now(), new_id=new_id)


@pytest.fixture
async def host(sign_in: SignIn) -> UUID:
    """An organiser who hosts rooms."""
    return (await sign_in("organiser", name="Host", number="H1")).id
