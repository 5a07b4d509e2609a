"""An application behind a real listener on loopback, for as long as a test needs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.faces.http.kubo_rpc import kubo_rpc


@contextmanager
def served(app: Any) -> Iterator[int]:
    """Serves `app` in a thread; gives the port."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def node(folder: Path, **settings: Any) -> Iterator[tuple[int, EmbeddedIpfs]]:
    """Our RPC over an embedded store; its port."""
    folder.mkdir(exist_ok=True)
    ipfs = EmbeddedIpfs(BlockStore(folder / "blocks", cap_bytes=settings.pop("cap_bytes", None)), folder / "pins.db")
    with served(kubo_rpc(ipfs, ipfs.blocks, **settings)) as port:
        yield port, ipfs
    ipfs.close()


def address(port: int) -> str:
    return f"/ip4/127.0.0.1/tcp/{port}/http"
