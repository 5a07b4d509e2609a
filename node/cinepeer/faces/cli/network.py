"""The network command: which network a home belongs to, and the file that lets another node join it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput, Unreachable
from cinepeer.faces.cli.call import Node, before_subcommand, home_option, json_option, show
from cinepeer.faces.cli.founding import add_set, announce, create, join, verify
from cinepeer.faces.cli.succession import hand_over, stand


@click.group(
    invoke_without_command=True,
    epilog="Example: cinepeer network   or   cinepeer network show --file friends.network",
)
@json_option
@home_option
@click.pass_context
def network(ctx: click.Context, as_json: bool, home: Path) -> None:
    """Show the network that this node belongs to and how another node joins it."""
    if not before_subcommand(ctx):
        show(_told(home), as_json, _network)


for _command in (create, join, verify, announce, add_set, stand, hand_over):
    network.add_command(_command)


def _told(home: Path) -> dict[str, Any]:
    found = Node.of(home).get("/api/status")
    return {"network": found["network"], "ledger": found["ledger"], "join": found["p2p"]}


def _network(told: dict[str, Any]) -> Iterator[str]:
    yield f"network  {told['network']}"
    yield f"ledger   {told['ledger']['label']}, chain {told['ledger']['chain_id']}"
    for addr in told["join"]:
        yield f"join     cinepeer run --join {addr}"
    if "file" in told:
        yield f"file     cinepeer run --join {told['file']}"
        if not _is_reached_from_elsewhere(told["sequencer"]):
            yield (
                "only nodes on this machine reach these addresses: "
                "for others, start the node that orders the ledger with --listen-address"
            )


@network.command("show", epilog="Example: cinepeer network show --file friends.network")
@click.option("--file", "out", type=click.Path(path_type=Path), help="Write a file for `cinepeer run --join FILE`.")
@json_option
@home_option
def show_network(out: Path | None, as_json: bool, home: Path) -> None:
    """Show the network, or write it into a new file that another node joins it by.

    The file holds the network's beginning and the addresses of the node that orders its ledger; nothing secret.
    """
    told = _told_or_kept(home) if out is not None else _told(home)
    if out is not None:
        told |= _write(home, out, told)
    show(told, as_json, _network)


def _told_or_kept(home: Path) -> dict[str, Any]:
    """What a running node tells; of a resting one that joined, what its home keeps."""
    try:
        return _told(home)
    except Unreachable:
        kept = _kept(home)
        if not kept.sequencer:
            raise
        return {
            "network": str(kept.id),
            "ledger": {"label": "another node's", "chain_id": kept.chain_id},
            "join": list(kept.sequencer),
        }


def _write(home: Path, out: Path, told: dict[str, Any]) -> dict[str, Any]:
    """Writes the file; the founder's own addresses are those that its running node tells."""
    from cinepeer.adapters.system.durable import new_file
    from cinepeer.app.network import Network, describe

    kept = _kept(home)
    sequencer = kept.sequencer or tuple(told["join"])
    with new_file(out, mode=0o644) as file:
        file.write(describe(Network(kept.genesis, sequencer, kept.endpoints, kept.further)))
    return {"file": str(out), "sequencer": list(sequencer)}


def _kept(home: Path) -> Any:
    """The network that the home keeps; raises `BadInput` when it has none yet."""
    from cinepeer.app.network import network_from

    file = home / "network.cbor"
    if not file.is_file():
        raise BadInput(f"found no network in {home}, expected a home that was started once")
    return network_from(file.read_bytes(), str(file))


def _is_reached_from_elsewhere(addrs: Sequence[str]) -> bool:
    """Whether one of the multiaddrs is no loopback address."""
    for addr in addrs:
        _, kind, host, *_ = addr.split("/")
        if not kind.startswith("ip") or not ipaddress.ip_address(host).is_loopback:
            return True
    return False
