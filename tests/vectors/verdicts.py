"""The node's verdicts on inputs of all sorts, and what another verifier says of the same ones."""

from __future__ import annotations

import json
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from cinepeer.content.unixfs import FileNode, Leaf, parse_node
from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys, merkle
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record, body_fields, parse_record, verify_record
from cinepeer.rights import proofs
from vectors.mutants import Input, inputs

SCRIPT = Path(__file__).parents[1] / "browser" / "verdicts.mjs"
BATCH = 1_000
PATIENCE_S = 120


@dataclass
class Comparison:
    """What two verifiers said: how often each verdict on each sort, and every input on which they differ."""

    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    differences: list[tuple[Input, str, str]] = field(default_factory=list)


def compare(seed: int, count: int, folder: Path) -> Iterator[Comparison]:
    """Asks both for `count` inputs; yields what was found so far after every thousand; `folder` takes the page's."""
    built = folder / "verdicts.mjs"
    subprocess.run(["node", str(SCRIPT), str(built)], check=True, timeout=PATIENCE_S)
    found = Comparison()
    made = inputs(random.Random(seed), count)
    while some := list(islice(made, BATCH)):
        lines = "".join(f"{json.dumps([sort, *_written(parts)])}\n" for sort, parts in some)
        done = subprocess.run(
            ["node", str(built)], input=lines, capture_output=True, text=True, check=True, timeout=PATIENCE_S
        )
        for one, line in zip(some, done.stdout.splitlines(), strict=True):
            ours, theirs = verdict(one), json.loads(line)
            found.verdicts[one[0], _sort_of(ours)] += 1
            if ours != theirs or ours.startswith("broke"):
                found.differences.append((one, ours, theirs))
        yield found


def verdict(one: Input) -> str:
    """What the node says: "ok …", the reason of a refusal, or "broke: …"."""
    sort, parts = one
    if sort == "story":
        return _story(*parts)
    return _told(lambda: _CHECKS[sort](*parts))


def _sort_of(verdict: str) -> str:
    return verdict.split(" ")[0].rstrip(",")


def _written(parts: Sequence[Any]) -> list[Any]:
    """Parts of an input as JSON holds them."""
    written: list[Any] = []
    for part in parts:
        if isinstance(part, bytes):
            written.append(part.hex())
        elif isinstance(part, (list, tuple)):
            written.append(_written(part))
        else:
            written.append(part)
    return written


def _told(work: Callable[[], object]) -> str:
    try:
        return f"ok {work()}".strip()
    except Refused as error:
        return error.reason
    except Exception as error:  # noqa: BLE001 - a verifier that breaks is what is looked for
        return f"broke: {error!r}"


def _story(now_ms: int, told: Sequence[tuple[bytes, bytes | None]]) -> str:
    feeds, held = Feeds(), list[Record]()

    def take(block: bytes, body: bytes | None) -> int:
        record = parse_record(block)
        verify_record(record)
        need = feeds.missing(record, now_ms)
        if need is not None:
            raise Refused(f"before its {need}", "")
        if body is not None:
            body_fields(record, body)
        feeds.verify(record, body)
        feeds.apply(record, body)
        held.append(record)
        return len(held)

    verdicts = [_told(lambda pair=pair: take(*pair)) for pair in told]  # type: ignore[misc]
    return ", ".join([*verdicts, *(str(feeds.counts(record)).lower() for record in held)])


def _signature(public: bytes, message: bytes, signature: bytes) -> str:
    keys.verify(public, message, signature)
    return ""


def _record(block: bytes) -> Cid:
    record = parse_record(block)
    verify_record(record)
    return record.id


def _node(codec: int, block: bytes) -> str:
    node = parse_node(Cid.of(block, codec), block)
    if isinstance(node, Leaf):
        return f"leaf {len(node.data)}"
    if isinstance(node, FileNode):
        return f"file {node.size} {' '.join(str(size) for _, size in node.parts)}"
    return f"folder {' '.join(sorted(node.entries))}"


def _inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> str:
    merkle.verify_inclusion(leaf, index, size, path, root)
    return ""


def _header(data: bytes) -> str:
    header = proofs.parse_header(data)
    return f"{header.number} {header.time} {header.state_root.hex()}"


def _account(root: bytes, address: bytes, nodes: Sequence[bytes]) -> str:
    account = proofs.read_account(root, address, nodes)
    return f"{account.balance} {account.storage_root.hex()} {account.code_hash.hex()}"


_CHECKS: dict[str, Callable[..., object]] = {
    "cid": lambda data: str(Cid.from_bytes(data)),
    "cid text": lambda text: str(Cid.parse(text)),
    "dag-cbor": lambda data: str(dagcbor.encode(dagcbor.decode(data)) == data).lower(),
    "signature": _signature,
    "record": _record,
    "body": lambda kind, block: len(parse_body(kind, block)),
    "node": _node,
    "inclusion": _inclusion,
    "header": _header,
    "account": _account,
}
