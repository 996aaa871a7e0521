"""Ids, codes and tokens; the clock; log lines."""

import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.runtime import chance, clock, logs


def test_ids_are_version_7_distinct_and_in_order_of_making() -> None:
    ids = [chance.new_id() for _ in range(1000)]
    assert all(type(one) is uuid.UUID and one.version == 7 for one in ids)
    assert len(set(ids)) == 1000
    assert [one.int >> 80 for one in ids] == sorted(one.int >> 80 for one in ids)


@given(st.integers(min_value=1, max_value=40))
def test_codes_have_the_length_and_only_clear_characters(length: int) -> None:
    code = chance.human_code(length)
    assert len(code) == length
    assert set(code) <= set(chance.ALPHABET)


def test_the_alphabet_is_unambiguous() -> None:
    assert not set(chance.ALPHABET) & set("01oilu" + "ae")
    assert chance.ALPHABET.islower()
    assert len(set(chance.ALPHABET)) == len(chance.ALPHABET) == 28
    with pytest.raises(ValueError, match="0"):
        chance.human_code(0)


def test_every_character_of_the_alphabet_comes() -> None:
    assert set(chance.human_code(5000)) == set(chance.ALPHABET)


def test_tokens_carry_256_bits() -> None:
    assert len({chance.token() for _ in range(100)}) == 100
    assert len(chance.token()) == 43


def test_the_clock_is_aware() -> None:
    assert clock.now().tzinfo is UTC


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What was written to stderr since last asked."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    root.handlers[:] = before
    root.setLevel(level)


def test_a_line_is_when_level_event_ids(lines: Callable[[], str]) -> None:
    logs.set_up("info")
    log = logs.Log("games.quizzes")
    log.info("round.closed", round=uuid.UUID(int=7), answers=198)
    log.debug("round.looked_at")
    log.warning("port.taken", reason='in "use"\nnow', nothing="")
    first, second = lines().splitlines()
    assert first[24:] == " info round.closed round=00000000-0000-0000-0000-000000000007 answers=198"
    assert second.endswith(r'warning port.taken reason="in \"use\"\nnow" nothing=""')


def test_passwords_never_reach_a_line(lines: Callable[[], str]) -> None:
    logs.set_up("debug")
    try:
        raise ValueError("cannot reach postgresql://laurel:hunter2@db/x?password=hunter3&a=1")
    except ValueError:
        logs.Log("server").failed("database.lost", url="redis://:hunter4@cache")
    logging.getLogger("uvicorn.error").info("redis://u:hunter5@cache")
    logging.getLogger("uvicorn.access").info("GET /in/token")
    text = lines()
    assert "hunter" not in text
    assert "ValueError" in text
    assert "redis://***@cache" in text
    assert "a=1" in text
    assert "/in/token" not in text


def test_setting_up_twice_says_things_once(lines: Callable[[], str]) -> None:
    logs.set_up("info")
    logs.set_up("info")
    logs.Log("server").error("thing.broke")
    assert lines().count("thing.broke") == 1
