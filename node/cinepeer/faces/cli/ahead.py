"""A command whose first word may be a subcommand or its own argument: `title FILM`, `title sign FILE`."""

from __future__ import annotations

from typing import Any

import click


class Ahead(click.Group):
    """Its own command runs unless the first word names a subcommand; a film of such a name goes by its id."""

    def __init__(self, own: click.Command) -> None:
        """`own` gives name, help and options."""
        super().__init__(own.name, help=own.help, epilog=own.epilog, params=own.params)
        self._own = own

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """None but `--help`: the options belong to the own command."""
        found = self.get_help_option(ctx)
        return [] if found is None else [found]

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the subcommand's way, or of the own command."""
        if args and args[0] in self.commands:
            return super().make_context(info_name, args, parent, **extra)
        return self._own.make_context(info_name, args, parent, **extra)
