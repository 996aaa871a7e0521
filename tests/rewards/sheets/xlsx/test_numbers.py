"""Numbers as a workbook shows them, with another library as the second opinion."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import from_excel

from rewards.sheets.xlsx.numbers import EPOCH_1900, EPOCH_1904, look_of, moment_of, shown
from rewards.sheets.xlsx.pictures import picture

SIGNS = st.text(alphabet='dmhysDMHYSe0#?.,;@_\\-/: "[]RB年月日$', max_size=14)


def test_formats_that_a_file_need_not_spell_out() -> None:
    for number, code in BUILTIN_FORMATS.items():
        assert look_of(number, "").moment == is_date_format(code), number
    chinese = [number for number in range(164) if number not in BUILTIN_FORMATS and look_of(number, "").moment]
    assert chinese == [*range(27, 37), *range(50, 59)]
    of_the_machine = [number for number in range(164) if not look_of(number, "").certain]
    assert of_the_machine == [5, 6, 7, 8, 14, 22, 23, 24, 25, 26, 41, 42, 43, 44]


@given(SIGNS.filter(bool))
def test_days_and_times_are_told_from_numbers_as_another_library_does(code: str) -> None:
    assert look_of(176, code).moment == is_date_format(code)


@pytest.mark.parametrize(
    ("value", "code", "seen"),
    [
        ("0.25", "0%", "25%"),
        ("0.255", "0.0%", "25.5%"),
        ("3.5", '"¥"#,##0.00', "¥3.50"),
        ("1200", '"¥"#,##0.00', "¥1,200.00"),
        ("3.5", "[$¥-804]#,##0.00", "¥3.50"),
        ("3.5", '_ "¥"* #,##0.00_ ;_ "¥"* -#,##0.00_ ;_ "¥"* "-"??_ ;_ @_ ', "¥ 3.50"),
        ("3.1", "0.00", "3.10"),
        ("1.005", "0.00", "1.01"),
        ("-3.1", "0.00", "-3.10"),
        ("1234567.891", "#,##0.00", "1,234,567.89"),
        ("12345678", "#,##0,", "12,346"),
        ("123", "#,##0", "123"),
        ("0.5", "# ?/?", "1/2"),
        ("1.25", "# ?/?", "1 1/4"),
        ("2", "# ??/??", "2"),
        ("0.125", "# ?/8", "1/8"),
        ("300000000", "0.00E+00", "3.00E+08"),
        ("0.00031", "0.00E+00", "3.10E-04"),
        ("7", '"GH"0000', "GH0007"),
        ("7", "\\G\\H0000", "GH0007"),
        ("7", "[$-804]00000", "00007"),
        ("7", "00000_);[Red]\\(0\\)", "00007"),
        ("-7", "00000_);[Red]\\(0\\)", "(7)"),
        ("7", "00000;@", "00007"),
        ("100234", "000-000", "100-234"),
        ("13800138000", "000-0000-0000", "138-0013-8000"),
        ("12", '0"人"', "12人"),
        ("0", "0;-0;;@", ""),
        ("45352", 'm"月"d"日"', "3月1日"),
        ("45352", 'yyyy"年"m"月"d"日";@', "2024年3月1日"),
        ("45352", "dd/mm/yyyy", "01/03/2024"),
        ("45352", "d-mmm", "1-Mar"),
        ("45352.75", "h:mm AM/PM", "6:00 PM"),
        ("45352.75", '上午/下午h"时"mm"分"', "下午6时00分"),
        ("0.354166666666667", "h:mm", "8:30"),
        ("1.5", "[h]:mm", "36:00"),
        ("0.001", "mm:ss.0", "01:26.4"),
    ],
)
def test_a_number_reads_as_its_cell_shows_it(value: str, code: str, seen: str) -> None:
    found = shown(value, look_of(176, code), EPOCH_1900)
    assert (found.text, found.certain) == (seen, True)


@pytest.mark.parametrize(
    ("value", "code", "plain"),
    [
        ("5551234", "[<=9999999]###-####;(###) ###-####", "5551234"),
        ("5", "[DBNum1]0", "5"),
        ("45352", "[$-F800]dddd, mmmm dd, yyyy", "2024-03-01"),
        ("45352", "[$-804]d-mmm", "2024-03-01"),
        ("45352", "[$-411]ge.m.d", "2024-03-01"),
    ],
)
def test_a_picture_that_cannot_be_rebuilt_says_so(value: str, code: str, plain: str) -> None:
    found = shown(value, look_of(176, code), EPOCH_1900)
    assert (found.text, found.certain) == (plain, False)


@given(st.decimals(-(10**9), 10**9, places=4), st.integers(0, 4), st.booleans(), st.sampled_from(["", "%"]))
def test_fixed_pictures_are_those_of_pythons_own_rounding(
    value: Decimal, places: int, thousands: bool, percent: str
) -> None:
    code = ("#,##0" if thousands else "0") + ("." + "0" * places if places else "") + percent
    exact = (value * (100 if percent else 1)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    expected = format(abs(exact), f"{',' if thousands else ''}.{places}f") + percent
    assert picture(value, code) == ("-" if value < 0 else "") + expected


@given(st.text(alphabet='dmhysDMHYSe0#?%.,;@_\\-/: "[]RB年月日$¥GE+*', max_size=16), st.decimals(-10, 60_000, places=6))
def test_no_format_stops_the_reading(code: str, value: Decimal) -> None:
    try:
        found = shown(str(value), look_of(176, code), EPOCH_1900)
    except (OverflowError, ValueError):
        assert value < 0
    else:
        assert found.text == " ".join(found.text.split())


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
