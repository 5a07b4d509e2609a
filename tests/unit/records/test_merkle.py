"""Trees of RFC 6962: the roots that everybody knows, and every way in which a proof can be wrong."""

from __future__ import annotations

import hashlib

import pytest

from cinepeer.errors import Refused
from cinepeer.records import merkle
from vectors.merkle_cases import LEAVES

# The roots that certificate transparency's own tests expect of these leaves.
KNOWN = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def reason(*given: object, verify: object = merkle.verify_inclusion) -> str:
    with pytest.raises(Refused) as caught:
        verify(*given)  # type: ignore[operator]
    return caught.value.reason


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_known_ones(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == KNOWN[size]


def test_the_paths_of_rfc_6962s_example_hold() -> None:
    """§2.1.3: seven leaves; the path of d0 is [b, h, l], of d3 [c, g, l], of d6 [i, k] as the text names the nodes."""
    d = [merkle.leaf_digest(leaf) for leaf in LEAVES[:7]]

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\1" + left + right).digest()

    g, h, i = node(d[0], d[1]), node(d[2], d[3]), node(d[4], d[5])
    k, ell = node(g, h), node(i, d[6])
    assert merkle.root(LEAVES[:7]) == node(k, ell)
    assert merkle.inclusion(LEAVES[:7], 0) == [d[1], h, ell]
    assert merkle.inclusion(LEAVES[:7], 3) == [d[2], g, ell]
    assert merkle.inclusion(LEAVES[:7], 4) == [d[5], d[6], k]
    assert merkle.inclusion(LEAVES[:7], 6) == [i, k]
    assert merkle.consistency(LEAVES[:7], 3) == [d[2], d[3], g, ell]
    assert merkle.consistency(LEAVES[:7], 4) == [ell]
    assert merkle.consistency(LEAVES[:7], 6) == [i, d[6], k]


def test_there_is_no_path_of_a_leaf_that_is_not_there() -> None:
    for index in (-1, 3):
        with pytest.raises(IndexError):
            merkle.inclusion(LEAVES[:3], index)
    for old_size in (-1, 4):
        with pytest.raises(IndexError):
            merkle.consistency(LEAVES[:3], old_size)


def test_an_inclusion_that_does_not_hold_is_refused() -> None:
    leaves = LEAVES[:7]
    root, path = merkle.root(leaves), merkle.inclusion(leaves, 3)
    merkle.verify_inclusion(leaves[3], 3, 7, path, root)
    for wrong in (
        (leaves[2], 3, 7, path, root),
        (leaves[3], 2, 7, path, root),
        (leaves[3], -1, 7, path, root),
        (leaves[3], 7, 7, path, root),
        (leaves[3], 3, 3, path, root),
        (leaves[3], 3, 9, path, root),
        (leaves[3], 3, 7, path[:-1], root),
        (leaves[3], 3, 7, [*path, root], root),
        (leaves[3], 3, 7, path[::-1], root),
        (leaves[3], 3, 7, [path[0] + b"\0", *path[1:]], root),
        (leaves[3], 3, 7, path, merkle.EMPTY),
        (path[0] + path[1], 0, 1, [], merkle.root(leaves[:2])),
    ):
        assert reason(*wrong) == "not-included"


def test_a_node_is_no_leaf() -> None:
    """Leaves and nodes are hashed apart, so that nobody passes one off for the other."""
    one, two = merkle.leaf_digest(b"one"), merkle.leaf_digest(b"two")
    assert reason(one + two, 0, 1, [], merkle.root([b"one", b"two"])) == "not-included"


def test_a_consistency_that_does_not_hold_is_refused() -> None:
    old, new = merkle.root(LEAVES[:3]), merkle.root(LEAVES[:7])
    path = merkle.consistency(LEAVES[:7], 3)
    merkle.verify_consistency(3, 7, old, new, path)
    for wrong in (
        (2, 7, old, new, path),
        (4, 7, old, new, path),
        (3, 4, old, new, path),
        (3, 9, old, new, path),
        (7, 3, new, old, path),
        (-1, 7, old, new, path),
        (3, 7, new, new, path),
        (3, 7, old, old, path),
        (3, 7, old, new, path[:-1]),
        (3, 7, old, new, []),
        (3, 7, old, new, [*path, old]),
        (3, 7, old, new, [b"", *path[1:]]),
        (0, 7, old, new, []),
        (0, 7, merkle.EMPTY, new, path),
        (7, 7, old, new, []),
        (7, 7, new, new, path),
    ):
        assert reason(*wrong, verify=merkle.verify_consistency) == "not-consistent"


def test_every_tree_grew_from_the_empty_one_and_from_itself() -> None:
    for size in range(9):
        root = merkle.root(LEAVES[:size])
        merkle.verify_consistency(0, size, merkle.EMPTY, root, merkle.consistency(LEAVES[:size], 0))
        merkle.verify_consistency(size, size, root, root, merkle.consistency(LEAVES[:size], size))
