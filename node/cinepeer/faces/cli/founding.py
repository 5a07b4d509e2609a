"""Commands that make, join and verify a network; its home is at rest but for `verify`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import CheckFailed
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.consent import agree, yes_option


@click.command(
    epilog="Example: cinepeer network create --name Friends   or   cinepeer network create --ledger-url https://rpc.example"
)
@click.option("--name", default="local", show_default=True, help="What the network is called.")
@click.option("--chain-id", type=click.IntRange(1, 2**52 - 1), help="Of the network's own ledger; else one by chance.")
@click.option("--ledger-url", "urls", multiple=True, help="Put the ledger on the chain of others at this endpoint.")
@click.option("--tell-url", is_flag=True, help="Name these endpoints to who joins; not if they hold a key of yours.")
@yes_option
@json_option
@home_option
def create(
    name: str, chain_id: int | None, urls: tuple[str, ...], tell_url: bool, yes: bool, as_json: bool, home: Path
) -> None:
    """Make a new network in a home that has none: with a ledger of its own, or with its contracts on another chain."""
    from cinepeer.app.network import Network, check_name
    from cinepeer.daemon.networks import found_elsewhere, keep_new, look_elsewhere, new_own
    from cinepeer.errors import BadInput

    check_name(name)
    if urls and chain_id is not None:
        raise BadInput("found --chain-id with --ledger-url, expected one of them: that chain has its number")

    async def found(opened: Any, keys: Any) -> tuple[Network, list[int]]:
        if (opened.path / "network.cbor").exists():
            keep_new(opened, new_own(keys, name, chain_id))  # raises with the name of the one that is there
        if not urls:
            agree(f"This founds the network {name!r}; its ledger is ordered by this home and costs nothing.", yes)
            return new_own(keys, name, chain_id), []
        what = await look_elsewhere(urls, keys)
        agree(
            f"This signs 4 transactions of 0x{what.deployer.hex()} that make the contracts on chain {what.chain_id}, "
            f"for good; they cost at most about {what.cost} units, and it holds {what.balance}.",
            yes,
        )
        return await found_elsewhere(urls, keys, name, tell_url)

    def work(opened: Any, keys: Any) -> dict[str, Any]:
        made, blocks = asyncio.run(found(opened, keys))
        keep_new(opened, made)
        return {**_told(made), "blocks": blocks}

    show(_at_rest(home, work), as_json, _network)


@click.command(epilog="Example: cinepeer network join friends.network")
@click.argument("where", metavar="MULTIADDR|FILE")
@yes_option
@json_option
@home_option
def join(where: str, yes: bool, as_json: bool, home: Path) -> None:
    """Let a home that has no network belong to that of a peer or a file, after showing which it is."""
    from cinepeer.daemon.networks import joined, keep_new

    def work(opened: Any, keys: Any) -> dict[str, Any]:
        found = asyncio.run(joined(where, keys))
        told = _told(found)
        agree(f"This home will belong to the network {told['network']} ({told['name']}); compare its id.", yes)
        keep_new(opened, found)
        return told

    show(_at_rest(home, work), as_json, _network)


@click.command(epilog="Example: cinepeer network verify")
@json_option
@home_option
def verify(as_json: bool, home: Path) -> None:
    """Compare the network's ledger with what it must be: chain, first block, the code of each contract."""
    from cinepeer.daemon.networks import examine

    checks = asyncio.run(examine(home, os.environ))
    show({"ok": all(one["ok"] for one in checks), "checks": checks}, as_json, _checks)
    wrong = [one for one in checks if not one["ok"]]
    if wrong:
        raise CheckFailed(f"found {len(wrong)} of {len(checks)} checks failed: {wrong[0]['found']}")


@click.command(epilog="Example: cinepeer network announce --bootstrap /dns4/films.example/tcp/4001/p2p/12D3KooWA")
@click.option("--bootstrap", multiple=True, metavar="MULTIADDR", help="A peer that nodes are to begin with.")
@click.option("--endpoint", multiple=True, metavar="URL", help="A public endpoint of the chain of others.")
@yes_option
@json_option
@home_option
def announce(bootstrap: tuple[str, ...], endpoint: tuple[str, ...], yes: bool, as_json: bool, home: Path) -> None:
    """Tell all nodes of the network that you founded where to begin; it replaces what you told before."""
    node = Node.of(home)
    number = node.get("/api/network")["number"] + 1
    agree(
        f"This signs announcement {number} of the network, for all its nodes: {len(bootstrap)} peers to begin with, "
        f"{len(endpoint)} endpoints. It costs nothing.",
        yes,
    )
    wanted = {"bootstrap": list(bootstrap), "endpoints": list(endpoint)}
    show(node.post("/api/network", wanted), as_json, lambda told: (f"{name:9} {told[name]}" for name in told))


@click.command("add-set", epilog="Example: cinepeer network add-set")
@yes_option
@json_option
@home_option
def add_set(yes: bool, as_json: bool, home: Path) -> None:
    """Make a further set of contracts beside those of the network that you founded, for titles to come."""
    node = Node.of(home)
    number = len(node.get("/api/ledger")["further"]) + 2
    agree(
        f"This makes contract set {number} on the ledger by 4 transactions and names it to all nodes, for good: new "
        "titles go into it, those there are stay where they are.",
        yes,
    )
    show(node.post("/api/network/sets", {"number": number}), as_json, _named_set)


def _named_set(told: dict[str, Any]) -> Iterator[str]:
    yield f"set      {told['number']}, in force from block {told['from_block']} on"
    for name, address in told["contracts"].items():
        yield f"contract {address}  {name}"
    yield f"record   {told['record']}"


def _at_rest(home: Path, work: Callable[[Any, Any], Any]) -> Any:
    """What `work` gives with a home that nobody else has open, and its keys."""
    from cinepeer.adapters.system.home import open_home
    from cinepeer.adapters.system.keystore import Keystore

    with open_home(home) as opened:
        return work(opened, Keystore(opened.keys, os.environ.get("CINEPEER_PASSPHRASE")))


def _told(network: Any) -> dict[str, Any]:
    return {
        "network": str(network.id),
        "name": str(network.genesis.get("name", "")),
        "chain_id": network.chain_id,
        "contracts": {name: "0x" + address.hex() for name, address in network.contracts.named().items()},
    }


def _network(told: dict[str, Any]) -> Iterator[str]:
    yield f"network  {told['network']}  {told['name']}"
    yield f"ledger   chain {told['chain_id']}" + (
        f", contracts made in the blocks {', '.join(map(str, told['blocks']))}" if told.get("blocks") else ""
    )
    for name, address in told["contracts"].items():
        yield f"contract {address}  {name}"
    yield "next     cinepeer run"


def _checks(told: dict[str, Any]) -> Iterator[str]:
    for one in told["checks"]:
        yield f"{'holds' if one['ok'] else 'FAILS'}  {one['check']:22} {one['found']}"
