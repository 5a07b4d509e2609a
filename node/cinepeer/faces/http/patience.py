"""How long a client may take: who sends or takes too slowly is cut, and idle connections make room for others.

uvicorn bounds the pause between two requests and nothing before or within one, so that a few hundred clients that send
a byte a second would hold a node for ever.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from typing import Any, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

Phase = Literal["head", "body", "refused", "taking", "busy", "idle"]


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with deadlines on what a client sends, and problem documents for what is no HTTP."""

    look_s = 1.0
    # A request's line and headers have to be here within this time.
    head_s = 10.0
    # A body has to bring so many bytes in each window, while the application takes them.
    body_window_s = 10.0
    body_bytes_each_window = 10_240
    # What is still sent after the answer is read and thrown away for this long, so that the client sees the answer.
    refused_s = 5.0
    # Who does not take an answer that is waiting for it goes as well.
    taking_window_s = 60.0
    taking_bytes_each_window = 10_240
    most_connections = 256

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a connection; when there are too many, the one that has been quiet longest goes."""
        super().connection_made(transport)
        self._came_bytes = 0
        self._mark("head")
        self._clock = self.loop.call_later(self.look_s, self._look)
        if len(self.connections) > self.most_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the deadlines with the connection."""
        self._clock.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what came."""
        self._came_bytes += len(data)
        super().data_received(data)

    def phase(self) -> Phase:
        """What this connection is waiting for."""
        if self.conn.their_state is h11.SEND_BODY:
            return "refused" if self.cycle.response_complete else "body"
        if self.cycle is not None and not self.cycle.response_complete:
            return "taking" if self.flow.write_paused else "busy"
        return "head" if self.cycle is None or self.conn.trailing_data[0] else "idle"

    @property
    def quiet_s(self) -> float:
        """Since when it waits, for a connection that nobody would miss; 0 for one at work."""
        return time.monotonic() - self._since if self.phase() in ("head", "idle") else 0.0

    def _mark(self, phase: Phase) -> None:
        self._phase: Phase = phase
        self._since = time.monotonic()
        self._mark_bytes = self._came_bytes
        self._mark_waiting = self.transport.get_write_buffer_size()

    def _look(self) -> None:
        """Cuts the connection when its client takes too long."""
        if self.transport.is_closing():
            return
        self._clock = self.loop.call_later(self.look_s, self._look)
        phase, waited_s = self.phase(), time.monotonic() - self._since
        if phase != self._phase:
            self._mark(phase)
        elif phase == "head" and waited_s > self.head_s and not self._came_bytes:
            self.transport.close()  # a browser opens connections ahead: an answer would meet its first request
        elif phase == "head" and waited_s > self.head_s:
            self._refuse(408, f"found no whole request within {self.head_s:g} s, expected one")
        elif phase == "refused" and waited_s > self.refused_s:
            self.transport.abort()
        elif phase == "taking" and waited_s > self.taking_window_s:
            if self._mark_waiting - self.transport.get_write_buffer_size() < self.taking_bytes_each_window:
                self.transport.abort()
            else:
                self._mark(phase)
        elif phase == "body" and self.flow.read_paused:
            self._mark(phase)  # the application is the slow one
        elif phase == "body" and waited_s > self.body_window_s:
            if self._came_bytes - self._mark_bytes < self.body_bytes_each_window:
                self.transport.abort()
            else:
                self._mark(phase)

    def _make_room(self) -> None:
        """Closes the quietest other connection, or this one when all are at work."""
        quietest = max(_patient(self.connections, self), key=lambda one: one.quiet_s, default=None)
        if quietest is not None and quietest.quiet_s > 0:
            quietest.transport.abort()
        else:
            self._refuse(503, f"found {self.most_connections} connections at work, expected fewer: try again")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """What is no HTTP."""
        self._refuse(400, "found bytes that are no HTTP request, expected one")

    def _refuse(self, status: int, detail: str) -> None:
        """Sends a problem document, where there is still an answer to be begun, and closes."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps({"type": "about:blank", "status": status, "detail": detail}).encode()
            headers = [
                ("content-type", "application/problem+json"),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ]
            for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _patient(connections: Iterable[Any], besides: PatientProtocol) -> list[PatientProtocol]:
    return [one for one in connections if isinstance(one, PatientProtocol) and one is not besides]
