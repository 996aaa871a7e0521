"""Thousands of draws, drawn by Python and by JavaScript: every line, every code, every byte."""

import random
from collections import Counter

import pytest
from playwright.sync_api import Page

from rewards.draws import rules
from rewards.draws.rules import pick
from tests import laws
from tests.draw_js.conftest import CORE, GLUE
from tests.draw_js.made import Made, altered, changed, made

pytestmark = pytest.mark.browser

DRAWS = 20 * laws.EXAMPLES
BATCH = 500


def picks(outcomes) -> list[list]:
    """(prize, slot or place, attempt, pick) as JSON has it; an alternate is of attempt 0."""
    rows = []
    for one in outcomes:
        place, attempt = (one.slot, one.attempt) if isinstance(one, rules.Outcome) else (one.place, 0)
        rows.append([one.prize, place, attempt, None if one.pick is None else list(one.pick)])
    return rows


def expected(composed: rules.Composed, published: rules.Published) -> dict:
    heads = rules.chain(bytes.fromhex(composed.lines[0].split()[1]), composed.lines)
    return {
        "log": published.log,
        "result": published.result.decode("ascii"),
        "code": published.code,
        "standing": picks(composed.outcomes),
        "alternates": picks(composed.alternates),
        "seed": composed.seed.hex(),
        "keys": [key.hex() for key in composed.keys],
        "heads": rules.digest(b"".join(heads)).hex(),
    }


def may_follow(manifest: rules.Manifest, composed: rules.Composed) -> dict:
    """`next` as core.js says it."""
    may = rules.next_events(manifest, composed)
    labelled = may.reveal is not None and manifest.labels
    return {
        "kinds": sorted(may.kinds),
        "label": manifest.labels[may.reveal] if labelled else None,
        "round": None if may.round is None else {"id": may.round.id, "dice": may.round.dice},
        "redraw": None if may.redraw is None else may.redraw._asdict(),
    }


def line_by_line(inputs: tuple[str, ...], log: list[str]) -> list[list[str]]:
    """The log cut before every input; an empty list for the settling at the end."""
    steps: list[list[str]] = []
    for line in log:
        if not line.startswith(("win ", "alternate ")) and line != "close":
            steps.append([])
        elif line == "close":
            at = next((at for at, known in enumerate(steps[-1]) if known.startswith("alternate ")), len(steps[-1]))
            steps.append(steps[-1][at:])
            del steps[-2][at:]
        steps[-1].append(line)
    assert len(steps) == len(inputs)
    return [*steps, []]


@pytest.mark.parametrize("first", range(0, DRAWS, BATCH))
def test_both_draw_the_same(page: Page, first: int) -> None:
    seeds = range(first, min(first + BATCH, DRAWS))
    drawn = [made(seed) for seed in seeds]
    files = [one.as_json() for one, _, _ in drawn]
    found = page.evaluate("(all) => all.map(glue.draw)", files)
    for seed, (one, composed, published), answer in zip(seeds, drawn, found, strict=True):
        assert "ok" in answer, (seed, answer)
        manifest = rules.parse_manifest(one.manifest.encode("ascii"))
        may = answer["ok"].pop("next")
        may["kinds"].sort()
        assert answer["ok"] == expected(composed, published), seed
        assert may == may_follow(manifest, composed), seed


def test_the_generator_reaches_every_rule() -> None:
    seen: Counter[str] = Counter()
    for seed in range(1500):
        one, composed, _ = made(seed)
        manifest = rules.parse_manifest(one.manifest.encode("ascii"))
        kinds = [line.split()[0] for line in composed.lines]
        seen.update(set(kinds))
        seen["unfilled"] += any(line.endswith(" unfilled") for line in composed.lines)
        seen["reason"] += any(line.endswith((" declined", " ineligible")) for line in composed.lines)
        seen["void"] += " void " in composed.lines[0]
        seen["present"] += " present " in composed.lines[0]
        seen["round dice"] += any(line.startswith("round ") and " round-d" in line for line in composed.lines)
        seen["rejected"] += any(one.pick is not None and one.pick.counter > 0 for one in composed.outcomes)
        seen["waiting"] += composed.waiting is not None
        seen["prefix"] += not composed.seed
        seen["cap"] += manifest.unit_cap is not None
        seen["units"] += any(prize.units for prize in manifest.prizes)
        seen["pair"] += manifest.prizes[0].redraw is None
        seen["attempts"] += any(outcome.attempt > 1 for outcome in composed.outcomes)
    kinds = (
        "arm",
        "venue",
        "beacon",
        "reveal",
        "win",
        "round",
        "call",
        "absent",
        "redraw",
        "alternate",
        "close",
        "abort",
    )
    facts = ("unfilled", "reason", "void", "present", "round dice", "rejected", "waiting", "prefix", "cap", "units")
    for name in (*kinds, *facts, "pair", "attempts"):
        assert seen[name] >= 10, (name, seen)


def test_the_kit_draws_line_by_line(page: Page) -> None:
    full: list[tuple[Made, list[str]]] = []
    for seed in range(20_000, 20_400):
        one, composed, _ = made(seed)
        if rules.parse_manifest(one.manifest.encode("ascii")).prizes[0].redraw is not None:
            full.append((one, list(composed.lines)))
    found = page.evaluate("(all) => all.map(glue.step)", [one.as_json() for one, _ in full])
    for (one, log), answer in zip(full, found, strict=True):
        assert answer == {"ok": line_by_line(one.inputs, log)}


def test_a_refused_input_changes_nothing(page: Page) -> None:
    """Between the right lines come changed ones; those that are refused must leave no trace."""
    chance = random.Random(2)
    cases = []
    for seed in range(25_000, 25_400):
        one, composed, _ = made(seed)
        if rules.parse_manifest(one.manifest.encode("ascii")).prizes[0].redraw is not None:
            wrong = [line for _ in range(6) for line in changed(chance, one.inputs)]
            cases.append([one.as_json(), wrong, list(composed.lines)])
    found = page.evaluate(
        "(all) => all.map(([files, wrong]) => glue.harassed(files, wrong))", [case[:2] for case in cases]
    )
    refusals = 0
    for (_, _, log), (lines, refused) in zip(cases, found, strict=True):
        assert lines == log
        refusals += refused
    assert refusals > 10_000


def test_both_stop_at_the_same_work(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on hostile files, lowered so far that many small draws reach it."""
    bound = 25
    drawn = [made(seed)[0] for seed in range(35_000, 35_300)]
    monkeypatch.setattr(pick, "_MOST_WORK", bound)
    found = page.evaluate(
        "([core, glue, all]) => all.map(new Function(core + glue + '; return glue.draw;')())",
        [
            CORE.read_text("utf-8").replace("MOST_WORK = 50000000", f"MOST_WORK = {bound}"),
            GLUE.read_text("utf-8"),
            [one.as_json() for one in drawn],
        ],
    )
    refused = 0
    for one, answer in zip(drawn, found, strict=True):
        kind, wanted = outcome(one)
        assert (answer["ok"]["log"] if kind == "log" else answer.get("refused")) == wanted
        refused += kind == "refused"
    assert 40 < refused < 250


def outcome(one: Made) -> tuple:
    """What Python makes of inputs: the log, or the refusal."""
    data = one.manifest.encode("latin-1")
    manifest = rules.parse_manifest(data)
    lines = rules.parse_snapshot(one.snapshot.encode("latin-1"))
    voids = rules.parse_voids(one.voids.encode("latin-1"), manifest.n)
    present = None if one.present is None else rules.parse_present(one.present.encode("latin-1"), manifest.n)
    try:
        sheet = rules.read_inputs(one.inputs, manifest)
        composed = rules.compose(manifest, rules.manifest_hash(data), lines, sheet, voids, present)
    except rules.Refused as refused:
        return "refused", [refused.code, refused.facts]
    return "log", rules.log_text(composed.lines)


def test_both_refuse_the_same_inputs(page: Page) -> None:
    chance = random.Random(1)
    tried = []
    for seed in range(30_000, 31_500):
        one = made(seed)[0]
        tried.append(altered(one, changed(chance, one.inputs)))
    found = page.evaluate("(all) => all.map(glue.draw)", [one.as_json() for one in tried])
    codes: Counter[str] = Counter()
    for one, answer in zip(tried, found, strict=True):
        kind, wanted = outcome(one)
        assert (answer["ok"]["log"] if kind == "log" else answer.get("refused")) == wanted, one.inputs
        codes[wanted[0] if kind == "refused" else "fine"] += 1
    assert sum(codes.values()) - codes["fine"] > 500
    assert len(codes) >= 18, codes
