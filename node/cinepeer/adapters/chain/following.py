"""Following a ledger that another node orders: an own copy, executed here, answers; the other node only orders."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.outbox import Outbox
from cinepeer.adapters.chain.readthrough import MAX_BLOCKS
from cinepeer.adapters.chain.shortcut import take_snapshot
from cinepeer.errors import CinepeerError, Refused, Unreachable

ORDERED = frozenset({"eth_sendRawTransaction", "cinepeer_faucet"})
"""What only the sequencer does."""

_WAITING = frozenset({"eth_getTransactionByHash", "eth_getTransactionCount", "cinepeer_refusal"})
"""What the sequencer knows better, because of the transactions that wait there; the copy answers when it is away."""

_LEVEL_S = 0.05
_PATIENCE_S = 2.0
_PAUSE_S = 30.0
_REPLAY_PAUSE_S = 2.0

Forward = Callable[[bytes], Awaitable[bytes]]
Met = Callable[[], Awaitable[None]]
Succeeded = Callable[[Sequence[str]], Awaitable[None]]
_log = logging.getLogger(__name__)


class Following:
    """Keeps a copy level with its sequencer, and by way of other nodes while that one is away.

    Beside a sequencer itself it has no `origin`: then it only takes back what others hold and the sequencer has lost,
    and compares heads, so that a fork is found by whoever meets.
    """

    def __init__(
        self,
        copy: Forward,
        origin: Forward | None,
        others: Callable[[], Sequence[Forward]],
        outbox: Outbox | None,
        succeeded: Succeeded | None = None,
        met: Met | None = None,
        is_short: bool = False,
    ) -> None:
        """
        `copy` answers from here, `origin` is the sequencer, `others` are nodes that hold copies of their own;
        `succeeded` hears the hand-overs that the copy holds, whenever they have become more; `met` hears once, beside a
        sequencer, that everything was taken which another node with a copy at least as long holds. With `is_short` a
        copy that is far behind begins by a snapshot.
        """
        self._copy = copy
        self._origin = origin
        self._others = others
        self._outbox = outbox
        self._succeeded = succeeded
        self._met = met
        self._is_short = is_short
        self._handovers = 0
        self._turn = asyncio.Lock()
        self._level_at = -1e9
        self._was_level = origin is None
        self._pulling: asyncio.Task[bool] | None = None
        self._clockwork: asyncio.Task[None] | None = None
        self._next = 0
        self.head = 0
        self.snapshot: int | None = None
        """The block whose state is believed as its sequencer signed it, while the blocks up to it are executed."""
        self._executed = 0
        self._stood = False
        self.is_away = False
        self.fault = ""

    async def start(self) -> None:
        """Begins to follow: now, and again and again."""
        self._clockwork = asyncio.create_task(self._follow(), name="follow-ledger")

    async def stop(self) -> None:
        """Ends it; what was taken is on disk."""
        for task in (self._clockwork, self._pulling):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, CinepeerError):
                    await task

    def turn_to(self, origin: Forward | None) -> None:
        """Follows another sequencer from now on, or none: then the own process orders."""
        self._origin = origin
        self._level_at = -1e9
        self._was_level = self._was_level or origin is None
        self.is_away = False

    async def learn(self, told: Sequence[str]) -> int:
        """Gives the copy hand-overs, as `cinepeer_handovers` tells them; how many it holds. Raises `Refused`."""
        held = int(await _ask(self._copy, "cinepeer_succeed", list(told)))
        if held > self._handovers:
            self._handovers = held
            if self._succeeded is not None:
                await self._succeeded(await _ask(self._copy, "cinepeer_handovers"))
        return held

    @property
    def label(self) -> str:
        """What this ledger is, honestly, in one line."""
        if self._origin is None:
            return "embedded, test credits, not money" + (f"; {self.fault}" if self.fault else "")
        state = f"own copy of another node's ledger, executed up to block {self.head}"
        if self.snapshot is not None:
            state = (
                "own copy of another node's ledger, not replayed: the state of block "
                f"{self.snapshot} is believed as its sequencer signed it, executed so far up to block {self._executed} "
                f"of {self.head}"
            )
        elif not self._was_level:
            state += ", answered by its sequencer until it is level"
        if self.is_away:
            state += ", its sequencer is away"
        if self._outbox is not None and len(self._outbox):
            state += f", {len(self._outbox)} transactions wait for it"
        if self.fault:
            state += f", {self.fault}"
        return state + "; test credits, not money"

    @property
    def may_witness(self) -> bool:
        """Whether this is a copy that was level with its sequencer, executed whole, whose order held so far."""
        return self._origin is not None and self._was_level and self.snapshot is None and not self.fault

    async def answer(self, body: bytes) -> bytes:
        """The answer to a JSON-RPC body: reading from the copy, once it is level; ordering at the sequencer."""
        if self._origin is None:
            return await self._copy(body)
        try:
            asked = jsonrpc.decode(body)
        except (ValueError, RecursionError):
            return await self._copy(body)
        calls = asked if isinstance(asked, list) else [asked]
        if not any(_method(call) in ORDERED | _WAITING for call in calls):
            return await self._read(body)
        if not isinstance(asked, list):
            return await self._one(asked, body)
        answers = [await self._one(call, jsonrpc.encode(call)) for call in calls]
        return jsonrpc.encode([jsonrpc.decode(one) for one in answers if one])

    async def _one(self, call: Any, body: bytes) -> bytes:
        method = _method(call)
        if method not in ORDERED | _WAITING:
            return await self._read(body)
        if method in ORDERED and self.fault:
            return jsonrpc.encode(
                jsonrpc.error(call.get("id"), jsonrpc.FAILED, f"the ledger is set aside: {self.fault}")
            )
        assert self._origin is not None
        try:
            return await self._origin(body)
        except Unreachable as error:
            self.is_away = True
            if method in _WAITING:
                return await self._copy(body)
            if method != "eth_sendRawTransaction" or self._outbox is None:
                return jsonrpc.encode(jsonrpc.error(call.get("id"), jsonrpc.AWAY, str(error)))
            return self._keep(call, self._outbox)

    def _keep(self, call: Any, outbox: Outbox) -> bytes:
        """Keeps a signed transaction until the sequencer is there again; its hash, or why it is not kept."""
        try:
            kept = outbox.keep((call.get("params") or [None])[0])
        except CinepeerError as error:
            return jsonrpc.encode(jsonrpc.error(call.get("id"), jsonrpc.FAILED, str(error)))
        return jsonrpc.encode({"jsonrpc": "2.0", "id": call.get("id"), "result": kept})

    async def _read(self, body: bytes) -> bytes:
        """From the copy when it is level; while it is not yet, or its process starts again, from the sequencer."""
        level = await self._fresh()
        if not level and not self._was_level and self._origin is not None and not self.is_away:
            with contextlib.suppress(Unreachable):
                return await self._origin(body)
        try:
            return await self._copy(body)
        except Unreachable:
            if self._origin is None:
                raise
            return await self._origin(body)

    async def _fresh(self) -> bool:
        """Takes what is new, for a moment at most; True when nothing is left to take."""
        if time.monotonic() - self._level_at < _LEVEL_S:
            return True
        if self._pulling is None or self._pulling.done():
            self._pulling = asyncio.create_task(self.pull(), name="pull-blocks")
        done, _ = await asyncio.wait({self._pulling}, timeout=_PATIENCE_S)
        return (
            bool(done)
            and not self._pulling.cancelled()
            and self._pulling.exception() is None
            and self._pulling.result()
        )

    async def pull(self) -> bool:
        """Takes every block that the sequencer has, or while it is away another node; True when level with it."""
        async with self._turn:
            try:
                self.head = int(await _ask(self._copy, "eth_blockNumber"), 16)
                await self._stand()
            except Unreachable:
                return False  # the copy's process starts again; that says nothing of the sequencer
            if self._origin is not None:
                try:
                    await self._take_from(self._origin)
                except Unreachable:
                    self.is_away = True
                except Refused as error:
                    self._note(error)
                    return False
                else:
                    self.is_away, self._was_level, self._level_at = False, True, time.monotonic()
                    return True
            for other in self._others():
                with contextlib.suppress(CinepeerError):
                    await self._take_back(other)
            return False

    async def _take_back(self, other: Forward) -> None:
        """Takes what another node holds, and tells once when that was at least as much as is here."""
        before = self.head
        await self._take_from(other)
        if self._origin is not None or self._met is None or not before:
            return
        if int(await _ask(other, "eth_blockNumber"), 16) >= before:
            met, self._met = self._met, None
            await met()

    async def _take_from(self, source: Forward) -> None:
        """Takes blocks of one node until it has no more."""
        first, is_tried = self.head + 1 if self.head else 0, not self._is_short
        while True:
            blocks = await _ask(source, "cinepeer_blocks", hex(first), hex(MAX_BLOCKS))
            if not isinstance(blocks, list) or not blocks:
                return
            if len(blocks) > 1 and not is_tried:
                is_tried = True
                if await self._shortened(source):
                    first = self.head + 1
                    continue
            try:
                self.head = int(await _ask(self._copy, "cinepeer_take", blocks), 16)
            except Refused as error:
                # A block by a key that does not order as far as the copy knows: perhaps it was handed over to it.
                if error.reason != "bad-signature" or not await self._caught_up(source):
                    raise
                continue
            if self.head < first:
                return
            first = self.head + 1

    async def _stand(self) -> None:
        """Asks the copy how much of what it tells it has executed, for as long as that is not all."""
        if self._origin is None or (self._stood and self.snapshot is None):
            return
        told = await _ask(self._copy, "cinepeer_standing")
        since = told["snapshot"]
        self.snapshot, self._executed = None if since is None else int(since, 16), int(told["executed"], 16)
        self._stood = True
        if self.snapshot is not None:
            self._was_level = True  # what it tells is labelled
        if told["fault"]:
            self._note(Refused("false-block", str(told["fault"])))

    async def _shortened(self, source: Forward) -> bool:
        """Begins by a snapshot where this copy is far behind; one that does not hold leaves only the long way."""
        if self.snapshot is not None or self._origin is None or self.fault:
            return False
        try:
            await self._caught_up(source)
            if not await take_snapshot(_ask, self._copy, source, self.head):
                return False
        except Refused as error:
            _log.warning("ledger.snapshot.refused reason=%s: %s", error.reason, error)
            return False
        self._stood = False
        await self._stand()
        self.head = int(await _ask(self._copy, "eth_blockNumber"), 16)
        return True

    async def _caught_up(self, source: Forward) -> bool:
        """Whether the copy holds more hand-overs than before, now that another node was asked for them."""
        before = self._handovers
        told = await _ask(source, "cinepeer_handovers")
        return isinstance(told, list) and bool(told) and await self.learn(told) > before

    async def _follow(self) -> None:
        """Now, and every half minute: level, heads compared with another node's, the outbox emptied."""
        while True:
            try:
                await self.pull()
                await self._ask_succession()
                await self._compare()
                await self._deliver()
            except CinepeerError as error:
                _log.info("following the ledger: %s", error)
            except Exception:  # noqa: BLE001  # a task's edge: the next turn starts afresh
                _log.exception("following the ledger failed")
            await asyncio.sleep(_PAUSE_S if self.snapshot is None else _REPLAY_PAUSE_S)

    async def _ask_succession(self) -> None:
        """Asks the sequencer whether it handed over: the record that says so may not have come."""
        if self._origin is not None:
            with contextlib.suppress(CinepeerError):
                await self._caught_up(self._origin)

    async def _compare(self) -> None:
        """
        Compares hand-overs and the newest header of another node with the own: two that were signed for one height are
        a fork.
        """
        others = self._others()
        if not others:
            return
        self._next = (self._next + 1) % len(others)
        try:
            await self._caught_up(others[self._next])
        except Refused as error:
            self._note(error)
        except Unreachable:
            return
        try:
            signed = await _ask(others[self._next], "cinepeer_signedHeader", "latest")
            if int(str(signed.get("number")), 16) <= self.head:
                await _ask(self._copy, "cinepeer_compare", signed)
        except Refused as error:
            self._note(error)
        except (Unreachable, ValueError, AttributeError):
            return

    async def _deliver(self) -> None:
        """Hands over what waits for the sequencer, in the order in which it came."""
        if self._outbox is None or self._origin is None or self.is_away:
            return
        for raw in self._outbox.waiting():
            try:
                await _ask(self._origin, "eth_sendRawTransaction", raw)
            except Refused as error:
                _log.warning("a kept transaction was not taken: %s", error)
            except Unreachable:
                self.is_away = True
                return
            self._outbox.drop(raw)

    def _note(self, error: Refused) -> None:
        if error.reason in ("fork", "false-block") and not self.fault:
            self.fault = str(error)
            _log.error("the sequencer's order does not hold: %s", error)


def _method(call: Any) -> str:
    return str(call.get("method")) if isinstance(call, dict) else ""


async def _ask(forward: Forward, method: str, *parameters: Any) -> Any:
    """The result of one call; raises `Refused` with the answer's error, or `Unreachable`."""
    said = await forward(jsonrpc.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}))
    try:
        answer = jsonrpc.decode(said)
    except (ValueError, RecursionError) as error:
        raise Unreachable("found no JSON, expected a ledger's answer") from error
    if isinstance(answer, dict) and "result" in answer:
        return answer["result"]
    problem = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(problem, dict):
        raise Unreachable("found neither a result nor an error, expected a ledger's answer")
    if problem.get("code") == jsonrpc.AWAY:
        raise Unreachable(str(problem.get("message"))[:300])
    raise Refused(str(problem.get("data")), str(problem.get("message"))[:300])
