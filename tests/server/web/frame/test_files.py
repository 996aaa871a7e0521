"""Files of pages: the same bytes however they are sent, under an address that changes when they do."""

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.frame import files
from tests.server.web.conftest import Browser

YEAR = "public, max-age=31536000, immutable"
PLAIN = {"accept-encoding": "identity"}


def test_the_hash_in_an_address_changes_with_the_file_and_with_a_part_of_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name, text in (("a.css", "a{}"), ("below/b.css", "b{}"), ("c.css", "c{}")):
        (tmp_path / name).write_text(text)
    bundles = {"bundle/all.css": ("a.css", "below/b.css")}
    before = files.read(tmp_path, bundles)
    assert before["bundle/all.css"].content == b"a{}\nb{}"
    (tmp_path / "below/b.css").write_text("b{c:d}")
    after = files.read(tmp_path, bundles)
    changed = {name for name in before if before[name].digest[:8] != after[name].digest[:8]}
    assert before.keys() == after.keys()
    assert changed == {"below/b.css", "bundle/all.css"}


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        files.address("nothing.css")
    with pytest.raises(KeyError):
        files.read(tmp_path, {"bundle/all.css": ("nothing.css",)})


@given(st.binary(max_size=300) | st.text(alphabet="ab汉", max_size=3000).map(str.encode))
def test_what_is_kept_compressed_is_the_same_and_shorter(content: bytes) -> None:
    made = files.compressed(content, "text/plain")
    assert made.compressed == b"" or len(made.compressed) < len(content)
    assert made.compressed == b"" or zlib.decompress(made.compressed, 31) == content
    assert (made.content, made.digest) == (content, files.plain(content, "text/plain").digest)
    assert made.size() == len(content) + len(made.compressed)


@pytest.mark.parametrize("parts", [parts for name, parts in files.BUNDLES.items() if name.endswith(".js")])
def test_scripts_can_stand_behind_one_another(parts: tuple[str, ...]) -> None:
    for part in parts:
        assert files.static()[part].content.rstrip().endswith(b"})();"), part


async def test_every_file_is_sent_plain_and_compressed_with_the_same_bytes(client: Browser) -> None:
    short = 0
    for name, file in files.static().items():
        address = files.address(name)
        plain, packed = await client.get(address, headers=PLAIN), await client.get(address)
        assert plain.content == packed.content == file.content, name
        assert "content-encoding" not in plain.headers
        assert int(plain.headers["content-length"]) == len(file.content)
        assert int(packed.headers["content-length"]) == len(file.compressed or file.content)
        assert (packed.headers.get("content-encoding") == "gzip") == bool(file.compressed)
        for sent in (plain, packed):
            assert sent.headers["cache-control"] == YEAR
            assert sent.headers.get_list("vary", split_commas=True) == ["Accept-Encoding"]
            assert "set-cookie" not in sent.headers
        short += bool(file.compressed)
    assert short > 20


async def test_only_the_address_with_the_hash_is_kept_for_a_year(client: Browser) -> None:
    old = "/static/kit.css?v=00000000"
    for address in ("/static/kit.css", old, f"{old}&v={files.static()['kit.css'].digest}"):
        sent = await client.get(address)
        assert sent.headers["cache-control"] == "no-cache"
        assert sent.content == files.static()["kit.css"].content
        for known in (sent.headers["etag"], f'"x", {sent.headers["etag"]}'):
            again = await client.get(address, headers={"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == sent.headers["etag"]
        other = await client.get(address, headers={"if-none-match": 'W/"something else"'})
        assert other.status_code == 200


async def test_the_head_of_a_file_says_how_long_it_would_be(client: Browser) -> None:
    file = files.static()["kit.css"]
    for headers, length in ((PLAIN, len(file.content)), ({}, len(file.compressed))):
        sent = await client.head(files.address("kit.css"), headers=headers)
        assert (sent.status_code, sent.content) == (200, b"")
        assert int(sent.headers["content-length"]) == length
