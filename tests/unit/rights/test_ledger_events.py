"""The log's decoder: what our contracts write is read, everything else is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cinepeer.errors import Refused
from cinepeer.rights import abi
from cinepeer.rights.deployment import predict
from cinepeer.rights.events import Credited, Log, Shares, decode, decode_all

CONTRACTS = predict(b"\x05" * 20, 1337)
TITLE, PAYER, MEMO = b"\x07" * 20, b"\x08" * 20, b"\x09" * 32
CREDITED = Log(
    address=CONTRACTS.titles,
    topics=(
        abi.topic("Credited(uint256,address,bytes32,address,uint256,uint40)"),
        abi.word("uint256", int.from_bytes(TITLE, "big")),
        abi.word("address", PAYER),
        MEMO,
    ),
    data=abi.encode(["address", "uint256", "uint40"], [bytes(20), 77, 1_700_000_000]),
    block=3,
    index=1,
    tx=b"\1" * 32,
)


def batch(titles: list[int], amounts: list[int]) -> Log:
    who = abi.word("address", PAYER)
    return Log(
        CONTRACTS.titles,
        (abi.topic("TransferBatch(address,address,address,uint256[],uint256[])"), who, who, who),
        abi.encode(["uint256[]", "uint256[]"], [titles, amounts]),
        3,
        2,
        b"\1" * 32,
    )


def test_a_payment_is_read():
    assert decode(CREDITED, CONTRACTS) == Credited(TITLE, PAYER, MEMO, bytes(20), 77, 1_700_000_000)


def test_a_batch_of_shares_is_read_in_pairs():
    event = decode(batch([1, 2], [30, 40]), CONTRACTS)
    assert event == Shares(PAYER, PAYER, PAYER, (bytes(19) + b"\1", bytes(19) + b"\2"), (30, 40))


@pytest.mark.parametrize(
    "change",
    [
        {"address": b"\1" * 20},
        {"address": CONTRACTS.licences},  # another contract of ours that writes no such event
        {"topics": ()},
        {"topics": CREDITED.topics[:3]},
        {"topics": (*CREDITED.topics, MEMO)},
        {"topics": (b"\1" * 32, *CREDITED.topics[1:])},
        {"topics": (CREDITED.topics[0], b"\1" * 32, *CREDITED.topics[2:])},  # no number of 160 bits
        {"topics": (*CREDITED.topics[:2], b"\1" * 32, CREDITED.topics[3])},  # no address
        {"data": CREDITED.data[:-1]},
        {"data": CREDITED.data + bytes(32)},
        {"data": CREDITED.data[:-32] + b"\1" * 32},  # no uint40
    ],
)
def test_what_our_contracts_never_write_is_refused(change):
    with pytest.raises(Refused) as refused:
        decode(replace(CREDITED, **change), CONTRACTS)
    assert refused.value.reason in ("bad-log", "bad-title")


def test_a_batch_of_unequal_lists_is_refused():
    with pytest.raises(Refused):
        decode(batch([1, 2], [30]), CONTRACTS)


def test_logs_come_in_the_ledgers_order():
    later = replace(CREDITED, index=2)
    next_block = replace(CREDITED, block=4, index=0)
    assert len(decode_all([CREDITED, later, next_block], CONTRACTS)) == 3
    for wrong in ([later, CREDITED], [CREDITED, CREDITED], [next_block, CREDITED]):
        with pytest.raises(Refused, match="order"):
            decode_all(wrong, CONTRACTS)
