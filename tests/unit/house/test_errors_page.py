"""The page about errors names every class with its codes, and every reason for which bytes are refused."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cinepeer.errors import CinepeerError
from cinepeer.faces.http.problems import status_of
from cinepeer.records.bodies import KINDS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "errors.md").read_text()
SOURCES = sorted((ROOT / "node").rglob("*.py")) + sorted((ROOT / "client" / "cinepeer_client").rglob("*.py"))
TREES = [ast.parse(path.read_text()) for path in SOURCES]


def classes() -> dict[str, type[CinepeerError]]:
    """Every error of ours that the sources define, by its name."""
    from cinepeer.adapters.chain import endpoint  # noqa: F401 (its errors are of the tree as well)

    found: dict[str, type[CinepeerError]] = {}
    waiting = [CinepeerError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("cinepeer"):
            found[kind.__name__] = kind
    del found["CinepeerError"]
    return found


def reasons() -> Iterator[str]:
    """Every name that is handed to `Refused` as its reason."""
    for tree in TREES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                given = node.args[0]
                for part in (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,):
                    if isinstance(part, ast.Constant):
                        yield str(part.value)


@pytest.mark.parametrize("name", sorted(classes()))
def test_every_class_has_its_heading_with_its_codes(name: str) -> None:
    kind = classes()[name]
    section = re.split(rf"\n##+ {name}\n", PAGE)[1].split("\n#")[0]
    error = kind("a-reason", "a sentence") if name == "Refused" else kind.__new__(kind)  # type: ignore[call-arg]
    assert f"xit code {error.exit_code}" in section
    assert str(status_of(error)) in section


def test_every_class_in_the_sources_is_among_them() -> None:
    known = set(classes()) | {"CinepeerError"}
    for tree in TREES:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and {ast.unparse(base) for base in node.bases} & known:
                assert node.name in known, node.name


def test_every_reason_has_its_line_and_none_is_left_over() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.M)
    assert len(told) == len(set(told))
    assert set(reasons()) - set(told) == set(), "expected a line in docs/errors.md for each"
    assert set(told) - set(reasons()) == set(), "expected no line in docs/errors.md without a reason in the sources"


def test_every_record_kind_has_its_line() -> None:
    page = (ROOT / "docs" / "records.md").read_text()
    for kind in KINDS:
        assert f"\n| `{kind}` |" in page, kind
