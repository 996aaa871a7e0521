"""The receipt: one line of ASCII that proves to its owner, and to nobody else, where he stands."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.draws import rules
from rewards.draws.rules import Line, Receipt, Refused
from tests.rewards.draws.test_rules import MANIFEST, PEOPLE, SNAPSHOT, M, refusal

LINES = rules.parse_snapshot(SNAPSHOT)
TREE = rules.Tree(line.leaf for line in LINES)


def salt_of(person: str) -> bytes:
    return rules.digest(f"salt:{person}".encode())[:16]


def receipt_of(person: str) -> Receipt:
    commit = rules.id_commit("demo-2026", salt_of(person), person).hex()
    (place,) = (place for place, line in enumerate(LINES) if line.id_commit == commit)
    tickets, unit = PEOPLE[person]
    return Receipt(
        draw_id="demo-2026",
        line=place,
        n=7,
        tickets=tickets,
        unit=unit,
        group="",
        person_ref=person,
        salt=salt_of(person),
        manifest=M,
        root=TREE.root,
        path=TREE.path(place),
    )


GOOD = [("receipt.path", True), ("receipt.manifest", True), ("receipt.root", True), ("receipt.line", True)]


@pytest.mark.parametrize("person", sorted(PEOPLE))
def test_everybody_of_the_vector_draw_finds_himself(person: str) -> None:
    text = rules.write_receipt(receipt_of(person))
    assert text.isascii()
    assert re.fullmatch(r"VDRAW1\|demo-2026\|[0-6]\|7\|\d+\|[ABC]\|\|E100\d(\|[\w-]+){4}", text)
    receipt = rules.read_receipt(f"\n {text} ")
    assert receipt == receipt_of(person)
    assert rules.check_receipt(receipt, MANIFEST, LINES) == GOOD


def test_what_is_not_at_hand_is_left_out() -> None:
    receipt = receipt_of("E1001")
    assert rules.check_receipt(receipt, None, None) == GOOD[:1]
    assert rules.check_receipt(receipt, MANIFEST, None) == GOOD[:3]
    assert rules.check_receipt(receipt, None, LINES) == [GOOD[0], GOOD[3]]


OTHER = bytes(32)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"person_ref": "E1002"}, {"receipt.path", "receipt.line"}),
        ({"salt": bytes(16)}, {"receipt.path", "receipt.line"}),
        ({"tickets": 4}, {"receipt.path", "receipt.line"}),
        ({"unit": "B"}, {"receipt.path", "receipt.line"}),
        ({"group": "night"}, {"receipt.path", "receipt.line"}),
        ({"line": 3}, {"receipt.path", "receipt.line"}),
        ({"line": 6}, {"receipt.path", "receipt.line"}),
        ({"path": TREE.path(3)}, {"receipt.path"}),
        ({"path": ()}, {"receipt.path"}),
        ({"root": OTHER}, {"receipt.path", "receipt.root"}),
        ({"manifest": OTHER}, {"receipt.manifest"}),
        ({"n": 8}, {"receipt.root"}),
        ({"draw_id": "demo-2025"}, {"receipt.path", "receipt.root", "receipt.line"}),
    ],
)
def test_whatever_is_changed_is_found_by_name(changes: dict, wrong: set[str]) -> None:
    receipt = receipt_of("E1001")._replace(**changes)
    assert rules.read_receipt(rules.write_receipt(receipt)) == receipt
    found = {name for name, good in rules.check_receipt(receipt, MANIFEST, LINES) if not good}
    assert found == wrong


def test_a_list_of_others_and_no_manifest_are_told_apart() -> None:
    receipt = receipt_of("E1001")
    assert rules.check_receipt(receipt, MANIFEST, LINES[:3])[-1] == ("receipt.line", False)
    assert rules.check_receipt(receipt, b"{}", None)[1:] == [("receipt.manifest", False), ("receipt.root", False)]
    dropped = LINES[:4] + LINES[5:]
    assert rules.check_receipt(receipt, MANIFEST, dropped)[-1] == ("receipt.line", False)


TEXT = rules.write_receipt(receipt_of("E1001"))
FIELDS = TEXT.split("|")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "VDRAW1",
        TEXT + "|",
        TEXT[:-1],
        TEXT + "=",
        TEXT.lower(),
        TEXT.replace("VDRAW1", "VDRAW2"),
        TEXT.replace("|4|7|", "|04|7|"),
        TEXT.replace("|4|7|", "|7|7|"),
        TEXT.replace("|4|7|", "|-1|7|"),
        TEXT.replace("|4|7|", "|4|4294967296|"),
        TEXT.replace("|7|3|", "|7|0|"),
        TEXT.replace("|7|3|", "|7|٣|"),
        TEXT.replace("|A|", "||"),
        TEXT.replace("|A|", "|%41|"),
        TEXT.replace("|A|", "| A|"),
        TEXT.replace("E1001", ""),
        TEXT.replace("E1001", "工号"),
        TEXT.replace("demo-2026", "demo 2026"),
        TEXT.replace(FIELDS[8], FIELDS[8][:-1]),
        TEXT.replace(FIELDS[8], FIELDS[8][:-1] + "B"),
        TEXT.replace(FIELDS[9], FIELDS[8]),
        TEXT.replace(FIELDS[11], FIELDS[11][:-2]),
        TEXT.replace(FIELDS[11], "A" * 1408),
        TEXT.replace(FIELDS[11], FIELDS[11].replace("-", "+").replace("_", "/")),
    ],
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    assert refusal(rules.read_receipt, text).code == "draw.receipt.form"


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": bytes(15)},
        {"manifest": bytes(31)},
        {"path": (bytes(31),)},
        {"line": 7},
        {"line": -1},
        {"tickets": 0},
        {"unit": "A\tB"},
        {"group": "工会"},
        {"person_ref": "E1|E2"},
        {"person_ref": "E" * 256},
        {"draw_id": "a|b"},
    ],
)
def test_a_receipt_that_could_not_be_read_is_not_written(changes: dict) -> None:
    assert refusal(rules.write_receipt, receipt_of("E1001")._replace(**changes)).code == "draw.receipt.form"


PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
NAMES = PRINTABLE | st.sampled_from(["%", "|", "%7C", "%257C", "a|b%25", "Head office 2"])


@given(
    NAMES,
    NAMES | st.just(""),
    PRINTABLE.map(lambda text: text.replace("|", "x")),
    st.binary(min_size=16, max_size=16),
    st.lists(st.binary(min_size=32, max_size=32), max_size=20),
    st.integers(1, 2**32 - 1),
)
def test_any_receipt_reads_back(unit: str, group: str, person: str, salt: bytes, path: list[bytes], n: int) -> None:
    receipt = Receipt("d.1", n - 1, n, n, unit, group, person, salt, rules.digest(salt), bytes(32), tuple(path))
    text = rules.write_receipt(receipt)
    assert text.count("|") == 11
    assert rules.read_receipt(text) == receipt
    assert rules.check_receipt(receipt, None, None)[0][0] == "receipt.path"


@given(st.integers(0, len(TEXT) - 1), st.sampled_from("0AZaz-_|%9"))
def test_any_one_changed_letter_is_refused_or_found(place: int, letter: str) -> None:
    changed = TEXT[:place] + letter + TEXT[place + 1 :]
    try:
        receipt = rules.read_receipt(changed)
    except Refused:
        return
    assert (rules.check_receipt(receipt, MANIFEST, LINES) == GOOD) is (changed == TEXT)


def test_the_largest_receipt_fits_its_code() -> None:
    """200,000 entrants, 18 steps up the tree."""
    size = 200_000
    path = tuple(bytes([n]) * 32 for n in range((size - 1).bit_length()))
    receipt = Receipt("draw-2026-001", size - 1, size, 20, "a1b2c3d4e5f6", "night", "12345678", bytes(16), M, M, path)
    assert len(rules.write_receipt(receipt)) <= 1000


def test_the_receipt_names_the_line_it_claims() -> None:
    assert receipt_of("E1001").entry == LINES[4] == Line(LINES[4].id_commit, 3, "A")
