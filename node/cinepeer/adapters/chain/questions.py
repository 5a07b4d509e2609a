"""Questions that need the machine: calls, gas estimates, storage proofs."""

from __future__ import annotations

from typing import Any

import rlp
from eth.constants import BLANK_ROOT_HASH, CREATE_CONTRACT_ADDRESS, EMPTY_SHA3
from eth.exceptions import Revert
from eth.vm.spoof import SpoofTransaction
from eth_utils import ValidationError
from trie import HexaryTrie

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.evm import BLOCK_GAS, Evm
from cinepeer.adapters.chain.formats import RpcError, address, data, number, parse_data, parse_number, parse_slot
from cinepeer.rights.keccak import keccak

_ERROR_STRING = bytes.fromhex("08c379a0")
CALL_GAS = 10_000_000
"""The most gas of a call: one question holds everybody else up for as long as it runs."""

_SEARCHED_GAS = 3_000_000
_MAX_SLOTS = 1024
_STIPEND = 2300


def call(evm: Evm, fields: dict[str, Any], header: Any, timestamp: int | None = None) -> bytes:
    """What a call would return on the state after `header`; raises `RpcError` with the revert's data."""
    gas = parse_number(fields["gas"], "gas") if fields.get("gas") else CALL_GAS
    return _run(evm, fields, header, min(gas, CALL_GAS), timestamp)[0].output


def estimate(evm: Evm, fields: dict[str, Any], header: Any, timestamp: int) -> int:
    """A gas limit under which the transaction would hold, at most 1.5 % above the least one unless that is high."""
    cap = min(parse_number(fields["gas"], "gas"), BLOCK_GAS) if fields.get("gas") else BLOCK_GAS
    done, used = _run(evm, fields, header, cap, timestamp)
    # A refund is paid back only at the end, and each inner call keeps one 64th for its caller.
    trial = min((used + done.get_gas_refund() + _STIPEND) * 64 // 63, cap)
    if used > _SEARCHED_GAS:  # such as a contract's creation: tried once, because each try takes long
        return trial if _holds(evm, fields, header, trial, timestamp) else cap
    if _holds(evm, fields, header, used, timestamp):
        return used
    low, high = used, cap
    while high - low > max(high * 15 // 1000, 1):
        if _holds(evm, fields, header, trial, timestamp):
            high = trial
        else:
            low = trial
        trial = min((low + high) // 2, 2 * low)
    return high


def _holds(evm: Evm, fields: dict[str, Any], header: Any, gas: int, timestamp: int) -> bool:
    try:
        _run(evm, fields, header, gas, timestamp)
    except RpcError:
        return False
    return True


def _run(evm: Evm, fields: dict[str, Any], header: Any, gas: int, timestamp: int | None) -> tuple[Any, int]:
    """Executes a call as a transaction without signature; its computation and the gas it used."""
    sender = parse_data(fields["from"], "from", 20) if fields.get("from") else bytes(20)
    to = parse_data(fields["to"], "to", 20) if fields.get("to") else CREATE_CONTRACT_ADDRESS
    value = parse_number(fields["value"], "value") if fields.get("value") else 0
    payload = parse_data(fields.get("input") or fields.get("data") or "0x", "data")
    with evm.trial(header, timestamp) as vm:
        state = vm.state
        plain = vm.get_transaction_builder().create_unsigned_transaction(
            nonce=state.get_nonce(sender),
            gas_price=vm.get_header().base_fee_per_gas,
            gas=gas,
            to=to,
            value=value,
            data=payload,
        )
        transaction = SpoofTransaction(plain, from_=sender)
        need, held = value + gas * plain.gas_price, state.get_balance(sender)
        if held < need:
            raise RpcError(f"insufficient funds for gas * price + value: found {held} wei, expected {need}")
        if gas < transaction.intrinsic_gas:
            raise RpcError(f"intrinsic gas too low: found {gas}, expected at least {transaction.intrinsic_gas}")
        try:
            done = state.apply_transaction(transaction)
        except ValidationError as error:
            raise RpcError(str(error)) from error
        if done.is_error:
            raise _failure(done)
        return done, vm.finalize_gas_used(transaction, done)


def _failure(done: Any) -> RpcError:
    """The standard's error for a call that did not hold: code 3 with the revert's data."""
    if not isinstance(done.error, Revert):
        return RpcError(f"execution failed: {type(done.error).__name__}: {done.error}")
    output = done.output
    message = "execution reverted"
    if output[:4] == _ERROR_STRING and len(output) >= 68:
        size = int.from_bytes(output[36:68], "big")
        message += ": " + output[68 : 68 + size].decode(errors="replace")
    return RpcError(message, jsonrpc.REVERTED, data(output))


def prove(evm: Evm, place: bytes, slots: list[Any], header: Any) -> dict[str, Any]:
    """`eth_getProof` (EIP-1186): trie nodes for an account and its slots under the header's state root."""
    if len(slots) > _MAX_SLOTS:
        raise RpcError(f"found {len(slots)} slots, expected at most {_MAX_SLOTS}", jsonrpc.BAD_PARAMETERS)
    accounts = HexaryTrie(evm.tables.nodes, header.state_root)
    key = keccak(place)
    account = accounts.get(key)
    nonce, balance, root, code_hash = rlp.decode(account) if account else (b"", b"", BLANK_ROOT_HASH, EMPTY_SHA3)
    storage = HexaryTrie(evm.tables.nodes, root)
    return {
        "address": address(place) or "0x" + "00" * 20,
        "accountProof": [data(rlp.encode(node)) for node in accounts.get_proof(key)],
        "balance": number(int.from_bytes(balance, "big")),
        "codeHash": data(code_hash),
        "nonce": number(int.from_bytes(nonce, "big")),
        "storageHash": data(root),
        "storageProof": [_prove_slot(storage, slot) for slot in slots],
    }


def _prove_slot(storage: HexaryTrie, slot: Any) -> dict[str, Any]:
    key = keccak(parse_slot(slot))
    value = storage.get(key)
    return {
        "key": slot,
        "value": number(int.from_bytes(rlp.decode(value), "big") if value else 0),
        "proof": [data(rlp.encode(node)) for node in storage.get_proof(key)],
    }
