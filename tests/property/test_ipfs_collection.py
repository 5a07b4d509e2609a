"""A collection never takes a block in use, whatever is published, played and let go at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.content.unixfs import Profile, import_file, walk
from cinepeer.errors import BadInput
from cinepeer.records.cid import Cid

FILMS = 4
SMALL = Profile(chunk_bytes=500, links=4)
# Films that share most of their leaves, so that one's leaving could tear another.
CONTENTS = [b"".join(bytes([leaf % (3 + film)]) * 500 for leaf in range(20)) for film in range(FILMS)]
ROOTS = [import_file([content], lambda _c, _b: None, SMALL).cid for content in CONTENTS]

Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["publish", "play", "collect", "unpin"]), st.integers(0, FILMS - 1)), max_size=8
)


class Store:
    """One store under several threads; `kept` are the films that no thread ever lets go."""

    def __init__(self, path: Path, kept: set[int]) -> None:
        self.ipfs = EmbeddedIpfs(BlockStore(path / "blocks"), path / "pins.db")
        self.kept = kept
        self.wrong: list[str] = []
        for film in kept:
            self.publish(film)

    def publish(self, film: int) -> None:
        self.ipfs.take(lambda put: [import_file([CONTENTS[film]], put, SMALL).cid])

    def do(self, step: Step) -> None:
        action, film = step
        if action == "publish":
            self.publish(film)
        elif action == "play" and film in self.kept:
            if asyncio.run(self.read(ROOTS[film])) != CONTENTS[film]:
                self.wrong.append(f"film {film} has other bytes")
        elif action == "unpin" and film not in self.kept:
            asyncio.run(self.ipfs.unpin(ROOTS[film]))
        elif action == "collect":
            with contextlib.suppress(BadInput):  # an import runs: the next collection takes it
                asyncio.run(self.ipfs.gc())

    async def read(self, root: Cid) -> bytes:
        return b"".join([piece async for piece in self.ipfs.cat(root)])

    def run(self, todo: Sequence[Step]) -> None:
        for step in todo:
            try:
                self.do(step)
            except Exception as error:  # noqa: BLE001  a thread's edge: the test tells it
                self.wrong.append(f"{step}: {error!r}")


def together(works: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


@settings(max_examples=40)
@given(st.lists(steps, min_size=2, max_size=4), st.sets(st.integers(0, FILMS - 1), max_size=3))
def test_what_is_pinned_stays_whole_and_the_rest_goes(plans: list[list[Step]], kept: set[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), kept)
        together([lambda plan=plan: store.run(plan) for plan in plans])  # type: ignore[misc]
        assert store.wrong == []
        asyncio.run(store.ipfs.gc())
        pinned = asyncio.run(store.ipfs.pins())
        assert {ROOTS[film] for film in kept} <= pinned
        needed = {cid for root in pinned for cid, _ in walk(root, store.ipfs.blocks.get)}
        assert set(store.ipfs.blocks) == needed
        assert store.ipfs.blocks.stored_bytes() == sum(len(store.ipfs.blocks.get(cid) or b"") for cid in needed)
        store.ipfs.close()
