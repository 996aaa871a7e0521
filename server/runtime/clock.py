"""The wall clock. Only shells (routes, jobs, the command line) read it; rules and actions are given the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """This instant, aware, in UTC, microsecond resolution. May step back when the machine's clock is set."""
    return datetime.now(UTC)
