"""What a film sounds like, in few bytes: hashes of how its bands rise and fall against each other over a second.

Each hash has 64 bits: for 16 pairs of neighbouring bands and 4 steps of a quarter second, whether the lower band gained
on the higher one. It survives another loudness, an equaliser and another codec, not another speed or pitch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cinepeer.content.fingerprint import FLAT, PICTURES_A_SECOND

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

RATE = 5_512  # samples a second, one channel, 16 bits, little-endian
HASHES_A_SECOND = 8
SOUND_PACE = HASHES_A_SECOND // PICTURES_A_SECOND  # in half a second
MAX_SOUND_BITS = 18  # between two hashes of the same sound

_HOP = RATE // HASHES_A_SECOND
_WINDOW = 2_048
_BANDS = 16  # pairs of neighbours
_STEPS, _STEP = 4, 2  # differences in time, in hops
_SPAN = _STEPS * _STEP  # frames behind the first that a hash needs
_LOWEST_HZ, _HIGHEST_HZ = 200.0, 2_200.0
_QUIET = 1e-3  # of full scale, root mean square: below it there is nothing to hear
_FAINT = 1e-3  # of a frame's energy: what a band may have without telling anything
_STILL = 0.05  # mean change in nepers: below it the sound stands still and tells nothing
_FRAMES_AT_ONCE = 8_192


def sound_hashes(pieces: Iterable[bytes]) -> tuple[int, ...]:
    """The hashes of a sound, `HASHES_A_SECOND`, from its samples in pieces of any length."""
    import numpy as np

    found: list[int] = []
    levels: Floats = np.empty((0, _BANDS + 1))
    loud: Floats = np.empty(0)
    for frames in _frames(pieces):
        more, mean = _levels(frames)
        levels, loud = np.concatenate([levels, more]), np.concatenate([loud, mean])
        found.extend(_hashes(levels, loud))
        levels, loud = levels[-_SPAN:], loud[-_SPAN:]
    return tuple(found)


def _frames(pieces: Iterable[bytes]) -> Iterator[Floats]:
    """Overlapping windows of the sound, many at a time."""
    import numpy as np

    rest = b""
    for piece in pieces:
        rest += piece
        count = (len(rest) // 2 - _WINDOW) // _HOP + 1
        if count < _FRAMES_AT_ONCE:
            continue
        yield _cut(rest, count)
        rest = rest[2 * count * _HOP :]
    count = (len(rest) // 2 - _WINDOW) // _HOP + 1
    if count > 0:
        yield _cut(rest, count)
    else:
        yield np.empty((0, _WINDOW))


def _cut(data: bytes, count: int) -> Floats:
    import numpy as np

    samples = np.frombuffer(data, "<i2", (count - 1) * _HOP + _WINDOW) / 32_768
    return np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]


def _levels(frames: Floats) -> tuple[Floats, Floats]:
    """Of each frame the logarithm of the energy in each band, and how loud it is."""
    import numpy as np

    if not len(frames):
        return np.empty((0, _BANDS + 1)), np.empty(0)
    window = np.hanning(_WINDOW)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 2) * _WINDOW / RATE
    places = np.round(edges).astype(int)
    bands = np.add.reduceat(power, places, axis=1)[:, :-1]
    loud = np.sqrt((frames**2).mean(axis=1))
    floor = _FAINT * bands.sum(axis=1, keepdims=True) + 1e-9
    return np.log(bands + floor), loud


def _hashes(levels: Floats, loud: Floats) -> list[int]:
    """A hash for each frame that has as many behind it as a hash needs."""
    import numpy as np

    count = len(levels) - _SPAN
    if count <= 0:
        return []
    slope = levels[:, :-1] - levels[:, 1:]
    gains = [slope[at : at + count] - slope[at + _STEP : at + _STEP + count] for at in range(0, _SPAN, _STEP)]
    change = np.concatenate(gains, axis=1)
    heard = np.lib.stride_tricks.sliding_window_view(loud, _SPAN + 1).mean(axis=1)
    is_flat = (heard < _QUIET) | (np.abs(change).mean(axis=1) < _STILL)
    packed = np.packbits(change > 0, axis=1)
    return [
        FLAT if flat else int.from_bytes(row.tobytes(), "big") or 1 for row, flat in zip(packed, is_flat, strict=True)
    ]
