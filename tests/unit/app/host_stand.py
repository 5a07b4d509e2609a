"""A host in a world of others, for tests of what it takes, keeps and asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.app.catalogue import Version
from cinepeer.app.challenge import Challenges
from cinepeer.app.deny import DenyList
from cinepeer.app.host import Hosting
from cinepeer.app.identity import Author
from cinepeer.content.unixfs import import_file, walk
from cinepeer.errors import Unreachable
from cinepeer.records.cid import Cid
from unit.app.people import World, in_world

FILM_BYTES = 600_000
CAP_BYTES = 3 * FILM_BYTES + 10_000
HOST = "12D3KooWhost"


class Stand:
    """A host in a world where others published films and say that they hold them."""

    def __init__(self, world: World, path: Path) -> None:
        self.world = world
        self.far: dict[Cid, bytes] = {}
        self.away: set[Cid] = set()
        self.asked: list[tuple[Cid, tuple[str, ...]]] = []
        self.ipfs = EmbeddedIpfs(BlockStore(path / "blocks", cap_bytes=CAP_BYTES), path / "pins.db")
        self.lines: list[str] = []
        self.chances = iter(lambda: 0.0, 1.0)
        self.hosts: list[Author] = []
        self.hosting: Hosting
        self.challenges: Challenges

    async def open(self) -> None:
        self.me = await self.world.author("host")
        library = self.world.library
        self.challenges = Challenges(
            library, self.ipfs, lambda: self.me.device, self._give, self.world.clock_ms, lambda: next(self.chances)
        )
        self.hosting = Hosting(
            library,
            self.me,
            self.ipfs,
            DenyList(),
            self._fetch,
            lambda: ["/ip4/192.0.2.9/tcp/1/p2p/12D3KooWme"],
            cap_bytes=CAP_BYTES,
            willing=True,
            challenges=self.challenges,
            keep_kept=self._keep,
        )
        self.hosts = [await self.world.author(f"other {number}") for number in range(5)]

    def _keep(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)

    async def _fetch(self, root: Cid, _: Sequence[str]) -> int:
        if root in self.away:
            raise Unreachable("found nobody, expected a provider")
        found = list(walk(root, self.far.get))
        for cid, block in found:
            self.ipfs.blocks.put(cid, block)
        return len(found)

    async def _give(self, cid: Cid, addrs: Sequence[str]) -> bytes | None:
        self.asked.append((cid, tuple(addrs)))
        return None if any("liar" in addr for addr in addrs) else self.far[cid]

    async def film(self, name: str, author: Author) -> tuple[str, Version]:
        """Publishes a film of `FILM_BYTES`; its id and its version."""
        root = import_file([(name.encode() * FILM_BYTES)[:FILM_BYTES]], self.far.__setitem__).cid
        film = await author.sign("film", FIELDS | {"name": name})
        version = await author.sign(
            "version",
            {
                **{"film": film.id, "label": "cut", "root": root, "duration_ms": 1000, "blocks": 4},
                **{"size_bytes": FILM_BYTES, "renditions": [], "source": bytes(32)},
            },
        )
        await self.world.library.refresh()
        found = self.world.library.catalogue.version(version.id)
        assert found is not None
        return str(film.id), found

    async def say(self, versions: Sequence[Version], hosts: Sequence[Author], name: str = HOST) -> None:
        """Has other hosts say that they hold versions."""
        for author in hosts:
            held = sorted(version.id for version in versions)
            addrs = [f"/ip4/192.0.2.1/tcp/1/p2p/{name}{self.hosts.index(author) if name == HOST else ''}"]
            await author.sign("host", {"versions": held, "addrs": addrs, "gateway": None, "custody": False})
        await self.world.library.refresh()

    async def hold(self, root: Cid) -> None:
        """Has this host hold a film without having taken it."""
        await self._fetch(root, [])
        await self.ipfs.pin(root)

    async def held(self) -> set[Cid]:
        return {version.id for version in await self.hosting.held()}


FIELDS = {"year": None, "external": [], "credits": [], "genres": [], "synopsis": "", "languages": []}


def on_a_stand(path: Path, story: Callable[[Stand], Awaitable[None]]) -> None:
    async def run(world: World) -> None:
        stand = Stand(world, path)
        await stand.open()
        await story(stand)
        stand.ipfs.close()

    in_world(path, run)
