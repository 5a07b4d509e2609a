"""Where peers are reached, in their own signed words, and whose word about addresses is worth a dial. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import Cid

DOMAIN = b"cinepeer/addresses/1\0"
MAX_ADDRS = 8
MAX_NOTICE_BYTES = 2048
MAX_AGE_MS = 7 * 86_400_000
MAX_AHEAD_MS = 600_000
# An identity multihash of a protobuf with key type Ed25519 and 32 bytes
# (https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md).
PEER_PREFIX = bytes.fromhex("002408011220")
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ADDR = re.compile(r"/ip([46])/([0-9a-f.:]{2,39})/tcp/([1-9][0-9]{0,4})")


class Reach(IntEnum):
    """From how far away an address can be reached, the nearest first."""

    NOWHERE = 0
    MACHINE = 1
    LAN = 2
    EVERYWHERE = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """A peer's own word, at a time (Unix, ms), about where it listens (`/ip4/…/tcp/…`); `data` is it, signed."""

    peer: str
    time_ms: int
    addrs: tuple[str, ...]
    data: bytes


def peer_id(public: bytes) -> str:
    """The libp2p peer id of an Ed25519 public key (32 bytes), in base58btc."""
    number, text = int.from_bytes(PEER_PREFIX + public), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "1" + text  # for the zero byte that it begins with


def reach_of(ip: str) -> Reach:
    """From how far away an IP address can be reached; what is no unicast address of a machine: from nowhere."""
    try:
        found = ipaddress.ip_address(ip)
    except ValueError:
        return Reach.NOWHERE
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_unspecified or found.is_multicast or str(found) == "255.255.255.255":
        return Reach.NOWHERE
    if found.is_loopback:
        return Reach.MACHINE
    if found.is_link_local:
        return Reach.NOWHERE  # it means nothing without the interface
    return Reach.EVERYWHERE if found.is_global else Reach.LAN


def split_addr(text: str) -> tuple[str, int]:
    """IP and port of `/ip4/192.0.2.1/tcp/4001`; raises `Refused` (`bad-addresses`) for any other form."""
    found = _ADDR.fullmatch(text)
    if found is not None:
        try:
            address = ipaddress.ip_address(found[2])
        except ValueError:
            address = None
        port = int(found[3])
        if address is not None and str(address) == found[2] and str(address.version) == found[1] and port < 65536:
            return found[2], port
    raise Refused("bad-addresses", f"found the address {text[:60]!r}, expected the form /ip4/192.0.2.1/tcp/4001")


def sign_notice(seed: bytes, network: Cid, time_ms: int, addrs: Sequence[str]) -> bytes:
    """The signed bytes that tell peers of a network where the key of `seed` (32 bytes) listens."""
    said: dict[str, dagcbor.Value] = {"addrs": list(addrs[:MAX_ADDRS]), "key": keys.public_key(seed), "time": time_ms}
    return dagcbor.encode({**said, "signature": keys.sign(seed, _message(network, said))})


def parse_notice(data: bytes, network: Cid, now_ms: int) -> Notice:
    """Reads and verifies what a peer says of itself.

    Raises `Refused`: `bad-addresses` for its form or its time (over a week old, or ahead of us by more than ten
    minutes), `not-canonical`, `bad-signature` for another network's too.
    """
    if len(data) > MAX_NOTICE_BYTES:
        raise Refused("bad-addresses", f"found {len(data)} bytes about addresses, expected at most {MAX_NOTICE_BYTES}")
    found = dagcbor.decode(data)
    if not isinstance(found, dict) or set(found) != {"addrs", "key", "signature", "time"}:
        raise Refused("bad-addresses", "found no notice of addresses, expected addrs, key, signature and time")
    addrs, key, signature, time_ms = found["addrs"], found["key"], found["signature"], found["time"]
    if not isinstance(addrs, list) or not 0 < len(addrs) <= MAX_ADDRS:
        raise Refused("bad-addresses", f"found no list of 1 to {MAX_ADDRS} addresses")
    told = tuple(str(addr) for addr in addrs)
    for addr in told:
        split_addr(addr)
    if not isinstance(key, bytes) or len(key) != 32 or not isinstance(signature, bytes):
        raise Refused("bad-addresses", "found no key of 32 bytes and signature, expected both")
    if isinstance(time_ms, bool) or not isinstance(time_ms, int):
        raise Refused("bad-addresses", f"found the time {time_ms!r}, expected milliseconds")
    if not now_ms - MAX_AGE_MS <= time_ms <= now_ms + MAX_AHEAD_MS:
        raise Refused("bad-addresses", f"found addresses as of {time_ms} ms, expected within the week before {now_ms}")
    keys.verify(key, _message(network, {name: found[name] for name in ("addrs", "key", "time")}), signature)
    return Notice(peer_id(key), time_ms, told, data)


def worth_dialling(addrs: Sequence[str], teller_ip: str) -> list[str]:
    """Those of `addrs` that somebody at `teller_ip` may make us dial.

    Addresses of this machine only at the word of this machine, those of the LAN at the word of the machine or the LAN:
    so that no stranger has us knock at doors that it cannot reach itself. And no port of a well-known service.
    """
    teller = reach_of(teller_ip)
    found = []
    for addr in addrs:
        ip, port = split_addr(addr)
        if Reach.NOWHERE < teller <= reach_of(ip) and (port >= 1024 or port == 443):
            found.append(addr)
    return found


def _message(network: Cid, said: dict[str, dagcbor.Value]) -> bytes:
    return DOMAIN + dagcbor.encode({**said, "network": network})
