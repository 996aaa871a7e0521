"""What is said of quizzes, their files, rooms and questions."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "quiz.has_problems": "Nothing of the file can be taken, so nothing was imported. Look at the preview again.",
    "room.no_code": "No free code was found for the room. Try again.",
    "room.move_unknown": "A room knows no such move.",
    "room.pressed_twice": "Pressed twice: only the first press counted.",
    "desk.scoring_set": "The scoring was changed.",
    "desk.quiz_added": "The quiz was imported with %(count)s questions. Open a room to play it.",
    "desk.player_out": "Sent out of the room.",
    "desk.player_back": "Let back into the room.",
    "quiz.added": "Quiz imported",
    "quiz.answers_seen": "Answers of a quiz seen",
    "room.led": "Room led for the first time",
    "quiz.scoring_set": "Scoring of a quiz changed",
    "room.opened": "Room opened",
    "room.cancelled": "Room called off",
    "room.player_removed": "Player sent out",
    "room.player_let_back": "Player let back in",
    "quiz.unknown_format": "This is neither a sheet with questions nor a GIFT or Aiken file.",
    "quiz.no_questions": "The file holds no question that can be played.",
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
        "No row with headings was found among the first %(lines)s. There must be a heading for the "
        "question, those for its answers, and one for what is right, such as “Question”, “Answer 1”, "
        "“Answer 2”, “Correct answer(s)”."
    ),
    "kahoot.long_text": "The question has %(length)s characters. More than %(limit)s are hard to read on a phone.",
    "kahoot.long_option": "The answer has %(length)s characters. More than %(limit)s are hard to read on a phone.",
    "kahoot.time_unclear": "“%(value)s” is not a time in seconds. The usual time is taken.",
    "kahoot.time_changed": "%(seconds)s seconds is not one of the times on offer. %(nearest)s seconds is taken.",
    "kahoot.right_answer_unclear": (
        "“%(value)s” does not say which answers are right. Write their numbers or letters, such as 2, 1,3 or ABD."
    ),
    "gift.too_long": "This question is longer than %(limit)s characters. Is a blank line missing between questions?",
    "gift.brace_alone": "A brace is open and not closed, or closed and not open. Is there a blank line inside the answers?",
    "gift.two_blocks": "There are two answer blocks in one question. Is a blank line missing between questions?",
    "gift.text_before_answers": "Inside the braces there is text before the first answer. Each answer begins with = or ~.",
    "gift.several_right": "Several answers are marked with =. People will have to choose all of them.",
    "gift.part_marks_not_kept": "Part marks are not kept: answers marked with a percentage count as wrong.",
    "gift.feedback_not_kept": "The remarks on single answers are not kept.",
    "gift.description_left_out": "This is a text without a question. It is left out.",
    "gift.essay_left_out": "This is an essay question. It is left out.",
    "gift.numerical_left_out": "This question asks for a number. It is left out.",
    "gift.matching_left_out": "This is a matching question. It is left out.",
    "gift.short_answer_left_out": "This question asks for a typed answer. It is left out.",
    "aiken.no_answer_line": "The question has no line “ANSWER: …” after its choices.",
    "aiken.no_answer_letter": "After “ANSWER:” there must be the letters of choices, or the text of one.",
    "aiken.answer_alone": "This answer belongs to no question.",
    "aiken.letter_missing": "The choice with the letter %(letter)s is missing. Is it part of the one before it?",
    "aiken.answers_differ": "The question has two answer lines that say different things.",
    "aiken.letter_twice": "Two choices have the letter %(letter)s.",
    "quiz.beyond_limit": "At most %(limit)s questions fit into one quiz. Import this one with the next.",
    "quiz.right_answer_by_sign": (
        "“%(value)s” is taken as the sign of an answer, although another answer reads the same."
    ),
    "quiz.right_answer_two_ways": (
        "“%(value)s” may be the sign of one answer or the text of another. Write the text, or a letter."
    ),
    "bank.without_headings": (
        "The sheet has no headings. Column %(text)s is taken as the question, %(first)s to %(last)s as "
        "its answers, %(right)s as what is right."
    ),
    "bank.column_twice": (
        "Row %(line)s has this heading, or one that means the same, twice. Take one of the columns out."
    ),
    "bank.columns_not_read": "These columns are not read: %(columns)s",
    "bank.options_unclear": (
        "The answers in this cell cannot be told apart. Put each in its own line under A., B., C. …"
    ),
    "bank.options_guessed": "The cell is taken as %(count)s answers. Put each in its own line where that is wrong.",
    "bank.labels_differ": "The letters in front of the answers are others than those of their columns. Take them out.",
    "bank.row_hidden": "The workbook does not show this row. It is taken all the same.",
    "bank.kind_not_played": "“%(value)s” is a kind of question that cannot be played here.",
    "bank.kind_unknown": "“%(value)s” is no known kind of question. The answers decide.",
    "bank.kind_differs": "The kind is “%(value)s”, but %(count)s of the answers are marked as right.",
    "bank.kind_not_two": "The kind is “%(value)s”, but there are other answers than two. It is taken as a choice.",
    "bank.answer_in_question": "The cell is empty. “%(value)s”, which stands in brackets in the question, is taken.",
    "bank.answer_hidden": "“%(value)s” in brackets in the question is its answer. It is not shown.",
    "bank.answer_differs": (
        "The answer is “%(value)s”, but in brackets in the question stands “%(held)s”. Look which is right."
    ),
    "bank.truth_by_sign": (
        "The question has no answers to choose from. “%(value)s” is taken as true where it is A or 1, else as false."
    ),
    "aiken.several_brackets": (
        "There are %(count)s answers in brackets in the question. Write one line “ANSWER: …” after the choices."
    ),
    "quiz.empty": "A quiz needs at least one question.",
    "quiz.title_missing": "Give the quiz a title of 1 to 200 characters.",
    "quiz.scoring_unknown": "Choose how speed counts: not at all, Kahoot, or linear with a floor of 0 to 100 percent.",
    "quiz.unknown": "This quiz does not exist any more.",
    "quiz.already_played": "This quiz has been played; its scoring stays as it was.",
    "room.unknown": "There is no room with this code. Check the screen and type it again.",
    "room.times": "A room has to end after it opens.",
    "room.move": "That cannot be done now: the room has moved on. The page shows where it is.",
    "room.closed": "This room is not open yet, or was called off.",
    "room.removed": "The host has sent you out of this room. Ask the host if that was a mistake.",
    "room.not_joined": "Join the room first, then answer.",
    "round.unknown": "This question is not being asked.",
    "round.late": "Too late: the question was already closed. Your answer was not counted.",
    "round.paused": "The host has stopped the clock. Answer when it goes on.",
    "round.malformed": "Choose one of the answers shown.",
}
