"""What every IPFS backend does, whichever it is: imported by the tests of each of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from cinepeer.content.unixfs import CHUNK_BYTES, cat, import_file, links, resolve, walk
from cinepeer.errors import BadInput, Refused
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.records.dagcbor import encode

Opened = Callable[[Path], AbstractAsyncContextManager[IpfsBackend]]

# Different in each run, so that a daemon which others use does not hold it already.
SALT = os.urandom(16)
FILM = SALT + bytes(range(251)) * 3000  # more than two chunks


class Behaviour:
    """The suite; a subclass says how a backend is opened in a folder."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[IpfsBackend]:
        raise NotImplementedError

    def run(self, folder: Path, test: Callable[[IpfsBackend], Awaitable[None]]) -> None:
        async def main() -> None:
            async with self.opened(folder) as backend:
                await test(backend)

        asyncio.run(main())

    def folder(self, tmp_path: Path) -> Path:
        made = tmp_path / "version"
        (made / "720").mkdir(parents=True)
        (made / "empty").mkdir()
        (made / "master.m3u8").write_bytes(b"#EXTM3U\n" + SALT)
        (made / "720" / "00000.m4s").write_bytes(FILM)
        (made / "720" / ".hidden").write_bytes(SALT[:4])
        return made

    def test_a_file_gets_the_id_of_the_pinned_profile_and_is_pinned(self, tmp_path: Path) -> None:
        file = tmp_path / "film"
        file.write_bytes(FILM)
        expected = import_file([FILM], lambda _cid, _block: None).cid

        async def test(backend: IpfsBackend) -> None:
            assert await backend.add_file(file) == expected
            assert expected in await backend.pins()
            assert await backend.stored_bytes() >= len(FILM)

        self.run(tmp_path / "home", test)

    def test_a_folder_comes_back_whole_by_its_blocks(self, tmp_path: Path) -> None:
        source = self.folder(tmp_path)

        async def test(backend: IpfsBackend) -> None:
            root = await backend.add_folder(source)
            held: dict[Cid, bytes] = {}
            waiting = [root]
            while waiting:
                cid = waiting.pop()
                block = await backend.get_block(cid)
                assert block is not None
                held[cid] = block
                waiting += [child for child in links(cid, block) if child not in held]
            assert dict(walk(root, held.get)) == held
            for name in ("master.m3u8", "720/00000.m4s", "720/.hidden"):
                found = b"".join(cat(resolve(root, name, held.get), held.get))
                assert found == (source / name).read_bytes()
            resolve(root, "empty", held.get)
            assert await backend.has(held) == set(held)

        self.run(tmp_path / "home", test)

    @pytest.mark.parametrize(
        ("offset", "length"),
        [(0, None), (0, 1), (5, 0), (CHUNK_BYTES - 1, 2), (CHUNK_BYTES, CHUNK_BYTES), (700_000, None), (10**7, 5)],
    )
    def test_a_range_of_a_file_is_read(self, tmp_path: Path, offset: int, length: int | None) -> None:
        file = tmp_path / "film"
        file.write_bytes(FILM)

        async def test(backend: IpfsBackend) -> None:
            cid = await backend.add_file(file)
            read = b"".join([piece async for piece in backend.cat(cid, offset, length)])
            assert read == FILM[offset:][:length]

        self.run(tmp_path / "home", test)

    def test_a_folder_is_no_file_and_a_range_below_zero_none(self, tmp_path: Path) -> None:
        source = self.folder(tmp_path)

        async def test(backend: IpfsBackend) -> None:
            root = await backend.add_folder(source)
            with pytest.raises(Refused) as refused:
                [piece async for piece in backend.cat(root)]
            assert refused.value.reason == "not-a-file"
            with pytest.raises(BadInput):
                [piece async for piece in backend.cat(root, -1)]

        self.run(tmp_path / "home", test)

    def test_a_block_is_put_under_its_own_id_alone(self, tmp_path: Path) -> None:
        cbor = encode({"salt": SALT})
        blocks = {Cid.of(SALT, RAW): SALT, Cid.of(cbor, DAG_CBOR): cbor}

        async def test(backend: IpfsBackend) -> None:
            assert await backend.has(blocks) == set()
            for cid, block in blocks.items():
                await backend.put_block(cid, block)
                assert await backend.get_block(cid) == block
                with pytest.raises(Refused) as refused:
                    await backend.put_block(cid, block + b"x")
                assert refused.value.reason == "wrong-block"
            assert await backend.has(blocks) == set(blocks)

        self.run(tmp_path / "home", test)

    def test_what_is_not_held_is_said_at_once(self, tmp_path: Path) -> None:
        nowhere = Cid.of(SALT + b"nowhere", RAW)

        async def test(backend: IpfsBackend) -> None:
            assert await backend.get_block(nowhere) is None
            assert await backend.has([nowhere]) == set()
            with pytest.raises(Refused) as refused:
                [piece async for piece in backend.cat(nowhere)]
            assert refused.value.reason == "missing-block"
            with pytest.raises(Refused) as refused:
                await backend.pin(nowhere)
            assert refused.value.reason == "missing-block"
            await backend.unpin(nowhere)

        self.run(tmp_path / "home", test)

    def test_a_pin_needs_every_block_and_an_unpinned_dag_goes_with_the_collection(self, tmp_path: Path) -> None:
        held: dict[Cid, bytes] = {}
        root = import_file([b"pin" + FILM], held.__setitem__).cid
        *first, last = held

        async def test(backend: IpfsBackend) -> None:
            for cid in [*first[:-1], last]:
                await backend.put_block(cid, held[cid])
            with pytest.raises(Refused) as refused:
                await backend.pin(root)
            assert refused.value.reason == "missing-block"
            await backend.put_block(first[-1], held[first[-1]])
            await backend.pin(root)
            await backend.pin(root)
            assert root in await backend.pins()
            await backend.gc()  # type: ignore[attr-defined]
            assert await backend.has(held) == set(held)
            await backend.unpin(root)
            assert root not in await backend.pins()
            gone = {cid.digest for cid in await backend.gc()}  # type: ignore[attr-defined]
            assert gone >= {cid.digest for cid in held}
            assert await backend.has(held) == set()

        self.run(tmp_path / "home", test)

    def test_a_path_that_is_no_file_or_folder_or_holds_a_link_is_bad_input(self, tmp_path: Path) -> None:
        source = self.folder(tmp_path)
        (source / "link").symlink_to("/etc/passwd")

        async def test(backend: IpfsBackend) -> None:
            with pytest.raises(BadInput, match="expected one"):
                await backend.add_file(tmp_path / "nothing")
            with pytest.raises(BadInput, match="expected one"):
                await backend.add_folder(source / "master.m3u8")
            with pytest.raises(BadInput, match="link"):
                await backend.add_folder(source)

        self.run(tmp_path / "home", test)
