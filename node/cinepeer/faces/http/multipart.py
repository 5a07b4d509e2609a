"""Multipart bodies as a stream: one part after the other, none of them held in memory or in a file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from cinepeer.errors import BadInput

MAX_HEADERS = 8
MAX_HEADER_BYTES = 4096

_BEGIN, _FIELD, _VALUE, _HEADERS, _DATA, _END = range(6)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its file name, its content type, and its bytes, to be read before the next part is taken."""

    filename: str
    content_type: str
    data: Iterator[bytes]


def parts(pieces: Iterable[bytes], content_type: str) -> Iterator[Part]:
    """The parts of a body with this Content-Type; raises `BadInput` where the body is malformed or cut."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise BadInput(f"found a body of type {content_type[:80]!r}, expected multipart/form-data")
    reading = _Reading(pieces, boundary)
    while (event := reading.next()) is not None:
        if event[0] == _BEGIN:
            filename, sort = reading.headers()
            data = reading.data()
            yield Part(filename, sort, data)
            for _ in data:  # what the taker left
                pass


class _Reading:
    """The events of the parser, asked for one by one; a piece of the body is read when they run out."""

    def __init__(self, pieces: Iterable[bytes], boundary: bytes) -> None:
        self._pieces = iter(pieces)
        self._events: deque[tuple[int, bytes]] = deque()
        self._is_whole = False

        def note(kind: int, data: bytes = b"", start: int = 0, end: int = 0) -> None:
            self._events.append((kind, data[start:end]))

        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": lambda: note(_BEGIN),
                "on_header_field": lambda data, start, end: note(_FIELD, data, start, end),
                "on_header_value": lambda data, start, end: note(_VALUE, data, start, end),
                "on_header_end": lambda: note(_FIELD),
                "on_headers_finished": lambda: note(_HEADERS),
                "on_part_data": lambda data, start, end: note(_DATA, data, start, end),
                "on_part_end": lambda: note(_END),
                "on_end": self._ended,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )

    def _ended(self) -> None:
        self._is_whole = True

    def next(self) -> tuple[int, bytes] | None:
        """The next event, or None at the end of a whole body."""
        while not self._events:
            piece = next(self._pieces, None)
            if piece is None:
                if not self._is_whole:
                    raise BadInput("found a body without its closing boundary, expected it whole")
                return None
            try:
                self._parser.write(piece)
            except FormParserError as error:
                raise BadInput(f"found a malformed multipart body ({error}), expected multipart/form-data") from error
        return self._events.popleft()

    def headers(self) -> tuple[str, str]:
        """(file name, content type) of the part that began."""
        found: dict[str, bytes] = {}
        field = value = b""
        while (event := self.next()) is not None and event[0] != _HEADERS:
            kind, data = event
            if kind == _VALUE:
                value += data
            elif data:
                field += data
            else:  # the end of one header
                found[field.decode("latin-1").lower()] = value
                field = value = b""
        _, options = parse_options_header(found.get("content-disposition", b""))
        # Kubo's clients write names percent-encoded.
        filename = unquote(options.get(b"filename", b"").decode("utf-8", "replace"))
        return filename, found.get("content-type", b"").decode("latin-1").strip().lower()

    def data(self) -> Iterator[bytes]:
        """The bytes of the part."""
        while (event := self.next()) is not None and event[0] != _END:
            yield event[1]
