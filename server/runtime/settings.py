"""What this process was told: read once, from the environment and the data folder, and never changed.

`load` only reads; `prepare` makes the data folder and, at the first start, its secret.
"""

import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import psutil

from server.runtime import folder
from server.runtime.logs import LEVELS, Level, masked
from server.runtime.refusals import Refusal

Origin = Literal["default", "environment", "file"]
Language = Literal["en", "zh-Hans"]
DATABASE_PORT: Final = 5432
"""Only the last part of the embedded database's socket name; no port is opened."""


class SettingsError(Refusal):
    """A setting is unknown or wrong, or what it asks for cannot be had.

    `settings.unknown` name, nearest (maybe None) · `settings.invalid` name, reason (a short code), value (masked)
    · `port.taken` host, port, pid, program (maybe None) · `port.forbidden` host, port · `host.unknown` host
    · `secret.missing` folder.
    """


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in force. Printing it shows no secret."""

    data: Path  # absolute, symbolic links resolved
    host: str
    port: int  # 0..65535; 0 = any free one, known after bind
    public_url: str  # no slash at the end
    external_database_url: str | None
    external_redis_url: str | None
    web_processes: int
    worker_processes: int
    database_pool: int  # connections per process
    time_zone: str  # IANA
    language: Language
    organisation: str
    draw_retention_years: int  # how long it is kept who stood behind the lines of a draw; 0 = for ever
    trusted_proxies: tuple[str, ...]  # addresses or networks; empty = believe nobody's X-Forwarded-*
    log: Level
    postgres_bin: Path | None
    valkey_bin: Path | None
    sockets: Path
    known_secret: bytes | None
    origins: dict[str, Origin]

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value}' for name, value, _ in describe(self))})"

    __str__ = __repr__

    @property
    def database_url(self) -> str:
        """The database that every process uses: the given one, else the embedded one's socket."""
        if self.external_database_url is not None:
            return self.external_database_url
        return f"postgresql://laurel@/laurel?host={quote(str(self.sockets))}&port={DATABASE_PORT}"

    @property
    def redis_url(self) -> str:
        """The Redis that every process uses: the given one, else the embedded one's socket."""
        if self.external_redis_url is not None:
            return self.external_redis_url
        return f"unix://{self.sockets / 'valkey.sock'}"

    @property
    def secret(self) -> bytes:
        """32 bytes that sign for this Laurel. SettingsError `secret.missing` before the first start."""
        if self.known_secret is None:
            raise SettingsError("secret.missing", folder=self.data)
        return self.known_secret

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose ("csrf", "session" ...), unrelated to those of another to who has only one."""
        return hmac.digest(self.secret, b"laurel/" + purpose.encode(), "sha256")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class _Wrong(ValueError):
    """The text cannot be this setting; its message is the reason's code."""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
            raise _Wrong(f"number.{low}-{high}")
        return int(text)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise _Wrong("one-of." + "|".join(choices))
        return text

    return parse


def _address(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            parts = urlsplit(text)
            usable = parts.scheme in schemes and not re.search(r"[\x00-\x1f\x7f]", text)
            usable = usable and bool(parts.netloc or parts.path.strip("/"))
            _ = parts.port
        except ValueError:
            usable = False
        if not usable:
            raise _Wrong("address." + "|".join(schemes))
        return text

    return parse


def _public_url(text: str) -> str:
    text = _address("http", "https")(text).rstrip("/")
    parts = urlsplit(text)
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise _Wrong("address.origin-only")
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z.:_-]{1,253}", text):
        raise _Wrong("host")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _Wrong("time-zone") from error
    return text


def _organisation(text: str) -> str:
    text = " ".join(text.split())
    if not 1 <= len(text) <= 80 or not text.isprintable():
        raise _Wrong("text.1-80")
    return text


def _proxies(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(item.strip(), strict=False)) for item in text.split(",") if item.strip())
    except ValueError as error:
        raise _Wrong("networks") from error


def _secret(text: str) -> bytes:
    if len(text) < 32 or len(set(text)) < 8:
        raise _Wrong("secret.32-characters")
    return hashlib.sha256(text.encode()).digest()


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise _Wrong("home") from error


_PARSERS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "LAUREL_DATA": ("data", _path),
    "LAUREL_HOST": ("host", _host),
    "LAUREL_PORT": ("port", _whole(0, 65535)),
    "LAUREL_PUBLIC_URL": ("public_url", _public_url),
    "LAUREL_DATABASE_URL": ("external_database_url", _address("postgresql", "postgres")),
    "LAUREL_REDIS_URL": ("external_redis_url", _address("redis", "rediss", "unix")),
    "LAUREL_WEB_PROCESSES": ("web_processes", _whole(1, 128)),
    "LAUREL_WORKER_PROCESSES": ("worker_processes", _whole(0, 32)),
    "LAUREL_DATABASE_POOL": ("database_pool", _whole(2, 100)),
    "LAUREL_TIME_ZONE": ("time_zone", _zone),
    "LAUREL_LANGUAGE": ("language", _one_of("en", "zh-Hans")),
    "LAUREL_ORGANISATION": ("organisation", _organisation),
    "LAUREL_DRAW_RETENTION_YEARS": ("draw_retention_years", _whole(0, 100)),
    "LAUREL_TRUSTED_PROXIES": ("trusted_proxies", _proxies),
    "LAUREL_LOG": ("log", _one_of(*LEVELS)),
    "LAUREL_SECRET": ("known_secret", _secret),
    "LAUREL_POSTGRES_BIN": ("postgres_bin", _path),
    "LAUREL_VALKEY_BIN": ("valkey_bin", _path),
}
_HIDDEN: Final = ("LAUREL_SECRET",)
_FOREIGN: Final = ("LAUREL_TEST_",)
"""Names that begin so are for the tests of Laurel, not for Laurel."""


def load(environ: Mapping[str, str], cwd: Path) -> Settings:
    """Read every setting. An empty value counts as absent. Nothing is written; no server is asked.

    SettingsError `settings.unknown`, `settings.invalid`; Refusal `data.unreadable`.
    """
    given: dict[str, Any] = {}
    origins: dict[str, Origin] = dict.fromkeys(_PARSERS, "default")
    for name in sorted(environ):
        if not name.startswith("LAUREL_") or name.startswith(_FOREIGN):
            continue
        if name not in _PARSERS:
            nearest = get_close_matches(name, _PARSERS, n=1)
            raise SettingsError("settings.unknown", name=name, nearest=nearest[0] if nearest else None)
        text = environ[name].strip()
        if not text:
            continue
        field, parse = _PARSERS[name]
        try:
            given[field] = parse(text)
        except _Wrong as wrong:
            shown = "***" if name in _HIDDEN else masked(text)
            raise SettingsError("settings.invalid", name=name, reason=str(wrong), value=shown) from None
        origins[name] = "environment"

    data = (cwd / given.pop("data", Path("data"))).resolve()
    for field in ("postgres_bin", "valkey_bin"):
        if field in given:
            given[field] = cwd / given[field]
    if "known_secret" not in given:
        given["known_secret"] = _stored_secret(data)
        if given["known_secret"] is not None:
            origins |= {"LAUREL_SECRET": "file"}
    host, port = given.pop("host", "127.0.0.1"), given.pop("port", 8080)
    defaults: dict[str, Any] = {
        "public_url": derived_url(host, port) if "public_url" not in given else "",
        "external_database_url": None,
        "external_redis_url": None,
        "web_processes": max(1, _cores() - 1),
        "worker_processes": 1,
        "database_pool": 5,
        "time_zone": "Asia/Shanghai",
        "language": "en",
        "organisation": "Laurel",
        "draw_retention_years": 3,
        "trusted_proxies": (),
        "log": "info",
        "postgres_bin": None,
        "valkey_bin": None,
    }
    return Settings(
        data=data,
        host=host,
        port=port,
        sockets=folder.sockets(data, environ),
        origins=origins,
        **(defaults | given),
    )


def prepare(settings: Settings) -> Settings:
    """Make the data folder and, unless one is known, the secret (32 random bytes in DATA/secrets.json, 0600).

    Two processes that do it at once end with the same secret. Refusal `data.unusable`.
    """
    folder.create(settings.data)
    if settings.known_secret is not None:
        return settings
    path = settings.data / "secrets.json"
    folder.write(path, json.dumps({"secret": secrets.token_hex(32)}) + "\n", only_new=True)
    return msgspec.structs.replace(
        settings,
        known_secret=_stored_secret(settings.data),
        origins=settings.origins | {"LAUREL_SECRET": "file"},
    )


def _stored_secret(data: Path) -> bytes | None:
    """None when none was made yet. `data.damaged` when the file is there and holds none: a new one would
    silently sign everybody out."""
    path = data / "secrets.json"
    content = folder.read(path)
    if content is None and not os.path.lexists(path):
        return None
    stored = (content or {}).get("secret")
    if not isinstance(stored, str) or not re.fullmatch(r"[0-9a-f]{64}", stored):
        raise Refusal("data.damaged", file=path)
    return bytes.fromhex(stored)


def describe(settings: Settings) -> list[tuple[str, str, Origin]]:
    """(name, value as it may be shown, where it came from) in a fixed order; secrets and passwords as ***."""
    shown: dict[str, object] = {
        "LAUREL_DATABASE_URL": masked(settings.database_url),
        "LAUREL_REDIS_URL": masked(settings.redis_url),
        "LAUREL_TRUSTED_PROXIES": ",".join(settings.trusted_proxies),
        "LAUREL_SECRET": "***" if settings.known_secret else "",
        "LAUREL_POSTGRES_BIN": settings.postgres_bin or "",
        "LAUREL_VALKEY_BIN": settings.valkey_bin or "",
    }
    return [
        (name, str(shown[name] if name in shown else getattr(settings, field)), settings.origins[name])
        for name, (field, _) in _PARSERS.items()
    ]


def child_environ(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with which a process of ours reads the same settings, wherever it is started.

    What is derived once (addresses, the port in use) is said outright; the made secret stays in its file.
    """
    said = {
        "LAUREL_DATA": str(settings.data),
        "LAUREL_HOST": settings.host,
        "LAUREL_PORT": str(settings.port),
        "LAUREL_PUBLIC_URL": settings.public_url,
        "LAUREL_WEB_PROCESSES": str(settings.web_processes),
    }
    return dict(environ) | said


def served_at(settings: Settings, port: int) -> Settings:
    """The settings after binding: the real port, and the address that follows from it unless it was given."""
    given = settings.origins["LAUREL_PUBLIC_URL"] == "environment"
    address = settings.public_url if given else derived_url(settings.host, port)
    return msgspec.structs.replace(settings, port=port, public_url=address)


def derived_url(host: str, port: int) -> str:
    """The address for phones: of the host listened on, or of this machine in its network when that is "all"."""
    try:
        number = ipaddress.ip_address(host)
        name = host if not number.is_unspecified else lan_address()
    except ValueError:
        name = host
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}" if port == 80 else f"http://{name}:{port}"


def lan_address() -> str:
    """This machine's first IPv4 address in its network (the one that leads out); 127.0.0.1 without any."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: only chooses the route, sends nothing
            return cast(str, probe.getsockname()[0])
        except OSError:
            pass
    for name, addresses in sorted(psutil.net_if_addrs().items()):
        up = psutil.net_if_stats().get(name)
        for address in addresses:
            if address.family == socket.AF_INET and up and up.isup and not address.address.startswith("127."):
                return address.address
    return "127.0.0.1"


def _cores() -> int:
    """Cores this process may run on (a container's or taskset's share where the system tells)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
