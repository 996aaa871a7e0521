"""What the server itself says, and what it says of files and pictures that somebody brings."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "web.not_found": "There is nothing here. The link may be old, or mistyped.",
    "web.not_allowed": "You may not do this. Ask an administrator if you need to.",
    "web.sign_in_first": "Please sign in first.",
    "web.own_code": "This takes your own code: sign in with staff number and code. A link that somebody made for you is not enough.",
    "web.forged": "This page was open too long or came from somewhere else. Reload it and try again.",
    "web.too_large": "This is too large to send.",
    "web.bad_input": "Something in what was sent is not right. Check it and try again.",
    "web.changed_since": "This was changed again since, so nothing was undone. Look at how it is now.",
    "web.method": "This address does not do that.",
    "web.too_many": "Too many tries. Wait %(seconds)s seconds, then try again.",
    "web.fault": "Something went wrong on our side. Nothing was lost; try again in a moment.",
    "web.resting": "Laurel is waiting for its storage. Nothing was lost. Wait a moment: it goes on by itself.",
    "web.busy": "Somebody else's work takes a while, and this has to wait for it. Nothing was lost. Wait a moment.",
    "web.unsure": "Laurel had to wait too long, so it is not certain whether this was done. Wait a moment and look; if it is not there, send it again.",
    "web.not_taken": "Not done, and nothing was changed: Laurel is waiting for something that takes long. Wait a moment, then send it again.",
    "web.field_missing": "Please fill in: %(field)s.",
    "web.field_number": "Please give a whole number for: %(field)s.",
    "web.field_long": "This is too long: %(field)s.",
    "web.field_date": "Please give a date for: %(field)s.",
    # refusals
    "upload.missing": "Choose a file first.",
    "upload.gone": (
        "This file is not here any more: it was imported, another took its place, or an hour has passed."
        " Bring it again."
    ),
    "file.empty": "The file is empty.",
    "file.too_large": "The file is larger than %(megabytes)s MB. Split it and bring the parts one after the other.",
    "file.unpacks_too_large": (
        "Unpacked, this file is far larger than a list of people or questions can be. Copy the cells "
        "you need into a new workbook."
    ),
    "file.broken": "The file is damaged and cannot be read. Open it in your spreadsheet program and save it again as .xlsx.",
    "file.is_old_excel": "This is an old Excel file (.xls). Open it and save it as an Excel workbook (.xlsx).",
    "file.has_password": "The workbook is protected by a password. Remove the password and save it again.",
    "file.has_macros": "The workbook holds macros. Save it as a workbook without macros (.xlsx).",
    "file.is_document": "This is a document of another kind. Save the table as .xlsx or .csv.",
    "file.is_archive": "This is an archive. Unpack it and bring the file that is inside.",
    "file.is_pdf": "This is a PDF. Bring the table it was made from, as .xlsx or .csv.",
    "file.is_picture": "This is a picture, a sound or a film. Bring a table or a text file.",
    "file.is_program": "This is a program. It was not opened.",
    "file.is_web_page": "This is a web page, whatever its name says. Open it in your spreadsheet program and save it as .xlsx.",
    "file.unknown_encoding": "The text is in no encoding that is known here. Save the file as UTF-8.",
    "file.encoding_unclear": "The text could be read in several encodings, and the words differ. Save the file as UTF-8 (in Excel: “CSV UTF-8”) and bring it again.",
    "file.nul_character": "The file holds a zero character, so it is not text. Save it again as text or as .xlsx.",
    "file.no_sheet": "The workbook has no visible sheet.",
    "file.too_many_rows": "There are more than %(limit)s rows.",
    "file.too_many_columns": "There are more than %(limit)s columns.",
    "file.cell_too_long": "A cell holds more than %(limit)s characters.",
    "file.quote_not_closed": (
        "The quotation marks do not match, here or on a row above. Each opening mark needs a closing "
        "one before the next cell."
    ),
    "file.formula": "The cell holds a formula. Copy the column and paste it as values.",
    "file.error_cell": "The cell holds an error or a date that cannot be shown.",
    "file.digits_lost": "This number has more than 15 digits, of which a spreadsheet keeps only the first 15. Format the cell as text and enter it again.",
    "file.shown_unclear": "The cell may show something else in the spreadsheet than what was read. Look whether it is right, or format the cell as text.",
    "file.more_problems": "There are %(count)s more problems. Mend these first.",
    "file.name_differs": "The name ends in %(ending)s, but the content is a %(kind)s file. It was read as %(kind)s.",
    "file.other_sheet_ignored": "Only one sheet is read, “%(read)s”. Left aside: “%(sheet)s”.",
    "picture.kind": "Choose a picture: JPEG, PNG or WebP.",
    "picture.size": (
        "This picture is too large. At most %(megabytes)s MB and %(megapixels)s million pixels are taken;"
        " make it smaller and bring it again."
    ),
    "picture.broken": "This picture cannot be read to its end. Save it once more, or take another one.",
}

FIELDS: Final[Mapping[str, str]] = {
    "alias": "alias",
    "code": "code",
    "daily_cap": "daily cap",
    "digits": "dice",
    "ends_at": "end",
    "ends_on": "last day",
    "floor": "floor",
    "freeze_at": "freeze",
    "min_points": "points needed",
    "min_quizzes": "quizzes needed",
    "name": "name",
    "opens_at": "opening",
    "points_per_ticket": "points a ticket",
    "quantity": "how many",
    "season": "season",
    "spend_percent": "spend percent",
    "staff_number": "staff number",
    "starts_on": "first day",
    "ticket_cap": "most tickets",
    "title": "title",
    "unit_cap": "most winners a unit",
    "why": "reason",
}
"""Names of form fields as people read them; a field that is not here is shown by its own name."""
