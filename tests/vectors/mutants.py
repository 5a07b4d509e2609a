"""Inputs for two verifiers of one thing: honest ones, honest ones changed, and noise, from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys, merkle
from cinepeer.records.cid import DAG_CBOR, DAG_PB, RAW, Cid
from cinepeer.records.record import DOMAIN
from cinepeer.rights import rlp
from cinepeer.rights.keccak import keccak
from vectors import edwards
from vectors.people import NOW_MS, Person, seed_of

Input = tuple[str, tuple[Any, ...]]
"""What sort of thing, and its parts: bytes, text, whole numbers, None and lists of these."""

_EDGES = (0, 1, 23, 24, 255, 256, 65_535, 65_536, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**63 - 1, 2**64 - 1)
_TEXTS = ("", "a", "película", "电影", "\x00", "a" * 300, "movielens:1", "imdb:tt0111161", "b" * 1100, "\u202e", "..")


def inputs(chance: random.Random, count: int) -> Iterator[Input]:
    """`count` inputs of all sorts in turn; the same ones for the same seed."""
    makers = [make(chance) for make in _MAKERS]
    for number in range(count):
        yield next(makers[number % len(makers)])


def changed(chance: random.Random, data: bytes) -> bytes:
    """`data` after one to three changes: bits, bytes, lengths, pieces left out, doubled or moved."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(len(out) + 1)
        piece = out[at : at + chance.randint(1, 40)]
        match chance.randrange(7):
            case 0 if out:
                out[min(at, len(out) - 1)] ^= 1 << chance.randrange(8)
            case 1 if out:
                out[min(at, len(out) - 1)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            case 2:
                out[at:at] = chance.randbytes(chance.randint(1, 4))
            case 3:
                del out[at : at + len(piece)]
            case 4:
                out[at:at] = piece
            case 5:
                del out[at:]
            case _:
                other = chance.randrange(len(out) + 1)
                out[other : other + len(piece)] = piece
    return bytes(out)


def _sometimes(chance: random.Random, data: bytes, noise: int = 80) -> bytes:
    """`data` itself, changed, or noise in its place."""
    match chance.randrange(8):
        case 0:
            return data
        case 1:
            return chance.randbytes(chance.randrange(noise))
        case _:
            return changed(chance, data)


def _value(chance: random.Random, depth: int = 3) -> dagcbor.Value:
    """Any value of the data model, those at the edges first."""
    match chance.randrange(9 if depth else 7):
        case 0:
            return None
        case 1:
            return chance.random() < 0.5
        case 2 | 3:
            edge = chance.choice(_EDGES)
            return chance.choice((edge, -edge, -1 - edge)) if edge < 2**63 else edge
        case 4:
            return chance.choice((0.5, -0.0, 1e308, 5e-324, float(2**53), chance.uniform(-1, 1)))
        case 5:
            return chance.choice((*_TEXTS, chance.randbytes(8).hex()))
        case 6:
            return Cid.of(chance.randbytes(2), chance.choice((RAW, DAG_PB, DAG_CBOR)))
        case 7:
            return [_value(chance, depth - 1) for _ in range(chance.randrange(5))]
        case _:
            return {chance.choice(_TEXTS): _value(chance, depth - 1) for _ in range(chance.randrange(5))}


def _varied(chance: random.Random, value: dagcbor.Value) -> dagcbor.Value:
    """`value` with one thing in it changed: left out, put in, or of another sort."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value))
        rest = {key: item for key, item in value.items() if key != name}
        match chance.randrange(6):
            case 0:
                return rest
            case 1:
                return {**value, chance.choice(_TEXTS): _value(chance, 1)}
            case _:
                return {**rest, name: _varied(chance, value[name])}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        match chance.randrange(4):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value * chance.randint(2, 300)
            case _:
                return [*value[:at], _varied(chance, value[at]), *value[at + 1 :]]
    if isinstance(value, bytes) and not isinstance(value, Cid) and chance.random() < 0.5:
        return changed(chance, value)
    return _value(chance, 2)


def _written(value: dagcbor.Value) -> bytes:
    try:
        return dagcbor.encode(value)
    except (ValueError, OverflowError, UnicodeError):
        return b""


def _told(name: str) -> Any:
    return json.loads((Path(__file__).parent / f"{name}.json").read_text())["vectors"]


def _long(text: str) -> bytes:
    digits, _, times = text.partition("*")
    return bytes.fromhex(digits) * int(times or 1)


def _cids(chance: random.Random) -> Iterator[Input]:
    while True:
        cid = Cid.of(chance.randbytes(4), chance.choice((RAW, DAG_PB, DAG_CBOR)))
        if chance.random() < 0.5:
            yield "cid", (_sometimes(chance, bytes(cid)),)
        else:
            letters = list(str(cid))
            at = chance.randrange(len(letters))
            letters[at : at + chance.randrange(2)] = chance.choice(("", "a", "7", "1", "A", "=", " ", "é", "bb"))
            yield "cid text", ("".join(letters),)


def _dagcbor(chance: random.Random) -> Iterator[Input]:
    known = [_long(one["hex"]) for part in _told("dagcbor").values() for one in part]
    known = [one for one in known if len(one) < 5_000]
    while True:
        data = chance.choice(known) if chance.random() < 0.5 else _written(_value(chance, 4))
        yield "dag-cbor", (_sometimes(chance, data),)


def _signatures(chance: random.Random) -> Iterator[Input]:
    known = [
        [bytes.fromhex(one[part]) for part in ("public", "message", "signature")]
        for one in _told("ed25519")["verdicts"]
    ]
    torsion = edwards.torsion()
    near = [_near(chance, torsion) for _ in range(24)]
    while True:
        if chance.random() < 0.5:
            public, message, signature = chance.choice(known)
        else:
            public, message, signature = _signed(chance, chance.choice(near), chance.choice(near))
        match chance.randrange(6):
            case 0:
                public = changed(chance, public)
            case 1:
                signature = changed(chance, signature)
            case 2:
                message = changed(chance, message)
            case _:
                pass
        yield "signature", (public, message, signature)


def _near(chance: random.Random, torsion: Sequence[edwards.Point]) -> tuple[bytes, int]:
    """A point in its form, perhaps with a part of small order, and the scalar of its other part."""
    scalar = chance.randrange(1, edwards.L)
    point = edwards.times(scalar, edwards.BASE)
    return edwards.encode(edwards.add(point, chance.choice(torsion)) if chance.random() < 0.5 else point), scalar


def _signed(chance: random.Random, key: tuple[bytes, int], nonce: tuple[bytes, int]) -> tuple[bytes, bytes, bytes]:
    """A signature by such a key and R, whose S may lie beyond the group's order."""
    message = chance.randbytes(chance.randrange(40))
    s = (nonce[1] + edwards.challenge(nonce[0], key[0], message) * key[1]) % edwards.L
    s += edwards.L * chance.choice((0, 0, 0, 1))
    return key[0], message, nonce[0] + s.to_bytes(32, "little")


def _records(chance: random.Random) -> Iterator[Input]:
    known = [bytes.fromhex(one["block"]) for part in ("valid", "refused") for one in _told("records")[part]]
    seed = seed_of("mutants")
    while True:
        block = chance.choice(known)
        if chance.random() < 0.4:
            yield "record", (_sometimes(chance, block),)
            continue
        try:
            value = dagcbor.decode(block)
        except Refused:
            continue
        header = value.get("header") if isinstance(value, dict) else None
        if not isinstance(header, dict):
            continue
        # Signed anew, so that what is read after the signature is reached as well.
        header = {**header, "device": keys.public_key(seed), "time": chance.choice(_EDGES[:-2])}
        if chance.random() < 0.7:
            header = _varied(chance, header)  # type: ignore[assignment]
        signature = keys.sign(seed, DOMAIN + _written(header))
        yield "record", (_written({"header": header, "signature": signature}),)


def _bodies(chance: random.Random) -> Iterator[Input]:
    told = _told("bodies")
    known = [(one["kind"], _long(one["block"])) for part in ("valid", "refused") for one in told[part]]
    known = [one for one in known if len(one[1]) < 4_000]
    while True:
        kind, block = chance.choice(known)
        if chance.random() < 0.05:
            kind = chance.choice(known)[0]
        if chance.random() < 0.25:
            yield "body", (kind, _sometimes(chance, block))
            continue
        try:
            value = dagcbor.decode(block)
        except Refused:
            continue
        for _ in range(chance.choice((1, 1, 2))):
            value = _varied(chance, value)
        yield "body", (kind, _written(value))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _nodes(chance: random.Random) -> Iterator[Input]:
    while True:
        sort = chance.choice((0, 1, 1, 2, 2, 3, 5))
        count = chance.randrange(4)
        sizes = [chance.choice((0, 1, 1000, chance.choice(_EDGES))) for _ in range(count)]
        links = []
        for at in range(count):
            name = chance.choice((b"", b"", b"a", b"%d.m4s" % at, b"..", b"a/b", b"\xff")) if sort != 1 else b"%d" % at
            cid = bytes(Cid.of(b"%d" % at, RAW))
            links.append(_field(2, _field(1, cid) + _field(2, name) + _varint(3 << 3) + _varint(at)))
        data = _varint(1 << 3) + _varint(sort)
        if sort != 1 and not count:
            data += _field(2, chance.randbytes(chance.randrange(9)))
        if sort != 1:
            whole = sum(sizes) if chance.random() < 0.9 else chance.choice(_EDGES)
            data += _varint(3 << 3) + _varint(min(whole, 2**64 - 1))
            data += b"".join(_varint(4 << 3) + _varint(size) for size in sizes)
        block = b"".join(links) + _field(1, data)
        codec = chance.choice((DAG_PB, DAG_PB, DAG_PB, DAG_PB, RAW, DAG_CBOR))
        yield "node", (codec, block if chance.random() < 0.3 else _sometimes(chance, block))


def _stories(chance: random.Random) -> Iterator[Input]:
    """Records of a few keys of one person: in order or not, some left out, some forks, some cut off by a root."""
    while True:
        person = Person(f"mutant {chance.random()}")
        phone, laptop = person.device("phone"), person.device("laptop")
        for _ in range(chance.randrange(2, 7)):
            writer = chance.choice((phone, laptop))
            match chance.randrange(8):
                case 0 if writer.pairs:
                    writer.write("rating", after=chance.choice(writer.pairs)[0], ratings=[["movielens:1", 3]])
                case 1:
                    person.revoke(writer, chance.choice([None, *(record for record, _ in writer.pairs)]))
                case 2:
                    person.rotate()
                case 3:
                    person.delegate(chance.choice((phone, laptop)))
                case _:
                    writer.rate(chance.randrange(1, 6), chance.randrange(1, 11))
        told: list[list[bytes | None]] = [[record.block, body] for record, body in person.pairs]
        match chance.randrange(5):
            case 0:
                chance.shuffle(told)
            case 1:
                del told[chance.randrange(len(told))]
            case 2:
                told[chance.randrange(len(told))][1] = chance.choice((None, b"", b"\xa0"))
            case 3:
                told.append(told[chance.randrange(len(told))])
            case _:
                pass
        yield "story", (NOW_MS, told)


def _inclusions(chance: random.Random) -> Iterator[Input]:
    while True:
        size = chance.randrange(1, 20)
        leaves = [b"%d" % at for at in range(size)]
        index = chance.randrange(size)
        path = merkle.inclusion(leaves, index)
        leaf, root = leaves[index], merkle.root(leaves)
        match chance.randrange(8):
            case 0:
                index = chance.randrange(size + 2)
            case 1:
                size = chance.randrange(1, 22)
            case 2 if path:
                del path[chance.randrange(len(path))]
            case 3 if path:
                path[chance.randrange(len(path))] = chance.randbytes(chance.choice((31, 32, 33)))
            case 4:
                path.append(chance.randbytes(32))
            case 5:
                leaf = changed(chance, leaf)
            case _:
                pass
        yield "inclusion", (leaf, index, size, path, root)


def _headers(chance: random.Random) -> Iterator[Input]:
    hashes, sizes = {0, 1, 3, 4, 5, 13, 16, 19, 20}, {2: 20, 6: 256, 14: 8}
    while True:
        fields: list[rlp.Item] = []
        for at in range(chance.choice((15, 16, 17, 20, 21, 21, chance.randrange(25)))):
            size = 32 if at in hashes else sizes.get(at)
            number = chance.choice(_EDGES)
            fields.append(bytes(size) if size else number.to_bytes((number.bit_length() + 7) // 8, "big"))
        if fields and chance.random() < 0.3:
            fields[chance.randrange(len(fields))] = chance.choice((b"", b"\0", b"\0\1", bytes(32), []))
        data = rlp.encode(fields)
        yield "header", (data if chance.random() < 0.5 else _sometimes(chance, data),)


def _accounts(chance: random.Random) -> Iterator[Input]:
    from trie import HexaryTrie

    while True:
        trie = HexaryTrie({})
        people = [chance.randbytes(20) for _ in range(chance.randrange(1, 12))]
        for person in people:
            account: list[rlp.Item] = [b"\1", chance.randbytes(2).lstrip(b"\0"), bytes(32), keccak(b"")]
            if chance.random() < 0.2:
                account[chance.randrange(4)] = chance.choice((b"", b"\0", b"\0\1", bytes(31), []))
            trie[keccak(person)] = rlp.encode(account)
        wanted = chance.choice([*people, chance.randbytes(20)])
        nodes = [rlp.encode(node) for node in trie.get_proof(keccak(wanted))]
        root = trie.root_hash
        if nodes and chance.random() < 0.6:
            at = chance.randrange(len(nodes))
            match chance.randrange(4):
                case 0:
                    del nodes[at]
                case 1:
                    nodes.append(nodes[at])
                case 2:
                    nodes[at] = changed(chance, nodes[at])
                case _:
                    # A root over a changed node: what is in it is reached, not only its hash.
                    nodes = [changed(chance, nodes[0])]
                    root = keccak(nodes[0])
        yield "account", (root, wanted, nodes)


_MAKERS: tuple[Callable[[random.Random], Iterator[Input]], ...] = (
    _cids,
    _dagcbor,
    _signatures,
    _records,
    _bodies,
    _nodes,
    _stories,
    _inclusions,
    _headers,
    _accounts,
)
