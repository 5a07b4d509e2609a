"""Hand-overs between sequencers: who may say them, who must agree, and which key signs a block of which height."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import RAW, Cid
from cinepeer.rights.succession import (
    MAX_HANDOVERS,
    Handover,
    Succession,
    hand_over,
    parse_candidate,
    parse_handover,
    parse_handovers,
    stand,
    succession_of,
)

ANNA, BELA, CARO = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32
NETWORK = Cid.of(b"a network", RAW)
FAUCET = b"\x77" * 20
ADDRS = ("/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWBela",)
FIRST = Succession(NETWORK, keys.public_key(ANNA))


def handed(by: bytes, to: bytes, number: int = 1, height: int = 7, network: Cid = NETWORK) -> Handover:
    return hand_over(by, network, stand(to, network, number, FAUCET, ADDRS), height, bytes([height]) * 32)


ONCE = FIRST.followed_by(handed(ANNA, BELA))


def refused(wrong: Callable[[], object]) -> str:
    with pytest.raises(Refused) as error:
        wrong()
    assert error.value.reason == "bad-handover"
    return str(error.value)


def test_each_block_is_signed_by_the_key_whose_turn_it_is() -> None:
    twice = ONCE.followed_by(handed(BELA, CARO, 2, 9))
    assert [twice.at(height) for height in (0, 7, 8, 9, 10)] == [
        keys.public_key(key) for key in (ANNA, ANNA, BELA, BELA, CARO)
    ]
    assert twice.current == keys.public_key(CARO) and len(twice.keys) == 3
    assert twice.block_hash(7) == b"\7" * 32 and twice.block_hash(8) is None
    assert [len(twice.until(height).handovers) for height in (7, 8, 10)] == [0, 1, 2]
    assert succession_of(NETWORK, twice.first, twice.handovers) == twice


def test_nobody_but_the_key_that_orders_hands_over() -> None:
    assert "sequencer before" in refused(lambda: FIRST.followed_by(handed(CARO, BELA)))
    assert "sequencer before" in refused(lambda: ONCE.followed_by(handed(ANNA, CARO, 2, 9)))


def test_nobody_becomes_sequencer_without_having_agreed() -> None:
    one = handed(ANNA, BELA)
    other = replace(one.candidate, sequencer=keys.public_key(CARO))
    forged = replace(one, candidate=other)
    forged = replace(forged, signature=keys.sign(ANNA, forged.message(NETWORK)))
    assert "consent" in refused(lambda: FIRST.followed_by(forged))


@pytest.mark.parametrize(
    "change",
    [
        {"height": 8},
        {"hash": bytes(32)},
        {"signature": bytes(64)},
    ],
)
def test_no_part_of_a_hand_over_can_be_changed(change: dict[str, object]) -> None:
    refused(lambda: FIRST.followed_by(replace(handed(ANNA, BELA), **change)))


@pytest.mark.parametrize("change", [{"faucet": bytes(20)}, {"addrs": ("/ip4/192.0.2.9/p2p/12D3",)}, {"number": 2}])
def test_no_part_of_a_candidate_can_be_changed(change: dict[str, object]) -> None:
    one = handed(ANNA, BELA)
    refused(lambda: FIRST.followed_by(replace(one, candidate=replace(one.candidate, **change))))


def test_a_hand_over_of_another_network_is_refused() -> None:
    other = Cid.of(b"another", RAW)
    refused(lambda: FIRST.followed_by(handed(ANNA, BELA, network=other)))


def test_hand_overs_are_numbered_and_go_forward() -> None:
    assert "number 2" in refused(lambda: FIRST.followed_by(handed(ANNA, BELA, 2)))
    assert "number 1" in refused(lambda: ONCE.followed_by(handed(BELA, CARO, 1, 9)))
    assert "after block 7" in refused(lambda: ONCE.followed_by(handed(BELA, CARO, 2, 7)))


def test_a_key_orders_once() -> None:
    assert "ordered before" in refused(lambda: FIRST.followed_by(handed(ANNA, ANNA)))
    assert "ordered before" in refused(lambda: ONCE.followed_by(handed(BELA, ANNA, 2, 9)))


def test_a_hand_over_reads_back_as_it_was_written() -> None:
    one = handed(ANNA, BELA)
    assert parse_handover(dagcbor.decode(dagcbor.encode(one.to_map()))) == one
    assert parse_candidate(one.candidate.to_map()) == one.candidate
    assert parse_handovers([one.to_map()]) == (one,)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 0},
        {"number": MAX_HANDOVERS + 1},
        {"number": True},
        {"height": -1},
        {"height": "7"},
        {"hash": b"short"},
        {"sequencer": "text"},
        {"signature": bytes(63)},
        {"addrs": []},
        {"addrs": ["/ip4/192.0.2.1/tcp/4001"]},
        {"addrs": [7]},
        {"addrs": ["/p2p/" + "x" * 400]},
        {"addrs": list(ADDRS) * 9},
        {"more": 1},
    ],
)
def test_other_forms_are_refused(change: dict[str, object]) -> None:
    found = {**handed(ANNA, BELA).to_map(), **change}
    refused(lambda: parse_handover(found))  # type: ignore[arg-type]


def test_what_is_no_list_of_hand_overs_is_refused() -> None:
    for found in (7, None, {}, [7], [{}], [handed(ANNA, BELA).to_map()] * (MAX_HANDOVERS + 1)):
        refused(lambda found=found: parse_handovers(found))  # type: ignore[misc]
