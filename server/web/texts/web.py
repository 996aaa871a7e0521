"""What the server itself says."""

from server.web.i18n import mark
from server.web.i18n import mark as _

TEXTS = {
    "web.not_found": _("There is nothing here. The link may be old, or mistyped."),
    "web.not_allowed": _("You may not do this. Ask an administrator if you need to."),
    "web.sign_in_first": _("Please sign in first."),
    "web.forged": _("This page was open too long or came from somewhere else. Reload it and try again."),
    "web.too_large": _("This is too large to send."),
    "web.bad_input": _("Something in what was sent is not right. Check it and try again."),
    "web.method": _("This address does not do that."),
    "web.too_many": _("Too many tries. Wait %(seconds)s seconds, then try again."),
    "web.fault": _("Something went wrong on our side. Nothing was lost; try again in a moment."),
    "web.resting": _("Laurel is starting again. Nothing was lost; try again in a moment."),
    "web.field_missing": _("Please fill in: %(field)s."),
    "web.field_number": _("Please give a whole number for: %(field)s."),
    "web.field_long": _("This is too long: %(field)s."),
    "web.field_date": _("Please give a date for: %(field)s."),
}

FIELDS = {
    "alias": mark("alias"),
    "code": mark("code"),
    "daily_cap": mark("daily cap"),
    "digits": mark("dice"),
    "ends_at": mark("end"),
    "ends_on": mark("last day"),
    "floor": mark("floor"),
    "freeze_at": mark("freeze"),
    "min_points": mark("points needed"),
    "min_quizzes": mark("quizzes needed"),
    "name": mark("name"),
    "opens_at": mark("opening"),
    "points_per_ticket": mark("points a ticket"),
    "quantity": mark("how many"),
    "season": mark("season"),
    "spend_percent": mark("spend percent"),
    "staff_number": mark("staff number"),
    "starts_on": mark("first day"),
    "ticket_cap": mark("most tickets"),
    "title": mark("title"),
    "unit_cap": mark("most winners a unit"),
    "why": mark("reason"),
}
"""Names of form fields as people read them; a field that is not here is shown by its own name."""
