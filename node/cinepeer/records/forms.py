"""Forms of values: small checks, put together into what a kind of body needs and may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.dagcbor import Value

MAX_NAME_BYTES = 1_024
MAX_TEXT_BYTES = 16_384
MAX_WHOLE = 2**53 - 1  # what every language can hold exactly

Check = Callable[[Value], bool]


def _agreed(_fields: Mapping[str, Value]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Form:
    """What a map must have and may have; fields of other names are free. `agree` looks at all fields together."""

    needed: dict[str, Check]
    optional: dict[str, Check] = field(default_factory=dict)
    agree: Callable[[Mapping[str, Value]], bool] = _agreed

    def misfit(self, fields: Mapping[str, Value]) -> str | None:
        """The name of a field that is missing or of another form, "" if they contradict each other, None if all fit."""
        for name, check in self.needed.items():
            if name not in fields or not check(fields[name]):
                return name
        for name, check in self.optional.items():
            if name in fields and not check(fields[name]):
                return name
        return None if self.agree(fields) else ""


def mapped(**needed: Check) -> Check:
    """A map with at least these fields."""
    form = Form(needed)
    return lambda value: isinstance(value, dict) and form.misfit(value) is None


def anything(value: Value) -> bool:
    """A map of whatever fields."""
    return isinstance(value, dict)


def data(least: int, most: int | None = None) -> Check:
    """Bytes of a length: `least`, or from `least` to `most`."""
    most = least if most is None else most
    return lambda value: isinstance(value, bytes) and not isinstance(value, Cid) and least <= len(value) <= most


def whole(least: int = 0, most: int = MAX_WHOLE) -> Check:
    """An integer in a range."""
    return lambda value: type(value) is int and least <= value <= most


def flag(value: Value) -> bool:
    """True or false."""
    return isinstance(value, bool)


def text(most_bytes: int, least_bytes: int = 0) -> Check:
    """Text, measured in bytes of UTF-8."""
    return lambda value: isinstance(value, str) and least_bytes <= len(value.encode()) <= most_bytes


name = text(MAX_NAME_BYTES)
prose = text(MAX_TEXT_BYTES)


def link(value: Value) -> bool:
    """The id of a block."""
    return isinstance(value, Cid)


def record_link(value: Value) -> bool:
    """The id of a record, or of another DAG-CBOR block."""
    return isinstance(value, Cid) and value.codec == DAG_CBOR


def maybe(check: Check) -> Check:
    """Null, or what `check` takes."""
    return lambda value: value is None or check(value)


def listed(check: Check, most: int, least: int = 0) -> Check:
    """A list of `least` to `most` values that `check` takes."""
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(check, value))


def distinct(check: Check, most: int, least: int = 0) -> Check:
    """Like `listed`, of text or bytes, none of them twice."""
    is_listed = listed(check, most, least)
    return lambda value: is_listed(value) and isinstance(value, list) and len(set(map(_key, value))) == len(value)


def _key(value: Value) -> str | bytes:
    return value if isinstance(value, str | bytes) else b""
