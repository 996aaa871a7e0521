"""check.js: files fetched or chosen, looked at in slices, with what a person holds in the hand."""

import hashlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from rewards.draws import rules
from rewards.draws.verify_words import SENTENCES
from tests.draw_js.conftest import CHECK, CORE, VERIFY

pytestmark = pytest.mark.browser

POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"
HOUSE = "http://draw.test"
DIGITS = "31415926535897932384"
SECRETS = [bytes([n]) * 32 for n in (1, 2)]
LABELS = ("organiser", "union")
PEOPLE = 3000


def published() -> tuple[dict[str, bytes], dict[int, str]]:
    """The files of a closed draw over 3,000 people, and the receipts of the first winner and of one who won nothing."""
    who = {rules.id_commit("spring", salt_of(n), f"E{n}").hex(): n for n in range(PEOPLE)}
    lines = [rules.Line(commit, 1 + n % 20, f"unit-{n % 12}") for commit, n in sorted(who.items())]
    tree = rules.Tree(line.leaf for line in lines)
    snapshot = rules.format_snapshot(lines)
    manifest = rules.write_manifest(
        rules.Manifest(
            draw_id="spring",
            n=PEOPLE,
            tickets=sum(line.tickets for line in lines),
            root=tree.root.hex(),
            commit=tuple(rules.commitment("spring", *pair).hex() for pair in zip(LABELS, SECRETS, strict=True)),
            venue="d10x20",
            prizes=(rules.Prize("mug", 50, round="r1"), rules.Prize("bike", 1, round="top")),
            labels=LABELS,
            rounds=(rules.Round("r1"), rules.Round("top", "d10x6")),
            file=rules.digest(snapshot).hex(),
        )
    )
    steps = (rules.RoundStart("top", "271828"),)
    result = rules.publish_result(manifest, snapshot, DIGITS, SECRETS, steps=steps)
    won = {winner.line for winner in result.winners}
    lost = next(index for index in range(PEOPLE) if index not in won)
    receipts = {
        index: rules.write_receipt(
            rules.Receipt(
                *("spring", index, PEOPLE, lines[index].tickets, lines[index].unit, ""),
                *(f"E{who[lines[index].id_commit]}", salt_of(who[lines[index].id_commit])),
                *(rules.manifest_hash(manifest), tree.root, tree.path(index)),
            )
        )
        for index in (result.winners[0].line, lost)
    }
    files = {
        "manifest.json": manifest,
        "snapshot.tsv": snapshot,
        "log.txt": result.log.encode("ascii"),
        "result.json": result.result,
    }
    return files, receipts


def salt_of(person: int) -> bytes:
    return hashlib.sha256(f"salt:{person}".encode()).digest()[:16]


FILES, RECEIPTS = published()
WINNER, LOSER = RECEIPTS.values()
M = rules.manifest_hash(FILES["manifest.json"]).hex()
CODES = [rules.display_code(head) for head in rules.chain(bytes.fromhex(M), FILES["log.txt"].decode().splitlines())]


@pytest.fixture
def folder() -> dict[str, bytes | int]:
    """Published files by name, or the status that is answered instead; 0: the line is dead."""
    return dict(FILES)


@pytest.fixture
def phone(browser: Browser, folder: dict[str, bytes | int]) -> Iterator[Page]:
    scripts = {"core.js": CORE, "verify.js": VERIFY, "check.js": CHECK}

    def answer(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        if name in scripts:
            route.fulfill(content_type="text/javascript", body=scripts[name].read_text("utf-8"))
        elif name == "check":
            tags = "".join(f'<script src="/{name}"></script>' for name in scripts) + '<input type="file" multiple>'
            route.fulfill(
                content_type="text/html", body=f"<!doctype html>{tags}", headers={"Content-Security-Policy": POLICY}
            )
        else:
            found = folder.get(name, 404)
            if found == 0:
                route.abort()
            elif isinstance(found, int):
                route.fulfill(status=found, body="")
            else:
                route.fulfill(content_type="application/octet-stream", body=found)

    context = browser.new_context()
    context.route(f"{HOUSE}/**", answer)
    opened = context.new_page()
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    opened.goto(f"{HOUSE}/draws/spring/check")
    yield opened
    context.close()
    assert broken == []


def checked(phone: Page, seen: dict[str, str]) -> dict:
    return phone.evaluate(
        """async (seen) => {
          const files = await drawCheck.fetchFiles("/draws/spring/files/");
          return drawCheck.check(files, seen);
        }""",
        seen,
    )


def named(report: dict, name: str) -> dict:
    (found,) = (one for one in report["checks"] if one["name"] == name)
    return found


def test_all_that_a_person_holds_agrees(phone: Page) -> None:
    seen = {"manifest": M.upper(), "code": CODES[-1], "receipt": WINNER, "dice": "3141 5926 ５３５８ 9793 2384"}
    report = checked(phone, seen)
    assert report["ok"]
    assert report["state"] == "closed"
    assert report["code"] == CODES[-1]
    assert len(report["winners"]) == 51
    assert named(report, "receipt.outcome")["code"] == "verify.receipt.won"
    assert named(report, "dice.seen") == {
        "name": "dice.seen",
        "ok": True,
        "code": "check.dice.seen",
        "facts": {"label": "d10x20", "digits": DIGITS},
    }
    assert named(checked(phone, {"receipt": LOSER}), "receipt.outcome")["code"] == "verify.receipt.not.won"
    assert named(checked(phone, {"dice": "271828"}), "dice.seen")["facts"]["label"] == "round-d10x6"


def test_other_dice_another_code_or_manifest_fail(phone: Page) -> None:
    seen = {"manifest": "00" * 32, "code": "0000-0000-0000", "dice": DIGITS[:-1] + "5", "receipt": "VDRAW1|x"}
    report = checked(phone, seen)
    assert not report["ok"]
    failed = {one["name"]: one["code"] for one in report["checks"] if not one["ok"]}
    assert failed == {
        "manifest.fingerprint": "verify.manifest.fingerprint.other",
        "code.seen": "verify.code.unseen",
        "receipt.form": "draw.receipt.form",
        "dice.seen": "check.dice.other",
    }
    assert report["winners"] == []


def test_before_the_dice_there_is_nothing_to_compare(phone: Page, folder: dict[str, bytes | int]) -> None:
    del folder["result.json"], folder["log.txt"]
    report = checked(phone, {"dice": DIGITS, "receipt": WINNER})
    assert (report["state"], report["ok"]) == ("frozen", False)
    assert [one["code"] for one in report["checks"] if not one["ok"]] == ["check.dice.early"]


@pytest.mark.parametrize(
    ("status", "code"), [(0, "unreadable"), (500, "unreadable"), (410, "missing"), (404, "missing")]
)
def test_a_file_that_cannot_be_had_is_named(
    phone: Page, folder: dict[str, bytes | int], status: int, code: str
) -> None:
    folder["snapshot.tsv"] = status
    report = checked(phone, {})
    assert named(report, "snapshot.tsv.read")["code"] == f"verify.file.{code}"
    assert named(report, "winners")["code"] == "verify.winners.unknown"


def test_the_page_stays_alive(phone: Page) -> None:
    """Other tasks of the page come in between, and the way done only grows, to 1."""
    way, between = phone.evaluate(
        """async () => {
          const files = await drawCheck.fetchFiles("/draws/spring/files/");
          const way = [];
          let between = 0;
          let going = true;
          const channel = new MessageChannel();
          channel.port1.onmessage = () => {
            if (going) { between += 1; channel.port2.postMessage(null); }
          };
          channel.port2.postMessage(null);
          for (let again = 0; again < 5; again += 1) {
            await drawCheck.check(files, {}, (done) => way.push(done));
          }
          going = false;
          return [way, between];
        }"""
    )
    assert way.count(1) == 5
    assert between >= 5
    assert all(0 <= done <= 1 for done in way)
    first = way[: way.index(1) + 1]
    assert first == sorted(first)


def test_files_that_a_person_chose(phone: Page) -> None:
    names = {"manifest.json": "manifest (1).json", "log.txt": "log(2).txt"}
    chosen = [
        {"name": names.get(name, name), "mimeType": "application/octet-stream", "buffer": data}
        for name, data in [*FILES.items(), ("holiday.jpg", b"x")]
    ]
    phone.locator("input").set_input_files(chosen)
    files, report = phone.evaluate(
        """async () => {
          const files = await drawCheck.readFiles(document.querySelector("input").files);
          return [Object.keys(files).filter((name) => files[name]), await drawCheck.check(files, {})];
        }"""
    )
    assert sorted(files) == sorted(FILES)
    assert report["ok"]


def test_a_receipt_alone(phone: Page) -> None:
    found = phone.evaluate(
        """async ([text, stage]) => {
          const manifest = await drawCheck.fetchFile("/draws/spring/files/manifest.json");
          return [drawCheck.receipt(text, null, stage), drawCheck.receipt(text, manifest, ""),
            drawCheck.receipt(text, null, "00"), drawCheck.receipt("no receipt", manifest, stage)]
            .map((one) => [one.ok, one.receipt && one.receipt.line, one.checks.map((check) => check.code)]);
        }""",
        [WINNER, f"{M[:32]} {M[32:]}"],
    )
    line = next(iter(RECEIPTS))
    form = ["verify.receipt.form", "verify.receipt.path"]
    assert found == [
        [True, line, [*form, "verify.manifest.fingerprint"]],
        [True, line, [*form, "verify.receipt.manifest", "verify.receipt.root"]],
        [False, line, [*form, "verify.manifest.fingerprint.other"]],
        [False, None, ["draw.receipt.form"]],
    ]


def test_its_own_codes_are_not_those_of_the_command(phone: Page) -> None:
    assert phone.evaluate("drawCheck.CODES") == ["check.dice.seen", "check.dice.other", "check.dice.early"]
    assert not set(phone.evaluate("drawCheck.CODES")) & SENTENCES.keys()
