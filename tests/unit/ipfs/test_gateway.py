"""The gateway gives bytes by their ids: raw, as CAR, as files and parts of files; never a page that runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
from cinepeer.content.car import read
from cinepeer.content.cidv0 import text_of
from cinepeer.content.unixfs import directory, import_file, resolve, walk
from cinepeer.faces.http.gateway import gateway
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.records.dagcbor import encode

FILM = bytes(range(253)) * 3000


class Site:
    """A gateway over one folder."""

    def __init__(self, path: Path) -> None:
        self.denied: set[Cid] = set()
        self.blocks = BlockStore(path / "blocks", denied=self.denied.__contains__)
        ipfs = EmbeddedIpfs(self.blocks, path / "pins.db")
        names = ["film.m4s", "master.m3u8", "page.html", "poster.JPG", "none"]
        film = import_file([FILM], self.blocks.put)
        text = import_file([b"<script>"], self.blocks.put)
        inner = directory([(name, film if name == "film.m4s" else text) for name in names], self.blocks.put)
        self.root = directory([("720 p", inner)], self.blocks.put).cid
        self.film = film.cid
        self._app = FastAPI()
        self.elsewhere: dict[tuple[Cid, Cid], bytes] = {}
        self._app.include_router(gateway(ipfs, self.denied.__contains__, fetch=self._fetch))

    async def _fetch(self, root: Cid, cid: Cid) -> bytes | None:
        return self.elsewhere.get((root, cid))

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(self._app), base_url="http://localhost"
            ) as client:
                return await client.request(method, f"/ipfs/{path}", headers=named)

        return asyncio.run(ask())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_file_is_given_whole_and_may_be_kept_for_ever(site: Site) -> None:
    for path in (f"{site.root}/720 p/film.m4s", f"{site.root}/720%20p/film.m4s"):
        answer = site.get(path)
        assert (answer.status_code, answer.content) == (200, FILM)
        assert answer.headers["content-type"] == "video/iso.segment"
        assert answer.headers["content-length"] == str(len(FILM))
        assert answer.headers["etag"] == f'"{site.film}"'
        assert "immutable" in answer.headers["cache-control"]
    assert site.get(str(site.film)).content == FILM
    assert site.get(text_of(site.film, 0)).content == FILM


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-", 5, len(FILM)),
        ("bytes=262143-262144", 262_143, 262_145),
        ("bytes=-7", len(FILM) - 7, len(FILM)),
        ("bytes=0-999999999", 0, len(FILM)),
        ("bytes=-999999999", 0, len(FILM)),
    ],
)
def test_a_range_of_bytes_is_given(site: Site, asked: str, start: int, stop: int) -> None:
    answer = site.get(str(site.film), Range=asked)
    assert (answer.status_code, answer.content) == (206, FILM[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(FILM)}"


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=-0", "bytes=5-4"])
def test_a_range_outside_is_refused(site: Site, asked: str) -> None:
    answer = site.get(str(site.film), Range=asked)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=-", "lines=0-1", "bytes=a-b"])
def test_what_is_no_single_range_gives_the_whole(site: Site, asked: str) -> None:
    answer = site.get(str(site.film), Range=asked)
    assert (answer.status_code, answer.content) == (200, FILM)


def test_a_range_of_another_version_gives_the_whole(site: Site) -> None:
    assert site.get(str(site.film), Range="bytes=0-1", If_Range='"other"').status_code == 200
    assert site.get(str(site.film), Range="bytes=0-1", If_Range=f'"{site.film}"').status_code == 206


def test_what_the_client_holds_is_not_sent_again(site: Site) -> None:
    for query, tag in (("", f'"{site.film}"'), ("?format=raw", f'"{site.film}.raw"'), ("?format=car", "*")):
        answer = site.get(f"{site.film}{query}", If_None_Match=tag)
        assert (answer.status_code, answer.content) == (304, b"")


def test_a_head_says_all_but_the_bytes(site: Site) -> None:
    for query in ("", "?format=raw", "?format=car"):
        told = site.get(f"{site.film}{query}", "HEAD")
        given = site.get(f"{site.film}{query}")
        assert (told.status_code, told.content) == (200, b"")
        assert told.headers["content-type"] == given.headers["content-type"]
        assert told.headers["etag"] == given.headers["etag"]


def test_a_raw_block_is_given_by_parameter_or_by_what_is_accepted(site: Site) -> None:
    block = site.blocks.get(site.root)
    for answer in (site.get(f"{site.root}?format=raw"), site.get(str(site.root), Accept="application/vnd.ipld.raw")):
        assert (answer.status_code, answer.content) == (200, block)
        assert answer.headers["content-type"] == "application/vnd.ipld.raw"


def test_a_car_holds_the_blocks_on_the_way_and_all_below(site: Site) -> None:
    path = f"{site.root}/720 p/film.m4s"
    for answer in (site.get(f"{path}?format=car"), site.get(path, Accept="application/vnd.ipld.car; version=1")):
        roots, blocks = read(answer.content)
        inner = resolve(site.root, "720 p", site.blocks.get)
        expected = [site.root, inner, *(cid for cid, _ in walk(site.film, site.blocks.get))]
        assert roots == [site.film] and [cid for cid, _, _ in blocks] == expected
    whole = read(site.get(f"{site.root}?format=car").content)[1]
    assert {cid for cid, _, _ in whole} == set(site.blocks)
    for scope, count in (("block", 1), ("entity", 1), ("all", len(list(site.blocks)))):
        assert len(list(read(site.get(f"{site.root}?format=car&dag-scope={scope}").content)[1])) == count


def test_a_folder_is_listed(site: Site) -> None:
    (entry,) = site.get(str(site.root)).json()["entries"]
    assert entry["name"] == "720 p"


@pytest.mark.parametrize("name", ["page.html", "none"])
def test_nothing_that_a_browser_would_run_is_served_as_such(site: Site, name: str) -> None:
    answer = site.get(f"{site.root}/720 p/{name}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert site.get(f"{site.root}/720 p/poster.JPG").headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("nothing", 400, "expected a CIDv1"),
        ("{root}?format=tar", 400, "expected raw or car"),
        ("{root}?format=car&dag-scope=some", 400, "expected block, entity or all"),
        ("{root}/720 p/other", 404, "found no 'other'"),
        ("{root}/720 p/film.m4s/x", 404, "to be a file"),
        ("{far}", 404, "found no block"),
        ("{far}?format=raw", 404, "found no block"),
        ("{cbor}", 406, "no file and no folder"),
        ("{root}/..%2f..%2fx", 400, "plain names"),
    ],
)
def test_what_cannot_be_given_is_said_in_words(site: Site, path: str, status: int, words: str) -> None:
    cbor = encode({"a": 1})
    site.blocks.put(Cid.of(cbor, DAG_CBOR), cbor)
    answer = site.get(path.format(root=site.root, far=Cid.of(b"far", RAW), cbor=Cid.of(cbor, DAG_CBOR)))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"] and answer.headers["cache-control"] == "no-store"


def test_a_denied_block_is_gone_under_every_path(site: Site) -> None:
    site.denied.add(site.film)
    for path in (str(site.film), f"{site.film}?format=raw", f"{site.root}/720 p/film.m4s"):
        assert site.get(path).status_code == 410
    assert site.get(str(site.root)).status_code == 200


def test_a_hole_at_the_start_of_a_range_is_said_and_one_behind_it_does_not_matter(site: Site) -> None:
    site.blocks.delete(Cid.of(FILM[:262_144], RAW))
    assert site.get(str(site.film), Range="bytes=0-1").status_code == 404
    assert site.get(str(site.film), Range="bytes=300000-300001").content == FILM[300_000:300_002]


def test_a_hole_in_the_middle_breaks_the_answer_off(site: Site) -> None:
    site.blocks.delete(Cid.of(FILM[262_144 : 2 * 262_144], RAW))
    for path in (str(site.film), f"{site.root}?format=car"):
        with pytest.raises(Exception, match="found no block"):
            site.get(path)


def test_a_block_that_is_not_held_comes_from_the_hosts_of_the_version_named(site: Site) -> None:
    block = b"held by another node"
    cid = Cid.of(block, RAW)
    site.elsewhere[site.root, cid] = block
    assert site.get(f"{cid}?format=raw").status_code == 404
    assert site.get(f"{cid}?format=raw&of={site.film}").status_code == 404
    answer = site.get(f"{cid}?format=raw&of={site.root}")
    assert (answer.status_code, answer.content) == (200, block)
    assert not site.blocks.has(cid)


@pytest.mark.parametrize("site_of_page", ["cross-site", "same-site"])
def test_another_site_has_nothing_fetched(site: Site, site_of_page: str) -> None:
    cid = Cid.of(b"held by another node", RAW)
    site.elsewhere[site.root, cid] = b"held by another node"
    path = f"{cid}?format=raw&of={site.root}"
    assert site.get(path, Sec_Fetch_Site=site_of_page).status_code == 404
    assert site.get(path, Sec_Fetch_Site="same-origin").status_code == 200


def test_a_denied_block_is_not_fetched(site: Site) -> None:
    cid = Cid.of(b"held by another node", RAW)
    site.elsewhere[site.root, cid] = b"held by another node"
    site.denied.add(cid)
    assert site.get(f"{cid}?format=raw&of={site.root}").status_code == 410


def test_a_root_that_is_no_cid_is_refused(site: Site) -> None:
    cid = Cid.of(b"held by another node", RAW)
    assert site.get(f"{cid}?format=raw&of=film").status_code == 400
