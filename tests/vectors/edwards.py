"""A slow Ed25519 that follows RFC 8032 word by word: the judge of the fast one, and the maker of its edge cases."""

from __future__ import annotations

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

Point = tuple[int, int]  # affine x, y

IDENTITY: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    """The sum of two points of the curve -x² + y² = 1 + dx²y²."""
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return x % P, y % P


def times(scalar: int, point: Point) -> Point:
    """`scalar` times `point`; the scalar is not reduced, so it may act on points of any order."""
    total = IDENTITY
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def minus(point: Point) -> Point:
    """The inverse of a point."""
    return -point[0] % P, point[1]


def x_of(y: int, sign: int) -> int | None:
    """The x with the parity `sign` that belongs to `y`, or None; x = 0 with sign 1 gives 0, as careless decoders do."""
    ratio = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(ratio, (P + 3) // 8, P)
    if (x * x - ratio) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - ratio) % P:
        return None
    return -x % P if x & 1 != sign else x


def encode(point: Point) -> bytes:
    """The canonical 32 bytes of a point."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode_loosely(data: bytes) -> Point | None:
    """The point that 32 bytes name, also in a form that is not canonical."""
    number = int.from_bytes(data, "little")
    y = (number & (1 << 255) - 1) % P
    x = x_of(y, number >> 255)
    return None if x is None else (x, y)


def decode(data: bytes) -> Point | None:
    """The point whose canonical encoding `data` is, or None."""
    point = decode_loosely(data)
    return point if point is not None and encode(point) == data else None


Y = 4 * pow(5, -1, P) % P
BASE: Point = (x_of(Y, 0) or 0, Y)


def torsion() -> list[Point]:
    """The eight points of small order, as multiples of one of order 8."""
    y = 2
    while True:
        x = x_of(y, 0)
        if x is not None:
            point = times(L, (x, y))
            if times(4, point) != IDENTITY:
                return [times(number, point) for number in range(8)]
        y += 1


def is_small(point: Point) -> bool:
    """Whether the point's order divides 8."""
    return times(8, point) == IDENTITY


def challenge(r: bytes, public: bytes, message: bytes) -> int:
    """The scalar that a signature answers."""
    return int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L


def secret_scalar(seed: bytes) -> int:
    """The clamped scalar of a seed."""
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return number & (1 << 254) - 8 | 1 << 254


def is_valid(public: bytes, message: bytes, signature: bytes) -> bool:
    """The strict verdict: canonical A, R and S, no small order, and SB = R + kA without a cofactor."""
    if len(public) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    a, r = decode(public), decode(signature[:32])
    if s >= L or a is None or r is None or is_small(a) or is_small(r):
        return False
    k = challenge(signature[:32], public, message)
    return times(s, BASE) == add(r, times(k, a))


def is_valid_with_cofactor(public: bytes, message: bytes, signature: bytes) -> bool:
    """The lenient verdict of libraries that multiply by 8 and take any encoding."""
    a, r = decode_loosely(public), decode_loosely(signature[:32])
    if a is None or r is None:
        return False
    k = challenge(signature[:32], public, message)
    left = times(8 * int.from_bytes(signature[32:], "little"), BASE)
    return left == times(8, add(r, times(k, a)))
