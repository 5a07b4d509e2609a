"""The audit command: a bundle is made by a node, and verified here without believing it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option


@click.command(epilog="Example: cinepeer audit FILM --bundle film.audit.car   or   cinepeer audit film.audit.car")
@click.argument("subject")
@click.option("--rater", multiple=True, help="An author whose rating of the film is to be proved; repeatable.")
@click.option("--bundle", "out", type=click.Path(path_type=Path), help="Keep the portable bundle here.")
@json_option
@home_option
def audit(subject: str, rater: tuple[str, ...], out: Path | None, as_json: bool, home: Path) -> int:
    """Prove a film's rights, bytes and ratings, or verify a bundle file; exit code 0 held, 1 did not."""
    from cinepeer_client.audit import audit_bytes, render

    path = Path(subject)
    if path.is_file():
        data = path.read_bytes()
    elif subject.startswith("b"):
        wanted = {"film": subject, "raters": list(rater)}
        data = Node.of(home).read("POST", "/api/audits", json.dumps(wanted).encode())
    else:
        raise BadInput(f"found {subject!r}, expected a film's id or a bundle file")
    if out is not None:
        out.write_bytes(data)
    report = audit_bytes(data)
    click.echo(render(report, as_json=as_json))
    return 0 if report.ok else 1
