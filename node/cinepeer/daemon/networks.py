"""Which network a home belongs to: the one it knows, the one it joins, or a new one of its own."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.app.announcing import Announcements
from cinepeer.app.identity import Author
from cinepeer.app.network import PROTOCOL, Network, describe, network_from, new_network, parse_network
from cinepeer.app.parts import RecordStore
from cinepeer.daemon.clock import clock_ms
from cinepeer.daemon.ledgers import endpoints_of
from cinepeer.errors import BadInput, Refused, Unreachable
from cinepeer.ports import NoBlocks
from cinepeer.settings import load

log = logging.getLogger("cinepeer.daemon")


async def network_of(home: Home, keys: Keystore, join: str | None) -> Network:
    """The home's network: the one it belongs to, the one it joins now, or a new one of its own."""
    file = home.path / "network.cbor"
    known = parse_network(file.read_bytes()) if file.exists() else None
    if join is None and known is not None:
        return known
    if join is not None:
        try:
            network = await _joined(join, keys)
        except Unreachable:
            if known is None:
                raise
            log.warning("network.unreachable by=%s: going on with the known network", join)
            return known
        if known is not None and known.id != network.id:
            raise BadInput(
                f"found the home {home.path} in the network {known.id}, expected {network.id}: use another --home"
            )
    else:
        network = new_own(keys, "local", None)
    write_whole(file, describe(network))
    return network


def new_own(keys: Keystore, name: str, chain_id: int | None) -> Network:
    """A new network whose ledger this home orders; without a chain id, one by chance."""
    from cinepeer.adapters.chain.genesis import found_network

    number = chain_id or 0xC1_0000_0000 + int.from_bytes(secrets.token_bytes(4))
    return Network(found_network(keys.secret("sequencer"), name, number, clock_ms() // 1000), ())


def keep_new(home: Home, network: Network) -> None:
    """Writes the network of a home that has none; raises `BadInput`."""
    file = home.path / "network.cbor"
    if file.exists():
        known = parse_network(file.read_bytes())
        raise BadInput(
            f"found the home {home.path} in the network {known.id}, expected one without: use another --home"
        )
    write_whole(file, describe(network))


async def joined(join: str, keys: Keystore) -> Network:
    """The network of the peer at a multiaddr, or of a network file; raises `BadInput` or `Unreachable`."""
    return await _joined(join, keys)


@dataclass(frozen=True, slots=True)
class Founding:
    """What it takes to make the contracts on a chain of others; amounts in its smallest unit."""

    chain_id: int
    deployer: bytes
    balance: int
    cost: int


async def look_elsewhere(urls: Sequence[str], keys: Keystore) -> Founding:
    """What making the contracts would cost on the chain of these endpoints, and what the account for it holds."""
    from cinepeer.adapters.chain.client import open_any
    from cinepeer.adapters.chain.deploying import DEPLOY_GAS
    from cinepeer.rights.signatures import address_of

    ledger = await open_any(urls)
    try:
        deployer = address_of(keys.secret("deployer"))
        return Founding(
            ledger.chain_id, deployer, await ledger.balance(deployer), DEPLOY_GAS * await ledger.gas_price()
        )
    finally:
        await ledger.close()


async def found_elsewhere(urls: Sequence[str], keys: Keystore, name: str, is_told: bool) -> tuple[Network, list[int]]:
    """Makes the contracts there and the network of them; the blocks of the transactions that it took. `is_told` names
    the endpoints in the network's description, for others to use."""
    from cinepeer.adapters.chain.client import open_any
    from cinepeer.adapters.chain.deploying import deploy
    from cinepeer.rights.keccak import keccak
    from cinepeer.rights.signatures import address_of

    ledger = await open_any(urls)
    try:
        key = keys.secret("deployer")
        contracts, receipts = await deploy(ledger, key)
        parent = keccak(await ledger.header(max(0, contracts.from_block - 1)))
        genesis = new_network(name, contracts, address_of(key), clock_ms() // 1000, parent)
        return Network(genesis, (), tuple(urls) if is_told else ()), [receipt.block for receipt in receipts]
    finally:
        await ledger.close()


def open_announcements(
    home: Home, keys: Keystore, network: Network, author: Author, store: RecordStore
) -> Announcements:
    """What the network's founder announces; signed here where this home holds the founder's key."""

    def adopt(endpoints: Sequence[str]) -> None:
        known = kept_network(home, network)
        if known.endpoints != tuple(endpoints):
            write_whole(home.path / "network.cbor", describe(replace(known, endpoints=tuple(endpoints))))
            log.warning("network.endpoints now=%d: asked from the next start on", len(endpoints))

    return Announcements(network, author, store, _founder(keys, network), adopt)


def kept_network(home: Home, network: Network) -> Network:
    """The network as the home keeps it now."""
    file = home.path / "network.cbor"
    return parse_network(file.read_bytes()) if file.exists() else network


def _founder(keys: Keystore, network: Network) -> Callable[[bytes], bytes] | None:
    """The signature of the key that the genesis names, where this home holds it."""
    from cinepeer.records.keys import public_key, sign

    if network.is_embedded:
        seed = keys.secret("sequencer")
        return (lambda message: sign(seed, message)) if public_key(seed).hex() == network.genesis["sequencer"] else None
    from cinepeer.rights import signatures
    from cinepeer.rights.keccak import keccak

    key = keys.secret("deployer")
    if signatures.address_of(key) != network.deployer:
        return None
    return lambda message: signatures.sign(key, keccak(message))


async def examine(folder: Path, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """What a network's ledger is, beside what it must be; asks the running node of a home, or endpoints elsewhere."""
    from cinepeer.adapters.chain.client import Ledger
    from cinepeer.adapters.chain.deploying import compare
    from cinepeer.rights.keccak import keccak
    from cinepeer.rights.sequencer import verify_header
    from cinepeer.rights.succession import succession_of

    file = folder / "network.cbor"
    if not file.is_file():
        raise BadInput(f"found no network in {folder}, expected a home that was started once")
    network = network_from(file.read_bytes(), str(file))
    ledger = Ledger(_urls(folder, network, environment), network.chain_id, timeout_s=30.0)
    checks: list[dict[str, Any]] = []

    def note(check: str, ok: bool, found: str) -> None:
        checks.append({"check": check, "ok": ok, "found": found})

    try:
        head = await ledger.head()
        note("chain", True, f"{network.chain_id}, as {ledger.url.partition('://')[2].partition('/')[0]} says")
        if network.is_embedded:
            signed = await ledger.signed_header(head)
            try:
                if signed is None:
                    raise Refused("bad-signature", "found no signature, expected the sequencer's")
                first = bytes.fromhex(str(network.genesis["sequencer"]))
                key = succession_of(network.id, first, await ledger.handovers()).at(head)
                verify_header(signed, network.id, key)
                note("sequencer", True, f"signed block {head} with {key.hex()}")
            except Refused as error:
                note("sequencer", False, str(error))
        else:
            wanted, at = str(network.genesis["parent"]), max(0, network.contracts.from_block - 1)
            try:
                block = "0x" + keccak(await ledger.header(at)).hex()
                note("first block", block == wanted, f"block {at} is {block}, expected {wanted}")
            except BadInput as error:
                note("first block", False, f"{error}: {wanted}")
        sets = [(network.contracts, network.deployer)]
        sets += [(one.contracts(network.chain_id), one.deployer) for one in network.further]
        for number, (contracts, deployer) in enumerate(sets, 1):
            which = f" of set {number}" if number > 1 else ""
            for found in await compare(ledger, contracts, deployer):
                shown = found.sentence or f"the shipped code at 0x{found.address.hex()}"
                note(f"contract {found.name}{which}", not found.sentence, shown)
    finally:
        await ledger.close()
    return checks


def _urls(folder: Path, network: Network, environment: Mapping[str, str]) -> list[str]:
    """Where a home's ledger answers."""
    if not network.is_embedded:
        return endpoints_of(load(folder, environment), network)
    try:
        kept = json.loads((folder / "node.json").read_text())
        return [f"http://127.0.0.1:{int(kept['ledger_rpc_port'])}"]
    except (OSError, ValueError, KeyError) as error:
        raise Unreachable(f"found no node in {folder}, expected one: start it with `cinepeer run`") from error


async def _joined(join: str, keys: Keystore) -> Network:
    """The network of the peer at a multiaddr, or of a network file."""
    if not join.startswith(("/ip", "/dns")):
        path = Path(join)
        if not path.is_file():
            raise BadInput(f"found {join!r}, expected a peer's multiaddr (/ip4/…/tcp/…/p2p/…) or a network file")
        network = network_from(path.read_bytes(), join)
        if network.is_embedded and not network.sequencer:
            raise BadInput(
                f"found no address of the sequencer in {join}, expected one by `cinepeer network show --file`"
            )
        return network
    from cinepeer.adapters.p2p.network import P2P

    async def ignore(*_: object) -> None:
        return None

    # A node of no network, for one question: topics need the answer.
    anywhere = ["/ip4/127.0.0.1/tcp/0"]
    asker = await P2P.start(keys.secret("peer"), anywhere, NoBlocks(), lambda *_: False, {}, (), ignore, ignore)
    try:
        peer = await asker.connect(join)
        async with asker.conversation(peer, PROTOCOL) as talk:
            network = network_from(await talk.ask(b"", 10.0), join)
    finally:
        await asker.stop()
    log.warning("network.joined id=%s by=%s", network.id, join)
    return network
