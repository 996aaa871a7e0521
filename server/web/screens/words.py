"""What is said of office screens."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "desk.screen_added": "The screen is set up. Open its link on the browser on the wall.",
    "desk.screen_changed": "The screen was changed.",
    "desk.screen_removed": "The screen was removed.",
    "desk.screen_revoked": "The link was withdrawn and works no more.",
    "desk.screen_paired": "The wall is paired: it shows this screen now, also when it is switched on again.",
    "screen.code_unknown": "No wall shows these six characters now. Read them from the wall again; they change every "
    "ten minutes.",
    "screen.unknown": "There is no such screen.",
    "screen.revoked_already": "The link of this screen was withdrawn. Set up a new screen instead.",
    "screen.shows_unknown": "There is nothing like this to show. Choose from the list.",
    "screen.name_missing": "Give the screen a name, such as the place where it hangs.",
    "screen.name_long": "The name of a screen may have at most %(longest)s characters.",
    "screen.added": "Screen set up",
    "screen.renamed": "Screen renamed",
    "screen.pointed": "Screen shows something else",
    "screen.taken": "Screen taken over",
    "screen.let_go": "Screen let go",
    "screen.paired": "Wall paired with a screen",
    "screen.removed": "Screen removed",
    "screen.revoked": "Link of a screen withdrawn",
}
