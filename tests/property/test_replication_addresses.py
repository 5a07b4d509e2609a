"""Fuzzed addresses: whatever strangers send is refused by name or is somebody's own signed word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.app.reach import parse_ports
from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication.addresses import Reach, parse_notice, reach_of, sign_notice, split_addr, worth_dialling

NETWORK = Cid.of(b"network", DAG_CBOR)
NOW_MS = 1_800_000_000_000
ADDRS = ["/ip4/203.0.113.9/tcp/4001", "/ip6/2001:db8::1/tcp/4001"]
NOTICE = sign_notice(bytes(32), NETWORK, NOW_MS, ADDRS)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=40) | st.binary(max_size=64),
    lambda inner: (
        st.lists(inner, max_size=9) | st.dictionaries(st.sampled_from(["addrs", "key", "signature", "time"]), inner)
    ),
)


@given(st.binary(max_size=300) | values.map(dagcbor.encode))
def test_what_is_no_notice_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        parse_notice(data, NETWORK, NOW_MS)


@given(st.integers(0, len(NOTICE) - 1), st.integers(1, 255))
def test_a_notice_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    data = bytearray(NOTICE)
    data[place] ^= change
    with pytest.raises(Refused):
        parse_notice(bytes(data), NETWORK, NOW_MS)


@given(st.binary(max_size=100) | values.map(dagcbor.encode))
def test_ports_to_dial_are_a_few_unprivileged_ones_or_refused(data: bytes) -> None:
    try:
        ports = parse_ports(data)
    except Refused:
        return
    assert 0 < len(ports) <= 2
    assert all(port == 443 or 1024 <= port < 65536 for port in ports)


@given(st.lists(st.ip_addresses().map(str), min_size=1, max_size=8), st.ip_addresses().map(str) | st.text(max_size=9))
def test_nothing_nearer_than_its_teller_is_worth_a_dial(ips: list[str], teller: str) -> None:
    told = [f"/ip{6 if ':' in ip else 4}/{ip}/tcp/4001" for ip in ips]
    for addr in worth_dialling(told, teller):
        assert Reach.NOWHERE < reach_of(teller) <= reach_of(split_addr(addr)[0])


@given(st.text(max_size=60) | st.from_regex(r"/ip[46]/[0-9a-f.:]+/tcp/[0-9]+", fullmatch=True))
def test_an_address_that_is_read_is_written_the_same(text: str) -> None:
    try:
        ip, port = split_addr(text)
    except Refused:
        return
    assert text == f"/ip{6 if ':' in ip else 4}/{ip}/tcp/{port}"
