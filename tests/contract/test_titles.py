"""Titles: who may register, describe, control and hold them, and who may not."""

from __future__ import annotations

import hashlib

import boa
import pytest
from boa.util.abi import Address
from eth_utils import keccak

from contract.actors import actor
from contract.stage import CLEAR, CONTESTED, NONE, NONE32, SUSPENDED, VOID, ZERO, Stage, person, refused
from contract.words import DEED, FAR, content, deed, digest

ADA, BEN, CLEO, DAN, EVE = (person(name) for name in ("Ada", "Ben", "Cleo", "Dan", "Eve"))
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def title(stage: Stage) -> int:
    """A film of Ada's, held 50/30/20 with Ben and Cleo."""
    return stage.titles.register(deed(ADA, [(ADA, 5000), (BEN, 3000), (CLEO, 2000)]), b"", sender=ADA)


def purse_of(title: int) -> str:
    return f"0x{title:040x}"


# Registration


def test_a_creator_registers_without_a_signature(stage: Stage) -> None:
    late = deed(ADA, [(ADA, 7000), (BEN, 3000)], deadline=0)
    title = stage.titles.register(late, b"", sender=ADA)
    controller, since, royalty, status, tenure, head, metadata = stage.titles.titles(title)
    assert (controller, since, royalty, status, tenure) == (ADA.address, stage.now, 500, CLEAR, 0)
    assert metadata == late[2]
    assert head != NONE32
    assert [stage.titles.balanceOf(who.address, title) for who in (ADA, BEN)] == [7000, 3000]
    assert stage.events("Registered") == [
        {
            "title": title,
            "creator": ADA.address,
            "content": content(),
            "metadata": late[2],
            "fingerprint": late[3],
            "codec": 0x70,
            "royalty": 500,
            "time": stage.now,
        }
    ]
    assert [(e["to"], e["value"]) for e in stage.events("TransferSingle")] == [(ADA.address, 7000), (BEN.address, 3000)]


def test_anyone_carries_a_signed_deed_up_to_its_deadline(stage: Stage) -> None:
    signed = deed(ADA, [(BEN, 10_000)], deadline=stage.now)
    title = stage.titles.register(signed, ADA.sign(digest(DEED, signed, stage.titles)), sender=EVE)
    assert stage.titles.titles(title)[0] == ADA.address
    assert stage.titles.balanceOf(BEN.address, title) == 10_000


def test_a_deed_is_not_carried_after_its_deadline(stage: Stage) -> None:
    signed = deed(ADA, deadline=stage.now - 1)
    with refused("Expired", stage.now, stage.now - 1):
        stage.titles.register(signed, ADA.sign(digest(DEED, signed, stage.titles)), sender=EVE)


@pytest.mark.parametrize("place", range(9))
def test_a_signature_covers_every_field_of_a_deed(stage: Stage, place: int) -> None:
    signed = deed(ADA, [(ADA, 6000), (BEN, 4000)])
    other = deed(EVE, [(EVE, 4000), (BEN, 6000)], "other", codec=0x55, royalty=1, deadline=FAR - 1)
    changed = (*signed[:place], other[place], *signed[place + 1 :])
    signature = ADA.sign(digest(DEED, signed, stage.titles))
    with refused("BadSignature", changed[0]):
        stage.titles.register(changed, signature, sender=DAN)


def test_a_deed_for_another_chain_or_contract_is_not_taken(stage: Stage) -> None:
    signed = deed(ADA)
    for said in (digest(DEED, signed, stage.titles, chain_id=2), digest(DEED, signed, stage.licences)):
        with refused("BadSignature", ADA.address):
            stage.titles.register(signed, ADA.sign(said), sender=EVE)


def test_only_one_form_of_a_signature_is_taken(stage: Stage) -> None:
    signed = deed(ADA)
    good = ADA.sign(digest(DEED, signed, stage.titles))
    r, s, v = good[:32], int.from_bytes(good[32:64], "big"), good[64]
    flipped = r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    compact = r + (s | (v - 27) << 255).to_bytes(32, "big")
    for form in (flipped, compact, good + b"\0", good[:64] + bytes([v - 27]), bytes(65), b""):
        with refused("BadSignature", ADA.address):
            stage.titles.register(signed, form, sender=EVE)
    stage.titles.register(signed, good, sender=EVE)


def test_nobody_registers_for_the_zero_address(stage: Stage) -> None:
    nobody = deed(ZERO, [(ADA, 10_000)])
    with refused("BadSignature", ZERO):
        stage.titles.register(nobody, bytes(65), sender=EVE)


def test_a_contract_signs_by_its_own_word(stage: Stage) -> None:
    studio = actor()
    said = deed(studio, [(ADA, 10_000)])
    with refused("BadSignature", str(studio.address)):
        stage.titles.register(said, b"", sender=EVE)
    studio.sign(digest(DEED, said, stage.titles))
    title = stage.titles.register(said, b"whatever it reads", sender=EVE)
    assert stage.titles.can(title, str(studio.address))


def test_an_account_that_lends_itself_code_signs_as_before(stage: Stage) -> None:
    boa.env.set_code(Address(ADA.address), stage.code(actor().address))
    signed = deed(ADA)
    with refused("BadSignature", ADA.address):
        stage.titles.register(signed, EVE.sign(digest(DEED, signed, stage.titles)), sender=EVE)
    stage.titles.register(signed, ADA.sign(digest(DEED, signed, stage.titles)), sender=EVE)


def test_a_creator_registers_a_content_once(stage: Stage, title: int) -> None:
    with refused("Exists", title):
        stage.titles.register(deed(ADA, [(EVE, 10_000)]), b"", sender=ADA)


def test_competing_claims_of_one_content_stand_side_by_side(stage: Stage, title: int) -> None:
    other = stage.titles.register(deed(EVE), b"", sender=EVE)
    assert other != title
    found = [log for log in stage.logs if len(log.topics) == 4 and log.topics[3] == content()]
    assert [int.from_bytes(log.topics[1], "big") for log in found] == [title, other]


@pytest.mark.parametrize("shares", [(5000, 4999), (5000, 5001), (1, 1), (65535, 65535)])
def test_shares_make_the_whole_or_nothing(stage: Stage, shares: tuple[int, int]) -> None:
    with refused("BadShares", sum(shares), 10_000):
        stage.titles.register(deed(ADA, list(zip((ADA, BEN), shares, strict=True))), b"", sender=ADA)


def test_somebody_must_hold_a_title(stage: Stage) -> None:
    with refused("BadShares", 0, 10_000):
        stage.titles.register(deed(ADA, holders=[], shares=[]), b"", sender=ADA)


def test_nobody_holds_nothing_and_nobody_is_nobody(stage: Stage) -> None:
    with refused("BadHolder", BEN.address):
        stage.titles.register(deed(ADA, [(ADA, 10_000), (BEN, 0)]), b"", sender=ADA)
    with refused("BadHolder", ZERO):
        stage.titles.register(deed(ADA, [(ADA, 9_000), (ZERO, 1_000)]), b"", sender=ADA)


def test_a_title_does_not_hold_itself(stage: Stage, title: int) -> None:
    own = purse_of(stage.titles.idOf(ADA.address, content("new")))
    with refused("BadHolder", own):
        stage.titles.register(deed(ADA, [(ADA, 9_000), (own, 1_000)], "new"), b"", sender=ADA)
    with refused("BadHolder", purse_of(title)):
        stage.titles.safeTransferFrom(ADA.address, purse_of(title), title, 1, b"", sender=ADA)


def test_a_deed_names_as_many_shares_as_holders(stage: Stage) -> None:
    for shares in ([10_000], [5_000, 4_000, 1_000]):
        with refused("BadCount", len(shares), 2):
            stage.titles.register(deed(ADA, holders=[ADA.address, BEN.address], shares=shares), b"", sender=ADA)


def test_sixty_four_hold_a_title_and_not_one_more(stage: Stage) -> None:
    many = [(person(f"holder {number}"), 156) for number in range(63)]
    assert stage.titles.MAX_HOLDERS() == 64
    stage.titles.register(deed(ADA, [*many, (ADA, 10_000 - 63 * 156)]), b"", sender=ADA)
    with refused("BadCount", 65, 64):
        more = [*many, (ADA, 10_000 - 63 * 156 - 1), (BEN, 1)]
        stage.titles.register(deed(ADA, more, "more"), b"", sender=ADA)


def test_a_resale_owes_at_most_the_whole_price(stage: Stage) -> None:
    with refused("BadRoyalty", 10_001, 10_000):
        stage.titles.register(deed(ADA, royalty=10_001), b"", sender=ADA)
    title = stage.titles.register(deed(ADA, royalty=10_000), b"", sender=ADA)
    assert stage.titles.royaltyInfo(title, 12_345) == (purse_of(title), 12_345)


def test_registration_calls_no_holder(stage: Stage) -> None:
    unwilling = actor()
    unwilling.be(1, ZERO, b"", False)
    title = stage.titles.register(deed(ADA, [(ADA, 9_999), (str(unwilling.address), 1)]), b"", sender=ADA)
    assert stage.titles.balanceOf(str(unwilling.address), title) == 1


def test_the_id_is_the_address_of_the_purse(stage: Stage, title: int) -> None:
    salt = keccak(bytes(12) + bytes.fromhex(ADA.address[2:]) + content())
    place = keccak(b"\xff" + bytes.fromhex(stage.titles.address[2:]) + salt + stage.titles.PURSE_CODE())[12:]
    assert title == int.from_bytes(place, "big") == stage.titles.idOf(ADA.address, content())


# Description and standards


def test_a_film_is_described_anew_by_who_acts_for_it(stage: Stage, title: int) -> None:
    new = hashlib.sha256(b"new").digest()
    stage.titles.amend(title, new, sender=ADA)
    assert stage.titles.titles(title)[6] == new
    assert stage.titles.uri(title) == f"ipfs://f01711220{new.hex()}"
    assert stage.events("Amended") == [{"title": title, "metadata": new, "time": stage.now}]
    assert stage.events("URI") == [{"id": title, "value": stage.titles.uri(title)}]
    for nobody in (BEN, EVE, person("anyone")):
        with refused("NotAllowed", nobody.address):
            stage.titles.amend(title, NONE32, sender=nobody)


def test_an_unknown_title_is_nobodys(stage: Stage) -> None:
    assert stage.titles.statusOf(7) == NONE
    assert not stage.titles.can(7, ZERO)
    with refused("NotAllowed", ZERO):
        stage.titles.amend(7, NONE32, sender=ZERO)
    with refused("BadHolder", ZERO):
        stage.titles.handOver(7, ZERO, sender=ZERO)


def test_the_registry_speaks_the_standards(stage: Stage, title: int) -> None:
    spoken = {"01ffc9a7": True, "d9b67a26": True, "0e89341c": True, "2a55205a": True, "ffffffff": False}
    found = {one: stage.titles.supportsInterface(bytes.fromhex(one)) for one in spoken}
    assert found == spoken
    assert stage.titles.royaltyInfo(title, 10_000) == (purse_of(title), 500)
    assert stage.titles.royaltyInfo(title, 19) == (purse_of(title), 0)
    assert stage.titles.accepts(ZERO)
    assert not stage.titles.accepts(ADA.address)
    assert stage.titles.eip712Domain()[1:5] == ("CinepeerTitles", "1", 1, stage.titles.address)


# Control


def test_a_delegate_acts_until_the_last_second(stage: Stage, title: int) -> None:
    until = stage.now + 100
    stage.titles.delegate(title, DAN.address, until, sender=ADA)
    assert stage.events("Delegated") == [{"title": title, "who": DAN.address, "until": until, "time": stage.now}]
    assert stage.titles.delegates(title, 0, DAN.address) == until
    stage.wait(100)
    stage.titles.amend(title, NONE32, sender=DAN)
    stage.wait(1)
    with refused("NotAllowed", DAN.address):
        stage.titles.amend(title, NONE32, sender=DAN)


def test_a_delegate_is_recalled_and_passes_nothing_on(stage: Stage, title: int) -> None:
    stage.titles.delegate(title, DAN.address, FAR, sender=ADA)
    with refused("NotAllowed", DAN.address):
        stage.titles.handOver(title, DAN.address, sender=DAN)
    with refused("NotAllowed", DAN.address):
        stage.titles.delegate(title, EVE.address, FAR, sender=DAN)
    stage.titles.delegate(title, DAN.address, 0, sender=ADA)
    assert not stage.titles.can(title, DAN.address)


def test_control_is_handed_over_by_who_has_it(stage: Stage, title: int) -> None:
    with refused("NotAllowed", BEN.address):
        stage.titles.handOver(title, BEN.address, sender=BEN)
    with refused("BadHolder", ZERO):
        stage.titles.handOver(title, ZERO, sender=ADA)
    stage.titles.handOver(title, BEN.address, sender=ADA)
    assert stage.events("Controlled") == [{"title": title, "from": ADA.address, "to": BEN.address, "time": stage.now}]
    assert stage.titles.can(title, BEN.address)
    with refused("NotAllowed", ADA.address):
        stage.titles.amend(title, NONE32, sender=ADA)


def test_delegations_end_with_the_tenure_and_do_not_come_back(stage: Stage, title: int) -> None:
    stage.titles.delegate(title, DAN.address, FAR, sender=ADA)
    stage.titles.handOver(title, BEN.address, sender=ADA)
    assert not stage.titles.can(title, DAN.address)
    stage.titles.handOver(title, ADA.address, sender=BEN)
    assert not stage.titles.can(title, DAN.address)
    assert stage.titles.titles(title)[4] == 2


# Status


def test_only_disputes_change_how_a_title_stands(stage: Stage, title: int) -> None:
    for nobody in (ADA, EVE, stage.arbiter):
        with refused("NotAllowed", nobody.address):
            stage.titles.mark(title, CONTESTED, ZERO, sender=nobody)
    with refused("Unknown", 7):
        stage.titles.mark(7, CLEAR, ZERO, sender=stage.disputes)


@pytest.mark.parametrize("status", [CLEAR, CONTESTED, SUSPENDED])
def test_only_void_names_a_successor(stage: Stage, title: int, status: int) -> None:
    stage.titles.mark(title, status, EVE.address, sender=stage.disputes)
    assert stage.titles.successor(title) == ZERO


def test_void_is_for_good(stage: Stage, title: int) -> None:
    stage.titles.mark(title, VOID, EVE.address, sender=stage.disputes)
    assert stage.titles.successor(title) == EVE.address
    assert stage.events("StatusSet") == [{"title": title, "status": VOID, "successor": EVE.address, "time": stage.now}]
    for status in (CLEAR, VOID):
        with refused("Frozen", title, VOID):
            stage.titles.mark(title, status, DAN.address, sender=stage.disputes)


# Shares


def test_shares_move_by_their_holder_or_an_operator(stage: Stage, title: int) -> None:
    with refused("ERC1155MissingApprovalForAll", EVE.address, ADA.address):
        stage.titles.safeTransferFrom(ADA.address, EVE.address, title, 1, b"", sender=EVE)
    with refused("ERC1155MissingApprovalForAll", EVE.address, ADA.address):
        stage.titles.safeBatchTransferFrom(ADA.address, EVE.address, [title], [1], b"", sender=EVE)
    stage.titles.setApprovalForAll(EVE.address, True, sender=ADA)
    stage.titles.safeTransferFrom(ADA.address, DAN.address, title, 5000, b"", sender=EVE)
    assert stage.titles.balanceOfBatch([ADA.address, DAN.address], [title, title]) == (0, 5000)


def test_nobody_gives_what_they_do_not_hold(stage: Stage, title: int) -> None:
    with refused("ERC1155InsufficientBalance", BEN.address, 3000, 3001, title):
        stage.titles.safeTransferFrom(BEN.address, EVE.address, title, 3001, b"", sender=BEN)
    with refused("ERC1155InvalidReceiver", ZERO):
        stage.titles.safeTransferFrom(BEN.address, ZERO, title, 1, b"", sender=BEN)
    with refused("ERC1155InvalidArrayLength", 1, 2):
        stage.titles.safeBatchTransferFrom(BEN.address, EVE.address, [title], [1, 2], b"", sender=BEN)


def test_a_move_of_nothing_is_no_entry(stage: Stage, title: int) -> None:
    for sender in (ADA, EVE):
        with refused("BadHolder", DAN.address):
            stage.titles.safeTransferFrom(sender.address, DAN.address, title, 0, b"", sender=sender)


def test_disputed_shares_stay_where_they_are(stage: Stage, title: int) -> None:
    for status in (CONTESTED, 3, VOID):
        with boa.env.anchor():
            stage.titles.mark(title, status, ZERO, sender=stage.disputes)
            with refused("Frozen", title, status):
                stage.titles.safeTransferFrom(ADA.address, EVE.address, title, 1, b"", sender=ADA)


def test_a_contract_is_asked_before_it_gets_shares(stage: Stage, title: int) -> None:
    house = actor()
    place = str(house.address)
    stage.titles.safeTransferFrom(ADA.address, place, title, 10, b"", sender=ADA)
    house.be(1, ZERO, b"", False)
    with refused("nothing said"):
        stage.titles.safeTransferFrom(ADA.address, place, title, 10, b"", sender=ADA)
    with refused("ERC1155InvalidReceiver", stage.licences.address):
        stage.titles.safeTransferFrom(ADA.address, stage.licences.address, title, 10, b"", sender=ADA)
    assert stage.titles.balanceOf(place, title) == 10


def test_a_film_takes_shares_whether_its_purse_has_code_or_not(stage: Stage, title: int) -> None:
    child = stage.titles.register(deed(DAN, label="remix"), b"", sender=DAN)
    stage.titles.safeTransferFrom(DAN.address, purse_of(title), child, 10, b"", sender=DAN)
    stage.send(EVE, purse_of(title), value=1)
    stage.titles.sweep(ADA.address, content(), ZERO)
    assert stage.code(purse_of(title))
    stage.titles.safeTransferFrom(DAN.address, purse_of(title), child, 10, b"", sender=DAN)
    stage.titles.safeBatchTransferFrom(DAN.address, purse_of(title), [child, child], [1, 2], b"", sender=DAN)
    assert stage.titles.balanceOf(purse_of(title), child) == 23
