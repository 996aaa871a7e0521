"""What the desk says: done, not done, areas of the audit trail, and what a role may do."""

from server.web.i18n import mark as _

TEXTS = {
    # refusals
    "upload.missing": _("Choose a file first."),
    "upload.gone": _(
        "This file is not here any more: it was imported, another took its place, or an hour has passed."
        " Bring it again."
    ),
    "quiz.has_problems": _("The file has problems, so nothing was imported. Look at the preview again."),
    "room.no_code": _("No free code was found for the room. Try again."),
    "room.move_unknown": _("A room knows no such move."),
    "season.none": _("No season covers today, so points would belong nowhere. An administrator opens one in Settings."),
    "season.days_missing": _("Give the first and the last day of the season."),
    "slips.nobody": _("There is nobody here to make a slip for."),
    "slips.too_many": _(
        "These are %(count)s people. At most %(most)s slips are printed at once; choose a smaller unit."
    ),
    # done
    "desk.roster_applied": _(
        "The roster was imported: %(added)s new, %(changed)s changed, %(returned)s returned, %(left)s left,"
        " %(unchanged)s as before."
    ),
    "desk.roles_changed": _("The roles were changed. They hold at once."),
    "desk.marked_left": _("Marked as left and signed out everywhere."),
    "desk.restored": _("Restored to the roster."),
    "desk.sessions_ended": _("Signed out on %(count)s devices."),
    "desk.scoring_set": _("The scoring was changed."),
    "desk.quiz_added": _("The quiz was imported with %(count)s questions. Open a room to play it."),
    "desk.player_out": _("Sent out of the room."),
    "desk.player_back": _("Let back into the room."),
    "desk.season_opened": _("The season “%(name)s” was opened."),
    "desk.screen_added": _("The screen is set up. Open its link on the browser on the wall."),
    "desk.screen_changed": _("The screen was changed."),
    "desk.screen_revoked": _("The link was withdrawn and works no more."),
    "desk.rule_set": _("The earning rule was changed. It holds from now on."),
    # the audit trail
    "sessions.ended": _("Signed out by an administrator"),
    "quiz.added": _("Quiz imported"),
    "quiz.scoring_set": _("Scoring of a quiz changed"),
    "room.opened": _("Room opened"),
    "room.cancelled": _("Room called off"),
    "room.player_removed": _("Player sent out"),
    "room.player_let_back": _("Player let back in"),
    "desk.area_roster": _("Roster imports"),
    "desk.area_member": _("Leaving and returning"),
    "desk.area_roles": _("Roles"),
    "desk.area_links": _("Sign-in links"),
    "desk.area_sessions": _("Sign-outs"),
    "desk.area_quiz": _("Quizzes"),
    "desk.area_room": _("Rooms"),
    "desk.area_season": _("Seasons"),
    "desk.area_rule": _("Earning rules"),
    "desk.area_ledger": _("Ledger"),
    "desk.area_draw": _("Draws"),
    "desk.area_claim": _("Prizes"),
    "desk.area_screen": _("Screens"),
    # what a role may do
    "desk.role_organiser": _("runs quizzes, draws, the roster and screens"),
    "desk.role_reviewer": _("reads the desk and approves what others propose"),
    "desk.role_auditor": _("reads everything, changes nothing"),
    "desk.role_admin": _("everything an organiser does, and roles, seasons and settings"),
}
