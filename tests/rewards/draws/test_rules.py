"""The vectors of protocol vdraw/1, byte for byte, and the refusals of each reader."""

import hashlib
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rewards.draws import rules
from rewards.draws.rules import Absence, Beacon, Call, Line, Manifest, Prize, Refused, Round, RoundStart

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
PEOPLE = {
    "E1002": (1, "A"),
    "E1005": (2, "C"),
    "E1003": (10, "B"),
    "E1004": (5, "B"),
    "E1001": (3, "A"),
    "E1006": (7, "C"),
    "E1007": (4, "A"),
}
SNAPSHOT = (
    b"09b6825df92c750c3a4bf7d047cceb3d36bffe2a3c9b8c87b10acb40f0da8457\t1\tA\n"
    b"8a2c61c74cd9023f5f6b5368f80e0328a7fa3317a5acc0447fe8d870646cabad\t2\tC\n"
    b"8ea6899036118798a555c0fa544273aa7d76285712f99f308b320ef47c3e30b3\t10\tB\n"
    b"cb67efb7e18d66628b9f65f361668240bf631cc7cea24b451c8baeeee696449c\t5\tB\n"
    b"d4fd04760b3fdac6d6e46565cd70f6c1b10428c9482c4864bdaf065666e7ecf1\t3\tA\n"
    b"f9f6674b5d861de3ff0d7b516d6c78390d580e285106b1ad480bf1765c0cf9fd\t7\tC\n"
    b"fa6c55b5ab649782020803a612ae3ea33fd488777d10519fa8d5385e15787872\t4\tA\n"
)
MANIFEST = (
    b'{"proto":"vdraw/1","draw_id":"demo-2026","n":7,"tickets":32,'
    b'"root":"001b9f6c0b54d0ea84fb6d68bccc43bfff814853640028d65ac5d34fafcbfd42",'
    b'"commit":["aeaf6b4ac92a2b9d61db1d21939393fdb223ba1e16d23fce92c5c5ed81c2c14a",'
    b'"884debf3069ff9e0975383fd184954ac5638ec56c637e5d66db1f86619714b7d"],'
    b'"venue":"d10x20","prizes":[["third",2],["first",1]]}'
)
DIGITS = "31415926535897932384"
SECRETS = [bytes(range(32)), bytes(range(32, 64))]
LABELS = ["organiser", "union"]
M = bytes.fromhex("4b5f12e9843ea1fec352f77aeb370a4750f08ed3183c52f1c501f89a8ae23fc0")
KEY = bytes.fromhex("a7b11f4df0c827acbc2f2ddfbf35a3705204c8c851172f0c61701f465e6be1f1")


def refusal(call, *arguments, **named) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    return caught.value


def drawn(**named) -> rules.Published:
    return rules.publish_result(MANIFEST, SNAPSHOT, DIGITS, SECRETS, labels=LABELS, **named)


# section 1


def test_the_notation_is_framed_hashing() -> None:
    assert rules.u32(258) == b"\x00\x00\x01\x02"
    assert rules.lp(b"ab") == b"\x00\x00\x00\x02ab"
    framed = b"\x00\x00\x00\x09vdraw/1/x\x00\x00\x00\x01a\x00\x00\x00\x00"
    assert rules.th("x", b"a", b"") == hashlib.sha256(framed).digest()
    block = b"k" + bytes(63)
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + framed).digest()
    assert rules.mac(b"k", "x", b"a", b"") == hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).digest()


def test_merkle_vectors() -> None:
    assert rules.Tree([]).root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for leaf, value in (
        (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (b"L123456", "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"),
    ):
        assert rules.leaf_hash(leaf).hex() == value
        assert rules.Tree([leaf]).root.hex() == value
    assert rules.node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    for n, root in (
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ):
        assert rules.Tree(LEAVES[:n]).root.hex() == root


# sections 2 to 4


def test_snapshot_of_the_vector_draw() -> None:
    lines = [
        Line(
            rules.id_commit("demo-2026", hashlib.sha256(f"salt:{who}".encode()).digest()[:16], who).hex(),
            tickets,
            unit,
        )
        for who, (tickets, unit) in reversed(PEOPLE.items())
    ]
    assert rules.format_snapshot(lines) == SNAPSHOT
    assert rules.digest(SNAPSHOT).hex() == "789dd720ce5c88989e094b34fbbbeedf1384744f2a0da5adaec19a3660546488"
    tree = rules.Tree(line.leaf for line in rules.parse_snapshot(SNAPSHOT))
    assert tree.root.hex() == "001b9f6c0b54d0ea84fb6d68bccc43bfff814853640028d65ac5d34fafcbfd42"
    assert [step.hex() for step in tree.path(4)] == [
        "5245c10ed2a70abd3de4d2c4e2fe6fcda3b6198d49f0cbf166cb3a9cc6410341",
        "6451594b8074383afd7bdc6e8bb7fbd3b7e16f50066c5c77a00fe92fbd89f164",
        "8acd85eafd3cd8aa34df28bd79ce0f2c85015b66fdff77de35e2b1850f132896",
    ]


def test_manifest_of_the_vector_draw() -> None:
    assert len(MANIFEST) == 331
    assert rules.manifest_hash(MANIFEST) == M
    manifest = rules.parse_manifest(MANIFEST)
    assert manifest == Manifest(
        draw_id="demo-2026",
        n=7,
        tickets=32,
        root="001b9f6c0b54d0ea84fb6d68bccc43bfff814853640028d65ac5d34fafcbfd42",
        commit=(
            "aeaf6b4ac92a2b9d61db1d21939393fdb223ba1e16d23fce92c5c5ed81c2c14a",
            "884debf3069ff9e0975383fd184954ac5638ec56c637e5d66db1f86619714b7d",
        ),
        venue="d10x20",
        prizes=(Prize("third", 2, redraw=None), Prize("first", 1, redraw=None)),
    )
    assert manifest.slots == 3


def test_commitments_seed_and_keys() -> None:
    manifest = rules.parse_manifest(MANIFEST)
    made = [rules.commitment("demo-2026", *pair).hex() for pair in zip(LABELS, SECRETS, strict=True)]
    assert tuple(made) == manifest.commit
    venue = rules.venue_value(M, "d10x20", DIGITS)
    assert venue.hex() == "8a1ad37df8f4e5925791dfcd14b7a17d23ddb962700b946185efa1d61e5ef122"
    seed = rules.seed(M, SECRETS, venue)
    assert seed.hex() == "d6b28749760f206b19d6557f61d0040821e48959efca74fe302ecc4eb0a53da3"
    other = rules.seed(M, SECRETS, rules.venue_value(M, "d10x20", DIGITS[:-1] + "5")).hex()
    assert other.startswith("ba268786")
    assert other.endswith("de8884")
    assert rules.round_key(seed, "r1") == KEY
    fresh = rules.venue_value(M, rules.redraw_label("d10x4"), "1618")
    assert (
        rules.redraw_key(KEY, "first", 0, 1, fresh).hex()
        == "28dd4c112c3a3147370c01277472540f39820f6c52d2fdb63f0f98a14012dd9f"
    )


# section 5


@pytest.mark.parametrize(
    ("fresh", "expected"),
    [(None, (0, 22, 15, 4)), (rules.venue_value(M, "redraw-d10x4", "1618"), (0, 22, 3, 2))],
    ids=["scenario A", "scenario B"],
)
def test_both_scenarios(fresh: bytes | None, expected: tuple[int, ...]) -> None:
    manifest = rules.parse_manifest(MANIFEST)
    drawing = rules.Drawing(manifest, rules.parse_snapshot(SNAPSHOT))
    drawing.start(manifest.stages[0], KEY)
    assert {place: outcome.pick for place, outcome in drawing.standing.items()} == {
        ("third", 0): (0, 32, 2, 1),
        ("third", 1): (0, 30, 0, 0),
        ("first", 0): (0, 29, 19, 5),
    }
    assert drawing.absent("first", 0) == 0
    assert ("first", 0) not in drawing.standing
    assert refusal(drawing.absent, "first", 0).code == "draw.absent.slot"
    assert drawing.redraw("first", 0, fresh) == ("first", 0, 1, expected)
    assert refusal(drawing.redraw, "first", 0).code == "draw.redraw.slot"


def test_rejection_branch() -> None:
    weight = 2147483649
    assert rules.choose(KEY, "rej", 0, 0, weight) == (0, 787770637)
    assert rules.word(KEY, "rej", 2, 0, 0) == 2681179653
    assert rules.choose(KEY, "rej", 2, 0, weight) == (1, 1707852893)


# section 8


def test_log_chain() -> None:
    heads = rules.chain(M, ["arm " + M.hex()])
    assert heads[0].hex() == "a6b97bf820f30407f13488f2d5d7b4363cc44119a54685436a971c0fbf2303ad"
    assert heads[1] == rules.th("log", heads[0], b"arm " + M.hex().encode())


def test_display_code_is_sixty_bits() -> None:
    assert rules.display_code(bytes(32)) == "0000-0000-0000"
    assert rules.display_code(b"\xff" * 32) == "ZZZZ-ZZZZ-ZZZZ"
    assert rules.display_code(bytes.fromhex("00443214c74254b6") + bytes(24)) == "0123-4567-89AB"
    assert rules.read_code(" oi23 4567-89ab ") == "0123-4567-89AB"
    for wrong in ("", "0123", "0123-4567-89AU", "0123-4567-89AB-C"):
        assert rules.read_code(wrong) == ""


def test_published_files_of_scenario_b() -> None:
    published = drawn(steps=[Absence("first", 0, "", "redraw-d10x4", "1618")])
    assert published.log == (
        f"arm {M.hex()}\n"
        f"venue d10x20 {DIGITS}\n"
        f"reveal organiser {SECRETS[0].hex()}\n"
        f"reveal union {SECRETS[1].hex()}\n"
        "win third 0 0 1\n"
        "win third 1 0 0\n"
        "win first 0 0 5\n"
        "absent first 0 0\n"
        "redraw first 0 1 redraw-d10x4 1618\n"
        "win first 0 1 2\n"
        "close\n"
    )
    head = rules.chain(M, published.log.splitlines())[-1]
    assert json.loads(published.result) == {
        "proto": "vdraw/1",
        "draw_id": "demo-2026",
        "manifest": M.hex(),
        "winners": [
            {"prize": prize, "slot": slot, "attempt": attempt, "line": line, "id_commit": SNAPSHOT_IDS[line]}
            for prize, slot, attempt, line in (("third", 0, 0, 1), ("third", 1, 0, 0), ("first", 0, 1, 2))
        ],
        "head": head.hex(),
        "code": rules.display_code(head),
    }
    assert published.head == head.hex()
    assert published.code == "0ZK9-XVDB-K0EZ"
    assert b"\n" not in published.result
    assert b" " not in published.result


SNAPSHOT_IDS = [line.id_commit for line in rules.parse_snapshot(SNAPSHOT)]


def test_published_files_of_scenario_a() -> None:
    published = drawn(steps=[Absence("first", 0)])
    assert published.log.endswith("absent first 0 0\nwin first 0 1 4\nclose\n")
    assert [winner.line for winner in published.winners] == [1, 0, 4]


def test_an_abort_has_no_winners_at_any_point() -> None:
    arm = f"arm {M.hex()}\n"
    early = rules.publish_result(MANIFEST, SNAPSHOT, "", [], abort="power-cut")
    assert early.log == arm + "abort power-cut\n"
    rolled = rules.publish_result(MANIFEST, SNAPSHOT, DIGITS, SECRETS[:1], labels=LABELS[:1], abort="secret-lost")
    assert rolled.log == (f"{arm}venue d10x20 {DIGITS}\nreveal organiser {SECRETS[0].hex()}\nabort secret-lost\n")
    late = drawn(abort="wrong-list")
    assert late.log.endswith("win first 0 0 5\nabort wrong-list\n")
    assert early.winners == rolled.winners == late.winners == ()
    assert refusal(drawn, abort="Wrong list").code == "draw.abort.reason"


def test_nobody_eligible_leaves_the_slot_unfilled() -> None:
    voids = rules.format_voids({0: "left", 1: "left", 2: "left", 3: "left", 5: "left", 6: "left"})
    published = drawn(voids=voids)
    assert published.log.splitlines()[0] == f"arm {M.hex()} void {rules.digest(voids).hex()}"
    assert published.log.splitlines()[4:] == [
        "win third 0 0 4",
        "win third 1 0 unfilled",
        "win first 0 0 unfilled",
        "close",
    ]
    assert [(winner.prize, winner.line) for winner in published.winners] == [("third", 4)]
    assert refusal(drawn, voids=voids, steps=[Absence("first", 0)]).code == "draw.absent.slot"


# refusals


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"digits": "3141592653589793238"}, "draw.dice.digits"),
        ({"digits": "3141592653589793238x"}, "draw.dice.digits"),
        ({"digits": "3141592653589793238²"}, "draw.dice.digits"),
        ({"digits": ""}, "draw.sheet.order"),
        ({"secrets": SECRETS[:1]}, "draw.reveal.count"),
        ({"secrets": [*SECRETS, bytes(32)], "labels": [*LABELS, "third"]}, "draw.reveal.count"),
        ({"labels": []}, "draw.reveal.count"),
        ({"secrets": SECRETS[::-1]}, "draw.commitment"),
        ({"secrets": [SECRETS[0], bytes(31)]}, "draw.secret.size"),
        ({"labels": ["organiser", "employer"]}, "draw.commitment"),
        ({"snapshot": SNAPSHOT.replace(b"\t10\t", b"\t11\t")}, "draw.snapshot.tickets"),
        ({"snapshot": SNAPSHOT.replace(b"\tB\n", b"\tA\n")}, "draw.snapshot.root"),
        ({"snapshot": SNAPSHOT[:-69]}, "draw.snapshot.count"),
        ({"steps": [Absence("second", 0)]}, "draw.absent.slot"),
        ({"steps": [Absence("first", 1)]}, "draw.absent.slot"),
        ({"steps": [Absence("first", 0, "", "redraw-d10x4", "16180")]}, "draw.dice.digits"),
        ({"steps": [Absence("first", 0, "", "redraw-4d10", "1618")]}, "draw.dice.label"),
        ({"steps": [Absence("first", 0)], "secrets": SECRETS[:1], "abort": "x"}, "draw.sheet.order"),
    ],
)
def test_a_draw_that_does_not_fit_its_manifest_is_refused(changes: dict, code: str) -> None:
    given = {"snapshot": SNAPSHOT, "digits": DIGITS, "secrets": SECRETS, "labels": LABELS, **changes}
    assert refusal(rules.publish_result, MANIFEST, **given).code == code


LINE = "0" * 63


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (f"{LINE}1\t1\tA", "draw.snapshot.ending", None),
        ("\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t0\tA\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t01\tA\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t-1\tA\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t1.0\tA\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t{'9' * 5000}\tA\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t1\t\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t1\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t1\t A\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t1\tA\t\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t1\tA\tB\tC\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t1\tA\r\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t1\t{'A' * 65}\n", "draw.snapshot.line", 0),
        (f"{LINE}A\t1\tA\n", "draw.snapshot.line", 0),
        (f"{LINE}1\t1\tA\n{LINE}2\t1\t工会\n", "draw.snapshot.line", 1),
        (f"{LINE}1\t1\tA\n{LINE}1\t1\tA\n", "draw.snapshot.order", 1),
        (f"{LINE}2\t1\tA\n{LINE}1\t1\tA\n", "draw.snapshot.order", 1),
        (f"{LINE}1\t4294967295\tA\n{LINE}2\t1\tA\n", "draw.snapshot.total", 1),
    ],
)
def test_snapshot_refusals(data: str, code: str, line: int | None) -> None:
    refused = refusal(rules.parse_snapshot, data.encode())
    assert (refused.code, refused.facts.get("line")) == (code, line)


def test_snapshot_edges_are_accepted() -> None:
    assert rules.parse_snapshot(b"") == ()
    data = f"{LINE}1\t4294967295\tHead office 2\tnight shift\n".encode()
    assert rules.parse_snapshot(data) == (Line(LINE + "1", 4294967295, "Head office 2", "night shift"),)
    assert rules.format_snapshot(rules.parse_snapshot(data)) == data


@pytest.mark.parametrize(
    "line",
    [
        Line(LINE, 1, "A"),
        Line(LINE + "1", 0, "A"),
        Line(LINE + "1", 1, ""),
        Line(LINE + "1", 1, "A\tB"),
        Line(LINE + "1", 1, "工会"),
        Line(LINE + "1", 1, "A", "B\n"),
    ],
)
def test_a_snapshot_is_not_written_with_a_bad_line(line: Line) -> None:
    assert refusal(rules.format_snapshot, [line]).code == "draw.snapshot.line"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"1\tleft", "draw.void.ending"),
        (b"1 left\n", "draw.void.line"),
        (b"01\tleft\n", "draw.void.line"),
        (b"1\tLeft\n", "draw.void.line"),
        (b"1\t\xff\n", "draw.void.line"),
        (b"2\tleft\n1\tleft\n", "draw.void.order"),
        (b"1\tleft\n1\tleft\n", "draw.void.order"),
        (b"7\tleft\n", "draw.void.index"),
    ],
)
def test_void_list_refusals(data: bytes, code: str) -> None:
    assert refusal(rules.parse_voids, data, 7).code == code


def test_void_list_round_trip() -> None:
    assert rules.format_voids({}) == b""
    assert rules.parse_voids(b"", 0) == {}
    data = rules.format_voids({6: "unit.left", 0: "duplicate"})
    assert data == b"0\tduplicate\n6\tunit.left\n"
    assert rules.parse_voids(data, 7) == {0: "duplicate", 6: "unit.left"}
    for voids in ({-1: "left"}, {1: "Not a code"}, {1: ""}):
        assert refusal(rules.format_voids, voids).code == "draw.void.line"


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"1", "draw.present.ending", None),
        (b"\n", "draw.present.line", 0),
        (b"1\n02\n", "draw.present.line", 1),
        (b"1\t\n", "draw.present.line", 0),
        (b"-1\n", "draw.present.line", 0),
        (b"1\r\n", "draw.present.line", 0),
        (b"1\n\xff\n", "draw.present.line", 1),
        (b"9" * 5000 + b"\n", "draw.present.line", 0),
        (b"2\n1\n", "draw.present.order", 1),
        (b"1\n1\n", "draw.present.order", 1),
        (b"6\n7\n", "draw.present.index", 1),
    ],
)
def test_presence_list_refusals(data: bytes, code: str, line: int | None) -> None:
    refused = refusal(rules.parse_present, data, 7)
    assert (refused.code, refused.facts.get("line")) == (code, line)


def test_presence_list_round_trip() -> None:
    assert rules.format_present([]) == b""
    assert rules.parse_present(b"", 0) == ()
    assert rules.format_present(iter([6, 0, 6])) == b"0\n6\n"
    assert rules.parse_present(b"0\n6\n", 7) == (0, 6)
    assert refusal(rules.format_present, [0, -1]).code == "draw.present.line"
    assert rules.present_hash(None) == ""
    assert rules.present_hash(b"") == rules.digest(b"").hex()


def test_beacon_and_round_dice_enter_the_keys() -> None:
    chain_hash, signature = bytes(range(32)), "0123456789ab" * 8
    randomness = rules.digest(bytes.fromhex(signature))
    assert rules.beacon_randomness(signature) == randomness
    value = rules.th("beacon", M, chain_hash, (2**53 - 1).to_bytes(8, "big"), randomness)
    assert rules.beacon_value(M, chain_hash, 2**53 - 1, signature) == value
    venue = rules.venue_value(M, "d10x20", DIGITS)
    assert rules.seed(M, SECRETS, venue, value) == rules.th("seed", M, *SECRETS, venue, value)
    assert rules.seed(M, SECRETS, venue, value) != rules.seed(M, SECRETS, venue)
    fresh = rules.venue_value(M, rules.round_label("d10x6"), "271828")
    assert fresh == rules.th("venue", M, b"round-d10x6", b"271828")
    assert rules.round_key(KEY, "top", fresh) == rules.mac(KEY, "round", b"top", fresh)
    for wrong in ("", "ab" * 47, "AB" * 48, "ab" * 48 + "\n"):
        assert refusal(rules.beacon_randomness, wrong).code == "draw.beacon.form"


def test_a_secret_on_paper() -> None:
    assert rules.write_secret(SECRETS[0]).splitlines()[:2] == ["1: 0001 0203 97", "2: 0405 0607 85"]
    assert rules.write_secret(SECRETS[0]).endswith("8: 1c1d 1e1f 5c\n")
    first = rules.digest(b"\x01\x00\x01\x02\x03")[:1].hex()
    assert rules.write_secret(SECRETS[0]).startswith(f"1: 0001 0203 {first}\n")
    assert rules.read_secret("１：０００１ 0203 " + rules.write_secret(SECRETS[0])[13:]) == SECRETS[0]
    paper = rules.write_secret(SECRETS[0]).splitlines()
    assert refusal(rules.read_secret, "\n".join([*paper[1:], paper[0]])).facts == {"row": 1}
    assert refusal(rules.read_secret, "\n".join(paper[:7])).facts == {"digits": 70}
    assert refusal(rules.read_secret, "").facts == {"digits": 0}
    assert refusal(rules.read_secret, SECRETS[0].hex() + "0").code == "draw.secret.form"
    assert refusal(rules.write_secret, bytes(31)).code == "draw.secret.size"


FULL = Manifest(
    draw_id="spring-2026",
    n=7,
    tickets=32,
    root="0" * 64,
    commit=("1" * 64, "2" * 64),
    venue="d6x25",
    prizes=(Prize("bike", 1, "night shift", 20, "d10x4"), Prize("mug", 20), Prize("pen", 2, redraw=None)),
    labels=("organiser", "union"),
    rehearsal=True,
    frozen_at="2026-05-01T08:00:00Z",
    file="3" * 64,
    round="main",
    one_win=False,
    unit_cap=3,
    excluded=(("custodian", 2), ("dice-typist", 1)),
    rule={"season": "spring", "points_per_ticket": 10, "note": "工会"},
)
ROUNDS = Manifest(
    draw_id="autumn-2026",
    n=7,
    tickets=32,
    root="0" * 64,
    commit=("1" * 64, "2" * 64),
    venue="d10x20",
    rounds=(Round("one"), Round("two", "d6x9")),
    prizes=(
        Prize("mug", 20, "night shift", 150, "", "one", ("A", "Head office 2"), False, 1000),
        Prize("bike", 1, redraw="d10x4", round="two"),
    ),
    labels=("organiser", "union"),
    names=("Organiser \U0001f3b2", "工会" * 100),
    witnesses=("Ann",) * 50,
    presence=True,
    call_seconds=3600,
    frozen_at="2026-05-01T08:00:00Z",
    arm_after="2026-05-02T08:00:00Z",
    beacon=Beacon("52" * 32, 2**53 - 1),
    kit="4" * 64,
    signer="5" * 64,
)


def test_the_full_form_is_one_stable_ascii_line() -> None:
    data = rules.write_manifest(FULL)
    assert rules.parse_manifest(data) == FULL
    assert data.isascii()
    assert b"\n" not in data
    assert b": " not in data
    assert json.loads(data)["no_reroll"] is True
    assert list(json.loads(data))[:7] == ["proto", "draw_id", "rehearsal", "n", "tickets", "root", "commit"]
    shuffled = {key: FULL.rule[key] for key in sorted(FULL.rule, reverse=True)}
    assert rules.write_manifest(Manifest(**{**fields(FULL), "rule": shuffled})) == data


def test_the_form_with_rounds_is_one_stable_ascii_line() -> None:
    data = rules.write_manifest(ROUNDS)
    assert rules.parse_manifest(data) == ROUNDS
    assert data.isascii()
    assert list(json.loads(data)) == [
        *("proto", "draw_id", "rehearsal", "n", "tickets", "root", "commit", "venue", "rounds", "one_win", "unit_cap"),
        *("no_reroll", "prizes", "excluded", "labels", "names", "witnesses", "presence", "call_seconds", "frozen_at"),
        *("arm_after", "beacon", "kit", "signer"),
    ]
    assert list(json.loads(data)["prizes"][0]) == [
        *("id", "count", "round", "class", "units", "batch", "present", "alternates")
    ]
    one, two = ROUNDS.rounds
    assert [prize.id for prize in ROUNDS.prizes_of(one)] == ["mug"]
    assert ROUNDS.stages == (one, two)
    assert FULL.stages == (Round("main"),)
    assert FULL.prizes_of(FULL.stages[0]) == FULL.prizes


def fields(manifest: Manifest) -> dict:
    return {name: getattr(manifest, name) for name in manifest.__slots__}


@pytest.mark.parametrize(
    ("changes", "code", "key"),
    [
        ({"proto": "vdraw/2"}, "draw.manifest.proto", None),
        ({"surprise": 1}, "draw.manifest.unknown", "surprise"),
        ({"draw_id": "demo 2026"}, "draw.manifest.value", "draw_id"),
        ({"draw_id": 5}, "draw.manifest.value", "draw_id"),
        ({"n": 7.0}, "draw.manifest.value", "n"),
        ({"n": True}, "draw.manifest.value", "n"),
        ({"n": -1}, "draw.manifest.value", "n"),
        ({"n": 10**4000}, "draw.manifest.value", "n"),
        ({"tickets": 6}, "draw.manifest.value", "tickets"),
        ({"tickets": 2**32}, "draw.manifest.value", "tickets"),
        ({"root": "0" * 63}, "draw.manifest.value", "root"),
        ({"root": "A" * 64}, "draw.manifest.value", "root"),
        ({"root": "0" * 64 + "\n"}, "draw.manifest.value", "root"),
        ({"commit": []}, "draw.manifest.value", "commit"),
        ({"commit": ["1" * 64] * 17}, "draw.manifest.value", "commit"),
        ({"commit": "1" * 64}, "draw.manifest.value", "commit"),
        ({"venue": "d10x0"}, "draw.manifest.value", "venue"),
        ({"venue": "d20x20"}, "draw.manifest.value", "venue"),
        ({"prizes": []}, "draw.manifest.value", "prizes"),
        ({"prizes": [["a", 1], ["a", 1]]}, "draw.manifest.value", "prizes"),
        ({"prizes": [["a", 1, 1]]}, "draw.manifest.value", "prizes"),
        ({"prizes": [["A", 1]]}, "draw.manifest.value", "prizes.id"),
        ({"prizes": [["a", 0]]}, "draw.manifest.value", "prizes.count"),
        ({"prizes": [["a", 60_000], ["b", 60_000]]}, "draw.manifest.value", "prizes.count"),
        ({"prizes": [{"id": "a"}]}, "draw.manifest.missing", "prizes.count"),
        ({"prizes": [{"id": "a", "count": 1, "x": 1}]}, "draw.manifest.unknown", "prizes.x"),
        ({"prizes": [{"id": "a", "count": 1, "class": "\t"}]}, "draw.manifest.value", "prizes.class"),
        ({"prizes": [{"id": "a", "count": 1, "batch": "evening"}]}, "draw.manifest.value", "prizes.batch"),
        ({"prizes": [{"id": "a", "count": 1, "redraw": "redraw-d10x4"}]}, "draw.manifest.value", "prizes.redraw"),
        ({"prizes": ["a"]}, "draw.manifest.value", "prizes"),
        ({"labels": ["one"]}, "draw.manifest.value", "labels"),
        ({"labels": ["one", "one"]}, "draw.manifest.value", "labels"),
        ({"labels": ["one", "two three"]}, "draw.manifest.value", "labels"),
        ({"rehearsal": 0}, "draw.manifest.value", "rehearsal"),
        ({"frozen_at": "2026-02-30T08:00:00Z"}, "draw.manifest.value", "frozen_at"),
        ({"frozen_at": "2026-02-20 08:00:00"}, "draw.manifest.value", "frozen_at"),
        ({"file": ""}, "draw.manifest.value", "file"),
        ({"round": ""}, "draw.manifest.value", "round"),
        ({"one_win": None}, "draw.manifest.value", "one_win"),
        ({"unit_cap": 0}, "draw.manifest.value", "unit_cap"),
        ({"no_reroll": False}, "draw.manifest.value", "no_reroll"),
        ({"excluded": [{"reason": "x"}]}, "draw.manifest.missing", "excluded.count"),
        ({"excluded": [{"reason": "X", "count": 1}]}, "draw.manifest.value", "excluded.reason"),
        ({"excluded": {}}, "draw.manifest.value", "excluded"),
        ({"rule": []}, "draw.manifest.value", "rule"),
    ],
)
def test_manifest_refusals(changes: dict, code: str, key: str | None) -> None:
    given = {**json.loads(MANIFEST), **changes}
    refused = refusal(rules.parse_manifest, json.dumps(given).encode())
    assert (refused.code, refused.facts.get("key")) == (code, key)


ONE_PRIZE = {"id": "a", "count": 1, "round": "one"}


@pytest.mark.parametrize(
    ("changes", "code", "key"),
    [
        ({"names": ["one"]}, "draw.manifest.value", "names"),
        ({"names": ["one", ""]}, "draw.manifest.value", "names"),
        ({"names": ["one", "t" * 201]}, "draw.manifest.value", "names"),
        ({"names": ["one", "\x9f"]}, "draw.manifest.value", "names"),
        ({"names": ["one", "\ud800"]}, "draw.manifest.value", "names"),
        ({"names": ["one", 2]}, "draw.manifest.value", "names"),
        ({"names": ["one", "two"], "labels": None}, "draw.manifest.value", "names"),
        ({"witnesses": ["w"] * 51}, "draw.manifest.value", "witnesses"),
        ({"witnesses": "Ann"}, "draw.manifest.value", "witnesses"),
        ({"round": "r1"}, "draw.manifest.value", "round"),
        ({"rounds": []}, "draw.manifest.value", "rounds"),
        ({"rounds": [{"id": "one"}, {"id": "one"}]}, "draw.manifest.value", "rounds"),
        ({"rounds": [{"id": f"r{n}"} for n in range(101)]}, "draw.manifest.value", "rounds"),
        ({"rounds": ["one"]}, "draw.manifest.value", "rounds"),
        ({"rounds": [{"id": "one", "dice": ""}]}, "draw.manifest.value", "rounds.dice"),
        ({"rounds": [{"id": "One"}]}, "draw.manifest.value", "rounds.id"),
        ({"rounds": [{"dice": "d6x9"}]}, "draw.manifest.missing", "rounds.id"),
        ({"rounds": [{"id": "one", "name": "x"}]}, "draw.manifest.unknown", "rounds.name"),
        ({"rounds": [{"id": "one"}]}, "draw.manifest.value", "prizes.round"),
        ({"rounds": None}, "draw.manifest.value", "prizes.round"),
        ({"prizes": [ONE_PRIZE]}, "draw.manifest.value", "prizes.round"),
        ({"prizes": [["a", 1]]}, "draw.manifest.value", "prizes.round"),
        ({"prizes": [{**ONE_PRIZE, "round": "two"}, {**ONE_PRIZE, "id": "b"}]}, "draw.manifest.value", "prizes.round"),
        ({"prizes": [{**ONE_PRIZE, "units": []}]}, "draw.manifest.value", "prizes.units"),
        ({"prizes": [{**ONE_PRIZE, "units": ["A", "A"]}]}, "draw.manifest.value", "prizes.units"),
        ({"prizes": [{**ONE_PRIZE, "units": ["工会"]}]}, "draw.manifest.value", "prizes.units"),
        ({"prizes": [{**ONE_PRIZE, "units": "A"}]}, "draw.manifest.value", "prizes.units"),
        ({"prizes": [{**ONE_PRIZE, "present": 1}]}, "draw.manifest.value", "prizes.present"),
        ({"prizes": [{**ONE_PRIZE, "batch": 151}]}, "draw.manifest.value", "prizes.batch"),
        ({"prizes": [{**ONE_PRIZE, "batch": 0}]}, "draw.manifest.value", "prizes.batch"),
        ({"prizes": [{**ONE_PRIZE, "alternates": 0}]}, "draw.manifest.value", "prizes.alternates"),
        ({"prizes": [{**ONE_PRIZE, "alternates": 1001}]}, "draw.manifest.value", "prizes.alternates"),
        ({"prizes": [{**ONE_PRIZE, "alternates": 1, "redraw": "d10x4"}]}, "draw.manifest.value", "prizes.alternates"),
        (
            {"prizes": [{**ONE_PRIZE, "id": f"p{n}", "count": 1, "alternates": 1000} for n in range(100)]},
            "draw.manifest.value",
            "prizes.count",
        ),
        ({"presence": "yes"}, "draw.manifest.value", "presence"),
        ({"call_seconds": 3601}, "draw.manifest.value", "call_seconds"),
        ({"call_seconds": -1}, "draw.manifest.value", "call_seconds"),
        ({"arm_after": "soon"}, "draw.manifest.value", "arm_after"),
        ({"beacon": {"chain": "52" * 32}}, "draw.manifest.missing", "beacon.round"),
        ({"beacon": {"chain": "52" * 32, "round": 0}}, "draw.manifest.value", "beacon.round"),
        ({"beacon": {"chain": "52" * 32, "round": 2**53}}, "draw.manifest.value", "beacon.round"),
        ({"beacon": {"chain": "52" * 31, "round": 1}}, "draw.manifest.value", "beacon.chain"),
        ({"beacon": {"chain": "52" * 32, "round": 1, "key": ""}}, "draw.manifest.unknown", "beacon.key"),
        ({"kit": ""}, "draw.manifest.value", "kit"),
        ({"signer": "5" * 63}, "draw.manifest.value", "signer"),
    ],
)
def test_refusals_of_the_form_with_rounds(changes: dict, code: str, key: str) -> None:
    given = {**json.loads(rules.write_manifest(ROUNDS)), **changes}
    data = json.dumps({name: value for name, value in given.items() if value is not None}).encode()
    refused = refusal(rules.parse_manifest, data)
    assert (refused.code, refused.facts.get("key")) == (code, key)


@pytest.mark.parametrize("key", sorted(json.loads(MANIFEST)))
def test_every_key_of_the_compact_form_is_needed(key: str) -> None:
    given = json.loads(MANIFEST)
    del given[key]
    code = "draw.manifest.proto" if key == "proto" else "draw.manifest.missing"
    assert refusal(rules.parse_manifest, json.dumps(given).encode()).code == code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 200_000,
        b'{"rule":' * 100_000,
        MANIFEST[:-1] + b',"rule":{"a":' + b"[" * 63 + b"]" * 63 + b"}}",
        b'{"n":' + b"9" * 5000 + b"}",
        b'{"n":NaN}',
        b'{"proto":"vdraw/1","x":"\xe5\xb7\xa5"}',
    ],
)
def test_what_is_not_strict_json_is_refused(data: bytes) -> None:
    assert refusal(rules.parse_manifest, data).code == "draw.manifest.json"


def test_depth_is_counted_outside_of_texts() -> None:
    deep = MANIFEST[:-1] + b',"rule":{"a":' + b"[" * 62 + b"]" * 62 + b"}}"
    assert rules.parse_manifest(deep).rule is not None
    text = b',"rule":{"a":"' + b"[{" * 100 + rb"\"[[" + b'"}}'
    assert rules.parse_manifest(MANIFEST[:-1] + text).rule == {"a": "[{" * 100 + '"[['}


def test_hostile_brackets_are_refused_whatever_the_process_allows() -> None:
    """A library that raises the recursion limit must not turn them into a crash of the interpreter."""
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(10_000_000)
        assert refusal(rules.read_json, b"[" * 1_000_000).code == "draw.manifest.json"
    finally:
        sys.setrecursionlimit(limit)


def test_a_key_said_twice_is_refused() -> None:
    refused = refusal(rules.parse_manifest, MANIFEST[:-1] + b',"n":7}')
    assert (refused.code, refused.facts) == ("draw.manifest.twice", {"key": "n"})
    assert refusal(rules.read_json, MANIFEST[:-1] + b',"n":7').code == "draw.manifest.json"


def test_a_manifest_that_could_not_be_read_is_not_written() -> None:
    assert refusal(rules.write_manifest, Manifest(**{**fields(FULL), "root": "x"})).facts == {"key": "root"}
    open_with_class = (Prize("a", 1, "night", redraw=None),)
    refused = refusal(rules.write_manifest, Manifest(**{**fields(FULL), "prizes": open_with_class}))
    assert refused.facts == {"key": "prizes.redraw"}
    refused = refusal(rules.write_manifest, Manifest(**{**fields(ROUNDS), "round": "main"}))
    assert refused.facts == {"key": "round"}


def test_freeze_moment_is_utc_whole_seconds() -> None:
    at = datetime(2026, 5, 1, 16, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=8)))
    assert rules.utc_moment(at) == rules.utc_moment(at.astimezone(UTC)) == "2026-05-01T08:00:00Z"


def test_what_enters_a_hash_is_sized_ascii() -> None:
    assert refusal(rules.id_commit, "d", bytes(15), "E1").code == "draw.salt.size"
    assert refusal(rules.id_commit, "d", bytes(16), "工号1").facts == {"what": "person_ref"}
    assert refusal(rules.commitment, "d", "union", bytes(33)).code == "draw.secret.size"
    assert refusal(rules.Tree(LEAVES).path, 8).code == "draw.tree.index"
    assert refusal(rules.Tree(LEAVES).path, -1).code == "draw.tree.index"
    assert refusal(rules.check_dice, "d6x2", "07").code == "draw.dice.digits"
    rules.check_dice("d6x2", "16")


@pytest.mark.parametrize("before", ["redraw-round-", "round-redraw-", "redraw-redraw-", "Round-", "-", "re-"])
def test_dice_are_for_one_purpose(before: str) -> None:
    assert refusal(rules.check_dice, before + "d10x4", "1618").code == "draw.dice.label"


# the grammar of the log


def sheet_of(log: str, manifest: bytes = MANIFEST) -> rules.Sheet:
    return rules.read_sheet(rules.split_log(log.encode()), rules.parse_manifest(manifest))


def test_the_sheet_is_read_back_from_the_log() -> None:
    absences = (Absence("first", 0, "", "redraw-d10x4", "1618"), Absence("third", 1), Absence("first", 0))
    sheet = sheet_of(drawn(steps=absences).log)
    assert sheet.manifest == M.hex()
    assert sheet.digits == DIGITS
    assert [tuple(reveal) for reveal in sheet.reveals] == list(zip(LABELS, SECRETS, strict=True))
    assert sheet.steps == absences
    assert sheet.closed
    assert not sheet_of(drawn(closed=False).log).closed
    assert sheet_of(drawn(abort="wrong-list").log).abort == "wrong-list"


ARM, VENUE = f"arm {M.hex()}", f"venue d10x20 {DIGITS}"
ONE_REVEAL, TWO_REVEAL = (f"reveal {label} {secret.hex()}" for label, secret in zip(LABELS, SECRETS, strict=True))
WINS = ["win third 0 0 1", "win third 1 0 0", "win first 0 0 5"]


@pytest.mark.parametrize(
    ("lines", "code", "at"),
    [
        ([], "draw.log.line", 0),
        ([VENUE], "draw.log.order", 0),
        ([ARM, ARM], "draw.log.order", 1),
        ([ARM, ONE_REVEAL], "draw.log.order", 1),
        ([ARM, "close"], "draw.log.order", 1),
        ([ARM, VENUE, VENUE], "draw.log.venue.twice", 2),
        ([ARM, VENUE, ONE_REVEAL, TWO_REVEAL, *WINS, VENUE, "close"], "draw.log.venue.twice", 7),
        ([ARM, VENUE, ONE_REVEAL, "close"], "draw.log.order", 3),
        ([ARM, VENUE, ONE_REVEAL, *WINS], "draw.log.order", 3),
        ([ARM, VENUE, ONE_REVEAL, TWO_REVEAL], "draw.log.cut", 4),
        ([ARM, VENUE, ONE_REVEAL, TWO_REVEAL, *WINS[:2]], "draw.log.cut", 6),
        ([ARM, VENUE, ONE_REVEAL, TWO_REVEAL, *WINS[:2], "close"], "draw.log.order", 6),
        ([ARM, VENUE, ONE_REVEAL, TWO_REVEAL, ONE_REVEAL, *WINS], "draw.log.order", 4),
        ([ARM, VENUE, ONE_REVEAL, TWO_REVEAL, *WINS, WINS[0]], "draw.log.order", 7),
        ([ARM, VENUE, ONE_REVEAL, TWO_REVEAL, *WINS, "absent first 0 0"], "draw.log.cut", 8),
        ([ARM, VENUE, ONE_REVEAL, TWO_REVEAL, *WINS, "close", "close"], "draw.log.after-end", 8),
        ([ARM, "abort x", VENUE], "draw.log.after-end", 2),
        ([ARM, f"venue d10x19 {DIGITS[1:]}"], "draw.log.venue", None),
        ([ARM, "venue d10x20 3"], "draw.dice.digits", None),
        ([ARM, VENUE + " "], "draw.log.line", 1),
        ([ARM, "venue d10x20 ٣1415926535897932384"], "draw.log.line", 1),
        ([ARM.upper()], "draw.log.line", 0),
        ([ARM, ""], "draw.log.line", 1),
        ([ARM, "win third 00 0 1"], "draw.log.line", 1),
        ([ARM, "win third 0 0 " + "9" * 5000], "draw.log.line", 1),
        ([ARM, "reroll"], "draw.log.line", 1),
        ([ARM, VENUE + "\r"], "draw.log.line", 1),
    ],
)
def test_log_refusals(lines: list[str], code: str, at: int | None) -> None:
    log = "".join(f"{line}\n" for line in lines) or "\n"
    refused = refusal(sheet_of, log)
    assert (refused.code, refused.facts.get("line")) == (code, at)


@pytest.mark.parametrize("strange", ["", " ", " close"])
def test_a_line_on_paper_that_names_no_event_ends_nothing(strange: str) -> None:
    """Whatever follows it would be left out of the draw without a word."""
    manifest = rules.parse_manifest(MANIFEST)
    inputs = [ARM, VENUE, ONE_REVEAL, TWO_REVEAL, "absent third 1 0", "close"]
    for place in range(len(inputs)):
        refused = refusal(rules.read_inputs, [*inputs[:place], strange, *inputs[place:]], manifest)
        wanted = ["arm", "venue", "reveal", "reveal", "absent", "absent"][place]
        assert (refused.code, refused.facts) == ("draw.log.order", {"line": place, "wanted": wanted, "found": ""})
    refused = refusal(rules.read_inputs, [*inputs, strange], manifest)
    assert (refused.code, refused.facts) == ("draw.log.after-end", {"line": 6})


@pytest.mark.parametrize("log", ["", ARM, f"{ARM}\n{VENUE}"])
def test_a_log_ends_with_a_line_feed(log: str) -> None:
    assert refusal(sheet_of, log).code == "draw.log.ending"


# redraw dice that a prize of the full form demands


def full_draw(prizes: tuple[Prize, ...], **named) -> tuple[bytes, list[bytes]]:
    lines = rules.parse_snapshot(SNAPSHOT)
    manifest = Manifest(
        draw_id="spring-2026",
        n=7,
        tickets=32,
        root=rules.Tree(line.leaf for line in lines).root.hex(),
        commit=tuple(
            rules.commitment("spring-2026", label, secret).hex() for label, secret in zip(LABELS, SECRETS, strict=True)
        ),
        venue="d10x20",
        prizes=prizes,
        labels=tuple(LABELS),
        file=rules.digest(SNAPSHOT).hex(),
        **named,
    )
    return rules.write_manifest(manifest), SECRETS


def test_demanded_redraw_dice_are_demanded() -> None:
    manifest, secrets = full_draw((Prize("bike", 1, redraw="d10x4"), Prize("mug", 2)))

    def draw(*absences: Absence, **named) -> rules.Published:
        return rules.publish_result(manifest, SNAPSHOT, DIGITS, secrets, steps=absences, **named)

    thrown = Absence("bike", 0, "", "redraw-d10x4", "1618")
    assert "\nredraw bike 0 1 redraw-d10x4 1618\nwin bike 0 1 " in draw(thrown).log
    assert "\nabsent mug 1 0\nwin mug 1 1 " in draw(Absence("mug", 1)).log
    assert refusal(draw, Absence("bike", 0)).code == "draw.close.early"
    assert refusal(draw, Absence("bike", 0), Absence("mug", 0)).code == "draw.redraw.pending"
    assert refusal(draw, thrown._replace(label="redraw-d10x5", digits="16180")).code == "draw.redraw.dice"
    assert refusal(draw, Absence("mug", 0, "", "redraw-d10x4", "1618")).code == "draw.redraw.dice"
    waiting = draw(Absence("bike", 0), closed=False)
    assert waiting.log.endswith("absent bike 0 0\n")
    assert [winner.prize for winner in waiting.winners] == ["mug", "mug"]
    assert sheet_of(waiting.log, manifest).steps == (Absence("bike", 0),)


def test_stated_labels_bind_the_order_of_reveals() -> None:
    manifest, _ = full_draw((Prize("mug", 2),))
    log = f"arm {rules.manifest_hash(manifest).hex()}\n{VENUE}\n{TWO_REVEAL}\n"
    parsed = rules.parse_manifest(manifest)
    sheet = rules.read_sheet(rules.split_log(log.encode()), parsed)
    lines = rules.parse_snapshot(SNAPSHOT)
    refused = refusal(rules.compose, parsed, rules.manifest_hash(manifest), lines, sheet)
    assert refused.code == "draw.reveal.label"
    assert refusal(rules.compose, parsed, M, lines, sheet).code == "draw.manifest.other"


# rounds, calls and what may come next


def rounds_draw(**named) -> tuple[bytes, Manifest]:
    data, _ = full_draw(
        (
            Prize("mug", 2, round="one", alternates=1),
            Prize("voucher", 1, round="one", present=False),
            Prize("bike", 1, round="two", redraw="d10x4"),
        ),
        rounds=(Round("one"), Round("two", "d10x6")),
        call_seconds=30,
        **named,
    )
    return data, rules.parse_manifest(data)


def composed(*steps: rules.Step, closed: bool = False, manifest: bytes | None = None, **named) -> rules.Composed:
    data = manifest or rounds_draw()[0]
    m = rules.manifest_hash(data)
    given = {"digits": DIGITS, "reveals": tuple(map(rules.Reveal, LABELS, SECRETS)), **named}
    sheet = rules.Sheet(m.hex(), steps=steps, closed=closed, **given)
    return rules.compose(rules.parse_manifest(data), m, rules.parse_snapshot(SNAPSHOT), sheet)


TWO = RoundStart("two", "271828")


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ((RoundStart("one"),), "draw.round.order"),
        ((RoundStart("three", "271828"),), "draw.round.order"),
        ((TWO, TWO), "draw.round.order"),
        ((RoundStart("two"),), "draw.round.dice"),
        ((RoundStart("two", "27182"),), "draw.dice.digits"),
        ((Call("bike", 0),), "draw.call.slot"),
        ((Call("mug", 2),), "draw.call.slot"),
        ((Absence("bike", 0),), "draw.absent.slot"),
        ((Absence("mug", 0),), "draw.absent.uncalled"),
        ((Call("mug", 1), Absence("mug", 0)), "draw.absent.uncalled"),
        ((Call("mug", 0), Absence("mug", 0), Absence("mug", 0)), "draw.absent.uncalled"),
        ((Call("voucher", 0), Absence("voucher", 0)), "draw.absent.present"),
        ((Absence("mug", 0, "bored"),), "draw.absent.reason"),
        ((Absence("mug", 0, "declined", "redraw-d10x4", "1618"),), "draw.redraw.dice"),
        ((TWO, Absence("bike", 0, "declined", "redraw-d10x5", "16180")), "draw.redraw.dice"),
        ((TWO, Absence("bike", 0, "declined"), Call("mug", 0)), "draw.redraw.pending"),
        ((Absence("mug", 0, "declined"),), "draw.close.early"),
        ((TWO, Absence("bike", 0, "ineligible")), "draw.close.early"),
    ],
)
def test_steps_that_are_refused(steps: tuple[rules.Step, ...], code: str) -> None:
    assert refusal(composed, *steps, closed=True).code == code


def test_calls_and_reasons_are_steps_of_the_log() -> None:
    done = composed(
        *(Call("mug", 0), Call("mug", 0), Absence("mug", 0), Absence("voucher", 0, "ineligible"), TWO),
        *(Absence("bike", 0, "declined", "redraw-d10x4", "1618"),),
        closed=True,
    )
    kinds = [" ".join(line.split()[:1] + line.split()[4:]) for line in rules.inputs_of(done.lines)[4:]]
    assert kinds == [
        "call",
        "call",
        "absent",
        "absent ineligible",
        "round",
        "absent declined",
        "redraw redraw-d10x4 1618",
        "close",
    ]
    assert [line.split()[:3] for line in done.lines[-2:]] == [["alternate", "mug", "0"], ["close"]]
    assert len(done.keys) == 2
    assert done.waiting is None


def test_what_may_come_next() -> None:
    data, manifest = rounds_draw()
    for named, expected in (
        ({"digits": "", "reveals": ()}, ({"venue", "abort"}, None, None, None)),
        ({"reveals": ()}, ({"reveal", "abort"}, 0, None, None)),
        ({"reveals": (rules.Reveal(LABELS[0], SECRETS[0]),)}, ({"reveal", "abort"}, 1, None, None)),
        ({}, ({"round", "call", "absent", "abort"}, None, Round("two", "d10x6"), None)),
        ({"steps": (TWO,)}, ({"call", "absent", "close", "abort"}, None, None, None)),
        ({"steps": (TWO,), "closed": True}, (set(), None, None, None)),
        ({"abort": "fire"}, (set(), None, None, None)),
        (
            {"steps": (TWO, Absence("bike", 0, "declined"))},
            ({"redraw", "abort"}, None, None, rules.Redraw("bike", 0, 1, "redraw-d10x4")),
        ),
    ):
        assert rules.next_events(manifest, composed(*named.pop("steps", ()), manifest=data, **named)) == expected


def test_a_sheet_out_of_order_is_refused() -> None:
    data, _ = rounds_draw(beacon=Beacon("52" * 32, 7))
    opened = tuple(map(rules.Reveal, LABELS, SECRETS))
    signature = "ab" * 48
    for named, code in (
        ({"beacon": signature, "digits": "", "reveals": ()}, "draw.sheet.order"),
        ({}, "draw.sheet.order"),
        ({"beacon": "AB" * 48}, "draw.beacon.form"),
        ({"beacon": signature, "reveals": opened[:1], "steps": (TWO,)}, "draw.sheet.order"),
        ({"beacon": signature, "reveals": opened[:1], "closed": True}, "draw.close.early"),
        ({"beacon": signature, "present": "0" * 64}, "draw.present.unpromised"),
    ):
        assert refusal(composed, *named.pop("steps", ()), manifest=data, **named).code == code
    assert rules.next_events(rules.parse_manifest(data), composed(manifest=data, reveals=())).kinds == {
        "beacon",
        "abort",
    }
    assert refusal(composed, beacon=signature).code == "draw.sheet.order"
    here, _ = full_draw((Prize("mug", 1),), presence=True)
    assert refusal(composed, manifest=here).code == "draw.present.missing"
    assert refusal(composed, manifest=here, present="0" * 64).code == "draw.present.missing"
    assert refusal(rules.publish_result, here, SNAPSHOT, DIGITS, SECRETS).code == "draw.present.missing"
    assert refusal(rules.publish_result, data, SNAPSHOT, DIGITS, SECRETS, present=b"").code == "draw.present.unpromised"


FIRST = ["win mug 0 0 0", "win mug 1 0 1", "win voucher 0 0 2"]


@pytest.mark.parametrize(
    ("lines", "code", "at"),
    [
        (["round one"], "draw.log.order", 4),
        ([*FIRST, "round one"], "draw.round.order", None),
        ([*FIRST, "round two"], "draw.round.dice", None),
        ([*FIRST, "round two round-d10x5 27182"], "draw.round.dice", None),
        ([*FIRST, "round two redraw-d10x6 271828"], "draw.log.line", 7),
        ([*FIRST, "round two round-d10x6 271828"], "draw.log.cut", 8),
        ([*FIRST, "call mug 0"], "draw.log.line", 7),
        ([*FIRST, "absent mug 0 0 late"], "draw.log.line", 7),
        ([*FIRST, "absent mug 0 0 declined"], "draw.log.cut", 8),
        ([*FIRST, "redraw mug 0 1 redraw-d10x4 1618"], "draw.log.order", 7),
        ([*FIRST, "beacon 7 " + "ab" * 48], "draw.log.order", 7),
        ([*FIRST, "alternate mug 0 5"], "draw.log.cut", 8),
        ([*FIRST, "alternate mug 0 5", "alternate mug 1 6"], "draw.log.order", 8),
        ([*FIRST, "alternate mug 0 5", "abort late"], "draw.log.order", 8),
        ([*FIRST, "close"], "draw.log.order", 7),
        ([*FIRST, "abort fire", "call mug 0 0"], "draw.log.after-end", 8),
    ],
)
def test_log_refusals_with_rounds(lines: list[str], code: str, at: int | None) -> None:
    data, manifest = rounds_draw()
    log = [f"arm {rules.manifest_hash(data).hex()}", VENUE, ONE_REVEAL, TWO_REVEAL, *lines]
    refused = refusal(lambda: rules.read_sheet(rules.split_log(rules.log_text(log).encode()), manifest))
    assert (refused.code, refused.facts.get("line")) == (code, at)


def test_paper_takes_no_results() -> None:
    data, manifest = rounds_draw()
    inputs = [f"arm {rules.manifest_hash(data).hex()}", VENUE, ONE_REVEAL, TWO_REVEAL]
    assert rules.read_inputs(inputs, manifest).steps == ()
    for line in ("win mug 0 0 0", "alternate mug 0 1", "venue d10x20 " + DIGITS):
        assert refusal(rules.read_inputs, [*inputs, line], manifest).code.startswith("draw.log.")
    assert refusal(rules.read_inputs, [*inputs, "call mug"], manifest).facts == {"line": 4}
    assert rules.read_inputs([*inputs, "call mug 0 0"], manifest).steps == (Call("mug", 0),)


def test_a_hostile_pool_is_bounded() -> None:
    """Overlapping unit lists would cost their number times the lines; a full unit that empties, all its lines."""
    lines = [Line(f"{n:064x}", 1, "A") for n in range(60_000)]
    prizes = tuple(Prize(f"p{n}", 1, units=("A", f"B{n}")) for n in range(1000))
    manifest = Manifest("d", len(lines), len(lines), "0" * 64, ("0" * 64,), "d10x20", prizes)
    assert refusal(rules.Pool, manifest, lines).code == "draw.pool.work"
    rules.Pool(replace(manifest, prizes=prizes[:5]), lines)
