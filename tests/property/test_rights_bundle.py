"""Bundles from strangers: any changed byte is found and placed, and nothing makes the verifier raise."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cinepeer.content import car
from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.audit import Expectations, Report, verify
from cinepeer.rights.bundle import order
from cinepeer.rights.container import Section, scan
from cinepeer.rights.manifest import parse_manifest
from cinepeer.rights.report import report_json, report_text
from cinepeer.rights.shipped import SHIPPED
from unit.rights.scene import sound_bundle

EXPECTATIONS = Expectations(SHIPPED)
CONTAINER = ("every block matches its id", "the bundle holds its parts and nothing else")


@cache
def sections() -> tuple[Section, ...]:
    return scan(memoryview(sound_bundle())).sections[:]


@cache
def roles() -> dict[Cid, str]:
    found = parts()
    return dict(order(sections()[0].cid, found.get))


@cache
def parts() -> dict[Cid, bytes]:
    data = sound_bundle()
    return {section.cid: data[section.begin : section.end] for section in sections()}


def changed(at: int, flip: int) -> bytes:
    data = bytearray(sound_bundle())
    data[at] ^= flip
    return bytes(data)


def refused(data: bytes) -> Report:
    """The report on bytes that must not hold; both its forms can be written."""
    report = verify(data, EXPECTATIONS)
    assert not report.ok
    assert report_json(report) and report_text(report)
    return report


def container_faults(report: Report) -> str:
    return " ".join(line.found for line in report.lines if line.check in CONTAINER and not line.ok)


def test_there_is_a_section_of_every_sort():
    sorts = {role.rstrip("0123456789 ").split(",")[0].rstrip("0123456789 ") for role in roles().values()}
    assert len(roles()) == len(sections())
    assert {
        "the manifest",
        "the genesis of the network",
        "the code of Anchors",
        "record",
        "the body of record",
    } <= sorts
    assert any("a.m4s" in role for role in roles().values())


@given(st.integers(0, 10**9), st.integers(1, 255))
@settings(max_examples=150)
def test_any_one_changed_byte_is_found_and_placed(at, flip):
    at %= len(sound_bundle())
    faults = container_faults(refused(changed(at, flip)))
    assert "at byte" in faults


@pytest.mark.parametrize("number", range(42))
def test_a_changed_byte_is_placed_in_its_block_whatever_the_block_is(number):
    """First and last byte of the length, the id and the block, for every section of the bundle."""
    section = sections()[number]
    role = roles()[section.cid]
    for at in {section.offset, section.begin - 36, section.begin - 1, section.begin, section.end - 1}:
        faults = container_faults(refused(changed(at, 0x01)))
        assert "at byte" in faults
        if section.begin <= at < section.end:
            assert f"the block {section.cid} at byte {section.begin} to {section.end}" in faults
            if number:
                assert role in faults


@pytest.mark.parametrize("at", range(0, 60))
def test_no_byte_of_the_header_can_change(at):
    refused(changed(at, 0x40))


@given(st.integers(0, 10**9))
@settings(max_examples=60)
def test_a_truncated_bundle_does_not_hold(at):
    refused(sound_bundle()[: at % len(sound_bundle())])


@given(st.binary(min_size=1, max_size=100))
@settings(max_examples=60)
def test_bytes_after_the_end_do_not_hold(tail):
    refused(sound_bundle() + tail)


@given(st.binary(max_size=300))
def test_random_bytes_are_no_bundle(data):
    refused(data)


@given(st.data())
@settings(max_examples=60)
def test_sections_cannot_be_moved_left_out_or_repeated(data):
    at = data.draw(st.integers(0, len(sections()) - 1))
    other = data.draw(st.integers(0, len(sections()) - 1).filter(lambda one: one != at))
    blocks = list(parts().items())
    swapped = list(blocks)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    for wrong in (swapped, blocks[:at] + blocks[at + 1 :], [*blocks, blocks[at]]):
        refused(b"".join(car.write([sections()[0].cid], wrong)))


def test_a_block_that_nothing_leads_to_is_named():
    stray = (Cid.of(b"stray", DAG_CBOR), b"stray")
    faults = container_faults(refused(b"".join(car.write([sections()[0].cid], [*parts().items(), stray]))))
    assert "which nothing leads to" in faults


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=40) | st.text(max_size=10)
    | st.sampled_from([Cid.of(b"a", DAG_CBOR), Cid.of(b"b", 0x70), Cid.of(b"c", 0x55)]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def relinked(old: Cid, block: bytes) -> bytes:
    """A bundle in which one part is another block and everything else fits it again: its faults are in its meaning."""
    new = Cid.of(block, old.codec)
    manifest_cid = sections()[0].cid
    if old == manifest_cid:
        manifest = block
    else:
        manifest = dagcbor.encode(_replaced(dagcbor.decode(parts()[manifest_cid]), old, new))
    held = {**parts(), new: block}
    root = Cid.of(manifest, DAG_CBOR)
    held[root] = manifest
    found: list[tuple[Cid, bytes]] = []
    try:
        for cid, _ in order(root, held.get):
            if cid in held:
                found.append((cid, held[cid]))
    except Refused:
        pass  # a manifest that cannot be read leads nowhere
    return b"".join(car.write([root], found))


def _replaced(value: object, old: Cid, new: Cid) -> object:
    if isinstance(value, Cid):
        return new if value == old else value
    if isinstance(value, list):
        return [_replaced(one, old, new) for one in value]
    if isinstance(value, dict):
        return {name: _replaced(one, old, new) for name, one in value.items()}
    return value


def changeable() -> list[Cid]:
    """Every part but the film's own blocks and the body of a record that no check reads."""
    return [cid for cid, role in roles().items() if "film's bytes" not in role]


def evidence(report: Report) -> list[int]:
    """How many log entries, records, offers and proofs of ratings a report is about."""
    found = next(line.found for line in report.lines if line.check == "the bundle's parts can be read")
    return [int(word) for word in found.replace(",", "").split() if word.isdigit()]


def refused_or_less(data: bytes) -> None:
    """A bundle that was changed does not hold, unless it leaves out evidence and so claims less."""
    report = verify(data, EXPECTATIONS)
    if report.ok:
        assert sum(evidence(report)) < sum(evidence(verify(sound_bundle(), EXPECTATIONS)))


def test_a_bundle_may_claim_less():
    cid = next(cid for cid, role in roles().items() if role == "the proofs of ratings")
    report = verify(relinked(cid, dagcbor.encode([])), EXPECTATIONS)
    assert report.ok
    assert not any(line.check.startswith("rating") for line in report.lines)


def test_relinking_nothing_gives_the_bundle_itself():
    cid = sections()[1].cid
    assert relinked(cid, parts()[cid]) == sound_bundle()


@given(st.integers(0, 10**6), values)
@settings(max_examples=250)
@example(0, {})
def test_any_value_in_the_place_of_any_part_is_a_failing_line(number, value):
    cid = changeable()[number % len(changeable())]
    refused_or_less(relinked(cid, dagcbor.encode(value)))


@given(st.integers(0, 10**6), st.data())
@settings(max_examples=250)
def test_a_changed_byte_in_a_part_that_is_linked_again_is_a_failing_line(number, data):
    cid = changeable()[number % len(changeable())]
    block = bytearray(parts()[cid])
    at = data.draw(st.integers(0, len(block) - 1))
    block[at] ^= data.draw(st.integers(1, 255))
    refused(relinked(cid, bytes(block)))


def _leaves(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The paths to all scalars and all containers of a value."""
    found = [path]
    if isinstance(value, list):
        for at, one in enumerate(value):
            found += _leaves(one, (*path, at))
    elif isinstance(value, dict):
        for name, one in value.items():
            found += _leaves(one, (*path, name))
    return found


def _set(value: object, path: tuple[object, ...], new: object) -> object:
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_set(one, rest, new) if at == first else one for at, one in enumerate(value)]
    assert isinstance(value, dict)
    return {name: _set(one, rest, new) if name == first else one for name, one in value.items()}


# Of a log entry, its place in the block and its transaction only lead a reader to it; no state proves them.
WAYMARKS = (4, 5)


@given(st.integers(0, 10**6), values, st.data())
@settings(max_examples=300)
def test_another_value_deep_in_a_part_is_a_failing_line(number, new, data):
    cid = changeable()[number % len(changeable())]
    if cid.codec != DAG_CBOR:
        return
    value = dagcbor.decode(parts()[cid])
    path = data.draw(st.sampled_from(_leaves(value)))
    if "log" in roles()[cid] and len(path) == 2 and path[1] in WAYMARKS:
        return
    block = dagcbor.encode(_set(value, path, new))
    if block != parts()[cid]:
        refused_or_less(relinked(cid, block))


@given(values)
def test_a_manifest_of_strangers_is_read_or_refused(value):
    try:
        manifest = parse_manifest(dagcbor.encode(value))
    except Refused:
        return
    assert manifest.block() == dagcbor.encode(value)
