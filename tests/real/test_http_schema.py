"""Every route answers as the API's document says, to requests that fit it and to those that do not."""

from __future__ import annotations

import re
from pathlib import Path

from real.nodes import running
from real.schema_rig import fuzz

EXAMPLES, FLOOR = 3, 150


def test_every_answer_is_as_the_document_says(tmp_path: Path) -> None:
    with running(tmp_path / "home") as node:
        done = fuzz(node, tmp_path, EXAMPLES, "fuzzing")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    [passed] = re.findall(r"(\d+) generated, \d+ passed", done.stdout)
    assert int(passed) >= FLOOR
