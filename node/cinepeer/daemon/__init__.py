"""The composition root: builds every part of a node, in order, and stops them in reverse."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from cinepeer.adapters.system.home import Home, open_home
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.adapters.system.ports import take_port
from cinepeer.daemon.build import build
from cinepeer.daemon.memory import bound, settle
from cinepeer.daemon.networks import network_of
from cinepeer.settings import load

log = logging.getLogger("cinepeer.daemon")

PORTS = ("page_port", "ipfs_rpc_port", "ledger_rpc_port", "p2p_port")
Ready = Callable[[dict[str, Any]], None]


async def serve(folder: Path, flags: Mapping[str, Any], join: str | None, ready: Ready) -> None:
    """Runs a node on the home `folder` until SIGINT or SIGTERM; calls `ready` once it answers."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    bound()
    async with AsyncExitStack() as stack:
        home = stack.enter_context(open_home(folder))
        settings = load(home.path, os.environ, flags)
        ports = _ports(home, settings)
        keys = Keystore(home.keys, os.environ.get("CINEPEER_PASSPHRASE"))
        network = await network_of(home, keys, join)
        told = await build(stack, home, settings, ports, keys, network)
        settle()
        ready(told)
        log.info("node.ready home=%s page=%s", home.path, told["page"])
        await stopped.wait()
        log.info("node.stopping home=%s", home.path)


def _ports(home: Home, settings: Mapping[str, Any]) -> dict[str, int]:
    """The four ports: those that a setting names, else those kept, else free ones that are kept from now on."""
    ports: dict[str, int] = {}
    for name in PORTS:
        kept = home.kept.get(name)
        wanted = int(settings[name]) or (int(kept) if isinstance(kept, int) else 0)
        ports[name] = take_port(wanted, besides=ports.values())
    token = home.kept.get("token")
    home.keep(**ports, token=token if isinstance(token, str) else secrets.token_urlsafe(32))
    return ports
