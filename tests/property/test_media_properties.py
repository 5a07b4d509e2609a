"""Whatever ffprobe or a node says, it is a film within the limits or one named error."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cinepeer.adapters.media.description import MAX_HOURS, MAX_SIDE, parse_description
from cinepeer.adapters.media.ladder import RUNGS, sizes
from cinepeer.errors import BadInput, Refused
from cinepeer_client.films import Shelf, parse_hints

WORDS = ["video", "audio", "subtitle", "N/A", "24/1", "0/0", "1:1", "64:45", "avi", "tt", "-90", "1e400", "nan", "12.5"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rotation", "default"]), inner),
    max_leaves=5,
)
NAMES = [
    *("index", "codec_type", "codec_name", "width", "height", "channels", "duration", "nb_frames", "field_order"),
    *("avg_frame_rate", "r_frame_rate", "sample_aspect_ratio", "side_data_list", "disposition"),
]
FILM: dict[str, Any] = {"codec_type": "video", "index": 0, "width": 640, "height": 480}


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES), max_size=3), st.dictionaries(st.text(), VALUES))
def test_any_description_is_a_film_or_a_sentence(streams: list[dict[str, Any]], more: dict[str, Any]) -> None:
    container = {"format_name": "avi", "duration": "12.5", **more}
    for found in (streams, [{**FILM, **stream} for stream in streams] or [FILM]):
        data = json.dumps({"streams": found, "format": container}).encode()
        with contextlib.suppress(BadInput):
            film = parse_description("film.mp4", data)
            assert 0 < film.duration_ms <= MAX_HOURS * 3_600_000
            assert 0 < film.width <= MAX_SIDE and 0 < film.height <= MAX_SIDE
            assert 5 <= film.rate <= 60


@given(st.binary(max_size=200))
def test_any_bytes_from_ffprobe_are_a_film_or_a_sentence(data: bytes) -> None:
    with contextlib.suppress(BadInput):
        parse_description("film.mp4", data)


@given(st.integers(1, MAX_SIDE), st.integers(1, MAX_SIDE))
def test_every_ladder_is_even_falling_and_within_the_source(width: int, height: int) -> None:
    rungs = sizes(width, height)
    assert rungs == sorted(rungs, key=lambda rung: -rung[1]) and rungs
    for wide, high in rungs:
        assert wide % 2 == high % 2 == 0 and high <= max(2, height)
        # Another height than a rung's is the source's own: a small one's, or one's well above the rung below it.
        assert high in [rung for rung, _ in RUNGS] or high == max(2, 2 * (height // 2))


@given(st.binary(max_size=300) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_answer_of_a_node_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Refused):
        parse_hints(data)
    with contextlib.suppress(Refused):
        Shelf(0).admit(data)
