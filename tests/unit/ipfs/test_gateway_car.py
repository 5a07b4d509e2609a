"""The trustless gateway: every parameter of a CAR, ranges of raw blocks, sharded folders, the probe."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.content.car import read
from cinepeer.content.cidv0 import text_of
from cinepeer.content.unixfs import CHUNK_BYTES, directory, import_file, walk
from cinepeer.faces.http.gateway import gateway
from cinepeer.records.cid import DAG_CBOR, DAG_PB, RAW, Cid
from cinepeer.records.dagcbor import encode
from unit.content.test_hamt import sharded

CHUNKS = [bytes((number,)) * CHUNK_BYTES for number in range(3)] + [b"end"]
SIZE = 3 * CHUNK_BYTES + 3
SAME = b"\7" * CHUNK_BYTES


class Site:
    """A folder with a film of four leaves, a file of two equal ones, a sharded folder, and a map beside."""

    def __init__(self, path: Path) -> None:
        self.blocks = BlockStore(path / "blocks")
        ipfs = EmbeddedIpfs(self.blocks, path / "pins.db")
        held: dict[Cid, bytes] = {}
        film = import_file([b"".join(CHUNKS)], held.__setitem__)
        same = import_file([SAME * 2], held.__setitem__)
        root = directory([("film.m4s", film), ("same", same)], held.__setitem__)
        self.film, self.same, self.root = film.cid, same.cid, root.cid
        self.names = [f"file {number}" for number in range(300)]
        self.shards = sharded(self.names, held)
        self.map = Cid.of(encode({"film": self.film}), DAG_CBOR)
        held[self.map] = encode({"film": self.film})
        for cid, block in held.items():
            self.blocks.put(cid, block)
        self.leaves = [Cid.of(chunk, RAW) for chunk in CHUNKS]
        self._app = FastAPI()
        self._app.include_router(gateway(ipfs, lambda _: False, trustless=True))

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, f"/ipfs/{path}", headers=named)

        return asyncio.run(ask())

    def blocks_of(self, path: str, **headers: str) -> list[Cid]:
        answer = self.get(path, **headers)
        assert answer.status_code == 200, answer.text
        return [cid for cid, _, _ in read(answer.content)[1]]


def disposition(name: str) -> str:
    return f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


@pytest.mark.parametrize(
    ("span", "leaves"),
    [
        ("0:*", [0, 1, 2, 3]),
        ("0:0", [0]),
        (f"0:{CHUNK_BYTES - 1}", [0]),
        (f"0:{CHUNK_BYTES}", [0, 1]),
        (f"{CHUNK_BYTES}:{2 * CHUNK_BYTES - 1}", [1]),
        (f"{CHUNK_BYTES}:*", [1, 2, 3]),
        ("-3:*", [3]),
        ("-4:*", [2, 3]),
        ("-4:-4", [2]),
        (f"-{SIZE}:0", [0]),
        (f"-{9 * SIZE}:*", [0, 1, 2, 3]),
        (f"0:-{CHUNK_BYTES + 4}", [0, 1]),
        (f"0:{9 * SIZE}", [0, 1, 2, 3]),
        (f"{SIZE}:*", []),
        ("5:-999999999", []),
    ],
)
def test_a_range_of_a_file_has_its_own_blocks_alone(site: Site, span: str, leaves: Sequence[int]) -> None:
    for scope in ("", "&dag-scope=entity"):
        found = site.blocks_of(f"{site.root}/film.m4s?format=car&entity-bytes={span}{scope}")
        assert found == [site.root, site.film, *(site.leaves[number] for number in leaves)]


def test_a_range_means_nothing_for_a_folder_a_block_and_all(site: Site) -> None:
    assert site.blocks_of(f"{site.root}?format=car&entity-bytes=0:1") == [site.root]
    assert site.blocks_of(f"{site.film}?format=car&dag-scope=block&entity-bytes=0:1") == [site.film]
    whole = [site.film, *site.leaves]
    assert site.blocks_of(f"{site.film}?format=car&dag-scope=all&entity-bytes=0:1") == whole


def test_a_scope_is_a_block_an_entity_or_all(site: Site) -> None:
    folder = {cid for cid, _ in walk(site.root, site.blocks.get)}
    assert site.blocks_of(f"{site.root}?format=car&dag-scope=entity") == [site.root]
    assert set(site.blocks_of(f"{site.root}?format=car")) == folder
    assert site.blocks_of(f"{site.film}?format=car&dag-scope=entity") == [site.film, *site.leaves]
    assert site.blocks_of(f"{site.map}?format=car&dag-scope=entity") == [site.map]
    assert site.blocks_of(f"{site.map}?format=car") == [site.map, site.film, *site.leaves]
    assert site.blocks_of(f"{site.leaves[0]}?format=car&dag-scope=entity") == [site.leaves[0]]


def test_a_sharded_folder_as_an_entity_is_its_shards(site: Site) -> None:
    entity = site.blocks_of(f"{site.shards}?format=car&dag-scope=entity")
    assert entity[0] == site.shards and len(entity) > 1 and all(cid.codec == DAG_PB for cid in entity)
    assert len(site.blocks_of(f"{site.shards}?format=car")) == len(entity) + len(site.names)
    way = site.blocks_of(f"{site.shards}/{site.names[7]}?format=car")
    assert way[0] == site.shards and way[-1] == Cid.of(site.names[7].encode(), RAW)
    assert set(way[:-1]) <= set(entity)


def test_repeats_are_told_when_they_are_wanted(site: Site) -> None:
    leaf = Cid.of(SAME, RAW)
    assert site.blocks_of(f"{site.same}?format=car") == [site.same, leaf]
    assert site.blocks_of(f"{site.same}?format=car&car-dups=y") == [site.same, leaf, leaf]
    accept = "text/html, application/vnd.ipld.car; version=1; order=dfs; dups=y"
    assert site.blocks_of(str(site.same), Accept=accept) == [site.same, leaf, leaf]
    assert site.blocks_of(f"{site.same}?car-dups=n", Accept=accept) == [site.same, leaf]
    assert site.blocks_of(f"{site.same}?format=car&entity-bytes=0:*&car-dups=y") == [site.same, leaf, leaf]


@pytest.mark.parametrize(
    ("query", "granted"),
    [
        ("", "order=dfs; dups=n"),
        ("&car-order=dfs&car-dups=y", "order=dfs; dups=y"),
        ("&car-order=unk&car-dups=n&car-version=1", "order=unk; dups=n"),
    ],
)
def test_the_type_says_what_was_granted(site: Site, query: str, granted: str) -> None:
    answer = site.get(f"{site.root}/film.m4s?format=car{query}")
    assert answer.headers["content-type"] == f"application/vnd.ipld.car; version=1; {granted}"
    assert answer.headers["accept-ranges"] == "none"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == disposition(f"{site.root}_film.m4s.car")
    assert answer.headers["x-ipfs-path"] == f"/ipfs/{site.root}/film.m4s"
    assert answer.headers["x-ipfs-roots"] == f"{site.root},{site.film}"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["etag"].startswith('W/"')


def test_another_car_of_a_path_has_another_tag(site: Site) -> None:
    queries = ("", "&car-dups=y", "&car-order=unk", "&dag-scope=block", "&dag-scope=entity", "&entity-bytes=0:1")
    tags = [site.get(f"{site.film}?format=car{query}", "HEAD").headers["etag"] for query in queries]
    assert len(set(tags)) == len(queries)
    assert site.get(f"{site.film}?format=car", If_None_Match=tags[0]).status_code == 304
    assert site.get(f"{site.film}?format=car", If_None_Match=tags[1]).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        *("entity-bytes=", "entity-bytes=1", "entity-bytes=a:b", "entity-bytes=5:4", "entity-bytes=-4:-5"),
        *("entity-bytes=0:1:2", "entity-bytes=*:1", "car-version=2", "car-order=bfs", "car-dups=x", "dag-scope=x"),
    ],
)
def test_a_parameter_that_is_none_is_refused_in_words(site: Site, query: str) -> None:
    answer = site.get(f"{site.film}?format=car&{query}")
    assert answer.status_code == 400 and "expected" in answer.json()["detail"]


def test_the_format_of_the_query_comes_before_what_is_accepted(site: Site) -> None:
    answer = site.get(f"{site.film}?format=raw", Accept="application/vnd.ipld.car")
    assert answer.headers["content-type"] == "application/vnd.ipld.raw"
    assert "content-location" not in answer.headers
    accepted = site.get(str(site.film), Accept="application/vnd.ipld.raw")
    assert accepted.headers["content-location"] == f"/ipfs/{site.film}?format=raw"
    assert accepted.headers["vary"] == "Accept"
    assert site.get(str(site.film)).status_code == 406
    assert site.get(f"{site.film}?car-version=2", Accept="application/vnd.ipld.car;version=2").status_code == 400


def test_a_raw_block_is_given_in_parts_too(site: Site) -> None:
    leaf = site.leaves[3]
    part = site.get(f"{leaf}?format=raw", Range="bytes=1-1")
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"n", "bytes 1-1/3")
    assert site.get(f"{leaf}?format=raw", Range="bytes=3-").status_code == 416
    whole = site.get(f"{leaf}?format=raw")
    assert (whole.content, whole.headers["content-length"]) == (b"end", "3")
    assert whole.headers["content-disposition"] == disposition(f"{leaf}.bin")
    assert whole.headers["x-ipfs-roots"] == str(leaf)


def test_the_answer_is_kept_under_the_name_that_is_asked_for(site: Site) -> None:
    answer = site.get(f"{site.film}?format=car&filename=f\u00ef%22l%0am.car")
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"f__l_m.car\"; filename*=UTF-8''f%C3%AF%22l%0Am.car"
    )


def test_the_probe_of_a_trustless_gateway_is_answered(site: Site) -> None:
    for method in ("GET", "HEAD"):
        answer = site.get("bafkqaaa?format=raw", method)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == "application/vnd.ipld.raw"
    assert site.get("bafkqaab?format=raw").status_code == 400


def test_what_is_not_here_is_told_by_the_wish_of_the_reader(site: Site) -> None:
    far = Cid.of(b"far", RAW)
    assert site.get(f"{far}?format=raw").status_code == 404
    assert site.get(f"{far}?format=raw", Cache_Control="only-if-cached").status_code == 412
    assert site.get(f"{site.film}?format=raw", Cache_Control="only-if-cached").status_code == 200


def test_a_path_leads_through_a_map_or_list_to_what_is_linked_there(tmp_path: Path) -> None:
    site = Site(tmp_path)
    links = encode({"parts": [site.film, {"all": site.root}], "year": 2027})
    map_of = Cid.of(links, DAG_CBOR)
    site.blocks.put(map_of, links)
    assert site.blocks_of(f"{map_of}/parts/0?format=car&dag-scope=block") == [map_of, site.film]
    assert site.blocks_of(f"{map_of}/parts/1/all/film.m4s?format=car&dag-scope=block") == [map_of, site.root, site.film]
    for path in ("parts", "parts/2", "parts/x", "parts/²", "parts/1", "year", "year/0", "none"):
        assert site.get(f"{map_of}/{path}?format=car").status_code == 404, path


def test_whoever_asks_by_an_older_id_is_told_older_ids(site: Site) -> None:
    older = text_of(site.film, 0)
    answer = site.get(f"{older}?format=car")
    assert site.film not in answer.content and all(leaf in answer.content for leaf in site.leaves)
    roots, blocks = read(answer.content)
    assert (roots, [cid for cid, _, _ in blocks]) == ([site.film], [site.film, *site.leaves])
    assert answer.headers["etag"] != site.get(f"{site.film}?format=car").headers["etag"]


def test_a_block_within_its_id_is_in_no_car(site: Site) -> None:
    answer = site.get("bafkqaddjnzzxazldoqwxizltoq", accept="application/vnd.ipld.car; dups=y")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "application/vnd.ipld.car")
    assert answer.content[1:].startswith(b"\xa2\x65roots\x81\xd8\x2a\x51\x00\x01\x55\x00\x0cinspect-test")
    assert len(answer.content) == 1 + answer.content[0]
