"""The `cinepeer` command: subcommands are imported when they are called, so that help answers at once."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any, NoReturn

import click

from cinepeer.errors import BadInput
from cinepeer_client.ending import run_and_exit

# command -> (module below cinepeer.faces.cli, line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Start a node on this machine."),
    "demo": ("demo", "Run the whole story with three nodes and a light client."),
    "status": ("node", "Show what the node holds and where it listens."),
    "publish": ("film", "Publish a film file."),
    "unpublish": ("unpublish", "Take a film back, after what that undoes and what it cannot."),
    "films": ("film", "List the films that the node knows."),
    "search": ("search", "Find films by title, people, genre, year or synopsis."),
    "watch": ("watch", "Watch a film in a player, or write it to a file, verified."),
    "credentials": ("provenance", "Check what a film's content credentials (C2PA) say, or write them for other tools."),
    "rate": ("film", "Give a film 1 to 10 stars, or withdraw them."),
    "recommend": ("recommend", "Show what to watch next, and why."),
    "same": ("same", "Say which film ids mean one film, or show who says so."),
    "review": ("words", "Sign a review of a film, or show what people wrote."),
    "comment": ("words", "Sign words on a record, such as a review."),
    "retract": ("words", "Take back records that you signed."),
    "report": ("takedown", "Report a film, an author or words, or show what waits for your ruling."),
    "rule": ("takedown", "Deny or keep what was reported, and say why, or show how you ruled."),
    "appeal": ("takedown", "Say something against a ruling."),
    "follow": ("people", "Follow an author or a list, or show what you follow."),
    "unfollow": ("people", "Follow an author or a list no more."),
    "news": ("people", "Show what those did whom you follow."),
    "collection": ("people", "Sign, change or show a public list of films."),
    "title": ("money", "Register a film's title with its co-owners."),
    "licence": ("money", "Offer or buy a licence for a film."),
    "pay": ("money", "Pay for a film, or withdraw royalties."),
    "statement": ("rights", "Show what each holder earned and was paid in a period."),
    "showing": ("rights", "Say whether a film may be shown somewhere, and what decides; exit code 0 or 1."),
    "screener": ("rights", "Make a link by which your film may be seen before its premiere."),
    "profile": ("profile", "Show or sign what you are called, and which ledger account is yours."),
    "custody": ("custody", "Show who keeps the keys of licensed films, or have more keep one."),
    "audit": ("audit", "Prove a film, an author, the network or a catalogue; exit code 0, 1 or 3."),
    "peers": ("node", "Show the neighbours, or connect to one."),
    "host": ("node", "Show what this node holds for others; deny what it must not."),
    "checkpoint": ("checkpoint", "Show, make or replay a checkpoint of what all ratings come to."),
    "network": ("network", "Show the network of this node, or a file to join it by; make, join, verify one."),
    "export": ("parcel", "Write signed records into one file."),
    "import": ("parcel", "Take signed records from a file, each verified."),
    "backup": ("backup", "Back a home up into one file, or restore one."),
    "doctor": ("doctor", "Check a home while no node runs on it; exit code 0 or 1."),
    "completion": ("completion", "Print what a shell needs to complete these commands."),
    "keys": ("keys", "Show who may sign what; the 24 words; restore; revoke a device; let the next root follow."),
}

# The commands that start a node, and the packages that a node has and the light client's installation has not.
STARTING = frozenset({"run", "demo"})
NODE_PACKAGES = (
    "aiohttp", "aiosqlite", "eth", "eth_account", "fastapi", "fastecdsa", "httpx", "ipfshttpclient",
    "libp2p", "numpy", "psutil", "python_multipart", "scipy", "trio", "uvicorn", "web3",
)  # fmt: skip


def require_node() -> None:
    """Raises `BadInput` with the command that helps when the packages of a node are not installed here."""
    missing = [name for name in NODE_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise BadInput(
            f"found no {', '.join(missing)} beside {sys.executable}, expected the packages of a node: "
            "uv pip install 'cinepeer[node]' --override FILE, where FILE holds the line fastecdsa==3.0.1"
        )


class _Late(click.Group):
    """Knows its subcommands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"cinepeer.faces.cli.{COMMANDS[cmd_name][0]}")
        # A function cannot be called `import`.
        command = getattr(module, cmd_name, None) or getattr(module, f"{cmd_name}_file")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name in STARTING and "--help" not in rest:
            require_node()
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; one that needs a node's packages where there are none says so."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] in NODE_PACKAGES:
                require_node()
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Late)
@click.version_option(package_name="cinepeer", message="%(version)s")
def group() -> None:
    """Cinepeer: make, publish, spread, watch, judge and pay for film without a company in between."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs a command line; ends the process with 0 done, 1 a check failed, 2 bad input, 3 unreachable."""
    run_and_exit(group, "cinepeer", arguments)


if __name__ == "__main__":
    main()
