"""All that can be earned here. Whoever adds a game adds its earnings to this list."""

from typing import Final

from games.quizzes.earnings import QUIZ
from rewards.ledger.earnings import GRANTED, Earning

EARNINGS: Final[tuple[Earning, ...]] = (QUIZ, GRANTED)
"""In the order in which a draw's form offers them."""
