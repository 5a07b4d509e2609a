"""Test credits for newcomers: a small amount each, at a bounded rate. They are not money."""

from __future__ import annotations

from collections.abc import Callable

from cinepeer.adapters.chain.evm import WEI
from cinepeer.adapters.chain.genesis import faucet_key
from cinepeer.adapters.chain.sequencer import Rejected, Sequencer
from cinepeer.adapters.chain.signing import sign_transaction
from cinepeer.rights.signatures import address_of

GIFT_CREDITS = 100
"""What one payment gives, in credits; an address that holds as much gets no more."""

PAYMENTS_PER_MINUTE = 60
"""Most payments in a minute, over all addresses."""

_TRANSFER_GAS = 50_000


class Faucet:
    """Pays test credits from the account that the genesis map endowed."""

    def __init__(self, sequencer: Sequencer, seed: bytes, clock: Callable[[], float]) -> None:
        """`seed` is the sequencer's; the faucet's key follows from it. `clock` gives Unix seconds."""
        self._sequencer = sequencer
        self._key = faucet_key(seed)
        self.address = address_of(self._key)
        self._clock = clock
        self._paid: list[float] = []

    def pay(self, receiver: bytes) -> bytes:
        """Sends `GIFT_CREDITS` to an address (20 bytes) and gives the transaction's hash; raises `Rejected`."""
        evm = self._sequencer.evm
        held = evm.state(evm.head).get_balance(receiver)
        if held >= GIFT_CREDITS * WEI:
            raise Rejected(f"found {held / WEI:g} credits at this address, expected fewer than {GIFT_CREDITS}")
        now = self._clock()
        self._paid = [at for at in self._paid if 0 <= now - at < 60]
        if len(self._paid) >= PAYMENTS_PER_MINUTE:
            raise Rejected(f"found {len(self._paid)} payments within a minute, expected fewer: ask again in a minute")
        nonce = self._sequencer.nonce(self.address)
        signed = sign_transaction(
            self._key, evm.chain_id, nonce, to=receiver, value=GIFT_CREDITS * WEI, gas=_TRANSFER_GAS
        )
        tx_hash = self._sequencer.submit(signed.encode())
        self._paid.append(now)
        return tx_hash
