"""A host takes scarce films first, makes room by what many hold, and believes who proves it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.app.catalogue import Version
from cinepeer.app.challenge import PROVEN_MS, Challenges
from cinepeer.app.choice import Choice
from cinepeer.app.deny import DenyList
from cinepeer.app.host import UNCHOSEN, Hosting
from cinepeer.app.identity import Author
from cinepeer.app.scarcity import Copy, leave_first, make_room
from cinepeer.content.unixfs import import_file, walk
from cinepeer.errors import BadInput, Unreachable
from cinepeer.records.cid import RAW, Cid
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


def test_the_scarcest_films_are_taken_when_not_all_fit(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        author = stand.hosts[4]
        films = [(await stand.film(f"film {number}", author))[1] for number in range(5)]
        await stand.say(films[:2], stand.hosts[:3])
        await stand.hosting.pursue()
        assert await stand.held() >= {film.id for film in films[2:]}
        assert len(await stand.held()) == 3
        assert all("left under the disk cap" in why for why in stand.hosting.declined.values())

    on_a_stand(tmp_path, story)


def test_a_film_that_many_hold_leaves_for_a_scarce_one_unless_it_is_kept(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        author = stand.hosts[4]
        films = [await stand.film(f"film {number}", author) for number in range(3)]
        await stand.hosting.pursue()
        await stand.say([version for _, version in films[:2]], stand.hosts[:3])
        stand.hosting.keep(films[0][0], is_kept=True)
        assert stand.lines == [films[0][0]]
        _, scarce = await stand.film("scarce", author)
        await stand.hosting.pursue()
        assert await stand.held() == {films[0][1].id, films[2][1].id, scarce.id}
        _, another = await stand.film("another", author)
        await stand.hosting.pursue()
        assert another.id in stand.hosting.declined and await stand.held() >= {scarce.id}
        stand.hosting.keep(films[0][0], is_kept=False)
        await stand.hosting.pursue()
        assert await stand.held() == {films[2][1].id, scarce.id, another.id}

    on_a_stand(tmp_path, story)


def test_only_a_known_film_is_kept(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        with pytest.raises(BadInput, match="found no film 'x'"):
            stand.hosting.keep("x", is_kept=True)

    on_a_stand(tmp_path, story)


@pytest.mark.parametrize("is_whole", [True, False], ids=["the film", "one version"])
def test_what_a_creator_takes_back_leaves_at_the_next_look_unless_it_is_kept(tmp_path: Path, is_whole: bool) -> None:
    async def story(stand: Stand) -> None:
        author = stand.hosts[4]
        (gone_id, gone), (kept_id, kept) = [await stand.film(name, author) for name in ("gone", "kept")]
        await stand.hosting.pursue()
        stand.hosting.keep(kept_id, is_kept=True)
        back = [Cid.parse(gone_id), Cid.parse(kept_id)] if is_whole else [gone.id, kept.id]
        await author.sign("retraction", {"records": back, "reason": "a new cut comes"})
        await stand.world.library.refresh()
        assert {one.name: one.why for one in await stand.hosting.explain()} == {
            "gone": "taken back by its creator: it leaves at the next look",
            "kept": "taken back by its creator: kept by the owner of this node",
        }
        await stand.hosting.pursue()
        assert await stand.ipfs.pins() == {kept.root}
        assert await stand.ipfs.get_block(gone.root) is None
        assert [one.copy.version for one in await stand.hosting.explain()] == [kept.id]
        assert await stand.held() == set()  # no host record names it any more
        stand.hosting.keep(kept_id, is_kept=False)
        await stand.hosting.pursue()
        assert await stand.ipfs.pins() == set()

    on_a_stand(tmp_path, story)


def test_taking_back_what_somebody_else_published_too_takes_nothing_from_them(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, theirs = await stand.film("film", stand.hosts[4])
        _, copied = await stand.film("film", stand.hosts[3])
        await stand.hosting.pursue()
        assert theirs.root == copied.root
        await stand.hosts[3].sign("retraction", {"records": [copied.id], "reason": ""})
        # Nor does it count who is not the author of the records.
        await stand.hosts[2].sign("retraction", {"records": [theirs.id], "reason": ""})
        await stand.world.library.refresh()
        await stand.hosting.pursue()
        assert await stand.held() == {theirs.id}

    on_a_stand(tmp_path, story)


@pytest.mark.parametrize("word", ["all", "followed", "taste"])
def test_what_the_owner_follows_or_likes_comes_first_or_alone(tmp_path: Path, word: str) -> None:
    async def story(stand: Stand) -> None:
        names = ["followed", "listed", "liked", "else", "scarce"]
        made = {name: await stand.film(name, stand.hosts[0 if name == "followed" else 4]) for name in names}
        films = {name: version for name, (_, version) in made.items()}
        await stand.say([films[name] for name in names[:4]], stand.hosts[1:3])
        await stand.hosts[0].sign("profile", {"name": "Ada"})
        await stand.me.sign("follow", {"on": stand.hosts[0].id, "follows": True})
        said = {"list": None, "name": "Nights", "about": "", "language": "", "films": [made["listed"][0]]}
        listed = await stand.hosts[3].sign("collection", said)
        await stand.me.sign("follow", {"on": listed.id, "follows": True})
        await stand.world.library.refresh()

        async def best() -> list[str]:
            return [made["liked"][0], "imdb:tt0111161"]

        stand.hosting.choice = Choice(word, stand.world.library, stand.me.id, best)
        await stand.hosting.pursue()
        held = {name for name in names if films[name].id in await stand.held()}
        assert (
            held
            == {
                "all": {"followed", "listed", "scarce"},
                "followed": {"followed", "listed"},
                "taste": {"followed", "listed", "liked"},
            }[word]
        )
        why = {one.name: one.why for one in await stand.hosting.explain()}
        assert (why["followed"], why["listed"]) == ("you follow Ada", "it is in the list Nights")
        assert (UNCHOSEN in why["else"]) == (word != "all")
        if word == "followed":
            stand.hosting.keep(made["else"][0], is_kept=True)
            await stand.hosting.pursue()
            assert films["else"].id in await stand.held()

    on_a_stand(tmp_path, story)


def test_a_chosen_film_may_take_the_place_of_one_that_is_not_and_never_the_other_way() -> None:
    cid = Cid.of(b"film", RAW)
    plain = Copy(cid, cid, 100, 5, True, False, False, proven=3)
    chosen = Copy(cid, cid, 100, 5, False, False, False, chosen="you follow Ada")
    assert make_room([plain], chosen, 50) == [plain]
    held = Copy(cid, cid, 100, 5, True, False, False, proven=3, chosen="you follow Ada")
    wanted = Copy(cid, cid, 100, 5, False, False, False)
    assert make_room([held], wanted, 50) is None and make_room([held], chosen, 50) is None
    assert leave_first([held, plain]) == [plain, held]


def test_another_word_for_what_is_hosted_is_refused() -> None:
    async def best() -> list[str]:
        return []

    with pytest.raises(BadInput, match="expected one of all, followed, taste"):
        Choice("some", None, Cid(), best)  # type: ignore[arg-type]


def test_every_film_is_explained(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, far = await stand.film("far", stand.hosts[4])
        stand.away.add(far.root)
        _, common = await stand.film("common", stand.hosts[4])
        _, own = await stand.film("own", stand.me)
        await stand.say([common, own], stand.hosts[:3])
        await stand.hosting.pursue()
        told = {one.name: one for one in await stand.hosting.explain()}
        assert told["far"].why == "found nobody, expected a provider" and told["far"].leaves is None
        assert told["common"].why == "3 others hold it, 0 of them proved it" and told["common"].leaves == 1
        assert told["own"].why == "published by this author" and told["own"].leaves is None
        assert told["own"].conclusion == "no other host proved to hold it whole (3 say so); stay on until 3 do"
        assert told["common"].conclusion is None
        assert [one.name for one in await stand.hosting.explain()] == ["common", "own", "far"]
        await stand.hold(own.root)
        assert await stand.challenges.prove(own) == 3
        told = {one.name: one for one in await stand.hosting.explain()}
        assert told["own"].conclusion == "3 hosts hold it whole; you may switch off"

    on_a_stand(tmp_path, story)


def test_a_host_that_gives_no_block_in_time_counts_no_more_until_it_does(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, film = await stand.film("film", stand.hosts[4])
        await stand.hosting.pursue()
        await stand.say([film], stand.hosts[:1])
        await stand.say([film], stand.hosts[1:2], "liar")
        assert stand.challenges.count(film) == 2
        (honest, _), (liar, _) = sorted(stand.challenges.others(film), key=lambda pair: "liar" in pair[0].addrs[0])
        good, bad = await stand.challenges.challenge(film, honest), await stand.challenges.challenge(film, liar)
        assert good is not None and good.held and (good.kept, good.failed) == (1, 0)
        assert bad is not None and not bad.held and (bad.kept, bad.failed) == (0, 1)
        assert stand.challenges.count(film) == 1
        assert await stand.challenges.look() is not None
        assert {cid for cid, _ in stand.asked} <= set(stand.far)

    on_a_stand(tmp_path, story)


def test_no_film_leaves_because_others_say_that_they_hold_it(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        author = stand.hosts[4]
        films = [await stand.film(f"film {number}", author) for number in range(3)]
        await stand.hosting.pursue()
        await stand.say([version for _, version in films], stand.hosts[:4], "liar")
        _, scarce = await stand.film("scarce", author)
        await stand.hosting.pursue()
        assert await stand.held() == {version.id for _, version in films}
        assert "left under the disk cap" in stand.hosting.declined[scarce.id]

    on_a_stand(tmp_path, story)


def test_one_peer_under_the_names_of_many_proves_once_and_not_for_ever(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, film = await stand.film("film", stand.hosts[4])
        await stand.hosting.pursue()
        await stand.say([film], stand.hosts[:4], "12D3KooWsame")
        assert stand.challenges.proven(film) == 0 and stand.challenges.count(film) == 4
        assert await stand.challenges.prove(film) == 1
        stand.world.pass_ms(PROVEN_MS)
        assert stand.challenges.proven(film) == 0

    on_a_stand(tmp_path, story)


def test_every_leaf_may_be_asked_for(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, film = await stand.film("films", stand.hosts[4])
        await stand.hosting.pursue()
        await stand.say([film], stand.hosts[:1])
        stand.chances = iter([0.0, 0.5, 0.999])
        ((host, _),) = stand.challenges.others(film)
        for _ in range(3):
            await stand.challenges.challenge(film, host)
        leaves = [cid for cid, _ in walk(film.root, stand.far.get)][1:]
        assert [cid for cid, _ in stand.asked] == leaves

    on_a_stand(tmp_path, story)


def test_nobody_is_asked_where_nothing_is_held_or_nobody_says_so(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        assert await stand.challenges.look() is None
        _, film = await stand.film("film", stand.hosts[4])
        await stand.say([film], stand.hosts[:1])
        ((host, _),) = stand.challenges.others(film)
        assert await stand.challenges.challenge(film, host) is None
        assert stand.asked == []

    on_a_stand(tmp_path, story)


def test_what_is_denied_while_a_film_comes_is_collected_after_it(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, first = await stand.film("first", stand.hosts[4])
        await stand.hosting.pursue()
        _, second = await stand.film("second", stand.hosts[4])
        begun, go_on = asyncio.Event(), asyncio.Event()
        fetch = stand.hosting._fetch

        async def slow(root: Cid, addrs: Sequence[str]) -> int:
            count = await fetch(root, addrs)
            begun.set()
            await go_on.wait()
            return count

        stand.hosting._fetch = slow
        pursuing = asyncio.create_task(stand.hosting.pursue())
        await begun.wait()
        await stand.hosting.drop(first.root)
        go_on.set()
        assert await pursuing == 1
        assert await stand.held() == {second.id} and not stand.ipfs.blocks.has(first.root)

    on_a_stand(tmp_path, story)


def test_a_film_that_the_ledger_speaks_against_is_not_taken_until_it_does_no_more(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        _, version = await stand.film("disputed", stand.hosts[4])
        said: list[str | None] = ["the title is suspended by a dispute, as of block 7"]

        async def consent(_: Version) -> str | None:
            return said[0]

        stand.hosting.consent = consent
        await stand.hosting.pursue()
        assert (await stand.held(), stand.hosting.declined) == (set(), {version.id: said[0]})
        said[0] = None
        await stand.hosting.pursue()
        assert (await stand.held(), stand.hosting.declined) == ({version.id}, {})

    on_a_stand(tmp_path, story)
