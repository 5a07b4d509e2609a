"""The sequencer: takes transactions, orders them, seals blocks, signs each, and only then lets anyone see it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rlp
from eth.exceptions import UnrecognizedTransactionType
from eth_keys.exceptions import BadSignature
from eth_utils import ValidationError

from cinepeer.adapters.chain.evm import BLOCK_GAS, Evm, Faulty, encode_header, rows
from cinepeer.adapters.chain.genesis import faucet_key
from cinepeer.adapters.chain.signing import sign_transaction
from cinepeer.errors import BadInput, Refused
from cinepeer.records import keys
from cinepeer.rights.rlp import decode as decode_rlp
from cinepeer.rights.sequencer import sign_header
from cinepeer.rights.signatures import address_of
from cinepeer.rights.succession import Candidate, Handover, hand_over

AHEAD_S = 15
"""How far chain time may run ahead of the clock before blocks are held to one a second."""

GATHER_S = 0.02
"""How long the first transaction of a block waits for company."""

MAX_WAITING = 4096
"""Most transactions that wait at once."""

MAX_WAITING_EACH = 512
"""Most transactions of one sender that wait at once."""

HELD = (
    "its home was restored from a backup, and no other node with a copy at least as long has been met since; "
    "with the setting order_alone it goes on without"
)
"""Why a sequencer of a restored home waits: it may have signed blocks that it does not hold."""

MAX_TRANSACTION_BYTES = 128 * 1024
_BLOCK_TRANSACTIONS = 200
_BLOCK_BYTES = 512 * 1024
_KEPT_REFUSALS = 1000
_BLOB_TYPE = 3
_TRANSFER_GAS = 50_000

_log = logging.getLogger(__name__)


class Rejected(Exception):
    """A transaction was not taken; the text is one sentence, found and expected."""


@dataclass(slots=True)
class _Queue:
    """What one sender has waiting: the nonce that comes next, and the most that all of it can cost in wei."""

    nonce: int
    cost: int
    count: int


def block_time(parent: int, now: float) -> int:
    """The timestamp of a block sealed at `now` on a parent of time `parent`, both in Unix seconds."""
    return max(int(now), parent + 1)


def pause_s(parent: int, now: float, since_last_s: float) -> float:
    """Seconds to wait before sealing: none while chain time is at most `AHEAD_S` ahead, else up to a block a second."""
    ahead = parent + 1 - AHEAD_S - now
    return max(0.0, min(ahead, 1.0 - max(0.0, since_last_s)))


class Sequencer:
    """Orders the transactions of one network. One process only may hold its key and its file."""

    def __init__(
        self,
        evm: Evm,
        seed: bytes,
        clock: Callable[[], float],
        reached: Callable[[str], None] = lambda _point: None,
        holds: bool = False,
    ) -> None:
        """
        One that `holds` orders nothing before `release`: its file may be older than what it signed.
        `seed` is the Ed25519 seed whose public key the genesis map names, `clock` gives Unix seconds, `reached` hears
        the name of each durable boundary as it is passed. Raises `BadInput` for another key.
        """
        self.evm = evm
        self._seed = seed
        self._key = keys.public_key(seed)
        if self._key not in evm.succession.keys:
            raise BadInput(f"found another key, expected the sequencer's of {evm.succession.current.hex()}")
        before = evm.succession.handovers[-1:]
        if before and before[0].sequencer == self._key and evm.head.block_number < before[0].height:
            raise BadInput(
                f"found a ledger executed up to block {evm.head.block_number}, expected all of the sequencer before"
            )
        self._clock = clock
        self._reached = reached
        self._waiting: dict[bytes, Any] = {}
        self._queues: dict[bytes, _Queue] = {}
        self._wake = asyncio.Event()
        self.refusals: dict[bytes, str] = {}
        self._stuck = self._forked = ""
        self._held = HELD if holds else ""
        self._stop_after_fork()

    # -- taking ------------------------------------------------------------------------------------

    def submit(self, raw: bytes) -> bytes:
        """Takes a signed transaction and gives its hash; the same bytes any number of times. Raises `Rejected`."""
        tx = self._read(raw)
        if tx.hash in self._waiting or self.evm.tables.tx(tx.hash) is not None:
            return tx.hash
        why = self._forked or self._handed or self._held or self._stuck
        if why:
            raise Rejected(f"the ledger takes nothing now: {why}")
        self._check(tx)
        queue = self._queue(tx.sender)
        if tx.nonce != queue.nonce:
            word = "low" if tx.nonce < queue.nonce else "high, a gap"
            raise Rejected(f"nonce too {word}: found {tx.nonce}, expected {queue.nonce}")
        balance = self.evm.state(self.evm.head).get_balance(tx.sender)
        if balance < queue.cost + _cost(tx):
            raise Rejected(f"insufficient funds: found {balance} wei, expected {queue.cost + _cost(tx)} or more")
        if len(self._waiting) >= MAX_WAITING or queue.count >= MAX_WAITING_EACH:
            raise Rejected(
                f"found {queue.count} waiting of this sender and {len(self._waiting)} in all, expected fewer"
            )
        self._keep(tx, queue)
        self._wake.set()
        return tx.hash

    def _read(self, raw: bytes) -> Any:
        if len(raw) > MAX_TRANSACTION_BYTES:
            raise Rejected(f"found a transaction of {len(raw)} bytes, expected at most {MAX_TRANSACTION_BYTES}")
        try:
            # Our own decoder first: it bounds the nesting, over which the machine's own takes seconds.
            decode_rlp(raw if raw[:1] >= b"\xc0" else raw[1:])
            tx = self.evm.decode(raw)
            tx.validate()
            tx.sender  # noqa: B018  # recovers the signer once; it is kept with the transaction
        except (
            ValidationError,
            rlp.exceptions.RLPException,
            UnrecognizedTransactionType,
            BadSignature,
            ValueError,
            TypeError,
            IndexError,
            AttributeError,
            NotImplementedError,
            RecursionError,
            Refused,
        ) as error:
            raise Rejected(f"found bytes that are no signed transaction ({error}), expected one") from error
        return tx

    def _check(self, tx: Any) -> None:
        """What can be said without the state."""
        if getattr(tx, "type_id", None) == _BLOB_TYPE:
            raise Rejected("found a blob transaction, expected type 0, 1 or 2")
        if tx.chain_id != self.evm.chain_id:
            raise Rejected(f"wrong chain id: found {tx.chain_id}, expected {self.evm.chain_id}")
        if tx.gas > BLOCK_GAS:
            raise Rejected(f"gas limit too high: found {tx.gas}, expected at most {BLOCK_GAS}")
        if tx.gas < tx.intrinsic_gas:
            raise Rejected(f"intrinsic gas too low: found {tx.gas}, expected at least {tx.intrinsic_gas}")
        if tx.max_priority_fee_per_gas > tx.max_fee_per_gas:
            raise Rejected("found a priority fee above the whole fee, expected it within")

    def nonce(self, sender: bytes) -> int:
        """The nonce that a sender's next transaction must have, after all that wait."""
        return self._queue(sender).nonce

    def waiting(self, tx_hash: bytes) -> Any | None:
        """A transaction that was taken and not yet sealed, or None."""
        return self._waiting.get(tx_hash)

    def _queue(self, sender: bytes) -> _Queue:
        return self._queues.get(sender) or _Queue(self.evm.state(self.evm.head).get_nonce(sender), 0, 0)

    def _keep(self, tx: Any, queue: _Queue) -> None:
        self._queues[tx.sender] = _Queue(tx.nonce + 1, queue.cost + _cost(tx), queue.count + 1)
        self._waiting[tx.hash] = tx

    def _forget(self, hashes: list[bytes]) -> None:
        """Drops sealed or refused transactions and counts the queues of the rest anew."""
        gone = set(hashes)
        left = [tx for tx_hash, tx in self._waiting.items() if tx_hash not in gone]
        self._waiting, self._queues = {}, {}
        for tx in left:
            self._keep(tx, self._queue(tx.sender))

    def release(self) -> None:
        """Orders from now on: what this key signed is here, as far as others tell."""
        self._held = ""

    # -- sealing -----------------------------------------------------------------------------------

    def seal(self) -> Any | None:
        """Seals one block of what waits: executed, signed, on disk, then seen. None when nothing of it held."""
        batch = self._batch()
        while batch:
            try:
                return self._seal(batch)
            except Faulty as fault:
                _log.error("transaction 0x%s broke the machine and is dropped: %s", fault.transaction.hash.hex(), fault)
                self._refuse({fault.transaction.hash: str(fault)})
                batch.remove(fault.transaction)
        return None

    def hand_over(self, candidate: Candidate, order: bytes) -> Handover:
        """
        Orders what waits, gives the test credits to the candidate's faucet, and hands over: the last block and the
        hand-over are on disk together, and nothing is ordered here after them. `order` is this sequencer's signature
        over the candidate's order. Raises `Refused` (`bad-handover`, `bad-signature`) or `Rejected`.
        """
        succession = self.evm.succession
        if self._forked or self._handed or self._held:
            raise Rejected(
                f"found a ledger that orders nothing, expected its sequencer: {self._forked or self._handed}"
            )
        succession.verify_candidate(candidate)
        keys.verify(self._key, candidate.order(succession.network), order)
        self._sign_first()
        while self._waiting and self.seal() is not None:
            pass
        self._seal(endowment(self.evm, self._seed, candidate.faucet), candidate)
        if not self._handed:
            self._leave(candidate)
        return self.evm.succession.handovers[-1]

    def _sign_first(self) -> None:
        """Keeps the first block's signature, made until now when asked for: who follows has no key to make it."""
        tables = self.evm.tables
        first = tables.block(0)
        if first is not None and not first[1] and not self.evm.succession.handovers:
            with tables.atomic():
                tables.keep_signature(0, self.sign(self.evm.header(0)))

    def _leave(self, candidate: Candidate) -> None:
        """Hands over after the head, without a block of its own."""
        evm = self.evm
        handover = hand_over(self._seed, evm.network, candidate, evm.head.block_number, evm.head.hash)
        with evm.tables.atomic():
            evm.keep(handover)
        evm.succeed(handover)

    @property
    def _handed(self) -> str:
        """Why nothing is ordered here any more, where another key orders now; empty otherwise."""
        succession = self.evm.succession
        if succession.current == self._key:
            return ""
        last = succession.handovers[-1]
        who = f"{last.sequencer.hex()} orders since block {last.height}"
        return f"{who}; this node is about to follow that sequencer"

    def _batch(self) -> list[Any]:
        """What waits, in order, as far as it may fill a block: by number and, so that a block can travel, by bytes."""
        batch: list[Any] = []
        size = 0
        for tx in self._waiting.values():
            size += len(tx.encode())
            if len(batch) == _BLOCK_TRANSACTIONS or size > _BLOCK_BYTES:
                break
            batch.append(tx)
        return batch

    def refresh(self) -> None:
        """Counts what waits anew, after blocks were taken back from those who held them."""
        self._forget([tx.hash for tx in self._waiting.values() if self.evm.tables.tx(tx.hash) is not None])
        self._stop_after_fork()

    def _stop_after_fork(self) -> None:
        """Whoever signed two histories orders nothing more."""
        faults = self.evm.tables.faults()
        if faults:
            self._forked = faults[0][0]

    def _seal(self, batch: list[Any], candidate: Candidate | None = None) -> Any | None:
        """One block of a batch, None where nothing of it held; with a `candidate` the hand-over in the same commit."""
        evm, tables = self.evm, self.evm.tables
        tables.connection.execute("begin immediate")
        try:
            if tables.last_block() != (evm.head.block_number, evm.head.hash):
                raise sqlite3.IntegrityError("another process wrote to this ledger")
            done = evm.execute(batch, block_time(evm.head.timestamp, self._clock()))
            handover = None
            if done.transactions:
                self._write(done)
                if candidate is not None:
                    last = done.header
                    handover = hand_over(self._seed, evm.network, candidate, last.block_number, last.hash)
                    evm.keep(handover)
                self._reached("before-commit")
                tables.connection.execute("commit")
        finally:
            tables.undo()
        if handover is not None:
            evm.succeed(handover)
        self._refuse(done.refused)
        if not done.transactions:
            return None
        self._reached("after-commit")
        evm.advance(done)
        self._forget([tx.hash for tx in done.transactions])
        return done.header

    def _write(self, done: Any) -> None:
        txs, logs = rows(done)
        signature = self.sign(done.header)
        self.evm.tables.add(done.header.block_number, done.header.hash, signature, txs, logs)

    def sign(self, header: Any) -> bytes:
        """The sequencer's Ed25519 signature (64 bytes) over one block of this network."""
        return sign_header(self._seed, self.evm.network, encode_header(header)).signature

    def _refuse(self, refused: dict[bytes, str]) -> None:
        for tx_hash, why in refused.items():
            self.refusals[tx_hash] = why
        while len(self.refusals) > _KEPT_REFUSALS:
            self.refusals.pop(next(iter(self.refusals)))
        if refused:
            self._forget(list(refused))

    async def run(self) -> None:
        """Seals as transactions come, for ever; a disk that cannot be written is said to senders and tried again."""
        last = self._clock() - 1.0
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(GATHER_S)
            while self._waiting:
                now = self._clock()
                await asyncio.sleep(pause_s(self.evm.head.timestamp, now, now - last))
                try:
                    self.seal()
                    self._stuck = ""
                except sqlite3.Error as error:
                    self._stuck = str(error)
                    _log.error("no block could be written: %s", error)
                    await asyncio.sleep(1.0)
                last = self._clock()


def endowment(evm: Evm, seed: bytes, faucet: bytes) -> list[Any]:
    """The transaction that gives what the faucet of a `seed` holds to another faucet's account; none for nothing."""
    key = faucet_key(seed)
    own = address_of(key)
    state = evm.state(evm.head)
    held = state.get_balance(own)
    if not held:
        return []
    return [sign_transaction(key, evm.chain_id, state.get_nonce(own), to=faucet, value=held, gas=_TRANSFER_GAS)]


def _cost(tx: Any) -> int:
    """The most wei that a transaction can take from its sender."""
    return tx.value + tx.gas * tx.max_fee_per_gas
