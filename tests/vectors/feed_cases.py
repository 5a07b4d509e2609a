"""Stories of authors and their devices, and which of their records count in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cinepeer.records.record import Record
from vectors.people import Pair, Person, Writer, fold

Story = tuple[str, list[Pair], list[Record]]  # what happens, all records, those that count


def _person() -> Person:
    return Person("anna")


def plain() -> Story:
    """Two devices of one author."""
    anna = _person()
    one, two = anna.device("laptop"), anna.device("phone")
    for film in range(1, 4):
        one.rate(film)
        two.rate(film, None)
    return "Everything of two admitted devices counts.", anna.pairs, [record for record, _ in anna.pairs]


def revoked() -> Story:
    """A device that is revoked and signs on."""
    anna = _person()
    laptop = anna.device()
    kept = [laptop.rate(1), laptop.rate(2)]
    lost = [laptop.rate(3), laptop.rate(4)]
    anna.revoke(laptop, kept[-1])
    return "What follows the last valid record does not count.", anna.pairs, _but(anna, lost)


def revoked_whole() -> Story:
    """A device of which nothing is left."""
    anna = _person()
    laptop = anna.device()
    lost = [laptop.rate(1), laptop.rate(2)]
    anna.revoke(laptop, None)
    return "A revocation at -1 leaves nothing.", anna.pairs, _but(anna, lost)


def revoked_twice() -> Story:
    """Two revocations of one device."""
    anna = _person()
    laptop = anna.device()
    ratings = [laptop.rate(film) for film in range(1, 6)]
    anna.revoke(laptop, ratings[1])
    anna.revoke(laptop, ratings[3])
    return "Of two revocations the earlier end holds.", anna.pairs, _but(anna, ratings[2:])


def admitted_again() -> Story:
    """A delegation after a revocation."""
    anna = _person()
    laptop = anna.device()
    ratings = [laptop.rate(1), laptop.rate(2)]
    anna.revoke(laptop, ratings[0])
    anna.delegate(laptop)
    return "A revocation is final: admitting the device again changes nothing.", anna.pairs, _but(anna, ratings[1:])


def revoked_on_another_branch() -> Story:
    """A revocation that names a head which is not held."""
    anna = _person()
    laptop = anna.device()
    ratings = [laptop.rate(film) for film in range(1, 4)]
    hidden = laptop.rate(77, after=ratings[0])
    anna.revoke(laptop, hidden)
    pairs = [pair for pair in anna.pairs if pair[0] != hidden]
    return (
        "Of the seq that a revocation names, only the head that it names counts.",
        pairs,
        _but(anna, ratings[1:], hidden),
    )


def forked() -> Story:
    """A device that signs twice at one seq."""
    anna = _person()
    laptop, phone = anna.device(), anna.device("phone")
    ratings = [laptop.rate(film) for film in range(1, 5)]
    phone.rate(9)
    branch = [laptop.rate(77, after=ratings[1]), laptop.rate(78)]
    return (
        "From a fork on nothing of the device counts, on neither branch.",
        anna.pairs,
        _but(anna, ratings[2:], *branch),
    )


def forked_twice() -> Story:
    """Two forks of one device."""
    anna = _person()
    laptop = anna.device()
    ratings = [laptop.rate(film) for film in range(1, 6)]
    branches = [laptop.rate(77, after=ratings[3]), laptop.rate(78, after=ratings[0]), laptop.rate(79, after=ratings[0])]
    return "The lowest fork holds.", anna.pairs, _but(anna, ratings[1:], *branches)


def forked_before_its_revocation() -> Story:
    """A thief's branch below the end that a revocation names."""
    anna = _person()
    laptop = anna.device()
    ratings = [laptop.rate(film) for film in range(1, 5)]
    branch = laptop.rate(77, after=ratings[0])
    anna.revoke(laptop, ratings[2])
    return (
        "A fork below the named end counts against the device all the same.",
        anna.pairs,
        _but(anna, ratings[1:], branch),
    )


def rotated() -> Story:
    """A root that hands over to the next one."""
    anna = _person()
    laptop = anna.device()
    laptop.rate(1)
    last = anna.root.pairs[-1][0]
    thief = anna.device("thief")
    stolen = [anna.root.pairs[-1][0], thief.rate(1)]
    anna.rotate(last)
    anna.device("phone").rate(2)
    laptop.rate(3)
    return (
        "What an old root admitted after the end that the rotation names does not count.",
        anna.pairs,
        _but(anna, stolen),
    )


def rotated_twice() -> Story:
    """Three roots in a row; the last revokes what the first admitted."""
    anna = _person()
    laptop = anna.device()
    ratings = [laptop.rate(1), laptop.rate(2)]
    anna.rotate()
    anna.device("phone").rate(3)
    anna.rotate()
    anna.revoke(laptop, ratings[0])
    return "Every root in force speaks of every device.", anna.pairs, _but(anna, ratings[1:])


def rotated_to_the_begin() -> Story:
    """A rotation that leaves nothing of the feed before but its first record."""
    anna = _person()
    laptop = anna.device()
    lost = [anna.root.pairs[-1][0], laptop.rate(1)]
    anna.rotate(anna.inception)
    anna.device("phone").rate(2)
    return "The record that promised the new root always stays.", anna.pairs, _but(anna, lost)


def root_forked() -> Story:
    """A root that signs twice at one seq; the next one admits the device again."""
    anna = _person()
    laptop, phone = anna.device(), anna.device("phone")
    laptop.rate(1)
    first = phone.rate(1)
    second = anna.delegate(phone, after=anna.root.pairs[1][0])
    lost = [anna.root.pairs[2][0], second, first]
    return "A device that a root admitted from its fork on does not count.", anna.pairs, _but(anna, lost)


def root_forked_and_rotated() -> Story:
    """As before, and the next root admits the device."""
    anna = _person()
    phone = anna.device("phone")
    phone.rate(1)
    twin = anna.delegate(phone, after=anna.inception)
    anna.rotate(anna.inception)
    anna.delegate(phone, "phone")
    lost = [anna.roots[0].pairs[1][0], twin]
    return "The author goes on with the next root, which admits the device again.", anna.pairs, _but(anna, lost)


def rotation_forked() -> Story:
    """Two rotations by one key."""
    anna = _person()
    laptop = anna.device()
    laptop.rate(1)
    late = anna.device("late")
    lost = [anna.root.pairs[-1][0], late.rate(5)]
    one = anna.rotate()
    phone = anna.device("phone")
    lost += [one, anna.root.pairs[-1][0], phone.rate(2)]
    lost.append(anna.begin_root(anna.root, 7, anna.roots[0].pairs[1][0]))
    return (
        "Of two rotations by one key neither admits anybody, and both end the feed before.",
        anna.pairs,
        _but(anna, lost),
    )


def a_root_is_not_revoked() -> Story:
    """A revocation of a root."""
    anna = _person()
    anna.device().rate(1)
    anna.revoke(anna.root, anna.inception)
    anna.device("phone").rate(2)
    return "A revocation of a root has no effect: a rotation is what ends it.", anna.pairs, [r for r, _ in anna.pairs]


def a_root_speaks() -> Story:
    """A root that signs other kinds."""
    anna = _person()
    anna.root.write("profile", name="Anna")
    anna.root.write("letter-of-tomorrow", words=["kept", "as it is"])
    return "A root may sign any kind, and unknown kinds are kept.", anna.pairs, [record for record, _ in anna.pairs]


def claimed_by_another() -> Story:
    """Another author admits a device that is not theirs."""
    anna, mallory = _person(), Person("mallory")
    laptop = anna.device()
    mallory.delegate(laptop, "mine")
    mallory.revoke(laptop, None)
    laptop.rate(1)
    pairs = [*mallory.pairs, *anna.pairs]
    return "What another author says of a device has no effect on it.", pairs, [record for record, _ in pairs]


def promised_in_a_ring() -> Story:
    """A rotation by a key that is a root already."""
    anna = _person()
    laptop = anna.device()
    laptop.rate(1)
    anna.rotate()
    body: dict[str, Any] = {"previous": {"seq": 1, "head": anna.roots[0].pairs[1][0].id}}
    first_root = anna.root
    twin = first_root.begin("rotation", root=first_root.key, next=anna.promise(1), **body)[0]
    return "A key opens its feed once.", anna.pairs, _but(anna, [first_root.pairs[0][0], twin])


def promised_back() -> Story:
    """Two roots that promise each other."""
    anna = _person()
    laptop = anna.device()
    laptop.rate(1)
    anna.rotate()
    anna.device("phone").rate(2)
    anna.rotate(promise=1)
    anna.device("tablet").rate(3)
    return "A promise of a root that is in force already ends the chain.", anna.pairs, [r for r, _ in anna.pairs]


def promised_to_itself() -> Story:
    """A root that promises its own key."""
    anna = _person()
    anna.rotate(promise=1)
    anna.device("phone").rate(2)
    return "A root that promises itself is the last one.", anna.pairs, [record for record, _ in anna.pairs]


def promised_and_admitted() -> Story:
    """A key that signs as a device before it is a root."""
    anna = _person()
    laptop = anna.device()
    laptop.rate(1)
    root = Writer(anna, "root 1")
    anna.delegate(root)
    early = root.rate(5)
    late = anna.rotate()
    phone = anna.device("phone")
    lost = [early, late, anna.root.pairs[-1][0], phone.rate(2)]
    return "A key that began its feed as a device cannot open it as a root.", anna.pairs, _but(anna, lost)


def rotated_at_another_begin() -> Story:
    """A rotation that names another record at seq 0 than the inception."""
    anna = _person()
    lost = [anna.delegate(Writer(anna, "laptop"))]
    anna.rotate(before=(0, lost[0].id))
    anna.device("phone").rate(2)
    return "The first record stays, whatever head the rotation names at seq 0.", anna.pairs, _but(anna, lost)


STORIES: tuple[Callable[[], Story], ...] = (
    plain,
    revoked,
    revoked_whole,
    revoked_twice,
    admitted_again,
    revoked_on_another_branch,
    forked,
    forked_twice,
    forked_before_its_revocation,
    rotated,
    rotated_twice,
    rotated_to_the_begin,
    root_forked,
    root_forked_and_rotated,
    rotation_forked,
    a_root_is_not_revoked,
    a_root_speaks,
    claimed_by_another,
    promised_in_a_ring,
    promised_back,
    promised_to_itself,
    promised_and_admitted,
    rotated_at_another_begin,
)


def _but(person: Person, lost: list[Record], *more: Record) -> list[Record]:
    """A person's records without those."""
    without = {record.id for record in (*lost, *more)}
    return [record for record, _ in person.pairs if record.id not in without]


def feeds() -> list[dict[str, Any]]:
    """Each story with its records in an order that can be admitted, and what counts of them at the end."""
    return [_written(story) for story in STORIES]


def _written(story: Callable[[], Story]) -> dict[str, Any]:
    words, pairs, counted = story()
    folded, left = fold(pairs)
    assert not left, "every record of a story can be admitted"
    devices = dict.fromkeys(record.device for record, _ in pairs)
    proofs = {device: folded.fork(device) for device in devices}
    ids = {record.id for record in counted}
    return {
        "name": story.__name__.replace("_", " "),
        "why": words,
        "records": [
            {"block": record.block.hex(), "body": body.hex(), "counts": record.id in ids} for record, body in pairs
        ],
        "heads": {device.hex(): sorted(map(str, folded.heads(device))) for device in devices},
        "forks": {device.hex(): [str(record.id) for record in proof] for device, proof in proofs.items() if proof},
    }
