"""The audit command: a bundle is made by a node, and verified here without believing it."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cinepeer.errors import BadInput, CinepeerError, Refused, Unreachable
from cinepeer.faces.cli.call import Node, home_option, json_option
from cinepeer.faces.cli.choice import film_id
from cinepeer.faces.cli.measure import Measure

if TYPE_CHECKING:
    from cinepeer.rights.audit import Report
    from cinepeer_client.audit import Finding

_NEW_FILE = click.Path(path_type=Path)


@click.command(
    epilog="Example: cinepeer audit 'First Light' --bundle film.audit.car   or   cinepeer audit film.audit.car"
)
@click.argument("subject", required=False)
@click.option("--rater", multiple=True, help="An author whose rating of the film is to be proved; repeatable.")
@click.option(
    "--at", metavar="BLOCK", type=click.IntRange(min=0), help="Prove the state at this block; else the newest."
)
@click.option(
    "--set", "chosen_set", metavar="NUMBER", type=click.IntRange(min=1), help="Prove the titles of this contract set."
)
@click.option("--bundle", "out", type=_NEW_FILE, help="Keep the portable bundle in this new file.")
@click.option("--html", type=_NEW_FILE, help="Write the report as a page into this new file.")
@click.option("--csv", "table", type=_NEW_FILE, help="Write a table of the titles into this new file.")
@click.option("--offline", is_flag=True, help="Ask nobody, not even this home's node: SUBJECT is a bundle's file.")
@click.option(
    "--diff", nargs=2, type=_NEW_FILE, metavar="A B", help="Show what differs between two bundles or reports."
)
@click.option("--opening", type=_NEW_FILE, help="What opens the sealed history of a list's receipt.")
@click.option("--refit", is_flag=True, help="Have this home's node fit the model of a list's receipt anew.")
@json_option
@home_option
def audit(
    subject: str | None,
    rater: tuple[str, ...],
    at: int | None,
    chosen_set: int | None,
    out: Path | None,
    html: Path | None,
    table: Path | None,
    offline: bool,
    diff: tuple[Path, Path] | None,
    opening: Path | None,
    refit: bool,
    as_json: bool,
    home: Path,
) -> int:
    """Prove a film, an author, the `network` or this node's `catalogue`, or verify a bundle's file.

    Exit code 0 every check held, 1 one did not, 3 could not be checked because no node or ledger answers.
    """
    from cinepeer_client.audit import audit_file, compare
    from cinepeer_client.receipt import is_receipt_file

    if (subject is None) == (diff is None):
        raise BadInput("found neither or both of SUBJECT and --diff A B, expected one of them")
    if diff is not None:
        text, differs = compare(*diff, as_json=as_json)
        click.echo(text)
        return 1 if differs else 0
    assert subject is not None
    path = Path(subject)
    if is_receipt_file(path):
        return _audited_receipt(path, opening, None if not refit else Node.of(home), as_json)
    if opening is not None or refit:
        raise BadInput(f"found --opening or --refit with {subject[:80]!r}, expected the file of a list's receipt")
    if path.is_file():
        if out is not None or rater or at is not None or chosen_set is not None:
            raise BadInput(
                f"found --bundle, --rater, --at or --set with the bundle {subject}, expected it with what is proved"
            )
        node = None if offline else _node(home)
        report = audit_file(path)
        if node is not None:
            report = _beside_own_ledger(report, node)
    elif offline:
        raise BadInput(f"found --offline and no file {subject!r}, expected a bundle: only a file needs nobody")
    else:
        node = Node.of(home)
        with contextlib.ExitStack() as stack:
            report = audit_file(_fetched(stack, node, _request(node, subject, rater, at, chosen_set), out))
        report = _as_executed(report, node)
    finding = _signed(report, node)
    finding.write(html, table)
    finding.show(as_json)
    return 0 if report.ok else 1


def _audited_receipt(path: Path, opening: Path | None, node: Node | None, as_json: bool) -> int:
    """Verifies a list's receipt; with a node the model is fitted anew there. Returns the exit code."""
    from cinepeer_client.receipt import read_file, with_findings

    reading = read_file(path, opening)
    if node is not None and reading.receipt is not None and reading.code != 1:
        from cinepeer.recommend.receipt import model_of
        from cinepeer.recommend.refit import BY_REFIT, refitted, unlike
        from cinepeer.recommend.replay import Finding as Check
        from cinepeer.recommend.served import load

        origin = reading.receipt.statement.origin
        expected = "ratings of a root that this home's node counts"
        model = model_of(reading.receipt)
        other = unlike(model)
        more = [Check("refit", None, "no root of ratings", expected, BY_REFIT) if other is None else other]
        if origin is not None and other is None:
            try:
                shares = "".join(f"&share={share}" for share in model.shares)
                whose = reading.receipt.statement.author
                asked = shares if whose is None else f"{shares}&author={whose}"
                again = load(node.read("POST", f"/api/refits/{origin.root.hex()}?{asked[1:]}"))
                more = refitted(reading.receipt, reading.entries, again)
            except Unreachable as error:
                more = [Check("refit", None, str(error), expected, BY_REFIT)]
        reading = with_findings(reading, more)
    click.echo(reading.render(as_json))
    return reading.code


def _request(
    node: Node, subject: str, raters: tuple[str, ...], at: int | None, chosen_set: int | None
) -> dict[str, Any]:
    """What the node is asked to prove, by what a person typed."""
    wanted: dict[str, Any] = {} if at is None else {"at": at}
    if subject in ("network", "catalogue"):
        wanted["sort"] = subject
    elif _is_author(node, subject):
        wanted |= {"sort": "author", "author": subject}
    else:
        if chosen_set is not None:
            raise BadInput(f"found --set with the film {subject[:80]!r}, expected none: a film is in one")
        return wanted | {"film": film_id(node, subject), "raters": list(raters)}
    if raters:
        raise BadInput(f"found --rater with {subject[:80]!r}, expected it with a film")
    return wanted if chosen_set is None else wanted | {"set": chosen_set}


def _is_author(node: Node, subject: str) -> bool:
    """Whether a record's id is that of no film here, and so an author's."""
    from cinepeer.records.cid import Cid

    try:
        Cid.parse(subject)
    except Refused:
        return False
    return all(film["id"] != subject for film in node.get("/api/films"))


def _fetched(stack: contextlib.ExitStack, node: Node, wanted: dict[str, Any], out: Path | None) -> Path:
    """The bundle that the node makes, in the new file `out` or in one that goes with `stack`."""
    from cinepeer.adapters.system.durable import new_file

    if out is None:
        out = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cinepeer-audit-"))) / "audit.car"
    with new_file(out, mode=0o644) as file, Measure("bundle, bytes") as measure:
        for piece in node.pieces("/api/audits", wanted):
            file.write(piece)
            measure.step(len(piece))
    return out


def _node(home: Path) -> Node | None:
    """This home's node, None when none runs: a bundle needs nobody."""
    try:
        node = Node.of(home)
        node.get("/api/ledger")
    except CinepeerError:
        return None
    return node


def _unexecuted(node: Node) -> str:
    """What the node's ledger is, where it did not execute all that it tells; otherwise nothing."""
    label = str(node.get("/api/status")["ledger"]["label"])
    return label if "not replayed" in label else ""


def _as_executed(report: Report, node: Node) -> Report:
    """The report with what the node that made the bundle did not execute, among what it rests on."""
    label = _unexecuted(node)
    return dataclasses.replace(report, basis=(*report.basis, f"made by a node with an {label}")) if label else report


def _beside_own_ledger(report: Report, node: Node) -> Report:
    """The report with one more line: whether this home's own copy of the ledger has the same block."""
    from cinepeer.rights.proofs import parse_header
    from cinepeer.rights.report import Line

    number = report.subject.get("block")
    if number is None or report.subject.get("network") != node.get("/api/status")["network"]:
        return report
    try:
        block = parse_header(bytes.fromhex(node.get(f"/api/ledger/blocks/{number}")["header"].removeprefix("0x"))).hash
        found, is_same = (
            f"block {number} has the hash 0x{block.hex()} here",
            report.subject["hash"] == "0x" + block.hex(),
        )
    except (BadInput, Unreachable) as error:
        found, is_same = str(error), False
    rests_on, label = "this home's own node", _unexecuted(node)
    rests_on += f", with an {label}" if label else ""
    line = Line("own copy of the ledger", is_same, found, f"the bundle's hash {report.subject['hash']}", rests_on)
    return dataclasses.replace(report, more=(*report.more, line))


def _signed(report: Report, node: Node | None) -> Finding:
    """The report signed by the node's device, where there is a node."""
    from cinepeer.records.cid import Cid
    from cinepeer.rights.auditor import Auditor
    from cinepeer_client.audit import Finding

    if node is None:
        return Finding(report)
    device = node.get("/api/keys")
    auditor = Auditor(Cid.parse(device["author"]), bytes.fromhex(device["device"]))

    def sign(digest: bytes) -> bytes:
        return bytes.fromhex(node.post("/api/audits/signatures", {"sha256": digest.hex()})["signature"])

    return Finding(report, auditor, sign)
