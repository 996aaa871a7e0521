"""Whatever a name is, it is found by itself, by its pinyin and by its initials."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, pinyin

from rewards.members import spellings
from rewards.members.spellings import MOST_KEY, folded, keys
from rewards.sheets import one_line

ANY = st.text(min_size=1, max_size=40).map(one_line).filter(bool)
HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
CHINESE = st.text(HAN, min_size=1, max_size=6)
LATIN = st.lists(st.text(string.ascii_letters + "éüñøßĄ", min_size=1, max_size=12), min_size=1, max_size=4).map(
    " ".join
)
NUMBER = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9./-]{0,10}[A-Za-z0-9])?", fullmatch=True)


def is_found(typed: str, name: str, number: str = "P1") -> bool:
    """As the index has it: what is typed is the beginning of a key."""
    return bool(folded(typed)) and any(key.startswith(folded(typed)) for key in keys(name, number))


@given(ANY | CHINESE | LATIN, NUMBER)
def test_a_member_is_found_by_name_and_number_as_they_stand_and_in_small_letters(name: str, number: str) -> None:
    if not folded(name):
        assert all(unicodedata.category(sign)[0] in "CMZ" for sign in unicodedata.normalize("NFKC", name))
        return
    for typed in (name, name.lower(), unicodedata.normalize("NFD", name), number, number.lower()):
        assert is_found(typed, name, number), typed


@given(ANY, NUMBER)
def test_keys_are_short_and_small_and_the_same_each_time(name: str, number: str) -> None:
    made = keys(name, number)
    assert made == keys(name, number)
    assert all(0 < len(key) <= MOST_KEY and not any(map(str.isspace, key)) for key in made)
    assert len(made) < 200


@given(CHINESE, st.data())
def test_a_chinese_name_is_found_by_its_pinyin_with_and_without_blanks_and_by_its_initials(
    name: str, data: st.DataObject
) -> None:
    """By pypinyin's own reading of each character, and by any other reading of one of them."""
    usual = [pinyin(sign, style=Style.NORMAL)[0][0] for sign in name]
    surname = max((one for one in spellings._surnames() if name.startswith(one)), key=len, default="")
    usual[: len(surname)] = spellings._surnames().get(surname, ())
    place = data.draw(st.integers(0, len(name) - 1))
    other = data.draw(st.sampled_from(pinyin(name[place], style=Style.NORMAL, heteronym=True)[0]))
    for read in (usual, [*usual[:place], other, *usual[place + 1 :]]):
        for typed in ("".join(read), " ".join(read), " ".join(read).title(), "".join(one[0] for one in read)):
            assert is_found(typed, name), typed


@given(LATIN)
def test_a_latin_name_is_found_by_each_of_its_words_and_by_its_initials(name: str) -> None:
    words = name.split()
    assert all(is_found(word, name) for word in words)
    assert is_found(" ".join([*words[1:], words[0]]), name)
    assert is_found("".join(folded(word)[0] for word in words), name)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("李娜", "lina ln LN Li-Na 李 娜 na nali ＬＩＮＡ"),
        ("吕方", "lvfang lufang lyufang lüfang lf"),
        ("曾乐", "zengle cengle zengyue zl"),
        ("单于飞", "chanyufei danyufei cyf"),
        ("尉迟恭", "yuchigong yuchi weichi ycg gong"),
        ("万俟明", "moqiming mqm"),
        ("任盈盈", "renyingying ryy"),
        ("买买提·艾力", "maimaitiaili 艾力 aili mmtal"),
        ("José García", "jose garcia JOSÉ josegarcia jg garciajose"),
        ("O'Neil Anna", "oneil o'neil neil anna ona"),
        ("李娜Anna", "李娜anna linaanna anna lna"),
        ("Łukasz Młynarz", "Łukasz łm Młynarz młynarz"),
    ],
)
def test_names_as_people_type_them(name: str, typed: str) -> None:
    assert [one for one in typed.split() if not is_found(one, name)] == []


@pytest.mark.parametrize("typed", ["SX-0042", "sx0042", "0042", "42", "sx-00", "ＳＸ"])
def test_a_number_is_found_by_its_beginning_and_by_its_figures(typed: str) -> None:
    assert is_found(typed, "Li Na", "SX-0042")
    assert is_found(typed, "Li Na", "SX0042")


def test_what_is_not_the_name_does_not_find_it() -> None:
    assert not any(
        is_found(typed, "李娜", "P1") for typed in ("linax", "nl2", "王", "wang", "%", "_", "'", "\\", "", " ")
    )


def test_every_surname_of_the_table_is_read_as_it_says() -> None:
    for surname, read in spellings._surnames().items():
        assert all(is_found("".join(read) + other, surname + "明") for other in ("ming", "meng")), surname
        assert len(read) == len(surname)
