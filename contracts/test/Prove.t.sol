// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Anchors} from "../src/Anchors.sol";
import {ChainOfTitle} from "../src/ChainOfTitle.sol";
import {TitleRegistry} from "../src/TitleRegistry.sol";

/// @title What is proved for all values at once, by halmos; forge passes it over. Not that two claims are the purse:
/// a division of 240 bits is beyond the solver, and drawn values stand in for it.
contract Prove {
    uint256 private constant SHARES = 6000;
    bytes32 private constant CONTENT = bytes32("content");
    address private constant BEN = address(0xBE4);
    TitleRegistry private titles;
    Anchors private anchors;
    uint256 private title;

    function setUp() public {
        titles = new TitleRegistry(address(0xD15), [address(0), address(0), address(0)]);
        anchors = new Anchors();
        address[] memory holders = new address[](2);
        uint16[] memory shares = new uint16[](2);
        (holders[0], holders[1]) = (address(this), BEN);
        (shares[0], shares[1]) = (uint16(SHARES), uint16(10_000 - SHARES));
        title = titles.register(
            TitleRegistry.Deed(address(this), CONTENT, CONTENT, CONTENT, 0x70, 500, 0, holders, shares), ""
        );
    }

    /// @dev Whatever else calls, only Disputes changes how a title stands.
    function check_nobody_but_disputes_marks(uint256 any, uint8 status, address to) public {
        (bool held,) = address(titles).call(abi.encodeCall(titles.mark, (any, ChainOfTitle.Status(status % 5), to)));
        assert(!held);
    }

    /// @dev Nobody controls a title that this account does not.
    function check_nobody_gives_away_what_they_do_not_control(uint256 any, address to) public {
        if (any == title) return;
        (bool held,) = address(titles).call(abi.encodeCall(titles.handOver, (any, to)));
        assert(!held);
    }

    /// @dev A move of shares conserves them.
    function check_a_move_conserves_shares(address to, uint256 shares) public {
        uint256 mine = titles.balanceOf(address(this), title);
        uint256 theirs = titles.balanceOf(to, title);
        bytes memory call =
            abi.encodeCall(titles.safeTransferFrom, (address(this), to, title, shares, ""));
        (bool held,) = address(titles).call(call);
        if (!held || to == address(this)) return;
        assert(shares != 0 && shares <= mine);
        assert(titles.balanceOf(address(this), title) == mine - shares);
        assert(titles.balanceOf(to, title) == theirs + shares);
    }

    /// @dev A payment raises the purse and the reserves by itself.
    function check_a_payment_is_kept(uint112 amount) public payable {
        (bool held,) = address(titles).call{value: amount}(abi.encodeCall(titles.credit, (title, address(0), CONTENT)));
        if (!held) return;
        (uint128 paidIn, uint128 paidOut) = titles.purses(title, address(0));
        assert(paidIn == amount && paidOut == 0 && titles.reserves(address(0)) == amount);
        assert(titles.claimable(title, address(0), address(this)) <= amount);
    }

    /// @dev A move of shares moves no claim.
    function check_a_move_moves_no_claim(uint112 amount) public payable {
        (bool held,) = address(titles).call{value: amount}(abi.encodeCall(titles.credit, (title, address(0), CONTENT)));
        if (!held) return;
        uint256 mine = titles.claimable(title, address(0), address(this));
        uint256 theirs = titles.claimable(title, address(0), BEN);
        titles.safeTransferFrom(address(this), BEN, title, 2500, "");
        assert(titles.claimable(title, address(0), address(this)) == mine);
        assert(titles.claimable(title, address(0), BEN) == theirs);
    }

    /// @dev Trees only grow.
    function check_trees_only_grow(bytes32 first, bytes32 second, uint64 size, uint64 next) public {
        if (size == 0) return;
        anchors.anchor(first, size);
        (bool held,) = address(anchors).call(abi.encodeCall(anchors.anchor, (second, next)));
        assert(held == (next > size));
        (, uint64 leaves) = anchors.headOf(address(this));
        assert(leaves == (held ? next : size));
    }
}
