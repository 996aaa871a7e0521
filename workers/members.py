"""Work on the roster."""

from rewards.members import actions
from server.runtime.resources import Resources


async def make_keys(resources: Resources, _subject: str) -> None:
    """Make what members are found by, of all who have nothing yet; a thousand a commit."""
    while await actions.make_keys():
        pass
