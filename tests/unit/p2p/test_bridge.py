"""The bridge between the loop and the trio thread: results, errors, cancellation, bounds, restarts and the end."""

from __future__ import annotations

import asyncio
import threading

import pytest
import trio

from cinepeer.adapters.p2p import bridge as module
from cinepeer.adapters.p2p.bridge import Bridge, Outbox, ask_loop
from cinepeer.errors import BadInput, Unreachable


class Service:
    """A service that does nothing but live."""

    def __init__(self) -> None:
        self.ending = trio.Event()
        self.failing = trio.Event()
        self.cancelled = threading.Event()

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._fail)
            task_status.started()
            await self.ending.wait()
            nursery.cancel_scope.cancel()

    async def _fail(self) -> None:
        await self.failing.wait()
        raise RuntimeError("a mistake")

    def end(self) -> None:
        self.ending.set()

    async def add(self, one: int, other: int) -> int:
        return one + other

    async def refuse(self) -> None:
        raise BadInput("found nothing, expected something")

    async def sleep(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self.cancelled.set()

    async def crash(self) -> None:
        self.failing.set()


def made(make: object = Service, limit: int = 1024) -> Bridge[Service]:
    return Bridge(make, chance=lambda: 0.5, name="bridge-test", limit=limit)  # type: ignore[arg-type]


async def until(condition: object) -> None:
    async with asyncio.timeout(10):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


def test_results_and_errors_cross_the_border() -> None:
    async def body() -> None:
        bridge = made()
        await bridge.start()
        assert await bridge.call(lambda service: service.add(1, 2)) == 3
        with pytest.raises(BadInput, match="found nothing"):
            await bridge.call(lambda service: service.refuse())
        await bridge.stop()

    asyncio.run(body())


def test_cancellation_and_timeouts_cross_the_border() -> None:
    async def body() -> None:
        bridge = made()
        await bridge.start()
        service = bridge._run.service  # type: ignore[union-attr]
        assert service is not None
        with pytest.raises(TimeoutError):
            await bridge.call(lambda service: service.sleep(), timeout_s=0.05)
        assert await asyncio.to_thread(service.cancelled.wait, 5)
        service.cancelled.clear()
        waiting = asyncio.create_task(bridge.call(lambda service: service.sleep()))
        await asyncio.sleep(0.05)
        waiting.cancel()
        assert await asyncio.to_thread(service.cancelled.wait, 5)
        assert waiting.cancelled() or waiting.cancelling()
        await bridge.stop()

    asyncio.run(body())


def test_calls_in_flight_are_bounded() -> None:
    async def body() -> None:
        bridge = made(limit=2)
        await bridge.start()
        waiting = [asyncio.create_task(bridge.call(lambda service: service.sleep())) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(Unreachable, match="2 peer-to-peer calls in flight"):
            await bridge.call(lambda service: service.add(1, 2))
        await bridge.stop()
        for each in waiting:
            with pytest.raises(Unreachable):
                await each

    asyncio.run(body())


def test_a_service_that_cannot_start_raises_its_own_error_at_start() -> None:
    def refuse() -> Service:
        raise BadInput("found a busy port, expected a free one")

    async def body() -> None:
        bridge = made(refuse)
        with pytest.raises(BadInput, match="busy port"):
            await bridge.start()
        with pytest.raises(Unreachable):
            await bridge.call(lambda service: service.add(1, 2))
        await bridge.stop()

    asyncio.run(body())


def test_the_watchdog_starts_a_crashed_thread_again_and_waits_longer_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def note(pause: float) -> None:
        if pause >= 0.1:
            pauses.append(pause)
            pause = 0
        await sleep(pause)

    async def body() -> None:
        bridge = made()
        await bridge.start()
        monkeypatch.setattr(module.asyncio, "sleep", note)
        for number in (1, 2, 3):
            await bridge.call(lambda service: service.crash())
            await until(lambda number=number: bridge.restarts == number and bridge.is_up)
            assert await bridge.call(lambda service: service.add(1, 2)) == 3
        await bridge.stop()

    asyncio.run(body())
    assert pauses == [0.2, 0.4, 0.8]


def test_a_call_while_the_thread_is_down_is_unreachable_and_a_call_in_flight_fails() -> None:
    async def body() -> None:
        bridge = made()
        await bridge.start()
        waiting = asyncio.create_task(bridge.call(lambda service: service.sleep()))
        await asyncio.sleep(0.05)
        await bridge.call(lambda service: service.crash())
        with pytest.raises(Unreachable, match="ended"):
            await waiting
        with pytest.raises(Unreachable, match="not running"):
            await bridge.call(lambda service: service.add(1, 2))
        await bridge.stop()
        with pytest.raises(Unreachable, match="not running"):
            await bridge.call(lambda service: service.add(1, 2))

    asyncio.run(body())
    assert not [one for one in threading.enumerate() if one.name == "bridge-test"]


def test_a_service_that_does_not_end_when_asked_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_GRACE_S", 0.1)

    class Stubborn(Service):
        def end(self) -> None:
            pass

    async def body() -> None:
        bridge = made(Stubborn)
        await bridge.start()
        await bridge.stop()

    asyncio.run(body())
    assert not [one for one in threading.enumerate() if one.name == "bridge-test"]


def test_an_outbox_keeps_order_drops_what_does_not_fit_and_counts_it() -> None:
    async def body() -> None:
        box: Outbox[int] = Outbox(asyncio.get_running_loop(), 3)
        kept = await asyncio.to_thread(lambda: [box.offer(number) for number in range(5)])
        assert kept == [True, True, True, False, False]
        assert box.dropped == 2
        assert [await box.take() for _ in range(3)] == [0, 1, 2]
        waiting = asyncio.create_task(box.take())
        await asyncio.sleep(0.02)
        await asyncio.to_thread(box.offer, 9)
        assert await waiting == 9

    asyncio.run(body())


def test_the_trio_side_may_ask_the_loop_and_takes_its_question_back_by_cancelling() -> None:
    cancelled: list[bool] = []

    async def answer() -> int:
        return 42

    async def fail() -> int:
        raise ValueError("a mistake of the application")

    async def never() -> int:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return 0

    async def body() -> None:
        loop = asyncio.get_running_loop()

        async def in_trio() -> None:
            assert await ask_loop(loop, answer) == 42
            with pytest.raises(ValueError, match="a mistake"):
                await ask_loop(loop, fail)
            with trio.move_on_after(0.05) as scope:
                await ask_loop(loop, never)
            assert scope.cancelled_caught

        await asyncio.to_thread(trio.run, in_trio)
        await until(lambda: cancelled == [True])

    asyncio.run(body())


def test_asking_a_closed_loop_is_unreachable() -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    async def answer() -> int:
        return 42

    async def in_trio() -> None:
        with pytest.raises(Unreachable, match="loop is closed"):
            await ask_loop(loop, answer)

    trio.run(in_trio)
