"""The recommend command: what to watch next, why and why not, by which wishes, and the receipt of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import film_id
from cinepeer.faces.cli.same import BY

# Wishes that name films, by the word of their option.
OF_FILMS = {"forget": "forgotten", "less": "less", "hide": "hidden"}


@click.command(epilog="Example: cinepeer recommend --why --rule 'at most 100 minutes' --rule 'nothing violent'")
@click.option("--limit", default=10, type=click.IntRange(1, 200), show_default=True)
@click.option("--why", is_flag=True, help="Show every part of each score.")
@click.option("--film", help="Why this film is in the list, or why it is not, and what would change it.")
@click.option("--rule", "rules", multiple=True, help="Only films that fit, such as 'in a language I read'; repeatable.")
@click.option("--language", "languages", multiple=True, help="A language that you read, such as en; repeatable.")
@click.option("--territory", help="Where you are, such as FR: what is not licensed there is left out.")
@click.option("--model", help="taste, next (what is seen after the last ones), liked or popularity.")
@click.option("--diversity", type=click.IntRange(0, 100), help="How much films that are like others pay for it.")
@click.option("--against-popularity", type=click.IntRange(0, 1_000), help="How much films that many like pay for it.")
@click.option("--off", multiple=True, metavar="SIGNAL", help="A signal that is to be silent; repeatable.")
@click.option("--forget", multiple=True, metavar="FILM", help="Let your stars for a film say nothing; repeatable.")
@click.option("--less", multiple=True, metavar="FILM", help="Fewer films like this one; repeatable.")
@click.option("--hide", multiple=True, metavar="FILM", help="Never list this film; repeatable.")
@click.option("--keep", is_flag=True, help="Keep these wishes in the home for every list; without others: show them.")
@click.option("--reset", is_flag=True, help="Drop the wishes that are kept.")
@click.option("--fairness", is_flag=True, help="Whom the lists of a sample of authors favour, and what the dial costs.")
@click.option("--receipt", "out", type=click.Path(path_type=Path), help="Write the list's receipt into this new file.")
@click.option("--sealed", is_flag=True, help="In the receipt only a commitment to your ratings; FILE.opening opens it.")
@json_option
@home_option
def recommend(
    limit: int,
    why: bool,
    film: str | None,
    keep: bool,
    reset: bool,
    fairness: bool,
    out: Path | None,
    sealed: bool,
    as_json: bool,
    home: Path,
    **asked: Any,
) -> None:
    """Show what to watch next, ranked on this machine from the replicated ratings."""
    if sealed and out is None:
        raise BadInput("found --sealed without --receipt, expected the file that the receipt is written to")
    node = Node.of(home)
    if fairness:
        show(node.get("/api/fairness"), as_json, _fairness)
        return
    if reset:
        node.patch("/api/wishes", {**_nothing(), "languages": []})
    wishes = _wishes(node, **asked)
    is_shown = keep and not wishes
    if keep and wishes:
        _keep(node, wishes)
    query = _query(wishes, limit)
    if film is not None:
        found = node.get(f"/api/recommendations/{quote(film_id(node, film))}?{query}")
        names = {} if as_json else _names(node)
        show(found, as_json, lambda told: _opened(told, names))
    elif out is not None:
        told = _receipt(node, wishes, limit, out, sealed)
        show(told, as_json, lambda made: iter([f"receipt of {made['films']} films in {made['file']}"]))
    elif is_shown:
        show(node.get("/api/wishes"), as_json, _kept)
    else:
        listed = node.get(f"/api/recommendations?{query}")
        names = _names(node) if why and not as_json else {}
        show(listed, as_json, lambda told: _recommended(told, why, names))


def _wishes(node: Node, **asked: Any) -> dict[str, Any]:
    """The wishes that the options name, as the API takes them."""
    wishes: dict[str, Any] = {}
    for option, name in OF_FILMS.items():
        if asked[option]:
            wishes[name] = [film_id(node, film) for film in asked[option]]
    for name in ("rules", "off", "languages"):
        if asked[name]:
            wishes[name] = list(asked[name])
    for name in ("territory", "model", "diversity", "against_popularity"):
        if asked[name] is not None:
            wishes[name] = asked[name]
    return wishes


def _nothing() -> dict[str, Any]:
    return {
        **{name: [] for name in (*OF_FILMS.values(), "rules", "off")},
        "territory": "",
        "model": "taste",
        "diversity": 0,
        "against_popularity": 0,
    }


def _keep(node: Node, wishes: dict[str, Any]) -> None:
    """Keeps wishes for every list from now on, beside those that may be several."""
    kept = node.get("/api/wishes")
    several = (*OF_FILMS.values(), "rules", "off")
    beside = {name: list(dict.fromkeys([*kept[name], *wishes[name]])) for name in several if name in wishes}
    node.patch("/api/wishes", wishes | beside)


def _query(wishes: dict[str, Any], limit: int) -> str:
    """Wishes as the query of a question."""
    words = {"rules": "rule", "languages": "language", **{name: option for option, name in OF_FILMS.items()}}
    words["hidden"] = "hide"
    asked = {words.get(name, name): value for name, value in wishes.items()}
    return urlencode({"limit": limit, **asked}, doseq=True)


def _receipt(node: Node, wishes: dict[str, Any], limit: int, out: Path, sealed: bool) -> dict[str, Any]:
    """Writes the receipt, and the opening of a sealed one beside it; neither may be there already."""
    from cinepeer.adapters.system.durable import new_file
    from cinepeer.recommend.receipt import read_receipt

    made = node.post("/api/receipts", {"limit": limit, "sealed": sealed, "wishes": wishes})
    data = base64.b64decode(made["head"]) + node.read("GET", f"/api/models/{made['model']}")
    statement = read_receipt(data).statement
    with new_file(out, mode=0o600) as file:
        file.write(data)
    told = {"file": str(out), "model": made["model"], "films": len(statement.films), "root": statement.root.hex()}
    if made["opening"] is not None:
        opening = out.with_name(out.name + ".opening")
        with new_file(opening, mode=0o600) as file:
            file.write(base64.b64decode(made["opening"]))
        told["opening"] = str(opening)
    return told


def _names(node: Node) -> dict[str, str]:
    """The names of the films known here, under every id that they go by."""
    films = node.get("/api/films")
    named = {film["id"]: film["name"] for film in films}
    return {external: film["name"] for film in films for external in film["facts"].get("external") or ()} | named


def _recommended(found: dict[str, Any], why: bool, named: dict[str, str]) -> Iterator[str]:
    """The list, and with `why` every part of each score; `named`: the names of the films known here by their ids."""
    if not found["films"] and not found["left_out"]:
        yield "nothing yet: rate a few films, or wait until other people's ratings have come"
    if found["source"]:
        yield f"from ratings {found['source']}"
    for place, film in enumerate(found["films"], 1):
        yield f"{place:3}. {film['name'] or film['film']}  ({film['by']}, score {_points(film['score'], found['one'])})"
        if why:
            yield from _parts(film, found["one"], named)
            yield from _joined(film)
            yield from _rights(film)
    for reason, count in found["left_out"].items():
        yield f"left out: {count} ({reason})"


def _parts(film: dict[str, Any], one: int, named: dict[str, str]) -> Iterator[str]:
    if not film["evidence"]:
        yield f"       liked by {film['likes']} authors; none of your ratings speaks for or against it"
    for cause in film["evidence"]:
        about = named.get(cause["film"], cause["film"])
        yield f"       {_points(cause['adds'], one)} {_because(cause, about)}"


def _because(cause: dict[str, Any], about: str) -> str:
    """What a part of a score comes from, in words."""
    match cause["channel"]:
        case "popularity":
            return "because many like it, by the dial against popularity"
        case "diversity":
            return f"because it is like {about}, which is listed before it"
        case "less":
            return f"because you want fewer films like {about}"
    words = f"because you gave {about} {cause['stars']} stars"
    if cause.get("rated_as"):
        words += f" as {cause['rated_as']}"
    if cause["record"] is None:
        words += ", privately"
    if cause["liked_both"]:
        words += f"; {cause['liked_both']} others liked both"
    return words + (f"; both: {', '.join(cause['shared'])}" if cause["shared"] else "")


def _joined(film: dict[str, Any]) -> Iterator[str]:
    for word in film.get("joined", ()):
        yield f"       {word['films'][1]} is counted as this film, says {BY[word['by']]}: record {word['record']}"


def _rights(film: dict[str, Any]) -> Iterator[str]:
    facts = film["facts"]
    if facts["block"] is not None and (facts["is_licensed"] is not None or facts["is_disputed"]):
        told = "disputed, so behind all that are not" if facts["is_disputed"] else "may be shown here"
        yield f"       {told}, as the ledger stands at block {facts['block']}"


def _points(score: int, one: int) -> str:
    """A score in hundredths of the strongest weight that a rating can have."""
    return f"{100 * score / one:+.2f}"


def _opened(found: dict[str, Any], named: dict[str, str]) -> Iterator[str]:
    """Why a film is in the list, or why not."""
    name = named.get(found["film"], found["film"])
    if found["place"] is not None:
        yield f"{name} is number {found['place']}"
    else:
        yield f"{name} is not in the list: {found['reason']}"
    if found["found"] is not None:
        yield f"score {_points(found['found']['score'], found['one'])}" + (
            "" if found["needed"] is None else f", the last one listed has {_points(found['needed'], found['one'])}"
        )
        yield from _parts(found["found"], found["one"], named)
        yield from _joined(found["found"])
    if found["change"] is not None:
        without = " and ".join(named.get(film, film) for film in found["change"]["films"])
        proved = "no smaller set does it" if found["change"]["is_smallest"] else "a smaller set may do it"
        yield f"without your stars for {without} it would not be listed ({proved})"


def _kept(wishes: dict[str, Any]) -> Iterator[str]:
    for name, value in wishes.items():
        yield f"{name:20}{_words(value)}"


def _words(value: Sequence[str] | str | int) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value) or "–"


def _fairness(found: dict[str, Any]) -> Iterator[str]:
    """The report as a table: one column for each setting of the dial."""
    settings = found["settings"]
    yield f"lists of {found['limit']} for {found['sampled']} of {found['authors']:,} authors, {found['films']:,} films"
    if not settings:
        yield "too few authors who liked five films or more"
        return
    rows: dict[str, list[str]] = {
        "against popularity": [str(one["against_popularity"]) for one in settings],
        "hidden film found": [f"{one['hit']:.3f}" for one in settings],
        "likes of a listed film": [f"{one['likes_listed']:.0f}" for one in settings],
        "likes of a liked film": [f"{one['likes_rated']:.0f}" for one in settings],
        "films ever listed": [f"{one['coverage']:.3f}" for one in settings],
        "inequality (Gini)": [f"{one['gini']:.3f}" for one in settings],
        "less liked half": [_share(one["less_liked_half"]) for one in settings],
    }
    if settings[0]["small_creators"]:
        rows["small creators"] = [_share(one["small_creators"]) for one in settings]
    for name in ("languages", "decades"):
        rows |= {f"{name} {word}": [_share(one[name][word]) for one in settings] for word in settings[0][name]}
    for name in ("by_activity", "by_taste"):
        rows |= {f"found, {word}": [f"{one[name][word]['hit']:.3f}" for one in settings] for word in settings[0][name]}
    for name, cells in rows.items():
        yield f"{name:28}" + "".join(f"{cell:>16}" for cell in cells)
    yield "shares: of the places in lists / of what the authors liked"


def _share(share: dict[str, float]) -> str:
    return f"{share['listed']:.3f}/{share['rated']:.3f}"
