"""The ledger's own process: opens its file, deploys what is missing, answers on loopback until its parent is gone."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cinepeer.adapters.chain.copies import Copies
from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.faucet import Faucet
from cinepeer.adapters.chain.founding import found
from cinepeer.adapters.chain.genesis import check_genesis
from cinepeer.adapters.chain.listener import listen, rpc_app, server
from cinepeer.adapters.chain.rpc import Rpc
from cinepeer.adapters.chain.sequencer import Sequencer
from cinepeer.adapters.chain.shipment import ARTIFACTS
from cinepeer.errors import BadInput, CinepeerError
from cinepeer.records import keys

_BUSY_PORT_S = 3.0


def _ignore(_point: str) -> None:
    """Nobody listens for durable boundaries."""


async def serve(
    db: Path,
    port: int,
    genesis: dict[str, Any],
    seed: bytes | None,
    *,
    artifacts: Path = ARTIFACTS,
    reached: Callable[[str], None] = _ignore,
    clock: Callable[[], float] = time.time,
    watch: bool = True,
    holds: bool = False,
) -> None:
    """
    Runs the ledger of `genesis` in the file `db` until the end of standard input (if `watch`) or SIGTERM: with the
    sequencer's `seed`, or None for a copy that follows. Prints one line of JSON when it answers: url, chain_id, block,
    hash, network. `reached` hears each durable boundary; `holds` makes a sequencer wait for its release.
    """
    check_genesis(genesis)
    opened: list[Evm | Copies] = []
    try:
        if seed is None:
            copies = Copies(db, genesis, clock)
            opened.append(copies)
            evm, answer, run = copies.evm, copies.answer, copies.run
        else:
            evm = Evm(db, genesis)
            opened.append(evm)
            sequencer = Sequencer(evm, seed, clock, reached, holds)
            if keys.public_key(seed) == evm.succession.first and not holds:
                found(sequencer, seed, artifacts)
            answer, run = Rpc(sequencer, Faucet(sequencer, seed, clock), clock).answer, sequencer.run
        listening = await _listen(port)
        http = server(rpc_app(answer))
        ready = {
            "url": f"http://127.0.0.1:{listening.getsockname()[1]}",
            "chain_id": evm.chain_id,
            "block": evm.head.block_number,
            "hash": "0x" + evm.head.hash.hex(),
            "network": str(evm.network),
        }
        print(json.dumps(ready), flush=True)
        running = asyncio.create_task(run())
        watching = asyncio.create_task(_until_orphaned(http)) if watch else None
        try:
            await http.serve(sockets=[listening])
        finally:
            for task in (running, watching):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
            listening.close()
    finally:
        for one in opened:
            one.close()


async def _listen(port: int) -> Any:
    """The listening socket; a port that a dying predecessor still holds is asked for again for a moment."""
    give_up = time.monotonic() + _BUSY_PORT_S
    while True:
        try:
            return listen(port)
        except BadInput:
            if time.monotonic() > give_up:
                raise
            await asyncio.sleep(0.1)


async def _until_orphaned(http: Any) -> None:
    """Ends the server when standard input ends: a parent that died, however it died, closes it."""
    reader = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        while await reader.read(1024):
            pass
        http.should_exit = True
    finally:
        pipe.close()


def _seed(source: str) -> bytes | None:
    """The sequencer's 32-byte seed in hex, from a file, or from the first line of standard input for `-`.

    None where that line is empty: then this is a copy that follows.
    """
    text = sys.stdin.readline() if source == "-" else Path(source).read_text()
    if text == "\n":
        return None
    try:
        seed = bytes.fromhex(text.strip())
    except ValueError:
        seed = b""
    if len(seed) != 32:
        raise BadInput("found no sequencer key, expected 32 bytes in hex")
    return seed


def main(arguments: Sequence[str] | None = None, reached: Callable[[str], None] = _ignore) -> int:
    """The child's command line; 0 when it ended in order, otherwise the error's exit code after one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m cinepeer.adapters.chain.embedded", description=__doc__)
    parser.add_argument("--db", required=True, type=Path, help="the ledger's SQLite file")
    parser.add_argument("--port", required=True, type=int, help="loopback port; 0 takes a free one")
    parser.add_argument("--genesis", required=True, type=Path, help="file with the genesis map as JSON")
    parser.add_argument("--key", required=True, help="file with the sequencer's seed in hex, or - for standard input")
    parser.add_argument("--hold", action="store_true", help="order nothing before cinepeer_release")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="ledger: %(message)s", stream=sys.stderr)
    try:
        seed = _seed(chosen.key)
        genesis = json.loads(chosen.genesis.read_text())
        watch = chosen.key == "-"
        asyncio.run(serve(chosen.db, chosen.port, genesis, seed, reached=reached, watch=watch, holds=chosen.hold))
    except CinepeerError as error:
        print(json.dumps({"error": str(error), "code": error.exit_code}), flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
