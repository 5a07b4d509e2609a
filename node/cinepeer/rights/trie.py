"""Proofs of Ethereum's Merkle Patricia tries (Yellow Paper, appendix D): a value, or that there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from cinepeer.errors import Refused
from cinepeer.rights import rlp
from cinepeer.rights.keccak import keccak

EMPTY_ROOT = keccak(rlp.encode(b""))
"""Root of a trie without entries."""

_BRANCH = 17
_PAIR = 2


def read_proof(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes | None:
    """The value at `key` under the trie `root` (32 bytes), or None when the proof shows that there is none.

    `nodes` are RLP nodes from the root down, as `eth_getProof` gives them. `key` is the trie key itself (for state
    and storage the Keccak of the address or slot). Raises `Refused` (`bad-proof`) when a node does not hash to its
    reference, is malformed or missing, or is not on the way to `key`.
    """
    return _read(root, key, _Walk(nodes))


class Pool:
    """Trie nodes by their hash, in no order and each decoded once, for many proofs under one root.

    A pool may lie over another one whose nodes it shares. Raises `Refused` (`bad-rlp`) for what is no RLP list.
    """

    def __init__(self, nodes: Iterable[bytes], under: Pool | None = None) -> None:
        self._nodes = {keccak(node): _list(rlp.decode(node)) for node in nodes}
        self._under = under
        self._left = set(self._nodes)

    def read(self, root: bytes, key: bytes) -> bytes | None:
        """Like `read_proof`: the value at `key` under `root` (32 bytes), or None when there is none; `Refused`."""
        return _read(root, key, self)

    @property
    def unused(self) -> int:
        """How many of its own nodes no reading has needed yet."""
        return len(self._left)

    def take(self, reference: bytes) -> list[rlp.Item]:
        """The node that hashes to `reference`; raises `Refused` (`bad-proof`)."""
        node = self._nodes.get(reference)
        if node is not None:
            self._left.discard(reference)
            return node
        if self._under is None:
            raise Refused("bad-proof", f"found no trie node {reference.hex()}, expected it among those of the proof")
        return self._under.take(reference)

    def follow(self, child: rlp.Item) -> list[rlp.Item]:
        """The node that a reference leads to."""
        if isinstance(child, list):
            return child
        return self.take(_reference(child))

    def skip(self, data: bytes) -> None:
        """Nothing: a pool has no order."""

    def verify_end(self) -> None:
        """Nothing: what no proof needs is counted by `unused`."""


class _Way(Protocol):
    """How a reading comes from one node to the next."""

    def take(self, reference: bytes) -> list[rlp.Item]: ...
    def follow(self, child: rlp.Item) -> list[rlp.Item]: ...
    def skip(self, data: bytes) -> None: ...
    def verify_end(self) -> None: ...


def _read(root: bytes, key: bytes, walk: _Way) -> bytes | None:
    if root == EMPTY_ROOT:
        walk.skip(rlp.encode(b""))
        walk.verify_end()
        return None
    path = _nibbles(key)
    node = walk.take(root)
    while True:
        child: rlp.Item
        if len(node) == _BRANCH:
            if not path:
                value = node[16]
                walk.verify_end()
                return _bytes(value) or None
            child, path = node[path[0]], path[1:]
        elif len(node) == _PAIR:
            part, is_leaf = _unpack(node[0])
            if is_leaf:
                walk.verify_end()
                return _bytes(node[1]) if part == path else None
            if path[: len(part)] != part:
                walk.verify_end()
                return None
            child, path = node[1], path[len(part) :]
        else:
            raise Refused("bad-proof", f"found a trie node of {len(node)} items, expected 2 or 17")
        if child == b"":
            walk.verify_end()
            return None
        node = walk.follow(child)


class _Walk:
    """The nodes of a proof, each taken once and in order."""

    def __init__(self, nodes: Sequence[bytes]) -> None:
        self._nodes = nodes
        self._next = 0

    def take(self, reference: bytes) -> list[rlp.Item]:
        """The next node, which must hash to `reference`."""
        if self._next >= len(self._nodes):
            raise Refused("bad-proof", f"found the end of the proof, expected the trie node {reference.hex()}")
        data = self._nodes[self._next]
        found = keccak(data)
        if found != reference:
            raise Refused("bad-proof", f"found trie node {found.hex()}, expected {reference.hex()}")
        self._next += 1
        return _list(rlp.decode(data))

    def follow(self, child: rlp.Item) -> list[rlp.Item]:
        """The node that a reference leads to: by hash, or one short enough to lie within its parent."""
        if isinstance(child, list):
            self.skip(rlp.encode(child))
            return child
        return self.take(_reference(child))

    def skip(self, data: bytes) -> None:
        """Passes over a node that some nodes list although it lies within its parent."""
        if self._next < len(self._nodes) and self._nodes[self._next] == data:
            self._next += 1

    def verify_end(self) -> None:
        """Raises when nodes are left that no step of the way needed."""
        left = len(self._nodes) - self._next
        if left:
            raise Refused("bad-proof", f"found {left} trie nodes beyond the end of the path, expected none")


def _reference(child: bytes) -> bytes:
    if len(child) != 32:
        raise Refused("bad-proof", f"found a trie reference of {len(child)} bytes, expected 32")
    return child


def _nibbles(key: bytes) -> tuple[int, ...]:
    return tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def _unpack(item: rlp.Item) -> tuple[tuple[int, ...], bool]:
    """A hex-prefix path and whether it ends in a leaf."""
    data = _bytes(item)
    flag = data[0] >> 4 if data else 4
    if flag > 3 or (not flag & 1 and data[0] & 15):
        raise Refused("bad-proof", f"found the trie path {data[:8].hex()}, expected a hex-prefix encoding")
    path = _nibbles(data)
    return (path[1:] if flag & 1 else path[2:]), flag >= 2


def _bytes(item: rlp.Item) -> bytes:
    if not isinstance(item, bytes):
        raise Refused("bad-proof", "found a list in a trie node, expected bytes")
    return item


def _list(item: rlp.Item) -> list[rlp.Item]:
    if not isinstance(item, list):
        raise Refused("bad-proof", "found bytes, expected a trie node as a list")
    return item
