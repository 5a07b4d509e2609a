"""The HTTP listeners of a node: the page with API and gateway, the Kubo RPC, the ledger's RPC."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from cinepeer.adapters.system.home import Home
from cinepeer.daemon.disk import Disk
from cinepeer.daemon.ledgers import Chain

if TYPE_CHECKING:
    from cinepeer.faces.http.parts import Parts


async def listen(
    stack: AsyncExitStack,
    home: Home,
    ports: Mapping[str, int],
    parts: Parts,
    disk: Disk,
    fetching: Any,
    chain: Chain,
) -> None:
    """Opens the HTTP listeners: page with API and gateway, Kubo RPC, and the ledger where it is no child's own."""
    from cinepeer.faces.http.api import application
    from cinepeer.faces.http.gateway import gateway
    from cinepeer.faces.http.guard import Guard
    from cinepeer.faces.http.listener import Listener
    from cinepeer.faces.http.web import elsewhere, web
    from cinepeer_client.page import built_page

    token, built = str(home.kept["token"]), built_page()
    pages = [web(built, token, ports["page_port"])] if built else []
    missing = {"elsewhere": elsewhere(built, token, ports["page_port"])} if built else {}
    page = Guard(
        application(parts, gateway(disk.ipfs, disk.denied.is_denied), *pages, **missing),
        ports["page_port"],
        token,
        open_paths=frozenset({"/api/records"}),
    )
    applications: list[tuple[Any, str]] = [
        (page, "page_port"),
        (_kubo_rpc(parts, disk, fetching), "ipfs_rpc_port"),
    ]
    if chain.application is not None:
        applications.append((chain.application, "ledger_rpc_port"))
    for app, port in applications:
        listener = Listener(app, ports[port])
        await listener.start()
        stack.push_async_callback(listener.stop)


def _kubo_rpc(parts: Parts, disk: Disk, fetching: Any) -> Any:
    """What other IPFS programs of this machine speak with."""
    from cinepeer.faces.http.kubo_rpc import kubo_rpc

    def identity() -> tuple[str, list[str]]:
        told = parts.status()
        return str(told["peer_id"]), list(told["p2p"])

    return kubo_rpc(
        disk.ipfs,
        disk.blocks,
        fetch=fetching.block,
        connect=parts.connect,
        neighbours=parts.neighbours,
        identity=identity,
    )
