"""Numbers as a workbook shows them, with another library as the second opinion."""

from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import from_excel

from rewards.sheets.xlsx.numbers import EPOCH_1900, EPOCH_1904, Look, look_of, moment_of

SIGNS = st.text(alphabet='dmhysDMHYSe0#?.,;@_\\-/: "[]RB年月日$', max_size=14)


def test_formats_that_a_file_need_not_spell_out() -> None:
    for number, code in BUILTIN_FORMATS.items():
        assert look_of(number, "") == look_of(0, code) == Look(moment=is_date_format(code)), number
    chinese = [number for number in range(164) if number not in BUILTIN_FORMATS and look_of(number, "").moment]
    assert chinese == [*range(27, 37), *range(50, 59)]


@pytest.mark.parametrize(
    ("code", "look"),
    [
        ("00000", Look(digits=5)),
        ("00000;@", Look(digits=5)),
        ("0", Look()),
        ("General", Look()),
        ('0"days"', Look()),
        ("[Red]0", Look()),
        ("[$-804]yyyy/m/d", Look(moment=True)),
        ('yyyy"年"m"月"', Look(moment=True)),
        ("[h]:mm", Look(moment=True)),
        ("0;yyyy", Look()),
        ("0_d", Look()),
        ("0\\d", Look()),
    ],
)
def test_formats_that_a_file_spells_out(code: str, look: Look) -> None:
    assert look_of(176, code) == look


@given(SIGNS.filter(bool))
def test_days_and_times_are_told_from_numbers_as_another_library_does(code: str) -> None:
    look = look_of(176, code)
    assert look.moment == is_date_format(code)
    assert not (look.moment and look.digits)


@given(
    st.one_of(st.integers(-700_000, 2_958_465), st.floats(-700_000, 2_958_465), st.floats(0, 62)),
    st.sampled_from([EPOCH_1900, EPOCH_1904]),
)
@example(59.5, EPOCH_1900)
@example(60, EPOCH_1900)
@example(0.9999999999, EPOCH_1900)
@example(0, EPOCH_1904)
def test_days_are_counted_as_another_library_counts_them(days: float, epoch: datetime) -> None:
    try:
        expected = from_excel(days, epoch)
    except OverflowError:
        with pytest.raises(OverflowError):
            moment_of(days, epoch)
    else:
        assert moment_of(days, epoch) == expected
