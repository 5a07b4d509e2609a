"""The node's numbers in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cinepeer import __version__
from cinepeer.faces.http.parts import Parts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name by convention (`_total` for counters, base units), `gauge` or `counter`, and its help."""

    name: str
    kind: str
    help: str


METRICS = (
    Metric("cinepeer_build_info", "gauge", "1, with the version that runs as its label."),
    Metric("cinepeer_records", "gauge", "Records held."),
    Metric("cinepeer_films", "gauge", "Films with a record here."),
    Metric("cinepeer_stored_bytes", "gauge", "Bytes of film blocks held."),
    Metric("cinepeer_disk_cap_bytes", "gauge", "Most bytes of film blocks that this node keeps."),
    Metric("cinepeer_neighbours", "gauge", "Connected peers."),
    Metric("cinepeer_known_peers", "gauge", "Peers in the address book."),
    Metric("cinepeer_banned_peers", "gauge", "Peers turned away now."),
    Metric("cinepeer_reachable", "gauge", "1 when a neighbour that dialled back got through, else 0."),
    Metric("cinepeer_refused_total", "counter", "What was held against peers, by reason."),
    Metric("cinepeer_waiting_total", "counter", "Records that could not be judged when they came, by reason."),
    Metric("cinepeer_received_records_total", "counter", "Records that peers brought and that were new."),
    Metric("cinepeer_sent_records_total", "counter", "Records that peers took."),
    Metric("cinepeer_sync_received_bytes_total", "counter", "Bytes of answers in syncs that this node began."),
    Metric("cinepeer_sync_sent_bytes_total", "counter", "Bytes of questions in syncs that this node began."),
    Metric("cinepeer_sync_rounds_total", "counter", "Frames that reconciling took, both sides counted once."),
    Metric("cinepeer_p2p_restarts_total", "counter", "How often the peer-to-peer thread was started again."),
    Metric("cinepeer_gossip_dropped_total", "counter", "Gossip messages lost because the node was too slow."),
    Metric("cinepeer_peer_lag_records", "gauge", "Records that a neighbour listed at the last sync and we still lack."),
    Metric("cinepeer_peer_last_sync_timestamp_seconds", "gauge", "When the last sync with a neighbour ended."),
    Metric("cinepeer_peer_round_trip_seconds", "gauge", "The last ping of a neighbour."),
)


async def metrics(parts: Parts) -> str:
    """All metrics as text; one without a sample is left out."""
    found = {**await _node(parts), **_exchanged(parts), **_neighbours(parts)}
    return "".join(line + "\n" for metric in METRICS for line in _lines(metric, found[metric.name]))


async def _node(parts: Parts) -> dict[str, list[Sample]]:
    reachable = parts.peers.reach.told()["reachable"]
    return {
        "cinepeer_build_info": [({"version": __version__}, 1)],
        "cinepeer_records": _one(await parts.store.count()),
        "cinepeer_films": _one(len(parts.library.catalogue.films)),
        "cinepeer_stored_bytes": _one(await parts.ipfs.stored_bytes()),
        "cinepeer_disk_cap_bytes": _one(parts.hosting.cap_bytes),
        "cinepeer_neighbours": _one(len(parts.neighbours())),
        "cinepeer_known_peers": _one(len(parts.peers.book)),
        "cinepeer_banned_peers": _one(len(parts.peers.bans())),
        "cinepeer_reachable": [] if reachable is None else _one(int(reachable)),
        "cinepeer_p2p_restarts_total": _one(parts.peers.restarts),
        "cinepeer_gossip_dropped_total": _one(parts.peers.dropped),
    }


def _exchanged(parts: Parts) -> dict[str, list[Sample]]:
    """Sums over the peers."""
    peers = list(parts.replication.peers().values())
    waiting: Counter[str] = Counter()
    for peer in peers:
        waiting.update(peer.waiting)
    return {
        "cinepeer_refused_total": _by_reason(parts.peers.refused),
        "cinepeer_waiting_total": _by_reason(waiting),
        "cinepeer_received_records_total": _one(sum(peer.received for peer in peers)),
        "cinepeer_sent_records_total": _one(sum(peer.sent for peer in peers)),
        "cinepeer_sync_received_bytes_total": _one(sum(peer.received_bytes for peer in peers)),
        "cinepeer_sync_sent_bytes_total": _one(sum(peer.sent_bytes for peer in peers)),
        "cinepeer_sync_rounds_total": _one(sum(peer.rounds for peer in peers)),
    }


def _neighbours(parts: Parts) -> dict[str, list[Sample]]:
    """Each neighbour's own; a peer that went takes its samples along, so that their number stays bounded."""
    exchanged = parts.replication.peers()
    lag: list[Sample] = []
    last: list[Sample] = []
    trips: list[Sample] = []
    for neighbour in parts.neighbours():
        label = {"peer": neighbour.peer_id}
        statistics = exchanged.get(neighbour.peer_id)
        if statistics is not None and statistics.last_sync_ms is not None:
            lag.append((label, statistics.lag))
            last.append((label, statistics.last_sync_ms / 1000))
        if neighbour.rtt_ms is not None:
            trips.append((label, neighbour.rtt_ms / 1000))
    return {
        "cinepeer_peer_lag_records": lag,
        "cinepeer_peer_last_sync_timestamp_seconds": last,
        "cinepeer_peer_round_trip_seconds": trips,
    }


def _one(value: float) -> list[Sample]:
    return [({}, value)]


def _by_reason(counts: Mapping[str, int]) -> list[Sample]:
    return [({"reason": reason}, number) for reason, number in sorted(counts.items())]


def _lines(metric: Metric, samples: Iterable[Sample]) -> Iterator[str]:
    """A metric's lines, none when there is no sample."""
    for number, (labels, value) in enumerate(samples):
        if not number:
            yield f"# HELP {metric.name} {metric.help}"
            yield f"# TYPE {metric.name} {metric.kind}"
        told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{metric.name}{{{told}}} {value!r}" if told else f"{metric.name} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
