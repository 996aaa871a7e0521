"""What is said of the roster, of roles, signing in, and one's own settings."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "slips.nobody": "There is nobody here to make a slip for.",
    "slips.too_many": "These are %(count)s people. At most %(most)s slips are printed at once; choose a smaller unit.",
    # done
    "desk.roster_applied": (
        "The roster was imported: %(added)s new, %(changed)s changed, %(returned)s returned, %(left)s left,"
        " %(unchanged)s as before."
    ),
    "desk.roles_changed": "The roles were changed. They hold at once.",
    "desk.member_added": "%(name)s is on the roster.",
    "desk.member_corrected": "The details were corrected.",
    "desk.unit_added": "The unit “%(name)s” is there.",
    "desk.unit_changed": "The unit was changed; so are the paths of all below it.",
    "desk.unit_retired": "The unit “%(name)s” is retired.",
    "desk.unit_restored": "The unit “%(name)s” is back.",
    "unit.unknown": "There is no such unit.",
    "unit.is_retired": "The unit “%(name)s” is retired. Bring it back first.",
    "unit.not_retired": "The unit “%(name)s” is not retired.",
    "unit.taken": "There is a unit “%(name)s” at this place already.",
    "unit.bad_name": "Give the unit a name of 1 to %(longest)s characters without slashes, arrows or angle brackets.",
    "unit.too_deep": "Units may be at most %(deepest)s levels deep.",
    "unit.path_long": "The names of this unit and of those above it may have %(longest)s characters together.",
    "unit.under_itself": "The unit “%(name)s” cannot be placed below itself.",
    "unit.has_members": "%(count)s members are still in “%(name)s”. Move them first.",
    "unit.has_units": "There are still units below “%(name)s”. Move or retire them first.",
    "members.bad_email": "“%(value)s” is not an e-mail address.",
    "members.bad_phone": "“%(value)s” is not a telephone number.",
    "unit.added": "Unit added",
    "unit.renamed": "Unit renamed",
    "unit.moved": "Unit moved",
    "unit.retired": "Unit retired",
    "unit.restored": "Unit brought back",
    "member.added": "Member added by hand",
    "member.corrected": "Details corrected",
    "members.number_taken": "The staff number %(number)s is that of %(name)s.",
    "desk.marked_left": "Marked as left and signed out everywhere.",
    "desk.restored": "Restored to the roster.",
    "desk.sessions_ended": "Signed out on %(count)s devices.",
    # the audit trail
    "sessions.ended": "Signed out by an administrator",
    # what a role may do
    "desk.role_organiser": "runs quizzes, draws, the roster and screens",
    "desk.role_reviewer": "reads the desk and approves what others propose",
    "desk.role_auditor": "reads everything, changes nothing",
    "desk.role_admin": "everything an organiser does, and roles, seasons and settings",
    "roster.no_header": (
        "No row with headings was found among the first %(lines)s. There must be a row that names "
        "the columns, such as “Staff number” and “Name”."
    ),
    "roster.no_staff_number_column": "There is no column for the staff number. Name it “Staff number” or “工号”.",
    "roster.no_name_column": "There is no column for the name. Name it “Name” or “姓名”.",
    "roster.column_twice": "Two columns have this heading. Keep one of them.",
    "roster.columns_not_read": "These columns are not read: %(columns)s.",
    "roster.no_rows": "There is no one below the headings.",
    "roster.staff_number_empty": "The staff number is missing.",
    "roster.staff_number_rounded": (
        "A spreadsheet has shortened the staff number to “%(value)s”, and digits are lost. Format "
        "the column as text and enter it again."
    ),
    "roster.staff_number_signs": "The staff number “%(value)s” may hold only letters, digits, hyphens, points and slashes, without blanks.",
    "roster.staff_number_twice": "The staff number %(number)s is already on row %(first)s.",
    "roster.staff_number_again": "The staff number %(number)s stands again on row %(again)s. Keep the right row.",
    "roster.name_empty": "The name is missing.",
    "roster.too_long": "The text is longer than %(limit)s characters.",
    "roster.unit_too_deep": "The unit has more than %(limit)s levels.",
    "roster.unknown_role": "“%(value)s” is not a role. Use member, organiser, reviewer, auditor or admin.",
    "roster.makes_admin": "This row makes someone an administrator. Check that it is meant.",
    "roster.date_unclear": "“%(value)s” is not a clear date. Write it as 2024-03-01.",
    "roster.left_before_joined": "The day of leaving is before the day of joining.",
    "roster.email_unclear": "“%(value)s” is not an e-mail address. What is known stays as it is.",
    "roster.phone_unclear": "“%(value)s” is not a telephone number. What is known stays as it is.",
    "roster.unknown_language": "The language “%(value)s” is not known. What is known stays as it is.",
    "roster.staff_number_day": "“%(value)s” is a day or a time: a spreadsheet has taken the staff number for one. Format the column as text and enter it again.",
    "roster.staff_number_spoiled": "“%(value)s” is what a spreadsheet makes of a number, not a staff number. Format the column as text and enter it again.",
    "roster.name_is_none": "“%(value)s” is not a name.",
    "roster.usual_example": "“%(value)s” is what examples are called. Take the row out if it is nobody.",
    "roster.total_line": "This row is a total, not a person. It is left aside.",
    "roster.note_line": "This row is a note, not a person. It is left aside.",
    "roster.sample_line": "This row is an example, not a person. It is left aside.",
    "roster.headings_again": "This row says the headings again. It is left aside.",
    "roster.other_headings": "These are headings again, with other columns than above. Bring the rows below as a file of their own.",
    "roster.row_hidden": "This row is hidden in the spreadsheet, perhaps by a filter. It is read like the others.",
    "roster.left_without_day": "The status is “%(value)s”, but no day of leaving is given. Nothing is done with this row.",
    "roster.status_unclear": "What the status “%(value)s” means is not known. The people are taken as being here.",
    "roster.unit_first": "Of several units the first, or the one marked as the main one, is taken: “%(value)s”. Left out: %(others)s.",
    "roster.unit_level_empty": "The topmost unit is empty in this row.",
    "roster.unit_comma": "“%(value)s” is taken as one unit. Part several with semicolons.",
    "roster.days_dmy": "Days are read as day, month, year: “%(value)s” and others allow nothing else.",
    "roster.days_mdy": "Days are read as month, day, year: “%(value)s” and others allow nothing else.",
    "roster.days_ymd": "Days are read as year, month, day, from 1930 to 2029: “%(value)s” and others allow nothing else.",
    "roster.number_spelled": "The staff number %(number)s is another spelling of %(known)s (%(name)s). Say whether it is the same person.",
    "roster.number_twice_spelled": "The staff number %(number)s is another spelling of %(known)s (%(name)s), which stands in the file too. Keep the right row.",
    "roster.number_read_as": "The staff number %(number)s is read as %(known)s (%(name)s).",
    "roster.same_name": "%(name)s is in this unit already, with the staff number %(known)s, which the file does not name. Is it somebody else?",
    "roster.other_name": "The staff number %(number)s is that of %(known)s, the row says %(name)s. Say whether the name is new.",
    "phone.code_set": "Your code is set. From now on staff number and code sign you in.",
    "phone.code_changed": "Your code was changed. Your other devices were signed out.",
    "phone.strange_tries": (
        "In the last 24 hours wrong codes were typed for your staff number on other devices. If that was you, all is"
        " well. If not: none was right, and at most ten are looked at a day."
    ),
    "phone.signed_out": "You are signed out on this device.",
    "phone.alias_shown": "Boards now show your alias.",
    "phone.name_shown": "Boards now show your name.",
    "phone.text_size_set": "The size of the text is set on this device.",
    "phone.device_ended": "That device is signed out.",
    "phone.device_gone": "That device was signed out already.",
    "phone.devices_ended": "All your other devices are signed out.",
    "phone.text_size_unknown": "Choose one of the sizes shown.",
    "roster.has_problems": "The file has %(count)s rows that contradict each other. Nothing was imported.",
    "roster.whole_needs_all": (
        "%(count)s rows of the file cannot be read, and whoever stands in them would leave. Mend them first, or take the"
        " file as an addition."
    ),
    "roster.nobody": "No row of the file can be taken: %(count)s are left out. Look at the preview again.",
    "roster.too_many_leave": (
        "By this file %(count)s members would leave at once; up to %(limit)s are taken without asking."
        " Is it the whole roster? Then confirm it."
    ),
    "roster.roles_need_admin": (
        "This file gives or takes the roles of %(count)s members. Only an administrator may do that;"
        " nothing was imported."
    ),
    "roster.imported": "Roster imported",
    "members.unknown": "This member is not on the roster.",
    "members.unknown_role": "There is no such role.",
    "members.unknown_language": "Laurel does not speak this language.",
    "members.own_roles": "Nobody changes his own roles. Ask another administrator.",
    "members.own_leaving": "You cannot mark yourself as left. Ask an administrator.",
    "members.need_admin": "Only an administrator may do this.",
    "members.last_admin": "This would leave nobody as administrator. Give the role to somebody else first.",
    "members.left": "This member has left.",
    "members.already_left": "This member has left already.",
    "members.already_here": "This member is on the roster already.",
    "members.admin_exists": "There is an administrator already. Ask him or her for a role.",
    "members.bad_staff_number": "Give a staff number of letters, digits, hyphens, dots and slashes, without spaces.",
    "members.bad_name": "Give a name of 1 to 200 characters.",
    "member.left": "Member left",
    "member.restored": "Member restored",
    "roles.changed": "Roles changed",
    "role.member": "Member",
    "role.organiser": "Organiser",
    "role.reviewer": "Reviewer",
    "role.auditor": "Auditor",
    "role.admin": "Administrator",
    "alias.too_short": "An alias needs at least 2 characters.",
    "alias.too_long": "An alias has at most 20 characters.",
    "alias.no_letters": "An alias needs at least one letter or digit.",
    "alias.taken": "Somebody else has this name or alias. Choose another.",
    "alias.set": "Alias set",
    "links.unknown_member": "%(count)s of these members are not on the roster or have left. No link was made.",
    "links.need_admin": "%(count)s of these members hold a role. Only an administrator makes links for them; no link was made.",
    "links.issued": "Personal links issued",
    "first_admin.made": "First administrator set up",
    "sign_in.link_unknown": "This link is not one of ours. Check that it was copied whole.",
    "sign_in.link_used": "This link has been used. Each link works once; ask your organiser for a new one.",
    "sign_in.link_expired": "This link is no longer good: a newer one was made, or its time is over. Ask your organiser for a new one.",
    "sign_in.left": "By the roster this person has left, so signing in is closed. Ask your organiser if that is wrong.",
    "sign_in.wrong": "Staff number and code do not match. Tries left: %(left)s.",
    "sign_in.too_many": "Too many wrong codes. Wait %(minutes)s min, or ask your organiser for a personal link.",
    "sign_in.strangers": (
        "Too many wrong codes for this staff number on new devices. For the next %(hours)s h it takes a device on which"
        " you have used your code, or a personal link; your organiser can help."
    ),
    "sign_in.prove": (
        "Many wrong codes are being tried here. Please type your code once more: this device then works for some"
        " seconds."
    ),
    "code.too_short": "A code needs at least 6 characters.",
    "code.too_long": "A code has at most 64 characters.",
    "code.is_staff_number": "The staff number cannot be the code. Choose another.",
    "code.too_obvious": "This code is too easy to guess. Choose another.",
    "code.old_wrong": "This is not the code that you have now.",
    "code.set": "Code set",
    "member.link_issued": "Sign-in link or slip made",
    "member.code_forgotten": "Forgotten code taken away",
    "member.tries_lifted": "Code tries allowed again",
    "desk.tries_lifted": "New devices may try the code again.",
    "desk.code_forgotten": "The code was taken away. Give the member a new link, to set another.",
    "approval.own_item": "You cannot approve what you proposed yourself. Ask a colleague to do it.",
    "approval.own_benefit": "You cannot approve what you gain by yourself. Ask a colleague to do it.",
    "approval.only_head": "You cannot approve this, as you are the only head of a member who gains by it. Ask a colleague to do it.",
}
