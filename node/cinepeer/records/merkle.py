"""Merkle trees of RFC 6962 §2.1 (sha2-256): the root over a list of leaves, and proofs of inclusion and consistency.

A leaf is any bytes, here a record id; proofs are lists of digests of 32 bytes, from the leaves upwards. A root does not
say how many leaves are under it: whoever publishes a root publishes the size with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cinepeer.errors import Refused

EMPTY = hashlib.sha256(b"").digest()


def leaf_digest(leaf: bytes) -> bytes:
    """The digest of a leaf."""
    return hashlib.sha256(b"\0" + leaf).digest()


def node_digest(left: bytes, right: bytes) -> bytes:
    """The digest of a node over two others."""
    return hashlib.sha256(b"\1" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The level above: pairs joined, a last one without a neighbour taken up as it is."""
    pairs = [node_digest(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) & 1 else pairs


def _check_path(path: Sequence[bytes], reason: str) -> None:
    for step in path:
        if len(step) != 32:
            raise Refused(reason, f"found a digest of {len(step)} bytes in the path, expected 32")


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over `leaves`; of none, the digest of nothing."""
    level = [leaf_digest(leaf) for leaf in leaves]
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The path from the leaf at `index` to the root (RFC 6962 §2.1.1); raises `IndexError` when there is none."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    path = []
    level = [leaf_digest(leaf) for leaf in leaves]
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        level = _above(level)
        index >>= 1
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raises `Refused` (`not-included`) unless `leaf` stands at `index` in the tree of `size` leaves under `root`."""
    if not 0 <= index < size:
        raise Refused("not-included", f"found the index {index}, expected one below {size}")
    _check_path(path, "not-included")
    found, at, last = leaf_digest(leaf), index, size - 1
    steps = iter(path)
    while last:
        if at & 1 or at < last:
            step = next(steps, None)
            if step is None:
                raise Refused("not-included", f"found a path of {len(path)} digests, expected more")
            found = node_digest(step, found) if at & 1 else node_digest(found, step)
        at >>= 1
        last >>= 1
    if next(steps, None) is not None:
        raise Refused("not-included", f"found a path of {len(path)} digests, expected fewer")
    if found != root:
        raise Refused("not-included", f"found the root {found.hex()}, expected {root.hex()}")


def consistency(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """The proof that the tree over the first `old_size` leaves is where this one began (RFC 6962 §2.1.2).

    Raises `IndexError` unless `old_size` is between 0 and the number of leaves; from 0 and to itself it is empty.
    """
    if not 0 <= old_size <= len(leaves):
        raise IndexError(f"an older tree of {old_size} leaves in one of {len(leaves)}")
    proof: list[bytes] = []
    start, stop, is_old_root = 0, len(leaves), True
    if old_size:
        while old_size != stop:
            middle = start + (1 << (stop - start - 1).bit_length() - 1)
            if old_size <= middle:
                proof.append(root(leaves[middle:stop]))
                stop = middle
            else:
                proof.append(root(leaves[start:middle]))
                start, is_old_root = middle, False
        if not is_old_root:
            proof.append(root(leaves[start:stop]))
    return proof[::-1]


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """Raises `Refused` (`not-consistent`) unless the tree under `new_root` grew from the one under `old_root`.

    The way of RFC 9162 §2.1.4.2; sizes are numbers of leaves. Every tree grew from the empty one.
    """
    if not 0 <= old_size <= new_size:
        raise Refused("not-consistent", f"found {old_size} leaves growing to {new_size}, expected no fewer")
    _check_path(path, "not-consistent")
    if old_size in (0, new_size):
        wanted = new_root if old_size else EMPTY
        if path or old_root != wanted:
            raise Refused(
                "not-consistent", f"found the older root {old_root.hex()}, expected {wanted.hex()} and no path"
            )
        return
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at >>= 1
        last >>= 1
    steps = iter(path)
    old = new = old_root if at == 0 else next(steps, b"")
    for step in steps:
        if last == 0:
            raise Refused("not-consistent", f"found a path of {len(path)} digests, expected fewer")
        if at & 1 or at == last:
            old, new = node_digest(step, old), node_digest(step, new)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            new = node_digest(new, step)
        at >>= 1
        last >>= 1
    if last or old != old_root or new != new_root:
        raise Refused("not-consistent", f"found the roots {old.hex()} and {new.hex()}, expected those given")
