"""The nouns that have pages. What is not listed here, no shell knows of."""

from typing import Final

from server.web.audit.noun import AUDIT
from server.web.boards.noun import BOARDS
from server.web.draws.noun import DRAWS
from server.web.frame.listing import Listing
from server.web.frame.noun import Noun
from server.web.frame.own import FRAME
from server.web.funds.noun import FUNDS
from server.web.ledger.noun import LEDGER
from server.web.members.noun import MEMBERS
from server.web.quizzes.noun import QUIZZES
from server.web.screens.noun import SCREENS
from server.web.today.noun import TODAY

NOUNS: Final[tuple[Noun, ...]] = (
    FRAME,
    TODAY,
    QUIZZES,
    DRAWS,
    FUNDS,
    LEDGER,
    MEMBERS,
    BOARDS,
    SCREENS,
    AUDIT,
)

LISTING: Final = Listing(NOUNS)
"""Raises Declared, so that nothing starts, when declarations contradict each other."""
