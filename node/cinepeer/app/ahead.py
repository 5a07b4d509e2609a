"""Blocks that a player will ask for next, asked of the hosts before it does: one journey less a level of a file.

They lie in memory for a moment, a few at a time, and are never kept.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from cinepeer.content.unixfs import Directory, FileNode, parse_node
from cinepeer.errors import CinepeerError, Refused
from cinepeer.records.cid import RAW, Cid

MAX_COMING = 32
MAX_PARTS = 16
MAX_PARTS_BYTES = 4 << 20
MAX_FOLDERS = 8

Get = Callable[[Cid, Sequence[str]], Awaitable[bytes | None]]


class Ahead:
    """One for a node. What comes of itself is given once; what is not asked for soon gives way to others."""

    def __init__(self, get: Get, denied: Callable[[Cid], bool]) -> None:
        """`get` brings a checked block from the hosts at some addresses; `denied` ones are not asked for."""
        self._get = get
        self._denied = denied
        self._coming: OrderedDict[Cid, asyncio.Task[bytes | None]] = OrderedDict()

    async def block(self, cid: Cid, addrs: Sequence[str]) -> bytes | None:
        """A block for the player, or None when no host gives it; those that follow it are on their way then."""
        coming = self._coming.pop(cid, None)
        # Not cancelled with the reader: a message to the host may be half written.
        block = None if coming is None else await asyncio.shield(coming)
        if block is None:
            block = await self._get(cid, addrs)
        if block is not None:
            self._begin(followers(cid, block), addrs)
        return block

    def _begin(self, cids: Sequence[Cid], addrs: Sequence[str]) -> None:
        for cid in cids:
            if cid not in self._coming and not self._denied(cid):
                self._coming[cid] = asyncio.create_task(self._bring(cid, addrs))
        while len(self._coming) > MAX_COMING:
            self._coming.popitem(last=False)[1].cancel()

    async def _bring(self, cid: Cid, addrs: Sequence[str]) -> bytes | None:
        """One block; None, and no error, when it does not come: whoever asks for it is told why."""
        try:
            block = await self._get(cid, addrs)
        except CinepeerError:
            return None
        # Parts of a file come along; what lies in a folder waits until the folder itself is asked for.
        if block is not None and cid.codec != RAW and not _is_folder(cid, block):
            self._begin(followers(cid, block), addrs)
        return block

    async def stop(self) -> None:
        """Asks for nothing any more."""
        tasks = list(self._coming.values())
        self._coming.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def followers(cid: Cid, block: bytes) -> list[Cid]:
    """What a player asks for after a block: the parts of a file, or what playing begins with in a version's folder."""
    if cid.codec == RAW:
        return []
    try:
        node = parse_node(cid, block)
    except Refused:
        return []
    if isinstance(node, FileNode):
        small = sum(size for _, size in node.parts[:MAX_PARTS]) <= MAX_PARTS_BYTES
        return [part for part, _ in node.parts[:MAX_PARTS]] if small else [node.parts[0][0]]
    if not isinstance(node, Directory):
        return []
    names = sorted(node.entries, key=lambda name: (len(name), name))
    folders = [name for name in names if "." not in name][:MAX_FOLDERS]
    heads = [name for name in names if name.endswith((".m3u8", ".mp4"))][:MAX_FOLDERS]
    first = [name for name in names if name.endswith(".m4s")][:1]
    return list(dict.fromkeys(node.entries[name].cid for name in (*heads, *first, *folders)))


def _is_folder(cid: Cid, block: bytes) -> bool:
    try:
        return isinstance(parse_node(cid, block), Directory)
    except Refused:
        return True
