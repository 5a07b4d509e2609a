"""How the API shows the node's state: plain JSON values, every id as text."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cinepeer import __version__
from cinepeer.app.catalogue import Film, Provider, Version
from cinepeer.app.parts import Pair
from cinepeer.content.sort import sort_of
from cinepeer.content.warnings import warnings_of
from cinepeer.errors import Absent, BadInput, CinepeerError, Refused
from cinepeer.faces.http import answers
from cinepeer.faces.http.parts import Parts
from cinepeer.records.bodies import KEY_KINDS, parse_film_id
from cinepeer.records.cid import Cid
from cinepeer.records.translations import translations
from cinepeer.replication.scope import write_setting
from cinepeer.rights.showing import is_listed, release_of
from cinepeer.search.filter import Filter
from cinepeer_client.page import build_id, built_page

# How long the list of neighbours waits for the network's own counts.
_COUNTS_S = 2.0


def cid(text: str) -> Cid:
    """A CID typed by a person; raises `BadInput`."""
    try:
        return Cid.parse(text)
    except Refused as error:
        raise BadInput(str(error)) from error


def film_of(parts: Parts, text: str) -> Film:
    """The published film with this id; raises `Absent`."""
    film = parts.library.catalogue.films.get(text)
    if film is None:
        raise Absent(f"found no film {text[:80]!r} here, expected the id of one that this node has a record of")
    return film


async def status(parts: Parts) -> dict[str, Any]:
    """The node at a glance."""
    told = parts.status()
    return {
        "version": __version__,
        "page_build": None if (folder := built_page()) is None else build_id(folder),
        "author": str(parts.author.id),
        **told,
        "p2p_ws": _websockets(told["p2p"]),
        "records": await parts.store.count(),
        "holding": await _holding(parts),
        "strangers": parts.strangers.told(),
        "films": len(parts.library.catalogue.films),
        "checkpoint": _head_start(parts),
        "stored_bytes": await parts.ipfs.stored_bytes(),
        "disk_cap": parts.hosting.cap_bytes,
        "peers": peers(parts),
        "neighbourhood": neighbourhood(parts),
    }


async def public_status(parts: Parts) -> dict[str, Any]:
    """What a stranger is told of the node."""
    told = parts.status()
    return {
        "version": __version__,
        "author": str(parts.author.id),
        **{name: told[name] for name in ("peer_id", "p2p", "network", "ledger")},
        "p2p_ws": _websockets(told["p2p"]),
        "records": await parts.store.count(),
        "films": len(parts.library.catalogue.films),
    }


def _websockets(addrs: list[str]) -> list[str]:
    """The same addresses by WebSocket, which the same port takes."""
    return [addr.replace("/p2p/", "/ws/p2p/") for addr in addrs]


async def _holding(parts: Parts) -> dict[str, Any]:
    """What this node says that it holds of its scope; any peer can check the fingerprint by reconciling."""
    count, fingerprint = await parts.replication.holding()
    return {"scope": write_setting(parts.replication.scope), "records": count, "fingerprint": fingerprint.hex()}


def _head_start(parts: Parts) -> dict[str, Any] | None:
    """The checkpoint that this node shows or showed since it started, with its label."""
    shown = parts.head_start.shown
    stated = parts.head_start.ended if shown is None else shown.stated
    if stated is None:
        return None
    return {
        "record": str(stated.record),
        "author": str(stated.author),
        "moment_ms": stated.moment_ms,
        "records": stated.records,
        "ratings": stated.ratings,
        "label": stated.label,
        "is_shown": shown is not None,
        "held": stated.records if shown is None else min(shown.held, stated.records),
        "contradicts": [str(record) for record in stated.contradicts],
    }


async def films(parts: Parts, limit: int | None = None, offset: int = 0, is_own: bool = True) -> list[dict[str, Any]]:
    """All films with a record here that lists may name, playable ones first, then by name; or a page of them."""
    held = await _held(parts)
    listed = [film for film in parts.library.catalogue.films.values() if may_list(parts, film, is_own)]
    found = sorted(listed, key=lambda film: (not _is_playable(film, held), film.name, film.id))
    return [_film(parts, film, held) for film in found[offset : None if limit is None else offset + limit]]


async def search(parts: Parts, text: str, limit: int, wanted: Filter) -> dict[str, Any]:
    """Films found by their words, or by what is said in them, each as in the list of all."""
    held = await _held(parts)

    def admits(film: Film) -> bool:
        if not may_list(parts, film) or (wanted.is_playable and not _is_playable(film, held)):
            return False
        return wanted.admits(film.fields, [int(version.fields["duration_ms"]) for version in film.versions])

    hits = await parts.search.find(text, limit, admits)
    films = [_film(parts, parts.library.catalogue.films[film], held) for film in hits.films]
    return {"films": films, "taken": hits.taken, "said": {film: asdict(quote) for film, quote in hits.said.items()}}


async def film(parts: Parts, text: str) -> dict[str, Any]:
    """One film with its versions and what viewers gave."""
    return _film(parts, film_of(parts, text), await _held(parts))


@dataclass(frozen=True, slots=True)
class _Held:
    """What lies where: roots that are pinned here, and who says to hold which version."""

    pins: set[Cid]
    providers: Mapping[Cid, Sequence[Provider]]


async def _held(parts: Parts) -> _Held:
    return _Held(await parts.ipfs.pins(), parts.library.catalogue.providers_by_version())


def _is_playable(film: Film, held: _Held) -> bool:
    return any(_is_near(version, held) for version in film.versions if "sealed" not in version.fields)


def _is_near(version: Version, held: _Held) -> bool:
    return version.root in held.pins or version.id in held.providers


def may_list(parts: Parts, film: Film, is_own: bool = True) -> bool:
    """Whether lists name a film now; to its own creator they always do (`is_own`: who asks is at this node)."""
    return (is_own and film.author == parts.author.id) or is_listed(release_of(film.fields), parts.clock_ms() // 1000)


def _facts(fields: dict[str, Any]) -> dict[str, Any]:
    found = {name: fields[name] for name in answers.Facts.model_fields if name in fields}
    said = {"warnings": warnings_of(fields), "translations": [asdict(one) for one in translations(fields)]}
    return found | said


def _film(parts: Parts, found: Film, held: _Held) -> dict[str, Any]:
    versions = [_version(version, held) for version in found.versions]
    stars, source = _stars(parts, found.id)
    own = parts.library.counted.given(parts.author.id, found.id)
    return {
        "id": found.id,
        "name": found.name,
        "author": str(found.author),
        "time": found.time,
        "facts": _facts(found.fields),
        "versions": versions,
        "playable": _is_playable(found, held),
        "premiere": release_of(found.fields).premiere,
        "unlisted": release_of(found.fields).unlisted,
        "titles": ["0x" + bytes(body["title"]).hex() for _, body in found.titles],
        "yours": own.stars if own else None,
        "scores": {
            "viewers": {
                "median": stars[(len(stars) - 1) // 2] if stars else None,
                "count": len(stars),
                "stars": stars,
                "weights": "unweighted",
                "source": source,
            }
        },
    }


def _stars(parts: Parts, film: str) -> tuple[list[int], str | None]:
    """A film's stars, ascending; where a checkpoint knows more of them than are counted here yet, its own and label."""
    counted = parts.library.counted.spread(film)
    told = parts.head_start.stars(film)
    return (counted, None) if told is None or len(told[0]) <= len(counted) else told


def _version(version: Version, held: _Held) -> dict[str, Any]:
    return {
        "id": str(version.id),
        "label": version.fields["label"],
        "sort": sort_of(version.fields),
        "root": str(version.root),
        "duration_ms": version.fields["duration_ms"],
        "size_bytes": version.fields["size_bytes"],
        "blocks": version.fields["blocks"],
        "renditions": version.fields["renditions"],
        "held": version.root in held.pins,
        "licensed": "sealed" in version.fields,
        "providers": [
            {"author": str(found.author), "addrs": list(found.addrs), "gateway": found.gateway}
            for found in held.providers.get(version.id, ())
        ],
    }


async def film_records(parts: Parts, text: str) -> list[Pair]:
    """A film's records and all that their authors' chains need, in an order that a client can admit."""
    found = film_of(parts, text)
    ids: list[Cid] = []
    for device in parts.store.feeds.devices(found.author):
        ids.extend(await parts.store.ids(device))
    return list(await parts.store.records(ids))


async def ratings(parts: Parts, text: str, limit: int, after: str | None) -> list[dict[str, Any]]:
    """The counted stars of a film, newest first, from behind the record `after` on."""
    try:
        film = parse_film_id(text)
    except Refused as error:
        raise Absent(str(error)) from error
    start = None
    if after is not None:
        held = await parts.store.get(cid(after))
        if held is None:
            raise BadInput(f"found no record {after} here, expected the last one of the page before")
        start = (held[0].time, held[0].id)
    given = parts.library.counted.words_on(film)
    standing = sorted(((one.time, one.record, author, one.stars) for author, one in given.items()), reverse=True)
    return [
        {
            "record": str(record),
            "author": str(author),
            "name": parts.library.catalogue.names.get(author),
            "stars": stars,
            "time_ms": time,
            "counted": True,
        }
        for time, record, author, stars in standing
        if stars is not None and (start is None or (time, record) < start)
    ][:limit]


async def rating_records(parts: Parts, text: str, limit: int, after: str | None) -> list[Pair]:
    """The records behind `ratings`, with their authors' chains."""
    return await with_chains(parts, {cid(one["record"]) for one in await ratings(parts, text, limit, after)})


async def with_chains(parts: Parts, wanted: set[Cid]) -> list[Pair]:
    """Records, and all that their authors' chains need, in an order that a client can admit.

    Bodies come along where they are needed: those of the records themselves and of key records.
    """
    last: dict[bytes, int] = {}
    ids: set[Cid] = set()
    for record, _ in await parts.store.records(wanted):
        last[record.device] = max(record.seq, last.get(record.device, 0))
        for key, device in parts.store.feeds.devices(record.author).items():
            if device.is_root or key == record.device:
                ids.update(await parts.store.ids(key))
    return [
        (record, body if record.id in wanted or record.kind in KEY_KINDS else None)
        for record, body in await parts.store.records(ids)
        if record.kind in KEY_KINDS or record.seq <= last.get(record.device, -1)
    ]


async def rate(parts: Parts, ratings: Sequence[tuple[str, int | None]]) -> dict[str, Any]:
    """Signs the ratings as one record; the list counts them from then on."""
    checked: list[list[Any]] = []
    for text, stars in ratings:
        if stars is not None and not 1 <= stars <= 10:
            raise BadInput(f"found {stars} stars for {text}, expected 1 to 10")
        try:
            checked.append([parse_film_id(text), stars])
        except Refused as error:
            raise BadInput(str(error)) from error
    if len({film for film, _ in checked}) != len(checked):
        raise BadInput("found a film twice in one rating, expected each once")
    record = await parts.author.sign("rating", {"ratings": checked})
    await parts.library.refresh()
    return {"record": str(record.id), "seq": record.seq, "ratings": len(checked)}


def peers(parts: Parts) -> list[dict[str, Any]]:
    """The neighbours and what was exchanged with each."""
    exchanged = parts.replication.peers()
    return [
        asdict(neighbour)
        | (asdict(exchanged[neighbour.peer_id]) if neighbour.peer_id in exchanged else {})
        | {"standing": _standing(parts, neighbour.peer_id)}
        for neighbour in parts.neighbours()
    ]


async def peers_with_blocks(parts: Parts) -> list[dict[str, Any]]:
    """As `peers`, with the bytes of film blocks that went each way since the network's thread started."""
    try:
        async with asyncio.timeout(_COUNTS_S):
            counts = await parts.block_counts()
    except (TimeoutError, CinepeerError):  # the thread is starting again: the neighbours are told without it
        counts = {}
    return [
        peer | {f"block_{name}": counts.get(peer["peer_id"], {}).get(name, 0) for name in ("bytes_in", "bytes_out")}
        for peer in peers(parts)
    ]


def _standing(parts: Parts, peer_id: str) -> str:
    """One word for how a peer behaves: `new`, `useful`, `silent` or `lying`."""
    exchanged = parts.replication.peers().get(peer_id)
    found = parts.peers.standing(peer_id)
    return "useful" if found == "new" and exchanged is not None and exchanged.received else found


def neighbourhood(parts: Parts) -> dict[str, Any]:
    """Whether others reach this node, how many peers it knows, and whom it turns away."""
    return {
        "reach": parts.peers.reach.told(),
        "known": len(parts.peers.book),
        "banned": [asdict(ban) for ban in parts.peers.bans()],
        "refused": dict(parts.peers.refused),
        "versions": parts.peers.versions.told(),
    }


async def sync(parts: Parts) -> list[dict[str, Any]]:
    """Reconciles with every neighbour now."""
    done = []
    for neighbour in parts.neighbours():
        synced = await parts.replication.sync(neighbour.peer_id)
        done.append({"peer_id": neighbour.peer_id, **asdict(synced)})
    await parts.library.refresh()
    return done


async def hosting(parts: Parts) -> dict[str, Any]:
    """What this node holds, and what it left out and why."""
    return {
        "held": [str(version.id) for version in await parts.hosting.held()],
        "declined": {str(version): reason for version, reason in parts.hosting.declined.items()},
        "stored_bytes": await parts.ipfs.stored_bytes(),
        "disk_cap": parts.hosting.cap_bytes,
        "gateway": parts.hosting.gateway,
        "denied": parts.denied.lines(),
    }
