"""What the shells need to know of boards."""

from server.web.boards import cards, checks, desk, phone, screen, words
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun, Slide, Way

BOARDS = Noun(
    name="boards",
    handlers=(*desk.HANDLERS, *phone.HANDLERS),
    permissions={"boards.read": "reads", "boards.rebuild": "runs"},
    doors=(Door("/desk/boards", _("Boards"), "board", "boards.read", "organisation", 20),),
    ways=(Way("boards", "/boards"),),
    cards=cards.CARDS,
    slides=(Slide(10, "boards/screen/boards.html", True, screen.slides),),
    texts=(words.TEXTS,),
    statuses={"board.unknown": 404},
    areas=(Area("board", _("Boards"), lambda subject, details: ("/desk/health", "")),),
    checks=(checks.boards,),
)
