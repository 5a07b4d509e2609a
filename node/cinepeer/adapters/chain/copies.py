"""The ledger's process at a node that follows: the copy that executes everything, and while it is behind a snapshot."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cinepeer.adapters.chain.blocks import parse_nodes, parse_past, parse_signed, parse_told, standing
from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.follower import Follower
from cinepeer.adapters.chain.formats import data, number
from cinepeer.adapters.chain.replay import Replay
from cinepeer.adapters.chain.rpc import Rpc
from cinepeer.adapters.chain.snapshot import Snapshot, sealed_at
from cinepeer.errors import Refused

_LOOK_S = 0.5
_WAIT_S = 10.0
_SHARE = 1.0
"""How long a replay rests after each block, as a share of what the block took: questions come first."""

_log = logging.getLogger(__name__)


class Copies:
    """
    Answers from the snapshot once that is whole, and meanwhile executes its blocks from the first on into the copy;
    when that has the same head, the snapshot goes. Where the execution gives something else than was signed, the
    snapshot goes at once, and the copy ends there with the proof.
    """

    def __init__(self, db: Path, genesis: Mapping[str, Any], clock: Callable[[], float]) -> None:
        """Opens the copy in the file `db`, and the snapshot beside it if one was begun."""
        self._genesis = dict(genesis)
        self._clock = clock
        self._methods: dict[str, Callable[..., Any]] = {
            "cinepeer_standing": lambda: self._standing(),
            "cinepeer_snapshot": lambda signed: self._begin(signed),
            "cinepeer_takeHistory": lambda blocks: number(self._begun().history(parse_past(blocks))),
            "cinepeer_takeNodes": lambda nodes: self._grow(nodes),
            "cinepeer_succeed": lambda told: self._succeed(told),
        }
        self.evm = Evm(db, genesis)
        self._replay = Replay(self.evm, clock)
        self._rpc = Rpc(Follower(self.evm), None, clock, self._methods)
        self._beside = db.with_name(db.name + ".snapshot")
        self._snapshot: Snapshot | None = None
        self._early: Rpc | None = None
        if self._beside.exists():
            self._open()
            self._drop_what_is_left()

    async def answer(self, body: bytes) -> bytes:
        """The answer to one request or batch, from the snapshot while that answers."""
        return await (self._early or self._rpc).answer(body)

    async def run(self) -> None:
        """Executes what the snapshot only checked, block by block, for ever."""
        while True:
            began = time.monotonic()
            try:
                is_done = self.step()
            except Refused as error:
                _log.info("replaying the ledger waits: %s", error)
                await asyncio.sleep(_WAIT_S)
                continue
            await asyncio.sleep(_LOOK_S if is_done else (time.monotonic() - began) * _SHARE)

    def step(self) -> bool:
        """Executes one block of the snapshot; True when there is nothing to execute. Raises `Refused` (`time`)."""
        if self._snapshot is None or self._early is None:
            return True
        early, head = self._snapshot.evm, self.evm.head
        if head.block_number >= early.head.block_number:
            self._drop("the ledger was executed up to block %d, from its first", head.block_number)
            return True
        try:
            self._replay.take([sealed_at(early, head.block_number + 1)])
        except Refused as error:
            if error.reason == "time":
                raise
            self._drop("the ledger's snapshot does not hold: %s", error)
            return True
        return False

    def close(self) -> None:
        """Closes the files."""
        if self._snapshot is not None:
            self._snapshot.close()
        self.evm.close()

    def _open(self) -> None:
        self._snapshot = Snapshot(self._beside, self._genesis, self._clock)
        self._serve()

    def _drop_what_is_left(self) -> None:
        """Removes a snapshot that was broken off and outrun since."""
        assert self._snapshot is not None
        if self._early is None and self.evm.head.block_number >= max(1, self._snapshot.evm.head.block_number):
            self._drop(
                "a part of a snapshot is removed, the ledger was executed up to block %d", self.evm.head.block_number
            )

    def _serve(self) -> None:
        """Answers from the snapshot once it is whole."""
        if self._snapshot is not None and self._snapshot.since is not None and self._early is None:
            self._early = Rpc(Follower(self._snapshot.evm), None, self._clock, self._methods)

    def _drop(self, why: str, *details: object) -> None:
        assert self._snapshot is not None
        _log.warning(why, *details)
        with self.evm.tables.atomic():
            for fault in self._snapshot.evm.tables.faults():
                self.evm.tables.add_fault(*fault)
        self._snapshot.close()
        self._snapshot = self._early = None
        for end in ("", "-wal", "-shm"):
            self._beside.with_name(self._beside.name + end).unlink(missing_ok=True)

    # -- methods -----------------------------------------------------------------------------------

    def _standing(self) -> dict[str, Any]:
        return standing(self.evm, None if self._snapshot is None or self._early is None else self._snapshot.since)

    def _begin(self, signed: Any) -> str:
        """Begins a snapshot at a signed header, or goes on with one; the first block of history that is missing."""
        asked = parse_signed(signed)
        if self._replay.faults():
            raise Refused("fork", "found a ledger whose sequencer was proved wrong here, expected one that is in order")
        if self._early is not None:
            raise Refused("bad-snapshot", "found a snapshot that is whole already, expected none")
        if self._snapshot is None:
            self._open()
        begun = self._begun()
        begun.replay.succeed(self.evm.succession.handovers)
        return number(begun.begin(asked))

    def _begun(self) -> Snapshot:
        if self._snapshot is None:
            raise Refused("bad-snapshot", "found a part of a snapshot that was not begun, expected its header first")
        return self._snapshot

    def _grow(self, nodes: Any) -> list[str]:
        wanted = self._begun().grow(parse_nodes(nodes))
        self._serve()
        return [data(one) for one in wanted]

    def _succeed(self, told: Any) -> int:
        """Takes hand-overs into both files: each is read by itself after a start."""
        handovers = parse_told(told)
        held = self._replay.succeed(handovers)
        if self._snapshot is not None:
            self._snapshot.replay.succeed(handovers)
        return held
