"""Whatever a stranger puts into a bundle's blocks, ids made right again: the audit gives a report, never an error."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.content.car import write
from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.audit import verify
from cinepeer.rights.container import scan
from unit.rights.collected import bundled, gathered
from unit.rights.scene import EXPECTATIONS, story

Blocks = dict[Cid, bytes]
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 1 << 63), st.binary(max_size=70), st.text(max_size=5), st.just([]),
    st.just({}), st.binary(min_size=20, max_size=20), st.binary(min_size=32, max_size=32),
)  # fmt: skip


@cache
def sound(sort: str) -> tuple[Cid, Blocks]:
    """A sound bundle's root and blocks."""
    car = story().bundle() if sort == "film" else bundled(gathered(sort))
    container = scan(memoryview(car))
    assert container.root is not None
    return container.root, {one.cid: car[one.begin : one.end] for one in container.sections}


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value within a value."""
    if isinstance(value, dict):
        return [way, *(one for key in value for one in places(value[key], (*way, key)))]
    if isinstance(value, list):
        return [way, *(one for at, item in enumerate(value) for one in places(item, (*way, at)))]
    return [way]


def changed(value: Any, way: tuple[Any, ...], act: str, odd: Any) -> Any:
    """A value with what lies at `way` replaced, left out or doubled."""
    if not way:
        return odd
    inner = dict(value) if isinstance(value, dict) else list(value)
    first, *rest = way
    if rest:
        inner[first] = changed(inner[first], tuple(rest), act, odd)
    elif act == "drop":
        del inner[first]
    elif act == "double" and isinstance(inner, list):
        inner.insert(first, inner[first])
    else:
        inner[first] = odd
    return inner


def rebuilt(root: Cid, blocks: Blocks, target: Cid, block: bytes) -> bytes:
    """The bundle with one block replaced and every link to it made right."""
    fresh: dict[Cid, Cid] = {}
    found: Blocks = {}

    def visit(cid: Cid) -> Cid:
        if cid not in fresh:
            data = block if cid == target else blocks[cid]
            if cid.codec == DAG_CBOR and cid != target:
                linked = relinked(dagcbor.decode(data))
                data = dagcbor.encode(linked)
            fresh[cid] = Cid.of(data, cid.codec)
            found[fresh[cid]] = data
        return fresh[cid]

    def relinked(value: Any) -> Any:
        if isinstance(value, Cid):
            return visit(value) if value in blocks else value
        if isinstance(value, dict):
            return {key: relinked(item) for key, item in value.items()}
        return [relinked(item) for item in value] if isinstance(value, list) else value

    top = visit(root)
    for cid in blocks:
        visit(cid)
    rest = [pair for pair in found.items() if pair[0] != top]
    return b"".join(write([top], iter([(top, found[top]), *rest])))


@pytest.mark.parametrize("sort", ["film", "author", "network"])
@given(data=st.data())
def test_no_bundle_is_too_odd_for_a_report(sort: str, data: st.DataObject):
    root, blocks = sound(sort)
    readable = [cid for cid in blocks if cid.codec == DAG_CBOR]
    target = readable[data.draw(st.integers(0, len(readable) - 1), label="block")]
    value = dagcbor.decode(blocks[target])
    ways = places(value)
    way = ways[data.draw(st.integers(0, len(ways) - 1), label="place")]
    act = data.draw(st.sampled_from(["replace", "drop", "double"]), label="act")
    try:
        block = dagcbor.encode(changed(value, way, act, data.draw(ODD, label="odd")))
    except Refused:
        return  # nothing that DAG-CBOR can say
    report = verify(rebuilt(root, blocks, target, block), EXPECTATIONS)
    assert report.lines
    assert block == blocks[target] or not report.ok or target != root
