"""The files below a version's root, as far as their blocks lie here."""

from __future__ import annotations

from cinepeer.content.path import Way
from cinepeer.errors import Absent, Refused
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import Cid


class Files:
    """Reads by path; nothing is fetched from elsewhere."""

    def __init__(self, ipfs: IpfsBackend) -> None:
        self._ipfs = ipfs

    async def find(self, root: Cid, path: str) -> Cid:
        """The id of the file at `path`; raises `Absent` where there is none, or a block on the way is not held."""
        way = Way(root, path)
        while way.needed is not None:
            try:
                way.feed(await self.block(way.needed))
            except Refused as error:
                raise Absent(f"found no {path} in this version ({error}), expected one") from error
        return way.cid

    async def read(self, root: Cid, path: str, most_bytes: int) -> bytes:
        """At most `most_bytes` of the file at `path`; raises `Absent` where it does not lie here whole."""
        cid = await self.find(root, path)
        try:
            return b"".join([piece async for piece in self._ipfs.cat(cid, 0, most_bytes)])
        except Refused as error:
            raise Absent(f"found {path} not whole here ({error}), expected all of its blocks") from error

    async def block(self, cid: Cid) -> bytes:
        """One block; raises `Absent` when it is not held."""
        block = await self._ipfs.get_block(cid)
        if block is None:
            raise Absent(f"found no block {cid} here, expected the version to be held")
        return block
