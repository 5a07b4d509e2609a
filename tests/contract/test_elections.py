"""Elections: more than half of the shares that can vote, once, in time, for one person."""

from __future__ import annotations

import boa
import pytest

from contract.stage import ZERO, Stage, person, refused
from contract.words import ELECT, FAR, deed, digest, election

ADA, BEN, CLEO, DAN, EVE = (person(name) for name in ("Ada", "Ben", "Cleo", "Dan", "Eve"))


@pytest.fixture
def title(stage: Stage) -> int:
    """A film of Ada's, held 50/30/20 with Ben and Cleo."""
    return stage.titles.register(deed(ADA, [(ADA, 5000), (BEN, 3000), (CLEO, 2000)]), b"", sender=ADA)


def purse_of(title: int) -> str:
    return f"0x{title:040x}"


def test_more_than_half_of_the_shares_elect(stage: Stage, title: int) -> None:
    votes = election(stage.titles, title, DAN, [ADA, CLEO])
    stage.titles.elect(votes, sender=EVE)
    assert stage.titles.titles(title)[0] == DAN.address
    assert stage.events("Controlled")[-1]["to"] == DAN.address


def test_half_of_the_shares_is_no_majority(stage: Stage, title: int) -> None:
    for voters, shares in (([ADA], 5000), ([BEN, CLEO], 5000), ([EVE], 0), ([], 0)):
        with refused("NoMajority", shares, 10_000):
            stage.titles.elect(election(stage.titles, title, DAN, voters))


def test_one_more_than_half_is_a_majority(stage: Stage, title: int) -> None:
    stage.titles.safeTransferFrom(ADA.address, BEN.address, title, 1, b"", sender=ADA)
    stage.titles.elect(election(stage.titles, title, DAN, [BEN, CLEO]))
    assert stage.titles.can(title, DAN.address)


def test_nobody_votes_twice(stage: Stage, title: int) -> None:
    votes = list(election(stage.titles, title, DAN, [ADA]))
    votes[3], votes[4] = votes[3] * 2, votes[4] * 2
    with refused("OutOfOrder", ADA.address):
        stage.titles.elect(tuple(votes))
    votes = list(election(stage.titles, title, DAN, [ADA, BEN]))
    votes[3], votes[4] = votes[3][::-1], votes[4][::-1]
    with refused("OutOfOrder", votes[3][1]):
        stage.titles.elect(tuple(votes))


def test_votes_expire(stage: Stage, title: int) -> None:
    votes = election(stage.titles, title, DAN, [ADA, BEN], deadline=stage.now + 10)
    stage.wait(10)
    with boa.env.anchor():
        stage.titles.elect(votes)
    stage.wait(1)
    with refused("Expired", stage.now, stage.now - 1):
        stage.titles.elect(votes)


@pytest.mark.parametrize("place", range(3))
def test_a_vote_is_for_one_title_one_person_and_one_deadline(stage: Stage, title: int, place: int) -> None:
    same = [(ADA, 5000), (BEN, 3000), (CLEO, 2000)]
    other = stage.titles.register(deed(ADA, same, "other"), b"", sender=ADA)
    votes = list(election(stage.titles, title, DAN, [ADA, BEN]))
    votes[place] = (other, EVE.address, votes[2] + 1)[place]
    with refused("BadSignature", min(ADA.address, BEN.address)):
        stage.titles.elect(tuple(votes))


def test_votes_do_not_count_in_a_later_tenure(stage: Stage, title: int) -> None:
    votes = election(stage.titles, title, DAN, [ADA, BEN])
    stage.titles.elect(votes)
    stage.titles.handOver(title, ADA.address, sender=DAN)
    with refused("BadSignature"):
        stage.titles.elect(votes)


def test_every_voter_signs(stage: Stage, title: int) -> None:
    said = digest(ELECT, [title, ADA.address, DAN.address, 0, FAR], stage.titles)
    forged = (title, DAN.address, FAR, [BEN.address], [EVE.sign(said)], [])
    with refused("BadSignature", BEN.address):
        stage.titles.elect(forged)
    votes = list(election(stage.titles, title, DAN, [ADA, BEN]))
    for signatures in (votes[4][:1], [*votes[4], b""]):
        with refused("BadCount", len(signatures), 2):
            stage.titles.elect((*votes[:4], signatures, votes[5]))


def test_shares_that_titles_hold_do_not_count(stage: Stage, title: int) -> None:
    parent = purse_of(title)
    child = stage.titles.register(deed(DAN, [(DAN, 2500), (EVE, 2000), (parent, 5500)], "remix"), b"", sender=DAN)
    with refused("NoMajority", 2500, 10_000):
        stage.titles.elect(election(stage.titles, child, EVE, [DAN]))
    with refused("NoMajority", 2000, 4_500):
        stage.titles.elect(election(stage.titles, child, EVE, [EVE], silent=[title]))
    stage.titles.elect(election(stage.titles, child, EVE, [DAN], silent=[title]))
    assert stage.titles.can(child, EVE.address)


def test_the_shares_of_all_silent_titles_leave_the_whole(stage: Stage) -> None:
    films = sorted(stage.titles.register(deed(EVE, label=label), b"", sender=EVE) for label in ("one", "two"))
    held = [(ADA, 2001), (BEN, 1999), *((f"0x{film:040x}", 3000) for film in films)]
    title = stage.titles.register(deed(ADA, held, "remix of both"), b"", sender=ADA)
    with refused("NoMajority", 2001, 7000):
        stage.titles.elect(election(stage.titles, title, DAN, [ADA], silent=films[1:]))
    stage.titles.elect(election(stage.titles, title, DAN, [ADA], silent=films))
    assert stage.titles.can(title, DAN.address)


def test_only_registered_titles_are_silent_and_each_once(stage: Stage, title: int) -> None:
    parent = purse_of(title)
    child = stage.titles.register(deed(DAN, [(DAN, 4000), (EVE, 1000), (parent, 5000)], "remix"), b"", sender=DAN)
    with refused("Unknown", int(EVE.address, 16)):
        stage.titles.elect(election(stage.titles, child, EVE, [DAN], silent=[int(EVE.address, 16)]))
    with refused("OutOfOrder", parent):
        stage.titles.elect(election(stage.titles, child, EVE, [EVE], silent=[title, title]))
    first, second = sorted([title, child])
    with refused("OutOfOrder", purse_of(first)):
        stage.titles.elect(election(stage.titles, child, EVE, [EVE], silent=[second, first]))


def test_a_title_that_only_titles_hold_elects_nobody(stage: Stage, title: int) -> None:
    child = stage.titles.register(deed(DAN, [(purse_of(title), 10_000)], "remix"), b"", sender=DAN)
    with refused("NoMajority", 0, 0):
        stage.titles.elect(election(stage.titles, child, EVE, [], silent=[title]))


def test_nobody_is_not_elected(stage: Stage, title: int) -> None:
    with refused("BadHolder", ZERO):
        stage.titles.elect(election(stage.titles, title, ZERO, [ADA, BEN]))
