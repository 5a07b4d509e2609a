"""Signing of the ledger's own transactions: deployment and test credits, at no fee."""

from __future__ import annotations

from typing import Any

from eth.vm.forks import CancunVM
from eth_keys.datatypes import PrivateKey


def sign_transaction(
    key: bytes, chain_id: int, nonce: int, *, to: bytes, value: int = 0, payload: bytes = b"", gas: int
) -> Any:
    """A signed type-2 transaction without fees; `to` is empty for a deployment, `value` is in wei."""
    plain = CancunVM.get_transaction_builder().new_unsigned_dynamic_fee_transaction(
        chain_id=chain_id,
        nonce=nonce,
        max_priority_fee_per_gas=0,
        max_fee_per_gas=0,
        gas=gas,
        to=to,
        value=value,
        data=payload,
        access_list=[],
    )
    return plain.as_signed_transaction(PrivateKey(key), chain_id=chain_id)
