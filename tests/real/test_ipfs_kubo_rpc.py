"""Ordinary IPFS tools work against a node: the unmodified client, and our backend over it and over Kubo."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import ipfshttpclient
import pytest

from cinepeer.adapters.ipfs.kubo import KuboIpfs
from cinepeer.adapters.system.home import open_home
from cinepeer.content.car import read, write
from cinepeer.content.cidv0 import parse_any, text_of
from cinepeer.content.unixfs import Profile, directory, import_file, links
from cinepeer.daemon.disk import open_disk
from cinepeer.errors import BadInput, LimitReached, Refused, Unreachable
from cinepeer.records.cid import DAG_PB, RAW, Cid
from real.rpc_rig import address, node
from unit.content.test_hamt import sharded
from unit.ipfs.backend_behaviour import FILM, Behaviour


class TestKuboIpfsOverOurRpc(Behaviour):
    """The common suite, over `ipfshttpclient` and our own RPC."""

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[KuboIpfs]:
        with node(folder) as (port, _):
            backend = KuboIpfs(address(port))
            yield backend
            backend.close()


@contextmanager
def own(folder: Path) -> Iterator[str]:
    """Our own RPC, where no Kubo is at hand."""
    with node(folder) as (port, _):
        yield address(port)


@contextmanager
def kubo(folder: Path) -> Iterator[str]:
    """A real Kubo: the one that `CINEPEER_KUBO_API` names, or one that is started offline in `folder`."""
    if os.environ.get("CINEPEER_KUBO_API"):
        yield os.environ["CINEPEER_KUBO_API"]
        return
    folder.mkdir(exist_ok=True)
    env = {**os.environ, "IPFS_PATH": str(folder), "IPFS_TELEMETRY": "off"}
    subprocess.run(["ipfs", "init", "--empty-repo", "--profile=test"], env=env, check=True, capture_output=True)
    for key, value in (("Addresses.API", "/ip4/127.0.0.1/tcp/0"), ("Addresses.Gateway", "/ip4/127.0.0.1/tcp/0")):
        subprocess.run(["ipfs", "config", key, value], env=env, check=True, capture_output=True)
    daemon = subprocess.Popen(["ipfs", "daemon", "--offline"], env=env, stdout=subprocess.DEVNULL)
    try:
        while not (folder / "api").exists():
            time.sleep(0.05)
        yield (folder / "api").read_text().strip() + "/http"
    finally:
        daemon.terminate()
        daemon.wait()


# Kubo is in no package registry, so this part of the suite is there only where the daemon is.
if os.environ.get("CINEPEER_KUBO_API") or shutil.which("ipfs"):

    class TestKuboIpfsOverKubo(Behaviour):
        """The common suite on a Kubo."""

        @asynccontextmanager
        async def opened(self, folder: Path) -> AsyncIterator[KuboIpfs]:
            with kubo(folder) as addr:
                backend = KuboIpfs(addr)
                yield backend
                backend.close()


def test_a_node_keeps_its_blocks_at_a_daemon_and_what_is_denied_is_neither_taken_nor_given(tmp_path: Path) -> None:
    settings: dict[str, object] = {"disk_cap": 2_000_000, "disks": ""}
    (tmp_path / "film").write_bytes(FILM)

    async def story(addr: str) -> None:
        async with AsyncExitStack() as stack:
            home = stack.enter_context(open_home(tmp_path / "home"))
            disk = open_disk(stack, home, {**settings, "kubo_api": addr})
            root = await disk.ipfs.add_file(tmp_path / "film")
            block = disk.blocks.get(root)
            assert block is not None and disk.blocks.has(root) and root in await disk.ipfs.pins()
            leaf = links(root, block)[0]
            disk.denied.deny(leaf, disk.blocks.get_denied)
            assert not disk.blocks.has(leaf) and disk.blocks.get(leaf) is None and disk.blocks.get_denied(leaf)
            for refused in (disk.ipfs.pin(root), anext(disk.ipfs.cat(root))):
                with pytest.raises(Refused, match="deny list"):
                    await refused
            with pytest.raises(Refused, match="deny list"):
                disk.blocks.put(leaf, b"")
            disk.blocks.cap_bytes = 10
            with pytest.raises(LimitReached, match="the IPFS daemon's repository"):
                await disk.ipfs.add_file(tmp_path / "film")
            with pytest.raises(BadInput, match="expected one of them"):
                open_disk(stack, home, {**settings, "kubo_api": addr, "disks": "/mnt/a=5"})
        with pytest.raises(Unreachable):
            open_disk(stack, home, {**settings, "kubo_api": address(1)})

    with kubo(tmp_path / "daemon") if shutil.which("ipfs") else own(tmp_path / "daemon") as addr:
        asyncio.run(story(addr))


def test_the_unmodified_client_accepts_our_version_and_adds_reads_and_pins(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM)
    old, new = Profile(version=0, raw_leaves=False), Profile()
    with node(tmp_path / "home") as (port, ipfs), ipfshttpclient.connect(address(port)) as client:
        assert client.version()["Version"] == "0.7.0"
        by_default = client.add(str(tmp_path / "film"))
        assert by_default["Hash"] == text_of(import_file([FILM], lambda _c, _b: None, old).cid, 0)
        assert by_default["Hash"].startswith("Qm") and by_default["Name"] == "film"
        pinned = client.add(str(tmp_path / "film"), cid_version=1, raw_leaves=True)
        expected = import_file([FILM], lambda _c, _b: None, new)
        assert (pinned["Hash"], pinned["Size"]) == (str(expected.cid), str(expected.tsize))
        for text in (by_default["Hash"], pinned["Hash"], f"/ipfs/{pinned['Hash']}"):
            assert client.cat(text) == FILM
            assert client.cat(text, offset=262_140, length=10) == FILM[262_140:262_150]
            assert client.cat(text, offset=10**7) == b""
        assert set(client.pin.ls()["Keys"]) == {str(parse_any(by_default["Hash"])), pinned["Hash"]}
        assert client.pin.rm(by_default["Hash"])["Pins"] == [by_default["Hash"]]
        with pytest.raises(ipfshttpclient.exceptions.ErrorResponse, match="not pinned"):
            client.pin.rm(by_default["Hash"])
        stat = client.repo.stat()
        assert stat["RepoSize"] == ipfs.blocks.stored_bytes() and stat["NumObjects"] == len(list(ipfs.blocks))
        gone = {line["Key"]["/"] for line in client.repo.gc()}
        assert str(parse_any(by_default["Hash"])) in gone and pinned["Hash"] not in gone
        with pytest.raises(ipfshttpclient.exceptions.ErrorResponse, match="could not find"):
            client.cat(by_default["Hash"])
        assert client.add_bytes(b"hello") == "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX"


def test_only_hashing_and_not_pinning_are_honoured(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM)
    with node(tmp_path / "home") as (port, ipfs), ipfshttpclient.connect(address(port)) as client:
        client.add(str(tmp_path / "film"), only_hash=True)
        assert list(ipfs.blocks) == []
        client.add(str(tmp_path / "film"), pin=False)
        assert client.pin.ls()["Keys"] == {} and len(list(ipfs.blocks)) == 4
        chunked = client.add(
            str(tmp_path / "film"), chunker="size-1000", cid_version=1, raw_leaves=True, only_hash=True
        )
        small = import_file([FILM], lambda _c, _b: None, Profile(chunk_bytes=1000))
        assert chunked["Hash"] == str(small.cid)


def test_a_folder_is_added_listed_and_exported(tmp_path: Path) -> None:
    source = tmp_path / "wersja ä"
    (source / "sub" / "deeper").mkdir(parents=True)
    (source / "a b.txt").write_bytes(b"A")
    (source / "sub" / "deeper" / "film").write_bytes(FILM)
    with node(tmp_path / "home") as (port, ipfs), ipfshttpclient.connect(address(port)) as client:
        added = {
            line["Name"]: line["Hash"]
            for line in client.add(str(source), recursive=True, cid_version=1, raw_leaves=True)
        }

        def ignore(_cid: Cid, _block: bytes) -> None:
            pass

        film, text = import_file([FILM], ignore), import_file([b"A"], ignore)
        sub = directory([("deeper", directory([("film", film)], ignore))], ignore)
        root = directory([("a b.txt", text), ("sub", sub)], ignore)
        assert added["wersja ä"] == str(root.cid) and added["wersja ä/sub"] == str(sub.cid)
        assert added["wersja ä/sub/deeper/film"] == str(film.cid)
        assert set(client.pin.ls()["Keys"]) == {str(root.cid)}
        (listed,) = client.ls(str(root.cid))["Objects"]
        assert {(link["Name"], link["Hash"], link["Type"], link["Size"]) for link in listed["Links"]} == {
            ("a b.txt", str(text.cid), 2, 1),
            ("sub", str(sub.cid), 1, 0),
        }
        assert client.cat(f"{root.cid}/sub/deeper/film") == FILM
        roots, blocks = read(client.dag.export(str(root.cid)))
        assert roots == [root.cid] and {cid for cid, _, _ in blocks} == set(ipfs.blocks)
        wrapped = client.add(str(source / "a b.txt"), wrap_with_directory=True, cid_version=1, raw_leaves=True)
        assert [line["Name"] for line in wrapped] == ["a b.txt", ""]
        assert client.cat(f"{wrapped[-1]['Hash']}/a b.txt") == b"A"
        two = client.add(str(source / "a b.txt"), str(source / "sub" / "deeper" / "film"))
        assert [line["Name"] for line in two] == ["a b.txt", "film"]


def test_blocks_are_put_and_got_under_any_of_the_three_codecs(tmp_path: Path) -> None:
    with node(tmp_path / "home") as (port, _), ipfshttpclient.connect(address(port)) as client:
        assert client.block.put(io.BytesIO(b"raw"))["Key"] == str(Cid.of(b"raw", RAW))
        put = client.block.put(io.BytesIO(b"\x0a\x02\x08\x01"), opts={"format": "v0"})
        assert put["Key"] == "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
        assert client.block.get(put["Key"]) == b"\x0a\x02\x08\x01"
        assert client.block.stat(str(Cid.of(b"\x0a\x02\x08\x01", DAG_PB)))["Size"] == 4
        with pytest.raises(ipfshttpclient.exceptions.ErrorResponse, match="expected raw, dag-pb or dag-cbor"):
            client.block.put(io.BytesIO(b"x"), opts={"cid-codec": "git-raw"})
        with pytest.raises(ipfshttpclient.exceptions.ErrorResponse, match="2097152"):
            client.block.put(io.BytesIO(bytes((2 << 20) + 1)))


def test_a_block_that_is_not_held_is_asked_of_connected_peers_unless_offline(tmp_path: Path) -> None:
    far: dict[Cid, bytes] = {}
    root = import_file([FILM], far.__setitem__).cid
    asked: list[Cid] = []

    async def fetch(cid: Cid) -> bytes | None:
        asked.append(cid)
        return far.get(cid)

    with node(tmp_path / "home", fetch=fetch) as (port, ipfs), ipfshttpclient.connect(address(port)) as client:
        with pytest.raises(ipfshttpclient.exceptions.ErrorResponse, match="could not find"):
            client.cat(str(root), offline=True)
        assert asked == []
        assert client.cat(str(root), offset=5, length=5) == FILM[5:10]
        assert len(asked) == 2  # the node and the one leaf
        assert client.pin.add(str(root))["Pins"] == [str(root)]
        assert set(ipfs.blocks) == set(far) and set(asked) == set(far) and len(asked) == len(far)
        with pytest.raises(ipfshttpclient.exceptions.ErrorResponse, match="could not find"):
            client.pin.add(str(Cid.of(b"nowhere", RAW)))


def test_a_peer_that_gives_other_bytes_is_not_believed(tmp_path: Path) -> None:
    async def fetch(_: Cid) -> bytes | None:
        return b"other"

    with node(tmp_path / "home", fetch=fetch) as (port, ipfs), ipfshttpclient.connect(address(port)) as client:
        with pytest.raises(ipfshttpclient.exceptions.ErrorResponse, match="other bytes"):
            client.block.get(str(Cid.of(b"wanted", RAW)))
        assert list(ipfs.blocks) == []


def test_peers_and_identity_are_shown_and_dialled(tmp_path: Path) -> None:
    @dataclass
    class Neighbour:
        peer_id: str
        addrs: list[str]

    async def connect(text: str) -> str:
        if "p2p" not in text:
            raise BadInput("found no peer id, expected one")
        return text.rpartition("/")[2]

    settings = {
        "connect": connect,
        "neighbours": lambda: [Neighbour("12D3Peer", ["/ip4/127.0.0.1/tcp/1"])],
        "identity": lambda: ("12D3Me", ["/ip4/127.0.0.1/tcp/2/p2p/12D3Me"]),
    }
    with node(tmp_path / "home", **settings) as (port, _), ipfshttpclient.connect(address(port)) as client:
        assert client.id()["ID"] == "12D3Me"
        assert client.swarm.peers()["Peers"] == [{"Addr": "/ip4/127.0.0.1/tcp/1", "Peer": "12D3Peer"}]
        assert client.swarm.connect("/ip4/127.0.0.1/tcp/9/p2p/12D3Far")["Strings"] == ["connect 12D3Far success"]
        with pytest.raises(ipfshttpclient.exceptions.ErrorResponse, match="no peer id"):
            client.swarm.connect("/ip4/127.0.0.1/tcp/9")


def test_a_full_store_is_told_to_the_client_and_nothing_stays(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(FILM * 4)
    with node(tmp_path / "home", cap_bytes=500_000) as (port, ipfs):
        with (
            ipfshttpclient.connect(address(port)) as client,
            pytest.raises(ipfshttpclient.exceptions.ErrorResponse, match="expected at most the cap"),
        ):
            client.add(str(tmp_path / "film"))
        assert list(ipfs.blocks) == [] and ipfs.blocks.stored_bytes() == 0


def test_a_daemon_that_is_away_or_no_address_is_said_in_words(tmp_path: Path) -> None:
    import asyncio

    with node(tmp_path / "home") as (port, _):
        pass
    with pytest.raises(Unreachable, match="no answer from the IPFS daemon"):
        asyncio.run(KuboIpfs(address(port), timeout_s=2).pins())
    for text in ("", "localhost:5001", "/ip4/127.0.0.1/udp/5001"):
        with pytest.raises(BadInput, match="expected the form"):
            KuboIpfs(text)


def test_a_car_is_imported_pinned_and_counted_and_one_that_lies_leaves_nothing(tmp_path: Path) -> None:
    held: dict[Cid, bytes] = {}
    root = directory([("film", import_file([FILM], held.__setitem__))], held.__setitem__).cid
    car = b"".join(write([root], held.items()))
    with node(tmp_path / "home") as (port, ipfs):

        def imported(data: bytes, query: str = "") -> httpx.Response:
            return httpx.post(
                f"http://127.0.0.1:{port}/api/v0/dag/import{query}", files={"path": ("film.car", data)}, timeout=20
            )

        lies = imported(car[:-1] + b"x")
        assert lies.status_code == 500 and "expected the block" in lies.json()["Message"]
        assert list(ipfs.blocks) == [] and asyncio.run(ipfs.pins()) == set()
        lines = [json.loads(line) for line in imported(car, "?stats=true").text.splitlines()]
        assert lines[0] == {"Root": {"Cid": {"/": str(root)}, "PinErrorMsg": ""}}
        assert lines[1]["Stats"] == {"BlockCount": len(held), "BlockBytesCount": sum(map(len, held.values()))}
        assert set(ipfs.blocks) == set(held) and asyncio.run(ipfs.pins()) == {root}
        hole = b"".join(write([Cid.of(b"far", RAW)], [(Cid.of(b"near", RAW), b"near")]))
        (told,) = [json.loads(line) for line in imported(hole).text.splitlines()]
        assert "found no block" in told["Root"]["PinErrorMsg"]
        assert imported(hole, "?pin-roots=false").text == ""


def test_a_sharded_folder_is_listed_and_read(tmp_path: Path) -> None:
    held: dict[Cid, bytes] = {}
    names = [f"file {number}" for number in range(300)]
    root = sharded(names, held)
    with node(tmp_path / "home") as (port, ipfs), ipfshttpclient.connect(address(port)) as client:
        for cid, block in held.items():
            ipfs.blocks.put(cid, block)
        (listed,) = client.ls(str(root))["Objects"]
        assert [link["Name"] for link in listed["Links"]] == sorted(names)
        assert client.cat(f"{root}/file 17") == b"file 17"
