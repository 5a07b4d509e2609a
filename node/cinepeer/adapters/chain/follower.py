"""A copy of the ledger: it holds and executes what the sequencer ordered, and orders nothing itself."""

from __future__ import annotations

from typing import Any

from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.sequencer import Rejected
from cinepeer.rights.succession import Candidate, Handover


class Follower:
    """Stands where a sequencer stands, for questions; transactions are the sequencer's affair."""

    def __init__(self, evm: Evm) -> None:
        """The copy's machine."""
        self.evm = evm
        self.refusals: dict[bytes, str] = {}

    def submit(self, raw: bytes) -> bytes:
        """Raises `Rejected`: a copy takes no transactions."""
        raise Rejected(
            f"found a transaction of {len(raw)} bytes for a copy of the ledger, expected it at the sequencer"
        )

    def nonce(self, sender: bytes) -> int:
        """The nonce of a sender's next transaction, as of the head."""
        return int(self.evm.state(self.evm.head).get_nonce(sender))

    def waiting(self, _tx_hash: bytes) -> Any | None:
        """None: nothing waits here."""

    def sign(self, header: Any) -> bytes:
        """Raises `Rejected`: only the sequencer signs; what it signed is held with its block."""
        raise Rejected(f"found no signature of block {header.block_number} here yet, expected one with the next block")

    def hand_over(self, candidate: Candidate, order: bytes) -> Handover:
        """Raises `Rejected`: what it does not order a copy cannot hand over."""
        raise Rejected(
            f"found a copy of the ledger, expected its sequencer to hand over to {candidate.sequencer.hex()}"
            f"{'' if order else ', with its order'}"
        )

    def release(self) -> None:
        """Nothing is held back here, because nothing is ordered."""

    def refresh(self) -> None:
        """Nothing waits, so nothing has to be counted anew."""
