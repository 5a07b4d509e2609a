"""The export and import commands: signed records in one file, between homes, networks and years."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import click

from cinepeer.errors import BadInput, Refused, Unreachable
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.measure import Measure
from cinepeer.faces.cli.resting import kept
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.records.parcel import MAGIC, Pair, read_parcel, write_parcel

BATCH_RECORDS = 1_000
MAX_EXPORT_BYTES = 16 << 20
BATCH_BYTES = 4 << 20


@click.command(epilog="Example: cinepeer export mine.cine   or   cinepeer export --all - | ssh other cinepeer import -")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Every record held here, not this home's author's alone.")
@click.option("--author", metavar="ID", help="The records of this author instead.")
@json_option
@home_option
def export(out: Path, everything: bool, author: str | None, as_json: bool, home: Path) -> None:
    """Write the signed records of this home's author into the file OUT (`-`: stdout); a node may run meanwhile."""
    from cinepeer.adapters.store.reading import reading
    from cinepeer.adapters.system.durable import new_file

    if everything and author:
        raise BadInput("found both --all and --author, expected one of them")
    whose = None if everything else _author(home, author)
    with reading(home / "records.db") as held, contextlib.ExitStack() as stack:
        whole = held.count(whose)
        if whole == 0:
            raise BadInput(f"found no record of {whose or 'anybody'} in {home}, expected some to export")
        to_stdout = str(out) == "-"
        file = sys.stdout.buffer if to_stdout else stack.enter_context(new_file(out, mode=0o644))
        measure = stack.enter_context(Measure("records", whole))
        for piece in write_parcel(held.pairs(whose)):
            file.write(piece)
            measure.step()
        file.flush()
    told = {"file": str(out), "records": whole, "author": None if whose is None else str(whose)}
    if not to_stdout:
        show(told, as_json, lambda made: iter([f"{made['records']:,} records written to {made['file']}"]))


def _author(home: Path, text: str | None) -> Cid:
    """The author that a person named, or this home's own."""
    if text is None:
        text = kept(home)["author"]
    try:
        return Cid.parse(text)
    except Refused as error:
        raise BadInput(str(error)) from error


@click.command("import", epilog="Example: cinepeer import mine.cine   or   cinepeer import letterboxd.zip --publish")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--dry-run", is_flag=True, help="Of ratings from elsewhere: tell what they come to, and keep nothing.")
@click.option("--titles", type=click.Path(path_type=Path), help="A MovieLens folder by whose titles films are found.")
@click.option("--publish", is_flag=True, help="Sign the ratings from elsewhere, after one question; else private.")
@click.option("--yes", is_flag=True, help="Do not ask before signing.")
@click.option("--forget", is_flag=True, help="Let all private ratings go.")
@json_option
@home_option
def import_file(
    file: Path | None,
    dry_run: bool,
    titles: Path | None,
    publish: bool,
    yes: bool,
    forget: bool,
    as_json: bool,
    home: Path,
) -> int:
    """Take the records in FILE (`-`: stdin), or ratings that Letterboxd, IMDb, Trakt, Douban or MovieLens exported.

    Each record is verified; ratings from elsewhere stay on this device and count for your own lists. The file is read
    whole before anything is taken. Exit code 1 when a record in it does not hold.
    """
    if (file is None) != (publish or forget) and not (publish and file is not None):
        raise BadInput("found no FILE, --publish or --forget, or FILE with --forget, expected one of them")
    with contextlib.ExitStack() as stack:
        source = None if file is None else _source(stack, file)
        if source is None or not _is_parcel(source):
            return _import_ratings(home, source, titles, dry_run, publish, yes, forget, as_json)
        if publish or dry_run or titles is not None:
            raise BadInput(f"found {file} with records, expected --publish, --dry-run or --titles with ratings alone")
        try:
            whole = sum(1 for _ in read_parcel(source.read))
            source.seek(0)
            with _taker(home) as taker, Measure("records", whole) as measure:
                told = _take(taker, read_parcel(source.read), measure)
        except Refused as error:
            raise BadInput(f"{file}: {error}") from error
    show(told, as_json, _imported)
    return 1 if told["refused"] or told["waiting"] else 0


def _is_parcel(source: IO[bytes]) -> bool:
    """Whether these are signed records; a parcel that is cut in its first line is one too."""
    head = source.read(len(MAGIC))
    source.seek(0)
    return head.startswith(MAGIC[:8]) or not head


def _import_ratings(
    home: Path,
    source: IO[bytes] | None,
    titles: Path | None,
    dry_run: bool,
    publish: bool,
    yes: bool,
    forget: bool,
    as_json: bool,
) -> int:
    """Ratings from elsewhere, by the home's node."""
    from cinepeer.faces.cli import elsewhere

    data = b"" if source is None else source.read(MAX_EXPORT_BYTES + 1)
    if source is not None:
        elsewhere.verify_readable(data)
    node = Node.of(home)
    if forget:
        show(
            node.delete("/api/imports"),
            as_json,
            lambda told: iter([f"{told['forgotten']:,} private ratings forgotten"]),
        )
        return 0
    found: dict[str, Any] = {}
    if source is not None:
        found = elsewhere.take(node, data, titles, keep=not dry_run)
        if not (publish and as_json):
            elsewhere.show_report(found, as_json)
    if publish and not dry_run:
        done = {**found, **elsewhere.publish(node, yes)}
        show(done, as_json, lambda told: iter([f"signed in {len(told['records'])} records"]))
    return 0


def _source(stack: contextlib.ExitStack, file: Path) -> IO[bytes]:
    """The file, or what stdin gives, to be read twice."""
    if str(file) == "-":
        spooled = stack.enter_context(tempfile.SpooledTemporaryFile(BATCH_BYTES))  # noqa: SIM115 (the stack closes it)
        shutil.copyfileobj(sys.stdin.buffer, spooled)
        spooled.seek(0)
        return spooled
    try:
        return stack.enter_context(file.open("rb"))
    except OSError as error:
        raise BadInput(f"found {file} impossible to read ({error.strerror}), expected a file") from error


class Taker(Protocol):
    """Takes batches of records: a running node, or the home's own store."""

    def take(self, batch: Sequence[Pair]) -> dict[str, Any]:
        """What became of a batch: `added`, `refused` and `waiting` as the API tells them."""


def _take(taker: Taker, pairs: Iterator[Pair], measure: Measure) -> dict[str, Any]:
    """Hands everything over in batches; returns the sums and the first reasons."""
    told: dict[str, Any] = {"records": 0, "added": 0, "refused": [], "waiting": []}
    for batch in _batches(pairs):
        done = taker.take(batch)
        told["records"] += len(batch)
        told["added"] += done["added"]
        told["refused"] += done["refused"]
        told["waiting"] += done["waiting"]
        measure.step(len(batch))
    return told


def _batches(pairs: Iterator[Pair]) -> Iterator[list[Pair]]:
    """Batches small enough for one request."""
    batch: list[Pair] = []
    size = 0
    for record, body in pairs:
        batch.append((record, body))
        size += len(record.block) + len(body or b"")
        if len(batch) == BATCH_RECORDS or size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextlib.contextmanager
def _taker(home: Path) -> Iterator[Taker]:
    """The home's running node, or its store when none runs."""
    try:
        node = Node.of(home)
        node.get("/api/status")
    except Unreachable:
        with asyncio.Runner() as runner, _Store(home, runner) as store:
            yield store
    else:
        yield _Asked(node)


class _Asked:
    """A running node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def take(self, batch: Sequence[Pair]) -> dict[str, Any]:
        """Posts a batch."""
        data = dagcbor.encode([[record.block, body] for record, body in batch])
        found: dict[str, Any] = json.loads(
            self._node.read("POST", "/api/records", data, "application/vnd.ipld.dag-cbor")
        )
        return found


class _Store:
    """The store of a home that no node has open."""

    def __init__(self, home: Path, runner: asyncio.Runner) -> None:
        self._folder = home
        self._runner = runner
        self._stack = contextlib.ExitStack()
        self._store: Any = None

    def __enter__(self) -> _Store:
        from cinepeer.adapters.store.records import RecordStore
        from cinepeer.adapters.system.home import open_home

        home = self._stack.enter_context(open_home(self._folder))
        try:
            self._store = self._runner.run(RecordStore.open(home.records))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._store.close())
        self._stack.close()

    def take(self, batch: Sequence[Pair]) -> dict[str, Any]:
        """Stores a batch."""
        outcome = self._runner.run(self._store.add(batch, time.time_ns() // 1_000_000))
        return {
            "added": len(outcome.added),
            "refused": [{"record": str(record), "reason": str(error)} for record, error in outcome.refused],
            "waiting": [{"record": str(record.id), "for": why} for record, _, why in outcome.waiting],
        }


def _imported(told: dict[str, Any]) -> Iterator[str]:
    known = told["records"] - told["added"] - len(told["refused"]) - len(told["waiting"])
    yield f"{told['added']:,} records taken, {max(known, 0):,} known before"
    for found in told["refused"][:5]:
        yield f"refused  {found['record']}: {found['reason']}"
    for found in told["waiting"][:5]:
        yield f"left out {found['record']}: its {found['for']} is missing"
    if (rest := len(told["refused"]) + len(told["waiting"]) - 10) > 0:
        yield f"and {rest} more"
