"""The audit command: a bundle is made by a node, and verified here without believing it."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option
from cinepeer.faces.cli.choice import film_id
from cinepeer.faces.cli.measure import Measure


@click.command(
    epilog="Example: cinepeer audit 'First Light' --bundle film.audit.car   or   cinepeer audit film.audit.car"
)
@click.argument("subject")
@click.option("--rater", multiple=True, help="An author whose rating of the film is to be proved; repeatable.")
@click.option("--bundle", "out", type=click.Path(path_type=Path), help="Keep the portable bundle in this new file.")
@json_option
@home_option
def audit(subject: str, rater: tuple[str, ...], out: Path | None, as_json: bool, home: Path) -> int:
    """Prove a film's rights, bytes and ratings, or verify a bundle file; exit code 0 held, 1 did not."""
    from cinepeer_client.audit import audit_file, render

    path = Path(subject)
    if path.is_file():
        if out is not None:
            raise BadInput(f"found --bundle with the bundle {subject}, expected it with a film")
        report = audit_file(path)
    else:
        with contextlib.ExitStack() as stack:
            report = audit_file(_fetched(stack, home, subject, rater, out))
    click.echo(render(report, as_json=as_json))
    return 0 if report.ok else 1


def _fetched(stack: contextlib.ExitStack, home: Path, film: str, raters: tuple[str, ...], out: Path | None) -> Path:
    """The bundle that the home's node makes, in the new file `out` or in one that goes with `stack`."""
    from cinepeer.adapters.system.durable import new_file

    node = Node.of(home)
    if out is None:
        out = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cinepeer-audit-"))) / "film.audit.car"
    with new_file(out, mode=0o644) as file, Measure("bundle, bytes") as measure:
        for piece in node.pieces("/api/audits", {"film": film_id(node, film), "raters": list(raters)}):
            file.write(piece)
            measure.step(len(piece))
    return out
