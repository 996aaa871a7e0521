"""What the shells need to know of the audit trail."""

from server.web.audit import desk
from server.web.frame.i18n import mark as _
from server.web.frame.noun import Door, Noun

AUDIT = Noun(
    name="audit",
    handlers=desk.HANDLERS,
    permissions={"audit.read": "oversees"},
    doors=(Door("/desk/audit", _("Audit trail"), "audit", "audit.read", "organisation", 40),),
)
