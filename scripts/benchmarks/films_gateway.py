"""The gateway beside plain files over the same server, and fifty viewers who each read a film at its own pace."""

from __future__ import annotations

import asyncio
import http.client
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FILM_BYTES = 64 << 20
RANGE_BYTES = 1 << 20
RANGES = 60
ROUNDS = 5

VIEWERS = 50
FILMS = 4
SEGMENTS = 6
SEGMENT_S = 4
BITS_A_SECOND = 5_000_000
SEGMENT_BYTES = SEGMENT_S * BITS_A_SECOND // 8
AHEAD = 2  # segments that a viewer holds before it waits
READ_BYTES = 1 << 16


def figures(*_: str) -> dict[str, Any]:
    """Megabytes (10^6) a second of ranges, and how many segments came after their deadline."""
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as told:
        found = _ranges(told)
        for key, values in asyncio.run(_paced(told)).items():
            found[key] |= values
    return found


@contextmanager
def _server(folder: Path) -> Iterator[dict[str, Any]]:
    server = subprocess.Popen([sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())
    finally:
        server.terminate()
        server.wait()


def _ranges(told: dict[str, Any]) -> dict[str, Any]:
    """Ranges of one file by its id and as a plain file, in turns."""
    chance = random.Random(1)
    rates: dict[str, list[float]] = {"gateway": [], "plain": []}
    latencies: dict[str, list[float]] = {"gateway": [], "plain": []}
    for _ in range(ROUNDS):
        starts = [chance.randrange(FILM_BYTES - RANGE_BYTES) for _ in range(RANGES)]
        for name in rates:
            connection = http.client.HTTPConnection("127.0.0.1", told["port"])
            begun = time.perf_counter()
            for start in starts:
                asked = time.perf_counter()
                connection.request("GET", told[name], headers={"Range": f"bytes={start}-{start + RANGE_BYTES - 1}"})
                got = len(connection.getresponse().read())
                latencies[name].append(1000 * (time.perf_counter() - asked))
                if got != RANGE_BYTES:
                    raise SystemExit(f"found {got} bytes of a range of {name}, expected {RANGE_BYTES}")
            rates[name].append(RANGES * RANGE_BYTES / (time.perf_counter() - begun) / 1e6)
            connection.close()
    ratios = [ours / base for ours, base in zip(rates["gateway"], rates["plain"], strict=True)]
    return {
        "figures": {
            "gateway_range_mb_s": statistics.median(rates["gateway"]),
            "gateway_range_ms_p99": _part(latencies["gateway"], 0.99),
        },
        "intervals": {"gateway_range_mb_s": [min(rates["gateway"]), max(rates["gateway"])]},
        "baselines": {
            "gateway_range_mb_s": statistics.median(rates["plain"]),
            "gateway_range_ms_p99": _part(latencies["plain"], 0.99),
        },
        "ratios": {"gateway_range_mb_s": statistics.median(ratios)},
        "notes": {
            "gateway_range_mb_s": f"{RANGE_BYTES >> 20} MiB at chance places of a {FILM_BYTES >> 20} MiB file, checked "
            f"block by block; baseline: the plain file over the same server; ratios {min(ratios):.2f}–{max(ratios):.2f}"
        },
    }


async def _paced(told: dict[str, Any]) -> dict[str, Any]:
    """Every viewer reads segments as a player does: a few ahead, then each when one has been shown."""
    began = time.perf_counter()
    viewers = [
        _view(told["port"], told["films"][number % FILMS], number * SEGMENT_S / VIEWERS) for number in range(VIEWERS)
    ]
    slacks, times = zip(*[pair for pairs in await asyncio.gather(*viewers) for pair in pairs], strict=True)
    seconds = time.perf_counter() - began
    return {
        "figures": {
            "paced_late_segments": sum(slack < 0 for slack in slacks),
            "paced_worst_slack_s": min(slacks),
            "paced_segment_s_p99": _part(times, 0.99),
        },
        "notes": {
            "paced_late_segments": f"of {len(slacks)}: {VIEWERS} viewers at {BITS_A_SECOND / 1e6:.0f} Mbit/s, "
            f"{sum([SEGMENT_BYTES] * len(slacks)) / seconds / 1e6:.0f} MB/s together",
            "paced_worst_slack_s": "time left before the screen would have stood still",
        },
    }


async def _view(port: int, film: str, wait_s: float) -> list[tuple[float, float]]:
    """(time left to the deadline, time it took) of each segment; the first is due one segment after the start."""
    await asyncio.sleep(wait_s)
    found = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    for number in range(SEGMENTS):
        await asyncio.sleep(max(0.0, began + (number - AHEAD) * SEGMENT_S - time.perf_counter()))
        asked = time.perf_counter()
        writer.write(f"GET {film}/{number}.m4s HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"found {head[:80]!r}, expected a segment")
        left = SEGMENT_BYTES
        while left:
            left -= len(await reader.read(min(left, READ_BYTES)))
        now = time.perf_counter()
        found.append((began + (number + 1) * SEGMENT_S - now, now - asked))
    writer.close()
    return found


def _part(values: list[float] | tuple[float, ...], share: float) -> float:
    """The least value that `share` of them do not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


async def serve(folder: Path) -> None:
    """The serving process: tells its port and paths, then serves until it is ended."""
    from fastapi import FastAPI
    from fastapi.responses import FileResponse

    from cinepeer.adapters.ipfs.blockstore import BlockStore
    from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
    from cinepeer.adapters.system.ports import free_port
    from cinepeer.faces.http.gateway import gateway
    from cinepeer.faces.http.listener import Listener

    ipfs = EmbeddedIpfs(BlockStore(folder / "blocks"), folder / "pins.db")
    plain = folder / "film"
    plain.write_bytes(os.urandom(FILM_BYTES))
    root = await ipfs.add_file(plain)
    films = []
    for number in range(FILMS):
        made = folder / f"version{number}"
        made.mkdir()
        for segment in range(SEGMENTS):
            (made / f"{segment}.m4s").write_bytes(os.urandom(SEGMENT_BYTES))
        films.append(f"/ipfs/{await ipfs.add_folder(made)}")
    app = FastAPI()
    app.include_router(gateway(ipfs, lambda _: False))
    app.add_api_route("/plain", lambda: FileResponse(plain))
    port = free_port()
    listener = Listener(app, port)
    await listener.start()
    told = {"port": port, "gateway": f"/ipfs/{root}", "plain": "/plain", "films": films}
    print(json.dumps(told), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
