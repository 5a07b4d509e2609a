"""Every command has its heading and names its own options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cinepeer.faces.cli.ahead import Ahead
from cinepeer.faces.cli.main import COMMANDS, group, main
from cinepeer_client.cli import group as client

PAGE = (Path(__file__).parents[3] / "docs" / "commands.md").read_text()
PAGES = sorted([*Path(__file__).parents[3].glob("*.md"), *(Path(__file__).parents[3] / "docs").glob("*.md")])
CLIENT_PAGE = (Path(__file__).parents[3] / "docs" / "client.md").read_text()


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and subcommand by its words."""
    context = click.Context(group)
    for name in COMMANDS:
        found = group.get_command(context, name)
        assert found is not None
        yield name, found
        if isinstance(found, click.Group):
            yield from ((f"{name} {sub}", command) for sub, command in found.commands.items())


ALL = dict(commands())


def section(name: str) -> str:
    found = re.split(rf"\n##+ {re.escape(name)}\n", PAGE)
    assert len(found) == 2, f"expected one heading for {name}"
    return re.split(r"\n##+ ", found[1])[0]


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_its_heading_with_its_usage(name: str) -> None:
    assert f"cinepeer {name}" in section(name)


@pytest.mark.parametrize("name", ALL)
def test_every_option_on_the_page_exists(name: str) -> None:
    known = {option for parameter in ALL[name].params for option in [*parameter.opts, *parameter.secondary_opts]}
    for option in re.findall(r"--[a-z][a-z-]+", section(name)):
        assert option in known, f"{name} {option}"


@pytest.mark.parametrize("name", ALL)
def test_every_command_helps_with_an_example_of_itself(name: str) -> None:
    shown = CliRunner().invoke(group, [*name.split(), "--help"])
    assert shown.exit_code == 0
    assert f"Example: cinepeer {name}" in " ".join(shown.output.split())


def parsed(words: list[str]) -> str:
    """The command that `words` call, by its name; raises what click raises for words that it does not take."""
    command: click.Command | None = group
    context, called = click.Context(group), []
    while isinstance(command, click.Group) and words:
        name, command, words = command.resolve_command(context, words)
        called.append(str(name))
        assert command is not None
        is_own = isinstance(command, Ahead) and bool(words) and words[0] not in command.commands
        if is_own or not isinstance(command, click.Group) or (words and words[0].startswith("-")):
            command.make_context(str(name), words, parent=context)
            words = []
    return " ".join(called)


@pytest.mark.parametrize("name", ALL)
def test_every_example_is_taken_as_it_stands(name: str) -> None:
    epilog = ALL[name].epilog
    assert epilog is not None
    called = []
    for example in re.findall(r"cinepeer [^|<)]+?(?=   | [|<]|\)|$)", epilog):
        called.append(parsed(shlex.split(example)[1:]))
    assert called[0] == name
    assert set(called) <= set(ALL)


def told_in(page: Path) -> Iterator[str]:
    """Every command of ours that a page tells: in its shell blocks, and whole ones within its sentences."""
    text = page.read_text()
    for block in re.findall(r"^```sh.*\n(.*?)^```", text, re.M | re.S):
        for line in block.splitlines():
            found = re.match(r"(?:\./scripts/run|cinepeer) (?P<words>[^#|<]+)", line)
            if found:
                yield found["words"].strip()
    for words in re.findall(r"`cinepeer ([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)):
        if not re.search(r"[\[|]|…|^-|ARGS|SHELL", words):
            yield " ".join(words.split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_tells_is_taken_as_it_stands(page: Path) -> None:
    for words in told_in(page):
        try:
            # Words in capitals stand for what a person types; a number is taken wherever one is wanted.
            parsed([re.sub(r"^(STARS|SEQ|N|PIXELS|BYTES)$", "5", word) for word in shlex.split(words)])
        except click.MissingParameter:
            assert words in ALL, words  # a command named, not typed
        except click.BadOptionUsage as error:
            assert words.endswith(error.option_name), words  # an option named, not typed
        except click.UsageError as error:
            raise AssertionError(f"{page.name}: cinepeer {words}: {error.format_message()}") from error


def test_the_pages_tell_many_commands() -> None:
    assert sum(1 for page in PAGES for _ in told_in(page)) > 40


@pytest.mark.parametrize("name", ALL)
def test_every_command_prints_json_and_the_page_says_what(name: str) -> None:
    assert any("--json" in parameter.opts for parameter in ALL[name].params)
    assert "\nJSON" in section(name)


def test_no_heading_is_left_over() -> None:
    headings = re.findall(r"\n##+ (.+)", PAGE)
    assert set(headings) == set(ALL)


@pytest.mark.parametrize("name", client.commands)
def test_every_command_of_the_light_client_has_its_heading_its_options_and_its_example(name: str) -> None:
    found = re.split(rf"\n##+ {name}\n", CLIENT_PAGE)
    assert len(found) == 2, f"expected one heading for {name}"
    told = re.split(r"\n##+ ", found[1])[0]
    command = client.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert f"cinepeer-client {name}" in told
    assert set(re.findall(r"--[a-z][a-z-]+", told)) <= known
    assert command.epilog is not None and f"Example: cinepeer-client {name}" in command.epilog
    assert "--json" in known


@pytest.mark.parametrize("options", [["--home", "elsewhere"], ["--json"]])
def test_options_before_a_subcommand_are_refused_rather_than_dropped(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["keys", *options, "phrase", "--show"])
    assert ended.value.code == 2
    assert "expected them after it" in capsys.readouterr().err
