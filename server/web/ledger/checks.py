"""What `laurel check` compares in the ledger."""

from datetime import datetime

from rewards.ledger import queries
from server.runtime.resources import Resources
from server.web.frame.noun import Difference


async def ledger(resources: Resources, now: datetime) -> list[Difference]:
    """Postings that do not balance, reversals that are not exact, caps that were passed."""
    return [Difference(fault.code, dict(fault.details)) for fault in await queries.faults()]
