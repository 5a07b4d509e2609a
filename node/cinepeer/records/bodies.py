"""Bodies: what a record says. Known kinds are checked by a table; unknown kinds and fields are kept as they are.

A body is the DAG-CBOR map of its fields and a `nonce` of 16 random bytes, so that what was forgotten cannot be guessed.
The table is frozen: docs/records.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NewType

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.dagcbor import Value
from cinepeer.records.film_id import FilmId as FilmId
from cinepeer.records.film_id import is_external_id, is_film_id
from cinepeer.records.film_id import parse_film_id as parse_film_id
from cinepeer.records.forms import (
    Form,
    anything,
    data,
    distinct,
    flag,
    link,
    listed,
    mapped,
    maybe,
    name,
    prose,
    record_link,
    text,
    whole,
)

AuthorId = NewType("AuthorId", str)

MAX_BODY_BYTES = 32_768
MAX_RATINGS = 256
MAX_LISTED = 256
NONCE_BYTES = 16

# The chain of keys is made of these; without their bodies nobody could follow it.
KEY_KINDS = frozenset(("inception", "rotation", "delegate", "revocation"))


def _external(value: Value) -> bool:
    return isinstance(value, str) and is_external_id(value)


def _film(value: Value) -> bool:
    return isinstance(value, str) and is_film_id(value)


def _two_films(value: Value) -> bool:
    """Two film ids, ascending: so two films make one pair, whoever names them."""
    return _pair(value) and isinstance(value, list) and str(value[0]) < str(value[1])


def _ratings(value: Value) -> bool:
    """Pairs of film and stars, no film twice."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_RATINGS:
        return False
    films = set()
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            return False
        film, stars = pair
        if not isinstance(film, str) or not is_film_id(film):
            return False
        if stars is not None and not (type(stars) is int and 1 <= stars <= 10):
            return False
        films.add(film)
    return len(films) == len(value)


def _revoked_agree(fields: Mapping[str, Value]) -> bool:
    """A head is named unless nothing of the device is valid."""
    return (fields["head"] is None) == (fields["seq"] == -1)


_pair = distinct(_film, 2, least=2)
_signature = data(1, 4096)  # 65 bytes of an Ethereum key, or what a contract that signs wants
_key = data(32)
_address = data(20)

KINDS: dict[str, Form] = {
    "inception": Form({"root": _key, "next": data(32)}),
    "rotation": Form({"root": _key, "next": data(32), "previous": mapped(seq=whole(), head=record_link)}),
    "delegate": Form({"device": _key, "name": name}),
    "revocation": Form(
        {"device": _key, "seq": whole(-1), "head": maybe(record_link), "reason": prose}, agree=_revoked_agree
    ),
    "profile": Form({"name": name}, {"account": mapped(address=_address, chain=whole(), signature=data(65))}),
    "film": Form(
        {
            "name": text(1_024, least_bytes=1),
            "year": maybe(whole(1, 9999)),
            "external": distinct(_external, 16),
            "credits": listed(mapped(name=name, role=name), 1024),
            "genres": listed(name, 64),
            "synopsis": prose,
            "languages": listed(name, 64),
        }
    ),
    "version": Form(
        {
            "film": record_link,
            "label": name,
            "root": link,
            "duration_ms": whole(),
            "size_bytes": whole(),
            "blocks": whole(),
            "renditions": listed(mapped(name=name, width=whole(), height=whole(), bandwidth=whole()), 64),
            "source": data(32),
        },
        {"fingerprint": data(0, 4096)},
    ),
    "rating": Form({"ratings": _ratings}),
    "review": Form({"film": _film, "text": text(16_384, least_bytes=1), "language": name, "spoiler": flag}),
    "comment": Form({"on": record_link, "text": text(4_096, least_bytes=1), "language": name}),
    "follow": Form({"on": record_link, "follows": flag}),
    "collection": Form(
        {
            "list": maybe(record_link),
            "name": text(1_024, least_bytes=1),
            "about": text(4_096),
            "language": name,
            "films": distinct(_film, MAX_LISTED),
        }
    ),
    "same": Form({"films": _two_films, "same": flag}),
    "retraction": Form({"records": distinct(record_link, 256, least=1), "reason": prose}),
    "report": Form(
        {
            "on": record_link,
            "ground": text(64, least_bytes=1),
            "text": text(4_096, least_bytes=1),
            "language": name,
            "contact": maybe(name),
        }
    ),
    "ruling": Form(
        {
            "on": record_link,
            "report": maybe(record_link),
            "denied": flag,
            "reason": text(4_096, least_bytes=1),
            "language": name,
        }
    ),
    "appeal": Form({"ruling": record_link, "text": text(4_096, least_bytes=1), "language": name}),
    "offer": Form({"chain": whole(), "contract": _address, "terms": anything, "signature": _signature}),
    "title": Form(
        {
            "film": record_link,
            "chain": whole(),
            "contract": _address,
            "title": _address,
            "deed": anything,
            "signature": _signature,
        }
    ),
    "host": Form({"versions": listed(link, 1024), "addrs": listed(name, 64), "gateway": maybe(name), "custody": flag}),
    "network": Form(
        {"number": whole(), "genesis": record_link, "bootstrap": listed(name, 64), "endpoints": listed(name, 64)}
    ),
    "witness": Form({"chain": whole(), "height": whole(), "hash": data(32)}),
    "checkpoint": Form(
        {"scope": record_link, "moment": whole(), "records": whole(), "ratings": whole(), "root": record_link}
    ),
}


def new_body(kind: str, nonce: bytes, /, **fields: Value) -> bytes:
    """The block of a body; raises `Refused` (`not-canonical`, `bad-body`) for fields that the kind does not take.

    `nonce` is 16 bytes that nobody can guess.
    """
    block = dagcbor.encode({**fields, "nonce": nonce})
    parse_body(kind, block)
    return block


def parse_body(kind: str, block: bytes) -> dict[str, Value]:
    """The fields of a body, the nonce and unknown ones among them; raises `Refused` (`not-canonical`, `bad-body`)."""
    if len(block) > MAX_BODY_BYTES:
        raise Refused("bad-body", f"found {len(block)} bytes, expected at most {MAX_BODY_BYTES}")
    fields = dagcbor.decode(block)
    nonce = fields.get("nonce") if isinstance(fields, dict) else None
    if not isinstance(fields, dict) or type(nonce) is not bytes or len(nonce) != NONCE_BYTES:
        raise Refused("bad-body", f"found no map with a nonce, expected one of {NONCE_BYTES} bytes")
    form = KINDS.get(kind)
    misfit = form.misfit(fields) if form is not None else None
    if misfit is not None:
        found = _shown(fields, misfit)
        raise Refused("bad-body", f"found {found} in a body of kind {kind}, expected the form of that kind")
    return fields


def _shown(fields: Mapping[str, Value], misfit: str) -> str:
    """A misfit in words, cut where it gets long."""
    if not misfit:
        return "a contradiction"
    return f"{fields[misfit]!r:.60} as {misfit}" if misfit in fields else f"no {misfit}"
