"""What quizzes and live rooms say."""

from server.web.i18n import mark as _

TEXTS = {
    "quiz.empty": _("A quiz needs at least one question."),
    "quiz.title_missing": _("Give the quiz a title of 1 to 200 characters."),
    "quiz.scoring_unknown": _(
        "Choose how speed counts: not at all, Kahoot, or linear with a floor of 0 to 100 percent."
    ),
    "quiz.unknown": _("This quiz does not exist any more."),
    "quiz.already_played": _("This quiz has been played; its scoring stays as it was."),
    "room.unknown": _("There is no room with this code. Check the screen and type it again."),
    "room.times": _("A room has to end after it opens."),
    "room.move": _("That cannot be done now: the room has moved on. The page shows where it is."),
    "room.closed": _("This room is not open yet, or was called off."),
    "room.removed": _("The host has sent you out of this room. Ask the host if that was a mistake."),
    "room.not_joined": _("Join the room first, then answer."),
    "round.unknown": _("This question is not being asked."),
    "round.late": _("Too late: the question was already closed. Your answer was not counted."),
    "round.paused": _("The host has stopped the clock. Answer when it goes on."),
    "round.malformed": _("Choose one of the answers shown."),
}
