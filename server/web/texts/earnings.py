"""What earnings are called: on statements, and where a draw counts them. The words are those of their declarations."""

from collections.abc import Iterable

from rewards.ledger.earnings import Earning
from server.earnings import EARNINGS


def texts_of(earnings: Iterable[Earning]) -> dict[str, str]:
    """The name of an earning as "earning.CODE", what each tally gives as "earning.CODE.TALLY"."""
    return {
        code: words
        for one in earnings
        for code, words in (
            (f"earning.{one.code}", one.name),
            *((f"earning.{one.code}.{tally}", counted) for tally, counted in one.tallies.items()),
        )
    }


TEXTS = texts_of(EARNINGS)
