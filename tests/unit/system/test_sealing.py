"""Sealed streams: what was written is read; a changed byte, a cut, a swap or another passphrase gives nothing."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.adapters.system.sealing import MAGIC, SealedReader, SealedWriter
from cinepeer.errors import BadInput

CHEAP = 12
FRAME = 64


def written(data: bytes, passphrase: str | None) -> bytes:
    file = io.BytesIO()
    writer = SealedWriter(file, passphrase, cost=CHEAP, frame_bytes=FRAME)
    for start in range(0, len(data), 50):
        writer.write(data[start : start + 50])
    writer.finish()
    return file.getvalue()


def read(data: bytes, passphrase: str | None) -> bytes:
    reader = SealedReader(io.BytesIO(data))
    if reader.is_sealed:
        assert passphrase is not None
        reader.unseal(passphrase)
    found = bytearray()
    while piece := reader.read(33):
        found += piece
    reader.finish()
    return bytes(found)


DATA = bytes(range(256)) * 2
WHOLE = {passphrase: written(DATA, passphrase) for passphrase in (None, "open sesame")}


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 1_000])
def test_what_was_written_is_read(size: int, passphrase: str | None) -> None:
    data = bytes(number % 251 for number in range(size))
    sealed = written(data, passphrase)
    assert read(sealed, passphrase) == data
    if passphrase is not None and size > 8:
        assert data[:8] not in sealed
    assert len(sealed) >= size + 16 * max(1, -(-size // FRAME))


@given(st.sampled_from([None, "open sesame"]), st.data())
def test_a_changed_byte_anywhere_is_refused(passphrase: str | None, data: st.DataObject) -> None:
    whole = bytearray(WHOLE[passphrase])
    # Not the cost of scrypt upwards: that would be slow, and is refused above the highest.
    places = [place for place in range(len(whole)) if place != len(MAGIC) + 1]
    whole[data.draw(st.sampled_from(places))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadInput, match="expected"):
        read(bytes(whole), "open sesame")


@given(st.sampled_from([None, "open sesame"]), st.data())
def test_a_stream_that_is_cut_anywhere_is_refused(passphrase: str | None, data: st.DataObject) -> None:
    size = data.draw(st.integers(0, len(WHOLE[passphrase]) - 1))
    with pytest.raises(BadInput, match="expected"):
        read(WHOLE[passphrase][:size], "open sesame")


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
def test_frames_cannot_change_places_nor_be_left_out(passphrase: str | None) -> None:
    whole = WHOLE[passphrase]
    begin = len(MAGIC) + (1 if passphrase is None else 26)
    step = 5 + FRAME + 16
    first, second, rest = whole[begin : begin + step], whole[begin + step : begin + 2 * step], whole[begin + 2 * step :]
    for changed in (second + first + rest, second + rest, first + rest):
        with pytest.raises(BadInput):
            read(whole[:begin] + changed, passphrase)


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(BadInput, match="found a passphrase that does not open the backup"):
        read(WHOLE["open sesame"], "open says me")


def test_bytes_after_the_end_are_refused() -> None:
    for passphrase, whole in WHOLE.items():
        with pytest.raises(BadInput, match="after the end"):
            read(whole + b"\0", passphrase)


def test_a_cost_beyond_the_limits_is_refused_before_it_is_paid() -> None:
    for cost in (0, 11, 19, 255):
        whole = bytearray(WHOLE["open sesame"])
        whole[len(MAGIC) + 1] = cost
        with pytest.raises(BadInput, match=f"found the cost {cost}"):
            read(bytes(whole), "open sesame")
