"""What is said of office screens: refusals, and the lines of the audit trail."""

from server.web.i18n import mark as _

TEXTS = {
    "screen.unknown": _("There is no such screen."),
    "screen.revoked_already": _("The link of this screen was withdrawn. Set up a new screen instead."),
    "screen.shows_unknown": _("There is nothing like this to show. Choose from the list."),
    "screen.name_missing": _("Give the screen a name, such as the place where it hangs."),
    "screen.name_long": _("The name of a screen may have at most %(longest)s characters."),
    "screen.added": _("Screen set up"),
    "screen.renamed": _("Screen renamed"),
    "screen.pointed": _("Screen shows something else"),
    "screen.revoked": _("Link of a screen withdrawn"),
}
