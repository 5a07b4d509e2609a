"""A sound is known again when it is louder, noisier or cut, and not taken for another one."""

from __future__ import annotations

import numpy as np
import pytest

from cinepeer.content.fingerprint import FLAT, SOUND, Shown, Sketch, parse_sketch, sketch
from cinepeer.content.sound import HASHES_A_SECOND, MAX_SOUND_BITS, RATE, SOUND_PACE, sound_hashes
from cinepeer.errors import Refused


def tune(seed: int, seconds: int = 20) -> np.ndarray:
    """Notes with overtones, none of which lasts."""
    chance = np.random.default_rng(seed)
    out, at = np.zeros((seconds + 2) * RATE), 0
    while at < seconds * RATE:
        time = np.arange(int(chance.uniform(0.3, 0.9) * RATE)) / RATE
        pitch = 110 * 2 ** (chance.integers(0, 30) / 12)
        note = sum(np.sin(2 * np.pi * pitch * over * time) / over for over in range(1, 8)) * np.exp(-4 * time)
        out[at : at + len(note)] += note * chance.uniform(0.05, 0.2)
        at += int(chance.uniform(0.15, 0.5) * RATE)
    return out[: seconds * RATE] / np.abs(out).max() * 0.7


def hashed(samples: np.ndarray) -> tuple[int, ...]:
    return sound_hashes([(np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()])


TUNE = tune(1)
KNOWN = sketch(hashed(TUNE), SOUND, SOUND_PACE)


def likeness(samples: np.ndarray):
    return Shown(hashed(samples), SOUND_PACE, MAX_SOUND_BITS).likeness(KNOWN)


def test_there_are_eight_a_second_and_a_sketch_keeps_two() -> None:
    assert len(hashed(TUNE)) == pytest.approx(20 * HASHES_A_SECOND, abs=2 * HASHES_A_SECOND)
    assert (KNOWN.step, len(KNOWN.hashes)) == (1, pytest.approx(38, abs=3))
    assert parse_sketch(KNOWN.encode(), SOUND) == KNOWN
    with pytest.raises(Refused, match="expected form 1"):
        parse_sketch(KNOWN.encode())


@pytest.mark.parametrize(
    "changed",
    [
        TUNE * 0.1,
        TUNE + np.random.default_rng(5).normal(size=len(TUNE)) * 0.01,
        np.convolve(TUNE, [1, -0.6])[: len(TUNE)] * 0.7,  # an equaliser
        np.convolve(TUNE, [1, *[0] * 220, 0.3])[: len(TUNE)] * 0.7,  # an echo
    ],
    ids=["quieter", "noise", "equaliser", "echo"],
)
def test_a_changed_copy_is_known_again(changed: np.ndarray) -> None:
    alike = likeness(changed)
    assert alike is not None and alike.share > 0.9


def test_a_part_is_known_again_with_its_place_wherever_it_was_cut() -> None:
    alike = likeness(TUNE[int(7.03 * RATE) : int(15.03 * RATE)])
    assert alike is not None and 0.3 <= alike.share <= 0.5
    there, here, length = alike.stretches[0]
    assert there - here == pytest.approx(7, abs=0.3) and length == pytest.approx(6.5, abs=1)


def test_another_sound_is_not_taken_for_it() -> None:
    assert likeness(tune(2)) is None


def test_what_is_silent_or_stands_still_tells_nothing() -> None:
    time = np.arange(5 * RATE) / RATE
    for still in (np.zeros(5 * RATE), np.sin(2 * np.pi * 440 * time)):
        assert set(hashed(still)) == {FLAT}
    assert sound_hashes([]) == sound_hashes([b"\0" * 3]) == ()
    assert Shown((), SOUND_PACE).likeness(Sketch(1, (), SOUND)) is None


@pytest.mark.parametrize("size", [1_001, 4_096, 100_000])
def test_the_pieces_that_it_comes_in_make_no_difference(size: int) -> None:
    data = (TUNE * 32_767).astype("<i2").tobytes()
    assert sound_hashes(data[at : at + size] for at in range(0, len(data), size)) == hashed(TUNE)
