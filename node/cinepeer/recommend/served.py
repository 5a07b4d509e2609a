"""What a node ranks by and gives away: signed bytes by channel and film, read without numpy, summed as integers.

A channel is one way in which a viewer's rating speaks: that they liked a film, that they did not, how lately they saw
it. score(j) = sum over channels, dial * scale(j) * sum over the history, value(age) * weight(i, j): whole numbers all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import RAW, Cid

FORMAT = "cinepeer/served-model/1"
FIT = 1  # the fit that this release makes: another number whenever the same ratings give other weights
LIKED = 8  # stars from which a rating is a like (4 of 5 in MovieLens' scale)
MAX_FILMS = 20_000
MAX_CHANNELS = 8
MAX_VALUE = 256  # 127 * 256 * 20,000 rated films stay below 2^31
MAX_SCALE = 1 << 20  # times that, a dial of at most 1,000 and 8 channels below 2^63
SPEAKS: Mapping[str, Callable[[int], bool]] = {
    "liked": lambda stars: stars >= LIKED,
    "disliked": lambda stars: stars < LIKED,
    "lately": lambda _: True,
}
TASTE = {"liked": 100, "disliked": 100}
NEXT = {"liked": 0, "disliked": 0, "lately": 100}


@dataclass(frozen=True, slots=True)
class Channel:
    """`weights`: signed bytes, row k is what film `rows[k]` says about every film, by `coding`.

    `name`: a key of `SPEAKS`, then a dot and what tells it from others of its kind. `values`: the input of a film
    after which the viewer rated 0, 1, 2 … others (the last one for all that follow); a single value asks for no times.
    `scales`: one per film, 0 to `MAX_SCALE`. `coding`: `dense` (one byte per film) or `sparse` (a bit per film, lowest
    first, then one byte per set bit; `offsets` has where each row begins).
    """

    name: str
    values: tuple[int, ...]
    rows: tuple[int, ...]
    scales: tuple[int, ...]
    coding: str
    weights: memoryview
    offsets: tuple[int, ...]

    @property
    def kind(self) -> str:
        """`liked`, `disliked` or `lately`."""
        return self.name.split(".")[0]

    def weight(self, place: int, film: int) -> int:
        """The weight of the row at `place` for film number `film`."""
        start = self.offsets[place]
        if self.coding == "dense":
            return self.weights[start + film]
        wide = (len(self.scales) + 7) // 8
        bits = int.from_bytes(bytes(self.weights[start : start + wide].cast("B")), "little")
        if not bits >> film & 1:
            return 0
        return self.weights[start + wide + (bits & (1 << film) - 1).bit_count()]

    def row(self, place: int) -> Iterator[tuple[int, int]]:
        """(film number, weight) of the row at `place`, films ascending; weights of 0 may be left out."""
        films = len(self.scales)
        start = self.offsets[place]
        if self.coding == "dense":
            yield from enumerate(self.weights[start : start + films])
            return
        wide = (films + 7) // 8
        bits = int.from_bytes(bytes(self.weights[start : start + wide].cast("B")), "little")
        for weight in self.weights[start + wide : self.offsets[place + 1]]:
            lowest = bits & -bits
            yield lowest.bit_length() - 1, weight
            bits ^= lowest


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model was fitted: the number of the fit (0: it does not say), and the digest of what was told of films.

    `told`: 32 bytes (sha256), or none. Who fits on the same ratings needs both alike to come to the same weights.
    """

    fit: int = 0
    told: bytes = b""


UNNAMED = Recipe()


@dataclass(frozen=True, slots=True)
class ServedModel:
    """`films`: ids ascending. `likes`: how many counted authors like each. `records`: ratings it was fitted on.

    `shares`: per cent of every part of the blend that it was made of, so that a refit elsewhere need not try them
    again; empty where they were not tried. `recipe`: what else a refit has to have alike.
    """

    films: tuple[str, ...]
    likes: tuple[int, ...]
    records: int
    channels: tuple[Channel, ...]
    shares: tuple[int, ...] = ()
    recipe: Recipe = UNNAMED


def channel_of(
    name: str, values: Sequence[int], rows: Sequence[int], scales: Sequence[int], coding: str, weights: bytes
) -> Channel:
    """A channel from its parts; raises `Refused` (`bad-model`) when they do not fit together."""
    if name.split(".")[0] not in SPEAKS:
        raise Refused("bad-model", f"found the channel {name!r}, expected one of {', '.join(SPEAKS)}")
    if not values or not all(0 <= value <= MAX_VALUE for value in values):
        raise Refused("bad-model", f"found other values than 0 to {MAX_VALUE} in {name}, expected those")
    if not all(0 <= scale <= MAX_SCALE for scale in scales):
        raise Refused("bad-model", f"found other scales than 0 to {MAX_SCALE} in {name}, expected those")
    if list(rows) != sorted(set(rows)) or (rows and (rows[0] < 0 or rows[-1] >= len(scales))):
        raise Refused("bad-model", f"found rows of {name} out of order, expected ascending film numbers")
    offsets = tuple(_offsets(len(rows), len(scales), coding, weights))
    if offsets[-1] != len(weights):
        raise Refused("bad-model", f"found {len(weights)} bytes of weights in {name}, expected {offsets[-1]}")
    held = memoryview(weights).cast("b")
    return Channel(name, tuple(values), tuple(rows), tuple(scales), coding, held, offsets)


def served_of(
    films: Sequence[str],
    likes: Sequence[int],
    records: int,
    channels: Iterable[Channel],
    shares: Sequence[int] = (),
    recipe: Recipe = UNNAMED,
) -> ServedModel:
    """A model from its parts; raises `Refused` (`bad-model`) when they do not fit together."""
    model = ServedModel(tuple(films), tuple(likes), records, tuple(channels), tuple(shares), recipe)
    if len(shares) > MAX_CHANNELS or (shares and sum(shares) != 100):
        raise Refused("bad-model", f"found {len(shares)} shares of {sum(shares)} per cent, expected 100 together")
    if len(recipe.told) not in (0, 32) or (recipe.told and not recipe.fit):
        raise Refused("bad-model", f"found a digest of {len(recipe.told)} bytes, expected 32 beside the fit's number")
    names = [channel.name for channel in model.channels]
    if len(films) > MAX_FILMS or len(names) > MAX_CHANNELS:
        raise Refused("bad-model", f"found {len(films)} films in {len(names)} channels, expected at most {MAX_FILMS}")
    if list(films) != sorted(set(films)) or names != sorted(set(names)):
        raise Refused("bad-model", "found films or channels out of order or twice, expected them ascending")
    if len(likes) != len(films) or any(len(channel.scales) != len(films) for channel in model.channels):
        raise Refused("bad-model", f"found other counts or scales than {len(films)}, expected one per film")
    return model


def save(model: ServedModel) -> bytes:
    """Header length (4 bytes, big-endian), DAG-CBOR header, weights by channel. Equal models give equal bytes."""
    channels: list[dagcbor.Value] = []
    for channel in model.channels:
        parts: dict[str, dagcbor.Value] = {"name": channel.name, "coding": channel.coding, "size": len(channel.weights)}
        for key, numbers in (("values", channel.values), ("rows", channel.rows), ("scales", channel.scales)):
            parts[key] = list(numbers)
        channels.append(parts)
    told: dict[str, dagcbor.Value] = {"format": FORMAT, "films": list(model.films), "likes": list(model.likes)}
    if model.shares:
        told["shares"] = list(model.shares)
    if model.recipe.fit:
        told["recipe"] = {"fit": model.recipe.fit, "told": model.recipe.told}
    header = dagcbor.encode({**told, "records": model.records, "channels": channels})
    return b"".join((len(header).to_bytes(4, "big"), header, *(channel.weights for channel in model.channels)))


def load(data: bytes) -> ServedModel:
    """Reads `save`d bytes; raises `Refused` (`bad-model`, `not-canonical`) for anything else."""
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 or size > len(data) - 4:
        raise Refused("bad-model", f"found {len(data)} bytes, expected a header of {size} bytes and weights")
    header = dagcbor.decode(data[4 : 4 + size])
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise Refused("bad-model", f"found another format, expected {FORMAT}")
    at = 4 + size
    channels = []
    for told in _list(header, "channels"):
        if not isinstance(told, dict):
            raise Refused("bad-model", "found a channel that is no map, expected one")
        length = _whole(told.get("size"))
        values, rows, scales = (_numbers(told, key) for key in ("values", "rows", "scales"))
        name, coding = _text(told.get("name")), _text(told.get("coding"))
        channels.append(channel_of(name, values, rows, scales, coding, data[at : at + length]))
        at += length
    if at != len(data):
        raise Refused("bad-model", f"found {len(data)} bytes, expected {at}")
    films = [_text(film) for film in _list(header, "films")]
    shares = _numbers(header, "shares") if "shares" in header else []
    recipe = _recipe(header["recipe"]) if "recipe" in header else UNNAMED
    return served_of(films, _numbers(header, "likes"), _whole(header.get("records")), channels, shares, recipe)


def served_id(data: bytes) -> Cid:
    """The CID (raw) of a model's bytes: what a receipt names."""
    return Cid.of(data, RAW)


def _offsets(rows: int, films: int, coding: str, weights: bytes) -> Iterator[int]:
    """Where each row begins, and where the last one ends."""
    if coding not in ("dense", "sparse"):
        raise Refused("bad-model", f"found the coding {coding!r}, expected dense or sparse")
    at, wide = 0, (films + 7) // 8
    yield at
    for _ in range(rows):
        if coding == "dense":
            at += films
        else:
            bits = int.from_bytes(weights[at : at + wide], "little")
            if bits >> films:
                raise Refused("bad-model", f"found a row that speaks of more than {films} films")
            at += wide + bits.bit_count()
        yield at


def _recipe(told: dagcbor.Value) -> Recipe:
    if not isinstance(told, dict) or not isinstance(digest := told.get("told"), bytes):
        raise Refused("bad-model", "found a recipe that is none, expected the fit's number and a digest")
    return Recipe(_whole(told.get("fit")), digest)


def _list(told: Mapping[str, dagcbor.Value], key: str) -> list[dagcbor.Value]:
    found = told.get(key)
    if not isinstance(found, list):
        raise Refused("bad-model", f"found no list of {key}, expected one")
    return found


def _numbers(told: Mapping[str, dagcbor.Value], key: str) -> list[int]:
    return [_whole(number) for number in _list(told, key)]


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise Refused("bad-model", f"found {found!r}, expected text")
    return found


def _whole(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Refused("bad-model", f"found {found!r}, expected a whole number from 0")
    return found
