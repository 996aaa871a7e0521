"""What a web process asks of the machine before it serves."""

import subprocess
import sys

import pytest

ASK = """
import resource
from server.serving import MOST_FILES, allow_open_files
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (128, {hard}))
allow_open_files()
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
print(soft, min(hard, MOST_FILES))
"""


@pytest.mark.parametrize("hard", ["hard", "700"])
def test_as_many_files_as_the_machine_lets_us(hard: str) -> None:
    """A login shell's soft limit would end the streams of a hall at a thousand phones."""
    done = subprocess.run([sys.executable, "-c", ASK.format(hard=hard)], capture_output=True, text=True, check=True)
    soft, wanted = done.stdout.split()
    assert soft == wanted
    assert int(soft) > 128
