"""The `cinepeer-client` command; what a subcommand needs is imported when it runs, so that help answers at once."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from cinepeer.errors import BadInput, CinepeerError
from cinepeer_client.ending import run_and_exit
from cinepeer_client.options import NODE, json_option, node_option, sources_of, state_option, timeout_option, with_nodes


@click.group()
@click.version_option(package_name="cinepeer", message="%(version)s")
def group() -> None:
    """The light client of Cinepeer: it believes nothing that a node serves.

    Exit code 0: everything held; 1: something served did not hold; 2: bad input; 3: no node could be reached.
    """


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _progress(what: str) -> Callable[[int, int], None] | None:
    """A line on a terminal that counts; nothing elsewhere."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, whole: int) -> None:
        click.echo(f"\r{what}: {done} of {whole}", err=True, nl=done >= whole)

    return tell


@group.command(epilog="Example: cinepeer-client films --node http://localhost:8080")
@node_option
@timeout_option
@json_option
def films(urls: tuple[str, ...], timeout_s: float, as_json: bool) -> int:
    """List the films that nodes tell of and signed records prove."""
    from cinepeer_client.films import list_films

    def work(nodes: Any) -> int:
        found = list_films(nodes, _now_ms())
        if as_json:
            click.echo(json.dumps(found, ensure_ascii=False))
            return 0
        for film in found:
            place = "plays now" if film["playable"] else "licensed" if film["licensed"] else "not here"
            click.echo(f"{film['id']}  {place:9}  {film['name']}")
        if not found:
            click.echo("no film yet")
        return 0

    return with_nodes(urls, timeout_s, work)


@group.command(epilog="Example: cinepeer-client play FILM --node http://localhost:8080 --out film.mp4")
@click.argument("film")
@click.option("--version", "cut", metavar="ID", help="Another version than the newest.")
@click.option("--height", type=int, help="The rendition of this height instead of the best.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the film to this file.")
@click.option("--frames", is_flag=True, help="Decode the first and the last picture as a proof (needs ffmpeg).")
@click.option("--account", type=click.Path(path_type=Path, dir_okay=False), help="A file with the licensee's key.")
@click.option("--territory", metavar="CODE", help="Where a licensed film is watched, such as DE.")
@click.option("--medium", default="streaming", show_default=True, help="The medium that the licence is for.")
@node_option
@timeout_option
@json_option
def play(
    film: str,
    cut: str | None,
    height: int | None,
    out: Path | None,
    frames: bool,
    account: Path | None,
    territory: str | None,
    medium: str,
    urls: tuple[str, ...],
    timeout_s: float,
    as_json: bool,
) -> int:
    """Play a film, each block verified first: in mpv, VLC or ffplay, into a file, or as a proof alone."""
    from cinepeer_client import play as playing
    from cinepeer_client.films import choose_version, find_film, parse_film
    from cinepeer_client.licensed import unlock, viewer_of

    wanted, viewer = parse_film(film), viewer_of(account, territory, medium)
    if out is not None and not out.absolute().parent.is_dir():
        raise BadInput(f"found no folder {out.absolute().parent}, expected one for {out.name}")

    def work(nodes: Any) -> int:
        found = find_film(nodes, wanted, _now_ms())
        version = choose_version(found, cut)
        unlocked = unlock(nodes, version, viewer, _now_ms() // 1000)
        if out is None and not frames and not as_json:
            return _watch(nodes, version.root, None if unlocked is None else unlocked.key)
        wishes: dict[str, Any] = {"height": height, "out": out, "frames": frames, "unlocked": unlocked}
        proof = playing.play(nodes, found, version, progress=_progress("segments"), **wishes)
        proof["nodes"] = _shares(nodes)
        click.echo(json.dumps(proof, ensure_ascii=False) if as_json else playing.told(proof))
        return 0

    return with_nodes(urls, timeout_s, work)


def _watch(nodes: Any, root: Any, key: bytes | None) -> int:
    """Opens a player on the verified film."""
    from cinepeer_client.relay import find_player, watch
    from cinepeer_client.tree import Tree

    watch(Tree(nodes, root, key), find_player())
    return 0


@group.command(epilog="Example: cinepeer-client verify FILM --node http://localhost:8080")
@click.argument("film")
@click.option("--version", "cut", metavar="ID", help="Another version than the newest.")
@node_option
@timeout_option
@json_option
def verify(film: str, cut: str | None, urls: tuple[str, ...], timeout_s: float, as_json: bool) -> int:
    """Check every block of a film without keeping one."""
    from cinepeer_client.films import choose_version, find_film, parse_film
    from cinepeer_client.verify import verify_version

    wanted = parse_film(film)

    def work(nodes: Any) -> int:
        found = find_film(nodes, wanted, _now_ms())
        version = choose_version(found, cut)
        done = verify_version(nodes, found, version, _progress("blocks")) | {"nodes": _shares(nodes)}
        words = f"{found.name}: every one of {done['blocks']} blocks holds, {done['bytes']:,} bytes"
        click.echo(json.dumps(done, ensure_ascii=False) if as_json else words)
        return 0

    return with_nodes(urls, timeout_s, work)


@group.command(epilog="Example: cinepeer-client rate imdb:tt0111161 9 --node http://localhost:8080")
@click.argument("film")
@click.argument("stars", type=click.IntRange(1, 10), required=False)
@click.option("--withdraw", is_flag=True, help="Take the stars back.")
@state_option
@node_option
@timeout_option
@json_option
def rate(
    film: str,
    stars: int | None,
    withdraw: bool,
    state: Path | None,
    urls: tuple[str, ...],
    timeout_s: float,
    as_json: bool,
) -> int:
    """Give a film 1 to 10 stars: signed here by this client's own author, and given to the nodes named."""
    from cinepeer_client.rate import send, sign_rating
    from cinepeer_client.state import State

    if withdraw == (stars is not None):
        raise BadInput("found neither or both of STARS and --withdraw, expected one of them")
    sources = sources_of(urls, timeout_s)
    record, pairs = sign_rating(State.of(state), film, stars, _now_ms())
    told = {"record": str(record.id), "author": str(record.author), "seq": record.seq, "nodes": send(sources, pairs)}
    words = "taken back" if stars is None else f"{stars} of 10 stars"
    click.echo(json.dumps(told) if as_json else f"{words}, signed as record {record.id} by {record.author}")
    return 0


@group.command(epilog="Example: cinepeer-client recommend --why --node http://localhost:8080")
@click.option("--limit", default=10, type=click.IntRange(1, 200), show_default=True)
@click.option("--why", is_flag=True, help="Show every part of each score.")
@click.option("--diversity", type=click.IntRange(0, 100), default=0, help="How much films like others pay for it.")
@click.option("--against-popularity", type=click.IntRange(0, 1_000), default=0, help="How much what many like pays.")
@click.option("--off", multiple=True, metavar="SIGNAL", help="A signal that is to be silent; repeatable.")
@state_option
@node_option
@timeout_option
@json_option
def recommend(
    limit: int,
    why: bool,
    diversity: int,
    against_popularity: int,
    off: tuple[str, ...],
    state: Path | None,
    urls: tuple[str, ...],
    timeout_s: float,
    as_json: bool,
) -> int:
    """Show what to watch next: ranked here from a model that is checked by its id, and from your own ratings."""
    from cinepeer.recommend.wishes import parse_wishes
    from cinepeer_client.rate import given
    from cinepeer_client.recommend import recommend as ranked
    from cinepeer_client.recommend import told_words
    from cinepeer_client.state import State

    wishes = parse_wishes({"diversity": diversity, "against_popularity": against_popularity, "off": list(off)})
    kept = State.of(state)

    def work(nodes: Any) -> int:
        found = ranked(nodes, kept, given(kept.records()), wishes, limit, _now_ms())
        click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(told_words(found, why)))
        return 0

    return with_nodes(urls, timeout_s, work)


@group.command(epilog="Example: cinepeer-client audit film.audit.car")
@click.argument("subject", metavar="[BUNDLE|FILM]", required=False)
@click.option("--html", type=click.Path(path_type=Path), help="Write the report as a page into this new file.")
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Write a table of the titles into this new file.")
@click.option(
    "--diff", nargs=2, type=click.Path(path_type=Path), metavar="A B", help="Show what differs between two of them."
)
@click.option("--opening", type=click.Path(path_type=Path), help="What opens the sealed history of a list's receipt.")
@click.option("--out", type=click.Path(path_type=Path), help="Keep the bundle that a node gave in this new file.")
@node_option
@timeout_option
@json_option
def audit(
    subject: str | None,
    html: Path | None,
    table: Path | None,
    diff: tuple[Path, Path] | None,
    opening: Path | None,
    out: Path | None,
    urls: tuple[str, ...],
    timeout_s: float,
    as_json: bool,
) -> int:
    """Verify an audit bundle or a list's receipt offline, have nodes prove a film's title, or compare two reports."""
    from cinepeer_client.audit import Finding, audit_file, compare
    from cinepeer_client.films import is_film_id
    from cinepeer_client.receipt import is_receipt_file, read_file

    if (subject is None) == (diff is None):
        raise BadInput("found neither or both of BUNDLE and --diff A B, expected one of them")
    if diff is not None:
        text, differs = compare(*diff, as_json=as_json)
        click.echo(text)
        return 1 if differs else 0
    assert subject is not None
    if is_film_id(subject) and not Path(subject).exists():
        return with_nodes(urls, timeout_s, lambda nodes: _prove(nodes, subject, html, table, out, as_json))
    if out is not None:
        raise BadInput(f"found --out with the file {subject}, expected it with a film's id")
    bundle = Path(subject)
    if is_receipt_file(bundle):
        reading = read_file(bundle, opening)
        click.echo(reading.render(as_json))
        return reading.code
    finding = Finding(audit_file(bundle))
    finding.write(html, table)
    finding.show(as_json)
    return 0 if finding.report.ok else 1


def _prove(nodes: Any, film: str, html: Path | None, table: Path | None, out: Path | None, as_json: bool) -> int:
    """What nodes prove of a film's title; the bundle is kept where that is asked for."""
    from cinepeer_client.audit import Finding, keep_bundle
    from cinepeer_client.films import parse_film
    from cinepeer_client.proof import prove

    report, data = prove(nodes, parse_film(film))
    if out is not None:
        keep_bundle(out, data)
    finding = Finding(report)
    finding.write(html, table)
    finding.show(as_json)
    return 0 if report.ok else 1


@group.command(epilog="Example: cinepeer-client checkpoint imdb:tt0111161 --node http://localhost:8080")
@click.argument("films", metavar="[FILM]…", nargs=-1)
@click.option("--record", metavar="ID", help="The record of another checkpoint than the newest.")
@node_option
@timeout_option
@json_option
def checkpoint(
    films: tuple[str, ...], record: str | None, urls: tuple[str, ...], timeout_s: float, as_json: bool
) -> int:
    """Show films' scores as a checkpoint has them: verified as its author's word, not replayed."""
    from cinepeer.records.cid import Cid
    from cinepeer_client.checkpoint import find_checkpoint, tell

    wanted = None
    if record is not None:
        try:
            wanted = Cid.parse(record)
        except CinepeerError:
            raise BadInput(f"found the record {record[:80]!r}, expected the id of a checkpoint's record (b…)") from None

    def work(nodes: Any) -> int:
        told = tell(find_checkpoint(nodes, _now_ms(), wanted), films)
        if as_json:
            click.echo(json.dumps(told, ensure_ascii=False))
            return 0
        click.echo(f"{told['ratings']:,} ratings of {told['records']:,} records, {told['label']}")
        for other in told["contradicts"]:
            click.echo(f"contradicted by the same device: {other}")
        for film in told["films"]:
            click.echo(f"{film['film']}  median {film['median'] or '–'} of {film['count']:,} ratings")
        return 0

    return with_nodes(urls, timeout_s, work)


@group.command("open", epilog="Example: cinepeer-client open --node http://localhost:8080")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The loopback port; 0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Say where the page is and open no browser.")
@node_option
@timeout_option
@json_option
def open_page(port: int, no_browser: bool, urls: tuple[str, ...], timeout_s: float, as_json: bool) -> int:
    """Open the page that this package carries, against nodes elsewhere; it checks all that they serve."""
    import os

    from cinepeer_client.fetch import Source
    from cinepeer_client.open import Opened

    named = urls or tuple(os.environ.get(NODE, "").split())
    opened = Opened([Source.of(url, timeout_s) for url in named], port)
    told = {"url": opened.url, "nodes": [source.url for source in opened.sources]}
    click.echo(json.dumps(told) if as_json else f"{opened.url}  (Ctrl-C ends it)")
    sys.stdout.flush()
    if not no_browser and not as_json:
        import webbrowser

        webbrowser.open(opened.url)
    with opened:
        while True:
            time.sleep(3600)


def _shares(nodes: Any) -> list[dict[str, Any]]:
    """What each node gave, and what it served that does not hold."""
    return [
        {
            "url": source.url,
            "blocks": source.blocks,
            "bytes": source.size_bytes,
            "away": source.away or None,
            "lies": [lie.found for lie in source.lies],
        }
        for source in nodes.sources
    ]


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs a command line; ends the process with 0 held, 1 did not hold, 2 bad input, 3 unreachable."""
    run_and_exit(group, "cinepeer-client", arguments)


if __name__ == "__main__":
    main()
