"""The log's last lines: the newest first, no more than there is room for, and nothing that looks like a key."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from cinepeer.adapters.system.log_lines import MAX_CHARACTERS, LogLines

PEER = "12D3KooWHHzSeKaY8xuZVzkLbKFfvNgPPeKhFBGrMbNzbm5akpqu"
RECORD = "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"


@pytest.fixture
def lines() -> Iterator[LogLines]:
    logger = logging.getLogger("cinepeer")
    before = logger.level
    found = LogLines(5)
    found.begin()
    yield found
    found.end()
    logger.setLevel(before)


def test_the_newest_lines_come_first_and_the_oldest_leave(lines: LogLines) -> None:
    log = logging.getLogger("cinepeer.sync")
    for number in range(7):
        log.info("sync.done count=%d", number)
    assert [line.text for line in lines.last(2)] == ["sync.done count=6", "sync.done count=5"]
    assert len(lines.last(100)) == 5
    assert {(line.level, line.source) for line in lines.last(9)} == {("info", "cinepeer.sync")}


def test_troubles_are_warnings_and_errors(lines: LogLines) -> None:
    log = logging.getLogger("cinepeer.daemon")
    log.debug("never.told")
    log.info("node.ready")
    log.warning("count.failed reason=full")
    try:
        raise ValueError("found 3")
    except ValueError:
        log.exception("follow.failed")
    assert [(line.level, line.text) for line in lines.last(9, troubles=True)] == [
        ("error", "follow.failed: ValueError: found 3"),
        ("warning", "count.failed reason=full"),
    ]
    assert len(lines.last(9)) == 3


def test_peers_and_records_are_named_and_keys_are_not(lines: LogLines) -> None:
    secrets = ["ab" * 32, "0x" + "12" * 20, "A" * 88, "x" * 64 + "==", "k-_" * 14 + "k"]
    logging.getLogger("cinepeer").warning("found %s of %s:\n%s", PEER, RECORD, " ".join(secrets))
    (line,) = lines.last(9)
    assert line.text == f"found {PEER} of {RECORD}: … … … … …"
    logging.getLogger("cinepeer").warning("one of %s", "words " * 200)
    assert len(lines.last(1)[0].text) == MAX_CHARACTERS


def test_what_others_log_and_what_goes_to_stderr_stay_as_they_were() -> None:
    root = logging.getLogger()
    told: list[str] = []

    class Stderr(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    logger, handler = logging.getLogger("cinepeer"), Stderr()
    before, levels = logger.level, {one: one.level for one in root.handlers}
    root.addHandler(handler)
    lines = LogLines()
    try:
        lines.begin()
        logging.getLogger("cinepeer.x").info("peer.up")
        logging.getLogger("cinepeer.x").warning("peer.lost")
        logging.getLogger("elsewhere").warning("not ours")
    finally:
        lines.end()
        root.removeHandler(handler)
        logger.setLevel(before)
        for one, level in levels.items():
            one.setLevel(level)
    assert told == ["peer.lost", "not ours"]
    assert [line.text for line in lines.last(9)] == ["peer.lost", "peer.up"]
