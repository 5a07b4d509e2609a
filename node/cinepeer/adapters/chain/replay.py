"""Blocks that another node ordered: checked, executed again, and taken only when every bit of the header comes out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import rlp

from cinepeer.adapters.chain.evm import Evm, Faulty, encode_header, rows
from cinepeer.errors import Refused
from cinepeer.rights.proofs import Header, parse_header
from cinepeer.rights.rlp import decode as decode_rlp
from cinepeer.rights.sequencer import SignedHeader, verify_header
from cinepeer.rights.succession import Handover

AHEAD_S = 120
"""How far a block's time may be ahead of this node's clock; a later one waits until it is not."""

_NAMES = (
    "parent hash", "uncles", "coinbase", "state root", "transactions root", "receipts root", "bloom", "difficulty",
    "number", "gas limit", "gas used", "time", "extra data", "mix hash", "nonce", "base fee", "withdrawals root",
    "blob gas", "excess blob gas", "beacon root", "requests hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sealed:
    """A block as it travels: the header with the sequencer's signature, and the signed transactions in order."""

    header: SignedHeader
    transactions: tuple[bytes, ...]


class Replay:
    """Takes blocks into a ledger's file. A fault of the sequencer's is kept with its proof, and ends the taking."""

    def __init__(self, evm: Evm, clock: Callable[[], float]) -> None:
        """`clock` gives Unix seconds."""
        self._evm = evm
        self._clock = clock

    def take(self, blocks: Sequence[Sealed]) -> int:
        """
        Takes the blocks that follow on the head, in order, each durable before the next; gives the head's number.
        A block that is held is compared. Raises `Refused`: `bad-signature`, `bad-header` and `gap` for what the
        sequencer did not say or cannot be judged yet, `fork` and `false-block` for what it signed and does not hold.
        """
        for sealed in blocks:
            header = self._signed(sealed.header)
            if header.number <= self._evm.head.block_number:
                self._compare(sealed.header)
                continue
            self._refuse_after_fault()
            if header.number != self._evm.head.block_number + 1:
                raise Refused(
                    "gap", f"found block {header.number}, expected {self._evm.head.block_number + 1} to come next"
                )
            if header.time > self._clock() + AHEAD_S:
                raise Refused("time", f"found block {header.number} of a time to come, expected it when it is due")
            self._follow_on(header.parent, sealed)
        return int(self._evm.head.block_number)

    def compare(self, signed: SignedHeader) -> None:
        """Compares a header that another node was shown with the one held here; raises `Refused` (`fork`)."""
        if self._signed(signed).number <= self._evm.head.block_number:
            self._compare(signed)

    def succeed(self, handovers: Sequence[Handover]) -> int:
        """
        Takes the hand-overs that follow on those held, in order, each durable before the next; gives how many are held.
        Raises `Refused`: `bad-handover` for one that does not hold or is another than the one held, `fork` where the
        sequencer that handed over signed another history than it said.
        """
        evm = self._evm
        for one in handovers:
            held = evm.succession.handovers
            if one.number <= len(held):
                if (one.sequencer, one.height, one.hash) != _place(held[one.number - 1]):
                    raise Refused(
                        "bad-handover",
                        f"found another hand-over number {one.number}, to {one.sequencer.hex()}, expected the one that "
                        f"is held, to {held[one.number - 1].sequencer.hex()}: the first stands",
                    )
                continue
            evm.succession.verify_next(one)
            self._refuse_after_fault()
            self._compare_end(one)
            with evm.tables.atomic():
                evm.keep(one)
            evm.succeed(one)
        return len(evm.succession.handovers)

    def faults(self) -> list[tuple[str, SignedHeader, SignedHeader | None]]:
        """What the sequencer did wrong: the sentence, the header it signed, and for a fork the other one too."""
        return [
            (why, SignedHeader(one, said), SignedHeader(other, other_said) if other else None)
            for why, one, said, other, other_said in self._evm.tables.faults()
        ]

    def _signed(self, signed: SignedHeader) -> Header:
        """The header, signed by the key whose turn it is at its height; raises `Refused`."""
        header = parse_header(signed.rlp)
        verify_header(signed, self._evm.network, self._evm.succession.at(header.number))
        return header

    def _compare_end(self, handover: Handover) -> None:
        """Compares the blocks held here with the last one that a hand-over names; raises `Refused` (`fork`)."""
        at = handover.height + 1 if self._evm.head.block_number > handover.height else handover.height
        held = self._evm.header(at)
        if held is None or (at == handover.height and held.hash == handover.hash):
            return
        sentence = f"found block {at} signed by a sequencer that had handed over after another block {handover.height}"
        if at > handover.height:
            sentence = f"found block {at} signed by the sequencer that handed over after block {handover.height}"
        row = self._evm.tables.block(at)
        self._keep_fault(
            sentence + ", expected one history", SignedHeader(encode_header(held), row[1] if row else b""), None
        )
        raise Refused("fork", sentence + ", expected one history")

    def _compare(self, signed: SignedHeader) -> None:
        header = parse_header(signed.rlp)
        held = self._evm.header(header.number)
        if header.number == 0:
            # Block 0 follows from the genesis map; its signature is kept so that it can be shown on.
            if held.hash == header.hash:
                self._evm.tables.keep_signature(0, signed.signature)
            return
        if held.hash == header.hash:
            return
        row = self._evm.tables.block(header.number)
        own = SignedHeader(encode_header(held), row[1] if row else b"")
        sentence = f"found two blocks of height {header.number} signed by the one sequencer, expected one"
        self._keep_fault(sentence, own, signed)
        raise Refused("fork", sentence)

    def _follow_on(self, parent: bytes, sealed: Sealed) -> None:
        if parent != self._evm.head.hash:
            sentence = f"found a signed block on another parent than block {self._evm.head.block_number} as held here"
            row = self._evm.tables.block(self._evm.head.block_number)
            held = SignedHeader(encode_header(self._evm.head), row[1] if row else b"")
            self._keep_fault(sentence + ", expected one history", held, sealed.header)
            raise Refused("fork", sentence + ", expected one history")
        number = self._evm.head.block_number + 1
        named = self._evm.succession.block_hash(number)
        if named not in (None, parse_header(sealed.header.rlp).hash):
            sentence = f"found a signed block {number} that is not the one after which its sequencer handed over"
            self._keep_fault(sentence + ", expected one history", sealed.header, None)
            raise Refused("fork", sentence + ", expected one history")
        wrong = self._execute(sealed)
        if wrong:
            sentence = f"found a false {wrong} in block {number} as signed, expected what its execution gives"
            self._keep_fault(sentence, sealed.header, None)
            raise Refused("false-block", sentence)

    def _execute(self, sealed: Sealed) -> str:
        """Executes and commits the next block; names what does not come out as signed, and then commits nothing."""
        evm, tables = self._evm, self._evm.tables
        try:
            transactions = [self._read(raw) for raw in sealed.transactions]
        except Refused as error:
            return f"transaction ({error})"
        tables.connection.execute("begin immediate")
        try:
            if tables.last_block() != (evm.head.block_number, evm.head.hash):
                raise sqlite3.IntegrityError("another process wrote to this ledger")
            try:
                done = evm.execute(transactions, parse_header(sealed.header.rlp).time)
            except Faulty as fault:
                return f"transaction ({fault})"
            if len(done.transactions) != len(transactions):
                return "transaction, which cannot be executed"
            if encode_header(done.header) != sealed.header.rlp:
                return _difference(encode_header(done.header), sealed.header.rlp)
            txs, logs = rows(done)
            tables.add(done.header.block_number, done.header.hash, sealed.header.signature, txs, logs)
            tables.connection.execute("commit")
        finally:
            tables.undo()
        evm.advance(done)
        return ""

    def _read(self, raw: bytes) -> Any:
        """A signed transaction; the machine's own errors for what is none become `Refused`."""
        try:
            # Our own decoder first: it bounds the nesting, over which the machine's own takes seconds.
            decode_rlp(raw if raw[:1] >= b"\xc0" else raw[1:])
            transaction = self._evm.decode(raw)
            transaction.validate()
            transaction.sender  # noqa: B018  # recovers the signer once; it is kept with the transaction
        except Refused:
            raise
        except (MemoryError, sqlite3.Error):
            raise
        except Exception as error:  # whatever the machine's decoders raise for foreign bytes accuses the bytes
            raise Refused("bad-transaction", f"found bytes that are no signed transaction ({error})") from error
        return transaction

    def _refuse_after_fault(self) -> None:
        faults = self._evm.tables.faults()
        if faults:
            raise Refused("fork", f"{faults[0][0]}; this copy ends at block {self._evm.head.block_number}")

    def _keep_fault(self, why: str, one: SignedHeader, other: SignedHeader | None) -> None:
        with self._evm.tables.atomic():
            self._evm.tables.add_fault(why, one.rlp, one.signature, *((other.rlp, other.signature) if other else ()))


def _place(handover: Handover) -> tuple[bytes, int, bytes]:
    """To whom a hand-over goes, and after which block."""
    return handover.sequencer, handover.height, handover.hash


def _difference(computed: bytes, signed: bytes) -> str:
    """The name of the first field in which two headers differ."""
    for at, (ours, theirs) in enumerate(zip(rlp.decode(computed), rlp.decode(signed), strict=False)):
        if ours != theirs:
            return _NAMES[at]
    return "header"
