"""What the shells need to know of the audit trail."""

from server.web.audit import desk
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Area, Door, Noun

AUDIT = Noun(
    name="audit",
    handlers=desk.HANDLERS,
    permissions={"audit.read": "oversees"},
    areas=(Area("export", _("Files of people that left")),),
    texts=(
        {
            "export.members": _("List of members taken as a file"),
            "export.hand_over": _("Hand-over list taken as a file"),
            "export.payroll": _("Payroll file taken"),
        },
    ),
    doors=(Door("/desk/audit", _("Audit trail"), "audit", "audit.read", "organisation", 40),),
)
