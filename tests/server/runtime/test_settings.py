"""Settings: what is in force, where it came from, and what is refused."""

import contextlib
import json
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.runtime.refusals import Refusal
from server.runtime.settings import (
    Settings,
    SettingsError,
    child_environ,
    derived_url,
    describe,
    load,
    prepare,
    served_at,
)


def refused(environ: dict[str, str], cwd: Path) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(environ, cwd)
    return caught.value


def test_nothing_given_gives_defaults_and_writes_nothing(tmp_path: Path) -> None:
    settings = load({"PATH": "/bin", "LAURELS": "1"}, tmp_path)
    assert settings.data == tmp_path / "data"
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert settings.time_zone == "Asia/Shanghai"
    assert settings.language == "en"
    assert settings.worker_processes == 1
    assert settings.web_processes >= 1
    assert set(settings.origins.values()) == {"default"}
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SettingsError, match=r"secret\.missing"):
        _ = settings.secret


def test_the_environment_wins_and_says_so(tmp_path: Path) -> None:
    settings = load(
        {
            "LAUREL_DATA": "here",
            "LAUREL_HOST": "0.0.0.0",
            "LAUREL_PORT": " 9000 ",
            "LAUREL_PUBLIC_URL": "https://laurel.example.org/",
            "LAUREL_TRUSTED_PROXIES": "10.0.0.1, 192.168.0.0/16",
            "LAUREL_LANGUAGE": "zh-Hans",
            "LAUREL_ORGANISATION": "  江南 工会 ",
            "LAUREL_LOG": "",
        },
        tmp_path,
    )
    assert settings.data == tmp_path / "here"
    assert settings.port == 9000
    assert settings.public_url == "https://laurel.example.org"
    assert settings.trusted_proxies == ("10.0.0.1/32", "192.168.0.0/16")
    assert settings.organisation == "江南 工会"
    origins = {name: origin for name, _, origin in describe(settings)}
    assert origins["LAUREL_PORT"] == "environment"
    assert origins["LAUREL_LOG"] == "default"


def test_an_unknown_name_is_refused_with_the_nearest(tmp_path: Path) -> None:
    error = refused({"LAUREL_PROT": "1"}, tmp_path)
    assert (error.code, error.details) == ("settings.unknown", {"name": "LAUREL_PROT", "nearest": "LAUREL_PORT"})
    assert load({"LAUREL_TEST_DATABASE_URL": "x"}, tmp_path).port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAUREL_PORT", "65536"),
        ("LAUREL_PORT", "-1"),
        ("LAUREL_PORT", "８０"),
        ("LAUREL_WEB_PROCESSES", "0"),
        ("LAUREL_HOST", "a b"),
        ("LAUREL_PUBLIC_URL", "ftp://x"),
        ("LAUREL_PUBLIC_URL", "https://x/path"),
        ("LAUREL_PUBLIC_URL", "https://u:p@x"),
        ("LAUREL_DATABASE_URL", "mysql://x/y"),
        ("LAUREL_DATABASE_URL", "postgresql://x:port/y"),
        ("LAUREL_REDIS_URL", "redis://"),
        ("LAUREL_TIME_ZONE", "Asia/Peking-ish"),
        ("LAUREL_TIME_ZONE", "../etc/passwd"),
        ("LAUREL_LANGUAGE", "fr"),
        ("LAUREL_ORGANISATION", "x" * 81),
        ("LAUREL_TRUSTED_PROXIES", "*"),
        ("LAUREL_LOG", "loud"),
        ("LAUREL_SECRET", "short"),
        ("LAUREL_SECRET", "a" * 64),
        ("LAUREL_DATA", "~no-such-user-here/data"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    error = refused({name: value}, tmp_path)
    assert error.code == "settings.invalid"
    assert error.details["name"] == name


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    environ = {
        "LAUREL_SECRET": "correct horse battery staple 0123456789",
        "LAUREL_DATABASE_URL": "postgresql://laurel:hunter2@db/laurel?sslmode=require&password=hunter3",
        "LAUREL_REDIS_URL": "rediss://:hunter4@cache/0",
    }
    settings = prepare(load(environ, tmp_path))
    for text in (repr(settings), str(settings), str(describe(settings)), f"{settings}"):
        assert "hunter" not in text
        assert "staple" not in text
        assert settings.secret.hex() not in text
        assert repr(settings.secret) not in text
    assert settings.database_url == environ["LAUREL_DATABASE_URL"]
    assert not (tmp_path / "data" / "secrets.json").exists()
    for name in ("LAUREL_SECRET", "LAUREL_DATABASE_URL"):
        error = refused({name: "http://u:hunter2@x"}, tmp_path)
        assert "hunter" not in str(error)


def test_the_secret_is_made_once_and_found_again(tmp_path: Path) -> None:
    first = prepare(load({}, tmp_path))
    path = tmp_path / "data" / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = load({}, tmp_path)
    assert again.secret == first.secret == prepare(again).secret
    assert len(first.secret) == 32
    assert first.key("csrf") != first.key("session")
    assert ("LAUREL_SECRET", "***", "file") in describe(again)
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".")] == []


def test_racing_starts_end_with_one_secret(tmp_path: Path) -> None:
    found: list[bytes] = []
    starting = threading.Barrier(8)

    def start() -> None:
        settings = load({}, tmp_path)
        starting.wait()
        found.append(prepare(settings).secret)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"secret": "00"}', '{"secret": 7}', "not json"])
def test_a_damaged_secret_is_not_replaced(tmp_path: Path, content: str) -> None:
    prepare(load({}, tmp_path))
    (tmp_path / "data" / "secrets.json").write_text(content)
    with pytest.raises(Refusal, match=r"data\.damaged"):
        load({}, tmp_path)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(Refusal, match=r"data\.unusable"):
        prepare(load({}, tmp_path))


def test_the_mode_of_a_folder_that_was_there_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    prepare(load({}, tmp_path))
    assert stat.S_IMODE(data.stat().st_mode) == 0o755


def test_a_child_reads_the_same(tmp_path: Path) -> None:
    parent = served_at(prepare(load({"LAUREL_PORT": "0", "LAUREL_DATA": "d d"}, tmp_path)), 12345)
    assert parent.public_url == "http://127.0.0.1:12345"
    child = load(child_environ(parent, {"LAUREL_PORT": "0", "HOME": "/"}), Path("/"))
    shown = [(name, value) for name, value, _ in describe(child)]
    assert shown == [(name, value) for name, value, _ in describe(parent)]
    assert child.secret == parent.secret
    given = load({"LAUREL_PUBLIC_URL": "https://x"}, tmp_path)
    assert served_at(given, 9).public_url == "https://x"


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("::1", 8080, "http://[::1]:8080"),
        ("laurel.lan", 80, "http://laurel.lan"),
    ],
)
def test_the_derived_address(host: str, port: int, address: str) -> None:
    assert derived_url(host, port) == address


def test_listening_on_all_shows_an_address_that_phones_can_use() -> None:
    assert "0.0.0.0" not in derived_url("0.0.0.0", 8080)


def test_a_long_or_odd_path_gets_a_short_sockets_folder(tmp_path: Path) -> None:
    for name in ("x" * 120, "a,b", "50%", "what?", "it's"):
        chosen = load({"LAUREL_DATA": name}, tmp_path).sockets
        assert len(os.fsencode(chosen)) < 90
        assert not chosen.is_relative_to(tmp_path / name)
        assert chosen == load({"LAUREL_DATA": name}, tmp_path).sockets
    assert load({"LAUREL_DATA": "a b"}, tmp_path).sockets == tmp_path / "a b" / "run"


def test_recorded_sockets_are_found_only_from_the_same_folder(tmp_path: Path) -> None:
    data = prepare(load({}, tmp_path)).data
    (data / "sockets.json").write_text(json.dumps({"data": str(data), "sockets": "/tmp/elsewhere"}))
    assert load({}, tmp_path).sockets == Path("/tmp/elsewhere")
    moved = tmp_path / "moved"
    data.rename(moved)
    assert load({"LAUREL_DATA": str(moved)}, tmp_path).sockets == moved / "run"


@given(st.dictionaries(st.from_regex(r"LAUREL_[A-Z_]{1,20}", fullmatch=True), st.text(max_size=40), max_size=3))
def test_whatever_the_environment_says_it_loads_or_is_refused(environ: dict[str, str]) -> None:
    with contextlib.suppress(SettingsError):
        assert isinstance(load(environ, Path("/")), Settings)
