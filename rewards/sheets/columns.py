"""Columns by letter, as spreadsheets name them."""

from rewards.sheets.problems import refuse


def column_number(reference: str) -> int:
    """The column of `B7` or `B`: 2. Refuses what is no reference, or names a column behind the millionth."""
    number = 0
    for letter in reference.rstrip("0123456789").upper():
        if not "A" <= letter <= "Z":
            raise refuse("file.broken")
        number = number * 26 + ord(letter) - 64
        if number > 1_000_000:
            raise refuse("file.broken")
    return number


def column_letters(number: int) -> str:
    """The letters of a column, from 1: `A`, `Z`, `AA`."""
    letters = ""
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(65 + place) + letters
    return letters
