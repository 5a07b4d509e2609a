"""Records and bodies of every kind, and the bytes that are none."""

from __future__ import annotations

import hashlib
from typing import Any

from cinepeer.records import dagcbor
from cinepeer.records.bodies import MAX_BODY_BYTES, MAX_RATINGS, new_body
from cinepeer.records.cid import DAG_CBOR, DAG_PB, RAW, Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.keys import public_key
from cinepeer.records.record import DOMAIN, MAX_NUMBER, MAX_RECORD_BYTES, sign_record
from vectors.dagcbor_cases import in_words

SEED = hashlib.sha256(b"the root of the vectors").digest()
NONCE = bytes(range(16))
TIME_MS = 1_700_000_000_000
FILM = Cid.of(b"a film record", DAG_CBOR)
FOLDER = Cid.of(b"a folder", DAG_PB)
BYTES_20, BYTES_32, BYTES_65 = bytes(range(20)), bytes(range(32)), bytes(range(65))

BODIES: list[tuple[str, dict[str, Value]]] = [
    ("inception", {"root": BYTES_32, "next": bytes(32)}),
    ("rotation", {"root": BYTES_32, "next": bytes(32), "previous": {"seq": 3, "head": FILM}}),
    ("delegate", {"device": BYTES_32, "name": "laptop"}),
    ("revocation", {"device": BYTES_32, "seq": 7, "head": FILM, "reason": "left on a train"}),
    ("revocation", {"device": BYTES_32, "seq": -1, "head": None, "reason": ""}),
    ("profile", {"name": "Agnès"}),
    ("profile", {"name": "Agnès", "account": {"address": BYTES_20, "chain": 1, "signature": BYTES_65}}),
    (
        "film",
        {
            "name": "七人の侍",
            "year": 1954,
            "external": ["imdb:tt0047478", "wikidata:Q189540", "tmdb:346", "movielens:2019"],
            "credits": [{"name": "黒澤明", "role": "director"}, {"name": "三船敏郎", "role": "cast", "as": "菊千代"}],
            "genres": ["drama", "adventure"],
            "synopsis": "Farmers hire seven swordsmen.",
            "languages": ["ja"],
        },
    ),
    (
        "film",
        {"name": "x", "year": None, "external": [], "credits": [], "genres": [], "synopsis": "", "languages": []},
    ),
    (
        "version",
        {
            "film": FILM,
            "label": "director's cut",
            "root": FOLDER,
            "duration_ms": 12_420_000,
            "size_bytes": 5_000_000_000,
            "blocks": 20_000,
            "renditions": [{"name": "1080p", "width": 1920, "height": 1080, "bandwidth": 6_000_000}],
            "source": BYTES_32,
            "fingerprint": b"\1\2\3",
        },
    ),
    ("rating", {"ratings": [["movielens:1", 9]]}),
    ("rating", {"ratings": [[str(FILM), 10], ["imdb:tt0111161", 1], ["wikidata:Q42", None]]}),
    ("rating", {"ratings": [[f"movielens:{number + 1}", 1 + number % 10] for number in range(MAX_RATINGS)]}),
    ("retraction", {"records": [FILM], "reason": "a mistake"}),
    (
        "offer",
        {
            "chain": 1337,
            "contract": BYTES_20,
            "terms": {"price": 1000, "title": bytes(32), "exclusive": False},
            "signature": BYTES_65,
        },
    ),
    (
        "title",
        {
            "film": FILM,
            "chain": 1337,
            "contract": BYTES_20,
            "title": BYTES_20,
            "deed": {"shares": [7000, 3000]},
            "signature": BYTES_65,
        },
    ),
    ("host", {"versions": [FILM], "addrs": ["/ip4/127.0.0.1/tcp/4001"], "gateway": None, "custody": False}),
    ("network", {"number": 0, "genesis": FILM, "bootstrap": [], "endpoints": ["http://localhost:8545"]}),
    ("witness", {"chain": 1337, "height": 12, "hash": BYTES_32}),
    ("film", {"name": "x", "year": 1, "external": [], "credits": [], "genres": [], "synopsis": "", "languages": [],
              "a-field-of-tomorrow": {"kept": [1, None, FILM]}}),
    ("letter-of-tomorrow", {"words": ["any", {"map": True}]}),
    ("checkpoint", {"scope": FILM, "moment": 1_700_000_000_000, "records": 1_000_000, "ratings": 0, "root": FILM}),
    ("review", {"film": str(FILM), "text": "他们在雨中等待。", "language": "zh-Hans", "spoiler": False}),
    ("review", {"film": "imdb:tt0111161", "text": "x" * 16_384, "language": "", "spoiler": True}),
    ("comment", {"on": FILM, "text": "So did I.", "language": "en"}),
    ("follow", {"on": FILM, "follows": False}),
    ("same", {"films": [str(FILM), "imdb:tt0111161"], "same": True}),
    ("same", {"films": ["imdb:tt0111161", "tmdb:278"], "same": False}),
    ("collection", {"list": None, "name": "夜", "about": "", "language": "zh-Hans",
                    "films": ["imdb:tt0111161", str(FILM)]}),
    ("collection", {"list": FILM, "name": "Nights", "about": "x" * 4_096, "language": "", "films": []}),
    ("report", {"on": FILM, "ground": "copyright", "text": "The film is mine.", "language": "en",
                "contact": "agnes@example.org"}),
    ("report", {"on": FILM, "ground": "g" * 64, "text": "x" * 4_096, "language": "", "contact": None}),
    ("ruling", {"on": FILM, "report": FILM, "denied": True, "reason": "The claim is shown.", "language": "en"}),
    ("ruling", {"on": FILM, "report": None, "denied": False, "reason": "x" * 4_096, "language": ""}),
    ("appeal", {"ruling": FILM, "text": "I have the licence.", "language": "en"}),
]  # fmt: skip

_good = dict(BODIES)
_account: Value = {"address": bytes(19), "chain": 1, "signature": BYTES_65}
REFUSED_BODIES: list[tuple[str, str, Value]] = [
    ("no map", "rating", []),
    ("no nonce", "letter-of-tomorrow", {"words": 1}),
    ("a nonce of 15 bytes", "letter-of-tomorrow", {"nonce": bytes(15)}),
    ("a nonce that is text", "letter-of-tomorrow", {"nonce": "x" * 16}),
    ("no root", "inception", {"nonce": NONCE, "next": bytes(32)}),
    ("a root of 31 bytes", "inception", {"nonce": NONCE, "next": bytes(32), "root": bytes(31)}),
    ("a rotation without a head", "rotation", {"nonce": NONCE, **_good["rotation"], "previous": {"seq": 3}}),
    ("rotated at seq -1", "rotation", {"nonce": NONCE, **_good["rotation"], "previous": {"seq": -1, "head": FILM}}),
    ("a name of 1,025 bytes", "delegate", {"nonce": NONCE, "device": BYTES_32, "name": "x" * 1025}),
    ("a device that is a link", "delegate", {"nonce": NONCE, "device": FILM, "name": "x"}),
    ("a revocation at -1 that names a head", "revocation", {"nonce": NONCE, **_good["revocation"], "head": FILM}),
    ("a revocation at 0 without a head", "revocation", {"nonce": NONCE, **_good["revocation"], "seq": 0}),
    ("a revocation at -2", "revocation", {"nonce": NONCE, **_good["revocation"], "seq": -2}),
    ("an account of 19 bytes", "profile", {"nonce": NONCE, "name": "x", "account": _account}),
    ("a film without a name", "film", {"nonce": NONCE, **_good["film"], "name": ""}),
    ("the year 0", "film", {"nonce": NONCE, **_good["film"], "year": 0}),
    ("a year that is true", "film", {"nonce": NONCE, **_good["film"], "year": True}),
    ("an external id in another form", "film", {"nonce": NONCE, **_good["film"], "external": ["imdb:tt47478"]}),
    ("an external id twice", "film", {"nonce": NONCE, **_good["film"], "external": ["tmdb:1", "tmdb:1"]}),
    ("a film record as an external id", "film", {"nonce": NONCE, **_good["film"], "external": [str(FILM)]}),
    ("a version of raw bytes", "version", {"nonce": NONCE, **_good["version"], "film": Cid.of(b"", RAW)}),
    ("a fingerprint of 4,097 bytes", "version", {"nonce": NONCE, **_good["version"], "fingerprint": bytes(4097)}),
    ("a rendition without a width", "version", {"nonce": NONCE, **_good["version"], "renditions": [{"name": "x"}]}),
    ("a duration beyond 2^53", "version", {"nonce": NONCE, **_good["version"], "duration_ms": 2**53}),
    ("no ratings", "rating", {"nonce": NONCE, "ratings": []}),
    ("257 ratings", "rating", {"nonce": NONCE, "ratings": [[f"movielens:{n}", 1] for n in range(1, MAX_RATINGS + 2)]}),
    ("no stars", "rating", {"nonce": NONCE, "ratings": [["movielens:1"]]}),
    ("0 stars", "rating", {"nonce": NONCE, "ratings": [["movielens:1", 0]]}),
    ("11 stars", "rating", {"nonce": NONCE, "ratings": [["movielens:1", 11]]}),
    ("half a star", "rating", {"nonce": NONCE, "ratings": [["movielens:1", 4.5]]}),
    ("stars that are true", "rating", {"nonce": NONCE, "ratings": [["movielens:1", True]]}),
    ("a film twice", "rating", {"nonce": NONCE, "ratings": [["movielens:1", 1], ["movielens:1", 2]]}),
    ("a film id in another form", "rating", {"nonce": NONCE, "ratings": [["movielens:01", 1]]}),
    ("a film id in Arabic digits", "rating", {"nonce": NONCE, "ratings": [["movielens:٣", 1]]}),
    ("a film id of raw bytes", "rating", {"nonce": NONCE, "ratings": [[str(Cid.of(b"", RAW)), 1]]}),
    ("a retraction of nothing", "retraction", {"nonce": NONCE, "records": [], "reason": ""}),
    ("a record retracted twice", "retraction", {"nonce": NONCE, "records": [FILM, FILM], "reason": ""}),
    ("a title of 21 bytes", "title", {"nonce": NONCE, **_good["title"], "title": bytes(21)}),
    ("an offer without a signature", "offer", {"nonce": NONCE, **_good["offer"], "signature": b""}),
    ("a custody that is 0", "host", {"nonce": NONCE, **_good["host"], "custody": 0}),
    ("a witness of a height below 0", "witness", {"nonce": NONCE, **_good["witness"], "height": -1}),
    ("more than 32,768 bytes", "letter-of-tomorrow", {"nonce": NONCE, "words": "x" * MAX_BODY_BYTES}),
    ("a checkpoint of raw bytes", "checkpoint", {"nonce": NONCE, **_good["checkpoint"], "root": Cid.of(b"", RAW)}),
    ("a checkpoint without a moment", "checkpoint", {"nonce": NONCE, **_good["checkpoint"], "moment": None}),
    ("a checkpoint of -1 records", "checkpoint", {"nonce": NONCE, **_good["checkpoint"], "records": -1}),
    ("a review without words", "review", {"nonce": NONCE, **_good["review"], "text": ""}),
    ("a review of 16,385 bytes", "review", {"nonce": NONCE, **_good["review"], "text": "x" * 16_385}),
    ("a review of no film", "review", {"nonce": NONCE, **_good["review"], "film": "movielens:01"}),
    ("a spoiler that is 1", "review", {"nonce": NONCE, **_good["review"], "spoiler": 1}),
    ("a comment of 4,097 bytes", "comment", {"nonce": NONCE, **_good["comment"], "text": "x" * 4_097}),
    ("a comment on a file", "comment", {"nonce": NONCE, **_good["comment"], "on": FOLDER}),
    ("a follow on a file", "follow", {"nonce": NONCE, **_good["follow"], "on": FOLDER}),
    ("a follow that is 1", "follow", {"nonce": NONCE, **_good["follow"], "follows": 1}),
    ("the same film twice", "same", {"nonce": NONCE, "films": ["tmdb:1", "tmdb:1"], "same": True}),
    ("one film that is the same", "same", {"nonce": NONCE, "films": ["tmdb:1"], "same": True}),
    ("three films that are the same", "same", {"nonce": NONCE, "films": ["tmdb:1", "tmdb:2", "tmdb:3"], "same": True}),
    ("films that are the same in another order", "same", {"nonce": NONCE, "films": ["tmdb:2", "tmdb:1"], "same": True}),
    ("the same as no film id", "same", {"nonce": NONCE, "films": ["tmdb:01", "tmdb:1"], "same": True}),
    ("a same that is 1", "same", {"nonce": NONCE, "films": ["tmdb:1", "tmdb:2"], "same": 1}),
    ("a list without a name", "collection", {"nonce": NONCE, **_good["collection"], "name": ""}),
    ("a list about 4,097 bytes", "collection", {"nonce": NONCE, **_good["collection"], "about": "x" * 4_097}),
    ("a list of a file", "collection", {"nonce": NONCE, **_good["collection"], "list": FOLDER}),
    ("a film twice in a list", "collection", {"nonce": NONCE, **_good["collection"], "films": ["tmdb:1", "tmdb:1"]}),
    ("a list of 257 films", "collection",
     {"nonce": NONCE, **_good["collection"], "films": [f"movielens:{n}" for n in range(1, 258)]}),
    ("a report on a file", "report", {"nonce": NONCE, **_good["report"], "on": FOLDER}),
    ("a report without a ground", "report", {"nonce": NONCE, **_good["report"], "ground": ""}),
    ("a ground of 65 bytes", "report", {"nonce": NONCE, **_good["report"], "ground": "g" * 65}),
    ("a report without words", "report", {"nonce": NONCE, **_good["report"], "text": ""}),
    ("a report of 4,097 bytes", "report", {"nonce": NONCE, **_good["report"], "text": "x" * 4_097}),
    ("a report without a contact or null", "report",
     {"nonce": NONCE, "on": FILM, "ground": "x", "text": "x", "language": ""}),
    ("a ruling that is 1", "ruling", {"nonce": NONCE, **_good["ruling"], "denied": 1}),
    ("a ruling without a reason", "ruling", {"nonce": NONCE, **_good["ruling"], "reason": ""}),
    ("a ruling on a file", "ruling", {"nonce": NONCE, **_good["ruling"], "on": FOLDER}),
    ("a ruling on a report of raw bytes", "ruling",
     {"nonce": NONCE, **_good["ruling"], "report": Cid.of(b"", RAW)}),
    ("an appeal against nothing", "appeal", {"nonce": NONCE, **_good["appeal"], "ruling": None}),
    ("an appeal without words", "appeal", {"nonce": NONCE, **_good["appeal"], "text": ""}),
]  # fmt: skip


def bodies() -> dict[str, Any]:
    """A body of each kind, and bodies that no node gives an effect."""
    return {
        "valid": [
            {
                "kind": kind,
                "block": (block := new_body(kind, NONCE, **fields)).hex(),
                "cid": str(Cid.of(block, DAG_CBOR)),
            }
            for kind, fields in BODIES
        ],
        "refused": [
            {"kind": kind, "block": dagcbor.encode(value).hex(), "why": why} for why, kind, value in REFUSED_BODIES
        ],
    }


HEADERS: list[dict[str, Any]] = [
    {"kind": "inception"},
    {"author": FILM, "kind": "rating"},
    {"author": FILM, "seq": 1, "prev": FILM, "kind": "x"},
    {"author": FILM, "seq": 24, "prev": FILM, "time": 0, "kind": "k" * 23},
    {"author": FILM, "seq": 256, "prev": FILM, "time": 2**32, "kind": "a-kind-of-tomorrow-2"},
    {"author": FILM, "seq": 65536, "prev": FILM, "time": 2**32 - 1, "kind": "rating"},
    {"author": FILM, "seq": MAX_NUMBER, "prev": FILM, "time": MAX_NUMBER, "kind": "rating"},
]


_KNOWN: dict[str, dict[str, Value]] = {
    "inception": {"root": public_key(SEED), "next": BYTES_32},
    "rating": {"ratings": [["movielens:1", 9]]},
}


def records() -> dict[str, Any]:
    """Signed records with the bytes that were signed, and blocks that are no records."""
    return {
        "domain": DOMAIN.hex(),
        "valid": [_record(header) for header in HEADERS],
        "refused": [{"block": block.hex(), "why": why} for why, block in _refused_records()],
    }


def _record(how: dict[str, Any]) -> dict[str, Any]:
    kind = how["kind"]
    fields = _KNOWN.get(kind, {"words": kind})
    body = new_body(kind, NONCE, **fields)
    header = {"author": None, "seq": 0, "prev": None, "time": TIME_MS} | how
    record = sign_record(SEED, body=body, **header)
    value: dict[str, Value] = {"v": 1, "device": record.device, "body": record.header.body, "size": len(body), **header}
    return {
        "seed": SEED.hex(),
        "header": in_words(value),
        "signed": (DOMAIN + dagcbor.encode(value)).hex(),
        "block": record.block.hex(),
        "id": str(record.id),
        "author": str(record.author),
        "body": body.hex(),
    }


# Why a record of such fields is none, in a record that is otherwise good.
_FALSE_FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("version 2", {"v": 2}),
    ("version true", {"v": True}),
    ("an author that is bytes", {"author": bytes(FILM)}),
    ("an author of raw bytes", {"author": Cid.of(b"", RAW)}),
    ("no author in a record that is no inception", {"author": None}),
    ("an author in an inception", {"kind": "inception", "seq": 0, "prev": None}),
    ("an inception at seq 1", {"kind": "inception", "author": None}),
    ("a device of 31 bytes", {"device": bytes(31)}),
    ("a device that is text", {"device": "x" * 32}),
    ("seq -1", {"seq": -1}),
    ("seq 2^53", {"seq": 2**53}),
    ("seq 1.0", {"seq": 1.0}),
    ("seq true", {"seq": True}),
    ("seq 0 with a prev", {"seq": 0}),
    ("seq 1 without a prev", {"prev": None}),
    ("a prev of DAG-PB", {"prev": FOLDER}),
    ("time -1", {"time": -1}),
    ("time 2^53", {"time": 2**53}),
    ("a time that is a float", {"time": 1.5}),
    ("no kind", {"kind": ""}),
    ("a kind of 24 bytes", {"kind": "k" * 24}),
    ("a kind with a capital letter", {"kind": "Rating"}),
    ("a kind that begins with a digit", {"kind": "2nd"}),
    ("a kind that begins with a hyphen", {"kind": "-x"}),
    ("a kind with a letter beyond ASCII", {"kind": "kritík"}),
    ("a kind that is bytes", {"kind": b"rating"}),
    ("a body of raw bytes", {"body": Cid.of(b"", RAW)}),
    ("no body", {"body": None}),
    ("size 0", {"size": 0}),
    ("size 32,769", {"size": MAX_BODY_BYTES + 1}),
]


def _refused_records() -> list[tuple[str, bytes]]:
    """Why a block is no record, and the block."""
    body = new_body("letter", NONCE)
    good = sign_record(SEED, author=FILM, seq=1, prev=FILM, time=TIME_MS, kind="rating", body=body)
    value = dagcbor.decode(good.block)
    assert isinstance(value, dict) and isinstance(value["header"], dict)
    header, signature = value["header"], value["signature"]

    def with_(**fields: Value) -> bytes:
        return dagcbor.encode({"header": {**header, **fields}, "signature": signature})

    def without(name: str) -> bytes:
        return dagcbor.encode({"header": {k: v for k, v in header.items() if k != name}, "signature": signature})

    return [
        ("no bytes", b""),
        ("a byte too many", good.block + b"\0"),
        ("a byte too few", good.block[:-1]),
        ("another shape", dagcbor.encode([header, signature])),
        ("a field beside header and signature", dagcbor.encode({**value, "x": 1})),
        ("no signature", dagcbor.encode({"header": header})),
        ("a signature of 63 bytes", dagcbor.encode({"header": header, "signature": bytes(63)})),
        ("a signature that is text", dagcbor.encode({"header": header, "signature": "x" * 64})),
        *((f"no {name} in the header", without(name)) for name in header),
        ("a field beside those of the header", with_(x=1)),
        *((why, with_(**fields)) for why, fields in _FALSE_FIELDS),
        ("a seq that is not minimal", good.block.replace(b"\x63seq\x01", b"\x63seq\x18\x01")),
        *(
            (f"a time in {len(form)} bytes that is not minimal", with_(time=9).replace(b"time\x09", b"time" + form))
            for form in (b"\x18\x09", b"\x19\0\x09", b"\x1a\0\0\0\x09", b"\x1b\0\0\0\0\0\0\0\x09")
        ),
        ("more than 1,024 bytes", with_(kind="k" * MAX_RECORD_BYTES)),
    ]
