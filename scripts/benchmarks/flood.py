"""What an author who floods costs everybody else: how much longer their records wait, and what a fork of his costs."""

from __future__ import annotations

import hashlib
import statistics
import time
from typing import Any

from cinepeer.records.bodies import new_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record
from cinepeer.records.span import Span
from cinepeer.replication import events, gossip
from cinepeer.replication.machine import Machine
from cinepeer.trust.counted import Counted
from cinepeer.trust.rows import Rows

Pair = tuple[Record, bytes | None]

NETWORK = Cid.of(b"\xa0", DAG_CBOR)
BORN_MS = 1_700_000_000_000
PEOPLE = 50
FLOOD = 5_000
RATINGS, FLOODED = 1_000_000, 100_000


def figures() -> dict[str, dict[str, Any]]:
    """The wait of others with and without a flood, in records stored before theirs; and of a fork at a million."""
    quiet, flooded = _waits(0), _waits(FLOOD)
    recount_ms = _recount_ms()
    return {
        "figures": {
            "flood_wait_records": flooded,
            "flood_delay_factor": flooded / quiet,
            "flood_fork_recount_ms": recount_ms,
        },
        "baselines": {"flood_wait_records": quiet},
        "ratios": {"flood_wait_records": flooded / quiet},
        "notes": {
            "flood_wait_records": f"the most records stored before one of {PEOPLE} people's, heard after {FLOOD:,} of "
            "one author, a batch under way among them; beside the same without that author",
            "flood_fork_recount_ms": f"judging {FLOODED:,} ratings of one author anew among {RATINGS:,}",
        },
    }


def _ratings(author: int, count: int) -> list[Pair]:
    """Records of one rating each, on one feed."""
    seed = hashlib.sha256(f"flood {author}".encode()).digest()
    whose, prev = Cid.of(public_key(seed), DAG_CBOR), None
    made: list[Pair] = []
    for seq in range(count):
        body = new_body("rating", seed[:16], ratings=[[f"movielens:{1 + seq}", 1 + seq % 10]])
        prev = sign_record(
            seed,
            author=whose,
            seq=seq,
            prev=None if prev is None else prev.id,
            time=BORN_MS + seq,
            kind="rating",
            body=body,
        )
        made.append((prev, body))
    return made


def _waits(flood: int) -> int:
    """The most records that were stored between hearing a person's record and storing it."""
    machine = Machine(NETWORK, 1, me="bench")
    people = {pairs[0][0].id: pairs[0] for pairs in (_ratings(1 + number, 1) for number in range(PEOPLE))}
    wanted: list[events.Effect] = []
    for message in gossip.messages(_ratings(0, flood) if flood else []):
        wanted += machine.handle(events.Gossiped("flooder", message), BORN_MS)
    for message in gossip.messages(list(people.values())):
        wanted += machine.handle(events.Gossiped("friend", message), BORN_MS)
    stored, waits = 0, []
    while stores := [effect for effect in wanted if isinstance(effect, events.Store)]:
        wanted = []
        for store in stores:
            for record, _ in store.records:
                stored += 1
                waits += [stored] if record.id in people else []
            added = tuple(record for record, _ in store.records)
            wanted += machine.handle(events.Stored(store.ticket, added), BORN_MS)
    assert len(waits) == PEOPLE
    return max(waits)


def _recount_ms() -> float:
    """Taking off all that one author said, as its fork does, and giving it back, on arrays of very many ratings."""
    counted = Counted()
    per_author = RATINGS // 100
    flooder = Cid.of(b"0", DAG_CBOR)
    for begin in range(0, RATINGS, per_author):
        rows = Rows()
        whose = flooder if begin < FLOODED else Cid.of(str(begin).encode(), DAG_CBOR)
        for number in range(begin, begin + per_author):
            digest = hashlib.sha256(number.to_bytes(8, "big")).digest()
            rows.add(whose, bytes(32), number, BORN_MS + number, digest, [(f"movielens:{1 + number % 60_000}", 7)])
        counted.extend(rows)
    times = []
    for seq in (0, RATINGS, 0, RATINGS):
        begin_s = time.process_time()
        counted.recount([flooder], lambda _author, _device, seq=seq: Span(seq), {})
        times.append((time.process_time() - begin_s) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    print(figures())
