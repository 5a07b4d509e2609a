"""A node that publishes as its jobs see it, which survives a restart in its folder."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from cinepeer.adapters.system.notes import Notes
from cinepeer.adapters.system.uploads import Uploads
from cinepeer.app.publication import Publication
from cinepeer.app.publications import Publications
from cinepeer.app.publish import FilmFacts, Published, Tell
from cinepeer.app.terms import Terms
from cinepeer.errors import BadInput
from cinepeer.records.cid import DAG_CBOR, RAW, Cid

T = TypeVar("T")
FACTS = FilmFacts("The Tide Clock", 2026, credits=(("Ada", "director"),))
OWNER = ("0x" + "ab" * 20, 3000)
OFFER = {"price": 5, "medium": "cinema", "territory": ["DE"], "days": 30, "supply": 10, "exclusive": False}
MADE = Published(Cid.of(b"film", RAW), Cid.of(b"version", RAW), Cid.of(b"root", RAW), bytes(32), 3000, 7, 900, ["240p"])

PARENT, UNTITLED = Cid.of(b"parent", DAG_CBOR), Cid.of(b"untitled", DAG_CBOR)
PARENT_TITLE = b"\7" * 20


class Making:
    """Publishing as the jobs see it: it goes on from stage to stage when the test says so."""

    def __init__(self) -> None:
        self.gates: dict[str, asyncio.Event] = {}
        self.problem: Exception | None = None
        self.taken: list[tuple[Path, bool]] = []
        self.wished: list[object] = []
        self.near: list[dict[str, Any]] = []
        self.parents: list[Cid | None] = []

    async def publish(self, path: Path, facts: FilmFacts, tell: Tell, *, again: bool = False, **rest: Any) -> Published:
        self.taken.append((path, again))
        self.wished.append(rest.get("wished"))
        for stage in ("probe", "ladder", "import", "records"):
            tell(stage, {})
            if stage in self.gates:
                await self.gates[stage].wait()
            tell(stage, {"seconds": 3.0})
            if self.problem is not None:
                raise self.problem
            if stage == "ladder":
                self.parents.append(await rest["ask"](self.near))
        return MADE


class Signing:
    """Titles and offers as the jobs see them."""

    def __init__(self) -> None:
        self.registered: list[str] = []
        self.owners: list[Any] = []
        self.offered: list[Terms] = []
        self.problem: Exception | None = None

    async def register(self, film: str, owners: object) -> dict[str, Any]:
        if self.problem is not None:
            raise self.problem
        self.registered.append(film)
        self.owners.append(owners)
        return {"title": "0xab", "record": "bafy", "block": 4}

    async def offer(self, film: str, terms: Terms) -> dict[str, Any]:
        self.offered.append(terms)
        return {"offer": "bafyoffer", "price": str(terms.price)}

    def offers(self, film: str) -> list[Any]:
        return []

    def film(self, film_id: str) -> Any:
        """Two films are known, of which one has a title."""
        if film_id not in (str(PARENT), str(UNTITLED)):
            raise BadInput(f"found no film {film_id}, expected a known one")
        return SimpleNamespace(record=Cid.parse(film_id))

    def title_of(self, film: Any) -> bytes:
        if film.record != PARENT:
            raise BadInput("found no title, expected one")
        return PARENT_TITLE


class Node:
    """What survives a restart is in `folder`; everything else is made anew."""

    def __init__(self, folder: Path) -> None:
        numbers = itertools.count(len(list(folder.rglob("*"))))
        self.making, self.signing = Making(), Signing()
        self.uploads = Uploads(folder / "uploads", lambda: 1_790_000_000_000, self._entropy)
        self.notes = Notes(folder / "publications")
        clock = itertools.count(1_790_000_000_000 + next(numbers))
        self.jobs = Publications(
            self.making,
            self.signing,
            self.uploads,
            self.notes,
            lambda: next(clock),
            self._entropy,  # type: ignore[arg-type]
        )

    @staticmethod
    def _entropy(size: int) -> bytes:
        return hashlib.sha256(str(next(_NUMBERS)).encode()).digest()[:size]

    def upload(self) -> str:
        upload = self.uploads.make("film.mp4", 3)
        with self.uploads.receiving(upload) as receiving:
            receiving.write(b"abc")
            receiving.keep()
        return upload.id


_NUMBERS = itertools.count()


def on_node(folder: Path, story: Callable[[Node], Awaitable[T]]) -> T:
    """One run of a node, stopped in order at its end."""

    async def run() -> T:
        node = Node(folder)
        await node.jobs.start()
        try:
            return await asyncio.wait_for(story(node), 20)
        finally:
            await node.jobs.stop()

    return asyncio.run(run())


async def end_of(node: Node, job: Publication) -> list[dict[str, Any]]:
    """All that one who watches is told, to the end."""
    return [line async for line in node.jobs.events(job)]
