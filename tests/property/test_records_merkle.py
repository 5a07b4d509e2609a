"""Trees: what is made holds, what is changed does not, and a tree that grew has its proof."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records import merkle

LEAVES = st.lists(st.binary(max_size=40), max_size=70)


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """The definition of RFC 6962 §2.1, word by word."""
    if len(leaves) < 2:
        return hashlib.sha256(b"\0" + leaves[0] if leaves else b"").digest()
    k = max(1 << bit for bit in range(32) if 1 << bit < len(leaves))
    return hashlib.sha256(b"\1" + plain_root(leaves[:k]) + plain_root(leaves[k:])).digest()


def plain_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The definition of §2.1.1."""
    if len(leaves) == 1:
        return []
    k = max(1 << bit for bit in range(32) if 1 << bit < len(leaves))
    if index < k:
        return [*plain_path(index, leaves[:k]), plain_root(leaves[k:])]
    return [*plain_path(index - k, leaves[k:]), plain_root(leaves[:k])]


def plain_growth(old: int, leaves: Sequence[bytes], is_whole: bool = True) -> list[bytes]:
    """The definition of §2.1.2."""
    if old == len(leaves):
        return [] if is_whole else [plain_root(leaves)]
    k = max(1 << bit for bit in range(32) if 1 << bit < len(leaves))
    if old <= k:
        return [*plain_growth(old, leaves[:k], is_whole), plain_root(leaves[k:])]
    return [*plain_growth(old - k, leaves[k:], False), plain_root(leaves[:k])]


def does_hold(verify: object, *given: object) -> bool:
    try:
        verify(*given)  # type: ignore[operator]
    except Refused:
        return False
    return True


@given(leaves=LEAVES)
def test_roots_are_those_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == plain_root(leaves)


@settings(max_examples=200)
@given(leaves=LEAVES.filter(bool), data=st.data())
def test_a_path_is_that_of_the_definition_and_holds_for_its_leaf_alone(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, root = merkle.inclusion(leaves, index), merkle.root(leaves)
    assert path == plain_path(index, leaves)
    merkle.verify_inclusion(leaves[index], index, len(leaves), path, root)
    other = data.draw(st.binary(max_size=40).filter(lambda leaf: leaf != leaves[index]))
    assert not does_hold(merkle.verify_inclusion, other, index, len(leaves), path, root)
    elsewhere = data.draw(st.integers(-1, len(leaves)).filter(lambda at: at != index))
    is_equal = 0 <= elsewhere < len(leaves) and merkle.inclusion(leaves, elsewhere) == path
    if not is_equal:
        assert not does_hold(merkle.verify_inclusion, leaves[index], elsewhere, len(leaves), path, root)


@settings(max_examples=200)
@given(leaves=LEAVES, data=st.data())
def test_growth_is_that_of_the_definition_and_holds(leaves: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(0, len(leaves)))
    path, roots = merkle.consistency(leaves, old), (merkle.root(leaves[:old]), merkle.root(leaves))
    assert path == (plain_growth(old, leaves) if old else [])
    merkle.verify_consistency(old, len(leaves), *roots, path)


@settings(max_examples=200)
@given(leaves=LEAVES.filter(bool), data=st.data())
def test_a_tree_that_changed_a_leaf_did_not_grow(leaves: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(1, len(leaves)))
    at = data.draw(st.integers(0, old - 1))
    changed = [*leaves[:at], leaves[at] + b"!", *leaves[at + 1 :]]
    for path in (merkle.consistency(leaves, old), merkle.consistency(changed, old)):
        roots = merkle.root(leaves[:old]), merkle.root(changed)
        assert not does_hold(merkle.verify_consistency, old, len(leaves), *roots, path)


@settings(max_examples=200)
@given(leaves=LEAVES.filter(lambda leaves: len(leaves) > 1), data=st.data())
def test_a_changed_path_does_not_hold(leaves: list[bytes], data: st.DataObject) -> None:
    root = merkle.root(leaves)
    index, old = (data.draw(st.integers(low, len(leaves) - 1)) for low in (0, 1))
    inclusion, growth = merkle.inclusion(leaves, index), merkle.consistency(leaves, old)
    for path, verify, given_ in (
        (inclusion, merkle.verify_inclusion, lambda path: (leaves[index], index, len(leaves), path, root)),
        (
            growth,
            merkle.verify_consistency,
            lambda path: (old, len(leaves), merkle.root(leaves[:old]), root, path),
        ),
    ):
        assert does_hold(verify, *given_(path))
        changed = data.draw(changes(path))
        assert not does_hold(verify, *given_(changed))


@st.composite
def changes(draw: st.DrawFn, path: list[bytes]) -> list[bytes]:
    """A path with a digest changed, doubled, taken out or put in."""
    at = draw(st.integers(0, len(path) - 1))
    match draw(st.sampled_from(["bit", "double", "out", "in", "cut"])):
        case "bit":
            step = bytearray(path[at])
            step[draw(st.integers(0, 31))] ^= 1 << draw(st.integers(0, 7))
            return [*path[:at], bytes(step), *path[at + 1 :]]
        case "double":
            return [*path[: at + 1], *path[at:]]
        case "out":
            return [*path[:at], *path[at + 1 :]]
        case "in":
            return [*path[:at], draw(st.binary(min_size=32, max_size=32)), *path[at:]]
    return [*path[:at], path[at][: draw(st.integers(0, 31))], *path[at + 1 :]]
