"""Films as blocks: import beside plain sha256, and 100 MB by bitswap beside a raw stream of the same two processes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

IMPORT_BYTES = 64 << 20
IMPORT_ROUNDS = 7
SWAP_BYTES = 100_000_000
SWAP_ROUNDS = 3
TIMEOUT_S = 60
RAW = "/benchmark/raw/1"


def figures(*_: str) -> dict[str, Any]:
    """Megabytes (10^6) a second."""
    found: dict[str, Any] = {key: {} for key in ("figures", "intervals", "baselines", "ratios", "notes")}
    for part in (importing(), swapping()):
        for key, values in part.items():
            found[key] |= values
    return found


def importing() -> dict[str, Any]:
    """A file into the embedded store, on the disk and pinned, beside sha256 of the same file right before.

    What no import can be faster than is told as well: the same sha256, and then the same bytes as one file on the disk.
    """
    from cinepeer.adapters.ipfs.blockstore import BlockStore
    from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs

    rates, hashed, plain = [], [], []
    work, work_hashing = [], []
    with tempfile.TemporaryDirectory() as folder:
        ipfs = EmbeddedIpfs(BlockStore(Path(folder) / "blocks"), Path(folder) / "pins.db")
        file = Path(folder) / "film"
        for _ in range(IMPORT_ROUNDS):
            data = os.urandom(IMPORT_BYTES)
            file.write_bytes(data)
            os.sync()
            begun, worked = time.perf_counter(), time.process_time()
            with file.open("rb") as opened:
                hashlib.file_digest(opened, "sha256")
            hashed.append(IMPORT_BYTES / (time.perf_counter() - begun) / 1e6)
            work_hashing.append(time.process_time() - worked)
            begun = time.perf_counter()
            _write_plainly(Path(folder) / "plain", data)
            plain.append(1 / (1 / hashed[-1] + (time.perf_counter() - begun) * 1e6 / IMPORT_BYTES))
            begun, worked = time.perf_counter(), time.process_time()
            asyncio.run(ipfs.add_file(file))
            rates.append(IMPORT_BYTES / (time.perf_counter() - begun) / 1e6)
            work.append(time.process_time() - worked)
        ipfs.close()
    ratios = [rate / base for rate, base in zip(rates, hashed, strict=True)]
    floors = [rate / base for rate, base in zip(rates, plain, strict=True)]
    return {
        "figures": {"import_mb_s": statistics.median(rates), "import_processor_s": statistics.median(work)},
        "intervals": {"import_mb_s": [min(rates), max(rates)]},
        "baselines": {
            "import_mb_s": statistics.median(hashed),
            "import_processor_s": statistics.median(work_hashing),
            "hashed_and_written_mb_s": statistics.median(plain),
        },
        "ratios": {"import_mb_s": statistics.median(ratios), "hashed_and_written_mb_s": statistics.median(floors)},
        "notes": {
            "import_mb_s": f"sha256 of the same {IMPORT_BYTES >> 20} MiB; ratios {min(ratios):.2f}–{max(ratios):.2f}",
            "import_processor_s": "of all threads",
            "hashed_and_written_mb_s": "sha256, then the same bytes as one file on the disk; the import beside it",
        },
    }


def _write_plainly(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def swapping() -> dict[str, Any]:
    """A DAG from one process to another over loopback, checked and stored, beside the bare bytes over one stream."""
    server = subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        addr, root = json.loads(server.stdout.readline())
        command = [sys.executable, __file__, "fetch", addr, root]
        rounds = []
        for _ in range(SWAP_ROUNDS):
            before = _peak_bytes(server.pid, from_now=True)
            ran = subprocess.run(command, check=True, capture_output=True, text=True)
            grown = (_peak_bytes(server.pid) - before) / 1e6
            rounds.append(json.loads(ran.stdout) | {"served": grown})
    finally:
        server.kill()
        server.wait()
    swapped, raw = [one["bitswap"] for one in rounds], [one["raw"] for one in rounds]
    return {
        "figures": {
            "bitswap_mb_s": statistics.median(swapped),
            "bitswap_rss_mb": max(one["rss"] for one in rounds),
            "bitswap_served_rss_mb": max(one["served"] for one in rounds),
        },
        "intervals": {"bitswap_mb_s": [min(swapped), max(swapped)]},
        "baselines": {"bitswap_mb_s": statistics.median(raw)},
        "ratios": {"bitswap_mb_s": statistics.median(one["bitswap"] / one["raw"] for one in rounds)},
        "notes": {
            "bitswap_mb_s": f"{SWAP_BYTES // 1_000_000} MB beside a raw libp2p stream of as many",
            "bitswap_rss_mb": "growth of the receiver's peak while it fetches",
            "bitswap_served_rss_mb": "growth of the giver's peak meanwhile, the raw stream's included",
        },
    }


def _peak_bytes(process: int, *, from_now: bool = False) -> int:
    """The most memory that a process had resident since its peak was last taken, which happens now with `from_now`."""
    folder = Path("/proc") / str(process)
    if from_now:
        (folder / "clear_refs").write_text("5")
    line = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def host(number: int) -> Any:
    """A guarded host as a node has it."""
    from cinepeer.adapters.p2p.guard import guard_accept, guard_streams
    from cinepeer.adapters.p2p.host import make_host
    from cinepeer.adapters.p2p.muxer import guard_buffers
    from cinepeer.adapters.p2p.plan import Plan

    plan = Plan(bytes([number]) + os.urandom(31), ("/ip4/127.0.0.1/tcp/0",))
    made = make_host(plan)
    guard_streams(made, plan)
    guard_accept(made, plan)
    guard_buffers(made)
    return made


async def serve() -> None:
    """The giving process: prints its address and the root, then serves until it is killed."""
    import trio
    from multiaddr import Multiaddr

    from cinepeer.adapters.ipfs.blockstore import BlockStore
    from cinepeer.adapters.p2p.bitswap import Bitswap
    from cinepeer.content.unixfs import import_file

    data = os.urandom(SWAP_BYTES)

    async def pour(stream: Any) -> None:
        for at in range(0, SWAP_BYTES, 1 << 18):
            await stream.write(data[at : at + (1 << 18)])
        await stream.close()

    with tempfile.TemporaryDirectory() as folder:
        blocks = BlockStore(Path(folder))
        with blocks.batch() as batch:
            root = import_file([data], batch.put).cid
        made = host(1)
        made.set_stream_handler(RAW, pour)
        async with made.run([Multiaddr("/ip4/127.0.0.1/tcp/0")]), trio.open_nursery() as nursery:
            Bitswap(made, blocks, lambda _peer, _cid: True, nursery)
            print(json.dumps([f"{made.get_transport_addrs()[0]}/p2p/{made.get_id()}", str(root)]), flush=True)
            await trio.sleep_forever()


async def fetch(addr: str, root: str) -> None:
    """The taking process: prints its rates."""
    import psutil
    import trio
    from libp2p.peer.peerinfo import info_from_p2p_addr
    from multiaddr import Multiaddr

    from cinepeer.adapters.ipfs.blockstore import BlockStore
    from cinepeer.adapters.p2p.bitswap import Bitswap
    from cinepeer.records.cid import Cid

    with tempfile.TemporaryDirectory() as folder:
        made = host(2)
        async with made.run([Multiaddr("/ip4/127.0.0.1/tcp/0")]), trio.open_nursery() as nursery:
            bitswap = Bitswap(made, BlockStore(Path(folder)), lambda _peer, _cid: True, nursery)
            peer = info_from_p2p_addr(Multiaddr(addr))
            await made.connect(peer)
            begun, left = time.perf_counter(), SWAP_BYTES
            stream = await made.new_stream(peer.peer_id, [RAW])
            while left:
                left -= len(await stream.read(1 << 16))
            raw = SWAP_BYTES / (time.perf_counter() - begun) / 1e6
            before, peak = psutil.Process().memory_info().rss, [0]

            def look(_: int) -> None:
                peak[0] = max(peak[0], psutil.Process().memory_info().rss)

            begun = time.perf_counter()
            await bitswap.fetch(Cid.parse(root), [str(peer.peer_id)], TIMEOUT_S, look)
            rate = SWAP_BYTES / (time.perf_counter() - begun) / 1e6
            look(0)
            print(json.dumps({"bitswap": rate, "raw": raw, "rss": (peak[0] - before) / 1e6}), flush=True)
            os._exit(0)  # the library's own shutdown is not measured here


if __name__ == "__main__":
    import trio

    trio.run(*([serve] if sys.argv[1] == "serve" else [fetch, *sys.argv[2:]]))
