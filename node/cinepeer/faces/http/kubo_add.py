"""`add` and `block/put` of the Kubo RPC: what a client sends becomes blocks while it still arrives."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from cinepeer.content.cidv0 import text_of
from cinepeer.content.dagpb import MAX_BLOCK_BYTES
from cinepeer.content.unixfs import CHUNK_BYTES, LINKS, Node, Profile, Put, directory, import_file, is_name
from cinepeer.errors import BadInput
from cinepeer.faces.http.multipart import Part, parts
from cinepeer.records.cid import DAG_CBOR, DAG_PB, RAW, Cid

MAX_ENTRIES = 100_000
PIECES_AHEAD = 16
DRAINED_BYTES = 64 << 20

_CODECS = {"raw": RAW, "dag-pb": DAG_PB, "protobuf": DAG_PB, "v0": DAG_PB, "dag-cbor": DAG_CBOR, "cbor": DAG_CBOR}
_UNSUPPORTED = ("trickle", "nocopy", "inline", "fscache")

Line = dict[str, str | int]
Result = TypeVar("Result")


def is_set(query: Mapping[str, str], name: str, default: bool = False) -> bool:
    """A yes-or-no parameter; raises `BadInput` for anything else."""
    text = query.get(name, "")
    if text.lower() not in ("", "true", "false", "1", "0"):
        raise BadInput(f"found {name}={text[:40]!r}, expected true or false")
    return default if not text else text.lower() in ("true", "1")


def profile_of(query: Mapping[str, str]) -> Profile:
    """The import profile that `add`'s parameters ask for; Kubo's defaults of CIDv0 where they say nothing."""
    for name in _UNSUPPORTED:
        if is_set(query, name):
            raise BadInput(f"found {name}=true, expected an import without it")
    if query.get("hash", "sha2-256") != "sha2-256":
        raise BadInput(f"found the hash {query['hash'][:40]!r}, expected sha2-256")
    version = query.get("cid-version", "0")
    if version not in ("0", "1"):
        raise BadInput(f"found cid-version={version[:40]!r}, expected 0 or 1")
    sort, _, size = query.get("chunker", f"size-{CHUNK_BYTES}").partition("-")
    if sort != "size" or not size.isdecimal() or not 1 <= int(size) <= MAX_BLOCK_BYTES // 2:
        raise BadInput(f"found the chunker {query['chunker'][:40]!r}, expected size-1 to size-{MAX_BLOCK_BYTES // 2}")
    return Profile(int(size), LINKS, int(version), is_set(query, "raw-leaves", version == "1"))


@dataclass(slots=True)
class Adding:
    """One `add`: files as they come, then the folders around them."""

    profile: Profile
    put: Put
    lines: list[Line] = field(default_factory=list)
    _files: dict[str, Node] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)

    def take(self, part: Part) -> None:
        """Imports one part; a part of type `application/x-directory` only names a folder."""
        path = part.filename
        if path and not all(is_name(name) for name in path.split("/")):
            raise BadInput(f"found the file name {path[:300]!r}, expected plain names between slashes")
        if path in self._files or len(self._files) + len(self._folders) > MAX_ENTRIES:
            raise BadInput(f"found {path!r} again or too many entries, expected at most {MAX_ENTRIES}, each once")
        names = path.split("/")
        if part.content_type == "application/x-directory":
            names.append("")
        else:
            node = import_file(part.data, self.put, self.profile)
            path = path or text_of(node.cid, self.profile.version)
            self._files[path] = node
            self._tell(path, node)
        for depth in range(1, len(names)):
            self._folders.add("/".join(names[:depth]))

    def finish(self, is_wrapped: bool) -> list[Cid]:
        """Imports the folders, innermost first; the roots of what was added."""
        nodes = dict(self._files)
        for path in sorted(self._folders, key=lambda path: -path.count("/")):
            if path in self._files:
                raise BadInput(f"found {path!r} as file and as folder, expected one of them")
            nodes[path] = self._folder(path + "/", nodes)
            self._tell(path, nodes[path])
        roots = [node for path, node in nodes.items() if "/" not in path]
        if is_wrapped:
            roots = [self._folder("", nodes)]
            self._tell("", roots[0])
        return [node.cid for node in roots]

    def _folder(self, prefix: str, nodes: Mapping[str, Node]) -> Node:
        entries = [
            (path[len(prefix) :], node)
            for path, node in nodes.items()
            if path.startswith(prefix) and "/" not in path[len(prefix) :]
        ]
        return directory(entries, self.put, self.profile)

    def _tell(self, path: str, node: Node) -> None:
        self.lines.append({"Name": path, "Hash": text_of(node.cid, self.profile.version), "Size": str(node.tsize)})


def blocks_of(found: Iterable[Part], query: Mapping[str, str], put: Put, lines: list[Line]) -> Sequence[Cid]:
    """`block/put`: each part is one block, under the codec that the parameters name (raw without)."""
    name = query.get("cid-codec") or query.get("format") or "raw"
    if (
        name not in _CODECS
        or query.get("mhtype", "sha2-256") != "sha2-256"
        or query.get("mhlen", "-1") not in ("-1", "32")
    ):
        raise BadInput(f"found the format {name[:40]!r} or another hash, expected raw, dag-pb or dag-cbor and sha2-256")
    cids = []
    for part in found:
        block = bytearray()
        for piece in part.data:
            block += piece
            if len(block) > MAX_BLOCK_BYTES:
                raise BadInput(f"found a block of more than {MAX_BLOCK_BYTES} bytes, expected at most that")
        cid = Cid.of(bytes(block), _CODECS[name])
        put(cid, bytes(block))
        cids.append(cid)
        lines.append({"Key": text_of(cid, 0 if name in ("v0", "protobuf") else 1), "Size": len(block)})
    return cids


async def in_thread(request: Request, threads: Executor, work: Callable[[Iterator[Part]], Result]) -> Result:
    """Runs `work` over the parts of the body in a thread, while the body arrives; at most 16 pieces wait in between."""
    loop = asyncio.get_running_loop()
    pieces: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()
    room = asyncio.Semaphore(PIECES_AHEAD)

    def arriving() -> Iterator[bytes]:
        while (piece := pieces.get()) is not None:
            loop.call_soon_threadsafe(room.release)
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    kind = request.headers.get("content-type", "")
    done = loop.run_in_executor(threads, lambda: work(parts(arriving(), kind)))
    done.add_done_callback(lambda _: room.release())
    stream = request.stream()
    try:
        async for piece in stream:
            await room.acquire()
            if done.done():
                break
            pieces.put(piece)
        pieces.put(None)
    except BaseException as error:
        pieces.put(BadInput("found the body cut off, expected it whole"))
        await asyncio.gather(done, return_exceptions=True)
        if isinstance(error, ClientDisconnect):
            raise BadInput("found the client gone, expected the body whole") from error
        raise
    if done.done():
        await _drain(stream)
    return await done


async def _drain(stream: object) -> None:
    """Reads on for a while after an early refusal: a client that is still writing would not read the answer."""
    left = DRAINED_BYTES
    async for piece in stream:  # type: ignore[attr-defined]
        left -= len(piece)
        if left < 0:
            return
