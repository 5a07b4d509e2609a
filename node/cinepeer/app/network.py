"""The network that a home belongs to: its immutable genesis, and where its ledger is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cinepeer.errors import BadInput, Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid

PROTOCOL = "/cinepeer/network/1"
LEDGER_PROTOCOL = "/cinepeer/ledger/1"
MAX_ADDRS = 32


@dataclass(frozen=True, slots=True)
class Network:
    """A network's genesis map and multiaddrs of the node that orders its ledger. Its id follows from the genesis."""

    genesis: Mapping[str, Any]
    sequencer: tuple[str, ...]

    @property
    def id(self) -> Cid:
        """The CID of the genesis map as DAG-CBOR."""
        return Cid.of(dagcbor.encode(dict(self.genesis)), DAG_CBOR)

    @property
    def chain_id(self) -> int:
        """The ledger's chain id."""
        return int(self.genesis["chain_id"])

    @property
    def deployer(self) -> bytes:
        """The account whose first transactions made the contracts."""
        return bytes.fromhex(str(self.genesis["deployer"]).removeprefix("0x"))


def describe(network: Network) -> bytes:
    """The network's description as it travels and lies in a file."""
    return dagcbor.encode({"genesis": dict(network.genesis), "sequencer": list(network.sequencer)})


def parse_network(data: bytes) -> Network:
    """Reads `describe`d bytes; raises `Refused` (`bad-network`). Whether it is the wanted one, its id says."""
    found = dagcbor.decode(data)
    if not isinstance(found, dict) or set(found) != {"genesis", "sequencer"}:
        raise Refused("bad-network", "found no network description, expected a genesis and the sequencer's addresses")
    genesis, addrs = found["genesis"], found["sequencer"]
    if not isinstance(genesis, dict) or not isinstance(genesis.get("chain_id"), int):
        raise Refused("bad-network", "found a genesis without a chain id, expected a network's genesis map")
    deployer = str(genesis.get("deployer", ""))
    if len(deployer) != 42 or not all(digit in "0123456789abcdef" for digit in deployer[2:]):
        raise Refused("bad-network", f"found the deployer {deployer[:60]!r}, expected an address of 20 bytes in hex")
    if not isinstance(addrs, list) or len(addrs) > MAX_ADDRS or not all(isinstance(addr, str) for addr in addrs):
        raise Refused("bad-network", f"found no list of at most {MAX_ADDRS} addresses, expected the sequencer's")
    return Network(genesis, tuple(str(addr) for addr in addrs))


def network_from(data: bytes, where: str) -> Network:
    """The network that a person pointed at by `where`; raises `BadInput`."""
    try:
        return parse_network(data)
    except Refused as error:
        raise BadInput(f"{where}: {error}") from error


def peer_of(addrs: Sequence[str]) -> str | None:
    """The peer id at the end of the first multiaddr, or None."""
    for addr in addrs:
        _, found, peer = addr.rpartition("/p2p/")
        if found:
            return peer
    return None
