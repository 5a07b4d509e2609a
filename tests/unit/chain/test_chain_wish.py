"""What a signed transaction was to do is read from its bytes, so that it can be offered once more."""

from __future__ import annotations

import pytest

from cinepeer.adapters.chain.values import unhex
from cinepeer.adapters.chain.wish import Wanted, account_of

ACCOUNT = account_of(b"\7" * 32)
SENDER = unhex(ACCOUNT.address)


@pytest.mark.parametrize(("to", "data", "value"), [(b"\1" * 20, b"abc", 7), (b"\1" * 20, b"", 0), (None, b"code", 0)])
def test_a_wish_is_read_from_the_transaction_that_was_signed_for_it(to: bytes | None, data: bytes, value: int) -> None:
    wish = Wanted(ACCOUNT, SENDER, to, data, value)
    fields = wish.fields(7171, gas=50_000, nonce=3, maxFeePerGas=2, maxPriorityFeePerGas=1)
    read = Wanted.of(ACCOUNT, bytes(ACCOUNT.sign_transaction(fields).raw_transaction))
    assert (read.act, read.call()) == (wish.act, wish.call())
