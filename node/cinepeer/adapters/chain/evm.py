"""The machine: py-evm under Cancun rules over the ledger's file. It executes blocks and questions, decides nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rlp
from eth.chains.base import Chain
from eth.consensus import ConsensusApplier, NoProofConsensus
from eth.constants import POST_MERGE_DIFFICULTY, POST_MERGE_NONCE, ZERO_ADDRESS, ZERO_HASH32
from eth.db.atomic import AtomicDB
from eth.exceptions import HeaderNotFound
from eth.vm.forks import CancunVM
from eth_utils import ValidationError

from cinepeer.adapters.chain.database import LogRow, Tables, TxRow
from cinepeer.adapters.chain.genesis import network_id
from cinepeer.adapters.chain.machine import FilmVM
from cinepeer.errors import BadInput
from cinepeer.records import dagcbor
from cinepeer.rights.deployment import created_address
from cinepeer.rights.succession import Handover, parse_handover, succession_of

GAS_LIMIT = 60_000_000
"""The gas limit that every header states."""

BLOCK_GAS = 30_000_000
"""The most gas a block may use: half its limit, because above half a base fee of zero rises and never returns."""

WEI = 10**18
"""Wei in one credit."""

# Only the timestamp of a header is the sequencer's to choose; every node builds the rest from these.
_FIXED = {"coinbase": ZERO_ADDRESS, "extra_data": b"", "mix_hash": ZERO_HASH32, "gas_limit": GAS_LIMIT}


class Faulty(Exception):
    """Executing `transaction` broke the machine itself, so it belongs in no block."""

    def __init__(self, transaction: Any, cause: Exception) -> None:
        """Names the transaction and what happened."""
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.transaction = transaction


@dataclass(slots=True)
class Executed:
    """A block that was executed and written inside an open transaction, but not yet signed or committed."""

    header: Any
    vm: Any
    transactions: list[Any] = field(default_factory=list)
    receipts: list[Any] = field(default_factory=list)
    refused: dict[bytes, str] = field(default_factory=dict)


class Evm:
    """One chain in one file: its head, any past state, and the execution of the next block."""

    machine: type[CancunVM] = FilmVM

    def __init__(self, path: Path | str, genesis: Mapping[str, Any]) -> None:
        """Opens the chain of this genesis map, or makes it; raises `BadInput` for the file of another network."""
        self.genesis = dict(genesis)
        self.network = network_id(genesis)
        self.chain_id: int = genesis["chain_id"]
        try:
            self.tables = Tables(path)
        except sqlite3.Error as error:
            raise BadInput(
                f"found {path}, which cannot be opened as a ledger ({error}), expected its own file"
            ) from error
        applier = ConsensusApplier(NoProofConsensus)
        self._kind = Chain.configure(
            "FilmChain",
            chain_id=self.chain_id,
            vm_configuration=applier.amend_vm_configuration(((0, self.machine),)),
        )
        self._store = AtomicDB(self.tables.nodes)
        self.chain = self._kind(self._store)
        self.fresh = self.tables.last_block() is None
        if self.fresh:
            with self.tables.atomic():
                self._begin()
        self.head = self._check_file(path)
        first = bytes.fromhex(str(genesis["sequencer"]))
        kept = (parse_handover(dagcbor.decode(body)) for body in self.tables.handovers())
        self.succession = succession_of(self.network, first, kept)
        self._head_vm: Any = None
        self._head_transactions: list[Any] = []

    def _begin(self) -> None:
        """Writes block 0, whose every field follows from the genesis map."""
        fields = {
            **_FIXED,
            "difficulty": POST_MERGE_DIFFICULTY,
            "nonce": POST_MERGE_NONCE,
            "base_fee_per_gas": 0,
            "timestamp": self.genesis["time"],
        }
        state = {
            bytes.fromhex(address.removeprefix("0x")): {
                "balance": credits * WEI,
                "nonce": 0,
                "code": b"",
                "storage": {},
            }
            for address, credits in self.genesis.get("credits", {}).items()
        }
        self._kind.from_genesis(self._store, fields, state)
        block_hash = self.chain.get_canonical_block_header_by_number(0).hash
        self.tables.nodes[b"network"] = bytes(self.network)
        self.tables.add(0, block_hash, b"", [], [])

    def _check_file(self, path: Path | str) -> Any:
        """The head's header, once the file proves to be this network's and whole."""
        if self.tables.nodes.get(b"network", b"") != bytes(self.network):
            raise BadInput(f"found {path}, the ledger of another network, expected that of {self.network}")
        head = self.chain.get_canonical_head()
        if self.tables.last_block() != (head.block_number, head.hash):
            raise BadInput(f"found {path} with a broken end at block {head.block_number}, expected a whole ledger")
        return head

    def close(self) -> None:
        """Closes the file."""
        self.tables.close()

    # -- blocks ------------------------------------------------------------------------------------

    def decode(self, raw: bytes) -> Any:
        """A signed transaction from its bytes; py-evm's own errors pass through."""
        return CancunVM.get_transaction_builder().decode(raw)

    def execute(self, transactions: Iterable[Any], timestamp: int) -> Executed:
        """
        Executes what fits on the head and writes the block into the open transaction. Header and execution see the
        same `timestamp`. What does not hold is set aside in `refused`; what breaks the machine raises `Faulty`.
        """
        header = self.chain.create_header_from_parent(self.head, timestamp=timestamp, **_FIXED)
        vm = self.chain.get_vm(header)
        done = Executed(header, vm)
        for transaction in transactions:
            if header.gas_used + transaction.gas > BLOCK_GAS:
                break
            try:
                receipt, _ = vm.apply_transaction(header, transaction)
            except ValidationError as error:
                done.refused[transaction.hash] = str(error)
                continue
            except (sqlite3.Error, MemoryError):
                raise
            except Exception as error:
                raise Faulty(transaction, error) from error
            header = vm.add_receipt_to_header(header, receipt)
            done.transactions.append(transaction)
            done.receipts.append(receipt)
        draft = vm.set_block_transactions_and_withdrawals(vm.get_block(), header, done.transactions, done.receipts)
        block = vm.finalize_block(draft).block
        vm.validate_header(block.header, self.head)
        self.chain.chaindb.persist_block(block)
        done.header = block.header
        return done

    def advance(self, done: Executed) -> None:
        """Makes a committed block the head that everyone sees; its transactions and its state are asked for at once."""
        self.head = done.header
        self._head_vm = done.vm
        self._head_transactions = done.transactions

    def stand(self, header: Any) -> None:
        """Makes a committed block the head that was written here without being executed."""
        self.head = header
        self._head_vm = None
        self._head_transactions = []

    def keep(self, handover: Handover) -> None:
        """Writes a hand-over inside the open transaction; `succeed` makes it count once that is committed."""
        self.tables.add_handover(handover.number, dagcbor.encode(handover.to_map()))

    def succeed(self, handover: Handover) -> None:
        """Makes a committed hand-over count; raises `Refused` (`bad-handover`) for one that does not hold."""
        self.succession = self.succession.followed_by(handover)

    # -- state -------------------------------------------------------------------------------------

    def header(self, number: int) -> Any | None:
        """The header of a block by number, or None when there is none."""
        if number == self.head.block_number:
            return self.head
        try:
            return self.chain.get_canonical_block_header_by_number(number)
        except HeaderNotFound:
            return None

    def state(self, header: Any) -> Any:
        """The state after a block, for reading only."""
        if header is not self.head:
            return self.chain.get_vm(header).state
        if self._head_vm is None:
            self._head_vm = self.chain.get_vm(header)
        return self._head_vm.state

    @contextmanager
    def trial(self, header: Any, timestamp: int | None = None) -> Iterator[Any]:
        """A machine on the state after `header` for one question, at `timestamp` if given; nothing of it is kept."""
        if timestamp is not None:
            header = self.chain.create_header_from_parent(header, timestamp=timestamp, **_FIXED).copy(
                state_root=header.state_root
            )
        yield self.chain.get_vm(header)

    def transaction(self, row: TxRow) -> Any:
        """The signed transaction of an executed row."""
        if row.block == self.head.block_number and row.position < len(self._head_transactions):
            return self._head_transactions[row.position]
        return self.chain.chaindb.get_transaction_by_index(row.block, row.position, CancunVM.get_transaction_builder())

    def raw_transactions(self, header: Any) -> list[bytes]:
        """The encoded transactions of a block, in order."""
        block_class = CancunVM.get_transaction_builder()
        return [tx.encode() for tx in self.chain.chaindb.get_block_transactions(header, block_class)]


def rows(done: Executed) -> tuple[list[TxRow], list[LogRow]]:
    """The table rows of an executed block."""
    txs: list[TxRow] = []
    logs: list[LogRow] = []
    number, before = done.header.block_number, 0
    for position, (tx, receipt) in enumerate(zip(done.transactions, done.receipts, strict=True)):
        created = None if tx.to else created_address(tx.sender, tx.nonce)
        ok = receipt.state_root == b"\x01"
        gas = receipt.gas_used - before
        before = receipt.gas_used
        txs.append(TxRow(tx.hash, number, position, tx.sender, tx.to or None, created, gas, receipt.gas_used, ok))
        for entry in receipt.logs:
            topics = tuple(topic.to_bytes(32, "big") for topic in entry.topics)
            logs.append(LogRow(number, len(logs), position, entry.address, topics, entry.data))
    return txs, logs


def encode_header(header: Any) -> bytes:
    """The header's RLP, whose keccak is the block's hash."""
    return rlp.encode(header)
