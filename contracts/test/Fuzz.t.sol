// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Licences} from "../src/Licences.sol";
import {Signatures} from "../src/Signatures.sol";
import {TitleRegistry} from "../src/TitleRegistry.sol";
import {Stage} from "./Stage.sol";
import {vm} from "./Vm.sol";

/// @title One rule each, over values that forge draws.
contract Fuzz is Stage {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    uint256 private constant KEY = 0xADA;
    address private ada = vm.addr(KEY);
    address private ben = vm.addr(0xBE4);

    function setUp() external {
        deploySet();
    }

    // Signatures

    function test_a_deed_is_carried_by_anyone(address carrier, bytes32 content, uint16 royalty) external {
        TitleRegistry.Deed memory deed = oneHolder(ada, content);
        deed.royalty = royalty % 10_001;
        bytes memory signature = signed(KEY, digestOf(deed));
        vm.prank(carrier);
        uint256 title = titles.register(deed, signature);
        require(title == titles.idOf(ada, content) && titles.can(title, ada), "the creator's own");
        require(titles.balanceOf(ada, title) == 10_000, "the shares are the deed's");
    }

    function test_a_changed_deed_is_nobodys(uint256 field, uint256 change) external {
        TitleRegistry.Deed memory deed = oneHolder(ada, bytes32("film"));
        bytes memory signature = signed(KEY, digestOf(deed));
        alter(deed, field % 8, change % 9999 + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, deed.creator));
        titles.register(deed, signature);
    }

    function alter(TitleRegistry.Deed memory deed, uint256 field, uint256 change) private view {
        if (field == 0) deed.content = bytes32(uint256(deed.content) ^ change);
        if (field == 1) deed.metadata = bytes32(uint256(deed.metadata) ^ change);
        if (field == 2) deed.fingerprint = bytes32(uint256(deed.fingerprint) ^ change);
        if (field == 3) deed.codec ^= uint8(change % 255 + 1);
        if (field == 4) deed.royalty = uint16((deed.royalty + change) % 10_001);
        if (field == 5) deed.deadline -= change;
        if (field == 6) deed.holders[0] = address(uint160(deed.holders[0]) ^ uint160(change));
        if (field == 7) deed.creator = ben;
    }

    function test_the_other_form_of_a_signature_is_refused(bytes32 content) external {
        TitleRegistry.Deed memory deed = oneHolder(ada, content);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, digestOf(deed));
        bytes memory other = abi.encodePacked(r, ORDER - uint256(s), v == 27 ? 28 : 27);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, ada));
        titles.register(deed, other);
    }

    function test_a_signature_of_any_other_length_is_refused(bytes32 content, bytes calldata noise) external {
        TitleRegistry.Deed memory deed = oneHolder(ada, content);
        bytes memory longer = bytes.concat(signed(KEY, digestOf(deed)), noise, hex"00");
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, ada));
        titles.register(deed, longer);
    }

    // Money

    function test_every_payment_is_shared_to_the_unit(uint16 part, uint112 first, uint112 second, uint16 moved) external {
        uint256 title = shared(part);
        uint256 paid = pay(title, first % 2 ** 110);
        moved = uint16(moved % (titles.balanceOf(ada, title) + 1));
        if (moved != 0) {
            vm.prank(ada);
            titles.safeTransferFrom(ada, ben, title, moved, "");
        }
        uint256 shares = titles.balanceOf(ada, title) + moved;
        require(titles.claimable(title, address(0), ada) == paid * shares / 10_000, "a move moves no claim");
        paid += pay(title, second % 2 ** 110);
        uint256 claims = titles.claimable(title, address(0), ada) + titles.claimable(title, address(0), ben);
        require(claims <= paid && paid - claims < 2, "two claims are the purse");
    }

    function test_what_is_withdrawn_is_what_was_claimed(uint16 part, uint112 amount) external {
        uint256 title = shared(part);
        pay(title, amount % 2 ** 110);
        uint256 claim = titles.claimable(title, address(0), ben);
        uint256 before = ben.balance;
        if (claim == 0) vm.expectRevert(bytes4(keccak256("Nothing()")));
        titles.withdraw(title, address(0), ben);
        require(ben.balance - before == claim, "paid as claimed");
        require(titles.claimable(title, address(0), ben) == 0, "and once");
    }

    function test_a_bond_is_a_twentieth_of_the_purse(uint112 amount) external {
        uint256 title = shared(5000);
        uint256 paid = pay(title, amount);
        uint256 part = paid / 20;
        uint256 wanted = part < BOND ? BOND : part > type(uint96).max ? type(uint96).max : part;
        require(disputes.bondFor(title) == wanted, "the bond");
    }

    function shared(uint16 part) private returns (uint256 title) {
        TitleRegistry.Deed memory deed = oneHolder(ada, bytes32("film"));
        deed.holders = new address[](2);
        deed.shares = new uint16[](2);
        (deed.holders[0], deed.holders[1]) = (ada, ben);
        deed.shares[0] = part % 9999 + 1;
        deed.shares[1] = 10_000 - deed.shares[0];
        vm.prank(ada);
        return titles.register(deed, "");
    }

    function pay(uint256 title, uint256 amount) private returns (uint256) {
        vm.deal(address(this), amount);
        return titles.credit{value: amount}(title, address(0), bytes32("memo"));
    }

    // Licences

    /// @dev However an offer's window and term are, a renewal begins where the licence in hand ends.
    function test_a_renewal_runs_on(uint40 start, uint40 end, uint32 term, uint32 later) external {
        uint256 title = shared(5000);
        Licences.Offer memory offer = offerOf(title, ada);
        offer.start = start % uint40(BIRTH * 4);
        offer.end = uint40(BIRTH * 5) + end % uint40(BIRTH);
        offer.term = uint40(term) + 1;
        vm.prank(ada);
        bytes32 id = licences.buy(offer, "", ben);
        uint40 first = licences.until(id, ben);
        uint256 begun = offer.start > BIRTH ? offer.start : BIRTH;
        require(first == (begun + offer.term - 1 < offer.end ? begun + offer.term - 1 : offer.end), "the first");
        if (first == offer.end) return;
        vm.warp(begun + later % offer.term);
        vm.prank(ada);
        licences.buy(offer, "", ben);
        uint256 wanted = uint256(first) + offer.term;
        require(licences.until(id, ben) == (wanted < offer.end ? wanted : offer.end), "the second");
    }

    /// @dev Whatever two offers say, the second is sold exactly when they do not meet or neither excludes.
    function test_what_meets_is_sold_once(uint8 places, uint8 media, uint40 gap, bool first, bool second) external {
        uint256 title = shared(5000);
        Licences.Offer memory one = offerOf(title, ada);
        (one.exclusive, one.end) = (first, uint40(BIRTH) + 100);
        (one.territory, one.media) = (uint256(places % 16) + 1, uint32(media % 16) + 1);
        Licences.Offer memory other = offerOf(title, ada);
        (other.exclusive, other.start, other.salt) = (second, uint40(BIRTH) + gap % 200, 1);
        (other.territory, other.media) = (uint256(places / 16) + 1, uint32(media / 16) + 1);
        vm.prank(ada);
        bytes32 id = licences.buy(one, "", ben);
        bool meets = one.territory & other.territory != 0 && one.media & other.media != 0 && other.start <= one.end;
        if (meets && (first || second)) vm.expectRevert(abi.encodeWithSelector(Licences.Conflict.selector, id));
        vm.prank(ada);
        licences.buy(other, "", ben);
    }

    // Anchors

    function test_the_head_folds_every_anchor(bytes32[] calldata roots) external {
        bytes24 head;
        uint64 size;
        for (uint256 i = 0; i < roots.length; ++i) {
            size += 1 + uint64(uint256(roots[i]) % 1000);
            vm.prank(ada);
            anchors.anchor(roots[i], size);
            head = bytes24(keccak256(abi.encode(head, roots[i], size, uint40(block.timestamp))));
        }
        (bytes24 found, uint64 leaves) = anchors.headOf(ada);
        require(found == head && leaves == size, "all of them, folded");
    }
}
