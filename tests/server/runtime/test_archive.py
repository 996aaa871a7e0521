"""No byte of a backup's file can be lost, changed or added unseen, and nothing but a backup is taken for one."""

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.runtime import archive
from server.runtime.archive import DUMP, HEAD, SECRETS
from server.runtime.migrate import files
from server.runtime.refusals import Refusal
from tests.laws import examples

SAID: dict[str, object] = {
    "format": archive.FORMAT,
    "version": "0.1.0",
    "made_at": "2026-12-01T12:00:00+00:00",
    "migrations": [name for name, _ in files()],
}
PARTS = {
    DUMP: bytes(range(256)) * 20,
    SECRETS: b'{"secret": "x"}',
    "draws/draw-2026-001/manifest.json": b"{}" * 400,
    "draws/draw-2026-001/void.tsv": b"",
}


def written(parts: Mapping[str, bytes] = PARTS, said: Mapping[str, object] = SAID) -> bytes:
    stream = io.BytesIO()
    writer = archive.Writer(stream, said, parts)
    for name, content in parts.items():
        with writer.member(name) as write:
            write(content[:7])
            write(content[7:])
    writer.finish()
    return stream.getvalue()


WHOLE = written()


def refused(content: bytes, folder: Path) -> Refusal:
    file = folder / "backup.tar"
    file.write_bytes(content)
    with pytest.raises(Refusal) as caught, archive.opened(file):
        pass
    assert caught.value.code in ("restore.foreign", "restore.damaged")
    assert [path.name for path in folder.iterdir()] == ["backup.tar"]
    return caught.value


def test_what_was_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    file.write_bytes(WHOLE)
    with archive.opened(file) as found:
        assert {name: b"".join(found.chunks(name)) for name in found.names} == PARTS
        assert found.proved
        assert (found.version, found.made_at) == ("0.1.0", "2026-12-01T12:00:00+00:00")
    with tarfile.open(file) as tar:
        assert tar.getnames() == [HEAD, *PARTS]
        assert {info.mtime for info in tar} == {1796126400}


def places() -> Mapping[str, tuple[int, int]]:
    """Where each member's content stands."""
    with tarfile.open(fileobj=io.BytesIO(WHOLE)) as tar:
        return {info.name: (info.offset_data, info.size) for info in tar}


@given(place=st.integers(0, len(WHOLE) - 1), flip=st.integers(1, 255))
@examples(1000, over_one_fixture=True)
def test_any_byte_that_is_another_is_seen(place: int, flip: int, tmp_path: Path) -> None:
    refused(WHOLE[:place] + bytes([WHOLE[place] ^ flip]) + WHOLE[place + 1 :], tmp_path)


@given(data=st.data())
@examples(300, over_one_fixture=True)
def test_any_damage_anywhere_is_seen(data: st.DataObject, tmp_path: Path) -> None:
    start = data.draw(st.integers(0, len(WHOLE)), label="start")
    end = data.draw(st.integers(start, min(len(WHOLE), start + 2000)), label="end")
    other = data.draw(
        st.one_of(
            st.just(bytes(end - start)),
            st.just(b""),
            st.binary(max_size=40),
            st.just(WHOLE[start:end] * 2),
            st.just(WHOLE[start:end][::-1]),
        ),
        label="instead",
    )
    damaged = WHOLE[:start] + other + WHOLE[end:]
    if damaged != WHOLE:
        refused(damaged, tmp_path)


@given(length=st.integers(0, len(WHOLE) - 1))
@examples(300, over_one_fixture=True)
def test_a_file_that_ends_early_is_seen(length: int, tmp_path: Path) -> None:
    refused(WHOLE[:length], tmp_path)


@pytest.mark.parametrize("name", [DUMP, SECRETS, "draws/draw-2026-001/manifest.json"])
def test_the_member_that_is_damaged_is_named(name: str, tmp_path: Path) -> None:
    start, size = places()[name]
    for place in (start, start + size // 2, start + size - 1):
        damaged = WHOLE[:place] + bytes([WHOLE[place] ^ 1]) + WHOLE[place + 1 :]
        assert refused(damaged, tmp_path).details["part"] == name
    zeroed = WHOLE[:start] + bytes(min(size, 64)) + WHOLE[start + min(size, 64) :]
    assert refused(zeroed, tmp_path).details["part"] == name


def packed(members: list[tuple[str, bytes]], **more: bytes) -> bytes:
    """A tar of these by somebody else's hand."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.type = len(content), more.get("kind", tarfile.REGTYPE) if name != HEAD else tarfile.REGTYPE
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def head_of(content: bytes) -> bytes:
    start, size = places()[HEAD]
    return content[start : start + size]


MEMBERS = [(HEAD, head_of(WHOLE)), *PARTS.items()]
TAIL = WHOLE[-archive._LAST_SIZE :]


@pytest.mark.parametrize("name", list(PARTS))
def test_a_member_missing_twice_or_foreign_is_named(name: str, tmp_path: Path) -> None:
    without = [member for member in MEMBERS if member[0] != name]
    assert refused(packed(without) + TAIL, tmp_path).details["part"] == name
    assert refused(packed([*MEMBERS, (name, PARTS[name])]) + TAIL, tmp_path).details["part"] == name
    assert refused(packed([*MEMBERS, ("draws/other/log.txt", b"x")]) + TAIL, tmp_path).details["part"] == (
        "draws/other/log.txt"
    )
    assert refused(packed(MEMBERS) + TAIL, tmp_path).details["part"] == "", "another tar of the same members"


HOSTILE = [
    "../escaped",
    "/tmp/escaped",
    "draws/../../escaped",
    "draws/../escaped",
    "draws/a/..",
    "draws/a/.hidden",
    "draws/a/b/c",
    "draws/a\\b/c",
    "postgres/PG_VERSION",
    "database.dump/x",
    "./database.dump",
    "secrets.json\n",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("finished", [True, False])
def test_a_name_that_leads_elsewhere_is_refused_even_when_its_digest_is_right(
    name: str, finished: bool, tmp_path: Path
) -> None:
    content = (
        written({DUMP: b"x", name: b"y"}) if finished else packed([(HEAD, json.dumps(SAID).encode()), (name, b"")])
    )
    refused(content, tmp_path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
@pytest.mark.parametrize("name", [DUMP, SECRETS, "draws/a/log.txt"])
def test_nothing_but_plain_files_is_taken(kind: bytes, name: str, tmp_path: Path) -> None:
    refused(packed([(HEAD, json.dumps(SAID).encode()), (name, b"")], kind=kind), tmp_path)


def bomb(change: Callable[[tarfile.TarInfo], object], content: bytes, form: int = tarfile.GNU_FORMAT) -> bytes:
    """A head, and a member that claims to be larger than it is."""
    info = tarfile.TarInfo(SECRETS)
    change(info)
    said = json.dumps({**SAID, "migrations": []}).encode()  # a block of it, whatever the number of migrations
    return packed([(HEAD, said), (DUMP, b"x")])[:2048] + info.tobuf(form) + content


def sparse(info: tarfile.TarInfo) -> None:
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 512


@pytest.mark.parametrize(
    "content",
    [
        bomb(lambda info: setattr(info, "size", 2**40), bytes(1024)),
        bomb(lambda info: setattr(info, "size", 2**62), bytes(1024)),
        bomb(sparse, bytes(2048)),
        bomb(lambda info: setattr(info, "size", 2**40), bytes(1024), tarfile.PAX_FORMAT),
        bomb(lambda info: info.pax_headers.update({"GNU.sparse.realsize": "9" * 12}), bytes(1024), tarfile.PAX_FORMAT),
        packed([(HEAD, b'{"format": ' + b"[" * 100_000)]),
        packed([(HEAD, b"[]")]),
        packed([(HEAD, json.dumps({**SAID, "digests": 7}).encode())]),
        packed([(HEAD, json.dumps({**SAID, "migrations": 7}).encode())]),
        packed([(HEAD, json.dumps({**SAID, "format": "laurel-backup/2"}).encode())]),
        packed([(DUMP, b"x"), (HEAD, json.dumps(SAID).encode())]),
        packed([(HEAD, json.dumps({**SAID, "digests": {}}).encode()), (DUMP, b"x")]),
        b"",
        b"not a tar",
        bytes(10240),
    ],
)
def test_what_would_swell_or_is_no_backup_is_refused(content: bytes, tmp_path: Path) -> None:
    refused(content, tmp_path)


def test_a_backup_of_before_the_digests_is_read_and_not_called_proved(tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    file.write_bytes(packed([(HEAD, json.dumps(SAID).encode()), *PARTS.items()]))
    with archive.opened(file) as found:
        assert not found.proved
        assert {name: b"".join(found.chunks(name)) for name in found.names} == PARTS
    refused(file.read_bytes() + b"x", tmp_path)


def test_a_backup_of_tables_that_are_not_known_here_names_both_versions(tmp_path: Path) -> None:
    later = [*[name for name, _ in files()], "rewards/0999_later"]
    file = tmp_path / "backup.tar"
    file.write_bytes(written(said={**SAID, "migrations": later, "version": "9.9\x1b[2J"}))
    with pytest.raises(Refusal) as caught, archive.opened(file):
        pass
    assert caught.value.code == "restore.newer"
    assert str(caught.value.details["tables"]).startswith("999.")
    assert caught.value.details["tables"] != caught.value.details["known"]
    assert caught.value.details["version"] == "9.9[2J"
