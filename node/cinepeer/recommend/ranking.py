"""A list from a served model and a history, in whole numbers and plain Python: the same anywhere, bit for bit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cinepeer.errors import BadInput
from cinepeer.recommend.served import SPEAKS, TASTE, Channel, ServedModel

MAX_DIAL = 1_000
POPULARITY = "popularity"


@dataclass(frozen=True, slots=True)
class Ranked:
    """One film of a list. `by` is `taste`, or `popularity` when nothing in the history speaks of it."""

    film: str
    score: int
    likes: int
    by: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one of the viewer's own ratings adds to a score through one channel.

    The dial against popularity has a part of its own: channel `popularity`, its film the ranked one.
    """

    channel: str
    film: str
    adds: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A score opened: the `adds` of its `parts` sum to it exactly. Largest first, ties by channel and film."""

    film: str
    score: int
    parts: tuple[Part, ...]


Key = TypeVar("Key", str, int)
# A channel that speaks, its dial, and the history as (place of the row, value).
Input = tuple[Channel, int, list[tuple[int, int]]]


def rank(
    model: ServedModel,
    stars: Mapping[str, int],
    times: Mapping[str, int] | None = None,
    *,
    limit: int = 20,
    excluded: Collection[str] = (),
    dials: Mapping[str, int] = TASTE,
    against_popularity: int = 0,
) -> list[Ranked]:
    """The `limit` best films for who gave `stars` (film id → 1..10) at `times`; ties by likes, then by film id.

    Rated and `excluded` films never come back. `dials`: per cent by channel name or kind (`liked`, `disliked`,
    `lately`), 0 to 1,000; one that is not named is silent. `against_popularity`: 0 to 1,000, what every doubling of
    a film's likes costs it (see `popularity_steps`). Raises `BadInput`.
    """
    verify_request(stars, dials, against_popularity)
    inputs = inputs_of(model, stars, times, dials)
    totals = [0] * len(model.films)
    spoken = bytearray(len(model.films))
    for channel, dial, found in inputs:
        sums = [0] * len(totals)
        for place, value in found:
            for film, weight in channel.row(place):
                sums[film] += value * weight
        for film, (part, scale) in enumerate(zip(sums, channel.scales, strict=True)):
            totals[film] += dial * part * scale
            spoken[film] |= part != 0
    if against_popularity:
        step = popularity_steps(model, against_popularity)
        totals = [total - step * likes.bit_length() for total, likes in zip(totals, model.likes, strict=True)]
    barred = {*stars, *excluded}
    order = sorted(
        (number for number, film in enumerate(model.films) if film not in barred),
        key=lambda number: (-totals[number], -model.likes[number], number),
    )
    return [ranked(model, number, totals[number], bool(spoken[number])) for number in order[: max(limit, 0)]]


def explain(
    model: ServedModel,
    stars: Mapping[str, int],
    film: str,
    times: Mapping[str, int] | None = None,
    *,
    dials: Mapping[str, int] = TASTE,
    against_popularity: int = 0,
) -> Opened:
    """Opens the score that `rank` gives to `film` with the same arguments; raises `BadInput` for an unknown film."""
    verify_request(stars, dials, against_popularity)
    return opened(model, inputs_of(model, stars, times, dials), film, against_popularity)


def opened(model: ServedModel, inputs: Sequence[Input], film: str, against_popularity: int) -> Opened:
    """The score of `film` from a history's `inputs_of`; raises `BadInput` for an unknown film."""
    number = place_of(model.films, film)
    if number is None:
        raise BadInput(f"found {film}, expected one of the {len(model.films)} films of the model")
    parts = []
    for channel, dial, found in inputs:
        for place, value in found:
            adds = dial * value * channel.weight(place, number) * channel.scales[number]
            parts.append(Part(channel.name, model.films[channel.rows[place]], adds))
    if against_popularity:
        cost = popularity_steps(model, against_popularity) * model.likes[number].bit_length()
        parts.append(Part(POPULARITY, film, -cost))
    told = sorted((part for part in parts if part.adds), key=lambda part: (-part.adds, part.channel, part.film))
    return Opened(film, sum(part.adds for part in told), tuple(told))


def inputs_of(
    model: ServedModel, stars: Mapping[str, int], times: Mapping[str, int] | None, dials: Mapping[str, int]
) -> list[Input]:
    """For every channel that speaks: its dial, and the history as (place of the row, value), places ascending."""
    ages = _ages(stars, times)
    numbers = [(number, film) for film in stars if (number := place_of(model.films, film)) is not None]
    numbers.sort()
    found = []
    for channel in model.channels:
        dial = dial_of(channel, dials)
        if not dial or (ages is None and len(channel.values) > 1):
            continue
        speaks, last = SPEAKS[channel.kind], len(channel.values) - 1
        inputs = []
        for number, film in numbers:
            place = place_of(channel.rows, number) if speaks(stars[film]) else None
            if place is not None:
                inputs.append((place, channel.values[min(ages[film] if ages is not None else 0, last)]))
        found.append((channel, dial, [pair for pair in inputs if pair[1]]))
    return found


def place_of(ascending: Sequence[Key], wanted: Key) -> int | None:
    """Where `wanted` stands among values that ascend; None: it does not."""
    place = bisect_left(ascending, wanted)
    return place if place < len(ascending) and ascending[place] == wanted else None


def dial_of(channel: Channel, dials: Mapping[str, int]) -> int:
    """Per cent, by the channel's name or else its kind; 0 where neither is named."""
    return dials.get(channel.name, dials.get(channel.kind, 0))


def popularity_steps(model: ServedModel, against_popularity: int) -> int:
    """What every further binary digit of a film's likes costs it.

    At 100 it is an eighth of what a full weight (127) of a like adds to the film of the middle scale.
    """
    liked = next((channel for channel in model.channels if channel.kind == "liked"), None)
    if liked is None:
        return 0
    return against_popularity * liked.values[0] * sorted(liked.scales)[len(liked.scales) // 2] * 127 // 8


def ranked(model: ServedModel, number: int, score: int, is_spoken: bool) -> Ranked:
    """The film at `number` as a list shows it."""
    return Ranked(model.films[number], score, model.likes[number], "taste" if is_spoken else "popularity")


def verify_request(stars: Mapping[str, int], dials: Mapping[str, int], against_popularity: int) -> None:
    """Raises `BadInput` for stars outside 1 to 10 and dials outside 0 to 1,000."""
    for film, given in stars.items():
        if not 1 <= given <= 10:
            raise BadInput(f"found {given} stars for {film}, expected 1 to 10")
    for name, dial in (*dials.items(), (POPULARITY, against_popularity)):
        if not 0 <= dial <= MAX_DIAL:
            raise BadInput(f"found {dial} for the dial {name}, expected 0 to {MAX_DIAL}")


def _ages(stars: Mapping[str, int], times: Mapping[str, int] | None) -> dict[str, int] | None:
    """How many films were rated after each; ties by film id. None without times for all of them."""
    if times is None or any(film not in times for film in stars):
        return None
    order = sorted(stars, key=lambda film: (times[film], film), reverse=True)
    return {film: age for age, film in enumerate(order)}
