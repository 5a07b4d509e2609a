"""Phrases: 24 words hold 32 bytes exactly, a mistaken word shows, and what follows from them never changes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.adapters.system.wordlist import english
from cinepeer.errors import BadInput
from cinepeer.records.phrase import inception_nonce, parse_phrase, phrase_of, root_seed
from cinepeer.rights.signatures import address_of
from cinepeer.rights.wallet import account_key

# The published vectors of BIP-39 for 256 bits.
VECTORS = {
    bytes(32): "abandon " * 23 + "art",
    b"\x7f" * 32: "legal winner thank year wave sausage worth useful " * 2
    + "legal winner thank year wave sausage worth title",
    b"\x80" * 32: "letter advice cage absurd amount doctor acoustic avoid " * 2
    + "letter advice cage absurd amount doctor acoustic bless",
    b"\xff" * 32: "zoo " * 23 + "vote",
}


@pytest.mark.parametrize("entropy", VECTORS, ids=lambda entropy: entropy[:1].hex())
def test_the_published_vectors_hold(entropy: bytes) -> None:
    assert phrase_of(entropy, english()) == VECTORS[entropy]
    assert parse_phrase(VECTORS[entropy], english()) == entropy


@given(st.binary(min_size=32, max_size=32))
def test_words_and_bytes_are_one(entropy: bytes) -> None:
    words = phrase_of(entropy, english())
    assert len(words.split()) == 24
    assert parse_phrase(f"  {words.upper()}\n", english()) == entropy


@given(st.binary(min_size=32, max_size=32), st.integers(0, 23), st.integers(0, 2047))
def test_another_word_never_gives_the_same_bytes(entropy: bytes, place: int, other: int) -> None:
    words = phrase_of(entropy, english()).split()
    if words[place] == english()[other]:
        return
    words[place] = english()[other]
    try:
        found = parse_phrase(" ".join(words), english())
    except BadInput as error:
        assert "checksum" in str(error)
    else:
        assert found != entropy


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "found 0 words, expected the 24"),
        ("abandon " * 23, "found 23 words"),
        ("abandon " * 25, "found 25 words"),
        ("abandon " * 23 + "abandon", "whose checksum does not hold"),
        ("abandon " * 22 + "sesame7 art", "found a word 23 that is not in the list"),
    ],
)
def test_a_mistyped_phrase_is_one_sentence_that_does_not_repeat_it(text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as caught:
        parse_phrase(text, english())
    assert "abandon" not in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_only_32_bytes_have_a_phrase() -> None:
    with pytest.raises(ValueError, match="found 16 bytes"):
        phrase_of(bytes(16), english())


def test_what_follows_from_a_phrase_is_frozen() -> None:
    assert root_seed(bytes(32), 0).hex() == "1d9ad44ed2c8e9d92121b9db7a6c42ee0faae9c15bb16dd22bf97594d63417fa"
    assert root_seed(bytes(32), 1).hex() == "8e5742626bdb45edd9e9cc1bd92d8f21658006f99d16f1255cb779e893026521"
    assert inception_nonce(bytes(32)).hex() == "10d308b50df5179a72c941bc869ee9ca"
    assert root_seed(bytes(32), 0) != root_seed(hashlib.sha256(b"").digest(), 0)


def test_the_account_is_the_one_that_wallets_find() -> None:
    from eth_account.hdaccount import key_from_seed, seed_from_mnemonic

    for words in VECTORS.values():
        expected = key_from_seed(seed_from_mnemonic(words, ""), "m/44'/60'/0'/0/0")
        assert account_key(words) == expected
    assert address_of(account_key(VECTORS[bytes(32)])).hex() == "f278cf59f82edcf871d630f28ecc8056f25c1cdb"
