"""Fork proofs: two headers of one place, and nothing else."""

from __future__ import annotations

import pytest

from cinepeer.errors import Refused
from cinepeer.records.fork import ForkProof, fork_proof, verify_fork_proof
from cinepeer.records.record import Record
from vectors.people import Person


def reason(proof: ForkProof) -> str:
    with pytest.raises(Refused) as caught:
        verify_fork_proof(proof)
    return caught.value.reason


def forked() -> tuple[Record, Record]:
    laptop = Person("anna").device()
    before = laptop.rate(1)
    return laptop.rate(2), laptop.rate(3, after=before)


def test_a_fork_is_proved_by_two_headers_of_one_seq() -> None:
    one, other = forked()
    proof = fork_proof(one, other)
    verify_fork_proof(proof)
    assert proof == fork_proof(other, one)
    assert (proof.device, proof.seq) == (one.device, 1)


def test_one_record_twice_is_no_fork() -> None:
    one, _ = forked()
    assert reason(fork_proof(one, one)) == "no-fork"


def test_a_proof_has_one_form() -> None:
    proof = fork_proof(*forked())
    assert reason(ForkProof(proof.other, proof.one)) == "no-fork"


def test_records_of_two_places_are_no_fork() -> None:
    anna = Person("anna")
    laptop, phone = anna.device(), anna.device("phone")
    assert reason(fork_proof(laptop.rate(1), laptop.rate(2))) == "no-fork"
    assert reason(fork_proof(laptop.pairs[0][0], phone.rate(1))) == "no-fork"


def test_two_authors_of_one_device_are_no_fork() -> None:
    anna, bela = Person("anna"), Person("bela")
    laptop = anna.device()
    mine = laptop.rate(1)
    laptop.person = bela
    assert reason(fork_proof(mine, laptop.begin("profile", name="Bela")[0])) == "no-fork"


@pytest.mark.parametrize("place", ["one", "other"])
def test_nobody_proves_a_fork_without_the_devices_key(place: str) -> None:
    proof = fork_proof(*forked())
    forged = getattr(proof, place)._replace(signature=proof.one.signature[:32] + bytes(32))
    assert reason(proof._replace(**{place: forged})) == "bad-signature"
