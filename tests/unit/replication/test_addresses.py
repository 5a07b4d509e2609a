"""Signed addresses: whose word makes this node dial, and every form that is refused."""

from __future__ import annotations

from typing import Any

import pytest

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication.addresses import (
    MAX_AGE_MS,
    Reach,
    parse_notice,
    peer_id,
    reach_of,
    sign_notice,
    split_addr,
    worth_dialling,
)

SEED = bytes(range(32))
NETWORK, OTHER = Cid.of(b"a", DAG_CBOR), Cid.of(b"b", DAG_CBOR)
NOW_MS = 1_800_000_000_000
ADDR = "/ip4/203.0.113.9/tcp/4001"


def changed(**fields: Any) -> bytes:
    """A signed notice with some of its fields replaced."""
    found = dagcbor.decode(sign_notice(SEED, NETWORK, NOW_MS, [ADDR]))
    assert isinstance(found, dict)
    return dagcbor.encode({**found, **fields})


def test_a_peer_id_is_that_of_libp2p() -> None:
    from libp2p.crypto.ed25519 import create_new_key_pair
    from libp2p.peer.id import ID

    for number in range(8):
        seed = bytes([number]) * 32
        assert peer_id(keys.public_key(seed)) == str(ID.from_pubkey(create_new_key_pair(seed).public_key))


def test_what_a_peer_says_of_itself_is_read_by_its_network_for_a_week() -> None:
    data = sign_notice(SEED, NETWORK, NOW_MS, [ADDR])
    notice = parse_notice(data, NETWORK, NOW_MS + MAX_AGE_MS)
    assert (notice.peer, notice.time_ms, notice.addrs) == (peer_id(keys.public_key(SEED)), NOW_MS, (ADDR,))
    assert notice.data == data
    with pytest.raises(Refused, match="within the week"):
        parse_notice(data, NETWORK, NOW_MS + MAX_AGE_MS + 1)
    with pytest.raises(Refused, match="within the week"):
        parse_notice(data, NETWORK, NOW_MS - 600_001)
    with pytest.raises(Refused) as caught:
        parse_notice(data, OTHER, NOW_MS)
    assert caught.value.reason == "bad-signature"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-canonical"),
        (dagcbor.encode([]), "bad-addresses"),
        (dagcbor.encode({"addrs": [ADDR]}), "bad-addresses"),
        (changed(addrs=[]), "bad-addresses"),
        (changed(addrs=[ADDR] * 9), "bad-addresses"),
        (changed(addrs="nowhere"), "bad-addresses"),
        (changed(addrs=[7]), "bad-addresses"),
        (changed(key=b"short"), "bad-addresses"),
        (changed(signature=None), "bad-addresses"),
        (changed(time=True), "bad-addresses"),
        (changed(time="now"), "bad-addresses"),
        (changed(addrs=["/ip4/203.0.113.10/tcp/4001"]), "bad-signature"),
        (changed(time=NOW_MS - 1), "bad-signature"),
        (changed(signature=bytes(64)), "bad-signature"),
        (changed(key=bytes(32)), "bad-signature"),
        (bytes(2049), "bad-addresses"),
    ],
)
def test_any_other_form_and_any_changed_byte_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_notice(data, NETWORK, NOW_MS)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "", "/ip4/203.0.113.9/tcp/0", "/ip4/203.0.113.9/tcp/65536", "/ip4/203.0.113.9/tcp/04001",
        "/dns4/a.example/tcp/1",        "/ip4/203.0.113.999/tcp/1",
        "/ip6/203.0.113.9/tcp/1", "/ip4/::1/tcp/1", "/ip6/0::1/tcp/1", "/ip4/1.2.3.4/udp/1",
        "/ip4/203.0.113.9/tcp/4001/p2p/12D3KooW", "/ip4/203.0.113.9/tcp/4001\n",
    ],
)  # fmt: skip
def test_an_address_has_one_form(text: str) -> None:
    with pytest.raises(Refused, match="expected the form"):
        split_addr(text)


@pytest.mark.parametrize(
    ("ip", "reach"),
    [
        ("127.0.0.1", Reach.MACHINE), ("::1", Reach.MACHINE), ("::ffff:127.0.0.1", Reach.MACHINE),
        ("10.0.0.1", Reach.LAN), ("192.168.1.1", Reach.LAN), ("fd00::1", Reach.LAN), ("100.64.0.1", Reach.LAN),
        ("1.1.1.1", Reach.EVERYWHERE), ("2606:4700::1111", Reach.EVERYWHERE),
        ("0.0.0.0", Reach.NOWHERE), ("::", Reach.NOWHERE),
        ("224.0.0.251", Reach.NOWHERE), ("169.254.1.1", Reach.NOWHERE),
        ("255.255.255.255", Reach.NOWHERE), ("fe80::1", Reach.NOWHERE), ("a name", Reach.NOWHERE),
    ],
)  # fmt: skip
def test_an_ip_address_reaches_so_far(ip: str, reach: Reach) -> None:
    assert reach_of(ip) == reach


def test_no_stranger_has_us_dial_what_it_cannot_reach_itself() -> None:
    machine, lan, public = "/ip4/127.0.0.1/tcp/4001", "/ip4/10.0.0.1/tcp/4001", "/ip4/1.1.1.1/tcp/4001"
    told = [machine, lan, public, "/ip4/1.1.1.1/tcp/25", "/ip4/1.1.1.1/tcp/443", "/ip4/224.0.0.1/tcp/4001"]
    assert worth_dialling(told, "8.8.8.8") == [public, "/ip4/1.1.1.1/tcp/443"]
    assert worth_dialling(told, "192.168.1.7") == [lan, public, "/ip4/1.1.1.1/tcp/443"]
    assert worth_dialling(told, "127.0.0.1") == [machine, lan, public, "/ip4/1.1.1.1/tcp/443"]
    assert worth_dialling(told, "") == []
