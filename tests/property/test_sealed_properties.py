"""No nonce is used twice under one key, and nothing opens but what was sealed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cinepeer.content.cipher import content_key, file_key, nonce_of, seal, sealed_of, unseal
from cinepeer.errors import Refused

NAMES = st.text("abcxyz0189._-/\0é字", min_size=1, max_size=12)
SEGMENTS = st.integers(0, 99_999).map(lambda number: f"{number:05d}.m4s")
PATHS = st.one_of(NAMES, st.tuples(st.sampled_from(["240", "480", "720", "1080", "audio"]), SEGMENTS).map("/".join))
KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS, st.lists(PATHS, min_size=2, max_size=40, unique=True))
def test_no_two_files_of_a_version_share_a_key_and_nonce(key, paths):
    used = {(file_key(key, path), nonce_of(path)) for path in paths}
    assert len(used) == len(paths)
    assert len({file_key(key, path) for path in paths}) == len(paths)


@given(st.integers(0, 99_998), st.integers(0, 99_998))
def test_no_two_segments_of_a_rendition_share_a_nonce(one, other):
    nonces = {nonce_of(f"480/{one:05d}.m4s"), nonce_of(f"480/{other:05d}.m4s"), nonce_of("480/init_480.mp4")}
    assert len(nonces) == (2 if one == other else 3)


@given(
    KEYS,
    st.dictionaries(PATHS, st.binary(min_size=32, max_size=32), min_size=1, max_size=8),
    st.dictionaries(PATHS, st.binary(min_size=32, max_size=32), min_size=1, max_size=8),
)
def test_two_versions_share_a_content_key_only_when_every_file_is_the_same(secret, one, other):
    assert (content_key(secret, one.items()) == content_key(secret, other.items())) == (one == other)


@given(KEYS, PATHS, st.binary(max_size=200), st.integers(0, 1_000), st.integers(1, 255))
def test_a_changed_byte_anywhere_opens_nothing(key, path, plain, place, change):
    sealed = bytearray(seal(key, path, plain))
    assert unseal(key, path, bytes(sealed)) == plain
    sealed[place % len(sealed)] ^= change
    try:
        unseal(key, path, bytes(sealed))
    except Refused as error:
        assert error.reason == "bad-seal"
    else:
        raise AssertionError("a changed file opened")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.binary(max_size=33),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["scheme", "key", "custodians"]), inner)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_any_word_on_sealing_is_read_or_refused(said):
    try:
        found = sealed_of({"sealed": said})
    except Refused:
        return
    assert found is not None and found.to_map() == said
