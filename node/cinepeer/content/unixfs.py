"""UnixFS: files and folders as DAGs (https://specs.ipfs.tech/unixfs/), imported in one profile, strictly read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cinepeer.content.dagpb import REMEMBERED_BYTES, Branch, Link, encode_branch, parse_branch
from cinepeer.content.protobuf import as_bytes, as_number, encode_bytes, encode_number, read_fields
from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import DAG_PB, RAW, Cid
from cinepeer.records.dagcbor import Value, decode

Put = Callable[[Cid, bytes], None]
Get = Callable[[Cid], bytes | None]

CHUNK_BYTES = 262_144
LINKS = 174
MAX_DEPTH = 16
MAX_NAME_BYTES = 255
MAX_FOLDER_BYTES = 262_144  # names and CIDs; above it other importers shard the folder

_RAW, _DIRECTORY, _FILE = 0, 1, 2
_SORTS = {3: "metadata", 4: "a symbolic link", 5: "a sharded folder"}
_CID_BYTES = 36


@dataclass(frozen=True, slots=True)
class Profile:
    """How bytes become blocks. The default is Cinepeer's own; the rest exists for clients that ask for it."""

    chunk_bytes: int = CHUNK_BYTES
    links: int = LINKS
    version: int = 1
    raw_leaves: bool = True


PINNED = Profile()


@dataclass(frozen=True, slots=True)
class Node:
    """An imported file or folder: its id, its content's bytes, and the bytes of all its blocks (Tsize)."""

    cid: Cid
    size: int
    tsize: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """A block that holds bytes of a file."""

    data: bytes

    @property
    def size(self) -> int:
        """Bytes of content."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class FileNode:
    """A part of a file that is spread over children: (child, bytes of content under it), in order."""

    parts: tuple[tuple[Cid, int], ...]
    size: int


@dataclass(frozen=True, slots=True)
class Directory:
    """A folder: name → link, in the order of the block."""

    entries: dict[str, Link]


def import_file(chunks: Iterable[bytes], put: Put, profile: Profile = PINNED) -> Node:
    """Imports a byte stream in pieces of any size; holds one chunk and the open right edge of the tree in memory."""
    levels: list[list[Node]] = [[]]
    for chunk in _cut(chunks, profile.chunk_bytes):
        levels[0].append(_leaf(chunk, put, profile))
        height = 0
        while len(levels[height]) == profile.links:
            _close(levels, height, put, profile)
            height += 1
    if not any(levels):
        return _leaf(b"", put, profile)
    height = 0
    while height < len(levels) - 1 or len(levels[height]) > 1:
        if levels[height]:
            _close(levels, height, put, profile)
        height += 1
    return levels[height][0]


def _cut(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    held = bytearray()
    for chunk in chunks:
        if not held and len(chunk) == size:
            yield chunk
            continue
        held += chunk
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


def _leaf(chunk: bytes, put: Put, profile: Profile) -> Node:
    if profile.raw_leaves:
        block, codec = chunk, RAW
    else:
        block, codec = encode_bytes(1, _file_data(chunk, len(chunk))), DAG_PB
    cid = Cid.of(block, codec)
    put(cid, block)
    return Node(cid, len(chunk), len(block))


def _file_data(data: bytes, size: int, sizes: Iterable[int] = ()) -> bytes:
    """The UnixFS message of a file: type, inline data when there is any, size, sizes of the children."""
    inline = encode_bytes(2, data) if data else b""
    return encode_number(1, _FILE) + inline + encode_number(3, size) + b"".join(encode_number(4, s) for s in sizes)


def _close(levels: list[list[Node]], height: int, put: Put, profile: Profile) -> None:
    """Puts the open nodes of one level under a parent in the level above."""
    group, levels[height] = levels[height], []
    size = sum(node.size for node in group)
    data = _file_data(b"", size, (node.size for node in group))
    block = encode_branch((Link(node.cid, "", node.tsize) for node in group), data, profile.version)
    cid = Cid.of(block, DAG_PB)
    put(cid, block)
    if len(levels) == height + 1:
        levels.append([])
    levels[height + 1].append(Node(cid, size, len(block) + sum(node.tsize for node in group)))


def directory(entries: Sequence[tuple[str, Node]], put: Put, profile: Profile = PINNED) -> Node:
    """Imports a folder of imported entries; raises `BadInput` for a name or a number of entries that cannot be."""
    for name, _ in entries:
        if not is_name(name):
            raise BadInput(f"found the name {name[:300]!r} in a folder, expected one without slash, of 1 to 255 bytes")
    if len({name for name, _ in entries}) < len(entries):
        raise BadInput("found a name twice in a folder, expected each once")
    ordered = sorted(entries, key=lambda pair: pair[0].encode())
    weight = sum(len(name.encode()) + _CID_BYTES for name, _ in ordered)
    if weight > MAX_FOLDER_BYTES:
        raise BadInput(f"found {weight} bytes of names and ids in a folder, expected at most {MAX_FOLDER_BYTES}")
    links = [Link(node.cid, name, node.tsize) for name, node in ordered]
    block = encode_branch(links, encode_number(1, _DIRECTORY), profile.version)
    cid = Cid.of(block, DAG_PB)
    put(cid, block)
    nodes = [node for _, node in ordered]
    return Node(cid, sum(node.size for node in nodes), len(block) + sum(node.tsize for node in nodes))


def is_name(name: str) -> bool:
    """Whether an entry of a folder may be called so."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        return False
    try:
        return len(name.encode()) <= MAX_NAME_BYTES
    except UnicodeEncodeError:  # half a surrogate pair: a file name that is no text
        return False


def parse_node(cid: Cid, block: bytes) -> Leaf | FileNode | Directory:
    """Reads a block of a file or folder, which the caller has checked against `cid`.

    Raises `Refused`: `bad-node`, `bad-protobuf`, `bad-varint`, `bad-cid`, `too-large`, or `unsupported-node` for what
    is none of the three.
    """
    if cid.codec == RAW:
        return Leaf(block)
    if cid.codec != DAG_PB:
        raise Refused("unsupported-node", f"found {cid} to be no file and no folder, expected one of them")
    return _remembered(block) if len(block) <= REMEMBERED_BYTES else _parse_node(block)


def _parse_node(block: bytes) -> Leaf | FileNode | Directory:
    branch = parse_branch(block)
    sort, data, size, sizes = _parse_data(branch.data)
    if sort == _DIRECTORY:
        return _directory(branch, data, sizes)
    if sort not in (_FILE, _RAW):
        raise Refused(
            "unsupported-node", f"found {_SORTS.get(sort, f'type {sort}')}, expected a file or a plain folder"
        )
    if not branch.links:
        if sizes or size not in (None, len(data)):
            raise Refused("bad-node", f"found a file of {size} bytes that holds {len(data)}, expected what it says")
        return Leaf(data)
    if data or len(sizes) != len(branch.links) or size != sum(sizes):
        raise Refused("bad-node", "found sizes that do not fit the links of a file, expected one for each link")
    if any(link.name for link in branch.links):
        raise Refused("bad-node", "found a named part in a file, expected parts without names")
    return FileNode(tuple((link.cid, part) for link, part in zip(branch.links, sizes, strict=True)), size)


_remembered = lru_cache(maxsize=64)(_parse_node)


def _parse_data(message: bytes | None) -> tuple[int, bytes, int | None, list[int]]:
    """(type, inline data, size or None, sizes of children) of the UnixFS message."""
    if message is None:
        raise Refused("bad-node", "found a node without data, expected a UnixFS node")
    sort = size = None
    data = b""
    sizes: list[int] = []
    for field, value in read_fields(message):
        if field == 1 and sort is None:
            sort = as_number(value, "the type")
        elif field == 2 and not data:
            data = as_bytes(value, "the data")
        elif field == 3 and size is None:
            size = _as_size(value, "the size")
        elif field == 4:
            sizes.append(_as_size(value, "a part's size"))
        elif field <= 4:
            raise Refused("bad-node", f"found field {field} twice in a UnixFS node, expected it once")
    if sort is None:
        raise Refused("bad-node", "found a UnixFS node without a type, expected one")
    return sort, data, size, sizes


def _as_size(value: int | bytes, field: str) -> int:
    """A size that every reader can count, a browser as well."""
    size = as_number(value, field)
    if size >= 1 << 53:
        raise Refused("too-large", f"found {size} bytes for {field}, expected fewer than 2^53")
    return size


def _directory(branch: Branch, data: bytes, sizes: list[int]) -> Directory:
    if data or sizes:
        raise Refused("bad-node", "found content in a folder, expected links alone")
    entries: dict[str, Link] = {}
    for link in branch.links:
        if not is_name(link.name) or link.name in entries:
            raise Refused("bad-node", f"found the entry {link.name[:300]!r} in a folder, expected a plain name once")
        entries[link.name] = link
    return Directory(entries)


def links(cid: Cid, block: bytes) -> list[Cid]:
    """The children of any block, in order, repeats included; raises `Refused` as `parse_branch` and `decode` do."""
    if cid.codec == RAW:
        return []
    if cid.codec == DAG_PB:
        return [link.cid for link in parse_branch(block).links]
    found: list[Cid] = []
    waiting: deque[Value] = deque([decode(block)])
    while waiting:
        value = waiting.popleft()
        if isinstance(value, Cid):
            found.append(value)
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
    return found


def walk(root: Cid, get: Get) -> Iterator[tuple[Cid, bytes]]:
    """Every block under `root`, each once, parents first; raises `Refused` (`missing-block`) at the first hole."""
    waiting, seen = [root], {root}
    while waiting:
        cid = waiting.pop()
        block = held(cid, get)
        yield cid, block
        for child in reversed(links(cid, block)):
            if child not in seen:
                seen.add(child)
                waiting.append(child)


def held(cid: Cid, get: Get) -> bytes:
    """The block that `get` has; raises `Refused` (`missing-block`) when it has none."""
    block = get(cid)
    if block is None:
        raise Refused("missing-block", f"found no block {cid}, expected it to be held")
    return block


class Cat:
    """The blocks that a range of a file needs, in order, and the bytes each of them gives.

    Feed it the block `needed` until that is None; it asks for no block outside the range.
    """

    __slots__ = ("_waiting",)

    def __init__(self, root: Cid, offset: int = 0, length: int | None = None) -> None:
        """Bytes from `offset` on, at most `length` of them; raises `BadInput` for negative ones."""
        if offset < 0 or (length is not None and length < 0):
            raise BadInput(f"found the offset {offset} and the length {length}, expected none below 0")
        stop = None if length is None else offset + length
        # A stack of (id, content bytes its parent says, first and last byte wanted of it, depth).
        self._waiting: list[tuple[Cid, int | None, int, int | None, int]] = [(root, None, offset, stop, 0)]

    @property
    def needed(self) -> Cid | None:
        """The block to feed next, or None at the end."""
        return self._waiting[-1][0] if self._waiting else None

    def ahead(self, count: int) -> list[Cid]:
        """Up to `count` blocks that are known to be needed, the next one first."""
        return list(dict.fromkeys(waiting[0] for waiting in reversed(self._waiting[-count:])))

    def feed(self, block: bytes) -> bytes:
        """Takes the needed block, checked against its id; returns the bytes of the range that lie in it.

        Raises `Refused` as `parse_node` does, `not-a-file` for a folder, `bad-node` for a child of another size than
        its parent says, and `too-deep`.
        """
        cid, size, start, stop, depth = self._waiting.pop()
        node = parse_node(cid, block)
        if isinstance(node, Directory):
            raise Refused("not-a-file", f"found {cid} to be a folder, expected a file")
        if size is not None and node.size != size:
            raise Refused("bad-node", f"found {node.size} bytes in {cid}, expected the {size} that its parent says")
        if isinstance(node, Leaf):
            return node.data[start:stop]
        if depth == MAX_DEPTH:
            raise Refused("too-deep", f"found a file of more than {MAX_DEPTH} levels, expected at most that")
        end = node.size if stop is None else min(stop, node.size)
        position, children = 0, []
        for child, part in node.parts:
            if position >= end:
                break
            if part and position + part > start and end > start:
                children.append((child, part, max(0, start - position), min(part, end - position), depth + 1))
            position += part
        self._waiting.extend(reversed(children))
        return b""


def cat(root: Cid, get: Get, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
    """The bytes of a file or of a range of it, in order; raises as `Cat.feed`, and `missing-block`."""
    reading = Cat(root, offset, length)
    while (cid := reading.needed) is not None:
        if data := reading.feed(held(cid, get)):
            yield data


def file_size(cid: Cid, block: bytes) -> int:
    """Bytes of content of a file by its root block; raises `Refused` as `parse_node`, and `not-a-file`."""
    node = parse_node(cid, block)
    if isinstance(node, Directory):
        raise Refused("not-a-file", f"found {cid} to be a folder, expected a file")
    return node.size


def split_path(path: str) -> list[str]:
    """The names of a path such as `720/00001.m4s`; raises `Refused` (`bad-path`) for one that no folder has."""
    names = [name for name in path.split("/") if name]
    for name in names:
        if not is_name(name):
            raise Refused("bad-path", f"found {name[:300]!r} in a path, expected plain names")
    return names


def entry(cid: Cid, block: bytes, name: str) -> Cid:
    """The child called `name` of a folder; raises `Refused` (`not-a-folder`, `no-entry`, or as `parse_node`)."""
    node = parse_node(cid, block)
    if not isinstance(node, Directory):
        raise Refused("not-a-folder", f"found {cid} to be a file, expected a folder with {name!r} in it")
    if name not in node.entries:
        raise Refused("no-entry", f"found no {name!r} in the folder {cid}, expected it there")
    return node.entries[name].cid


def resolve(root: Cid, path: str, get: Get) -> Cid:
    """The id at `path` under a folder; raises `Refused` as `split_path` and `entry`, and `missing-block`."""
    cid = root
    for name in split_path(path):
        cid = entry(cid, held(cid, get), name)
    return cid
