"""The ledger's JSON-RPC: one table from a method's name to what answers it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from eth.exceptions import StateRootNotFound
from eth.vm.interrupt import EVMMissingData
from trie.exceptions import MissingTraversalNode, MissingTrieNode

from cinepeer.adapters.chain import formats, jsonrpc, questions
from cinepeer.adapters.chain.blocks import (
    fault_json,
    held_nodes,
    parse_blocks,
    parse_signed,
    parse_told,
    sealed_blocks,
    standing,
)
from cinepeer.adapters.chain.database import LogFilter, LogRow, TxRow
from cinepeer.adapters.chain.evm import encode_header
from cinepeer.adapters.chain.faucet import Faucet
from cinepeer.adapters.chain.follower import Follower
from cinepeer.adapters.chain.formats import RpcError, data, number, parse_data, parse_number
from cinepeer.adapters.chain.replay import Replay
from cinepeer.adapters.chain.sequencer import Rejected, Sequencer
from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.rights.succession import parse_candidate

MAX_BATCH = 256
"""Most calls in one request."""

MAX_LOGS = 10_000
"""Most log entries in one answer; a question with more is refused, never cut short."""

_MAX_CHOICES = 1000
_MAX_FEE_HISTORY = 1024
_NEWEST = (None, "latest", "pending", "safe", "finalized")

_log = logging.getLogger(__name__)


class Rpc:
    """Answers JSON-RPC requests about one ledger."""

    def __init__(
        self,
        sequencer: Sequencer | Follower,
        faucet: Faucet | None,
        clock: Callable[[], float],
        more: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        """
        `clock` gives Unix seconds; an estimate runs at that time, as its transaction will. `more` are methods beside
        these, or in their place.
        """
        self._sequencer = sequencer
        self._evm = sequencer.evm
        self._tables = sequencer.evm.tables
        self._faucet = faucet
        self._clock = clock
        self._replay = Replay(sequencer.evm, clock)
        chain = str(self._evm.chain_id)
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_chainId": lambda: number(self._evm.chain_id),
            "net_version": lambda: chain,
            "net_listening": lambda: True,
            "net_peerCount": lambda: "0x0",
            "web3_clientVersion": lambda: "cinepeer/py-evm",
            "eth_accounts": list,
            "eth_syncing": lambda: False,
            "eth_gasPrice": lambda: number(self._evm.head.base_fee_per_gas),
            "eth_maxPriorityFeePerGas": lambda: "0x0",
            "eth_feeHistory": self._fee_history,
            "eth_blockNumber": lambda: number(self._evm.head.block_number),
            "eth_getBalance": lambda place, tag="latest": number(self._state(tag).get_balance(_address(place))),
            "eth_getCode": lambda place, tag="latest": data(self._state(tag).get_code(_address(place))),
            "eth_getTransactionCount": self._nonce,
            "eth_getStorageAt": self._storage,
            "eth_sendRawTransaction": self._send,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_getLogs": self._logs,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionByBlockHashAndIndex": self._transaction_at,
            "eth_getTransactionByBlockNumberAndIndex": self._transaction_at,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getBlockReceipts": self._receipts,
            "eth_getBlockByNumber": self._block,
            "eth_getBlockByHash": self._block,
            "eth_getBlockTransactionCountByNumber": self._count,
            "eth_getBlockTransactionCountByHash": self._count,
            "eth_getProof": self._proof,
            **self._own_methods(),
            **(more or {}),
        }

    def _own_methods(self) -> dict[str, Callable[..., Any]]:
        """What only ledgers of ours are asked."""
        return {
            "cinepeer_signedHeader": self._signed_header,
            "cinepeer_genesis": lambda: self._evm.genesis,
            "cinepeer_faucet": self._pay,
            "cinepeer_blocks": lambda first, count: sealed_blocks(self._evm, self._sequencer.sign, first, count),
            "cinepeer_history": lambda first, count: sealed_blocks(
                self._evm, self._sequencer.sign, first, count, is_past=True
            ),
            "cinepeer_nodes": lambda hashes: held_nodes(self._evm, hashes),
            "cinepeer_take": self._take,
            "cinepeer_compare": lambda signed: self._replay.compare(parse_signed(signed)),
            "cinepeer_handovers": lambda: [
                data(dagcbor.encode(one.to_map())) for one in self._evm.succession.handovers
            ],
            "cinepeer_succeed": lambda told: self._replay.succeed(parse_told(told)),
            "cinepeer_handOver": self._hand_over,
            "cinepeer_release": lambda: self._sequencer.release(),
            "cinepeer_faults": lambda: [fault_json(*fault) for fault in self._replay.faults()],
            "cinepeer_standing": lambda: standing(self._evm, None),
            "cinepeer_refusal": lambda tx: self._sequencer.refusals.get(parse_data(tx, "transaction hash", 32)),
        }

    async def answer(self, body: bytes) -> bytes:
        """The answer to one request or batch, as bytes of JSON; empty when nothing asked for an answer."""
        try:
            asked = jsonrpc.decode(body)
        except (ValueError, RecursionError):
            return jsonrpc.encode(
                jsonrpc.error(None, jsonrpc.PARSE_ERROR, "found a body that is not JSON, expected a JSON-RPC request")
            )
        if not isinstance(asked, list):
            answer = self._one(asked)
            return b"" if answer is None else jsonrpc.encode(answer)
        if not 0 < len(asked) <= MAX_BATCH:
            return jsonrpc.encode(
                jsonrpc.error(None, jsonrpc.BAD_REQUEST, f"found a batch of {len(asked)}, expected 1 to {MAX_BATCH}")
            )
        answers = [answer for answer in map(self._one, asked) if answer is not None]
        return jsonrpc.encode(answers) if answers else b""

    def _one(self, asked: Any) -> dict[str, Any] | None:
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return jsonrpc.error(None, jsonrpc.BAD_REQUEST, "found no method name, expected a JSON-RPC 2.0 request")
        identity, params = asked.get("id"), asked.get("params") or []
        try:
            method = self._methods.get(asked["method"])
            if method is None:
                raise RpcError(f"the method {asked['method'][:80]} does not exist/is not available", jsonrpc.NO_METHOD)
            if not isinstance(params, list):
                raise RpcError("found parameters by name, expected them in order", jsonrpc.BAD_PARAMETERS)
            answer = {"jsonrpc": "2.0", "id": identity, "result": _apply(method, params)}
        except RpcError as error:
            answer = jsonrpc.error(identity, error.code, str(error), error.data)
        except Rejected as error:
            answer = jsonrpc.error(identity, jsonrpc.FAILED, str(error))
        except Refused as error:
            answer = jsonrpc.error(identity, jsonrpc.FAILED, str(error), error.reason)
        except (MissingTrieNode, MissingTraversalNode, EVMMissingData, StateRootNotFound):
            found = "found no state of that block here: the copy began by a snapshot, expected it once all is executed"
            answer = jsonrpc.error(identity, jsonrpc.NOT_FOUND, found)
        except Exception as error:  # noqa: BLE001  # one question must not end the ledger; the fault is logged whole
            _log.exception("the ledger failed on %s", asked["method"])
            answer = jsonrpc.error(identity, jsonrpc.INTERNAL, f"the ledger failed on this: {type(error).__name__}")
        return answer if "id" in asked else None

    # -- blocks ------------------------------------------------------------------------------------

    def _find(self, tag: Any) -> Any | None:
        """The header that a tag, number, hash or EIP-1898 object names, or None."""
        if isinstance(tag, dict):
            tag = tag.get("blockHash") or tag.get("blockNumber")
        if tag in _NEWEST:
            return self._evm.head
        if tag == "earliest":
            return self._evm.header(0)
        if isinstance(tag, str) and len(tag) == 66:
            found = self._tables.block_number(parse_data(tag, "block hash", 32))
            return None if found is None else self._evm.header(found)
        return self._evm.header(parse_number(tag, "block"))

    def _header(self, tag: Any) -> Any:
        header = self._find(tag)
        if header is None:
            raise RpcError(f"header not found: there is no block {str(tag)[:80]}", jsonrpc.NOT_FOUND)
        return header

    def _state(self, tag: Any) -> Any:
        return self._evm.state(self._header(tag))

    def _block(self, tag: Any, full: Any = False) -> dict[str, Any] | None:
        header = self._find(tag)
        if header is None:
            return None
        rows = self._tables.txs(header.block_number)
        raws = self._evm.raw_transactions(header) if rows else []
        listed: list[Any]
        if full:
            listed = [formats.transaction_json(self._evm.transaction(row), row, header) for row in rows]
        else:
            listed = [data(row.hash) for row in rows]
        return formats.block_json(header, listed, sum(map(len, raws)))

    def _count(self, tag: Any) -> str | None:
        header = self._find(tag)
        return None if header is None else number(len(self._tables.txs(header.block_number)))

    def _signed_header(self, tag: Any = "latest") -> dict[str, Any]:
        header = self._header(tag)
        found = self._tables.block(header.block_number)
        # Block 0 follows from the genesis map alone, so it is signed when asked for.
        signature = (found and found[1]) or self._sequencer.sign(header)
        return {
            "number": number(header.block_number),
            "hash": data(header.hash),
            "header": data(encode_header(header)),
            "signature": data(signature),
        }

    def _take(self, blocks: Any) -> str:
        """Takes blocks that another node holds; what they say of transactions that wait here holds from then on."""
        try:
            return number(self._replay.take(parse_blocks(blocks)))
        finally:
            self._sequencer.refresh()

    def _hand_over(self, candidate: Any, order: Any) -> str:
        asked = parse_candidate(dagcbor.decode(parse_data(candidate, "candidate")))
        handover = self._sequencer.hand_over(asked, parse_data(order, "order", 64))
        return data(dagcbor.encode(handover.to_map()))

    def _pay(self, place: Any) -> str:
        if self._faucet is None:
            raise Rejected("found a copy of the ledger, expected the sequencer: it alone gives test credits")
        return data(self._faucet.pay(_address(place)))

    def _fee_history(self, count: Any, newest: Any = "latest", percentiles: Any = None) -> dict[str, Any]:
        last = self._header(newest).block_number
        wanted = parse_number(count, "block count") if isinstance(count, str) else count
        if not isinstance(wanted, int) or not 0 < wanted <= _MAX_FEE_HISTORY:
            raise RpcError(f"found {count} blocks, expected 1 to {_MAX_FEE_HISTORY}", jsonrpc.BAD_PARAMETERS)
        if percentiles is not None and (not isinstance(percentiles, list) or len(percentiles) > 100):
            raise RpcError("found no list of up to 100 percentiles, expected one", jsonrpc.BAD_PARAMETERS)
        headers: list[Any] = [self._evm.header(n) for n in range(max(0, last - wanted + 1), last + 1)]
        answer: dict[str, Any] = {
            "oldestBlock": number(headers[0].block_number),
            "baseFeePerGas": [number(h.base_fee_per_gas) for h in headers] + [number(headers[-1].base_fee_per_gas)],
            "gasUsedRatio": [h.gas_used / h.gas_limit for h in headers],
        }
        if percentiles:
            answer["reward"] = [["0x0"] * len(percentiles) for _ in headers]
        return answer

    # -- state -------------------------------------------------------------------------------------

    def _nonce(self, place: Any, tag: Any = "latest") -> str:
        if tag == "pending":
            return number(self._sequencer.nonce(_address(place)))
        return number(self._state(tag).get_nonce(_address(place)))

    def _storage(self, place: Any, slot: Any, tag: Any = "latest") -> str:
        value = self._state(tag).get_storage(_address(place), parse_number(slot, "storage slot"))
        return data(value.to_bytes(32, "big"))

    def _proof(self, place: Any, slots: Any, tag: Any = "latest") -> dict[str, Any]:
        if not isinstance(slots, list):
            raise RpcError("found no list of storage slots, expected one", jsonrpc.BAD_PARAMETERS)
        return questions.prove(self._evm, _address(place), slots, self._header(tag))

    def _call(self, fields: Any, tag: Any = "latest", *overrides: Any) -> str:
        if any(overrides):
            raise RpcError("found state overrides, expected none: this ledger has no such call", jsonrpc.BAD_PARAMETERS)
        header = self._header(tag)
        timestamp = self._next_time() if tag == "pending" else None
        return data(questions.call(self._evm, _fields(fields), header, timestamp))

    def _estimate(self, fields: Any, tag: Any = "pending") -> str:
        return number(questions.estimate(self._evm, _fields(fields), self._header(tag), self._next_time()))

    def _next_time(self) -> int:
        return max(int(self._clock()), self._evm.head.timestamp + 1)

    # -- transactions ------------------------------------------------------------------------------

    def _send(self, raw: Any) -> str:
        return data(self._sequencer.submit(parse_data(raw, "transaction")))

    def _transaction(self, tx_hash: Any) -> dict[str, Any] | None:
        wanted = parse_data(tx_hash, "transaction hash", 32)
        row = self._tables.tx(wanted)
        if row is not None:
            return self._transaction_json(row)
        waiting = self._sequencer.waiting(wanted)
        return None if waiting is None else formats.transaction_json(waiting, None, None)

    def _transaction_json(self, row: TxRow) -> dict[str, Any]:
        return formats.transaction_json(self._evm.transaction(row), row, self._evm.header(row.block))

    def _transaction_at(self, tag: Any, position: Any) -> dict[str, Any] | None:
        header = self._find(tag)
        rows = self._tables.txs(header.block_number) if header is not None else []
        index = parse_number(position, "position")
        return self._transaction_json(rows[index]) if index < len(rows) else None

    def _receipt(self, tx_hash: Any) -> dict[str, Any] | None:
        row = self._tables.tx(parse_data(tx_hash, "transaction hash", 32))
        if row is None:
            return None
        entries = [entry for entry in self._entries(row.block) if entry.tx == row.position]
        return formats.receipt_json(row, self._evm.transaction(row), self._evm.header(row.block), entries)

    def _receipts(self, tag: Any) -> list[dict[str, Any]] | None:
        header = self._find(tag)
        if header is None:
            return None
        entries = self._entries(header.block_number)
        return [
            formats.receipt_json(row, self._evm.transaction(row), header, [e for e in entries if e.tx == row.position])
            for row in self._tables.txs(header.block_number)
        ]

    def _entries(self, block: int) -> list[LogRow]:
        return self._tables.logs(LogFilter(block, block), -1)

    def _logs(self, fields: Any) -> list[dict[str, Any]]:
        wanted = self._filter(_fields(fields))
        found = self._tables.logs(wanted, MAX_LOGS + 1)
        if len(found) > MAX_LOGS:
            raise RpcError(f"query returned more than {MAX_LOGS} results, ask for fewer blocks", jsonrpc.TOO_MUCH)
        blocks = {entry.block for entry in found}
        hashes = {block: (self._tables.block(block) or (b"",))[0] for block in blocks}
        txs = {(block, row.position): row.hash for block in blocks for row in self._tables.txs(block)}
        return [formats.log_json(entry, txs[entry.block, entry.tx], hashes[entry.block]) for entry in found]

    def _filter(self, fields: dict[str, Any]) -> LogFilter:
        if fields.get("blockHash"):
            first = last = self._header(fields["blockHash"]).block_number
        else:
            first, last = (self._bound(fields.get(name, "latest")) for name in ("fromBlock", "toBlock"))
        topics = fields.get("topics") or []
        if not isinstance(topics, list) or len(topics) > 4:
            raise RpcError("found topics that are no list of up to four, expected one", jsonrpc.BAD_PARAMETERS)
        places = _choices(fields.get("address"), "address", 20)
        return LogFilter(first, last, places, tuple(_choices(choice, "topic", 32) for choice in topics))

    def _bound(self, tag: Any) -> int:
        """A block number for a range; numbers beyond the head are allowed and match nothing."""
        if isinstance(tag, str) and tag.startswith("0x"):
            return min(parse_number(tag, "block"), 1 << 62)
        return int(self._header(tag).block_number)


def _apply(method: Callable[..., Any], params: list[Any]) -> Any:
    """Calls a method with its parameters; too few or too many are the asker's mistake."""
    code = method.__code__ if hasattr(method, "__code__") else None
    if code is not None:
        own = 1 if hasattr(method, "__self__") else 0
        most = 99 if code.co_flags & 0x04 else code.co_argcount - own
        least = code.co_argcount - own - len(method.__defaults__ or ())
        if not least <= len(params) <= most:
            raise RpcError(f"found {len(params)} parameters, expected {least} to {most}", jsonrpc.BAD_PARAMETERS)
    return method(*params) if code is not None else method()


def _fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RpcError("found no object as first parameter, expected one", jsonrpc.BAD_PARAMETERS)
    return value


def _address(text: Any) -> bytes:
    return parse_data(text, "address", 20)


def _choices(value: Any, what: str, size: int) -> tuple[bytes, ...]:
    """One value, a list of alternatives, or nothing."""
    if value is None:
        return ()
    listed = value if isinstance(value, list) else [value]
    if len(listed) > _MAX_CHOICES:
        raise RpcError(
            f"found {len(listed)} alternatives of {what}, expected at most {_MAX_CHOICES}", jsonrpc.BAD_PARAMETERS
        )
    return tuple(parse_data(one, what, size) for one in listed)
