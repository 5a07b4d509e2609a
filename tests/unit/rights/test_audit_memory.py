"""What an audit of many films keeps takes few bytes a film, and says the same as what it stands for."""

from __future__ import annotations

from array import array

import pytest

from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record
from cinepeer.rights import audit_records, packed
from cinepeer.rights.audit_records import audit_feeds
from cinepeer.rights.claims import Claims
from cinepeer.rights.events import Registered
from cinepeer.rights.index import Index, key_of
from cinepeer.rights.inspection import Inspection
from cinepeer.rights.report import FilmRow, Line, Report, packed_lines, packed_rows, report_json, report_map
from unit.rights.scene import Person


def film(person: Person, number: int, seq: int | None = None) -> Record:
    fields = {"year": None, "external": [], "credits": [], "genres": [], "synopsis": "", "languages": []}
    return person.sign("film", seq, name=f"Film {number}", **fields)


def rows(count: int) -> list[FilmRow]:
    return [
        FilmRow(f"0x{at}", "b", "Größe \U0001f3ac", "", "", "", "", 0, 2**90, 0, at, ("deed",)) for at in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 11])
def test_a_packed_list_is_the_list_that_it_stands_for(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "PAGE", 4)
    made, known = packed_rows(), rows(count)
    for row in known:
        made.append(row)
    assert list(made) == known and len(made) == count
    assert [made[at] for at in range(-count, count)] == [known[at] for at in range(-count, count)]
    assert made[1:9:3] == tuple(known[1:9:3])
    with pytest.raises(IndexError):
        made[count]
    again = packed_rows()
    for row in known[:-1]:
        again.append(row)
    assert (again == made) is (count == 0)
    assert made != known, "it is another kind of list"


def test_a_report_of_packed_lines_has_the_json_of_one_of_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "PAGE", 2)
    lines = [Line(f"check {at}", at != 3, "found", "expected", "rests on") for at in range(5)]
    kept, table = packed_lines(), packed_rows()
    for line in lines:
        kept.append(line)
    for row in rows(3):
        table.append(row)
    one = Report(kept, {"block": 1}, ("basis",), table)
    other = Report(tuple(lines), {"block": 1}, ("basis",), tuple(rows(3)))
    assert report_json(one) == report_json(other) and report_map(one) == report_map(other)
    assert one.failures == other.failures == (lines[3],) and not one.ok
    added = Report(kept, more=(lines[0],))
    assert len(list(added.all_lines)) == 6 and not added.ok


def test_places_are_found_by_keys_that_several_may_have() -> None:
    index = Index(array("Q", [7, 3, 7, 1, 7, 3]))
    assert list(index.find(7)) == [0, 2, 4] and list(index.find(2)) == [] and list(index.find(8)) == []
    assert sorted(index.shared()) == [[0, 2, 4], [1, 5]]
    assert list(Index(array("Q")).find(1)) == [] and list(Index(array("Q")).shared()) == []
    assert key_of(b"\xff" * 30 + b"\1\2") == key_of(b"\xff" * 6 + b"\1\2")


def test_of_titles_that_claim_the_same_the_earliest_is_named_and_a_key_alone_is_no_claim() -> None:
    def registered(title: int, content: bytes, metadata: bytes, time: int) -> tuple[bytes, Registered]:
        id_ = bytes([title]) * 20
        return id_, Registered(id_, b"\1" * 20, content, metadata, bytes(32), 0x70, 500, time)

    claims, same = Claims(), b"\5" * 24 + b"\6" * 8
    claims.add(*registered(3, same, b"\1" * 32, 30))
    claims.add(*registered(1, same, b"\2" * 32, 10))
    claims.add(*registered(2, same, same, 20))
    claims.add(*registered(4, b"\7" * 24 + b"\6" * 8, b"\4" * 32, 1))
    assert list(claims.clashes()) == [(b"\1" * 20, b"\2" * 20), (b"\1" * 20, b"\3" * 20)]


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_records_folded_in_parts_say_what_they_say_folded_at_once(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_records, "_FOLDED_AT_ONCE", at_once)
    one, two = Person(1), Person(2)
    for number in range(4):
        film(one, number)
        film(two, number)
    # A second record of the last place: the device forked.
    fork = film(two, 9, seq=3)
    pairs = [*one.records, *two.records]
    plain = Feeds()
    for record, part in pairs:
        plain.verify(record, part)
        plain.apply(record, part)
    parts: dict[Cid, bytes] = {record.id: record.block for record, _ in pairs}
    parts |= {record.header.body: part for record, part in pairs}
    found = audit_feeds(Inspection(), [(record.block, part) for record, part in pairs], parts.get)
    assert found.feeds is not None
    for record, part in pairs:
        assert found.feeds.counts(record) is plain.counts(record)
        assert found.held[record.id] == (record, part) and record.id in found.held
        assert found.feeds.heads(record.device) == plain.heads(record.device)
        assert found.feeds.fork(record.device) == plain.fork(record.device)
    assert not plain.counts(fork) and len(found.held) == len(pairs)
    assert list(found.held) == [record.id for record, _ in pairs]
    assert [record.id for record, _ in found.held.of_kind("film")] == [r.id for r, _ in pairs if r.kind == "film"]
    assert Cid.of(b"other", 0x71) not in found.held and list(found.held.of_kind("profile")) == []


def test_a_record_that_does_not_follow_is_named_by_its_number_over_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_records, "_FOLDED_AT_ONCE", 2)
    one = Person(1)
    for number in range(5):
        film(one, number)
    pairs = [(record.block, body) for record, body in one.records]
    inspection = Inspection()
    assert audit_feeds(inspection, [*pairs[:4], *pairs[5:]], {}.get).feeds is None
    assert inspection.lines[0].found.startswith("record 5: found its prev not among")
