"""Search follows the library: what came is found, what was taken back is not."""

from __future__ import annotations

from pathlib import Path

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.adapters.search.index import FilmIndex
from cinepeer.adapters.search.spoken import SpokenIndex
from cinepeer.app.captions import Captions
from cinepeer.app.search import Search
from cinepeer.records.cid import Cid
from unit.app.people import World, in_world
from unit.app.test_library import FILM, version_of

MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="words",NAME="English",LANGUAGE="en",URI="captions/00/index.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="words",NAME="broken",LANGUAGE="de",URI="captions/01/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1000,SUBTITLES="words"
240p/index.m3u8
"""
TRACK = """#EXTM3U
#EXTINF:60.000,
00000.vtt
#EXT-X-ENDLIST
"""
SAID = """WEBVTT

00:01.000 --> 00:02.000
Who keeps the <i>lighthouse</i>?

00:40.000 --> 00:42.000
Nobody, since the storm &amp; the war.
"""


class Place:
    """A node's search, with films that lie in `folder`."""

    def __init__(self, world: World, folder: Path) -> None:
        self.folder = folder
        self.ipfs = EmbeddedIpfs(BlockStore(folder / "blocks"), folder / "pins")
        self.index, self.spoken = FilmIndex(folder / "index.db"), SpokenIndex(folder / "spoken.db")
        self.search = self.begin(world)

    def begin(self, world: World) -> Search:
        self.search = Search(world.library, self.index, self.spoken, Captions(self.ipfs))
        return self.search

    async def package(self, said: str = SAID) -> Cid:
        """The root of a version's folder whose captions say so."""
        folder = self.folder / f"package {len(list(self.folder.iterdir()))}"
        for name, text in {
            "master.m3u8": MASTER,
            "captions/00/index.m3u8": TRACK,
            "captions/00/00000.vtt": said,
        }.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return await self.ipfs.add_folder(folder)

    async def close(self) -> None:
        await self.search.stop()
        self.index.close()
        self.spoken.close()


def test_a_film_is_found_once_it_came_and_not_after_it_was_taken_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        place = Place(world, tmp_path)
        search, index = place.search, place.index
        creator = await world.author("creator")
        assert (await search.find("tide", 5)).films == []
        film = await creator.sign("film", FILM)
        other = await creator.sign("film", FILM | {"name": "Another Tide"})
        await world.library.refresh()
        assert (await search.find("tide clock", 5)).films == [str(film.id)]
        await creator.sign("retraction", {"records": [film.id], "reason": "a slip"})
        await world.library.refresh()
        assert (await search.find("tide", 5)).films == [str(other.id)]
        # After a restart the index tidies up what nothing shows any more.
        again = place.begin(world)
        assert (await again.find("tide", 5)).films == [str(other.id)]
        assert index.films() == {str(other.id)}
        await place.close()

    in_world(tmp_path, story)


def test_a_film_is_found_by_what_is_said_in_it_once_it_is_held(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        place = Place(world, tmp_path)
        creator = await world.author("creator")
        film = await creator.sign("film", FILM)
        root = await place.package()
        await world.library.refresh()
        assert (await place.search.find("lighthouse", 5)).films == []
        version = await creator.sign("version", version_of(film.id) | {"root": root})
        named = await creator.sign("film", FILM | {"name": "Lighthouse"})
        await world.library.refresh()
        found = await place.search.find("lightho", 5)
        assert found.films == [str(named.id), str(film.id)]
        quote = found.said[str(film.id)]
        assert (quote.version, quote.language, quote.start_ms) == (str(version.id), "en", 1000)
        assert quote.text == "Who keeps the lighthouse?"
        assert (await place.search.find("storm war", 5)).said[str(film.id)].text == "Nobody, since the storm & the war."
        # Words that are said far from each other are not one thing said.
        assert (await place.search.find("lighthouse war", 5)).films == []
        await place.ipfs.unpin(root)
        assert (await place.search.find("storm", 5)).films == []
        assert place.spoken.versions() == set()
        await place.close()

    in_world(tmp_path, story)


def test_what_was_read_is_not_read_again_after_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        place = Place(world, tmp_path)
        creator = await world.author("creator")
        film = await creator.sign("film", FILM)
        await creator.sign("version", version_of(film.id) | {"root": await place.package()})
        await creator.sign("version", version_of(film.id) | {"root": await place.package("no captions at all")})
        await world.library.refresh()
        assert (await place.search.find("storm", 5)).films == [str(film.id)]
        assert len(place.spoken.versions()) == 2
        again = place.begin(world)
        assert list((await again.find("storm", 5)).said) == [str(film.id)]
        await place.close()

    in_world(tmp_path, story)


def test_filters_leave_out_films_and_alone_list_what_passes_by_name(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        place = Place(world, tmp_path)
        creator = await world.author("creator")
        old = await creator.sign("film", FILM | {"year": 1926})
        new = await creator.sign("film", FILM | {"name": "A Tide"})
        await world.library.refresh()
        find = place.search.find
        assert (await find("tide", 5, lambda film: film.fields["year"] > 2000)).films == [str(new.id)]
        assert (await find(" ", 5, lambda film: film.fields["year"] > 1900)).films == [str(new.id), str(old.id)]
        await place.close()

    in_world(tmp_path, story)
