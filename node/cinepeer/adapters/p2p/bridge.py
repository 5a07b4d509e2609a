"""One trio thread beside the asyncio loop: calls cross with their cancellation, reports come back bounded."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import trio

from cinepeer.errors import CinepeerError, Unreachable

log = logging.getLogger(__name__)

T = TypeVar("T")

BACKOFF_FIRST_S = 0.1
BACKOFF_MOST_S = 30.0
STOP_GRACE_S = 5.0


class Service(Protocol):
    """What lives in the trio thread; it calls `task_status.started()` when it is ready."""

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Runs until `end` is called; an exception ends the thread and the watchdog starts another."""

    def end(self) -> None:
        """Asks `run` to close what it holds and return."""


S = TypeVar("S", bound=Service)


class Outbox(Generic[T]):
    """A bounded queue from any thread to one asyncio reader; what does not fit is dropped and counted."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        self._loop = loop
        self._limit = limit
        self._items: deque[T] = deque()
        self._lock = threading.Lock()
        self._filled = asyncio.Event()
        self.dropped = 0

    def offer(self, item: T) -> bool:
        """Adds `item` and returns True, or returns False when the queue is full. Safe from any thread."""
        with self._lock:
            if len(self._items) >= self._limit:
                self.dropped += 1
                return False
            self._items.append(item)
            first = len(self._items) == 1
        if first:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
                self._loop.call_soon_threadsafe(self._filled.set)
        return True

    async def take(self) -> T:
        """The oldest item, as soon as there is one."""
        while True:
            with self._lock:
                if self._items:
                    return self._items.popleft()
                self._filled.clear()
            await self._filled.wait()


class _Run(Generic[S]):
    """One life of the trio thread, from `trio.run` to its end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, make: Callable[[], S], name: str) -> None:
        self.loop = loop
        self.make = make
        self.service: S | None = None
        self.ready: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[BaseException | None] = loop.create_future()
        self.pending: set[asyncio.Future[Any]] = set()
        self.token: trio.lowlevel.TrioToken | None = None
        self.nursery: trio.Nursery | None = None
        self._is_ending = False
        self._thread = threading.Thread(target=self._thread_main, name=name, daemon=True)
        self._thread.start()

    def _thread_main(self) -> None:
        end: BaseException | None = None
        try:
            trio.run(self._main)
        except BaseException as error:  # noqa: BLE001  the thread's edge: the watchdog is told whatever it was
            end = error
        self.post(self._settle_end, end)

    async def _main(self) -> None:
        async with trio.open_nursery() as nursery:
            self.token = trio.lowlevel.current_trio_token()
            self.nursery = nursery
            self.service = self.make()  # here, because its imports are heavy and its parts belong to this thread
            await nursery.start(self._live, self.service)
            self.post(_settle, self.ready, None, None)
            if self._is_ending:  # asked to end before there was anything to ask
                self.service.end()

    async def _live(self, service: S, task_status: trio.TaskStatus[None]) -> None:
        """The service's life; the calls that are still running when it ends are cancelled."""
        try:
            await service.run(task_status)
        finally:
            assert self.nursery is not None
            self.nursery.cancel_scope.cancel()

    def post(self, function: Callable[..., object], *arguments: object) -> None:
        """Runs `function` on the asyncio loop soon; does nothing once the loop is closed."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(function, *arguments)

    def _settle_end(self, end: BaseException | None) -> None:
        _settle(self.ready, None, _root_cause(end) if end else Unreachable("the peer-to-peer thread has ended"))
        self.ready.exception()  # read here, so that asyncio does not complain when nobody waits for it
        for future in tuple(self.pending):
            _settle(future, None, Unreachable("the peer-to-peer thread has ended"))
        _settle(self.ended, end, None)

    def submit(self, function: Callable[[S], Awaitable[T]]) -> tuple[asyncio.Future[T], trio.CancelScope]:
        """Starts `function(service)` in trio; returns its future and the scope that cancels it."""
        future: asyncio.Future[T] = self.loop.create_future()
        self.pending.add(future)
        future.add_done_callback(self.pending.discard)
        scope = trio.CancelScope()

        async def task() -> None:
            with scope:
                try:
                    assert self.service is not None
                    result = await function(self.service)
                except Exception as error:  # noqa: BLE001  a call's edge: the caller gets whatever it was
                    self.post(_settle, future, None, error)
                else:
                    self.post(_settle, future, result, None)
                return
            self.post(future.cancel)

        def start() -> None:
            try:
                assert self.nursery is not None
                self.nursery.start_soon(task)
            except RuntimeError as error:  # the nursery is closed to new tasks: the thread is ending
                self.post(_settle, future, None, Unreachable(f"the peer-to-peer thread is ending ({error})"))

        self.soon(start, future)
        return future, scope

    def soon(self, function: Callable[[], object], future: asyncio.Future[Any] | None = None) -> None:
        """Runs `function` in the trio thread soon; a thread that has ended fails `future` instead."""
        try:
            if self.token is None:
                raise trio.RunFinishedError
            self.token.run_sync_soon(function)
        except trio.RunFinishedError:
            if future is not None:
                _settle(future, None, Unreachable("the peer-to-peer thread has ended"))

    def end(self) -> None:
        """Lets the service close what it holds, then ends the thread."""
        self._is_ending = True
        if self.service is not None:
            self.soon(self.service.end)

    def join(self) -> None:
        """Waits for the thread after its last report: moments."""
        self._thread.join(1.0)

    def cancel(self) -> None:
        """Cancels everything in the thread."""
        if self.nursery is not None:
            self.soon(self.nursery.cancel_scope.cancel)


class Bridge(Generic[S]):
    """The asyncio side of the trio thread, with the watchdog that starts it again after a crash."""

    def __init__(
        self, make: Callable[[], S], *, chance: Callable[[], float], name: str = "p2p", limit: int = 1024
    ) -> None:
        """`make` builds the service anew for each life of the thread; `limit` bounds the calls in flight."""
        self._make = make
        self._chance = chance
        self._name = name
        self._limit = limit
        self._run: _Run[S] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False
        self.restarts = 0

    async def start(self) -> None:
        """Starts the thread and its watchdog; raises what the service raised when it could not start."""
        self._run = self._begin()
        try:
            await asyncio.shield(self._run.ready)
        except BaseException:
            self._run.cancel()
            raise
        self._watch = asyncio.create_task(self._watchdog(), name=f"{self._name}-watchdog")

    def _begin(self) -> _Run[S]:
        return _Run(asyncio.get_running_loop(), self._make, self._name)

    @property
    def is_up(self) -> bool:
        """Whether the thread runs and its service is ready."""
        run = self._run
        return run is not None and run.ready.done() and not run.ended.done()

    async def call(self, function: Callable[[S], Awaitable[T]], timeout_s: float | None = None) -> T:
        """Awaits `function(service)` in trio; cancelling the caller, or its timeout, cancels the trio task.

        Raises what the function raised, `Unreachable` while the thread is down, and TimeoutError.
        """
        run = self._run
        if run is None or not self.is_up or self._stopping:
            raise Unreachable("the peer-to-peer thread is not running")
        if len(run.pending) >= self._limit:
            raise Unreachable(f"found {self._limit} peer-to-peer calls in flight, expected fewer")
        future, scope = run.submit(function)
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except (asyncio.CancelledError, TimeoutError):
            run.soon(scope.cancel)
            raise

    async def stop(self) -> None:
        """Ends the service in order and waits for the thread, at most a few seconds."""
        self._stopping = True
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        run = self._run
        if run is None:
            return
        for end in (run.end, run.cancel):
            end()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(run.ended), STOP_GRACE_S)
                run.join()
                return
        log.warning("p2p.stuck waited_s=%s", 2 * STOP_GRACE_S)

    async def _watchdog(self) -> None:
        """Starts the thread again after a crash, with growing, jittered pauses."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            assert self._run is not None
            begun = loop.time()
            end = await asyncio.shield(self._run.ended)
            failures = 0 if loop.time() - begun > BACKOFF_MOST_S else failures + 1
            log.error("p2p.restarting reason=%r", _root_cause(end) if end else None)
            pause = min(BACKOFF_FIRST_S * 2**failures, BACKOFF_MOST_S)
            await asyncio.sleep(pause * (0.5 + self._chance()))
            self.restarts += 1
            self._run = self._begin()


async def ask_loop(loop: asyncio.AbstractEventLoop, make: Callable[[], Awaitable[T]]) -> T:
    """From trio: awaits `make()` on the asyncio `loop`. Cancelling the trio task cancels the asyncio one."""
    token = trio.lowlevel.current_trio_token()
    done = trio.Event()
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
    tasks: list[asyncio.Task[T]] = []

    def finished(task: asyncio.Task[T]) -> None:
        if task.cancelled():
            outcome.set_exception(Unreachable("the answer was cancelled"))
        elif (error := task.exception()) is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(task.result())
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(done.set)

    async def body() -> T:
        return await make()

    def begin() -> None:
        tasks.append(loop.create_task(body()))
        tasks[0].add_done_callback(finished)

    try:
        loop.call_soon_threadsafe(begin)
    except RuntimeError as error:
        raise Unreachable(f"the application's loop is closed ({error})") from error
    try:
        await done.wait()
    except trio.Cancelled:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
        raise
    return outcome.result()


def _settle(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    """Resolves `future` unless it is resolved already."""
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def _root_cause(error: BaseException) -> BaseException:
    """The first leaf of nested exception groups, a refusal of our own before any other."""
    leaves: list[BaseException] = []

    def walk(found: BaseException) -> None:
        if isinstance(found, BaseExceptionGroup):
            for inner in found.exceptions:
                walk(inner)
        else:
            leaves.append(found)

    walk(error)
    return next((leaf for leaf in leaves if isinstance(leaf, CinepeerError)), leaves[0])
