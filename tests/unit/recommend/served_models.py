"""Small served models made by hand for the tests of lists and receipts."""

from __future__ import annotations

from collections.abc import Mapping

from cinepeer.recommend.served import Channel, ServedModel, channel_of, served_of

FILMS = tuple(f"movielens:{number}" for number in range(1, 7))
ONE, TWO, THREE, FOUR, FIVE, SIX = FILMS

LIKED = {
    ONE: {TWO: 100, THREE: 90, FOUR: 20},
    TWO: {ONE: 100, THREE: 120, FIVE: -30},
    THREE: {ONE: 90, TWO: 120, FOUR: 10},
    FOUR: {FIVE: 60, ONE: 20},
    FIVE: {FOUR: 60},
    SIX: {},
}
DISLIKED = {ONE: {TWO: -50, FIVE: 40}, FOUR: {FIVE: -80}}


def channel(name: str, weights: Mapping[str, Mapping[str, int]], scale: int = 10) -> Channel:
    """A dense channel with one scale for all films."""
    rows = [number for number, film in enumerate(FILMS) if film in weights]
    data = b"".join(bytes(weights[FILMS[row]].get(film, 0) & 0xFF for film in FILMS) for row in rows)
    return channel_of(name, [64], rows, [scale] * len(FILMS), "dense", data)


def small_model() -> ServedModel:
    """Six films: 1, 2 and 3 are liked together, so are 4 and 5, and nothing is known of 6."""
    channels = [channel("disliked.item", DISLIKED, 5), channel("liked.item", LIKED)]
    return served_of(FILMS, [9, 8, 7, 40, 5, 60], 129, channels)
