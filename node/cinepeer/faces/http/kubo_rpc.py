"""A subset of Kubo's RPC over the embedded IPFS, so that ordinary IPFS tools work against a node.

https://docs.ipfs.tech/reference/kubo/rpc/; answers as version 0.7.0 does, which `ipfshttpclient` 0.7 expects.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from cinepeer.content.cidv0 import parse_any
from cinepeer.content.hamt import is_shard, parse_shard
from cinepeer.content.path import Way
from cinepeer.content.unixfs import Cat, Directory, Put, links, parse_node
from cinepeer.errors import BadInput, CinepeerError, LimitReached, Refused
from cinepeer.faces.http.kubo_add import Adding, Line, blocks_of, in_thread, is_set, profile_of
from cinepeer.faces.http.kubo_dag import Import, export
from cinepeer.faces.http.loopback import Loopback
from cinepeer.records.cid import RAW, Cid

VERSION = "0.7.0"
AGENT = "cinepeer"
PREFIX = "/api/v0"
UPLOADS_AT_ONCE = 4

Fetch = Callable[[Cid], Awaitable[bytes | None]]
Connect = Callable[[str], Awaitable[str]]
Identity = Callable[[], tuple[str, Sequence[str]]]


class Neighbour(Protocol):
    """A connected peer as `swarm/peers` shows it."""

    @property
    def peer_id(self) -> str: ...
    @property
    def addrs(self) -> Sequence[str]: ...


class Blocks(Protocol):
    """The block store below."""

    cap_bytes: int | None

    def get(self, cid: Cid) -> bytes | None: ...
    def put(self, cid: Cid, block: bytes) -> None: ...
    def has(self, cid: Cid) -> bool: ...
    def stored_bytes(self) -> int: ...
    def __iter__(self) -> Any: ...


class Embedded(Protocol):
    """The embedded IPFS."""

    def take(self, build: Callable[[Put], Sequence[Cid]], *, pins: bool = True) -> Sequence[Cid]: ...
    def arriving(self) -> AbstractContextManager[None]: ...
    async def pin(self, cid: Cid) -> None: ...
    async def unpin(self, cid: Cid) -> None: ...
    async def pins(self) -> set[Cid]: ...
    async def gc(self) -> Sequence[Cid]: ...


def kubo_rpc(
    backend: Embedded,
    blocks: Blocks,
    *,
    fetch: Fetch | None = None,
    connect: Connect | None = None,
    neighbours: Callable[[], Sequence[Neighbour]] = tuple,
    identity: Identity = lambda: ("", ()),
) -> FastAPI:
    """The application for a listener on loopback; it refuses any Origin and any Host that is not loopback.

    `fetch` asks connected peers for a block that is not held here.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    rpc = _Rpc(backend, blocks, fetch, connect, neighbours, identity)
    for path, answer in rpc.commands().items():
        app.add_api_route(f"{PREFIX}/{path}", answer, methods=["POST"], response_model=None)
    app.add_exception_handler(CinepeerError, _told)
    app.add_middleware(Loopback)
    return app


async def _told(_: Request, error: Exception) -> Response:
    """Kubo's form of an error."""
    return JSONResponse(
        {"Message": str(error), "Code": 0, "Type": "error"}, 400 if isinstance(error, BadInput) else 500
    )


class _Rpc:
    """The commands. Each takes a request and gives an answer; errors are raised in words."""

    def __init__(
        self,
        backend: Embedded,
        blocks: Blocks,
        fetch: Fetch | None,
        connect: Connect | None,
        neighbours: Callable[[], Sequence[Neighbour]],
        identity: Identity,
    ) -> None:
        self._backend = backend
        self._blocks = blocks
        self._fetch = fetch
        self._connect = connect
        self._neighbours = neighbours
        self._identity = identity
        self._threads = ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="uploads")

    def commands(self) -> dict[str, Callable[[Request], Awaitable[Response]]]:
        """Path → command."""
        return {
            "version": self.version,
            "id": self.id,
            "add": self.add,
            "cat": self.cat,
            "ls": self.ls,
            "block/put": self.block_put,
            "block/get": self.block_get,
            "block/stat": self.block_stat,
            "dag/export": self.dag_export,
            "dag/import": self.dag_import,
            "pin/add": self.pin_add,
            "pin/ls": self.pin_ls,
            "pin/rm": self.pin_rm,
            "repo/stat": self.repo_stat,
            "repo/gc": self.repo_gc,
            "swarm/peers": self.swarm_peers,
            "swarm/connect": self.swarm_connect,
        }

    async def version(self, _: Request) -> Response:
        return JSONResponse({"Version": VERSION, "Commit": "", "Repo": "11", "System": AGENT, "Golang": ""})

    async def id(self, _: Request) -> Response:
        peer, addrs = self._identity()
        told = {"ID": peer, "PublicKey": "", "Addresses": list(addrs), "AgentVersion": AGENT}
        return JSONResponse({**told, "ProtocolVersion": "ipfs/0.1.0", "Protocols": ["/ipfs/bitswap/1.2.0"]})

    async def add(self, request: Request) -> Response:
        query = request.query_params
        profile, is_wrapped = profile_of(query), is_set(query, "wrap-with-directory")
        lines: list[Line] = []

        def build(parts: Iterable[Any], put: Put) -> Sequence[Cid]:
            adding = Adding(profile, put, lines)
            for part in parts:
                adding.take(part)
            return adding.finish(is_wrapped)

        if is_set(query, "only-hash"):
            await in_thread(request, self._threads, lambda parts: build(parts, lambda _cid, _block: None))
        else:
            pins = is_set(query, "pin", True)
            await in_thread(
                request, self._threads, lambda parts: self._backend.take(lambda put: build(parts, put), pins=pins)
            )
        return _lines(lines)

    async def block_put(self, request: Request) -> Response:
        query, lines = request.query_params, list[Line]()
        pins = is_set(query, "pin")
        await in_thread(
            request,
            self._threads,
            lambda parts: self._backend.take(lambda put: blocks_of(parts, query, put, lines), pins=pins),
        )
        return _lines(lines)

    async def cat(self, request: Request) -> Response:
        query = request.query_params
        cid, _ = await self._resolve(_only(request), query)
        offset = _number(query, "offset") or 0
        reading = Cat(cid, offset, _number(query, "length"))
        pieces = self._read(reading, query)
        # The first piece is read before the answer begins, so that what is missing can still be told.
        first = await anext(pieces, b"")
        return StreamingResponse(_after(first, pieces), media_type="application/octet-stream")

    async def _read(self, reading: Cat, query: Mapping[str, str]) -> AsyncIterator[bytes]:
        while (cid := reading.needed) is not None:
            if data := reading.feed(await self._block(cid, query)):
                yield data

    async def ls(self, request: Request) -> Response:
        query = request.query_params
        objects = []
        for text in _arguments(request):
            cid, block = await self._resolve(text, query)
            found = await self._entries(cid, block, query)
            objects.append({"Hash": text, "Links": [await self._listed(name, child) for name, child in found]})
        return JSONResponse({"Objects": objects})

    async def _entries(self, cid: Cid, block: bytes, query: Mapping[str, str]) -> list[tuple[str, Cid]]:
        """(name, id) of each entry of a folder, sharded or not; none of a file."""
        if not is_shard(cid, block):
            node = parse_node(cid, block)
            return [(link.name, link.cid) for link in node.entries.values()] if isinstance(node, Directory) else []
        found: dict[str, Cid] = {}
        seen, shards = {cid}, [parse_shard(block)]
        while shards:
            shard = shards.pop()
            found |= {name: link.cid for name, (_, link) in shard.entries.items()}
            for below in set(shard.shards.values()) - seen:
                seen.add(below)
                shards.append(parse_shard(await self._block(below, query)))
        return sorted(found.items())

    async def _listed(self, name: str, cid: Cid) -> dict[str, str | int]:
        """One entry; type 1 is a folder, 2 a file, 0 what is not held here."""
        sort, size = 0, 0
        block = await asyncio.to_thread(self._blocks.get, cid)
        if block is not None and is_shard(cid, block):
            sort = 1
        elif block is not None:
            node = parse_node(cid, block)
            sort, size = (1, 0) if isinstance(node, Directory) else (2, node.size)
        return {"Name": name, "Hash": str(cid), "Size": size, "Type": sort, "Target": ""}

    async def block_get(self, request: Request) -> Response:
        _, block = await self._resolve(_only(request), request.query_params)
        return Response(block, media_type="application/octet-stream")

    async def block_stat(self, request: Request) -> Response:
        text = _only(request)
        _, block = await self._resolve(text, request.query_params)
        return JSONResponse({"Key": text, "Size": len(block)})

    async def dag_export(self, request: Request) -> Response:
        query = request.query_params
        root, block = await self._resolve(_only(request), query)

        return StreamingResponse(
            export(root, block, lambda cid: self._block(cid, query)), media_type="application/vnd.ipld.car"
        )

    async def dag_import(self, request: Request) -> Response:
        """Takes CARs; every root is pinned, unless `pin-roots` is false, where all of its DAG is here."""
        query, done = request.query_params, Import()
        pins, lines = is_set(query, "pin-roots", True), list[Mapping[str, Any]]()
        with self._backend.arriving():
            await in_thread(
                request,
                self._threads,
                lambda parts: self._backend.take(lambda put: done.take(parts, put), pins=False),
            )
            for root in done.roots if pins else ():
                problem = ""
                try:
                    await self._backend.pin(root)
                except CinepeerError as error:
                    problem = str(error)
                lines.append({"Root": {"Cid": {"/": str(root)}, "PinErrorMsg": problem}})
        if is_set(query, "stats"):
            lines.append({"Stats": {"BlockCount": done.blocks, "BlockBytesCount": done.bytes}})
        return _lines(lines)

    async def pin_add(self, request: Request) -> Response:
        if not is_set(request.query_params, "recursive", True):
            raise BadInput("found recursive=false, expected recursive pins")
        texts = _arguments(request)
        for text in texts:
            cid, _ = await self._resolve(text, request.query_params)
            await self._complete(cid, request.query_params)
            await self._backend.pin(cid)
        return JSONResponse({"Pins": texts})

    async def _complete(self, root: Cid, query: Mapping[str, str]) -> None:
        """Fetches what is missing under `root`, block by block."""
        seen, waiting = {root}, [root]
        while waiting:
            cid = waiting.pop()
            if self._fetch is None or await asyncio.to_thread(self._is_whole, cid):
                continue
            for child in links(cid, await self._block(cid, query, keeps=True)):
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)

    def _is_whole(self, cid: Cid) -> bool:
        """Whether a leaf is held; a node has to be read for its links."""
        return cid.codec == RAW and self._blocks.has(cid)

    async def pin_ls(self, request: Request) -> Response:
        query = request.query_params
        if query.get("type", "all") not in ("all", "recursive", "direct", "indirect"):
            raise BadInput(f"found type={query['type'][:40]!r}, expected all, recursive, direct or indirect")
        pinned = await self._backend.pins() if query.get("type", "all") in ("all", "recursive") else set()
        asked = query.getlist("arg")
        for text in asked:
            if parse_any(text.removeprefix("/ipfs/")) not in pinned:
                raise Refused("not-pinned", f"path '{text[:100]}' is not pinned")
        return JSONResponse({"Keys": {str(text): {"Type": "recursive"} for text in asked or sorted(map(str, pinned))}})

    async def pin_rm(self, request: Request) -> Response:
        texts, pinned = _arguments(request), await self._backend.pins()
        cids = [parse_any(text.removeprefix("/ipfs/")) for text in texts]
        for cid in cids:
            if cid not in pinned:
                raise Refused("not-pinned", "not pinned or pinned indirectly")
        for cid in cids:
            await self._backend.unpin(cid)
        return JSONResponse({"Pins": texts})

    async def repo_stat(self, request: Request) -> Response:
        told: dict[str, Any] = {"RepoSize": self._blocks.stored_bytes(), "StorageMax": self._blocks.cap_bytes or 0}
        if not is_set(request.query_params, "size-only"):
            count = await asyncio.to_thread(lambda: sum(1 for _ in self._blocks))
            told |= {"NumObjects": count, "RepoPath": "", "Version": "fs-repo@11"}
        return JSONResponse(told)

    async def repo_gc(self, _: Request) -> Response:
        return _lines([{"Key": {"/": str(cid)}} for cid in await self._backend.gc()])

    async def swarm_peers(self, _: Request) -> Response:
        found = [{"Addr": addr, "Peer": one.peer_id} for one in self._neighbours() for addr in list(one.addrs)[:1]]
        return JSONResponse({"Peers": found})

    async def swarm_connect(self, request: Request) -> Response:
        if self._connect is None:
            raise BadInput("found no network to connect with, expected a running node")
        first, *rest = _arguments(request)
        # ipfshttpclient 0.7 sends the address and then each of its letters.
        texts = [first] if "".join(rest) == first else [first, *rest]
        told = [f"connect {await self._connect(text)} success" for text in texts]
        return JSONResponse({"Strings": told})

    async def _resolve(self, text: str, query: Mapping[str, str]) -> tuple[Cid, bytes]:
        """The id and block that `CID[/PATH]` leads to."""
        root, _, path = text.removeprefix("/ipfs/").partition("/")
        way = Way(parse_any(root), path)
        while (cid := way.needed) is not None:
            way.feed(await self._block(cid, query))
        return way.cid, await self._block(way.cid, query)

    async def _block(self, cid: Cid, query: Mapping[str, str], *, keeps: bool = False) -> bytes:
        """A block from here, or, unless `offline`, from a connected peer.

        What came is kept; when the store is full, only a caller that `keeps` is told.
        """
        block = await asyncio.to_thread(self._blocks.get, cid)
        if block is None and self._fetch is not None and not is_set(query, "offline"):
            block = await self._fetch(cid)
            if block is not None:
                if not cid.matches(block):
                    raise Refused("wrong-block", f"found other bytes, expected the block {cid}")
                try:
                    await asyncio.to_thread(self._blocks.put, cid, block)
                except LimitReached:
                    if keeps:
                        raise
        if block is None:
            raise Refused("missing-block", f"block was not found locally (offline): ipld: could not find {cid}")
        return block


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _lines(found: Iterable[Mapping[str, Any]]) -> Response:
    return Response("".join(json.dumps(line) + "\n" for line in found), media_type="application/json")


def _arguments(request: Request) -> list[str]:
    found = request.query_params.getlist("arg")
    if not found:
        raise BadInput('argument "ipfs-path" is required')
    return found


def _only(request: Request) -> str:
    found = _arguments(request)
    if len(found) > 1:
        raise BadInput(f"found {len(found)} arguments, expected one")
    return found[0]


def _number(query: Mapping[str, str], name: str) -> int | None:
    """A parameter that is a count of bytes; None when it is not given."""
    text = query.get(name)
    if text is None or text == "":
        return None
    if not text.isdecimal() or len(text) > 18:
        raise BadInput(f"found {name}={text[:40]!r}, expected a number from 0 on")
    return int(text)
