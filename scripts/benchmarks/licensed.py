"""Licensed films: sealing and opening beside plain sha256, and what the release of a key takes. CPU seconds."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable
from typing import Any

from cinepeer.content import cipher, wrapping
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights import release
from cinepeer.rights.deployment import predict

SEGMENT_BYTES = 1 << 20
ROUNDS, TIMES = 9, 40
NOW = 1_790_000_000
PATH = "480/00001.m4s"


def figures(*_: str) -> dict[str, Any]:
    """Megabytes a CPU second of segments of 1 MiB, and CPU milliseconds of a request's parts."""
    key, data = hashlib.sha256(b"key").digest(), hashlib.shake_256(b"segment").digest(SEGMENT_BYTES)
    sealed = cipher.seal(key, PATH, data)
    contracts, version = predict(b"\1" * 20, 7373), Cid.of(b"version", DAG_CBOR)
    agreement = wrapping.agreement_key(hashlib.sha256(b"viewer").digest())
    asked = (version, agreement, "DE", "streaming", NOW)
    request = release.encode_request(release.sign_request(key, contracts, *asked))
    works: dict[str, Callable[[], object]] = {
        "seal": lambda: cipher.seal(key, PATH, data),
        "open": lambda: cipher.unseal(key, PATH, sealed),
        "sha256": lambda: hashlib.sha256(data).digest(),
        "sign": lambda: release.sign_request(key, contracts, *asked),
        "verify": lambda: release.verify_request(release.parse_request(request), contracts, NOW),
        "wrap": lambda: wrapping.wrap(key, agreement, data[:32], b"purpose"),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):  # one round of each after the other, so that a busy machine bears on all alike
        for name, work in works.items():
            begun = time.process_time()
            for _ in range(TIMES):
                work()
            taken[name].append((time.process_time() - begun) / TIMES)
    return _told(taken)


def _told(taken: dict[str, list[float]]) -> dict[str, Any]:
    speed = {name: [SEGMENT_BYTES / 1e6 / one for one in taken[name]] for name in ("seal", "open", "sha256")}
    rows = {f"{name}_mb_per_cpu_s": found for name, found in speed.items() if name != "sha256"}
    rows |= {f"{name}_request_cpu_ms": [1000 * one for one in taken[name]] for name in ("sign", "verify")}
    rows["wrap_key_cpu_ms"] = [1000 * one for one in taken["wrap"]]
    plain = statistics.median(speed["sha256"])
    return {
        "figures": {name: statistics.median(found) for name, found in rows.items()},
        "intervals": {name: [min(found), max(found)] for name, found in rows.items()},
        "baselines": {f"{name}_mb_per_cpu_s": plain for name in ("seal", "open")},
        "ratios": {f"{name}_mb_per_cpu_s": statistics.median(speed[name]) / plain for name in ("seal", "open")},
        "notes": {"seal_mb_per_cpu_s": "segments of 1 MiB; beside sha256 of the same bytes"},
    }
