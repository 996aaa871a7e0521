"""What a quiz pays: one posting for each play of a room, about the quiz, measured in percent right."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from games.quizzes import queries
from rewards.ledger.earnings import Earning


async def titles() -> Mapping[UUID, str]:
    """All quizzes, the latest first."""
    return {one.id: one.title for one in await queries.quizzes()}


QUIZ: Final = Earning(
    "quiz",
    "Quizzes",
    measure="percent",
    tallies={"count": "Quizzes taken", "best": "Best quiz result"},
    subjects=titles,
)
