"""What a node keeps of its peers over a restart: the address book and the bans."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cinepeer.errors import BadInput
from cinepeer.replication.book import Entry
from cinepeer.replication.reputation import Ban


@dataclass(frozen=True, slots=True)
class Acquaintances:
    """Whom a node could dial, and whom it turns away."""

    entries: tuple[Entry, ...] = ()
    bans: tuple[Ban, ...] = ()


def encode_acquaintances(known: Acquaintances) -> bytes:
    """They as they lie in a file: JSON, one object."""
    entries = [
        {
            "peer": one.peer,
            "addrs": list(one.addrs),
            "time_ms": one.time_ms,
            "teller": one.teller,
            "notice": one.notice.hex(),
            "reached_ms": one.reached_ms,
        }
        for one in known.entries
    ]
    bans = [
        {"peer": ban.peer, "until_ms": ban.until_ms, "reason": ban.reason, "times": ban.times} for ban in known.bans
    ]
    return json.dumps({"entries": entries, "bans": bans}, indent=1).encode()


def decode_acquaintances(data: bytes) -> Acquaintances:
    """Reads what `encode_acquaintances` wrote; raises `BadInput` when it is damaged."""
    try:
        found = json.loads(data)
        return Acquaintances(
            tuple(_entry(one) for one in found["entries"]),
            tuple(
                Ban(str(one["peer"]), int(one["until_ms"]), str(one["reason"]), int(one["times"]))
                for one in found["bans"]
            ),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(f"found the kept peers damaged ({error!r}), expected what a node wrote") from error


def _entry(one: dict[str, Any]) -> Entry:
    """What is tried again at once after a restart, whatever failed before it."""
    return Entry(
        str(one["peer"]),
        tuple(str(addr) for addr in one["addrs"]),
        int(one["time_ms"]),
        str(one["teller"]),
        bytes.fromhex(one["notice"]),
        int(one["reached_ms"]),
    )
