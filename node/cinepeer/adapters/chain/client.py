"""The ledger as the application uses it: any EVM endpoint by URL, ours or another, on one code path."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.endpoint import Answered, Endpoint, Reverted
from cinepeer.adapters.chain.revert import Declared, explain, shipped
from cinepeer.errors import BadInput, LimitReached, Unreachable
from cinepeer.records.cid import Cid
from cinepeer.rights import rlp
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.events import Log
from cinepeer.rights.keccak import keccak
from cinepeer.rights.proofs import AccountProof, SlotProof
from cinepeer.rights.sequencer import SignedHeader

LOG_RANGE = 5_000
"""Blocks asked for at once; halved where an endpoint finds it too many."""

_GAS_ROOM = 5, 4
_NONCE_TRIES = 4
_HEADER_FIELDS = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", 0),
    ("number", 0),
    ("gasLimit", 0),
    ("gasUsed", 0),
    ("timestamp", 0),
    ("extraData", None),
    ("mixHash", 32),
    ("nonce", 8),
    ("baseFeePerGas", 0),
    ("withdrawalsRoot", 32),
    ("blobGasUsed", 0),
    ("excessBlobGas", 0),
    ("parentBeaconBlockRoot", 32),
    ("requestsHash", 32),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that was executed: its hash, its block, whether it held, the gas it used."""

    tx: bytes
    block: int
    ok: bool
    gas: int
    created: bytes | None = None
    logs: tuple[Log, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction as it was sent; `to` is None for a deployment, `value` is in wei."""

    hash: bytes
    sender: bytes
    to: bytes | None
    data: bytes
    value: int
    block: int | None


class Ledger:
    """One ledger by its URL and chain id. Nothing is connected, and web3 not imported, before the first question."""

    def __init__(
        self,
        url: str,
        chain_id: int,
        *,
        timeout_s: float = 60.0,
        poll_s: float = 0.03,
        errors: Declared | None = None,
    ) -> None:
        """`timeout_s` bounds the wait for a receipt; `errors` are the custom errors to name, by default the shipped."""
        self._endpoint = Endpoint(url, chain_id, min(timeout_s, 30.0))
        self._timeout_s = timeout_s
        self._poll_s = poll_s
        self._errors = errors
        self._locks: defaultdict[bytes, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.url = url
        self.chain_id = chain_id

    async def close(self) -> None:
        """Ends the connections."""
        await self._endpoint.close()

    # -- reading -----------------------------------------------------------------------------------

    async def head(self) -> int:
        """The newest block's number."""
        return int(await self._ask("eth_blockNumber"), 16)

    async def header(self, number: int) -> bytes:
        """A block's header as RLP, built from the answer's fields, with the hash it states; raises `BadInput`."""
        block = await self._ask("eth_getBlockByNumber", hex(number), False)
        if block is None:
            raise BadInput(f"found no block {number} at {self.url}, expected one up to its newest")
        encoded = encode_header(block)
        if keccak(encoded) != _bytes(block["hash"]):
            raise Unreachable(f"found a header of block {number} at {self.url} that does not have its hash")
        return encoded

    async def signed_header(self, number: int) -> SignedHeader | None:
        """The sequencer's signature over a block, or None from a ledger that has no sequencer of ours."""
        try:
            found = await self._ask("cinepeer_signedHeader", hex(number))
        except Answered as error:
            if error.code == jsonrpc.NO_METHOD:
                return None
            raise
        return SignedHeader(_bytes(found["header"]), _bytes(found["signature"]))

    async def balance(self, address: bytes) -> int:
        """What an address holds, in wei."""
        return int(await self._ask("eth_getBalance", _hex(address), "latest"), 16)

    async def code(self, address: bytes) -> bytes:
        """The code at an address; empty where no contract stands."""
        return _bytes(await self._ask("eth_getCode", _hex(address), "latest"))

    async def call(self, to: bytes, data: bytes, block: int | None = None) -> bytes:
        """What a contract answers, now or at a block; raises `BadInput` with its own error's name."""
        tag = "latest" if block is None else hex(block)
        try:
            return _bytes(await self._ask("eth_call", {"to": _hex(to), "data": _hex(data)}, tag))
        except Reverted as error:
            raise self._refusal(error) from error

    async def logs(self, addresses: Sequence[bytes], from_block: int, to_block: int) -> list[Log]:
        """Every log entry of contracts from block to block, both included; asked in parts, halved when too many."""
        found: list[Log] = []
        first, width = from_block, LOG_RANGE
        while first <= to_block:
            last = min(first + width - 1, to_block)
            wanted = {"address": [_hex(one) for one in addresses], "fromBlock": hex(first), "toBlock": hex(last)}
            try:
                entries = await self._ask("eth_getLogs", wanted)
            except Answered as error:
                if width == 1 or error.code == jsonrpc.NO_METHOD:
                    raise LimitReached(
                        f"found {error} for block {first} at {self.url}, expected its log entries"
                    ) from error
                width = max(1, (last - first + 1) // 2)
                continue
            found += [_log(entry) for entry in entries]
            first = last + 1
        return found

    async def proof(self, address: bytes, slots: Sequence[int], block: int) -> AccountProof:
        """The trie nodes that prove an account and its storage slots under a block's state root (EIP-1186)."""
        keys = [f"0x{slot:064x}" for slot in slots]
        found = await self._ask("eth_getProof", _hex(address), keys, hex(block))
        nodes = tuple(_bytes(node) for node in found["accountProof"])
        proved = [tuple(_bytes(node) for node in one["proof"]) for one in found["storageProof"]]
        return AccountProof(address, nodes, tuple(SlotProof(s, way) for s, way in zip(slots, proved, strict=True)))

    async def transaction(self, tx: bytes) -> Sent | None:
        """A transaction by its hash (32 bytes), waiting or executed, or None."""
        found = await self._ask("eth_getTransactionByHash", _hex(tx))
        if found is None:
            return None
        to, block = found["to"], found["blockNumber"]
        return Sent(
            _bytes(found["hash"]),
            _bytes(found["from"]),
            _bytes(to) if to else None,
            _bytes(found["input"]),
            int(found["value"], 16),
            int(block, 16) if block else None,
        )

    async def receipt(self, tx: bytes) -> Receipt | None:
        """The receipt of a transaction by its hash (32 bytes), or None before it is executed."""
        found = await self._ask("eth_getTransactionReceipt", _hex(tx))
        if found is None or found.get("blockNumber") is None:
            return None
        created = found.get("contractAddress")
        return Receipt(
            _bytes(found["transactionHash"]),
            int(found["blockNumber"], 16),
            int(found["status"], 16) == 1,
            int(found["gasUsed"], 16),
            _bytes(created) if created else None,
            tuple(_log(entry) for entry in found["logs"]),
        )

    async def check_contracts(self, contracts: ContractSet) -> None:
        """Raises `BadInput` when a contract of the set has no code here."""
        for name, address in contracts.named().items():
            if not await self.code(address):
                raise BadInput(f"found no code at {_hex(address)} of {self.url}, expected the contract {name}")

    async def genesis(self) -> dict[str, Any]:
        """The genesis map that an embedded ledger was made from."""
        return dict(await self._ask("cinepeer_genesis"))

    # -- writing -----------------------------------------------------------------------------------

    async def faucet(self, address: bytes) -> Receipt:
        """Asks an embedded ledger for test credits and waits for them; raises `BadInput` when it gives none."""
        try:
            tx = _bytes(await self._ask("cinepeer_faucet", _hex(address)))
        except Answered as error:
            raise BadInput(str(error)) from error
        return await self._wait(tx, b"")

    async def send(self, key: bytes, to: bytes | None, data: bytes = b"", value: int = 0) -> Receipt:
        """
        Signs with a secp256k1 `key` (32 bytes), sends, and waits until it is executed; `to` None deploys. The same
        signed bytes are sent again only after looking for their hash, so it happens once. A refusal by a contract is
        `BadInput` with the error's name; `Unreachable` names the hash when its fate is unknown.
        """
        from eth_account import Account

        account = Account.from_key(key)
        sender = _bytes(account.address)
        async with self._locks[sender]:
            tx, raw = await self._submit(account, sender, to, data, value)
        receipt = await self._wait(tx, raw)
        if not receipt.ok:
            raise await self._failure(receipt, sender, to, data, value)
        return receipt

    async def _submit(
        self, account: Any, sender: bytes, to: bytes | None, data: bytes, value: int
    ) -> tuple[bytes, bytes]:
        """Signs and hands over; the transaction's hash and bytes."""
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self.chain_id,
            "value": value,
            "data": data,
            "to": to or b"",
            "gas": await self._gas(sender, to, data, value),
            **await self._fees(),
        }
        for _ in range(_NONCE_TRIES):
            fields["nonce"] = int(await self._ask("eth_getTransactionCount", _hex(sender), "pending"), 16)
            signed = account.sign_transaction(fields)
            tx, raw = bytes(signed.hash), bytes(signed.raw_transaction)
            try:
                await self._broadcast(tx, raw)
            except Answered as error:
                # Another program may have used the number meanwhile; this transaction then never happened.
                if "nonce too low" in str(error).lower():
                    continue
                raise BadInput(f"the ledger did not take the transaction: {error}") from error
            return tx, raw
        raise BadInput(f"found another program sending from {_hex(sender)} at the same time, expected only this one")

    async def _gas(self, sender: bytes, to: bytes | None, data: bytes, value: int) -> int:
        fields = {"from": _hex(sender), "data": _hex(data), "value": hex(value)}
        if to:
            fields["to"] = _hex(to)
        try:
            least = int(await self._ask("eth_estimateGas", fields), 16)
        except Reverted as error:
            raise self._refusal(error) from error
        except Answered as error:
            raise BadInput(f"the ledger refuses this: {error}") from error
        return least * _GAS_ROOM[0] // _GAS_ROOM[1]

    async def _fees(self) -> dict[str, int]:
        """What the endpoint asks per unit of gas, in wei, with room for two full blocks; nothing on our own ledger."""
        block = await self._ask("eth_getBlockByNumber", "latest", False)
        base = int(block.get("baseFeePerGas") or "0x0", 16)
        try:
            tip = int(await self._ask("eth_maxPriorityFeePerGas"), 16)
        except Answered:
            tip = max(0, int(await self._ask("eth_gasPrice"), 16) - base)
        return {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}

    async def _broadcast(self, tx: bytes, raw: bytes) -> None:
        """Hands signed bytes over, again while the endpoint is away; known bytes are not sent twice."""
        give_up = asyncio.get_running_loop().time() + self._timeout_s
        while True:
            try:
                await self._ask("eth_sendRawTransaction", _hex(raw))
                return
            except Answered:
                if await self.transaction(tx) is not None:
                    return
                raise
            except Unreachable as error:
                if asyncio.get_running_loop().time() > give_up:
                    unknown = f"whether {_hex(tx)} was taken is unknown: look it up by this hash"
                    raise Unreachable(f"{error}; {unknown}") from error
                await asyncio.sleep(0.3)

    async def _wait(self, tx: bytes, raw: bytes) -> Receipt:
        """Polls for a receipt; bytes that an endpoint forgot in between (it was killed) are handed over again."""
        loop = asyncio.get_running_loop()
        give_up, pause = loop.time() + self._timeout_s, self._poll_s
        last: Exception | None = None
        while loop.time() < give_up:
            try:
                receipt = await self.receipt(tx)
                if receipt is not None:
                    return receipt
                if raw and pause > 10 * self._poll_s and await self.transaction(tx) is None:
                    await self._broadcast(tx, raw)
            except Unreachable as error:
                last = error
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, 1.0)
        raise Unreachable(
            f"found no receipt of {_hex(tx)} in {self._timeout_s:g} s, expected one: look it up later"
        ) from last

    async def _failure(self, receipt: Receipt, sender: bytes, to: bytes | None, data: bytes, value: int) -> BadInput:
        """Why an executed transaction did not hold, by asking the same again on the state before its block."""
        fields = {"from": _hex(sender), "data": _hex(data), "value": hex(value), **({"to": _hex(to)} if to else {})}
        try:
            await self._ask("eth_call", fields, hex(receipt.block - 1))
        except Reverted as error:
            return self._refusal(error)
        except Answered as error:
            return BadInput(f"the ledger executed {_hex(receipt.tx)} without effect: {error}")
        return BadInput(f"the ledger executed {_hex(receipt.tx)} without effect: found too little gas or another state")

    def _refusal(self, error: Reverted) -> BadInput:
        errors = shipped() if self._errors is None else self._errors
        return BadInput(f"the ledger refuses this: {explain(error.data, errors) if error.data else error}")

    async def _ask(self, method: str, *parameters: Any) -> Any:
        return await self._endpoint.ask(method, *parameters)


def network_of(genesis: dict[str, Any]) -> Cid:
    """The network id of a genesis map that an endpoint gave."""
    from cinepeer.adapters.chain.genesis import network_id

    return network_id(genesis)


def encode_header(block: dict[str, Any]) -> bytes:
    """A header's RLP from the fields of `eth_getBlockByNumber`, of any fork up to Prague."""
    fields: list[bytes] = []
    for name, size in _HEADER_FIELDS:
        if block.get(name) is None:
            break
        fields.append(rlp.encode_uint(int(block[name], 16)) if size == 0 else _bytes(block[name]))
    return rlp.encode(fields)


def _log(entry: dict[str, Any]) -> Log:
    return Log(
        address=_bytes(entry["address"]),
        topics=tuple(_bytes(topic) for topic in entry["topics"]),
        data=_bytes(entry["data"]),
        block=int(entry["blockNumber"], 16),
        block_hash=_bytes(entry["blockHash"]),
        index=int(entry["logIndex"], 16),
        tx=_bytes(entry["transactionHash"]),
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
