"""The deny list: what a person denied is neither held nor served, with everything under it."""

from __future__ import annotations

import pytest

from cinepeer.app.deny import DenyList, parse_denied
from cinepeer.content.unixfs import directory, import_file
from cinepeer.errors import BadInput
from cinepeer.records.cid import RAW, Cid


def test_denying_a_film_denies_every_block_of_it() -> None:
    blocks: dict[Cid, bytes] = {}
    files = [(f"{name}.m4s", import_file([name.encode() * 300_000], blocks.__setitem__)) for name in "abc"]
    root = directory(files, blocks.__setitem__)
    other = import_file([b"another film"], blocks.__setitem__)
    denied = DenyList()
    assert not denied.is_denied(root.cid)
    assert denied.deny(root.cid, blocks.get) == len(blocks) - 1
    assert all(denied.is_denied(cid) for cid in blocks if cid != other.cid)
    assert not denied.is_denied(other.cid)


def test_what_is_allowed_again_leaves_what_other_lines_deny() -> None:
    blocks: dict[Cid, bytes] = {}
    shared = import_file([b"s" * 300_000], blocks.__setitem__)
    first = directory(
        [("a.m4s", import_file([b"a" * 300_000], blocks.__setitem__)), ("s.m4s", shared)], blocks.__setitem__
    )
    second = directory([("s.m4s", shared)], blocks.__setitem__)
    author = Cid.of(b"author", RAW)
    denied = DenyList()
    for root in (first.cid, author):
        denied.deny(root, blocks.get)
    denied.deny(second.cid, blocks.get, is_listed=False)  # the author's film
    assert denied.lines() == sorted([str(first.cid), str(author)])
    denied.allow(first.cid, [second.cid], blocks.get)
    assert denied.lines() == [str(author)]
    assert not denied.is_denied(first.cid)
    assert all(denied.is_denied(cid) for cid in (author, second.cid, shared.cid))
    denied.allow(author, [], blocks.get)
    assert not any(denied.is_denied(cid) for cid in blocks)


def test_the_list_survives_being_written_and_read() -> None:
    cid = Cid.of(b"x", RAW)
    denied = DenyList()
    denied.deny(cid, lambda _: None)
    again = DenyList([*denied.lines(), "", "# a comment"])
    assert again.is_denied(cid)


def test_what_is_no_cid_is_told_in_one_sentence() -> None:
    with pytest.raises(BadInput, match="expected the CID of an author"):
        parse_denied("not a cid")
