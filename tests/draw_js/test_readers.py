"""The readers of core.js refuse what Python refuses, with the same code and the same facts."""

import json
import random
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from rewards.draws import rules
from tests.draw_js.made import made

pytestmark = pytest.mark.browser

JSON = [
    *("", " ", "null", "[]", '"x"', "1", "{", "{}", "{} ", "\n{}\t", "{}x", "{}{}", '{"a":1,}', '{"a":1,"a":1}'),
    *('{"a":{"b":1,"b":2}}', '{"a":[1,]}', "{'a':1}", '{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":+1}', '{"a":-}'),
    *('{"a":1e5}', '{"a":1E+5}', '{"a":1e}', '{"a":-0}', '{"a":NaN}', '{"a":Infinity}', '{"a":-Infinity}'),
    *('{"a":tru}', '{"a":True}', '{"a":"\x01"}', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":"\\u00e9"}', '{"a":"\\ud83d"}'),
    *('{"a":"\\', '{"a":"\\"', '{"a":"b', '{"a"}', '{"a":}', "{a:1}", '{"a":1 "b":2}', '{"a":[1 2]}', '{"a" : [ ] }'),
    *(
        '{"a":"\x7f"}',
        '{"a":1}\x00',
        "\ufeff{}",
        '{"a":"é"}',
        '{"a":/**/1}',
        '{"\\u0061":1,"a":2}',
        "[" * 40 + "]" * 40,
    ),
    *('{"a":' + "9" * 4300 + "}", '{"a":' + "9" * 4301 + "}", '{"a":-' + "9" * 4300 + "}", '{"a":1e999}'),
    *("[" * 100_000, '{"a":' * 100_000, '{"__proto__":1,"__proto__":2}', '{"__proto__":{"x":1}}', "[[]", "]"),
    *('{"a":1,"a":1', '[{"a":1,"a":1},]', '{"a":1,"a":1}x', '{"a":{"b":1,"b":1},"a":2}'),
    *('{"a":1,"a":2,"c":{"b":1,"b":1}}', '{"10":1,"9":1,"9":1,"10":1}'),
    *('{"a":1,"a":' + "9" * 4301 + "}", '"' + '\\"' * 50_000, '["' + '\\"' * 50_000 + "[" * 65),
    *("[" * 64 + "]" * 64, "[" * 65 + "]" * 65, '{"a":' * 64 + "1" + "}" * 64, '{"a":' * 65 + "1" + "}" * 65),
    *('[{"a":1,"a":1},' + "[" * 64 + "]" * 65, '["' + "[" * 100 + '"]', '["\\"' + ",[" * 64 + "]" * 65),
]


def refused_by(read: Callable[[bytes], object], data: bytes) -> list | None:
    try:
        read(data)
    except rules.Refused as refused:
        return [refused.code, refused.facts]
    return None


def compare(page: Page, call: str, read: Callable[[bytes], object], texts: list[bytes]) -> list[list | None]:
    """What each text was refused for, the same in both; None where it was not."""
    found = page.evaluate(
        "([call, texts]) => { const run = eval(call);"
        " return texts.map((text) => glue.tried(() => { run(glue.bytes(text)); }).refused || null); }",
        [call, [text.decode("latin-1") for text in texts]],
    )
    wanted = [refused_by(read, text) for text in texts]
    for text, one, other in zip(texts, found, wanted, strict=True):
        assert one == other, text[:500]
    return wanted


def test_json_is_read_as_strictly(page: Page) -> None:
    texts = [text.encode("utf-8") for text in JSON]
    compare(page, "vdraw.readJson", rules.read_json, texts)


def test_numbers_are_whole_and_written_so(page: Page) -> None:
    valid = json.loads(made(1)[0].manifest)
    for key, wrong in (
        ("n", "1.0"),
        ("n", "1e1"),
        ("tickets", "3E0"),
        ("n", "-1"),
        ("n", '"7"'),
        ("n", "true"),
        ("n", "null"),
    ):
        text = json.dumps(valid).replace(f'"{key}": {valid[key]}', f'"{key}": {wrong}').encode()
        assert compare(page, "vdraw.parseManifest", rules.parse_manifest, [text]) == [
            ["draw.manifest.value", {"key": key}]
        ]


def deep(value: object, path: tuple = ()) -> list[tuple]:
    """Every place in a JSON value, as the keys and indices that lead to it."""
    places = [path]
    if isinstance(value, dict):
        places += [place for key, part in value.items() for place in deep(part, (*path, key))]
    if isinstance(value, list):
        places += [place for at, part in enumerate(value) for place in deep(part, (*path, at))]
    return places


STRANGE = (
    *(
        0,
        1,
        -1,
        2**32,
        2**53,
        2**53 - 1,
        1.5,
        True,
        False,
        None,
        "",
        "x",
        "d10x4",
        "d6x1000",
        "A B",
        " A",
        "r-0",
        "p-0",
    ),
    *(
        [],
        [1],
        ["a", "a"],
        {},
        {"id": "r-0"},
        [{"id": "r-0"}],
        ["p-9", 3],
        "2027-02-29T00:00:00Z",
        "2028-02-29T23:59:59Z",
    ),
    *(
        "0000-01-01T00:00:00Z",
        "2027-13-01T00:00:00Z",
        "2027-01-01T24:00:00Z",
        "ab" * 32,
        "AB" * 32,
        "工会",
        "\ud83d",
        "\x85",
    ),
    *(
        "😀" * 200,
        "😀" * 201,
        "a" * 64,
        "a" * 65,
        150,
        151,
        1000,
        1001,
        3600,
        3601,
        "vdraw/1",
        {"chain": "ab" * 32, "round": 1},
    ),
)
KEYS = (
    *(
        "labels",
        "names",
        "witnesses",
        "rehearsal",
        "frozen_at",
        "arm_after",
        "file",
        "kit",
        "signer",
        "round",
        "rounds",
    ),
    *("presence", "call_seconds", "beacon", "one_win", "unit_cap", "no_reroll", "excluded", "rule", "unknown", "é"),
    *("class", "batch", "redraw", "units", "present", "alternates", "dice", "__proto__", "constructor"),
)


def turned(chance: random.Random, valid: dict) -> bytes:
    """A manifest with one value replaced, dropped or added anywhere."""
    given = json.loads(json.dumps(valid))
    where = chance.choice([place for place in deep(given) if place])
    inside = given
    for step in where[:-1]:
        inside = inside[step]
    way = chance.randrange(4)
    if way == 0:
        inside[where[-1]] = chance.choice(STRANGE)
    elif way == 1:
        del inside[where[-1]]
    elif isinstance(inside, dict):
        inside[chance.choice(KEYS)] = chance.choice(STRANGE)
    else:
        inside.append(chance.choice((*STRANGE, *inside)))
    return json.dumps(given).encode("ascii")


def test_manifests_are_refused_alike(page: Page) -> None:
    chance = random.Random(8)
    full = {
        "witnesses": ["Ann"],
        "excluded": [{"reason": "operator", "count": 2}],
        "kit": "ab" * 32,
        "call_seconds": 60,
    }
    more = {**full, "frozen_at": "2027-05-01T08:00:00Z", "arm_after": "2027-05-02T08:00:00Z", "signer": "cd" * 32}
    valid = [{**json.loads(made(seed)[0].manifest), **(more if seed % 2 else {})} for seed in range(60_000, 60_100)]
    refused = compare(
        page, "vdraw.parseManifest", rules.parse_manifest, [turned(chance, chance.choice(valid)) for _ in range(4000)]
    )
    keys = {one[1].get("key") for one in refused if one}
    assert None in refused
    assert len(keys) >= 45, sorted(map(str, keys))


def test_lists_are_refused_alike(page: Page) -> None:
    """Snapshot, void list and presence list: a letter changed, lost or added, lines moved."""
    chance = random.Random(9)
    seen: set[str] = set()
    for call, read, take in (
        ("vdraw.parseSnapshot", rules.parse_snapshot, lambda one: one.snapshot),
        ("(data) => vdraw.parseVoids(data, 20)", lambda data: rules.parse_voids(data, 20), lambda one: one.voids),
        ("(data) => vdraw.parsePresent(data, 20)", lambda data: rules.parse_present(data, 20), lambda one: one.present),
    ):
        texts = [
            b"",
            b"\n",
            b"\n\n",
            b"x",
            b"\xff\n",
            b"0\n\xe9\n",
            b"00\n",
            b"0\tleft\n0\tleft\n",
            b"25\n",
            b"3\tx.\n",
            b"7\n3\n",
        ]
        for seed in range(70_000, 70_400):
            lines = (
                ((take(made(seed)[0]) or "") + "1\n").split("\n")
                if seed % 4 == 0
                else (take(made(seed)[0]) or "").split("\n")
            )
            at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
            data = "\n".join(lines).encode()
            if data and chance.random() < 0.7:
                place = chance.randrange(len(data))
                data = data[:place] + bytes([chance.randrange(256)]) * chance.randrange(3) + data[place + 1 :]
            texts.append(data)
        entries = [
            f"{n:064x}\t{tickets}\tA\n".encode()
            for n, tickets in ((1, 4294967295), (2, 1), (3, 9999999999), (4, 10**10))
        ]
        texts += [entries[0], b"".join(entries[:2]), entries[2], entries[3], entries[1] + entries[0]]
        seen |= {one[0] for one in compare(page, call, read, texts) if one}
    assert seen == {
        *(f"draw.snapshot.{why}" for why in ("ending", "line", "order", "total")),
        *(f"draw.{what}.{why}" for what in ("void", "present") for why in ("ending", "line", "order", "index")),
    }


def receipts(chance: random.Random) -> list[rules.Receipt]:
    made_up = []
    for size in (1, 2, 7, 64, 200, 1000):
        leaves = [rules.Line(f"{n:064x}", 1, "A") for n in range(size)]
        at = chance.randrange(size)
        draw_id, person, salt = "demo-2026", chance.choice(("E1001", "a b %7C x", "~")), chance.randbytes(16)
        commit = rules.id_commit(draw_id, salt, person).hex()
        leaves[at] = rules.Line(
            commit, chance.randint(1, 20), chance.choice(("A", "a|b", "50%", "%7C")), chance.choice(("", "n|t"))
        )
        tree = rules.Tree(line.leaf for line in leaves)
        made_up.append(
            rules.Receipt(
                *(draw_id, at, size, leaves[at].tickets, leaves[at].unit, leaves[at].group, person, salt),
                *(chance.randbytes(32), tree.root, tree.path(at)),
            )
        )
    return made_up


def test_receipts_are_read_and_refused_alike(page: Page) -> None:
    chance = random.Random(10)
    written = [rules.write_receipt(receipt) for receipt in receipts(chance) for _ in range(5)]
    read = page.evaluate(
        """(all) => all.map((text) => {
          const one = vdraw.readReceipt("  " + text + "\\n");
          return [one.draw_id, one.line, one.n, one.tickets, one.unit, one.group, one.person_ref,
            vdraw.hex(one.salt), vdraw.hex(one.manifest), vdraw.hex(one.root), one.path.map(vdraw.hex)];
        })""",
        written,
    )
    assert read == [
        [*one[:7], one.salt.hex(), one.manifest.hex(), one.root.hex(), [node.hex() for node in one.path]]
        for one in map(rules.read_receipt, written)
    ]
    letters = "0123456789ABCxyz|%-_=+/ \té"
    spoiled = []
    for text in written * 20:
        at = chance.randrange(len(text))
        spoiled.append(text[:at] + "".join(chance.choices(letters, k=chance.randrange(3))) + text[at + 1 :])
    found = page.evaluate(
        """(all) => all.map((text) => glue.tried(() => vdraw.checkReceipt(vdraw.readReceipt(text), null, null)))""",
        spoiled,
    )
    verdicts = set()
    for text, answer in zip(spoiled, found, strict=True):
        try:
            wanted: dict = {"ok": [list(one) for one in rules.check_receipt(rules.read_receipt(text), None, None)]}
        except rules.Refused as refused:
            wanted = {"refused": [refused.code, refused.facts]}
        assert answer == wanted, text
        verdicts.add(str(wanted))
    assert len(verdicts) == 3


def test_secrets_on_paper_are_read_alike(page: Page) -> None:
    chance = random.Random(11)
    typed = []
    for _ in range(300):
        secret = chance.randbytes(32)
        text = chance.choice((secret.hex(), rules.write_secret(secret), rules.write_secret(secret).upper()))
        text = chance.choice((text, text.replace(" ", ""), text.replace("\n", " "), text.replace(":", "：")))
        if chance.random() < 0.3:
            text = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in text)
        if chance.random() < 0.5:
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice(("", "0", "f", "x", "3:", " ")) + text[at + 1 :]
        typed.append(text)
    found = page.evaluate("(all) => all.map((text) => glue.tried(() => vdraw.hex(vdraw.readSecret(text))))", typed)
    codes = set()
    for text, answer in zip(typed, found, strict=True):
        try:
            wanted: dict = {"ok": rules.read_secret(text).hex()}
        except rules.Refused as refused:
            wanted = {"refused": [refused.code, refused.facts]}
            codes.add(refused.code)
        assert answer == wanted, text
    assert codes == {"draw.secret.row", "draw.secret.form"}


def test_sizes_are_refused(page: Page) -> None:
    calls = {
        "vdraw.idCommit('d', new Uint8Array(15), 'E1')": "draw.salt.size",
        "vdraw.idCommit('d', new Uint8Array(16), 'Jos\\u00e9')": "draw.text.ascii",
        "vdraw.commitment('d', 'union', new Uint8Array(33))": "draw.secret.size",
        "vdraw.writeSecret(new Uint8Array(31))": "draw.secret.size",
        "vdraw.checkDice('d10x0', '')": "draw.dice.label",
        "vdraw.checkDice('d8x2', '12')": "draw.dice.label",
        "vdraw.checkDice('redraw-round-d10x4', '1618')": "draw.dice.label",
        "vdraw.checkDice('d6x2', '17')": "draw.dice.digits",
        "vdraw.checkDice('d6x2', '1')": "draw.dice.digits",
    }
    for call, code in calls.items():
        assert page.evaluate("(call) => glue.tried(() => eval(call))", call)["refused"][0] == code
