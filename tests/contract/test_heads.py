"""Heads: whoever has all log entries finds the stored head, and whoever lacks, adds, changes or swaps one does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from eth_utils import keccak

from contract.replay import Rebuilt, moves, rebuild
from contract.stage import BOND, CONTESTED, NONE32, VOID, ZERO, Log, Stage, person
from contract.words import FAR, content, deed, election, memo, offer

ADA, BEN, CLEO, DAN, EVE = (person(name) for name in ("Ada", "Ben", "Cleo", "Dan", "Eve"))
SLOT = 5
"""Where the titles are in the registry's storage; the head is each title's second word."""


def stored_head(stage: Stage, title: int) -> bytes:
    """The head as a storage proof would show it."""
    place = int.from_bytes(keccak(title.to_bytes(32, "big") + SLOT.to_bytes(32, "big")), "big")
    return stage.slot(stage.titles, place + 1)


def season(stage: Stage) -> tuple[int, int]:
    """Everything that may happen to a title, at different times: a film and its remix."""
    titles = stage.titles
    film = titles.register(deed(ADA, [(ADA, 5000), (BEN, 3000), (CLEO, 2000)]), b"", sender=ADA)
    parent = f"0x{film:040x}"
    stage.wait(7)
    remix = titles.register(deed(DAN, [(DAN, 8000), (parent, 1000), (EVE, 1000)], "remix"), b"", sender=DAN)
    titles.amend(film, keccak(text="new"), sender=ADA)
    titles.delegate(film, DAN.address, FAR, sender=ADA)
    stage.licences.buy(offer(film, DAN, term=1000), b"", EVE.address, sender=DAN, value=10**15)
    stage.licences.buy(offer(film, DAN, price=0, salt=1), b"", EVE.address, sender=DAN)
    stage.wait(7)
    titles.credit(remix, ZERO, NONE32, sender=EVE, value=12345)
    titles.withdraw(remix, ZERO, parent)
    stage.send(EVE, parent, value=55)
    titles.sweep(ADA.address, content(), ZERO)
    titles.withdraw(film, ZERO, BEN.address)
    titles.safeTransferFrom(ADA.address, EVE.address, film, 100, b"", sender=ADA)
    titles.setApprovalForAll(EVE.address, True, sender=DAN)
    titles.safeBatchTransferFrom(DAN.address, ADA.address, [remix, remix], [5, 6], b"", sender=EVE)
    titles.safeBatchTransferFrom(DAN.address, ADA.address, [remix], [7], b"", sender=EVE)
    stage.wait(7)
    titles.handOver(film, BEN.address, sender=ADA)
    titles.elect(election(titles, film, ADA, [BEN, ADA]))
    case = stage.disputes.notice(film, 1, NONE32, sender=EVE, value=BOND)
    stage.disputes.answer(case, NONE32, sender=BEN, value=BOND)
    stage.disputes.rule(case, False, NONE32, sender=stage.arbiter)
    case = stage.disputes.notice(film, 1, NONE32, sender=EVE, value=BOND)
    stage.wait(15 * 86_400)
    stage.disputes.suspend(case)
    stage.disputes.rule(case, True, NONE32, sender=stage.arbiter)
    titles.redeem(film, ZERO)
    return film, remix


def held(stage: Stage, title: int, rebuilt: Rebuilt) -> None:
    """What the log says of a title is what the registry says."""
    controller, _, _, status, tenure, head, metadata = stage.titles.titles(title)
    assert rebuilt.head == head == stored_head(stage, title)
    assert f"0x{rebuilt.controller.hex()}" == controller
    assert (rebuilt.status, rebuilt.tenure, rebuilt.metadata) == (status, tenure, metadata)
    assert sum(rebuilt.shares.values()) == 10_000
    for who, shares in rebuilt.shares.items():
        assert stage.titles.balanceOf(f"0x{who.hex()}", title) == shares
    assert (rebuilt.paid_in[bytes(20)], rebuilt.paid_out[bytes(20)]) == stage.titles.purses(title, ZERO)


def test_the_log_gives_every_title_as_it_is(stage: Stage) -> None:
    season(stage)
    rebuilt = rebuild(stage.logs, stage.titles)
    assert len(rebuilt) == 2
    for title, one in rebuilt.items():
        held(stage, title, one)
    assert sum(one.entries for one in rebuilt.values()) == 30


def test_the_head_changes_with_every_entry(stage: Stage) -> None:
    film, remix = season(stage)
    heads = []
    for end in range(len(stage.logs) + 1):
        state = rebuild(stage.logs[:end], stage.titles)
        heads.append((state[film].head, state[remix].head))
    entries = {head for pair in heads for head in pair}
    # The two entries of one batch are one log entry; before all of them the head is zero.
    assert len(entries) == 30 - 1 + 1


def of_titles(stage: Stage) -> list[int]:
    """Which log entries are entries of a title."""
    kinds = ("Registered", "Amended", "Controlled", "Delegated", "Credited", "Withdrawn", "StatusSet", "Transfer")
    return [
        at
        for at, log in enumerate(stage.logs)
        if log.address == stage.titles.address and stage.titles.read(log)[0].startswith(kinds)
    ]


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def changed(log: Log) -> list[Log]:
    """A log entry with one bit changed in each of its words, the name of the event aside."""
    every = [replace(log, data=flip(log.data, at + 31)) for at in range(0, len(log.data), 32)]
    topics = range(1, len(log.topics))
    return every + [
        replace(log, topics=tuple(flip(one, 31) if at == place else one for at, one in enumerate(log.topics)))
        for place in topics
    ]


def proves(stage: Stage, logs: list[Log], title: int) -> bool:
    """Whether an auditor who is given these entries takes them for the whole record of a title."""
    try:
        return rebuild(logs, stage.titles)[title].head == stored_head(stage, title)
    except (AssertionError, IndexError):
        return False


def test_no_entry_is_left_out_doubled_swapped_or_changed(stage: Stage) -> None:
    film, remix = season(stage)
    logs = stage.logs
    tried = 0
    for at in of_titles(stage):
        name, said = stage.titles.read(logs[at])
        touched = [title for title, _ in moves(logs[at])] if name.startswith("Transfer") else [said["title"]]
        for title in set(touched) & {film, remix}:
            others = [logs[:at] + logs[at + 1 :], logs[: at + 1] + logs[at:]]
            others += [[*logs[:at], one, *logs[at + 1 :]] for one in changed(logs[at])]
            for other in others:
                assert not proves(stage, other, title), f"a forged {name} was taken for true"
                tried += 1
    assert tried > 150
    own = [at for at in of_titles(stage) if logs[at].topics[1] == film.to_bytes(32, "big")]
    for first, second in pairwise(own):
        swapped = list(logs)
        swapped[first], swapped[second] = logs[second], logs[first]
        assert logs[first] == logs[second] or not proves(stage, swapped, film)


def test_a_sale_that_is_left_out_is_missed(stage: Stage) -> None:
    season(stage)
    granted = {memo(e["offer"], e["licensee"], e["start"], e["end"]) for e in stage.events("Granted")}
    sales = [e["memo"] for e in stage.events("Credited") if e["payer"] == stage.licences.address]
    assert len(sales) == len(granted) == 2
    assert set(sales) == granted


def test_nobody_else_can_write_a_sale(stage: Stage) -> None:
    film, _ = season(stage)
    payers = {log.topics[2][12:] for log in stage.logs if log.topics[0] == keccak(
        text="Credited(uint256,address,bytes32,address,uint256,uint40)"
    )}  # fmt: skip
    assert bytes.fromhex(stage.licences.address[2:]) in payers
    stage.titles.credit(film, ZERO, keccak(text="a sale, honestly"), sender=EVE, value=1)
    assert stage.events("Credited")[-1]["payer"] == EVE.address


def test_a_refused_call_leaves_the_head(stage: Stage) -> None:
    film, remix = season(stage)
    before = stored_head(stage, remix)
    tries: list[Callable[[], Any]] = [
        lambda: stage.titles.amend(remix, NONE32, sender=EVE),
        lambda: stage.titles.withdraw(remix, ZERO, CLEO.address),
        lambda: stage.titles.mark(remix, CONTESTED, ZERO, sender=EVE),
        lambda: stage.titles.safeTransferFrom(DAN.address, EVE.address, remix, 0, b"", sender=DAN),
        lambda: stage.titles.redeem(remix, ZERO),
    ]
    for attempt in tries:
        with pytest.raises(Exception, match=r"NotAllowed|Nothing|BadHolder|Frozen"):
            attempt()
    assert stored_head(stage, remix) == before
    assert stage.titles.statusOf(film) == VOID


def test_the_layout_that_proofs_rely_on(stage: Stage) -> None:
    film, _ = season(stage)
    place = int.from_bytes(keccak(film.to_bytes(32, "big") + SLOT.to_bytes(32, "big")), "big")
    controller, since, royalty, status, tenure, head, metadata = stage.titles.titles(film)
    word = int.from_bytes(stage.slot(stage.titles, place), "big")
    packed = (tenure, status, royalty, since, int(controller, 16))
    assert (word >> 224, word >> 216 & 0xFF, word >> 200 & 0xFFFF, word >> 160 & 2**40 - 1, word & 2**160 - 1) == packed
    assert (stage.slot(stage.titles, place + 1), stage.slot(stage.titles, place + 2)) == (head, metadata)
