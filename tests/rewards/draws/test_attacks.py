"""Every row of the protocol's table of attacks (section 11), tried: refused, or exposed by a check that has a name.

The table's countermeasures outside the files (witnesses, photographs, countdowns) appear as what they hand to the
check: a fingerprint, a code, a receipt, a photographed throw.
"""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from rewards.draws import rules, verify
from rewards.draws.beacon import check_beacon
from rewards.draws.rules import Absence, Line, Prize, Refused, Round, RoundStart
from rewards.refusals import Refusal
from tests.rewards.draws.test_rules import DIGITS, MANIFEST, SECRETS, SNAPSHOT
from tests.rewards.draws.test_rules import LABELS as CUSTODIANS
from tests.rewards.draws.test_verify import (
    FULL,
    FULL_STEPS,
    KIT,
    failures,
    full_draw,
    publish,
    receipt_of,
    vector_files,
)

THROWN = "1234561234561234561234561"
REAL = rules.parse_manifest(FULL["manifest.json"])
REAL_M = rules.manifest_hash(FULL["manifest.json"])
LINES = rules.parse_snapshot(FULL["snapshot.tsv"])


def wrong(folder: Path, files: dict[str, bytes], **seen: str) -> set[str]:
    """Names of the checks that fail on these files."""
    return {name for name, _ in failures(verify.verify_folder(publish(folder, files), **seen))}


def codes(files: dict[str, bytes]) -> list[str]:
    """The code after every line of the log; the first one, after `arm`, is photographed before the dice."""
    m = rules.manifest_hash(files["manifest.json"])
    return [rules.display_code(head) for head in rules.chain(m, rules.split_log(files["log.txt"]))[1:]]


def lines_won(files: dict[str, bytes]) -> list[int]:
    return [winner["line"] for winner in json.loads(files["result.json"])["winners"]]


def edited(log: bytes, old: str, new: str) -> dict[str, bytes]:
    """The full draw with its log changed, and chain, code and result made to fit: what a forger would publish."""
    text = log.decode()
    assert old in text
    return rechained(text.replace(old, new))


def rechained(log: str) -> dict[str, bytes]:
    head = rules.chain(REAL_M, log.splitlines())[-1]
    result = json.loads(FULL["result.json"])
    result["head"], result["code"] = head.hex(), rules.display_code(head)
    forged = json.dumps(result, separators=(",", ":")).encode()
    return {**FULL, "log.txt": log.encode(), "result.json": forged}


def test_operator_grinds_his_own_secret_before_committing(tmp_path: Path) -> None:
    """Of 200 secrets he keeps the one that wins with the dice he expects; with dice that fall otherwise it is worth
    no more than chance, and another secret after the dice is not the promised one."""
    manifest, lines = rules.parse_manifest(MANIFEST), rules.parse_snapshot(SNAPSHOT)
    m, friend = rules.manifest_hash(MANIFEST), 0  # one ticket of 32

    def first(secret: bytes, digits: str) -> int:
        key = rules.seed(m, [secret, SECRETS[1]], rules.venue_value(m, "d10x20", digits))
        drawing = rules.Drawing(manifest, lines)
        return drawing.start(manifest.stages[0], rules.round_key(key, "r1"))[0].pick.line

    ground = next(secret for n in range(200) if first(secret := rules.digest(b"try %d" % n), DIGITS) == friend)
    throws = [f"{n:020}" for n in range(2000)]
    lucky = sum(first(ground, digits) == friend for digits in throws)
    assert abs(lucky - 2000 / 32) < 4 * (2000 / 32 * 31 / 32) ** 0.5
    late = vector_files()["log.txt"].replace(SECRETS[0].hex().encode(), ground.hex().encode())
    assert "commitment.organiser" in wrong(tmp_path, {**vector_files(), "log.txt": late})


def test_salts_order_or_tickets_are_edited_once_the_seed_is_known(tmp_path: Path) -> None:
    snapshot = FULL["snapshot.tsv"]
    text = snapshot.decode().splitlines(keepends=True)
    salted = Line(rules.id_commit("spring-2026", b"another salt 16b", "E7").hex(), 3, "U3", "night")
    own = rules.id_commit("spring-2026", rules.digest(b"E7")[:16], "E7").hex()
    moved = rules.format_snapshot([salted if line.id_commit == own else line for line in LINES])
    for number, (data, expected) in enumerate(
        [
            (moved, {"snapshot.hash", "merkle.root"}),
            ("".join([text[1], text[0], *text[2:]]).encode(), {"snapshot.hash", "snapshot.sorted"}),
            (snapshot.replace(b"\t5\t", b"\t6\t", 1), {"snapshot.hash", "tickets.total", "merkle.root"}),
            (snapshot.replace(b"\t5\t", b"\t4\t", 1).replace(b"\t2\t", b"\t3\t", 1), {"snapshot.hash", "merkle.root"}),
        ]
    ):
        assert expected <= wrong(tmp_path / str(number), {**FULL, "snapshot.tsv": data})
    lines = rules.parse_snapshot(moved)
    root = rules.Tree(line.leaf for line in lines).root.hex()
    fitted = rules.write_manifest(replace(REAL, root=root, file=rules.digest(moved).hex()))
    assert {"log.manifest"} <= wrong(tmp_path / "fit", {**FULL, "snapshot.tsv": moved, "manifest.json": fitted})
    venue = rules.venue_value(REAL_M, "d6x25", THROWN)
    other = rules.manifest_hash(fitted)
    assert rules.seed(other, SECRETS, venue) != rules.seed(REAL_M, SECRETS, venue)


def test_two_snapshots_for_two_audiences(tmp_path: Path) -> None:
    """A second list with one entrant less is right in itself; programme and receipts know the first."""
    other = full_draw(people=39)
    assert wrong(tmp_path, other) == set()
    assert wrong(tmp_path, other, manifest=REAL_M.hex()) == {"manifest.fingerprint"}
    exposed = wrong(tmp_path, other, receipt=receipt_of(FULL, "E7"))
    assert {"receipt.manifest", "receipt.root"} <= exposed


def test_phantom_and_dropped_entrants(tmp_path: Path) -> None:
    phantom = rules.format_snapshot([*LINES, Line("f" * 64, 5, "U1", "day")])
    assert {"snapshot.hash", "tickets.total", "merkle.root"} <= wrong(tmp_path, {**FULL, "snapshot.tsv": phantom})
    dropped = rules.format_snapshot(LINES[:-1])
    assert {"snapshot.hash", "tickets.total", "merkle.root"} <= wrong(tmp_path, {**FULL, "snapshot.tsv": dropped})
    # promised from the start: what representatives count in their unit, and what the dropped one holds, does not fit
    roster = {"U0": 10, "U1": 10, "U2": 10, "U3": 9}
    assert {unit: count for unit, count in Counter(line.unit for line in LINES).items() if roster[unit] != count} == {
        "U3": 10
    }
    earlier = receipt_of(full_draw(people=41), "E40")
    assert {"receipt.manifest", "receipt.root", "receipt.line"} <= wrong(tmp_path, dict(FULL), receipt=earlier)


def test_presence_or_void_list_is_changed_after_the_dice(tmp_path: Path) -> None:
    here = FULL["present.tsv"].replace(b"5\n", b"", 1)
    assert "present.locked" in wrong(tmp_path / "a", {**FULL, "present.tsv": here})
    more = FULL["void.tsv"] + b"20\tleft\n"
    assert "voids.locked" in wrong(tmp_path / "b", {**FULL, "void.tsv": more})
    # with hashes that fit, the arm line is another one: so is every code, from the photographed one on
    again = full_draw(present=here)
    assert "code.seen" in wrong(tmp_path / "c", again, code=codes(FULL)[0])
    assert "code.seen" in wrong(tmp_path / "d", full_draw(voids=more), code=codes(FULL)[0])


def test_late_ineligibility_touches_its_own_place_alone() -> None:
    before = full_draw(steps=(RoundStart("last", "271828"),), closed=False)
    after = full_draw(steps=(RoundStart("last", "271828"), Absence("mug", 2, "ineligible")), closed=False)
    pairs = zip(lines_won(before), lines_won(after), strict=True)
    assert [place for place, (one, other) in enumerate(pairs) if one != other] == [2]


def test_the_last_contributor_has_no_choice(tmp_path: Path) -> None:
    """The dice are the last choice; secrets come later but are fixed, and never before the dice."""
    log = FULL["log.txt"].decode().splitlines()
    early = "\n".join([log[0], *log[3:5], *log[1:3], *log[5:]]) + "\n"
    assert wrong(tmp_path / "a", rechained(early)) == {"log.order", "signature"}
    chosen = edited(FULL["log.txt"], SECRETS[1].hex(), rules.digest(b"chosen").hex())
    assert {"commitment.union", "winners"} <= wrong(tmp_path / "b", chosen)
    after = codes(FULL)[1]
    retyped = full_draw(digits=THROWN[::-1])
    assert wrong(tmp_path / "c", retyped) == set()
    assert wrong(tmp_path / "c", retyped, code=after) == {"code.seen"}


def test_a_secret_is_withheld_or_the_machine_crashes_after_the_dice(tmp_path: Path) -> None:
    inputs = rules.inputs_of(FULL["log.txt"].decode().splitlines())
    rolled = {name: data for name, data in FULL.items() if not name.startswith("result")}
    for extra, expected in (
        (f"venue d6x25 {THROWN[::-1]}", "draw.log.venue.twice"),
        ("close", "draw.log.order"),
    ):
        report = verify.verify_folder(
            publish(tmp_path / "a", {**rolled, "log.txt": "\n".join([*inputs[:3], extra, ""]).encode()})
        )
        assert failures(report) == [("log.order", expected)]
    invented = "\n".join([*inputs[:3], f"reveal organiser {'0' * 64}", ""]).encode()
    assert "commitment.organiser" in wrong(tmp_path / "b", {**rolled, "log.txt": invented})
    # the sealed duplicate, typed into another machine with the same dice: the same code
    duplicate = rules.read_secret(rules.write_secret(SECRETS[0]))
    typed = [line.replace(SECRETS[0].hex(), duplicate.hex()) for line in inputs]
    present = rules.parse_present(FULL["present.tsv"], REAL.n)
    voids = rules.parse_voids(FULL["void.tsv"], REAL.n)
    for cut in range(1, len(typed) + 1):
        rebuilt = rules.compose(REAL, REAL_M, LINES, rules.read_inputs(typed[:cut], REAL), voids, present)
        assert rules.inputs_of(rebuilt.lines) == typed[:cut]
    assert rules.publish(REAL, REAL_M, LINES, rebuilt).result == FULL["result.json"]
    # it cannot be had: nobody wins, and it is published
    lost = full_draw(steps=(), secrets=SECRETS[:1], abort="secret-lost")
    report = verify.verify_folder(publish(tmp_path / "c", lost))
    assert (report.ok, report.state, report.winners) == (True, "aborted", ())


def test_the_draw_is_run_twice_and_the_nicer_one_is_kept(tmp_path: Path) -> None:
    nicer = full_draw(digits=THROWN[::-1])
    assert codes(nicer)[0] == codes(FULL)[0]
    assert wrong(tmp_path, nicer) == set()
    assert wrong(tmp_path, nicer, code=codes(FULL)[1]) == {"code.seen"}
    assert wrong(tmp_path, nicer, code=codes(FULL)[-1]) == {"code.seen"}
    report = verify.verify_folder(tmp_path)
    assert next(check for check in report.checks if check.name == "venue").facts["digits"] != THROWN


def test_a_rehearsal_or_an_earlier_draw_is_replayed(tmp_path: Path) -> None:
    real = full_draw(promised={"rehearsal": False})
    report = verify.verify_folder(publish(tmp_path / "rehearsal", dict(FULL)))
    assert (report.ok, report.rehearsal) == (True, True)
    assert "REHEARSAL" in verify.as_text(report)
    for name in ("log.txt", "result.json"):
        assert "log.manifest" in wrong(tmp_path / name, {**real, "log.txt": FULL["log.txt"], name: FULL[name]})
    earlier = rules.commitment("spring-2025", CUSTODIANS[0], SECRETS[0]).hex()
    assert earlier not in REAL.commit
    with pytest.raises(Refused, match=r"draw\.commitment"):
        rules.check_reveal(replace(REAL, draw_id="spring-2025"), 0, rules.Reveal(CUSTODIANS[0], SECRETS[0]))


def test_a_malicious_kit_names_its_own_winner(tmp_path: Path) -> None:
    wins = next(line for line in FULL["log.txt"].decode().splitlines() if line.startswith("win mug 0 0"))
    friend = wins.rpartition(" ")[0] + " 30"
    assert "winners" in wrong(tmp_path / "a", edited(FULL["log.txt"], wins, friend))
    assert "kit.hash" in wrong(tmp_path / "b", {**FULL, "kit.html": KIT.replace(b"kit", b"kid")})


def test_the_stage_shows_a_name_that_did_not_win(tmp_path: Path) -> None:
    drawn = verify.verify_folder(publish(tmp_path, dict(FULL)))
    winner = drawn.winners[0]
    receipts = {rules.read_receipt(text).line: text for text in (receipt_of(FULL, f"E{n}") for n in range(40))}
    real = verify.verify_folder(tmp_path, receipt=receipts[winner.line]).checks[-1]
    assert (real.code, real.facts["prize"], real.facts["slot"]) == ("verify.receipt.won", "mug", 0)
    assert rules.read_receipt(receipts[winner.line]).entry.id_commit == winner.id_commit
    taken = {one.line for one in (*drawn.winners, *drawn.alternates)} | {3, 17}
    shown = next(line for line in range(40) if line not in taken)
    assert verify.verify_folder(tmp_path, receipt=receipts[shown]).checks[-1].code == "verify.receipt.not.won"
    swapped = FULL["log.txt"].decode().replace(f"win mug 0 0 {winner.line}\n", f"win mug 0 0 {shown}\n")
    forged = rules.chain(REAL_M, swapped.splitlines())[-1]
    assert rules.display_code(forged) != drawn.code


def test_a_winner_is_falsely_called_absent_or_refuses_by_calculation(tmp_path: Path) -> None:
    log = FULL["log.txt"]
    for old, new, expected in (
        ("call mug 1 0\n", "", "draw.absent.uncalled"),
        (" 0 0 declined", " 0 0", "draw.absent.present"),
        ("absent bike 0 0\n", "", "draw.log.order"),
        ("redraw bike 0 1 redraw-d10x4 2718\n", "", "draw.log.order"),
    ):
        report = verify.verify_folder(publish(tmp_path, edited(log, old, new)))
        assert expected in {code for _, code in failures(report)}
    # who would be next is open until dice are thrown after the decision
    (gone,) = (line for line in log.decode().splitlines() if line.startswith("win bike 0 0"))
    nexts = set()
    for throw in range(40):
        dice = (*FULL_STEPS[:-1], Absence("bike", 0, "", "redraw-d10x4", f"{throw:04}"))
        nexts.add(lines_won(full_draw(steps=dice))[-1])
    assert len(nexts) > 10
    assert int(gone.rpartition(" ")[2]) not in nexts


def test_prizes_change_in_order_or_number_after_the_seed(tmp_path: Path) -> None:
    mug, team, bike = REAL.prizes
    for number, prizes in enumerate([(team, mug, bike), (replace(mug, count=5), team, bike)]):
        changed = rules.write_manifest(replace(REAL, prizes=prizes))
        assert wrong(tmp_path / str(number), {**FULL, "manifest.json": changed}) & {"log.manifest", "log.order"}
        assert "manifest.fingerprint" in wrong(tmp_path / str(number), {}, manifest=REAL_M.hex())
    log = FULL["log.txt"].decode().splitlines(keepends=True)
    (first,) = (place for place, line in enumerate(log) if line.startswith("win mug 0 0"))
    log[first], log[first + 1] = log[first + 1], log[first]
    assert "winners" in wrong(tmp_path / "order", rechained("".join(log)))


def test_an_insider_wants_to_know_the_top_prize_early(tmp_path: Path) -> None:
    """All secrets are open and the first round is drawn: the last one still hangs on dice that nobody has thrown."""
    waiting = full_draw(steps=(), closed=False)
    assert "win bike" not in waiting["log.txt"].decode()
    would_win = {lines_won(full_draw(steps=(RoundStart("last", f"{throw:06}"),)))[-1] for throw in range(60)}
    assert len(would_win) > 15
    for old, new in (("round last round-d10x6 271828", "round last"), ("round last round-d10x6 271828\n", "")):
        assert wrong(tmp_path, edited(FULL["log.txt"], old, new)) == {"log.order", "signature"}


def test_a_made_up_beacon_value_is_typed_in(tmp_path: Path) -> None:
    log = FULL["log.txt"]
    assert wrong(tmp_path / "round", edited(log, "beacon 1000000 ", "beacon 1000001 ")) == {"log.order", "signature"}
    assert "winners" in wrong(tmp_path / "value", edited(log, "ab" * 48, "cd" * 48))
    missing = edited(log, f"beacon 1000000 {'ab' * 48}\n", "")
    assert wrong(tmp_path / "none", missing) == {"log.order", "signature"}
    # drawn with it from the start: the check shows what to compare, and the server refuses the signature
    report = verify.verify_folder(publish(tmp_path / "fake", dict(FULL)))
    (beacon,) = (check for check in report.checks if check.name == "beacon")
    assert "checked by the server, not here" in beacon.detail
    assert beacon.facts["randomness"] == rules.digest(b"\xab" * 48).hex()
    with pytest.raises(Refusal):
        check_beacon(REAL.beacon.chain, REAL.beacon.round, b"\xab" * 48)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'"slot":0', b'"slot":3', "winners.result"),
        (b'"place":1', b'"place":2', "alternates.result"),
        (b'"code":"', b'"code":"0', "code"),
        (b'"head":"', b'"head":"0', "chain"),
        (b'"draw_id":"spring-2026"', b'"draw_id":"spring-2025"', "result.exact"),
        (b"}", b"}\n", "result.exact"),
    ],
)
def test_the_result_file_is_edited(tmp_path: Path, old: bytes, new: bytes, expected: str) -> None:
    forged = {**FULL, "result.json": FULL["result.json"].replace(old, new)}
    assert {expected, "result.exact"} <= wrong(tmp_path, forged)


def test_employee_numbers_are_tried_one_by_one() -> None:
    """Whoever knows every staff number finds nobody without the salts, which are in no published file."""
    everything = b"".join(FULL.values())
    published = {line.id_commit for line in LINES}
    for number in range(40):
        person = f"E{number}"
        salt = rules.digest(person.encode())[:16]
        assert salt.hex().encode() not in everything
        guesses = (bytes(16), rules.digest(b"spring-2026")[:16], person.encode().ljust(16, b"\0"))
        assert not published & {rules.id_commit("spring-2026", guess, person).hex() for guess in guesses}
        assert rules.id_commit("spring-2026", salt, person).hex() in published


def test_another_implementation_drifts(tmp_path: Path) -> None:
    """Where programs part: letters outside ASCII, line ends, sort order, numbers. Each is refused, not guessed."""
    snapshot = FULL["snapshot.tsv"]
    for number, data in enumerate(
        [
            snapshot.replace(b"\n", b"\r\n"),
            snapshot[:-1],
            snapshot.upper(),
            snapshot.replace(b"U1", "Ü1".encode()),
            snapshot.replace(b"\t1\t", b"\t01\t"),
            snapshot.replace(b"\t1\t", b"\t1.0\t"),
            b"\xef\xbb\xbf" + snapshot,
        ]
    ):
        assert "snapshot.form" in wrong(tmp_path / str(number), {**FULL, "snapshot.tsv": data})
    for old, new in (
        (b'"n":40', b'"n":40.0'),
        (b'"n":40', b'"n":4e1'),
        (b'"unit_cap":3', b'"unit_cap":"3"'),
        (b'"n":40', b'"n":41,"n":40'),
        (b"Organiser", "Ö".encode()),
        (b"Organiser", b"\\ud800"),
        (b"Organiser", b"\\u0007"),
    ):
        changed = FULL["manifest.json"].replace(old, new)
        assert wrong(tmp_path / "m", {**FULL, "manifest.json": changed}) == {"manifest.known"}
    # and what all of them must reach: the vector draw, to the letter
    assert codes(vector_files())[-1] == "0ZK9-XVDB-K0EZ"


def test_prizes_of_a_round_cannot_be_hidden_between_others() -> None:
    """A round without prizes, or prizes out of the order of rounds, would make two readings of one manifest."""
    stages = (Round("one"), Round("two"))
    for prizes in (
        (Prize("a", 1, round="one"),),
        (Prize("a", 1, round="two"), Prize("b", 1, round="one")),
        (Prize("a", 1, round="one"), Prize("b", 1, round="two"), Prize("c", 1, round="one")),
        (Prize("a", 1, round="one"), Prize("b", 1)),
    ):
        with pytest.raises(Refused, match=r"draw\.manifest\.value"):
            rules.write_manifest(replace(REAL, rounds=stages, prizes=prizes))
