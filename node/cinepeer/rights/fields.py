"""The fields of a decoded map, each taken once and with its type; nothing may be left over."""

from __future__ import annotations

from typing import TypeVar

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid

_T = TypeVar("_T")


class Fields:
    """Reads one map from strangers; every method raises `Refused` (`bad-form`) when the field is not as wanted."""

    def __init__(self, value: object, what: str) -> None:
        """`value` is what `dagcbor.decode` gave; `what` names the map in sentences."""
        if not isinstance(value, dict):
            raise Refused("bad-form", f"{what}: found {type(value).__name__}, expected a map")
        self._left = dict(value)
        self._what = what

    @classmethod
    def of(cls, block: bytes, what: str) -> Fields:
        """The fields of a DAG-CBOR block."""
        return cls(dagcbor.decode(block), what)

    def take(self, name: str, kind: type[_T]) -> _T:
        """The field `name`, which must be exactly a `kind` (a bool is no int, a Cid no bytes)."""
        value = self._left.pop(name, None)
        if type(value) is not kind:
            raise Refused("bad-form", f"{self._what}: found {type(value).__name__} as {name}, expected {kind.__name__}")
        return value

    def data(self, name: str, size: int | None = None) -> bytes:
        """Bytes, of exactly `size` when that is given."""
        return sized(self.take(name, bytes), size, f"{self._what}: {name}")

    def value(self, name: str) -> object:
        """Any value, None included; the field must be there."""
        if name not in self._left:
            raise Refused("bad-form", f"{self._what}: found no {name}, expected it")
        return self._left.pop(name)

    def optional(self, name: str, size: int) -> bytes | None:
        """Bytes of exactly `size`, or None; the field must be there."""
        value = self.value(name)
        return None if value is None else sized(value, size, f"{self._what}: {name}")

    def number(self, name: str) -> int:
        """A whole number from 0 on."""
        return whole(self.take(name, int), f"{self._what}: {name}")

    def cid(self, name: str) -> Cid:
        """A link."""
        return self.take(name, Cid)

    def items(self, name: str) -> list[object]:
        """A list of anything."""
        return self.take(name, list)

    def has(self, name: str) -> bool:
        """Whether the field is there and was not taken yet."""
        return name in self._left

    def verify_end(self) -> None:
        """Raises when a field is left that nobody asked for."""
        if self._left:
            raise Refused("bad-form", f"{self._what}: found the fields {sorted(self._left)}, expected none of them")


def row(value: object, size: int, what: str) -> list[object]:
    """A list of exactly `size` values; raises `Refused` (`bad-form`)."""
    if not isinstance(value, list) or len(value) != size:
        raise Refused("bad-form", f"{what}: found another value, expected a list of {size}")
    return value


def sized(value: object, size: int | None, what: str) -> bytes:
    """Plain bytes, of exactly `size` when that is given; raises `Refused` (`bad-form`)."""
    if type(value) is not bytes or (size is not None and len(value) != size):
        found = f"{len(value)} bytes" if isinstance(value, bytes) else type(value).__name__
        raise Refused("bad-form", f"{what}: found {found}, expected {'bytes' if size is None else f'{size} bytes'}")
    return value


def whole(value: object, what: str) -> int:
    """A whole number from 0 on; raises `Refused` (`bad-form`)."""
    if type(value) is not int or value < 0:
        raise Refused("bad-form", f"{what}: found {value!r}, expected a whole number from 0 on")
    return value


def link(value: object, what: str) -> Cid:
    """A link; raises `Refused` (`bad-form`)."""
    if not isinstance(value, Cid):
        raise Refused("bad-form", f"{what}: found {type(value).__name__}, expected a link")
    return value


def listed(value: object, what: str) -> list[object]:
    """A list of anything; raises `Refused` (`bad-form`)."""
    if not isinstance(value, list):
        raise Refused("bad-form", f"{what}: found {type(value).__name__}, expected a list")
    return value
