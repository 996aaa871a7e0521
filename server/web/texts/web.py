"""What the server itself says."""

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
