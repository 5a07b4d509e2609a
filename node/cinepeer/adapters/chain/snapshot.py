"""A copy of the ledger that begins with its state, from anybody: checked against a signed header, not executed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rlp
from eth.vm.forks import CancunVM
from eth.vm.forks.cancun.blocks import CancunBlock
from eth.vm.header import HeaderSedes
from trie import HexaryTrie

from cinepeer.adapters.chain.evm import Evm, Executed, encode_header, rows
from cinepeer.adapters.chain.replay import Replay, Sealed
from cinepeer.adapters.chain.trie import Trie
from cinepeer.adapters.chain.walk import Walk
from cinepeer.errors import Refused
from cinepeer.rights.proofs import parse_header
from cinepeer.rights.rlp import decode as decode_rlp
from cinepeer.rights.sequencer import SignedHeader, verify_header

MAX_NODES = 400
"""Most trie nodes that are asked for at once."""

_WHOLE = b"snapshot"


@dataclass(frozen=True, slots=True)
class Past:
    """A block as one takes it who does not execute it: with the receipts that its header's root proves."""

    sealed: Sealed
    receipts: tuple[bytes, ...]


class Snapshot:
    """
    A ledger's file whose state was taken at one signed header, and whose history up to there was checked by hashes:
    headers by their parents, transactions and receipts by their roots, parts of the state by Keccak. It believes what
    the sequencer signed there; blocks above it executes.
    """

    def __init__(self, path: Path, genesis: Mapping[str, Any], clock: Callable[[], float]) -> None:
        """Opens the file, or makes it."""
        self.evm = Evm(path, genesis)
        self.replay = Replay(self.evm, clock)
        self._target: SignedHeader | None = None
        self._walk: Walk | None = None
        whole = self.evm.tables.nodes.get(_WHOLE, b"")
        self.since = int.from_bytes(whole) if whole else None
        """The block whose state was taken; None while it is not whole."""

    def begin(self, signed: SignedHeader) -> int:
        """
        Makes a signed header the one to be reached; gives the number of the first block of the history that is
        missing. Raises `Refused` (`bad-signature`, `bad-header`, `bad-snapshot`).
        """
        header = parse_header(signed.rlp)
        verify_header(signed, self.evm.network, self.evm.succession.at(header.number))
        held = self.evm.header(header.number) if header.number <= self.evm.head.block_number else None
        if held is not None and held.hash != header.hash:
            raise Refused("bad-snapshot", f"found another block {header.number} than the one held, expected one")
        self._target = signed
        self._walk = Walk(self.evm.tables.nodes, header.state_root)
        return int(self.evm.head.block_number) + 1

    def history(self, blocks: Sequence[Past]) -> int:
        """
        Takes the blocks that follow, each checked against the one before and its own header's roots; gives the number
        of the first that is missing then. Raises `Refused` (`bad-snapshot`, `bad-signature`, `bad-header`).
        """
        last = parse_header(self._aim().rlp)
        with self.evm.tables.atomic():
            head = self.evm.head
            for past in blocks:
                number = head.block_number + 1
                if number > last.number:
                    break
                head = self._take(head, number, past)
                if number == last.number and head.hash != last.hash:
                    raise Refused("bad-snapshot", f"found another block {number} than the signed one, expected that")
        self.evm.stand(head)
        return int(head.block_number) + 1

    def grow(self, nodes: Sequence[bytes]) -> list[bytes]:
        """
        Takes parts of the state that were asked for; gives the hashes of the next, none when it is whole. Raises
        `Refused` (`bad-snapshot`).
        """
        last = parse_header(self._aim().rlp)
        # One that was refused something begins again: what it held before is on the disk.
        walk, self._walk, tables = self._walk, None, self.evm.tables
        if walk is None:
            raise Refused("bad-snapshot", "found a part of a snapshot that was refused, expected its header again")
        with tables.atomic():
            walk.take(list(nodes))
            wanted = walk.missing(MAX_NODES)
            if not wanted and self.evm.head.block_number == last.number:
                tables.nodes[_WHOLE] = last.number.to_bytes(8)
                self.since = last.number
        self._walk = walk
        return wanted

    def close(self) -> None:
        """Closes the file."""
        self.evm.close()

    def _aim(self) -> SignedHeader:
        if self._target is None:
            raise Refused("bad-snapshot", "found a part of a snapshot that was not begun, expected its header first")
        return self._target

    def _take(self, parent: Any, number: int, past: Past) -> Any:
        """Writes one block of the history; its header."""
        signed = past.sealed.header
        told = parse_header(signed.rlp)
        verify_header(signed, self.evm.network, self.evm.succession.at(told.number))
        if told.number != number or told.parent != parent.hash:
            raise Refused("bad-snapshot", f"found block {told.number}, expected block {number} on the one before it")
        named = self.evm.succession.block_hash(number)
        if named not in (None, told.hash):
            raise Refused("bad-snapshot", f"found another block {number} than the one a hand-over names, expected it")
        try:
            done = self._read(past)
        except (Refused, MemoryError, sqlite3.Error):
            raise
        except Exception as error:  # whatever the machine's decoders raise for foreign bytes accuses the bytes
            raise Refused("bad-snapshot", f"found bytes in block {number} that are no part of it ({error})") from error
        if encode_header(done.header) != signed.rlp:
            raise Refused("bad-snapshot", f"found a header of block {number} in another form, expected its one form")
        self._write(done, signed)
        return done.header

    def _read(self, past: Past) -> Executed:
        """A block's header, transactions and receipts, as far as its header's roots prove them."""
        header = rlp.decode(past.sealed.header.rlp, sedes=HeaderSedes)
        number = header.block_number
        for raw in (*past.sealed.transactions, *past.receipts):
            decode_rlp(raw if raw[:1] >= b"\xc0" else raw[1:])  # bounds the nesting
        if self._listed(past.sealed.transactions) != header.transaction_root:
            raise Refused("bad-snapshot", f"found other transactions than those of block {number}, expected them all")
        if self._listed(past.receipts) != header.receipt_root:
            raise Refused("bad-snapshot", f"found other receipts than those of block {number}, expected them all")
        transactions = [self.evm.decode(raw) for raw in past.sealed.transactions]
        return Executed(header, None, transactions, [_receipt(raw) for raw in past.receipts])

    def _listed(self, items: Sequence[bytes]) -> bytes:
        trie = Trie(self.evm.tables.nodes)
        for at, item in enumerate(items):
            trie[rlp.encode(at)] = item
        return trie.root_hash

    def _write(self, done: Executed, signed: SignedHeader) -> None:
        header = done.header
        self.evm.chain.chaindb.persist_block(CancunBlock(header, done.transactions, (), ()))
        txs, logs = rows(done)
        self.evm.tables.add(header.block_number, header.hash, signed.signature, txs, logs)


def _receipt(raw: bytes) -> Any:
    return CancunVM.get_receipt_builder().decode(raw)


def sealed_at(evm: Evm, number: int) -> Sealed:
    """A block that a ledger holds, as it travels."""
    header, row = evm.header(number), evm.tables.block(number)
    raws = evm.raw_transactions(header) if evm.tables.txs(number) else []
    return Sealed(SignedHeader(encode_header(header), row[1] if row else b""), tuple(raws))


def receipts_at(evm: Evm, number: int) -> list[bytes]:
    """The encoded receipts of a block, in order."""
    header = evm.header(number)
    assert header is not None
    listed = HexaryTrie(evm.tables.nodes, header.receipt_root)
    return [listed[rlp.encode(at)] for at in range(len(evm.tables.txs(number)))]
