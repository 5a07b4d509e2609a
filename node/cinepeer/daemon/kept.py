"""What a home keeps, opened: keys, records and what they come to, the blocks of films, and search over them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.keyring import Roots, open_roots
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.daemon.clock import clock_ms
from cinepeer.daemon.disk import Disk, open_disk

if TYPE_CHECKING:
    from cinepeer.adapters.store.records import RecordStore
    from cinepeer.app.identity import Author
    from cinepeer.app.library import Library
    from cinepeer.app.search import Search


@dataclass(frozen=True, slots=True)
class Kept:
    """Every part that works without a network or a ledger; `is_restored` after the home came back from its phrase."""

    home: Home
    settings: Mapping[str, Any]
    keys: Keystore
    roots: Roots
    is_restored: bool
    author: Author
    store: RecordStore
    library: Library
    disk: Disk
    search: Search

    @property
    def device(self) -> bytes:
        """The seed of the key that signs here."""
        return self.keys.secret("device")

    @property
    def account(self) -> bytes:
        """The secret of the ledger account."""
        return self.keys.secret("account")


async def open_kept(stack: AsyncExitStack, home: Home, settings: Mapping[str, Any], keys: Keystore) -> Kept:
    """Opens what lies in `home`; each part is closed when `stack` unwinds."""
    from cinepeer.adapters.search.index import FilmIndex
    from cinepeer.adapters.search.spoken import SpokenIndex
    from cinepeer.adapters.store.counted_file import CountedFile
    from cinepeer.adapters.store.records import RecordStore
    from cinepeer.app.captions import Captions
    from cinepeer.app.identity import open_author
    from cinepeer.app.library import Library
    from cinepeer.app.search import Search

    store = await RecordStore.open(home.records)
    stack.push_async_callback(store.close)
    roots, is_restored = open_roots(keys), bool(home.kept.get("restored"))
    author = await open_author(
        *(store, roots.first, roots.following, keys.secret("device"), clock_ms, os.urandom, roots.nonce, is_restored)
    )
    home.keep(author=str(author.id))
    library = Library(store, CountedFile(home.path / "counted"))
    await library.begin()
    stack.push_async_callback(library.keep)
    index, spoken = FilmIndex(home.index), SpokenIndex(home.spoken)
    stack.callback(index.close)
    stack.callback(spoken.close)
    disk = open_disk(stack, home, settings)
    search = Search(library, index, spoken, Captions(disk.ipfs))
    stack.push_async_callback(search.stop)
    return Kept(home, settings, keys, roots, is_restored, author, store, library, disk, search)
