"""The network that a home belongs to: its immutable genesis, and where its ledger is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cinepeer.errors import BadInput, Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.deployment import ContractSet, predict
from cinepeer.rights.further import FurtherSet, parse_further, verify_further

PROTOCOL = "/cinepeer/network/1"
LEDGER_PROTOCOL = "/cinepeer/ledger/1"
MAX_ADDRS = 32
MAX_ENDPOINTS = 8


@dataclass(frozen=True, slots=True)
class Network:
    """
    A network's genesis map, multiaddrs of its founder's node, for a ledger on a chain of others the URLs of public
    endpoints, and the contract sets that its founder named beside the first. Its id follows from the genesis alone.
    """

    genesis: Mapping[str, Any]
    sequencer: tuple[str, ...]
    endpoints: tuple[str, ...] = ()
    further: tuple[FurtherSet, ...] = ()

    @property
    def id(self) -> Cid:
        """The CID of the genesis map as DAG-CBOR."""
        return Cid.of(dagcbor.encode(dict(self.genesis)), DAG_CBOR)

    @property
    def chain_id(self) -> int:
        """The ledger's chain id."""
        return int(self.genesis["chain_id"])

    @property
    def is_embedded(self) -> bool:
        """Whether its own nodes keep the ledger; otherwise it is a chain of others."""
        return "sequencer" in self.genesis

    @property
    def deployer(self) -> bytes:
        """The account whose first transactions made the contracts."""
        return bytes.fromhex(str(self.genesis["deployer"]).removeprefix("0x"))

    @property
    def founder(self) -> bytes:
        """Whose signature counts as the founder's: the first sequencer's key (32 bytes), or the deployer's account."""
        return bytes.fromhex(str(self.genesis["sequencer"])) if self.is_embedded else self.deployer

    @property
    def contracts(self) -> ContractSet:
        """Where the contracts of the first set stand, and from which block on."""
        return replace(predict(self.deployer, self.chain_id), from_block=int(self.genesis.get("from_block", 0)))


def new_network(name: str, contracts: ContractSet, deployer: bytes, time: int, block_hash: bytes) -> dict[str, Any]:
    """
    The genesis map of a network whose ledger is a chain of others: `time` in Unix seconds, `block_hash` (32 bytes) that
    of the block before the contracts, by which the chain is known from others of the same number.
    """
    return {
        "name": name,
        "chain_id": contracts.chain_id,
        "time": time,
        "deployer": "0x" + deployer.hex(),
        "from_block": contracts.from_block,
        "parent": "0x" + block_hash.hex(),
    }


def check_name(name: str) -> None:
    """Raises `BadInput` for what cannot name a network."""
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise BadInput(f"found the network name {name[:120]!r}, expected 1 to 100 characters")


def describe(network: Network) -> bytes:
    """The network's description as it travels and lies in a file."""
    told: dict[str, Any] = {"genesis": dict(network.genesis), "sequencer": list(network.sequencer)}
    if network.endpoints:
        told["endpoints"] = list(network.endpoints)
    if network.further:
        told["sets"] = [one.to_map() for one in network.further]
    return dagcbor.encode(told)


def parse_network(data: bytes) -> Network:
    """Reads `describe`d bytes; raises `Refused` (`bad-network`, `bad-set`). Its id says whether it is wanted."""
    found = dagcbor.decode(data)
    if not isinstance(found, dict) or set(found) - {"endpoints", "sets"} != {"genesis", "sequencer"}:
        raise Refused("bad-network", "found no network description, expected a genesis and the sequencer's addresses")
    genesis = found["genesis"]
    if not isinstance(genesis, dict) or not isinstance(genesis.get("chain_id"), int):
        raise Refused("bad-network", "found a genesis without a chain id, expected a network's genesis map")
    for name, kind, size in (("deployer", "an address", 20), ("sequencer", "a key", 32), ("parent", "a hash", 32)):
        text = str(genesis.get(name, "")).removeprefix("0x")
        if (name in genesis or name == "deployer") and not _is_hex(text, size):
            raise Refused("bad-network", f"found the {name} {text[:60]!r}, expected {kind} of {size} bytes in hex")
    if ("sequencer" in genesis) == ("parent" in genesis):
        raise Refused("bad-network", "found a genesis of no ledger, expected a sequencer or the block of another chain")
    first = genesis.get("from_block", 0)
    if not isinstance(first, int) or first < 0:
        raise Refused("bad-network", f"found the first block {str(first)[:60]}, expected a number from 0 on")
    addrs = _texts(found["sequencer"], MAX_ADDRS, "addresses, expected the sequencer's")
    endpoints = _texts(found.get("endpoints", []), MAX_ENDPOINTS, "endpoints, expected URLs")
    for url in endpoints:
        if not url.startswith(("http://", "https://")):
            raise Refused("bad-network", f"found the endpoint {url[:60]!r}, expected http:// or https://")
    network = Network(genesis, addrs, endpoints, parse_further(found.get("sets", [])))
    verify_further(network.id, network.founder, network.contracts, network.deployer, network.further)
    return network


def _is_hex(text: str, size: int) -> bool:
    return len(text) == 2 * size and all(digit in "0123456789abcdef" for digit in text)


def _texts(found: Any, most: int, what: str) -> tuple[str, ...]:
    if not isinstance(found, list) or len(found) > most or not all(isinstance(one, str) for one in found):
        raise Refused("bad-network", f"found no list of at most {most} {what}")
    return tuple(str(one) for one in found)


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
