"""The file of a backup: a plain tar that proves itself.

First laurel.json (what it is, with the SHA-256 of every other member), then database.dump (pg_dump, custom format),
secrets.json, draws/SLUG/FILE; behind the tar's end the last line, with the SHA-256 of every byte before it. No byte
can be lost, changed or added unseen. Files of before there were digests are read as well, and not
called proved.
"""

import hashlib
import json
import re
import tarfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from server.runtime.migrate import files, tables
from server.runtime.refusals import Refusal

FORMAT: Final = "laurel-backup/1"
HEAD: Final = "laurel.json"
DUMP: Final = "database.dump"
SECRETS: Final = "secrets.json"

MADE: Final = "backup"
"""The checkpoint that tells from when the last backup of this database is."""

_NAMES: Final = re.compile(rf"{DUMP}|{SECRETS}|draws/[A-Za-z0-9_-]{{1,64}}/(?!\.)[A-Za-z0-9_.-]{{1,29}}")
_HEAD_BEFORE: Final = {"format", "version", "made_at", "migrations"}
"""What stood in a head before there were digests."""
_MOST_HEAD: Final = 64 * 1024 * 1024
_MOST_NESTED: Final = 8
"""Brackets in a head, which has four: no parser is sent down a well."""
_BLOCK: Final = tarfile.BLOCKSIZE
_CHUNK: Final = 1024 * 1024
_UNKNOWN: Final = "0" * 64
_LAST: Final = b"laurel-backup sha256 %s\n"
_LAST_SIZE: Final = len(_LAST % _UNKNOWN.encode())


def is_name(name: str) -> bool:
    """Whether a backup may have a member of this name (beside its head)."""
    return _NAMES.fullmatch(name) is not None


class Writer:
    """Writes a backup into an empty stream that can be read and sought: each member of `names`, then `finish`.

    `head` is what is said of it; the digests of the members come to it.
    """

    def __init__(self, stream: BinaryIO, head: Mapping[str, object], names: Collection[str]) -> None:
        self._stream = stream
        self._head = dict(head)
        self._made_at = datetime.fromisoformat(str(head["made_at"])).timestamp()
        self._digests = dict.fromkeys(names, _UNKNOWN)
        self._write_head()

    def _write_head(self) -> None:
        """The first member. It is as long with the digests as before, so it can be written again in its place."""
        with self._member(HEAD) as write:
            write(json.dumps({**self._head, "digests": self._digests}, indent=1).encode())

    @contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], object]]:
        """The next member: its bytes go where the block is told to write them, piece by piece."""
        digest = hashlib.sha256()
        with self._member(name) as put:

            def write(piece: bytes) -> None:
                digest.update(piece)
                put(piece)

            yield write
        self._digests[name] = digest.hexdigest()

    @contextmanager
    def _member(self, name: str) -> Iterator[Callable[[bytes], object]]:
        start = self._stream.tell()
        self._stream.write(bytes(_BLOCK))
        yield self._stream.write
        end = self._stream.tell()
        info = tarfile.TarInfo(name)
        info.mode, info.mtime, info.size = 0o600, self._made_at, end - start - _BLOCK
        self._stream.write(bytes(-info.size % _BLOCK))
        after = self._stream.tell()
        self._stream.seek(start)
        self._stream.write(info.tobuf(tarfile.GNU_FORMAT))  # which has sizes of more than 8 GiB in the same block
        self._stream.seek(after)

    def finish(self) -> None:
        """The digests into the head, the tar's end and the last line."""
        end = self._stream.tell()
        self._stream.seek(0)
        self._write_head()
        self._stream.seek(end)
        self._stream.write(bytes(2 * _BLOCK))
        self._stream.write(_LAST % _digest(self._stream, 0, end + 2 * _BLOCK).encode())


@dataclass(frozen=True)
class Backup:
    """A backup whose every byte has been looked at. `proved`: it has digests, and they are right.

    `made_at` (ISO 8601) and `version` are as it says; `migrations` are those of its tables, `names` its members.
    """

    file: Path
    version: str
    made_at: str
    migrations: tuple[str, ...]
    proved: bool
    _stream: BinaryIO
    _members: Mapping[str, tuple[int, int]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member, in pieces of at most a megabyte."""
        return _chunks(self._stream, *self._members[name])


@contextmanager
def opened(file: Path) -> Iterator[Backup]:
    """A backup, looked through from its first byte to its last; nothing is written.

    Refusals: cli.file_unreadable, restore.foreign (file), restore.damaged (file, part: a member's name, "" when what
    stands between the members is damaged), restore.newer (file, version, tables, known: tables of this version).
    """
    with ExitStack() as stack:
        try:
            found = _looked_through(file, stack.enter_context(file.open("rb")))
        except OSError as error:
            raise Refusal("cli.file_unreadable", file=file, reason=error.strerror or "") from error
        yield found


def _looked_through(file: Path, stream: BinaryIO) -> Backup:
    known = {name for name, _ in files()}
    size = stream.seek(0, 2)
    walk = _members(stream, size)
    try:
        name, *where = next(walk)
        if name != HEAD or where[1] > _MOST_HEAD:
            raise ValueError(name)
        text = b"".join(_chunks(stream, *where))
        if text.count(b"[") + text.count(b"{") > _MOST_NESTED:
            raise ValueError("nested")
        head = json.loads(text)
        if head["format"] != FORMAT:
            raise ValueError(head["format"])
        stated = _text(head.get("version", "?")), _text(head["made_at"]), tuple(map(str, head["migrations"]))
        digests: dict[str, str] = dict(head.get("digests", {}))
    except (StopIteration, ValueError, KeyError, TypeError, RecursionError, tarfile.TarError) as error:
        raise Refusal("restore.foreign", file=file) from error
    members: dict[str, tuple[int, int]] = {}
    try:
        for name, *where in walk:
            if not is_name(name) or name in members:
                raise Refusal("restore.damaged", file=file, part=_text(name))
            members[name] = where[0], where[1]
        rest = stream.tell()
        proved = bool(head.keys() - _HEAD_BEFORE)
        if proved:
            _prove(file, stream, size, members, digests)
        if not set(stated[2]) <= known:
            made = {"version": stated[0], "tables": tables(stated[2]), "known": tables(known)}
            raise Refusal("restore.newer", file=file, **made)
        if not proved and (DUMP not in members or any(any(piece) for piece in _chunks(stream, rest, size - rest))):
            raise Refusal("restore.damaged", file=file, part="")
    except (ValueError, tarfile.TarError) as error:
        # What the head names next cannot be found.
        part = next((_text(one) for one in digests if one not in members), "")
        raise Refusal("restore.damaged", file=file, part=part) from error
    return Backup(file, *stated, proved, stream, members)


def _prove(
    file: Path, stream: BinaryIO, size: int, members: Mapping[str, tuple[int, int]], digests: Mapping[str, str]
) -> None:
    """Every member against its digest, which finds what is damaged, then every byte against the last line."""
    for part in sorted(digests.keys() | members.keys() | {DUMP}):
        if part not in members or digests.get(part) != _digest(stream, *members[part]):
            raise Refusal("restore.damaged", file=file, part=_text(part))
    end = max(size - _LAST_SIZE, 0)
    if b"".join(_chunks(stream, end, size - end)) != _LAST % _digest(stream, 0, end).encode():
        raise Refusal("restore.damaged", file=file, part="")


def _text(value: object) -> str:
    """What a file says of itself, as it may be shown."""
    return "".join(letter for letter in str(value)[:100] if letter.isprintable())


def _members(stream: BinaryIO, size: int) -> Iterator[tuple[str, int, int]]:
    """(name, place, size) of each member up to the tar's end, behind which the stream then stands.

    ValueError, TarError at what a backup never has: anything but plain files, or one that is longer than the file.
    """
    place = 0
    while True:
        stream.seek(place)
        block = stream.read(_BLOCK)
        if block == bytes(_BLOCK):
            stream.seek(place + 2 * _BLOCK)
            return
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        if info.type != tarfile.REGTYPE or not 0 <= info.size <= size - place - _BLOCK:
            raise ValueError(info.name)
        yield info.name, place + _BLOCK, info.size
        place += _BLOCK + info.size + -info.size % _BLOCK


def _chunks(stream: BinaryIO, place: int, size: int) -> Iterator[bytes]:
    while size:
        stream.seek(place)
        piece = stream.read(min(size, _CHUNK))
        if not piece:
            raise ValueError("the end of the file")
        yield piece
        place, size = place + len(piece), size - len(piece)


def _digest(stream: BinaryIO, place: int, size: int) -> str:
    digest = hashlib.sha256()
    for piece in _chunks(stream, place, size):
        digest.update(piece)
    return digest.hexdigest()
