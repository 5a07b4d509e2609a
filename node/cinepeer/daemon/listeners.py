"""The HTTP listeners of a node: the page with API and gateway, the Kubo RPC, the ledger's RPC."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cinepeer.adapters.system.home import Home
from cinepeer.daemon.disk import Disk
from cinepeer.daemon.ledgers import Chain
from cinepeer.errors import BadInput

if TYPE_CHECKING:
    from cinepeer.faces.http.listener import Listener
    from cinepeer.faces.http.parts import Parts
    from cinepeer.records.cid import Cid


async def listen(
    stack: AsyncExitStack,
    home: Home,
    settings: Mapping[str, Any],
    ports: Mapping[str, int],
    parts: Parts,
    disk: Disk,
    fetching: Any,
    chain: Chain,
) -> None:
    """Opens the HTTP listeners: page with API and gateway, Kubo RPC, the ledger where no child has it, public ones."""
    from cinepeer.app.ahead import Ahead
    from cinepeer.faces.http.api import application
    from cinepeer.faces.http.embedding import embedding, heads, shared
    from cinepeer.faces.http.gateway import gateway
    from cinepeer.faces.http.guard import Guard
    from cinepeer.faces.http.listener import Listener
    from cinepeer.faces.http.web import elsewhere, web
    from cinepeer_client.page import built_page

    token, built = str(home.kept["token"]), built_page()

    def gateways() -> list[str]:
        return parts.library.catalogue.gateways(but=parts.author.device)

    films = shared(parts)
    pages = [web(built, token, ports["page_port"], gateways, heads(films)), embedding(built, films)] if built else []
    missing = {"elsewhere": elsewhere(built, token, ports["page_port"], gateways)} if built else {}

    ahead = Ahead(fetching.hosted, disk.denied.is_denied)
    stack.push_async_callback(ahead.stop)

    async def hosted(root: Cid, cid: Cid) -> bytes | None:
        return await ahead.block(cid, parts.library.catalogue.hosts_of(root))

    page = Guard(
        application(parts, gateway(disk.ipfs, disk.denied.is_denied, fetch=hosted), *pages, **missing),
        ports["page_port"],
        token,
        open_paths=frozenset({"/api/records"}),
    )
    applications: list[tuple[Any, str]] = [(page, "page_port")]
    if not settings["kubo_api"]:  # that Kubo answers other programs itself
        applications.append((_kubo_rpc(parts, disk, fetching), "ipfs_rpc_port"))
    if chain.application is not None:
        applications.append((chain.application, "ledger_rpc_port"))
    for app, port in applications:
        await _start(stack, Listener(app, ports[port]))
    if number := int(settings["public_port"]):
        from cinepeer.faces.http.public import public

        address = str(settings["listen_address"]) or "127.0.0.1"
        frames = [embedding(built, films, is_public=True)] if built else []
        await _start(stack, Listener(public(parts, disk.ipfs, disk.denied.is_denied, *frames), number, address))


async def _start(stack: AsyncExitStack, listener: Listener) -> None:
    await listener.start()
    stack.push_async_callback(listener.stop)


def public_url(settings: Mapping[str, Any]) -> str | None:
    """Where others reach the second listener, or None where it is off or nobody else can; raises `BadInput`."""
    named, number = str(settings["public_url"]).rstrip("/"), int(settings["public_port"])
    if named:
        parts = urlsplit(named)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise BadInput(f"found public_url = {named[:80]!r}, expected an address such as https://films.example")
        return named
    return f"http://{settings['listen_address']}:{number}" if number and settings["listen_address"] else None


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
