"""Columns by letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from rewards.sheets.columns import column_letters, column_number
from rewards.sheets.problems import Refused


@given(st.integers(1, 18_278), st.integers(1, 10**9))
def test_columns_are_named_as_another_library_names_them(number: int, line: int) -> None:
    letters = column_letters(number)
    assert letters == get_column_letter(number)
    assert column_number(letters) == column_number(f"{letters.lower()}{line}") == number


@pytest.mark.parametrize("reference", ["?1", "Ä1", "A$1", "AAAAAA1"])
def test_what_is_no_column_is_refused(reference: str) -> None:
    with pytest.raises(Refused):
        column_number(reference)
