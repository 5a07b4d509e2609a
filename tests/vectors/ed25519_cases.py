"""Ed25519: signatures on which implementations disagree, each with the one verdict and its reason.

The cases of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020) and some more, made anew from the curve.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from vectors import edwards as curve
from vectors.edwards import BASE, IDENTITY, L, P, Point

Case = tuple[str, bytes, bytes, bytes]  # why, public key, message, signature

SEED = bytes(range(32))
SCALAR = curve.secret_scalar(SEED) % L
KEY: Point = curve.times(SCALAR, BASE)
TORSION = curve.torsion()
SMALL = TORSION[1]  # of order 8
NONCE = 0x5EED


def _message(text: str, number: int = 0) -> bytes:
    return f"{text} {number}".encode()


def _sign(why: str, key: Point, scalar: int, nonce: Point, nonce_scalar: int, message: bytes) -> Case:
    """A signature S = r + ka by whatever points stand for A and R."""
    public, r = curve.encode(key), curve.encode(nonce)
    s = (nonce_scalar + curve.challenge(r, public, message) * scalar) % L
    return why, public, message, r + s.to_bytes(32, "little")


def _search(why: str, key: Point, scalar: int, nonce: Point, nonce_scalar: int, holds: bool) -> Case:
    """The first message with which SB = R + kA holds without the cofactor, or does not."""
    for number in range(1000):
        case = _sign(why, key, scalar, nonce, nonce_scalar, _message("film", number))
        _, public, message, signature = case
        k = curve.challenge(signature[:32], public, message)
        left = curve.times(int.from_bytes(signature[32:], "little"), BASE)
        if (left == curve.add(nonce, curve.times(k, key))) == holds:
            return case
    raise AssertionError("no message found")


def _good() -> Iterator[Case]:
    nonce = curve.times(NONCE, BASE)
    for message in (b"", b"film", bytes(1000)):
        yield _sign(f"an honest signature of {len(message)} bytes", KEY, SCALAR, nonce, NONCE, message)
    mixed = curve.add(KEY, SMALL)
    yield _search("a key with a part of order 8 that k takes away", mixed, SCALAR, nonce, NONCE, True)
    both = curve.add(nonce, curve.times(4, SMALL))
    yield _search("key and R with parts of small order that take each other away", mixed, SCALAR, both, NONCE, True)


def _cofactor() -> Iterator[Case]:
    nonce = curve.times(NONCE, BASE)
    mixed = curve.add(KEY, SMALL)
    odd = curve.add(nonce, SMALL)
    yield _search("holds only when multiplied by 8: a part of order 8 in the key", mixed, SCALAR, nonce, NONCE, False)
    yield _sign("holds only when multiplied by 8: a part of order 8 in R", KEY, SCALAR, odd, NONCE, b"film")
    yield _search("holds only when multiplied by 8: parts of order 8 in both", mixed, SCALAR, odd, NONCE, False)


def _small() -> Iterator[Case]:
    zero = bytes(32)
    for place, point in enumerate(TORSION):
        public = curve.encode(point)
        for number in range(1000):
            message = _message("film", number)
            r = IDENTITY
            k = curve.challenge(curve.encode(r), public, message)
            if curve.times(k, point) == IDENTITY:
                yield f"S = 0, R = identity, key of small order {place}", public, message, curve.encode(r) + zero
                break
    nonce = curve.times(NONCE, BASE)
    yield _search("an honest R, and a key of order 8 that k takes away", SMALL, 0, nonce, NONCE, True)
    yield _sign("an honest key, and R the identity", KEY, SCALAR, IDENTITY, 0, b"film")
    yield "the identity key with a signature of zeros", curve.encode(IDENTITY), b"film", bytes(64)
    yield "a key of zeros with a signature of zeros", zero, b"film", bytes(64)
    yield "an honest key with a signature of zeros", curve.encode(KEY), b"film", bytes(64)


def loose_forms() -> list[bytes]:
    """Every encoding of 32 bytes that names a point of small order, canonical or not."""
    ys = sorted({y for _, y in TORSION})
    found = [
        (number | sign << 255).to_bytes(32, "little")
        for y in ys
        for number in (y, y + P)
        for sign in (0, 1)
        if number < 1 << 255
    ]
    return [data for data in found if curve.decode_loosely(data) is not None]


def _loose() -> Iterator[Case]:
    honest = curve.encode(KEY)
    zero = bytes(32)
    for data in loose_forms():
        point = curve.decode_loosely(data)
        assert point is not None
        message = next(
            message
            for message in (_message("film", number) for number in range(1000))
            if curve.times(curve.challenge(curve.encode(IDENTITY), data, message), point) == IDENTITY
        )
        yield f"a key of small order as {data.hex()}", data, message, curve.encode(IDENTITY) + zero
        k = curve.challenge(data, honest, b"film")
        yield f"an R of small order as {data.hex()}", honest, b"film", data + (k * SCALAR % L).to_bytes(32, "little")
    for number in range(P, 1 << 255):
        data = number.to_bytes(32, "little")
        if curve.decode_loosely(data) is not None and data not in loose_forms():
            k = curve.challenge(data, honest, b"film")
            yield f"R with y = p + {number - P}", honest, b"film", data + (k * SCALAR % L).to_bytes(32, "little")
            yield f"a key with y = p + {number - P}", data, b"film", curve.encode(IDENTITY) + zero


def _scalars() -> Iterator[Case]:
    _, public, message, signature = next(_good())
    s = int.from_bytes(signature[32:], "little")
    for name, number in {
        "S + L": s + L,
        "S + 8L": s + 8 * L,
        "S + 13L": s + 13 * L,
        "S = L": L,
        "S of all ones": (1 << 256) - 1,
        "S with its highest bit set": s | 1 << 255,
    }.items():
        if number < 1 << 256:
            yield f"{name}, which is not canonical", public, message, signature[:32] + number.to_bytes(32, "little")
    r = curve.encode(IDENTITY)
    k = curve.challenge(r, public, message)
    yield "S = 0 and R = -kA, a signature without the key", public, message, _without_key(public, message)
    yield "S + L beside R the identity", public, message, r + ((k * SCALAR % L) + L).to_bytes(32, "little")


def _without_key(public: bytes, message: bytes) -> bytes:
    """R = -kA for another k: what a forger could do if R were not hashed."""
    point = curve.minus(curve.times(curve.challenge(public, public, message), KEY))
    return curve.encode(point) + bytes(32)


def _broken() -> Iterator[Case]:
    _, public, message, signature = next(_good())
    yield "a changed message", public, message + b".", signature
    other = curve.encode(curve.times(7, BASE))
    yield "another key", other, message, signature
    yield "a bit changed in R", public, message, bytes((signature[0] ^ 1,)) + signature[1:]
    yield "a bit changed in S", public, message, signature[:32] + bytes((signature[32] ^ 1,)) + signature[33:]
    off = next(data for data in _off_curve())
    yield "a key that is no point", off, message, signature
    yield "an R that is no point", public, message, off + signature[32:]
    yield "a signature cut short", public, message, signature[:-1]
    yield "a signature with a byte too many", public, message, signature + b"\0"
    yield "a key cut short", public[:-1], message, signature
    yield "no signature", public, message, b""
    negated = curve.encode(curve.minus(KEY))
    yield "the key's inverse", negated, message, signature


def _off_curve() -> Iterator[bytes]:
    for y in range(2, 100):
        if curve.x_of(y, 0) is None:
            yield y.to_bytes(32, "little")


def cases() -> list[Case]:
    """All cases, those that hold first."""
    return [case for part in (_good, _cofactor, _small, _loose, _scalars, _broken) for case in part()]


def ed25519() -> list[dict[str, Any]]:
    """Each case with the verdict of the slow reference, which is the one that all must give."""
    return [
        {
            "why": why,
            "public": public.hex(),
            "message": message.hex(),
            "signature": signature.hex(),
            "valid": curve.is_valid(public, message, signature),
        }
        for why, public, message, signature in cases()
    ]


def seeds() -> list[dict[str, str]]:
    """Seeds with their public keys and a signature, as RFC 8032 makes them."""
    found = []
    for number in range(3):
        seed = hashlib.sha256(bytes((number,))).digest()
        scalar = curve.secret_scalar(seed)
        public, message = curve.encode(curve.times(scalar, BASE)), b"cinepeer" * number
        prefix = hashlib.sha512(seed).digest()[32:]
        nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
        r = curve.encode(curve.times(nonce, BASE))
        s = (nonce + curve.challenge(r, public, message) * scalar) % L
        signature = r + s.to_bytes(32, "little")
        found.append(
            {"seed": seed.hex(), "public": public.hex(), "message": message.hex(), "signature": signature.hex()}
        )
    return found
