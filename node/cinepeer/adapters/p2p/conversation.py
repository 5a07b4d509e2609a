"""Questions and answers over one libp2p stream: framed by length, one answer for each question, nothing pushed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from itertools import count

import trio
from libp2p.abc import INetStream
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.host.exceptions import StreamFailure
from libp2p.io.exceptions import IOException
from libp2p.network.exceptions import SwarmException
from libp2p.network.stream.exceptions import StreamEOF, StreamError
from libp2p.peer.id import ID

from cinepeer.adapters.p2p.guard import reset
from cinepeer.adapters.p2p.muxer import gather, pour
from cinepeer.adapters.p2p.plan import Outlets, Plan
from cinepeer.errors import Refused, Unreachable

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 4 * 1024 * 1024
READ_BYTES = 64 * 1024  # of what may hold several frames
WRITE_TIMEOUT_S = 30.0
FRAME_TIMEOUT_S = 60.0
CONVERSATIONS_PER_PEER = 16
STREAM_ERRORS = (StreamError, IOException, SwarmException, StreamFailure, trio.BrokenResourceError)


def encode_length(size: int) -> bytes:
    """The unsigned varint before a frame of `size` bytes (https://github.com/multiformats/unsigned-varint)."""
    out = bytearray()
    while size >= 0x80:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out)


class Frames:
    """The frames of one stream, read and written whole."""

    def __init__(self, stream: INetStream, hear: Callable[[], None] = lambda: None) -> None:
        """`hear` is called at every piece that arrives, so that a slow peer is not taken for a silent one."""
        self._stream = stream
        self._hear = hear
        self._held = bytearray()

    async def read(self, idle_timeout_s: float) -> bytes | None:
        """The next frame, or None when the other side closed between two frames.

        Waits `idle_timeout_s` for its first byte (TooSlowError) and a minute for the rest of it; raises `Refused`
        (`bad-frame`, `frame-too-large`) for a length that is not minimal or above 4 MiB, and `Unreachable` for a frame
        that breaks off, because whoever dies in the middle of one has not lied.
        """
        if not self._held:
            with trio.fail_after(idle_timeout_s):
                if not await self._fill():
                    return None
        with trio.fail_after(FRAME_TIMEOUT_S):
            return await self._take(await self._length())

    async def _take(self, size: int) -> bytes:
        """`size` bytes, of which some may be held; reads no byte more."""
        with memoryview(self._held) as held:
            pieces = [bytes(held[:size])]
        del self._held[:size]
        left = size - len(pieces[0])
        while left:
            await gather(self._stream, left, self._hear)
            if not (data := await self._read(left)):
                raise Unreachable(f"found a frame cut at {size - left} bytes, expected {size}")
            pieces.append(data)
            left -= len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _length(self) -> int:
        size = shift = 0
        while True:
            if not self._held and not await self._fill():
                raise Unreachable("found a frame cut in its length, expected a whole one")
            byte = self._held[0]
            del self._held[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift >= 28:
                raise Refused("bad-frame", "found a frame length of more than 4 bytes, expected at most 4")
        if shift > 7 and byte == 0:
            raise Refused("bad-frame", "found a frame length that is not minimal, expected the shortest form")
        if size > MAX_FRAME_BYTES:
            raise Refused("frame-too-large", f"found a frame of {size} bytes, expected at most {MAX_FRAME_BYTES}")
        return size

    async def _fill(self) -> bool:
        """Reads some bytes; False at the end of the stream."""
        data = await self._read(READ_BYTES)
        self._held += data
        return bool(data)

    async def _read(self, size: int) -> bytes:
        """Some bytes, at most `size`; none at the end of the stream."""
        try:
            data: bytes = await self._stream.read(size)
        except StreamEOF:
            return b""
        self._hear()
        return data

    async def write(self, frame: bytes) -> None:
        """Writes one frame; the muxer gives up after five seconds without a window, so a paused reader ends this."""
        if len(frame) > MAX_FRAME_BYTES:
            raise Refused("frame-too-large", f"found a frame of {len(frame)} bytes, expected at most {MAX_FRAME_BYTES}")
        await self.write_framed(encode_length(len(frame)) + frame)

    async def write_framed(self, data: bytes) -> None:
        """As `write`, for what has its length before it already."""
        with trio.fail_after(WRITE_TIMEOUT_S):
            await pour(self._stream, data)


class _Turns:
    """Whose turn it is; whoever comes after waits."""

    def __init__(self) -> None:
        self._now = 0
        self._moved = trio.Event()
        self._is_over = False

    async def wait(self, turn: int) -> None:
        """Returns once it is this turn, or all is over."""
        while self._now != turn and not self._is_over:
            await self._moved.wait()

    def go_on(self, *, is_over: bool = False) -> None:
        """The next one's turn."""
        self._now += 1
        self._is_over = is_over
        self._moved.set()
        self._moved = trio.Event()


class Conversation:
    """The asking side of one stream; after any error the stream is gone, because answers could shift by one."""

    def __init__(self, stream: INetStream, peer_id: str, protocol: str) -> None:
        self._stream = stream
        self._frames = Frames(stream)
        self._writing, self._reading = _Turns(), _Turns()
        self._is_open = True
        self._name = f"{protocol} with {peer_id}"

    async def ask(self, question: bytes, timeout_s: float, turn: int) -> bytes:
        """The answer to `question`, the `turn`th from 0; raises `Unreachable` (no answer, stream gone) or `Refused`.

        It is sent whether or not those before it are answered, and waits `timeout_s` behind the last answer to them.
        """
        whole = False
        try:
            await self._take(self._writing, turn)
            with trio.fail_after(timeout_s):
                await self._frames.write(question)
            self._writing.go_on()
            await self._take(self._reading, turn)
            with trio.fail_after(timeout_s):
                answer = await self._frames.read(timeout_s)
            if answer is None:
                raise Unreachable(f"the conversation {self._name} was closed instead of answered")
            self._reading.go_on()
            whole = True
            return answer
        except trio.TooSlowError as error:
            raise Unreachable(f"found no answer within {timeout_s:g} s in {self._name}") from error
        except STREAM_ERRORS as error:
            raise Unreachable(f"the conversation {self._name} broke off ({type(error).__name__})") from error
        finally:
            if not whole and self._is_open:
                self._end()
                await reset(self._stream)

    async def _take(self, turns: _Turns, turn: int) -> None:
        await turns.wait(turn)
        if not self._is_open:
            raise Unreachable(f"found the conversation {self._name} closed, expected it open")

    def _end(self) -> None:
        """Nobody's turn comes any more."""
        self._is_open = False
        for turns in (self._writing, self._reading):
            turns.go_on(is_over=True)

    async def close(self) -> None:
        """Ends the conversation; harmless when it has ended."""
        if self._is_open:
            self._end()
            with trio.move_on_after(1) as scope:
                try:
                    await self._stream.close()
                except STREAM_ERRORS as error:
                    log.debug("closing %s: %r", self._name, error)
            if scope.cancelled_caught:
                await reset(self._stream)


async def open_conversation(host: BasicHost, peer: ID, protocol: str, timeout_s: float) -> Conversation:
    """A conversation with a connected peer; raises `Unreachable`, or `Refused` (`unknown-protocol`)."""
    try:
        with trio.fail_after(timeout_s):
            stream = await host.new_stream(peer, [TProtocol(protocol)])
    except StreamFailure as error:
        if is_unknown_protocol(error):
            raise Refused("unknown-protocol", f"found that {peer} does not speak {protocol}") from error
        raise Unreachable(f"no stream for {protocol} to {peer} ({error})") from error
    except (trio.TooSlowError, *STREAM_ERRORS) as error:
        raise Unreachable(f"no stream for {protocol} to {peer} ({type(error).__name__})") from error
    return Conversation(stream, str(peer), protocol)


def is_unknown_protocol(error: BaseException) -> bool:
    """Whether a stream failed because the other side does not speak its protocol."""
    # The library has one type for every failure of the negotiation; only its words tell them apart.
    return isinstance(error, StreamFailure) and str(error.__cause__).startswith("protocols not supported")


class Listeners:
    """The answering side: every stream of a known protocol is read question by question."""

    def __init__(self, host: BasicHost, plan: Plan, outlets: Outlets) -> None:
        self._plan = plan
        self._outlets = outlets
        self._numbers = count()
        self._open: Counter[tuple[str, ID]] = Counter()
        for protocol in plan.protocols:
            host.set_stream_handler(TProtocol(protocol), self._serve)

    async def _serve(self, stream: INetStream) -> None:
        """One stream from its first question to its end; what it raises is caught by the stream guard."""
        peer = stream.muxed_conn.peer_id
        protocol = str(stream.get_protocol())
        if self._open[protocol, peer] >= CONVERSATIONS_PER_PEER:
            await reset(stream)
            return
        number = next(self._numbers)
        self._open[protocol, peer] += 1
        try:
            await self._answer_all(stream, number, protocol, str(peer))
        except Refused as error:
            self._outlets.blame(str(peer), error.reason)
            await reset(stream)
        except trio.TooSlowError:
            await reset(stream)
        finally:
            self._open[protocol, peer] -= 1
            if not self._open[protocol, peer]:
                del self._open[protocol, peer]
            self._outlets.closed(number)

    async def _answer_all(self, stream: INetStream, number: int, protocol: str, peer_id: str) -> None:
        frames = Frames(stream)
        while (question := await frames.read(self._plan.idle_timeout_s)) is not None:
            await frames.write(await self._outlets.answer(number, protocol, peer_id, question))
        await stream.close()
