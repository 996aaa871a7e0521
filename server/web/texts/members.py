"""What the roster, roles, sign-in and approvals say: refusals, names of roles, and lines of the audit trail."""

from server.web.i18n import mark as _

TEXTS = {
    "roster.has_problems": _("The file has %(count)s rows that contradict each other. Nothing was imported."),
    "roster.too_many_leave": _(
        "By this file %(count)s members would leave at once; up to %(limit)s are taken without asking."
        " Is it the whole roster? Then confirm it."
    ),
    "roster.roles_need_admin": _(
        "This file gives or takes the roles of %(count)s members. Only an administrator may do that;"
        " nothing was imported."
    ),
    "roster.imported": _("Roster imported"),
    "members.unknown": _("This member is not on the roster."),
    "members.unknown_role": _("There is no such role."),
    "members.unknown_language": _("Laurel does not speak this language."),
    "members.own_roles": _("Nobody changes his own roles. Ask another administrator."),
    "members.own_leaving": _("You cannot mark yourself as left. Ask an administrator."),
    "members.need_admin": _("Only an administrator may do this."),
    "members.last_admin": _("This would leave nobody as administrator. Give the role to somebody else first."),
    "members.left": _("This member has left."),
    "members.already_left": _("This member has left already."),
    "members.already_here": _("This member is on the roster already."),
    "members.admin_exists": _("There is an administrator already. Ask him or her for a role."),
    "members.bad_staff_number": _("Give a staff number of letters, digits, hyphens, dots and slashes, without spaces."),
    "members.bad_name": _("Give a name of 1 to 200 characters."),
    "member.left": _("Member left"),
    "member.restored": _("Member restored"),
    "roles.changed": _("Roles changed"),
    "role.member": _("Member"),
    "role.organiser": _("Organiser"),
    "role.reviewer": _("Reviewer"),
    "role.auditor": _("Auditor"),
    "role.admin": _("Administrator"),
    "alias.too_short": _("An alias needs at least 2 characters."),
    "alias.too_long": _("An alias has at most 20 characters."),
    "alias.no_letters": _("An alias needs at least one letter or digit."),
    "alias.taken": _("Somebody else has this name or alias. Choose another."),
    "alias.set": _("Alias set"),
    "links.unknown_member": _("%(count)s of these members are not on the roster or have left. No link was made."),
    "links.need_admin": _(
        "%(count)s of these members hold a role. Only an administrator makes links for them; no link was made."
    ),
    "links.issued": _("Personal links issued"),
    "first_admin.made": _("First administrator set up"),
    "sign_in.link_unknown": _("This link is not one of ours. Check that it was copied whole."),
    "sign_in.link_used": _("This link has been used. Each link works once; ask your organiser for a new one."),
    "sign_in.link_expired": _(
        "This link is no longer good: a newer one was made, or its time is over. Ask your organiser for a new one."
    ),
    "sign_in.left": _(
        "By the roster this person has left, so signing in is closed. Ask your organiser if that is wrong."
    ),
    "sign_in.wrong": _("Staff number and code do not match. Tries left: %(left)s."),
    "sign_in.too_many": _("Too many wrong codes. Wait %(minutes)s min, or ask your organiser for a personal link."),
    "code.too_short": _("A code needs at least 6 characters."),
    "code.too_long": _("A code has at most 64 characters."),
    "code.is_staff_number": _("The staff number cannot be the code. Choose another."),
    "code.too_obvious": _("This code is too easy to guess. Choose another."),
    "code.set": _("Code set"),
    "approval.own_item": _("You cannot approve what you proposed yourself. Ask a colleague to do it."),
    "approval.own_benefit": _("You cannot approve what you gain by yourself. Ask a colleague to do it."),
    "approval.only_head": _(
        "You cannot approve this, as you are the only head of a member who gains by it. Ask a colleague to do it."
    ),
}
