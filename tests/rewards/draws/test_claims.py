"""The rules of a win: laws over every order of steps, and what a signature and a badge are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.draws import badges, claims
from rewards.draws.claims import OPEN, STEPS, WIN_STATES, Proxy, Win
from tests.rewards.draws.hall import chunk, png

NOW = datetime(2026, 9, 2, 12, tzinfo=UTC)
WINNER, CASHIER = uuid4(), uuid4()

steps = st.lists(st.sampled_from(sorted(STEPS)), max_size=12)
wins = st.builds(
    Win,
    st.sampled_from(WIN_STATES),
    st.sampled_from(["drawn", "closed", "cancelled"]),
    st.booleans(),
    st.just(WINNER),
    st.none() | st.timedeltas(timedelta(days=-2), timedelta(days=2)).map(lambda gap: NOW + gap),
)


@given(steps)
def test_a_win_ends_once_whatever_is_tried(tried: list[claims.Step]) -> None:
    state: str = "drawn"
    endings = 0
    for step in tried:
        reached = claims.after(state, step)
        assert (reached is None) == (state not in OPEN)
        endings += reached is not None and reached not in OPEN
        state = reached or state
    assert endings <= 1
    assert (endings == 1) == (state not in OPEN)


@given(wins, st.sampled_from([WINNER, CASHIER]))
def test_no_win_can_be_claimed_and_expire_at_the_same_instant(win: Win, by: UUID) -> None:
    claimable = claims.claim_flaw(win, by=by, now=NOW) is None
    assert not (claimable and claims.may_expire(win, NOW))
    assert not (claims.decline_flaw(win, by=by, now=NOW) is None and claims.may_expire(win, NOW))
    if claimable:
        assert by != win.member
        assert win.state in OPEN
        assert not win.rehearsal
        assert win.draw_state != "cancelled"
        assert win.expires_at is None or win.expires_at > NOW
    if claims.decline_flaw(win, by=by, now=NOW) is None:
        assert by == win.member
        assert win.draw_state == "closed"


PEOPLE = [WINNER, CASHIER, uuid4(), uuid4()]
ACTS = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["claim", "undo"])), max_size=20)


@given(ACTS)
def test_no_single_person_gives_a_prize_out_twice(acts: list[tuple[UUID, str]]) -> None:
    """Whatever each tries in whatever order: between two hand-overs stands somebody else than who made either, and
    never the winner."""
    win = Win("drawn", "closed", False, WINNER, None)
    done: list[tuple[str, UUID]] = []
    for by, act in acts:
        if act == "claim" and claims.claim_flaw(win, by=by, now=NOW) is None:
            win = replace(win, state="claimed", giver=by)
        elif act == "undo" and claims.undo_flaw(win, by=by, why="wrong") is None:
            win = replace(win, state="drawn", giver=None, undone_by=by)
        else:
            continue
        done.append((act, by))
    assert [act for act, _ in done] == (["claim", "undo"] * len(done))[: len(done)]
    assert WINNER not in {by for _, by in done}
    assert all(one[1] != other[1] for one, other in pairwise(done))


@given(wins)
def test_a_rehearsal_is_never_fetched_and_never_lapses(win: Win) -> None:
    played = Win(win.state, win.draw_state, True, win.member, win.expires_at)
    assert claims.claim_flaw(played, by=CASHIER, now=NOW) == "claim.rehearsal"
    assert claims.decline_flaw(played, by=WINNER, now=NOW) == "claim.rehearsal"
    assert not claims.may_expire(played, NOW)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("drawn", None),
        ("called", None),
        ("claimed", "claim.already"),
        ("absent", "claim.absent"),
        ("declined", "claim.declined"),
        ("expired", "claim.expired"),
        ("annulled", "claim.called_off"),
    ],
)
def test_every_state_has_its_answer(state: str, code: str | None) -> None:
    assert claims.claim_flaw(Win(state, "closed", False, WINNER, None), by=CASHIER, now=NOW) == code


def test_the_window_ends_at_its_instant() -> None:
    end = claims.window(NOW, 30)
    assert end == NOW + timedelta(days=30)
    assert claims.window(NOW, 0) is None
    assert not claims.is_over(end, end - timedelta(microseconds=1))
    assert claims.is_over(end, end)
    assert not claims.is_over(None, NOW + timedelta(days=10_000))


@pytest.mark.parametrize(
    ("proxy", "code"),
    [
        (Proxy("Sun Li", "on night shift"), None),
        (Proxy("", "on night shift"), "claim.proxy_name"),
        (Proxy("x" * 201, "on night shift"), "claim.proxy_name"),
        (Proxy("Sun Li", ""), "claim.proxy_why"),
        (Proxy("Sun Li", "x" * 301), "claim.proxy_why"),
        (Proxy("zhao MIN", "on night shift"), "claim.proxy_own"),
    ],
)
def test_a_proxy_has_a_name_and_a_reason_and_is_not_who_hands_over(proxy: Proxy, code: str | None) -> None:
    assert claims.proxy_flaw(proxy, own_name=" Zhao  Min ") == code


def test_a_proxy_is_read_from_one_line_each() -> None:
    assert claims.read_proxy(" ", "\u200b") is None
    assert claims.read_proxy(" Sun\nLi ", "") == Proxy("Sun Li", "")


@given(st.integers(1, 2000), st.integers(1, 1000))
def test_a_whole_picture_is_a_signature(width: int, height: int) -> None:
    assert claims.signature_flaw(png(width, height)) is None


@given(st.data())
def test_a_changed_byte_is_no_signature(data: st.DataObject) -> None:
    whole = png()
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(1, 255))
    changed = whole[:place] + bytes([whole[place] ^ other]) + whole[place + 1 :]
    assert claims.signature_flaw(changed) == "claim.signature_form"


@given(st.binary(max_size=200))
def test_bytes_are_no_signature(content: bytes) -> None:
    assert claims.signature_flaw(content) == "claim.signature_form"
    assert claims.signature_flaw(png() + content) == ("claim.signature_form" if content else None)


def test_other_pictures_are_no_signature() -> None:
    assert claims.signature_flaw(png(2001, 1)) == "claim.signature_form"
    assert claims.signature_flaw(png(1, 1001)) == "claim.signature_form"
    assert claims.signature_flaw(png(extra=chunk(b"ABCD", b""))) == "claim.signature_form"
    assert claims.signature_flaw(png(extra=chunk(b"IHDR", b"x" * 13))) == "claim.signature_form"
    assert claims.signature_flaw(png()[:-12]) == "claim.signature_form"
    assert claims.signature_flaw(b"x" * (claims.MOST_SIGNATURE + 1)) == "claim.signature_large"


def test_what_a_device_adds_to_a_picture_is_not_kept() -> None:
    added = png(extra=chunk(b"tEXt", b"Comment\0hello") + chunk(b"eXIf", b"where and when"))
    assert claims.signature_flaw(added) is None
    assert claims.plain_signature(added) == png()
    assert claims.plain_signature(png(extra=chunk(b"tRNS", b"\0\0"))) == png(extra=chunk(b"tRNS", b"\0\0"))


@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_a_piece_takes_its_value_and_one_of_the_stock(value: int, money: bool, goods: bool) -> None:
    budget, stock = (uuid4() if money else None), (uuid4() if goods else None)
    piece = claims.each_piece(value, budget, stock)
    assert piece.get(budget, 0) == (value if money else 0)  # type: ignore[arg-type]
    assert piece.get(stock, 0) == (1 if goods else 0)  # type: ignore[arg-type]
    assert all(piece.values())
    assert list(piece) == sorted(piece)


numbers, lines = st.integers(1, 999_999_999), st.integers(0, 999_999_999)


@given(st.binary(min_size=32, max_size=32), numbers, lines)
def test_a_badge_is_found_in_whatever_a_scanner_types(key: bytes, number: int, line: int) -> None:
    text = badges.badge_text(key, number, line)
    made = badges.Badge(number, line, text.rpartition("-")[2])
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)
    for typed in (text, text.upper(), f"http://laurel.local/here/{text}\r\n", f" {text}?a=b", wide):
        assert badges.find_badge(typed) == made
    assert badges.is_genuine(key, made)
    assert len(text) <= 32


@given(st.binary(min_size=32, max_size=32), st.tuples(numbers, lines), st.tuples(numbers, lines))
def test_a_seal_is_for_one_line_of_one_draw(key: bytes, one: tuple[int, int], other: tuple[int, int]) -> None:
    made = badges.find_badge(badges.badge_text(key, *one))
    assert made is not None
    assert badges.is_genuine(key, made._replace(number=other[0], line=other[1])) == (one == other)
    assert not badges.is_genuine(bytes(32) if key != bytes(32) else b"x" * 32, made)
    assert not badges.is_genuine(key, made._replace(seal="a" * 11 + ("b" if made.seal[-1] == "a" else "a")))


@given(st.text(max_size=60))
def test_other_texts_hold_no_badge(text: str) -> None:
    found = badges.find_badge(text)
    assert found is None or len(found.seal) == badges.SEAL


@pytest.mark.parametrize(
    "text", ["", "E-0001", "0-1-aaaaaaaaaaaa", "1-01-aaaaaaaaaaaa", "1-1-aaaaaaaaaaa", "1-1-" + "a" * 13]
)
def test_nearly_a_badge_is_none(text: str) -> None:
    assert badges.find_badge(text) is None
