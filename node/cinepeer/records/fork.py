"""Forks: two records of one author, device and seq, which nobody but the device's key could make."""

from __future__ import annotations

from typing import NamedTuple

from cinepeer.errors import Refused
from cinepeer.records.record import Record, verify_record


class ForkProof(NamedTuple):
    """Two records, the one with the lesser id first: enough by itself, whoever hands it over."""

    one: Record
    other: Record

    @property
    def device(self) -> bytes:
        """The device that forked its feed."""
        return self.one.device

    @property
    def seq(self) -> int:
        """From here on nothing of the device counts."""
        return self.one.seq


def fork_proof(one: Record, other: Record) -> ForkProof:
    """The proof that two records make, in its one form; `verify_fork_proof` says whether it is one."""
    return ForkProof(min(one, other, key=_id), max(one, other, key=_id))


def _id(record: Record) -> bytes:
    return record.id


def verify_fork_proof(proof: ForkProof) -> None:
    """Raises `Refused` (`no-fork`, `bad-signature`) unless one device signed both for one place in a feed."""
    one, other = proof
    if one.id >= other.id:
        raise Refused("no-fork", "found one record twice or in the wrong order, expected two in the order of their ids")
    if (one.author, one.device, one.seq) != (other.author, other.device, other.seq):
        raise Refused("no-fork", "found records of two places, expected one author, device and seq")
    verify_record(one)
    verify_record(other)
