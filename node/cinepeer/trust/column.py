"""Columns: numpy arrays that grow at their end, in amortised constant time for each value."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_LEAST = 64


class Column:
    """Values of one type, or rows of `width` of them."""

    __slots__ = ("_data", "_size")

    def __init__(self, dtype: npt.DTypeLike, width: int | None = None) -> None:
        self._data: Array = np.zeros((_LEAST,) if width is None else (_LEAST, width), dtype)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one value."""
        return self._data.dtype

    @property
    def width(self) -> int | None:
        """How many values a row has, None where each stands alone."""
        return None if self._data.ndim == 1 else int(self._data.shape[1])

    @property
    def values(self) -> Array:
        """All values, as a view that the next `extend` may leave behind."""
        return self._data[: self._size]

    def extend(self, values: Array) -> None:
        """Appends values of the same type and width."""
        size = self._size + len(values)
        if size > len(self._data):
            # A quarter of room, so that a million rows do not take the memory of two.
            room = np.zeros((max(size, len(self._data) * 5 // 4), *self._data.shape[1:]), self._data.dtype)
            room[: self._size] = self._data[: self._size]
            self._data = room
        self._data[self._size : size] = values
        self._size = size
