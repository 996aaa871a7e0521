"""A data folder of an earlier version, with a played room, its points, a held draw and a fetched prize, goes on."""

import gzip
from pathlib import Path

import pytest

from server.commands.terminal import Exit
from server.web.nouns import LISTING
from tests.server.laurel import ROOT, answer, laurel

BEFORE = ROOT / "tests" / "samples" / "backup_of_2026_11_30.tar.gz"
"""`laurel backup` of 240 members after one show of the demo, by the last version whose pages lay face first."""

PRINTED = (
    "/in/{token:str}",
    "/welcome/{token:str}",
    "/rooms/{code:str}",
    "/screen/{key:str}",
    "/here/{badge:str}",
    "/draws/{slug:str}",
    "/draws/{slug:str}/verify",
    "/draws/{slug:str}/check",
    "/draws/{slug:str}/receipt",
    "/draws/{slug:str}/badge",
    "/draws/{slug:str}/custody/{label:str}",
    "/draws/{slug:str}/files/{name:path}",
    "/draws/{slug:str}/prizes/{code:str}",
)
"""What stands on slips, screens, badges, receipts, envelopes, sheets and in published files."""


@pytest.mark.parametrize("address", PRINTED)
def test_an_address_that_people_have_printed_still_leads_somewhere(address: str) -> None:
    assert address in {path for one in LISTING.handlers for path in one.paths if "GET" in one.http_methods}


def test_a_data_folder_of_before_upgrades_in_place_and_agrees(tmp_path: Path) -> None:
    backup, data = tmp_path / "before.tar", tmp_path / "data"
    backup.write_bytes(gzip.decompress(BEFORE.read_bytes()))
    assert answer(data, "restore", str(backup))["differences"] == []
    checked = answer(data, "check")
    assert checked["ok"], checked
    (draw,) = (data / "draws").iterdir()
    verified = laurel(tmp_path / "elsewhere", "draw", "verify", str(draw))
    assert verified.returncode == Exit.OK, verified.stdout
    published = {path.name: path.read_bytes() for path in draw.iterdir()}
    assert laurel(data, "migrate").returncode == Exit.OK
    assert {path.name: path.read_bytes() for path in draw.iterdir()} == published
    assert len(published) == 7
