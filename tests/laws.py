"""Laws with Hypothesis: one profile for all, and how many examples a law gets when a hundred are not right for it.

No law is timed. Without more said the examples are the same in every run, so that a red run is red again. With
LAUREL_TEST_EXAMPLES=2000 each law gets twenty times as many, new ones in every run; what failed is kept in .hypothesis/
and tried first the next time.
"""

import os

from hypothesis import HealthCheck, settings

_WANTED = int(os.environ.get("LAUREL_TEST_EXAMPLES", "0"))
EXAMPLES = _WANTED or 100
"""How many a law gets when nothing is said."""

settings.register_profile(
    "laurel",
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],
    **({} if _WANTED else {"derandomize": True, "database": None}),
)
settings.load_profile("laurel")


def examples(percent: int = 100, *, over_one_fixture: bool = False) -> settings:
    """So many of the usual number: fewer where one is costly, more where faults hide. `over_one_fixture`: all examples
    of a law run over the same database, Redis or folder, and the law sees to it that none disturbs the next."""
    suppressed = [HealthCheck.too_slow, *([HealthCheck.function_scoped_fixture] if over_one_fixture else [])]
    return settings(max_examples=max(1, EXAMPLES * percent // 100), suppress_health_check=suppressed)
