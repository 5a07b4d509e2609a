"""Cancun's rules as py-evm has them, over tries of our own: the same roots, bit by bit, in less time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rlp
from eth.constants import BLANK_ROOT_HASH, ZERO_ADDRESS
from eth.db.accesslog import KeyAccessLoggerDB
from eth.db.account import AccountDB
from eth.db.batch import BatchDB
from eth.db.cache import CacheDB
from eth.db.hash_trie import HashTrie
from eth.db.journal import JournalDB
from eth.db.storage import AccountStorageDB, StorageLookup
from eth.vm.forks import CancunVM
from eth.vm.forks.cancun.state import CancunState

from cinepeer.adapters.chain.trie import Trie


class Slots(StorageLookup):
    """A contract's storage by its trie."""

    _write_trie: Any
    _trie_nodes_batch: Any

    def _get_write_trie(self) -> Any:
        if self._trie_nodes_batch is None:
            self._trie_nodes_batch = BatchDB(self._db, read_through_deletes=True)
        if self._write_trie is None:
            self._write_trie = Trie(self._trie_nodes_batch, self._starting_root_hash)
        return self._write_trie

    def _get_read_trie(self) -> Any:
        return self._write_trie if self._write_trie is not None else Trie(self._db, self._starting_root_hash)

    def commit_to(self, db: Any) -> None:
        """Writes what changed; the root is made first, because only then its nodes are."""
        if self._write_trie is not None:
            _ = self._write_trie.root_hash
        super().commit_to(db)


class Storage(AccountStorageDB):
    """One contract's storage within a block."""

    def __init__(self, db: Any, storage_root: Any, address: Any) -> None:
        """As py-evm's, over `Slots`."""
        super().__init__(db, storage_root, address)
        self._storage_lookup = Slots(db, storage_root, address)
        self._storage_cache = CacheDB(self._storage_lookup)
        self._locked_changes = JournalDB(self._storage_cache)
        self._journal_storage = JournalDB(self._locked_changes)


class Accounts(AccountDB):
    """All accounts within a block."""

    def __init__(self, db: Any, state_root: Any = BLANK_ROOT_HASH) -> None:
        """As py-evm's, over a `Trie`."""
        super().__init__(db, state_root)
        self._trie = HashTrie(Trie(self._batchtrie, state_root))  # type: ignore[arg-type]  # a mapping with a root
        self._trie_logger = KeyAccessLoggerDB(self._trie, log_missing_keys=False)
        self._trie_cache = CacheDB(self._trie_logger)
        self._journaltrie = JournalDB(self._trie_cache)

    def _get_address_store(self, address: Any) -> Any:
        store = self._account_stores.get(address)
        if store is None:
            store = Storage(self._raw_store_db, self._get_storage_root(address), address)
            self._account_stores[address] = store
        return store


class FilmState(CancunState):
    """The state where fees are free: what gives nothing to the block's fee taker writes nothing for it."""

    account_db_class = Accounts

    def delta_balance(self, address: Any, delta: int) -> None:
        """
        Adds `delta` wei. py-evm makes an empty account of the fee taker with every free transaction and takes it away
        again; the state is the same without.
        """
        if delta or address != ZERO_ADDRESS:
            super().delta_balance(address, delta)


class FilmVM(CancunVM):
    """Cancun's rules on `FilmState`."""

    _state_class = FilmState

    def set_block_transactions_and_withdrawals(
        self,
        base_block: Any,
        new_header: Any,
        transactions: Sequence[Any],
        receipts: Sequence[Any],
        withdrawals: Sequence[Any] | None = None,
    ) -> Any:
        """The block with its transactions and the roots of them and of their receipts; nobody withdraws here."""
        assert not withdrawals, "no block of ours has withdrawals"
        header = new_header.copy(transaction_root=self._listed(transactions), receipt_root=self._listed(receipts))
        return base_block.copy(transactions=transactions, header=header)

    def _listed(self, items: Sequence[Any]) -> bytes:
        """The root of a trie that lists items by their place; its nodes are written."""
        trie = Trie(self.chaindb.db)
        for at, item in enumerate(items):
            trie[rlp.encode(at)] = item.encode()
        return trie.root_hash
