"""The audit command: a bundle is made by a node, and verified here without believing it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option
from cinepeer.faces.cli.choice import film_id


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
    from cinepeer.adapters.system.durable import new_file
    from cinepeer_client.audit import audit_bytes, render

    path = Path(subject)
    if path.is_file():
        if out is not None:
            raise BadInput(f"found --bundle with the bundle {subject}, expected it with a film")
        data = path.read_bytes()
    else:
        with contextlib.ExitStack() as stack:
            node = Node.of(home)
            file = None if out is None else stack.enter_context(new_file(out, mode=0o644))
            wanted = {"film": film_id(node, subject), "raters": list(rater)}
            data = node.read("POST", "/api/audits", json.dumps(wanted).encode())
            if file is not None:
                file.write(data)
    report = audit_bytes(data)
    click.echo(render(report, as_json=as_json))
    return 0 if report.ok else 1
