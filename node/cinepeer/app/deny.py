"""What this node refuses to hold or serve: CIDs and authors that its owner denied, read before every pin and answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cinepeer.content.unixfs import links
from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import RAW, Cid


class DenyList:
    """Denied authors and blocks. Denying a DAG denies every block under it that this node knows."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        """`lines`: one CID of an author, a film's files or a block each; empty lines and `#` comments are skipped."""
        self.roots: set[Cid] = set()
        self._blocks: set[Cid] = set()
        for line in lines:
            if text := line.split("#")[0].strip():
                self.roots.add(parse_denied(text))
        self._blocks.update(self.roots)

    def is_denied(self, cid: Cid) -> bool:
        """Whether a block, a DAG's root or an author's id is denied."""
        return cid in self._blocks

    def deny(self, root: Cid, get: Callable[[Cid], bytes | None], *, is_listed: bool = True) -> int:
        """Denies the DAG under `root` as far as `get` knows its blocks; returns how many ids are denied by it.

        What follows from another line, such as a film's files from their author's, is not `is_listed` itself.
        """
        before = len(self._blocks)
        if is_listed:
            self.roots.add(root)
        waiting = [root]
        seen: set[Cid] = set()
        while waiting:
            cid = waiting.pop()
            if cid in seen:
                continue
            seen.add(cid)
            self._blocks.add(cid)
            block = None if cid.codec == RAW else get(cid)
            if block is not None:
                try:
                    waiting.extend(links(cid, block))
                except Refused:
                    continue  # not a UnixFS node: it is denied itself and names nothing else
        return len(self._blocks) - before

    def allow(self, root: Cid, still: Iterable[Cid], get: Callable[[Cid], bytes | None]) -> None:
        """Takes a line from the list; `still` is what follows from the other lines."""
        kept = DenyList(str(one) for one in self.roots - {root})
        for one in (*kept.roots, *still):
            kept.deny(one, get, is_listed=False)
        # In one step: other threads ask meanwhile.
        self.roots, self._blocks = kept.roots, kept._blocks

    def lines(self) -> list[str]:
        """The list as text, one CID a line, in a fixed order."""
        return sorted(str(root) for root in self.roots)


def parse_denied(text: str) -> Cid:
    """A CID typed by a person; raises `BadInput`."""
    try:
        return Cid.parse(text)
    except Refused as error:
        raise BadInput(f"found {text!r}, expected the CID of an author, a film's files or a block") from error
