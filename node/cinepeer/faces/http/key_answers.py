"""The shapes of what the API answers about keys and devices."""

from __future__ import annotations

from cinepeer.faces.http.answers import Answer, Growing


class LastRecord(Answer):
    """The last record of a feed that counts: its seq (-1: none), and its id where a record names it."""

    seq: int
    head: str | None


class Key(Growing):
    """A key of the author and its state."""

    key: str
    sort: str
    name: str | None
    state: str
    signs: str
    records: int
    counted: int
    last: LastRecord | None
    here: bool


class Keys(Growing):
    """Who may sign what."""

    author: str
    device: str
    admitted: bool
    restored: bool
    following: str | None
    keys: list[Key]
    account: str


class Revoked(Answer):
    """The revocation that was signed."""

    record: str
    seq: int


class Rotated(Answer):
    """The rotation that was signed, and the root that speaks for the author from now on."""

    record: str
    root: str


class Admitted(Answer):
    """This node's device, and the delegation where one was signed now."""

    device: str
    record: str | None


class Delegated(Answer):
    """A device that the author's root admits, and the record that says so."""

    author: str
    device: str
    record: str


class NextPlace(Answer):
    """What the next record of a device must carry; its time may not be before `time_ms`."""

    seq: int
    prev: str | None
    time_ms: int


class DeviceState(Answer):
    """A device of this node's author; `next` is null where nothing of it counts any more."""

    author: str
    device: str
    name: str
    delegated: bool
    revoked: bool
    next: NextPlace | None
