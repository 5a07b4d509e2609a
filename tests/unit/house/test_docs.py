"""Documentation is a tested artefact: links lead somewhere, commands exist, every law names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cinepeer.faces.cli.main import COMMANDS, group

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_command_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    for name in re.findall(r"\./scripts/run ([a-z]+)", readme):
        assert name in COMMANDS, name
    for script in re.findall(r"\./scripts/([a-z_]+)", readme):
        assert (ROOT / "scripts" / script).exists(), script


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_helps_with_an_example(name: str) -> None:
    shown = CliRunner().invoke(group, [name, "--help"])
    assert shown.exit_code == 0
    assert "Example: cinepeer" in shown.output


def test_the_tests_that_keep_the_laws_exist() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    for pattern in re.findall(r"`(tests/[^`]+)`", page):
        assert list(ROOT.glob(pattern)), pattern
