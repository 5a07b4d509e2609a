"""The last lines of the log, kept in memory for the page: peers and reasons, with what looks like a key left out."""

from __future__ import annotations

import logging
import re
from collections import deque
from dataclasses import dataclass

MAX_LINES = 500
MAX_CHARACTERS = 400

# Keys, tokens and signatures as written: long hexadecimal numbers, and base64 that begins like no CID or peer id.
_SECRET = re.compile(r"\b(?:0x)?[0-9a-fA-F]{40,}\b|(?<![\w-])(?!baf[ky]|12D3KooW|Qm)[A-Za-z0-9_+-]{43,}={0,2}")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; `level` is one of debug, info, warning and error."""

    time_ms: int
    level: str
    source: str
    text: str


class LogLines(logging.Handler):
    """Takes what the node's own loggers tell, from INFO on; the oldest lines leave first."""

    def __init__(self, most: int = MAX_LINES) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[LogLine] = deque(maxlen=most)

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps one line; of a failure's trace only its last line, the rest is in the log itself."""
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text}: {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        plain = " ".join(_SECRET.sub("…", text).split())[:MAX_CHARACTERS]
        level = "error" if record.levelno >= logging.ERROR else record.levelname.lower()
        self._lines.append(LogLine(int(record.created * 1000), level, record.name, plain))

    def last(self, count: int, *, troubles: bool = False) -> list[LogLine]:
        """The newest lines first, at most `count` of them; with `troubles` warnings and errors alone."""
        found = [line for line in reversed(self._lines) if not troubles or line.level in ("warning", "error")]
        return found[:count]

    def begin(self) -> None:
        """Listens to the node's loggers from now on; what goes to stderr stays as it was."""
        logger = logging.getLogger("cinepeer")
        for handler in logging.getLogger().handlers:
            # The loggers will tell more than before, and this handler took whatever came.
            handler.setLevel(max(handler.level, logger.getEffectiveLevel()))
        logger.setLevel(min(logger.getEffectiveLevel(), logging.INFO))
        logger.addHandler(self)

    def end(self) -> None:
        """Listens no more."""
        logging.getLogger("cinepeer").removeHandler(self)
