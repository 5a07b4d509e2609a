"""Authors elsewhere, whose signed records somebody brings to a node."""

from __future__ import annotations

import hashlib
import http.client
import json
from typing import Any

from cinepeer.app.identity import new_author
from cinepeer.app.parts import Pair
from cinepeer.records import dagcbor
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import Cid
from cinepeer.records.keys import public_key
from cinepeer.records.record import sign_record
from real.nodes import Running

NOW_MS = 1_790_000_000_000
FILM: dict[str, Any] = {
    "year": 2026,
    "external": [],
    "credits": [],
    "genres": [],
    "synopsis": "",
    "languages": [],
}


class Stranger:
    """An author elsewhere, whose records somebody brings to the node."""

    def __init__(self, node: Running, name: str) -> None:
        self.node = node
        self.seeds = [hashlib.sha256(f"{name} {key}".encode()).digest() for key in ("root", "next", "device")]
        first = new_author(*self.seeds[:2], public_key(self.seeds[2]), NOW_MS, lambda size: bytes(size))
        self.id, self.seq, self.head = first[0][0].author, 0, None
        self.bring(first)

    def sign(self, kind: str, **fields: Any) -> Cid:
        body = new_body(kind, self.seq.to_bytes(16, "big"), **fields)
        time = NOW_MS + 1_000 * (self.seq + 1)
        record = sign_record(
            self.seeds[2], author=self.id, seq=self.seq, prev=self.head, time=time, kind=kind, body=body
        )
        self.seq, self.head = self.seq + 1, record.id
        self.bring([(record, body)])
        return record.id

    def bring(self, pairs: list[Pair]) -> None:
        data = dagcbor.encode([[record.block, body] for record, body in pairs])
        connection = http.client.HTTPConnection("127.0.0.1", self.node.api.port, timeout=30)
        connection.request("POST", "/api/records", data, {"Content-Type": "application/vnd.ipld.dag-cbor"})
        assert json.loads(connection.getresponse().read())["refused"] == []
        connection.close()
