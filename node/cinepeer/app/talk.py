"""Speaking to connected peers, and what must not be forgotten of it: what several parts need of the outside."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class Talk(Protocol):
    """An open conversation with one peer."""

    async def ask(self, question: bytes, timeout_s: float = ...) -> bytes: ...


class Neighbour(Protocol):
    """A connected peer."""

    @property
    def peer_id(self) -> str: ...


class Talking(Protocol):
    """The peer-to-peer network as far as neighbours are spoken to."""

    def neighbours(self) -> Sequence[Neighbour]: ...
    def conversation(self, peer_id: str, protocol: str) -> AbstractAsyncContextManager[Talk]: ...


class Reaching(Talking, Protocol):
    """The same, where peers are connected to as well."""

    async def connect(self, multiaddr: str) -> str: ...


class Notes(Protocol):
    """What must not be forgotten over a restart: JSON objects by name."""

    def all(self) -> list[dict[str, Any]]: ...
    def save(self, name: str, note: dict[str, Any]) -> None: ...
