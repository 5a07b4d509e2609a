"""The completion command: what a shell needs to complete commands, options and the films of a running node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.shell_completion import get_completion_class

from cinepeer.faces.cli.call import json_option, show

# What a person adds to which file of the shell.
LINES = {
    "bash": ("~/.bashrc", 'eval "$(cinepeer completion bash)"'),
    "zsh": ("~/.zshrc", 'eval "$(cinepeer completion zsh)"'),
    "fish": ("~/.config/fish/config.fish", "cinepeer completion fish | source"),
}


@click.command(epilog='Example: cinepeer completion bash   or, in ~/.bashrc:   eval "$(cinepeer completion bash)"')
@click.argument("shell", type=click.Choice(list(LINES)))
@json_option
@click.pass_context
def completion(ctx: click.Context, shell: str, as_json: bool) -> None:
    """Print the lines by which SHELL completes commands, options, and the ids of a running node's films."""
    known = get_completion_class(shell)
    assert known is not None, "click knows these shells"
    script = known(ctx.find_root().command, {}, "cinepeer", "_CINEPEER_COMPLETE").source()
    file, line = LINES[shell]
    told: dict[str, Any] = {"shell": shell, "file": str(Path(file).expanduser()), "line": line, "script": script}
    show(told, as_json, lambda made: iter([made["script"]]))
