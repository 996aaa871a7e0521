"""Files that are sent byte for byte: read, hashed and compressed once, and kept by browsers under a hash for a year."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from litestar import Response, route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from rewards.refusals import Refusal
from server.web.frame import compression, conditional
from server.web.frame.asked import Asked

STATIC: Final = Path(__file__).resolve().parents[2] / "static"

_STYLES: Final = ("tokens.css", "kit.css")
_SCRIPTS: Final = ("kit.js", "countdown.js", "live.js")
BUNDLES: Final[Mapping[str, tuple[str, ...]]] = {
    "bundle/phone.css": (*_STYLES, "phone.css"),
    "bundle/desk.css": (*_STYLES, "desk.css"),
    "bundle/screen.css": (*_STYLES, "screen.css"),
    "bundle/phone.js": (*_SCRIPTS, "joy.js"),
    "bundle/desk.js": (*_SCRIPTS, "desk.js", "find.js"),
    "bundle/screen.js": (*_SCRIPTS, "joy.js", "screen.js"),
}
"""What every page of a face needs, one file after the other, so that a phone asks once. htmx stands alone: a browser
that is too old for it must read ours all the same."""


@dataclass(frozen=True, slots=True)
class File:
    """What is sent. `digest`: its SHA-256 in hex. `compressed`: in gzip; b"" where it is not kept so."""

    content: bytes
    media_type: str
    digest: str
    compressed: bytes = b""

    def size(self) -> int:
        """Bytes that it takes to keep it."""
        return len(self.content) + len(self.compressed)


def plain(content: bytes, media_type: str) -> File:
    """A file that is not kept, or not worth compressing once for all."""
    return File(content, media_type, hashlib.sha256(content).hexdigest())


def compressed(content: bytes, media_type: str) -> File:
    """A file that is kept compressed as well, unless that would be longer."""
    small = compression.gzipped(content, compression.THOROUGH)
    return replace(plain(content, media_type), compressed=small if len(small) < len(content) else b"")


def read(folder: Path, bundles: Mapping[str, tuple[str, ...]]) -> dict[str, File]:
    """Every file under a folder, by its path there, and the bundles of them. Raises KeyError for a part not there."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found |= {name: b"\n".join(found[part] for part in parts) for name, parts in bundles.items()}
    return {name: compressed(content, _type_of(name)) for name, content in found.items()}


def _type_of(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


@cache
def static() -> Mapping[str, File]:
    """What pages link to, by its path below /static/; read once a process."""
    return read(STATIC, BUNDLES)


@cache
def address(path: str) -> str:
    """Where one of them is, with the beginning of its hash, so that it may be kept for a year. Raises KeyError."""
    return f"/static/{path}?v={static()[path].digest[:8]}"


@route("/static/{file_path:path}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def send_static(request: Asked, file_path: FromPath[str]) -> Response[bytes]:
    """One of them: to be kept for a year under its hash, to be asked for again under any other address."""
    file = static().get(file_path.lstrip("/"))
    if file is None:
        raise Refusal("web.not_found")
    named = file.digest[:8] == request.query_params.get("v")
    return send(request, file, "public, max-age=31536000, immutable" if named else "no-cache")


def send(request: Asked, file: File, kept: str, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """A file, compressed where it is kept so and who asks can read it. `kept`: its Cache-Control."""
    own = {"Cache-Control": kept, "Vary": "Accept-Encoding", **(headers or {})}
    content = file.content
    if file.compressed and compression.accepts_gzip(dict(request.scope["headers"])):
        own["Content-Encoding"], content = "gzip", file.compressed
    if request.method == "HEAD":
        own["Content-Length"], content = str(len(content)), b""
    return conditional.answer(request, file.digest[:32], content, file.media_type, own)
