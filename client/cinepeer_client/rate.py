"""Rates a film: signed here by an author of this client's own, given to the nodes named, and kept for their list."""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cinepeer.errors import BadInput, CheckFailed, Refused, Unreachable
from cinepeer.records import dagcbor
from cinepeer.records.bodies import new_body, parse_body, parse_film_id
from cinepeer.records.cid import Cid
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record
from cinepeer_client.fetch import Source
from cinepeer_client.state import Pair, State

MAX_ANSWER_BYTES = 1 << 20
NAME = "light client"


@dataclass(frozen=True, slots=True)
class Given:
    """One own rating that stands: its stars, when (ms), and its record."""

    stars: int
    time: int
    record: Cid


def given(pairs: Sequence[Pair]) -> dict[str, Given]:
    """The ratings that stand by what this client signed; of one film the newest (time, id) counts."""
    newest: dict[str, tuple[int, Cid, int | None]] = {}
    for record, body in pairs:
        if record.kind != "rating":
            continue
        fields: dict[str, Any] = parse_body("rating", body)
        for film, stars in fields["ratings"]:
            if film not in newest or newest[film][:2] < (record.time, record.id):
                newest[film] = (record.time, record.id, stars)
    return {film: Given(stars, time, record) for film, (time, record, stars) in newest.items() if stars is not None}


def sign_rating(state: State, film: str, stars: int | None, now_ms: int) -> tuple[Record, list[Pair]]:
    """Signs stars (None withdraws) after what was signed before; kept on disk when it returns, with the whole feed."""
    if stars is not None and not 1 <= stars <= 10:
        raise BadInput(f"found {stars} stars, expected 1 to 10")
    try:
        wanted = parse_film_id(film)
    except Refused as error:
        raise BadInput(str(error)) from error
    with state.turn():
        pairs = state.records() or _begin(state.seeds(), now_ms)
        last, seed = pairs[-1][0], state.seeds()["device"]
        device = public_key(seed)
        is_first = last.device != device
        # A millisecond later than the last one: of two words of one time the greater id would count.
        time = max(now_ms, last.time + 1)
        body = new_body("rating", secrets.token_bytes(16), ratings=[[wanted, stars]])
        record = sign_record(
            seed,
            author=pairs[0][0].author,
            seq=0 if is_first else last.seq + 1,
            prev=None if is_first else last.id,
            time=time,
            kind="rating",
            body=body,
        )
        pairs.append((record, body))
        state.keep(pairs)
    return record, pairs


def _begin(seeds: Mapping[str, bytes], now_ms: int) -> list[Pair]:
    """An author of its own: the inception by the root key, and the admission of this client's device."""
    root = seeds["root"]
    committed = hashlib.sha256(public_key(seeds["next"])).digest()
    body = new_body("inception", secrets.token_bytes(16), root=public_key(root), next=committed)
    first = sign_record(root, author=None, seq=0, prev=None, time=now_ms, kind="inception", body=body)
    admitted = new_body("delegate", secrets.token_bytes(16), device=public_key(seeds["device"]), name=NAME)
    second = sign_record(root, author=first.id, seq=1, prev=first.id, time=now_ms, kind="delegate", body=admitted)
    return [(first, body), (second, admitted)]


def send(sources: Sequence[Source], pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Gives everything signed so far to each node, which takes what it lacks; returns what each said.

    Raises `CheckFailed` where a node refused one of the records, `Unreachable` where none took them.
    """
    data = dagcbor.encode([[record.block, body] for record, body in pairs])
    told = []
    for source in sources:
        try:
            told.append({"url": source.url, **_post(source, data)})
        except (OSError, http.client.HTTPException, ValueError) as error:
            told.append({"url": source.url, "away": str(error) or type(error).__name__})
    taken = [one for one in told if "added" in one]
    refused = [f"{one['url']}: {one['refused'][0]['reason']}" for one in taken if one["refused"]]
    if refused:
        raise CheckFailed(f"found a record of ours refused ({'; '.join(refused)[:300]}), expected it to hold")
    if not taken:
        reasons = "; ".join(f"{one['url']}: {one['away']}" for one in told)
        raise Unreachable(
            f"found no node that takes the rating ({reasons}), expected one: it is kept and sent next time"
        )
    return told


def _post(source: Source, data: bytes) -> dict[str, Any]:
    """One node's answer to the records."""
    parts = urlsplit(source.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=source.timeout_s)
    try:
        connection.request("POST", f"{parts.path}/api/records", data, {"Content-Type": "application/vnd.ipld.dag-cbor"})
        answer = connection.getresponse()
        found = json.loads(answer.read(MAX_ANSWER_BYTES))
    finally:
        connection.close()
    if answer.status != 200:
        raise ValueError(f"it answered {answer.status}: {str(found.get('detail', ''))[:200]}")
    added, refused = found["added"], [{"reason": str(one["reason"])} for one in found["refused"]]
    return {"added": int(added), "refused": refused}
