"""The vectors of docs/verify-a-draw.md, of RFC 6962 and of SHA-256 and HMAC, in the browser."""

import hashlib
import hmac
import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from rewards.draws import rules

pytestmark = pytest.mark.browser

DOCUMENT = (Path(__file__).parents[2] / "docs/verify-a-draw.md").read_text("utf-8")
FIRST, SECOND = DOCUMENT.split("\n## An example", 1)[1].split("\n## A second example\n", 1)
SIGNATURE = "ab" * 48


def blocks(part: str) -> list[str]:
    """What stands between fences, each line LF-terminated."""
    return re.findall(r"^```\n(.*?\n)```$", part, re.M | re.S)


def values(part: str) -> dict[str, str]:
    """The table of a part: name -> the first value in code marks."""
    return dict(re.findall(r"^\| ([^|`]+|`[^|`]+`) \| `([^`]+)`", part, re.M))


def draw(page: Page, files: dict) -> dict:
    return page.evaluate("glue.draw", files)["ok"]


def test_the_first_example(page: Page) -> None:
    manifest, snapshot, log, result = blocks(FIRST)
    value = values(FIRST)
    inputs = rules.inputs_of(log.splitlines())
    files = {"manifest": manifest[:-1], "snapshot": snapshot, "voids": "", "present": None, "inputs": inputs}
    found = draw(page, files)
    assert (found["log"], found["result"] + "\n") == (log, result)
    assert (found["seed"], found["keys"]) == (value["`K`"], [value["`KR`"]])
    assert found["code"] in result
    path = re.search(r"^\| path of line 4 \| (.+) \|$", FIRST, re.M)
    assert path
    made = page.evaluate(
        """([manifest, snapshot, digits, key, path]) => {
          const m = vdraw.sha256(vdraw.ascii(manifest));
          const list = vdraw.parseSnapshot(vdraw.ascii(snapshot));
          const fresh = vdraw.venueValue(m, "redraw-d10x4", "1618");
          const tree = vdraw.tree(list.n, list.leaf);
          const round = vdraw.unhex(key);
          return {
            hex: [
              m, vdraw.venueValue(m, "d10x20", digits), vdraw.redrawKey(round, "first", 0, 1, fresh),
              vdraw.chain(m, [])[0], vdraw.sha256(vdraw.ascii(snapshot)), tree.root,
            ].map(vdraw.hex),
            proven: vdraw.pathHolds(list.leaf(4), 4, list.n, path.map(vdraw.unhex), tree.root),
            rejected: [vdraw.choose(round, "rej", 0, 0, 2147483649), vdraw.word(round, "rej", 2, 0, 0),
              vdraw.choose(round, "rej", 2, 0, 2147483649)],
          };
        }""",
        [manifest[:-1], snapshot, inputs[1].split()[2], value["`KR`"], re.findall("[0-9a-f]{64}", path[1])],
    )
    assert made["proven"]
    assert made["hex"] == [
        *(value["`M`"], value["`V`"], value["key after redraw dice"], value["`e0`"]),
        "789dd720ce5c88989e094b34fbbbeedf1384744f2a0da5adaec19a3660546488",
        "001b9f6c0b54d0ea84fb6d68bccc43bfff814853640028d65ac5d34fafcbfd42",
    ]
    slots = [{"counter": 0, "ticket": 787770637}, 2681179653, {"counter": 1, "ticket": 1707852893}]
    assert made["rejected"] == slots
    without = draw(page, {**files, "inputs": [line for line in inputs if not line.startswith("redraw")]})
    assert without["log"].endswith("absent first 0 0\nwin first 0 1 4\nclose\n")
    assert without["standing"][-1] == ["first", 0, 1, [0, 22, 15, 4]]
    other = page.evaluate(
        "([m, secrets, digits]) => vdraw.hex(vdraw.seed(vdraw.unhex(m), secrets.map(vdraw.unhex),"
        " vdraw.venueValue(vdraw.unhex(m), 'd10x20', digits), null))",
        [value["`M`"], [line.split()[2] for line in inputs[2:4]], inputs[1].split()[2][:-1] + "5"],
    )
    assert other.startswith("ba268786")
    assert other.endswith("de8884")


def test_the_second_example(page: Page) -> None:
    manifest, snapshot, voids, present, log, result, inputs, receipt, envelope = blocks(SECOND)
    value = values(SECOND)
    files = {"manifest": manifest[:-1], "snapshot": snapshot, "voids": voids, "present": present}
    found = draw(page, {**files, "inputs": inputs.splitlines()})
    assert (found["log"], found["result"] + "\n") == (log, result)
    assert found["seed"] == value["K"]
    assert found["keys"] == [value["KR of evening"], value["KR of top"]]
    assert found["code"] == value["result code"]
    made = page.evaluate(
        """([m, chain, key, signature, lines, envelope]) => {
          const M = vdraw.unhex(m);
          const fresh = vdraw.venueValue(M, "redraw-d10x4", "1618");
          return [
            vdraw.venueValue(M, "d10x20", "31415926535897932384"), vdraw.sha256(vdraw.unhex(signature)),
            vdraw.beaconValue(M, vdraw.unhex(chain), 12345678, vdraw.unhex(signature)),
            vdraw.venueValue(M, "round-d10x6", "271828"), fresh,
            vdraw.redrawKey(vdraw.unhex(key), "bike", 0, 1, fresh), vdraw.readSecret(envelope),
          ].map(vdraw.hex).concat([vdraw.displayCode(vdraw.chain(M, lines.slice(0, 1))[1]),
            vdraw.writeSecret(vdraw.readSecret(envelope)),
            vdraw.inputsOf(lines).join("\\n")]);
        }""",
        [
            *(value["M"], rules.parse_manifest(manifest[:-1].encode()).beacon.chain, value["KR of top"], SIGNATURE),
            *(log.splitlines(), envelope),
        ],
    )
    assert made == [
        *(value[name] for name in ("V", "randomness", "B", "V of top", "V of the redraw", "key after redraw dice")),
        *(bytes(range(32)).hex(), value["arm code"], envelope, inputs[:-1]),
    ]
    report = page.evaluate(
        "([files, seen]) => glue.verify(files, seen)",
        [
            {
                "manifest.json": manifest[:-1],
                "snapshot.tsv": snapshot,
                "void.tsv": voids,
                "present.tsv": present,
                "log.txt": log,
                "result.json": result[:-1],
            },
            {"manifest": value["M"], "code": value["arm code"], "receipt": receipt},
        ],
    )
    assert report["ok"]
    assert report["checks"][-1]["code"] == "verify.receipt.alternate"
    assert {"name": "code.seen", "ok": True, "code": "verify.code.seen", "facts": {"line": 1}} in report["checks"]


def test_merkle_vectors_of_rfc_6962(page: Page) -> None:
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    found = page.evaluate(
        """(leaves) => [
          vdraw.leafHash(vdraw.ascii("L123456")), vdraw.leafHash(vdraw.ascii("")),
          vdraw.nodeHash(vdraw.ascii("N123"), vdraw.ascii("N456")),
        ].concat([0, 2, 4, 8].map((n) => vdraw.tree(n, (i) => vdraw.unhex(leaves[i])).root)).map(vdraw.hex)""",
        leaves,
    )
    assert found == [
        "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]


def test_every_path_holds_and_no_other(page: Page) -> None:
    """For all sizes to 40: the paths of Python hold, and fail with any change to leaf, index or themselves."""
    trees = {size: rules.Tree(bytes([i]) for i in range(size)) for size in range(1, 41)}
    found = page.evaluate(
        """(all) => all.map((paths) => {
          const size = paths.length;
          const leaf = (i) => new Uint8Array([i]);
          const tree = vdraw.tree(size, leaf);
          let wrong = 0;
          for (let i = 0; i < size; i += 1) {
            const path = paths[i].map(vdraw.unhex);
            if (!vdraw.pathHolds(leaf(i), i, size, path, tree.root)) { wrong += 1; }
            for (let j = -1; j <= size; j += 1) {
              if (j !== i && vdraw.pathHolds(leaf(i), j, size, path, tree.root)) { wrong += 1; }
              if (j !== i && vdraw.pathHolds(leaf(j & 255), i, size, path, tree.root)) { wrong += 1; }
            }
            if (vdraw.pathHolds(leaf(i), i, size, path.concat([tree.root]), tree.root)) { wrong += 1; }
            if (size > 1 && vdraw.pathHolds(leaf(i), i, size, path.slice(1), tree.root)) { wrong += 1; }
          }
          return [vdraw.hex(tree.root), wrong];
        })""",
        [[[node.hex() for node in tree.path(i)] for i in range(size)] for size, tree in trees.items()],
    )
    assert found == [[tree.root.hex(), 0] for tree in trees.values()]


def test_sha_256_of_every_length_and_of_a_long_text(page: Page) -> None:
    """All lengths to 200 (every border of a block), some around a slice of 65,536, and a million letters a."""
    chance = random.Random(5)
    texts = [chance.randbytes(size).decode("latin-1") for size in (*range(201), 65535, 65536, 65537, 131072, 200_001)]
    found = page.evaluate(
        """(texts) => texts.map((text) => [vdraw.sha256(glue.bytes(text)),
          vdraw.finish(vdraw.steps.sha256(glue.bytes(text)))].map(vdraw.hex))""",
        texts,
    )
    for text, hashes in zip(texts, found, strict=True):
        assert hashes == [hashlib.sha256(text.encode("latin-1")).hexdigest()] * 2
    million = page.evaluate("vdraw.hex(vdraw.sha256(new Uint8Array(1000000).fill(97)))")
    assert million == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"


def test_hmac_of_rfc_4231_and_of_every_length(page: Page) -> None:
    chance = random.Random(6)
    cases = [
        (b"\x0b" * 20, b"Hi There"),
        (b"Jefe", b"what do ya want for nothing?"),
        (b"\xaa" * 20, b"\xdd" * 50),
        (b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First"),
        *((chance.randbytes(key), chance.randbytes(size)) for key in (0, 32, 63, 64, 65, 200) for size in range(130)),
    ]
    found = page.evaluate(
        "(cases) => cases.map(([key, text]) => vdraw.hex(vdraw.hmac(glue.bytes(key), glue.bytes(text))))",
        [[key.decode("latin-1"), text.decode("latin-1")] for key, text in cases],
    )
    assert found == [hmac.digest(key, text, "sha256").hex() for key, text in cases]
    assert found[0] == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"


def test_words_are_rejected_alike(page: Page) -> None:
    """Weights just above half of 2^32 throw away almost every second word."""
    cases = [[bytes([n % 256]) * 32, n % 7, n % 5, 2**31 + 1 + 1000 * n] for n in range(600)]
    found = page.evaluate(
        """(cases) => cases.map(([key, slot, attempt, weight]) => {
          const hit = vdraw.choose(vdraw.unhex(key), "rej", slot, attempt, weight);
          return [hit.counter, hit.ticket];
        })""",
        [[key.hex(), *rest] for key, *rest in cases],
    )
    wanted = [list(rules.choose(key, "rej", slot, attempt, weight)) for key, slot, attempt, weight in cases]
    assert found == wanted
    assert max(counter for counter, _ in wanted) >= 5
    assert sum(counter > 0 for counter, _ in wanted) > 200


def test_codes_are_shown_and_read_alike(page: Page) -> None:
    chance = random.Random(7)
    heads = [chance.randbytes(32).hex() for _ in range(300)] + ["00" * 32, "ff" * 32]
    assert page.evaluate("(all) => all.map((one) => vdraw.displayCode(vdraw.unhex(one)))", heads) == [
        rules.display_code(bytes.fromhex(head)) for head in heads
    ]
    typed = [
        " oi23 4567-89ab ",
        "",
        "0123",
        "0123-4567-89AU",
        "0123-4567-89AB-C",
        "7z3k-0qpa-41mv",
        "O1L0IIII0000",
        "-" * 12,
    ]
    assert page.evaluate("(all) => all.map(vdraw.readCode)", typed) == [rules.read_code(one) for one in typed]
