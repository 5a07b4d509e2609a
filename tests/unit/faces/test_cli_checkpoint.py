"""How long the checkpoint command waits: as long as a million ratings take where it makes or replays one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cinepeer.faces.cli import checkpoint as command
from cinepeer.faces.cli.call import TIMEOUT_S


class Listening:
    """Stands for a node: notes how long it is waited for, and answers at once."""

    waits_s: list[float]

    @classmethod
    def of(cls, _home: Path, timeout_s: float = TIMEOUT_S) -> Listening:
        cls.waits_s.append(timeout_s)
        return cls()

    def get(self, _path: str) -> list[Any]:
        return []

    def post(self, _path: str, _body: object) -> dict[str, Any]:
        return {"label": "replayed here", "record": "x"}


@pytest.mark.parametrize(("arguments", "least_s"), [([], TIMEOUT_S), (["--make"], 3600), (["--replay", "x"], 3600)])
def test_making_and_replaying_are_waited_for_and_a_list_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], least_s: float
) -> None:
    Listening.waits_s = []
    monkeypatch.setattr(command, "Node", Listening)
    found = CliRunner().invoke(command.checkpoint, [*arguments, "--json", "--home", str(tmp_path)])
    assert found.exit_code == 0, found.output
    assert Listening.waits_s == [least_s]
