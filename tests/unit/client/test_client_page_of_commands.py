"""Every command of the light client stands on its page, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from cinepeer_client.cli import group

PAGE = Path(__file__).parents[3] / "docs" / "client.md"


def test_the_page_names_every_command_and_no_other() -> None:
    assert set(re.findall(r"^## (\S+)$", PAGE.read_text(), re.MULTILINE)) == set(group.commands)


def test_every_command_shows_an_example() -> None:
    for name, command in group.commands.items():
        assert (command.epilog or "").startswith(f"Example: cinepeer-client {name} "), name
