"""The ledger as the application uses it: any EVM endpoint by URL, ours or another, on one code path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.endpoint import Answered, Reverted
from cinepeer.adapters.chain.endpoints import Endpoints
from cinepeer.adapters.chain.history import History
from cinepeer.adapters.chain.journal import Journal
from cinepeer.adapters.chain.revert import Declared
from cinepeer.adapters.chain.sending import STUCK_S, Sending
from cinepeer.adapters.chain.values import (
    Fate,
    Receipt,
    Sent,
    Underway,
    number,
    parse_header_of,
    parse_logs,
    parse_place,
    parse_proof,
    parse_receipt,
    parse_sent,
    parse_signed,
    parse_succession,
    tohex,
    unhex,
)
from cinepeer.errors import BadInput, LimitReached, Unreachable
from cinepeer.records.cid import Cid
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.events import Log
from cinepeer.rights.keccak import keccak
from cinepeer.rights.proofs import AccountProof, SlotProof, parse_header, read_account, read_slot
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.slots import title_slot
from cinepeer.rights.succession import Handover

T = TypeVar("T")

LOG_RANGE = 5_000
"""Blocks asked for at once; halved where an endpoint finds it too many."""

FINAL_DEPTH = 64
"""Blocks above one that is not expected to be taken back, where the endpoint does not say itself what is final."""

PROVED_AT_ONCE = 100
"""Storage slots asked for in one proof."""


class Ledger:
    """One ledger by its URL and chain id. Nothing is connected, and web3 not imported, before the first question."""

    def __init__(
        self,
        url: str | Sequence[str],
        chain_id: int,
        *,
        timeout_s: float = 60.0,
        poll_s: float = 0.03,
        stuck_s: float = STUCK_S,
        errors: Declared | None = None,
        journal: Journal | None = None,
        is_checked: bool = False,
        guard: Callable[[Ledger], Awaitable[None]] | None = None,
    ) -> None:
        """
        `url` is one or several that show the same chain; `timeout_s` bounds the wait for a receipt; `errors` are the
        custom errors to name, by default the shipped; `journal` keeps what is on its way; `is_checked` when what the
        endpoints say is proved by their state roots, because nobody of ours executed it; `guard` must hold once before
        the log is read or anything is sent.
        """
        urls = [url] if isinstance(url, str) else list(url)
        self._endpoints = Endpoints(urls, chain_id, min(timeout_s, 30.0))
        self._sending = Sending(
            self._endpoints,
            journal or Journal(),
            timeout_s=timeout_s,
            poll_s=poll_s,
            stuck_s=stuck_s,
            errors=errors,
            may_reorganise=is_checked,
        )
        self._is_checked = is_checked
        self._guard = guard
        self._histories: dict[tuple[bytes, ...], History] = {}
        self.urls = tuple(urls)
        self.chain_id = chain_id

    @property
    def url(self) -> str:
        """The endpoint that is asked first."""
        return self._endpoints.url

    async def close(self) -> None:
        """Ends the connections."""
        await self._endpoints.close()

    # -- reading -----------------------------------------------------------------------------------

    async def head(self) -> int:
        """The newest block's number."""
        return await self._read(number, "eth_blockNumber")

    async def header(self, number: int) -> bytes:
        """A block's header as RLP, built from the answer's fields, with the hash it states; raises `BadInput`."""
        read = await self._read(parse_header_of, "eth_getBlockByNumber", hex(number), False)
        if read is None:
            raise BadInput(f"found no block {number} at {self.url}, expected one up to its newest")
        encoded, block_hash = read
        if keccak(encoded) != block_hash:
            raise Unreachable(f"found a header of block {number} at {self.url} that does not have its hash")
        return encoded

    async def handovers(self) -> list[Handover]:
        """The hand-overs from one sequencer to the next, in order; none of a ledger that has no sequencer of ours."""
        try:
            return await self._read(parse_succession, "cinepeer_handovers")
        except Answered as error:
            if error.code == jsonrpc.NO_METHOD:
                return []
            raise

    async def hand_over(self, candidate: bytes, order: bytes) -> bytes:
        """
        Has our own ledger hand over to a candidate (DAG-CBOR) by its sequencer's signed order; the hand-over. Raises
        `BadInput` with the ledger's own sentence where it does not.
        """
        try:
            return await self._read(unhex, "cinepeer_handOver", tohex(candidate), tohex(order))
        except Answered as error:
            raise BadInput(str(error)) from error

    async def signed_header(self, number: int) -> SignedHeader | None:
        """The sequencer's signature over a block, or None from a ledger that has no sequencer of ours."""
        try:
            return await self._read(parse_signed, "cinepeer_signedHeader", hex(number))
        except Answered as error:
            if error.code == jsonrpc.NO_METHOD:
                return None
            raise

    async def balance(self, address: bytes) -> int:
        """What an address holds, in wei."""
        return await self._read(number, "eth_getBalance", tohex(address), "latest")

    async def gas_price(self) -> int:
        """What the endpoint would ask per unit of gas now, in wei."""
        return await self._read(number, "eth_gasPrice")

    async def count(self, address: bytes) -> int:
        """How many transactions of an account were executed: the number of its next one."""
        return await self._read(number, "eth_getTransactionCount", tohex(address), "latest")

    async def code(self, address: bytes) -> bytes:
        """The code at an address; empty where no contract stands."""
        return await self._read(unhex, "eth_getCode", tohex(address), "latest")

    async def call(self, to: bytes, data: bytes, block: int | None = None) -> bytes:
        """What a contract answers, now or at a block; raises `BadInput` with its own error's name."""
        tag = "latest" if block is None else hex(block)
        try:
            return await self._read(unhex, "eth_call", {"to": tohex(to), "data": tohex(data)}, tag)
        except Reverted as error:
            raise self._sending.refusal(error) from error

    async def logs(
        self, addresses: Sequence[bytes], from_block: int, to_block: int, width: int = LOG_RANGE
    ) -> list[Log]:
        """Every log entry of contracts from block to block, both included; asked in parts, halved when too many."""
        found: list[Log] = []
        first = from_block
        while first <= to_block:
            last = min(first + width - 1, to_block)
            wanted = {"address": [tohex(one) for one in addresses], "fromBlock": hex(first), "toBlock": hex(last)}
            try:
                entries = await self._read(parse_logs, "eth_getLogs", wanted)
            except Answered as error:
                if width == 1 or error.code == jsonrpc.NO_METHOD:
                    raise LimitReached(
                        f"found {error} for block {first} at {self.url}, expected its log entries"
                    ) from error
                width = max(1, (last - first + 1) // 2)
                continue
            found += entries
            first = last + 1
        return found

    async def proof(self, address: bytes, slots: Sequence[int], block: int) -> AccountProof:
        """The trie nodes that prove an account and its storage slots under a block's state root (EIP-1186)."""
        keys = [f"0x{slot:064x}" for slot in slots]
        nodes, ways = await self._read(parse_proof, "eth_getProof", tohex(address), keys, hex(block))
        if len(ways) != len(slots):
            raise Unreachable(f"found proofs of {len(ways)} slots at {self.url}, expected {len(slots)}")
        return AccountProof(address, nodes, tuple(SlotProof(*pair) for pair in zip(slots, ways, strict=True)))

    async def history(self, contracts: ContractSet) -> tuple[list[Log], int]:
        """
        Every log entry of a contract set and the block up to which they were read; what a reorganisation took back is
        gone from it. Raises `CheckFailed` when an endpoint leaves entries out.
        """
        await self._check()
        known = tuple(contracts.named().values())
        if known not in self._histories:
            verify = self._prove_heads if self._is_checked else None
            self._histories[known] = History(self._block, self.logs, contracts, verify)
        return await self._histories[known].read()

    async def _block(self, tag: int | str) -> tuple[int, bytes] | None:
        named = hex(tag) if isinstance(tag, int) else tag
        return await self._read(parse_place, "eth_getBlockByNumber", named, False)

    async def _prove_heads(self, contracts: ContractSet, heads: Mapping[bytes, bytes], block: int) -> list[bytes]:
        """The titles whose head in the state of a block is another than the log's."""
        header = parse_header(await self.header(block))
        wrong: list[bytes] = []
        titles = list(heads)
        for at in range(0, len(titles), PROVED_AT_ONCE):
            part = titles[at : at + PROVED_AT_ONCE]
            proof = await self.proof(contracts.titles, [title_slot(title) + 1 for title in part], block)
            root = read_account(header.state_root, contracts.titles, proof.nodes).storage_root
            for title, slot in zip(part, proof.slots, strict=True):
                if read_slot(root, slot.slot, slot.nodes) != int.from_bytes(heads[title]):
                    wrong.append(title)
        return wrong

    async def transaction(self, tx: bytes) -> Sent | None:
        """A transaction by its hash (32 bytes), waiting or executed, or None."""
        return await self._read(parse_sent, "eth_getTransactionByHash", tohex(tx))

    async def receipt(self, tx: bytes) -> Receipt | None:
        """The receipt of a transaction by its hash (32 bytes), or None before it is executed."""
        return await self._read(parse_receipt, "eth_getTransactionReceipt", tohex(tx))

    async def fate(self, tx: bytes) -> Fate:
        """What became of a transaction by its hash (32 bytes)."""
        receipt = await self.receipt(tx)
        if receipt is None:
            return Fate("waiting" if await self.transaction(tx) is not None else "unknown")
        return Fate("executed" if receipt.ok else "failed", receipt.block, receipt.block <= await self.final())

    async def underway(self) -> list[Underway]:
        """What this home signed and has no told end; what has ended is told once."""
        return await self._sending.underway()

    async def drop(self, key: bytes, tx: bytes) -> Underway:
        """Takes the number of a stuck transaction (32-byte hash) by one that does nothing; what came of it."""
        return await self._sending.drop(key, tx)

    async def again(self, key: bytes, tx: bytes) -> Underway:
        """Offers a stuck transaction (32-byte hash) once more, for a higher fee where there are fees."""
        return await self._sending.again(key, tx)

    async def final(self) -> int:
        """The newest block that nothing takes back any more: the endpoint's own word, or `FINAL_DEPTH` below its head.

        On a ledger of ours that is the newest: its order is signed.
        """
        if not self._is_checked:
            return await self.head()
        try:
            found = await self._block("finalized")
        except Answered:
            found = None
        return found[0] if found else max(0, await self.head() - FINAL_DEPTH)

    async def genesis(self) -> dict[str, Any]:
        """The genesis map that an embedded ledger was made from."""
        return await self._read(dict, "cinepeer_genesis")

    # -- writing -----------------------------------------------------------------------------------

    async def faucet(self, address: bytes) -> Receipt:
        """Asks an embedded ledger for test credits and waits for them; raises `BadInput` when it gives none."""
        try:
            tx = await self._read(unhex, "cinepeer_faucet", tohex(address))
        except Answered as error:
            raise BadInput(str(error)) from error
        return await self._sending.wait(tx)

    async def send(self, key: bytes, to: bytes | None, data: bytes = b"", value: int = 0) -> Receipt:
        """Signs with a secp256k1 `key` (32 bytes), sends, and waits until it is executed: once, see `Sending.send`."""
        await self._check()
        return await self._sending.send(key, to, data, value)

    async def _check(self) -> None:
        if self._guard is not None:
            await self._guard(self)
            self._guard = None

    async def ask(self, method: str, *parameters: Any) -> Any:
        """The result of any method, as it comes; raises `Reverted`, `Answered` or `Unreachable`."""
        return await self._endpoints.ask(method, *parameters)

    async def wait(self, tx: bytes) -> Receipt:
        """The receipt of a transaction that somebody else sent; raises `Unreachable` when it takes too long."""
        return await self._sending.wait(tx)

    async def price(self, sender: bytes, to: bytes, data: bytes, value: int = 0) -> int:
        """What a transaction would cost in wei besides its value; raises `BadInput` when it would be refused."""
        call = {"from": tohex(sender), "to": tohex(to), "data": tohex(data), "value": hex(value)}
        return await self._sending.price(call)

    async def _read(self, parse: Callable[[Any], T], method: str, *parameters: Any) -> T:
        return await self._endpoints.read(parse, method, *parameters)


async def open_any(urls: Sequence[str]) -> Ledger:
    """The ledger at endpoints whose chain is not known yet: the first one's; raises `Unreachable`."""
    from cinepeer.adapters.chain.endpoint import chain_id_of

    return Ledger(urls, await chain_id_of(urls[0]), timeout_s=180.0)


def network_of(genesis: dict[str, Any]) -> Cid:
    """The network id of a genesis map that an endpoint gave."""
    from cinepeer.adapters.chain.genesis import network_id

    return network_id(genesis)
