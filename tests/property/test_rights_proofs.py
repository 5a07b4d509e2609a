"""Proofs against the tries of py-trie: every key, present or absent, and every byte of a proof."""

from __future__ import annotations

import pytest
import rlp as reference_rlp
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from cinepeer.errors import Refused
from cinepeer.rights import rlp
from cinepeer.rights.keccak import keccak
from cinepeer.rights.trie import EMPTY_ROOT, read_proof

items = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=6), max_leaves=30)
entries = st.dictionaries(
    st.binary(min_size=1, max_size=3), st.binary(min_size=1, max_size=40), min_size=1, max_size=40
)


def grown(contents: dict[bytes, bytes]) -> HexaryTrie:
    trie = HexaryTrie({})
    for key, value in contents.items():
        trie[keccak(key)] = value
    return trie


def proof(trie: HexaryTrie, key: bytes) -> list[bytes]:
    return [reference_rlp.encode(node) for node in trie.get_proof(keccak(key))]


@given(items)
def test_rlp_agrees_with_the_reference_both_ways(item):
    data = rlp.encode(item)
    assert data == reference_rlp.encode(item)
    assert rlp.decode(data) == item


@given(st.binary(max_size=80))
def test_rlp_of_strangers_is_one_form_or_refused(data):
    try:
        item = rlp.decode(data)
    except Refused:
        return
    assert rlp.encode(item) == data


@given(entries, st.binary(min_size=1, max_size=3))
def test_a_proof_gives_the_value_or_shows_that_there_is_none(contents, key):
    trie = grown(contents)
    for wanted in {key, *contents}:
        found = read_proof(trie.root_hash, keccak(wanted), proof(trie, wanted))
        assert found == contents.get(wanted)


@given(entries, st.data())
def test_no_byte_of_a_proof_can_change(contents, data):
    trie = grown(contents)
    key = data.draw(st.sampled_from(sorted(contents)))
    nodes = proof(trie, key)
    at = data.draw(st.integers(0, len(nodes) - 1))
    place = data.draw(st.integers(0, len(nodes[at]) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = bytearray(nodes[at])
    changed[place] ^= flip
    with pytest.raises(Refused):
        read_proof(trie.root_hash, keccak(key), [*nodes[:at], bytes(changed), *nodes[at + 1 :]])


@given(entries, st.data())
def test_a_proof_with_a_node_more_or_less_is_refused(contents, data):
    trie = grown(contents)
    key = data.draw(st.sampled_from(sorted(contents)))
    nodes = proof(trie, key)
    at = data.draw(st.integers(0, len(nodes) - 1))
    for wrong in ([*nodes[:at], *nodes[at + 1 :]], [*nodes, nodes[at]]):
        with pytest.raises(Refused):
            read_proof(trie.root_hash, keccak(key), wrong)


@given(
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.lists(st.binary(max_size=120), max_size=4),
)
def test_random_nodes_prove_nothing(root, key, nodes):
    with pytest.raises(Refused):
        read_proof(root, key, nodes)


def test_an_empty_trie_has_nothing_at_any_key():
    assert read_proof(EMPTY_ROOT, keccak(b"key"), []) is None
    assert read_proof(EMPTY_ROOT, keccak(b"key"), [b"\x80"]) is None
    with pytest.raises(Refused):
        read_proof(EMPTY_ROOT, keccak(b"key"), [b"\x81\x80"])


@given(st.dictionaries(st.binary(min_size=2, max_size=2), st.binary(min_size=1, max_size=2), min_size=1, max_size=60))
def test_nodes_within_their_parents_are_followed(contents):
    """Short keys and values make nodes under 32 bytes, which have no hash of their own."""
    trie = HexaryTrie({})
    for key, value in contents.items():
        trie[key] = value
    for key, value in contents.items():
        nodes = [reference_rlp.encode(node) for node in trie.get_proof(key)]
        assert read_proof(trie.root_hash, key, nodes) == value
        bare = [node for at, node in enumerate(nodes) if at == 0 or len(node) >= 32]
        assert read_proof(trie.root_hash, key, bare) == value
