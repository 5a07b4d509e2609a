"""The item model as deterministic bytes: one header, then an int8 weight for every ordered pair of films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import RAW, Cid

FORMAT = "cinepeer/item-model/1"
LIKED = 8  # stars from which a rating counts as liking (4 of 5 in MovieLens' scale)
MAX_FILMS = 20_000


@dataclass(frozen=True, slots=True)
class ItemModel:
    """What ranking needs: `weights[i * n + j] * scales[j]` is what having liked film i adds to the score of film j.

    `films`: n ids in ascending order. `likes`: how many counted authors like each. `scales`: n positive integers,
    fixed point with 32 fraction bits. `weights`: n*n signed bytes, row i = liked film, diagonal 0. `records`: how
    many counted ratings it was fitted on.
    """

    films: tuple[str, ...]
    likes: tuple[int, ...]
    scales: tuple[int, ...]
    weights: memoryview
    records: int

    def row(self, film: int) -> memoryview:
        """The n signed weights that having liked film number `film` gives to every film."""
        count = len(self.films)
        return self.weights[film * count : (film + 1) * count]


def model_of(
    films: Sequence[str], likes: Sequence[int], scales: Sequence[int], weights: bytes, records: int
) -> ItemModel:
    """A model from its parts; raises `Refused` (`bad-model`) when they do not fit together."""
    count = len(films)
    if count > MAX_FILMS:
        raise Refused("bad-model", f"found {count} films, expected at most {MAX_FILMS}")
    if len(likes) != count or len(scales) != count or len(weights) != count * count:
        raise Refused(
            "bad-model",
            f"found {len(likes)} likes, {len(scales)} scales and {len(weights)} weights, "
            f"expected {count}, {count} and {count * count}",
        )
    if list(films) != sorted(set(films)):
        raise Refused("bad-model", "found films out of order or twice, expected them ascending")
    return ItemModel(tuple(films), tuple(likes), tuple(scales), memoryview(weights).cast("b"), records)


def save(model: ItemModel) -> bytes:
    """The model's bytes: length of the header (4, big-endian), DAG-CBOR header, weights. Equal models, equal bytes."""
    header = dagcbor.encode(
        {
            "format": FORMAT,
            "films": list(model.films),
            "likes": list(model.likes),
            "scales": list(model.scales),
            "records": model.records,
        }
    )
    return len(header).to_bytes(4, "big") + header + model.weights.tobytes()


def load(data: bytes) -> ItemModel:
    """Reads `save`d bytes; raises `Refused` (`bad-model`) for anything else."""
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 or size > len(data) - 4:
        raise Refused("bad-model", f"found {len(data)} bytes, expected a header of {size} bytes and weights")
    header = dagcbor.decode(data[4 : 4 + size])
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise Refused("bad-model", f"found another format, expected {FORMAT}")
    films, likes, scales = header.get("films"), header.get("likes"), header.get("scales")
    records = header.get("records")
    if not isinstance(films, list):
        raise Refused("bad-model", "found no list of films, expected one")
    return model_of(
        [_text(film) for film in films],
        _counts("likes", likes),
        _counts("scales", scales),
        data[4 + size :],
        _count(records),
    )


def model_id(data: bytes) -> Cid:
    """The CID (raw) of a model's bytes: what a receipt names."""
    return Cid.of(data, RAW)


def _counts(name: str, found: object) -> list[int]:
    if not isinstance(found, list):
        raise Refused("bad-model", f"found no list of {name}, expected one")
    return [_count(number) for number in found]


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise Refused("bad-model", f"found {found!r}, expected a film id")
    return found


def _count(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Refused("bad-model", f"found {found!r}, expected a whole number from 0")
    return found
