"""On the PYTHONPATH of a process: its wall clock is ahead of the machine's by as many seconds as stand in a file.

As when somebody sets the clock of the machine under it: its steady clocks, and other programs' clocks, are left alone.
"""

import os
import time

_AHEAD = os.environ["CLOCK_AHEAD"]
_real = time.time_ns


def time_ns() -> int:
    with open(_AHEAD) as file:
        return _real() + int(file.read()) * 1_000_000_000


time.time_ns = time_ns
time.time = lambda: time_ns() / 1_000_000_000
