"""The machine's tries: Merkle Patricia, changed in memory, hashed and written once at the end of a block."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeAlias

from eth.constants import BLANK_ROOT_HASH
from trie.exceptions import MissingTrieNode

from cinepeer.rights import rlp
from cinepeer.rights.keccak import keccak

Child: TypeAlias = "bytes | tuple[Any, ...]"
"""What a node points at: nothing (empty), a written node (its hash, 32 bytes), or a node in memory."""

Branch: TypeAlias = tuple[Any, ...]
"""Sixteen children and a value; a shorter node is (path as hexadecimal digits, value or child, whether a leaf)."""

_BRANCH = 17
_DIGITS = "0123456789abcdef"


class Trie:
    """A trie in a key-value store. Nodes are never changed, so that older roots stay readable."""

    def __init__(self, db: MutableMapping[bytes, bytes], root_hash: bytes = BLANK_ROOT_HASH) -> None:
        """Reads nodes from `db` by their hash, and writes new ones there when the root is asked for."""
        self._db = db
        self._root: Child = b"" if root_hash == BLANK_ROOT_HASH else root_hash

    @property
    def root_hash(self) -> bytes:
        """The root (32 bytes); all nodes that it needs are in the store then."""
        if isinstance(self._root, tuple):
            encoded = self._encode(self._root)
            self._root = keccak(encoded)
            self._db[self._root] = encoded
        return self._root or BLANK_ROOT_HASH

    @root_hash.setter
    def root_hash(self, root: bytes) -> None:
        self._root = b"" if root == BLANK_ROOT_HASH else root

    @contextmanager
    def squash_changes(self) -> Iterator[Trie]:
        """This trie, for many changes of which only the outcome is written; as before where one of them fails."""
        before = self._root
        try:
            yield self
        except BaseException:
            self._root = before
            raise
        _ = self.root_hash

    def __getitem__(self, key: bytes) -> bytes:
        """The value of a key, empty where there is none."""
        child, path = self._root, key.hex()
        while child:
            node = self._load(child)
            if len(node) == _BRANCH:
                if not path:
                    return bytes(node[16])
                child, path = node[int(path[0], 16)], path[1:]
                continue
            part, below, is_leaf = node
            if is_leaf:
                return bytes(below) if part == path else b""
            if not path.startswith(part):
                return b""
            child, path = below, path[len(part) :]
        return b""

    def __contains__(self, key: bytes) -> bool:
        return self[key] != b""

    def __setitem__(self, key: bytes, value: bytes) -> None:
        """Gives a key a value; an empty one takes it away."""
        self._root = self._set(self._root, key.hex(), value) if value else self._delete(self._root, key.hex())

    def __delitem__(self, key: bytes) -> None:
        self._root = self._delete(self._root, key.hex())

    def _load(self, child: Child) -> tuple[Any, ...]:
        if isinstance(child, tuple):
            return child
        try:
            return _decode(self._db[child])
        except KeyError:
            raise MissingTrieNode(child, child, b"") from None  # type: ignore[arg-type]  # a hash, as is asked for

    def _set(self, child: Child, path: str, value: bytes) -> tuple[Any, ...]:
        if not child:
            return (path, value, True)
        node = self._load(child)
        if len(node) == _BRANCH:
            return _with(node, path, self._set(node[int(path[0], 16)], path[1:], value) if path else value)
        part, below, is_leaf = node
        if is_leaf and part == path:
            return (part, value, True)
        if not is_leaf and path.startswith(part):
            return (part, self._set(below, path[len(part) :], value), False)
        shared = _shared(part, path)
        fork = _with(
            _with((b"",) * _BRANCH, part[shared:], _rest(part[shared + 1 :], below, is_leaf, part[shared:])),
            path[shared:],
            (path[shared + 1 :], value, True) if path[shared:] else value,
        )
        return (path[:shared], fork, False) if shared else fork

    def _delete(self, child: Child, path: str) -> Child:
        """What is left of a node without a path; the very same where the path leads to nothing."""
        if not child:
            return child
        node = self._load(child)
        if len(node) == _BRANCH:
            old = node[int(path[0], 16)] if path else node[16]
            new = self._delete(old, path[1:]) if path else b""
            return child if new is old or new == old == b"" else self._shrunk(_with(node, path, new))
        part, below, is_leaf = node
        if is_leaf:
            return b"" if part == path else child
        if not path.startswith(part):
            return child
        left = self._delete(below, path[len(part) :])
        return child if left is below else _joined(part, left)

    def _shrunk(self, branch: Branch) -> tuple[Any, ...]:
        """A branch that lost something: itself, or what stands for it where one thing is left."""
        left = [at for at, one in enumerate(branch) if one]
        if len(left) > 1:
            return branch
        at = left[0]
        if at == 16:
            return ("", branch[16], True)
        below = self._load(branch[at])
        return _joined(_DIGITS[at], below if len(below) != _BRANCH else branch[at])

    def _encode(self, node: tuple[Any, ...]) -> bytes:
        """A node's RLP, its children written before it."""
        if len(node) == _BRANCH:
            body = b"".join([self._reference(child) if child else b"\x80" for child in node[:16]])
            return _listed(body + rlp.encode(node[16]))
        part, below, is_leaf = node
        flags = ("3" if is_leaf else "1") if len(part) % 2 else ("20" if is_leaf else "00")
        path = rlp.encode(bytes.fromhex(flags + part))
        return _listed(path + (rlp.encode(below) if is_leaf else self._reference(below)))

    def _reference(self, child: Child) -> bytes:
        """How a node names its child: by hash, or where it is short by itself."""
        if isinstance(child, bytes):
            return b"\xa0" + child
        encoded = self._encode(child)
        if len(encoded) < 32:
            return encoded
        digest = keccak(encoded)
        self._db[digest] = encoded
        return b"\xa0" + digest


def _shared(one: str, other: str) -> int:
    """How many digits two paths have in common from the start on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))


def _rest(rest: str, below: Child, is_leaf: bool, whole: str) -> Child:
    """What stands under a fork for the node that was split there; `whole` is its path from the fork on."""
    if is_leaf:
        return (rest, below, True) if whole else below
    return (rest, below, False) if rest else below


def _with(branch: Branch, path: str, child: Child) -> Branch:
    """A branch with another child, or value, at the place where a path goes on."""
    at = int(path[0], 16) if path else 16
    return (*branch[:at], child, *branch[at + 1 :])


def _joined(part: str, below: Child) -> tuple[Any, ...]:
    """A path to a node, the two in one where that node has a path of its own."""
    if isinstance(below, tuple) and len(below) != _BRANCH:
        rest, under, is_leaf = below
        return (part + rest, under, is_leaf)
    return (part, below, False)


def _listed(body: bytes) -> bytes:
    """The RLP of a list whose items are encoded already."""
    if len(body) <= 55:
        return bytes((0xC0 + len(body),)) + body
    size = rlp.encode_uint(len(body))
    return bytes((0xF7 + len(size),)) + size + body


@lru_cache(maxsize=16_384)
def _decode(encoded: bytes) -> tuple[Any, ...]:
    """A written node."""
    return _node(rlp.decode(encoded))


def _node(items: Any) -> tuple[Any, ...]:
    if len(items) == _BRANCH:
        return (*(_node(one) if isinstance(one, list) else one for one in items[:16]), items[16])
    digits = items[0].hex()
    part = digits[1:] if digits[0] in "13" else digits[2:]
    below = items[1]
    return (part, _node(below) if isinstance(below, list) else below, digits[0] in "23")
