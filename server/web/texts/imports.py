"""What is wrong with a file that somebody brings: a problem's code -> its English sentence.

Where it is, a page says beside it by line and column. Each `%(name)s` is one of the problem's details.
"""

TEXTS: dict[str, str] = {
    "file.empty": "The file is empty.",
    "file.too_large": ("The file is larger than %(megabytes)s MB. Split it and bring the parts one after the other."),
    "file.unpacks_too_large": (
        "Unpacked, this file is far larger than a list of people or questions can be. Copy the cells "
        "you need into a new workbook."
    ),
    "file.broken": (
        "The file is damaged and cannot be read. Open it in your spreadsheet program and save it again as .xlsx."
    ),
    "file.is_old_excel": ("This is an old Excel file (.xls). Open it and save it as an Excel workbook (.xlsx)."),
    "file.has_password": "The workbook is protected by a password. Remove the password and save it again.",
    "file.has_macros": "The workbook holds macros. Save it as a workbook without macros (.xlsx).",
    "file.is_document": "This is a document of another kind. Save the table as .xlsx or .csv.",
    "file.is_archive": "This is an archive. Unpack it and bring the file that is inside.",
    "file.is_pdf": "This is a PDF. Bring the table it was made from, as .xlsx or .csv.",
    "file.is_picture": "This is a picture, a sound or a film. Bring a table or a text file.",
    "file.is_program": "This is a program. It was not opened.",
    "file.is_web_page": (
        "This is a web page, whatever its name says. Open it in your spreadsheet program and save it as .xlsx."
    ),
    "file.unknown_encoding": "The text is neither UTF-8 nor GB18030 (GBK). Save the file as UTF-8.",
    "file.nul_character": ("The file holds a zero character, so it is not text. Save it again as text or as .xlsx."),
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
    "file.more_problems": "There are %(count)s more problems. Mend these first.",
    "file.name_differs": ("The name ends in %(ending)s, but the content is a %(kind)s file. It was read as %(kind)s."),
    "file.other_sheet_ignored": "Only the first sheet is read. Left aside: “%(sheet)s”.",
    "roster.no_header": (
        "No row with headings was found among the first %(lines)s. There must be a row that names "
        "the columns, such as “Staff number” and “Name”."
    ),
    "roster.no_staff_number_column": ("There is no column for the staff number. Name it “Staff number” or “工号”."),
    "roster.no_name_column": "There is no column for the name. Name it “Name” or “姓名”.",
    "roster.column_twice": "Two columns have this heading. Keep one of them.",
    "roster.columns_not_read": "These columns are not read: %(columns)s.",
    "roster.no_rows": "There is no one below the headings.",
    "roster.staff_number_empty": "The staff number is missing.",
    "roster.staff_number_rounded": (
        "A spreadsheet has shortened the staff number to “%(value)s”, and digits are lost. Format "
        "the column as text and enter it again."
    ),
    "roster.staff_number_signs": (
        "The staff number “%(value)s” may hold only letters, digits, hyphens, points and slashes, without blanks."
    ),
    "roster.staff_number_twice": "The staff number %(number)s is already on row %(first)s.",
    "roster.name_empty": "The name is missing.",
    "roster.too_long": "The text is longer than %(limit)s characters.",
    "roster.unit_too_deep": "The unit has more than %(limit)s levels.",
    "roster.unknown_role": "“%(value)s” is not a role. Use member, organiser, reviewer, auditor or admin.",
    "roster.makes_admin": "This row makes someone an administrator. Check that it is meant.",
    "roster.date_unclear": "“%(value)s” is not a clear date. Write it as 2024-03-01.",
    "roster.left_before_joined": "The day of leaving is before the day of joining.",
    "roster.email_unclear": "“%(value)s” is not an e-mail address. It is left out.",
    "roster.phone_unclear": "“%(value)s” is not a telephone number. It is left out.",
    "roster.unknown_language": "The language “%(value)s” is not known. It is left out.",
    "quiz.unknown_format": "This is neither a Kahoot sheet nor a GIFT or Aiken file.",
    "quiz.no_questions": "The file holds no question that can be played.",
    "quiz.too_many_questions": "The file holds %(count)s questions. At most %(limit)s fit into one quiz.",
    "quiz.text_empty": "The question has no text.",
    "quiz.text_too_long": "The question has %(length)s characters. At most %(limit)s fit.",
    "quiz.too_few_options": "The question needs at least %(limit)s answers to choose from.",
    "quiz.too_many_options": "The question has more than %(limit)s answers to choose from.",
    "quiz.option_empty": "Answer %(number)s is empty.",
    "quiz.option_too_long": "Answer %(number)s has %(length)s characters. At most %(limit)s fit.",
    "quiz.option_twice": "Answers %(first)s and %(number)s are the same.",
    "quiz.no_right_answer": "No answer is marked as right.",
    "quiz.right_answer_empty": "Answer %(number)s is marked as right, but it is empty.",
    "quiz.right_answer_outside": "“%(value)s” is marked as right, but there is no such answer.",
    "quiz.explanation_too_long": "The explanation has %(length)s characters. At most %(limit)s fit.",
    "quiz.picture_left_out": "The question has a picture or a recording, which is left out.",
    "kahoot.no_header": (
        "No row with headings was found among the first %(lines)s. The headings must include "
        "“Question”, “Answer 1” and “Correct answer(s)”."
    ),
    "kahoot.long_text": ("The question has %(length)s characters. More than %(limit)s are hard to read on a phone."),
    "kahoot.long_option": ("The answer has %(length)s characters. More than %(limit)s are hard to read on a phone."),
    "kahoot.time_unclear": "“%(value)s” is not a time in seconds. The usual time is taken.",
    "kahoot.time_changed": ("%(seconds)s seconds is not one of the times on offer. %(nearest)s seconds is taken."),
    "kahoot.right_answer_unclear": (
        "“%(value)s” does not say which answers are right. Write their numbers, such as 2 or 1,3."
    ),
    "gift.too_long": ("This question is longer than %(limit)s characters. Is a blank line missing between questions?"),
    "gift.brace_alone": (
        "A brace is open and not closed, or closed and not open. Is there a blank line inside the answers?"
    ),
    "gift.two_blocks": ("There are two answer blocks in one question. Is a blank line missing between questions?"),
    "gift.text_before_answers": (
        "Inside the braces there is text before the first answer. Each answer begins with = or ~."
    ),
    "gift.several_right": "Several answers are marked with =. People will have to choose all of them.",
    "gift.part_marks_not_kept": "Part marks are not kept: answers marked with a percentage count as wrong.",
    "gift.feedback_not_kept": "The remarks on single answers are not kept.",
    "gift.description_left_out": "This is a text without a question. It is left out.",
    "gift.essay_left_out": "This is an essay question. It is left out.",
    "gift.numerical_left_out": "This question asks for a number. It is left out.",
    "gift.matching_left_out": "This is a matching question. It is left out.",
    "gift.short_answer_left_out": "This question asks for a typed answer. It is left out.",
    "aiken.no_answer_line": "The question has no line “ANSWER: …” after its choices.",
    "aiken.no_answer_letter": "After “ANSWER:” there must be the letter of one choice.",
    "aiken.answer_alone": "This answer belongs to no question.",
    "aiken.letter_twice": "Two choices have the letter %(letter)s.",
    "aiken.first_letter_only": "Aiken knows one right answer. Only %(letter)s is taken.",
}
