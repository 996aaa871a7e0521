"""Texts that do not say their encoding: read right, or asked about; never read wrong without a question."""

import random

import pytest

from rewards.sheets import Problem, Sheet, decode, read_rows, readings
from rewards.sheets.encodings import ENCODINGS, certain, decoded

PEOPLE = {
    "gb18030": ("王 李 张 刘 陈 杨 赵 欧阳 沈 韩", "小明 建国 静 秀英 晓琳 海涛 娜", "一车间 制造部 工会 办公室"),
    "big5": ("陳 林 黃 張 李 王 吳 劉 歐陽", "志明 家豪 淑芬 美玲 俊傑 雅婷", "製造部 一車間 辦公室"),
    "cp932": ("佐藤 鈴木 高橋 田中 渡辺 伊藤 山本", "太郎 花子 一郎 健太 美咲 ひろし", "倉庫 製造課 総務"),
    "euc_jp": ("佐藤 鈴木 高橋 田中 渡辺 伊藤 山本", "太郎 花子 一郎 健太 美咲 ひろし", "倉庫 製造課 総務"),
    "cp949": ("김 이 박 최 정 강 조 윤", "민준 서연 지훈 철수 영희 미경", "생산부 총무팀"),
    "cp1252": ("Müller Jäger Schröder Weiß Gómez Núñez Lefèvre Smith", "Jürgen Peter José André Zoë", "Büro Lager"),
    "cp1250": ("Dvořák Novák Wałęsa Horváth Szabó Smith", "Jiří Łukasz Zoltán Petr", "Sklad Výroba"),
}


def roster(encoding: str, lines: int, seed: int) -> str:
    chance = random.Random(f"{encoding} {lines} {seed}")
    first, given, units = (part.split() for part in PEOPLE[encoding])
    blank = " " if encoding.startswith("cp125") else ""
    people = (f"{chance.choice(first)}{blank}{chance.choice(given)},{chance.choice(units)}" for _ in range(lines))
    return "staff number,name,department\n" + "".join(f"{at:05},{one}\n" for at, one in enumerate(people))


@pytest.mark.parametrize("encoding", PEOPLE)
@pytest.mark.parametrize("lines", [1, 2, 5, 20])
def test_a_roster_is_read_right_or_asked_about_with_the_right_text_among_the_answers(encoding: str, lines: int) -> None:
    read = asked = 0
    for seed in range(40):
        text = roster(encoding, lines, seed)
        data = text.encode(encoding)
        found = decode(data)
        if isinstance(found, Problem):
            assert found.code in ("file.encoding_unclear", "file.unknown_encoding")
            asked += found.code == "file.encoding_unclear" and any(one.text == text for one in readings(data))
        else:
            assert found == text
            read += 1
    assert read + asked == 40
    assert read >= (0 if encoding in ("cp1252", "cp1250") or lines < 5 else 30)


RANDOM = {
    "gb2312": [bytes([lead, trail]) for lead in range(0xB0, 0xD8) for trail in range(0xA1, 0xFA)],
    "euc_jp": [bytes([lead, trail]) for lead in range(0xB0, 0xCF) for trail in range(0xA1, 0xFF)],
    "euc_kr": [bytes([lead, trail]) for lead in range(0xB0, 0xC9) for trail in range(0xA1, 0xFF)],
    "cp1251": [bytes([sign]) * 1 for sign in range(0xE0, 0x100)],
    "koi8_r": [bytes([sign]) * 1 for sign in range(0xC0, 0xE0)],
}


@pytest.mark.parametrize("encoding", RANDOM)
def test_signs_that_nobody_writes_are_never_read_as_another_encoding(encoding: str) -> None:
    """Twenty lines of signs taken at random: the worst that a list of rare names can be."""
    for seed in range(60):
        chance = random.Random(f"{encoding} {seed}")
        names = [b"".join(chance.choices(RANDOM[encoding], k=3)) for _ in range(20)]
        data = b"staff number,name\n" + b"".join(b"%05d,%s\n" % (at, name) for at, name in enumerate(names))
        found = decode(data)
        assert isinstance(found, Problem) or found == data.decode(encoding)


def test_one_damaged_byte_of_utf_8_makes_no_other_text_of_it() -> None:
    data = "工号,姓名,部门\n00123,王小明,一车间\n00124,李建国,二车间\n".encode()
    for place, byte in enumerate(data):
        if byte >= 0x80:
            found = decode(data[:place] + data[place + 1 :])
            assert isinstance(found, Problem), found


def test_what_somebody_says_of_a_text_is_taken_where_the_text_is_in_it() -> None:
    data = "staff number,name\n1,Zoë Lefèvre\n".encode("cp1252")
    assert decode(data, "cp1252") == data.decode("cp1252")
    assert decode(data, "euc_jp") == Problem(None, None, "file.unknown_encoding")
    assert decode(data, "rot13") == Problem(None, None, "file.unknown_encoding")
    assert decode("工号".encode("utf-8-sig"), "cp1252") == "工号"
    assert all(decoded(b"plain", one) == "plain" for one in ENCODINGS)


def test_the_readings_are_ordered_and_differ() -> None:
    found = readings("staff number,name\n1,Zoë Lefèvre\n".encode("cp1252"))
    assert [one.fit for one in found] == sorted((one.fit for one in found), reverse=True)
    assert len({one.text for one in found}) == len(found) > 1
    assert not certain(found)


def test_cells_that_a_spreadsheet_could_not_fill_refuse_a_file_that_is_read_whole() -> None:
    problems = read_rows(b"number,name\n1,#N/A\n#REF!,Li\n2,##tag\n3,#####\n", "a.csv")
    assert not isinstance(problems, Sheet)
    assert [(one.line, one.column, one.code) for one in problems] == [
        (2, "B", "file.error_cell"),
        (3, "A", "file.error_cell"),
        (5, "B", "file.error_cell"),
    ]
