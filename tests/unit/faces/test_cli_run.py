"""What a node says when it is ready names commands that exist, as they are typed here."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import cinepeer
from cinepeer.faces.cli.call import typed
from cinepeer.faces.cli.main import COMMANDS, group
from cinepeer.faces.cli.run import ready_words

TOLD = {"page": "http://localhost:4711"}


def test_every_next_step_exists() -> None:
    text = "\n".join(ready_words(TOLD))
    assert "Cinepeer runs at http://localhost:4711\n" in text
    named = re.findall(r"\./scripts/run (\w+)", text)
    assert {"publish", "films", "rate", "network", "keys", "demo"} <= set(named) <= set(COMMANDS)
    for name, option in re.findall(r"\./scripts/run (\w+)[^,:\n]*? (--\w+)", text):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        below = command.commands.values() if isinstance(command, click.Group) else ()
        known = {option for found in (command, *below) for parameter in found.params for option in parameter.opts}
        assert option in known, (name, option)


def test_a_checkout_and_an_installation_are_typed_differently(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert typed() == "./scripts/run"
    monkeypatch.setattr(cinepeer, "__file__", str(tmp_path / "lib" / "cinepeer" / "__init__.py"))
    assert typed() == "cinepeer"
    assert "./scripts" not in "\n".join(ready_words(TOLD))
