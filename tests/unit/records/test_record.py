"""Records: signing and reading, the body beside the header, and the pair that travels."""

from __future__ import annotations

import pytest

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, header, keys
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import (
    DOMAIN,
    MAX_BODY_BYTES,
    Record,
    pack,
    parse_record,
    sign_record,
    unpack,
    unpack_run,
    verify_body,
    verify_record,
)
from vectors.people import BORN_MS, Person

BODY = new_body("rating", bytes(16), ratings=[["movielens:1", 9]])
SEED = bytes(range(32))
AUTHOR = Cid.of(b"author", DAG_CBOR)


def signed(**how: object) -> Record:
    given = {"author": AUTHOR, "seq": 0, "prev": None, "time": BORN_MS, "kind": "rating", "body": BODY} | how
    return sign_record(SEED, **given)  # type: ignore[arg-type]


def reason(call: object, *given: object) -> str:
    with pytest.raises(Refused) as caught:
        call(*given)  # type: ignore[operator]
    return caught.value.reason


def test_what_is_signed_is_read_back() -> None:
    record = signed()
    assert parse_record(record.block) == record
    assert record.id == Cid.of(record.block, DAG_CBOR)
    assert (record.author, record.device, record.seq) == (AUTHOR, keys.public_key(SEED), 0)
    assert (record.time, record.kind, record.header.size) == (BORN_MS, "rating", len(BODY))
    verify_record(record)
    verify_body(record, BODY)


def test_an_inception_is_its_own_author() -> None:
    anna = Person("anna")
    assert anna.inception.header.author is None
    assert anna.inception.author == anna.inception.id


def test_the_signature_is_over_the_domain_and_the_headers_bytes() -> None:
    record = signed()
    value = dagcbor.decode(record.block)
    assert isinstance(value, dict)
    message = DOMAIN + dagcbor.encode(value["header"])
    keys.verify(record.device, message, record.signature)
    assert reason(keys.verify, record.device, message[len(DOMAIN) :], record.signature) == "bad-signature"


def test_a_changed_byte_anywhere_is_noticed() -> None:
    block = signed().block
    for place in range(len(block)):
        changed = block[:place] + bytes((block[place] ^ 1,)) + block[place + 1 :]
        try:
            record = parse_record(changed)
        except Refused:
            continue
        assert reason(verify_record, record) == "bad-signature"


def test_a_signature_by_another_device_does_not_hold() -> None:
    record = signed()
    other = keys.sign(bytes(32), b"")
    assert reason(verify_record, record._replace(signature=other)) == "bad-signature"


@pytest.mark.parametrize(
    "how",
    [
        {"seq": -1},
        {"seq": 2**53},
        {"seq": 1},
        {"prev": AUTHOR},
        {"time": -1},
        {"kind": ""},
        {"kind": "Rating"},
        {"kind": "k" * 24},
        {"author": None},
        {"kind": "inception"},
        {"body": b""},
        {"body": bytes(MAX_BODY_BYTES + 1)},
    ],
    ids=str,
)
def test_a_header_without_a_form_cannot_be_signed(how: dict[str, object]) -> None:
    with pytest.raises(Refused) as caught:
        signed(**how)
    assert caught.value.reason == "bad-record"


@pytest.mark.parametrize("number", [0, 1, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**53 - 1])
def test_a_number_in_a_header_has_one_form(number: int) -> None:
    good = signed(time=number).block
    head, tail = good.split(b"\x64time" + dagcbor.encode(number))
    assert parse_record(head + b"\x64time" + dagcbor.encode(number) + tail).time == number
    for info, width in ((0x18, 1), (0x19, 2), (0x1A, 4), (0x1B, 8)):
        if number < 1 << 8 * width:
            form = bytes((info,)) + number.to_bytes(width, "big")
            if form != dagcbor.encode(number):
                assert reason(parse_record, head + b"\x64time" + form + tail) == "not-canonical"


class NoLayouts(dict[int, object]):
    """Knows no layout, however many are noted."""

    def get(self, *_: object) -> None:  # type: ignore[override]
        """None."""


def test_a_block_is_read_by_its_layout_as_it_is_by_the_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [signed(seq=seq, prev=AUTHOR).block for seq in (1, 2, 23, 24, 255, 256, 65_535, 65_536, 2**32, 2**53 - 1)]
    blocks += [signed(seq=seq, prev=AUTHOR, kind="film", body=b"x" * 300).block for seq in (3, 30)]
    cases = [(block, at, flip) for block in blocks for at in range(len(block)) for flip in (1, 8, 0x80)]

    def outcomes() -> list[object]:
        found: list[object] = []
        for block, at, flip in cases:
            data = block[:at] + bytes((block[at] ^ flip,)) + block[at + 1 :]
            for one in (block, data):  # the layout is that of the good block
                try:
                    found.append(parse_record(one))
                except Refused as error:
                    found.append((error.reason, str(error)))
        return found

    by_layout = outcomes()
    monkeypatch.setattr(header, "_layouts", NoLayouts())
    assert by_layout == outcomes()
    assert {type(one) for one in by_layout} == {Record, tuple}


def test_a_time_that_is_not_in_its_shortest_form_is_refused_after_one_that_is() -> None:
    good = signed(seq=1, prev=AUTHOR).block
    parse_record(good)
    at = good.index(b"\x64time\x1b") + 6
    for time in (0, 2**32 - 1, 2**53, 2**64 - 1):
        assert reason(parse_record, good[:at] + time.to_bytes(8, "big") + good[at + 8 :]) in (
            "not-canonical",
            "bad-record",
        )


def test_the_authors_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "_MAX_AUTHORS", 3)
    monkeypatch.setattr(header, "_authors", {})
    for number in range(10):
        author = Cid.of(bytes([number]), DAG_CBOR)
        assert parse_record(signed(seq=1, prev=AUTHOR, author=author).block).author == author
        assert len(header._authors) <= 3


def test_the_sentence_names_the_field_and_what_was_expected() -> None:
    with pytest.raises(Refused, match=r"found 'Rating' for kind, expected 1 to 23 of a-z, 0-9 and -"):
        signed(kind="Rating")


def test_another_body_is_refused_and_so_is_one_without_sense() -> None:
    record = signed()
    assert reason(verify_body, record, BODY + b"\0") == "wrong-body"
    assert reason(verify_body, record, BODY[:-1] + b"\x01") == "wrong-body"
    senseless = dagcbor.encode({"nonce": bytes(16), "ratings": []})
    assert reason(verify_body, signed(body=senseless), senseless) == "bad-body"
    assert reason(verify_body, signed(body=b"\xff"), b"\xff") == "not-canonical"


def test_a_size_that_is_not_the_bodys_is_refused() -> None:
    record = signed()
    header = record.header._replace(size=len(BODY) + 1)
    assert reason(verify_body, record._replace(header=header), BODY) == "wrong-body"


@pytest.mark.parametrize("body", [BODY, None], ids=["with its body", "alone"])
def test_a_record_travels(body: bytes | None) -> None:
    record = signed()
    assert unpack(pack(record, body)) == (record, body)


def test_a_pair_of_another_shape_is_refused() -> None:
    block = signed().block
    shapes: list[dagcbor.Value] = [
        None,
        {},
        [],
        [block],
        [block, None, None],
        [None, BODY],
        [AUTHOR, BODY],
        [block, "text"],
        [block, AUTHOR],
        [block, bytes(MAX_BODY_BYTES + 1)],
        [block[:-1], BODY],
    ]
    for shape in shapes:
        assert reason(unpack, dagcbor.encode(shape)) in ("bad-record", "not-canonical")
    assert reason(unpack, bytes(1 << 20)) == "bad-record"


@pytest.mark.parametrize("size", [0, 1, 22, 23, 24, 25, 200, 254, 255, 256, 257, 300])
def test_a_body_stands_behind_the_one_length_that_is_its_own(size: int) -> None:
    record, body = signed(seq=9, prev=AUTHOR, kind="letter"), bytes(size)
    right = pack(record, body)
    begin = right[: len(right) - len(body) - len(dagcbor.byte_string_head(size))]
    assert unpack(right) == (record, body)
    heads = [bytes([0x40 | small]) for small in range(24)] + [bytes([0x58, byte]) for byte in range(256)]
    heads += [b"\x59" + number.to_bytes(2, "big") for number in (0, 23, 24, *range(240, 320))]
    heads.remove(dagcbor.byte_string_head(size))
    for head in heads:
        assert reason(unpack, begin + head + body) in ("bad-record", "not-canonical")


def test_the_greatest_pair_travels() -> None:
    body = dagcbor.encode({"nonce": bytes(16), "words": "x" * (MAX_BODY_BYTES - 33)})
    assert len(body) == MAX_BODY_BYTES
    record = signed(body=body, kind="letter", seq=2**53 - 1, prev=AUTHOR, time=2**53 - 1)
    verify_body(record, body)
    assert unpack(pack(record, body)) == (record, body)


def alike(count: int, films: int = 1) -> list[bytes]:
    """Packs of one size, of one author or of several."""
    body = new_body("rating", bytes(16), ratings=[[f"movielens:{film + 1}", 9] for film in range(films)])
    made = [signed(seq=100 + one, prev=AUTHOR, time=BORN_MS + one, body=body) for one in range(count)]
    return [pack(record, body) for record in made]


def read_one_by_one(packs: list[bytes]) -> object:
    try:
        return [unpack(one) for one in packs]
    except Refused as error:
        return error.reason


def read_in_a_run(packs: list[bytes]) -> object:
    data = b"begin" + b"".join(dagcbor.encode(one) for one in packs)
    try:
        return unpack_run(data, 5, len(packs))
    except Refused as error:
        return error.reason


@pytest.mark.parametrize("count", [1, 8, 9, 10, 30])
def test_packs_that_are_alike_read_together_as_each_by_itself(count: int) -> None:
    some, others = alike(count), alike(count, 3)
    bare = [pack(unpack(one)[0], None) for one in alike(count)]
    for packs in (
        some,
        others,
        bare,
        some + others + bare,
        [one for pair in zip(some, bare, strict=True) for one in pair],
    ):
        assert read_in_a_run(packs) == read_one_by_one(packs)


def test_a_byte_that_is_wrong_in_one_of_many_alike_is_seen_as_it_would_be_in_that_one_alone() -> None:
    packs = alike(14)
    for at in range(len(packs[0])):
        for bit in (1, 0x10, 0x80):
            wrong = packs[10][:at] + bytes([packs[10][at] ^ bit]) + packs[10][at + 1 :]
            found = read_in_a_run([*packs[:10], wrong, *packs[11:]])
            # None: a length is another, and the whole is read the slow way.
            assert found is None or found == read_one_by_one([*packs[:10], wrong, *packs[11:]])


def test_a_seq_that_is_not_canonical_is_refused_among_many_alike() -> None:
    body = new_body("rating", bytes(16), ratings=[["movielens:1", 9]])
    packs = [pack(signed(seq=5, prev=AUTHOR, time=BORN_MS + one, body=body), body) for one in range(14)]
    at = packs[10].index(b"\x63seq") + 4
    assert packs[10][at] == 5
    packs[10] = packs[10][:at] + b"\x1f" + packs[10][at + 1 :]
    assert read_in_a_run(packs) == read_one_by_one(packs) == "not-canonical"
