"""The API of hosting, film by film: why it is here, what leaves next, who else proved to hold it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.adapters.ipfs.kubo import KuboIpfs
from cinepeer.app.challenge import Result
from cinepeer.app.copying import copy_pins
from cinepeer.app.host import Explained
from cinepeer.errors import BadInput
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape


class Challenged(Answer):
    """The last challenge of one host: whether its block came in time, and how often it did and did not."""

    held: bool
    took_ms: int
    at_ms: int
    block: str
    kept: int
    failed: int


class OtherHost(Answer):
    """A device that says it holds a version whole."""

    author: str
    gateway: str | None
    challenged: Challenged | None


class HostedFilm(Answer):
    """One version: `leaves` counts from 1 which of the held ones goes before it; `conclusion` is for its creator."""

    version: str
    film: str
    name: str
    size_bytes: int
    is_held: bool
    is_own: bool
    is_kept: bool
    others: int
    proven: int
    why: str
    leaves: int | None
    conclusion: str | None
    hosts: list[OtherHost]


class KeepRequest(Shape):
    """A film that shall never leave for another, or may again."""

    film: str = Field(max_length=200)
    is_kept: bool = True


class CopyRequest(Shape):
    """The RPC of a Kubo (its multiaddr), and whether films go `to` it or come `from` it."""

    addr: str = Field(max_length=300)
    direction: Literal["to", "from"] = "to"


class CopyMade(Answer):
    """How many pins both ends have now, and what was carried over."""

    pins: int
    blocks: int
    bytes: int


class BlockDisk(Answer):
    """A folder of blocks: its cap (null: that of all), what it holds and has room for; `is_away`: missing now."""

    path: str
    cap_bytes: int | None
    stored_bytes: int
    room_bytes: int
    is_away: bool


class EmptyRequest(Shape):
    """The disk to empty."""

    path: str = Field(max_length=4096)


class Emptied(Answer):
    """How many blocks were moved to the other disks."""

    moved: int


def hosting(parts: Parts) -> APIRouter:
    """Routes below `/api/hosting/`."""
    router = APIRouter(tags=["node"], route_class=ShallowRoute)

    @router.get("/api/hosting/films", response_model=list[HostedFilm])
    async def explain_hosting() -> list[dict[str, Any]]:
        """Every version that is known: held ones first, the first to leave first."""
        return await _explained(parts)

    @router.patch("/api/hosting/kept", response_model=list[HostedFilm])
    async def keep_film(wanted: KeepRequest) -> list[dict[str, Any]]:
        """Keeps a film for good, or lets it leave again."""
        parts.hosting.keep(wanted.film, is_kept=wanted.is_kept)
        return await _explained(parts)

    @router.post("/api/hosting/copies", response_model=CopyMade)
    async def copy_pins_elsewhere(wanted: CopyRequest) -> dict[str, int]:
        """Copies all pinned films to a Kubo, or those of a Kubo to this node."""
        other = KuboIpfs(wanted.addr)
        try:
            ends = (parts.ipfs, other) if wanted.direction == "to" else (other, parts.ipfs)
            return asdict(await copy_pins(*ends))
        finally:
            other.close()

    @router.get("/api/hosting/disks", response_model=list[BlockDisk])
    async def list_disks() -> list[dict[str, Any]]:
        """The disks that blocks lie on, the home's own last."""
        return await asyncio.to_thread(_disks, _store(parts))

    @router.post("/api/hosting/disks/empty", response_model=Emptied)
    async def empty_disk(wanted: EmptyRequest) -> dict[str, int]:
        """Moves every block of one disk to the others; it is used no more."""
        return {"moved": await asyncio.to_thread(_store(parts).empty, Path(wanted.path))}

    @router.post("/api/hosting/challenges", response_model=list[HostedFilm])
    async def challenge_hosts() -> list[dict[str, Any]]:
        """Asks every other host of every version that is held here for a block of it, chosen by chance."""
        for version in await parts.hosting.held():
            for host, _ in parts.challenges.others(version):
                await parts.challenges.challenge(version, host)
        return await _explained(parts)

    return router


def _store(parts: Parts) -> BlockStore:
    if not isinstance(parts.ipfs, EmbeddedIpfs):
        raise BadInput("found the blocks kept by a Kubo, expected them on disks of this node")
    return parts.ipfs.blocks


def _disks(store: BlockStore) -> list[dict[str, Any]]:
    list(store.disks.there())  # looks whether they are
    told = ("cap_bytes", "stored_bytes", "is_away")
    return [
        {
            "path": str(disk.path),
            "room_bytes": max(0, disk.room_bytes()),
            **{name: getattr(disk, name) for name in told},
        }
        for disk in store.disks.all
    ]


async def _explained(parts: Parts) -> list[dict[str, Any]]:
    return [_film(parts, one) for one in await parts.hosting.explain()]


def _film(parts: Parts, found: Explained) -> dict[str, Any]:
    copy = found.copy
    version = parts.library.catalogue.version(copy.version)
    hosts = [] if version is None else parts.challenges.others(version)
    return {
        "version": str(copy.version),
        "film": found.film,
        "name": found.name,
        **{name: getattr(copy, name) for name in ("size_bytes", "is_held", "is_own", "is_kept", "others", "proven")},
        **{name: getattr(found, name) for name in ("why", "leaves", "conclusion")},
        "hosts": [
            {"author": str(host.author), "gateway": host.gateway, "challenged": _result(result)}
            for host, result in hosts
        ],
    }


def _result(result: Result | None) -> dict[str, Any] | None:
    return None if result is None else {**asdict(result), "block": str(result.block)}
