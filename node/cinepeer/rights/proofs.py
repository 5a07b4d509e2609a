"""Block headers, and what their state root proves: accounts, code hashes and storage slots (EIP-1186)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.rights import rlp
from cinepeer.rights.keccak import EMPTY_HASH, keccak
from cinepeer.rights.trie import EMPTY_ROOT, Pool, read_proof

_HASHES = {0: "parent", 1: "uncles", 3: "state root", 4: "transactions root", 5: "receipts root", 13: "mix hash"}
_SCALARS = (7, 8, 9, 10, 11)
_LATER_SCALARS = (15, 17, 18)
_LATER_HASHES = (16, 19, 20)
_FEWEST, _MOST = 15, 21


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a block header that an auditor uses; `time` in seconds since 1970."""

    hash: bytes
    parent: bytes
    number: int
    time: int
    state_root: bytes
    receipts_root: bytes
    transactions_root: bytes


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the state; an account that does not exist is all zero with empty code and storage."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


@dataclass(frozen=True, slots=True)
class SlotProof:
    """The way to one storage slot (`slot`: its 256-bit position), from the account's storage root down."""

    slot: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AccountProof:
    """The way to one account (`address`: 20 bytes) from the state root down, and to slots of its storage."""

    address: bytes
    nodes: tuple[bytes, ...]
    slots: tuple[SlotProof, ...] = ()


NO_ACCOUNT = Account(0, 0, EMPTY_ROOT, EMPTY_HASH)


def parse_header(data: bytes) -> Header:
    """Reads a header from its RLP (any fork from Frontier to Prague); raises `Refused` (`bad-header`, `bad-rlp`)."""
    fields = rlp.decode(data)
    if not isinstance(fields, list) or not _FEWEST <= len(fields) <= _MOST:
        raise Refused("bad-header", f"found no RLP list of {_FEWEST} to {_MOST} fields, expected a block header")
    flat = [field for field in fields if isinstance(field, bytes)]
    if len(flat) != len(fields):
        raise Refused("bad-header", "found a list within a block header, expected bytes in every field")
    for at, field in enumerate(flat):
        size = _field_size(at)
        if size is not None and len(field) != size:
            raise Refused("bad-header", f"found {len(field)} bytes in header field {at}, expected {size}")
    scalars = {at: rlp.decode_uint(flat[at]) for at in (*_SCALARS, *_LATER_SCALARS) if at < len(flat)}
    if scalars[8] >= 1 << 53 or scalars[11] >= 1 << 53:
        raise Refused("bad-header", "found a height or time beyond 53 bits, expected a block header")
    return Header(keccak(data), flat[0], scalars[8], scalars[11], flat[3], flat[5], flat[4])


def read_account(state_root: bytes, address: bytes, nodes: Sequence[bytes]) -> Account:
    """The account at `address` (20 bytes) under `state_root`; raises `Refused` (`bad-proof`, `bad-rlp`)."""
    value = read_proof(state_root, keccak(address), nodes)
    if value is None:
        return NO_ACCOUNT
    fields = rlp.decode(value)
    if not isinstance(fields, list) or len(fields) != 4:
        raise Refused("bad-proof", "found another value in the state trie, expected an account of 4 fields")
    nonce, balance, storage_root, code_hash = (field if isinstance(field, bytes) else b"\0" for field in fields)
    if len(storage_root) != 32 or len(code_hash) != 32:
        raise Refused("bad-proof", "found a short hash in an account, expected 32 bytes")
    return Account(rlp.decode_uint(nonce), rlp.decode_uint(balance), storage_root, code_hash)


def read_slot(storage_root: bytes, slot: int, nodes: Sequence[bytes]) -> int:
    """The 256-bit word in `slot` under `storage_root`, zero when the proof shows it empty; raises `Refused`."""
    return _slot_word(read_proof(storage_root, keccak(slot.to_bytes(32, "big")), nodes))


def pooled_slot(storage_root: bytes, slot: int, pool: Pool) -> int:
    """Like `read_slot`, from nodes that many proofs share; raises `Refused`."""
    return _slot_word(pool.read(storage_root, keccak(slot.to_bytes(32, "big"))))


def _slot_word(value: bytes | None) -> int:
    if value is None:
        return 0
    word = rlp.decode(value)
    if not isinstance(word, bytes) or not word:
        raise Refused("bad-proof", "found another value in the storage trie, expected a non-zero word")
    return rlp.decode_uint(word)


def _field_size(at: int) -> int | None:
    """How many bytes header field `at` has, None where that varies."""
    if at in _HASHES or at in _LATER_HASHES:
        return 32
    return {2: 20, 6: 256, 14: 8}.get(at)
