"""Text without what hides, reorders or controls."""

from hypothesis import given
from hypothesis import strategies as st

from rewards.sheets import one_line, plain_text


def test_text_that_hides_or_reorders_is_made_plain() -> None:
    assert plain_text("\ufeff Li\u202e\u2066 Na\u200b\x07\r\n2\u2029e\u0301 ") == "Li Na\n2\né"
    assert plain_text("👩\u200d🔧 می\u200cخواهم") == "👩\u200d🔧 می\u200cخواهم"
    assert one_line(" a \t\n b\u3000c ") == "a b c"


@given(st.text(max_size=60))
def test_plain_text_is_plain_and_settled(text: str) -> None:
    once = plain_text(text)
    assert plain_text(once) == once
    assert not any(sign in once for sign in "\x00\x1b\x7f\r\u202e\u2067\u200b\ufeff")
