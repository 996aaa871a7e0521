"""A whole draw in the kit, and everything that may go wrong at the table."""

import json
from pathlib import Path

from playwright.sync_api import expect

from rewards.draws import rules
from rewards.draws.verify import verify_folder
from tests.kit import drawn
from tests.kit.conftest import Open
from tests.kit.driving import AGAIN, GOLD, VENUE, Table, play


def saved(table: Table) -> dict[str, object]:
    """The file that the kit saves now."""
    with table.page.expect_download() as download:
        table.page.locator(".kit-unsaved, .kit-card .button-primary, .kit-actions .button").first.click()
    found: dict[str, object] = json.loads(Path(download.value.path()).read_text())
    return found


def test_a_whole_draw_from_a_file_without_network(opened: Open, tmp_path: Path) -> None:
    draw = drawn.make()
    table = opened(draw, drawn.kit(draw))
    play(table)
    table.throw(AGAIN)
    table.leave_stage()
    table.show_all()
    table.gone(1, 2, "Zhao Min", "周强", "declined")
    table.leave_stage()
    table.close()
    code = table.code()
    journal = saved(table)
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "manifest.json").write_bytes(draw.data)
    (folder / "snapshot.tsv").write_bytes(draw.snapshot)
    for name, key in (("log.txt", "log"), ("void.tsv", "void"), ("present.tsv", "present")):
        (folder / name).write_text(str(journal[key]))
    report = verify_folder(folder)
    assert [check for check in report.checks if not check.ok and not check.name.startswith("result.json")] == []
    assert report.state == "closed"
    assert rules.display_code(rules.chain(rules.manifest_hash(draw.data), str(journal["log"]).splitlines())[-1]) == code
    assert journal["confirmed"] == {"first 0 0": ["Zhao Min", "Wu Hao"], "second 2 0": ["Zhao Min", "周强"]}
