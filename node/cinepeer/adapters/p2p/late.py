"""Parts of libp2p that a node hardly ever uses, loaded when something of them is: they were a third of its start.

libp2p loads all it has as soon as anything of it is wanted. A module that is named here is stood in for until a name of
it is called, looked into or made a base class of; from then on that name is the module's own. Nothing is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Beside each what it would bring along.
POSTPONED = (
    "libp2p.discovery.bootstrap.bootstrap",  # a resolver of DNS
    "libp2p.discovery.mdns.mdns",  # multicast, which mdns.py speaks with less
    "libp2p.metrics.swarm",  # a library of metrics
    "libp2p.rcmgr.prometheus_exporter",  # the same
    "libp2p.relay.circuit_v2.transport",  # the DHT
    "libp2p.security.tls.autotls.acme",  # two HTTP clients, and a terminal's colours
    "libp2p.security.tls.autotls.broker",  # one of them
    "libp2p.transport.quic.config",  # QUIC and TLS
    "libp2p.transport.quic.stream",
    "libp2p.transport.quic.transport",
    "libp2p.transport.quic.utils",
    "libp2p.transport.websocket.transport",  # two libraries of WebSockets beside the one of websocket.py
    "multiaddr.resolvers",  # a resolver of DNS
)
# Classes of theirs that each host makes an object of, and that hardly any host asks anything.
MADE_LATE = frozenset({("multiaddr.resolvers", "DNSResolver")})


def postpone(names: tuple[str, ...] = POSTPONED) -> None:
    """Stands in for each of these modules that is not loaded yet."""
    for name in names:
        if name not in sys.modules:
            sys.modules[name] = _Later(name)


class _Later(ModuleType):
    """A module whose names are stood in for."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "Loaded when something of it is used.")
        self.__spec__ = ModuleSpec(name, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(self.__name__, name)


def _loaded(name: str) -> ModuleType:
    """The module itself."""
    if isinstance(sys.modules.get(name), _Later):
        del sys.modules[name]
    return import_module(name)


class _Name:
    """A class or a function of a module that is not loaded yet."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def _real(self) -> Any:
        return getattr(_loaded(self._module), self._name)

    def __call__(self, *given: Any, **named: Any) -> Any:
        if (self._module, self._name) in MADE_LATE:
            return _Object(lambda: self._real()(*given, **named))
        return self._real()(*given, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._real(),)

    def __instancecheck__(self, one: Any) -> bool:
        # As long as the module is not loaded, nothing can be of its classes.
        return not isinstance(sys.modules[self._module], _Later) and isinstance(one, self._real())

    def __or__(self, _other: Any) -> Any:
        return Any  # in an annotation, which nobody reads while the program runs

    __ror__ = __or__


class _Object:
    """An object that is made when it is asked for something."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)
