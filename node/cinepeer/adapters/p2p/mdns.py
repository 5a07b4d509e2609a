"""Peers of one network find each other on the local network: DNS service discovery (RFC 6763) by multicast."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from cinepeer.errors import Refused
from cinepeer.replication.addresses import split_addr, worth_dialling

log = logging.getLogger(__name__)

SERVICE = "_cinepeer._tcp.local."
MAX_ADDRS = 8
ASK_TIMEOUT_MS = 3000
# Answers that are waited for at once: whoever announces thousands of names costs no more.
ASKED_AT_ONCE = 16


def said(network: str, addrs: Sequence[str]) -> dict[str, str]:
    """What is announced in the TXT record: the network's id and the node's full multiaddrs."""
    return {"network": network} | {f"addr{number}": addr for number, addr in enumerate(addrs[:MAX_ADDRS])}


def heard(properties: Mapping[bytes, bytes | None], network: str, ip: str) -> list[str]:
    """The multiaddrs that a node of the same network announced, those that can be meant for us at `ip`; else none."""
    if properties.get(b"network") != network.encode():
        return []
    found = []
    for number in range(MAX_ADDRS):
        data = properties.get(f"addr{number}".encode()) or b""
        text = data.decode("ascii", "replace")
        addr, _, peer = text.partition("/p2p/")
        try:
            split_addr(addr)
        except Refused:
            continue
        if peer.isalnum() and worth_dialling([addr], ip):
            found.append(text)
    return found


class LocalNetwork:
    """Announces this node on one interface and hears of others there."""

    def __init__(self, ip: str, network: str, on_found: Callable[[Sequence[str]], None]) -> None:
        """Made by `start`."""
        self._ip = ip
        self._network = network
        self._on_found = on_found
        self._zeroconf = AsyncZeroconf(interfaces=[ip], ip_version=IPVersion.V4Only)
        self._browser: AsyncServiceBrowser | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._name = ""

    @classmethod
    async def start(
        cls, ip: str, network: str, peer_id: str, addrs: Sequence[str], on_found: Callable[[Sequence[str]], None]
    ) -> LocalNetwork:
        """Begins on the interface that has the IPv4 address `ip`; raises OSError when there is no multicast there.

        `addrs` are this node's full multiaddrs; `on_found` is called with those of each other node of `network`.
        """
        found = cls(ip, network, on_found)
        found._name = f"{peer_id}.{SERVICE}"
        port = int(addrs[0].split("/")[4])
        service = AsyncServiceInfo(
            SERVICE,
            found._name,
            port=port,
            properties=said(network, addrs),
            parsed_addresses=[ip],
            server=f"{peer_id}.local.",
        )
        try:
            await found._zeroconf.async_register_service(service)
            found._browser = AsyncServiceBrowser(found._zeroconf.zeroconf, SERVICE, handlers=[found._hear])
        except BaseException:
            await found.stop()
            raise
        return found

    def _hear(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        """Asks what a node that came says of itself; the library names the arguments."""
        if state_change is ServiceStateChange.Removed or name == self._name or len(self._asking) >= ASKED_AT_ONCE:
            return
        task = asyncio.get_running_loop().create_task(self._ask(zeroconf, service_type, name))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, zeroconf: Zeroconf, service_type: str, name: str) -> None:
        try:
            service = AsyncServiceInfo(service_type, name)
            if await service.async_request(zeroconf, ASK_TIMEOUT_MS):
                addrs = heard(service.properties, self._network, self._ip)
                if addrs:
                    self._on_found(addrs)
        except Exception as error:  # noqa: BLE001  a task's edge: what strangers announce may fail in any way
            log.debug("mdns.failed name=%s reason=%r", name, error)

    async def stop(self) -> None:
        """Says that this node goes, and closes the sockets."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        if self._browser is not None:
            await self._browser.async_cancel()
        await self._zeroconf.async_close()
