"""A walk through a state's tries: which of their nodes are not held yet. Every node is known by its Keccak."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA3

from cinepeer.errors import Refused
from cinepeer.rights import rlp
from cinepeer.rights.keccak import keccak

ACCOUNTS, SLOTS, CODE = "accounts", "slots", "code"
"""What hangs below a hash: the trie of all accounts, the trie of a contract's slots, or a contract's code."""

_HASH = 32
_BRANCH = 17
_ACCOUNT = 4


class Walk:
    """
    From a state's root down to every leaf. What a store lacks is asked for by its hash, taken from anybody, and only
    kept when it has that hash; so a walk that was broken off goes on with what is held.
    """

    def __init__(self, store: MutableMapping[bytes, bytes], state_root: bytes) -> None:
        """`store` holds nodes and code by their Keccak (32 bytes); nothing is read yet."""
        self._store = store
        # By sort as well: code may have the bytes of a trie's node, and then has nothing below it.
        self._seen: set[tuple[str, bytes]] = set()
        self._open: list[tuple[str, bytes]] = []
        self._missing: dict[bytes, list[str]] = {}
        self.taken = 0
        self._add(ACCOUNTS, state_root)

    def missing(self, limit: int) -> list[bytes]:
        """Up to `limit` hashes that are not held and lie next below what is; none when the state is whole."""
        while self._open and len(self._missing) < limit:
            sort, key = self._open.pop()
            held = self._store.get(key)
            if held is None:
                self._missing.setdefault(key, []).append(sort)
            else:
                self._below(sort, held)
        return list(self._missing)[:limit]

    def take(self, nodes: list[bytes]) -> None:
        """Keeps nodes that were asked for; raises `Refused` (`bad-snapshot`) for any other."""
        for node in nodes:
            key = keccak(node)
            sorts = self._missing.pop(key, None)
            if sorts is None:
                raise Refused(
                    "bad-snapshot",
                    f"found a part of {len(node)} bytes with the hash 0x{key.hex()}, expected one that was asked for",
                )
            for sort in sorts:
                self._below(sort, node)
            self._store[key] = node
            self.taken += 1

    def _add(self, sort: str, key: bytes) -> None:
        if key in (BLANK_ROOT_HASH, EMPTY_SHA3) or (sort, key) in self._seen:
            return
        self._seen.add((sort, key))
        self._open.append((sort, key))

    def _below(self, sort: str, node: bytes) -> None:
        """Adds what a node leads to; raises `Refused` (`bad-snapshot`, `bad-rlp`) for what is no node."""
        if sort == CODE:
            return
        for child, value in _parts(rlp.decode(node)):
            if child:
                self._add(sort, child)
            elif sort == ACCOUNTS:
                self._account(value)

    def _account(self, value: bytes) -> None:
        fields = rlp.decode(value)
        if not isinstance(fields, list) or len(fields) != _ACCOUNT:
            raise _no_node("an account of other than four fields")
        root, code = fields[2], fields[3]
        if not isinstance(root, bytes) or not isinstance(code, bytes) or len(root) != _HASH or len(code) != _HASH:
            raise _no_node("an account without two hashes")
        self._add(SLOTS, root)
        self._add(CODE, code)


def _parts(node: Any) -> Iterator[tuple[bytes, bytes]]:
    """(hash of a child, empty) and (empty, value of a leaf) of a decoded node, and of those that lie within it."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list) and len(one) == _BRANCH:
            children = one[:16]
        elif isinstance(one, list) and len(one) == 2 and isinstance(one[0], bytes) and one[0]:
            if one[0][0] & 0x20:
                if not isinstance(one[1], bytes):
                    raise _no_node("a leaf without a value")
                yield b"", one[1]
                continue
            children = [one[1]]
        else:
            raise _no_node("neither a branch nor a shorter node")
        for child in children:
            if isinstance(child, list):
                waiting.append(child)
            elif len(child) == _HASH:
                yield child, b""
            elif child:
                raise _no_node("a child of another length than a hash")


def _no_node(found: str) -> Refused:
    return Refused("bad-snapshot", f"found {found} in the state, expected a trie's node")
