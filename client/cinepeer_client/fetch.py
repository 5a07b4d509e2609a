"""Asks nodes for bytes by GET alone and believes none of them: every block is checked, every lie is kept."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlsplit

from cinepeer.errors import BadInput, CheckFailed, Refused, Unreachable
from cinepeer.records.cid import Cid

MAX_BLOCK_BYTES = 2 << 20
AT_ONCE = 8
_PIECE_BYTES = 1 << 16
_IDLE_MOST = AT_ONCE

Answer = TypeVar("Answer")


class Unavailable(Exception):
    """A node gave no usable answer: it is away, slow, or does not have what was asked. `status` is HTTP's."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Lie:
    """Something that a node served and that does not hold."""

    node: str
    found: str

    def __str__(self) -> str:
        return f"{self.node}: {self.found}"


@dataclass(slots=True)
class Source:
    """One node by the URL of its page or gateway, and what it did in this run."""

    url: str
    timeout_s: float = 20.0
    lies: list[Lie] = field(default_factory=list)
    blocks: int = 0
    size_bytes: int = 0
    away: str = ""
    _idle: list[http.client.HTTPConnection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, url: str, timeout_s: float = 20.0) -> Source:
        """Checks an address that a person typed; raises `BadInput`."""
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.username or parts.query or parts.fragment:
            raise BadInput(f"found the node address {url[:200]!r}, expected one such as http://localhost:8080")
        return cls(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", timeout_s)

    @property
    def trusted_to_ask(self) -> bool:
        """Whether asking it may still help: it answers, and has not lied."""
        return not self.lies and not self.away

    def get(self, path: str, max_bytes: int, accept: str = "*/*") -> bytes:
        """The body of a GET; raises `Unavailable`, or `Refused` when it is longer than `max_bytes`."""
        kept = self._take()
        if kept is not None:
            # A connection that was kept may have been closed meanwhile: then once more with a new one.
            with contextlib.suppress(ConnectionError):
                return self._try(kept, path, max_bytes, accept)
        try:
            return self._try(self._connect(), path, max_bytes, accept)
        except ConnectionError as error:
            raise self._gone(str(error) or type(error).__name__) from None

    def _try(self, connection: http.client.HTTPConnection, path: str, max_bytes: int, accept: str) -> bytes:
        """Asks once; raises `ConnectionError` where the connection broke before an answer."""
        try:
            return self._ask(connection, path, max_bytes, accept)
        except ConnectionError:
            connection.close()
            raise
        except TimeoutError:
            connection.close()
            raise self._gone(f"no answer within {self.timeout_s:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._gone(str(error) or type(error).__name__) from None

    def _gone(self, reason: str) -> Unavailable:
        """Whoever is away is not asked again in this run."""
        self.away = reason
        return Unavailable(reason)

    def _ask(self, connection: http.client.HTTPConnection, path: str, max_bytes: int, accept: str) -> bytes:
        """One question over a connection, which is kept when it can serve again."""
        connection.request("GET", urlsplit(self.url).path + path, headers={"Accept": accept})
        # The timeout of a socket begins anew with every byte; this clock does not.
        late = threading.Event()
        clock = threading.Timer(self.timeout_s, _cut, (connection.sock, late))
        clock.start()
        try:
            response = connection.getresponse()
            body = bytearray()
            while piece := response.read1(_PIECE_BYTES):
                body += piece
                if len(body) > max_bytes:
                    connection.close()
                    raise Refused("too-long", f"found more than {max_bytes} bytes at {path}, expected at most that")
            # A connection that breaks in the headers looks like an answer that ends with the connection.
            if late.is_set() or response.length or (response.length is None and not response.chunked):
                raise TimeoutError if late.is_set() else http.client.IncompleteRead(bytes(body))
        finally:
            clock.cancel()
        response.close()
        self._give_back(connection)
        if response.status != http.client.OK:
            raise Unavailable(f"it answered {response.status} to {path}", response.status)
        return bytes(body)

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(parts.netloc, timeout=self.timeout_s, context=context)
        return http.client.HTTPConnection(parts.netloc, timeout=self.timeout_s)

    def _take(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < _IDLE_MOST and connection.sock is not None:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Closes the connections that were kept."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()


class Nodes:
    """The nodes that a person named, asked in turn; the first that gives what holds is enough."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """Raises `BadInput` when there is none."""
        if not sources:
            raise BadInput("found no node to ask, expected --node URL (or CINEPEER_NODE)")
        self.sources = tuple(sources)
        self.verified: set[Cid] = set()
        self._turn = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch")

    def __enter__(self) -> Nodes:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for source in self.sources:
            source.close()

    @property
    def lies(self) -> list[Lie]:
        """What the nodes served that does not hold."""
        return [lie for source in self.sources for lie in source.lies]

    def block(self, cid: Cid) -> bytes:
        """One block, checked against its id; raises `CheckFailed` when only lies came, `Unreachable` when nothing."""

        def read(source: Source) -> bytes:
            block = source.get(f"/ipfs/{cid}?format=raw", MAX_BLOCK_BYTES, "application/vnd.ipld.raw")
            if not cid.matches(block):
                raise Refused(
                    "wrong-block", f"found {len(block)} other bytes for the block {cid}, expected those of its id"
                )
            return block

        source, block = self.first(read, f"the block {cid}")
        with self._lock:
            source.blocks += 1
            source.size_bytes += len(block)
            self.verified.add(cid)
        return block

    def first(self, read: Callable[[Source], Answer], what: str) -> tuple[Source, Answer]:
        """The first answer that holds, and who gave it. A node whose answer `read` refuses is not asked again."""
        reasons = []
        for source in self._in_turn():
            if not source.trusted_to_ask:
                continue
            try:
                return source, read(source)
            except Unavailable as error:
                reasons.append(f"{source.url}: {error}")
            except Refused as error:
                self.blame(source, error)
        raise self._nothing(what, reasons)

    def each(self, read: Callable[[Source], Answer]) -> list[tuple[Source, Answer]]:
        """The answers of all nodes that gave one that holds; raises like `block` when there is none."""

        reasons = []

        def ask(source: Source) -> tuple[Source, Answer] | None:
            try:
                return source, read(source)
            except Unavailable as error:
                reasons.append(f"{source.url}: {error}")
                return None
            except Refused as error:
                self.blame(source, error)
                return None

        answers = [answer for answer in self._pool.map(ask, self.sources) if answer is not None]
        if not answers:
            raise self._nothing("an answer", reasons)
        return answers

    def many(self, cids: Sequence[Cid]) -> list[bytes]:
        """Blocks in the order of `cids`, several at once."""
        return list(self._pool.map(self.block, cids))

    def blame(self, source: Source, error: Refused) -> None:
        """Keeps what `source` served and does not hold."""
        with self._lock:
            source.lies.append(Lie(source.url, str(error)))

    def _in_turn(self) -> list[Source]:
        """The nodes, each time from the next one on, so that they share the work."""
        with self._lock:
            start = self._turn % len(self.sources)
            self._turn += 1
        return [*self.sources[start:], *self.sources[:start]]

    def _nothing(self, what: str, reasons: Sequence[str]) -> CheckFailed | Unreachable:
        """The error for a question to which no answer holds."""
        if self.lies:
            return CheckFailed(f"found nothing that holds for {what}, expected one honest node ({self.lies[-1]})")
        away = [f"{source.url}: {source.away}" for source in self.sources if source.away]
        told = "; ".join(reasons or away) or "no node is left"
        return Unreachable(f"found no node that gives {what} ({told}), expected one")


def _cut(connected: socket.socket, late: threading.Event) -> None:
    """Ends a conversation from outside, whatever it waits for."""
    late.set()
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def encoded(text: str) -> str:
    """One part of a path, escaped."""
    return quote(text, safe="")
