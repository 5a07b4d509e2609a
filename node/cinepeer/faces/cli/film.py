"""Commands about films: publish, films, rate."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from cinepeer.content import sort as version
from cinepeer.content.warnings import WARNINGS
from cinepeer.errors import BadInput, CheckFailed, CinepeerError, Unreachable
from cinepeer.faces.cli import resting
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id
from cinepeer.faces.cli.measure import measured, say_over
from cinepeer.faces.cli.moment import MOMENT
from cinepeer.faces.cli.sources import PACKAGING, estimated, package_of, packaging_options, sources


@click.command(epilog="Example: cinepeer publish film.mp4 --name 'First Light' --year 2026 --owner 0xABC…=3000")
@click.argument("film")
@click.option("--name", help="The film's name; the file's name without it.")
@click.option("--year", type=int)
@click.option("--genre", "genres", multiple=True, help="A genre in a word; repeatable.")
@click.option("--language", "languages", multiple=True, help="A language that is spoken, such as en; repeatable.")
@click.option("--credit", "credits_", multiple=True, metavar="NAME=ROLE", help="Who did what; repeatable.")
@click.option("--synopsis", default="", help="What it is about.")
@click.option("--external", multiple=True, help="An external id such as imdb:tt0111161; repeatable.")
@click.option("--owner", "owners", multiple=True, help="A co-owner ADDRESS=SHARES (basis points); you keep the rest.")
@click.option("--title/--no-title", default=True, help="Register the title on the ledger.")
@click.option("--licensed", is_flag=True, help="Encrypt it: it plays by licence alone.")
@click.option("--custodian", "custodians", multiple=True, metavar="AUTHOR", help="Who keeps its key; repeatable.")
@click.option(
    "--premiere", type=MOMENT, help="The day or moment (UTC) before which it is shown by licence or link alone."
)
@click.option(
    "--warning",
    "warnings",
    type=click.Choice((*WARNINGS, "none")),
    multiple=True,
    help="What it shows that not everybody should see; none: nothing of that kind; repeatable.",
)
@click.option("--unlisted", is_flag=True, help="Have lists and searches leave it out; its own page opens.")
@click.option(
    "--of", metavar="FILM", help="Add it to your film as another version, such as a new cut, a trailer or a dub."
)
@click.option(
    "--sort",
    type=click.Choice(version.SORTS),
    default=version.FILM,
    show_default=True,
    help="A trailer never plays first.",
)
@click.option("--label", help="What this version is called; `original cut`, or its sort, without it.")
@click.option("--made-from", metavar="FILM=SHARES", help="A film that it is made from, and its share (basis points).")
@packaging_options
@click.option("--estimate", is_flag=True, help="Only tell what it takes; nothing is published.")
@click.option("--watch", is_flag=True, help="Publish each film that comes into the folder, until Ctrl-C.")
@json_option
@home_option
def publish(
    film: str, estimate: bool, watch: bool, made_from: str | None, as_json: bool, home: Path, **wished: Any
) -> None:
    """Publish a film: checked, packaged, stored, signed, registered, announced.

    FILM is a file, a folder of films, or an address from which `yt-dlp` brings one. The node does the work and goes on
    with it when this command is gone; Ctrl-C cancels it until something is signed.
    """
    package = package_of(*(wished.pop(name) for name in PACKAGING))
    with ExitStack() as stack:
        problems: list[tuple[str, CinepeerError]] = []
        count = 0
        for source in sources(film, stack, is_watched=watch, is_told=sys.stderr.isatty() and not as_json):
            count += 1
            if wished["of"] is not None:
                wished["of"] = film_id(Node.of(home), wished["of"])
            wanted = {**source.said, **_given(_wanted(source.path, **wished), source.said, wished), **package}
            node = Node.of(home)
            wanted |= _made_from(node, made_from)
            # Who is there to answer is asked where the film is like another's.
            wanted["ask"] = made_from is None and not as_json and not watch and sys.stdin.isatty()
            if estimate:
                found = node.post("/api/publications/estimates", {"path": wanted["path"]})
                show(found, as_json, estimated)
                continue
            try:
                _publish(node, wanted, as_json)
                source.note()
            except (BadInput, CheckFailed) as error:
                if not watch and not Path(film).is_dir():
                    raise
                problems.append((source.path.name, error))
                if watch:
                    click.echo(f"cinepeer: {source.path.name}: {error}", err=True)
        _check_all(problems, count)


def _check_all(problems: list[tuple[str, CinepeerError]], count: int) -> None:
    """Raises for what of a folder was not published; a lone file's own sentence is enough."""
    if not problems:
        return
    if count == 1:
        raise problems[0][1]
    for name, error in problems:
        click.echo(f"cinepeer: {name}: {error}", err=True)
    raise CheckFailed(f"found {len(problems)} of {count} films not published, expected all of them")


def _given(wanted: dict[str, Any], said: dict[str, Any], wished: dict[str, Any]) -> dict[str, Any]:
    """What a person wished, without what only stands for nothing where the film's site said something."""
    return {name: value for name, value in wanted.items() if name not in said or wished.get(_OPTIONS.get(name, name))}


def _publish(node: Node, wanted: dict[str, Any], as_json: bool) -> None:
    """Has one film published, and shows what was made."""
    job = node.post("/api/publications", wanted)["id"]
    try:
        done = _followed(node, job, not as_json and sys.stderr.isatty())
    except KeyboardInterrupt:
        click.echo(f"\ncinepeer: {_cancelled(node, job)}", err=True)
        raise
    stages = [] if as_json else node.get(f"/api/publications/{job}")["stages"]
    show(done, as_json, lambda made: iter([*_published(made), *_findings(stages)]))


def _followed(node: Node, job: str, is_told: bool) -> dict[str, Any]:
    """Waits for a publication's end, telling each stage where a person watches; returns what was made."""
    for line in node.lines(f"/api/publications/{job}/events"):
        if "problem" in line:
            kind = {1: CheckFailed, 3: Unreachable}.get(line["exit_code"], BadInput)
            raise kind(line["problem"])
        if "done" in line:
            return dict(line["done"])
        if "ask" in line:
            _decide(node, job, line["ask"])
            continue
        if is_told:
            say_over(_measure(line))
            if "of" not in line:
                click.echo(err=True)
    raise Unreachable(
        "the node stopped in the middle, expected the film published: it goes on when it is started again"
    )


def _decide(node: Node, job: str, near: list[dict[str, Any]]) -> None:
    """Asks what a film is that is like another's, and has its publication go on so, or end."""
    click.echo("\n".join(_alike(near)), err=True)
    says = "Is it your own work (own), made from the first of these (made), or shall nothing be published (stop)?"
    said = click.prompt(says, type=click.Choice(["own", "made", "stop"]), err=True)
    if said == "stop":
        node.delete(f"/api/publications/{job}")
        return
    wish: dict[str, Any] = {}
    if said == "made":
        shares = click.prompt("Its share of the title, in basis points", type=click.IntRange(1, 9_999), err=True)
        wish = {"parent": near[0]["film"], "parent_shares": shares}
    node.post(f"/api/publications/{job}/decisions", wish)


def _made_from(node: Node, text: str | None) -> dict[str, Any]:
    """`FILM=SHARES` as the API takes it; raises `BadInput`."""
    if text is None:
        return {}
    film, _, shares = text.rpartition("=")
    if not film or not shares.isdigit():
        raise BadInput(f"found --made-from {text[:80]!r}, expected FILM=SHARES such as bafyreig…=1000")
    return {"parent": film_id(node, film), "parent_shares": int(shares)}


def _cancelled(node: Node, job: str) -> str:
    """Cancels a publication; returns what became of it."""
    try:
        return str(node.delete(f"/api/publications/{job}")["problem"])
    except CinepeerError as error:
        return str(error)


def _wanted(
    file: Path,
    name: str | None,
    year: int | None,
    genres: tuple[str, ...],
    languages: tuple[str, ...],
    credits_: tuple[str, ...],
    synopsis: str,
    external: tuple[str, ...],
    owners: tuple[str, ...],
    title: bool,
    licensed: bool,
    custodians: tuple[str, ...],
    premiere: int | None,
    unlisted: bool,
    warnings: tuple[str, ...],
    of: str | None,
    sort: str,
    label: str | None,
) -> dict[str, Any]:
    """What a person said of a film, as the API takes it; raises `BadInput`."""
    return {
        "path": str(file.resolve()),
        "name": name or file.stem,
        "year": year,
        "genres": list(genres),
        "languages": list(languages),
        "credits": [_parse_credit(text) for text in credits_],
        "synopsis": synopsis,
        "external": list(external),
        "owners": [parse_owner(text) for text in owners],
        "title": title,
        "licensed": licensed,
        "custodians": list(custodians),
        "premiere": premiere,
        "unlisted": unlisted,
        "warnings": [one for one in warnings if one != "none"] if warnings else None,
        "of": of,
        "sort": sort,
        "label": label or ("original cut" if sort == version.FILM else sort),
    }


def _parse_credit(text: str) -> tuple[str, str]:
    name, _, role = text.rpartition("=")
    if not name or not role:
        raise BadInput(f"found the credit {text!r}, expected NAME=ROLE such as 'Ada Byron=director'")
    return name, role


def parse_owner(text: str) -> dict[str, Any]:
    """`ADDRESS=SHARES` as the API takes it; raises `BadInput`."""
    holder, _, shares = text.partition("=")
    if not shares.isdigit() or len(holder) != 42 or not holder.startswith("0x"):
        raise BadInput(f"found the co-owner {text!r}, expected ADDRESS=SHARES such as 0x52…90=3000")
    return {"holder": holder, "shares": int(shares)}


# The option behind a field, where it has another name.
_OPTIONS = {"credits": "credits_"}


def _measure(line: dict[str, Any]) -> str:
    if "of" in line:
        return measured("packaging", line["seconds"], line["of"], "seconds of film")
    return f"{line['stage']}: " + ", ".join(f"{key} {value}" for key, value in line.items() if key != "stage")


def _published(done: dict[str, Any]) -> Iterator[str]:
    yield f"film     {done['film']}"
    yield f"version  {done['version']}  ({', '.join(done['renditions'])})"
    yield f"files    ipfs://{done['root']}  ({done['blocks']} blocks, {done['size_bytes']:,} bytes)"
    if "title" in done:
        yield f"title    {done['title']['title']}  in block {done['title'].get('block', 'registered before')}"


def _findings(stages: list[dict[str, Any]]) -> Iterator[str]:
    """What was found of the film while it was packaged, for its creator."""
    found = next((stage for stage in stages if stage["stage"] == "ladder"), {})
    if "loudness_lufs" in found:
        yield f"loudness {found['loudness_lufs']} LUFS, peak {found['peak_dbfs']} dBFS"
    for kind in ("black", "still", "silent"):
        if stretches := found.get(kind):
            yield f"{kind:8} {', '.join(f'{start:.1f}–{end:.1f} s' for start, end in stretches)}"
    yield from _alike(found.get("near", []))


def _alike(films: list[dict[str, Any]]) -> Iterator[str]:
    """The films of others that a new one is like, with the stretches."""
    for near in films:
        yield f"near     {near['name']!r} ({near['film']})"
        for what, share, stretches in (
            ("pictures", near["share"], near["stretches"]),
            ("sound", near["sound_share"], near["sound_stretches"]),
        ):
            parts = ", ".join(
                f"{there:.0f} s there is {here:.0f} s here for {length:.0f} s" for there, here, length in stretches
            )
            if parts:
                yield f"         {share:.0%} of its {what}: {parts}"


@click.command(epilog="Example: cinepeer films --json")
@json_option
@home_option
def films(as_json: bool, home: Path) -> None:
    """List the films that the node knows, playable ones first; without a node, those that lie in the home."""
    try:
        found = Node.of(home).get("/api/films")
    except Unreachable as error:
        resting.tell_resting(home, error)
        found = resting.films(home)
    show(found, as_json, listed)


def listed(found: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each film."""
    if not found:
        yield "no films yet: publish one with `cinepeer publish FILE`, or join others with `cinepeer run --join ADDR`"
    for film in found:
        score = film["scores"]["viewers"]
        year = film["facts"].get("year") or "–"
        told = f"{score['median']}/10 of {score['count']}" if score["count"] else "unrated"
        told += f", yours {film['yours']}" if film["yours"] else ""
        licensed = any(version["licensed"] for version in film["versions"])
        place = "ready" if film["playable"] else "licensed" if licensed else "not held here"
        yield f"{film['id']}  {film['name']} ({year})  {told}  {place}"


@click.command(epilog="Example: cinepeer rate 'First Light' 9   or   cinepeer rate imdb:tt0111161 --withdraw")
@click.argument("film", type=FILM)
@click.argument("stars", type=click.IntRange(1, 10), required=False)
@click.option("--withdraw", is_flag=True, help="Take the stars back.")
@json_option
@home_option
def rate(film: str, stars: int | None, withdraw: bool, as_json: bool, home: Path) -> None:
    """Give a film 1 to 10 stars; the rating is signed and spreads."""
    if withdraw == (stars is not None):
        raise BadInput("found neither or both of STARS and --withdraw, expected one of them")
    node = Node.of(home)
    done = node.post("/api/ratings", {"ratings": [[film_id(node, film), stars]]})
    told = "taken back" if stars is None else f"{stars} of 10 stars"
    show(done, as_json, lambda made: iter([f"{told}, signed as record {made['record']}"]))
