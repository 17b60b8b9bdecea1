from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.clean.shingles import encode, shingle, tokenise


def tokens(text: str) -> list[bytes]:
    data = encode(text)
    found = tokenise(data)
    return [data[s:e] for s, e in zip(found.starts, found.ends, strict=True)]


def sets(texts: list[str], n: int) -> list[set[int]]:
    found = shingle(texts, n)
    return [set(found.of(index).tolist()) for index in range(len(found))]


def test_a_token_is_a_word_or_one_mark() -> None:
    wanted = [b"def", b"f_1", b"(", "größe".encode(), b")", b":", b"+", b"+"]
    assert tokens("  def f_1(größe):\n\t++ ") == wanted


def test_a_character_of_a_script_without_spaces_is_a_token() -> None:
    text = "\u6c42xs\u7684\u548c\u3002"  # the sum of xs, in Chinese
    assert tokens(text) == [c.encode() for c in ("\u6c42", "xs", "\u7684", "\u548c", "\u3002")]


def test_a_sign_beyond_ascii_ends_a_word_and_an_accent_does_not() -> None:
    assert tokens("x\u2192y") == [b"x", "\u2192".encode(), b"y"]
    assert tokens("Vi\u1ec7t \u03b1\u03b2") == ["Vi\u1ec7t".encode(), "\u03b1\u03b2".encode()]


def test_case_and_white_space_do_not_count() -> None:
    assert sets(["Return the SUM of x.\n"], 3) == sets(["return  the sum\tof X ."], 3)


def test_letters_in_another_order_are_another_token() -> None:
    one, other = tokenise(b"abc acb").hashes
    assert one != other


def test_a_text_has_a_shingle_for_every_n_tokens_in_a_row() -> None:
    assert shingle(["a b c d e", "a b", "", "a a a a"], 3).sizes.tolist() == [3, 1, 0, 1]


def test_the_order_of_tokens_counts() -> None:
    one, other = sets(["a b c", "c b a"], 3)
    assert not one & other


def test_shingles_do_not_cross_from_text_to_text() -> None:
    assert sets(["a b c", "d e f"], 3) == [*sets(["a b c"], 3), *sets(["d e f"], 3)]


@given(
    st.lists(st.text(alphabet="ab é\n+_\ud800\u4e2d", max_size=12), max_size=6), st.integers(1, 4)
)
def test_two_texts_share_as_many_shingles_as_their_tokens_say(texts: list[str], n: int) -> None:
    expected = [
        {tuple(t[i : i + n]) for i in range(max(1, len(t) - n + 1))} if t else set()
        for t in map(tokens, texts)
    ]
    found = sets(texts, n)
    for one, wanted_one in zip(found, expected, strict=True):
        for other, wanted_other in zip(found, expected, strict=True):
            assert len(one & other) == len(wanted_one & wanted_other)


def test_hashes_are_the_same_on_every_machine_and_in_every_version() -> None:
    assert shingle(["def f(x): return x"], 8).hashes.tolist() == [0x0F1F204F3070E3A3]
