"""Arrays as deterministic bytes: one DAG-CBOR header, then every array in C order, little-endian."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cinepeer.errors import Refused
from cinepeer.records import dagcbor

FORMAT = "cinepeer/recommender/1"
DTYPES = ("<f4", "<i4", "|u1")
Arrays = Mapping[str, npt.NDArray[np.generic]]


def pack(model: str, arrays: Arrays) -> bytes:
    """Header length (4 bytes, big-endian), header, arrays by name. Equal arrays give equal bytes."""
    shapes: list[dagcbor.Value] = []
    bodies: list[bytes] = []
    for name in sorted(arrays):
        array = arrays[name]
        dtype = {"f": "<f4", "i": "<i4", "u": "|u1"}[array.dtype.kind]
        shapes.append([name, dtype, list(array.shape)])
        bodies.append(np.ascontiguousarray(array, dtype=dtype).tobytes())
    header = dagcbor.encode({"format": FORMAT, "model": model, "arrays": shapes})
    return b"".join((len(header).to_bytes(4, "big"), header, *bodies))


def model_name(data: bytes) -> str:
    """The name of the model that `pack` was given; raises `Refused` (`bad-model`)."""
    name = _header(data)[0].get("model")
    if not isinstance(name, str):
        raise Refused("bad-model", f"found {name!r}, expected the name of a model")
    return name


def unpack(data: bytes) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays that `pack` was given; raises `Refused` (`bad-model`) for other, truncated or longer bytes."""
    header, at = _header(data)
    found = header.get("arrays")
    if not isinstance(found, list):
        raise Refused("bad-model", "found no list of arrays, expected one")
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for entry in found:
        name, dtype, shape = _entry(entry)
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size > len(data) - at:
            raise Refused("bad-model", f"found {len(data) - at} bytes, expected {size} for {name}")
        arrays[name] = np.frombuffer(data, dtype, math.prod(shape), at).reshape(shape)
        at += size
    if at != len(data):
        raise Refused("bad-model", f"found {len(data) - at} bytes more than the header says")
    return arrays


def _header(data: bytes) -> tuple[dict[str, dagcbor.Value], int]:
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 or size > len(data) - 4:
        raise Refused("bad-model", f"found {len(data)} bytes, expected a header of {size} bytes and arrays")
    header = dagcbor.decode(data[4 : 4 + size])
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise Refused("bad-model", f"found another format, expected {FORMAT}")
    return header, 4 + size


def _entry(entry: dagcbor.Value) -> tuple[str, str, list[int]]:
    if not isinstance(entry, list) or len(entry) != 3:
        raise Refused("bad-model", f"found {entry!r}, expected a name, a type and a shape")
    name, dtype, shape = entry
    if not isinstance(name, str) or not isinstance(dtype, str) or dtype not in DTYPES or not isinstance(shape, list):
        raise Refused("bad-model", f"found {entry!r}, expected a name, a type and a shape")
    numbers = [number for number in shape if isinstance(number, int) and not isinstance(number, bool) and number >= 0]
    if len(numbers) != len(shape) or len(shape) > 3:
        raise Refused("bad-model", f"found the shape {shape!r}, expected up to three whole numbers")
    return name, dtype, numbers
